//! Tables: a column a feature, or a column of lists.
//!
//! # Source
//!
//! The layout `actual,pred,certainty,f0,…` is that of the files which Dablain et al. ship with their papers; it comes with and
//! without a header, and with a first column of row numbers, which pandas adds. We recognise all of these.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use counterpoise_base::{Column, Kind, Observer, Table, Warning};

use super::EmbeddingOptions;
use super::arrays::{LABELS, PREDICTIONS};
use super::numpy::labels_of;
use super::parts::{Parts, fault};
use crate::delimited::first_cells;
use crate::error::looks_like_data;
use crate::images::{MOST_CLASSES, Stored, shown};
use crate::{Error, ReadOptions, read_table, texts_of};

/// Columns that are neither features nor classes, in any case of letters.
const OTHERS: [&str; 10] = [
    "certainty",
    "confidence",
    "score",
    "name",
    "names",
    "id",
    "idx",
    "index",
    "unnamed: 0",
    "unnamed_1",
];
/// Stands before the name of a class in the name of a column of shares.
const SHARE: &str = "share ";

pub(super) fn read(path: &Path, options: &EmbeddingOptions, observer: &dyn Observer) -> Result<Parts, Error> {
    let file = shown(path);
    let first = first_cells(path, observer)?;
    let numbered = |cells: &Vec<String>| {
        cells.len() > 1
            && cells
                .iter()
                .enumerate()
                .all(|(place, cell)| *cell == place.to_string())
    };
    let counted = first.as_ref().is_some_and(numbered);
    let headless = first.as_ref().is_some_and(|cells| looks_like_data(cells)) && !counted;
    let positional = (headless || counted || options.table.no_header) && options.table.names.is_none();
    let read = ReadOptions {
        no_header: options.table.no_header || (headless && options.table.names.is_none()),
        ..options.table.clone()
    };
    let read = read_table(path, &read, observer)?;
    let mut parts = Parts {
        file: file.clone(),
        label_file: file.clone(),
        ..Parts::default()
    };
    // Texts are carried along, and a header of numbers is known here.
    let odd = [
        "data.text-column",
        "data.header-of-numbers",
        "data.unnamed-column",
    ];
    parts.warnings.extend(
        read.warnings
            .into_iter()
            .filter(|warning| !odd.contains(&warning.code)),
    );
    let table = read.table;
    refuse_largest_only(&file, &table)?;
    let labels = labels_of(options, observer)?;
    let roles = Roles::of(&file, &table, positional, labels.is_some(), options)?;
    if let Some(shift) = roles.authors {
        let message = format!(
            "`{file}` names no columns, and is read as class, predicted class, certainty and features, from column {} on",
            shift + 1
        );
        parts.warnings.push(
            Warning::new("data.embedding-layout", message)
                .with_hint("give the columns names, `actual,pred,certainty,f0,f1,…`, if that is wrong"),
        );
    }
    let columns = table.columns();
    let labels_apart = labels.is_some();
    if let Some((name, labels)) = labels {
        parts.label_file = name;
        parts.labels = Some(labels);
    } else {
        let label = roles.label.ok_or_else(|| Error::NoLabelColumn {
            file: file.clone(),
            columns: table.names().map(str::to_owned).collect(),
        })?;
        parts.labels = Some(classes_of(&file, &columns[label])?);
    }
    parts.predictions = roles
        .prediction
        .map(|place| classes_of(&file, &columns[place]))
        .transpose()?;
    parts.names = roles
        .name
        .map(|place| {
            texts_of(&columns[place])
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        })
        .filter(|names| names.len() == table.rows());
    let chosen: Vec<&Column> = roles.features.iter().map(|&place| &columns[place]).collect();
    match chosen[..] {
        [] => {
            return Err(fault(
                &file,
                "none of its columns is a feature",
                "call features `f0`, `f1`, … and store them as numbers",
            ));
        }
        [one] if is_list(one) => (parts.features, parts.width) = lists(&file, one)?,
        _ => {
            parts.features = side_by_side(&file, &chosen, table.rows())?;
            parts.width = chosen.len();
            parts.feature_names = chosen.iter().map(|column| column.name.clone()).collect();
            parts.nameless = positional;
        }
    }
    shares(&file, &table, &mut parts)?;
    if !labels_apart && options.classes.is_empty() {
        name_by_numbers(&mut parts);
    }
    Ok(parts)
}

/// Which columns are what.
struct Roles {
    label: Option<usize>,
    prediction: Option<usize>,
    name: Option<usize>,
    features: Vec<usize>,
    /// Columns before the class, where a file without names is in the layout of the authors.
    authors: Option<usize>,
}

fn is_list(column: &Column) -> bool {
    matches!(
        column.array.data_type(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
    )
}

fn is_number(column: &Column) -> bool {
    matches!(column.kind, Kind::Integer | Kind::Float)
}

impl Roles {
    fn of(
        file: &str,
        table: &Table,
        positional: bool,
        labelled: bool,
        options: &EmbeddingOptions,
    ) -> Result<Self, Error> {
        let columns = table.columns();
        let names: Vec<&str> = table.names().collect();
        let place = |name: &str, role| {
            names
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| Error::UnknownColumn {
                    column: name.to_owned(),
                    role,
                    columns: names.iter().map(|&name| name.to_owned()).collect(),
                })
        };
        let usual = |known: &[&str]| {
            known
                .iter()
                .find_map(|known| names.iter().position(|name| name.eq_ignore_ascii_case(known)))
        };
        let given = |name: &Option<String>, role| name.as_deref().map(|name| place(name, role)).transpose();
        let mut label = given(&options.label_column, "label")?;
        let mut prediction = given(&options.prediction_column, "prediction")?;
        let mut authors = None;
        let mut left = Vec::new();
        if positional {
            if label.is_none() && !labelled {
                let shift = leading(columns).ok_or_else(|| {
                    fault(
                        file,
                        "it names no columns, and does not start with class, predicted class and certainty",
                        "give the columns names, `label,f0,f1,…`, or say which is the class with `--label-column`",
                    )
                })?;
                (label, prediction, authors) = (Some(shift), Some(shift + 1), Some(shift));
                left.extend(0..shift + 3);
            }
        } else {
            label = label.or_else(|| usual(&LABELS).filter(|_| !labelled));
            prediction = prediction.or_else(|| usual(&PREDICTIONS));
        }
        for name in &options.ignore {
            left.push(place(name, "column to leave out")?);
        }
        left.extend(label.into_iter().chain(prediction));
        let others = |place: &usize| {
            OTHERS
                .iter()
                .any(|other| names[*place].eq_ignore_ascii_case(other))
                || names[*place].starts_with(SHARE)
                || (labelled && LABELS.contains(&names[*place]))
        };
        let features = match (&options.feature_column, numbered(file, &names)?) {
            (Some(name), _) => vec![place(name, "feature")?],
            (None, Some(features)) if !positional => {
                let kept = features.into_iter().filter(|place| !left.contains(place));
                kept.collect()
            }
            _ => {
                let free = |place: &usize| !left.contains(place) && !others(place);
                let all: Vec<usize> = (0..columns.len()).filter(free).collect();
                let numbers: Vec<usize> = all
                    .iter()
                    .copied()
                    .filter(|&place| is_number(&columns[place]))
                    .collect();
                if numbers.is_empty() {
                    all.into_iter()
                        .filter(|&place| is_list(&columns[place]))
                        .take(1)
                        .collect()
                } else {
                    numbers
                }
            }
        };
        Ok(Self {
            label,
            prediction,
            name: usual(&["name", "names"]),
            features,
            authors,
        })
    }
}

/// Columns that stand before class, predicted class and certainty, if a table starts with these: none, or one of row numbers.
fn leading(columns: &[Column]) -> Option<usize> {
    let codes = |place: usize| {
        let column = columns.get(place)?;
        let values = numbers(&column.array)?;
        values
            .iter()
            .all(|value| value.fract() == 0.0 && (0.0..65_536.0).contains(value))
            .then_some(())
    };
    let whole = |place: usize| {
        let values = numbers(&columns.get(place)?.array)?;
        Some(values.iter().all(|value| value.fract() == 0.0))
    };
    let starts = |shift: usize| {
        codes(shift)?;
        codes(shift + 1)?;
        (!whole(shift + 2)? && columns.len() > shift + 3).then_some(shift)
    };
    let counted = numbers(&columns.first()?.array)
        .is_some_and(|values| values.iter().enumerate().all(|(row, &value)| value == row as f64));
    if counted
        && columns.first()?.array.len() > 1
        && let Some(shift) = starts(1)
    {
        return Some(shift);
    }
    starts(0)
}

/// The columns `f0`, `f1`, … in the order of their numbers, if there are such; none may be missing.
fn numbered(file: &str, names: &[&str]) -> Result<Option<Vec<usize>>, Error> {
    let number = |name: &str, prefix: &str| {
        let digits = name.strip_prefix(prefix)?;
        let plain = digits == "0" || !digits.starts_with('0');
        digits.parse::<usize>().ok().filter(|_| plain)
    };
    let prefixes = ["f", "f_", "F", "feature_", "feature", "feat_", "feat", "z"];
    for prefix in prefixes {
        let found: BTreeMap<usize, usize> = names
            .iter()
            .enumerate()
            .filter_map(|(place, name)| Some((number(name, prefix)?, place)))
            .collect();
        let Some((&least, _)) = found.first_key_value() else {
            continue;
        };
        if least > 1 {
            continue;
        }
        let is_zeroth = |name: &&&str| prefixes.into_iter().any(|prefix| number(name, prefix) == Some(0));
        if least == 1
            && let Some(zeroth) = names.iter().find(is_zeroth)
        {
            return Err(fault(
                file,
                format!("it has columns `{zeroth}` and `{prefix}1`, `{prefix}2`, …, and no `{prefix}0`"),
                format!(
                    "call the first `{prefix}0` if it is a feature; give it a name without a number if it is none"
                ),
            ));
        }
        if let Some(gap) = (least..least + found.len()).find(|number| !found.contains_key(number)) {
            let (&last, _) = found.last_key_value().expect("there is one");
            return Err(fault(
                file,
                format!("it has no column `{prefix}{gap}`, but one called `{prefix}{last}`"),
                "give every feature a column, numbered without a gap",
            ));
        }
        return Ok(Some(found.into_values().collect()));
    }
    Ok(None)
}

/// Lists of the largest contributions of each row cannot be turned back into embeddings.
fn refuse_largest_only(file: &str, table: &Table) -> Result<(), Error> {
    let has = |name: &str| table.names().any(|column| column == name);
    if has("I0") && has("M0") && (has("Tar") || has("Len")) {
        return Err(fault(
            file,
            "it lists which contributions of each row are largest (`I0`, `M0`, …), and not the value of every feature",
            "`counterpoise explain --largest FILE` reads it; else give the embeddings that it was made from, with the columns `actual,pred,certainty,f0,f1,…`",
        ));
    }
    Ok(())
}

/// Numbers as doubles, where the values are numbers; missing ones as NaN.
fn numbers(array: &ArrayRef) -> Option<Vec<f64>> {
    let cast = arrow_cast::cast(array, &DataType::Float64).ok()?;
    let values = cast.as_primitive_opt::<Float64Type>()?;
    Some(values.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

fn singles(array: &ArrayRef) -> Option<Vec<f32>> {
    if let Some(values) = array.as_primitive_opt::<Float32Type>() {
        return Some(values.iter().map(|value| value.unwrap_or(f32::NAN)).collect());
    }
    Some(numbers(array)?.into_iter().map(|value| value as f32).collect())
}

fn side_by_side(file: &str, columns: &[&Column], rows: usize) -> Result<Vec<f32>, Error> {
    let width = columns.len();
    let mut values = vec![0.0; rows * width];
    for (place, column) in columns.iter().enumerate() {
        let found = singles(&column.array)
            .filter(|_| is_number(column))
            .ok_or_else(|| {
                fault(
                    file,
                    format!(
                        "column `{}` holds {} values, and a feature is a number",
                        column.name,
                        column.kind.name()
                    ),
                    "mend its cells, or leave it out with `ignore`",
                )
            })?;
        for (row, value) in found.into_iter().enumerate() {
            values[row * width + place] = value;
        }
    }
    Ok(values)
}

fn lists(file: &str, column: &Column) -> Result<(Vec<f32>, usize), Error> {
    let texts = || {
        fault(
            file,
            format!(
                "column `{}` holds lists of something else than numbers",
                column.name
            ),
            "store features as lists of float32",
        )
    };
    let row = |row: usize| -> Option<ArrayRef> {
        let array = &column.array;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::List(_) => Some(array.as_list::<i32>().value(row)),
            DataType::LargeList(_) => Some(array.as_list::<i64>().value(row)),
            _ => Some(array.as_fixed_size_list().value(row)),
        }
    };
    let (mut values, mut width) = (Vec::new(), None);
    for place in 0..column.array.len() {
        let list = row(place).ok_or_else(|| Error::EmbeddingValue {
            file: file.into(),
            column: column.name.clone(),
            row: place + 1,
            what: "the list is missing".into(),
        })?;
        let found = singles(&list).ok_or_else(texts)?;
        let width = *width.get_or_insert(found.len());
        if found.len() != width {
            return Err(Error::EmbeddingValue {
                file: file.into(),
                column: column.name.clone(),
                row: place + 1,
                what: format!("a list of {} numbers, and lists above have {width}", found.len()),
            });
        }
        values.extend(found);
    }
    Ok((values, width.unwrap_or(0)))
}

/// A column as classes: whole numbers are codes, and everything else names.
pub(super) fn classes_of(file: &str, column: &Column) -> Result<Stored, Error> {
    let missing = |row: usize| Error::EmbeddingValue {
        file: file.into(),
        column: column.name.clone(),
        row: row + 1,
        what: "the class is missing".into(),
    };
    let nulls = column.array.logical_nulls();
    if let Some(row) = nulls.and_then(|nulls| (0..nulls.len()).find(|&row| nulls.is_null(row))) {
        return Err(missing(row));
    }
    if is_number(column) {
        let values = numbers(&column.array).unwrap_or_default();
        if values
            .iter()
            .all(|value| value.fract() == 0.0 && value.abs() < 1e15)
        {
            return Ok(Stored::Codes(
                values.into_iter().map(|value| value as i64).collect(),
            ));
        }
        if let Some(row) = values.iter().position(|value| value.fract() != 0.0) {
            return Err(Error::EmbeddingValue {
                file: file.into(),
                column: column.name.clone(),
                row: row + 1,
                what: format!("{} is no class", values[row]),
            });
        }
    }
    Ok(Stored::Names(texts_of(column).into_iter().flatten().collect()))
}

/// Takes whole numbers for names of classes, in the order of the numbers: a table knows of no classes but those of its cells.
fn name_by_numbers(parts: &mut Parts) {
    let codes = |stored: &Option<Stored>| match stored {
        None => Some(Vec::new()),
        Some(Stored::Codes(codes)) => Some(codes.clone()),
        Some(Stored::Names(_)) => None,
    };
    let (Some(mut numbers), Some(predicted)) = (codes(&parts.labels), codes(&parts.predictions)) else {
        return;
    };
    numbers.extend(predicted);
    numbers.sort_unstable();
    numbers.dedup();
    // A number below 0 marks rows without a class in many programs, and is refused as before.
    let are_names = numbers.first().is_some_and(|least| *least >= 0) && numbers.len() as i64 <= MOST_CLASSES;
    if parts.classes.is_none() && are_names {
        parts.classes = Some(numbers.iter().map(ToString::to_string).collect());
        names_of_codes(parts);
    }
}

/// Classes are found by their names then, which may be numbers.
fn names_of_codes(parts: &mut Parts) {
    for stored in [&mut parts.labels, &mut parts.predictions].into_iter().flatten() {
        if let Stored::Codes(codes) = stored {
            *stored = Stored::Names(codes.iter().map(ToString::to_string).collect());
        }
    }
}

/// Columns `share CLASS`, which name the classes in their order.
fn shares(file: &str, table: &Table, parts: &mut Parts) -> Result<(), Error> {
    let columns: Vec<&Column> = table
        .columns()
        .iter()
        .filter(|column| column.name.starts_with(SHARE))
        .collect();
    if columns.is_empty() {
        return Ok(());
    }
    let classes = columns.iter().map(|column| column.name[SHARE.len()..].to_owned());
    parts.classes = Some(classes.collect());
    parts.shares = Some((side_by_side(file, &columns, table.rows())?, columns.len()));
    names_of_codes(parts);
    Ok(())
}

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, UInt32Array};
use arrow_schema::DataType;
use counterpoise_base::{
    Column, Domain, Feature, FeatureValues, Features, Groups, Kind, Labeled, Labels, MISSING, RowKeys,
    Strided, Table, Warning, agree, counted, typed,
};
use serde::{Deserialize, Serialize};

use crate::names::names_of;
use crate::roles::GroupRule;
use crate::{Error, Roles};

/// What happens to missing values of features.
///
/// A missing target, group or weight is an error under every policy but `drop-rows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// They are an error that names the first one.
    #[default]
    Error,
    /// Rows that have one are left out.
    DropRows,
    /// Numbers and dates get the lower median of their column, categories the most frequent one.
    Impute,
    /// They stay, and distances are defined without them.
    #[serde(alias = "keep")]
    Distance,
}

/// A table with its roles worked out: ready for a method.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The rows that stay, with missing values filled if asked for.
    pub table: Table,
    /// The class of every row.
    pub labels: Labels,
    /// The group of every row; combinations of all protected columns if there are several.
    pub groups: Option<Groups>,
    /// Each protected column by itself.
    pub group_columns: Vec<(String, Groups)>,
    /// What was done about missing values.
    pub missing: Missing,
    /// What looked odd.
    pub warnings: Vec<Warning>,
    /// Rows left out for missing values.
    pub dropped: usize,
    /// Cells filled.
    pub imputed: usize,
    pub(crate) roles: Roles,
    pub(crate) features: Vec<Stored>,
    pub(crate) ids: Option<Vec<String>>,
    pub(crate) weights: Option<Vec<f64>>,
    /// Rows of the file that was read.
    pub(crate) rows_in_file: usize,
    /// Places in the file of the rows that stay, where some were dropped.
    pub(crate) places: Option<Vec<usize>>,
}

/// One feature: which column, and its values where they cannot be borrowed from it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) column: usize,
    pub(crate) copied: bool,
    pub(crate) values: Values,
}

#[derive(Debug, Clone)]
pub(crate) enum Values {
    Single(Float32Array),
    Double(Float64Array),
    Owned(Vec<f64>),
    /// Levels in the order of [`Labels`], and a row that has each.
    Codes {
        codes: Vec<u32>,
        example: Vec<u32>,
    },
}

/// Works out classes, groups, features, weights and ids.
///
/// Cost: one look at every cell. Floating-point columns without missing values are borrowed, others copied.
pub fn prepare(table: Table, roles: &Roles, missing: Missing) -> Result<Prepared, Error> {
    roles.check(&table)?;
    if u32::try_from(table.rows()).is_err() {
        return Err(Error::TooManyRows { rows: table.rows() });
    }
    let rules = roles.rules(&table);
    let feature_columns = feature_columns(&table, roles)?;
    let mut warnings = Vec::new();
    let rows_in_file = table.rows();
    let (table, places, dropped) = drop_rows(table, roles, &rules, &feature_columns, missing)?;
    for (role, name) in named_roles(roles, &rules) {
        refuse_missing(&table, role, &name)?;
    }
    let (table, imputed) = handle_missing(table, &feature_columns, missing)?;
    let target = table.position(&roles.target).expect("roles were checked");
    let labels = Labels::from_names(&names_of(&table.columns()[target].array));
    refuse_continuous(&table.columns()[target], &labels)?;
    let group_columns: Vec<(String, Groups)> = rules
        .iter()
        .map(|rule| Ok((rule.text.clone(), rule.apply(&table)?)))
        .collect::<Result<_, Error>>()?;
    let groups = group_columns
        .iter()
        .map(|(_, groups)| groups.clone())
        .reduce(|all, more| all.crossed_with(&more));
    let copied = |column: usize| {
        rules
            .iter()
            .any(|rule| rule.column == table.columns()[column].name)
    };
    let features = feature_columns
        .iter()
        .map(|&column| {
            Ok(Stored {
                column,
                copied: copied(column),
                values: stored(&table.columns()[column])?,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    for feature in &features {
        look_for_ids(&table.columns()[feature.column], feature, &mut warnings);
    }
    warn_of_constants(&table, &features, &mut warnings);
    let ids = roles
        .id
        .as_ref()
        .and_then(|name| table.column(name))
        .map(|column| names_of(&column.array));
    if let (Some(ids), Some(name)) = (&ids, &roles.id) {
        warn_of_twin_ids(ids, name, &mut warnings);
    }
    let weights = roles
        .weight
        .as_ref()
        .and_then(|name| table.column(name))
        .map(weights_of)
        .transpose()?;
    Ok(Prepared {
        labels,
        groups,
        group_columns,
        missing,
        warnings,
        dropped,
        imputed,
        roles: roles.clone(),
        features,
        ids,
        weights,
        rows_in_file,
        places,
        table,
    })
}

impl Prepared {
    /// What a resampler sees.
    pub fn labeled(&self) -> Labeled<'_> {
        Labeled {
            features: self.features(),
            labels: &self.labels,
            groups: self.groups.as_ref(),
            keys: self.ids.as_deref().map_or(RowKeys::Position, RowKeys::Named),
            weights: self.weights.as_deref(),
        }
    }

    /// The columns that take part in distances, in the table's order.
    pub fn features(&self) -> Features<'_> {
        Features::new(
            self.table.rows(),
            self.features.iter().map(|stored| self.feature(stored)).collect(),
        )
    }

    fn feature<'a>(&'a self, stored: &'a Stored) -> Feature<'a> {
        let column = &self.table.columns()[stored.column];
        let values = match &stored.values {
            Values::Single(array) => FeatureValues::F32(Strided::contiguous(&array.values()[..])),
            Values::Double(array) => FeatureValues::F64(Strided::contiguous(&array.values()[..])),
            Values::Owned(values) => FeatureValues::F64(Strided::contiguous(&values[..])),
            Values::Codes { codes, example } => FeatureValues::Codes {
                codes: Cow::Borrowed(codes),
                levels: example.len(),
            },
        };
        let domain = match column.kind {
            Kind::Integer | Kind::Date => Domain::Integer,
            _ => Domain::Real,
        };
        Feature {
            name: column.name.clone(),
            values,
            domain,
            copied: stored.copied,
        }
    }

    /// The roles it was prepared with.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The weight of every row, where there is a column of weights.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// Memory of the table and of what was worked out from it.
    pub fn bytes(&self) -> u64 {
        let arrays = self
            .table
            .columns()
            .iter()
            .map(|column| column.array.get_array_memory_size());
        let owned = self.features.iter().map(|feature| match &feature.values {
            Values::Owned(values) => 8 * values.len(),
            Values::Codes { codes, .. } => 4 * codes.len(),
            Values::Single(_) | Values::Double(_) => 0,
        });
        (arrays.sum::<usize>() + owned.sum::<usize>()) as u64
    }

    /// The place in the file of a row, counted from 0.
    pub fn place_in_file(&self, row: usize) -> usize {
        self.places.as_ref().map_or(row, |places| places[row])
    }

    /// Only some rows, in the order given.
    pub fn of_rows(&self, rows: &[usize]) -> Result<Self, Error> {
        let table = take_rows(&self.table, rows);
        let mut part = prepare(table, &self.roles, self.missing)?;
        part.rows_in_file = self.rows_in_file;
        part.places = Some(rows.iter().map(|&row| self.place_in_file(row)).collect());
        (part.dropped, part.imputed) = (self.dropped, self.imputed);
        Ok(part)
    }
}

/// Beyond this, whole numbers that follow one another are the same double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Columns that tell no row from another, or not exactly.
fn warn_of_constants(table: &Table, features: &[Stored], warnings: &mut Vec<Warning>) {
    let rows = table.rows();
    let all_equal = |stored: &&Stored| match &stored.values {
        Values::Single(array) => array.values().windows(2).all(|pair| pair[0] == pair[1]),
        Values::Double(array) => array.values().windows(2).all(|pair| pair[0] == pair[1]),
        Values::Owned(values) => values.windows(2).all(|pair| pair[0] == pair[1]),
        Values::Codes { example, .. } => example.len() < 2,
    };
    if rows < 2 {
        return;
    }
    let inexact = |stored: &Stored| {
        matches!(&stored.values, Values::Owned(values) if values.iter().any(|value| value.abs() > EXACT))
            && table.columns()[stored.column].kind == Kind::Integer
    };
    for stored in features.iter().filter(|stored| inexact(stored)) {
        let name = &table.columns()[stored.column].name;
        warnings.push(
            Warning::new(
                "data.large-integers",
                format!("column `{name}` holds whole numbers beyond 2^53, which are compared and made as the nearest double"),
            )
            .with_hint(format!("`--id {name}` if they name rows, or `--ignore {name}`", name = typed(name))),
        );
    }
    let all_equal = |stored: &&Stored| !inexact(stored) && all_equal(stored);
    let constant: Vec<&Stored> = features.iter().filter(all_equal).collect();
    if constant.len() == features.len() {
        warnings.push(
            Warning::new("data.equal-rows", "all rows are equal in every feature: no distance tells them apart")
                .with_hint("name features that differ, or copy and drop rows with `--method random-over-sampler` and `random-under-sampler`"),
        );
        return;
    }
    for stored in constant {
        let name = &table.columns()[stored.column].name;
        warnings.push(
            Warning::new(
                "data.constant-column",
                format!("column `{name}` has one value only"),
            )
            .with_hint(format!("`--ignore {}` leaves it out", typed(name))),
        );
    }
}

pub(crate) fn take_rows(table: &Table, rows: &[usize]) -> Table {
    let indices: UInt32Array = rows.iter().map(|&row| row as u32).collect();
    let taken = |column: &Column| Column {
        name: column.name.clone(),
        kind: column.kind,
        array: arrow_select::take::take(&column.array, &indices, None).expect("rows of the table exist"),
    };
    Table::new(table.columns().iter().map(taken).collect())
}

fn feature_columns(table: &Table, roles: &Roles) -> Result<Vec<usize>, Error> {
    let carried = |column: &Column| {
        column.kind == Kind::Text
            || column.name == roles.target
            || roles.weight.as_ref() == Some(&column.name)
            || roles.id.as_ref() == Some(&column.name)
            || roles.ignore.contains(&column.name)
    };
    let features: Vec<usize> = (0..table.columns().len())
        .filter(|&place| !carried(&table.columns()[place]))
        .collect();
    if features.is_empty() {
        Err(Error::NoFeatures)
    } else {
        Ok(features)
    }
}

fn named_roles(roles: &Roles, rules: &[GroupRule]) -> Vec<(&'static str, String)> {
    let mut named = vec![("target", roles.target.clone())];
    named.extend(rules.iter().map(|rule| ("group", rule.column.clone())));
    named.extend(roles.weight.iter().map(|name| ("weight", name.clone())));
    named.extend(roles.id.iter().map(|name| ("id", name.clone())));
    named
}

/// Which rows have no value; `NaN` counts as none.
pub(crate) fn missing_rows(array: &ArrayRef) -> Vec<usize> {
    let nan: Box<dyn Fn(usize) -> bool> = match array.data_type() {
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            Box::new(|row| values[row].is_nan())
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            Box::new(|row| values[row].is_nan())
        }
        _ => Box::new(|_| false),
    };
    let nulls = array.logical_nulls();
    let missing = |row: &usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row)) || nan(*row);
    (0..array.len()).filter(missing).collect()
}

fn refuse_missing(table: &Table, role: &'static str, name: &str) -> Result<(), Error> {
    let column = table.column(name).expect("roles were checked");
    match missing_rows(&column.array).as_slice() {
        [] => Ok(()),
        rows => Err(Error::MissingRole {
            role,
            column: name.into(),
            row: rows[0] + 1,
            count: rows.len(),
        }),
    }
}

type Dropped = (Table, Option<Vec<usize>>, usize);

fn drop_rows(
    table: Table,
    roles: &Roles,
    rules: &[GroupRule],
    features: &[usize],
    missing: Missing,
) -> Result<Dropped, Error> {
    if missing != Missing::DropRows {
        return Ok((table, None, 0));
    }
    let mut keep = vec![true; table.rows()];
    let named = named_roles(roles, rules)
        .into_iter()
        .filter_map(|(_, name)| table.position(&name));
    for column in features.iter().copied().chain(named) {
        for row in missing_rows(&table.columns()[column].array) {
            keep[row] = false;
        }
    }
    let kept: Vec<usize> = (0..keep.len()).filter(|&row| keep[row]).collect();
    let dropped = keep.len() - kept.len();
    match (kept.len(), dropped) {
        (_, 0) => Ok((table, None, 0)),
        (0, _) => Err(Error::NothingLeft),
        _ => Ok((take_rows(&table, &kept), Some(kept), dropped)),
    }
}

fn handle_missing(table: Table, features: &[usize], missing: Missing) -> Result<(Table, usize), Error> {
    let holes: Vec<(usize, Vec<usize>)> = features
        .iter()
        .map(|&column| (column, missing_rows(&table.columns()[column].array)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let cells = holes.iter().map(|(_, rows)| rows.len()).sum();
    let Some((first, rows)) = holes.first() else {
        return Ok((table, 0));
    };
    match missing {
        Missing::Distance | Missing::DropRows => Ok((table, 0)),
        Missing::Error => Err(Error::Missing {
            column: table.columns()[*first].name.clone(),
            row: rows[0] + 1,
            cells,
            columns: holes.len(),
        }),
        Missing::Impute => {
            let mut columns = table.into_columns();
            for (place, rows) in &holes {
                let column = &mut columns[*place];
                let source = stand_in(column, rows)?;
                let mut indices: Vec<u32> = (0..column.array.len() as u32).collect();
                rows.iter().for_each(|&row| indices[row] = source as u32);
                column.array = arrow_select::take::take(&column.array, &UInt32Array::from(indices), None)
                    .expect("rows of the table exist");
            }
            Ok((Table::new(columns), cells))
        }
    }
}

/// A row whose value fills the holes of a column: of the lower median, or of the most frequent category.
fn stand_in(column: &Column, holes: &[usize]) -> Result<usize, Error> {
    let mut hole = vec![false; column.array.len()];
    holes.iter().for_each(|&row| hole[row] = true);
    let present: Vec<usize> = (0..hole.len()).filter(|&row| !hole[row]).collect();
    let nothing = || Error::NothingToImpute {
        column: column.name.clone(),
    };
    if matches!(column.kind, Kind::Integer | Kind::Float | Kind::Date) {
        let numbers = as_numbers(column)?;
        let mut sorted = present;
        sorted.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(a.cmp(&b)));
        let middle = sorted.len().checked_sub(1).ok_or_else(nothing)? / 2;
        return Ok(sorted[middle]);
    }
    let names = names_of(&column.array);
    let names: Vec<&String> = present.iter().map(|&row| &names[row]).collect();
    let labels = Labels::from_names(&names);
    let counts = labels.counts();
    let most = counts.iter().copied().max().ok_or_else(nothing)?;
    let code = counts
        .iter()
        .position(|&count| count == most)
        .ok_or_else(nothing)?;
    let row = labels.rows_of(code as u32)[0];
    Ok(present[row])
}

/// The numbers of a numeric column or the days or moments of a date column; `NaN` where there is none.
pub(crate) fn as_numbers(column: &Column) -> Result<Vec<f64>, Error> {
    let unusable = || Error::UnusableColumn {
        column: column.name.clone(),
        stored: column.array.data_type().to_string(),
    };
    let whole = match column.array.data_type() {
        DataType::Date32 => arrow_cast::cast(&column.array, &DataType::Int32),
        DataType::Date64 | DataType::Timestamp(..) => arrow_cast::cast(&column.array, &DataType::Int64),
        _ => Ok(column.array.clone()),
    };
    let numbers = whole
        .and_then(|array| arrow_cast::cast(&array, &DataType::Float64))
        .map_err(|_| unusable())?;
    let numbers = numbers.as_primitive::<Float64Type>();
    Ok(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

fn stored(column: &Column) -> Result<Values, Error> {
    let infinite = |row| Error::Infinite {
        column: column.name.clone(),
        row: row + 1,
    };
    match column.kind {
        Kind::Integer | Kind::Float | Kind::Date => {
            match column.array.data_type() {
                DataType::Float32 if column.array.null_count() == 0 => {
                    let array = column.array.as_primitive::<Float32Type>().clone();
                    return match array.values().iter().position(|value| value.is_infinite()) {
                        Some(row) => Err(infinite(row)),
                        None => Ok(Values::Single(array)),
                    };
                }
                DataType::Float64 if column.array.null_count() == 0 => {
                    let array = column.array.as_primitive::<Float64Type>().clone();
                    return match array.values().iter().position(|value| value.is_infinite()) {
                        Some(row) => Err(infinite(row)),
                        None => Ok(Values::Double(array)),
                    };
                }
                _ => {}
            }
            let numbers = as_numbers(column)?;
            match numbers.iter().position(|number| number.is_infinite()) {
                Some(row) => Err(infinite(row)),
                None => Ok(Values::Owned(numbers)),
            }
        }
        Kind::Boolean | Kind::Categorical | Kind::Text => {
            let names = names_of(&column.array);
            let nulls = column.array.logical_nulls();
            let present: Vec<usize> = (0..names.len())
                .filter(|&row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)))
                .collect();
            let labels = Labels::from_names(&present.iter().map(|&row| &names[row]).collect::<Vec<_>>());
            let mut codes = vec![MISSING; names.len()];
            let mut example = vec![0; labels.classes().len()];
            for (&row, &code) in present.iter().zip(labels.codes()).rev() {
                codes[row] = code;
                example[code as usize] = row as u32;
            }
            Ok(Values::Codes { codes, example })
        }
    }
}

pub(crate) fn weights_of(column: &Column) -> Result<Vec<f64>, Error> {
    let refuse = |row: usize, value: String| Error::Weight {
        column: column.name.clone(),
        row: row + 1,
        value,
    };
    if !matches!(column.kind, Kind::Integer | Kind::Float) {
        return Err(refuse(0, names_of(&column.array)[0].clone()));
    }
    let weights = as_numbers(column)?;
    match weights
        .iter()
        .position(|weight| !(weight.is_finite() && *weight >= 0.0))
    {
        Some(row) => Err(refuse(row, weights[row].to_string())),
        None => Ok(weights),
    }
}

fn refuse_continuous(target: &Column, labels: &Labels) -> Result<(), Error> {
    let (values, rows) = (labels.classes().len(), labels.codes().len());
    let quantity = target.kind == Kind::Float && values > 50;
    if quantity || (values > 20 && 2 * values > rows) {
        return Err(Error::NotAClass {
            column: target.name.clone(),
            values,
            rows,
        });
    }
    Ok(())
}

/// Whole numbers that count the rows name them; in a distance they are noise.
fn look_for_ids(column: &Column, feature: &Stored, warnings: &mut Vec<Warning>) {
    let (Kind::Integer, Values::Owned(numbers)) = (column.kind, &feature.values) else {
        return;
    };
    let mut sorted = numbers.clone();
    sorted.sort_by(f64::total_cmp);
    if sorted.len() > 20 && sorted.windows(2).all(|pair| pair[1] - pair[0] == 1.0) {
        let name = &column.name;
        let message = format!("column `{name}` counts the rows, yet it takes part in distances");
        warnings.push(Warning::new("data.looks-like-id", message).with_hint(format!(
            "`--id {name}` carries it along, `--ignore {name}` leaves it out",
            name = typed(name)
        )));
    }
}

fn warn_of_twin_ids(ids: &[String], name: &str, warnings: &mut Vec<Warning>) {
    let mut sorted: Vec<&String> = ids.iter().collect();
    sorted.sort_unstable();
    let twins = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if twins > 0 {
        let message = format!(
            "the id `{name}` does not name rows apart: {} {} an id of another",
            counted(twins, "row"),
            agree(twins, "repeats", "repeat")
        );
        warnings.push(
            Warning::new("data.twin-ids", message).with_hint("rows of one id get the same random draws"),
        );
    }
}

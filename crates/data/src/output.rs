use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, UInt32Array};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use counterpoise_base::{Column, Kind, MISSING, Origin, OutputRow, Resampled, SyntheticValues, Table};
use serde::{Deserialize, Serialize};

use crate::prepare::Values;
use crate::{Error, Prepared};

/// Rows of one part of the output.
const CHUNK: usize = 65_536;

/// What the output holds besides the columns of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputOptions {
    /// Adds the columns `synthetic`, `base_index`, `neighbor_index` and `step`: which rows are new and where they come
    /// from, as indices of rows of the input file: the first row is 0. Indices beyond the file count the synthetic rows,
    /// where one is a parent of others. Methods that mix three rows add `third_index`, and leave `step` empty.
    pub mark: bool,
    /// Whether rows may have three parents, so that `third_index` is among the marks.
    #[serde(skip)]
    pub third: bool,
    /// What synthetic rows hold in columns that are only carried along.
    pub carry: Carry,
}

/// What synthetic rows hold in ignored and text columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carry {
    /// Nothing.
    #[default]
    Empty,
    /// What their base row holds.
    Copy,
}

/// The output table in parts of 65 536 rows, so that it is never in memory as a whole.
///
/// Kept rows are as they were. Synthetic rows have the class they were made for, the groups of their base, a weight
/// between those of their parents, and an id that no other row has: `BASE~1`, `BASE~2`, … or, for whole numbers, the
/// numbers after the largest. Weights of a method that weighs rows multiply the column of weights, whole or not, or become
/// a column `weight`.
pub fn output_chunks<'a>(
    prepared: &'a Prepared,
    resampled: &'a Resampled,
    options: OutputOptions,
) -> Result<impl Iterator<Item = Result<Table, Error>> + 'a, Error> {
    if options.mark
        && let Some(taken) = MARKS
            .into_iter()
            .find(|mark| prepared.table.position(mark).is_some())
    {
        return Err(Error::MarkTaken { column: taken.into() });
    }
    if resampled.weights.is_some()
        && prepared.roles.weight.is_none()
        && prepared.table.position(WEIGHT).is_some()
    {
        return Err(Error::WeightTaken {
            column: WEIGHT.into(),
        });
    }
    let assembly = Assembly::new(prepared, resampled, options);
    let starts = (0..resampled.len().max(1)).step_by(CHUNK);
    Ok(starts.map(move |start| {
        let rows: Vec<OutputRow> = (start..resampled.len().min(start + CHUNK))
            .map(|place| resampled.row(place))
            .collect();
        assembly.table(start, &rows)
    }))
}

const MARKS: [&str; 5] = ["synthetic", "base_index", "neighbor_index", "step", "third_index"];
const WEIGHT: &str = "weight";

struct Assembly<'a> {
    prepared: &'a Prepared,
    resampled: &'a Resampled,
    options: OutputOptions,
    parts: Vec<Part>,
    /// A row of each class.
    class_example: Vec<u32>,
    /// Which copy of its base each synthetic row is, counted from 1; only for text ids.
    copy_number: Vec<u32>,
    /// The largest whole-number id.
    last_id: i64,
}

/// Where a column of the synthetic rows comes from.
#[derive(Clone, Copy)]
enum Part {
    Class,
    Group,
    Base,
    Feature(usize),
    Weight,
    Id,
    Empty,
}

impl<'a> Assembly<'a> {
    fn new(prepared: &'a Prepared, resampled: &'a Resampled, options: OutputOptions) -> Self {
        let roles = &prepared.roles;
        let rules = roles.rules(&prepared.table);
        let fractional = |feature: usize| {
            let made = resampled.synthetic.get(feature);
            let number = matches!(made, Some(SyntheticValues::F64(_) | SyntheticValues::F32(_)));
            let place = prepared.features[feature].column;
            number && prepared.table.columns()[place].kind == Kind::Float
        };
        let part = |(place, column): (usize, &Column)| {
            let feature = prepared
                .features
                .iter()
                .position(|feature| feature.column == place);
            match feature {
                _ if column.name == roles.target => Part::Class,
                // Numbers with fractions may lie between two groups, where a method wants that.
                Some(feature) if prepared.features[feature].copied && !fractional(feature) => Part::Group,
                Some(feature) => Part::Feature(feature),
                None if roles.weight.as_ref() == Some(&column.name) => Part::Weight,
                None if roles.id.as_ref() == Some(&column.name) => Part::Id,
                None if rules.iter().any(|rule| rule.column == column.name) => Part::Group,
                None if options.carry == Carry::Copy => Part::Base,
                None => Part::Empty,
            }
        };
        let parts: Vec<Part> = prepared.table.columns().iter().enumerate().map(part).collect();
        let mut class_example = vec![0; prepared.labels.classes().len()];
        for (row, &code) in prepared.labels.codes().iter().enumerate() {
            class_example[code as usize] = row as u32;
        }
        let copy_number = prepared
            .ids
            .as_deref()
            .map_or_else(Vec::new, |ids| copy_numbers(ids, &resampled.origin));
        let last_id = prepared
            .ids
            .iter()
            .flatten()
            .filter_map(|id| id.parse().ok())
            .max()
            .unwrap_or(-1);
        Self {
            prepared,
            resampled,
            options,
            parts,
            class_example,
            copy_number,
            last_id,
        }
    }

    /// The rows of the output from `start` on.
    fn table(&self, start: usize, rows: &[OutputRow]) -> Result<Table, Error> {
        let mut columns = Vec::with_capacity(self.parts.len() + MARKS.len());
        let unbroken = unbroken(rows);
        for (column, &part) in self.prepared.table.columns().iter().zip(&self.parts) {
            // Ids of categories come out as texts, in every part.
            let as_it_is = match part {
                Part::Id => !matches!(column.array.data_type(), DataType::Dictionary(..)),
                Part::Class => self.resampled.relabeled.is_empty(),
                Part::Weight => self.resampled.weights.is_none(),
                Part::Feature(feature) => self.replaced(feature).is_none(),
                Part::Group | Part::Base | Part::Empty => true,
            };
            if let (Some(first), true) = (unbroken, as_it_is) {
                columns.push(Column {
                    name: column.name.clone(),
                    kind: column.kind,
                    array: column.array.slice(first, rows.len()),
                });
                continue;
            }
            let array = self
                .array(column, part, start, rows)
                .map_err(|_| Error::UnusableColumn {
                    column: column.name.clone(),
                    stored: column.array.data_type().to_string(),
                })?;
            let fractions = matches!(part, Part::Weight) && self.resampled.weights.is_some();
            columns.push(Column {
                name: column.name.clone(),
                kind: if fractions { Kind::Float } else { column.kind },
                array,
            });
        }
        if self.resampled.weights.is_some() && self.prepared.roles.weight.is_none() {
            let weights: Float64Array = (start..start + rows.len())
                .map(|place| Some(self.weight_at(place)))
                .collect();
            columns.push(Column {
                name: WEIGHT.into(),
                kind: Kind::Float,
                array: Arc::new(weights),
            });
        }
        if self.options.mark {
            columns.extend(self.marks(rows));
        }
        Ok(Table::new(columns))
    }

    /// New values of a feature for the input rows.
    fn replaced(&self, feature: usize) -> Option<&SyntheticValues> {
        let mut replaced = self.resampled.replaced.iter();
        replaced
            .find(|replaced| replaced.feature == feature)
            .map(|replaced| &replaced.values)
    }

    /// The weight that a method gives to the row at one place of the output.
    fn weight_at(&self, place: usize) -> f64 {
        self.resampled
            .weights
            .as_ref()
            .map_or(1.0, |weights| weights[place])
    }

    /// The weight of a row as its column has it: that of a synthetic row is between those of its parents.
    fn weight_in_column(&self, row: OutputRow) -> f64 {
        let weights = self.prepared.weights.as_deref().unwrap_or_default();
        match row {
            OutputRow::Kept(row) => weights[row],
            OutputRow::Synthetic(made) => {
                let origin = &self.resampled.origin[made];
                let neighbor = self.resampled.neighbor_in_input(made, weights.len());
                let (base, neighbor) = (weights[origin.base as usize], weights[neighbor]);
                let mixed = base + origin.step * (neighbor - base);
                // A step beyond the parents may not make a weight negative.
                mixed.clamp(base.min(neighbor), base.max(neighbor))
            }
        }
    }

    fn array(
        &self,
        column: &Column,
        part: Part,
        start: usize,
        rows: &[OutputRow],
    ) -> Result<ArrayRef, ArrowError> {
        let origin = |made: usize| &self.resampled.origin[made];
        match part {
            Part::Class if !self.resampled.relabeled.is_empty() => {
                let example = |row: &OutputRow| {
                    let class = self.resampled.class_of(*row, &self.prepared.labels);
                    Some(self.class_example[class as usize])
                };
                let examples: UInt32Array = rows.iter().map(example).collect();
                arrow_select::take::take(&column.array, &examples, None)
            }
            Part::Class => taken(column, rows, |made| {
                Some(self.class_example[origin(made).class as usize])
            }),
            Part::Group => taken(
                column,
                rows,
                |made| Some(self.resampled.row_of_group(made) as u32),
            ),
            Part::Base => taken(column, rows, |made| Some(origin(made).base)),
            Part::Empty => taken(column, rows, |_| None),
            Part::Weight if self.resampled.weights.is_some() => {
                let places = rows.iter().zip(start..);
                let weights =
                    places.map(|(&row, place)| Some(self.weight_in_column(row) * self.weight_at(place)));
                // A fraction of a whole weight is a weight.
                Ok(Arc::new(weights.collect::<Float64Array>()))
            }
            Part::Weight => numbers(column, rows, |made| {
                self.weight_in_column(OutputRow::Synthetic(made))
            }),
            Part::Feature(feature) if self.replaced(feature).is_some() => {
                self.replaced_array(column, feature, rows)
            }
            Part::Feature(feature) => match (
                &self.resampled.synthetic[..],
                &self.prepared.features[feature].values,
            ) {
                ([], _) => taken(column, rows, |_| None),
                (made, values) => match (&made[feature], values) {
                    (SyntheticValues::F64(made), _) => numbers(column, rows, |index| made[index]),
                    (SyntheticValues::F32(made), _) if *column.array.data_type() == DataType::Float32 => {
                        let new: Float32Array = synthetic(rows)
                            .map(|index| made[index])
                            .collect::<Vec<_>>()
                            .into();
                        mixed(column, rows, &new)
                    }
                    (SyntheticValues::F32(made), _) => numbers(column, rows, |index| f64::from(made[index])),
                    (SyntheticValues::Codes(made), Values::Codes { example, .. }) => {
                        taken(column, rows, |index| {
                            (made[index] != MISSING).then(|| example[made[index] as usize])
                        })
                    }
                    (SyntheticValues::Codes(_), _) => unreachable!("a categorical column is stored as codes"),
                },
            },
            Part::Id => self.ids(column, rows),
        }
    }

    /// A feature of which the input rows have new values.
    fn replaced_array(
        &self,
        column: &Column,
        feature: usize,
        rows: &[OutputRow],
    ) -> Result<ArrayRef, ArrowError> {
        let of = |row: &OutputRow| match row {
            OutputRow::Kept(row) => (self.replaced(feature), *row),
            OutputRow::Synthetic(made) => (self.resampled.synthetic.get(feature), *made),
        };
        if let Values::Codes { example, .. } = &self.prepared.features[feature].values {
            let code = |row: &OutputRow| match of(row) {
                (Some(SyntheticValues::Codes(codes)), row) if codes[row] != MISSING => {
                    Some(example[codes[row] as usize])
                }
                _ => None,
            };
            let examples: UInt32Array = rows.iter().map(code).collect();
            return arrow_select::take::take(&column.array, &examples, None);
        }
        let number = |row: &OutputRow| match of(row) {
            (Some(SyntheticValues::F64(values)), row) => values[row],
            (Some(SyntheticValues::F32(values)), row) => f64::from(values[row]),
            _ => f64::NAN,
        };
        cast(rows.iter().map(number), column.array.data_type())
    }

    fn ids(&self, column: &Column, rows: &[OutputRow]) -> Result<ArrayRef, ArrowError> {
        let ids = self.prepared.ids.as_deref().unwrap_or_default();
        if column.kind == Kind::Integer {
            let new: Int64Array = synthetic(rows)
                .map(|made| self.last_id.saturating_add(made as i64 + 1))
                .collect::<Vec<_>>()
                .into();
            let new = arrow_cast::cast(&new, column.array.data_type())?;
            return mixed(column, rows, &new);
        }
        let mut texts = StringBuilder::new();
        for &row in rows {
            match row {
                OutputRow::Kept(row) => texts.append_value(&ids[row]),
                OutputRow::Synthetic(made) => {
                    let base = self.resampled.origin[made].base as usize;
                    texts.append_value(format!("{}~{}", ids[base], self.copy_number[made]));
                }
            }
        }
        let texts: ArrayRef = Arc::new(texts.finish());
        let stored = match column.array.data_type() {
            // New values would need a new dictionary in every part.
            DataType::Dictionary(..) => return Ok(texts),
            stored => stored,
        };
        // Days or numbers with fractions cannot be counted on: new rows have no id then.
        arrow_cast::cast(&texts, stored).or_else(|_| taken(column, rows, |_| None))
    }

    fn marks(&self, rows: &[OutputRow]) -> Vec<Column> {
        let origin = |row: &OutputRow| match row {
            OutputRow::Kept(_) => None,
            OutputRow::Synthetic(made) => Some(self.resampled.origin[*made]),
        };
        // Synthetic parents are counted on after the last row of the file.
        let place = |row: u32| {
            let row = row as usize;
            match row.checked_sub(self.prepared.labels.len()) {
                None => self.prepared.place_in_file(row) as i64,
                Some(made) => (self.prepared.rows_in_file + made) as i64,
            }
        };
        let third = |origin: &Origin| origin.away_from != origin.base;
        let new: BooleanArray = rows.iter().map(|row| Some(origin(row).is_some())).collect();
        let base: Int64Array = rows
            .iter()
            .map(|row| origin(row).map(|origin| place(origin.base)))
            .collect();
        let neighbor: Int64Array = rows
            .iter()
            .map(|row| origin(row).map(|origin| place(origin.neighbor)))
            .collect();
        let step: Float64Array = rows
            .iter()
            .map(|row| {
                origin(row)
                    .filter(|origin| !third(origin))
                    .map(|origin| origin.step)
            })
            .collect();
        let column = |name: &str, kind, array: ArrayRef| Column {
            name: name.into(),
            kind,
            array,
        };
        let mut marks = vec![
            column(MARKS[0], Kind::Boolean, Arc::new(new)),
            column(MARKS[1], Kind::Integer, Arc::new(base)),
            column(MARKS[2], Kind::Integer, Arc::new(neighbor)),
            column(MARKS[3], Kind::Float, Arc::new(step)),
        ];
        if self.options.third {
            let third: Int64Array = rows
                .iter()
                .map(|row| origin(row).filter(third).map(|origin| place(origin.away_from)))
                .collect();
            marks.push(column(MARKS[4], Kind::Integer, Arc::new(third)));
        }
        marks
    }
}

/// Which copy of its base's id each synthetic row is, counted from 1; numbers that would repeat an id are left out.
fn copy_numbers(ids: &[String], origin: &[Origin]) -> Vec<u32> {
    let taken: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let mut last: HashMap<&str, u32> = HashMap::new();
    let number = |origin: &Origin| {
        let id = ids[origin.base as usize].as_str();
        let last = last.entry(id).or_default();
        *last += 1;
        while taken.contains(format!("{id}~{last}").as_str()) {
            *last += 1;
        }
        *last
    };
    origin.iter().map(number).collect()
}

/// The first row of a stretch of kept rows that follow one another, which needs no copy.
fn unbroken(rows: &[OutputRow]) -> Option<usize> {
    let &OutputRow::Kept(first) = rows.first()? else {
        return None;
    };
    let follows = |(place, row): (usize, &OutputRow)| *row == OutputRow::Kept(first + place);
    rows.iter().enumerate().all(follows).then_some(first)
}

fn synthetic(rows: &[OutputRow]) -> impl Iterator<Item = usize> + '_ {
    rows.iter().filter_map(|row| {
        if let OutputRow::Synthetic(made) = row {
            Some(*made)
        } else {
            None
        }
    })
}

/// Rows of the input column; `source` says which one a synthetic row copies.
fn taken(
    column: &Column,
    rows: &[OutputRow],
    source: impl Fn(usize) -> Option<u32>,
) -> Result<ArrayRef, ArrowError> {
    let index = |row: &OutputRow| match row {
        OutputRow::Kept(row) => Some(*row as u32),
        OutputRow::Synthetic(made) => source(*made),
    };
    let indices: UInt32Array = rows.iter().map(index).collect();
    arrow_select::take::take(&column.array, &indices, None)
}

/// Kept rows of the input column and new numbers in its type.
fn numbers(
    column: &Column,
    rows: &[OutputRow],
    value: impl Fn(usize) -> f64,
) -> Result<ArrayRef, ArrowError> {
    let new = cast(synthetic(rows).map(&value), column.array.data_type())?;
    mixed(column, rows, &new)
}

/// Numbers in the type of a column; NaN is a missing value, and what the type cannot hold becomes its nearest end.
fn cast(numbers: impl Iterator<Item = f64>, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let (least, most) = integer_range(kind);
    let new: Float64Array = numbers
        .map(|number| (!number.is_nan()).then(|| number.clamp(least, most)))
        .collect();
    let new: ArrayRef = Arc::new(new);
    match kind {
        DataType::Date32 => arrow_cast::cast(&arrow_cast::cast(&new, &DataType::Int32)?, kind),
        DataType::Date64 | DataType::Timestamp(..) => {
            arrow_cast::cast(&arrow_cast::cast(&new, &DataType::Int64)?, kind)
        }
        _ => arrow_cast::cast(&new, kind),
    }
}

/// Days since 1970 of 0001-01-01 and 9999-12-31, which every program can read.
const FIRST_DAY: f64 = -719_162.0;
const LAST_DAY: f64 = 2_932_896.0;

/// These days in a unit of which a second has `units`.
fn days_in(units: f64) -> (f64, f64) {
    (FIRST_DAY * 86_400.0 * units, LAST_DAY * 86_400.0 * units)
}

/// Numbers that a column can hold; noise around a row may leave them.
fn integer_range(kind: &DataType) -> (f64, f64) {
    match kind {
        DataType::Int8 => (f64::from(i8::MIN), f64::from(i8::MAX)),
        DataType::Int16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
        DataType::Int32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        DataType::Date32 => (FIRST_DAY, LAST_DAY),
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => days_in(1e3),
        DataType::Timestamp(TimeUnit::Second, _) => days_in(1.0),
        DataType::Timestamp(TimeUnit::Microsecond, _) => days_in(1e6),
        // Nanoseconds since 1970 end with 64 bits, in the year 2262.
        DataType::Int64 | DataType::Timestamp(TimeUnit::Nanosecond, _) => (-9.2e18, 9.2e18),
        DataType::UInt8 => (0.0, f64::from(u8::MAX)),
        DataType::UInt16 => (0.0, f64::from(u16::MAX)),
        DataType::UInt32 => (0.0, f64::from(u32::MAX)),
        DataType::UInt64 => (0.0, 1.8e19),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

fn mixed(column: &Column, rows: &[OutputRow], new: &dyn Array) -> Result<ArrayRef, ArrowError> {
    let mut next = 0;
    let index = |row: &OutputRow| match row {
        OutputRow::Kept(row) => (0, *row),
        OutputRow::Synthetic(_) => {
            next += 1;
            (1, next - 1)
        }
    };
    let indices: Vec<(usize, usize)> = rows.iter().map(index).collect();
    arrow_select::interleave::interleave(&[&column.array, new], &indices)
}

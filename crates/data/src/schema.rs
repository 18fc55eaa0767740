use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use counterpoise_base::{Column, Kind, Table};
use rayon::prelude::*;
use serde::Serialize;

use crate::columnar::is_text;
use crate::names::names_of;

/// What a column is, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// Name.
    pub name: String,
    /// What the values mean.
    pub kind: Kind,
    /// Arrow type.
    pub stored: String,
    /// Missing cells.
    pub missing: usize,
    /// Different values, missing ones left out.
    pub distinct: usize,
    /// The first value.
    pub example: String,
}

/// The schema as it was found out or given. Cost: one look at every cell.
pub fn schema_of(table: &Table) -> Vec<ColumnSummary> {
    table.columns().par_iter().map(summary).collect()
}

fn summary(column: &Column) -> ColumnSummary {
    let array = &column.array;
    let missing = array.logical_null_count();
    let options = FormatOptions::default();
    let example = ArrayFormatter::try_new(array, &options).ok().and_then(|format| {
        (0..array.len())
            .find(|&row| !array.is_null(row))
            .map(|row| format.value(row).to_string())
    });
    ColumnSummary {
        name: column.name.clone(),
        kind: column.kind,
        stored: array.data_type().to_string(),
        missing,
        distinct: distinct(array),
        example: crate::error::shortened(&example.unwrap_or_default()),
    }
}

/// Different values, missing ones left out.
fn distinct(array: &ArrayRef) -> usize {
    let kind = array.data_type();
    let as_text = match kind {
        DataType::Dictionary(_, value) => is_text(value),
        kind => is_text(kind),
    };
    let cast = |to: &DataType| {
        arrow_cast::cast(array, to)
            .ok()
            .filter(|cast| cast.logical_null_count() == array.logical_null_count())
    };
    if as_text && let Some(texts) = cast(&DataType::Utf8View) {
        return texts
            .as_string_view()
            .iter()
            .flatten()
            .collect::<HashSet<&str>>()
            .len();
    }
    if kind.is_floating()
        && let Some(numbers) = cast(&DataType::Float64)
    {
        // Both zeros are one value, and so is whatever is no number.
        let bits = |number: f64| {
            if number.is_nan() {
                f64::NAN.to_bits()
            } else {
                (number + 0.0).to_bits()
            }
        };
        return count(
            numbers
                .as_primitive::<Float64Type>()
                .iter()
                .flatten()
                .map(bits)
                .collect(),
        );
    }
    let counted = kind.is_integer()
        || matches!(
            kind,
            DataType::Boolean | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        );
    if counted && let Some(numbers) = cast(&DataType::Int64) {
        return count(
            numbers
                .as_primitive::<Int64Type>()
                .iter()
                .flatten()
                .map(|number| number as u64)
                .collect(),
        );
    }
    let names = names_of(array);
    (0..array.len())
        .filter(|&row| array.is_valid(row))
        .map(|row| names[row].as_str())
        .collect::<HashSet<&str>>()
        .len()
}

fn count(mut values: Vec<u64>) -> usize {
    values.sort_unstable();
    values.dedup();
    values.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Decimal128Array, Float32Array, Int64Array, StringArray, UInt64Array};

    use super::*;

    fn check(array: impl Array + 'static, different: usize) {
        let array: ArrayRef = Arc::new(array);
        assert_eq!(distinct(&array), different, "{array:?}");
    }

    #[test]
    fn different_values_of_any_type_are_counted_without_missing_ones() {
        check(
            Float32Array::from(vec![Some(0.0), Some(-0.0), None, Some(1.5), Some(1.5)]),
            2,
        );
        check(Int64Array::from(vec![Some(3), None, Some(3), Some(-3)]), 2);
        check(UInt64Array::from(vec![u64::MAX, u64::MAX, 1]), 2);
        check(BooleanArray::from(vec![Some(true), None, Some(true)]), 1);
        check(StringArray::from(vec![Some(""), None, Some("a"), Some("a")]), 2);
        check(Decimal128Array::from(vec![Some(1), Some(1), None, Some(7)]), 2);
        check(StringArray::from(vec![None::<&str>, None]), 0);
    }
}

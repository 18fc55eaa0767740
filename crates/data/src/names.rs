//! Values as texts: names of classes, groups and rows.

use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use counterpoise_base::Column;

/// One text a row; missing values are empty texts.
pub(crate) fn names_of(array: &ArrayRef) -> Vec<String> {
    let options = FormatOptions::default();
    let Ok(format) = ArrayFormatter::try_new(array, &options) else {
        return vec![String::new(); array.len()];
    };
    (0..array.len())
        .map(|row| format.value(row).to_string())
        .collect()
}

/// The values of a column as texts; `None` where one is missing.
pub fn texts_of(column: &Column) -> Vec<Option<String>> {
    let nulls = column.array.logical_nulls();
    let present = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    names_of(&column.array)
        .into_iter()
        .enumerate()
        .map(|(row, name)| present(row).then_some(name))
        .collect()
}

//! Values as texts: names of classes, groups and rows.

use arrow_array::{Array, ArrayRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};

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

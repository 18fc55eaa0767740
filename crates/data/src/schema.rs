use arrow_cast::display::{ArrayFormatter, FormatOptions};
use counterpoise_base::{Column, Kind, Table};
use serde::Serialize;

use crate::prepare::names_of;

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
    table.columns().iter().map(summary).collect()
}

fn summary(column: &Column) -> ColumnSummary {
    let array = &column.array;
    let missing = (0..array.len()).filter(|&row| array.is_null(row)).count();
    let mut different = names_of(array);
    different.sort_unstable();
    different.dedup();
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
        distinct: different.len() - usize::from(missing > 0),
        example: crate::error::shortened(&example.unwrap_or_default()),
    }
}

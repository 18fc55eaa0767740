use std::collections::HashMap;

use arrow_array::UInt32Array;
use counterpoise_base::{Column, Table};

use crate::Error;
use crate::names::names_of;
use crate::prepare::missing_rows;

/// Adds columns that stand in a file of their own: protected ones, or predictions.
///
/// Rows are matched by the column `id`, if both tables have it, else by their order, and then there must be as many.
/// Columns that the table has already are left as they are.
pub fn with_side_columns(
    table: Table,
    other: &Table,
    file: &str,
    role: &'static str,
    columns: &[String],
    id: Option<&str>,
) -> Result<Table, Error> {
    let wanted: Vec<&String> = columns
        .iter()
        .filter(|name| table.position(name).is_none())
        .collect();
    let unknown = |name: &str| Error::UnknownColumn {
        column: name.into(),
        role,
        columns: table.names().chain(other.names()).map(String::from).collect(),
    };
    if let Some(missing) = wanted.iter().find(|name| other.position(name).is_none()) {
        return Err(unknown(missing));
    }
    let places = match id {
        Some(id) if table.column(id).is_some() && other.column(id).is_some() => {
            Some(places(&table, other, file, id)?)
        }
        _ if table.rows() == other.rows() => {
            same_order(&table, other, file, &wanted)?;
            None
        }
        _ => {
            return Err(Error::SideFileRows {
                file: file.into(),
                rows: other.rows(),
                needed: table.rows(),
            });
        }
    };
    let mut all = table.into_columns();
    for name in wanted {
        let column = other.column(name).ok_or(Error::NoFeatures)?;
        let array = match &places {
            None => column.array.clone(),
            Some(places) => {
                arrow_select::take::take(&column.array, places, None).map_err(|_| Error::UnusableColumn {
                    column: name.clone(),
                    stored: column.array.data_type().to_string(),
                })?
            }
        };
        all.push(Column {
            name: name.clone(),
            kind: column.kind,
            array,
        });
    }
    Ok(Table::new(all))
}

/// Columns that both tables have show whether their rows stand in one order.
fn same_order(table: &Table, other: &Table, file: &str, wanted: &[&String]) -> Result<(), Error> {
    for name in table.names() {
        let (Some(here), Some(there)) = (table.column(name), other.column(name)) else {
            continue;
        };
        if wanted.iter().any(|wanted| wanted.as_str() == name) {
            continue;
        }
        let (here, there) = (names_of(&here.array), names_of(&there.array));
        if let Some(row) = (0..here.len()).find(|&row| here[row] != there[row]) {
            return Err(Error::SideFileOrder {
                file: file.into(),
                column: name.into(),
                row: row + 1,
            });
        }
    }
    Ok(())
}

/// The row of `other` that has the id of each row of `table`.
fn places(table: &Table, other: &Table, file: &str, id: &str) -> Result<UInt32Array, Error> {
    let names = |table: &Table| -> Result<Vec<String>, Error> {
        let column = table.column(id).ok_or(Error::NoFeatures)?;
        match missing_rows(&column.array)[..] {
            [] => Ok(names_of(&column.array)),
            [first, ..] => Err(Error::MissingRole {
                role: "id",
                column: id.into(),
                row: first + 1,
                count: missing_rows(&column.array).len(),
            }),
        }
    };
    let mut place_of: HashMap<String, u32> = HashMap::new();
    for (place, name) in names(other)?.into_iter().enumerate() {
        if let Some(first) = place_of.insert(name.clone(), place as u32) {
            return Err(Error::SideFileTwins {
                file: file.into(),
                id: name,
                rows: (first as usize + 1, place + 1),
            });
        }
    }
    names(table)?
        .into_iter()
        .enumerate()
        .map(|(row, name)| match place_of.get(&name) {
            Some(&place) => Ok(Some(place)),
            None => Err(Error::SideFileLacks {
                file: file.into(),
                id: name,
                row: row + 1,
            }),
        })
        .collect()
}

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::{DataType, TimeUnit};
use counterpoise_base::{Column, Kind, Table};

use crate::Error;

/// Tables on top of one another, in the order given, so that they share scales and categories.
///
/// Columns are matched by name and stand in the order of the first table. Whole numbers and fractions become fractions,
/// booleans, texts and categories become categories by name; a column without any value fits every kind. Each table comes
/// with the name of its file, for messages.
///
/// # Errors
///
/// A column that one table lacks, or whose kinds cannot be compared.
pub fn stack(tables: &[(&str, &Table)]) -> Result<Table, Error> {
    let Some((&(first_file, first), others)) = tables.split_first() else {
        return Ok(Table::default());
    };
    for &(file, table) in others {
        let only_in = |column: &str, present: &str, absent: &str, there: &Table| Error::ColumnsDiffer {
            column: column.into(),
            present: present.into(),
            absent: absent.into(),
            columns: there.names().map(String::from).collect(),
        };
        if let Some(name) = first.names().find(|name| table.column(name).is_none()) {
            return Err(only_in(name, first_file, file, table));
        }
        if let Some(name) = table.names().find(|name| first.column(name).is_none()) {
            return Err(only_in(name, file, first_file, first));
        }
    }
    let stacked = |name: &str| {
        let parts: Vec<(&str, &Column)> = tables
            .iter()
            .filter_map(|&(file, table)| Some((file, table.column(name)?)))
            .collect();
        one_column(name, &parts)
    };
    Ok(Table::new(first.names().map(stacked).collect::<Result<_, _>>()?))
}

/// A column in which all rows hold the same text: the target of a table that has none.
pub fn constant_column(name: &str, value: &str, rows: usize) -> Column {
    Column {
        name: name.into(),
        kind: Kind::Categorical,
        array: Arc::new(StringArray::from(vec![value; rows])),
    }
}

fn one_column(name: &str, parts: &[(&str, &Column)]) -> Result<Column, Error> {
    let empty = |column: &Column| column.array.logical_null_count() == column.array.len();
    let mut kind: Option<(&str, Kind)> = None;
    for &(file, column) in parts.iter().filter(|(_, column)| !empty(column)) {
        kind = Some(match kind {
            None => (file, column.kind),
            Some((first, before)) => {
                let both = common(before, column.kind).ok_or_else(|| Error::KindsDiffer {
                    column: name.into(),
                    first: before.name(),
                    first_file: first.into(),
                    second: column.kind.name(),
                    second_file: file.into(),
                })?;
                (first, both)
            }
        });
    }
    let kind = kind.map_or(parts[0].1.kind, |(_, kind)| kind);
    let mut types = parts
        .iter()
        .filter(|(_, column)| !empty(column))
        .map(|(_, column)| column.array.data_type());
    let first = types.next().unwrap_or(&DataType::Utf8);
    let same = types.all(|other| other == first) && !matches!(first, DataType::Dictionary(..));
    let stored = match kind {
        Kind::Boolean | Kind::Categorical | Kind::Text => DataType::Utf8,
        _ if same => first.clone(),
        Kind::Integer | Kind::Float => DataType::Float64,
        Kind::Date => DataType::Timestamp(TimeUnit::Microsecond, None),
    };
    let cast = |&(_, column): &(&str, &Column)| {
        let cast = if column.array.data_type() == &stored {
            Ok(column.array.clone())
        } else if empty(column) {
            Ok(arrow_array::new_null_array(&stored, column.array.len()))
        } else {
            arrow_cast::cast(&column.array, &stored)
        };
        cast.map_err(|_| Error::UnusableColumn {
            column: name.into(),
            stored: column.array.data_type().to_string(),
        })
    };
    let arrays: Vec<ArrayRef> = parts.iter().map(cast).collect::<Result<_, _>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(|array| &**array as &dyn Array).collect();
    let array = arrow_select::concat::concat(&arrays).map_err(|_| Error::UnusableColumn {
        column: name.into(),
        stored: stored.to_string(),
    })?;
    Ok(Column {
        name: name.into(),
        kind,
        array,
    })
}

/// The kind that holds the values of both.
fn common(first: Kind, second: Kind) -> Option<Kind> {
    match (first, second) {
        (first, second) if first == second => Some(first),
        (Kind::Integer | Kind::Float, Kind::Integer | Kind::Float) => Some(Kind::Float),
        (Kind::Boolean | Kind::Categorical | Kind::Text, Kind::Boolean | Kind::Categorical | Kind::Text) => {
            Some(Kind::Categorical)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{ReadOptions, read_bytes};

    fn table(text: &'static str) -> Table {
        let read = read_bytes("t.csv", Bytes::from(text), &ReadOptions::default());
        read.expect("it is a table").table
    }

    fn check(first: &'static str, second: &'static str, expected: &[(&str, Kind, &[&str])]) {
        let stacked = stack(&[("one", &table(first)), ("two", &table(second))]).expect("they fit");
        for (name, kind, values) in expected {
            let column = stacked.column(name).expect("it is there");
            assert_eq!(column.kind, *kind, "{name}");
            assert_eq!(crate::names::names_of(&column.array), *values, "{name}");
        }
    }

    #[test]
    fn columns_are_matched_by_name_and_share_a_type() {
        check(
            "a,b,c\n1,x,\n2,y,\n",
            "b,c,a\nz,7,2.5\nx,8,3\n",
            &[
                ("a", Kind::Float, &["1.0", "2.0", "2.5", "3.0"]),
                ("b", Kind::Categorical, &["x", "y", "z", "x"]),
                ("c", Kind::Integer, &["", "", "7", "8"]),
            ],
        );
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let refused = |first, second| {
            let error = stack(&[("one", &table(first)), ("two", &table(second))]).expect_err("they differ");
            error.to_string()
        };
        assert_eq!(
            refused("a,b\n1,2\n", "a\n1\n"),
            "column `b` is in `one` and not in `two`"
        );
        assert_eq!(
            refused("a,b\n1,2\n", "a,b\n1,x\n"),
            "column `b` is integer in `one` and categorical in `two`"
        );
    }
}

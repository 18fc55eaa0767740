use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::Array as _;
use arrow_schema::DataType;
use counterpoise_base::{Column, Domain, Feature, FeatureValues, Features, Kind, MISSING, Strided, Table};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::names::names_of;
use crate::prepare::{Missing, Prepared, as_numbers, missing_rows};

/// The features that a model was trained on, so that other tables are read alike: found by name, taken as the same kinds, and
/// categories with the same codes.
///
/// It is meant to be kept with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownColumns {
    /// In the order of the model.
    pub columns: Vec<KnownColumn>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownColumn {
    /// Its name.
    pub name: String,
    /// What its values mean.
    pub kind: Kind,
    /// How days and moments are stored, which says what one of them is counted in; absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Its categories, in the order of their codes; absent for numbers and dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
}

/// Categories of a table that are none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCategories {
    /// The column.
    pub column: String,
    /// Rows that have one.
    pub rows: usize,
    /// The first one.
    pub first: String,
}

impl KnownColumns {
    /// The features of a table, with the categories that occur in some of its rows.
    pub fn of(prepared: &Prepared, rows: &[usize]) -> Self {
        let of_feature = |feature: &Feature<'_>| {
            let column = prepared
                .table
                .column(&feature.name)
                .expect("features are columns");
            let categories = feature.values.is_categorical().then(|| {
                let names = names_of(&column.array);
                let mut seen: Vec<(u32, &String)> = match &feature.values {
                    FeatureValues::Codes { codes, .. } => rows
                        .iter()
                        .filter(|&&row| codes[row] != MISSING)
                        .map(|&row| (codes[row], &names[row]))
                        .collect(),
                    _ => Vec::new(),
                };
                seen.sort_unstable();
                seen.dedup();
                seen.into_iter().map(|(_, name)| name.clone()).collect()
            });
            KnownColumn {
                name: feature.name.clone(),
                kind: column.kind,
                unit: (column.kind == Kind::Date).then(|| column.array.data_type().to_string()),
                categories,
            }
        };
        Self {
            columns: prepared.features().columns().iter().map(of_feature).collect(),
        }
    }

    /// The same features of another table, or of the same. The last code of a category stands for all that are not known.
    ///
    /// # Errors
    ///
    /// A column that is missing or holds something else; a missing value, if `missing` says so. Rows are not dropped here.
    pub fn features_of(
        &self,
        table: &Table,
        missing: Missing,
    ) -> Result<(Features<'static>, Vec<UnknownCategories>), Error> {
        let mut unknown = Vec::new();
        let (mut columns, mut holes) = (Vec::new(), Vec::new());
        for known in &self.columns {
            let column = table.column(&known.name).ok_or_else(|| Error::LacksColumn {
                column: known.name.clone(),
                columns: table.names().map(String::from).collect(),
            })?;
            let rows = missing_rows(&column.array);
            if !rows.is_empty() {
                holes.push((known.name.clone(), rows));
            }
            let values = match &known.categories {
                Some(categories) => codes_of(column, known, categories, &mut unknown)?,
                None => FeatureValues::F64(Strided::contiguous(numbers_of(column, known)?)),
            };
            columns.push(Feature {
                name: known.name.clone(),
                values,
                domain: match known.kind {
                    Kind::Integer | Kind::Date => Domain::Integer,
                    _ => Domain::Real,
                },
                copied: false,
            });
        }
        match holes.first() {
            Some((column, rows)) if missing == Missing::Error => Err(Error::Missing {
                column: column.clone(),
                row: rows[0] + 1,
                cells: holes.iter().map(|(_, rows)| rows.len()).sum(),
                columns: holes.len(),
            }),
            _ => Ok((Features::new(table.rows(), columns), unknown)),
        }
    }
}

/// Whether there is nothing in a column that would say what it holds.
fn is_blank(column: &Column) -> bool {
    missing_rows(&column.array).len() == column.array.len()
}

fn numbers_of(column: &Column, known: &KnownColumn) -> Result<Vec<f64>, Error> {
    let rows = column.array.len();
    let fits = match known.kind {
        Kind::Date => column.kind == Kind::Date,
        _ => matches!(column.kind, Kind::Integer | Kind::Float),
    };
    if !fits {
        return if is_blank(column) {
            Ok(vec![f64::NAN; rows])
        } else {
            Err(unlike(column, known))
        };
    }
    let numbers = match &known.unit {
        Some(unit) if column.array.data_type().to_string() != *unit => {
            let unit: DataType = unit.parse().map_err(|_| unlike(column, known))?;
            let array = arrow_cast::cast(&column.array, &unit).map_err(|_| unlike(column, known))?;
            as_numbers(&Column {
                array,
                ..column.clone()
            })?
        }
        _ => as_numbers(column)?,
    };
    match numbers.iter().position(|number| number.is_infinite()) {
        Some(row) => Err(Error::Infinite {
            column: column.name.clone(),
            row: row + 1,
        }),
        None => Ok(numbers),
    }
}

fn codes_of(
    column: &Column,
    known: &KnownColumn,
    categories: &[String],
    unknown: &mut Vec<UnknownCategories>,
) -> Result<FeatureValues<'static>, Error> {
    let places: HashMap<&str, u32> = categories
        .iter()
        .enumerate()
        .map(|(code, name)| (name.as_str(), code as u32))
        .collect();
    let mut codes = Vec::with_capacity(column.array.len());
    let mut hole = vec![false; column.array.len()];
    missing_rows(&column.array)
        .into_iter()
        .for_each(|row| hole[row] = true);
    let names = names_of(&column.array);
    let other = categories.len() as u32;
    let (mut others, mut first) = (0, None);
    for (row, name) in names.iter().enumerate() {
        codes.push(if hole[row] {
            MISSING
        } else {
            places.get(name.as_str()).copied().unwrap_or_else(|| {
                others += 1;
                first.get_or_insert(name);
                other
            })
        });
    }
    if let Some(first) = first {
        let present = hole.iter().filter(|hole| !**hole).count();
        // Not one category in common, and stored as something else: another column of this name.
        if others == present && matches!(column.kind, Kind::Integer | Kind::Float | Kind::Date) {
            return Err(unlike(column, known));
        }
        unknown.push(UnknownCategories {
            column: column.name.clone(),
            rows: others,
            first: first.clone(),
        });
    }
    Ok(FeatureValues::Codes {
        codes: Cow::Owned(codes),
        levels: categories.len() + 1,
    })
}

/// A column that holds something else than the model was trained on.
fn unlike(column: &Column, known: &KnownColumn) -> Error {
    let holes = missing_rows(&column.array);
    let names = names_of(&column.array);
    let of_numbers = matches!(known.kind, Kind::Integer | Kind::Float);
    let odd = |row: &usize| !holes.contains(row) && (!of_numbers || names[*row].parse::<f64>().is_err());
    let row = (0..names.len()).find(odd).unwrap_or(0);
    Error::UnlikeColumn {
        column: column.name.clone(),
        needed: known.kind.name(),
        found: column.kind.name(),
        row: row + 1,
        value: crate::error::shortened(&names[row]),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::{ReadOptions, Roles, prepare, read_bytes};

    fn table(text: &str) -> Table {
        read_bytes("t.csv", text.to_owned().into(), &ReadOptions::default())
            .unwrap()
            .table
    }

    /// Ten rows: numbers, colours, days, classes.
    fn prepared() -> Prepared {
        let mut text = "x,colour,day,y\n".to_owned();
        for row in 0..10 {
            let colour = ["red", "blue", "green"][row % 3];
            let _ = writeln!(text, "{row}.5,{colour},2024-01-0{},{}", row % 9 + 1, row % 2);
        }
        let roles = Roles {
            target: "y".into(),
            ..Roles::default()
        };
        prepare(table(&text), &roles, Missing::Error).unwrap()
    }

    #[test]
    fn categories_keep_their_codes_and_unknown_ones_share_the_last() {
        let known = KnownColumns::of(&prepared(), &[0, 1, 3]);
        assert_eq!(
            known.columns[1].categories,
            Some(vec!["blue".into(), "red".into()])
        );
        let other = table("y,day,colour,x\n1,2024-01-05,red,3\n0,2024-01-06,green,4\n0,2024-01-06,,5\n");
        let (features, unknown) = known.features_of(&other, Missing::Impute).unwrap();
        let FeatureValues::Codes { codes, levels } = &features.columns()[1].values else {
            panic!("categories")
        };
        assert_eq!((&codes[..], *levels), (&[1, 2, MISSING][..], 3));
        assert_eq!(
            unknown,
            [UnknownCategories {
                column: "colour".into(),
                rows: 1,
                first: "green".into()
            }]
        );
        assert_eq!(features.columns()[0].values.number(2), Some(5.0));
        let days = |row| features.columns()[2].values.number(row).unwrap();
        assert_eq!(days(1) - days(0), 1.0);
        // It survives a file.
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<KnownColumns>(&text).unwrap(), known);
    }

    #[test]
    fn what_is_not_alike_is_named() {
        let known = KnownColumns::of(&prepared(), &[0, 1, 2]);
        let said = |text: &str| {
            known
                .features_of(&table(text), Missing::Error)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            said("x,day\n1,2024-01-01\n2,2024-01-02\n"),
            "there is no column `colour`, which the model was trained on"
        );
        assert_eq!(
            said("x,colour,day\n1,red,2024-01-01\nmany,red,2024-01-02\nmany,red,2024-01-02\n"),
            "column `x` is categorical, and the model was trained on a column of kind float: `many` in row 2"
        );
        assert_eq!(
            said("x,colour,day\n1,7,2024-01-01\n2,8,2024-01-02\n"),
            "column `colour` is integer, and the model was trained on a column of kind categorical: `7` in row 1"
        );
        assert!(said("x,colour,day\n1,red,2024-01-01\n,red,2024-01-02\n").contains("column `x`, row 2"));
        // A column without a value says nothing.
        let blank = table("x,colour,day\n,red,2024-01-01\n,red,2024-01-02\n");
        let (features, _) = known.features_of(&blank, Missing::Impute).unwrap();
        assert!(features.columns()[0].values.is_missing(1));
    }
}

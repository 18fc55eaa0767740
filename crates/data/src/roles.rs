use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use counterpoise_base::{Column, Groups, Kind, Labels, Table};
use serde::{Deserialize, Serialize};

use crate::names::names_of;
use crate::prepare::missing_rows;
use crate::{Bins, Error};

/// Which column is what: the `[data]` table of a TOML file names them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// The column of classes.
    pub target: String,
    /// Protected columns; `age<=25` makes two groups of a number. Synthetic rows are in the group of their base.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Protected columns of numbers that are cut into groups.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bins: BTreeMap<String, Bins>,
    /// Weights of rows, 0 or more; synthetic rows get the weight between those of their parents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Names of rows: carried, never in a distance, and the root of each row's draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Columns to carry along only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
}

/// Protected columns by themselves, for a table of predictions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupColumns {
    /// Columns, or thresholds on them such as `age<=25`.
    pub columns: Vec<String>,
    /// Columns of numbers that are cut into groups.
    pub bins: BTreeMap<String, Bins>,
}

impl GroupColumns {
    /// The columns of the table that say in which groups a row is.
    pub fn columns_of(&self, table: &Table) -> Vec<String> {
        self.rules(table).into_iter().map(|rule| rule.column).collect()
    }

    /// Each protected column with the group of every row.
    pub fn groups_of(&self, table: &Table) -> Result<Vec<(String, Groups)>, Error> {
        let rules = self.rules(table);
        for rule in &rules {
            let column = rule.find(table)?;
            if let [first, ..] = missing_rows(&column.array)[..] {
                return Err(Error::MissingRole {
                    role: "group",
                    column: rule.column.clone(),
                    row: first + 1,
                    count: missing_rows(&column.array).len(),
                });
            }
        }
        if let Some((column, columns)) = self.unused_bins(&rules) {
            return Err(Error::UnusedBins { column, columns });
        }
        rules
            .iter()
            .map(|rule| Ok((rule.text.clone(), rule.apply(table)?)))
            .collect()
    }

    fn rules(&self, table: &Table) -> Vec<GroupRule> {
        self.columns
            .iter()
            .map(|text| GroupRule::parse(text, table, &self.bins))
            .collect()
    }

    fn unused_bins(&self, rules: &[GroupRule]) -> Option<(String, Vec<String>)> {
        let unused = self.bins.keys().find(|column| {
            rules
                .iter()
                .all(|rule| rule.bins.is_none() || rule.column != **column)
        })?;
        Some((unused.clone(), self.columns.clone()))
    }
}

/// A group as given: a column, a threshold on one, or a column in bins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRule {
    pub(crate) text: String,
    pub(crate) column: String,
    threshold: Option<Threshold>,
    bins: Option<Bins>,
}

#[derive(Debug, Clone, PartialEq)]
struct Threshold {
    sign: &'static str,
    opposite: &'static str,
    number: f64,
    written: String,
}

/// Groups beyond which a column of numbers is a quantity.
const MOST_NUMBERS: usize = 50;

impl GroupRule {
    /// Reads a group; a column whose name holds a sign wins over a threshold.
    pub(crate) fn parse(text: &str, table: &Table, bins: &BTreeMap<String, Bins>) -> Self {
        let plain = Self {
            text: text.into(),
            column: text.into(),
            threshold: None,
            bins: bins.get(text).cloned(),
        };
        if table.position(text).is_some() {
            return plain;
        }
        for (sign, opposite) in [("<=", ">"), (">=", "<"), ("<", ">="), (">", "<=")] {
            if let Some((column, number)) = text.split_once(sign)
                && let Ok(value) = number.trim().parse::<f64>()
            {
                let threshold = Threshold {
                    sign,
                    opposite,
                    number: value,
                    written: number.trim().into(),
                };
                return Self {
                    text: text.into(),
                    column: column.trim().into(),
                    threshold: Some(threshold),
                    bins: None,
                };
            }
        }
        plain
    }

    fn find<'t>(&self, table: &'t Table) -> Result<&'t Column, Error> {
        table.column(&self.column).ok_or_else(|| Error::UnknownColumn {
            column: self.column.clone(),
            role: "group",
            columns: table.names().map(String::from).collect(),
        })
    }

    /// The group of every row.
    pub(crate) fn apply(&self, table: &Table) -> Result<Groups, Error> {
        let column = self.find(table)?;
        let of_numbers = matches!(column.kind, Kind::Integer | Kind::Float);
        let not_numbers = || Error::GroupThreshold {
            group: self.text.clone(),
            column: self.column.clone(),
            kind: column.kind.name(),
        };
        let numbers = || -> Result<Vec<f64>, Error> {
            let numbers = arrow_cast::cast(&column.array, &DataType::Float64)
                .ok()
                .filter(|_| of_numbers)
                .ok_or_else(not_numbers)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            Ok(numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect())
        };
        if let Some(bins) = &self.bins {
            let numbers = numbers()?;
            return Ok(self.binned(&numbers, &bins.cuts(&numbers)));
        }
        let Some(threshold) = &self.threshold else {
            let groups = Labels::from_names(&names_of(&column.array));
            let (values, rows) = (groups.classes().len(), groups.len());
            if values > MOST_NUMBERS && (of_numbers || 2 * values > rows) {
                return Err(Error::GroupValues {
                    column: self.column.clone(),
                    values,
                    rows,
                    numbers: of_numbers,
                });
            }
            return Ok(groups);
        };
        let name = |sign: &str| format!("{}{sign}{}", self.column, threshold.written);
        let inside = |value: f64| match threshold.sign {
            "<=" => value <= threshold.number,
            ">=" => value >= threshold.number,
            "<" => value < threshold.number,
            _ => value > threshold.number,
        };
        let codes = numbers()?
            .into_iter()
            .map(|value| u32::from(!inside(value)))
            .collect();
        Ok(Labels::from_codes(
            vec![name(threshold.sign), name(threshold.opposite)],
            codes,
        ))
    }

    fn binned(&self, numbers: &[f64], cuts: &[f64]) -> Groups {
        let name = &self.column;
        let names = match cuts {
            [] => vec![name.clone()],
            [first, .., last] | [first @ last] => {
                let between = |pair: &[f64]| format!("{}<{name}<={}", pair[0], pair[1]);
                std::iter::once(format!("{name}<={first}"))
                    .chain(cuts.windows(2).map(between))
                    .chain([format!("{name}>{last}")])
                    .collect()
            }
        };
        let code = |number: &f64| cuts.partition_point(|cut| number > cut) as u32;
        Labels::from_codes(names, numbers.iter().map(code).collect())
    }
}

impl Roles {
    pub(crate) fn rules(&self, table: &Table) -> Vec<GroupRule> {
        self.groups
            .iter()
            .map(|text| GroupRule::parse(text, table, &self.bins))
            .collect()
    }

    /// Every named column exists and plays one part.
    pub(crate) fn check(&self, table: &Table) -> Result<(), Error> {
        let mut parts: Vec<(&str, &'static str)> = vec![(&self.target, "target")];
        parts.extend(self.weight.iter().map(|name| (name.as_str(), "weight")));
        parts.extend(self.id.iter().map(|name| (name.as_str(), "id")));
        parts.extend(self.ignore.iter().map(|name| (name.as_str(), "column to ignore")));
        let rules = self.rules(table);
        let protected = GroupColumns {
            columns: self.groups.clone(),
            bins: self.bins.clone(),
        };
        if let Some((column, columns)) = protected.unused_bins(&rules) {
            return Err(Error::UnusedBins { column, columns });
        }
        for (name, role) in parts
            .iter()
            .copied()
            .chain(rules.iter().map(|rule| (rule.column.as_str(), "group")))
        {
            if table.position(name).is_none() {
                return Err(Error::UnknownColumn {
                    column: name.into(),
                    role,
                    columns: table.names().map(String::from).collect(),
                });
            }
        }
        // A group may be ignored otherwise: it is kept out of distances then.
        parts.retain(|(name, role)| {
            *role != "column to ignore" || rules.iter().all(|rule| rule.column != *name)
        });
        for (place, &(name, second)) in parts.iter().enumerate() {
            if let Some(&(_, first)) = parts[..place]
                .iter()
                .find(|(other, first)| *other == name && *first != second)
            {
                return Err(Error::RoleConflict {
                    column: name.into(),
                    first,
                    second,
                });
            }
        }
        if let Some(rule) = rules.iter().find(|rule| rule.column == self.target) {
            return Err(Error::RoleConflict {
                column: rule.column.clone(),
                first: "target",
                second: "group",
            });
        }
        Ok(())
    }
}

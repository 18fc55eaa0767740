use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use counterpoise_base::{Groups, Kind, Labels, Table};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::names::names_of;

/// Which column is what: the `[data]` table of a TOML file names them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// The column of classes.
    pub target: String,
    /// Protected columns; `age<=25` makes two groups of a number. Synthetic rows are in the group of their base.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
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

/// A group as given: a column, or a threshold on one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRule {
    pub(crate) text: String,
    pub(crate) column: String,
    pub(crate) threshold: Option<Threshold>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    sign: &'static str,
    opposite: &'static str,
    number: f64,
    written: String,
}

impl GroupRule {
    /// Reads a group; a column whose name holds a sign wins over a threshold.
    pub(crate) fn parse(text: &str, table: &Table) -> Self {
        let plain = Self {
            text: text.into(),
            column: text.into(),
            threshold: None,
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
                };
            }
        }
        plain
    }

    /// The group of every row.
    pub(crate) fn apply(&self, table: &Table) -> Result<Groups, Error> {
        let unknown = || Error::UnknownColumn {
            column: self.column.clone(),
            role: "group",
            columns: table.names().map(String::from).collect(),
        };
        let column = table.column(&self.column).ok_or_else(unknown)?;
        let Some(threshold) = &self.threshold else {
            return Ok(Labels::from_names(&names_of(&column.array)));
        };
        let not_numbers = || Error::GroupThreshold {
            group: self.text.clone(),
            column: self.column.clone(),
            kind: column.kind.name(),
        };
        if !matches!(column.kind, Kind::Integer | Kind::Float) {
            return Err(not_numbers());
        }
        let numbers = arrow_cast::cast(&column.array, &DataType::Float64).map_err(|_| not_numbers())?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let name = |sign: &str| format!("{}{sign}{}", self.column, threshold.written);
        let inside = |value: f64| match threshold.sign {
            "<=" => value <= threshold.number,
            ">=" => value >= threshold.number,
            "<" => value < threshold.number,
            _ => value > threshold.number,
        };
        let codes = (0..numbers.len())
            .map(|row| u32::from(!inside(numbers.value(row))))
            .collect();
        Ok(Labels::from_codes(
            vec![name(threshold.sign), name(threshold.opposite)],
            codes,
        ))
    }
}

impl Roles {
    /// Every named column exists and plays one part.
    pub(crate) fn check(&self, table: &Table) -> Result<(), Error> {
        let mut parts: Vec<(&str, &'static str)> = vec![(&self.target, "target")];
        parts.extend(self.weight.iter().map(|name| (name.as_str(), "weight")));
        parts.extend(self.id.iter().map(|name| (name.as_str(), "id")));
        parts.extend(self.ignore.iter().map(|name| (name.as_str(), "column to ignore")));
        let rules: Vec<GroupRule> = self
            .groups
            .iter()
            .map(|text| GroupRule::parse(text, table))
            .collect();
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

//! What methods ask of cells that weigh rows, change them, or know a favourable class and a privileged group.

use counterpoise_base::{Warning, nearest_name};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;
use crate::cells::{Cell, Cells};

/// What to do about a group that has no row of a class, where none can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MissingCell {
    /// Stop, and name the first one.
    #[default]
    Refuse,
    /// Leave it empty, and warn: that group stays without the class.
    Skip,
}

impl Cells<'_> {
    /// Rows of a class.
    pub(crate) fn of_class(&self, class: u32) -> usize {
        let counts = self
            .with_rows
            .iter()
            .map(|&group| self.count(Cell { class, group }));
        counts.sum()
    }

    /// Rows of a group.
    pub(crate) fn of_group(&self, group: u32) -> usize {
        let counts = self
            .classes
            .iter()
            .map(|&class| self.count(Cell { class, group }));
        counts.sum()
    }

    pub(crate) fn class(&self, class: u32) -> &str {
        &self.labels.classes()[class as usize]
    }

    pub(crate) fn group(&self, group: u32) -> &str {
        &self.groups.classes()[group as usize]
    }

    /// The error for an empty cell.
    pub(crate) fn lacks(&self, cell: Cell, hint: &'static str) -> Error {
        Error::EmptyCell {
            class: self.class_name(cell).into(),
            group: self.group_name(cell).into(),
            method: self.method,
            hint,
        }
    }

    /// Warnings for cells without a row; an error unless they may be skipped.
    pub(crate) fn lacking(&self, rule: MissingCell) -> Result<Vec<Warning>, Error> {
        let mut warnings = Vec::new();
        for cell in self.all().filter(|&cell| self.count(cell) == 0) {
            warnings.push(self.left_empty(cell, rule)?);
        }
        Ok(warnings)
    }

    /// Says that a group stays without a class; an error unless it may.
    pub(crate) fn left_empty(&self, cell: Cell, rule: MissingCell) -> Result<Warning, Error> {
        if rule == MissingCell::Refuse {
            return Err(self.lacks(
                cell,
                "set `empty_cell = \"skip\"` to leave the group without the class, or merge it with another",
            ));
        }
        let message = format!(
            "group `{}` has no row of class `{}` and stays without it",
            self.group_name(cell),
            self.class_name(cell)
        );
        Ok(Warning::new("sampling.empty-cell-skipped", message).with_hint("merge the group with another"))
    }

    /// The favourable class: the one that is named, else `1`, `true` or `yes` of two classes of which the other is `0`,
    /// `false` or `no`. Any other class has to be named.
    pub(crate) fn favorable(&self, wanted: Option<&str>) -> Result<u32, Error> {
        let present = &self.classes;
        let names: Vec<String> = present.iter().map(|&class| self.class(class).into()).collect();
        if let Some(wanted) = wanted {
            return match names.iter().position(|name| name == wanted) {
                Some(place) => Ok(present[place]),
                None => Err(unknown("favorable_label", "class", wanted, &names)),
            };
        }
        let plain: Vec<String> = names
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let known = [["0", "1"], ["false", "true"], ["no", "yes"]];
        if known.iter().any(|pair| plain == pair[..]) {
            return Ok(present[1]);
        }
        Err(Error::NeedsFavorable {
            method: self.method,
            classes: names,
        })
    }

    /// The other one of two classes.
    pub(crate) fn other_than(&self, favorable: u32) -> Result<u32, Error> {
        match self.classes[..] {
            [a, b] => Ok(if a == favorable { b } else { a }),
            ref classes => {
                let classes = classes.iter().map(|&class| self.class(class).into()).collect();
                Err(Error::NotBinary {
                    method: self.method,
                    classes,
                })
            }
        }
    }

    /// The privileged group: the one that is named, else that with the largest share of favourable rows, of equals the
    /// first.
    pub(crate) fn privileged(&self, wanted: Option<&str>, favorable: u32) -> Result<u32, Error> {
        let present = &self.with_rows;
        if let Some(wanted) = wanted {
            let names: Vec<String> = present.iter().map(|&group| self.group(group).into()).collect();
            return match names.iter().position(|name| name == wanted) {
                Some(place) => Ok(present[place]),
                None => Err(unknown("privileged_group", "group", wanted, &names)),
            };
        }
        let ahead = |&a: &u32, &b: &u32| {
            // Shares are compared as products of counts, without rounding.
            let left = self.count(Cell {
                class: favorable,
                group: a,
            }) as u128
                * self.of_group(b) as u128;
            let right = self.count(Cell {
                class: favorable,
                group: b,
            }) as u128
                * self.of_group(a) as u128;
            left.cmp(&right).then(b.cmp(&a))
        };
        Ok(present.iter().copied().max_by(ahead).unwrap_or(0))
    }
}

/// Reads the name of a class or a group, which may look like a number or a truth value where it is typed.
pub(crate) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde_json::Value;
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(name)),
        name @ (Value::Number(_) | Value::Bool(_)) => Ok(Some(name.to_string())),
        other => Err(serde::de::Error::custom(format!("`{other}` is no name"))),
    }
}

fn unknown(option: &'static str, what: &'static str, name: &str, known: &[String]) -> Error {
    let list = format!("there are `{}`", known.join("`, `"));
    let suggestion = match nearest_name(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? T{}", &list[1..]),
        None => list,
    };
    Error::UnknownName {
        option,
        what,
        name: name.into(),
        suggestion,
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Labels;

    use super::*;

    fn check(
        cells: &[(&str, &str)],
        ask: impl Fn(&Cells<'_>) -> Result<u32, Error>,
    ) -> Result<String, Error> {
        let classes: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
        let groups: Vec<&str> = cells.iter().map(|cell| cell.1).collect();
        let (labels, groups) = (Labels::from_names(&classes), Labels::from_names(&groups));
        let cells = Cells::new(&labels, Some(&groups), "massaging")?;
        ask(&cells).map(|code| format!("{code}"))
    }

    #[test]
    fn usual_names_tell_which_class_is_favorable() {
        let favorable = |cells: &Cells<'_>| cells.favorable(None);
        assert_eq!(check(&[("1", "a"), ("0", "b")], favorable).expect("numbers"), "1");
        assert_eq!(
            check(&[("Yes", "a"), ("No", "b")], favorable).expect("words"),
            "1"
        );
        let error = check(&[("good", "a"), ("bad", "b")], favorable).expect_err("nobody knows");
        assert_eq!(error.code(), "sampling.needs-favorable");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("favorable_label=")),
            "{error}"
        );
        let other = |cells: &Cells<'_>| cells.other_than(1);
        assert_eq!(check(&[("1", "a"), ("0", "b")], other).expect("two"), "0");
        let error = check(&[("1", "a"), ("0", "b"), ("2", "b")], other).expect_err("three");
        assert_eq!(error.code(), "sampling.not-binary");
    }

    #[test]
    fn a_name_may_look_like_a_number() {
        let read =
            |text: &str| serde_json::from_str::<crate::Massaging>(text).map(|read| read.favorable_label);
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(read(r#"{"favorable_label": 1}"#).expect("a name"), name("1"));
        assert_eq!(
            read(r#"{"favourable_label": true}"#).expect("a name"),
            name("true")
        );
        assert_eq!(
            read(r#"{"favorable_label": ">50K"}"#).expect("a name"),
            name(">50K")
        );
        assert_eq!(read("{}").expect("nothing"), None);
        assert!(read(r#"{"favorable_label": [1]}"#).is_err());
    }

    #[test]
    fn a_name_that_is_none_is_guessed() {
        let wanted = |cells: &Cells<'_>| cells.privileged(Some("Mal"), 1);
        let error = check(&[("1", "Male"), ("0", "Female")], wanted).expect_err("no such group");
        assert_eq!(
            error.to_string(),
            "`privileged_group` names the group `Mal`, which the data does not have"
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.starts_with("did you mean `Male`?")),
            "{error}"
        );
    }

    #[test]
    fn the_group_with_the_largest_share_is_privileged() {
        let rows = [
            ("1", "a"),
            ("0", "a"),
            ("0", "a"),
            ("1", "b"),
            ("0", "b"),
            ("0", "c"),
            ("0", "c"),
        ];
        assert_eq!(
            check(&rows, |cells| cells.privileged(None, 1)).expect("three groups"),
            "1"
        );
    }

    #[test]
    fn one_group_and_no_group_are_refused_by_name() {
        let error = check(&[("1", "a"), ("0", "a")], |_| Ok(0)).expect_err("one group");
        assert_eq!(
            error.to_string(),
            "all rows are in the group `a`; massaging needs two or more"
        );
        let labels = Labels::from_names(&["0", "1"]);
        let error = Cells::new(&labels, None, "massaging").err().expect("no groups");
        assert_eq!(error.code(), "sampling.needs-groups");
    }
}

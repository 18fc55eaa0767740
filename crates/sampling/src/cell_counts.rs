//! CellCounts, class x group: shared by the methods that balance groups.

use counterpoise_base::{Groups, Labels, nearest_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Plan, PlannedClass};

/// What to do about a group that has no row of a class.
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

/// How many rows each class has in each group.
pub(crate) struct CellCounts<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) groups: &'a Groups,
    counts: Vec<usize>,
    of_class: Vec<usize>,
    of_group: Vec<usize>,
}

impl<'a> CellCounts<'a> {
    /// Counts cells; fails without two classes and two groups that have rows.
    pub(crate) fn new(
        labels: &'a Labels,
        groups: Option<&'a Groups>,
        method: &'static str,
    ) -> Result<Self, Error> {
        let of_class = labels.counts();
        if let Some(class) = alone(&of_class) {
            let class = labels.classes().get(class).cloned().unwrap_or_default();
            return Err(Error::OneClass { class });
        }
        let groups = groups.ok_or(Error::NeedsGroups { method })?;
        let of_group = groups.counts();
        if let Some(group) = alone(&of_group) {
            let group = groups.classes().get(group).cloned().unwrap_or_default();
            return Err(Error::OneGroup { group, method });
        }
        Ok(Self {
            counts: labels.cells(groups),
            labels,
            groups,
            of_class,
            of_group,
        })
    }

    /// Rows of a class in a group.
    pub(crate) fn count(&self, class: u32, group: u32) -> usize {
        self.counts[class as usize * self.of_group.len() + group as usize]
    }

    /// Rows of a class.
    pub(crate) fn of_class(&self, class: u32) -> usize {
        self.of_class[class as usize]
    }

    /// Rows of a group.
    pub(crate) fn of_group(&self, group: u32) -> usize {
        self.of_group[group as usize]
    }

    /// The largest cell.
    pub(crate) fn largest(&self) -> usize {
        self.counts.iter().copied().max().unwrap_or(0)
    }

    /// Rows are named by 32 bits: fails if cells of `rows` rows each would be too many.
    pub(crate) fn check_total(&self, rows: usize) -> Result<(), Error> {
        match self.pairs().count().checked_mul(rows) {
            Some(total) if u32::try_from(total).is_ok() => Ok(()),
            _ => Err(Error::TooManyRows {
                class: self.class_name(self.present_classes().next().unwrap_or(0)).into(),
            }),
        }
    }

    /// Every class with every group, both of which have rows; in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let classes = self.present_classes();
        classes.flat_map(|class| self.present_groups().map(move |group| (class, group)))
    }

    /// Classes that have rows.
    pub(crate) fn present_classes(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.of_class.len() as u32).filter(|&class| self.of_class(class) > 0)
    }

    /// Groups that have rows.
    pub(crate) fn present_groups(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.of_group.len() as u32).filter(|&group| self.of_group(group) > 0)
    }

    /// The rows of a cell, in input order.
    pub(crate) fn rows(&self, class: u32, group: u32) -> Vec<usize> {
        let pairs = self.labels.codes().iter().zip(self.groups.codes()).enumerate();
        let inside = |(row, pair): (usize, (&u32, &u32))| (pair == (&class, &group)).then_some(row);
        pairs.filter_map(inside).collect()
    }

    /// `class | group`, for messages and branches of seeds.
    pub(crate) fn name(&self, class: u32, group: u32) -> String {
        format!("{} | {}", self.class_name(class), self.group_name(group))
    }

    pub(crate) fn class_name(&self, class: u32) -> &str {
        &self.labels.classes()[class as usize]
    }

    pub(crate) fn group_name(&self, group: u32) -> &str {
        &self.groups.classes()[group as usize]
    }

    /// Pairs without a row; an error unless they may be skipped.
    pub(crate) fn empty(&self, rule: MissingCell, method: &'static str) -> Result<Vec<(u32, u32)>, Error> {
        let empty: Vec<(u32, u32)> = self
            .pairs()
            .filter(|&(class, group)| self.count(class, group) == 0)
            .collect();
        match (empty.first(), rule) {
            (Some(&(class, group)), MissingCell::Refuse) => Err(Error::EmptyCell {
                class: self.class_name(class).into(),
                group: self.group_name(group).into(),
                method,
                hint: "set `empty_cell = \"skip\"` to leave the group without the class, or merge it with another",
            }),
            _ => Ok(empty),
        }
    }

    /// The favourable class: the one that is named, else `1`, `true` or `yes` of two classes of which the other is `0`,
    /// `false` or `no`. Any other class has to be named.
    pub(crate) fn favorable(&self, wanted: Option<&str>, method: &'static str) -> Result<u32, Error> {
        let present: Vec<u32> = self.present_classes().collect();
        let names: Vec<String> = present
            .iter()
            .map(|&class| self.class_name(class).into())
            .collect();
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
            method,
            classes: names,
        })
    }

    /// The other one of two classes.
    pub(crate) fn other_than(&self, favorable: u32, method: &'static str) -> Result<u32, Error> {
        match self.present_classes().collect::<Vec<u32>>()[..] {
            [a, b] => Ok(if a == favorable { b } else { a }),
            ref classes => {
                let classes = classes
                    .iter()
                    .map(|&class| self.class_name(class).into())
                    .collect();
                Err(Error::NotBinary { method, classes })
            }
        }
    }

    /// The privileged group: the one that is named, else that with the largest share of favourable rows, of equals the
    /// first.
    pub(crate) fn privileged(&self, wanted: Option<&str>, favorable: u32) -> Result<u32, Error> {
        let present: Vec<u32> = self.present_groups().collect();
        if let Some(wanted) = wanted {
            let names: Vec<String> = present
                .iter()
                .map(|&group| self.group_name(group).into())
                .collect();
            return match names.iter().position(|name| name == wanted) {
                Some(place) => Ok(present[place]),
                None => Err(unknown("privileged_group", "group", wanted, &names)),
            };
        }
        let ahead = |&a: &u32, &b: &u32| {
            // Shares are compared as products of counts, without rounding.
            let left = self.count(favorable, a) as u128 * self.of_group(b) as u128;
            let right = self.count(favorable, b) as u128 * self.of_group(a) as u128;
            left.cmp(&right).then(b.cmp(&a))
        };
        Ok(present.into_iter().max_by(ahead).unwrap_or(0))
    }
}

/// The only place with rows, or 0 if there is none at all.
fn alone(counts: &[usize]) -> Option<usize> {
    let present: Vec<usize> = (0..counts.len()).filter(|&place| counts[place] > 0).collect();
    (present.len() < 2).then(|| present.first().copied().unwrap_or(0))
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

impl Plan {
    /// Every class keeps its rows.
    pub(crate) fn unchanged(labels: &Labels) -> Self {
        let class = |(class, before): (&String, usize)| PlannedClass {
            class: class.clone(),
            before,
            after: Some(before),
            at_most: before,
        };
        Self {
            classes: labels.classes().iter().zip(labels.counts()).map(class).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        cells: &[(&str, &str)],
        ask: impl Fn(&CellCounts<'_>) -> Result<u32, Error>,
    ) -> Result<String, Error> {
        let classes: Vec<&str> = cells.iter().map(|cell| cell.0).collect();
        let groups: Vec<&str> = cells.iter().map(|cell| cell.1).collect();
        let (labels, groups) = (Labels::from_names(&classes), Labels::from_names(&groups));
        let cells = CellCounts::new(&labels, Some(&groups), "massaging")?;
        ask(&cells).map(|code| format!("{code}"))
    }

    #[test]
    fn usual_names_tell_which_class_is_favorable() {
        let favorable = |cells: &CellCounts<'_>| cells.favorable(None, "massaging");
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
        let other = |cells: &CellCounts<'_>| cells.other_than(1, "massaging");
        assert_eq!(check(&[("1", "a"), ("0", "b")], other).expect("two"), "0");
        let error = check(&[("1", "a"), ("0", "b"), ("2", "b")], other).expect_err("three");
        assert_eq!(error.code(), "sampling.not-binary");
    }

    #[test]
    fn a_name_that_is_none_is_guessed() {
        let wanted = |cells: &CellCounts<'_>| cells.privileged(Some("Mal"), 1);
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
        let error = CellCounts::new(&labels, None, "massaging")
            .err()
            .expect("no groups");
        assert_eq!(error.code(), "sampling.needs-groups");
    }
}

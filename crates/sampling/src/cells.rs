//! Cells, class x group: how many rows each has, and what happens to small and to empty ones.

use counterpoise_base::{
    Feature, FeatureValues, Features, Groups, Labeled, Labels, Resampled, SyntheticValues, Warning, counted,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, FewRows, Plan, PlannedClass};

/// What to do about a class that a group does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EmptyCell {
    /// Stop, and say which.
    #[default]
    Refuse,
    /// Make its rows of the class's rows in all other groups; they get the protected values of the group they are made
    /// for.
    ClassPool,
    /// Leave it empty, and warn.
    Skip,
}

/// How many rows each class has in each group.
pub(crate) struct Cells<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) groups: &'a Groups,
    pub(crate) method: &'static str,
    counts: Vec<usize>,
    /// Classes with rows, in class order.
    pub(crate) classes: Vec<u32>,
    /// Groups with rows, in group order.
    pub(crate) with_rows: Vec<u32>,
}

/// A class in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    pub(crate) class: u32,
    pub(crate) group: u32,
}

/// What the rows of cells weigh together.
pub(crate) struct Mass {
    width: usize,
    cells: Vec<f64>,
}

impl Mass {
    pub(crate) fn of(&self, cell: Cell) -> f64 {
        self.cells[cell.class as usize * self.width + cell.group as usize]
    }

    pub(crate) fn of_class(&self, class: u32) -> f64 {
        self.cells[class as usize * self.width..][..self.width]
            .iter()
            .sum()
    }

    pub(crate) fn of_group(&self, group: u32) -> f64 {
        self.cells.iter().skip(group as usize).step_by(self.width).sum()
    }

    pub(crate) fn total(&self) -> f64 {
        self.cells.iter().sum()
    }
}

impl<'a> Cells<'a> {
    /// Counts cells; two classes and two groups are the least there is to balance.
    pub(crate) fn new(
        labels: &'a Labels,
        groups: Option<&'a Groups>,
        method: &'static str,
    ) -> Result<Self, Error> {
        let groups = groups.ok_or(Error::NeedsGroups { method })?;
        let present = |labels: &Labels| -> Vec<u32> {
            let counts = labels.counts().into_iter().zip(0..);
            counts
                .filter(|&(count, _)| count > 0)
                .map(|(_, code)| code)
                .collect()
        };
        let (classes, with_rows) = (present(labels), present(groups));
        let only = |codes: &[u32], names: &Labels| {
            let first = codes.first();
            first.map_or(String::new(), |&code| names.classes()[code as usize].clone())
        };
        if classes.len() < 2 {
            let class = only(&classes, labels);
            return Err(Error::OneClass { class });
        }
        if with_rows.len() < 2 {
            let group = only(&with_rows, groups);
            return Err(Error::OneGroup { group, method });
        }
        Ok(Self {
            counts: labels.cells(groups),
            labels,
            groups,
            method,
            classes,
            with_rows,
        })
    }

    pub(crate) fn count(&self, cell: Cell) -> usize {
        self.counts[cell.class as usize * self.groups.classes().len() + cell.group as usize]
    }

    /// Weight of every cell, in the order of their counts; without weights their rows.
    pub(crate) fn mass(&self, weights: Option<&[f64]>) -> Mass {
        let width = self.groups.classes().len();
        let mut cells = vec![0.0; self.counts.len()];
        let rows = self.labels.codes().iter().zip(self.groups.codes()).enumerate();
        for (row, (&class, &group)) in rows {
            cells[class as usize * width + group as usize] += weights.map_or(1.0, |weights| weights[row]);
        }
        Mass { width, cells }
    }

    /// All cells of classes and groups that have rows, class by class.
    pub(crate) fn all(&self) -> impl Iterator<Item = Cell> + '_ {
        let of = |&class: &u32| self.with_rows.iter().map(move |&group| Cell { class, group });
        self.classes.iter().flat_map(of)
    }

    /// Rows of the largest class of a group.
    pub(crate) fn most_of(&self, group: u32) -> usize {
        let counts = self
            .classes
            .iter()
            .map(|&class| self.count(Cell { class, group }));
        counts.max().unwrap_or(0)
    }

    /// Rows of the largest cell.
    pub(crate) fn largest(&self) -> usize {
        self.with_rows
            .iter()
            .map(|&group| self.most_of(group))
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn class_name(&self, cell: Cell) -> &'a str {
        &self.labels.classes()[cell.class as usize]
    }

    pub(crate) fn group_name(&self, cell: Cell) -> &'a str {
        &self.groups.classes()[cell.group as usize]
    }

    fn words(&self, cell: Cell) -> String {
        format!(
            "class `{}` of group `{}`",
            self.class_name(cell),
            self.group_name(cell)
        )
    }

    /// Input rows of some cells, one list each, in input order.
    pub(crate) fn rows_of(&self, cells: &[Cell]) -> Vec<Vec<usize>> {
        let width = self.groups.classes().len();
        let mut place_of = vec![usize::MAX; self.counts.len()];
        for (place, cell) in cells.iter().enumerate() {
            place_of[cell.class as usize * width + cell.group as usize] = place;
        }
        let mut rows: Vec<Vec<usize>> = cells
            .iter()
            .map(|&cell| Vec::with_capacity(self.count(cell)))
            .collect();
        let codes = self.labels.codes().iter().zip(self.groups.codes());
        for (row, (&class, &group)) in codes.enumerate() {
            if let Some(list) = rows.get_mut(place_of[class as usize * width + group as usize]) {
                list.push(row);
            }
        }
        rows
    }

    /// The first row of a group, which has its protected values.
    pub(crate) fn example_of(&self, group: u32) -> Option<usize> {
        self.groups.codes().iter().position(|&code| code == group)
    }

    /// Drops the empty cells that are to be left alone, or stops at them.
    pub(crate) fn without_empty(
        &self,
        wanted: Vec<(Cell, usize)>,
        empty_cell: EmptyCell,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<(Cell, usize)>, Error> {
        let empty = |&&(cell, count): &&(Cell, usize)| count > 0 && self.count(cell) == 0;
        let found: Vec<Cell> = wanted.iter().filter(empty).map(|pair| pair.0).collect();
        let Some(&first) = found.first() else {
            return Ok(wanted);
        };
        match empty_cell {
            EmptyCell::Refuse => Err(Error::EmptyCell {
                class: self.class_name(first).into(),
                group: self.group_name(first).into(),
                method: self.method,
                hint: "set `empty_cell = \"class-pool\"` to make its rows of the class's rows in other groups, or `empty_cell = \"skip\"` to leave it empty",
            }),
            EmptyCell::ClassPool => {
                let message = format!(
                    "{} has no rows; it gets rows made of those of its class in other groups",
                    self.list(&found)
                );
                warnings.push(Warning::new("sampling.empty-cell-filled", message));
                Ok(wanted)
            }
            EmptyCell::Skip => {
                let message = format!("{} has no rows and stays empty", self.list(&found));
                warnings.push(Warning::new("sampling.empty-cell-skipped", message));
                Ok(wanted
                    .into_iter()
                    .filter(|&(cell, _)| self.count(cell) > 0)
                    .collect())
            }
        }
    }

    /// The first few cells in words, and how many more there are.
    pub(crate) fn list(&self, cells: &[Cell]) -> String {
        const SHOWN: usize = 4;
        let words: Vec<String> = cells
            .iter()
            .take(SHOWN)
            .map(|&cell| match self.count(cell) {
                0 => self.words(cell),
                rows => format!("{} ({})", self.words(cell), counted(rows, "row")),
            })
            .collect();
        match cells.len().checked_sub(SHOWN + 1) {
            None => words.join(", "),
            Some(more) => format!("{}, and {} more", words.join(", "), more + 1),
        }
    }

    /// Tells of cells that get rows and have at most `k` themselves, smallest first.
    pub(crate) fn tell_small(&self, mut small: Vec<Cell>, k: usize, warnings: &mut Vec<Warning>) {
        if small.is_empty() {
            return;
        }
        small.sort_by_key(|&cell| (self.count(cell), cell));
        small.dedup();
        let message = format!(
            "{} of {} cells have no more rows than the {k} neighbors asked for: {}",
            small.len(),
            self.classes.len() * self.with_rows.len(),
            self.list(&small)
        );
        let hint = format!(
            "merge small groups, name fewer protected columns, or set a smaller `k_neighbors` than {k}"
        );
        warnings.push(Warning::new("sampling.small-cells", message).with_hint(hint));
    }

    /// Tells of cells whose rows are copied for want of neighbours.
    pub(crate) fn tell_copied(&self, mut copied: Vec<Cell>, warnings: &mut Vec<Warning>) {
        if copied.is_empty() {
            return;
        }
        copied.sort_unstable();
        copied.dedup();
        let message = format!("rows are copied for want of neighbors: {}", self.list(&copied));
        warnings.push(Warning::new("sampling.rows-copied", message));
    }

    /// The error for a cell that is too small to go on with.
    pub(crate) fn too_small(&self, cell: Cell, rows: usize, needed: usize) -> Error {
        Error::SmallCell {
            class: self.class_name(cell).into(),
            group: self.group_name(cell).into(),
            rows,
            needed,
            method: self.method,
        }
    }

    /// How many neighbours a pool of `rows` rows offers to a cell; `None` means that rows are copied.
    pub(crate) fn usable_k(
        &self,
        cell: Cell,
        rows: usize,
        k: usize,
        few_rows: FewRows,
    ) -> Result<Option<usize>, Error> {
        match few_rows {
            _ if rows > k => Ok(Some(k)),
            FewRows::Error => Err(self.too_small(cell, rows, k + 1)),
            FewRows::Shrink if rows > 1 => Ok(Some(rows - 1)),
            FewRows::Shrink | FewRows::Duplicate => Ok(None),
        }
    }

    /// What raises every cell to the largest.
    pub(crate) fn raised(
        &self,
        empty_cell: EmptyCell,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<(Cell, usize)>, Error> {
        let most = self.largest();
        let wanted = self.all().map(|cell| (cell, most - self.count(cell))).collect();
        let mut wanted = self.without_empty(wanted, empty_cell, warnings)?;
        wanted.retain(|&(_, count)| count > 0);
        self.check_total(&wanted)?;
        Ok(wanted)
    }

    /// Rows are named by 32 bits.
    pub(crate) fn check_total(&self, wanted: &[(Cell, usize)]) -> Result<(), Error> {
        let made: usize = wanted
            .iter()
            .fold(0, |sum, &(_, count)| sum.saturating_add(count));
        if self.labels.len().saturating_add(made) > u32::MAX as usize {
            return Err(Error::TooManyRowsOfCells { method: self.method });
        }
        Ok(())
    }

    /// Class counts before and after.
    pub(crate) fn plan(&self, wanted: &[(Cell, usize)]) -> Plan {
        let class = |((name, before), code): ((&String, usize), u32)| {
            let of_class = wanted.iter().filter(|(cell, _)| cell.class == code);
            let after = before + of_class.map(|pair| pair.1).sum::<usize>();
            PlannedClass {
                class: name.clone(),
                before,
                after: Some(after),
                at_most: after,
            }
        };
        let counts = self.labels.classes().iter().zip(self.labels.counts()).zip(0..);
        Plan {
            classes: counts.map(class).collect(),
        }
    }
}

/// Gives new rows the protected values of a group that is not their base's.
pub(crate) fn place_in_group(
    data: &Labeled<'_>,
    cells: &Cells<'_>,
    cell: Cell,
    columns: &mut [SyntheticValues],
    result: &mut Resampled,
    count: usize,
) {
    let Some(example) = cells.example_of(cell.group) else {
        return;
    };
    for (feature, values) in data.features.columns().iter().zip(columns) {
        if !feature.copied {
            continue;
        }
        match (&feature.values, values) {
            (FeatureValues::F64(from), SyntheticValues::F64(to)) => to.fill(from.get(example)),
            (FeatureValues::F32(from), SyntheticValues::F32(to)) => to.fill(from.get(example)),
            (FeatureValues::Codes { codes, .. }, SyntheticValues::Codes(to)) => to.fill(codes[example]),
            _ => unreachable!("new values are of the type of their feature"),
        }
    }
    let first = result.origin.len();
    let placed = (first..first + count).map(|made| (made as u32, example as u32));
    result.placed.extend(placed);
}

/// Empty columns with room for all new rows, so that they do not move as they grow.
pub(crate) fn reserve(result: &mut Resampled, features: &Features<'_>, rows: usize) {
    let empty = |feature: &Feature<'_>| match &feature.values {
        FeatureValues::F64(_) => SyntheticValues::F64(Vec::with_capacity(rows)),
        FeatureValues::F32(_) => SyntheticValues::F32(Vec::with_capacity(rows)),
        FeatureValues::Codes { .. } => SyntheticValues::Codes(Vec::with_capacity(rows)),
    };
    result.synthetic = features.columns().iter().map(empty).collect();
    result.origin.reserve_exact(rows);
}

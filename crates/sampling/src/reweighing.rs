use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells};
use crate::{Chooser, Error, Kind, MissingCell, Plan, Resample, Run};

/// Weighs rows so that class and group are independent: every group gets the class shares of the whole table.
///
/// The gentlest repair there is: no row is made, changed or dropped. It does what a model makes of weights, which
/// may be little. Classes stay as rare as they are; `fair-balance` makes them equal too.
///
/// # Source
///
/// Kamiran and Calders, "Data preprocessing techniques for classification without discrimination", Knowledge and
/// Information Systems 33 (2012), section 4.3, Algorithm 3: the weight of a row is `P(class) P(group) / P(class, group)`,
/// for two classes and two groups there, for any number here. AIF360's `Reweighing` gives the same weights for its two
/// groups. Where the table has a column of weights, rows count by it, as by AIF360's `instance_weights`, and it is multiplied
/// with these. Cost: linear.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Reweighing {
    /// What to do about a group that lacks a class: its shares cannot become those of the table.
    pub empty_cell: MissingCell,
}

impl Reweighing {
    /// Sets [`empty_cell`](Self::empty_cell).
    pub fn with_empty_cell(mut self, empty_cell: MissingCell) -> Self {
        self.empty_cell = empty_cell;
        self
    }
}

impl Resample for Reweighing {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        let mass = cells.mass(data.weights);
        let weight = |cell: Cell| {
            let expected = mass.of_class(cell.class) * mass.of_group(cell.group);
            expected / (mass.total() * mass.of(cell))
        };
        weighed(&cells, self.empty_cell, run, weight)
    }

    fn kind(&self) -> Kind {
        Kind::Weights
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        cells.lacking(self.empty_cell)?;
        Ok(cells.plan(&[]))
    }
}

const NAME: &str = "reweighing";

/// All rows as they are, with the weight of their cell.
pub(crate) fn weighed(
    cells: &Cells<'_>,
    rule: MissingCell,
    run: &Run<'_>,
    weight: impl Fn(Cell) -> f64,
) -> Result<Resampled, Error> {
    if run.chooser == Chooser::Numpy {
        return Err(Error::NoReplay { method: cells.method });
    }
    run.tell("weighing rows", 0, 1)?;
    let warnings = cells.lacking(rule)?;
    let width = cells.groups.classes().len();
    let mut weights = vec![0.0; cells.labels.classes().len() * width];
    for cell in cells.all() {
        let weight = weight(cell);
        // A cell whose rows weigh nothing is as good as empty.
        weights[cell.class as usize * width + cell.group as usize] =
            if weight.is_finite() { weight } else { 0.0 };
    }
    let rows = cells.labels.codes().iter().zip(cells.groups.codes());
    let of_row = |(&class, &group): (&u32, &u32)| weights[class as usize * width + group as usize];
    let mut result = Resampled::unchanged(cells.labels.len());
    result.weights = Some(rows.map(of_row).collect());
    result.warnings = warnings;
    Ok(result)
}

#[cfg(test)]
pub(crate) mod tests {
    use counterpoise_base::Features;
    use proptest::prelude::*;

    use super::*;

    /// Rows of one number, with classes and groups by code.
    pub(crate) fn resampled(
        method: &dyn Resample,
        classes: &[u32],
        groups: &[u32],
    ) -> Result<(Resampled, Labels, Groups), Error> {
        let numbers: Vec<f64> = (0..classes.len()).map(|row| row as f64).collect();
        let names = |codes: &[u32]| {
            let most = codes.iter().max().map_or(0, |&code| code as usize + 1);
            Labels::from_codes((0..most).map(|code| code.to_string()).collect(), codes.to_vec())
        };
        let (labels, groups) = (names(classes), names(groups));
        let mut data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        data.groups = Some(&groups);
        let result = method.resample(&data, &Run::new(1))?;
        Ok((result, labels, groups))
    }

    /// Sums of weights, `(groups, classes)`.
    pub(crate) fn weighted_cells(result: &Resampled, labels: &Labels, groups: &Groups) -> Vec<Vec<f64>> {
        let mut sums = vec![vec![0.0; labels.classes().len()]; groups.classes().len()];
        let weights = result.weights.as_ref().expect("the method weighs rows");
        for (row, weight) in weights.iter().enumerate() {
            sums[groups.codes()[row] as usize][labels.codes()[row] as usize] += weight;
        }
        sums
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        // Group 0 has two rows of class 1 of three, group 1 one of three.
        let (result, ..) =
            resampled(&Reweighing::default(), &[1, 1, 0, 1, 0, 0], &[0, 0, 0, 1, 1, 1]).expect("four cells");
        assert_eq!(result.weights, Some(vec![0.75, 0.75, 1.5, 1.5, 0.75, 0.75]));
        assert_eq!(result.kept, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_group_without_a_class_is_refused_or_skipped_by_name() {
        let (classes, groups) = ([1, 1, 0, 0], [0, 1, 1, 1]);
        let error = resampled(&Reweighing::default(), &classes, &groups).expect_err("an empty cell");
        assert_eq!(
            error.to_string(),
            "group `0` has no row of class `0`, and reweighing needs one at least"
        );
        let skipping = Reweighing::default().with_empty_cell(MissingCell::Skip);
        let (result, ..) = resampled(&skipping, &classes, &groups).expect("it may be empty");
        assert_eq!(result.warnings.len(), 1);
        assert!(
            result
                .weights
                .is_some_and(|weights| weights.iter().all(|weight| weight.is_finite()))
        );
    }

    proptest! {
        #[test]
        fn every_group_gets_the_class_shares_of_the_table(
            more in prop::collection::vec((0_u32..3, 0_u32..4), 0..60)
        ) {
            // Every cell has a row.
            let cells: Vec<(u32, u32)> = (0..12).map(|cell| (cell % 3, cell / 3)).chain(more).collect();
            let (classes, groups): (Vec<u32>, Vec<u32>) = cells.into_iter().unzip();
            let (result, labels, groups) = resampled(&Reweighing::default(), &classes, &groups).expect("all cells");
            let n = labels.len() as f64;
            let sizes = groups.counts();
            for (sums, size) in weighted_cells(&result, &labels, &groups).iter().zip(sizes) {
                let whole: f64 = sums.iter().sum();
                // A group weighs what it did.
                prop_assert!((whole - size as f64).abs() < 1e-9);
                for (sum, count) in sums.iter().zip(labels.counts()) {
                    prop_assert!((sum / whole - count as f64 / n).abs() < 1e-12);
                }
            }
        }
    }
}

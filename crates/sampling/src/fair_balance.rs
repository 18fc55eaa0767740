use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells};
use crate::reweighing::weighed;
use crate::{Error, Kind, MissingCell, Plan, Resample, Run};

/// Weighs rows so that all classes weigh the same within every group.
///
/// Fair oversampling without a new row: the same balance, by weights. Equal classes within groups are what equalised odds
/// need on the rows a model is trained on. It does what a model makes of weights, which may be little.
///
/// # Source
///
/// Yu, Chakraborty and Menzies, "FairBalance: how to achieve equalized odds with data pre-processing", IEEE Transactions
/// on Software Engineering 50 (2024), section 4: `N(group) / N(group, class)`, and `1 / N(group, class)` for the variant.
/// As in the authors' code, weights are then divided by their mean, which a penalty of coefficients and a learning rate
/// would notice; rows count by the weights that a table has. Two classes there, any number here. Their first version (`N(class) / N(group, class)`) is not this one.
/// Cost: linear.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FairBalance {
    /// Whether groups keep their sizes.
    pub variant: FairBalanceVariant,
    /// What to do about a group that lacks a class: the others then share its weight.
    pub empty_cell: MissingCell,
}

/// What a group weighs as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FairBalanceVariant {
    /// As many rows as it has: `N(group) / N(group, class)`.
    #[default]
    FairBalance,
    /// As much as any other group: `1 / N(group, class)`.
    FairBalanceVariant,
}

impl FairBalance {
    /// Sets [`variant`](Self::variant).
    pub fn with_variant(mut self, variant: FairBalanceVariant) -> Self {
        self.variant = variant;
        self
    }

    /// Sets [`empty_cell`](Self::empty_cell).
    pub fn with_empty_cell(mut self, empty_cell: MissingCell) -> Self {
        self.empty_cell = empty_cell;
        self
    }
}

impl Resample for FairBalance {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        let mass = cells.mass(data.weights);
        let of_group = |group| match self.variant {
            FairBalanceVariant::FairBalance => mass.of_group(group),
            FairBalanceVariant::FairBalanceVariant => 1.0,
        };
        // The rows of a cell weigh `of_group` together.
        let occupied = cells.all().filter(|&cell| mass.of(cell) > 0.0);
        let sum: f64 = occupied.map(|cell| of_group(cell.group)).sum();
        let mean = sum / mass.total();
        let weight = |cell: Cell| of_group(cell.group) / (mass.of(cell) * mean);
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

const NAME: &str = "fair-balance";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reweighing::tests::{resampled, weighted_cells};

    #[test]
    fn weights_are_those_of_the_formula() {
        let (classes, groups) = ([1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]);
        let check = |variant, expected: [f64; 3]| {
            let method = FairBalance::default().with_variant(variant);
            let weights = resampled(&method, &classes, &groups)
                .expect("four cells")
                .0
                .weights;
            let weights = weights.expect("it weighs rows");
            for (weight, expected) in [weights[0], weights[1], weights[4]].iter().zip(expected) {
                assert!((weight - expected).abs() < 1e-12, "{variant:?}: {weights:?}");
            }
        };
        // 4 / 1, 4 / 3 and 2 / 1, with a mean of 2.
        check(FairBalanceVariant::FairBalance, [2.0, 2.0 / 3.0, 1.0]);
        // 1, 1 / 3 and 1, with a mean of 2 / 3.
        check(FairBalanceVariant::FairBalanceVariant, [1.5, 0.5, 1.5]);
    }

    proptest! {
        #[test]
        fn all_classes_weigh_the_same_within_a_group(
            more in prop::collection::vec((0_u32..3, 0_u32..4), 0..60)
        ) {
            let cells: Vec<(u32, u32)> = (0..12).map(|cell| (cell % 3, cell / 3)).chain(more).collect();
            let (classes, groups): (Vec<u32>, Vec<u32>) = cells.into_iter().unzip();
            for variant in [FairBalanceVariant::FairBalance, FairBalanceVariant::FairBalanceVariant] {
                let method = FairBalance::default().with_variant(variant);
                let (result, labels, groups) = resampled(&method, &classes, &groups).expect("all cells");
                let sums = weighted_cells(&result, &labels, &groups);
                let total: f64 = sums.iter().flatten().sum();
                prop_assert!((total - labels.len() as f64).abs() < 1e-9);
                for (of_group, size) in sums.iter().zip(groups.counts()) {
                    prop_assert!(of_group.iter().all(|sum| (sum - of_group[0]).abs() < 1e-9));
                    let share = of_group.iter().sum::<f64>() / total;
                    let expected = match variant {
                        FairBalanceVariant::FairBalance => size as f64 / labels.len() as f64,
                        FairBalanceVariant::FairBalanceVariant => 0.25,
                    };
                    prop_assert!((share - expected).abs() < 1e-12);
                }
            }
        }
    }
}

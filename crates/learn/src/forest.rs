use std::num::NonZeroUsize;

use counterpoise_base::Random;
use rafor::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// Random forest: the mean of many deep trees, each grown on a bootstrap of the rows with few columns a split.
///
/// Good on tables of mixed columns without any tuning. Its probabilities shy away from 0 and 1.
///
/// # Source
///
/// Breiman, "Random Forests", Machine Learning 45 (2001), with Gini impurity and the mean of leaf shares, by the crate
/// rafor. Defaults are those of scikit-learn's `RandomForestClassifier`; trees are others, for draws are. A row is drawn
/// into a bootstrap as often as its weight says, as there since 1.9: trees that grow until their leaves are pure hardly
/// heed weights of rows that were drawn regardless of them. Numbers are compared in single precision, as there. Cost:
/// `O(trees · columns a split · n log² n)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomForest {
    /// Trees.
    pub n_estimators: NonZeroUsize,
    /// Columns that a split chooses from.
    pub max_features: MaxFeatures,
    /// Rows that a leaf must have.
    pub min_samples_leaf: NonZeroUsize,
    /// Splits between root and leaf at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<NonZeroUsize>,
}

/// Columns that a split chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaxFeatures {
    /// The square root of all.
    Sqrt,
    /// The binary logarithm of all.
    Log2,
    /// All of them.
    All,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self {
            n_estimators: NonZeroUsize::new(100).expect("100 is not 0"),
            max_features: MaxFeatures::Sqrt,
            min_samples_leaf: NonZeroUsize::MIN,
            max_depth: None,
        }
    }
}

impl Learn for RandomForest {
    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let width = task.design.width();
        let most = usize::from(u16::MAX);
        if width > most {
            return Err(Error::TooWide {
                model: "forest",
                columns: width,
                most,
            });
        }
        let rows = task.design.to_f32_rows();
        let labels: Vec<i64> = task.labels.iter().map(|&label| i64::from(label)).collect();
        let classes = task.classes.len();
        let trees = self.n_estimators.get();
        if task.weights.is_none() {
            let mut trainer = rafor::rf::Classifier::trainer();
            trainer.with_trees(trees).with_seed(task.seed.number());
            self.grow(&mut trainer, width);
            // One thread: with more, the order in which trees are added up is one of chance.
            let trees = trainer.train(&rows, &labels);
            return Ok(Fitted::new(Forest { trees, classes }));
        }
        let draw = Draw::new(task);
        let one = |tree: usize| {
            let seed = task.seed.child("tree").child(tree as u64);
            let mut trainer = rafor::dt::Classifier::trainer();
            trainer
                .with_seed(seed.number())
                .with_weights(&draw.counts(&mut seed.rng()));
            self.grow(&mut trainer, width);
            trainer.train(&rows, &labels)
        };
        let trees = (0..trees).map(one).collect();
        Ok(Fitted::new(WeightedForest { trees, classes }))
    }
}

impl RandomForest {
    fn grow(&self, trainer: &mut impl CommonTrainerBuilder, width: usize) {
        trainer
            .with_min_samples_leaf(self.min_samples_leaf.get())
            .with_max_features(match self.max_features {
                MaxFeatures::Sqrt => rafor::MaxFeaturesPolicy::SQRT,
                MaxFeatures::Log2 => rafor::MaxFeaturesPolicy::LOG,
                MaxFeatures::All => rafor::MaxFeaturesPolicy::NUMBER(width),
            });
        if let Some(depth) = self.max_depth {
            trainer.with_max_depth(depth.get());
        }
    }
}

/// A bootstrap that draws each row with a probability in proportion to its weight.
struct Draw {
    /// Sums of weights up to and with each row.
    sums: Vec<f64>,
}

impl Draw {
    fn new(task: &Task<'_>) -> Self {
        let add = |sum: &mut f64, row: usize| {
            *sum += task.weight(row);
            Some(*sum)
        };
        Self {
            sums: (0..task.labels.len()).scan(0.0, add).collect(),
        }
    }

    /// How often each row was drawn.
    fn counts(&self, random: &mut Random) -> Vec<f32> {
        let total = self.sums.last().copied().unwrap_or(0.0);
        let mut counts = vec![0.0; self.sums.len()];
        // Rounding may bring a product up to the total; a row of weight 0 has no share of it.
        let last = self.sums.partition_point(|&sum| sum < total);
        for _ in 0..counts.len() {
            let at = random.fraction() * total;
            counts[self.sums.partition_point(|&sum| sum <= at).min(last)] += 1.0;
        }
        counts
    }
}

struct Forest {
    trees: rafor::rf::Classifier,
    classes: usize,
}

impl Predict for Forest {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let shares = self.trees.proba(&design.to_f32_rows(), 1);
        let mut probabilities: Vec<f64> = shares.into_iter().map(f64::from).collect();
        normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}

struct WeightedForest {
    trees: Vec<rafor::dt::Classifier>,
    classes: usize,
}

impl Predict for WeightedForest {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let rows = design.to_f32_rows();
        let mut probabilities = vec![0.0; design.rows() * self.classes];
        for tree in &self.trees {
            for (sum, share) in probabilities.iter_mut().zip(tree.proba(&rows)) {
                *sum += f64::from(share);
            }
        }
        normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}

/// Makes rows sum to 1 in double precision too.
pub(crate) fn normalize(probabilities: &mut [f64], classes: usize) {
    for row in probabilities.chunks_exact_mut(classes) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|share| *share /= sum);
        } else {
            row.fill(1.0 / classes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use crate::learner::tests::clouds;
    use crate::{Learner, Training};

    #[test]
    fn weights_decide_how_often_rows_are_drawn() {
        let (design, labels, classes) = clouds(300, 2);
        let share = |weights: Option<&[f64]>| {
            let data = Training {
                design: &design,
                labels: &labels,
                classes: &classes,
                weights,
                groups: None,
            };
            let forest = Learner::from_name("forest").expect("it is known");
            let model = forest.fit(&data, &Seed::new(1)).expect("it is fitted");
            let probabilities = model.probabilities(&design).expect("the columns are the same");
            probabilities.chunks_exact(2).map(|row| row[1]).sum::<f64>() / 300.0
        };
        let weights = |second: f64| -> Vec<f64> {
            labels
                .iter()
                .map(|&label| if label == 1 { second } else { 1.0 })
                .collect()
        };
        let (plain, equal) = (share(None), share(Some(&weights(1.0))));
        assert!((plain - equal).abs() < 0.02, "{plain} {equal}");
        let (light, heavy) = (share(Some(&weights(0.02))), share(Some(&weights(50.0))));
        assert!(
            light < plain - 0.1 && heavy > plain + 0.1,
            "{light} {plain} {heavy}"
        );
    }
}

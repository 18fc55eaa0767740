use std::num::NonZeroUsize;

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
/// rafor. Defaults are those of scikit-learn's `RandomForestClassifier`; trees are others, for draws are. Weights
/// multiply bootstrap counts, as there. Numbers are compared in single precision, as there. Cost:
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
        let mut trainer = rafor::rf::Classifier::trainer();
        trainer
            .with_trees(self.n_estimators.get())
            .with_seed(task.seed.number())
            .with_min_samples_leaf(self.min_samples_leaf.get())
            .with_max_features(match self.max_features {
                MaxFeatures::Sqrt => rafor::MaxFeaturesPolicy::SQRT,
                MaxFeatures::Log2 => rafor::MaxFeaturesPolicy::LOG,
                MaxFeatures::All => rafor::MaxFeaturesPolicy::NUMBER(width),
            });
        if let Some(depth) = self.max_depth {
            trainer.with_max_depth(depth.get());
        }
        if task.weights.is_some() {
            let weights: Vec<f32> = (0..labels.len()).map(|row| task.weight(row) as f32).collect();
            trainer.with_weights(&weights);
        }
        // One thread: with more, the order in which trees are added up is one of chance.
        Ok(Fitted::new(Forest {
            trees: trainer.train(&rows, &labels),
            classes: task.classes.len(),
        }))
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

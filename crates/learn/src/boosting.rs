use std::num::NonZeroUsize;

use hessboost::config::TrainingParams;
use hessboost::data::DMatrix;
use hessboost::model::{BoostedModel, Iterations};
use hessboost::objective::{Multiclass, Objective, RegLoss};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forest::normalize;
use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// Gradient-boosted trees: each tree mends what the ones before it left.
///
/// The strongest model on most tables, calibrated well enough as it is.
///
/// # Source
///
/// Chen and Guestrin, "XGBoost" (KDD 2016), histograms of 256 bins, by the crate hessboost, which takes XGBoost's names
/// and gives the same model for any number of threads. Defaults are XGBoost's but for the learning rate and the number
/// of trees, which are those of scikit-learn's `HistGradientBoostingClassifier`. Cost: `O(trees · columns · n)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GradientBoosting {
    /// Trees, for each class if there are more than two.
    pub n_estimators: NonZeroUsize,
    /// How much of each tree is added, above 0, up to 1.
    pub learning_rate: f64,
    /// Splits between root and leaf at most.
    pub max_depth: NonZeroUsize,
    /// Weight that a leaf must have, in units of the second derivative.
    pub min_child_weight: f64,
    /// Quadratic penalty of leaf values.
    pub reg_lambda: f64,
}

impl Default for GradientBoosting {
    fn default() -> Self {
        Self {
            n_estimators: NonZeroUsize::new(100).expect("100 is not 0"),
            learning_rate: 0.1,
            max_depth: NonZeroUsize::new(6).expect("6 is not 0"),
            min_child_weight: 1.0,
            reg_lambda: 1.0,
        }
    }
}

fn library(error: &hessboost::error::HessboostError) -> Error {
    Error::Library {
        model: "boosting",
        problem: error.to_string(),
    }
}

impl Learn for GradientBoosting {
    fn check(&self) -> Result<(), Error> {
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::OutOfRange {
                model: "boosting",
                option: "learning_rate",
                value: self.learning_rate.to_string(),
                range: "a number above 0, up to 1",
            });
        }
        Ok(())
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let labels: Vec<f32> = task.labels.iter().map(|&label| label as f32).collect();
        let mut data = matrix(task.design)?
            .with_labels(&labels)
            .map_err(|error| library(&error))?;
        if task.weights.is_some() {
            let weights: Vec<f32> = (0..labels.len()).map(|row| task.weight(row) as f32).collect();
            data = data.with_weights(&weights).map_err(|error| library(&error))?;
        }
        let objective = if task.classes.len() == 2 {
            Objective::BinaryLogistic(RegLoss::default())
        } else {
            Objective::Softprob(Multiclass::new(task.classes.len()).map_err(|error| library(&error))?)
        };
        let parameters = TrainingParams::builder()
            .objective(objective)
            .eta(self.learning_rate)
            .max_depth(self.max_depth.get())
            .min_child_weight(self.min_child_weight)
            .lambda(self.reg_lambda)
            .seed(task.seed.number())
            .nthread(1)
            .build()
            .map_err(|error| library(&error))?;
        let model = hessboost::training::train(&parameters, &data, self.n_estimators.get())
            .map_err(|error| library(&error))?;
        Ok(Fitted::new(Trees {
            model,
            classes: task.classes.len(),
        }))
    }
}

struct Trees {
    model: BoostedModel,
    classes: usize,
}

fn matrix(design: &Design) -> Result<DMatrix, Error> {
    DMatrix::from_dense_vec(design.to_f32_rows(), design.rows(), design.width())
        .map_err(|error| library(&error))
}

impl Predict for Trees {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let predicted = self
            .model
            .predict(&matrix(design)?, Iterations::Best)
            .map_err(|error| library(&error))?;
        let values = predicted.as_slice().iter().map(|&value| f64::from(value));
        if self.classes == 2 {
            return Ok(values.flat_map(|positive| [1.0 - positive, positive]).collect());
        }
        let mut probabilities: Vec<f64> = values.collect();
        normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::design::UNSEEN;
use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// Gaussian naive Bayes: every column is normal within a class and independent of the others.
///
/// The quickest model; its probabilities run to 0 and 1 where columns go together.
///
/// # Source
///
/// As scikit-learn's `GaussianNB` on standardised and one-hot columns, weights included: the share of the largest
/// variance of all columns is added to each. No maintained crate offers probabilities or weights, so that these forty
/// lines are our own. Cost: `O(n d)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GaussianNaiveBayes {
    /// Share of the largest variance that is added to all, above 0.
    pub var_smoothing: f64,
}

impl Default for GaussianNaiveBayes {
    fn default() -> Self {
        Self { var_smoothing: 1e-9 }
    }
}

impl Learn for GaussianNaiveBayes {
    fn check(&self) -> Result<(), Error> {
        if !(self.var_smoothing > 0.0 && self.var_smoothing.is_finite()) {
            return Err(Error::OutOfRange {
                model: "naive-bayes",
                option: "var_smoothing",
                value: self.var_smoothing.to_string(),
                range: "a number above 0",
            });
        }
        Ok(())
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let (width, classes) = (task.design.width(), task.classes.len());
        let rows = task.labels.len();
        let numbers = task.design.numeric.columns();
        // scikit-learn takes the largest variance of all rows, unweighted.
        let overall = moments(task.design, 1, |_| (0, 1.0));
        let widest = overall[0].variances.iter().copied().fold(0.0, f64::max);
        let epsilon = (self.var_smoothing * widest).max(f64::MIN_POSITIVE);
        let of_class = moments(task.design, classes, |row| {
            (task.labels[row] as usize, task.weight(row))
        });
        let total: f64 = (0..rows).map(|row| task.weight(row)).sum();
        let class = |moments: Moments| {
            let variances: Vec<f64> = moments
                .variances
                .iter()
                .map(|variance| variance + epsilon)
                .collect();
            let log = |x: f64, column: usize| {
                let (mean, variance) = (moments.means[column], variances[column]);
                -0.5 * ((2.0 * std::f64::consts::PI * variance).ln() + (x - mean).powi(2) / variance)
            };
            let zeros: f64 = (numbers..width).map(|column| log(0.0, column)).sum();
            Class {
                prior: (moments.weight / total).ln() + zeros,
                ones: (numbers..width)
                    .map(|column| log(1.0, column) - log(0.0, column))
                    .collect(),
                means: moments.means[..numbers].to_vec(),
                variances: variances[..numbers].to_vec(),
            }
        };
        Ok(Fitted::new(Bayes {
            classes: of_class.into_iter().map(class).collect(),
        }))
    }
}

struct Moments {
    weight: f64,
    means: Vec<f64>,
    variances: Vec<f64>,
}

/// Weighted means and variances of all columns within parts of the rows.
fn moments(design: &Design, parts: usize, part: impl Fn(usize) -> (usize, f64)) -> Vec<Moments> {
    let (width, numbers) = (design.width(), design.numeric.columns());
    let empty = || Moments {
        weight: 0.0,
        means: vec![0.0; width],
        variances: vec![0.0; width],
    };
    let mut all: Vec<Moments> = (0..parts).map(|_| empty()).collect();
    for row in 0..design.rows() {
        let (part, weight) = part(row);
        all[part].weight += weight;
        for (column, value) in design.sparse_row(row) {
            all[part].means[column] += weight * value;
        }
    }
    for moments in &mut all {
        let weight = moments.weight;
        moments.means.iter_mut().for_each(|mean| *mean /= weight);
    }
    for row in 0..design.rows() {
        let (part, weight) = part(row);
        let moments = &mut all[part];
        for (column, value) in design.numeric.row(row).iter().enumerate() {
            moments.variances[column] += weight * (value - moments.means[column]).powi(2);
        }
    }
    for moments in &mut all {
        let weight = moments.weight;
        moments.variances[..numbers]
            .iter_mut()
            .for_each(|sum| *sum /= weight);
        for column in numbers..width {
            // Of a column of zeros and ones.
            moments.variances[column] = moments.means[column] * (1.0 - moments.means[column]);
        }
    }
    all
}

struct Bayes {
    classes: Vec<Class>,
}

struct Class {
    /// Logarithm of the prior and of what a row without any category gets.
    prior: f64,
    /// What a category adds to it.
    ones: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl Predict for Bayes {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::with_capacity(design.rows() * self.classes.len());
        let norms: Vec<f64> = self
            .classes
            .iter()
            .map(|class| {
                class
                    .variances
                    .iter()
                    .map(|v| (2.0 * std::f64::consts::PI * v).ln())
                    .sum()
            })
            .collect();
        for row in 0..design.rows() {
            let start = probabilities.len();
            for (class, norm) in self.classes.iter().zip(&norms) {
                let spread = class
                    .means
                    .iter()
                    .zip(&class.variances)
                    .zip(design.numeric.row(row));
                let square: f64 = spread
                    .map(|((mean, variance), x)| (x - mean).powi(2) / variance)
                    .sum();
                let ones = design.places(row).iter().filter(|&&place| place != UNSEEN);
                let ones: f64 = ones.map(|&place| class.ones[place as usize]).sum();
                probabilities.push(class.prior + ones - 0.5 * (norm + square));
            }
            let logs = &mut probabilities[start..];
            let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            logs.iter_mut().for_each(|log| *log = (*log - most).exp());
            let sum: f64 = logs.iter().sum();
            logs.iter_mut().for_each(|share| *share /= sum);
        }
        Ok(probabilities)
    }
}

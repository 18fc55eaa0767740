use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::descent::{Smooth, minimize};
use crate::design::UNSEEN;
use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// Logistic regression with a quadratic penalty, multinomial for more than two classes.
///
/// The model to start with: quick, calibrated by itself, and a fair floor for others.
///
/// # Source
///
/// Minimises the mean of weighted log losses plus `|w|² / (2 C Σ weights)`, as scikit-learn's `LogisticRegression`
/// with `lbfgs` does, to a gradient of 1e-6 where scikit-learn stops at 1e-4: coefficients agree to some four
/// digits at its default and better with a smaller `tol`. L-BFGS with the line search of Moré and Thuente is that of
/// the crate argmin. LIBLINEAR (`solver = "liblinear"`, which the Fair Oversampling papers use) penalises the
/// intercept too: set `penalize_intercept`. Cost: `O(n (numbers + categorical features))` a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogisticRegression {
    /// Inverse strength of the penalty, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// Whether the penalty holds for the intercept too, as in LIBLINEAR.
    pub penalize_intercept: bool,
    /// Steps after which a fit that has not converged is left as it is, with a warning.
    pub max_iter: u64,
    /// Length of the gradient below which a fit has converged.
    pub tol: f64,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        Self {
            c: 1.0,
            penalize_intercept: false,
            max_iter: 1000,
            tol: 1e-6,
        }
    }
}

impl Learn for LogisticRegression {
    fn check(&self) -> Result<(), Error> {
        for (option, value) in [("C", self.c), ("tol", self.tol)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange {
                    model: "logistic",
                    option,
                    value: value.to_string(),
                    range: "a number above 0",
                });
            }
        }
        Ok(())
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let total: f64 = (0..task.labels.len()).map(|row| task.weight(row)).sum();
        let loss = Loss {
            design: task.design,
            labels: &task.labels,
            weights: task.weights,
            total,
            penalty: 1.0 / (self.c * total),
            penalize_intercept: self.penalize_intercept,
            sets: if task.classes.len() == 2 {
                1
            } else {
                task.classes.len()
            },
        };
        let start = match task.start {
            Some(start) if start.len() == loss.length() => start.to_vec(),
            _ => vec![0.0; loss.length()],
        };
        let found = minimize("logistic", &loss, start, self.max_iter, self.tol)?;
        let warning = found.warning("logistic", self.max_iter, self.tol);
        let coefficients = Coefficients {
            sets: loss.sets,
            values: found.parameters.clone(),
        };
        Ok(Fitted::new(coefficients)
            .warning(warning)
            .ended_at(found.parameters))
    }
}

/// One set of coefficients and an intercept for two classes, one for each class for more.
pub(crate) struct Coefficients {
    pub(crate) sets: usize,
    pub(crate) values: Vec<f64>,
}

impl Predict for Coefficients {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::with_capacity(design.rows() * self.sets.max(2));
        let mut scores = vec![0.0; self.sets];
        for row in 0..design.rows() {
            score(design, row, &self.values, &mut scores);
            if self.sets == 1 {
                let positive = sigmoid(scores[0]);
                probabilities.extend([1.0 - positive, positive]);
            } else {
                softmax(&mut scores);
                probabilities.extend_from_slice(&scores);
            }
        }
        Ok(probabilities)
    }
}

pub(crate) fn sigmoid(score: f64) -> f64 {
    if score >= 0.0 {
        1.0 / (1.0 + (-score).exp())
    } else {
        let grown = score.exp();
        grown / (1.0 + grown)
    }
}

fn softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// Linear scores of one row. Each set of `values` holds numbers, one-hot columns, and the intercept at its end.
#[inline]
pub(crate) fn score(design: &Design, row: usize, values: &[f64], scores: &mut [f64]) {
    let numbers = design.numeric.row(row);
    let places = design.places(row);
    let length = values.len() / scores.len();
    for (set, score) in values.chunks_exact(length).zip(scores) {
        let (of_numbers, of_ones) = set.split_at(numbers.len());
        let mut sum = set[length - 1];
        for (coefficient, number) in of_numbers.iter().zip(numbers) {
            sum += coefficient * number;
        }
        for &place in places.iter().filter(|&&place| place != UNSEEN) {
            sum += of_ones[place as usize];
        }
        *score = sum;
    }
}

struct Loss<'a> {
    design: &'a Design,
    labels: &'a [u32],
    weights: Option<&'a [f64]>,
    total: f64,
    penalty: f64,
    penalize_intercept: bool,
    sets: usize,
}

impl Loss<'_> {
    fn length(&self) -> usize {
        self.sets * (self.design.width() + 1)
    }
}

impl Smooth for Loss<'_> {
    fn measure(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let length = self.design.width() + 1;
        let numbers = self.design.numeric.columns();
        let mut gradient = vec![0.0; at.len()];
        let mut scores = vec![0.0; self.sets];
        let mut cost = 0.0;
        for (row, &label) in self.labels.iter().enumerate() {
            let weight = self.weights.map_or(1.0, |weights| weights[row]);
            if weight == 0.0 {
                continue;
            }
            score(self.design, row, at, &mut scores);
            if self.sets == 1 {
                let score = scores[0];
                let positive = f64::from(label);
                // log(1 + e^score) without overflow.
                cost += weight * (score.max(0.0) + (-score.abs()).exp().ln_1p() - positive * score);
                scores[0] = weight * (sigmoid(score) - positive);
            } else {
                let own = scores[label as usize];
                let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
                cost += weight * (sum.ln() + most - own);
                softmax(&mut scores);
                scores[label as usize] -= 1.0;
                scores.iter_mut().for_each(|part| *part *= weight);
            }
            for (set, &part) in gradient.chunks_exact_mut(length).zip(&scores) {
                for (sum, number) in set.iter_mut().zip(self.design.numeric.row(row)) {
                    *sum += part * number;
                }
                for &place in self.design.places(row).iter().filter(|&&place| place != UNSEEN) {
                    set[numbers + place as usize] += part;
                }
                set[length - 1] += part;
            }
        }
        cost /= self.total;
        gradient.iter_mut().for_each(|part| *part /= self.total);
        for (set, at) in gradient.chunks_exact_mut(length).zip(at.chunks_exact(length)) {
            let penalized = if self.penalize_intercept {
                length
            } else {
                length - 1
            };
            for (part, value) in set[..penalized].iter_mut().zip(at) {
                *part += self.penalty * value;
                cost += 0.5 * self.penalty * value * value;
            }
        }
        (cost, gradient)
    }
}

/// Slope and intercept of the logistic curve that fits weighted soft targets best, without a penalty.
pub(crate) fn fit_curve(scores: &[f64], labels: &[u32], weights: &[f64]) -> Result<(f64, f64), Error> {
    let design = Design::from_matrix(counterpoise_base::Matrix::new(scores.len(), 1, scores.to_vec()));
    let loss = Loss {
        design: &design,
        labels,
        weights: Some(weights),
        total: weights.iter().sum(),
        penalty: 0.0,
        penalize_intercept: false,
        sets: 1,
    };
    let found = minimize("logistic", &loss, vec![0.0; 2], 1000, 1e-8)?;
    Ok((found.parameters[0], found.parameters[1]))
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;
    use crate::descent::NOT_CONVERGED;
    use crate::descent::tests::check_gradient;
    use crate::learner::tests::clouds;
    use crate::{Learner, Training};

    #[test]
    fn the_gradient_is_that_of_the_cost() {
        for classes in [2, 3] {
            let (design, labels, _) = clouds(40, classes);
            let weights: Vec<f64> = (0..40).map(|row| 0.5 + f64::from(row % 3)).collect();
            let loss = Loss {
                design: &design,
                labels: &labels,
                weights: Some(&weights),
                total: weights.iter().sum(),
                penalty: 0.1,
                penalize_intercept: classes == 3,
                sets: if classes == 2 { 1 } else { 3 },
            };
            let at: Vec<f64> = (0..loss.length()).map(|place| 0.3 - 0.1 * place as f64).collect();
            check_gradient(&loss, &at);
        }
    }

    #[test]
    fn a_fit_that_does_not_converge_says_so() {
        let (design, labels, names) = clouds(200, 2);
        let learner = Learner::Logistic(LogisticRegression {
            max_iter: 1,
            ..LogisticRegression::default()
        });
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: None,
        };
        let model = learner
            .fit(&data, &Seed::new(1))
            .expect("it is fitted as far as it goes");
        assert_eq!(model.warnings()[0].code, NOT_CONVERGED);
    }

    #[test]
    fn a_tolerance_below_rounding_ends_too() {
        let (design, labels, names) = clouds(150, 3);
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: None,
        };
        let exact = LogisticRegression {
            tol: 1e-300,
            ..LogisticRegression::default()
        };
        let model = Learner::Logistic(exact)
            .fit(&data, &Seed::new(1))
            .expect("it is fitted");
        assert_eq!(model.warnings()[0].code, NOT_CONVERGED);
    }

    #[test]
    fn separated_classes_converge_under_the_penalty() {
        let design = Design::from_matrix(counterpoise_base::Matrix::new(4, 1, vec![-2.0, -1.0, 1.0, 2.0]));
        let data = Training {
            design: &design,
            labels: &[0, 0, 1, 1],
            classes: &["a".to_owned(), "b".to_owned()],
            weights: None,
            groups: None,
        };
        let model = Learner::Logistic(LogisticRegression::default())
            .fit(&data, &Seed::new(1))
            .expect("it is fitted");
        assert!(model.warnings().is_empty());
    }
}

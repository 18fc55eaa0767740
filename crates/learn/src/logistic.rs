use std::sync::Mutex;

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use counterpoise_base::Warning;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

pub(crate) const NOT_CONVERGED: &str = "learn.not-converged";

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
            seen: Mutex::default(),
        };
        let found = minimize(&loss, self.max_iter, self.tol)?;
        let mut fitted = Fitted::new(Coefficients {
            sets: if task.classes.len() == 2 {
                1
            } else {
                task.classes.len()
            },
            values: found.parameters,
        });
        if let Some(gradient) = found.left {
            let message = format!(
                "logistic did not converge in {} steps: its gradient is {gradient:.1e} long, not {:.0e}",
                self.max_iter, self.tol
            );
            let hint = "set a larger `max_iter`, a smaller `C`, or a larger `tol` for this model";
            fitted
                .warnings
                .push(Warning::new(NOT_CONVERGED, message).with_hint(hint));
        }
        Ok(fitted)
    }
}

/// One set of coefficients and an intercept for two classes, one for each class for more.
struct Coefficients {
    sets: usize,
    values: Vec<f64>,
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
fn score(design: &Design, row: usize, values: &[f64], scores: &mut [f64]) {
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
    /// What was measured last, since cost and gradient are asked for one after the other; and the best so far, since
    /// a line search that fails forgets it.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    last: Option<Measured>,
    best: Option<Measured>,
    /// Measurements since the best one.
    in_vain: usize,
}

#[derive(Clone)]
struct Measured {
    at: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
}

impl Measured {
    fn slope(&self) -> f64 {
        self.gradient.iter().map(|part| part * part).sum::<f64>().sqrt()
    }
}

impl Loss<'_> {
    fn length(&self) -> usize {
        self.sets * (self.design.width() + 1)
    }

    fn measure(&self, at: &[f64]) -> Measured {
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
        Measured {
            at: at.to_vec(),
            cost,
            gradient,
        }
    }

    fn look<T>(&self, at: &[f64], pick: impl Fn(&Measured) -> T) -> Result<T, argmin::core::Error> {
        let Ok(mut seen) = self.seen.lock() else {
            return Err(argmin::core::Error::msg("a thread failed"));
        };
        if let Some(last) = seen.last.as_ref().filter(|last| last.at == at) {
            return Ok(pick(last));
        }
        // A line search that rounding has blinded would go on for ever.
        if seen.in_vain >= MOST_IN_VAIN {
            return Err(argmin::core::Error::msg("no step goes down any more"));
        }
        let measured = self.measure(at);
        let picked = pick(&measured);
        if seen.best.as_ref().is_none_or(|best| measured.cost < best.cost) {
            seen.best = Some(measured.clone());
            seen.in_vain = 0;
        } else {
            seen.in_vain += 1;
        }
        seen.last = Some(measured);
        Ok(picked)
    }
}

impl CostFunction for &Loss<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        self.look(at, |measured| measured.cost)
    }
}

impl Gradient for &Loss<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        self.look(at, |measured| measured.gradient.clone())
    }
}

struct Found {
    parameters: Vec<f64>,
    /// Length of the gradient that is left, where it is not small enough.
    left: Option<f64>,
}

/// Line searches end where rounding hides any descent; what is left then is no failure.
const RESOLUTION: f64 = 100.0;

fn minimize(loss: &Loss<'_>, max_iter: u64, tol: f64) -> Result<Found, Error> {
    let library = |problem: String| Error::Library {
        model: "logistic",
        problem,
    };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10)
        .with_tolerance_grad(tol)
        .and_then(|solver| solver.with_tolerance_cost(0.0))
        .map_err(|error| library(error.to_string()))?;
    let start = vec![0.0; loss.length()];
    // A start that is the end has no gradient to follow. What the solver returns is not needed: the loss remembers the
    // best it saw, also where a line search failed.
    if loss.measure(&start).slope() > tol {
        let _ = Executor::new(loss, solver)
            .configure(|state| state.param(start.clone()).max_iters(max_iter))
            .timer(false)
            .run();
    }
    let seen = loss.seen.lock().map_err(|_| library("a thread failed".into()))?;
    let best = seen.best.clone().unwrap_or_else(|| loss.measure(&start));
    let slope = best.slope();
    if !slope.is_finite() {
        return Err(library("the loss is not finite".into()));
    }
    Ok(Found {
        left: (slope > tol * RESOLUTION).then_some(slope),
        parameters: best.at,
    })
}

const MOST_IN_VAIN: usize = 60;

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
        seen: Mutex::default(),
    };
    let found = minimize(&loss, 1000, 1e-8)?;
    Ok((found.parameters[0], found.parameters[1]))
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;
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
                seen: Mutex::default(),
            };
            let at: Vec<f64> = (0..loss.length()).map(|place| 0.3 - 0.1 * place as f64).collect();
            let measured = loss.measure(&at);
            for place in 0..at.len() {
                let moved = |step: f64| {
                    let mut at = at.clone();
                    at[place] += step;
                    loss.measure(&at).cost
                };
                let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                assert!(
                    (slope - measured.gradient[place]).abs() < 1e-8,
                    "{classes} classes, {place}"
                );
            }
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
        };
        let model = Learner::Logistic(LogisticRegression::default())
            .fit(&data, &Seed::new(1))
            .expect("it is fitted");
        assert!(model.warnings().is_empty());
    }
}

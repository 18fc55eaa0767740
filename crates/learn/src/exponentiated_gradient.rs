use std::num::NonZeroUsize;

use counterpoise_base::Warning;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::constraint::{Cells, Moment, Moments};
use crate::descent::NOT_CONVERGED;
use crate::learner::{Fitted, GroupUse, Learn, Predict, Task};
use crate::linear_program::best_mixture;
use crate::{Constraint, Decision, Design, Error, Estimator, Model};

/// Mixes models, each fitted to other weights of rows, so that groups are treated alike at the least error.
///
/// The model to choose where a difference between groups must stay below a bound, whatever the model inside. It needs
/// groups while it is fitted only. Its predictions are drawn: a row gets the favourable class with the probability that
/// it gives, and the bound holds on average over draws. Two classes only.
///
/// # Source
///
/// Agarwal, Beygelzimer, Dudík, Langford, Wallach, "A Reductions Approach to Fair Classification" (ICML 2018), Algorithm
/// 1, in the form that Fairlearn 0.15 gives it: a linear program over the models found so far follows each step, the
/// learning rate shrinks where the gap does not, and prices are lowered without changing what they say. Steps, gaps and
/// mixtures agree with Fairlearn's as far as the models inside do; where several mixtures are equally good, the one that
/// is chosen can differ. Weights of rows, which Fairlearn does not take, count as copies. A group without rows of a class
/// that the constraint compares is refused, where Fairlearn leaves it free. Cost: up to nine fits of the estimator a
/// step; logistic regression begins each at the end of the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ExponentiatedGradient {
    /// The model inside. It must take weights of rows.
    pub estimator: Estimator,
    /// What shall be alike in all groups.
    #[serde(alias = "constraints")]
    pub constraint: Constraint,
    /// How far the rate of a group may be from that of all groups, 0 or more.
    pub difference_bound: f64,
    /// One over the price that a broken constraint has at most, above 0. A larger one ends sooner and further from the
    /// bound.
    pub eps: f64,
    /// Steps at most.
    pub max_iter: NonZeroUsize,
    /// Gap between the mixture and the best one at which it stops; without it, half of the standard error of the first
    /// model's error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nu: Option<f64>,
    /// Learning rate of prices in units of `eps`, above 0.
    pub eta0: f64,
    /// Whether the best mixture of all models so far is looked for after each step.
    pub run_linprog_step: bool,
    /// The favourable class; the second one without it.
    #[serde(
        alias = "favourable_label",
        alias = "favourable",
        alias = "favorable",
        skip_serializing_if = "Option::is_none"
    )]
    pub favorable_label: Option<String>,
}

impl Default for ExponentiatedGradient {
    fn default() -> Self {
        Self {
            estimator: Estimator::default(),
            constraint: Constraint::default(),
            difference_bound: 0.01,
            eps: 0.01,
            max_iter: NonZeroUsize::new(50).expect("50 is not 0"),
            nu: None,
            eta0: 2.0,
            run_linprog_step: true,
            favorable_label: None,
        }
    }
}

const NAME: &str = "exponentiated-gradient";

/// Differences below this are rounding.
const PRECISION: f64 = 1e-8;
/// It takes no fewer steps than this.
const LEAST_STEPS: usize = 5;

impl Learn for ExponentiatedGradient {
    fn check(&self) -> Result<(), Error> {
        let above_0 = [
            ("eps", self.eps),
            ("eta0", self.eta0),
            ("nu", self.nu.unwrap_or(1.0)),
        ];
        let wrong = above_0
            .iter()
            .find(|(_, value)| !(*value > 0.0 && value.is_finite()));
        if let Some(&(option, value)) = wrong {
            return Err(out_of_range(option, value, "a number above 0"));
        }
        if !(self.difference_bound >= 0.0 && self.difference_bound.is_finite()) {
            return Err(out_of_range(
                "difference_bound",
                self.difference_bound,
                "0 or more",
            ));
        }
        self.estimator.check(NAME)
    }

    fn group_use(&self) -> GroupUse {
        GroupUse::Fit
    }

    fn two_classes_only(&self) -> bool {
        true
    }

    fn randomised(&self) -> bool {
        true
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let favourable = task.favourable(NAME, self.favorable_label.as_deref())?;
        let cells = Cells::new(task, favourable);
        self.constraint.check_cells(NAME, task, &cells)?;
        let mut game = Game {
            responses: Responses::new(
                task,
                &cells,
                &self.estimator,
                Moments::new(self.constraint, &cells),
            ),
            found: Vec::new(),
            bound: self.difference_bound,
            price: 1.0 / self.eps,
        };
        let outcome = self.play(&mut game)?;
        let mut warnings = game.responses.warnings;
        if outcome.gap > outcome.wanted + PRECISION {
            let message = format!(
                "{NAME} stopped after {} steps {:.1e} away from the best mixture, not {:.1e}",
                outcome.steps, outcome.gap, outcome.wanted
            );
            let hint = "set a larger `max_iter`, `eps` or `nu` for this model";
            warnings.push(Warning::new(NOT_CONVERGED, message).with_hint(hint));
        }
        let members = game.found.into_iter().zip(outcome.weights);
        Ok(Fitted::new(Mixture {
            members: members
                .filter(|(_, weight)| *weight > 0.0)
                .map(|(found, weight)| (found.response, weight))
                .collect(),
            favourable,
        })
        .warning(warnings))
    }
}

fn out_of_range(option: &'static str, value: f64, range: &'static str) -> Error {
    Error::OutOfRange {
        model: NAME,
        option,
        value: value.to_string(),
        range,
    }
}

/// How the game ended.
struct Outcome {
    /// One weight for each response.
    weights: Vec<f64>,
    gap: f64,
    wanted: f64,
    steps: usize,
}

impl ExponentiatedGradient {
    fn play(&self, game: &mut Game<'_>) -> Result<Outcome, Error> {
        let length = game.responses.moments.len();
        let mut strain = vec![0.0_f64; length];
        let mut sum_of_prices = vec![0.0; length];
        let mut chosen: Vec<f64> = Vec::new();
        let mut rate = self.eta0 * self.eps;
        let mut wanted = self.nu.unwrap_or(f64::NAN);
        let (mut last_check, mut last_gap) = (5.0, f64::INFINITY);
        let mut least_gap = f64::INFINITY;
        let mut mixtures: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut program: Option<(usize, f64, Vec<f64>)> = None;
        for step in 0..self.max_iter.get() {
            let grown: Vec<f64> = strain.iter().map(|strain| strain.exp()).collect();
            let whole = 1.0 + grown.iter().sum::<f64>();
            let prices: Vec<f64> = grown.iter().map(|grown| game.price * grown / whole).collect();
            sum_of_prices
                .iter_mut()
                .zip(&prices)
                .for_each(|(sum, price)| *sum += price);
            let mean_prices: Vec<f64> = sum_of_prices.iter().map(|sum| sum / (step + 1) as f64).collect();
            let best = game.best_response(&prices)?;
            if step == 0 && self.nu.is_none() {
                wanted = game.found[best].moment.uncertainty(game.responses.cells.whole);
            }
            chosen.resize(game.found.len(), 0.0);
            chosen[best] += 1.0;
            let mixture: Vec<f64> = chosen.iter().map(|count| count / (step + 1) as f64).collect();
            let gap = game.gap(&mixture, &mean_prices, wanted)?;
            least_gap = least_gap.min(gap);
            let solved = if step > 0 && self.run_linprog_step {
                // It is solved anew only if there is a new response since.
                let size = game.found.len();
                if program.as_ref().is_none_or(|(of, ..)| *of != size) {
                    let (weights, prices) = game.best_mixture();
                    let gap = game.gap(&weights, &prices, wanted)?;
                    program = Some((size, gap, weights));
                }
                program.as_ref()
            } else {
                None
            };
            mixtures.push(match solved {
                Some((_, of_program, weights)) if *of_program <= gap => (*of_program, weights.clone()),
                _ => (gap, mixture),
            });
            if mixtures[step].0 < wanted && step >= LEAST_STEPS {
                break;
            }
            if step as f64 >= last_check * 1.6 {
                if least_gap > last_gap * 0.8 {
                    rate *= 0.8;
                }
                (last_check, last_gap) = (step as f64, least_gap);
            }
            for (strain, broken) in strain.iter_mut().zip(&game.found[best].moment.broken) {
                *strain += rate * (broken - game.bound);
            }
        }
        let steps = mixtures.len();
        let least = mixtures.iter().map(|(gap, _)| *gap).fold(f64::INFINITY, f64::min);
        let (gap, mut weights) = mixtures
            .into_iter()
            .rfind(|(gap, _)| *gap <= least + PRECISION)
            .ok_or_else(|| out_of_range("max_iter", 0.0, "1 or more"))?;
        weights.resize(game.found.len(), 0.0);
        Ok(Outcome {
            weights,
            gap,
            wanted,
            steps,
        })
    }
}

impl Moment {
    /// Half of the standard error of the share of errors.
    fn uncertainty(&self, rows: f64) -> f64 {
        let variance = self.error * (1.0 - self.error) * rows / (rows - 1.0);
        0.5 * variance.max(0.0).sqrt() / rows.sqrt()
    }
}

/// The game between one who picks classifiers and one who sets prices.
struct Game<'a> {
    responses: Responses<'a>,
    found: Vec<Found>,
    bound: f64,
    /// What all broken constraints cost together at most.
    price: f64,
}

struct Found {
    response: Response,
    moment: Moment,
}

impl Game<'_> {
    /// The classifier that is best at these prices, among those found and a new one.
    fn best_response(&mut self, prices: &[f64]) -> Result<usize, Error> {
        let value = |moment: &Moment| moment.error + dot(&moment.broken, prices);
        let (response, moment) = self.responses.best_at(prices)?;
        let known = self
            .found
            .iter()
            .enumerate()
            .map(|(place, found)| (value(&found.moment), place));
        let known = known.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        match known {
            Some((least, place)) if value(&moment) >= least - PRECISION => Ok(place),
            _ => {
                self.found.push(Found { response, moment });
                Ok(self.found.len() - 1)
            }
        }
    }

    /// How much either player could gain against a mixture and prices.
    fn gap(&mut self, weights: &[f64], prices: &[f64], wanted: f64) -> Result<f64, Error> {
        let lowered = self.responses.moments.lowered(prices);
        let bound = self.bound;
        let value = |error: f64, broken: &[f64]| {
            let excess = broken
                .iter()
                .zip(&lowered)
                .map(|(broken, price)| price * (broken - bound));
            error + excess.sum::<f64>()
        };
        let error: f64 = self
            .found
            .iter()
            .zip(weights)
            .map(|(found, weight)| weight * found.moment.error)
            .sum();
        let mut broken = vec![0.0; prices.len()];
        for (found, weight) in self.found.iter().zip(weights) {
            broken
                .iter_mut()
                .zip(&found.moment.broken)
                .for_each(|(sum, part)| *sum += weight * part);
        }
        let here = value(error, &broken);
        let worst = broken.iter().map(|broken| broken - bound).fold(0.0, f64::max);
        let high = error + self.price * worst;
        let mut low = here;
        // Classifiers are the best there are only as far as the learner goes: steeper prices may show a better one.
        for times in [1.0, 2.0, 5.0, 10.0] {
            let steeper: Vec<f64> = prices.iter().map(|price| times * price).collect();
            let best = self.best_response(&steeper)?;
            let moment = &self.found[best].moment;
            low = low.min(value(moment.error, &moment.broken));
            if (here - low).max(high - here) > wanted + PRECISION {
                break;
            }
        }
        Ok((here - low).max(high - here))
    }

    /// The best mixture of what was found, and its prices.
    fn best_mixture(&self) -> (Vec<f64>, Vec<f64>) {
        let errors: Vec<f64> = self.found.iter().map(|found| found.moment.error).collect();
        let excess: Vec<Vec<f64>> = self
            .found
            .iter()
            .map(|found| {
                found
                    .moment
                    .broken
                    .iter()
                    .map(|broken| broken - self.bound)
                    .collect()
            })
            .collect();
        best_mixture(&errors, &excess, self.price)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A classifier that a player answers with.
pub(crate) enum Response {
    /// Always the favourable class, or never.
    Constant(bool),
    /// The more probable class.
    Fitted(Box<Model>),
}

impl Response {
    /// Whether each row gets the favourable class.
    pub(crate) fn chooses(&self, design: &Design, favourable: u32) -> Result<Vec<bool>, Error> {
        Ok(match self {
            Self::Constant(always) => vec![*always; design.rows()],
            Self::Fitted(model) => {
                let classes = Decision::plain(2).decide(&model.probabilities(design)?);
                classes.into_iter().map(|class| class == favourable).collect()
            }
        })
    }
}

/// Fits of the estimator to rows that are weighed and relabelled by prices.
pub(crate) struct Responses<'a> {
    task: &'a Task<'a>,
    pub(crate) cells: &'a Cells,
    estimator: &'a Estimator,
    pub(crate) moments: Moments<'a>,
    start: Option<Vec<f64>>,
    /// What looked odd in fits: the first time that it did.
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Responses<'a> {
    pub(crate) fn new(
        task: &'a Task<'a>,
        cells: &'a Cells,
        estimator: &'a Estimator,
        moments: Moments<'a>,
    ) -> Self {
        Self {
            task,
            cells,
            estimator,
            moments,
            start: None,
            warnings: Vec::new(),
        }
    }

    /// The best classifier at these prices, as far as the estimator finds it; weights sum to that of all rows.
    fn best_at(&mut self, prices: &[f64]) -> Result<(Response, Moment), Error> {
        let gains = self.moments.gains(prices);
        let sum: f64 = (0..self.task.labels.len())
            .map(|row| self.task.weight(row) * gains[self.cells.of_row[row] as usize].abs())
            .sum();
        self.best_for(&gains, self.cells.whole / sum)
    }

    /// The classifier that gains most, with the gains of cells as weights in units of `1 / scale`.
    pub(crate) fn best_for(&mut self, gains: &[f64], scale: f64) -> Result<(Response, Moment), Error> {
        let (task, favourable) = (self.task, self.cells.favourable);
        let of_row = |row: usize| gains[self.cells.of_row[row] as usize];
        let rows = task.labels.len();
        let weights: Vec<f64> = (0..rows)
            .map(|row| task.weight(row) * of_row(row).abs() * scale)
            .collect();
        let matters = |row: &usize| weights[*row] > 0.0;
        let chosen = (0..rows).filter(matters).any(|row| of_row(row) > 0.0);
        let left = (0..rows).filter(matters).any(|row| of_row(row) <= 0.0);
        let response = if chosen && left {
            let labels: Vec<u32> = (0..rows)
                .map(|row| {
                    if of_row(row) > 0.0 {
                        favourable
                    } else {
                        1 - favourable
                    }
                })
                .collect();
            let model =
                self.estimator
                    .fit(task, task.design, &labels, Some(&weights), self.start.as_deref())?;
            self.start = model.end().map(<[f64]>::to_vec);
            for warning in model.warnings() {
                if self.warnings.iter().all(|known| known.code != warning.code) {
                    self.warnings.push(warning.clone());
                }
            }
            Response::Fitted(Box::new(model))
        } else {
            Response::Constant(chosen)
        };
        let mut positive = vec![0.0; gains.len()];
        for (row, chosen) in response.chooses(task.design, favourable)?.into_iter().enumerate() {
            if chosen {
                positive[self.cells.of_row[row] as usize] += task.weight(row);
            }
        }
        let moment = self.moments.of(&positive);
        Ok((response, moment))
    }
}

/// Classifiers and their weights.
struct Mixture {
    members: Vec<(Response, f64)>,
    favourable: u32,
}

impl Predict for Mixture {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let mut positive = vec![0.0; design.rows()];
        for (member, weight) in &self.members {
            for (sum, chosen) in positive.iter_mut().zip(member.chooses(design, self.favourable)?) {
                *sum += if chosen { *weight } else { 0.0 };
            }
        }
        Ok(two_columns(&positive, self.favourable))
    }
}

/// `(n, 2)` probabilities from those of the favourable class.
pub(crate) fn two_columns(positive: &[f64], favourable: u32) -> Vec<f64> {
    let two = |&positive: &f64| {
        let positive = positive.clamp(0.0, 1.0);
        if favourable == 1 {
            [1.0 - positive, positive]
        } else {
            [positive, 1.0 - positive]
        }
    };
    positive.iter().flat_map(two).collect()
}

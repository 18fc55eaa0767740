use counterpoise_base::Warning;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::descent::{Smooth, minimize};
use crate::design::UNSEEN;
use crate::learner::{Fitted, GroupUse, Learn, Task};
use crate::logistic::{Coefficients, score, sigmoid};
use crate::{Design, Error, Learner, LogisticRegression, Training};

/// Logistic regression that gives the same answer to rows that differ in the group, and in what betrays it, alone.
///
/// For fairness to each row rather than between rates: whoever was of another group should have had the same answer. It
/// needs groups while it is fitted only. Two classes only, any number of groups.
///
/// # Source
///
/// Yurochkin, Bower, Sun, "Training Individually Fair ML Models with Sensitive Subspace Robustness" (ICLR 2020), on a
/// linear model. Sensitive directions are the columns that hold the group itself (it explains nine tenths of their
/// variance or more) and, over all other columns, the coefficients of a logistic regression that predicts the group; rows
/// that differ along them have distance 0. The loss is the worst one over all ways to move rows by a squared distance of
/// `eps` on average, in its dual. The authors look for the worst by gradient ascent with steps of a
/// learning rate, so that moves along sensitive directions end somewhere; on a linear model the worst has a closed form,
/// moves along sensitive directions are free, and coefficients along them come out as 0. So there is no learning rate and
/// no epoch here. Classes weigh the same and `eps` is 0.001, as in the authors' script for Adult; the Fair Oversampling
/// paper, which calls this SSR, does not tell its options. Columns are as the model sees them, one-hot ones moved like
/// numbers. Cost: a few times that of `logistic`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SensitiveSubspace {
    /// Squared distance that rows may be moved on average, sensitive directions aside; 0 moves along these only.
    pub eps: f64,
    /// Whether coefficients that predict the group are sensitive directions too, beside the columns that hold it.
    pub learn_directions: bool,
    /// Whether classes weigh the same, as in the batches of the authors' code.
    pub balance_classes: bool,
    /// Inverse strength of the quadratic penalty, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// Steps after which a fit that has not converged is left as it is, with a warning.
    pub max_iter: u64,
    /// Length of the gradient below which a fit has converged.
    pub tol: f64,
}

impl Default for SensitiveSubspace {
    fn default() -> Self {
        Self {
            eps: 0.001,
            learn_directions: true,
            balance_classes: true,
            c: 1.0,
            max_iter: 1000,
            tol: 1e-6,
        }
    }
}

const NAME: &str = "sensitive-subspace";

/// A column of which groups explain this share of the variance holds the group.
const HOLDS_THE_GROUP: f64 = 0.9;

impl Learn for SensitiveSubspace {
    fn check(&self) -> Result<(), Error> {
        let wrong = |option, value: f64, range| Error::OutOfRange {
            model: NAME,
            option,
            value: value.to_string(),
            range,
        };
        if !(self.eps >= 0.0 && self.eps.is_finite()) {
            return Err(wrong("eps", self.eps, "0 or more"));
        }
        let above_0 = [("C", self.c), ("tol", self.tol)];
        match above_0
            .iter()
            .find(|(_, value)| !(*value > 0.0 && value.is_finite()))
        {
            Some(&(option, value)) => Err(wrong(option, value, "a number above 0")),
            None => Ok(()),
        }
    }

    fn group_use(&self) -> GroupUse {
        GroupUse::Fit
    }

    fn two_classes_only(&self) -> bool {
        true
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let directions = self.directions(task)?;
        let weights = self.weights(task);
        let mut loss = Loss {
            design: task.design,
            labels: &task.labels,
            whole: weights.iter().sum(),
            weights: &weights,
            directions: &directions,
            penalty: 0.0,
            eps: 0.0,
        };
        loss.penalty = 1.0 / (self.c * loss.whole);
        // Rows that stay where they are first; then the price of moving them that fits this model.
        let length = task.design.width() + 1;
        let mut found = minimize(NAME, &loss, vec![0.0; length], self.max_iter, self.tol)?;
        if self.eps > 0.0 {
            loss.eps = self.eps;
            let mut start = found.parameters;
            start.push(loss.first_price(&start).ln());
            found = minimize(NAME, &loss, start, self.max_iter, self.tol)?;
        }
        let warning = found.warning(NAME, self.max_iter, self.tol);
        let mut values = found.parameters;
        values.truncate(length);
        project(&mut values, &directions);
        let mut fitted = Fitted::new(Coefficients { sets: 1, values }).warning(warning);
        if directions.is_empty() {
            let message =
                format!("{NAME} found no sensitive direction: no column tells anything about the group");
            fitted = fitted.warning([Warning::new("learn.no-sensitive-direction", message)]);
        }
        Ok(fitted)
    }
}

impl SensitiveSubspace {
    fn weights(&self, task: &Task<'_>) -> Vec<f64> {
        let mut weights: Vec<f64> = (0..task.labels.len()).map(|row| task.weight(row)).collect();
        if self.balance_classes {
            let mut of_class = [0.0; 2];
            for (weight, &label) in weights.iter().zip(task.labels.iter()) {
                of_class[label as usize] += weight;
            }
            let whole = of_class[0] + of_class[1];
            for (weight, &label) in weights.iter_mut().zip(task.labels.iter()) {
                *weight *= whole / (2.0 * of_class[label as usize]);
            }
        }
        weights
    }

    /// Sensitive directions, orthogonal and of length 1.
    fn directions(&self, task: &Task<'_>) -> Result<Vec<Vec<f64>>, Error> {
        let width = task.design.width();
        let holding = columns_that_hold_the_group(task);
        let mut directions: Vec<Vec<f64>> = Vec::new();
        let mut add = |mut direction: Vec<f64>| {
            let before = norm(&direction);
            // Twice, for rounding.
            project(&mut direction, &directions);
            project(&mut direction, &directions);
            let length = norm(&direction);
            if length > 1e-8 * before {
                direction.iter_mut().for_each(|part| *part /= length);
                directions.push(direction);
            }
        };
        for &column in &holding {
            let mut direction = vec![0.0; width];
            direction[column] = 1.0;
            add(direction);
        }
        if self.learn_directions && holding.len() < width {
            let groups = task.in_groups();
            let names: Vec<String> = groups.names.iter().map(|&name| name.to_owned()).collect();
            let design = without(task.design, &holding);
            let data = Training {
                design: &design,
                labels: &groups.codes,
                classes: &names,
                weights: task.weights,
                groups: None,
            };
            let betrays = Learner::Logistic(LogisticRegression::default()).fit(&data, &task.seed)?;
            for set in betrays.end().unwrap_or_default().chunks_exact(width + 1) {
                add(set[..width].to_vec());
            }
        }
        Ok(directions)
    }
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}

/// Takes away what lies along the directions; an intercept behind them stays.
fn project(vector: &mut [f64], directions: &[Vec<f64>]) {
    for direction in directions {
        let along: f64 = vector.iter().zip(direction).map(|(a, b)| a * b).sum();
        vector
            .iter_mut()
            .zip(direction)
            .for_each(|(part, direction)| *part -= along * direction);
    }
}

/// Columns of which groups explain nearly all of the variance.
fn columns_that_hold_the_group(task: &Task<'_>) -> Vec<usize> {
    let (design, groups) = (task.design, task.in_groups());
    let (width, count) = (design.width(), groups.names.len());
    let mut sums = vec![0.0; count * width];
    let mut squares = vec![0.0; width];
    let mut of_groups = vec![0.0; count];
    for (row, &group) in groups.codes.iter().enumerate() {
        let weight = task.weight(row);
        of_groups[group as usize] += weight;
        for (column, value) in design.sparse_row(row) {
            sums[group as usize * width + column] += weight * value;
            squares[column] += weight * value * value;
        }
    }
    let whole: f64 = of_groups.iter().sum();
    let holds = |&column: &usize| {
        let of_group = |group: usize| sums[group * width + column];
        let mean = (0..count).map(of_group).sum::<f64>() / whole;
        let variance = squares[column] / whole - mean * mean;
        let between = (0..count)
            .map(|group| of_groups[group] / whole * (of_group(group) / of_groups[group] - mean).powi(2))
            .sum::<f64>();
        variance > 1e-12 * (1.0 + mean * mean) && between >= HOLDS_THE_GROUP * variance
    };
    (0..width).filter(holds).collect()
}

/// The design with some columns at 0.
fn without(design: &Design, columns: &[usize]) -> Design {
    let mut left = design.clone();
    let numbers = left.numeric.columns();
    for &column in columns {
        if column < numbers {
            for row in 0..left.rows() {
                left.numeric.row_mut(row)[column] = 0.0;
            }
        } else {
            let place = (column - numbers) as u32;
            left.places
                .iter_mut()
                .filter(|other| **other == place)
                .for_each(|other| *other = UNSEEN);
        }
    }
    left
}

/// Coefficients, intercept, and the logarithm of the price of moving rows if `eps` is above 0.
struct Loss<'a> {
    design: &'a Design,
    labels: &'a [u32],
    weights: &'a [f64],
    whole: f64,
    directions: &'a [Vec<f64>],
    penalty: f64,
    eps: f64,
}

/// Keeps the length of coefficients smooth where all are 0.
const SMOOTH: f64 = 1e-12;

impl Loss<'_> {
    /// The price at which rows of a fitted model move about as far as they may.
    fn first_price(&self, at: &[f64]) -> f64 {
        let mut values = at.to_vec();
        project(&mut values, self.directions);
        let square: f64 = values[..values.len() - 1]
            .iter()
            .map(|value| value * value)
            .sum::<f64>()
            + SMOOTH;
        let mut wrong = 0.0;
        for (row, &label) in self.labels.iter().enumerate() {
            let mut here = [0.0];
            score(self.design, row, &values, &mut here);
            let away = sigmoid(if label == 1 { -here[0] } else { here[0] });
            wrong += self.weights[row] * away * away;
        }
        (square * wrong / self.whole / 4.0 / self.eps).sqrt().max(1e-6)
    }
}

/// How far the score of a row is moved against its class when moving costs the square over `2 reach`: the largest of
/// `ln(1 + e^(move - margin)) - move² / (2 reach)`.
fn worst_move(margin: f64, reach: f64) -> f64 {
    let next = |moved: f64| reach * sigmoid(moved - margin);
    // From either end the steps go towards the nearest place where they end; between two such places lies a least value.
    let settle = |mut moved: f64| {
        for _ in 0..500 {
            let to = next(moved);
            let done = (to - moved).abs() <= 1e-14 * reach;
            moved = to;
            if done {
                break;
            }
        }
        moved
    };
    let value = |moved: f64| {
        let score = moved - margin;
        score.max(0.0) + (-score.abs()).exp().ln_1p() - moved * moved / (2.0 * reach)
    };
    let from_below = settle(0.0);
    if reach < 4.0 {
        return from_below;
    }
    let from_above = settle(reach);
    if value(from_above) > value(from_below) {
        from_above
    } else {
        from_below
    }
}

impl Smooth for Loss<'_> {
    fn measure(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let length = self.design.width() + 1;
        let numbers = self.design.numeric.columns();
        let mut values = at[..length].to_vec();
        project(&mut values, self.directions);
        let square: f64 = values[..length - 1].iter().map(|value| value * value).sum();
        let steepness = (square + SMOOTH).sqrt();
        let price = at.get(length).map(|price| price.exp());
        let mut gradient = vec![0.0; at.len()];
        let (mut cost, mut by_steepness, mut distance) = (0.0, 0.0, 0.0);
        for (row, &label) in self.labels.iter().enumerate() {
            let weight = self.weights[row];
            if weight == 0.0 {
                continue;
            }
            let mut here = [0.0];
            score(self.design, row, &values, &mut here);
            let sign = if label == 1 { 1.0 } else { -1.0 };
            let margin = sign * here[0];
            let moved = price.map_or(0.0, |price| {
                worst_move(margin, steepness * steepness / (2.0 * price))
            });
            let against = moved - margin;
            let wrong = sigmoid(against);
            cost += weight * (against.max(0.0) + (-against.abs()).exp().ln_1p());
            if let Some(price) = price {
                let by = moved / steepness;
                cost -= weight * price * by * by;
                by_steepness += weight * wrong * by;
                distance += weight * by * by;
            }
            let part = -sign * weight * wrong;
            for (sum, number) in gradient.iter_mut().zip(self.design.numeric.row(row)) {
                *sum += part * number;
            }
            for &place in self.design.places(row).iter().filter(|&&place| place != UNSEEN) {
                gradient[numbers + place as usize] += part;
            }
            gradient[length - 1] += part;
        }
        cost /= self.whole;
        for (place, part) in gradient[..length].iter_mut().enumerate() {
            *part /= self.whole;
            if place < length - 1 {
                *part += by_steepness / self.whole * values[place] / steepness + self.penalty * values[place];
            }
        }
        cost += 0.5 * self.penalty * square;
        project(&mut gradient[..length], self.directions);
        if let Some(price) = price {
            cost += price * self.eps;
            gradient[length] = price * (self.eps - distance / self.whole);
        }
        (cost, gradient)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Groups, Matrix, Seed};

    use super::*;
    use crate::Model;
    use crate::descent::tests::check_gradient;
    use crate::learner::tests::clouds;

    #[test]
    fn the_gradient_is_that_of_the_cost() {
        let (design, labels, _) = clouds(50, 2);
        let weights: Vec<f64> = (0..50).map(|row| f64::from(row % 3)).collect();
        let tilted = [vec![0.6, 0.8]];
        for directions in [&tilted[..], &[]] {
            for eps in [0.0, 0.3] {
                let loss = Loss {
                    design: &design,
                    labels: &labels,
                    weights: &weights,
                    whole: weights.iter().sum(),
                    directions,
                    penalty: 0.05,
                    eps,
                };
                let mut at = vec![0.7, -1.2, 0.3];
                if eps > 0.0 {
                    at.push(0.4);
                }
                check_gradient(&loss, &at);
            }
        }
    }

    #[test]
    fn the_worst_move_is_the_best_of_many() {
        for margin in [-3.0, 0.0, 0.5, 6.0] {
            for reach in [0.01, 1.0, 3.9, 5.0, 14.0] {
                let value = |moved: f64| (moved - margin).exp().ln_1p() - moved * moved / (2.0 * reach);
                let best = (0..=20_000).map(|step| value(reach * f64::from(step) / 2e4));
                let best = best.fold(f64::NEG_INFINITY, f64::max);
                let found = value(worst_move(margin, reach));
                assert!(found > best - 1e-7, "{margin} {reach}: {found} {best}");
            }
        }
    }

    /// Clouds of points, a column that is the group, and one that nearly is.
    fn betrayed(rows: usize) -> (Design, Vec<u32>, Vec<String>, Groups) {
        let (design, labels, names) = clouds(rows, 2);
        let mut random = Seed::new(4).rng();
        let mut data = Vec::new();
        let mut codes = Vec::new();
        for (row, &label) in labels.iter().enumerate() {
            let group = if random.fraction() < 0.8 { label } else { 1 - label };
            codes.push(group);
            data.extend_from_slice(design.numeric.row(row));
            data.extend([f64::from(group), f64::from(group) + 0.5 * random.normal()]);
        }
        let groups = Groups::from_codes(vec!["men".into(), "women".into()], codes);
        (
            Design::from_matrix(Matrix::new(rows, 4, data)),
            labels,
            names,
            groups,
        )
    }

    fn fit(options: &SensitiveSubspace) -> (Model, Design) {
        let (design, labels, names, groups) = betrayed(300);
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let learner = Learner::SensitiveSubspace(options.clone());
        (learner.fit(&data, &Seed::new(1)).expect("two groups"), design)
    }

    #[test]
    fn a_row_of_another_group_gets_the_same_answer() {
        let (model, design) = fit(&SensitiveSubspace::default());
        let mut other = design.clone();
        for row in 0..other.rows() {
            let cells = other.numeric.row_mut(row);
            cells[2] = 1.0 - cells[2];
        }
        let (before, after) = (model.probabilities(&design), model.probabilities(&other));
        for (a, b) in before
            .expect("it predicts")
            .iter()
            .zip(after.expect("it predicts"))
        {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn a_larger_eps_makes_answers_more_careful() {
        let spread = |eps: f64| {
            let (model, design) = fit(&SensitiveSubspace {
                eps,
                ..SensitiveSubspace::default()
            });
            assert!(model.warnings().is_empty(), "{:?}", model.warnings());
            let both = model.probabilities(&design).expect("it predicts");
            both.chunks_exact(2).map(|row| (row[1] - 0.5).abs()).sum::<f64>() / 300.0
        };
        let (none, some, much) = (spread(0.0), spread(0.01), spread(0.5));
        assert!(none > some && some > much && much > 0.0, "{none} {some} {much}");
    }
}

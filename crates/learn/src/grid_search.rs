use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::constraint::{Cells, Moments};
use crate::exponentiated_gradient::{Response, Responses, two_columns};
use crate::learner::{Fitted, GroupUse, Learn, Predict, Task};
use crate::{Constraint, Design, Error, Estimator};

/// Fits one model for each point of a grid of prices, and keeps the one that is best in error and fairness together.
///
/// Where `exponentiated-gradient` is to be had without drawing: one model, with its own probabilities, and groups needed
/// while it is fitted only. The grid is coarse, and with the default weight of fairness the unmitigated model often wins:
/// set a larger `constraint_weight` and `grid_size` then. Two classes only.
///
/// # Source
///
/// Agarwal, Beygelzimer, Dudík, Langford, Wallach, "A Reductions Approach to Fair Classification" (ICML 2018), section
/// 3.4, with the grid, the defaults and the choice of Fairlearn 0.15: integer points of a ball of the L1 norm, one
/// dimension for each rate and each group but the last, scaled to `grid_limit`, and of these the first `grid_size` in
/// order, so that the largest prices may be missing at one end. Groups are in order of their names, where Fairlearn takes
/// them as they come. Weights of rows are ours. Cost: `grid_size` fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GridSearch {
    /// The model inside. It must take weights of rows.
    pub estimator: Estimator,
    /// What shall be alike in all groups.
    #[serde(alias = "constraints")]
    pub constraint: Constraint,
    /// Weight of the largest difference between groups when the best model is chosen, 0 to 1; error has the rest.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub constraint_weight: f64,
    /// Points of the grid.
    pub grid_size: NonZeroUsize,
    /// The largest price, above 0.
    pub grid_limit: f64,
    /// The favourable class; the second one without it.
    #[serde(
        alias = "favourable_label",
        alias = "favourable",
        alias = "favorable",
        skip_serializing_if = "Option::is_none"
    )]
    pub favorable_label: Option<String>,
}

impl Default for GridSearch {
    fn default() -> Self {
        Self {
            estimator: Estimator::default(),
            constraint: Constraint::default(),
            constraint_weight: 0.5,
            grid_size: NonZeroUsize::new(10).expect("10 is not 0"),
            grid_limit: 2.0,
            favorable_label: None,
        }
    }
}

const NAME: &str = "grid-search";

impl Learn for GridSearch {
    fn check(&self) -> Result<(), Error> {
        let wrong = |option, value: f64, range| Error::OutOfRange {
            model: NAME,
            option,
            value: value.to_string(),
            range,
        };
        if !(0.0..=1.0).contains(&self.constraint_weight) {
            return Err(wrong("constraint_weight", self.constraint_weight, "0 to 1"));
        }
        if !(self.grid_limit > 0.0 && self.grid_limit.is_finite()) {
            return Err(wrong("grid_limit", self.grid_limit, "a number above 0"));
        }
        self.estimator.check(NAME)
    }

    fn group_use(&self) -> GroupUse {
        GroupUse::Fit
    }

    fn two_classes_only(&self) -> bool {
        true
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let favourable = task.favourable(NAME, self.favorable_label.as_deref())?;
        let cells = Cells::new(task, favourable);
        self.constraint.check_cells(NAME, task, &cells)?;
        let moments = Moments::new(self.constraint, &cells);
        let grid = prices(&moments, self.grid_size.get(), self.grid_limit);
        let mut responses = Responses::new(task, &cells, &self.estimator, moments);
        let mut best: Option<(f64, Response)> = None;
        for prices in &grid {
            let gains = responses.moments.gains(prices);
            let (response, moment) = responses.best_for(&gains, 1.0)?;
            let largest = moment.broken.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let loss = (1.0 - self.constraint_weight) * moment.error + self.constraint_weight * largest;
            if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                best = Some((loss, response));
            }
        }
        let (_, response) = best.expect("a grid has a point");
        Ok(Fitted::new(Chosen { response, favourable }).warning(responses.warnings))
    }
}

/// Prices of each point of the grid.
fn prices(moments: &Moments<'_>, size: usize, limit: f64) -> Vec<Vec<f64>> {
    let (events, groups) = moments.shape();
    let dimensions = events * (groups - 1);
    let estimate = (size as f64 / 2_f64.powi(dimensions as i32))
        .powf(1.0 / dimensions as f64)
        .floor()
        - 1.0;
    let mut units = estimate.max(0.0) as i64;
    let points = loop {
        let mut points = Vec::new();
        ball(&mut vec![0; dimensions], 0, units, size, &mut points);
        if points.len() >= size {
            break points;
        }
        units += 1;
    };
    let step = if units > 0 { limit / units as f64 } else { 0.0 };
    let half = moments.len() / 2;
    let of_point = |point: &Vec<i64>| {
        let mut prices = vec![0.0; 2 * half];
        for (dimension, &value) in point.iter().enumerate() {
            let (event, group) = (dimension / (groups - 1), dimension % (groups - 1));
            let place = event * groups + group + if value < 0 { half } else { 0 };
            prices[place] = value.abs() as f64 * step;
        }
        prices
    };
    points.iter().map(of_point).collect()
}

/// Integer points whose coordinates sum to `left` at most, signs aside, in lexicographic order, up to `most` of them.
fn ball(point: &mut Vec<i64>, place: usize, left: i64, most: usize, found: &mut Vec<Vec<i64>>) {
    if found.len() >= most {
        return;
    }
    if place == point.len() {
        found.push(point.clone());
        return;
    }
    for value in -left..=left {
        point[place] = value;
        ball(point, place + 1, left - value.abs(), most, found);
    }
}

struct Chosen {
    response: Response,
    favourable: u32,
}

impl Predict for Chosen {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        match &self.response {
            Response::Constant(always) => Ok(two_columns(
                &vec![f64::from(u8::from(*always)); design.rows()],
                self.favourable,
            )),
            Response::Fitted(model) => model.probabilities(design),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dimensions: usize, units: i64, most: usize, expected: &[&[i64]]) {
        let mut found = Vec::new();
        ball(&mut vec![0; dimensions], 0, units, most, &mut found);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_ball_is_counted_in_order() {
        check(1, 2, 9, &[&[-2], &[-1], &[0], &[1], &[2]]);
        check(2, 1, 9, &[&[-1, 0], &[0, -1], &[0, 0], &[0, 1], &[1, 0]]);
        check(2, 1, 2, &[&[-1, 0], &[0, -1]]);
        check(3, 0, 5, &[&[0, 0, 0]]);
    }
}

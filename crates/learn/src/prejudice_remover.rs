use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::descent::{Smooth, minimize};
use crate::design::UNSEEN;
use crate::learner::{Fitted, GroupUse, InGroups, Learn, PredictInGroups, Task};
use crate::logistic::{score, sigmoid};
use crate::{Design, Error};

/// Logistic regression for each group, all held to predictions that say little about the group.
///
/// Where groups differ in which features matter, and their rates of prediction shall not. It needs the group of a row to
/// predict. `eta` trades accuracy for independence; at 0 each group has a logistic regression to itself. Two classes
/// only, any number of groups.
///
/// # Source
///
/// Kamishima, Akaho, Asoh, Sakuma, "Fairness-Aware Classifier with Prejudice Remover Regularizer" (ECML PKDD 2012): log
/// losses, plus `eta` times the mutual information of prediction and group (the prejudice index, with averages over rows
/// in place of the sum over features), plus a quadratic penalty of all coefficients, here with the intercepts. Losses are
/// means here, and the penalty is `|w|² / (2 C Σ weights)`, as in `logistic`: the paper's `λ` is `1 / C`. The loss is not
/// convex; the walk begins at 0. Weights of rows are ours. Not compared with the authors' code. Cost: that of `logistic`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PrejudiceRemover {
    /// How much independence of the group counts, 0 or more.
    pub eta: f64,
    /// Inverse strength of the penalty, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// Steps after which a fit that has not converged is left as it is, with a warning.
    pub max_iter: u64,
    /// Length of the gradient below which a fit has converged.
    pub tol: f64,
}

impl Default for PrejudiceRemover {
    fn default() -> Self {
        Self {
            eta: 1.0,
            c: 1.0,
            max_iter: 1000,
            tol: 1e-6,
        }
    }
}

const NAME: &str = "prejudice-remover";

impl Learn for PrejudiceRemover {
    fn check(&self) -> Result<(), Error> {
        let wrong = |option, value: f64, range| Error::OutOfRange {
            model: NAME,
            option,
            value: value.to_string(),
            range,
        };
        if !(self.eta >= 0.0 && self.eta.is_finite()) {
            return Err(wrong("eta", self.eta, "0 or more"));
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
        GroupUse::FitAndPredict
    }

    fn two_classes_only(&self) -> bool {
        true
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let loss = Loss::new(task, self.eta, self.c);
        let found = minimize(NAME, &loss, vec![0.0; loss.parameters()], self.max_iter, self.tol)?;
        let warning = found.warning(NAME, self.max_iter, self.tol);
        Ok(Fitted::in_groups(OfGroups {
            length: loss.length(),
            values: found.parameters,
        })
        .warning(warning))
    }
}

struct Loss<'a> {
    task: &'a Task<'a>,
    groups: &'a InGroups<'a>,
    /// The weight of each group, and of all rows.
    of_groups: Vec<f64>,
    whole: f64,
    eta: f64,
    penalty: f64,
}

impl<'a> Loss<'a> {
    fn new(task: &'a Task<'a>, eta: f64, c: f64) -> Self {
        let groups = task.in_groups();
        let mut of_groups = vec![0.0; groups.names.len()];
        for (row, &group) in groups.codes.iter().enumerate() {
            of_groups[group as usize] += task.weight(row);
        }
        let whole: f64 = of_groups.iter().sum();
        Self {
            task,
            groups,
            of_groups,
            whole,
            eta,
            penalty: 1.0 / (c * whole),
        }
    }

    /// Coefficients of a group: numbers, one-hot columns, intercept.
    fn length(&self) -> usize {
        self.task.design.width() + 1
    }

    fn parameters(&self) -> usize {
        self.of_groups.len() * self.length()
    }
}

impl Smooth for Loss<'_> {
    fn measure(&self, at: &[f64]) -> (f64, Vec<f64>) {
        let (design, length) = (self.task.design, self.length());
        let numbers = design.numeric.columns();
        let of_group = |group: u32| &at[group as usize * length..][..length];
        let mut cost = 0.0;
        let mut positive = vec![0.0; design.rows()];
        let mut rates = vec![0.0; self.of_groups.len()];
        for (row, &label) in self.task.labels.iter().enumerate() {
            let (weight, group) = (self.task.weight(row), self.groups.codes[row]);
            let mut here = [0.0];
            score(design, row, of_group(group), &mut here);
            let [here] = here;
            // log(1 + e^score) without overflow.
            cost += weight * (here.max(0.0) + (-here.abs()).exp().ln_1p() - f64::from(label) * here);
            positive[row] = sigmoid(here);
            rates[group as usize] += weight * positive[row];
        }
        let least = f64::MIN_POSITIVE;
        let logs = |rate: f64| (rate.max(least).ln(), (1.0 - rate).max(least).ln());
        let (of_all, of_none) = logs(rates.iter().sum::<f64>() / self.whole);
        // How the mutual information grows with each group's rate; the rate of all cancels out.
        let mut pull = vec![0.0; rates.len()];
        for ((pull, rate), weight) in pull.iter_mut().zip(&rates).zip(&self.of_groups) {
            let rate = rate / weight;
            let (yes, no) = logs(rate);
            cost += self.eta * weight * (rate * (yes - of_all) + (1.0 - rate) * (no - of_none));
            *pull = self.eta * ((yes - of_all) - (no - of_none));
        }
        let mut gradient = vec![0.0; at.len()];
        for (row, &label) in self.task.labels.iter().enumerate() {
            let (weight, group) = (self.task.weight(row), self.groups.codes[row] as usize);
            let p = positive[row];
            let part = weight * (p - f64::from(label) + pull[group] * p * (1.0 - p));
            let set = &mut gradient[group * length..][..length];
            for (sum, number) in set.iter_mut().zip(design.numeric.row(row)) {
                *sum += part * number;
            }
            for &place in design.places(row).iter().filter(|&&place| place != UNSEEN) {
                set[numbers + place as usize] += part;
            }
            set[length - 1] += part;
        }
        cost /= self.whole;
        for (part, value) in gradient.iter_mut().zip(at) {
            *part = *part / self.whole + self.penalty * value;
            cost += 0.5 * self.penalty * value * value;
        }
        (cost, gradient)
    }
}

/// Coefficients of each group.
struct OfGroups {
    length: usize,
    values: Vec<f64>,
}

impl PredictInGroups for OfGroups {
    fn predict(&self, design: &Design, groups: &[u32]) -> Result<Vec<f64>, Error> {
        let two = |(row, &group): (usize, &u32)| {
            let mut here = [0.0];
            score(
                design,
                row,
                &self.values[group as usize * self.length..][..self.length],
                &mut here,
            );
            let positive = sigmoid(here[0]);
            [1.0 - positive, positive]
        };
        Ok(groups.iter().enumerate().flat_map(two).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use counterpoise_base::{Groups, Seed};

    use super::*;
    use crate::descent::tests::check_gradient;
    use crate::learner::tests::clouds;
    use crate::{Learner, Training};

    #[test]
    fn the_gradient_is_that_of_the_cost() {
        let (design, labels, _) = clouds(60, 2);
        let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 4)).collect();
        for eta in [0.0, 1.0, 30.0] {
            let task = Task {
                design: &design,
                labels: Cow::Borrowed(&labels),
                classes: vec!["c0", "c1"],
                weights: Some(&weights),
                groups: Some(InGroups {
                    names: vec!["a", "b", "c"],
                    codes: (0..60).map(|row| row / 2 % 3).collect(),
                }),
                seed: Seed::new(1),
                start: None,
            };
            let loss = Loss::new(&task, eta, 2.0);
            let at: Vec<f64> = (0..loss.parameters())
                .map(|place| 0.4 - 0.11 * place as f64)
                .collect();
            check_gradient(&loss, &at);
        }
    }

    #[test]
    fn a_larger_eta_brings_rates_of_groups_together() {
        let (design, labels, names) = clouds(300, 2);
        // Nine rows of ten of a class are of one group.
        let codes = labels
            .iter()
            .enumerate()
            .map(|(row, &label)| if row % 10 == 0 { 1 - label } else { label });
        let groups = Groups::from_codes(vec!["men".into(), "women".into()], codes.collect());
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let gap = |eta: f64| {
            let learner = Learner::PrejudiceRemover(PrejudiceRemover {
                eta,
                ..PrejudiceRemover::default()
            });
            let model = learner.fit(&data, &Seed::new(1)).expect("two groups");
            let both = model
                .probabilities_in(&design, Some(&groups))
                .expect("groups are given");
            let rate = |group: u32| {
                let rows: Vec<f64> = (0..300)
                    .filter(|&row| groups.codes()[row] == group)
                    .map(|row| both[2 * row + 1])
                    .collect();
                rows.iter().sum::<f64>() / rows.len() as f64
            };
            (rate(1) - rate(0)).abs()
        };
        let (without, some, much) = (gap(0.0), gap(1.0), gap(50.0));
        assert!(
            without > 0.6 && some < without && much < 0.1,
            "{without} {some} {much}"
        );
    }
}

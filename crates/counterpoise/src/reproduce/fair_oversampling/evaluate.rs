//! Measures of out-of-fold predictions, as means over folds and of all folds together, with intervals.

use std::ops::ControlFlow;

use counterpoise_base::{Event, Observer};
use counterpoise_metrics::{Bootstrap, GroupEvaluator, GroupMeasure, GroupedRows, Predictions};
use rayon::prelude::*;
use serde::Serialize;

use super::data::Set;
use super::paper::{FAIR_UTILITY, MEASURES};
use super::protocol::Deals;
use crate::Error;

/// A number with its interval.
///
/// The interval is the number plus and minus 1.96 standard errors of draws of rows, cut to where the measure can be.
/// Quantiles of the draws would not hold the number: drawing rows anew adds noise to every fold, and noise makes absolute
/// differences larger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ours {
    /// The number; absent where a fold lacks a rate.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
}

impl Ours {
    fn new(value: f64, error: Option<f64>, least: f64) -> Self {
        let value = Some(value).filter(|value| value.is_finite());
        let ends =
            |(value, error): (f64, f64)| ((value - 1.96 * error).max(least), (value + 1.96 * error).min(1.0));
        Self {
            value,
            interval: value.zip(error).map(ends),
        }
    }

    /// Whether a number lies in the interval.
    pub(super) fn holds(&self, number: f64) -> Option<bool> {
        self.interval.map(|(low, high)| (low..=high).contains(&number))
    }
}

/// The numbers of a line: of each measure the mean over folds, and that of all folds together.
pub(super) struct Evaluated {
    pub(super) fold_mean: Vec<Ours>,
    pub(super) pooled: Vec<Ours>,
    /// Fair Utility of every draw of rows, both ways.
    draws: Vec<[f64; 2]>,
    /// And of the rows as they are.
    utility: [f64; 2],
}

impl Evaluated {
    /// Fair Utility less that of another line, draw by draw on the same rows: fold mean and pooled.
    pub(super) fn less(&self, other: &Self) -> [Ours; 2] {
        [0, 1].map(|kind| {
            let differences = self
                .draws
                .iter()
                .zip(&other.draws)
                .map(|(a, b)| a[kind] - b[kind]);
            let error = spread(differences.collect());
            Ours::new(self.utility[kind] - other.utility[kind], error, -1.0)
        })
    }
}

/// Predictions made ready for rows that count several times or not at all.
struct Scorer {
    folds: Vec<GroupEvaluator>,
    repeats: Vec<GroupEvaluator>,
}

impl Scorer {
    fn new(set: &Set, deals: &Deals, predicted: &[&[u32]]) -> Result<Self, Error> {
        let measures = measures();
        let (mut folds, mut repeats) = (Vec::new(), Vec::new());
        for (parts, predicted) in deals.iter().zip(predicted) {
            let rows = grouped(set, predicted, 1)?;
            for part in parts {
                folds.push(GroupEvaluator::new(&measures, &rows, Some(part))?);
            }
            repeats.push(GroupEvaluator::new(&measures, &rows, None)?);
        }
        Ok(Self { folds, repeats })
    }

    /// Fold means of all measures, then their values of all folds of a repeat together, repeats averaged. NaN where a
    /// fold or repeat lacks a number.
    fn scores(&self, counts: &[u16]) -> Vec<f64> {
        let mut scores = mean_of(&self.folds, counts);
        scores.extend(mean_of(&self.repeats, counts));
        scores
    }
}

fn mean_of(evaluators: &[GroupEvaluator], counts: &[u16]) -> Vec<f64> {
    let mut sums = vec![0.0; MEASURES.len()];
    for evaluator in evaluators {
        for (sum, value) in sums.iter_mut().zip(evaluator.values(counts)) {
            *sum += value;
        }
    }
    sums.iter().map(|sum| sum / evaluators.len() as f64).collect()
}

fn measures() -> Vec<GroupMeasure> {
    let measure = |(_, name): &(&str, &str)| name.parse().expect("a name of the list of measures");
    MEASURES.iter().map(measure).collect()
}

/// Rows with their predictions; `positive` is the class whose rates count.
pub(super) fn grouped<'a>(
    set: &'a Set,
    predicted: &'a [u32],
    positive: u32,
) -> Result<GroupedRows<'a>, Error> {
    let classes = set.labels.classes();
    let predictions = Predictions::new(classes, set.labels.codes(), predicted)?;
    Ok(GroupedRows::new(predictions, &set.groups, &classes[positive as usize])?.with_privileged("male")?)
}

const TASK: &str = "drawing test rows for intervals";

/// Evaluates lines of one data set, all on the same draws. `lines` has the predictions of every repeat.
pub(super) fn evaluate(
    set: &Set,
    deals: &Deals,
    lines: &[Vec<&[u32]>],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Vec<Evaluated>, Error> {
    let scorers: Vec<Scorer> = lines
        .par_iter()
        .map(|predicted| Scorer::new(set, deals, predicted))
        .collect::<Result<_, _>>()?;
    let all = vec![1; set.rows()];
    let originals: Vec<Vec<f64>> = scorers.par_iter().map(|scorer| scorer.scores(&all)).collect();
    let total = bootstrap.draws as u64;
    let told = std::sync::atomic::AtomicU64::new(0);
    // By draw and line.
    let draws: Vec<Vec<Vec<f64>>> = (0..bootstrap.draws)
        .into_par_iter()
        .map_init(Vec::new, |counts, draw| {
            let done = told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let event = Event::Progress {
                task: TASK,
                done,
                total,
            };
            if let ControlFlow::Break(()) = observer.observe(&event) {
                return Err(Error::Stopped);
            }
            bootstrap.counts(draw, set.rows(), counts);
            Ok(scorers.iter().map(|scorer| scorer.scores(counts)).collect())
        })
        .collect::<Result<_, _>>()?;
    let _ = observer.observe(&Event::Finished { task: TASK });
    let line = |(line, original): (usize, &Vec<f64>)| {
        let number = |place: usize| {
            let drawn = draws.iter().map(|draw| draw[line][place]).collect();
            Ours::new(original[place], spread(drawn), 0.0)
        };
        let pooled = MEASURES.len() + FAIR_UTILITY;
        Evaluated {
            fold_mean: (0..MEASURES.len()).map(number).collect(),
            pooled: (MEASURES.len()..2 * MEASURES.len()).map(number).collect(),
            draws: draws
                .iter()
                .map(|draw| [draw[line][FAIR_UTILITY], draw[line][pooled]])
                .collect(),
            utility: [original[FAIR_UTILITY], original[pooled]],
        }
    };
    Ok(originals.iter().enumerate().map(line).collect())
}

/// Standard deviation of what is defined; absent if more than one draw in twenty is not.
fn spread(mut values: Vec<f64>) -> Option<f64> {
    let all = values.len();
    values.retain(|value| value.is_finite());
    if values.len() < 2 || values.len() * 20 < all * 19 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (count - 1.0)).sqrt())
}

/// The six measures of one evaluation, without folds.
#[cfg(test)]
pub(super) fn once(set: &Set, rows: &[usize], predicted: &[u32]) -> Vec<f64> {
    let mut all = vec![0; set.rows()];
    rows.iter()
        .zip(predicted)
        .for_each(|(&row, &class)| all[row] = class);
    let grouped = grouped(set, &all, 1).expect("classes and groups are known");
    let evaluator = GroupEvaluator::new(&measures(), &grouped, Some(rows)).expect("two groups");
    evaluator.original()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_few_draws_have_gets_no_interval() {
        let mut draws = vec![0.5; 90];
        draws.extend([f64::NAN; 10]);
        assert_eq!(spread(draws), None);
        assert_eq!(spread(vec![0.0, 2.0]), Some(2.0_f64.sqrt()));
    }

    #[test]
    fn an_interval_ends_where_the_measure_does() {
        let ours = Ours::new(0.01, Some(0.02), 0.0);
        assert_eq!(ours.interval.map(|(low, _)| low), Some(0.0));
        assert_eq!(ours.holds(0.0), Some(true));
        assert_eq!(Ours::new(f64::NAN, Some(0.1), 0.0).value, None);
    }
}

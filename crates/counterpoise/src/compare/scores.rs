//! One model with one method, scored for any counts of rows and repeats.

use counterpoise_learn::correct_prior;
use counterpoise_metrics::{Evaluator, GroupEvaluator, Measure, Predictions};

use super::fairness::Fairness;
use super::store::Fit;
use crate::{Error, Prepared};

/// Predictions of one repeat, in the order of the table.
pub(super) struct Repeat {
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
    /// After correction of the prior, for methods that shift it.
    corrected: Option<Vec<f64>>,
}

impl Repeat {
    /// Puts the folds of a repeat together.
    pub(super) fn new(folds: &[Fit], parts: &[Vec<usize>], prepared: &Prepared, shifts_prior: bool) -> Self {
        let labels = &prepared.labels;
        let classes = labels.classes().len();
        let weight = |row: usize| prepared.weights().map_or(1.0, |weights| weights[row]);
        let mut whole = vec![0.0; classes];
        labels
            .codes()
            .iter()
            .enumerate()
            .for_each(|(row, &label)| whole[label as usize] += weight(row));
        let mut repeat = Self {
            predicted: vec![0; labels.len()],
            probabilities: vec![0.0; labels.len() * classes],
            corrected: shifts_prior.then(|| vec![0.0; labels.len() * classes]),
        };
        for (fit, rows) in folds.iter().zip(parts) {
            // The shares of the training rows, before anything was done to them.
            let mut wanted = whole.clone();
            rows.iter()
                .for_each(|&row| wanted[labels.codes()[row] as usize] -= weight(row));
            let mut corrected = fit.probabilities.clone();
            correct_prior(&mut corrected, &fit.trained, &wanted);
            for (place, &row) in rows.iter().enumerate() {
                repeat.predicted[row] = fit.predicted[place];
                let (from, to) = (
                    place * classes..(place + 1) * classes,
                    row * classes..(row + 1) * classes,
                );
                repeat.probabilities[to.clone()].copy_from_slice(&fit.probabilities[from.clone()]);
                if let Some(all) = &mut repeat.corrected {
                    all[to].copy_from_slice(&corrected[from]);
                }
            }
        }
        repeat
    }

    /// What was predicted for the rows of the table.
    pub(super) fn rows<'a>(&'a self, prepared: &'a Prepared) -> Result<Predictions<'a>, Error> {
        self.rows_with(&self.probabilities, prepared)
    }

    /// The same with corrected probabilities, where the method shifts the prior.
    pub(super) fn corrected_rows<'a>(
        &'a self,
        prepared: &'a Prepared,
    ) -> Result<Option<Predictions<'a>>, Error> {
        let rows = |probabilities| self.rows_with(probabilities, prepared);
        self.corrected.as_deref().map(rows).transpose()
    }

    fn rows_with<'a>(
        &'a self,
        probabilities: &'a [f64],
        prepared: &'a Prepared,
    ) -> Result<Predictions<'a>, Error> {
        let labels = &prepared.labels;
        let rows = Predictions::new(labels.classes(), labels.codes(), &self.predicted)?;
        let rows = rows.with_probabilities(probabilities)?;
        Ok(match prepared.weights() {
            Some(weights) => rows.with_weights(weights)?,
            None => rows,
        })
    }
}

/// Scores one combination for any counts of rows and repeats.
pub(super) struct Scorer {
    repeats: Vec<OfRepeat>,
    /// Where each measure comes from.
    sources: Vec<Source>,
    /// Measures that are scored with corrected probabilities too.
    pub(super) corrected: Vec<usize>,
    /// How many numbers compare groups.
    groups: usize,
}

struct OfRepeat {
    /// Of all rows together.
    pooled: Evaluator,
    /// Of one fold each.
    folds: Vec<Evaluator>,
    corrected: Option<Evaluator>,
    /// Of groups, one a grouping.
    fair: Vec<GroupEvaluator>,
    /// All measures of any part of the rows; absent where there is one repeat.
    whole: Option<Evaluator>,
}

#[derive(Clone, Copy)]
enum Source {
    Pooled(usize),
    Folds(usize),
}

impl Scorer {
    pub(super) fn new(
        repeats: &[Repeat],
        parts: &[Vec<Vec<usize>>],
        prepared: &Prepared,
        measures: &[Measure],
        fairness: Option<&Fairness>,
    ) -> Result<Self, Error> {
        let (by_fold, pooled): (Vec<usize>, Vec<usize>) =
            (0..measures.len()).partition(|&measure| is_by_fold(&measures[measure]));
        let sources = (0..measures.len())
            .map(
                |measure| match pooled.iter().position(|&other| other == measure) {
                    Some(place) => Source::Pooled(place),
                    None => Source::Folds(by_fold.iter().position(|&other| other == measure).unwrap_or(0)),
                },
            )
            .collect();
        let shifts = repeats.iter().all(|repeat| repeat.corrected.is_some());
        let corrected: Vec<usize> = pooled
            .iter()
            .copied()
            .filter(|&measure| shifts && measures[measure].needs_probabilities())
            .collect();
        let pick = |places: &[usize]| {
            places
                .iter()
                .map(|&place| measures[place].clone())
                .collect::<Vec<_>>()
        };
        let of_repeat = |(repeat, parts): (&Repeat, &Vec<Vec<usize>>)| {
            let plain = repeat.rows(prepared)?;
            let ranked = pick(&by_fold);
            let folds = if ranked.is_empty() { &[][..] } else { parts };
            let of_corrected = match repeat.corrected_rows(prepared)? {
                Some(rows) if !corrected.is_empty() => Some(Evaluator::new(&pick(&corrected), &rows, None)?),
                _ => None,
            };
            let whole = (repeats.len() > 1)
                .then(|| Evaluator::new(measures, &plain, None))
                .transpose()?;
            let fair = match fairness {
                Some(fairness) => fairness.evaluators(&plain)?,
                None => Vec::new(),
            };
            Ok(OfRepeat {
                whole,
                fair,
                pooled: Evaluator::new(&pick(&pooled), &plain, None)?,
                folds: folds
                    .iter()
                    .map(|part| Evaluator::new(&ranked, &plain, Some(part)))
                    .collect::<Result<_, _>>()?,
                corrected: of_corrected,
            })
        };
        let repeats = repeats
            .iter()
            .zip(parts)
            .map(of_repeat)
            .collect::<Result<_, Error>>()?;
        let groups = fairness.map_or(0, |fairness| fairness.columns().count());
        Ok(Self {
            repeats,
            sources,
            corrected,
            groups,
        })
    }

    /// The numbers of [`score`](Self::score) for some rows in one repeat, rankings of these rows taken together.
    pub(crate) fn of_part(&self, repeat: usize, counts: &[u16]) -> Vec<f64> {
        let repeat = &self.repeats[repeat];
        let mut values = repeat
            .whole
            .as_ref()
            .map_or_else(Vec::new, |whole| whole.values(counts));
        values.extend(repeat.fair.iter().flat_map(|fair| fair.values(counts)));
        values.extend(
            repeat
                .corrected
                .iter()
                .flat_map(|corrected| corrected.values(counts)),
        );
        values
    }

    /// One number a measure, then those that compare groups, then one for each measure that is corrected; NaN where one
    /// is not defined.
    pub(super) fn score(&self, counts: &[u16], times: &[u16]) -> Vec<f64> {
        let mut sums = vec![0.0; self.sources.len() + self.corrected.len() + self.groups];
        let total: f64 = times.iter().map(|&times| f64::from(times)).sum();
        for (repeat, &times) in self.repeats.iter().zip(times) {
            if times == 0 {
                continue;
            }
            let share = f64::from(times) / total;
            let pooled = repeat.pooled.values(counts);
            let folds: Vec<Vec<f64>> = repeat.folds.iter().map(|fold| fold.values(counts)).collect();
            for (sum, source) in sums.iter_mut().zip(&self.sources) {
                *sum += share
                    * match source {
                        Source::Pooled(place) => pooled[*place],
                        Source::Folds(place) => mean_of_defined(folds.iter().map(|fold| fold[*place])),
                    };
            }
            if let Some(corrected) = &repeat.corrected {
                let values = corrected.values(counts);
                sums[self.sources.len() + self.groups..]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += share * value);
            }
            let fair = repeat.fair.iter().flat_map(|fair| fair.values(counts));
            sums[self.sources.len()..]
                .iter_mut()
                .zip(fair)
                .for_each(|(sum, value)| *sum += share * value);
        }
        sums
    }
}

/// Whether a measure is a mean over folds.
///
/// ROC-AUC is a mean over pairs of rows, so that few rows in a fold do no harm, and a fold has one model. Average
/// precision is far too high where a fold has few rows of the class, and the folds are taken together.
fn is_by_fold(measure: &Measure) -> bool {
    matches!(measure, Measure::RocAuc(_))
}

/// A draw may leave a fold without a row of the class; the other folds then speak for it.
fn mean_of_defined(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values
        .filter(|value| value.is_finite())
        .fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

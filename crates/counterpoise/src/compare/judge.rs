use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Labels, Observer, Seed, Warning};
use counterpoise_learn::correct_prior;
use counterpoise_metrics::{
    Bootstrap, Evaluator, Measure, PrecisionRecallPoint, Predictions, ReliabilityBin, precision_recall_curve,
    reliability,
};
use rayon::prelude::*;
use serde::Serialize;

use super::protocol::Fits;
use super::store::Fit;
use super::training::Training;
use super::{Candidate, Setting, Times, counted};
use crate::Error;

/// What a comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The column of classes.
    pub target: String,
    /// Rows.
    pub rows: usize,
    /// Rows of each class.
    pub classes: Vec<(String, usize)>,
    /// Folds of each repeat.
    pub folds: usize,
    /// How often the rows were dealt.
    pub repeats: usize,
    /// How often rows were drawn for intervals.
    pub draws: usize,
    /// How often an interval should hold the true value.
    pub level: f64,
    /// The measure that decides.
    pub decides: String,
    /// One entry a model.
    pub models: Vec<Model>,
    /// Fits that were taken over from an earlier run.
    pub resumed: usize,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// One model with all methods.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    /// Name, with options that are not the default ones.
    pub model: String,
    /// What to do.
    pub verdict: Verdict,
    /// Methods that ran, in the order asked for; `none` comes first.
    pub methods: Vec<Outcome>,
    /// Methods that do not apply, with the reason.
    pub failures: Vec<Failure>,
}

/// One model with one method.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Name, with options that are not the default ones.
    pub method: String,
    /// Whether it makes or removes rows.
    pub resamples: bool,
    /// One entry a measure.
    pub scores: Vec<Score>,
    /// Measures of probabilities after correction of the prior, for methods that shift it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<Calibrated>,
    /// Mean time of one fold.
    pub seconds: Seconds,
    /// What looked odd in its folds.
    pub warnings: Vec<Warning>,
    /// Precision and recall of the smallest class, folds of the first repeat pooled.
    #[serde(skip)]
    pub precision_recall: Vec<PrecisionRecallPoint>,
    /// Said and observed probabilities of the smallest class, and the same after correction of the prior.
    #[serde(skip)]
    pub reliability: (Vec<ReliabilityBin>, Vec<ReliabilityBin>),
}

/// Mean seconds of one fold.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Seconds {
    /// Resampling, tuning and calibration.
    pub method: f64,
    /// Fitting and predicting.
    pub model: f64,
}

/// One measure of one model with one method.
#[derive(Debug, Clone, Serialize)]
pub struct Score {
    /// Name.
    pub measure: String,
    /// The number; absent where it is not defined.
    pub value: Option<f64>,
    /// Where it would be for other rows: to test on and, from two repeats on, to train on.
    pub interval: Option<(f64, f64)>,
    /// What the method adds to `none`.
    pub difference: Option<f64>,
    /// Paired interval of the difference.
    pub difference_interval: Option<(f64, f64)>,
    /// As that, but wide enough to hold for all methods at once: what verdicts go by.
    pub simultaneous_interval: Option<(f64, f64)>,
}

/// A measure of probabilities after correction of the prior.
#[derive(Debug, Clone, Serialize)]
pub struct Calibrated {
    /// Name.
    pub measure: String,
    /// The number.
    pub value: Option<f64>,
    /// Where it would be for other rows.
    pub interval: Option<(f64, f64)>,
}

/// A method without a result.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// Name.
    pub method: String,
    /// Why.
    pub reason: String,
    /// What to type instead.
    pub hint: Option<String>,
}

/// What to do, in plain words.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The kind of advice.
    pub kind: VerdictKind,
    /// The method to use.
    pub method: String,
    /// What to do, in a sentence.
    pub text: String,
    /// Why, with numbers.
    pub evidence: String,
}

/// A kind of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// No method is better than none.
    DoNothing,
    /// Weights, a threshold or a calibration are as good as resampling.
    DoNotResample,
    /// A resampler is better than everything that makes no rows.
    Resample,
    /// The model has no result even without a method, or there was no method to compare.
    NothingCompared,
}

impl Comparison {
    /// One sentence over all models.
    pub fn headline(&self) -> String {
        let kinds = self.models.iter().map(|model| model.verdict.kind);
        let kinds: Vec<VerdictKind> = kinds
            .filter(|kind| *kind != VerdictKind::NothingCompared)
            .collect();
        let all = |kind: VerdictKind| kinds.iter().all(|other| *other == kind);
        if kinds.is_empty() {
            "Nothing was compared with `none`.".into()
        } else if all(VerdictKind::DoNothing) {
            "Do nothing: no method is better than none beyond chance.".into()
        } else if all(VerdictKind::Resample) {
            "A resampler is better than what else was tried.".into()
        } else if kinds.contains(&VerdictKind::Resample) {
            "It depends on the model.".into()
        } else {
            "Do not resample: what makes no rows does as well.".into()
        }
    }
}

/// Rows of a class below which intervals of its measures are too narrow, by simulation (`docs/coverage.md`).
const FEW_ROWS: usize = 20;

fn few_rows(labels: &Labels) -> Option<Warning> {
    let class = smallest(labels) as usize;
    let rows = labels.counts()[class];
    (rows < FEW_ROWS).then(|| {
        let message = format!(
            "class `{}` has {rows} row(s): intervals and verdicts about so few rows cannot be trusted",
            labels.classes()[class]
        );
        Warning::new("compare.few-rows", message)
            .with_hint("collect more rows, or merge the class with another")
    })
}

/// Measures must fit the classes before anything is fitted.
pub(crate) fn check_measures(measures: &[Measure], labels: &Labels) -> Result<(), Error> {
    let classes = labels.classes();
    let share = 1.0 / classes.len() as f64;
    let probabilities = vec![share; labels.len() * classes.len()];
    let rows =
        Predictions::new(classes, labels.codes(), labels.codes())?.with_probabilities(&probabilities)?;
    for measure in measures {
        measure.check(&rows)?;
    }
    Ok(())
}

/// Predictions of one repeat, in the order of the table.
struct Repeat {
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
    corrected: Option<Vec<f64>>,
}

/// One model with one method, ready to be drawn from.
struct Combination<'a> {
    model: usize,
    method: usize,
    fits: &'a [Vec<Fit>],
    repeats: Vec<Repeat>,
}

const TASK: &str = "drawing rows for intervals";

pub(crate) fn judge(
    setting: &Setting<'_>,
    fits: &Fits,
    measures: &[Measure],
    observer: &dyn Observer,
) -> Result<Comparison, Error> {
    let (prepared, compare) = (setting.prepared, setting.compare);
    let labels = &prepared.labels;
    let combinations: Vec<Combination<'_>> = (0..fits.models.len())
        .flat_map(|model| (0..fits.methods.len()).map(move |method| (model, method)))
        .filter_map(|(model, method)| {
            let of_all = fits.results[method][model].as_ref().ok()?;
            let shifts = compare.methods[method].shifts_prior();
            let repeats = of_all
                .iter()
                .zip(&fits.parts)
                .map(|(folds, parts)| together(folds, parts, labels, prepared.weights(), shifts))
                .collect();
            Some(Combination {
                model,
                method,
                fits: of_all,
                repeats,
            })
        })
        .collect();
    let scorers: Vec<Scorer> = combinations
        .iter()
        .map(|combination| Scorer::new(&combination.repeats, &fits.parts, setting, measures))
        .collect::<Result<_, _>>()?;
    let drawn = draw(&scorers, setting, fits.parts.len(), observer)?;
    let original: Vec<Vec<f64>> = {
        let (ones, each) = (vec![1; labels.len()], vec![1; fits.parts.len()]);
        scorers
            .par_iter()
            .map(|scorer| scorer.score(&ones, &each))
            .collect()
    };
    let seed = Seed::new(setting.experiment.seed)
        .child("compare")
        .child("training");
    let training = Training::new(
        scorers.len(),
        &fits.parts,
        labels,
        &seed,
        &|index, repeat, counts| scorers[index].of_part(repeat, counts),
    );
    let draws = Draws {
        drawn: &drawn,
        original: &original,
        training: &training,
        level: compare.level,
    };
    let place = |model: usize, method: usize| {
        combinations
            .iter()
            .position(|combination| combination.model == model && combination.method == method)
    };
    let mut models = Vec::new();
    let mut warnings = prepared.warnings.clone();
    warnings.extend(few_rows(labels));
    for (model, name) in fits.models.iter().enumerate() {
        let none = place(model, 0);
        let own: Vec<usize> = (0..combinations.len())
            .filter(|&index| combinations[index].model == model)
            .collect();
        let mut outcomes = Vec::new();
        for &index in &own {
            let combination = &combinations[index];
            let scores = measures.iter().enumerate().map(|(measure, named)| {
                let differences = none.filter(|&none| none != index).map(|none| {
                    let others: Vec<usize> = own.iter().copied().filter(|&other| other != none).collect();
                    (none, draws.max_t(&others, none, measure))
                });
                draws.score(index, differences, measure, named)
            });
            let scores: Vec<Score> = scores.collect();
            let corrected = scorers[index]
                .corrected
                .iter()
                .enumerate()
                .map(|(place, &measure)| {
                    let column = measures.len() + place;
                    Calibrated {
                        measure: measures[measure].name(),
                        value: Some(original[index][column]).filter(|value| value.is_finite()),
                        interval: draws.interval(index, None, column, &measures[measure]),
                    }
                });
            outcomes.push(Outcome {
                method: fits.methods[combination.method].clone(),
                resamples: compare.methods[combination.method].resamples(),
                scores,
                corrected: corrected.collect(),
                seconds: seconds(combination.fits),
                warnings: counted(
                    combination
                        .fits
                        .iter()
                        .flatten()
                        .flat_map(|fit| fit.warnings.iter().cloned())
                        .collect(),
                ),
                precision_recall: Vec::new(),
                reliability: (Vec::new(), Vec::new()),
            });
            let outcome = outcomes.last_mut().expect("it was just added");
            curves(outcome, combination, setting)?;
            let of_model = |mut warning: Warning| {
                warning.message = format!("{name} with {}: {}", outcome.method, warning.message);
                warning
            };
            warnings.extend(outcome.warnings.clone().into_iter().map(of_model));
        }
        let failures = (0..fits.methods.len()).filter_map(|method| {
            let failed = fits.results[method][model].as_ref().err()?;
            Some(Failure {
                method: fits.methods[method].clone(),
                reason: failed.message.clone(),
                hint: failed.hint.clone(),
            })
        });
        let failures: Vec<Failure> = failures.collect();
        let verdict = match none {
            Some(none) => {
                let view = View {
                    draws: &draws,
                    own: &own,
                    none,
                    candidate: &|index: usize| &compare.methods[combinations[index].method],
                    name: &|index: usize| fits.methods[combinations[index].method].as_str(),
                };
                verdict(&view, measures, &outcomes)
            }
            None => Verdict {
                kind: VerdictKind::NothingCompared,
                method: "none".into(),
                text: format!("{name} could not be fitted even without a method."),
                evidence: String::new(),
            },
        };
        models.push(Model {
            model: name.clone(),
            verdict,
            methods: outcomes,
            failures,
        });
    }
    if models.iter().all(|model| model.methods.is_empty())
        && let Some(failure) = models.first().and_then(|model| model.failures.first())
    {
        return Err(Error::NothingFitted {
            method: failure.method.clone(),
            reason: failure.reason.clone(),
            hint: failure.hint.clone(),
        });
    }
    Ok(Comparison {
        target: prepared.roles().target.clone(),
        rows: labels.len(),
        classes: labels.classes().iter().cloned().zip(labels.counts()).collect(),
        folds: compare.folds,
        repeats: fits.parts.len(),
        draws: compare.draws,
        level: compare.level,
        decides: measures[0].name(),
        models,
        resumed: fits.found,
        warnings,
    })
}

/// Puts the folds of a repeat together.
fn together(
    folds: &[Fit],
    parts: &[Vec<usize>],
    labels: &Labels,
    weights: Option<&[f64]>,
    shifts: bool,
) -> Repeat {
    let classes = labels.classes().len();
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let mut whole = vec![0.0; classes];
    labels
        .codes()
        .iter()
        .enumerate()
        .for_each(|(row, &label)| whole[label as usize] += weight(row));
    let mut repeat = Repeat {
        predicted: vec![0; labels.len()],
        probabilities: vec![0.0; labels.len() * classes],
        corrected: shifts.then(|| vec![0.0; labels.len() * classes]),
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

/// Scores one combination for any counts of rows and repeats.
pub(crate) struct Scorer {
    repeats: Vec<OfRepeat>,
    /// Where each measure comes from.
    sources: Vec<Source>,
    /// Measures that are scored with corrected probabilities too.
    corrected: Vec<usize>,
}

struct OfRepeat {
    /// Of all rows together.
    pooled: Evaluator,
    /// Of one fold each.
    folds: Vec<Evaluator>,
    corrected: Option<Evaluator>,
    /// All measures of any part of the rows; absent where there is one repeat.
    whole: Option<Evaluator>,
}

#[derive(Clone, Copy)]
enum Source {
    Pooled(usize),
    Folds(usize),
}

impl Scorer {
    fn new(
        repeats: &[Repeat],
        parts: &[Vec<Vec<usize>>],
        setting: &Setting<'_>,
        measures: &[Measure],
    ) -> Result<Self, Error> {
        let labels = &setting.prepared.labels;
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
            let rows = |probabilities| {
                let rows = Predictions::new(labels.classes(), labels.codes(), &repeat.predicted)?;
                let rows = rows.with_probabilities(probabilities)?;
                match setting.prepared.weights() {
                    Some(weights) => rows.with_weights(weights),
                    None => Ok(rows),
                }
            };
            let plain = rows(&repeat.probabilities)?;
            let ranked = pick(&by_fold);
            let folds = if ranked.is_empty() { &[][..] } else { parts };
            let of_corrected = match &repeat.corrected {
                Some(probabilities) if !corrected.is_empty() => {
                    Some(Evaluator::new(&pick(&corrected), &rows(probabilities)?, None)?)
                }
                _ => None,
            };
            let whole = (repeats.len() > 1)
                .then(|| Evaluator::new(measures, &plain, None))
                .transpose()?;
            Ok(OfRepeat {
                whole,
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
        Ok(Self {
            repeats,
            sources,
            corrected,
        })
    }

    /// The numbers of [`score`](Self::score) for some rows in one repeat, rankings of these rows taken together.
    pub(crate) fn of_part(&self, repeat: usize, counts: &[u16]) -> Vec<f64> {
        let repeat = &self.repeats[repeat];
        let mut values = repeat
            .whole
            .as_ref()
            .map_or_else(Vec::new, |whole| whole.values(counts));
        values.extend(
            repeat
                .corrected
                .iter()
                .flat_map(|corrected| corrected.values(counts)),
        );
        values
    }

    /// One number a measure, then one for each that is corrected; NaN where it is not defined.
    fn score(&self, counts: &[u16], times: &[u16]) -> Vec<f64> {
        let mut sums = vec![0.0; self.sources.len() + self.corrected.len()];
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
                sums[self.sources.len()..]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += share * value);
            }
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

/// Scores of all combinations for each draw of rows and repeats.
fn draw(
    scorers: &[Scorer],
    setting: &Setting<'_>,
    repeats: usize,
    observer: &dyn Observer,
) -> Result<Vec<Vec<Vec<f64>>>, Error> {
    let compare = setting.compare;
    let rows = setting.prepared.labels.len();
    let seed = Seed::new(setting.experiment.seed)
        .child("compare")
        .child("intervals");
    let bootstrap = Bootstrap::new(seed.number()).with_draws(compare.draws);
    let done = AtomicU64::new(0);
    let one = |counts: &mut Vec<u16>, draw: usize| {
        bootstrap.counts(draw, rows, counts);
        let mut random = seed.child("repeats").child(draw as u64).rng();
        let mut times = vec![0_u16; repeats];
        (0..repeats).for_each(|_| times[random.below(repeats)] += 1);
        let scores = scorers
            .iter()
            .map(|scorer| scorer.score(counts, &times))
            .collect();
        let event = Event::Progress {
            task: TASK,
            done: done.fetch_add(1, Ordering::Relaxed) + 1,
            total: compare.draws as u64,
        };
        if observer.observe(&event).is_break() {
            Err(Error::Stopped)
        } else {
            Ok(scores)
        }
    };
    let drawn = (0..compare.draws)
        .into_par_iter()
        .map_init(Vec::new, one)
        .collect();
    let _ = observer.observe(&Event::Finished { task: TASK });
    drawn
}

/// The interval that leaves `tail` of the numbers out at each end; absent if more than one in twenty is not defined.
fn percentiles(values: impl Iterator<Item = f64>, tail: f64) -> Option<(f64, f64)> {
    let all: Vec<f64> = values.collect();
    let mut sorted: Vec<f64> = all.iter().copied().filter(|value| value.is_finite()).collect();
    if sorted.is_empty() || (all.len() - sorted.len()) * 20 > all.len() {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some((at(tail), at(1.0 - tail)))
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// Scores of each draw and of the rows as they are, by combination and measure, and what training rows add to them.
struct Draws<'a> {
    drawn: &'a [Vec<Vec<f64>>],
    original: &'a [Vec<f64>],
    training: &'a Training,
    level: f64,
}

impl Draws<'_> {
    /// The score of a combination, or what it adds to another.
    fn value(&self, index: usize, base: Option<usize>, column: usize) -> Option<f64> {
        let scores = &self.original;
        let value = scores[index][column] - base.map_or(0.0, |base| scores[base][column]);
        Some(value).filter(|value| value.is_finite())
    }

    /// That value in each draw.
    fn of(&self, index: usize, base: Option<usize>, column: usize) -> impl Iterator<Item = f64> + Clone {
        self.drawn
            .iter()
            .map(move |draw| draw[index][column] - base.map_or(0.0, |base| draw[base][column]))
    }

    /// Its standard error from test rows and repeats, and how many times as much it is with training rows.
    fn error(&self, index: usize, base: Option<usize>, column: usize) -> (f64, f64) {
        let spread = deviation(self.of(index, base, column).filter(|value| value.is_finite()));
        let more = self.training.variance(index, base, column) / spread.powi(2);
        (
            spread,
            if more.is_finite() {
                (1.0 + more).sqrt()
            } else {
                1.0
            },
        )
    }

    fn interval(
        &self,
        index: usize,
        base: Option<usize>,
        column: usize,
        named: &Measure,
    ) -> Option<(f64, f64)> {
        self.value(index, base, column)?;
        let tail = 0.5 * (1.0 - self.level);
        let (low, high) = percentiles(self.of(index, base, column), tail)?;
        let (_, times) = self.error(index, base, column);
        let more = 0.5 * (times - 1.0) * (high - low);
        let (least, most) = match base {
            None => bounds(named),
            Some(_) => (f64::NEG_INFINITY, f64::INFINITY),
        };
        Some(((low - more).max(least), (high + more).min(most)))
    }

    /// Half the width, in standard errors, of intervals of differences that hold for all of `others` at once.
    fn max_t(&self, others: &[usize], base: usize, column: usize) -> Option<f64> {
        let known: Vec<(usize, f64, f64)> = others
            .iter()
            .filter_map(|&other| {
                let (spread, _) = self.error(other, Some(base), column);
                Some((other, self.value(other, Some(base), column)?, spread))
            })
            .filter(|(_, _, spread)| *spread > 0.0)
            .collect();
        let mut most: Vec<f64> = self
            .drawn
            .iter()
            .map(|draw| {
                let t = |(other, value, spread): &(usize, f64, f64)| {
                    ((draw[*other][column] - draw[base][column] - value) / spread).abs()
                };
                known.iter().map(t).filter(|t| t.is_finite()).fold(0.0, f64::max)
            })
            .collect();
        most.sort_by(f64::total_cmp);
        let place = (self.level * most.len() as f64).ceil() as usize;
        (!known.is_empty()).then(|| most[place.clamp(1, most.len()) - 1])
    }

    fn score(
        &self,
        index: usize,
        against: Option<(usize, Option<f64>)>,
        column: usize,
        named: &Measure,
    ) -> Score {
        let mut score = Score {
            measure: named.name(),
            value: self.value(index, None, column),
            interval: self.interval(index, None, column, named),
            difference: None,
            difference_interval: None,
            simultaneous_interval: None,
        };
        if let Some((none, wide)) = against {
            score.difference = self.value(index, Some(none), column);
            score.difference_interval = self.interval(index, Some(none), column, named);
            if let (Some(difference), Some(_), Some(wide)) =
                (score.difference, score.difference_interval, wide)
            {
                let (spread, times) = self.error(index, Some(none), column);
                let half = wide * spread * times;
                score.simultaneous_interval = Some((difference - half, difference + half));
            }
        }
        score
    }
}

/// The least and the most that a measure can be.
fn bounds(measure: &Measure) -> (f64, f64) {
    match measure {
        Measure::Mcc | Measure::Kappa => (-1.0, 1.0),
        Measure::Brier | Measure::LogLoss | Measure::MeanAbsoluteErrorMacro => (0.0, f64::INFINITY),
        Measure::Iba(_) => (f64::NEG_INFINITY, f64::INFINITY),
        _ => (0.0, 1.0),
    }
}

fn seconds(fits: &[Vec<Fit>]) -> Seconds {
    let all: Vec<Times> = fits.iter().flatten().map(|fit| fit.times).collect();
    let mean = |pick: fn(&Times) -> std::time::Duration| {
        all.iter().map(|times| pick(times).as_secs_f64()).sum::<f64>() / all.len().max(1) as f64
    };
    Seconds {
        method: mean(|times| times.method),
        model: mean(|times| times.model),
    }
}

/// The class with the fewest rows.
pub(crate) fn smallest(labels: &Labels) -> u32 {
    let counts = labels.counts();
    (0..counts.len())
        .min_by_key(|&class| (counts[class], class))
        .unwrap_or(0) as u32
}

const CURVE_POINTS: usize = 300;
const BINS: usize = 10;

fn curves(outcome: &mut Outcome, combination: &Combination<'_>, setting: &Setting<'_>) -> Result<(), Error> {
    let labels = &setting.prepared.labels;
    let Some(first) = combination.repeats.first() else {
        return Ok(());
    };
    let class = smallest(labels);
    let rows = |probabilities| {
        let rows = Predictions::new(labels.classes(), labels.codes(), &first.predicted)?;
        let rows = rows.with_probabilities(probabilities)?;
        match setting.prepared.weights() {
            Some(weights) => rows.with_weights(weights),
            None => Ok(rows),
        }
    };
    let plain = rows(&first.probabilities)?;
    outcome.precision_recall = precision_recall_curve(&plain, class, CURVE_POINTS)?;
    outcome.reliability.0 = reliability(&plain, class, BINS)?;
    if let Some(corrected) = &first.corrected {
        outcome.reliability.1 = reliability(&rows(corrected)?, class, BINS)?;
    }
    Ok(())
}

/// What a verdict looks at: the combinations of one model.
struct View<'a> {
    draws: &'a Draws<'a>,
    own: &'a [usize],
    none: usize,
    candidate: &'a dyn Fn(usize) -> &'a Candidate,
    name: &'a dyn Fn(usize) -> &'a str,
}

impl View<'_> {
    /// How much better `index` is than `base` in a measure, with an interval that holds for all of `others` at once.
    fn gain(
        &self,
        index: usize,
        base: usize,
        others: &[usize],
        measure: usize,
        higher: bool,
    ) -> Option<Gain> {
        let wide = self.draws.max_t(others, base, measure)?;
        let value = self.draws.value(index, Some(base), measure)?;
        let (spread, times) = self.draws.error(index, Some(base), measure);
        let half = wide * spread * times;
        let sign = if higher { 1.0 } else { -1.0 };
        Some(Gain {
            value: sign * value,
            low: sign * value - half,
            high: sign * value + half,
        })
    }
}

#[derive(Clone, Copy)]
struct Gain {
    value: f64,
    low: f64,
    high: f64,
}

impl std::fmt::Display for Gain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:+.3} ({:+.3} to {:+.3})", self.value, self.low, self.high)
    }
}

fn verdict(view: &View<'_>, measures: &[Measure], outcomes: &[Outcome]) -> Verdict {
    let (first, higher) = (measures[0].name(), measures[0].higher_is_better());
    let others: Vec<usize> = view
        .own
        .iter()
        .copied()
        .filter(|&index| index != view.none)
        .collect();
    let gains: Vec<(usize, Gain)> = others
        .iter()
        .filter_map(|&index| Some((index, view.gain(index, view.none, &others, 0, higher)?)))
        .collect();
    let best_of = |wanted: &dyn Fn(usize) -> bool| {
        gains
            .iter()
            .filter(|(index, gain)| wanted(*index) && gain.low > 0.0)
            .max_by(|a, b| a.1.value.total_cmp(&b.1.value))
            .copied()
    };
    let resamples = |index: usize| (view.candidate)(index).resamples();
    let (resampler, cheap) = (best_of(&resamples), best_of(&|index| !resamples(index)));
    let cheap_ran = others.iter().any(|&index| !resamples(index));
    let name = |index: usize| (view.name)(index);
    // What makes no rows and looks best: a resampler must beat it, whether or not it is itself better than nothing
    // beyond chance. That one of two is, and the other is not, does not make one better than the other.
    let looks_better = |(index, gain): &&(usize, Gain)| !resamples(*index) && gain.value > 0.0;
    let likely = gains
        .iter()
        .filter(looks_better)
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value))
        .copied();
    let rival = cheap.or(likely.filter(|_| resampler.is_some()));
    let resampler_ran = others.iter().any(|&index| resamples(index));
    let (kind, chosen, text, mut evidence) = match (resampler, rival) {
        _ if others.is_empty() => {
            return Verdict {
                kind: VerdictKind::NothingCompared,
                method: "none".into(),
                text: "No other method has a result to compare.".into(),
                evidence: String::new(),
            };
        }
        (None, None) => {
            let evidence = match gains.iter().max_by(|a, b| a.1.value.total_cmp(&b.1.value)) {
                Some((index, gain)) => format!(
                    "`{}` comes closest, with a gain of {gain} in {first}; {}.",
                    name(*index),
                    match others.len() {
                        1 => "no other was tried".to_owned(),
                        count => format!("intervals hold for all {count} methods at once"),
                    }
                ),
                None => format!("No method has a {first} to compare."),
            };
            let text = "Do nothing: no method is better than none beyond chance.".to_owned();
            (VerdictKind::DoNothing, view.none, text, evidence)
        }
        (None, Some((index, gain))) => {
            let (text, of_resamplers) = if resampler_ran {
                let text = format!("Do not resample: use `{}`.", name(index));
                (text, "no resampler gains anything beyond chance")
            } else {
                (format!("Use `{}`.", name(index)), "no resampler was tried")
            };
            let evidence = format!("It gains {gain} in {first}; {of_resamplers}.");
            (VerdictKind::DoNotResample, index, text, evidence)
        }
        (Some((index, gain)), None) => {
            let tried = if cheap_ran {
                "what makes no rows and was tried does not"
            } else {
                "nothing cheaper was tried: add `weights` and `threshold` to see whether they do as well"
            };
            let text = format!("Resample with `{}`.", name(index));
            let evidence = format!("It gains {gain} in {first}, and {tried}.");
            (VerdictKind::Resample, index, text, evidence)
        }
        (Some((index, gain)), Some((rival, rival_gain))) => {
            let all: Vec<usize> = others.iter().copied().filter(|&other| resamples(other)).collect();
            let (own, other) = (name(index), name(rival));
            let more = view.gain(index, rival, &all, 0, higher);
            if let Some(more) = more.filter(|more| more.low > 0.0) {
                let text = format!("Resample with `{own}`.");
                let evidence = format!(
                    "It gains {gain} in {first} over `none`, and {more} over `{other}`, the best that makes no rows."
                );
                (VerdictKind::Resample, index, text, evidence)
            } else {
                let more = more.map_or(String::new(), |more| format!(": `{own}` gains {more} over it"));
                let text = format!("Do not resample: `{other}` does as well.");
                let evidence = if cheap.is_some() {
                    format!(
                        "It gains {rival_gain} in {first}; no resampler is better than that beyond chance{more}."
                    )
                } else {
                    format!(
                        "It gains {rival_gain} in {first}. Only `{own}` is better than `none` beyond chance ({gain}), and yet no resampler is better than `{other}` beyond chance{more}."
                    )
                };
                (VerdictKind::DoNotResample, rival, text, evidence)
            }
        }
    };
    ranking_remark(view, measures, &others, &mut evidence);
    calibration_remark(view, outcomes, chosen, &mut evidence);
    Verdict {
        kind,
        method: name(chosen).into(),
        text,
        evidence,
    }
}

/// Whether any method orders rows better, which no threshold can.
fn ranking_remark(view: &View<'_>, measures: &[Measure], others: &[usize], text: &mut String) {
    let precision = |measure: &Measure| matches!(measure, Measure::AveragePrecision(_));
    let ranking = measures
        .iter()
        .position(precision)
        .or_else(|| measures.iter().position(Measure::is_ranking));
    let Some(measure) = ranking else { return };
    let gains = others
        .iter()
        .filter_map(|&index| Some((index, view.gain(index, view.none, others, measure, true)?)));
    let best = gains
        .filter(|(index, gain)| gain.low > 0.0 && (view.candidate)(*index).shifts_prior())
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let name = measures[measure].name();
    let remark = match best {
        Some((index, gain)) => format!(
            " `{}` also ranks rows better ({name} {gain}).",
            (view.name)(index)
        ),
        None => {
            format!(
                " No method that changes training is shown to rank rows better ({name}); as far as can be seen, they move the line between the classes."
            )
        }
    };
    text.push_str(&remark);
}

/// Whether the chosen method costs calibration, and what the correction of the prior gives back.
fn calibration_remark(view: &View<'_>, outcomes: &[Outcome], chosen: usize, text: &mut String) {
    let of = |index: usize| {
        let place = view.own.iter().position(|&other| other == index)?;
        let outcome = outcomes.get(place)?;
        let brier = outcome.scores.iter().find(|score| score.measure == "brier")?;
        let corrected = outcome
            .corrected
            .iter()
            .find(|score| score.measure == "brier")
            .and_then(|score| score.value);
        Some((brier.value?, brier.difference_interval, corrected))
    };
    let (Some((before, ..)), Some((after, Some((low, _)), corrected))) = (of(view.none), of(chosen)) else {
        return;
    };
    if low > 0.0 {
        let mended = corrected.map_or(String::new(), |corrected| {
            format!("; corrected for the class shares, it is {corrected:.3}")
        });
        let remark =
            format!(" Mind its probabilities: the Brier score goes from {before:.3} to {after:.3}{mended}.");
        text.push_str(&remark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simultaneous_intervals_are_wider_than_single_ones() {
        let mut random = Seed::new(5).rng();
        let drawn: Vec<Vec<Vec<f64>>> = (0..2000)
            .map(|_| {
                std::iter::once(vec![0.0])
                    .chain((0..8).map(|_| vec![random.normal()]))
                    .collect()
            })
            .collect();
        let draws = Draws {
            drawn: &drawn,
            original: &vec![vec![0.0]; 9],
            training: &Training::default(),
            level: 0.95,
        };
        let one = draws.max_t(&[1], 0, 0).expect("it varies");
        let all = draws.max_t(&[1, 2, 3, 4, 5, 6, 7, 8], 0, 0).expect("they vary");
        assert!((one - 1.96).abs() < 0.15, "{one}");
        assert!((all - 2.73).abs() < 0.2, "{all}");
    }

    /// The verdict on differences to `none` with these standard errors, for methods of these names.
    fn verdict_of(measure: &str, methods: &[(&str, f64, f64)]) -> Verdict {
        let mut random = Seed::new(6).rng();
        let candidates: Vec<Candidate> = std::iter::once("none")
            .chain(methods.iter().map(|(name, ..)| *name))
            .map(|name| Candidate::from_name(name).expect("a known method"))
            .collect();
        let original: Vec<Vec<f64>> = std::iter::once(0.5)
            .chain(methods.iter().map(|(_, difference, _)| 0.5 + difference))
            .map(|value| vec![value])
            .collect();
        let drawn: Vec<Vec<Vec<f64>>> = (0..1000)
            .map(|_| {
                let mut draw = original.clone();
                for (score, (_, _, error)) in draw[1..].iter_mut().zip(methods) {
                    score[0] += error * random.normal();
                }
                draw
            })
            .collect();
        let draws = Draws {
            drawn: &drawn,
            original: &original,
            training: &Training::default(),
            level: 0.95,
        };
        let own: Vec<usize> = (0..candidates.len()).collect();
        let view = View {
            draws: &draws,
            own: &own,
            none: 0,
            candidate: &|index: usize| &candidates[index],
            name: &|index: usize| candidates[index].name(),
        };
        verdict(&view, &[measure.parse().expect("a measure")], &[])
    }

    #[test]
    fn a_resampler_must_beat_what_makes_no_rows_even_where_that_may_be_chance() {
        let near = verdict_of("accuracy", &[("weights", 0.09, 0.05), ("smote", 0.1, 0.02)]);
        assert_eq!(near.kind, VerdictKind::DoNotResample, "{}", near.text);
        assert!(
            near.evidence
                .contains("Only `smote` is better than `none` beyond chance"),
            "{}",
            near.evidence
        );
        let far = verdict_of("accuracy", &[("weights", 0.01, 0.01), ("smote", 0.2, 0.02)]);
        assert_eq!((far.kind, far.method.as_str()), (VerdictKind::Resample, "smote"));
        let worse = verdict_of("accuracy", &[("weights", -0.2, 0.01), ("smote", 0.2, 0.02)]);
        assert_eq!(worse.kind, VerdictKind::Resample);
    }

    #[test]
    fn what_is_worse_beyond_chance_is_not_said_to_be_within_it() {
        let verdict = verdict_of("brier", &[("smote", 0.1, 0.01)]);
        assert_eq!(verdict.kind, VerdictKind::DoNothing);
        assert!(
            verdict
                .evidence
                .contains("`smote` comes closest, with a gain of -0.100"),
            "{}",
            verdict.evidence
        );
    }

    #[test]
    fn percentiles_leave_out_what_is_not_defined_unless_it_is_much() {
        let some = (0..100).map(|value| if value < 3 { f64::NAN } else { f64::from(value) });
        assert!(percentiles(some, 0.025).is_some());
        let many = (0..100).map(|value| if value < 30 { f64::NAN } else { f64::from(value) });
        assert_eq!(percentiles(many, 0.025), None);
    }
}

use counterpoise_base::{Labels, Observer, Seed, Warning, counted};
use counterpoise_metrics::{Measure, Predictions, precision_recall_curve, reliability};
use rayon::prelude::*;

use super::draws::{Draws, Named, draw};
use super::fairness::{self, ComparedGroups, FairScores, Fairness};
use super::outcome::{Calibrated, Comparison, Failure, Model, Outcome, Score, Seconds};
use super::protocol::{Failed, Fits};
use super::scores::{Repeat, Scorer};
use super::store::Fit;
use super::training::Training;
use super::verdict::{Verdict, VerdictKind, View, verdict};
use super::{Setting, Times, said_once};
use crate::Error;

/// Scores all combinations, draws for intervals, and says what follows.
pub(crate) fn judge(
    setting: &Setting<'_>,
    fits: &Fits,
    measures: &[Measure],
    fairness: Option<&Fairness>,
    observer: &dyn Observer,
) -> Result<Comparison, Error> {
    let (prepared, compare) = (setting.prepared, setting.compare);
    let labels = &prepared.labels;
    let combinations = combinations(setting, fits);
    let scorers: Vec<Scorer> = combinations
        .iter()
        .map(|combination| Scorer::new(&combination.repeats, &fits.parts, prepared, measures, fairness))
        .collect::<Result<_, _>>()?;
    let drawn = draw(&scorers, setting, fits.parts.len(), observer)?;
    let (ones, each) = (vec![1; labels.len()], vec![1; fits.parts.len()]);
    let original: Vec<Vec<f64>> = scorers
        .par_iter()
        .map(|scorer| scorer.score(&ones, &each))
        .collect();
    let seed = Seed::new(setting.experiment.seed)
        .child("compare")
        .child("training");
    let of_part = |index: usize, repeat: usize, counts: &[u16]| scorers[index].of_part(repeat, counts);
    let training = Training::new(scorers.len(), &fits.parts, labels, &seed, &of_part);
    let draws = Draws {
        drawn: &drawn,
        original: &original,
        training: &training,
        level: compare.level,
    };
    let mut models = Vec::new();
    let mut warnings = prepared.warnings.clone();
    warnings.extend(few_rows(labels));
    warnings.extend(
        fairness
            .into_iter()
            .flat_map(|fairness| fairness.warnings.clone()),
    );
    let groups = fairness.map(ComparedGroups::new);
    let of_groups: Vec<(usize, Named)> = fairness.map_or_else(Vec::new, |fairness| {
        let columns = fairness.columns();
        columns
            .map(|(grouping, measure)| (grouping, Named::from(measure)))
            .collect()
    });
    for (model, name) in fits.models.iter().enumerate() {
        let own: Vec<usize> = (0..combinations.len())
            .filter(|&index| combinations[index].model == model)
            .collect();
        let none = own.iter().copied().find(|&index| combinations[index].method == 0);
        let others: Vec<usize> = own.iter().copied().filter(|&index| Some(index) != none).collect();
        // Half the widths of simultaneous intervals, which all methods share.
        let wide: Vec<Option<f64>> = (0..measures.len() + of_groups.len())
            .map(|measure| draws.max_t(&others, none?, measure))
            .collect();
        let mut outcomes = Vec::new();
        for &index in &own {
            let combination = &combinations[index];
            let against = none.filter(|&none| none != index);
            let scores = measures.iter().enumerate().map(|(column, measure)| {
                draws.score(
                    index,
                    against.map(|none| (none, wide[column])),
                    column,
                    &Named::from(measure),
                )
            });
            let corrected = scorers[index]
                .corrected
                .iter()
                .enumerate()
                .map(|(place, &measure)| {
                    let column = measures.len() + of_groups.len() + place;
                    let measure = &measures[measure];
                    Calibrated {
                        measure: measure.name(),
                        value: draws.value(index, None, column),
                        interval: draws.interval(index, None, column, &Named::from(measure)),
                    }
                });
            let mut outcome = outcome(setting, fits, combination, scores.collect(), corrected.collect())?;
            outcome.fairness = groups
                .iter()
                .flat_map(|groups| &groups.groupings)
                .map(FairScores::empty)
                .collect();
            for (place, (grouping, named)) in of_groups.iter().enumerate() {
                let column = measures.len() + place;
                let score = draws.score(index, against.map(|none| (none, wide[column])), column, named);
                outcome.fairness[*grouping].scores.push(score);
            }
            warnings.extend(outcome.warnings.iter().cloned().map(|mut warning| {
                warning.message = format!("{name} with {}: {}", outcome.method, warning.message);
                warning
            }));
            outcomes.push(outcome);
        }
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
        let in_words = groups
            .as_ref()
            .map_or_else(Vec::new, |groups| fairness::in_words(&outcomes, groups));
        models.push(Model {
            model: name.clone(),
            verdict,
            fairness: in_words.iter().map(|(_, text)| text.clone()).collect(),
            fair_kinds: in_words.into_iter().map(|(kind, _)| kind).collect(),
            methods: outcomes,
            failures: failures(fits, model),
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
        groups,
        models,
        resumed: fits.found,
        warnings,
    })
}

/// One model with one method, ready to be drawn from.
struct Combination<'a> {
    model: usize,
    method: usize,
    fits: &'a [Vec<Fit>],
    repeats: Vec<Repeat>,
}

/// Those that have a result, model by model.
fn combinations<'a>(setting: &Setting<'_>, fits: &'a Fits) -> Vec<Combination<'a>> {
    let of_model = |model: usize| (0..fits.methods.len()).map(move |method| (model, method));
    let combination = |(model, method): (usize, usize)| {
        let of_all = fits.results[method][model].as_ref().ok()?;
        let shifts = setting.compare.methods[method].shifts_prior();
        let repeats = of_all.iter().zip(&fits.parts);
        Some(Combination {
            model,
            method,
            fits: of_all,
            repeats: repeats
                .map(|(folds, parts)| Repeat::new(folds, parts, setting.prepared, shifts))
                .collect(),
        })
    };
    (0..fits.models.len())
        .flat_map(of_model)
        .filter_map(combination)
        .collect()
}

fn failures(fits: &Fits, model: usize) -> Vec<Failure> {
    let failure = |(results, method): (&Vec<Result<_, Failed>>, &String)| {
        let failed = results[model].as_ref().err()?;
        Some(Failure {
            method: method.clone(),
            reason: failed.message.clone(),
            hint: failed.hint.clone(),
        })
    };
    fits.results
        .iter()
        .zip(&fits.methods)
        .filter_map(failure)
        .collect()
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

/// Rows of a class below which intervals of its measures are too narrow, by simulation (`docs/coverage.md`).
const FEW_ROWS: usize = 20;

fn few_rows(labels: &Labels) -> Option<Warning> {
    let class = smallest(labels) as usize;
    let rows = labels.counts()[class];
    (rows < FEW_ROWS).then(|| {
        let message = format!(
            "class `{}` has {}: intervals and verdicts about so few rows cannot be trusted",
            labels.classes()[class],
            counted(rows, "row")
        );
        Warning::new("compare.few-rows", message)
            .with_hint("collect more rows, or merge the class with another")
    })
}

const CURVE_POINTS: usize = 300;
const BINS: usize = 10;

fn outcome(
    setting: &Setting<'_>,
    fits: &Fits,
    combination: &Combination<'_>,
    scores: Vec<Score>,
    corrected: Vec<Calibrated>,
) -> Result<Outcome, Error> {
    let prepared = setting.prepared;
    let class = smallest(&prepared.labels);
    let all = combination.fits.iter().flatten();
    let warnings = all.flat_map(|fit| fit.warnings.iter().cloned()).collect();
    let mut outcome = Outcome {
        method: fits.methods[combination.method].clone(),
        resamples: setting.compare.methods[combination.method].resamples(),
        scores,
        corrected,
        fairness: Vec::new(),
        seconds: seconds(combination.fits),
        warnings: said_once(warnings),
        precision_recall: Vec::new(),
        reliability: (Vec::new(), Vec::new()),
    };
    if let Some(first) = combination.repeats.first() {
        let rows = first.rows(prepared)?;
        outcome.precision_recall = precision_recall_curve(&rows, class, CURVE_POINTS)?;
        outcome.reliability.0 = reliability(&rows, class, BINS)?;
        if let Some(rows) = first.corrected_rows(prepared)? {
            outcome.reliability.1 = reliability(&rows, class, BINS)?;
        }
    }
    Ok(outcome)
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

use counterpoise_base::{Observer, Seed};
use serde::Serialize;

use super::{Candidate, Compare, Comparison, State, VerdictKind, compare};
use crate::{Error, Experiment, Prepared, Profile, profile};

/// A profile, a short comparison, and what follows from both.
#[derive(Debug, Clone, Serialize)]
pub struct Advised {
    /// Rows that were looked at, of all.
    pub rows_used: (usize, usize),
    /// Methods from the one to try first to the one to try last.
    pub ranking: Vec<Advice>,
    /// What the table holds.
    pub profile: Profile,
    /// The comparison behind the ranking.
    pub comparison: Comparison,
    /// A description to save and run: the short list on all rows, or the resampler itself.
    pub toml: String,
}

/// One method of the short list.
#[derive(Debug, Clone, Serialize)]
pub struct Advice {
    /// Name.
    pub method: String,
    /// Models whose verdict names it.
    pub chosen_by: Vec<String>,
    /// Mean over models of what it adds to the measure that decides.
    pub gain: f64,
    /// Why it stands where it stands.
    pub evidence: String,
    /// Mean seconds a fold, model included.
    pub seconds: f64,
}

/// Rows that are compared at most; of a class, at least this many or all.
const ROWS: usize = 3000;
const ROWS_OF_CLASS: usize = 100;

/// Profiles a table and compares a few methods on a part of it that keeps every class: bounded to some 3000 rows, two
/// quick models and three folds.
///
/// Cost: a profile, and below a minute of fits on two cores.
pub fn advise(
    experiment: &Experiment,
    prepared: &Prepared,
    observer: &dyn Observer,
) -> Result<Advised, Error> {
    let seen = profile(prepared, experiment.seed, observer)?;
    let rows = part(prepared, experiment.seed);
    let of_part;
    let (used, smaller) = if rows.len() < prepared.labels.len() {
        of_part = prepared.of_rows(&rows)?;
        (rows.len(), &of_part)
    } else {
        (prepared.labels.len(), prepared)
    };
    let mut trial = experiment.clone();
    let mut wanted = experiment.compare.clone().unwrap_or_else(short);
    let smallest = smaller.labels.counts().into_iter().min().unwrap_or(0);
    if smallest >= 2 {
        wanted.folds = wanted.folds.min(smallest);
    }
    trial.compare = Some(wanted);
    let mut comparison = compare(&trial, smaller, &State::Nowhere, observer)?;
    if used < prepared.labels.len() {
        // The part is prepared anew: what was said of the table is said already.
        comparison
            .warnings
            .retain(|warning| !warning.code.starts_with("data."));
        comparison.warnings.extend(other_shares(prepared, smaller));
    }
    let ranking = rank(&comparison);
    let toml = describe(experiment, &comparison, &ranking)?;
    Ok(Advised {
        rows_used: (used, prepared.labels.len()),
        ranking,
        profile: seen,
        comparison,
        toml,
    })
}

fn short() -> Compare {
    let methods = [
        "none",
        "weights",
        "threshold",
        "random-over-sampler",
        "random-under-sampler",
        "smote",
        "borderline-smote",
    ];
    Compare {
        methods: Candidate::all_of(&methods),
        folds: 3,
        draws: 500,
        ..Compare::default()
    }
}

/// Rows of chance in the shares of the classes, with enough of each.
fn part(prepared: &Prepared, seed: u64) -> Vec<usize> {
    let labels = &prepared.labels;
    let share = ROWS as f64 / labels.len().max(1) as f64;
    if share >= 1.0 {
        return (0..labels.len()).collect();
    }
    let seed = Seed::new(seed).child("advise");
    let mut kept = Vec::new();
    for (class, count) in labels.counts().into_iter().enumerate() {
        let wanted = ((count as f64 * share).round() as usize).max(ROWS_OF_CLASS.min(count));
        let rows = seed
            .child(labels.classes()[class].as_str())
            .shuffled(labels.rows_of(class as u32));
        kept.extend(rows.into_iter().take(wanted));
    }
    kept.sort_unstable();
    kept
}

/// What most verdicts name comes first, then what has the larger gain; `none` stands where its 0 puts it.
fn rank(comparison: &Comparison) -> Vec<Advice> {
    let mut names: Vec<&str> = Vec::new();
    for method in comparison.models.iter().flat_map(|model| &model.methods) {
        if !names.contains(&method.method.as_str()) {
            names.push(&method.method);
        }
    }
    let higher = comparison
        .decides
        .parse::<counterpoise_metrics::Measure>()
        .is_ok_and(|measure| measure.higher_is_better());
    let sign = if higher { 1.0 } else { -1.0 };
    let advice = |name: &str| {
        let mut chosen_by = Vec::new();
        let (mut gains, mut seconds, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for model in &comparison.models {
            if model.verdict.method == name {
                chosen_by.push(model.model.clone());
            }
            let Some(method) = model.methods.iter().find(|method| method.method == name) else {
                continue;
            };
            seconds.push(method.seconds.method + method.seconds.model);
            let Some(score) = method.scores.first() else {
                continue;
            };
            let gain = score.difference.map_or(0.0, |difference| sign * difference);
            gains.push(gain);
            parts.push(match (score.value, score.difference_interval) {
                (Some(value), Some((low, high))) => format!(
                    "{} {value:.3} with {}, {gain:+.3} [{low:+.3}, {high:+.3}]",
                    comparison.decides, model.model
                ),
                (Some(value), None) => format!("{} {value:.3} with {}", comparison.decides, model.model),
                _ => format!("{} is not defined with {}", comparison.decides, model.model),
            });
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        Advice {
            method: name.into(),
            chosen_by,
            gain: mean(&gains),
            evidence: parts.join("; "),
            seconds: mean(&seconds),
        }
    };
    let mut ranking: Vec<Advice> = names.into_iter().map(advice).collect();
    ranking.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    // What most verdicts name comes first, whatever its mean gain.
    let most = (0..ranking.len())
        .rev()
        .max_by_key(|&place| ranking[place].chosen_by.len());
    if let Some(place) = most {
        ranking[..=place].rotate_right(1);
    }
    ranking
}

/// Small classes are kept whole, so that a part of a large table may have more of them than the table.
fn other_shares(prepared: &Prepared, part: &Prepared) -> Option<counterpoise_base::Warning> {
    let share = |prepared: &Prepared, class: usize| {
        prepared.labels.counts()[class] as f64 / prepared.labels.len() as f64
    };
    let grown = |class: &usize| share(part, *class) > 1.05 * share(prepared, *class);
    let class = (0..prepared.labels.classes().len()).find(grown)?;
    let message = format!(
        "class `{}` is {:.2} % of the rows compared and {:.2} % of the table: precision, average precision and probabilities are those of the part",
        prepared.labels.classes()[class],
        100.0 * share(part, class),
        100.0 * share(prepared, class)
    );
    Some(
        counterpoise_base::Warning::new("advise.other-shares", message).with_hint("`compare` takes all rows"),
    )
}

/// What to run next.
fn describe(experiment: &Experiment, comparison: &Comparison, ranking: &[Advice]) -> Result<String, Error> {
    let mut next = experiment.clone();
    let resamples = comparison
        .models
        .iter()
        .any(|model| model.verdict.kind == VerdictKind::Resample);
    let first = ranking.first().map_or("none", |advice| advice.method.as_str());
    if let (true, Ok(Candidate::Resampled(method))) = (resamples, Candidate::from_name(first)) {
        next.compare = None;
        next.method = Some(method);
        next.output = Some(
            serde_json::from_value(serde_json::json!({"path": "balanced.parquet"})).map_err(|error| {
                Error::Config {
                    place: "output".into(),
                    problem: error.to_string(),
                    hint: None,
                }
            })?,
        );
        return next.to_toml();
    }
    let mut names = vec!["none", "weights", "threshold"];
    names.extend(
        ranking
            .iter()
            .map(|advice| advice.method.as_str())
            .filter(|name| !["none", "weights", "threshold"].contains(name))
            .take(2),
    );
    next.method = None;
    next.compare = Some(Compare {
        methods: Candidate::all_of(&names),
        ..Compare::default()
    });
    next.to_toml()
}

//! Does resampling help here, and by how much: repeated cross-validation with everything learnt inside the folds.

mod advise;
mod candidate;
mod draws;
mod fairness;
mod judge;
mod outcome;
mod page;
mod protocol;
mod scores;
mod store;
mod training;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use counterpoise_base::{Labels, Observer, Warning};
use counterpoise_learn::Learner;
use counterpoise_metrics::Measure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use advise::{Advice, Advised, advise};
pub use candidate::Candidate;
pub(crate) use candidate::label;
pub use fairness::{ComparedGrouping, ComparedGroups, FairScores};
pub use outcome::{Calibrated, Comparison, Failure, Model, Outcome as ComparedMethod, Score, Seconds};
pub use page::{advice_page, comparison_page};
pub use verdict::{Verdict, VerdictKind};

use crate::{Error, Experiment, Prepared};

/// The `[compare]` table: which methods and models, and how they are compared.
///
/// Repeated stratified cross-validation. Scaling, encoding, filling of missing values, resampling, thresholds and
/// calibration are learnt from the training rows of each fold and never see its test rows.
///
/// # Source
///
/// Kohavi (1995) for stratified cross-validation; Santos et al. (2018) for what resampling before the split does to
/// scores. Intervals: rows and repeats are drawn with replacement, the same rows for all methods, so that differences
/// are paired; from two repeats on they are widened by what other training rows would change, which a jackknife over
/// folds estimates. `docs/coverage.md` says how often they hold the true value. Verdicts use intervals that hold for all methods at once (max-t, Westfall and Young 1993).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Compare {
    /// Names, or tables with a name and options. `none` is added where it is missing: the others are measured against it.
    #[schemars(with = "Vec<String>")]
    pub methods: Vec<Candidate>,
    /// Names, or tables with a name and options.
    #[schemars(with = "Vec<String>")]
    #[serde(deserialize_with = "candidate::learners")]
    pub models: Vec<Learner>,
    /// Parts that take turns as test rows; 2 to the rows of the smallest class.
    pub folds: usize,
    /// How often the rows are dealt anew; 0 chooses as many as bring 5000 predictions, 2 to 10: one
    /// repeat cannot tell what other training rows would change.
    pub repeats: usize,
    /// Measures to print, the first of which decides; none chooses balanced accuracy and nine others.
    #[schemars(with = "Vec<String>")]
    pub measures: Vec<Measure>,
    /// The class that people want, for numbers of fairness; without it the second of two classes, or the rarest of more.
    #[serde(alias = "favourable_label", skip_serializing_if = "Option::is_none")]
    pub favorable_label: Option<String>,
    /// Protected columns that methods do not see as groups, and by which fairness is told all the same. Without any,
    /// those with a usual name: sex, race, age and the like; `none` for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<String>,
    /// How often rows are drawn for intervals; 200 or more.
    pub draws: usize,
    /// How often an interval should hold the true value, between 0 and 1.
    pub level: f64,
    /// Memory that folds fitted at once may need, in MiB; one fold is fitted in any case.
    pub memory_mib: u64,
}

impl Default for Compare {
    fn default() -> Self {
        let methods = [
            "none",
            "weights",
            "threshold",
            "random-over-sampler",
            "random-under-sampler",
            "smote",
            "borderline-smote",
            "smoteenn",
        ];
        Self {
            methods: Candidate::all_of(&methods),
            models: ["logistic", "boosting"]
                .into_iter()
                .filter_map(|name| Learner::from_name(name).ok())
                .collect(),
            folds: 5,
            repeats: 0,
            measures: Vec::new(),
            favorable_label: None,
            observe: Vec::new(),
            draws: 1000,
            level: 0.95,
            memory_mib: 4096,
        }
    }
}

/// What is tried besides the default methods where there are groups.
const FOR_GROUPS: [&str; 2] = ["reweighing", "fair-oversampling"];

/// Where finished fits are kept, so that a run that was killed goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    /// In the cache folder of the user, until the run is done.
    #[default]
    Cache,
    /// In this folder, for good: a later run with more methods fits only what is new.
    Folder(PathBuf),
    /// Nowhere.
    Nowhere,
}

/// How long a part took, over all folds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Times {
    /// Resampling, tuning and calibration.
    pub method: Duration,
    /// Fitting and predicting.
    pub model: Duration,
}

impl Compare {
    /// The measures, or the default ones for these classes.
    pub fn measures(&self, labels: &Labels) -> Result<Vec<Measure>, Error> {
        let mut measures = self.measures.clone();
        if measures.is_empty() {
            let names = if labels.classes().len() == 2 {
                let counts = labels.counts();
                let rare = &labels.classes()[usize::from(counts[1] < counts[0])];
                vec![
                    "balanced-accuracy".into(),
                    format!("recall:{rare}"),
                    format!("precision:{rare}"),
                    format!("f1:{rare}"),
                    "mcc".into(),
                    format!("roc-auc:{rare}"),
                    format!("average-precision:{rare}"),
                    "brier".into(),
                    "log-loss".into(),
                    "ece".into(),
                ]
            } else {
                [
                    "balanced-accuracy",
                    "recall-macro",
                    "precision-macro",
                    "f1-macro",
                    "mcc",
                    "roc-auc-macro",
                    "average-precision-macro",
                    "brier",
                    "log-loss",
                    "ece",
                ]
                .map(String::from)
                .to_vec()
            };
            measures = names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        }
        let mut once = Vec::new();
        for measure in measures {
            if !once.contains(&measure) {
                once.push(measure);
            }
        }
        Ok(once)
    }

    /// How often the rows are dealt.
    pub fn repeats(&self, rows: usize) -> usize {
        if self.repeats > 0 {
            self.repeats
        } else {
            5000_usize.div_ceil(rows.max(1)).clamp(2, 10)
        }
    }

    fn checked(&self, labels: &Labels) -> Result<Self, Error> {
        let config = |place: &str, problem: String, hint: String| Error::Config {
            place: place.into(),
            problem,
            hint: Some(hint),
        };
        let mut checked = self.clone();
        if !checked.methods.contains(&Candidate::None) {
            checked.methods.insert(0, Candidate::None);
        }
        let mut seen = Vec::new();
        checked.methods.retain(|method| {
            let new = !seen.contains(method);
            seen.push(method.clone());
            new
        });
        let mut seen = Vec::new();
        checked.models.retain(|model| {
            let new = !seen.contains(model);
            seen.push(model.clone());
            new
        });
        if checked.models.is_empty() {
            let names = Learner::names().join("`, `");
            return Err(config(
                "compare.models",
                "no model is named".into(),
                format!("name one or more of `{names}`"),
            ));
        }
        checked.models.iter().try_for_each(Learner::check)?;
        if checked.folds < 2 {
            let hint = "give 2 or more: `--folds 5`".into();
            return Err(config(
                "compare.folds",
                format!(
                    "with {}, nothing is left to test on",
                    crate::counted(checked.folds, "fold")
                ),
                hint,
            ));
        }
        if !(200..=1_000_000).contains(&checked.draws) {
            let hint = "give 200 to 1000000: `--draws 1000`".into();
            return Err(config(
                "compare.draws",
                format!("{} draws are too few or too many for an interval", checked.draws),
                hint,
            ));
        }
        if checked.repeats > 1000 {
            let hint = "give 1 to 1000, or 0 to have it chosen: `--repeats 10`".into();
            return Err(config(
                "compare.repeats",
                format!("{} repeats are too many", checked.repeats),
                hint,
            ));
        }
        if !(checked.level > 0.5 && checked.level < 1.0) {
            let hint = "give a number above 0.5 and below 1: `--level 0.95`".into();
            return Err(config(
                "compare.level",
                format!("{} is no level", checked.level),
                hint,
            ));
        }
        let counts = labels.counts();
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            let class = labels.classes().first().cloned().unwrap_or_default();
            return Err(counterpoise_sampling::Error::OneClass { class }.into());
        }
        if let Some(code) = (0..counts.len())
            .filter(|&code| counts[code] < checked.folds)
            .min_by_key(|&code| counts[code])
        {
            return Err(Error::FoldsOverClass {
                class: labels.classes()[code].clone(),
                rows: counts[code],
                folds: checked.folds,
            });
        }
        Ok(checked)
    }
}

/// What a comparison looks at: a table, and what the description says about it.
pub(crate) struct Setting<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) prepared: &'a Prepared,
    pub(crate) compare: &'a Compare,
}

/// Compares methods and models on a table that [`Experiment::read_for_compare`] read.
///
/// The same table, description and seed give the same numbers, but for times, whatever the number of threads and
/// however often it was interrupted. Methods that do not apply are listed with the reason, and the others go on.
pub fn compare(
    experiment: &Experiment,
    prepared: &Prepared,
    state: &State,
    observer: &dyn Observer,
) -> Result<Comparison, Error> {
    let mut wanted = experiment.compare.clone().unwrap_or_default();
    if prepared.groups.is_some() && wanted.methods == Compare::default().methods {
        // Whoever names groups wants to see what balances them.
        wanted.methods.extend(Candidate::all_of(&FOR_GROUPS));
    }
    if let Some(class) = wanted.favorable_label.clone() {
        for method in &mut wanted.methods {
            if let Candidate::Resampled(method) = method {
                method.set_favorable(&class);
            }
        }
        wanted
            .models
            .iter_mut()
            .for_each(|model| model.set_favorable(&class));
    }
    let compare = wanted.checked(&prepared.labels)?;
    let setting = Setting {
        experiment,
        prepared,
        compare: &compare,
    };
    let measures = compare.measures(&prepared.labels)?;
    judge::check_measures(&measures, &prepared.labels)?;
    let fairness = fairness::Fairness::new(&setting)?;
    groups_where_needed(&setting)?;
    let store = store::Store::open(&setting, state)?;
    let fits = protocol::run(&setting, &store, &measures[0], observer)?;
    let comparison = judge::judge(&setting, &fits, &measures, fairness.as_ref(), observer)?;
    store.done();
    Ok(comparison)
}

/// A model that compares groups needs some.
fn groups_where_needed(setting: &Setting<'_>) -> Result<(), Error> {
    let needs = |model: &&Learner| model.needs_groups();
    match setting.compare.models.iter().find(needs) {
        Some(model) if setting.prepared.groups.is_none() => Err(Error::Config {
            place: "compare.models".into(),
            problem: format!(
                "{} compares groups, and no protected column is named",
                model.name()
            ),
            hint: Some("name one: `--group sex`".into()),
        }),
        _ => Ok(()),
    }
}

/// Warnings that occur in many folds, said once with how often.
pub(crate) fn said_once(warnings: Vec<Warning>) -> Vec<Warning> {
    let mut counted: Vec<(Warning, usize)> = Vec::new();
    for warning in warnings {
        match counted
            .iter_mut()
            .find(|(known, _)| known.code == warning.code && known.hint == warning.hint)
        {
            Some((_, times)) => *times += 1,
            None => counted.push((warning, 1)),
        }
    }
    let again = |(mut warning, times): (Warning, usize)| {
        if times > 1 {
            warning.message = format!("{} ({times} times in all)", warning.message);
        }
        warning
    };
    counted.into_iter().map(again).collect()
}

use counterpoise_base::Warning;
use counterpoise_metrics::{PrecisionRecallPoint, ReliabilityBin};
use serde::Serialize;

use super::fairness::FairKind;
use super::{ComparedGroups, FairScores, Verdict, VerdictKind};

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
    /// Groups by which fairness is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<ComparedGroups>,
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
    /// What methods do to groups, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fairness: Vec<String>,
    /// Whether each of them is good news.
    #[serde(skip)]
    pub(super) fair_kinds: Vec<FairKind>,
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
    /// What it does to groups, one entry a grouping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fairness: Vec<FairScores>,
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

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::{Error, measure};

/// A number of one group, or of all rows: who is chosen, who is told, who is wronged.
///
/// *Chosen* means predicted as the favourable class; *deserving* rows are those whose true class is the favourable one.
/// With more than two classes, the favourable one stands against the rest.
///
/// # Source
///
/// The names of AIF360 0.6.1 and Fairlearn 0.15. Where they say 0 because nothing is there to divide by, the number is
/// absent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rate {
    /// Share of rows that are chosen.
    SelectionRate,
    /// Share of rows that are deserving.
    BaseRate,
    /// Share of the deserving that is chosen.
    TruePositiveRate,
    /// Share of the others that is chosen.
    FalsePositiveRate,
    /// Share of the deserving that is not chosen.
    FalseNegativeRate,
    /// Share of the others that is not chosen.
    TrueNegativeRate,
    /// Share of the chosen that is deserving.
    PositivePredictiveValue,
    /// Share of the chosen that is not deserving.
    FalseDiscoveryRate,
    /// Share of the rows that are not chosen and yet deserving.
    FalseOmissionRate,
    /// Share of the rows that are not chosen, and rightly so.
    NegativePredictiveValue,
    /// Share of rows on the wrong side.
    ErrorRate,
    /// Share of rows on the right side.
    Accuracy,
    /// Mean of the true positive and the true negative rate.
    BalancedAccuracy,
    /// Harmonic mean of the true positive rate and the positive predictive value.
    F1,
    /// Square root of the true positive times the true negative rate.
    GMean,
    /// Weight of the rows, which without weights is their number.
    Count,
    /// Mean score of the favourable class.
    MeanScore,
    /// Mean score of the deserving.
    GeneralizedTruePositiveRate,
    /// Mean score of the others.
    GeneralizedFalsePositiveRate,
    /// Mean of 1 less the score of the deserving.
    GeneralizedFalseNegativeRate,
    /// Mean of 1 less the score of the others.
    GeneralizedTrueNegativeRate,
    /// Share of pairs of a deserving row and another that the score puts in order, ties counting half.
    RocAuc,
    /// Mean distance between score and truth, which is 1 for the deserving and else 0.
    MeanAbsoluteError,
    /// Mean squared distance between score and truth.
    MeanSquaredError,
    /// Share of the variance of truth that the score accounts for; below 0 where a constant would do better.
    R2,
    /// Mean negative logarithm of the score of the true side, clipped to 2⁻⁵² from 0 and 1.
    LogLoss,
}

/// What is better, or fair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// More is better.
    High,
    /// Less is better.
    Low,
    /// This is fair: 0 for a difference, 1 for a ratio.
    Exactly(f64),
    /// Neither; the number describes.
    Nothing,
}

impl Aim {
    /// How far a number is from what is fair: the absolute value of a difference, and for a ratio 1 less the ratio or
    /// its inverse, whichever is smaller. Absent where nothing in particular is fair.
    pub fn gap(self, value: f64) -> Option<f64> {
        match self {
            Self::Exactly(0.0) => Some(value.abs()),
            Self::Exactly(_) => Some(1.0 - if value > 1.0 { 1.0 / value } else { value }),
            _ => None,
        }
    }
}

/// Why a rate of some rows does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    Rows,
    Deserving,
    Others,
    Chosen,
    NotChosen,
    DeservingOrChosen,
    Spread,
}

/// Name, shorter names, words.
type Entry = (Rate, &'static str, &'static [&'static str], &'static str);

const RATES: [Entry; 26] = [
    (
        Rate::SelectionRate,
        "selection-rate",
        &["mean-prediction"],
        "share of rows that are chosen",
    ),
    (
        Rate::BaseRate,
        "base-rate",
        &["prevalence"],
        "share of rows that are of the favourable class",
    ),
    (
        Rate::TruePositiveRate,
        "true-positive-rate",
        &["tpr", "recall", "recall-score", "sensitivity"],
        "share of the favourable class that is chosen",
    ),
    (
        Rate::FalsePositiveRate,
        "false-positive-rate",
        &["fpr"],
        "share of the rest that is chosen",
    ),
    (
        Rate::FalseNegativeRate,
        "false-negative-rate",
        &["fnr"],
        "share of the favourable class that is not chosen",
    ),
    (
        Rate::TrueNegativeRate,
        "true-negative-rate",
        &["tnr", "specificity"],
        "share of the rest that is not chosen",
    ),
    (
        Rate::PositivePredictiveValue,
        "positive-predictive-value",
        &["ppv", "precision", "precision-score"],
        "share of the chosen that is of the favourable class",
    ),
    (
        Rate::FalseDiscoveryRate,
        "false-discovery-rate",
        &["fdr"],
        "share of the chosen that is not of the favourable class",
    ),
    (
        Rate::FalseOmissionRate,
        "false-omission-rate",
        &["for"],
        "share of the rows that are not chosen that is of the favourable class",
    ),
    (
        Rate::NegativePredictiveValue,
        "negative-predictive-value",
        &["npv"],
        "share of the rows that are not chosen that is not of the favourable class",
    ),
    (
        Rate::ErrorRate,
        "error-rate",
        &["zero-one-loss"],
        "share of rows on the wrong side",
    ),
    (
        Rate::Accuracy,
        "accuracy",
        &["accuracy-score"],
        "share of rows on the right side",
    ),
    (
        Rate::BalancedAccuracy,
        "balanced-accuracy",
        &["balanced-accuracy-score"],
        "mean of true positive and true negative rate",
    ),
    (
        Rate::F1,
        "f1",
        &["f1-score"],
        "harmonic mean of true positive rate and positive predictive value",
    ),
    (
        Rate::GMean,
        "g-mean",
        &[],
        "square root of true positive times true negative rate",
    ),
    (Rate::Count, "count", &[], "weight of the rows"),
    (
        Rate::MeanScore,
        "mean-score",
        &[],
        "mean score of the favourable class",
    ),
    (
        Rate::GeneralizedTruePositiveRate,
        "generalized-true-positive-rate",
        &["gtpr"],
        "mean score of rows of the favourable class",
    ),
    (
        Rate::GeneralizedFalsePositiveRate,
        "generalized-false-positive-rate",
        &["gfpr"],
        "mean score of the rest",
    ),
    (
        Rate::GeneralizedFalseNegativeRate,
        "generalized-false-negative-rate",
        &["gfnr"],
        "mean of 1 less the score of rows of the favourable class",
    ),
    (
        Rate::GeneralizedTrueNegativeRate,
        "generalized-true-negative-rate",
        &["gtnr"],
        "mean of 1 less the score of the rest",
    ),
    (
        Rate::RocAuc,
        "roc-auc",
        &["roc-auc-score"],
        "share of pairs of rows that the score puts in order",
    ),
    (
        Rate::MeanAbsoluteError,
        "mean-absolute-error",
        &[],
        "mean distance between score and truth",
    ),
    (
        Rate::MeanSquaredError,
        "mean-squared-error",
        &["brier"],
        "mean squared distance between score and truth",
    ),
    (
        Rate::R2,
        "r2",
        &["r2-score"],
        "share of the variance of truth that the score accounts for",
    ),
    (
        Rate::LogLoss,
        "log-loss",
        &[],
        "mean negative logarithm of the score of the true side",
    ),
];

impl Rate {
    /// All of them, in the order of their kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        RATES.iter().map(|(rate, ..)| *rate)
    }

    /// Those of predicted classes that a table of groups shows, without scores.
    pub fn of_predictions() -> impl Iterator<Item = Self> {
        Self::all().filter(|rate| !rate.needs_scores() && *rate != Self::Count)
    }

    /// The one of this name, or of a shorter one, in lower case with hyphens.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let found = RATES
            .iter()
            .find(|(_, long, short, _)| *long == name || short.contains(&name));
        found.map(|(rate, ..)| *rate)
    }

    fn entry(self) -> &'static Entry {
        RATES
            .iter()
            .find(|(rate, ..)| *rate == self)
            .expect("every rate has an entry")
    }

    /// The name, as it is written in files.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The number in words.
    pub fn describe(self) -> &'static str {
        self.entry().3
    }

    /// Whether predicted classes are not enough.
    pub fn needs_scores(self) -> bool {
        matches!(
            self,
            Self::MeanScore
                | Self::GeneralizedTruePositiveRate
                | Self::GeneralizedFalsePositiveRate
                | Self::GeneralizedFalseNegativeRate
                | Self::GeneralizedTrueNegativeRate
                | Self::RocAuc
                | Self::MeanAbsoluteError
                | Self::MeanSquaredError
                | Self::R2
                | Self::LogLoss
        )
    }

    /// Whether true classes are enough.
    pub fn needs_labels_only(self) -> bool {
        matches!(self, Self::BaseRate | Self::Count)
    }

    /// What is better for a group or for all rows.
    pub fn aim(self) -> Aim {
        match self {
            Self::SelectionRate | Self::BaseRate | Self::Count | Self::MeanScore => Aim::Nothing,
            Self::FalsePositiveRate
            | Self::FalseNegativeRate
            | Self::FalseDiscoveryRate
            | Self::FalseOmissionRate
            | Self::ErrorRate
            | Self::GeneralizedFalsePositiveRate
            | Self::GeneralizedFalseNegativeRate
            | Self::MeanAbsoluteError
            | Self::MeanSquaredError
            | Self::LogLoss => Aim::Low,
            _ => Aim::High,
        }
    }

    /// Least and most that it can be.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Count | Self::LogLoss => (0.0, f64::INFINITY),
            Self::R2 => (f64::NEG_INFINITY, 1.0),
            _ => (0.0, 1.0),
        }
    }

    /// The number of these rows.
    pub(crate) fn of(self, tally: &Tally) -> Result<f64, Lack> {
        let Tally { tp, fp, fn_, tn, .. } = *tally;
        let over = |part: f64, whole: f64, lack: Lack| {
            // A group without deserving rows has no true positive rate. 0 would read as a group that is always missed.
            if whole > 0.0 { Ok(part / whole) } else { Err(lack) }
        };
        let (deserving, others) = (tp + fn_, fp + tn);
        let (chosen, not_chosen) = (tp + fp, fn_ + tn);
        let total = deserving + others;
        match self {
            Self::SelectionRate => over(chosen, total, Lack::Rows),
            Self::BaseRate => over(deserving, total, Lack::Rows),
            Self::TruePositiveRate => over(tp, deserving, Lack::Deserving),
            Self::FalsePositiveRate => over(fp, others, Lack::Others),
            Self::FalseNegativeRate => over(fn_, deserving, Lack::Deserving),
            Self::TrueNegativeRate => over(tn, others, Lack::Others),
            Self::PositivePredictiveValue => over(tp, chosen, Lack::Chosen),
            Self::FalseDiscoveryRate => over(fp, chosen, Lack::Chosen),
            Self::FalseOmissionRate => over(fn_, not_chosen, Lack::NotChosen),
            Self::NegativePredictiveValue => over(tn, not_chosen, Lack::NotChosen),
            Self::ErrorRate => over(fp + fn_, total, Lack::Rows),
            Self::Accuracy => over(tp + tn, total, Lack::Rows),
            Self::BalancedAccuracy => {
                let (told, kept) = (
                    Self::TruePositiveRate.of(tally)?,
                    Self::TrueNegativeRate.of(tally)?,
                );
                Ok(0.5 * (told + kept))
            }
            Self::F1 => over(2.0 * tp, 2.0 * tp + fp + fn_, Lack::DeservingOrChosen),
            Self::GMean => {
                let (told, kept) = (
                    Self::TruePositiveRate.of(tally)?,
                    Self::TrueNegativeRate.of(tally)?,
                );
                Ok((told * kept).sqrt())
            }
            Self::Count => Ok(total),
            Self::MeanScore => over(tally.score_deserving + tally.score_others, total, Lack::Rows),
            Self::GeneralizedTruePositiveRate => over(tally.score_deserving, deserving, Lack::Deserving),
            Self::GeneralizedFalsePositiveRate => over(tally.score_others, others, Lack::Others),
            Self::GeneralizedFalseNegativeRate => {
                over(deserving - tally.score_deserving, deserving, Lack::Deserving)
            }
            Self::GeneralizedTrueNegativeRate => over(others - tally.score_others, others, Lack::Others),
            Self::RocAuc => {
                over(0.0, deserving, Lack::Deserving)?;
                over(0.0, others, Lack::Others)?;
                Ok(tally.roc_auc)
            }
            Self::MeanAbsoluteError => {
                let missed = deserving - tally.score_deserving;
                over(missed + tally.score_others, total, Lack::Rows)
            }
            Self::MeanSquaredError => over(tally.squares, total, Lack::Rows),
            Self::R2 => {
                over(0.0, total, Lack::Rows)?;
                let spread = over(deserving * others, total, Lack::Rows)?;
                over(tally.squares, spread, Lack::Spread).map(|share| 1.0 - share)
            }
            Self::LogLoss => over(tally.logs, total, Lack::Rows),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rate {
    type Err = Error;

    /// Reads a name, or one of the short ones: `tpr`, `precision`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = text.trim().to_ascii_lowercase().replace('_', "-");
        Self::find(&plain).ok_or_else(|| Error::UnknownMeasure {
            name: text.into(),
            suggestion: measure::suggest(&plain, RATES.iter().map(|(_, name, ..)| *name)),
        })
    }
}

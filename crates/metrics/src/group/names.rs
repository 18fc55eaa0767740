//! What measures are called: those with a name of their own, and what follows the name of a rate.

use super::measure::{Benefits, Comparison, GroupMeasure, Odds, Outcome, Scope};
use super::rate::Rate;

/// What follows the name of a rate.
pub(super) const SUFFIXES: [(&str, Comparison); 8] = [
    ("difference-to-overall", Comparison::DifferenceToOverall),
    ("ratio-to-overall", Comparison::RatioToOverall),
    ("difference", Comparison::Difference),
    ("ratio", Comparison::Ratio),
    ("max-min", Comparison::MaxMin),
    ("min-over-max", Comparison::MinOverMax),
    ("group-min", Comparison::GroupMin),
    ("group-max", Comparison::GroupMax),
];

/// Between the names of two groups.
pub(super) const VERSUS: &str = " vs ";

/// A measure with a name of its own, further names, and words.
pub(super) struct Named {
    pub(super) name: &'static str,
    pub(super) also: &'static [&'static str],
    pub(super) measure: GroupMeasure,
    pub(super) words: &'static str,
}

const fn named(
    name: &'static str,
    also: &'static [&'static str],
    measure: GroupMeasure,
    words: &'static str,
) -> Named {
    Named {
        name,
        also,
        measure,
        words,
    }
}

pub(super) const fn entropy(alpha: f64, of: Benefits, root: bool) -> GroupMeasure {
    GroupMeasure::Entropy { alpha, of, root }
}

pub(super) const fn differential(of: Outcome) -> GroupMeasure {
    GroupMeasure::DifferentialFairness {
        of,
        concentration: 1.0,
    }
}

pub(super) static NAMED: [Named; 48] = [
    named(
        "statistical-parity-difference",
        &["mean-difference"],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::Difference),
        "how much more often the others are chosen than the privileged group",
    ),
    named(
        "disparate-impact",
        &["statistical-parity-ratio"],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::Ratio),
        "how often the others are chosen, over how often the privileged group is",
    ),
    named(
        "demographic-parity-difference",
        &[],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::MaxMin),
        "share of the most chosen group that is chosen, less that of the least chosen",
    ),
    named(
        "demographic-parity-ratio",
        &[],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::MinOverMax),
        "share of the least chosen group that is chosen, over that of the most chosen",
    ),
    named(
        "demographic-parity-difference-to-overall",
        &[],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::DifferenceToOverall),
        "largest distance of a group's selection rate from that of all rows",
    ),
    named(
        "demographic-parity-ratio-to-overall",
        &[],
        GroupMeasure::Rate(Rate::SelectionRate, Comparison::RatioToOverall),
        "smallest ratio of a group's selection rate and that of all rows",
    ),
    named(
        "equal-opportunity-difference",
        &[],
        GroupMeasure::Rate(Rate::TruePositiveRate, Comparison::Difference),
        "how much more of the favourable class is chosen among the others than in the privileged group",
    ),
    named(
        "equal-opportunity-ratio",
        &[],
        GroupMeasure::Rate(Rate::TruePositiveRate, Comparison::Ratio),
        "share of the favourable class that is chosen among the others, over that in the privileged group",
    ),
    named(
        "equal-opportunity-max-min",
        &[],
        GroupMeasure::Rate(Rate::TruePositiveRate, Comparison::MaxMin),
        "largest less smallest true positive rate of a group",
    ),
    named(
        "average-odds-difference",
        &[],
        GroupMeasure::Odds(Odds::Average, Scope::Privileged),
        "mean of the differences in false and true positive rate, with the sign",
    ),
    named(
        "average-odds-max-min",
        &[],
        GroupMeasure::Odds(Odds::Average, Scope::MaxMin),
        "half of the largest less the smallest sum of a group's false and true positive rate",
    ),
    named(
        "average-odds-difference-to-overall",
        &[],
        GroupMeasure::Odds(Odds::Average, Scope::ToOverall),
        "half of the largest distance of a group's sum of false and true positive rate from that of all rows",
    ),
    named(
        "absolute-average-odds-difference",
        &[],
        GroupMeasure::AbsoluteAverageOdds,
        "absolute value of the average odds difference",
    ),
    named(
        "average-absolute-odds-difference",
        &["average-abs-odds-difference", "equalized-odds-mean-difference"],
        GroupMeasure::Odds(Odds::AverageAbsolute, Scope::Privileged),
        "mean of the absolute differences in false and true positive rate",
    ),
    named(
        "average-absolute-odds-max-min",
        &["equalized-odds-mean-max-min"],
        GroupMeasure::Odds(Odds::AverageAbsolute, Scope::MaxMin),
        "mean of the largest less the smallest false positive rate and of the same of true positive rates",
    ),
    named(
        "average-absolute-odds-difference-to-overall",
        &["equalized-odds-mean-difference-to-overall"],
        GroupMeasure::Odds(Odds::AverageAbsolute, Scope::ToOverall),
        "mean of the largest distances of a group's false and true positive rate from those of all rows",
    ),
    named(
        "equalized-odds-difference",
        &[],
        GroupMeasure::Odds(Odds::Worst, Scope::Privileged),
        "larger of the absolute differences in false and true positive rate",
    ),
    named(
        "equalized-odds-max-min",
        &[],
        GroupMeasure::Odds(Odds::Worst, Scope::MaxMin),
        "larger of the gaps between groups in false and true positive rate",
    ),
    named(
        "equalized-odds-difference-to-overall",
        &[],
        GroupMeasure::Odds(Odds::Worst, Scope::ToOverall),
        "larger of the distances of a group's false and true positive rate from those of all rows",
    ),
    named(
        "equalized-odds-ratio",
        &[],
        GroupMeasure::Odds(Odds::WorstRatio, Scope::Privileged),
        "smaller of the ratios of false and true positive rates",
    ),
    named(
        "equalized-odds-min-over-max",
        &[],
        GroupMeasure::Odds(Odds::WorstRatio, Scope::MaxMin),
        "smaller of the ratios of the smallest to the largest false and true positive rate",
    ),
    named(
        "equalized-odds-ratio-to-overall",
        &[],
        GroupMeasure::Odds(Odds::WorstRatio, Scope::ToOverall),
        "smaller of the ratios of a group's false and true positive rate and those of all rows",
    ),
    named(
        "equalized-odds-mean-ratio",
        &[],
        GroupMeasure::Odds(Odds::MeanRatio, Scope::Privileged),
        "mean of the ratios of false and true positive rates",
    ),
    named(
        "equalized-odds-mean-min-over-max",
        &[],
        GroupMeasure::Odds(Odds::MeanRatio, Scope::MaxMin),
        "mean of the ratios of the smallest to the largest false and true positive rate",
    ),
    named(
        "equalized-odds-mean-ratio-to-overall",
        &[],
        GroupMeasure::Odds(Odds::MeanRatio, Scope::ToOverall),
        "mean of the ratios of a group's false and true positive rate and those of all rows",
    ),
    named(
        "generalized-equalized-odds-difference",
        &[],
        GroupMeasure::Odds(Odds::GeneralizedWorst, Scope::Privileged),
        "larger of the absolute differences in mean score of the rest and of the favourable class",
    ),
    named(
        "generalized-equalized-odds-max-min",
        &[],
        GroupMeasure::Odds(Odds::GeneralizedWorst, Scope::MaxMin),
        "larger of the gaps between groups in mean score of the rest and of the favourable class",
    ),
    named(
        "generalized-equalized-odds-difference-to-overall",
        &[],
        GroupMeasure::Odds(Odds::GeneralizedWorst, Scope::ToOverall),
        "larger of the distances of a group's mean scores of either class from those of all rows",
    ),
    named(
        "average-predictive-value-difference",
        &[],
        GroupMeasure::Odds(Odds::PredictiveValue, Scope::Privileged),
        "mean of the differences in positive predictive value and false omission rate, with the sign",
    ),
    named(
        "average-predictive-value-max-min",
        &[],
        GroupMeasure::Odds(Odds::PredictiveValue, Scope::MaxMin),
        "half of the largest less the smallest sum of a group's positive predictive value and false omission rate",
    ),
    named(
        "average-predictive-value-difference-to-overall",
        &[],
        GroupMeasure::Odds(Odds::PredictiveValue, Scope::ToOverall),
        "half of the largest distance of a group's sum of positive predictive value and false omission rate from that \
         of all rows",
    ),
    named(
        "fair-utility",
        &["fu"],
        GroupMeasure::FairUtility(Scope::Privileged),
        "balanced accuracy times 1 less the average absolute odds difference",
    ),
    named(
        "fair-utility-max-min",
        &[],
        GroupMeasure::FairUtility(Scope::MaxMin),
        "balanced accuracy times 1 less the average absolute odds gap between groups",
    ),
    named(
        "fair-utility-to-overall",
        &[],
        GroupMeasure::FairUtility(Scope::ToOverall),
        "balanced accuracy times 1 less the average absolute distance of a group's odds from those of all rows",
    ),
    named(
        "generalized-entropy-index",
        &[],
        entropy(2.0, Benefits::Rows, false),
        "how unequal the benefits of rows are",
    ),
    named(
        "theil-index",
        &[],
        entropy(1.0, Benefits::Rows, false),
        "how unequal the benefits of rows are, as Theil's index",
    ),
    named(
        "coefficient-of-variation",
        &[],
        entropy(2.0, Benefits::Rows, true),
        "how unequal the benefits of rows are, as a coefficient of variation",
    ),
    named(
        "between-group-generalized-entropy-index",
        &[],
        entropy(2.0, Benefits::TwoGroups, false),
        "how unequal the mean benefits of the privileged group and the others are, or else of all groups",
    ),
    named(
        "between-group-theil-index",
        &[],
        entropy(1.0, Benefits::TwoGroups, false),
        "how unequal the mean benefits of the privileged group and the others are, or else of all groups, as Theil's index",
    ),
    named(
        "between-group-coefficient-of-variation",
        &[],
        entropy(2.0, Benefits::TwoGroups, true),
        "how unequal the mean benefits of the privileged group and the others are, or else of all groups, as a coefficient \
         of variation",
    ),
    named(
        "between-all-groups-generalized-entropy-index",
        &[],
        entropy(2.0, Benefits::AllGroups, false),
        "how unequal the mean benefits of groups are",
    ),
    named(
        "between-all-groups-theil-index",
        &[],
        entropy(1.0, Benefits::AllGroups, false),
        "how unequal the mean benefits of groups are, as Theil's index",
    ),
    named(
        "between-all-groups-coefficient-of-variation",
        &[],
        entropy(2.0, Benefits::AllGroups, true),
        "how unequal the mean benefits of groups are, as a coefficient of variation",
    ),
    named(
        "smoothed-empirical-differential-fairness",
        &[],
        differential(Outcome::Labels),
        "largest logarithm of a ratio of base rates of two groups, smoothed",
    ),
    named(
        "smoothed-differential-fairness-of-predictions",
        &[],
        differential(Outcome::Predictions),
        "largest logarithm of a ratio of selection rates of two groups, smoothed",
    ),
    named(
        "differential-fairness-bias-amplification",
        &[],
        GroupMeasure::BiasAmplification { concentration: 1.0 },
        "differential fairness of predictions less that of labels",
    ),
    named(
        "consistency",
        &["consistency-score"],
        GroupMeasure::Consistency(Outcome::Labels),
        "how much the labels of neighbours agree",
    ),
    named(
        "consistency-of-predictions",
        &[],
        GroupMeasure::Consistency(Outcome::Predictions),
        "how much the predictions for neighbours agree",
    ),
];

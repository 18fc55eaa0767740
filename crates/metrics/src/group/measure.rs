use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use counterpoise_base::Groups;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::evaluator::GroupEvaluator;
use super::names::{NAMED, Named, SUFFIXES, VERSUS, differential, entropy};
use super::rate::{Aim, Rate};
use super::rows::GroupedRows;
use super::undefined::Undefined;
use crate::{Error, measure};

/// How the rates of groups become one number.
///
/// Every group that has rows takes part, unless it was left out; if one of them lacks the rate, the number is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Of all rows; no comparison.
    Overall,
    /// Of this group only.
    Group(String),
    /// With a privileged group: the rate of all other rows together, less its rate, with the sign. Without: the
    /// largest rate less the smallest.
    Difference,
    /// With a privileged group: the rate of all other rows together, over its rate. Without: the smallest rate over
    /// the largest.
    Ratio,
    /// The largest rate less the smallest.
    MaxMin,
    /// The smallest rate over the largest.
    MinOverMax,
    /// The largest distance between the rate of a group and the rate of all rows.
    DifferenceToOverall,
    /// The smallest ratio between the rate of a group and the rate of all rows, each the way round that is at most 1.
    RatioToOverall,
    /// The smallest rate.
    GroupMin,
    /// The largest rate.
    GroupMax,
    /// The rate of the first group less that of the second.
    PairDifference(String, String),
    /// The rate of the first group over that of the second.
    PairRatio(String, String),
}

/// Which number of true and false positive rates, or of their kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Odds {
    /// Half of the sum of the differences in false and true positive rate, with the sign. Of several groups: half of
    /// the largest less the smallest sum of both rates.
    #[doc(alias = "AOD")]
    Average,
    /// Half of the sum of the absolute differences in false and true positive rate.
    #[doc(alias = "AAO")]
    AverageAbsolute,
    /// The larger of the absolute differences in false and true positive rate.
    Worst,
    /// The smaller of the ratios of false and true positive rates, each the way round that is at most 1.
    WorstRatio,
    /// The mean of these ratios.
    MeanRatio,
    /// The larger of the absolute differences in generalized false and true positive rate.
    GeneralizedWorst,
    /// Half of the sum of the differences in positive predictive value and false omission rate, with the sign. Of
    /// several groups as for [`Average`](Self::Average).
    PredictiveValue,
}

/// Which groups a composite measure compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All other rows together with the privileged group; without one, as [`MaxMin`](Self::MaxMin).
    Privileged,
    /// The largest with the smallest of all groups.
    MaxMin,
    /// Each group with all rows.
    ToOverall,
}

/// Whose benefits an entropy is of. A row's benefit is 1, and 1 more if it was chosen, and 1 less if it is deserving:
/// 0 for a missed row, 2 for an undeserved gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Benefits {
    /// Of each row.
    Rows,
    /// Mean benefits of the privileged group and of all others; without a privileged group, of every group.
    TwoGroups,
    /// Mean benefits of every group.
    AllGroups,
}

/// What an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The true class.
    Labels,
    /// The predicted class.
    Predictions,
}

/// Which number about groups.
///
/// Written by its [`name`](Self::name), in files and on the command line. A rate's name alone is that of all rows;
/// with a suffix it compares groups: `-difference`, `-ratio`, `-max-min`, `-min-over-max`, `-difference-to-overall`,
/// `-ratio-to-overall`, `-group-min`, `-group-max`. `selection-rate:female` is that of one group,
/// `selection-rate-difference:female vs male` compares two. Where AIF360 or Fairlearn have a name for it, that is the
/// name here too; their underscores are read as hyphens.
///
/// # Source
///
/// Definitions are those of AIF360 0.6.1 where a privileged group is compared with the rest, and of Fairlearn 0.15
/// where all groups are compared; the documentation of the module `group` lists name by name. What they set to 0 because it is not
/// defined is absent here. Entropies and consistency count weights, which AIF360 ignores; an entropy of `alpha` 0 is
/// that of Speicher and others, "A Unified Approach to Quantifying Algorithmic Unfairness", KDD 2018, equation 2, where
/// AIF360 divides once too often.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GroupMeasure {
    /// A rate, and how groups are compared.
    Rate(Rate, Comparison),
    /// A number of true and false positive rates.
    Odds(Odds, Scope),
    /// The absolute value of the average odds difference, as in the paper on Fair Oversampling.
    AbsoluteAverageOdds,
    /// Balanced accuracy of all rows, times 1 less the average absolute odds difference. Between 0 and 1.
    ///
    /// # Source
    ///
    /// Dablain, Krawczyk and Chawla, arXiv 2207.06084, "Fair Utility". The paper prints a false positive gap where its
    /// code has the true negative gap; the two are equal. More than two groups are our extension.
    #[doc(alias = "FU")]
    FairUtility(Scope),
    /// How unequal benefits are.
    Entropy {
        /// Weight of large benefits; 1 is the Theil index, 0 the mean logarithmic deviation.
        alpha: f64,
        /// Whose benefits.
        of: Benefits,
        /// Whether it is the root of twice the index: with `alpha` 2, the coefficient of variation.
        root: bool,
    },
    /// The largest logarithm of a ratio, between two groups, of rates of the favourable outcome or of the other.
    ///
    /// # Source
    ///
    /// Foulds, Islam, Keya and Pan, "An Intersectional Definition of Fairness", arXiv 1807.08362, with Dirichlet
    /// smoothing.
    DifferentialFairness {
        /// Of which outcome.
        of: Outcome,
        /// Rows that are added to each group, half of them favourable.
        concentration: f64,
    },
    /// Differential fairness of predictions less that of labels.
    BiasAmplification {
        /// Rows that are added to each group, half of them favourable.
        concentration: f64,
    },
    /// 1 less the mean distance between a row's outcome and the mean outcome of its neighbours.
    ///
    /// # Source
    ///
    /// Zemel, Wu, Swersky, Pitassi and Dwork, "Learning Fair Representations", ICML 2013, with neighbours that the
    /// caller gives.
    Consistency(Outcome),
}

impl GroupMeasure {
    /// The number for these rows; absent where it is not defined, or [`check`](Self::check) fails.
    pub fn value(&self, rows: &GroupedRows<'_>) -> Option<f64> {
        self.evaluate(rows).ok()?.ok()
    }

    /// The number for these rows, or why there is none.
    pub fn evaluate(&self, rows: &GroupedRows<'_>) -> Result<Result<f64, Undefined>, Error> {
        let evaluator = GroupEvaluator::new(std::slice::from_ref(self), rows, None)?;
        Ok(evaluator.explain(rows).remove(0))
    }

    /// What an audit shows when nobody says what to show. The first is the headline.
    pub fn defaults() -> Vec<Self> {
        let rate = |rate, comparison| Self::Rate(rate, comparison);
        vec![
            Self::FairUtility(Scope::Privileged),
            rate(Rate::BalancedAccuracy, Comparison::Overall),
            rate(Rate::Accuracy, Comparison::Overall),
            Self::Odds(Odds::AverageAbsolute, Scope::Privileged),
            Self::Odds(Odds::Average, Scope::Privileged),
            Self::Odds(Odds::Worst, Scope::Privileged),
            rate(Rate::SelectionRate, Comparison::Difference),
            rate(Rate::SelectionRate, Comparison::Ratio),
            rate(Rate::TruePositiveRate, Comparison::Difference),
            rate(Rate::TrueNegativeRate, Comparison::Difference),
            rate(Rate::PositivePredictiveValue, Comparison::Difference),
            rate(Rate::ErrorRate, Comparison::Difference),
            rate(Rate::BalancedAccuracy, Comparison::GroupMin),
            entropy(1.0, Benefits::Rows, false),
            entropy(1.0, Benefits::AllGroups, false),
        ]
    }

    /// Rates of each group that has rows: the cells of a table of groups.
    pub fn of_each_group(rates: &[Rate], groups: &Groups) -> Vec<Self> {
        let names = groups.classes().iter().zip(groups.counts());
        names
            .filter(|(_, rows)| *rows > 0)
            .flat_map(|(name, _)| {
                let of = |rate: &Rate| Self::Rate(*rate, Comparison::Group(name.clone()));
                rates.iter().map(of).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Differences in a rate between each group and every later one.
    pub fn of_each_pair(rate: Rate, groups: &Groups) -> Vec<Self> {
        let counts = groups.counts();
        let names: Vec<&String> = (0..counts.len())
            .filter(|&group| counts[group] > 0)
            .map(|group| &groups.classes()[group])
            .collect();
        let pairs = names.iter().enumerate().flat_map(|(place, first)| {
            names[place + 1..].iter().map(move |second| {
                Self::Rate(
                    rate,
                    Comparison::PairDifference((*first).clone(), (*second).clone()),
                )
            })
        });
        pairs.collect()
    }

    /// Tells what these rows lack for the measure: predictions, scores, neighbours, a group of this name.
    pub fn check(&self, rows: &GroupedRows<'_>) -> Result<(), Error> {
        if self.needs_predictions() && !rows.has_predictions() {
            return Err(Error::NeedsPredictions { measure: self.name() });
        }
        if self.needs_scores() && !rows.has_scores() {
            return Err(Error::NeedsProbabilities { measure: self.name() });
        }
        if self.needs_neighbours() && !rows.has_neighbours() {
            return Err(Error::NeedsNeighbours { measure: self.name() });
        }
        match self {
            Self::Rate(_, Comparison::Group(group)) => rows.group(group).map(drop),
            Self::Rate(
                _,
                Comparison::PairDifference(first, second) | Comparison::PairRatio(first, second),
            ) => rows.group(first).and(rows.group(second)).map(drop),
            _ => Ok(()),
        }
    }

    /// The name, as it is written in files.
    pub fn name(&self) -> String {
        if let Some(named) = NAMED.iter().find(|named| named.measure == *self) {
            return named.name.into();
        }
        match self {
            Self::Rate(rate, comparison) => match comparison {
                Comparison::Overall => rate.name().into(),
                Comparison::Group(group) => format!("{rate}:{group}"),
                Comparison::PairDifference(first, second) => {
                    format!("{rate}-difference:{first}{VERSUS}{second}")
                }
                Comparison::PairRatio(first, second) => format!("{rate}-ratio:{first}{VERSUS}{second}"),
                _ => {
                    let suffix = SUFFIXES.iter().find(|(_, known)| known == comparison);
                    format!("{rate}-{}", suffix.map_or("", |(suffix, _)| suffix))
                }
            },
            Self::Entropy { alpha: number, .. }
            | Self::DifferentialFairness {
                concentration: number,
                ..
            }
            | Self::BiasAmplification {
                concentration: number,
            } => {
                format!("{}:{number}", self.template().map_or("", |named| named.name))
            }
            _ => String::new(),
        }
    }

    /// The entry of the measure with the usual number in it.
    fn template(&self) -> Option<&'static Named> {
        let usual = match self {
            Self::Entropy { of, root, .. } => entropy(2.0, *of, *root),
            Self::DifferentialFairness { of, .. } => differential(*of),
            Self::BiasAmplification { .. } => Self::BiasAmplification { concentration: 1.0 },
            other => other.clone(),
        };
        NAMED.iter().find(|named| named.measure == usual)
    }

    /// The number in words.
    pub fn describe(&self) -> String {
        let words = self.words();
        if self.names_privileged() {
            format!("{words}; without a privileged group, between the groups that differ most")
        } else {
            words
        }
    }

    /// Whether it compares the others with the privileged group, where there is one.
    pub fn names_privileged(&self) -> bool {
        matches!(
            self,
            Self::Rate(_, Comparison::Difference | Comparison::Ratio)
                | Self::Odds(_, Scope::Privileged)
                | Self::AbsoluteAverageOdds
                | Self::FairUtility(Scope::Privileged)
        )
    }

    fn words(&self) -> String {
        if let Some(named) = NAMED.iter().find(|named| named.measure == *self) {
            return named.words.into();
        }
        match self {
            Self::Rate(rate, comparison) => {
                let words = rate.describe();
                match comparison {
                    Comparison::Overall => words.into(),
                    Comparison::Group(group) => format!("{words}; of group `{group}`"),
                    Comparison::Difference => {
                        format!("{words}; of the others, less that of the privileged group")
                    }
                    Comparison::Ratio => format!("{words}; of the others, over that of the privileged group"),
                    Comparison::MaxMin => format!("{words}; largest less smallest of a group"),
                    Comparison::MinOverMax => format!("{words}; smallest over largest of a group"),
                    Comparison::DifferenceToOverall => {
                        format!("{words}; largest distance of a group from all rows")
                    }
                    Comparison::RatioToOverall => format!("{words}; smallest ratio of a group and all rows"),
                    Comparison::GroupMin => format!("{words}; smallest of a group"),
                    Comparison::GroupMax => format!("{words}; largest of a group"),
                    Comparison::PairDifference(first, second) => {
                        format!("{words}; of group `{first}`, less that of group `{second}`")
                    }
                    Comparison::PairRatio(first, second) => {
                        format!("{words}; of group `{first}`, over that of group `{second}`")
                    }
                }
            }
            _ => self
                .template()
                .map_or_else(String::new, |named| named.words.into()),
        }
    }

    /// Every name that stands alone: without one of a group, or a number, behind a colon.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = NAMED.iter().map(|named| named.name.into()).collect();
        for rate in Rate::all() {
            names.push(rate.name().into());
            let compared = SUFFIXES
                .iter()
                .map(|(_, comparison)| Self::Rate(rate, comparison.clone()).name());
            names.extend(compared.filter(|name| NAMED.iter().all(|named| named.name != name)));
        }
        names
    }

    /// What is better, or fair.
    pub fn aim(&self) -> Aim {
        match self {
            Self::Rate(rate, comparison) => match comparison {
                Comparison::Overall | Comparison::Group(_) | Comparison::GroupMin | Comparison::GroupMax => {
                    rate.aim()
                }
                Comparison::Ratio
                | Comparison::MinOverMax
                | Comparison::RatioToOverall
                | Comparison::PairRatio(..) => Aim::Exactly(1.0),
                _ => Aim::Exactly(0.0),
            },
            Self::Odds(Odds::WorstRatio | Odds::MeanRatio, _) => Aim::Exactly(1.0),
            Self::FairUtility(_) | Self::Consistency(_) => Aim::High,
            _ => Aim::Exactly(0.0),
        }
    }

    /// Least and most that it can be.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Rate(rate, comparison) => {
                let (low, high) = rate.range();
                match comparison {
                    Comparison::Overall
                    | Comparison::Group(_)
                    | Comparison::GroupMin
                    | Comparison::GroupMax => (low, high),
                    Comparison::Difference | Comparison::PairDifference(..) => (low - high, high - low),
                    Comparison::MaxMin | Comparison::DifferenceToOverall => (0.0, high - low),
                    _ if low < 0.0 => (f64::NEG_INFINITY, f64::INFINITY),
                    Comparison::Ratio | Comparison::PairRatio(..) => (0.0, f64::INFINITY),
                    Comparison::MinOverMax | Comparison::RatioToOverall => (0.0, 1.0),
                }
            }
            Self::Odds(Odds::Average | Odds::PredictiveValue, Scope::Privileged) => (-1.0, 1.0),
            Self::Odds(..) | Self::AbsoluteAverageOdds | Self::FairUtility(_) | Self::Consistency(_) => {
                (0.0, 1.0)
            }
            Self::BiasAmplification { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Entropy { .. } | Self::DifferentialFairness { .. } => (0.0, f64::INFINITY),
        }
    }

    /// Whether it turns around when the privileged group does: a difference with a sign, or a ratio.
    pub fn is_signed(&self) -> bool {
        matches!(
            self,
            Self::Rate(
                _,
                Comparison::Difference
                    | Comparison::Ratio
                    | Comparison::PairDifference(..)
                    | Comparison::PairRatio(..)
            ) | Self::Odds(Odds::Average | Odds::PredictiveValue, Scope::Privileged)
        )
    }

    /// Whether true classes are not enough.
    pub fn needs_predictions(&self) -> bool {
        match self {
            Self::Rate(rate, _) => !rate.needs_labels_only(),
            Self::DifferentialFairness { of, .. } | Self::Consistency(of) => *of != Outcome::Labels,
            _ => true,
        }
    }

    /// Whether it is about the neighbours of rows.
    pub fn needs_neighbours(&self) -> bool {
        matches!(self, Self::Consistency(_))
    }

    /// Whether predicted classes are not enough.
    pub fn needs_scores(&self) -> bool {
        match self {
            Self::Rate(rate, _) => rate.needs_scores(),
            Self::Odds(odds, _) => *odds == Odds::GeneralizedWorst,
            _ => false,
        }
    }
}

impl fmt::Display for GroupMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl FromStr for GroupMeasure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (stem, argument) = match text.split_once(':') {
            None => (text, None),
            Some((stem, argument)) => (stem, Some(argument)),
        };
        let plain = stem.trim().to_ascii_lowercase().replace('_', "-");
        read(&plain, argument).ok_or_else(|| Error::UnknownMeasure {
            name: text.into(),
            suggestion: suggestion(&plain, argument),
        })
    }
}

fn read(stem: &str, argument: Option<&str>) -> Option<GroupMeasure> {
    let named = NAMED
        .iter()
        .find(|named| named.name == stem || named.also.contains(&stem));
    let (rate, comparison) = match named.map(|named| named.measure.clone()) {
        Some(GroupMeasure::Rate(rate, comparison)) => (rate, comparison),
        Some(template) => return numbered(template, argument),
        None => compared(stem)?,
    };
    let comparison = match (comparison, argument) {
        (comparison, None) => comparison,
        (Comparison::Overall, Some(group)) => Comparison::Group(group.into()),
        (Comparison::Difference, Some(pair)) => {
            let (first, second) = pair.split_once(VERSUS)?;
            Comparison::PairDifference(first.into(), second.into())
        }
        (Comparison::Ratio, Some(pair)) => {
            let (first, second) = pair.split_once(VERSUS)?;
            Comparison::PairRatio(first.into(), second.into())
        }
        _ => return None,
    };
    Some(GroupMeasure::Rate(rate, comparison))
}

/// The name of a rate, and what follows it.
fn compared(stem: &str) -> Option<(Rate, Comparison)> {
    if let Some(rate) = Rate::find(stem) {
        return Some((rate, Comparison::Overall));
    }
    SUFFIXES.iter().find_map(|(suffix, comparison)| {
        let rate = Rate::find(stem.strip_suffix(suffix)?.strip_suffix('-')?)?;
        Some((rate, comparison.clone()))
    })
}

/// A measure with the number behind its colon.
fn numbered(template: GroupMeasure, argument: Option<&str>) -> Option<GroupMeasure> {
    let Some(argument) = argument else {
        return Some(template);
    };
    let number: f64 = argument
        .trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    match template {
        // The Theil index says its number by its name.
        GroupMeasure::Entropy { alpha, of, root } if alpha != 1.0 => Some(GroupMeasure::Entropy {
            alpha: number,
            of,
            root,
        }),
        GroupMeasure::DifferentialFairness { of, .. } if number >= 0.0 => {
            Some(GroupMeasure::DifferentialFairness {
                of,
                concentration: number,
            })
        }
        GroupMeasure::BiasAmplification { .. } if number >= 0.0 => Some(GroupMeasure::BiasAmplification {
            concentration: number,
        }),
        _ => None,
    }
}

fn suggestion(stem: &str, argument: Option<&str>) -> String {
    if argument.is_none() || read(stem, None).is_none() {
        let names = GroupMeasure::names();
        let near = counterpoise_base::nearest_name(stem, names.iter().map(String::as_str));
        return near.map_or_else(
            || {
                format!(
                    "a rate, as in {}, alone or with -difference, -ratio, -max-min or -min-over-max behind it, or one \
                     of: {}",
                    Rate::all().map(Rate::name).take(4).collect::<Vec<_>>().join(", "),
                    NAMED.iter().map(|named| named.name).collect::<Vec<_>>().join(", ")
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
    }
    match read(stem, None) {
        Some(GroupMeasure::Rate(rate, _)) => format!(
            "write `{stem}` alone, `{rate}:` and the name of a group, or `{rate}-difference:` and two groups with \
             `vs` between them"
        ),
        Some(GroupMeasure::Entropy { .. }) if !stem.contains("theil") => {
            format!("write `{stem}` alone, or `{stem}:` and a number")
        }
        Some(GroupMeasure::DifferentialFairness { .. } | GroupMeasure::BiasAmplification { .. }) => {
            format!("write `{stem}` alone, or `{stem}:` and a number of at least 0")
        }
        _ => format!("write `{stem}` alone"),
    }
}

impl Serialize for GroupMeasure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GroupMeasure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        measure::deserialize(deserializer)
    }
}

impl JsonSchema for GroupMeasure {
    fn schema_name() -> Cow<'static, str> {
        "GroupMeasure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "x-words": "fair-utility, statistical-parity-difference, true-positive-rate:group, …"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str) {
        let measure: GroupMeasure = text.parse().unwrap();
        assert_eq!(measure.name(), name);
        assert_eq!(name.parse::<GroupMeasure>().unwrap(), measure);
    }

    fn hint(text: &str) -> String {
        text.parse::<GroupMeasure>().unwrap_err().hint().unwrap()
    }

    #[test]
    fn names_are_read_back() {
        let names = GroupMeasure::names();
        assert!(names.len() > 250, "{}", names.len());
        for name in &names {
            check(name, name);
            let measure: GroupMeasure = name.parse().unwrap();
            assert!(!measure.describe().is_empty(), "{name}");
            let (low, high) = measure.range();
            assert!(low < high, "{name}");
        }
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len());
    }

    #[test]
    fn names_of_other_packages_are_read() {
        check("average_abs_odds_difference", "average-absolute-odds-difference");
        check("mean_difference", "statistical-parity-difference");
        check("selection-rate-difference", "statistical-parity-difference");
        check("tpr-difference", "equal-opportunity-difference");
        check("accuracy_score_group_min", "accuracy-group-min");
        check("zero_one_loss_max_min", "error-rate-max-min");
        check("FPR", "false-positive-rate");
    }

    #[test]
    fn groups_and_numbers_stand_behind_a_colon() {
        check("selection-rate:female | black", "selection-rate:female | black");
        check(
            "tpr-difference:a vs b:c",
            "true-positive-rate-difference:a vs b:c",
        );
        check("disparate-impact:a vs b", "selection-rate-ratio:a vs b");
        check("generalized-entropy-index:0.5", "generalized-entropy-index:0.5");
        check("generalized-entropy-index:1", "theil-index");
        check("generalized-entropy-index:2", "generalized-entropy-index");
        check(
            "smoothed-empirical-differential-fairness:0.5",
            "smoothed-empirical-differential-fairness:0.5",
        );
        check(
            "differential-fairness-bias-amplification:2",
            "differential-fairness-bias-amplification:2",
        );
    }

    #[test]
    fn a_misspelt_name_is_guessed() {
        assert_eq!(
            hint("statistical-parity-differenc"),
            "did you mean `statistical-parity-difference`?"
        );
        assert_eq!(hint("selection-rat"), "did you mean `selection-rate`?");
        assert!(hint("zebra").starts_with("a rate, as in selection-rate, base-rate"));
        assert_eq!(hint("fair-utility:male"), "write `fair-utility` alone");
        assert_eq!(hint("theil-index:2"), "write `theil-index` alone");
        assert_eq!(
            hint("generalized-entropy-index:x"),
            "write `generalized-entropy-index` alone, or `generalized-entropy-index:` and a number"
        );
        assert_eq!(
            hint("accuracy-max-min:male"),
            "write `accuracy-max-min` alone, `accuracy:` and the name of a group, or `accuracy-difference:` and two \
             groups with `vs` between them"
        );
    }

    #[test]
    fn the_gap_to_what_is_fair_has_no_sign() {
        let gap = |name: &str, value| name.parse::<GroupMeasure>().unwrap().aim().gap(value);
        assert_eq!(gap("equal-opportunity-difference", -0.25), Some(0.25));
        assert_eq!(gap("disparate-impact", 1.25), Some(1.0 - 1.0 / 1.25));
        assert_eq!(gap("disparate-impact", 0.75), Some(0.25));
        assert_eq!(gap("fair-utility", 0.75), None);
    }
}

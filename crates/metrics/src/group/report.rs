use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evaluator::{GroupEvaluator, rates_of};
use super::measure::{Comparison, GroupMeasure};
use super::rate::Rate;
use super::rows::GroupedRows;
use super::tally::Tally;
use super::undefined::Undefined;
use crate::{Confusion, Error};

/// The numbers of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupReport {
    /// Name of the group; absent for all rows together.
    pub group: Option<String>,
    /// Number of rows.
    pub rows: usize,
    /// Weight of the rows; without weights, their number.
    pub weight: f64,
    /// Weight of the rows whose true class is the favourable one.
    pub deserving: f64,
    /// The favourable class against the rest; absent without predictions.
    pub confusion: Option<Confusion>,
    /// The same with the score of the favourable class in place of the prediction, as AIF360's generalized matrix;
    /// absent without scores.
    pub generalized: Option<Confusion>,
    /// Every rate that these rows can have.
    pub rates: Vec<RateReport>,
    /// Whether it takes no part in what compares group with group.
    pub left_out: bool,
}

/// A rate of a group, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateReport {
    /// Which rate.
    pub rate: Rate,
    /// Its value.
    pub value: Option<f64>,
    /// Why it has none.
    pub undefined: Option<Undefined>,
}

impl GroupReport {
    /// One of the rates.
    pub fn rate(&self, rate: Rate) -> Option<f64> {
        let found = self.rates.iter().find(|report| report.rate == rate);
        found.and_then(|report| report.value)
    }
}

/// A line for all rows, and one for each group, those without rows too.
pub fn per_group_report(rows: &GroupedRows<'_>) -> Result<Vec<GroupReport>, Error> {
    let groups = rows.groups();
    let rates = rates_of(rows);
    let mut whose = vec![Comparison::Overall];
    whose.extend(groups.classes().iter().cloned().map(Comparison::Group));
    let measures: Vec<GroupMeasure> = whose
        .iter()
        .flat_map(|whose| rates.iter().map(|&rate| GroupMeasure::Rate(rate, whose.clone())))
        .collect();
    let evaluator = GroupEvaluator::new(&measures, rows, None)?;
    let tallies = evaluator.original_tallies();
    let mut numbers = evaluator.explain(rows).into_iter();
    let mut line = |group: Option<usize>, count: usize| {
        let tally = group.map_or(&tallies.all, |group| &tallies.groups[group]);
        let report = |&rate: &Rate| {
            let (value, undefined) = match numbers.next() {
                Some(Ok(value)) => (Some(value), None),
                Some(Err(undefined)) => (None, Some(undefined)),
                None => (None, None),
            };
            RateReport {
                rate,
                value,
                undefined,
            }
        };
        GroupReport {
            group: group.map(|group| groups.classes()[group].clone()),
            rows: count,
            weight: tally.total(),
            deserving: tally.tp + tally.fn_,
            confusion: rows.has_predictions().then_some(Confusion {
                tp: tally.tp,
                fp: tally.fp,
                fn_: tally.fn_,
                tn: tally.tn,
            }),
            generalized: rows.has_scores().then(|| generalized(tally)),
            rates: rates.iter().map(report).collect(),
            left_out: group.is_some_and(|group| rows.is_left_out(group as u32)),
        }
    };
    let mut lines = vec![line(None, rows.len())];
    lines.extend(
        groups
            .counts()
            .into_iter()
            .enumerate()
            .map(|(group, count)| line(Some(group), count)),
    );
    Ok(lines)
}

fn generalized(tally: &Tally) -> Confusion {
    Confusion {
        tp: tally.score_deserving,
        fp: tally.score_others,
        fn_: tally.tp + tally.fn_ - tally.score_deserving,
        tn: tally.fp + tally.tn - tally.score_others,
    }
}

/// Balanced accuracy of two groups together, discounted by the gaps between them in true positive and true negative
/// rate; absent if a group holds no row of the class, or none of the rest.
///
/// The value is a fraction: 1 is accurate and even, 0 is the worst. [`GroupMeasure::FairUtility`] is the same for rows.
///
/// # Source
///
/// Dablain, Krawczyk and Chawla, arXiv 2207.06084, "Fair Utility".
///
/// ```
/// use counterpoise_metrics::{Confusion, fair_utility};
///
/// let men = Confusion { tp: 8.0, fn_: 2.0, tn: 6.0, fp: 4.0 };
/// let women = Confusion { tp: 3.0, fn_: 2.0, tn: 4.0, fp: 1.0 };
/// let score = fair_utility(&men, &women).expect("both have rows of both classes");
/// assert!((score - 0.56).abs() < 1e-12);
/// ```
#[doc(alias = "FU")]
pub fn fair_utility(privileged: &Confusion, unprivileged: &Confusion) -> Option<f64> {
    let all = Confusion {
        tp: privileged.tp + unprivileged.tp,
        fp: privileged.fp + unprivileged.fp,
        fn_: privileged.fn_ + unprivileged.fn_,
        tn: privileged.tn + unprivileged.tn,
    };
    let told = (privileged.recall()? - unprivileged.recall()?).abs();
    let kept = (privileged.specificity()? - unprivileged.specificity()?).abs();
    Some(0.5 * (all.recall()? + all.specificity()?) * (1.0 - 0.5 * (told + kept)))
}

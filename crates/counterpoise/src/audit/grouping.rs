use counterpoise_base::{Observer, Warning, agree, counted};
use counterpoise_metrics::{
    Aim, Benefits, Bootstrap, Comparison, Estimate, GroupMeasure, GroupReport, GroupedRows, Odds, Rate,
    Scope, per_group_report,
};
use serde::Serialize;

use super::AuditOptions;
use crate::Error;

/// One way to put rows into groups, and how the groups compare.
#[derive(Debug, Clone, Serialize)]
pub struct AuditGrouping {
    /// The protected column, or columns joined by ` x `.
    pub name: String,
    /// The group that others are compared with: as named, or the largest.
    pub privileged: Option<String>,
    /// All rows, then each group.
    pub groups: Vec<AuditGroup>,
    /// Measures between groups.
    pub measures: Vec<AuditMeasure>,
    /// Differences of each two groups in the rates that findings are about; intervals hold for all pairs of a rate at
    /// once.
    pub pairs: Vec<AuditMeasure>,
}

/// The numbers of one group.
#[derive(Debug, Clone, Serialize)]
pub struct AuditGroup {
    /// Counts and rates.
    #[serde(flatten)]
    pub report: GroupReport,
    /// Intervals of the rates that are shown.
    pub intervals: Vec<RateEstimate>,
}

/// A rate with its interval.
#[derive(Debug, Clone, Serialize)]
pub struct RateEstimate {
    /// Which rate.
    pub rate: Rate,
    /// Value and interval.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// A measure with its interval.
#[derive(Debug, Clone, Serialize)]
pub struct AuditMeasure {
    /// Its name.
    pub measure: String,
    /// What it is.
    pub about: String,
    /// What is better, or fair.
    pub aim: Aim,
    /// Value and interval.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Why it has no value.
    pub reason: Option<String>,
    #[serde(skip)]
    pub(super) parsed: GroupMeasure,
}

/// Draws for numbers of scores: each takes a look at every row.
pub(super) const OF_SCORES: usize = 2000;

/// Pairs beyond which only largest and smallest rates are told.
const MOST_PAIRS: usize = 300;

impl AuditGroup {
    /// The name, or `all rows`.
    pub fn name(&self) -> &str {
        self.report.group.as_deref().unwrap_or("all rows")
    }

    /// Value and interval of a rate.
    pub fn rate(&self, rate: Rate) -> Option<&Estimate> {
        let found = self.intervals.iter().find(|estimate| estimate.rate == rate);
        found.map(|estimate| &estimate.estimate)
    }
}

/// The rates that are compared: those that a reader of an audit asks for.
pub(super) fn rates(predictions: bool) -> Vec<Rate> {
    if predictions {
        vec![
            Rate::SelectionRate,
            Rate::TruePositiveRate,
            Rate::FalsePositiveRate,
            Rate::PositivePredictiveValue,
            Rate::ErrorRate,
            Rate::BaseRate,
        ]
    } else {
        vec![Rate::BaseRate]
    }
}

impl AuditGrouping {
    pub(super) fn measure(
        name: &str,
        mut rows: GroupedRows<'_>,
        options: &AuditOptions,
        bootstrap: &Bootstrap,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let groups = rows.groups();
        let counts = groups.counts();
        let large: Vec<bool> = counts.iter().map(|&count| count >= options.min_rows).collect();
        // Where hardly a group is large, small ones are all there is.
        if large.iter().filter(|&&large| large).count() >= 2 {
            for group in (0..counts.len()).filter(|&group| !large[group] && counts[group] > 0) {
                rows = rows.with_left_out(&groups.classes()[group])?;
            }
        }
        let predictions = rows.has_predictions();
        let measures: Vec<GroupMeasure> = if options.measures.is_empty() {
            usual(&rows)
        } else {
            options.measures.clone()
        };
        for measure in &measures {
            measure.check(&rows)?;
        }
        let mut shown = rates(predictions);
        if predictions {
            shown.push(Rate::BalancedAccuracy);
        }
        if rows.has_scores() {
            shown.extend([Rate::MeanScore, Rate::RocAuc]);
        }
        let mut of_groups: Vec<GroupMeasure> = shown
            .iter()
            .map(|&rate| GroupMeasure::Rate(rate, Comparison::Overall))
            .collect();
        of_groups.extend(GroupMeasure::of_each_group(&shown, groups));
        let count = measures.len();
        let wanted: Vec<GroupMeasure> = measures.iter().chain(&of_groups).cloned().collect();
        let estimates = estimate(&wanted, &rows, bootstrap, observer)?;
        let reasons = wanted[..count]
            .iter()
            .map(|measure| Ok(measure.evaluate(&rows)?.err().map(|why| why.to_string())))
            .collect::<Result<Vec<_>, Error>>()?;
        let audited = |((measure, estimate), reason): ((&GroupMeasure, &Estimate), &Option<String>)| {
            AuditMeasure::new(measure, estimate, reason.clone())
        };
        let mut reports = per_group_report(&rows)?;
        reports.retain(|report| report.rows > 0 || report.group.is_none());
        let estimated = of_groups.iter().zip(&estimates[count..]);
        let all = reports
            .into_iter()
            .map(|report| {
                let whose = match &report.group {
                    None => Comparison::Overall,
                    Some(group) => Comparison::Group(group.clone()),
                };
                let own = estimated.clone().filter_map(|(measure, estimate)| match measure {
                    GroupMeasure::Rate(rate, of) if *of == whose => Some(RateEstimate {
                        rate: *rate,
                        estimate: estimate.clone(),
                    }),
                    _ => None,
                });
                AuditGroup {
                    intervals: own.collect(),
                    report,
                }
            })
            .collect();
        let pairs = pairs(&rows, &rates(predictions), bootstrap, observer)?;
        Ok(Self {
            name: name.into(),
            privileged: rows.privileged().map(String::from),
            groups: all,
            measures: wanted[..count]
                .iter()
                .zip(&estimates)
                .zip(&reasons)
                .map(audited)
                .collect(),
            pairs,
        })
    }

    /// The groups that take part in comparisons, without the line of all rows.
    pub(super) fn compared(&self) -> impl Iterator<Item = &AuditGroup> {
        self.groups
            .iter()
            .filter(|group| group.report.group.is_some() && !group.report.left_out)
    }

    pub(super) fn small_groups(&self, min_rows: usize) -> Option<Warning> {
        let small: Vec<String> = self
            .groups
            .iter()
            .filter(|group| group.report.left_out)
            .map(|group| format!("`{}` ({})", group.name(), group.report.rows))
            .collect();
        let few = self
            .compared()
            .filter(|group| group.report.rows < min_rows)
            .count();
        if few > 0 {
            let message = format!(
                "{}: fewer than two groups have {min_rows} rows, so that all take part in comparisons",
                self.name
            );
            return Some(Warning::new("audit.small-groups", message));
        }
        if small.is_empty() {
            return None;
        }
        let message = format!(
            "{}: {} {} fewer than {min_rows} rows and {} no part in comparisons: {}",
            self.name,
            counted(small.len(), "group"),
            agree(small.len(), "has", "have"),
            agree(small.len(), "takes", "take"),
            small.join(", ")
        );
        let hint = "collect more rows, merge values with `--label \"FROM=>TO\"`, or set `--min-rows 1`";
        Some(Warning::new("audit.small-groups", message).with_hint(hint))
    }

    /// The difference in a rate between two groups, whichever way round it was taken: first less second.
    pub(super) fn pair(&self, rate: Rate, first: &str, second: &str) -> Option<(f64, Option<(f64, f64)>)> {
        self.pairs.iter().find_map(|pair| match &pair.parsed {
            GroupMeasure::Rate(of, Comparison::PairDifference(a, b)) if *of == rate => {
                let value = pair.estimate.value?;
                if a == first && b == second {
                    Some((value, pair.estimate.interval))
                } else if a == second && b == first {
                    let turned = pair.estimate.interval.map(|(low, high)| (-high, -low));
                    Some((-value, turned))
                } else {
                    None
                }
            }
            _ => None,
        })
    }
}

impl AuditMeasure {
    fn new(measure: &GroupMeasure, estimate: &Estimate, reason: Option<String>) -> Self {
        Self {
            measure: measure.name(),
            about: measure.describe(),
            aim: measure.aim(),
            estimate: estimate.clone(),
            reason,
            parsed: measure.clone(),
        }
    }
}

/// Numbers of predicted classes are drawn by kinds of rows, which is quick; numbers of scores by rows.
fn estimate(
    measures: &[GroupMeasure],
    rows: &GroupedRows<'_>,
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Vec<Estimate>, Error> {
    let of = |scores: bool| -> Vec<usize> {
        (0..measures.len())
            .filter(|&place| measures[place].needs_scores() == scores)
            .collect()
    };
    let mut all: Vec<Option<Estimate>> = vec![None; measures.len()];
    for places in [of(false), of(true)] {
        if places.is_empty() {
            continue;
        }
        let some: Vec<GroupMeasure> = places.iter().map(|&place| measures[place].clone()).collect();
        let mut bootstrap = bootstrap.clone();
        if some.iter().any(GroupMeasure::needs_scores) {
            bootstrap.draws = bootstrap.draws.min(OF_SCORES);
        }
        let found = bootstrap.group_intervals(&some, rows, observer)?;
        for (place, estimate) in places.into_iter().zip(found) {
            all[place] = Some(estimate);
        }
    }
    Ok(all.into_iter().flatten().collect())
}

/// Differences of each two groups, with intervals that hold for all pairs of a rate at once (Bonferroni).
fn pairs(
    rows: &GroupedRows<'_>,
    rates: &[Rate],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Vec<AuditMeasure>, Error> {
    let groups = rows.groups();
    let takes_part = |name: &str| groups.code_of(name).is_some_and(|group| !rows.is_left_out(group));
    let of_rate = |&rate: &Rate| -> Vec<GroupMeasure> {
        let mut pairs = GroupMeasure::of_each_pair(rate, groups);
        pairs.retain(|measure| match measure {
            GroupMeasure::Rate(_, Comparison::PairDifference(a, b)) => takes_part(a) && takes_part(b),
            _ => false,
        });
        pairs
    };
    let wanted: Vec<GroupMeasure> = rates.iter().flat_map(of_rate).collect();
    if wanted.is_empty() || wanted.len() > MOST_PAIRS * rates.len() {
        return Ok(Vec::new());
    }
    let of_one_rate = (wanted.len() / rates.len()) as f64;
    let level = 1.0 - (1.0 - bootstrap.level) / of_one_rate;
    let estimates = estimate(&wanted, rows, &bootstrap.clone().with_level(level), observer)?;
    Ok(wanted
        .iter()
        .zip(&estimates)
        .map(|(measure, estimate)| AuditMeasure::new(measure, estimate, None))
        .collect())
}

/// Largest against smallest group, then all others together against one.
fn of_many_groups() -> Vec<GroupMeasure> {
    let rate = GroupMeasure::Rate;
    vec![
        GroupMeasure::FairUtility(Scope::MaxMin),
        rate(Rate::BalancedAccuracy, Comparison::Overall),
        rate(Rate::Accuracy, Comparison::Overall),
        rate(Rate::BalancedAccuracy, Comparison::GroupMin),
        GroupMeasure::Odds(Odds::AverageAbsolute, Scope::MaxMin),
        GroupMeasure::Odds(Odds::Average, Scope::MaxMin),
        GroupMeasure::Odds(Odds::Worst, Scope::MaxMin),
        rate(Rate::SelectionRate, Comparison::MaxMin),
        rate(Rate::SelectionRate, Comparison::MinOverMax),
        rate(Rate::TruePositiveRate, Comparison::MaxMin),
        rate(Rate::ErrorRate, Comparison::MaxMin),
        GroupMeasure::FairUtility(Scope::Privileged),
        GroupMeasure::Odds(Odds::Average, Scope::Privileged),
        rate(Rate::SelectionRate, Comparison::Difference),
        rate(Rate::SelectionRate, Comparison::Ratio),
        rate(Rate::TruePositiveRate, Comparison::Difference),
        rate(Rate::TrueNegativeRate, Comparison::Difference),
        rate(Rate::ErrorRate, Comparison::Difference),
        GroupMeasure::Entropy {
            alpha: 1.0,
            of: Benefits::AllGroups,
            root: false,
        },
    ]
}

fn usual(rows: &GroupedRows<'_>) -> Vec<GroupMeasure> {
    if !rows.has_predictions() {
        return vec![
            GroupMeasure::Rate(Rate::BaseRate, Comparison::Difference),
            GroupMeasure::Rate(Rate::BaseRate, Comparison::Ratio),
        ];
    }
    let taking_part = (0..rows.groups().classes().len() as u32)
        .zip(rows.groups().counts())
        .filter(|&(group, count)| count > 0 && !rows.is_left_out(group))
        .count();
    let mut measures = if taking_part > 2 {
        of_many_groups()
    } else {
        GroupMeasure::defaults()
    };
    if rows.has_scores() {
        measures.push(GroupMeasure::Rate(Rate::MeanScore, Comparison::Difference));
        measures.push(GroupMeasure::Rate(Rate::RocAuc, Comparison::GroupMin));
    }
    measures
}

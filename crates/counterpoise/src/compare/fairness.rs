//! What methods do to groups: those that they know of, and those that they do not.

use counterpoise_base::{Groups, Labels, Warning};
use counterpoise_data::{Bins, GroupColumns};
use counterpoise_metrics::{
    Comparison as Of, GroupEvaluator, GroupMeasure, GroupedRows, Odds, Predictions, Rate, Scope,
};
use serde::Serialize;

use super::Setting;
use super::outcome::{Outcome, Score};
use crate::Error;

/// Groups that scores are compared by, and the numbers that compare them.
pub(super) struct Fairness {
    pub(super) favourable: String,
    pub(super) groupings: Vec<Grouping>,
    pub(super) measures: Vec<GroupMeasure>,
    pub(super) warnings: Vec<Warning>,
}

/// One way to put rows into groups.
pub(super) struct Grouping {
    pub(super) name: String,
    pub(super) groups: Groups,
    /// Whether methods see these groups.
    pub(super) mitigated: bool,
    left_out: Vec<String>,
}

/// Groups with fewer rows take no part in largest and smallest rates.
const MIN_ROWS: usize = 20;
/// Groups of an intersection beyond which it is not looked at.
const MOST_GROUPS: usize = 24;
/// Columns that are looked at even if nobody names them.
const USUAL: [&str; 12] = [
    "sex",
    "gender",
    "race",
    "ethnicity",
    "ethnic_group",
    "religion",
    "nationality",
    "disability",
    "age",
    "age_cat",
    "marital_status",
    "personal_status",
];

impl Fairness {
    /// Nothing without protected columns.
    pub(super) fn new(setting: &Setting<'_>) -> Result<Option<Self>, Error> {
        let (prepared, compare) = (setting.prepared, setting.compare);
        if prepared.group_columns.is_empty() && compare.observe.is_empty() {
            return Ok(None);
        }
        let labels = &prepared.labels;
        let mut warnings = Vec::new();
        let favourable = favourable(labels, compare.favorable_label.as_deref(), &mut warnings)?;
        let mut groupings = Vec::new();
        let mut add = |name: String, groups: &Groups, mitigated: bool| {
            let counts = groups.counts();
            let small = |&place: &usize| counts[place] > 0 && counts[place] < MIN_ROWS;
            let left_out = (0..counts.len()).filter(small);
            let left_out: Vec<String> = left_out.map(|place| groups.classes()[place].clone()).collect();
            let present = counts.iter().filter(|&&count| count > 0).count();
            if present - left_out.len() >= 2 {
                groupings.push(Grouping {
                    name,
                    groups: groups.clone(),
                    mitigated,
                    left_out,
                });
            }
        };
        let columns = &prepared.group_columns;
        let joined: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let joined = joined.join(" x ");
        if let (Some(all), true) = (&prepared.groups, columns.len() > 1) {
            add(joined.clone(), all, true);
        }
        for (name, groups) in columns {
            add(name.clone(), groups, true);
        }
        for (name, groups) in observed(setting)? {
            add(name.clone(), &groups, false);
            if let Some(all) = &prepared.groups {
                let both = all.crossed_with(&groups);
                if both.classes().len() <= MOST_GROUPS {
                    add(format!("{joined} x {name}"), &both, false);
                }
            }
        }
        let measures = vec![
            GroupMeasure::FairUtility(Scope::MaxMin),
            GroupMeasure::Odds(Odds::AverageAbsolute, Scope::MaxMin),
            GroupMeasure::Rate(Rate::SelectionRate, Of::MaxMin),
            GroupMeasure::Rate(Rate::TruePositiveRate, Of::MaxMin),
            GroupMeasure::Rate(Rate::ErrorRate, Of::MaxMin),
            GroupMeasure::Rate(Rate::BalancedAccuracy, Of::GroupMin),
        ];
        Ok((!groupings.is_empty()).then_some(Self {
            favourable,
            groupings,
            measures,
            warnings,
        }))
    }

    /// One evaluator a grouping.
    pub(super) fn evaluators(&self, rows: &Predictions<'_>) -> Result<Vec<GroupEvaluator>, Error> {
        let evaluator = |grouping: &Grouping| {
            let mut grouped = GroupedRows::new(*rows, &grouping.groups, &self.favourable)?;
            for group in &grouping.left_out {
                grouped = grouped.with_left_out(group)?;
            }
            Ok(GroupEvaluator::new(&self.measures, &grouped, None)?)
        };
        self.groupings.iter().map(evaluator).collect()
    }

    /// Grouping and measure of each number that the evaluators give, in their order.
    pub(super) fn columns(&self) -> impl Iterator<Item = (usize, &GroupMeasure)> {
        (0..self.groupings.len())
            .flat_map(|grouping| self.measures.iter().map(move |measure| (grouping, measure)))
    }
}

/// The class that people want: as named, the second of two, or the rarest.
fn favourable(labels: &Labels, named: Option<&str>, warnings: &mut Vec<Warning>) -> Result<String, Error> {
    let classes = labels.classes();
    if let Some(class) = named {
        // Grouped rows say which classes there are.
        GroupedRows::of_labels(labels, labels, class)?;
        return Ok(class.into());
    }
    if let [_, second] = classes {
        return Ok(second.clone());
    }
    let class = classes[super::judge::smallest(labels) as usize].clone();
    warnings.push(
        Warning::new(
            "compare.favourable",
            format!("numbers of fairness are about the rarest class, `{class}`, against the rest"),
        )
        .with_hint("name another class with `--favorable CLASS`"),
    );
    Ok(class)
}

/// Protected columns that methods do not see as groups: those named, else those with a usual name.
fn observed(setting: &Setting<'_>) -> Result<Vec<(String, Groups)>, Error> {
    let (prepared, compare) = (setting.prepared, setting.compare);
    if compare.observe == ["none"] {
        return Ok(Vec::new());
    }
    let of = |columns: Vec<String>, bins| GroupColumns { columns, bins };
    if !compare.observe.is_empty() {
        let bins = setting.experiment.data.bins.clone();
        let bins = bins
            .into_iter()
            .filter(|(column, _)| compare.observe.contains(column));
        return Ok(of(compare.observe.clone(), bins.collect()).groups_of(&prepared.table)?);
    }
    let known = |name: &str| {
        let columns = of(
            setting.experiment.data.groups.clone(),
            setting.experiment.data.bins.clone(),
        );
        columns
            .columns_of(&prepared.table)
            .iter()
            .any(|column| column == name)
    };
    let mut found = Vec::new();
    for column in prepared.table.columns() {
        let plain = column.name.to_lowercase().replace(['-', ' ', '.'], "_");
        if !USUAL.contains(&plain.as_str()) || known(&column.name) || column.name == prepared.roles().target {
            continue;
        }
        let name = column.name.clone();
        // What is no group as it stands is cut in half, or left alone.
        let groups = of(vec![name.clone()], std::collections::BTreeMap::new())
            .groups_of(&prepared.table)
            .or_else(|_| {
                of(vec![name.clone()], [(name.clone(), Bins::Count(2))].into()).groups_of(&prepared.table)
            });
        found.extend(groups.unwrap_or_default());
    }
    Ok(found)
}

/// The groups of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedGroups {
    /// The class that people want.
    pub favourable: String,
    /// Each grouping.
    pub groupings: Vec<ComparedGrouping>,
}

/// One grouping of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedGrouping {
    /// The protected column, or columns joined by ` x `.
    pub name: String,
    /// Whether methods see these groups; else it is told what they do to groups that they do not see.
    pub mitigated: bool,
    /// Rows of each group.
    pub groups: Vec<(String, usize)>,
    /// Groups with too few rows to take part.
    pub left_out: Vec<String>,
}

impl ComparedGroups {
    pub(super) fn new(fairness: &Fairness) -> Self {
        let grouping = |grouping: &Grouping| ComparedGrouping {
            name: grouping.name.clone(),
            mitigated: grouping.mitigated,
            groups: grouping
                .groups
                .classes()
                .iter()
                .cloned()
                .zip(grouping.groups.counts())
                .filter(|(_, rows)| *rows > 0)
                .collect(),
            left_out: grouping.left_out.clone(),
        };
        Self {
            favourable: fairness.favourable.clone(),
            groupings: fairness.groupings.iter().map(grouping).collect(),
        }
    }
}

/// Numbers of one model with one method by one grouping.
#[derive(Debug, Clone, Serialize)]
pub struct FairScores {
    /// The grouping.
    pub grouping: String,
    /// Whether methods see its groups.
    pub mitigated: bool,
    /// One entry a measure.
    pub scores: Vec<Score>,
}

impl FairScores {
    pub(super) fn empty(grouping: &ComparedGrouping) -> Self {
        Self {
            grouping: grouping.name.clone(),
            mitigated: grouping.mitigated,
            scores: Vec::new(),
        }
    }

    /// The score of a measure.
    pub fn score(&self, measure: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.measure == measure)
    }
}

/// What the methods of a model do to groups, in sentences: what helps and what harms, first in groups that they see.
pub(super) fn in_words(outcomes: &[Outcome], groups: &ComparedGroups) -> Vec<(FairKind, String)> {
    let mut said = Vec::new();
    let mut nothing: Vec<String> = Vec::new();
    for (place, grouping) in groups.groupings.iter().enumerate() {
        let change = |outcome: &Outcome| -> Option<(String, f64, (f64, f64))> {
            let score = outcome.fairness.get(place)?.scores.first()?;
            Some((
                outcome.method.clone(),
                score.difference?,
                score.simultaneous_interval?,
            ))
        };
        let changes: Vec<_> = outcomes.iter().filter_map(change).collect();
        let told = |(method, value, (low, high)): &(String, f64, (f64, f64))| {
            format!("`{method}` {value:+.3} ({low:+.3} to {high:+.3})")
        };
        let all = |wanted: &dyn Fn((f64, f64)) -> bool| -> Vec<String> {
            let mut some: Vec<_> = changes.iter().filter(|change| wanted(change.2)).collect();
            some.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            some.into_iter().map(told).collect()
        };
        let (better, worse) = (all(&|(low, _)| low > 0.0), all(&|(_, high)| high < 0.0));
        let unseen = if grouping.mitigated {
            ""
        } else {
            ", which methods do not see as groups"
        };
        let name = &grouping.name;
        if better.is_empty() && worse.is_empty() {
            if !changes.is_empty() {
                nothing.push(name.clone());
            }
            continue;
        }
        if !better.is_empty() {
            let text = format!("Fair Utility by {name}{unseen} rises with {}.", better.join(", "));
            said.push((FairKind::Better, text));
        }
        if !worse.is_empty() {
            let text = format!("Fair Utility by {name}{unseen} falls with {}.", worse.join(", "));
            said.push((FairKind::Worse, text));
        }
    }
    if !nothing.is_empty() {
        let text = format!(
            "No method changes Fair Utility beyond chance by {}.",
            nothing.join(", by ")
        );
        said.push((FairKind::Same, text));
    }
    said
}

/// What a sentence about fairness tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FairKind {
    Better,
    Worse,
    Same,
}

/// A short name for what a column of a table holds.
pub(super) fn short_name(measure: &str) -> &str {
    match measure {
        "fair-utility-max-min" => "fair utility",
        "average-absolute-odds-max-min" => "odds gap",
        "demographic-parity-difference" => "selection gap",
        "equal-opportunity-max-min" => "true-positive gap",
        "error-rate-max-min" => "error gap",
        "balanced-accuracy-group-min" => "lowest accuracy",
        other => other,
    }
}

/// Methods that no other one beats in both numbers: balanced accuracy, and evenness between groups.
pub(super) fn front(points: &[(f64, f64)]) -> Vec<usize> {
    // The first number is a gap, the second an accuracy.
    let beaten = |&(gap, accuracy): &(f64, f64)| {
        points.iter().any(|&(other_gap, other)| {
            other_gap <= gap && other >= accuracy && (other_gap < gap || other > accuracy)
        })
    };
    let mut front: Vec<usize> = (0..points.len())
        .filter(|&place| !beaten(&points[place]))
        .collect();
    front.sort_by(|&a, &b| points[a].0.total_cmp(&points[b].0));
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beaten_in_both_numbers_is_not_on_the_front() {
        let points = [(0.2, 0.7), (0.1, 0.7), (0.05, 0.65), (0.3, 0.8), (0.3, 0.6)];
        assert_eq!(front(&points), [2, 1, 3]);
        assert_eq!(front(&[(0.1, 0.7), (0.1, 0.7)]), [0, 1]);
    }
}

//! Numbers as sentences.

use counterpoise_metrics::{GroupMeasure, Rate};
use serde::Serialize;

use super::grouping::rates;
use super::{AuditGroup, AuditGrouping, AuditPart};

/// A sentence of an audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditFinding {
    /// The grouping it is about.
    pub grouping: String,
    /// The rate it is about.
    pub rate: String,
    /// How sure it is.
    pub kind: FindingKind,
    /// The sentence.
    pub text: String,
    /// The largest less the smallest rate.
    pub gap: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The interval leaves no room for equality.
    Clear,
    /// The groups may be equal, or not: there are too few rows to tell.
    Uncertain,
    /// A number that cannot be had from these rows.
    Undefined,
}

impl FindingKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Uncertain => "uncertain",
            Self::Undefined => "undefined",
        }
    }
}

/// What is said of each grouping, the clearest first.
pub(super) fn findings(
    favourable: &str,
    groupings: &[AuditGrouping],
    predictions: bool,
    level: f64,
) -> Vec<AuditFinding> {
    let mut all: Vec<AuditFinding> = Vec::new();
    for grouping in groupings {
        for rate in rates(predictions) {
            all.extend(gap(grouping, rate, favourable, level));
        }
        all.extend(lacking(grouping, &rates(predictions)));
    }
    let gap = |finding: &AuditFinding| finding.gap.unwrap_or(0.0).abs();
    // Base rates are no deed of the predictions, and come last.
    let of_base = |finding: &AuditFinding| finding.rate == "base-rate";
    all.sort_by(|a, b| {
        let kinds = a.kind.cmp(&b.kind).then(of_base(a).cmp(&of_base(b)));
        kinds.then(gap(b).total_cmp(&gap(a)))
    });
    all
}

/// The gap between the groups with the largest and the smallest rate.
fn gap(grouping: &AuditGrouping, rate: Rate, favourable: &str, level: f64) -> Option<AuditFinding> {
    let value = |group: &AuditGroup| group.report.rate(rate);
    let with_rate = || {
        grouping
            .compared()
            .filter_map(|group| Some((group, value(group)?)))
    };
    let (high, most) = with_rate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (low, least) = with_rate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    // Equal rates are no gap to speak of.
    if high.name() == low.name() || most - least < 1e-9 {
        return None;
    }
    let (gap, interval) = grouping.pair(rate, high.name(), low.name())?;
    let clear = interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    let points = |value: f64| format!("{:.1}", 100.0 * value);
    let (most, least) = (format!("{} %", points(most)), format!("{} %", points(least)));
    let (high, low) = (high.name(), low.name());
    let told = match rate {
        Rate::SelectionRate => {
            format!("`{favourable}` is predicted for {most} of `{high}` and for {least} of `{low}`")
        }
        Rate::TruePositiveRate => format!(
            "of those who are `{favourable}`, the predictions find {most} among `{high}` and {least} among `{low}`"
        ),
        Rate::FalsePositiveRate => format!(
            "of those who are not `{favourable}`, {most} of `{high}` and {least} of `{low}` are predicted as `{favourable}`"
        ),
        Rate::PositivePredictiveValue => format!(
            "a prediction of `{favourable}` comes true for {most} of `{high}` and for {least} of `{low}`"
        ),
        Rate::ErrorRate => format!("predictions are wrong for {most} of `{high}` and for {least} of `{low}`"),
        _ => format!("{most} of `{high}` and {least} of `{low}` are `{favourable}`"),
    };
    let sure = match interval {
        None => format!("{} points apart; too few rows for an interval", points(gap)),
        Some((from, to)) => format!(
            "{} points apart ({} to {}, {:.0} % interval){}",
            points(gap),
            points(from),
            points(to),
            100.0 * level,
            if clear { "" } else { "; equality is not ruled out" }
        ),
    };
    let mut text = format!("{}: {told}: {sure}.", grouping.name);
    if rate == Rate::SelectionRate {
        text.push_str(&four_fifths(grouping));
    }
    Some(AuditFinding {
        grouping: grouping.name.clone(),
        rate: rate.name().into(),
        kind: if clear {
            FindingKind::Clear
        } else {
            FindingKind::Uncertain
        },
        text,
        gap: Some(gap),
        interval,
    })
}

/// The ratio that guidance on hiring in the United States looks at first.
fn four_fifths(grouping: &AuditGrouping) -> String {
    let rates = || {
        grouping
            .compared()
            .filter_map(|group| group.report.rate(Rate::SelectionRate))
    };
    let (low, high) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    if high <= 0.0 || low / high >= 0.8 {
        return String::new();
    }
    format!(
        " That is {:.2} times as often, below the four fifths that guidance on hiring in the United States takes for a first sign.",
        low / high
    )
}

/// Rates that a group cannot have, with the reason.
fn lacking(grouping: &AuditGrouping, rates: &[Rate]) -> Vec<AuditFinding> {
    let mut said: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for group in grouping
        .groups
        .iter()
        .filter(|group| group.report.group.is_some())
    {
        for report in group
            .report
            .rates
            .iter()
            .filter(|report| rates.contains(&report.rate))
        {
            let Some(why) = &report.undefined else { continue };
            let text = format!("{}: {why}.", grouping.name);
            if said.contains(&text) {
                continue;
            }
            said.push(text.clone());
            all.push(AuditFinding {
                grouping: grouping.name.clone(),
                rate: report.rate.name().into(),
                kind: FindingKind::Undefined,
                text,
                gap: None,
                interval: None,
            });
        }
    }
    all
}

/// The most important sentence of a part.
pub(super) fn headline(part: &AuditPart) -> String {
    let of_predictions = |finding: &&AuditFinding| finding.rate != "base-rate";
    let predictions = part.findings.iter().any(|finding| of_predictions(&finding));
    let looked_at = || {
        part.findings
            .iter()
            .filter(|finding| finding.kind != FindingKind::Undefined)
            .filter(|finding| !predictions || of_predictions(finding))
    };
    let clear: Vec<&AuditFinding> = looked_at()
        .filter(|finding| finding.kind == FindingKind::Clear)
        .collect();
    let all = looked_at().count();
    let unknown = looked_at().filter(|finding| finding.interval.is_none()).count();
    let widest = looked_at()
        .filter_map(|finding| finding.interval)
        .map(|(low, high)| high.max(-low))
        .fold(0.0, f64::max);
    if all == 0 {
        return "No rate can be compared between groups: too few rows.".into();
    }
    let utility = part.groupings.last().and_then(|grouping| {
        let measure = grouping
            .measures
            .iter()
            .find(|measure| matches!(measure.parsed, GroupMeasure::FairUtility(_)))?;
        let value = measure.estimate.value?;
        let interval = measure
            .estimate
            .interval
            .map_or(String::new(), |(low, high)| format!(" ({low:.3} to {high:.3})"));
        Some(format!(
            " Fair Utility by {}: {value:.3}{interval}.",
            grouping.name
        ))
    });
    let apart = if predictions && part.findings.len() > all {
        " (base rates apart)"
    } else {
        ""
    };
    let first = if unknown == all {
        "There are too few rows to compare groups.".to_owned()
    } else if clear.is_empty() {
        format!(
            "None of {all} compared rates{apart} differs clearly between groups; gaps of up to {:.0} points are not ruled out.",
            100.0 * widest
        )
    } else {
        let largest = clear
            .iter()
            .max_by(|a, b| a.gap.unwrap_or(0.0).total_cmp(&b.gap.unwrap_or(0.0)));
        let largest = largest.map_or(String::new(), |finding| {
            format!(
                "; the largest gap is {:.0} points, in {} by {}",
                100.0 * finding.gap.unwrap_or(0.0),
                finding.rate.replace('-', " "),
                finding.grouping
            )
        });
        format!(
            "{} of {all} compared rates{apart} differ clearly between groups{largest}.",
            clear.len()
        )
    };
    first + &utility.unwrap_or_default()
}

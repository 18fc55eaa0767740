//! What an audit shows, on a page and in a terminal.

use counterpoise_metrics::{Aim, Estimate, IntervalKind, Rate};
use counterpoise_report::{
    Block, Figure, HeatCell, HeatMap, IntervalEntry, IntervalGroup, Intervals, Page, Section, TableBlock,
    Tone,
};

use super::{
    Audit, AuditCell, AuditFinding, AuditGroup, AuditGrouping, AuditMeasure, AuditPart, FindingKind,
};
use crate::pages::{footer, sentence};
use crate::{Error, few_of_each};

/// Cells of the table of what is under-represented.
const CELLS: usize = 24;
/// Rates that are not defined and are listed.
const UNDEFINED: usize = 12;
/// Pairs of groups that a table lists.
const PAIRS: usize = 60;

impl AuditGrouping {
    /// Rates of each group without intervals, as a terminal has room for them.
    pub fn short_table(&self) -> TableBlock {
        let predictions = self
            .groups
            .first()
            .is_some_and(|all| all.report.confusion.is_some());
        let rates = super::grouping::rates(predictions);
        let mut headers = vec![self.name.clone(), "rows".into()];
        headers.extend(rates.iter().map(|rate| rate.name().replace('-', " ")));
        let row = |group: &AuditGroup| {
            let mut row = vec![group.name().to_owned(), group.report.rows.to_string()];
            row.extend(rates.iter().map(|&rate| percent(group.report.rate(rate))));
            row
        };
        TableBlock {
            caption: format!("Rates by {}", self.name),
            numeric: (0..headers.len()).map(|place| place > 0).collect(),
            headers,
            rows: self.groups.iter().map(row).collect(),
        }
    }

    /// The first measures, without words.
    pub fn short_measures(&self, level: f64, most: usize) -> TableBlock {
        let row = |measure: &AuditMeasure| {
            vec![
                measure.measure.clone(),
                number(measure.estimate.value),
                range(&measure.estimate),
                measure.reason.clone().unwrap_or_default(),
            ]
        };
        TableBlock {
            caption: format!("Measures by {}", self.name),
            headers: vec![
                format!("measure by {}", self.name),
                "value".into(),
                interval_header(level),
                String::new(),
            ],
            numeric: vec![false, true, true, false],
            rows: self.measures.iter().take(most).map(row).collect(),
        }
    }

    /// Measures between groups, with intervals.
    pub fn measure_table(&self, level: f64) -> TableBlock {
        let row = |measure: &AuditMeasure| {
            let fair = match measure.aim {
                Aim::High => "more is better".to_owned(),
                Aim::Low => "less is better".to_owned(),
                Aim::Exactly(value) => format!("{value} is even"),
                Aim::Nothing => String::new(),
            };
            vec![
                measure.measure.clone(),
                number(measure.estimate.value),
                range(&measure.estimate),
                fair,
                measure.reason.clone().unwrap_or_else(|| measure.about.clone()),
            ]
        };
        let compared = self
            .privileged
            .as_ref()
            .map_or(String::new(), |group| format!("all others against {group}"));
        TableBlock {
            caption: format!("Measures by {}, {compared}", self.name),
            headers: vec![
                "measure".into(),
                "value".into(),
                interval_header(level),
                "aim".into(),
                "what it is".into(),
            ],
            numeric: vec![false, true, true, false, false],
            rows: self.measures.iter().map(row).collect(),
        }
    }

    /// Counts and rates of each group, with intervals.
    pub fn group_table(&self, level: f64) -> TableBlock {
        let rates = self.shown_rates();
        let mut headers = vec![self.name.clone(), "rows".into()];
        headers.extend(rates.iter().map(|rate| rate.name().replace('-', " ")));
        let row = |group: &AuditGroup| {
            let mut row = vec![
                if group.report.left_out {
                    format!("{} (few rows)", group.name())
                } else {
                    group.name().to_owned()
                },
                group.report.rows.to_string(),
            ];
            row.extend(rates.iter().map(|&rate| match group.rate(rate) {
                Some(estimate) => format!("{}{}", number(estimate.value), bracketed(estimate)),
                None => "undefined".into(),
            }));
            row
        };
        TableBlock {
            caption: format!("Rates by {}, with {:.0} % intervals", self.name, 100.0 * level),
            numeric: (0..headers.len()).map(|place| place > 0).collect(),
            headers,
            rows: self.groups.iter().map(row).collect(),
        }
    }

    fn shown_rates(&self) -> Vec<Rate> {
        let Some(first) = self.groups.first() else {
            return Vec::new();
        };
        first.intervals.iter().map(|estimate| estimate.rate).collect()
    }

    fn pair_table(&self) -> Option<TableBlock> {
        if self.groups.len() <= 3 || self.pairs.is_empty() {
            return None;
        }
        let mut pairs: Vec<&AuditMeasure> = self
            .pairs
            .iter()
            .filter(|pair| pair.estimate.value.is_some())
            .collect();
        let size = |pair: &AuditMeasure| pair.estimate.value.unwrap_or(0.0).abs();
        pairs.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let all = pairs.len();
        pairs.truncate(PAIRS);
        let row = |pair: &&AuditMeasure| {
            let (low, high) = pair.estimate.interval.unwrap_or((0.0, 0.0));
            vec![
                pair.measure.replacen("-difference:", ": ", 1),
                number(pair.estimate.value),
                range(&pair.estimate),
                if low > 0.0 || high < 0.0 { "clear" } else { "" }.into(),
            ]
        };
        Some(TableBlock {
            caption: format!(
                "Each two groups of {}, the first less the second; the {} largest of {all} differences",
                self.name,
                pairs.len()
            ),
            headers: ["difference", "value", "interval for all pairs at once", ""]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, true, true, false],
            rows: pairs.iter().map(row).collect(),
        })
    }

    /// Groups by rates, coloured by the distance from all rows.
    fn heat_of_rates(&self) -> HeatMap {
        let rates: Vec<Rate> = self
            .shown_rates()
            .into_iter()
            .filter(|rate| rate.range() == (0.0, 1.0))
            .collect();
        let all = self.groups.first();
        let cell = |group: &AuditGroup, rate: Rate| {
            let estimate = group.rate(rate);
            let value = estimate.and_then(|estimate| estimate.value);
            let overall = all.and_then(|all| all.rate(rate)).and_then(|all| all.value);
            HeatCell {
                value: value.zip(overall).map(|(value, overall)| value - overall),
                text: percent(value),
                note: estimate.map_or(String::new(), percents),
            }
        };
        let groups = || self.groups.iter().skip(1);
        HeatMap {
            caption: format!("Rates by {}", self.name),
            corner: self.name.clone(),
            lines: groups()
                .map(|group| format!("{} ({})", group.name(), group.report.rows))
                .collect(),
            columns: rates.iter().map(|rate| rate.name().replace('-', " ")).collect(),
            cells: groups()
                .map(|group| rates.iter().map(|&rate| cell(group, rate)).collect())
                .collect(),
            middle: 0.0,
            legend: ("above all rows".into(), "below all rows".into()),
        }
    }
}

/// The groups of several columns as a plane: the last column from left to right.
fn heat_of_intersection(grouping: &AuditGrouping, rate: Rate) -> Option<HeatMap> {
    let split = |name: &str| name.rsplit_once(" | ").map(|(a, b)| (a.to_owned(), b.to_owned()));
    let mut lines: Vec<String> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for group in grouping.groups.iter().skip(1) {
        let (line, column) = split(group.name())?;
        if !lines.contains(&line) {
            lines.push(line);
        }
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns.sort();
    let overall = grouping.groups.first()?.rate(rate)?.value?;
    let cell = |line: &String, column: &String| {
        let name = format!("{line} | {column}");
        let group = grouping
            .groups
            .iter()
            .find(|group| group.report.group.as_deref() == Some(&name));
        let Some(group) = group else {
            return HeatCell {
                text: "no row".into(),
                ..HeatCell::default()
            };
        };
        let estimate = group.rate(rate);
        let value = estimate.and_then(|estimate| estimate.value);
        HeatCell {
            value,
            text: percent(value),
            note: format!(
                "{}{} rows",
                estimate
                    .map(percents)
                    .filter(|text| !text.is_empty())
                    .map_or(String::new(), |text| format!("{text}, ")),
                group.report.rows
            ),
        }
    };
    let (left, right) = grouping.name.rsplit_once(" x ")?;
    Some(HeatMap {
        caption: format!(
            "{} by {}",
            sentence(&rate.name().replace('-', " ")),
            grouping.name
        ),
        corner: format!("{left} \\ {right}"),
        cells: lines
            .iter()
            .map(|line| columns.iter().map(|column| cell(line, column)).collect())
            .collect(),
        lines,
        columns,
        middle: overall,
        legend: (
            format!("above {} of all rows", percent(Some(overall))),
            "below".into(),
        ),
    })
}

impl Audit {
    /// Cells with few rows, or all of few cells.
    pub fn cell_table(&self) -> TableBlock {
        let row = |cell: &AuditCell| {
            vec![
                cell.class.clone(),
                cell.group.clone(),
                cell.rows.to_string(),
                format!("{:.1} %", 100.0 * cell.share),
                cell.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")),
                cell.told
                    .map_or(String::new(), |told| format!("{:.1} %", 100.0 * told)),
                cell.remark.clone().unwrap_or_default(),
            ]
        };
        let shown = self.cells.len().min(CELLS);
        let caption = if shown < self.cells.len() {
            format!("The {shown} rarest of {} cells", self.cells.len())
        } else {
            "Rows of each class in each group, the rarest first".into()
        };
        TableBlock {
            caption,
            headers: ["class", "group", "rows", "share", "to expected", "told right", ""]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, false, true, true, true, true, false],
            rows: self.cells[..shown].iter().map(row).collect(),
        }
    }

    /// What is said first: the class that people want, and the headline.
    pub fn title_of(&self, part: &AuditPart) -> String {
        if self.parts.len() > 1 {
            format!("`{}` against the rest", part.favourable)
        } else {
            format!("Favourable class: `{}`", part.favourable)
        }
    }
}

/// The page of an audit. `name` is that of the file, and `command` what repeats it.
pub fn audit_page(name: &str, audit: &Audit, command: &str) -> Result<Page, Error> {
    let mut sections = vec![verdict(audit)];
    for part in &audit.parts {
        sections.extend(part_sections(audit, part));
    }
    sections.push(under_represented(audit));
    sections.push(how_to_read(audit));
    sections.push(Section {
        title: "Do it again".into(),
        lead: "The same file and seed give the same numbers.".into(),
        blocks: vec![Block::Code {
            title: "in a shell".into(),
            text: command.into(),
        }],
    });
    let subject = if audit.predictions {
        format!("Whom do the predictions of {name} serve worse?")
    } else {
        format!("Who is under-represented in {name}?")
    };
    let groupings: Vec<&str> = audit
        .parts
        .iter()
        .take(1)
        .flat_map(|part| &part.groupings)
        .map(|grouping| grouping.name.as_str())
        .collect();
    Ok(Page {
        title: subject,
        subtitle: format!(
            "{} rows, target {}, groups {}; {} draws, seed {}",
            audit.rows,
            audit.target,
            groupings.join(", "),
            audit.draws,
            audit.seed
        ),
        sections,
        footer: footer(),
    })
}

fn verdict(audit: &Audit) -> Section {
    let mut blocks = Vec::new();
    for part in &audit.parts {
        let clear = part
            .findings
            .iter()
            .any(|finding| finding.kind == FindingKind::Clear);
        blocks.push(Block::Verdict {
            title: audit.title_of(part).replace('`', ""),
            text: part.headline(),
            tone: if clear { Tone::Caution } else { Tone::Neutral },
        });
        let line = |finding: &AuditFinding| (finding.kind.name().to_owned(), finding.text.clone());
        let undefined = part
            .findings
            .iter()
            .filter(|finding| finding.kind == FindingKind::Undefined);
        let more = undefined.count().saturating_sub(UNDEFINED);
        let shown = part.findings.len() - more;
        blocks.push(Block::Marked(part.findings[..shown].iter().map(line).collect()));
        if more > 0 {
            blocks.push(Block::Text(format!(
                "And {more} more rates that are not defined."
            )));
        }
    }
    if !audit.warnings.is_empty() {
        blocks.push(Block::Warnings(few_of_each(&audit.warnings)));
    }
    Section {
        title: "Findings".into(),
        lead: "A gap is clear if its interval leaves no room for equality. An uncertain gap may be there or not: more rows would tell.".into(),
        blocks,
    }
}

fn part_sections(audit: &Audit, part: &AuditPart) -> Vec<Section> {
    let of = if audit.parts.len() > 1 {
        format!(" of {}", part.favourable)
    } else {
        String::new()
    };
    let mut measures = Vec::new();
    let mut groups = Vec::new();
    for grouping in &part.groupings {
        measures.push(Block::Figures(figures(grouping)));
        measures.extend(forest(grouping, audit.level));
        measures.push(Block::Table(grouping.measure_table(audit.level)));
        groups.push(Block::HeatMap(grouping.heat_of_rates()));
        groups.push(Block::Table(grouping.group_table(audit.level)));
        groups.extend(grouping.pair_table().map(Block::Table));
    }
    let mut sections = vec![
        Section {
            title: format!("Measures between groups{of}"),
            lead: "Differences are even at 0 and ratios at 1. Fair Utility is balanced accuracy, discounted by the mean gap in true and false positive rates.".into(),
            blocks: measures,
        },
        Section {
            title: format!("Groups{of}"),
            lead: "Colours show how far a rate is from that of all rows, whatever its interval.".into(),
            blocks: groups,
        },
    ];
    for grouping in part
        .groupings
        .iter()
        .filter(|grouping| grouping.name.contains(" x "))
    {
        let rates = if audit.predictions {
            vec![
                Rate::SelectionRate,
                Rate::TruePositiveRate,
                Rate::FalsePositiveRate,
                Rate::ErrorRate,
            ]
        } else {
            vec![Rate::BaseRate]
        };
        let maps = rates
            .into_iter()
            .filter_map(|rate| heat_of_intersection(grouping, rate))
            .map(Block::HeatMap);
        sections.push(Section {
            title: format!("Intersections{of}: {}", grouping.name),
            lead: "Groups that look fine by themselves may hide one that is not.".into(),
            blocks: maps.collect(),
        });
    }
    sections
}

fn figures(grouping: &AuditGrouping) -> Vec<Figure> {
    let wanted = [
        "fair-utility",
        "balanced-accuracy",
        "average-absolute-odds-difference",
        "disparate-impact",
        "base-rate-difference",
    ];
    wanted
        .iter()
        .filter_map(|name| {
            let measure = grouping
                .measures
                .iter()
                .find(|measure| measure.measure == *name)?;
            Some(Figure {
                value: number(measure.estimate.value),
                label: format!("{} by {}", measure.measure.replace('-', " "), grouping.name),
                note: range(&measure.estimate),
            })
        })
        .collect()
}

fn forest(grouping: &AuditGrouping, level: f64) -> Vec<Block> {
    // What has no sign is never on the other side of even, so that its interval cannot tell whether it is even.
    let plot = |even: f64, signed: bool, words: &str| {
        let entry = |measure: &AuditMeasure| IntervalEntry {
            name: measure.measure.clone(),
            value: measure.estimate.value,
            interval: measure.estimate.interval,
            emphasis: signed
                && measure
                    .estimate
                    .interval
                    .is_some_and(|(low, high)| low > even || high < even),
        };
        let entries: Vec<IntervalEntry> = grouping
            .measures
            .iter()
            .filter(|measure| measure.aim == Aim::Exactly(even) && measure.parsed.is_signed() == signed)
            .map(entry)
            .collect();
        (!entries.is_empty()).then(|| {
            Block::Intervals(Intervals {
                caption: format!(
                    "{words} by {}, with {:.0} % intervals",
                    grouping.name,
                    100.0 * level
                ),
                groups: vec![IntervalGroup {
                    bare: false,
                    name: String::new(),
                    entries,
                }],
                reference: signed.then(|| (even, "even".into())),
                ends: None,
                unit: String::new(),
            })
        })
    };
    let others = grouping
        .privileged
        .as_ref()
        .map_or(String::new(), |group| format!(" of all others and {group}"));
    [
        plot(0.0, true, &format!("Differences{others}")),
        plot(1.0, true, &format!("Ratios{others}")),
        plot(
            0.0,
            false,
            "Gaps without a sign, which chance alone makes larger than 0,",
        ),
        plot(
            1.0,
            false,
            "Ratios of the smallest and the largest rate, which chance alone makes smaller than 1,",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn under_represented(audit: &Audit) -> Section {
    let rare = audit.cells.iter().filter(|cell| cell.remark.is_some()).count();
    Section {
        title: "What is under-represented".into(),
        lead: format!(
            "{rare} of {} cells (a class in a group) are remarkable. `to expected` compares the rows with those there would be if class and group had nothing to do with each other.",
            audit.cells.len()
        ),
        blocks: vec![Block::Table(audit.cell_table())],
    }
}

fn how_to_read(audit: &Audit) -> Section {
    let kind = match audit.interval {
        IntervalKind::Bca => "bias-corrected and accelerated",
        IntervalKind::Percentile => "percentile",
    };
    let mut blocks: Vec<Block> = audit.caveats.iter().cloned().map(Block::Text).collect();
    blocks.push(Block::KeyValues(vec![
        ("intervals".into(), format!("{kind} bootstrap, {} draws of whole rows, level {}", audit.draws, audit.level)),
        ("seed".into(), audit.seed.to_string()),
        ("rows left out".into(), audit.dropped.to_string()),
        (
            "draws for numbers of scores".into(),
            audit.draws.min(super::grouping::OF_SCORES).to_string(),
        ),
        (
            "sources".into(),
            "AIF360 and Fairlearn for names and definitions; Fair Utility: Dablain, Krawczyk and Chawla, arXiv 2207.06084".into(),
        ),
    ]));
    Section {
        title: "Before you sign".into(),
        lead: "An audit measures; it does not decide what is fair.".into(),
        blocks,
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("undefined".into(), |value| format!("{value:.3}"))
}

fn range(estimate: &Estimate) -> String {
    estimate
        .interval
        .map_or(String::new(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

fn bracketed(estimate: &Estimate) -> String {
    estimate
        .interval
        .map_or(String::new(), |(low, high)| format!(" [{low:.3}, {high:.3}]"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or("undefined".into(), |value| format!("{:.0} %", 100.0 * value))
}

fn percents(estimate: &Estimate) -> String {
    estimate.interval.map_or(String::new(), |(low, high)| {
        format!("{:.0} to {:.0}", 100.0 * low, 100.0 * high)
    })
}

fn interval_header(level: f64) -> String {
    format!("{:.0} % interval", 100.0 * level)
}

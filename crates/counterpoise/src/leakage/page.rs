//! What an audit of two files shows.

use counterpoise_base::{Warning, counted};
use counterpoise_report::{Bars, Block, Figure, Page, Section, Series, TableBlock};

use super::{LeakageAudit, LeakageVerdict};
use crate::few_of_each;
use crate::pages::footer;

/// The page of an audit.
pub fn leakage_page(audit: &LeakageAudit) -> Page {
    let mut sections = vec![verdict(audit)];
    sections.extend(examples(audit));
    sections.push(chance(audit));
    sections.extend(distances(audit));
    Page {
        title: format!("Does {} leak into {}?", audit.train.file, audit.test.file),
        subtitle: format!(
            "{}, {}, {}",
            counted(audit.train.rows, "training row"),
            counted(audit.test.rows, "test row"),
            counted(audit.features, "feature")
        ),
        sections,
        footer: footer(),
    }
}

fn verdict(audit: &LeakageAudit) -> Section {
    let figure = |value: String, label: &str, note: String| Figure {
        value,
        label: label.into(),
        note,
    };
    let copies = audit.copies.same_target + audit.copies.other_target;
    let mut figures = vec![
        figure(audit.verdict.name().into(), "verdict", String::new()),
        figure(
            copies.to_string(),
            "test rows equal a training row",
            format!("{:.1} in an honest split", audit.copies.expected),
        ),
    ];
    if let Some(near) = &audit.near {
        figures.push(figure(
            format!("{} of {}", near.across, near.pairs),
            "closest pairs across the split",
            format!("{:.1} in an honest split", near.expected),
        ));
    }
    if let Some(parents) = &audit.parents {
        figures.push(figure(
            parents.test_rows.to_string(),
            "test rows are parents",
            format!(
                "parents of {} of {} synthetic rows found",
                parents.traced, parents.synthetic
            ),
        ));
    }
    let mut blocks = vec![Block::Figures(figures)];
    let told = |verdict: LeakageVerdict| match verdict {
        LeakageVerdict::Clean => "Worth knowing",
        LeakageVerdict::Suspicious => "Suspicious",
        LeakageVerdict::Leak => "Leak",
    };
    let mut notes: Vec<Warning> = audit
        .findings
        .iter()
        .map(|finding| {
            let message = format!("{}: {}", told(finding.verdict), finding.message);
            Warning::new(finding.code, message).with_hint(finding.hint.clone())
        })
        .collect();
    notes.extend(few_of_each(&audit.warnings));
    if !notes.is_empty() {
        blocks.push(Block::Warnings(notes));
    }
    let lead = match audit.verdict {
        LeakageVerdict::Clean => "Nothing was found that an honest split would not have.",
        LeakageVerdict::Suspicious => "Something was found that an honest split seldom has: look at it.",
        LeakageVerdict::Leak => {
            "The test file holds what the training file gives away: scores on it say too much."
        }
    };
    Section {
        title: "LeakageVerdict".into(),
        lead: lead.into(),
        blocks,
    }
}

fn examples(audit: &LeakageAudit) -> Option<Section> {
    let row = |row: Option<usize>| row.map_or_else(|| "-".to_owned(), |row| row.to_string());
    let rows: Vec<Vec<String>> = audit
        .findings
        .iter()
        .flat_map(|finding| {
            finding.examples.iter().map(move |example| {
                vec![
                    finding.code.to_owned(),
                    row(example.test_row),
                    row(example.train_row),
                    example.note.clone(),
                ]
            })
        })
        .collect();
    (!rows.is_empty()).then(|| Section {
        title: "Examples".into(),
        lead: "The first few rows of each finding, counted from 1 below the header.".into(),
        blocks: vec![Block::Table(TableBlock {
            caption: "Rows on both sides".into(),
            headers: [
                "finding",
                "row of the test file",
                "row of the training file",
                "what",
            ]
            .map(String::from)
            .to_vec(),
            numeric: vec![false, true, true, false],
            rows,
        })],
    })
}

fn chance(audit: &LeakageAudit) -> Section {
    let line = |name: &str, excess: &crate::Excess| {
        vec![
            name.to_owned(),
            excess.pairs.to_string(),
            excess.across.to_string(),
            format!("{:.1}", excess.expected),
            chance_of(excess.p_value),
            excess.looks.to_string(),
        ]
    };
    let mut rows = vec![line("equal rows", &audit.copies.excess)];
    rows.extend(audit.near.iter().map(|near| line("closest unequal rows", near)));
    Section {
        title: "What chance would do".into(),
        lead: "Pairs are chosen without a look at the files. In an honest split, two equal or close rows are on different sides as often as any two rows of their classes.".into(),
        blocks: vec![Block::Table(TableBlock {
            caption: "Pairs of rows, no row in two of them".into(),
            headers: ["pairs of", "pairs", "across the split", "expected", "p at most", "looks"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, true, true, true, true, true],
            rows,
        })],
    }
}

fn chance_of(p_value: f64) -> String {
    if p_value < 0.001 {
        format!("{p_value:.1e}")
    } else {
        format!("{p_value:.3}")
    }
}

fn distances(audit: &LeakageAudit) -> Option<Section> {
    let distances = audit.distances.as_ref()?;
    let series = |name: &str, values: &[f64]| Series {
        name: name.into(),
        values: values.iter().map(|value| Some(*value)).collect(),
        ..Series::default()
    };
    Some(Section {
        title: "Distances to the nearest training row".into(),
        lead: format!(
            "Bars of the two colours are alike in an honest split; shorter ones of the test mean that it is too close. {} training rows and {} test rows were asked, copies left out.",
            distances.train_rows, distances.test_rows
        ),
        blocks: vec![Block::Bars(Bars {
            caption: "The nearest training row is no farther than this".into(),
            categories: distances
                .quantiles
                .iter()
                .map(|share| format!("{:.0} % of rows", 100.0 * share))
                .collect(),
            series: vec![
                series("from training rows", &distances.train),
                series("from test rows", &distances.test),
            ],
            unit: "distance".into(),
        })],
    })
}

//! `counterpoise explain`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use counterpoise::{
    Action, ClassFinding, ClassSummary, Explanation, ReadOptions, Severity, agree, check_page, check_tables,
    counted, explain, explain_largest, explain_neighbors, explanation_page, write_page, write_tables,
};

use crate::explain_flags::ExplainFlags;
use crate::progress::Progress;
use crate::terminal::{self, table, wrapped};

/// Lines of a table of classes.
const CLASSES: usize = 20;
/// Findings that are printed.
const FINDINGS: usize = 8;
/// Findings of one class that are printed.
const OF_A_CLASS: usize = 3;

pub(crate) fn run(flags: &ExplainFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(file) = &flags.neighbors {
        return neighbors(file, &flags.look.table.options()?, json, progress);
    }
    if let Some(file) = &flags.largest {
        return largest(file, &flags.look.table.options()?, json, progress);
    }
    let options = flags.options()?;
    if let Some(path) = &flags.report {
        check_page(path)?;
        options.check_output(path)?;
    }
    if let Some(folder) = &flags.tables {
        check_tables(folder, flags.overwrite)?;
    }
    let explanation = explain(&options, progress)?;
    let page = match &flags.report {
        Some(_) => Some(explanation_page(&options, &explanation)?),
        None => None,
    };
    progress.end();
    terminal::warn(&explanation.warnings, json);
    if let (Some(path), Some(page)) = (&flags.report, &page) {
        write_page(page, path)?;
    }
    let mut text = in_words(&explanation);
    if let Some(folder) = &flags.tables {
        let files = write_tables(&explanation, folder)?;
        let _ = writeln!(
            text,
            "wrote {} into {}",
            counted(files.len(), "file"),
            folder.display()
        );
    }
    if let Some(path) = &flags.report {
        let _ = writeln!(text, "wrote {}", path.display());
    }
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&explanation)?);
    }
    terminal::print(&text)
}

/// What predictions require, by a table of the largest contributions.
fn largest(file: &Path, read: &ReadOptions, json: bool, progress: &Progress) -> Result<()> {
    let found = explain_largest(file, read, progress)?;
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let mean = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    let rows = found.classes.iter().map(|class| {
        let first = class.top.iter().take(3);
        let first: Vec<String> = first
            .map(|one| {
                format!(
                    "{} ({:.0} %, {:.2})",
                    one.feature,
                    100.0 * one.share,
                    one.magnitude
                )
            })
            .collect();
        vec![
            class.class.clone(),
            class.rows.to_string(),
            format!("{:.2}", class.recall),
            mean(Some(class.required)),
            mean(class.required_right),
            mean(class.required_wrong),
            format!("{:.2}", class.magnitude),
            first.join(", "),
        ]
    });
    let headers = [
        "class",
        "rows",
        "recall",
        "required",
        "if found",
        "if missed",
        "their sum",
        "features (rows that require them, mean size)",
    ];
    let right: Vec<bool> = (0..headers.len()).map(|place| (1..7).contains(&place)).collect();
    terminal::print(&format!("\n{}\n", table(&headers, &right, rows.collect())))
}

/// Archetypes and adversaries of a table of neighbours.
fn neighbors(file: &Path, read: &ReadOptions, json: bool, progress: &Progress) -> Result<()> {
    let found = explain_neighbors(file, read, progress)?;
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let kinds: Vec<&str> = found
        .archetypes
        .all
        .iter()
        .map(|rows| rows.archetype.name())
        .collect();
    let headers = [&["class", "rows"], &kinds[..], &["errors", "lost to"]].concat();
    let adversaries = found.adversaries.classes.iter();
    let row = |(class, adversaries): (&counterpoise::ClassArchetypes, &counterpoise::ClassAdversaries)| {
        let mut row = vec![class.class.clone(), class.rows.to_string()];
        row.extend(class.archetypes.iter().map(|rows| rows.rows.to_string()));
        row.push(adversaries.errors.to_string());
        let first = adversaries.near.iter().take(3);
        let first: Vec<String> = first
            .map(|one| format!("{} {:.2}", one.class, one.share))
            .collect();
        row.push(first.join(", "));
        row
    };
    let rows = found
        .archetypes
        .classes
        .iter()
        .zip(adversaries)
        .map(row)
        .collect();
    let right: Vec<bool> = (0..headers.len())
        .map(|column| column > 0 && column + 1 < headers.len())
        .collect();
    let recall =
        |rows: &counterpoise::ArchetypeRows| format!("{} {}", rows.archetype.name(), share(rows.recall));
    let recalls: Vec<String> = found.archetypes.all.iter().map(recall).collect();
    terminal::print(&format!(
        "{}\nrecall in training: {}\n",
        table(&headers, &right, rows),
        recalls.join(", ")
    ))
}

fn share(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.2}"))
}

/// The classes with the lowest recall, in class order.
fn shown(explanation: &Explanation) -> Vec<usize> {
    let summaries = &explanation.diagnosis.summaries;
    let mut order: Vec<usize> = (0..summaries.len()).collect();
    if order.len() > CLASSES {
        let recall = |class: usize| summaries[class].recall.unwrap_or(1.0);
        order.sort_by(|&a, &b| recall(a).total_cmp(&recall(b)).then(a.cmp(&b)));
        order.truncate(CLASSES);
    }
    order
}

fn in_words(explanation: &Explanation) -> String {
    let diagnosis = &explanation.diagnosis;
    let mut text = format!(
        "{}: {} of {}, balanced accuracy {} on {}\n\n",
        explanation.model,
        counted(diagnosis.classes.len(), "class"),
        counted(diagnosis.width, "feature"),
        share(diagnosis.test.balanced_accuracy),
        counted(diagnosis.test.rows, "test row"),
    );
    text.push_str(&classes(explanation));
    if !diagnosis.findings.is_empty() {
        text.push_str("\nWhat was found, the gravest first:\n\n");
        let shown = gravest(&diagnosis.findings);
        for finding in &shown {
            let mark = match finding.severity {
                Severity::Severe => "severe",
                Severity::Notable => "notable",
                Severity::Minor => "minor",
            };
            let line = wrapped(&finding.text, "           ", 100);
            let _ = writeln!(text, "  {mark:8} {}", line.trim_start());
        }
        let others = diagnosis.findings.len() - shown.len();
        if others > 0 {
            let _ = writeln!(
                text,
                "  … and {}: `--report FILE.html`, `--tables FOLDER` or `--json` has them",
                counted(others, "other finding")
            );
        }
    }
    if let Some(against) = &explanation.against {
        text.push_str(&compared(against));
    }
    if diagnosis.train.is_none() {
        text.push_str("\nWithout training rows there is no telling what to do: name them with `--train`.\n");
    } else if explanation.next.is_empty() {
        text.push_str("\nNo class does clearly worse than others: nothing to do.\n");
    } else {
        text.push_str("\nWhat to do, the cheapest first:\n");
    }
    for step in &explanation.next {
        let _ = writeln!(text, "\n  {}: {}", step.action.name(), listed(&step.classes));
        let _ = writeln!(text, "{}", wrapped(&step.what, "    ", 100));
        if let Some(caution) = &step.caution {
            let _ = writeln!(text, "{}", wrapped(&format!("Caution: {caution}"), "    ", 100));
        }
        for command in &step.commands {
            let _ = writeln!(text, "      {command}");
        }
        if step.commands.is_empty() {
            let _ = writeln!(text, "      no command can do it with these files alone");
        }
    }
    text.push('\n');
    text
}

/// The first findings, few of each class.
fn gravest(findings: &[ClassFinding]) -> Vec<&ClassFinding> {
    let mut shown: Vec<&ClassFinding> = Vec::new();
    for finding in findings {
        let same = shown.iter().filter(|other| other.class == finding.class).count();
        if same < OF_A_CLASS && shown.len() < FINDINGS {
            shown.push(finding);
        }
    }
    shown
}

fn listed(classes: &[String]) -> String {
    const MOST: usize = 12;
    let others = classes.len().saturating_sub(MOST);
    let first = classes[..classes.len() - others].join(", ");
    match others {
        0 => first,
        others => format!("{first} and {others} {}", agree(others, "other", "others")),
    }
}

fn classes(explanation: &Explanation) -> String {
    let diagnosis = &explanation.diagnosis;
    let has_train = diagnosis.train.is_some();
    let all = shown(explanation);
    let row = |&class: &usize| {
        let line: &ClassSummary = &diagnosis.summaries[class];
        let ends = diagnosis.intervals[class]
            .recall
            .as_ref()
            .and_then(|estimate| estimate.interval);
        let mut row = vec![line.class.clone()];
        if has_train {
            row.push(line.train_rows.map_or(String::new(), |rows| rows.to_string()));
        }
        row.extend([
            line.test_rows.to_string(),
            share(line.recall),
            ends.map_or("-".to_owned(), |(low, high)| format!("{low:.2} to {high:.2}")),
        ]);
        if has_train {
            row.push(share(line.train_recall));
        }
        row.extend([
            line.two_share
                .map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
            line.required.map_or("-".to_owned(), |mean| format!("{mean:.1}")),
        ]);
        if has_train {
            row.extend([
                line.gap.map_or("-".to_owned(), |gap| format!("{gap:.3}")),
                line.safe_share
                    .map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
            ]);
        }
        row.push(match diagnosis.recommendations[class].action {
            Action::Nothing => "-".to_owned(),
            action => action.name().to_owned(),
        });
        row
    };
    let mut headers = vec!["class"];
    if has_train {
        headers.push("training rows");
    }
    headers.extend(["test rows", "recall", "interval"]);
    if has_train {
        headers.push("in training");
    }
    headers.extend(["in two features", "required"]);
    if has_train {
        headers.extend(["gap", "safe"]);
    }
    headers.push("try");
    let right: Vec<bool> = (0..headers.len())
        .map(|column| column > 0 && column + 1 < headers.len())
        .collect();
    let mut text = table(&headers, &right, all.iter().map(row).collect());
    let others = diagnosis.classes.len() - all.len();
    if others > 0 {
        let _ = writeln!(text, "  … and {others} with a higher recall");
    }
    text
}

fn compared(against: &counterpoise::ComparedModels) -> String {
    let comparison = &against.comparison;
    let mut text = format!("\nFrom {} to {}:\n\n", against.before, against.after);
    let mut classes: Vec<_> = comparison.classes.iter().collect();
    if classes.len() > CLASSES {
        let change = |class: &counterpoise::ClassChange| class.recall.change.map_or(0.0, f64::abs);
        classes.sort_by(|a, b| change(b).total_cmp(&change(a)));
        classes.truncate(CLASSES);
    }
    let row = |class: &&counterpoise::ClassChange| {
        let mut row = vec![
            class.class.clone(),
            share(class.recall.before),
            share(class.recall.after),
            class.flow.won.rows.to_string(),
            class.flow.lost.rows.to_string(),
            share(class.magnitude_ratio),
            share(class.required.before),
            share(class.required.after),
        ];
        if comparison.overlap_is_meaningful {
            row.push(share(class.overlap));
        }
        row
    };
    let mut headers = vec![
        "class",
        "recall before",
        "after",
        "rows won",
        "lost",
        "magnitude ratio",
        "required before",
        "after",
    ];
    if comparison.overlap_is_meaningful {
        headers.push("shared features");
    }
    let right: Vec<bool> = (0..headers.len()).map(|column| column > 0).collect();
    text.push_str(&table(&headers, &right, classes.iter().map(row).collect()));
    let ([before, after], [won, lost]) = (comparison.balanced_accuracy(), comparison.won_and_lost());
    let _ = writeln!(
        text,
        "\n  Balanced accuracy {} before, {} after; {} won, {lost} lost.",
        share(before),
        share(after),
        counted(won, "row")
    );
    text
}

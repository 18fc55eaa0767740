//! `counterpoise audit`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Audit, AuditOptions, AuditPart, Bootstrap, Error, FindingKind, GroupMeasure, IntervalKind,
    PredictionColumns, audit, audit_page, check_page, read_table, with_side_file, write_page,
};

use crate::flags::AuditFlags;
use crate::progress::Progress;
use crate::terminal::{self, block, wrapped};

pub(crate) fn run(flags: &AuditFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let measures: Vec<GroupMeasure> = flags
        .measure
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let mut table = read_table(&flags.file, &flags.reading.options()?, progress)
        .map_err(Error::from)?
        .table;
    let groups = flags.groups()?;
    let id = flags.id.as_deref();
    if let Some(file) = &flags.group_file {
        table = with_side_file(
            table,
            "group",
            &|other| groups.columns_of(other),
            file,
            id,
            progress,
        )?
        .0;
    }
    let named: Vec<String> = flags.prediction.iter().chain(&flags.score).cloned().collect();
    if let Some(file) = &flags.prediction_file {
        let columns = |other: &counterpoise::Table| {
            let column = |text: &String| match text.split_once('=') {
                Some((_, column)) if other.position(text).is_none() => column.to_owned(),
                _ => text.clone(),
            };
            named.iter().map(column).collect()
        };
        table = with_side_file(table, "prediction", &columns, file, id, progress)?.0;
    }
    let score = |text: &String| match text.split_once('=') {
        // A column whose name holds the sign wins.
        Some((class, column)) if table.column(text).is_none() => (Some(class.to_owned()), column.to_owned()),
        _ => (None, text.clone()),
    };
    let options = AuditOptions {
        columns: PredictionColumns {
            target: flags.target.clone(),
            prediction: flags.prediction.clone(),
            scores: flags.score.iter().map(score).collect(),
            threshold: flags.threshold,
            weight: flags.weight.clone(),
        },
        groups,
        favourable: flags.favorable.clone(),
        privileged: flags.privileged.clone(),
        id: flags.id.clone(),
        measures,
        min_rows: flags.min_rows as usize,
        drop_missing: flags.missing == "drop-rows",
    };
    let kind = if flags.interval == "bca" {
        IntervalKind::Bca
    } else {
        IntervalKind::Percentile
    };
    let bootstrap = Bootstrap::new(flags.seed)
        .with_draws(flags.draws as usize)
        .with_level(flags.level)
        .with_kind(kind);
    let found = audit(&table, &options, &bootstrap, progress)?;
    if let Some(path) = &flags.report {
        let name = flags.file.file_name().unwrap_or_default().to_string_lossy();
        write_page(&audit_page(&name, &found, &typed_command())?, path)?;
    }
    progress.end();
    terminal::warn(&found.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    // Whoever names measures wants to see them.
    let shown = if flags.measure.is_empty() {
        MEASURES
    } else {
        usize::MAX
    };
    let mut text = in_words(&found, shown);
    if let Some(path) = &flags.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

/// What was typed, as a shell would read it again.
fn typed_command() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain = |letter: char| letter.is_alphanumeric() || "-_./=,:+".contains(letter);
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    std::iter::once("counterpoise".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Findings of a kind that are printed.
const CLEAR: usize = 9;
const UNCERTAIN: usize = 3;
/// Measures of a grouping that are printed unless some are named.
const MEASURES: usize = 8;
const WIDTH: usize = 98;

/// `measures` of each grouping are printed.
fn in_words(found: &Audit, measures: usize) -> String {
    let classes: Vec<String> = found
        .classes
        .iter()
        .map(|(class, rows)| format!("{class} {rows}"))
        .collect();
    let mut text = format!(
        "{} rows, target `{}` ({})\n",
        found.rows,
        found.target,
        classes.join(", ")
    );
    for part in &found.parts {
        let _ = writeln!(
            text,
            "\n== {}\n\n{}\n",
            found.title_of(part),
            wrapped(&part.headline(), "", WIDTH)
        );
        findings(part, &mut text);
        for grouping in &part.groupings {
            let _ = write!(text, "\n{}", block(&grouping.short_table()));
            let _ = write!(
                text,
                "\n{}",
                block(&grouping.short_measures(found.level, measures))
            );
        }
    }
    let _ = write!(
        text,
        "\nWhat is under-represented (`to expected`: rows over those there would be if class and group had nothing to do with each other)\n\n{}",
        block(&found.cell_table())
    );
    text.push_str("\nBefore you sign\n");
    for caveat in &found.caveats {
        let _ = writeln!(text, "{}", listed(caveat));
    }
    text
}

/// An item of a list, its lines under one another.
fn listed(text: &str) -> String {
    wrapped(text, "    ", WIDTH).replacen("    ", "  - ", 1)
}

fn findings(part: &AuditPart, text: &mut String) {
    let of = |kind| part.findings.iter().filter(move |finding| finding.kind == kind);
    let mut left_out = 0;
    for kind in [FindingKind::Clear, FindingKind::Uncertain, FindingKind::Undefined] {
        let most = if kind == FindingKind::Clear {
            CLEAR
        } else {
            UNCERTAIN
        };
        for finding in of(kind).take(most) {
            let line = format!("{}: {}", kind.name(), finding.text);
            let _ = writeln!(text, "{}", listed(&line));
        }
        left_out += of(kind).count().saturating_sub(most);
    }
    if left_out > 0 {
        let _ = writeln!(
            text,
            "  - and {left_out} more, which `--report FILE.html` and `--json` list"
        );
    }
}

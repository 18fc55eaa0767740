//! `counterpoise profile`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{Experiment, Profile, check_page, counted, profile, profile_page, write_page};

use crate::flags::ProfileFlags;
use crate::progress::Progress;
use crate::terminal::{self, percent, table};

pub(crate) fn from_flags(flags: &ProfileFlags, json: bool, progress: &Progress) -> Result<()> {
    run(
        &Experiment::to_profile("the command line", flags.settings()?)?,
        json,
        progress,
    )
}

/// Profiles what an experiment without a method describes.
pub(crate) fn run(experiment: &Experiment, json: bool, progress: &Progress) -> Result<()> {
    let report = experiment.report.as_ref().map(|report| &report.path);
    if let Some(path) = report {
        check_page(path)?;
    }
    let prepared = experiment.read(progress)?;
    let profile = profile(&prepared, experiment.seed, progress)?;
    if let Some(path) = report {
        write_page(&profile_page(experiment, &prepared, &profile)?, path)?;
    }
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&profile)?));
    }
    let mut text = in_words(&profile);
    text.push_str(&columns(&profile));
    if let Some(path) = report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)?;
    terminal::warn(&profile.warnings, false);
    Ok(())
}

/// Counts, neighbourhoods and cells.
pub(crate) fn in_words(profile: &Profile) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}, {}, target `{}` with {}, imbalance ratio {:.1}\n",
        counted(profile.rows, "row"),
        counted(profile.features, "feature"),
        profile.target,
        counted(profile.classes.len(), "class"),
        profile.imbalance_ratio
    );
    let rows = profile.classes.iter().map(|class| {
        let mut row = vec![
            class.class.clone(),
            class.rows.to_string(),
            percent(class.rows, profile.rows),
        ];
        if let Some(types) = class.neighborhood {
            let parts = [types.safe, types.borderline, types.rare, types.outlier];
            row.extend(parts.map(|part| percent(part, types.rows())));
        } else {
            row.extend(vec!["-".to_owned(); 4]);
        }
        row
    });
    let headers = ["class", "rows", "share", "safe", "borderline", "rare", "outlier"];
    text.push_str(&table(
        &headers,
        &[false, true, true, true, true, true, true],
        rows.collect(),
    ));
    if !profile.cells.is_empty() {
        let rows = profile.cells.iter().map(|cell| {
            let share = format!("{:.1} %", 100.0 * cell.share_of_group);
            vec![
                cell.column.clone(),
                cell.group.clone(),
                cell.class.clone(),
                cell.rows.to_string(),
                share,
            ]
        });
        let headers = ["group column", "group", "class", "rows", "share of group"];
        let _ = write!(
            text,
            "\n{}",
            table(&headers, &[false, false, false, true, true], rows.collect())
        );
    }
    let missing: usize = profile.missing.iter().map(|column| column.cells).sum();
    let _ = writeln!(
        text,
        "\nmissing cells: {missing}   repeated rows: {}   rows equal to a row of another class: {}",
        profile.duplicates, profile.label_conflicts
    );
    if profile.dropped > 0 {
        let _ = writeln!(text, "rows left out for missing values: {}", profile.dropped);
    }
    if profile.imputed > 0 {
        let _ = writeln!(text, "missing cells filled: {}", profile.imputed);
    }
    text
}

fn columns(profile: &Profile) -> String {
    let rows = profile.columns.iter().map(|column| {
        let role = if column.name == profile.target {
            "target"
        } else {
            column.kind.name()
        };
        vec![
            column.name.clone(),
            role.to_owned(),
            column.missing.to_string(),
            column.distinct.to_string(),
            column.example.clone(),
        ]
    });
    let headers = ["column", "kind", "missing", "different", "first value"];
    format!(
        "\n{}",
        table(&headers, &[false, false, true, true, false], rows.collect())
    )
}

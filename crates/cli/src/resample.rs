//! `counterpoise resample` and `counterpoise run`.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::Result;
use counterpoise::{
    DeepSmoteExperiment, Error, Estimate, Experiment, ImageExperiment, Outcome, Prepared, Reads,
    TableExperiment, check_page, experiment_of_report, profile, run_page, training_described, write_page,
};

use crate::flags::{HowFlags, ResampleFlags, RunFlags};
use crate::progress::Progress;
use crate::terminal::{self, about, bytes, table};

pub(crate) fn from_flags(flags: &ResampleFlags, json: bool, progress: &Progress) -> Result<()> {
    let mut settings = flags.settings()?;
    settings.extend(flags.how.settings()?);
    let experiment = Experiment::merged("the command line", "", settings)?;
    run(&experiment, &flags.how, json, progress)
}

pub(crate) fn from_file(flags: &RunFlags, json: bool, progress: &Progress) -> Result<()> {
    let place = flags.file.display().to_string();
    let problem = |problem: String, hint: Option<&str>| Error::Config {
        place: place.clone(),
        problem,
        hint: hint.map(Into::into),
    };
    let text = std::fs::read_to_string(&flags.file).map_err(|error| problem(error.to_string(), None))?;
    let is_page = flags
        .file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    let text = if is_page {
        experiment_of_report(&text).ok_or_else(|| {
            problem(
                "this page holds no experiment".into(),
                Some("name a TOML file or a report of `resample` or `run`"),
            )
        })?
    } else {
        text
    };
    if let Some(reads) = training_described(&place, &text)? {
        if flags.how.dry_run {
            let hint =
                "leave it out; for a quick look add `--set train.epochs=1 --set output=quick.safetensors`";
            return Err(problem("a training has no dry run".into(), Some(hint)).into());
        }
        let settings = flags.how.settings()?;
        return match reads {
            Reads::Pictures => {
                crate::train::of_pictures(&ImageExperiment::merged(&place, &text, settings)?, json, progress)
            }
            Reads::Rows => {
                crate::train::of_table(&TableExperiment::merged(&place, &text, settings)?, json, progress)
            }
        };
    }
    if DeepSmoteExperiment::is_described(&place, &text)? {
        if flags.how.dry_run {
            let hint =
                "leave it out; for a quick look add `--set deepsmote.epochs=1 --set model=quick.safetensors`";
            return Err(problem("DeepSMOTE has no dry run".into(), Some(hint)).into());
        }
        let experiment = DeepSmoteExperiment::merged(&place, &text, flags.how.settings()?)?;
        return crate::deepsmote::from_file(&experiment, json, progress);
    }
    let experiment = Experiment::merged(&place, &text, flags.how.settings()?)?;
    if experiment.compare.is_some() {
        if flags.how.dry_run {
            let hint = "leave it out, or add `--set compare.repeats=1` for a quick look";
            return Err(problem("a comparison has no dry run".into(), Some(hint)).into());
        }
        return crate::compare::run(&experiment, &flags.kept, json, progress);
    }
    run(&experiment, &flags.how, json, progress)
}

fn run(experiment: &Experiment, how: &HowFlags, json: bool, progress: &Progress) -> Result<()> {
    if experiment.method.is_none() && experiment.output.is_none() && !how.dry_run {
        return crate::profile::run(experiment, json, progress);
    }
    let start = Instant::now();
    let prepared = experiment.read(progress)?;
    if how.dry_run {
        let threads = rayon::current_num_threads();
        let estimate = experiment.estimate(&prepared, threads)?;
        progress.end();
        terminal::warn(&prepared.warnings, json);
        return dry_run(&prepared, &estimate, json);
    }
    // The plan finds most mistakes, and the output path the rest, before any work is done.
    experiment.estimate(&prepared, 1)?;
    if let Some(report) = &experiment.report {
        check_page(&report.path)?;
    }
    let writer = experiment.open_output(&prepared)?;
    let outcome = experiment.resample(prepared, progress)?;
    if let Some(writer) = writer {
        experiment.write(writer, &outcome, progress)?;
    }
    if let Some(report) = &experiment.report {
        let profile = profile(&outcome.prepared, experiment.seed, progress)?;
        write_page(&run_page(experiment, &profile, &outcome)?, &report.path)?;
    }
    progress.end();
    terminal::warn(&outcome.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", as_json(experiment, &outcome)));
    }
    let mut text = counts(&outcome);
    if let Some(crossing) = outcome.crossing() {
        let _ = writeln!(text, "\n{}", terminal::wrapped(&crossing, "", 98));
    }
    if let Some(output) = &experiment.output {
        let _ = writeln!(
            text,
            "\nwrote {}: {} rows, {} of them synthetic; seed {}; {:.2} s",
            output.path.display(),
            outcome.resampled.len(),
            outcome.resampled.origin.len(),
            experiment.seed,
            start.elapsed().as_secs_f64()
        );
    }
    if let Some(report) = &experiment.report {
        let _ = writeln!(text, "wrote {}", report.path.display());
    }
    terminal::print(&text)
}

fn as_json(experiment: &Experiment, outcome: &Outcome) -> serde_json::Value {
    let class = |(class, before, after): (String, usize, usize)| serde_json::json!({"class": class, "before": before, "after": after});
    let cells = outcome.prepared.groups.as_ref().map(|groups| {
        let weights = outcome.cell_weights(groups);
        let cell = |(place, (cell, before, after)): (usize, (String, usize, usize))| {
            let weight = weights.as_ref().map(|weights| weights[place]);
            serde_json::json!({"cell": cell, "before": before, "after": after, "weight": weight})
        };
        outcome
            .cell_counts(groups)
            .into_iter()
            .enumerate()
            .map(cell)
            .collect::<Vec<_>>()
    });
    serde_json::json!({
        "cells": cells,
        "classes": outcome.counts().into_iter().map(class).collect::<Vec<_>>(),
        "rows": outcome.resampled.len(),
        "synthetic": outcome.resampled.origin.len(),
        "neighbors_of_other_groups": outcome.resampled.crossing.and_then(|crossing| crossing.share()),
        "seed": experiment.seed,
        "output": experiment.output.as_ref().map(|output| output.path.display().to_string()),
        "report": experiment.report.as_ref().map(|report| report.path.display().to_string()),
    })
}

/// Rows of each class, and of each class in each group, before and after.
pub(crate) fn counts(outcome: &Outcome) -> String {
    let row =
        |(name, before, after): (String, usize, usize)| vec![name, before.to_string(), after.to_string()];
    let numeric = [false, true, true];
    let mut text = table(
        &["class", "before", "after"],
        &numeric,
        outcome.counts().into_iter().map(row).collect(),
    );
    let columns = &outcome.prepared.group_columns;
    let names: Vec<&str> = columns.iter().map(|(column, _)| column.as_str()).collect();
    let joined = names.join(" | ");
    // What methods of groups balance are the combinations.
    let all = outcome.prepared.groups.iter().filter(|_| columns.len() > 1);
    let groupings = columns.iter().map(|(column, groups)| (column, groups));
    for (column, groups) in groupings.chain(all.map(|groups| (&joined, groups))) {
        let header = format!("class | {column}");
        let mut rows: Vec<Vec<String>> = outcome.cell_counts(groups).into_iter().map(row).collect();
        let mut headers = vec![header.as_str(), "before", "after"];
        if let Some(weights) = outcome.cell_weights(groups) {
            headers.push("weight after");
            for (row, weight) in rows.iter_mut().zip(weights) {
                row.push(format!("{weight:.1}"));
            }
        }
        let numeric: Vec<bool> = (0..headers.len()).map(|place| place > 0).collect();
        let _ = write!(text, "\n{}", table(&headers, &numeric, rows));
    }
    text
}

fn dry_run(prepared: &Prepared, estimate: &Estimate, json: bool) -> Result<()> {
    let peak = estimate.bytes + prepared.bytes();
    if json {
        let value = serde_json::json!({
            "classes": estimate.plan.classes,
            "seconds": estimate.time.as_secs_f64(),
            "peak_bytes": peak,
        });
        return terminal::print(&format!("{value}\n"));
    }
    let rows = estimate.plan.classes.iter().map(|class| {
        let after = class
            .after
            .map_or("known after the run".into(), |after| after.to_string());
        vec![class.class.clone(), class.before.to_string(), after]
    });
    let mut text = table(
        &["class", "before", "after"],
        &[false, true, true],
        rows.collect(),
    );
    let _ = writeln!(
        text,
        "\n{} for choosing and making rows, without files; about {} of memory at most. Nothing was written.",
        about(estimate.time),
        bytes(peak)
    );
    terminal::print(&text)
}

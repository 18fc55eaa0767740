//! `counterpoise compare`, and `run` of a file with a table `[compare]`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    ComparedMethod, ComparedModel, Comparison, Experiment, State, check_page, compare, comparison_page,
    write_page,
};

use crate::flags::{CompareFlags, StateFlags};
use crate::progress::Progress;
use crate::terminal::{self, block, table, wrapped};

pub(crate) fn from_flags(flags: &CompareFlags, json: bool, progress: &Progress) -> Result<()> {
    let experiment = Experiment::merged("the command line", "", flags.settings()?)?;
    run(&experiment, &flags.kept, json, progress)
}

pub(crate) fn run(experiment: &Experiment, kept: &StateFlags, json: bool, progress: &Progress) -> Result<()> {
    let report = experiment.report.as_ref().map(|report| &report.path);
    if let Some(path) = report {
        check_page(path)?;
    }
    let state = kept.state.clone().map_or(State::Cache, State::Folder);
    let prepared = experiment.read_for_compare(progress)?;
    let comparison = compare(experiment, &prepared, &state, progress)?;
    if let Some(path) = report {
        write_page(&comparison_page(experiment, &comparison)?, path)?;
    }
    progress.end();
    if json {
        terminal::warn(&comparison.warnings, true);
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&comparison)?));
    }
    let mut text = in_words(&comparison);
    if let Some(path) = report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)?;
    terminal::warn(&comparison.warnings, false);
    Ok(())
}

/// Verdicts and a table for each model.
pub(crate) fn in_words(comparison: &Comparison) -> String {
    let mut text = String::new();
    let classes: Vec<String> = comparison
        .classes
        .iter()
        .map(|(class, rows)| format!("{class} {rows}"))
        .collect();
    let times = if comparison.repeats == 1 {
        "once".into()
    } else {
        format!("{} times", comparison.repeats)
    };
    let _ = writeln!(
        text,
        "{} rows, target `{}` ({}), {}-fold cross-validation {times}",
        comparison.rows,
        comparison.target,
        classes.join(", "),
        comparison.folds
    );
    if comparison.resumed > 0 {
        let _ = writeln!(
            text,
            "{} fits were taken over from an earlier run",
            comparison.resumed
        );
    }
    let _ = writeln!(
        text,
        "intervals of changes hold for all methods of a model at once in {:.0} % of cases",
        100.0 * comparison.level
    );
    if comparison.repeats == 1 {
        text.push_str("with one repeat they hold for the trained models; `--repeats 2` adds what other training rows would change\n");
    }
    let _ = writeln!(text, "\n{}", comparison.headline());
    for model in &comparison.models {
        let verdict = &model.verdict;
        let _ = writeln!(text, "\n== {}: {}\n", model.model, verdict.text);
        if !verdict.evidence.is_empty() {
            let _ = writeln!(text, "{}\n", wrapped(&verdict.evidence, "", 96));
        }
        text.push_str(&scores(comparison, model));
        fairness(comparison, model, &mut text);
        for failure in &model.failures {
            let _ = writeln!(text, "  {}: not applicable: {}", failure.method, failure.reason);
            if let Some(hint) = &failure.hint {
                let _ = writeln!(text, "     hint: {hint}");
            }
        }
    }
    text
}

/// What methods do to groups: sentences for all groupings, numbers for those that methods see.
fn fairness(comparison: &Comparison, model: &ComparedModel, text: &mut String) {
    let Some(groups) = &comparison.groups else { return };
    text.push('\n');
    for sentence in &model.fairness {
        let _ = writeln!(
            text,
            "{}",
            wrapped(sentence, "    ", 96).replacen("    ", "  - ", 1)
        );
    }
    for (place, grouping) in groups.groupings.iter().enumerate() {
        if let (true, Some(table)) = (grouping.mitigated, model.fairness_table(place, comparison.level)) {
            let _ = writeln!(
                text,
                "\n  {}, favourable class `{}`\n\n{}",
                grouping.name,
                groups.favourable,
                block(&table)
            );
        }
    }
}

/// Measures beside the deciding one that fit on a line.
const SHOWN: usize = 4;

fn scores(comparison: &Comparison, model: &ComparedModel) -> String {
    let Some(first) = model.methods.first() else {
        return String::new();
    };
    let wanted = ["f1", "average-precision", "roc-auc", "brier"];
    let others: Vec<usize> = (1..first.scores.len())
        .filter(|&place| {
            wanted
                .iter()
                .any(|stem| first.scores[place].measure.starts_with(stem))
        })
        .take(SHOWN)
        .collect();
    let mut headers = vec![
        "method".to_owned(),
        comparison.decides.clone(),
        "change to none".to_owned(),
    ];
    headers.extend(others.iter().map(|&place| first.scores[place].measure.clone()));
    let brier = |method: &ComparedMethod| {
        let corrected = method.corrected.iter().find(|score| score.measure == "brier");
        corrected.map(|score| score.value)
    };
    let any_corrected = model.methods.iter().any(|method| brier(method).is_some());
    headers.extend(any_corrected.then(|| "brier corrected".to_owned()));
    headers.push("s a fold".to_owned());
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let row = |method: &ComparedMethod| {
        let decides = &method.scores[0];
        let mut row = vec![method.method.clone(), number(decides.value)];
        row.push(match (decides.difference, decides.simultaneous_interval) {
            (Some(change), Some((low, high))) => format!("{change:+.3} [{low:+.3}, {high:+.3}]"),
            (Some(change), None) => format!("{change:+.3}"),
            _ => String::new(),
        });
        row.extend(others.iter().map(|&place| number(method.scores[place].value)));
        if any_corrected {
            row.push(brier(method).map_or(String::new(), number));
        }
        row.push(format!("{:.2}", method.seconds.method + method.seconds.model));
        row
    };
    let numeric: Vec<bool> = std::iter::once(false)
        .chain(headers.iter().skip(1).map(|_| true))
        .collect();
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    table(&headers, &numeric, model.methods.iter().map(row).collect())
}

//! `counterpoise metrics`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Bootstrap, Error, IntervalKind, Measure, Measured, PredictionColumns, Warning, agree, check_page,
    counted, measure, measured_page, read_table, write_page,
};

use crate::flags::MetricsFlags;
use crate::progress::Progress;
use crate::terminal::{self, block, table};

pub(crate) fn run(flags: &MetricsFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let measures: Vec<Measure> = flags
        .measure
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let read = read_table(&flags.file, &flags.reading.options()?, progress).map_err(Error::from)?;
    let score = |text: &String| match text.split_once('=') {
        // A column whose name holds the sign wins.
        Some((class, column)) if read.table.column(text).is_none() => {
            (Some(class.to_owned()), column.to_owned())
        }
        _ => (None, text.clone()),
    };
    let columns = PredictionColumns {
        target: flags.target.clone(),
        prediction: Some(flags.prediction.clone()),
        threshold: None,
        scores: flags.score.iter().map(score).collect(),
        weight: flags.weight.clone(),
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
    let (table, dropped) = if flags.missing == "drop-rows" {
        columns.whole_rows(&read.table)
    } else {
        (read.table, 0)
    };
    let mut measured = measure(&table, &columns, &measures, &bootstrap, progress)?;
    if dropped > 0 {
        let message = format!(
            "{} {} left out for missing values",
            counted(dropped, "row"),
            agree(dropped, "was", "were")
        );
        measured.warnings.push(Warning::new("metrics.dropped", message));
    }
    if let Some(path) = &flags.report {
        let name = flags.file.file_name().unwrap_or_default().to_string_lossy();
        write_page(&measured_page(&name, &measured)?, path)?;
    }
    progress.end();
    terminal::warn(&measured.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&measured)?));
    }
    let mut text = in_words(&measured);
    if let Some(path) = &flags.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

/// All tables about predictions.
pub(crate) fn in_words(measured: &Measured) -> String {
    let mut text = format!(
        "{}, {}\n\n",
        counted(measured.rows, "row"),
        counted(measured.classes.len(), "class")
    );
    text.push_str(&measures(measured));
    let _ = write!(text, "\n{}", block(&measured.class_table()));
    let _ = write!(text, "\n{}", block(&measured.confusion_table()));
    text
}

/// The table of measures.
pub(crate) fn measures(measured: &Measured) -> String {
    let number = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.4}"));
    let rows = measured.measures.iter().map(|value| {
        let interval = value.estimate.interval;
        vec![
            value.measure.clone(),
            number(value.estimate.value),
            interval.map_or(String::new(), |(low, high)| format!("{low:.4} to {high:.4}")),
            value.about.clone(),
        ]
    });
    let level = format!("{:.0} % interval", 100.0 * measured.level);
    table(
        &["measure", "value", &level, "what it is"],
        &[false, true, true, false],
        rows.collect(),
    )
}

//! `counterpoise train`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Error, ImageExperiment, NetworkTraining, Page, Reads, ReportPart, TableExperiment, check_page, counted,
    data_of_training, table_training_page, train_images, train_table, training_page, write_page,
};

use crate::image_flags::TrainFlags;
use crate::metrics::measures;
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn from_flags(flags: &TrainFlags, json: bool, progress: &Progress) -> Result<()> {
    let place = "the command line";
    let reads = data_of_training(&flags.pictures.data, flags.table.target.is_some())?;
    flags.check(reads)?;
    match reads {
        Reads::Pictures => of_pictures(
            &ImageExperiment::merged(place, "", flags.settings()?)?,
            json,
            progress,
        ),
        Reads::Rows => of_table(
            &TableExperiment::merged(place, "", flags.table_settings()?)?,
            json,
            progress,
        ),
    }
}

pub(crate) fn of_pictures(experiment: &ImageExperiment, json: bool, progress: &Progress) -> Result<()> {
    run(
        experiment.report.as_ref(),
        &|| train_images(experiment, progress),
        &|training| training_page(experiment, training),
        json,
        progress,
    )
}

pub(crate) fn of_table(experiment: &TableExperiment, json: bool, progress: &Progress) -> Result<()> {
    run(
        experiment.report.as_ref(),
        &|| train_table(experiment, progress),
        &|training| table_training_page(experiment, training),
        json,
        progress,
    )
}

fn run(
    report: Option<&ReportPart>,
    train: &dyn Fn() -> Result<NetworkTraining, Error>,
    page: &dyn Fn(&NetworkTraining) -> Result<Page, Error>,
    json: bool,
    progress: &Progress,
) -> Result<()> {
    let report = report.map(|report| &report.path);
    if let Some(path) = report {
        check_page(path)?;
    }
    let training = train()?;
    if let Some(path) = report {
        write_page(&page(&training)?, path)?;
    }
    progress.end();
    terminal::warn(&training.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&training)?));
    }
    let mut text = in_words(&training);
    for path in training.output.iter().chain(report) {
        let _ = writeln!(text, "wrote {}", path.display());
    }
    terminal::print(&text)
}

fn in_words(training: &NetworkTraining) -> String {
    let about = &training.about;
    let share = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.4}"));
    let mut text = format!(
        "{} with loss {}: epoch {} of {} kept",
        about.network.name(),
        about.options.as_ref().map_or("", |options| options.loss.name()),
        about.epoch,
        about.history.len()
    );
    if training.resumed {
        let _ = write!(
            text,
            "; it went on from an earlier run, which had done {}",
            counted(training.resumed_from, "epoch")
        );
    }
    text.push_str("\n\n");
    let recall = training.chosen.as_ref().map(|scores| &scores.recall);
    let test = training.test.as_ref().map(counterpoise::Evaluated::recalls);
    let rows = about.classes.iter().enumerate().map(|(code, class)| {
        let mut row = vec![class.clone(), about.counts[code].to_string()];
        row.push(
            training
                .held_out
                .get(code)
                .map_or(String::new(), ToString::to_string),
        );
        row.push(recall.map_or(String::new(), |recall| share(recall[code])));
        row.push(
            test.as_ref()
                .map_or(String::new(), |recall| share(recall.get(code).copied().flatten())),
        );
        row
    });
    let headers = [
        "class",
        "trained on",
        "held out",
        "recall there",
        "recall in test",
    ];
    let shown = if test.is_some() { 5 } else { 4 };
    let rows: Vec<Vec<String>> = rows
        .map(|mut row| {
            row.truncate(shown);
            row
        })
        .collect();
    text.push_str(&table(
        &headers[..shown],
        &[false, true, true, true, true][..shown],
        rows,
    ));
    if let Some(scores) = &training.chosen {
        let _ = writeln!(
            text,
            "\n{}: balanced accuracy {}, g-mean-macro {}, macro F1 {}",
            training.judged_on(),
            share(scores.balanced_accuracy),
            share(scores.g_mean),
            share(scores.macro_f1)
        );
    }
    if let Some(test) = &training.test {
        let _ = write!(
            text,
            "\nOn the test {}:\n\n{}",
            training.reads().many(),
            measures(&test.measured)
        );
    }
    text.push('\n');
    text
}

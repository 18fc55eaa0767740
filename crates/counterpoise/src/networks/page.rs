use std::path::Path;

use counterpoise_base::counted;
use counterpoise_report::{Bars, Block, Curve, Curves, Figure, Page, Section, Series, TableBlock};

use super::{ChooseOn, Evaluated, NetworkTraining};
use crate::few_of_each;
use crate::pages::{footer, name_of};

/// The page of a training: on which data (`path`), and how it is done again (`description`).
pub(crate) fn page_of(training: &NetworkTraining, path: &Path, description: String) -> Page {
    let about = &training.about;
    let percent =
        |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{:.1} %", 100.0 * value));
    let mut figures = vec![Figure {
        value: about.epoch.to_string(),
        label: "epoch kept".into(),
        note: format!("of {}", about.history.len()),
    }];
    if let Some(scores) = &training.chosen {
        figures.push(Figure {
            value: percent(scores.balanced_accuracy),
            label: "balanced accuracy".into(),
            note: training.judged_on(),
        });
    }
    let mut sections = vec![Section {
        title: "Result".into(),
        lead: format!(
            "`{}` with loss `{}`, {} of {}.",
            about.network.name(),
            about.options.as_ref().map_or("", |options| options.loss.name()),
            counted(about.counts.iter().sum(), training.reads().one()),
            counted(about.classes.len(), "class")
        ),
        blocks: vec![Block::Figures(figures)],
    }];
    if !training.warnings.is_empty() {
        sections[0]
            .blocks
            .push(Block::Warnings(few_of_each(&training.warnings)));
    }
    if let Some(test) = &training.test {
        sections.push(test.section(training.reads(), training.chosen_on == ChooseOn::Test));
    }
    sections.push(classes(training));
    sections.push(history(training));
    sections.push(Section {
        title: "Do it again".into(),
        lead: "Save this as a file and run it with `counterpoise run`.".into(),
        blocks: vec![Block::Code {
            title: "experiment.toml".into(),
            text: description,
        }],
    });
    Page {
        title: format!("{} trained on {}", about.network.name(), name_of(path)),
        subtitle: format!("seed {}, {}", about.seed, counted(about.history.len(), "epoch")),
        sections,
        footer: footer(),
    }
}

/// Size and recall of every class.
fn classes(training: &NetworkTraining) -> Section {
    let about = &training.about;
    let rows = training.reads().many();
    let recall = training
        .test
        .as_ref()
        .map(Evaluated::recalls)
        .or_else(|| training.chosen.as_ref().map(|scores| scores.recall.clone()));
    let series = |name: &str, values: Vec<Option<f64>>| Series {
        name: name.into(),
        values,
        ..Series::default()
    };
    let mut blocks = vec![Block::Bars(Bars {
        caption: format!("Training {rows} of every class"),
        categories: about.classes.clone(),
        series: vec![series(
            rows,
            about.counts.iter().map(|&count| Some(count as f64)).collect(),
        )],
        unit: rows.into(),
    })];
    if let Some(recall) = recall {
        let percent = recall
            .iter()
            .map(|value| value.map(|value| 100.0 * value))
            .collect();
        blocks.push(Block::Bars(Bars {
            caption: "Recall of every class, in percent".into(),
            categories: about.classes.clone(),
            series: vec![series("recall", percent)],
            unit: "%".into(),
        }));
    }
    Section {
        title: "Classes".into(),
        lead: format!(
            "How many {rows} of a class were trained on, and how many of those not trained on are found again."
        ),
        blocks,
    }
}

/// Loss and scores by epoch.
fn history(training: &NetworkTraining) -> Section {
    let history = &training.about.history;
    let line = |value: &dyn Fn(&counterpoise_deep::EpochReport) -> Option<f64>| -> Vec<(f64, f64)> {
        history
            .iter()
            .filter_map(|report| Some((report.epoch as f64, value(report)?)))
            .collect()
    };
    let range = (1.0, history.len().max(2) as f64);
    let losses = line(&|report| Some(report.loss));
    let most = losses.iter().map(|&(_, loss)| loss).fold(0.0, f64::max);
    let curves = |caption: &str, label: &str, most: f64, name: &str, points: Vec<(f64, f64)>| {
        Block::Curves(Curves {
            caption: caption.into(),
            x_label: "epoch".into(),
            y_label: label.into(),
            x_range: range,
            y_range: (0.0, most),
            diagonal: false,
            step: false,
            points: true,
            series: vec![Curve {
                name: name.into(),
                points,
                ..Curve::default()
            }],
            horizontal: None,
        })
    };
    let mut blocks = vec![curves(
        "Mean loss of training batches",
        "loss",
        most.max(1e-9),
        "loss",
        losses,
    )];
    let scores = line(&|report| report.balanced_accuracy);
    if !scores.is_empty() {
        blocks.push(curves(
            "Balanced accuracy where the epoch is chosen",
            "balanced accuracy",
            1.0,
            "balanced accuracy",
            scores,
        ));
    }
    let row = |report: &counterpoise_deep::EpochReport| {
        let share = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
        vec![
            report.epoch.to_string(),
            format!("{:.4}", report.loss),
            format!("{:.6}", report.rate),
            share(report.balanced_accuracy),
            share(report.macro_f1),
            report
                .seconds
                .map_or(String::new(), |seconds| format!("{seconds:.1}")),
        ]
    };
    blocks.push(Block::Table(TableBlock {
        caption: "Every epoch".into(),
        headers: [
            "epoch",
            "loss",
            "rate",
            "balanced accuracy",
            "macro F1",
            "seconds",
        ]
        .map(String::from)
        .to_vec(),
        numeric: vec![true; 6],
        rows: history.iter().map(row).collect(),
    }));
    Section {
        title: "Epochs".into(),
        lead: "How training went.".into(),
        blocks,
    }
}

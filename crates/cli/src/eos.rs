//! `counterpoise eos`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    ComparedHead, EosOutcome, Interval, assemble, augment_embeddings, check_page, counted, eos_page, extract,
    run_eos, train_head, write_page,
};

use crate::eos_flags::{AssembleFlags, AugmentFlags, EosCommand, ExtractFlags, HeadFlags, RunFlags};
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn run(command: EosCommand, json: bool, progress: &Progress) -> Result<()> {
    match command {
        EosCommand::Train(flags) => crate::train::from_flags(&flags.suited_to_eos(), json, progress),
        EosCommand::Extract(flags) => features(&flags, json, progress),
        EosCommand::Augment(flags) => augmented(&flags, json, progress),
        EosCommand::Head(flags) => head(&flags, json, progress),
        EosCommand::Assemble(flags) => assembled(&flags, json),
        EosCommand::Run(flags) => all(*flags, json, progress),
    }
}

fn share(value: Option<f64>) -> String {
    value.map_or("undefined".to_owned(), |value| format!("{value:.4}"))
}

fn features(flags: &ExtractFlags, json: bool, progress: &Progress) -> Result<()> {
    let extracted = extract(&flags.options()?, progress)?;
    progress.end();
    terminal::warn(&extracted.warnings, json);
    let rows = extracted.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            extracted.counts[code].to_string(),
            share(extracted.recall[code]),
        ]
    });
    let mut text = table(&["class", "rows", "recall"], &[false, true, true], rows.collect());
    let _ = writeln!(
        text,
        "\n{} a row\nwrote {}",
        counted(extracted.width, "feature"),
        extracted.output.display()
    );
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&extracted)?);
    }
    terminal::print(&text)
}

fn augmented(flags: &AugmentFlags, json: bool, progress: &Progress) -> Result<()> {
    let made = augment_embeddings(
        &flags.features.file,
        &flags.features.reading.options()?,
        &flags.options()?,
        &flags.written.output,
        flags.written.overwrite,
        flags.seed.seed,
        progress,
    )?;
    progress.end();
    terminal::warn(&made.warnings, json);
    let rows = made.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            made.before[code].to_string(),
            made.after[code].to_string(),
        ]
    });
    let mut text = format!("{}\n\n", made.method);
    text.push_str(&table(
        &["class", "rows before", "after"],
        &[false, true, true],
        rows.collect(),
    ));
    let _ = writeln!(
        text,
        "\n{}\nwrote {}",
        counted(made.synthetic, "synthetic row"),
        made.output.display()
    );
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&made)?);
    }
    terminal::print(&text)
}

fn head(flags: &HeadFlags, json: bool, progress: &Progress) -> Result<()> {
    let (files, options) = flags.options()?;
    let outcome = train_head(&files, &options, progress)?;
    progress.end();
    terminal::warn(&outcome.warnings, json);
    let recall = |scores: &Option<counterpoise::Scores>, code: usize| {
        scores
            .as_ref()
            .map_or(String::new(), |scores| share(scores.recall[code]))
    };
    let rows = outcome.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            outcome
                .norms_before
                .as_ref()
                .map_or(String::new(), |norms| format!("{:.3}", norms[code])),
            format!("{:.3}", outcome.norms[code]),
            recall(&outcome.before, code),
            recall(&outcome.after, code),
        ]
    });
    let mut text = table(
        &[
            "class",
            "length of weights before",
            "after",
            "validation recall before",
            "after",
        ],
        &[false, true, true, true, true],
        rows.collect(),
    );
    let _ = writeln!(
        text,
        "\n{}; epoch {} of {} kept, loss {:.4}",
        counted(outcome.parameters, "weight"),
        outcome.epoch,
        outcome.losses.len(),
        outcome.losses[outcome.epoch - 1]
    );
    if let Some(after) = &outcome.after {
        let before = outcome.before.as_ref().map_or(String::new(), |before| {
            format!("{} before, ", share(before.balanced_accuracy))
        });
        let _ = writeln!(
            text,
            "balanced accuracy on validation rows: {before}{} after",
            share(after.balanced_accuracy)
        );
    }
    let _ = writeln!(text, "wrote {}", outcome.output.display());
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&outcome)?);
    }
    terminal::print(&text)
}

fn assembled(flags: &AssembleFlags, json: bool) -> Result<()> {
    let made = assemble(
        &flags.network,
        &flags.head,
        &flags.written.output,
        flags.written.overwrite,
    )?;
    let rows = made.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            format!("{:.3}", made.norms_before[code]),
            format!("{:.3}", made.norms_after[code]),
        ]
    });
    let mut text = table(
        &["class", "length of weights before", "after"],
        &[false, true, true],
        rows.collect(),
    );
    let _ = writeln!(text, "\nwrote {}", made.output.display());
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&made)?);
    }
    terminal::print(&text)
}

fn all(flags: RunFlags, json: bool, progress: &Progress) -> Result<()> {
    let (report, given) = (flags.training.report.clone(), flags.from.is_some());
    if let Some(path) = &report {
        check_page(path)?;
    }
    let run = flags.options()?;
    let outcome = run_eos(&run, progress)?;
    progress.end();
    terminal::warn(&outcome.warnings, json);
    if let Some(path) = &report {
        write_page(&eos_page(&run, &outcome)?, path)?;
    }
    let mut text = in_words(&outcome);
    for path in [&outcome.first, &outcome.output].into_iter().chain(&report) {
        let verb = if *path == outcome.first && given {
            "read"
        } else {
            "wrote"
        };
        let _ = writeln!(text, "{verb} {}", path.display());
    }
    if json {
        text = format!("{}\n", serde_json::to_string_pretty(&outcome)?);
    }
    terminal::print(&text)
}

fn in_words(outcome: &EosOutcome) -> String {
    let mut text = format!(
        "{}, then a head of {} epochs, of which {} is kept\n\n",
        outcome.method, outcome.epochs, outcome.epoch
    );
    let recalls =
        |judged: &Option<counterpoise::Evaluated>| judged.as_ref().map(counterpoise::Evaluated::recalls);
    let (before, after) = (recalls(&outcome.before), recalls(&outcome.after));
    let recall = |recalls: &Option<Vec<Option<f64>>>, code: usize| {
        recalls.as_ref().map_or(String::new(), |recalls| {
            share(recalls.get(code).copied().flatten())
        })
    };
    let rows = outcome.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            outcome.counts[code].to_string(),
            outcome.balanced[code].to_string(),
            format!("{:.3}", outcome.norms_before[code]),
            format!("{:.3}", outcome.norms_after[code]),
            recall(&before, code),
            recall(&after, code),
        ]
    });
    text.push_str(&table(
        &[
            "class",
            "rows",
            "balanced",
            "length of weights",
            "after",
            "test recall",
            "after",
        ],
        &[false, true, true, true, true, true, true],
        rows.collect(),
    ));
    if !outcome.tried.is_empty() {
        text.push_str("\nTried on validation rows:\n\n");
        let rows = outcome
            .tried
            .iter()
            .map(|tried| vec![tried.method.clone(), share(tried.balanced_accuracy)]);
        text.push_str(&table(
            &["method", "balanced accuracy"],
            &[false, true],
            rows.collect(),
        ));
    }
    if !outcome.heads.is_empty() {
        text.push_str("\nHeads over the same embeddings, on the test rows:\n\n");
        text.push_str(&heads(&outcome.heads));
    }
    let [training, embedding, heads] = outcome.seconds;
    let _ = writeln!(
        text,
        "\nphase one {training:.1} s, embedding {embedding:.1} s, rows and heads {heads:.1} s"
    );
    text
}

/// A table of heads: scores, what they add to the network as it is, and what they took.
pub(crate) fn heads(heads: &[ComparedHead]) -> String {
    let none = heads
        .iter()
        .any(|head| head.method == Some(counterpoise::HeadMethod::None));
    let rows = heads.iter().map(|head| {
        let scores = &head.scores;
        let mut row = vec![
            match &head.chosen {
                Some(chosen) => format!("{} ({chosen})", head.name),
                None => head.name.clone(),
            },
            share(scores.balanced_accuracy.score.value),
            interval(&scores.balanced_accuracy.score),
        ];
        if none {
            row.push(added(scores.balanced_accuracy.added.get(1)));
        }
        row.extend([
            share(scores.g_mean.score.value),
            share(scores.macro_f1.score.value),
            head.norm_ratio
                .map_or("undefined".to_owned(), |ratio| format!("{ratio:.2}")),
            format!("{:.2}", head.seconds),
        ]);
        row
    });
    let mut headers = vec!["head", "balanced accuracy", "interval"];
    if none {
        headers.push("added to none");
    }
    headers.extend(["g-mean", "macro F1", "weight ratio", "seconds"]);
    let right: Vec<bool> = (0..headers.len()).map(|column| column > 0).collect();
    table(&headers, &right, rows.collect())
}

fn interval(estimate: &Interval) -> String {
    estimate
        .interval
        .map_or(String::new(), |(low, high)| format!("{low:.4} to {high:.4}"))
}

fn added(estimate: Option<&Interval>) -> String {
    let Some(estimate) = estimate else {
        return String::new();
    };
    match (estimate.value, estimate.interval) {
        (Some(value), Some((low, high))) => format!("{value:+.4} ({low:+.4} to {high:+.4})"),
        (Some(value), None) => format!("{value:+.4}"),
        _ => "undefined".to_owned(),
    }
}

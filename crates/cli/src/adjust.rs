//! `counterpoise adjust`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{Adjusted, Scores, adjust_classifier};

use crate::image_flags::AdjustFlags;
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn run(flags: &AdjustFlags, json: bool, progress: &Progress) -> Result<()> {
    let adjusted = adjust_classifier(&flags.options()?, progress)?;
    progress.end();
    terminal::warn(&adjusted.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&adjusted)?));
    }
    let mut text = in_words(&adjusted);
    let _ = writeln!(text, "\nwrote {}", flags.output.display());
    terminal::print(&text)
}

fn in_words(adjusted: &Adjusted) -> String {
    let mut text = adjusted.adjustment.name().to_owned();
    if let Some(tau) = adjusted.tau {
        let _ = write!(text, " with tau {tau}");
    }
    text.push_str("\n\n");
    let share = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{value:.4}"));
    let recall = |scores: &Option<Scores>, code: usize| {
        scores
            .as_ref()
            .map_or(String::new(), |scores| share(scores.recall[code]))
    };
    let rows = adjusted.classes.iter().enumerate().map(|(code, class)| {
        vec![
            class.clone(),
            format!("{:.3}", adjusted.norms_before[code]),
            format!("{:.3}", adjusted.norms_after[code]),
            recall(&adjusted.before, code),
            recall(&adjusted.after, code),
        ]
    });
    text.push_str(&table(
        &["class", "length of weights", "after", "held-out recall", "after"],
        &[false, true, true, true, true],
        rows.collect(),
    ));
    if let (Some(before), Some(after)) = (&adjusted.before, &adjusted.after) {
        let _ = writeln!(
            text,
            "\nbalanced accuracy on held-out {}: {} before, {} after",
            adjusted.reads.many(),
            share(before.balanced_accuracy),
            share(after.balanced_accuracy)
        );
    }
    text
}

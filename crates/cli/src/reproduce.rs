//! `counterpoise reproduce`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    EosReproduction, Error, ImageReproduction, Reproduction, Warning, check_page, eos_reproduction_page,
    image_reproduction_page, reproduce_deep_smote, reproduce_eos, reproduce_fair_oversampling,
    reproduction_page, write_page,
};

use crate::failure::NotReproduced;
use crate::progress::Progress;
use crate::reproduce_flags::{DeepSmotePaperFlags, EosPaperFlags, FairOversamplingFlags};
use crate::terminal::{self, wrapped};

pub(crate) fn fair_oversampling(
    flags: &FairOversamplingFlags,
    json: bool,
    progress: &Progress,
) -> Result<()> {
    if let Some(path) = &flags.judged.report {
        check_page(path)?;
    }
    let reproduction = reproduce_fair_oversampling(&flags.options(), progress)?;
    if let Some(path) = &flags.judged.report {
        write_page(&reproduction_page(&reproduction), path)?;
    }
    progress.end();
    if json {
        terminal::print(&format!("{}\n", serde_json::to_string_pretty(&reproduction)?))?;
    } else {
        let mut text = in_words(&reproduction);
        if let Some(path) = &flags.judged.report {
            let _ = writeln!(text, "\nwrote {}", path.display());
        }
        terminal::print(&text)?;
    }
    if reproduction.has_failed() {
        return Err(NotReproduced.into());
    }
    Ok(())
}

fn in_words(found: &Reproduction) -> String {
    let mut text = format!(
        "{}\n{}-fold cross-validation, seed {}; intervals of 95 % from {} draws of test rows\n",
        found.paper, found.folds, found.seed, found.draws
    );
    for data in &found.data {
        let cells: Vec<String> = data
            .cells
            .iter()
            .map(|(cell, rows)| format!("{cell} {rows}"))
            .collect();
        let times = if data.repeats == 1 {
            "rows dealt once".into()
        } else {
            format!("rows dealt {} times", data.repeats)
        };
        let _ = writeln!(
            text,
            "{}: {} rows, {} features, {times}; {}",
            data.data,
            data.rows,
            data.features,
            cells.join(", ")
        );
    }
    for skipped in &found.skipped {
        let _ = writeln!(
            text,
            "\nskipped: {}: {}\n  put these files into a folder and give it with `--data`, or set COUNTERPOISE_DATA:",
            skipped.data, skipped.reason
        );
        for file in &skipped.files {
            let _ = writeln!(text, "  {}  sha256 {}", file.file, file.sha256);
        }
    }
    for table in &found.tables {
        let _ = writeln!(text, "\n== Table {}: {}\n", table.number, table.about);
        text.push_str(&terminal::block(&table.block()));
        for line in table.remarks() {
            let _ = writeln!(text, "{}", wrapped(&line, "  ", 110));
        }
    }
    if !found.claims.is_empty() {
        text.push_str("\n== Is Fair Oversampling ahead, as the paper says? Fair Utility less that of the next best in print\n\n");
        text.push_str(&terminal::block(&found.claims_block()));
    }
    if !found.bands.is_empty() {
        text.push_str(
            "\n== Fair Utility where an independent run with scikit-learn found it (fold means)\n\n",
        );
        text.push_str(&terminal::block(&found.bands_block()));
    }
    for sweep in &found.sweeps {
        let block = sweep.block();
        let _ = writeln!(
            text,
            "\n== Experiment 3, {}\n\n{}",
            block.caption,
            terminal::block(&block).trim_end()
        );
        for line in sweep.remarks() {
            let _ = writeln!(text, "{}", wrapped(&line, "  ", 110));
        }
    }
    for importance in &found.importance {
        let block = importance.block();
        let _ = writeln!(
            text,
            "\n== Experiment 4, {}\n\n{}",
            block.caption,
            terminal::block(&block).trim_end()
        );
        if let Some(problem) = &importance.problem {
            let _ = writeln!(text, "  {problem}");
        }
    }
    let _ = writeln!(text, "\n{}", found.summary());
    text
}

pub(crate) fn deep_smote(flags: &DeepSmotePaperFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.judged.report {
        check_page(path)?;
    }
    let found = reproduce_deep_smote(&flags.options()?, progress)
        .inspect_err(|error| tell_what_is_kept(error, json, progress))?;
    if let Some(path) = &flags.judged.report {
        write_page(&image_reproduction_page(&found), path)?;
    }
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let mut text = deep_smote_in_words(&found);
    if let Some(path) = &flags.judged.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

fn deep_smote_in_words(found: &ImageReproduction) -> String {
    let mut text = format!("{}\nseed {}\n", found.paper, found.seed);
    for note in found.notes() {
        let _ = writeln!(text, "{}", wrapped(&note, "", 110));
    }
    for set in &found.sets {
        for block in [set.block(true), set.block(false), set.cost_block()] {
            let _ = writeln!(
                text,
                "\n== {}\n\n{}",
                block.caption,
                terminal::block(&block).trim_end()
            );
        }
        text.push('\n');
        for line in set.remarks() {
            let _ = writeln!(text, "{}", wrapped(&line, "  ", 110));
        }
    }
    for sweep in &found.sweeps {
        let block = sweep.block();
        let _ = writeln!(
            text,
            "\n== {}\n\n{}",
            block.caption,
            terminal::block(&block).trim_end()
        );
        for line in sweep.remarks() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(about) = found.about_ranks() {
        for ranks in &found.ranks {
            let block = ranks.block();
            let _ = writeln!(
                text,
                "\n== {}\n\n{}",
                block.caption,
                terminal::block(&block).trim_end()
            );
        }
        let _ = writeln!(text, "{}", wrapped(&about, "  ", 110));
    }
    text
}

/// Says what a run that was stopped leaves.
fn tell_what_is_kept(error: &Error, json: bool, progress: &Progress) {
    if error.code().ends_with(".stopped") {
        progress.end();
        let message = "finished rows are kept, and networks as they were after their last epoch";
        let kept = Warning::new("reproduce.stopped", message);
        terminal::warn(&[kept], json);
    }
}

pub(crate) fn eos(flags: &EosPaperFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.judged.report {
        check_page(path)?;
    }
    let found = reproduce_eos(&flags.options()?, progress)
        .inspect_err(|error| tell_what_is_kept(error, json, progress))?;
    if let Some(path) = &flags.judged.report {
        write_page(&eos_reproduction_page(&found), path)?;
    }
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let mut text = eos_in_words(&found);
    if let Some(path) = &flags.judged.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

fn eos_in_words(found: &EosReproduction) -> String {
    let mut text = format!("{}\nseed {}\n", found.paper, found.seed);
    let say = |text: &mut String, lines: Vec<String>, indent: &str| {
        for line in lines {
            let _ = writeln!(text, "{}", wrapped(&line, indent, 110));
        }
    };
    let show = |text: &mut String, block: &counterpoise::TableBlock| {
        let table = terminal::block(block);
        let _ = writeln!(text, "\n== {}\n\n{}\n", block.caption, table.trim_end());
    };
    say(&mut text, found.notes(), "");
    for set in &found.sets {
        if !set.losses.is_empty() {
            show(&mut text, &set.summary_block());
            set.losses
                .iter()
                .for_each(|table| show(&mut text, &set.loss_block(table)));
            say(&mut text, set.verdicts(), "  ");
        }
        if let Some(block) = set.neighbour_block() {
            show(&mut text, &block);
        }
        if !set.gaps.is_empty() {
            set.gaps
                .iter()
                .for_each(|gap| show(&mut text, &set.gap_block(gap)));
            say(&mut text, set.about_gaps(), "  ");
        }
        set.curves
            .iter()
            .for_each(|curve| show(&mut text, &set.curve_block(curve)));
        if let Some(block) = set.cost_block() {
            show(&mut text, &block);
            say(&mut text, set.about_costs(), "  ");
        }
    }
    text
}

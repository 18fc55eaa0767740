//! `counterpoise deepsmote`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    DeepSmoteExperiment, DeepSmoteFit, MadeImages, check_page, check_text, deep_smote_page, fit_deep_smote,
    generate_images, history_of, quality_table, write_bytes, write_page,
};

use crate::image_flags::{DeepSmoteCommand, DeepSmoteReportFlags, FitFlags, GenerateFlags, device};
use crate::progress::Progress;
use crate::terminal::{self, block, table};

pub(crate) fn run(command: &DeepSmoteCommand, json: bool, progress: &Progress) -> Result<()> {
    match command {
        DeepSmoteCommand::Fit(flags) => fit(flags, json, progress),
        DeepSmoteCommand::Generate(flags) => generate(flags, json, progress),
        DeepSmoteCommand::Report(flags) => report(flags, json, progress),
    }
}

fn fit(flags: &FitFlags, json: bool, progress: &Progress) -> Result<()> {
    let experiment = DeepSmoteExperiment::merged("the command line", "", flags.settings()?)?;
    let fit = fit_deep_smote(&experiment, &flags.output, progress)?;
    progress.end();
    terminal::warn(&fit.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&fit)?));
    }
    terminal::print(&format!("{}\nwrote {}\n", fitted(&fit), flags.output.display()))
}

fn fitted(fit: &DeepSmoteFit) -> String {
    let rows = fit
        .classes
        .iter()
        .map(|(class, count)| vec![class.clone(), count.to_string()]);
    let mut text = table(&["class", "pictures"], &[false, true], rows.collect());
    let _ = writeln!(text, "\n{} weights, {} epochs", fit.parameters, fit.history.len());
    if fit.resumed_from > 0 {
        let _ = writeln!(text, "{} of them were done by an earlier run", fit.resumed_from);
    }
    if let Some(best) = fit.best_epoch {
        let loss = fit.history[best - 1];
        let _ = write!(
            text,
            "best epoch {best}: loss {:.4}, reconstruction {:.4}",
            loss.total, loss.reconstruction
        );
        if let Some(penalty) = loss.penalty {
            let _ = write!(text, ", penalty {penalty:.4}");
        }
        text.push('\n');
    }
    text
}

fn generate(flags: &GenerateFlags, json: bool, progress: &Progress) -> Result<()> {
    for path in flags.origins.iter().chain(&flags.sheet) {
        check_text(path)?;
    }
    let made = generate_images(&flags.make.options()?, progress)?;
    let (mut files, warnings) = made.write(
        &flags.output,
        None,
        flags.overwrite,
        flags.origins.as_deref(),
        progress,
    )?;
    if let Some(path) = &flags.sheet {
        let (_, png) = made.sheet(progress)?;
        write_bytes(&png, path)?;
        files.push(path.clone());
    }
    progress.end();
    terminal::warn(&made.warnings, json);
    terminal::warn(&warnings, json);
    if json {
        let classes: Vec<_> = counts(&made)
            .into_iter()
            .map(|(class, before, after)| serde_json::json!({"class": class, "before": before, "after": after}))
            .collect();
        let value = serde_json::json!({"classes": classes, "files": files});
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
    }
    let rows = counts(&made).into_iter().map(|(class, before, after)| {
        vec![
            class,
            before.to_string(),
            (after - before).to_string(),
            after.to_string(),
        ]
    });
    let mut text = table(
        &["class", "real", "synthetic", "together"],
        &[false, true, true, true],
        rows.collect(),
    );
    text.push('\n');
    for path in files {
        let _ = writeln!(text, "wrote {}", path.display());
    }
    terminal::print(&text)
}

/// Pictures of every class before and after.
fn counts(made: &MadeImages) -> Vec<(String, usize, usize)> {
    let (real, new) = (made.real.labels.counts(), made.made.set.labels.counts());
    let classes = made.real.labels.classes().iter().zip(real.into_iter().zip(new));
    classes
        .map(|(class, (real, new))| (class.clone(), real, real + new))
        .collect()
}

fn report(flags: &DeepSmoteReportFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let options = flags.make.options()?;
    let made = generate_images(&options, progress)?;
    let network = flags
        .network
        .as_deref()
        .map(|path| (path, device(&flags.make.device)));
    let quality = made.quality(network, progress)?;
    if let Some(path) = &flags.report {
        let name = options
            .data
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let history = history_of(&options.model)?;
        let page = deep_smote_page(&name, &made, &quality, &history, options.seed, progress)?;
        write_page(&page, path)?;
    }
    progress.end();
    terminal::warn(&made.warnings, json);
    terminal::warn(&quality.warnings, json);
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&quality)?));
    }
    let mut text = block(&quality_table(&quality));
    if let Some(path) = &flags.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

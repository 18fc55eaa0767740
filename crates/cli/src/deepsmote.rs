//! `counterpoise deepsmote`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    DeepSmoteExperiment, DeepSmoteFit, DeepSmoteModel, Error, MadeImages, Quality, QualityPart, agree,
    counted, deep_smote_page, fit_deep_smote, quality_table, write_page,
};
use serde_json::{Value, json};

use crate::image_flags::{DeepSmoteCommand, DeepSmoteReportFlags, FitFlags, GenerateFlags};
use crate::progress::Progress;
use crate::terminal::{self, block, table};

/// What stands for a file in messages.
const PLACE: &str = "the command line";

pub(crate) fn run(command: &DeepSmoteCommand, json: bool, progress: &Progress) -> Result<()> {
    match command {
        DeepSmoteCommand::Fit(flags) => fit(flags, json, progress),
        DeepSmoteCommand::Generate(flags) => generate(flags, json, progress),
        DeepSmoteCommand::Report(flags) => report(flags, json, progress),
    }
}

/// Trains, and makes and judges pictures if the description says so.
pub(crate) fn from_file(experiment: &DeepSmoteExperiment, json: bool, progress: &Progress) -> Result<()> {
    let fit = fit_deep_smote(experiment, progress)?;
    let mut said = Said::new(json);
    said.warn(&fit.warnings, progress);
    let text = format!("{}\nwrote {}\n", fitted(&fit), experiment.model.display());
    said.add("fit", serde_json::to_value(&fit)?, &text);
    if experiment.output.is_some() || experiment.report.is_some() {
        make(
            &DeepSmoteModel::load(&experiment.model)?,
            experiment,
            &mut said,
            progress,
        )?;
    }
    said.print(Value::Object)
}

fn fit(flags: &FitFlags, json: bool, progress: &Progress) -> Result<()> {
    let experiment = DeepSmoteExperiment::merged(PLACE, "", flags.settings()?)?;
    let fit = fit_deep_smote(&experiment, progress)?;
    let mut said = Said::new(json);
    said.warn(&fit.warnings, progress);
    let text = format!("{}\nwrote {}\n", fitted(&fit), flags.output.display());
    said.add("fit", serde_json::to_value(&fit)?, &text);
    said.print(|mut parts| parts.remove("fit").unwrap_or_default())
}

fn generate(flags: &GenerateFlags, json: bool, progress: &Progress) -> Result<()> {
    let model = DeepSmoteModel::load(&flags.make.model)?;
    let experiment = model.experiment(PLACE, flags.settings()?)?;
    let mut said = Said::new(json);
    make(&model, &experiment, &mut said, progress)?;
    said.print(|mut parts| parts.remove("balanced").unwrap_or_default())
}

fn report(flags: &DeepSmoteReportFlags, json: bool, progress: &Progress) -> Result<()> {
    let model = DeepSmoteModel::load(&flags.make.model)?;
    let experiment = model.experiment(PLACE, flags.settings()?)?;
    let mut said = Said::new(json);
    make(&model, &experiment, &mut said, progress)?;
    said.print(|mut parts| parts.remove("quality").unwrap_or_default())
}

/// What was done, part by part.
struct Said {
    json: bool,
    parts: serde_json::Map<String, Value>,
    text: String,
}

impl Said {
    fn new(json: bool) -> Self {
        Self {
            json,
            parts: serde_json::Map::new(),
            text: String::new(),
        }
    }

    fn warn(&self, warnings: &[counterpoise::Warning], progress: &Progress) {
        progress.end();
        terminal::warn(warnings, self.json);
    }

    fn add(&mut self, name: &str, value: Value, text: &str) {
        self.parts.insert(name.into(), value);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    fn print(self, value: impl FnOnce(serde_json::Map<String, Value>) -> Value) -> Result<()> {
        if self.json {
            return terminal::print(&format!(
                "{}\n",
                serde_json::to_string_pretty(&value(self.parts))?
            ));
        }
        terminal::print(&self.text)
    }
}

/// Makes pictures once, and writes and judges them as asked.
fn make(
    model: &DeepSmoteModel,
    experiment: &DeepSmoteExperiment,
    said: &mut Said,
    progress: &Progress,
) -> Result<()> {
    let made = model.make(experiment, progress)?;
    said.warn(&made.warnings, progress);
    if let Some(output) = &experiment.output {
        let written = made.write(output, progress)?;
        said.warn(&written.warnings, progress);
        let counts = counts(&made);
        let classes: Vec<Value> = counts
            .iter()
            .map(|(class, before, after)| json!({"class": class, "before": before, "after": after}))
            .collect();
        let mut text = balanced(counts);
        for path in &written.files {
            let _ = writeln!(text, "wrote {}", path.display());
        }
        if !written.lines.is_empty() {
            let _ = writeln!(
                text,
                "classes of the sheet, from top to bottom: {}",
                written.lines.join(", ")
            );
        }
        let value = json!({"classes": classes, "files": written.files, "sheet": written.lines});
        said.add("balanced", value, &text);
    }
    if let Some(report) = &experiment.report {
        let quality = judge(model, experiment, report, &made, progress)?;
        said.warn(&quality.warnings, progress);
        let mut text = if made.made.set.is_empty() {
            "nothing was to be made: every class has as many pictures as `sampling_strategy` asks for\n"
                .to_owned()
        } else {
            block(&quality_table(&quality))
        };
        if let Some(path) = &report.path {
            let _ = writeln!(text, "\nwrote {}", path.display());
        }
        said.add("quality", serde_json::to_value(&quality)?, &text);
    }
    Ok(())
}

fn judge(
    model: &DeepSmoteModel,
    experiment: &DeepSmoteExperiment,
    report: &QualityPart,
    made: &MadeImages,
    progress: &Progress,
) -> Result<Quality, Error> {
    let network = report.network.as_deref().map(|path| (path, experiment.device));
    let quality = made.quality(network, progress)?;
    if let Some(path) = &report.path {
        let page = deep_smote_page(experiment, made, &quality, model.history(), progress)?;
        write_page(&page, path)?;
    }
    Ok(quality)
}

fn balanced(counts: Vec<(String, usize, usize)>) -> String {
    let rows = counts.into_iter().map(|(class, before, after)| {
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
    text
}

fn fitted(fit: &DeepSmoteFit) -> String {
    let rows = fit
        .classes
        .iter()
        .map(|(class, count)| vec![class.clone(), count.to_string()]);
    let mut text = table(&["class", "pictures"], &[false, true], rows.collect());
    let _ = writeln!(
        text,
        "\n{}, {}",
        counted(fit.parameters, "weight"),
        counted(fit.history.len(), "epoch")
    );
    if fit.resumed_from > 0 {
        let _ = writeln!(
            text,
            "{} of them {} done by an earlier run",
            fit.resumed_from,
            agree(fit.resumed_from, "was", "were")
        );
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

/// Pictures of every class before and after.
fn counts(made: &MadeImages) -> Vec<(String, usize, usize)> {
    let (real, new) = (made.real.labels.counts(), made.made.set.labels.counts());
    let classes = made.real.labels.classes().iter().zip(real.into_iter().zip(new));
    classes
        .map(|(class, (real, new))| (class.clone(), real, real + new))
        .collect()
}

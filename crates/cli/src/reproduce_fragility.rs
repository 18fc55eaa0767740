//! `counterpoise reproduce fragility`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use counterpoise::{
    Error, FragilityBudget, FragilityImages, FragilityOptions, FragilityPart, FragilityReproduction,
    TableBlock, Warning, check_page, fragility_page, reproduce_fragility, write_page,
};

use crate::image_flags::DeviceFlags;
use crate::progress::Progress;
use crate::terminal::{self, wrapped};

#[derive(Args)]
pub(crate) struct FragilityFlags {
    /// Data sets, separated by commas [default: those whose files are there; with `--quick` grey ones]
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = ["fashion-mnist", "pneumoniamnist", "cifar10"])]
    pub(crate) dataset: Vec<String>,
    /// Folder with a folder of files for each data set, or with the files of one [default: `COUNTERPOISE_DATA`]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Grey pictures and one seed: minutes
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// The networks and epochs of the authors' code, for days
    #[arg(long)]
    pub(crate) full: bool,
    /// What to run: networks side by side, or diversity against count
    #[arg(long, default_value = "study", value_parser = ["study", "diversity"])]
    pub(crate) experiment: String,
    /// Losses, separated by commas [default: cross-entropy, ldam, focal, asl]
    #[arg(long, value_name = "LOSS", value_delimiter = ',')]
    pub(crate) losses: Vec<String>,
    /// How many seeds, from 1 [default: 3, with `--quick` 1]
    #[arg(long)]
    pub(crate) seeds: Option<u16>,
    /// The authors' network, to read beside their tables [default: looked for among the data]
    #[arg(long, value_name = "FILE.pth")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Folder where networks and numbers are kept, to go on from [default: in the user's cache]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

impl FragilityFlags {
    fn options(&self) -> Result<FragilityOptions> {
        let mut options = FragilityOptions::default();
        options.on = FragilityImages::ALL
            .into_iter()
            .filter(|set| self.dataset.iter().any(|name| name == set.name()))
            .collect();
        let folder = self
            .data
            .clone()
            .or_else(|| std::env::var_os("COUNTERPOISE_DATA").map(PathBuf::from));
        options.folder = folder.ok_or_else(|| Error::Config {
            place: "--data".into(),
            problem: "the study's data sets do not come with the program".into(),
            hint: Some("give the folder of their files with `--data`, or set COUNTERPOISE_DATA".into()),
        })?;
        options.budget = if self.quick {
            FragilityBudget::quick()
        } else if self.full {
            FragilityBudget::full()
        } else {
            FragilityBudget::usual()
        };
        if self.experiment == "diversity" {
            options.part = FragilityPart::Diversity;
            let study = [
                ("--losses", !self.losses.is_empty()),
                ("--seeds", self.seeds.is_some()),
                ("--checkpoint", self.checkpoint.is_some()),
            ];
            if let Some((flag, _)) = study.iter().find(|(_, given)| *given) {
                return Err(Error::Config {
                    place: (*flag).into(),
                    problem: "the diversity experiment reads one cross-entropy network of each set".into(),
                    hint: Some(format!("leave `{flag}` or `--experiment diversity` out")),
                }
                .into());
            }
        }
        options.losses.clone_from(&self.losses);
        options.seeds = self.seeds.map(usize::from);
        options.checkpoint.clone_from(&self.checkpoint);
        options.state.clone_from(&self.state);
        options.device = self.device.kind();
        Ok(options)
    }
}

pub(crate) fn from_flags(flags: &FragilityFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let found = reproduce_fragility(&flags.options()?, progress).inspect_err(|error| {
        if error.code().ends_with(".stopped") {
            progress.end();
            let message = "finished networks are kept, and others as they were after their last epoch";
            terminal::warn(&[Warning::new("reproduce.stopped", message)], json);
        }
    })?;
    if let Some(path) = &flags.report {
        write_page(&fragility_page(&found), path)?;
    }
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?));
    }
    let mut text = in_words(&found);
    if let Some(path) = &flags.report {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

fn in_words(found: &FragilityReproduction) -> String {
    const WIDTH: usize = 110;
    let mut text = format!("{}\n", found.paper);
    for note in found.notes() {
        let _ = writeln!(text, "{}", wrapped(&note, "", WIDTH));
    }
    let block = |text: &mut String, block: &TableBlock| {
        let _ = writeln!(
            text,
            "\n== {}\n\n{}",
            block.caption,
            terminal::block(block).trim_end()
        );
    };
    let lines = |text: &mut String, lines: &[String]| {
        text.push('\n');
        for line in lines {
            let _ = writeln!(text, "{}", wrapped(line, "  ", WIDTH));
        }
    };
    for set in &found.sets {
        block(&mut text, &set.overview_block());
        lines(&mut text, &set.remarks());
        for loss in &set.losses {
            block(&mut text, &set.class_block(loss));
        }
        if let Some(correlations) = set.correlation_block() {
            block(&mut text, &correlations);
        }
        let _ = writeln!(text, "\n== {}: what the paper claims", set.set.name());
        for claim in &set.claims {
            let _ = writeln!(
                text,
                "\n{}",
                wrapped(
                    &format!("({}) {}: {}", claim.number, claim.holds.words(), claim.claim),
                    "  ",
                    WIDTH
                )
            );
            for line in &claim.because {
                let _ = writeln!(text, "{}", wrapped(line, "     ", WIDTH));
            }
        }
    }
    for head in &found.golden {
        block(&mut text, &head.block());
        lines(&mut text, &head.remarks());
    }
    for study in &found.diversity {
        block(&mut text, &study.chosen_block());
        block(&mut text, &study.raised_block());
        lines(&mut text, &study.notes);
        lines(&mut text, &study.sentences());
    }
    text
}

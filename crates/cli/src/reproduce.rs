//! `counterpoise reproduce`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use counterpoise::{
    ElsiReproduction, EosReproduction, Error, FragilityReproduction, ImageReproduction, Page, Reproduction,
    Warning, check_page, elsi_reproduction_page, eos_reproduction_page, fragility_page,
    image_reproduction_page, reproduce_deep_smote, reproduce_elsi, reproduce_eos,
    reproduce_fair_oversampling, reproduce_fragility, reproduction_page, write_page,
};
use serde::Serialize;

use crate::failure::NotReproduced;
use crate::progress::Progress;
use crate::reproduce_flags::{Paper, ShownFlags};
use crate::reproduce_words as words;
use crate::terminal;

pub(crate) fn from_flags(paper: &Paper, json: bool, progress: &Progress) -> Result<()> {
    match paper {
        Paper::FairOversampling(flags) => {
            let shown = Shown::new(&flags.shown, json, progress);
            let as_shown: Outputs<Reproduction> = (reproduction_page, words::fair_oversampling);
            let found = shown.reproduced(
                || Ok(reproduce_fair_oversampling(&flags.options(), progress)?),
                as_shown,
            )?;
            if found.has_failed() {
                return Err(NotReproduced.into());
            }
        }
        Paper::DeepSmote(flags) => {
            let as_shown: Outputs<ImageReproduction> = (image_reproduction_page, words::deep_smote);
            Shown::new(&flags.shown, json, progress)
                .keeping("finished rows are kept, and networks as they were after their last epoch")
                .reproduced(
                    || Ok(reproduce_deep_smote(&flags.options()?, progress)?),
                    as_shown,
                )?;
        }
        Paper::Fragility(flags) => {
            let as_shown: Outputs<FragilityReproduction> = (fragility_page, words::fragility);
            Shown::new(&flags.shown, json, progress)
                .keeping("finished networks are kept, and others as they were after their last epoch")
                .reproduced(|| Ok(reproduce_fragility(&flags.options()?, progress)?), as_shown)?;
        }
        Paper::Elsi(flags) => {
            let as_shown: Outputs<ElsiReproduction> = (elsi_reproduction_page, words::elsi);
            let shown = Shown {
                report: flags.report.as_deref(),
                json,
                progress,
                kept: None,
            };
            shown.reproduced(|| Ok(reproduce_elsi(&flags.options(), progress)?), as_shown)?;
        }
        Paper::Eos(flags) => {
            let as_shown: Outputs<EosReproduction> = (eos_reproduction_page, words::eos);
            Shown::new(&flags.shown, json, progress)
                .keeping("finished heads are kept, and networks as they were after their last epoch")
                .reproduced(|| Ok(reproduce_eos(&flags.options()?, progress)?), as_shown)?;
        }
    }
    Ok(())
}

/// What was found as a page, and as text.
type Outputs<Found> = (fn(&Found) -> Page, fn(&Found) -> String);

/// How what a paper's run found is told.
struct Shown<'a> {
    report: Option<&'a Path>,
    json: bool,
    progress: &'a Progress,
    /// What a run that was stopped leaves.
    kept: Option<&'static str>,
}

impl<'a> Shown<'a> {
    fn new(flags: &'a ShownFlags, json: bool, progress: &'a Progress) -> Self {
        Self {
            report: flags.report.as_deref(),
            json,
            progress,
            kept: None,
        }
    }

    fn keeping(self, kept: &'static str) -> Self {
        Self {
            kept: Some(kept),
            ..self
        }
    }

    /// Runs a paper, writes its page, and prints what was found.
    fn reproduced<Found: Serialize>(
        &self,
        run: impl FnOnce() -> Result<Found>,
        (page, in_words): Outputs<Found>,
    ) -> Result<Found> {
        if let Some(path) = self.report {
            check_page(path)?;
        }
        let found = run().inspect_err(|error| self.tell_what_is_kept(error))?;
        if let Some(path) = self.report {
            write_page(&page(&found), path)?;
        }
        self.progress.end();
        if self.json {
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
            return Ok(found);
        }
        let mut text = in_words(&found);
        if let Some(path) = self.report {
            let _ = writeln!(text, "\nwrote {}", path.display());
        }
        terminal::print(&text)?;
        Ok(found)
    }

    fn tell_what_is_kept(&self, error: &anyhow::Error) {
        let is_stopped = error
            .downcast_ref::<Error>()
            .is_some_and(|error| error.code().ends_with(".stopped"));
        if let Some(kept) = self.kept.filter(|_| is_stopped) {
            self.progress.end();
            terminal::warn(&[Warning::new("reproduce.stopped", kept)], self.json);
        }
    }
}

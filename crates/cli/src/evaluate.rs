//! `counterpoise evaluate`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{Writer, check_page, evaluate_images, evaluated_page, write_page};

use crate::image_flags::EvaluateFlags;
use crate::metrics::in_words;
use crate::progress::Progress;
use crate::terminal;

pub(crate) fn run(flags: &EvaluateFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    let options = flags.options()?;
    let evaluated = evaluate_images(&options, progress)?;
    if let Some(path) = &flags.output {
        let mut writer = Writer::create(path, &evaluated.predictions).map_err(counterpoise::Error::from)?;
        writer
            .write(&evaluated.predictions)
            .map_err(counterpoise::Error::from)?;
        writer.finish().map_err(counterpoise::Error::from)?;
    }
    if let Some(path) = &flags.report {
        write_page(&evaluated_page(&options, &evaluated)?, path)?;
    }
    progress.end();
    terminal::warn(&evaluated.warnings, json);
    if json {
        return terminal::print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&evaluated.measured)?
        ));
    }
    let mut text = in_words(&evaluated.measured);
    for path in flags.output.iter().chain(&flags.report) {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)
}

//! `counterpoise evaluate`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Reads, Writer, check_apart, check_page, evaluate_images, evaluate_table, evaluated_page,
    evaluated_table_page, write_page,
};

use crate::image_flags::EvaluateFlags;
use crate::metrics::in_words;
use crate::progress::Progress;
use crate::terminal;

pub(crate) fn run(flags: &EvaluateFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    for path in flags.output.iter().chain(&flags.report) {
        check_apart(
            path,
            &[("the network", &flags.file), ("the data", &flags.pictures.data)],
        )?;
    }
    let (evaluated, page) = match flags.reads()? {
        Reads::Pictures => {
            flags.check_pictures()?;
            let options = flags.options()?;
            let evaluated = evaluate_images(&options, progress)?;
            let page = evaluated_page(&options, &evaluated)?;
            (evaluated, page)
        }
        Reads::Rows => {
            let options = flags.table_options()?;
            let evaluated = evaluate_table(&options, progress)?;
            let page = evaluated_table_page(&options, &evaluated)?;
            (evaluated, page)
        }
    };
    if let Some(path) = &flags.output {
        let mut writer = Writer::create(path, &evaluated.predictions).map_err(counterpoise::Error::from)?;
        writer
            .write(&evaluated.predictions)
            .map_err(counterpoise::Error::from)?;
        writer.finish().map_err(counterpoise::Error::from)?;
    }
    if let Some(path) = &flags.report {
        write_page(&page, path)?;
    }
    progress.end();
    terminal::warn(&evaluated.measured.warnings, json);
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

//! `counterpoise advise`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Advised, Experiment, advice_page, advise, check_page, check_text, write_page, write_text,
};

use crate::flags::AdviseFlags;
use crate::progress::Progress;
use crate::terminal::{self, block, wrapped};

pub(crate) fn run(flags: &AdviseFlags, json: bool, progress: &Progress) -> Result<()> {
    let experiment = Experiment::merged("the command line", "", flags.settings()?)?;
    if let Some(path) = &flags.report {
        check_page(path)?;
    }
    if let Some(path) = &flags.output {
        check_text(path)?;
    }
    let prepared = experiment.read_for_compare(progress)?;
    let advised = advise(&experiment, &prepared, progress)?;
    if let Some(path) = &flags.report {
        write_page(&advice_page(&experiment, &advised)?, path)?;
    }
    if let Some(path) = &flags.output {
        write_text(&advised.toml, path)?;
    }
    progress.end();
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&advised)?));
    }
    let mut text = in_words(&advised);
    for path in flags.report.iter().chain(&flags.output) {
        let _ = writeln!(text, "\nwrote {}", path.display());
    }
    terminal::print(&text)?;
    terminal::warn(&advised.profile.warnings, false);
    terminal::warn(&advised.comparison.warnings, false);
    Ok(())
}

fn in_words(advised: &Advised) -> String {
    let comparison = &advised.comparison;
    let mut text = crate::profile::in_words(&advised.profile);
    let _ = writeln!(
        text,
        "\nCompared on {} of {} rows: {}\n",
        advised.rows_used.0,
        advised.rows_used.1,
        comparison.headline()
    );
    text.push_str(&block(&advised.short_list()));
    for advice in advised.ranking.iter().take(3) {
        let _ = write!(
            text,
            "\n{}\n{}\n",
            advice.method,
            wrapped(&advice.evidence, "  ", 96)
        );
    }
    for model in &comparison.models {
        let verdict = &model.verdict;
        let _ = write!(
            text,
            "\n{}: {}\n{}\n",
            model.model,
            verdict.text,
            wrapped(&verdict.evidence, "  ", 96)
        );
        for failure in &model.failures {
            let _ = writeln!(text, "  {}: not applicable: {}", failure.method, failure.reason);
        }
    }
    let _ = write!(
        text,
        "\nNext, saved as a file (`--output next.toml`): counterpoise run next.toml\n\n{}",
        advised.toml
    );
    text
}

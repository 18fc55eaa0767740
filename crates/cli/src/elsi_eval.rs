//! `counterpoise elsi eval`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use counterpoise::elsi::{
    DenseKind, EngineCheck, GoldCheck, GoldOptions, MeasuredRun, RunsCheck, SilverCheck, VENUE_GROUPS,
    engine_check, gold_check, runs_check, silver_check,
};
use counterpoise::{Error, counted, write_text};

use crate::elsi::{open, print_json};
use crate::elsi_flags::EvalFlags;
use crate::progress::Progress;
use crate::terminal::{self, table};

pub(crate) fn eval(flags: &EvalFlags, json: bool, progress: &Progress) -> Result<()> {
    if let Some(folder) = &flags.silver {
        let check = silver_check(&open(&flags.library, progress)?, folder, progress)?;
        progress.end();
        if json {
            return print_json(&check);
        }
        return terminal::print(&silver_in_words(&check));
    }
    if let Some(qrels) = &flags.qrels {
        let check = runs_check(qrels, &flags.run, flags.relevant_from, progress)?;
        progress.end();
        if json {
            return print_json(&check);
        }
        return terminal::print(&runs_in_words(&check));
    }
    if flags.gold.is_some() || !flags.relevance.is_empty() || flags.citations {
        let library = open(&flags.library, progress)?;
        let mut options = GoldOptions::default();
        options.abstracts.clone_from(&flags.gold);
        options.relevance.clone_from(&flags.relevance);
        options.citations = flags.citations;
        let (check, weights) = gold_check(&library, &options, progress)?;
        let runs = check
            .runs
            .iter()
            .map(|run| (run.name.as_str(), run.trec.as_str()));
        write_runs(flags.runs.as_deref(), runs)?;
        if let Some(path) = &flags.save_weights {
            write_text(&format!("{}\n", serde_json::to_string_pretty(&weights)?), path)?;
        }
        progress.end();
        if json {
            return print_json(&check);
        }
        return terminal::print(&gold_in_words(&check, flags));
    }
    let collection = flags.collection.as_deref().unwrap_or(Path::new("."));
    let dense = DenseKind::from_name(&flags.dense).map_err(Error::from)?;
    let check = engine_check(collection, &dense, progress)?;
    let runs = check
        .runs
        .iter()
        .map(|run| (run.name.as_str(), run.trec.as_str()));
    write_runs(flags.runs.as_deref(), runs)?;
    progress.end();
    if json {
        return print_json(&check);
    }
    terminal::print(&checked(&check))
}

/// Writes runs in TREC's form, a file each.
fn write_runs<'a>(folder: Option<&Path>, runs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|source| Error::Write {
        path: folder.into(),
        source,
    })?;
    for (name, text) in runs {
        write_text(
            text,
            &folder.join(format!("{}.run", name.replace([' ', ',', '\''], "-"))),
        )?;
    }
    Ok(())
}

fn silver_in_words(check: &SilverCheck) -> String {
    let mut headers = vec!["P(ELSI) by"];
    headers.extend(check.measures.iter().map(|name| name.trim_end_matches(":elsi")));
    headers.push("95 % of average precision");
    let rows = check.rows.iter().map(|silver| {
        let mut row = vec![silver.name.clone()];
        row.extend(silver.values.iter().copied().map(three_digits));
        row.push(
            silver
                .interval
                .map_or("-".into(), |(low, high)| format!("{low:.3} to {high:.3}")),
        );
        row
    });
    let numeric: Vec<bool> = (0..headers.len()).map(|place| place > 0).collect();
    let mut text = format!(
        "{}, {} of clusters on ethics, law and society; {} of unsure clusters are left out{}\n\
         The labels are silver: names of clusters, read once, no paper by itself. They are for evaluation only; nothing that is shipped \
         learns from them. The clusters are of the same titles, so what learns from them looks better than it is.\n\n{}\n",
        counted(check.documents, "document"),
        check.elsi,
        check.unsure,
        match check.missing {
            0 => String::new(),
            missing => format!(", and {missing} are not in the library"),
        },
        table(&headers, &numeric, rows.collect())
    );
    text.push_str(undefined(check.rows.iter().flat_map(|silver| &silver.values)));
    for silver in &check.rows {
        let _ = writeln!(text, "  {}: {}", silver.name, silver.about);
    }
    text
}

fn runs_in_words(check: &RunsCheck) -> String {
    let mut text = format!(
        "{} judged; documents of grade {} and more are relevant\n\n{}",
        queries(check.queries),
        check.relevant_from,
        measured(&check.measures, &check.runs, "nDCG@10 less the first")
    );
    text.push_str(undefined(check.runs.iter().flat_map(|run| &run.means)));
    for (name, count) in &check.unanswered {
        let _ = writeln!(
            text,
            "\n{name} has no answer to {}, which count as 0",
            queries(*count)
        );
    }
    text
}

fn queries(count: usize) -> String {
    match count {
        1 => "1 query".into(),
        count => format!("{count} queries"),
    }
}

/// A table of rankings.
fn measured(measures: &[String], runs: &[MeasuredRun], difference: &str) -> String {
    let mut headers = vec!["ranking"];
    headers.extend(measures.iter().map(String::as_str));
    headers.extend([difference, "p"]);
    let rows = runs.iter().map(|run| {
        let mut row = vec![run.name.clone()];
        row.extend(run.means.iter().copied().map(three_digits));
        row.push(less(run.difference));
        row.push(run.p.map_or(String::new(), |p| format!("{p:.4}")));
        row
    });
    let numeric: Vec<bool> = (0..headers.len()).map(|place| place > 0).collect();
    table(&headers, &numeric, rows.collect())
}

/// What `-` means, where there is one.
fn undefined<'a>(mut values: impl Iterator<Item = &'a Option<f64>>) -> &'static str {
    if values.any(Option::is_none) {
        "  -: not defined: nothing judged counts as relevant here, or there are no lists, no scores or no aspects to measure\n"
    } else {
        ""
    }
}

fn three_digits(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| format!("{value:.3}"))
}

fn gold_in_words(check: &GoldCheck, flags: &EvalFlags) -> String {
    let mut text = format!(
        "{}, {}",
        counted(check.queries, "abstract"),
        counted(check.judged, "judged candidate")
    );
    if let Some(same) = check.same_grade {
        let _ = write!(
            text,
            "; both readers gave the same grade to {:.0} % of them",
            100.0 * same
        );
    }
    if let (Some(kappa), Some((low, high))) = check.kappa {
        let _ = write!(text, ", quadratic kappa {kappa:.2} ({low:.2} to {high:.2})");
    }
    text.push_str(".\n");
    if check.asked > check.queries {
        let _ = writeln!(
            text,
            "All figures stand on {} of the {} that were judged; the text of the others is in no file and no library given.",
            check.queries, check.asked
        );
    }
    if flags.citations {
        text.push_str("Judged by citations (silver): what does not cite may help as well. ");
    } else if flags.relevance.is_empty() {
        text.push_str("The readers were two passes of a language model, not experts. ");
    }
    let _ = write!(
        text,
        "What nobody judged counts as 0.\n\n{}\n",
        measured(&check.measures, &check.runs, "exponential nDCG@10 less BM25")
    );
    for run in &check.runs {
        let _ = writeln!(text, "  {}: {}", run.name, run.about);
    }
    text.push_str(undefined(check.runs.iter().flat_map(|run| &run.means)));
    let mut headers = vec!["ranking"];
    headers.extend(check.sides.iter().map(String::as_str));
    headers.extend(["aspect-nDCG@10 less BM25", "p"]);
    let rows = check.shown.iter().map(|sides| {
        let mut row = vec![sides.name.clone()];
        row.extend(sides.values.iter().copied().map(three_digits));
        row.push(less(sides.difference));
        row.push(sides.p.map_or(String::new(), |p| format!("{p:.4}")));
        row
    });
    let numeric: Vec<bool> = (0..headers.len()).map(|place| place > 0).collect();
    let _ = write!(
        text,
        "\nWhat the first ten show: aspects of relevant documents ({} have judged ones), how unlike documents are (1 less the cosine), how far \
         scores are from chances once a curve of the other folds made them so (ece), and the share of journals by words of their names\n\n{}",
        check.with_aspects,
        table(&headers, &numeric, rows.collect())
    );
    text.push_str(undefined(check.shown.iter().flat_map(|sides| &sides.values)));
    for group in VENUE_GROUPS {
        let _ = writeln!(text, "  {}: {}", group.name, group.about);
    }
    text
}

/// A difference and its interval.
fn less(difference: Option<(f64, Option<(f64, f64)>)>) -> String {
    match difference {
        Some((difference, Some((low, high)))) => format!("{difference:+.4} ({low:+.4} to {high:+.4})"),
        Some((difference, None)) => format!("{difference:+.4}"),
        None => String::new(),
    }
}

fn checked(check: &EngineCheck) -> String {
    let mut text = format!(
        "{}: {}; {} queries measured, weights tuned on {} others\n\n",
        check.collection,
        counted(check.documents, "document"),
        check.queries,
        check.tuned_on
    );
    text.push_str(&measured(&check.measures, &check.runs, "nDCG@10 less BM25"));
    text.push('\n');
    text.push_str(undefined(check.runs.iter().flat_map(|run| &run.means)));
    for run in &check.runs {
        let _ = writeln!(text, "  {}: {}", run.name, run.about);
    }
    let rows = check
        .tuning
        .iter()
        .map(|(words, meaning, ndcg)| vec![words.to_string(), meaning.to_string(), format!("{ndcg:.4}")]);
    let _ = write!(
        text,
        "\n{}\n{}\n",
        table(
            &["words", "meaning", "nDCG@10 on training queries"],
            &[true, true, true],
            rows.collect()
        ),
        check.note
    );
    text
}

//! RIS.

use std::io::{self, Write};

use super::RETRACTED;
use crate::read::text::{tidy, tidy_lines};
use crate::{Author, Kind, Record};

/// Writes records as RIS, which EndNote, Zotero and Mendeley read.
///
/// The format holds ids, title, abstract, year, venue, authors, kind, language, keywords and whether it was retracted (as a note). It
/// does not hold subject headings, references, licence and open access. What has a journal or a DOI and no known kind is a `JOUR` whose
/// type of work, `M3`, is `unknown`, since other programs show no journal of a `GEN`. The name of an organisation ends with a comma, as EndNote has
/// it. No text can end a record or begin a field, whatever stands in it.
pub fn write_ris<'r>(out: &mut dyn Write, records: impl IntoIterator<Item = &'r Record>) -> io::Result<()> {
    for record in records {
        let (code, precise) = code(record);
        field(out, "TY", code)?;
        if precise {
            field(out, "M3", record.kind.name())?;
        }
        field(out, "TI", &record.title)?;
        for author in &record.authors {
            field(out, "AU", &name(author))?;
        }
        if let Some(year) = record.year {
            field(out, "PY", &year.to_string())?;
        }
        field(out, "T2", record.venue.as_deref().unwrap_or_default())?;
        for (at, line) in tidy_lines(&record.abstract_text).lines().enumerate() {
            // Lines after the first have no tag; two spaces in front keep a line that looks like one from being taken for it.
            match at {
                0 => writeln!(out, "AB  - {line}")?,
                _ => writeln!(out, "  {line}")?,
            }
        }
        for keyword in &record.keywords {
            field(out, "KW", keyword)?;
        }
        let ids = &record.ids;
        field(out, "DO", ids.doi.as_deref().unwrap_or_default())?;
        if let Some(pmid) = &ids.pmid {
            field(out, "AN", pmid)?;
            field(out, "DB", "PubMed")?;
        }
        field(out, "C2", ids.pmcid.as_deref().unwrap_or_default())?;
        if let Some(id) = &ids.openalex {
            field(out, "UR", &format!("https://openalex.org/{id}"))?;
        }
        field(out, "ID", ids.local.as_deref().unwrap_or_default())?;
        field(out, "LA", record.language.as_deref().unwrap_or_default())?;
        if record.retracted {
            field(out, "N1", RETRACTED)?;
        }
        writeln!(out, "ER  - \n")?;
    }
    Ok(())
}

/// The code of a kind, and whether the kind must be said once more.
fn code(record: &Record) -> (&'static str, bool) {
    match record.kind {
        Kind::Unknown if super::is_paper(record) => ("JOUR", true),
        Kind::Unknown => ("GEN", false),
        Kind::Article => ("JOUR", false),
        Kind::Review | Kind::Editorial | Kind::Letter => ("JOUR", true),
        Kind::Preprint => ("UNPB", true),
        Kind::Conference => ("CPAPER", false),
        Kind::Book => ("BOOK", false),
        Kind::Chapter => ("CHAP", false),
        Kind::Report => ("RPRT", false),
        Kind::Thesis => ("THES", false),
        Kind::Dataset => ("DATA", false),
        Kind::Legal => ("STAT", true),
        Kind::Other => ("GEN", true),
    }
}

fn field(out: &mut dyn Write, tag: &str, text: &str) -> io::Result<()> {
    let text = tidy(text);
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "{tag}  - {text}")
}

/// `Family, Given`, or `Organisation,`.
pub(super) fn name(author: &Author) -> String {
    if author.given.is_empty() {
        format!("{},", author.family)
    } else {
        author.listed()
    }
}

//! CSL-JSON.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::RETRACTED;
use crate::{Kind, Record};

/// Writes records as CSL-JSON, one list.
///
/// The format holds ids, title, abstract, year, venue, authors, kind (as `genre`), language, keywords and whether it was retracted (as
/// a note). A keyword that holds `;` becomes two when it is read. It does not hold subject headings, references, licence and open
/// access. What has a journal or a DOI and no known kind is an `article-journal` whose `custom.kind` is `unknown`. An item needs an id: a record without a local one gets its first other id, or its number.
pub fn write_csl_json<'r>(
    out: &mut dyn Write,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (number, record) in records.into_iter().enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &item(record, number))?;
    }
    out.write_all(b"\n]\n")
}

fn item(record: &Record, number: usize) -> Value {
    let ids = &record.ids;
    let id = ids
        .local
        .clone()
        .or_else(|| ids.all().next())
        .unwrap_or_else(|| format!("record-{}", number + 1));
    let mut item = Map::new();
    let mut text = |key: &str, value: &str| {
        if !value.is_empty() {
            item.insert(key.into(), value.into());
        }
    };
    text("id", &id);
    text("type", type_of(record));
    text("title", &record.title);
    text("abstract", &record.abstract_text);
    text("container-title", record.venue.as_deref().unwrap_or_default());
    text("DOI", ids.doi.as_deref().unwrap_or_default());
    text("PMID", ids.pmid.as_deref().unwrap_or_default());
    text("PMCID", ids.pmcid.as_deref().unwrap_or_default());
    if let Some(id) = &ids.openalex {
        text("URL", &format!("https://openalex.org/{id}"));
    }
    text("language", record.language.as_deref().unwrap_or_default());
    let mut keywords = record.keywords.join("; ");
    if record.keywords.len() == 1 {
        keywords.push(';');
    }
    text("keyword", &keywords);
    if record.kind != Kind::Unknown {
        text("genre", record.kind.name());
    }
    if record.retracted {
        text("note", RETRACTED);
    }
    if record.kind == Kind::Unknown && super::is_paper(record) {
        // Styles print `genre`; this they leave alone.
        item.insert("custom".into(), json!({ "kind": Kind::Unknown.name() }));
    }
    if let Some(year) = record.year {
        item.insert("issued".into(), json!({ "date-parts": [[year]] }));
    }
    if !record.authors.is_empty() {
        let names = record.authors.iter().map(|author| {
            if author.given.is_empty() {
                json!({ "literal": author.family })
            } else {
                json!({ "family": author.family, "given": author.given })
            }
        });
        item.insert("author".into(), names.collect());
    }
    Value::Object(item)
}

fn type_of(record: &Record) -> &'static str {
    match record.kind {
        Kind::Unknown if super::is_paper(record) => "article-journal",
        Kind::Unknown | Kind::Other => "document",
        Kind::Article | Kind::Review | Kind::Editorial | Kind::Letter => "article-journal",
        Kind::Preprint => "article",
        Kind::Conference => "paper-conference",
        Kind::Book => "book",
        Kind::Chapter => "chapter",
        Kind::Report => "report",
        Kind::Thesis => "thesis",
        Kind::Dataset => "dataset",
        Kind::Legal => "legislation",
    }
}

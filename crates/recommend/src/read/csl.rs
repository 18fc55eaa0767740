//! CSL-JSON, as Zotero and citeproc have it.
//!
//! # Source
//!
//! <https://docs.citationstyles.org/en/stable/specification.html>, version 1.0.2. What the format has no field for goes where Zotero
//! puts it: PMID, PMCID and `archive` in fields of their own, our kind in `genre`.

use serde_json::{Map, Value};

use super::draft::{Collector, Draft};
use super::frames::{Frames, text_of};
use super::input::Input;
use super::text::plain;
use super::{names, words};
use crate::{Author, Error, Kind};

pub(super) fn read(input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    Frames::new(input).each(out, |item: Map<String, Value>, line, out| {
        let place = out.place(line);
        out.take(record(&item), place)
    })
}

fn text(item: &Map<String, Value>, key: &str) -> String {
    item.get(key).map(text_of).unwrap_or_default()
}

fn record(item: &Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    draft.record.title = plain(&text(item, "title")).into_owned();
    draft.record.abstract_text = plain(&text(item, "abstract")).into_owned();
    draft.doi(&text(item, "DOI"));
    draft.pmid(&text(item, "PMID"));
    draft.pmcid(&text(item, "PMCID"));
    draft.url(&text(item, "URL"));
    let id = text(item, "id");
    if !id.is_empty() {
        draft.local(&id);
    }
    if let Some(date) = item.get("issued") {
        let first = date.pointer("/date-parts/0/0").map(text_of).unwrap_or_default();
        draft.year(&first);
        for key in ["raw", "literal"] {
            if draft.record.year.is_none() {
                draft.year(&date.get(key).map(text_of).unwrap_or_default());
            }
        }
        if date.is_string() || date.is_number() {
            draft.year(&text_of(date));
        }
    }
    draft.venue(&text(item, "container-title"));
    draft.venue(&text(item, "publisher"));
    for name in item.get("author").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| name.get(key).map(text_of).unwrap_or_default();
        let particle = match part("non-dropping-particle") {
            particle if particle.is_empty() => part("dropping-particle"),
            particle => particle,
        };
        let family = format!("{particle} {}", part("family"));
        if !family.trim().is_empty() {
            draft.author(Author::new(family.trim(), part("given")));
        } else if name.is_string() {
            draft.author(names::one(&text_of(name)));
        } else {
            draft.author(Author::new(part("literal"), ""));
        }
    }
    let kind = text(item, "type");
    let said = item.get("custom").and_then(|custom| custom.get("kind"));
    let said = said.map_or_else(|| text(item, "genre"), text_of);
    draft.record.kind = words::kind_of(&said, "").unwrap_or_else(|| match kind.as_str() {
        // An article outside of a journal.
        "article" => Kind::Preprint,
        "document" => Kind::Unknown,
        _ => words::kind(&kind).unwrap_or_default(),
    });
    draft.record.language = words::language(&text(item, "language"));
    match item.get("keyword") {
        Some(Value::Array(words)) => words.iter().for_each(|word| draft.keyword(&text_of(word))),
        Some(value) => {
            let words = text_of(value);
            let separator = if words.contains(';') { ';' } else { ',' };
            words.split(separator).for_each(|word| draft.keyword(word));
        }
        None => {}
    }
    draft.note(&text(item, "note"));
    draft.record.retracted |= text(item, "status").eq_ignore_ascii_case("retracted");
    draft
}

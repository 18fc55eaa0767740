//! JSON of Europe PMC.
//!
//! # Source
//!
//! The search of <https://europepmc.org/RestfulWebService> with `resultType=core`; `lite` has no abstracts, and is read as far as it
//! goes.

use serde_json::{Map, Value};

use super::draft::{Collector, Draft};
use super::frames::{Frames, flag_of, text_of};
use super::input::Input;
use super::text::plain;
use super::{names, words};
use crate::{Author, Error, Kind};

pub(super) fn read(input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    Frames::new(input).each(out, |result: Map<String, Value>, line, out| {
        let place = out.place(line);
        out.take(record(&result), place)
    })
}

fn text(value: &Map<String, Value>, key: &str) -> String {
    value.get(key).map(text_of).unwrap_or_default()
}

fn list<'v>(value: &'v Map<String, Value>, outer: &str, inner: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(outer)
        .and_then(|outer| outer.get(inner))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn record(result: &Map<String, Value>) -> Draft {
    let mut draft = Draft::default();
    draft.record.title = plain(&text(result, "title")).into_owned();
    draft.record.abstract_text = plain(&text(result, "abstractText")).into_owned();
    draft.doi(&text(result, "doi"));
    draft.pmid(&text(result, "pmid"));
    draft.pmcid(&text(result, "pmcid"));
    let source = text(result, "source");
    let id = text(result, "id");
    if draft.record.ids.is_empty() && !id.is_empty() {
        draft.local(&format!("{source}:{id}"));
    }
    draft.year(&text(result, "pubYear"));
    if let Some(Value::Object(info)) = result.get("journalInfo") {
        if let Some(journal) = info.get("journal") {
            draft.venue(&journal.get("title").map(text_of).unwrap_or_default());
        }
        if draft.record.year.is_none() {
            draft.year(&text(info, "yearOfPublication"));
        }
    }
    draft.venue(&text(result, "journalTitle"));
    if let Some(book) = result.get("bookOrReportDetails") {
        draft.venue(&book.get("publisher").map(text_of).unwrap_or_default());
    }
    for author in list(result, "authorList", "author") {
        let part = |key: &str| author.get(key).map(text_of).unwrap_or_default();
        let given = match part("firstName") {
            given if given.is_empty() => part("initials"),
            given => given,
        };
        let mut family = part("lastName");
        if family.is_empty() {
            family = part("collectiveName");
        }
        if family.is_empty() {
            draft.author(names::one(&part("fullName")));
        } else {
            draft.author(Author::new(family, given));
        }
    }
    if draft.record.authors.is_empty() {
        let listed = text(result, "authorString");
        draft.record.authors = names::list(listed.trim_end_matches('.'));
    }
    for heading in list(result, "meshHeadingList", "meshHeading") {
        draft.mesh(&heading.get("descriptorName").map(text_of).unwrap_or_default());
    }
    for word in list(result, "keywordList", "keyword") {
        draft.keyword(&text_of(word));
    }
    let mut kinds: Vec<Kind> = Vec::new();
    let lite = text(result, "pubType");
    let types = list(result, "pubTypeList", "pubType").map(text_of);
    for kind in types.chain(lite.split(';').map(str::to_owned)) {
        draft.record.retracted |= kind.trim().eq_ignore_ascii_case("retracted publication");
        kinds.extend(words::kind(&kind));
    }
    if source == "PPR" {
        kinds.push(Kind::Preprint);
    }
    draft.record.kind = words::most_telling(kinds.into_iter());
    for note in list(result, "commentCorrectionList", "commentCorrection") {
        let kind = note.get("type").map(text_of).unwrap_or_default();
        draft.record.retracted |= kind.eq_ignore_ascii_case("retraction in");
    }
    draft.record.language = words::language(&text(result, "language"));
    draft.record.open_access = flag_of(&text(result, "isOpenAccess"));
    draft.record.licence = Some(text(result, "license"));
    draft
}

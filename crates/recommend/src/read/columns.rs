//! Which column of a table, or key of a JSON object, holds what.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::frames::flag_of;
use super::text::plain;
use super::{names, words};
use crate::Error;

/// Fields of a record with the usual names of their columns, the likeliest first; in lower case without spaces and signs.
const FIELDS: [(&str, &[&str]); 20] = [
    (
        "title",
        &[
            "title",
            "articletitle",
            "documenttitle",
            "papertitle",
            "primarytitle",
            "ti",
        ],
    ),
    (
        "abstract",
        &[
            "abstract",
            "abstracttext",
            "abstractnote",
            "text",
            "summary",
            "ab",
            "description",
        ],
    ),
    (
        "year",
        &[
            "year",
            "publicationyear",
            "pubyear",
            "py",
            "publicationdate",
            "date",
            "published",
            "publishedyear",
        ],
    ),
    (
        "venue",
        &[
            "venue",
            "journal",
            "journaltitle",
            "sourcetitle",
            "publicationtitle",
            "journalbook",
            "containertitle",
            "booktitle",
            "source",
            "so",
        ],
    ),
    ("doi", &["doi", "doilink"]),
    ("pmid", &["pmid", "pubmedid"]),
    ("pmcid", &["pmcid", "pmc"]),
    ("openalex", &["openalex", "openalexid"]),
    (
        "id",
        &["id", "key", "docid", "documentid", "recordid", "corpusid", "eid"],
    ),
    (
        "authors",
        &["authors", "author", "authornames", "authorfullnames", "au"],
    ),
    (
        "keywords",
        &["keywords", "authorkeywords", "keyword", "kw", "tags"],
    ),
    ("mesh", &["mesh", "meshterms", "meshheadings", "mh"]),
    ("references", &["references", "referencedworks"]),
    (
        "kind",
        &[
            "kind",
            "documenttype",
            "publicationtype",
            "itemtype",
            "pubtype",
            "type",
        ],
    ),
    ("language", &["language", "lang", "la"]),
    ("url", &["url", "link", "ur"]),
    ("licence", &["licence", "license"]),
    ("open_access", &["openaccess", "isopenaccess", "isoa", "oa"]),
    ("retracted", &["retracted", "isretracted"]),
    ("record_source", &["recordsource"]),
];

/// Which column holds which field of a record. What it does not name is found by the usual names: `Article Title`, `text`, `journal`,
/// `_id`, `pubmed_id` and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap {
    /// Place in [`FIELDS`] to the name of a column.
    named: BTreeMap<usize, String>,
}

/// What each column holds, as a place in [`FIELDS`] and how likely, 0 best.
pub(super) struct Resolved {
    pub(super) columns: Vec<Option<usize>>,
}

fn normal(name: &str) -> String {
    name.chars()
        .filter(|sign| sign.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl ColumnMap {
    /// The fields that a column can be named for.
    pub fn fields() -> impl Iterator<Item = &'static str> {
        FIELDS.iter().map(|&(field, _)| field)
    }

    /// Says which column holds a field: `title` is in `Name`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if a record has no such field.
    pub fn set(&mut self, field: &str, column: &str) -> Result<(), Error> {
        let wanted = normal(field);
        let at = FIELDS
            .iter()
            .position(|&(known, _)| normal(known) == wanted)
            .ok_or_else(|| Error::UnknownField { field: field.into() })?;
        self.named.insert(at, column.to_owned());
        Ok(())
    }

    /// From texts such as `title=Name`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] for a text without `=` too.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, Error> {
        let mut map = Self::default();
        for text in texts {
            let (field, column) = text
                .split_once('=')
                .ok_or_else(|| Error::UnknownField { field: text.into() })?;
            map.set(field.trim(), column.trim())?;
        }
        Ok(map)
    }

    /// What columns of these names hold. Each field has one column.
    pub(super) fn resolve(&self, file: &str, found: &[String]) -> Result<Resolved, Error> {
        for (&at, column) in &self.named {
            if !found.contains(column) {
                return Err(Error::NoColumn {
                    file: file.into(),
                    field: FIELDS[at].0,
                    column: column.clone(),
                    found: found.to_vec(),
                });
            }
        }
        Ok(self.guess(found))
    }

    /// As [`Self::resolve`], for objects that need not have each key.
    pub(super) fn guess(&self, found: &[String]) -> Resolved {
        let plain: Vec<String> = found.iter().map(|name| normal(name)).collect();
        let mut columns = vec![None; found.len()];
        for (field, (_, usual)) in FIELDS.iter().enumerate() {
            let at = match self.named.get(&field) {
                Some(name) => found.iter().position(|column| column == name),
                None => usual.iter().find_map(|&wanted| {
                    // A column that was named for another field is not free.
                    plain.iter().enumerate().position(|(at, name)| {
                        name == wanted && !self.named.values().any(|taken| *taken == found[at])
                    })
                }),
            };
            if let Some(at) = at {
                columns[at].get_or_insert(field);
            }
        }
        Resolved { columns }
    }
}

impl Resolved {
    /// Whether some column holds a field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.columns.iter().flatten().any(|&at| FIELDS[at].0 == field)
    }
}

/// Puts the text of a cell where it belongs.
pub(super) fn put(draft: &mut Draft, field: usize, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let separator = |text: &str| {
        if text.contains(';') {
            ';'
        } else if text.contains('|') {
            '|'
        } else {
            ','
        }
    };
    match FIELDS[field].0 {
        "title" => draft.record.title = plain(text).into_owned(),
        "abstract" => draft.record.abstract_text = plain(text).into_owned(),
        // pandas writes a year beside a missing one as `2020.0`.
        "year" => draft.year(text.trim().strip_suffix(".0").unwrap_or(text)),
        "venue" => draft.venue(text),
        "doi" => draft.doi(text),
        "pmid" => draft.pmid(text.trim().strip_suffix(".0").unwrap_or(text)),
        "pmcid" => draft.pmcid(text),
        "openalex" => draft.openalex(text),
        "id" if text.contains("openalex.org/") => draft.url(text),
        "id" => draft.local(text),
        "authors" => draft.record.authors.extend(names::list(text)),
        "keywords" => text.split(separator(text)).for_each(|word| draft.keyword(word)),
        // Headings of MeSH hold commas: `Organisms, Genetically Modified`.
        "mesh" => {
            let sign = if text.contains(';') { ';' } else { '|' };
            text.split(sign).for_each(|word| draft.mesh(word));
        }
        "references" => text
            .split([';', '|', ' '])
            .filter_map(reference)
            .for_each(|id| draft.reference(id)),
        "kind" => draft.record.kind = words::kind(text).unwrap_or_default(),
        "language" => draft.record.language = words::language(text),
        "url" => draft.url(text),
        "licence" => draft.record.licence = Some(text.to_owned()),
        "open_access" => draft.record.open_access = flag_of(text),
        "retracted" => draft.record.retracted = flag_of(text) == Some(true),
        "record_source" => text.clone_into(&mut draft.record.source),
        _ => {}
    }
}

/// A reference in its one form, with its kind in front.
fn reference(text: &str) -> Option<String> {
    let text = text.trim();
    let (kind, id) = text.split_once(':').unwrap_or(("", text));
    let clean = match kind {
        "pmid" => crate::clean_pmid(id).map(|id| format!("pmid:{id}")),
        "pmcid" => crate::clean_pmcid(id).map(|id| format!("pmcid:{id}")),
        "openalex" => crate::clean_openalex(id).map(|id| format!("openalex:{id}")),
        "local" => (!id.is_empty()).then(|| text.to_owned()),
        _ => None,
    };
    clean
        .or_else(|| crate::clean_doi(text).map(|id| format!("doi:{id}")))
        .or_else(|| {
            text.contains("openalex.org/")
                .then(|| crate::clean_openalex(text).map(|id| format!("openalex:{id}")))?
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_understood() {
        let found = ["_id", "Article Title", "text", "source", "Journal", "extra"].map(String::from);
        let resolved = ColumnMap::default().guess(&found);
        let names: Vec<_> = resolved
            .columns
            .iter()
            .map(|at| at.map(|at| FIELDS[at].0))
            .collect();
        // The journal is likelier the venue than the source is.
        assert_eq!(
            names,
            [
                Some("id"),
                Some("title"),
                Some("abstract"),
                None,
                Some("venue"),
                None
            ]
        );
    }

    #[test]
    fn a_named_column_goes_before_a_usual_one() {
        let map = ColumnMap::parse(["title=text"]).expect("a field");
        let resolved = map.guess(&["title", "text"].map(String::from));
        assert_eq!(resolved.columns, [None, Some(0)]);
        assert!(ColumnMap::parse(["titel=x"]).is_err());
        assert!(ColumnMap::parse(["title"]).is_err());
        assert!(map.resolve("f", &["title".to_owned()]).is_err());
    }
}

//! A record while it is read, and where it goes.

use std::borrow::Cow;
use std::fmt;

use super::text::{apply, plain, tidy, tidy_lines, without_tags};
use super::words::{self, Year};
use super::{Format, Problem, ReadReport};
use crate::{Author, Error, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};

/// Problems that a report keeps; a file of nothing else would fill the memory.
const MAX_PROBLEMS: usize = 1000;

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its number, from 1.
    pub(super) record: u64,
    /// The line it begins in, from 1.
    pub(super) line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "record {} (line {})", self.record, self.line)
    }
}

/// A record with what is odd about it.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) record: Record,
    pub(super) doubts: Vec<String>,
    /// Whether entities were characters already when its texts came here. None is resolved twice: `&amp;lt;` is `&lt;`.
    pub(super) resolved: bool,
}

/// A text cut to what a message can show.
pub(super) fn shown(text: &str) -> String {
    let text = tidy(text);
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

impl Draft {
    pub(super) fn doubt(&mut self, what: impl Into<String>) {
        // A record with a thousand broken ids is one broken record.
        if self.doubts.len() < 8 {
            self.doubts.push(what.into());
        }
    }

    pub(super) fn doi(&mut self, text: &str) {
        if !text.trim().is_empty() {
            match clean_doi(text) {
                Some(doi) => drop(self.record.ids.doi.get_or_insert(doi)),
                None => self.doubt(format!("`{}` is no DOI; it was left out", shown(text))),
            }
        }
    }

    pub(super) fn pmid(&mut self, text: &str) {
        if !text.trim().is_empty() {
            match clean_pmid(text) {
                Some(pmid) => drop(self.record.ids.pmid.get_or_insert(pmid)),
                None => self.doubt(format!("`{}` is no PMID; it was left out", shown(text))),
            }
        }
    }

    pub(super) fn pmcid(&mut self, text: &str) {
        let text = text
            .rsplit('/')
            .find(|part| !part.trim().is_empty())
            .unwrap_or_default();
        if !text.trim().is_empty() {
            match clean_pmcid(text) {
                Some(pmcid) => drop(self.record.ids.pmcid.get_or_insert(pmcid)),
                None => self.doubt(format!("`{}` is no PMC id; it was left out", shown(text))),
            }
        }
    }

    pub(super) fn openalex(&mut self, text: &str) {
        if !text.trim().is_empty() {
            match clean_openalex(text) {
                Some(id) => drop(self.record.ids.openalex.get_or_insert(id)),
                None => self.doubt(format!("`{}` is no OpenAlex id; it was left out", shown(text))),
            }
        }
    }

    /// The user's own key.
    pub(super) fn local(&mut self, text: &str) {
        let text = tidy(text);
        if !text.is_empty() {
            self.record.ids.local.get_or_insert_with(|| text.into_owned());
        }
    }

    /// A link, which is kept where it is an id.
    pub(super) fn url(&mut self, text: &str) {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.contains("doi.org/") {
            if let Some(doi) = clean_doi(text) {
                self.record.ids.doi.get_or_insert(doi);
            }
        } else if lower.contains("pubmed.ncbi.nlm.nih.gov/") {
            if let Some(pmid) = clean_pmid(text) {
                self.record.ids.pmid.get_or_insert(pmid);
            }
        } else if lower.contains("/pmc") {
            let last = text
                .split('/')
                .find(|part| part.len() > 3 && part[..3].eq_ignore_ascii_case("pmc"));
            if let Some(pmcid) = last.and_then(clean_pmcid) {
                self.record.ids.pmcid.get_or_insert(pmcid);
            }
        } else if lower.contains("openalex.org/")
            && let Some(id) = clean_openalex(text)
        {
            self.record.ids.openalex.get_or_insert(id);
        }
    }

    pub(super) fn year(&mut self, text: &str) {
        match words::year(text) {
            Year::Absent => {}
            Year::Known(year) => drop(self.record.year.get_or_insert(year)),
            Year::Nonsense => self.doubt(format!(
                "`{}` holds no year; the record is kept without",
                shown(text)
            )),
        }
    }

    /// A text without markup.
    pub(super) fn plain<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.resolved {
            without_tags(text.into())
        } else {
            plain(text)
        }
    }

    pub(super) fn venue(&mut self, text: &str) {
        if self.record.venue.is_none() && !text.trim().is_empty() {
            self.record.venue = Some(self.plain(text).into_owned());
        }
    }

    pub(super) fn author(&mut self, author: Author) {
        if !author.family.trim().is_empty() {
            self.record.authors.push(author);
        }
    }

    pub(super) fn keyword(&mut self, text: &str) {
        let text = self.plain(text);
        push_new(&mut self.record.keywords, &text);
    }

    pub(super) fn mesh(&mut self, text: &str) {
        let text = self.plain(text);
        push_new(&mut self.record.mesh, &text);
    }

    /// What the record cites, with its kind in front.
    pub(super) fn reference(&mut self, id: String) {
        if !self.record.references.contains(&id) {
            self.record.references.push(id);
        }
    }

    /// A line of the abstract, under its heading.
    pub(super) fn part(&mut self, label: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let whole = &mut self.record.abstract_text;
        if !whole.is_empty() {
            whole.push('\n');
        }
        let label = label.trim().trim_end_matches(':');
        if !label.is_empty() {
            whole.push_str(label);
            whole.push_str(": ");
        }
        whole.push_str(text);
    }

    /// Words in a note that say that the paper was retracted.
    pub(super) fn note(&mut self, text: &str) {
        let text = text.trim().to_lowercase();
        if text.starts_with("retracted") {
            self.record.retracted = true;
        }
    }
}

fn push_new(list: &mut Vec<String>, text: &str) {
    let text = tidy(text);
    if !text.is_empty() && !list.iter().any(|known| *known == text) {
        list.push(text.into_owned());
    }
}

/// Whether a title begins as publishers mark a paper that they took back.
pub(super) fn marks_retraction(title: &str) -> bool {
    let front: String = title
        .trim_start_matches(|sign: char| !sign.is_alphanumeric())
        .chars()
        .take(24)
        .collect::<String>()
        .to_lowercase();
    [
        "retracted article:",
        "retracted:",
        "withdrawn:",
        "withdrawn article:",
        "retracted article]",
        "retracted]",
    ]
    .iter()
    .any(|mark| front.starts_with(mark))
}

/// Takes finished records, looks them over, and passes them on.
pub(super) struct Collector<'a> {
    pub(super) report: ReadReport,
    /// How many records were met, good or not.
    pub(super) met: u64,
    source: String,
    sink: &'a mut dyn FnMut(Record) -> Result<(), Error>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        format: Format,
        file: &str,
        sink: &'a mut dyn FnMut(Record) -> Result<(), Error>,
    ) -> Self {
        let source = match format {
            Format::PubmedXml => "pubmed",
            Format::Jats => "pmc",
            Format::EuropePmc => "europe-pmc",
            Format::OpenAlex => "openalex",
            _ => file.rsplit(['/', '\\']).next().unwrap_or(file),
        };
        Self {
            report: ReadReport {
                format,
                records: 0,
                left_out: 0,
                deleted: Vec::new(),
                problems: Vec::new(),
                more_problems: 0,
            },
            met: 0,
            source: source.to_owned(),
            sink,
        }
    }

    /// The place of a record that begins in a line.
    pub(super) fn place(&mut self, line: u64) -> Place {
        self.met += 1;
        Place {
            record: self.met,
            line,
        }
    }

    pub(super) fn problem(&mut self, place: impl fmt::Display, what: impl Into<String>) {
        if self.report.problems.len() < MAX_PROBLEMS {
            self.report.problems.push(Problem {
                place: place.to_string(),
                what: what.into(),
            });
        } else {
            self.report.more_problems += 1;
        }
    }

    /// Says that a record was left out, and why.
    pub(super) fn leave_out(&mut self, place: impl fmt::Display, what: impl Into<String>) {
        self.report.left_out += 1;
        self.problem(place, what);
    }

    /// Passes a record on, or says why not.
    pub(super) fn take(&mut self, draft: Draft, place: Place) -> Result<(), Error> {
        let Draft {
            mut record, doubts, ..
        } = draft;
        for doubt in doubts {
            self.problem(place, doubt);
        }
        tidy_record(&mut record);
        if record.title.is_empty() && record.abstract_text.is_empty() {
            let id = record
                .ids
                .all()
                .next()
                .map(|id| format!(" ({id})"))
                .unwrap_or_default();
            self.leave_out(
                place,
                format!("no title and no abstract{id}; the record was left out"),
            );
            return Ok(());
        }
        if let Some(year) = record.year.filter(|year| !words::YEARS.contains(year)) {
            self.problem(place, format!("{year} is no year; the record is kept without"));
            record.year = None;
        }
        record.retracted |= marks_retraction(&record.title);
        if record.source.is_empty() {
            record.source.clone_from(&self.source);
        }
        self.report.records += 1;
        (self.sink)(record)
    }
}

/// Every text of a record in its one form, whatever the file held.
fn tidy_record(record: &mut Record) {
    apply(&mut record.title, tidy);
    apply(&mut record.abstract_text, tidy_lines);
    for text in [&mut record.venue, &mut record.licence] {
        if let Some(text) = text {
            apply(text, tidy);
        }
        if text.as_deref() == Some("") {
            *text = None;
        }
    }
    for author in &mut record.authors {
        apply(&mut author.family, tidy);
        apply(&mut author.given, tidy);
    }
    record.authors.retain(|author| !author.family.is_empty());
    for list in [&mut record.keywords, &mut record.mesh, &mut record.references] {
        list.iter_mut().for_each(|text| apply(text, tidy));
        list.retain(|text| !text.is_empty());
    }
    apply(&mut record.source, tidy);
}

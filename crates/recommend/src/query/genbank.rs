//! GenBank flat files: what is written around the sequences.
//!
//! # Source
//!
//! <https://www.ncbi.nlm.nih.gov/genbank/samplerecord/> and <https://www.insdc.org/submitting-standards/feature-table/>. Columns are read
//! loosely, since design tools do not keep to them.

use super::prose::{ids_in, number};
use super::{QueryDocument, malformed, tidy};
use crate::{Error, clean_pmid};

/// Qualifiers whose values are names of something.
const NAMES: [&str; 11] = [
    "gene",
    "product",
    "label",
    "standard_name",
    "function",
    "bound_moiety",
    "mobile_element_type",
    "regulatory_class",
    "gene_synonym",
    "plasmid",
    "ApEinfo_label",
];
/// Qualifiers whose values are sentences.
const SENTENCES: [&str; 3] = ["note", "comment", "experiment"];
/// Qualifiers that say where it lives and where it is from.
const PLACES: [&str; 6] = [
    "organism",
    "host",
    "lab_host",
    "isolation_source",
    "country",
    "geo_loc_name",
];
/// Bytes of a line that are looked at.
const MAX_LINE: usize = 100_000;

pub(super) fn read(file: &str, text: &str) -> Result<QueryDocument, Error> {
    let mut reader = Reader {
        file,
        document: QueryDocument::default(),
        records: 0,
        features: 0,
        state: State::Outside,
        open: None,
        keyword: String::new(),
        value: String::new(),
        value_line: 0,
        sentences: Vec::new(),
        definitions: Vec::new(),
    };
    let mut last = 0;
    for (at, line) in text.lines().enumerate() {
        last = at + 1;
        reader.line(at + 1, line)?;
    }
    reader.end(last)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before `LOCUS`, or after `//`.
    Outside,
    Header,
    Features,
    Sequence,
}

struct Reader<'a> {
    file: &'a str,
    document: QueryDocument,
    records: usize,
    features: usize,
    state: State,
    /// The qualifier that is being read.
    open: Option<Qualifier>,
    /// The keyword of the header that is being read, and its value.
    keyword: String,
    value: String,
    value_line: usize,
    sentences: Vec<String>,
    definitions: Vec<String>,
}

struct Qualifier {
    name: String,
    value: String,
    line: usize,
    /// Its quote is not closed yet.
    quoted: bool,
}

impl Reader<'_> {
    fn fail(&self, line: usize, problem: impl Into<String>) -> Error {
        malformed(
            self.file,
            format!("line {line}"),
            problem,
            Some("export the record again as GenBank; only its text is read, not its sequence"),
        )
    }

    fn line(&mut self, at: usize, line: &str) -> Result<(), Error> {
        let line = line.trim_end();
        if line.len() > MAX_LINE {
            return Err(self.fail(at, "the line is longer than any of a GenBank file"));
        }
        if line == "//" {
            if self.state == State::Outside {
                return Err(self.fail(at, "a record ends that did not begin"));
            }
            self.close_qualifier(true)?;
            self.close_value();
            self.state = State::Outside;
            return Ok(());
        }
        if line.starts_with("LOCUS") {
            if self.state != State::Outside {
                return Err(self.fail(at, "a record begins before `//` ended the last"));
            }
            self.records += 1;
            let name = line.split_whitespace().nth(1).unwrap_or_default();
            if name.contains(char::is_alphabetic) && name.len() < 100 {
                self.document.technical.push(name.to_owned());
            }
            self.state = State::Header;
            self.start_value("LOCUS", "", at);
            return Ok(());
        }
        match self.state {
            State::Outside if line.is_empty() => Ok(()),
            State::Outside => Err(self.fail(
                at,
                format!(
                    "`{}` stands where a record should begin with `LOCUS`",
                    shown(line)
                ),
            )),
            State::Sequence => Ok(()),
            State::Header | State::Features => {
                let indent = line.len() - line.trim_start_matches(' ').len();
                let quoted = self.open.as_ref().is_some_and(|open| open.quoted);
                if line.is_empty() {
                    return Ok(());
                }
                if indent == 0 {
                    if quoted {
                        self.close_qualifier(true)?;
                    }
                    return self.keyword(at, line);
                }
                if self.state == State::Features {
                    self.feature_line(at, indent, line.trim_start())
                } else {
                    self.header_line(at, indent, line);
                    Ok(())
                }
            }
        }
    }

    /// A line that begins in the first column.
    fn keyword(&mut self, at: usize, line: &str) -> Result<(), Error> {
        self.close_qualifier(true)?;
        self.close_value();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let fine = word.len() <= 12 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if !fine {
            return Err(self.fail(at, format!("`{}` is no keyword of a GenBank record", shown(word))));
        }
        self.state = match word {
            "FEATURES" => State::Features,
            "ORIGIN" | "CONTIG" => State::Sequence,
            _ => State::Header,
        };
        self.start_value(word, rest, at);
        Ok(())
    }

    /// `  ORGANISM  Escherichia coli`, or the next line of a value.
    fn header_line(&mut self, at: usize, indent: usize, line: &str) {
        let rest = line.trim_start();
        let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let sub = indent <= 4 && word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        if sub
            && [
                "ORGANISM", "AUTHORS", "CONSRTM", "TITLE", "JOURNAL", "PUBMED", "MEDLINE", "REMARK",
            ]
            .contains(&word)
        {
            self.close_value();
            self.start_value(word, value, at);
        } else if self.value.len() < super::MAX_TEXT {
            // The first line after a species' name begins its taxonomy.
            self.value.push('\n');
            self.value.push_str(rest);
        }
    }

    fn feature_line(&mut self, at: usize, indent: usize, rest: &str) -> Result<(), Error> {
        if let Some(open) = &mut self.open
            && open.quoted
        {
            if open.value.len() < super::MAX_TEXT {
                open.value.push(' ');
                open.value.push_str(rest);
            }
            open.quoted = !closes(rest);
            return Ok(());
        }
        self.close_qualifier(false)?;
        if let Some(qualifier) = rest.strip_prefix('/') {
            if self.features == 0 {
                return Err(self.fail(at, "a qualifier stands before any feature"));
            }
            let (name, value) = qualifier.split_once('=').unwrap_or((qualifier, ""));
            let fine = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            if !fine {
                return Err(self.fail(at, format!("`/{}` is no qualifier", shown(qualifier))));
            }
            let (value, quoted) = match value.strip_prefix('"') {
                Some(inner) => (inner, !closes(inner)),
                None => (value, false),
            };
            self.open = Some(Qualifier {
                name: name.to_owned(),
                value: value.to_owned(),
                line: at,
                quoted,
            });
        } else if indent <= 8 {
            self.features += 1;
        }
        Ok(())
    }

    fn close_qualifier(&mut self, ends: bool) -> Result<(), Error> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        if open.quoted && ends {
            return Err(self.fail(
                open.line,
                format!("the quote of `/{}` is never closed", open.name),
            ));
        }
        let value = open.value.trim_end();
        let value = tidy(&value.strip_suffix('"').unwrap_or(value).replace("\"\"", "\""));
        let name = open.name.as_str();
        if value.is_empty() {
            return Ok(());
        }
        if NAMES.contains(&name) {
            // Vector NTI writes a backslash where a label has a space.
            self.document.technical.push(value.replace('\\', " "));
        } else if SENTENCES.contains(&name) {
            // Design tools keep colours and bookkeeping in notes.
            if !value.starts_with("color:") && !value.starts_with('#') {
                self.document.references.extend(ids_in(&value));
                self.sentences.push(value);
            }
        } else if PLACES.contains(&name) {
            self.document.bridge.push(value.clone());
            self.sentences.push(value);
        } else if name == "db_xref"
            && let Some(pmid) = value.strip_prefix("PMID:").and_then(clean_pmid)
        {
            self.document.references.push(format!("pmid:{pmid}"));
        }
        Ok(())
    }

    fn start_value(&mut self, keyword: &str, value: &str, at: usize) {
        keyword.clone_into(&mut self.keyword);
        value.trim().clone_into(&mut self.value);
        self.value_line = at;
    }

    /// The value of a keyword is complete.
    fn close_value(&mut self) {
        let raw = std::mem::take(&mut self.value);
        let keyword = std::mem::take(&mut self.keyword);
        let value = tidy(&raw);
        let value = value.trim_end_matches('.');
        if value.is_empty() || value == "." {
            return;
        }
        match keyword.as_str() {
            "DEFINITION" => self.definitions.push(value.to_owned()),
            "KEYWORDS" => {
                let words = value.split(';').map(str::trim).filter(|word| word.len() < 100);
                self.document.technical.extend(words.map(str::to_owned));
            }
            "SOURCE" => self.sentences.push(value.to_owned()),
            "ORGANISM" => {
                let (name, taxonomy) = raw.split_once('\n').unwrap_or((&raw, ""));
                self.document.bridge.push(tidy(name));
                self.sentences.push(format!(
                    "{} ({})",
                    tidy(name),
                    tidy(taxonomy).trim_end_matches('.')
                ));
            }
            "TITLE" if value != "Direct Submission" => self.sentences.push(value.to_owned()),
            // Bookkeeping of Vector NTI.
            "COMMENT"
                if value.starts_with("This file is ") || (value.contains('|') && !value.contains(' ')) => {}
            "COMMENT" => {
                self.document.references.extend(ids_in(value));
                self.sentences.push(value.to_owned());
            }
            "JOURNAL" | "REMARK" => self.document.references.extend(ids_in(value)),
            "PUBMED" => {
                if let Some(pmid) = clean_pmid(value) {
                    self.document.references.push(format!("pmid:{pmid}"));
                }
            }
            _ => {}
        }
    }

    fn end(mut self, last: usize) -> Result<QueryDocument, Error> {
        self.close_qualifier(true)?;
        self.close_value();
        if self.records == 0 {
            return Err(self.fail(last.max(1), "there is no record in it: none begins with `LOCUS`"));
        }
        let mut document = self.document;
        match self.state {
            State::Header => {
                return Err(malformed(
                    self.file,
                    format!("line {last}"),
                    "the file ends in the head of a record",
                    Some("it was cut off: export or download it again"),
                ));
            }
            State::Features | State::Sequence => document
                .notes
                .push("the last record does not end with `//`; the file may be cut off".into()),
            State::Outside => {}
        }
        let locus = document.technical.first().filter(|_| self.definitions.is_empty());
        document.title = self.definitions.first().or(locus).cloned().unwrap_or_default();
        let mut lines: Vec<String> = self.definitions.into_iter().skip(1).collect();
        lines.extend(self.sentences);
        let mut text = super::once(lines).join(".\n");
        if !document.technical.is_empty() {
            let names = super::once(document.technical.clone()).join(", ");
            text = format!("{text}.\n{names}.");
        }
        document.text = text;
        document.technical.retain(|name| name.len() <= 200);
        let cited = super::once(document.references.clone()).len();
        document.what = format!(
            "GenBank file: {}, {}, {} with an id",
            number(self.records, "record"),
            number(self.features, "feature"),
            number(cited, "reference"),
        );
        Ok(document)
    }
}

/// Whether a quote ends in a line: an odd number of quotes at its end, since two stand for one inside.
fn closes(line: &str) -> bool {
    let line = line.trim_end();
    (line.len() - line.trim_end_matches('"').len()) % 2 == 1
}

fn shown(text: &str) -> String {
    text.chars().take(30).collect()
}

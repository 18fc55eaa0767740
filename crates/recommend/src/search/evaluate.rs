//! Which documents match a query, and which of its words are scored.

use std::collections::{BTreeMap, BTreeSet};

use counterpoise_base::nearest_name;
use tantivy::Term;
use tantivy::query::{PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

use super::Numbers;
use super::parse::{How, Leaf, Node, Test, TextField};
use crate::library::{Library, NameColumn};
use crate::rank::QueryTerm;
use crate::text::{fold, is_stop_word, stem};
use crate::{Error, Kind};

/// Words of one beginning or one near spelling that are scored; all of them are looked for.
const MOST_SCORED: usize = 64;

/// A query, asked.
pub(crate) struct Asked {
    pub(crate) matches: Numbers,
    pub(crate) terms: Vec<QueryTerm>,
    pub(crate) notes: Vec<String>,
}

pub(crate) fn evaluate(library: &Library, node: &Node) -> Result<Asked, Error> {
    let mut asked = Asked {
        matches: Numbers::none(0),
        terms: Vec::new(),
        notes: Vec::new(),
    };
    asked.matches = matches(library, node, true, &mut asked)?;
    Ok(asked)
}

fn matches(library: &Library, node: &Node, wanted: bool, asked: &mut Asked) -> Result<Numbers, Error> {
    Ok(match node {
        Node::All(parts) => {
            let mut all = everything(library);
            for part in parts {
                all.and(&matches(library, part, wanted, asked)?);
            }
            all
        }
        Node::Any(parts) => {
            let mut any = Numbers::none(library.manifest.records);
            for part in parts {
                any.or(&matches(library, part, wanted, asked)?);
            }
            any
        }
        Node::Not(part) => {
            let mut not = matches(library, part, !wanted, asked)?;
            not.not();
            not.and(&everything(library));
            not
        }
        Node::Words(leaf) => {
            let found = of_words(library, leaf, wanted, asked)?;
            if let (0, Some(field)) = (found.count(), leaf.field) {
                let has = fields(library, Some(field)).into_iter();
                let filled = has
                    .map(|field| library.has_words(field))
                    .sum::<Result<usize, Error>>()?;
                if filled == 0 {
                    asked.note(format!("no document of this library has {}", shown(field)));
                }
            }
            found
        }
        Node::Test(test) => {
            let found = of_test(library, test)?;
            if found.count() == 0
                && let Some(why) = unfilled(library, test)
            {
                asked.note(why);
            }
            found
        }
    })
}

impl Asked {
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// What a field of words is called in a sentence.
fn shown(field: TextField) -> &'static str {
    match field {
        TextField::Title => "a title",
        TextField::Abstract => "an abstract",
        TextField::Keywords => "keywords",
        TextField::Mesh => "subject headings",
        TextField::Venue => "a journal",
        TextField::Author => "authors",
    }
}

/// Why nothing can pass a test, if no document says what it asks for.
fn unfilled(library: &Library, test: &Test) -> Option<String> {
    let none = |says: &dyn Fn(&crate::library::Row) -> bool| !library.rows.iter().any(|(_, row)| says(row));
    let what = match test {
        Test::Year(_) if none(&|row| row.year().is_some()) => "a year",
        Test::Kind(_) if none(&|row| Kind::ALL[usize::from(row.kind)] != Kind::Unknown) => "a type",
        Test::OpenAccess(true) if none(&crate::library::Row::open_access) => "open access said of it",
        Test::Language(_) if library.rows.names(NameColumn::Language).is_empty() => "a language",
        Test::Source(_) if library.rows.names(NameColumn::Source).is_empty() => "a source",
        Test::Retracted(true) => return Some("no document of this library was retracted".into()),
        Test::Id(id) => return Some(format!("no document of this library has the id `{id}`")),
        Test::Aspect(name) => {
            return Some(format!(
                "no document of this library is about the aspect `{name}`"
            ));
        }
        _ => return None,
    };
    Some(format!("no document of this library has {what}"))
}

impl Library {
    /// 1 if some document has a word in a field, else 0.
    fn has_words(&self, field: Field) -> Result<usize, Error> {
        for segment in self.searcher.segment_readers() {
            let words = segment
                .inverted_index(field)
                .map_err(|error| self.failed(&error))?;
            if words.terms().num_terms() > 0 {
                return Ok(1);
            }
        }
        Ok(0)
    }
}

fn everything(library: &Library) -> Numbers {
    let mut all = Numbers::none(library.manifest.records);
    all.not();
    all
}

fn of_words(library: &Library, leaf: &Leaf, wanted: bool, asked: &mut Asked) -> Result<Numbers, Error> {
    let mut words = Vec::new();
    fold(&leaf.text, |word| words.push(word.text));
    let anywhere = leaf.field.is_none();
    // Words of a title are among those of the whole text, so that they rank as well.
    let scored = wanted && !of_names(leaf.field);
    let fields = fields(library, leaf.field);
    let spellings = match leaf.how {
        How::Phrase(slop) => {
            let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
            if scored {
                for (word, stem) in words.iter().zip(&stems) {
                    score(library, asked, stem, word)?;
                }
            }
            if let [only] = stems.as_slice() {
                if anywhere && is_stop_word(&words[0]) {
                    asked
                        .notes
                        .push(format!("`{}` is too common a word to ask for", words[0]));
                    return Ok(everything(library));
                }
                return any_term(library, &fields, std::slice::from_ref(only));
            }
            let mut found = Numbers::none(library.manifest.records);
            for field in fields {
                let terms = stems
                    .iter()
                    .map(|stem| Term::from_field_text(field, stem))
                    .collect();
                let mut phrase = PhraseQuery::new(terms);
                phrase.set_slop(slop);
                found.or(&numbers(library, &phrase)?);
            }
            return Ok(found);
        }
        How::Prefix => Spellings::beginning(library, leaf.field, &words[0])?,
        How::Fuzzy(distance) => Spellings::near(library, leaf.field, &words[0], distance)?,
    };
    let all = spellings.words.len();
    let shown: Vec<String> = spellings
        .words
        .iter()
        .take(8)
        .map(|(word, _)| format!("`{word}`"))
        .collect();
    let shown = shown.join(", ");
    asked.notes.push(match all {
        0 => format!("`{}` stands for no word of this library", leaf.text),
        _ if all > 8 => format!("`{}` stands for {shown} and {} more", leaf.text, all - 8),
        _ => format!("`{}` stands for {shown}", leaf.text),
    });
    if scored {
        for (word, stem) in spellings.words.iter().take(MOST_SCORED) {
            score(library, asked, stem, word)?;
        }
    }
    let mut found = any_term(library, &fields, &spellings.stems())?;
    if !of_names(leaf.field) {
        // A stem is of other words as well.
        let forms: Vec<String> = spellings.words.iter().map(|(form, _)| form.clone()).collect();
        found.and(&any_term(library, &[library.fields.forms], &forms)?);
    }
    Ok(found)
}

/// Adds a word to those that are scored.
fn score(library: &Library, asked: &mut Asked, stem: &str, word: &str) -> Result<(), Error> {
    if is_stop_word(word) || asked.terms.iter().any(|term| term.term == stem) {
        return Ok(());
    }
    let documents = library.documents_with(stem)?;
    if documents > 0 {
        asked.terms.push(QueryTerm {
            term: stem.into(),
            word: word.into(),
            weight: 1.0,
            documents,
        });
    }
    Ok(())
}

fn fields(library: &Library, field: Option<TextField>) -> Vec<Field> {
    let fields = library.fields;
    match field {
        None => vec![fields.title, fields.abstract_text, fields.keywords, fields.mesh],
        Some(TextField::Title) => vec![fields.title],
        Some(TextField::Abstract) => vec![fields.abstract_text],
        Some(TextField::Keywords) => vec![fields.keywords],
        Some(TextField::Mesh) => vec![fields.mesh],
        Some(TextField::Venue) => vec![fields.venue],
        Some(TextField::Author) => vec![fields.author],
    }
}

fn any_term(library: &Library, fields: &[Field], stems: &[String]) -> Result<Numbers, Error> {
    let mut found = Numbers::none(library.manifest.records);
    for field in fields {
        for stem in stems {
            let query = TermQuery::new(Term::from_field_text(*field, stem), IndexRecordOption::Basic);
            found.or(&numbers(library, &query)?);
        }
    }
    Ok(found)
}

fn numbers(library: &Library, query: &dyn Query) -> Result<Numbers, Error> {
    let mut found = Numbers::none(library.manifest.records);
    for number in library.matching(query)? {
        found.insert(number);
    }
    Ok(found)
}

/// What a beginning or a near spelling stands for.
struct Spellings {
    /// Words and their stems, the commonest first.
    words: Vec<(String, String)>,
}

impl Spellings {
    /// Words that begin as one does.
    fn beginning(library: &Library, field: Option<TextField>, word: &str) -> Result<Self, Error> {
        if of_names(field) {
            let stem = stem(word);
            return Self::such(
                library,
                field,
                |name| name.starts_with(word) || name == stem,
                None,
            );
        }
        Self::such(library, field, |form| form.starts_with(word), Some(word))
    }

    /// Words that differ from one in a few letters.
    fn near(library: &Library, field: Option<TextField>, word: &str, distance: u8) -> Result<Self, Error> {
        if of_names(field) {
            let stem = stem(word);
            let fits = |name: &str| within(name, word, distance) || within(name, &stem, distance);
            return Self::such(library, field, fits, None);
        }
        Self::such(library, field, |form| within(form, word, distance), None)
    }

    fn such(
        library: &Library,
        field: Option<TextField>,
        fits: impl Fn(&str) -> bool,
        begins: Option<&str>,
    ) -> Result<Self, Error> {
        let names = of_names(field);
        let looked = if names {
            fields(library, field)
        } else {
            vec![library.fields.forms]
        };
        let mut counts = BTreeMap::<String, u64>::new();
        for segment in library.searcher.segment_readers() {
            for field in &looked {
                let words = segment
                    .inverted_index(*field)
                    .map_err(|error| library.failed(&error))?;
                let mut range = words.terms().range();
                if let Some(begins) = begins {
                    range = range.ge(begins.as_bytes());
                    if let Some(after) = after(begins) {
                        range = range.lt(after);
                    }
                }
                let failed = |error: std::io::Error| library.failed(&error.into());
                let mut stream = range.into_stream().map_err(failed)?;
                while stream.advance() {
                    if let Ok(form) = std::str::from_utf8(stream.key())
                        && fits(form)
                    {
                        *counts.entry(form.to_owned()).or_default() += u64::from(stream.value().doc_freq);
                    }
                }
            }
        }
        let mut all: Vec<(String, u64)> = counts.into_iter().collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let stemmed = |form: String| {
            let stem = if names { form.clone() } else { stem(&form) };
            (form, stem)
        };
        Ok(Self {
            words: all.into_iter().map(|(form, _)| stemmed(form)).collect(),
        })
    }

    fn stems(&self) -> Vec<String> {
        let stems: BTreeSet<&String> = self.words.iter().map(|(_, stem)| stem).collect();
        stems.into_iter().cloned().collect()
    }
}

/// Whether a field holds names, whose forms are not kept beside their stems.
fn of_names(field: Option<TextField>) -> bool {
    matches!(field, Some(TextField::Venue | TextField::Author))
}

/// The first bytes after all words that begin so.
fn after(begin: &str) -> Option<Vec<u8>> {
    let mut bytes = begin.as_bytes().to_vec();
    while let Some(last) = bytes.pop() {
        if last < u8::MAX {
            bytes.push(last + 1);
            return Some(bytes);
        }
    }
    None
}

/// Whether two words differ in so many letters or fewer, neighbours that changed places being one.
fn within(a: &str, b: &str, distance: u8) -> bool {
    let gap = a.len().abs_diff(b.len());
    gap <= usize::from(distance) * 4 && strsim::osa_distance(a, b) <= usize::from(distance)
}

fn of_test(library: &Library, test: &Test) -> Result<Numbers, Error> {
    let mut found = Numbers::none(library.manifest.records);
    let mut all = |fits: &dyn Fn(&crate::library::Row) -> bool| {
        for (number, row) in library.rows.iter() {
            if fits(row) {
                found.insert(number);
            }
        }
    };
    match test {
        Test::Id(id) => {
            if let Some(number) = library.find_any(id)? {
                found.insert(number);
            }
        }
        Test::Number(number) => found.insert(*number),
        Test::Year(years) => all(&|row| row.year().is_some_and(|year| years.contains(&year))),
        Test::Kind(kind) => all(&|row| Kind::ALL[usize::from(row.kind)] == *kind),
        Test::OpenAccess(wanted) => all(&|row| row.open_access() == *wanted),
        Test::Retracted(wanted) => all(&|row| row.retracted() == *wanted),
        Test::Elsi(least) => {
            let least = crate::library::Row::least_logit(*least);
            all(&|row| row.elsi >= least);
        }
        Test::Aspect(name) => {
            let names = library.aspect_names();
            let Some(place) = names.iter().position(|known| known == name) else {
                let near = nearest_name(name, names.iter().map(String::as_str));
                return Err(Error::Query {
                    query: format!("aspect:{name}"),
                    at: 0,
                    problem: format!("there is no aspect `{name}`"),
                    hint: Some(match near {
                        Some(near) => format!("did you mean `aspect:{near}`?"),
                        None => format!("there are {}", names.join(", ")),
                    }),
                });
            };
            all(&|row| row.aspects & (1 << place) != 0);
        }
        Test::Language(name) => return Ok(named(library, NameColumn::Language, name)),
        Test::Source(name) => return Ok(named(library, NameColumn::Source, name)),
    }
    Ok(found)
}

/// Documents with a name in a column.
pub(crate) fn named(library: &Library, column: NameColumn, name: &str) -> Numbers {
    let mut found = Numbers::none(library.manifest.records);
    let having = library.rows.names(column).having(name);
    having.for_each(|number| found.insert(number));
    found
}

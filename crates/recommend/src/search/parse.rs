//! The language of queries.
//!
//! ```text
//! gene drive                    both words, anywhere
//! "gene drive"                  side by side; "gene drive"~2 with up to two words between
//! ethic* AND (yeast OR NOT coli)
//! home-brew*                    home and brew*, anywhere
//! governence~                   spelt nearly so
//! title:(safety OR security) type:(review OR report)
//! id:10.1000/182 id:PMC12        ids in any spelling, or a key of one's own
//! title:safety author:church year:2015..2020 year:>=2018 type:review open-access:yes aspect:release
//! ```

use std::ops::RangeInclusive;

use counterpoise_base::nearest_name;

use crate::{Error, Kind};

/// Groups inside of groups.
const DEEPEST: usize = 40;
/// Words and tests in one query.
const MOST_LEAVES: usize = 256;

/// A query, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Words(Leaf),
    Test(Test),
}

/// Words that have to be found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// `None` for anywhere.
    pub(crate) field: Option<TextField>,
    pub(crate) text: String,
    pub(crate) how: How,
}

/// How words are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The words side by side, with so many others between.
    Phrase(u32),
    /// Words that begin so.
    Prefix,
    /// Words that differ in so many letters.
    Fuzzy(u8),
}

/// A field of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextField {
    Title,
    Abstract,
    Keywords,
    Mesh,
    Venue,
    Author,
}

/// Something that a document is or is not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// An id with its kind in front.
    Id(String),
    /// A document that is known already.
    Number(u32),
    Year(RangeInclusive<i32>),
    Kind(Kind),
    Language(String),
    Source(String),
    OpenAccess(bool),
    Retracted(bool),
    /// Name of an aspect.
    Aspect(String),
    /// P(ELSI) of at least so much.
    Elsi(f64),
}

const FIELDS: [&str; 18] = [
    "title",
    "abstract",
    "keyword",
    "mesh",
    "venue",
    "journal",
    "author",
    "doi",
    "pmid",
    "pmcid",
    "openalex",
    "id",
    "year",
    "type",
    "language",
    "source",
    "open-access",
    "retracted",
];
const MORE_FIELDS: [&str; 2] = ["aspect", "elsi"];

/// Understands a query.
pub(crate) fn parse(query: &str) -> Result<Node, Error> {
    let mut parser = Parser {
        query,
        at: 0,
        depth: 0,
        leaves: 0,
        within: None,
    };
    parser.space();
    if parser.rest().is_empty() {
        return Err(parser.wrong(
            "there is no word here",
            Some("write a word, or a test such as `year:>=2015`"),
        ));
    }
    let node = parser.any()?;
    if parser.rest().starts_with(')') {
        return Err(parser.wrong("a `)` without its `(`", None));
    }
    Ok(node)
}

struct Parser<'a> {
    query: &'a str,
    at: usize,
    depth: usize,
    leaves: usize,
    /// The field of the group that is read, by its name in the query.
    within: Option<(&'a str, Field)>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.query[self.at..]
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, problem: impl Into<String>, hint: Option<&str>) -> Error {
        self.wrong_at(self.at, problem, hint)
    }

    fn wrong_at(&self, at: usize, problem: impl Into<String>, hint: Option<&str>) -> Error {
        Error::Query {
            query: self.query.into(),
            at,
            problem: problem.into(),
            hint: hint.map(Into::into),
        }
    }

    /// Takes a word of the language in capitals, as a word of its own.
    fn take(&mut self, word: &str) -> bool {
        let Some(after) = self.rest().strip_prefix(word) else {
            return false;
        };
        if after
            .chars()
            .next()
            .is_some_and(|sign| !sign.is_whitespace() && sign != '(')
        {
            return false;
        }
        self.at += word.len();
        self.space();
        true
    }

    fn any(&mut self) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(
                "groups inside of groups, too deep",
                Some("take some brackets away"),
            ));
        }
        let mut parts = vec![self.all()?];
        while self.take("OR") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(one_or(parts, Node::Any))
    }

    fn all(&mut self) -> Result<Node, Error> {
        let mut parts = vec![self.not()?];
        loop {
            self.space();
            let joined = self.take("AND");
            let rest = self.rest();
            let ends = rest.is_empty() || rest.starts_with(')') || is_word(rest, "OR");
            if ends && !joined {
                break;
            }
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Node::All))
    }

    fn not(&mut self) -> Result<Node, Error> {
        let mut negative = false;
        loop {
            if self.take("NOT") {
                negative = !negative;
            } else if self.rest().starts_with('-')
                && self.rest()[1..]
                    .starts_with(|sign: char| sign.is_alphanumeric() || sign == '"' || sign == '(')
            {
                self.at += 1;
                negative = !negative;
            } else {
                break;
            }
        }
        let node = self.part()?;
        Ok(if negative { Node::Not(Box::new(node)) } else { node })
    }

    fn part(&mut self) -> Result<Node, Error> {
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return Err(self.wrong(
                "something is missing here",
                Some("a word has to follow AND, OR, NOT and `(`"),
            ));
        }
        for word in ["AND", "OR"] {
            if is_word(rest, word) {
                return Err(self.wrong(
                    format!("`{word}` stands between two parts"),
                    Some("for the word itself, put it in quotes"),
                ));
            }
        }
        if rest.starts_with(')') {
            return Err(self.wrong("nothing stands before this `)`", None));
        }
        self.leaves += 1;
        self.few_leaves()?;
        if rest.starts_with('(') {
            return self.group();
        }
        let named = match field_name(rest) {
            Some(name) => {
                let field = self.field(start, name)?;
                self.at += name.len() + 1;
                if self.rest().starts_with('(') {
                    let around = self.within.replace((name, field));
                    let group = self.group();
                    self.within = around;
                    return group;
                }
                Some((name, field))
            }
            None => self.within,
        };
        match named {
            None => self.leaf(None),
            Some((_, Field::Text(field))) => self.leaf(Some(field)),
            Some((name, Field::Column)) => self.test(&name.to_lowercase(), start),
        }
    }

    fn group(&mut self) -> Result<Node, Error> {
        let start = self.at;
        self.at += 1;
        self.space();
        let node = self.any()?;
        self.space();
        if !self.rest().starts_with(')') {
            return Err(self.wrong_at(start, "this `(` is not closed", Some("add a `)`")));
        }
        self.at += 1;
        self.space();
        Ok(node)
    }

    fn field(&self, at: usize, name: &str) -> Result<Field, Error> {
        let lower = name.to_lowercase().replace('_', "-");
        Ok(match lower.as_str() {
            "title" => Field::Text(TextField::Title),
            "abstract" => Field::Text(TextField::Abstract),
            "keyword" | "keywords" => Field::Text(TextField::Keywords),
            "mesh" => Field::Text(TextField::Mesh),
            "venue" | "journal" => Field::Text(TextField::Venue),
            "author" | "authors" => Field::Text(TextField::Author),
            "doi" | "pmid" | "pmcid" | "openalex" | "id" | "year" | "type" | "kind" | "language"
            | "source" | "open-access" | "oa" | "retracted" | "aspect" | "elsi" => Field::Column,
            _ => {
                let near = nearest_name(&lower, FIELDS.into_iter().chain(MORE_FIELDS));
                let hint = match near {
                    Some(near) => {
                        format!("did you mean `{near}:`? For a text with a colon in it, use quotes")
                    }
                    None => format!(
                        "there are {}; for a text with a colon in it, use quotes",
                        FIELDS.map(|name| format!("`{name}:`")).join(", ")
                    ),
                };
                return Err(self.wrong_at(at, format!("there is no field `{name}`"), Some(&hint)));
            }
        })
    }

    fn leaf(&mut self, field: Option<TextField>) -> Result<Node, Error> {
        let start = self.at;
        if let Some(quoted) = self.rest().strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.wrong("this quote is not closed", Some("add a `\"`")));
            };
            let text = species_name(&quoted[..end]).unwrap_or_else(|| quoted[..end].to_owned());
            self.at += end + 2;
            let slop = self.number_after_tilde(0, 100)?;
            self.space();
            return self.words(
                start,
                Leaf {
                    field,
                    text,
                    how: How::Phrase(slop),
                },
            );
        }
        let mut text = self.plain();
        if let Some(word) = text.strip_prefix('*').map(|rest| rest.trim_matches('*'))
            && !word.is_empty()
        {
            return Err(self.wrong_at(
                start,
                "a `*` stands at the end of a word, not at its start",
                Some(&format!(
                    "write `{word}~` for words spelt nearly so, or the beginning of a word: `synthet*`"
                )),
            ));
        }
        // `E. coli` is one name, though nobody quotes it, and so is `e coli`.
        let letter = text.trim_end_matches('.');
        let species = self.rest().trim_start();
        let mut named = species_name(text);
        if letter.len() == 1
            && letter.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && species.len() < self.rest().len()
            && species.starts_with(|sign: char| sign.is_ascii_lowercase())
        {
            let before = self.at;
            self.space();
            let species = self.plain();
            let whole = &self.query[start..self.at];
            let single = !species.ends_with('*') && !self.rest().starts_with('~');
            named = species_name(whole).filter(|_| single);
            if named.is_some() || letter.starts_with(|sign: char| sign.is_ascii_uppercase()) {
                text = whole;
            } else {
                self.at = before;
            }
        }
        let text = named.as_deref().unwrap_or(text);
        let (text, how) = if let Some(stem) = text.strip_suffix('*') {
            (stem, How::Prefix)
        } else if self.rest().starts_with('~') {
            (text, How::Fuzzy(self.number_after_tilde(1, 2)? as u8))
        } else {
            (text, How::Phrase(0))
        };
        self.space();
        self.words(
            start,
            Leaf {
                field,
                text: text.to_owned(),
                how,
            },
        )
    }

    /// A leaf of words. `*` and `~` are of the last word: `home-brew*` is `home` and `brew*`, wherever they stand.
    fn words(&mut self, start: usize, leaf: Leaf) -> Result<Node, Error> {
        let mut words = Vec::new();
        crate::text::fold(&leaf.text, |word| words.push(word.text));
        if words.is_empty() {
            return Err(self.wrong_at(
                start,
                "there is no word here",
                Some("write a word, or take this away"),
            ));
        }
        if words.len() == 1 || matches!(leaf.how, How::Phrase(_)) {
            return Ok(Node::Words(leaf));
        }
        self.leaves += words.len() - 1;
        self.few_leaves()?;
        let last = words.len() - 1;
        let parts = words.into_iter().enumerate().map(|(place, text)| {
            let how = if place == last { leaf.how } else { How::Phrase(0) };
            Node::Words(Leaf {
                field: leaf.field,
                text,
                how,
            })
        });
        Ok(Node::All(parts.collect()))
    }

    fn few_leaves(&self) -> Result<(), Error> {
        if self.leaves <= MOST_LEAVES {
            return Ok(());
        }
        Err(self.wrong(
            format!("more than {MOST_LEAVES} parts"),
            Some("for a whole text, use `counterpoise elsi recommend`"),
        ))
    }

    /// A word up to space or a bracket.
    fn plain(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|sign: char| sign.is_whitespace() || matches!(sign, '(' | ')' | '"' | '~'))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn number_after_tilde(&mut self, default: u32, most: u32) -> Result<u32, Error> {
        let Some(after) = self.rest().strip_prefix('~') else {
            return Ok(0);
        };
        let digits = after
            .find(|sign: char| !sign.is_ascii_digit())
            .unwrap_or(after.len());
        let number = if digits == 0 {
            Some(default)
        } else {
            after[..digits].parse().ok()
        };
        match number.filter(|number| *number <= most) {
            Some(number) => {
                self.at += 1 + digits;
                Ok(number)
            }
            None => Err(self.wrong(format!("the number after `~` may be {most} at most"), None)),
        }
    }

    fn test(&mut self, name: &str, start: usize) -> Result<Node, Error> {
        let name = name.replace('_', "-");
        let quoted = self.rest().starts_with('"');
        let value = if let Some(quoted) = self.rest().strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.wrong("this quote is not closed", Some("add a `\"`")));
            };
            self.at += end + 2;
            &quoted[..end]
        } else if self.rest().starts_with('[') {
            let rest = self.rest();
            let Some(end) = rest.find(']') else {
                return Err(self.wrong("this `[` is not closed", Some("write `year:2010..2020`")));
            };
            self.at += end + 1;
            &rest[..=end]
        } else if matches!(name.as_str(), "doi" | "id") {
            // A DOI may hold brackets.
            let rest = self.rest();
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let open = rest[..end].matches('(').count();
            let mut id = &rest[..end];
            while id.ends_with(')') && id.matches(')').count() > open {
                id = &id[..id.len() - 1];
            }
            self.at += id.len();
            id
        } else {
            self.plain()
        };
        self.space();
        let wrong = |problem: String, hint: &str| Err(self.wrong_at(start, problem, Some(hint)));
        let yes_or_no = || match value.to_lowercase().as_str() {
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => None,
        };
        let id = |kind: &str, clean: Option<String>| clean.map(|id| Test::Id(format!("{kind}:{id}")));
        let test = match name.as_str() {
            "doi" => id("doi", crate::clean_doi(value)),
            "pmid" => id("pmid", crate::clean_pmid(value)),
            "pmcid" => id("pmcid", crate::clean_pmcid(value)),
            "openalex" => id("openalex", crate::clean_openalex(value)),
            "id" if !value.is_empty() => return Ok(any_id(value, quoted)),
            "year" => years(value).map(Test::Year),
            "type" | "kind" => Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == value.to_lowercase())
                .map(Test::Kind),
            "language" => (value.len() == 2).then(|| Test::Language(value.to_lowercase())),
            "source" => (!value.is_empty()).then(|| Test::Source(value.into())),
            "open-access" | "oa" => yes_or_no().map(Test::OpenAccess),
            "retracted" => yes_or_no().map(Test::Retracted),
            "aspect" => (!value.is_empty()).then(|| Test::Aspect(value.to_lowercase())),
            "id" => None,
            _ => value
                .trim_start_matches(">=")
                .parse()
                .ok()
                .filter(|least| (0.0..=1.0).contains(least))
                .map(Test::Elsi),
        };
        if let Some(test) = test {
            return Ok(Node::Test(test));
        }
        let hint = match name.as_str() {
            "doi" => "a DOI looks like `doi:10.1038/s41467-017-01498-0`",
            "pmid" => "a PubMed id is a number: `pmid:29146941`",
            "pmcid" => "it looks like `pmcid:PMC5691190`",
            "openalex" => "it looks like `openalex:W2769086206`",
            "year" => "write `year:2018`, `year:2010..2020`, `year:>=2015` or `year:<=1999`",
            "type" | "kind" => {
                "there are article, review, editorial, letter, preprint, conference, book, chapter, report, thesis, dataset, legal, other and unknown"
            }
            "language" => "two letters: `language:en`",
            "open-access" | "oa" | "retracted" => "write yes or no",
            "elsi" => "a chance between 0 and 1: `elsi:>=0.5`",
            _ => "something has to follow the colon",
        };
        wrong(format!("`{value}` is no value of `{name}:`"), hint)
    }
}

/// What `id:` asks for: an id in any spelling that [`Library::find_any`](crate::Library::find_any) knows, else a key of the user's
/// own. Numbers may be both, and so may what stands in quotes.
fn any_id(value: &str, quoted: bool) -> Node {
    let value = value.trim();
    let id = |kind: &str, id: &str| Node::Test(Test::Id(format!("{kind}:{id}")));
    if let Some(local) = value.strip_prefix("local:") {
        return id("local", local);
    }
    let digits = !value.is_empty() && value.bytes().all(|sign| sign.is_ascii_digit());
    let said_pmid = value
        .get(..4)
        .is_some_and(|front| front.eq_ignore_ascii_case("pmid"))
        || value.contains("pubmed");
    let named = |kind, clean: Option<String>| clean.map(|clean| id(kind, &clean));
    let known = named("doi", crate::clean_doi(value))
        .or_else(|| named("pmcid", crate::clean_pmcid(value)))
        .or_else(|| {
            let work = value.strip_prefix("openalex:").unwrap_or(value);
            named("openalex", crate::clean_openalex(work))
        })
        .or_else(|| named("pmid", crate::clean_pmid(value)).filter(|_| digits || said_pmid));
    match known {
        Some(known) if digits || quoted => Node::Any(vec![known, id("local", value)]),
        Some(known) => known,
        None => id("local", value),
    }
}

#[derive(Clone, Copy)]
enum Field {
    Text(TextField),
    Column,
}

/// The name before a colon that belongs to a field and not to a text such as `10:1`.
fn field_name(rest: &str) -> Option<&str> {
    let end = rest.find(|sign: char| !(sign.is_ascii_alphabetic() || sign == '-' || sign == '_'))?;
    let after = rest[end..].strip_prefix(':')?;
    let follows = after.chars().next().is_some_and(|sign| !sign.is_whitespace());
    (end > 0 && follows).then_some(&rest[..end])
}

/// `e coli` with the capital by which a species is known; `None` for all other texts.
///
/// Texts of documents need it: there, `vitamin e` is no genus.
fn species_name(text: &str) -> Option<String> {
    let first = text.chars().next().filter(char::is_ascii_lowercase)?;
    let name = format!("{}{}", first.to_ascii_uppercase(), &text[1..]);
    let mut words = Vec::new();
    crate::text::fold(&name, |word| words.push(word));
    // The letter became a genus.
    words
        .first()
        .is_some_and(|word| word.place == (0..1) && word.text.len() > 1)
        .then_some(name)
}

fn is_word(rest: &str, word: &str) -> bool {
    rest.strip_prefix(word).is_some_and(|after| {
        after.is_empty() || after.starts_with(|sign: char| sign.is_whitespace() || sign == '(')
    })
}

fn one_or(mut parts: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

/// `2018`, `2010..2020`, `2010-2020`, `2010..`, `..2020`, `>=2015`, `>2015`, `<=2015`, `<2015`, `[2010 TO 2020]`.
pub(crate) fn years(text: &str) -> Option<RangeInclusive<i32>> {
    let text = text.trim();
    let year = |text: &str| {
        text.trim()
            .parse::<i32>()
            .ok()
            .filter(|year| (0..=9999).contains(year))
    };
    let open = |text: &str, other: i32| {
        if text.trim().is_empty() {
            Some(other)
        } else {
            year(text)
        }
    };
    let range = if let Some(inner) = text.strip_prefix('[') {
        let (low, high) = inner.strip_suffix(']')?.split_once("TO")?;
        let star = |text: &str| {
            if text.trim() == "*" {
                String::new()
            } else {
                text.into()
            }
        };
        open(&star(low), 0)?..=open(&star(high), 9999)?
    } else if let Some(low) = text.strip_prefix(">=") {
        year(low)?..=9999
    } else if let Some(high) = text.strip_prefix("<=") {
        0..=year(high)?
    } else if let Some(low) = text.strip_prefix('>') {
        year(low)? + 1..=9999
    } else if let Some(high) = text.strip_prefix('<') {
        0..=year(high)? - 1
    } else if let Some((low, high)) = text.split_once("..") {
        if low.trim().is_empty() && high.trim().is_empty() {
            return None;
        }
        open(low, 0)?..=open(high, 9999)?
    } else if let Some((low, high)) = text.split_once('-') {
        year(low)?..=year(high)?
    } else {
        let year = year(text)?;
        year..=year
    };
    (range.start() <= range.end()).then_some(range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(node: &Node) -> String {
        let list = |parts: &[Node], sign: &str| {
            format!("({})", parts.iter().map(told).collect::<Vec<_>>().join(sign))
        };
        match node {
            Node::All(parts) => list(parts, " & "),
            Node::Any(parts) => list(parts, " | "),
            Node::Not(part) => format!("!{}", told(part)),
            Node::Words(leaf) => {
                let field = leaf.field.map_or(String::new(), |field| format!("{field:?}:"));
                format!(
                    "{field}{}{}",
                    leaf.text,
                    match leaf.how {
                        How::Phrase(0) => String::new(),
                        how => format!("{how:?}"),
                    }
                )
            }
            Node::Test(test) => format!("{test:?}"),
        }
    }

    #[test]
    fn queries_are_understood() {
        let check = |query: &str, wanted: &str| {
            assert_eq!(
                parse(query).map_or_else(|error| error.to_string(), |node| told(&node)),
                wanted,
                "{query}"
            );
        };
        check("gene drive", "(gene & drive)");
        check("gene AND drive OR ethics", "((gene & drive) | ethics)");
        check("gene AND (drive OR ethics)", "(gene & (drive | ethics))");
        check("yeast NOT \"E. coli\"", "(yeast & !E. coli)");
        check("yeast -coli", "(yeast & !coli)");
        check("CRISPR-Cas9", "CRISPR-Cas9");
        check("E. coli ethics", "(E. coli & ethics)");
        check("E coli", "E coli");
        check("A B", "(A & B)");
        check("e coli ethics", "(E coli & ethics)");
        check("title:e. coli", "Title:E. coli");
        check("e.coli", "E.coli");
        check("\"e coli\" \"s cerevisiae\"", "(E coli & S cerevisiae)");
        check("e coli* c elegans~", "(e & coliPrefix & c & elegansFuzzy(1))");
        check("a gene", "(a & gene)");
        check("n OR e coli", "(n | E coli)");
        check("\"gene drive\"~3", "gene drivePhrase(3)");
        check("ethic* governence~", "(ethicPrefix & governenceFuzzy(1))");
        check(
            "title:safety author:\"Church, George\"",
            "(Title:safety & Author:Church, George)",
        );
        check(
            "year:2010..2020 year:>=2015",
            "(Year(2010..=2020) & Year(2015..=9999))",
        );
        check("year:[2010 TO *]", "Year(2010..=9999)");
        check(
            "doi:10.1016/S0140-6736(20)30183-5",
            "Id(\"doi:10.1016/s0140-6736(20)30183-5\")",
        );
        check("(doi:10.1000/182)", "Id(\"doi:10.1000/182\")");
        check("home-brew*", "(home & brewPrefix)");
        check("title:gene-drve~ x", "((Title:gene & Title:drveFuzzy(1)) & x)");
        check("bio-safe*", "bio-safePrefix");
        for doi in [
            "10.1000/182",
            "doi:10.1000/182",
            "https://doi.org/10.1000/182",
            "DOI:10.1000/182",
        ] {
            check(&format!("id:{doi}"), "Id(\"doi:10.1000/182\")");
        }
        check(
            "id:PMID:0123 id:pmc12",
            "(Id(\"pmid:123\") & Id(\"pmcid:PMC12\"))",
        );
        check("id:openalex:W12 yeast", "(Id(\"openalex:W12\") & yeast)");
        check("id:123", "(Id(\"pmid:123\") | Id(\"local:123\"))");
        check("id:\"10.1/x\"", "(Id(\"doi:10.1/x\") | Id(\"local:10.1/x\"))");
        check(
            "id:smith2020 id:local:10.1/x",
            "(Id(\"local:smith2020\") & Id(\"local:10.1/x\"))",
        );
        check(
            "type:review open-access:yes elsi:0.5",
            "(Kind(Review) & OpenAccess(true) & Elsi(0.5))",
        );
        check("10:1", "10:1");
        check("ORANGE ANDES", "(ORANGE & ANDES)");
    }

    #[test]
    fn a_wrong_query_says_where_and_what_to_type() {
        let check = |query: &str, message: &str, hint: &str| {
            let error = parse(query).expect_err(query);
            assert!(error.to_string().contains(message), "{error}");
            assert!(
                error.hint().unwrap_or_default().contains(hint),
                "{:?}",
                error.hint()
            );
        };
        check("", "at its end: there is no word here", "write a word");
        check("id:\"\"", "no value of `id:`", "has to follow");
        check(
            &format!("{}a*", "a-".repeat(300)),
            "more than 256 parts",
            "recommend",
        );
        check(
            "gene AND",
            "at its end: something is missing",
            "a word has to follow",
        );
        check("OR gene", "`OR` stands between two parts", "quotes");
        check("(gene", "this `(` is not closed", "add a `)`");
        check("gene)", "a `)` without its `(`", "");
        check("\"gene", "this quote is not closed", "");
        check("titel:gene", "there is no field `titel`", "did you mean `title:`");
        check("year:soon", "`soon` is no value of `year:`", "year:2018");
        check("type:revue", "no value of `type:`", "review");
        check("***", "no word here", "");
        check("gene *ics", "at `*ics`: a `*` stands at the end", "`ics~`");
        check(
            "title:*ethic*",
            "a `*` stands at the end",
            "`ethic~` for words spelt nearly so, or the beginning of a word: `synthet*`",
        );
        check("gene~9", "may be 2 at most", "");
        check(&"(".repeat(2000), "too deep", "brackets");
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "[a-z\"():~*\\-\\[\\]. ANDORT0-9é]{0,40}") {
            let _ = parse(&query);
        }

        #[test]
        fn no_text_panics(query in "\\PC{0,40}") {
            let _ = parse(&query);
        }
    }
}

//! Turtle as SBOL tools write it; N-Triples are a part of it.
//!
//! # Source
//!
//! <https://www.w3.org/TR/turtle/>. Lists are read as blank things; relative addresses stay as they are.

use super::malformed;
use super::rdf::{MAX_PREFIXES, Object, Statement, Statements, TYPE, too_many};
use crate::Error;
use crate::sheet::line_of;

/// Brackets inside of brackets.
const MAX_DEPTH: usize = 64;

pub(super) fn read(file: &str, text: &str) -> Result<Vec<Statement>, Error> {
    let mut parser = Parser {
        file,
        text,
        at: 0,
        prefixes: Vec::new(),
        out: Statements::default(),
    };
    parser.document()?;
    Ok(parser.out.all)
}

struct Parser<'t> {
    file: &'t str,
    text: &'t str,
    at: usize,
    prefixes: Vec<(String, String)>,
    out: Statements,
}

impl Parser<'_> {
    fn fail(&self, problem: impl Into<String>) -> Error {
        malformed(
            self.file,
            self.place(),
            problem,
            Some("export it again as Turtle, N-Triples or RDF/XML"),
        )
    }

    fn place(&self) -> String {
        format!("line {}", line_of(self.text, self.at))
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes over white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let mut skipped = rest.len() - trimmed.len();
            let comment = trimmed.starts_with('#');
            if comment {
                skipped += trimmed.find('\n').unwrap_or(trimmed.len());
            }
            self.at += skipped;
            if !comment {
                return;
            }
        }
    }

    fn eat(&mut self, sign: char) -> bool {
        self.space();
        let found = self.peek() == Some(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn need(&mut self, sign: char) -> Result<(), Error> {
        if self.eat(sign) {
            return Ok(());
        }
        let met = match self.peek() {
            Some(other) => format!("`{}`", other.escape_default()),
            None => "the end of the file".into(),
        };
        Err(self.fail(format!("`{sign}` is expected, {met} stands there")))
    }

    fn document(&mut self) -> Result<(), Error> {
        loop {
            self.space();
            if self.rest().is_empty() {
                return Ok(());
            }
            if self.directive()? {
                continue;
            }
            let subject = if self.peek() == Some('[') || self.peek() == Some('(') {
                let thing = self.object(0)?;
                self.space();
                if self.eat('.') {
                    continue;
                }
                match thing {
                    Object::Iri(iri) => iri,
                    Object::Text(_) => return Err(self.fail("a statement begins with a text")),
                }
            } else {
                self.iri()?
            };
            self.predicates(&subject, 0)?;
            self.need('.')?;
        }
    }

    fn directive(&mut self) -> Result<bool, Error> {
        let word: String = self
            .rest()
            .chars()
            .take_while(|sign| sign.is_ascii_alphabetic() || *sign == '@')
            .take(10)
            .collect();
        let sparql = matches!(word.to_ascii_uppercase().as_str(), "PREFIX" | "BASE")
            && self.rest()[word.len()..].starts_with([' ', '\t']);
        if !sparql && word != "@prefix" && word != "@base" {
            return Ok(false);
        }
        self.at += word.len();
        self.space();
        if word.to_ascii_lowercase().ends_with("prefix") {
            let end = self
                .rest()
                .find(':')
                .ok_or_else(|| self.fail("a prefix has no `:`"))?;
            let name = self.rest()[..end].trim().to_owned();
            if name.contains(char::is_whitespace) || name.len() > 100 {
                return Err(self.fail("a prefix has no `:`"));
            }
            self.at += end + 1;
            self.space();
            let iri = self.iri()?;
            if self.prefixes.len() >= MAX_PREFIXES {
                return Err(self.fail(format!("it declares more than {MAX_PREFIXES} prefixes")));
            }
            self.prefixes.push((name, iri));
        } else {
            self.iri()?;
        }
        if !sparql {
            self.need('.')?;
        }
        Ok(true)
    }

    fn predicates(&mut self, subject: &str, depth: usize) -> Result<(), Error> {
        loop {
            self.space();
            let is_a = self.rest().starts_with('a')
                && self.rest()[1..]
                    .starts_with(|sign: char| sign.is_whitespace() || matches!(sign, '<' | '[' | '_'));
            let predicate = if is_a {
                self.at += 1;
                TYPE.to_owned()
            } else {
                self.iri()?
            };
            loop {
                let object = self.object(depth)?;
                if !self.out.add(subject, &predicate, object) {
                    return Err(too_many(self.file, self.place()));
                }
                if !self.eat(',') {
                    break;
                }
            }
            let mut more = false;
            while self.eat(';') {
                more = true;
            }
            self.space();
            if !more || matches!(self.peek(), Some('.' | ']') | None) {
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Object, Error> {
        if depth > MAX_DEPTH {
            return Err(self.fail(format!(
                "brackets stand in one another more than {MAX_DEPTH} deep"
            )));
        }
        self.space();
        match self.peek() {
            Some('[') => {
                self.at += 1;
                let name = self.out.blank();
                if !self.eat(']') {
                    self.predicates(&name, depth + 1)?;
                    self.need(']')?;
                }
                Ok(Object::Iri(name))
            }
            Some('(') => {
                self.at += 1;
                let name = self.out.blank();
                while !self.eat(')') {
                    let item = self.object(depth + 1)?;
                    if !self.out.add(&name, "item", item) {
                        return Err(too_many(self.file, self.place()));
                    }
                }
                Ok(Object::Iri(name))
            }
            Some(quote @ ('"' | '\'')) => self.literal(quote).map(Object::Text),
            Some(sign) if sign.is_ascii_digit() || matches!(sign, '+' | '-') => Ok(Object::Text(self.bare())),
            _ if self.rest().starts_with("true") || self.rest().starts_with("false") => {
                Ok(Object::Text(self.bare()))
            }
            _ => self.iri().map(Object::Iri),
        }
    }

    /// A number or a truth value.
    fn bare(&mut self) -> String {
        let rest = self.rest();
        let end = rest
            .find(|sign: char| sign.is_whitespace() || matches!(sign, ';' | ',' | ')' | ']'))
            .unwrap_or(rest.len());
        // The dot at the end of a statement belongs to no number.
        let word = rest[..end].trim_end_matches('.').to_owned();
        self.at += word.len().max(1);
        word
    }

    fn literal(&mut self, quote: char) -> Result<String, Error> {
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let long = self.rest().starts_with(&triple);
        self.at += if long { 3 } else { 1 };
        let begin = self.at;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(sign) = rest.chars().next() else {
                self.at = begin;
                return Err(self.fail("a quote is never closed"));
            };
            if sign == quote && (!long || rest.starts_with(&triple)) {
                self.at += if long { 3 } else { 1 };
                break;
            }
            if sign == '\n' && !long {
                return Err(self.fail("a quote is not closed in its line"));
            }
            self.at += sign.len_utf8();
            if sign != '\\' {
                out.push(sign);
                continue;
            }
            let escaped = self.escape()?;
            out.push(escaped);
        }
        // Language and type say nothing that is needed.
        if self.rest().starts_with('@') {
            let rest = self.rest();
            let end = rest[1..]
                .find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-')
                .map_or(rest.len(), |end| end + 1);
            self.at += end;
        } else if self.rest().starts_with("^^") {
            self.at += 2;
            self.iri()?;
        }
        Ok(out)
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, Error> {
        let Some(sign) = self.peek() else {
            return Err(self.fail("the file ends after a backslash"));
        };
        self.at += sign.len_utf8();
        let length = match sign {
            'n' => return Ok('\n'),
            't' => return Ok('\t'),
            'r' => return Ok('\r'),
            'b' | 'f' => return Ok(' '),
            'u' => 4,
            'U' => 8,
            other => return Ok(other),
        };
        let code = self
            .rest()
            .get(..length)
            .and_then(|code| u32::from_str_radix(code, 16).ok());
        match code.and_then(char::from_u32) {
            Some(sign) => {
                self.at += length;
                Ok(sign)
            }
            None => Err(self.fail("a number of a character is wrong")),
        }
    }

    /// An address in brackets, a name with a prefix, or a blank name.
    fn iri(&mut self) -> Result<String, Error> {
        self.space();
        let rest = self.rest();
        if let Some(inner) = rest.strip_prefix('<') {
            let end = inner
                .find(['>', '\n', ' '])
                .filter(|&end| inner[end..].starts_with('>'))
                .ok_or_else(|| self.fail("an address `<…>` is not closed"))?;
            let iri = inner[..end].to_owned();
            self.at += end + 2;
            return Ok(iri);
        }
        let end = rest
            .find(|sign: char| {
                sign.is_whitespace()
                    || matches!(
                        sign,
                        ';' | ',' | '[' | ']' | '(' | ')' | '"' | '\'' | '<' | '>' | '#'
                    )
            })
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        let Some((prefix, local)) = name.split_once(':') else {
            let met: String = rest.chars().take(30).collect();
            return Err(self.fail(format!("`{}` is no name here", met.escape_default())));
        };
        let iri = if prefix == "_" {
            name.to_owned()
        } else {
            match self.prefixes.iter().rev().find(|(known, _)| known == prefix) {
                Some((_, space)) => format!("{space}{}", local.replace('\\', "")),
                None => return Err(self.fail(format!("the prefix `{prefix}:` is not declared"))),
            }
        };
        self.at += name.len();
        Ok(iri)
    }
}

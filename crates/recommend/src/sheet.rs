//! A TOML file that people edit: what is wrong in it is told with its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Error;
use crate::phrases::Phrase;

/// The number of the form of these files.
const FORMAT: &str = "1";
/// More than any file of words has.
const MAX_BYTES: usize = 8 << 20;

/// A file and its text.
#[derive(Clone, Copy)]
pub(crate) struct Sheet<'t> {
    file: &'t str,
    text: &'t str,
}

/// A table with the words that name it in messages.
pub(crate) struct Part<'t, 'd> {
    sheet: Sheet<'t>,
    pub(crate) table: &'d DeTable<'t>,
    pub(crate) place: String,
    /// The byte where it begins.
    pub(crate) at: usize,
}

/// A value with the byte where it stands.
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
}

impl<'t> Sheet<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text }
    }

    /// The whole file as a table, after a look at its `format`.
    pub(crate) fn read(self, keys: &[&str]) -> Result<DeTable<'t>, Error> {
        if self.text.len() > MAX_BYTES {
            return Err(self.fail(0, "", "the file is larger than 8 MiB", None));
        }
        let table = DeTable::parse(self.text)
            .map_err(|error| {
                let at = error.span().map_or(0, |span| span.start);
                self.fail(at, "", &error.message().replace('\n', " "), None)
            })?
            .into_inner();
        let whole = Part {
            sheet: self,
            table: &table,
            place: String::new(),
            at: 0,
        };
        whole.only(keys)?;
        match table.get("format").map(Spanned::get_ref) {
            Some(DeValue::Integer(number)) if number.as_str() == FORMAT => {}
            Some(_) => return Err(self.fail(0, "", "its `format` is not 1, the only one known here", None)),
            None => {
                return Err(self.fail(
                    0,
                    "",
                    "it does not say its `format`",
                    Some("put `format = 1` on top"),
                ));
            }
        }
        Ok(table)
    }

    /// The whole file as a part.
    pub(crate) fn whole<'d>(self, table: &'d DeTable<'t>) -> Part<'t, 'd> {
        Part {
            sheet: self,
            table,
            place: String::new(),
            at: 0,
        }
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(self, at: usize) -> usize {
        line_of(self.text, at)
    }

    pub(crate) fn fail(self, at: usize, place: &str, problem: &str, hint: Option<&str>) -> Error {
        let comma = if place.is_empty() { "" } else { ", " };
        Error::Malformed {
            file: self.file.into(),
            place: format!("line {}{comma}{place}", self.line(at)),
            problem: problem.into(),
            hint: hint.map(Into::into),
        }
    }
}

impl<'t, 'd> Part<'t, 'd> {
    pub(crate) fn fail(&self, at: usize, problem: &str, hint: Option<&str>) -> Error {
        self.sheet.fail(at, &self.place, problem, hint)
    }

    /// Refuses keys that nobody reads.
    pub(crate) fn only(&self, keys: &[&str]) -> Result<(), Error> {
        match self
            .table
            .keys()
            .find(|key| !keys.contains(&key.get_ref().as_ref()))
        {
            None => Ok(()),
            Some(key) => {
                let known: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                Err(self.fail(
                    key.span().start,
                    &format!("`{}` means nothing here", shown(key.get_ref())),
                    Some(&format!("known are {}", known.join(", "))),
                ))
            }
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// A text that must be there.
    pub(crate) fn text(&self, key: &str) -> Result<At<String>, Error> {
        let value = self
            .get(key)
            .ok_or_else(|| self.fail(self.at, &format!("`{key}` is missing"), None))?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Ok(At {
                value: text.trim().to_owned(),
                at: value.span().start,
            }),
            Some(_) => Err(self.fail(value.span().start, &format!("`{key}` is empty"), None)),
            None => Err(self.fail(
                value.span().start,
                &format!("`{key}` is not a text in quotes"),
                None,
            )),
        }
    }

    /// A list of texts; empty if it is not there.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<At<String>>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = |at| self.fail(at, &format!("`{key}` is a list of texts: `[\"a\", \"b\"]`"), None);
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| wrong(value.span().start))?;
        list.iter()
            .map(|item| {
                let at = item.span().start;
                let text = item.get_ref().as_str().ok_or_else(|| wrong(at))?;
                Ok(At {
                    value: text.to_owned(),
                    at,
                })
            })
            .collect()
    }

    /// A list of phrases that must hold one at least.
    pub(crate) fn phrases(&self, key: &str) -> Result<Vec<At<(String, Phrase)>>, Error> {
        let list = self.texts(key)?;
        if list.is_empty() {
            return Err(self.fail(self.at, &format!("`{key}` is missing or empty"), None));
        }
        self.as_phrases(list)
    }

    /// A list of phrases that may be empty.
    pub(crate) fn some_phrases(&self, key: &str) -> Result<Vec<At<(String, Phrase)>>, Error> {
        let list = self.texts(key)?;
        self.as_phrases(list)
    }

    fn as_phrases(&self, list: Vec<At<String>>) -> Result<Vec<At<(String, Phrase)>>, Error> {
        list.into_iter()
            .map(|At { value, at }| match Phrase::parse(&value) {
                Ok(phrase) => Ok(At {
                    value: (value, phrase),
                    at,
                }),
                Err(why) => Err(self.fail(
                    at,
                    &format!("`{}` cannot be looked for: {why}", shown(&value)),
                    None,
                )),
            })
            .collect()
    }

    /// A weight above 0 and at most 1.
    pub(crate) fn weight(&self) -> Result<f64, Error> {
        let value = self
            .get("weight")
            .ok_or_else(|| self.fail(self.at, "`weight` is missing", Some("write `weight = 1.0`")))?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(weight) if weight > 0.0 && weight <= 1.0 => Ok(weight),
            Some(weight) => Err(self.fail(
                value.span().start,
                &format!("the weight {weight} is not above 0 and at most 1"),
                Some("1 is strong evidence alone, 0.5 is weak, 0.25 is very weak"),
            )),
            None => Err(self.fail(value.span().start, "`weight` is not a number", None)),
        }
    }

    /// The tables of a list `[[…]]`; none if it is not there.
    pub(crate) fn parts(&self, key: &str, place: &str) -> Result<Vec<Part<'t, 'd>>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = |at| self.fail(at, &format!("`{key}` is a list of tables: `[[{key}]]`"), None);
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| wrong(value.span().start))?;
        list.iter()
            .map(|item| {
                let at = item.span().start;
                Ok(Part {
                    sheet: self.sheet,
                    table: item.get_ref().as_table().ok_or_else(|| wrong(at))?,
                    place: place.to_owned(),
                    at,
                })
            })
            .collect()
    }

    /// A table `[…]`, if it is there.
    pub(crate) fn part(&self, key: &str) -> Result<Option<Part<'t, 'd>>, Error> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let at = value.span().start;
        let table = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.fail(at, &format!("`{key}` is a table: `[{key}]`"), None))?;
        Ok(Some(Part {
            sheet: self.sheet,
            table,
            place: format!("`{key}`"),
            at,
        }))
    }

    pub(crate) fn line(&self, at: usize) -> usize {
        self.sheet.line(at)
    }
}

/// A text of a user, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The line of a byte in a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    let boundary = |at: &usize| text.is_char_boundary(*at);
    let at = (0..=at.min(text.len())).rev().find(boundary).unwrap_or(0);
    1 + text[..at].matches('\n').count()
}

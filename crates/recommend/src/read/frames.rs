//! JSON, one record at a time: lines, a list, or the answer of a server with a list inside.

use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::draft::Collector;
use super::input::{Input, malformed};
use crate::Error;

/// The lists of records that answers of servers hold.
const LISTS: [&[&str]; 3] = [&["results"], &["resultList", "result"], &["items"]];

/// The objects of a JSON file.
pub(super) struct Frames<'a> {
    input: Input<'a>,
    /// Objects around the list that is gone through; `None` outside of a list.
    list: Option<usize>,
}

/// A state of the walk through a value.
#[derive(Default)]
struct Walk {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string, and the keys of the two outer objects.
    word: Vec<u8>,
    keys: [Vec<u8>; 2],
}

enum Step {
    More,
    /// The value ended with this byte.
    Done,
    /// A list of records begins after this byte, inside of so many objects.
    List(usize),
}

impl Walk {
    #[inline]
    fn step(&mut self, byte: u8, detect: bool) -> Step {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
                return if self.depth == 0 { Step::Done } else { Step::More };
            } else if detect && self.depth <= 2 && self.word.len() < 32 {
                self.word.push(byte);
            }
            return Step::More;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.word.clear();
            }
            b':' if detect && (1..=2).contains(&self.depth) => {
                self.keys[self.depth - 1] = std::mem::take(&mut self.word);
                if self.depth == 1 {
                    self.keys[1].clear();
                }
            }
            b'{' | b'[' => {
                if detect && byte == b'[' && self.is_list() {
                    return Step::List(self.depth);
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Step::Done;
                }
            }
            _ => {}
        }
        Step::More
    }

    fn is_list(&self) -> bool {
        LISTS.iter().any(|path| {
            path.len() == self.depth
                && path
                    .iter()
                    .zip(&self.keys)
                    .all(|(wanted, key)| wanted.as_bytes() == key)
        })
    }
}

impl<'a> Frames<'a> {
    pub(super) fn new(input: Input<'a>) -> Self {
        Self { input, list: None }
    }

    /// The next byte that is no white space, and no comma in a list. It stays in place.
    fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let in_list = self.list.is_some();
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(self.input.error(error)),
            };
            if available.is_empty() {
                return Ok(None);
            }
            let blank = |byte: u8| byte.is_ascii_whitespace() || byte == 0x1e || (in_list && byte == b',');
            let passed = available.iter().position(|&byte| !blank(byte));
            let found = passed.map(|at| available[at]);
            let count = passed.unwrap_or(available.len());
            self.input.consume(count);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Puts the next object into an emptied buffer, and says in which line it begins.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<u64>, Error> {
        loop {
            self.input.new_record();
            out.clear();
            let first = self.peek()?;
            let line = self.input.line;
            match (first, self.list) {
                (None, None) => return Ok(None),
                (None, Some(_)) => {
                    return Err(self.cut_off(line));
                }
                (Some(b']'), Some(around)) => {
                    self.input.consume(1);
                    self.list = None;
                    self.skip(around)?;
                }
                (Some(b'['), None) => {
                    self.input.consume(1);
                    self.list = Some(0);
                }
                (Some(b'{'), list) => {
                    if let Some(around) = self.value(out, list.is_none(), line)? {
                        self.list = Some(around);
                    } else {
                        return Ok(Some(line));
                    }
                }
                (Some(_), _) => {
                    return Err(self.input.malformed(
                        line,
                        "a JSON object, `{…}`, should begin here",
                        Some("name its format with `--format` if it is not JSON"),
                    ));
                }
            }
        }
    }

    fn cut_off(&self, line: u64) -> Error {
        self.input.malformed(
            line,
            "the JSON ends in the middle of a value",
            Some("it was cut off: fetch or copy it again"),
        )
    }

    /// Copies a value. Stops early, with the number of objects around, where a list of records begins.
    fn value(&mut self, out: &mut Vec<u8>, detect: bool, line: u64) -> Result<Option<usize>, Error> {
        let mut walk = Walk::default();
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(self.input.error(error)),
            };
            if available.is_empty() {
                return Err(self.cut_off(line));
            }
            let mut end = None;
            for (at, &byte) in available.iter().enumerate() {
                match walk.step(byte, detect) {
                    Step::More => {}
                    Step::Done => {
                        end = Some((at + 1, None));
                        break;
                    }
                    Step::List(around) => {
                        end = Some((at + 1, Some(around)));
                        break;
                    }
                }
            }
            let (count, list) = end.unwrap_or((available.len(), None));
            out.extend_from_slice(&available[..count]);
            self.input.consume(count);
            if end.is_some() {
                return Ok(list);
            }
        }
    }

    /// Passes over what is left of some objects.
    fn skip(&mut self, objects: usize) -> Result<(), Error> {
        if objects == 0 {
            return Ok(());
        }
        let mut walk = Walk {
            depth: objects,
            ..Walk::default()
        };
        loop {
            self.input.new_record();
            let line = self.input.line;
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(self.input.error(error)),
            };
            if available.is_empty() {
                return Err(self.cut_off(line));
            }
            let end = available
                .iter()
                .position(|&byte| matches!(walk.step(byte, false), Step::Done));
            let count = end.map_or(available.len(), |at| at + 1);
            self.input.consume(count);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Reads all objects as one type. What is JSON but not of that type is left out and listed.
    pub(super) fn each<T: DeserializeOwned>(
        mut self,
        out: &mut Collector<'_>,
        mut take: impl FnMut(T, u64, &mut Collector<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut bytes = Vec::new();
        while let Some(line) = self.next(&mut bytes)? {
            match serde_json::from_slice::<T>(&bytes) {
                Ok(value) => take(value, line, out)?,
                Err(error) if error.is_data() => {
                    let place = out.place(line);
                    out.leave_out(place, format!("it is not as its format says: {error}"));
                }
                Err(error) => {
                    let place = out.place(line + (error.line() as u64).saturating_sub(1));
                    return Err(malformed(
                        self.input.file,
                        place.to_string(),
                        format!("this is no JSON: {error}"),
                        Some("it may have been edited or cut off: fetch or copy it again"),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A text or a number as text.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// `true`, `"Y"`, `"yes"`, `1`.
pub(super) fn flag_of(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "y" | "yes" | "1" | "t" => Some(true),
        "false" | "n" | "no" | "0" | "f" => Some(false),
        _ => None,
    }
}

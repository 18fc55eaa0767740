//! JSON, one record at a time: lines, a list, or the answer of a server with a list inside.

use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::draft::Collector;
use super::input::{Input, RECODE, first_not_utf8, malformed};
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

/// What stands where a record should.
pub(super) enum Frame {
    /// An object, and the line that it begins in.
    Object(u64),
    /// Something that is none, in a line, and why.
    Broken(u64, &'static str),
}

/// How a value ended.
enum Ended {
    Whole,
    /// Inside of the list of records, with so many brackets open around it.
    InList(usize),
    Broken(&'static str),
}

const NO_TEXT_END: &str = "a text in it has no end in its line";
const NO_OBJECT: &str = "a JSON object, `{…}`, should begin here";
const NO_JSON: &str = "name its format with `--format` if it is not JSON";
const CUT_OFF: &str = "it may have been edited or cut off: fetch or copy it again";

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

    /// Puts the next object into an emptied buffer.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Frame>, Error> {
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
                (Some(b'{'), list) => match self.value(out, list.is_none(), line)? {
                    Ended::InList(around) => self.list = Some(around),
                    Ended::Whole => return Ok(Some(Frame::Object(line))),
                    Ended::Broken(why) => {
                        if why == NO_TEXT_END {
                            self.skip_line()?;
                        }
                        return Ok(Some(Frame::Broken(line, why)));
                    }
                },
                (Some(_), None) => {
                    self.skip_line()?;
                    return Ok(Some(Frame::Broken(line, NO_OBJECT)));
                }
                (Some(_), Some(_)) => {
                    self.skip_item(line)?;
                    return Ok(Some(Frame::Broken(line, NO_OBJECT)));
                }
            }
        }
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> Result<(), Error> {
        loop {
            self.input.new_record();
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(self.input.error(error)),
            };
            if available.is_empty() {
                return Ok(());
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let count = end.map_or(available.len(), |at| at + 1);
            self.input.consume(count);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Passes over an item of a list, up to the sign after it.
    fn skip_item(&mut self, line: u64) -> Result<(), Error> {
        let mut walk = Walk::default();
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) => return Err(self.input.error(error)),
            };
            if available.is_empty() {
                return Err(self.cut_off(line));
            }
            let end = available.iter().position(|&byte| {
                let ends = !walk.in_string && walk.depth == 0 && matches!(byte, b',' | b']');
                if !ends {
                    walk.step(byte, false);
                }
                ends
            });
            let count = end.unwrap_or(available.len());
            self.input.consume(count);
            if end.is_some() {
                return Ok(());
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

    /// Copies a value up to its end, or up to the list of records inside of it.
    ///
    /// Among lines of JSON a text that goes over the end of its line, or a line that begins with `{` inside of a value, show that
    /// the value lacks its end: the lines after it are not taken for parts of it.
    fn value(&mut self, out: &mut Vec<u8>, in_lines: bool, line: u64) -> Result<Ended, Error> {
        let mut walk = Walk::default();
        let mut before = 0;
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
                if in_lines && byte == b'\n' && walk.in_string {
                    end = Some((at, Ended::Broken(NO_TEXT_END)));
                    break;
                }
                if in_lines && byte == b'{' && before == b'\n' && walk.depth > 0 {
                    end = Some((at, Ended::Broken("it has no end")));
                    break;
                }
                before = byte;
                match walk.step(byte, in_lines) {
                    Step::More => {}
                    Step::Done => {
                        end = Some((at + 1, Ended::Whole));
                        break;
                    }
                    Step::List(around) => {
                        end = Some((at + 1, Ended::InList(around)));
                        break;
                    }
                }
            }
            let count = end.as_ref().map_or(available.len(), |(count, _)| *count);
            out.extend_from_slice(&available[..count]);
            self.input.consume(count);
            if let Some((_, ended)) = end {
                return Ok(ended);
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
        let mut first: Option<Error> = None;
        while let Some(frame) = self.next(&mut bytes)? {
            let (place, problem, hint) = match frame {
                Frame::Broken(line, NO_OBJECT) => (out.place(line), NO_OBJECT.to_owned(), NO_JSON),
                Frame::Broken(line, why) => (out.place(line), why.to_owned(), CUT_OFF),
                Frame::Object(line) => match serde_json::from_slice::<T>(&bytes) {
                    Ok(value) => {
                        take(value, line, out)?;
                        continue;
                    }
                    Err(error) if error.is_data() => {
                        let place = out.place(line);
                        out.leave_out(place, format!("it is not as its format says: {error}"));
                        continue;
                    }
                    Err(error) => {
                        if self.list.is_none() {
                            self.skip_line()?;
                        }
                        let line = line + (error.line() as u64).saturating_sub(1);
                        match first_not_utf8(&bytes) {
                            Some(problem) => (out.place(line), problem, RECODE),
                            None => (out.place(line), format!("this is no JSON: {error}"), CUT_OFF),
                        }
                    }
                },
            };
            out.leave_out(place, format!("{problem}; it was left out"));
            first.get_or_insert_with(|| malformed(self.input.file, place.to_string(), problem, Some(hint)));
        }
        // A file without a record that can be read is no file of records.
        match first {
            Some(error) if out.report.records == 0 => Err(error),
            _ => Ok(()),
        }
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

//! `.docx`: the paragraphs of a manuscript.
//!
//! Deleted text of tracked changes, codes of fields, footnotes and comments are left out; inserted text counts.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{QueryDocument, cannot_read, malformed, prose};
use crate::Error;

/// The part that holds the text.
const BODY: &str = "word/document.xml";
/// Bytes of that part, unpacked; a book has about 10 MB.
const MAX_BODY: u64 = 64 << 20;
const MAX_DEPTH: usize = 400;

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<QueryDocument, Error> {
    let xml = body(file, bytes)?;
    let mut paragraphs = Paragraphs::default();
    paragraphs.read(file, &xml)?;
    let mut document = QueryDocument::default();
    let title = (!paragraphs.title.is_empty()).then(|| paragraphs.title.join(" "));
    prose::fill(&mut document, paragraphs.lines, title);
    if paragraphs.deleted {
        document
            .notes
            .push("deleted text of tracked changes was left out".into());
    }
    document.what = format!("Word document: {}", prose::count(&document.text, "word"));
    Ok(document)
}

fn body(file: &str, bytes: &[u8]) -> Result<String, Error> {
    let broken = |problem: String| {
        malformed(
            file,
            format!("`{BODY}`"),
            problem,
            Some("open it in a word processor and save it again"),
        )
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| broken(format!("it cannot be unpacked: {error}")))?;
    if archive.index_for_name(BODY).is_none() {
        return Err(cannot_read(
            file,
            "an archive that is no .docx",
            "save it as .docx or .txt, or paste the text",
        ));
    }
    let part = archive
        .by_name(BODY)
        .map_err(|error| broken(format!("it cannot be unpacked: {error}")))?;
    let mut raw = Vec::new();
    part.take(MAX_BODY + 1)
        .read_to_end(&mut raw)
        .map_err(|error| broken(format!("it cannot be unpacked: {error}")))?;
    if raw.len() as u64 > MAX_BODY {
        return Err(malformed(
            file,
            format!("`{BODY}`"),
            "it unpacks to more than 64 MiB, which no manuscript has",
            Some("paste the text instead"),
        ));
    }
    String::from_utf8(raw).map_err(|_| broken("it is not UTF-8".into()))
}

#[derive(Default)]
struct Paragraphs {
    lines: Vec<String>,
    title: Vec<String>,
    /// The paragraph that is being read, its style, and those around it (text boxes stand inside of paragraphs).
    line: String,
    is_title: bool,
    around: Vec<(String, bool)>,
    deleted: bool,
}

impl Paragraphs {
    fn read(&mut self, file: &str, xml: &str) -> Result<(), Error> {
        let mut reader = Reader::from_str(xml);
        let mut depth = 0_usize;
        // The depth of the element whose content is passed over.
        let mut skipped: Option<usize> = None;
        let mut in_text = false;
        loop {
            let event = reader.read_event().map_err(|error| {
                malformed(
                    file,
                    format!("`{BODY}`, byte {}", reader.buffer_position()),
                    format!("this is not well-formed XML: {error}"),
                    Some("open it in a word processor and save it again"),
                )
            })?;
            match event {
                Event::Start(tag) => {
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(malformed(
                            file,
                            format!("`{BODY}`"),
                            "its elements are too deep",
                            None,
                        ));
                    }
                    if skipped.is_none() {
                        match tag.local_name().as_ref() {
                            // The fallback of a drawing repeats its text.
                            "del" | "moveFrom" => {
                                self.deleted = true;
                                skipped = Some(depth);
                            }
                            "Fallback" => skipped = Some(depth),
                            "t" => in_text = true,
                            "p" => self.begin(),
                            _ => self.mark(&tag),
                        }
                    }
                }
                Event::Empty(tag) if skipped.is_none() => self.mark(&tag),
                Event::End(tag) => {
                    if skipped == Some(depth) {
                        skipped = None;
                    } else if skipped.is_none() {
                        match tag.local_name().as_ref() {
                            "t" => in_text = false,
                            "p" => self.end(),
                            _ => {}
                        }
                    }
                    depth = depth.saturating_sub(1);
                }
                Event::Text(text) if in_text && skipped.is_none() => self.line.push_str(&text),
                Event::GeneralRef(reference) if in_text && skipped.is_none() => {
                    let sign = reference.resolve_char_ref().ok().flatten();
                    let sign = sign.or(match &*reference {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    });
                    self.line.extend(sign);
                }
                Event::DocType(_) => {
                    return Err(malformed(
                        file,
                        format!("`{BODY}`"),
                        "it has a DOCTYPE, which no word processor writes",
                        Some("open it in a word processor and save it again"),
                    ));
                }
                Event::Eof => {
                    if depth > 0 {
                        return Err(malformed(
                            file,
                            format!("`{BODY}`"),
                            "it ends in the middle of an element",
                            Some("it was cut off: copy it again"),
                        ));
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    fn begin(&mut self) {
        self.around.push((std::mem::take(&mut self.line), self.is_title));
        self.is_title = false;
    }

    fn end(&mut self) {
        let (line, is_title) = self.around.pop().unwrap_or_default();
        let ended = std::mem::replace(&mut self.line, line);
        let was_title = std::mem::replace(&mut self.is_title, is_title);
        if was_title {
            self.title.push(ended);
        } else {
            self.lines
                .extend(ended.split('\n').map(|line| line.trim().to_owned()));
            self.lines.push(String::new());
        }
    }

    fn mark(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "tab" => self.line.push(' '),
            "br" | "cr" => self.line.push('\n'),
            "noBreakHyphen" => self.line.push('-'),
            "pStyle" => {
                let style = tag.attributes().with_checks(false).flatten().find(|attribute| {
                    let key: &str = attribute.key.as_ref();
                    key.rsplit(':').next() == Some("val")
                });
                self.is_title = style.is_some_and(|style| style.value.eq_ignore_ascii_case("title"));
            }
            _ => {}
        }
    }
}

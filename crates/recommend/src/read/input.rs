//! Bytes of a file: unpacked, as UTF-8, counted.

use std::fmt;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use super::Format;
use super::encoding::{Encoding, Recoded};
use super::text::tidy;
use crate::Error;

/// What is looked at to tell a format.
const HEAD: usize = 64 * 1024;

/// A file that is read once, from front to back.
pub(super) struct Input<'a> {
    reader: BufReader<Box<dyn Read + 'a>>,
    /// The file as messages name it.
    pub(super) file: &'a str,
    /// The line that is read next, from 1.
    pub(super) line: u64,
    /// Bytes since the last call of [`Self::new_record`].
    since: usize,
    max_record: usize,
}

/// More bytes than the caller wants to read.
#[derive(Debug)]
struct TooLarge {
    what: &'static str,
    bytes: u64,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is larger than {} bytes", self.what, self.bytes)
    }
}

impl std::error::Error for TooLarge {}

/// Stops with an error after so many bytes, where [`Read::take`] would end as if the file were whole.
struct Limited<R> {
    inner: R,
    left: u64,
    of: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(TooLarge {
                what: "the file, unpacked,",
                bytes: self.of,
            })
        })?;
        Ok(count)
    }
}

type Raw<'a> = Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>;

/// Reads the first bytes and puts them in front again.
fn with_head<'a>(mut inner: Box<dyn Read + 'a>) -> io::Result<(Vec<u8>, Raw<'a>)> {
    let mut head = Vec::new();
    inner.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(inner)))
}

impl<'a> Input<'a> {
    /// Unpacks gz and zst by content, and sees to it that UTF-8 comes out. The second value is how the text begins.
    pub(super) fn open(
        file: &'a str,
        bytes: Box<dyn BufRead + 'a>,
        max_bytes: u64,
        max_record: usize,
    ) -> Result<(Self, Vec<u8>), Error> {
        let failed = |error| read_error(file, 1, error);
        let (head, raw) = with_head(bytes).map_err(failed)?;
        let unpacked: Box<dyn Read + 'a> = if head.starts_with(&[0x1f, 0x8b]) {
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(raw)))
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Box::new(zstd::stream::read::Decoder::with_buffer(BufReader::new(raw)).map_err(failed)?)
        } else {
            Box::new(raw)
        };
        let limited = Limited {
            inner: unpacked,
            left: max_bytes,
            of: max_bytes,
        };
        let (head, mut raw) = with_head(Box::new(limited)).map_err(failed)?;
        let of_mark = Encoding::of_mark(&head);
        let mark = match of_mark {
            Some(_) => 2,
            None if head.starts_with(b"\xef\xbb\xbf") => 3,
            None => 0,
        };
        raw.read_exact(&mut [0; 3][..mark]).map_err(failed)?;
        let head = head[mark..].to_vec();
        let encoding = match of_mark {
            Some(encoding) => Some(encoding),
            None => declared_encoding(file, &head)?,
        };
        let Some(encoding) = encoding else {
            return Ok((Self::new(file, Box::new(raw), max_record), head));
        };
        let (head, reader) = with_head(Box::new(Recoded::new(raw, encoding))).map_err(failed)?;
        Ok((Self::new(file, Box::new(reader), max_record), head))
    }

    fn new(file: &'a str, reader: Box<dyn Read + 'a>, max_record: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(256 * 1024, reader),
            file,
            line: 1,
            since: 0,
            max_record,
        }
    }

    /// A record begins here; the limit of one record counts anew.
    pub(super) fn new_record(&mut self) {
        self.since = 0;
    }

    /// Reads a line into an emptied buffer, without its end. `false` at the end of the file.
    pub(super) fn next_line(&mut self, line: &mut Vec<u8>) -> Result<bool, Error> {
        line.clear();
        let at = self.line;
        let count = self
            .read_until(b'\n', line)
            .map_err(|error| read_error(self.file, at, error))?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(count > 0)
    }

    /// What a failed read means for the user.
    pub(super) fn error(&self, error: io::Error) -> Error {
        read_error(self.file, self.line, error)
    }

    /// Something is wrong in a line.
    pub(super) fn malformed(&self, line: u64, problem: impl Into<String>, hint: Option<&str>) -> Error {
        malformed(self.file, format!("line {line}"), problem, hint)
    }

    /// A line as text.
    pub(super) fn text<'t>(&self, line: u64, bytes: &'t [u8]) -> Result<&'t str, Error> {
        std::str::from_utf8(bytes).map_err(|_| not_utf8(self.file, line, bytes))
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(into.len());
        into[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > self.max_record {
            return Err(io::Error::other(TooLarge {
                what: "one record",
                bytes: self.max_record as u64,
            }));
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let passed = &self.reader.buffer()[..count];
        self.line += lines_in(passed);
        self.since += count;
        self.reader.consume(count);
    }
}

/// An error with its place and what to do.
pub(super) fn malformed(file: &str, place: String, problem: impl Into<String>, hint: Option<&str>) -> Error {
    Error::Malformed {
        file: file.into(),
        place,
        problem: problem.into(),
        hint: hint.map(Into::into),
    }
}

/// Bytes of a line, or a part of it, that are no UTF-8.
pub(crate) fn not_utf8(file: &str, line: u64, bytes: &[u8]) -> Error {
    malformed(
        file,
        format!("line {line}"),
        first_not_utf8(bytes).unwrap_or_else(|| "these bytes are not UTF-8".into()),
        Some(RECODE),
    )
}

pub(super) const RECODE: &str =
    "convert it, if it is from an older Windows: `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`";

/// The first byte that is no UTF-8, with the text before it by which it is found again.
pub(super) fn first_not_utf8(bytes: &[u8]) -> Option<String> {
    let at = std::str::from_utf8(bytes).err()?.valid_up_to();
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let skipped = line.chars().count().saturating_sub(20);
    let near: String = line.chars().skip(skipped).collect();
    let near = match tidy(&near) {
        near if near.is_empty() => String::new(),
        near => format!(" after `{near}`"),
    };
    Some(format!("the byte 0x{:02x}{near} is not UTF-8", bytes[at]))
}

fn wrong_encoding(file: &str, name: &str) -> Error {
    let shown: String = name.chars().take(40).collect();
    malformed(
        file,
        "line 1".into(),
        format!("the text is encoded as {shown}, which is not read here"),
        Some(&format!("convert it: `iconv -f {shown} -t UTF-8 FILE > NEW`")),
    )
}

fn read_error(file: &str, line: u64, error: io::Error) -> Error {
    if let Some(large) = error.get_ref().and_then(|inner| inner.downcast_ref::<TooLarge>()) {
        return Error::TooLarge {
            file: file.into(),
            what: large.what,
            bytes: large.bytes,
        };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => malformed(
            file,
            format!("line {line}"),
            format!("it cannot be unpacked: {error}"),
            Some("it may have been cut off: fetch or copy it again"),
        ),
        // zstd reports damage so.
        io::ErrorKind::Other => malformed(
            file,
            format!("line {line}"),
            format!("it cannot be read: {error}"),
            Some("it may be damaged: fetch or copy it again"),
        ),
        _ => Error::File {
            doing: "cannot read",
            path: file.into(),
            source: error,
        },
    }
}

/// What quick-xml's reader failed with.
pub(super) fn shared_error(file: &str, line: u64, error: &io::Error) -> Error {
    let copy = match error.get_ref().and_then(|inner| inner.downcast_ref::<TooLarge>()) {
        Some(large) => io::Error::other(TooLarge {
            what: large.what,
            bytes: large.bytes,
        }),
        None => io::Error::new(error.kind(), error.to_string()),
    };
    read_error(file, line, copy)
}

/// The encoding that an XML declaration names; `None` for UTF-8.
pub(crate) fn declared_encoding(file: &str, head: &[u8]) -> Result<Option<Encoding>, Error> {
    let Some(name) = declared_name(head) else {
        return Ok(None);
    };
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => Ok(None),
        "iso-8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252" => Ok(Some(Encoding::Western)),
        _ => Err(wrong_encoding(file, &name)),
    }
}

fn declared_name(head: &[u8]) -> Option<String> {
    let line = head.strip_prefix(b"<?xml")?;
    let line = &line[..line.iter().position(|&byte| byte == b'>')?];
    let line = std::str::from_utf8(line).ok()?;
    let value = line
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
    let name = value[1..].split(quote).next()?.trim();
    let fine = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    Some(
        if fine && !name.is_empty() {
            name
        } else {
            "an unknown encoding"
        }
        .to_owned(),
    )
}

/// What a file is that holds no records by its first bytes, and what to do about it.
fn no_records(file: &str, head: &[u8]) -> Option<(&'static str, &'static str)> {
    if head.starts_with(b"%PDF") {
        return Some((
            "a PDF",
            "bring the record of that paper instead, with `counterpoise elsi fetch`, or make text of it: `pdftotext FILE.pdf - > FILE.txt`",
        ));
    }
    if is_picture(head) {
        return Some(PICTURE);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some(if is_spreadsheet(file) {
            SPREADSHEET
        } else {
            (
                "a packed document or archive",
                "save a document as text; unpack an archive first",
            )
        });
    }
    None
}

/// Whether bytes begin as a PNG, JPEG, GIF, TIFF or WebP does.
pub(crate) fn is_picture(head: &[u8]) -> bool {
    let begins: [&[u8]; 5] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"];
    begins.iter().any(|begin| head.starts_with(begin))
        || head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
}

/// Whether a packed file is a spreadsheet, by its name.
pub(crate) fn is_spreadsheet(file: &str) -> bool {
    let name = file.to_lowercase();
    [".xlsx", ".xlsm", ".ods"].iter().any(|end| name.ends_with(end))
}

pub(crate) const PICTURE: (&str, &str) = (
    "a picture",
    "give its text, or the record of the paper that it is of",
);
pub(crate) const SPREADSHEET: (&str, &str) = ("a spreadsheet", "save it as CSV");

/// The format by extension, then by content.
pub(super) fn format_of(file: &str, head: &[u8]) -> Result<Format, Error> {
    if let Some((what, hint)) = no_records(file, head) {
        return Err(Error::CannotRead {
            file: file.into(),
            what,
            hint,
        });
    }
    Format::detect(file, head).ok_or_else(|| Error::UnknownFormat { file: file.into() })
}
/// Line ends in some bytes.
#[expect(
    clippy::naive_bytecount,
    reason = "reading costs far more, and a crate for it would cost everybody"
)]
pub(crate) fn lines_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

//! Bytes with a name, a version and a checksum, as all files of this folder are.

use sha2::{Digest, Sha256};

use crate::Error;

/// Bytes of the checksum at the end.
const SUM: usize = 8;

/// What kind of file it is.
#[derive(Debug)]
pub(crate) struct Format {
    /// The first eight bytes.
    pub(crate) magic: &'static [u8; 8],
    pub(crate) version: u32,
    /// What it holds, as errors call it.
    pub(crate) holds: &'static str,
    /// What to do about one that is damaged.
    pub(crate) hint: &'static str,
}

impl Format {
    /// The beginning, to which content is added, with room for so much of it.
    pub(crate) fn begin(&self, room: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.magic.len() + 4 + room + SUM);
        bytes.extend(self.magic);
        bytes.extend(self.version.to_le_bytes());
        bytes
    }

    /// Adds the checksum.
    pub(crate) fn end(mut bytes: Vec<u8>) -> Vec<u8> {
        let sum = Sha256::digest(&bytes);
        bytes.extend(&sum[..SUM]);
        bytes
    }

    /// The content of a file that is whole and of this kind.
    pub(crate) fn open<'a>(&'a self, bytes: &'a [u8], file: &'a str) -> Result<Parts<'a>, Error> {
        let start = self.magic.len() + 4;
        if bytes.len() < start + SUM || &bytes[..self.magic.len()] != self.magic {
            return Err(self.malformed(file, &format!("holds no {}", self.holds)));
        }
        let (content, sum) = bytes.split_at(bytes.len() - SUM);
        let version = u32::from_le_bytes(content[self.magic.len()..start].try_into().expect("4 bytes"));
        if version != self.version {
            let problem = format!("has version {version}, and this program reads {}", self.version);
            return Err(self.malformed(file, &problem));
        }
        if Sha256::digest(content)[..SUM] != *sum {
            return Err(self.malformed(file, "has a wrong checksum: it was cut or changed"));
        }
        Ok(self.parts(&content[start..], file))
    }

    /// To read bytes that were unpacked.
    pub(crate) fn parts<'a>(&'a self, rest: &'a [u8], file: &'a str) -> Parts<'a> {
        Parts {
            rest,
            format: self,
            file,
        }
    }

    pub(crate) fn malformed(&self, file: &str, problem: &str) -> Error {
        Error::Malformed {
            file: file.to_owned(),
            place: "the whole".into(),
            problem: problem.to_owned(),
            hint: Some(self.hint.into()),
        }
    }
}

/// Content while it is read.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) rest: &'a [u8],
    format: &'a Format,
    file: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn malformed(&self, problem: &str) -> Error {
        self.format.malformed(self.file, problem)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.malformed("ends too soon"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A count, at most `most`.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Error> {
        let count = u32::from_le_bytes(self.take(4)?.try_into().expect("4 bytes")) as usize;
        if count > most {
            return Err(self.malformed(&format!("says {count} where {most} is the most")));
        }
        Ok(count)
    }

    /// Text after its length.
    pub(crate) fn text(&mut self) -> Result<&'a str, Error> {
        let count = self.count(u32::MAX as usize)?;
        std::str::from_utf8(self.take(count)?).map_err(|_| self.malformed("holds text that is not UTF-8"))
    }

    pub(crate) fn floats(&mut self, count: usize) -> Result<Vec<f32>, Error> {
        let bytes = self.take(count.saturating_mul(4))?.chunks_exact(4);
        let floats: Vec<f32> = bytes
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes")))
            .collect();
        if floats.iter().all(|float| float.is_finite()) {
            Ok(floats)
        } else {
            Err(self.malformed("holds a number that is not finite"))
        }
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), Error> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed("goes on behind its end"))
        }
    }
}

/// Adds a length of text, and the text.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
}

//! Bytes of files, unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Observer};
use flate2::read::MultiGzDecoder;

use super::options::Split;
use crate::Error;

const CHUNK: usize = 1 << 20;

/// The name of a path, for messages.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| shown(path), |name| name.to_string_lossy().into_owned())
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Open {
        file: shown(path),
        source,
    }
}

struct Counted<'a> {
    file: File,
    done: &'a AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// All bytes of a file, unpacked if it is packed with gzip, whatever its name.
pub(crate) fn read_whole(path: &Path, observer: &dyn Observer) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let total = file.metadata().map_or(0, |metadata| metadata.len());
    let done = AtomicU64::new(0);
    let mut counted = Counted { file, done: &done };
    let mut magic = Vec::with_capacity(2);
    (&mut counted)
        .take(2)
        .read_to_end(&mut magic)
        .map_err(|error| unreadable(path, error))?;
    if magic.is_empty() {
        return Err(Error::Empty { file: shown(path) });
    }
    let packed = is_gzip(&magic);
    let whole = io::Cursor::new(magic).chain(counted);
    let mut reader: Box<dyn Read> = if packed {
        Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, whole)))
    } else {
        Box::new(whole)
    };
    let task = format!("reading {}", shown(path));
    let mut bytes = Vec::with_capacity(if packed { 0 } else { total as usize });
    loop {
        let read = (&mut reader)
            .take(CHUNK as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(path, packed, error))?;
        let event = if read == 0 {
            Event::Finished { task: &task }
        } else {
            Event::Progress {
                task: &task,
                done: done.load(Ordering::Relaxed),
                total,
            }
        };
        if let ControlFlow::Break(()) = observer.observe(&event) {
            return Err(Error::Stopped);
        }
        if read == 0 {
            break;
        }
    }
    if bytes.is_empty() {
        return Err(Error::Empty { file: shown(path) });
    }
    Ok(bytes)
}

fn damaged(path: &Path, packed: bool, error: io::Error) -> Error {
    if packed {
        Error::Corrupt {
            file: shown(path),
            format: "gzip",
            source: error.into(),
        }
    } else {
        unreadable(path, error)
    }
}

/// Unpacks bytes if they are packed with gzip.
pub(super) fn unpacked(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if !is_gzip(bytes) {
        return Ok(bytes.to_vec());
    }
    let mut whole = Vec::new();
    match MultiGzDecoder::new(bytes).read_to_end(&mut whole) {
        Ok(_) => Ok(whole),
        Err(error) => Err(Error::Corrupt {
            file: name.into(),
            format: "gzip",
            source: error.into(),
        }),
    }
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// The first bytes of a file, unpacked; fewer if it is shorter or damaged.
pub(super) fn head(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path)?.take(1 << 12).read_to_end(&mut start)?;
    if !is_gzip(&start) {
        start.truncate(length);
        return Ok(start);
    }
    let mut unpacked = vec![0; length];
    let mut decoder = MultiGzDecoder::new(&start[..]);
    let mut filled = 0;
    while let Ok(read @ 1..) = decoder.read(&mut unpacked[filled..]) {
        filled += read;
    }
    unpacked.truncate(filled);
    Ok(unpacked)
}

/// Whether one of the words of a name is that of a part.
pub(super) fn names_part(name: &str, split: Split) -> bool {
    name.to_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| split.stems().contains(&word))
}

/// Fails for a part of what comes without parts: all of it is to train on, unless its name says what it is.
pub(super) fn whole(path: &Path, split: Split) -> Result<(), Error> {
    if split == Split::Train || names_part(&file_name(path), split) {
        return Ok(());
    }
    Err(Error::NoParts {
        file: shown(path),
        split: split.name(),
    })
}

/// Whether a name ends in an extension, in any case of letters.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

/// Orders names as people do: `img2` comes before `img10`.
pub(super) fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (first, second) = (digits(left), digits(right));
        if first > 0 && second > 0 {
            let number = |text: &str, length: usize| text[..length].trim_start_matches('0').to_owned();
            let (one, other) = (number(left, first), number(right, second));
            let order = one.len().cmp(&other.len()).then(one.cmp(&other));
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[first..], &right[second..]);
            continue;
        }
        let (mut ours, mut theirs) = (left.chars(), right.chars());
        match (ours.next(), theirs.next()) {
            // Numbers that differ in zeros at their front only, as `01` and `1`.
            (None, None) => return a.cmp(b),
            (one, other) if one != other => return one.cmp(&other),
            _ => (left, right) = (ours.as_str(), theirs.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_ordered_as_numbers() {
        let mut names = ["b", "img10.png", "img2.png", "img02.png", "a1b3", "a1b20"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["a1b3", "a1b20", "b", "img02.png", "img2.png", "img10.png"]
        );
    }
}

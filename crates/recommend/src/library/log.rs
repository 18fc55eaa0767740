//! What was ever ingested, in the order in which it came: the index can be built from it again.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zstd::stream::{read::Decoder, write::Encoder};

use super::Manifest;
use crate::{Error, Record};

/// Folder of the files.
const FOLDER: &str = "records";
const ENDING: &str = ".jsonl.zst";

#[derive(Serialize)]
struct Entry<'a> {
    number: u32,
    record: &'a Record,
}

#[derive(Deserialize)]
struct OwnedEntry {
    number: u32,
    record: Record,
}

/// Writes one file, which has its name only when it is whole.
pub(crate) struct LogWriter {
    path: PathBuf,
    out: Encoder<'static, BufWriter<NamedTempFile>>,
    line: Vec<u8>,
    /// Records written.
    pub(crate) records: u32,
}

impl LogWriter {
    /// Begins file `place` of a library.
    pub(crate) fn create(library: &Path, place: u32) -> Result<Self, Error> {
        let folder = library.join(FOLDER);
        let failed = |source| Error::write(&folder, source);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let file = super::manifest::unnamed_in(&folder).map_err(failed)?;
        let mut out = Encoder::new(BufWriter::new(file), 3).map_err(failed)?;
        // A changed letter would still be a record.
        out.include_checksum(true).map_err(failed)?;
        Ok(Self {
            path: path(library, place),
            out,
            line: Vec::new(),
            records: 0,
        })
    }

    /// Adds a record under its number.
    pub(crate) fn write(&mut self, number: u32, record: &Record) -> Result<(), Error> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, &Entry { number, record })
            .map_err(|error| Error::bug(&error))?;
        self.line.push(b'\n');
        self.records += 1;
        self.out
            .write_all(&self.line)
            .map_err(|source| Error::write(&self.path, source))
    }

    /// Ends the file, which still has no name.
    pub(crate) fn end(self) -> Result<FinishedLog, Error> {
        let Self { path, out, .. } = self;
        let failed = |source| Error::write(&path, source);
        let file = out.finish().map_err(failed)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        Ok(FinishedLog { path, file })
    }
}

/// A whole file without a name; it is gone if it is dropped.
pub(crate) struct FinishedLog {
    path: PathBuf,
    file: NamedTempFile,
}

impl FinishedLog {
    /// Reads it.
    pub(crate) fn read(&self) -> Result<LogReader, Error> {
        LogReader::open(self.file.path())
    }

    /// Its size.
    pub(crate) fn bytes(&self) -> Result<u64, Error> {
        size_of(self.file.path())
    }

    /// Gives it its name.
    pub(crate) fn keep(self) -> Result<(), Error> {
        let path = self.path;
        self.file
            .persist(&path)
            .map(|_| ())
            .map_err(|error| Error::write(&path, error.error))
    }
}

/// Reads files one after another, record by record.
pub(crate) struct LogReader {
    path: PathBuf,
    /// Those that follow, the next one last.
    left: Vec<PathBuf>,
    input: BufReader<Decoder<'static, BufReader<File>>>,
    text: String,
    line: u64,
}

impl LogReader {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::all(std::slice::from_ref(&path.to_owned()))
    }

    /// # Panics
    ///
    /// If there is no file.
    pub(crate) fn all(paths: &[PathBuf]) -> Result<Self, Error> {
        let (first, rest) = paths.split_first().expect("there is a file");
        Ok(Self {
            path: first.clone(),
            left: rest.iter().rev().cloned().collect(),
            input: unpack(first)?,
            text: String::new(),
            line: 0,
        })
    }

    /// The next record and its number.
    pub(crate) fn next(&mut self) -> Result<Option<(u32, Record)>, Error> {
        self.text.clear();
        let read = self.input.read_line(&mut self.text);
        if read.map_err(|source| self.changed(self.line + 1, source.to_string()))? == 0 {
            let Some(next) = self.left.pop() else {
                return Ok(None);
            };
            self.input = unpack(&next)?;
            self.path = next;
            self.line = 0;
            return self.next();
        }
        self.line += 1;
        let entry: OwnedEntry =
            serde_json::from_str(&self.text).map_err(|error| self.changed(self.line, error.to_string()))?;
        Ok(Some((entry.number, entry.record)))
    }

    fn changed(&self, line: u64, problem: String) -> Error {
        Error::Malformed {
            file: self.path.display().to_string(),
            place: format!("line {line}"),
            problem,
            hint: Some("this file was written by `elsi ingest` and has been changed since; restore it from a copy, or ingest into a new library".into()),
        }
    }
}

/// Bytes of a file.
pub(crate) fn size_of(path: &Path) -> Result<u64, Error> {
    let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
    Ok(found.len())
}

/// Removes what an ingest that was killed left behind. Only who holds the lock may do this.
pub(crate) fn sweep(library: &Path) {
    let entries = std::fs::read_dir(library.join(FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp")) {
        let _ = std::fs::remove_file(entry.path());
    }
}

fn unpack(path: &Path) -> Result<BufReader<Decoder<'static, BufReader<File>>>, Error> {
    let failed = |source| Error::read(path, source);
    let file = File::open(path).map_err(failed)?;
    Ok(BufReader::new(Decoder::new(file).map_err(failed)?))
}

/// Every file of a library, in order.
pub(crate) fn files(library: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = library.join(FOLDER);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(Error::read(&folder, source)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| Error::read(&folder, source))?.path();
        let named = path.file_name().and_then(|name| name.to_str());
        if named.is_some_and(|name| name.ends_with(ENDING) && !name.starts_with('.')) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What is wrong with the files of a library, as far as their sizes tell.
pub(crate) fn damages(library: &Path, manifest: &Manifest) -> Vec<String> {
    let mut damages = Vec::new();
    for (place, bytes) in (1..=manifest.logs).zip(&manifest.record_bytes) {
        // 0 is of a version that kept no sizes.
        let wanted = (*bytes > 0).then_some(*bytes);
        match std::fs::metadata(path(library, place)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                damages.push(format!("{} is missing", name(place)));
            }
            Err(error) => damages.push(format!("{} cannot be read ({error})", name(place))),
            Ok(found) => {
                if let Some(wanted) = wanted.filter(|wanted| *wanted != found.len()) {
                    damages.push(format!("{} has {} of {wanted} bytes", name(place), found.len()));
                }
            }
        }
    }
    damages
}

/// The first file whose bytes are not those that were written, by the sums inside of it. Unpacks all of them and parses nothing.
pub(crate) fn changed(library: &Path, manifest: &Manifest) -> Option<String> {
    (1..=manifest.logs).into_par_iter().find_map_first(|place| {
        let read = File::open(path(library, place))
            .and_then(Decoder::new)
            .and_then(|mut bytes| std::io::copy(&mut bytes, &mut std::io::sink()));
        let error = read.err()?;
        Some(format!("{} cannot be read ({error})", name(place)))
    })
}

/// What messages call a file.
pub(crate) fn name(place: u32) -> String {
    format!("`{FOLDER}/{place:08}{ENDING}`")
}

pub(crate) fn path(library: &Path, place: u32) -> PathBuf {
    library.join(FOLDER).join(format!("{place:08}{ENDING}"))
}

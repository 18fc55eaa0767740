use std::fs::File;
use std::io::{self, Read as _};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use bytes::Bytes;
use counterpoise_base::{Observer, Table, Warning};

use crate::error::shortened;
use crate::format::{FileKind, Format};
use crate::{Error, ReadOptions, columnar, delimited};

/// A table and what looked odd on the way.
#[derive(Debug, Clone)]
pub struct Read {
    /// The table.
    pub table: Table,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Where bytes come from; text is read twice, first to find out kinds.
pub(crate) enum Source<'a> {
    File(&'a Path),
    Bytes(Bytes),
}

/// One file to read.
pub(crate) struct Job<'a> {
    /// Name for messages.
    pub(crate) file: String,
    pub(crate) source: Source<'a>,
    pub(crate) format: Format,
    pub(crate) options: &'a ReadOptions,
    pub(crate) observer: &'a dyn Observer,
}

impl Job<'_> {
    pub(crate) fn open(&self) -> Result<Box<dyn io::Read + '_>, Error> {
        Ok(match &self.source {
            Source::File(path) => Box::new(File::open(path).map_err(|source| self.unreadable(source))?),
            Source::Bytes(bytes) => Box::new(&bytes[..]),
        })
    }

    pub(crate) fn unreadable(&self, source: io::Error) -> Error {
        Error::Open {
            file: self.file.clone(),
            source,
        }
    }

    pub(crate) fn corrupt(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Corrupt {
            file: self.file.clone(),
            format: self.format.name(),
            source: source.into(),
        }
    }

    /// Bytes of the file as it lies on disk, for progress; 0 if nobody knows.
    pub(crate) fn size(&self) -> u64 {
        match &self.source {
            Source::File(path) => path.metadata().map_or(0, |metadata| metadata.len()),
            Source::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// Reads a table; the extension decides the format, and the kinds of columns are found out from all rows.
///
/// Text files are read twice and never held as text, so memory is that of the table.
pub fn read_table(path: &Path, options: &ReadOptions, observer: &dyn Observer) -> Result<Read, Error> {
    let file = path.display().to_string();
    let open_error = |source| Error::Open {
        file: file.clone(),
        source,
    };
    let metadata = path.metadata().map_err(open_error)?;
    if metadata.is_dir() {
        let folder = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
        return Err(open_error(folder));
    }
    let format = Format::of(path)?;
    let source = if metadata.is_file() {
        Source::File(path)
    } else {
        // A pipe can be read once only.
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|mut pipe| pipe.read_to_end(&mut bytes))
            .map_err(open_error)?;
        Source::Bytes(bytes.into())
    };
    read(&Job {
        file,
        source,
        format,
        options,
        observer,
    })
}

/// Reads a table from memory; the extension of `name` decides the format.
pub fn read_bytes(name: &str, bytes: Bytes, options: &ReadOptions) -> Result<Read, Error> {
    let format = Format::of(Path::new(name))?;
    read(&Job {
        file: name.into(),
        source: Source::Bytes(bytes),
        format,
        options,
        observer: &(),
    })
}

fn read(job: &Job<'_>) -> Result<Read, Error> {
    if job.size() == 0 && matches!(job.source, Source::Bytes(_)) {
        return Err(Error::Empty {
            file: job.file.clone(),
        });
    }
    match job.format.kind {
        FileKind::Delimited { .. } => delimited::read(job),
        FileKind::Parquet => contained(job, columnar::read_parquet),
        FileKind::Arrow => contained(job, columnar::read_arrow),
    }
}

/// The readers of Arrow and Parquet panic at some damaged files, which is an error like any other.
fn contained(job: &Job<'_>, read: impl FnOnce(&Job<'_>) -> Result<Read, Error>) -> Result<Read, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(|| read(job))).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(job.corrupt(said.unwrap_or("the reader gave up")))
    })
}

/// Names that occur once; a second column of a name is renamed if asked for.
pub(crate) fn unique_names(job: &Job<'_>, names: Vec<String>) -> Result<Vec<String>, Error> {
    let mut places = std::collections::HashMap::new();
    let mut done: Vec<String> = Vec::with_capacity(names.len());
    let taken: std::collections::HashSet<String> = names.iter().cloned().collect();
    for (place, name) in names.into_iter().enumerate() {
        match places.get(&name).copied() {
            None => {
                places.insert(name.clone(), place);
                done.push(name);
            }
            Some(_) if job.options.rename_duplicates => {
                let free = |number: &usize| {
                    let renamed = format!("{name}_{number}");
                    !taken.contains(&renamed) && !places.contains_key(&renamed)
                };
                let number = (2..=usize::MAX).find(free).expect("names never run out");
                let renamed = format!("{name}_{number}");
                places.insert(renamed.clone(), place);
                done.push(renamed);
            }
            Some(first) => {
                return Err(Error::DuplicateNames {
                    file: job.file.clone(),
                    name: shortened(&name),
                    first: first + 1,
                    second: place + 1,
                });
            }
        }
    }
    Ok(done)
}

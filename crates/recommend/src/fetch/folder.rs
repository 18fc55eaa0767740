use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::date::{EVER, Span};
use super::options::Source;
use crate::Error;

/// Changes with the fields of [`FetchState`].
const FORMAT: u32 = 1;

/// A thousand million records.
const MOST_PAGES: u64 = 1_000_000;

const STATE: &str = "fetch.json";
const LOCK: &str = "fetch.lock";

/// Longer than any list of spans.
const MOST_STATE: u64 = 1 << 20;

/// How far a query has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FetchState {
    /// Number of this form.
    pub format: u32,
    /// Whose records.
    pub source: Source,
    /// The query, in the language of the source; of DOIs, how many and a hash.
    pub query: String,
    /// Where the next page begins.
    pub place: Place,
    /// Pages that are kept.
    pub pages: u64,
    /// Records in them.
    pub documents: u64,
    /// Records that the server says there are.
    pub total: Option<u64>,
    /// Whether there are no more.
    pub finished: bool,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Place {
    /// Where this mark of the server says.
    Cursor(String),
    /// Behind so many DOIs.
    Dois {
        /// DOIs that were asked for.
        done: usize,
    },
    /// In a search of PubMed within a span of days.
    Spans {
        /// Days that are left; the last span is the one at hand.
        left: Vec<Span>,
        /// Records of it that were fetched.
        start: u64,
        /// Records of it in all, once they were counted.
        count: Option<u64>,
    },
}

impl FetchState {
    pub(super) fn new(source: Source, query: String, place: Place) -> Self {
        Self {
            format: FORMAT,
            source,
            query,
            place,
            pages: 0,
            documents: 0,
            total: None,
            finished: false,
        }
    }
}

/// A page of records, as the server sent it.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// How its file ends: `json` or `xml`.
    pub extension: &'static str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// Where pages go, and what remembers how far a query has come.
pub trait PageSink {
    /// How far it has come; `None` at the start.
    fn state(&self) -> Option<&FetchState>;

    /// Keeps a page, if there is one, and then the state behind it. A page may come again with the same number, if the state
    /// behind it was lost.
    fn put(&mut self, page: Option<Page<'_>>, state: &FetchState) -> Result<(), Error>;
}

/// A folder with pages, `page-00001.json` and so on, and `fetch.json`, which says how far the query has come.
///
/// Files appear whole or not at all. One process at a time has the folder.
#[derive(Debug)]
pub struct FetchFolder {
    path: PathBuf,
    state: Option<FetchState>,
    /// Locked until this goes away.
    _lock: File,
}

impl FetchFolder {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    ///
    /// If it cannot be written to, another process has it, or its state is broken.
    pub fn open(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(|error| file("cannot write to", path, error))?;
        let name = path.join(LOCK);
        let lock = File::create(&name).map_err(|error| file("cannot write", &name, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::FolderInUse {
                    folder: path.to_owned(),
                });
            }
            // Some network drives have no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(file("cannot lock", &name, error)),
        }
        Ok(Self {
            state: read_state(&path.join(STATE))?,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Files of the pages that are kept, in order.
    pub fn pages(&self) -> Vec<PathBuf> {
        let state = self.state.as_ref();
        let pages = state.map_or(0, |state| state.pages);
        let extension = state.map_or("json", |state| state.source.extension());
        (1..=pages).map(|number| self.page(number, extension)).collect()
    }

    fn page(&self, number: u64, extension: &str) -> PathBuf {
        self.path.join(format!("page-{number:05}.{extension}"))
    }
}

impl PageSink for FetchFolder {
    fn state(&self) -> Option<&FetchState> {
        self.state.as_ref()
    }

    fn put(&mut self, page: Option<Page<'_>>, state: &FetchState) -> Result<(), Error> {
        if let Some(page) = page {
            write_whole(&self.page(page.number, page.extension), page.bytes)?;
        }
        let path = self.path.join(STATE);
        let text =
            serde_json::to_vec_pretty(state).map_err(|error| file("cannot write", &path, error.into()))?;
        write_whole(&path, &text)?;
        self.state = Some(state.clone());
        Ok(())
    }
}

fn read_state(path: &Path) -> Result<Option<FetchState>, Error> {
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file("cannot read", path, error)),
    };
    let broken = |place: String, problem: String| Error::Malformed {
        file: path.display().to_string(),
        place,
        problem,
        hint: Some("delete this file to fetch anew into its folder, or name another folder".into()),
    };
    if size > MOST_STATE {
        return Err(broken(
            "byte 0".into(),
            format!("it has {size} bytes, and is none that `fetch` wrote"),
        ));
    }
    let text = fs::read(path).map_err(|error| file("cannot read", path, error))?;
    let state: FetchState = serde_json::from_slice(&text)
        .map_err(|error| broken(format!("line {}", error.line()), error.to_string()))?;
    if state.format != FORMAT {
        return Err(broken(
            "field `format`".into(),
            format!("it is {}, and this version knows {FORMAT}", state.format),
        ));
    }
    let spans = match &state.place {
        Place::Spans { left, .. } => left.as_slice(),
        _ => &[],
    };
    let is_odd = |span: &Span| span.from > span.to || span.from < EVER.from || span.to > EVER.to;
    if spans.iter().any(is_odd) || state.pages > MOST_PAGES {
        return Err(broken(
            "one of its numbers".into(),
            "it is none that `fetch` wrote".into(),
        ));
    }
    Ok(Some(state))
}

/// Writes a file under a name of its own first, so that it appears whole.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let write = || {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|error| {
        // What is left of it helps nobody; the error that matters is the first.
        let _ = fs::remove_file(&part);
        file("cannot write", path, error)
    })
}

fn file(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

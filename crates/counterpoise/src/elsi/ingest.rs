use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning, counted};
use counterpoise_recommend::{
    ColumnMap, Error as RecommendError, Format, Ingested, Library, LibraryOptions, ReadRecords, ReadReport,
    Record, Writer, read_records,
};
use serde::Serialize;

use crate::Error;

/// A file, and how to read it.
#[derive(Debug, Clone, Default)]
pub struct RecordFile {
    /// A file, or a folder of them.
    pub path: PathBuf,
    /// What it holds; `None` finds out.
    pub format: Option<Format>,
    /// Which column holds what.
    pub columns: ColumnMap,
}

/// What an ingest came to.
#[derive(Debug, Clone, Serialize)]
pub struct IngestReport {
    /// Files that were read, with the format and the records of each.
    pub files: Vec<ReadFile>,
    /// Files of folders that could not be read, or not to their end, and all that are empty.
    pub unread: Vec<UnreadFile>,
    /// What became of the records.
    #[serde(flatten)]
    pub ingested: Ingested,
    /// What was odd.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// A file that was read.
#[derive(Debug, Clone, Serialize)]
pub struct ReadFile {
    /// The file.
    pub file: String,
    /// Its format.
    pub format: &'static str,
    /// Records that were used.
    pub records: u64,
    /// Records that could not be used.
    pub left_out: u64,
}

/// A file that is empty, or one of a folder that could not be read, or not to its end.
#[derive(Debug, Clone, Serialize)]
pub struct UnreadFile {
    /// The file.
    pub file: String,
    /// Why, and where in it.
    pub why: String,
    /// Records before that place, which were used.
    pub records: u64,
}

/// Reads files, and adds what they hold to a library, all of it or nothing.
///
/// A file that is named has to be readable. What cannot be read in a folder is told in the report, and all else there is read.
///
/// # Errors
///
/// If a file that is named cannot be read, if no record was read, if the library would be begun among other files, and those of
/// [`Writer`].
pub fn ingest(
    files: &[RecordFile],
    library: &Path,
    options: LibraryOptions,
    observer: &dyn Observer,
) -> Result<IngestReport, Error> {
    let is_new = !library.exists();
    let done = ingest_into(files, library, options, observer);
    // A library that was begun for this and holds nothing is not left behind.
    if done.is_err() && is_new && Library::open(library).is_ok_and(|begun| begun.is_empty()) {
        let _ = std::fs::remove_dir_all(library);
    }
    done
}

fn ingest_into(
    files: &[RecordFile],
    library: &Path,
    options: LibraryOptions,
    observer: &dyn Observer,
) -> Result<IngestReport, Error> {
    can_hold(library)?;
    let mut report = IngestReport {
        files: Vec::new(),
        unread: Vec::new(),
        ingested: Ingested::default(),
        warnings: Vec::new(),
    };
    // With whether it was named, and not found in a folder.
    let mut plain = Vec::new();
    for file in files {
        if !file.path.is_dir() {
            // A file that cannot be opened is told of before an hour of reading others.
            File::open(&file.path).map_err(|source| cannot_read(&file.path, source))?;
            plain.push((file.clone(), true));
            continue;
        }
        let inside = inside(&file.path)?;
        report.warnings.extend(inside.folders.iter().map(|folder| {
            Warning::new("elsi.folder-inside", not_looked_into(folder))
                .with_hint("name it beside the other one, if its files are to be read")
        }));
        for path in inside.files {
            plain.push((RecordFile { path, ..file.clone() }, false));
        }
    }
    let mut writer = Writer::open(library, options)?;
    let mut read = 0;
    let mut empty = None;
    let mut failed = None;
    for (file, named) in &plain {
        let name = file.path.display().to_string();
        let mut records = 0;
        let mut is_of_library = false;
        let done = read_file(file, &name, &mut |record| {
            read += 1;
            let added = if read % 1024 == 0 && observer.observe(&reading(read)).is_break() {
                Err(RecommendError::Stopped { task: READING })
            } else {
                writer.add(&record)
            };
            is_of_library = added.is_err();
            records += 1;
            added
        });
        let _ = observer.observe(&counterpoise_base::Event::Finished { task: READING });
        match done {
            Ok(Some(done)) => {
                report.warnings.extend(warnings(&name, &done));
                report.files.push(ReadFile {
                    file: name,
                    format: done.format.name(),
                    records: done.records,
                    left_out: done.left_out,
                });
            }
            Ok(None) => {
                let message = format!("`{name}` is empty, and was left out");
                report.warnings.push(Warning::new("elsi.empty-file", message));
                report.unread.push(UnreadFile {
                    file: name.clone(),
                    why: "it is empty".into(),
                    records: 0,
                });
                empty.get_or_insert(name);
            }
            Err(error) if !named && !is_of_library => {
                let why = with_causes(&error);
                let message = match records {
                    0 => format!("{why}; the file was left out"),
                    _ => format!(
                        "{why}; {} before it were used, and the rest of the file was left out",
                        counted(records as usize, "record")
                    ),
                };
                report.warnings.push(Warning {
                    hint: error.hint(),
                    ..Warning::new("elsi.unread-file", message)
                });
                report.unread.push(UnreadFile {
                    file: name,
                    why,
                    records,
                });
                failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = failed.filter(|_| read == 0 && report.files.is_empty() && empty.is_none()) {
        return Err(error);
    }
    if read == 0 {
        return Err(nothing_read(empty, &report).into());
    }
    report.ingested = writer.commit(observer)?;
    let conflicts = &report.ingested.conflicts;
    report.warnings.extend(
        conflicts
            .iter()
            .map(|conflict| Warning::new("elsi.conflict", conflict.clone())),
    );
    if report.ingested.possible_duplicates > 0 {
        let message = match report.ingested.possible_duplicates {
            1 => {
                "1 document has the title and the year of another one, but other ids, and stays apart".into()
            }
            many => format!(
                "{many} documents have the title and the year of another one, but other ids, and stay apart"
            ),
        };
        report
            .warnings
            .push(Warning::new("elsi.possible-duplicates", message));
    }
    Ok(report)
}

/// Why there is no record.
fn nothing_read(empty: Option<String>, report: &IngestReport) -> RecommendError {
    let problem = report.warnings.iter().find(|warning| warning.code == PROBLEM);
    match (problem, empty) {
        (Some(problem), _) => RecommendError::NothingRead {
            problem: problem.message.clone(),
        },
        (None, Some(file)) => RecommendError::EmptyFile { file },
        (None, None) => RecommendError::NothingRead {
            problem: match report.files.first() {
                Some(first) => format!("`{}` holds no record", first.file),
                None => "there is no file".into(),
            },
        },
    }
}

/// Reads a file to its end; `None` if there is nothing in it.
fn read_file(
    file: &RecordFile,
    name: &str,
    sink: &mut dyn FnMut(Record) -> Result<(), RecommendError>,
) -> Result<Option<ReadReport>, Error> {
    let failed = |source| cannot_read(&file.path, source);
    let mut input = BufReader::with_capacity(1 << 20, File::open(&file.path).map_err(failed)?);
    if input.fill_buf().map_err(failed)?.is_empty() {
        return Ok(None);
    }
    let how = ReadRecords {
        format: file.format,
        columns: file.columns.clone(),
        ..ReadRecords::default()
    };
    let source = file.path.file_name().unwrap_or_default().to_string_lossy();
    let done = read_records(name, Box::new(input), &how, &mut |mut record| {
        if record.source.is_empty() {
            record.source.push_str(&source);
        }
        sink(record)
    });
    Ok(Some(done?))
}

fn reading(done: u64) -> counterpoise_base::Event<'static> {
    counterpoise_base::Event::Progress {
        task: READING,
        done,
        total: 0,
    }
}

/// Fails if a library would be begun among files of something else.
fn can_hold(library: &Path) -> Result<(), Error> {
    let no_place = |problem: String, instead: PathBuf| {
        Err(Error::Recommend(RecommendError::NoPlace {
            place: library.into(),
            problem,
            instead,
        }))
    };
    if library.is_file() {
        return no_place("it is a file".into(), library.with_file_name("my-library"));
    }
    // What is not there yet is made, and what is closed is told of by whoever writes.
    let Ok(entries) = std::fs::read_dir(library) else {
        return Ok(());
    };
    if library.join("library.json").exists() || library.join("records").is_dir() {
        return Ok(());
    }
    let names = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let other = names
        .filter(|name| name != "lock" && !name.starts_with("index-") && !name.starts_with('.'))
        .min();
    match other {
        Some(other) => no_place(format!("it holds `{other}`"), library.join("my-library")),
        None => Ok(()),
    }
}

/// What an error and all that caused it say.
pub(crate) fn with_causes(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        let words = deeper.to_string();
        // Transparent errors repeat what was said.
        if !said.ends_with(&words) {
            said = format!("{said}: {words}");
        }
        cause = deeper.source();
    }
    said
}

pub(crate) fn not_looked_into(folder: &Path) -> String {
    format!(
        "`{}` is a folder inside of the folder, and was not looked into",
        folder.display()
    )
}

const READING: &str = "reading records";
/// What was odd in a record.
const PROBLEM: &str = "elsi.problem";

fn warnings(file: &str, done: &ReadReport) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = done
        .problems
        .iter()
        .map(|problem| Warning::new(PROBLEM, format!("`{file}`, {}: {}", problem.place, problem.what)))
        .collect();
    if done.more_problems > 0 {
        let message = format!(
            "`{file}`: {} more, which are listed nowhere",
            counted(done.more_problems as usize, "problem")
        );
        warnings.push(Warning::new("elsi.more-problems", message));
    }
    if done.left_out > 0 {
        let message = format!("`{file}`: {} left out", counted(done.left_out as usize, "record"));
        warnings.push(Warning::new("elsi.left-out", message));
    }
    if !done.deleted.is_empty() {
        let message = format!(
            "`{file}` asks to delete {}; nothing was deleted",
            counted(done.deleted.len(), "record")
        );
        warnings.push(Warning::new("elsi.deleted", message));
    }
    warnings
}

/// What a folder holds, by name, without hidden things.
pub(crate) struct Inside {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) folders: Vec<PathBuf>,
}

/// Looks into a folder.
///
/// # Errors
///
/// If it cannot be read, or holds no file.
pub(crate) fn inside(folder: &Path) -> Result<Inside, Error> {
    let mut found = Inside {
        files: Vec::new(),
        folders: Vec::new(),
    };
    let entries = std::fs::read_dir(folder).map_err(|source| cannot_read(folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| cannot_read(folder, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // `elsi fetch` keeps these beside its pages.
        let beside = matches!(&*name, "fetch.json" | "fetch.lock") || name.ends_with(".part");
        if name.starts_with('.') || beside {
            continue;
        }
        if path.is_dir() {
            found.folders.push(path);
        } else {
            found.files.push(path);
        }
    }
    if found.files.is_empty() {
        return Err(RecommendError::EmptyFolder {
            folder: folder.into(),
        }
        .into());
    }
    found.files.sort();
    found.folders.sort();
    Ok(found)
}

/// That a file cannot be read.
pub fn cannot_read(path: &Path, source: std::io::Error) -> Error {
    Error::Recommend(RecommendError::File {
        doing: "cannot read",
        path: path.into(),
        source,
    })
}

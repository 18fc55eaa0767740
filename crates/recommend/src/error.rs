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
    EmptyQuery,
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

const KEY: &str =
    "OpenAlex gives little without a key; it is free at openalex.org/settings/api: add `--api-key`";

impl Error {
    /// A stable name, by which doors choose an exit code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { doing, .. } if doing.contains("write") => "recommend.write",
            Self::File { .. } => "recommend.read",
            Self::Malformed { .. } => "recommend.malformed",
            Self::UnknownFormat { .. } => "recommend.unknown-format",
            Self::UnknownChoice { .. } => "recommend.unknown-choice",
            Self::NoEmail { .. } => "recommend.no-email",
            Self::EmptyQuery => "recommend.empty-query",
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
            Self::Malformed { hint, .. } => hint.clone(),
            Self::UnknownFormat { .. } => Some(
                "name it with `--format`: pubmed-xml, nbib, jats, europe-pmc, openalex, ris, bibtex, csl-json, csv, tsv, jsonl or text"
                    .into(),
            ),
            Self::UnknownChoice { known, .. } => Some(format!("there are: {known}")),
            Self::NoEmail { .. } => Some("add `--email you@example.org`; it is sent to that server only".into()),
            Self::EmptyQuery => Some("give a query, or `--preset synbio` or `--preset elsi`".into()),
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
            Self::Refused { .. } => {
                Some("look whether the query is in the language of this server; what came before it is kept".into())
            }
            Self::TooManyOfADay { .. } => Some("narrow the query, as by `AND english[la]`".into()),
            Self::File { .. } | Self::Stopped { .. } => None,
        }
    }
}

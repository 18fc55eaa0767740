use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::Place;
use super::presets::Preset;
use crate::{Error, clean_doi};

/// Whose records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Source {
    /// Europe PMC: `core` records in JSON.
    EuropePmc,
    /// OpenAlex: works in JSON.
    #[serde(rename = "openalex")]
    OpenAlex,
    /// PubMed, through the E-utilities of NCBI, in XML.
    Pubmed,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EuropePmc, Self::OpenAlex, Self::Pubmed];

    /// The name that flags and files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::EuropePmc => "europe-pmc",
            Self::OpenAlex => "openalex",
            Self::Pubmed => "pubmed",
        }
    }

    /// The name that people use.
    pub fn title(self) -> &'static str {
        match self {
            Self::EuropePmc => "Europe PMC",
            Self::OpenAlex => "OpenAlex",
            Self::Pubmed => "PubMed",
        }
    }

    /// How the files of its pages end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::EuropePmc | Self::OpenAlex => "json",
            Self::Pubmed => "xml",
        }
    }

    pub(super) fn task(self) -> &'static str {
        match self {
            Self::EuropePmc => "fetching from Europe PMC",
            Self::OpenAlex => "fetching from OpenAlex",
            Self::Pubmed => "fetching from PubMed",
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        named(text, "source", &Self::ALL, Self::name)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The one of several that has a name.
pub(super) fn named<T: Copy>(
    text: &str,
    what: &'static str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Error> {
    let found = all.iter().copied().find(|&one| name(one) == text);
    found.ok_or_else(|| Error::UnknownChoice {
        what,
        name: text.to_owned(),
        known: all
            .iter()
            .map(|&one| format!("`{}`", name(one)))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// A key that a server gave to its user. It is sent to that server only, and is never written or shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// From its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchQuery {
    /// A query in the language of the source.
    Text(String),
    /// A query that is kept here, for every source.
    Preset(Preset),
    /// Documents whose DOIs are known, as to complete their abstracts. OpenAlex only.
    Dois(Vec<String>),
}

/// Where the servers are. Others stand here in tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    /// What `/search` comes behind.
    pub europe_pmc: String,
    /// What `/works` comes behind.
    pub openalex: String,
    /// What `/esearch.fcgi` and `/efetch.fcgi` come behind.
    pub ncbi: String,
}

impl Default for BaseUrls {
    fn default() -> Self {
        Self {
            europe_pmc: "https://www.ebi.ac.uk/europepmc/webservices/rest".into(),
            openalex: "https://api.openalex.org".into(),
            ncbi: "https://eutils.ncbi.nlm.nih.gov/entrez/eutils".into(),
        }
    }
}

/// What to fetch, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchOptions {
    /// Whose records.
    pub source: Source,
    /// What is asked for.
    pub query: FetchQuery,
    /// Whom the people of the server can write to. It is sent with every request.
    pub email: Option<String>,
    /// A key of NCBI, which allows 10 requests a second instead of 3, or of OpenAlex, which has given little without
    /// one since February 2026.
    pub api_key: Option<ApiKey>,
    /// Stop behind the page with which there are so many records; a later call may go on.
    pub most: Option<u64>,
    /// Records per page, as far as the server allows: 1000 of Europe PMC, 100 of OpenAlex, 500 of PubMed.
    pub page_size: Option<NonZeroU32>,
    /// How often a page is asked for before it is given up.
    pub tries: NonZeroU32,
    /// Where the servers are.
    pub base_urls: BaseUrls,
    /// Records of one search that PubMed gives out; with more, it is asked for spans of dates.
    pub(super) most_of_search: u64,
}

/// DOIs in one request, of the 100 that OpenAlex takes, so that the address stays short.
pub(super) const DOIS: usize = 50;

/// A query for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Text { source: Source, text: String },
    Dois(Vec<String>),
}

impl Asked {
    /// What a state remembers it by.
    pub(super) fn identity(&self) -> String {
        match self {
            Self::Text { text, .. } => text.clone(),
            Self::Dois(dois) => {
                let mut hash = Sha256::new();
                for doi in dois {
                    hash.update(doi.as_bytes());
                    hash.update(b"\n");
                }
                let start: [u8; 8] = std::array::from_fn({
                    let hash = hash.finalize();
                    move |place| hash[place]
                });
                format!("{} DOIs, hash {:016x}", dois.len(), u64::from_be_bytes(start))
            }
        }
    }

    pub(super) fn first_place(&self) -> Place {
        match self {
            Self::Dois(_) => Place::Dois { done: 0 },
            Self::Text {
                source: Source::Pubmed,
                ..
            } => Place::Spans {
                left: vec![super::date::EVER],
                start: 0,
                count: None,
            },
            Self::Text { .. } => Place::Cursor("*".into()),
        }
    }
}

impl FetchOptions {
    /// A query of a source, with the usual options.
    pub fn new(source: Source, query: FetchQuery) -> Self {
        Self {
            source,
            query,
            email: None,
            api_key: None,
            most: None,
            page_size: None,
            tries: NonZeroU32::new(7).unwrap_or(NonZeroU32::MIN),
            base_urls: BaseUrls::default(),
            most_of_search: 9_998,
        }
    }

    /// Sets [`email`](Self::email).
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets [`api_key`](Self::api_key).
    pub fn with_api_key(mut self, key: ApiKey) -> Self {
        self.api_key = Some(key);
        self
    }

    /// Sets [`most`](Self::most).
    pub fn with_most(mut self, most: u64) -> Self {
        self.most = Some(most);
        self
    }

    /// Sets [`page_size`](Self::page_size).
    pub fn with_page_size(mut self, size: NonZeroU32) -> Self {
        self.page_size = Some(size);
        self
    }

    /// Sets [`tries`](Self::tries).
    pub fn with_tries(mut self, tries: NonZeroU32) -> Self {
        self.tries = tries;
        self
    }

    /// Sets [`base_urls`](Self::base_urls).
    pub fn with_base_urls(mut self, urls: BaseUrls) -> Self {
        self.base_urls = urls;
        self
    }

    pub(super) fn records_per_page(&self) -> u64 {
        let most = match self.source {
            Source::EuropePmc => 1000,
            Source::OpenAlex => 100,
            Source::Pubmed => 500,
        };
        self.page_size
            .map_or(most, |size| u64::from(size.get()).min(most))
    }

    pub(super) fn checked_email(&self) -> Result<&str, Error> {
        let email = self.email.as_deref().unwrap_or("").trim();
        let fine = |email: &str| {
            email
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
                && email.chars().all(|sign| sign.is_ascii_graphic())
        };
        if fine(email) {
            return Ok(email);
        }
        Err(Error::NoEmail {
            server: self.source.title(),
            given: email.to_owned(),
        })
    }

    /// The query as its source takes it, and what to know about it.
    pub(super) fn asked(&self) -> Result<(Asked, Vec<String>), Error> {
        let source = self.source;
        let text = match &self.query {
            FetchQuery::Text(text) => text.trim().to_owned(),
            FetchQuery::Preset(preset) => preset.query(source),
            FetchQuery::Dois(given) if source == Source::OpenAlex => return dois(given),
            FetchQuery::Dois(_) => {
                return Err(Error::DoisOfOther {
                    server: source.title(),
                });
            }
        };
        if text.is_empty() {
            return Err(Error::NothingAsked);
        }
        Ok((Asked::Text { source, text }, Vec::new()))
    }
}

fn dois(given: &[String]) -> Result<(Asked, Vec<String>), Error> {
    let mut notes = Vec::new();
    let mut dois = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in given {
        // In a filter of OpenAlex, these two separate.
        let doi = clean_doi(text).filter(|doi| !doi.contains([',', '|']));
        match doi {
            Some(doi) => {
                if seen.insert(doi.clone()) {
                    dois.push(doi);
                }
            }
            None => notes.push(format!(
                "OpenAlex cannot be asked for the DOI `{}`",
                super::shortened(text)
            )),
        }
    }
    if dois.is_empty() {
        return Err(Error::NothingAsked);
    }
    Ok((Asked::Dois(dois), notes))
}

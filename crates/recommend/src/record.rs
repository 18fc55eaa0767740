//! The one form that every document takes, whatever file it came from.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A document: what a bibliographic record says of it.
///
/// Absent is `None` or empty, never a made-up value. Text is Unicode as it was written; nothing here is folded or stemmed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Record {
    /// What it is known by.
    #[serde(skip_serializing_if = "Ids::is_empty")]
    pub ids: Ids,
    /// Title, without markup.
    pub title: String,
    /// Abstract, without markup; parts of a structured one stand in lines of their own, `LABEL: text`.
    #[serde(rename = "abstract", skip_serializing_if = "String::is_empty")]
    pub abstract_text: String,
    /// Year of publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// Journal, book or publisher that it appeared in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// Who wrote it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author>,
    /// What kind of document it is.
    #[serde(skip_serializing_if = "Kind::is_unknown")]
    pub kind: Kind,
    /// Language as two letters of ISO 639-1, where the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Keywords of its authors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Subject headings of MeSH, without qualifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mesh: Vec<String>,
    /// What it cites, each as an id of [`Ids::all`]: `doi:10.1000/x`, `pmid:1`, `openalex:W1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Licence, as the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Whether the full text is free to read, where the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_access: Option<bool>,
    /// Where the record is from: `pubmed`, `openalex`, or the name of a file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whether it was retracted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retracted: bool,
}

/// What a document is known by. Each is stored in one form, which the functions `clean_*` make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ids {
    /// DOI in lower case without a prefix: `10.1000/xyz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
    /// PubMed, digits only: `12345678`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pmid: Option<String>,
    /// PubMed Central: `PMC1234567`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pmcid: Option<String>,
    /// OpenAlex: `W2741809807`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub openalex: Option<String>,
    /// The key that the user's own file gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
}

impl Record {
    /// The id that tells it apart in any library: the surest of [`Ids::all`], or [`title_id`](Self::title_id) if it has none.
    pub fn id(&self) -> String {
        self.ids.all().next().unwrap_or_else(|| self.title_id())
    }

    /// A name for a document that may have no other, the same in any library: `text:` and 16 digits of a SHA-256 of title and year, in
    /// the form in which records are merged; of titles that are too short for that, with journal, first author and abstract.
    pub fn title_id(&self) -> String {
        let said = crate::merge_key(&self.title, self.year).unwrap_or_else(|| {
            let year = self.year.map(|year| year.to_string()).unwrap_or_default();
            let first = self.authors.first().map(Author::listed).unwrap_or_default();
            let venue = self.venue.as_deref().unwrap_or_default();
            [&*self.title, &year, venue, &first, &self.abstract_text].join("\n")
        });
        let sum = Sha256::digest(said.as_bytes());
        let first = sum[..8]
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        format!("text:{first:016x}")
    }
}

impl Ids {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every id with its kind in front, the surest first: `doi:…`, `pmid:…`, `pmcid:…`, `openalex:…`, `local:…`.
    pub fn all(&self) -> impl Iterator<Item = String> + '_ {
        [
            ("doi", &self.doi),
            ("pmid", &self.pmid),
            ("pmcid", &self.pmcid),
            ("openalex", &self.openalex),
            ("local", &self.local),
        ]
        .into_iter()
        .filter_map(|(kind, id)| id.as_ref().map(|id| format!("{kind}:{id}")))
    }

    /// Keeps what is known, and adds what only `other` knows.
    pub fn complete(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.doi, &other.doi),
            (&mut self.pmid, &other.pmid),
            (&mut self.pmcid, &other.pmcid),
            (&mut self.openalex, &other.openalex),
            (&mut self.local, &other.local),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

/// An author. An organisation has a family name only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Author {
    /// Family name, or the name of an organisation.
    pub family: String,
    /// Given names or initials.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub given: String,
}

impl Author {
    /// From two parts.
    pub fn new(family: impl Into<String>, given: impl Into<String>) -> Self {
        Self {
            family: family.into(),
            given: given.into(),
        }
    }

    /// `Family, Given`, or the family name alone.
    pub fn listed(&self) -> String {
        if self.given.is_empty() {
            self.family.clone()
        } else {
            format!("{}, {}", self.family, self.given)
        }
    }
}

/// What kind of document a record describes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The record does not say.
    #[default]
    Unknown,
    /// An article in a journal.
    Article,
    /// A review.
    Review,
    /// An editorial or a commentary.
    Editorial,
    /// A letter.
    Letter,
    /// A preprint.
    Preprint,
    /// A paper of a conference.
    Conference,
    /// A book.
    Book,
    /// A chapter.
    Chapter,
    /// A report.
    Report,
    /// A thesis.
    Thesis,
    /// A set of data.
    Dataset,
    /// A statute, a case, a bill or a patent.
    Legal,
    /// Something else.
    Other,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Unknown,
        Self::Article,
        Self::Review,
        Self::Editorial,
        Self::Letter,
        Self::Preprint,
        Self::Conference,
        Self::Book,
        Self::Chapter,
        Self::Report,
        Self::Thesis,
        Self::Dataset,
        Self::Legal,
        Self::Other,
    ];

    /// The name that files and flags use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Article => "article",
            Self::Review => "review",
            Self::Editorial => "editorial",
            Self::Letter => "letter",
            Self::Preprint => "preprint",
            Self::Conference => "conference",
            Self::Book => "book",
            Self::Chapter => "chapter",
            Self::Report => "report",
            Self::Thesis => "thesis",
            Self::Dataset => "dataset",
            Self::Legal => "legal",
            Self::Other => "other",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// A DOI in its one form, from whatever people paste: `https://doi.org/10.1/X`, `doi:10.1/X`. `None` if it is none.
pub fn clean_doi(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let start = lower.find("10.")?;
    let front = &lower[..start];
    let known = [
        "",
        "doi:",
        "doi: ",
        "doi ",
        "https://doi.org/",
        "http://doi.org/",
        "doi.org/",
    ];
    let known = known.contains(&front) || (front.starts_with("http") && front.ends_with("dx.doi.org/"));
    let doi = lower[start..].trim_end_matches(['.', ',', ';', ' ']);
    let (registrant, suffix) = doi.split_once('/')?;
    let fine = registrant.len() > 3
        && registrant[3..]
            .chars()
            .all(|sign| sign.is_ascii_digit() || sign == '.')
        && !suffix.is_empty()
        && !suffix.contains(char::is_whitespace);
    (known && fine).then(|| doi.to_owned())
}

/// A PubMed id in its one form: `PMID: 123` becomes `123`. `None` if it is none.
pub fn clean_pmid(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text
        .strip_prefix("https://pubmed.ncbi.nlm.nih.gov/")
        .map_or(text, |rest| rest.trim_end_matches('/'));
    let digits = strip_word(text, "pmid");
    let fine = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|sign| sign.is_ascii_digit());
    let digits = digits.trim_start_matches('0');
    (fine && !digits.is_empty()).then(|| digits.to_owned())
}

/// A PubMed Central id in its one form: `pmcid: pmc12` becomes `PMC12`. `None` if it is none.
pub fn clean_pmcid(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let text = if text.starts_with("http") && text.contains("/pmc") {
        text.rsplit('/').next().unwrap_or(text)
    } else {
        text
    };
    let upper = strip_word(text, "pmcid").to_uppercase();
    let digits = upper.strip_prefix("PMC")?;
    let digits = digits.split('.').next()?;
    let fine = !digits.is_empty() && digits.len() <= 10 && digits.bytes().all(|sign| sign.is_ascii_digit());
    fine.then(|| format!("PMC{digits}"))
}

/// An OpenAlex id of a work in its one form: `https://openalex.org/W12` becomes `W12`. `None` if it is none.
pub fn clean_openalex(text: &str) -> Option<String> {
    let last = text.trim().rsplit('/').next()?.to_uppercase();
    let digits = last.strip_prefix('W')?;
    let fine = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|sign| sign.is_ascii_digit());
    fine.then_some(last)
}

/// What follows a word and its colon.
fn strip_word<'a>(text: &'a str, word: &str) -> &'a str {
    match text.get(..word.len()) {
        Some(front) if front.eq_ignore_ascii_case(word) => {
            text[word.len()..].trim_start_matches([':', '=', ' ']).trim()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doi_has_one_form() {
        let check = |text, wanted: Option<&str>| assert_eq!(clean_doi(text).as_deref(), wanted, "{text}");
        check("10.1038/S41467-017-01498-0", Some("10.1038/s41467-017-01498-0"));
        check("https://doi.org/10.1/x.", Some("10.1/x"));
        check("http://dx.doi.org/10.1000/182", Some("10.1000/182"));
        check("DOI: 10.1000/182", Some("10.1000/182"));
        check("version 10.2 of it", None);
        check("10.1000/", None);
        check("10.1000/a b", None);
        check("", None);
    }

    #[test]
    fn ids_of_pubmed_have_one_form() {
        assert_eq!(clean_pmid("PMID: 00123").as_deref(), Some("123"));
        assert_eq!(
            clean_pmid("https://pubmed.ncbi.nlm.nih.gov/123/").as_deref(),
            Some("123")
        );
        assert_eq!(clean_pmid("12a"), None);
        assert_eq!(clean_pmid("0"), None);
        assert_eq!(clean_pmcid("pmcid: pmc12.1").as_deref(), Some("PMC12"));
        assert_eq!(
            clean_pmcid("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC12/").as_deref(),
            Some("PMC12")
        );
        assert_eq!(clean_pmcid("12"), None);
        assert_eq!(clean_openalex("https://openalex.org/w12").as_deref(), Some("W12"));
        assert_eq!(clean_openalex("A12"), None);
    }

    #[test]
    fn a_record_goes_to_json_and_back() {
        let mut record = Record {
            title: "A title".into(),
            year: Some(2020),
            authors: vec![Author::new("Curie", "Marie"), Author::new("WHO", "")],
            kind: Kind::Review,
            ..Record::default()
        };
        record.ids.doi = Some("10.1/x".into());
        let text = serde_json::to_string(&record).expect("it is plain data");
        assert_eq!(
            serde_json::from_str::<Record>(&text).expect("it was written so"),
            record
        );
        assert!(!text.contains("mesh"), "what is absent is not written: {text}");
    }

    #[test]
    fn kinds_have_the_names_that_files_have() {
        for kind in Kind::ALL {
            let written = serde_json::to_string(&kind).expect("it is a word");
            assert_eq!(written, format!("\"{}\"", kind.name()));
        }
    }
}

//! The formats, and how a file shows which it is.

use std::fmt;

use super::encoding::Encoding;

/// A format of bibliographic records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// XML of PubMed and MEDLINE: `PubmedArticleSet`.
    PubmedXml,
    /// Tagged text of PubMed: `PMID- 1`.
    Nbib,
    /// JATS, the XML of PubMed Central and of publishers.
    Jats,
    /// JSON of the search of Europe PMC, `resultType=core`.
    EuropePmc,
    /// JSON of works of OpenAlex.
    OpenAlex,
    /// RIS: `TY  - JOUR`.
    Ris,
    /// BibTeX and BibLaTeX.
    Bibtex,
    /// JSON of the Citation Style Language, as Zotero writes it.
    CslJson,
    /// A table with commas or semicolons.
    Csv,
    /// A table with tabs.
    Tsv,
    /// One JSON object in a line: our own records, BEIR, or keys named by a column map.
    Jsonl,
    /// One document as plain text.
    Text,
}

impl Format {
    /// Every format, in the order of messages.
    pub const ALL: [Self; 12] = [
        Self::PubmedXml,
        Self::Nbib,
        Self::Jats,
        Self::EuropePmc,
        Self::OpenAlex,
        Self::Ris,
        Self::Bibtex,
        Self::CslJson,
        Self::Csv,
        Self::Tsv,
        Self::Jsonl,
        Self::Text,
    ];

    /// The name that flags and messages use.
    pub fn name(self) -> &'static str {
        match self {
            Self::PubmedXml => "pubmed-xml",
            Self::Nbib => "nbib",
            Self::Jats => "jats",
            Self::EuropePmc => "europe-pmc",
            Self::OpenAlex => "openalex",
            Self::Ris => "ris",
            Self::Bibtex => "bibtex",
            Self::CslJson => "csl-json",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Text => "text",
        }
    }

    /// The format of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format of a file by the extension of its name, then by its first bytes after unpacking. `.xml`, `.json`, `.jsonl` and
    /// `.txt` say little, so content goes first there.
    pub fn detect(file_name: &str, head: &[u8]) -> Option<Self> {
        let name = file_name.to_ascii_lowercase();
        let name = [".gz", ".zst", ".gzip", ".zstd"]
            .iter()
            .find_map(|packing| name.strip_suffix(packing))
            .unwrap_or(&name);
        let by_content = || of_content(head);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("ris") => Some(Self::Ris),
            Some("bib" | "bibtex" | "biblatex") => Some(Self::Bibtex),
            Some("nbib" | "medline") => Some(Self::Nbib),
            Some("csv") => Some(Self::Csv),
            Some("tsv" | "tab") => Some(Self::Tsv),
            Some("nxml" | "jats") => Some(Self::Jats),
            Some("jsonl" | "ndjson" | "json") => by_content().or(Some(Self::Jsonl)),
            Some("txt" | "text" | "md") => by_content().or(Some(Self::Text)),
            _ => by_content(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

fn of_content(head: &[u8]) -> Option<Format> {
    let head = &head[..head.len().min(64 * 1024)];
    let text = match Encoding::of_mark(head) {
        Some(encoding) => encoding.text(&head[2..]).into(),
        None => String::from_utf8_lossy(head),
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return of_root(text);
    }
    if text.starts_with(['{', '[']) {
        return of_json(text);
    }
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(40) {
        let line = line.trim_start();
        if line.starts_with("TY  -") {
            return Some(Format::Ris);
        }
        if line.starts_with("PMID- ") || line.starts_with("PMID - ") {
            return Some(Format::Nbib);
        }
        let entry = line
            .strip_prefix('@')
            .and_then(|rest| rest.split_once(['{', '(']));
        if let Some((word, _)) = entry
            && !word.trim().is_empty()
            && word.trim().bytes().all(|byte| byte.is_ascii_alphabetic())
        {
            return Some(Format::Bibtex);
        }
        // Comments may stand before the first entry of BibTeX, and nothing but such.
        if !line.starts_with('%') {
            break;
        }
    }
    let first = text.lines().next().unwrap_or_default();
    let has_title = |separator| {
        first
            .split(separator)
            .any(|cell: &str| cell.trim_matches(['"', ' ']).eq_ignore_ascii_case("title"))
    };
    if has_title('\t') && first.contains('\t') {
        Some(Format::Tsv)
    } else if (has_title(',') && first.contains(',')) || (has_title(';') && first.contains(';')) {
        Some(Format::Csv)
    } else {
        None
    }
}

fn of_root(text: &str) -> Option<Format> {
    const PUBMED: [&str; 6] = [
        "PubmedArticleSet",
        "PubmedArticle",
        "PubmedBookArticleSet",
        "PubmedBookArticle",
        "MedlineCitationSet",
        "MedlineCitation",
    ];
    const JATS: [&str; 5] = ["article", "pmc-articleset", "front", "articles", "OAI-PMH"];
    let mut rest = text;
    // A few instructions, comments and a DOCTYPE may stand before the root.
    for _ in 0..100 {
        let inner = rest[rest.find('<')?..].strip_prefix('<')?;
        rest = if let Some(comment) = inner.strip_prefix("!--") {
            comment.split_once("-->")?.1
        } else if inner.starts_with(['!', '?']) {
            inner.split_once('>')?.1
        } else {
            let name = inner
                .split(|sign: char| sign.is_whitespace() || matches!(sign, '>' | '/'))
                .next()?;
            let name = name.rsplit(':').next()?;
            return if PUBMED.contains(&name) {
                Some(Format::PubmedXml)
            } else if JATS.contains(&name) {
                Some(Format::Jats)
            } else {
                None
            };
        };
    }
    None
}

fn of_json(text: &str) -> Option<Format> {
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    if has("resultList")
        || has("abstractText")
        || has("pubTypeList")
        || has("journalInfo")
        || has("authorString")
    {
        Some(Format::EuropePmc)
    } else if has("abstract_inverted_index")
        || has("referenced_works")
        || has("authorships")
        || has("publication_year") && text.contains("openalex.org/W")
    {
        Some(Format::OpenAlex)
    } else if has("date-parts") || has("container-title") || has("article-journal") || has("citation-key") {
        Some(Format::CslJson)
    } else if has("title") || has("text") {
        Some(Format::Jsonl)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(&format.name().to_uppercase()), Some(format));
        }
        assert_eq!(Format::from_name("word"), None);
    }

    #[test]
    fn a_file_shows_its_format() {
        let check = |name: &str, head: &str, wanted| {
            assert_eq!(Format::detect(name, head.as_bytes()), wanted, "{name} {head}");
        };
        check("a.ris.gz", "", Some(Format::Ris));
        check("a.BIB", "", Some(Format::Bibtex));
        check(
            "a.xml",
            "<?xml version='1.0'?>\n<!DOCTYPE x>\n<PubmedArticleSet>",
            Some(Format::PubmedXml),
        );
        check("a.xml", "<!-- <x> --><article xmlns:a='b'>", Some(Format::Jats));
        check("a.xml", "<html>", None);
        check("a.txt", "\nTY  - JOUR", Some(Format::Ris));
        check("a.txt", "PMID- 1", Some(Format::Nbib));
        check("a.txt", "% notes\n@article{x,", Some(Format::Bibtex));
        check("a.txt", "A title\n\nText.", Some(Format::Text));
        check("-", "{\"resultList\":", Some(Format::EuropePmc));
        check("-", "{\"abstract_inverted_index\":", Some(Format::OpenAlex));
        check("a.json", "[{\"type\":\"article-journal\"", Some(Format::CslJson));
        check("a.jsonl", "{\"_id\":1,\"title\":", Some(Format::Jsonl));
        check("-", "doi\ttitle\tyear", Some(Format::Tsv));
        check("-", "doi,\"Title\",year", Some(Format::Csv));
        check("-", "words", None);
        check("-", "", None);
    }
}

//! Plain text: title, text, and what the list of references at its end names.

use super::{QueryDocument, tidy};
use crate::{clean_doi, clean_pmcid, clean_pmid};

/// Bytes that a line may have to be a title.
const LONGEST_TITLE: usize = 300;
/// Signs that a DOI may have.
const LONGEST_DOI: usize = 200;

pub(super) fn read(text: &str) -> QueryDocument {
    let mut document = QueryDocument::default();
    let lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    fill(&mut document, lines, None);
    document.what = format!("plain text: {}", count(&document.text, "word"));
    document
}

/// Fills a document from lines; `title` is known where the format marks it.
pub(super) fn fill(document: &mut QueryDocument, mut lines: Vec<String>, title: Option<String>) {
    let whole = lines.join("\n");
    document.references.extend(ids_in(&whole));
    own_ids(document, &lines);
    if let Some(at) = reference_heading(&lines) {
        let cut: usize = lines[at + 1..].iter().filter(|line| !line.is_empty()).count();
        lines.truncate(at);
        document.notes.push(format!(
            "the list of references at the end ({}) was read for its DOIs and PMIDs only",
            counterpoise_base::counted(cut, "line")
        ));
    }
    document.title = match title {
        Some(title) => tidy(&title),
        None => take_title(&mut lines),
    };
    let mut out = String::new();
    let mut blank = false;
    for line in &lines {
        if line.is_empty() {
            blank = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank { "\n\n" } else { "\n" });
        }
        out.push_str(line);
        blank = false;
    }
    document.text = out;
}

/// The first line, if it looks like a title and something follows.
fn take_title(lines: &mut [String]) -> String {
    let mut full = lines.iter().enumerate().filter(|(_, line)| !line.is_empty());
    let (Some((at, first)), Some((next, _))) = (full.next(), full.next()) else {
        return String::new();
    };
    let explicit = first
        .get(..6)
        .is_some_and(|front| front.eq_ignore_ascii_case("title:"));
    let apart = next > at + 1 || first.len() < 160;
    let like = first.len() <= LONGEST_TITLE && !first.ends_with(['.', ',', ';', ':']) && apart;
    if !explicit && !like {
        return String::new();
    }
    let title = if explicit {
        first[6..].to_owned()
    } else {
        first.clone()
    };
    lines[at].clear();
    tidy(&title)
}

/// The line where the list of references begins: the last such heading, not at the very top.
fn reference_heading(lines: &[String]) -> Option<usize> {
    const HEADINGS: [&str; 9] = [
        "references",
        "reference",
        "bibliography",
        "literature cited",
        "works cited",
        "reference list",
        "references and notes",
        "literature",
        "cited literature",
    ];
    let at = lines.iter().rposition(|line| {
        line.len() < 60 && {
            let bare = line
                .trim_matches(|sign: char| !sign.is_alphabetic())
                .to_lowercase();
            HEADINGS.contains(&bare.as_str())
        }
    })?;
    let words_before = lines[..at].iter().any(|line| line.len() > 40);
    words_before.then_some(at)
}

/// An id that stands alone in one of the first lines is the document's own.
fn own_ids(document: &mut QueryDocument, lines: &[String]) {
    for line in lines.iter().filter(|line| !line.is_empty()).take(10) {
        let ids = &mut document.own_ids;
        let alone = line.len() < 120 && !line.contains(". ");
        if !alone {
            continue;
        }
        if let Some(doi) = clean_doi(line) {
            ids.doi.get_or_insert(doi);
        } else if line.to_lowercase().starts_with("pmid")
            && let Some(pmid) = clean_pmid(line)
        {
            ids.pmid.get_or_insert(pmid);
        } else if let Some(pmcid) = clean_pmcid(line) {
            ids.pmcid.get_or_insert(pmcid);
        }
    }
    let own: Vec<String> = document.own_ids.all().collect();
    document.references.retain(|id| !own.contains(id));
}

/// `1 word`, `2 words`.
pub(super) fn count(text: &str, what: &str) -> String {
    number(text.split_whitespace().count(), what)
}

/// `1 feature`, `2 features`.
pub(super) fn number(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// Every DOI, PMID and PMCID in a text, as [`Ids::all`](crate::Ids::all) writes them.
pub(super) fn ids_in(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("10.") {
        let digit_before = text[..at].ends_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '.');
        if digit_before {
            continue;
        }
        let rest = &text[at..];
        let stops = |sign: char| {
            sign.is_whitespace() || matches!(sign, '"' | '<' | '>' | '{' | '}' | '|' | '\u{201d}')
        };
        // Longer ones are none; without this limit a line without spaces would be read again and again.
        let mut signs = rest.char_indices().take(LONGEST_DOI);
        let end = match signs.find(|(_, sign)| stops(*sign)) {
            Some((end, _)) => end,
            None if rest.len() <= LONGEST_DOI => rest.len(),
            None => continue,
        };
        let mut doi = &rest[..end];
        loop {
            let shorter = doi.trim_end_matches(['.', ',', ';', ':', '\'', ']', '*', '`', '!', '?']);
            let open = shorter.matches('(').count();
            let shorter = if shorter.ends_with(')') && shorter.matches(')').count() > open {
                &shorter[..shorter.len() - 1]
            } else {
                shorter
            };
            if shorter.len() == doi.len() {
                break;
            }
            doi = shorter;
        }
        let registrant = doi.split('/').next().unwrap_or_default();
        if registrant.len() >= 7
            && let Some(doi) = clean_doi(doi)
        {
            out.push(format!("doi:{doi}"));
        }
    }
    let lower = text.to_ascii_lowercase();
    for (mark, kind) in [
        ("pmid", "pmid"),
        ("pubmed.ncbi.nlm.nih.gov/", "pmid"),
        ("ncbi.nlm.nih.gov/pubmed/", "pmid"),
    ] {
        for (at, _) in lower.match_indices(mark) {
            let rest = lower[at + mark.len()..].trim_start_matches([':', ' ', '=', '#']);
            let digits = digits(rest);
            if let Some(pmid) = clean_pmid(digits) {
                out.push(format!("{kind}:{pmid}"));
            }
        }
    }
    for (at, _) in lower.match_indices("pmc") {
        let found = digits(&lower[at + 3..]);
        if found.len() >= 4
            && let Some(pmcid) = clean_pmcid(&format!("PMC{found}"))
        {
            out.push(format!("pmcid:{pmcid}"));
        }
    }
    out
}

fn digits(text: &str) -> &str {
    let end = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    &text[..end]
}

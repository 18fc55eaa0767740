//! One record out of several that describe the same document.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::{Ids, Kind, Record};

/// Something that two records of one document say differently. The first stays, the second is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field: `doi`, `pmid`, `pmcid`, `openalex`, `year`, `title`.
    pub field: &'static str,
    /// What the merged record says.
    pub kept: String,
    /// What the other record said.
    pub other: String,
}

/// What a record is to those before it. Numbers count records in the order of [`Merger::meet`], from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// Nothing like it came before.
    New,
    /// The same document as an earlier record.
    Same(usize),
    /// A new document with the title and the year of an earlier one, or nearly: a preprint and its article, or a part with the same
    /// name. Its strong ids differ, so it stays apart.
    PossibleDuplicate(usize),
}

/// Tells records that describe the same document, by DOI, then PMID, PMCID and OpenAlex, then by title and year where no strong ids
/// disagree.
///
/// It holds a hash of 16 bytes for each id and each title, and not the records.
#[derive(Debug, Default)]
pub struct Merger {
    ids: HashMap<u128, u32>,
    titles: HashMap<u128, u32>,
    /// For each record, or the first of those that are the same: hashes of its strong ids, 0 where it has none.
    strong: Vec<[u64; 4]>,
    /// The first record of the same document.
    first: Vec<u32>,
}

/// Title and year in a form that small differences do not change: case, accents, signs, spaces, sub- and superscripts.
///
/// `None` for a title of fewer than 3 words or 12 letters, such as "Editorial", which is the title of many documents.
pub fn merge_key(title: &str, year: Option<i32>) -> Option<String> {
    let mut key = title_key(title)?;
    key.push('|');
    if let Some(year) = year {
        key.push_str(&year.to_string());
    }
    Some(key)
}

fn title_key(title: &str) -> Option<String> {
    let mut key = String::with_capacity(title.len() + 6);
    let mut words = 0;
    let mut inside = false;
    let mut letters = 0;
    let mark = |front: &str| {
        title
            .get(..front.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(front))
    };
    // A publisher puts this before the title of a paper that was in all databases without it.
    let title = ["RETRACTED ARTICLE:", "RETRACTED:", "WITHDRAWN:"]
        .iter()
        .find(|front| mark(front))
        .map_or(title, |front| &title[front.len()..]);
    for sign in title.nfkd().filter(|&sign| !is_combining_mark(sign)) {
        if sign.is_alphanumeric() {
            words += usize::from(!inside);
            inside = true;
            letters += 1;
            key.extend(sign.to_lowercase());
        } else {
            inside = false;
        }
    }
    // Chinese and Japanese have no spaces between words.
    (words >= 3 && letters >= 12 || letters >= 25 || (!key.is_ascii() && letters >= 12)).then_some(key)
}

fn hash(kind: &str, text: &str) -> u128 {
    let mut state = Sha256::new();
    state.update(kind.as_bytes());
    state.update(b":");
    state.update(text.as_bytes());
    let digest: [u8; 32] = state.finalize().into();
    digest[..16]
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u128::from(byte))
}

const STRONG: [&str; 4] = ["doi", "pmid", "pmcid", "openalex"];

fn strong_ids(ids: &Ids) -> [Option<&str>; 4] {
    [
        ids.doi.as_deref(),
        ids.pmid.as_deref(),
        ids.pmcid.as_deref(),
        ids.openalex.as_deref(),
    ]
}

impl Merger {
    /// Without any record.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records were met.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether no record was met.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Takes the next record and says what it is to those before.
    ///
    /// A record that is the same as several earlier ones, which nothing had connected before, is the same as the one that the surest id
    /// names; the others stay apart.
    pub fn meet(&mut self, record: &Record) -> Met {
        let number = self.first.len() as u32;
        let strong = strong_ids(&record.ids);
        let hashes: [Option<u128>; 4] = std::array::from_fn(|at| strong[at].map(|id| hash(STRONG[at], id)));
        let short: [u64; 4] = hashes.map(|hash| hash.map_or(0, |hash| hash as u64 | 1));
        // Years of one paper differ by one between sources, online and in print.
        let titles: Vec<u128> = match (title_key(&record.title), record.year) {
            (None, _) => Vec::new(),
            (Some(title), None) => vec![hash("title", &format!("{title}|"))],
            (Some(title), Some(year)) => [year, year.saturating_sub(1), year.saturating_add(1)]
                .iter()
                .map(|year| hash("title", &format!("{title}|{year}")))
                .collect(),
        };
        let by_id = hashes
            .iter()
            .flatten()
            .find_map(|hash| self.ids.get(hash).copied());
        let by_title = titles.first().and_then(|hash| self.titles.get(hash).copied());
        let near = titles.iter().find_map(|hash| self.titles.get(hash).copied());
        let met = match (by_id, by_title, near) {
            (Some(earlier), _, _) => Met::Same(earlier as usize),
            (None, Some(earlier), _) if !self.disagree(earlier, short) => Met::Same(earlier as usize),
            (None, _, Some(earlier)) => Met::PossibleDuplicate(earlier as usize),
            _ => Met::New,
        };
        let first = match met {
            Met::Same(earlier) => earlier as u32,
            Met::New | Met::PossibleDuplicate(_) => number,
        };
        self.first.push(first);
        self.strong.push(short);
        if first != number {
            let known = &mut self.strong[first as usize];
            for (mine, new) in known.iter_mut().zip(short) {
                if *mine == 0 {
                    *mine = new;
                }
            }
        }
        for hash in hashes.into_iter().flatten() {
            self.ids.entry(hash).or_insert(first);
        }
        if let Some(&hash) = titles.first() {
            self.titles.entry(hash).or_insert(first);
        }
        met
    }

    /// Whether strong ids of one kind differ.
    fn disagree(&self, earlier: u32, ids: [u64; 4]) -> bool {
        self.strong[earlier as usize]
            .iter()
            .zip(ids)
            .any(|(&mine, new)| mine != 0 && new != 0 && mine != new)
    }
}

/// Takes over what another record of the same document knows.
///
/// The longer abstract wins; keywords, headings and references are united; ids are completed; retracted is what one of them calls
/// retracted. What they say differently stays as `into` has it, and is returned.
pub fn merge(into: &mut Record, from: &Record) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (field, (mine, other)) in STRONG
        .iter()
        .zip(strong_ids(&into.ids).into_iter().zip(strong_ids(&from.ids)))
    {
        if let (Some(mine), Some(other)) = (mine, other)
            && mine != other
        {
            conflicts.push(Conflict {
                field,
                kept: mine.to_owned(),
                other: other.to_owned(),
            });
        }
    }
    into.ids.complete(&from.ids);
    if let (Some(mine), Some(other)) = (into.year, from.year)
        && mine != other
    {
        conflicts.push(Conflict {
            field: "year",
            kept: mine.to_string(),
            other: other.to_string(),
        });
    }
    if into.title.is_empty() {
        into.title.clone_from(&from.title);
    } else if titles_differ(&into.title, &from.title) {
        conflicts.push(Conflict {
            field: "title",
            kept: into.title.clone(),
            other: from.title.clone(),
        });
    }
    if from.abstract_text.chars().count() > into.abstract_text.chars().count() {
        into.abstract_text.clone_from(&from.abstract_text);
    }
    into.year = into.year.or(from.year);
    if into.venue.is_none() {
        into.venue.clone_from(&from.venue);
    }
    // A list that was cut to its first authors is shorter.
    if from.authors.len() > into.authors.len() {
        into.authors.clone_from(&from.authors);
    }
    if matches!(into.kind, Kind::Unknown | Kind::Other) && from.kind != Kind::Unknown
        || into.kind == Kind::Article && matches!(from.kind, Kind::Review | Kind::Editorial | Kind::Letter)
    {
        into.kind = from.kind;
    }
    if into.language.is_none() {
        into.language.clone_from(&from.language);
    }
    unite(&mut into.keywords, &from.keywords);
    unite(&mut into.mesh, &from.mesh);
    unite(&mut into.references, &from.references);
    if into.licence.is_none() {
        into.licence.clone_from(&from.licence);
    }
    into.open_access = match (into.open_access, from.open_access) {
        // One of them knows a free copy.
        (Some(true), _) | (_, Some(true)) => Some(true),
        (mine, other) => mine.or(other),
    };
    if into.source.is_empty() {
        into.source.clone_from(&from.source);
    }
    into.retracted |= from.retracted;
    conflicts
}

/// Whether two titles have other words; one that only goes on where the other ends, with a subtitle, is the same.
fn titles_differ(mine: &str, other: &str) -> bool {
    let words = |title: &str| {
        let mut words = String::new();
        crate::text::fold(title, |word| {
            words.push_str(&word.text);
            words.push(' ');
        });
        words
    };
    let (mine, other) = (words(mine), words(other));
    !mine.starts_with(&other) && !other.starts_with(&mine)
}

/// Adds what is new, in its order; case does not make it new.
fn unite(into: &mut Vec<String>, from: &[String]) {
    let mut known: std::collections::HashSet<String> = into.iter().map(|text| text.to_lowercase()).collect();
    for text in from {
        if known.insert(text.to_lowercase()) {
            into.push(text.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(title: &str, year: i32, doi: &str, pmid: &str) -> Record {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Record {
            title: title.into(),
            year: Some(year),
            ids: Ids {
                doi: some(doi),
                pmid: some(pmid),
                ..Ids::default()
            },
            ..Record::default()
        }
    }

    #[test]
    fn titles_with_other_words_are_told_and_subtitles_are_not() {
        let titled = |title: &str| Record {
            title: title.into(),
            ..Record::default()
        };
        let told = |mine: &str, other: &str| merge(&mut titled(mine), &titled(other)).len();
        assert_eq!(told("Alpha ethics", "Completely different"), 1);
        assert_eq!(told("Gene drives", "Gene Drives: who decides?"), 0);
        assert_eq!(told("Gene drives", ""), 0);
    }

    #[test]
    fn small_differences_do_not_change_the_key() {
        let key = merge_key("Ethics of gene drives in Müller's CO₂ fly", Some(2020));
        assert_eq!(
            key,
            merge_key("ETHICS of gene-drives in Muller’s CO2 fly.", Some(2020))
        );
        assert_eq!(
            key,
            merge_key("RETRACTED: Ethics of gene drives in Müller's CO₂ fly", Some(2020))
        );
        assert_ne!(
            key,
            merge_key("Ethics of gene drives in Müller's CO₂ fly", Some(2021))
        );
        assert_eq!(merge_key("Editorial", Some(2020)), None);
        assert_eq!(merge_key("", None), None);
    }

    #[test]
    fn the_same_document_is_known_again() {
        let mut merger = Merger::new();
        let title = "The ethics of gene drives";
        let check = |merger: &mut Merger, record: Record, wanted| {
            assert_eq!(merger.meet(&record), wanted, "{record:?}");
        };
        check(&mut merger, record(title, 2020, "10.1/a", ""), Met::New);
        check(
            &mut merger,
            record("other words for it", 2020, "10.1/a", "7"),
            Met::Same(0),
        );
        // The PMID was learnt from the record before.
        check(&mut merger, record("", 2020, "", "7"), Met::Same(0));
        check(&mut merger, record(title, 2020, "", ""), Met::Same(0));
        // A preprint has a DOI of its own.
        check(
            &mut merger,
            record(title, 2020, "10.2/preprint", ""),
            Met::PossibleDuplicate(0),
        );
        check(
            &mut merger,
            record(title, 2019, "10.3/earlier", ""),
            Met::PossibleDuplicate(0),
        );
        check(&mut merger, record(title, 2010, "", ""), Met::New);
        check(&mut merger, record("", 2020, "10.2/preprint", ""), Met::Same(4));
        assert_eq!(merger.len(), 8);
    }

    #[test]
    fn a_conflict_is_told_and_nothing_is_lost() {
        let mut into = record("A title of some words", 2020, "10.1/a", "7");
        into.keywords = vec!["Ethics".into()];
        let mut from = record("A title of some words", 2021, "10.1/a", "8");
        from.abstract_text = "Long.".into();
        from.keywords = vec!["ethics".into(), "law".into()];
        from.retracted = true;
        from.ids.pmcid = Some("PMC1".into());
        let conflicts = merge(&mut into, &from);
        let told: Vec<_> = conflicts
            .iter()
            .map(|one| (one.field, one.kept.as_str(), one.other.as_str()))
            .collect();
        assert_eq!(told, [("pmid", "7", "8"), ("year", "2020", "2021")]);
        assert!(into.retracted);
        assert_eq!(into.abstract_text, "Long.");
        assert_eq!(into.keywords, ["Ethics", "law"]);
        assert_eq!(into.ids.pmcid.as_deref(), Some("PMC1"));
    }
}

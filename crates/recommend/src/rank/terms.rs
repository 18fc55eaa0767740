use std::collections::HashMap;

use crate::Error;
use crate::library::Library;
use crate::text::{Analyzer, Form};

/// A word of a query, as documents are asked for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryTerm {
    /// The stem.
    pub(crate) term: String,
    /// The first spelling in the query, folded.
    pub(crate) word: String,
    /// How much one match counts, beside others.
    pub(crate) weight: f32,
    /// Documents that have it.
    pub(crate) documents: u64,
}

/// The words of a text that tell documents apart best: at most `most`, by how often they stand in it and how rare they are
/// in the library; words that no document has are left out.
///
/// A word that stands in the text `n` times weighs `(1 + n / m) / 2`, `m` being how often the commonest one does, so that a text said
/// twice asks the same. Numbers of one or two digits and single letters say nothing and are left out.
pub(crate) fn query_terms(library: &Library, text: &str, most: usize) -> Result<Vec<QueryTerm>, Error> {
    Ok(terms_of(library, text, most)?.0)
}

/// The same, and the share of the text's words, by rarity, that the library knows at all.
pub(crate) fn terms_of(library: &Library, text: &str, most: usize) -> Result<(Vec<QueryTerm>, f64), Error> {
    let mut counts: HashMap<String, (usize, u32, String)> = HashMap::new();
    let mut place = 0;
    Analyzer::new(Form::Scored).terms(text, |term, word, _| {
        if term.len() < 2 || (term.len() < 3 && term.bytes().all(|sign| sign.is_ascii_digit())) {
            return;
        }
        place += 1;
        counts
            .entry(term.to_owned())
            .or_insert_with(|| (place, 0, word.to_owned()))
            .1 += 1;
    });
    let mut terms: Vec<(usize, f64, QueryTerm)> = Vec::new();
    let all = library.statistics.documents as f64;
    let commonest = counts.values().map(|(_, count, _)| *count).max().unwrap_or(1);
    let (mut known, mut unknown) = (0.0, 0.0);
    for (term, (place, count, word)) in sorted(counts) {
        let documents = library.documents_with(&term)?;
        let weight = f64::midpoint(1.0, f64::from(count) / f64::from(commonest));
        let rarity = rarity(all, documents as f64);
        if documents == 0 {
            unknown += rarity;
            continue;
        }
        known += rarity;
        let term = QueryTerm {
            term,
            word,
            weight: weight as f32,
            documents,
        };
        terms.push((place, weight * rarity, term));
    }
    // The most telling stay, in the order of the text.
    terms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    terms.truncate(most);
    terms.sort_by_key(|(place, _, _)| *place);
    let share = if known > 0.0 {
        known / (known + unknown)
    } else {
        0.0
    };
    Ok((terms.into_iter().map(|(_, _, term)| term).collect(), share))
}

fn sorted(counts: HashMap<String, (usize, u32, String)>) -> Vec<(String, (usize, u32, String))> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, (place, _, _))| *place);
    counts
}

/// Inverse document frequency, as BM25 has it: how much it says that a word is there which `having` of `all` documents have.
pub(super) fn rarity(all: f64, having: f64) -> f64 {
    (1.0 + (all - having + 0.5).max(0.5) / (having + 0.5)).ln()
}

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
/// A word that stands in the text `n` times weighs `1 + ln n`.
pub(crate) fn query_terms(library: &Library, text: &str, most: usize) -> Result<Vec<QueryTerm>, Error> {
    let mut counts: HashMap<String, (usize, u32, String)> = HashMap::new();
    let mut place = 0;
    Analyzer::new(Form::Scored).terms(text, |term, word, _| {
        place += 1;
        counts
            .entry(term.to_owned())
            .or_insert_with(|| (place, 0, word.to_owned()))
            .1 += 1;
    });
    let mut terms: Vec<(usize, f64, QueryTerm)> = Vec::new();
    let all = library.len() as f64;
    for (term, (place, count, word)) in sorted(counts) {
        let documents = library.documents_with(&term)?;
        if documents == 0 {
            continue;
        }
        let weight = 1.0 + f64::from(count).ln();
        let rarity = (1.0 + (all - documents as f64 + 0.5).max(0.5) / (documents as f64 + 0.5)).ln();
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
    Ok(terms.into_iter().map(|(_, _, term)| term).collect())
}

fn sorted(counts: HashMap<String, (usize, u32, String)>) -> Vec<(String, (usize, u32, String))> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, (place, _, _))| *place);
    counts
}

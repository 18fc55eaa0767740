use std::collections::HashMap;

use crate::Error;
use crate::library::Library;
use crate::text::{Analyzer, Form, is_general};

/// Different words of a text that are looked up, the first ones: more than a book has. Signs at random have hundreds of thousands.
const DIFFERENT: usize = 20_000;
/// What a word of any scientific prose counts beside one of a subject, in a library of titles alone.
const GENERAL: f64 = 0.25;

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
/// twice asks the same; less if any scientific prose has the word, see [`telling`]. Numbers of one or two digits and single letters say nothing
/// and are left out.
pub(crate) fn query_terms(library: &Library, text: &str, most: usize) -> Result<Vec<QueryTerm>, Error> {
    Ok(terms_of(library, text, most)?.0)
}

/// The same, and the share of the text's words, by rarity, that the library knows at all.
pub(crate) fn terms_of(library: &Library, text: &str, most: usize) -> Result<(Vec<QueryTerm>, f64), Error> {
    let mut counts: HashMap<String, (usize, u32, String)> = HashMap::new();
    let mut place = 0;
    Analyzer::new(Form::Scored).terms(text, |term, word, _| {
        if !says_something(term) {
            return;
        }
        place += 1;
        if let Some((_, count, _)) = counts.get_mut(term) {
            *count += 1;
        } else if counts.len() < DIFFERENT {
            counts.insert(term.to_owned(), (place, 1, word.to_owned()));
        }
    });
    let mut terms: Vec<(usize, f64, QueryTerm)> = Vec::new();
    let counts = sorted(counts);
    let all = library.statistics.documents as f64;
    let commonest = counts.iter().map(|(_, (_, count, _))| *count).max().unwrap_or(1);
    let (mut known, mut unknown) = (0.0, 0.0);
    for (term, (place, count, word)) in counts {
        let documents = library.documents_with(&term)?;
        let telling = telling(library, &term);
        let weight = telling * f64::midpoint(1.0, f64::from(count) / f64::from(commonest));
        let rarity = telling * rarity(all, documents as f64);
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
    let share = if known > 0.0 {
        known / (known + unknown)
    } else {
        0.0
    };
    keep_most_telling(&mut terms, most);
    Ok((terms.into_iter().map(|(_, _, term)| term).collect(), share))
}

/// Bridge words, and which of them stand together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PhraseTerms {
    pub(crate) terms: Vec<QueryTerm>,
    /// Weight of the most telling phrase, in `[0, 1]`: a text that names nothing but a usual chassis says little by it.
    pub(crate) weight: f64,
    /// The phrases of several words, each as places in `terms`.
    phrases: Vec<Vec<usize>>,
}

impl PhraseTerms {
    /// The words of phrases, each phrase with its weight, which its words share: a phrase of three words is one thing, and not
    /// three. A word of several phrases has the greatest of its shares. Words that no document has are left out.
    pub(crate) fn of(library: &Library, phrases: &[(String, f64)], most: usize) -> Result<Self, Error> {
        let analyzer = Analyzer::new(Form::Scored);
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut terms: Vec<QueryTerm> = Vec::new();
        let mut together: Vec<Vec<usize>> = Vec::new();
        for (phrase, weight) in phrases {
            let mut words = Vec::new();
            analyzer.terms(phrase, |term, word, _| {
                if says_something(term) {
                    words.push((term.to_owned(), word.to_owned()));
                }
            });
            let share = (weight / words.len().max(1) as f64) as f32;
            let mut here = Vec::new();
            for (term, word) in words {
                let place = *places.entry(term.clone()).or_insert(terms.len());
                if place == terms.len() {
                    terms.push(QueryTerm {
                        documents: library.documents_with(&term)?,
                        term,
                        word,
                        weight: share,
                    });
                }
                terms[place].weight = terms[place].weight.max(share);
                if !here.contains(&place) {
                    here.push(place);
                }
            }
            together.push(here);
        }
        let all = library.statistics.documents as f64;
        let mut weighed: Vec<(usize, f64, QueryTerm)> = terms
            .into_iter()
            .enumerate()
            .filter(|(_, term)| term.documents > 0)
            .map(|(place, term)| {
                (
                    place,
                    f64::from(term.weight) * rarity(all, term.documents as f64),
                    term,
                )
            })
            .collect();
        keep_most_telling(&mut weighed, most);
        let now: HashMap<usize, usize> = weighed
            .iter()
            .enumerate()
            .map(|(now, (before, _, _))| (*before, now))
            .collect();
        let mut phrases_now: Vec<Vec<usize>> = together
            .iter()
            .map(|words| {
                words
                    .iter()
                    .filter_map(|before| now.get(before).copied())
                    .collect()
            })
            .collect();
        phrases_now.retain(|words| !words.is_empty());
        Ok(Self {
            terms: weighed.into_iter().map(|(_, _, term)| term).collect(),
            weight: phrases.iter().map(|(_, weight)| *weight).fold(0.0, f64::max),
            phrases: phrases_now,
        })
    }

    /// Takes from each word's part of a score what the document lacks of the word's phrase: `environmental` alone is half of an
    /// `environmental release`. Of several phrases, the one that is there most counts. `parts` are those of one document.
    pub(crate) fn count_whole_phrases(&self, parts: &mut [f32]) {
        let mut shares = vec![0.0_f32; parts.len()];
        for phrase in &self.phrases {
            let there = phrase.iter().filter(|place| parts[**place] > 0.0).count();
            let share = there as f32 / phrase.len() as f32;
            for place in phrase {
                shares[*place] = shares[*place].max(share);
            }
        }
        for (part, share) in parts.iter_mut().zip(&shares) {
            *part *= share;
        }
    }
}

/// The most telling stay, in the order of the text.
fn keep_most_telling(terms: &mut Vec<(usize, f64, QueryTerm)>, most: usize) {
    terms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    terms.truncate(most);
    terms.sort_by_key(|(place, _, _)| *place);
}

/// How much a stem counts, in `(0, 1]`: a quarter if any scientific prose has it and the library has no abstracts, where such words are
/// rare and look telling; the more abstracts there are, the more their rarity says by itself.
pub(crate) fn telling(library: &Library, stem: &str) -> f64 {
    if is_general(stem) {
        GENERAL + (1.0 - GENERAL) * library.rows.with_abstract
    } else {
        1.0
    }
}

/// Numbers of one or two digits and single letters do not.
fn says_something(term: &str) -> bool {
    term.len() > 2 || (term.len() == 2 && !term.bytes().all(|sign| sign.is_ascii_digit()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge(phrases: &[&[usize]], words: usize) -> PhraseTerms {
        let term = QueryTerm {
            term: "x".into(),
            word: "x".into(),
            weight: 1.0,
            documents: 1,
        };
        PhraseTerms {
            terms: vec![term; words],
            weight: 1.0,
            phrases: phrases.iter().map(|words| words.to_vec()).collect(),
        }
    }

    #[test]
    fn a_word_without_the_rest_of_its_phrase_counts_less() {
        let check = |phrases: &[&[usize]], parts: &[f32], wanted: &[f32]| {
            let mut counted = parts.to_vec();
            bridge(phrases, parts.len()).count_whole_phrases(&mut counted);
            assert_eq!(counted, wanted, "{phrases:?} {parts:?}");
        };
        check(&[&[0, 1]], &[4.0, 2.0], &[4.0, 2.0]);
        check(&[&[0, 1]], &[4.0, 0.0], &[2.0, 0.0]);
        check(&[&[0], &[0, 1]], &[4.0, 0.0], &[4.0, 0.0]);
        check(&[&[0, 1, 2, 3]], &[4.0, 0.0, 0.0, 0.0], &[1.0, 0.0, 0.0, 0.0]);
    }
}

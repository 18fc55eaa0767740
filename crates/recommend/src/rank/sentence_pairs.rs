use std::collections::HashMap;

use super::reasons::SentencePair;
use super::terms::rarity;
use crate::Record;
use crate::library::Library;
use crate::text::{Analyzer, Form, sentences};

/// Sentences of a text that are compared with those of documents.
const SENTENCES: usize = 60;

/// Bytes of a sentence that are compared and shown. A list without full stops, or signs at random, can be one sentence of megabytes.
const LONGEST: usize = 1000;

/// Sentences of a text, ready to be compared with those of documents.
pub(super) struct Sentences {
    sentences: Vec<(String, Vec<String>, Option<Vec<f32>>)>,
}

impl Sentences {
    pub(super) fn of(text: &str, library: &Library) -> Self {
        let mut analyzer = Analyzer::new(Form::Scored);
        let told = sentences(text)
            .into_iter()
            .map(|place| begin(&text[place]))
            .filter(|sentence| sentence.len() >= 20);
        let sentences = told
            .take(SENTENCES)
            .map(|sentence| {
                let mut words = analyzer.list(sentence);
                words.sort();
                words.dedup();
                (sentence.to_owned(), words, library.embedder.embed(sentence))
            })
            .collect();
        Self { sentences }
    }

    /// The pair that is most alike: half by words in common, by their rarity, half by meaning.
    pub(super) fn closest(&self, record: &Record, library: &Library) -> Option<SentencePair> {
        let theirs = Self::of(&format!("{}\n{}", record.title, record.abstract_text), library);
        let mut rarities: HashMap<&str, f64> = HashMap::new();
        for (_, words, _) in self.sentences.iter().chain(&theirs.sentences) {
            for word in words {
                if !rarities.contains_key(word.as_str()) {
                    let having = library.documents_with(word).unwrap_or(0) as f64;
                    rarities.insert(word, rarity(library.statistics.documents as f64, having));
                }
            }
        }
        let mut best: Option<(f64, &str, &str)> = None;
        for (yours, my_words, my_vector) in &self.sentences {
            for (their, their_words, their_vector) in &theirs.sentences {
                let sum = |words: &[String]| words.iter().map(|word| rarities[word.as_str()]).sum::<f64>();
                let common: f64 = my_words
                    .iter()
                    .filter(|word| their_words.binary_search(word).is_ok())
                    .map(|word| rarities[word.as_str()])
                    .sum();
                let overlap = 2.0 * common / (sum(my_words) + sum(their_words)).max(f64::MIN_POSITIVE);
                let likeness = match (my_vector, their_vector) {
                    (Some(mine), Some(theirs)) => {
                        let cosine: f32 = mine.iter().zip(theirs).map(|(a, b)| a * b).sum();
                        0.5 * overlap + 0.5 * f64::from(cosine).max(0.0)
                    }
                    _ => overlap,
                };
                if best.is_none_or(|(most, _, _)| likeness > most) {
                    best = Some((likeness, yours, their));
                }
            }
        }
        best.filter(|(likeness, _, _)| *likeness > 0.0)
            .map(|(likeness, yours, theirs)| SentencePair {
                yours: yours.to_owned(),
                theirs: theirs.to_owned(),
                likeness,
            })
    }
}

/// A sentence up to its last whole word within [`LONGEST`].
fn begin(sentence: &str) -> &str {
    if sentence.len() <= LONGEST {
        return sentence;
    }
    let cut = &sentence[..sentence.floor_char_boundary(LONGEST)];
    let end = cut.rfind(char::is_whitespace).unwrap_or(cut.len());
    cut[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_megabytes_is_cut_between_words() {
        let check = |sentence: &str, bytes: usize| assert_eq!(begin(sentence).len(), bytes);
        check("One sentence.", 13);
        check(&"word ".repeat(1000), 999);
        check(&"é".repeat(1000), 1000);
        check(&format!("{}é", "a".repeat(999)), 999);
    }
}

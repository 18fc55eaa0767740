use std::cmp::Ordering;
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
    sentences: Vec<Sentence>,
    /// Each word once, so that each is looked up once, and compared by its number.
    words: HashMap<String, Word>,
}

#[derive(Clone, Copy)]
struct Word {
    number: u32,
    rarity: f64,
}

struct Sentence {
    text: String,
    /// In the order of their numbers, each once.
    words: Vec<Word>,
    /// Sum of the rarities.
    rarity: f64,
    vector: Option<Vec<f32>>,
}

impl Sentences {
    pub(super) fn of(text: &str, library: &Library) -> Self {
        Self::after(None, text, library)
    }

    /// Words that another text has too have its numbers.
    fn after(other: Option<&Self>, text: &str, library: &Library) -> Self {
        let analyzer = Analyzer::new(Form::Scored);
        let mut words: HashMap<String, Word> = HashMap::new();
        let first = other.map_or(0, |other| other.words.len());
        let told = sentences(text)
            .into_iter()
            .map(|place| begin(&text[place]))
            .filter(|sentence| sentence.len() >= 20);
        let sentences = told
            .take(SENTENCES)
            .map(|sentence| {
                let mut here = Vec::new();
                analyzer.terms(sentence, |term, _, _| {
                    let known = other.and_then(|other| other.words.get(term));
                    let word = known.or_else(|| words.get(term)).copied().unwrap_or_else(|| {
                        let having = library.documents_with(term).unwrap_or(0) as f64;
                        let word = Word {
                            number: (first + words.len()) as u32,
                            rarity: rarity(library.statistics.documents as f64, having),
                        };
                        words.insert(term.to_owned(), word);
                        word
                    });
                    here.push(word);
                });
                here.sort_unstable_by_key(|word| word.number);
                here.dedup_by_key(|word| word.number);
                Sentence {
                    text: sentence.to_owned(),
                    rarity: here.iter().map(|word| word.rarity).sum(),
                    words: here,
                    vector: library.embedder.embed(sentence),
                }
            })
            .collect();
        Self { sentences, words }
    }

    /// The pair that is most alike: half by words in common, by their rarity, half by meaning.
    pub(super) fn closest(&self, record: &Record, library: &Library) -> Option<SentencePair> {
        let text = format!("{}\n{}", record.title, record.abstract_text);
        let theirs = Self::after(Some(self), &text, library);
        let mut best: Option<(f64, &str, &str)> = None;
        for mine in &self.sentences {
            for their in &theirs.sentences {
                let overlap = 2.0 * common(&mine.words, &their.words)
                    / (mine.rarity + their.rarity).max(f64::MIN_POSITIVE);
                let likeness = match (&mine.vector, &their.vector) {
                    (Some(mine), Some(theirs)) => {
                        let cosine: f32 = mine.iter().zip(theirs).map(|(a, b)| a * b).sum();
                        0.5 * overlap + 0.5 * f64::from(cosine).max(0.0)
                    }
                    _ => overlap,
                };
                if best.is_none_or(|(most, _, _)| likeness > most) {
                    best = Some((likeness, &mine.text, &their.text));
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

/// Sum of the rarities of words that both have.
fn common(mine: &[Word], theirs: &[Word]) -> f64 {
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    let mut sum = 0.0;
    while let (Some(word), Some(other)) = (mine.peek(), theirs.peek()) {
        let order = word.number.cmp(&other.number);
        if order == Ordering::Equal {
            sum += word.rarity;
        }
        if order != Ordering::Greater {
            mine.next();
        }
        if order != Ordering::Less {
            theirs.next();
        }
    }
    sum
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

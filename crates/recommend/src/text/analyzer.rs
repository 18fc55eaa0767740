use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::fold::fold;
use super::stop_words::is_stop_word;

/// What becomes of words before they are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Stems of all words, in their places: for phrases.
    Stems,
    /// Stems, without stop words: for scores.
    Scored,
    /// Words as they were folded: for beginnings and near spellings, which stems would falsify.
    Folded,
}

/// Stems that each thread keeps to use them again; the commonest words come first in any corpus.
const KEPT: usize = 100_000;

thread_local! {
    static STEMS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// Turns text into terms. One and the same for documents and queries.
#[derive(Clone)]
pub(crate) struct Analyzer {
    form: Form,
    tokens: Vec<Token>,
}

impl Analyzer {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            tokens: Vec::new(),
        }
    }

    /// Calls back with every term, the word as it was folded, and its place in the text.
    pub(crate) fn terms(&self, text: &str, mut each: impl FnMut(&str, &str, Range<usize>)) {
        fold(text, |word| {
            if self.form == Form::Scored && is_stop_word(&word.text) {
                return;
            }
            if self.form == Form::Folded {
                each(&word.text, &word.text, word.place);
            } else {
                each(&stem(&word.text), &word.text, word.place);
            }
        });
    }

    /// The terms alone.
    pub(crate) fn list(&self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        self.terms(text, |term, _, _| terms.push(term.to_owned()));
        terms
    }
}

/// Words that keep a stem of their own, in order: the word, its stem, and a word that the algorithm takes it together with, though
/// it means something else. Each was seen to match the wrong documents: `containing` a gene is no biosafety containment, an
/// immune `response` no responsible research, a `conserved` domain no conservation of nature.
///
/// Changes here change what an index holds: count [`Library::MADE_BY`](crate::Library::MADE_BY) up.
const KEPT_APART: [(&str, &str, &str); 34] = [
    ("activism", "activist", "activity"),
    ("authorities", "authority", "author"),
    ("authority", "authority", "author"),
    ("conference", "conference", "confer"),
    ("conferences", "conference", "confer"),
    ("conserved", "conserved", "conservation"),
    ("constitution", "constitution", "constitutive"),
    ("constitutional", "constitution", "constitutive"),
    ("containment", "containment", "containing"),
    ("containments", "containment", "containing"),
    ("cultural", "cultural", "cultured"),
    ("culturally", "cultural", "cultured"),
    ("directive", "directive", "directed"),
    ("directives", "directive", "directed"),
    ("engine", "engine", "engineering"),
    ("engines", "engine", "engineering"),
    ("experience", "experience", "experiment"),
    ("experiences", "experience", "experiment"),
    ("humanities", "humanity", "human"),
    ("humanity", "humanity", "human"),
    ("importance", "important", "imported"),
    ("important", "important", "imported"),
    ("importantly", "important", "imported"),
    ("objection", "objection", "objective"),
    ("objections", "objection", "objective"),
    ("publication", "publication", "public"),
    ("publications", "publication", "public"),
    ("response", "response", "responsible"),
    ("responses", "response", "responsible"),
    ("responsive", "response", "responsible"),
    ("responsiveness", "response", "responsible"),
    ("secret", "secrets", "secretion"),
    ("secrets", "secrets", "secretion"),
    ("several", "several", "severe"),
];

/// The stem of a folded word; names with digits and words of three letters or fewer stay.
pub(crate) fn stem(word: &str) -> String {
    if word.len() <= 3 || !word.bytes().all(|sign| sign.is_ascii_lowercase()) {
        return word.to_owned();
    }
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(word) {
            return stem.clone();
        }
        if stems.len() >= KEPT {
            stems.clear();
        }
        let stem = match KEPT_APART.binary_search_by_key(&word, |(word, _, _)| word) {
            Ok(place) => KEPT_APART[place].1.to_owned(),
            Err(_) => by_algorithm(word),
        };
        stems.insert(word.to_owned(), stem.clone());
        stem
    })
}

fn by_algorithm(word: &str) -> String {
    Stemmer::new(Algorithm::English).stem(word).into_owned()
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.clear();
        let mut position = 0;
        self.terms(text, |term, _, place| {
            tokens.push(Token {
                offset_from: place.start,
                offset_to: place.end,
                position,
                text: term.to_owned(),
                position_length: 1,
            });
            position += 1;
        });
        self.tokens = tokens;
        Tokens {
            tokens: &mut self.tokens,
            next: 0,
        }
    }
}

/// Terms of one text, as tantivy asks for them.
pub(crate) struct Tokens<'a> {
    tokens: &'a mut Vec<Token>,
    next: usize,
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        let more = self.next < self.tokens.len();
        self.next += usize::from(more);
        more
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ethics_and_ethical_are_one_term() {
        let analyzer = Analyzer::new(Form::Scored);
        assert_eq!(
            analyzer.list("The ethics of ethical Cas9 work"),
            ["ethic", "ethic", "cas9", "work"]
        );
    }

    #[test]
    fn words_of_another_meaning_are_kept_apart() {
        assert!(KEPT_APART.is_sorted_by_key(|(word, _, _)| *word));
        for (word, kept, other) in KEPT_APART {
            assert_eq!(by_algorithm(word), by_algorithm(other), "{word} and {other}");
            assert_eq!(stem(word), kept);
            assert_ne!(stem(other), kept);
        }
        assert_eq!(stem("containing"), "contain");
        assert_ne!(stem("containing"), stem("containment"));
    }

    #[test]
    fn phrases_keep_stop_words() {
        let analyzer = Analyzer::new(Form::Stems);
        assert_eq!(analyzer.list("right to health"), ["right", "to", "health"]);
    }
}

//! Text as words and sentences: what an index and its queries agree on.

mod analyzer;
mod fold;
mod general_words;
mod language;
mod sentences;
mod stop_words;

pub(crate) use analyzer::{Analyzer, Form, stem};
pub(crate) use fold::fold;
pub(crate) use general_words::is_general;
pub(crate) use language::other_language;
pub(crate) use sentences::sentences;
/// The stem of a lower-case word, by the English stemmer of Snowball (Porter 2); words of three letters and names with digits stay.
pub fn porter(word: &str) -> String {
    stem(word)
}

pub(crate) use stop_words::is_stop_word;

//! Text as words and sentences: what an index and its queries agree on.

mod analyzer;
mod fold;
mod sentences;
mod stop_words;

pub(crate) use analyzer::{Analyzer, Form, stem};
pub(crate) use fold::{Word, fold};
pub(crate) use sentences::sentences;
pub(crate) use stop_words::is_stop_word;

//! Which documents fit a text, and why.

mod terms;
mod words;

pub(crate) use terms::{QueryTerm, query_terms};
pub(crate) use words::{Hit, Words};

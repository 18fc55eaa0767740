//! Which documents fit a text, and why.

mod diversity;
mod engineered;
mod feedback;
mod filter;
mod likeness;
mod measured;
mod question;
mod reasons;
mod recommend;
mod sentence_pairs;
mod standing;
mod terms;
mod twins;
mod weights;
mod words;

pub use feedback::Feedback;
pub use filter::Filter;
pub use question::Question;
pub use reasons::{AspectReason, Part, Reasons, SentencePair, WordShare};
pub use recommend::{Covered, RecommendOptions, Recommendation, Recommended, Recommender};
pub use standing::Standing;
pub(crate) use terms::{PhraseTerms, QueryTerm, query_terms, telling, terms_of};
pub use twins::Twin;
pub use weights::Weights;
pub(crate) use words::Words;

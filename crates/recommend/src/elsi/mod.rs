//! Whether a document is on ethics, law and society, how sure that is, and which aspects it is about.

/// Documents that were judged by hand, a line of JSON each: what the shipped coefficients learnt from.
pub const BUNDLED_JUDGEMENTS: &str = include_str!("../../data/judgements.jsonl");

mod aspects;
mod evidence;
mod logistic;
mod model;
mod train;

pub use aspects::{AspectMeasures, AspectModel, AspectRegression, train_aspects};
pub(crate) use evidence::Evidence;
pub use model::{Classifier, Coefficients};
pub use train::{Balance, Example, Judgement, Learnt, TrainOptions, Verdict, train};

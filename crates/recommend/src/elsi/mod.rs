//! Whether a document is on ethics, law and society, how sure that is, and which aspects it is about.

mod evidence;
mod model;
mod train;

pub(crate) use evidence::Evidence;
pub use model::{Classifier, Coefficients};
pub use train::{Balance, Example, Judgement, Learnt, TrainOptions, train};

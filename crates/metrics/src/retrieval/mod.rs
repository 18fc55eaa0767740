//! How good rankings of documents are, how fair, and whether two systems differ.
//!
//! | question | answer |
//! |---|---|
//! | What should have been found? | [`Judgements`], [`AspectJudgements`] |
//! | What was found? | [`Run`] |
//! | How good is it, query by query? | [`Retrieval::evaluate`] with [`RankingMeasure`] |
//! | Does it show all sides? | [`AspectMeasure`], [`list_diversity`], [`coverage`] |
//! | Who gets seen? | [`group_share`] |
//! | Does one run beat the other? | [`paired_bootstrap`], [`randomisation_test`]; of several, with [`Adjustment::Holm`](crate::rank::Adjustment::Holm) |
//! | Do two graders agree? | [`Agreement`], [`cohens_kappa`], [`quadratic_kappa`], [`krippendorff_alpha`] |
//!
//! Numbers are those of `trec_eval`, which `pytrec_eval` and BEIR call, and of `ndeval`, but where an item says otherwise.
//! One thing is otherwise everywhere: what is not defined, as any measure of a query without a relevant document, is absent
//! and counted, where `trec_eval` says 0.

mod agreement;
mod aspects;
mod exposure;
mod judgements;
mod measure;
mod paired;
mod report;
mod run;
mod text;

pub use agreement::{Agreement, cohens_kappa, krippendorff_alpha, quadratic_kappa};
pub use aspects::{AspectJudgements, AspectMeasure, coverage, list_diversity};
pub use exposure::{GroupShare, group_share};
pub use judgements::Judgements;
pub use measure::{Gain, RankingMeasure};
pub use paired::{Randomisation, paired_bootstrap, randomisation_test};
pub use report::{Missing, PairedScores, QueryScores, RankingReport, Retrieval};
pub use run::{Order, Ranked, Run};

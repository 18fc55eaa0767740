//! Whether methods differ, over several data sets or over the folds of one.
//!
//! | question | answer |
//! |---|---|
//! | Do several methods on several data sets differ at all? | [`Ranking::friedman`], [`Ranking::iman_davenport`] |
//! | Which of them differ? | [`Ranking::all_pairs`], [`Ranking::critical_difference`] |
//! | Which of them differ from one? | [`Ranking::against`] |
//! | Do two methods differ over several data sets? | [`SignedRank`] |
//! | How likely is either better, or neither? | [`BayesianSignedRank`] |
//! | The same over the folds of one data set | [`CorrelatedT`] |
//!
//! Numbers are those of scipy, scikit-posthocs, statsmodels and baycomp, but where a type says otherwise.

mod adjustment;
mod bayesian;
mod ranking;
mod signed_rank;
mod studentised_range;
mod tails;

pub use adjustment::Adjustment;
pub use bayesian::{BayesianSignedRank, CorrelatedT, Posterior};
pub use ranking::{AllAlike, RankComparison, Ranking};
pub use signed_rank::{Alternative, Method, SignedRank, SignedRankTest, ZeroMethod};

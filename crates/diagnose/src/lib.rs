//! What latent features say about a classifier: arrays in, findings out.
//!
//! A [`Readout`] is rows of features with what a head says of them. Each analysis takes one or two of them: [`profile`],
//! [`match_splits`], [`diversity`], [`gap`], [`archetypes`], [`adversaries`], [`overlap`], [`density`] and [`compare`].
//! [`analyse`] does all of them for one model and turns the numbers into sentences and recommendations.
//!
//! What is marked \[code\] was read in released code of the papers' authors, what is marked \[inferred\] is a definition of ours.

mod adversaries;
mod analyse;
mod archetypes;
mod checks;
mod compare;
mod contributions;
mod correlation;
mod diversity;
mod eigen;
mod error;
mod findings;
mod gap;
mod intervals;
mod matching;
mod neighborhood;
mod options;
mod order;
mod overlap;
mod profile;
mod ranges;
mod readout;
mod recommend;
mod required;
mod several;
mod split;
mod steps;
mod summary;

pub use adversaries::{Adversaries, ClassAdversaries, ClassShare, adversaries};
pub use analyse::{Diagnosis, analyse};
pub use archetypes::{
    Archetype, ArchetypeRows, Archetypes, ClassArchetypes, Medoid, archetypes, archetypes_of_rows,
};
pub use compare::{Change, ClassChange, Comparison, Flow, Kinship, Moved, compare};
pub use contributions::{binary_linear, contributions};
pub use correlation::rank_correlation;
pub use diversity::{ClassDiversity, Diversity, FeatureSpread, diversity};
pub use error::Error;
pub use findings::{Finding, FindingKind, Severity};
pub use gap::{ClassGap, GapChange, GapNumbers, GapReport, gap, gap_change};
pub use intervals::{ClassIntervals, intervals};
pub use matching::{ClassMatch, FeatureMatch, match_splits};
pub use neighborhood::Neighborhood;
pub use options::{BiasOf, ContributionsOf, Detail, DiagnoseOptions};
pub use overlap::{ClassDensity, Density, Overlap, density, overlap};
pub use profile::{ClassProfile, Profile, Ranked, SplitProfile, StratumProfile, TopFeature, profile};
pub use ranges::Ranges;
pub use readout::Readout;
pub use recommend::{Action, Recommendation, given_up, recoverable};
pub use required::{Required, required_contributions};
pub use several::{ClassOfSeveral, NumberOfSeveral, summarise};
pub use split::Split;
pub use summary::{ClassSummary, Correlation};

//! Choosing and making rows: over-sampling, under-sampling, cleaning, and EOS.
//!
//! Every method is a struct of its options and implements [`Resample`]. Everything random happens while
//! choosing; the arithmetic is plain. Two choosers exist: Counterpoise's own, whose draws belong to rows, and one
//! that replays numpy's stream with the habits of imbalanced-learn.

mod adasyn;
mod around;
mod borderline_smote;
mod cells;
mod cost;
mod disparate_impact_remover;
mod edited_nearest_neighbours;
mod eos;
mod error;
mod fair_adasyn;
mod fair_balance;
mod fair_borderline_smote;
mod fair_oversampling;
mod fair_smote;
mod favorable;
mod fawos;
mod heterogeneous_fair_oversampling;
mod inside_cells;
mod interpolate;
mod massaging;
mod method;
mod native;
mod numpy;
mod random_over_sampler;
mod random_under_sampler;
mod resample;
mod reweighing;
mod same_class;
mod smote;
mod smoteenn;
mod smotenc;
mod strategy;

pub use adasyn::Adasyn;
pub use borderline_smote::{BorderlineKind, BorderlineSmote};
pub use cells::EmptyCell;
pub use cost::Cost;
pub use disparate_impact_remover::{DisparateImpactRemover, Repair};
pub use edited_nearest_neighbours::{EditedNearestNeighbours, KindSel};
pub use eos::{EnemyLookup, Eos};
pub use error::Error;
pub use fair_adasyn::FairAdasyn;
pub use fair_balance::{FairBalance, FairBalanceVariant};
pub use fair_borderline_smote::FairBorderlineSmote;
pub use fair_oversampling::{Bases, Blur, FairOversampling, FairOversamplingVariant};
pub use fair_smote::{FairSmote, Outside};
pub use favorable::MissingCell;
pub use fawos::Fawos;
pub use heterogeneous_fair_oversampling::{Density, HeterogeneousFairOversampling};
pub use massaging::{Massaging, Ranker};
pub use method::Method;
pub use numpy::NumpyRandom;
pub use random_over_sampler::RandomOverSampler;
pub use random_under_sampler::RandomUnderSampler;
pub use resample::{Chooser, FewRows, Kind, Plan, PlannedClass, Resample, Run, Transform};
pub use reweighing::Reweighing;
pub use smote::Smote;
pub use smoteenn::Smoteenn;
pub use smotenc::Smotenc;
pub use strategy::{Amount, Direction, Strategy, Targets};

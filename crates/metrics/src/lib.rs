//! How good predictions are, class by class, and how sure that is.
//!
//! A number that is not defined is absent, never 0: [`Measure::value`] gives an `Option`. [`Bootstrap`] puts an
//! interval around every number, because rare classes make for few rows.
//!
//! Between groups of rows, [`GroupMeasure`] compares: the module [`group`] lists what AIF360 and Fairlearn call it.
//! Between methods over several data sets, the tests of the module [`rank`] do. Rankings of
//! documents are measured in the module [`retrieval`].

mod binomial;
mod bootstrap;
mod confusion;
mod curves;
mod error;
mod evaluator;
pub mod group;
mod measure;
mod normal;
mod predictions;
pub mod rank;
mod report;
pub mod retrieval;
mod sweep;

pub use bootstrap::{Bootstrap, Estimate, IntervalKind};
pub use confusion::{Confusion, ConfusionMatrix};
pub use curves::{
    PrecisionRecallPoint, ReliabilityBin, RocPoint, precision_recall_curve, reliability, roc_curve,
};
pub use error::Error;
pub use evaluator::Evaluator;
pub use group::{
    Aim, Benefits, Comparison, GroupEvaluator, GroupMeasure, GroupReport, GroupedRows, Odds, Outcome, Rate,
    RateReport, Scope, Subject, Undefined, fair_utility, per_group_report,
};
pub use measure::{Average, Measure};
pub use predictions::Predictions;
pub use report::{ClassReport, per_class_report};

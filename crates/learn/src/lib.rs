//! Learners behind one front: maintained crates, seeded, with weights of rows where the crate has them.
//!
//! [`Encoder`] turns features into a [`Design`], [`Learner`] fits one and gives a [`Model`], and [`Calibrator`],
//! [`Decision`] and [`correct_prior`] work on its probabilities.

mod boosting;
mod calibration;
mod constraint;
mod decision;
mod descent;
mod design;
mod error;
mod estimator;
mod exponentiated_gradient;
mod forest;
mod grid_search;
mod group_thresholds;
mod impute;
mod k_means;
mod learner;
mod linear_program;
mod logistic;
mod naive_bayes;
mod nearest_neighbors;
mod prejudice_remover;
mod prior;
mod sensitive_subspace;
mod svm;
mod weighted_svm;

pub use boosting::GradientBoosting;
pub use calibration::{Calibration, Calibrator};
pub use constraint::Constraint;
pub use decision::{Decision, Objective};
pub use design::{Design, Encoder};
pub use error::Error;
pub use estimator::Estimator;
pub use exponentiated_gradient::ExponentiatedGradient;
pub use forest::{MaxFeatures, RandomForest};
pub use grid_search::GridSearch;
pub use group_thresholds::{Gain, GroupThresholds, Scores};
pub use impute::Imputer;
pub use k_means::{Clusters, KMeans};
pub use learner::{Learner, Model, Training};
pub use logistic::LogisticRegression;
pub use naive_bayes::GaussianNaiveBayes;
pub use nearest_neighbors::{KNearestNeighbors, Votes};
pub use prejudice_remover::PrejudiceRemover;
pub use prior::correct_prior;
pub use sensitive_subspace::SensitiveSubspace;
pub use svm::{Gamma, LinearSvm, Probabilities, RbfSvm};

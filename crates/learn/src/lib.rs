//! Learners behind one front: maintained crates, seeded, with weights of rows where the crate has them.
//!
//! [`Encoder`] turns features into a [`Design`], [`Learner`] fits one and gives a [`Model`], and [`Calibrator`],
//! [`Decision`] and [`correct_prior`] work on its probabilities.

mod boosting;
mod calibration;
mod decision;
mod design;
mod error;
mod forest;
mod impute;
mod k_means;
mod learner;
mod logistic;
mod naive_bayes;
mod nearest_neighbors;
mod prior;
mod svm;

pub use boosting::GradientBoosting;
pub use calibration::{Calibration, Calibrator};
pub use decision::{Decision, Objective};
pub use design::{Design, Encoder};
pub use error::Error;
pub use forest::{MaxFeatures, RandomForest};
pub use impute::Imputer;
pub use k_means::{Clusters, KMeans};
pub use learner::{Learner, Model, Training};
pub use logistic::LogisticRegression;
pub use naive_bayes::GaussianNaiveBayes;
pub use nearest_neighbors::{KNearestNeighbors, Votes};
pub use prior::correct_prior;
pub use svm::{Gamma, LinearSvm, RbfSvm};

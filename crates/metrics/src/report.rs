use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConfusionMatrix, Predictions};

/// The numbers of one class against the rest.
///
/// # Source
///
/// The lines of imbalanced-learn's `classification_report_imbalanced`; what is not defined is absent instead of 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassReport {
    /// Name of the class.
    pub class: String,
    /// Share of predicted rows that are of the class.
    pub precision: Option<f64>,
    /// Share of the class that was told.
    pub recall: Option<f64>,
    /// Share of the rest that was told.
    pub specificity: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Geometric mean of recall and specificity.
    pub g_mean: Option<f64>,
    /// Index-balanced accuracy.
    pub iba: Option<f64>,
    /// Weight of the rows of the class.
    pub support: f64,
}

/// A line for each class, those without rows too.
pub fn per_class_report(p: &Predictions<'_>) -> Vec<ClassReport> {
    let matrix = ConfusionMatrix::new(p);
    let line = |(class, name): (usize, &String)| {
        let one = matrix.of(class);
        ClassReport {
            class: name.clone(),
            precision: one.precision(),
            recall: one.recall(),
            specificity: one.specificity(),
            f1: one.f_beta(1.0),
            g_mean: one.g_mean(),
            iba: one.iba(),
            support: matrix.truth()[class],
        }
    };
    p.classes().iter().enumerate().map(line).collect()
}

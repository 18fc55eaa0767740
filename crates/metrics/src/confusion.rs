use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Predictions;

/// How much index-balanced accuracy rewards recall above specificity; imbalanced-learn's default.
const IBA_ALPHA: f64 = 0.1;

/// One class against the rest: how much weight was told right and wrong, both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confusion {
    /// Weight of the class that was told.
    pub tp: f64,
    /// Weight of the rest that was taken for the class.
    pub fp: f64,
    /// Weight of the class that was missed.
    #[serde(rename = "fn")]
    pub fn_: f64,
    /// Weight of the rest that was told.
    pub tn: f64,
}

// A class without rows has no recall. 0.0 would read as a class that is always missed.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

impl Confusion {
    /// Share of the predicted rows that are of the class; absent if the class was never predicted.
    #[doc(alias = "PPV")]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp)
    }

    /// Share of the class that was told; absent if the class has no rows.
    #[doc(alias = "TPR")]
    #[doc(alias = "sensitivity")]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fn_)
    }

    /// Share of the rest that was told; absent if there is no rest.
    #[doc(alias = "TNR")]
    pub fn specificity(&self) -> Option<f64> {
        ratio(self.tn, self.tn + self.fp)
    }

    /// Weighted harmonic mean of precision and recall, which counts recall `beta` times as much; absent if the class
    /// was neither there nor predicted. It is 0, not absent, for a class that was there and never predicted.
    pub fn f_beta(&self, beta: f64) -> Option<f64> {
        let square = beta * beta;
        let told = (1.0 + square) * self.tp;
        ratio(told, told + square * self.fn_ + self.fp)
    }

    /// Square root of recall times specificity; absent if either is.
    pub fn g_mean(&self) -> Option<f64> {
        Some((self.recall()? * self.specificity()?).sqrt())
    }

    /// Index-balanced accuracy: recall times specificity, times `1 + 0.1 (recall - specificity)`; absent if either
    /// is. Between 0 and 1.025.
    ///
    /// # Source
    ///
    /// García, Mollineda and Sánchez, "Index of Balanced Accuracy: A Performance Measure for Skewed Class
    /// Distributions", IbPRIA 2009, for the squared geometric mean with the weight 0.1 of imbalanced-learn.
    #[doc(alias = "index_balanced_accuracy")]
    pub fn iba(&self) -> Option<f64> {
        let (recall, specificity) = (self.recall()?, self.specificity()?);
        Some((1.0 + IBA_ALPHA * (recall - specificity)) * recall * specificity)
    }
}

/// How much weight of each true class was predicted as each class.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    classes: usize,
    cells: Vec<f64>,
    truth: Vec<f64>,
    predicted: Vec<f64>,
}

impl ConfusionMatrix {
    /// Adds up the rows.
    pub fn new(rows: &Predictions<'_>) -> Self {
        let c = rows.classes().len();
        let mut cells = vec![0.0; c * c];
        for (row, (&truth, &predicted)) in rows.truth().iter().zip(rows.predicted()).enumerate() {
            cells[truth as usize * c + predicted as usize] += rows.weight_of(row);
        }
        Self::from_cells(c, cells)
    }

    /// Takes cells as they are, `(c, c)`, one true class a line.
    ///
    /// # Panics
    ///
    /// If there are not `classes` times `classes` of them.
    pub fn from_cells(classes: usize, cells: Vec<f64>) -> Self {
        assert_eq!(
            cells.len(),
            classes * classes,
            "a confusion matrix has a cell for each pair of classes"
        );
        let mut truth = vec![0.0; classes];
        let mut predicted = vec![0.0; classes];
        for (place, weight) in cells.iter().enumerate() {
            truth[place / classes] += weight;
            predicted[place % classes] += weight;
        }
        Self {
            classes,
            cells,
            truth,
            predicted,
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All cells, `(c, c)`, one true class a line.
    pub fn cells(&self) -> &[f64] {
        &self.cells
    }

    /// Weight of the rows of class `truth` that were predicted as `predicted`.
    pub fn cell(&self, truth: usize, predicted: usize) -> f64 {
        self.cells[truth * self.classes + predicted]
    }

    /// Weight of each true class.
    pub fn truth(&self) -> &[f64] {
        &self.truth
    }

    /// Weight of each predicted class.
    pub fn predicted(&self) -> &[f64] {
        &self.predicted
    }

    /// Weight of all rows.
    pub fn total(&self) -> f64 {
        self.truth.iter().sum()
    }

    /// Weight of the rows that were told.
    pub fn correct(&self) -> f64 {
        (0..self.classes).map(|class| self.cell(class, class)).sum()
    }

    /// One class against the rest.
    pub fn of(&self, class: usize) -> Confusion {
        let c = self.classes;
        let others = || (0..c).filter(move |&other| other != class);
        // Sums of the others, not what is left of the total: without others the result is 0 to the last bit.
        let rest: f64 = others().map(|other| self.truth[other]).sum();
        let fp: f64 = others().map(|truth| self.cell(truth, class)).sum();
        Confusion {
            tp: self.cell(class, class),
            fp,
            fn_: others().map(|predicted| self.cell(class, predicted)).sum(),
            tn: (rest - fp).max(0.0),
        }
    }

    /// Whether a class has a row or was predicted.
    pub fn occurs(&self, class: usize) -> bool {
        self.truth[class] > 0.0 || self.predicted[class] > 0.0
    }

    /// All classes that occur, each against the rest, added up: what micro averages are made of.
    pub fn pooled(&self) -> Confusion {
        (0..self.classes)
            .filter(|&class| self.occurs(class))
            .fold(Confusion::default(), |sum, class| {
                let one = self.of(class);
                Confusion {
                    tp: sum.tp + one.tp,
                    fp: sum.fp + one.fp,
                    fn_: sum.fn_ + one.fn_,
                    tn: sum.tn + one.tn,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_was_never_predicted_has_no_precision_and_an_f1_of_0() {
        let missed = Confusion {
            tp: 0.0,
            fp: 0.0,
            fn_: 3.0,
            tn: 7.0,
        };
        assert_eq!(missed.precision(), None);
        assert_eq!(missed.recall(), Some(0.0));
        assert_eq!(missed.f_beta(1.0), Some(0.0));
        assert_eq!(missed.g_mean(), Some(0.0));
    }

    #[test]
    fn a_class_that_does_not_occur_has_no_numbers_but_specificity() {
        let none = Confusion {
            tn: 7.0,
            ..Confusion::default()
        };
        assert_eq!(
            (none.precision(), none.recall(), none.f_beta(1.0)),
            (None, None, None)
        );
        assert_eq!(none.specificity(), Some(1.0));
        assert_eq!(none.iba(), None);
    }

    #[test]
    fn one_against_the_rest_adds_up() {
        let matrix = ConfusionMatrix::from_cells(3, vec![5.0, 1.0, 0.0, 2.0, 3.0, 1.0, 0.0, 0.0, 4.0]);
        let one = matrix.of(1);
        assert_eq!((one.tp, one.fp, one.fn_, one.tn), (3.0, 1.0, 3.0, 9.0));
        assert_eq!(matrix.total(), 16.0);
        assert_eq!(matrix.correct(), 12.0);
        assert_eq!(matrix.pooled().recall(), Some(0.75));
    }
}

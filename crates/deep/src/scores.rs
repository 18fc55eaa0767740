use counterpoise_base::Labels;
use counterpoise_metrics::{Evaluator, Measure, Predictions};

use crate::Error;

/// How well classes are told apart: the measures of the DeepSMOTE and EOS papers.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scores {
    /// Mean recall over classes: ACSA, BAC.
    pub balanced_accuracy: Option<f64>,
    /// Square root of macro recall times macro specificity: GM.
    pub g_mean: Option<f64>,
    /// Mean F1 over classes: F1, FM.
    pub macro_f1: Option<f64>,
    /// Share of rows that are classified right.
    pub accuracy: Option<f64>,
    /// Recall of every class; absent for classes without a row.
    pub recall: Vec<Option<f64>>,
}

impl Scores {
    /// Compares predictions with the truth; one prediction a row.
    pub fn of(labels: &Labels, predictions: &[u32]) -> Result<Self, Error> {
        let rows = Predictions::new(labels.classes(), labels.codes(), predictions)?;
        let names = ["balanced-accuracy", "g-mean-macro", "f1-macro", "accuracy"];
        let measures: Result<Vec<Measure>, _> = names.iter().map(|name| name.parse()).collect();
        let values = Evaluator::new(&measures?, &rows, None)?.original();
        let defined = |value: f64| value.is_finite().then_some(value);
        let counts = labels.counts();
        let mut right = vec![0_usize; counts.len()];
        for (&truth, &predicted) in labels.codes().iter().zip(predictions) {
            right[truth as usize] += usize::from(truth == predicted);
        }
        let recall = |(&right, &count): (&usize, &usize)| (count > 0).then(|| right as f64 / count as f64);
        Ok(Self {
            balanced_accuracy: defined(values[0]),
            g_mean: defined(values[1]),
            macro_f1: defined(values[2]),
            accuracy: defined(values[3]),
            recall: right.iter().zip(&counts).map(recall).collect(),
        })
    }
}

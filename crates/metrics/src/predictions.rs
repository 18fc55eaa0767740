use crate::Error;

/// How far the probabilities of a row may sum from 1, for each class: those that were printed with four digits stay within.
const SUM_TOLERANCE: f64 = 1e-4;

/// Truth, predictions and, where there are any, probabilities and weights of n rows; checked once.
///
/// ```
/// use counterpoise_metrics::{Measure, Predictions};
///
/// let classes = ["common".to_owned(), "rare".to_owned()];
/// let rows = Predictions::new(&classes, &[0, 0, 0, 1], &[0, 0, 1, 1])?;
/// let recall: Measure = "recall:rare".parse()?;
/// assert_eq!(recall.value(&rows), Some(1.0));
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a> {
    classes: &'a [String],
    truth: &'a [u32],
    predicted: &'a [u32],
    probabilities: Option<&'a [f64]>,
    weights: Option<&'a [f64]>,
}

impl<'a> Predictions<'a> {
    /// Takes class codes, one a row in each list; a code is the place of its class in `classes`.
    pub fn new(classes: &'a [String], truth: &'a [u32], predicted: &'a [u32]) -> Result<Self, Error> {
        length("the list of predicted classes", predicted.len(), truth.len())?;
        for (what, codes) in [("true class", truth), ("predicted class", predicted)] {
            if let Some(row) = codes.iter().position(|&code| code as usize >= classes.len()) {
                return Err(Error::UnknownCode {
                    what,
                    row: row + 1,
                    code: codes[row],
                    classes: classes.len(),
                });
            }
        }
        Ok(Self {
            classes,
            truth,
            predicted,
            probabilities: None,
            weights: None,
        })
    }

    /// Adds probabilities, `(n, c)` row by row; those of a row sum to 1 within 10⁻⁴ a class.
    pub fn with_probabilities(mut self, probabilities: &'a [f64]) -> Result<Self, Error> {
        let c = self.classes.len();
        length(
            "the table of probabilities",
            probabilities.len(),
            self.len().saturating_mul(c),
        )?;
        for (row, values) in probabilities.chunks_exact(c.max(1)).enumerate() {
            if let Some(class) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
                return Err(Error::Probability {
                    row: row + 1,
                    class: self.classes[class].clone(),
                    value: values[class],
                });
            }
            let sum: f64 = values.iter().sum();
            if (sum - 1.0).abs() > SUM_TOLERANCE * c as f64 {
                return Err(Error::ProbabilitySum { row: row + 1, sum });
            }
        }
        self.probabilities = Some(probabilities);
        Ok(self)
    }

    /// Adds a weight a row: finite and at least 0, not all of them 0.
    pub fn with_weights(mut self, weights: &'a [f64]) -> Result<Self, Error> {
        check_weights(weights, self.len())?;
        self.weights = Some(weights);
        Ok(self)
    }

    /// Class names, in the order of their codes.
    pub fn classes(&self) -> &'a [String] {
        self.classes
    }

    /// The true class of every row.
    pub fn truth(&self) -> &'a [u32] {
        self.truth
    }

    /// The predicted class of every row.
    pub fn predicted(&self) -> &'a [u32] {
        self.predicted
    }

    /// Probabilities, `(n, c)` row by row.
    pub fn probabilities(&self) -> Option<&'a [f64]> {
        self.probabilities
    }

    /// The weight of every row.
    pub fn weights(&self) -> Option<&'a [f64]> {
        self.weights
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// The probabilities of one row, in class order.
    pub fn probabilities_of(&self, row: usize) -> Option<&'a [f64]> {
        let c = self.classes.len();
        self.probabilities
            .and_then(|values| values.get(row * c..(row + 1) * c))
    }

    /// The weight of one row; 1 where there are no weights.
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }
}

/// One weight a row, finite and at least 0, not all of them 0.
pub(crate) fn check_weights(weights: &[f64], rows: usize) -> Result<(), Error> {
    length("the list of weights", weights.len(), rows)?;
    if let Some(row) = weights
        .iter()
        .position(|weight| !(weight.is_finite() && *weight >= 0.0))
    {
        return Err(Error::Weight {
            row: row + 1,
            value: weights[row],
        });
    }
    if !weights.is_empty() && weights.iter().all(|&weight| weight == 0.0) {
        return Err(Error::NoWeight);
    }
    Ok(())
}

fn length(what: &'static str, has: usize, needed: usize) -> Result<(), Error> {
    if has == needed {
        Ok(())
    } else {
        Err(Error::Length { what, has, needed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    fn probabilities(values: &[f64]) -> String {
        let classes = classes();
        let rows = Predictions::new(&classes, &[0, 1], &[0, 1]).unwrap();
        rows.with_probabilities(values).unwrap_err().to_string()
    }

    #[test]
    fn a_code_without_a_class_is_told_with_its_row() {
        let error = Predictions::new(&classes(), &[0, 1], &[0, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 2: the predicted class is class number 2, and there are 2 classes, counted from 0"
        );
    }

    #[test]
    fn lists_of_different_lengths_are_refused() {
        let error = Predictions::new(&classes(), &[0, 1], &[0]).unwrap_err();
        assert_eq!(error.code(), "metrics.length");
    }

    #[test]
    fn probabilities_are_told_by_row_and_class() {
        assert_eq!(
            probabilities(&[0.5, 0.5, 1.5, -0.5]),
            "row 2: the probability of class `a` is 1.5, which is not between 0 and 1"
        );
        assert!(probabilities(&[0.5, f64::NAN, 1.0, 0.0]).contains("class `b` is NaN"));
        assert_eq!(
            probabilities(&[0.5, 0.25, 1.0, 0.0]),
            "row 1: the probabilities of all classes sum to 0.75, not to 1"
        );
    }

    #[test]
    fn weights_must_leave_something() {
        let classes = classes();
        let rows = Predictions::new(&classes, &[0, 1], &[0, 1]).unwrap();
        let code = |weights: &[f64]| rows.with_weights(weights).unwrap_err().code();
        assert_eq!(code(&[0.0, 0.0]), "metrics.no-weight");
        assert_eq!(code(&[1.0, -1.0]), "metrics.weight");
        assert_eq!(code(&[f64::INFINITY, 1.0]), "metrics.weight");
        assert!(rows.with_weights(&[0.0, 2.0]).is_ok());
    }
}

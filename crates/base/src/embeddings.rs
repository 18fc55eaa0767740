use crate::Labels;

/// What the last layer of a classifier sees of every row, with its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    values: Vec<f32>,
    width: usize,
    /// The class of every row.
    pub labels: Labels,
    /// The predicted class of every row, by the codes of `labels`, where it is known.
    pub predictions: Option<Vec<u32>>,
    /// How much of each class every row is, `(n, classes)`, where rows are of several.
    pub shares: Option<Vec<f32>>,
    /// What the rows are called, where they have names.
    pub names: Option<Vec<String>>,
}

impl Embeddings {
    /// `values` is `(n, width)`, row after row.
    ///
    /// # Panics
    ///
    /// If there are more or fewer than labels.
    pub fn new(values: Vec<f32>, width: usize, labels: Labels) -> Self {
        assert_eq!(values.len(), labels.len() * width, "one embedding for each label");
        Self {
            values,
            width,
            labels,
            predictions: None,
            shares: None,
            names: None,
        }
    }

    /// The same with a predicted class for every row.
    ///
    /// # Panics
    ///
    /// If there are more or fewer than rows.
    pub fn with_predictions(mut self, predictions: Vec<u32>) -> Self {
        assert_eq!(
            predictions.len(),
            self.labels.len(),
            "one prediction for each row"
        );
        self.predictions = Some(predictions);
        self
    }

    /// `(n, width)`, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Numbers in an embedding.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The embedding of one row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// These rows alone, in this order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let classes = self.labels.classes().to_vec();
        let codes = rows.iter().map(|&row| self.labels.codes()[row]).collect();
        let shares = self.shares.as_ref().map(|shares| {
            let of = |&row: &usize| shares[row * classes.len()..][..classes.len()].to_vec();
            rows.iter().flat_map(of).collect()
        });
        Self {
            values: rows.iter().flat_map(|&row| self.row(row)).copied().collect(),
            width: self.width,
            predictions: self
                .predictions
                .as_ref()
                .map(|all| rows.iter().map(|&row| all[row]).collect()),
            shares,
            names: self
                .names
                .as_ref()
                .map(|all| rows.iter().map(|&row| all[row].clone()).collect()),
            labels: Labels::from_codes(classes, codes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_rows_goes_with_them() {
        let labels = Labels::from_names(&["a", "b", "a"]);
        let mut all =
            Embeddings::new(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2, labels).with_predictions(vec![1, 1, 0]);
        all.shares = Some(vec![1.0, 0.0, 0.25, 0.75, 0.5, 0.5]);
        let some = all.select(&[2, 1]);
        assert_eq!(some.values(), [4.0, 5.0, 2.0, 3.0]);
        assert_eq!(some.labels.codes(), [0, 1]);
        assert_eq!(some.predictions, Some(vec![0, 1]));
        assert_eq!(some.shares, Some(vec![0.5, 0.5, 0.25, 0.75]));
        assert_eq!(all.select(&[]).len(), 0);
    }
}

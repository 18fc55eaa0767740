use counterpoise_base::{Embeddings, LinearHead, Observer, Warning};
use rayon::prelude::*;

use crate::contributions::multiply;
use crate::order::dot;
use crate::steps::Steps;
use crate::{Error, Split, checks};

const TASK: &str = "reading features";

/// Rows that meet the weights of a class while these are near.
const BLOCK: usize = 64;

/// Rows of features with what a head says of each: what every analysis starts from.
///
/// Features and head are checked, so that later steps need not.
#[derive(Debug)]
pub struct Readout<'a> {
    split: Split,
    embeddings: &'a Embeddings,
    head: &'a LinearHead,
    weights: Vec<f64>,
    said: Vec<Said>,
    of_class: Vec<Vec<usize>>,
    predicted_as: Vec<Vec<usize>>,
    warnings: Vec<Warning>,
}

/// What a head says of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// The class that is predicted.
    pub(crate) class: u32,
    /// Its logit.
    pub(crate) logit: f64,
    /// The largest logit.
    pub(crate) best_logit: f64,
    /// The largest logit of a class that is not predicted.
    pub(crate) rival: f64,
    /// The logit of the true class.
    pub(crate) truth: f64,
}

impl<'a> Readout<'a> {
    /// Reads rows. The predictions of `embeddings` are taken where there are some, else the class with the largest logit; of
    /// several, the first.
    ///
    /// Time: `O(n width classes)`. Memory beside the input: a few numbers a row and one for each weight.
    pub fn new(
        split: Split,
        embeddings: &'a Embeddings,
        head: &'a LinearHead,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        checks::fit(embeddings, head, split)?;
        let weights = head.effective_weight();
        let width = head.width();
        let steps = Steps::new(TASK, embeddings.len().div_ceil(BLOCK), observer);
        let block = |(place, values): (usize, &[f32])| -> Result<Vec<Said>, Error> {
            let said = said(embeddings, head, &weights, place * BLOCK, values);
            steps.step()?;
            Ok(said)
        };
        let blocks: Vec<Vec<Said>> = embeddings
            .values()
            .par_chunks(BLOCK * width)
            .enumerate()
            .map(block)
            .collect::<Result<_, Error>>()?;
        let said: Vec<Said> = blocks.into_iter().flatten().collect();
        steps.finish()?;
        let mut of_class = vec![Vec::new(); head.classes()];
        let mut predicted_as = vec![Vec::new(); head.classes()];
        for (row, (said, &class)) in said.iter().zip(embeddings.labels.codes()).enumerate() {
            of_class[class as usize].push(row);
            predicted_as[said.class as usize].push(row);
        }
        let warnings = checks::oddities(embeddings, &said, split);
        Ok(Self {
            split,
            embeddings,
            head,
            weights,
            said,
            of_class,
            predicted_as,
            warnings,
        })
    }

    /// Which rows these are.
    pub fn split(&self) -> Split {
        self.split
    }

    /// The rows.
    pub fn embeddings(&self) -> &'a Embeddings {
        self.embeddings
    }

    /// The head.
    pub fn head(&self) -> &'a LinearHead {
        self.head
    }

    /// Names of the classes.
    pub fn classes(&self) -> &'a [String] {
        self.embeddings.labels.classes()
    }

    /// Numbers in an embedding.
    pub fn width(&self) -> usize {
        self.head.width()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.said.len()
    }

    /// Whether there are no rows; there always are some.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// What looked odd: features below 0, predictions that are not the head's, classes without a row, rows that occur twice.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The class that is predicted for a row.
    pub fn predicted(&self, row: usize) -> u32 {
        self.said[row].class
    }

    /// The class of a row.
    pub fn truth(&self, row: usize) -> u32 {
        self.embeddings.labels.codes()[row]
    }

    /// Whether a row is predicted as what it is.
    pub fn right(&self, row: usize) -> bool {
        self.predicted(row) == self.truth(row)
    }

    /// The rows of a class, in order.
    pub fn rows_of(&self, class: usize) -> &[usize] {
        &self.of_class[class]
    }

    /// The rows that are predicted as a class, in order.
    pub fn rows_predicted_as(&self, class: usize) -> &[usize] {
        &self.predicted_as[class]
    }

    /// Share of the rows of a class that are predicted as it; absent without rows.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let rows = self.rows_of(class);
        crate::order::share(rows.iter().filter(|&&row| self.right(row)).count(), rows.len())
    }

    pub(crate) fn said(&self, row: usize) -> &Said {
        &self.said[row]
    }

    /// Effective weights of a class.
    pub(crate) fn weights(&self, class: usize) -> &[f64] {
        &self.weights[class * self.width()..][..self.width()]
    }

    /// What each feature of a row adds to the logit of a class.
    pub(crate) fn contributions(&self, row: usize, class: u32, products: &mut Vec<f64>) {
        let embedding = self.embeddings.row(row);
        let weights = self.weights(class as usize);
        multiply(embedding, self.head.factor(embedding), weights, products);
    }
}

/// What the head says of a block of rows that begins at `first`.
fn said(
    embeddings: &Embeddings,
    head: &LinearHead,
    weights: &[f64],
    first: usize,
    values: &[f32],
) -> Vec<Said> {
    let width = head.width();
    let double: Vec<f64> = values.iter().copied().map(f64::from).collect();
    let row = |(place, values): (usize, &[f32])| {
        let given = embeddings.predictions.as_ref().map(|all| all[first + place]);
        let truth = embeddings.labels.codes()[first + place];
        (Best::new(given, truth), head.factor(values))
    };
    let mut rows: Vec<(Best, f64)> = values.chunks_exact(width).enumerate().map(row).collect();
    for (class, weights) in weights.chunks_exact(width).enumerate() {
        let bias = f64::from(head.bias()[class]);
        for ((best, factor), values) in rows.iter_mut().zip(double.chunks_exact(width)) {
            best.hear(class as u32, dot(values, weights) * *factor + bias);
        }
    }
    rows.into_iter().map(|(best, _)| best.said()).collect()
}

/// The two largest logits of a row so far, and those of two classes that are asked for.
struct Best {
    given: Option<u32>,
    true_class: u32,
    first: (u32, f64),
    second: f64,
    of_given: f64,
    truth: f64,
}

impl Best {
    fn new(given: Option<u32>, true_class: u32) -> Self {
        Self {
            given,
            true_class,
            first: (0, f64::NEG_INFINITY),
            second: f64::NEG_INFINITY,
            of_given: f64::NAN,
            truth: f64::NAN,
        }
    }

    /// Classes come in order, so that of equal logits the first stays.
    fn hear(&mut self, class: u32, logit: f64) {
        if logit > self.first.1 {
            self.second = self.first.1;
            self.first = (class, logit);
        } else if logit > self.second {
            self.second = logit;
        }
        if self.given == Some(class) {
            self.of_given = logit;
        }
        if self.true_class == class {
            self.truth = logit;
        }
    }

    fn said(self) -> Said {
        let (best, best_logit) = self.first;
        let (class, logit) = match self.given {
            Some(given) => (given, self.of_given),
            None => self.first,
        };
        Said {
            class,
            logit,
            best_logit,
            rival: if class == best { self.second } else { best_logit },
            truth: self.truth,
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Labels;

    use super::*;

    fn three_classes(values: Vec<f32>, codes: Vec<u32>) -> Embeddings {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        Embeddings::new(values, 2, Labels::from_codes(classes, codes))
    }

    fn head() -> LinearHead {
        LinearHead::new(vec![1.0, 0.0, 0.0, 1.0, 0.5, 0.5], vec![0.0, 0.0, 0.25], 2)
    }

    #[test]
    fn the_head_predicts_where_nobody_did() {
        let rows = three_classes(vec![2.0, 0.0, 0.0, 2.0, 1.0, 1.0], vec![0, 0, 2]);
        let head = head();
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        assert_eq!([0, 1, 2].map(|row| read.predicted(row)), [0, 1, 2]);
        assert_eq!(read.rows_of(0), [0, 1]);
        assert_eq!(read.rows_predicted_as(1), [1]);
        assert_eq!(read.recall(0), Some(0.5));
        assert_eq!(read.recall(1), None);
        assert_eq!(read.said(0).rival, 1.25);
        assert_eq!(read.said(1).truth, 0.0);
        let codes: Vec<&str> = read.warnings().iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["diagnose.missing-class"]);
    }

    #[test]
    fn predictions_of_another_checkpoint_are_found_and_used() {
        let rows = three_classes(vec![2.0, 0.0, 0.0, 2.0, -1.0, -1.0, 0.0, 2.0], vec![0, 1, 2, 1]);
        let rows = rows.with_predictions(vec![0, 2, 2, 1]);
        let head = head();
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        assert_eq!(read.predicted(1), 2);
        assert_eq!(read.said(1).rival, 2.0);
        let told: Vec<&str> = read
            .warnings()
            .iter()
            .map(|warning| warning.message.as_str())
            .collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("1 of the test rows has a feature below 0 (row 3)"),
            "{told:?}"
        );
        assert!(
            told[1].starts_with("1 of 4 test predictions (25.0 %) is not"),
            "{told:?}"
        );
        assert!(
            told[2].starts_with("1 test row repeats the features of an earlier one (row 4)"),
            "{told:?}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let head = head();
        let check = |rows: Embeddings, head: &LinearHead, expected: &str| {
            let error = Readout::new(Split::Train, &rows, head, &()).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(error.hint().is_some());
        };
        check(
            three_classes(vec![1.0, 2.0, 3.0, f32::NAN], vec![0, 1]),
            &head,
            "row 2 of the training embeddings (class `b`): feature 1 is NaN",
        );
        check(
            three_classes(vec![1.0, 2.0], vec![0]),
            &LinearHead::new(vec![1.0; 9], vec![0.0; 3], 3),
            "the training embeddings have 2 features, and the head has weights for 3",
        );
        check(
            three_classes(vec![1.0, 2.0], vec![0]),
            &LinearHead::new(vec![1.0; 4], vec![0.0; 2], 2),
            "the labels of the training rows know 3 classes, and the head has weights for 2",
        );
        check(
            Embeddings::new(vec![1.0], 1, Labels::from_names(&["only"])),
            &LinearHead::new(vec![1.0], vec![0.0], 1),
            "all rows are of one class, `only`",
        );
        check(
            three_classes(vec![1.0, 2.0], vec![0]).with_predictions(vec![3]),
            &head,
            "row 1 of the training embeddings is predicted as class number 3, and there are 3 classes, counted from 0",
        );
        check(
            three_classes(vec![1.0, 2.0], vec![0]),
            &LinearHead::new(vec![1.0; 6], vec![0.0, f32::INFINITY, 0.0], 2),
            "the bias of class number 1 of the head is not finite",
        );
        check(
            three_classes(vec![], vec![]),
            &head,
            "the training embeddings have no row",
        );
    }
}

//! A logistic regression of two classes: balanced inside of folds, and calibrated by what folds did not see.

use counterpoise_base::{Embeddings, Labels, Matrix, Observer, Seed};
use counterpoise_learn::{Calibration, Calibrator, Design, Learner, LogisticRegression, Training};
use counterpoise_sampling::{RowLabels, Run, resample_embeddings};
use rayon::prelude::*;

use super::model::{chance, linear};
use super::train::{Balance, TrainOptions};
use crate::Error;

fn pair(chance: f64) -> [f64; 2] {
    [1.0 - chance, chance]
}

/// What was learnt.
pub(super) struct Fitted {
    pub(super) intercept: f64,
    /// Of features that are not scaled.
    pub(super) weights: Vec<f64>,
    /// Slope and constant of Platt's curve over the logit.
    pub(super) calibration: [f64; 2],
    /// The chance of each row by a model that did not see it, calibrated by the other folds.
    pub(super) held_out: Vec<f64>,
    /// The fold of each row.
    pub(super) folds: Vec<usize>,
}

/// Numbers to learn from.
pub(super) struct Numbers {
    pub(super) width: usize,
    /// Numbers of evidence before those of the vector.
    pub(super) evidence: usize,
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) labels: Vec<u32>,
    pub(super) weights: Vec<f64>,
}

impl Numbers {
    /// Fits a regression to everything, and its calibration to what each fold's model says of the fold that it did not see.
    /// `names` are what an error calls the two classes.
    pub(super) fn learn(
        &self,
        names: [&'static str; 2],
        options: &TrainOptions,
        observer: &dyn Observer,
    ) -> Result<Fitted, Error> {
        for (class, name) in names.into_iter().enumerate() {
            let rows = self.labels.iter().filter(|label| **label == class as u32).count();
            if rows < options.folds.max(2) {
                return Err(Error::TooFewJudged {
                    class: name,
                    documents: rows,
                    needed: options.folds.max(2),
                });
            }
        }
        let folds = self.folds(options);
        let logits = self.held_out(&folds, options, observer)?;
        let everything: Vec<usize> = (0..self.rows.len()).collect();
        let curve = self.curve(&logits, &everything)?;
        // The curve is a line in logits; two points tell it.
        let at = |logit: f64| {
            let told = curve.apply(&pair(chance(logit)));
            (told[1] / told[0]).ln()
        };
        let (zero, one) = (at(0.0), at(1.0));
        let mut weights = self.fit(&everything, options, observer)?;
        let intercept = weights.pop().unwrap_or(0.0);
        // Each fold is calibrated by the others alone.
        let mut held_out = vec![0.0; logits.len()];
        for fold in 0..options.folds {
            let of = |inside: bool| {
                (0..logits.len())
                    .filter(|row| (folds[*row] == fold) == inside)
                    .collect::<Vec<_>>()
            };
            let (test, rest) = (of(true), of(false));
            let curve = self.curve(&logits, &rest)?;
            let scored: Vec<f64> = test.iter().flat_map(|row| pair(chance(logits[*row]))).collect();
            for (row, told) in test.iter().zip(curve.apply(&scored).chunks_exact(2)) {
                held_out[*row] = told[1];
            }
        }
        Ok(Fitted {
            intercept,
            weights,
            calibration: [one - zero, zero],
            held_out,
            folds,
        })
    }

    /// Platt's curve from the logits of some rows to their labels.
    fn curve(&self, logits: &[f64], rows: &[usize]) -> Result<Calibrator, Error> {
        let scored: Vec<f64> = rows.iter().flat_map(|row| pair(chance(logits[*row]))).collect();
        let labels: Vec<u32> = rows.iter().map(|row| self.labels[*row]).collect();
        let weights: Vec<f64> = rows.iter().map(|row| self.weights[*row]).collect();
        Ok(Calibration::Platt.fit(&scored, &labels, 2, Some(&weights))?)
    }

    /// The fold of each row: each class is dealt out by itself, in an order that the seed draws.
    fn folds(&self, options: &TrainOptions) -> Vec<usize> {
        let mut folds = vec![0; self.labels.len()];
        for class in [0, 1] {
            let rows = (0..self.labels.len()).filter(|row| self.labels[*row] == class);
            let rows = Seed::new(options.seed)
                .child("folds")
                .child(u64::from(class))
                .shuffled(rows);
            for (place, row) in rows.into_iter().enumerate() {
                folds[row] = place % options.folds;
            }
        }
        folds
    }

    /// The logit of each row, by the model of the folds without it.
    fn held_out(
        &self,
        folds: &[usize],
        options: &TrainOptions,
        observer: &dyn Observer,
    ) -> Result<Vec<f64>, Error> {
        let fitted: Vec<Vec<f64>> = (0..options.folds)
            .into_par_iter()
            .map(|fold| {
                let rows: Vec<usize> = (0..folds.len()).filter(|row| folds[*row] != fold).collect();
                self.fit(&rows, options, observer)
            })
            .collect::<Result<_, Error>>()?;
        let logit = |(row, values): (usize, &Vec<f64>)| {
            let weights = &fitted[folds[row]];
            linear(values, weights) + weights[self.width]
        };
        Ok(self.rows.iter().enumerate().map(logit).collect())
    }

    /// Weights and intercept, as they apply to features that are not scaled.
    fn fit(
        &self,
        rows: &[usize],
        options: &TrainOptions,
        observer: &dyn Observer,
    ) -> Result<Vec<f64>, Error> {
        let (means, scales) = self.spread(rows);
        let scaled = |row: usize| {
            let values = self.rows[row].iter().enumerate();
            values
                .map(|(place, value)| (value - means[place]) / scales[place])
                .collect::<Vec<f64>>()
        };
        let mut values: Vec<f64> = rows.iter().flat_map(|row| scaled(*row)).collect();
        let mut labels: Vec<u32> = rows.iter().map(|row| self.labels[*row]).collect();
        let mut weights: Vec<f64> = rows.iter().map(|row| self.weights[*row]).collect();
        match &options.balance {
            Balance::None => {}
            Balance::Weights => {
                let sum = |class: u32| {
                    labels
                        .iter()
                        .zip(&weights)
                        .filter(|(label, _)| **label == class)
                        .map(|(_, weight)| weight)
                        .sum::<f64>()
                };
                let (no, yes) = (sum(0), sum(1));
                for (label, weight) in labels.iter().zip(&mut weights) {
                    *weight *= f64::midpoint(no, yes) / if *label == 1 { yes } else { no };
                }
            }
            Balance::Method(method) => {
                let narrow: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                let names = vec!["no".to_owned(), "elsi".to_owned()];
                let embeddings = Embeddings::new(narrow, self.width, Labels::from_codes(names, labels));
                let mut run = Run::new(options.seed);
                run.observer = observer;
                let balanced = resample_embeddings(&embeddings, method.as_ref(), RowLabels::Hard, &run)?;
                values = balanced
                    .embeddings
                    .values()
                    .iter()
                    .map(|value| f64::from(*value))
                    .collect();
                labels = balanced.embeddings.labels.codes().to_vec();
                // Rows that were made weigh as one.
                weights = vec![1.0; labels.len()];
            }
        }
        let classes = ["no".to_owned(), "elsi".to_owned()];
        let count = labels.len();
        let mut logistic = LogisticRegression::default();
        logistic.c = options.c;
        let design = Design::from_matrix(Matrix::new(count, self.width, values));
        let training = Training {
            design: &design,
            labels: &labels,
            classes: &classes,
            weights: Some(&weights),
            groups: None,
        };
        let model = Learner::Logistic(logistic).fit(&training, &Seed::new(options.seed))?;
        // A method that leaves a class without rows leaves nothing to learn.
        let found = model
            .end()
            .filter(|found| found.len() > self.width)
            .ok_or(Error::TooFewJudged {
                class: "left of one of two classes after balancing",
                documents: 0,
                needed: 2,
            })?;
        let mut fitted: Vec<f64> = found[..self.width]
            .iter()
            .zip(&scales)
            .map(|(weight, scale)| weight / scale)
            .collect();
        let moved: f64 = fitted
            .iter()
            .zip(&means)
            .map(|(weight, mean)| weight * mean)
            .sum();
        fitted.push(found[self.width] - moved);
        Ok(fitted)
    }

    fn spread(&self, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let count = rows.len() as f64;
        let mut means = vec![0.0; self.width];
        for row in rows {
            means
                .iter_mut()
                .zip(&self.rows[*row])
                .for_each(|(mean, value)| *mean += value / count);
        }
        let mut scales = vec![0.0; self.width];
        for row in rows {
            for ((scale, value), mean) in scales.iter_mut().zip(&self.rows[*row]).zip(&means) {
                *scale += (value - mean).powi(2) / count;
            }
        }
        // Vectors keep the scale that they have in common, so that a dimension of little spread stays small.
        let of_vector = &mut scales[self.evidence..];
        let shared = of_vector.iter().sum::<f64>() / of_vector.len().max(1) as f64;
        of_vector.iter_mut().for_each(|scale| *scale = shared);
        scales
            .iter_mut()
            .for_each(|scale| *scale = if *scale > 1e-12 { scale.sqrt() } else { 1.0 });
        (means, scales)
    }
}

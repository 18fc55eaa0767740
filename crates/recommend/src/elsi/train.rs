use counterpoise_base::{Embeddings, Labels, Matrix, Observer, Seed};
use counterpoise_learn::{Calibration, Design, Learner, LogisticRegression, Training};
use counterpoise_sampling::{Method, RowLabels, Run, resample_embeddings};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::model::{Coefficients, PLAIN, features};
use crate::lexicon::Lexicon;
use crate::{Error, Record};

/// What somebody says of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// One of its ids: `doi:…`, `openalex:…`.
    pub id: String,
    /// 2 for surely on ethics, law and society, 1 for partly, 0 for not.
    pub elsi: u8,
    /// Names of the aspects that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aspects: Vec<String>,
    /// Who says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// How many documents of the corpus this one stands for, where judged documents were drawn unevenly.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

/// What is done about documents on ethics, law and society being rare.
#[derive(Debug, Clone, PartialEq)]
pub enum Balance {
    /// Nothing.
    None,
    /// Both classes weigh the same.
    Weights,
    /// Rows are made or left out by a method of `counterpoise describe`.
    Method(Box<Method>),
}

impl Balance {
    /// From `none`, `weights` or the name of a method.
    ///
    /// # Errors
    ///
    /// If there is no such method.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "none" => Self::None,
            "weights" => Self::Weights,
            method => Self::Method(Box::new(Method::from_name(method)?)),
        })
    }

    /// The name.
    pub fn name(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Weights => "weights".into(),
            Self::Method(method) => method.name().into(),
        }
    }
}

/// How P(ELSI) is learnt.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// What is done about rarity.
    pub balance: Balance,
    /// Inverse strength of the penalty.
    pub c: f64,
    /// Parts that take turns as the rows that calibrate.
    pub folds: usize,
    /// Where folds and new rows come from.
    pub seed: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            balance: Balance::None,
            c: 1.0,
            folds: 5,
            seed: 42,
        }
    }
}

impl TrainOptions {
    /// Sets [`balance`](Self::balance).
    pub fn with_balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Sets [`c`](Self::c).
    pub fn with_c(mut self, c: f64) -> Self {
        self.c = c;
        self
    }

    /// Sets [`seed`](Self::seed).
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// What came of learning.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Learnt {
    /// To be saved.
    pub coefficients: Coefficients,
    /// P(ELSI) of each document by a model that did not see it, calibrated by the other folds.
    pub held_out: Vec<f64>,
}

/// A document to learn from.
#[derive(Debug, Clone, Copy)]
pub struct Example<'a> {
    /// The document.
    pub record: &'a Record,
    /// Its vector, where there is a dense leg.
    pub vector: Option<&'a [f32]>,
    /// Whether it is on ethics, law and society.
    pub elsi: bool,
    /// How many documents it stands for.
    pub weight: f64,
}

/// Learns P(ELSI) from documents: a logistic regression over the evidence of the lexicon and the vector, balanced inside of
/// folds, and calibrated by Platt's curve over what each fold's model says of the fold that it did not see.
///
/// `dense` names the vectors. The same for any number of threads.
///
/// # Errors
///
/// If one class has fewer documents than there are folds, and those of the method that balances.
pub fn train(
    lexicon: &Lexicon,
    examples: &[Example<'_>],
    dense: &str,
    about: &str,
    options: &TrainOptions,
    observer: &dyn Observer,
) -> Result<Learnt, Error> {
    let dims = examples
        .first()
        .and_then(|example| example.vector)
        .map_or(0, <[f32]>::len);
    let rows: Vec<Vec<f64>> = examples
        .par_iter()
        .map(|example| features(&Evidence::of(lexicon, example.record), example.vector, dims))
        .collect();
    let data = Numbers {
        width: PLAIN + lexicon.aspects().len() + dims,
        evidence: PLAIN + lexicon.aspects().len(),
        rows,
        labels: examples.iter().map(|example| u32::from(example.elsi)).collect(),
        weights: examples.iter().map(|example| example.weight).collect(),
    };
    let logits = data.held_out(options, observer)?;
    let scored: Vec<f64> = logits.iter().flat_map(|logit| pair(chance(*logit))).collect();
    let curve = Calibration::Platt.fit(&scored, &data.labels, 2, Some(&data.weights))?;
    let calibration = {
        // The curve is a line in logits; two points tell it.
        let at = |logit: f64| {
            let told = curve.apply(&pair(chance(logit)));
            (told[1] / told[0]).ln()
        };
        let (zero, one) = (at(0.0), at(1.0));
        [one - zero, zero]
    };
    let everything: Vec<usize> = (0..data.rows.len()).collect();
    let fitted = data.fit(&everything, options, observer)?;
    let (weights, intercept) = (fitted[..data.width].to_vec(), fitted[data.width]);
    // Each fold is calibrated by the others alone.
    let folds = data.folds(options);
    let mut held_out = vec![0.0; logits.len()];
    for fold in 0..options.folds {
        let of = |inside: bool| {
            (0..logits.len())
                .filter(|row| (folds[*row] == fold) == inside)
                .collect::<Vec<_>>()
        };
        let (test, rest) = (of(true), of(false));
        let scored: Vec<f64> = rest.iter().flat_map(|row| pair(chance(logits[*row]))).collect();
        let labels: Vec<u32> = rest.iter().map(|row| data.labels[*row]).collect();
        let weights: Vec<f64> = rest.iter().map(|row| data.weights[*row]).collect();
        let curve = Calibration::Platt.fit(&scored, &labels, 2, Some(&weights))?;
        let scored: Vec<f64> = test.iter().flat_map(|row| pair(chance(logits[*row]))).collect();
        for (row, told) in test.iter().zip(curve.apply(&scored).chunks_exact(2)) {
            held_out[*row] = told[1];
        }
    }
    Ok(Learnt {
        coefficients: Coefficients {
            format: 1,
            about: about.into(),
            dense: dense.into(),
            dims,
            aspects: lexicon
                .aspects()
                .iter()
                .map(|aspect| aspect.name.clone())
                .collect(),
            intercept,
            weights,
            calibration,
        },
        held_out,
    })
}

fn chance(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn pair(chance: f64) -> [f64; 2] {
    [1.0 - chance, chance]
}

/// Numbers to learn from.
struct Numbers {
    width: usize,
    /// Numbers of evidence before those of the vector.
    evidence: usize,
    rows: Vec<Vec<f64>>,
    labels: Vec<u32>,
    weights: Vec<f64>,
}

impl Numbers {
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
    fn held_out(&self, options: &TrainOptions, observer: &dyn Observer) -> Result<Vec<f64>, Error> {
        for class in [0, 1] {
            let rows = self.labels.iter().filter(|label| **label == class).count();
            if rows < options.folds.max(2) {
                return Err(Error::TooFewJudged {
                    class: if class == 1 {
                        "on ethics, law and society"
                    } else {
                        "not on ethics, law and society"
                    },
                    documents: rows,
                    needed: options.folds.max(2),
                });
            }
        }
        let folds = self.folds(options);
        let fitted: Vec<Vec<f64>> = (0..options.folds)
            .into_par_iter()
            .map(|fold| {
                let rows: Vec<usize> = (0..folds.len()).filter(|row| folds[*row] != fold).collect();
                self.fit(&rows, options, observer)
            })
            .collect::<Result<_, Error>>()?;
        let logit = |(row, values): (usize, &Vec<f64>)| {
            let weights = &fitted[folds[row]];
            values
                .iter()
                .zip(weights)
                .map(|(value, weight)| value * weight)
                .sum::<f64>()
                + weights[self.width]
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

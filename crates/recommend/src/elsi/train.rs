use counterpoise_base::Observer;
use counterpoise_sampling::Method;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::logistic::Numbers;
use super::model::{Coefficients, FORMAT, PLAIN, features};
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

/// What the readers of one document say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether it is on ethics, law and society: the mean of their grades is 1 or more.
    pub elsi: bool,
    /// Names of the aspects that at least half of them give, where it is; in the order in which they came.
    pub aspects: Vec<String>,
    /// How many documents it stands for.
    pub weight: f64,
}

impl Verdict {
    /// Of judgements of one document. Of none at all: not on ethics, law and society.
    pub fn of(judgements: &[Judgement]) -> Self {
        let grades: f64 = judgements.iter().map(|judgement| f64::from(judgement.elsi)).sum();
        let elsi = !judgements.is_empty() && grades >= judgements.len() as f64;
        let mut aspects: Vec<String> = Vec::new();
        if elsi {
            for name in judgements.iter().flat_map(|judgement| &judgement.aspects) {
                let readers = judgements
                    .iter()
                    .filter(|judgement| judgement.aspects.contains(name));
                if !aspects.contains(name) && 2 * readers.count() >= judgements.len() {
                    aspects.push(name.clone());
                }
            }
        }
        Self {
            elsi,
            aspects,
            weight: judgements.first().map_or(1.0, |judgement| judgement.weight),
        }
    }
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

/// How P(ELSI) and aspects are learnt.
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
    /// An aspect that fewer judged documents are about is told by cues alone.
    pub least_judged: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            balance: Balance::None,
            c: 1.0,
            folds: 5,
            seed: 42,
            least_judged: 20,
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

    /// Sets [`least_judged`](Self::least_judged).
    pub fn with_least_judged(mut self, documents: usize) -> Self {
        self.least_judged = documents;
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
    /// Names of the aspects that it is about.
    pub aspects: &'a [String],
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
    let dims = dims_of(examples);
    let evidence: Vec<Evidence> = examples
        .par_iter()
        .map(|example| Evidence::of(lexicon, example.record))
        .collect();
    let data = Numbers {
        width: PLAIN + lexicon.aspects().len() + dims,
        evidence: PLAIN + lexicon.aspects().len(),
        rows: features_of(examples, &evidence, dims),
        labels: examples.iter().map(|example| u32::from(example.elsi)).collect(),
        weights: examples.iter().map(|example| example.weight).collect(),
    };
    let learnt = data.learn(ON_ELSI, options, observer)?;
    Ok(Learnt {
        coefficients: Coefficients {
            format: FORMAT,
            about: about.into(),
            dense: dense.into(),
            dims,
            aspects: lexicon
                .aspects()
                .iter()
                .map(|aspect| aspect.name.clone())
                .collect(),
            intercept: learnt.intercept,
            weights: learnt.weights,
            calibration: learnt.calibration,
            aspect_models: Vec::new(),
        },
        held_out: learnt.held_out,
    })
}

/// The two classes of [`train`], as an error calls them.
const ON_ELSI: [&str; 2] = ["not on ethics, law and society", "on ethics, law and society"];

/// Numbers in the vectors of documents.
pub(super) fn dims_of(examples: &[Example<'_>]) -> usize {
    examples
        .first()
        .and_then(|example| example.vector)
        .map_or(0, <[f32]>::len)
}

/// What a logistic regression reads of each document.
pub(super) fn features_of(examples: &[Example<'_>], evidence: &[Evidence], dims: usize) -> Vec<Vec<f64>> {
    let documents = examples.iter().zip(evidence);
    documents
        .map(|(example, evidence)| features(evidence, example.vector, dims))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_readers_are_enough() {
        let read = |elsi: u8, aspects: &[&str]| Judgement {
            id: "doi:10.1/x".into(),
            elsi,
            aspects: aspects.iter().map(|name| (*name).to_owned()).collect(),
            by: String::new(),
            weight: 3.0,
        };
        let check = |judgements: &[Judgement], elsi: bool, aspects: &[&str]| {
            let verdict = Verdict::of(judgements);
            assert_eq!((verdict.elsi, verdict.weight), (elsi, 3.0));
            assert_eq!(verdict.aspects, aspects);
        };
        check(&[read(2, &["law"]), read(0, &[])], true, &["law"]);
        check(&[read(1, &["law"]), read(0, &[])], false, &[]);
        let three = [read(1, &["law", "data"]), read(2, &["data"]), read(2, &[])];
        check(&three, true, &["data"]);
        assert!(!Verdict::of(&[]).elsi);
    }
}

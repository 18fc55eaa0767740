//! Embeddings of a network that learns no more, and heads over them.

use counterpoise_base::{Embeddings, LinearHead, Observer, Seed, Warning};
use counterpoise_deep::{DeviceKind, HeadRows, TrainedHead, balanced_accuracy};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{BalancedEmbeddings, Chooser, Method, Run, resample_embeddings};
use serde::Serialize;
use serde_json::Value;

use super::EosOptions;
use crate::Error;

/// What a network sees of the rows it was trained on, and of some to choose numbers on.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// Embeddings of training rows.
    pub training: Embeddings,
    /// Embeddings of rows that no training saw.
    pub validation: Option<Embeddings>,
    /// The head of the network; absent where embeddings come alone.
    pub before: Option<LinearHead>,
}

/// A head that was trained on balanced embeddings.
#[derive(Debug, Clone)]
pub struct FittedHead {
    /// The head, and how its epochs went.
    pub trained: TrainedHead,
    /// What it was trained on.
    pub balanced: BalancedEmbeddings,
    /// The method, with the numbers that were chosen.
    pub method: Method,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// One setting that was tried on validation rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// The method with its numbers, in words.
    pub method: String,
    /// Balanced accuracy on the validation rows.
    pub balanced_accuracy: Option<f64>,
}

impl Frozen {
    /// Balances the training rows and trains a head on them.
    ///
    /// # Errors
    ///
    /// Those of the method and of the training; numbers to choose without rows to choose them on, or for a method that has
    /// no such numbers.
    pub fn fit(
        &self,
        options: &EosOptions,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<FittedHead, Error> {
        let one = |method: &Method| self.fit_one(options, method, seed, device, observer);
        if options.choose.is_empty() {
            return one(&options.method);
        }
        let Some(validation) = &self.validation else {
            return Err(Error::Config {
                place: "choose".into(),
                problem: "there are no validation rows to choose numbers on".into(),
                hint: Some("name some with `--validation`, or give one number instead of several".into()),
            });
        };
        let mut tried = Vec::new();
        let mut best: Option<(f64, FittedHead)> = None;
        for method in options.choose.methods(&options.method)? {
            let fitted = one(&method)?;
            let found = balanced_accuracy(&fitted.trained.head, validation);
            tried.push(Tried {
                method: in_words(&method),
                balanced_accuracy: found,
            });
            let found = found.unwrap_or(f64::NEG_INFINITY);
            if best.as_ref().is_none_or(|(before, _)| found > *before) {
                best = Some((found, fitted));
            }
        }
        let (_, fitted) = best.expect("a grid that is not empty has a method");
        Ok(FittedHead { tried, ..fitted })
    }

    /// Phase two alone.
    pub(crate) fn balanced(
        &self,
        options: &EosOptions,
        seed: &Seed,
        observer: &dyn Observer,
    ) -> Result<BalancedEmbeddings, Error> {
        balance(&self.training, options, &options.method, seed, observer)
    }

    fn fit_one(
        &self,
        options: &EosOptions,
        method: &Method,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<FittedHead, Error> {
        let balanced = balance(&self.training, options, method, seed, observer)?;
        let counts = self.training.labels.counts();
        let rows = HeadRows {
            training: &balanced.embeddings,
            counts: Some(&counts),
            validation: self.validation.as_ref(),
            before: self.before.as_ref(),
        };
        let trained = options
            .head
            .train(rows, &seed.child("head"), device, observer)
            .map_err(|error| Error::of_classes(error, self.training.labels.classes()))?;
        let mut warnings = balanced.warnings.clone();
        warnings.extend(not_learnt(
            &trained,
            &self.training,
            self.before.as_ref(),
            self.validation.as_ref(),
        ));
        Ok(FittedHead {
            trained,
            warnings,
            balanced,
            method: method.clone(),
            tried: Vec::new(),
        })
    }
}

/// Tells of a head that does no better than guessing, or worse on validation rows than the one there was.
pub(super) fn not_learnt(
    trained: &TrainedHead,
    training: &Embeddings,
    before: Option<&LinearHead>,
    validation: Option<&Embeddings>,
) -> Option<Warning> {
    let hint = "take smaller steps, `--set head.schedule.rate=0.01`; embeddings that are not of about 1, or a network without normalisation, need them";
    let right = |head: &LinearHead, rows: &Embeddings| balanced_accuracy(head, rows);
    let present = training
        .labels
        .counts()
        .iter()
        .filter(|&&count| count > 0)
        .count();
    let own = right(&trained.head, training)?;
    if own < 1.5 / present as f64 && present > 1 {
        let message = format!(
            "the head has not learnt: it has a balanced accuracy of {own:.2} on the rows it was trained on, where guessing has {:.2}",
            1.0 / present as f64
        );
        return Some(Warning::new("eos.not-learnt", message).with_hint(hint));
    }
    let (before, after) = (right(before?, validation?)?, right(&trained.head, validation?)?);
    (after < before - 0.01).then(|| {
        let message = format!(
            "on validation rows the new head has a balanced accuracy of {after:.2}, and the one before {before:.2}"
        );
        Warning::new("eos.worse", message).with_hint(hint)
    })
}

/// Phase two: rows for rare classes.
pub(super) fn balance(
    training: &Embeddings,
    options: &EosOptions,
    method: &Method,
    seed: &Seed,
    observer: &dyn Observer,
) -> Result<BalancedEmbeddings, Error> {
    let seed = seed.child("rows");
    let run = Run {
        numpy_seed: seed.number() as u32,
        seed,
        chooser: Chooser::Native,
        missing: MissingValues::Refuse,
        observer,
    };
    Ok(resample_embeddings(training, method, options.row_labels, &run)?)
}

/// A method with the options that are not the usual ones.
pub(super) fn in_words(method: &Method) -> String {
    let usual = Method::from_name(method.name()).ok();
    crate::compare::label(method.name(), method, usual.as_ref())
}

/// The same method with another value of an option, if it has such an option.
pub(super) fn with_option(method: &Method, option: &str, value: &Value) -> Result<Method, Error> {
    let refused = || Error::Config {
        place: option.to_owned(),
        problem: format!("{} has no such option, or not this value: {value}", method.name()),
        hint: Some(format!(
            "`counterpoise describe {}` lists its options",
            method.name()
        )),
    };
    let mut table = serde_json::to_value(method).map_err(|_| refused())?;
    table[option] = value.clone();
    serde_json::from_value(table).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::Labels;

    use super::*;
    use crate::eos::Grid;

    /// Two classes that lie beside each other, thirty rows to six.
    pub(crate) fn frozen() -> Frozen {
        let mut random = Seed::new(3).rng();
        let mut rows = |counts: [usize; 2]| {
            let names: Vec<&str> = ["a", "b"]
                .iter()
                .zip(counts)
                .flat_map(|(name, count)| vec![*name; count])
                .collect();
            let labels = Labels::from_names(&names);
            let value = |&code: &u32| {
                [f64::from(code) + 0.5 * random.normal(), random.normal()].map(|value| value as f32)
            };
            let values = labels.codes().iter().flat_map(value).collect();
            Embeddings::new(values, 2, labels)
        };
        Frozen {
            training: rows([30, 6]),
            validation: Some(rows([20, 20])),
            before: None,
        }
    }

    #[test]
    fn what_does_best_on_validation_rows_is_taken() {
        let frozen = frozen();
        let options = EosOptions {
            choose: Grid {
                k_neighbors: vec![NonZeroUsize::new(2).unwrap(), NonZeroUsize::new(8).unwrap()],
                r_max: vec![0.5, 1.0],
            },
            ..EosOptions::default()
        };
        let fitted = frozen.fit(&options, &Seed::new(1), DeviceKind::Cpu, &()).unwrap();
        assert_eq!(fitted.tried.len(), 4);
        let best = fitted
            .tried
            .iter()
            .filter_map(|tried| tried.balanced_accuracy)
            .fold(0.0, f64::max);
        let validation = frozen.validation.as_ref().unwrap();
        assert_eq!(balanced_accuracy(&fitted.trained.head, validation), Some(best));
        let first = fitted
            .tried
            .iter()
            .find(|tried| tried.balanced_accuracy == Some(best))
            .unwrap();
        assert_eq!(in_words(&fitted.method), first.method);
        assert_eq!(fitted.balanced.embeddings.labels.counts(), [30, 30]);
    }

    #[test]
    fn a_choice_needs_rows_to_choose_on_and_an_option_to_choose() {
        let mut frozen = frozen();
        let grid = |options: EosOptions| EosOptions {
            choose: Grid {
                r_max: vec![0.5, 1.0],
                ..Grid::default()
            },
            ..options
        };
        let smote = EosOptions {
            method: Method::from_name("smote").unwrap(),
            ..EosOptions::default()
        };
        let fit = |frozen: &Frozen, options| frozen.fit(&grid(options), &Seed::new(1), DeviceKind::Cpu, &());
        let error = fit(&frozen, smote).unwrap_err();
        assert!(error.to_string().contains("smote has no such option"), "{error}");
        frozen.validation = None;
        let error = fit(&frozen, EosOptions::default()).unwrap_err();
        assert!(error.hint().unwrap().contains("--validation"));
    }
}

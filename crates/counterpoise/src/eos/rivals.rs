//! Heads that others would put over the same frozen embeddings.

use std::time::{Duration, Instant};

use counterpoise_base::{Embeddings, Features, HeadKind, LinearHead, Observer, Seed, Warning, nearest_name};
use counterpoise_deep::{
    BalancedSoftmax, DeviceKind, HeadRows, HeadStart, HeadTraining, Loss, Mix, Remix, Sampler,
    logit_adjusted, logit_adjusted_by_validation, tau_normalised, tau_normalised_by_validation, taus,
};
use counterpoise_learn::{Encoder, Learner, LinearSvm, Probabilities, Training};
use counterpoise_metrics::Bootstrap;
use counterpoise_sampling::{EnemyLookup, Eos, Method, RowLabels};
use serde::{Deserialize, Serialize};

use super::extract::recalls;
use super::frozen::{Frozen, balance, in_words};
use super::paired::{PairedScores, Said, paired};
use super::{EosOptions, Grid};
use crate::Error;

/// A way to a head over frozen embeddings; [`idea`](Self::idea) says what each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HeadMethod {
    /// `none`.
    None,
    /// `logit-adjustment`.
    LogitAdjustment,
    /// `tau-norm`.
    TauNorm,
    /// `crt`.
    Crt,
    /// `lws`.
    Lws,
    /// `balanced-softmax`.
    BalancedSoftmax,
    /// `random`.
    Random,
    /// `smote`.
    Smote,
    /// `borderline-smote`.
    BorderlineSmote,
    /// `adasyn`.
    Adasyn,
    /// `balanced-svm`.
    BalancedSvm,
    /// `remix`.
    Remix,
    /// `eos`.
    Eos,
    /// `eos-reference`.
    EosReference,
    /// `eos-half-way`.
    EosHalfWay,
    /// `eos-soft`.
    EosSoft,
    /// `eos-chosen`.
    EosChosen,
    /// `eos-warm`.
    EosWarm,
}

/// A head, and how good it is on the test rows.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedHead {
    /// What it is called: the name of its way, or that of the method of a run.
    pub name: String,
    /// The way to it; absent for the method of a run.
    pub method: Option<HeadMethod>,
    /// Numbers that were chosen on validation rows, in words.
    pub chosen: Option<String>,
    /// Scores with intervals, and what they add to the first head of the list, and to `none` where it is there.
    pub scores: PairedScores,
    /// Recall of every class.
    pub recall: Vec<Option<f64>>,
    /// Longest row of weights by the shortest; absent for a row of zeros.
    pub norm_ratio: Option<f64>,
    /// Seconds that it took, rows included.
    pub seconds: f64,
    /// Synthetic rows.
    pub synthetic: usize,
}

/// A head that a way led to.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) head: LinearHead,
    pub(crate) chosen: Option<String>,
    pub(crate) synthetic: usize,
    pub(crate) took: Duration,
}

/// Neighbours that are tried, as far as a class has them.
const NEIGHBOURS: [usize; 7] = [5, 10, 25, 50, 100, 200, 300];
/// Steps that are tried.
const STEPS: [f64; 3] = [0.25, 0.5, 1.0];

impl HeadMethod {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Self); 18] = [
        ("none", Self::None),
        ("logit-adjustment", Self::LogitAdjustment),
        ("tau-norm", Self::TauNorm),
        ("crt", Self::Crt),
        ("lws", Self::Lws),
        ("balanced-softmax", Self::BalancedSoftmax),
        ("random", Self::Random),
        ("smote", Self::Smote),
        ("borderline-smote", Self::BorderlineSmote),
        ("adasyn", Self::Adasyn),
        ("balanced-svm", Self::BalancedSvm),
        ("remix", Self::Remix),
        ("eos", Self::Eos),
        ("eos-reference", Self::EosReference),
        ("eos-half-way", Self::EosHalfWay),
        ("eos-soft", Self::EosSoft),
        ("eos-chosen", Self::EosChosen),
        ("eos-warm", Self::EosWarm),
    ];

    /// The name that a user types.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, method)| *method == self)
            .map_or("", |(name, _)| name)
    }

    /// The way of a name.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let plain = counterpoise_base::plain_name(name);
        let known = Self::NAMES
            .iter()
            .find(|(known, _)| counterpoise_base::plain_name(known) == plain);
        known.map(|(_, method)| *method).ok_or_else(|| {
            let names = Self::NAMES.iter().map(|(known, _)| *known);
            Error::Config {
                place: "--compare".into(),
                problem: format!("there is no head `{name}`"),
                hint: Some(match nearest_name(name, names.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
                }),
            }
        })
    }

    /// What it is, in one sentence.
    pub fn idea(self) -> &'static str {
        match self {
            Self::None => "The head of the network as it is.",
            Self::LogitAdjustment => {
                "Logits less `tau` times the logarithm of the share of each class, by validation rows or `tau` 1; no training (Menon and others, ICLR 2021)."
            }
            Self::TauNorm => {
                "Weights divided by their length to the power of `tau`, by validation rows or `tau` 1, and biases dropped, so that a `tau` of 0 changes predictions too; no training (Kang and others, ICLR 2020)."
            }
            Self::Crt => "A fresh head on class-balanced batches (Kang and others, ICLR 2020).",
            Self::Lws => {
                "One factor for each class, learnt on class-balanced batches (Kang and others, ICLR 2020)."
            }
            Self::BalancedSoftmax => {
                "A fresh head with logits raised by the logarithm of rows (Ren and others, NeurIPS 2020)."
            }
            Self::Random => "A fresh head on rows of rare classes again and again.",
            Self::Smote => "A fresh head on rows that SMOTE made.",
            Self::BorderlineSmote => "A fresh head on rows that Borderline-SMOTE made.",
            Self::Adasyn => "A fresh head on rows that ADASYN made.",
            Self::BalancedSvm => {
                "A fresh head on rows of SMOTE and those there were, with the classes that a linear support-vector machine of even weights gives them (after Farquad and Bose 2012; what exactly the EOS paper compares with is not known)."
            }
            Self::Remix => {
                "A fresh head on mixed rows with the label of the rarer class (Chou and others 2020)."
            }
            Self::Eos => "A fresh head on rows that EOS made.",
            Self::EosReference => {
                "The same with the look-up of the authors' code, which takes the neighbour before the enemy."
            }
            Self::EosHalfWay => "EOS that goes half-way to an enemy at most.",
            Self::EosSoft => "EOS whose rows are of both classes, by the way between them.",
            Self::EosChosen => "EOS with neighbours and largest step chosen on validation rows.",
            Self::EosWarm => "EOS, and a head that begins with the weights of the network.",
        }
    }

    /// Whether it is of the family of EOS.
    pub fn is_eos(self) -> bool {
        matches!(
            self,
            Self::Eos
                | Self::EosReference
                | Self::EosHalfWay
                | Self::EosSoft
                | Self::EosChosen
                | Self::EosWarm
        )
    }

    /// Options of phases two and three for a way that makes rows; `usual` are those of plain EOS.
    fn options(self, usual: &EosOptions) -> Result<EosOptions, Error> {
        let eos = |change: fn(&mut Eos)| {
            let mut eos = match &usual.method {
                Method::Eos(eos) => eos.clone(),
                _ => Eos::default(),
            };
            change(&mut eos);
            Method::Eos(eos)
        };
        let plain = EosOptions {
            row_labels: RowLabels::Hard,
            choose: Grid::default(),
            ..usual.clone()
        };
        Ok(match self {
            Self::Random | Self::Smote | Self::BorderlineSmote | Self::Adasyn | Self::BalancedSvm => {
                EosOptions {
                    method: Method::from_name(match self {
                        Self::Random => "random-over-sampler",
                        Self::BorderlineSmote => "borderline-smote",
                        Self::Adasyn => "adasyn",
                        _ => "smote",
                    })?,
                    ..plain
                }
            }
            Self::EosReference => EosOptions {
                method: eos(|eos| eos.enemy_lookup = EnemyLookup::ReferenceOffByOne),
                ..plain
            },
            Self::EosHalfWay => EosOptions {
                method: eos(|eos| eos.r_max = 0.5),
                ..plain
            },
            Self::EosSoft => EosOptions {
                method: eos(|_| {}),
                row_labels: RowLabels::Soft,
                ..plain
            },
            Self::EosWarm => EosOptions {
                method: eos(|_| {}),
                head: usual.head.clone().with_start(HeadStart::Warm),
                ..plain
            },
            _ => EosOptions {
                method: eos(|_| {}),
                ..plain
            },
        })
    }
}

impl Frozen {
    /// Values of `tau` with a word on how they were chosen.
    fn chosen_tau(&self, tau: f64) -> String {
        if self.validation.is_some() {
            format!("tau = {tau}")
        } else {
            format!("tau = {tau}, the usual one")
        }
    }

    /// Goes one way to a head; absent where the way is not open: `none` without a head, a choice without validation rows, logits
    /// of cosines that have no bias to lower.
    pub(crate) fn reach(
        &self,
        method: HeadMethod,
        usual: &EosOptions,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<Option<Reached>, Error> {
        let start = Instant::now();
        let seed = seed.child(method.name());
        let linear = self
            .before
            .as_ref()
            .filter(|head| head.kind() == HeadKind::Linear);
        let counts = self.training.labels.counts();
        let named = |error| Error::of_classes(error, self.training.labels.classes());
        let fresh = |training: HeadTraining| -> Result<LinearHead, Error> {
            let rows = self.judged(&self.training);
            Ok(training.train(rows, &seed, device, observer).map_err(named)?.head)
        };
        let reached = match method {
            HeadMethod::None => self.before.clone().map(|head| (head, None, 0)),
            HeadMethod::LogitAdjustment => match linear {
                None => None,
                Some(head) => Some(match &self.validation {
                    None => (logit_adjusted(head, &counts, 1.0).map_err(named)?, 1.0),
                    Some(rows) => {
                        let chosen =
                            logit_adjusted_by_validation(head, &counts, &taus(), rows).map_err(named)?;
                        (chosen.head, chosen.tau)
                    }
                })
                .map(|(head, tau)| (head, Some(self.chosen_tau(tau)), 0)),
            },
            HeadMethod::TauNorm => match linear {
                None => None,
                Some(head) => Some(match &self.validation {
                    None => (tau_normalised(head, 1.0), 1.0),
                    Some(rows) => {
                        let chosen = tau_normalised_by_validation(head, &taus(), rows)?;
                        (chosen.head, chosen.tau)
                    }
                })
                .map(|(head, tau)| (head, Some(self.chosen_tau(tau)), 0)),
            },
            HeadMethod::Crt => {
                let training = usual.head.clone().with_sampler(Sampler::ClassBalanced);
                Some((fresh(training)?, None, 0))
            }
            HeadMethod::Lws => match linear {
                None => None,
                Some(head) => {
                    let how = HeadTraining::class_balanced();
                    let head = how
                        .rescale(head, &self.training, &seed, device, observer)
                        .map_err(named)?;
                    Some((head, None, 0))
                }
            },
            HeadMethod::BalancedSoftmax => {
                let loss = Loss::BalancedSoftmax(BalancedSoftmax::default());
                let training = usual.head.clone().with_loss(HeadKind::Linear, loss);
                Some((fresh(training)?, None, 0))
            }
            HeadMethod::Remix => {
                let training = usual.head.clone().with_mix(Mix::Remix(Remix::default()));
                Some((fresh(training)?, None, 0))
            }
            HeadMethod::BalancedSvm => Some(self.balanced_svm(usual, &seed, device, observer)?),
            HeadMethod::EosChosen if self.validation.is_none() => None,
            HeadMethod::EosWarm
                if self
                    .before
                    .as_ref()
                    .is_none_or(|head| head.kind() != usual.head.head) =>
            {
                None
            }
            HeadMethod::EosChosen => {
                let options = EosOptions {
                    choose: Grid {
                        k_neighbors: NEIGHBOURS
                            .iter()
                            .filter(|&&k| k < self.training.len())
                            .filter_map(|&k| k.try_into().ok())
                            .collect(),
                        r_max: STEPS.to_vec(),
                    },
                    ..method.options(usual)?
                };
                let fitted = self.fit(&options, &seed, device, observer)?;
                let chosen = in_words(&fitted.method);
                Some((fitted.trained.head, Some(chosen), fitted.balanced.synthetic))
            }
            _ => {
                let fitted = self.fit(&method.options(usual)?, &seed, device, observer)?;
                Some((fitted.trained.head, None, fitted.balanced.synthetic))
            }
        };
        Ok(reached.map(|(head, chosen, synthetic)| Reached {
            head,
            chosen,
            synthetic,
            took: start.elapsed(),
        }))
    }

    /// SMOTE's rows and those there were, all with the classes that a machine gives them.
    fn balanced_svm(
        &self,
        usual: &EosOptions,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<(LinearHead, Option<String>, usize), Error> {
        let options = HeadMethod::BalancedSvm.options(usual)?;
        let made = balance(&self.training, &options, &options.method, seed, observer)?;
        let classes = self.training.labels.classes();
        let counts = self.training.labels.counts();
        let rows = self.training.len() as f64;
        let present = counts.iter().filter(|&&count| count > 0).count() as f64;
        let weight = |&code: &u32| rows / (present * counts[code as usize] as f64);
        let weights: Vec<f64> = self.training.labels.codes().iter().map(weight).collect();
        let doubles =
            |rows: &Embeddings| -> Vec<f64> { rows.values().iter().map(|&value| f64::from(value)).collect() };
        let width = self.training.width();
        let own = doubles(&self.training);
        let features = Features::from_rows(&own, width);
        let encoder = Encoder::fit(&features);
        let mut machine = LinearSvm::default();
        // The class of the largest decision value is all that is asked for.
        machine.probabilities = Probabilities::Margin;
        let machine = Learner::LinearSvm(machine).fit(
            &Training {
                design: &encoder.encode(&features),
                labels: self.training.labels.codes(),
                classes,
                weights: Some(&weights),
                groups: None,
            },
            &seed.child("machine"),
        )?;
        let all = doubles(&made.embeddings);
        let all = encoder.encode(&Features::from_rows(&all, width));
        let probabilities = machine.probabilities(&all)?;
        let likeliest = |row: &[f64]| {
            let better = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
            (1..row.len()).fold(0, better) as u32
        };
        let codes = probabilities.chunks_exact(classes.len()).map(likeliest).collect();
        let labels = counterpoise_base::Labels::from_codes(classes.to_vec(), codes);
        let renamed = Embeddings::new(made.embeddings.values().to_vec(), width, labels);
        let rows = HeadRows {
            counts: Some(&counts),
            ..self.judged(&renamed)
        };
        let trained = options
            .head
            .train(rows, &seed.child("head"), device, observer)
            .map_err(|error| Error::of_classes(error, classes))?;
        Ok((trained.head, None, made.synthetic))
    }
}

/// Goes all ways over the same embeddings, and compares what the heads say of the test rows.
///
/// Differences are drawn on the same rows; they speak of test rows, not of training again.
///
/// # Errors
///
/// A wish to stop; test rows of other classes. A way that fails is told of in `warnings`, and left out.
#[expect(clippy::too_many_arguments, reason = "all of them differ from call to call")]
pub fn compare_heads(
    frozen: &Frozen,
    test: &Embeddings,
    methods: &[HeadMethod],
    usual: &EosOptions,
    seed: u64,
    device: DeviceKind,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<ComparedHead>, Error> {
    let root = Seed::new(seed).child("eos");
    let mut reached = Vec::new();
    for &method in methods {
        reached.extend(frozen.reach_if_possible(method, usual, &root, device, observer, warnings)?);
    }
    compared(&reached, test, seed, observer)
}

impl Frozen {
    /// [`reach`](Self::reach), where a way that fails is told of and left out: the others can be compared without it.
    pub(crate) fn reach_if_possible(
        &self,
        method: HeadMethod,
        usual: &EosOptions,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Way>, Error> {
        match self.reach(method, usual, seed, device, observer) {
            Ok(found) => Ok(found.map(|reached| Way {
                name: method.name().to_owned(),
                method: Some(method),
                reached,
            })),
            Err(error) if error.code().ends_with(".stopped") => Err(error),
            Err(error) => {
                let message = format!("{} is left out of the comparison: {error}", method.name());
                warnings.push(Warning::new("eos.no-comparison", message));
                Ok(None)
            }
        }
    }
}

/// A head with the way that led to it.
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) method: Option<HeadMethod>,
    pub(crate) reached: Reached,
}

/// Compares heads that were reached.
pub(crate) fn compared(
    ways: &[Way],
    test: &Embeddings,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Vec<ComparedHead>, Error> {
    let said: Vec<Said> = ways
        .iter()
        .map(|way| Said {
            predictions: vec![way.reached.head.predict(test.values())],
        })
        .collect();
    let none = ways.iter().position(|way| way.method == Some(HeadMethod::None));
    let against: Vec<usize> = [0].into_iter().chain(none).collect();
    let scores = paired(
        &test.labels,
        &said,
        &against,
        &Bootstrap::new(seed).with_draws(1000),
        observer,
    )?;
    let compared = ways.iter().zip(said).zip(scores).map(|((way, said), scores)| {
        let reached = &way.reached;
        let norms = reached.head.norms();
        let (least, most) = norms
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(least, most), &norm| {
                (least.min(norm), most.max(norm))
            });
        ComparedHead {
            name: way.name.clone(),
            method: way.method,
            chosen: reached.chosen.clone(),
            recall: recalls(&test.labels, &said.predictions[0]),
            scores,
            norm_ratio: (least > 0.0).then(|| most / least),
            seconds: reached.took.as_secs_f64(),
            synthetic: reached.synthetic,
        }
    });
    Ok(compared.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_however_it_is_written() {
        for (name, method) in HeadMethod::NAMES {
            assert_eq!(HeadMethod::from_name(name).expect(name), method);
            let other = name.replace('-', "_").to_uppercase();
            assert_eq!(HeadMethod::from_name(&other).expect(name), method);
        }
        let error = HeadMethod::from_name("logit-adjustmen").expect_err("there is none");
        assert_eq!(error.hint().as_deref(), Some("did you mean `logit-adjustment`?"));
    }
}

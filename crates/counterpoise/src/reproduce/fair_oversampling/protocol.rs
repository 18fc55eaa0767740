//! Folds and fits: who learns from which rows, and what it says about the others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Features, Groups, Labeled, Labels, Observer, OutputRow, RowKeys, Seed};
use counterpoise_data::stratified_k_fold;
use counterpoise_deep::{Adversarial, DebiasedNet, DeviceKind, GroupedRows};
use counterpoise_learn::{Design, Learner, Model, Training};
use counterpoise_sampling::{Method, Resample as _, Run};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::data::Set;
use super::paper::divisors;
use crate::Error;

/// Parts that take turns as test rows.
pub(super) const FOLDS: usize = 5;

/// Who learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Student {
    /// Logistic regression as LIBLINEAR fits it, `C = 0.2`.
    Logistic,
    /// Support-vector machine with a Gaussian kernel, `C = 1`.
    #[serde(rename = "rbf-svm")]
    Svm,
    /// Exponentiated gradient over the logistic regression, equalized odds.
    ExponentiatedGradient,
    /// Adversarial debiasing.
    Adversarial,
    /// Logistic regression that is robust along the protected column.
    SensitiveSubspace,
    /// Grid search over the logistic regression, equalized odds.
    GridSearch,
    /// Logistic regression with a penalty on what predictions say about the group.
    PrejudiceRemover,
    /// A threshold for each group of the logistic regression, equalized odds.
    GroupThresholds,
}

impl Student {
    /// Those that are made to be fair.
    pub(super) const FAIR: [Self; 6] = [
        Self::ExponentiatedGradient,
        Self::Adversarial,
        Self::SensitiveSubspace,
        Self::GridSearch,
        Self::PrejudiceRemover,
        Self::GroupThresholds,
    ];

    /// Name, as `describe` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Svm => "rbf-svm",
            Self::ExponentiatedGradient => "exponentiated-gradient",
            Self::Adversarial => "adversarial",
            Self::SensitiveSubspace => "sensitive-subspace",
            Self::GridSearch => "grid-search",
            Self::PrejudiceRemover => "prejudice-remover",
            Self::GroupThresholds => "group-thresholds",
        }
    }

    /// With the options of the paper where it tells them; no learner is a network.
    fn learner(self) -> Result<Learner, String> {
        let logistic = serde_json::json!({"name": "logistic", "C": 0.2, "penalize_intercept": true});
        let options = match self {
            Self::Logistic => logistic,
            Self::Svm => {
                serde_json::json!({"name": "rbf-svm", "C": 1.0, "gamma": "scale", "probabilities": "margin"})
            }
            Self::ExponentiatedGradient | Self::GridSearch | Self::GroupThresholds => {
                serde_json::json!({"name": self.name(), "constraint": "equalized-odds", "estimator": logistic})
            }
            Self::SensitiveSubspace | Self::PrejudiceRemover => {
                serde_json::json!({"name": self.name(), "C": 0.2})
            }
            Self::Adversarial => return Err("a network is fitted otherwise".into()),
        };
        serde_json::from_value(options).map_err(|error| error.to_string())
    }

    /// About how many milliseconds one fit on so many rows takes.
    fn cost(self, rows: usize, columns: usize) -> u64 {
        let cells = (rows * columns) as f64;
        let milliseconds = match self {
            Self::Svm => (rows as f64 / 1000.0).powi(2) * 22.0,
            Self::ExponentiatedGradient => cells * 8e-3,
            Self::GridSearch => cells * 4.5e-3,
            Self::SensitiveSubspace => cells * 1.6e-3,
            Self::PrejudiceRemover => cells * 8e-4,
            Self::Adversarial => rows as f64 * 0.1,
            _ => cells * 4e-4,
        };
        (milliseconds as u64).max(1)
    }
}

/// What happens to training rows first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Treatment {
    /// Nothing.
    None,
    /// SMOTE.
    Smote,
    /// Weights that make class and group independent.
    Reweighing,
    /// Disparate impact remover; the model does not see the protected column.
    #[serde(rename = "disparate-impact-remover")]
    Repair,
    /// Fair Oversampling.
    FairOversampling,
}

impl Treatment {
    /// In the order of Tables 3 and 4.
    pub(super) const ALL: [Self; 5] = [
        Self::None,
        Self::Smote,
        Self::Reweighing,
        Self::Repair,
        Self::FairOversampling,
    ];

    /// Name, as `describe` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Smote => "smote",
            Self::Reweighing => "reweighing",
            Self::Repair => "disparate-impact-remover",
            Self::FairOversampling => "fair-oversampling",
        }
    }

    pub(super) fn method(self) -> Result<Option<Method>, Error> {
        match self {
            Self::None => Ok(None),
            other => Ok(Some(Method::from_name(other.name())?)),
        }
    }

    /// Whether it knows which column is protected; SMOTE takes it for a number like any other.
    pub(super) fn knows_groups(self) -> bool {
        self != Self::Smote
    }

    /// How many rows there are after it, over how many there were.
    fn growth(self) -> f64 {
        match self {
            Self::Smote | Self::FairOversampling => 1.5,
            _ => 1.0,
        }
    }
}

/// A cell of a table or a point of a curve: one model a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trial {
    /// Which data set, by its place.
    pub(super) set: usize,
    pub(super) student: Student,
    pub(super) treatment: Treatment,
    /// Which divisor of Experiment 3; the first one deletes nothing.
    pub(super) level: usize,
    /// How often rows were dealt before.
    pub(super) repeat: usize,
}

/// Rows of every fold of every repeat of a data set.
pub(super) type Deals = Vec<Vec<Vec<usize>>>;

/// Deals rows.
pub(super) fn deal(set: &Set, repeats: usize, seed: &Seed) -> Result<Deals, Error> {
    (0..repeats as u64)
        .map(|repeat| {
            Ok(stratified_k_fold(
                &set.labels,
                FOLDS,
                &seed.child(set.name).child(repeat),
            )?)
        })
        .collect()
}

/// Predicted class of every row by the model of its fold, or why there is none.
pub(super) type Predictions = BTreeMap<Trial, Predicted>;

type Predicted = Result<Vec<u32>, String>;

/// Everything that fits need.
pub(super) struct Bench<'a> {
    pub(super) sets: &'a [Set],
    /// One entry a set.
    pub(super) deals: &'a [Deals],
    pub(super) seed: &'a Seed,
    pub(super) device: DeviceKind,
    pub(super) observer: &'a dyn Observer,
}

pub(super) const TASK: &str = "fitting models";

impl Bench<'_> {
    /// Fits all trials, in parallel; the same numbers for any number of threads.
    pub(super) fn run(&self, trials: &[Trial]) -> Result<Predictions, Error> {
        let mut jobs: Vec<(Trial, usize, u64)> = Vec::new();
        for &trial in trials {
            let set = &self.sets[trial.set];
            let rows = (set.rows() as f64 * trial.treatment.growth()) as usize;
            let cost = trial.student.cost(rows, set.columns.len());
            jobs.extend((0..FOLDS).map(|fold| (trial, fold, cost)));
        }
        // The longest first: a long one at the end would leave other threads without work.
        jobs.sort_by_key(|&(trial, fold, cost)| (std::cmp::Reverse(cost), trial, fold));
        let total: u64 = jobs.iter().map(|job| job.2).sum();
        let done = AtomicU64::new(0);
        self.tell(0, total)?;
        // One after another off a common list: halves of the list would be of unequal length.
        let next = std::sync::atomic::AtomicUsize::new(0);
        let workers = rayon::current_num_threads();
        let found: Vec<Vec<(usize, Predicted)>> = (0..workers)
            .into_par_iter()
            .with_max_len(1)
            .map(|_| {
                let mut mine = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(trial, fold, cost)) = jobs.get(place) else {
                        return Ok(mine);
                    };
                    self.tell(done.load(Ordering::Relaxed), total)?;
                    match self.predict(&trial, fold) {
                        Ok(predicted) => mine.push((place, Ok(predicted))),
                        Err(Error::Stopped) => return Err(Error::Stopped),
                        Err(error) => mine.push((place, Err(reason(&error)))),
                    }
                    self.tell(done.fetch_add(cost, Ordering::Relaxed) + cost, total)?;
                }
            })
            .collect::<Result<_, Error>>()?;
        let _ = self.observer.observe(&Event::Finished { task: TASK });
        let mut all: Predictions = BTreeMap::new();
        for (place, predicted) in found.into_iter().flatten() {
            let (trial, fold, _) = jobs[place];
            let rows = self.sets[trial.set].rows();
            let whole = all.entry(trial).or_insert_with(|| Ok(vec![0; rows]));
            match (whole, predicted) {
                (Ok(whole), Ok(predicted)) => {
                    for (&row, class) in self.deals[trial.set][trial.repeat][fold].iter().zip(predicted) {
                        whole[row] = class;
                    }
                }
                (whole @ Ok(_), Err(reason)) => *whole = Err(reason),
                (Err(_), _) => {}
            }
        }
        Ok(all)
    }

    fn tell(&self, done: u64, total: u64) -> Result<(), Error> {
        self.go_on(TASK, done, total)
    }

    /// Tells how a task goes on, and stops if asked to.
    pub(super) fn go_on(&self, task: &str, done: u64, total: u64) -> Result<(), Error> {
        let event = Event::Progress { task, done, total };
        match self.observer.observe(&event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }

    /// The branch of seeds of a fold: the same for all students and treatments, so that they differ in nothing else.
    fn seed_of(&self, trial: &Trial, fold: usize) -> Seed {
        let set = self.sets[trial.set].name;
        self.seed
            .child("fit")
            .child(set)
            .child(trial.repeat as u64)
            .child(fold as u64)
    }

    /// Rows that a fold trains on, after those were deleted that the level asks for.
    pub(super) fn training_rows(&self, trial: &Trial, fold: usize) -> Vec<usize> {
        let set = &self.sets[trial.set];
        let test = &self.deals[trial.set][trial.repeat][fold];
        let mut train: Vec<usize> = (0..set.rows())
            .filter(|row| test.binary_search(row).is_err())
            .collect();
        let divisor = divisors(set.name)[trial.level];
        if divisor > 1.0 {
            let seed = self.seed_of(trial, fold).child("delete");
            let (class, mut gone) = (set.rarer(), vec![false; set.rows()]);
            for group in 0..set.groups.classes().len() as u32 {
                let cell = train
                    .iter()
                    .copied()
                    .filter(|&row| set.labels.codes()[row] == class && set.groups.codes()[row] == group);
                // The order is the same at all levels, so that a higher one deletes more of the same.
                let order = seed.shuffled(cell);
                let kept = (order.len() as f64 / divisor).round() as usize;
                order[kept..].iter().for_each(|&row| gone[row] = true);
            }
            train.retain(|&row| !gone[row]);
        }
        train
    }

    fn predict(&self, trial: &Trial, fold: usize) -> Result<Vec<u32>, Error> {
        let set = &self.sets[trial.set];
        let train = self.training_rows(trial, fold);
        let test = &self.deals[trial.set][trial.repeat][fold];
        let (model, design) = fit(set, &train, test, trial, &self.seed_of(trial, fold), self.device)?;
        let groups = set.groups_of(test);
        model.predict(
            &design,
            Some(&groups),
            &self.seed_of(trial, fold).child("predict"),
        )
    }

    /// The model of a fold and the test rows as it takes them.
    pub(super) fn model(&self, trial: &Trial, fold: usize) -> Result<(Fitted, Design), Error> {
        let set = &self.sets[trial.set];
        let test = &self.deals[trial.set][trial.repeat][fold];
        let train = self.training_rows(trial, fold);
        fit(set, &train, test, trial, &self.seed_of(trial, fold), self.device)
    }
}

/// An error in words.
pub(super) fn reason(error: &Error) -> String {
    let mut words = error.to_string();
    if let Some(hint) = error.hint() {
        words = format!("{words} ({hint})");
    }
    words
}

/// Training rows after a treatment, as a learner takes them.
struct Treated {
    design: Design,
    labels: Vec<u32>,
    weights: Option<Vec<f64>>,
    groups: Groups,
    test: Design,
}

/// What a student has learnt.
pub(super) enum Fitted {
    Model(Model),
    Network(Box<DebiasedNet>),
}

impl Fitted {
    /// A class for every row.
    pub(super) fn predict(
        &self,
        design: &Design,
        groups: Option<&Groups>,
        seed: &Seed,
    ) -> Result<Vec<u32>, Error> {
        match self {
            Self::Model(model) => Ok(model.predict(design, groups, seed)?),
            Self::Network(network) => {
                let probabilities = network.probabilities(&design.to_f32_rows())?;
                Ok(probabilities
                    .into_iter()
                    .map(|second| u32::from(second > 0.5))
                    .collect())
            }
        }
    }
}

/// Fits one model.
pub(super) fn fit(
    set: &Set,
    train: &[usize],
    test: &[usize],
    trial: &Trial,
    seed: &Seed,
    device: DeviceKind,
) -> Result<(Fitted, Design), Error> {
    if trial.student == Student::Adversarial {
        let rows = treated(set, train, test, trial.treatment, seed)?;
        let values = rows.design.to_f32_rows();
        let mut grouped = GroupedRows::new(&values, rows.design.width(), &rows.labels, rows.groups.codes());
        if let Some(weights) = &rows.weights {
            grouped = grouped.with_weights(weights);
        }
        let network = Adversarial::default().fit(grouped, &seed.child("learn"), device, &())?;
        return Ok((Fitted::Network(Box::new(network)), rows.test));
    }
    let learner = trial.student.learner().map_err(|problem| Error::Config {
        place: trial.student.name().into(),
        problem,
        hint: None,
    })?;
    let rows = treated(set, train, test, trial.treatment, seed)?;
    let data = Training {
        design: &rows.design,
        labels: &rows.labels,
        classes: set.labels.classes(),
        weights: rows.weights.as_deref(),
        groups: learner.needs_groups().then_some(&rows.groups),
    };
    let model = learner.fit(&data, &seed.child("learn"))?;
    Ok((Fitted::Model(model), rows.test))
}

fn treated(
    set: &Set,
    train: &[usize],
    test: &[usize],
    treatment: Treatment,
    seed: &Seed,
) -> Result<Treated, Error> {
    let features = set.features(train, treatment.knows_groups());
    let (labels, groups) = (set.labels_of(train), set.groups_of(train));
    let test_features = set.features(test, treatment.knows_groups());
    let Some(method) = treatment.method()? else {
        return Ok(Treated {
            design: matrix(&features, None),
            labels: labels.codes().to_vec(),
            weights: None,
            groups,
            test: matrix(&test_features, None),
        });
    };
    let data = Labeled {
        features: features.clone(),
        labels: &labels,
        groups: treatment.knows_groups().then_some(&groups),
        keys: RowKeys::Position,
        weights: None,
    };
    let mut run = Run::new(0);
    run.seed = seed.child("resample");
    let resampled = method.resample(&data, &run)?;
    let without = (treatment == Treatment::Repair).then_some(set.protected);
    let place = |row: OutputRow| match row {
        OutputRow::Kept(row) => row,
        OutputRow::Synthetic(made) => train.len() + made,
    };
    let order: Vec<usize> = resampled.rows().map(place).collect();
    let all = features
        .replaced(&resampled.replaced)
        .extended(&resampled.synthetic);
    let group = |row: OutputRow| match row {
        OutputRow::Kept(row) => groups.codes()[row],
        OutputRow::Synthetic(made) => groups.codes()[resampled.origin[made].base as usize],
    };
    let test_design = match method.transform(&data, &run)? {
        Some(transform) => {
            let replaced = transform.apply(&test_features, &set.groups_of(test))?;
            matrix(&test_features.replaced(&replaced), without)
        }
        None => matrix(&test_features, without),
    };
    Ok(Treated {
        design: matrix(&all, without).of_rows(&order),
        labels: resampled
            .rows()
            .map(|row| resampled.class_of(row, &labels))
            .collect(),
        weights: resampled.weights.clone(),
        groups: Labels::from_codes(groups.classes().to_vec(), resampled.rows().map(group).collect()),
        test: test_design,
    })
}

/// Numbers as they stand, without one of the columns.
fn matrix(features: &Features<'_>, without: Option<usize>) -> Design {
    let kept = match without {
        None => Cow::Borrowed(features),
        Some(gone) => {
            let columns = features.columns().iter().enumerate();
            let columns = columns
                .filter(|(place, _)| *place != gone)
                .map(|(_, column)| column.clone());
            Cow::Owned(Features::new(features.rows(), columns.collect()))
        }
    };
    Design::from_matrix(kept.gather_numeric(&(0..kept.rows()).collect::<Vec<_>>()))
}

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;

use counterpoise_base::{
    Event, Features, Labeled, Labels, Observer, OutputRow, Resampled, RowKeys, Seed, Warning, counted,
};
use counterpoise_data::{Missing, stratified_k_fold};
use counterpoise_learn::{Calibration, Decision, Design, Encoder, Imputer, Learner, Objective, Training};
use counterpoise_metrics::{Average, Measure};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Chooser, Method, Resample as _, Run};

use super::candidate::label;
use super::store::{Fit, Key, Store};
use super::{Candidate, Setting, Times};
use crate::Error;

/// All fits of a comparison.
pub(crate) struct Fits {
    /// Test rows of each fold, for each repeat.
    pub(crate) parts: Vec<Vec<Vec<usize>>>,
    /// Names of methods and models, with options that are not the default ones.
    pub(crate) methods: Vec<String>,
    pub(crate) models: Vec<String>,
    /// By method and model; then by repeat and fold.
    pub(crate) results: Vec<Vec<Result<Vec<Vec<Fit>>, Failed>>>,
    /// Fits that an earlier run had finished.
    pub(crate) found: usize,
}

/// Why a method, or a model with it, has no result.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

const TASK: &str = "comparing";
const INNER_FOLDS: usize = 3;

/// What all fits of one fold share.
struct Fold {
    train: Vec<usize>,
    features: Features<'static>,
    labels: Labels,
    groups: Option<Labels>,
    ids: Option<Vec<String>>,
    weights: Option<Vec<f64>>,
    encoder: Encoder,
    design: Design,
    test: Design,
    /// The test rows as a method that changes features needs them.
    test_features: Features<'static>,
    test_groups: Option<Labels>,
    seed: Seed,
    missing: MissingValues,
    chooser: Chooser,
}

/// Rows that a model is trained on.
struct Rows {
    design: Design,
    labels: Vec<u32>,
    weights: Option<Vec<f64>>,
    /// The group of every row.
    groups: Option<Labels>,
    /// The test rows, where the method changes features.
    test: Option<Design>,
}

impl Rows {
    /// Only some of them, in the order given.
    fn of_rows(&self, rows: &[usize]) -> Self {
        Self {
            design: self.design.of_rows(rows),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            weights: self
                .weights
                .as_ref()
                .map(|weights| rows.iter().map(|&row| weights[row]).collect()),
            groups: self.groups.as_ref().map(|groups| of_rows(groups, rows)),
            test: None,
        }
    }
}

/// The labels of some rows, with all names.
fn of_rows(labels: &Labels, rows: &[usize]) -> Labels {
    let codes = rows.iter().map(|&row| labels.codes()[row]).collect();
    Labels::from_codes(labels.classes().to_vec(), codes)
}

type Slot = Mutex<Option<Result<Fit, Failed>>>;

/// Fits every model with every method on every fold, or finds the fits that were kept.
pub(crate) fn run(
    setting: &Setting<'_>,
    store: &Store,
    first: &Measure,
    observer: &dyn Observer,
) -> Result<Fits, Error> {
    let compare = setting.compare;
    let labels = &setting.prepared.labels;
    let repeats = compare.repeats(labels.len());
    let root = Seed::new(setting.experiment.seed).child("compare");
    let favorable = compare.favorable_label.as_deref();
    let methods: Vec<String> = compare
        .methods
        .iter()
        .map(|method| method.label(favorable))
        .collect();
    let models: Vec<String> = compare
        .models
        .iter()
        .map(|model| model_label(model, favorable))
        .collect();
    let parts: Vec<Vec<Vec<usize>>> = (0..repeats)
        .map(|repeat| stratified_k_fold(labels, compare.folds, &root.child("repeat").child(repeat as u64)))
        .collect::<Result<_, _>>()?;
    let count = methods.len() * models.len();
    let total = (repeats * compare.folds * count) as u64;
    let (done, found) = (AtomicU64::new(0), AtomicU64::new(0));
    let tell = |more: u64| {
        let done = done.fetch_add(more, Ordering::Relaxed) + more;
        observer.observe(&Event::Progress {
            task: TASK,
            done,
            total,
        })
    };
    if tell(0).is_break() {
        return Err(Error::Stopped);
    }
    let objective = objective(first, labels);
    let threads = at_once(setting);
    let mut all: Vec<Vec<Result<Vec<Vec<Fit>>, Failed>>> = (0..methods.len())
        .map(|_| (0..models.len()).map(|_| Ok(Vec::new())).collect())
        .collect();
    for (repeat, parts) in parts.iter().enumerate() {
        let folds: Vec<OnceLock<Fold>> = parts.iter().map(|_| OnceLock::new()).collect();
        let slots: Vec<Slot> = (0..parts.len() * count).map(|_| Mutex::new(None)).collect();
        let slot = |fold: usize, method: usize, model: usize| {
            &slots[(fold * methods.len() + method) * models.len() + model]
        };
        let jobs: Vec<(usize, usize)> = (0..parts.len())
            .flat_map(|fold| (0..methods.len()).map(move |method| (fold, method)))
            .collect();
        let one = |&(fold, method): &(usize, usize)| -> ControlFlow<()> {
            let key = |model: usize| Key {
                method: &methods[method],
                model: &models[model],
                repeat,
                fold,
            };
            let mut todo = Vec::new();
            for model in 0..models.len() {
                match store
                    .load(&key(model))
                    .filter(|fit| fit.predicted.len() == parts[fold].len())
                {
                    Some(fit) => {
                        put(slot(fold, method, model), Ok(fit));
                        found.fetch_add(1, Ordering::Relaxed);
                        tell(1)?;
                    }
                    None => todo.push(model),
                }
            }
            if todo.is_empty() {
                return ControlFlow::Continue(());
            }
            let seed = root
                .child("repeat")
                .child(repeat as u64)
                .child("fold")
                .child(fold as u64);
            let shared = folds[fold].get_or_init(|| Fold::new(setting, &parts[fold], seed));
            let results = fit_all(setting, shared, method, &todo, objective);
            for (model, result) in todo.into_iter().zip(results) {
                if let Ok(fit) = &result {
                    store.save(&key(model), fit);
                }
                put(slot(fold, method, model), result);
                tell(1)?;
            }
            ControlFlow::Continue(())
        };
        if in_turns(threads, &jobs, &one).is_break() {
            return Err(Error::Stopped);
        }
        for (method, of_method) in all.iter_mut().enumerate() {
            for (model, result) in of_method.iter_mut().enumerate() {
                let of_repeat: Result<Vec<Fit>, Failed> = (0..parts.len())
                    .map(|fold| {
                        let taken = slot(fold, method, model)
                            .lock()
                            .ok()
                            .and_then(|mut slot| slot.take());
                        taken
                            .unwrap_or_else(|| Err(Failed::new("a thread failed")))
                            .map_err(|failed| failed.in_fold(repeat, fold, repeats))
                    })
                    .collect();
                match (result.as_mut(), of_repeat) {
                    (Ok(fits), Ok(of_repeat)) => fits.push(of_repeat),
                    (Ok(_), Err(failed)) => *result = Err(failed),
                    (Err(_), _) => {}
                }
            }
        }
    }
    let _ = observer.observe(&Event::Finished { task: TASK });
    Ok(Fits {
        parts,
        methods,
        models,
        results: all,
        found: found.into_inner() as usize,
    })
}

/// Works off jobs on some threads, in order, until one breaks.
///
/// These are no threads of a pool: a thread of a pool that waits inside a library's pool takes up a second job meanwhile,
/// which would spoil times and the bound on memory.
fn in_turns<J: Sync>(
    threads: usize,
    jobs: &[J],
    work: &(dyn Fn(&J) -> ControlFlow<()> + Sync),
) -> ControlFlow<()> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let turn = || {
        while !stopped.load(Ordering::Relaxed) {
            let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            if work(job).is_break() {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(jobs.len()) {
            scope.spawn(turn);
        }
        turn();
    });
    if stopped.into_inner() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// The name of a model, with options that are not the default ones; `favorable` is the class of the whole comparison.
pub(crate) fn model_label(model: &Learner, favorable: Option<&str>) -> String {
    let mut usual = Learner::from_name(model.name()).ok();
    if let (Some(usual), Some(class)) = (&mut usual, favorable) {
        usual.set_favorable(class);
    }
    label(model.name(), model, usual.as_ref())
}

fn put(slot: &Slot, result: Result<Fit, Failed>) {
    if let Ok(mut slot) = slot.lock() {
        *slot = Some(result);
    }
}

/// What thresholds are tuned for: the first measure, or what comes nearest to it. Recall or precision alone would be
/// best where all rows or none are called the class.
fn objective(first: &Measure, labels: &Labels) -> Objective {
    let one = |average: &Average| match average {
        Average::Class(name) => labels.code_of(name).map(|code| code as usize),
        _ => None,
    };
    match first {
        Measure::Accuracy => Objective::Accuracy,
        Measure::Mcc | Measure::Kappa => Objective::Mcc,
        Measure::F { beta, average } => Objective::F {
            beta: *beta,
            class: one(average),
        },
        Measure::Precision(average) => Objective::F {
            beta: 1.0,
            class: one(average),
        },
        Measure::GMean | Measure::GMeanMacro | Measure::GMeanOf(_) | Measure::Iba(_) => Objective::GMean,
        _ => Objective::BalancedAccuracy,
    }
}

/// Folds and methods that are fitted at the same time.
fn at_once(setting: &Setting<'_>) -> usize {
    let threads = rayon::current_num_threads();
    let rows = setting.prepared.labels.len();
    let features = setting.prepared.features();
    let width: usize = features
        .columns()
        .iter()
        .map(|column| match &column.values {
            counterpoise_base::FeatureValues::Codes { levels, .. } => (*levels).min(256),
            _ => 1,
        })
        .sum();
    let classes = setting.prepared.labels.classes().len();
    // Balanced by over-sampling, a table has at most as many rows as the largest class times the classes.
    let most = setting.prepared.labels.counts().into_iter().max().unwrap_or(0) * classes;
    let most = if setting.compare.methods.iter().any(Candidate::resamples) {
        most.max(rows)
    } else {
        rows
    };
    let fit = setting
        .compare
        .models
        .iter()
        .map(|model| model.bytes(most, width))
        .max()
        .unwrap_or(0);
    let rows_of_fold = 24 * (features.columns().len() * most) as u64;
    let need = (fit + rows_of_fold).max(1);
    let room = setting.compare.memory_mib.saturating_mul(1 << 20);
    threads
        .min(usize::try_from(room / need).unwrap_or(usize::MAX))
        .max(1)
}

impl Failed {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    fn in_fold(mut self, repeat: usize, fold: usize, repeats: usize) -> Self {
        let of_repeat = if repeats > 1 {
            format!(" of repeat {}", repeat + 1)
        } else {
            String::new()
        };
        self.message = format!("{} (fold {}{of_repeat})", self.message, fold + 1);
        self
    }
}

impl From<counterpoise_learn::Error> for Failed {
    fn from(error: counterpoise_learn::Error) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<counterpoise_sampling::Error> for Failed {
    fn from(error: counterpoise_sampling::Error) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl Fold {
    fn new(setting: &Setting<'_>, rows: &[usize], seed: Seed) -> Self {
        let prepared = setting.prepared;
        let all = prepared.features();
        let mut tested = vec![false; all.rows()];
        rows.iter().for_each(|&row| tested[row] = true);
        let train: Vec<usize> = (0..all.rows()).filter(|&row| !tested[row]).collect();
        let subset = |labels: &Labels| of_rows(labels, &train);
        let mut features = all.of_rows(&train);
        let encoder = Encoder::fit(&features);
        let design = encoder.encode(&features);
        let mut test_features = all.of_rows(rows);
        let test = encoder.encode(&test_features);
        let missing = setting.experiment.data.missing;
        if missing == Missing::Impute {
            let imputer = Imputer::fit(&features);
            let filled = imputer
                .fill(&features)
                .of_rows(&(0..train.len()).collect::<Vec<_>>());
            test_features = imputer
                .fill(&test_features)
                .of_rows(&(0..rows.len()).collect::<Vec<_>>());
            features = filled;
        }
        let ids = match prepared.labeled().keys {
            RowKeys::Position => None,
            RowKeys::Named(names) => Some(train.iter().map(|&row| names[row].clone()).collect()),
        };
        Self {
            labels: subset(&prepared.labels),
            groups: prepared.groups.as_ref().map(subset),
            test_groups: prepared.groups.as_ref().map(|groups| of_rows(groups, rows)),
            ids,
            weights: prepared
                .weights()
                .map(|weights| train.iter().map(|&row| weights[row]).collect()),
            encoder,
            design,
            test,
            test_features,
            features,
            train,
            seed,
            missing: if missing == Missing::Distance {
                MissingValues::Define
            } else {
                MissingValues::Refuse
            },
            chooser: setting.experiment.chooser,
        }
    }

    fn labeled(&self) -> Labeled<'_> {
        Labeled {
            features: self.features.clone(),
            labels: &self.labels,
            groups: self.groups.as_ref(),
            keys: self.ids.as_deref().map_or(RowKeys::Position, RowKeys::Named),
            weights: self.weights.as_deref(),
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The training rows as they are.
    fn plain(&self) -> Rows {
        Rows {
            design: self.design.clone(),
            labels: self.labels.codes().to_vec(),
            weights: self.weights.clone(),
            groups: self.groups.clone(),
            test: None,
        }
    }

    /// The training rows with equal weights of classes.
    fn weighted(&self) -> Rows {
        let mut sums = vec![0.0; self.labels.classes().len()];
        for (row, &label) in self.labels.codes().iter().enumerate() {
            sums[label as usize] += self.weight(row);
        }
        let (total, classes): (f64, usize) =
            (sums.iter().sum(), sums.iter().filter(|&&sum| sum > 0.0).count());
        let weight =
            |(row, &label): (usize, &u32)| self.weight(row) * total / (classes as f64 * sums[label as usize]);
        Rows {
            weights: Some(self.labels.codes().iter().enumerate().map(weight).collect()),
            ..self.plain()
        }
    }

    /// The training rows after a resampler.
    fn resampled(&self, method: &Method) -> Result<(Rows, Vec<Warning>), Failed> {
        let mut run = Run::new(0).with_chooser(self.chooser);
        run.seed = self.seed.child("resample");
        run.numpy_seed = self.seed.child("numpy").number() as u32;
        run.missing = self.missing;
        let data = self.labeled();
        let resampled = method.resample(&data, &run)?;
        let real = self.train.len();
        let place = |row: OutputRow| match row {
            OutputRow::Kept(row) => row,
            OutputRow::Synthetic(made) => real + made,
        };
        let order: Vec<usize> = resampled.rows().map(place).collect();
        let kept = if resampled.replaced.is_empty() {
            Cow::Borrowed(&self.design)
        } else {
            Cow::Owned(self.encoder.encode(&data.features.replaced(&resampled.replaced)))
        };
        let design = if resampled.origin.is_empty() {
            kept.of_rows(&order)
        } else {
            let synthetic = data.features.synthetic(&resampled.synthetic);
            kept.followed_by(&self.encoder.encode(&synthetic)).of_rows(&order)
        };
        let of_row = |row: OutputRow| match row {
            OutputRow::Kept(row) => self.weight(row),
            OutputRow::Synthetic(made) => {
                let origin = resampled.origin[made];
                let neighbor = resampled.neighbor_in_input(made, real);
                let (base, neighbor) = (self.weight(origin.base as usize), self.weight(neighbor));
                (base + origin.step * (neighbor - base)).max(0.0)
            }
        };
        let weights = match &resampled.weights {
            Some(weights) => Some(
                resampled
                    .rows()
                    .zip(weights)
                    .map(|(row, weight)| weight * of_row(row))
                    .collect(),
            ),
            None => self
                .weights
                .is_some()
                .then(|| resampled.rows().map(of_row).collect()),
        };
        let rows = Rows {
            design,
            labels: resampled
                .rows()
                .map(|row| resampled.class_of(row, &self.labels))
                .collect(),
            weights,
            groups: self.groups.as_ref().map(|groups| {
                let group = |row: OutputRow| match row {
                    OutputRow::Kept(row) => groups.codes()[row],
                    OutputRow::Synthetic(made) => groups.codes()[resampled.row_of_group(made)],
                };
                Labels::from_codes(groups.classes().to_vec(), resampled.rows().map(group).collect())
            }),
            test: match (method.transform(&data, &run)?, &self.test_groups) {
                (Some(transform), Some(groups)) => {
                    let replaced = transform.apply(&self.test_features, groups)?;
                    Some(self.encoder.encode(&self.test_features.replaced(&replaced)))
                }
                _ => None,
            },
        };
        let mut warnings = resampled.warnings.clone();
        warnings.extend(self.lost(&resampled, &rows));
        Ok((rows, warnings))
    }

    /// Classes that no training row is left of.
    fn lost(&self, resampled: &Resampled, rows: &Rows) -> Option<Warning> {
        let before = self.labels.counts();
        let mut after = vec![0_usize; before.len()];
        rows.labels.iter().for_each(|&label| after[label as usize] += 1);
        let lost = (0..before.len()).find(|&class| before[class] > 0 && after[class] == 0)?;
        let name = &self.labels.classes()[lost];
        let message = format!(
            "no training row of class `{name}` is left of {} in a fold of {}: the class cannot be predicted there",
            counted(before[lost], "row"),
            resampled.len()
        );
        Some(Warning::new("compare.lost-class", message))
    }
}

/// One method and some models on one fold.
fn fit_all(
    setting: &Setting<'_>,
    fold: &Fold,
    method: usize,
    models: &[usize],
    objective: Objective,
) -> Vec<Result<Fit, Failed>> {
    let candidate = &setting.compare.methods[method];
    let start = Instant::now();
    let rows = match candidate {
        Candidate::Resampled(method) => fold.resampled(method),
        Candidate::Weights => Ok((fold.weighted(), Vec::new())),
        _ => Ok((fold.plain(), Vec::new())),
    };
    let (rows, warnings) = match rows {
        Ok(rows) => rows,
        Err(failed) => return models.iter().map(|_| Err(failed.clone())).collect(),
    };
    let spent = start.elapsed();
    let one = |&model: &usize| {
        let learner = &setting.compare.models[model];
        let favorable = setting.compare.favorable_label.as_deref();
        let label = model_label(learner, favorable);
        let seed = fold.seed.child("model").child(label.as_str());
        let mut fit = fit_one(fold, &rows, learner, candidate, objective, &seed)?;
        fit.times.method += spent;
        fit.warnings.splice(0..0, warnings.iter().cloned());
        Ok(fit)
    };
    models.iter().map(one).collect()
}

fn fit_one(
    fold: &Fold,
    rows: &Rows,
    learner: &Learner,
    candidate: &Candidate,
    objective: Objective,
    seed: &Seed,
) -> Result<Fit, Failed> {
    let classes = fold.labels.classes();
    let fit = |rows: &Rows, seed: &Seed| {
        learner.fit(
            &Training {
                design: &rows.design,
                labels: &rows.labels,
                classes,
                weights: rows.weights.as_deref(),
                groups: rows.groups.as_ref(),
            },
            seed,
        )
    };
    let start = Instant::now();
    let model = fit(rows, seed)?;
    let test = rows.test.as_ref().unwrap_or(&fold.test);
    let mut probabilities = model.probabilities_in(test, fold.test_groups.as_ref())?;
    let drawn = (model.is_randomised() && !candidate.needs_inner_folds())
        .then(|| model.predict(test, fold.test_groups.as_ref(), seed))
        .transpose()?;
    let of_model = start.elapsed();
    let mut decision = Decision::plain(classes.len());
    let start = Instant::now();
    if candidate.needs_inner_folds() {
        let held_out = inner_probabilities(fold, rows, seed, &fit)?;
        let (labels, weights) = (&rows.labels, rows.weights.as_deref());
        match candidate {
            Candidate::Calibrated(calibration) => {
                probabilities = calibrated(
                    *calibration,
                    &held_out,
                    labels,
                    classes.len(),
                    weights,
                    &probabilities,
                )?;
            }
            _ => decision = Decision::tune(objective, &held_out, labels, classes.len(), weights),
        }
    }
    let mut trained = vec![0.0; classes.len()];
    for (row, &label) in rows.labels.iter().enumerate() {
        trained[label as usize] += rows.weights.as_ref().map_or(1.0, |weights| weights[row]);
    }
    Ok(Fit {
        predicted: drawn.unwrap_or_else(|| decision.decide(&probabilities)),
        probabilities,
        trained,
        times: Times {
            method: start.elapsed(),
            model: of_model,
        },
        warnings: model.warnings().to_vec(),
    })
}

fn calibrated(
    calibration: Calibration,
    held_out: &[f64],
    labels: &[u32],
    classes: usize,
    weights: Option<&[f64]>,
    probabilities: &[f64],
) -> Result<Vec<f64>, Failed> {
    let calibrator = calibration.fit(held_out, labels, classes, weights)?;
    Ok(calibrator.apply(probabilities))
}

type Fitting<'a> = dyn Fn(&Rows, &Seed) -> Result<counterpoise_learn::Model, counterpoise_learn::Error> + 'a;

/// Probabilities of training rows by models that did not see them.
fn inner_probabilities(fold: &Fold, rows: &Rows, seed: &Seed, fit: &Fitting<'_>) -> Result<Vec<f64>, Failed> {
    let classes = fold.labels.classes().len();
    let counts = fold.labels.counts();
    if let Some(class) = (0..classes).find(|&class| (1..INNER_FOLDS).contains(&counts[class])) {
        return Err(counterpoise_learn::Error::TooFewRows {
            class: fold.labels.classes()[class].clone(),
            rows: counts[class],
            folds: INNER_FOLDS,
            purpose: "tuning",
        }
        .into());
    }
    let parts = stratified_k_fold(&fold.labels, INNER_FOLDS, &fold.seed.child("inner"))
        .map_err(|error| Failed::new(error.to_string()))?;
    let mut held_out = vec![0.0; rows.labels.len() * classes];
    for (place, part) in parts.iter().enumerate() {
        let mut inside = vec![true; rows.labels.len()];
        part.iter().for_each(|&row| inside[row] = false);
        let train: Vec<usize> = (0..inside.len()).filter(|&row| inside[row]).collect();
        let seed = seed.child("inner").child(place as u64);
        let (inside, outside) = (rows.of_rows(&train), rows.of_rows(part));
        let model = fit(&inside, &seed)?;
        let probabilities = model.probabilities_in(&outside.design, outside.groups.as_ref())?;
        for (&row, from) in part.iter().zip(probabilities.chunks_exact(classes)) {
            held_out[row * classes..][..classes].copy_from_slice(from);
        }
    }
    Ok(held_out)
}

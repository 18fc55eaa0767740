//! Training a classifier, epoch by epoch, so that it can be stopped and taken up again without a changed bit.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use burn::module::Module as _;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Bytes, Device, ElementConversion as _, Tensor, TensorData};
use counterpoise_base::{Event, Labels, Observer, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ahead::ahead;
use crate::checkpoint::moments;
use crate::kernels::GivesBack;
use crate::loss::{Loss, PreparedLoss};
use crate::network::Net;
use crate::optimizer::{Adam, Sgd};
use crate::schedule::Schedule;
use crate::weights::all_finite;
use crate::{
    Architecture, Checkpoint, Classifier, DeviceKind, Error, HeadKind, Inputs, Mix, Sampler, Scores, Weights,
    one_hot,
};

/// How a classifier is trained.
///
/// Defaults are those for pictures. For a table, what is not said is another: `network = "mlp"`, and Adam with a rate of 0.001
/// that stays, without warm-up. With `optimizer = { sgd = {} }` the rate is that for pictures again.
///
/// # Source
///
/// The defaults are those of EOS (Dablain, Bellinger, Krawczyk, Chawla, ICDE 2023, authors' code): ResNet-32, batches of 128,
/// SGD with rate 0.1, momentum 0.9 and weight decay 2e-4, warm-up, two steps. The authors choose the epoch by the test set;
/// here a part of the training set is held out for that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Which network.
    pub network: Architecture,
    /// Its last layer; LDAM needs `cosine`.
    pub head: HeadKind,
    /// What is made small.
    pub loss: Loss,
    /// How weights move.
    pub optimizer: Optimizer,
    /// How the rate changes with time.
    pub schedule: Schedule,
    /// How often the training rows are gone through.
    pub epochs: NonZeroUsize,
    /// Rows a step.
    #[serde(alias = "batch")]
    pub batch_size: NonZeroUsize,
    /// In which shares classes are drawn.
    pub sampler: Sampler,
    /// Whether rows are mixed with one another.
    pub mix: Mix,
    /// The decay of a running mean of all weights, which is then evaluated and kept instead; no mean without it.
    pub average: Option<f64>,
    /// What an epoch is chosen by.
    pub choose_by: ChooseBy,
}

/// How weights move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("x-words" = "sgd = { momentum, weight_decay } | adam = { weight_decay }"))]
#[non_exhaustive]
pub enum Optimizer {
    /// Stochastic gradient descent, as in PyTorch.
    Sgd {
        /// Share of the last step that is added to the next.
        #[serde(default = "usual_momentum")]
        momentum: f64,
        /// Share of every weight that is added to its gradient.
        #[serde(default = "usual_weight_decay")]
        weight_decay: f64,
    },
    /// Adam (Kingma, Ba, ICLR 2015).
    Adam {
        /// Share of every weight that is added to its gradient.
        #[serde(default)]
        weight_decay: f64,
    },
}

fn usual_momentum() -> f64 {
    0.9
}

fn usual_weight_decay() -> f64 {
    2e-4
}

/// What an epoch is chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChooseBy {
    /// The greatest balanced accuracy on rows that were held out.
    #[default]
    BalancedAccuracy,
    /// The greatest macro F1 on rows that were held out, as the authors of EOS choose (on the test set).
    MacroF1,
    /// The last epoch.
    Last,
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Sgd {
            momentum: usual_momentum(),
            weight_decay: usual_weight_decay(),
        }
    }
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            network: Architecture::default(),
            head: HeadKind::default(),
            loss: Loss::default(),
            optimizer: Optimizer::default(),
            schedule: Schedule::default(),
            epochs: NonZeroUsize::new(200).expect("200 is not 0"),
            batch_size: NonZeroUsize::new(128).expect("128 is not 0"),
            sampler: Sampler::default(),
            mix: Mix::default(),
            average: None,
            choose_by: ChooseBy::default(),
        }
    }
}

/// Rows and their classes.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What the network reads.
    pub inputs: Inputs<'a>,
    /// The class of every row; the codes mean the same in all sets.
    pub labels: &'a Labels,
}

/// What training needs besides data and options.
#[derive(Clone)]
pub struct TrainRun<'a> {
    /// Root of first weights, orders and mixing.
    pub seed: Seed,
    /// Where tensors live.
    pub device: DeviceKind,
    /// Who hears of epochs.
    pub observer: &'a dyn Observer,
    /// Where the state is kept after every epoch, and taken up again if it is there.
    pub checkpoint: Option<&'a Path>,
    /// Names data and seed; a checkpoint with another name is not taken up.
    pub fingerprint: String,
    /// Looks at the network after every epoch, with its number from 1; an error ends the training.
    pub each_epoch: Option<EachEpoch<'a>>,
}

/// What looks at a network while it is trained.
pub type EachEpoch<'a> = &'a dyn Fn(usize, &Classifier) -> Result<(), Error>;

/// What one epoch brought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean loss of its batches.
    pub loss: f64,
    /// Rate of the optimizer.
    pub rate: f64,
    /// Balanced accuracy on the rows that were held out.
    pub balanced_accuracy: Option<f64>,
    /// Macro F1 on the rows that were held out.
    pub macro_f1: Option<f64>,
    /// What it took, in seconds; absent in the file of a network, which is the same whenever it is trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A trained classifier and how it came to be.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The network of the chosen epoch.
    pub classifier: Classifier,
    /// The epoch it is of, from 1.
    pub epoch: usize,
    /// One entry an epoch.
    pub history: Vec<EpochReport>,
    /// Epochs that were done before, by another process.
    pub resumed_from: usize,
    /// Whether an earlier run had begun, maybe without finishing an epoch.
    pub resumed: bool,
}

/// What stands in a checkpoint beside tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    fingerprint: String,
    options: TrainOptions,
    classes: Vec<String>,
    /// Epochs that are finished.
    epoch: usize,
    /// Batches of the next epoch that are finished.
    batch: usize,
    /// Sum of losses of these batches.
    loss: f64,
    /// Rows in these batches.
    rows: usize,
    history: Vec<EpochReport>,
    best: Option<(usize, f64)>,
}

const KIND: &str = "training";
const BEST: &str = "best";
const AVERAGE: &str = "average";

struct State {
    net: Net,
    optimizer: ModuleOptimizer,
    average: Option<Weights>,
    best: Option<Weights>,
    about: About,
}

/// Trains on `rows`; epochs are chosen on `held_out`, where there are such rows.
///
/// The same options, data and seed give the same network, bit for bit, on one kind of device, in one go or with stops.
///
/// # Errors
///
/// A loss that is not finite stops the training and leaves the checkpoint of the epoch before. If the observer breaks, the
/// state is saved after the batch under way.
pub fn train(
    rows: Rows<'_>,
    held_out: Option<Rows<'_>>,
    options: &TrainOptions,
    run: &TrainRun<'_>,
) -> Result<Trained, Error> {
    let _room = GivesBack;
    let device = run.device.open()?;
    options.check()?;
    let loss = options
        .loss
        .prepare(&rows.labels.counts(), &device.clone().autodiff())?;
    let mut state = State::start(rows, options, run, &device)?;
    let resumed_from = state.about.epoch;
    let resumed = resumed_from > 0 || state.about.batch > 0;
    let epochs = options.epochs.get();
    let task = format!("training {}", options.network.name());
    while state.about.epoch < epochs {
        state.epoch(rows, held_out, &loss, run, &device, &task)?;
        if let Some(path) = run.checkpoint {
            state.save(path)?;
        }
        if let Some(look) = run.each_epoch {
            let now = match &state.average {
                Some(average) => average.clone(),
                None => Weights::of(&state.net.valid()),
            };
            look(state.about.epoch, &state.classifier(&now, rows, options)?)?;
        }
    }
    let _ = run.observer.observe(&Event::Finished { task: &task });
    let trained = state.trained(rows, options)?;
    Ok(Trained {
        resumed_from,
        resumed,
        ..trained
    })
}

/// What the checkpoint of a training holds that cannot go on: the chosen one of the epochs that it finished, if there are any.
pub fn rescued(rows: Rows<'_>, options: &TrainOptions, run: &TrainRun<'_>) -> Result<Option<Trained>, Error> {
    let state = State::start(rows, options, run, &run.device.open()?)?;
    if state.about.epoch == 0 {
        return Ok(None);
    }
    state.trained(rows, options).map(Some)
}

impl TrainOptions {
    /// What a table is trained with where nothing is said.
    pub fn for_tables() -> Self {
        Self {
            network: Architecture::mlp(),
            optimizer: Optimizer::Adam { weight_decay: 0.0 },
            schedule: Schedule::constant(1e-3),
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.loss.check()?;
        self.schedule.check()?;
        self.mix.check()?;
        if self.loss.wants_cosines() && self.head != HeadKind::Cosine {
            return Err(Error::NeedsCosines {
                loss: self.loss.name(),
            });
        }
        let positive = |option, value: f64| {
            if value.is_finite() && value >= 0.0 {
                Ok(())
            } else {
                Err(Error::OutOfRange {
                    method: "training",
                    option,
                    value: value.to_string(),
                    range: "0 or more",
                })
            }
        };
        match self.optimizer {
            Optimizer::Sgd {
                momentum,
                weight_decay,
            } => {
                positive("momentum", momentum)?;
                positive("weight_decay", weight_decay)?;
            }
            Optimizer::Adam { weight_decay } => positive("weight_decay", weight_decay)?,
        }
        match self.average {
            Some(decay) if !(0.0..1.0).contains(&decay) => Err(Error::OutOfRange {
                method: "training",
                option: "average",
                value: decay.to_string(),
                range: "from 0 to below 1",
            }),
            _ => Ok(()),
        }
    }
}

impl Optimizer {
    fn build(&self) -> ModuleOptimizer {
        match *self {
            Self::Sgd {
                momentum,
                weight_decay,
            } => Sgd {
                momentum,
                weight_decay,
            }
            .init(),
            Self::Adam { weight_decay } => Adam {
                weight_decay,
                ..Adam::default()
            }
            .init(),
        }
    }
}

/// Says in which options two trainings differ.
pub fn other_options<T: Serialize>(one: &T, other: &T) -> String {
    let fields = |options: &T| serde_json::to_value(options).unwrap_or_default();
    let (one, other) = (fields(one), fields(other));
    let names: Vec<String> = one
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| other.get(name) != Some(value))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if names.is_empty() {
        return "other options".into();
    }
    format!("other options: {}", names.join(", "))
}

/// What one step sees, before it is on a device.
struct Batch {
    input: TensorData,
    /// `(n, classes)`.
    targets: TensorData,
}

impl Batch {
    fn new(rows: Rows<'_>, batch: &[usize], options: &TrainOptions, epoch: usize, seed: &Seed) -> Self {
        let classes = rows.labels.classes().len();
        let labels: Vec<u32> = batch.iter().map(|&row| rows.labels.codes()[row]).collect();
        let mut targets = one_hot(&labels, classes);
        let mut input = rows.inputs.training_rows(batch, epoch, seed);
        if let Some(pairs) = options.mix.pairs(&labels, &rows.labels.counts(), seed) {
            let shape = input.shape().clone();
            let values = input
                .try_into_vec::<f32>()
                .expect("inputs are in single precision");
            input = TensorData::new(pairs.inputs(&values, values.len() / batch.len()), shape);
            targets = pairs.targets(&targets, classes);
        }
        Self {
            input,
            targets: TensorData::new(targets, [batch.len(), classes]),
        }
    }
}

impl State {
    fn start(
        rows: Rows<'_>,
        options: &TrainOptions,
        run: &TrainRun<'_>,
        device: &Device,
    ) -> Result<Self, Error> {
        let classes = rows.labels.classes();
        let seed = run.seed.child("weights");
        let net = options
            .network
            .build(rows.inputs.shape(), classes.len(), options.head, &seed, device)?;
        let optimizer = options.optimizer.build();
        let about = About {
            fingerprint: run.fingerprint.clone(),
            options: options.clone(),
            classes: classes.to_vec(),
            epoch: 0,
            batch: 0,
            loss: 0.0,
            rows: 0,
            history: Vec::new(),
            best: None,
        };
        let fresh = Self {
            average: options.average.map(|_| Weights::of(&net.valid())),
            net,
            optimizer,
            best: None,
            about,
        };
        match run.checkpoint {
            Some(path) if path.exists() => fresh.resume(path),
            _ => Ok(fresh),
        }
    }

    fn resume(self, path: &Path) -> Result<Self, Error> {
        let wrong = |reason: String| Error::DamagedState {
            path: path.into(),
            reason,
        };
        let mut saved = Checkpoint::load(path, KIND).map_err(|error| match error {
            Error::NotACheckpoint { reason, .. } => wrong(reason),
            other => other,
        })?;
        let about: About =
            serde_json::from_value(saved.about.clone()).map_err(|error| wrong(error.to_string()))?;
        let differs = if about.fingerprint != self.about.fingerprint {
            Some("other data or another seed".to_owned())
        } else if about.options != self.about.options {
            Some(other_options(&about.options, &self.about.options))
        } else if about.classes != self.about.classes {
            Some("other classes".to_owned())
        } else {
            None
        };
        if let Some(what) = differs {
            return Err(Error::OtherTraining {
                path: path.into(),
                what,
            });
        }
        let bytes = saved
            .optimizer
            .take()
            .ok_or_else(|| wrong("it has no optimizer".to_owned()))?;
        let optimizer = self
            .optimizer
            .from_bytes(Bytes::from_bytes_vec(bytes))
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            net: saved.weights.put_into(self.net)?,
            optimizer,
            average: saved.others.remove(AVERAGE),
            best: saved.others.remove(BEST),
            about,
        })
    }

    /// The network with these weights.
    fn classifier(
        &self,
        weights: &Weights,
        rows: Rows<'_>,
        options: &TrainOptions,
    ) -> Result<Classifier, Error> {
        Ok(Classifier {
            net: weights.put_into(self.net.valid())?,
            architecture: options.network.clone(),
            head: options.head,
            input: rows.inputs.shape(),
            classes: rows.labels.classes().len(),
        })
    }

    /// The network of the chosen epoch.
    fn trained(self, rows: Rows<'_>, options: &TrainOptions) -> Result<Trained, Error> {
        let weights = match (&self.best, &self.average) {
            (Some(best), _) => best.clone(),
            (None, Some(average)) => average.clone(),
            (None, None) => Weights::of(&self.net.valid()),
        };
        let epochs = self.about.epoch;
        Ok(Trained {
            classifier: self.classifier(&weights, rows, options)?,
            epoch: self.about.best.map_or(epochs, |(epoch, _)| epoch),
            history: self.about.history,
            resumed_from: epochs,
            resumed: true,
        })
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        let failed = |reason: String| Error::File {
            path: path.into(),
            reason,
        };
        let optimizer = moments(&self.optimizer).map_err(|error| failed(error.to_string()))?;
        let others = [(BEST, &self.best), (AVERAGE, &self.average)];
        let others = others
            .into_iter()
            .filter_map(|(name, weights)| Some((name.to_owned(), weights.clone()?)));
        let checkpoint = Checkpoint {
            kind: KIND.to_owned(),
            about: serde_json::to_value(&self.about).map_err(|error| failed(error.to_string()))?,
            weights: Weights::of(&self.net.valid()),
            others: others.collect::<BTreeMap<_, _>>(),
            optimizer: Some(optimizer),
        };
        checkpoint.save(path)
    }

    /// One epoch, or what is left of it.
    fn epoch(
        &mut self,
        rows: Rows<'_>,
        held_out: Option<Rows<'_>>,
        loss: &PreparedLoss,
        run: &TrainRun<'_>,
        device: &Device,
        task: &str,
    ) -> Result<(), Error> {
        let started = std::time::Instant::now();
        let options = self.about.options.clone();
        let (epoch, epochs) = (self.about.epoch, options.epochs.get());
        let rate = options.schedule.rate(epoch, epochs);
        let labels = rows.labels;
        let classes = labels.classes().len();
        let seed = run.seed.child("epoch").child(epoch as u64);
        let batches = options.sampler.batches(
            labels.codes(),
            classes,
            options.batch_size,
            epoch,
            epochs,
            &run.seed,
        );
        let total = (batches.len() * epochs) as u64;
        let not_finite = |batch| Error::NotFinite {
            epoch: epoch + 1,
            batch,
            of: batches.len(),
            kept: run.checkpoint.filter(|path| path.exists()).map(PathBuf::from),
        };
        let prepared = |place: usize| {
            let seed = seed.child("batch").child(place as u64);
            Batch::new(rows, &batches[place], &options, epoch, &seed)
        };
        ahead(self.about.batch..batches.len(), prepared, |place, batch| {
            let rows = batches[place].len();
            let value = self.step(batch, loss, rate, epoch, epochs, device);
            // The last step of an epoch is followed by no loss that would tell what it did to the weights.
            let last = place + 1 == batches.len();
            if !value.is_finite() || (last && !all_finite(&self.net.valid())) {
                return Err(not_finite(place + 1));
            }
            self.about.loss += value * rows as f64;
            self.about.rows += rows;
            self.about.batch = place + 1;
            let event = Event::Progress {
                task,
                done: (epoch * batches.len() + place + 1) as u64,
                total,
            };
            if run.observer.observe(&event).is_break() {
                if let Some(path) = run.checkpoint {
                    self.save(path)?;
                }
                return Err(Error::TrainingStopped {
                    epoch: epoch + 1,
                    of: epochs,
                    kept: run.checkpoint.map(PathBuf::from),
                });
            }
            Ok(())
        })?;
        let mut report = EpochReport {
            epoch: epoch + 1,
            loss: self.about.loss / self.about.rows.max(1) as f64,
            rate,
            balanced_accuracy: None,
            macro_f1: None,
            seconds: Some(started.elapsed().as_secs_f64()),
        };
        if let Some(held_out) = held_out {
            self.judge(held_out, &mut report).map_err(|error| match error {
                Error::NoLogits { .. } => not_finite(batches.len()),
                other => other,
            })?;
        }
        let mut told = vec![("loss", report.loss)];
        told.extend(report.balanced_accuracy.map(|value| ("balanced accuracy", value)));
        let _ = run.observer.observe(&Event::Epoch {
            task,
            epoch: epoch as u64 + 1,
            of: epochs as u64,
            numbers: &told,
        });
        let about = &mut self.about;
        about.history.push(report);
        (about.epoch, about.batch, about.loss, about.rows) = (epoch + 1, 0, 0.0, 0);
        Ok(())
    }

    /// One batch; the loss before the step.
    fn step(
        &mut self,
        batch: Batch,
        loss: &PreparedLoss,
        rate: f64,
        epoch: usize,
        epochs: usize,
        device: &Device,
    ) -> f64 {
        let options = &self.about.options;
        let device = device.clone().autodiff();
        let input: Tensor<4> = Tensor::from_data(batch.input, &device);
        let targets = Tensor::from_data(batch.targets, &device);
        let loss = loss.forward(self.net.forward(input), targets, epoch, epochs);
        let value = loss.clone().inner();
        let gradients = GradientsParams::from_grads(loss.backward(), &self.net);
        self.net = self.optimizer.step(rate, self.net.clone(), gradients);
        // Asked for when all work is under way: a card would wait for its next. A training whose loss is no number ends here,
        // and nothing of it is kept.
        let value: f64 = value.into_scalar::<f32>().elem();
        if !value.is_finite() {
            return value;
        }
        if let (Some(average), Some(decay)) = (&mut self.average, options.average) {
            average.move_towards(&Weights::of(&self.net.valid()), decay as f32);
        }
        value
    }

    /// Measures the epoch and keeps its weights if it is the best so far; of equals the first.
    fn judge(&mut self, held_out: Rows<'_>, report: &mut EpochReport) -> Result<(), Error> {
        let now = match &self.average {
            Some(average) => average.clone(),
            None => Weights::of(&self.net.valid()),
        };
        let options = &self.about.options;
        let classifier = Classifier {
            net: now.put_into(self.net.valid())?,
            architecture: options.network.clone(),
            head: options.head,
            input: held_out.inputs.shape(),
            classes: held_out.labels.classes().len(),
        };
        let predictions = classifier.logits(held_out.inputs, &())?.predictions();
        let scores = Scores::of(held_out.labels, &predictions)?;
        report.balanced_accuracy = scores.balanced_accuracy;
        report.macro_f1 = scores.macro_f1;
        let score = match options.choose_by {
            ChooseBy::BalancedAccuracy => report.balanced_accuracy,
            ChooseBy::MacroF1 => report.macro_f1,
            ChooseBy::Last => None,
        };
        if let Some(score) = score
            && self.about.best.is_none_or(|(_, best)| score > best)
        {
            self.about.best = Some((report.epoch, score));
            self.best = Some(now);
        }
        Ok(())
    }
}

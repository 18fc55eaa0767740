use std::cell::OnceCell;
use std::num::NonZeroUsize;
use std::time::Instant;

use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Images, Labeled, LabeledImages, Labels, Observer, Seed, Strided,
};
use counterpoise_data::{Augment, hold_out};
use counterpoise_deep::{
    Architecture, Autoencoder, Bagan, BalancedSoftmax, ChooseBy, ClassWeights, Classifier, CrossEntropy,
    DecoderKind, DeepSmote, DeepSmoteTraining, DeviceKind, GanTraining, Inputs, Judged, Loss, Optimizer,
    Penalty, Permutation, Rows, Schedule, Scores, TrainOptions, TrainRun, quality, train,
};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Amdo, Chooser, McCcr, McRbo, RandomOverSampler, Resample, Run, Smote, Strategy};
use serde::{Deserialize, Serialize};

use super::protocol::Fold;
use crate::Error;

/// A row of the table: what is done about rare classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing.
    None,
    /// Every class counts the same in the loss.
    Weights,
    /// Pictures of rare classes are repeated.
    Oversampling,
    /// SMOTE of pixels.
    Smote,
    /// AMDO of pixels.
    Amdo,
    /// MC-CCR of pixels.
    McCcr,
    /// MC-RBO of pixels.
    McRbo,
    /// DeepSMOTE.
    DeepSmote {
        /// What the permuted class batch is compared with.
        penalty: Penalty,
        /// How it is permuted.
        permutation: Permutation,
    },
    /// Another loss.
    BalancedSoftmax,
    /// The network of [`None`](Self::None), adjusted afterwards.
    LogitAdjustment,
    /// A GAN in the manner of BAGAN.
    Gan,
}

const fn deep_smote(penalty: Penalty, permutation: Permutation) -> Remedy {
    Remedy::DeepSmote { penalty, permutation }
}

impl Remedy {
    /// All rows, in the order of the table. Without a penalty there is nothing to permute.
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::Weights,
        Self::BalancedSoftmax,
        Self::LogitAdjustment,
        Self::Oversampling,
        Self::Smote,
        Self::Amdo,
        Self::McCcr,
        Self::McRbo,
        Self::Gan,
        deep_smote(Penalty::Paper, Permutation::CyclicShift),
        deep_smote(Penalty::Paper, Permutation::Random),
        deep_smote(Penalty::Reference, Permutation::CyclicShift),
        deep_smote(Penalty::Reference, Permutation::Random),
        deep_smote(Penalty::None, Permutation::CyclicShift),
    ];

    /// Groups of rows that have a name.
    pub const GROUPS: [&'static str; 4] = ["usual", "all", "permutation", "pixels"];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Weights => "weights",
            Self::Oversampling => "oversampling",
            Self::Smote => "smote",
            Self::Amdo => "amdo",
            Self::McCcr => "mc-ccr",
            Self::McRbo => "mc-rbo",
            Self::BalancedSoftmax => "balanced-softmax",
            Self::LogitAdjustment => "logit-adjustment",
            Self::Gan => "gan",
            Self::DeepSmote { penalty, permutation } => match (penalty, permutation) {
                (Penalty::Paper, Permutation::CyclicShift) => "deepsmote-paper",
                (Penalty::Paper, Permutation::Random) => "deepsmote-paper-random",
                (Penalty::Reference, Permutation::CyclicShift) => "deepsmote-reference",
                (Penalty::Reference, Permutation::Random) => "deepsmote-reference-random",
                (Penalty::None, _) => "deepsmote-none",
            },
        }
    }

    /// The rows of a group, or the one of this name.
    pub fn of_name(name: &str) -> Option<Vec<Self>> {
        let random = |row: &&Self| {
            matches!(
                row,
                Self::DeepSmote {
                    permutation: Permutation::Random,
                    ..
                }
            )
        };
        let kept = |keep: &dyn Fn(&&Self) -> bool| Self::ALL.iter().filter(keep).copied().collect();
        Some(match name {
            "all" => Self::ALL.to_vec(),
            "usual" => kept(&|row| !random(row)),
            "permutation" => kept(&|row| matches!(row, Self::DeepSmote { .. })),
            "pixels" => kept(&|row| matches!(row, Self::Smote | Self::Amdo | Self::McCcr | Self::McRbo)),
            name => vec![Self::ALL.into_iter().find(|row| row.name() == name)?],
        })
    }

    /// What the paper calls it; absent for rows that it does not have.
    pub(super) fn in_paper(self) -> Option<&'static str> {
        match self {
            Self::Smote => Some("SMOTE"),
            Self::Amdo => Some("AMDO"),
            Self::McCcr => Some("MC-CCR"),
            Self::McRbo => Some("MC-RBO"),
            Self::Gan => Some("BAGAN"),
            Self::DeepSmote {
                penalty: Penalty::Paper | Penalty::Reference,
                ..
            } => Some("DeepSMOTE"),
            _ => None,
        }
    }
}

/// How large networks are, and how long they learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Which network classifies.
    pub network: Architecture,
    /// How often it sees the balanced set; rows with fewer pictures see theirs more often, so that all take as many steps.
    pub epochs: usize,
    /// Pictures a step.
    pub batch: usize,
    /// Step of Adam.
    pub rate: f64,
    /// Channels of the autoencoder's first convolution.
    pub width: usize,
    /// Numbers in a latent code; absent for the paper's.
    pub latent: Option<usize>,
    /// How codes become pictures.
    pub decoder: DecoderKind,
    /// How often the autoencoder sees the imbalanced set.
    pub autoencoder_epochs: usize,
    /// Pictures a step of the autoencoder, and of the class batch beside it.
    pub autoencoder_batch: usize,
    /// Step of the autoencoder's Adam.
    pub autoencoder_rate: f64,
    /// How often the discriminator sees the imbalanced set.
    pub gan_epochs: usize,
    /// Real pictures a step of the GAN.
    pub gan_batch: usize,
    /// Step of Adam in the GAN.
    pub gan_rate: f64,
    /// Whether energy (MC-CCR) and reach (MC-RBO) are chosen on pictures held out, among few.
    pub choose: bool,
    /// Folds that are run if nobody says how many.
    pub folds: usize,
}

impl Budget {
    /// Small networks, few epochs, one fold: reduced, to see that all works and roughly who is ahead.
    pub fn quick() -> Self {
        Self {
            name: "quick".into(),
            network: Architecture::LeNet,
            epochs: 5,
            batch: 128,
            rate: 1e-3,
            width: 16,
            latent: Some(64),
            decoder: DecoderKind::Mirror,
            autoencoder_epochs: 8,
            // Few epochs of the authors' batches of 100 would be few steps.
            autoencoder_batch: 32,
            autoencoder_rate: 1e-3,
            gan_epochs: 4,
            gan_batch: 32,
            gan_rate: 2e-4,
            choose: false,
            folds: 1,
        }
    }

    /// Between the two: a small classifier, an autoencoder of half the paper's width, all folds.
    pub fn usual() -> Self {
        Self {
            name: "usual".into(),
            epochs: 15,
            width: 32,
            latent: Some(128),
            autoencoder_epochs: 40,
            gan_epochs: 20,
            choose: true,
            folds: super::protocol::FOLDS,
            ..Self::quick()
        }
    }

    /// The paper's networks and the authors' epochs.
    pub fn full() -> Self {
        Self {
            name: "full".into(),
            network: Architecture::ResNet18,
            epochs: 30,
            width: 64,
            latent: None,
            decoder: DecoderKind::Reference,
            autoencoder_epochs: 200,
            autoencoder_batch: 100,
            autoencoder_rate: 2e-4,
            gan_epochs: 100,
            gan_batch: 100,
            gan_rate: 5e-5,
            ..Self::usual()
        }
    }

    fn classifier(&self, loss: Loss, pictures: usize, balanced: usize) -> TrainOptions {
        let mut options = TrainOptions::default();
        options.network = self.network.clone();
        options.loss = loss;
        options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
        options.schedule = Schedule::constant(self.rate);
        options.batch = at_least_one(self.batch);
        let steps = self.epochs * balanced.div_ceil(self.batch);
        options.epochs =
            at_least_one((steps as f64 / pictures.div_ceil(self.batch).max(1) as f64).round() as usize);
        options.choose_by = ChooseBy::Last;
        options
    }

    fn deep_smote(&self, penalty: Penalty, permutation: Permutation) -> DeepSmote {
        let mut options = DeepSmote::default();
        options.penalty = penalty;
        options.permutation = permutation;
        options.width = at_least_one(self.width);
        options.latent_size = self.latent.map(at_least_one);
        options.decoder = self.decoder;
        options.epochs = at_least_one(self.autoencoder_epochs);
        options.learning_rate = self.autoencoder_rate;
        options.batch_size = at_least_one(self.autoencoder_batch);
        options.class_batch = options.batch_size;
        options
    }

    /// What a row depends on: a row that was finished stays when the rest changes.
    pub(super) fn for_row(&self, remedy: Remedy) -> serde_json::Value {
        let mut used = serde_json::json!({
            "network": self.network,
            "epochs": self.epochs,
            "batch": self.batch,
            "rate": self.rate,
        });
        let mut add = |more: serde_json::Value| {
            if let (Some(used), serde_json::Value::Object(more)) = (used.as_object_mut(), more) {
                used.extend(more);
            }
        };
        if matches!(remedy, Remedy::DeepSmote { .. } | Remedy::Gan) {
            add(serde_json::json!({
                "width": self.width,
                "latent": self.latent,
                "decoder": self.decoder,
                "autoencoder_epochs": self.autoencoder_epochs,
                "autoencoder_batch": self.autoencoder_batch,
                "autoencoder_rate": self.autoencoder_rate,
            }));
        }
        if remedy == Remedy::Gan {
            add(serde_json::json!({
                "gan_epochs": self.gan_epochs,
                "gan_batch": self.gan_batch,
                "gan_rate": self.gan_rate,
            }));
        }
        if matches!(remedy, Remedy::McCcr | Remedy::McRbo) {
            add(serde_json::json!({ "choose": self.choose }));
        }
        used
    }
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

/// What one row has on one fold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Fitted {
    /// Predicted classes of the balanced test pictures.
    pub(super) balanced: Vec<u32>,
    /// The same of the imbalanced ones.
    pub(super) imbalanced: Vec<u32>,
    /// Time to make pictures, networks that make them included.
    pub(super) making_seconds: f64,
    /// Time to train the classifier.
    pub(super) training_seconds: f64,
    /// Numbers that networks learnt which make pictures.
    pub(super) parameters: Option<usize>,
    /// Pictures that were made.
    pub(super) made: usize,
    /// How far they are apart, as a share of real ones.
    pub(super) diversity: Option<f64>,
    /// How many are as good as copies.
    pub(super) copies: Option<usize>,
    /// Options that were chosen on pictures held out, or set apart from their defaults.
    pub(super) options: Option<String>,
    /// What looked odd.
    pub(super) warnings: Vec<String>,
}

/// Pictures to train on, and what making them took.
struct Balanced {
    set: LabeledImages,
    about: Fitted,
}

/// Fits rows on one fold; what several rows need is made once.
pub(super) struct Bench<'a> {
    pub(super) fold: &'a Fold,
    pub(super) budget: &'a Budget,
    /// Branch of data set and fold.
    pub(super) seed: Seed,
    pub(super) observer: &'a dyn Observer,
    /// The autoencoder without a penalty, and how long it took: the first state of the GAN too.
    pub(super) plain: OnceCell<(Autoencoder, f64)>,
    pub(super) unadjusted: OnceCell<(Classifier, f64)>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(fold: &'a Fold, budget: &'a Budget, seed: Seed, observer: &'a dyn Observer) -> Self {
        Self {
            fold,
            budget,
            seed,
            observer,
            plain: OnceCell::new(),
            unadjusted: OnceCell::new(),
        }
    }

    fn run(&self, name: &str) -> Run<'a> {
        Run {
            seed: self.seed.child("making").child(name),
            numpy_seed: 0,
            chooser: Chooser::Native,
            missing: MissingValues::Refuse,
            observer: self.observer,
        }
    }

    /// Pictures of the balanced set.
    fn balanced_pictures(&self) -> usize {
        let counts = self.fold.training.labels.counts();
        counts.iter().copied().max().unwrap_or(0) * counts.len()
    }

    /// Fits one row.
    pub(super) fn fit(&self, remedy: Remedy) -> Result<Fitted, Error> {
        let fitted = self.fit_exactly(remedy)?;
        // Numbers of few digits are read from a file as they were.
        let rounded = |value: f64, scale: f64| (value * scale).round() / scale;
        Ok(Fitted {
            making_seconds: rounded(fitted.making_seconds, 1e3),
            training_seconds: rounded(fitted.training_seconds, 1e3),
            diversity: fitted.diversity.map(|share| rounded(share, 1e6)),
            ..fitted
        })
    }

    fn fit_exactly(&self, remedy: Remedy) -> Result<Fitted, Error> {
        let training = &self.fold.training;
        if matches!(remedy, Remedy::None | Remedy::LogitAdjustment) {
            return self.unadjusted_or_adjusted(remedy);
        }
        let started = Instant::now();
        let made = match remedy {
            Remedy::Weights | Remedy::BalancedSoftmax => None,
            _ => Some(self.balance(remedy)?),
        };
        let making_seconds = started.elapsed().as_secs_f64();
        let (set, about) = match &made {
            Some(made) => (&made.set, made.about.clone()),
            None => (training, Fitted::default()),
        };
        let loss = match remedy {
            Remedy::Weights => {
                let mut loss = CrossEntropy::default();
                loss.weights = ClassWeights::Balanced;
                Loss::CrossEntropy(loss)
            }
            Remedy::BalancedSoftmax => Loss::BalancedSoftmax(BalancedSoftmax::default()),
            _ => Loss::CrossEntropy(CrossEntropy::default()),
        };
        let started = Instant::now();
        let classifier = self.train(set, loss, 1)?;
        let training_seconds = started.elapsed().as_secs_f64();
        let mut fitted = self.test(&classifier)?;
        let (balanced, imbalanced) = (
            std::mem::take(&mut fitted.balanced),
            std::mem::take(&mut fitted.imbalanced),
        );
        Ok(Fitted {
            balanced,
            imbalanced,
            // The shared autoencoder may have been trained for another row.
            making_seconds: if about.making_seconds > 0.0 {
                about.making_seconds
            } else {
                making_seconds
            },
            training_seconds,
            ..about
        })
    }

    fn unadjusted_or_adjusted(&self, remedy: Remedy) -> Result<Fitted, Error> {
        if self.unadjusted.get().is_none() {
            let started = Instant::now();
            let loss = Loss::CrossEntropy(CrossEntropy::default());
            let classifier = self.train(&self.fold.training, loss, 1)?;
            let _ = self.unadjusted.set((classifier, started.elapsed().as_secs_f64()));
        }
        let (classifier, seconds) = self.unadjusted.get().expect("it was set above");
        let mut fitted = if remedy == Remedy::None {
            self.test(classifier)?
        } else {
            let head = classifier.linear_head().expect("the head is linear");
            let adjusted = head.adjusted(&self.fold.training.labels.counts(), 1.0)?;
            self.test(&classifier.clone().with_linear_head(&adjusted)?)?
        };
        fitted.training_seconds = *seconds;
        Ok(fitted)
    }

    /// Trains a classifier for one part in `part` of the steps.
    fn train(&self, set: &LabeledImages, loss: Loss, part: usize) -> Result<Classifier, Error> {
        let mut budget = self.budget.clone();
        budget.epochs = (budget.epochs / part).max(1);
        let options = budget.classifier(loss, set.len(), self.balanced_pictures());
        let run = TrainRun {
            seed: self.seed.child("classifier"),
            device: DeviceKind::Cpu,
            observer: self.observer,
            checkpoint: None,
            fingerprint: String::new(),
        };
        let augment = Augment::default();
        let rows = Rows {
            inputs: Inputs::Images(&set.images, &augment),
            labels: &set.labels,
        };
        Ok(train(rows, None, &options, &run)?.classifier)
    }

    fn predict(&self, classifier: &Classifier, set: &LabeledImages) -> Result<Vec<u32>, Error> {
        let augment = Augment::default();
        let logits = classifier.logits(Inputs::Images(&set.images, &augment), self.observer)?;
        Ok(logits.predictions())
    }

    fn test(&self, classifier: &Classifier) -> Result<Fitted, Error> {
        Ok(Fitted {
            balanced: self.predict(classifier, &self.fold.balanced)?,
            imbalanced: self.predict(classifier, &self.fold.imbalanced)?,
            ..Fitted::default()
        })
    }

    fn balance(&self, remedy: Remedy) -> Result<Balanced, Error> {
        let training = &self.fold.training;
        match remedy {
            Remedy::Oversampling => self.of_pixels(remedy, training, &RandomOverSampler::default(), None),
            Remedy::Smote => self.of_pixels(remedy, training, &Smote::default(), None),
            Remedy::Amdo => {
                let mut amdo = Amdo::default();
                amdo.sampling_strategy = Some(Strategy::default());
                self.of_pixels(remedy, training, &amdo, Some("all classes made equal".into()))
            }
            Remedy::McCcr => {
                let reaches = if self.budget.choose {
                    &[10.0, 100.0, 400.0][..]
                } else {
                    &[100.0]
                };
                let of = |energy: f64| {
                    let method: Box<dyn Resample> = Box::new(McCcr::default().with_energy(energy));
                    (method, format!("energy {energy}"))
                };
                self.chosen(remedy, reaches.iter().map(|&energy| of(energy)).collect())
            }
            Remedy::McRbo => {
                let reaches = if self.budget.choose {
                    &[1.0, 5.0, 20.0][..]
                } else {
                    &[5.0]
                };
                let of = |gamma: f64| {
                    let mut rbo = McRbo::default().with_gamma(gamma);
                    rbo.step_size = STEP;
                    let method: Box<dyn Resample> = Box::new(rbo);
                    (method, format!("gamma {gamma}, step {STEP}"))
                };
                self.chosen(remedy, reaches.iter().map(|&gamma| of(gamma)).collect())
            }
            Remedy::DeepSmote { penalty, permutation } => self.of_codes(penalty, permutation),
            Remedy::Gan => self.of_gan(),
            Remedy::None | Remedy::Weights | Remedy::BalancedSoftmax | Remedy::LogitAdjustment => {
                unreachable!("no pictures are made for it")
            }
        }
    }

    /// The best of several methods on a fifth of the training pictures, after a third of the steps.
    fn chosen(
        &self,
        remedy: Remedy,
        mut candidates: Vec<(Box<dyn Resample>, String)>,
    ) -> Result<Balanced, Error> {
        let training = &self.fold.training;
        if candidates.len() == 1 {
            let (method, name) = candidates.remove(0);
            let said = format!("{name}, not chosen by data");
            return self.of_pixels(remedy, training, method.as_ref(), Some(said));
        }
        let (learn, judge) = hold_out(&training.labels, 0.2, &self.seed.child("choose"))?;
        let (learn, judge) = (training.select(&learn), training.select(&judge));
        let mut best: Option<(usize, f64)> = None;
        for (place, (method, _)) in candidates.iter().enumerate() {
            let made = self.of_pixels(remedy, &learn, method.as_ref(), None)?;
            let classifier = self.train(&made.set, Loss::CrossEntropy(CrossEntropy::default()), 3)?;
            let predicted = self.predict(&classifier, &judge)?;
            let score = Scores::of(&judge.labels, &predicted)?
                .balanced_accuracy
                .unwrap_or(0.0);
            if best.is_none_or(|(_, highest)| score > highest) {
                best = Some((place, score));
            }
        }
        let names: Vec<&str> = candidates.iter().map(|(_, name)| name.as_str()).collect();
        let (place, score) = best.expect("there are candidates");
        let said = format!(
            "{}, chosen among {} by an ACSA of {:.2} on pictures held out",
            names[place],
            names.join("; "),
            100.0 * score
        );
        self.of_pixels(remedy, training, candidates[place].0.as_ref(), Some(said))
    }

    /// Pixels as real numbers, rows made among them, and pictures again.
    fn of_pixels(
        &self,
        remedy: Remedy,
        set: &LabeledImages,
        method: &dyn Resample,
        options: Option<String>,
    ) -> Result<Balanced, Error> {
        let values: Vec<f32> = set
            .images
            .as_slice()
            .iter()
            .map(|&byte| f32::from(byte))
            .collect();
        let width = set.images.shape().values();
        let column = |column| Feature {
            name: format!("pixel{column}"),
            values: FeatureValues::F32(Strided::of_matrix(&values, width, column)),
            domain: Domain::Real,
            copied: false,
        };
        let features = Features::new(set.len(), (0..width).map(column).collect());
        let data = Labeled::new(features, &set.labels);
        let resampled = method.resample(&data, &self.run(remedy.name()))?;
        let made = resampled.origin.len();
        let mut bytes = vec![0; made * width];
        let mut put = |column: usize, row: usize, value: f64| {
            bytes[row * width + column] = value.round().clamp(0.0, 255.0) as u8;
        };
        for (place, column) in resampled.synthetic.iter().enumerate() {
            if let Some(values) = column.as_f32() {
                let values = values.iter().enumerate();
                values.for_each(|(row, &value)| put(place, row, f64::from(value)));
            } else if let Some(values) = column.as_f64() {
                values
                    .iter()
                    .enumerate()
                    .for_each(|(row, &value)| put(place, row, value));
            }
        }
        // Methods that move rows of other classes hand them back as changed columns.
        let mut kept = set.images.select(&resampled.kept);
        if !resampled.replaced.is_empty() {
            let mut changed = kept.as_slice().to_vec();
            for replaced in &resampled.replaced {
                for (place, &row) in resampled.kept.iter().enumerate() {
                    let value = replaced
                        .values
                        .as_f32()
                        .map(|values| f64::from(values[row]))
                        .or_else(|| replaced.values.as_f64().map(|values| values[row]));
                    if let Some(value) = value {
                        changed[place * width + replaced.feature] = value.round().clamp(0.0, 255.0) as u8;
                    }
                }
            }
            kept = Images::new(set.images.shape(), changed);
        }
        let mut codes: Vec<u32> = resampled
            .kept
            .iter()
            .map(|&row| set.labels.codes()[row])
            .collect();
        codes.extend(resampled.origin.iter().map(|origin| origin.class));
        kept.append(&Images::new(set.images.shape(), bytes));
        Ok(Balanced {
            set: LabeledImages::new(kept, Labels::from_codes(set.labels.classes().to_vec(), codes)),
            about: Fitted {
                made,
                options,
                warnings: resampled
                    .warnings
                    .into_iter()
                    .map(|warning| warning.message)
                    .collect(),
                ..Fitted::default()
            },
        })
    }

    /// Real pictures and made ones, with how different these are.
    fn with(
        &self,
        made: &LabeledImages,
        parameters: usize,
        warnings: Vec<String>,
    ) -> Result<Balanced, Error> {
        let training = &self.fold.training;
        let (diversity, copies) = if made.is_empty() {
            (None, None)
        } else {
            let judged = |set: &'a LabeledImages| Judged {
                images: &set.images,
                labels: &set.labels,
                embeddings: None,
                predictions: None,
            };
            let synthetic = Judged {
                images: &made.images,
                labels: &made.labels,
                embeddings: None,
                predictions: None,
            };
            let found = quality(judged(training), synthetic, None, None, self.observer)?;
            (found.overall.diversity_pixels, Some(found.overall.copies))
        };
        let count = made.len();
        let mut codes = training.labels.codes().to_vec();
        codes.extend_from_slice(made.labels.codes());
        let mut images = training.images.clone();
        images.append(&made.images);
        Ok(Balanced {
            set: LabeledImages::new(
                images,
                Labels::from_codes(training.labels.classes().to_vec(), codes),
            ),
            about: Fitted {
                made: count,
                parameters: Some(parameters),
                diversity,
                copies,
                warnings,
                ..Fitted::default()
            },
        })
    }

    fn autoencoder(&self, options: &DeepSmote) -> Result<(Autoencoder, f64), Error> {
        let started = Instant::now();
        let seed = self.seed.child("autoencoder");
        let mut training = DeepSmoteTraining::new(options, &self.fold.training, &seed, DeviceKind::Cpu)?;
        training.run(self.observer, |_| Ok(()))?;
        Ok((training.best(), started.elapsed().as_secs_f64()))
    }

    fn plain(&self) -> Result<&(Autoencoder, f64), Error> {
        if self.plain.get().is_none() {
            let options = self.budget.deep_smote(Penalty::None, Permutation::CyclicShift);
            let _ = self.plain.set(self.autoencoder(&options)?);
        }
        Ok(self.plain.get().expect("it was set above"))
    }

    fn of_codes(&self, penalty: Penalty, permutation: Permutation) -> Result<Balanced, Error> {
        let options = self.budget.deep_smote(penalty, permutation);
        let own;
        let (autoencoder, seconds) = if penalty == Penalty::None {
            self.plain()?
        } else {
            own = self.autoencoder(&options)?;
            &own
        };
        let started = Instant::now();
        // All penalties make codes with the same draws.
        let run = self.run("deepsmote");
        let generated = options.generate(autoencoder, &self.fold.training, &run)?;
        let seconds = seconds + started.elapsed().as_secs_f64();
        let parameters = autoencoder.weights().parameters();
        let warnings = generated
            .warnings
            .into_iter()
            .map(|warning| warning.message)
            .collect();
        let mut balanced = self.with(&generated.set, parameters, warnings)?;
        balanced.about.making_seconds = seconds;
        Ok(balanced)
    }

    fn of_gan(&self) -> Result<Balanced, Error> {
        let (autoencoder, seconds) = self.plain()?;
        let started = Instant::now();
        let mut options = Bagan::default();
        options.epochs = at_least_one(self.budget.gan_epochs);
        options.learning_rate = self.budget.gan_rate;
        options.batch_size = at_least_one(self.budget.gan_batch);
        let seed = self.seed.child("gan");
        let mut training = GanTraining::new(&options, autoencoder, &self.fold.training, &seed)?;
        training.run(self.observer)?;
        let generated = training.generate(&self.run("gan"))?;
        let seconds = seconds + started.elapsed().as_secs_f64();
        let warnings = generated
            .warnings
            .iter()
            .map(|warning| warning.message.clone())
            .collect();
        let mut balanced = self.with(&generated.set, training.parameters(), warnings)?;
        balanced.about.making_seconds = seconds;
        Ok(balanced)
    }
}

/// Length of a step of MC-RBO, in ranges of a pixel; the authors' 0.001 goes nowhere among hundreds of pixels.
const STEP: f64 = 0.05;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Images, Labeled, LabeledImages, Labels, Observer, Seed, Strided,
};
use counterpoise_data::{Augment, hold_out};
use counterpoise_deep::{
    Autoencoder, BalancedSoftmax, Checkpoint, ClassWeights, Classifier, CrossEntropy, DeepSmote,
    DeepSmoteTraining, DeviceKind, GanTraining, Inputs, Judged, Loss, Penalty, Permutation, Rows,
    SavedDeepSmote, Scores, TrainRun, logit_adjusted, quality, train,
};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Amdo, Chooser, McCcr, McRbo, RandomOverSampler, Resample, Run, Smote, Strategy};
use serde::{Deserialize, Serialize};

use super::methods::{Budget, Remedy};
use super::protocol::Fold;
use crate::Error;

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

/// What all rows of one fold share; what several need is made by the first of them, and the others wait for it.
pub(super) struct Bench<'a> {
    pub(super) fold: &'a Fold,
    pub(super) budget: &'a Budget,
    /// Branch of data set and fold.
    pub(super) seed: Seed,
    device: DeviceKind,
    /// The autoencoder without a penalty: the first state of the GAN too.
    plain: Shared<Autoencoder>,
    unadjusted: Shared<Classifier>,
}

/// A network and how long it took to train.
struct Timed<T> {
    network: T,
    seconds: f64,
}

struct Shared<T>(Mutex<Option<Arc<Timed<T>>>>);

impl<T> Shared<T> {
    fn get(&self, make: impl FnOnce() -> Result<Timed<T>, Error>) -> Result<Arc<Timed<T>>, Error> {
        let mut there = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*there {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(make()?);
        *there = Some(Arc::clone(&made));
        Ok(made)
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(fold: &'a Fold, budget: &'a Budget, seed: Seed, device: DeviceKind) -> Self {
        Self {
            fold,
            budget,
            seed,
            device,
            plain: Shared(Mutex::new(None)),
            unadjusted: Shared(Mutex::new(None)),
        }
    }
}

/// Fits one row.
pub(super) struct RowFit<'a> {
    pub(super) bench: &'a Bench<'a>,
    pub(super) observer: &'a dyn Observer,
    /// Where the row's networks are kept while they are trained.
    pub(super) unfinished: Unfinished,
}

/// Where networks of a row are kept while they are trained; nowhere where nothing is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Unfinished {
    /// A folder of the row's own.
    pub(super) folder: Option<PathBuf>,
}

impl Unfinished {
    fn path(&self, network: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        std::fs::create_dir_all(folder).ok()?;
        Some(folder.join(format!("{network}.part")))
    }

    /// Takes all away, when the row is done.
    pub(super) fn remove(&self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

impl<'a> RowFit<'a> {
    fn run(&self, name: &str) -> Run<'a> {
        Run {
            seed: self.bench.seed.child("making").child(name),
            numpy_seed: 0,
            chooser: Chooser::Native,
            missing: MissingValues::Refuse,
            observer: self.observer,
        }
    }

    /// Pictures of the balanced set.
    fn balanced_pictures(&self) -> usize {
        let counts = self.bench.fold.training.labels.counts();
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
        let training = &self.bench.fold.training;
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
        let trained = self.train(set, loss, 1, "classifier")?;
        let mut fitted = self.test(&trained.network)?;
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
            training_seconds: trained.seconds,
            ..about
        })
    }

    fn unadjusted_or_adjusted(&self, remedy: Remedy) -> Result<Fitted, Error> {
        let trained = self.bench.unadjusted.get(|| {
            let loss = Loss::CrossEntropy(CrossEntropy::default());
            self.train(&self.bench.fold.training, loss, 1, "unadjusted")
        })?;
        let classifier = &trained.network;
        let mut fitted = if remedy == Remedy::None {
            self.test(classifier)?
        } else {
            let head = classifier.linear_head();
            let adjusted = logit_adjusted(&head, &self.bench.fold.training.labels.counts(), 1.0)?;
            self.test(&classifier.clone().with_linear_head(&adjusted)?)?
        };
        fitted.training_seconds = trained.seconds;
        Ok(fitted)
    }

    /// Trains a classifier for one part in `part` of the steps; one that was stopped goes on where it was.
    fn train(
        &self,
        set: &LabeledImages,
        loss: Loss,
        part: usize,
        name: &str,
    ) -> Result<Timed<Classifier>, Error> {
        let started = Instant::now();
        let mut budget = self.bench.budget.clone();
        budget.epochs = (budget.epochs / part).max(1);
        let options = budget.classifier(loss, set.len(), self.balanced_pictures());
        let kept = self.unfinished.path(name);
        let run = TrainRun {
            seed: self.bench.seed.child("classifier"),
            device: self.bench.device,
            observer: self.observer,
            checkpoint: kept.as_deref(),
            fingerprint: String::new(),
            each_epoch: None,
        };
        let augment = Augment::default();
        let rows = Rows {
            inputs: Inputs::Images(&set.images, &augment),
            labels: &set.labels,
        };
        let trained = train(rows, None, &options, &run)?;
        let seconds = if trained.resumed {
            trained.history.iter().filter_map(|epoch| epoch.seconds).sum()
        } else {
            started.elapsed().as_secs_f64()
        };
        Ok(Timed {
            network: trained.classifier,
            seconds,
        })
    }

    fn predict(&self, classifier: &Classifier, set: &LabeledImages) -> Result<Vec<u32>, Error> {
        let augment = Augment::default();
        let logits = classifier.logits(Inputs::Images(&set.images, &augment), self.observer)?;
        Ok(logits.predictions())
    }

    fn test(&self, classifier: &Classifier) -> Result<Fitted, Error> {
        Ok(Fitted {
            balanced: self.predict(classifier, &self.bench.fold.balanced)?,
            imbalanced: self.predict(classifier, &self.bench.fold.imbalanced)?,
            ..Fitted::default()
        })
    }

    fn balance(&self, remedy: Remedy) -> Result<Balanced, Error> {
        let training = &self.bench.fold.training;
        match remedy {
            Remedy::Oversampling => self.of_pixels(remedy, training, &RandomOverSampler::default(), None),
            Remedy::Smote => self.of_pixels(remedy, training, &Smote::default(), None),
            Remedy::Amdo => {
                let mut amdo = Amdo::default();
                amdo.sampling_strategy = Some(Strategy::default());
                self.of_pixels(remedy, training, &amdo, Some("all classes made equal".into()))
            }
            Remedy::McCcr => {
                let reaches = if self.bench.budget.choose {
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
                let reaches = if self.bench.budget.choose {
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
        let training = &self.bench.fold.training;
        if candidates.len() == 1 {
            let (method, name) = candidates.remove(0);
            let said = format!("{name}, not chosen by data");
            return self.of_pixels(remedy, training, method.as_ref(), Some(said));
        }
        let (learn, judge) = hold_out(&training.labels, 0.2, &self.bench.seed.child("choose"))?;
        let (learn, judge) = (training.select(&learn), training.select(&judge));
        let mut best: Option<(usize, f64)> = None;
        for (place, (method, _)) in candidates.iter().enumerate() {
            let made = self.of_pixels(remedy, &learn, method.as_ref(), None)?;
            let loss = Loss::CrossEntropy(CrossEntropy::default());
            let trained = self.train(&made.set, loss, 3, &format!("candidate-{place}"))?;
            let predicted = self.predict(&trained.network, &judge)?;
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
        let training = &self.bench.fold.training;
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

    /// Trains an autoencoder; one that was stopped goes on after the last epoch that it finished.
    fn autoencoder(&self, options: &DeepSmote) -> Result<Timed<Autoencoder>, Error> {
        const SECONDS: &str = "seconds";
        let started = Instant::now();
        let seed = self.bench.seed.child("autoencoder");
        let pictures = &self.bench.fold.training;
        let kept = self.unfinished.path("autoencoder");
        let before = kept.as_ref().filter(|path| path.exists());
        let before = before
            .map(|path| Checkpoint::load(path, SavedDeepSmote::KIND))
            .transpose()?;
        let earlier = before
            .as_ref()
            .and_then(|checkpoint| checkpoint.about[SECONDS].as_f64())
            .unwrap_or(0.0);
        let seconds = || earlier + started.elapsed().as_secs_f64();
        let device = self.bench.device;
        let mut training = match before {
            Some(checkpoint) => {
                let saved = SavedDeepSmote::of_checkpoint(checkpoint)?;
                DeepSmoteTraining::resume(options, pictures, &seed, device, &saved.state)?
            }
            None => DeepSmoteTraining::new(options, pictures, &seed, device)?,
        };
        training.run(self.observer, |training| {
            let (Some(path), Some(saved)) = (&kept, training.saved()) else {
                return Ok(());
            };
            let mut checkpoint = saved.to_checkpoint();
            checkpoint.about[SECONDS] = seconds().into();
            checkpoint.save(path)
        })?;
        Ok(Timed {
            network: training.best(),
            seconds: seconds(),
        })
    }

    fn plain(&self) -> Result<Arc<Timed<Autoencoder>>, Error> {
        let options = self
            .bench
            .budget
            .deep_smote(Penalty::None, Permutation::CyclicShift);
        self.bench.plain.get(|| self.autoencoder(&options))
    }

    fn of_codes(&self, penalty: Penalty, permutation: Permutation) -> Result<Balanced, Error> {
        let options = self.bench.budget.deep_smote(penalty, permutation);
        let trained = if penalty == Penalty::None {
            self.plain()?
        } else {
            Arc::new(self.autoencoder(&options)?)
        };
        let autoencoder = &trained.network;
        let started = Instant::now();
        // All penalties make codes with the same draws.
        let run = self.run("deepsmote");
        let generated = options.generate(autoencoder, &self.bench.fold.training, &run)?;
        let seconds = trained.seconds + started.elapsed().as_secs_f64();
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
        let trained = self.plain()?;
        let started = Instant::now();
        let options = self.bench.budget.gan();
        let seed = self.bench.seed.child("gan");
        let mut training = GanTraining::new(&options, &trained.network, &self.bench.fold.training, &seed)?;
        training.run(self.observer)?;
        let generated = training.generate(&self.run("gan"))?;
        let seconds = trained.seconds + started.elapsed().as_secs_f64();
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

/// A balanced set of pictures, and the numbers that networks learnt which made them.
pub(in crate::reproduce) fn make_pictures(
    set: &LabeledImages,
    remedy: Remedy,
    budget: &Budget,
    seed: Seed,
    device: DeviceKind,
    observer: &dyn Observer,
    folder: Option<PathBuf>,
) -> Result<(LabeledImages, usize), Error> {
    let fold = Fold {
        training: set.clone(),
        balanced: set.select(&[]),
        imbalanced: set.select(&[]),
    };
    let bench = Bench::new(&fold, budget, seed, device);
    let fit = RowFit {
        bench: &bench,
        observer,
        unfinished: Unfinished { folder },
    };
    let made = fit.balance(remedy)?;
    fit.unfinished.remove();
    Ok((made.set, made.about.parameters.unwrap_or(0)))
}

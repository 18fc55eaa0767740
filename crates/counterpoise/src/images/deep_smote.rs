//! DeepSMOTE from files to files: training its networks, making pictures, and saying how good they are.

use std::path::{Path, PathBuf};

use counterpoise_base::{Images, LabeledImages, Labels, Observer, Origin, Seed, Warning};
use counterpoise_data::{Augment, Cell, ContactSheet, ImageOutput, Writer, table_of_origins, write_images};
use counterpoise_deep::{
    Autoencoder, Checkpoint, DeepSmote, DeepSmoteTraining, DeviceKind, EpochLoss, Error as DeepError,
    Generated, Inputs, Judged, Quality, SavedClassifier, SavedDeepSmote, quality,
};
use counterpoise_sampling::{Run, Strategy};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::sets::{ImagePart, in_classes};
use super::training::fingerprint;
use crate::merge::{parsed, set};
use crate::{Error, check_text};

/// What DeepSMOTE learns from: what flags and `--set` say, after defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeepSmoteExperiment {
    /// Root of everything random.
    #[serde(default = "super::default_seed")]
    pub seed: u64,
    /// Where tensors live.
    #[serde(default)]
    pub device: DeviceKind,
    /// The pictures.
    pub data: ImagePart,
    /// Networks, training and sampling.
    #[serde(default)]
    pub deepsmote: DeepSmote,
}

impl DeepSmoteExperiment {
    /// Reads a description: defaults, then single settings by their path, as `("deepsmote.width", 16)`.
    pub fn merged(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let mut table: Table = parsed(place, text)?;
        for (path, value) in settings {
            set(&mut table, &path, value)?;
        }
        Self::deserialize(table).map_err(|error| Error::Config {
            place: place.into(),
            problem: error.message().trim().to_owned(),
            hint: Some("`counterpoise describe deepsmote` lists all options".into()),
        })
    }
}

/// How the training of the networks went.
#[derive(Debug, Clone, Serialize)]
pub struct DeepSmoteFit {
    /// Pictures of every class.
    pub classes: Vec<(String, usize)>,
    /// Weights of encoder and decoder.
    pub parameters: usize,
    /// Losses of every epoch.
    pub history: Vec<EpochLoss>,
    /// The epoch with the lowest loss, from 1, whose networks are used.
    pub best_epoch: Option<usize>,
    /// Epochs that an earlier run had done.
    pub resumed_from: usize,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Trains the networks of DeepSMOTE and keeps them in `model` after every epoch. A run that was stopped is taken up again, and
/// one that is done can be given more epochs.
pub fn fit_deep_smote(
    experiment: &DeepSmoteExperiment,
    model: &Path,
    observer: &dyn Observer,
) -> Result<DeepSmoteFit, Error> {
    check_text(model)?;
    let seed = Seed::new(experiment.seed);
    let mut warnings = Vec::new();
    let data = experiment.data.open(&seed, observer, &mut warnings)?;
    let options = &experiment.deepsmote;
    let device = experiment.device;
    let print = fingerprint(experiment.seed, &data);
    let there = model.metadata().is_ok_and(|metadata| metadata.len() > 0);
    let mut training = if there {
        let saved = resumable(model, options, &print)?;
        DeepSmoteTraining::resume(options, &data, &seed, device, &saved.state)?
    } else {
        DeepSmoteTraining::new(options, &data, &seed, device)?
    };
    let resumed_from = training.history().len();
    let trained = training.run(observer, |training| {
        let mut checkpoint = training.saved().to_checkpoint();
        checkpoint.about["fingerprint"] = print.clone().into();
        checkpoint.about["seed"] = experiment.seed.into();
        checkpoint.save(model)
    });
    trained.map_err(|error| match error {
        DeepError::Stopped => DeepError::TrainingStopped {
            epoch: training.history().len() + 1,
            of: options.epochs.get(),
            kept: (!training.history().is_empty()).then(|| model.into()),
        },
        DeepError::NotFinite { epoch, batch, of, .. } => DeepError::NotFinite {
            epoch,
            batch,
            of,
            kept: (!training.history().is_empty()).then(|| model.into()),
        },
        other => other,
    })?;
    warnings.extend(training.warnings().iter().cloned());
    Ok(DeepSmoteFit {
        classes: counted(&data.labels),
        parameters: training.best().weights().parameters(),
        history: training.history().to_vec(),
        best_epoch: training.best_epoch(),
        resumed_from,
        warnings,
    })
}

/// Reads a training to go on with; only the number of epochs may differ.
fn resumable(model: &Path, options: &DeepSmote, print: &str) -> Result<SavedDeepSmote, Error> {
    let checkpoint = Checkpoint::load(model, SavedDeepSmote::KIND)?;
    let other = checkpoint.about["fingerprint"] != *print;
    let saved = SavedDeepSmote::of_checkpoint(checkpoint)?;
    let mut same = saved.options.clone();
    same.epochs = options.epochs;
    same.sampling_strategy = options.sampling_strategy.clone();
    same.k_neighbors = options.k_neighbors;
    let what = if other {
        Some("other data or another seed")
    } else if same != *options {
        Some("other options")
    } else {
        None
    };
    match what {
        Some(what) => Err(DeepError::OtherTraining {
            path: model.into(),
            what,
        }
        .into()),
        None => Ok(saved),
    }
}

fn counted(labels: &Labels) -> Vec<(String, usize)> {
    labels.classes().iter().cloned().zip(labels.counts()).collect()
}

/// Which networks make pictures out of which.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GenerateOptions {
    /// The file of the networks.
    pub model: PathBuf,
    /// The pictures that are balanced.
    pub data: ImagePart,
    /// Where tensors live.
    pub device: DeviceKind,
    /// Root of the draws.
    pub seed: u64,
    /// Pictures wanted per class; that of the training if not given.
    pub sampling_strategy: Option<Strategy>,
    /// Neighbours to choose from; that of the training if not given.
    pub k_neighbors: Option<std::num::NonZeroUsize>,
}

impl GenerateOptions {
    /// Networks and pictures, with defaults for the rest.
    pub fn new(model: PathBuf, data: ImagePart) -> Self {
        Self {
            model,
            data,
            device: DeviceKind::Cpu,
            seed: 42,
            sampling_strategy: None,
            k_neighbors: None,
        }
    }
}

/// Pictures that were made, beside those that they come from.
#[derive(Debug, Clone)]
pub struct MadeImages {
    /// The real pictures.
    pub real: LabeledImages,
    /// The synthetic ones, with codes and parents.
    pub made: Generated,
    /// What looked odd.
    pub warnings: Vec<Warning>,
    networks: Autoencoder,
}

/// Makes pictures of rare classes with networks that [`fit_deep_smote`] trained.
pub fn generate_images(options: &GenerateOptions, observer: &dyn Observer) -> Result<MadeImages, Error> {
    let checkpoint = Checkpoint::load(&options.model, SavedDeepSmote::KIND)?;
    let saved = SavedDeepSmote::of_checkpoint(checkpoint)?;
    let mut warnings = Vec::new();
    let real = options
        .data
        .open(&Seed::new(options.seed), observer, &mut warnings)?;
    if real.images.shape() != saved.shape {
        return Err(DeepError::OtherInput {
            found: format!("pictures of {}", real.images.shape()),
            needed: format!("pictures of {}", saved.shape),
        }
        .into());
    }
    let mut how = saved.options.clone();
    if let Some(strategy) = &options.sampling_strategy {
        how.sampling_strategy = strategy.clone();
    }
    how.k_neighbors = options.k_neighbors.unwrap_or(how.k_neighbors);
    let networks = saved.best(options.device)?;
    let mut run = Run::new(options.seed);
    run.observer = observer;
    make(&how, networks, real, &run, warnings)
}

/// Losses of the epochs that a file of networks has seen.
pub fn history_of(model: &Path) -> Result<Vec<EpochLoss>, Error> {
    let checkpoint = Checkpoint::load(model, SavedDeepSmote::KIND)?;
    Ok(SavedDeepSmote::of_checkpoint(checkpoint)?.state.history)
}

fn make(
    how: &DeepSmote,
    networks: Autoencoder,
    real: LabeledImages,
    run: &Run<'_>,
    mut warnings: Vec<Warning>,
) -> Result<MadeImages, Error> {
    let made = how.generate(&networks, &real, run)?;
    warnings.extend(made.warnings.iter().cloned());
    Ok(MadeImages {
        real,
        made,
        warnings,
        networks,
    })
}

/// Trains on pictures in memory and makes new ones at once.
pub(super) fn fit_and_make(
    how: &DeepSmote,
    real: LabeledImages,
    seed: u64,
    observer: &dyn Observer,
) -> Result<(MadeImages, Vec<EpochLoss>), Error> {
    let root = Seed::new(seed);
    let mut training = DeepSmoteTraining::new(how, &real, &root, DeviceKind::Cpu)?;
    training.run(observer, |_| Ok(()))?;
    let (networks, history) = (training.best(), training.history().to_vec());
    let warnings = training.warnings().to_vec();
    drop(training);
    let mut run = Run::new(seed);
    run.observer = observer;
    Ok((make(how, networks, real, &run, warnings)?, history))
}

impl MadeImages {
    /// Real pictures, then synthetic ones.
    pub fn balanced(&self) -> LabeledImages {
        let mut images = self.real.images.clone();
        images.append(&self.made.set.images);
        let codes = self
            .real
            .labels
            .codes()
            .iter()
            .chain(self.made.set.labels.codes());
        let labels = Labels::from_codes(self.real.labels.classes().to_vec(), codes.copied().collect());
        LabeledImages::new(images, labels)
    }

    /// Writes the balanced set, and where synthetic pictures come from if asked; tells the files.
    pub fn write(
        &self,
        path: &Path,
        format: Option<ImageOutput>,
        overwrite: bool,
        origins: Option<&Path>,
        observer: &dyn Observer,
    ) -> Result<(Vec<PathBuf>, Vec<Warning>), Error> {
        let Some(format) = format.or_else(|| ImageOutput::of(path)) else {
            return Err(Error::Config {
                    place: "--output".into(),
                    problem: format!("`{}` does not say what format to write", path.display()),
                    hint: Some(
                        "end it in `.npz`, `-ubyte.gz` or `.bin`, or give a folder without an extension for PNG files"
                            .into(),
                    ),
                });
        };
        let written = write_images(path, format, &self.balanced(), overwrite, observer)?;
        let mut files = written.files;
        if let Some(path) = origins {
            let table = table_of_origins(&self.real.labels, &self.made.origins);
            let mut writer = Writer::create(path, &table)?;
            writer.write(&table)?;
            writer.finish()?;
            files.push(path.into());
        }
        Ok((files, written.warnings))
    }

    /// A sheet of a line for every class with synthetic pictures: real ones beside their reconstructions, then synthetic ones
    /// between their parents. Tells the classes of the lines.
    pub fn sheet(&self, observer: &dyn Observer) -> Result<(Vec<String>, Vec<u8>), Error> {
        let classes = self.real.labels.classes();
        let mut lines = Vec::new();
        let mut shown: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
        for (code, class) in classes.iter().enumerate() {
            let of = |labels: &Labels, count| -> Vec<usize> {
                labels.rows_of(code as u32).into_iter().take(count).collect()
            };
            let made = of(&self.made.set.labels, MADE);
            if made.is_empty() {
                continue;
            }
            lines.push(class.clone());
            shown.push((of(&self.real.labels, REAL), made));
        }
        let rows: Vec<usize> = shown.iter().flat_map(|(real, _)| real.clone()).collect();
        let rebuilt = if rows.is_empty() {
            self.real.images.select(&[])
        } else {
            self.networks
                .reconstruct(&self.real.images.select(&rows), observer)?
        };
        let mut sheet = ContactSheet::new(self.real.images.shape(), COLUMNS).with_scale(2);
        let mut next = 0;
        for (real, made) in &shown {
            for place in 0..REAL {
                if let Some(&row) = real.get(place) {
                    sheet.push(Cell::new(self.real.images.get(row)));
                    sheet.push(Cell::new(rebuilt.get(next)));
                    next += 1;
                } else {
                    sheet.push(Cell::empty());
                    sheet.push(Cell::empty());
                }
            }
            sheet.push(Cell::empty());
            for &row in made {
                let Origin { base, neighbor, .. } = self.made.origins[row];
                sheet.push(Cell::new(self.real.images.get(base as usize)));
                sheet.push(Cell::new(self.made.set.images.get(row)).with_mark(MARK));
                sheet.push(Cell::new(self.real.images.get(neighbor as usize)));
            }
            sheet.end_line();
        }
        Ok((lines, sheet.png()))
    }

    /// Codes of the real pictures, `(n, latent)`.
    pub(super) fn real_codes(&self, observer: &dyn Observer) -> Result<Vec<f32>, Error> {
        Ok(self.networks.encode(&self.real.images, observer)?)
    }

    /// Numbers in a code.
    pub(super) fn latent(&self) -> usize {
        self.networks.sizes().latent
    }

    /// How good the synthetic pictures are; with a classifier, by its features and its word too.
    pub fn quality(
        &self,
        classifier: Option<(&Path, DeviceKind)>,
        observer: &dyn Observer,
    ) -> Result<Quality, Error> {
        let rebuilt = self.networks.reconstruct(&self.real.images, observer)?;
        let mut seen = None;
        if let Some((path, device)) = classifier {
            let saved = SavedClassifier::load(path, device)?;
            // The same classes, in the same order, or codes would mean something else.
            in_classes(
                &self.real.labels,
                &saved.about.classes,
                &path.display().to_string(),
            )?;
            if saved.about.classes != self.real.labels.classes() {
                return Err(Error::Config {
                    place: path.display().to_string(),
                    problem: format!(
                        "the network knows the classes {}, and the pictures {}",
                        saved.about.classes.join(", "),
                        self.real.labels.classes().join(", ")
                    ),
                    hint: Some("name the classes of both in the same order with `--class-names`".into()),
                });
            }
            let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
            let of = |images: &Images| -> Result<(Vec<f32>, Vec<u32>), Error> {
                let embeddings = saved
                    .classifier
                    .embed(Inputs::Images(images, &augment), observer)?;
                let predictions = saved.classifier.logits_of_embeddings(&embeddings).predictions();
                Ok((embeddings, predictions))
            };
            seen = Some((of(&self.real.images)?, of(&self.made.set.images)?));
        }
        let (real, made) = seen
            .as_ref()
            .map_or((None, None), |(real, made)| (Some(real), Some(made)));
        Ok(quality(
            judged(&self.real, real),
            judged(&self.made.set, made),
            Some(&self.made.origins),
            Some(&rebuilt),
            observer,
        )?)
    }
}

fn judged<'a>(set: &'a LabeledImages, seen: Option<&'a (Vec<f32>, Vec<u32>)>) -> Judged<'a> {
    Judged {
        images: &set.images,
        labels: &set.labels,
        embeddings: seen.map(|(embeddings, _)| embeddings.as_slice()),
        predictions: seen.map(|(_, predictions)| predictions.as_slice()),
    }
}

/// Real pictures, synthetic pictures and places of a line of a sheet.
const REAL: usize = 3;
const MADE: usize = 3;
const COLUMNS: usize = 2 * REAL + 1 + 3 * MADE;
const MARK: [u8; 3] = [230, 120, 20];

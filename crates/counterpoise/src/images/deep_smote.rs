//! DeepSMOTE from files to files: training its networks, making pictures, and saying how good they are.

use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, Images, LabeledImages, Labels, Observer, Origin, Seed, Warning};
use counterpoise_data::{
    Augment, Cell, ContactSheet, ImageOutput, Writer, check_images, table_of_origins, write_images,
    write_images_with_shares,
};
use counterpoise_deep::{
    Autoencoder, Checkpoint, DeepSmote, DeepSmoteTraining, DeviceKind, EpochLoss, Error as DeepError,
    Generated, Inputs, Judged, Quality, SavedClassifier, SavedDeepSmote, SoftLabels, other_options, quality,
};
use counterpoise_sampling::{Direction, Error as SamplingError, Run};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::sets::{ImagePart, in_classes};
use super::training::fingerprint;
use crate::device::{has_room_on, look_for};
use crate::memory::has_room;
use crate::merge::{blame_part, parsed, set};
use crate::{Error, check_apart, check_page, check_text, write_bytes};

/// DeepSMOTE over pictures: what a TOML file with a table `[deepsmote]` says, after defaults and flags are merged into it.
///
/// Networks are trained and kept in `model`; with `[output]` they make the pictures that rare classes lack, and with
/// `[report]` these are judged. The same description and device give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeepSmoteExperiment {
    /// Root of everything random.
    #[serde(default = "super::default_seed")]
    pub seed: u64,
    /// Root of the draws of new pictures, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<u64>,
    /// Where tensors live.
    #[serde(default)]
    pub device: DeviceKind,
    /// The file of the networks: training writes it and goes on from it.
    pub model: PathBuf,
    /// The pictures.
    pub data: ImagePart,
    /// Networks, training and sampling.
    #[serde(default)]
    pub deepsmote: DeepSmote,
    /// The balanced set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<BalancedPart>,
    /// How good new pictures are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<QualityPart>,
}

/// Real and synthetic pictures to write: the table `[output]` beside `[deepsmote]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BalancedPart {
    /// The file, or the folder for PNG files.
    pub path: PathBuf,
    /// What is written; the name says it if this does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageOutput>,
    /// Whether what is there may be replaced.
    #[serde(default)]
    pub overwrite: bool,
    /// The table of where each picture comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<PathBuf>,
    /// The contact sheet, a PNG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<PathBuf>,
}

/// How new pictures are judged: the table `[report]` beside `[deepsmote]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QualityPart {
    /// The HTML file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The file of a classifier, whose features and predictions are asked too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<PathBuf>,
}

impl DeepSmoteExperiment {
    /// Reads a description: defaults, then the text of a file (`place` names it in messages), then single settings by their
    /// path, as `("deepsmote.width", 16)`.
    pub fn merged(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        Self::of_table(place, parsed(place, text)?, settings)
    }

    fn of_table(place: &str, mut table: Table, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        full_name(&mut table);
        for (path, value) in settings {
            let synonym = path == "deepsmote.k";
            let path = if synonym { "deepsmote.k_neighbors" } else { &path };
            set(&mut table, path, value)?;
        }
        let missing = |problem: &str, hint: &str| Error::Config {
            place: place.into(),
            problem: problem.into(),
            hint: Some(hint.into()),
        };
        if table.get("data").is_none_or(|data| data.get("path").is_none()) {
            let hint = "write the file or folder under `[data]` as `path = \"pictures\"`";
            return Err(missing("no pictures to read are named", hint));
        }
        if table.get("model").is_none() {
            let hint = "write it above all tables as `model = \"model.safetensors\"`";
            return Err(missing("no file for the networks is named", hint));
        }
        Self::deserialize(table).map_err(|error| with_flag(blame_part(place, &error)))
    }

    /// Whether a description is one of DeepSMOTE.
    pub fn is_described(place: &str, text: &str) -> Result<bool, Error> {
        Ok(parsed(place, text)?.contains_key("deepsmote"))
    }

    /// The merged description as TOML, from which the run can be repeated.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::Config {
            place: "the description of the run".into(),
            problem: error.to_string(),
            hint: None,
        })
    }

    /// Finds out before any work whether all files can be written, and are different ones.
    fn check(&self) -> Result<(), Error> {
        let mut files = vec![("--output", &self.model)];
        if let Some(report) = &self.report {
            if let Some(path) = &report.path {
                check_page(path)?;
            }
            files.extend(report.path.iter().map(|path| ("--report", path)));
            files.extend(report.network.iter().map(|path| ("--network", path)));
        }
        if let Some(output) = &self.output {
            output.check(&self.deepsmote)?;
            files.push(("--output", &output.path));
            files.extend(output.origins.iter().map(|path| ("--origins", path)));
            files.extend(output.sheet.iter().map(|path| ("--sheet", path)));
        }
        for (_, path) in files.iter().filter(|(flag, _)| *flag != "--network") {
            check_apart(path, &[("the data", &self.data.path)])?;
        }
        for (place, (flag, path)) in files.iter().enumerate() {
            if files[..place].iter().any(|(_, other)| other == path) {
                return Err(Error::Config {
                    place: (*flag).into(),
                    problem: format!("`{}` is named twice", path.display()),
                    hint: Some("give every file a name of its own".into()),
                });
            }
        }
        Ok(())
    }

    /// Finds out whether the pictures can be written as asked.
    fn check_set(&self, set: &LabeledImages) -> Result<(), Error> {
        let Some(output) = &self.output else { return Ok(()) };
        let (shape, classes) = (set.images.shape(), set.labels.classes().len());
        Ok(check_images(
            &output.path,
            output.format()?,
            shape,
            classes,
            output.overwrite,
        )?)
    }
}

/// Gives the option `k` its full name.
fn full_name(table: &mut Table) {
    if let Some(Value::Table(options)) = table.get_mut("deepsmote")
        && !options.contains_key("k_neighbors")
        && let Some(neighbors) = options.remove("k")
    {
        options.insert("k_neighbors".into(), neighbors);
    }
}

/// Adds what to type to an error about an option.
fn with_flag(error: Error) -> Error {
    let Error::Config { place, problem, hint } = error else {
        return error;
    };
    let option = problem
        .strip_prefix("`deepsmote.")
        .and_then(|rest| rest.split_once('`'))
        .map(|(option, _)| DeepSmote::flag(option));
    let lists = "`counterpoise describe deepsmote` lists all options";
    let hint = hint.map(|hint| {
        if hint.ends_with('?') {
            format!("{hint} {lists}")
        } else {
            hint
        }
    });
    Error::Config {
        place,
        problem,
        hint: Some(match option {
            _ if hint.is_some() => hint.unwrap_or_default(),
            Some(flag) => format!("give `{flag}` another value; {lists}"),
            None => lists.into(),
        }),
    }
}

impl BalancedPart {
    fn format(&self) -> Result<ImageOutput, Error> {
        self.format
            .or_else(|| ImageOutput::of(&self.path))
            .ok_or_else(|| Error::Config {
                place: "--output".into(),
                problem: format!("`{}` does not say what format to write", self.path.display()),
                hint: Some(
                    "end it in `.npz`, `-ubyte.gz` or `.bin`, or give a folder without an extension for PNG files"
                        .into(),
                ),
            })
    }

    fn check(&self, how: &DeepSmote) -> Result<(), Error> {
        if how.soft_labels != SoftLabels::None && self.format()? != ImageOutput::Npz {
            return Err(Error::Config {
                place: "--output".into(),
                problem: format!("`{}` cannot hold soft labels", self.path.display()),
                hint: Some(
                    "write NPZ, which holds them as the array `shares`, or leave `--soft-labels` out".into(),
                ),
            });
        }
        if let Some(sheet) = &self.sheet
            && sheet
                .extension()
                .is_none_or(|extension| !extension.eq_ignore_ascii_case("png"))
        {
            return Err(Error::Config {
                place: "--sheet".into(),
                problem: format!("`{}` does not end in `.png`", sheet.display()),
                hint: Some("a contact sheet is a PNG: `--sheet sheet.png`".into()),
            });
        }
        for path in self.origins.iter().chain(&self.sheet) {
            if !self.overwrite && path.symlink_metadata().is_ok() {
                let file = path.display().to_string();
                return Err(counterpoise_data::Error::Exists { file }.into());
            }
            check_text(path)?;
        }
        Ok(())
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

/// Trains the networks of DeepSMOTE and keeps them in a file after every epoch. A run that was stopped is taken up again, and
/// one that is done can be given more epochs.
pub fn fit_deep_smote(
    experiment: &DeepSmoteExperiment,
    observer: &dyn Observer,
) -> Result<DeepSmoteFit, Error> {
    let model = &experiment.model;
    check_text(model)?;
    experiment.check()?;
    look_for(experiment.device, observer)?;
    let seed = Seed::new(experiment.seed);
    let mut warnings = Vec::new();
    let data = experiment.data.open(&seed, observer, &mut warnings)?;
    experiment.check_set(&data)?;
    let options = &experiment.deepsmote;
    let device = experiment.device;
    has_room_to_fit(device, options, data.images.shape())?;
    let print = fingerprint(experiment.seed, &data);
    let keep = |training: &DeepSmoteTraining<'_>| {
        let Some(saved) = training.saved() else {
            return Ok(());
        };
        let mut checkpoint = saved.to_checkpoint();
        checkpoint.about["fingerprint"] = print.clone().into();
        checkpoint.about["seed"] = experiment.seed.into();
        checkpoint.about["classes"] = data.labels.classes().into();
        checkpoint.save(model)
    };
    let there = model.metadata().is_ok_and(|metadata| metadata.len() > 0);
    let mut training = if there {
        let saved = resumable(model, options, &print)?;
        let training = DeepSmoteTraining::resume(options, &data, &seed, device, &saved.state)?;
        if training.is_done() && saved.options != *options {
            // No epoch will write what is wanted now of new pictures.
            keep(&training)?;
        }
        training
    } else {
        DeepSmoteTraining::new(options, &data, &seed, device)?
    };
    let resumed_from = training.history().len();
    if resumed_from > options.epochs.get() {
        let message = format!(
            "`{}` has seen {resumed_from} epochs already, more than the {} that are asked for: nothing is done",
            model.display(),
            options.epochs
        );
        let hint = "give another `--output` to train anew";
        warnings.push(Warning::new("images.more-epochs", message).with_hint(hint));
    }
    let trained = training.run(observer, keep);
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

/// Reads a training to go on with; only how many epochs it has, and how pictures are made, may differ.
fn resumable(model: &Path, options: &DeepSmote, print: &str) -> Result<SavedDeepSmote, Error> {
    let checkpoint = Checkpoint::load(model, SavedDeepSmote::KIND)?;
    let other = checkpoint.about["fingerprint"] != *print;
    let saved = SavedDeepSmote::of_checkpoint(checkpoint)?;
    let what = if other {
        Some("other data or another seed".to_owned())
    } else if !saved.options.trains_like(options) {
        Some(other_options(
            &saved.options,
            &saved.options.as_far_as_trained(options),
        ))
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

/// A file of networks that [`fit_deep_smote`] trained.
#[derive(Debug, Clone)]
pub struct DeepSmoteModel {
    path: PathBuf,
    saved: SavedDeepSmote,
    seed: u64,
    classes: Vec<String>,
    fingerprint: String,
}

impl DeepSmoteModel {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let checkpoint = Checkpoint::load(path, SavedDeepSmote::KIND)?;
        let about = &checkpoint.about;
        let classes = about["classes"].as_array().into_iter().flatten();
        Ok(Self {
            path: path.into(),
            seed: about["seed"].as_u64().unwrap_or_else(super::default_seed),
            classes: classes
                .filter_map(|class| class.as_str())
                .map(String::from)
                .collect(),
            fingerprint: about["fingerprint"].as_str().unwrap_or_default().to_owned(),
            saved: SavedDeepSmote::of_checkpoint(checkpoint)?,
        })
    }

    /// Losses of the epochs that the networks have seen.
    pub fn history(&self) -> &[EpochLoss] {
        &self.saved.state.history
    }

    /// The description of making pictures with these networks: seed and options are those of the training, but for what
    /// settings say by their path. Options of training cannot be set any more.
    pub fn experiment(
        &self,
        place: &str,
        settings: Vec<(String, Value)>,
    ) -> Result<DeepSmoteExperiment, Error> {
        let options = Table::try_from(&self.saved.options).map_err(|error| Error::Config {
            place: self.path.display().to_string(),
            problem: error.to_string(),
            hint: None,
        })?;
        let mut table = Table::new();
        let seed = i64::try_from(self.seed).unwrap_or(i64::MAX);
        table.insert("seed".into(), Value::from(seed));
        table.insert("model".into(), Value::from(self.path.display().to_string()));
        table.insert("deepsmote".into(), Value::Table(options));
        let late = |path: &String| {
            let option = path.strip_prefix("deepsmote.").filter(|option| *option != "k")?;
            let known = DeepSmote::MAKING.contains(&option);
            (!known && self.has_option(option)).then(|| option.to_owned())
        };
        let fixed = |path: &String| ["seed", "model"].contains(&path.as_str());
        if let Some((path, _)) = settings.iter().find(|(path, _)| fixed(path)) {
            return Err(Error::Config {
                place: place.into(),
                problem: format!("`{path}` is that of the training"),
                hint: Some("`--seed`, in a file `draws`, is what new pictures are drawn by".into()),
            });
        }
        if let Some(option) = settings.iter().find_map(|(path, _)| late(path)) {
            return Err(Error::Config {
                place: place.into(),
                problem: format!(
                    "`deepsmote.{option}` is an option of training, and the networks are trained"
                ),
                hint: Some(format!(
                    "give it to `deepsmote fit`; what can be set now: {}",
                    DeepSmote::MAKING.join(", ")
                )),
            });
        }
        let mut experiment = DeepSmoteExperiment::of_table(place, table, settings)?;
        experiment.model.clone_from(&self.path);
        if experiment.draws == Some(experiment.seed) {
            experiment.draws = None;
        }
        Ok(experiment)
    }

    fn has_option(&self, option: &str) -> bool {
        serde_json::to_value(&self.saved.options).is_ok_and(|options| options.get(option).is_some())
    }

    /// Makes the pictures that rare classes lack.
    pub fn make(
        &self,
        experiment: &DeepSmoteExperiment,
        observer: &dyn Observer,
    ) -> Result<MadeImages, Error> {
        experiment.check()?;
        look_for(experiment.device, observer)?;
        let mut warnings = Vec::new();
        let part = &experiment.data;
        let real = part.open(&Seed::new(self.seed), observer, &mut warnings)?;
        if real.images.shape() != self.saved.shape {
            return Err(DeepError::OtherInput {
                found: format!("pictures of {}", real.images.shape()),
                needed: format!("pictures of {}", self.saved.shape),
            }
            .into());
        }
        let (seen, wanted) = (self.history().len(), self.saved.options.epochs.get());
        if seen < wanted && self.saved.options.patience.is_none() {
            let message = format!(
                "`{}` has seen {seen} of {wanted} epochs: its pictures are those of unfinished networks",
                self.path.display()
            );
            let hint = "the `deepsmote fit` that began it goes on from there";
            warnings.push(Warning::new("images.unfinished", message).with_hint(hint));
        }
        if !self.classes.is_empty() {
            in_classes(&real.labels, &self.classes, &part.path.display().to_string())?;
        }
        if self.fingerprint != fingerprint(self.seed, &real) {
            let message = format!(
                "`{}` holds other pictures than those that the networks learnt, and they may know these badly",
                part.path.display()
            );
            warnings.push(
                Warning::new("images.other-training", message)
                    .with_hint("give the data and `--imbalance` that `deepsmote fit` had"),
            );
        }
        experiment.check_set(&real)?;
        let several = real.labels.counts().iter().filter(|count| **count > 0).count() > 1;
        if let (false, Some(&code)) = (several, real.labels.codes().first()) {
            return Err(Error::Config {
                place: part.path.display().to_string(),
                problem: format!(
                    "all pictures are of class `{}`, so that none is rarer than another",
                    real.labels.classes()[code as usize]
                ),
                hint: Some("give the pictures of all classes that `deepsmote fit` learnt".into()),
            });
        }
        in_memory(&experiment.deepsmote, &real)?;
        let networks = self.saved.best(experiment.device)?;
        let mut run = Run::new(experiment.draws.unwrap_or(experiment.seed));
        run.observer = observer;
        make(&experiment.deepsmote, networks, real, &run, warnings)
    }
}

/// What is wrong with a strategy, in the words of pictures.
fn of_pictures(error: SamplingError) -> Error {
    let (problem, hint) = match &error {
        SamplingError::UnknownClass { class, suggestion } => (
            format!("there are no pictures of a class `{class}`"),
            suggestion.clone(),
        ),
        SamplingError::WrongDirection {
            class, rows, asked, ..
        } => (
            format!(
                "class `{class}` has {rows} pictures and {asked} are asked for: new ones are made, and none taken away"
            ),
            format!("ask for {rows} or more of `{class}`, or leave it out"),
        ),
        SamplingError::TooManyRows { class } => (
            format!(
                "so many pictures of class `{class}` are asked for that there would be more than {}",
                u32::MAX
            ),
            format!("ask for fewer of `{class}`, or bound them: `--sampling-strategy \"auto cap x10\"`"),
        ),
        _ => return error.into(),
    };
    Error::Config {
        place: "--sampling-strategy".into(),
        problem,
        hint: Some(hint),
    }
}

/// Refuses pictures that this machine has no room for, rather than be ended by it half way.
fn in_memory(how: &DeepSmote, real: &LabeledImages) -> Result<(), Error> {
    let targets = how
        .sampling_strategy
        .targets(&real.labels, Direction::Over)
        .map_err(of_pictures)?;
    let asked: u128 = targets.changes.iter().map(|change| change.1 as u128).sum();
    let shape = real.images.shape();
    // Bytes once more in the balanced set, and codes twice, in single precision.
    let each = 2 * shape.values() + 8 * how.sizes(shape).latent;
    let needed = asked * each as u128;
    has_room(
        needed,
        "--sampling-strategy",
        &format!("{asked} new pictures of {shape}"),
        "ask for fewer, or bound them: `--sampling-strategy \"auto cap x10\"`",
    )
}

/// Refuses networks that this machine has no room for.
fn has_room_to_fit(device: DeviceKind, how: &DeepSmote, shape: ImageShape) -> Result<(), Error> {
    let rows = how.batch_size.get().saturating_add(how.class_batch.get());
    let needed = how.sizes(shape).demand(shape).training(rows);
    let hint = "bring pictures to a smaller size: `--size 32x32 --resize scale`; or give a smaller `--width`, `--latent-size` or `--batch`, or `--decoder mirror`";
    has_room_on(
        device,
        needed,
        "deepsmote",
        &format!("networks for pictures of {shape}"),
        hint,
    )
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

/// What was written of [`MadeImages`].
#[derive(Debug, Clone)]
pub struct WrittenBalance {
    /// The files, or the one folder.
    pub files: Vec<PathBuf>,
    /// The classes of the lines of the contact sheet, from top to bottom, if there is one.
    pub lines: Vec<String>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
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

    /// Shares of classes of real pictures, which are whole, then of synthetic ones, where labels are soft.
    pub fn shares(&self) -> Option<Vec<f32>> {
        let soft = self.made.shares.as_ref()?;
        let classes = self.real.labels.classes().len();
        let mut shares = vec![0.0; self.real.len() * classes];
        for (row, &code) in self.real.labels.codes().iter().enumerate() {
            shares[row * classes + code as usize] = 1.0;
        }
        shares.extend_from_slice(soft);
        Some(shares)
    }

    /// Writes the balanced set, and where synthetic pictures come from and a sheet if asked.
    pub fn write(&self, output: &BalancedPart, observer: &dyn Observer) -> Result<WrittenBalance, Error> {
        let balanced = self.balanced();
        let written = match self.shares() {
            Some(shares) => write_images_with_shares(&output.path, &balanced, &shares, output.overwrite)?,
            None => write_images(
                &output.path,
                output.format()?,
                &balanced,
                output.overwrite,
                observer,
            )?,
        };
        let mut files = written.files;
        if let Some(path) = &output.origins {
            let table = table_of_origins(&self.real.labels, &self.made.origins);
            let mut writer = Writer::create(path, &table)?;
            writer.write(&table)?;
            writer.finish()?;
            files.push(path.into());
        }
        let (mut lines, mut warnings) = (Vec::new(), written.warnings);
        if let Some(path) = &output.sheet {
            let (classes, png) = self.sheet(observer)?;
            if classes.is_empty() {
                let message = format!("nothing was to be made: `{}` shows nothing", path.display());
                warnings.push(Warning::new("images.empty-sheet", message));
            }
            lines = classes;
            write_bytes(&png, path)?;
            files.push(path.into());
        }
        Ok(WrittenBalance {
            files,
            lines,
            warnings,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "model = \"m\"\n[data]\npath = \"p\"\n[deepsmote]\nk = 3\nlambda = 2\n";

    fn merged(text: &str, settings: &[(&str, Value)]) -> Result<DeepSmoteExperiment, Error> {
        let settings = settings
            .iter()
            .map(|(path, value)| ((*path).to_owned(), value.clone()));
        DeepSmoteExperiment::merged("x.toml", text, settings.collect())
    }

    fn error(text: &str) -> String {
        merged(text, &[]).expect_err(text).to_string()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let settings = [
            ("draws", Value::from(7)),
            ("deepsmote.sampling_strategy", Value::from("all cap x3")),
            ("output.path", Value::from("o.npz")),
            ("report.network", Value::from("n")),
        ];
        let experiment = merged(TEXT, &settings).expect("it is right");
        let again = merged(&experiment.to_toml().expect("it is plain"), &[]);
        assert_eq!(again.expect("it is right"), experiment);
    }

    #[test]
    fn an_option_has_one_value_by_whichever_name() {
        let neighbors = |text: &str, name: &str| {
            let experiment = merged(text, &[(name, Value::from(9))]).expect("it is right");
            experiment.deepsmote.k_neighbors.get()
        };
        for text in [TEXT.to_owned(), TEXT.replace("k =", "k_neighbors =")] {
            assert_eq!(neighbors(&text, "seed"), 3);
            assert_eq!(neighbors(&text, "deepsmote.k"), 9);
            assert_eq!(neighbors(&text, "deepsmote.k_neighbors"), 9);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            error("model = \"m\"\n[deepsmote]\n"),
            "x.toml: no pictures to read are named"
        );
        assert_eq!(
            error(&TEXT.replace("model = \"m\"\n", "")),
            "x.toml: no file for the networks is named"
        );
        assert_eq!(
            error(&TEXT.replace("lambda = 2", "lambda = \"much\"")),
            "x.toml: `deepsmote.lambda`: invalid type: string \"much\", expected a number"
        );
        let hint = merged(&TEXT.replace("k = 3", "width = 0"), &[])
            .expect_err("no width")
            .hint();
        assert!(hint.is_some_and(|hint| hint.starts_with("give `--width` another value")));
    }

    #[test]
    fn an_imbalance_in_the_words_of_its_flag_is_told_how_a_file_says_it() {
        let text = TEXT.replace("path = \"p\"", "path = \"p\"\nimbalance = \"long-tail:3\"");
        let hint = merged(&text, &[]).expect_err("no table").hint();
        assert!(
            hint.as_ref()
                .is_some_and(|hint| hint.contains("imbalance = { exponential = { ratio = 100 } }")),
            "{hint:?}"
        );
        let written = text.replace("\"long-tail:3\"", "{ exponential = { ratio = 100 } }");
        merged(&written, &[]).expect("the hint can be typed");
    }

    #[test]
    fn a_strategy_is_refused_in_the_words_of_pictures() {
        let images = Images::new(counterpoise_base::ImageShape::new(1, 8, 8), vec![0; 3 * 64]);
        let labels = Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 0, 1]);
        let real = LabeledImages::new(images, labels);
        let refused = |text: &str| {
            let mut how = DeepSmote::default();
            how.sampling_strategy = counterpoise_sampling::Strategy::parse(text).expect("a strategy");
            let error = in_memory(&how, &real).expect_err(text);
            format!("{error}; {}", error.hint().expect("a hint"))
        };
        assert_eq!(
            refused("7=3"),
            "--sampling-strategy: there are no pictures of a class `7`; the classes are `a`, `b`"
        );
        assert_eq!(
            refused("a=1"),
            "--sampling-strategy: class `a` has 2 pictures and 1 are asked for: new ones are made, and none taken away; ask for 2 or more of `a`, or leave it out"
        );
    }

    #[test]
    fn pictures_that_no_machine_holds_are_refused_before_they_are_made() {
        let images = Images::new(counterpoise_base::ImageShape::new(1, 8, 8), vec![0; 3 * 64]);
        let labels = Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 0, 1]);
        let real = LabeledImages::new(images, labels);
        let mut how = DeepSmote::default();
        in_memory(&how, &real).expect("one picture fits");
        how.sampling_strategy = counterpoise_sampling::Strategy::parse("b=4000000000").expect("a strategy");
        if counterpoise_data::free_memory().is_some() {
            let error = in_memory(&how, &real).expect_err("nobody has ten thousand gigabytes");
            assert!(
                error.to_string().contains("3999999999 new pictures of 1x8x8"),
                "{error}"
            );
        }
    }
}

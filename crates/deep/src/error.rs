use counterpoise_base::counted;
use std::path::{Path, PathBuf};

use crate::{DeepSmote, DeviceKind};

/// What can go wrong with networks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// This program was built without the device.
    #[error("device `{}` is not in this build", device.name())]
    NoSuchDevice {
        /// What was asked for.
        device: DeviceKind,
    },
    /// This machine has no such graphics card.
    #[error("device `{}` is not on this machine: {reason}", device.name())]
    NoCard {
        /// What was asked for.
        device: DeviceKind,
        /// Why, in words.
        reason: String,
    },
    /// Instructions that the processor lacks, or nobody has.
    #[error("COUNTERPOISE_VECTORS is `{name}`, which this processor does not have")]
    NoSuchVectors {
        /// What it is.
        name: String,
        /// What it could be here.
        there: String,
    },
    /// A network that cannot read this data.
    #[error("the network `{architecture}` needs {needs}")]
    WrongInput {
        /// Name of the architecture.
        architecture: String,
        /// What it needs, in words.
        needs: &'static str,
    },
    /// A weight that the network has and the file has not.
    #[error("weight `{name}` is missing")]
    MissingWeight {
        /// Its name.
        name: String,
    },
    /// A weight that the file has and the network has not.
    #[error("weight `{name}` belongs to another network")]
    UnknownWeight {
        /// Its name.
        name: String,
    },
    /// A weight of another shape.
    #[error("weight `{name}` has shape {found:?}, but this network needs {expected:?}")]
    OtherShape {
        /// Its name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape in the network.
        expected: Vec<usize>,
    },
    /// No loss of this name.
    #[error("there is no loss called `{name}`")]
    UnknownLoss {
        /// What was asked for.
        name: String,
        /// What to type instead.
        suggestion: String,
    },
    /// An option outside its range.
    #[error("`{option} = {value}` of {method} is out of range")]
    OutOfRange {
        /// Name of what has the option: a loss, a schedule, a way to mix.
        method: &'static str,
        /// Name of the option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        range: &'static str,
    },
    /// Another number of weights than of classes.
    #[error("`weights` of {method} has {}, and there are {classes} classes", counted(*found, "number"))]
    WeightsPerClass {
        /// Name of the loss.
        method: &'static str,
        /// Numbers that were given.
        found: usize,
        /// Classes that there are.
        classes: usize,
    },
    /// A class without rows, in a formula that divides by their number or takes its logarithm.
    #[error(
        "class number {class}, counted from 0, has no row, and {method} divides by the rows of each class"
    )]
    EmptyClass {
        /// Name of what cannot do without.
        method: &'static str,
        /// Its place among the classes.
        class: usize,
    },
    /// A cell of a table that is no finite number.
    #[error("row {row}, column {column} is not a finite number")]
    NotFiniteCell {
        /// Its row, counted from 1.
        row: usize,
        /// Its column, counted from 1.
        column: usize,
    },
    /// A class beyond the second.
    #[error("{method} tells the classes 0 and 1 apart, and row {row} is of class {class}")]
    NotTwoClasses {
        /// Name of what takes two classes.
        method: &'static str,
        /// The row, counted from 1.
        row: usize,
        /// Its class.
        class: u32,
    },
    /// A class that nothing can be learnt about.
    #[error("class {class} has no row, and {method} has nothing to learn")]
    ClassWithoutRows {
        /// Name of what learns.
        method: &'static str,
        /// The class.
        class: &'static str,
    },
    /// Rows of one group alone.
    #[error("all rows are of one group, and {method} has nothing to make alike")]
    OneGroup {
        /// Name of what compares groups.
        method: &'static str,
    },
    /// A weight of a row that is no number of 0 or more.
    #[error("the weight of row {row} is not a number of 0 or more")]
    BadRowWeight {
        /// The row, counted from 1.
        row: usize,
    },
    /// No validation row to choose on.
    #[error("there is no validation row to choose `tau` on")]
    NothingToChooseOn,
    /// A loss that is no number any more.
    #[error("the loss of {what} is not a number in epoch {epoch}, batch {batch}")]
    Diverged {
        /// What is trained.
        what: &'static str,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The batch, counted from 1.
        batch: usize,
    },
    /// A loss of cosines over a head of another kind.
    #[error("the loss `{loss}` is made for cosines, and the head is linear")]
    NeedsCosines {
        /// Name of the loss.
        loss: &'static str,
    },
    /// A loss of cosines for a head of another kind that is trained anew.
    #[error("the loss `{loss}` is made for cosines, and the head that is trained is linear")]
    HeadNeedsCosines {
        /// Name of the loss.
        loss: &'static str,
    },
    /// A warm start without anything to begin with.
    #[error("a warm start needs the head that there was, and there is none")]
    NoHead,
    /// A head that does not fit the one that is asked for.
    #[error("the head is {found}, and one that is {needed} is needed")]
    OtherHead {
        /// What the head is.
        found: String,
        /// What is asked for.
        needed: String,
    },
    /// A file that cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write `{}`: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// A file that is no checkpoint, or not a whole one.
    #[error("{}: {reason}", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Weights of another program where a whole network was asked for.
    #[error("{} holds weights only, without what they are of", path.display())]
    BareWeights {
        /// The file.
        path: PathBuf,
    },
    /// A state of a training that cannot be taken up.
    #[error("the training cannot go on from {}: {reason}", path.display())]
    DamagedState {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint of something else.
    #[error("{} holds a {}, but a {} is needed", path.display(), in_words(found), in_words(needed))]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What was asked for.
        needed: String,
    },
    /// Pictures or rows of another shape than the network reads.
    #[error("the data is {found}, but the network reads {needed}")]
    OtherInput {
        /// Shape of the data.
        found: String,
        /// Shape that the network reads.
        needed: String,
    },
    /// Too few pictures to train on.
    #[error("{} to train on, but training needs at least {needed}", counted(*rows, "picture"))]
    TooFewImages {
        /// Pictures there are.
        rows: usize,
        /// Pictures needed.
        needed: usize,
    },
    /// A class that lacks a second picture to make others with.
    #[error("class `{class}` has 1 picture, and nothing lies between it and another")]
    SinglePicture {
        /// The class.
        class: String,
    },
    /// A saved training that cannot go on.
    #[error("the saved training cannot be used: {reason}")]
    UnusableTraining {
        /// What is wrong with it.
        reason: String,
    },
    /// Rows cannot be chosen or made.
    #[error(transparent)]
    Sampling(#[from] counterpoise_sampling::Error),
    /// Neighbours cannot be found.
    #[error(transparent)]
    Neighbors(#[from] counterpoise_neighbors::Error),
    /// A loss that no step can follow.
    #[error("epoch {epoch}, batch {batch} of {of}: the loss is not a finite number{}", kept_in(kept.as_deref()))]
    NotFinite {
        /// Number of the epoch, from 1.
        epoch: usize,
        /// Number of the batch, from 1.
        batch: usize,
        /// Batches of the epoch.
        of: usize,
        /// The last good checkpoint.
        kept: Option<PathBuf>,
    },
    /// A network that says nothing of a row.
    #[error("row {row}: the network gives no finite number, for its weights have run away")]
    NoLogits {
        /// The row, counted from 1.
        row: usize,
    },
    /// A checkpoint of another training.
    #[error("{} is of a training with {what}", path.display())]
    OtherTraining {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// Somebody asked a training to stop.
    #[error("stopped in epoch {epoch} of {of}{}", kept_in(kept.as_deref()))]
    TrainingStopped {
        /// Number of the epoch, from 1.
        epoch: usize,
        /// Epochs in all.
        of: usize,
        /// Where the state was saved.
        kept: Option<PathBuf>,
    },
    /// Predictions could not be measured.
    #[error(transparent)]
    Metrics(#[from] counterpoise_metrics::Error),
    /// Somebody asked the task to stop.
    #[error("stopped")]
    Stopped,
}

/// The kind of a checkpoint, as people call it.
fn in_words(kind: &str) -> &str {
    match kind {
        "deep-smote" => "model of DeepSMOTE",
        kind => kind,
    }
}

fn kept_in(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| {
        format!("; what was learnt before is in {}", path.display())
    })
}

impl Error {
    /// The same error, with what was good before in another file.
    #[must_use]
    pub fn kept_in(mut self, path: &Path) -> Self {
        if let Self::NotFinite { kept, .. } = &mut self {
            *kept = Some(path.into());
        }
        self
    }

    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchVectors { there, .. } => Some(format!("set it to one of: {there}; or unset it for the fastest")),
            Self::NoSuchDevice { device } => Some(no_such_device(*device)),
            Self::NoCard { .. } => Some(no_card()),
            Self::MissingWeight { .. } | Self::UnknownWeight { .. } | Self::OtherShape { .. } => {
                Some("the file holds another architecture, number of classes or picture size; give the one it was trained with".to_owned())
            }
            Self::NotACheckpoint { .. } => Some(
                "give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it".to_owned(),
            ),
            Self::BareWeights { .. } => Some(
                "say which network they are of, as `--network resnet32`, and how its pictures were normalised, as `--normalisation cifar`".to_owned(),
            ),
            Self::OtherInput { .. } => Some("use the data, or the `--size`, `--resize` and `--channels`, that it was trained with".to_owned()),
            Self::UnknownLoss { suggestion, .. } => Some(suggestion.clone()),
            Self::OutOfRange { method: "deep-smote", option, range, .. } => {
                Some(format!("give {range}, with `{}`", DeepSmote::flag(option)))
            }
            Self::OutOfRange { range, .. } => Some(format!("give {range}")),
            Self::WeightsPerClass { .. } => {
                Some("give one number per class, in the order of classes, or `weights = \"balanced\"`".to_owned())
            }
            Self::EmptyClass { .. } => {
                Some("leave the class out, or use `cross-entropy` without weights".to_owned())
            }
            Self::SinglePicture { .. } => Some(
                "decode its code anyway with `--on-single copy` or `jitter`, leave the class out with `--sampling-strategy`, or merge it with another".to_owned(),
            ),
            Self::UnusableTraining { .. } => Some("start anew, or give another file".to_owned()),
            Self::Sampling(error) => error.hint(),
            Self::Neighbors(error) => error.hint(),
            Self::NotFiniteCell { .. } => {
                Some("fill missing values first, or leave the row out".to_owned())
            }
            Self::NotTwoClasses { .. } => Some("choose one class, and merge all others".to_owned()),
            Self::ClassWithoutRows { .. } => {
                Some("give rows of both classes, or look for a filter that leaves one out".to_owned())
            }
            Self::OneGroup { .. } => {
                Some("give a protected column with two values or more, or set `debias = false`".to_owned())
            }
            Self::BadRowWeight { .. } => Some("give each row a finite weight of 0 or more".to_owned()),
            Self::NothingToChooseOn => {
                Some("hold out some rows of every class, or give one `tau`".to_owned())
            }
            Self::Diverged { .. } => {
                Some("lower the learning rate, or lengthen warm-up; look for numbers that are not finite in the input".to_owned())
            }
            Self::HeadNeedsCosines { .. } => Some("add `--set head.head=cosine`, or take another loss".to_owned()),
            Self::NoHead => Some("name the network or head to begin with, or begin with a fresh one: `--set head.start=fresh`".to_owned()),
            Self::OtherHead { .. } => Some("begin with a fresh head: `--set head.start=fresh`; or give embeddings and a head of one network".to_owned()),
            Self::NeedsCosines { .. } => Some("add `--set train.head=cosine`".to_owned()),
            Self::NotFinite { kept: Some(_), .. } => Some("use a smaller rate and another `--output`, for classifiers more epochs of warm-up, or look for pictures that are not what they should be".to_owned()),
            Self::NotFinite { .. } => Some("use a smaller rate, for classifiers more epochs of warm-up, or look for pictures that are not what they should be".to_owned()),
            Self::NoLogits { .. } => Some("train it with a smaller rate, or more epochs of warm-up".to_owned()),
            Self::OtherTraining { path, .. } => Some(format!("remove {} to start anew, or give the data, seed and options it was begun with", path.display())),
            Self::TrainingStopped { kept: Some(_), .. } => Some("the same command goes on from there".to_owned()),
            Self::Metrics(error) => error.hint(),
            Self::DamagedState { path, .. } => Some(format!("remove {} to start anew", path.display())),
            Self::Open { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("check the path; it is relative to the current folder".to_owned())
            }
            Self::File { .. } => Some("choose another path, on a disk with room that you may write to".to_owned()),
            Self::WrongInput { architecture, .. } if architecture == "deep-smote" => {
                Some("bring pictures to another size with `--size 32x32 --resize scale`".to_owned())
            }
            Self::WrongInput { architecture, .. } if architecture == "mlp" => {
                Some("give the sizes of hidden layers, as `--hidden 64,64`".to_owned())
            }
            Self::WrongInput { .. } => Some("choose another `--network`, or bring pictures to another size with `--size 32x32 --resize scale`".to_owned()),
            Self::OtherKind { found, .. } if found == "training" => {
                Some("this is the state of a training that is not done; the same `train` command goes on from there".to_owned())
            }
            Self::OtherKind { .. } => Some("name the file that the command for it wrote".to_owned()),
            Self::TooFewImages { .. } | Self::Open { .. } | Self::TrainingStopped { .. } | Self::Stopped => None,
        }
    }

    /// A stable name, by which doors choose exit codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDevice { .. } => "deep.no-such-device",
            Self::NoSuchVectors { .. } => "deep.no-such-vectors",
            Self::NoCard { .. } => "deep.no-card",
            Self::WrongInput { .. } => "deep.wrong-input",
            Self::MissingWeight { .. } => "deep.missing-weight",
            Self::UnknownWeight { .. } => "deep.unknown-weight",
            Self::OtherShape { .. } => "deep.other-shape",
            Self::UnknownLoss { .. } => "deep.unknown-loss",
            Self::OutOfRange { .. } => "deep.out-of-range",
            Self::WeightsPerClass { .. } => "deep.weights-per-class",
            Self::EmptyClass { .. } => "deep.empty-class",
            Self::NotFiniteCell { .. } => "deep.not-finite-cell",
            Self::NotTwoClasses { .. } => "deep.not-two-classes",
            Self::ClassWithoutRows { .. } => "deep.class-without-rows",
            Self::OneGroup { .. } => "deep.one-group",
            Self::BadRowWeight { .. } => "deep.bad-row-weight",
            Self::NothingToChooseOn => "deep.nothing-to-choose-on",
            Self::Diverged { .. } => "deep.diverged",
            Self::Open { .. } => "deep.open",
            Self::File { .. } => "deep.file",
            Self::DamagedState { .. } => "deep.damaged-state",
            Self::NotACheckpoint { .. } => "deep.not-a-checkpoint",
            Self::BareWeights { .. } => "deep.bare-weights",
            Self::OtherKind { .. } => "deep.other-kind",
            Self::OtherInput { .. } => "deep.other-input",
            Self::TooFewImages { .. } => "deep.too-few-images",
            Self::SinglePicture { .. } => "deep.single-picture",
            Self::UnusableTraining { .. } => "deep.unusable-training",
            Self::Sampling(error) => error.code(),
            Self::Neighbors(error) => error.code(),
            Self::NeedsCosines { .. } | Self::HeadNeedsCosines { .. } => "deep.needs-cosines",
            Self::NoHead | Self::OtherHead { .. } => "deep.other-head",
            Self::NotFinite { .. } | Self::NoLogits { .. } => "deep.not-finite",
            Self::OtherTraining { .. } => "deep.other-training",
            Self::Metrics(error) => error.code(),
            Self::TrainingStopped { .. } | Self::Stopped => "deep.stopped",
        }
    }
}

fn no_such_device(device: DeviceKind) -> String {
    let built: Vec<String> = DeviceKind::ALL
        .into_iter()
        .filter(|device| device.is_built())
        .map(|device| format!("`--device {}`", device.name()))
        .collect();
    let here = format!("use {}", built.join(" or "));
    match device.feature() {
        None => here,
        Some(feature) => format!(
            "{here}, or build the program with it, in its source: `cargo install --path crates/cli --features {feature}`"
        ),
    }
}

fn no_card() -> String {
    "use `--device cpu`, or install the driver of the card; `vulkaninfo --summary` and `nvidia-smi` say what drivers see"
        .to_owned()
}

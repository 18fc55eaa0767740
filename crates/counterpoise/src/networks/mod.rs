//! What trainings of pictures and of tables share: all that comes once inputs and classes are there.

mod description;
mod evaluated;
mod known;
mod page;

use std::path::{Path, PathBuf};

use counterpoise_base::{Event, Labels, Observer, Seed, Warning, agree, plural};
use counterpoise_data::{Augment, Content, Normalisation, content_of, hold_out};
use counterpoise_deep::{
    AboutClassifier, ChooseBy, Classifier, DeviceKind, Error as DeepError, InputShape, Marks, Rows,
    SavedClassifier, Scores, TrainOptions, TrainRun, Trained, rescued, train,
};
use serde::{Deserialize, Serialize};

use crate::device::{has_room_on, look_for};
use crate::merge::parsed;
use crate::pages::check_network;
use crate::{Error, check_text};

pub(crate) use description::{blame_training, described, names_as_tables};
pub use evaluated::Evaluated;
pub(crate) use evaluated::judged;
pub(crate) use known::{known_rows, other_than_trained_on, strangers};
pub(crate) use page::page_of;

/// A trained classifier, how it came to be, and how good it is.
#[derive(Debug, Clone, Serialize)]
pub struct NetworkTraining {
    /// What stands in its file.
    pub about: AboutClassifier,
    /// Rows of every class that were held out.
    pub held_out: Vec<usize>,
    /// Epochs that an earlier run had done.
    pub resumed_from: usize,
    /// Whether an earlier run had begun, maybe without finishing an epoch.
    pub resumed: bool,
    /// On which rows the epoch was chosen.
    pub chosen_on: ChooseOn,
    /// Scores on the rows that the epoch was chosen on.
    pub chosen: Option<Scores>,
    /// Scores on the test rows, with intervals.
    pub test: Option<Evaluated>,
    /// The file of the network.
    pub output: Option<PathBuf>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// On which rows or pictures the epoch is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChooseOn {
    /// On some that are held out of the training data.
    #[default]
    Validation,
    /// On the test data, as the papers do: scores on it are then too good, and the report says so.
    Test,
    /// On none: the last epoch is taken.
    Nothing,
}

/// What a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Pictures.
    Pictures,
    /// Rows of a table.
    Rows,
}

impl Reads {
    /// What one network reads.
    pub fn of(about: &AboutClassifier) -> Self {
        if about.picture.is_some() {
            Self::Pictures
        } else {
            Self::Rows
        }
    }

    /// The word for one.
    pub fn one(self) -> &'static str {
        match self {
            Self::Pictures => "picture",
            Self::Rows => "row",
        }
    }

    /// The word for several.
    pub fn many(self) -> &'static str {
        match self {
            Self::Pictures => "pictures",
            Self::Rows => "rows",
        }
    }

    /// The code of a warning.
    fn single(self) -> &'static str {
        match self {
            Self::Pictures => "images.single",
            Self::Rows => "train.single",
        }
    }
}

impl NetworkTraining {
    /// What the network reads.
    pub fn reads(&self) -> Reads {
        Reads::of(&self.about)
    }

    /// Which rows the scores beside the epoch are of, and whether they are too good.
    pub fn judged_on(&self) -> String {
        let options = self.about.options.as_ref();
        let last = options.is_some_and(|options| options.choose_by == ChooseBy::Last);
        let rows = self.reads().many();
        match self.chosen_on {
            ChooseOn::Test if !last => {
                format!("on the test {rows}, which chose the epoch, so that all scores on them are too good")
            }
            ChooseOn::Test => format!("on the test {rows}"),
            _ if last => format!("on the {rows} that were held out, which chose nothing"),
            _ => format!("on the {rows} that were held out, which chose the epoch"),
        }
    }
}

/// What a training on the data of this path is about; `target` says whether a column of classes is named, which tables have and
/// pictures have not.
pub fn data_of_training(path: &Path, target: bool) -> Result<Reads, Error> {
    let wrong = |problem: &str, hint: &str| {
        Err(Error::Config {
            place: path.display().to_string(),
            problem: problem.into(),
            hint: Some(hint.into()),
        })
    };
    match (content_of(path), target) {
        (Content::Table | Content::Either, true) => Ok(Reads::Rows),
        (Content::Pictures | Content::Either, false) => Ok(Reads::Pictures),
        (Content::Table, false) => wrong(
            "it is a table, and no column of classes is named",
            "name the column of classes with `--target`",
        ),
        (Content::Pictures, true) => wrong(
            "it holds pictures, which come with their classes, and a column of classes is named",
            "leave `--target` out, or name a table: CSV or other text, Parquet or Arrow",
        ),
    }
}

/// What the network in a file reads.
pub fn network_reads(path: &Path) -> Result<Reads, Error> {
    Ok(Reads::of(&AboutClassifier::load(path)?))
}

/// Fails for data that the network in a file cannot read, as far as names tell.
pub fn check_reads(reads: Reads, network: &Path, data: &Path) -> Result<(), Error> {
    let (wanted, found, hint) = match (reads, content_of(data)) {
        (Reads::Rows, Content::Pictures) => (
            "rows of a table",
            "is none",
            "give a table with the columns that it was trained on: CSV or other text (also .gz, .zst), Parquet or Arrow",
        ),
        (Reads::Pictures, Content::Table) => (
            "pictures",
            "is a table",
            "give pictures of the size that it was trained on: a folder with a folder for each class, IDX, NPZ or another format of `counterpoise evaluate --help`",
        ),
        _ => return Ok(()),
    };
    // Of what is not there, the reader tells.
    if !data.exists() {
        return Ok(());
    }
    Err(Error::Config {
        place: data.display().to_string(),
        problem: format!(
            "the network in `{}` reads {wanted}, and this {found}",
            network.display()
        ),
        hint: Some(hint.into()),
    })
}

/// What a description is about, if it is one of a training.
pub fn training_described(place: &str, text: &str) -> Result<Option<Reads>, Error> {
    let table = parsed(place, text)?;
    let data = table.get("data");
    match data
        .and_then(|data| data.get("path"))
        .and_then(toml::Value::as_str)
    {
        _ if !table.contains_key("train") => Ok(None),
        Some(path) => {
            let target = data.is_some_and(|data| data.get("target").is_some());
            data_of_training(Path::new(path), target).map(Some)
        }
        None => Ok(Some(Reads::Pictures)),
    }
}

/// What is asked of a training, whatever its network reads.
pub(crate) struct Wanted<'a> {
    pub(crate) seed: u64,
    pub(crate) device: DeviceKind,
    pub(crate) choose_on: ChooseOn,
    pub(crate) train: &'a TrainOptions,
    pub(crate) output: Option<&'a Path>,
    pub(crate) overwrite: bool,
}

/// Inputs and classes; codes mean the same in all of them.
pub(crate) struct Sets<'a> {
    pub(crate) training: Rows<'a>,
    pub(crate) held_out: Option<Rows<'a>>,
    pub(crate) test: Option<Rows<'a>>,
    /// Names them; the state of a training with another name is not taken up.
    pub(crate) fingerprint: String,
}

/// How inputs became numbers, for the file of the network.
pub(crate) struct Encoded {
    pub(crate) normalisation: Normalisation,
    pub(crate) augment: Option<Augment>,
    pub(crate) encoding: Option<serde_json::Value>,
}

impl Wanted<'_> {
    /// Fails for what cannot be, before anything is read.
    pub(crate) fn check(&self, has_test: bool, reads: Reads, observer: &dyn Observer) -> Result<(), Error> {
        if let Some(path) = self.output {
            check_text(path)?;
            check_network(path)?;
        }
        if self.choose_on == ChooseOn::Test && !has_test {
            return Err(Error::Config {
                place: "choose_on".into(),
                problem: format!(
                    "epochs are to be chosen on test {}, and there are none",
                    reads.many()
                ),
                hint: Some("name them with `--test`, or choose on `validation`".into()),
            });
        }
        look_for(self.device, observer)
    }

    /// Trains, judges with `judge` what the test rows say, and writes the network. A run that was stopped is taken up again.
    pub(crate) fn fit(
        &self,
        sets: &Sets<'_>,
        encoded: Encoded,
        judge: &dyn Fn(&SavedClassifier) -> Result<Option<Evaluated>, Error>,
        observer: &dyn Observer,
    ) -> Result<NetworkTraining, Error> {
        let mut options = self.train.clone();
        if self.choose_on == ChooseOn::Nothing {
            options.choose_by = ChooseBy::Last;
        }
        let chooser = match self.choose_on {
            ChooseOn::Validation => sets.held_out,
            ChooseOn::Test => sets.test,
            ChooseOn::Nothing => None,
        };
        let labels = sets.training.labels;
        let classes = labels.classes().to_vec();
        has_room_to_train(self.device, &options, sets.training.inputs.shape(), classes.len())?;
        let (picture, columns) = match sets.training.inputs.shape() {
            InputShape::Images(shape) => (Some((shape.channels, shape.height, shape.width)), None),
            InputShape::Rows(columns) => (None, Some(columns)),
        };
        let about = AboutClassifier {
            network: options.network.clone(),
            head: options.head,
            picture,
            columns,
            encoding: encoded.encoding,
            normalisation: encoded.normalisation,
            augment: encoded.augment,
            classes: classes.clone(),
            counts: labels.counts(),
            options: Some(options.clone()),
            seed: self.seed,
            epoch: 0,
            history: Vec::new(),
            afterwards: Vec::new(),
        };
        let trained_on = Marks::of(sets.training.inputs);
        if let Some(path) = self.output.filter(|_| !self.overwrite) {
            check_other_training(path, &about, &trained_on)?;
        }
        let kept = self.output.map(state_file);
        let run = TrainRun {
            seed: Seed::new(self.seed).child("train"),
            device: self.device,
            observer,
            checkpoint: kept.as_deref(),
            fingerprint: sets.fingerprint.clone(),
            each_epoch: None,
        };
        let saved = |trained: Trained| SavedClassifier {
            classifier: trained.classifier,
            about: AboutClassifier {
                epoch: trained.epoch,
                history: trained.history,
                ..about.clone()
            },
            trained_on: Some(trained_on.clone()),
        };
        let trained = match train(sets.training, chooser, &options, &run) {
            Ok(trained) => trained,
            Err(error @ DeepError::NotFinite { kept: Some(_), .. }) => {
                // The same command would meet the same end: what was good is worth more as a network.
                if let (Some(path), Some(state)) = (self.output, &kept)
                    && let Some(good) = rescued(sets.training, &options, &run)?
                {
                    saved(good).save(path)?;
                    let _ = std::fs::remove_file(state);
                    return Err(error.kept_in(path).into());
                }
                return Err(error.into());
            }
            Err(error) => return Err(Error::of_classes(error, &classes)),
        };
        let (resumed_from, resumed) = (trained.resumed_from, trained.resumed);
        let saved = saved(trained);
        let chosen = chooser
            .map(|chooser| scores(&saved.classifier, chooser, observer))
            .transpose()?;
        let test = judge(&saved)?;
        if let Some(path) = self.output {
            saved.save(path)?;
            // The network is whole; what it was taken up from is not needed any more.
            if let Some(kept) = kept {
                let _ = std::fs::remove_file(kept);
            }
        }
        let _ = observer.observe(&Event::Finished { task: "training" });
        let held_out = sets.held_out.map(|held_out| held_out.labels.counts());
        Ok(NetworkTraining {
            held_out: held_out.unwrap_or_default(),
            resumed_from,
            resumed,
            chosen_on: self.choose_on,
            chosen,
            test,
            output: self.output.map(Path::to_path_buf),
            about: saved.about,
            warnings: Vec::new(),
        })
    }
}

/// Fails if the network of another training stands where one is to be written.
fn check_other_training(path: &Path, about: &AboutClassifier, trained_on: &Marks) -> Result<(), Error> {
    // What is there and is no network was refused before anything was read.
    let Ok(there) = SavedClassifier::load(path, DeviceKind::Cpu) else {
        return Ok(());
    };
    let (before, marks) = (there.about, there.trained_on);
    let alike = |one: &AboutClassifier| (one.classes.clone(), one.counts.clone(), one.picture, one.columns);
    let other = if !before.afterwards.is_empty() {
        format!(
            "one that was changed afterwards, by {}",
            before.afterwards.join(", ")
        )
    } else if before.seed != about.seed {
        // The seed says what is held out too.
        format!("one of seed {}", before.seed)
    } else if marks.is_some_and(|marks| marks != *trained_on)
        || alike(&before) != alike(about)
        || before.encoding != about.encoding
    {
        "one that was trained on other data".to_owned()
    } else if before.options != about.options
        || before.normalisation != about.normalisation
        || before.augment.is_some() && before.augment != about.augment
    {
        "one that was trained with other options".to_owned()
    } else {
        return Ok(());
    };
    Err(would_replace(path, &other))
}

/// The error for a network that would be lost; `other` says how it differs.
pub(crate) fn would_replace(path: &Path, other: &str) -> Error {
    Error::Config {
        place: path.display().to_string(),
        problem: format!("another network is there already, {other}"),
        hint: Some("name another file with `--output`, or let it be replaced: `--overwrite`".into()),
    }
}

/// Refuses a training that this machine has no room for.
fn has_room_to_train(
    device: DeviceKind,
    options: &TrainOptions,
    input: InputShape,
    classes: usize,
) -> Result<(), Error> {
    let name = options.network.name();
    let (what, hint) = match input {
        InputShape::Images(shape) => (
            format!("weights and batches of {name} for pictures of {shape}"),
            "bring pictures to a smaller size: `--size 32x32 --resize scale`; or give a smaller `--batch` or network",
        ),
        InputShape::Rows(columns) => (
            format!("weights and batches of {name} for rows of {columns} numbers"),
            "give fewer units: `--hidden 64,64`; or a smaller `--batch`",
        ),
    };
    let demand = options.network.demand(input, classes);
    let needed = demand.training(options.batch_size.get());
    has_room_on(device, needed, "train", &what, hint)
}

/// Where training keeps its state until it is done: beside the network that it makes.
fn state_file(output: &Path) -> PathBuf {
    let mut name = output.file_stem().unwrap_or_default().to_os_string();
    name.push(".training.safetensors");
    output.with_file_name(name)
}

/// Names what a training depends on besides its options: a seed, inputs as bytes, classes.
pub(crate) fn fingerprint_of(seed: u64, inputs: &[u8], labels: &Labels) -> String {
    let codes: Vec<u8> = labels
        .codes()
        .iter()
        .flat_map(|code| code.to_le_bytes())
        .collect();
    let hash = Seed::new(seed).child(inputs).child(codes.as_slice());
    format!("{:016x}", hash.number())
}

fn scores(classifier: &Classifier, set: Rows<'_>, observer: &dyn Observer) -> Result<Scores, Error> {
    let logits = classifier.logits(set.inputs, observer)?;
    Ok(Scores::of(set.labels, &logits.predictions())?)
}

/// Gives labels the codes of other classes; an error names a class that these do not have.
pub(crate) fn in_classes(
    labels: &Labels,
    classes: &[String],
    file: &str,
    hint: &str,
) -> Result<Labels, Error> {
    let code = |name: &String| {
        let place = classes.iter().position(|class| class == name);
        place.map(|place| place as u32).ok_or_else(|| Error::Config {
            place: file.to_owned(),
            problem: format!(
                "the network was not trained on a class `{name}`; it knows {}",
                classes.join(", ")
            ),
            hint: Some(hint.into()),
        })
    };
    let counts = labels.counts();
    // A class without rows asks for nothing.
    let codes: Vec<Option<u32>> = labels
        .classes()
        .iter()
        .zip(counts)
        .map(|(name, count)| if count > 0 { code(name).map(Some) } else { Ok(None) })
        .collect::<Result<_, _>>()?;
    let of = |&old: &u32| codes[old as usize].expect("a class that occurs has a code");
    Ok(Labels::from_codes(
        classes.to_vec(),
        labels.codes().iter().map(of).collect(),
    ))
}

/// Parts the rows; a class with a single row stays in training, and a warning says so.
pub(crate) fn part(
    labels: &Labels,
    reads: Reads,
    share: f64,
    seed: &Seed,
    warnings: &mut Vec<Warning>,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Config {
            place: "validation".into(),
            problem: format!("{share} is no share of every class that could be held out"),
            hint: Some("give a number between 0 and 1, such as `--validation 0.1`".into()),
        });
    }
    let counts = labels.counts();
    let single: Vec<&str> = labels
        .classes()
        .iter()
        .zip(&counts)
        .filter(|(_, count)| **count == 1)
        .map(|(class, _)| class.as_str())
        .collect();
    let several: Vec<usize> = (0..labels.len())
        .filter(|&row| counts[labels.codes()[row] as usize] > 1)
        .collect();
    if several.is_empty() {
        return Err(Error::Config {
            place: "validation".into(),
            problem: format!(
                "no class has two {}, one to train on and one to choose the epoch by",
                reads.many()
            ),
            hint: Some("train with `--choose-on nothing`".into()),
        });
    }
    // Only classes that can be parted: a class without rows asks for none.
    let names: Vec<&str> = several
        .iter()
        .map(|&row| labels.classes()[labels.codes()[row] as usize].as_str())
        .collect();
    let (training, held_out) = hold_out(&Labels::from_names(&names), share, &seed.child("validation"))?;
    let of = |rows: Vec<usize>| rows.into_iter().map(|row| several[row]).collect::<Vec<_>>();
    let (mut training, held_out) = (of(training), of(held_out));
    if !single.is_empty() {
        let message = format!(
            "{} {} {} one {}: {} when the epoch is chosen",
            plural(single.len(), "class"),
            single.join(", "),
            agree(single.len(), "has", "have"),
            reads.one(),
            agree(
                single.len(),
                "it is trained on, and does not count",
                "they are trained on, and do not count"
            )
        );
        warnings.push(Warning::new(reads.single(), message));
        training.extend((0..labels.len()).filter(|&row| counts[labels.codes()[row] as usize] == 1));
        training.sort_unstable();
    }
    Ok((training, held_out))
}

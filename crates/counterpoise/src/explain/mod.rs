//! Why a classifier fails for some classes, and what to do about it: inputs are opened here, analysed by `diagnose`, and told as
//! a page, as tables and as commands to go on with.

mod class_table;
mod files;
mod largest;
mod linear;
mod looks;
mod neighbors;
mod network;
mod next;
mod page;
mod pictures;
mod plots;
mod tables;

use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, Images, LinearHead, Observer, Warning, counted};
use counterpoise_data::EmbeddingOptions;
use counterpoise_deep::{AboutClassifier, DeviceKind, Inputs, Marks, SavedClassifier};
use counterpoise_diagnose::{
    Comparison, DiagnoseOptions, Diagnosis, Kinship, Readout, Split, analyse, compare,
};
use serde::Serialize;
use toml::Value;

use crate::images::ForeignNetwork;
use crate::merge::in_plain_words;
use crate::network_data::NetworkData;
use crate::{Error, check_text};

pub use largest::{ExplainedLargest, RequiredFeature, RequiredOfClass, explain_largest};
pub use looks::Looks;
pub use neighbors::{ExplainedNeighbors, explain_neighbors};
pub use next::{NextStep, Typed};
pub use page::explanation_page;
pub use tables::{check_tables, write_tables};

/// What is explained, and how.
#[derive(Debug, Clone)]
pub struct Explain {
    /// A network with its data, or what any program exported.
    pub subject: ExplainSubject,
    /// A second model of the same rows.
    pub against: Option<Against>,
    /// How rows are analysed.
    pub analysis: DiagnoseOptions,
    /// Where tensors live.
    pub device: DeviceKind,
    /// How all this was typed, for commands to go on with.
    pub typed: Typed,
}

/// What is explained.
#[derive(Debug, Clone)]
pub enum ExplainSubject {
    /// A network, which looks at pictures or rows of a table.
    Network(Box<ExplainNetwork>),
    /// Features that were extracted before, by any program.
    Embeddings(Box<ExplainEmbeddings>),
}

/// A network and its data.
#[derive(Debug, Clone)]
pub struct ExplainNetwork {
    /// The file of the network.
    pub network: PathBuf,
    /// What the file is of, where another program wrote it.
    pub foreign: Option<ForeignNetwork>,
    /// What it was trained on, rows that were held out among it.
    pub data: NetworkData,
    /// The share that training held out; rows are parted in this way where the counts of the network say so.
    pub held_out: f64,
    /// What it is judged by.
    pub test: TestRows,
}

/// What a network is judged by.
#[derive(Debug, Clone)]
pub enum TestRows {
    /// Other data.
    Data(NetworkData),
    /// A part of the data that may not be there; else what training held out.
    PartOrHeldOut(NetworkData),
    /// What training held out.
    HeldOut,
}

/// Files of features.
#[derive(Debug, Clone)]
pub struct ExplainEmbeddings {
    /// Features of training rows.
    pub train: Option<PathBuf>,
    /// Features of test rows.
    pub test: PathBuf,
    /// The last layer, or a table of the weights of a linear model; absent where the files of features hold it.
    pub head: Option<PathBuf>,
    /// How files of features are read; labels of their own file are those of the training rows.
    pub read: EmbeddingOptions,
    /// The file of labels of the test rows, where they stand in one of their own.
    pub test_labels: Option<PathBuf>,
    /// Whether the head predicts, whatever the files say.
    pub ignore_predictions: bool,
}

/// A second model of the same test rows.
#[derive(Debug, Clone)]
pub struct Against {
    /// A network, or a last layer over the same features.
    pub model: Option<PathBuf>,
    /// Features that the second model has of the same test rows.
    pub test: Option<PathBuf>,
    /// What both have in common; found out if absent.
    pub kinship: Option<Kinship>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The file of the model.
    pub model: String,
    /// What is to be done, the cheapest first.
    pub next: Vec<NextStep>,
    /// What features say.
    pub diagnosis: Diagnosis,
    /// What changes between two models.
    pub against: Option<ComparedModels>,
    /// What a network looks at in pictures.
    pub looks: Option<Looks>,
    /// What features are called, where they have names.
    pub feature_names: Option<Vec<String>>,
    /// What looked odd, that of the analyses included.
    pub warnings: Vec<Warning>,
    /// The rows themselves, for pages and tables.
    #[serde(skip)]
    pub rows: ExplainedRows,
}

/// Two models of the same test rows.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedModels {
    /// The file of the first.
    pub before: String,
    /// The file of the second.
    pub after: String,
    /// What changes from the first to the second.
    pub comparison: Comparison,
}

/// Rows that were explained.
#[derive(Debug, Clone)]
pub struct ExplainedRows {
    /// Training rows.
    pub train: Option<Embeddings>,
    /// Test rows, with predictions.
    pub test: Embeddings,
    /// The last layer.
    pub head: LinearHead,
    /// Pictures of both.
    pub pictures: Option<ExplainedPictures>,
}

/// Pictures of training rows and of test rows.
#[derive(Debug, Clone)]
pub struct ExplainedPictures {
    /// One a training row.
    pub train: Images,
    /// One a test row.
    pub test: Images,
}

/// A model and rows, opened.
struct Opened {
    model: String,
    train: Option<Embeddings>,
    test: Embeddings,
    head: LinearHead,
    feature_names: Option<Vec<String>>,
    pictures: Option<ExplainedPictures>,
    /// A network of ours or of others.
    network: Option<SavedClassifier>,
    second: Option<Second>,
    warnings: Vec<Warning>,
}

/// A second model of the same test rows, opened.
struct Second {
    model: String,
    test: Embeddings,
    head: LinearHead,
    /// Whether both trainings began with the same weights.
    same_beginning: bool,
}

impl Explain {
    /// Options of the analysis with some that were set by name, as `("top_k", 5)`.
    ///
    /// # Errors
    ///
    /// An option that there is not, or a value of another kind.
    pub fn analysis(settings: Vec<(String, Value)>, seed: u64) -> Result<DiagnoseOptions, Error> {
        let mut table = toml::Table::new();
        for (name, value) in settings {
            let name = name.strip_prefix("diagnose.").unwrap_or(&name).to_owned();
            table.insert(name, value);
        }
        table
            .entry("seed")
            .or_insert_with(|| Value::from(i64::try_from(seed).unwrap_or(i64::MAX)));
        Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| Error::Config {
                place: "--set".into(),
                problem: in_plain_words(error.message()),
                hint: Some("`counterpoise describe diagnose` lists the options".into()),
            })
    }
}

/// Opens a model and its rows, and says why it fails for some classes.
///
/// # Errors
///
/// Those of reading; rows that the head cannot read.
pub fn explain(options: &Explain, observer: &dyn Observer) -> Result<Explanation, Error> {
    let opened = match &options.subject {
        ExplainSubject::Network(subject) => {
            network::open(subject, options.against.as_ref(), options.device, observer)?
        }
        ExplainSubject::Embeddings(subject) => files::open(subject, options.against.as_ref(), observer)?,
    };
    let Opened {
        model,
        train,
        mut test,
        head,
        feature_names,
        pictures,
        network,
        second,
        mut warnings,
    } = opened;
    if network
        .as_ref()
        .is_none_or(|network| network.trained_on.is_none())
    {
        warnings.extend(train.as_ref().and_then(|train| test_of_training(train, &test)));
    }
    let mut diagnosis = analyse(train.as_ref(), &test, &head, &options.analysis, observer)?;
    let readout = Readout::new(Split::Test, &test, &head, observer)?;
    let against = match second {
        None => None,
        Some(second) => {
            let kinship = options.against.as_ref().and_then(|against| against.kinship);
            let kinship = kinship.unwrap_or(if second.test.values() == test.values() {
                Kinship::Extractor
            } else if second.same_beginning {
                Kinship::Initialisation
            } else {
                Kinship::None
            });
            let after = Readout::new(Split::Test, &second.test, &second.head, observer)?;
            Some(ComparedModels {
                before: model.clone(),
                after: second.model,
                comparison: compare(&readout, &after, kinship, &options.analysis, observer)?,
            })
        }
    };
    let predicted = (0..readout.len()).map(|row| readout.predicted(row)).collect();
    drop(readout);
    test.predictions = Some(predicted);
    let looks = match (&network, &pictures) {
        (Some(network), Some(pictures)) => {
            let shown = pictures::shown(&diagnosis, &test);
            Some(looks::looks(network, pictures, &test.labels, &shown, observer)?)
        }
        _ => None,
    };
    let about: Option<&AboutClassifier> = network.as_ref().map(|network| &network.about);
    if next::is_linear(&options.subject) {
        // Columns of a table come after no ReLU, and nobody expects it.
        let code = "diagnose.negative-features";
        diagnosis.warnings.retain(|warning| warning.code != code);
    }
    warnings.append(&mut diagnosis.warnings);
    warnings.extend(without_enemies(&diagnosis));
    Ok(Explanation {
        next: next::steps(&diagnosis, &options.subject, about, &options.typed),
        model,
        diagnosis,
        against,
        looks,
        feature_names,
        warnings,
        rows: ExplainedRows {
            train,
            test,
            head,
            pictures,
        },
    })
}

fn inputs(rows: &Embeddings) -> Inputs<'_> {
    Inputs::Rows(rows.values(), rows.width())
}

/// Tells of test rows that are training rows, where nothing else knows it.
fn test_of_training(train: &Embeddings, test: &Embeddings) -> Option<Warning> {
    if train.width() != test.width() {
        return None;
    }
    let known = Marks::of(inputs(train)).known(inputs(test)).rows;
    (2 * known > test.len()).then(|| {
        let message = format!(
            "{known} of {} test rows have the features of a training row: if they are the same cases, what is said of test rows is too good, and there is no gap",
            test.len()
        );
        Warning::new("explain.known-rows", message).with_hint("judge by rows that were not trained on")
    })
}

/// Classes whose misclassified rows have no neighbour of another class.
fn without_enemies(diagnosis: &Diagnosis) -> Option<Warning> {
    diagnosis.archetypes.as_ref()?;
    let adversaries = &diagnosis.test_adversaries;
    let classes: Vec<&str> = adversaries
        .classes
        .iter()
        .filter(|class| class.errors > 0 && class.near.is_empty())
        .map(|class| class.class.as_str())
        .collect();
    let message = format!(
        "no training row of another class is among the {} nearest of misclassified test rows of {}: which classes they are lost to is told by predictions alone",
        adversaries.k,
        shortened(&classes),
    );
    let hint =
        "set a larger `archetype_neighbors`; EOS looks for enemies among all rows where it finds none nearby";
    (!classes.is_empty()).then(|| Warning::new("explain.no-enemies", message).with_hint(hint))
}

/// The first of many names, between backticks.
fn shortened(classes: &[&str]) -> String {
    const MOST: usize = 5;
    let others = classes.len().saturating_sub(MOST);
    let first = classes[..classes.len() - others].join("`, `");
    match others {
        0 => format!("`{first}`"),
        others => format!("`{first}` and {}", counted(others, "other class")),
    }
}

impl ExplainSubject {
    /// What is read, with words for it.
    fn inputs(&self) -> Vec<(&'static str, &Path)> {
        let mut all: Vec<(&str, &Path)> = Vec::new();
        match self {
            Self::Network(subject) => {
                all.push(("the network", &subject.network));
                all.push(("the data", subject.data.path()));
                if let TestRows::Data(data) = &subject.test {
                    all.push(("the test data", data.path()));
                }
            }
            Self::Embeddings(subject) => {
                all.push(("the test rows", &subject.test));
                all.extend(
                    subject
                        .train
                        .iter()
                        .map(|path| ("the training rows", path.as_path())),
                );
                all.extend(subject.head.iter().map(|path| ("the head", path.as_path())));
            }
        }
        all
    }
}

impl Explain {
    /// Fails if a page cannot be written there, or would replace what is read, before any work is done.
    pub fn check_output(&self, path: &Path) -> Result<(), Error> {
        check_text(path)?;
        crate::check_apart(path, &self.subject.inputs())
    }
}

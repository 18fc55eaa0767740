//! Pictures: training a classifier on them, judging it, and balancing them with decoded latent rows.

mod adjust;
mod deep_smote;
mod deep_smote_page;
mod evaluate;
mod sets;
mod training;

use std::path::PathBuf;

use counterpoise_data::Augment;
use counterpoise_deep::{DeviceKind, TrainOptions};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::merge::{parsed, set};
use crate::{Error, ReportPart};

pub use adjust::{AdjustOptions, Adjusted, Adjustment, adjust_classifier};
pub use deep_smote::{
    DeepSmoteExperiment, DeepSmoteFit, GenerateOptions, MadeImages, fit_deep_smote, generate_images,
    history_of,
};
pub use deep_smote_page::{FirstPictures, deep_smote_page, first_pictures, quality_table};
pub use evaluate::{EvaluateOptions, Evaluated, evaluate_images, evaluated_page};
pub use sets::ImagePart;
pub use training::{ImageTraining, train_images, training_page};

/// A run over pictures: what a TOML file with a table `[train]` says, after defaults and flags are merged into it.
///
/// The same description, seed and device give the same network, bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImageExperiment {
    /// Root of everything random.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Where tensors live.
    #[serde(default)]
    pub device: DeviceKind,
    /// The pictures to train on.
    pub data: ImagePart,
    /// Pictures to judge by, which training never sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<ImagePart>,
    /// Share of every class that is held out of training, to choose the epoch by.
    #[serde(default = "default_validation")]
    pub validation: f64,
    /// On which pictures the epoch is chosen.
    #[serde(default)]
    pub choose_on: ChooseOn,
    /// How pictures change while a network learns, and how bytes become numbers.
    #[serde(default)]
    pub augment: Augment,
    /// The classifier.
    #[serde(default)]
    pub train: TrainOptions,
    /// The file of the trained network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
    /// The page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportPart>,
}

/// On which pictures the epoch is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChooseOn {
    /// On pictures that are held out of the training data.
    #[default]
    Validation,
    /// On the test pictures, as the papers do: scores on them are then too good, and the report says so.
    Test,
    /// On none: the last epoch is taken.
    Nothing,
}

fn default_seed() -> u64 {
    42
}

fn default_validation() -> f64 {
    0.1
}

impl ImageExperiment {
    /// Reads a description: defaults, then the text of a file (`place` names it in messages), then single settings by their
    /// path, as `("train.epochs", 40)`.
    pub fn merged(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let mut table: Table = parsed(place, text)?;
        for (path, value) in settings {
            set(&mut table, &path, value)?;
        }
        if table.get("data").is_none_or(|data| data.get("path").is_none()) {
            return Err(Error::Config {
                place: place.into(),
                problem: "no pictures to read are named".into(),
                hint: Some("write the file or folder under `[data]` as `path = \"pictures\"`".into()),
            });
        }
        Self::deserialize(table).map_err(|error| Error::Config {
            place: place.into(),
            problem: error.message().trim().to_owned(),
            hint: None,
        })
    }

    /// The merged description as TOML, from which the run can be repeated.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::Config {
            place: "the description of the run".into(),
            problem: error.to_string(),
            hint: None,
        })
    }
}

//! Pictures: training a classifier on them, judging it, and balancing them with decoded latent rows.

mod adjust;
mod deep_smote;
mod deep_smote_page;
mod evaluate;
mod foreign;
mod sets;
mod training;

use std::path::PathBuf;

use counterpoise_data::Augment;
use counterpoise_deep::{ChooseBy, DeviceKind, TrainOptions};
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::networks::{ChooseOn, blame_training, described};
use crate::{Error, ReportPart};

pub use adjust::{AdjustOptions, Adjusted, Adjustment, adjust_classifier};
pub use deep_smote::{
    BalancedPart, DeepSmoteExperiment, DeepSmoteFit, DeepSmoteModel, MadeImages, QualityPart, WrittenBalance,
    fit_deep_smote,
};
pub use deep_smote_page::{FirstPictures, deep_smote_page, first_pictures, quality_table};
pub(crate) use evaluate::judge;
pub use evaluate::{EvaluateOptions, evaluate_images, evaluated_page};
pub use foreign::ForeignNetwork;
pub(crate) use sets::in_classes;
pub use sets::{ImagePart, Side};
pub(crate) use training::{Parts, parts};
pub use training::{train_images, training_page};

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
    /// Replaces the network of another training there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overwrite: bool,
    /// The page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportPart>,
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
        let table = described(place, text, settings)?;
        if table.get("data").is_none_or(|data| data.get("path").is_none()) {
            return Err(Error::Config {
                place: place.into(),
                problem: "no pictures to read are named".into(),
                hint: Some("write the file or folder under `[data]` as `path = \"pictures\"`".into()),
            });
        }
        Self::deserialize(table.clone()).map_err(|error| blame_training(place, &table, &error))
    }

    /// How the network is trained, as its file says it: without rows to choose the epoch on, the last one is taken.
    pub(crate) fn wanted_options(&self) -> TrainOptions {
        let mut options = self.train.clone();
        if self.choose_on == ChooseOn::Nothing {
            options.choose_by = ChooseBy::Last;
        }
        options
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

#[cfg(test)]
mod tests {
    use counterpoise_deep::Loss;

    use super::*;

    const TEXT: &str = "[data]\npath = \"p\"\n[train]\nnetwork = \"lenet\"\n";

    fn error(text: &str) -> String {
        ImageExperiment::merged("x.toml", text, Vec::new())
            .expect_err(text)
            .to_string()
    }

    #[test]
    fn what_is_written_is_read_again() {
        for name in Loss::names() {
            let settings = vec![("train.loss".to_owned(), Value::from(*name))];
            let merged = ImageExperiment::merged("x.toml", TEXT, settings).expect(name);
            let again = ImageExperiment::merged("x.toml", &merged.to_toml().expect(name), Vec::new());
            assert_eq!(again.expect(name), merged);
        }
    }

    #[test]
    fn options_of_a_loss_go_with_its_name_alone() {
        let settings = vec![
            ("train.loss".to_owned(), Value::from("FOCAL")),
            ("train.loss.gamma".to_owned(), Value::from(1.5)),
        ];
        let merged = ImageExperiment::merged("x.toml", TEXT, settings).expect("it is right");
        let Loss::Focal(focal) = merged.train.loss else {
            panic!("{:?}", merged.train.loss)
        };
        assert!((focal.gamma - 1.5).abs() < 1e-12);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            error("[train]\nepochs = 3\n"),
            "x.toml: no pictures to read are named"
        );
        assert_eq!(
            error(&format!("{TEXT}epochs = 0\n")),
            "x.toml: `train.epochs = 0`: invalid value: integer `0`, expected a whole number, 1 or more"
        );
        assert!(error(&format!("{TEXT}loss = \"focla\"\n")).contains("`focla`"));
        assert!(
            error(&format!("{TEXT}optimizer = {{ sgd = {{}}, adam = {{}} }}\n"))
                .contains("names sgd and adam")
        );
        assert!(
            error(&TEXT.replace("path = \"p\"", "path = \"p\"\nkept = 1"))
                .contains("`data`: unknown field `kept`")
        );
    }
}

//! Pictures: training a classifier on them, judging it, and balancing them with decoded latent rows.

mod adjust;
mod deep_smote;
mod deep_smote_page;
mod evaluate;
mod sets;
mod training;

use std::path::PathBuf;

use counterpoise_data::Augment;
use counterpoise_deep::{DeviceKind, Loss, TrainOptions};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::merge::{blame_part, in_plain_words, parsed, set};
use crate::{Error, ReportPart};

pub use adjust::{AdjustOptions, Adjusted, Adjustment, adjust_classifier};
pub use deep_smote::{
    BalancedPart, DeepSmoteExperiment, DeepSmoteFit, DeepSmoteModel, MadeImages, QualityPart, WrittenBalance,
    fit_deep_smote,
};
pub use deep_smote_page::{FirstPictures, deep_smote_page, first_pictures, quality_table};
pub use evaluate::{EvaluateOptions, Evaluated, evaluate_images, evaluated_page};
pub use sets::{ImagePart, Side};
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
            name_as_table(&mut table, &path);
            set(&mut table, &path, value)?;
        }
        if let Some(Value::Table(train)) = table.get_mut("train") {
            name_loss(train)?;
            one_optimizer(place, train)?;
        }
        if table.get("data").is_none_or(|data| data.get("path").is_none()) {
            return Err(Error::Config {
                place: place.into(),
                problem: "no pictures to read are named".into(),
                hint: Some("write the file or folder under `[data]` as `path = \"pictures\"`".into()),
            });
        }
        Self::deserialize(table.clone()).map_err(|error| blame_pictures(place, &table, &error))
    }

    /// Whether a description is one of pictures.
    pub fn is_described(place: &str, text: &str) -> Result<bool, Error> {
        Ok(parsed(place, text)?.contains_key("train"))
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

/// Options that are a name alone or a table with `name`.
const NAMED: [&str; 3] = ["train.loss", "train.mix", "train.schedule.decay"];

/// Makes room for an option of something that is written as its name alone: `loss = "focal"` and `train.loss.gamma`.
fn name_as_table(table: &mut Table, path: &str) {
    let Some(named) = NAMED.iter().find(|named| {
        path.strip_prefix(**named)
            .is_some_and(|rest| rest.starts_with('.'))
    }) else {
        return;
    };
    let mut inner = Some(&mut *table);
    let mut parts = named.split('.').peekable();
    while let (Some(part), Some(here)) = (parts.next(), inner.take()) {
        let entry = here.get_mut(part);
        if parts.peek().is_some() {
            inner = entry.and_then(Value::as_table_mut);
        } else if let Some(entry) = entry
            && let Some(name) = entry.as_str()
        {
            *entry = Value::Table([("name".to_owned(), Value::from(name))].into_iter().collect());
        }
    }
}

/// Gives the loss its full name, or says which losses there are; options without a name are those of the default loss.
fn name_loss(train: &mut Table) -> Result<(), Error> {
    let known = |name: &str| Loss::from_name(name).map(|loss| Value::from(loss.name()));
    match train.get_mut("loss") {
        Some(Value::String(name)) => {
            let name = known(name)?;
            train.insert("loss".into(), name);
        }
        Some(Value::Table(loss)) => {
            let name = match loss.get("name") {
                Some(Value::String(name)) => known(name)?,
                Some(_) => return Ok(()),
                None => Value::from(Loss::default().name()),
            };
            loss.insert("name".into(), name);
        }
        _ => {}
    }
    Ok(())
}

/// Refuses options of two optimizers at once.
fn one_optimizer(place: &str, train: &Table) -> Result<(), Error> {
    match train.get("optimizer") {
        Some(Value::Table(optimizer)) if optimizer.len() > 1 => {
            let names: Vec<&str> = optimizer.keys().map(String::as_str).collect();
            Err(Error::Config {
                place: place.into(),
                problem: format!("`train.optimizer` names {}", names.join(" and ")),
                hint: Some(
                    "keep one; `--optimizer adam` and options of `train.optimizer.adam` go together".into(),
                ),
            })
        }
        _ => Ok(()),
    }
}

/// Names the setting that a description of pictures fails for.
fn blame_pictures(place: &str, table: &Table, error: &toml::de::Error) -> Error {
    let Some(Value::Table(train)) = table.get("train") else {
        return blame_part(place, error);
    };
    // What is told apart by a name loses the path of the field that is wrong: each option is tried alone.
    for (option, value) in train {
        let alone: Table = [(option.clone(), value.clone())].into_iter().collect();
        let Err(error) = TrainOptions::deserialize(alone) else {
            continue;
        };
        let page = match (option.as_str(), value) {
            ("loss", Value::Table(loss)) => loss.get("name").and_then(Value::as_str).unwrap_or("losses"),
            ("loss", _) => "losses",
            _ => "train",
        };
        let value = value.to_string();
        let value = value.trim();
        return Error::Config {
            place: place.into(),
            problem: format!("`train.{option} = {value}`: {}", in_plain_words(error.message())),
            hint: Some(format!("`counterpoise describe {page}` lists the options")),
        };
    }
    blame_part(place, error)
}

#[cfg(test)]
mod tests {
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

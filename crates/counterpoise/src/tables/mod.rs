//! Networks over tables: training one, and judging it on other tables.

mod encoding;
mod evaluate;
mod training;

use std::path::PathBuf;

use counterpoise_data::{Imbalance, Missing, ReadOptions};
use counterpoise_deep::{DeviceKind, TrainOptions};
use counterpoise_sampling::Chooser;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::experiment::DataPart;
use crate::networks::{ChooseOn, blame_training, described};
use crate::{Error, Experiment, ReportPart};

pub use encoding::TableEncoding;
pub use evaluate::{EvaluateTableOptions, evaluate_table, evaluated_table_page};
pub(crate) use evaluate::{Opened, open_alike};
pub(crate) use training::RowSet;
pub use training::{table_training_page, train_table};

/// A training on a table: what a TOML file with a table `[train]` and a target says, after defaults and flags are merged into it.
///
/// The same description, seed and device give the same network, bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TableExperiment {
    /// Root of everything random.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Where tensors live.
    #[serde(default)]
    pub device: DeviceKind,
    /// The table to train on.
    pub data: TablePart,
    /// Rows to judge by, which training never sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestTable>,
    /// Share of every class that is held out of training, to choose the epoch by.
    #[serde(default = "default_validation")]
    pub validation: f64,
    /// On which rows the epoch is chosen.
    #[serde(default)]
    pub choose_on: ChooseOn,
    /// The classifier.
    #[serde(default = "TrainOptions::for_tables")]
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

/// The table `[data]` of a training on a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TablePart {
    /// The file.
    pub path: PathBuf,
    /// The column of classes.
    pub target: String,
    /// The column that names rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Columns that the network does not see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// What happens to missing values: with `impute` and `distance`, what stands in for them is learnt from the rows trained on.
    #[serde(default)]
    pub missing: Missing,
    /// Makes the data imbalanced first, for experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// How the file is read.
    #[serde(default)]
    pub read: ReadOptions,
}

/// The table `[test]` of a training on a table: its columns are found by the names that they have in `[data]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TestTable {
    /// The file.
    pub path: PathBuf,
    /// How it is read; like the table trained on if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadOptions>,
}

fn default_seed() -> u64 {
    42
}

fn default_validation() -> f64 {
    0.1
}

impl TableExperiment {
    /// Reads a description: defaults, then the text of a file (`place` names it in messages), then single settings by their
    /// path, as `("train.epochs", 40)`.
    pub fn merged(place: &str, text: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let mut table = described(place, text, settings)?;
        let train = table.entry("train").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(train) = train {
            fill_in(train);
        }
        for (name, what) in [("path", "file to read"), ("target", "column of classes")] {
            if table.get("data").is_none_or(|data| data.get(name).is_none()) {
                return Err(Error::Config {
                    place: place.into(),
                    problem: format!("no {what} is named"),
                    hint: Some(format!("write it under `[data]` as `{name} = \"…\"`")),
                });
            }
        }
        let experiment =
            Self::deserialize(table.clone()).map_err(|error| blame_training(place, &table, &error))?;
        if !experiment.train.network.reads_rows() {
            return Err(Error::Config {
                place: "train.network".into(),
                problem: format!(
                    "{} reads pictures, and `{}` is a table",
                    experiment.train.network.name(),
                    experiment.data.path.display()
                ),
                hint: Some("use `--network mlp`, or leave it out".into()),
            });
        }
        Ok(experiment)
    }

    /// The merged description as TOML, from which the run can be repeated.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|error| Error::Config {
            place: "the description of the run".into(),
            problem: error.to_string(),
            hint: None,
        })
    }

    /// The same table for whoever reads one.
    fn as_experiment(&self) -> Experiment {
        let data = &self.data;
        Experiment {
            seed: self.seed,
            chooser: Chooser::default(),
            data: DataPart {
                path: data.path.clone(),
                target: data.target.clone(),
                groups: Vec::new(),
                bins: std::collections::BTreeMap::new(),
                group_file: None,
                weight: None,
                id: data.id.clone(),
                ignore: data.ignore.clone(),
                missing: data.missing,
                imbalance: data.imbalance.clone(),
                read: data.read.clone(),
            },
            method: None,
            compare: None,
            output: None,
            report: None,
        }
    }
}

/// Puts what a table is trained with where nothing is said. Whoever names another optimizer than Adam gets the schedule of
/// that one.
fn fill_in(train: &mut Table) {
    let Ok(usual) = Table::try_from(TrainOptions::for_tables()) else {
        return;
    };
    for option in ["network", "optimizer"] {
        if let (None, Some(value)) = (train.get(option), usual.get(option)) {
            train.insert(option.into(), value.clone());
        }
    }
    let by_adam = train
        .get("optimizer")
        .and_then(Value::as_table)
        .is_some_and(|optimizer| optimizer.contains_key("adam"));
    let schedule = train
        .entry("schedule")
        .or_insert_with(|| Value::Table(Table::new()));
    if let (true, Value::Table(schedule), Some(Value::Table(usual))) =
        (by_adam, schedule, usual.get("schedule"))
    {
        for (name, value) in usual {
            schedule.entry(name.as_str()).or_insert_with(|| value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_deep::{Architecture, Loss, Optimizer, Schedule};

    use super::*;

    const TEXT: &str = "[data]\npath = \"t.csv\"\ntarget = \"y\"\n[train]\n";

    fn merged(more: &str) -> Result<TableExperiment, String> {
        TableExperiment::merged("x.toml", &format!("{TEXT}{more}"), Vec::new())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_suits_a_table() {
        assert_eq!(merged("").unwrap().train, TrainOptions::for_tables());
        let rate = merged("schedule = { rate = 0.01 }\n").unwrap().train;
        assert_eq!(rate.schedule, Schedule::constant(0.01));
        let other = merged("optimizer = { sgd = {} }\n").unwrap().train;
        assert_eq!(
            (other.optimizer, other.schedule),
            (Optimizer::default(), Schedule::default())
        );
        let hidden = merged("network = { name = \"mlp\", hidden = [8] }\n")
            .unwrap()
            .train;
        assert_eq!(hidden.network, Architecture::Mlp { hidden: vec![8] });
    }

    #[test]
    fn what_is_written_is_read_again() {
        for name in Loss::names() {
            let settings = vec![("train.loss".to_owned(), Value::from(*name))];
            let merged = TableExperiment::merged("x.toml", TEXT, settings).expect(name);
            let again = TableExperiment::merged("x.toml", &merged.to_toml().expect(name), Vec::new());
            assert_eq!(again.expect(name), merged);
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            merged("network = \"lenet\"\n").unwrap_err(),
            "train.network: lenet reads pictures, and `t.csv` is a table"
        );
        assert_eq!(
            merged("epochs = 0\n").unwrap_err(),
            "x.toml: `train.epochs = 0`: invalid value: integer `0`, expected a whole number, 1 or more"
        );
        let error = TableExperiment::merged("x.toml", "[data]\npath = \"t.csv\"\n", Vec::new());
        assert_eq!(
            error.unwrap_err().to_string(),
            "x.toml: no column of classes is named"
        );
        assert!(
            merged("[augment]\nflip = true\n")
                .unwrap_err()
                .contains("unknown field `augment`")
        );
    }
}

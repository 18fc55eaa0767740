//! Flags of `counterpoise explain`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use counterpoise::{
    Against, EmbeddingOptions, Explain, ExplainEmbeddings, ExplainNetwork, ExplainSubject, Kinship,
    NetworkData, Reads, TestRows, Typed,
};

use crate::eos_flags::kind_of_head;
use crate::image_flags::{
    DeviceFlags, ForeignFlags, PictureReadFlags, SeedFlags, SetFlags, part, rest_of_side,
};
use crate::look_flags::LookFlags;
use crate::settings::{set_by_path, wrong};

#[derive(Args)]
pub(crate) struct ExplainFlags {
    /// File of a network that `train` or `eos` wrote, weights of another program with `--network`, or, over exported features, a last layer or a table of weights
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) foreign: ForeignFlags,
    /// Pictures or a table that the network was trained on
    #[arg(long, value_name = "DATA", conflicts_with = "train_rows")]
    pub(crate) data: Option<PathBuf>,
    /// What the model is judged by: other pictures, another table, `same` for the test part of the same data or what `--side training:…` leaves; with `--train`, a file of features [default: the test part, else what training held out]
    #[arg(long, value_name = "DATA")]
    pub(crate) test: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) look: LookFlags,
    /// File of features of training rows: `eos extract` wrote it, or any NPZ, NPY, safetensors, Parquet or CSV
    #[arg(
        long = "train",
        id = "train_rows",
        value_name = "FEATURES",
        help_heading = "Features of any program"
    )]
    pub(crate) train: Option<PathBuf>,
    /// Last layer over these features: a PyTorch state dict, safetensors, a file of `eos head`, or a table of the weights of a linear model [default: MODEL, or `head.weight` and `head.bias` beside the features]
    #[arg(long, value_name = "FILE", help_heading = "Features of any program")]
    pub(crate) head: Option<PathBuf>,
    /// Array of features [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "Features of any program")]
    pub(crate) feature_column: Option<String>,
    /// Array or column of predicted classes [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "Features of any program")]
    pub(crate) prediction_column: Option<String>,
    /// Column that is no feature; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Features of any program")]
    pub(crate) ignore: Vec<String>,
    /// File of classes of the test rows, for features that come without; `--labels` is that of the training rows [default: in the same file, or `X-labels.npy` beside `X.npy`]
    #[arg(long, value_name = "FILE", help_heading = "Features of any program")]
    pub(crate) test_labels: Option<PathBuf>,
    /// What a last layer computes that has no bias and does not say so: products, or cosines [default: linear]
    #[arg(long, value_parser = ["linear", "cosine"], help_heading = "Features of any program")]
    pub(crate) head_kind: Option<String>,
    /// Take the predictions of the last layer, whatever stands in the files
    #[arg(long, help_heading = "Features of any program")]
    pub(crate) ignore_predictions: bool,
    /// Table of the classes of the nearest training rows alone, without a model: columns `actual`, `pred`, `N0`, `N1`, …
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "data", "train_rows", "test", "head", "report", "tables"], help_heading = "Features of any program")]
    pub(crate) neighbors: Option<PathBuf>,
    /// Table of the largest contributions of each row alone, without a model: columns `Tar`, `Pred`, `Len`, `I0`, `I1`, …, `M0`, `M1`, …
    #[arg(long, value_name = "FILE", conflicts_with_all = ["neighbors", "model", "data", "train_rows", "test", "head", "report", "tables"], help_heading = "Features of any program")]
    pub(crate) largest: Option<PathBuf>,
    /// Second model to compare with: a network, or a last layer over the same features
    #[arg(long, value_name = "MODEL", help_heading = "Two models")]
    pub(crate) against: Option<PathBuf>,
    /// Features that the second model has of the same test rows
    #[arg(long, value_name = "FEATURES", help_heading = "Two models")]
    pub(crate) against_test: Option<PathBuf>,
    /// What both models have in common: nothing, the weights that training began with, or all but the last layer [default: found out]
    #[arg(long, value_parser = ["none", "initialisation", "extractor"], help_heading = "Two models")]
    pub(crate) kinship: Option<String>,
    /// Refused with what to type instead: `train` has it, and who comes from there types it
    #[arg(long, short, value_name = "COLUMN", hide = true)]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// Also write a page
    #[arg(long, visible_alias = "out", value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Also write every number into a folder, as CSV and JSON
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tables: Option<PathBuf>,
    /// Replace tables that are there
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

impl ExplainFlags {
    pub(crate) fn options(&self) -> Result<Explain> {
        if self.target.is_some() {
            return Err(wrong(
                "--target",
                "a network knows its column of classes".into(),
                "leave it out; the column of classes of features is named with `--label-column`",
            ));
        }
        let typed = typed();
        let named = [&self.model, &self.data, &self.head, &self.train, &self.test];
        if named.into_iter().all(Option::is_none) {
            return Err(wrong(
                "explain",
                "there is neither a model nor features".into(),
                "name a network and its data, `counterpoise explain net.safetensors --data DATA`, or features of any program that hold their last layer or stand beside one, `counterpoise explain --train train.npz --test test.npz --head head.safetensors`",
            ));
        }
        let subject = match (&self.model, &self.data) {
            (Some(model), Some(data)) => ExplainSubject::Network(Box::new(self.network(model, data)?)),
            (_, Some(_)) => {
                return Err(wrong(
                    "--data",
                    "there is no network to look at it".into(),
                    "name its file first: `counterpoise explain net.safetensors --data DATA`",
                ));
            }
            _ => ExplainSubject::Embeddings(Box::new(self.embeddings()?)),
        };
        let against = (self.against.is_some() || self.against_test.is_some()).then(|| Against {
            model: self.against.clone(),
            test: self.against_test.clone(),
            kinship: self.kinship.as_deref().map(|kinship| match kinship {
                "initialisation" => Kinship::Initialisation,
                "extractor" => Kinship::Extractor,
                _ => Kinship::None,
            }),
        });
        if let (ExplainSubject::Network(_), Some(_)) = (&subject, &self.against_test) {
            return Err(wrong(
                "--against-test",
                "the second network looks at the test rows itself".into(),
                "leave it out, and name the network with `--against`",
            ));
        }
        Ok(Explain {
            subject,
            against,
            analysis: Explain::analysis(set_by_path(&self.set.set)?, self.seed.seed)?,
            device: self.device.kind(),
            typed,
        })
    }

    fn network(&self, model: &std::path::Path, data: &std::path::Path) -> Result<ExplainNetwork> {
        let given = [
            ("--head", self.head.is_some()),
            ("--feature-column", self.feature_column.is_some()),
            ("--prediction-column", self.prediction_column.is_some()),
            ("--ignore-predictions", self.ignore_predictions),
            ("--test-labels", self.test_labels.is_some()),
            ("--head-kind", self.head_kind.is_some()),
        ];
        if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(wrong(
                flag,
                "it is for features that were extracted before, and a network extracts its own".into(),
                "leave it out, or name features with `--train` and `--test` instead of `--data`",
            ));
        }
        let reads = self.look.reads(&self.foreign, model, data)?;
        let same = self
            .test
            .as_deref()
            .is_some_and(|test| test.as_os_str() == "same");
        let test = match reads {
            Reads::Pictures => {
                let of_same = || -> Result<NetworkData> {
                    Ok(NetworkData::Pictures(rest_of_side(data, &self.look.reading)?))
                };
                match &self.test {
                    Some(_) if same => TestRows::Data(of_same()?),
                    Some(test) => {
                        TestRows::Data(NetworkData::Pictures(part_of_other(test, &self.look.reading)?))
                    }
                    None => TestRows::PartOrHeldOut(of_same()?),
                }
            }
            Reads::Rows => {
                if same {
                    return Err(wrong(
                        "--test",
                        "a table has no test part".into(),
                        "name another table, or leave it out",
                    ));
                }
                match &self.test {
                    Some(test) => TestRows::Data(NetworkData::Table {
                        path: test.clone(),
                        read: self.look.table.options()?,
                        imbalance: None,
                    }),
                    None => TestRows::HeldOut,
                }
            }
        };
        Ok(ExplainNetwork {
            network: model.to_path_buf(),
            foreign: self.foreign.read()?,
            data: self.look.data(reads, data)?,
            held_out: self.look.validation,
            test,
        })
    }

    fn embeddings(&self) -> Result<ExplainEmbeddings> {
        let Some(test) = &self.test else {
            return Err(match self.train {
                Some(_) => wrong(
                    "--test",
                    "there are no test rows".into(),
                    "name their features: `--test test.npz`",
                ),
                None => wrong(
                    "--data",
                    "there are no rows to explain the model by".into(),
                    "give what a network was trained on, `--data DATA`, or exported features, `--train train.npz --test test.npz`",
                ),
            });
        };
        let mut read = EmbeddingOptions::default();
        let labels = self.look.reading.labels.clone();
        let (labels, test_labels) = match (&self.train, &self.test_labels) {
            // Without training rows there is one file alone.
            (None, None) => (None, labels),
            (_, given) => (labels, given.clone()),
        };
        read.labels = labels;
        read.head = self.head_kind.as_deref().map(kind_of_head);
        read.classes.clone_from(&self.look.reading.class_names);
        read.feature_column.clone_from(&self.feature_column);
        read.label_column.clone_from(&self.look.reading.label_column);
        read.prediction_column.clone_from(&self.prediction_column);
        read.ignore.clone_from(&self.ignore);
        read.table = self.look.table.options()?;
        Ok(ExplainEmbeddings {
            train: self.train.clone(),
            test: test.clone(),
            head: self.head.clone().or_else(|| self.model.clone()),
            read,
            test_labels,
            ignore_predictions: self.ignore_predictions,
        })
    }
}

/// How all this was typed.
fn typed() -> Typed {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let start = words
        .iter()
        .position(|word| word == "explain")
        .map_or(0, |place| place + 1);
    let words = &words[start..];
    let of = |names: &[&str]| flags_among(words, |name| names.contains(&name));
    Typed {
        reading: of(&READING),
        test: of(&["--test"]),
        foreign: of(&["--network", "--normalisation"]),
        validation: of(&["--validation"]),
        subject: without(words, &OUTPUTS),
    }
}

/// Flags that say which rows there are and how they are read; `train`, `eos`, `adjust` and `deepsmote` have them too.
const READING: [&str; 28] = [
    "--format",
    "--split",
    "--side",
    "--labels",
    "--class-names",
    "--size",
    "--resize",
    "--channels",
    "--alpha",
    "--corrupt",
    "--image-column",
    "--label-column",
    "--hair",
    "--imbalance",
    "--feature-column",
    "--prediction-column",
    "--head-kind",
    "--ignore",
    "--separator",
    "--names",
    "--comment",
    "--na",
    "--kind",
    "--label",
    "--decimal-comma",
    "--no-header",
    "--rename-duplicates",
    "--latin1",
];

/// Flags that say where results go, and what was compared.
const OUTPUTS: [&str; 10] = [
    "--report",
    "--out",
    "--tables",
    "--overwrite",
    "--json",
    "--quiet",
    "--against",
    "--against-test",
    "--kinship",
    "--threads",
];

/// Flags that take no value.
const ALONE: [&str; 9] = [
    "--decimal-comma",
    "--no-header",
    "--no-trim",
    "--rename-duplicates",
    "--latin1",
    "--overwrite",
    "--json",
    "--quiet",
    "--ignore-predictions",
];

/// Parts words into flags with their values, and others.
fn grouped(words: &[String]) -> Vec<(Option<&str>, &[String])> {
    let mut groups = Vec::new();
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let name = word
            .starts_with("--")
            .then(|| word.split('=').next().unwrap_or(word));
        let value = name.is_some_and(|name| !word.contains('=') && !ALONE.contains(&name));
        let end = (place + 1 + usize::from(value)).min(words.len());
        groups.push((name, &words[place..end]));
        place = end;
    }
    groups
}

fn flags_among(words: &[String], keep: impl Fn(&str) -> bool) -> Vec<String> {
    let kept = grouped(words)
        .into_iter()
        .filter(|(name, _)| name.is_some_and(&keep));
    kept.flat_map(|(_, words)| words.to_vec()).collect()
}

fn without(words: &[String], names: &[&str]) -> Vec<String> {
    let kept = grouped(words)
        .into_iter()
        .filter(|(name, _)| name.is_none_or(|name| !names.contains(&name)));
    kept.flat_map(|(_, words)| words.to_vec()).collect()
}

/// Other pictures to judge by: side, labels and part are those of the training pictures.
fn part_of_other(data: &std::path::Path, reading: &PictureReadFlags) -> Result<counterpoise::ImagePart> {
    let mut part = part(data, reading, Some("test"), None)?;
    part.side = None;
    part.read.labels = None;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn flags_keep_their_values() {
        let typed = words(
            "net.safetensors --data p --side training:0.3 --json --out r.html --tables=t --latin1 --test same",
        );
        assert_eq!(
            flags_among(&typed, |name| READING.contains(&name)),
            words("--side training:0.3 --latin1")
        );
        assert_eq!(
            without(&typed, &OUTPUTS),
            words("net.safetensors --data p --side training:0.3 --latin1 --test same")
        );
    }
}

//! Flags of `counterpoise eos`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, Args, Subcommand};
use counterpoise::{
    EmbeddingOptions, EosOptions, EosRun, Extract, ExtractedRows, ForeignNetwork, HeadKind, HeadMethod,
    HeadOptions, ImageExperiment,
};
use toml::Value;

use crate::image_flags::{DeviceFlags, ForeignFlags, SeedFlags, SetFlags, TrainFlags, part};
use crate::look_flags::LookFlags;
use crate::settings::{ReadFlags, Settings, path, set_by_path, wrong};

#[derive(Subcommand)]
pub(crate) enum EosCommand {
    /// Phase one: train a network, as `train` does, with a border of 4 pixels and mirrored pictures unless told otherwise
    Train(Box<TrainFlags>),
    /// Write what a network sees of pictures or rows: feature embeddings, classes and predictions
    Extract(Box<ExtractFlags>),
    /// Phase two: make rows of rare classes out of embeddings of any network
    Augment(Box<AugmentFlags>),
    /// Phase three: train a last layer on embeddings
    Head(Box<HeadFlags>),
    /// Put a last layer into a network
    Assemble(AssembleFlags),
    /// All phases, judged before and after, beside other heads over the same embeddings
    #[command(mut_args = of_pictures)]
    Run(Box<RunFlags>),
}

/// Hides what tables alone need; where it is typed all the same, an error says what to type instead.
fn of_pictures(flag: Arg) -> Arg {
    let hidden = flag.get_help_heading() == Some("Tables");
    flag.hide(hidden)
}

#[derive(Args)]
pub(crate) struct ExtractFlags {
    /// File of a network that `train` wrote, or weights of another program
    #[arg(value_name = "NETWORK")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) foreign: ForeignFlags,
    /// Pictures or a table to look at
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) look: LookFlags,
    /// Which of them: all, or one side of what training held out [default: all]
    #[arg(long, value_name = "ROWS", value_parser = ["all", "training", "held-out"])]
    pub(crate) rows: Option<String>,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    #[command(flatten)]
    pub(crate) written: EmbeddingOutputFlags,
}

/// Where embeddings go.
#[derive(Args)]
pub(crate) struct EmbeddingOutputFlags {
    /// File to write: `.safetensors`, `.npz`, `.parquet` or `.csv`
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Where weights go.
#[derive(Args)]
pub(crate) struct WeightOutputFlags {
    /// File to write
    #[arg(long, short, value_name = "FILE.safetensors")]
    pub(crate) output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// A file of embeddings.
#[derive(Args)]
pub(crate) struct FeatureFlags {
    /// File of embeddings: `eos extract` or `eos augment` wrote it, or any NPZ, NPY, safetensors, Parquet or CSV
    #[arg(value_name = "FEATURES")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) reading: EmbeddingFlags,
}

/// How files of embeddings are read.
#[derive(Args)]
pub(crate) struct EmbeddingFlags {
    /// File of classes, for features that come without [default: in the same file]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Names of classes in the order of their codes, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) class_names: Vec<String>,
    /// Array of features [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(crate) feature_column: Option<String>,
    /// Array or column of classes [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,
    /// Array or column of predicted classes [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(crate) prediction_column: Option<String>,
    /// Column that is no feature; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) ignore: Vec<String>,
    /// What a last layer computes that has no bias and does not say so: products, or cosines [default: linear]
    #[arg(long, value_parser = ["linear", "cosine"])]
    pub(crate) head_kind: Option<String>,
    #[command(flatten)]
    table: ReadFlags,
}

/// What `--head-kind` takes.
pub(crate) fn kind_of_head(name: &str) -> HeadKind {
    match name {
        "cosine" => HeadKind::Cosine,
        _ => HeadKind::Linear,
    }
}

/// How rows are made and heads are trained.
#[derive(Args)]
pub(crate) struct MakingFlags {
    /// What makes rows: any method of `counterpoise describe` [default: eos]
    #[arg(long, short, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// Neighbours among which enemies are found; several, separated by commas, are tried on validation rows [default: 10]
    #[arg(long, value_name = "K", value_delimiter = ',')]
    pub(crate) k_neighbors: Vec<u32>,
    /// Largest step towards an enemy, above 0 and at most 1; several, separated by commas, are tried on validation rows [default: 1]
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    pub(crate) r_max: Vec<f64>,
    /// What classes synthetic rows are of: the base's, or those of both parents by the way between them [default: hard]
    #[arg(long, value_name = "KIND", value_parser = ["hard", "soft"])]
    pub(crate) row_labels: Option<String>,
}

#[derive(Args)]
pub(crate) struct AugmentFlags {
    #[command(flatten)]
    pub(crate) features: FeatureFlags,
    #[command(flatten)]
    pub(crate) making: MakingFlags,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) written: EmbeddingOutputFlags,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

#[derive(Args)]
pub(crate) struct HeadFlags {
    #[command(flatten)]
    pub(crate) features: FeatureFlags,
    /// File of embeddings to judge by
    #[arg(long, value_name = "FILE")]
    pub(crate) validation: Option<PathBuf>,
    /// Network or head to compare with, and to begin with after `--start warm`
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// First weights: at random, or those of `--from` [default: fresh]
    #[arg(long, value_parser = ["fresh", "warm"])]
    pub(crate) start: Option<String>,
    /// What the head computes [default: linear]
    #[arg(long, value_parser = ["linear", "cosine"])]
    pub(crate) head: Option<String>,
    /// Loss; `counterpoise describe losses` lists them [default: cross-entropy]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) loss: Option<String>,
    /// How often the rows are gone through [default: 10]
    #[arg(long, short)]
    pub(crate) epochs: Option<u32>,
    /// What the epoch is chosen by on validation rows [default: last]
    #[arg(long, value_parser = ["balanced-accuracy", "macro-f1", "last"])]
    pub(crate) choose_by: Option<String>,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    #[command(flatten)]
    pub(crate) written: WeightOutputFlags,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

#[derive(Args)]
pub(crate) struct AssembleFlags {
    /// File of a network that `train` wrote
    pub(crate) network: PathBuf,
    /// File of a head: `eos head` wrote it, or PyTorch
    pub(crate) head: PathBuf,
    #[command(flatten)]
    pub(crate) written: WeightOutputFlags,
}

#[derive(Args)]
pub(crate) struct RunFlags {
    #[command(flatten)]
    pub(crate) training: TrainFlags,
    #[command(flatten)]
    pub(crate) making: MakingFlags,
    /// Network to begin with, instead of training one; weights of another program with `--network` and `--normalisation`
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// With weights of another program: how its pictures were normalised: signed, cifar, or means and deviations as `0.5,0.5,0.5/0.2,0.2,0.2`
    #[arg(long, value_name = "HOW", requires = "from")]
    pub(crate) normalisation: Option<String>,
    /// File of the network of phase one [default: beside the output, with `.first` in its name]
    #[arg(long, value_name = "FILE.safetensors", conflicts_with = "from")]
    pub(crate) first: Option<PathBuf>,
    /// Pictures to choose numbers on, instead of those that training held out
    #[arg(long, value_name = "DATA")]
    pub(crate) validation_data: Option<PathBuf>,
    /// Heads to compare with over the same embeddings, separated by commas; `counterpoise describe heads` lists them [default: all but balanced-svm, which takes long]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) compare: Option<Vec<String>>,
}

impl TrainFlags {
    /// The same with what the authors of EOS do to pictures, where nothing else was said.
    pub(crate) fn suited_to_eos(mut self) -> Self {
        if self.table.target.is_none() {
            self.pad.get_or_insert(4);
            self.flip = true;
        }
        self
    }
}

impl EmbeddingFlags {
    pub(crate) fn options(&self) -> Result<EmbeddingOptions> {
        let mut options = EmbeddingOptions::default();
        options.labels.clone_from(&self.labels);
        options.classes.clone_from(&self.class_names);
        options.feature_column.clone_from(&self.feature_column);
        options.label_column.clone_from(&self.label_column);
        options.prediction_column.clone_from(&self.prediction_column);
        options.ignore.clone_from(&self.ignore);
        options.head = self.head_kind.as_deref().map(kind_of_head);
        options.table = self.table.options()?;
        Ok(options)
    }
}

impl MakingFlags {
    /// Settings of phases two and three.
    fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        if let Some(method) = &self.method {
            settings.push(("method.name".into(), Value::from(method.clone())));
        }
        match self.k_neighbors[..] {
            [] => {}
            [k] => settings.push(("method.k_neighbors".into(), Value::from(k))),
            _ => settings.push(("choose.k_neighbors".into(), Value::from(self.k_neighbors.clone()))),
        }
        match self.r_max[..] {
            [] => {}
            [r] => settings.push(("method.r_max".into(), Value::from(r))),
            _ => settings.push(("choose.r_max".into(), Value::from(self.r_max.clone()))),
        }
        if let Some(labels) = &self.row_labels {
            settings.push(("row_labels".into(), Value::from(labels.clone())));
        }
        settings
    }
}

impl AugmentFlags {
    pub(crate) fn options(&self) -> Result<EosOptions> {
        let several = [
            ("--k-neighbors", self.making.k_neighbors.len() > 1),
            ("--r-max", self.making.r_max.len() > 1),
        ];
        if let Some((flag, _)) = several.into_iter().find(|(_, several)| *several) {
            return Err(wrong(
                flag,
                "several values are tried on validation rows, after a head is trained with each".into(),
                "give one value here, or several to `counterpoise eos run`",
            ));
        }
        let mut settings = self.making.settings();
        settings.extend(set_by_path(&self.set.set)?);
        Ok(EosOptions::default().merged("the command line", settings)?)
    }
}

impl HeadFlags {
    pub(crate) fn options(&self) -> Result<(HeadOptions, EosOptions)> {
        let mut settings = Settings::new();
        for (name, value) in [
            ("head.start", &self.start),
            ("head.head", &self.head),
            ("head.loss", &self.loss),
            ("head.choose_by", &self.choose_by),
        ] {
            if let Some(value) = value {
                settings.push((name.into(), Value::from(value.clone())));
            }
        }
        if let Some(epochs) = self.epochs {
            settings.push(("head.epochs".into(), Value::from(epochs)));
        }
        settings.extend(set_by_path(&self.set.set)?);
        let options = EosOptions::default().merged("the command line", settings)?;
        let files = HeadOptions {
            features: self.features.file.clone(),
            validation: self.validation.clone(),
            before: self.from.clone(),
            read: self.features.reading.options()?,
            device: self.device.kind(),
            seed: self.seed.seed,
            output: self.written.output.clone(),
            overwrite: self.written.overwrite,
        };
        Ok((files, options))
    }
}

impl ExtractFlags {
    pub(crate) fn options(&self) -> Result<Extract> {
        let reads = self.look.reads(&self.foreign, &self.file, &self.data)?;
        let data = self.look.data(reads, &self.data)?;
        Ok(Extract {
            network: self.file.clone(),
            foreign: self.foreign.read()?,
            data,
            rows: match self.rows.as_deref() {
                Some("training") => ExtractedRows::Training(self.look.validation),
                Some("held-out") => ExtractedRows::HeldOut(self.look.validation),
                _ => ExtractedRows::All,
            },
            device: self.device.kind(),
            output: self.written.output.clone(),
            overwrite: self.written.overwrite,
        })
    }
}

/// Settings of phases two and three, by where they begin.
const LATER: [&str; 4] = ["method.", "head.", "choose.", "row_labels"];

impl RunFlags {
    pub(crate) fn options(self) -> Result<EosRun> {
        let Self {
            training,
            making,
            from,
            normalisation,
            first,
            validation_data,
            compare,
        } = self;
        let mut training = training.suited_to_eos();
        if training.table.target.is_some() {
            return Err(wrong(
                "--target",
                "all phases at once are for pictures".into(),
                "for a table, go phase by phase: `train`, `eos extract`, `eos augment`, `eos head`, `eos assemble`",
            ));
        }
        let foreign = match (&from, &normalisation) {
            (Some(_), Some(how)) => Some(ForeignNetwork {
                network: Value::from(training.network.as_deref().unwrap_or("resnet32")).try_into()?,
                normalisation: ForeignNetwork::normalisation(how)?,
                guessed: false,
            }),
            _ => None,
        };
        let mut settings = making.settings();
        let (later, own): (Vec<String>, Vec<String>) = std::mem::take(&mut training.set.set)
            .into_iter()
            .partition(|set| LATER.iter().any(|start| set.trim_start().starts_with(start)));
        training.set.set = own;
        settings.extend(set_by_path(&later)?);
        let output = training.output.clone();
        let mut name = output.file_stem().unwrap_or_default().to_os_string();
        name.push(".first.safetensors");
        let first = first.unwrap_or_else(|| output.with_file_name(name));
        let overwrite = std::mem::take(&mut training.overwrite);
        let mut described = training.settings()?;
        described.retain(|(name, _)| !name.starts_with("report"));
        described.push(("output".into(), path(&first)?));
        // Side and labels are those of the training pictures.
        training.pictures.reading.side = None;
        training.pictures.reading.labels = None;
        let validation = validation_data
            .map(|data| part(&data, &training.pictures.reading, None, None))
            .transpose()?;
        let compare = match compare {
            None => HeadMethod::NAMES
                .iter()
                .map(|(_, method)| *method)
                .filter(|method| *method != HeadMethod::BalancedSvm)
                .collect(),
            Some(names) => names
                .iter()
                .filter(|name| !name.is_empty())
                .map(|name| HeadMethod::from_name(name))
                .collect::<Result<_, _>>()?,
        };
        Ok(EosRun {
            training: ImageExperiment::merged("the command line", "", described)?,
            from,
            foreign,
            validation,
            settings,
            compare,
            output,
            overwrite,
        })
    }
}

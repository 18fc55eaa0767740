//! Flags of commands over pictures.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use counterpoise::{
    AdjustOptions, Adjustment, CountTable, DeviceKind, Error, EvaluateOptions, ForeignNetwork, ImagePart,
    Reads, Strategy, check_reads, nearest_name, network_reads,
};
use toml::Value;

use crate::look_flags::LookFlags;
use crate::settings::{Settings, path, seed, set_by_path, wrong};
use crate::table_flags::{EvaluateTableFlags, TrainTableFlags};

/// Which pictures, and how they are read.
#[derive(Args)]
pub(crate) struct PictureFlags {
    /// Pictures: IDX, CIFAR binary, SVHN `.mat`, NPY or NPZ, Parquet, `CelebA`, or a folder with a folder for each class; `train` and `evaluate` take tables too
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) reading: PictureReadFlags,
}

/// What a file of weights is of that another program wrote.
#[derive(Args)]
pub(crate) struct ForeignFlags {
    /// For weights of another program (`.pth`, bare `.safetensors`): the network that they are of
    #[arg(long, value_name = "NAME", value_parser = ["resnet20", "resnet32", "resnet56", "resnet18", "lenet"])]
    pub(crate) network: Option<String>,
    /// With `--network`: how its pictures were normalised: signed, cifar, or means and deviations as `0.5,0.5,0.5/0.2,0.2,0.2` [default: signed, with a warning]
    #[arg(long, value_name = "HOW", requires = "network")]
    pub(crate) normalisation: Option<String>,
}

/// How pictures are read.
#[derive(Args)]
pub(crate) struct PictureReadFlags {
    /// What the file or folder is [default: found out]
    #[arg(long, value_parser = ["idx", "cifar-10", "cifar-100", "svhn", "celeba", "folder", "numpy", "parquet"])]
    pub(crate) format: Option<String>,
    /// Part of a folder or archive that has several [default: train; `evaluate` takes test where there is one]
    #[arg(long, value_name = "PART", value_parser = ["train", "validation", "test"])]
    pub(crate) split: Option<String>,
    /// One side of a split that is the same for every command and seed: `training:0.3` is what is left of each class when a share of 0.3 is held out, `held-out:0.3` is that share
    #[arg(long, value_name = "SIDE:SHARE")]
    pub(crate) side: Option<String>,
    /// File of labels or attributes [default: looked for beside the pictures]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Names of classes in the order of their codes, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) class_names: Vec<String>,
    /// Height and width to bring pictures to, as `32x32`
    #[arg(long, value_name = "SIZE")]
    pub(crate) size: Option<String>,
    /// What happens to pictures of another size [default: error]
    #[arg(long, value_parser = ["error", "scale", "pad", "crop"])]
    pub(crate) resize: Option<String>,
    /// Channels to bring pictures to [default: as they are stored]
    #[arg(long, value_parser = ["grey", "rgb"])]
    pub(crate) channels: Option<String>,
    /// What lies under pixels that are not opaque; `drop` takes the colour that is stored [default: white, with a warning]
    #[arg(long, value_parser = ["white", "black", "drop"])]
    pub(crate) alpha: Option<String>,
    /// What happens to pictures that cannot be decoded [default: error]
    #[arg(long, value_parser = ["error", "skip"])]
    pub(crate) corrupt: Option<String>,
    /// Array (NPZ) or column (Parquet) of pictures [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(crate) image_column: Option<String>,
    /// Array (NPZ) or column (Parquet) of labels [default: found out]
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,
    /// What happens to pictures of `CelebA` without exactly one hair class [default: skip]
    #[arg(long, value_parser = ["error", "skip"])]
    pub(crate) hair: Option<String>,
}

/// Pictures that are made imbalanced first.
#[derive(Args)]
pub(crate) struct PictureImbalanceFlags {
    /// Keep only some pictures of each class first: `long-tail:100`, `step:10`, counts as `4000,2000,…`, or the table of a paper such as `deepsmote-mnist`
    #[arg(long, value_name = "COUNTS")]
    pub(crate) imbalance: Option<String>,
}

/// What everything random grows from.
#[derive(Args)]
pub(crate) struct SeedFlags {
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

/// Where tensors live.
#[derive(Args)]
pub(crate) struct DeviceFlags {
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device: Device,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum Device {
    /// The processor
    #[default]
    Cpu,
    /// A graphics card of any vendor, in a build with `--features wgpu`
    Gpu,
    /// A graphics card of NVIDIA by CUDA, in a build with `--features cuda`
    Cuda,
}

/// Options by their path.
#[derive(Args)]
pub(crate) struct SetFlags {
    /// Set an option by its path, as in `--set train.optimizer.sgd.momentum=0.8` and `--set deepsmote.lambda=0.5`; `counterpoise describe train` and `deepsmote` list them
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct TrainFlags {
    #[command(flatten)]
    pub(crate) pictures: PictureFlags,
    #[command(flatten)]
    pub(crate) table: TrainTableFlags,
    #[command(flatten)]
    pub(crate) imbalance: PictureImbalanceFlags,
    /// Pictures to judge by, which training never sees; `same` takes the part `test` of the same data, or what `--side training:…` leaves
    #[arg(long, value_name = "DATA")]
    pub(crate) test: Option<PathBuf>,
    /// Network: resnet20, resnet32, resnet56, resnet18, lenet, mlp [default: resnet32; for tables mlp]
    #[arg(long, short, value_name = "NAME", value_parser = ["resnet20", "resnet32", "resnet56", "resnet18", "lenet", "mlp"])]
    pub(crate) network: Option<String>,
    /// Loss; `counterpoise describe losses` lists them [default: cross-entropy]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) loss: Option<String>,
    /// How often the pictures are gone through [default: 200]
    #[arg(long, short)]
    pub(crate) epochs: Option<u32>,
    /// Pictures a step [default: 128]
    #[arg(long)]
    pub(crate) batch: Option<u32>,
    /// Learning rate [default: 0.1 for sgd, with warm-up and steps; 0.001 for adam, constant]
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    /// How weights move [default: sgd; for tables adam]
    #[arg(long, value_parser = ["sgd", "adam"])]
    pub(crate) optimizer: Option<String>,
    /// Shares in which classes are drawn [default: instance-balanced]
    #[arg(long, value_name = "NAME", value_parser = ["instance-balanced", "class-balanced", "square-root", "progressively-balanced"])]
    pub(crate) sampler: Option<String>,
    /// Mix pictures with one another [default: none]
    #[arg(long, value_name = "NAME", value_parser = ["none", "mixup", "remix"])]
    pub(crate) mix: Option<String>,
    /// Pixels of black around pictures, out of which one of their own size is cut at random
    #[arg(long, value_name = "PIXELS")]
    pub(crate) pad: Option<u32>,
    /// Mirror pictures from left to right half of the time
    #[arg(long)]
    pub(crate) flip: bool,
    /// Share of every class that is held out to choose the epoch by [default: 0.1]
    #[arg(long, value_name = "SHARE")]
    pub(crate) validation: Option<f64>,
    /// Pictures that the epoch is chosen on; `test` is what papers do, and scores on these pictures are then too good [default: validation]
    #[arg(long, value_parser = ["validation", "test", "nothing"])]
    pub(crate) choose_on: Option<String>,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// File of the network to write; beside it the state is kept until training is done
    #[arg(long, short, value_name = "FILE.safetensors")]
    pub(crate) output: PathBuf,
    /// Replace the network of another training there
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

#[derive(Subcommand)]
pub(crate) enum DeepSmoteCommand {
    /// Train encoder and decoder on all classes; the file is written after every epoch, and a stopped run goes on from it
    Fit(FitFlags),
    /// Make pictures of rare classes and write the balanced set
    Generate(GenerateFlags),
    /// Make pictures, and show how good they are: contact sheet, copies, diversity, latent codes
    Report(DeepSmoteReportFlags),
}

#[derive(Args)]
pub(crate) struct FitFlags {
    #[command(flatten)]
    pub(crate) pictures: PictureFlags,
    #[command(flatten)]
    pub(crate) imbalance: PictureImbalanceFlags,
    /// How often the pictures are gone through [default: 200]
    #[arg(long, short)]
    pub(crate) epochs: Option<u32>,
    /// Pictures a step, and of the class batch beside it; smaller ones are more steps an epoch [default: 100]
    #[arg(long)]
    pub(crate) batch: Option<u32>,
    /// Channels of the first convolution; fewer are faster [default: 64]
    #[arg(long)]
    pub(crate) width: Option<u32>,
    /// Numbers in a latent code [default: 300 for one channel, else 600]
    #[arg(long)]
    pub(crate) latent_size: Option<u32>,
    /// How codes become pictures: as the authors' code has it, or as the paper says, which is smaller and faster [default: reference]
    #[arg(long, value_parser = ["reference", "mirror"])]
    pub(crate) decoder: Option<String>,
    /// What the permuted class batch is compared with [default: reference]
    #[arg(long, value_parser = ["paper", "reference", "none"])]
    pub(crate) penalty: Option<String>,
    /// Step of Adam [default: 0.0002]
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) rate: Option<f64>,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// File of the networks to write, or to go on with
    #[arg(long, short, value_name = "FILE.safetensors")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

/// Which networks make pictures out of which.
#[derive(Args)]
pub(crate) struct MakeFlags {
    /// File of networks that `deepsmote fit` wrote
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) pictures: PictureFlags,
    #[command(flatten)]
    pub(crate) imbalance: PictureImbalanceFlags,
    /// Pictures wanted per class, as in `resample`: a word, a ratio, a factor, or `cat=700,dog=700` [default: as many as the largest class has]
    #[arg(long, value_name = "STRATEGY")]
    pub(crate) sampling_strategy: Option<String>,
    /// Neighbours to choose from; a class of `m` pictures uses at most `m - 1` [default: 5]
    #[arg(long, value_name = "K", value_parser = neighbors)]
    pub(crate) k_neighbors: Option<NonZeroUsize>,
    /// What to do with a class of one picture: decode its code again and again, or with noise, or stop [default: copy]
    #[arg(long, value_parser = ["copy", "jitter", "error"])]
    pub(crate) on_single: Option<String>,
    /// What classes new pictures are of: one, or two where the second parent is of another class, in shares that NPZ holds as the array `shares`, which `train` does not read [default: none]
    #[arg(long, value_parser = ["none", "enemies"])]
    pub(crate) soft_labels: Option<String>,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    #[command(flatten)]
    pub(crate) set: SetFlags,
}

/// What `--k-neighbors` takes.
fn neighbors(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "give a whole number, 1 or more, such as 5".to_owned())
}

#[derive(Args)]
pub(crate) struct GenerateFlags {
    #[command(flatten)]
    pub(crate) make: MakeFlags,
    /// Where to write real and synthetic pictures: `.npz`, `-images-idx3-ubyte.gz`, `.bin` for CIFAR, or a folder for PNG files
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// Replace what is there, the table and the sheet too
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Also write where each picture comes from: a table with the parents of synthetic ones
    #[arg(long, value_name = "FILE")]
    pub(crate) origins: Option<PathBuf>,
    /// Also write a contact sheet
    #[arg(long, value_name = "FILE.png")]
    pub(crate) sheet: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DeepSmoteReportFlags {
    #[command(flatten)]
    pub(crate) make: MakeFlags,
    /// File of a classifier that `train` wrote, whose features and predictions are asked too
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) network: Option<PathBuf>,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct AdjustFlags {
    /// File of a network that `train` wrote, or weights of another program
    #[arg(value_name = "NETWORK")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) foreign: ForeignFlags,
    /// What is done to its last layer
    #[arg(long, short, value_parser = ["logit-adjustment", "tau-norm", "crt", "lws"])]
    pub(crate) method: String,
    /// Strength of logit-adjustment and tau-norm [default: chosen on held-out pictures]
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) tau: Option<f64>,
    /// The pictures or the table that the network was trained on
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) look: LookFlags,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// File of the network to write
    #[arg(long, short, value_name = "FILE.safetensors")]
    pub(crate) output: PathBuf,
    /// Replace another network there
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Args)]
pub(crate) struct EvaluateFlags {
    /// File of a network that `train` wrote, or weights of another program
    #[arg(value_name = "NETWORK")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) foreign: ForeignFlags,
    #[command(flatten)]
    pub(crate) pictures: PictureFlags,
    #[command(flatten)]
    pub(crate) table: EvaluateTableFlags,
    /// Also write a table with the class, the prediction and the scores of every picture or row, for `metrics` and `audit`
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    #[command(flatten)]
    pub(crate) seed: SeedFlags,
}

impl ForeignFlags {
    /// What the network in a file reads; those of other programs read pictures. Data of another kind are refused.
    pub(crate) fn reads(&self, file: &Path, data: &Path, reading: &PictureReadFlags) -> Result<Reads> {
        let reads = match self.network {
            Some(_) => Reads::Pictures,
            None => network_reads(file)?,
        };
        // Whoever says what the file is knows better than its name.
        if reads == Reads::Rows || reading.format.is_none() {
            check_reads(reads, file, data)?;
        }
        Ok(reads)
    }

    pub(crate) fn read(&self) -> Result<Option<ForeignNetwork>> {
        let Some(name) = &self.network else {
            return Ok(None);
        };
        let network = Value::from(name.as_str()).try_into()?;
        let normalisation = self.normalisation.as_deref().unwrap_or("signed");
        let normalisation = ForeignNetwork::normalisation(normalisation)?;
        Ok(Some(ForeignNetwork {
            network,
            normalisation,
            guessed: self.normalisation.is_none(),
        }))
    }
}

impl PictureReadFlags {
    /// The first of these flags that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        [
            ("--format", self.format.is_some()),
            ("--split", self.split.is_some()),
            ("--side", self.side.is_some()),
            ("--labels", self.labels.is_some()),
            ("--class-names", !self.class_names.is_empty()),
            ("--size", self.size.is_some()),
            ("--resize", self.resize.is_some()),
            ("--channels", self.channels.is_some()),
            ("--alpha", self.alpha.is_some()),
            ("--corrupt", self.corrupt.is_some()),
            ("--image-column", self.image_column.is_some()),
            ("--label-column", self.label_column.is_some()),
            ("--hair", self.hair.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }

    /// Settings under `place`, which is `data` or `test`.
    fn settings(&self, place: &str) -> Result<Settings> {
        let mut settings = Settings::new();
        let mut set = |name: &str, value: Value| settings.push((format!("{place}.read.{name}"), value));
        for (name, value) in [
            ("format", &self.format),
            ("split", &self.split),
            ("resize", &self.resize),
            ("channels", &self.channels),
            ("alpha", &self.alpha),
            ("corrupt", &self.corrupt),
            ("image_column", &self.image_column),
            ("label_column", &self.label_column),
            ("hair", &self.hair),
        ] {
            if let Some(value) = value {
                set(name, Value::from(value.clone()));
            }
        }
        if let Some(labels) = &self.labels {
            set("labels", path(labels)?);
        }
        if !self.class_names.is_empty() {
            set("classes", Value::from(self.class_names.clone()));
        }
        if let Some(size) = &self.size {
            let (height, width) = size.split_once(['x', ',']).unwrap_or((size, size));
            let number = |text: &str| text.trim().parse::<i64>().ok().filter(|&number| number > 0);
            let (Some(height), Some(width)) = (number(height), number(width)) else {
                return Err(wrong(
                    "--size",
                    format!("`{size}` is no size"),
                    "write height and width as `--size 32x32`",
                ));
            };
            set("size", Value::from(vec![height, width]));
        }
        if let Some(text) = &self.side {
            settings.push((format!("{place}.side"), side(text)?));
        }
        Ok(settings)
    }
}

/// The pictures of a command as settings.
fn data(pictures: &PictureFlags, counts: &PictureImbalanceFlags) -> Result<Settings> {
    let mut settings = vec![("data.path".to_owned(), path(&pictures.data)?)];
    settings.extend(pictures.reading.settings("data")?);
    if let Some(counts) = &counts.imbalance {
        settings.push(("data.imbalance".into(), imbalance(counts)?));
    }
    Ok(settings)
}

impl TrainFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = vec![("data.path".to_owned(), path(&self.pictures.data)?)];
        settings.extend(self.pictures.reading.settings("data")?);
        if let Some(test) = &self.test {
            let same = test.as_os_str() == "same";
            let file = if same { &self.pictures.data } else { test };
            settings.push(("test.path".into(), path(file)?));
            settings.extend(
                self.pictures
                    .reading
                    .settings("test")?
                    .into_iter()
                    .filter(|(name, _)| {
                        !["test.read.split", "test.read.labels", "test.side"].contains(&name.as_str())
                    }),
            );
            let side = self.pictures.reading.side.as_deref().filter(|_| same);
            match side.map(other_side).transpose()? {
                Some(other) => {
                    settings.push(("test.side".into(), other));
                    if let Some(labels) = &self.pictures.reading.labels {
                        settings.push(("test.read.labels".into(), path(labels)?));
                    }
                }
                None => settings.push(("test.read.split".into(), Value::from("test"))),
            }
        }
        if let Some(pad) = self.pad {
            settings.push(("augment.pad".into(), Value::from(pad)));
        }
        if self.flip {
            settings.push(("augment.flip".into(), Value::from(true)));
        }
        settings.extend(self.training_settings()?);
        Ok(settings)
    }

    /// Settings that pictures and tables share.
    pub(crate) fn training_settings(&self) -> Result<Settings> {
        let mut settings = Settings::new();
        if let Some(counts) = &self.imbalance.imbalance {
            settings.push(("data.imbalance".into(), imbalance(counts)?));
        }
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        set("seed", seed(self.seed.seed)?);
        set("device", self.device.setting());
        for (name, value) in [
            ("train.network", &self.network),
            ("train.loss", &self.loss),
            ("train.sampler", &self.sampler),
            ("train.mix", &self.mix),
            ("choose_on", &self.choose_on),
        ] {
            if let Some(value) = value {
                set(name, Value::from(value.clone()));
            }
        }
        for (name, value) in [("train.epochs", self.epochs), ("train.batch_size", self.batch)] {
            if let Some(value) = value {
                set(name, Value::from(value));
            }
        }
        if !self.table.hidden.is_empty()
            && let Some(network) = self.network.as_deref().filter(|network| *network != "mlp")
        {
            return Err(wrong(
                "--hidden",
                format!("`{network}` has no hidden layers to choose"),
                "leave it out, or write `--network mlp`",
            ));
        }
        if !self.table.hidden.is_empty() {
            set("train.network.name", Value::from("mlp"));
            set("train.network.hidden", Value::from(self.table.hidden.clone()));
        }
        if self.optimizer.as_deref() == Some("sgd") {
            set("train.optimizer.sgd", Value::Table(toml::Table::new()));
        }
        if self.optimizer.as_deref() == Some("adam") {
            // Rate and schedule that suit SGD are far too much for Adam.
            set("train.optimizer.adam", Value::Table(toml::Table::new()));
            set("train.schedule.rate", Value::from(1e-3));
            set("train.schedule.warm_up", Value::from(0));
            set("train.schedule.decay", Value::from("constant"));
        }
        if let Some(rate) = self.rate {
            set("train.schedule.rate", Value::from(rate));
        }
        if self.loss.as_deref() == Some("ldam") {
            set("train.head", Value::from("cosine"));
        }
        if let (Some(share), Some(choice @ ("nothing" | "test"))) =
            (self.validation, self.choose_on.as_deref())
        {
            let hint = if choice == "nothing" {
                format!(
                    "leave one of the two out; `--validation {share} --set train.choose_by=last` holds that share out and keeps the last epoch"
                )
            } else {
                "leave one of the two out".to_owned()
            };
            let problem = format!("`--choose-on {choice}` holds nothing out of training");
            return Err(wrong("--validation", problem, &hint));
        }
        if let Some(share) = self.validation {
            set("validation", Value::from(share));
        }
        set("output", path(&self.output)?);
        if self.overwrite {
            set("overwrite", Value::from(true));
        }
        if let Some(report) = &self.report {
            set("report.path", path(report)?);
        }
        settings.extend(set_by_path(&self.set.set)?);
        Ok(settings)
    }
}

impl FitFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = data(&self.pictures, &self.imbalance)?;
        settings.push(("model".into(), path(&self.output)?));
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        set("seed", seed(self.seed.seed)?);
        set("device", self.device.setting());
        for (name, value) in [
            ("epochs", self.epochs),
            ("width", self.width),
            ("latent_size", self.latent_size),
        ] {
            if let Some(value) = value {
                set(&format!("deepsmote.{name}"), Value::from(value));
            }
        }
        for (name, value) in [("decoder", &self.decoder), ("penalty", &self.penalty)] {
            if let Some(value) = value {
                set(&format!("deepsmote.{name}"), Value::from(value.clone()));
            }
        }
        if let Some(batch) = self.batch {
            set("deepsmote.batch_size", Value::from(batch));
            set("deepsmote.class_batch", Value::from(batch));
        }
        if let Some(rate) = self.rate {
            set("deepsmote.learning_rate", Value::from(rate));
        }
        settings.extend(set_by_path(&self.set.set)?);
        Ok(settings)
    }
}

impl MakeFlags {
    fn settings(&self) -> Result<Settings> {
        let mut settings = data(&self.pictures, &self.imbalance)?;
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        set("draws", seed(self.seed.seed)?);
        set("device", self.device.setting());
        if let Some(text) = &self.sampling_strategy {
            let strategy = Value::from(text.clone());
            // A strategy that is none is told of by its flag.
            strategy
                .clone()
                .try_into::<Strategy>()
                .map_err(|error| Error::Config {
                    place: "--sampling-strategy".into(),
                    problem: error.message().to_owned(),
                    hint: None,
                })?;
            set("deepsmote.sampling_strategy", strategy);
        }
        if let Some(neighbors) = self.k_neighbors {
            set("deepsmote.k_neighbors", Value::try_from(neighbors.get())?);
        }
        for (name, value) in [("on_single", &self.on_single), ("soft_labels", &self.soft_labels)] {
            if let Some(value) = value {
                set(&format!("deepsmote.{name}"), Value::from(value.clone()));
            }
        }
        settings.extend(set_by_path(&self.set.set)?);
        Ok(settings)
    }
}

impl GenerateFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.make.settings()?;
        settings.push(("output.path".into(), path(&self.output)?));
        settings.push(("output.overwrite".into(), Value::from(self.overwrite)));
        for (name, file) in [("origins", &self.origins), ("sheet", &self.sheet)] {
            if let Some(file) = file {
                settings.push((format!("output.{name}"), path(file)?));
            }
        }
        Ok(settings)
    }
}

impl DeepSmoteReportFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.make.settings()?;
        settings.push(("report".into(), Value::Table(toml::Table::new())));
        for (name, file) in [("path", &self.report), ("network", &self.network)] {
            if let Some(file) = file {
                settings.push((format!("report.{name}"), path(file)?));
            }
        }
        Ok(settings)
    }
}

impl DeviceFlags {
    pub(crate) fn kind(&self) -> DeviceKind {
        match self.device {
            Device::Cpu => DeviceKind::Cpu,
            Device::Gpu => DeviceKind::Gpu,
            Device::Cuda => DeviceKind::Cuda,
        }
    }

    fn setting(&self) -> Value {
        Value::from(self.kind().name())
    }
}

impl AdjustFlags {
    pub(crate) fn options(&self) -> Result<AdjustOptions> {
        let adjustment = Adjustment::NAMES.iter().find(|(name, _)| *name == self.method);
        let data = match &self.data {
            None => None,
            Some(data) => {
                let reads = self.look.reads(&self.foreign, &self.file, data)?;
                Some(self.look.data(reads, data)?)
            }
        };
        Ok(AdjustOptions {
            network: self.file.clone(),
            foreign: self.foreign.read()?,
            adjustment: adjustment.map_or(Adjustment::LogitAdjustment, |(_, kind)| *kind),
            tau: self.tau,
            data,
            validation: self.look.validation,
            device: self.device.kind(),
            output: self.output.clone(),
            overwrite: self.overwrite,
        })
    }
}

impl EvaluateFlags {
    /// What the network reads.
    pub(crate) fn reads(&self) -> Result<Reads> {
        let (data, reading) = (&self.pictures.data, &self.pictures.reading);
        self.foreign.reads(&self.file, data, reading)
    }

    /// The pictures to judge on are the test part unless another is named.
    pub(crate) fn options(&self) -> Result<EvaluateOptions> {
        let data = part(&self.pictures.data, &self.pictures.reading, Some("test"), None)?;
        let mut options = EvaluateOptions::new(self.file.clone(), data);
        options.foreign = self.foreign.read()?;
        options.any_part = self.pictures.reading.split.is_none();
        options.device = self.device.kind();
        options.seed = self.seed.seed;
        Ok(options)
    }
}

/// Pictures as a table of a file would name them.
pub(crate) fn part(
    data: &Path,
    reading: &PictureReadFlags,
    split: Option<&str>,
    counts: Option<&str>,
) -> Result<ImagePart> {
    let mut table = toml::Table::new();
    let mut read = toml::Table::new();
    if let Some(split) = split {
        read.insert("split".into(), Value::from(split));
    }
    for (name, value) in reading.settings("data")? {
        if let Some(name) = name.strip_prefix("data.read.") {
            read.insert(name.into(), value);
        } else if let Some(name) = name.strip_prefix("data.") {
            table.insert(name.into(), value);
        }
    }
    table.insert("path".into(), path(data)?);
    table.insert("read".into(), Value::Table(read));
    if let Some(counts) = counts {
        table.insert("imbalance".into(), imbalance(counts)?);
    }
    Value::Table(table).try_into().map_err(|error: toml::de::Error| {
        Error::Config {
            place: "the command line".into(),
            problem: error.message().to_owned(),
            hint: None,
        }
        .into()
    })
}

/// The test part of the same pictures, or what `--side` leaves of them.
pub(crate) fn rest_of_side(data: &Path, reading: &PictureReadFlags) -> Result<ImagePart> {
    let Some(text) = &reading.side else {
        let mut part = part(data, reading, None, None)?;
        part.read.split = Value::from("test").try_into()?;
        part.read.labels = None;
        return Ok(part);
    };
    let mut part = part(data, reading, None, None)?;
    part.side = Some(other_side(text)?.try_into()?);
    Ok(part)
}

/// What `--side` says, as the option of a file.
fn side(text: &str) -> Result<Value> {
    let named = text
        .split_once(':')
        .filter(|(side, _)| ["training", "held-out"].contains(side));
    let read = named.and_then(|(side, share)| Some((side, share.trim().parse::<f64>().ok()?)));
    let Some((side, share)) = read else {
        let hint = "write `--side training:0.3` where something learns, and `--side held-out:0.3` where it is judged";
        return Err(wrong("--side", format!("`{text}` is no side of a split"), hint));
    };
    let table = [(side.to_owned(), Value::from(share))];
    Ok(Value::Table(table.into_iter().collect()))
}

/// What `--side` leaves.
fn other_side(text: &str) -> Result<Value> {
    side(&match text.split_once(':') {
        Some(("training", share)) => format!("held-out:{share}"),
        Some(("held-out", share)) => format!("training:{share}"),
        _ => text.to_owned(),
    })
}

/// What `--imbalance` takes.
const PROFILES: &str = "write `long-tail:100`, `step:10`, counts such as `500,50,5`, or the table of a paper such as `deepsmote-mnist`";

/// What `--imbalance` says, as the option of a file.
pub(crate) fn imbalance(text: &str) -> Result<Value> {
    let table = |name: &str, value: Value| Value::Table([(name.to_owned(), value)].into_iter().collect());
    if let Some((kind, ratio)) = text.split_once(':') {
        let ratio: f64 = ratio.trim().parse().map_err(|_| {
            wrong(
                "--imbalance",
                format!("`{ratio}` is no ratio"),
                "write `--imbalance long-tail:100`",
            )
        })?;
        let mut inner = toml::Table::new();
        inner.insert("ratio".into(), Value::from(ratio));
        return match kind.trim() {
            "long-tail" | "exponential" => Ok(table("exponential", Value::Table(inner))),
            "step" => {
                inner.insert("share".into(), Value::from(0.5));
                Ok(table("step", Value::Table(inner)))
            }
            kind => Err(wrong(
                "--imbalance",
                format!("there is no profile `{kind}`"),
                PROFILES,
            )),
        };
    }
    let counts: Option<Vec<i64>> = text
        .split(',')
        .map(|count| count.trim().parse().ok().filter(|&count| count >= 0))
        .collect();
    Ok(match counts {
        Some(counts) => table("ranked", Value::from(counts)),
        None if CountTable::names().contains(&text) => table("paper", Value::from(text)),
        None => {
            let near = nearest_name(text, CountTable::names().iter().copied());
            return Err(wrong(
                "--imbalance",
                format!("`{text}` is neither a profile, nor counts, nor the table of a paper"),
                &match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => PROFILES.into(),
                },
            ));
        }
    })
}

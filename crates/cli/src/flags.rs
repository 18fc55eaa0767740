//! Flags, and how they become settings of an experiment.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use counterpoise::{Bins, GroupColumns, LeakageFiles, LeakageOptions, Missing};
use toml::Value;

use crate::elsi_flags::ElsiCommand;
use crate::eos_flags::EosCommand;
use crate::explain_flags::ExplainFlags;
use crate::image_flags::{AdjustFlags, DeepSmoteCommand, EvaluateFlags, TrainFlags};
use crate::reproduce_flags::Paper;
use crate::settings::{ReadFlags, Settings, path, seed, set_by_path, wrong};

const AFTER: &str = "\
Exit codes: 0 done, 1 could not write or draw, 2 what was typed is wrong, 3 the data cannot be used as asked, 4 `audit-leakage` found a leak, 5 `reproduce` missed a number that has to come out, 101 a bug, 130 stopped by Ctrl-C.
Results go to stdout, progress and warnings to stderr. NO_COLOR is honoured.";

/// Finds, explains and repairs what data under-represents: rare classes and protected groups.
#[derive(Parser)]
#[command(name = "counterpoise", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Result as JSON on stdout; progress, warnings and errors as lines of JSON on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
    /// Threads to use; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what a table holds and what it lacks
    Profile(ProfileFlags),
    /// Make, remove, clean or weigh rows until classes, or classes inside groups, are as you want them
    Resample(ResampleFlags),
    /// Say whether resampling helps here: methods and models in repeated cross-validation, with a verdict
    Compare(CompareFlags),
    /// Look at a table, compare a few methods quickly, and say what to try first
    Advise(AdviseFlags),
    /// Measure predictions that stand in a table, with intervals
    Metrics(MetricsFlags),
    /// Say whom predictions serve worse: groups and their intersections, with intervals, findings and caveats
    Audit(AuditFlags),
    /// Look for what a test file should not share with its training file: copies, near copies, parents of synthetic rows, groups
    AuditLeakage(AuditLeakageFlags),
    /// Say what a method, a model or `compare` does, its options and where it comes from; without a name, list all
    Describe {
        /// Name of the method or model
        name: Option<String>,
    },
    /// Run a whole experiment from a TOML file, or again from a report
    Run(RunFlags),
    /// Make the pictures that rare classes lack: SMOTE among the codes of an autoencoder, decoded
    Deepsmote {
        /// What is done
        #[command(subcommand)]
        command: DeepSmoteCommand,
    },
    /// Over-sample in the embedding space of a network and train its last layer anew: EOS, in one go or phase by phase
    Eos {
        /// Which phase
        #[command(subcommand)]
        command: EosCommand,
    },
    /// Train a network on imbalanced pictures, or on a table, with the loss and the sampler of classes that suit them
    Train(Box<TrainFlags>),
    /// Change the last layer of a trained network in favour of rare classes
    Adjust(AdjustFlags),
    /// Say how good a trained network is on other pictures or another table, with intervals
    Evaluate(EvaluateFlags),
    /// Say why a trained model fails for some classes, and what to do: what its last layer sees, what each class hangs on, where its errors go
    Explain(Box<ExplainFlags>),
    /// Find literature on the ethical, legal and social side of work in synthetic biology, and say why it fits
    Elsi {
        /// What is done
        #[command(subcommand)]
        command: ElsiCommand,
    },
    /// Look at two bundled tables and a set of pictures: no data needed
    Quickstart(QuickstartFlags),
    /// Run the protocol of a paper again, and print what it prints beside what comes out
    Reproduce {
        /// The paper
        #[command(subcommand)]
        paper: Paper,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
pub(crate) struct ProfileFlags {
    #[command(flatten)]
    pub(crate) data: DataFlags,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Args)]
pub(crate) struct ResampleFlags {
    #[command(flatten)]
    pub(crate) data: DataFlags,
    /// Name of the method; `counterpoise describe` lists them
    #[arg(long, short, default_value = "smote")]
    pub(crate) method: String,
    /// Rows wanted per class: a word (`auto`, `minority`), a ratio (`0.5`), a factor (`x2`), or `bad=700,good=700`
    #[arg(long, value_name = "STRATEGY")]
    pub(crate) sampling_strategy: Option<String>,
    /// Root of everything random; the same seed gives the same rows
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Who draws: `native`, or `numpy` for the rows of imbalanced-learn
    #[arg(long, value_parser = ["native", "numpy"])]
    pub(crate) chooser: Option<String>,
    /// File to write; the extension decides the format
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Add the columns `synthetic`, `base_index`, `neighbor_index` and `step`: where rows come from, the first row of the input being 0
    #[arg(long)]
    pub(crate) mark: bool,
    /// What synthetic rows hold in columns that are only carried along
    #[arg(long, value_parser = ["empty", "copy"])]
    pub(crate) carry: Option<String>,
    #[command(flatten)]
    pub(crate) how: HowFlags,
}

#[derive(Args)]
pub(crate) struct CompareFlags {
    #[command(flatten)]
    pub(crate) data: DataFlags,
    /// Methods, separated by commas: `none`, `weights`, `threshold`, `platt`, `isotonic`, and any method that `counterpoise describe` lists
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    pub(crate) methods: Vec<String>,
    /// Models, separated by commas: logistic, forest, boosting, linear-svm, rbf-svm, k-nearest-neighbors, naive-bayes; with `--group` also exponentiated-gradient, grid-search, group-thresholds, prejudice-remover, sensitive-subspace
    #[arg(long, alias = "models", value_name = "MODEL", value_delimiter = ',')]
    pub(crate) model: Vec<String>,
    /// Parts that take turns as test rows [default: 5]
    #[arg(long)]
    pub(crate) folds: Option<u32>,
    /// How often rows are dealt anew [default: as many as bring 5000 predictions, 2 to 10]
    #[arg(long)]
    pub(crate) repeats: Option<u32>,
    /// Measure to print, such as `f1-macro` or `recall:rare`; the first one decides; may be repeated
    #[arg(long, value_name = "MEASURE", value_delimiter = ',')]
    pub(crate) measure: Vec<String>,
    /// The class that people want, for numbers of fairness [default: the second of two classes, or the rarest]
    #[arg(long, alias = "favourable", value_name = "CLASS")]
    pub(crate) favorable: Option<String>,
    /// Protected column that methods do not see, and by which fairness is told too; may be repeated [default: those called sex, race, age and the like; `none` looks at no other]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) observe: Vec<String>,
    /// How often rows are drawn for intervals [default: 1000]
    #[arg(long)]
    pub(crate) draws: Option<u32>,
    /// How often an interval should hold the true value [default: 0.95]
    #[arg(long)]
    pub(crate) level: Option<f64>,
    /// Memory that folds fitted at once may need, in MiB [default: 4096]
    #[arg(long, value_name = "MIB")]
    pub(crate) memory: Option<u32>,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) kept: StateFlags,
    /// Set an option by its path: `--set compare.folds=10`
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct StateFlags {
    /// Keep finished fits in this folder: a later run with more methods fits only what is new [default: a cache that goes when the run is done]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct AdviseFlags {
    #[command(flatten)]
    pub(crate) data: DataFlags,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Also write what to run next
    #[arg(long, short, value_name = "FILE.toml")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct MetricsFlags {
    /// Table with the true class and the predicted class of every row
    pub(crate) file: PathBuf,
    /// Column of true classes
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) target: String,
    /// Column of predicted classes
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) prediction: String,
    /// Column of probabilities: of the second of two classes, or `CLASS=COLUMN`; may be repeated
    #[arg(long, short, value_name = "[CLASS=]COLUMN")]
    pub(crate) score: Vec<String>,
    /// Column of weights
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// What happens to rows without a truth, prediction, score or weight
    #[arg(long, default_value = "error", value_parser = ["error", "drop-rows"])]
    pub(crate) missing: String,
    /// Measure to print, such as `f1-macro` or `recall:rare` [default: all that fit]; may be repeated
    #[arg(long, value_name = "MEASURE", value_delimiter = ',')]
    pub(crate) measure: Vec<String>,
    /// How often rows are drawn for intervals
    #[arg(long, default_value_t = 2000)]
    pub(crate) draws: u32,
    /// How often an interval should hold the true value
    #[arg(long, default_value_t = 0.95)]
    pub(crate) level: f64,
    /// How draws become an interval
    #[arg(long, default_value = "bca", value_parser = ["bca", "percentile"])]
    pub(crate) interval: String,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadFlags,
}

#[derive(Args)]
pub(crate) struct AuditFlags {
    /// Table with true classes, groups and predictions, such as any model writes
    pub(crate) file: PathBuf,
    /// Column of true classes
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) target: String,
    /// Column of predicted classes; without it, those that the scores say
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) prediction: Option<String>,
    /// Column of probabilities of the favourable class, or `CLASS=COLUMN`, once for each class if there are more than two
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) score: Vec<String>,
    /// Score from which on the class is predicted, without `--prediction` [default: 0.5]
    #[arg(long, conflicts_with = "prediction")]
    pub(crate) threshold: Option<f64>,
    /// Protected column, or a threshold such as `age<=25`; may be repeated, or separated by commas
    #[arg(long, short, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) group: Vec<String>,
    /// Cut a protected column of numbers into groups: `age=4` makes four of about as many rows each, `age=25,45` three that end at 25, at 45 and at the end; may be repeated
    #[arg(long, value_name = "COLUMN=BINS")]
    pub(crate) bin: Vec<String>,
    /// The class that people want [default: the second of two classes; each in turn of more]
    #[arg(long, alias = "favourable", value_name = "CLASS")]
    pub(crate) favorable: Option<String>,
    /// Group that others are compared with, as `GROUP` or `COLUMN=GROUP`; one a column [default: the one with most rows]; of three groups or more, the usual measures compare the largest rate with the smallest, whoever is privileged
    #[arg(long, value_name = "GROUP")]
    pub(crate) privileged: Vec<String>,
    /// File with protected columns that the table lacks; rows are matched by `--id`, or by their order
    #[arg(long, value_name = "FILE")]
    pub(crate) group_file: Option<PathBuf>,
    /// File with the columns of predictions or scores; rows are matched by `--id`, or by their order
    #[arg(long, value_name = "FILE")]
    pub(crate) prediction_file: Option<PathBuf>,
    /// Column that names rows in all files
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,
    /// Column of weights
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// What happens to rows that lack a value in one of these columns
    #[arg(long, value_parser = ["error", "drop-rows"], default_value = "error")]
    pub(crate) missing: String,
    /// Measure to print, such as `fair-utility` or `true-positive-rate-ratio`; may be repeated, or separated by commas [default: the usual ones]
    #[arg(long, value_name = "MEASURE", value_delimiter = ',')]
    pub(crate) measure: Vec<String>,
    /// Groups with fewer rows take no part in largest and smallest rates
    #[arg(long, default_value_t = 10)]
    pub(crate) min_rows: u32,
    /// How often rows are drawn for intervals
    #[arg(long, default_value_t = 10_000)]
    pub(crate) draws: u32,
    /// How often an interval should hold the true value
    #[arg(long, default_value_t = 0.95)]
    pub(crate) level: f64,
    /// How intervals are made of draws; `bca` corrects their bias, which gaps between many groups have
    #[arg(long, default_value = "percentile", value_parser = ["percentile", "bca"])]
    pub(crate) interval: String,
    /// Root of everything random
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadFlags,
}

#[derive(Args)]
pub(crate) struct AuditLeakageFlags {
    /// The rows that a model learns from
    train: PathBuf,
    /// The rows that it is judged by
    test: PathBuf,
    /// Column of classes
    #[arg(long, short, value_name = "COLUMN")]
    target: Option<String>,
    /// Column whose values may be on one side only, such as a patient; may be repeated, or separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    group_key: Vec<String>,
    /// Column that names rows
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Columns to leave out; may be repeated, or separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,
    /// What happens to missing values
    #[arg(long, value_parser = ["error", "drop-rows", "impute", "distance"], default_value = "distance")]
    missing: String,
    /// The file that was resampled, if TRAIN was made by `resample --mark`: parents are looked up there
    #[arg(long, value_name = "FILE")]
    original: Option<PathBuf>,
    /// Also write a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Exit with 4 for what is suspicious, too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Root of everything random: the order of ties, and rows asked for distances
    #[arg(long, default_value_t = 42)]
    seed: u64,
    #[command(flatten)]
    read: ReadFlags,
}

#[derive(Args)]
pub(crate) struct RunFlags {
    /// A TOML file, or a report that holds one
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) kept: StateFlags,
    #[command(flatten)]
    pub(crate) how: HowFlags,
}

#[derive(Args)]
pub(crate) struct HowFlags {
    /// Set an option by its path: `--set method.k_neighbors=7`
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print counts before and after, time and memory, and stop there
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct QuickstartFlags {
    /// The page to write
    #[arg(
        long,
        short,
        value_name = "FILE.html",
        default_value = "counterpoise-quickstart.html"
    )]
    pub(crate) output: PathBuf,
    /// Leave out the pictures, for which a network is trained: most of the time
    #[arg(long)]
    pub(crate) without_pictures: bool,
    /// Also put the two tables, and a set of pictures, into the current folder
    #[arg(long)]
    pub(crate) save_data: bool,
}

#[derive(Args)]
pub(crate) struct DataFlags {
    /// Table to read: CSV or other text (also .gz, .zst), Parquet or Arrow
    pub(crate) file: PathBuf,
    /// Column of classes
    #[arg(long, short, value_name = "COLUMN")]
    pub(crate) target: String,
    /// Protected column, or a threshold such as `age<=25`; may be repeated, or separated by commas
    #[arg(long, short, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) group: Vec<String>,
    /// Cut a protected column of numbers into groups: `age=4` makes four of about as many rows each, `age=25,45` three that end at 25, at 45 and at the end; may be repeated
    #[arg(long, value_name = "COLUMN=BINS")]
    pub(crate) bin: Vec<String>,
    /// File with protected columns that the table lacks; rows are matched by `--id`, or by their order
    #[arg(long, value_name = "FILE")]
    pub(crate) group_file: Option<PathBuf>,
    /// Column of weights
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Column that names rows: carried along, never in a distance
    #[arg(long, value_name = "COLUMN")]
    pub(crate) id: Option<String>,
    /// Columns to carry along only; may be repeated, or separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// What happens to missing values [default: error; `profile` counts them]
    #[arg(long, value_parser = ["error", "drop-rows", "impute", "distance"])]
    pub(crate) missing: Option<String>,
    #[command(flatten)]
    pub(crate) reading: ReadFlags,
}

/// `age=4` and `age=25,45`, by column.
fn bins(texts: &[String]) -> Result<toml::Table> {
    let mut bins = toml::Table::new();
    for text in texts {
        let Some((column, value)) = text.rsplit_once('=') else {
            let hint = "write `--bin age=4` for four groups, or `--bin age=25,45` for groups that end there";
            return Err(wrong("--bin", format!("`{text}` holds no `=`"), hint));
        };
        if let Err(problem) = Bins::parse(value) {
            return Err(wrong("--bin", problem, "for example `--bin age=25,45`"));
        }
        bins.insert(column.trim().into(), Value::from(value));
    }
    Ok(bins)
}

impl ProfileFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.data.settings()?;
        settings.push(("seed".into(), seed(self.seed)?));
        if let Some(report) = &self.report {
            settings.push(("report.path".into(), path(report)?));
        }
        Ok(settings)
    }
}

impl DataFlags {
    fn settings(&self) -> Result<Settings> {
        let mut settings: Settings = vec![
            ("data.path".into(), path(&self.file)?),
            ("data.target".into(), Value::from(self.target.clone())),
        ];
        let mut set = |name: &str, value: Value| settings.push((format!("data.{name}"), value));
        let texts = |texts: &[String]| Value::from(texts.to_vec());
        if !self.group.is_empty() {
            set("groups", texts(&self.group));
        }
        if !self.ignore.is_empty() {
            set("ignore", texts(&self.ignore));
        }
        let bins = bins(&self.bin)?;
        if !bins.is_empty() {
            set("bins", Value::Table(bins));
        }
        if let Some(file) = &self.group_file {
            set("group_file", path(file)?);
        }
        for (name, value) in [
            ("weight", &self.weight),
            ("id", &self.id),
            ("missing", &self.missing),
        ] {
            if let Some(value) = value {
                set(name, Value::from(value.clone()));
            }
        }
        let reading = self.reading.settings()?;
        settings.extend(
            reading
                .into_iter()
                .map(|(name, value)| (format!("data.{name}"), value)),
        );
        Ok(settings)
    }
}

impl AuditFlags {
    pub(crate) fn groups(&self) -> Result<GroupColumns> {
        let mut groups = GroupColumns {
            columns: self.group.clone(),
            ..GroupColumns::default()
        };
        for (column, value) in bins(&self.bin)? {
            groups.bins.insert(column, value.try_into()?);
        }
        Ok(groups)
    }
}

impl AuditLeakageFlags {
    pub(crate) fn files(&self) -> Result<LeakageFiles> {
        Ok(LeakageFiles {
            train: self.train.clone(),
            test: self.test.clone(),
            original: self.original.clone(),
            read: self.read.options()?,
        })
    }

    pub(crate) fn options(&self) -> Result<LeakageOptions> {
        let missing: Missing = Value::from(self.missing.clone()).try_into()?;
        Ok(LeakageOptions {
            target: self.target.clone(),
            group_keys: self.group_key.clone(),
            id: self.id.clone(),
            ignore: self.ignore.clone(),
            missing,
            seed: self.seed,
        })
    }
}

impl ResampleFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.data.settings()?;
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        set("seed", seed(self.seed)?);
        set("method.name", Value::from(self.method.clone()));
        if let Some(strategy) = &self.sampling_strategy {
            set("method.sampling_strategy", Value::from(strategy.clone()));
        }
        if let Some(chooser) = &self.chooser {
            set("chooser", Value::from(chooser.clone()));
        }
        if let Some(output) = &self.output {
            set("output.path", path(output)?);
            if self.mark {
                set("output.mark", Value::from(true));
            }
            if let Some(carry) = &self.carry {
                set("output.carry", Value::from(carry.clone()));
            }
        }
        if let Some(report) = &self.report {
            set("report.path", path(report)?);
        }
        if self.output.is_none() && self.report.is_none() && !self.how.dry_run {
            let hint = "add `--output balanced.csv`, or `--dry-run` to see what would happen";
            return Err(wrong(
                "resample",
                "there is nowhere to write the result to".into(),
                hint,
            ));
        }
        Ok(settings)
    }
}

impl CompareFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.data.settings()?;
        let mut set = |name: &str, value: Value| settings.push((name.into(), value));
        set("seed", seed(self.seed)?);
        for (name, list) in [
            ("methods", &self.methods),
            ("models", &self.model),
            ("measures", &self.measure),
            ("observe", &self.observe),
        ] {
            if !list.is_empty() {
                set(&format!("compare.{name}"), Value::from(list.clone()));
            }
        }
        for (name, number) in [
            ("folds", self.folds),
            ("repeats", self.repeats),
            ("draws", self.draws),
            ("memory_mib", self.memory),
        ] {
            if let Some(number) = number {
                set(&format!("compare.{name}"), Value::from(number));
            }
        }
        if let Some(level) = self.level {
            set("compare.level", Value::from(level));
        }
        if let Some(class) = &self.favorable {
            set("compare.favorable_label", Value::from(class.clone()));
        }
        if let Some(report) = &self.report {
            set("report.path", path(report)?);
        }
        settings.extend(set_by_path(&self.set)?);
        if !settings.iter().any(|(name, _)| name.starts_with("compare.")) {
            settings.push(("compare".into(), Value::Table(toml::Table::new())));
        }
        Ok(settings)
    }
}

impl AdviseFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = self.data.settings()?;
        settings.push(("seed".into(), seed(self.seed)?));
        if let Some(report) = &self.report {
            settings.push(("report.path".into(), path(report)?));
        }
        Ok(settings)
    }
}

impl HowFlags {
    pub(crate) fn settings(&self) -> Result<Settings> {
        set_by_path(&self.set)
    }
}

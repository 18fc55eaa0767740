use counterpoise_base::counted;
use std::path::PathBuf;

/// What can go wrong in a profile or a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading, preparing or writing a table failed.
    #[error(transparent)]
    Data(#[from] counterpoise_data::Error),
    /// One of several tables cannot be used as asked.
    #[error("`{file}`: {source}")]
    InFile {
        /// The file.
        file: String,
        /// Why.
        source: Box<counterpoise_data::Error>,
    },
    /// Making rows failed.
    #[error(transparent)]
    Sampling(#[from] counterpoise_sampling::Error),
    /// A distance could not be measured.
    #[error(transparent)]
    Neighbors(#[from] counterpoise_neighbors::Error),
    /// A page could not be drawn.
    #[error(transparent)]
    Report(#[from] counterpoise_report::Error),
    /// A model could not be fitted.
    #[error(transparent)]
    Learn(#[from] counterpoise_learn::Error),
    /// A measure could not be taken.
    #[error(transparent)]
    Metrics(#[from] counterpoise_metrics::Error),
    /// A network could not be trained or used.
    #[error(transparent)]
    Deep(#[from] counterpoise_deep::Error),
    /// Documents could not be read, indexed or ranked.
    #[error(transparent)]
    Recommend(#[from] counterpoise_recommend::Error),
    /// Features could not be analysed.
    #[error(transparent)]
    Diagnose(#[from] counterpoise_diagnose::Error),
    /// A class without pictures, in a formula that divides by their number or takes its logarithm.
    #[error("class `{class}` has no picture to train on, and {method} divides by the pictures of each class")]
    ClassWithoutPictures {
        /// Name of the class.
        class: String,
        /// Name of what cannot do without.
        method: &'static str,
    },
    /// A class with fewer rows than there are folds.
    #[error("class `{class}` has {}, fewer than the {folds} folds: some fold would be without it", counted(*rows, "row"))]
    FoldsOverClass {
        /// Name of the class.
        class: String,
        /// Rows it has.
        rows: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// No combination of method and model could be fitted.
    #[error("no model could be fitted: with `{method}`, {reason}")]
    NothingFitted {
        /// The first method that failed.
        method: String,
        /// Why.
        reason: String,
        /// What to type instead.
        hint: Option<String>,
    },
    /// The description of the run cannot be understood.
    #[error("{place}: {problem}")]
    Config {
        /// File or flag.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to type instead.
        hint: Option<String>,
    },
    /// A report or a copy of bundled data cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The observer asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// An error of networks, which count classes, with the names of classes.
    pub(crate) fn of_classes(error: counterpoise_deep::Error, classes: &[String]) -> Self {
        match error {
            counterpoise_deep::Error::EmptyClass { method, class } => Self::ClassWithoutPictures {
                class: classes.get(class).cloned().unwrap_or_else(|| class.to_string()),
                method,
            },
            other => other.into(),
        }
    }

    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::InFile { source, .. } => source.hint(),
            Self::Sampling(error) => error.hint(),
            Self::Neighbors(error) => error.hint(),
            Self::Learn(error) => error.hint(),
            Self::Metrics(error) => error.hint(),
            Self::Deep(error) => error.hint(),
            Self::Diagnose(error) => error.hint(),
            Self::Recommend(error) => error.hint(),
            Self::ClassWithoutPictures { .. } => Some(
                "leave the class out of `--class-names`, or use `--loss cross-entropy` without weights"
                    .into(),
            ),
            Self::FoldsOverClass { class, rows, .. } if *rows >= 2 => Some(format!(
                "use `--folds {rows}` or fewer, or merge `{class}` with another class"
            )),
            Self::FoldsOverClass { class, .. } => Some(format!(
                "no split can train on `{class}` and test it too: collect more rows, or merge it with another class"
            )),
            Self::NothingFitted { hint, .. } | Self::Config { hint, .. } => hint.clone(),
            Self::Write { .. } => {
                Some("choose another path, on a disk with room that you may write to".into())
            }
            Self::Report(_) | Self::Stopped => None,
        }
    }

    /// Stable name; the part before the dot is the crate.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data(error) => error.code(),
            Self::InFile { source, .. } => source.code(),
            Self::Sampling(error) => error.code(),
            Self::Neighbors(error) => error.code(),
            Self::Report(error) => error.code(),
            Self::Learn(error) => error.code(),
            Self::Metrics(error) => error.code(),
            Self::Deep(error) => error.code(),
            Self::Diagnose(error) => error.code(),
            Self::Recommend(error) => error.code(),
            Self::ClassWithoutPictures { .. } => "deep.empty-class",
            Self::FoldsOverClass { .. } => "compare.folds-over-class",
            Self::NothingFitted { .. } => "compare.nothing-fitted",
            Self::Config { .. } => "config.invalid",
            Self::Write { .. } => "report.write",
            Self::Stopped => "run.stopped",
        }
    }
}

use counterpoise_base::{agree, counted};

use crate::Split;

/// What can go wrong while reading features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A split without rows.
    #[error("the {split} embeddings have no row")]
    NoRows {
        /// Which rows.
        split: Split,
    },
    /// Weights of another width than features.
    #[error("the {split} embeddings have {}, and the head has weights for {head}", counted(*features, "feature"))]
    Width {
        /// Which rows.
        split: Split,
        /// Numbers in an embedding.
        features: usize,
        /// Weights of a class.
        head: usize,
    },
    /// Labels of more or fewer classes than the head tells apart.
    #[error("the labels of the {split} rows know {}, and the head has weights for {head}", counted(*classes, "class"))]
    Classes {
        /// Which rows.
        split: Split,
        /// Classes of the labels.
        classes: usize,
        /// Classes of the head.
        head: usize,
    },
    /// Two lists of classes for one head.
    #[error("class number {place} is `{first}` in the {a} and `{second}` in the {b}")]
    OtherClasses {
        /// Its place, counted from 0.
        place: usize,
        /// Its name in one list.
        first: String,
        /// Its name in the other.
        second: String,
        /// Where the one list is from.
        a: &'static str,
        /// Where the other list is from.
        b: &'static str,
    },
    /// A feature that is no number.
    #[error("row {row} of the {split} embeddings (class `{class}`): feature {feature} is {value}")]
    NotFinite {
        /// Which rows.
        split: Split,
        /// The row, counted from 1.
        row: usize,
        /// Name of its class.
        class: String,
        /// The feature, counted from 0.
        feature: usize,
        /// The value.
        value: f32,
    },
    /// A weight or a bias that is no number.
    #[error("the {what} of class number {class} of the head is not finite")]
    NotFiniteHead {
        /// `bias`, or `weights`.
        what: &'static str,
        /// The class, counted from 0.
        class: usize,
    },
    /// Nothing to tell apart.
    #[error("all rows are of one class, `{class}`")]
    OneClass {
        /// Name of the class.
        class: String,
    },
    /// A prediction that is no class.
    #[error(
        "row {row} of the {split} embeddings is predicted as class number {code}, and there are {classes} classes, counted from 0"
    )]
    UnknownPrediction {
        /// Which rows.
        split: Split,
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: u32,
        /// Number of classes.
        classes: usize,
    },
    /// Two models that did not read the same rows.
    #[error("the two models read different rows: {reason}")]
    OtherRows {
        /// Where they differ.
        reason: String,
    },
    /// A table of neighbours that does not fit the rows.
    #[error("the table of neighbours has {has}, where {} {} needed", counted(*needed, "label"), agree(*needed, "is", "are"))]
    NeighborTable {
        /// Labels it has.
        has: usize,
        /// Labels that fit.
        needed: usize,
    },
    /// A neighbour of a class that there is not.
    #[error(
        "row {row}: a neighbour is of class number {code}, and there are {classes} classes, counted from 0"
    )]
    UnknownNeighbor {
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: u32,
        /// Number of classes.
        classes: usize,
    },
    /// An option outside its range.
    #[error("`{option} = {value}` is out of range: {range}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// The neighbour search failed.
    #[error(transparent)]
    Neighbors(counterpoise_neighbors::Error),
    /// Intervals could not be had.
    #[error(transparent)]
    Metrics(counterpoise_metrics::Error),
    /// The observer asked to stop.
    #[error("stopped while reading features")]
    Stopped,
}

impl From<counterpoise_neighbors::Error> for Error {
    fn from(error: counterpoise_neighbors::Error) -> Self {
        match error {
            counterpoise_neighbors::Error::Stopped => Self::Stopped,
            error => Self::Neighbors(error),
        }
    }
}

impl From<counterpoise_metrics::Error> for Error {
    fn from(error: counterpoise_metrics::Error) -> Self {
        match error {
            counterpoise_metrics::Error::Stopped => Self::Stopped,
            error => Self::Metrics(error),
        }
    }
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRows { split } => format!("give {split} rows, or leave them out"),
            Self::Width { .. } => {
                "take the features that the head was trained on: those right before the last layer".into()
            }
            Self::Classes { .. } => {
                "name the classes in the order of the head's rows, those without a row among them".into()
            }
            Self::OtherClasses { .. } => "name the same classes in the same order everywhere".into(),
            Self::NotFinite { .. } => {
                "leave the row out, or extract its features anew; a row that is not finite often comes from a damaged picture".into()
            }
            Self::NotFiniteHead { .. } => {
                "take a checkpoint of an earlier epoch; weights that are not finite come from a training that diverged".into()
            }
            Self::OneClass { .. } => "give rows of at least two classes".into(),
            Self::UnknownPrediction { .. } => {
                "give predictions as codes of the classes in their order, or leave them out: the head predicts".into()
            }
            Self::OtherRows { .. } => {
                "extract the features of both models from the same rows in the same order".into()
            }
            Self::NeighborTable { .. } => "give as many neighbours for each row as `k` says".into(),
            Self::UnknownNeighbor { .. } => "give labels of neighbours as codes of the classes".into(),
            Self::Neighbors(error) => return error.hint(),
            Self::Metrics(error) => return error.hint(),
            Self::OutOfRange { .. } | Self::Stopped => return None,
        })
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRows { .. } => "diagnose.no-rows",
            Self::Width { .. } => "diagnose.width",
            Self::Classes { .. } => "diagnose.classes",
            Self::OtherClasses { .. } => "diagnose.other-classes",
            Self::NotFinite { .. } => "diagnose.not-finite",
            Self::NotFiniteHead { .. } => "diagnose.not-finite-head",
            Self::OneClass { .. } => "diagnose.one-class",
            Self::UnknownPrediction { .. } => "diagnose.unknown-prediction",
            Self::OtherRows { .. } => "diagnose.other-rows",
            Self::NeighborTable { .. } => "diagnose.neighbor-table",
            Self::UnknownNeighbor { .. } => "diagnose.unknown-neighbor",
            Self::OutOfRange { .. } => "diagnose.out-of-range",
            Self::Neighbors(error) => error.code(),
            Self::Metrics(error) => error.code(),
            Self::Stopped => "diagnose.stopped",
        }
    }
}

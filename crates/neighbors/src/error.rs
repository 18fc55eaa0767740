/// What can go wrong in a neighbour search.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that no distance is defined for.
    #[error(
        "column `{column}`, row {row}: the value is missing or not finite, and {metric} distance needs a number"
    )]
    NotFinite {
        /// Name of the column.
        column: String,
        /// Row, counted from 1.
        row: usize,
        /// Name of the metric.
        metric: &'static str,
    },
    /// A metric of numbers was asked to compare categories.
    #[error("column `{column}` is categorical, and {metric} distance compares numbers only")]
    Categorical {
        /// Name of the column.
        column: String,
        /// Name of the metric.
        metric: &'static str,
    },
    /// Nothing to measure a distance by.
    #[error("no column is left to measure a distance by")]
    NoFeatures,
    /// The observer asked to stop.
    #[error("stopped while finding neighbors")]
    Stopped,
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFinite { .. } => Some(
                "choose what happens to missing values with `--missing drop-rows`, `--missing impute` or `--missing distance`".into(),
            ),
            Self::Categorical { .. } => Some("use the metric `heom`, which compares mixed columns".into()),
            Self::NoFeatures => Some("keep at least one numeric or categorical column besides the target".into()),
            Self::Stopped => None,
        }
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFinite { .. } => "neighbors.not-finite",
            Self::Categorical { .. } => "neighbors.categorical",
            Self::NoFeatures => "neighbors.no-features",
            Self::Stopped => "neighbors.stopped",
        }
    }
}

use crate::rank::Adjustment;
use counterpoise_base::{agree, counted};

/// What can go wrong while measuring.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two lists that belong to the same rows differ in length.
    #[error("{what} has {}, where {needed} {} needed", counted(*has, "value"), agree(*needed, "is", "are"))]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        has: usize,
        /// The length that fits.
        needed: usize,
    },
    /// A code that stands for no class.
    #[error("row {row}: the {what} is class number {code}, and there are {classes} classes, counted from 0")]
    UnknownCode {
        /// `true class` or `predicted class`.
        what: &'static str,
        /// The row, counted from 1.
        row: usize,
        /// The code.
        code: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A probability that is none.
    #[error("row {row}: the probability of class `{class}` is {value}, which is not between 0 and 1")]
    Probability {
        /// The row, counted from 1.
        row: usize,
        /// Name of the class.
        class: String,
        /// The value.
        value: f64,
    },
    /// Probabilities of a row that do not add up.
    #[error("row {row}: the probabilities of all classes sum to {sum}, not to 1")]
    ProbabilitySum {
        /// The row, counted from 1.
        row: usize,
        /// Their sum.
        sum: f64,
    },
    /// A weight below 0, or not a number.
    #[error("row {row}: the weight is {value}, which is not a number of at least 0")]
    Weight {
        /// The row, counted from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Weights that leave nothing.
    #[error("every weight is 0")]
    NoWeight,
    /// No measure has this name.
    #[error("there is no measure called `{name}`")]
    UnknownMeasure {
        /// The name that was given.
        name: String,
        /// The measure that was meant, or all there are.
        suggestion: String,
    },
    /// A measure names a class that the data does not have.
    #[error("`{measure}` names the class `{class}`, which the target does not have")]
    UnknownClass {
        /// Name of the measure.
        measure: String,
        /// The name that was given.
        class: String,
        /// The class that was meant, or all there are.
        suggestion: String,
    },
    /// A measure of probabilities without any.
    #[error("`{measure}` needs probabilities")]
    NeedsProbabilities {
        /// Name of the measure.
        measure: String,
    },
    /// A measure of distances between classes that are no numbers.
    #[error("`{measure}` needs classes that are numbers, and `{class}` is none")]
    NeedsNumbers {
        /// Name of the measure.
        measure: String,
        /// Name of the class.
        class: String,
    },
    /// The favourable class is none of the target's.
    #[error("the favourable class `{class}` is not a class of the target")]
    UnknownFavourable {
        /// The name that was given.
        class: String,
        /// The class that was meant, or all there are.
        suggestion: String,
    },
    /// No row is of this group.
    #[error("there is no group `{group}`")]
    UnknownGroup {
        /// The name that was given.
        group: String,
        /// The group that was meant, or all there are.
        suggestion: String,
    },
    /// A measure of predictions, for rows that have true classes only.
    #[error("`{measure}` needs predictions")]
    NeedsPredictions {
        /// Name of the measure.
        measure: String,
    },
    /// A measure of neighbours, for rows without any.
    #[error("`{measure}` needs the neighbours of every row")]
    NeedsNeighbours {
        /// Name of the measure.
        measure: String,
    },
    /// Nothing to draw from.
    #[error("there are no rows to draw from")]
    NoRows,
    /// A row that the table does not have.
    #[error("row {row} was asked for, and there are {rows} rows")]
    UnknownRow {
        /// The row, counted from 1.
        row: usize,
        /// Number of rows.
        rows: usize,
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
    /// Too little to compare.
    #[error("there {} {has} {what}{}, and at least {needed} are needed", if *has == 1 { "is" } else { "are" }, if *has == 1 { "" } else { "s" })]
    TooFew {
        /// `method`, `data set` or `fold`.
        what: &'static str,
        /// How many there are.
        has: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A score that cannot be ranked.
    #[error("data set `{data_set}`: the score of `{method}` is not a number")]
    NoScore {
        /// Name of the data set.
        data_set: String,
        /// Name of the method.
        method: String,
    },
    /// Something in a list that is not a finite number.
    #[error("{what} {place} is {value}, which is not a finite number")]
    NoNumber {
        /// What the list holds.
        what: &'static str,
        /// Place in the list, counted from 1.
        place: usize,
        /// The value.
        value: f64,
    },
    /// No method has this name.
    #[error("there is no method `{method}`")]
    UnknownMethod {
        /// The name that was given.
        method: String,
        /// The method that was meant, or all there are.
        suggestion: String,
    },
    /// A procedure for all pairs of methods, where there is a control.
    #[error("`{}` is for all pairs of methods, not for a control", adjustment.name())]
    AllPairsOnly {
        /// The procedure.
        adjustment: Adjustment,
    },
    /// The observer asked to stop.
    #[error("stopped while drawing rows for intervals")]
    Stopped,
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Length { .. } => "give one value a row, in the order of the rows".into(),
            Self::UnknownCode { .. } => "list every class that is true or predicted somewhere".into(),
            Self::Probability { .. } => {
                "give probabilities; scores of another range can be turned into them by calibration".into()
            }
            Self::ProbabilitySum { .. } => {
                "divide each row by its sum, or name the columns of all classes".into()
            }
            Self::Weight { .. } => "give weights of at least 0; 0 leaves a row out".into(),
            Self::NoWeight => "give some row a weight above 0, or leave the weights out".into(),
            Self::UnknownMeasure { suggestion, .. }
            | Self::UnknownClass { suggestion, .. }
            | Self::UnknownFavourable { suggestion, .. }
            | Self::UnknownGroup { suggestion, .. }
            | Self::UnknownMethod { suggestion, .. } => suggestion.clone(),
            Self::TooFew { what: "fold", .. } => {
                "give the score of every fold, and how often the folds were dealt anew".into()
            }
            Self::TooFew { .. } => {
                "give more of them; a comparison of ranks needs two methods and two data sets at least".into()
            }
            Self::NoScore { .. } => {
                "measure it again, or leave the data set or the method out of all comparisons".into()
            }
            Self::NoNumber { .. } => "leave the pair out, or measure it again".into(),
            Self::AllPairsOnly { .. } => "take `holm`, `hochberg` or `finner`, or compare all pairs".into(),
            Self::NeedsPredictions { measure } => {
                format!("name the column of predictions, or leave `{measure}` out")
            }
            Self::NeedsNeighbours { measure } => format!("find neighbours first, or leave `{measure}` out"),
            Self::NeedsProbabilities { measure } => {
                format!("name the columns of probabilities, or leave `{measure}` out")
            }
            Self::NeedsNumbers { measure, .. } => format!("leave `{measure}` out; it is for ordered classes"),
            Self::NoRows | Self::UnknownRow { .. } | Self::OutOfRange { .. } | Self::Stopped => return None,
        })
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "metrics.length",
            Self::UnknownCode { .. } => "metrics.unknown-code",
            Self::Probability { .. } => "metrics.probability",
            Self::ProbabilitySum { .. } => "metrics.probability-sum",
            Self::Weight { .. } => "metrics.weight",
            Self::NoWeight => "metrics.no-weight",
            Self::UnknownMeasure { .. } => "metrics.unknown-measure",
            Self::UnknownClass { .. } => "metrics.unknown-class",
            Self::NeedsProbabilities { .. } => "metrics.needs-probabilities",
            Self::NeedsNumbers { .. } => "metrics.needs-numbers",
            Self::UnknownFavourable { .. } => "metrics.unknown-favourable",
            Self::UnknownGroup { .. } => "metrics.unknown-group",
            Self::NeedsPredictions { .. } => "metrics.needs-predictions",
            Self::NeedsNeighbours { .. } => "metrics.needs-neighbours",
            Self::NoRows => "metrics.no-rows",
            Self::UnknownRow { .. } => "metrics.unknown-row",
            Self::OutOfRange { .. } => "metrics.out-of-range",
            Self::TooFew { .. } => "metrics.too-few",
            Self::NoScore { .. } => "metrics.no-score",
            Self::NoNumber { .. } => "metrics.no-number",
            Self::UnknownMethod { .. } => "metrics.unknown-method",
            Self::AllPairsOnly { .. } => "metrics.all-pairs-only",
            Self::Stopped => "metrics.stopped",
        }
    }
}

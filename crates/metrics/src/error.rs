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
    /// A document that cannot be ranked.
    #[error("query `{query}`: the score of document `{document}` is {value}, which is not a finite number")]
    RankingScore {
        /// The query.
        query: String,
        /// The document.
        document: String,
        /// Its score.
        value: f64,
    },
    /// A document that stands twice in a list.
    #[error("{place}: document `{document}` stands twice in the list of query `{query}`")]
    RankedTwice {
        /// The query.
        query: String,
        /// The document.
        document: String,
        /// Where it stands again: `line 7`, `rank 3`.
        place: String,
    },
    /// A query with two lists in one run.
    #[error("query `{query}` has a list already")]
    QueryTwice {
        /// The query.
        query: String,
    },
    /// A document with two grades for a query.
    #[error(
        "line {line}: document `{document}` has grade {now} for query `{query}`, and grade {before} further up"
    )]
    JudgedTwice {
        /// The line, counted from 1.
        line: usize,
        /// The query.
        query: String,
        /// The document.
        document: String,
        /// The grade above.
        before: i32,
        /// The grade here.
        now: i32,
    },
    /// A line with too few columns, or too many.
    #[error("line {line} has {}, where {needed} are needed: {shape}", counted(*has, "column"))]
    Columns {
        /// The line, counted from 1.
        line: usize,
        /// Its columns.
        has: usize,
        /// The columns that fit.
        needed: usize,
        /// What they are.
        shape: &'static str,
    },
    /// Something in a column that is no number.
    #[error("line {line}: the {what} is `{text}`, which is not {needed}")]
    NotANumber {
        /// The line, counted from 1.
        line: usize,
        /// `grade` or `score`.
        what: &'static str,
        /// What is allowed.
        needed: &'static str,
        /// What stands there.
        text: String,
    },
    /// A query or document without a name.
    #[error("line {line} has no query or no document")]
    EmptyId {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line that cannot be meant.
    #[error("line {line} has more than {longest} bytes")]
    LongLine {
        /// The line, counted from 1.
        line: usize,
        /// Bytes that a line may have.
        longest: usize,
    },
    /// A line that is not text.
    #[error("line {line} is not text in UTF-8")]
    NotText {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line that could not be read.
    #[error("line {line} could not be read: {why}")]
    Unreadable {
        /// The line, counted from 1.
        line: usize,
        /// What the system says.
        why: String,
    },
    /// An id that would not be read back.
    #[error("the {what} `{id}` cannot stand in a column, since it is empty or has a blank in it")]
    Unwritable {
        /// `query`, `document`, `aspect` or `run`.
        what: &'static str,
        /// The id.
        id: String,
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
            Self::RankingScore { .. } => "leave the document out, or give it the least score of the list".into(),
            Self::RankedTwice { .. } => "keep the better rank of the two and delete the other".into(),
            Self::QueryTwice { .. } => "give all documents of a query in one list".into(),
            Self::JudgedTwice { .. } => {
                "keep one of the two; judgements of aspects, with the aspect in the second column, are read as such".into()
            }
            Self::Columns { needed: 6, .. } => "separate the columns by blanks; ids must have none".into(),
            Self::Columns { needed: 3, .. } | Self::EmptyId { .. } => {
                "separate the columns by one tab each, and leave none empty".into()
            }
            Self::Columns { .. } => {
                "separate the columns by blanks; a table of BEIR begins with the line `query-id`, `corpus-id`, `score`, with tabs"
                    .into()
            }
            Self::NotANumber { .. } => "look whether the columns stand in this order, and correct the line".into(),
            Self::LongLine { .. } | Self::NotText { .. } => {
                "give a text file in UTF-8 with one document a line; unpack it first if it is packed".into()
            }
            Self::Unwritable { .. } => "give ids without blanks, such as `PMC1234567` or `10.1000/182`".into(),
            Self::NoRows | Self::Unreadable { .. } | Self::UnknownRow { .. } | Self::OutOfRange { .. } | Self::Stopped => return None,
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
            Self::RankingScore { .. } => "metrics.ranking-score",
            Self::RankedTwice { .. } => "metrics.ranked-twice",
            Self::QueryTwice { .. } => "metrics.query-twice",
            Self::JudgedTwice { .. } => "metrics.judged-twice",
            Self::Columns { .. } => "metrics.columns",
            Self::NotANumber { .. } => "metrics.not-a-number",
            Self::EmptyId { .. } => "metrics.empty-id",
            Self::LongLine { .. } => "metrics.long-line",
            Self::NotText { .. } => "metrics.not-text",
            Self::Unreadable { .. } => "metrics.unreadable",
            Self::Unwritable { .. } => "metrics.unwritable",
            Self::Stopped => "metrics.stopped",
        }
    }
}

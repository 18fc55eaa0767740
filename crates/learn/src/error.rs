use counterpoise_base::counted;
/// What can go wrong while a model is fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No learner of this name.
    #[error("there is no model called `{name}`")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// What to type instead.
        suggestion: String,
    },
    /// Nothing to tell apart.
    #[error("{model} needs rows of two or more classes, and there is only `{class}`")]
    OneClass {
        /// Name of the model.
        model: &'static str,
        /// The class there is.
        class: String,
    },
    /// A learner that tells two classes apart, no more.
    #[error("{model} tells two classes apart, and there are {classes}")]
    TwoClassesOnly {
        /// Name of the model.
        model: &'static str,
        /// Classes with rows.
        classes: usize,
    },
    /// A class named in an option that no row has.
    #[error("`favourable = \"{class}\"` of {model}: no row is of class `{class}`")]
    NoSuchClass {
        /// Name of the model.
        model: &'static str,
        /// What was given.
        class: String,
        /// Classes with rows.
        classes: Vec<String>,
    },
    /// Groups of rows were not given.
    #[error("{model} needs the group of every row, and none was given")]
    NoGroups {
        /// Name of the model.
        model: &'static str,
    },
    /// Nothing to compare.
    #[error("{model} compares groups, and all rows are of group `{group}`")]
    OneGroup {
        /// Name of the model.
        model: &'static str,
        /// The group there is.
        group: String,
    },
    /// A group that the model was not fitted on.
    #[error("{model} was fitted without rows of group `{group}`, and cannot predict any")]
    UnknownGroup {
        /// Name of the model.
        model: &'static str,
        /// The group.
        group: String,
        /// Groups it was fitted on.
        known: Vec<String>,
    },
    /// A rate that a constraint compares and that a group does not have.
    #[error("{constraint} of {model} compares rows of class `{class}`, and group `{group}` has none")]
    EmptyCell {
        /// Name of the model.
        model: &'static str,
        /// Name of the constraint.
        constraint: &'static str,
        /// Name of the group.
        group: String,
        /// Name of the class.
        class: String,
    },
    /// More columns than a learner can name.
    #[error("{model} takes at most {most} columns, and there are {columns} after one-hot encoding")]
    TooWide {
        /// Name of the model.
        model: &'static str,
        /// Columns there are.
        columns: usize,
        /// Columns it can take.
        most: usize,
    },
    /// An option outside its range.
    #[error("`{option} = {value}` of {model} is out of range")]
    OutOfRange {
        /// Name of the model.
        model: &'static str,
        /// Name of the option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What may be given.
        range: &'static str,
    },
    /// A class too small to be spread over inner folds.
    #[error("class `{class}` has {}, too few for the {folds} inner folds of {purpose}", counted(*rows, "row"))]
    TooFewRows {
        /// Name of the class.
        class: String,
        /// Rows it has.
        rows: usize,
        /// Folds asked for.
        folds: usize,
        /// What the folds are for.
        purpose: &'static str,
    },
    /// The library below refused.
    #[error("{model} could not be fitted: {problem}")]
    Library {
        /// Name of the model.
        model: &'static str,
        /// What the library said.
        problem: String,
    },
    /// A distance could not be measured.
    #[error(transparent)]
    Neighbors(#[from] counterpoise_neighbors::Error),
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownModel { suggestion, .. } => suggestion.clone(),
            Self::OneClass { .. } => "use a method that leaves rows of every class".into(),
            Self::TwoClassesOnly { .. } => "leave this model out, or merge classes until two are left".into(),
            Self::NoSuchClass { classes, .. } => format!("the classes are `{}`", classes.join("`, `")),
            Self::NoGroups { .. } => {
                "name the protected column with `--group`, as in `--group sex`, or leave this model out"
                    .into()
            }
            Self::OneGroup { .. } => "name a column of two or more values with `--group`".into(),
            Self::UnknownGroup { known, .. } => format!(
                "it knows `{}`: merge rare groups before, so that every part has rows of each",
                known.join("`, `")
            ),
            Self::EmptyCell { group, .. } => format!(
                "merge `{group}` with another group, leave it out, or set `constraint = \"demographic-parity\"`"
            ),
            Self::TooWide { .. } => "leave out categorical columns of many values with `--ignore`".into(),
            Self::OutOfRange { range, .. } => format!("give {range}"),
            Self::TooFewRows { class, .. } => {
                format!("merge `{class}` with another class, or leave such methods out")
            }
            Self::Library { .. } => return None,
            Self::Neighbors(error) => return error.hint(),
        })
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownModel { .. } => "learn.unknown-model",
            Self::OneClass { .. } => "learn.one-class",
            Self::TwoClassesOnly { .. } => "learn.two-classes-only",
            Self::NoSuchClass { .. } => "learn.no-such-class",
            Self::NoGroups { .. } => "learn.no-groups",
            Self::OneGroup { .. } => "learn.one-group",
            Self::UnknownGroup { .. } => "learn.unknown-group",
            Self::EmptyCell { .. } => "learn.empty-cell",
            Self::TooWide { .. } => "learn.too-wide",
            Self::OutOfRange { .. } => "learn.out-of-range",
            Self::TooFewRows { .. } => "learn.too-few-rows",
            Self::Library { .. } => "learn.library",
            Self::Neighbors(error) => error.code(),
        }
    }
}

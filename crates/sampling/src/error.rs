use counterpoise_base::counted;
/// What can go wrong while choosing and making rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A class is too small for what the method does.
    #[error("class `{class}` has {}, but {method} needs at least {needed}", counted(*rows, "row"))]
    TooFewRows {
        /// Name of the class.
        class: String,
        /// Its rows.
        rows: usize,
        /// Rows needed.
        needed: usize,
        /// Name of the method.
        method: &'static str,
    },
    /// Resampling needs something to balance.
    #[error("the target has one class only, `{class}`; resampling balances two or more")]
    OneClass {
        /// Name of the class.
        class: String,
    },
    /// A strategy names a class that the data does not have.
    #[error("`sampling_strategy` names the class `{class}`, which the target does not have")]
    UnknownClass {
        /// The name that was given.
        class: String,
        /// The class that was meant, or all there are.
        suggestion: String,
    },
    /// A strategy asks an over-sampler to remove rows, or an under-sampler to make some.
    #[error(
        "class `{class}` has {rows} rows and `sampling_strategy` asks for {asked}: {direction} cannot do that"
    )]
    WrongDirection {
        /// Name of the class.
        class: String,
        /// Rows it has.
        rows: usize,
        /// Rows asked for.
        asked: usize,
        /// What kind of method it is, in words.
        direction: &'static str,
    },
    /// More rows than an index can name.
    #[error(
        "`sampling_strategy` asks for so many rows of class `{class}` that the table would have more than {}",
        u32::MAX
    )]
    TooManyRows {
        /// Name of the class.
        class: String,
    },
    /// A method that leaves all rows where they are, where rows are wanted.
    #[error("the method weighs rows or moves features, and makes no rows to train a head on")]
    NoRowsToTrainOn,
    /// A number that no floating-point type holds.
    #[error("column `{column}`: a synthetic row of class `{class}` would be infinite")]
    Infinite {
        /// Name of the column.
        column: String,
        /// Name of the class.
        class: String,
    },
    /// A number that is missing or infinite, where a method moves numbers.
    #[error("column `{column}`, row {row}: the value is missing or infinite, and {method} needs all of them")]
    NotFinite {
        /// Name of the column.
        column: String,
        /// Row, counted from 1.
        row: usize,
        /// Name of the method.
        method: &'static str,
    },
    /// A strategy that does not fit the kind of method.
    #[error("`sampling_strategy = {strategy}` does not fit {direction}")]
    StrategyMisfit {
        /// The strategy, as text.
        strategy: String,
        /// What kind of method it is, in words.
        direction: &'static str,
        /// What to type instead.
        hint: &'static str,
    },
    /// No row of a class has a neighbour of another class.
    #[error("class `{class}`: none of its rows has a row of another class among its {k} nearest neighbors")]
    Separated {
        /// Name of the class.
        class: String,
        /// Neighbours looked at.
        k: usize,
    },
    /// No row of a class is among enough of its own.
    #[error(
        "class `{class}`: none of its {} has {needed} of its own class among its {k} nearest neighbors", counted(*rows, "row")
    )]
    NoBase {
        /// Name of the class.
        class: String,
        /// Its rows.
        rows: usize,
        /// Neighbours of its own that a row needs.
        needed: usize,
        /// Neighbours looked at.
        k: usize,
    },
    /// SMOTENC needs both kinds of columns.
    #[error("smotenc needs numeric and categorical columns; this table has only {kind} ones")]
    NotMixed {
        /// The kind it has.
        kind: &'static str,
    },
    /// Noise needs numbers.
    #[error("`shrinkage` adds noise to numbers, and column `{column}` is categorical")]
    CategoricalNoise {
        /// Name of the column.
        column: String,
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
    /// A method that balances groups has none.
    #[error("{method} needs protected groups, and no column was named as one")]
    NeedsGroups {
        /// Name of the method.
        method: &'static str,
    },
    /// Groups that are one.
    #[error("all rows are in the group `{group}`; {method} needs two or more")]
    OneGroup {
        /// Name of the group.
        group: String,
        /// Name of the method.
        method: &'static str,
    },
    /// A class that a group does not have.
    #[error("group `{group}` has no row of class `{class}`, and {method} needs one at least")]
    EmptyCell {
        /// Name of the class.
        class: String,
        /// Name of the group.
        group: String,
        /// Name of the method.
        method: &'static str,
        /// What to type instead.
        hint: &'static str,
    },
    /// No row of a cell has a neighbour in it.
    #[error(
        "class `{class}` of group `{group}`: none of its {} has another of them among its {k} nearest neighbors, or a weight if it has", counted(*rows, "row")
    )]
    Scattered {
        /// Name of the class.
        class: String,
        /// Name of the group.
        group: String,
        /// Rows of the cell.
        rows: usize,
        /// Neighbours looked at.
        k: usize,
    },
    /// A method for two classes has more.
    #[error("{method} needs two classes, a favorable one and another; the target has {}", .classes.len())]
    NotBinary {
        /// Name of the method.
        method: &'static str,
        /// The classes there are.
        classes: Vec<String>,
    },
    /// Nobody said which class is favourable.
    #[error("{method} has to know which class is favorable: `{}`", .classes.join("` or `"))]
    NeedsFavorable {
        /// Name of the method.
        method: &'static str,
        /// The classes there are.
        classes: Vec<String>,
    },
    /// An option names a class or a group that the data does not have.
    #[error("`{option}` names the {what} `{name}`, which the data does not have")]
    UnknownName {
        /// Name of the option.
        option: &'static str,
        /// `class` or `group`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// The name that was meant, or all there are.
        suggestion: String,
    },
    /// A cell is too small for what was asked.
    #[error(
        "class `{class}` of group `{group}` has {} to choose from, but {method} needs at least {needed}", counted(*rows, "row")
    )]
    SmallCell {
        /// Name of the class.
        class: String,
        /// Name of the group.
        group: String,
        /// Rows to choose from.
        rows: usize,
        /// Rows needed.
        needed: usize,
        /// Name of the method.
        method: &'static str,
    },
    /// Groups that ask for more rows than an index can name.
    #[error(
        "{method} would make so many rows that the table would have more than {}",
        u32::MAX
    )]
    TooManyRowsOfCells {
        /// Name of the method.
        method: &'static str,
    },
    /// There is no stream to replay.
    #[error("{method} has no numpy counterpart whose draws could be replayed")]
    NoReplay {
        /// Name of the method.
        method: &'static str,
    },
    /// No method has this name.
    #[error("there is no method called `{name}`")]
    UnknownMethod {
        /// The name that was given.
        name: String,
        /// The method that was meant, or all there are.
        suggestion: String,
    },
    /// A model that the method needs could not be fitted.
    #[error(transparent)]
    Learn(#[from] counterpoise_learn::Error),
    /// The neighbour search failed.
    #[error(transparent)]
    Neighbors(#[from] counterpoise_neighbors::Error),
    /// The observer asked to stop.
    #[error("stopped while making rows")]
    Stopped,
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::TooFewRows { rows: 0 | 1, .. } => {
                "set `few_rows = \"duplicate\"` to copy the row, leave the class out with `sampling_strategy`, or merge it with another".into()
            }
            Self::TooFewRows { .. } => {
                "set `few_rows = \"shrink\"` to use the neighbors there are, or `few_rows = \"duplicate\"` to copy rows".into()
            }
            Self::OneClass { .. } => "name another column with `--target`".into(),
            Self::UnknownClass { suggestion, .. }
            | Self::UnknownMethod { suggestion, .. }
            | Self::UnknownName { suggestion, .. } => suggestion.clone(),
            Self::Scattered { .. } => {
                "set `few_rows = \"duplicate\"` to copy its rows, or use fair-smote, which looks for neighbors inside the cell".into()
            }
            Self::NotBinary { classes, .. } => format!(
                "merge the classes into two, `{}` and all others for example",
                classes.last().map_or("", String::as_str)
            ),
            Self::NeedsFavorable { classes, .. } => format!(
                "name it: `--set method.favorable_label={}`",
                counterpoise_base::typed(classes.last().map_or("", String::as_str))
            ),
            Self::Learn(error) => return error.hint(),
            Self::WrongDirection { class, rows, direction, .. } if direction.starts_with("over") => {
                format!("ask for {rows} or more for `{class}`, leave it out, or use an under-sampler for it")
            }
            Self::WrongDirection { class, rows, .. } => {
                format!("ask for {rows} or fewer for `{class}`, leave it out, or use an over-sampler for it")
            }
            Self::TooManyRows { class } => format!("ask for fewer rows of `{class}`, or bound them: `auto cap x10`"),
            Self::NoRowsToTrainOn => "take one that makes or removes rows, such as eos or smote".into(),
            Self::Infinite { column, .. } => format!(
                "divide column `{column}` by a large number first, choose a smaller `shrinkage` if there is one, or leave it out with `--ignore {}`",
                counterpoise_base::typed(column)
            ),
            Self::NotFinite { .. } => {
                "choose what happens to missing values with `--missing drop-rows` or `--missing impute`".into()
            }
            Self::StrategyMisfit { hint, .. } | Self::EmptyCell { hint, .. } => (*hint).into(),
            Self::Separated { .. } => "use smote, which needs no neighbors of another class, or a larger `n_neighbors`".into(),
            Self::NoBase { .. } => {
                "set a smaller `k1` or a larger `k2`, or `few_rows = \"shrink\"` to use all its rows".into()
            }
            Self::NotMixed { .. } => "use smote, which takes columns of any kind".into(),
            Self::CategoricalNoise { column } => {
                format!("leave `shrinkage` out, or leave the column out with `--ignore {}`", counterpoise_base::typed(column))
            }
            Self::NeedsGroups { .. } => "name a protected column: `--group sex`".into(),
            Self::OneGroup { method, .. } => format!("name another column with `--group`, or use a method without groups instead of {method}"),
            Self::SmallCell { .. } => {
                "set `few_rows = \"shrink\"` to use the neighbors there are, or merge the group with another".into()
            }
            Self::TooManyRowsOfCells { .. } => "merge small groups, or name fewer protected columns".into(),
            Self::NoReplay { .. } => "use the native chooser: leave out `--chooser numpy`".into(),
            Self::Neighbors(error) => return error.hint(),
            Self::OutOfRange { .. } | Self::Stopped => return None,
        })
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewRows { .. } => "sampling.too-few-rows",
            Self::OneClass { .. } => "sampling.one-class",
            Self::UnknownClass { .. } => "sampling.unknown-class",
            Self::WrongDirection { .. } => "sampling.wrong-direction",
            Self::TooManyRows { .. } => "sampling.too-many-rows",
            Self::NoRowsToTrainOn => "sampling.no-rows-to-train-on",
            Self::Infinite { .. } => "sampling.infinite",
            Self::NotFinite { .. } => "sampling.not-finite",
            Self::StrategyMisfit { .. } => "sampling.strategy-misfit",
            Self::Separated { .. } => "sampling.separated",
            Self::NoBase { .. } => "sampling.no-base",
            Self::NotMixed { .. } => "sampling.not-mixed",
            Self::CategoricalNoise { .. } => "sampling.categorical-noise",
            Self::OutOfRange { .. } => "sampling.out-of-range",
            Self::NeedsGroups { .. } => "sampling.needs-groups",
            Self::OneGroup { .. } => "sampling.one-group",
            Self::EmptyCell { .. } => "sampling.empty-cell",
            Self::Scattered { .. } => "sampling.scattered",
            Self::NotBinary { .. } => "sampling.not-binary",
            Self::NeedsFavorable { .. } => "sampling.needs-favorable",
            Self::UnknownName { .. } => "sampling.unknown-name",
            Self::Learn(error) => error.code(),
            Self::SmallCell { .. } => "sampling.small-cell",
            Self::TooManyRowsOfCells { .. } => "sampling.too-many-rows-of-cells",
            Self::NoReplay { .. } => "sampling.no-replay",
            Self::UnknownMethod { .. } => "sampling.unknown-method",
            Self::Neighbors(counterpoise_neighbors::Error::Stopped) | Self::Stopped => "sampling.stopped",
            Self::Neighbors(error) => error.code(),
        }
    }
}

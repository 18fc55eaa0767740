use std::io;
use std::path::PathBuf;

use counterpoise_base::{ImageShape, agree, counted, nearest_name, typed};

/// What can go wrong between a file and a table.
///
/// Rows are counted from 1, the first row below the header; lines are counted from 1 too.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read `{file}`")]
    Open {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// No reader or writer belongs to the extension.
    #[error("`{file}` has no extension that names a table format")]
    UnknownFormat {
        /// The file.
        file: String,
    },
    /// No line at all.
    #[error("`{file}` is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// A header and nothing below.
    #[error("`{file}` has a header of {} and no row", counted(*columns, "column"))]
    NoRows {
        /// The file.
        file: String,
        /// Columns of the header.
        columns: usize,
    },
    /// A row with more or fewer cells than columns.
    #[error("`{file}`, row {row} (line {line}): {}, but there {} {}", counted(*found, "cell"), agree(*expected, "is", "are"), counted(*expected, "column"))]
    Ragged {
        /// The file.
        file: String,
        /// The row.
        row: usize,
        /// The line it starts on.
        line: u64,
        /// Columns.
        expected: usize,
        /// Cells found.
        found: usize,
    },
    /// A quote opens and never closes, so that rows below would be swallowed.
    #[error("`{file}`, row {row} (line {line}): a quote opens there and never closes")]
    OpenQuote {
        /// The file.
        file: String,
        /// The row.
        row: usize,
        /// The line it starts on.
        line: u64,
    },
    /// Two columns of one name.
    #[error("`{file}` has two columns called `{name}`: columns {first} and {second}")]
    DuplicateNames {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// Place of the first, counted from 1.
        first: usize,
        /// Place of the second, counted from 1.
        second: usize,
    },
    /// As many names as columns are needed.
    #[error("`{file}` has {}, and {} {} given", counted(*found, "column"), counted(*given, "name"), agree(*given, "was", "were"))]
    NamesCount {
        /// The file.
        file: String,
        /// Names given.
        given: usize,
        /// Columns of the first row.
        found: usize,
    },
    /// A cell that does not fit the kind of its column.
    #[error("`{file}`, column `{column}`, row {row}{line}: `{value}` is not {kind}")]
    Cell {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// ` (line N)`, where the file has lines.
        line: String,
        /// The cell, shortened.
        value: String,
        /// What it should be, with its article.
        kind: &'static str,
    },
    /// Bytes that are no UTF-8.
    #[error("`{file}`, column `{column}`, row {row} (line {line}): the bytes are not UTF-8 text")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The line.
        line: u64,
    },
    /// A separator or comment mark that takes more than one byte.
    #[error("`{option} = {value:?}` must be one ASCII character")]
    NotAscii {
        /// The option.
        option: &'static str,
        /// What was given.
        value: char,
    },
    /// A file that breaks off or is not what its extension says.
    #[error("`{file}` is damaged or not a {format} file")]
    Corrupt {
        /// The file.
        file: String,
        /// What the extension says.
        format: &'static str,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Predictions of another set of classes.
    #[error("no class of `{target}` is predicted in `{prediction}`: {} against {}", classes.join(", "), predicted.join(", "))]
    NoCommonClass {
        /// Column of true classes.
        target: String,
        /// Column of predicted classes.
        prediction: String,
        /// Some true classes.
        classes: Vec<String>,
        /// Some predicted classes.
        predicted: Vec<String>,
    },
    /// A column of scores that are no numbers.
    #[error("column `{column}` is stored as {stored}, and a score is a number")]
    NotAScore {
        /// Name of the column.
        column: String,
        /// Type it is stored as.
        stored: String,
    },
    /// A score that is no probability.
    #[error("column `{column}`, row {row}: {value} is no probability, which is between 0 and 1")]
    ScoreRange {
        /// Name of the column.
        column: String,
        /// Row, counted from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Columns of scores that do not go with the classes.
    #[error("{}", match (column.is_empty(), class) {
        (true, Some(class)) => format!("there is no score of class `{class}`"),
        (_, Some(class)) => format!("the score `{column}` is of class `{class}`, which is not one of the classes or has a score already"),
        (_, None) => format!("the score `{column}` names no class, and there are {} classes", classes.len()),
    })]
    ScoreClass {
        /// Name of the column, empty if there is none.
        column: String,
        /// The class, if one was named.
        class: Option<String>,
        /// The classes there are.
        classes: Vec<String>,
    },
    /// More rows than an index can name.
    #[error("the table has {rows} rows, and at most {} can be worked with", u32::MAX)]
    TooManyRows {
        /// Rows read.
        rows: usize,
    },
    /// A column that no method can use or carry.
    #[error("column `{column}` is stored as {stored}, which is neither numbers, texts nor dates")]
    UnusableColumn {
        /// The column.
        column: String,
        /// Its Arrow type.
        stored: String,
    },
    /// A kind was given that the stored values cannot be.
    #[error("column `{column}` is stored as {stored} and cannot be read as {kind}")]
    KindMisfit {
        /// The column.
        column: String,
        /// Its Arrow type.
        stored: String,
        /// The kind given.
        kind: &'static str,
    },
    /// No column has this name.
    #[error("there is no column called `{column}` to be the {role}")]
    UnknownColumn {
        /// The name given.
        column: String,
        /// What for.
        role: &'static str,
        /// The names there are.
        columns: Vec<String>,
    },
    /// A column that one of two tables lacks.
    #[error("column `{column}` is in `{present}` and not in `{absent}`")]
    ColumnsDiffer {
        /// The column.
        column: String,
        /// The file that has it.
        present: String,
        /// The file that lacks it.
        absent: String,
        /// The names there are in the file that lacks it.
        columns: Vec<String>,
    },
    /// A column that means different things in two tables.
    #[error("column `{column}` is {first} in `{first_file}` and {second} in `{second_file}`")]
    KindsDiffer {
        /// The column.
        column: String,
        /// Its kind in one file.
        first: &'static str,
        /// That file.
        first_file: String,
        /// Its kind in the other.
        second: &'static str,
        /// The other.
        second_file: String,
    },
    /// A column that a model needs.
    #[error("there is no column `{column}`, which the model was trained on")]
    LacksColumn {
        /// The column.
        column: String,
        /// The names there are.
        columns: Vec<String>,
    },
    /// A column that is of another kind than the one that a model was trained on.
    #[error(
        "column `{column}` is {found}, and the model was trained on a column of kind {needed}: `{value}` in row {row}"
    )]
    UnlikeColumn {
        /// The column.
        column: String,
        /// The kind that the model knows.
        needed: &'static str,
        /// The kind that was found.
        found: &'static str,
        /// A row that shows it.
        row: usize,
        /// Its value.
        value: String,
    },
    /// One column in two roles.
    #[error("column `{column}` cannot be both {first} and {second}")]
    RoleConflict {
        /// The column.
        column: String,
        /// One role.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A missing value where the policy does not allow one.
    #[error(
        "column `{column}`, row {row}: the value is missing ({cells} missing in {} in all)", counted(*columns, "column")
    )]
    Missing {
        /// The column.
        column: String,
        /// The first such row.
        row: usize,
        /// Missing cells of all features.
        cells: usize,
        /// Columns that have some.
        columns: usize,
    },
    /// A missing value that no policy fills.
    #[error("the {role} `{column}` is missing in row {row} ({} in all)", counted(*count, "row"))]
    MissingRole {
        /// Target, group, weight or id.
        role: &'static str,
        /// The column.
        column: String,
        /// The first such row.
        row: usize,
        /// How many.
        count: usize,
    },
    /// An infinite number.
    #[error("column `{column}`, row {row}: the value is infinite")]
    Infinite {
        /// The column.
        column: String,
        /// The row.
        row: usize,
    },
    /// A weight that is none.
    #[error("the weight `{column}` is {value} in row {row}; weights are numbers, 0 or more")]
    Weight {
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// What stands there.
        value: String,
    },
    /// A target with nearly as many values as rows.
    #[error(
        "the target `{column}` has {values} different values in {rows} rows: that is a quantity or a name, not a class"
    )]
    NotAClass {
        /// The column.
        column: String,
        /// Different values.
        values: usize,
        /// Rows.
        rows: usize,
    },
    /// A threshold on something that is no number.
    #[error("the group `{group}` compares numbers, and column `{column}` is {kind}")]
    GroupThreshold {
        /// The group as given.
        group: String,
        /// The column.
        column: String,
        /// Its kind.
        kind: &'static str,
    },
    /// A column of groups that is a quantity, or names rows.
    #[error("column `{column}` has {values} different values in {rows} rows, too many for groups")]
    GroupValues {
        /// The column.
        column: String,
        /// Its different values.
        values: usize,
        /// Rows.
        rows: usize,
        /// Whether it holds numbers.
        numbers: bool,
    },
    /// Bins of a column that is no group.
    #[error("`{column}` is cut into bins, and it is no protected column")]
    UnusedBins {
        /// The column.
        column: String,
        /// The protected columns.
        columns: Vec<String>,
    },
    /// A file of further columns with another number of rows.
    #[error("`{file}` has {} for a table of {needed}", counted(*rows, "row"))]
    SideFileRows {
        /// The file.
        file: String,
        /// Its rows.
        rows: usize,
        /// Rows of the table.
        needed: usize,
    },
    /// A file of further columns whose rows are others.
    #[error(
        "`{file}` and the table both have a column `{column}`, and it differs in row {row}: rows do not stand in the same order"
    )]
    SideFileOrder {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The first row that differs, counted from 1.
        row: usize,
    },
    /// A file of further columns that names a row twice.
    #[error("`{file}`, rows {} and {}: both have the id `{id}`", rows.0, rows.1)]
    SideFileTwins {
        /// The file.
        file: String,
        /// The id.
        id: String,
        /// Both rows, counted from 1.
        rows: (usize, usize),
    },
    /// A file of further columns that lacks a row.
    #[error("row {row} has the id `{id}`, which `{file}` does not have")]
    SideFileLacks {
        /// The file.
        file: String,
        /// The id.
        id: String,
        /// The row of the table, counted from 1.
        row: usize,
    },
    /// Nothing that was predicted.
    #[error("neither a column of predictions nor one of scores is named")]
    NoPrediction,
    /// No column is left to compute with.
    #[error("no column is left to compute with: every column is the target, carried, or ignored")]
    NoFeatures,
    /// Dropping rows left none.
    #[error("every row has a missing value, so that `drop-rows` leaves none")]
    NothingLeft,
    /// A column without any value cannot be filled.
    #[error("column `{column}` has no value at all to impute from")]
    NothingToImpute {
        /// The column.
        column: String,
    },
    /// The output cannot be written.
    #[error("cannot write `{file}`")]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The output names a column that the input has.
    #[error("the input has a column called `{column}` already, which `--mark` would add")]
    MarkTaken {
        /// The column.
        column: String,
    },
    /// Weights have no column to go to.
    #[error(
        "the method weighs rows, and the input has a column called `{column}` already that is no `--weight`"
    )]
    WeightTaken {
        /// The column.
        column: String,
    },
    /// A class too small to be in every part.
    #[error("class `{class}` has {}, which cannot be spread over {parts} parts", counted(*rows, "row"))]
    Parts {
        /// The class.
        class: String,
        /// Its rows.
        rows: usize,
        /// Parts wanted.
        parts: usize,
    },
    /// A number outside its range.
    #[error("`{option} = {value}` is out of range: {range}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// An imbalance that names an unknown class, or more rows than there are.
    #[error("class `{class}` has {}, and {asked} {} asked for", counted(*rows, "row"), agree(*asked, "was", "were"))]
    Counts {
        /// The class.
        class: String,
        /// Its rows; 0 if there is no such class.
        rows: usize,
        /// Rows asked for.
        asked: usize,
    },
    /// Nothing says what a file or folder of pictures is.
    #[error("`{file}` is not recognised as pictures")]
    UnknownImageFormat {
        /// The file or folder.
        file: String,
    },
    /// A file that is not what a reader of pictures needs.
    #[error("`{file}` cannot be read as {format}: {what}")]
    ImageFile {
        /// The file.
        file: String,
        /// What it was read as, with its article.
        format: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// Pictures without a file of labels.
    #[error("no labels of `{file}` are found beside it: {}", tried.join(", "))]
    NoLabels {
        /// The file of pictures.
        file: String,
        /// Names that were looked for.
        tried: Vec<String>,
    },
    /// No column of labels.
    #[error("no column of `{file}` is known to hold labels")]
    NoLabelColumn {
        /// The file.
        file: String,
        /// Columns there are, but for pictures.
        columns: Vec<String>,
    },
    /// As many labels as pictures are needed.
    #[error("`{file}` has {}, and `{label_file}` has {}", counted(*pictures, "picture"), counted(*labels, "label"))]
    LabelCount {
        /// The file of pictures.
        file: String,
        /// Its pictures.
        pictures: usize,
        /// Labels found.
        labels: usize,
        /// The file of labels.
        label_file: String,
    },
    /// A label that is no class.
    #[error("`{file}`, row {row}: the label `{label}` is none of the {}", counted(*classes, "class"))]
    LabelRange {
        /// The file of labels.
        file: String,
        /// The row, counted from 1.
        row: usize,
        /// The label.
        label: String,
        /// Number of classes.
        classes: usize,
    },
    /// A file or folder without a picture.
    #[error("there is no picture to read in `{file}`: {what}")]
    NoPictures {
        /// The file or folder.
        file: String,
        /// What there is instead.
        what: String,
    },
    /// A part of a data set that is not there.
    #[error("`{file}` has no {split} split")]
    NoSplit {
        /// The file or folder.
        file: String,
        /// The split.
        split: &'static str,
        /// What there is instead.
        there: Vec<String>,
    },
    /// A part of what is not divided into parts.
    #[error("`{file}` has no {split} part: it comes without parts")]
    NoParts {
        /// The file or folder.
        file: String,
        /// The part.
        split: &'static str,
    },
    /// An archive without arrays that are known to be pictures and labels.
    #[error("no arrays of `{file}` are known to be pictures and labels")]
    NoArrays {
        /// The archive or folder.
        file: String,
        /// Its arrays.
        there: Vec<String>,
    },
    /// Pictures of several sizes, or of one that was not asked for.
    #[error("pictures of `{file}` have {}: {}", match (sizes.len(), wanted) {
        (1, Some((height, width))) => format!("another size than {height}x{width}"),
        (count, _) => format!("{count} sizes, and a network needs one"),
    }, listed_sizes(sizes))]
    MixedSizes {
        /// The file or folder.
        file: String,
        /// Height and width, and how many pictures have it, most first.
        sizes: Vec<((usize, usize), usize)>,
        /// The size asked for.
        wanted: Option<(usize, usize)>,
    },
    /// Pictures of several numbers of channels, or of one that was not asked for.
    #[error("pictures of `{file}` have {}: {}", match (channels.len(), wanted) {
        (1, Some(wanted)) => format!("other channels than the {wanted} asked for"),
        _ => "different channels, and a network needs one number".to_owned(),
    }, channels.iter().map(|(channels, count)| format!("{count} of {}", counted(*channels, "channel"))).collect::<Vec<_>>().join(", "))]
    MixedChannels {
        /// The file or folder.
        file: String,
        /// Channels, and how many pictures have so many.
        channels: Vec<(usize, usize)>,
        /// The channels asked for.
        wanted: Option<usize>,
    },
    /// Pictures that cannot be decoded.
    #[error("{damaged} of {} of `{file}` cannot be decoded: {}{}", counted(*of, "picture"), first.join("; "), if first.len() < *damaged { "; …" } else { "" })]
    DamagedPictures {
        /// The file or folder.
        file: String,
        /// How many.
        damaged: usize,
        /// Pictures in all.
        of: usize,
        /// The first of them, each with its reason.
        first: Vec<String>,
    },
    /// More pictures than memory holds.
    #[error("{} of {shape} of `{file}` {} not fit into memory", counted(*pictures, "picture"), agree(*pictures, "does", "do"))]
    ImageMemory {
        /// The file or folder.
        file: String,
        /// Pictures.
        pictures: usize,
        /// Their shape.
        shape: ImageShape,
    },
    /// Pictures of `CelebA` without exactly one hair class.
    #[error(
        "{} {} none of the five hair classes in `{file}` and {several} {} several; {one} {} one", counted(*none, "picture"), agree(*none, "has", "have"), agree(*several, "has", "have"), agree(*one, "has", "have")
    )]
    Hair {
        /// The attribute file.
        file: String,
        /// Pictures with none.
        none: usize,
        /// Pictures with several.
        several: usize,
        /// Pictures with one.
        one: usize,
    },
    /// Pictures of a shape that a format cannot hold.
    #[error("pictures of {shape} cannot be written as {format}, which needs {needed}")]
    ShapeMisfit {
        /// The shape.
        shape: ImageShape,
        /// The format.
        format: &'static str,
        /// What it needs.
        needed: &'static str,
    },
    /// More classes than a format can tell apart.
    #[error("{classes} classes cannot be written as {format}, which tells {most} apart")]
    TooManyClasses {
        /// Classes.
        classes: usize,
        /// The format.
        format: &'static str,
        /// The most it can hold.
        most: usize,
    },
    /// Something stands where an output is to go.
    #[error("`{file}` is there already")]
    Exists {
        /// The file or folder.
        file: String,
    },
    /// Counts of another number of classes.
    #[error("{} {} given for {}", counted(*given, "count"), agree(*given, "is", "are"), counted(*classes, "class"))]
    CountsMisfit {
        /// Classes there are.
        classes: usize,
        /// Counts given.
        given: usize,
    },
    /// A file whose name says no format of embeddings.
    #[error("`{file}` has no extension that names a format of embeddings")]
    UnknownEmbeddings {
        /// The file.
        file: String,
    },
    /// A file that holds no embeddings, or not as they are needed.
    #[error("`{file}` cannot be read as embeddings: {what}")]
    EmbeddingFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// A number of an embedding that is none.
    #[error("`{file}`, column `{column}`, row {row}: {what}")]
    EmbeddingValue {
        /// The file.
        file: String,
        /// The feature, or the array and the place in its row, counted from 0.
        column: String,
        /// The row, counted from 1.
        row: usize,
        /// What stands there.
        what: String,
    },
    /// As many of something as embeddings are needed.
    #[error("`{file}` has {}, and `{other}` has {found} {what}", counted(*rows, "embedding"))]
    EmbeddingCount {
        /// The file of embeddings.
        file: String,
        /// Its rows.
        rows: usize,
        /// What there is another number of.
        what: &'static str,
        /// How many.
        found: usize,
        /// The file that holds them.
        other: String,
    },
    /// A class that is none of those that are wanted.
    #[error("`{file}` has rows of class `{class}`, which is none of {}", some_of(classes))]
    ForeignClass {
        /// The file.
        file: String,
        /// The class.
        class: String,
        /// The classes wanted.
        classes: Vec<String>,
    },
    /// The observer asked to stop.
    #[error("stopped while reading or writing")]
    Stopped,
}

impl Error {
    /// What to type instead.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path; it is relative to the current folder".into()
            }
            Self::UnknownFormat { .. } => {
                "use .csv, .tsv, .data, .dat or .txt (also with .gz or .zst), .parquet, .arrow or .feather".into()
            }
            Self::NoRows { columns: 1, .. } => {
                "if the first line is data, give column names with `--names a,b,c`; if cells are separated by something unusual, name it with `--separator`".into()
            }
            Self::NoRows { .. } => "if the first line is data, give column names with `--names a,b,c`".into(),
            Self::Ragged { .. } => {
                "mend the row, or name the separator with `--separator` and comment lines with `--comment`".into()
            }
            Self::OpenQuote { .. } => "close or remove the quote".into(),
            Self::DuplicateNames { name, .. } if name.parse::<f64>().is_ok() => {
                "if the first line is data, use `--no-header`, or give the names with `--names a,b,c`".into()
            }
            Self::DuplicateNames { name, .. } => {
                format!("`--rename-duplicates` calls the second one `{name}_2`")
            }
            Self::NamesCount { found, .. } => format!("give {found} names, separated by commas"),
            Self::Cell { column, value, .. } => format!(
                "mend the cell; or `--na {}` if it means a missing value; or `--kind {}` if the column holds categories",
                typed(value),
                typed(&format!("{column}=categorical"))
            ),
            Self::KindMisfit { column, .. } => format!("leave the `--kind` of `{column}` out, or store the column as another type"),
            Self::NotUtf8 { .. } => "`--latin1` reads the file as ISO 8859-1".into(),
            Self::NoCommonClass { .. } => "name the column of predicted classes with `--prediction`; `--label \"1=>yes\"` reads a cell as another".into(),
            Self::ScoreRange { .. } => "turn scores of another range into probabilities first, or leave `--score` out".into(),
            Self::NotAScore { .. } => "name a column of probabilities with `--score`".into(),
            Self::ScoreClass { classes, .. } => format!(
                "give one column a class, {}",
                classes.iter().take(3).map(|class| format!("`--score {}=COLUMN`", typed(class))).collect::<Vec<_>>().join(" ")
            ),
            Self::TooManyRows { .. } => "work with a part of the rows".into(),
            Self::UnusableColumn { column, .. } | Self::NothingToImpute { column } => format!("leave it out with `--ignore {}`", typed(column)),
            Self::UnknownColumn { column, columns, role: "group" } => format!(
                "{}; if it stands in a file of its own, add `--group-file FILE`",
                suggestion(column, columns)
            ),
            Self::UnknownColumn { column, columns, .. } => suggestion(column, columns),
            Self::ColumnsDiffer { column, columns, .. } => {
                let near = nearest_name(column, columns.iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("is it called `{near}` there? Else "));
                format!("{near}`--ignore {}` leaves it out", typed(column))
            }
            Self::KindsDiffer { column, .. } => format!(
                "mend the file that is wrong; or say which it is with `--kind {}`; or `--ignore {}`",
                typed(&format!("{column}=categorical")),
                typed(column)
            ),
            Self::LacksColumn { column, columns } => {
                let near = nearest_name(column, columns.iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("is it `{near}`? "));
                format!("{near}Columns are found by their names: give each the name that it had in training")
            }
            Self::UnlikeColumn { column, needed, .. } => format!(
                "mend the value, `--na` to read it as missing, or say what the column is with `--kind {}`",
                typed(&format!("{column}={needed}"))
            ),
            Self::RoleConflict { column, .. } => format!("name `{column}` once"),
            Self::Missing { .. } => "choose what happens to missing values: `--missing drop-rows`, `--missing impute` or `--missing distance`".into(),
            Self::MissingRole { .. } => "`--missing drop-rows` leaves such rows out".into(),
            Self::Infinite { column, .. } => {
                format!("mend the value, `--na inf` to read it as missing, or `--ignore {}`", typed(column))
            }
            Self::NotAClass { column, .. } => {
                format!("name the column of classes with `--target`; or cut `{column}` into classes first")
            }
            Self::GroupThreshold { column, .. } => format!("write `--group {}`", typed(column)),
            Self::GroupValues { column, numbers: true, .. } => format!(
                "cut it into groups: `--bin {0}=4` for four of about the same size, `--bin {0}=25,45` for groups that end there, or `--group \"{0}<=25\"` for two",
                typed(column)
            ),
            Self::GroupValues { .. } => "name a column with few values, or merge its values with `--label \"FROM=>TO\"`".into(),
            Self::UnusedBins { column, columns } if columns.is_empty() => format!("add `--group {}`, or leave its `--bin` out", typed(column)),
            Self::UnusedBins { columns, .. } => format!("the protected columns are `{}`", columns.join("`, `")),
            Self::SideFileRows { .. } => "give one row for each row of the table, in its order; or a column of ids in both files, and `--id COLUMN`".into(),
            Self::SideFileOrder { column, .. } => format!(
                "if the column names rows, add `--id {}`; else leave it out of that file",
                typed(column)
            ),
            Self::SideFileTwins { .. } => "give every id one row".into(),
            Self::SideFileLacks { .. } => "add the row to that file, or leave it out of the table".into(),
            Self::NoPrediction => "name one: `--prediction predicted` or `--score probability`".into(),
            Self::NothingLeft => "use `--missing impute` or `--missing distance`, or `--ignore` the columns that are mostly missing".into(),
            Self::MarkTaken { column } => format!("rename `{column}` in the input, or leave `--mark` out"),
            Self::WeightTaken { column } => format!("add `--weight {}` to multiply its weights, or rename the column", typed(column)),
            Self::Write { .. } => "choose another `--output`, on a disk with room that you may write to".into(),
            Self::Parts { .. } => "use fewer folds, or merge the class with another".into(),
            Self::Counts { rows: 0, .. } => "name a class of the target".into(),
            Self::UnknownImageFormat { .. } => "name it with `--format`: idx, cifar-10, cifar-100, svhn, celeba, folder, numpy or parquet".into(),
            Self::ImageFile { format, .. } if *format == crate::ImageFormat::Parquet.title() => {
                "get the file anew if it is damaged; if it is a table, `counterpoise train` takes it with `--target COLUMN`".into()
            }
            Self::ImageFile { .. } => "get the file anew if it is damaged; or name what it is with `--format`".into(),
            Self::NoLabels { .. } => "name the file with `--labels FILE`".into(),
            Self::NoLabelColumn { columns, .. } => format!("name one with `--label-column`: {}", some_of(columns)),
            Self::LabelCount { .. } => "name the labels of these pictures with `--labels FILE`".into(),
            Self::LabelRange { .. } => "mend the label, or name all classes with `--class-names a,b`".into(),
            Self::NoPictures { .. } => "put pictures into folders, a folder a class: `PICTURES/cat/1.png`; or name the format with `--format`".into(),
            Self::NoSplit { there, .. } => format!("choose another part, as `--split train`; there is {}", some_of(there)),
            Self::Corrupt { format: "gzip", .. } => "get the file anew: it was cut off, or damaged on its way".into(),
            Self::OutOfRange { option: "size", .. } => "write height and width as `--size 32x32`".into(),
            Self::NoParts { .. } => "leave `--split` out to take all of it, take a share as `--side held-out:0.3`, or name the file or folder of that part".into(),
            Self::NoArrays { there, .. } => format!("name them with `--image-column` and `--label-column`; there is {}", some_of(there)),
            Self::MixedSizes { sizes, wanted, .. } => {
                let (height, width) = wanted.or(sizes.first().map(|&(size, _)| size)).unwrap_or((32, 32));
                format!("`--size {height}x{width}` with `--resize scale`, `pad` or `crop` brings them to one size")
            }
            Self::MixedChannels { .. } => "`--channels grey` or `--channels rgb` brings pictures of 1 and 3 channels together".into(),
            Self::DamagedPictures { .. } => "`--corrupt skip` leaves them out and tells how many".into(),
            Self::ImageMemory { .. } => "make them smaller: `--size 32x32 --resize scale`".into(),
            Self::Hair { .. } => "`--hair skip` leaves out those that have not exactly one".into(),
            Self::ShapeMisfit { .. } | Self::TooManyClasses { .. } => "write NPZ, which holds any shape and any number of classes".into(),
            Self::Exists { .. } => "choose another name, or let it be replaced: `--overwrite`, in a file `overwrite = true`".into(),
            Self::UnknownEmbeddings { file } if is_pickle(file) => {
                "it seems to be a file of PyTorch, which holds weights: save embeddings with `safetensors.torch.save_file({\"features\": features, \"labels\": labels}, \"embeddings.safetensors\")`, or with `numpy.savez`".into()
            }
            Self::UnknownEmbeddings { .. } => {
                "use .safetensors, .npz, .npy, .parquet, .arrow or .csv (also with .gz)".into()
            }
            Self::EmbeddingFile { hint, .. } => hint.clone(),
            Self::EmbeddingValue { .. } => "mend the value, or leave the row out".into(),
            Self::EmbeddingCount { .. } => "give one for each embedding, in their order".into(),
            Self::ForeignClass { .. } => "name the classes alike in both files, or leave those rows out".into(),
            Self::CountsMisfit { classes, .. } => format!("give {classes} counts, in the order of the classes"),
            Self::Counts { rows, .. } => format!("ask for {rows} or fewer"),
            _ => return None,
        })
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "data.open",
            Self::UnknownFormat { .. } => "data.unknown-format",
            Self::Empty { .. } => "data.empty",
            Self::NoRows { .. } => "data.no-rows",
            Self::Ragged { .. } => "data.ragged",
            Self::OpenQuote { .. } => "data.open-quote",
            Self::DuplicateNames { .. } => "data.duplicate-names",
            Self::NamesCount { .. } => "data.names-count",
            Self::Cell { .. } => "data.cell",
            Self::NotUtf8 { .. } => "data.not-utf8",
            Self::NotAscii { .. } => "data.not-ascii",
            Self::Corrupt { .. } => "data.corrupt",
            Self::NoCommonClass { .. } => "data.no-common-class",
            Self::NotAScore { .. } => "data.not-a-score",
            Self::ScoreRange { .. } => "data.score-range",
            Self::ScoreClass { .. } => "data.score-class",
            Self::TooManyRows { .. } => "data.too-many-rows",
            Self::UnusableColumn { .. } => "data.unusable-column",
            Self::KindMisfit { .. } => "data.kind-misfit",
            Self::UnknownColumn { .. } => "data.unknown-column",
            Self::ColumnsDiffer { .. } => "data.columns-differ",
            Self::KindsDiffer { .. } => "data.kinds-differ",
            Self::LacksColumn { .. } => "data.lacks-column",
            Self::UnlikeColumn { .. } => "data.unlike-column",
            Self::RoleConflict { .. } => "data.role-conflict",
            Self::Missing { .. } => "data.missing",
            Self::MissingRole { .. } => "data.missing-role",
            Self::Infinite { .. } => "data.infinite",
            Self::Weight { .. } => "data.weight",
            Self::NotAClass { .. } => "data.not-a-class",
            Self::GroupThreshold { .. } => "data.group-threshold",
            Self::GroupValues { .. } => "data.group-values",
            Self::UnusedBins { .. } => "data.unused-bins",
            Self::SideFileRows { .. } => "data.side-file-rows",
            Self::SideFileOrder { .. } => "data.side-file-order",
            Self::SideFileTwins { .. } => "data.side-file-twins",
            Self::SideFileLacks { .. } => "data.side-file-lacks",
            Self::NoPrediction => "data.no-prediction",
            Self::NoFeatures => "data.no-features",
            Self::NothingLeft => "data.nothing-left",
            Self::NothingToImpute { .. } => "data.nothing-to-impute",
            Self::Write { .. } => "data.write",
            Self::MarkTaken { .. } => "data.mark-taken",
            Self::WeightTaken { .. } => "data.weight-taken",
            Self::Parts { .. } => "data.parts",
            Self::OutOfRange { .. } => "data.out-of-range",
            Self::Counts { .. } => "data.counts",
            Self::UnknownImageFormat { .. } => "data.unknown-image-format",
            Self::ImageFile { .. } => "data.image-file",
            Self::NoLabels { .. } => "data.no-labels",
            Self::NoLabelColumn { .. } => "data.no-label-column",
            Self::LabelCount { .. } => "data.label-count",
            Self::LabelRange { .. } => "data.label-range",
            Self::NoPictures { .. } => "data.no-pictures",
            Self::NoSplit { .. } => "data.no-split",
            Self::NoParts { .. } => "data.no-parts",
            Self::NoArrays { .. } => "data.no-arrays",
            Self::MixedSizes { .. } => "data.mixed-sizes",
            Self::MixedChannels { .. } => "data.mixed-channels",
            Self::DamagedPictures { .. } => "data.damaged-pictures",
            Self::ImageMemory { .. } => "data.image-memory",
            Self::Hair { .. } => "data.hair",
            Self::ShapeMisfit { .. } => "data.shape-misfit",
            Self::TooManyClasses { .. } => "data.too-many-classes",
            Self::Exists { .. } => "data.exists",
            Self::CountsMisfit { .. } => "data.counts-misfit",
            Self::UnknownEmbeddings { .. } => "data.unknown-embeddings",
            Self::EmbeddingFile { .. } => "data.embedding-file",
            Self::EmbeddingValue { .. } => "data.embedding-value",
            Self::EmbeddingCount { .. } => "data.embedding-count",
            Self::ForeignClass { .. } => "data.foreign-class",
            Self::Stopped => "data.stopped",
        }
    }
}

/// Sizes and how many pictures have them, the most frequent first.
fn listed_sizes(sizes: &[((usize, usize), usize)]) -> String {
    const ROOM: usize = 6;
    let shown: Vec<String> = sizes
        .iter()
        .take(ROOM)
        .map(|((height, width), count)| format!("{height}x{width} ({count})"))
        .collect();
    let more = sizes.len().saturating_sub(ROOM);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", shown.join(", "))
}

/// Whether a name is that of a file of pickled objects.
fn is_pickle(file: &str) -> bool {
    let name = file.to_lowercase();
    [".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".bin", ".tar"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The first of some names.
fn some_of(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(12)
        .map(|name| format!("`{}`", shortened(name)))
        .collect();
    match shown.len() {
        0 => "nothing of the kind".into(),
        _ if names.len() > 12 => format!("{}, …", shown.join(", ")),
        _ => shown.join(", "),
    }
}

fn suggestion(name: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| shortened(column)).collect();
    if let Some(near) = nearest_name(name, columns.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    // The target often stands last.
    let names = match columns.as_slice() {
        [first @ .., last] if first.len() > 12 => format!("{}, …, {last}", first[..11].join(", ")),
        all => all.join(", "),
    };
    if looks_like_data(&columns) {
        return format!("the columns are {names}; if the first line is data, use `--no-header`");
    }
    format!("the columns are {names}")
}

/// Whether a third of the names of a header are numbers, which are rather the first row.
pub(crate) fn looks_like_data(names: &[String]) -> bool {
    let numbers = names.iter().filter(|name| name.parse::<f64>().is_ok()).count();
    names.len() > 1 && 3 * numbers >= names.len()
}

/// The first characters of a cell or a name, for messages.
pub(crate) fn shortened(text: &str) -> String {
    const ROOM: usize = 40;
    if text.chars().count() <= ROOM {
        return text.to_owned();
    }
    text.chars().take(ROOM).chain(['…']).collect()
}

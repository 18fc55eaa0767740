use arrow_array::{Array, ArrayRef};

/// Columns of equal length, with names and kinds.
///
/// Values live in Arrow arrays and keep their exact type, so that what goes out has the types of what came in.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name, unique in its table.
    pub name: String,
    /// What the values mean.
    pub kind: Kind,
    /// The values.
    pub array: ArrayRef,
}

/// What the values of a column mean to a method, which is more than how they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whole numbers; interpolated values are rounded.
    Integer,
    /// Real numbers.
    Float,
    /// True or false; compared as equal or not.
    Boolean,
    /// One of a few values; compared as equal or not.
    Categorical,
    /// Free text or identifiers: carried, never in a distance.
    Text,
    /// Days or moments; compared in their unit, interpolated values are rounded to it.
    Date,
}

impl Kind {
    /// The name users type and read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Categorical => "categorical",
            Self::Text => "text",
            Self::Date => "date",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let all = [
            Self::Integer,
            Self::Float,
            Self::Boolean,
            Self::Categorical,
            Self::Text,
            Self::Date,
        ];
        all.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

impl Table {
    /// Puts columns side by side.
    ///
    /// # Panics
    ///
    /// If lengths differ or a name occurs twice: readers check both.
    pub fn new(columns: Vec<Column>) -> Self {
        let mut names = std::collections::HashSet::new();
        for column in &columns {
            assert_eq!(
                column.array.len(),
                columns[0].array.len(),
                "column `{}` has another length",
                column.name
            );
            assert!(
                names.insert(&column.name),
                "column `{}` occurs twice",
                column.name
            );
        }
        Self { columns }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.array.len())
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, to take apart.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// Place of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Column names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

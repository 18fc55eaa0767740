use crate::{Features, Groups, Labels};

/// Rows as a resampler sees them: features, a class for each row, and names that outlive any re-ordering.
#[derive(Debug, Clone)]
pub struct Labeled<'a> {
    /// What may be computed with.
    pub features: Features<'a>,
    /// The class of every row.
    pub labels: &'a Labels,
    /// The protected group of every row, where the data has groups.
    pub groups: Option<&'a Groups>,
    /// What names a row in the tree of seeds.
    pub keys: RowKeys<'a>,
    /// The weight of every row, where the data has weights; methods that weigh rows count by them.
    pub weights: Option<&'a [f64]>,
}

/// What names a row in the tree of seeds.
///
/// With names, a row keeps its draws wherever it stands in the file.
#[derive(Debug, Clone, Copy)]
pub enum RowKeys<'a> {
    /// Its place in the input.
    Position,
    /// The value of its id column.
    Named(&'a [String]),
}

impl<'a> Labeled<'a> {
    /// Rows without groups, named by their place.
    ///
    /// # Panics
    ///
    /// If features and labels have different numbers of rows.
    pub fn new(features: Features<'a>, labels: &'a Labels) -> Self {
        assert_eq!(features.rows(), labels.len(), "every row has one label");
        Self {
            features,
            labels,
            groups: None,
            keys: RowKeys::Position,
            weights: None,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// The branch of `seed` that belongs to a row.
    pub fn branch_of(&self, seed: &crate::Seed, row: usize) -> crate::Seed {
        match self.keys {
            RowKeys::Position => seed.child(row as u64),
            RowKeys::Named(names) => seed.child(names[row].as_str()),
        }
    }
}

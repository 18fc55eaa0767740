/// Rows of numbers, one after the other in memory.
///
/// A plain `Vec` with a width, so that no caller depends on the version of an array library.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// `data` holds `rows * columns` numbers, row after row.
    ///
    /// # Panics
    ///
    /// If the length does not fit.
    pub fn new(rows: usize, columns: usize, data: Vec<f64>) -> Self {
        assert_eq!(
            data.len(),
            rows * columns,
            "a {rows} x {columns} matrix needs another number of values"
        );
        Self { rows, columns, data }
    }

    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            data: vec![0.0; rows * columns],
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row, `columns` long.
    #[inline]
    pub fn row(&self, index: usize) -> &[f64] {
        &self.data[index * self.columns..][..self.columns]
    }

    /// One row, to write to.
    pub fn row_mut(&mut self, index: usize) -> &mut [f64] {
        &mut self.data[index * self.columns..][..self.columns]
    }

    /// All numbers, row after row.
    pub fn as_slice(&self) -> &[f64] {
        &self.data
    }

    /// All numbers, row after row, to write to.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.data
    }
}

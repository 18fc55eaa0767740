/// The nearest neighbours of some rows, nearest first, ties by row index.
///
/// Methods share one graph instead of searching again.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub(crate) k: usize,
    pub(crate) indices: Vec<u32>,
    pub(crate) distances: Vec<f64>,
}

impl Graph {
    /// Neighbours per row: what was asked for, or all other rows if there are fewer.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Number of query rows.
    pub fn rows(&self) -> usize {
        self.indices.len().checked_div(self.k).unwrap_or(0)
    }

    /// Neighbours of the `query`-th query row: indices into the space that was searched.
    pub fn neighbors(&self, query: usize) -> &[u32] {
        &self.indices[query * self.k..][..self.k]
    }

    /// Distances that belong to [`neighbors`](Self::neighbors), growing.
    pub fn distances(&self, query: usize) -> &[f64] {
        &self.distances[query * self.k..][..self.k]
    }
}

//! Which rows of any class stand around the rows of the classes that change.

use counterpoise_base::Labeled;
use counterpoise_neighbors::{Graph, Index, Rows, Search};

use crate::{Error, Run, Targets};

/// The neighbours of every row of the classes that get new rows, among all rows: one search for all of them, since rows
/// of many small classes stand close together only when they are asked together.
pub(crate) struct Around {
    graph: Graph,
    /// Place in the graph of each row that was asked.
    places: Vec<u32>,
}

impl Around {
    pub(crate) fn search(
        data: &Labeled<'_>,
        index: &Index<'_>,
        targets: &Targets,
        k: usize,
        run: &Run<'_>,
    ) -> Result<Self, Error> {
        let mut asked = vec![false; data.labels.classes().len()];
        for &(class, count) in &targets.changes {
            asked[class as usize] = count > 0;
        }
        let codes = data.labels.codes();
        let rows: Vec<usize> = (0..data.rows())
            .filter(|&row| asked[codes[row] as usize])
            .collect();
        // All rows among themselves meet each other once, which is cheaper than half of them against all.
        let all = 2 * rows.len() > data.rows();
        let queries = if all { Rows::All } else { Rows::Some(&rows) };
        let graph = Search::new(k).neighbors_among(index, queries, run.observer)?;
        let mut places = vec![u32::MAX; data.rows()];
        if all {
            places = (0..data.rows() as u32).collect();
        } else {
            rows.iter()
                .enumerate()
                .for_each(|(place, &row)| places[row] = place as u32);
        }
        Ok(Self { graph, places })
    }

    /// Neighbours of a row of a class that changes, nearest first.
    pub(crate) fn neighbors(&self, row: usize) -> &[u32] {
        self.graph.neighbors(self.places[row] as usize)
    }
}

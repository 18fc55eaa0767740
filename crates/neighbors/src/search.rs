use std::ops::ControlFlow;

use counterpoise_base::{Event, Observer};
use rayon::prelude::*;

use crate::{Error, Graph, Space};

/// Which rows of a space take part.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// All of them.
    All,
    /// These, in this order.
    Some(&'a [usize]),
}

/// An exact search for the `k` nearest rows.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Neighbours wanted per row.
    pub k: usize,
}

impl Search {
    /// A search for `k` neighbours.
    pub fn new(k: usize) -> Self {
        Self { k }
    }

    /// The `k` nearest rows among `among` of each row of `queries`, itself left out by index; nearest first, ties
    /// by row index. Indices are rows of `space`, whatever `among` is.
    ///
    /// If fewer than `k` others exist for a query, every list is as short as the shortest.
    pub fn neighbors(
        &self,
        space: &Space,
        queries: Rows<'_>,
        among: Rows<'_>,
        observer: &dyn Observer,
    ) -> Result<Graph, Error> {
        let all: Vec<usize> = (0..space.rows()).collect();
        let queries = if let Rows::Some(rows) = queries {
            rows
        } else {
            &all
        };
        let among = if let Rows::Some(rows) = among { rows } else { &all };
        let lists: Vec<Vec<(f64, u32)>> = queries
            .par_iter()
            .map(|&query| {
                let others = among.iter().filter(|&&other| other != query);
                let mut list: Vec<(f64, u32)> = others
                    .map(|&other| (space.distance(query, other), other as u32))
                    .collect();
                list.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                list.truncate(self.k);
                list
            })
            .collect();
        let event = Event::Finished {
            task: "finding neighbors",
        };
        if let ControlFlow::Break(()) = observer.observe(&event) {
            return Err(Error::Stopped);
        }
        let k = lists.iter().map(Vec::len).min().unwrap_or(0);
        let indices = lists
            .iter()
            .flat_map(|list| list[..k].iter().map(|pair| pair.1))
            .collect();
        let distances = lists
            .iter()
            .flat_map(|list| list[..k].iter().map(|pair| pair.0))
            .collect();
        Ok(Graph {
            k,
            indices,
            distances,
        })
    }
}

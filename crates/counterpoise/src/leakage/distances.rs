//! How far rows are from the nearest training row.

use counterpoise_base::Observer;
use counterpoise_neighbors::{Index, Rows, Search, Space};
use serde::Serialize;

use super::pairs::Pool;
use super::sides::Data;
use crate::Error;

/// Rows of each side that are asked for the distribution of distances.
pub(super) const ASKED: usize = 2_000;
const QUANTILES: [f64; 6] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75];

/// Distances to the nearest training row, by HEOM; two missing values are equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distances {
    /// Shares of rows.
    pub quantiles: Vec<f64>,
    /// This share of training rows is no farther from another training row.
    pub train: Vec<f64>,
    /// This share of test rows is no farther from a training row.
    pub test: Vec<f64>,
    /// Training rows asked.
    pub train_rows: usize,
    /// Test rows asked.
    pub test_rows: usize,
}

pub(super) fn distances(
    data: &Data,
    pool: &Pool,
    space: &Space,
    observer: &dyn Observer,
) -> Result<Option<Distances>, Error> {
    let all = 0..pool.distinct.len();
    let (train, test): (Vec<usize>, Vec<usize>) = all.partition(|&place| data.is_train(pool.distinct[place]));
    if train.len() < 2 || test.is_empty() {
        return Ok(None);
    }
    let index = Index::new(space, Rows::Some(&train));
    // Rows are in an order of chance.
    let asked = |rows: &[usize]| -> Result<Vec<f64>, Error> {
        let rows = &rows[..rows.len().min(ASKED)];
        let graph = Search::new(1).neighbors_among(&index, Rows::Some(rows), observer)?;
        let mut sorted: Vec<f64> = (0..graph.rows()).map(|row| graph.distances(row)[0]).collect();
        sorted.sort_by(f64::total_cmp);
        Ok(sorted)
    };
    let (from_train, from_test) = (asked(&train)?, asked(&test)?);
    let quantiles = |sorted: &[f64]| {
        let at = |share: &f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        QUANTILES.iter().map(at).collect()
    };
    Ok(Some(Distances {
        quantiles: QUANTILES.to_vec(),
        train: quantiles(&from_train),
        test: quantiles(&from_test),
        train_rows: from_train.len(),
        test_rows: from_test.len(),
    }))
}

use std::num::NonZeroUsize;

use counterpoise_base::{Matrix, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smartcore::cluster::kmeans::{KMeans as Lloyd, KMeansParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::Error;

/// Groups rows around `k` means.
///
/// # Source
///
/// Lloyd's algorithm from a k-means++ start, by the crate smartcore; one start, where scikit-learn's `KMeans` may take
/// the best of several. The same seed gives the same clusters. Cost: `O(n k d)` a round at worst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KMeans {
    /// Clusters. There are fewer where rows repeat.
    pub n_clusters: NonZeroUsize,
    /// Rounds at most.
    pub max_iter: NonZeroUsize,
}

impl Default for KMeans {
    fn default() -> Self {
        Self {
            n_clusters: NonZeroUsize::new(8).expect("8 is not 0"),
            max_iter: NonZeroUsize::new(300).expect("300 is not 0"),
        }
    }
}

/// What [`KMeans`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The cluster of every row.
    pub labels: Vec<u32>,
    /// `(clusters, d)`: the mean of each cluster.
    pub centers: Matrix,
}

impl KMeans {
    /// Clusters the rows of a matrix.
    pub fn fit(&self, rows: &Matrix, seed: &Seed) -> Result<Clusters, Error> {
        let library = |error: smartcore::error::Failed| Error::Library {
            model: "k-means",
            problem: error.to_string(),
        };
        let (n, d) = (rows.rows(), rows.columns());
        let wanted = self.n_clusters.get();
        if wanted > n {
            return Err(Error::OutOfRange {
                model: "k-means",
                option: "n_clusters",
                value: wanted.to_string(),
                range: "no more clusters than rows",
            });
        }
        let labels: Vec<u32> = if wanted == 1 {
            vec![0; n]
        } else {
            let data = DenseMatrix::new(n, d, rows.as_slice().to_vec(), false).map_err(library)?;
            let mut parameters = KMeansParameters::default()
                .with_k(wanted)
                .with_max_iter(self.max_iter.get());
            parameters.seed = Some(seed.child("k-means").number());
            let found: Lloyd<f64, u32, DenseMatrix<f64>, Vec<u32>> =
                Lloyd::fit(&data, parameters).map_err(library)?;
            found.predict(&data).map_err(library)?
        };
        // Clusters that lost all rows are left out, and the others counted without gaps.
        let mut place = vec![u32::MAX; wanted];
        let mut sizes: Vec<f64> = Vec::new();
        for &label in &labels {
            let place = &mut place[label as usize];
            if *place == u32::MAX {
                *place = sizes.len() as u32;
                sizes.push(0.0);
            }
            sizes[*place as usize] += 1.0;
        }
        let labels: Vec<u32> = labels.iter().map(|&label| place[label as usize]).collect();
        let mut centers = Matrix::zeros(sizes.len(), d);
        for (row, &label) in labels.iter().enumerate() {
            let center = centers.row_mut(label as usize).iter_mut();
            center.zip(rows.row(row)).for_each(|(sum, value)| *sum += value);
        }
        for (cluster, &size) in sizes.iter().enumerate() {
            centers.row_mut(cluster).iter_mut().for_each(|sum| *sum /= size);
        }
        Ok(Clusters { labels, centers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_that_lie_apart_are_found_again_with_the_same_seed() {
        let mut random = Seed::new(5).rng();
        let row = |row: usize| {
            [
                f64::from(row as u32 % 3) * 20.0,
                f64::from(row as u32 % 3) * -10.0,
            ]
        };
        let data: Vec<f64> = (0..90)
            .flat_map(row)
            .map(|value| value + random.normal())
            .collect();
        let rows = Matrix::new(90, 2, data);
        let three = KMeans {
            n_clusters: NonZeroUsize::new(3).expect("3 is not 0"),
            ..KMeans::default()
        };
        let found = three.fit(&rows, &Seed::new(3)).expect("three clouds");
        assert_eq!(found, three.fit(&rows, &Seed::new(3)).expect("three clouds"));
        assert_eq!(found.centers.rows(), 3);
        assert!((0..90).all(|row| found.labels[row] == found.labels[row % 3]));
    }

    #[test]
    fn more_clusters_than_rows_are_refused() {
        let rows = Matrix::new(2, 1, vec![1.0, 2.0]);
        assert!(KMeans::default().fit(&rows, &Seed::new(1)).is_err());
    }
}

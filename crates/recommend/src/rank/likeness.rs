//! How near documents are in meaning.

use crate::dense::Vectors;
use crate::library::Library;

/// What a library compares meaning with.
impl Library {
    /// The vector of a document, of length 1; none where there is no dense leg.
    pub fn vector(&self, number: u32) -> Option<Vec<f32>> {
        self.vectors.as_ref().map(|vectors| vectors.get(number as usize))
    }

    pub(crate) fn nearest(
        &self,
        vector: &[f32],
        most: usize,
        passes: &(dyn Fn(u32) -> bool + Sync),
    ) -> Vec<u32> {
        let Some(vectors) = &self.vectors else {
            return Vec::new();
        };
        let found = vectors.nearest(vector, most, |row| passes(row as u32));
        found.into_iter().map(|(row, _)| row as u32).collect()
    }

    /// Mean of the vectors of documents, of 4096 at most: what they have in common by being of one field.
    pub(crate) fn mean_vector_of(vectors: &Vectors) -> Vec<f32> {
        let step = vectors.len().div_ceil(4096).max(1);
        let rows: Vec<usize> = (0..vectors.len()).step_by(step).collect();
        let mut mean = vec![0.0; vectors.dims()];
        for row in &rows {
            for (sum, value) in mean.iter_mut().zip(vectors.get(*row)) {
                *sum += f64::from(value) / rows.len() as f64;
            }
        }
        mean.into_iter().map(|value| value as f32).collect()
    }

    /// How much a text has in common with what all documents of this library have in common: a cosine. 0 without vectors.
    pub(crate) fn likeness_to_field(&self, vector: &[f32]) -> f64 {
        let mean = &self.mean_vector;
        let product = |a: &[f32], b: &[f32]| {
            let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
            products.sum::<f64>()
        };
        let length = product(mean, mean).sqrt();
        if length > 1e-6 {
            product(vector, mean) / length
        } else {
            0.0
        }
    }

    /// Cosines of a vector and of documents after what all documents have in common is taken away, so that none is near to
    /// everything. In `[-1, 1]`; 0 where nothing is left to compare.
    ///
    /// # Source
    ///
    /// Centring against hubs: Suzuki, Hara, Shimbo, Saerens and Fukumizu (EMNLP 2013).
    pub(crate) fn likeness(&self, vector: &[f32], numbers: &[u32]) -> Vec<f64> {
        let product = |a: &[f32], b: &[f32]| {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum::<f64>()
        };
        let mean = &self.mean_vector;
        let (length, mine) = (product(mean, mean), product(vector, mean));
        let cosines = self.cosines(vector, numbers);
        let to_mean = self.cosines(mean, numbers);
        let left = |with_mean: f64| (1.0 - 2.0 * with_mean + length).max(0.0).sqrt();
        let each = cosines.iter().zip(&to_mean).map(|(cosine, to_mean)| {
            let theirs = f64::from(*to_mean) * length.sqrt();
            let rest = left(mine) * left(theirs);
            if rest > 1e-6 {
                ((f64::from(*cosine) - mine - theirs + length) / rest).clamp(-1.0, 1.0)
            } else {
                0.0
            }
        });
        each.collect()
    }

    pub(crate) fn cosines(&self, vector: &[f32], numbers: &[u32]) -> Vec<f32> {
        let Some(vectors) = &self.vectors else {
            return vec![0.0; numbers.len()];
        };
        let rows: Vec<usize> = numbers.iter().map(|number| *number as usize).collect();
        vectors.cosines(vector, &rows)
    }
}

//! A network's knowledge of words, put into a table.

use counterpoise_base::Observer;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::eigen::Eigen;
use super::mini_lm::{MiniLm, Over};
use super::quantised::Quantised;
use super::static_table::{NOTICE, StaticTable};
use crate::Error;

/// What the task is called.
const TASK: &str = "running MiniLM over pieces of words";
/// Rows whose products are summed together; the order of sums depends on it, and not on threads.
const CHUNK: usize = 1024;

/// Which of the network's vectors stands for a piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Pooling {
    /// The mean over `[CLS]`, the piece and `[SEP]`, as the network itself makes vectors of texts.
    #[default]
    Mean,
    /// That over the piece alone.
    Piece,
}

/// How [`distill`] makes a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DistillOptions {
    /// Numbers of a vector, at most 384.
    pub dims: usize,
    /// Which of the network's vectors stands for a piece.
    pub pooling: Pooling,
    /// Share `a` of all pieces at which a piece counts half: its weight is `a / (a + share)`.
    pub half_share: f64,
    /// What a piece's share is taken from: this part from its rank in the vocabulary by Zipf's law, the rest from texts.
    pub rank_part: f64,
}

impl Default for DistillOptions {
    fn default() -> Self {
        Self {
            dims: 128,
            pooling: Pooling::default(),
            half_share: 1e-4,
            rank_part: 0.5,
        }
    }
}

/// Makes a table of a network: each piece of its vocabulary is read alone, principal components are kept, and pieces count
/// the less the more often they come in text. `texts` are only counted; without any, ranks alone say what is frequent. Takes
/// about a minute on two cores.
///
/// # Source
///
/// Model2Vec (Tulkens and van Dongen 2024): principal components of what a sentence encoder says of single pieces, weighted by
/// their rank in the vocabulary. The weight is the smooth inverse frequency of Arora, Liang and Ma (2017). Ours differs in that
/// texts may be counted beside ranks, and in 8 bits a number. The network is [`MiniLm`].
pub fn distill<T: AsRef<str> + Sync>(
    model: &MiniLm,
    texts: &[T],
    options: &DistillOptions,
    observer: &dyn Observer,
) -> Result<StaticTable, Error> {
    let over = match options.pooling {
        Pooling::Mean => Over::All,
        Pooling::Piece => Over::Middle,
    };
    let vectors = model.embed_pieces(over, TASK, observer)?;
    let pieces = model.pieces();
    let special = |piece: &str| piece.len() > 2 && piece.starts_with('[') && piece.ends_with(']');
    let words: Vec<bool> = pieces
        .vocabulary()
        .iter()
        .map(|piece| !special(piece))
        .collect();
    let components = components(&vectors, &words, options.dims.clamp(1, MiniLm::DIMS));
    let shares = shares(model, texts, options.rank_part);
    let mut rows = Quantised::new(components.len());
    for (piece, vector) in vectors.chunks_exact(MiniLm::DIMS).enumerate() {
        let weight = options.half_share / (options.half_share + shares[piece]);
        let weight = if words[piece] { weight } else { 0.0 };
        let row: Vec<f32> = components
            .iter()
            .map(|component| (weight * component.along(vector)) as f32)
            .collect();
        rows.push(&row);
    }
    Ok(StaticTable::new(pieces.clone(), rows, NOTICE.to_owned()))
}

/// A direction, and how far the mean of all rows lies along it.
struct Component {
    direction: Vec<f64>,
    mean: f64,
}

impl Component {
    fn along(&self, vector: &[f32]) -> f64 {
        let products = self.direction.iter().zip(vector);
        products.map(|(a, &b)| a * f64::from(b)).sum::<f64>() - self.mean
    }
}

/// The widest principal components of the rows that are kept.
fn components(vectors: &[f32], kept: &[bool], count: usize) -> Vec<Component> {
    let d = MiniLm::DIMS;
    let chosen: Vec<&[f32]> = vectors
        .chunks_exact(d)
        .zip(kept)
        .filter_map(|(vector, &kept)| kept.then_some(vector))
        .collect();
    let mut means = vec![0.0; d];
    for vector in &chosen {
        means
            .iter_mut()
            .zip(*vector)
            .for_each(|(mean, &x)| *mean += f64::from(x));
    }
    means.iter_mut().for_each(|mean| *mean /= chosen.len() as f64);
    let parts: Vec<Vec<f64>> = chosen
        .par_chunks(CHUNK)
        .map(|vectors| {
            let mut sums = vec![0.0; d * d];
            for vector in vectors {
                let centred: Vec<f64> = vector
                    .iter()
                    .zip(&means)
                    .map(|(&x, mean)| f64::from(x) - mean)
                    .collect();
                for (sums, x) in sums.chunks_exact_mut(d).zip(&centred) {
                    sums.iter_mut().zip(&centred).for_each(|(sum, y)| *sum += x * y);
                }
            }
            sums
        })
        .collect();
    let mut covariance = vec![0.0; d * d];
    for part in parts {
        covariance
            .iter_mut()
            .zip(part)
            .for_each(|(sum, part)| *sum += part);
    }
    let eigen = Eigen::of(covariance, d);
    eigen
        .vectors
        .chunks_exact(d)
        .take(count)
        .map(|direction| Component {
            direction: direction.to_vec(),
            mean: direction.iter().zip(&means).map(|(a, b)| a * b).sum(),
        })
        .collect()
}

/// What share of the pieces of a text each piece is expected to be.
fn shares<T: AsRef<str> + Sync>(model: &MiniLm, texts: &[T], rank_part: f64) -> Vec<f64> {
    let pieces = model.pieces();
    let ranks: f64 = (1..=pieces.len()).map(|rank| 1.0 / rank as f64).sum();
    let mut counts = vec![0.3; pieces.len()];
    for text in texts {
        pieces.each_piece(text.as_ref(), |id| {
            counts[id as usize] += 1.0;
            true
        });
    }
    let all: f64 = counts.iter().sum();
    let rank_part = if texts.is_empty() { 1.0 } else { rank_part };
    counts
        .into_iter()
        .enumerate()
        .map(|(piece, count)| {
            rank_part / (ranks * (piece + 1) as f64) + (1.0 - rank_part) * count / all
        })
        .collect()
}

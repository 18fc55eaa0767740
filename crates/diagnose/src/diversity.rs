//! How varied the rows of a class are to the last layer.

use counterpoise_base::{Embeddings, Observer, Seed, Warning, counted};
use rayon::prelude::*;
use serde::Serialize;

use crate::eigen::eigenvalues;
use crate::order::{distance, dot, mean, ratio};
use crate::ranges::Range;
use crate::steps::Steps;
use crate::{DiagnoseOptions, Error, Profile, Readout, SplitProfile};

const TASK: &str = "measuring diversity";

/// How varied the rows of each class are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diversity {
    /// One entry a class, in class order.
    pub classes: Vec<ClassDiversity>,
    /// Classes whose pairs or spectra were too many or too large.
    pub warnings: Vec<Warning>,
}

/// How varied the rows of one class are; numbers are absent where rows are too few.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassDiversity {
    /// Name of the class.
    pub class: String,
    /// Its rows.
    pub rows: usize,
    /// Share of its rows that are predicted as it.
    pub recall: Option<f64>,
    /// Features that are among the largest contributions of some row. More rows find more.
    pub distinct_features: Option<usize>,
    /// Entropy of how often features are among the largest contributions, in nats.
    pub entropy: Option<f64>,
    /// As many features that are used equally often have that entropy: its exponential.
    pub effective_features: Option<f64>,
    /// `(Σ m)² / Σ m²` of the mean contributions of true positives: 1 where one feature is all.
    pub participation: Option<f64>,
    /// How features vary that stand for the class.
    pub spread: Vec<FeatureSpread>,
    /// Mean of the standard deviations in `spread`.
    pub mean_deviation: Option<f64>,
    /// Mean of the ranges in `spread`.
    pub mean_range: Option<f64>,
    /// Mean Euclidean distance of all pairs of rows.
    pub mean_distance: Option<f64>,
    /// Rows whose pairs were measured: all, or as many as were drawn by chance.
    pub distance_rows: usize,
    /// Exponential of the entropy of the eigenvalues of the covariance, as shares of their sum: the number of directions in which
    /// rows vary. At most `n - 1` of `n` rows, and most often more of more rows. Absent where the matrix is too large.
    pub effective_rank: Option<f64>,
    /// The effective rank of as many rows of the largest class, drawn by chance, to compare with; absent for that class itself.
    pub effective_rank_of_largest: Option<f64>,
}

/// How one feature varies over the rows of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureSpread {
    /// Which feature, counted from 0.
    pub index: usize,
    /// Its standard deviation, with `n - 1`; absent for a single row.
    pub deviation: Option<f64>,
    /// Largest less smallest value.
    pub range: f64,
}

/// Measures how varied the rows of each class are; the profile is that of the readout, with details.
///
/// # Source
///
/// That diversity matters as much as the number of rows is the hypothesis of arXiv 2210.09465; how to measure it is ours
/// \[inferred\]. The effective rank is that of Roy and Vetterli (EUSIPCO 2007), of eigenvalues of the covariance.
pub fn diversity(
    readout: &Readout<'_>,
    profile: &SplitProfile,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<Diversity, Error> {
    let steps = Steps::new(TASK, profile.classes.len(), observer);
    // Of several largest, the first.
    let largest = (0..profile.classes.len())
        .rev()
        .max_by_key(|&class| readout.rows_of(class).len());
    let class = |class: usize| -> Result<ClassDiversity, Error> {
        let mut found = class_diversity(readout, profile, class, options);
        found.effective_rank_of_largest = largest
            .filter(|&largest| largest != class && found.effective_rank.is_some())
            .and_then(|largest| {
                let name = profile.classes[class].class.as_str();
                let seed = Seed::new(options.seed).child("largest").child(name);
                let rows = drawn(&seed, readout.rows_of(largest), found.rows);
                effective_rank(readout.embeddings(), &rows, options.spectrum)
            });
        steps.step()?;
        Ok(found)
    };
    let classes: Vec<ClassDiversity> = (0..profile.classes.len())
        .into_par_iter()
        .map(class)
        .collect::<Result<_, _>>()?;
    steps.finish()?;
    Ok(Diversity {
        warnings: warnings(readout, &classes, options),
        classes,
    })
}

fn warnings(readout: &Readout<'_>, classes: &[ClassDiversity], options: &DiagnoseOptions) -> Vec<Warning> {
    let split = readout.split();
    let sampled = classes
        .iter()
        .filter(|class| class.distance_rows < class.rows)
        .count();
    let large = |class: &&ClassDiversity| class.rows.min(readout.width()) > options.spectrum;
    let skipped = classes.iter().filter(large).count();
    let mut warnings = Vec::new();
    if sampled > 0 {
        let message = format!(
            "mean distances of {split} rows are those of {} drawn by chance, for {}",
            counted(options.pair_rows.get(), "row"),
            counted(sampled, "class"),
        );
        warnings.push(Warning::new("diagnose.sampled-pairs", message).with_hint("set a larger `pair_rows`"));
    }
    if skipped > 0 {
        let message = format!(
            "{split} rows: no effective rank for {}, whose matrices are larger than {}",
            counted(skipped, "class"),
            options.spectrum,
        );
        warnings.push(Warning::new("diagnose.large-spectrum", message).with_hint("set a larger `spectrum`"));
    }
    warnings
}

fn class_diversity(
    readout: &Readout<'_>,
    profile: &SplitProfile,
    class: usize,
    options: &DiagnoseOptions,
) -> ClassDiversity {
    let profile = &profile.classes[class];
    let embeddings = readout.embeddings();
    let rows = readout.rows_of(class);
    let frequency = |profile: &Profile| profile.frequency.clone();
    let frequency = profile.all.contributions.as_ref().and_then(frequency);
    let entropy = frequency.as_ref().and_then(|shares| entropy(shares));
    let spread = spread(embeddings, rows, &profile.identity().unwrap_or_default());
    let seed = Seed::new(options.seed)
        .child("pairs")
        .child(profile.class.as_str());
    let drawn = drawn(&seed, rows, options.pair_rows.get());
    ClassDiversity {
        class: profile.class.clone(),
        rows: rows.len(),
        recall: profile.recall,
        distinct_features: frequency.map(|shares| shares.iter().filter(|&&share| share > 0.0).count()),
        entropy,
        effective_features: entropy.map(f64::exp),
        participation: participation(profile.true_positives.contributions.as_ref()),
        mean_deviation: mean(spread.iter().filter_map(|feature| feature.deviation)),
        mean_range: mean(spread.iter().map(|feature| feature.range)),
        spread,
        mean_distance: mean_distance(embeddings, &drawn),
        distance_rows: drawn.len(),
        effective_rank: effective_rank(embeddings, rows, options.spectrum),
        effective_rank_of_largest: None,
    }
}

/// At most so many of some rows, drawn by chance and in order.
pub(crate) fn drawn(seed: &Seed, rows: &[usize], most: usize) -> Vec<usize> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let mut drawn = seed.shuffled(rows.iter().copied());
    drawn.truncate(most);
    drawn.sort_unstable();
    drawn
}

/// Entropy of numbers as shares of their sum, in nats; absent where the sum is 0.
fn entropy(numbers: &[f64]) -> Option<f64> {
    let total: f64 = numbers.iter().sum();
    let part = |&number: &f64| {
        let share = number / total;
        if share > 0.0 { -share * share.ln() } else { 0.0 }
    };
    (total > 0.0).then(|| numbers.iter().map(part).sum())
}

fn participation(profile: Option<&Profile>) -> Option<f64> {
    let mean = profile?.mean.as_ref()?;
    let sum: f64 = mean.iter().sum();
    ratio(sum * sum, mean.iter().map(|mean| mean * mean).sum())
}

fn spread(embeddings: &Embeddings, rows: &[usize], identity: &[usize]) -> Vec<FeatureSpread> {
    let Some(range) = Range::of(embeddings, rows.iter().copied()) else {
        return Vec::new();
    };
    let one = |&index: &usize| {
        let values = || rows.iter().map(|&row| f64::from(embeddings.row(row)[index]));
        let middle = values().sum::<f64>() / rows.len() as f64;
        let squares: f64 = values().map(|value| (value - middle).powi(2)).sum();
        FeatureSpread {
            index,
            deviation: (rows.len() > 1).then(|| (squares / (rows.len() - 1) as f64).sqrt()),
            range: f64::from(range.high[index]) - f64::from(range.low[index]),
        }
    };
    identity.iter().map(one).collect()
}

/// Mean Euclidean distance of all pairs; absent for fewer than two rows.
fn mean_distance(embeddings: &Embeddings, rows: &[usize]) -> Option<f64> {
    let width = embeddings.width();
    let double = double(embeddings, rows);
    let sum_of = |first: usize| -> f64 {
        let (row, others) = double[first * width..].split_at(width);
        others.chunks_exact(width).map(|other| distance(row, other)).sum()
    };
    let sums: Vec<f64> = (0..rows.len()).into_par_iter().map(sum_of).collect();
    let pairs = rows.len() * rows.len().saturating_sub(1) / 2;
    ratio(sums.iter().sum(), pairs as f64)
}

/// Rows in double precision, one after the other.
pub(crate) fn double(embeddings: &Embeddings, rows: &[usize]) -> Vec<f64> {
    let values = rows.iter().flat_map(|&row| embeddings.row(row));
    values.copied().map(f64::from).collect()
}

/// Directions in which rows vary; absent where they do not, or where the smaller matrix is larger than `most`.
fn effective_rank(embeddings: &Embeddings, rows: &[usize], most: usize) -> Option<f64> {
    let (n, width) = (rows.len(), embeddings.width());
    if n < 2 || n.min(width) > most {
        return None;
    }
    let mut middle = vec![0.0; width];
    for &row in rows {
        let values = middle.iter_mut().zip(embeddings.row(row));
        values.for_each(|(sum, &value)| *sum += f64::from(value));
    }
    middle.iter_mut().for_each(|sum| *sum /= n as f64);
    let centred = |row: usize| {
        let pairs = embeddings.row(row).iter().zip(&middle);
        pairs
            .map(|(&value, middle)| f64::from(value) - middle)
            .collect::<Vec<f64>>()
    };
    // Both matrices have the same eigenvalues but for zeros.
    let (matrix, size) = if n < width {
        let centred: Vec<Vec<f64>> = rows.iter().map(|&row| centred(row)).collect();
        let mut gram = vec![0.0; n * n];
        for a in 0..n {
            for b in a..n {
                let product = dot(&centred[a], &centred[b]);
                (gram[a * n + b], gram[b * n + a]) = (product, product);
            }
        }
        (gram, n)
    } else {
        let mut covariance = vec![0.0; width * width];
        for &row in rows {
            let row = centred(row);
            for (a, &value) in row.iter().enumerate() {
                let line = covariance[a * width + a..(a + 1) * width].iter_mut();
                line.zip(&row[a..]).for_each(|(sum, other)| *sum += value * other);
            }
        }
        for a in 0..width {
            for b in 0..a {
                covariance[a * width + b] = covariance[b * width + a];
            }
        }
        (covariance, width)
    };
    let mut values = eigenvalues(matrix, size);
    // What rounding made of zeros is none.
    let largest = values.iter().copied().fold(0.0, f64::max);
    let least = largest * size as f64 * f64::EPSILON;
    values
        .iter_mut()
        .filter(|value| **value <= least)
        .for_each(|value| *value = 0.0);
    values.sort_by(f64::total_cmp);
    entropy(&values).map(f64::exp)
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Labels, LinearHead};

    use super::*;
    use crate::{Split, profile};

    fn of(values: Vec<f32>, width: usize) -> Embeddings {
        let rows = values.len() / width;
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        Embeddings::new(values, width, Labels::from_codes(classes, vec![0; rows]))
    }

    fn all(embeddings: &Embeddings) -> Vec<usize> {
        (0..embeddings.len()).collect()
    }

    #[test]
    fn a_cross_varies_in_as_many_directions_as_it_has_arms() {
        let cross = of(
            vec![1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0],
            3,
        );
        let rank = effective_rank(&cross, &all(&cross), 10).unwrap();
        assert!((rank - 2.0).abs() < 1e-9, "{rank}");
        // The smaller of both matrices decides.
        assert_eq!(effective_rank(&cross, &all(&cross), 2), None);
        let line = of(vec![0.0, 0.0, 0.0, 1.0, 2.0, 3.0], 3);
        let rank = effective_rank(&line, &all(&line), 10).unwrap();
        assert!((rank - 1.0).abs() < 1e-9, "{rank}");
        let same = of(vec![1.0, 2.0, 3.0, 1.0, 2.0, 3.0], 3);
        assert_eq!(effective_rank(&same, &all(&same), 10), None);
    }

    #[test]
    fn ranks_are_compared_at_equal_numbers_of_rows() {
        // Both classes vary in all six features, and two rows of b can do so in one direction only.
        let mut random = Seed::new(4).rng();
        let values: Vec<f32> = (0..6 * 42).map(|_| random.normal() as f32).collect();
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        let codes = (0..42).map(|row| u32::from(row >= 40)).collect();
        let rows = Embeddings::new(values, 6, Labels::from_codes(classes, codes));
        let head = LinearHead::new(vec![1.0; 12], vec![0.0; 2], 6);
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        let options = DiagnoseOptions::default();
        let profile = profile(&read, &options, &()).unwrap();
        let found = diversity(&read, &profile, &options, &()).unwrap().classes;
        assert!(found[0].effective_rank.unwrap() > 4.0);
        assert_eq!(found[0].effective_rank_of_largest, None);
        let of_b = [found[1].effective_rank, found[1].effective_rank_of_largest];
        assert!(
            of_b.iter().all(|rank| (rank.unwrap() - 1.0).abs() < 1e-9),
            "{of_b:?}"
        );
    }

    #[test]
    fn rows_and_features_give_the_same_rank() {
        let mut random = Seed::new(3).rng();
        let values: Vec<f32> = (0..28).map(|_| random.normal() as f32).collect();
        let wide = of(values.clone(), 7);
        let by_rows = effective_rank(&wide, &all(&wide), 10).unwrap();
        // Each row twice: the same shares, and more rows than features.
        let repeated = of([values.clone(), values].concat(), 7);
        let by_features = effective_rank(&repeated, &all(&repeated), 10).unwrap();
        assert!((by_rows - by_features).abs() < 1e-9, "{by_rows}, {by_features}");
    }

    #[test]
    fn distances_are_those_of_all_pairs() {
        let rows = of(vec![0.0, 0.0, 3.0, 4.0, 0.0, 8.0], 2);
        assert_eq!(mean_distance(&rows, &[0, 1, 2]), Some((5.0 + 8.0 + 5.0) / 3.0));
        assert_eq!(mean_distance(&rows, &[0]), None);
    }

    #[test]
    fn classes_that_use_two_features_equally_have_two() {
        let head = LinearHead::new(vec![1.0, 1.0, 0.0, 0.0, 0.0, 1.0], vec![0.0; 2], 3);
        let rows = of(vec![2.0, 1.0, 0.0, 1.0, 2.0, 0.0], 3);
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        let options = DiagnoseOptions::default().with_top_k(std::num::NonZeroUsize::MIN);
        let profile = profile(&read, &options, &()).unwrap();
        let diversity = diversity(&read, &profile, &options, &()).unwrap();
        let a = &diversity.classes[0];
        assert_eq!(a.distinct_features, Some(2));
        assert!((a.effective_features.unwrap() - 2.0).abs() < 1e-12);
        // Means 1.5, 1.5, 0.
        assert_eq!(a.participation, Some(2.0));
        assert_eq!(
            (a.spread.len(), a.spread[0].index, a.spread[0].range),
            (1, 0, 1.0)
        );
        assert_eq!(a.mean_deviation, Some(0.5_f64.sqrt()));
        assert_eq!(diversity.classes[1].entropy, None);
        assert!(diversity.warnings.is_empty());
    }
}

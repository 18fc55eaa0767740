use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Images, Labels, Observer, Origin, Strided, Warning, plural,
    to_signed,
};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};
use rayon::prelude::*;
use serde::Serialize;

use crate::Error;

/// Pictures, and what a classifier says of them.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The pictures.
    pub images: &'a Images,
    /// The class of every picture.
    pub labels: &'a Labels,
    /// Feature embeddings, `(n, d)` row after row, where there is a classifier.
    pub embeddings: Option<&'a [f32]>,
    /// The class that the classifier says, where there is one.
    pub predictions: Option<&'a [u32]>,
}

/// How good synthetic pictures are: like real ones, unlike copies, and unlike one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// One entry a class with synthetic pictures, in class order.
    pub classes: Vec<ClassQuality>,
    /// Over all of them: counts are sums, and every other number is the mean over classes where it is defined, weighted by
    /// synthetic pictures. Classes are not thrown together, because synthetic pictures have other shares of classes than real
    /// ones.
    pub overall: ClassQuality,
    /// Distance to the nearest real picture of the class, one a synthetic picture.
    pub nearest: Vec<Nearest>,
    /// What looked odd on the way.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// Quality of the synthetic pictures of one class.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ClassQuality {
    /// Name of the class; `all` for the mean over classes.
    pub class: String,
    /// Real pictures.
    pub real: usize,
    /// Synthetic pictures.
    pub synthetic: usize,
    /// Fréchet distance between real and synthetic pictures in the feature space of the classifier; 0 is the same mean and
    /// covariance.
    pub frechet: Option<f64>,
    /// The same between two halves of the real pictures: what chance alone does.
    pub frechet_of_halves: Option<f64>,
    /// Median distance of pixels to the nearest real picture of the class.
    pub nearest_pixels: Option<f64>,
    /// The same from a real picture to the nearest other one.
    pub nearest_pixels_of_real: Option<f64>,
    /// Median distance in feature space to the nearest real picture of the class.
    pub nearest_embedding: Option<f64>,
    /// The same from a real picture to the nearest other one.
    pub nearest_embedding_of_real: Option<f64>,
    /// Synthetic pictures that are as good as copies.
    pub copies: usize,
    /// Share of synthetic pictures whose nearest real picture is one of their parents.
    pub nearest_is_parent: Option<f64>,
    /// Share of synthetic pictures that the classifier takes for their class.
    pub as_intended: Option<f64>,
    /// The same of real pictures.
    pub real_as_intended: Option<f64>,
    /// How far synthetic pictures are apart in pixels, as a share of real ones: the root of the mean squared distance of all
    /// pairs. Near 0 they are all alike (mode collapse).
    pub diversity_pixels: Option<f64>,
    /// The same in feature space.
    pub diversity_embedding: Option<f64>,
    /// Mean squared difference between real pictures and their reconstruction, pixels in `[-1, 1]`.
    pub reconstruction: Option<f64>,
}

/// The real picture of its class that is nearest to a synthetic one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Nearest {
    /// Its row.
    pub row: u32,
    /// Euclidean distance of pixels in `[-1, 1]`.
    pub pixels: f64,
    /// Euclidean distance of feature embeddings.
    pub embedding: Option<f64>,
    /// Whether the distance of pixels is below a quarter of the median distance from a real picture of the class to the
    /// nearest other one.
    pub copy: bool,
}

/// Share of the usual distance between real neighbours, below which a picture counts as a copy.
const COPY: f64 = 0.25;

/// Measures synthetic pictures against real ones, class by class.
///
/// `origins` name the parents among the real pictures; `reconstructed` are the real pictures after the autoencoder.
///
/// # Source
///
/// Heusel and others, "GANs Trained by a Two Time-Scale Update Rule", NIPS 2017, for the Fréchet distance, here in the feature
/// space of the classifier at hand and not of Inception, so that values compare between methods under one classifier only.
pub fn quality(
    real: Judged<'_>,
    synthetic: Judged<'_>,
    origins: Option<&[Origin]>,
    reconstructed: Option<&Images>,
    observer: &dyn Observer,
) -> Result<Quality, Error> {
    let mut nearest = vec![
        Nearest {
            row: 0,
            pixels: 0.0,
            embedding: None,
            copy: false,
        };
        synthetic.labels.len()
    ];
    let mut classes = Vec::new();
    let mut warnings = Vec::new();
    let (mut few, mut features) = (Vec::new(), 0);
    for (class, name) in synthetic.labels.classes().iter().enumerate() {
        let made = synthetic.labels.rows_of(class as u32);
        let own = match real.labels.code_of(name) {
            Some(code) => real.labels.rows_of(code),
            None => Vec::new(),
        };
        if made.is_empty() || own.is_empty() {
            continue;
        }
        let mut found = ClassQuality {
            class: name.clone(),
            real: own.len(),
            synthetic: made.len(),
            ..ClassQuality::default()
        };
        let (pixels, new_pixels) = (pixels(real.images, &own), pixels(synthetic.images, &made));
        let width = real.images.shape().values();
        let near = NearestOf::new(&pixels, &new_pixels, width, observer)?;
        found.nearest_pixels = median(near.distances.clone());
        found.nearest_pixels_of_real = near.of_real;
        found.diversity_pixels = ratio(spread(&new_pixels, width), spread(&pixels, width));
        for (place, &row) in made.iter().enumerate() {
            nearest[row] = Nearest {
                row: own[near.rows[place]] as u32,
                pixels: near.distances[place],
                embedding: None,
                copy: near
                    .of_real
                    .is_some_and(|usual| near.distances[place] < COPY * usual),
            };
        }
        found.copies = made.iter().filter(|&&row| nearest[row].copy).count();
        if let Some(origins) = origins {
            let parent = |row: &&usize| {
                let origin = origins[**row];
                [origin.base, origin.neighbor].contains(&nearest[**row].row)
            };
            found.nearest_is_parent = share(made.iter().filter(parent).count(), made.len());
        }
        if let (Some(all), Some(new)) = (real.embeddings, synthetic.embeddings) {
            let width = all.len() / real.labels.len();
            let (all, new) = (rows_of(all, width, &own), rows_of(new, width, &made));
            let near = NearestOf::new(&all, &new, width, observer)?;
            for (&row, &distance) in made.iter().zip(&near.distances) {
                nearest[row].embedding = Some(distance);
            }
            found.nearest_embedding = median(near.distances);
            found.nearest_embedding_of_real = near.of_real;
            found.diversity_embedding = ratio(spread(&new, width), spread(&all, width));
            found.frechet = frechet_distance(&all, &new, width);
            let half = |odd: usize| {
                let rows: Vec<usize> = (0..own.len()).filter(|row| row % 2 == odd).collect();
                rows_of(&all, width, &rows)
            };
            found.frechet_of_halves = frechet_distance(&half(0), &half(1), width);
            let fewest = own.len().min(made.len());
            if found.frechet.is_some() && fewest <= width {
                few.push(format!("`{name}` ({fewest})"));
                features = width;
            }
        }
        found.as_intended = as_intended(synthetic.predictions, &made, class as u32);
        let code = real.labels.code_of(name).unwrap_or(0);
        found.real_as_intended = as_intended(real.predictions, &own, code);
        found.reconstruction = reconstructed.map(|images| squared_difference(real.images, images, &own));
        classes.push(found);
    }
    if !few.is_empty() {
        let message = format!(
            "{} {}: so few pictures have a covariance of {features} features without full rank, and the Fréchet \
             distance is too great",
            plural(few.len(), "class"),
            few.join(", ")
        );
        warnings.push(
            Warning::new("deep.few-pictures-for-frechet", message)
                .with_hint("compare it with that of other methods for as many pictures only"),
        );
    }
    Ok(Quality {
        overall: overall(&classes),
        classes,
        nearest,
        warnings,
    })
}

/// Fréchet distance between the normal distributions with the means and covariances of two sets of rows, each `(n, width)`:
/// `|m - m'|² + tr S + tr S' - 2 tr (S S')^½`. Absent with fewer than two rows in one of them.
///
/// Covariances without full rank are no trouble and nothing is added to them: the last trace is the sum of the singular values
/// of one set of centred rows times the other.
pub fn frechet_distance(one: &[f32], other: &[f32], width: usize) -> Option<f64> {
    let [rows, other_rows] = [one, other].map(|values| values.len() / width);
    if rows < 2 || other_rows < 2 {
        return None;
    }
    let (mean, a) = centred(one, width);
    let (other_mean, b) = centred(other, width);
    let apart: f64 = mean.iter().zip(&other_mean).map(|(x, y)| (x - y).powi(2)).sum();
    let trace = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    let common = if rows.min(other_rows) < width {
        trace_of_root_by_rows(&a, &b, width)
    } else {
        trace_of_root_by_columns(&a, &b, width)
    };
    Some((apart + trace(&a) + trace(&b) - 2.0 * common).max(0.0))
}

/// Rows less their mean, over the root of their number less one.
fn centred(values: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = values.len() / width;
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += f64::from(value));
    }
    mean.iter_mut().for_each(|sum| *sum /= rows as f64);
    let scale = ((rows - 1) as f64).sqrt();
    let less = |(place, &value): (usize, &f32)| (f64::from(value) - mean[place % width]) / scale;
    let centred = values.iter().enumerate().map(less).collect();
    (mean, centred)
}

/// By singular values of `a bᵀ`, for fewer rows than columns.
fn trace_of_root_by_rows(a: &[f64], b: &[f64], width: usize) -> f64 {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let products = times_transposed(few, many, width);
    let square = times_transposed(&products, &products, many.len() / width);
    sum_of_roots(square, few.len() / width)
}

/// By eigenvalues of `lᵀ S' l` with `S = l lᵀ`, for more rows than columns.
fn trace_of_root_by_columns(a: &[f64], b: &[f64], width: usize) -> f64 {
    let [s, t] = [a, b].map(|rows| {
        let columns = transposed(rows, width);
        times_transposed(&columns, &columns, rows.len() / width)
    });
    let lower_transposed = transposed(&triangle(s, width), width);
    let half = times_transposed(&lower_transposed, &t, width);
    sum_of_roots(times_transposed(&half, &lower_transposed, width), width)
}

/// `x yᵀ` for rows of `width` numbers.
fn times_transposed(x: &[f64], y: &[f64], width: usize) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    x.par_chunks_exact(width)
        .flat_map_iter(|row| y.chunks_exact(width).map(move |other| dot(row, other)))
        .collect()
}

fn transposed(rows: &[f64], width: usize) -> Vec<f64> {
    (0..width)
        .flat_map(|column| rows[column..].iter().step_by(width).copied())
        .collect()
}

/// The lower triangle `l` with `l lᵀ = s` (Cholesky); a column that the ones before explain is 0.
fn triangle(s: Vec<f64>, size: usize) -> Vec<f64> {
    let greatest = (0..size).map(|place| s[place * size + place]).fold(0.0, f64::max);
    let mut l = s;
    for column in 0..size {
        for row in 0..size {
            if row < column {
                l[row * size + column] = 0.0;
                continue;
            }
            let known: f64 = (0..column)
                .map(|place| l[row * size + place] * l[column * size + place])
                .sum();
            let left = l[row * size + column] - known;
            l[row * size + column] = if row == column {
                if left > 1e-13 * greatest { left.sqrt() } else { 0.0 }
            } else {
                match l[column * size + column] {
                    0.0 => 0.0,
                    pivot => left / pivot,
                }
            };
        }
    }
    l
}

/// Sum of the roots of the eigenvalues of a symmetric matrix that has none below 0.
fn sum_of_roots(symmetric: Vec<f64>, size: usize) -> f64 {
    eigenvalues(symmetric, size)
        .into_iter()
        .map(|value| value.max(0.0).sqrt())
        .sum()
}

/// Eigenvalues of a symmetric matrix, in no order: reflections bring it to three diagonals, rotations with shifts to one
/// (Golub and Van Loan, "Matrix Computations", sections 8.3.1 and 8.3.3).
fn eigenvalues(mut a: Vec<f64>, size: usize) -> Vec<f64> {
    let mut beside = vec![0.0; size];
    for step in 0..size.saturating_sub(2) {
        let first = step + 1;
        let column: Vec<f64> = (first..size).map(|row| a[row * size + step]).collect();
        let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
        let alpha = if column[0] > 0.0 { -length } else { length };
        beside[step] = alpha;
        let mut v = column;
        v[0] -= alpha;
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square == 0.0 {
            continue;
        }
        // The part below and right becomes h a h with h = 1 - 2 v vᵀ / vᵀv.
        let beta = 2.0 / square;
        let p: Vec<f64> = (first..size)
            .into_par_iter()
            .map(|row| {
                let line = &a[row * size + first..(row + 1) * size];
                beta * line.iter().zip(&v).map(|(x, y)| x * y).sum::<f64>()
            })
            .collect();
        let half = 0.5 * beta * p.iter().zip(&v).map(|(x, y)| x * y).sum::<f64>();
        let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - half * v).collect();
        a[first * size..]
            .par_chunks_exact_mut(size)
            .enumerate()
            .for_each(|(row, line)| {
                for (column, value) in line[first..].iter_mut().enumerate() {
                    *value -= v[row] * w[column] + w[row] * v[column];
                }
            });
    }
    let mut diagonal: Vec<f64> = (0..size).map(|place| a[place * size + place]).collect();
    if size >= 2 {
        beside[size - 2] = a[(size - 1) * size + size - 2];
    }
    rotate(&mut diagonal, &mut beside);
    diagonal
}

/// Turns a symmetric matrix of three diagonals into a diagonal one; `beside[i]` stands between `i` and `i + 1`.
fn rotate(diagonal: &mut [f64], beside: &mut [f64]) {
    let Some(mut last) = diagonal.len().checked_sub(1) else {
        return;
    };
    let tiny = |diagonal: &[f64], beside: &[f64], place: usize| {
        beside[place].abs() <= f64::EPSILON * (diagonal[place].abs() + diagonal[place + 1].abs())
    };
    // Each eigenvalue takes two or three rounds; the bound stops on numbers that are none.
    for _ in 0..64 * diagonal.len() {
        while last > 0 && tiny(diagonal, beside, last - 1) {
            beside[last - 1] = 0.0;
            last -= 1;
        }
        if last == 0 {
            return;
        }
        let mut first = last - 1;
        while first > 0 && !tiny(diagonal, beside, first - 1) {
            first -= 1;
        }
        // Wilkinson's shift: the eigenvalue of the last two by two that is nearer to its corner.
        let half = 0.5 * (diagonal[last - 1] - diagonal[last]);
        let off = beside[last - 1];
        let sign = if half < 0.0 { -1.0 } else { 1.0 };
        let shift = diagonal[last] - off * off / (half + sign * half.hypot(off));
        let (mut x, mut z) = (diagonal[first] - shift, beside[first]);
        for place in first..last {
            let length = x.hypot(z);
            let (cosine, sine) = if length == 0.0 {
                (1.0, 0.0)
            } else {
                (x / length, z / length)
            };
            if place > first {
                beside[place - 1] = length;
            }
            let (one, two, off) = (diagonal[place], diagonal[place + 1], beside[place]);
            diagonal[place] = cosine * cosine * one + 2.0 * cosine * sine * off + sine * sine * two;
            diagonal[place + 1] = sine * sine * one - 2.0 * cosine * sine * off + cosine * cosine * two;
            beside[place] = (cosine * cosine - sine * sine) * off + cosine * sine * (two - one);
            if place + 1 < last {
                x = beside[place];
                z = sine * beside[place + 1];
                beside[place + 1] *= cosine;
            }
        }
    }
}

/// The nearest real row of each synthetic one, and what is usual among real ones.
struct NearestOf {
    rows: Vec<usize>,
    distances: Vec<f64>,
    /// Median distance of a real row to the nearest other one.
    of_real: Option<f64>,
}

impl NearestOf {
    fn new(real: &[f32], synthetic: &[f32], width: usize, observer: &dyn Observer) -> Result<Self, Error> {
        let features = features(real, width);
        let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse)?;
        let points = space.points(&self::features(synthetic, width))?;
        let search = Search::new(1);
        let found = search.neighbors_of(&space, &points, observer)?;
        let count = synthetic.len() / width;
        let of_real = if space.rows() > 1 {
            let among = search.neighbors(&space, Rows::All, Rows::All, observer)?;
            median((0..space.rows()).map(|row| among.distances(row)[0]).collect())
        } else {
            None
        };
        Ok(Self {
            rows: (0..count).map(|row| found.neighbors(row)[0] as usize).collect(),
            distances: (0..count).map(|row| found.distances(row)[0]).collect(),
            of_real,
        })
    }
}

fn features(rows: &[f32], width: usize) -> Features<'_> {
    let column = |column| Feature {
        name: format!("f{column}"),
        values: FeatureValues::F32(Strided::of_matrix(rows, width, column)),
        domain: Domain::Real,
        copied: false,
    };
    Features::new(rows.len() / width, (0..width).map(column).collect())
}

fn pixels(images: &Images, rows: &[usize]) -> Vec<f32> {
    rows.iter()
        .flat_map(|&row| images.get(row))
        .map(|&value| to_signed(value))
        .collect()
}

fn rows_of(values: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter()
        .flat_map(|&row| &values[row * width..][..width])
        .copied()
        .collect()
}

/// The root of the mean squared distance of all pairs: twice the trace of the covariance. Absent for a single row.
fn spread(values: &[f32], width: usize) -> Option<f64> {
    if values.len() < 2 * width {
        return None;
    }
    let (_, centred) = centred(values, width);
    Some((2.0 * centred.iter().map(|value| value * value).sum::<f64>()).sqrt())
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    match (part, whole) {
        (Some(part), Some(whole)) if whole > 0.0 => Some(part / whole),
        _ => None,
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn as_intended(predictions: Option<&[u32]>, rows: &[usize], class: u32) -> Option<f64> {
    let predictions = predictions?;
    share(
        rows.iter().filter(|&&row| predictions[row] == class).count(),
        rows.len(),
    )
}

fn squared_difference(one: &Images, other: &Images, rows: &[usize]) -> f64 {
    let square = |(&x, &y): (&u8, &u8)| f64::from(to_signed(x) - to_signed(y)).powi(2);
    let of = |&row: &usize| one.get(row).iter().zip(other.get(row)).map(square).sum::<f64>();
    rows.iter().map(of).sum::<f64>() / (rows.len() * one.shape().values()) as f64
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn overall(classes: &[ClassQuality]) -> ClassQuality {
    let mean = |of: fn(&ClassQuality) -> Option<f64>| {
        let defined = classes
            .iter()
            .filter_map(|class| Some((of(class)?, class.synthetic as f64)));
        let (sum, weight) = defined.fold((0.0, 0.0), |(sum, weight), (value, count)| {
            (sum + value * count, weight + count)
        });
        (weight > 0.0).then(|| sum / weight)
    };
    ClassQuality {
        class: "all".to_owned(),
        real: classes.iter().map(|class| class.real).sum(),
        synthetic: classes.iter().map(|class| class.synthetic).sum(),
        copies: classes.iter().map(|class| class.copies).sum(),
        frechet: mean(|class| class.frechet),
        frechet_of_halves: mean(|class| class.frechet_of_halves),
        nearest_pixels: mean(|class| class.nearest_pixels),
        nearest_pixels_of_real: mean(|class| class.nearest_pixels_of_real),
        nearest_embedding: mean(|class| class.nearest_embedding),
        nearest_embedding_of_real: mean(|class| class.nearest_embedding_of_real),
        nearest_is_parent: mean(|class| class.nearest_is_parent),
        as_intended: mean(|class| class.as_intended),
        real_as_intended: mean(|class| class.real_as_intended),
        diversity_pixels: mean(|class| class.diversity_pixels),
        diversity_embedding: mean(|class| class.diversity_embedding),
        reconstruction: mean(|class| class.reconstruction),
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{ImageShape, Seed};
    use proptest::prelude::*;

    use super::*;

    fn normals(seed: u64, rows: usize, scales: &[f64], shift: f64) -> Vec<f32> {
        let mut random = Seed::new(seed).rng();
        (0..rows)
            .flat_map(|_| {
                scales
                    .iter()
                    .map(|scale| (shift + scale * random.normal()) as f32)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{found} is not {expected}"
        );
    }

    #[test]
    fn one_feature_has_the_distance_of_means_and_deviations() {
        // Means 1 and 4, variances 1 and 4 (unbiased).
        let one = [0.0, 1.0, 2.0];
        let other = [2.0, 4.0, 6.0];
        close(frechet_distance(&one, &other, 1).unwrap(), 9.0 + 1.0);
        assert_eq!(frechet_distance(&one, &[1.0], 1), None);
    }

    #[test]
    fn a_set_has_no_distance_to_itself() {
        for (rows, width) in [(50, 4), (5, 12), (12, 12)] {
            let values = normals(1, rows, &vec![1.0; width], 0.0);
            close(frechet_distance(&values, &values, width).unwrap(), 0.0);
        }
    }

    #[test]
    fn scaling_every_feature_scales_its_deviation() {
        // S' = diag(s) S diag(s) with one s for all: the distance is (s - 1)² tr S.
        let one = normals(2, 40, &[1.0, 2.0, 3.0], 0.0);
        let mean: Vec<f32> = (0..3)
            .map(|column| one[column..].iter().step_by(3).sum::<f32>() / 40.0)
            .collect();
        let three: Vec<f32> = one
            .iter()
            .enumerate()
            .map(|(place, value)| 3.0 * (value - mean[place % 3]) + mean[place % 3])
            .collect();
        let (_, centred) = centred(&one, 3);
        let trace: f64 = centred.iter().map(|value| value * value).sum();
        let found = frechet_distance(&one, &three, 3).unwrap();
        assert!((found / (4.0 * trace) - 1.0).abs() < 1e-5, "{found}");
    }

    #[test]
    fn both_ways_to_the_last_trace_agree() {
        let (_, a) = centred(&normals(3, 9, &[1.0, 0.1, 2.0, 3.0, 0.5], 0.0), 5);
        let (_, b) = centred(&normals(4, 7, &[2.0, 1.0, 0.3, 1.0, 4.0], 0.0), 5);
        close(
            trace_of_root_by_rows(&a, &b, 5),
            trace_of_root_by_columns(&a, &b, 5),
        );
        // Without full rank, too.
        let (_, few) = centred(&normals(5, 3, &[1.0; 5], 0.0), 5);
        close(
            trace_of_root_by_rows(&few, &b, 5),
            trace_of_root_by_columns(&few, &b, 5),
        );
    }

    #[test]
    fn eigenvalues_of_a_known_matrix_are_found() {
        // Second differences: 2 - 2 cos(k pi / (n + 1)).
        let size = 7;
        let mut matrix = vec![0.0; size * size];
        for place in 0..size {
            matrix[place * size + place] = 2.0;
            if place + 1 < size {
                matrix[place * size + place + 1] = -1.0;
                matrix[(place + 1) * size + place] = -1.0;
            }
        }
        let mut found = eigenvalues(matrix, size);
        found.sort_by(f64::total_cmp);
        for (place, value) in found.into_iter().enumerate() {
            let angle = (place + 1) as f64 * std::f64::consts::PI / (size + 1) as f64;
            close(value, 2.0 - 2.0 * angle.cos());
        }
    }

    proptest! {
        #[test]
        fn eigenvalues_keep_trace_and_squares(size in 1_usize..12, seed: u64) {
            let mut random = Seed::new(seed).rng();
            let mut matrix = vec![0.0; size * size];
            for row in 0..size {
                for column in 0..=row {
                    let value = random.normal();
                    matrix[row * size + column] = value;
                    matrix[column * size + row] = value;
                }
            }
            let trace: f64 = (0..size).map(|place| matrix[place * size + place]).sum();
            let squares: f64 = matrix.iter().map(|value| value * value).sum();
            let found = eigenvalues(matrix, size);
            prop_assert!((found.iter().sum::<f64>() - trace).abs() < 1e-9);
            prop_assert!((found.iter().map(|value| value * value).sum::<f64>() - squares).abs() < 1e-8);
        }
    }

    fn images(values: &[&[u8]]) -> Images {
        Images::new(ImageShape::new(1, 1, 2), values.concat())
    }

    #[test]
    fn copies_are_counted_and_collapse_is_seen() {
        let real = images(&[&[0, 0], &[100, 0], &[0, 100], &[100, 100], &[255, 255]]);
        let labels = Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 0, 0, 0, 1]);
        let made = images(&[&[100, 1], &[100, 1], &[50, 50]]);
        let made_labels = Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 0, 0]);
        let real = Judged {
            images: &real,
            labels: &labels,
            embeddings: None,
            predictions: None,
        };
        let synthetic = Judged {
            images: &made,
            labels: &made_labels,
            embeddings: None,
            predictions: Some(&[0, 1, 0]),
        };
        let found = quality(real, synthetic, None, Some(real.images), &()).unwrap();
        assert_eq!(found.classes.len(), 1);
        let class = &found.classes[0];
        assert_eq!((class.real, class.synthetic, class.copies), (4, 3, 2));
        assert_eq!(found.nearest[0].row, 1);
        assert_eq!(class.as_intended, Some(2.0 / 3.0));
        assert_eq!(class.real_as_intended, None);
        assert_eq!(class.frechet, None);
        assert_eq!(class.reconstruction, Some(0.0));
        assert!(class.diversity_pixels.unwrap() < 0.7, "{class:?}");
        assert_eq!(found.overall.copies, 2);
    }

    #[test]
    fn collapsed_pictures_have_no_diversity() {
        let values = normals(6, 10, &[1.0; 4], 0.0);
        let same = values[..4].repeat(10);
        close(ratio(spread(&same, 4), spread(&values, 4)).unwrap(), 0.0);
        assert_eq!(spread(&values[..4], 4), None);
    }
}

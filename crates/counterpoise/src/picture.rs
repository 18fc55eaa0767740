//! Rows in the plane: landmark multidimensional scaling of HEOM distances.
//!
//! # Source
//!
//! de Silva and Tenenbaum, "Sparse multidimensional scaling using landmark points" (2004): classical scaling of a few
//! landmarks, chosen each farthest from those before, and every other row placed by its distances to them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use counterpoise_base::{
    Event, Feature, FeatureValues, Features, Matrix, Observer, Origin, Resampled, Seed, Strided,
    SyntheticValues,
};
use counterpoise_data::Prepared;
use counterpoise_neighbors::{Metric, MissingValues, Space};

use crate::Error;

/// Input rows shown.
const ROWS: usize = 1_500;
/// Synthetic rows shown.
const MADE: usize = 700;
const LANDMARKS: usize = 64;

/// Some rows of a table as points in the plane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picture {
    /// The points.
    pub marks: Vec<Mark>,
    /// Share of the squared distances between landmarks that the plane keeps; `None` if all rows are equal.
    pub kept: Option<f64>,
    /// Rows of the table.
    pub rows: usize,
    /// Synthetic rows that were made.
    pub made: usize,
}

/// One point of a [`Picture`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Left to right.
    pub x: f64,
    /// Bottom to top.
    pub y: f64,
    /// Class.
    pub class: u32,
    /// Row of the input; `None` for a synthetic row.
    pub row: Option<usize>,
    /// For a synthetic row, its parents as indices into the marks.
    pub parents: Option<(u32, u32)>,
}

/// A picture of the input.
pub(crate) fn of_rows(prepared: &Prepared, seed: &Seed, observer: &dyn Observer) -> Result<Picture, Error> {
    of_resampled(prepared, &Resampled::default(), seed, observer)
}

/// A picture of the input with synthetic rows among their parents.
pub(crate) fn of_resampled(
    prepared: &Prepared,
    resampled: &Resampled,
    seed: &Seed,
    observer: &dyn Observer,
) -> Result<Picture, Error> {
    let seed = seed.child("picture");
    let made = by_chance(resampled.origin.len(), &seed.child("made"), MADE);
    let rows = shown_rows(prepared, resampled, &made, &seed);
    let features = of_both(&prepared.features(), &rows, resampled, &made);
    let space = Space::new(&features, Metric::Heom, MissingValues::Define)?;
    let task = "drawing rows in the plane";
    if let ControlFlow::Break(()) = observer.observe(&Event::Progress {
        task,
        done: 0,
        total: 0,
    }) {
        return Err(Error::Stopped);
    }
    let (found, kept) = places(&space);
    let mark = |row: usize| rows.binary_search(&row).expect("parents are shown") as u32;
    let codes = prepared.labels.codes();
    let known = rows.iter().zip(&found).map(|(&row, &(x, y))| Mark {
        x,
        y,
        class: codes[row],
        row: Some(row),
        parents: None,
    });
    let new = made.iter().zip(&found[rows.len()..]).map(|(&index, &(x, y))| {
        let Origin { class, base, .. } = resampled.origin[index];
        let neighbor = resampled.neighbor_in_input(index, codes.len());
        Mark {
            x,
            y,
            class,
            row: None,
            parents: Some((mark(base as usize), mark(neighbor))),
        }
    });
    Ok(Picture {
        marks: known.chain(new).collect(),
        kept,
        rows: prepared.labels.len(),
        made: resampled.origin.len(),
    })
}

/// Up to `most` of `count`, growing.
fn by_chance(count: usize, seed: &Seed, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let mut all: Vec<(u64, usize)> = (0..count)
        .map(|index| (seed.child(index as u64).number(), index))
        .collect();
    all.sort_unstable();
    let mut some: Vec<usize> = all.into_iter().take(most).map(|(_, index)| index).collect();
    some.sort_unstable();
    some
}

/// The parents of what is shown, and rows of every class: all of a small one, a share of a large one.
fn shown_rows(prepared: &Prepared, resampled: &Resampled, made: &[usize], seed: &Seed) -> Vec<usize> {
    let labels = &prepared.labels;
    let parents = made.iter().flat_map(|&index| {
        [
            resampled.origin[index].base as usize,
            resampled.neighbor_in_input(index, labels.len()),
        ]
    });
    let mut rows: Vec<usize> = parents.collect();
    let classes = labels.classes().len();
    let floor = (ROWS / (2 * classes)).max(1);
    for class in 0..classes as u32 {
        let of_class = labels.rows_of(class);
        let share = ROWS * of_class.len() / labels.len().max(1);
        let some = by_chance(of_class.len(), &seed.child(u64::from(class)), share.max(floor));
        rows.extend(some.into_iter().map(|place| of_class[place]));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Features of some input rows, and of some synthetic rows below them.
fn of_both(
    features: &Features<'_>,
    rows: &[usize],
    resampled: &Resampled,
    made: &[usize],
) -> Features<'static> {
    let column = |(place, feature): (usize, &Feature<'_>)| {
        let new = resampled.synthetic.get(place);
        let values = match (&feature.values, new) {
            (FeatureValues::Codes { codes, levels }, new) => {
                let new = new.and_then(SyntheticValues::as_codes);
                let old = rows.iter().map(|&row| codes[row]);
                let new = made.iter().filter_map(|&index| new.map(|new| new[index]));
                FeatureValues::Codes {
                    codes: Cow::Owned(old.chain(new).collect()),
                    levels: *levels,
                }
            }
            (numbers, new) => {
                let old = rows.iter().filter_map(|&row| numbers.number(row));
                let new = made.iter().filter_map(|&index| match new {
                    Some(SyntheticValues::F64(new)) => Some(new[index]),
                    Some(SyntheticValues::F32(new)) => Some(f64::from(new[index])),
                    _ => None,
                });
                FeatureValues::F64(Strided::contiguous(old.chain(new).collect::<Vec<_>>()))
            }
        };
        Feature {
            name: feature.name.clone(),
            values,
            domain: feature.domain,
            copied: feature.copied,
        }
    };
    let columns = features.columns().iter().enumerate().map(column).collect();
    Features::new(rows.len() + made.len(), columns)
}

/// Places of all rows, and the share of squared distance that the plane keeps.
pub(crate) fn places(space: &Space) -> (Vec<(f64, f64)>, Option<f64>) {
    let n = space.rows();
    let landmarks = landmarks(space);
    let m = landmarks.len();
    let squares: Vec<f64> = landmarks
        .iter()
        .flat_map(|&a| landmarks.iter().map(move |&b| space.distance(a, b).powi(2)))
        .collect();
    let mean_of_row: Vec<f64> = squares
        .chunks(m.max(1))
        .map(|row| row.iter().sum::<f64>() / m as f64)
        .collect();
    let mean = mean_of_row.iter().sum::<f64>() / m.max(1) as f64;
    let mut gram = Matrix::zeros(m, m);
    for a in 0..m {
        for b in 0..m {
            gram.row_mut(a)[b] = -0.5 * (squares[a * m + b] - mean_of_row[a] - mean_of_row[b] + mean);
        }
    }
    let trace: f64 = (0..m).map(|a| gram.row(a)[a]).sum();
    if trace <= 0.0 {
        return (vec![(0.0, 0.0); n], None);
    }
    let (first_value, first) = leading_pair(&gram);
    for a in 0..m {
        for b in 0..m {
            gram.row_mut(a)[b] -= first_value * first[a] * first[b];
        }
    }
    let (second_value, second) = leading_pair(&gram);
    let second_value = second_value.max(0.0);
    let axis = |value: f64, vector: &[f64], row: usize| {
        if value <= 1e-12 * trace {
            return 0.0;
        }
        let sum: f64 = landmarks
            .iter()
            .zip(vector)
            .zip(&mean_of_row)
            .map(|((&landmark, part), mean)| part * (mean - space.distance(row, landmark).powi(2)))
            .sum();
        0.5 * sum / value.sqrt()
    };
    let places = (0..n)
        .map(|row| (axis(first_value, &first, row), axis(second_value, &second, row)))
        .collect();
    (
        places,
        Some(((first_value + second_value) / trace).clamp(0.0, 1.0)),
    )
}

/// Rows far from one another: each farthest from those before, beginning with the row farthest from the first.
fn landmarks(space: &Space) -> Vec<usize> {
    let n = space.rows();
    let farthest = |distances: &[f64]| {
        (0..n)
            .max_by(|&a, &b| distances[a].total_cmp(&distances[b]).then(b.cmp(&a)))
            .unwrap_or(0)
    };
    let from_first: Vec<f64> = (0..n).map(|row| space.distance(0, row)).collect();
    let mut chosen = vec![farthest(&from_first)];
    let mut nearest: Vec<f64> = (0..n).map(|row| space.distance(chosen[0], row)).collect();
    while chosen.len() < LANDMARKS.min(n) {
        let next = farthest(&nearest);
        if nearest[next] == 0.0 {
            break;
        }
        chosen.push(next);
        for (row, least) in nearest.iter_mut().enumerate() {
            *least = least.min(space.distance(next, row));
        }
    }
    chosen
}

/// The largest eigenvalue of a symmetric matrix and its vector, by the power method.
fn leading_pair(matrix: &Matrix) -> (f64, Vec<f64>) {
    let m = matrix.rows();
    // A start that no symmetry of the data is likely to be orthogonal to.
    let mut vector: Vec<f64> = (0..m)
        .map(|place| 1.0 + (place as f64 * 0.618_034).fract())
        .collect();
    let mut value = 0.0;
    for _ in 0..300 {
        let next: Vec<f64> = (0..m)
            .map(|row| matrix.row(row).iter().zip(&vector).map(|(a, b)| a * b).sum())
            .collect();
        let length = next.iter().map(|part| part * part).sum::<f64>().sqrt();
        if length < 1e-300 {
            return (0.0, vec![0.0; m]);
        }
        let old = value;
        value = next.iter().zip(&vector).map(|(a, b)| a * b).sum::<f64>()
            / vector.iter().map(|part| part * part).sum::<f64>();
        vector = next.into_iter().map(|part| part / length).collect();
        if (value - old).abs() <= 1e-12 * value.abs() {
            break;
        }
    }
    (value, vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_plane_keep_their_distances() {
        let data: Vec<f64> = (0..40)
            .flat_map(|i| [f64::from(i % 7) / 6.0, f64::from(i * i % 11) / 10.0])
            .collect();
        let features = Features::from_rows(&data, 2);
        let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
        let (found, kept) = places(&space);
        assert!(kept.is_some_and(|kept| kept > 0.999), "{kept:?}");
        for (a, b) in [(0, 1), (3, 20), (7, 39)] {
            let drawn = (found[a].0 - found[b].0).hypot(found[a].1 - found[b].1);
            assert!((drawn - space.distance(a, b)).abs() < 1e-3, "{a} {b}: {drawn}");
        }
    }

    #[test]
    fn equal_rows_fall_on_one_point() {
        let features = Features::from_rows(&[1.0; 10], 1);
        let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
        assert_eq!(places(&space), (vec![(0.0, 0.0); 10], None));
    }
}

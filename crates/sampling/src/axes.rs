//! Principal axes of rows: the eigenvectors of a symmetric matrix, found the same way on any number of threads.

use counterpoise_base::Matrix;
use rayon::prelude::*;

/// Directions in which centred rows vary, the widest first, each of length 1.
pub(crate) struct Axes {
    /// `(axes, columns)`. The largest entry of each is positive.
    pub(crate) directions: Matrix,
    /// Variance along each, with the number of rows as divisor.
    pub(crate) variances: Vec<f64>,
    /// Where the rows are, `(rows, axes)`.
    pub(crate) scores: Matrix,
}

/// Variances below this part of the largest are rounding.
const ROUNDING: f64 = 1e-12;

impl Axes {
    /// Axes of rows whose columns have a mean of 0. With fewer rows than columns, rows are multiplied with rows.
    pub(crate) fn of(rows: &Matrix) -> Self {
        let (n, d) = (rows.rows(), rows.columns());
        let flat = n < d;
        let columns = transposed(rows);
        let factors = if flat { rows } else { &columns };
        let eigen = Eigen::of(&products(factors, 1.0 / n.max(1) as f64));
        let widest = eigen.values.first().copied().unwrap_or(0.0);
        let kept = eigen
            .values
            .iter()
            .take_while(|&&value| value > ROUNDING * widest && value > 0.0)
            .count();
        let mut directions = Matrix::zeros(kept, d);
        if d > 0 {
            let each = directions.as_mut_slice().par_chunks_mut(d).enumerate();
            each.for_each(|(axis, to)| {
                let vector = eigen.vectors.row(axis);
                if flat {
                    to.iter_mut()
                        .enumerate()
                        .for_each(|(column, to)| *to = dot(columns.row(column), vector));
                    let length = dot(to, to).sqrt();
                    to.iter_mut().for_each(|to| *to /= length);
                } else {
                    to.copy_from_slice(vector);
                }
                let largest = to
                    .iter()
                    .fold(0.0_f64, |most, x| if x.abs() > most.abs() { *x } else { most });
                if largest < 0.0 {
                    to.iter_mut().for_each(|to| *to = -*to);
                }
            });
        }
        let mut scores = Matrix::zeros(n, kept);
        if kept > 0 {
            let each = scores.as_mut_slice().par_chunks_mut(kept).enumerate();
            each.for_each(|(row, to)| {
                to.iter_mut()
                    .enumerate()
                    .for_each(|(axis, to)| *to = dot(rows.row(row), directions.row(axis)));
            });
        }
        Self {
            directions,
            variances: eigen.values[..kept].to_vec(),
            scores,
        }
    }
}

/// Eigenvalues, largest first, and eigenvectors, one a row.
struct Eigen {
    values: Vec<f64>,
    vectors: Matrix,
}

/// Columns of the matrix of vectors that one task turns.
const BLOCK: usize = 64;
/// Turns that are collected before all blocks make them.
const BATCH: usize = 8192;

/// One plane rotation of two neighbouring vectors.
struct Rotation {
    first: u32,
    cosine: f64,
    sine: f64,
}

impl Eigen {
    /// Householder's reduction to three diagonals, then the implicit QL algorithm (Wilkinson and Reinsch 1971, II/2 and
    /// II/4). `O(n³)`.
    fn of(matrix: &Matrix) -> Self {
        let n = matrix.rows();
        let (mut diagonal, mut beside, mirrors) = tridiagonal(matrix.clone());
        let mut blocks = basis(n, &mirrors);
        let mut waiting: Vec<Rotation> = Vec::new();
        let mut turn = |waiting: &mut Vec<Rotation>| {
            blocks.par_iter_mut().for_each(|block| block.rotate(waiting));
            waiting.clear();
        };
        for low in 0..n {
            // Two or three rounds are usual; the bound keeps numbers out of range from going round for ever.
            for _ in 0..64 {
                let small = |place: &usize| {
                    let around = diagonal[*place].abs() + diagonal[*place + 1].abs();
                    beside[*place].abs() <= f64::EPSILON * around
                };
                let high = (low..n - 1).find(small).unwrap_or(n - 1);
                if high == low {
                    break;
                }
                sweep(&mut diagonal, &mut beside, low, high, &mut waiting);
                if waiting.len() >= BATCH {
                    turn(&mut waiting);
                }
            }
        }
        turn(&mut waiting);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]).then(a.cmp(&b)));
        let mut vectors = Matrix::zeros(n, n);
        for (to, &from) in order.iter().enumerate() {
            let row = vectors.row_mut(to);
            for block in &blocks {
                row[block.start..][..block.width].copy_from_slice(block.row(from));
            }
        }
        Self {
            values: order.iter().map(|&place| diagonal[place]).collect(),
            vectors,
        }
    }
}

/// One shifted QL step on the rows from `low` to `high`.
fn sweep(diagonal: &mut [f64], beside: &mut [f64], low: usize, high: usize, waiting: &mut Vec<Rotation>) {
    let length = |x: f64, y: f64| (x * x + y * y).sqrt();
    let half = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low]);
    let shift = half + length(half, 1.0).copysign(half);
    let mut bulge = diagonal[high] - diagonal[low] + beside[low] / shift;
    let (mut sine, mut cosine, mut taken) = (1.0, 1.0, 0.0);
    for place in (low..high).rev() {
        let (out, inner) = (sine * beside[place], cosine * beside[place]);
        let radius = length(out, bulge);
        beside[place + 1] = radius;
        if radius == 0.0 {
            diagonal[place + 1] -= taken;
            beside[high] = 0.0;
            return;
        }
        (sine, cosine) = (out / radius, bulge / radius);
        let moved = diagonal[place + 1] - taken;
        let mixed = (diagonal[place] - moved) * sine + 2.0 * cosine * inner;
        taken = sine * mixed;
        diagonal[place + 1] = moved + taken;
        bulge = cosine * mixed - inner;
        waiting.push(Rotation {
            first: place as u32,
            cosine,
            sine,
        });
    }
    diagonal[low] -= taken;
    beside[low] = bulge;
    beside[high] = 0.0;
}

/// The diagonal, what stands beside it (and a 0), and the mirrors that lead there: vectors of length 1, or none.
fn tridiagonal(mut matrix: Matrix) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
    let n = matrix.rows();
    let mut beside = vec![0.0; n];
    let mut mirrors = Vec::new();
    for step in 0..n.saturating_sub(1) {
        let mut mirror: Vec<f64> = matrix.row(step)[step + 1..].to_vec();
        let length = dot(&mirror, &mirror).sqrt();
        let to = if mirror[0] > 0.0 { -length } else { length };
        beside[step] = to;
        mirror[0] -= to;
        let length = dot(&mirror, &mirror).sqrt();
        if length == 0.0 {
            mirrors.push(Vec::new());
            continue;
        }
        mirror.iter_mut().for_each(|x| *x /= length);
        // A - 2 (v wᵀ + w vᵀ) with w = A v - (vᵀ A v) v.
        let rest = &mut matrix.as_mut_slice()[(step + 1) * n..];
        let part = |line: &[f64]| dot(&line[step + 1..], &mirror);
        let mut across: Vec<f64> = rest.par_chunks(n).with_min_len(32).map(part).collect();
        let along = dot(&across, &mirror);
        across.iter_mut().zip(&mirror).for_each(|(w, v)| *w -= along * v);
        rest.par_chunks_mut(n)
            .with_min_len(32)
            .enumerate()
            .for_each(|(place, line)| {
                let (v, w) = (2.0 * mirror[place], 2.0 * across[place]);
                let both = across.iter().zip(&mirror);
                line[step + 1..]
                    .iter_mut()
                    .zip(both)
                    .for_each(|(x, (across, mirror))| *x -= v * across + w * mirror);
            });
        mirrors.push(mirror);
    }
    let diagonal = (0..n).map(|place| matrix.row(place)[place]).collect();
    (diagonal, beside, mirrors)
}

/// Some columns of the matrix whose rows become the eigenvectors.
struct Block {
    start: usize,
    width: usize,
    values: Vec<f64>,
}

impl Block {
    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }

    fn rotate(&mut self, rotations: &[Rotation]) {
        let width = self.width;
        for &Rotation { first, cosine, sine } in rotations {
            let pair = &mut self.values[first as usize * width..][..2 * width];
            let (low, high) = pair.split_at_mut(width);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (cosine * *low - sine * *high, sine * *low + cosine * *high);
            }
        }
    }
}

/// All mirrors, one after the other, as a matrix whose columns are dealt into blocks.
fn basis(n: usize, mirrors: &[Vec<f64>]) -> Vec<Block> {
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    // Row by row of the mirrored identity: a block holds columns, which are rows before they are turned over.
    let block = |start: usize| {
        let width = BLOCK.min(n - start);
        let mut lines = Matrix::zeros(width, n);
        for line in 0..width {
            let to = lines.row_mut(line);
            to[start + line] = 1.0;
            for (step, mirror) in mirrors.iter().enumerate() {
                if mirror.is_empty() {
                    continue;
                }
                let twice = 2.0 * dot(&to[step + 1..], mirror);
                to[step + 1..]
                    .iter_mut()
                    .zip(mirror)
                    .for_each(|(x, v)| *x -= twice * v);
            }
        }
        Block {
            start,
            width,
            values: transposed(&lines).as_slice().to_vec(),
        }
    };
    starts.into_par_iter().map(block).collect()
}

/// Products of all pairs of rows, times `factor`.
fn products(rows: &Matrix, factor: f64) -> Matrix {
    let n = rows.rows();
    let mut all = Matrix::zeros(n, n);
    if n > 0 {
        all.as_mut_slice()
            .par_chunks_mut(n)
            .enumerate()
            .for_each(|(row, to)| {
                for (other, to) in to.iter_mut().enumerate().skip(row) {
                    *to = factor * dot(rows.row(row), rows.row(other));
                }
            });
    }
    for row in 1..n {
        for other in 0..row {
            all.as_mut_slice()[row * n + other] = all.as_slice()[other * n + row];
        }
    }
    all
}

fn transposed(matrix: &Matrix) -> Matrix {
    let (n, d) = (matrix.rows(), matrix.columns());
    let mut turned = Matrix::zeros(d, n);
    if n > 0 {
        turned
            .as_mut_slice()
            .par_chunks_mut(n)
            .enumerate()
            .for_each(|(column, to)| {
                to.iter_mut()
                    .enumerate()
                    .for_each(|(row, to)| *to = matrix.row(row)[column]);
            });
    }
    turned
}

/// Eight sums side by side, added in a fixed order at the end: the same bits everywhere.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
    for (x, y) in x.iter().zip(y) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    for lane in 0..x_rest.len().min(y_rest.len()) {
        sums[lane] += x_rest[lane] * y_rest[lane];
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::Seed;
    use proptest::prelude::*;

    #[test]
    fn a_matrix_of_two_by_two_is_solved_by_hand() {
        // [[2, 1], [1, 2]]: 3 along (1, 1), 1 along (1, -1).
        let eigen = Eigen::of(&Matrix::new(2, 2, vec![2.0, 1.0, 1.0, 2.0]));
        assert!((eigen.values[0] - 3.0).abs() < 1e-15 && (eigen.values[1] - 1.0).abs() < 1e-15);
        let half = 0.5_f64.sqrt();
        let first = eigen.vectors.row(0);
        assert!((first[0].abs() - half).abs() < 1e-15 && (first[0] - first[1]).abs() < 1e-15);
    }

    #[test]
    fn rows_on_a_line_have_one_axis() {
        // Along (3, 4), at -5, 0 and 5: a variance of 50/3.
        let rows = Matrix::new(3, 2, vec![-3.0, -4.0, 0.0, 0.0, 3.0, 4.0]);
        let axes = Axes::of(&rows);
        assert_eq!(axes.variances.len(), 1);
        assert!((axes.variances[0] - 50.0 / 3.0).abs() < 1e-12);
        for (value, expected) in axes.directions.row(0).iter().zip([0.6, 0.8]) {
            assert!((value - expected).abs() < 1e-14);
        }
        assert!((axes.scores.row(2)[0] - 5.0).abs() < 1e-12);
    }

    #[test]
    fn rows_that_do_not_vary_have_no_axis() {
        assert!(Axes::of(&Matrix::zeros(4, 3)).variances.is_empty());
        assert!(Axes::of(&Matrix::zeros(1, 3)).variances.is_empty());
        assert!(Axes::of(&Matrix::zeros(4, 0)).variances.is_empty());
    }

    proptest! {
        #[test]
        fn eigenvectors_are_orthonormal_and_give_the_matrix_back(n in 1_usize..90, seed: u64) {
            let mut random = Seed::new(seed).rng();
            let rows = Matrix::new(n, n, (0..n * n).map(|_| random.normal()).collect());
            let matrix = products(&rows, 1.0);
            let eigen = Eigen::of(&matrix);
            let widest = eigen.values[0];
            for i in 0..n {
                for j in 0..n {
                    let unit = dot(eigen.vectors.row(i), eigen.vectors.row(j));
                    prop_assert!((unit - f64::from(i == j)).abs() < 1e-11);
                    let back: f64 = (0..n)
                        .map(|k| eigen.values[k] * eigen.vectors.row(k)[i] * eigen.vectors.row(k)[j])
                        .sum();
                    prop_assert!((back - matrix.row(i)[j]).abs() < 1e-11 * widest);
                }
            }
        }

        #[test]
        fn scores_lead_back_to_the_rows(n in 2_usize..12, d in 1_usize..12, seed: u64) {
            let mut random = Seed::new(seed).rng();
            let mut rows = Matrix::new(n, d, (0..n * d).map(|_| random.normal()).collect());
            for column in 0..d {
                let mean = (0..n).map(|row| rows.row(row)[column]).sum::<f64>() / n as f64;
                (0..n).for_each(|row| rows.row_mut(row)[column] -= mean);
            }
            let axes = Axes::of(&rows);
            prop_assert!(axes.variances.len() <= d.min(n - 1));
            for row in 0..n {
                for column in 0..d {
                    let back: f64 = (0..axes.variances.len())
                        .map(|axis| axes.scores.row(row)[axis] * axes.directions.row(axis)[column])
                        .sum();
                    prop_assert!((back - rows.row(row)[column]).abs() < 1e-9);
                }
            }
        }
    }
}

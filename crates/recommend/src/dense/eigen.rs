//! Eigenvectors of a symmetric matrix in double precision, the same on any number of threads.

/// A shift that is off by so many rounds has met numbers that are not finite.
const MOST_ROUNDS: usize = 60;

/// Eigenvalues, largest first, and eigenvectors.
#[derive(Debug)]
pub(crate) struct Eigen {
    /// `n`, largest first.
    pub(crate) values: Vec<f64>,
    /// `(n, n)`, one a row, of length 1; the largest entry of each is positive, the first of several.
    pub(crate) vectors: Vec<f64>,
}

impl Eigen {
    /// Of a symmetric matrix `(n, n)`. Time: `O(n³)`.
    ///
    /// # Source
    ///
    /// Householder's reduction to a tridiagonal matrix and implicit QR steps with Wilkinson's shift: Golub and Van Loan,
    /// "Matrix Computations", sections 8.3.1 to 8.3.5.
    pub(crate) fn of(mut matrix: Vec<f64>, n: usize) -> Self {
        assert_eq!(matrix.len(), n * n, "a square");
        let (mut diagonal, mut beside, mirrors) = tridiagonal(&mut matrix, n);
        let mut vectors = vec![0.0; n * n];
        for place in 0..n {
            vectors[place * n + place] = 1.0;
        }
        diagonalise(&mut diagonal, &mut beside, &mut vectors);
        // Vectors of the tridiagonal matrix are mirrored back, the last mirror first.
        for (from, mirror) in mirrors.iter().rev() {
            let scale = 2.0 / dot(mirror, mirror);
            for vector in vectors.chunks_exact_mut(n) {
                let along = scale * dot(&vector[*from..], mirror);
                for (value, mirror) in vector[*from..].iter_mut().zip(mirror) {
                    *value -= along * mirror;
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| diagonal[b].total_cmp(&diagonal[a]).then(a.cmp(&b)));
        let mut sorted = Vec::with_capacity(n * n);
        for &place in &order {
            let vector = &vectors[place * n..(place + 1) * n];
            let largest = vector
                .iter()
                .fold(0.0_f64, |most, x| if x.abs() > most.abs() { *x } else { most });
            let sign = if largest < 0.0 { -1.0 } else { 1.0 };
            sorted.extend(vector.iter().map(|x| sign * x));
        }
        Self {
            values: order.iter().map(|&place| diagonal[place]).collect(),
            vectors: sorted,
        }
    }
}

/// A sum of products in a fixed order, eight sums at a time.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_parts
        .remainder()
        .iter()
        .zip(b_parts.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_parts.zip(b_parts) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Normals of mirrors, each with the row that it begins at.
type Mirrors = Vec<(usize, Vec<f64>)>;

/// Diagonal and what is beside it, of a tridiagonal matrix with the same eigenvalues, and how to come back.
fn tridiagonal(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>, Mirrors) {
    let mut beside = vec![0.0; n.saturating_sub(1)];
    let mut mirrors = Mirrors::new();
    let mut product = vec![0.0; n];
    for column in 0..n.saturating_sub(2) {
        let from = column + 1;
        let mut normal: Vec<f64> = (from..n).map(|row| matrix[row * n + column]).collect();
        let length = dot(&normal, &normal).sqrt();
        let turned = if normal[0] > 0.0 { -length } else { length };
        beside[column] = turned;
        normal[0] -= turned;
        let squared = dot(&normal, &normal);
        if squared == 0.0 {
            continue;
        }
        let scale = 2.0 / squared;
        for row in from..n {
            product[row] = scale * dot(&matrix[row * n + from..(row + 1) * n], &normal);
        }
        let along = 0.5 * scale * dot(&product[from..], &normal);
        for (product, normal) in product[from..].iter_mut().zip(&normal) {
            *product -= along * normal;
        }
        for row in from..n {
            let (v, w) = (normal[row - from], product[row]);
            let line = &mut matrix[row * n + from..(row + 1) * n];
            for ((value, normal), product) in line.iter_mut().zip(&normal).zip(&product[from..]) {
                *value -= v * product + w * normal;
            }
        }
        mirrors.push((from, normal));
    }
    if n > 1 {
        beside[n - 2] = matrix[n * n - 2];
    }
    let diagonal = (0..n).map(|place| matrix[place * n + place]).collect();
    (diagonal, beside, mirrors)
}

/// Turns what is beside the diagonal to 0, and rows of `vectors` along.
fn diagonalise(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut [f64]) {
    let n = diagonal.len();
    let mut end = n;
    let mut rounds = 0;
    while end > 1 {
        let last = end - 1;
        let small = |place: usize| {
            beside[place].abs() <= f64::EPSILON * (diagonal[place].abs() + diagonal[place + 1].abs())
        };
        if small(last - 1) || rounds == MOST_ROUNDS {
            beside[last - 1] = 0.0;
            end -= 1;
            rounds = 0;
            continue;
        }
        let start = (0..last - 1)
            .rev()
            .find(|&place| small(place))
            .map_or(0, |place| place + 1);
        step(
            &mut diagonal[start..end],
            &mut beside[start..last],
            &mut vectors[start * n..end * n],
            n,
        );
        rounds += 1;
    }
}

/// One QR step, which turns the last number beside the diagonal towards 0.
fn step(diagonal: &mut [f64], beside: &mut [f64], vectors: &mut [f64], columns: usize) {
    let n = diagonal.len();
    let (before, last, off) = (diagonal[n - 2], diagonal[n - 1], beside[n - 2]);
    let half = 0.5 * (before - last);
    let root = half.hypot(off);
    let shift = last - off * off / (half + if half < 0.0 { -root } else { root });
    let (mut x, mut z) = (diagonal[0] - shift, beside[0]);
    for place in 0..n - 1 {
        let r = x.hypot(z);
        let (c, s) = if r == 0.0 { (1.0, 0.0) } else { (x / r, z / r) };
        if place > 0 {
            beside[place - 1] = r;
        }
        let (a, b, e) = (diagonal[place], diagonal[place + 1], beside[place]);
        diagonal[place] = c * c * a + 2.0 * c * s * e + s * s * b;
        diagonal[place + 1] = s * s * a - 2.0 * c * s * e + c * c * b;
        beside[place] = c * s * (b - a) + (c * c - s * s) * e;
        if place + 2 < n {
            x = beside[place];
            z = s * beside[place + 1];
            beside[place + 1] *= c;
        }
        let (upper, lower) = vectors[place * columns..(place + 2) * columns].split_at_mut(columns);
        for (upper, lower) in upper.iter_mut().zip(lower) {
            let (a, b) = (*upper, *lower);
            *upper = c * a + s * b;
            *lower = c * b - s * a;
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;

    #[test]
    fn vectors_are_turned_by_the_matrix_into_multiples_of_themselves() {
        for n in [1, 2, 3, 17, 60] {
            let mut random = Seed::new(5).child(n as u64).rng();
            let factors: Vec<f64> = (0..n * n).map(|_| random.normal()).collect();
            let row = |row: usize| &factors[row * n..(row + 1) * n];
            let matrix: Vec<f64> = (0..n * n)
                .map(|place| dot(row(place / n), row(place % n)))
                .collect();
            let eigen = Eigen::of(matrix.clone(), n);
            assert!(eigen.values.is_sorted_by(|a, b| a >= b), "largest first");
            for (i, vector) in eigen.vectors.chunks_exact(n).enumerate() {
                for (j, line) in matrix.chunks_exact(n).enumerate() {
                    let off = dot(line, vector) - eigen.values[i] * vector[j];
                    assert!(off.abs() < 1e-9 * eigen.values[0], "{n}: {off}");
                }
                for (j, other) in eigen.vectors.chunks_exact(n).enumerate() {
                    let expected = f64::from(u8::from(i == j));
                    assert!((dot(vector, other) - expected).abs() < 1e-12, "{i} and {j}");
                }
            }
        }
    }

    #[test]
    fn a_matrix_of_low_rank_has_values_of_zero() {
        let vector = [1.0, -2.0, 2.0, 0.0];
        let matrix: Vec<f64> = (0..16)
            .map(|place| vector[place / 4] * vector[place % 4])
            .collect();
        let eigen = Eigen::of(matrix, 4);
        assert!((eigen.values[0] - 9.0).abs() < 1e-12, "{:?}", eigen.values);
        assert!(eigen.values[1..].iter().all(|value| value.abs() < 1e-12));
        assert!(Eigen::of(Vec::new(), 0).values.is_empty());
    }
}

//! Eigenvalues of a symmetric matrix, without vectors.

/// A shift that is off by so many rounds has met numbers that are not finite.
const MOST_ROUNDS: usize = 60;

/// The eigenvalues of a symmetric matrix `(n, n)`, in no order; the matrix is used up. Time: `O(n³)`.
///
/// # Source
///
/// Householder's reduction to a tridiagonal matrix and implicit QR steps with Wilkinson's shift: Golub and Van Loan, "Matrix
/// Computations", sections 8.3.1 to 8.3.5.
pub(crate) fn eigenvalues(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    assert_eq!(matrix.len(), n * n, "a square");
    let (mut diagonal, mut beside) = tridiagonal(&mut matrix, n);
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
        step(&mut diagonal[start..end], &mut beside[start..last]);
        rounds += 1;
    }
    diagonal
}

/// Diagonal and what is beside it, of a tridiagonal matrix with the same eigenvalues.
fn tridiagonal(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; n.saturating_sub(1)];
    let mut normal = vec![0.0; n];
    let mut product = vec![0.0; n];
    for column in 0..n.saturating_sub(2) {
        let from = column + 1;
        for row in from..n {
            normal[row] = matrix[row * n + column];
        }
        let length = normal[from..].iter().map(|x| x * x).sum::<f64>().sqrt();
        let turned = if normal[from] > 0.0 { -length } else { length };
        beside[column] = turned;
        normal[from] -= turned;
        let squared: f64 = normal[from..].iter().map(|x| x * x).sum();
        if squared == 0.0 {
            continue;
        }
        let scale = 2.0 / squared;
        for row in from..n {
            product[row] = scale * crate::order::dot(&matrix[row * n + from..(row + 1) * n], &normal[from..]);
        }
        let along = 0.5 * scale * crate::order::dot(&product[from..], &normal[from..]);
        for row in from..n {
            product[row] -= along * normal[row];
        }
        for row in from..n {
            let (v, w) = (normal[row], product[row]);
            let line = &mut matrix[row * n + from..(row + 1) * n];
            for ((value, normal), product) in line.iter_mut().zip(&normal[from..]).zip(&product[from..]) {
                *value -= v * product + w * normal;
            }
        }
    }
    if n > 1 {
        beside[n - 2] = matrix[n * n - 2];
    }
    let diagonal = (0..n).map(|place| matrix[place * n + place]).collect();
    (diagonal, beside)
}

/// One QR step, which turns the last number beside the diagonal towards 0.
fn step(diagonal: &mut [f64], beside: &mut [f64]) {
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
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    fn near(found: &[f64], expected: &[f64]) {
        let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-9);
        assert!(
            found.len() == expected.len() && !far,
            "{found:?}, not {expected:?}"
        );
    }

    #[test]
    fn small_matrices_by_hand() {
        near(&eigenvalues(vec![], 0), &[]);
        near(&eigenvalues(vec![3.0], 1), &[3.0]);
        near(&sorted(eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2)), &[1.0, 3.0]);
        near(&sorted(eigenvalues(vec![0.0; 9], 3)), &[0.0; 3]);
        let two = 2.0_f64.sqrt();
        let path = vec![2.0, -1.0, 0.0, -1.0, 2.0, -1.0, 0.0, -1.0, 2.0];
        near(&sorted(eigenvalues(path, 3)), &[2.0 - two, 2.0, 2.0 + two]);
    }

    #[test]
    fn a_turned_diagonal_keeps_its_eigenvalues() {
        // Q D Q, with a mirror Q = I - 2 v v for a v of length 1.
        for n in [4, 17, 60] {
            let mut random = Seed::new(5).child(n as u64).rng();
            let values: Vec<f64> = (0..n)
                .map(|place| (place % 7) as f64 * random.fraction())
                .collect();
            let v: Vec<f64> = (0..n).map(|_| random.normal()).collect();
            let length = v.iter().map(|x| x * x).sum::<f64>();
            let mirror = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j] / length;
            let entry = |i, j| (0..n).map(|k| mirror(i, k) * values[k] * mirror(k, j)).sum();
            let matrix: Vec<f64> = (0..n * n).map(|place| entry(place / n, place % n)).collect();
            near(&sorted(eigenvalues(matrix, n)), &sorted(values));
        }
    }
}

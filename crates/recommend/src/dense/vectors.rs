//! Vectors of many documents, and those nearest to a query, exactly.

use std::cmp::Ordering;

use super::quantised::{MOST_DIMS, Quantised, to_unit};
use super::sealed::Format;
use crate::Error;
use rayon::prelude::*;

const FORMAT: Format = Format {
    magic: b"CPVECTOR",
    version: 1,
    holds: "vectors",
    hint: "build the index again",
};
/// Rows that a thread looks through at a time; each time it keeps the best of them, which is quick only among many.
const CHUNK: usize = 1 << 15;
/// Largest number of a query's 12 bits.
const QUERY: f32 = 2047.0;

/// Unit vectors `(n, d)` in 8 bits, and an exact search through all of them.
///
/// A row costs `d + 4` bytes. A cosine is that with the rounded row; it is off by 0.01 at the very most, and by 0.001 as a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    rows: Quantised,
}

impl Vectors {
    /// None yet.
    ///
    /// # Panics
    ///
    /// If `dims` is 0 or above 4096.
    pub fn new(dims: usize) -> Self {
        assert!(0 < dims && dims <= MOST_DIMS, "{dims} dimensions");
        Self {
            rows: Quantised::new(dims),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of a row.
    pub fn dims(&self) -> usize {
        self.rows.dims
    }

    /// Adds a row at the end. Its length does not matter; a row of zeros is near to nothing.
    ///
    /// # Panics
    ///
    /// If it has not as many numbers as the others.
    pub fn push(&mut self, vector: &[f32]) {
        let mut unit = vector.to_vec();
        to_unit(&mut unit);
        self.rows.push(&unit);
    }

    /// Puts a row in a place; rows of zeros come before it where there were none.
    ///
    /// # Panics
    ///
    /// If it has not as many numbers as the others.
    pub fn set(&mut self, row: usize, vector: &[f32]) {
        let zeros = vec![0.0; self.dims()];
        while self.len() < row {
            self.rows.push(&zeros);
        }
        if self.len() == row {
            self.push(vector);
            return;
        }
        let mut one = Self::new(self.dims());
        one.push(vector);
        let d = self.dims();
        self.rows.values[row * d..][..d].copy_from_slice(&one.rows.values);
        self.rows.scales[row] = one.rows.scales[0];
    }

    /// A row as floats.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn get(&self, row: usize) -> Vec<f32> {
        self.rows.sum(&[(row as u32, 1.0)])
    }

    /// Cosine of a query with each of some rows, in their order.
    ///
    /// # Panics
    ///
    /// If the query has not as many numbers as rows have, or there is no such row.
    pub fn cosines(&self, query: &[f32], rows: &[usize]) -> Vec<f32> {
        let query = Query::new(query, self.dims());
        rows.iter()
            .map(|&row| query.cosine(dot(self.rows.row(row), &query.values), self.rows.scales[row]))
            .collect()
    }

    /// The `k` rows with the greatest cosine among those that `keep` admits, the greatest first, ties to the lower row. Rows and
    /// queries of zeros have a cosine of 0.
    ///
    /// # Panics
    ///
    /// If the query has not as many numbers as rows have.
    pub fn nearest(&self, query: &[f32], k: usize, keep: impl Fn(usize) -> bool + Sync) -> Vec<(usize, f32)> {
        let query = Query::new(query, self.dims());
        if k == 0 {
            return Vec::new();
        }
        let n = self.len();
        let mut found: Vec<(usize, f32)> = (0..n.div_ceil(CHUNK))
            .into_par_iter()
            .flat_map_iter(|chunk| {
                let start = chunk * CHUNK;
                let end = n.min(start + CHUNK);
                // Mostly few rows are admitted, so that is asked first.
                let kept: Vec<usize> = (start..end).filter(|&row| keep(row)).collect();
                let mut dots = vec![0; kept.len()];
                pulp::Arch::new().dispatch(Dots {
                    values: &self.rows.values,
                    rows: &kept,
                    query: &query.values,
                    sums: &mut dots,
                });
                let mut best = Best::new(k);
                for (&row, &dot) in kept.iter().zip(&dots) {
                    let cosine = query.cosine(dot, self.rows.scales[row]);
                    // Rows come in order, so one that is only as good loses.
                    if best.wants(cosine) {
                        best.push(row, cosine);
                    }
                }
                best.found
            })
            .collect();
        found.sort_unstable_by(order);
        found.truncate(k);
        found
    }

    /// All rows as bytes, with a version and a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = FORMAT.begin(8 + self.len() * (self.dims() + 4));
        self.rows.put(&mut bytes);
        Format::end(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `file` is named in errors.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let mut parts = FORMAT.open(bytes, file)?;
        let rows = Quantised::take(&mut parts)?;
        parts.end()?;
        Ok(Self { rows })
    }
}

/// The greater cosine first, then the lower row.
fn order(a: &(usize, f32), b: &(usize, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// A query in 12 bits, so that its rounding does not matter beside that of rows.
struct Query {
    values: Vec<i16>,
    scale: f32,
}

impl Query {
    fn new(query: &[f32], dims: usize) -> Self {
        assert_eq!(query.len(), dims, "numbers of a query and of a row");
        let mut unit = query.to_vec();
        to_unit(&mut unit);
        let largest = unit.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let factor = if largest > 0.0 { QUERY / largest } else { 0.0 };
        let values: Vec<i16> = unit.iter().map(|x| (x * factor).round() as i16).collect();
        let squares: i64 = values.iter().map(|&x| i64::from(x) * i64::from(x)).sum();
        let scale = if squares > 0 {
            (1.0 / (squares as f64).sqrt()) as f32
        } else {
            0.0
        };
        Self { values, scale }
    }

    fn cosine(&self, dot: i32, scale: f32) -> f32 {
        dot as f32 * (scale * self.scale)
    }
}

/// Products of whole numbers add up to the same in any order, so that vectors may be of any width.
#[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
#[inline(always)]
fn dot(row: &[i8], query: &[i16]) -> i32 {
    row.iter()
        .zip(query)
        .map(|(&a, &b)| i32::from(a) * i32::from(b))
        .sum()
}

/// Products of a query with rows. A closure would not be compiled for the vectors that the processor has.
struct Dots<'a> {
    values: &'a [i8],
    rows: &'a [usize],
    query: &'a [i16],
    sums: &'a mut [i32],
}

impl pulp::WithSimd for Dots<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let d = self.query.len();
        for (row, to) in self.rows.iter().zip(self.sums) {
            *to = dot(&self.values[row * d..(row + 1) * d], self.query);
        }
    }
}

/// The best so far, at most twice as many as are wanted.
struct Best {
    k: usize,
    found: Vec<(usize, f32)>,
    /// What a row must exceed.
    bar: f32,
}

impl Best {
    fn new(k: usize) -> Self {
        Self {
            k,
            found: Vec::new(),
            bar: f32::NEG_INFINITY,
        }
    }

    fn wants(&self, cosine: f32) -> bool {
        cosine > self.bar
    }

    fn push(&mut self, row: usize, cosine: f32) {
        self.found.push((row, cosine));
        if self.found.len() >= self.k.saturating_mul(2) {
            self.found.select_nth_unstable_by(self.k - 1, order);
            self.found.truncate(self.k);
            self.bar = self.found[self.k - 1].1;
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;
    use proptest::prelude::*;

    use super::*;

    fn some(rows: usize, dims: usize) -> Vectors {
        let mut random = Seed::new(3).rng();
        let mut vectors = Vectors::new(dims);
        for _ in 0..rows {
            let row: Vec<f32> = (0..dims).map(|_| random.normal() as f32).collect();
            vectors.push(&row);
        }
        vectors
    }

    #[test]
    fn a_row_is_nearest_to_itself() {
        let vectors = some(50, 16);
        for row in 0..50 {
            let found = vectors.nearest(&vectors.get(row), 3, |_| true);
            assert_eq!(found[0].0, row);
            assert!((found[0].1 - 1.0).abs() < 1e-5, "{found:?}");
        }
    }

    #[test]
    fn ties_go_to_the_lower_row_among_those_admitted() {
        let mut vectors = Vectors::new(2);
        for row in [[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 0.0], [3.0, 0.0]] {
            vectors.push(&row);
        }
        let rows = |k, keep: fn(usize) -> bool| {
            let found = vectors.nearest(&[1.0, 0.0], k, keep);
            found.into_iter().map(|(row, _)| row).collect::<Vec<_>>()
        };
        assert_eq!(rows(2, |_| true), [0, 2]);
        assert_eq!(rows(2, |row| row != 0), [2, 4]);
        assert_eq!(rows(9, |_| true), [0, 2, 4, 1, 3]);
        assert_eq!(rows(0, |_| true), [0; 0]);
        assert_eq!(rows(9, |_| false), [0; 0]);
        assert_eq!(vectors.nearest(&[0.0, 0.0], 1, |_| true), [(0, 0.0)]);
    }

    #[test]
    fn many_rows_are_found_the_same_way_by_any_number_of_threads() {
        let vectors = some(3 * CHUNK + 17, 8);
        let query = vectors.get(5);
        let all: Vec<usize> = (0..vectors.len()).collect();
        let mut expected: Vec<(usize, f32)> = all
            .iter()
            .copied()
            .zip(vectors.cosines(&query, &all))
            .filter(|(row, _)| row % 3 != 0)
            .collect();
        expected.sort_by(order);
        expected.truncate(40);
        for threads in [1, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let found = pool
                .expect("threads")
                .install(|| vectors.nearest(&query, 40, |row| row % 3 != 0));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let bytes = some(3, 4).to_bytes();
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 4;
            assert!(Vectors::from_bytes(&wrong, "vectors").is_err(), "byte {place}");
            assert!(
                Vectors::from_bytes(&bytes[..place], "vectors").is_err(),
                "cut at {place}"
            );
        }
        let error = Vectors::from_bytes(b"", "vectors").expect_err("nothing");
        assert_eq!(error.to_string(), "`vectors`, the whole: holds no vectors");
        assert_eq!(error.hint().as_deref(), Some("build the index again"));
    }

    proptest! {
        #[test]
        fn bytes_come_back(rows in 0_usize..20, dims in 1_usize..9) {
            let vectors = some(rows, dims);
            prop_assert_eq!(Vectors::from_bytes(&vectors.to_bytes(), "vectors").ok(), Some(vectors));
        }

        #[test]
        fn a_cosine_is_near_the_true_one(seed: u64) {
            let mut random = Seed::new(seed).rng();
            let (a, b): (Vec<f32>, Vec<f32>) =
                (0..64).map(|_| (random.normal() as f32, random.normal() as f32)).unzip();
            let mut vectors = Vectors::new(64);
            vectors.push(&a);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let expected = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            prop_assert!((f64::from(vectors.cosines(&b, &[0])[0]) - expected).abs() < 0.01);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = FORMAT.begin(0);
            framed.extend(bytes);
            let _ = Vectors::from_bytes(&Format::end(framed), "vectors");
        }
    }
}

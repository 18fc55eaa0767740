//! Rows of bytes that stand for rows of floats.

use super::sealed::Parts;
use crate::Error;

/// Most dimensions: a sum of products of 8 and of 12 bits fits into 31.
pub(crate) const MOST_DIMS: usize = 4096;

/// Rows `(n, d)` of 8 bits, each with one factor.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Quantised {
    pub(crate) dims: usize,
    /// `(n, d)`.
    pub(crate) values: Vec<i8>,
    /// `n`. A value times its factor is what it stands for.
    pub(crate) scales: Vec<f32>,
}

impl Quantised {
    pub(crate) fn new(dims: usize) -> Self {
        Self {
            dims,
            ..Self::default()
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.scales.len()
    }

    pub(crate) fn row(&self, row: usize) -> &[i8] {
        &self.values[row * self.dims..(row + 1) * self.dims]
    }

    /// Adds a row. Its length, in the sense of Euclid, is kept to the precision of a float; what is not finite is 0.
    pub(crate) fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dims, "numbers of a row");
        let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
        let largest = row.iter().fold(0.0_f32, |most, &x| most.max(finite(x).abs()));
        let factor = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        let mut squares = 0_i64;
        let mut length = 0.0_f64;
        for &x in row {
            let rounded = (finite(x) * factor).round() as i8;
            squares += i64::from(rounded) * i64::from(rounded);
            length += f64::from(finite(x)).powi(2);
            self.values.push(rounded);
        }
        let scale = if squares > 0 {
            (length / squares as f64).sqrt()
        } else {
            0.0
        };
        self.scales.push(scale as f32);
    }

    /// Adds dimensions, rows, factors and values.
    pub(crate) fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.dims as u32).to_le_bytes());
        bytes.extend((self.rows() as u32).to_le_bytes());
        for scale in &self.scales {
            bytes.extend(scale.to_le_bytes());
        }
        bytes.extend(self.values.iter().map(|value| value.cast_unsigned()));
    }

    /// Reads what [`put`](Self::put) added.
    pub(crate) fn take(parts: &mut Parts<'_>) -> Result<Self, Error> {
        let dims = parts.count(MOST_DIMS)?;
        let rows = parts.count(u32::MAX as usize)?;
        if dims == 0 {
            return Err(parts.malformed("says rows of no dimensions"));
        }
        let scales = parts.floats(rows)?;
        let values = parts.take(rows.saturating_mul(dims))?;
        Ok(Self {
            dims,
            values: values.iter().map(|byte| byte.cast_signed()).collect(),
            scales,
        })
    }

    /// The sum of some rows, each times its weight.
    pub(crate) fn sum(&self, rows: &[(u32, f32)]) -> Vec<f32> {
        let mut sums = vec![0.0; self.dims];
        pulp::Arch::new().dispatch(Sum {
            from: self,
            rows,
            sums: &mut sums,
        });
        sums
    }
}

/// A sum of rows. A closure would not be compiled for the vectors that the processor has.
struct Sum<'a> {
    from: &'a Quantised,
    rows: &'a [(u32, f32)],
    sums: &'a mut [f32],
}

impl pulp::WithSimd for Sum<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        // Multiplied and added in two steps, so that each processor gives the same bits.
        for &(row, weight) in self.rows {
            let weight = weight * self.from.scales[row as usize];
            for (sum, &value) in self.sums.iter_mut().zip(self.from.row(row as usize)) {
                *sum += weight * f32::from(value);
            }
        }
    }
}

/// Makes a vector one of length 1; a vector of zeros stays one.
pub(crate) fn to_unit(vector: &mut [f32]) {
    let squared: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    if squared > 0.0 && squared.is_finite() {
        let factor = (1.0 / squared.sqrt()) as f32;
        vector.iter_mut().for_each(|x| *x *= factor);
    } else {
        vector.fill(0.0);
    }
}

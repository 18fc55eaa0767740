use counterpoise_base::{FeatureValues, Features, MISSING, Matrix};

use crate::{Error, Metric};

/// Rows, ready for distances under one metric: numeric columns scaled as the metric asks, categories as codes.
#[derive(Debug, Clone)]
pub struct Space {
    pub(crate) metric: Metric,
    pub(crate) numeric: Matrix,
    /// `(n, categorical columns)`, row after row.
    pub(crate) codes: Vec<u32>,
    /// What two different categories add to the squared distance, one a categorical column.
    pub(crate) penalties: Vec<f64>,
    pub(crate) rows: usize,
    /// Some value is missing, and distances are defined without it.
    pub(crate) holes: bool,
    /// What numeric columns were divided by.
    scales: Vec<f64>,
    /// Lengths of rows, for cosines.
    norms: Vec<f64>,
}

/// What a distance does with a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingValues {
    /// It is an error.
    #[default]
    Refuse,
    /// The distance is defined without it: HEOM counts 1, also between two missing values; Euclidean and Manhattan
    /// leave the column out and scale the sum up by the share of columns that both rows have (as scikit-learn's
    /// `nan_euclidean_distances` does), and rows with no column in common are infinitely far apart. Cosine has no
    /// such definition and refuses.
    Define,
}

impl Space {
    /// Prepares all rows of `features`.
    ///
    /// Memory: 8 bytes a number and 4 bytes a category.
    pub fn new(features: &Features<'_>, metric: Metric, missing: MissingValues) -> Result<Self, Error> {
        let all: Vec<usize> = (0..features.rows()).collect();
        Self::of_rows(features, &all, metric, missing)
    }

    /// Prepares some rows, in the order given; HEOM's ranges are those of all rows.
    pub fn of_rows(
        features: &Features<'_>,
        rows: &[usize],
        metric: Metric,
        missing: MissingValues,
    ) -> Result<Self, Error> {
        if features.columns().is_empty() {
            return Err(Error::NoFeatures);
        }
        let mixed = features.categorical().next();
        let metric = match (metric, mixed) {
            (Metric::Auto, None) => Metric::Euclidean,
            (Metric::Auto, Some(_)) => Metric::Heom,
            (metric, _) => metric,
        };
        if let (Metric::Euclidean | Metric::Manhattan | Metric::Cosine, Some(column)) = (metric, mixed) {
            return Err(Error::Categorical {
                column: column.name.clone(),
                metric: metric.name(),
            });
        }
        let scales = match metric {
            Metric::Heom => ranges(features),
            _ => vec![1.0; features.numeric().count()],
        };
        Self::assemble(features, rows, metric, missing, scales, 1.0)
    }

    /// Prepares some rows for the distance of SMOTENC (Chawla et al. 2002, section 6.1): numeric columns as they
    /// are, and `penalty` added to the squared distance for each pair of different categories.
    pub fn with_penalty(features: &Features<'_>, rows: &[usize], penalty: f64) -> Result<Self, Error> {
        if features.columns().is_empty() {
            return Err(Error::NoFeatures);
        }
        let scales = vec![1.0; features.numeric().count()];
        Self::assemble(
            features,
            rows,
            Metric::Heom,
            MissingValues::Refuse,
            scales,
            penalty,
        )
    }

    /// Prepares other rows of the same columns, scaled as these are, to be asked for their neighbours here.
    ///
    /// Codes must mean the same categories in both.
    ///
    /// # Panics
    ///
    /// If the columns are of other kinds.
    pub fn points(&self, features: &Features<'_>) -> Result<Self, Error> {
        assert_eq!(
            features.numeric().count(),
            self.scales.len(),
            "the same numeric columns"
        );
        assert_eq!(
            features.categorical().count(),
            self.penalties.len(),
            "the same categorical columns"
        );
        let rows: Vec<usize> = (0..features.rows()).collect();
        let missing = if self.holes {
            MissingValues::Define
        } else {
            MissingValues::Refuse
        };
        let penalty = self.penalties.first().copied().unwrap_or(1.0);
        Self::assemble(
            features,
            &rows,
            self.metric,
            missing,
            self.scales.clone(),
            penalty,
        )
    }

    fn assemble(
        features: &Features<'_>,
        rows: &[usize],
        metric: Metric,
        missing: MissingValues,
        scales: Vec<f64>,
        penalty: f64,
    ) -> Result<Self, Error> {
        let mut holes = false;
        for column in features.columns() {
            for &row in rows {
                let hole = column.values.is_missing(row);
                let infinite = column.values.number(row).is_some_and(f64::is_infinite);
                let refused = missing == MissingValues::Refuse || metric == Metric::Cosine;
                if infinite || (hole && refused) {
                    return Err(Error::NotFinite {
                        column: column.name.clone(),
                        row: row + 1,
                        metric: metric.name(),
                    });
                }
                holes |= hole;
            }
        }
        let mut numeric = features.gather_numeric(rows);
        if scales.iter().any(|&scale| scale != 1.0) {
            for row in 0..numeric.rows() {
                numeric
                    .row_mut(row)
                    .iter_mut()
                    .zip(&scales)
                    .for_each(|(value, scale)| *value /= scale);
            }
        }
        let width = features.categorical().count();
        let mut all_codes = vec![MISSING; rows.len() * width];
        for (place, column) in features.categorical().enumerate() {
            if let FeatureValues::Codes { codes, .. } = &column.values {
                for (to, &row) in rows.iter().enumerate() {
                    all_codes[to * width + place] = codes[row];
                }
            }
        }
        let norm = |row: usize| dot(numeric.row(row), numeric.row(row)).sqrt();
        let norms = if metric == Metric::Cosine {
            (0..rows.len()).map(norm).collect()
        } else {
            Vec::new()
        };
        Ok(Self {
            metric,
            codes: all_codes,
            penalties: vec![penalty; width],
            rows: rows.len(),
            holes,
            scales,
            norms,
            numeric,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The metric in use, never [`Metric::Auto`].
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Distance between two rows, summed in double precision in a fixed order.
    ///
    /// The distance to a row of zeros under [`Metric::Cosine`] is 1.
    pub fn distance(&self, a: usize, b: usize) -> f64 {
        self.metric.distance_of(self.key(a, self, b))
    }

    /// What neighbours are ranked by, ties going to the lower row: the distance before its root is taken, which may round
    /// two different sums to one distance.
    pub fn rank(&self, a: usize, b: usize) -> f64 {
        self.key(a, self, b)
    }

    /// The squared distance where the metric has a root, the distance elsewhere.
    #[inline]
    pub(crate) fn key(&self, a: usize, other: &Self, b: usize) -> f64 {
        let (x, y) = (self.numeric.row(a), other.numeric.row(b));
        if self.holes || other.holes {
            return self.key_with_holes(a, other, b);
        }
        match self.metric {
            Metric::Manhattan => lanes(x, y, |x, y| (x - y).abs()),
            Metric::Cosine => match self.norms[a] * other.norms[b] {
                0.0 => 1.0,
                norms => (1.0 - dot(x, y) / norms).max(0.0),
            },
            _ => {
                let mut square = lanes(x, y, |x, y| (x - y) * (x - y));
                if !self.penalties.is_empty() {
                    square = self.with_categories(square, a, other, b);
                }
                square
            }
        }
    }

    /// Adds the penalties of categories that differ, one after the other.
    fn with_categories(&self, mut square: f64, a: usize, other: &Self, b: usize) -> f64 {
        let width = self.penalties.len();
        let codes = self.codes[a * width..][..width]
            .iter()
            .zip(&other.codes[b * width..][..width]);
        for ((code, other), penalty) in codes.zip(&self.penalties) {
            if code != other {
                square += penalty;
            }
        }
        square
    }

    fn key_with_holes(&self, a: usize, other: &Self, b: usize) -> f64 {
        let pairs = self.numeric.row(a).iter().zip(other.numeric.row(b));
        if self.metric == Metric::Heom {
            let mut sum: f64 = pairs
                .map(|(x, y)| {
                    if x.is_nan() || y.is_nan() {
                        1.0
                    } else {
                        (x - y) * (x - y)
                    }
                })
                .sum();
            let width = self.penalties.len();
            for (place, penalty) in self.penalties.iter().enumerate() {
                let (code, other) = (self.codes[a * width + place], other.codes[b * width + place]);
                if code != other || code == MISSING {
                    sum += penalty;
                }
            }
            return sum;
        }
        let part = |x: f64, y: f64| {
            if self.metric == Metric::Manhattan {
                (x - y).abs()
            } else {
                (x - y) * (x - y)
            }
        };
        let mut sum = 0.0;
        let mut common = 0;
        for (&x, &y) in pairs {
            if !x.is_nan() && !y.is_nan() {
                sum += part(x, y);
                common += 1;
            }
        }
        if common == 0 {
            f64::INFINITY
        } else {
            sum * (self.numeric.columns() as f64 / f64::from(common))
        }
    }

    /// The value that stands for a column in the screen: as it is, or on the unit sphere for cosines.
    #[inline]
    pub(crate) fn screened(&self, row: usize, column: usize) -> f64 {
        let value = self.numeric.row(row)[column];
        match self.norms.get(row) {
            Some(&norm) if norm > 0.0 => value / norm,
            _ => value,
        }
    }
}

impl Metric {
    pub(crate) fn distance_of(self, key: f64) -> f64 {
        match self {
            Self::Manhattan | Self::Cosine => key,
            _ => key.sqrt(),
        }
    }
}

#[inline]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    lanes(x, y, |x, y| x * y)
}

/// Sums in eight lanes, which are then added in a fixed order: the same bits everywhere, and room for vectors.
#[expect(
    clippy::inline_always,
    reason = "a call for each pair costs as much as its sum"
)]
#[inline(always)]
fn lanes(x: &[f64], y: &[f64], part: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
    for (x, y) in x.iter().zip(y) {
        for lane in 0..8 {
            sums[lane] += part(x[lane], y[lane]);
        }
    }
    for lane in 0..x_rest.len().min(y_rest.len()) {
        sums[lane] += part(x_rest[lane], y_rest[lane]);
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// Largest minus smallest value of each numeric column over all rows; 1 for a constant one.
fn ranges(features: &Features<'_>) -> Vec<f64> {
    let range = |feature: &counterpoise_base::Feature<'_>| {
        let values = (0..features.rows())
            .filter_map(|row| feature.values.number(row))
            .filter(|value| !value.is_nan());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
            (l.min(x), h.max(x))
        });
        if high > low { high - low } else { 1.0 }
    };
    features.numeric().map(range).collect()
}

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
}

/// What a distance does with a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingValues {
    /// It is an error.
    #[default]
    Refuse,
    /// The distance is defined without it: HEOM counts 1; Euclidean and Manhattan leave the column out and scale
    /// the sum up by the share of columns that both rows have (as scikit-learn's `nan_euclidean_distances` does).
    Define,
}

impl Space {
    /// Prepares all rows of `features`.
    ///
    /// Memory: `8 d` bytes a numeric value and 4 bytes a category.
    pub fn new(features: &Features<'_>, metric: Metric, missing: MissingValues) -> Result<Self, Error> {
        let all: Vec<usize> = (0..features.rows()).collect();
        Self::of_rows(features, &all, metric, missing)
    }

    /// Prepares some rows, in the order given; ranges are those of all rows.
    pub fn of_rows(
        features: &Features<'_>,
        rows: &[usize],
        metric: Metric,
        missing: MissingValues,
    ) -> Result<Self, Error> {
        let _ = missing;
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
        if let Some((column, row)) = features.first_not_finite() {
            let column = features.columns()[column].name.clone();
            return Err(Error::NotFinite {
                column,
                row,
                metric: metric.name(),
            });
        }
        let mut numeric = features.gather_numeric(rows);
        if metric == Metric::Heom {
            scale_by_range(&mut numeric, features);
        }
        let penalty = 1.0;
        Ok(Self::assemble(features, rows, metric, numeric, penalty))
    }

    /// Prepares some rows for the distance of SMOTENC (Chawla et al. 2002, section 6.1): numeric columns as they
    /// are, and `penalty` added to the squared distance for each pair of different categories.
    pub fn with_penalty(features: &Features<'_>, rows: &[usize], penalty: f64) -> Result<Self, Error> {
        if features.columns().is_empty() {
            return Err(Error::NoFeatures);
        }
        if let Some((column, row)) = features.first_not_finite() {
            let column = features.columns()[column].name.clone();
            return Err(Error::NotFinite {
                column,
                row,
                metric: "smotenc",
            });
        }
        let numeric = features.gather_numeric(rows);
        Ok(Self::assemble(features, rows, Metric::Heom, numeric, penalty))
    }

    fn assemble(
        features: &Features<'_>,
        rows: &[usize],
        metric: Metric,
        numeric: Matrix,
        penalty: f64,
    ) -> Self {
        let width = features.categorical().count();
        let mut all_codes = vec![MISSING; rows.len() * width];
        for (place, column) in features.categorical().enumerate() {
            if let FeatureValues::Codes { codes, .. } = &column.values {
                for (to, &row) in rows.iter().enumerate() {
                    all_codes[to * width + place] = codes[row];
                }
            }
        }
        Self {
            metric,
            numeric,
            codes: all_codes,
            penalties: vec![penalty; width],
            rows: rows.len(),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The metric in use, never [`Metric::Auto`].
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Distance between two rows, summed in double precision in the order of the columns.
    pub fn distance(&self, a: usize, b: usize) -> f64 {
        let (x, y) = (self.numeric.row(a), self.numeric.row(b));
        let pairs = x.iter().zip(y);
        match self.metric {
            Metric::Manhattan => pairs.map(|(x, y)| (x - y).abs()).sum(),
            Metric::Cosine => {
                let dot: f64 = pairs.map(|(x, y)| x * y).sum();
                let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
                1.0 - dot / (norm(x) * norm(y))
            }
            _ => {
                let mut square: f64 = pairs.map(|(x, y)| (x - y) * (x - y)).sum();
                let width = self.penalties.len();
                for (place, penalty) in self.penalties.iter().enumerate() {
                    if self.codes[a * width + place] != self.codes[b * width + place] {
                        square += penalty;
                    }
                }
                square.sqrt()
            }
        }
    }
}

fn scale_by_range(numeric: &mut Matrix, features: &Features<'_>) {
    for (column, feature) in features.numeric().enumerate() {
        let values = (0..features.rows()).filter_map(|row| feature.values.number(row));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
            (l.min(x), h.max(x))
        });
        let range = if high > low { high - low } else { 1.0 };
        for row in 0..numeric.rows() {
            numeric.row_mut(row)[column] /= range;
        }
    }
}

use counterpoise_base::{FeatureValues, Features, MISSING, Matrix};
use serde::{Deserialize, Serialize};

use crate::Imputer;

/// How features become columns of a [`Design`]: learnt from the rows that a model is trained on, and applied to any.
///
/// Numbers are standardised to mean 0 and standard deviation 1 (a constant column stays at 0), missing values filled
/// by [`Imputer`], categories one-hot encoded. A category that was not seen has no column. Of a feature with more
/// than 256 categories, the 255 most frequent have columns of their own and the others share one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    imputer: Imputer,
    numeric: Vec<Numeric>,
    categorical: Vec<Categorical>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numeric {
    column: usize,
    mean: f64,
    scale: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Categorical {
    column: usize,
    /// Place of each category, [`UNSEEN`] for those without one.
    places: Vec<u32>,
    width: usize,
}

/// The place of a category that was not seen.
pub(crate) const UNSEEN: u32 = u32::MAX;
const MOST_CATEGORIES: usize = 256;

/// Rows as learners take them: numbers, and one place for each categorical feature. It becomes one-hot columns only
/// for learners that need them.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub(crate) numeric: Matrix,
    /// `(n, categorical features)`: which one-hot column is 1, counted from the first one after the numbers.
    pub(crate) places: Vec<u32>,
    pub(crate) widths: Vec<usize>,
}

impl Encoder {
    /// Learns means, deviations and categories. Cost: two looks at every cell.
    pub fn fit(features: &Features<'_>) -> Self {
        let imputer = Imputer::fit(features);
        let rows = features.rows();
        let (mut numeric, mut categorical) = (Vec::new(), Vec::new());
        for (column, feature) in features.columns().iter().enumerate() {
            if let FeatureValues::Codes { codes, levels } = &feature.values {
                let fill = imputer.code(column);
                let mut counts = vec![0_usize; *levels];
                for &code in codes.iter() {
                    let code = if code == MISSING { fill } else { code };
                    if let Some(count) = counts.get_mut(code as usize) {
                        *count += 1;
                    }
                }
                categorical.push(Categorical::new(column, &counts));
            } else {
                let fill = imputer.number(column);
                let value = |row: usize| {
                    feature
                        .values
                        .number(row)
                        .filter(|value| !value.is_nan())
                        .unwrap_or(fill)
                };
                let mean = (0..rows).map(value).sum::<f64>() / rows.max(1) as f64;
                let square = (0..rows).map(|row| (value(row) - mean).powi(2)).sum::<f64>();
                let deviation = (square / rows.max(1) as f64).sqrt();
                // Rounding alone gives a constant column a tiny deviation.
                let constant = deviation <= 10.0 * f64::EPSILON * mean.abs();
                let scale = if constant || !deviation.is_finite() {
                    1.0
                } else {
                    deviation
                };
                numeric.push(Numeric { column, mean, scale });
            }
        }
        Self {
            imputer,
            numeric,
            categorical,
        }
    }

    /// Whether it was learnt from columns like these: as many, of the same kinds, with as many categories. One that was read from
    /// a file is asked before it is used.
    pub fn suits(&self, features: &Features<'_>) -> bool {
        let columns = features.columns();
        let levels = |column: usize| match &columns.get(column)?.values {
            FeatureValues::Codes { levels, .. } => Some(Some(*levels)),
            _ => Some(None),
        };
        let good = |rule: &Categorical| {
            let inside = |&place: &u32| place == UNSEEN || (place as usize) < rule.width;
            levels(rule.column) == Some(Some(rule.places.len())) && rule.places.iter().all(inside)
        };
        self.imputer.columns() == columns.len()
            && self.numeric.len() + self.categorical.len() == columns.len()
            && self.numeric.iter().all(|rule| levels(rule.column) == Some(None))
            && self.categorical.iter().all(good)
    }

    /// Applies it to rows of the same columns.
    ///
    /// # Panics
    ///
    /// If a column is missing or of another kind.
    pub fn encode(&self, features: &Features<'_>) -> Design {
        let rows = features.rows();
        let columns = features.columns();
        let mut numeric = Matrix::zeros(rows, self.numeric.len());
        let width = self.numeric.len();
        let cells = numeric.as_mut_slice();
        for (place, rule) in self.numeric.iter().enumerate() {
            let (values, fill) = (&columns[rule.column].values, self.imputer.number(rule.column));
            for row in 0..rows {
                let value = values.number(row).expect("the column is numeric");
                let value = if value.is_nan() { fill } else { value };
                cells[row * width + place] = (value - rule.mean) / rule.scale;
            }
        }
        let count = self.categorical.len();
        let mut places = vec![UNSEEN; rows * count];
        let mut offset = 0;
        for (index, rule) in self.categorical.iter().enumerate() {
            let FeatureValues::Codes { codes, .. } = &columns[rule.column].values else {
                panic!("the column is categorical")
            };
            let fill = self.imputer.code(rule.column);
            for (row, &code) in codes.iter().enumerate() {
                let code = if code == MISSING { fill } else { code };
                let place = rule.places.get(code as usize).copied().unwrap_or(UNSEEN);
                if place != UNSEEN {
                    places[row * count + index] = offset + place;
                }
            }
            offset += rule.width as u32;
        }
        Design {
            numeric,
            places,
            widths: self.categorical.iter().map(|rule| rule.width).collect(),
        }
    }
}

impl Categorical {
    fn new(column: usize, counts: &[usize]) -> Self {
        let mut seen: Vec<usize> = (0..counts.len()).filter(|&code| counts[code] > 0).collect();
        let mut places = vec![UNSEEN; counts.len()];
        let shared = (seen.len() > MOST_CATEGORIES).then(|| {
            seen.sort_by_key(|&code| (std::cmp::Reverse(counts[code]), code));
            seen.split_off(MOST_CATEGORIES - 1)
        });
        seen.sort_unstable();
        for (place, &code) in seen.iter().enumerate() {
            places[code] = place as u32;
        }
        for &code in shared.iter().flatten() {
            places[code] = seen.len() as u32;
        }
        Self {
            column,
            places,
            width: seen.len() + usize::from(shared.is_some()),
        }
    }
}

impl Design {
    /// Rows of numbers without categories, as they are.
    pub fn from_matrix(numeric: Matrix) -> Self {
        Self {
            numeric,
            places: Vec::new(),
            widths: Vec::new(),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.numeric.rows()
    }

    /// Number of columns after one-hot encoding: numbers first, then the categories of each feature.
    pub fn width(&self) -> usize {
        self.numeric.columns() + self.widths.iter().sum::<usize>()
    }

    /// Which one-hot columns of a row are 1, counted after the numbers; [`UNSEEN`] where none is.
    #[inline]
    pub(crate) fn places(&self, row: usize) -> &[u32] {
        let count = self.widths.len();
        &self.places[row * count..][..count]
    }

    /// Only some rows, in the order given.
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        let mut numeric = Matrix::zeros(rows.len(), self.numeric.columns());
        let mut places = Vec::with_capacity(rows.len() * self.widths.len());
        for (to, &row) in rows.iter().enumerate() {
            numeric.row_mut(to).copy_from_slice(self.numeric.row(row));
            places.extend_from_slice(self.places(row));
        }
        Self {
            numeric,
            places,
            widths: self.widths.clone(),
        }
    }

    /// The rows of `self`, then those of `other`.
    ///
    /// # Panics
    ///
    /// If another encoder made it.
    pub fn followed_by(&self, other: &Self) -> Self {
        assert_eq!(self.widths, other.widths, "columns of one encoder");
        let numbers = [self.numeric.as_slice(), other.numeric.as_slice()].concat();
        Self {
            numeric: Matrix::new(self.rows() + other.rows(), self.numeric.columns(), numbers),
            places: [&self.places[..], &other.places[..]].concat(),
            widths: self.widths.clone(),
        }
    }

    /// All columns in single precision, row after row.
    pub fn to_f32_rows(&self) -> Vec<f32> {
        let (width, numbers) = (self.width(), self.numeric.columns());
        let mut dense = vec![0.0; self.rows() * width];
        for (row, cells) in dense.chunks_exact_mut(width.max(1)).enumerate() {
            for (cell, &number) in cells.iter_mut().zip(self.numeric.row(row)) {
                *cell = number as f32;
            }
            for &place in self.places(row).iter().filter(|&&place| place != UNSEEN) {
                cells[numbers + place as usize] = 1.0;
            }
        }
        dense
    }

    /// The columns of one row that are not 0, as `(column, value)`.
    pub(crate) fn sparse_row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let numbers = self.numeric.columns();
        let numeric = self.numeric.row(row).iter().copied().enumerate();
        let ones = self.places(row).iter().filter(|&&place| place != UNSEEN);
        numeric
            .filter(|(_, value)| *value != 0.0)
            .chain(ones.map(move |&place| (numbers + place as usize, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use counterpoise_base::{Domain, Feature, Strided};

    use super::*;

    fn table(numbers: &[f64], codes: &[u32], levels: usize) -> Features<'static> {
        let feature = |name: &str, values| Feature {
            name: name.into(),
            values,
            domain: Domain::Real,
            copied: false,
        };
        let numbers = FeatureValues::F64(Strided::contiguous(numbers.to_vec()));
        let codes = FeatureValues::Codes {
            codes: Cow::Owned(codes.to_vec()),
            levels,
        };
        let rows = numbers.len();
        Features::new(rows, vec![feature("x", numbers), feature("c", codes)])
    }

    #[test]
    fn numbers_are_standardised_and_categories_get_columns() {
        let seen = table(&[1.0, 3.0], &[0, 2], 4);
        let encoder = Encoder::fit(&seen);
        let design = encoder.encode(&table(&[5.0, f64::NAN, 3.0], &[2, 3, MISSING], 4));
        assert_eq!(design.width(), 3);
        // Category 3 was not seen; the missing one is filled.
        assert_eq!(
            design.to_f32_rows(),
            [3.0, 0.0, 1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
        );
    }

    #[test]
    fn an_encoder_survives_a_file_and_knows_its_columns() {
        let seen = table(&[0.1, 1.0 / 3.0, 7.0], &[0, 2, 2], 4);
        let encoder = Encoder::fit(&seen);
        let read: Encoder = serde_json::from_str(&serde_json::to_string(&encoder).unwrap()).unwrap();
        assert_eq!(read, encoder);
        assert_eq!(read.encode(&seen), encoder.encode(&seen));
        assert!(encoder.suits(&table(&[1.0], &[3], 4)));
        assert!(!encoder.suits(&table(&[1.0], &[2], 3)), "fewer categories");
        assert!(
            !encoder.suits(&Features::from_rows(&[1.0, 2.0], 2)),
            "other kinds"
        );
    }

    #[test]
    fn a_constant_column_stays_at_zero() {
        let encoder = Encoder::fit(&table(&[0.1; 7], &[0; 7], 1));
        let design = encoder.encode(&table(&[0.1, 0.2], &[0, 0], 1));
        assert!(design.numeric.row(0)[0].abs() < 1e-12 && design.numeric.row(1)[0].is_finite());
    }

    #[test]
    fn rare_categories_of_many_share_a_column() {
        let codes: Vec<u32> = (0..300).chain(0..250).collect();
        let encoder = Encoder::fit(&table(&vec![0.0; 550], &codes, 300));
        let design = encoder.encode(&table(&[0.0; 3], &[0, 298, 299], 300));
        assert_eq!(design.width(), 257);
        assert_eq!(design.places(1), design.places(2));
        assert_ne!(design.places(0), design.places(1));
    }
}

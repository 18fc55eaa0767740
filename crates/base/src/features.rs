use std::borrow::Cow;

use crate::{Matrix, Replaced, SyntheticValues};

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

/// What a method may compute with: the numeric and categorical columns of `n` rows, in the table's order.
///
/// Columns are borrowed where the table's memory can be read as it is; nothing is one-hot encoded.
#[derive(Debug, Clone, Default)]
pub struct Features<'a> {
    rows: usize,
    columns: Vec<Feature<'a>>,
}

/// One column of [`Features`].
#[derive(Debug, Clone)]
pub struct Feature<'a> {
    /// Column name, for messages.
    pub name: String,
    /// The values, one a row.
    pub values: FeatureValues<'a>,
    /// Which numbers may stand in the column.
    pub domain: Domain,
    /// A synthetic row takes the value of its base as it is: the column says which group the row is in.
    pub copied: bool,
}

/// The values of one feature.
#[derive(Debug, Clone)]
pub enum FeatureValues<'a> {
    /// Numbers in double precision; `NaN` is a missing value.
    F64(Strided<'a, f64>),
    /// Numbers in single precision; `NaN` is a missing value.
    F32(Strided<'a, f32>),
    /// Categories as codes `0..levels`; [`MISSING`] is a missing value.
    Codes {
        /// One code a row.
        codes: Cow<'a, [u32]>,
        /// How many categories there are.
        levels: usize,
    },
}

/// Which numbers may stand in a numeric column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Any number.
    Real,
    /// Whole numbers: integers, and dates counted in their unit.
    Integer,
}

/// Every `stride`-th value of a slice, so that a column of a row-major matrix needs no copy.
#[derive(Debug, Clone)]
pub struct Strided<'a, T: Clone> {
    data: Cow<'a, [T]>,
    offset: usize,
    stride: usize,
}

impl<'a, T: Copy> Strided<'a, T> {
    /// All values of a slice or a vector.
    pub fn contiguous(data: impl Into<Cow<'a, [T]>>) -> Self {
        Self {
            data: data.into(),
            offset: 0,
            stride: 1,
        }
    }

    /// Column `column` of a row-major matrix that is `columns` wide.
    pub fn of_matrix(data: &'a [T], columns: usize, column: usize) -> Self {
        assert!(column < columns, "column {column} of {columns}");
        Self {
            data: Cow::Borrowed(data),
            offset: column,
            stride: columns,
        }
    }

    /// The value of one row.
    #[inline]
    pub fn get(&self, row: usize) -> T {
        self.data[self.offset + row * self.stride]
    }

    /// The same values, borrowed.
    pub fn view(&self) -> Strided<'_, T> {
        Strided {
            data: Cow::Borrowed(&self.data),
            offset: self.offset,
            stride: self.stride,
        }
    }

    fn len(&self) -> usize {
        self.data.len().saturating_sub(self.offset).div_ceil(self.stride)
    }
}

impl FeatureValues<'_> {
    /// The number of one row, or `None` for a categorical column.
    #[inline]
    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::F64(values) => Some(values.get(row)),
            Self::F32(values) => Some(f64::from(values.get(row))),
            Self::Codes { .. } => None,
        }
    }

    /// Whether the column holds categories.
    pub fn is_categorical(&self) -> bool {
        matches!(self, Self::Codes { .. })
    }

    /// Whether the value of one row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::F64(values) => values.get(row).is_nan(),
            Self::F32(values) => values.get(row).is_nan(),
            Self::Codes { codes, .. } => codes[row] == MISSING,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::Codes { codes, .. } => codes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Feature<'_> {
    /// The same column, made of new values.
    fn made_of<'s>(&self, new: &'s SyntheticValues) -> Feature<'s> {
        self.with_values(match (&self.values, new) {
            (FeatureValues::F64(_), SyntheticValues::F64(new)) => {
                FeatureValues::F64(Strided::contiguous(&new[..]))
            }
            (FeatureValues::F32(_), SyntheticValues::F32(new)) => {
                FeatureValues::F32(Strided::contiguous(&new[..]))
            }
            (FeatureValues::Codes { levels, .. }, SyntheticValues::Codes(new)) => FeatureValues::Codes {
                codes: Cow::Borrowed(&new[..]),
                levels: *levels,
            },
            _ => panic!("new values of `{}` are of another type", self.name),
        })
    }

    /// The same column, borrowed.
    pub fn view(&self) -> Feature<'_> {
        self.with_values(match &self.values {
            FeatureValues::F64(values) => FeatureValues::F64(values.view()),
            FeatureValues::F32(values) => FeatureValues::F32(values.view()),
            FeatureValues::Codes { codes, levels } => FeatureValues::Codes {
                codes: Cow::Borrowed(&codes[..]),
                levels: *levels,
            },
        })
    }

    /// The same column with other values.
    pub fn with_values<'b>(&self, values: FeatureValues<'b>) -> Feature<'b> {
        Feature {
            name: self.name.clone(),
            values,
            domain: self.domain,
            copied: self.copied,
        }
    }
}

impl<'a> Features<'a> {
    /// Puts columns of equal length side by side.
    ///
    /// # Panics
    ///
    /// If a column has another length than `rows`, or a code outside its levels.
    pub fn new(rows: usize, columns: Vec<Feature<'a>>) -> Self {
        for column in &columns {
            assert_eq!(
                column.values.len(),
                rows,
                "feature `{}` has another number of rows",
                column.name
            );
            if let FeatureValues::Codes { codes, levels } = &column.values {
                let fits = |&code: &u32| code == MISSING || (code as usize) < *levels;
                assert!(
                    codes.iter().all(fits),
                    "feature `{}` has a code outside its levels",
                    column.name
                );
            }
        }
        Self { rows, columns }
    }

    /// The columns of a row-major matrix of real numbers, named `f0`, `f1`, ….
    ///
    /// # Panics
    ///
    /// If `data` is not a whole number of rows.
    pub fn from_rows(data: &'a [f64], columns: usize) -> Self {
        assert!(
            columns > 0 && data.len().is_multiple_of(columns),
            "{} values in {columns} columns",
            data.len()
        );
        let feature = |column| Feature {
            name: format!("f{column}"),
            values: FeatureValues::F64(Strided::of_matrix(data, columns, column)),
            domain: Domain::Real,
            copied: false,
        };
        Self::new(data.len() / columns, (0..columns).map(feature).collect())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the table's order.
    pub fn columns(&self) -> &[Feature<'a>] {
        &self.columns
    }

    /// The numeric columns.
    pub fn numeric(&self) -> impl Iterator<Item = &Feature<'a>> {
        self.columns
            .iter()
            .filter(|column| !column.values.is_categorical())
    }

    /// The categorical columns.
    pub fn categorical(&self) -> impl Iterator<Item = &Feature<'a>> {
        self.columns
            .iter()
            .filter(|column| column.values.is_categorical())
    }

    /// The numeric columns of some rows as a row-major matrix in double precision, `(rows.len(), numeric columns)`.
    pub fn gather_numeric(&self, rows: &[usize]) -> Matrix {
        let width = self.numeric().count();
        let mut matrix = Matrix::zeros(rows.len(), width);
        let data = matrix.as_mut_slice();
        for (place, column) in self.numeric().enumerate() {
            for (to, &row) in rows.iter().enumerate() {
                data[to * width + place] = column.values.number(row).expect("the column is numeric");
            }
        }
        matrix
    }

    /// The same columns with synthetic rows below; `synthetic` has one entry a column, or none at all.
    ///
    /// # Panics
    ///
    /// If a synthetic column is of another type than its feature.
    pub fn extended(&self, synthetic: &[SyntheticValues]) -> Features<'static> {
        let none = Vec::new();
        let extended = |(place, column): (usize, &Feature<'a>)| {
            let rows = 0..self.rows;
            let values = match (&column.values, synthetic.get(place)) {
                (FeatureValues::F64(old), new) => {
                    let new = new.map_or(&[][..], |new| {
                        new.as_f64().expect("the column is in double precision")
                    });
                    FeatureValues::F64(Strided::contiguous(
                        rows.map(|row| old.get(row))
                            .chain(new.iter().copied())
                            .collect::<Vec<_>>(),
                    ))
                }
                (FeatureValues::F32(old), new) => {
                    let new = new.map_or(&[][..], |new| {
                        new.as_f32().expect("the column is in single precision")
                    });
                    FeatureValues::F32(Strided::contiguous(
                        rows.map(|row| old.get(row))
                            .chain(new.iter().copied())
                            .collect::<Vec<_>>(),
                    ))
                }
                (FeatureValues::Codes { codes, levels }, new) => {
                    let new = new.map_or(&none, |new| new.as_codes().expect("the column is categorical"));
                    let codes = codes.iter().chain(new).copied().collect();
                    FeatureValues::Codes {
                        codes: Cow::Owned(codes),
                        levels: *levels,
                    }
                }
            };
            column.with_values(values)
        };
        let columns: Vec<Feature<'static>> = self.columns.iter().enumerate().map(extended).collect();
        let rows = columns.first().map_or(self.rows, |column| column.values.len());
        Features::new(rows, columns)
    }

    /// Only some rows, in the order given; a row may occur more than once.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn of_rows(&self, rows: &[usize]) -> Features<'static> {
        let taken = |column: &Feature<'a>| {
            let values = match &column.values {
                FeatureValues::F64(values) => {
                    let some: Vec<f64> = rows.iter().map(|&row| values.get(row)).collect();
                    FeatureValues::F64(Strided::contiguous(some))
                }
                FeatureValues::F32(values) => {
                    let some: Vec<f32> = rows.iter().map(|&row| values.get(row)).collect();
                    FeatureValues::F32(Strided::contiguous(some))
                }
                FeatureValues::Codes { codes, levels } => FeatureValues::Codes {
                    codes: Cow::Owned(rows.iter().map(|&row| codes[row]).collect()),
                    levels: *levels,
                },
            };
            column.with_values(values)
        };
        Features {
            rows: rows.len(),
            columns: self.columns.iter().map(taken).collect(),
        }
    }

    /// The same columns, some with new values.
    ///
    /// # Panics
    ///
    /// If the new values are of another type than their feature, or fewer or more than the rows.
    pub fn replaced<'s>(&'s self, replaced: &'s [Replaced]) -> Features<'s> {
        let mut columns: Vec<Feature<'s>> = self.columns.clone();
        for Replaced { feature, values } in replaced {
            columns[*feature] = columns[*feature].made_of(values);
        }
        Features::new(self.rows, columns)
    }

    /// Synthetic rows alone, as columns of the same names; `synthetic` has one entry a column, or none at all.
    ///
    /// # Panics
    ///
    /// If a synthetic column is of another type than its feature.
    pub fn synthetic<'s>(&self, synthetic: &'s [SyntheticValues]) -> Features<'s> {
        let columns: Vec<Feature<'s>> = self
            .columns
            .iter()
            .zip(synthetic)
            .map(|(column, new)| column.made_of(new))
            .collect();
        let rows = columns.first().map_or(0, |column| column.values.len());
        Features::new(rows, columns)
    }

    /// The first missing or infinite value, as `(column, row)`.
    pub fn first_not_finite(&self) -> Option<(usize, usize)> {
        self.columns.iter().enumerate().find_map(|(place, column)| {
            let odd = |row: &usize| {
                column.values.is_missing(*row) || column.values.number(*row).is_some_and(|x| !x.is_finite())
            };
            (0..self.rows).find(odd).map(|row| (place, row))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_a_matrix_needs_no_copy() {
        let features = Features::from_rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2);
        assert_eq!(features.rows(), 3);
        assert_eq!(features.gather_numeric(&[2, 0]).as_slice(), [5.0, 6.0, 1.0, 2.0]);
    }

    #[test]
    fn rows_are_taken_in_the_order_given() {
        let some = Features::from_rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2).of_rows(&[2, 2, 0]);
        assert_eq!(some.rows(), 3);
        let first = &some.columns()[0].values;
        assert_eq!(
            [0, 1, 2].map(|row| first.number(row)),
            [Some(5.0), Some(5.0), Some(1.0)]
        );
    }

    #[test]
    fn the_first_odd_value_is_found() {
        assert_eq!(
            Features::from_rows(&[1.0, 2.0, 3.0, f64::INFINITY], 2).first_not_finite(),
            Some((1, 1))
        );
        assert_eq!(Features::from_rows(&[1.0, 2.0], 2).first_not_finite(), None);
    }
}

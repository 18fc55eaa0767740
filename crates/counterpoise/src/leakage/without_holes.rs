//! Missing values as values of their own.

use std::borrow::Cow;

use counterpoise_base::{Domain, Feature, FeatureValues, Features, MISSING, Strided};

/// The same rows with two missing values of a column equal, and a missing and a present one as far apart as two
/// categories: a missing category is one more category, and a missing number is the mean of its column, with one more
/// column that says so. Copies with holes are close then, and a search of rows without holes is the fast one.
pub(super) fn without_holes<'a>(features: &Features<'a>) -> Features<'a> {
    let rows = features.rows();
    let mut columns = Vec::with_capacity(features.columns().len());
    for column in features.columns() {
        let missing = |row: usize| column.values.is_missing(row);
        if !(0..rows).any(missing) {
            columns.push(column.clone());
            continue;
        }
        let feature = |values| Feature {
            name: column.name.clone(),
            values,
            domain: Domain::Real,
            copied: column.copied,
        };
        if let FeatureValues::Codes { codes, levels } = &column.values {
            let more = *levels as u32;
            let closed = |&code: &u32| if code == MISSING { more } else { code };
            columns.push(feature(FeatureValues::Codes {
                codes: Cow::Owned(codes.iter().map(closed).collect()),
                levels: levels + 1,
            }));
            continue;
        }
        let number = |row: usize| column.values.number(row).unwrap_or(f64::NAN);
        let present: Vec<f64> = (0..rows).map(number).filter(|number| !number.is_nan()).collect();
        let mean = present.iter().sum::<f64>() / present.len().max(1) as f64;
        let filled = |row: usize| if missing(row) { mean } else { number(row) };
        columns.push(feature(FeatureValues::F64(Strided::contiguous(
            (0..rows).map(filled).collect::<Vec<_>>(),
        ))));
        columns.push(feature(FeatureValues::Codes {
            codes: Cow::Owned((0..rows).map(|row| u32::from(missing(row))).collect()),
            levels: 2,
        }));
    }
    Features::new(rows, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_missing_numbers_are_equal_and_far_from_others() {
        let features = Features::from_rows(&[1.0, f64::NAN, 3.0, f64::NAN], 1);
        let closed = without_holes(&features);
        assert_eq!(
            closed.gather_numeric(&[0, 1, 2, 3]).as_slice(),
            [1.0, 2.0, 3.0, 2.0]
        );
        let FeatureValues::Codes { codes, levels } = &closed.columns()[1].values else {
            panic!("the second column says what was missing");
        };
        assert_eq!((codes.as_ref(), *levels), (&[0, 1, 0, 1][..], 2));
    }
}

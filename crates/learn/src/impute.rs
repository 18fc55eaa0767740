use std::borrow::Cow;

use counterpoise_base::{Feature, FeatureValues, Features, MISSING, Strided};
use serde::{Deserialize, Serialize};

/// What stands in for missing values, learnt from some rows and applied to others: numbers get the lower median of
/// their column, categories the most frequent one. A column without any value gets 0 or the first category.
///
/// Fitted inside a fold, it lets nothing of the test rows through, unlike filling a table before it is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Imputer {
    fills: Vec<Fill>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fill {
    Number(f64),
    Code(u32),
}

impl Imputer {
    /// Learns what to fill with. Cost: a partial sort of each numeric column.
    pub fn fit(features: &Features<'_>) -> Self {
        let fill = |column: &Feature<'_>| match &column.values {
            FeatureValues::Codes { codes, levels } => {
                let mut counts = vec![0_usize; *levels];
                for &code in codes.iter().filter(|&&code| code != MISSING) {
                    counts[code as usize] += 1;
                }
                let most = counts.iter().copied().max().unwrap_or(0);
                Fill::Code(counts.iter().position(|&count| count == most).unwrap_or(0) as u32)
            }
            numbers => {
                let numbers = (0..features.rows()).filter_map(|row| numbers.number(row));
                let mut present: Vec<f64> = numbers.filter(|number| !number.is_nan()).collect();
                let middle = present.len().saturating_sub(1) / 2;
                let median =
                    (!present.is_empty()).then(|| *present.select_nth_unstable_by(middle, f64::total_cmp).1);
                Fill::Number(median.unwrap_or(0.0))
            }
        };
        Self {
            fills: features.columns().iter().map(fill).collect(),
        }
    }

    /// The same columns without missing values; columns that have none are borrowed.
    ///
    /// # Panics
    ///
    /// If these are other columns than it was fitted on.
    pub fn fill<'a>(&self, features: &'a Features<'a>) -> Features<'a> {
        assert_eq!(
            self.fills.len(),
            features.columns().len(),
            "the columns it was fitted on"
        );
        let filled = |(column, fill): (&'a Feature<'a>, &Fill)| {
            let rows = features.rows();
            let whole = !(0..rows).any(|row| column.values.is_missing(row));
            let values = match (&column.values, fill) {
                (values, _) if whole => values.clone(),
                (FeatureValues::F64(values), Fill::Number(fill)) => {
                    let fill = |row| {
                        Some(values.get(row))
                            .filter(|value: &f64| !value.is_nan())
                            .unwrap_or(*fill)
                    };
                    FeatureValues::F64(Strided::contiguous((0..rows).map(fill).collect::<Vec<_>>()))
                }
                (FeatureValues::F32(values), Fill::Number(fill)) => {
                    let fill = |row| {
                        Some(values.get(row))
                            .filter(|value: &f32| !value.is_nan())
                            .unwrap_or(*fill as f32)
                    };
                    FeatureValues::F32(Strided::contiguous((0..rows).map(fill).collect::<Vec<_>>()))
                }
                (FeatureValues::Codes { codes, levels }, Fill::Code(fill)) => {
                    let codes = codes
                        .iter()
                        .map(|&code| if code == MISSING { *fill } else { code });
                    FeatureValues::Codes {
                        codes: Cow::Owned(codes.collect()),
                        levels: *levels,
                    }
                }
                (values, _) => values.clone(),
            };
            column.with_values(values)
        };
        let columns = features.columns().iter().zip(&self.fills).map(filled);
        Features::new(features.rows(), columns.collect())
    }

    pub(crate) fn columns(&self) -> usize {
        self.fills.len()
    }

    pub(crate) fn number(&self, column: usize) -> f64 {
        match self.fills[column] {
            Fill::Number(number) => number,
            Fill::Code(_) => 0.0,
        }
    }

    pub(crate) fn code(&self, column: usize) -> u32 {
        match self.fills[column] {
            Fill::Code(code) => code,
            Fill::Number(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_get_the_median_of_the_rows_it_was_fitted_on() {
        let seen = Features::from_rows(&[1.0, 5.0, f64::NAN, 7.0, 3.0, f64::NAN], 2);
        let imputer = Imputer::fit(&seen);
        let new = Features::from_rows(&[f64::NAN, f64::NAN], 2);
        assert_eq!(imputer.fill(&new).gather_numeric(&[0]).as_slice(), [1.0, 5.0]);
    }

    #[test]
    fn holes_get_the_most_frequent_category() {
        let column = |codes: &[u32]| Feature {
            name: "c".into(),
            values: FeatureValues::Codes {
                codes: Cow::Owned(codes.to_vec()),
                levels: 3,
            },
            domain: counterpoise_base::Domain::Real,
            copied: false,
        };
        let imputer = Imputer::fit(&Features::new(4, vec![column(&[2, 2, 0, MISSING])]));
        let new = Features::new(2, vec![column(&[MISSING, 1])]);
        let filled = imputer.fill(&new);
        let FeatureValues::Codes { codes, .. } = &filled.columns()[0].values else {
            panic!("still categories")
        };
        assert_eq!(codes[..], [2, 1]);
    }
}

//! Feature embeddings of a trained network as rows for any method.

use counterpoise_base::{
    Domain, Embeddings, Feature, FeatureValues, Features, Labeled, Labels, Origin, OutputRow, Resampled,
    Strided, SyntheticValues, Warning,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Resample, Run};

/// What classes synthetic rows are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RowLabels {
    /// One, as the method says: for EOS that of the base, however near the enemy is.
    #[default]
    Hard,
    /// Those of both parents, in shares of the way between them: a row one third of the way towards an enemy is one third
    /// enemy. An idea of "From SMOTE to Mixup" (arXiv 2308.15457), not of EOS; rows between two of a class stay as they are.
    Soft,
}

/// Embeddings that a method resampled.
#[derive(Debug, Clone, PartialEq)]
pub struct BalancedEmbeddings {
    /// The rows of the output, in the order of the method: most keep all rows first.
    pub embeddings: Embeddings,
    /// How many of them are synthetic.
    pub synthetic: usize,
    /// Parents of each synthetic row, in their order.
    pub origins: Vec<Origin>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Resamples embeddings in single precision. Predictions and names are not carried over: synthetic rows have none.
///
/// # Errors
///
/// Those of the method; methods that weigh rows or move features make no rows to train a head on.
pub fn resample_embeddings(
    rows: &Embeddings,
    method: &dyn Resample,
    row_labels: RowLabels,
    run: &Run<'_>,
) -> Result<BalancedEmbeddings, Error> {
    let width = rows.width();
    let column = |column| Feature {
        name: format!("f{column}"),
        values: FeatureValues::F32(Strided::of_matrix(rows.values(), width, column)),
        domain: Domain::Real,
        copied: false,
    };
    let features = Features::new(rows.len(), (0..width).map(column).collect());
    let resampled = method.resample(&Labeled::new(features, &rows.labels), run)?;
    if resampled.weights.is_some() || !resampled.replaced.is_empty() {
        return Err(Error::NoRowsToTrainOn);
    }
    let made = rows_of(&resampled.synthetic, resampled.origin.len());
    let mut values = Vec::with_capacity(resampled.len() * width);
    let mut codes = Vec::with_capacity(resampled.len());
    for row in resampled.rows() {
        values.extend_from_slice(match row {
            OutputRow::Kept(row) => rows.row(row),
            OutputRow::Synthetic(row) => &made[row * width..][..width],
        });
        codes.push(resampled.class_of(row, &rows.labels));
    }
    let labels = Labels::from_codes(rows.labels.classes().to_vec(), codes);
    let mut embeddings = Embeddings::new(values, width, labels);
    if row_labels == RowLabels::Soft || rows.shares.is_some() {
        embeddings.shares = Some(shares(rows, &resampled, row_labels));
    }
    Ok(BalancedEmbeddings {
        embeddings,
        synthetic: resampled.origin.len(),
        origins: resampled.origin,
        warnings: resampled.warnings,
    })
}

/// Columns of new rows, row after row.
fn rows_of(columns: &[SyntheticValues], rows: usize) -> Vec<f32> {
    let mut values = vec![0.0; rows * columns.len()];
    for (place, column) in columns.iter().enumerate() {
        let column = column.as_f32().expect("embeddings are in single precision");
        for (row, value) in column.iter().enumerate() {
            values[row * columns.len() + place] = *value;
        }
    }
    values
}

/// How much of each class the rows of the output are.
fn shares(rows: &Embeddings, resampled: &Resampled, row_labels: RowLabels) -> Vec<f32> {
    let classes = rows.labels.classes().len();
    let mut shares = vec![0.0; resampled.len() * classes];
    // Adds what an input row is, `part` of it.
    let add = |of: &mut [f32], row: usize, part: f64| match &rows.shares {
        Some(shares) => {
            let own = &shares[row * classes..][..classes];
            of.iter_mut()
                .zip(own)
                .for_each(|(sum, &own)| *sum += part as f32 * own);
        }
        None => of[rows.labels.codes()[row] as usize] += part as f32,
    };
    for (place, row) in resampled.rows().enumerate() {
        let of = &mut shares[place * classes..][..classes];
        match row {
            OutputRow::Kept(row)
                if resampled.class_of(OutputRow::Kept(row), &rows.labels) == rows.labels.codes()[row] =>
            {
                add(of, row, 1.0);
            }
            OutputRow::Synthetic(made) if row_labels == RowLabels::Soft => {
                let origin = &resampled.origin[made];
                let step = origin.step.clamp(0.0, 1.0);
                add(of, origin.base as usize, 1.0 - step);
                add(of, resampled.neighbor_in_input(made, rows.len()), step);
            }
            row => of[resampled.class_of(row, &rows.labels) as usize] = 1.0,
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::{EditedNearestNeighbours, Eos, FairBalance, RandomUnderSampler, Smote};

    /// Eight rows of `a` near 0, three of `b` near 1.
    fn rows() -> Embeddings {
        let values = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0_f32];
        let names = ["a"; 8].into_iter().chain(["b"; 3]).collect::<Vec<_>>();
        let both = values.iter().flat_map(|&value| [value, 1.0 - value]).collect();
        Embeddings::new(both, 2, Labels::from_names(&names))
    }

    #[test]
    fn rows_that_were_there_come_first_and_are_the_same() {
        let made = resample_embeddings(&rows(), &Smote::default(), RowLabels::Hard, &Run::new(1)).unwrap();
        assert_eq!(made.embeddings.labels.counts(), [8, 8]);
        assert_eq!((made.synthetic, made.origins.len()), (5, 5));
        assert_eq!(&made.embeddings.values()[..22], rows().values());
        assert_eq!(made.embeddings.shares, None);
    }

    #[test]
    fn a_row_on_the_way_to_an_enemy_is_of_both_classes() {
        let eos = Eos::default().with_k_neighbors(NonZeroUsize::new(4).unwrap());
        let made = resample_embeddings(&rows(), &eos, RowLabels::Soft, &Run::new(1)).unwrap();
        let shares = made.embeddings.shares.unwrap();
        assert_eq!(shares[..2], [1.0, 0.0]);
        for (row, origin) in made.origins.iter().enumerate() {
            let of = &shares[(11 + row) * 2..][..2];
            assert!(
                (f64::from(of[0]) - origin.step).abs() < 1e-6,
                "{of:?} of {origin:?}"
            );
            assert!((of[0] + of[1] - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn methods_that_take_rows_away_work_and_those_without_rows_are_refused() {
        let run = Run::new(1);
        let fewer =
            resample_embeddings(&rows(), &RandomUnderSampler::default(), RowLabels::Hard, &run).unwrap();
        assert_eq!(fewer.embeddings.labels.counts(), [3, 3]);
        let clean = EditedNearestNeighbours::default();
        assert!(resample_embeddings(&rows(), &clean, RowLabels::Soft, &run).is_ok());
        assert!(resample_embeddings(&rows(), &FairBalance::default(), RowLabels::Hard, &run).is_err());
    }

    fn ranges(rows: &Embeddings, class: u32) -> Vec<(f32, f32)> {
        let of = rows.select(&rows.labels.rows_of(class));
        let range = |column| {
            let values = of.values().iter().skip(column).step_by(of.width());
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
                (low.min(value), high.max(value))
            })
        };
        (0..of.width()).map(range).collect()
    }

    proptest! {
        /// What sets EOS apart, by arithmetic: rows of SMOTE lie between two of their class, those of EOS between two classes.
        #[test]
        fn smote_widens_no_range_and_eos_stays_within_that_of_all(
            values in prop::collection::vec(-5.0_f32..5.0, 40),
            seed in 0_u64..1000,
        ) {
            let names: Vec<&str> = (0..20).map(|row| if row < 14 { "a" } else { "b" }).collect();
            let rows = Embeddings::new(values, 2, Labels::from_names(&names));
            let run = Run::new(seed);
            let smote = resample_embeddings(&rows, &Smote::default(), RowLabels::Hard, &run).unwrap();
            let within = |inner: &[(f32, f32)], outer: &[(f32, f32)]| {
                inner.iter().zip(outer).all(|(inner, outer)| {
                    inner.0 >= outer.0 - 1e-5 && inner.1 <= outer.1 + 1e-5
                })
            };
            prop_assert!(within(&ranges(&smote.embeddings, 1), &ranges(&rows, 1)));
            let eos = resample_embeddings(&rows, &Eos::default(), RowLabels::Hard, &run).unwrap();
            let all: Vec<(f32, f32)> = ranges(&rows, 0).iter().zip(ranges(&rows, 1)).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect();
            prop_assert!(within(&ranges(&eos.embeddings, 1), &all));
        }
    }

    #[test]
    fn eos_can_widen_a_range() {
        let made = resample_embeddings(&rows(), &Eos::default(), RowLabels::Hard, &Run::new(1)).unwrap();
        assert!(ranges(&made.embeddings, 1)[0].0 < 0.8);
    }
}

//! Which rows an epoch sees, in which order.

use std::num::NonZeroUsize;

use counterpoise_base::{Random, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which rows an epoch sees. Every epoch has as many draws as there are rows.
///
/// # Source
///
/// Kang and others, "Decoupling Representation and Classifier for Long-Tailed Recognition", ICLR 2020, section 3 and equation 1: a
/// class of `n` rows is drawn with a probability proportional to `n^q`, and a row of it evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sampler {
    /// Every row once.
    #[default]
    InstanceBalanced,
    /// Every class equally often (`q = 0`): rows of small classes come again and again, and some of large ones not at all.
    ClassBalanced,
    /// Classes by the square root of their rows (`q = 1/2`).
    SquareRoot,
    /// From every row equally often in the first epoch towards every class equally often after the last (equation 2). Rows are
    /// drawn in all epochs, so that the first is no permutation.
    ProgressivelyBalanced,
}

impl Sampler {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InstanceBalanced => "instance-balanced",
            Self::ClassBalanced => "class-balanced",
            Self::SquareRoot => "square-root",
            Self::ProgressivelyBalanced => "progressively-balanced",
        }
    }

    /// The rows of an epoch, batch by batch. `labels` holds a class below `classes` for every row; `epoch` is counted from 0, in a
    /// run of `epochs`.
    ///
    /// The last batch holds what is left. One row alone joins the batch before it, for batch normalisation has no variance
    /// of one row; unless batches of one row were asked for. The order depends on the seed and on the epoch, not on what was
    /// drawn before, so that a run may begin in any epoch.
    pub fn batches(
        self,
        labels: &[u32],
        classes: usize,
        batch: NonZeroUsize,
        epoch: usize,
        epochs: usize,
        seed: &Seed,
    ) -> Vec<Vec<usize>> {
        let seed = seed.child("batches").child(epoch as u64);
        let order = if self == Self::InstanceBalanced {
            seed.shuffled(0..labels.len())
        } else {
            let rows = rows_by_class(labels, classes);
            let chances = self.chances(&rows, epoch, epochs);
            draws(&rows, &chances, labels.len(), &mut seed.rng())
        };
        let mut batches: Vec<Vec<usize>> = order.chunks(batch.get()).map(<[usize]>::to_vec).collect();
        if batch.get() > 1
            && batches.len() > 1
            && let Some([row]) = batches.last().map(Vec::as_slice)
        {
            let row = *row;
            batches.pop();
            batches.last_mut().expect("there were two").push(row);
        }
        batches
    }

    /// How likely each class is drawn; 0 without rows.
    fn chances(self, rows: &[Vec<usize>], epoch: usize, epochs: usize) -> Vec<f64> {
        let by_power = |power: f64| -> Vec<f64> {
            let parts = rows.iter().map(|rows| match rows.len() {
                0 => 0.0,
                count => (count as f64).powf(power),
            });
            let parts: Vec<f64> = parts.collect();
            let all: f64 = parts.iter().sum();
            parts.into_iter().map(|part| part / all).collect()
        };
        match self {
            Self::InstanceBalanced => by_power(1.0),
            Self::ClassBalanced => by_power(0.0),
            Self::SquareRoot => by_power(0.5),
            Self::ProgressivelyBalanced => {
                let done = (epoch as f64 / epochs.max(1) as f64).min(1.0);
                let pairs = by_power(1.0).into_iter().zip(by_power(0.0));
                pairs
                    .map(|(rows, classes)| (1.0 - done) * rows + done * classes)
                    .collect()
            }
        }
    }
}

fn rows_by_class(labels: &[u32], classes: usize) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); classes];
    for (row, &class) in labels.iter().enumerate() {
        rows[class as usize].push(row);
    }
    rows
}

fn draws(rows: &[Vec<usize>], chances: &[f64], count: usize, random: &mut Random) -> Vec<usize> {
    let ends: Vec<f64> = chances
        .iter()
        .scan(0.0, |end, chance| {
            *end += chance;
            Some(*end)
        })
        .collect();
    // What rounding leaves above the last end belongs to the last class with rows.
    let last = chances.iter().rposition(|&chance| chance > 0.0).unwrap_or(0);
    let draw = |_| {
        let at = random.fraction();
        let class = ends.partition_point(|&end| end <= at).min(last);
        rows[class][random.below(rows[class].len())]
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Sampler; 4] = [
        Sampler::InstanceBalanced,
        Sampler::ClassBalanced,
        Sampler::SquareRoot,
        Sampler::ProgressivelyBalanced,
    ];

    #[test]
    fn names_are_those_of_files() {
        for sampler in ALL {
            assert_eq!(serde_json::to_value(sampler).unwrap(), sampler.name());
        }
    }

    /// 900 rows of class 0, none of class 1, 100 of class 2.
    fn labels() -> Vec<u32> {
        (0..1000).map(|row| if row % 10 == 3 { 2 } else { 0 }).collect()
    }

    fn batches(sampler: Sampler, labels: &[u32], batch: usize, epoch: usize, seed: u64) -> Vec<Vec<usize>> {
        let batch = NonZeroUsize::new(batch).unwrap();
        sampler.batches(labels, 3, batch, epoch, 10, &Seed::new(seed))
    }

    /// Shares of classes 0 and 2 over a few epochs' worth of draws.
    fn check(sampler: Sampler, epoch: usize, expected: [f64; 2]) {
        let labels = labels();
        let mut counts = [0.0; 3];
        for seed in 0..20 {
            for row in batches(sampler, &labels, 100, epoch, seed).concat() {
                counts[labels[row] as usize] += 1.0;
            }
        }
        assert_eq!(counts[1], 0.0);
        for (count, expected) in [counts[0], counts[2]].into_iter().zip(expected) {
            let share = count / 20_000.0;
            assert!(
                (share - expected).abs() < 0.02,
                "{sampler:?}: {share}, not {expected}"
            );
        }
    }

    #[test]
    fn classes_come_as_often_as_their_name_says() {
        check(Sampler::InstanceBalanced, 0, [0.9, 0.1]);
        check(Sampler::ClassBalanced, 0, [0.5, 0.5]);
        check(Sampler::SquareRoot, 0, [0.75, 0.25]);
        check(Sampler::ProgressivelyBalanced, 0, [0.9, 0.1]);
        check(Sampler::ProgressivelyBalanced, 5, [0.7, 0.3]);
        check(Sampler::ProgressivelyBalanced, 10, [0.5, 0.5]);
    }

    #[test]
    fn every_row_comes_once_where_rows_are_balanced() {
        let mut rows = batches(Sampler::InstanceBalanced, &labels(), 64, 3, 1).concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn rows_of_a_class_come_equally_often() {
        let labels = labels();
        let mut counts = vec![0; 1000];
        for seed in 0..200 {
            for row in batches(Sampler::ClassBalanced, &labels, 100, 0, seed).concat() {
                counts[row] += 1;
            }
        }
        // 1000 times each, give or take 32.
        let rare = || (0..1000).filter(|&row| labels[row] == 2).map(|row| counts[row]);
        assert!(
            rare().all(|count| (840..1160).contains(&count)),
            "{:?}",
            rare().collect::<Vec<_>>()
        );
    }

    #[test]
    fn epochs_and_seeds_differ_and_come_again() {
        for sampler in ALL {
            let of = |epoch, seed| batches(sampler, &labels(), 100, epoch, seed);
            assert_eq!(of(4, 1), of(4, 1), "{sampler:?}");
            assert_ne!(of(4, 1), of(5, 1), "{sampler:?}");
            assert_ne!(of(4, 1), of(4, 2), "{sampler:?}");
        }
    }

    #[test]
    fn nobody_is_left_alone() {
        let sizes = |rows: usize, batch| -> Vec<usize> {
            let batches = batches(Sampler::InstanceBalanced, &vec![0; rows], batch, 0, 1);
            batches.iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(9, 4), [4, 5]);
        assert_eq!(sizes(10, 4), [4, 4, 2]);
        assert_eq!(sizes(8, 4), [4, 4]);
        // There is nobody to join.
        assert_eq!(sizes(1, 4), [1]);
        assert_eq!(sizes(3, 1), [1, 1, 1]);
        assert_eq!(sizes(0, 4), [0; 0]);
    }

    proptest! {
        #[test]
        fn an_epoch_has_as_many_draws_as_rows(
            labels in prop::collection::vec(0_u32..3, 0..50), batch in 1_usize..9, pick in 0..ALL.len()
        ) {
            let rows = batches(ALL[pick], &labels, batch, 2, 7).concat();
            prop_assert_eq!(rows.len(), labels.len());
            prop_assert!(rows.iter().all(|&row| row < labels.len()));
        }
    }
}

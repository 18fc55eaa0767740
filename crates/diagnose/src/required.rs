//! How many contributions a prediction requires.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use serde::Serialize;

use crate::order::rank_key;
use crate::profile::{Ranked, ranked};
use crate::{BiasOf, Readout};

/// How many of its largest contributions the rows of a stratum require to be predicted as they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Required {
    /// Mean over rows, `0..=width`.
    pub mean: f64,
    /// The mean as a share of all features.
    pub share_of_width: f64,
    /// Rows that require 0, 1, 2, … contributions; up to the most that one requires.
    pub histogram: Vec<usize>,
    /// The features that are taken most often, with the share of rows that take them; as many as `top_k`.
    pub top: Vec<Ranked>,
    /// Share of rows that take each feature, `(width)`; all of them sum to the mean. Absent where details are left out.
    pub frequency: Option<Vec<f64>>,
}

/// Indices of the contributions that are taken, the largest first, until the sum of them, of the bias and of all negative
/// contributions is at least the logit of the rival; all of them where that never is.
///
/// ```
/// use counterpoise_diagnose::required_contributions;
///
/// // -1 + 0.5 and 4 are at least 3; for a rival at -1 nothing is needed.
/// assert_eq!(required_contributions(&[1.0, 4.0, -1.0], 0.5, 3.0), [1]);
/// assert!(required_contributions(&[1.0, 4.0, -1.0], 0.5, -1.0).is_empty());
/// ```
///
/// # Source
///
/// "CE required to predict" of the code of arXiv 2407.10165, \[code\]. Where the logit of the class itself is at least the
/// rival's, never more are taken than there are positive ones, which rounding could make one too few: ours.
pub fn required_contributions(contributions: &[f64], bias: f64, rival: f64) -> Vec<u32> {
    let own = contributions.iter().sum::<f64>() + bias;
    let mut taken = Vec::new();
    Taker::default().take(contributions, bias, own, rival, &mut taken);
    taken
}

/// A place to work in, used for one row after the other.
#[derive(Default)]
pub(crate) struct Taker {
    heap: Vec<(u64, Reverse<u32>)>,
    products: Vec<f64>,
}

impl Taker {
    /// Lists what is taken; `own` is the logit that `contributions` and `bias` sum to.
    fn take(&mut self, contributions: &[f64], bias: f64, own: f64, rival: f64, taken: &mut Vec<u32>) {
        taken.clear();
        let negative: f64 = contributions.iter().filter(|&&value| value < 0.0).sum();
        let mut sum = negative + bias;
        if sum >= rival {
            return;
        }
        let enough = own >= rival;
        self.heap.clear();
        for (index, &value) in contributions.iter().enumerate() {
            if value > 0.0 || !enough {
                self.heap.push((rank_key(value), Reverse(index as u32)));
            }
        }
        let mut heap = BinaryHeap::from(std::mem::take(&mut self.heap));
        while let Some((_, Reverse(index))) = heap.pop() {
            taken.push(index);
            sum += contributions[index as usize];
            if sum >= rival {
                break;
            }
        }
        self.heap = heap.into_vec();
    }

    /// What is taken for the predicted class of a row, whose contributions are given.
    pub(crate) fn of_products(
        &mut self,
        readout: &Readout<'_>,
        row: usize,
        products: &[f64],
        bias_of: BiasOf,
        taken: &mut Vec<u32>,
    ) {
        let said = readout.said(row);
        let bias = |class: u32| f64::from(readout.head().bias()[class as usize]);
        let own_bias = bias(said.class);
        let used = match bias_of {
            BiasOf::Predicted => own_bias,
            BiasOf::Reference => bias(readout.truth(row)),
        };
        self.take(products, used, said.logit - own_bias + used, said.rival, taken);
    }
}

impl Readout<'_> {
    /// How many contributions the prediction of every row requires, `(n)`.
    pub fn required(&self, bias_of: BiasOf) -> Vec<u32> {
        let one = |(taker, taken): &mut (Taker, Vec<u32>), row: usize| {
            let mut products = std::mem::take(&mut taker.products);
            self.contributions(row, self.predicted(row), &mut products);
            taker.of_products(self, row, &products, bias_of, taken);
            taker.products = products;
            taken.len() as u32
        };
        (0..self.len())
            .into_par_iter()
            .map_init(Default::default, one)
            .collect()
    }
}

/// Sums over the rows of a stratum.
#[derive(Default, Clone)]
pub(crate) struct Lengths {
    taken: Vec<u32>,
    histogram: Vec<usize>,
}

impl Lengths {
    pub(crate) fn add(&mut self, taken: &[u32], width: usize) {
        self.taken.resize(width, 0);
        taken.iter().for_each(|&index| self.taken[index as usize] += 1);
        if self.histogram.len() <= taken.len() {
            self.histogram.resize(taken.len() + 1, 0);
        }
        self.histogram[taken.len()] += 1;
    }

    pub(crate) fn merged(&self, other: &Self) -> Self {
        let (mut all, less) = if self.histogram.len() < other.histogram.len() {
            (other.clone(), self)
        } else {
            (self.clone(), other)
        };
        for (sum, &more) in all.histogram.iter_mut().zip(&less.histogram) {
            *sum += more;
        }
        all.taken.resize(all.taken.len().max(less.taken.len()), 0);
        for (sum, &more) in all.taken.iter_mut().zip(&less.taken) {
            *sum += more;
        }
        all
    }

    /// Absent without rows.
    pub(crate) fn required(&self, k: usize) -> Option<Required> {
        let rows: usize = self.histogram.iter().sum();
        if rows == 0 {
            return None;
        }
        let all: usize = self
            .histogram
            .iter()
            .enumerate()
            .map(|(length, rows)| length * rows)
            .sum();
        let mean = all as f64 / rows as f64;
        let frequency: Vec<f64> = self
            .taken
            .iter()
            .map(|&count| f64::from(count) / rows as f64)
            .collect();
        Some(Required {
            mean,
            share_of_width: mean / frequency.len() as f64,
            histogram: self.histogram.clone(),
            top: ranked(&frequency, k),
            frequency: Some(frequency),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_are_taken_until_the_rival_is_reached() {
        let check = |contributions: &[f64], bias, rival, expected: &[u32]| {
            assert_eq!(required_contributions(contributions, bias, rival), expected);
        };
        // Twins: the lower index first.
        check(&[2.0, 2.0, 1.0], 0.0, 3.0, &[0, 1]);
        check(&[2.0, 2.0, 1.0], 0.0, 2.0, &[0]);
        // All negative ones count from the start.
        check(&[5.0, 1.0, -3.0], 0.0, 2.0, &[0]);
        check(&[5.0, 1.0, -3.0], 0.0, 2.5, &[0, 1]);
        check(&[5.0, 1.0, -3.0], -9.0, -12.0, &[]);
        // A logit below the rival's is never enough: all are taken.
        check(&[1.0, -1.0], 0.0, 3.0, &[0, 1]);
    }

    proptest! {
        #[test]
        fn no_more_are_taken_than_there_are(
            contributions in prop::collection::vec(-3.0..3.0_f64, 1..20),
            bias in -1.0..1.0_f64,
            rival in -5.0..5.0_f64,
        ) {
            let taken = required_contributions(&contributions, bias, rival);
            prop_assert!(taken.len() <= contributions.len());
            let negative: f64 = contributions.iter().filter(|value| **value < 0.0).sum();
            let reached = |taken: &[u32]| {
                taken.iter().map(|&index| contributions[index as usize]).sum::<f64>() + bias + negative >= rival
            };
            if let Some((_, fewer)) = taken.split_last() {
                prop_assert!(!reached(fewer));
            } else {
                prop_assert!(reached(&[]));
            }
        }
    }
}

//! The native chooser: who is the base of each new row.

use counterpoise_base::{Labeled, Random, Seed};
use rayon::prelude::*;

/// One use of a base row.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// Index into the list of bases.
    pub(crate) place: usize,
    /// The branch of seeds of this row and turn.
    seed: Seed,
}

impl Turn {
    pub(crate) fn new(data: &Labeled<'_>, class_seed: &Seed, place: usize, row: usize, turn: u64) -> Self {
        Self {
            place,
            seed: data.branch_of(class_seed, row).child(turn),
        }
    }

    /// Draws for the new row.
    pub(crate) fn rng(&self) -> Random {
        self.seed.child("draw").rng()
    }

    /// What turns are sorted by.
    pub(crate) fn priority(&self) -> u64 {
        self.seed.number()
    }
}

/// `count` uses of `bases`, round after round: in each round every base has one turn, in an order of its own.
///
/// This is how Chawla et al. (2002), Algorithm SMOTE, spread new rows over the minority: each row is used
/// `⌊count/m⌋` or `⌈count/m⌉` times. A turn depends on the row's name and the round alone, so that more rows
/// keep the earlier ones, and rows that others add or remove change nothing but who sits out the last round.
pub(crate) fn round_robin(data: &Labeled<'_>, class_seed: &Seed, bases: &[usize], count: usize) -> Vec<Turn> {
    if bases.is_empty() {
        return Vec::new();
    }
    let rounds = count.div_ceil(bases.len());
    let all: Vec<Vec<Turn>> = (0..rounds)
        .into_par_iter()
        .map(|round| {
            let turn = |(place, &row): (usize, &usize)| Turn::new(data, class_seed, place, row, round as u64);
            let mut turns: Vec<Turn> = bases.par_iter().enumerate().map(turn).collect();
            turns.sort_by_key(|turn| (turn.priority(), turn.place));
            turns
        })
        .collect();
    let mut turns: Vec<Turn> = all.into_iter().flatten().collect();
    turns.truncate(count);
    turns
}

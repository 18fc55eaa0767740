//! The native chooser: who is the base of each new row.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// Turn `turn` of the row at `place`, whose branch of the class is `row`.
    pub(crate) fn new(row: &Seed, place: usize, turn: u64) -> Self {
        let seed = row.child(turn);
        Self { place, seed }
    }

    /// The same turn of a row that has another place in another list.
    pub(crate) fn at(self, place: usize) -> Self {
        Self { place, ..self }
    }

    /// Draws for the new row.
    pub(crate) fn rng(&self) -> Random {
        self.seed.rng()
    }
}

/// The branch of each row of a class, in parallel.
pub(crate) fn branches(data: &Labeled<'_>, class_seed: &Seed, rows: &[usize]) -> Vec<Seed> {
    rows.par_iter()
        .map(|&row| data.branch_of(class_seed, row))
        .collect()
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
    let branches = branches(data, class_seed, bases);
    let rounds = count.div_ceil(bases.len());
    let one = |round: usize| {
        let turns: Vec<Turn> = branches
            .par_iter()
            .enumerate()
            .map(|(place, row)| Turn::new(row, place, round as u64))
            .collect();
        let mut order: Vec<(u64, u32)> = turns
            .iter()
            .enumerate()
            .map(|(place, turn)| (turn.seed.number(), place as u32))
            .collect();
        order.sort_unstable();
        order.truncate(count - round * bases.len());
        let taken = |&(_, place): &(u64, u32)| turns[place as usize].clone();
        order.iter().map(taken).collect::<Vec<Turn>>()
    };
    let all: Vec<Vec<Turn>> = (0..rounds).into_par_iter().map(one).collect();
    all.into_iter().flatten().collect()
}

/// `count` uses of `bases`, each base as often as its weight asks, to the nearest whole number as far as the total allows.
///
/// Seats are given one by one to the base with the smallest `(uses + 1/2) / weight` (Webster's method): more rows keep the
/// earlier ones, which shares that are rounded one by one do not. Weights are positive.
pub(crate) fn by_weight(
    data: &Labeled<'_>,
    class_seed: &Seed,
    bases: &[usize],
    weights: &[f64],
    count: usize,
) -> Vec<Turn> {
    if bases.is_empty() {
        return Vec::new();
    }
    let branches = branches(data, class_seed, bases);
    // Positive numbers are ordered as their bits are.
    let due = |place: usize, uses: u64| ((uses as f64 + 0.5) / weights[place]).to_bits();
    let first = |place: usize| Reverse((due(place, 0), branches[place].number(), place, 0));
    let mut next: BinaryHeap<Reverse<(u64, u64, usize, u64)>> = (0..bases.len()).map(first).collect();
    let mut one = || {
        let Reverse((_, number, place, uses)) = next.pop()?;
        next.push(Reverse((due(place, uses + 1), number, place, uses + 1)));
        Some(Turn::new(&branches[place], place, uses))
    };
    (0..count).map_while(|_| one()).collect()
}

/// `count` uses of `bases`, each drawn from all of them, out of an order that is the rows' own and not the file's.
pub(crate) fn with_replacement(
    data: &Labeled<'_>,
    class_seed: &Seed,
    bases: &[usize],
    count: usize,
) -> Vec<Turn> {
    if bases.is_empty() {
        return Vec::new();
    }
    let order = order_of_rows(data, class_seed, bases);
    let drawn = class_seed.child("drawn");
    let one = |turn: usize| {
        let seed = drawn.child(turn as u64);
        let product = u128::from(seed.number()) * order.len() as u128;
        let place = order[(product >> 64) as usize] as usize;
        Turn { place, seed }
    };
    (0..count).into_par_iter().map(one).collect()
}

/// Places of rows in an order that depends on their names and the branch alone.
pub(crate) fn order_of_rows(data: &Labeled<'_>, seed: &Seed, rows: &[usize]) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> = branches(data, seed, rows)
        .iter()
        .zip(0..)
        .map(|(branch, place)| (branch.number(), place))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::{Features, Labels};

    #[test]
    fn bases_are_used_as_often_as_their_weights_ask() {
        let labels = Labels::from_names(&["a", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&[0.0, 1.0, 2.0], 1), &labels);
        let places = |count| -> Vec<usize> {
            let turns = by_weight(&data, &Seed::new(1), &[0, 1, 2], &[1.0, 2.0, 3.0], count);
            turns.iter().map(|turn| turn.place).collect()
        };
        let twelve = places(12);
        let uses = |wanted: usize| twelve.iter().filter(|&&place| place == wanted).count();
        assert_eq!([0, 1, 2].map(uses), [2, 4, 6]);
        // More rows keep the earlier ones; the first seats go at 1/6, 1/4, then at 1/2, 1/2: by quotients of 1/2, 3/2, ...
        assert_eq!(places(5), twelve[..5]);
        assert_eq!(twelve[..2], [2, 1]);
        assert!(by_weight(&data, &Seed::new(1), &[], &[], 4).is_empty());
    }
}

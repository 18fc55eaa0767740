//! Which rows stand against a class that grows, where classes are taken one after the other.

use counterpoise_base::{Labels, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::points::Points;

/// Which rows a class that grows is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Majority {
    /// As many rows of each larger class as make up the size of the largest together, each at most once: `1/i` of it
    /// from each of `i` classes, rows that were made for them included. Smaller classes are left out.
    #[default]
    Sampled,
    /// The same, drawn with replacement, as in the authors' code: about a third fewer different rows of the largest
    /// class.
    SampledWithReplacement,
    /// All rows of all other classes.
    Complete,
}

/// Classes with rows, the largest first; of equally large ones the first in class order comes first.
pub(crate) fn largest_first(labels: &Labels) -> Vec<u32> {
    let counts = labels.counts();
    let mut order: Vec<u32> = (0..counts.len() as u32)
        .filter(|&class| counts[class as usize] > 0)
        .collect();
    order.sort_by_key(|&class| std::cmp::Reverse(counts[class as usize]));
    order
}

/// The points against the class at `place` of `order`, each with its class.
pub(crate) fn majority(
    points: &Points<'_>,
    how: Majority,
    order: &[u32],
    place: usize,
    largest: usize,
    seed: &Seed,
) -> Vec<(u32, usize)> {
    let of = |class: u32| points.all_of(class).into_iter().map(move |point| (class, point));
    if how == Majority::Complete {
        let mut others = [&order[..place], &order[place + 1..]].concat();
        others.sort_unstable();
        return others.into_iter().flat_map(of).collect();
    }
    let seed = seed.child("against");
    let share = largest / place;
    let drawn = |&class: &u32| -> Vec<(u32, usize)> {
        let all = points.all_of(class);
        if how == Majority::Sampled {
            let key = |&point: &usize| (points.branch(&seed, class, point).number(), point);
            let mut keyed: Vec<(u64, usize)> = all.iter().map(key).collect();
            keyed.sort_unstable();
            keyed.truncate(share);
            return keyed.into_iter().map(|(_, point)| (class, point)).collect();
        }
        if all.is_empty() {
            return Vec::new();
        }
        let mut random = seed.child("drawn").child(u64::from(class)).rng();
        (0..share)
            .map(|_| (class, all[random.below(all.len())]))
            .collect()
    };
    order[..place].iter().flat_map(drawn).collect()
}

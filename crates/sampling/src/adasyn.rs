use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled, Seed};
use counterpoise_neighbors::{Index, Metric, Rows, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::around::Around;
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, branches};
use crate::numpy::numpy_sum;
use crate::same_class::{ClassGraph, copies, usable_k};
use crate::{Chooser, Direction, Error, FewRows, NumpyRandom, Plan, Resample, Run, Strategy};

/// SMOTE with more new rows where a row has more neighbours of other classes.
///
/// Puts the effort where the class is hardest to learn, noise included. A class whose rows have no neighbours of
/// other classes at all is an error.
///
/// # Source
///
/// He, Bai, Garcia and Li, "ADASYN: Adaptive Synthetic Sampling Approach for Imbalanced Learning", IJCNN 2008,
/// section III. The paper rounds each row's share, so that a class misses its total by a few rows, and so does
/// the numpy chooser; the native one hands out exactly the rows asked for (Webster's divisor method, which agrees
/// with rounding and never takes a row back when more are asked for). Cost: `O(m n d)` for `m` rows of the class
/// among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Adasyn {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Neighbours that tell how hard a row is, and neighbours in the class to choose from.
    #[serde(alias = "k", alias = "k_neighbors")]
    pub n_neighbors: NonZeroUsize,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a class of at most `n_neighbors` rows.
    pub few_rows: FewRows,
}

impl Default for Adasyn {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            n_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
        }
    }
}

impl Adasyn {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }
}

impl Resample for Adasyn {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let mut result = Resampled::unchanged(data.rows());
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(result);
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let index = Index::new(&space, Rows::All);
        let around = Around::search(data, &index, &targets, self.n_neighbors.get(), run)?;
        let mut stream = NumpyRandom::new(run.numpy_seed);
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let name = &data.labels.classes()[class as usize];
            let class_seed = run.seed.child("adasyn").child(name.as_str());
            let rows = data.labels.rows_of(class);
            let hard = hardness(data, class, &around, &rows);
            if hard.iter().all(|&others| others == 0) {
                return Err(Error::Separated {
                    class: name.clone(),
                    k: self.n_neighbors.get(),
                });
            }
            let k = self.n_neighbors.get();
            let Some(k) = usable_k("adasyn", name, rows.len(), k, self.few_rows, &mut result.warnings)?
            else {
                let (_, draws) = copies(data, &class_seed, &rows, count);
                append(
                    &mut result.synthetic,
                    interpolate(&data.features, &draws, &Categories::Base, run.chooser),
                );
                result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
                continue;
            };
            let graph = ClassGraph::new(data, class, k, self.metric, run)?;
            let (places, draws): (Vec<usize>, Vec<Draw>) = match run.chooser {
                Chooser::Native => {
                    let turns = apportion(data, &class_seed, &rows, &hard, count);
                    (turns.iter().map(|turn| turn.place).collect(), graph.draw(&turns))
                }
                Chooser::Numpy => {
                    let places = rounded_shares(&hard, self.n_neighbors.get(), count);
                    let ranks = stream.choice(k, places.len(), true);
                    let draw = |(&place, rank): (&usize, usize)| {
                        Draw::new(
                            rows[place],
                            graph.neighbors(place)[rank] as usize,
                            stream.double(),
                        )
                    };
                    let draws = places.iter().zip(ranks).map(draw).collect();
                    (places, draws)
                }
            };
            let voters = |draw: usize| graph.neighbors(places[draw]);
            append(
                &mut result.synthetic,
                interpolate(&data.features, &draws, &Categories::Vote(&voters), run.chooser),
            );
            result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

/// How many neighbours of other classes each row of a class has.
fn hardness(data: &Labeled<'_>, class: u32, around: &Around, rows: &[usize]) -> Vec<usize> {
    let codes = data.labels.codes();
    let others = |&row: &usize| {
        let neighbors = around.neighbors(row).iter();
        neighbors.filter(|&&other| codes[other as usize] != class).count()
    };
    rows.iter().map(others).collect()
}

/// The base of each row as imbalanced-learn counts them: shares in double precision, rounded half to even.
fn rounded_shares(hard: &[usize], k: usize, count: usize) -> Vec<usize> {
    let ratios: Vec<f64> = hard.iter().map(|&others| others as f64 / k as f64).collect();
    let sum = numpy_sum(&ratios);
    let shares = ratios
        .iter()
        .map(|ratio| (ratio / sum * count as f64).round_ties_even() as usize);
    shares
        .enumerate()
        .flat_map(|(place, share)| std::iter::repeat_n(place, share))
        .collect()
}

struct Claim {
    place: usize,
    weight: usize,
    seats: usize,
    priority: u64,
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        // weight / (2 seats + 1), compared without division.
        let (mine, yours) = (
            self.weight * (2 * other.seats + 1),
            other.weight * (2 * self.seats + 1),
        );
        mine.cmp(&yours)
            .then(other.priority.cmp(&self.priority))
            .then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Claim {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Claim {}

/// Hands `count` turns to rows in proportion to `weights`, one after the other, to whoever has the largest
/// `weight / (2 turns + 1)`.
pub(crate) fn apportion(
    data: &Labeled<'_>,
    class_seed: &Seed,
    rows: &[usize],
    weights: &[usize],
    count: usize,
) -> Vec<Turn> {
    let branches = branches(data, class_seed, rows);
    let claim = |(place, &weight): (usize, &usize)| {
        let priority = branches[place].number();
        Claim {
            place,
            weight,
            seats: 0,
            priority,
        }
    };
    let mut claims: BinaryHeap<Claim> = weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0)
        .map(claim)
        .collect();
    let mut turns = Vec::with_capacity(count);
    while turns.len() < count {
        let Some(mut first) = claims.pop() else { break };
        turns.push(Turn::new(&branches[first.place], first.place, first.seats as u64));
        first.seats += 1;
        claims.push(first);
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::Features;

    #[test]
    fn shares_are_exact_and_growing() {
        let labels = Labels::from_names(&["a"; 4]);
        let numbers = [0.0; 4];
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let seats = |count| {
            let turns = apportion(&data, &Seed::new(1), &[0, 1, 2, 3], &[4, 0, 1, 3], count);
            (0..4)
                .map(|place| turns.iter().filter(|turn| turn.place == place).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(seats(16), [8, 0, 2, 6]);
        for count in 0..50 {
            assert_eq!(seats(count).iter().sum::<usize>(), count);
            assert!(
                seats(count)
                    .iter()
                    .zip(seats(count + 1))
                    .all(|(few, more)| *few <= more)
            );
        }
    }
}

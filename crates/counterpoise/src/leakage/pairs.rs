//! Equal rows and close rows, in pairs that are chosen without a look at the sides.

use std::collections::HashMap;

use counterpoise_base::{Observer, Seed};
use counterpoise_neighbors::{Rows, Search, Space};
use serde::Serialize;

use super::excess::{Excess, Pair, excess, nearest_excess};
use super::sides::Data;
use crate::Error;

/// Test rows that equal a training row in every feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Copies {
    /// With the same target.
    pub same_target: usize,
    /// With another target only.
    pub other_target: usize,
    /// Such rows in an honest split, on average.
    pub expected: f64,
    /// Pairs of equal rows, drawn by chance so that no row is in two.
    pub excess: Excess,
}

pub(super) fn copies(data: &Data, pool: &Pool) -> Copies {
    let labels = data.prepared.labels.codes();
    let (mut same, mut other) = (0, 0);
    let mut expected = 0.0;
    let test_rows = pool.rows.iter().filter(|&&row| data.is_test(row)).count();
    let share = test_rows as f64 / pool.rows.len().max(1) as f64;
    let mut waiting: HashMap<u32, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for &row in &pool.rows {
        let (train, test) = pool.of(row);
        let size = (train.len() + test.len()) as f64;
        // Each row is in the test with the share of test rows, and alone if all others are too.
        expected += share * (1.0 - share.powf(size - 1.0));
        if data.is_test(row) && !train.is_empty() {
            let agrees = train.iter().any(|&train| labels[train] == labels[row]);
            *(if agrees { &mut same } else { &mut other }) += 1;
        }
        match waiting.remove(&pool.cluster[row]) {
            Some(first) => pairs.push(pair(data, &pool.counts, (first, row), 0.0)),
            None => {
                waiting.insert(pool.cluster[row], row);
            }
        }
    }
    Copies {
        same_target: same,
        other_target: other,
        expected,
        excess: excess(&pairs),
    }
}

/// A test row and the training row beside it.
pub(super) type Close = Vec<(usize, usize, f64)>;

pub(super) fn near_copies(
    data: &Data,
    pool: &Pool,
    space: &Space,
    observer: &dyn Observer,
) -> Result<(Option<Excess>, Close), Error> {
    let all: Vec<usize> = (0..pool.distinct.len()).collect();
    let graph = Search::new(1).neighbors(space, Rows::Some(&all), Rows::Some(&all), observer)?;
    if graph.k() == 0 {
        return Ok((None, Vec::new()));
    }
    let nearest = |place: usize| graph.neighbors(place)[0] as usize;
    let mutual: Vec<(usize, usize)> = all
        .iter()
        .map(|&place| (place, nearest(place)))
        .filter(|&(place, other)| place < other && nearest(other) == place)
        .collect();
    let apart = |&(a, b): &(usize, usize)| {
        let rows = (pool.distinct[a], pool.distinct[b]);
        pair(data, &pool.distinct_counts, rows, graph.distances(a)[0])
    };
    let pairs: Vec<Pair> = mutual.iter().map(apart).collect();
    let near = nearest_excess(&pairs);
    let mut close: Close = Vec::new();
    for (&(a, b), pair) in mutual.iter().zip(&pairs) {
        let within = near.as_ref().is_some_and(|near| pair.distance <= near.distance);
        if within && pair.across {
            let (a, b) = (pool.distinct[a], pool.distinct[b]);
            let (test, train) = if data.is_test(a) { (a, b) } else { (b, a) };
            close.push((test, train, pair.distance));
        }
    }
    close.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    Ok((near, close))
}

/// Two rows, and how likely a split that dealt so many rows of every class parts them.
fn pair(data: &Data, counts: &Counts, (a, b): (usize, usize), distance: f64) -> Pair {
    let class = |row: usize| data.prepared.labels.codes()[row] as usize;
    let (ca, cb) = (class(a), class(b));
    let ((na, ma), (nb, mb)) = (counts[ca], counts[cb]);
    let (na, ma, nb, mb) = (na as f64, ma as f64, nb as f64, mb as f64);
    let chance = if ca == cb {
        2.0 * na * ma / ((na + ma) * (na + ma - 1.0))
    } else {
        (na * mb + ma * nb) / ((na + ma) * (nb + mb))
    };
    Pair {
        distance,
        chance,
        across: data.is_train(a) != data.is_train(b),
    }
}

/// The rows that a split dealt out: those of both files that nobody made.
pub(super) struct Pool {
    /// In an order of chance, the same for both sides.
    pub(super) rows: Vec<usize>,
    /// The first row of each cluster of equal rows, in that order.
    pub(super) distinct: Vec<usize>,
    /// Training and test rows of every cluster.
    pub(super) members: HashMap<u32, (Vec<usize>, Vec<usize>)>,
    /// Training and test rows of every class.
    pub(super) counts: Counts,
    /// Those that are the first of their cluster: rows that were copied after the split do not count twice.
    pub(super) distinct_counts: Counts,
    pub(super) cluster: Vec<u32>,
}

type Counts = Vec<(usize, usize)>;

impl Pool {
    pub(super) fn new(data: &Data, cluster: &[u32], seed: &Seed) -> Self {
        let labels = &data.prepared.labels;
        let rows = data.rows_of(|row| {
            let place = data.prepared.place_in_file(row);
            place < data.both() && !data.synthetic[row]
        });
        let mut rows: Vec<(u64, usize)> = rows
            .into_iter()
            .map(|row| (seed.child(row as u64).number(), row))
            .collect();
        rows.sort_unstable();
        let rows: Vec<usize> = rows.into_iter().map(|(_, row)| row).collect();
        let mut members: HashMap<u32, (Vec<usize>, Vec<usize>)> = HashMap::new();
        let mut distinct = Vec::new();
        for &row in &rows {
            let (train, test) = members.entry(cluster[row]).or_default();
            if train.is_empty() && test.is_empty() {
                distinct.push(row);
            }
            if data.is_train(row) {
                train.push(row);
            } else {
                test.push(row);
            }
        }
        let count = |rows: &[usize]| {
            let mut counts = vec![(0, 0); labels.classes().len()];
            for &row in rows {
                let count: &mut (usize, usize) = &mut counts[labels.codes()[row] as usize];
                if data.is_train(row) {
                    count.0 += 1;
                } else {
                    count.1 += 1;
                }
            }
            counts
        };
        Self {
            counts: count(&rows),
            distinct_counts: count(&distinct),
            rows,
            distinct,
            members,
            cluster: cluster.to_vec(),
        }
    }

    pub(super) fn of(&self, row: usize) -> (&[usize], &[usize]) {
        let found = self.members.get(&self.cluster[row]);
        found.map_or((&[], &[]), |(train, test)| (train, test))
    }
}

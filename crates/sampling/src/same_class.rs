//! Neighbours inside one class, and what happens to classes with few rows: shared by the SMOTE family.

use counterpoise_base::{Labeled, Warning, agree, counted};
use counterpoise_neighbors::{Graph, Metric, Rows, Search, Space};

use rayon::prelude::*;

use crate::interpolate::Draw;
use crate::native::{Turn, round_robin};
use crate::{Error, FewRows, NumpyRandom, Run};
use counterpoise_base::Seed;

/// The rows of one class with their nearest neighbours in it.
pub(crate) struct ClassGraph {
    /// Input rows of the class.
    pub(crate) rows: Vec<usize>,
    /// Neighbours, as indices into `rows`.
    pub(crate) graph: Graph,
}

/// How many neighbours a class of `rows` rows offers; `None` means that rows are copied instead.
pub(crate) fn usable_k(
    method: &'static str,
    class: &str,
    rows: usize,
    k: usize,
    few_rows: FewRows,
    warnings: &mut Vec<Warning>,
) -> Result<Option<usize>, Error> {
    if rows > k {
        return Ok(Some(k));
    }
    let too_few = |needed| Error::TooFewRows {
        class: class.into(),
        rows,
        needed,
        method,
    };
    match few_rows {
        _ if rows == 0 => Err(too_few(1)),
        FewRows::Error => Err(too_few(k + 1)),
        FewRows::Shrink if rows < 2 => Err(too_few(2)),
        FewRows::Shrink => {
            let message = format!(
                "class `{class}` has {rows} rows, so {} neighbors are used instead of {k}",
                rows - 1
            );
            warnings.push(Warning::new("sampling.neighbors-shrunk", message).with_hint(format!(
                "set a smaller `k_neighbors` than {k}, or for tables `few_rows = \"duplicate\"` to copy its rows instead"
            )));
            Ok(Some(rows - 1))
        }
        FewRows::Duplicate => {
            let message = format!(
                "class `{class}` has {}, no more than the {k} neighbors asked for: {} copied",
                counted(rows, "row"),
                agree(rows, "it is", "they are")
            );
            warnings.push(Warning::new("sampling.rows-copied", message));
            Ok(None)
        }
    }
}

impl ClassGraph {
    pub(crate) fn new(
        data: &Labeled<'_>,
        class: u32,
        k: usize,
        metric: Metric,
        run: &Run<'_>,
    ) -> Result<Self, Error> {
        let rows = data.labels.rows_of(class);
        let space = Space::of_rows(&data.features, &rows, metric, run.missing)?;
        let graph = Search::new(k).neighbors(&space, Rows::All, Rows::All, run.observer)?;
        Ok(Self { rows, graph })
    }

    /// Input rows of the neighbours of the row at `place`, nearest first.
    pub(crate) fn neighbors(&self, place: usize) -> Vec<u32> {
        self.graph
            .neighbors(place)
            .iter()
            .map(|&other| self.rows[other as usize] as u32)
            .collect()
    }

    /// Native draws: a neighbour and a step for each turn.
    pub(crate) fn draw(&self, turns: &[Turn]) -> Vec<Draw> {
        turns.par_iter().map(|turn| self.draw_one(turn)).collect()
    }

    fn draw_one(&self, turn: &Turn) -> Draw {
        let mut random = turn.rng();
        let neighbors = self.graph.neighbors(turn.place);
        let neighbor = neighbors[random.below(neighbors.len())] as usize;
        Draw::new(self.rows[turn.place], self.rows[neighbor], random.fraction())
    }
}

/// Copies of rows, each equally often: the last resort for a class without neighbours.
pub(crate) fn copies(
    data: &Labeled<'_>,
    class_seed: &Seed,
    rows: &[usize],
    count: usize,
) -> (Vec<Turn>, Vec<Draw>) {
    let turns = round_robin(data, class_seed, rows, count);
    let draws = turns.iter().map(|turn| Draw::copy(rows[turn.place])).collect();
    (turns, draws)
}

/// imbalanced-learn's draws for `count` rows from `bases` rows with `k` neighbours each: first all pairs as one
/// integer, then all steps. Returns `(place of the base, rank of the neighbour, step)`.
pub(crate) fn numpy_pairs(
    stream: &mut NumpyRandom,
    bases: usize,
    k: usize,
    count: usize,
) -> Vec<(usize, usize, f64)> {
    let pairs: Vec<usize> = (0..count).map(|_| stream.below(bases * k)).collect();
    pairs
        .into_iter()
        .map(|pair| (pair / k, pair % k, stream.double()))
        .collect()
}

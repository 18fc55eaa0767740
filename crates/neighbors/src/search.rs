use std::ops::ControlFlow;

use counterpoise_base::{Event, Observer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::join::{Join, Side, TASK};
use crate::screen::Frame;
use crate::{Error, Graph, Space};

/// Which rows of a space take part.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// All of them.
    All,
    /// These, in this order, each once.
    Some(&'a [usize]),
}

impl Rows<'_> {
    fn to_vec(self, space: &Space) -> Vec<usize> {
        match self {
            Self::All => (0..space.rows()).collect(),
            Self::Some(rows) => rows.to_vec(),
        }
    }
}

/// Rows to search among, put in order once. Memory: `O(n d)` in single precision.
pub struct Index<'a> {
    space: &'a Space,
    among: Vec<usize>,
    frame: Option<Frame>,
    side: Side<'a>,
}

impl<'a> Index<'a> {
    /// Orders rows of a space; `O(n log n)` and one look at every value.
    pub fn new(space: &'a Space, among: Rows<'_>) -> Self {
        let among = among.to_vec(space);
        let frame = Frame::of([space, space]);
        let side = Side::new(space, &among, frame.as_ref());
        Self {
            space,
            among,
            frame,
            side,
        }
    }
}

/// How a search goes about it. All find the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Engine {
    /// Whichever a look at a few rows shows to be faster.
    #[default]
    Auto,
    /// Every row meets every other.
    Brute,
    /// Rows are ordered as the leaves of a k-d tree, and leaves that are too far apart do not meet.
    Tree,
}

/// Share of leaves met, below which boxes are worth a look.
const WORTH: f64 = 0.5;

/// An exact search for the `k` nearest rows.
///
/// Pairs are screened in single precision, eight queries against 32 rows at once, and what may matter is decided in
/// double precision, summed in a fixed order. The result is that of measuring all pairs: the same bits for every
/// engine, number of threads and kind of processor. Memory: `O(n (d + k))`. Time: `O(n² d)` at worst; a search of all
/// rows among themselves looks at each pair once.
///
/// A leaf is skipped if the box around it is farther than the worst neighbour known. Looking at boxes costs about a
/// tenth of what meeting costs, and half of the pairs are met before lists are good; the look at a few rows therefore
/// chooses the tree where it meets less than half of the leaves: up to about eight dimensions, and in more where the
/// data lies on fewer. `cargo bench -p counterpoise-neighbors` shows both engines.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Neighbours wanted per row.
    pub k: usize,
    /// How to go about it.
    pub engine: Engine,
}

impl Search {
    /// A search for `k` neighbours.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            engine: Engine::Auto,
        }
    }

    /// Sets [`engine`](Self::engine).
    pub fn with_engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// The `k` nearest rows among `among` of each row of `queries`, itself left out by index; nearest first, ties
    /// by row index. Indices are rows of `space`, whatever `among` is.
    ///
    /// If fewer than `k` others exist for a query, every list is as short as the shortest.
    pub fn neighbors(
        &self,
        space: &Space,
        queries: Rows<'_>,
        among: Rows<'_>,
        observer: &dyn Observer,
    ) -> Result<Graph, Error> {
        self.neighbors_among(&Index::new(space, among), queries, observer)
    }

    /// As [`neighbors`](Self::neighbors), among rows that were put in order before: several searches share an index.
    pub fn neighbors_among(
        &self,
        index: &Index<'_>,
        queries: Rows<'_>,
        observer: &dyn Observer,
    ) -> Result<Graph, Error> {
        let Index {
            space,
            among,
            frame,
            side: rows,
        } = index;
        let query_rows = queries.to_vec(space);
        let mut listed = vec![false; space.rows()];
        among.iter().for_each(|&row| listed[row] = true);
        let one_less = usize::from(query_rows.iter().any(|&row| listed[row]));
        let k = self.k.min(among.len().saturating_sub(one_less));
        if k == 0 || query_rows.is_empty() {
            return finished(
                Graph {
                    k: 0,
                    indices: Vec::new(),
                    distances: Vec::new(),
                },
                observer,
            );
        }
        let mut join = Join {
            queries: rows,
            rows,
            frame: frame.as_ref(),
            k,
            prune: false,
            observer,
        };
        let found = if query_rows == *among {
            join.prune = self.prune(&join);
            join.within()?
        } else {
            let queries = Side::new(space, &query_rows, frame.as_ref());
            join.queries = &queries;
            join.prune = self.prune(&join);
            join.across()?
        };
        finished(graph(space, &query_rows, k, found), observer)
    }

    /// The `k` nearest rows of `space` to each row of `points`, which [`Space::points`] prepared.
    ///
    /// No point is left out: a point may be a copy of a row, and then that row is its nearest.
    ///
    /// # Panics
    ///
    /// If the two have different metrics or columns.
    pub fn neighbors_of(
        &self,
        space: &Space,
        points: &Space,
        observer: &dyn Observer,
    ) -> Result<Graph, Error> {
        assert_eq!(
            space.metric(),
            points.metric(),
            "points are prepared by `Space::points`"
        );
        assert_eq!(
            space.numeric.columns(),
            points.numeric.columns(),
            "points have the same columns"
        );
        let k = self.k.min(space.rows());
        let query_rows: Vec<usize> = (0..points.rows()).collect();
        if k == 0 || query_rows.is_empty() {
            return finished(
                Graph {
                    k: 0,
                    indices: Vec::new(),
                    distances: Vec::new(),
                },
                observer,
            );
        }
        let frame = Frame::of([points, space]);
        let all: Vec<usize> = (0..space.rows()).collect();
        let rows = Side::new(space, &all, frame.as_ref());
        let queries = Side::new(points, &query_rows, frame.as_ref());
        let mut join = Join {
            queries: &queries,
            rows: &rows,
            frame: frame.as_ref(),
            k,
            prune: false,
            observer,
        };
        join.prune = self.prune(&join);
        let found = join.across()?;
        finished(graph(points, &query_rows, k, found), observer)
    }

    fn prune(&self, join: &Join<'_>) -> bool {
        match self.engine {
            Engine::Brute => false,
            Engine::Tree => join.boxes_tell(),
            Engine::Auto => join.share_met() < WORTH,
        }
    }
}

fn finished(graph: Graph, observer: &dyn Observer) -> Result<Graph, Error> {
    match observer.observe(&Event::Finished { task: TASK }) {
        ControlFlow::Continue(()) => Ok(graph),
        ControlFlow::Break(()) => Err(Error::Stopped),
    }
}

/// Puts lists in the order of the queries.
fn graph(space: &Space, query_rows: &[usize], k: usize, found: Vec<(u32, Vec<f64>, Vec<u32>)>) -> Graph {
    let mut place_of = vec![usize::MAX; space.rows()];
    query_rows
        .iter()
        .enumerate()
        .for_each(|(place, &row)| place_of[row] = place);
    let (mut indices, mut distances) = (vec![0; query_rows.len() * k], vec![0.0; query_rows.len() * k]);
    for (row, keys, rows) in found {
        let place = place_of[row as usize] * k;
        indices[place..place + k].copy_from_slice(&rows);
        for (to, key) in distances[place..place + k].iter_mut().zip(keys) {
            *to = space.metric().distance_of(key);
        }
    }
    Graph {
        k,
        indices,
        distances,
    }
}

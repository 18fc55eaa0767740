use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use counterpoise_neighbors::{Graph, Metric, Rows, Search, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// Removes rows whose neighbours are of other classes.
///
/// Cleans the border between classes: by default a row of a large class goes as soon as one of its neighbours is
/// of another class.
///
/// # Source
///
/// Wilson, "Asymptotic properties of nearest neighbor rules using edited data", IEEE Transactions on Systems, Man,
/// and Cybernetics 2 (1972). Wilson removes what the majority of neighbours contradicts (`kind_sel = "mode"`; of
/// equally frequent classes the first in class order counts); `"all"` is imbalanced-learn's stricter default. No
/// draws: both choosers keep the same rows, and differ in their order. Cost: `O(n² d)`, less where a tree helps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EditedNearestNeighbours {
    /// Classes to clean.
    pub sampling_strategy: Strategy,
    /// Neighbours to look at.
    #[serde(alias = "k", alias = "k_neighbors")]
    pub n_neighbors: NonZeroUsize,
    /// How many of the neighbours have to agree for a row to stay.
    pub kind_sel: KindSel,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
}

/// How many of the neighbours have to agree for a row to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KindSel {
    /// All of them.
    #[default]
    All,
    /// Its class is the most frequent one among them.
    Mode,
}

impl Default for EditedNearestNeighbours {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            n_neighbors: NonZeroUsize::new(3).expect("3 is not 0"),
            kind_sel: KindSel::All,
            metric: Metric::Auto,
        }
    }
}

impl EditedNearestNeighbours {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`kind_sel`](Self::kind_sel).
    pub fn with_kind_sel(mut self, kind_sel: KindSel) -> Self {
        self.kind_sel = kind_sel;
        self
    }

    fn stays(&self, graph: &Graph, query: usize, class: u32, codes: &[u32], counts: &mut [usize]) -> bool {
        let classes = graph.neighbors(query).iter().map(|&row| codes[row as usize]);
        match self.kind_sel {
            KindSel::All => classes.into_iter().all(|other| other == class),
            KindSel::Mode => {
                counts.fill(0);
                classes.for_each(|other| counts[other as usize] += 1);
                let most = counts.iter().max().copied().unwrap_or(0);
                counts.iter().position(|&count| count == most) == Some(class as usize)
            }
        }
    }
}

impl Resample for EditedNearestNeighbours {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Clean)?;
        let cleaned = |class: u32| targets.changes.iter().any(|(changed, _)| *changed == class);
        let codes = data.labels.codes();
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let queries: Vec<usize> = (0..data.rows()).filter(|&row| cleaned(codes[row])).collect();
        // A search of all rows among all visits each pair once; it pays unless only a small class is cleaned.
        let everybody = 2 * queries.len() > data.rows();
        let rows = if everybody {
            Rows::All
        } else {
            Rows::Some(&queries)
        };
        let graph = Search::new(self.n_neighbors.get()).neighbors(&space, rows, Rows::All, run.observer)?;
        let mut counts = vec![0; data.labels.classes().len()];
        let mut stays = vec![true; data.rows()];
        for (place, &row) in queries.iter().enumerate() {
            let query = if everybody { row } else { place };
            stays[row] = self.stays(&graph, query, codes[row], codes, &mut counts);
        }
        let mut kept: Vec<usize> = (0..data.rows()).filter(|&row| stays[row]).collect();
        if run.chooser == Chooser::Numpy {
            kept.sort_by_key(|&row| codes[row]);
        }
        Ok(Resampled {
            kept,
            ..Resampled::default()
        })
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Clean)
    }
}

use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use counterpoise_neighbors::Metric;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cells, EmptyCell};
use crate::inside_cells::{InsideCells, Surroundings};
use crate::native::{Turn, round_robin};
use crate::{Error, FewRows, Plan, Resample, Run};

const NAME: &str = "fair-borderline-smote";

/// Raises every class of every protected group to the largest of all these cells, starting from rows in danger: at least
/// half of their neighbours, but not all, are of other classes.
///
/// A yardstick for other methods of groups. A cell without rows in danger starts from all of its rows, and a warning
/// says so.
///
/// # Source
///
/// `FBSMOTE` of Sonoda, "Fair Oversampling Technique using Heterogeneous Clusters", arXiv 2305.13875, which names it as
/// Borderline-SMOTE (Han, Wang and Mao, ICIC 2005, kind 1) applied to each class of each group, up to the largest. How
/// far that goes is ours: danger is judged among the rows of all groups, neighbours to move towards are of the own cell,
/// and a cell without danger gets its rows all the same, so that cells come out even. Any number of classes and groups;
/// several protected columns cross into one. Cost: `O(m n d)` for `m` rows of the cells that grow among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FairBorderlineSmote {
    /// Neighbours in the cell to choose from. A cell of `m` rows offers at most `m - 1`.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// Neighbours of any class and group that tell whether a row is in danger.
    #[serde(alias = "m")]
    pub m_neighbors: NonZeroUsize,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a cell of at most `k_neighbors` rows. A single row is copied unless this is `error`.
    pub few_rows: FewRows,
    /// What to do about a class that a group does not have.
    pub empty_cell: EmptyCell,
}

impl Default for FairBorderlineSmote {
    fn default() -> Self {
        Self {
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            m_neighbors: NonZeroUsize::new(10).expect("10 is not 0"),
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
            empty_cell: EmptyCell::Refuse,
        }
    }
}

impl Resample for FairBorderlineSmote {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let inside = InsideCells {
            method: NAME,
            k: self.k_neighbors.get(),
            around: self.m_neighbors.get(),
            metric: self.metric,
            few_rows: self.few_rows,
            empty_cell: self.empty_cell,
        };
        let turns = |cell: &Surroundings<'_>, count: usize| {
            let in_danger =
                |&place: &usize| 2 * cell.others[place] >= cell.of && cell.others[place] < cell.of;
            let places: Vec<usize> = (0..cell.rows.len()).filter(in_danger).collect();
            let rows: Vec<usize> = places.iter().map(|&place| cell.rows[place]).collect();
            let turns = round_robin(data, &cell.seed, &rows, count);
            let of_cell = |turn: Turn| {
                let place = places[turn.place];
                turn.at(place)
            };
            (!rows.is_empty()).then(|| turns.into_iter().map(of_cell).collect())
        };
        inside.resample(data, run, "no row is in danger", turns)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        Ok(cells.plan(&cells.raised(self.empty_cell, &mut Vec::new())?))
    }
}

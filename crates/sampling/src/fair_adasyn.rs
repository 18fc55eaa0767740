use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use counterpoise_neighbors::Metric;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adasyn::apportion;
use crate::cells::{Cells, EmptyCell};
use crate::inside_cells::{InsideCells, Surroundings};
use crate::{Error, FewRows, Plan, Resample, Run};

const NAME: &str = "fair-adasyn";

/// Raises every class of every protected group to the largest of all these cells, with more new rows where a row has more
/// neighbours of other classes.
///
/// A yardstick for other methods of groups. A cell whose rows have no neighbours of other classes at all gets equally many
/// rows of each, and a warning says so.
///
/// # Source
///
/// `FADASYN` of Sonoda, "Fair Oversampling Technique using Heterogeneous Clusters", arXiv 2305.13875, which names it as
/// ADASYN (He, Bai, Garcia and Li, IJCNN 2008) applied to each class of each group, up to the largest. How far that goes
/// is ours: neighbours that tell how hard a row is are of all groups, those to move towards of the own cell, and exactly
/// the rows asked for are handed out (Webster's divisor method, as for adasyn). Any number of classes and groups;
/// several protected columns cross into one. Cost: `O(m n d)` for `m` rows of the cells that grow among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FairAdasyn {
    /// Neighbours that tell how hard a row is, and neighbours in the cell to choose from.
    #[serde(alias = "k", alias = "k_neighbors")]
    pub n_neighbors: NonZeroUsize,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a cell of at most `n_neighbors` rows. A single row is copied unless this is `error`.
    pub few_rows: FewRows,
    /// What to do about a class that a group does not have.
    pub empty_cell: EmptyCell,
}

impl Default for FairAdasyn {
    fn default() -> Self {
        Self {
            n_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
            empty_cell: EmptyCell::Refuse,
        }
    }
}

impl Resample for FairAdasyn {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let inside = InsideCells {
            method: NAME,
            k: self.n_neighbors.get(),
            around: self.n_neighbors.get(),
            metric: self.metric,
            few_rows: self.few_rows,
            empty_cell: self.empty_cell,
        };
        let turns = |cell: &Surroundings<'_>, count: usize| {
            let hard = cell.others.iter().any(|&others| others > 0);
            hard.then(|| apportion(data, &cell.seed, cell.rows, &cell.others, count))
        };
        let nothing = "no row has a neighbor of another class";
        inside.resample(data, run, nothing, turns)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        Ok(cells.plan(&cells.raised(self.empty_cell, &mut Vec::new())?))
    }
}

use std::num::NonZeroUsize;

use counterpoise_base::{Crossing, FeatureValues, Groups, Labeled, Labels, Resampled};
use counterpoise_neighbors::{Index, Metric, Rows, Search, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells, EmptyCell, place_in_group, reserve};
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, order_of_rows, with_replacement};
use crate::{Chooser, Error, Plan, Resample, Run};

const NAME: &str = "heterogeneous-fair-oversampling";

/// Raises every class of every protected group to the largest of all these cells, by rows that move a little towards rows
/// of another class in their group, or of another group in their class.
///
/// Widens what a model sees of a group beyond the lines between its own rows. All cells come out equally large, so
/// groups do too; fair-oversampling keeps group sizes and makes fewer rows.
///
/// # Source
///
/// Sonoda, "Fair Oversampling Technique using Heterogeneous Clusters", arXiv 2305.13875, equations 7 to 9. A partner
/// `j` of base `i` is drawn from both heterogeneous clusters together, which is the paper's draw of a cluster by its size
/// and of a row in it. The new row is `i + w (j - i) r / d(i, j)`, with `r` the distance of the farthest of the
/// `k_neighbors` nearest rows of any class and `w` uniform below `Δ`. The paper's text and formula disagree about `Δ`;
/// `density` has both. Its class is the base's, and so are its protected values; a category is that of the nearer
/// parent (the paper has numbers only). Ours: any number of classes: each other class of the group is heterogeneous. Cost:
/// `O(m n d)` for `m` rows of the cells that grow among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HeterogeneousFairOversampling {
    /// Neighbours of any class and group that say how far a row may move.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// What `Δ` is, the bound of the step.
    pub density: Density,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do about a class that a group does not have.
    pub empty_cell: EmptyCell,
}

/// What bounds the step of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Density {
    /// The share of its neighbours that are of its own class, as in the paper's formula: rows among others stay where
    /// they are.
    #[default]
    OwnClass,
    /// The share of its neighbours that are of other classes, as in the paper's text: rows among their own stay where they
    /// are.
    OtherClasses,
}

impl Default for HeterogeneousFairOversampling {
    fn default() -> Self {
        Self {
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            density: Density::OwnClass,
            metric: Metric::Auto,
            empty_cell: EmptyCell::Refuse,
        }
    }
}

impl HeterogeneousFairOversampling {
    /// Sets [`density`](Self::density).
    pub fn with_density(mut self, density: Density) -> Self {
        self.density = density;
        self
    }
}

impl Resample for HeterogeneousFairOversampling {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        let mut result = Resampled::unchanged(data.rows());
        let wanted = cells.raised(self.empty_cell, &mut result.warnings)?;
        if wanted.is_empty() {
            return Ok(result);
        }
        run.tell("making rows", 0, wanted.len())?;
        let listed: Vec<Cell> = cells.all().collect();
        let lists = cells.rows_of(&listed);
        let seed = run.seed.child(NAME);
        // Partners are drawn out of an order that is the rows' own, not the file's.
        let partners = seed.child("partner");
        let ordered = |rows: &Vec<usize>| -> Vec<u32> {
            let order = order_of_rows(data, &partners, rows);
            order.iter().map(|&place| rows[place as usize] as u32).collect()
        };
        let in_order: Vec<Vec<u32>> = lists.iter().map(ordered).collect();

        // First who is a base, then one search for all of them.
        let mut chosen = Vec::with_capacity(wanted.len());
        let mut asked = vec![false; data.rows()];
        for &(cell, count) in &wanted {
            let place = listed.iter().position(|&listed| listed == cell);
            let mut rows = place.map_or_else(Vec::new, |place| lists[place].clone());
            if rows.is_empty() {
                rows = data.labels.rows_of(cell.class);
            }
            let seed = seed.child(cells.class_name(cell)).child(cells.group_name(cell));
            let turns = with_replacement(data, &seed, &rows, count);
            turns.iter().for_each(|turn| asked[rows[turn.place]] = true);
            chosen.push((rows, turns));
        }
        let mut queries: Vec<usize> = (0..data.rows()).filter(|&row| asked[row]).collect();
        // All rows among themselves meet each other once, which is cheaper than half of them against all.
        if 2 * queries.len() > data.rows() {
            queries = (0..data.rows()).collect();
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let index = Index::new(&space, Rows::All);
        let search = Search::new(self.k_neighbors.get());
        let graph = search.neighbors_among(&index, Rows::Some(&queries), run.observer)?;
        let codes = data.labels.codes();
        let mut ways = vec![Way::default(); data.rows()];
        for (query, &row) in queries.iter().enumerate() {
            let neighbors = graph.neighbors(query);
            let own = neighbors
                .iter()
                .filter(|&&other| codes[other as usize] == codes[row])
                .count();
            let share = match self.density {
                Density::OwnClass => own,
                Density::OtherClasses => neighbors.len() - own,
            };
            ways[row] = Way {
                bound: share as f64 / neighbors.len().max(1) as f64,
                reach: graph.distances(query).last().copied().unwrap_or(0.0),
            };
        }

        reserve(
            &mut result,
            &data.features,
            wanted.iter().map(|pair| pair.1).sum(),
        );
        let (mut crossing, mut copied) = (Crossing::default(), Vec::new());
        for (done, (&(cell, count), (rows, turns))) in wanted.iter().zip(&chosen).enumerate() {
            run.tell("making rows", done, wanted.len())?;
            let heterogeneous: Vec<&[u32]> = listed
                .iter()
                .zip(&in_order)
                .filter(|(other, _)| (other.class == cell.class) != (other.group == cell.group))
                .map(|(_, rows)| &rows[..])
                .collect();
            let partners: usize = heterogeneous.iter().map(|rows| rows.len()).sum();
            if partners == 0 {
                copied.push(cell);
            }
            let draw = |turn: &Turn| {
                let base = rows[turn.place];
                if partners == 0 {
                    return Draw::copy(base);
                }
                let mut random = turn.rng();
                let partner = nth(&heterogeneous, random.below(partners)) as usize;
                let distance = space.distance(base, partner);
                let step = ways[base].bound * random.fraction() * (ways[base].reach / distance);
                // Twins have no direction, and rows without a column in common no distance.
                if step.is_finite() {
                    Draw::new(base, partner, step)
                } else {
                    Draw::copy(base)
                }
            };
            let draws: Vec<Draw> = turns.par_iter().map(draw).collect();
            if let Some(groups) = data.groups {
                crossing.neighbors += draws.iter().filter(|draw| draw.base != draw.neighbor).count() as u64;
                let crosses = |draw: &&Draw| groups.codes()[draw.neighbor] != groups.codes()[draw.base];
                crossing.of_other_groups += draws.iter().filter(crosses).count() as u64;
            }
            let nearer = |draw: &Draw| if draw.step < 0.5 { draw.base } else { draw.neighbor };
            let categories: Vec<Vec<u32>> = data
                .features
                .categorical()
                .map(|column| match &column.values {
                    FeatureValues::Codes { codes, .. } => {
                        draws.iter().map(|draw| codes[nearer(draw)]).collect()
                    }
                    _ => Vec::new(),
                })
                .collect();
            let mut columns = interpolate(
                &data.features,
                &draws,
                &Categories::Given(&categories),
                run.chooser,
            );
            if cells.count(cell) == 0 {
                place_in_group(data, &cells, cell, &mut columns, &mut result, count);
            }
            append(&mut result.synthetic, columns);
            let origins = draws.iter().map(|draw| draw.origin(cell.class));
            result.origin.extend(origins);
        }
        cells.tell_copied(copied, &mut result.warnings);
        result.crossing = Some(crossing);
        Ok(result)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        Ok(cells.plan(&cells.raised(self.empty_cell, &mut Vec::new())?))
    }
}

/// How far a row may move.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// `Δ`.
    bound: f64,
    /// Distance of its farthest neighbour.
    reach: f64,
}

/// The entry at one place of lists that follow one another.
fn nth(lists: &[&[u32]], mut place: usize) -> u32 {
    for list in lists {
        match list.get(place) {
            Some(&row) => return row,
            None => place -= list.len(),
        }
    }
    unreachable!("the place is below the sum of the lengths")
}

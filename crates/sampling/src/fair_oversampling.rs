use std::num::NonZeroUsize;

use counterpoise_base::{Crossing, Domain, Feature, Features, Groups, Labeled, Labels, Resampled, Warning};
use counterpoise_neighbors::{Metric, Rows, Search, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells, EmptyCell, place_in_group, reserve};
use crate::interpolate::{Categories, Draw, append, interpolate_after};
use crate::native::{Turn, round_robin, with_replacement};
use crate::{Chooser, Error, FewRows, Plan, Resample, Run};

const NAME: &str = "fair-oversampling";

/// Makes rows until every class is as frequent as any other inside each protected group, and mixes the groups of a class.
///
/// For models that err more often for one group than for another because the class is rarer there. Group sizes stay as
/// they are. The share of neighbours from other groups is told with the result: where the protected column dominates
/// the distance it is near 0, groups are not mixed, and what helps is the balance alone.
///
/// # Source
///
/// Dablain, Krawczyk and Chawla, "Towards a holistic view of bias in machine learning: bridging algorithmic fairness
/// and imbalanced learning", arXiv 2207.06084 and Discover Data 2 (2024); read off the authors' released code where it
/// differs from the algorithm box of version 1. Groups come in the order of their deficit, the gap between their
/// largest and their smallest class; of equal ones the group with fewer rows comes first (theirs: the unprivileged),
/// then the first by name. Rows of the first group move towards rows of their own cell, rows of all others towards
/// rows of the whole class, new ones included. The class to make is the smaller one of that group, whichever that is.
/// Their code leaves a balanced group undefined: here it comes first in the order, and gets nothing. Left out by index
/// is the row itself, where theirs drops the nearest row, which may be a twin. Ours: any number of classes (each is
/// raised to the largest of its group) and groups; several protected columns cross into one; a category is that of most
/// neighbours; a protected column of categories or whole numbers keeps its base's value, since nothing lies between.
/// Cost: `O(m² d)` for a class of `m` rows after over-sampling, less where a tree helps or few bases are drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FairOversampling {
    /// Neighbours to choose from. A pool of `m` rows offers at most `m - 1`.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// Share of each gap that is filled: 1 evens classes out inside each group. The authors' grid is 0.1, 0.25, 0.5,
    /// 0.75, 1, 1.1, 1.5, 2.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub proportion: f64,
    /// How rows of later groups meet rows of other groups.
    pub blur: Blur,
    /// Which rows of a cell the new ones start from.
    pub bases: Bases,
    /// Whose description is followed.
    pub variant: FairOversamplingVariant,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a cell whose pool has at most `k_neighbors` rows. A row without any neighbour is copied unless this
    /// is `error`.
    pub few_rows: FewRows,
    /// What to do about a class that a group does not have.
    pub empty_cell: EmptyCell,
}

/// How rows of later groups meet rows of other groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Blur {
    /// Not at all: every row moves towards rows of its own cell.
    Off,
    /// They move towards rows of the whole class, and the protected columns count in the distance and move too.
    #[default]
    Published,
    /// As published, but the protected columns do not count in the distance, so that other groups are near.
    Strong,
    /// The protected columns do not count in the distance and keep the base's value.
    KeepGroupValue,
}

/// Which rows of a cell the new ones start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Bases {
    /// Drawn anew for each row.
    #[default]
    WithReplacement,
    /// Each equally often, ±1.
    InTurn,
}

/// Whose description of the method is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FairOversamplingVariant {
    /// The authors' code.
    #[default]
    Reference,
    /// The algorithm box of version 1 of the paper: neighbours of the own cell in every group, rows that move away from
    /// their neighbour, and of equal deficits the group with more rows (theirs: the privileged) first.
    V1Box,
}

impl Default for FairOversampling {
    fn default() -> Self {
        Self {
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            proportion: 1.0,
            blur: Blur::Published,
            bases: Bases::WithReplacement,
            variant: FairOversamplingVariant::Reference,
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
            empty_cell: EmptyCell::Refuse,
        }
    }
}

impl FairOversampling {
    /// Sets [`k_neighbors`](Self::k_neighbors).
    pub fn with_k_neighbors(mut self, k: NonZeroUsize) -> Self {
        self.k_neighbors = k;
        self
    }

    /// Sets [`proportion`](Self::proportion).
    pub fn with_proportion(mut self, proportion: f64) -> Self {
        self.proportion = proportion;
        self
    }

    /// Sets [`blur`](Self::blur).
    pub fn with_blur(mut self, blur: Blur) -> Self {
        self.blur = blur;
        self
    }

    /// Sets [`bases`](Self::bases).
    pub fn with_bases(mut self, bases: Bases) -> Self {
        self.bases = bases;
        self
    }

    /// Sets [`variant`](Self::variant).
    pub fn with_variant(mut self, variant: FairOversamplingVariant) -> Self {
        self.variant = variant;
        self
    }

    /// Sets [`empty_cell`](Self::empty_cell).
    pub fn with_empty_cell(mut self, empty_cell: EmptyCell) -> Self {
        self.empty_cell = empty_cell;
        self
    }

    /// The cells that get rows and how many, in the order of making, and the group that comes first.
    fn wanted(&self, cells: &Cells<'_>, warnings: &mut Vec<Warning>) -> Result<Wanted, Error> {
        if !(self.proportion > 0.0 && self.proportion <= 100.0) {
            return Err(Error::OutOfRange {
                option: "proportion",
                value: self.proportion.to_string(),
                range: "above 0, at most 100",
            });
        }
        let counts = |group: u32| {
            let classes = cells.classes.iter();
            classes
                .map(move |&class| cells.count(Cell { class, group }))
                .filter(|&count| count > 0 || self.empty_cell != EmptyCell::Skip)
        };
        let deficit = |group: u32| cells.most_of(group) - counts(group).min().unwrap_or(0);
        let size = |group: u32| {
            let size = counts(group).sum::<usize>();
            match self.variant {
                FairOversamplingVariant::Reference => size,
                FairOversamplingVariant::V1Box => usize::MAX - size,
            }
        };
        let mut order = cells.with_rows.clone();
        order.sort_by_key(|&group| (deficit(group), size(group), group));
        let mut wanted = Vec::new();
        for &group in &order {
            let most = cells.most_of(group);
            for &class in &cells.classes {
                let cell = Cell { class, group };
                let gap = most - cells.count(cell);
                wanted.push((cell, (self.proportion * gap as f64).round() as usize));
            }
        }
        let mut wanted = cells.without_empty(wanted, self.empty_cell, warnings)?;
        wanted.retain(|&(_, count)| count > 0);
        cells.check_total(&wanted)?;
        Ok(Wanted {
            cells: wanted,
            first: order[0],
        })
    }

    /// The columns that distances are made of.
    fn measured<'f>(&self, features: &'f Features<'_>) -> Features<'f> {
        let inside = matches!(self.blur, Blur::Off | Blur::Published);
        let columns = features
            .columns()
            .iter()
            .filter(|column| inside || !column.copied);
        Features::new(features.rows(), columns.map(Feature::view).collect())
    }

    /// The columns as they move: protected numbers with fractions move as others do.
    fn moved<'f>(&self, features: &'f Features<'_>) -> Features<'f> {
        let moves = self.blur != Blur::KeepGroupValue;
        let column = |column: &'f Feature<'_>| {
            let mut view = column.view();
            let number = !view.values.is_categorical() && view.domain == Domain::Real;
            view.copied &= !(moves && number);
            view
        };
        Features::new(features.rows(), features.columns().iter().map(column).collect())
    }

    /// Which base, neighbour and step each new row has.
    fn choose(
        &self,
        data: &Labeled<'_>,
        cells: &Cells<'_>,
        cell: Cell,
        pool: &Pool<'_>,
        count: usize,
        run: &Run<'_>,
    ) -> Vec<Choice> {
        let seed = run
            .seed
            .child(NAME)
            .child(cells.class_name(cell))
            .child(cells.group_name(cell));
        let turns = match self.bases {
            Bases::InTurn => round_robin(data, &seed, pool.bases, count),
            Bases::WithReplacement => with_replacement(data, &seed, pool.bases, count),
        };
        let k = pool.k.unwrap_or(1);
        let choice = |turn: &Turn| {
            let mut random = turn.rng();
            Choice {
                place: turn.place as u32,
                rank: random.below(k) as u32,
                step: random.fraction(),
            }
        };
        turns.par_iter().map(choice).collect()
    }
}

struct Wanted {
    cells: Vec<(Cell, usize)>,
    /// The group whose rows stay among themselves.
    first: u32,
}

/// One synthetic row, before neighbours are known.
struct Choice {
    /// Index into the bases.
    place: u32,
    /// Rank of the neighbour.
    rank: u32,
    step: f64,
}

/// What rows of a cell are made of.
struct Pool<'a> {
    /// Input rows that new ones start from.
    bases: &'a [usize],
    /// Input rows among which neighbours are, the bases included; in input order.
    rows: &'a [usize],
    /// Rows made before among which neighbours are too.
    made: &'a [usize],
    /// Neighbours to choose from, or `None` where rows are copied.
    k: Option<usize>,
}

/// Neighbours of some bases: input rows, or `n + i` for the row `i` that was made before.
struct Neighbors {
    k: usize,
    /// Which list belongs to a base.
    list_of: Vec<u32>,
    lists: Vec<u32>,
}

impl Neighbors {
    fn of(&self, place: u32) -> &[u32] {
        &self.lists[self.list_of[place as usize] as usize * self.k..][..self.k]
    }

    /// Counts neighbours, and those of another group than their base.
    fn count_crossing(
        &self,
        data: &Labeled<'_>,
        bases: &[usize],
        result: &Resampled,
        crossing: &mut Crossing,
    ) {
        let Some(groups) = data.groups else { return };
        let group_of = |row: u32| {
            let row = row as usize;
            let row = row
                .checked_sub(data.rows())
                .map_or(row, |made| result.row_of_group(made));
            groups.codes()[row]
        };
        for (&base, &list) in bases.iter().zip(&self.list_of) {
            if list == u32::MAX {
                continue;
            }
            let list = &self.lists[list as usize * self.k..][..self.k];
            let others = list.iter().filter(|&&row| group_of(row) != groups.codes()[base]);
            crossing.of_other_groups += others.count() as u64;
            crossing.neighbors += self.k as u64;
        }
    }

    /// Neighbours of the bases that were drawn; `made` holds the rows made before, in the columns of `input`.
    fn search(
        input: &Features<'_>,
        made: &Features<'_>,
        pool: &Pool<'_>,
        k: usize,
        choices: &[Choice],
        metric: Metric,
        run: &Run<'_>,
    ) -> Result<Self, Error> {
        let mut drawn = vec![false; pool.bases.len()];
        choices
            .iter()
            .for_each(|choice| drawn[choice.place as usize] = true);
        // All rows among themselves meet each other once, which is cheaper than half of them against all.
        let among_themselves = pool.bases.len() == pool.rows.len();
        let number = drawn.iter().filter(|&&drawn| drawn).count();
        if among_themselves && 2 * number > drawn.len() {
            drawn.fill(true);
        }
        let places: Vec<usize> = (0..drawn.len()).filter(|&place| drawn[place]).collect();
        let mut list_of = vec![u32::MAX; drawn.len()];
        for (list, &place) in places.iter().enumerate() {
            list_of[place] = list as u32;
        }

        let space = Space::of_rows(input, pool.rows, metric, run.missing)?;
        // Bases are some of the pool, and both are in input order.
        let in_pool = |&place: &usize| pool.rows.partition_point(|&row| row < pool.bases[place]);
        let queries: Vec<usize> = places.iter().map(in_pool).collect();
        let old = Search::new(k).neighbors(&space, Rows::Some(&queries), Rows::All, run.observer)?;
        let row_of = |&place: &u32| pool.rows[place as usize] as u32;
        if pool.made.is_empty() {
            let lists = (0..queries.len()).flat_map(|query| old.neighbors(query));
            let lists = lists.map(row_of).collect();
            return Ok(Self { k, list_of, lists });
        }

        let rows: Vec<usize> = places.iter().map(|&place| pool.bases[place]).collect();
        let asked = Space::of_rows(input, &rows, metric, run.missing)?;
        let space = if pool.made.len() == made.rows() {
            space.points(made)?
        } else {
            space.points(&made.of_rows(pool.made))?
        };
        let new = Search::new(k).neighbors_of(&space, &asked, run.observer)?;
        let row_of_new = |&place: &u32| (input.rows() + pool.made[place as usize]) as u32;
        let mut lists = Vec::with_capacity(queries.len() * k);
        for query in 0..queries.len() {
            let distances = old.distances(query).iter().chain(new.distances(query));
            let rows = old.neighbors(query).iter().map(row_of);
            let rows = rows.chain(new.neighbors(query).iter().map(row_of_new));
            let mut all: Vec<(f64, u32)> = distances.copied().zip(rows).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            lists.extend(all.iter().take(k).map(|pair| pair.1));
        }
        Ok(Self { k, list_of, lists })
    }
}

impl Resample for FairOversampling {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        let mut result = Resampled::unchanged(data.rows());
        let wanted = self.wanted(&cells, &mut result.warnings)?;
        let total: usize = wanted.cells.iter().map(|pair| pair.1).sum();
        reserve(&mut result, &data.features, total);
        let (measured, moved) = (self.measured(&data.features), self.moved(&data.features));
        let lists = RowsOfClasses::new(&cells, &wanted.cells);
        let (mut small, mut copied) = (Vec::new(), Vec::new());
        let mut crossing = Crossing::default();
        for (done, &(cell, count)) in wanted.cells.iter().enumerate() {
            run.tell("making rows", done, wanted.cells.len())?;
            let empty = cells.count(cell) == 0;
            let alone = cell.group == wanted.first
                || self.blur == Blur::Off
                || self.variant == FairOversamplingVariant::V1Box;
            let own = lists.of_cell(cell);
            let class = lists.of_class(cell.class);
            let made: Vec<usize> = if alone && !empty {
                Vec::new()
            } else {
                (0..result.origin.len())
                    .filter(|&made| result.origin[made].class == cell.class)
                    .collect()
            };
            let rows = if alone && !empty { own } else { &class };
            let mut pool = Pool {
                bases: if empty { &class } else { own },
                rows,
                made: &made,
                k: None,
            };
            let size = pool.rows.len() + pool.made.len();
            pool.k = cells.usable_k(cell, size, self.k_neighbors.get(), self.few_rows)?;
            if cells.count(cell) <= self.k_neighbors.get() && !empty {
                small.push(cell);
            }
            if pool.k.is_none() {
                copied.push(cell);
            }

            let choices = self.choose(data, &cells, cell, &pool, count, run);
            let neighbors = match pool.k {
                None => None,
                Some(k) => {
                    let made = data.features.synthetic(&result.synthetic);
                    let made = self.measured(&made);
                    Some(Neighbors::search(
                        &measured,
                        &made,
                        &pool,
                        k,
                        &choices,
                        self.metric,
                        run,
                    )?)
                }
            };
            if let Some(neighbors) = neighbors.as_ref().filter(|_| !alone) {
                neighbors.count_crossing(data, pool.bases, &result, &mut crossing);
            }
            let away = self.variant == FairOversamplingVariant::V1Box;
            let draw = |choice: &Choice| {
                let base = pool.bases[choice.place as usize];
                match &neighbors {
                    None => Draw::copy(base),
                    Some(neighbors) => {
                        let neighbor = neighbors.of(choice.place)[choice.rank as usize] as usize;
                        let step = if away { -choice.step } else { choice.step };
                        Draw::new(base, neighbor, step)
                    }
                }
            };
            let draws: Vec<Draw> = choices.par_iter().map(draw).collect();
            let voters = |index: usize| {
                let list = neighbors
                    .as_ref()
                    .map(|neighbors| neighbors.of(choices[index].place));
                list.unwrap_or_default().to_vec()
            };
            let mut columns = interpolate_after(
                &moved,
                &result.synthetic,
                &draws,
                &Categories::Vote(&voters),
                run.chooser,
            );
            if empty {
                place_in_group(data, &cells, cell, &mut columns, &mut result, count);
            }
            append(&mut result.synthetic, columns);
            result
                .origin
                .extend(draws.iter().map(|draw| draw.origin(cell.class)));
        }
        cells.tell_small(small, self.k_neighbors.get(), &mut result.warnings);
        cells.tell_copied(copied, &mut result.warnings);
        result.crossing = (crossing.neighbors > 0).then_some(crossing);
        if result.origin.is_empty() {
            result.synthetic.clear();
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        let cells = Cells::new(labels, groups, NAME)?;
        Ok(cells.plan(&self.wanted(&cells, &mut Vec::new())?.cells))
    }
}

/// Input rows of the classes that get new ones: by cell, and all of a class together.
struct RowsOfClasses {
    cells: Vec<Cell>,
    rows: Vec<Vec<usize>>,
}

impl RowsOfClasses {
    fn new(cells: &Cells<'_>, wanted: &[(Cell, usize)]) -> Self {
        let grows = |cell: &Cell| wanted.iter().any(|(wanted, _)| wanted.class == cell.class);
        let listed: Vec<Cell> = cells.all().filter(grows).collect();
        Self {
            rows: cells.rows_of(&listed),
            cells: listed,
        }
    }

    fn of_cell(&self, cell: Cell) -> &[usize] {
        let place = self.cells.iter().position(|&listed| listed == cell);
        place.map_or(&[], |place| &self.rows[place])
    }

    fn of_class(&self, class: u32) -> Vec<usize> {
        let of_class = self.cells.iter().zip(&self.rows);
        let of_class = of_class.filter(|(cell, _)| cell.class == class);
        let mut rows: Vec<usize> = of_class.flat_map(|(_, rows)| rows).copied().collect();
        rows.sort_unstable();
        rows
    }
}

//! Every cell is raised to the largest by rows between two rows of the cell: shared by the methods that differ in who is
//! the base.

use counterpoise_base::{Labeled, Resampled, Seed, Warning};
use counterpoise_neighbors::{Index, Metric, Rows, Search, Space};
use rayon::prelude::*;

use crate::cells::{Cell, Cells, EmptyCell, place_in_group, reserve};
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::Turn;
use crate::{Chooser, Error, FewRows, Run};

/// What these methods have in common.
pub(crate) struct InsideCells {
    pub(crate) method: &'static str,
    /// Neighbours in the cell to choose from.
    pub(crate) k: usize,
    /// Neighbours of any class and group that are looked at.
    pub(crate) around: usize,
    pub(crate) metric: Metric,
    pub(crate) few_rows: FewRows,
    pub(crate) empty_cell: EmptyCell,
}

/// The rows of a cell, as bases are chosen.
pub(crate) struct Surroundings<'a> {
    /// The branch of seeds of the cell.
    pub(crate) seed: Seed,
    /// Input rows.
    pub(crate) rows: &'a [usize],
    /// How many neighbours of other classes each has.
    pub(crate) others: Vec<usize>,
    /// Neighbours looked at.
    pub(crate) of: usize,
}

impl InsideCells {
    /// Makes rows; `turns` chooses so many bases among the rows of a cell, or nothing where none stands out: all rows are
    /// bases then, and a warning says so, in the words that `nothing` completes.
    pub(crate) fn resample(
        &self,
        data: &Labeled<'_>,
        run: &Run<'_>,
        nothing: &str,
        turns: impl Fn(&Surroundings<'_>, usize) -> Option<Vec<Turn>>,
    ) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: self.method });
        }
        let cells = Cells::new(data.labels, data.groups, self.method)?;
        let mut result = Resampled::unchanged(data.rows());
        let wanted = cells.raised(self.empty_cell, &mut result.warnings)?;
        if wanted.is_empty() {
            return Ok(result);
        }
        let listed: Vec<Cell> = wanted.iter().map(|pair| pair.0).collect();
        let mut lists = cells.rows_of(&listed);
        for (cell, rows) in listed.iter().zip(&mut lists) {
            if rows.is_empty() {
                *rows = data.labels.rows_of(cell.class);
            }
        }
        run.tell("making rows", 0, wanted.len())?;
        let around = self.others(data, &lists, run)?;
        reserve(
            &mut result,
            &data.features,
            wanted.iter().map(|pair| pair.1).sum(),
        );
        let (mut small, mut copied, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        for (done, (&(cell, count), rows)) in wanted.iter().zip(&lists).enumerate() {
            run.tell("making rows", done, wanted.len())?;
            let k = cells.usable_k(cell, rows.len(), self.k, self.few_rows)?;
            if rows.len() <= self.k {
                small.push(cell);
            }
            if k.is_none() {
                copied.push(cell);
            }
            let seed = run.seed.child(self.method);
            let surroundings = Surroundings {
                seed: seed.child(cells.class_name(cell)).child(cells.group_name(cell)),
                rows,
                others: rows.iter().map(|&row| around.others[row] as usize).collect(),
                of: around.of,
            };
            let turns = turns(&surroundings, count).unwrap_or_else(|| {
                plain.push(cell);
                crate::native::round_robin(data, &surroundings.seed, rows, count)
            });
            let graph = match k {
                None => None,
                Some(k) => {
                    let mut places: Vec<usize> = turns.iter().map(|turn| turn.place).collect();
                    places.sort_unstable();
                    places.dedup();
                    if 2 * places.len() > rows.len() {
                        places = (0..rows.len()).collect();
                    }
                    let mut list_of = vec![usize::MAX; rows.len()];
                    for (list, &place) in places.iter().enumerate() {
                        list_of[place] = list;
                    }
                    let space = Space::of_rows(&data.features, rows, self.metric, run.missing)?;
                    let found =
                        Search::new(k).neighbors(&space, Rows::Some(&places), Rows::All, run.observer)?;
                    Some((found, list_of))
                }
            };
            let neighbors = |place: usize| {
                let (found, list_of) = graph.as_ref().expect("the cell has neighbours");
                found.neighbors(list_of[place])
            };
            let draw = |turn: &Turn| {
                let base = rows[turn.place];
                if k.is_none() {
                    return Draw::copy(base);
                }
                let mut random = turn.rng();
                let neighbors = neighbors(turn.place);
                let neighbor = rows[neighbors[random.below(neighbors.len())] as usize];
                Draw::new(base, neighbor, random.fraction())
            };
            let draws: Vec<Draw> = turns.par_iter().map(draw).collect();
            let voters = |index: usize| -> Vec<u32> {
                let list = if k.is_none() {
                    &[]
                } else {
                    neighbors(turns[index].place)
                };
                list.iter().map(|&place| rows[place as usize] as u32).collect()
            };
            let mut columns = interpolate(&data.features, &draws, &Categories::Vote(&voters), run.chooser);
            if cells.count(cell) == 0 {
                place_in_group(data, &cells, cell, &mut columns, &mut result, count);
            }
            append(&mut result.synthetic, columns);
            let origins = draws.iter().map(|draw| draw.origin(cell.class));
            result.origin.extend(origins);
        }
        cells.tell_small(small, self.k, &mut result.warnings);
        cells.tell_copied(copied, &mut result.warnings);
        if !plain.is_empty() {
            let message = format!(
                "{}: {nothing}, so all rows are bases, as in smote",
                cells.list(&plain)
            );
            result.warnings.push(Warning::new("sampling.no-danger", message));
        }
        Ok(result)
    }

    /// How many of the neighbours of each row in `lists` are of other classes.
    fn others(&self, data: &Labeled<'_>, lists: &[Vec<usize>], run: &Run<'_>) -> Result<Others, Error> {
        let mut rows: Vec<usize> = lists.concat();
        rows.sort_unstable();
        rows.dedup();
        // All rows among themselves meet each other once, which is cheaper than half of them against all.
        if 2 * rows.len() > data.rows() {
            rows = (0..data.rows()).collect();
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let index = Index::new(&space, Rows::All);
        let graph = Search::new(self.around).neighbors_among(&index, Rows::Some(&rows), run.observer)?;
        let codes = data.labels.codes();
        let mut others = vec![0; data.rows()];
        for (query, &row) in rows.iter().enumerate() {
            let other = |&&neighbor: &&u32| codes[neighbor as usize] != codes[row];
            others[row] = graph.neighbors(query).iter().filter(other).count() as u32;
        }
        Ok(Others {
            others,
            of: graph.k(),
        })
    }
}

struct Others {
    /// One number an input row.
    others: Vec<u32>,
    of: usize,
}

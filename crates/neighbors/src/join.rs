//! Every query panel meets every row panel, unless boxes show that they are too far apart.
//!
//! Lists hold the best rows under a total order, (key, index), so that the result does not depend on who meets whom
//! first: any number of threads gives the same bits.

use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use counterpoise_base::{Event, Observer};
use rayon::prelude::*;

use crate::blocks::{Boxes, RUN, order};
use crate::kernel::{Instructions, PANEL, QUERIES, Tile};
use crate::lists::Lists;
use crate::screen::{Frame, Packed};
use crate::{Error, Metric, Space};

pub(crate) const TASK: &str = "finding neighbors";
/// Panels of queries that one job of a search among other rows holds.
const JOB: usize = 8;
const NO_BOUND: [f32; PANEL] = [f32::INFINITY; PANEL];

/// Some rows of a space, in panels.
pub(crate) struct Side<'a> {
    space: &'a Space,
    rows: Vec<u32>,
    packed: Option<Packed>,
    panels: Boxes,
}

impl<'a> Side<'a> {
    pub(crate) fn new(space: &'a Space, rows: &[usize], frame: Option<&Frame>) -> Self {
        let rows = order(space, rows);
        let packed = frame.map(|frame| frame.pack(space, &rows));
        let panels = Boxes::around(space, &rows, PANEL);
        Self {
            space,
            rows,
            packed,
            panels,
        }
    }

    fn panel_count(&self) -> usize {
        self.rows.len().div_ceil(PANEL)
    }

    /// Panels of a run: few enough rows for the cache, many runs enough for all threads.
    fn run(&self) -> usize {
        (self.panel_count() / 64).clamp(1, RUN)
    }

    fn places(&self, panels: Range<usize>) -> Range<usize> {
        panels.start * PANEL..(panels.end * PANEL).min(self.rows.len())
    }
}

/// One search.
pub(crate) struct Join<'a> {
    pub(crate) queries: &'a Side<'a>,
    pub(crate) rows: &'a Side<'a>,
    pub(crate) frame: Option<&'a Frame>,
    pub(crate) k: usize,
    /// Boxes are looked at.
    pub(crate) prune: bool,
    pub(crate) observer: &'a dyn Observer,
}

/// The lists of the queries of one job, and those of the rows where rows are queries too.
struct Both<'a> {
    queries: &'a mut Lists,
    first_query: usize,
    rows: Option<(&'a mut Lists, usize)>,
    /// Rows are queries too.
    symmetric: bool,
}

impl Both<'_> {
    fn row_lists(&mut self) -> (&mut Lists, usize) {
        match &mut self.rows {
            Some((lists, first)) => (lists, *first),
            None => (self.queries, self.first_query),
        }
    }
}

struct Meter<'a> {
    observer: &'a dyn Observer,
    /// Pairs of blocks.
    done: AtomicUsize,
    total: usize,
    /// Rows that neighbours are looked for.
    rows: usize,
    stopped: AtomicBool,
}

impl Meter<'_> {
    /// Whether to go on.
    fn add(&self, pairs: usize) -> bool {
        let done = self.done.fetch_add(pairs, Ordering::Relaxed) + pairs;
        // Pairs of blocks mean nothing to a reader: the share that is done is told in rows.
        let share = done as f64 / self.total.max(1) as f64;
        let event = Event::Progress {
            task: TASK,
            done: (share * self.rows as f64) as u64,
            total: self.rows as u64,
        };
        if let ControlFlow::Break(()) = self.observer.observe(&event) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        !self.stopped.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::Relaxed) {
            Err(Error::Stopped)
        } else {
            Ok(())
        }
    }
}

/// Keys and indices of each row of `side`, at the row's place in the space.
type Found = Vec<(u32, Vec<f64>, Vec<u32>)>;

impl Join<'_> {
    fn meter(&self, total: usize) -> Meter<'_> {
        Meter {
            observer: self.observer,
            done: AtomicUsize::new(0),
            total,
            rows: self.queries.rows.len(),
            stopped: AtomicBool::new(false),
        }
    }

    /// All queries against all rows of another side.
    pub(crate) fn across(&self) -> Result<Found, Error> {
        let (queries, rows) = (self.queries, self.rows);
        let run = rows.run();
        let runs = Boxes::around(rows.space, &rows.rows, run * PANEL);
        let run_count = rows.panel_count().div_ceil(run);
        let jobs = Boxes::around(queries.space, &queries.rows, JOB * PANEL);
        let job_count = queries.panel_count().div_ceil(JOB);
        let meter = self.meter(job_count * run_count);
        let one = |job: usize| {
            let query_panels = job * JOB..((job + 1) * JOB).min(queries.panel_count());
            let places = queries.places(query_panels.clone());
            let mut lists = Lists::new(places.len(), self.k, PANEL);
            // Near runs first, so that lists are good early.
            let mut near: Vec<(f64, usize)> = (0..run_count)
                .map(|run| (jobs.least_key(job, &runs, run), run))
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (least, place) in near {
                if !meter.add(1) {
                    break;
                }
                if self.prune && least > lists.worst_of(0..places.len()) {
                    continue;
                }
                let mut both = Both {
                    queries: &mut lists,
                    first_query: places.start,
                    rows: None,
                    symmetric: false,
                };
                for query_panel in query_panels.clone() {
                    for row_panel in place * run..((place + 1) * run).min(rows.panel_count()) {
                        self.meet(query_panel, row_panel, &mut both);
                    }
                }
            }
            let found = |place: usize| {
                let (keys, indices) = lists.of(place - places.start);
                (queries.rows[place], keys.to_vec(), indices.to_vec())
            };
            places.clone().map(found).collect::<Vec<_>>()
        };
        let found: Vec<Found> = (0..job_count).into_par_iter().map(one).collect();
        meter.check()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// All rows of one side against each other, every pair once.
    pub(crate) fn within(&self) -> Result<Found, Error> {
        let side = self.rows;
        let run = side.run();
        let runs = Boxes::around(side.space, &side.rows, run * PANEL);
        let run_count = side.panel_count().div_ceil(run);
        // An even number of blocks of runs; in each round every block meets one other, so that no two jobs share lists.
        let threads = rayon::current_num_threads();
        let block_count = (4 * threads).min(run_count).next_multiple_of(2);
        let block = |index: usize| index * run_count / block_count..(index + 1) * run_count / block_count;
        let panels = |runs: Range<usize>| runs.start * run..(runs.end * run).min(side.panel_count());
        let places = |index: usize| side.places(panels(block(index)));
        let lists: Vec<Mutex<Lists>> = (0..block_count)
            .map(|index| Mutex::new(Lists::new(places(index).len(), self.k, PANEL)))
            .collect();
        let meter = self.meter(run_count * (run_count + 1) / 2);
        let locked = |index: usize| lists[index].lock().expect("no job panics while it holds lists");

        (0..block_count).into_par_iter().for_each(|index| {
            let mut own = locked(index);
            let mut both = Both {
                queries: &mut own,
                first_query: places(index).start,
                rows: None,
                symmetric: true,
            };
            let panels_here = panels(block(index));
            // A panel and the next one stand together: good lists to begin with.
            for panel in panels_here.clone() {
                self.meet(panel, panel, &mut both);
                if panel + 1 < panels_here.end {
                    self.meet(panel, panel + 1, &mut both);
                }
            }
            for (a, b) in block(index).flat_map(|a| (a..block(index).end).map(move |b| (a, b))) {
                if !meter.add(1) {
                    return;
                }
                self.meet_runs(&runs, [(a, panels(a..a + 1)), (b, panels(b..b + 1))], &mut both);
            }
        });
        for round in 1..block_count {
            meter.check()?;
            pairings(block_count, round)
                .into_par_iter()
                .for_each(|(one, other)| {
                    let (mut own, mut others) = (locked(one), locked(other));
                    let mut both = Both {
                        queries: &mut own,
                        first_query: places(one).start,
                        rows: Some((&mut others, places(other).start)),
                        symmetric: true,
                    };
                    for (a, b) in block(one).flat_map(|a| block(other).map(move |b| (a, b))) {
                        if !meter.add(1) {
                            return;
                        }
                        self.meet_runs(&runs, [(a, panels(a..a + 1)), (b, panels(b..b + 1))], &mut both);
                    }
                });
        }
        meter.check()?;
        let mut found = Vec::with_capacity(side.rows.len());
        for index in 0..block_count {
            let lists = locked(index);
            let places = places(index);
            for place in places.clone() {
                let (keys, indices) = lists.of(place - places.start);
                found.push((side.rows[place], keys.to_vec(), indices.to_vec()));
            }
        }
        Ok(found)
    }

    /// The panels of two runs; within one block, those that did not meet before: two or more panels on.
    fn meet_runs(
        &self,
        runs: &Boxes,
        [(a, of_a), (b, of_b)]: [(usize, Range<usize>); 2],
        both: &mut Both<'_>,
    ) {
        if self.prune && a != b {
            let least = runs.least_key(a, runs, b);
            let side = self.rows;
            let shifted = |places: Range<usize>, first: usize| places.start - first..places.end - first;
            let worst = both
                .queries
                .worst_of(shifted(side.places(of_a.clone()), both.first_query));
            if least > worst {
                let (lists, first) = both.row_lists();
                if least > lists.worst_of(shifted(side.places(of_b.clone()), first)) {
                    return;
                }
            }
        }
        for one in of_a {
            for other in of_b.clone() {
                if both.rows.is_some() || other >= one + 2 {
                    self.meet(one, other, both);
                }
            }
        }
    }

    /// Every query of one panel and every row of another; within one panel, every pair once.
    fn meet(&self, query_panel: usize, row_panel: usize, both: &mut Both<'_>) {
        let (queries, rows) = (self.queries, self.rows);
        let symmetric = both.symmetric;
        let query_places = queries.places(query_panel..query_panel + 1);
        let row_places = rows.places(row_panel..row_panel + 1);
        let own_panel = symmetric && query_panel == row_panel;
        let first_query = both.first_query;
        if self.prune && !own_panel {
            let least = queries.panels.least_key(query_panel, &rows.panels, row_panel);
            let worst = both
                .queries
                .worst_of(query_places.start - first_query..query_places.end - first_query);
            if least > worst {
                if !symmetric {
                    return;
                }
                let (lists, first) = both.row_lists();
                if least > lists.worst_of(row_places.start - first..row_places.end - first) {
                    return;
                }
            }
        }
        let all = u32::MAX >> (PANEL - row_places.len());
        let later = |lane: usize| {
            if own_panel {
                (u32::MAX << lane) << 1
            } else {
                u32::MAX
            }
        };
        let (Some(frame), Some(of_queries), Some(of_rows)) = (self.frame, &queries.packed, &rows.packed)
        else {
            for (lane, query) in query_places.enumerate() {
                self.decide(query, row_places.start, all & later(lane), both);
            }
            return;
        };
        let instructions = Instructions::detect();
        for first in (0..query_places.len()).step_by(QUERIES) {
            let start = query_panel * PANEL;
            let bounds = &both.queries.bounds[start - first_query..][..PANEL];
            let row_bounds = match &both.rows {
                _ if !symmetric => &NO_BOUND[..],
                Some((lists, first)) => &lists.bounds[row_places.start - first..][..PANEL],
                None => &both.queries.bounds[row_places.start - first_query..][..PANEL],
            };
            let tile = Tile {
                queries: of_queries.values(query_panel),
                query_codes: of_queries.codes(query_panel),
                first,
                rows: of_rows.values(row_panel),
                row_codes: of_rows.codes(row_panel),
                half_penalties: frame.half_penalties(),
                minus_half_squares: &of_rows.minus_half_squares[row_panel * PANEL..][..PANEL],
                half_squares: &of_queries.half_squares[start..][..PANEL],
                query_bounds: bounds,
                row_bounds,
            };
            for (place, passed) in instructions.screen(&tile).into_iter().enumerate() {
                let lane = first + place;
                if lane < query_places.len() {
                    self.decide(start + lane, row_places.start, passed & all & later(lane), both);
                }
            }
        }
    }

    /// Measures in double precision and lists what is near enough.
    #[inline]
    fn decide(&self, query: usize, first_row: usize, mut lanes: u32, both: &mut Both<'_>) {
        let (queries, rows) = (self.queries, self.rows);
        while lanes != 0 {
            let row = first_row + lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            let (a, b) = (queries.rows[query], rows.rows[row]);
            // A row is left out by its index: twins stay.
            if a == b && std::ptr::eq(queries.space, rows.space) {
                continue;
            }
            let key = queries.space.key(a as usize, rows.space, b as usize);
            let place = query - both.first_query;
            if both.queries.offer(place, key, b)
                && let Some(frame) = self.frame
            {
                both.queries.bounds[place] = frame.bound(both.queries.worst(place));
            }
            if both.symmetric {
                let (lists, first) = both.row_lists();
                if lists.offer(row - first, key, a)
                    && let Some(frame) = self.frame
                {
                    lists.bounds[row - first] = frame.bound(lists.worst(row - first));
                }
            }
        }
    }

    /// Whether the distance of two boxes says anything about that of their rows.
    pub(crate) fn boxes_tell(&self) -> bool {
        let no_holes = !self.rows.space.holes && !self.queries.space.holes;
        no_holes && self.rows.space.metric() != Metric::Cosine && self.rows.space.numeric.columns() > 0
    }

    /// The share of panels that a panel of queries cannot skip, from a few of them.
    pub(crate) fn share_met(&self) -> f64 {
        const ASKED: usize = 16;
        let (queries, rows) = (self.queries, self.rows);
        if !self.boxes_tell() {
            return 1.0;
        }
        let (query_panels, row_panels) = (queries.panel_count(), rows.panel_count());
        // A trial that costs more than a part of the search is no trial.
        let asked = (query_panels / 16).clamp(1, ASKED);
        let step = (query_panels / asked).max(1);
        let met = |panel: usize| {
            let mut near: Vec<(f64, usize)> = (0..row_panels)
                .map(|other| (queries.panels.least_key(panel, &rows.panels, other), other))
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let places = queries.places(panel..panel + 1);
            let mut lists = Lists::new(places.len(), self.k, PANEL);
            let mut both = Both {
                queries: &mut lists,
                first_query: places.start,
                rows: None,
                symmetric: false,
            };
            let mut met = 0;
            for (least, other) in near {
                if least > both.queries.worst_of(0..places.len()) {
                    break;
                }
                met += 1;
                if met * 2 > row_panels {
                    return row_panels;
                }
                self.meet(panel, other, &mut both);
            }
            met
        };
        let asked: Vec<usize> = (0..query_panels).step_by(step).take(asked).collect();
        let met: usize = asked.par_iter().map(|&panel| met(panel)).sum();
        met as f64 / (asked.len() * row_panels).max(1) as f64
    }
}

/// Who meets whom in one round of a tournament of an even number of teams: each meets each other once in all rounds.
fn pairings(teams: usize, round: usize) -> Vec<(usize, usize)> {
    let others = teams - 1;
    let seat = |place: usize| {
        if place == 0 {
            others
        } else {
            (round + place - 1) % others
        }
    };
    (0..teams / 2)
        .map(|place| (seat(place), seat(teams - 1 - place)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_two_teams_meet_once() {
        for teams in [2, 4, 8, 10] {
            let mut met: Vec<(usize, usize)> = (1..teams)
                .flat_map(|round| pairings(teams, round))
                .map(|(a, b)| (a.min(b), a.max(b)))
                .collect();
            met.sort_unstable();
            let all: Vec<(usize, usize)> = (0..teams)
                .flat_map(|a| (a + 1..teams).map(move |b| (a, b)))
                .collect();
            assert_eq!(met, all, "{teams} teams");
        }
    }
}

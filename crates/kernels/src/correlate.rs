//! The product behind convolutions and their transposes: rows of weights by columns of what taps read at every place.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::Level;
use crate::panel::{
    CACHED, DEPTH, HIGHEST, Rows, Run, Tile, VECTORS, WIDEST, in_place, multiply, multiply_in_place, pack,
};
use crate::scratch;
use crate::staged::Layout;

/// Columns that a job has, about.
const COLUMNS: usize = 512;

/// The places of one picture at which the product is taken, line by line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) lines: usize,
    pub(crate) columns: usize,
    /// Where the first reads, and how far lines are apart, in a staged picture.
    pub(crate) first: usize,
    pub(crate) line: usize,
    /// Where the first writes within a channel, and how far lines and columns are apart.
    pub(crate) to: usize,
    pub(crate) to_line: usize,
    pub(crate) to_column: usize,
}

/// A product of weights and pictures.
pub(crate) struct Product<'a> {
    pub(crate) pictures: &'a [f32],
    pub(crate) picture_len: usize,
    pub(crate) layout: Layout,
    /// One set of rows with the offsets at which they read, and where they do, for each phase of what is written.
    pub(crate) parts: Vec<(Rows, Vec<usize>, Grid)>,
    pub(crate) bias: Option<&'a [f32]>,
    /// Pixels of a channel that is written.
    pub(crate) channel: usize,
}

impl Product<'_> {
    /// Writes all pictures.
    pub(crate) fn write(&self, level: Level, written: &mut [f32]) {
        let rows = self.parts[0].0.count;
        let each = rows * self.channel;
        let pictures = written.len() / each;
        let threads = rayon::current_num_threads();
        // A job has whole pictures. How many does not change any number.
        let wanted = COLUMNS.div_ceil(self.channel).max(1);
        let most = pictures.div_ceil(threads).max(1);
        let large = self.parts.iter().any(|part| part.0.is_large());
        let some = if large { most } else { wanted.min(most) };
        written
            .par_chunks_mut(each * some)
            .enumerate()
            .for_each(|(job, written)| {
                let first = job * some;
                let pictures =
                    &self.pictures[first * self.picture_len..][..written.len() / each * self.picture_len];
                scratch::with(|[staged, panels]| {
                    let count = written.len() / each;
                    let staged = staged.get(count * self.layout.len());
                    self.layout.stage(level, pictures, staged);
                    for (rows, offsets, grid) in &self.parts {
                        if grid.lines * grid.columns == 0 {
                            continue;
                        }
                        let columns = count * grid.lines * grid.columns;
                        let width = VECTORS * level.lanes();
                        let all = columns.div_ceil(width);
                        let depth = rows.depth.min(DEPTH);
                        let at_once = if rows.count * depth <= CACHED {
                            1
                        } else {
                            (2 * CACHED / (width * depth)).clamp(1, all)
                        };
                        let panels = panels.get(at_once * width * depth);
                        level.run(Job {
                            staged,
                            staged_len: self.layout.len(),
                            rows,
                            offsets,
                            grid,
                            bias: self.bias,
                            channel: self.channel,
                            columns,
                            at_once,
                            panels,
                            written,
                        });
                    }
                });
            });
    }
}

struct Job<'a> {
    staged: &'a [f32],
    staged_len: usize,
    rows: &'a Rows,
    offsets: &'a [usize],
    grid: &'a Grid,
    bias: Option<&'a [f32]>,
    channel: usize,
    columns: usize,
    /// Panels that are packed before rows pass by.
    at_once: usize,
    panels: &'a mut [f32],
    written: &'a mut [f32],
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::F32_LANES == 16 {
            self.tiles::<S, 8>(simd);
        } else {
            self.tiles::<S, 4>(simd);
        }
    }
}

impl Job<'_> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(self, simd: S) {
        let width = VECTORS * S::F32_LANES;
        let panels = self.columns.div_ceil(width);
        let mut tile: Tile = [[0.0; WIDEST]; HIGHEST];
        let mut runs: Vec<Run> = Vec::with_capacity(WIDEST);
        let mut ends: Vec<usize> = Vec::with_capacity(self.at_once + 1);
        for first_panel in (0..panels).step_by(self.at_once) {
            let last_panel = (first_panel + self.at_once).min(panels);
            runs.clear();
            ends.clear();
            for panel in first_panel..last_panel {
                self.runs_of(panel * width, width, &mut runs);
                ends.push(runs.len());
            }
            for first in (0..self.rows.depth).step_by(DEPTH) {
                let (blocks, depth) = self.rows.at(first);
                let offsets = &self.offsets[first..first + depth];
                let mut begin = 0;
                for (panel, &end) in self.panels.chunks_exact_mut(width * depth).zip(&ends) {
                    if in_place::<S>(&runs[begin..end]).is_none() {
                        pack(panel, width, &runs[begin..end], offsets, self.staged);
                    }
                    begin = end;
                }
                // Rows that stay in the cache while all panels pass by.
                let cached = (CACHED / (ROWS * depth)).max(1) * ROWS * depth;
                for (group, blocks) in blocks.chunks(cached).enumerate() {
                    let mut begin = 0;
                    for (panel, &end) in self.panels.chunks_exact(width * depth).zip(&ends) {
                        let runs = &runs[begin..end];
                        begin = end;
                        let places = in_place::<S>(runs);
                        for (number, block) in blocks.chunks_exact(ROWS * depth).enumerate() {
                            let row = (group * (cached / (ROWS * depth)) + number) * ROWS;
                            match places {
                                Some(places) => {
                                    let staged = places.map(|place| &self.staged[place..]);
                                    multiply_in_place::<S, ROWS>(simd, block, offsets, staged, &mut tile);
                                }
                                None => multiply::<S, ROWS>(simd, block, panel, &mut tile),
                            }
                            put::<S, ROWS>(
                                simd,
                                &tile,
                                &Target {
                                    runs,
                                    row,
                                    rows: self.rows.count,
                                    channel: self.channel,
                                    step: self.grid.to_column,
                                    bias: if first == 0 { self.bias } else { None },
                                    adds: first > 0,
                                },
                                self.written,
                            );
                        }
                    }
                }
            }
        }
    }

    /// The runs of a panel. A run ends with its line in the pictures; `written` counts from the start of a picture's channels.
    fn runs_of(&self, first: usize, width: usize, runs: &mut Vec<Run>) {
        let grid = self.grid;
        let pixels = grid.lines * grid.columns;
        let picture_written = self.rows.count * self.channel;
        let last = (first + width).min(self.columns);
        let mut column = first;
        while column < last {
            let (picture, pixel) = (column / pixels, column % pixels);
            let (line, place) = (pixel / grid.columns, pixel % grid.columns);
            let len = (grid.columns - place).min(last - column);
            runs.push(Run {
                to: column - first,
                len,
                from: picture * self.staged_len + grid.first + line * grid.line + place,
                written: picture * picture_written + grid.to + line * grid.to_line + place * grid.to_column,
            });
            column += len;
        }
    }
}

struct Target<'a> {
    runs: &'a [Run],
    /// First row of the tile, and how many there are in all.
    row: usize,
    rows: usize,
    channel: usize,
    step: usize,
    bias: Option<&'a [f32]>,
    adds: bool,
}

#[inline(always)]
fn put<S: Simd, const ROWS: usize>(simd: S, tile: &Tile, target: &Target<'_>, written: &mut [f32]) {
    let width = VECTORS * S::F32_LANES;
    let runs = target.runs;
    // Lines of a picture may follow one another without a gap.
    let whole = target.step == 1
        && runs
            .windows(2)
            .all(|pair| pair[0].written + pair[0].len == pair[1].written)
        && runs.last().is_some_and(|run| run.to + run.len == width);
    for (row, values) in tile.iter().take(ROWS).enumerate() {
        let row = target.row + row;
        if row >= target.rows {
            break;
        }
        let bias = target.bias.map_or(0.0, |bias| bias[row]);
        let shift = row * target.channel;
        if whole {
            let to = &mut written[runs[0].written + shift..][..width];
            let (to, _) = S::as_mut_simd_f32s(to);
            let (values, _) = S::as_simd_f32s(values);
            let bias = simd.splat_f32s(bias);
            for (to, &value) in to.iter_mut().zip(values) {
                let before = if target.adds { *to } else { bias };
                *to = simd.add_f32s(before, value);
            }
            continue;
        }
        for run in runs {
            let to = written[run.written + shift..].iter_mut().step_by(target.step);
            for (to, &value) in to.zip(&values[run.to..run.to + run.len]) {
                *to = if target.adds { *to + value } else { bias + value };
            }
        }
    }
}

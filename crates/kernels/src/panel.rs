//! Pieces of products that fit into the cache: blocks of rows, panels of columns, and the tile that one makes of the other.

use pulp::Simd;
use rayon::prelude::*;

use crate::level::Level;

/// Numbers of a column that are worked on at a time, so that rows and columns stay in the cache.
pub(crate) const DEPTH: usize = 512;
/// Rows of weights that stay in the second level of the cache while columns pass by.
pub(crate) const CACHED: usize = 64 * 1024;
/// Vectors in a line of a tile.
pub(crate) const VECTORS: usize = 2;

/// Columns of the widest panel, and rows of the highest tile.
pub(crate) const WIDEST: usize = 32;
pub(crate) const HIGHEST: usize = 8;

/// Sums of a tile, by row.
pub(crate) type Tile = [[f32; WIDEST]; HIGHEST];

/// Weights in blocks of a tile's rows: by block of depth, by block of rows, by depth, by row.
#[derive(Debug)]
pub(crate) struct Rows {
    values: Vec<f32>,
    pub(crate) count: usize,
    pub(crate) depth: usize,
    block: usize,
}

impl Rows {
    /// Row `row` has at depth `place` the weight at `first(row) + places[place]`; a row without a first has zeros.
    pub(crate) fn pack(
        level: Level,
        rows: usize,
        weight: &[f32],
        places: &[usize],
        first: impl Fn(usize) -> Option<usize> + Sync,
    ) -> Self {
        let (block, depth) = (tile_rows(level), places.len());
        let blocks = rows.div_ceil(block);
        let mut values = vec![0.0; blocks * block * depth];
        let mut at = 0;
        for places in places.chunks(DEPTH) {
            let some = places.len();
            let part = &mut values[at..at + blocks * block * some];
            part.par_chunks_mut(block * some)
                .enumerate()
                .for_each(|(number, part)| {
                    let own = |row: usize| {
                        let row = number * block + row;
                        if row < rows { first(row) } else { None }
                    };
                    let firsts: [Option<usize>; HIGHEST] = std::array::from_fn(own);
                    if places.last().map(|last| last - places[0]) == Some(some - 1) {
                        // One after the other, so row by row.
                        for (row, first) in firsts.into_iter().take(block).enumerate() {
                            let Some(first) = first else { continue };
                            let from = &weight[first + places[0]..][..some];
                            for (value, from) in part[row..].iter_mut().step_by(block).zip(from) {
                                *value = *from;
                            }
                        }
                        return;
                    }
                    for (line, place) in part.chunks_exact_mut(block).zip(places) {
                        for (value, first) in line.iter_mut().zip(firsts) {
                            if let Some(first) = first {
                                *value = weight[first + place];
                            }
                        }
                    }
                });
            at += blocks * block * some;
        }
        Self {
            values,
            count: rows,
            depth,
            block,
        }
    }

    /// Whether they are too many for the cache.
    pub(crate) fn is_large(&self) -> bool {
        self.values.len() > 4 * CACHED
    }

    /// Blocks of rows whose depth begins at `first`.
    pub(crate) fn at(&self, first: usize) -> (&[f32], usize) {
        let some = DEPTH.min(self.depth - first);
        let all = self.count.div_ceil(self.block) * self.block;
        (&self.values[all * first..][..all * some], some)
    }
}

pub(crate) fn tile_rows(level: Level) -> usize {
    if level == Level::Avx512 { 8 } else { 4 }
}

/// Columns of a panel that lie side by side: `to` in the panel, `from` in the staged pictures, `written` in a channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    pub(crate) to: usize,
    pub(crate) len: usize,
    pub(crate) from: usize,
    pub(crate) written: usize,
}

/// Fills a panel: for each offset a line of what all its columns read.
#[inline(always)]
pub(crate) fn pack(panel: &mut [f32], width: usize, runs: &[Run], offsets: &[usize], staged: &[f32]) {
    let filled = runs.last().map_or(0, |run| run.to + run.len);
    let alike = |len: usize| filled == width && runs.iter().all(|run| run.len == len);
    if alike(32) {
        pack_alike::<32>(panel, width, runs, offsets, staged);
    } else if alike(16) {
        pack_alike::<16>(panel, width, runs, offsets, staged);
    } else if alike(8) {
        pack_alike::<8>(panel, width, runs, offsets, staged);
    } else if alike(4) {
        pack_alike::<4>(panel, width, runs, offsets, staged);
    } else {
        for (line, &offset) in panel.chunks_exact_mut(width).zip(offsets) {
            for run in runs {
                let from = &staged[run.from + offset..][..run.len];
                for (to, from) in line[run.to..].iter_mut().zip(from) {
                    *to = *from;
                }
            }
            line[filled..].fill(0.0);
        }
    }
}

#[inline(always)]
fn pack_alike<const LEN: usize>(
    panel: &mut [f32],
    width: usize,
    runs: &[Run],
    offsets: &[usize],
    staged: &[f32],
) {
    for (line, &offset) in panel.chunks_exact_mut(width).zip(offsets) {
        for (to, run) in line.as_chunks_mut::<LEN>().0.iter_mut().zip(runs) {
            if let Some(from) = staged[run.from + offset..].first_chunk::<LEN>() {
                *to = *from;
            }
        }
    }
}

/// A block of rows by a panel. The sums are written at the end only, so that they stay in registers until then.
#[expect(
    clippy::manual_memcpy,
    reason = "a copy of the whole would hold the sums in memory from the start"
)]
#[inline(always)]
pub(crate) fn multiply<S: Simd, const ROWS: usize>(simd: S, block: &[f32], panel: &[f32], tile: &mut Tile) {
    let (lines, _) = S::as_simd_f32s(panel);
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (weights, line) in block
        .as_chunks::<ROWS>()
        .0
        .iter()
        .zip(lines.as_chunks::<VECTORS>().0)
    {
        for row in 0..ROWS {
            let weight = simd.splat_f32s(weights[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = simd.mul_add_e_f32s(weight, line[vector], sums[row][vector]);
            }
        }
    }
    for row in 0..ROWS {
        let (line, _) = S::as_mut_simd_f32s(&mut tile[row]);
        for vector in 0..VECTORS {
            line[vector] = sums[row][vector];
        }
    }
}

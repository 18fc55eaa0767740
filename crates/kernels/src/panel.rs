//! Pieces of products that fit into the cache: blocks of rows, panels of columns, and the tile that one makes of the other.

use pulp::Simd;
use rayon::prelude::*;

use crate::level::{Level, multiply_add};

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
    let len = runs.first().map_or(0, |run| run.len);
    if filled == width && runs.iter().all(|run| run.len == len) {
        match (len, runs.len()) {
            (8, 4) => return pack_alike::<8, 4>(panel, runs, offsets, staged),
            (4, 8) => return pack_alike::<4, 8>(panel, runs, offsets, staged),
            (4, 4) => return pack_alike::<4, 4>(panel, runs, offsets, staged),
            _ => {}
        }
    }
    match runs.iter().map(|run| run.len).max() {
        None => panel.fill(0.0),
        Some(1) => pack_by::<1>(panel, width, runs, offsets, staged),
        Some(2) => pack_by::<2>(panel, width, runs, offsets, staged),
        Some(..=4) => pack_by::<4>(panel, width, runs, offsets, staged),
        Some(..=8) => pack_by::<8>(panel, width, runs, offsets, staged),
        Some(_) => pack_by::<16>(panel, width, runs, offsets, staged),
    }
}

/// The same for runs of one length that fill the panel.
#[inline(always)]
fn pack_alike<const LEN: usize, const RUNS: usize>(
    panel: &mut [f32],
    runs: &[Run],
    offsets: &[usize],
    staged: &[f32],
) {
    let staged: [&[f32]; RUNS] = std::array::from_fn(|run| &staged[runs[run].from..]);
    let (lines, _) = panel.as_chunks_mut::<LEN>();
    let (lines, _) = lines.as_chunks_mut::<RUNS>();
    for (line, &offset) in lines.iter_mut().zip(offsets) {
        for run in 0..RUNS {
            line[run].copy_from_slice(&staged[run][offset..offset + LEN]);
        }
    }
}

/// The same by pieces of `LEN` numbers. A piece may be longer than what is left of its run; what comes behind it, in this line or
/// the next, overwrites the rest.
#[inline(always)]
fn pack_by<const LEN: usize>(
    panel: &mut [f32],
    width: usize,
    runs: &[Run],
    offsets: &[usize],
    staged: &[f32],
) {
    let mut pieces = [Run::default(); WIDEST];
    let mut count = 0;
    for run in runs {
        for first in (0..run.len).step_by(LEN) {
            pieces[count] = Run {
                to: run.to + first,
                len: LEN.min(run.len - first),
                from: run.from + first,
                written: 0,
            };
            count += 1;
        }
    }
    let pieces = &pieces[..count];
    let filled = runs.last().map_or(0, |run| run.to + run.len);
    for (number, &offset) in offsets.iter().enumerate() {
        let line = &mut panel[number * width..];
        for piece in pieces {
            let (to, from) = (&mut line[piece.to..], &staged[piece.from + offset..]);
            if let (Some(to), Some(from)) = (to.first_chunk_mut::<LEN>(), from.first_chunk::<LEN>()) {
                *to = *from;
            } else {
                to[..piece.len].copy_from_slice(&from[..piece.len]);
            }
        }
        line[filled..width].fill(0.0);
    }
}

/// Where the vectors of a panel are read, if each lies within a run: such a panel need not be packed.
#[inline(always)]
pub(crate) fn in_place<S: Simd>(runs: &[Run]) -> Option<[usize; VECTORS]> {
    let mut places = [0; VECTORS];
    let mut vector = 0;
    for run in runs {
        if run.len % S::F32_LANES != 0 {
            return None;
        }
        for first in (0..run.len).step_by(S::F32_LANES) {
            places[vector] = run.from + first;
            vector += 1;
        }
    }
    (vector == VECTORS).then_some(places)
}

/// A block of rows by columns that are read where they lie.
#[inline(always)]
pub(crate) fn multiply_in_place<S: Simd, const ROWS: usize>(
    simd: S,
    block: &[f32],
    offsets: &[usize],
    staged: [&[f32]; VECTORS],
    tile: &mut Tile,
) {
    let line =
        |&offset: &usize| staged.map(|staged| S::as_simd_f32s(&staged[offset..offset + S::F32_LANES]).0[0]);
    sum::<S, ROWS>(simd, block, offsets.iter().map(line), tile);
}

/// A block of rows by a panel.
#[inline(always)]
pub(crate) fn multiply<S: Simd, const ROWS: usize>(simd: S, block: &[f32], panel: &[f32], tile: &mut Tile) {
    let (lines, _) = S::as_simd_f32s(panel);
    sum::<S, ROWS>(simd, block, lines.as_chunks::<VECTORS>().0.iter().copied(), tile);
}

/// Sums products of weights and lines. They are written at the end only, so that they stay in registers until then.
#[expect(
    clippy::manual_memcpy,
    reason = "a copy of the whole would hold the sums in memory from the start"
)]
#[inline(always)]
fn sum<S: Simd, const ROWS: usize>(
    simd: S,
    block: &[f32],
    lines: impl Iterator<Item = [S::f32s; VECTORS]>,
    tile: &mut Tile,
) {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (weights, line) in block.as_chunks::<ROWS>().0.iter().zip(lines) {
        for row in 0..ROWS {
            let weight = simd.splat_f32s(weights[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = multiply_add(simd, weight, line[vector], sums[row][vector]);
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

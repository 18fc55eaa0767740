//! The inner loop: 8 queries against 32 rows, screened in single precision.
//!
//! For each pair it forms `q·x - |x|²/2`, minus half of what different categories add, and compares it with a bound.
//! That is one multiplication and addition for each pair and column. Instructions are chosen at run time; every
//! variant keeps the error bound that [`crate::screen`] proves, and none decides anything.
#![expect(
    unsafe_code,
    reason = "vector instructions are reached through raw pointers and run-time detection"
)]

/// Rows of a panel; the lanes of the widest variant, twice.
pub(crate) const PANEL: usize = 32;
/// Queries that are screened together.
pub(crate) const QUERIES: usize = 8;

/// What one call screens. Panels are stored column after column, [`PANEL`] values each.
pub(crate) struct Tile<'a> {
    /// Panel that the queries are rows of.
    pub(crate) queries: &'a [f32],
    pub(crate) query_codes: &'a [u32],
    /// Place of the first query in its panel.
    pub(crate) first: usize,
    pub(crate) rows: &'a [f32],
    pub(crate) row_codes: &'a [u32],
    /// Half of what two different categories add, one a categorical column.
    pub(crate) half_penalties: &'a [f32],
    /// `-|x|²/2` of each row.
    pub(crate) minus_half_squares: &'a [f32],
    /// `|q|²/2` of each row of the panel of queries.
    pub(crate) half_squares: &'a [f32],
    /// Bounds of the rows of the panel of queries, and of the rows; a pair passes if it reaches the lower one.
    pub(crate) query_bounds: &'a [f32],
    pub(crate) row_bounds: &'a [f32],
}

/// Which instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Instructions {
    /// The best there are on this machine.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// For each query, the rows that pass, one bit each.
    #[inline]
    pub(crate) fn screen(self, tile: &Tile<'_>) -> [u32; QUERIES] {
        let columns = tile.rows.len() / PANEL;
        let categorical = tile.row_codes.len() / PANEL;
        assert!(tile.first + QUERIES <= PANEL);
        assert!(tile.rows.len() == columns * PANEL && tile.queries.len() == columns * PANEL);
        assert!(tile.row_codes.len() == categorical * PANEL && tile.query_codes.len() == categorical * PANEL);
        assert!(tile.half_penalties.len() == categorical);
        assert!(tile.minus_half_squares.len() == PANEL && tile.half_squares.len() == PANEL);
        assert!(tile.query_bounds.len() == PANEL && tile.row_bounds.len() == PANEL);
        match self {
            // SAFETY: `detect` saw the instructions, and the lengths that the pointers rely on were just checked.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { avx512(tile, columns, categorical) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { avx2(tile, columns, categorical) },
            Self::Portable => portable(tile, columns, categorical),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(tile: &Tile<'_>, columns: usize, categorical: usize) -> [u32; QUERIES] {
    use std::arch::x86_64::{
        _CMP_GE_OQ, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_cmpneq_epi32_mask, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_sub_ps, _mm512_min_ps, _mm512_set1_epi32,
        _mm512_set1_ps,
    };
    // SAFETY: the caller checked that every panel has `PANEL` values a column.
    unsafe {
        let start = tile.minus_half_squares.as_ptr();
        let start = [_mm512_loadu_ps(start), _mm512_loadu_ps(start.add(16))];
        let mut sums = [start; QUERIES];
        let (mut query, mut row) = (tile.queries.as_ptr().add(tile.first), tile.rows.as_ptr());
        for _ in 0..columns {
            let (low, high) = (_mm512_loadu_ps(row), _mm512_loadu_ps(row.add(16)));
            for (place, sum) in sums.iter_mut().enumerate() {
                let value = _mm512_set1_ps(*query.add(place));
                sum[0] = _mm512_fmadd_ps(value, low, sum[0]);
                sum[1] = _mm512_fmadd_ps(value, high, sum[1]);
            }
            query = query.wrapping_add(PANEL);
            row = row.wrapping_add(PANEL);
        }
        let (mut query, mut row) = (
            tile.query_codes.as_ptr().wrapping_add(tile.first),
            tile.row_codes.as_ptr(),
        );
        for column in 0..categorical {
            let penalty = _mm512_set1_ps(*tile.half_penalties.get_unchecked(column));
            let (low, high) = (
                _mm512_loadu_si512(row.cast()),
                _mm512_loadu_si512(row.add(16).cast()),
            );
            for (place, sum) in sums.iter_mut().enumerate() {
                let code = _mm512_set1_epi32((*query.add(place)).cast_signed());
                sum[0] = _mm512_mask_sub_ps(sum[0], _mm512_cmpneq_epi32_mask(code, low), sum[0], penalty);
                sum[1] = _mm512_mask_sub_ps(sum[1], _mm512_cmpneq_epi32_mask(code, high), sum[1], penalty);
            }
            query = query.wrapping_add(PANEL);
            row = row.wrapping_add(PANEL);
        }
        let bounds = tile.row_bounds.as_ptr();
        let (low, high) = (_mm512_loadu_ps(bounds), _mm512_loadu_ps(bounds.add(16)));
        let mut passed = [0; QUERIES];
        for (place, (passed, sum)) in passed.iter_mut().zip(sums).enumerate() {
            let half = _mm512_set1_ps(*tile.half_squares.get_unchecked(tile.first + place));
            let bound = _mm512_set1_ps(*tile.query_bounds.get_unchecked(tile.first + place));
            let low = _mm512_add_ps(half, _mm512_min_ps(bound, low));
            let high = _mm512_add_ps(half, _mm512_min_ps(bound, high));
            let low = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(sum[0], low);
            let high = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(sum[1], high);
            *passed = u32::from(low) | u32::from(high) << 16;
        }
        passed
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(tile: &Tile<'_>, columns: usize, categorical: usize) -> [u32; QUERIES] {
    use std::arch::x86_64::{
        _CMP_GE_OQ, _mm256_add_ps, _mm256_andnot_ps, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cmpeq_epi32,
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_min_ps, _mm256_movemask_ps,
        _mm256_set1_epi32, _mm256_set1_ps, _mm256_sub_ps,
    };
    const AT_ONCE: usize = 4;
    let mut passed = [0; QUERIES];
    // SAFETY: the caller checked that every panel has `PANEL` values a column.
    unsafe {
        for group in (0..QUERIES).step_by(AT_ONCE) {
            for half in [0, 16] {
                let start = tile.minus_half_squares.as_ptr().add(half);
                let start = [_mm256_loadu_ps(start), _mm256_loadu_ps(start.add(8))];
                let mut sums = [start; AT_ONCE];
                let mut query = tile.queries.as_ptr().wrapping_add(tile.first + group);
                let mut row = tile.rows.as_ptr().wrapping_add(half);
                for _ in 0..columns {
                    let (low, high) = (_mm256_loadu_ps(row), _mm256_loadu_ps(row.add(8)));
                    for (place, sum) in sums.iter_mut().enumerate() {
                        let value = _mm256_set1_ps(*query.add(place));
                        sum[0] = _mm256_fmadd_ps(value, low, sum[0]);
                        sum[1] = _mm256_fmadd_ps(value, high, sum[1]);
                    }
                    query = query.wrapping_add(PANEL);
                    row = row.wrapping_add(PANEL);
                }
                let mut query = tile.query_codes.as_ptr().wrapping_add(tile.first + group);
                let mut row = tile.row_codes.as_ptr().wrapping_add(half);
                for column in 0..categorical {
                    let penalty = _mm256_set1_ps(*tile.half_penalties.get_unchecked(column));
                    let (low, high) = (
                        _mm256_loadu_si256(row.cast()),
                        _mm256_loadu_si256(row.add(8).cast()),
                    );
                    for (place, sum) in sums.iter_mut().enumerate() {
                        let code = _mm256_set1_epi32((*query.add(place)).cast_signed());
                        let low = _mm256_castsi256_ps(_mm256_cmpeq_epi32(code, low));
                        let high = _mm256_castsi256_ps(_mm256_cmpeq_epi32(code, high));
                        sum[0] = _mm256_sub_ps(sum[0], _mm256_andnot_ps(low, penalty));
                        sum[1] = _mm256_sub_ps(sum[1], _mm256_andnot_ps(high, penalty));
                    }
                    query = query.wrapping_add(PANEL);
                    row = row.wrapping_add(PANEL);
                }
                let bounds = tile.row_bounds.as_ptr().add(half);
                let bounds = [_mm256_loadu_ps(bounds), _mm256_loadu_ps(bounds.add(8))];
                for (place, sum) in sums.iter().enumerate() {
                    let query = tile.first + group + place;
                    let half_square = _mm256_set1_ps(*tile.half_squares.get_unchecked(query));
                    let bound = _mm256_set1_ps(*tile.query_bounds.get_unchecked(query));
                    for part in 0..2 {
                        let least = _mm256_add_ps(half_square, _mm256_min_ps(bound, bounds[part]));
                        let bits = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(sum[part], least));
                        passed[group + place] |= bits.cast_unsigned() << (half + 8 * part);
                    }
                }
            }
        }
    }
    passed
}

fn portable(tile: &Tile<'_>, columns: usize, categorical: usize) -> [u32; QUERIES] {
    let mut passed = [0; QUERIES];
    for (place, passed) in passed.iter_mut().enumerate() {
        let query = tile.first + place;
        let mut sums = [0.0_f32; PANEL];
        sums.copy_from_slice(tile.minus_half_squares);
        for column in 0..columns {
            let value = tile.queries[column * PANEL + query];
            for (sum, row) in sums.iter_mut().zip(&tile.rows[column * PANEL..][..PANEL]) {
                *sum += value * row;
            }
        }
        for column in 0..categorical {
            let code = tile.query_codes[column * PANEL + query];
            let penalty = tile.half_penalties[column];
            for (sum, &row) in sums.iter_mut().zip(&tile.row_codes[column * PANEL..][..PANEL]) {
                *sum -= if code == row { 0.0 } else { penalty };
            }
        }
        for (lane, (sum, &bound)) in sums.iter().zip(tile.row_bounds).enumerate() {
            let least = tile.half_squares[query] + bound.min(tile.query_bounds[query]);
            *passed |= u32::from(*sum >= least) << lane;
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, so that every variant is exact and must agree to the bit.
    #[test]
    fn all_instructions_pass_the_same_pairs() {
        let whole = |seed: usize, n: usize| {
            (0..n)
                .map(|i| ((i * 7919 + seed * 104_729) % 11) as f32 - 5.0)
                .collect::<Vec<_>>()
        };
        for (columns, categorical) in [(0, 3), (1, 0), (7, 2), (50, 0)] {
            let codes = |seed: usize| {
                (0..categorical * PANEL)
                    .map(|i| ((i * 31 + seed) % 3) as u32)
                    .collect::<Vec<_>>()
            };
            let (queries, rows) = (whole(1, columns * PANEL), whole(2, columns * PANEL));
            let (query_codes, row_codes) = (codes(1), codes(5));
            let (half_penalties, minus) = (vec![2.0; categorical], whole(3, PANEL));
            let (half_squares, mut query_bounds, row_bounds) =
                (whole(4, PANEL), whole(5, PANEL), whole(6, PANEL));
            query_bounds[3] = f32::NEG_INFINITY;
            for first in [0, 8, 24] {
                let tile = Tile {
                    queries: &queries,
                    query_codes: &query_codes,
                    first,
                    rows: &rows,
                    row_codes: &row_codes,
                    half_penalties: &half_penalties,
                    minus_half_squares: &minus,
                    half_squares: &half_squares,
                    query_bounds: &query_bounds,
                    row_bounds: &row_bounds,
                };
                let expected = Instructions::Portable.screen(&tile);
                assert_eq!(Instructions::detect().screen(&tile), expected);
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    assert_eq!(Instructions::Avx2.screen(&tile), expected);
                }
            }
        }
    }
}

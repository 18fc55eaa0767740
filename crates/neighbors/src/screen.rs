//! Which pairs can matter at all, told in single precision without missing one.
//!
//! # The bound
//!
//! Values are centred and scaled by a power of two so that none exceeds 1, then rounded. With `e = 2⁻²⁴`, a value
//! changes by a factor within `1 ± e`, a dot product of `d` such values by at most `2e|q||x|` and, summed in any way
//! with or without fused additions, by at most `2(d + 1)e(|q||x| + |x|²/2)` more. Each of the `c` differing categories
//! adds a rounding of the sum so far, which is below `|q||x| + |x|²/2 + P/2` where `P` is the sum of all penalties. As
//! `|q||x| <= (|q|² + |x|²)/2`, everything stays below `K(|q|² + |x|² + P/2)` with `K = (2d + 2c + 16)e`. Half squares are
//! therefore made smaller by `2K` of themselves, and bounds lower by `K P`: a pair that fails the screen is farther than
//! the bound. A key enters a bound with `1 + 8e` times its half, rounded down, which covers the roundings of the
//! comparison and those of the key in double precision. Values that vanish in single precision add less than
//! `d 2⁻¹²⁰`.

use crate::kernel::PANEL;
use crate::{Metric, Space};

const E: f64 = 1.0 / (1 << 24) as f64;

/// Centre and scale that queries and rows share.
pub(crate) struct Frame {
    center: Vec<f64>,
    factor: f64,
    slack: f64,
    half_penalties: Vec<f32>,
    penalty_sum: f64,
    /// A key times this is half a squared distance in the frame.
    halves: f64,
}

/// Rows in panels of [`PANEL`], column after column.
pub(crate) struct Packed {
    columns: usize,
    categorical: usize,
    values: Vec<f32>,
    codes: Vec<u32>,
    pub(crate) half_squares: Vec<f32>,
    pub(crate) minus_half_squares: Vec<f32>,
}

impl Frame {
    /// `None` where single precision cannot tell anything: holes, sums of absolute differences, extreme scales.
    pub(crate) fn of(sides: [&Space; 2]) -> Option<Self> {
        let space = sides[0];
        if sides.iter().any(|space| space.holes) || space.metric == Metric::Manhattan {
            return None;
        }
        let columns = space.numeric.columns();
        let rows = sides[1].rows().max(1) as f64;
        let mut center = vec![0.0; columns];
        if space.metric != Metric::Cosine {
            for row in 0..sides[1].rows() {
                center
                    .iter_mut()
                    .zip(sides[1].numeric.row(row))
                    .for_each(|(sum, value)| *sum += value / rows);
            }
        }
        let most = sides
            .iter()
            .flat_map(|space| (0..space.rows()).map(move |row| (space, row)))
            .flat_map(|(space, row)| (0..columns).map(move |column| (space, row, column)))
            .map(|(space, row, column)| (space.screened(row, column) - center[column]).abs())
            .fold(0.0, f64::max);
        let penalty_root = space.penalties.iter().copied().fold(0.0, f64::max).sqrt();
        let most = most.max(penalty_root);
        if !(most == 0.0 || (1e-100..1e100).contains(&most)) {
            return None;
        }
        let factor = if most == 0.0 {
            1.0
        } else {
            (-most.log2().ceil()).exp2()
        };
        let penalties = space.penalties.iter().map(|penalty| penalty * factor * factor);
        Some(Self {
            slack: (2 * columns + 2 * space.penalties.len() + 16) as f64 * E,
            half_penalties: penalties.clone().map(|penalty| (penalty / 2.0) as f32).collect(),
            penalty_sum: penalties.sum(),
            halves: if space.metric == Metric::Cosine {
                factor * factor
            } else {
                factor * factor / 2.0
            },
            center,
            factor,
        })
    }

    pub(crate) fn half_penalties(&self) -> &[f32] {
        &self.half_penalties
    }

    /// What `q·x - |x|²/2 - |q|²/2` reaches for every pair whose key is at most `key`.
    #[inline]
    pub(crate) fn bound(&self, key: f64) -> f32 {
        let half = key * self.halves * (1.0 + 8.0 * E);
        let bound = -half - self.slack * self.penalty_sum - 1e-36;
        (bound as f32).next_down()
    }

    pub(crate) fn pack(&self, space: &Space, rows: &[u32]) -> Packed {
        let (columns, categorical) = (space.numeric.columns(), space.penalties.len());
        let panels = rows.len().div_ceil(PANEL);
        let mut values = vec![0.0_f32; panels * PANEL * columns];
        let mut codes = vec![u32::MAX; panels * PANEL * categorical];
        let mut half_squares = vec![0.0_f32; panels * PANEL];
        for (place, &row) in rows.iter().enumerate() {
            let row = row as usize;
            let (panel, lane) = (place / PANEL, place % PANEL);
            let mut square = 0.0;
            for column in 0..columns {
                let value = (space.screened(row, column) - self.center[column]) * self.factor;
                square += value * value;
                values[(panel * columns + column) * PANEL + lane] = value as f32;
            }
            for column in 0..categorical {
                codes[(panel * categorical + column) * PANEL + lane] =
                    space.codes[row * categorical + column];
            }
            half_squares[place] = (square / 2.0 * (1.0 - 2.0 * self.slack)) as f32;
        }
        let minus_half_squares = half_squares.iter().map(|half| -half).collect();
        Packed {
            columns,
            categorical,
            values,
            codes,
            half_squares,
            minus_half_squares,
        }
    }
}

impl Packed {
    pub(crate) fn values(&self, panel: usize) -> &[f32] {
        &self.values[panel * PANEL * self.columns..][..PANEL * self.columns]
    }

    pub(crate) fn codes(&self, panel: usize) -> &[u32] {
        &self.codes[panel * PANEL * self.categorical..][..PANEL * self.categorical]
    }
}

//! Rows in an order in which neighbours stand together, and boxes around every panel and every run of panels.

use rayon::prelude::*;

use crate::kernel::PANEL;
use crate::{Metric, Space};

/// Panels of a run.
pub(crate) const RUN: usize = 32;

/// Orders rows so that panels are the leaves of a k-d tree: halved at the median of the widest column.
pub(crate) fn order(space: &Space, rows: &[usize]) -> Vec<u32> {
    let mut order: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    if !space.holes && space.numeric.columns() > 0 {
        halve(space, &mut order);
    }
    order
}

fn halve(space: &Space, rows: &mut [u32]) {
    if rows.len() <= PANEL {
        return;
    }
    let columns = space.numeric.columns();
    let (mut low, mut high) = (vec![f64::INFINITY; columns], vec![f64::NEG_INFINITY; columns]);
    // A few hundred rows tell the widest column; any choice gives the same neighbours.
    let step = (rows.len() / 512).max(1);
    for &row in rows.iter().step_by(step) {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(space.numeric.row(row as usize)) {
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    let widest = (0..columns)
        .max_by(|&a, &b| (high[a] - low[a]).total_cmp(&(high[b] - low[b])))
        .unwrap_or(0);
    let middle = (rows.len() / 2).next_multiple_of(PANEL).min(rows.len() - 1);
    let value = |row: u32| space.numeric.row(row as usize)[widest];
    rows.select_nth_unstable_by(middle, |&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
    let (left, right) = rows.split_at_mut(middle);
    if left.len() > 4096 {
        rayon::join(|| halve(space, left), || halve(space, right));
    } else {
        halve(space, left);
        halve(space, right);
    }
}

/// The smallest and largest value of each numeric column within every group of rows.
pub(crate) struct Boxes {
    columns: usize,
    low: Vec<f64>,
    high: Vec<f64>,
    metric: Metric,
}

impl Boxes {
    /// Boxes around groups of `size` rows that follow one another.
    pub(crate) fn around(space: &Space, rows: &[u32], size: usize) -> Self {
        let columns = space.numeric.columns();
        let one = |group: &[u32]| {
            let (mut low, mut high) = (vec![f64::INFINITY; columns], vec![f64::NEG_INFINITY; columns]);
            for &row in group {
                for ((low, high), &value) in
                    low.iter_mut().zip(&mut high).zip(space.numeric.row(row as usize))
                {
                    *low = low.min(value);
                    *high = high.max(value);
                }
            }
            (low, high)
        };
        let boxes: Vec<(Vec<f64>, Vec<f64>)> = rows.par_chunks(size).map(one).collect();
        let (low, high): (Vec<_>, Vec<_>) = boxes.into_iter().unzip();
        Self {
            columns,
            low: low.concat(),
            high: high.concat(),
            metric: space.metric,
        }
    }

    /// No row of one box has a key below this to a row of the other.
    pub(crate) fn least_key(&self, a: usize, other: &Self, b: usize) -> f64 {
        let (from, to) = (a * self.columns, b * self.columns);
        let mut sum = 0.0;
        for column in 0..self.columns {
            let gap = (self.low[from + column] - other.high[to + column])
                .max(other.low[to + column] - self.high[from + column])
                .max(0.0);
            sum += if self.metric == Metric::Manhattan {
                gap
            } else {
                gap * gap
            };
        }
        // Roundings of this sum and of the keys, with room to spare.
        sum * (1.0 - (self.columns + 8) as f64 * f64::EPSILON)
    }
}

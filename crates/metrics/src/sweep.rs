//! One pass over rows by falling score, for what depends on their order: ROC-AUC and average precision.

use std::ops::{Add, AddAssign, Sub};

/// Weight of rows: whole numbers where rows are only counted, so that sums are exact in any order.
pub(crate) trait Mass: Copy + Default + Add<Output = Self> + AddAssign + Sub<Output = Self> {
    fn to_f64(self) -> f64;
}

impl Mass for u32 {
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Mass for f64 {
    fn to_f64(self) -> f64 {
        self
    }
}

/// Rows in the order of falling scores, and where each group of tied rows ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) rows: Vec<u32>,
    /// Place in `rows` after the last row of each group.
    pub(crate) ends: Vec<u32>,
}

impl Order {
    /// Sorts `rows` by falling score, tied rows in their own order.
    pub(crate) fn new(rows: &[u32], score: impl Fn(u32) -> f64) -> Self {
        let mut scored: Vec<(f64, u32)> = rows.iter().map(|&row| (score(row), row)).collect();
        // Adding 0 makes -0 the same as 0.
        scored.iter_mut().for_each(|(score, _)| *score += 0.0);
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let ends = (1..=scored.len())
            .filter(|&end| end == scored.len() || scored[end].0 != scored[end - 1].0)
            .map(|end| end as u32)
            .collect();
        Self {
            rows: scored.into_iter().map(|(_, row)| row).collect(),
            ends,
        }
    }

    /// Whether `other` is this order read from its end: the same groups, the last one first.
    pub(crate) fn is_reverse_of(&self, other: &Self) -> bool {
        if self.ends.len() != other.ends.len() || self.rows.len() != other.rows.len() {
            return false;
        }
        let groups = |order: &Self| -> Vec<(usize, usize)> {
            let starts = std::iter::once(0).chain(order.ends.iter().copied());
            starts
                .zip(&order.ends)
                .map(|(start, &end)| (start as usize, end as usize))
                .collect()
        };
        // Tied rows stand in their own order in both.
        groups(self)
            .iter()
            .zip(groups(other).iter().rev())
            .all(|(a, b)| self.rows[a.0..a.1] == other.rows[b.0..b.1])
    }
}

/// The two areas of a sweep.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Areas {
    pub(crate) roc_auc: Option<f64>,
    pub(crate) average_precision: Option<f64>,
}

/// Groups of tied rows that hold a row of one class, in the order of a sweep.
#[derive(Debug)]
pub(crate) struct Sweep {
    /// Which order the places are in.
    pub(crate) order: usize,
    /// Whether the order is read from its end.
    reversed: bool,
    /// Start and end of each group, counted in the direction of reading.
    groups: Vec<(u32, u32)>,
    /// Places of the rows of the class in groups of several rows, and how many of them each group has.
    members: Vec<u32>,
    sizes: Vec<u32>,
}

impl Sweep {
    /// `is_class` tells the rows of the class.
    pub(crate) fn new(place: usize, order: &Order, reversed: bool, is_class: impl Fn(u32) -> bool) -> Self {
        let m = order.rows.len() as u32;
        let mut sweep = Self {
            order: place,
            reversed,
            groups: Vec::new(),
            members: Vec::new(),
            sizes: Vec::new(),
        };
        let mut start = 0;
        let mut all: Vec<(u32, u32)> = Vec::with_capacity(order.ends.len());
        for &end in &order.ends {
            all.push((start, end));
            start = end;
        }
        if reversed {
            all.reverse();
        }
        for (start, end) in all {
            let places = (start..end).filter(|&place| is_class(order.rows[place as usize]));
            let before = sweep.members.len();
            sweep.members.extend(places);
            let size = sweep.members.len() - before;
            if size > 0 {
                if end - start == 1 {
                    sweep.members.truncate(before);
                }
                sweep.sizes.push((sweep.members.len() - before) as u32);
                sweep.groups.push(if reversed {
                    (m - end, m - start)
                } else {
                    (start, end)
                });
            }
        }
        if sweep.members.is_empty() {
            sweep.sizes.clear();
        }
        sweep
    }

    /// `upto[i]` is the weight of the first `i` places of the order; `mass` gives the weight of one place.
    pub(crate) fn areas<T: Mass>(&self, upto: &[T], mass: impl Fn(usize) -> T) -> Areas {
        let (Some(&total), m) = (upto.last(), upto.len() - 1) else {
            return Areas::default();
        };
        let single = |start: u32| {
            let start = start as usize;
            mass(if self.reversed { m - 1 - start } else { start })
        };
        match (self.reversed, self.sizes.is_empty()) {
            (false, true) => self.sum(total, |place| upto[place as usize], |(start, _), _| single(start)),
            (true, true) => self.sum(
                total,
                |place| total - upto[m - place as usize],
                |(start, _), _| single(start),
            ),
            (reversed, false) => {
                let mut members = self.members.iter();
                self.sum(
                    total,
                    |place| {
                        if reversed {
                            total - upto[m - place as usize]
                        } else {
                            upto[place as usize]
                        }
                    },
                    |(start, _), group| {
                        let size = self.sizes[group] as usize;
                        if size == 0 {
                            return single(start);
                        }
                        let mut sum = T::default();
                        for &place in members.by_ref().take(size) {
                            sum += mass(place as usize);
                        }
                        sum
                    },
                )
            }
        }
    }

    #[inline]
    fn sum<T: Mass>(
        &self,
        total: T,
        upto: impl Fn(u32) -> T,
        mut told: impl FnMut((u32, u32), usize) -> T,
    ) -> Areas {
        let mut tp = T::default();
        // Twice the weight of pairs in the wrong order, tied pairs once.
        let mut wrong = 0.0;
        let mut area = 0.0;
        for (place, &group) in self.groups.iter().enumerate() {
            let more = told(group, place);
            let (before, after) = (upto(group.0), upto(group.1));
            let fp_before = before - tp;
            tp += more;
            let fp_after = after - tp;
            let more = more.to_f64();
            wrong += more * (fp_before.to_f64() + fp_after.to_f64());
            // Without a row so far the quotient would be 0 / 0.
            let seen = after.to_f64();
            area += more * tp.to_f64() / if seen > 0.0 { seen } else { 1.0 };
        }
        let (p, n) = (tp.to_f64(), (total - tp).to_f64());
        let pairs = p * n;
        Areas {
            roc_auc: (pairs > 0.0).then(|| (1.0 - wrong / (2.0 * pairs)).clamp(0.0, 1.0)),
            average_precision: (p > 0.0).then(|| (area / p).clamp(0.0, 1.0)),
        }
    }
}

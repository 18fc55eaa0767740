//! One pass over rows by falling score, for what depends on their order: ROC-AUC and average precision.

use std::ops::{Add, AddAssign, Mul, Sub};

/// Weight of rows: whole numbers where rows are only counted, so that sums are exact in any order.
pub(crate) trait Mass: Copy + Default + Add<Output = Self> + AddAssign + Sub<Output = Self> {
    /// Holds the weight of pairs of rows.
    type Pairs: Copy + Default + Add<Output = Self::Pairs> + AddAssign + Mul<Output = Self::Pairs> + Into64;

    fn wide(self) -> Self::Pairs;

    fn to_f64(self) -> f64;
}

/// Becomes the nearest fraction in double precision.
pub(crate) trait Into64 {
    fn into_f64(self) -> f64;
}

impl Into64 for u64 {
    fn into_f64(self) -> f64 {
        self as f64
    }
}

impl Into64 for f64 {
    fn into_f64(self) -> f64 {
        self
    }
}

impl Mass for u32 {
    type Pairs = u64;

    fn wide(self) -> u64 {
        u64::from(self)
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Mass for f64 {
    type Pairs = f64;

    fn wide(self) -> f64 {
        self
    }

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
    groups: Groups,
}

/// Places are counted in the direction of reading.
#[derive(Debug)]
enum Groups {
    /// No row of the class is tied: the place of each.
    Single(Vec<u32>),
    /// Groups, and one after another the places of their rows of the class.
    Tied(Vec<Group>, Vec<u32>),
}

#[derive(Debug)]
struct Group {
    start: u32,
    end: u32,
    /// How many rows of the class it has.
    size: u32,
}

impl Sweep {
    /// `is_class` tells the rows of the class.
    pub(crate) fn new(place: usize, order: &Order, reversed: bool, is_class: impl Fn(u32) -> bool) -> Self {
        let last = order.rows.len() as u32;
        let mut start = 0;
        let mut groups: Vec<Group> = Vec::new();
        let mut places: Vec<u32> = Vec::new();
        for &end in &order.ends {
            let before = places.len();
            places.extend((start..end).filter(|&place| is_class(order.rows[place as usize])));
            let size = (places.len() - before) as u32;
            if size > 0 {
                groups.push(Group { start, end, size });
            }
            start = end;
        }
        if reversed {
            places.reverse();
            places.iter_mut().for_each(|place| *place = last - 1 - *place);
            groups.reverse();
            for group in &mut groups {
                (group.start, group.end) = (last - group.end, last - group.start);
            }
        }
        let single = groups.iter().all(|group| group.end - group.start == 1);
        Self {
            order: place,
            reversed,
            groups: if single {
                Groups::Single(places)
            } else {
                Groups::Tied(groups, places)
            },
        }
    }

    /// `upto[i]` is the weight of the first `i` places of the order; `mass` gives the weight of one place.
    pub(crate) fn areas<T: Mass>(&self, upto: &[T], mass: impl Fn(usize) -> T) -> Areas {
        let Some(&total) = upto.last() else {
            return Areas::default();
        };
        let m = upto.len() - 1;
        if self.reversed {
            self.sum(
                total,
                |place| total - upto[m - place as usize],
                |place| mass(m - 1 - place as usize),
            )
        } else {
            self.sum(total, |place| upto[place as usize], |place| mass(place as usize))
        }
    }

    #[inline]
    fn sum<T: Mass>(&self, total: T, upto: impl Fn(u32) -> T, mass: impl Fn(u32) -> T) -> Areas {
        let mut told = Told::default();
        match &self.groups {
            Groups::Single(places) => {
                // Four quotients at a time, which the processor divides two by two.
                let mut fours = places.chunks_exact(4);
                for four in fours.by_ref() {
                    let mut parts = [(0.0, 0.0); 4];
                    for (part, &place) in parts.iter_mut().zip(four) {
                        *part = told.single(upto(place), mass(place));
                    }
                    for (area, (part, whole)) in told.area.iter_mut().zip(parts) {
                        *area += part / whole;
                    }
                }
                for &place in fours.remainder() {
                    let (part, whole) = told.single(upto(place), mass(place));
                    told.area[0] += part / whole;
                }
            }
            Groups::Tied(groups, places) => {
                let mut places = places.as_slice();
                for group in groups {
                    let (own, rest) = places.split_at(group.size as usize);
                    places = rest;
                    let mut more = T::default();
                    own.iter().for_each(|&place| more += mass(place));
                    told.group(upto(group.start), upto(group.end), more);
                }
            }
        }
        let (p, n) = (told.tp.to_f64(), (total - told.tp).to_f64());
        let pairs = p * n;
        let area: f64 = told.area.iter().sum();
        Areas {
            roc_auc: (pairs > 0.0).then(|| (1.0 - told.wrong.into_f64() / (2.0 * pairs)).clamp(0.0, 1.0)),
            average_precision: (p > 0.0).then(|| (area / p).clamp(0.0, 1.0)),
        }
    }
}

/// What a sweep has seen so far.
#[derive(Default)]
struct Told<T: Mass> {
    /// Weight of the class.
    tp: T,
    /// Twice the weight of pairs in the wrong order, tied pairs once.
    wrong: T::Pairs,
    /// Precision times the weight of the class that it holds for.
    area: [f64; 4],
}

impl<T: Mass> Told<T> {
    /// One row, and what it adds to the area, as a numerator and a denominator.
    #[inline]
    fn single(&mut self, before: T, more: T) -> (f64, f64) {
        let above = (before - self.tp).wide();
        self.wrong += more.wide() * (above + above);
        self.tp += more;
        ((more.wide() * self.tp.wide()).into_f64(), seen(before + more))
    }

    fn group(&mut self, before: T, after: T, more: T) {
        let above = (before - self.tp).wide();
        self.tp += more;
        self.wrong += more.wide() * (above + (after - self.tp).wide());
        self.area[0] += (more.wide() * self.tp.wide()).into_f64() / seen(after);
    }
}

/// A denominator; without a row so far the quotient would be 0 / 0.
#[inline]
fn seen<T: Mass>(weight: T) -> f64 {
    let weight = weight.to_f64();
    if weight > 0.0 { weight } else { 1.0 }
}

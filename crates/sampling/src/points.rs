//! Rows as points that methods move: their numbers in one matrix, input rows first and rows that were made below.

use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Labeled, Origin, Replaced, Resampled, Seed, SyntheticValues,
    Warning, agree, counted,
};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::order_of_rows;
use crate::{Chooser, Error, Targets};

/// What numbers are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The range of their column, so that each runs over 1: what the authors do to a table beforehand.
    #[default]
    Range,
    /// As they stand.
    None,
}

/// The norm of a difference: the sum of its absolute values to the power `p`, and the root of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Norm(pub(crate) f64);

impl Norm {
    /// The distance, where it is less than `bound`: a sum that has passed it need not go on.
    pub(crate) fn within(self, x: &[f64], y: &[f64], bound: f64) -> Option<f64> {
        let distance = match self.0 {
            1.0 => summed(x, y, bound, |x, y| (x - y).abs())?,
            2.0 => summed(x, y, bound * bound, |x, y| (x - y) * (x - y))?.sqrt(),
            p => summed(x, y, bound.powf(p), |x, y| (x - y).abs().powf(p))?.powf(1.0 / p),
        };
        (distance < bound).then_some(distance)
    }

    pub(crate) fn length(self, x: &[f64]) -> f64 {
        match self.0 {
            1.0 => x.iter().map(|x| x.abs()).sum(),
            2.0 => x.iter().map(|x| x * x).sum::<f64>().sqrt(),
            p => x.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p),
        }
    }
}

/// Columns after which a sum is held against its bound.
const STRETCH: usize = 64;

/// Eight sums side by side, added in a fixed order at the end: the same bits everywhere. None where the sum is sure to
/// be more than `bound`, rounding included.
#[inline]
fn summed(x: &[f64], y: &[f64], bound: f64, part: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let enough = bound * (1.0 + 1e-9);
    let mut sums = [0.0; 8];
    for (x, y) in x.chunks(STRETCH).zip(y.chunks(STRETCH)) {
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<8>(), y.as_chunks::<8>());
        for (x, y) in x.iter().zip(y) {
            for lane in 0..8 {
                sums[lane] += part(x[lane], y[lane]);
            }
        }
        for lane in 0..x_rest.len().min(y_rest.len()) {
            sums[lane] += part(x_rest[lane], y_rest[lane]);
        }
        if sums.iter().sum::<f64>() > enough {
            return None;
        }
    }
    Some(sums.iter().sum())
}

/// Numbers of input rows and of rows made so far, with the rows of each class in an order of their own.
pub(crate) struct Points<'a> {
    data: &'a Labeled<'a>,
    /// Places of the features that move: numbers that do not name a group.
    moving: Vec<usize>,
    /// What the numbers of each of them were divided by.
    units: Vec<f64>,
    values: Vec<f64>,
    /// A few columns in which many rows differ, once more for all points side by side: most pairs are far apart there
    /// already.
    scouts: Vec<usize>,
    scouted: Vec<f64>,
    /// Input rows of each class, in an order that depends on their names alone.
    ordered: Vec<Vec<usize>>,
    /// Points made of each class, with their base row.
    made: Vec<Vec<(usize, usize)>>,
    /// Points that cleaning took away.
    removed: Vec<bool>,
}

impl<'a> Points<'a> {
    /// Takes the numbers of a table; `seed` puts rows in order.
    pub(crate) fn new(
        data: &'a Labeled<'a>,
        scale: Scale,
        method: &'static str,
        seed: &Seed,
    ) -> Result<Self, Error> {
        let columns = data.features.columns();
        let moves = |&place: &usize| !columns[place].values.is_categorical() && !columns[place].copied;
        let moving: Vec<usize> = (0..columns.len()).filter(moves).collect();
        refuse_missing(&data.features, method)?;
        let units: Vec<f64> = moving
            .par_iter()
            .map(|&place| match scale {
                Scale::Range => range(&columns[place].values, data.rows()),
                Scale::None => 1.0,
            })
            .collect();
        let width = moving.len();
        let mut values = vec![0.0; data.rows() * width];
        if width > 0 {
            values.par_chunks_mut(width).enumerate().for_each(|(row, to)| {
                for ((to, &place), unit) in to.iter_mut().zip(&moving).zip(&units) {
                    *to = number(&columns[place], row) / unit;
                }
            });
        }
        let ordered = |class: u32| {
            let rows = data.labels.rows_of(class);
            let order = order_of_rows(data, seed, &rows);
            order.iter().map(|&place| rows[place as usize]).collect()
        };
        let classes = data.labels.classes().len();
        let scouts = scouts(&values, width);
        let mut points = Self {
            moving,
            units,
            scouted: Vec::with_capacity(data.rows() * scouts.len()),
            scouts,
            values,
            ordered: (0..classes as u32).map(ordered).collect(),
            made: vec![Vec::new(); classes],
            removed: vec![false; data.rows()],
            data,
        };
        points.scout(0);
        Ok(points)
    }

    /// Copies the scouted columns of points from `first` on.
    fn scout(&mut self, first: usize) {
        for point in first..self.removed.len() {
            let row = &self.values[point * self.moving.len()..];
            self.scouted.extend(self.scouts.iter().map(|&column| row[column]));
        }
    }

    /// The distance of two points, where it is less than `bound`.
    pub(crate) fn within(&self, norm: Norm, a: usize, b: usize, bound: f64) -> Option<f64> {
        let scouts = self.scouts.len();
        if scouts > 0 {
            let scouted = |point: usize| &self.scouted[point * scouts..][..scouts];
            // A part of a sum may round to a little more than the whole.
            norm.within(scouted(a), scouted(b), bound * (1.0 + 1e-9))?;
        }
        norm.within(self.row(a), self.row(b), bound)
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.removed.len()
    }

    /// Numbers a point has.
    pub(crate) fn width(&self) -> usize {
        self.moving.len()
    }

    pub(crate) fn row(&self, point: usize) -> &[f64] {
        &self.values[point * self.width()..][..self.width()]
    }

    /// Input rows of a class, in their own order.
    pub(crate) fn rows_of(&self, class: u32) -> &[usize] {
        &self.ordered[class as usize]
    }

    /// All points of a class that are left: input rows, then made ones.
    pub(crate) fn all_of(&self, class: u32) -> Vec<usize> {
        let made = self.made[class as usize].iter().map(|&(point, _)| point);
        let all = self.ordered[class as usize].iter().copied().chain(made);
        all.filter(|&point| !self.removed[point]).collect()
    }

    /// The branch of seeds that belongs to a point of a class.
    pub(crate) fn branch(&self, seed: &Seed, class: u32, point: usize) -> Seed {
        if point < self.data.rows() {
            return self.data.branch_of(seed, point);
        }
        let made = &self.made[class as usize];
        // Points of a class are made one after the other.
        let place = made.partition_point(|&(other, _)| other < point);
        seed.child("made")
            .child(self.data.labels.classes()[class as usize].as_str())
            .child(place as u64)
    }

    /// Adds points of a class below the others; `values` holds one row of numbers a base.
    pub(crate) fn add(&mut self, class: u32, bases: &[usize], values: &[f64]) {
        let first = self.removed.len();
        self.values.extend_from_slice(values);
        self.removed.resize(first + bases.len(), false);
        let made = bases
            .iter()
            .enumerate()
            .map(|(place, &base)| (first + place, base));
        self.made[class as usize].extend(made);
        self.scout(first);
    }

    /// Moves a point.
    pub(crate) fn push(&mut self, point: usize, by: &[f64]) {
        let width = self.width();
        let row = &mut self.values[point * width..][..width];
        row.iter_mut().zip(by).for_each(|(value, by)| *value += by);
        let row = &self.values[point * width..][..width];
        let scouts = self.scouts.len();
        let scouted = self.scouted[point * scouts..][..scouts].iter_mut();
        scouted
            .zip(&self.scouts)
            .for_each(|(to, &column)| *to = row[column]);
    }

    pub(crate) fn remove(&mut self, point: usize) {
        self.removed[point] = true;
    }

    /// What became of the rows, class after class in the order of `targets`.
    pub(crate) fn into_resampled(self, targets: &Targets, warnings: Vec<Warning>) -> Resampled {
        let mut result = Resampled {
            kept: (0..self.data.rows()).filter(|&row| !self.removed[row]).collect(),
            warnings,
            replaced: self.replaced(),
            ..Resampled::default()
        };
        for &(class, count) in &targets.changes {
            if count == 0 {
                continue;
            }
            let made: Vec<(usize, usize)> = self.made[class as usize]
                .iter()
                .copied()
                .filter(|&(point, _)| !self.removed[point])
                .collect();
            append(&mut result.synthetic, self.synthetic(&made));
            let origin = |&(_, base): &(usize, usize)| off_line(class, base);
            result.origin.extend(made.iter().map(origin));
        }
        result
    }

    /// Values of all columns for made points: numbers where they are, the rest from their base.
    fn synthetic(&self, made: &[(usize, usize)]) -> Vec<SyntheticValues> {
        let draws: Vec<Draw> = made.iter().map(|&(_, base)| Draw::copy(base)).collect();
        let mut columns = interpolate(&self.data.features, &draws, &Categories::Base, Chooser::Native);
        let numbers: Vec<(usize, SyntheticValues)> = (0..self.width())
            .into_par_iter()
            .map(|column| (self.moving[column], self.column(column, made.iter().copied())))
            .collect();
        for (place, values) in numbers {
            columns[place] = values;
        }
        columns
    }

    /// New numbers of input rows that were pushed.
    fn replaced(&self) -> Vec<Replaced> {
        let column = |column: usize| {
            let feature = &self.data.features.columns()[self.moving[column]];
            let at = |row: usize| self.values[row * self.width() + column];
            let moved = (0..self.data.rows()).any(|row| at(row) != number(feature, row) / self.units[column]);
            moved.then(|| Replaced {
                feature: self.moving[column],
                values: self.column(column, (0..self.data.rows()).map(|row| (row, row))),
            })
        };
        (0..self.width()).into_par_iter().filter_map(column).collect()
    }

    /// A column of points in the units of the table. What did not move from its base keeps the base's value to the bit.
    fn column(&self, column: usize, points: impl Iterator<Item = (usize, usize)>) -> SyntheticValues {
        let feature = &self.data.features.columns()[self.moving[column]];
        let unit = self.units[column];
        let value = |(point, base): (usize, usize)| {
            let base = number(feature, base);
            let value = base + unit * (self.values[point * self.width() + column] - base / unit);
            match feature.domain {
                Domain::Real => value,
                Domain::Integer => value.round(),
            }
        };
        match feature.values {
            FeatureValues::F32(_) => SyntheticValues::F32(points.map(|pair| value(pair) as f32).collect()),
            _ => SyntheticValues::F64(points.map(value).collect()),
        }
    }
}

/// Scouted columns.
const SCOUTS: usize = 64;

/// The columns whose rows are most evenly spread over both sides of a quarter of the way up; none if there are few
/// columns.
fn scouts(values: &[f64], width: usize) -> Vec<usize> {
    if width < 4 * SCOUTS {
        return Vec::new();
    }
    let side = |column: usize| {
        let numbers = || values.iter().skip(column).step_by(width);
        let (low, high) = numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
            (low.min(x), high.max(x))
        });
        let above = numbers().filter(|&&x| x - low > 0.25 * (high - low)).count();
        above.min(values.len() / width - above)
    };
    let mut spread: Vec<(usize, usize)> = (0..width)
        .into_par_iter()
        .map(|column| (side(column), column))
        .collect();
    spread.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    spread[..SCOUTS].iter().map(|&(_, column)| column).collect()
}

/// Around one row, but on no line to another.
pub(crate) fn off_line(class: u32, base: usize) -> Origin {
    Draw::copy(base).origin(class)
}

/// A method that moves numbers needs all of them.
pub(crate) fn refuse_missing(features: &Features<'_>, method: &'static str) -> Result<(), Error> {
    match features.first_not_finite() {
        None => Ok(()),
        Some((column, row)) => Err(Error::NotFinite {
            column: features.columns()[column].name.clone(),
            row: row + 1,
            method,
        }),
    }
}

/// Says which categories a method of numbers copies.
pub(crate) fn warn_of_categories(features: &Features<'_>, method: &str, warnings: &mut Vec<Warning>) {
    let names: Vec<&str> = features
        .categorical()
        .filter(|feature| !feature.copied)
        .map(|feature| feature.name.as_str())
        .collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "{method} knows numbers only: {} {} in no distance, and new rows have the categories of their base (`{}`)",
        counted(names.len(), "categorical column"),
        agree(names.len(), "counts", "count"),
        names.join("`, `")
    );
    warnings.push(
        Warning::new("sampling.categories-copied", message)
            .with_hint("use smote or amdo, which take categories into account"),
    );
}

fn number(feature: &Feature<'_>, row: usize) -> f64 {
    feature.values.number(row).expect("only numbers move")
}

/// Largest less smallest number; 1 for a constant column, which has no say in any distance.
fn range(values: &FeatureValues<'_>, rows: usize) -> f64 {
    let numbers = (0..rows).filter_map(|row| values.number(row));
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| {
        (low.min(number), high.max(number))
    });
    match high - low {
        range if range > 0.0 && range.is_finite() => range,
        range if range > 0.0 && high > low => f64::MAX,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::Labels;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scouts_change_no_distance(seed: u64, p in 1.0_f64..3.0, part in 0.1_f64..1.2) {
            let mut random = Seed::new(seed).rng();
            let width = 4 * SCOUTS + 5;
            let numbers: Vec<f64> = (0..4 * width).map(|_| random.normal()).collect();
            let labels = Labels::from_names(&["a", "b", "a", "b"]);
            let data = Labeled::new(Features::from_rows(&numbers, width), &labels);
            let mut points = Points::new(&data, Scale::None, "ccr", &Seed::new(1)).expect("no missing value");
            prop_assert_eq!(points.scouts.len(), SCOUTS);
            points.add(0, &[0], &vec![0.5; width]);
            points.push(1, &vec![0.25; width]);
            for norm in [Norm(1.0), Norm(2.0), Norm(p)] {
                for (a, b) in [(0, 1), (2, 3), (4, 1)] {
                    let apart: Vec<f64> = points.row(a).iter().zip(points.row(b)).map(|(x, y)| x - y).collect();
                    let distance = norm.length(&apart);
                    let found = points.within(norm, a, b, f64::MAX).unwrap_or(f64::MAX);
                    prop_assert!((found - distance).abs() < 1e-9 * distance);
                    let bound = part * distance;
                    prop_assert_eq!(points.within(norm, a, b, bound), (found < bound).then_some(found));
                }
            }
        }
    }
}

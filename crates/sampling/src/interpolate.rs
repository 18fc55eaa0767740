//! The arithmetic: from draws to values, column by column, in the type of each column.

use counterpoise_base::{Domain, Feature, FeatureValues, Features, MISSING, Origin, SyntheticValues};
use rayon::prelude::*;

use crate::Chooser;

/// How one synthetic row is made: `base + step * (scale * (neighbor - base))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Draw {
    /// Input row of the first parent.
    pub(crate) base: usize,
    /// Input row of the second parent, or `n + i` for the synthetic row `i` that was made before.
    pub(crate) neighbor: usize,
    /// Step from `base` towards `neighbor`: in `[0, 1)` for most methods, below 0 to move away, above 1 to go beyond.
    pub(crate) step: f64,
    /// Shortens the difference before the step; 1 for all but Borderline-SMOTE 2.
    pub(crate) scale: f64,
}

impl Draw {
    pub(crate) fn new(base: usize, neighbor: usize, step: f64) -> Self {
        Self {
            base,
            neighbor,
            step,
            scale: 1.0,
        }
    }

    /// An exact copy of a row.
    pub(crate) fn copy(row: usize) -> Self {
        Self::new(row, row, 0.0)
    }

    pub(crate) fn origin(&self, class: u32) -> Origin {
        let step = self.step * self.scale;
        Origin {
            class,
            base: self.base as u32,
            neighbor: self.neighbor as u32,
            away_from: self.base as u32,
            step,
        }
    }
}

/// How a category of a synthetic row is found.
pub(crate) enum Categories<'a> {
    /// The most frequent one among these input rows, nearest first, one list a draw; of equally frequent ones the
    /// one that occurs first.
    Vote(&'a (dyn Fn(usize) -> Vec<u32> + Sync)),
    /// Already chosen: one list a categorical column, one code a draw.
    Given(&'a [Vec<u32>]),
    /// The base's.
    Base,
}

/// Values of all columns for all draws.
pub(crate) fn interpolate(
    features: &Features<'_>,
    draws: &[Draw],
    categories: &Categories<'_>,
    chooser: Chooser,
) -> Vec<SyntheticValues> {
    interpolate_after(features, &[], draws, categories, chooser)
}

/// As [`interpolate`], with parents that may be rows made before; `made` has one entry a column, or none at all.
pub(crate) fn interpolate_after(
    features: &Features<'_>,
    made: &[SyntheticValues],
    draws: &[Draw],
    categories: &Categories<'_>,
    chooser: Chooser,
) -> Vec<SyntheticValues> {
    let rows = features.rows();
    let mut categorical = 0;
    let places: Vec<(&Feature<'_>, usize)> = features
        .columns()
        .iter()
        .map(|feature| {
            let place = categorical;
            categorical += usize::from(feature.values.is_categorical());
            (feature, place)
        })
        .collect();
    let votes: Vec<Vec<u32>> = match categories {
        Categories::Vote(voters) if categorical > 0 => (0..draws.len()).into_par_iter().map(voters).collect(),
        _ => Vec::new(),
    };
    places
        .into_par_iter()
        .enumerate()
        .map(|(column, (feature, place))| match &feature.values {
            FeatureValues::F64(values) => {
                let made = made
                    .get(column)
                    .and_then(SyntheticValues::as_f64)
                    .unwrap_or_default();
                let at = |row: usize| {
                    row.checked_sub(rows)
                        .map_or_else(|| values.get(row), |row| made[row])
                };
                let mix = |draw: &Draw| mix(feature, draw, at(draw.base), at(draw.neighbor), chooser);
                SyntheticValues::F64(draws.par_iter().map(mix).collect())
            }
            FeatureValues::F32(values) => {
                let made = made
                    .get(column)
                    .and_then(SyntheticValues::as_f32)
                    .unwrap_or_default();
                let at = |row: usize| {
                    row.checked_sub(rows)
                        .map_or_else(|| values.get(row), |row| made[row])
                };
                let mix = |draw: &Draw| mix_single(feature, draw, at(draw.base), at(draw.neighbor), chooser);
                SyntheticValues::F32(draws.par_iter().map(mix).collect())
            }
            FeatureValues::Codes { codes, .. } => {
                let made = made
                    .get(column)
                    .and_then(SyntheticValues::as_codes)
                    .map_or(&[][..], Vec::as_slice);
                let at = |row: usize| row.checked_sub(rows).map_or_else(|| codes[row], |row| made[row]);
                let code = |(index, draw): (usize, &Draw)| match categories {
                    _ if feature.copied => at(draw.base),
                    Categories::Vote(_) if draw.base != draw.neighbor => {
                        most_frequent(votes[index].iter().map(|&row| at(row as usize)))
                            .unwrap_or_else(|| at(draw.base))
                    }
                    Categories::Given(chosen) => chosen[place][index],
                    Categories::Vote(_) | Categories::Base => at(draw.base),
                };
                SyntheticValues::Codes(draws.par_iter().enumerate().map(code).collect())
            }
        })
        .collect()
}

fn mix(feature: &Feature<'_>, draw: &Draw, base: f64, neighbor: f64, chooser: Chooser) -> f64 {
    if feature.copied {
        return base;
    }
    // Where one parent lacks the value, the other's stands.
    if base.is_nan() || neighbor.is_nan() {
        return if base.is_nan() { neighbor } else { base };
    }
    let value = base + draw.step * ((neighbor - base) * draw.scale);
    if !(0.0..=1.0).contains(&draw.step) {
        return match feature.domain {
            Domain::Real => value,
            Domain::Integer => value.round(),
        };
    }
    match (chooser, feature.domain) {
        // Rounding may leave the segment by one unit in the last place.
        (Chooser::Native, Domain::Real) => value.clamp(base.min(neighbor), base.max(neighbor)),
        (Chooser::Native, Domain::Integer) => value.round().clamp(base.min(neighbor), base.max(neighbor)),
        (Chooser::Numpy, Domain::Real) => value,
        // The cast back to an integer column cuts the fraction off.
        (Chooser::Numpy, Domain::Integer) => value.trunc(),
    }
}

fn mix_single(feature: &Feature<'_>, draw: &Draw, base: f32, neighbor: f32, chooser: Chooser) -> f32 {
    if chooser == Chooser::Native || feature.copied || base.is_nan() || neighbor.is_nan() {
        return mix(feature, draw, f64::from(base), f64::from(neighbor), chooser) as f32;
    }
    // numpy subtracts in single precision and goes on in double.
    let difference = if draw.scale == 1.0 {
        neighbor - base
    } else {
        ((f64::from(neighbor - base)) * draw.scale) as f32
    };
    (f64::from(base) + draw.step * f64::from(difference)) as f32
}

/// The most frequent code that is not missing; of equals the first.
fn most_frequent(codes: impl Iterator<Item = u32>) -> Option<u32> {
    let mut counts: Vec<(u32, usize)> = Vec::new();
    for code in codes.filter(|&code| code != MISSING) {
        match counts.iter_mut().find(|(seen, _)| *seen == code) {
            Some((_, count)) => *count += 1,
            None => counts.push((code, 1)),
        }
    }
    let best = counts.iter().map(|(_, count)| *count).max()?;
    counts
        .iter()
        .find(|(_, count)| *count == best)
        .map(|(code, _)| *code)
}

/// Appends the columns of one class to those of the classes before.
pub(crate) fn append(all: &mut Vec<SyntheticValues>, more: Vec<SyntheticValues>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for (to, from) in all.iter_mut().zip(more) {
        match (to, from) {
            (SyntheticValues::F64(to), SyntheticValues::F64(from)) => to.extend(from),
            (SyntheticValues::F32(to), SyntheticValues::F32(from)) => to.extend(from),
            (SyntheticValues::Codes(to), SyntheticValues::Codes(from)) => to.extend(from),
            _ => unreachable!("a feature has one type in all classes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equally_frequent_categories_go_to_the_nearer_neighbor() {
        assert_eq!(most_frequent([3, 1, 1, 3].into_iter()), Some(3));
        assert_eq!(most_frequent([3, 1, 1, MISSING].into_iter()), Some(1));
        assert_eq!(most_frequent([MISSING].into_iter()), None);
    }

    proptest! {
        #[test]
        fn a_synthetic_row_lies_between_its_parents(a in -1e9..1e9, b in -1e9..1e9, step in 0.0..1.0) {
            let data = [a, b];
            let features = Features::from_rows(&data, 1);
            let made = interpolate(&features, &[Draw::new(0, 1, step)], &Categories::Base, Chooser::Native);
            let SyntheticValues::F64(values) = &made[0] else { panic!("numbers stay numbers") };
            prop_assert!(values[0] >= a.min(b) && values[0] <= a.max(b));
        }
    }
}

//! Draws of rows and repeats, and the intervals that follow from them.

use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Observer, Seed};
use counterpoise_metrics::{Bootstrap, GroupMeasure, Measure};
use rayon::prelude::*;

use super::Setting;
use super::outcome::Score;
use super::scores::Scorer;
use super::training::Training;
use crate::Error;

const TASK: &str = "drawing rows for intervals";

/// Scores of all combinations for each draw of rows and repeats.
pub(super) fn draw(
    scorers: &[Scorer],
    setting: &Setting<'_>,
    repeats: usize,
    observer: &dyn Observer,
) -> Result<Vec<Vec<Vec<f64>>>, Error> {
    let compare = setting.compare;
    let rows = setting.prepared.labels.len();
    let seed = Seed::new(setting.experiment.seed)
        .child("compare")
        .child("intervals");
    let bootstrap = Bootstrap::new(seed.number()).with_draws(compare.draws);
    let done = AtomicU64::new(0);
    let one = |counts: &mut Vec<u16>, draw: usize| {
        bootstrap.counts(draw, rows, counts);
        let mut random = seed.child("repeats").child(draw as u64).rng();
        let mut times = vec![0_u16; repeats];
        (0..repeats).for_each(|_| times[random.below(repeats)] += 1);
        let scores = scorers
            .iter()
            .map(|scorer| scorer.score(counts, &times))
            .collect();
        let event = Event::Progress {
            task: TASK,
            done: done.fetch_add(1, Ordering::Relaxed) + 1,
            total: compare.draws as u64,
        };
        if observer.observe(&event).is_break() {
            Err(Error::Stopped)
        } else {
            Ok(scores)
        }
    };
    let drawn = (0..compare.draws)
        .into_par_iter()
        .map_init(Vec::new, one)
        .collect();
    let _ = observer.observe(&Event::Finished { task: TASK });
    drawn
}

/// A number that is scored.
pub(super) struct Named {
    pub(super) name: String,
    /// The least and the most that it can be.
    bounds: (f64, f64),
}

impl From<&Measure> for Named {
    fn from(measure: &Measure) -> Self {
        Self {
            name: measure.name(),
            bounds: bounds(measure),
        }
    }
}

impl From<&GroupMeasure> for Named {
    fn from(measure: &GroupMeasure) -> Self {
        Self {
            name: measure.name(),
            bounds: measure.range(),
        }
    }
}

/// Scores of each draw and of the rows as they are, by combination and measure, and what training rows add to them.
pub(super) struct Draws<'a> {
    pub(super) drawn: &'a [Vec<Vec<f64>>],
    pub(super) original: &'a [Vec<f64>],
    pub(super) training: &'a Training,
    pub(super) level: f64,
}

impl Draws<'_> {
    /// The score of a combination, or what it adds to another.
    pub(super) fn value(&self, index: usize, base: Option<usize>, column: usize) -> Option<f64> {
        let scores = &self.original;
        let value = scores[index][column] - base.map_or(0.0, |base| scores[base][column]);
        Some(value).filter(|value| value.is_finite())
    }

    /// That value in each draw.
    fn of(&self, index: usize, base: Option<usize>, column: usize) -> impl Iterator<Item = f64> + Clone {
        self.drawn
            .iter()
            .map(move |draw| draw[index][column] - base.map_or(0.0, |base| draw[base][column]))
    }

    /// Its standard error from test rows and repeats, and how many times as much it is with training rows.
    fn error(&self, index: usize, base: Option<usize>, column: usize) -> (f64, f64) {
        let spread = deviation(self.of(index, base, column).filter(|value| value.is_finite()));
        let more = self.training.variance(index, base, column) / spread.powi(2);
        (
            spread,
            if more.is_finite() {
                (1.0 + more).sqrt()
            } else {
                1.0
            },
        )
    }

    pub(super) fn interval(
        &self,
        index: usize,
        base: Option<usize>,
        column: usize,
        named: &Named,
    ) -> Option<(f64, f64)> {
        self.value(index, base, column)?;
        let tail = 0.5 * (1.0 - self.level);
        let (low, high) = percentiles(self.of(index, base, column), tail)?;
        let (_, times) = self.error(index, base, column);
        let more = 0.5 * (times - 1.0) * (high - low);
        let (least, most) = match base {
            None => named.bounds,
            Some(_) => (f64::NEG_INFINITY, f64::INFINITY),
        };
        Some(((low - more).max(least), (high + more).min(most)))
    }

    /// Half the width, in standard errors, of intervals of differences that hold for all of `others` at once.
    pub(super) fn max_t(&self, others: &[usize], base: usize, column: usize) -> Option<f64> {
        let known: Vec<(usize, f64, f64)> = others
            .iter()
            .filter_map(|&other| {
                let (spread, _) = self.error(other, Some(base), column);
                Some((other, self.value(other, Some(base), column)?, spread))
            })
            .filter(|(_, _, spread)| *spread > 0.0)
            .collect();
        let mut most: Vec<f64> = self
            .drawn
            .iter()
            .map(|draw| {
                let t = |(other, value, spread): &(usize, f64, f64)| {
                    ((draw[*other][column] - draw[base][column] - value) / spread).abs()
                };
                known.iter().map(t).filter(|t| t.is_finite()).fold(0.0, f64::max)
            })
            .collect();
        most.sort_by(f64::total_cmp);
        let place = (self.level * most.len() as f64).ceil() as usize;
        (!known.is_empty()).then(|| most[place.clamp(1, most.len()) - 1])
    }

    /// What a combination adds to another, and half the width of its interval of `wide` standard errors.
    pub(super) fn simultaneous(
        &self,
        index: usize,
        base: usize,
        column: usize,
        wide: f64,
    ) -> Option<(f64, f64)> {
        let difference = self.value(index, Some(base), column)?;
        let (spread, times) = self.error(index, Some(base), column);
        Some((difference, wide * spread * times))
    }

    /// A score, and what it adds to `against`: a combination and its [`max_t`](Self::max_t).
    pub(super) fn score(
        &self,
        index: usize,
        against: Option<(usize, Option<f64>)>,
        column: usize,
        named: &Named,
    ) -> Score {
        let mut score = Score {
            measure: named.name.clone(),
            value: self.value(index, None, column),
            interval: self.interval(index, None, column, named),
            difference: None,
            difference_interval: None,
            simultaneous_interval: None,
        };
        if let Some((none, wide)) = against {
            score.difference = self.value(index, Some(none), column);
            score.difference_interval = self.interval(index, Some(none), column, named);
            score.simultaneous_interval = score.difference_interval.and(wide).and_then(|wide| {
                let (difference, half) = self.simultaneous(index, none, column, wide)?;
                Some((difference - half, difference + half))
            });
        }
        score
    }
}

/// The interval that leaves `tail` of the numbers out at each end; absent if more than one in twenty is not defined.
fn percentiles(values: impl Iterator<Item = f64>, tail: f64) -> Option<(f64, f64)> {
    let all: Vec<f64> = values.collect();
    let mut sorted: Vec<f64> = all.iter().copied().filter(|value| value.is_finite()).collect();
    if sorted.is_empty() || (all.len() - sorted.len()) * 20 > all.len() {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some((at(tail), at(1.0 - tail)))
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// The least and the most that a measure can be.
fn bounds(measure: &Measure) -> (f64, f64) {
    match measure {
        Measure::Mcc | Measure::Kappa => (-1.0, 1.0),
        Measure::Brier | Measure::LogLoss | Measure::MeanAbsoluteErrorMacro => (0.0, f64::INFINITY),
        Measure::Iba(_) => (f64::NEG_INFINITY, f64::INFINITY),
        _ => (0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simultaneous_intervals_are_wider_than_single_ones() {
        let mut random = Seed::new(5).rng();
        let drawn: Vec<Vec<Vec<f64>>> = (0..2000)
            .map(|_| {
                std::iter::once(vec![0.0])
                    .chain((0..8).map(|_| vec![random.normal()]))
                    .collect()
            })
            .collect();
        let draws = Draws {
            drawn: &drawn,
            original: &vec![vec![0.0]; 9],
            training: &Training::default(),
            level: 0.95,
        };
        let one = draws.max_t(&[1], 0, 0).expect("it varies");
        let all = draws.max_t(&[1, 2, 3, 4, 5, 6, 7, 8], 0, 0).expect("they vary");
        assert!((one - 1.96).abs() < 0.15, "{one}");
        assert!((all - 2.73).abs() < 0.2, "{all}");
    }

    #[test]
    fn percentiles_leave_out_what_is_not_defined_unless_it_is_much() {
        let some = (0..100).map(|value| if value < 3 { f64::NAN } else { f64::from(value) });
        assert!(percentiles(some, 0.025).is_some());
        let many = (0..100).map(|value| if value < 30 { f64::NAN } else { f64::from(value) });
        assert_eq!(percentiles(many, 0.025), None);
    }
}

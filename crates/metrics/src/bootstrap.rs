use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Observer, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Evaluator, Measure, Predictions, normal};

const TASK: &str = "drawing rows for intervals";

/// Most groups that the jackknife leaves out one after another.
const JACKKNIFE: usize = 1000;

/// Every draw is kept in memory.
const MOST_DRAWS: usize = 1_000_000;

/// Share of draws that may be undefined before an interval is left out.
const MOST_UNDEFINED: f64 = 0.05;

/// How draws become an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalKind {
    /// Between two quantiles of the draws.
    Percentile,
    /// Between two quantiles that are moved for bias and for a spread that changes with the value.
    ///
    /// # Source
    ///
    /// Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987). The acceleration comes from a jackknife that
    /// leaves out one row at a time, or one of 1000 groups of rows where there are more rows than that.
    #[default]
    Bca,
}

/// Intervals from drawing the rows anew, with replacement, many times.
///
/// For the same seed the same bits, with any number of threads.
///
/// ```
/// use counterpoise_metrics::{Bootstrap, Measure, Predictions};
///
/// let classes = ["common".to_owned(), "rare".to_owned()];
/// let truth: Vec<u32> = (0..200).map(|row| u32::from(row % 10 == 0)).collect();
/// let predicted: Vec<u32> = (0..200).map(|row| u32::from(row % 15 == 0)).collect();
/// let rows = Predictions::new(&classes, &truth, &predicted)?;
/// let recall: Measure = "recall:rare".parse()?;
/// let estimates = Bootstrap::new(42).intervals(&[recall], &rows, &())?;
/// let (low, high) = estimates[0].interval.expect("few draws are undefined");
/// assert!(low < 0.35 && 0.35 < high);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 14. An interval speaks of new rows
/// for the same trained model, not of training again. With few rows of a class it is too narrow: `docs/coverage.md`
/// has the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Bootstrap {
    /// How often the rows are drawn anew; at least 1.
    pub draws: usize,
    /// How often an interval should hold the true value, between 0 and 1.
    pub level: f64,
    /// How draws become an interval.
    pub kind: IntervalKind,
    /// Where the draws come from.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            draws: 2000,
            level: 0.95,
            kind: IntervalKind::Bca,
            seed: 0,
        }
    }
}

/// A number and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The number of the rows as they are; absent where it is not defined.
    pub value: Option<f64>,
    /// Lower and upper end; absent where the value is, or where more than 5 % of draws are undefined.
    pub interval: Option<(f64, f64)>,
    /// Draws in which the number was not defined; they are left out.
    pub undefined: usize,
    /// Draws in all.
    pub draws: usize,
}

impl Bootstrap {
    /// The default options with a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Sets [`draws`](Self::draws).
    pub fn with_draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Sets [`level`](Self::level).
    pub fn with_level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Sets [`kind`](Self::kind).
    pub fn with_kind(mut self, kind: IntervalKind) -> Self {
        self.kind = kind;
        self
    }

    /// How often each of `n` rows is in draw number `draw`; depends on the seed, `draw` and `n` only.
    pub fn counts(&self, draw: usize, n: usize, counts: &mut Vec<u16>) {
        counts.clear();
        counts.resize(n, 0);
        let mut random = self.root().child(draw as u64).rng();
        let Ok(bound) = u32::try_from(n) else {
            (0..n).for_each(|_| {
                let count = &mut counts[random.below(n)];
                *count = count.saturating_add(1);
            });
            return;
        };
        if bound == 0 {
            return;
        }
        // Lemire's multiplication on halves of 64 bits; the rejected low products would make some rows likelier.
        let threshold = bound.wrapping_neg() % bound;
        let mut take = |half: u32| {
            let product = u64::from(half) * u64::from(bound);
            let fits = product as u32 >= threshold;
            if fits {
                // Nobody draws one of so many rows 65 536 times.
                let count = &mut counts[(product >> 32) as usize];
                *count = count.wrapping_add(1);
            }
            usize::from(fits)
        };
        let mut left = n;
        let mut words = [0; 64];
        while left > 1 {
            // No more than can be used, so that nothing is counted in here.
            let words = &mut words[..(left / 2).min(64)];
            random.fill(words);
            left -= words
                .iter()
                .map(|&bits| take(bits as u32) + take((bits >> 32) as u32))
                .sum::<usize>();
        }
        while left > 0 {
            left -= take(random.bits() as u32);
        }
    }

    /// Intervals of `k` numbers at once. `statistic` maps the counts of `n` rows to them, NaN for what is not defined;
    /// the difference of two models on the same counts gives a paired interval.
    ///
    /// Missing numbers count as NaN, those beyond `k` are dropped.
    pub fn run(
        &self,
        n: usize,
        k: usize,
        statistic: impl Fn(&[u16]) -> Vec<f64> + Sync,
        observer: &dyn Observer,
    ) -> Result<Vec<Estimate>, Error> {
        self.check()?;
        if n == 0 {
            return Err(Error::NoRows);
        }
        let left_out = match self.kind {
            IntervalKind::Percentile => None,
            IntervalKind::Bca => Some(self.groups(n)),
        };
        let units = self.draws + left_out.as_ref().map_or(0, Vec::len);
        let done = AtomicU64::new(0);
        let evaluate = |counts: &[u16]| {
            let mut numbers = statistic(counts);
            numbers.resize(k, f64::NAN);
            let event = Event::Progress {
                task: TASK,
                done: done.fetch_add(1, Ordering::Relaxed) + 1,
                total: units as u64,
            };
            if observer.observe(&event).is_break() {
                Err(Error::Stopped)
            } else {
                Ok(numbers)
            }
        };
        let original = statistic(&vec![1; n]);
        let draws: Vec<Vec<f64>> = (0..self.draws)
            .into_par_iter()
            .map_init(Vec::new, |counts, draw| {
                self.counts(draw, n, counts);
                evaluate(counts)
            })
            .collect::<Result<_, _>>()?;
        let without: Vec<Vec<f64>> = left_out
            .unwrap_or_default()
            .par_iter()
            .map_init(Vec::new, |counts, rows| {
                counts.clear();
                counts.resize(n, 1_u16);
                rows.iter().for_each(|&row| counts[row] = 0);
                evaluate(counts)
            })
            .collect::<Result<_, _>>()?;
        let estimates = (0..k)
            .into_par_iter()
            .map(|number| {
                let column = |table: &[Vec<f64>]| -> Vec<f64> {
                    let numbers = table.iter().map(|numbers| numbers[number]);
                    numbers.filter(|value| value.is_finite()).collect()
                };
                let value = original.get(number).copied().filter(|value| value.is_finite());
                self.estimate(value, column(&draws), &column(&without))
            })
            .collect();
        if observer.observe(&Event::Finished { task: TASK }).is_break() {
            return Err(Error::Stopped);
        }
        Ok(estimates)
    }

    /// An interval for each measure.
    pub fn intervals(
        &self,
        measures: &[Measure],
        p: &Predictions<'_>,
        observer: &dyn Observer,
    ) -> Result<Vec<Estimate>, Error> {
        let evaluator = Evaluator::new(measures, p, None)?;
        self.run(
            p.len(),
            measures.len(),
            |counts| evaluator.values(counts),
            observer,
        )
    }

    fn root(&self) -> Seed {
        Seed::new(self.seed).child("bootstrap")
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=MOST_DRAWS).contains(&self.draws) {
            return Err(Error::OutOfRange {
                option: "draws",
                value: self.draws.to_string(),
                range: "1 to 1000000",
            });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::OutOfRange {
                option: "level",
                value: self.level.to_string(),
                range: "above 0 and below 1",
            });
        }
        Ok(())
    }

    /// What the jackknife leaves out: each row, or groups of chance whose sizes differ by one at most.
    fn groups(&self, n: usize) -> Vec<Vec<usize>> {
        let mut rows: Vec<usize> = (0..n).collect();
        if n > JACKKNIFE {
            let mut random = self.root().child("jackknife").rng();
            for last in (1..n).rev() {
                rows.swap(last, random.below(last + 1));
            }
        }
        let mut groups = vec![Vec::new(); n.min(JACKKNIFE)];
        for (place, row) in rows.into_iter().enumerate() {
            groups[place % JACKKNIFE].push(row);
        }
        groups
    }

    fn estimate(&self, value: Option<f64>, mut drawn: Vec<f64>, without: &[f64]) -> Estimate {
        let undefined = self.draws - drawn.len();
        drawn.sort_by(f64::total_cmp);
        let few = undefined as f64 <= MOST_UNDEFINED * self.draws as f64 && !drawn.is_empty();
        let interval = value.filter(|_| few).map(|value| {
            let tail = 0.5 * (1.0 - self.level);
            let (low, high) = match self.kind {
                IntervalKind::Percentile => (tail, 1.0 - tail),
                IntervalKind::Bca => bca(value, &drawn, without, tail),
            };
            (quantile(&drawn, low), quantile(&drawn, high))
        });
        Estimate {
            value,
            interval,
            undefined,
            draws: self.draws,
        }
    }
}

/// The two shares of draws below the ends of a BCa interval.
fn bca(value: f64, drawn: &[f64], without: &[f64], tail: f64) -> (f64, f64) {
    let b = drawn.len() as f64;
    let below = drawn.partition_point(|&draw| draw < value) as f64;
    let equal = drawn.partition_point(|&draw| draw <= value) as f64 - below;
    // Draws equal to the value count half, so that a number that never changes has no bias; and a share of 0 or 1,
    // whose quantile is infinite, becomes half a draw.
    let share = ((below + 0.5 * equal) / b).clamp(0.5 / b, 1.0 - 0.5 / b);
    let bias = normal::quantile(share);
    let mean = without.iter().sum::<f64>() / without.len().max(1) as f64;
    let (squares, cubes) = without.iter().fold((0.0, 0.0), |(squares, cubes), one| {
        let gap = mean - one;
        (squares + gap * gap, cubes + gap * gap * gap)
    });
    let spread: f64 = 6.0 * f64::powf(squares, 1.5);
    let acceleration = if spread > 0.0 { cubes / spread } else { 0.0 };
    let moved = |probability: f64| {
        let z = bias + normal::quantile(probability);
        let shrink = 1.0 - acceleration * z;
        // Beyond this pole the correction has no meaning; the outermost draw is what is left.
        if shrink <= 0.0 {
            return f64::from(u8::from(z > 0.0));
        }
        normal::below(bias + z / shrink)
    };
    (moved(tail), moved(1.0 - tail))
}

/// A quantile of sorted numbers, on the line between the two nearest.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let low = (place.floor() as usize).min(sorted.len() - 1);
    let high = (low + 1).min(sorted.len() - 1);
    // Equal neighbours give themselves to the last bit.
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Observer, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::binomial::multinomial;
use crate::group::{GroupEvaluator, GroupMeasure, GroupedRows};
use crate::{Error, Evaluator, Measure, Predictions, normal};

const TASK: &str = "drawing rows for intervals";

/// Most groups that the jackknife leaves out one after another.
const JACKKNIFE: usize = 1000;

/// The ends of an interval of 95 % lie outside of all of fewer draws.
const FEWEST_DRAWS: usize = 20;

/// Every draw is kept in memory.
const MOST_DRAWS: usize = 1_000_000;

/// How many rows of a kind, on average, make it worth to draw kinds instead of rows.
const ALIKE: usize = 16;

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
    /// How often the rows are drawn anew; at least 20.
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
        let left_out = left_out.unwrap_or_default();
        let mut task = Task::new(k, self.draws + left_out.len(), observer);
        task.original = statistic(&vec![1; n]);
        let draws = task.each(self.draws, |counts: &mut Vec<u16>, draw| {
            self.counts(draw, n, counts);
            statistic(counts)
        })?;
        let without = task.each(left_out.len(), |counts: &mut Vec<u16>, group| {
            counts.clear();
            counts.resize(n, 1_u16);
            left_out[group].iter().for_each(|&row| counts[row] = 0);
            statistic(counts)
        })?;
        self.estimates(&task, &draws, &without, &vec![1.0; left_out.len()])
    }

    /// Intervals of `k` numbers at once, for rows of which many are alike. `sizes` are the rows of each kind, and
    /// `statistic` maps how often a row of each kind was drawn to the numbers, NaN for what is not defined.
    ///
    /// Draws have the distribution of those of [`run`](Self::run), but are others; and the jackknife of BCa leaves out
    /// every row, however many there are, since rows of a kind give the same number. Missing numbers count as NaN.
    pub fn run_kinds(
        &self,
        sizes: &[u32],
        k: usize,
        statistic: impl Fn(&[u32]) -> Vec<f64> + Sync,
        observer: &dyn Observer,
    ) -> Result<Vec<Estimate>, Error> {
        self.check()?;
        let rows: u64 = sizes.iter().map(|&size| u64::from(size)).sum();
        if rows == 0 {
            return Err(Error::NoRows);
        }
        if u32::try_from(rows).is_err() {
            return Err(Error::OutOfRange {
                option: "rows",
                value: rows.to_string(),
                range: "at most 4294967295",
            });
        }
        let left_out: Vec<usize> = match self.kind {
            IntervalKind::Percentile => Vec::new(),
            IntervalKind::Bca => (0..sizes.len()).filter(|&kind| sizes[kind] > 0).collect(),
        };
        let root = self.root().child("kinds");
        let mut task = Task::new(k, self.draws + left_out.len(), observer);
        task.original = statistic(sizes);
        let draws = task.each(self.draws, |counts: &mut Vec<u32>, draw| {
            multinomial(&mut root.child(draw as u64).rng(), sizes, counts);
            statistic(counts)
        })?;
        let without = task.each(left_out.len(), |counts: &mut Vec<u32>, place| {
            counts.clear();
            counts.extend_from_slice(sizes);
            counts[left_out[place]] -= 1;
            statistic(counts)
        })?;
        let weights: Vec<f64> = left_out.iter().map(|&kind| f64::from(sizes[kind])).collect();
        self.estimates(&task, &draws, &without, &weights)
    }

    /// An interval for each group measure.
    ///
    /// Rows are drawn from the whole table, so that the sizes of groups vary from draw to draw as they would from
    /// sample to sample; a draw in which a group lacks a rate is one in which the number is undefined. Where rows are
    /// alike, as without scores and weights, kinds of rows are drawn in their place ([`run_kinds`](Self::run_kinds)).
    pub fn group_intervals(
        &self,
        measures: &[GroupMeasure],
        rows: &GroupedRows<'_>,
        observer: &dyn Observer,
    ) -> Result<Vec<Estimate>, Error> {
        // Apart, so that a measure of scores changes no interval of the others, nor makes them slower.
        let (apart, alike): (Vec<usize>, Vec<usize>) = (0..measures.len())
            .partition(|&place| measures[place].needs_scores() || measures[place].needs_neighbours());
        let mut estimates = vec![None; measures.len()];
        for places in [alike, apart] {
            if places.is_empty() {
                continue;
            }
            let own: Vec<GroupMeasure> = places.iter().map(|&place| measures[place].clone()).collect();
            for (place, estimate) in places.into_iter().zip(self.grouped(&own, rows, observer)?) {
                estimates[place] = Some(estimate);
            }
        }
        Ok(estimates.into_iter().flatten().collect())
    }

    fn grouped(
        &self,
        measures: &[GroupMeasure],
        rows: &GroupedRows<'_>,
        observer: &dyn Observer,
    ) -> Result<Vec<Estimate>, Error> {
        let evaluator = GroupEvaluator::new(measures, rows, None)?;
        let Some(kinds) = evaluator.kinds(rows.len() / ALIKE) else {
            return self.run(
                rows.len(),
                measures.len(),
                |counts| evaluator.values(counts),
                observer,
            );
        };
        let (firsts, sizes): (Vec<usize>, Vec<u32>) = kinds.into_iter().unzip();
        let evaluator = GroupEvaluator::new(measures, rows, Some(&firsts))?;
        self.run_kinds(
            &sizes,
            measures.len(),
            |counts| {
                let counts: Vec<f64> = counts.iter().copied().map(f64::from).collect();
                evaluator.numbers(&counts)
            },
            observer,
        )
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

    /// Estimates from the numbers of draws and of the jackknife, each of whose tables stands for `weights` rows.
    fn estimates(
        &self,
        task: &Task<'_>,
        draws: &[Vec<f64>],
        without: &[Vec<f64>],
        weights: &[f64],
    ) -> Result<Vec<Estimate>, Error> {
        let estimates = (0..task.k)
            .into_par_iter()
            .map(|number| {
                let finite = |value: &f64| value.is_finite();
                let drawn = draws.iter().map(|numbers| numbers[number]).filter(finite);
                let without = without.iter().zip(weights);
                let without = without
                    .map(|(numbers, &weight)| (numbers[number], weight))
                    .filter(|(value, _)| finite(value));
                let value = task.original.get(number).copied().filter(finite);
                self.estimate(value, drawn.collect(), &without.collect::<Vec<_>>())
            })
            .collect();
        if task.observer.observe(&Event::Finished { task: TASK }).is_break() {
            return Err(Error::Stopped);
        }
        Ok(estimates)
    }

    fn root(&self) -> Seed {
        Seed::new(self.seed).child("bootstrap")
    }

    fn check(&self) -> Result<(), Error> {
        if !(FEWEST_DRAWS..=MOST_DRAWS).contains(&self.draws) {
            return Err(Error::OutOfRange {
                option: "draws",
                value: self.draws.to_string(),
                range: "20 to 1000000",
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

    fn estimate(&self, value: Option<f64>, mut drawn: Vec<f64>, without: &[(f64, f64)]) -> Estimate {
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

/// Numbers of many tables, with progress.
struct Task<'a> {
    k: usize,
    original: Vec<f64>,
    units: u64,
    done: AtomicU64,
    observer: &'a dyn Observer,
}

impl<'a> Task<'a> {
    fn new(k: usize, units: usize, observer: &'a dyn Observer) -> Self {
        Self {
            k,
            original: Vec::new(),
            units: units as u64,
            done: AtomicU64::new(0),
            observer,
        }
    }

    /// The numbers of `tables` tables, in order; `numbers` gets a place to work in, and which table it is.
    fn each<T: Default + Send>(
        &self,
        tables: usize,
        numbers: impl Fn(&mut T, usize) -> Vec<f64> + Sync,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let one = |place: &mut T, table: usize| {
            let mut numbers = numbers(place, table);
            numbers.resize(self.k, f64::NAN);
            let event = Event::Progress {
                task: TASK,
                done: self.done.fetch_add(1, Ordering::Relaxed) + 1,
                total: self.units,
            };
            if self.observer.observe(&event).is_break() {
                Err(Error::Stopped)
            } else {
                Ok(numbers)
            }
        };
        (0..tables).into_par_iter().map_init(T::default, one).collect()
    }
}

/// The two shares of draws below the ends of a BCa interval. `without` holds what is left without a row, and how many
/// rows would leave the same.
fn bca(value: f64, drawn: &[f64], without: &[(f64, f64)], tail: f64) -> (f64, f64) {
    let b = drawn.len() as f64;
    let below = drawn.partition_point(|&draw| draw < value) as f64;
    let equal = drawn.partition_point(|&draw| draw <= value) as f64 - below;
    // Draws equal to the value count half, so that a number that never changes has no bias; and a share of 0 or 1,
    // whose quantile is infinite, becomes half a draw.
    let share = ((below + 0.5 * equal) / b).clamp(0.5 / b, 1.0 - 0.5 / b);
    let bias = normal::quantile(share);
    let rows: f64 = without.iter().map(|(_, rows)| rows).sum();
    let mean = without.iter().map(|(one, rows)| rows * one).sum::<f64>() / rows.max(1.0);
    let (squares, cubes) = without.iter().fold((0.0, 0.0), |(squares, cubes), (one, rows)| {
        let gap = mean - one;
        (squares + rows * gap * gap, cubes + rows * gap * gap * gap)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_leave_the_same_are_left_out_together() {
        let drawn: Vec<f64> = (0..1000).map(|draw| f64::from(draw).sqrt()).collect();
        let one_by_one = bca(
            20.0,
            &drawn,
            &[(19.0, 1.0), (19.0, 1.0), (23.5, 1.0), (19.0, 1.0)],
            0.025,
        );
        let together = bca(20.0, &drawn, &[(19.0, 3.0), (23.5, 1.0)], 0.025);
        assert!((one_by_one.0 - together.0).abs() < 1e-15 && (one_by_one.1 - together.1).abs() < 1e-15);
        let without = bca(20.0, &drawn, &[], 0.025);
        assert!((without.0 - together.0).abs() > 1e-3, "the acceleration matters");
    }
}

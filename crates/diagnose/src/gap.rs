//! How far test rows of a class reach beyond its training rows.

use counterpoise_base::{Embeddings, Observer, Seed};
use counterpoise_metrics::{Estimate, IntervalKind};
use rayon::prelude::*;
use serde::Serialize;

use crate::ranges::Range;
use crate::steps::Steps;
use crate::{DiagnoseOptions, Error, Ranges, Readout, Split, checks, rank_correlation};

const TASK: &str = "measuring the generalization gap";

/// The generalization gap of every class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapReport {
    /// One entry a class, in class order.
    pub classes: Vec<ClassGap>,
    /// Mean gap over classes that have rows in both splits, each class as much as any other.
    pub macro_mean: Option<f64>,
    /// The same with both directions.
    pub macro_two_sided: Option<f64>,
    /// Rank correlation of gap and number of training rows over classes.
    pub with_size: Option<f64>,
    /// Rank correlation of gap and recall over classes.
    pub with_recall: Option<f64>,
}

/// The generalization gap of one class; absent where it has no rows in a split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassGap {
    /// Name of the class.
    pub class: String,
    /// Its training rows, synthetic ones not counted.
    pub train_rows: usize,
    /// Its test rows.
    pub test_rows: usize,
    /// Over all its test rows.
    pub all: Option<GapNumbers>,
    /// Over its test rows that are predicted rightly; absent where there are none.
    pub right: Option<GapNumbers>,
    /// Over its test rows that are misclassified; absent where there are none.
    pub wrong: Option<GapNumbers>,
    /// The mean over features with an interval.
    ///
    /// Test rows are drawn anew inside of the class, and ends are quantiles of the draws. No draw reaches farther than the rows themselves do, so the interval says how
    /// much the gap hangs on single rows; what new rows would add is not in it.
    pub estimate: Option<Estimate>,
    /// Test rows that lie outside of the training range in some feature; absent where there is no gap.
    pub rows_outside: Option<usize>,
    /// The mean gap without the row whose absence narrows it most; absent where there is no gap, or no row lies outside.
    pub without_worst: Option<f64>,
    /// The gap of each feature, `(width)`; absent where details are left out.
    pub features: Option<Vec<f64>>,
}

/// A gap over all features.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GapNumbers {
    /// Mean over features; at least 0, in the unit of features.
    pub mean: f64,
    /// Sum over features.
    pub sum: f64,
    /// Mean over features of how far ends lie apart, in whichever direction.
    pub two_sided_mean: f64,
    /// Sum over features of the same.
    pub two_sided_sum: f64,
    /// Features in which a test row lies outside of the training range.
    pub features_outside: usize,
}

/// The gap before and after synthetic rows joined the training rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapChange {
    /// With the training rows alone.
    pub before: GapReport,
    /// With synthetic rows beside them.
    pub after: GapReport,
}

/// Measures the generalization gap of every class.
///
/// For a class and a feature whose training rows span `[a, b]` and whose test rows span `[a', b']` it is
/// `max(0, b' - b) + max(0, a - a')`, and `|b' - b| + |a' - a|` with both directions.
///
/// # Source
///
/// A gap between the embeddings of training and test sets, wider for rare classes: abstract of arXiv 2207.06080. Its formula is
/// neither there nor in the authors' code: this one is ours \[inferred\].
pub fn gap(
    train: &Embeddings,
    test: &Readout<'_>,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<GapReport, Error> {
    checks::fit(train, test.head(), Split::Train)?;
    checks::same_classes(train, test.embeddings())?;
    report(
        &Ranges::of(train),
        &train.labels.counts(),
        test,
        options,
        observer,
    )
}

/// Measures the generalization gap of every class without and with synthetic training rows.
///
/// Rows of SMOTE change nothing, since each of their features lies between those of two rows of the class; rows of EOS may.
pub fn gap_change(
    train: &Embeddings,
    synthetic: &Embeddings,
    test: &Readout<'_>,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<GapChange, Error> {
    let before = gap(train, test, options, observer)?;
    if synthetic.is_empty() {
        return Ok(GapChange {
            after: before.clone(),
            before,
        });
    }
    checks::fit(synthetic, test.head(), Split::Train)?;
    checks::same_classes(synthetic, test.embeddings())?;
    let ranges = Ranges::of(train).joined(&Ranges::of(synthetic));
    let after = report(&ranges, &train.labels.counts(), test, options, observer)?;
    Ok(GapChange { before, after })
}

fn report(
    train: &Ranges,
    sizes: &[usize],
    test: &Readout<'_>,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<GapReport, Error> {
    options.check()?;
    let steps = Steps::new(TASK, sizes.len(), observer);
    let full = options.detail.full(sizes.len(), test.width());
    let one = |class: usize| -> Result<ClassGap, Error> {
        let mut gap = class_gap(train.range(class), class, test, options)?;
        gap.train_rows = sizes[class];
        if !full {
            gap.features = None;
        }
        steps.step()?;
        Ok(gap)
    };
    let classes: Vec<ClassGap> = (0..sizes.len())
        .into_par_iter()
        .map(one)
        .collect::<Result<_, _>>()?;
    steps.finish()?;
    let mean = |class: &ClassGap| class.all.map(|gap| gap.mean);
    let means: Vec<Option<f64>> = classes.iter().map(mean).collect();
    let sizes: Vec<Option<f64>> = sizes.iter().map(|&size| Some(size as f64)).collect();
    let recalls: Vec<Option<f64>> = (0..classes.len()).map(|class| test.recall(class)).collect();
    let both = classes.iter().filter_map(|class| class.all);
    Ok(GapReport {
        macro_mean: crate::order::mean(means.iter().flatten().copied()),
        macro_two_sided: crate::order::mean(both.map(|gap| gap.two_sided_mean)),
        with_size: rank_correlation(&means, &sizes),
        with_recall: rank_correlation(&means, &recalls),
        classes,
    })
}

fn class_gap(
    train: Option<&Range>,
    class: usize,
    test: &Readout<'_>,
    options: &DiagnoseOptions,
) -> Result<ClassGap, Error> {
    let rows = test.rows_of(class);
    let of = |keep: &dyn Fn(usize) -> bool| {
        let kept = rows.iter().copied().filter(|&row| keep(row));
        Some((train?, Range::of(test.embeddings(), kept)?))
    };
    let numbers = |pair: &(&Range, Range)| numbers(pair.0, &pair.1);
    let all = of(&|_| true);
    let outside = match train {
        Some(train) if !rows.is_empty() => Some(Outside::of(train, test, rows)),
        _ => None,
    };
    let estimate = match &outside {
        Some(outside) => estimate(outside, class, test, options)?,
        None => None,
    };
    Ok(ClassGap {
        class: test.classes()[class].clone(),
        train_rows: 0,
        test_rows: rows.len(),
        right: of(&|row| test.right(row)).as_ref().map(numbers),
        wrong: of(&|row| !test.right(row)).as_ref().map(numbers),
        features: all.as_ref().map(|(train, test)| one_sided(train, test).collect()),
        all: all.as_ref().map(numbers),
        rows_outside: outside.as_ref().map(|outside| outside.rows(rows.len())),
        without_worst: outside
            .as_ref()
            .and_then(|outside| Some(outside.without_worst(rows.len())? / test.width() as f64)),
        estimate,
    })
}

/// How far a class reaches beyond its training range, feature by feature.
fn one_sided<'a>(train: &'a Range, test: &'a Range) -> impl Iterator<Item = f64> + 'a {
    ends(train, test).map(|(below, above)| below.max(0.0) + above.max(0.0))
}

/// How far the lower end lies below that of training, and the upper end above it, feature by feature.
fn ends<'a>(train: &'a Range, test: &'a Range) -> impl Iterator<Item = (f64, f64)> + 'a {
    let difference = |(a, b): (&f32, &f32)| f64::from(*a) - f64::from(*b);
    let below = train.low.iter().zip(&test.low).map(difference);
    below.zip(test.high.iter().zip(&train.high).map(difference))
}

fn numbers(train: &Range, test: &Range) -> GapNumbers {
    let width = train.low.len() as f64;
    let sum: f64 = one_sided(train, test).sum();
    let two_sided: f64 = ends(train, test)
        .map(|(below, above)| below.abs() + above.abs())
        .sum();
    GapNumbers {
        mean: sum / width,
        sum,
        two_sided_mean: two_sided / width,
        two_sided_sum: two_sided,
        features_outside: one_sided(train, test).filter(|&gap| gap > 0.0).count(),
    }
}

/// The mean gap of a class over features, with an interval.
fn estimate(
    outside: &Outside,
    class: usize,
    test: &Readout<'_>,
    options: &DiagnoseOptions,
) -> Result<Option<Estimate>, Error> {
    let name = test.classes()[class].as_str();
    let seed = Seed::new(options.seed).child("gap").child(name).number();
    let Some(bootstrap) = options.bootstrap(seed) else {
        return Ok(None);
    };
    let rows = test.rows_of(class);
    // No draw lies above the value, and a correction for that bias would move both ends to it.
    let bootstrap = bootstrap.with_kind(IntervalKind::Percentile);
    let mean = |counts: &[u16]| vec![outside.sum(counts) / test.width() as f64];
    let estimates = bootstrap.run(rows.len(), 1, mean, &())?;
    Ok(estimates.into_iter().next())
}

/// Rows beyond an end of the training range, for each end that some row is beyond: how far, the farthest first.
struct Outside(Vec<Vec<(f64, u32)>>);

impl Outside {
    fn of(train: &Range, test: &Readout<'_>, rows: &[usize]) -> Self {
        let width = test.width();
        let mut ends = vec![Vec::new(); 2 * width];
        for (place, &row) in rows.iter().enumerate() {
            for (feature, &value) in test.embeddings().row(row).iter().enumerate() {
                let (low, high) = (train.low[feature], train.high[feature]);
                if value > high {
                    ends[feature].push((f64::from(value) - f64::from(high), place as u32));
                } else if value < low {
                    ends[width + feature].push((f64::from(low) - f64::from(value), place as u32));
                }
            }
        }
        ends.retain(|end| !end.is_empty());
        ends.iter_mut()
            .for_each(|end| end.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))));
        Self(ends)
    }

    /// How many of so many rows are beyond some end.
    fn rows(&self, all: usize) -> usize {
        let mut outside = vec![false; all];
        for (_, place) in self.0.iter().flatten() {
            outside[*place as usize] = true;
        }
        outside.into_iter().filter(|&outside| outside).count()
    }

    /// The gap of all but the row whose absence narrows it most, summed over features; absent where no row is beyond an end.
    fn without_worst(&self, all: usize) -> Option<f64> {
        let mut alone = vec![0.0; all];
        for end in &self.0 {
            let next = end.get(1).map_or(0.0, |(excess, _)| *excess);
            alone[end[0].1 as usize] += end[0].0 - next;
        }
        let sum: f64 = self.0.iter().map(|end| end[0].0).sum();
        let worst = alone.into_iter().fold(0.0, f64::max);
        (!self.0.is_empty()).then_some((sum - worst).max(0.0))
    }

    /// The gap of rows that were drawn so often, summed over features: the farthest that was drawn counts.
    fn sum(&self, counts: &[u16]) -> f64 {
        let farthest = |end: &Vec<(f64, u32)>| {
            let drawn = end.iter().find(|(_, place)| counts[*place as usize] > 0);
            drawn.map_or(0.0, |(excess, _)| *excess)
        };
        self.0.iter().map(farthest).sum()
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Labels, LinearHead};

    use super::*;

    fn rows(values: Vec<f32>, codes: Vec<u32>) -> Embeddings {
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        Embeddings::new(values, 2, Labels::from_codes(classes, codes))
    }

    /// The larger feature is the class.
    fn head() -> LinearHead {
        LinearHead::new(vec![1.0, 0.0, 0.0, 1.0], vec![0.0; 2], 2)
    }

    #[test]
    fn a_gap_is_what_test_rows_reach_beyond_the_training_range() {
        // Class a spans [1, 4] and [0, 2]; its test rows [2, 6] and [1, 7], the last of which is taken for b.
        let train = rows(vec![1.0, 0.0, 4.0, 2.0, 0.0, 5.0], vec![0, 0, 1]);
        let test = rows(vec![2.0, 1.0, 6.0, 1.0, 3.0, 7.0], vec![0, 0, 0]);
        let head = head();
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let options = DiagnoseOptions::default().with_draws(200);
        let report = gap(&train, &read, &options, &()).unwrap();
        let a = &report.classes[0];
        assert_eq!(a.features.as_deref(), Some(&[2.0, 5.0][..]));
        let all = a.all.unwrap();
        assert_eq!((all.mean, all.sum, all.features_outside), (3.5, 7.0, 2));
        // |6 - 4| + |2 - 1| and |7 - 2| + |1 - 0|.
        assert_eq!((all.two_sided_sum, all.two_sided_mean), (9.0, 4.5));
        assert_eq!(a.right.unwrap().sum, 2.0);
        assert_eq!(a.wrong.unwrap().sum, 5.0);
        let estimate = a.estimate.as_ref().unwrap();
        assert_eq!(estimate.value, Some(3.5));
        let (low, high) = estimate.interval.unwrap();
        assert!(low < 3.5 && high == 3.5, "{estimate:?}");
        assert_eq!((report.classes[1].train_rows, report.classes[1].all), (1, None));
        assert_eq!(report.classes[1].rows_outside, None);
        // Without the last row, [6, 1] is 2 beyond in the first feature.
        assert_eq!((a.rows_outside, a.without_worst), (Some(2), Some(1.0)));
        assert_eq!(report.macro_mean, Some(3.5));
        assert_eq!(report.with_size, None);
    }

    #[test]
    fn the_interval_of_a_gap_says_how_much_hangs_on_single_rows() {
        // Forty test rows of class a reach 1, 2, … 40 beyond its only training row, and each is in 64 % of draws.
        let train = rows(vec![9.0, 0.0, 0.0, 9.0], vec![0, 1]);
        let values = (1..=40).flat_map(|excess| [9.0 + excess as f32, 0.0]);
        let test = rows(values.collect(), vec![0; 40]);
        let head = head();
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let options = DiagnoseOptions::default().with_draws(400);
        let report = gap(&train, &read, &options, &()).unwrap();
        let estimate = report.classes[0].estimate.as_ref().unwrap();
        let (low, high) = estimate.interval.unwrap();
        assert_eq!((estimate.value, high), (Some(20.0), 20.0));
        assert!((17.0..19.5).contains(&low), "{estimate:?}");
    }

    #[test]
    fn synthetic_rows_may_close_a_gap() {
        let train = rows(vec![1.0, 0.0, 4.0, 2.0, 0.0, 5.0], vec![0, 0, 1]);
        let test = rows(vec![6.0, 1.0, 1.0, 6.0], vec![0, 1]);
        let made = rows(vec![5.5, 1.0], vec![0]);
        let head = head();
        let read = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let options = DiagnoseOptions::default().with_draws(0);
        let change = gap_change(&train, &made, &read, &options, &()).unwrap();
        let mean = |report: &GapReport| report.classes[0].all.unwrap().mean;
        assert_eq!((mean(&change.before), mean(&change.after)), (1.0, 0.25));
        assert_eq!(change.before.classes[1], change.after.classes[1]);
        assert_eq!(change.after.classes[0].estimate, None);
    }
}

//! What holds for any rows.

use counterpoise_base::{Event, Observer, Random, Seed};
use counterpoise_metrics::{
    Average, Bootstrap, Error, Estimate, Evaluator, IntervalKind, Measure, Predictions,
    precision_recall_curve, roc_curve,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

/// Owned rows, so that tests can reorder and repeat them.
#[derive(Debug, Clone)]
struct Rows {
    classes: Vec<String>,
    truth: Vec<u32>,
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    /// Classes of unequal sizes; scores with `levels` values, so that there are ties.
    fn drawn(seed: u64, n: usize, c: usize, levels: usize) -> Self {
        let mut random = Seed::new(seed).child("rows").rng();
        let mut rows = Self {
            classes: (0..c).map(|class| class.to_string()).collect(),
            truth: Vec::new(),
            predicted: Vec::new(),
            probabilities: Vec::new(),
            weights: Vec::new(),
        };
        for _ in 0..n {
            let truth = (random.fraction().powi(2) * c as f64) as usize;
            let scores: Vec<usize> = (0..c)
                .map(|class| 1 + random.below(levels) + if class == truth { levels / 2 } else { 0 })
                .collect();
            let sum: usize = scores.iter().sum();
            rows.truth.push(truth as u32);
            let guess = random.below(c);
            let right = random.below(2) == 0;
            rows.predicted.push(if right { truth } else { guess } as u32);
            rows.probabilities
                .extend(scores.iter().map(|&score| score as f64 / sum as f64));
        }
        rows
    }

    fn weighted(mut self, weight: impl Fn(usize) -> f64) -> Self {
        self.weights = (0..self.truth.len()).map(weight).collect();
        self
    }

    /// These rows in this order; a row may be taken again.
    fn take(&self, rows: &[usize]) -> Self {
        let c = self.classes.len();
        Self {
            classes: self.classes.clone(),
            truth: rows.iter().map(|&row| self.truth[row]).collect(),
            predicted: rows.iter().map(|&row| self.predicted[row]).collect(),
            probabilities: rows
                .iter()
                .flat_map(|&row| self.probabilities[row * c..(row + 1) * c].to_vec())
                .collect(),
            weights: if self.weights.is_empty() {
                Vec::new()
            } else {
                rows.iter().map(|&row| self.weights[row]).collect()
            },
        }
    }

    fn view(&self) -> Predictions<'_> {
        let rows = Predictions::new(&self.classes, &self.truth, &self.predicted)
            .and_then(|rows| rows.with_probabilities(&self.probabilities))
            .expect("drawn rows are sound");
        if self.weights.is_empty() {
            rows
        } else {
            rows.with_weights(&self.weights).expect("drawn weights are sound")
        }
    }
}

/// Every measure with every average that it has, and those of the last class.
fn all(classes: usize) -> Vec<Measure> {
    let mut all = Vec::new();
    for name in Measure::names() {
        let last = format!(":{}", classes - 1);
        for end in ["", "-macro", "-micro", "-weighted", ":0", &last] {
            all.extend(format!("{name}{end}").parse::<Measure>());
        }
    }
    all.dedup();
    assert!(all.len() > 40);
    all
}

fn values(rows: &Rows) -> Vec<Option<f64>> {
    let view = rows.view();
    all(rows.classes.len())
        .iter()
        .map(|measure| measure.value(&view))
        .collect()
}

fn same(measures: &[Measure], a: &[Option<f64>], b: &[Option<f64>]) {
    for ((measure, a), b) in measures.iter().zip(a).zip(b) {
        match (a, b) {
            (Some(a), Some(b)) => {
                assert!(
                    (a - b).abs() <= 1e-12 * a.abs().max(1.0),
                    "{measure}: {a} and {b}"
                );
            }
            _ => assert_eq!(a, b, "{measure}"),
        }
    }
}

fn shuffled(n: usize, random: &mut Random) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        rows.swap(last, random.below(last + 1));
    }
    rows
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(seed: u64, n in 1_usize..60, c in 1_usize..5, levels in 2_usize..30, heavy: bool) {
        let mut rows = Rows::drawn(seed, n, c, levels);
        if heavy {
            rows = rows.weighted(|row| 0.1 + (row % 7) as f64);
        }
        let order = shuffled(n, &mut Seed::new(seed).child("order").rng());
        same(&all(c), &values(&rows), &values(&rows.take(&order)));
    }

    #[test]
    fn whole_weights_are_repeated_rows(seed: u64, n in 2_usize..60, c in 1_usize..5, levels in 2_usize..30) {
        let rows = Rows::drawn(seed, n, c, levels);
        let weight = |row: usize| (row * 7 % 4 + usize::from(row == 0)) as f64;
        let repeated: Vec<usize> =
            (0..n).flat_map(|row| std::iter::repeat_n(row, weight(row) as usize)).collect();
        same(&all(c), &values(&rows.clone().weighted(weight)), &values(&rows.take(&repeated)));
    }

    #[test]
    fn counts_are_repeated_rows(seed: u64, n in 1_usize..60, c in 1_usize..5, levels in 2_usize..30, heavy: bool) {
        let mut rows = Rows::drawn(seed, n, c, levels);
        if heavy {
            rows = rows.weighted(|row| 0.1 + (row % 7) as f64);
        }
        let measures = all(c);
        let view = rows.view();
        let evaluator = Evaluator::new(&measures, &view, None).unwrap();
        same(
            &measures,
            &evaluator.original().into_iter().map(|value| (!value.is_nan()).then_some(value)).collect::<Vec<_>>(),
            &values(&rows),
        );
        let mut counts = Vec::new();
        Bootstrap::new(seed).counts(0, n, &mut counts);
        // With all classes there; a draw without one is the next test.
        for class in 0..c as u32 {
            if let Some(row) = rows.truth.iter().position(|&truth| truth == class) {
                counts[row] += 1;
            }
        }
        let repeated: Vec<usize> =
            (0..n).flat_map(|row| std::iter::repeat_n(row, usize::from(counts[row]))).collect();
        let drawn: Vec<Option<f64>> =
            evaluator.values(&counts).into_iter().map(|value| (!value.is_nan()).then_some(value)).collect();
        same(&measures, &drawn, &values(&rows.take(&repeated)));
    }

    #[test]
    fn some_rows_only_is_a_table_of_them(seed: u64, n in 4_usize..60, c in 1_usize..5) {
        let rows = Rows::drawn(seed, n, c, 10);
        let some: Vec<usize> = (0..n).filter(|row| row % 3 != 1).collect();
        let measures = all(c);
        let evaluator = Evaluator::new(&measures, &rows.view(), Some(&some)).unwrap();
        let ours: Vec<Option<f64>> =
            evaluator.original().into_iter().map(|value| (!value.is_nan()).then_some(value)).collect();
        same(&measures, &ours, &values(&rows.take(&some)));
    }

    #[test]
    fn numbers_stay_in_their_range(seed: u64, n in 0_usize..40, c in 1_usize..5, levels in 2_usize..30) {
        let rows = Rows::drawn(seed, n, c, levels);
        for (measure, value) in all(c).iter().zip(values(&rows)) {
            let range = match measure {
                Measure::Mcc | Measure::Kappa => -1.0..=1.0,
                Measure::Iba(_) => 0.0..=1.025,
                Measure::Brier => 0.0..=2.0,
                Measure::LogLoss => 0.0..=37.0,
                Measure::MeanAbsoluteErrorMacro => 0.0..=c as f64,
                _ => 0.0..=1.0,
            };
            prop_assert!(value.is_none_or(|value| range.contains(&value)), "{} is {:?}", measure, value);
        }
    }

    #[test]
    fn the_area_is_the_share_of_ordered_pairs(seed: u64, n in 2_usize..50, levels in 2_usize..30) {
        let rows = Rows::drawn(seed, n, 3, levels);
        let (mut right, mut pairs) = (0.0, 0.0);
        for (a, _) in rows.truth.iter().enumerate().filter(|(_, truth)| **truth == 1) {
            for (b, _) in rows.truth.iter().enumerate().filter(|(_, truth)| **truth != 1) {
                let (a, b) = (rows.probabilities[a * 3 + 1], rows.probabilities[b * 3 + 1]);
                right += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                pairs += 1.0;
            }
        }
        let ours = Measure::RocAuc(Average::Class("1".into())).value(&rows.view());
        same(&[Measure::Ece], &[ours], &[(pairs > 0.0).then(|| right / pairs)]);
    }

    #[test]
    fn thinned_curves_keep_their_ends(seed: u64, n in 10_usize..200, at_most in 2_usize..20) {
        let rows = Rows::drawn(seed, n, 2, 1000);
        let view = rows.view();
        let whole = roc_curve(&view, 1, usize::MAX).unwrap();
        let thin = roc_curve(&view, 1, at_most).unwrap();
        prop_assert!(thin.len() <= at_most);
        prop_assert_eq!((thin.first(), thin.last()), (whole.first(), whole.last()));
        prop_assert!(precision_recall_curve(&view, 1, at_most).unwrap().len() <= at_most);
    }
}

fn bits(estimates: &[Estimate]) -> Vec<u64> {
    estimates
        .iter()
        .flat_map(|estimate| {
            let (low, high) = estimate.interval.unwrap_or((-1.0, -1.0));
            [estimate.value.unwrap_or(-1.0), low, high].map(f64::to_bits)
        })
        .collect()
}

#[test]
fn one_thread_and_four_give_the_same_bits() {
    for (c, weighted) in [(2, false), (3, true)] {
        let mut rows = Rows::drawn(7, 1500, c, 200);
        if weighted {
            rows = rows.weighted(|row| 0.3 + (row % 5) as f64);
        }
        let measures = all(c);
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let bootstrap = Bootstrap::new(3).with_draws(100);
            pool.install(|| bootstrap.intervals(&measures, &rows.view(), &()).unwrap())
        };
        let one = with(1);
        assert_eq!(bits(&one), bits(&with(4)));
        assert!(one.iter().all(|estimate| estimate.interval.is_some()));
    }
}

#[test]
fn a_draw_depends_on_its_number_and_holds_n_rows() {
    let bootstrap = Bootstrap::new(11);
    let (mut counts, mut again) = (Vec::new(), Vec::new());
    for n in [1, 2, 3, 999, 1000] {
        bootstrap.counts(5, n, &mut counts);
        assert_eq!(counts.iter().map(|&count| usize::from(count)).sum::<usize>(), n);
        bootstrap.counts(6, n, &mut again);
        bootstrap.counts(5, n, &mut again);
        assert_eq!(counts, again);
    }
    bootstrap.counts(0, 0, &mut counts);
    assert!(counts.is_empty());
}

#[test]
fn the_draws_are_fixed_forever() {
    let mut counts = Vec::new();
    Bootstrap::new(42).counts(7, 12, &mut counts);
    assert_eq!(
        counts, FIXED,
        "a change of these draws changes every interval for the same seed"
    );
}

const FIXED: [u16; 12] = [2, 0, 1, 2, 0, 0, 1, 3, 0, 0, 2, 1];

#[test]
fn every_row_is_as_likely_as_another() {
    let bootstrap = Bootstrap::new(1);
    let mut sums = [0.0; 7];
    let mut counts = Vec::new();
    for draw in 0..20_000 {
        bootstrap.counts(draw, 7, &mut counts);
        for (sum, &count) in sums.iter_mut().zip(&counts) {
            *sum += f64::from(count) / 20_000.0;
        }
    }
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 0.03), "{sums:?}");
}

#[test]
fn a_draw_that_misses_a_class_says_nothing_about_it() {
    let rows = Rows {
        classes: vec!["common".into(), "rare".into()],
        truth: vec![0, 0, 0, 1],
        predicted: vec![0, 0, 0, 1],
        probabilities: vec![0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.9],
        weights: Vec::new(),
    };
    let measures = [Measure::BalancedAccuracy, Measure::GMean, Measure::Accuracy];
    let evaluator = Evaluator::new(&measures, &rows.view(), None).unwrap();
    let values = evaluator.values(&[2, 1, 1, 0]);
    assert!(values[0].is_nan() && values[1].is_nan());
    assert_eq!(values[2], 1.0);
    // A third of the draws misses the only rare row, so that there is no interval.
    let estimates = Bootstrap::new(1).intervals(&measures, &rows.view(), &()).unwrap();
    assert_eq!(estimates[0].value, Some(1.0));
    assert_eq!(estimates[0].interval, None);
    let share = estimates[0].undefined as f64 / estimates[0].draws as f64;
    assert!((share - 0.75_f64.powi(4)).abs() < 0.03, "{share}");
    assert_eq!(estimates[2].interval, Some((1.0, 1.0)));
}

#[test]
fn a_number_that_never_changes_has_an_interval_of_no_width() {
    for kind in [IntervalKind::Percentile, IntervalKind::Bca] {
        let bootstrap = Bootstrap::new(1).with_kind(kind).with_draws(50);
        let estimates = bootstrap.run(20, 2, |_| vec![0.25, f64::NAN], &()).unwrap();
        assert_eq!(estimates[0].interval, Some((0.25, 0.25)));
        assert_eq!((estimates[1].value, estimates[1].interval), (None, None));
        assert_eq!(estimates[1].undefined, 50);
    }
}

#[test]
fn intervals_of_a_mean_are_those_of_the_textbook() {
    // 900 rows of 0 and 100 of 1: the mean has a standard error of 0.3 / sqrt(1000), and hardly any skew.
    for kind in [IntervalKind::Percentile, IntervalKind::Bca] {
        let mean = |counts: &[u16]| {
            let ones: f64 = counts[..100].iter().map(|&count| f64::from(count)).sum();
            let all: f64 = counts.iter().map(|&count| f64::from(count)).sum();
            vec![ones / all]
        };
        let bootstrap = Bootstrap::new(5).with_kind(kind).with_draws(20_000);
        let estimates = bootstrap.run(1000, 1, mean, &()).unwrap();
        let (low, high) = estimates[0].interval.unwrap();
        let half = 1.96 * 0.3 / 1000_f64.sqrt();
        assert!((low - (0.1 - half)).abs() < 0.0015, "{kind:?}: {low}");
        assert!((high - (0.1 + half)).abs() < 0.0015, "{kind:?}: {high}");
    }
}

#[test]
fn grouped_and_single_jackknife_agree_on_skew() {
    // The same distribution in 1000 and in 4000 rows: BCa ends differ from percentile ends in the same direction.
    let shift = |n: usize| {
        let of = move |counts: &[u16]| {
            let value = |row: usize| (8.0 * row as f64 / n as f64).exp();
            let (sum, all) = counts
                .iter()
                .enumerate()
                .fold((0.0, 0.0), |(sum, all), (row, &count)| {
                    (sum + f64::from(count) * value(row), all + f64::from(count))
                });
            vec![sum / all]
        };
        let ends = |kind| {
            let bootstrap = Bootstrap::new(2).with_kind(kind).with_draws(2000);
            bootstrap.run(n, 1, of, &()).unwrap()[0].interval.unwrap()
        };
        let (percentile, bca) = (ends(IntervalKind::Percentile), ends(IntervalKind::Bca));
        (bca.0 - percentile.0, bca.1 - percentile.1)
    };
    for n in [1000, 4000] {
        let (low, high) = shift(n);
        assert!(low > 0.0 && high > 0.0, "{n}: {low} {high}");
    }
}

struct Impatient;

impl Observer for Impatient {
    fn observe(&self, _: &Event<'_>) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Break(())
    }
}

#[test]
fn an_observer_can_stop_the_draws() {
    let error = Bootstrap::new(1)
        .run(10, 1, |_| vec![0.0], &Impatient)
        .unwrap_err();
    assert_eq!(error, Error::Stopped);
}

#[test]
fn options_out_of_range_are_told() {
    let code =
        |bootstrap: Bootstrap, n: usize| bootstrap.run(n, 1, |_| vec![0.0], &()).unwrap_err().to_string();
    assert_eq!(
        code(Bootstrap::new(1).with_draws(19), 5),
        "`draws = 19` is out of range: 20 to 1000000"
    );
    assert_eq!(
        code(Bootstrap::new(1).with_level(1.0), 5),
        "`level = 1` is out of range: above 0 and below 1"
    );
    assert!(code(Bootstrap::new(1).with_level(f64::NAN), 5).contains("level = NaN"));
    assert_eq!(code(Bootstrap::new(1), 0), "there are no rows to draw from");
}

#[test]
fn options_and_estimates_are_read_back() {
    let bootstrap: Bootstrap = serde_json::from_str(r#"{"draws": 500, "kind": "percentile"}"#).unwrap();
    assert_eq!(
        (bootstrap.draws, bootstrap.kind, bootstrap.level),
        (500, IntervalKind::Percentile, 0.95)
    );
    let estimate = Estimate {
        value: Some(0.5),
        interval: Some((0.25, 0.75)),
        undefined: 1,
        draws: 500,
    };
    let text = serde_json::to_string(&estimate).unwrap();
    assert_eq!(
        text,
        r#"{"value":0.5,"interval":[0.25,0.75],"undefined":1,"draws":500}"#
    );
    assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap(), estimate);
    let measure: Measure = serde_json::from_str("\"recall:rare\"").unwrap();
    assert_eq!(serde_json::to_string(&measure).unwrap(), "\"recall:rare\"");
    let error = serde_json::from_str::<Measure>("\"recallx\"")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("there is no measure called `recallx`; did you mean `recall`?"),
        "{error}"
    );
}

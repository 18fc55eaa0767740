//! What holds for the groups of any rows.

use counterpoise_base::{Groups, Labels, Random, Seed};
use counterpoise_metrics::{
    Bootstrap, Comparison, Estimate, GroupEvaluator, GroupMeasure, GroupedRows, IntervalKind, Odds,
    Predictions, Rate, Scope, per_group_report,
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
    groups: Vec<u32>,
    group_names: Vec<String>,
    weights: Vec<f64>,
    neighbours: Vec<u32>,
}

/// Neighbours of a row.
const K: usize = 3;

impl Rows {
    /// Groups of unequal sizes and luck; scores with few values, so that there are ties.
    fn drawn(seed: u64, n: usize, c: usize, groups: usize) -> Self {
        let mut random = Seed::new(seed).child("rows").rng();
        let mut rows = Self {
            classes: (0..c).map(|class| format!("class {class}")).collect(),
            truth: Vec::new(),
            predicted: Vec::new(),
            probabilities: Vec::new(),
            groups: Vec::new(),
            group_names: (0..groups).map(|group| format!("group {group}")).collect(),
            weights: Vec::new(),
            neighbours: Vec::new(),
        };
        for _ in 0..n {
            let group = (random.fraction().powi(2) * groups as f64) as usize;
            let truth = random.below(c + group) % c;
            let scores: Vec<usize> = (0..c)
                .map(|class| 1 + random.below(8) + if class == truth { 3 } else { 0 })
                .collect();
            let sum: usize = scores.iter().sum();
            rows.truth.push(truth as u32);
            rows.predicted.push(if random.below(3) > 0 {
                truth
            } else {
                random.below(c)
            } as u32);
            rows.probabilities
                .extend(scores.iter().map(|&score| score as f64 / sum as f64));
            rows.groups.push(group as u32);
            rows.neighbours.extend((0..K).map(|_| random.below(n) as u32));
        }
        rows
    }

    /// These rows in this order; a row may be taken again. Neighbours are left behind.
    fn take(&self, rows: &[usize]) -> Self {
        let c = self.classes.len();
        let pick = |codes: &[u32]| rows.iter().map(|&row| codes[row]).collect();
        Self {
            truth: pick(&self.truth),
            predicted: pick(&self.predicted),
            groups: pick(&self.groups),
            probabilities: rows
                .iter()
                .flat_map(|&row| self.probabilities[row * c..(row + 1) * c].to_vec())
                .collect(),
            weights: rows
                .iter()
                .filter_map(|&row| self.weights.get(row).copied())
                .collect(),
            neighbours: Vec::new(),
            ..self.clone()
        }
    }

    fn weighted(mut self, weight: impl Fn(usize) -> f64) -> Self {
        self.weights = (0..self.truth.len()).map(weight).collect();
        self
    }

    fn groups(&self) -> Groups {
        Groups::from_codes(self.group_names.clone(), self.groups.clone())
    }

    fn view<'a>(&'a self, groups: &'a Groups) -> GroupedRows<'a> {
        let mut rows = Predictions::new(&self.classes, &self.truth, &self.predicted)
            .and_then(|rows| rows.with_probabilities(&self.probabilities))
            .and_then(|rows| GroupedRows::new(rows, groups, self.classes.last().expect("a class")))
            .expect("drawn rows are sound");
        if !self.weights.is_empty() {
            rows = rows.with_weights(&self.weights).expect("drawn weights are sound");
        }
        if !self.neighbours.is_empty() {
            rows = rows
                .with_neighbours(K, &self.neighbours)
                .expect("neighbours of every row");
        }
        rows
    }

    fn measure(&self, privileged: Option<usize>, measures: &[GroupMeasure]) -> Vec<Option<f64>> {
        let groups = self.groups();
        let mut rows = self.view(&groups);
        if let Some(group) = privileged {
            rows = rows
                .with_privileged(&self.group_names[group])
                .expect("the group is there");
        }
        let evaluator = GroupEvaluator::new(measures, &rows, None).expect("rows have all it needs");
        numbers(evaluator.original())
    }
}

fn numbers(values: Vec<f64>) -> Vec<Option<f64>> {
    values
        .into_iter()
        .map(|value| (!value.is_nan()).then_some(value))
        .collect()
}

/// Every measure that needs no neighbours, and those of groups that all drawn rows have.
fn all() -> Vec<GroupMeasure> {
    let mut all: Vec<GroupMeasure> = GroupMeasure::names()
        .iter()
        .map(|name| name.parse().expect("a known name"))
        .filter(|measure| !matches!(measure, GroupMeasure::Consistency(_)))
        .collect();
    for name in [
        "f1:group 0",
        "roc-auc-difference:group 0 vs group 1",
        "selection-rate-ratio:group 1 vs group 0",
        "generalized-entropy-index:0.5",
        "generalized-entropy-index:-1",
        "generalized-entropy-index:0",
        "between-all-groups-generalized-entropy-index:0",
        "smoothed-empirical-differential-fairness:0",
    ] {
        all.push(name.parse().expect("a known name"));
    }
    all
}

fn of(name: &str) -> GroupMeasure {
    name.parse().expect("a known name")
}

/// What more rows of the same kind change: the number of rows, and what is smoothed by some.
fn depends_on_size(measure: &GroupMeasure) -> bool {
    match measure {
        GroupMeasure::Rate(rate, comparison) => {
            *rate == Rate::Count && !matches!(comparison, Comparison::MinOverMax | Comparison::Ratio)
        }
        GroupMeasure::DifferentialFairness { concentration, .. }
        | GroupMeasure::BiasAmplification { concentration } => *concentration > 0.0,
        _ => false,
    }
}

#[track_caller]
fn same(measures: &[GroupMeasure], a: &[Option<f64>], b: &[Option<f64>]) {
    assert!(a.len() == measures.len() && b.len() == measures.len());
    for ((measure, a), b) in measures.iter().zip(a).zip(b) {
        close(measure, *a, *b);
    }
}

#[track_caller]
fn close(measure: &GroupMeasure, a: Option<f64>, b: Option<f64>) {
    match (a, b) {
        (Some(a), Some(b)) => {
            // The root of what should be 0 is the root of its rounding.
            let root = matches!(measure, GroupMeasure::Entropy { root: true, .. });
            let within = if root && a.max(b) < 1e-6 {
                1e-6
            } else {
                1e-10 * a.abs().max(1.0)
            };
            assert!((a - b).abs() <= within, "{measure}: {a} and {b}");
        }
        _ => assert_eq!(a, b, "{measure}"),
    }
}

fn shuffled(n: usize, random: &mut Random) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}

proptest! {
    #[test]
    fn fair_utility_is_balanced_accuracy_discounted_by_average_absolute_odds(
        seed: u64, n in 4_usize..150, groups in 2_usize..5, chosen: bool,
    ) {
        let rows = Rows::drawn(seed, n, 2, groups);
        let privileged = chosen.then_some(0);
        for end in ["", "-max-min", "-to-overall"] {
            let scope = match end {
                "" => Scope::Privileged,
                "-max-min" => Scope::MaxMin,
                _ => Scope::ToOverall,
            };
            let measures = [
                GroupMeasure::FairUtility(scope),
                of("balanced-accuracy"),
                GroupMeasure::Odds(Odds::AverageAbsolute, scope),
                GroupMeasure::Odds(Odds::Average, scope),
                GroupMeasure::Odds(Odds::Worst, scope),
            ];
            let [utility, balanced, odds, average, worst] = rows.measure(privileged, &measures)[..] else {
                unreachable!("a number for each measure");
            };
            prop_assert_eq!(utility.is_some(), balanced.is_some() && odds.is_some());
            let (Some(utility), Some(balanced), Some(odds), Some(average), Some(worst)) =
                (utility, balanced, odds, average, worst)
            else {
                continue;
            };
            prop_assert!((utility - balanced * (1.0 - odds)).abs() < 1e-15);
            prop_assert!((0.0..=1.0).contains(&utility));
            prop_assert!(average.abs() <= odds + 1e-15, "{average} and {odds}");
            prop_assert!(odds <= worst && worst <= 1.0);
        }
    }

    #[test]
    fn numbers_stay_in_their_range(seed: u64, n in 1_usize..60, c in 2_usize..4, groups in 1_usize..5) {
        let rows = Rows::drawn(seed, n, c, groups);
        let names: Vec<GroupMeasure> =
            all().into_iter().filter(|measure| !measure.name().contains(':')).collect();
        for privileged in [None, Some(0)] {
            for (measure, value) in names.iter().zip(rows.measure(privileged, &names)) {
                let (low, high) = measure.range();
                let rounding = 1e-12;
                prop_assert!(
                    value.is_none_or(|value| low - rounding <= value && value <= high + rounding),
                    "{} is {:?}", measure, value
                );
            }
        }
    }

    #[test]
    fn swapping_two_groups_turns_signs_and_ratios(seed: u64, n in 4_usize..150) {
        let rows = Rows::drawn(seed, n, 2, 2);
        let measures = all();
        let one = rows.measure(Some(0), &measures);
        let other = rows.measure(Some(1), &measures);
        for ((measure, a), b) in measures.iter().zip(&one).zip(&other) {
            let pair = matches!(
                measure,
                GroupMeasure::Rate(_, Comparison::PairDifference(..) | Comparison::PairRatio(..))
            );
            if !measure.is_signed() || pair {
                close(measure, *a, *b);
            } else if let (Some(a), Some(b)) = (a, b) {
                if measure.aim().gap(1.0) == Some(0.0) {
                    prop_assert!((a * b - 1.0).abs() < 1e-12, "{}: {} and {}", measure, a, b);
                } else {
                    prop_assert!((a + b).abs() < 1e-12, "{}: {} and {}", measure, a, b);
                }
            }
        }
    }

    #[test]
    fn copies_of_all_rows_change_nothing(seed: u64, n in 2_usize..80, c in 2_usize..4, groups in 1_usize..5) {
        let rows = Rows::drawn(seed, n, c, groups);
        let twice: Vec<usize> = (0..n).chain(0..n).collect();
        let measures: Vec<GroupMeasure> = all()
            .into_iter()
            .filter(|measure| groups > 1 || !measure.name().contains("group 1"))
            .filter(|measure| !depends_on_size(measure))
            .collect();
        for privileged in [None, Some(0)] {
            same(
                &measures,
                &rows.measure(privileged, &measures),
                &rows.take(&twice).measure(privileged, &measures),
            );
        }
    }

    #[test]
    fn a_weight_is_so_many_copies(seed: u64, n in 2_usize..80, c in 2_usize..4) {
        let rows = Rows::drawn(seed, n, c, 3);
        let weight = |row: usize| (row * 7 + 1) % 4;
        let copies: Vec<usize> = (0..n).flat_map(|row| std::iter::repeat_n(row, weight(row))).collect();
        let measures = all();
        let weighted = rows.clone().weighted(|row| weight(row) as f64);
        for privileged in [None, Some(0)] {
            same(
                &measures,
                &weighted.measure(privileged, &measures),
                &rows.take(&copies).measure(privileged, &measures),
            );
        }
    }

    #[test]
    fn neither_order_nor_codes_of_groups_matter(seed: u64, n in 2_usize..80, c in 2_usize..4) {
        let rows = Rows::drawn(seed, n, c, 4);
        let mut random = Seed::new(seed).child("order").rng();
        let mut other = rows.take(&shuffled(n, &mut random));
        let places = shuffled(4, &mut random);
        for (place, name) in places.iter().zip(&rows.group_names) {
            other.group_names[*place].clone_from(name);
        }
        other.groups.iter_mut().for_each(|group| *group = places[*group as usize] as u32);
        let measures = all();
        same(&measures, &rows.measure(None, &measures), &other.measure(None, &measures));
        same(
            &measures,
            &rows.measure(Some(2), &measures),
            &other.measure(Some(places[2]), &measures),
        );
    }

    #[test]
    fn no_pair_differs_by_more_than_largest_and_smallest(seed: u64, n in 10_usize..150, groups in 2_usize..5) {
        let rows = Rows::drawn(seed, n, 2, groups);
        let groups = rows.groups();
        for rate in Rate::all() {
            let widest = GroupMeasure::Rate(rate, Comparison::MaxMin);
            let pairs = GroupMeasure::of_each_pair(rate, &groups);
            let widest = rows.measure(None, &[widest])[0];
            let pairs = rows.measure(None, &pairs);
            if let Some(widest) = widest {
                let largest = pairs.iter().map(|pair| pair.map_or(f64::NAN, f64::abs)).fold(0.0, f64::max);
                prop_assert!(pairs.iter().all(Option::is_some), "{}", rate);
                prop_assert!((largest - widest).abs() < 1e-12 * widest.max(1.0), "{}: {} and {}", rate, largest, widest);
            }
        }
    }

    #[test]
    fn a_class_among_many_stands_against_their_rest(seed: u64, n in 2_usize..80, c in 3_usize..6) {
        let many = Rows::drawn(seed, n, c, 3);
        let mut two = many.clone();
        let last = c as u32 - 1;
        two.classes = vec!["rest".into(), "class".into()];
        two.truth.iter_mut().for_each(|class| *class = u32::from(*class == last));
        two.predicted.iter_mut().for_each(|class| *class = u32::from(*class == last));
        two.probabilities = many
            .probabilities
            .chunks(c)
            .flat_map(|values| [1.0 - values[c - 1], values[c - 1]])
            .collect();
        let measures = all();
        same(&measures, &many.measure(Some(1), &measures), &two.measure(Some(1), &measures));
    }

    #[test]
    fn counted_rows_are_repeated_rows(seed: u64, n in 30_usize..80, c in 2_usize..4, weighted: bool) {
        let mut rows = Rows::drawn(seed, n, c, 3);
        rows.neighbours.clear();
        if weighted {
            rows = rows.weighted(|row| 0.5 + (row % 5) as f64);
        }
        let mut random = Seed::new(seed).child("counts").rng();
        let counts: Vec<u16> = (0..n).map(|_| random.below(4) as u16).collect();
        let repeated: Vec<usize> =
            (0..n).flat_map(|row| std::iter::repeat_n(row, usize::from(counts[row]))).collect();
        let repeated = rows.take(&repeated);
        // A group that a draw misses makes comparisons undefined; a table without it has one group less.
        prop_assume!((0..3).all(|group| !rows.groups.contains(&group) || repeated.groups.contains(&group)));
        let groups = rows.groups();
        let view = rows.view(&groups).with_privileged("group 0").expect("it is there");
        let measures = all();
        let evaluator = GroupEvaluator::new(&measures, &view, None).expect("all it needs");
        let counted = numbers(evaluator.values(&counts));
        same(&measures, &counted, &repeated.measure(Some(0), &measures));
    }

    #[test]
    fn a_subset_counts_its_own_rows(seed: u64, n in 30_usize..80) {
        let mut rows = Rows::drawn(seed, n, 2, 3);
        rows.neighbours.clear();
        let subset: Vec<usize> = (0..n).filter(|row| row % 3 != 0).collect();
        let measures = all();
        let (groups, own) = (rows.groups(), rows.take(&subset));
        let evaluator = GroupEvaluator::new(&measures, &rows.view(&groups), Some(&subset)).expect("all it needs");
        let ours = numbers(evaluator.original());
        prop_assert_eq!(&ours, &numbers(evaluator.values(&vec![1; n])));
        same(&measures, &ours, &own.measure(None, &measures));
    }
}

#[test]
fn consistency_is_one_less_the_distance_to_neighbours() {
    let classes = ["0".to_owned(), "1".to_owned()];
    let predictions = Predictions::new(&classes, &[1, 1, 0], &[1, 0, 0]).unwrap();
    let groups = Groups::from_names(&["a", "a", "b"]);
    let near = [0, 1, 1, 2, 2, 0];
    let rows = GroupedRows::new(predictions, &groups, "1").unwrap();
    assert!(
        of("consistency")
            .evaluate(&rows)
            .unwrap_err()
            .to_string()
            .contains("neighbours")
    );
    let rows = rows.with_neighbours(2, &near).unwrap();
    assert_eq!(
        of("consistency").value(&rows),
        Some(1.0 - (0.0 + 0.5 + 0.5) / 3.0)
    );
    assert_eq!(
        of("consistency-of-predictions").value(&rows),
        Some(1.0 - (0.5 + 0.0 + 0.5) / 3.0)
    );
}

#[test]
fn an_entropy_of_0_is_a_mean_of_logarithms() {
    let classes = ["0".to_owned(), "1".to_owned()];
    // Benefits 2, 1, 1.
    let predictions = Predictions::new(&classes, &[0, 1, 0], &[1, 1, 0]).unwrap();
    let groups = Groups::from_names(&["a", "a", "b"]);
    let rows = GroupedRows::new(predictions, &groups, "1").unwrap();
    let mean = 4.0_f64 / 3.0;
    let expected = -((2.0 / mean).ln() + 2.0 * (1.0 / mean).ln()) / 3.0;
    let ours = of("generalized-entropy-index:0").value(&rows).unwrap();
    assert!((ours - expected).abs() < 1e-15);
}

fn why(name: &str, rows: &GroupedRows<'_>) -> String {
    let found = of(name).evaluate(rows).expect("rows have all it needs");
    found.expect_err("it is not defined").to_string()
}

#[test]
fn what_is_absent_says_why() {
    let classes = ["bad".to_owned(), "good".to_owned()];
    let predictions = Predictions::new(&classes, &[1, 0, 0, 0], &[0, 0, 0, 0]).unwrap();
    let groups = Groups::from_names(&["male", "male", "female", "female"]);
    let rows = GroupedRows::new(predictions, &groups, "good").unwrap();
    assert_eq!(
        why("equal-opportunity-difference", &rows),
        "group `female` has no row of the true class `good` (of 2 in all), so that it has no true-positive-rate"
    );
    assert_eq!(
        why("precision:male", &rows),
        "group `male` has no row that was predicted as `good` (of 2 in all), so that it has no \
         positive-predictive-value"
    );
    assert_eq!(
        why("demographic-parity-ratio", &rows),
        "the selection-rate of group `female` is 0, and a ratio cannot divide by it"
    );
    let privileged = rows.clone().with_privileged("male").unwrap();
    assert_eq!(
        why("fair-utility", &privileged),
        "the table without group `male` has no row of the true class `good` (of 2 in all), so that it has no \
         true-positive-rate"
    );
    let report = per_group_report(&rows).unwrap();
    let female = &report[1];
    assert_eq!((female.group.as_deref(), female.rows), (Some("female"), 2));
    assert_eq!(female.rate(Rate::TrueNegativeRate), Some(1.0));
    let absent = female
        .rates
        .iter()
        .find(|one| one.rate == Rate::TruePositiveRate)
        .unwrap();
    assert!(absent.value.is_none() && absent.undefined.is_some());
    let json = serde_json::to_string(absent).unwrap();
    assert_eq!(
        json,
        r#"{"rate":"true-positive-rate","value":null,"undefined":{"reason":"empty","subject":{"group":"female"},"rate":"true-positive-rate","lacks":"no row of the true class `good`","weight":2.0}}"#
    );

    let one = Groups::from_names(&["all", "all", "all", "all"]);
    let rows = GroupedRows::new(predictions, &one, "good").unwrap();
    assert_eq!(
        why("demographic-parity-difference", &rows),
        "there is only one group, and nothing to compare it with"
    );
    let rows = rows.with_privileged("all").unwrap();
    assert_eq!(
        why("statistical-parity-difference", &rows),
        "every row is of group `all`, and nothing is left to compare it with"
    );
}

#[test]
fn a_group_that_is_left_out_decides_no_comparison() {
    let classes = ["bad".to_owned(), "good".to_owned()];
    let predictions = Predictions::new(&classes, &[1, 0, 1, 0, 0], &[1, 0, 0, 0, 1]).unwrap();
    let groups = Groups::from_names(&["a", "a", "b", "b", "few"]);
    let rows = GroupedRows::new(predictions, &groups, "good").unwrap();
    assert_eq!(of("equalized-odds-max-min").value(&rows), None);
    let rows = rows.with_left_out("few").unwrap();
    assert_eq!(of("equalized-odds-max-min").value(&rows), Some(1.0));
    assert_eq!(of("selection-rate").value(&rows), Some(0.4));
    assert_eq!(of("selection-rate:few").value(&rows), Some(1.0));
    assert_eq!(
        rows.with_left_out("feww").unwrap_err().hint().unwrap(),
        "did you mean `few`?"
    );
}

#[test]
fn bad_input_is_told_with_what_to_type() {
    let classes = ["bad".to_owned(), "good".to_owned()];
    let predictions = Predictions::new(&classes, &[1, 0], &[1, 0]).unwrap();
    let groups = Groups::from_names(&["male", "female"]);
    let error = GroupedRows::new(predictions, &groups, "godo").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the favourable class `godo` is not a class of the target"
    );
    assert_eq!(error.hint().unwrap(), "did you mean `good`?");
    let rows = GroupedRows::new(predictions, &groups, "good").unwrap();
    let error = rows.clone().with_privileged("malle").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint().unwrap().as_str()),
        ("there is no group `malle`", "did you mean `male`?")
    );
    let error = of("selection-rate:man").evaluate(&rows).unwrap_err();
    assert_eq!(error.code(), "metrics.unknown-group");
    let error = of("roc-auc-max-min").evaluate(&rows).unwrap_err();
    assert_eq!(error.to_string(), "`roc-auc-max-min` needs probabilities");
    let short = Groups::from_names(&["male"]);
    let error = GroupedRows::new(predictions, &short, "good").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list of groups has 1 value, where 2 are needed"
    );
    let labels = Labels::from_names(&["good", "bad"]);
    let rows = GroupedRows::of_labels(&labels, &groups, "good").unwrap();
    let error = of("accuracy").evaluate(&rows).unwrap_err();
    assert_eq!(error.to_string(), "`accuracy` needs predictions");
    assert_eq!(of("base-rate-max-min").value(&rows), Some(1.0));
}

fn intervals(
    rows: &Rows,
    kind: IntervalKind,
    draws: usize,
) -> (Vec<GroupMeasure>, Vec<Estimate>, Vec<Estimate>) {
    let groups = rows.groups();
    let view = rows
        .view(&groups)
        .with_privileged("group 0")
        .expect("it is there");
    let measures: Vec<GroupMeasure> = all()
        .into_iter()
        .filter(|measure| !measure.needs_scores())
        .collect();
    let bootstrap = Bootstrap::new(11).with_draws(draws).with_kind(kind);
    let by_kind = bootstrap.group_intervals(&measures, &view, &()).expect("draws");
    let evaluator = GroupEvaluator::new(&measures, &view, None).expect("all it needs");
    let by_row = bootstrap
        .run(
            rows.truth.len(),
            measures.len(),
            |counts| evaluator.values(counts),
            &(),
        )
        .expect("draws");
    (measures, by_kind, by_row)
}

/// Ends of intervals agree within what chance moves them by.
fn check_agreement(kind: IntervalKind) {
    let mut rows = Rows::drawn(5, 400, 2, 3);
    rows.neighbours.clear();
    let (measures, by_kind, by_row) = intervals(&rows, kind, 2000);
    let mut compared = 0;
    for ((measure, a), b) in measures.iter().zip(&by_kind).zip(&by_row) {
        match (a.value, b.value) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-10 * a.abs().max(1.0)),
            (a, b) => assert_eq!(a, b),
        }
        if let (Some((low, high)), Some(other)) = (a.interval, b.interval) {
            // The largest of several numbers is biased upwards, and the correction stretches what chance does.
            let one = matches!(
                measure,
                GroupMeasure::Rate(_, Comparison::Overall | Comparison::Group(_))
            );
            let smooth = one || measure.is_signed();
            if kind == IntervalKind::Bca && !smooth {
                continue;
            }
            let width = (high - low).max(other.1 - other.0);
            assert!((low - other.0).abs() <= 0.12 * width + 1e-12, "{a:?} and {b:?}");
            assert!((high - other.1).abs() <= 0.12 * width + 1e-12, "{a:?} and {b:?}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn draws_of_kinds_give_the_percentile_intervals_of_draws_of_rows() {
    check_agreement(IntervalKind::Percentile);
}

#[test]
fn draws_of_kinds_give_the_bca_intervals_of_draws_of_rows() {
    check_agreement(IntervalKind::Bca);
}

#[test]
fn a_group_that_draws_often_miss_has_no_interval() {
    let classes = ["bad".to_owned(), "good".to_owned()];
    let truth: Vec<u32> = (0..400).map(|row| row % 2).collect();
    let names: Vec<&str> = (0..400).map(|row| if row < 2 { "few" } else { "many" }).collect();
    let groups = Groups::from_names(&names);
    let predictions = Predictions::new(&classes, &truth, &truth).unwrap();
    let rows = GroupedRows::new(predictions, &groups, "good").unwrap();
    let measures = [
        of("selection-rate-max-min"),
        of("true-positive-rate-max-min"),
        of("accuracy"),
    ];
    let estimates = Bootstrap::new(3).group_intervals(&measures, &rows, &()).unwrap();
    // A draw of 400 misses two rows with probability e⁻², and one with e⁻¹.
    for (estimate, share) in estimates.iter().zip([(-2.0_f64).exp(), (-1.0_f64).exp()]) {
        assert_eq!((estimate.value, estimate.interval), (Some(0.0), None));
        assert!(
            (estimate.undefined as f64 / 2000.0 - share).abs() < 0.05,
            "{estimate:?}"
        );
    }
    assert_eq!(estimates[2].interval, Some((1.0, 1.0)));
}

#[test]
fn threads_change_no_bit() {
    let mut rows = Rows::drawn(8, 500, 2, 3);
    rows.neighbours.clear();
    let groups = rows.groups();
    let view = rows.view(&groups);
    let plain: Vec<GroupMeasure> = all()
        .into_iter()
        .filter(|measure| !measure.needs_scores())
        .collect();
    for measures in [all(), plain] {
        let run = |threads: usize| {
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool");
            pool.install(|| {
                Bootstrap::new(1)
                    .with_draws(200)
                    .group_intervals(&measures, &view, &())
            })
            .expect("draws")
        };
        assert_eq!(run(1), run(4));
    }
}

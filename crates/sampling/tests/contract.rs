//! What every method promises, whichever it is: each test goes through the whole list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use counterpoise_base::{
    Domain, Event, Feature, FeatureValues, Features, Groups, Labeled, Labels, MISSING, Observer, Random,
    Resampled, RowKeys, Seed, Strided, SyntheticValues,
};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Chooser, Error, Method, Resample, Run};
use serde_json::{Value, json};

/// Rows of a test table; classes are clouds around different places.
#[derive(Clone)]
struct Rows {
    x: Vec<f64>,
    single: Vec<f32>,
    whole: Vec<f64>,
    city: Vec<u32>,
    sex: Vec<u32>,
    class: Vec<String>,
    id: Vec<String>,
}

impl Rows {
    /// `(class, rows, centre)` for each cloud; rows of all classes are mixed.
    fn clouds(clouds: &[(&str, usize, f64)]) -> Self {
        let mut rows = Rows {
            x: Vec::new(),
            single: Vec::new(),
            whole: Vec::new(),
            city: Vec::new(),
            sex: Vec::new(),
            class: Vec::new(),
            id: Vec::new(),
        };
        let most = clouds.iter().map(|cloud| cloud.1).max().unwrap_or(0);
        for turn in 0..most {
            for &(class, count, centre) in clouds {
                if turn >= count {
                    continue;
                }
                let id = format!("{class}-{turn}");
                let mut random: Random = Seed::new(77).child(id.as_str()).rng();
                rows.x.push(centre + random.normal());
                rows.single.push((centre - random.normal()) as f32);
                rows.whole.push((10.0 * centre + 8.0 * random.normal()).round());
                rows.city.push(random.below(3) as u32);
                rows.sex.push(random.below(2) as u32);
                rows.class.push(class.to_owned());
                rows.id.push(id);
            }
        }
        rows
    }

    /// Three overlapping classes of 60, 25 and 9 rows.
    fn usual() -> Self {
        Self::clouds(&[("many", 60, 0.0), ("some", 25, 1.0), ("few", 9, -1.0)])
    }

    fn labels(&self) -> Labels {
        Labels::from_names(&self.class)
    }

    fn groups(&self) -> Groups {
        let names: Vec<String> = self.sex.iter().map(ToString::to_string).collect();
        Labels::from_names(&names)
    }

    /// Puts every other row of each class into the second group.
    fn with_even_groups(mut self) -> Self {
        let mut turns = BTreeMap::<&str, u32>::new();
        for (class, sex) in self.class.iter().zip(&mut self.sex) {
            let turn = turns.entry(class).or_default();
            *sex = *turn % 2;
            *turn += 1;
        }
        self
    }

    /// Numbers in both precisions, whole numbers, categories, and a group that is copied.
    fn features(&self) -> Features<'_> {
        let column = |name: &str, values, domain, copied| Feature {
            name: name.into(),
            values,
            domain,
            copied,
        };
        let codes = |codes: &[u32], levels| FeatureValues::Codes {
            codes: codes.to_vec().into(),
            levels,
        };
        Features::new(
            self.class.len(),
            vec![
                column(
                    "x",
                    FeatureValues::F64(Strided::contiguous(&self.x[..])),
                    Domain::Real,
                    false,
                ),
                column("city", codes(&self.city, 3), Domain::Real, false),
                column(
                    "single",
                    FeatureValues::F32(Strided::contiguous(&self.single[..])),
                    Domain::Real,
                    false,
                ),
                column(
                    "whole",
                    FeatureValues::F64(Strided::contiguous(&self.whole[..])),
                    Domain::Integer,
                    false,
                ),
                column("sex", codes(&self.sex, 2), Domain::Real, true),
            ],
        )
    }

    /// Numbers only, where distances of classes far away do not change the others'.
    fn numbers(&self) -> Features<'_> {
        let all = self.features();
        let kept = [0, 2].map(|place| all.columns()[place].clone());
        Features::new(self.class.len(), kept.to_vec())
    }

    fn ordered(&self, order: &[usize]) -> Self {
        fn pick<T: Clone>(from: &[T], order: &[usize]) -> Vec<T> {
            order.iter().map(|&row| from[row].clone()).collect()
        }
        Self {
            x: pick(&self.x, order),
            single: pick(&self.single, order),
            whole: pick(&self.whole, order),
            city: pick(&self.city, order),
            sex: pick(&self.sex, order),
            class: pick(&self.class, order),
            id: pick(&self.id, order),
        }
    }
}

/// What a method does to rows.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Over,
    Under,
    Clean,
    /// Makes rows, then cleans.
    Both,
    /// Weighs or changes the rows there are.
    Keep,
}

fn kind(method: &str) -> Kind {
    match method {
        "random-under-sampler" => Kind::Under,
        "edited-nearest-neighbours" => Kind::Clean,
        "smoteenn" | "fair-smote" => Kind::Both,
        "reweighing" | "fair-balance" | "disparate-impact-remover" => Kind::Keep,
        _ => Kind::Over,
    }
}

/// Methods that balance groups, and so refuse a table without.
fn of_groups(method: &str) -> bool {
    let over = matches!(
        method,
        "fair-oversampling"
            | "heterogeneous-fair-oversampling"
            | "fair-borderline-smote"
            | "fair-adasyn"
            | "fair-smote"
    );
    over || kind(method) == Kind::Keep
}

/// Methods without a stream of numpy's to replay.
fn without_replay(method: &str) -> bool {
    method == "eos" || off_line(method) || of_groups(method)
}

/// Methods whose new rows are around one row, on no line to another, and that take numbers only.
fn off_line(method: &str) -> bool {
    matches!(method, "ccr" | "mc-ccr" | "rbo" | "mc-rbo" | "amdo")
}

/// Methods that measure a class against rows of larger ones, those that were just made included.
fn takes_classes_in_turn(method: &str) -> bool {
    matches!(method, "mc-ccr" | "mc-rbo")
}

/// Methods that take `sampling_strategy`; the others decide by groups how many rows there are.
fn takes_strategy(method: &str) -> bool {
    !of_groups(method)
}

/// Methods that search no neighbours, and so do not care about missing values.
fn measures_no_distance(method: &str) -> bool {
    matches!(method, "random-over-sampler" | "random-under-sampler") || kind(method) == Kind::Keep
}

/// Methods whose new rows may move towards rows of any class, however far away.
fn moves_towards_all(method: &str) -> bool {
    method == "heterogeneous-fair-oversampling"
}

/// Methods of which every seed makes the same.
fn draws_nothing(method: &str) -> bool {
    method == "edited-nearest-neighbours" || kind(method) == Kind::Keep
}

/// Rows with their classes and groups.
fn labeled<'a>(features: Features<'a>, labels: &'a Labels, groups: &'a Groups) -> Labeled<'a> {
    let mut data = Labeled::new(features, labels);
    data.groups = Some(groups);
    data
}

fn with(name: &str, options: &Value) -> Method {
    let mut table = options.as_object().cloned().unwrap_or_default();
    table.insert("name".into(), name.into());
    let text = Value::from(table).to_string();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn default(name: &str) -> Method {
    Method::from_name(name).expect("a listed name")
}

/// With options under which every number of a new row is where its origin says, and rows of a class depend on no other.
fn exact(name: &str) -> Method {
    match name {
        "fair-smote" => with(
            name,
            &json!({"crossover": 1.0, "outside": "keep", "situation_testing": false}),
        ),
        _ => default(name),
    }
}

fn check(method: &Method, data: &Labeled<'_>, seed: u64) -> Resampled {
    method
        .resample(data, &Run::new(seed))
        .unwrap_or_else(|error| panic!("{}: {error}", method.name()))
}

/// One new row as text: class, then every value with all its bits.
fn made(result: &Resampled, labels: &Labels, place: usize) -> String {
    let mut text = labels.classes()[result.origin[place].class as usize].clone();
    for column in &result.synthetic {
        let _ = match column {
            SyntheticValues::F64(values) => write!(text, " {:016x}", values[place].to_bits()),
            SyntheticValues::F32(values) => write!(text, " {:08x}", values[place].to_bits()),
            SyntheticValues::Codes(codes) => write!(text, " {}", codes[place]),
        };
    }
    text
}

fn all_made(result: &Resampled, labels: &Labels) -> Vec<String> {
    (0..result.origin.len())
        .map(|place| made(result, labels, place))
        .collect()
}

/// All methods but those that know two classes only, a favourable one and another: `favorable.rs` has those.
fn names() -> impl Iterator<Item = &'static str> {
    let all = Method::names().iter().copied();
    all.filter(|name| !matches!(*name, "fawos" | "massaging"))
}

#[test]
fn counts_are_those_of_the_plan() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let method = default(name);
        let plan = method.plan(&labels, Some(&groups)).expect(name);
        let result = check(&method, &data, 1);
        let mut counts = vec![0; 3];
        for row in result.rows() {
            counts[result.class_of(row, &labels) as usize] += 1;
        }
        for (class, count) in plan.classes.iter().zip(&counts) {
            assert!(
                class.after.is_none_or(|after| after == *count),
                "{name}: {class:?}, {count} made"
            );
        }
        assert!(counts.iter().all(|&count| count > 0), "{name}: {counts:?}");
    }
}

#[test]
fn the_input_stays_as_it_is_and_new_rows_fit_its_columns() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let features = rows.features();
    let data = labeled(features.clone(), &labels, &groups);
    for name in names() {
        let result = check(&default(name), &data, 2);
        assert!(
            result.kept.is_sorted_by(|a, b| a < b),
            "{name}: {:?}",
            result.kept
        );
        if kind(name) == Kind::Over {
            assert_eq!(result.kept.len(), data.rows(), "{name}");
        }
        if matches!(kind(name), Kind::Under | Kind::Clean | Kind::Keep) {
            assert!(result.origin.is_empty() && result.synthetic.is_empty(), "{name}");
            continue;
        }
        assert_eq!(result.synthetic.len(), 5, "{name}");
        for (column, values) in features.columns().iter().zip(&result.synthetic) {
            let length = match (&column.values, values) {
                (FeatureValues::F64(_), SyntheticValues::F64(values)) => {
                    assert!(values.iter().all(|value| value.is_finite()), "{name}");
                    values.len()
                }
                (FeatureValues::F32(_), SyntheticValues::F32(values)) => {
                    assert!(values.iter().all(|value| value.is_finite()), "{name}");
                    values.len()
                }
                (FeatureValues::Codes { levels, .. }, SyntheticValues::Codes(codes)) => {
                    assert!(codes.iter().all(|&code| (code as usize) < *levels), "{name}");
                    codes.len()
                }
                other => panic!("{name}, column {}: {other:?}", column.name),
            };
            assert_eq!(length, result.origin.len(), "{name}, column {}", column.name);
        }
    }
}

#[test]
fn a_new_row_is_where_its_origin_says() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names().filter(|name| matches!(kind(name), Kind::Over | Kind::Both)) {
        let result = check(&exact(name), &data, 3);
        let (Some(x), Some(whole), Some(sex)) = (
            result.synthetic[0].as_f64(),
            result.synthetic[3].as_f64(),
            result.synthetic[4].as_codes(),
        ) else {
            panic!("{name}: types changed")
        };
        // A parent may be a row that was made before.
        let x_of = |row: u32| {
            let row = row as usize;
            row.checked_sub(rows.x.len())
                .map_or_else(|| rows.x[row], |made| x[made])
        };
        for (place, origin) in result.origin.iter().enumerate() {
            let base = origin.base as usize;
            let expected = rows.x[base] + origin.step * (x_of(origin.neighbor) - x_of(origin.away_from));
            if off_line(name) {
                assert_eq!((origin.neighbor, origin.step), (origin.base, 0.0), "{name}");
            } else {
                assert!((x[place] - expected).abs() < 1e-9, "{name}: {origin:?}");
            }
            assert_eq!(
                whole[place],
                whole[place].round(),
                "{name}: integers stay integers"
            );
            assert_eq!(sex[place], rows.sex[base], "{name}: the group is the base's");
            assert_eq!(
                origin.class,
                labels.codes()[base],
                "{name}: the class is the base's"
            );
        }
    }
}

#[test]
fn one_seed_gives_one_result_and_another_seed_another() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        for chooser in [Chooser::Native, Chooser::Numpy] {
            let resampled = |seed| default(name).resample(&data, &Run::new(seed).with_chooser(chooser));
            let (first, again, other) = match (resampled(4), resampled(4), resampled(5)) {
                (Ok(first), Ok(again), Ok(other)) => (first, again, other),
                (Err(Error::NoReplay { .. }), ..) => {
                    assert!(without_replay(name) && chooser == Chooser::Numpy, "{name}");
                    continue;
                }
                (first, ..) => panic!("{name}: {first:?}"),
            };
            let text = |result: &Resampled| {
                (
                    result.kept.clone(),
                    all_made(result, &labels),
                    result.order.clone(),
                    (
                        result.relabeled.clone(),
                        result.replaced.clone(),
                        result.weights.clone(),
                    ),
                )
            };
            assert_eq!(text(&first), text(&again), "{name}, {chooser:?}");
            if !draws_nothing(name) {
                assert_ne!(text(&first), text(&other), "{name}, {chooser:?}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let rows = Rows::clouds(&[("many", 900, 0.0), ("some", 300, 0.5), ("few", 90, -0.5)]);
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads")
    };
    for name in names() {
        let text = |threads| {
            let result = pool(threads).install(|| check(&default(name), &data, 6));
            let changed = (result.relabeled.clone(), result.replaced.clone());
            let bits = |weight: &f64| weight.to_bits();
            let weights = result.weights.iter().flatten().map(bits).collect::<Vec<_>>();
            (result.kept.clone(), all_made(&result, &labels), changed, weights)
        };
        assert_eq!(text(1), text(4), "{name}");
    }
}

/// Wanted rows of two classes, in the words of each kind of method.
fn two_classes(name: &str, some: usize, few: usize) -> Method {
    if !takes_strategy(name) {
        return exact(name);
    }
    let strategy = match kind(name) {
        Kind::Over | Kind::Both => json!({"some": some, "few": few}),
        Kind::Under => json!({"some": 20, "few": 5}),
        Kind::Clean => json!(["some", "few"]),
        Kind::Keep => unreachable!("it takes no strategy"),
    };
    if matches!(name, "ccr" | "mc-ccr" | "rbo" | "mc-rbo") {
        // A class far away widens the range of every column.
        return with(name, &json!({"sampling_strategy": strategy, "scale": "none"}));
    }
    with(name, &json!({"sampling_strategy": strategy}))
}

fn numbers_need(name: &str) -> bool {
    // SMOTENC wants both kinds of columns.
    name == "smotenc"
}

#[test]
fn a_class_added_far_away_leaves_the_other_classes_alone() {
    let clouds = [("many", 60, 0.0), ("some", 25, 1.0), ("few", 9, -1.0)];
    let few = Rows::clouds(&clouds);
    let more = Rows::clouds(&[clouds[0], clouds[1], clouds[2], ("new", 40, 1e3)]);
    for name in names().filter(|name| !moves_towards_all(name) && !takes_classes_in_turn(name)) {
        let text = |rows: &Rows| {
            let (labels, groups) = (rows.labels(), rows.groups());
            let features = if numbers_need(name) {
                rows.features()
            } else {
                rows.numbers()
            };
            let mut data = labeled(features, &labels, &groups);
            data.keys = RowKeys::Named(&rows.id);
            let result = check(&two_classes(name, 40, 30), &data, 7);
            let mut made = all_made(&result, &labels);
            // What decides by groups how many rows there are makes some of the new class too.
            made.retain(|row| !row.starts_with("new"));
            made.sort();
            let mut kept: Vec<&str> = result.kept.iter().map(|&row| rows.id[row].as_str()).collect();
            kept.retain(|id| !id.starts_with("new"));
            kept.sort_unstable();
            (kept.join(" "), made)
        };
        assert_eq!(text(&few), text(&more), "{name}");
    }
}

#[test]
fn asking_for_more_rows_keeps_the_earlier_ones() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    let over = |name: &&str| kind(name) == Kind::Over && takes_strategy(name) && !takes_classes_in_turn(name);
    for name in names().filter(over) {
        let of_class = |some, few| {
            let result = check(&two_classes(name, some, few), &data, 8);
            let mut made = BTreeMap::<u32, Vec<String>>::new();
            for (place, origin) in result.origin.iter().enumerate() {
                made.entry(origin.class)
                    .or_default()
                    .push(self::made(&result, &labels, place));
            }
            made
        };
        let (few, more) = (of_class(33, 20), of_class(90, 21));
        for (class, rows) in &few {
            assert!(more[class].starts_with(rows), "{name}, class {class}");
        }
    }
}

#[test]
fn a_row_with_an_id_is_drawn_the_same_wherever_it_stands() {
    let rows = Rows::usual();
    let mut order: Vec<usize> = (0..rows.class.len()).collect();
    order.sort_by_key(|&row| Seed::new(9).child(row as u64).number());
    let shuffled = rows.ordered(&order);
    for name in names() {
        let text = |rows: &Rows| {
            let (labels, groups) = (rows.labels(), rows.groups());
            let mut data = labeled(rows.features(), &labels, &groups);
            data.keys = RowKeys::Named(&rows.id);
            let result = check(&default(name), &data, 10);
            let mut kept: Vec<String> = result.kept.iter().map(|&row| rows.id[row].clone()).collect();
            let mut made = all_made(&result, &labels);
            kept.sort();
            made.sort();
            (kept, made)
        };
        assert_eq!(text(&rows), text(&shuffled), "{name}");
    }
}

#[test]
fn twins_are_rows_like_any_other() {
    let usual = Rows::usual();
    let twice: Vec<usize> = (0..usual.class.len()).flat_map(|row| [row, row, row]).collect();
    let rows = usual.ordered(&twice);
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let result = check(&default(name), &data, 11);
        let x = result
            .synthetic
            .first()
            .and_then(SyntheticValues::as_f64)
            .unwrap_or_default();
        assert!(x.iter().all(|value| value.is_finite()), "{name}");
        assert!(!result.is_empty(), "{name}");
    }
}

#[test]
fn a_class_of_one_row_is_copied_or_refused_by_name() {
    let rows = Rows::clouds(&[("many", 30, 0.0), ("single", 1, 0.5)]);
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let result = default(name).resample(&data, &Run::new(12));
        match (name, result) {
            (
                "random-over-sampler"
                | "random-under-sampler"
                | "edited-nearest-neighbours"
                | "disparate-impact-remover",
                Ok(_),
            ) => {}
            // One row is in one of two groups.
            (_, Err(Error::EmptyCell { class, .. })) if of_groups(name) => {
                assert_eq!(class, "single", "{name}");
            }
            // Its neighbours are of the other class, so there are enough of them; or it needs none.
            ("eos" | "ccr" | "mc-ccr" | "rbo" | "mc-rbo", Ok(result)) => assert_eq!(result.origin.len(), 29),
            (_, Err(Error::TooFewRows { class, rows: 1, .. })) => assert_eq!(class, "single", "{name}"),
            (_, result) => panic!("{name}: {result:?}"),
        }
        let copying = json!({"few_rows": "duplicate"});
        let has_option = Method::describe(name)
            .expect("a listed name")
            .parameters
            .iter()
            .any(|parameter| parameter.name == "few_rows");
        if has_option && name != "smoteenn" && !of_groups(name) {
            let result = check(&with(name, &copying), &data, 12);
            assert!(
                result.origin.iter().all(|origin| origin.base == origin.neighbor),
                "{name}"
            );
            assert!(!result.warnings.is_empty(), "{name} copies without a word");
        }
    }
}

#[test]
fn a_missing_value_is_refused_by_the_name_of_its_column_or_measured_around() {
    let mut rows = Rows::usual();
    rows.x[7] = f64::NAN;
    rows.city[3] = MISSING;
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        for chooser in [Chooser::Native, Chooser::Numpy] {
            let result = default(name).resample(&data, &Run::new(13).with_chooser(chooser));
            match (name, result) {
                (_, Ok(_)) if measures_no_distance(name) => {}
                (_, Err(Error::NoReplay { .. })) if without_replay(name) && chooser == Chooser::Numpy => {}
                (
                    _,
                    Err(
                        Error::Neighbors(counterpoise_neighbors::Error::NotFinite { column, row, .. })
                        | Error::NotFinite { column, row, .. },
                    ),
                ) => {
                    assert!(
                        [("x", 8), ("city", 4)].contains(&(column.as_str(), row)),
                        "{name}: column {column}, row {row}"
                    );
                }
                (_, result) => panic!("{name}: {result:?}"),
            }
            let mut run = Run::new(13).with_chooser(chooser);
            run.missing = MissingValues::Define;
            match default(name).resample(&data, &run) {
                Ok(result) => assert!(!result.is_empty(), "{name}"),
                Err(Error::Neighbors(_)) if name == "smotenc" => {}
                Err(Error::NoReplay { .. }) if without_replay(name) => {}
                // Numbers that move have to be there.
                Err(Error::NotFinite { .. }) if off_line(name) => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
}

#[test]
fn balanced_classes_are_left_alone() {
    let rows = Rows::clouds(&[("one", 20, 0.0), ("two", 20, 9.0)]).with_even_groups();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let result = check(&default(name), &data, 14);
        assert!(result.origin.is_empty(), "{name}");
        assert_eq!(result.kept, (0..40).collect::<Vec<_>>(), "{name}");
        let left = |code: &str| name == "disparate-impact-remover" && code == "sampling.categories-left";
        let odd = result.warnings.iter().find(|warning| !left(warning.code));
        assert!(odd.is_none(), "{name}: {odd:?}");
    }
}

#[test]
fn one_class_is_refused() {
    let rows = Rows::clouds(&[("only", 20, 0.0)]);
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let error = default(name).resample(&data, &Run::new(15)).expect_err(name);
        assert_eq!(error.code(), "sampling.one-class", "{name}");
        assert!(default(name).plan(&labels, Some(&groups)).is_err(), "{name}");
    }
}

/// Stops at the first event.
struct Impatient;

impl Observer for Impatient {
    fn observe(&self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn every_method_stops_when_asked() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let data = labeled(rows.features(), &labels, &groups);
    for name in names() {
        let mut run = Run::new(16);
        run.observer = &Impatient;
        let error = default(name).resample(&data, &run).expect_err(name);
        assert_eq!(error.code(), "sampling.stopped", "{name}");
    }
}

#[test]
fn categories_alone_are_enough() {
    let rows = Rows::usual();
    let (labels, groups) = (rows.labels(), rows.groups());
    let all = rows.features();
    let features = Features::new(rows.class.len(), vec![all.columns()[1].clone()]);
    let data = labeled(features, &labels, &groups);
    for name in names() {
        let result = default(name).resample(&data, &Run::new(17));
        if name == "smotenc" {
            assert!(matches!(result, Err(Error::NotMixed { .. })), "{result:?}");
        } else {
            // With three categories every row has twins of each class.
            let told = result.as_ref().err().map(Error::code);
            assert!(
                told.is_none_or(|code| code == "sampling.separated"),
                "{name}: {told:?}"
            );
        }
    }
}

#[test]
fn a_method_of_groups_asks_for_them_and_the_others_do_without() {
    let rows = Rows::usual();
    let labels = rows.labels();
    let one = Labels::from_names(&vec!["all"; labels.len()]);
    for name in names() {
        let without = default(name).resample(&Labeled::new(rows.features(), &labels), &Run::new(18));
        let single = default(name).resample(&labeled(rows.features(), &labels, &one), &Run::new(18));
        if of_groups(name) {
            assert!(
                matches!(without, Err(Error::NeedsGroups { .. })),
                "{name}: {without:?}"
            );
            assert!(
                matches!(single, Err(Error::OneGroup { .. })),
                "{name}: {single:?}"
            );
            for groups in [None, Some(&one)] {
                let told = default(name).plan(&labels, groups).map_err(|error| error.code());
                let expected = if groups.is_none() {
                    "sampling.needs-groups"
                } else {
                    "sampling.one-group"
                };
                assert_eq!(told.expect_err(name), expected, "{name}");
            }
        } else {
            assert!(without.is_ok() && single.is_ok(), "{name}: {without:?}");
        }
    }
}

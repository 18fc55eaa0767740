use proptest::prelude::*;
use serde_json::Value;

use super::weights::effective_weights;
use super::*;
use crate::weights::numbers;

fn device() -> Device {
    Device::flex().autodiff()
}

fn read(text: &str) -> Loss {
    serde_json::from_str(text).expect("a loss")
}

/// The value, and its gradient by logits.
fn value(
    loss: &Loss,
    counts: &[usize],
    logits: &[f32],
    targets: &[f32],
    epoch: usize,
    epochs: usize,
) -> (f32, Vec<f32>) {
    let shape = [logits.len() / counts.len(), counts.len()];
    let put = |numbers: &[f32]| -> Tensor<2> {
        Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &device())
    };
    let logits = put(logits).require_grad();
    let prepared = loss.prepare(counts, &device()).expect("it can be prepared");
    let value = prepared.forward(logits.clone(), put(targets), epoch, epochs);
    let gradients = value.backward();
    let gradient = logits.grad(&gradients).expect("it depends on logits");
    (numbers(value)[0], numbers(gradient))
}

fn check(text: &str, counts: &[usize], logits: &[f32], targets: &[f32], expected: f32) {
    let found = value(&read(text), counts, logits, targets, 0, 200).0;
    assert!((found - expected).abs() < 1e-5, "{text}: {found}, not {expected}");
}

/// One of each kind, with all that they can do.
const KINDS: [&str; 12] = [
    r#""cross-entropy""#,
    r#"{"name": "cross-entropy", "weights": "balanced"}"#,
    r#"{"name": "cross-entropy", "drw": {"after": 0}}"#,
    r#"{"name": "focal", "gamma": 0.5, "weights": [1.0, 2.0, 0.5]}"#,
    r#"{"name": "focal", "weights": [1.0, 2.0, 0.5], "confidence": "reference"}"#,
    r#""class-balanced""#,
    r#"{"name": "class-balanced", "over": "focal"}"#,
    r#"{"name": "asl", "gamma_positive": 1.5}"#,
    r#"{"name": "ldam", "drw": {"after": 0}}"#,
    r#""balanced-softmax""#,
    r#"{"name": "logit-adjusted", "tau": 0.5}"#,
    r#""vs""#,
];

const COUNTS: [usize; 3] = [90, 9, 1];

fn flat(rows: &Value) -> Vec<f64> {
    let rows = rows.as_array().expect("rows");
    let row = |row: &Value| row.as_array().expect("a row").clone();
    rows.iter()
        .flat_map(row)
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn single(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&number| number as f32).collect()
}

#[test]
fn losses_that_make_up_for_shares_say_so() {
    let favours = |name: &str| Loss::from_name(name).unwrap().favours_rare_classes();
    for name in Loss::names() {
        assert_eq!(
            favours(name),
            !["cross-entropy", "focal", "asl"].contains(name),
            "{name}"
        );
    }
    let weighted = [
        r#"{"name": "focal", "weights": "balanced"}"#,
        r#"{"name": "cross-entropy", "drw": {}}"#,
    ];
    for text in weighted {
        let loss: Loss = serde_json::from_str(text).unwrap();
        assert!(loss.favours_rare_classes(), "{text}");
    }
}

#[test]
fn values_and_gradients_are_those_of_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/losses.json");
    let text = std::fs::read_to_string(path).expect("it is recorded");
    let recorded: Value = serde_json::from_str(&text).expect("it is JSON");
    let counts: Vec<usize> = serde_json::from_value(recorded["counts"].clone()).expect("counts");
    let epochs = recorded["epochs"].as_u64().expect("a number") as usize;
    let mut compared = 0;
    for case in recorded["cases"].as_array().expect("cases") {
        let loss: Loss = serde_json::from_value(case["loss"].clone()).expect("a loss");
        let batch = &recorded["batches"][case["batch"].as_u64().expect("a place") as usize];
        let (logits, targets) = (single(&flat(&batch["logits"])), single(&flat(&batch["targets"])));
        let epoch = case["epoch"].as_u64().expect("a number") as usize;
        let (found, gradient) = value(&loss, &counts, &logits, &targets, epoch, epochs);
        let expected = case["value"].as_f64().expect("a number");
        let near = |found: f32, expected: f64, largest: f64| {
            (f64::from(found) - expected).abs() <= 2e-6 * largest.max(1.0)
        };
        assert!(
            near(found, expected, expected),
            "{loss:?}: {found}, not {expected}"
        );
        let expected = flat(&case["gradient"]);
        let largest = expected
            .iter()
            .fold(0.0, |most: f64, slope| most.max(slope.abs()));
        for (&found, &expected) in gradient.iter().zip(&expected) {
            assert!(
                near(found, expected, largest),
                "{loss:?}: slope {found}, not {expected}"
            );
        }
        compared += expected.len();
    }
    assert_eq!(compared, 22 * 4 * 40);
}

#[test]
fn gradients_are_the_differences_of_values() {
    let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1, -0.2, 0.1, 0.6];
    let targets = [1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.0, 0.2, 0.8];
    for text in KINDS {
        let loss = read(text);
        let gradient = value(&loss, &COUNTS, &logits, &targets, 0, 1).1;
        let step = if loss.wants_cosines() { 1e-3 } else { 1e-2 };
        for (place, &slope) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut logits = logits;
                logits[place] += by;
                value(&loss, &COUNTS, &logits, &targets, 0, 1).0
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let near = 2e-3 * slope.abs().max(1.0);
            assert!(
                (difference - slope).abs() < near,
                "{text}: slope {slope}, difference {difference}"
            );
        }
    }
}

#[test]
fn hand_computed_values() {
    let ln2 = std::f32::consts::LN_2;
    let even = [0.0, 0.0];
    let one = [0.0, 1.0];
    // Both classes have probability 1/2.
    check(r#""cross-entropy""#, &[3, 1], &even, &one, ln2);
    check(r#""focal""#, &[3, 1], &even, &one, ln2 / 4.0);
    // 0.95 ln 2 of the right class, and 0.05 of a sixteenth of the wrong one.
    check(r#""asl""#, &[3, 1], &even, &one, 0.95 * ln2 + 0.05 * ln2 / 16.0);
    // Probabilities 3/4 and 1/4.
    check(r#""balanced-softmax""#, &[3, 1], &even, &one, 4.0_f32.ln());
    check(r#""logit-adjusted""#, &[3, 1], &even, &one, 4.0_f32.ln());
    // Logits 1 and 1/2 after scaling with (1/4)^0.5.
    let vs = r#"{"name": "vs", "gamma": 0.5, "tau": 0.0}"#;
    check(vs, &[4, 1], &[1.0, 1.0], &one, (1.0 + 0.5_f32.exp()).ln());
    // Margins 1/2 and 1/4; the probability of the first is that of a logit of -1/2 beside 0.
    let ldam = r#"{"name": "ldam", "scale": 1.0}"#;
    check(ldam, &[16, 1], &even, &one, (1.0 + 0.5_f32.exp()).ln());
    check(ldam, &[16, 1], &even, &[1.0, 0.0], (1.0 + 0.25_f32.exp()).ln());
}

#[test]
fn a_weighted_mean_is_divided_by_weights() {
    // Costs ln 2 and ln 4, weights 1 and 3.
    let logits = [0.0, 0.0, 3.0_f32.ln(), 0.0];
    let targets = [1.0, 0.0, 0.0, 1.0];
    let (first, second) = (2.0_f32.ln(), 4.0_f32.ln());
    let weighted = r#"{"name": "cross-entropy", "weights": [1.0, 3.0]}"#;
    check(weighted, &[1, 1], &logits, &targets, (first + 3.0 * second) / 4.0);
    let focal = r#"{"name": "focal", "gamma": 0.0, "weights": [1.0, 3.0]}"#;
    check(focal, &[1, 1], &logits, &targets, 0.5 * first + 1.5 * second);
}

#[test]
fn balanced_weights_are_inverse_frequencies() {
    let of = |counts: &[usize]| ClassWeights::Balanced.of(counts, "test").unwrap().unwrap();
    assert_eq!(of(&[6, 2]), [4.0 / 6.0, 2.0]);
    assert_eq!(of(&[5, 5, 5]), [1.0; 3]);
}

#[test]
fn effective_numbers_lie_between_none_and_inverse_frequencies() {
    let of = |beta| effective_weights(&[100, 10, 1], beta, "test").unwrap();
    assert_eq!(of(0.0), [1.0; 3]);
    let near = |found: &[f64], expected: [f64; 3]| {
        let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-4);
        assert!(!far, "{found:?}");
    };
    // 1 / n, scaled to a sum of 3.
    near(&of(1.0 - 1e-9), [0.03 / 1.11, 0.3 / 1.11, 3.0 / 1.11]);
    // 0.1 / (1 - 0.9^n) is 0.1, 0.15353 and 1.
    let scale = 3.0 / 1.253_535;
    near(&of(0.9), [0.100_003 * scale, 0.153_535 * scale, scale]);
}

#[test]
fn limits_are_cross_entropy() {
    let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1];
    let targets = [0.0, 1.0, 0.0, 0.25, 0.0, 0.75];
    let plain = value(&Loss::default(), &COUNTS, &logits, &targets, 0, 1);
    let same = |text: &str, counts: &[usize]| {
        let found = value(&read(text), counts, &logits, &targets, 0, 1);
        assert!(
            (found.0 - plain.0).abs() < 1e-6,
            "{text}: {} and {}",
            found.0,
            plain.0
        );
        for (a, b) in found.1.iter().zip(&plain.1) {
            assert!((a - b).abs() < 1e-6, "{text}: {:?} and {:?}", found.1, plain.1);
        }
    };
    same(r#"{"name": "focal", "gamma": 0.0}"#, &COUNTS);
    same(r#"{"name": "class-balanced", "beta": 0.0}"#, &COUNTS);
    same(
        r#"{"name": "class-balanced", "over": "focal", "gamma": 0.0, "beta": 0.0}"#,
        &COUNTS,
    );
    same(
        r#"{"name": "asl", "gamma_negative": 0.0, "smoothing": 0.0}"#,
        &COUNTS,
    );
    same(r#"{"name": "logit-adjusted", "tau": 0.0}"#, &COUNTS);
    same(r#"{"name": "vs", "gamma": 0.0, "tau": 0.0}"#, &COUNTS);
    same(r#"{"name": "ldam", "scale": 1.0, "max_margin": 0.0}"#, &COUNTS);
    same(r#""balanced-softmax""#, &[7, 7, 7]);
    same(r#""logit-adjusted""#, &[7, 7, 7]);
    same(r#"{"name": "cross-entropy", "weights": "balanced"}"#, &[7, 7, 7]);
}

#[test]
fn deferred_weights_come_after_four_fifths() {
    let deferred = read(r#"{"name": "ldam", "drw": {}}"#);
    let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1];
    let targets = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let at = |loss: &Loss, epoch, epochs| value(loss, &COUNTS, &logits, &targets, epoch, epochs).0;
    let plain = at(&read(r#""ldam""#), 0, 10);
    assert_eq!(at(&deferred, 7, 10), plain);
    assert_ne!(at(&deferred, 8, 10), plain);
    assert_eq!(at(&deferred, 8, 10), at(&deferred, 160, 200));
    assert_eq!(at(&deferred, 159, 200), plain);
}

#[test]
fn huge_logits_leave_numbers_finite() {
    let logits = [1e4, -1e4, 0.0, -1e4, 1e4, 1e4, 1e4, 1e4, 1e4];
    let targets = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.0, 0.8];
    for text in KINDS {
        let (value, gradient) = value(&read(text), &COUNTS, &logits, &targets, 0, 1);
        assert!(value.is_finite() && value > 0.0, "{text}: {value}");
        assert!(
            gradient.iter().all(|slope| slope.is_finite()),
            "{text}: {gradient:?}"
        );
    }
}

#[test]
fn a_sure_and_right_row_costs_nothing() {
    for text in KINDS.into_iter().filter(|text| !text.contains("asl")) {
        let (value, gradient) = value(
            &read(text),
            &COUNTS,
            &[-40.0, 80.0, -40.0],
            &[0.0, 1.0, 0.0],
            0,
            1,
        );
        assert!(value.abs() < 1e-6, "{text}: {value}");
        assert!(
            gradient.iter().all(|slope| slope.abs() < 1e-5),
            "{text}: {gradient:?}"
        );
    }
}

#[test]
fn a_batch_of_classes_without_weight_costs_nothing() {
    let loss = r#"{"name": "cross-entropy", "weights": [0.0, 1.0]}"#;
    check(loss, &[2, 1], &[0.5, 0.1], &[1.0, 0.0], 0.0);
}

#[test]
fn a_class_without_rows_is_named_where_it_matters() {
    let prepare = |text: &str| read(text).prepare(&[5, 0, 2], &device()).map(|_| ());
    for text in KINDS.into_iter().filter(|text| !text.contains("[1.0")) {
        let free = text == KINDS[0] || text.contains("asl");
        match prepare(text) {
            Ok(()) => assert!(free, "{text}"),
            Err(error) => {
                assert!(!free, "{text}");
                assert!(
                    error
                        .to_string()
                        .starts_with("class number 1, counted from 0, has no row")
                );
                assert!(error.hint().is_some());
            }
        }
    }
    // Nothing is divided, and no logarithm taken.
    prepare(r#"{"name": "logit-adjusted", "tau": 0.0}"#).unwrap();
    prepare(r#"{"name": "vs", "tau": 0.0}"#).unwrap();
}

#[test]
fn options_out_of_range_are_named() {
    let refused = |text: &str| read(text).prepare(&[5, 2], &device()).unwrap_err().to_string();
    let check = |text: &str, expected: &str| {
        assert!(refused(text).contains(expected), "{text}: {}", refused(text));
    };
    check(r#"{"name": "focal", "gamma": -1.0}"#, "`gamma = -1` of focal");
    check(
        r#"{"name": "class-balanced", "beta": 1.0}"#,
        "`beta = 1` of class-balanced",
    );
    check(r#"{"name": "asl", "smoothing": 1.5}"#, "`smoothing = 1.5` of asl");
    check(r#"{"name": "ldam", "scale": 0.0}"#, "`scale = 0` of ldam");
    check(
        r#"{"name": "ldam", "scale": 300.0}"#,
        "`max_margin = 0.5` of ldam",
    );
    check(
        r#"{"name": "ldam", "drw": {"beta": 2.0}}"#,
        "`drw.beta = 2` of ldam",
    );
    check(
        r#"{"name": "cross-entropy", "weights": [1.0, -1.0]}"#,
        "`weights = -1`",
    );
    check(
        r#"{"name": "cross-entropy", "weights": [0.0, 0.0]}"#,
        "`weights = 0`",
    );
    check(
        r#"{"name": "cross-entropy", "weights": [1.0]}"#,
        "has 1 number, and there are 2 classes",
    );
}

#[test]
fn names_are_found_and_described() {
    for &name in Loss::names() {
        let loss = Loss::from_name(&name.to_uppercase().replace('-', "_")).unwrap();
        assert_eq!(loss.name(), name);
        let description = Loss::describe(name).unwrap();
        assert!(
            !description.idea.is_empty() && !description.source.is_empty(),
            "{name}"
        );
        assert_eq!(serde_json::to_value(&loss).unwrap(), name);
        assert_eq!(read(&format!("{{\"name\": \"{name}\"}}")), loss);
    }
    let error = Loss::from_name("focla").unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean `focal`?");
    let error = serde_json::from_str::<Loss>(r#"{"name": "ldam", "margin": 1.0}"#).unwrap_err();
    assert!(error.to_string().contains("unknown field `margin`"), "{error}");
    let error = serde_json::from_str::<Loss>(r#"{"name": "cross-entropy", "weights": "even"}"#).unwrap_err();
    assert!(error.to_string().contains("`even` is no weighting"), "{error}");
}

proptest! {
    #[test]
    fn losses_are_linear_in_targets(
        kind in 0..KINDS.len(),
        share in 0.0_f32..1.0,
        logits in prop::array::uniform3(-1.0_f32..1.0),
    ) {
        let loss = read(KINDS[kind]);
        // Where a mean is divided by weights, those of one row cancel: two rows of the same classes have the same weights.
        let of = |targets: [f32; 6]| {
            let logits = [logits[0], logits[1], logits[2], 0.1, 0.2, 0.3];
            value(&loss, &COUNTS, &logits, &targets, 0, 1).0
        };
        let one = of([1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let other = of([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let mixed = of([share, 0.0, 1.0 - share, 1.0 - share, 0.0, share]);
        let expected = share * one + (1.0 - share) * other;
        prop_assert!((mixed - expected).abs() < 1e-4 * expected.abs().max(1.0), "{mixed}, not {expected}");
    }

    #[test]
    fn losses_survive_a_file(kind in 0..KINDS.len()) {
        let loss = read(KINDS[kind]);
        let text = serde_json::to_string(&loss).unwrap();
        prop_assert_eq!(read(&text), loss);
    }
}

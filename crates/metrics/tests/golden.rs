//! The numbers of scikit-learn and imbalanced-learn, where they define them as we do.
//!
//! `tools/golden/record_metrics.py` wrote the file; its header names the versions.

use std::fs;
use std::path::PathBuf;

use counterpoise_metrics::{
    ConfusionMatrix, Measure, Predictions, per_class_report, precision_recall_curve, reliability, roc_curve,
};
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

fn golden() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/metrics.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

fn codes(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|code| code as u32).collect()
}

fn flat(value: &Value) -> Vec<f64> {
    list(value).iter().flat_map(numbers).collect()
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0)
}

/// Runs `check` on every case that was recorded.
fn each(check: impl Fn(&str, &Value, &Predictions<'_>)) {
    let golden = golden();
    let cases = golden["cases"].as_object().expect("cases");
    assert_eq!(cases.len(), 11);
    for (name, case) in cases {
        let classes: Vec<String> = (0..list(&case["matrix"]).len())
            .map(|class| class.to_string())
            .collect();
        let (truth, predicted) = (codes(&case["truth"]), codes(&case["predicted"]));
        let probabilities = flat(&case["probabilities"]);
        let weights = numbers(&case["weights"]);
        let mut rows = Predictions::new(&classes, &truth, &predicted)
            .and_then(|rows| rows.with_probabilities(&probabilities))
            .expect("recorded rows are sound");
        if !weights.is_empty() {
            rows = rows.with_weights(&weights).expect("recorded weights are sound");
        }
        check(name, case, &rows);
    }
}

#[test]
fn measures_are_reproduced() {
    each(|name, case, rows| {
        let values = case["values"].as_object().expect("values");
        assert!(values.len() > 25, "{name}");
        for (measure, theirs) in values {
            let ours = measure.parse::<Measure>().expect("a known name").value(rows);
            let theirs = number(theirs);
            assert!(
                ours.is_some_and(|ours| close(ours, theirs)),
                "{measure} of {name} is {ours:?}, not {theirs:?}"
            );
        }
    });
}

#[test]
fn confusion_matrices_are_reproduced() {
    each(|name, case, rows| {
        let theirs = flat(&case["matrix"]);
        let ours = ConfusionMatrix::new(rows);
        assert!(
            ours.cells().iter().zip(&theirs).all(|(a, b)| close(*a, *b)),
            "{name}: {ours:?}"
        );
    });
}

fn check_curve(name: &str, ours: &[(f64, f64, Option<f64>)], theirs: &Value) {
    assert_eq!(ours.len(), list(&theirs[0]).len(), "points of {name}");
    for (place, (x, y, threshold)) in ours.iter().enumerate() {
        assert!(
            close(*x, number(&theirs[0][place])),
            "{name}: x of point {place} is {x}"
        );
        assert!(
            close(*y, number(&theirs[1][place])),
            "{name}: y of point {place} is {y}"
        );
        assert_eq!(
            *threshold,
            theirs[2][place].as_f64(),
            "{name}: threshold of point {place}"
        );
    }
}

#[test]
fn precision_recall_curves_are_reproduced() {
    each(|name, case, rows| {
        let points = precision_recall_curve(rows, 1, usize::MAX).expect("there are probabilities");
        let ours: Vec<_> = points
            .iter()
            .map(|point| (point.recall, point.precision, point.threshold))
            .collect();
        check_curve(name, &ours, &case["precision-recall"]);
    });
}

#[test]
fn roc_curves_are_reproduced_but_for_points_on_a_line() {
    each(|name, case, rows| {
        let theirs = &case["roc"];
        let points = roc_curve(rows, 1, usize::MAX).expect("there are probabilities");
        let recorded: Vec<Option<f64>> = list(&theirs[2]).iter().map(Value::as_f64).collect();
        for point in &points {
            let place = recorded
                .iter()
                .position(|at| *at == point.threshold)
                .expect("their threshold");
            assert!(
                close(point.false_positive_rate, number(&theirs[0][place])),
                "{name}: {point:?}"
            );
            assert!(
                close(point.true_positive_rate, number(&theirs[1][place])),
                "{name}: {point:?}"
            );
        }
        let area: f64 = points
            .windows(2)
            .map(|pair| {
                (pair[1].false_positive_rate - pair[0].false_positive_rate)
                    * (pair[1].true_positive_rate + pair[0].true_positive_rate)
                    / 2.0
            })
            .sum();
        assert!(
            close(area, number(&case["values"]["roc-auc:1"])),
            "{name}: area {area}"
        );
    });
}

#[test]
fn reliability_is_reproduced() {
    each(|name, case, rows| {
        let theirs = &case["reliability"];
        if theirs.is_null() {
            return;
        }
        let bins = reliability(rows, 1, 15).expect("there are probabilities");
        assert_eq!(bins.len(), list(&theirs[0]).len(), "bins of {name}");
        for (place, bin) in bins.iter().enumerate() {
            assert!(close(bin.predicted, number(&theirs[0][place])), "{name}: {bin:?}");
            assert!(close(bin.observed, number(&theirs[1][place])), "{name}: {bin:?}");
        }
    });
}

#[test]
fn the_report_of_imbalanced_learn_is_reproduced() {
    each(|name, case, rows| {
        for (line, theirs) in per_class_report(rows).iter().zip(list(&case["report"])) {
            let numbers = [
                (line.precision, "pre"),
                (line.recall, "rec"),
                (line.specificity, "spe"),
                (line.f1, "f1"),
                (line.g_mean, "geo"),
                (line.iba, "iba"),
                (Some(line.support), "sup"),
            ];
            for (ours, key) in numbers {
                // Their 0 for a precision that is not defined.
                let ours = ours.unwrap_or(0.0);
                assert!(
                    close(ours, number(&theirs[key])),
                    "{name}: {key} of class {} is {ours}",
                    line.class
                );
            }
        }
    });
}

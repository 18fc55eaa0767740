//! The numbers of AIF360 and Fairlearn on predictions for real tables.
//!
//! `tools/golden/record_fairness.py` and `record_fairness_aif360.py` wrote the file; its header names the versions.

use std::fs;
use std::path::PathBuf;

use counterpoise_base::{Groups, Labels};
use counterpoise_metrics::{Confusion, GroupMeasure, GroupedRows, Predictions, per_group_report};
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

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

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0)
}

/// Runs `check` on every case that was recorded, with and without the privileged group, and its labels alone.
fn each(check: impl Fn(&str, &Value, &GroupedRows<'_>, &GroupedRows<'_>)) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/fairness.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let golden: Value = serde_json::from_str(&text).expect("a golden file is JSON");
    let cases = list(&golden["cases"]);
    assert_eq!(cases.len(), 12);
    let classes = ["0".to_owned(), "1".to_owned()];
    for case in cases {
        let text = |key: &str| case[key].as_str().expect("a text");
        let table = &golden["tables"][text("table")];
        let (truth, predicted) = (codes(&table["truth"]), codes(&table["predicted"]));
        let scores = numbers(&table["score"]);
        let probabilities: Vec<f64> = scores.iter().flat_map(|score| [1.0 - score, *score]).collect();
        let names: Vec<&str> = list(&table["groups"][text("by")])
            .iter()
            .map(|name| name.as_str().expect("a name"))
            .collect();
        let groups = Groups::from_names(&names);
        let labels = Labels::from_codes(classes.to_vec(), truth.clone());
        let weights = numbers(&table["weights"]);
        let neighbours: Vec<u32> = list(&case["neighbours"]).iter().flat_map(codes).collect();
        let predictions = Predictions::new(&classes, &truth, &predicted)
            .and_then(|rows| rows.with_probabilities(&probabilities))
            .expect("recorded rows are sound");
        let mut rows = GroupedRows::new(predictions, &groups, "1").expect("a favourable class");
        let mut labels = GroupedRows::of_labels(&labels, &groups, "1")
            .and_then(|rows| rows.with_privileged(text("privileged")))
            .expect("a favourable class and a privileged group");
        if case["weighted"].as_bool().expect("yes or no") {
            rows = rows.with_weights(&weights).expect("recorded weights are sound");
            labels = labels.with_weights(&weights).expect("recorded weights are sound");
        } else {
            rows = rows
                .with_neighbours(5, &neighbours)
                .expect("neighbours of every row");
            labels = labels
                .with_neighbours(5, &neighbours)
                .expect("neighbours of every row");
        }
        let name = format!(
            "{} by {}, weighted: {}",
            text("table"),
            text("by"),
            case["weighted"]
        );
        check(&name, case, &rows, &labels);
    }
}

fn check(name: &str, recorded: &Value, least: usize, rows: &GroupedRows<'_>) {
    let recorded = recorded.as_object().expect("values");
    assert!(recorded.len() >= least, "{name} has {} values", recorded.len());
    for (measure, theirs) in recorded {
        let measure: GroupMeasure = measure.parse().expect("a known name");
        let ours = measure.evaluate(rows).expect("these rows have all it needs");
        let theirs = number(theirs);
        assert!(
            ours.as_ref().is_ok_and(|ours| close(*ours, theirs)),
            "{measure} of {name} is {ours:?}, not {theirs:?}"
        );
    }
}

#[test]
fn fairlearn_is_reproduced() {
    each(|name, case, rows, _| check(name, &case["fairlearn"], 130, rows));
}

#[test]
fn fairlearn_is_reproduced_whoever_is_privileged() {
    each(|name, case, rows, _| {
        let privileged = case["privileged"].as_str().expect("a group");
        let rows = rows
            .clone()
            .with_privileged(privileged)
            .expect("the group is there");
        check(name, &case["fairlearn"], 130, &rows);
    });
}

#[test]
fn aif360_is_reproduced() {
    each(|name, case, rows, _| {
        let privileged = case["privileged"].as_str().expect("a group");
        let rows = rows
            .clone()
            .with_privileged(privileged)
            .expect("the group is there");
        check(name, &case["aif360"]["values"], 75, &rows);
    });
}

#[test]
fn aif360_is_reproduced_on_labels_alone() {
    each(|name, case, _, labels| check(name, &case["aif360"]["of-labels"], 5, labels));
}

#[test]
fn confusion_matrices_of_aif360_are_reproduced() {
    let four = |confusion: Option<Confusion>| {
        confusion.map(|confusion| [confusion.tp, confusion.fp, confusion.fn_, confusion.tn])
    };
    each(|name, case, rows, _| {
        let report = per_group_report(rows).expect("rows have all it needs");
        let line = report
            .iter()
            .find(|line| line.group.as_deref() == case["privileged"].as_str())
            .expect("the group has a line");
        for (ours, key) in [(line.confusion, "matrix"), (line.generalized, "generalized")] {
            let ours = four(ours).expect("there are predictions and scores");
            let theirs = numbers(&case["aif360"][key]);
            assert!(
                ours.iter().zip(&theirs).all(|(a, b)| close(*a, *b)),
                "{key} of {name} is {ours:?}, not {theirs:?}"
            );
        }
    });
}

//! Weights and repaired values are those of AIF360.
//!
//! `tools/golden/record_fair_sampling.py` wrote the file; its header names the versions.

use std::fs;
use std::path::PathBuf;

use counterpoise_base::{Domain, Feature, FeatureValues, Features, Labeled, Labels, Strided};
use counterpoise_sampling::{Method, Resample, Run};
use serde_json::{Value, json};

fn file() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/fair-sampling.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn numbers(column: &Value) -> Vec<f64> {
    let values = column.as_array().expect("a column").iter();
    values.map(|value| value.as_f64().expect("a number")).collect()
}

fn names(column: &Value) -> Labels {
    let values: Vec<String> = column
        .as_array()
        .expect("a column")
        .iter()
        .map(Value::to_string)
        .collect();
    Labels::from_names(&values)
}

fn method(options: &Value) -> Method {
    serde_json::from_value(options.clone()).expect("a method")
}

#[test]
fn weights_are_those_of_aif360() {
    let golden = file();
    let mut compared = 0;
    for case in golden["cases"].as_array().expect("cases") {
        if case["weights"].is_null() {
            continue;
        }
        let (labels, groups) = (names(&case["label"]), names(&case["group"]));
        let nothing = vec![0.0; labels.len()];
        let mut data = Labeled::new(Features::from_rows(&nothing, 1), &labels);
        data.groups = Some(&groups);
        let result = method(&json!({"name": "reweighing"}))
            .resample(&data, &Run::new(1))
            .expect("two groups");
        for (ours, theirs) in result
            .weights
            .expect("it weighs rows")
            .iter()
            .zip(numbers(&case["weights"]))
        {
            assert!(
                (ours - theirs).abs() <= 1e-12,
                "{}: {ours} and {theirs}",
                case["name"]
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared} weights");
}

#[test]
fn the_combinatorial_repair_is_that_of_aif360() {
    let golden = file();
    let (mut compared, mut moved) = (0, 0);
    for case in golden["cases"].as_array().expect("cases") {
        let (labels, groups) = (names(&case["label"]), names(&case["group"]));
        let columns = case["columns"].as_object().expect("columns");
        let feature = |(name, values): (&String, &Value)| Feature {
            name: name.clone(),
            values: FeatureValues::F64(Strided::contiguous(numbers(values))),
            domain: Domain::Real,
            copied: false,
        };
        let features = Features::new(labels.len(), columns.iter().map(feature).collect());
        let mut data = Labeled::new(features, &labels);
        data.groups = Some(&groups);
        for (level, repaired) in case["repaired"].as_object().expect("levels") {
            let level: f64 = level.parse().expect("a level");
            let options = json!({
                "name": "disparate-impact-remover", "repair": "combinatorial", "repair_level": level
            });
            let result = method(&options).resample(&data, &Run::new(1)).expect("groups");
            for (replaced, (name, before)) in result.replaced.iter().zip(columns) {
                let ours = replaced.values.as_f64().expect("double precision");
                for ((ours, theirs), before) in ours.iter().zip(numbers(&repaired[name])).zip(numbers(before))
                {
                    assert_eq!(*ours, theirs, "{}, column {name}, level {level}", case["name"]);
                    compared += 1;
                    moved += usize::from(before != theirs);
                }
            }
        }
    }
    assert!(
        compared > 5000 && moved > 1000,
        "{compared} values, {moved} of them moved"
    );
}

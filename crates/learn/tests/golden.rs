//! What scikit-learn's models and calibrations say on the same rows; `tools/golden/record_learn.py` wrote it.

use counterpoise_base::{Matrix, Seed};
use counterpoise_learn::{Calibration, Design, Learner, Training};
use serde_json::Value;

fn recorded() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/learn.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("it is recorded")).expect("it is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list");
    list.iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn design(value: &Value) -> Design {
    let rows = value.as_array().expect("rows");
    let data: Vec<f64> = rows.iter().flat_map(numbers).collect();
    Design::from_matrix(Matrix::new(rows.len(), data.len() / rows.len(), data))
}

fn codes(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|code| code as u32).collect()
}

/// How far two implementations may be apart: that of an optimum which both approach, or rounding.
fn tolerance(model: &str) -> f64 {
    if model == "logistic" { 1e-6 } else { 1e-9 }
}

#[test]
fn models_say_what_those_of_scikit_learn_say() {
    let mut compared = 0;
    for case in recorded()["cases"].as_array().expect("cases") {
        let (seen, new) = (design(&case["rows"]), design(&case["new"]));
        let (labels, weights) = (codes(&case["labels"]), numbers(&case["weights"]));
        let count = labels.iter().max().map_or(0, |&most| most + 1);
        let classes: Vec<String> = (0..count).map(|class| class.to_string()).collect();
        for fitted in case["fitted"].as_array().expect("models") {
            let mut options = fitted["model"].clone();
            if options["name"] == "logistic" {
                // Both go on until rounding stops them.
                options["tol"] = 1e-10.into();
            }
            let learner: Learner = serde_json::from_value(options).expect("a model");
            let data = Training {
                design: &seen,
                labels: &labels,
                classes: &classes,
                weights: (fitted["weighted"] == true).then_some(&weights[..]),
                groups: None,
            };
            let model = learner.fit(&data, &Seed::new(1)).expect("it is fitted");
            assert!(model.warnings().is_empty(), "{learner:?}");
            let ours = model.probabilities(&new).expect("it predicts");
            for (ours, theirs) in ours.iter().zip(numbers(&fitted["probabilities"])) {
                assert!(
                    (ours - theirs).abs() < tolerance(learner.name()),
                    "{learner:?}: {ours} and {theirs}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared} numbers");
}

#[test]
fn calibrations_are_those_of_scikit_learn() {
    for case in recorded()["calibrations"].as_array().expect("cases") {
        let two = |positive: &Value| -> Vec<f64> {
            numbers(positive)
                .into_iter()
                .flat_map(|positive| [1.0 - positive, positive])
                .collect()
        };
        let (said, truth, new) = (two(&case["said"]), codes(&case["truth"]), two(&case["new"]));
        let weights = case["weights"].as_array().map(|_| numbers(&case["weights"]));
        for (calibration, name, close) in [
            (Calibration::Platt, "platt", 1e-4),
            (Calibration::Isotonic, "isotonic", 1e-9),
        ] {
            let calibrator = calibration
                .fit(&said, &truth, 2, weights.as_deref())
                .expect("two classes");
            let ours = calibrator.apply(&new);
            for (ours, theirs) in ours.chunks_exact(2).zip(numbers(&case[name])) {
                assert!(
                    (ours[1] - theirs).abs() < close,
                    "{name}: {} and {theirs}",
                    ours[1]
                );
            }
        }
    }
}

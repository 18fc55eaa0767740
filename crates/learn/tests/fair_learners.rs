//! What Fairlearn's learners do on the same rows; `tools/golden/record_fair_learners.py` wrote it.
//!
//! Thresholds on recorded scores are compared in `src/group_thresholds.rs`.

use counterpoise_base::{Groups, Matrix, Seed};
use counterpoise_learn::{Design, Learner, Model, Training};
use serde_json::{Value, json};

fn recorded() -> Vec<Case> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/fair_learners.json"
    );
    let text = std::fs::read_to_string(path).expect("it is recorded");
    let all: Value = serde_json::from_str(&text).expect("it is JSON");
    all["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .cloned()
        .map(Case::new)
        .collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list");
    list.iter()
        .map(|number| number.as_f64().expect("a number"))
        .collect()
}

fn codes(value: &Value) -> Vec<u32> {
    numbers(value).into_iter().map(|code| code as u32).collect()
}

fn design(value: &Value) -> Design {
    let rows = value.as_array().expect("rows");
    let data: Vec<f64> = rows.iter().flat_map(numbers).collect();
    Design::from_matrix(Matrix::new(rows.len(), data.len() / rows.len(), data))
}

struct Case {
    table: String,
    rows: Design,
    labels: Vec<u32>,
    groups: Groups,
    new: Design,
    all: Value,
}

impl Case {
    fn new(all: Value) -> Self {
        let names = vec!["0".to_owned(), "1".to_owned()];
        Self {
            table: all["table"].as_str().expect("a name").to_owned(),
            rows: design(&all["rows"]),
            labels: codes(&all["labels"]),
            groups: Groups::from_codes(names, codes(&all["groups"])),
            new: design(&all["new"]),
            all,
        }
    }

    /// Fits the learner with logistic regression inside that goes on until rounding stops it, as the recorded one.
    fn fit(&self, name: &str, options: &Value) -> Model {
        let mut options = options.clone();
        options["name"] = name.into();
        options["estimator"] = json!({ "name": "logistic", "tol": 1e-9 });
        let learner: Learner = serde_json::from_value(options).expect("a model");
        let data = Training {
            design: &self.rows,
            labels: &self.labels,
            classes: self.groups.classes(),
            weights: None,
            groups: Some(&self.groups),
        };
        learner.fit(&data, &Seed::new(1)).expect("it is fitted")
    }
}

fn positive(model: &Model, design: &Design) -> Vec<f64> {
    let both = model.probabilities(design).expect("it predicts");
    both.chunks_exact(2).map(|row| row[1]).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / count
}

/// The largest difference between the rate of a group and that of all groups.
fn broken(case: &Case, constraint: &str, positive: &[f64]) -> f64 {
    let of_class: &[&[u32]] = match constraint {
        "equalized-odds" => &[&[0], &[1]],
        "true-positive-rate-parity" => &[&[1]],
        "false-positive-rate-parity" => &[&[0]],
        _ => &[&[0, 1]],
    };
    let rate = |row: usize| match (constraint, case.labels[row]) {
        ("error-rate-parity", 1) => 1.0 - positive[row],
        _ => positive[row],
    };
    let mut most: f64 = 0.0;
    for classes in of_class {
        let rows = || (0..positive.len()).filter(|&row| classes.contains(&case.labels[row]));
        let all = mean(rows().map(rate));
        for group in 0..2 {
            let own = mean(rows().filter(|&row| case.groups.codes()[row] == group).map(rate));
            most = most.max((own - all).abs());
        }
    }
    most
}

/// Compares number by number, and counts them.
fn check(about: &str, ours: &[f64], theirs: &Value, close: f64) -> usize {
    let theirs = numbers(theirs);
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!((ours - theirs).abs() < close, "{about}: {ours} and {theirs}");
    }
    ours.len()
}

/// Mixtures agree to 1e-9: models that are fitted to some nine digits decide alike unless a row lies on their border, and
/// shares of models are ratios of counts of rows.
#[test]
fn exponentiated_gradient_mixes_what_that_of_fairlearn_mixes() {
    let mut compared = 0;
    for case in recorded() {
        for told in case.all["exponentiated-gradient"].as_array().expect("fits") {
            let about = format!("{} {}", case.table, told["options"]);
            let model = case.fit("exponentiated-gradient", &told["options"]);
            assert!(model.is_randomised() && !model.needs_groups());
            let seen = positive(&model, &case.rows);
            let error = mean(
                seen.iter()
                    .zip(&case.labels)
                    .map(|(positive, &label)| (positive - f64::from(label)).abs()),
            );
            let constraint = told["options"]["constraint"].as_str().expect("a name");
            let difference = broken(&case, constraint, &seen);
            for (ours, theirs, what) in [
                (error, &told["error"], "error"),
                (difference, &told["broken"], "difference"),
            ] {
                let theirs = theirs.as_f64().expect("a number");
                assert!(
                    (ours - theirs).abs() < 1e-9,
                    "{about}: {what} {ours} and {theirs}"
                );
            }
            compared += check(&about, &positive(&model, &case.new), &told["positive"], 1e-9);
        }
    }
    assert!(compared > 5000, "{compared} numbers");
}

/// Probabilities of the chosen model agree to 1e-6, the distance at which two optimisers of the same loss give up.
#[test]
fn grid_search_chooses_what_that_of_fairlearn_chooses() {
    let mut compared = 0;
    for case in recorded() {
        for told in case.all["grid-search"].as_array().expect("fits") {
            let model = case.fit("grid-search", &told["options"]);
            assert!(!model.is_randomised() && !model.needs_groups());
            let about = format!("{} {}", case.table, told["options"]);
            compared += check(&about, &positive(&model, &case.new), &told["positive"], 1e-6);
        }
    }
    assert!(compared > 3000, "{compared} numbers");
}

/// scikit-learn hands weights of rows to its own LIBSVM; both stop at 1e-6 of the same optimum.
#[test]
fn a_machine_on_weighted_rows_decides_as_that_of_scikit_learn() {
    let mut compared = 0;
    for case in recorded() {
        let told = &case.all["rbf-svm"];
        let weights = numbers(&told["weights"]);
        let options = json!({ "name": "rbf-svm", "tol": 1e-6, "probabilities": "margin" });
        let learner: Learner = serde_json::from_value(options).expect("a model");
        let data = Training {
            design: &case.rows,
            labels: &case.labels,
            classes: case.groups.classes(),
            weights: Some(&weights),
            groups: None,
        };
        let model = learner.fit(&data, &Seed::new(1)).expect("it is fitted");
        let decisions: Vec<f64> = positive(&model, &case.new)
            .iter()
            .map(|positive| (positive / (1.0 - positive)).ln())
            .collect();
        compared += check(&case.table, &decisions, &told["decision"], 1e-4);
    }
    assert_eq!(compared, 400);
}

//! The numpy chooser makes the rows of imbalanced-learn, bit for bit.
//!
//! `tools/golden/record.py` wrote the files; their headers name the versions.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Labeled, Labels, OutputRow, Resampled, Strided, SyntheticValues,
};
use counterpoise_sampling::{Chooser, Method, Resample, Run};
use serde_json::{Map, Value};

fn file(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn numbers(column: &Value) -> Vec<f64> {
    column
        .as_array()
        .expect("a column")
        .iter()
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

fn features(table: &Value, mixed: bool) -> Features<'static> {
    let columns = table["columns"].as_array().expect("columns");
    let categorical = table["categorical"].as_array().expect("places");
    let feature = |(place, column): (usize, &Value)| {
        let column = numbers(column);
        let values = if mixed && categorical.contains(&Value::from(place)) {
            let codes: Vec<u32> = column.iter().map(|&value| value as u32).collect();
            let levels = codes.iter().max().map_or(0, |&code| code as usize + 1);
            FeatureValues::Codes {
                codes: Cow::Owned(codes),
                levels,
            }
        } else if table["dtype"] == "float32" {
            FeatureValues::F32(Strided::contiguous(
                column.iter().map(|&value| value as f32).collect::<Vec<_>>(),
            ))
        } else {
            FeatureValues::F64(Strided::contiguous(column))
        };
        let whole = table["whole"].as_array().expect("places");
        let domain = if whole.contains(&Value::from(place)) {
            Domain::Integer
        } else {
            Domain::Real
        };
        Feature {
            name: format!("x{place}"),
            values,
            domain,
            copied: false,
        }
    };
    let rows = table["classes"].as_array().expect("classes").len();
    Features::new(rows, columns.iter().enumerate().map(feature).collect())
}

fn value(features: &Features<'_>, result: &Resampled, column: usize, row: OutputRow) -> f64 {
    match row {
        OutputRow::Kept(row) => match &features.columns()[column].values {
            FeatureValues::Codes { codes, .. } => f64::from(codes[row]),
            numbers => numbers.number(row).expect("a numeric column"),
        },
        OutputRow::Synthetic(made) => match &result.synthetic[column] {
            SyntheticValues::F64(values) => values[made],
            SyntheticValues::F32(values) => f64::from(values[made]),
            SyntheticValues::Codes(codes) => f64::from(codes[made]),
        },
    }
}

fn method(name: &str, options: &Map<String, Value>) -> (Method, u64) {
    let mut table = options.clone();
    let seed = table
        .remove("random_state")
        .and_then(|seed| seed.as_u64())
        .unwrap_or(0);
    table.insert("name".into(), name.into());
    let text = Value::from(table).to_string();
    (
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")),
        seed,
    )
}

/// Compares every case of a method; returns how many there were.
fn check(name: &str) -> usize {
    let tables = file("inputs.json");
    let golden = file(&format!("{name}.json"));
    let cases = golden["cases"].as_array().expect("cases");
    for case in cases {
        let input = case["input"].as_str().expect("a name");
        let table = &tables["tables"][input];
        let options = case["options"].as_object().expect("options");
        let (method, seed) = method(name, options);
        let features = features(table, name == "smotenc");
        let classes: Vec<String> = table["classes"]
            .as_array()
            .expect("classes")
            .iter()
            .map(ToString::to_string)
            .collect();
        let labels = Labels::from_names(&classes);
        let data = Labeled::new(features.clone(), &labels);
        let about = format!("{name} on {input} with {options:?}");
        let run = Run::new(seed).with_chooser(Chooser::Numpy);
        let result = method
            .resample(&data, &run)
            .unwrap_or_else(|error| panic!("{about}: {error}"));
        let rows: Vec<OutputRow> = result.rows().collect();
        let class_of = |row: &OutputRow| match row {
            OutputRow::Kept(row) => classes[*row].clone(),
            OutputRow::Synthetic(made) => labels.classes()[result.origin[*made].class as usize].clone(),
        };
        let made: Vec<String> = rows.iter().map(class_of).collect();
        let expected: Vec<String> = case["classes"]
            .as_array()
            .expect("classes")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(made, expected, "classes of {about}");
        // Noise makes imbalanced-learn widen a table in single precision; ours stays as it was.
        let single = table["dtype"] == "float32";
        for (column, expected) in case["rows"].as_array().expect("columns").iter().enumerate() {
            for (place, (expected, &row)) in numbers(expected).into_iter().zip(&rows).enumerate() {
                let made = value(&features, &result, column, row);
                let expected = if single {
                    f64::from(expected as f32)
                } else {
                    expected
                };
                assert!(
                    made == expected,
                    "{about}: column {column}, row {place} is {made:?}, not {expected:?}"
                );
            }
        }
        if let Some(indices) = case["sample_indices"].as_array() {
            let index = |row: &OutputRow| match row {
                OutputRow::Kept(row) => *row as u64,
                OutputRow::Synthetic(made) => u64::from(result.origin[*made].base),
            };
            let made: Vec<u64> = rows.iter().map(index).collect();
            let expected: Vec<u64> = indices.iter().filter_map(Value::as_u64).collect();
            assert_eq!(made, expected, "indices of {about}");
        }
    }
    cases.len()
}

#[test]
fn smote_is_reproduced() {
    assert_eq!(check("smote"), 16);
}

#[test]
fn borderline_smote_is_reproduced() {
    assert_eq!(check("borderline-smote"), 17);
}

#[test]
fn adasyn_is_reproduced() {
    assert_eq!(check("adasyn"), 12);
}

#[test]
fn random_over_sampling_is_reproduced() {
    assert_eq!(check("random-over-sampler"), 10);
}

#[test]
fn random_under_sampling_is_reproduced() {
    assert_eq!(check("random-under-sampler"), 8);
}

#[test]
fn edited_nearest_neighbours_is_reproduced() {
    assert_eq!(check("edited-nearest-neighbours"), 7);
}

#[test]
fn smoteenn_is_reproduced() {
    assert_eq!(check("smoteenn"), 8);
}

#[test]
fn smotenc_is_reproduced() {
    assert_eq!(check("smotenc"), 4);
}

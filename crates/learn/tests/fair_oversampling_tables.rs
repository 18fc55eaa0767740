//! Learners on the tables of "Fair Oversampling", fold 0 as its authors share it: numbers that scikit-learn gave there
//! once, and what fairness-aware learners must reach. The tables come from `COUNTERPOISE_DATA`.

#![expect(clippy::print_stdout, reason = "a test that skips says so")]

use std::io::Read as _;
use std::path::{Path, PathBuf};

use counterpoise_base::{Groups, Matrix, Seed};
use counterpoise_learn::{Design, Learner, Training};

struct Table {
    train: Part,
    test: Part,
}

struct Part {
    design: Design,
    labels: Vec<u32>,
    groups: Groups,
}

fn folder() -> Option<PathBuf> {
    let folder =
        std::env::var_os("COUNTERPOISE_DATA").map(|data| Path::new(&data).join("fair-oversampling-splits"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: COUNTERPOISE_DATA has no folder fair-oversampling-splits");
    }
    folder
}

/// Rows of numbers below a line of names.
fn read(path: &Path) -> (usize, Vec<f64>) {
    let file = std::fs::File::open(path).expect("the file is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("it is text");
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let cells = lines.iter().flat_map(|line| line.split(','));
    (
        lines.len(),
        cells.map(|cell| cell.trim().parse().expect("a number")).collect(),
    )
}

fn table(folder: &Path, name: &str, file: &str, sex: usize) -> Table {
    let part = |rows: &str, labels: &str| {
        let (count, cells) = read(&folder.join(format!("{name}/{file}_{rows}_0.csv.gz")));
        let rows = Matrix::new(count, cells.len() / count, cells);
        let (_, labels) = read(&folder.join(format!("{name}/{file}_{labels}_0.csv.gz")));
        let codes = (0..count).map(|row| rows.row(row)[sex] as u32).collect();
        Part {
            groups: Groups::from_codes(vec!["0".into(), "1".into()], codes),
            labels: labels.into_iter().map(|label| label as u32).collect(),
            design: Design::from_matrix(rows),
        }
    };
    Table {
        train: part("train", "trn_label"),
        test: part("test", "test_label"),
    }
}

/// Balanced accuracy, average odds difference, average absolute odds, differences in true-negative and true-positive
/// rate, and Fair Utility, from the probability that each row is predicted as 1.
fn measures(part: &Part, positive: &[f64]) -> [f64; 6] {
    let rate = |class: u32, group: Option<u32>| {
        let rows = (0..positive.len()).filter(|&row| {
            part.labels[row] == class && group.is_none_or(|group| part.groups.codes()[row] == group)
        });
        let (sum, count) = rows.fold((0.0, 0.0), |(sum, count), row| (sum + positive[row], count + 1.0));
        sum / count
    };
    let of_positives = rate(1, Some(1)) - rate(1, Some(0));
    let of_negatives = rate(0, Some(1)) - rate(0, Some(0));
    let balanced = (rate(1, None) + 1.0 - rate(0, None)) / 2.0;
    let absolute = of_positives.abs().midpoint(of_negatives.abs());
    [
        balanced,
        of_positives.midpoint(of_negatives).abs(),
        absolute,
        of_negatives.abs(),
        of_positives.abs(),
        balanced * (1.0 - absolute),
    ]
}

fn fitted(table: &Table, options: &str) -> [f64; 6] {
    let learner: Learner = serde_json::from_str(options).expect("a model");
    let data = Training {
        design: &table.train.design,
        labels: &table.train.labels,
        classes: &["0".into(), "1".into()],
        weights: None,
        groups: Some(&table.train.groups),
    };
    let model = learner.fit(&data, &Seed::new(1)).expect("it is fitted");
    let positive: Vec<f64> = if model.is_randomised() {
        let both = model.probabilities_in(&table.test.design, Some(&table.test.groups));
        both.expect("it predicts")
            .chunks_exact(2)
            .map(|row| row[1])
            .collect()
    } else {
        let classes = model.predict(&table.test.design, Some(&table.test.groups), &Seed::new(1));
        classes.expect("it predicts").into_iter().map(f64::from).collect()
    };
    measures(&table.test, &positive)
}

/// The numbers are fixtures of scikit-learn's LIBLINEAR with `C = 0.2`, told to four digits; it stops at a tolerance of
/// its own, so that a row on the border may fall on the other side.
#[test]
fn logistic_regression_with_a_penalised_intercept_gives_the_numbers_of_liblinear() {
    let Some(folder) = folder() else { return };
    for (name, file, sex, told) in [
        (
            "german",
            "german",
            8,
            [0.6340, 0.0033, 0.0623, 0.0590, 0.0657, 0.5945],
        ),
        (
            "comp",
            "compas",
            0,
            [0.6650, 0.1836, 0.1836, 0.1371, 0.2301, 0.5429],
        ),
        (
            "adult",
            "adult",
            6,
            [0.6788, 0.1936, 0.1936, 0.0748, 0.3124, 0.5473],
        ),
    ] {
        let table = table(&folder, name, file, sex);
        let found = fitted(
            &table,
            r#"{ "name": "logistic", "C": 0.2, "penalize_intercept": true }"#,
        );
        for (found, told) in found.iter().zip(told) {
            assert!((found - told).abs() < 1e-3, "{name}: {found} and {told}");
        }
    }
}

/// On rows that no model has seen, so that only large tables show it beyond chance: the bound is one on training rows.
#[test]
fn learners_that_compare_groups_narrow_the_gap_of_logistic_regression() {
    let Some(folder) = folder() else { return };
    let inside = r#"{ "name": "logistic", "C": 0.2, "penalize_intercept": true }"#;
    for (name, file, sex) in [("comp", "compas", 0), ("adult", "adult", 6)] {
        let table = table(&folder, name, file, sex);
        let before = fitted(&table, inside);
        let over = format!(r#""estimator": {inside}"#);
        for (options, share) in [
            (
                format!(r#""name": "exponentiated-gradient", "constraint": "equalized-odds", {over}"#),
                0.2,
            ),
            (
                format!(r#""name": "group-thresholds", "constraint": "equalized-odds", {over}"#),
                0.2,
            ),
            (
                format!(
                    r#""name": "group-thresholds", "constraint": "equalized-odds", "randomised": false, {over}"#
                ),
                0.2,
            ),
            (r#""name": "prejudice-remover", "eta": 50"#.to_owned(), 0.2),
            (r#""name": "sensitive-subspace""#.to_owned(), 0.5),
        ] {
            let after = fitted(&table, &format!("{{ {options} }}"));
            assert!(
                after[2] < share * before[2],
                "{name} {options}: {after:?} after {before:?}"
            );
            assert!(
                after[0] > before[0] - 0.03,
                "{name} {options}: {after:?} after {before:?}"
            );
        }
    }
}

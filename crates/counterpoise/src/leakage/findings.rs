//! What was found, in words, and what follows from it.

use std::collections::HashSet;

use counterpoise_base::{Labels, Warning, agree, counted};
use serde::Serialize;

use super::LeakageVerdict;
use super::excess::Excess;
use super::pairs::{Close, Copies, Pool};
use super::parents::Parents;
use super::sides::Data;

/// Below this, an honest split is ruled out.
const LEAK: f64 = 0.001;
/// Below this, it is doubted.
const SUSPICIOUS: f64 = 0.01;
/// Rows more than expected, below which nothing is called a leak.
const FEW: f64 = 5.0;
/// Examples of each finding.
pub(super) const SHOWN: usize = 5;

/// One kind of leak.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable name: `leakage.copies`.
    pub code: &'static str,
    /// What follows from it alone; [`LeakageVerdict::Clean`] is for what is worth knowing and no more than to be expected.
    pub verdict: LeakageVerdict,
    /// What was seen, where, and how much of it.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Test rows it concerns.
    pub rows: usize,
    /// Share of the test rows.
    pub share: f64,
    /// Such rows in an honest split, on average.
    pub expected: Option<f64>,
    /// How often an honest split has as many, at most; corrected for all looks that were taken.
    pub p_value: Option<f64>,
    /// The first few.
    pub examples: Vec<Example>,
}

/// Rows that show a finding, counted from 1 as they stand below the header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Row of the test file.
    pub test_row: Option<usize>,
    /// Row of the training file.
    pub train_row: Option<usize>,
    /// What they have in common.
    pub note: String,
}

pub(super) fn copy_findings(data: &Data, pool: &Pool, copies: &Copies, looks: f64) -> Vec<Finding> {
    let labels = data.prepared.labels.codes();
    let rows = copies.same_target + copies.other_target;
    if rows == 0 {
        return Vec::new();
    }
    let p_value = (copies.excess.p_value * looks).min(1.0);
    let verdict = judged(p_value, copies.excess.across as f64 - copies.excess.expected);
    let (words, hint) = if verdict == LeakageVerdict::Clean {
        (
            "chance explains as many",
            "the table repeated rows before it was split, which flatters every score a little; if it was over-sampled before, split first; else drop repeated rows, or split by the thing that was measured",
        )
    } else {
        (
            "chance does not explain so many",
            "drop them from the test file, and find out how rows came to be on both sides",
        )
    };
    let mut found = data.finding(
        "leakage.copies",
        verdict,
        rows,
        format!(
            "{} ({}) {} a training row in every feature, where an honest split has {:.1} on average: {words}",
            counted(rows, "test row"),
            data.percent_of_test(rows),
            agree(rows, "equals", "equal"),
            copies.expected
        ),
        hint,
    );
    found.expected = Some(copies.expected);
    found.p_value = Some(p_value);
    let mut conflict = data.finding(
        "leakage.label-conflicts",
        LeakageVerdict::Clean,
        copies.other_target,
        format!(
            "label conflict across the split: {} ({}) {} training rows of another class only",
            counted(copies.other_target, "test row"),
            data.percent_of_test(copies.other_target),
            agree(copies.other_target, "equals", "equal")
        ),
        "no model can get them right from what it saw; look at how they were labelled",
    );
    let mut test: Vec<usize> = pool
        .rows
        .iter()
        .copied()
        .filter(|&row| data.is_test(row))
        .collect();
    test.sort_unstable();
    for row in test {
        let (train, _) = pool.of(row);
        let Some(&first) = train.iter().min() else {
            continue;
        };
        let agrees = train
            .iter()
            .copied()
            .filter(|&train| labels[train] == labels[row])
            .min();
        if found.examples.len() < SHOWN {
            found
                .examples
                .push(data.example(row, agrees.unwrap_or(first), "equal"));
        }
        if agrees.is_none() && conflict.examples.len() < SHOWN {
            let name = |row: usize| data.prepared.labels.name_of(row);
            let note = format!("`{}` here, `{}` there", name(row), name(first));
            conflict.examples.push(data.example(row, first, note));
        }
    }
    let mut both = vec![found];
    if copies.other_target > 0 {
        both.push(conflict);
    }
    both
}

pub(super) fn near_finding(data: &Data, near: &Excess, close: &Close, looks: f64) -> Option<Finding> {
    let p_value = (near.p_value * looks).min(1.0);
    let verdict = judged(p_value, near.across as f64 - near.expected);
    if verdict == LeakageVerdict::Clean {
        return None;
    }
    let mut finding = data.finding(
        "leakage.near-copies",
        verdict,
        near.across,
        format!(
            "{} ({}) {} within {:.3} of a training row and each is nearest to the other: of the {} closest pairs of rows, an honest split parts {:.1}",
            counted(near.across, "test row"),
            data.percent_of_test(near.across),
            agree(near.across, "lies", "lie"),
            near.distance,
            near.pairs,
            near.expected
        ),
        "look at the examples: copies with noise, the same thing measured twice, or neighbors in time; drop them from the test file, or split by what they have in common",
    );
    finding.expected = Some(near.expected);
    finding.p_value = Some(p_value);
    let example = |&(test, train, distance): &(usize, usize, f64)| {
        data.example(test, train, format!("distance {distance:.2e}"))
    };
    finding.examples = close.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

fn judged(p_value: f64, more: f64) -> LeakageVerdict {
    match p_value {
        p if p < LEAK && more >= FEW => LeakageVerdict::Leak,
        p if p < SUSPICIOUS => LeakageVerdict::Suspicious,
        _ => LeakageVerdict::Clean,
    }
}

pub(super) fn parent_finding(data: &Data, parents: &Parents, pairs: &[(usize, usize)]) -> Option<Finding> {
    if parents.test_rows == 0 {
        return None;
    }
    let mut finding = data.finding(
        "leakage.parents",
        LeakageVerdict::Leak,
        parents.test_rows,
        format!(
            "{} ({}) {} of {}",
            counted(parents.test_rows, "test row"),
            data.percent_of_test(parents.test_rows),
            agree(parents.test_rows, "is a parent", "are parents"),
            counted(parents.of_test_rows, "synthetic training row")
        ),
        "rows were made before the split: split first, then resample the training part only",
    );
    // One example a test row.
    let mut shown = HashSet::new();
    let first = pairs.iter().filter(|(test, _)| shown.insert(*test)).take(SHOWN);
    finding.examples = first
        .map(|&(test, made)| data.example(test, made, "parent"))
        .collect();
    Some(finding)
}

pub(super) fn synthetic_test_rows(data: &Data) -> Option<Finding> {
    let marks = data.test_marks.as_ref()?;
    let made: Vec<usize> = (0..marks.synthetic.len())
        .filter(|&row| marks.synthetic[row])
        .collect();
    if made.is_empty() {
        return None;
    }
    let mut finding = data.finding(
        "leakage.synthetic-test",
        LeakageVerdict::Leak,
        made.len(),
        format!(
            "{} ({}) {} synthetic",
            counted(made.len(), "test row"),
            data.percent_of_test(made.len()),
            agree(made.len(), "is", "are")
        ),
        "a model is judged by rows that were observed: split first, then resample the training part only",
    );
    let example = |&row: &usize| Example {
        test_row: Some(row + 1),
        train_row: None,
        note: "synthetic".into(),
    };
    finding.examples = made.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

pub(super) fn class_warnings(data: &Data) -> Vec<Warning> {
    if !data.has_target {
        return Vec::new();
    }
    let labels: &Labels = &data.prepared.labels;
    let mut counts = vec![(0, 0); labels.classes().len()];
    for (row, &class) in labels.codes().iter().enumerate() {
        let count: &mut (usize, usize) = &mut counts[class as usize];
        if data.is_train(row) {
            count.0 += 1;
        } else if data.is_test(row) {
            count.1 += 1;
        }
    }
    let mut warnings = Vec::new();
    for (class, &(train, test)) in labels.classes().iter().zip(&counts) {
        match (train, test) {
            (0, 1..) => warnings.push(
                Warning::new(
                    "leakage.class-only-in-test",
                    format!(
                        "class `{class}` has {} in the test file and none in the training file",
                        counted(test, "row")
                    ),
                )
                .with_hint("a model cannot learn it; split within classes"),
            ),
            (1.., 0) => warnings.push(
                Warning::new(
                    "leakage.class-only-in-train",
                    format!(
                        "class `{class}` has {} in the training file and none in the test file",
                        counted(train, "row")
                    ),
                )
                .with_hint("no score says anything about it; split within classes"),
            ),
            _ => {}
        }
    }
    let classes = |side: fn(&(usize, usize)) -> usize| counts.iter().filter(|count| side(count) > 0).count();
    for (file, classes) in [
        (&data.train.file, classes(|count| count.0)),
        (&data.test.file, classes(|count| count.1)),
    ] {
        if classes == 1 {
            warnings.push(
                Warning::new(
                    "leakage.constant-target",
                    format!("the target has one class only in `{file}`"),
                )
                .with_hint("name another column with `--target`, or split within classes"),
            );
        }
    }
    warnings
}

//! Rows that nobody marked and that look made before the split.

use counterpoise_base::{Features, Observer};
use counterpoise_neighbors::Space;

use super::LeakageVerdict;
use super::distances::ASKED;
use super::findings::{Example, Finding, SHOWN};
use super::lines::on_lines;
use super::pairs::Pool;
use super::sides::Data;
use crate::Error;

/// Test rows of one class that look made, while those of another do not: copies, or rows on one line with two others.
///
/// Rows that were made before the split are dealt out like any others, so that no pair of them is across too often. But
/// methods make rows of the rare classes.
pub(super) fn made_before(
    data: &Data,
    features: &Features<'_>,
    pool: &Pool,
    space: &Space,
    placed: &[usize],
    observer: &dyn Observer,
) -> Result<Option<Finding>, Error> {
    let labels = &data.prepared.labels;
    let (mut copied, mut lined) = (Vec::new(), Vec::new());
    for class in 0..labels.classes().len() as u32 {
        let of_class = |&row: &usize| labels.codes()[row] == class;
        let test: Vec<usize> = pool
            .rows
            .iter()
            .copied()
            .filter(|row| of_class(row) && data.is_test(*row))
            .collect();
        let equal: Vec<usize> = test
            .iter()
            .copied()
            .filter(|&row| !pool.of(row).0.is_empty())
            .collect();
        copied.push((equal, test.len()));
        let among: Vec<usize> = (0..pool.distinct.len())
            .filter(|&place| of_class(&pool.distinct[place]))
            .collect();
        let mut asked: Vec<usize> = among
            .iter()
            .copied()
            .filter(|&place| data.is_test(pool.distinct[place]))
            .collect();
        asked.truncate(ASKED);
        let found = on_lines(features, space, placed, &asked, &among, observer)?;
        let on_line = asked.iter().zip(found).filter(|(_, found)| *found);
        let rows = on_line.map(|(&place, _)| placed[place]).collect();
        lined.push((rows, asked.len()));
    }
    let told = |of_classes: &[(Vec<usize>, usize)], least: f64, words: &str, note: &str| {
        let share = |class: usize| of_classes[class].0.len() as f64 / of_classes[class].1.max(1) as f64;
        let classes = (0..of_classes.len()).filter(|&class| of_classes[class].1 >= 10);
        let most = classes.clone().max_by(|&a, &b| share(a).total_cmp(&share(b)))?;
        // No method makes rows of the largest class; those that were made up to its size are as large.
        let size = |class: usize| pool.counts[class].0 + pool.counts[class].1;
        let largest = classes.clone().map(size).max()?;
        let few = classes
            .filter(|&class| 20 * size(class) >= 19 * largest)
            .min_by(|&a, &b| share(a).total_cmp(&share(b)))?;
        let (rows, of) = &of_classes[most];
        if share(most) < least || share(few) > share(most) / 10.0 || rows.len() < 10 {
            return None;
        }
        let name = |class: usize| &labels.classes()[class];
        let message = format!(
            "{} of {of} test rows of class `{}` {words}, and {} of {} of class `{}`: rows look made before the split",
            rows.len(),
            name(most),
            of_classes[few].0.len(),
            of_classes[few].1,
            name(few),
        );
        let hint = "split first, then resample the training part only";
        let mut finding = data.finding(
            "leakage.made-before",
            LeakageVerdict::Suspicious,
            rows.len(),
            message,
            hint,
        );
        let example = |&row: &usize| Example {
            test_row: Some(data.row_in_file(row)),
            train_row: None,
            note: note.into(),
        };
        finding.examples = rows.iter().take(SHOWN).map(example).collect();
        Some(finding)
    };
    let copied = told(&copied, 0.5, "equal a training row", "copy");
    Ok(copied.or_else(|| {
        let words = "are on one line with two rows near them, to the last digits";
        told(&lined, 0.05, words, "on a line")
    }))
}

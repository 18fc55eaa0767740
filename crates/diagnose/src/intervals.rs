use counterpoise_base::{Observer, Seed};
use counterpoise_metrics::Estimate;
use rayon::prelude::*;
use serde::Serialize;

use crate::steps::Steps;
use crate::{DiagnoseOptions, Error, Readout};

const TASK: &str = "drawing rows for intervals";

/// How sure numbers of one class are: its rows are drawn anew, with replacement, the model stays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassIntervals {
    /// Name of the class.
    pub class: String,
    /// Its recall; absent without rows. Where all or none of them are found, no draw differs, and the interval is the exact one
    /// of Clopper and Pearson, `[0, 1 - (a / 2)^(1 / n)]` for none of `n` rows and `a = 1 - level`.
    pub recall: Option<Estimate>,
    /// Mean number of contributions that predictions of its rows require; absent without rows, and without an interval for one
    /// row, of which every draw is the same.
    pub required: Option<Estimate>,
}

/// Intervals of recall and of required contributions, class by class; none where `draws` is 0.
///
/// # Source
///
/// The bootstrap of [`counterpoise_metrics::Bootstrap`] inside of each class. Recalls of 0 and of 1: Clopper and Pearson, "The use
/// of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934).
pub fn intervals(
    readout: &Readout<'_>,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<Vec<ClassIntervals>, Error> {
    options.check()?;
    let lengths = if options.draws > 0 {
        readout.required(options.bias_of)
    } else {
        Vec::new()
    };
    let steps = Steps::new(TASK, readout.classes().len(), observer);
    let one = |(class, name): (usize, &String)| -> Result<ClassIntervals, Error> {
        let rows = readout.rows_of(class);
        let seed = Seed::new(options.seed)
            .child("class")
            .child(name.as_str())
            .number();
        let estimates = match options.bootstrap(seed) {
            Some(bootstrap) if !rows.is_empty() => {
                // Small whole numbers: their sums are exact in any order.
                let right: Vec<u64> = rows.iter().map(|&row| u64::from(readout.right(row))).collect();
                let lengths: Vec<u64> = rows.iter().map(|&row| u64::from(lengths[row])).collect();
                let sum = |counts: &[u16], numbers: &[u64]| -> f64 {
                    let products = counts
                        .iter()
                        .zip(numbers)
                        .map(|(&count, number)| u64::from(count) * number);
                    products.sum::<u64>() as f64
                };
                let means = |counts: &[u16]| {
                    let drawn: f64 = counts.iter().copied().map(u64::from).sum::<u64>() as f64;
                    vec![sum(counts, &right) / drawn, sum(counts, &lengths) / drawn]
                };
                bootstrap.run(rows.len(), 2, means, &())?
            }
            _ => Vec::new(),
        };
        steps.step()?;
        let mut estimates = estimates.into_iter();
        let recall = estimates.next().map(|estimate| Estimate {
            interval: match estimate.value {
                Some(recall) if recall <= 0.0 || recall >= 1.0 => {
                    Some(of_all_or_none(recall >= 1.0, rows.len(), options.level))
                }
                _ => estimate.interval,
            },
            ..estimate
        });
        Ok(ClassIntervals {
            class: name.clone(),
            recall,
            required: estimates.next().map(|estimate| Estimate {
                interval: estimate.interval.filter(|_| rows.len() > 1),
                ..estimate
            }),
        })
    };
    let all = readout
        .classes()
        .par_iter()
        .enumerate()
        .map(one)
        .collect::<Result<_, _>>()?;
    steps.finish()?;
    Ok(all)
}

/// The interval of Clopper and Pearson for the share that all or none of `rows` rows are, `rows` at least 1.
fn of_all_or_none(all: bool, rows: usize, level: f64) -> (f64, f64) {
    let beyond = ((1.0 - level) / 2.0).powf(1.0 / rows as f64);
    if all { (beyond, 1.0) } else { (0.0, 1.0 - beyond) }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Embeddings, Labels, LinearHead};

    use super::*;
    use crate::Split;

    #[test]
    fn a_recall_of_0_or_1_is_as_unsure_as_its_rows_are_few() {
        let check = |all, rows, low: f64, high: f64| {
            let (least, most) = of_all_or_none(all, rows, 0.95);
            assert!(
                (least - low).abs() < 5e-4 && (most - high).abs() < 5e-4,
                "{least}, {most}"
            );
        };
        // As tables of exact intervals have them.
        check(false, 8, 0.0, 0.3694);
        check(true, 8, 0.6306, 1.0);
        check(true, 1, 0.025, 1.0);
        check(false, 100, 0.0, 0.0362);
    }

    #[test]
    fn classes_that_are_found_always_or_never_have_an_interval_with_a_width() {
        // Class a is found twice of two, b never, c once of two.
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let values = vec![1.0, 2.0, 1.0, 3.0, -1.0, 1.0];
        let rows = Embeddings::new(values, 1, Labels::from_codes(classes, vec![0, 0, 1, 1, 2, 2]));
        let head = LinearHead::new(vec![1.0, 0.0, -1.0], vec![0.0, -9.0, 0.0], 1);
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        let of = |draws| intervals(&read, &DiagnoseOptions::default().with_draws(draws), &()).unwrap();
        let ends: Vec<(f64, f64)> = of(100)
            .iter()
            .map(|class| class.recall.as_ref().unwrap().interval.unwrap())
            .collect();
        let beyond = 0.025_f64.sqrt();
        assert!((ends[0].0 - beyond).abs() < 1e-9 && ends[0].1 == 1.0, "{ends:?}");
        assert!(
            ends[1].0 == 0.0 && (ends[1].1 - (1.0 - beyond)).abs() < 1e-9,
            "{ends:?}"
        );
        assert_eq!(ends[2], (0.0, 1.0));
        assert!(of(0).iter().all(|class| class.recall.is_none()));
    }

    #[test]
    fn what_one_row_requires_has_no_interval() {
        let labels = Labels::from_names(&["a", "a", "b"]);
        let rows = Embeddings::new(vec![1.0, 2.0, 1.0], 1, labels);
        let head = LinearHead::new(vec![1.0, -1.0], vec![0.0, 0.0], 1);
        let read = Readout::new(Split::Test, &rows, &head, &()).unwrap();
        let found = intervals(&read, &DiagnoseOptions::default().with_draws(50), &()).unwrap();
        let required = |class: usize| found[class].required.as_ref().unwrap();
        assert!(required(0).interval.is_some());
        assert_eq!((required(1).interval, required(1).value.is_some()), (None, true));
    }
}

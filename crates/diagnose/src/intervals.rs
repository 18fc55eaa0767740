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
    /// Its recall; absent without rows.
    pub recall: Option<Estimate>,
    /// Mean number of contributions that predictions of its rows require; absent without rows.
    pub required: Option<Estimate>,
}

/// Intervals of recall and of required contributions, class by class; none where `draws` is 0.
///
/// # Source
///
/// The bootstrap of [`counterpoise_metrics::Bootstrap`] inside of each class.
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
        Ok(ClassIntervals {
            class: name.clone(),
            recall: estimates.next(),
            required: estimates.next(),
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

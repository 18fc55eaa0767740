use counterpoise_base::{Event, Observer, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::report::mean;
use crate::{Bootstrap, Error, Estimate};

const TASK: &str = "flipping signs of differences";

/// Draws between two looks at the observer.
const BLOCK: usize = 1000;

/// As many draws take seconds for a thousand queries; more tell nothing more.
const MOST_DRAWS: usize = 10_000_000;

/// What the randomisation test says of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Randomisation {
    /// Mean of the first less mean of the second.
    pub difference: f64,
    /// How likely a mean difference at least as far from 0 is where it is chance which run a value is from; above 0.
    pub p: f64,
    /// How many of the draws were at least as far from 0.
    pub as_far: usize,
    /// How often signs were drawn.
    pub draws: usize,
}

/// The mean difference of two runs over the same queries, first less second, and its interval from drawing queries anew.
///
/// `first` and `second` have a value per query, as [`RankingReport::paired`](super::RankingReport::paired) gives them.
/// Usual are 10 000 draws and the percentile interval:
///
/// ```
/// use counterpoise_metrics::retrieval::paired_bootstrap;
/// use counterpoise_metrics::{Bootstrap, IntervalKind};
///
/// let (new, old) = ([0.9, 0.8, 0.7, 0.9, 0.6], [0.5, 0.6, 0.4, 0.8, 0.5]);
/// let bootstrap = Bootstrap::new(1).with_draws(10_000).with_kind(IntervalKind::Percentile);
/// let difference = paired_bootstrap(&new, &old, &bootstrap, &())?;
/// assert!(difference.interval.is_some_and(|(low, _)| low > 0.0));
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Sakai, "Evaluating Evaluation Metrics Based on the Bootstrap", SIGIR 2006. It speaks of other queries of the same kind,
/// for the same judgements.
pub fn paired_bootstrap(
    first: &[f64],
    second: &[f64],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Estimate, Error> {
    let differences = differences(first, second)?;
    let mean = |counts: &[u16]| {
        let (mut sum, mut rows) = (0.0, 0.0);
        for (difference, &count) in differences.iter().zip(counts) {
            sum += f64::from(count) * difference;
            rows += f64::from(count);
        }
        vec![sum / rows]
    };
    let estimates = bootstrap.run(differences.len(), 1, mean, observer)?;
    estimates.into_iter().next().ok_or(Error::NoRows)
}

/// Fisher's randomisation test of two runs over the same queries, two-sided: each query's values change places by a coin.
///
/// The p-value is (b + 1) / (m + 1), where `b` of `m` draws are at least as far from 0 as what was seen, so that it is
/// never 0 and never too small. For the same seed the same number, with any number of threads.
///
/// # Errors
///
/// If the lists differ in length, are empty or hold something else than finite numbers, or `draws` is out of range.
///
/// # Source
///
/// Smucker, Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation",
/// CIKM 2007; Phipson and Smyth, "Permutation P-Values Should Never Be Zero", 2010, for the 1 that is added.
pub fn randomisation_test(
    first: &[f64],
    second: &[f64],
    draws: usize,
    seed: &Seed,
    observer: &dyn Observer,
) -> Result<Randomisation, Error> {
    if !(1..=MOST_DRAWS).contains(&draws) {
        return Err(Error::OutOfRange {
            option: "draws",
            value: draws.to_string(),
            range: "1 to 10000000",
        });
    }
    let differences = differences(first, second)?;
    let seed = seed.child("randomisation");
    let total: f64 = differences.iter().sum();
    // Sums of the same numbers with other signs differ by rounding where they should be equal.
    let rounding = 1e-12 * differences.iter().map(|difference| difference.abs()).sum::<f64>();
    let least = total.abs() - rounding;
    let mut as_far = 0;
    let mut done = 0;
    while done < draws {
        let until = (done + BLOCK).min(draws);
        as_far += (done..until)
            .into_par_iter()
            .filter(|&draw| {
                let mut random = seed.child(draw as u64).rng();
                let sum: f64 = differences
                    .chunks(64)
                    .map(|chunk| {
                        let coins = random.bits();
                        let flipped = chunk.iter().enumerate().map(|(place, difference)| {
                            if coins >> place & 1 == 0 {
                                *difference
                            } else {
                                -difference
                            }
                        });
                        flipped.sum::<f64>()
                    })
                    .sum();
                sum.abs() >= least
            })
            .count();
        done = until;
        let event = Event::Progress {
            task: TASK,
            done: done as u64,
            total: draws as u64,
        };
        if observer.observe(&event).is_break() {
            return Err(Error::Stopped);
        }
    }
    if observer.observe(&Event::Finished { task: TASK }).is_break() {
        return Err(Error::Stopped);
    }
    Ok(Randomisation {
        difference: mean(&differences).ok_or(Error::NoRows)?,
        p: (as_far as f64 + 1.0) / (draws as f64 + 1.0),
        as_far,
        draws,
    })
}

fn differences(first: &[f64], second: &[f64]) -> Result<Vec<f64>, Error> {
    if first.len() != second.len() {
        return Err(Error::Length {
            what: "the second run",
            has: second.len(),
            needed: first.len(),
        });
    }
    if first.is_empty() {
        return Err(Error::NoRows);
    }
    for values in [first, second] {
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NoNumber {
                what: "value of query",
                place: place + 1,
                value: values[place],
            });
        }
    }
    Ok(first
        .iter()
        .zip(second)
        .map(|(first, second)| first - second)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IntervalKind;
    use proptest::prelude::*;

    fn bootstrap() -> Bootstrap {
        Bootstrap::new(3)
            .with_draws(2000)
            .with_kind(IntervalKind::Percentile)
    }

    #[test]
    fn few_queries_have_the_p_value_of_all_signs() {
        // Of 32 ways to set the signs of five equal differences, two are as far from 0.
        let test = randomisation_test(&[0.3; 5], &[0.1; 5], 200_000, &Seed::new(1), &()).unwrap();
        assert!((test.p - 2.0 / 32.0).abs() < 0.002, "{test:?}");
        assert!((test.difference - 0.2).abs() < 1e-12);
    }

    #[test]
    fn equal_runs_do_not_differ() {
        let test = randomisation_test(&[0.3, 0.5], &[0.3, 0.5], 100, &Seed::new(1), &()).unwrap();
        assert_eq!((test.p, test.as_far), (1.0, 100));
        let interval = paired_bootstrap(&[0.3, 0.5], &[0.3, 0.5], &bootstrap(), &())
            .unwrap()
            .interval;
        assert_eq!(interval, Some((0.0, 0.0)));
    }

    #[test]
    fn threads_change_nothing() {
        let first: Vec<f64> = (0..150).map(|query| f64::from(query % 7) / 7.0).collect();
        let second: Vec<f64> = (0..150).map(|query| f64::from(query % 5) / 5.0).collect();
        let both = || {
            let seed = Seed::new(5);
            (
                randomisation_test(&first, &second, 2500, &seed, &()).unwrap(),
                paired_bootstrap(&first, &second, &bootstrap(), &()).unwrap(),
            )
        };
        let pool = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
        };
        assert_eq!(pool(1).install(both), pool(4).install(both));
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let code = |first: &[f64], second: &[f64], draws| {
            randomisation_test(first, second, draws, &Seed::new(1), &())
                .unwrap_err()
                .code()
        };
        assert_eq!(code(&[1.0], &[], 10), "metrics.length");
        assert_eq!(code(&[], &[], 10), "metrics.no-rows");
        assert_eq!(code(&[1.0], &[f64::NAN], 10), "metrics.no-number");
        assert_eq!(code(&[1.0], &[1.0], 0), "metrics.out-of-range");
    }

    #[test]
    fn a_test_can_be_stopped() {
        struct Impatient;
        impl Observer for Impatient {
            fn observe(&self, _: &Event<'_>) -> std::ops::ControlFlow<()> {
                std::ops::ControlFlow::Break(())
            }
        }
        let stopped = randomisation_test(&[1.0], &[0.5], 10, &Seed::new(1), &Impatient);
        assert_eq!(stopped, Err(Error::Stopped));
    }

    proptest! {
        #[test]
        fn runs_may_change_places(pairs in proptest::collection::vec((0.0..1.0, 0.0..1.0), 1..100)) {
            let (first, second): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let test = |a: &[f64], b: &[f64]| randomisation_test(a, b, 200, &Seed::new(2), &()).unwrap();
            let (one, other) = (test(&first, &second), test(&second, &first));
            prop_assert_eq!(one.p, other.p);
            prop_assert_eq!(one.difference, -other.difference);
            prop_assert!(one.p > 0.0 && one.p <= 1.0);
        }
    }
}

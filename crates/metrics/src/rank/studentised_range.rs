//! The range of several normal numbers, for Nemenyi's test.

use super::tails;

/// Probability that the greatest of `methods` standard normal numbers is more than `range` above the least.
///
/// # Source
///
/// Tukey, "The Problem of Multiple Comparisons" (1953), without an end to the degrees of freedom: the integral over the
/// greatest number. Its integrand is smooth and falls off like a normal density at both ends, so that equal steps are as
/// good as exact. What is left of 1 is computed as such, so that small probabilities keep their digits.
pub(crate) fn above(range: f64, methods: usize) -> f64 {
    const STEP: f64 = 0.05;
    // Beyond it, a normal density adds nothing to a double.
    const FAR: f64 = 9.0;
    if methods < 2 {
        return 0.0;
    }
    if range <= 0.0 {
        return 1.0;
    }
    let others = methods as f64 - 1.0;
    let integrand = |greatest: f64| {
        let density = (-0.5 * greatest * greatest).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // Of the others, all below the greatest, but not all within the range.
        let below = tails::normal(-greatest);
        let out_of_range = tails::normal(range - greatest) / below;
        density * below.powf(others) * -(others * (-out_of_range).ln_1p()).exp_m1()
    };
    let steps = ((range + 2.0 * FAR) / STEP).ceil() as u32;
    let sum: f64 = (0..=steps)
        .map(|step| integrand(STEP * f64::from(step) - FAR))
        .sum();
    (methods as f64 * STEP * sum).min(1.0)
}

/// The range that is exceeded with this probability, by bisection.
pub(crate) fn exceeded_with(probability: f64, methods: usize) -> f64 {
    let (mut low, mut high) = (0.0, 80.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low < 1e-13 * high {
            return middle;
        }
        if above(middle, methods) > probability {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_methods_are_apart_by_a_normal_number() {
        for range in [0.1, 1.0, 3.0, 7.0, 20.0, 40.0_f64] {
            let (ours, expected) = (above(range, 2), tails::normal_both(range / 2.0_f64.sqrt()));
            assert!(
                (ours / expected - 1.0).abs() < 1e-10,
                "{range}: {ours:e}, not {expected:e}"
            );
        }
    }

    #[test]
    fn the_numbers_of_scipy_are_met() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/rank.json");
        let text = std::fs::read_to_string(path).expect("the golden file");
        let golden: serde_json::Value = serde_json::from_str(&text).expect("a golden file is JSON");
        let cases = golden["studentised-range"].as_array().expect("cases");
        assert_eq!(cases.len(), 30);
        for case in cases {
            let [methods, range, expected] = [0, 1, 2].map(|place| case[place].as_f64().expect("a number"));
            let ours = above(range, methods as usize);
            // Theirs has 1 less the probability below.
            assert!((ours - expected).abs() < 1e-11, "{case}: {ours:e}");
        }
    }

    #[test]
    fn critical_values_of_demsar_are_met() {
        // Demšar, JMLR 7 (2006), table 5a: two to ten methods, at 0.05 and at 0.10; divided by the root of 2 there.
        let table = [
            (
                0.05,
                [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164],
            ),
            (
                0.10,
                [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920],
            ),
        ];
        for (probability, expected) in table {
            for (place, expected) in expected.into_iter().enumerate() {
                let ours = exceeded_with(probability, place + 2) / 2.0_f64.sqrt();
                assert!(
                    (ours - expected).abs() < 2e-3,
                    "{} methods: {ours}, not {expected}",
                    place + 2
                );
            }
        }
    }
}

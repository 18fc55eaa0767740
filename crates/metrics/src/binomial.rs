//! Numbers of the binomial distribution, and from them how often each kind of rows is drawn.

use counterpoise_base::Random;

/// Below this mean, counting up from 0 is quicker than rejection, which is not made for it either.
const SMALL: f64 = 10.0;

/// How many of `n` trials succeed, each with this probability.
///
/// # Source
///
/// Small means: inversion, term by term. Else Hörmann, "The generation of binomial random variates", Journal of
/// Statistical Computation and Simulation 46 (1993), algorithm BTRS. Both are exact but for rounding.
pub(crate) fn binomial(random: &mut Random, n: u32, probability: f64) -> u32 {
    if n == 0 || probability <= 0.0 {
        return 0;
    }
    if probability >= 1.0 {
        return n;
    }
    if probability > 0.5 {
        return n - binomial(random, n, 1.0 - probability);
    }
    if f64::from(n) * probability < SMALL {
        inversion(random, n, probability)
    } else {
        rejection(random, n, probability)
    }
}

fn inversion(random: &mut Random, n: u32, probability: f64) -> u32 {
    let odds = probability / (1.0 - probability);
    let mut left = random.fraction();
    let mut term = (f64::from(n) * (-probability).ln_1p()).exp();
    for successes in 0..n {
        if left < term {
            return successes;
        }
        left -= term;
        term *= odds * f64::from(n - successes) / f64::from(successes + 1);
        // What is left of the sum of all terms is rounding.
        if term <= f64::MIN_POSITIVE {
            return successes;
        }
    }
    n
}

fn rejection(random: &mut Random, n: u32, probability: f64) -> u32 {
    let whole = f64::from(n);
    let deviation = (whole * probability * (1.0 - probability)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * probability;
    let centre = whole * probability + 0.5;
    let alpha = (2.83 + 5.1 / b) * deviation;
    let inner = 0.92 - 4.2 / b;
    let log_odds = (probability / (1.0 - probability)).ln();
    let mode = ((whole + 1.0) * probability).floor();
    let at_mode = log_factorial(mode) + log_factorial(whole - mode);
    loop {
        let u = random.fraction() - 0.5;
        let mut v = random.fraction();
        let edge = 0.5 - u.abs();
        let successes = ((2.0 * a / edge + b) * u + centre).floor();
        if !(0.0..=whole).contains(&successes) {
            continue;
        }
        if edge >= 0.07 && v <= inner {
            return successes as u32;
        }
        v *= alpha / (a / (edge * edge) + b);
        let likelihood = at_mode - log_factorial(successes) - log_factorial(whole - successes)
            + (successes - mode) * log_odds;
        if v.ln() <= likelihood {
            return successes as u32;
        }
    }
}

/// Logarithm of `k!`, by Stirling's series, which begins to hold at 16.
pub(crate) fn log_factorial(k: f64) -> f64 {
    let mut below = 1.0;
    let mut x = k + 1.0;
    while x < 16.0 {
        below *= x;
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - f64::ln(below)
}

/// How often each kind is among as many draws as there are rows, with replacement; `sizes` are the rows of each kind.
///
/// The counts have the distribution that drawing row by row gives, in a number of steps that depends on the kinds only.
pub(crate) fn multinomial(random: &mut Random, sizes: &[u32], counts: &mut Vec<u32>) {
    counts.clear();
    let mut rows: u32 = sizes.iter().sum();
    let mut draws = rows;
    for &size in sizes {
        // Given the draws of the kinds before, the others are shared by the kinds that are left.
        let count = if size == rows {
            draws
        } else {
            binomial(random, draws, f64::from(size) / f64::from(rows))
        };
        counts.push(count);
        draws -= count;
        rows -= size;
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;

    const DRAWS: u32 = 200_000;

    fn drawn(n: u32, probability: f64) -> Vec<u32> {
        let mut random = Seed::new(7).child("binomial").child(u64::from(n)).rng();
        (0..DRAWS)
            .map(|_| binomial(&mut random, n, probability))
            .collect()
    }

    fn check_moments(n: u32, probability: f64) {
        let drawn = drawn(n, probability);
        let whole = f64::from(DRAWS);
        let mean = drawn.iter().map(|&k| f64::from(k)).sum::<f64>() / whole;
        let variance = drawn.iter().map(|&k| (f64::from(k) - mean).powi(2)).sum::<f64>() / whole;
        let (expected, spread) = (
            f64::from(n) * probability,
            f64::from(n) * probability * (1.0 - probability),
        );
        assert!(
            (mean - expected).abs() < 5.0 * (spread / whole).sqrt(),
            "mean {mean} of {n} at {probability}"
        );
        // The relative spread of a variance of nearly normal numbers, with room for skew.
        assert!(
            (variance / spread - 1.0).abs() < 6.0 * (2.0 / whole).sqrt() + 6.0 / (spread * whole).sqrt(),
            "variance {variance} of {n} at {probability}, not {spread}"
        );
    }

    /// Chi-squared against the exact probabilities, outcomes with fewer than ten expected draws put together.
    fn check_distribution(n: u32, probability: f64) {
        let mut seen = vec![0.0; n as usize + 1];
        drawn(n, probability)
            .iter()
            .for_each(|&k| seen[k as usize] += 1.0);
        let log = |k: f64| log_factorial(f64::from(n)) - log_factorial(k) - log_factorial(f64::from(n) - k);
        let (mut statistic, mut cells, mut rest) = (0.0, 0.0, (0.0, 0.0));
        for (k, seen) in seen.iter().enumerate() {
            let k = k as f64;
            let logs = k * probability.ln() + (f64::from(n) - k) * (1.0 - probability).ln();
            let expected = f64::from(DRAWS) * (log(k) + logs).exp();
            if expected < 10.0 {
                rest = (rest.0 + seen, rest.1 + expected);
            } else {
                statistic += (seen - expected).powi(2) / expected;
                cells += 1.0;
            }
        }
        if rest.1 > 10.0 {
            statistic += (rest.0 - rest.1).powi(2) / rest.1;
            cells += 1.0;
        }
        let freedom: f64 = cells - 1.0;
        assert!(
            statistic < freedom + 4.0 * (2.0 * freedom).sqrt() + 8.0,
            "chi-squared {statistic} with {freedom} degrees of freedom, {n} at {probability}"
        );
    }

    #[test]
    fn factorials_are_met() {
        let mut exact = 0.0;
        for k in 1..200 {
            exact += f64::from(k).ln();
            let gap = (log_factorial(f64::from(k)) - exact).abs();
            assert!(gap < 1e-12 * exact.max(1.0), "{k}! is off by {gap}");
        }
        assert!(log_factorial(0.0).abs() < 1e-14);
    }

    #[test]
    fn mean_and_variance_are_met() {
        for (n, probability) in [
            (1, 0.3),
            (12, 0.9),
            (1000, 0.002),
            (1000, 0.02),
            (50_000, 0.37),
            (4_000_000, 0.999),
        ] {
            check_moments(n, probability);
        }
    }

    #[test]
    fn the_distribution_is_met() {
        for (n, probability) in [
            (3, 0.5),
            (10, 0.25),
            (40, 0.2),
            (40, 0.26),
            (60, 0.5),
            (100, 0.9),
            (500, 0.03),
            (2000, 0.4),
        ] {
            check_distribution(n, probability);
        }
    }

    #[test]
    fn certain_events_happen() {
        let mut random = Seed::new(1).rng();
        assert_eq!(binomial(&mut random, 9, 1.0), 9);
        assert_eq!(binomial(&mut random, 9, 0.0), 0);
        assert_eq!(binomial(&mut random, 0, 0.5), 0);
    }

    #[test]
    fn kinds_share_all_draws() {
        let mut random = Seed::new(2).rng();
        let mut counts = Vec::new();
        for sizes in [vec![5, 0, 7, 100_000], vec![3], vec![0, 4, 0]] {
            multinomial(&mut random, &sizes, &mut counts);
            assert_eq!(counts.iter().sum::<u32>(), sizes.iter().sum::<u32>());
            assert!(
                counts
                    .iter()
                    .zip(&sizes)
                    .all(|(count, size)| *size > 0 || *count == 0)
            );
        }
    }
}

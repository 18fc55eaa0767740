//! Pairs of rows across a split, against what chance would part.

use serde::Serialize;

/// Two rows of which no other pair has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) distance: f64,
    /// How likely an honest split parts them.
    pub(super) chance: f64,
    /// Whether this one did.
    pub(super) across: bool,
}

/// How many pairs of rows a split parted, and how many an honest one parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Excess {
    /// Pairs that are no farther apart than this.
    pub distance: f64,
    /// Such pairs.
    pub pairs: usize,
    /// Those with a row on each side.
    pub across: usize,
    /// Those that an honest split parts, on average.
    pub expected: f64,
    /// How often an honest split parts as many, at most; not corrected for the looks.
    pub p_value: f64,
    /// Looks that were taken, of which this is the one with the smallest `p_value`.
    pub looks: usize,
}

/// All pairs at once.
pub(super) fn excess(pairs: &[Pair]) -> Excess {
    let across = pairs.iter().filter(|pair| pair.across).count();
    // The sum of nothing would be minus zero.
    let expected = pairs
        .iter()
        .map(|pair| pair.chance)
        .fold(0.0, |sum, chance| sum + chance);
    let distance = pairs.iter().map(|pair| pair.distance).fold(0.0, f64::max);
    Excess {
        distance,
        pairs: pairs.len(),
        across,
        expected,
        p_value: upper_tail(pairs.len(), expected / pairs.len().max(1) as f64, across),
        looks: 1,
    }
}

/// The closest pairs: 8, 16, 32, … up to a quarter of all, equally close ones together. `None` for fewer than eight.
pub(super) fn nearest_excess(pairs: &[Pair]) -> Option<Excess> {
    const FIRST: usize = 8;
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    let mut best: Option<Excess> = None;
    let (mut size, mut last, mut looks) = (FIRST, 0, 0);
    while size <= sorted.len() && (size == FIRST || 4 * size <= sorted.len()) {
        let farthest = sorted[size - 1].distance;
        let closest = sorted.partition_point(|pair| pair.distance <= farthest);
        if closest > last {
            let found = excess(&sorted[..closest]);
            looks += 1;
            if best.is_none_or(|best| found.p_value < best.p_value) {
                best = Some(found);
            }
        }
        last = closest;
        size *= 2;
    }
    best.map(|best| Excess { looks, ..best })
}

/// How likely `least` or more of `trials` succeed, each with the same chance.
///
/// If chances differ, that of their mean is an upper bound beyond the mean plus one (Hoeffding, "On the distribution of
/// the number of successes in independent trials", Annals of Mathematical Statistics 27, 1956, theorem 4).
fn upper_tail(trials: usize, chance: f64, least: usize) -> f64 {
    if least == 0 || trials == 0 {
        return 1.0;
    }
    if chance <= 0.0 || chance >= 1.0 {
        return if chance >= 1.0 { 1.0 } else { 0.0 };
    }
    let (n, k) = (trials as f64, least as f64);
    if k <= n * chance {
        // Nobody asks how likely it is to have no more than the mean.
        return 1.0;
    }
    let choose: f64 = (1..=least).map(|i| ((n - k + i as f64) / i as f64).ln()).sum();
    let mut term = 1.0;
    let mut sum = 1.0;
    // Beyond the mean, each term is smaller than the one before.
    for i in least..trials {
        term *= (trials - i) as f64 / (i + 1) as f64 * chance / (1.0 - chance);
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    let first = choose + k * chance.ln() + (n - k) * (1.0 - chance).ln();
    (first.exp() * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_binomial() {
        let check = |trials, chance, least, expected: f64| {
            let tail = upper_tail(trials, chance, least);
            assert!(
                (tail - expected).abs() < 1e-12 * expected.max(1e-300),
                "{tail} {expected}"
            );
        };
        check(3, 0.5, 3, 0.125);
        check(3, 0.5, 2, 0.5);
        check(10, 0.25, 10, 0.25_f64.powi(10));
        check(4, 0.25, 2, 1.0 - 0.75_f64.powi(4) - 0.75_f64.powi(3));
        check(5, 0.5, 0, 1.0);
    }

    #[test]
    fn the_closest_pairs_tell_of_copies() {
        let pair = |place: usize| Pair {
            distance: place as f64,
            chance: 0.42,
            across: place < 20 || place.is_multiple_of(5),
        };
        let pairs: Vec<Pair> = (0..400).map(pair).collect();
        let found = nearest_excess(&pairs).expect("there are pairs");
        assert_eq!((found.pairs, found.across), (16, 16));
        assert!(found.p_value < 1e-5 && found.looks == 4);
        assert!(nearest_excess(&pairs[..7]).is_none());
    }
}

use counterpoise_base::{Random, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::signed_rank::check_numbers;
use super::tails;
use crate::Error;

/// Every draw takes a generator of its own.
const MOST_DRAWS: usize = 10_000_000;

/// How likely it is that one of two methods is better, and that they are as good as alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Posterior {
    /// The first method is better by more than `rope`; `p_left` of baycomp.
    #[doc(alias = "p_left")]
    pub first: f64,
    /// They differ by no more than `rope`; `p_rope` of baycomp.
    #[doc(alias = "p_rope")]
    pub equivalent: f64,
    /// The second method is better by more than `rope`; `p_right` of baycomp.
    #[doc(alias = "p_right")]
    pub second: f64,
}

/// The Bayesian signed-rank test: two methods on several data sets, of whose differences nothing is assumed.
///
/// Each draw weighs the data sets, and one with a difference of [`prior_at`](Self::prior_at), by a Dirichlet distribution,
/// and asks in which region the mean of two differences drawn by these weights most often lies. The result is the share of
/// draws that each region wins.
///
/// ```
/// use counterpoise_base::Seed;
/// use counterpoise_metrics::rank::BayesianSignedRank;
///
/// let smote = [0.880, 0.706, 0.279, 0.682, 0.482];
/// let deep_smote = [0.961, 0.836, 0.454, 0.809, 0.699];
/// let test = BayesianSignedRank::default().with_rope(0.01);
/// let posterior = test.posterior(&smote, &deep_smote, &Seed::new(1))?;
/// assert!(posterior.second > 0.99);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Benavoli, Mangili, Corani, Zaffalon and Ruggeri, "A Bayesian Wilcoxon Signed-Rank Test Based on the Dirichlet Process",
/// ICML 2014; Benavoli, Corani, Demšar and Zaffalon, "Time for a Change", JMLR 18 (2017), section 4.2. Defaults are those
/// of baycomp 1.0.3, as is that a mean on the edge of a region counts half to either side. Where two regions win a draw
/// together, baycomp gives it to the one further left; here it is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct BayesianSignedRank {
    /// Region of practical equivalence: the greatest difference that does not matter, in units of the scores.
    pub rope: f64,
    /// How often the posterior is drawn from.
    pub draws: usize,
    /// Strength of the prior, in data sets.
    pub prior: f64,
    /// Difference that the prior stands for.
    pub prior_at: f64,
}

impl Default for BayesianSignedRank {
    fn default() -> Self {
        Self {
            rope: 0.0,
            draws: 50_000,
            prior: 0.5,
            prior_at: 0.0,
        }
    }
}

impl BayesianSignedRank {
    /// Sets [`rope`](Self::rope).
    pub fn with_rope(mut self, rope: f64) -> Self {
        self.rope = rope;
        self
    }

    /// Sets [`draws`](Self::draws).
    pub fn with_draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Sets [`prior`](Self::prior).
    pub fn with_prior(mut self, prior: f64) -> Self {
        self.prior = prior;
        self
    }

    /// Sets [`prior_at`](Self::prior_at).
    pub fn with_prior_at(mut self, prior_at: f64) -> Self {
        self.prior_at = prior_at;
        self
    }

    /// Compares the scores of two methods, one on each data set, of which greater is better.
    ///
    /// For the same seed the same numbers, with any number of threads.
    pub fn posterior(&self, first: &[f64], second: &[f64], seed: &Seed) -> Result<Posterior, Error> {
        let differences = differences(first, second)?;
        check_rope(self.rope)?;
        if !(self.prior >= 0.0 && self.prior.is_finite()) {
            return Err(out_of_range("prior", &self.prior, "a number of at least 0"));
        }
        if !self.prior_at.is_finite() {
            return Err(out_of_range("prior-at", &self.prior_at, "a finite number"));
        }
        if !(1..=MOST_DRAWS).contains(&self.draws) {
            return Err(out_of_range("draws", &self.draws, "1 to 10000000"));
        }
        if differences.len() < 2 {
            return Err(Error::TooFew {
                what: "data set",
                has: differences.len(),
                needed: 2,
            });
        }
        let mut atoms: Vec<(f64, f64)> = differences.iter().map(|one| (*one, 1.0)).collect();
        if self.prior > 0.0 {
            atoms.push((self.prior_at, self.prior));
        }
        atoms.sort_by(|a, b| a.0.total_cmp(&b.0));
        let edges = Edges::new(&atoms, self.rope);
        let root = seed.child("bayesian-signed-rank");
        let wins = (0..self.draws)
            .into_par_iter()
            .map(|draw| {
                let mut random = root.child(draw as u64).rng();
                let weights = atoms.iter().map(|(_, strength)| gamma(&mut random, *strength));
                edges.winner(&weights.collect::<Vec<_>>())
            })
            .reduce(|| [0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
        let [first, equivalent, second] = wins.map(|wins| wins as f64 / (WHOLE * self.draws as u64) as f64);
        Ok(Posterior {
            first,
            equivalent,
            second,
        })
    }
}

/// A draw, in parts that two or three regions can share.
const WHOLE: u64 = 6;

/// For each of the sorted differences, how many of them make a mean with it below a region's edge, and at most on it.
struct Edges {
    low: Vec<(usize, usize)>,
    high: Vec<(usize, usize)>,
}

impl Edges {
    fn new(atoms: &[(f64, f64)], rope: f64) -> Self {
        let edge = |edge: f64| {
            atoms
                .iter()
                .map(|(one, _)| {
                    let below = atoms.partition_point(|(other, _)| one + other < edge);
                    (below, atoms.partition_point(|(other, _)| one + other <= edge))
                })
                .collect()
        };
        Self {
            low: edge(-2.0 * rope),
            high: edge(2.0 * rope),
        }
    }

    /// Which region most pairs lie in, by these weights; on an edge, half of the pair lies to either side.
    fn winner(&self, weights: &[f64]) -> [u64; 3] {
        let mut sums = Vec::with_capacity(weights.len() + 1);
        let mut sum = 0.0;
        sums.push(sum);
        for weight in weights {
            sum += weight;
            sums.push(sum);
        }
        let below = |edge: &[(usize, usize)]| -> f64 {
            let parts = edge.iter().zip(weights);
            let parts = parts.map(|(&(below, on), weight)| weight * 0.5 * (sums[below] + sums[on]));
            parts.sum::<f64>() / (sum * sum)
        };
        let (low, high) = (below(&self.low), below(&self.high));
        let shares = [low, high - low, 1.0 - high];
        let most = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Sums in another order differ by rounding.
        let won = shares.map(|share| share >= most - 1e-12);
        let winners = won.iter().filter(|won| **won).count() as u64;
        won.map(|won| if won { WHOLE / winners } else { 0 })
    }
}

/// A number of the gamma distribution with this shape and scale 1.
///
/// # Source
///
/// Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (2000); below a shape of 1, their
/// section 6. A shape of 1 is exponential.
fn gamma(random: &mut Random, shape: f64) -> f64 {
    if shape == 1.0 {
        return -(-random.fraction()).ln_1p();
    }
    if shape < 1.0 {
        // From above 0 to 1, so that a power of it is no division by 0.
        let shrink = (1.0 - random.fraction()).powf(1.0 / shape);
        return gamma(random, shape + 1.0) * shrink;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = random.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - random.fraction()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// The correlated Bayesian t-test: two methods on one data set, by cross-validation, once or repeated.
///
/// Folds share training rows, so that their differences vary less than those of new data would; the variance is corrected
/// for it.
///
/// ```
/// use counterpoise_metrics::rank::CorrelatedT;
///
/// let none = [0.71, 0.68, 0.74, 0.70, 0.69, 0.72, 0.70, 0.73, 0.69, 0.71];
/// let smote = [0.75, 0.71, 0.75, 0.74, 0.74, 0.74, 0.75, 0.76, 0.72, 0.74];
/// let posterior = CorrelatedT::default().with_repeats(2).with_rope(0.01).posterior(&none, &smote)?;
/// assert!(posterior.second > 0.95);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Corani and Benavoli, "A Bayesian Approach for Comparing Cross-Validated Algorithms on Multiple Data Sets", Machine
/// Learning 100 (2015), after Nadeau and Bengio, Machine Learning 52 (2003): the correlation of two folds is one part in
/// the number of folds. As baycomp 1.0.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct CorrelatedT {
    /// Region of practical equivalence: the greatest difference that does not matter, in units of the scores.
    pub rope: f64,
    /// How often the cross-validation was repeated; `runs` of baycomp.
    #[serde(alias = "runs")]
    pub repeats: usize,
}

impl Default for CorrelatedT {
    fn default() -> Self {
        Self {
            rope: 0.0,
            repeats: 1,
        }
    }
}

impl CorrelatedT {
    /// Sets [`rope`](Self::rope).
    pub fn with_rope(mut self, rope: f64) -> Self {
        self.rope = rope;
        self
    }

    /// Sets [`repeats`](Self::repeats).
    pub fn with_repeats(mut self, repeats: usize) -> Self {
        self.repeats = repeats;
        self
    }

    /// Compares the scores of two methods, one of each fold of each repeat, of which greater is better.
    pub fn posterior(&self, first: &[f64], second: &[f64]) -> Result<Posterior, Error> {
        let differences = differences(first, second)?;
        check_rope(self.rope)?;
        let n = differences.len();
        if self.repeats == 0 || !n.is_multiple_of(self.repeats) {
            return Err(out_of_range(
                "repeats",
                &self.repeats,
                "at least 1, and such that each repeat has as many folds",
            ));
        }
        let folds = n / self.repeats;
        if folds < 2 {
            return Err(Error::TooFew {
                what: "fold",
                has: folds,
                needed: 2,
            });
        }
        let (n, folds) = (n as f64, folds as f64);
        let mean = differences.iter().sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|one| (one - mean).powi(2)).sum();
        // The correlation r is 1 / folds, and r / (1 - r) is 1 / (folds - 1).
        let deviation = (squares / (n - 1.0) * (1.0 / n + 1.0 / (folds - 1.0))).sqrt();
        // Twins differ by rounding only.
        let alike = deviation <= 1e-15 * mean.abs();
        // For a method that is better by `gain` on average.
        let beyond = |gain: f64| {
            if !alike {
                tails::student((self.rope - gain) / deviation, n - 1.0)
            } else if gain == self.rope {
                0.5
            } else {
                f64::from(u8::from(gain > self.rope))
            }
        };
        let (first, second) = (beyond(-mean), beyond(mean));
        Ok(Posterior {
            first,
            equivalent: (1.0 - first - second).max(0.0),
            second,
        })
    }
}

/// The second method's scores less the first's.
fn differences(first: &[f64], second: &[f64]) -> Result<Vec<f64>, Error> {
    if first.len() != second.len() {
        return Err(Error::Length {
            what: "the second method",
            has: second.len(),
            needed: first.len(),
        });
    }
    check_numbers("score of the first method: number", first)?;
    check_numbers("score of the second method: number", second)?;
    Ok(first
        .iter()
        .zip(second)
        .map(|(first, second)| second - first)
        .collect())
}

fn check_rope(rope: f64) -> Result<(), Error> {
    if rope >= 0.0 && rope.is_finite() {
        return Ok(());
    }
    Err(out_of_range("rope", &rope, "a number of at least 0"))
}

fn out_of_range(option: &'static str, value: &dyn std::fmt::Display, range: &'static str) -> Error {
    Error::OutOfRange {
        option,
        value: value.to_string(),
        range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: [f64; 6] = [0.50, 0.61, 0.72, 0.48, 0.90, 0.33];
    const B: [f64; 6] = [0.53, 0.60, 0.75, 0.52, 0.91, 0.39];

    fn signed_rank(first: &[f64], second: &[f64], rope: f64, draws: usize) -> Posterior {
        let test = BayesianSignedRank::default().with_rope(rope).with_draws(draws);
        test.posterior(first, second, &Seed::new(3)).expect("scores")
    }

    #[test]
    fn gamma_numbers_have_mean_and_variance_of_their_shape() {
        for shape in [0.2, 0.5, 1.0, 2.5] {
            let mut random = Seed::new(11).rng();
            let drawn: Vec<f64> = (0..200_000).map(|_| gamma(&mut random, shape)).collect();
            let mean = drawn.iter().sum::<f64>() / 200_000.0;
            let variance = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 200_000.0;
            assert!((mean / shape - 1.0).abs() < 0.02, "shape {shape}: mean {mean}");
            assert!(
                (variance / shape - 1.0).abs() < 0.05,
                "shape {shape}: variance {variance}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_with_any_number_of_threads() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| signed_rank(&A, &B, 0.01, 2000))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn methods_that_never_differ_share_every_draw() {
        let (half, none) = (0.5, 0.0);
        let alike = signed_rank(&A, &A, 0.0, 100);
        assert_eq!((alike.first, alike.equivalent, alike.second), (half, none, half));
        let alike = signed_rank(&A, &A, 0.01, 100);
        assert_eq!((alike.first, alike.equivalent, alike.second), (none, 1.0, none));
        let alike = CorrelatedT::default().posterior(&A, &A).expect("scores");
        assert_eq!((alike.first, alike.equivalent, alike.second), (half, none, half));
    }

    #[test]
    fn a_strong_prior_outweighs_the_data_sets() {
        let seed = Seed::new(2);
        let weak = BayesianSignedRank::default().with_draws(2000);
        let strong = weak.clone().with_prior(500.0).with_prior_at(-1.0);
        assert!(weak.posterior(&A, &B, &seed).expect("scores").second > 0.95);
        assert_eq!(strong.posterior(&A, &B, &seed).expect("scores").first, 1.0);
    }

    #[test]
    fn differences_that_never_vary_leave_no_doubt() {
        let better = CorrelatedT::default()
            .with_rope(0.01)
            .posterior(&[0.25; 4], &[0.5; 4])
            .expect("scores");
        assert_eq!((better.first, better.equivalent, better.second), (0.0, 0.0, 1.0));
    }

    #[test]
    fn bad_input_is_refused_by_name() {
        let draw = |test: BayesianSignedRank, first: &[f64], second: &[f64]| {
            test.posterior(first, second, &Seed::new(1))
                .expect_err("it is refused")
                .to_string()
        };
        let plain = BayesianSignedRank::default;
        assert_eq!(
            draw(plain(), &A, &A[1..]),
            "the second method has 5 values, where 6 are needed"
        );
        assert_eq!(
            draw(plain(), &[0.1, 0.2], &[0.1, f64::NAN]),
            "score of the second method: number 2 is NaN, which is not a finite number"
        );
        assert_eq!(
            draw(plain(), &A[..1], &B[..1]),
            "there is 1 data set, and at least 2 are needed"
        );
        assert!(draw(plain().with_rope(-0.1), &A, &B).starts_with("`rope = -0.1` is out of range"));
        assert!(draw(plain().with_prior(f64::NAN), &A, &B).starts_with("`prior = NaN` is out of range"));
        assert!(draw(plain().with_draws(0), &A, &B).starts_with("`draws = 0` is out of range"));
        let t = CorrelatedT::default();
        assert!(t.clone().with_repeats(4).posterior(&A, &B).is_err());
        assert!(t.clone().with_repeats(6).posterior(&A, &B).is_err() && t.posterior(&[], &[]).is_err());
    }

    proptest! {
        #[test]
        fn regions_share_all_and_swapping_the_methods_swaps_them(
            scores in proptest::collection::vec((0_u8..20, 0_u8..20), 3..9),
            rope in 0_u8..4,
        ) {
            let part = |score: u8| f64::from(score) / 16.0;
            let (first, second): (Vec<f64>, Vec<f64>) = scores.iter().map(|&(a, b)| (part(a), part(b))).unzip();
            let rope = part(rope);
            let t = CorrelatedT::default().with_rope(rope);
            let (one, other) = (t.posterior(&first, &second), t.posterior(&second, &first));
            let (one, other) = (one.expect("scores"), other.expect("scores"));
            prop_assert!((one.first + one.equivalent + one.second - 1.0).abs() < 1e-12);
            prop_assert!((one.first - other.second).abs() < 1e-9);
            let (one, other) = (signed_rank(&first, &second, rope, 400), signed_rank(&second, &first, rope, 400));
            prop_assert!((one.first + one.equivalent + one.second - 1.0).abs() < 1e-12);
            // Other rows get the same draws.
            prop_assert!((one.first - other.second).abs() < 0.2);
        }
    }
}

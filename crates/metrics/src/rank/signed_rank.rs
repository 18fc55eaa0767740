use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ranking::mean_ranks;
use super::tails;
use crate::Error;

/// Wilcoxon's signed-rank test: whether the differences of two methods, one on each data set, lie to both sides of 0 alike.
///
/// ```
/// use counterpoise_metrics::rank::SignedRank;
///
/// let differences = [0.03, 0.01, 0.05, -0.02, 0.07, 0.04];
/// let test = SignedRank::default().test(&differences)?.expect("some differ");
/// assert_eq!((test.positive, test.negative, test.exact), (19.0, 2.0, true));
/// assert_eq!(test.p, 0.09375);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1 (1945). Options, their names and defaults
/// are those of `scipy.stats.wilcoxon` 1.17. Its `method = "exact"` takes the distribution without ties even where there
/// are some; ours is that of the ranks at hand, as its `PermutationMethod` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct SignedRank {
    /// What becomes of differences of 0.
    pub zero_method: ZeroMethod,
    /// Moves the statistic half a rank towards its mean before the normal approximation.
    pub correction: bool,
    /// Which differences speak against the hypothesis.
    pub alternative: Alternative,
    /// Where the p-value comes from.
    pub method: Method,
}

/// What becomes of differences of 0 in [`SignedRank`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroMethod {
    /// They are left out.
    #[default]
    Wilcox,
    /// They take ranks, which are left out then (Pratt, JASA 54, 1959).
    Pratt,
    /// They take ranks, half of which count as positive and half as negative.
    Zsplit,
}

/// Which differences speak against the hypothesis of [`SignedRank`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alternative {
    /// Those to one side, whichever it is.
    #[default]
    TwoSided,
    /// Those below 0.
    Less,
    /// Those above 0.
    Greater,
}

/// Where the p-value of [`SignedRank`] comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Exact for up to 13 differences, and for up to 50 without ties and zeros; else the approximation.
    #[default]
    Auto,
    /// All ways to give signs to the ranks, at most 1000 of them.
    Exact,
    /// The normal distribution, with its variance corrected for ties.
    #[serde(alias = "approx")]
    Asymptotic,
}

/// What [`SignedRank`] found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignedRankTest {
    /// Sum of the ranks of differences above 0.
    pub positive: f64,
    /// Sum of the ranks of differences below 0.
    pub negative: f64,
    /// How likely sums this far apart are if both signs are alike.
    pub p: f64,
    /// Whether `p` is exact.
    pub exact: bool,
    /// The statistic in standard deviations, if `p` is not exact.
    pub z: Option<f64>,
}

/// Sums of ranks are counted one by one, in a table as long as the sum of all.
const MOST_EXACT: usize = 1000;

impl SignedRank {
    /// Sets [`zero_method`](Self::zero_method).
    pub fn with_zero_method(mut self, zero_method: ZeroMethod) -> Self {
        self.zero_method = zero_method;
        self
    }

    /// Sets [`correction`](Self::correction).
    pub fn with_correction(mut self, correction: bool) -> Self {
        self.correction = correction;
        self
    }

    /// Sets [`alternative`](Self::alternative).
    pub fn with_alternative(mut self, alternative: Alternative) -> Self {
        self.alternative = alternative;
        self
    }

    /// Sets [`method`](Self::method).
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Tests differences, one for each data set. `None` if there are none to rank: no data set, or only differences of 0.
    pub fn test(&self, differences: &[f64]) -> Result<Option<SignedRankTest>, Error> {
        check_numbers("difference", differences)?;
        let ranked: Vec<f64> = match self.zero_method {
            ZeroMethod::Wilcox => differences.iter().copied().filter(|one| *one != 0.0).collect(),
            ZeroMethod::Pratt | ZeroMethod::Zsplit => differences.to_vec(),
        };
        let (ranks, mut ties) = mean_ranks(&ranked.iter().map(|one| one.abs()).collect::<Vec<_>>());
        let sum = |wanted: &dyn Fn(f64) -> bool| -> f64 {
            let chosen = ranked.iter().zip(&ranks).filter(|(one, _)| wanted(**one));
            chosen.map(|(_, rank)| rank).sum()
        };
        let (above, below) = (sum(&|one| one > 0.0), sum(&|one| one < 0.0));
        // What zeros add to both sides.
        let split = match self.zero_method {
            ZeroMethod::Zsplit => 0.5 * sum(&|one| one == 0.0),
            ZeroMethod::Wilcox | ZeroMethod::Pratt => 0.0,
        };
        let zeros = ranked.iter().filter(|one| **one == 0.0).count() as f64;
        let n = ranked.len() as f64;
        let cubes = |n: f64| n * (n + 1.0) * (2.0 * n + 1.0);
        let mut mean = 0.25 * n * (n + 1.0);
        let mut variance = cubes(n);
        if self.zero_method == ZeroMethod::Pratt {
            // Zeros leave the sums, and the ties among them the correction.
            mean -= 0.25 * zeros * (zeros + 1.0);
            variance -= cubes(zeros);
            ties -= zeros.powi(3) - zeros;
        }
        let deviation = ((variance - 0.5 * ties) / 24.0).sqrt();
        // Also for no rows.
        if deviation.is_nan() || deviation <= 0.0 {
            return Ok(None);
        }
        let some_equal = ties > 0.0 || differences.contains(&0.0);
        let exact = match self.method {
            Method::Exact if differences.len() > MOST_EXACT => {
                return Err(Error::OutOfRange {
                    option: "differences",
                    value: differences.len().to_string(),
                    range: "at most 1000 with `method = \"exact\"`",
                });
            }
            Method::Exact => true,
            Method::Asymptotic => false,
            Method::Auto => differences.len() <= 13 || (differences.len() <= 50 && !some_equal),
        };
        let (z, p) = if exact {
            let signed: Vec<f64> = ranked
                .iter()
                .zip(&ranks)
                .filter(|(one, _)| **one != 0.0)
                .map(|(_, rank)| *rank)
                .collect();
            (None, self.side(chances(&signed, above)))
        } else {
            let mut z = (above + split - mean) / deviation;
            if self.correction {
                let towards = match self.alternative {
                    Alternative::TwoSided if z == 0.0 => 0.0,
                    Alternative::TwoSided => z.signum(),
                    Alternative::Greater => 1.0,
                    Alternative::Less => -1.0,
                };
                z -= 0.5 * towards / deviation;
            }
            (Some(z), self.side((tails::normal(-z), tails::normal(z))))
        };
        Ok(Some(SignedRankTest {
            positive: above + split,
            negative: below + split,
            p,
            exact,
            z,
        }))
    }

    /// The p-value, of the chances of a sum no greater and of one no less.
    fn side(&self, (no_greater, no_less): (f64, f64)) -> f64 {
        match self.alternative {
            Alternative::TwoSided => (2.0 * no_greater.min(no_less)).min(1.0),
            Alternative::Less => no_greater,
            Alternative::Greater => no_less,
        }
    }
}

/// How likely the sum of those ranks that get a positive sign by chance is no greater, and no less, than `sum`.
fn chances(ranks: &[f64], sum: f64) -> (f64, f64) {
    // Ranks of ties are halves.
    let doubled: Vec<usize> = ranks.iter().map(|rank| (2.0 * rank).round() as usize).collect();
    let mut likely = vec![0.0; doubled.iter().sum::<usize>() + 1];
    likely[0] = 1.0;
    let mut most = 0;
    for rank in doubled {
        most += rank;
        for total in (0..=most).rev() {
            let without = likely[total];
            let with = if total >= rank { likely[total - rank] } else { 0.0 };
            likely[total] = 0.5 * (without + with);
        }
    }
    let place = (2.0 * sum).round() as usize;
    (likely[..=place].iter().sum(), likely[place..].iter().sum())
}

/// Refuses what is not a number, or is infinite.
pub(super) fn check_numbers(what: &'static str, numbers: &[f64]) -> Result<(), Error> {
    match numbers.iter().position(|number| !number.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::NoNumber {
            what,
            place: place + 1,
            value: numbers[place],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn test(differences: &[f64]) -> SignedRankTest {
        let found = SignedRank::default().test(differences).expect("numbers");
        found.expect("some differ")
    }

    #[test]
    fn few_differences_are_counted_by_hand() {
        // Of eight ways to sign three ranks, two are as far from the middle.
        assert_eq!(test(&[1.0, 2.0, 3.0]).p, 0.25);
        // Ranks 1.5, 1.5 and 3: sums of 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6.
        let tied = test(&[1.0, -1.0, 3.0]);
        assert_eq!((tied.positive, tied.negative, tied.p), (4.5, 1.5, 0.75));
    }

    #[test]
    fn nothing_to_rank_is_absent() {
        let all = SignedRank::default();
        assert_eq!(all.test(&[]), Ok(None));
        assert_eq!(all.test(&[0.0, -0.0]), Ok(None));
        assert_eq!(
            all.clone().with_zero_method(ZeroMethod::Pratt).test(&[0.0; 20]),
            Ok(None)
        );
        let split = all.with_zero_method(ZeroMethod::Zsplit).test(&[0.0; 20]);
        assert_eq!(split.map(|test| test.map(|test| test.p)), Ok(Some(1.0)));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let error = SignedRank::default()
            .test(&[0.1, f64::NAN])
            .expect_err("it is refused");
        assert_eq!(
            error.to_string(),
            "difference 2 is NaN, which is not a finite number"
        );
        let exact = SignedRank::default().with_method(Method::Exact);
        assert!(exact.test(&vec![1.0; 1001]).is_err());
    }

    #[test]
    fn options_are_read_by_the_names_of_scipy() {
        let read: SignedRank = serde_json::from_str(
            r#"{"zero-method": "zsplit", "correction": true, "alternative": "two-sided", "method": "approx"}"#,
        )
        .expect("options");
        let set = SignedRank::default()
            .with_zero_method(ZeroMethod::Zsplit)
            .with_correction(true)
            .with_method(Method::Asymptotic);
        assert_eq!(read, set);
    }

    proptest! {
        #[test]
        fn swapping_the_methods_swaps_the_sides(differences in proptest::collection::vec(-5_i8..=5, 1..20)) {
            let differences: Vec<f64> = differences.into_iter().map(f64::from).collect();
            let mirrored: Vec<f64> = differences.iter().map(|one| -one).collect();
            for zero_method in [ZeroMethod::Wilcox, ZeroMethod::Pratt, ZeroMethod::Zsplit] {
                for method in [Method::Exact, Method::Asymptotic] {
                    let options = SignedRank::default().with_zero_method(zero_method).with_method(method);
                    let of = |options: &SignedRank, numbers: &[f64]| options.test(numbers).expect("numbers");
                    let (Some(one), Some(other)) = (of(&options, &differences), of(&options, &mirrored)) else {
                        continue;
                    };
                    prop_assert_eq!((one.positive, one.negative), (other.negative, other.positive));
                    prop_assert!((one.p - other.p).abs() < 1e-12);
                    let less = of(&options.clone().with_alternative(Alternative::Less), &differences);
                    let greater = of(&options.with_alternative(Alternative::Greater), &mirrored);
                    prop_assert!((less.map_or(0.0, |test| test.p) - greater.map_or(1.0, |test| test.p)).abs() < 1e-12);
                }
            }
        }
    }
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How p-values of several comparisons become ones that may be read one by one.
///
/// An adjusted p-value is at or below a level exactly where the procedure rejects the comparison at that level. All but
/// [`None`](Self::None) keep the chance of any wrong rejection at the level, whichever comparisons are true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Adjustment {
    /// Every p-value stands as if it were the only one.
    None,
    /// Each times their number. With a control this is Dunn's test.
    ///
    /// # Source
    ///
    /// Dunn, "Multiple Comparisons among Means", JASA 56 (1961).
    #[serde(alias = "bonferroni")]
    BonferroniDunn,
    /// From the least on, each times the number of those that are not below it.
    ///
    /// # Source
    ///
    /// Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6 (1979).
    Holm,
    /// As Holm, from the greatest down; for p-values that are independent or rise and fall together.
    ///
    /// # Source
    ///
    /// Hochberg, "A Sharper Bonferroni Procedure for Multiple Tests of Significance", Biometrika 75 (1988).
    Hochberg,
    /// From the least on, the chance that some of that many independent p-values would be as small; for the same p-values
    /// as Hochberg, and strongest with a control.
    ///
    /// # Source
    ///
    /// Finner, "On a Monotonicity Problem in Step-Down Multiple Test Procedures", JASA 88 (1993).
    Finner,
    /// All pairs only. As Holm, times the most comparisons that can be true at once, given that those before are false:
    /// if three methods are not alike, not just one of their three pairs differs.
    ///
    /// # Source
    ///
    /// Shaffer, "Modified Sequentially Rejective Multiple Test Procedures", JASA 81 (1986), procedure S1, as García and
    /// Herrera, JMLR 9 (2008), section 2.2, have it: the static procedure.
    #[default]
    Shaffer,
    /// All pairs only. The most powerful of these: looks at each set of comparisons that can be true at once. At most ten
    /// methods, since there are as many sets as ways to part the methods.
    ///
    /// # Source
    ///
    /// Bergmann and Hommel, "Improvements of General Multiple Test Procedures for Redundant Systems of Hypotheses" (1988);
    /// adjusted p-values after García and Herrera, JMLR 9 (2008), section 2.3.
    BergmannHommel,
    /// All pairs only. The chance that the greatest of all differences of ranks is as great.
    ///
    /// # Source
    ///
    /// Nemenyi, "Distribution-Free Multiple Comparisons" (1963), after Demšar, JMLR 7 (2006), section 3.2.2.
    Nemenyi,
}

/// The most methods for [`Adjustment::BergmannHommel`].
pub(crate) const MOST_PARTED: usize = 10;

impl Adjustment {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::BonferroniDunn,
        Self::Holm,
        Self::Hochberg,
        Self::Finner,
        Self::Shaffer,
        Self::BergmannHommel,
        Self::Nemenyi,
    ];

    /// Its name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BonferroniDunn => "bonferroni-dunn",
            Self::Holm => "holm",
            Self::Hochberg => "hochberg",
            Self::Finner => "finner",
            Self::Shaffer => "shaffer",
            Self::BergmannHommel => "bergmann-hommel",
            Self::Nemenyi => "nemenyi",
        }
    }

    /// Whether it knows how the comparisons of all pairs hang together, and is for them only.
    pub fn is_for_all_pairs_only(self) -> bool {
        matches!(self, Self::Shaffer | Self::BergmannHommel | Self::Nemenyi)
    }

    /// Adjusted p-values, in the order given; `None` for those that are for all pairs only.
    pub fn of(self, p: &[f64]) -> Option<Vec<f64>> {
        let all = p.len() as f64;
        Some(match self {
            Self::None => p.to_vec(),
            Self::BonferroniDunn => p.iter().map(|p| (p * all).min(1.0)).collect(),
            Self::Holm => step_down(p, |p, before| p * (all - before as f64)),
            Self::Hochberg => step_up(p, |p, before| p * (all - before as f64)),
            Self::Finner => step_down(p, |p, before| {
                -(all / (before as f64 + 1.0) * (-p).ln_1p()).exp_m1()
            }),
            Self::Shaffer | Self::BergmannHommel | Self::Nemenyi => return None,
        })
    }
}

/// Places of p-values, from the least on.
fn order(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]).then(a.cmp(&b)));
    order
}

/// None is adjusted to less than one before it; `factor` gets a p-value and how many are before it.
fn step_down(p: &[f64], adjust: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (before, place) in order(p).into_iter().enumerate() {
        most = most.max(adjust(p[place], before)).min(1.0);
        adjusted[place] = most;
    }
    adjusted
}

/// None is adjusted to more than one behind it.
fn step_up(p: &[f64], adjust: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (before, place) in order(p).into_iter().enumerate().rev() {
        least = least.min(adjust(p[place], before));
        adjusted[place] = least;
    }
    adjusted
}

/// [`Adjustment::Shaffer`], of the p-values of all pairs of so many methods.
pub(crate) fn shaffer(p: &[f64], methods: usize) -> Vec<f64> {
    let possible = possible_truths(methods);
    step_down(p, |p, before| {
        // `possible` runs from no pair to all pairs.
        let left = possible.len() - 1 - before;
        let most = (0..=left).rev().find(|&count| possible[count]).unwrap_or(0);
        p * most as f64
    })
}

/// Which numbers of pairs, from none to all, can be alike at once, while all others differ: Shaffer's S(k).
///
/// Methods that are alike form a block, so these are the numbers of pairs within blocks, over all ways to part the
/// methods into blocks.
fn possible_truths(methods: usize) -> Vec<bool> {
    let pairs = |block: usize| block * block.saturating_sub(1) / 2;
    let mut by_methods: Vec<Vec<bool>> = vec![vec![true]];
    for count in 1..=methods {
        let mut possible = vec![false; pairs(count) + 1];
        for block in 1..=count {
            for (rest, _) in by_methods[count - block]
                .iter()
                .enumerate()
                .filter(|(_, yes)| **yes)
            {
                possible[rest + pairs(block)] = true;
            }
        }
        by_methods.push(possible);
    }
    by_methods.swap_remove(methods)
}

/// [`Adjustment::BergmannHommel`], of the p-values of all pairs of so many methods.
pub(crate) fn bergmann_hommel(p: &[f64], methods: usize) -> Vec<f64> {
    let pairs: Vec<(usize, usize)> = pairs(methods).collect();
    let mut adjusted = vec![0.0_f64; p.len()];
    each_parting(methods, &mut |blocks| {
        let alike = || (0..p.len()).filter(|&pair| blocks[pairs[pair].0] == blocks[pairs[pair].1]);
        let least = alike().map(|pair| p[pair]).fold(f64::INFINITY, f64::min);
        let bound = (alike().count() as f64 * least).min(1.0);
        for pair in alike() {
            adjusted[pair] = adjusted[pair].max(bound);
        }
    });
    adjusted
}

/// All pairs of so many methods, in the order of results.
pub(crate) fn pairs(methods: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..methods).flat_map(move |first| (first + 1..methods).map(move |second| (first, second)))
}

/// Calls `visit` with the block of each method, for every way to part the methods into blocks.
fn each_parting(methods: usize, visit: &mut impl FnMut(&[usize])) {
    fn place(blocks: &mut Vec<usize>, open: usize, methods: usize, visit: &mut impl FnMut(&[usize])) {
        if blocks.len() == methods {
            return visit(blocks);
        }
        for block in 0..=open {
            blocks.push(block);
            place(blocks, open.max(block + 1), methods, visit);
            blocks.pop();
        }
    }
    place(&mut Vec::new(), 0, methods, visit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(ours: Option<Vec<f64>>, expected: &[f64]) {
        let ours = ours.expect("it needs p-values only");
        assert!(
            ours.len() == expected.len() && ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{ours:?}, not {expected:?}"
        );
    }

    #[test]
    fn p_values_are_adjusted_as_by_hand() {
        let p = [0.04, 0.01, 0.03];
        check(Adjustment::None.of(&p), &p);
        check(Adjustment::BonferroniDunn.of(&p), &[0.12, 0.03, 0.09]);
        check(Adjustment::Holm.of(&p), &[0.06, 0.03, 0.06]);
        check(Adjustment::Hochberg.of(&p), &[0.04, 0.03, 0.04]);
        let second = 1.0 - 0.97_f64.powf(1.5);
        check(
            Adjustment::Finner.of(&p),
            &[second, 1.0 - 0.99_f64.powi(3), second],
        );
        check(Adjustment::Finner.of(&[1.0, 0.0]), &[1.0, 0.0]);
        assert_eq!(Adjustment::Shaffer.of(&p), None);
    }

    fn truths(methods: usize) -> Vec<usize> {
        let possible = possible_truths(methods);
        (0..possible.len()).filter(|&count| possible[count]).collect()
    }

    #[test]
    fn pairs_that_can_be_alike_are_counted_as_in_shaffer() {
        assert_eq!(truths(2), [0, 1]);
        assert_eq!(truths(3), [0, 1, 3]);
        assert_eq!(truths(4), [0, 1, 2, 3, 6]);
        assert_eq!(truths(5), [0, 1, 2, 3, 4, 6, 10]);
        assert_eq!(truths(6), [0, 1, 2, 3, 4, 6, 7, 10, 15]);
    }

    #[test]
    fn pairs_that_can_be_alike_are_those_of_some_parting() {
        for methods in 2..=8 {
            let mut found = std::collections::BTreeSet::new();
            let mut partings = 0;
            each_parting(methods, &mut |blocks| {
                partings += 1;
                found.insert(pairs(methods).filter(|&(a, b)| blocks[a] == blocks[b]).count());
            });
            assert_eq!(truths(methods), found.into_iter().collect::<Vec<_>>());
            assert_eq!(
                partings,
                [2, 5, 15, 52, 203, 877, 4140][methods - 2],
                "Bell's numbers"
            );
        }
    }

    #[test]
    fn four_methods_are_adjusted_by_hand() {
        // Of six pairs none is false yet: six may be true. Then three, three, three, two, one.
        let p = [0.001, 0.01, 0.02, 0.03, 0.04, 0.5];
        check(Some(shaffer(&p, 4)), &[0.006, 0.03, 0.06, 0.09, 0.09, 0.5]);
        // Methods 1 and 4 may be alike when 2 and 3 are: two pairs, the lesser p-value of which is 0.02. Methods 2, 3 and
        // 4 may be alike: three pairs, from 0.03 on.
        check(
            Some(bergmann_hommel(&p, 4)),
            &[0.006, 0.03, 0.04, 0.09, 0.09, 0.5],
        );
    }

    proptest! {
        #[test]
        fn knowing_more_rejects_more(
            p in (3_usize..7).prop_flat_map(|k| proptest::collection::vec(0.0_f64..1.0, k * (k - 1) / 2)),
        ) {
            let methods = (3..7).find(|k| k * (k - 1) / 2 == p.len()).expect("a number of pairs");
            let of = |adjustment: Adjustment| adjustment.of(&p).expect("it needs p-values only");
            let chain = [
                of(Adjustment::BonferroniDunn),
                of(Adjustment::Holm),
                shaffer(&p, methods),
                bergmann_hommel(&p, methods),
                p.clone(),
            ];
            for pair in chain.windows(2) {
                prop_assert!(pair[0].iter().zip(&pair[1]).all(|(more, less)| *less <= more + 1e-15));
            }
            let (holm, hochberg) = (of(Adjustment::Holm), of(Adjustment::Hochberg));
            prop_assert!(hochberg.iter().zip(&holm).all(|(less, more)| less <= more));
        }
    }
}

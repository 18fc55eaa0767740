use counterpoise_base::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adjustment::{MOST_PARTED, bergmann_hommel, pairs, shaffer};
use super::{Adjustment, studentised_range, tails};
use crate::measure::suggest;
use crate::{Error, normal};

/// Several methods, ranked on each of several data sets: the basis of Friedman's test and of what follows it.
///
/// The best method of a data set has rank 1; methods with equal scores share the mean of their ranks.
///
/// Data sets have to be independent of one another. Folds of one data set are not, for they share training rows: average
/// them ([`of_folds`](Self::of_folds)), or ask [`CorrelatedT`](super::CorrelatedT) about that data set alone.
///
/// ```
/// use counterpoise_base::Matrix;
/// use counterpoise_metrics::rank::{Adjustment, Ranking};
///
/// let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
/// let scores = [
///     0.81, 0.84, 0.92, // digits
///     0.68, 0.75, 0.83, // clothes
///     0.28, 0.31, 0.42, // animals
///     0.70, 0.72, 0.76, // numbers
///     0.60, 0.64, 0.66, // faces
/// ];
/// let ranking = Ranking::of(
///     &names(&["digits", "clothes", "animals", "numbers", "faces"]),
///     &names(&["none", "smote", "deep-smote"]),
///     &Matrix::new(5, 3, scores.to_vec()),
/// )?;
/// assert_eq!(ranking.average_ranks(), [3.0, 2.0, 1.0]);
/// let friedman = ranking.friedman().expect("not every score is tied");
/// assert!(friedman.p < 0.01);
/// let against = ranking.against("deep-smote", Adjustment::Holm)?;
/// assert!(against[0].adjusted < 0.01 && against[1].adjusted > 0.1);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
///
/// # Source
///
/// Friedman, "The Use of Ranks to Avoid the Assumption of Normality", JASA 32 (1937); Demšar, "Statistical Comparisons of
/// Classifiers over Multiple Data Sets", JMLR 7 (2006); García and Herrera, JMLR 9 (2008), for all pairs. Comparisons of
/// pairs use the variance of ranks without ties, as both papers and scikit-posthocs do; with ties they are cautious.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    methods: Vec<String>,
    data_sets: usize,
    average_ranks: Vec<f64>,
    /// Sum of t³ - t over the groups of t tied methods on a data set.
    ties: f64,
}

/// A test of the hypothesis that all methods are alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllAlike {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom; those of the denominator come second.
    pub freedom: (f64, Option<f64>),
    /// How likely a statistic this great is if all methods are alike.
    pub p: f64,
}

/// Two methods compared by their average ranks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RankComparison {
    /// Name of one method; the control, where there is one.
    pub first: String,
    /// Name of the other.
    pub second: String,
    /// Average rank of the first less that of the second: below 0, the first is better.
    pub difference: f64,
    /// The difference in standard errors.
    pub z: f64,
    /// How likely a difference this great is if the two are alike, and nothing else is compared.
    pub p: f64,
    /// The same, given how much else is compared.
    pub adjusted: f64,
}

impl Ranking {
    /// Ranks methods by `scores`, of which greater is better and which has a row for each data set and a column for each
    /// method. Where less is better, give the scores with a minus.
    pub fn of(data_sets: &[String], methods: &[String], scores: &Matrix) -> Result<Self, Error> {
        for (what, has, needed) in [
            ("the list of data sets", data_sets.len(), scores.rows()),
            ("the list of methods", methods.len(), scores.columns()),
        ] {
            if has != needed {
                return Err(Error::Length { what, has, needed });
            }
        }
        for (what, has) in [("method", methods.len()), ("data set", data_sets.len())] {
            if has < 2 {
                return Err(Error::TooFew { what, has, needed: 2 });
            }
        }
        let mut sums = vec![0.0; methods.len()];
        let mut ties = 0.0;
        for (row, data_set) in data_sets.iter().enumerate() {
            let scores = scores.row(row);
            if let Some(method) = scores.iter().position(|score| score.is_nan()) {
                return Err(Error::NoScore {
                    data_set: data_set.clone(),
                    method: methods[method].clone(),
                });
            }
            let mirrored: Vec<f64> = scores.iter().map(|score| -score).collect();
            let (ranks, tied) = mean_ranks(&mirrored);
            sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank);
            ties += tied;
        }
        Ok(Self {
            methods: methods.to_vec(),
            data_sets: data_sets.len(),
            average_ranks: sums.iter().map(|sum| sum / data_sets.len() as f64).collect(),
            ties,
        })
    }

    /// Ranks methods by the average of their scores over folds, or over repeats; `folds` holds the scores of each as
    /// [`of`](Self::of) takes them.
    pub fn of_folds(data_sets: &[String], methods: &[String], folds: &[Matrix]) -> Result<Self, Error> {
        let Some(first) = folds.first() else {
            return Err(Error::TooFew {
                what: "fold",
                has: 0,
                needed: 1,
            });
        };
        let mut mean = Matrix::zeros(first.rows(), first.columns());
        for fold in folds {
            for (what, has, needed) in [
                ("a list of data sets", fold.rows(), first.rows()),
                ("a list of methods", fold.columns(), first.columns()),
            ] {
                if has != needed {
                    return Err(Error::Length { what, has, needed });
                }
            }
            let scores = mean.as_mut_slice().iter_mut().zip(fold.as_slice());
            scores.for_each(|(mean, score)| *mean += score / folds.len() as f64);
        }
        Self::of(data_sets, methods, &mean)
    }

    /// Names of the methods.
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// Number of data sets.
    pub fn data_sets(&self) -> usize {
        self.data_sets
    }

    /// Average rank of each method, 1 for one that is always best.
    pub fn average_ranks(&self) -> &[f64] {
        &self.average_ranks
    }

    /// Number of methods and of data sets.
    fn sizes(&self) -> (f64, f64) {
        (self.methods.len() as f64, self.data_sets as f64)
    }

    /// Friedman's test, whose statistic is compared with chi-square. With few data sets and methods it rejects too seldom.
    ///
    /// `None` if all methods are tied on every data set.
    pub fn friedman(&self) -> Option<AllAlike> {
        let (k, n) = self.sizes();
        let spread: f64 = self
            .average_ranks
            .iter()
            .map(|rank| (rank - 0.5 * (k + 1.0)).powi(2))
            .sum();
        let untied = 1.0 - self.ties / (n * (k.powi(3) - k));
        let statistic = 12.0 * n * spread / (k * (k + 1.0)) / untied;
        (self.ties < n * (k.powi(3) - k)).then(|| AllAlike {
            statistic,
            freedom: (k - 1.0, None),
            p: tails::chi_square(statistic, k - 1.0),
        })
    }

    /// Friedman's test in the form of Iman and Davenport, whose statistic is compared with F: the better approximation.
    ///
    /// `None` if all methods are tied on every data set, and if every data set ranks them alike, where the statistic has no
    /// finite value.
    ///
    /// # Source
    ///
    /// Iman and Davenport, "Approximations of the Critical Region of the Friedman Statistic", Communications in Statistics
    /// A9 (1980). With Friedman's statistic corrected for ties, it is the F of an analysis of variance of the ranks.
    pub fn iman_davenport(&self) -> Option<AllAlike> {
        let (k, n) = self.sizes();
        let friedman = self.friedman()?.statistic;
        let left = n * (k - 1.0) - friedman;
        // Rounding leaves a little of nothing.
        (left > 1e-12 * n * k).then(|| {
            let statistic = (n - 1.0) * friedman / left;
            let (above, below) = (k - 1.0, (k - 1.0) * (n - 1.0));
            AllAlike {
                statistic,
                freedom: (above, Some(below)),
                p: tails::f(statistic, above, below),
            }
        })
    }

    /// Standard error of a difference of two average ranks.
    fn standard_error(&self) -> f64 {
        let (k, n) = self.sizes();
        (k * (k + 1.0) / (6.0 * n)).sqrt()
    }

    fn compare(&self, first: usize, second: usize) -> RankComparison {
        let difference = self.average_ranks[first] - self.average_ranks[second];
        let z = difference / self.standard_error();
        let p = tails::normal_both(z);
        RankComparison {
            first: self.methods[first].clone(),
            second: self.methods[second].clone(),
            difference,
            z,
            p,
            adjusted: p,
        }
    }

    /// Every method with every later one.
    pub fn all_pairs(&self, adjustment: Adjustment) -> Result<Vec<RankComparison>, Error> {
        let methods = self.methods.len();
        let mut found: Vec<RankComparison> = pairs(methods)
            .map(|(first, second)| self.compare(first, second))
            .collect();
        let p: Vec<f64> = found.iter().map(|comparison| comparison.p).collect();
        let adjusted = match adjustment {
            Adjustment::Shaffer => shaffer(&p, methods),
            Adjustment::BergmannHommel if methods > MOST_PARTED => {
                return Err(Error::OutOfRange {
                    option: "methods",
                    value: methods.to_string(),
                    range: "2 to 10 for `bergmann-hommel`; take `shaffer` for more",
                });
            }
            Adjustment::BergmannHommel => bergmann_hommel(&p, methods),
            Adjustment::Nemenyi => found
                .iter()
                .map(|comparison| studentised_range::above(comparison.z.abs() * 2.0_f64.sqrt(), methods))
                .collect(),
            other => other.of(&p).unwrap_or(p),
        };
        found
            .iter_mut()
            .zip(adjusted)
            .for_each(|(comparison, adjusted)| comparison.adjusted = adjusted);
        Ok(found)
    }

    /// The method called `control` with every other.
    pub fn against(&self, control: &str, adjustment: Adjustment) -> Result<Vec<RankComparison>, Error> {
        let first = self
            .methods
            .iter()
            .position(|method| method == control)
            .ok_or_else(|| Error::UnknownMethod {
                method: control.to_owned(),
                suggestion: suggest(control, self.methods.iter().map(String::as_str)),
            })?;
        let mut found: Vec<RankComparison> = (0..self.methods.len())
            .filter(|&second| second != first)
            .map(|second| self.compare(first, second))
            .collect();
        let p: Vec<f64> = found.iter().map(|comparison| comparison.p).collect();
        let adjusted = adjustment.of(&p).ok_or(Error::AllPairsOnly { adjustment })?;
        found
            .iter_mut()
            .zip(adjusted)
            .for_each(|(comparison, adjusted)| comparison.adjusted = adjusted);
        Ok(found)
    }

    /// Runs of methods that are not told apart: the bars of a diagram of critical differences. Each lists places in
    /// [`methods`](Self::methods), from the best on, of which [`all_pairs`](Self::all_pairs) rejects no pair at this level,
    /// as 0.05. Runs may overlap; none is part of another, and none has one method only.
    pub fn alike(&self, adjustment: Adjustment, level: f64) -> Result<Vec<Vec<usize>>, Error> {
        check_level(level)?;
        let methods = self.methods.len();
        let mut apart = vec![vec![false; methods]; methods];
        for ((first, second), pair) in pairs(methods).zip(self.all_pairs(adjustment)?) {
            apart[first][second] = pair.adjusted <= level;
            apart[second][first] = pair.adjusted <= level;
        }
        let mut order: Vec<usize> = (0..methods).collect();
        order.sort_by(|&a, &b| {
            self.average_ranks[a]
                .total_cmp(&self.average_ranks[b])
                .then(a.cmp(&b))
        });
        let mut runs = Vec::new();
        let mut reached = 0;
        for start in 0..methods {
            let mut end = start + 1;
            while end < methods && order[start..end].iter().all(|&before| !apart[before][order[end]]) {
                end += 1;
            }
            if end > reached.max(start + 1) {
                runs.push(order[start..end].to_vec());
            }
            reached = reached.max(end);
        }
        Ok(runs)
    }

    /// How far apart the average ranks of any two methods have to be, for [`Adjustment::Nemenyi`] to tell them apart at
    /// this level, as 0.05.
    pub fn critical_difference(&self, level: f64) -> Result<f64, Error> {
        check_level(level)?;
        let range = studentised_range::exceeded_with(level, self.methods.len());
        Ok(range / 2.0_f64.sqrt() * self.standard_error())
    }

    /// How far from the average rank of a control that of another method has to be, for [`Adjustment::BonferroniDunn`] to
    /// tell them apart at this level, as 0.05.
    pub fn critical_difference_to_control(&self, level: f64) -> Result<f64, Error> {
        check_level(level)?;
        let others = self.methods.len() as f64 - 1.0;
        Ok(-normal::quantile(0.5 * level / others) * self.standard_error())
    }
}

fn check_level(level: f64) -> Result<(), Error> {
    if level > 0.0 && level < 1.0 {
        return Ok(());
    }
    Err(Error::OutOfRange {
        option: "level",
        value: level.to_string(),
        range: "above 0 and below 1",
    })
}

/// Ranks from the least on, where equal numbers share the mean of theirs; and the sum of t³ - t over groups of t equals.
pub(super) fn mean_ranks(numbers: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut ties = 0.0;
    let mut before = 0;
    // Not the order's own notion of equal, for which 0 and -0 are two.
    for group in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let size = group.len() as f64;
        for &place in group {
            ranks[place] = before as f64 + 0.5 * (size + 1.0);
        }
        ties += size.powi(3) - size;
        before += group.len();
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(stem: &str, count: usize) -> Vec<String> {
        (1..=count).map(|place| format!("{stem}{place}")).collect()
    }

    fn ranking(data_sets: usize, methods: usize, scores: &[f64]) -> Result<Ranking, Error> {
        Ranking::of(
            &names("d", data_sets),
            &names("m", methods),
            &Matrix::new(data_sets, methods, scores.to_vec()),
        )
    }

    #[test]
    fn equal_scores_share_their_ranks() {
        let ranks = ranking(2, 3, &[0.5, 0.5, 0.9, 0.1, 0.2, 0.3]).expect("it is ranked");
        assert_eq!(ranks.average_ranks(), [2.75, 2.25, 1.0]);
        assert_eq!(mean_ranks(&[0.0, -0.0, 1.0]), (vec![1.5, 1.5, 3.0], 6.0));
    }

    #[test]
    fn folds_count_as_one_data_set() {
        let fold = |scores: [f64; 4]| Matrix::new(2, 2, scores.to_vec());
        let folds = [fold([0.5, 0.25, 0.5, 0.75]), fold([0.25, 0.75, 0.5, 0.25])];
        let of = |folds: &[Matrix]| Ranking::of_folds(&names("d", 2), &names("m", 2), folds);
        let ranking = of(&folds).expect("it is ranked");
        assert_eq!(
            (ranking.data_sets(), ranking.average_ranks()),
            (2, [1.75, 1.25].as_slice())
        );
        let gap = fold([0.25, 0.75, f64::NAN, 0.25]);
        refused(
            of(&[folds[0].clone(), gap]),
            "data set `d2`: the score of `m1` is not a number",
            "measure it again, or leave the data set or the method out of all comparisons",
        );
        assert!(of(&[]).is_err() && of(&[folds[0].clone(), Matrix::zeros(2, 3)]).is_err());
    }

    #[test]
    fn the_example_of_demsar_is_met() {
        // Demšar, JMLR 7 (2006), table 6 and section 3.2.2: C4.5 in four versions on 14 data sets.
        let table = [
            [0.763, 0.768, 0.771, 0.798],
            [0.599, 0.591, 0.590, 0.569],
            [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657],
            [0.882, 0.888, 0.886, 0.898],
            [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685],
            [0.583, 0.583, 0.563, 0.625],
            [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000],
            [0.940, 0.962, 0.965, 0.962],
            [0.619, 0.666, 0.614, 0.669],
            // The paper ranks the third before the fourth here, by digits that it does not print.
            [0.972, 0.981, 0.9751, 0.975],
            [0.957, 0.978, 0.946, 0.970],
        ];
        let ranking = ranking(14, 4, &table.concat()).expect("it is ranked");
        let near = |ours: f64, expected: f64, within: f64| {
            assert!((ours - expected).abs() <= within, "{ours}, not {expected}");
        };
        for (ours, expected) in ranking.average_ranks().iter().zip([3.143, 2.000, 2.893, 1.964]) {
            near(*ours, expected, 6e-4);
        }
        near(ranking.critical_difference(0.05).expect("a level"), 1.25, 6e-3);
        near(ranking.critical_difference(0.10).expect("a level"), 1.12, 6e-3);
        near(
            ranking.critical_difference_to_control(0.05).expect("a level"),
            1.16,
            1e-2,
        );
    }

    #[test]
    fn average_ranks_of_garcia_and_herrera_give_their_p_values() {
        // JMLR 9 (2008), table 3 on: five classifiers on 30 data sets.
        let ranking = Ranking {
            methods: ["C4.5", "1NN", "NaiveBayes", "Kernel", "CN2"]
                .map(str::to_owned)
                .to_vec(),
            data_sets: 30,
            average_ranks: vec![2.100, 3.250, 2.200, 13.0 / 3.0, 3.0 + 7.0 / 60.0],
            ties: 0.0,
        };
        let found = ranking.all_pairs(Adjustment::Shaffer).expect("five methods");
        let adjusted = |first: &str, second: &str| {
            let pair = found
                .iter()
                .find(|pair| pair.first == first && pair.second == second);
            pair.expect("a pair").adjusted
        };
        assert!((adjusted("C4.5", "Kernel") / 4.487e-7 - 1.0).abs() < 1e-3);
        assert!((adjusted("NaiveBayes", "Kernel") / 1.0416e-6 - 1.0).abs() < 1e-3);
        assert_eq!(adjusted("C4.5", "NaiveBayes"), 1.0);
    }

    #[test]
    fn runs_of_methods_that_are_not_told_apart_may_overlap() {
        let with = |average_ranks: [f64; 5]| Ranking {
            methods: names("m", 5),
            data_sets: 30,
            average_ranks: average_ranks.to_vec(),
            ties: 0.0,
        };
        // The critical difference is 1.11.
        let check = |ranks, expected: &[&[usize]]| {
            let ranking: Ranking = with(ranks);
            assert!((ranking.critical_difference(0.05).expect("a level") - 1.11).abs() < 0.01);
            assert_eq!(
                ranking.alike(Adjustment::Nemenyi, 0.05).expect("a level"),
                expected
            );
        };
        check([4.0, 1.5, 2.5, 3.2, 3.8], &[&[1, 2], &[2, 3], &[3, 4, 0]]);
        check([3.0; 5], &[&[0, 1, 2, 3, 4]]);
        check([1.0, 2.2, 3.4, 4.2, 4.2], &[&[2, 3, 4]]);
    }

    #[test]
    fn what_is_not_defined_is_absent() {
        let tied = ranking(3, 2, &[0.5; 6]).expect("it is ranked");
        assert_eq!((tied.friedman(), tied.iman_davenport()), (None, None));
        let agreed = ranking(3, 3, &[0.1, 0.2, 0.3].repeat(3)).expect("it is ranked");
        assert_eq!(agreed.friedman().map(|test| test.statistic), Some(6.0));
        assert_eq!(agreed.iman_davenport(), None);
    }

    fn refused(result: Result<impl std::fmt::Debug, Error>, message: &str, hint: &str) {
        let error = result.expect_err("it is refused");
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint().unwrap_or_default(), hint);
    }

    #[test]
    fn errors_name_data_set_and_method() {
        refused(
            ranking(2, 3, &[0.1, 0.2, 0.3, 0.1, f64::NAN, 0.3]),
            "data set `d2`: the score of `m2` is not a number",
            "measure it again, or leave the data set or the method out of all comparisons",
        );
        refused(
            ranking(4, 1, &[0.1; 4]),
            "there is 1 method, and at least 2 are needed",
            "give more of them; a comparison of ranks needs two methods and two data sets at least",
        );
        let few = ranking(2, 3, &[0.1, 0.2, 0.3, 0.1, 0.2, 0.3]).expect("it is ranked");
        refused(
            few.against("m1", Adjustment::Shaffer),
            "`shaffer` is for all pairs of methods, not for a control",
            "take `holm`, `hochberg` or `finner`, or compare all pairs",
        );
        refused(
            few.against("m11", Adjustment::Holm),
            "there is no method `m11`",
            "did you mean `m1`?",
        );
        assert!(
            few.critical_difference(5.0).is_err() && few.critical_difference_to_control(f64::NAN).is_err()
        );
        let many = ranking(2, 11, &[0.1; 22]).expect("it is ranked");
        assert!(many.all_pairs(Adjustment::BergmannHommel).is_err());
        assert!(many.all_pairs(Adjustment::Shaffer).is_ok());
    }

    /// Scores of few values, so that some are tied.
    fn scores() -> impl Strategy<Value = (usize, usize, Vec<f64>)> {
        (2_usize..8, 2_usize..7).prop_flat_map(|(n, k)| {
            let scores = proptest::collection::vec((0_u8..9).prop_map(|score| f64::from(score) / 8.0), n * k);
            (Just(n), Just(k), scores)
        })
    }

    proptest! {
        #[test]
        fn any_rising_scale_gives_the_same_ranking((n, k, scores) in scores()) {
            let bent: Vec<f64> = scores.iter().map(|score| 100.0 * score.powi(3) - 7.0).collect();
            prop_assert_eq!(ranking(n, k, &scores), ranking(n, k, &bent));
        }

        #[test]
        fn p_values_are_probabilities_that_adjusting_raises((n, k, scores) in scores()) {
            let ranking = ranking(n, k, &scores).expect("it is ranked");
            prop_assert!((ranking.average_ranks().iter().sum::<f64>() - 0.5 * (k * (k + 1)) as f64).abs() < 1e-9);
            for test in [ranking.friedman(), ranking.iman_davenport()].into_iter().flatten() {
                prop_assert!(test.statistic >= 0.0 && (0.0..=1.0).contains(&test.p));
            }
            for adjustment in Adjustment::ALL {
                for pair in ranking.all_pairs(adjustment).expect("few methods") {
                    prop_assert!(pair.adjusted >= pair.p * (1.0 - 1e-12) && pair.adjusted <= 1.0, "{:?}", pair);
                }
            }
        }

        #[test]
        fn nemenyi_rejects_beyond_the_critical_difference((n, k, scores) in scores(), level in 0.01_f64..0.5) {
            let ranking = ranking(n, k, &scores).expect("it is ranked");
            let critical = ranking.critical_difference(level).expect("a level");
            for pair in ranking.all_pairs(Adjustment::Nemenyi).expect("few methods") {
                prop_assert_eq!(pair.difference.abs() > critical, pair.adjusted < level);
            }
        }
    }
}

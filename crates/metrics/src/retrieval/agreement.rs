use std::collections::BTreeMap;

use counterpoise_base::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Judgements;
use crate::{Bootstrap, Error, Estimate};

/// How far two graders agree on documents that both judged.
///
/// Intervals draw queries anew, not documents, since the documents of a query are harder or easier together; with fewer
/// than two queries there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Agreement {
    /// Documents of queries that both judged.
    pub both: usize,
    /// Those that only the first judged.
    pub only_first: usize,
    /// Those that only the second judged.
    pub only_second: usize,
    /// Queries with a document that both judged.
    pub queries: usize,
    /// Grade of the first, grade of the second, and how many documents have them.
    pub table: Vec<(i32, i32, usize)>,
    /// Share of documents with the same grade from both.
    pub same: Estimate,
    /// See [`cohens_kappa`].
    pub cohens_kappa: Estimate,
    /// See [`quadratic_kappa`].
    pub quadratic_kappa: Estimate,
    /// See [`krippendorff_alpha`].
    pub krippendorff_alpha: Estimate,
}

/// Two grades and how often they stand together.
type Cells = [((i32, i32), f64)];

impl Agreement {
    /// Compares the grades of two people.
    ///
    /// # Errors
    ///
    /// If no document was judged by both, or the options of `bootstrap` are out of range.
    pub fn between(
        first: &Judgements,
        second: &Judgements,
        bootstrap: &Bootstrap,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let mut table: BTreeMap<(i32, i32), usize> = BTreeMap::new();
        let mut queries: Vec<BTreeMap<(i32, i32), usize>> = Vec::new();
        for (query, grades) in first.iter() {
            let mut own = BTreeMap::new();
            for (document, &grade) in grades {
                if let Some(&other) = second.of(query).and_then(|grades| grades.get(document)) {
                    *own.entry((grade, other)).or_default() += 1;
                    *table.entry((grade, other)).or_default() += 1;
                }
            }
            if !own.is_empty() {
                queries.push(own);
            }
        }
        let both: usize = table.values().sum();
        let cells: Vec<(i32, i32)> = table.keys().copied().collect();
        // Cell number and how often, query by query.
        let places: BTreeMap<(i32, i32), usize> = cells.iter().copied().zip(0..).collect();
        let queries: Vec<Vec<(usize, usize)>> = queries
            .into_iter()
            .map(|own| {
                own.into_iter()
                    .map(|(cell, count)| (places[&cell], count))
                    .collect()
            })
            .collect();
        let numbers = |counts: &[u16]| {
            let mut drawn: Vec<((i32, i32), f64)> = cells.iter().map(|&cell| (cell, 0.0)).collect();
            for (query, &times) in queries.iter().zip(counts) {
                for &(cell, count) in query {
                    drawn[cell].1 += f64::from(times) * count as f64;
                }
            }
            drawn.retain(|&(_, count)| count > 0.0);
            let numbers = [
                same(&drawn),
                kappa(&drawn),
                quadratic(&drawn),
                alpha_of_cells(&drawn),
            ];
            numbers
                .into_iter()
                .map(|number| number.unwrap_or(f64::NAN))
                .collect()
        };
        let mut estimates = bootstrap.run(queries.len(), 4, numbers, observer)?;
        if queries.len() < 2 {
            for estimate in &mut estimates {
                estimate.interval = None;
            }
        }
        let [same, cohens_kappa, quadratic_kappa, krippendorff_alpha] =
            <[Estimate; 4]>::try_from(estimates).map_err(|_| Error::NoRows)?;
        Ok(Self {
            both,
            only_first: first.len() - both,
            only_second: second.len() - both,
            queries: queries.len(),
            table: table
                .into_iter()
                .map(|((first, second), count)| (first, second, count))
                .collect(),
            same,
            cohens_kappa,
            quadratic_kappa,
            krippendorff_alpha,
        })
    }
}

/// Agreement of two graders beyond chance: 1 is full agreement, 0 what their shares of each grade would bring by
/// themselves, below 0 is less. Absent without grades, or where both gave one and the same grade throughout.
///
/// # Source
///
/// Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20 (1960).
pub fn cohens_kappa(pairs: &[(i32, i32)]) -> Option<f64> {
    kappa(&cells(pairs))
}

/// As [`cohens_kappa`], where two grades disagree by the square of their difference.
///
/// scikit-learn's `cohen_kappa_score(weights="quadratic")` takes places in the list of grades instead of grades; the two
/// are the same for grades that follow one another.
///
/// # Source
///
/// Cohen, "Weighted Kappa", Psychological Bulletin 70 (1968).
#[doc(alias = "weighted kappa")]
pub fn quadratic_kappa(pairs: &[(i32, i32)]) -> Option<f64> {
    quadratic(&cells(pairs))
}

/// Agreement of any number of graders on ordered grades: 1 is full agreement, 0 what chance would bring, below 0 is less.
///
/// Each unit has the grades it was given; one with fewer than two says nothing. How far two grades are apart is how many
/// grades were given from one to the other, squared, the two ends counting half. Absent where no unit has two grades,
/// or all grades are one.
///
/// # Source
///
/// Krippendorff, "Content Analysis", third edition (2012), section 12.3, ordinal differences. `krippendorff` 0.9 with
/// `level_of_measurement="ordinal"` has the same numbers.
pub fn krippendorff_alpha<U: AsRef<[i32]>>(units: &[U]) -> Option<f64> {
    alpha(units.iter().map(|unit| (1.0, unit.as_ref())))
}

fn cells(pairs: &[(i32, i32)]) -> Vec<((i32, i32), f64)> {
    let mut cells: BTreeMap<(i32, i32), f64> = BTreeMap::new();
    for &pair in pairs {
        *cells.entry(pair).or_default() += 1.0;
    }
    cells.into_iter().collect()
}

fn same(cells: &Cells) -> Option<f64> {
    let all: f64 = cells.iter().map(|(_, count)| count).sum();
    let same: f64 = cells
        .iter()
        .filter(|((a, b), _)| a == b)
        .map(|(_, count)| count)
        .sum();
    (all > 0.0).then(|| same / all)
}

fn kappa(cells: &Cells) -> Option<f64> {
    beyond_chance(cells, |a, b| f64::from(u8::from(a != b)))
}

fn quadratic(cells: &Cells) -> Option<f64> {
    beyond_chance(cells, |a, b| (f64::from(a) - f64::from(b)).powi(2))
}

/// 1 less the disagreement that is seen over that of two graders who do not look.
fn beyond_chance(cells: &Cells, apart: impl Fn(i32, i32) -> f64) -> Option<f64> {
    let (mut first, mut second) = (BTreeMap::new(), BTreeMap::new());
    let (mut all, mut seen) = (0.0, 0.0);
    for &((a, b), count) in cells {
        *first.entry(a).or_insert(0.0) += count;
        *second.entry(b).or_insert(0.0) += count;
        all += count;
        seen += count * apart(a, b);
    }
    let mut chance = 0.0;
    for (&a, &of_first) in &first {
        for (&b, &of_second) in &second {
            chance += of_first * of_second * apart(a, b);
        }
    }
    (chance > 0.0).then(|| 1.0 - seen * all / chance)
}

fn alpha_of_cells(cells: &Cells) -> Option<f64> {
    let units: Vec<(f64, [i32; 2])> = cells.iter().map(|&((a, b), count)| (count, [a, b])).collect();
    alpha(units.iter().map(|(count, grades)| (*count, grades.as_slice())))
}

/// Alpha of units, each with how often it is there.
fn alpha<'a>(units: impl Iterator<Item = (f64, &'a [i32])> + Clone) -> Option<f64> {
    let units = units.filter(|(_, grades)| grades.len() > 1);
    let mut given: BTreeMap<i32, f64> = BTreeMap::new();
    for (times, grades) in units.clone() {
        for &grade in grades {
            *given.entry(grade).or_default() += times;
        }
    }
    let all: f64 = given.values().sum();
    // Up to and with half of the grade itself: the difference of two of these is how far grades are apart.
    let mut below = 0.0;
    let middles: BTreeMap<i32, f64> = given
        .iter()
        .map(|(&grade, &count)| {
            below += count;
            (grade, below - 0.5 * count)
        })
        .collect();
    let apart = |a: i32, b: i32| (middles[&a] - middles[&b]).powi(2);
    let mut seen = 0.0;
    for (times, grades) in units {
        let mut own = 0.0;
        for (place, &a) in grades.iter().enumerate() {
            own += grades[place + 1..]
                .iter()
                .map(|&b| 2.0 * apart(a, b))
                .sum::<f64>();
        }
        seen += times * own / (grades.len() as f64 - 1.0);
    }
    let mut chance = 0.0;
    for (&a, &of_a) in &given {
        for (&b, &of_b) in &given {
            chance += of_a * of_b * apart(a, b);
        }
    }
    (chance > 0.0).then(|| 1.0 - (all - 1.0) * seen / chance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kappas_are_those_of_a_table_by_hand() {
        // 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 seen, 0.5 by chance.
        let mut pairs = vec![(1, 1); 20];
        pairs.extend([(1, 0); 5]);
        pairs.extend([(0, 1); 10]);
        pairs.extend([(0, 0); 15]);
        assert!((cohens_kappa(&pairs).unwrap() - 0.4).abs() < 1e-12);
        assert!((quadratic_kappa(&pairs).unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn one_grade_throughout_says_nothing() {
        assert_eq!(cohens_kappa(&[(1, 1), (1, 1)]), None);
        assert_eq!(quadratic_kappa(&[]), None);
        assert_eq!(krippendorff_alpha(&[[2, 2], [2, 2]]), None);
        assert_eq!(krippendorff_alpha(&[vec![1], vec![2], vec![]]), None);
    }

    fn graded(list: &[(&str, &str, i32)]) -> Judgements {
        let mut judgements = Judgements::new();
        for &(query, document, grade) in list {
            judgements.insert(query, document, grade);
        }
        judgements
    }

    #[test]
    fn graders_are_compared_where_both_judged() {
        let first = graded(&[("p", "a", 1), ("p", "b", 0), ("q", "a", 2), ("q", "c", 2)]);
        let second = graded(&[
            ("p", "a", 1),
            ("p", "b", 1),
            ("q", "a", 2),
            ("r", "a", 0),
            ("q", "d", 0),
        ]);
        let bootstrap = Bootstrap::new(1).with_draws(50);
        let agreement = Agreement::between(&first, &second, &bootstrap, &()).unwrap();
        assert_eq!(
            (agreement.both, agreement.only_first, agreement.only_second),
            (3, 1, 2)
        );
        assert_eq!(agreement.queries, 2);
        assert_eq!(agreement.table, [(0, 1, 1), (1, 1, 1), (2, 2, 1)]);
        assert_eq!(agreement.same.value, Some(2.0 / 3.0));
        assert_eq!(
            agreement.cohens_kappa.value,
            cohens_kappa(&[(1, 1), (0, 1), (2, 2)])
        );
        assert_eq!(
            agreement.krippendorff_alpha.value,
            krippendorff_alpha(&[[1, 1], [0, 1], [2, 2]])
        );
        assert!(agreement.same.interval.is_some());
        let none = Agreement::between(&first, &Judgements::new(), &bootstrap, &());
        assert_eq!(none, Err(Error::NoRows));
    }

    #[test]
    fn one_query_has_no_interval() {
        let grades = graded(&[("p", "a", 1), ("p", "b", 0)]);
        let agreement = Agreement::between(&grades, &grades, &Bootstrap::new(1), &()).unwrap();
        assert_eq!((agreement.same.value, agreement.same.interval), (Some(1.0), None));
    }

    proptest! {
        #[test]
        fn full_agreement_is_one_and_graders_may_change_places(
            pairs in proptest::collection::vec((0_i32..4, 0_i32..4), 1..40),
        ) {
            let alike: Vec<(i32, i32)> = pairs.iter().map(|&(a, _)| (a, a)).collect();
            let turned: Vec<(i32, i32)> = pairs.iter().map(|&(a, b)| (b, a)).collect();
            let units = |pairs: &[(i32, i32)]| pairs.iter().map(|&(a, b)| [a, b]).collect::<Vec<_>>();
            let all = |pairs: &[(i32, i32)]| [cohens_kappa(pairs), quadratic_kappa(pairs), krippendorff_alpha(&units(pairs))];
            for value in all(&alike).into_iter().flatten() {
                prop_assert!((value - 1.0).abs() < 1e-12);
            }
            for (one, other) in all(&pairs).into_iter().zip(all(&turned)) {
                prop_assert_eq!(one.is_some(), other.is_some());
                prop_assert!(one.zip(other).is_none_or(|(one, other)| (one - other).abs() < 1e-9 && one <= 1.0));
            }
        }
    }
}

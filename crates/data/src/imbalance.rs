use std::collections::BTreeMap;

use counterpoise_base::{Labels, Seed};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::split::shuffled_classes;

/// How to make balanced data imbalanced, for experiments.
///
/// # Source
///
/// Exponential and step profiles as in Cui et al., "Class-Balanced Loss" (CVPR 2019), section 5.1, and Buda, Maki
/// and Mazurowski, "A systematic study of the class imbalance problem" (2018), section 3.3. Classes are ranked in
/// the order of the labels, largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Imbalance {
    /// The class of rank `i` of `c` keeps `n · ratio^(-i/(c-1))` rows, where `n` is the size of the smallest class.
    Exponential {
        /// Rows of the first class for each row of the last.
        ratio: f64,
    },
    /// The last `share` of the classes keep `n / ratio` rows, the others `n`.
    Step {
        /// Rows of a large class for each row of a small one.
        ratio: f64,
        /// Which share of the classes is small.
        share: f64,
    },
    /// So many rows of each class that is named; the others stay.
    Counts(BTreeMap<String, usize>),
}

/// Chooses the rows that stay, growing. Asking for more rows of a class keeps those chosen before.
pub fn make_imbalance(labels: &Labels, imbalance: &Imbalance, seed: &Seed) -> Result<Vec<usize>, Error> {
    let counts = labels.counts();
    let smallest = counts.iter().copied().min().unwrap_or(0) as f64;
    let classes = counts.len();
    let at_least_one = |rows: f64| (rows.floor() as usize).max(1);
    let check_ratio = |ratio: f64| {
        if ratio >= 1.0 && ratio.is_finite() {
            Ok(())
        } else {
            Err(Error::OutOfRange {
                option: "ratio",
                value: ratio.to_string(),
                range: "1 or more",
            })
        }
    };
    let wanted: Vec<usize> = match imbalance {
        Imbalance::Exponential { ratio } => {
            check_ratio(*ratio)?;
            let rank = |class: usize| class as f64 / (classes.max(2) - 1) as f64;
            (0..classes)
                .map(|class| at_least_one(smallest * ratio.powf(-rank(class))))
                .collect()
        }
        Imbalance::Step { ratio, share } => {
            check_ratio(*ratio)?;
            if !(0.0..=1.0).contains(share) {
                return Err(Error::OutOfRange {
                    option: "share",
                    value: share.to_string(),
                    range: "0 to 1",
                });
            }
            let small = (share * classes as f64).round() as usize;
            let rows = |class: usize| {
                if class + small >= classes {
                    at_least_one(smallest / ratio)
                } else {
                    smallest as usize
                }
            };
            (0..classes).map(rows).collect()
        }
        Imbalance::Counts(named) => {
            for (class, &asked) in named {
                let rows = labels
                    .classes()
                    .iter()
                    .position(|name| name == class)
                    .map_or(0, |code| counts[code]);
                if asked > rows {
                    return Err(Error::Counts {
                        class: class.clone(),
                        rows,
                        asked,
                    });
                }
            }
            let rows = |(class, &count): (&String, &usize)| named.get(class).copied().unwrap_or(count);
            labels.classes().iter().zip(&counts).map(rows).collect()
        }
    };
    let mut kept = Vec::new();
    for (class, wanted) in shuffled_classes(labels, &seed.child("make-imbalance"))
        .into_iter()
        .zip(wanted)
    {
        kept.extend(&class.rows[..wanted.min(class.rows.len())]);
    }
    kept.sort_unstable();
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(imbalance: &Imbalance, expected: &[usize]) {
        let names: Vec<String> = (0..300).map(|row| format!("c{}", row % 3)).collect();
        let labels = Labels::from_names(&names);
        let kept = make_imbalance(&labels, imbalance, &Seed::new(1)).expect("it can be done");
        let mut counts = vec![0; 3];
        kept.iter()
            .for_each(|&row| counts[labels.codes()[row] as usize] += 1);
        assert_eq!(counts, expected);
    }

    #[test]
    fn profiles_have_the_shape_of_the_papers() {
        check(&Imbalance::Exponential { ratio: 100.0 }, &[100, 10, 1]);
        check(
            &Imbalance::Step {
                ratio: 10.0,
                share: 0.5,
            },
            &[100, 10, 10],
        );
        check(&Imbalance::Counts([("c1".to_owned(), 7)].into()), &[100, 7, 100]);
    }

    #[test]
    fn more_rows_than_there_are_is_an_error() {
        let labels = Labels::from_names(&["a", "b"]);
        let error = make_imbalance(
            &labels,
            &Imbalance::Counts([("b".to_owned(), 2)].into()),
            &Seed::new(1),
        );
        assert_eq!(
            error.expect_err("b has one row").to_string(),
            "class `b` has 1 row(s), and 2 were asked for"
        );
    }
}

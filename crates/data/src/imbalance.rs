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
    /// The class of rank `i` of `c` keeps `n · ratio^(-i/(c-1))` rows, rounded down, where `n` is as large as the
    /// classes allow if not given.
    Exponential {
        /// Rows of the first class for each row of the last.
        ratio: f64,
        /// Rows of the first class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        largest: Option<usize>,
    },
    /// The last `share` of the classes keep `n / ratio` rows, the others `n`, which is as large as the classes allow if
    /// not given.
    Step {
        /// Rows of a large class for each row of a small one.
        ratio: f64,
        /// Which share of the classes is small.
        share: f64,
        /// Rows of a large class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        largest: Option<usize>,
    },
    /// So many rows of each class that is named; the others stay.
    Counts(BTreeMap<String, usize>),
    /// So many rows of each class, in the order of the classes.
    Ranked(Vec<usize>),
    /// The counts that a paper prints, in the order of the classes.
    Paper(CountTable),
}

/// Counts of classes that a paper prints.
///
/// # Source
///
/// Dablain, Krawczyk and Chawla, "DeepSMOTE: Fusing Deep Learning and SMOTE for Imbalanced Data" (2021), section V.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CountTable {
    /// Training, MNIST and Fashion-MNIST: 4000 to 40.
    DeepsmoteMnist,
    /// Training, CIFAR-10 and SVHN: 4500 to 80.
    DeepsmoteCifar,
    /// Training, `CelebA`, hair black, brown, blond, gray, bald: 9000 to 160.
    DeepsmoteCeleba,
    /// Balanced test, MNIST and Fashion-MNIST: 1200 each.
    DeepsmoteMnistBalancedTest,
    /// Balanced test, CIFAR-10 and SVHN: 1000 each.
    DeepsmoteCifarBalancedTest,
    /// Balanced test, `CelebA`: 900 each.
    DeepsmoteCelebaBalancedTest,
    /// Imbalanced test, MNIST and Fashion-MNIST: 1000 to 10.
    DeepsmoteMnistImbalancedTest,
    /// Imbalanced test, CIFAR-10 and SVHN: 1000 to 10.
    DeepsmoteCifarImbalancedTest,
    /// Imbalanced test, `CelebA`: 1000 to 17.
    DeepsmoteCelebaImbalancedTest,
}

impl CountTable {
    /// All names.
    pub fn names() -> &'static [&'static str] {
        &[
            "deepsmote-mnist",
            "deepsmote-cifar",
            "deepsmote-celeba",
            "deepsmote-mnist-balanced-test",
            "deepsmote-cifar-balanced-test",
            "deepsmote-celeba-balanced-test",
            "deepsmote-mnist-imbalanced-test",
            "deepsmote-cifar-imbalanced-test",
            "deepsmote-celeba-imbalanced-test",
        ]
    }

    /// Rows of each class, in the order of the classes.
    pub fn counts(self) -> &'static [usize] {
        match self {
            Self::DeepsmoteMnist => &[4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40],
            Self::DeepsmoteCifar => &[4500, 2000, 1000, 800, 600, 500, 400, 250, 150, 80],
            Self::DeepsmoteCeleba => &[9000, 4500, 1000, 500, 160],
            Self::DeepsmoteMnistBalancedTest => &[1200; 10],
            Self::DeepsmoteCifarBalancedTest => &[1000; 10],
            Self::DeepsmoteCelebaBalancedTest => &[900; 5],
            Self::DeepsmoteMnistImbalancedTest | Self::DeepsmoteCifarImbalancedTest => {
                &[1000, 500, 250, 187, 125, 87, 50, 25, 15, 10]
            }
            Self::DeepsmoteCelebaImbalancedTest => &[1000, 500, 111, 55, 17],
        }
    }
}

/// Which rows of a class stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// A fair draw.
    #[default]
    Random,
    /// The first rows in the order of the input, as published long-tailed sets have it.
    First,
}

/// Chooses the rows that stay at random; the same as [`make_imbalance_of`] with [`Keep::Random`].
pub fn make_imbalance(labels: &Labels, imbalance: &Imbalance, seed: &Seed) -> Result<Vec<usize>, Error> {
    make_imbalance_of(labels, imbalance, Keep::Random, seed)
}

/// Chooses the rows that stay, growing. Asking for more rows of a class keeps those chosen before.
pub fn make_imbalance_of(
    labels: &Labels,
    imbalance: &Imbalance,
    keep: Keep,
    seed: &Seed,
) -> Result<Vec<usize>, Error> {
    let counts = labels.counts();
    // The largest class that leaves no class with fewer rows than it has to have, given how many times smaller each is.
    let fitting = |smaller: &dyn Fn(usize) -> f64| {
        let most = |(class, &rows): (usize, &usize)| (rows > 0).then(|| rows as f64 * smaller(class));
        let most = counts.iter().enumerate().filter_map(most);
        most.fold(f64::INFINITY, f64::min)
    };
    let classes = counts.len();
    // A quotient that should be whole may be less by rounding.
    let at_least_one = |rows: f64| ((rows + 1e-9 * rows).floor() as usize).max(1);
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
        Imbalance::Exponential { ratio, largest } => {
            check_ratio(*ratio)?;
            let rank = |class: usize| class as f64 / (classes.max(2) - 1) as f64;
            let fitting = || fitting(&|class| ratio.powf(rank(class)));
            let largest = largest.map_or_else(fitting, |largest| largest as f64);
            (0..classes)
                .map(|class| at_least_one(largest * ratio.powf(-rank(class))))
                .collect()
        }
        Imbalance::Step {
            ratio,
            share,
            largest,
        } => {
            check_ratio(*ratio)?;
            if !(0.0..=1.0).contains(share) {
                return Err(Error::OutOfRange {
                    option: "share",
                    value: share.to_string(),
                    range: "0 to 1",
                });
            }
            let small = (share * classes as f64).round() as usize;
            let fitting = || fitting(&|class| if class + small >= classes { *ratio } else { 1.0 });
            let largest = largest.map_or_else(fitting, |largest| largest as f64);
            let rows = |class: usize| {
                if class + small >= classes {
                    at_least_one(largest / ratio)
                } else {
                    largest as usize
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
        Imbalance::Ranked(ranked) => in_class_order(labels, ranked)?,
        Imbalance::Paper(table) => in_class_order(labels, table.counts())?,
    };
    for ((class, &rows), &asked) in labels.classes().iter().zip(&counts).zip(&wanted) {
        // A class without a row has nothing to keep, and profiles keep at least one of each.
        let asked = if matches!(imbalance, Imbalance::Ranked(_) | Imbalance::Paper(_)) || rows > 0 {
            asked
        } else {
            0
        };
        if asked > rows {
            return Err(Error::Counts {
                class: class.clone(),
                rows,
                asked,
            });
        }
    }
    let classes: Vec<Vec<usize>> = match keep {
        Keep::Random => shuffled_classes(labels, &seed.child("make-imbalance"))
            .into_iter()
            .map(|class| class.rows)
            .collect(),
        Keep::First => (0..counts.len() as u32)
            .map(|class| labels.rows_of(class))
            .collect(),
    };
    let mut kept = Vec::new();
    for (rows, wanted) in classes.iter().zip(wanted) {
        kept.extend(&rows[..wanted.min(rows.len())]);
    }
    kept.sort_unstable();
    Ok(kept)
}

fn in_class_order(labels: &Labels, counts: &[usize]) -> Result<Vec<usize>, Error> {
    let classes = labels.classes().len();
    if counts.len() != classes {
        return Err(Error::CountsMisfit {
            classes,
            given: counts.len(),
        });
    }
    Ok(counts.to_vec())
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
        check(
            &Imbalance::Exponential {
                ratio: 100.0,
                largest: None,
            },
            &[100, 10, 1],
        );
        check(
            &Imbalance::Exponential {
                ratio: 16.0,
                largest: Some(50),
            },
            &[50, 12, 3],
        );
        check(
            &Imbalance::Step {
                ratio: 10.0,
                share: 0.5,
                largest: None,
            },
            &[100, 10, 10],
        );
        check(&Imbalance::Counts([("c1".to_owned(), 7)].into()), &[100, 7, 100]);
        check(&Imbalance::Ranked(vec![30, 0, 4]), &[30, 0, 4]);
    }

    #[test]
    fn the_long_tail_of_cifar_has_the_published_counts() {
        let names: Vec<String> = (0..50_000).map(|row| (row % 10).to_string()).collect();
        let labels = Labels::from_names(&names);
        let tail = Imbalance::Exponential {
            ratio: 100.0,
            largest: None,
        };
        let kept = make_imbalance(&labels, &tail, &Seed::new(1)).expect("there are enough");
        assert_eq!(kept.len(), 12_406);
        let counts = Labels::from_codes(
            labels.classes().to_vec(),
            kept.iter().map(|&row| labels.codes()[row]).collect(),
        )
        .counts();
        assert_eq!(counts, [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]);
    }

    #[test]
    fn tables_of_the_paper_have_its_sums() {
        let sum = |table: CountTable| table.counts().iter().sum::<usize>();
        assert_eq!(sum(CountTable::DeepsmoteMnist), 9000);
        assert_eq!(sum(CountTable::DeepsmoteCifar), 10_280);
        assert_eq!(sum(CountTable::DeepsmoteCeleba), 15_160);
        let table = Imbalance::Paper(CountTable::DeepsmoteCeleba);
        let error = make_imbalance(&Labels::from_names(&["a", "b"]), &table, &Seed::new(1));
        assert_eq!(
            error.expect_err("there are two classes").to_string(),
            "5 counts are given for 2 classes"
        );
    }

    #[test]
    fn the_first_rows_of_each_class_can_be_kept() {
        let labels = Labels::from_names(&["b", "a", "b", "a", "b"]);
        let counts = Imbalance::Ranked(vec![1, 2]);
        let kept = make_imbalance_of(&labels, &counts, Keep::First, &Seed::new(1));
        assert_eq!(kept.expect("there are enough"), [0, 1, 2]);
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
            "class `b` has 1 row, and 2 were asked for"
        );
    }
}

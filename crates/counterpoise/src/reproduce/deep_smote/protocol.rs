use counterpoise_base::{LabeledImages, Labels, Seed};
use counterpoise_data::{Imbalance, Keep, make_imbalance_of, stratified_k_fold};

use super::data::Pictures;
use crate::Error;

/// Parts that take turns as test pictures.
pub(super) const FOLDS: usize = 5;

/// What is trained on and tested on in one turn.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub(super) training: LabeledImages,
    pub(super) balanced: LabeledImages,
    pub(super) imbalanced: LabeledImages,
}

/// The training pictures of other folds and the test pictures of one.
struct Sides {
    training: Vec<usize>,
    test: Vec<usize>,
}

/// So many of these rows of every class as are wanted, or as there are.
fn some(labels: &Labels, among: &[usize], wanted: &[usize], seed: &Seed) -> Result<Vec<usize>, Error> {
    let codes = among.iter().map(|&row| labels.codes()[row]).collect();
    let part = Labels::from_codes(labels.classes().to_vec(), codes);
    let counts = part.counts();
    let counts = wanted
        .iter()
        .zip(&counts)
        .map(|(&wanted, &there)| wanted.min(there));
    let kept = make_imbalance_of(&part, &Imbalance::Ranked(counts.collect()), Keep::Random, seed)?;
    Ok(kept.into_iter().map(|place| among[place]).collect())
}

/// Deals the pictures as the paper does, and takes `wanted` of each class to train on: of chance in `repeat`.
///
/// Test pictures are the same for all repeats.
pub(super) fn deal(
    pictures: &Pictures,
    wanted: &[usize],
    fold: usize,
    repeat: usize,
    seed: &Seed,
) -> Result<Fold, Error> {
    let all = &pictures.training;
    let classes = all.labels.classes().len();
    let [train, balanced, imbalanced] = pictures.set.tables().map(counterpoise_data::CountTable::counts);
    if classes != train.len() {
        return Err(Error::Config {
            place: "--data".into(),
            problem: format!(
                "{} has {classes} classes here, and {} in the paper",
                pictures.set.name(),
                train.len()
            ),
            hint: Some("give the folder of the original training set".into()),
        });
    }
    let (tested, sides) = if let Some(test) = &pictures.test {
        let sides = Sides {
            training: (0..all.len()).collect(),
            test: (0..test.len()).collect(),
        };
        (test, sides)
    } else {
        let mut parts = stratified_k_fold(&all.labels, FOLDS, &seed.child("folds"))?;
        let test = parts.swap_remove(fold);
        let mut training: Vec<usize> = parts.into_iter().flatten().collect();
        training.sort_unstable();
        (all, Sides { training, test })
    };
    let branch = seed.child("fold").child(fold as u64);
    let training = some(
        &all.labels,
        &sides.training,
        wanted,
        &branch.child("training").child(repeat as u64),
    )?;
    // A balanced test has as many of every class as the rarest has.
    let mut counts = vec![0; classes];
    for &row in &sides.test {
        counts[tested.labels.codes()[row] as usize] += 1;
    }
    let least = counts.into_iter().min().unwrap_or(0).min(balanced[0]);
    let of = |wanted: &[usize], name: &str| -> Result<LabeledImages, Error> {
        let rows = some(&tested.labels, &sides.test, wanted, &branch.child(name))?;
        Ok(tested.select(&rows))
    };
    Ok(Fold {
        training: all.select(&training),
        balanced: of(&vec![least; classes], "balanced")?,
        imbalanced: of(imbalanced, "imbalanced")?,
    })
}

/// Counts of a table as they would be at another ratio of the largest class to the smallest: the distance of each class from
/// the largest keeps its share on the scale of logarithms.
pub(super) fn at_ratio(table: &[usize], ratio: f64) -> Vec<usize> {
    let largest = table.first().copied().unwrap_or(1) as f64;
    let smallest = table.last().copied().unwrap_or(1) as f64;
    let power = ratio.ln() / (largest / smallest).ln();
    table
        .iter()
        .map(|&count| ((largest * (count as f64 / largest).powf(power)).round() as usize).max(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use counterpoise_data::CountTable;

    use super::super::data::{PaperImages, read};
    use super::*;

    #[test]
    fn the_table_comes_out_at_its_own_ratio() {
        for table in [CountTable::DeepsmoteMnist, CountTable::DeepsmoteCeleba] {
            let counts = table.counts();
            let ratio = counts[0] as f64 / counts[counts.len() - 1] as f64;
            assert_eq!(at_ratio(counts, ratio), counts);
        }
        let steep = at_ratio(CountTable::DeepsmoteMnist.counts(), 400.0);
        assert_eq!((steep[0], steep[9]), (4000, 10));
        assert!(steep.windows(2).all(|pair| pair[0] > pair[1]));
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn folds_of_mnist_have_the_counts_of_the_paper() {
        let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with MNIST");
            return;
        };
        let pictures = read(PaperImages::Mnist, data.as_ref(), false, &()).expect("it is whole");
        let counts = CountTable::DeepsmoteMnist.counts();
        let seed = Seed::new(3);
        let mut tested = 0;
        for fold in 0..FOLDS {
            let dealt = deal(&pictures, counts, fold, 0, &seed).expect("there are enough");
            assert_eq!(dealt.training.labels.counts(), counts);
            // The rarest digit, 5, has 5421 pictures: a fifth of them is less than the 1200 of the paper.
            let balanced = dealt.balanced.labels.counts();
            assert!(balanced.iter().all(|&count| count == balanced[0]), "{balanced:?}");
            assert!((1084..=1085).contains(&balanced[0]), "{balanced:?}");
            assert_eq!(
                dealt.imbalanced.labels.counts(),
                CountTable::DeepsmoteMnistImbalancedTest.counts()
            );
            let names = |set: &LabeledImages| -> std::collections::BTreeSet<String> {
                set.names.iter().flatten().cloned().collect()
            };
            assert!(names(&dealt.training).is_disjoint(&names(&dealt.balanced)));
            assert!(names(&dealt.training).is_disjoint(&names(&dealt.imbalanced)));
            tested += dealt.balanced.len();
        }
        assert!(tested >= FOLDS * 10 * 1084);
        let again = deal(&pictures, counts, 1, 0, &seed).expect("there are enough");
        let other = deal(&pictures, counts, 1, 1, &seed).expect("there are enough");
        assert_ne!(
            again.training.names, other.training.names,
            "a repeat draws training pictures anew"
        );
        assert_eq!(again.balanced.names, other.balanced.names);
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn a_long_tail_of_cifar_is_dealt_into_what_there_is() {
        let folder = std::env::var_os("COUNTERPOISE_DATA").map(std::path::PathBuf::from);
        let Some(folder) = folder.filter(|folder| folder.join("cifar10-lt").is_dir()) else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with CIFAR-10");
            return;
        };
        let pictures = read(PaperImages::Cifar10, &folder, true, &()).expect("it is whole");
        let counts = CountTable::DeepsmoteCifar.counts();
        let dealt = deal(&pictures, counts, 0, 0, &Seed::new(3)).expect("there are pictures");
        assert_eq!(
            dealt.training.labels.counts(),
            [4500, 2000, 1000, 800, 600, 387, 232, 139, 83, 50]
        );
        assert_eq!(dealt.balanced.labels.counts(), [86; 10]);
        assert_eq!(
            dealt.imbalanced.labels.counts(),
            [103, 89, 100, 103, 90, 86, 50, 25, 15, 10]
        );
    }
}

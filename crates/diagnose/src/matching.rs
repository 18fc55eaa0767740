//! Whether test rows of a class look as large to the last layer as its training rows did.

use rayon::prelude::*;
use serde::Serialize;

use crate::correlation::correlation_of;
use crate::order::{mean, ratio, share};
use crate::ranges::Range;
use crate::{Readout, SplitProfile};

/// How test rows of a class match its training rows, in the features that stand for it in training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassMatch {
    /// Name of the class.
    pub class: String,
    /// Its training rows.
    pub train_rows: usize,
    /// Its test rows.
    pub test_rows: usize,
    /// Share of its test rows that are predicted as it.
    pub recall: Option<f64>,
    /// Each feature that stands for the class, in falling order of its mean contribution in training; none where no training row
    /// is predicted rightly.
    pub features: Vec<FeatureMatch>,
    /// How far mean contributions of all its test rows are from those of training: the sum of absolute differences over these
    /// features, divided by the sum of what they are in training; 0 is a perfect match.
    pub mismatch: Option<f64>,
    /// Share of features that stand for the class in either split that do so in both, in `[0, 1]`.
    pub jaccard: Option<f64>,
    /// Rank correlation of the mean contributions of all features in both splits.
    pub rank_correlation: Option<f64>,
    /// Test rows predicted rightly, by the number of these features in which they lie outside of the training range, from 0; only
    /// features whose mean contribution in training is above 0 count.
    pub outside_right: Vec<usize>,
    /// Test rows misclassified, by the number of these features in which they lie outside of the training range, from 0.
    pub outside_wrong: Vec<usize>,
}

/// How test rows of a class match its training rows in one feature.
///
/// Contributions are to the class itself here, also of rows that are taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureMatch {
    /// Which feature, counted from 0.
    pub index: usize,
    /// Mean contribution over true positives of training.
    pub train: f64,
    /// Mean contribution over false negatives of training; absent where there are none.
    pub train_wrong: Option<f64>,
    /// Mean contribution over true positives of the test; absent where there are none.
    pub right: Option<f64>,
    /// Mean contribution over false negatives of the test; absent where there are none.
    pub wrong: Option<f64>,
    /// True positives of the test divided by those of training.
    pub ratio_right: Option<f64>,
    /// False negatives of the test divided by true positives of training.
    pub ratio_wrong: Option<f64>,
    /// False negatives of the test divided by those of training.
    pub ratio_both_wrong: Option<f64>,
    /// True positives of the test less those of training.
    pub gap: Option<f64>,
    /// Smallest and largest value of the feature over training rows of the class.
    pub range: (f64, f64),
    /// Share of test rows outside of that range.
    pub outside: Option<f64>,
    /// Share of misclassified test rows outside of that range.
    pub outside_wrong: Option<f64>,
    /// How far test rows lie outside of that range, summed.
    pub excess: f64,
}

/// How test rows match training rows, class by class; profiles are those of the two readouts, with details.
///
/// # Source
///
/// Magnitudes of the largest features that do not match training go with failures: abstract of arXiv 2210.09465. How to measure
/// that is ours \[inferred\]: ratios, signed gap, Jaccard index, rank correlation, share of rows outside of the range and summed
/// excess, and `mismatch`.
pub fn match_splits(
    train: &Readout<'_>,
    train_profile: &SplitProfile,
    test: &Readout<'_>,
    test_profile: &SplitProfile,
) -> Vec<ClassMatch> {
    let one = |class: usize| class_match(train, train_profile, test, test_profile, class);
    (0..test.classes().len()).into_par_iter().map(one).collect()
}

fn class_match(
    train: &Readout<'_>,
    train_profile: &SplitProfile,
    test: &Readout<'_>,
    test_profile: &SplitProfile,
    class: usize,
) -> ClassMatch {
    let (before, now) = (&train_profile.classes[class], &test_profile.classes[class]);
    let identity = before.identity().unwrap_or_default();
    let rows = test.rows_of(class);
    let range = Range::of(train.embeddings(), train.rows_of(class).iter().copied());
    let [train_right, train_wrong] = [true, false].map(|right| means(train, class, &identity, Some(right)));
    let [right, wrong] = [true, false].map(|right| means(test, class, &identity, Some(right)));
    let mut outside = [vec![0; identity.len() + 1], vec![0; identity.len() + 1]];
    let mut features = Vec::with_capacity(identity.len());
    if let (Some(range), Some(train)) = (&range, &train_right) {
        let is_outside =
            |row: usize, index: usize| range.excess(index, test.embeddings().row(row)[index]) > 0.0;
        for &row in rows {
            // What speaks for the class nowhere does not stand for it, if the largest reach down to that.
            let speaking = identity.iter().zip(train).filter(|(_, mean)| **mean > 0.0);
            let count = speaking.filter(|(index, _)| is_outside(row, **index)).count();
            outside[usize::from(!test.right(row))][count] += 1;
        }
        for (place, &index) in identity.iter().enumerate() {
            let at = |means: &Option<Vec<f64>>| means.as_ref().map(|means| means[place]);
            let (own, missed) = (train[place], at(&train_wrong));
            let excess = |&row: &usize| range.excess(index, test.embeddings().row(row)[index]);
            let among = |keep: &dyn Fn(usize) -> bool| {
                let kept: Vec<usize> = rows.iter().copied().filter(|&row| keep(row)).collect();
                share(
                    kept.iter().filter(|&&row| is_outside(row, index)).count(),
                    kept.len(),
                )
            };
            features.push(FeatureMatch {
                index,
                train: own,
                train_wrong: missed,
                right: at(&right),
                wrong: at(&wrong),
                ratio_right: at(&right).and_then(|mean| ratio(mean, own)),
                ratio_wrong: at(&wrong).and_then(|mean| ratio(mean, own)),
                ratio_both_wrong: at(&wrong).and_then(|mean| ratio(mean, missed?)),
                gap: at(&right).map(|mean| mean - own),
                range: (f64::from(range.low[index]), f64::from(range.high[index])),
                outside: among(&|_| true),
                outside_wrong: among(&|row| !test.right(row)),
                excess: rows.iter().map(excess).sum(),
            });
        }
    }
    let mismatch = means(test, class, &identity, None).and_then(|all| {
        let train = train_right.as_ref()?;
        let apart: f64 = all.iter().zip(train).map(|(a, b)| (a - b).abs()).sum();
        ratio(apart, train.iter().map(|mean| mean.abs()).sum())
    });
    let [outside_right, outside_wrong] = outside;
    let profile = |of: &crate::ClassProfile| of.true_positives.contributions.as_ref()?.mean.clone();
    ClassMatch {
        class: now.class.clone(),
        train_rows: before.rows,
        test_rows: now.rows,
        recall: now.recall,
        mismatch,
        jaccard: now.identity().filter(|_| !identity.is_empty()).and_then(|other| {
            let shared = other.iter().filter(|index| identity.contains(index)).count();
            share(shared, identity.len() + other.len() - shared)
        }),
        rank_correlation: profile(before)
            .zip(profile(now))
            .and_then(|(a, b)| correlation_of(&a, &b)),
        features,
        outside_right,
        outside_wrong,
    }
}

/// Mean contributions of some features to a class, over its rows of one outcome or all; absent without rows.
fn means(readout: &Readout<'_>, class: usize, features: &[usize], right: Option<bool>) -> Option<Vec<f64>> {
    let kept = |row: &&usize| right.is_none_or(|right| readout.right(**row) == right);
    let rows: Vec<usize> = readout.rows_of(class).iter().filter(kept).copied().collect();
    let weights = readout.weights(class);
    let of_feature = |&index: &usize| {
        mean(rows.iter().map(|&row| {
            let embedding = readout.embeddings().row(row);
            f64::from(embedding[index]) * readout.head().factor(embedding) * weights[index]
        }))
    };
    features
        .iter()
        .map(of_feature)
        .collect::<Option<Vec<f64>>>()
        .filter(|_| !rows.is_empty())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::{Embeddings, Labels, LinearHead};

    use super::*;
    use crate::{DiagnoseOptions, Split, profile};

    fn rows(values: Vec<f32>, codes: Vec<u32>) -> Embeddings {
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        Embeddings::new(values, 3, Labels::from_codes(classes, codes))
    }

    #[test]
    fn rows_that_fail_are_smaller_than_those_of_training() {
        // Class a: features 0 and 1 with weights 2 and 1; class b: feature 2.
        let head = LinearHead::new(vec![2.0, 1.0, 0.0, 0.0, 0.0, 3.0], vec![0.0; 2], 3);
        let train = rows(vec![2.0, 1.0, 0.0, 4.0, 3.0, 1.0, 0.0, 0.0, 2.0], vec![0, 0, 1]);
        let test = rows(vec![3.0, 4.0, 0.0, 1.0, 1.0, 2.0], vec![0, 0]);
        let options = DiagnoseOptions::default().with_top_k(NonZeroUsize::new(2).unwrap());
        let train = Readout::new(Split::Train, &train, &head, &()).unwrap();
        let test = Readout::new(Split::Test, &test, &head, &()).unwrap();
        let profiles = [&train, &test].map(|rows| profile(rows, &options, &()).unwrap());
        let matches = match_splits(&train, &profiles[0], &test, &profiles[1]);
        let a = &matches[0];
        let [first, second] = [&a.features[0], &a.features[1]];
        assert_eq!((first.index, first.train, first.range), (0, 6.0, (2.0, 4.0)));
        assert_eq!(
            (first.ratio_right, first.ratio_wrong, first.gap),
            (Some(1.0), Some(1.0 / 3.0), Some(0.0))
        );
        assert_eq!(
            (first.outside, first.outside_wrong, first.excess),
            (Some(0.5), Some(1.0), 1.0)
        );
        assert_eq!(
            (second.index, second.train, second.right, second.wrong),
            (1, 2.0, Some(4.0), Some(1.0))
        );
        assert_eq!((second.train_wrong, second.ratio_both_wrong), (None, None));
        // The right row is outside in feature 1, the wrong one in feature 0.
        assert_eq!(
            (&a.outside_right[..], &a.outside_wrong[..]),
            (&[0, 1, 0][..], &[0, 1, 0][..])
        );
        // Means over both test rows: 4 and 2.5, where training has 6 and 2.
        assert_eq!(a.mismatch, Some(2.5 / 8.0));
        assert_eq!(a.jaccard, Some(1.0));
        let b = &matches[1];
        assert_eq!(
            (b.test_rows, b.recall, b.mismatch, b.jaccard),
            (0, None, None, None)
        );
    }
}

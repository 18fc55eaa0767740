//! Which classes share their largest features.

use serde::Serialize;

use crate::order::ratio;
use crate::{Profile, SplitProfile};

/// Which of the largest features classes share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlap {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The largest mean features of each class, in falling order; none for a class without rows.
    pub identities: Vec<Vec<usize>>,
    /// How many features two classes share, `(classes, classes)`; absent where one has no rows.
    pub shared: Vec<Vec<Option<usize>>>,
}

/// How often the largest features of one class are among those of rows of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Density {
    /// The class whose features they are.
    pub reference: String,
    /// The features, in falling order of their mean.
    pub features: Vec<usize>,
    /// One entry a class, in class order.
    pub classes: Vec<ClassDensity>,
}

/// How often the features of another class are among the largest of rows of this one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassDensity {
    /// Name of the class.
    pub class: String,
    /// Rows with each feature among their largest, divided by such rows of the reference class; absent where that has none.
    pub counts: Vec<Option<f64>>,
    /// The same for shares of rows, so that the sizes of classes do not count.
    pub shares: Vec<Option<f64>>,
}

/// Which of the largest mean features classes share; of all rows of a class.
///
/// # Source
///
/// The ten largest mean features of each class and their shares: \[code\] of arXiv 2212.07743. Counting shared ones is ours.
pub fn overlap(profile: &SplitProfile) -> Overlap {
    let identities: Vec<Option<Vec<usize>>> = profile
        .classes
        .iter()
        .map(|class| class.all.features.as_ref().map(Profile::identity))
        .collect();
    let shared = |a: &Option<Vec<usize>>, b: &Option<Vec<usize>>| {
        let (a, b) = (a.as_ref()?, b.as_ref()?);
        Some(a.iter().filter(|index| b.contains(index)).count())
    };
    Overlap {
        classes: profile.classes.iter().map(|class| class.class.clone()).collect(),
        shared: identities
            .iter()
            .map(|a| identities.iter().map(|b| shared(a, b)).collect())
            .collect(),
        identities: identities.into_iter().map(Option::unwrap_or_default).collect(),
    }
}

/// How often the largest features of a class are among those of rows of each class; absent where it has no rows, or the profile
/// no details.
///
/// # Source
///
/// The ratio of counts: \[code\] of arXiv 2212.07743, without the factor of 2 of its bars. The ratio of shares is ours.
pub fn density(profile: &SplitProfile, reference: usize) -> Option<Density> {
    let of = &profile.classes[reference];
    let own = of.all.features.as_ref()?;
    let frequency = own.frequency.as_ref()?;
    let identity = own.identity();
    let class = |class: &crate::ClassProfile| {
        let other = class
            .all
            .features
            .as_ref()
            .and_then(|profile| profile.frequency.as_ref());
        let ratios = |own_rows: f64, rows: f64| -> Vec<Option<f64>> {
            let one = |&index: &usize| ratio(other?[index] * rows, frequency[index] * own_rows);
            identity.iter().map(one).collect()
        };
        ClassDensity {
            class: class.class.clone(),
            counts: ratios(of.rows as f64, class.rows as f64),
            shares: ratios(1.0, 1.0),
        }
    };
    Some(Density {
        reference: of.class.clone(),
        classes: profile.classes.iter().map(class).collect(),
        features: identity,
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::{Embeddings, Labels, LinearHead};

    use super::*;
    use crate::{DiagnoseOptions, Readout, Split, profile};

    #[test]
    fn shared_features_are_counted_with_and_without_sizes() {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        // Largest two: a has 0 and 1; of b, two rows have 1 and 2, two rows 0 and 2.
        let values = vec![
            3.0, 2.0, 0.0, 3.0, 2.0, 1.0, 0.0, 2.0, 9.0, 0.0, 2.0, 9.0, 2.0, 0.0, 9.0, 1.0, 0.0, 9.0,
        ];
        let rows = Embeddings::new(values, 3, Labels::from_codes(classes, vec![0, 0, 1, 1, 1, 1]));
        let head = LinearHead::new(vec![1.0; 9], vec![0.0; 3], 3);
        let read = Readout::new(Split::Train, &rows, &head, &()).unwrap();
        let options = DiagnoseOptions::default().with_top_k(NonZeroUsize::new(2).unwrap());
        let profile = profile(&read, &options, &()).unwrap();
        let overlap = overlap(&profile);
        assert_eq!(overlap.identities, [vec![0, 1], vec![2, 1], vec![]]);
        assert_eq!(overlap.shared[0], [Some(2), Some(1), None]);
        let density = density(&profile, 0).unwrap();
        assert_eq!(density.features, [0, 1]);
        assert_eq!(density.classes[1].counts, [Some(1.0), Some(1.0)]);
        assert_eq!(density.classes[1].shares, [Some(0.5), Some(0.5)]);
        assert_eq!(density.classes[2].counts, [None, None]);
        assert!(super::density(&profile, 2).is_none());
        assert!(super::density(&profile.without_details(), 0).is_none());
    }
}

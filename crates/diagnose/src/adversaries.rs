//! Towards which classes the rows of a class are lost.

use serde::Serialize;

use counterpoise_base::Labels;

use crate::order::share;
use crate::{Neighborhood, Split};

/// Near which classes misclassified rows lie, and for which they are taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adversaries {
    /// Whose rows these are.
    pub split: Split,
    /// Neighbours of each row.
    pub k: usize,
    /// One entry a class, in class order.
    pub classes: Vec<ClassAdversaries>,
}

/// Towards which classes the rows of one class are lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAdversaries {
    /// Name of the class.
    pub class: String,
    /// Its misclassified rows.
    pub errors: usize,
    /// Other classes among the training rows nearest to misclassified rows, by their share of all neighbours of other classes, the
    /// largest first; classes without a neighbour are left out.
    pub near: Vec<ClassShare>,
    /// Classes that misclassified rows are taken for, by their share, the largest first.
    pub taken_for: Vec<ClassShare>,
}

/// A class and its share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassShare {
    /// Name of the class.
    pub class: String,
    /// Its share, in `(0, 1]`.
    pub share: f64,
}

/// Finds towards which classes rows are lost; labels and predictions are those of the rows in the neighbourhood's split.
///
/// # Source
///
/// Labels of the five neighbours of misclassified rows, pooled, the own class left out: \[code\] of arXiv 2212.07743, for
/// training rows. The neighbours of test rows are training rows, which is ours.
///
/// # Panics
///
/// If labels and predictions are of other rows.
pub fn adversaries(
    split: Split,
    neighborhood: &Neighborhood,
    labels: &Labels,
    predicted: &[u32],
) -> Adversaries {
    assert_eq!(labels.len(), predicted.len(), "a prediction for each row");
    let classes = labels.classes().len();
    let mut near = vec![Vec::new(); classes];
    for (row, neighbors) in neighborhood.iter() {
        let own = labels.codes()[row];
        if predicted[row] != own {
            near[own as usize].extend(neighbors.iter().copied().filter(|&class| class != own));
        }
    }
    let mut taken_for = vec![Vec::new(); classes];
    for (&own, &class) in labels.codes().iter().zip(predicted) {
        if class != own {
            taken_for[own as usize].push(class);
        }
    }
    let class = |((name, near), taken_for): ((&String, Vec<u32>), Vec<u32>)| ClassAdversaries {
        class: name.clone(),
        errors: taken_for.len(),
        near: shares(labels, near),
        taken_for: shares(labels, taken_for),
    };
    Adversaries {
        split,
        k: neighborhood.k(),
        classes: labels
            .classes()
            .iter()
            .zip(near)
            .zip(taken_for)
            .map(class)
            .collect(),
    }
}

/// Shares of classes, the largest first, equal ones in class order.
fn shares(labels: &Labels, mut codes: Vec<u32>) -> Vec<ClassShare> {
    let all = codes.len();
    codes.sort_unstable();
    let mut counts: Vec<(usize, u32)> = codes
        .chunk_by(|a, b| a == b)
        .map(|one| (one.len(), one[0]))
        .collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let one = |(count, code): (usize, u32)| {
        Some(ClassShare {
            class: labels.classes()[code as usize].clone(),
            share: share(count, all)?,
        })
    };
    counts.into_iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_the_own_class_and_of_right_rows_do_not_count() {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let labels = Labels::from_codes(classes, vec![0, 0, 0, 1]);
        let table = vec![2, 1, 1, 0, 2, 1, 0, 1, 1, 1, 1, 1];
        let near = Neighborhood::from_table(vec![0, 1, 2, 3], 3, table, 3).unwrap();
        let found = adversaries(Split::Train, &near, &labels, &[2, 1, 0, 1]);
        let a = &found.classes[0];
        let of = |shares: &[ClassShare]| -> Vec<(String, f64)> {
            shares.iter().map(|one| (one.class.clone(), one.share)).collect()
        };
        assert_eq!(a.errors, 2);
        assert_eq!(of(&a.near), [("b".to_owned(), 0.6), ("c".to_owned(), 0.4)]);
        assert_eq!(of(&a.taken_for), [("b".to_owned(), 0.5), ("c".to_owned(), 0.5)]);
        assert!(found.classes[1].near.is_empty());
    }
}

use counterpoise_base::{Labels, Seed};

use crate::Error;

/// Deals the rows into `folds` parts that have every class in the same share, ±1 row.
///
/// Returns the rows of each part, growing; every row is in one part. A row's part depends on the seed, its class
/// and its place in the input.
pub fn stratified_k_fold(labels: &Labels, folds: usize, seed: &Seed) -> Result<Vec<Vec<usize>>, Error> {
    if folds < 2 {
        return Err(Error::OutOfRange {
            option: "folds",
            value: folds.to_string(),
            range: "2 or more",
        });
    }
    let mut parts = vec![Vec::new(); folds];
    let mut next = 0;
    for class in shuffled_classes(labels, &seed.child("k-fold")) {
        if class.rows.len() < folds {
            return Err(Error::Parts {
                class: class.name,
                rows: class.rows.len(),
                parts: folds,
            });
        }
        // Going on where the last class ended keeps the parts equally large.
        for row in class.rows {
            parts[next].push(row);
            next = (next + 1) % folds;
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

/// Parts the rows into training and test rows, with `share` of every class in the test, rounded; at least one row of
/// every class on each side.
pub fn hold_out(labels: &Labels, share: f64, seed: &Seed) -> Result<(Vec<usize>, Vec<usize>), Error> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::OutOfRange {
            option: "share",
            value: share.to_string(),
            range: "between 0 and 1",
        });
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for class in shuffled_classes(labels, &seed.child("hold-out")) {
        let rows = class.rows.len();
        if rows < 2 {
            return Err(Error::Parts {
                class: class.name,
                rows,
                parts: 2,
            });
        }
        let count = ((rows as f64 * share).round() as usize).clamp(1, rows - 1);
        test.extend(&class.rows[..count]);
        train.extend(&class.rows[count..]);
    }
    train.sort_unstable();
    test.sort_unstable();
    Ok((train, test))
}

pub(crate) struct ShuffledClass {
    pub(crate) name: String,
    pub(crate) rows: Vec<usize>,
}

/// The rows of each class in an order of chance, so that the first `m` of them are a fair draw.
pub(crate) fn shuffled_classes(labels: &Labels, seed: &Seed) -> Vec<ShuffledClass> {
    let shuffled = |(code, name): (usize, &String)| ShuffledClass {
        name: name.clone(),
        rows: seed.child(name.as_str()).shuffled(labels.rows_of(code as u32)),
    };
    labels.classes().iter().enumerate().map(shuffled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_is_in_one_fold_and_classes_are_spread(codes in proptest::collection::vec(0_u32..3, 30..80), folds in 2_usize..5) {
            let names: Vec<String> = codes.iter().map(ToString::to_string).collect();
            let labels = Labels::from_names(&names);
            let Ok(parts) = stratified_k_fold(&labels, folds, &Seed::new(1)) else { return Ok(()) };
            let mut all: Vec<usize> = parts.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..codes.len()).collect::<Vec<_>>());
            for class in 0..labels.classes().len() as u32 {
                let counts: Vec<usize> = parts.iter().map(|part| part.iter().filter(|&&row| labels.codes()[row] == class).count()).collect();
                let (least, most) = (counts.iter().min(), counts.iter().max());
                prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
            }
        }
    }

    #[test]
    fn a_hold_out_keeps_shares() {
        let names: Vec<&str> = (0..50)
            .map(|row| if row % 5 == 0 { "rare" } else { "common" })
            .collect();
        let labels = Labels::from_names(&names);
        let (train, test) = hold_out(&labels, 0.2, &Seed::new(7)).expect("both classes are large enough");
        assert_eq!((train.len(), test.len()), (40, 10));
        assert_eq!(test.iter().filter(|&&row| names[row] == "rare").count(), 2);
    }

    #[test]
    fn a_class_too_small_is_named() {
        let labels = Labels::from_names(&["a", "a", "a", "b"]);
        let error = stratified_k_fold(&labels, 2, &Seed::new(1)).expect_err("b has one row");
        assert_eq!(
            error.to_string(),
            "class `b` has 1 row, which cannot be spread over 2 parts"
        );
    }
}

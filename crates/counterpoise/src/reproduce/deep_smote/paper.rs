//! Numbers that the paper prints, in percent.
//!
//! # Source
//!
//! Dablain, Krawczyk and Chawla, "DeepSMOTE: Fusing Deep Learning and SMOTE for Imbalanced Data", IEEE TNNLS 34(9), 2023,
//! Tables II and III.

use super::data::PaperImages;

/// ACSA, GM and F1 of a method on the five data sets, in the order of [`PaperImages::ALL`].
type Line = (&'static str, [[f64; 3]; 5]);

/// Table II: the imbalanced test.
const IMBALANCED: [Line; 7] = [
    (
        "SMOTE",
        [
            [81.48, 83.99, 82.44],
            [67.94, 74.84, 67.12],
            [28.02, 50.08, 29.58],
            [70.18, 76.33, 71.80],
            [60.29, 70.48, 60.03],
        ],
    ),
    (
        "AMDO",
        [
            [84.29, 88.73, 84.88],
            [74.90, 80.89, 75.39],
            [31.19, 53.99, 32.44],
            [71.94, 78.52, 73.06],
            [63.54, 72.86, 62.94],
        ],
    ),
    (
        "MC-CCR",
        [
            [86.19, 92.04, 86.46],
            [78.58, 86.17, 79.03],
            [32.83, 56.68, 33.91],
            [72.01, 80.94, 74.26],
            [65.23, 77.14, 64.88],
        ],
    ),
    (
        "MC-RBO",
        [
            [87.25, 94.46, 88.69],
            [80.06, 88.02, 80.14],
            [33.01, 59.15, 35.83],
            [74.20, 82.97, 74.91],
            [67.11, 80.52, 65.37],
        ],
    ),
    (
        "BAGAN",
        [
            [92.56, 96.11, 93.85],
            [82.50, 90.51, 82.96],
            [42.41, 64.12, 43.01],
            [75.81, 86.44, 77.02],
            [68.62, 80.84, 68.33],
        ],
    ),
    (
        "GAMO",
        [
            [95.45, 97.61, 95.11],
            [83.05, 90.76, 83.00],
            [44.72, 65.72, 45.93],
            [75.07, 86.00, 76.68],
            [66.06, 79.11, 64.85],
        ],
    ),
    (
        "DeepSMOTE",
        [
            [96.16, 98.11, 96.44],
            [84.88, 91.63, 83.79],
            [45.26, 66.13, 44.86],
            [79.59, 88.67, 80.71],
            [72.40, 82.91, 66.99],
        ],
    ),
];

/// Table III: the balanced test.
const BALANCED: [Line; 7] = [
    (
        "SMOTE",
        [
            [87.98, 89.99, 85.02],
            [70.58, 76.39, 68.06],
            [27.93, 42.81, 25.10],
            [68.19, 74.48, 64.28],
            [48.19, 56.39, 42.19],
        ],
    ),
    (
        "AMDO",
        [
            [88.34, 91.03, 87.28],
            [72.98, 79.36, 71.53],
            [31.85, 48.19, 30.04],
            [71.59, 79.13, 68.47],
            [51.44, 60.73, 47.28],
        ],
    ),
    (
        "MC-CCR",
        [
            [90.83, 93.18, 91.22],
            [75.78, 81.04, 74.39],
            [33.48, 51.18, 32.88],
            [74.29, 81.62, 72.49],
            [58.46, 65.39, 57.91],
        ],
    ),
    (
        "MC-RBO",
        [
            [91.28, 94.62, 92.49],
            [76.91, 82.14, 75.92],
            [39.17, 59.29, 40.37],
            [75.38, 81.98, 73.52],
            [61.53, 72.95, 62.08],
        ],
    ),
    (
        "BAGAN",
        [
            [93.06, 95.98, 92.77],
            [81.48, 89.31, 80.93],
            [43.38, 63.73, 40.25],
            [80.23, 86.77, 77.75],
            [66.09, 77.77, 62.84],
        ],
    ),
    (
        "GAMO",
        [
            [95.52, 97.47, 95.47],
            [83.03, 90.26, 82.50],
            [44.89, 65.30, 43.35],
            [80.53, 87.17, 78.21],
            [66.00, 77.71, 63.01],
        ],
    ),
    (
        "DeepSMOTE",
        [
            [96.09, 97.80, 96.03],
            [83.63, 90.61, 83.27],
            [45.38, 65.30, 43.35],
            [80.94, 87.39, 78.73],
            [69.88, 80.38, 69.19],
        ],
    ),
];

/// ACSA, GM and F1 that the paper prints.
pub(super) fn printed(method: &str, set: PaperImages, balanced: bool) -> Option<[f64; 3]> {
    let table = if balanced { &BALANCED } else { &IMBALANCED };
    let place = PaperImages::ALL.iter().position(|known| *known == set)?;
    let line = table.iter().find(|(name, _)| *name == method)?;
    Some(line.1[place])
}

/// All of the balanced test on one data set.
pub(super) fn balanced_lines(set: PaperImages) -> impl Iterator<Item = (&'static str, [f64; 3])> {
    BALANCED
        .iter()
        .filter_map(move |(name, _)| Some((*name, printed(name, set, true)?)))
}

/// What GM has to be on a test with as many pictures of each of `classes`, given ACSA; both are shares.
///
/// There all errors together are shared among the other classes, so that macro specificity is `1 - (1 - a) / (classes - 1)`.
pub(super) fn g_mean_of(acsa: f64, classes: usize) -> f64 {
    (acsa * (1.0 - (1.0 - acsa) / (classes as f64 - 1.0))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(method: &str, set: PaperImages) -> f64 {
        let [acsa, g_mean, _] = printed(method, set, true).expect("it is in the table");
        let classes = if set == PaperImages::Celeba { 5 } else { 10 };
        g_mean - 100.0 * g_mean_of(acsa / 100.0, classes)
    }

    #[test]
    fn g_mean_of_deep_smote_follows_from_its_acsa_on_four_of_five_data_sets() {
        for set in PaperImages::ALL {
            let gap = gap("DeepSMOTE", set);
            if set == PaperImages::Svhn {
                assert!((-1.9..-1.5).contains(&gap), "{gap}");
            } else {
                assert!(gap.abs() < 0.05, "{}: {gap}", set.name());
            }
        }
    }

    #[test]
    fn g_mean_of_pixel_methods_does_not_follow_from_their_acsa_anywhere() {
        for method in ["SMOTE", "AMDO", "MC-CCR", "MC-RBO"] {
            for set in PaperImages::ALL {
                let gap = gap(method, set);
                assert!((-9.0..-0.4).contains(&gap), "{method} on {}: {gap}", set.name());
            }
        }
    }

    #[test]
    fn a_perfect_classifier_has_a_perfect_g_mean() {
        assert_eq!(g_mean_of(1.0, 10), 1.0);
        assert!((g_mean_of(0.9609, 10) - 0.9781).abs() < 1e-4);
    }
}

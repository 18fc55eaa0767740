/// Corrects probabilities of a model that was trained on other class shares than those it meets.
///
/// Each probability is multiplied by `wanted / trained` of its class and rows are made to sum to 1 again: exact where
/// resampling changed how many rows a class has and not where they lie, as random over- and under-sampling and class
/// weights do; an approximation for SMOTE and its kin. `trained` are the class shares, or sums of weights, that the
/// model was fitted on. Where `trained` is 0 the class stays at 0. Ranking of two classes does not change.
///
/// # Source
///
/// Elkan, "The Foundations of Cost-Sensitive Learning" (IJCAI 2001), theorem 2; Saerens, Latinne and Decaestecker,
/// "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural Computation 14 (2002), equation 2.4;
/// for under-sampling, Dal Pozzolo et al. (2015).
///
/// ```
/// // Balanced by sampling, where the class has 1 % of all rows.
/// let mut probabilities = vec![0.5, 0.5];
/// counterpoise_learn::correct_prior(&mut probabilities, &[0.5, 0.5], &[0.99, 0.01]);
/// assert!((probabilities[1] - 0.01).abs() < 1e-12);
/// ```
///
/// # Panics
///
/// If the shares are not as many as the classes, or `probabilities` no whole number of rows.
pub fn correct_prior(probabilities: &mut [f64], trained: &[f64], wanted: &[f64]) {
    let classes = trained.len();
    assert_eq!(classes, wanted.len(), "a share for each class");
    assert!(probabilities.len().is_multiple_of(classes), "whole rows");
    let (trained_sum, wanted_sum): (f64, f64) = (trained.iter().sum(), wanted.iter().sum());
    let factors: Vec<f64> = trained
        .iter()
        .zip(wanted)
        .map(|(&trained, &wanted)| {
            if trained > 0.0 {
                (wanted / wanted_sum) / (trained / trained_sum)
            } else {
                0.0
            }
        })
        .collect();
    for row in probabilities.chunks_exact_mut(classes) {
        let sum: f64 = row
            .iter()
            .zip(&factors)
            .map(|(probability, factor)| probability * factor)
            .sum();
        // A row that has all its weight on classes that are not wanted stays as it is.
        if sum > 0.0 {
            row.iter_mut()
                .zip(&factors)
                .for_each(|(probability, factor)| *probability *= factor / sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn there_and_back_is_where_it_began(p in 0.001_f64..0.999, a in 0.01_f64..0.99, b in 0.01_f64..0.99) {
            let mut row = vec![p, 1.0 - p];
            correct_prior(&mut row, &[a, 1.0 - a], &[b, 1.0 - b]);
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            correct_prior(&mut row, &[b, 1.0 - b], &[a, 1.0 - a]);
            prop_assert!((row[0] - p).abs() < 1e-9);
        }
    }

    #[test]
    fn a_class_that_was_not_trained_stays_at_0() {
        let mut row = vec![0.25, 0.0, 0.75];
        correct_prior(&mut row, &[1.0, 0.0, 1.0], &[1.0, 1.0, 1.0]);
        assert_eq!(row, [0.25, 0.0, 0.75]);
    }
}

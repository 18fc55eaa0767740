//! What can be done for small classes when a network is trained already: other numbers for its head, without any training.

use counterpoise_base::{Embeddings, HeadKind, LinearHead};
use counterpoise_metrics::ConfusionMatrix;

use crate::Error;
use crate::loss::log_shares;

/// What was chosen on validation rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The number that did best; the smallest of them if there were several.
    pub tau: f64,
    /// Its balanced accuracy on the validation rows.
    pub balanced_accuracy: f64,
    /// The head that goes with it.
    pub head: LinearHead,
}

/// Mean recall of the classes that occur; `None` without rows.
pub fn balanced_accuracy(head: &LinearHead, rows: &Embeddings) -> Option<f64> {
    let classes = head.classes();
    let mut cells = vec![0.0; classes * classes];
    for (&truth, predicted) in rows.labels.codes().iter().zip(head.predict(rows.values())) {
        cells[truth as usize * classes + predicted as usize] += 1.0;
    }
    let matrix = ConfusionMatrix::from_cells(classes, cells);
    let recalls: Vec<f64> = (0..classes)
        .filter_map(|class| matrix.of(class).recall())
        .collect();
    (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// Lowers the logits of large classes: `tau` times the logarithm of the share of training rows is taken off each bias.
///
/// # Panics
///
/// If there is not one count for each class, or the head takes cosines.
///
/// # Source
///
/// Menon and others, "Long-Tail Learning via Logit Adjustment", ICLR 2021, equation 9. With `tau = 1` and true
/// probabilities, this is best for balanced accuracy.
pub fn logit_adjusted(head: &LinearHead, counts: &[usize], tau: f64) -> Result<LinearHead, Error> {
    assert_eq!(counts.len(), head.classes(), "one count for each class");
    assert_eq!(head.kind(), HeadKind::Linear, "cosines have no bias");
    if tau == 0.0 {
        return Ok(head.clone());
    }
    let shares = log_shares(counts, tau, "logit adjustment")?;
    let lowered = head.bias().iter().zip(shares);
    let bias = lowered.map(|(&bias, share)| (f64::from(bias) - share) as f32);
    Ok(LinearHead::new(
        head.weight().to_vec(),
        bias.collect(),
        head.width(),
    ))
}

/// Divides each row of weights by its length to the power of `tau`, and leaves out the bias.
///
/// A row of zeros stays one.
///
/// # Source
///
/// Kang and others, ICLR 2020, section 4.1, "tau-normalized classifier", which has no bias. Even `tau = 0`, which leaves weights as
/// they are, is not the head as it was: its bias is gone, and predictions may change.
pub fn tau_normalised(head: &LinearHead, tau: f64) -> LinearHead {
    let norms = head.norms();
    let factor = |norm: f64| if norm > 0.0 { norm.powf(-tau) } else { 1.0 };
    let scaled = head.weight().iter().enumerate().map(|(place, &weight)| {
        let norm = norms[place / head.width()];
        (f64::from(weight) * factor(norm)) as f32
    });
    LinearHead::new(scaled.collect(), vec![0.0; head.classes()], head.width())
}

/// [`logit_adjusted`] with the `tau` that does best on validation rows.
pub fn logit_adjusted_by_validation(
    head: &LinearHead,
    counts: &[usize],
    taus: &[f64],
    validation: &Embeddings,
) -> Result<Chosen, Error> {
    choose(taus, validation, |tau| logit_adjusted(head, counts, tau))
}

/// [`tau_normalised`] with the `tau` that does best on validation rows; none of them is the head as it was, for all drop its bias.
pub fn tau_normalised_by_validation(
    head: &LinearHead,
    taus: &[f64],
    validation: &Embeddings,
) -> Result<Chosen, Error> {
    choose(taus, validation, |tau| Ok(tau_normalised(head, tau)))
}

/// Values of `tau` to choose from: 0 to 2 in steps of 0.1.
pub fn taus() -> Vec<f64> {
    (0..=20).map(|step| f64::from(step) / 10.0).collect()
}

fn choose(
    taus: &[f64],
    validation: &Embeddings,
    head: impl Fn(f64) -> Result<LinearHead, Error>,
) -> Result<Chosen, Error> {
    let mut taus = taus.to_vec();
    taus.sort_by(f64::total_cmp);
    let mut best: Option<Chosen> = None;
    for tau in taus {
        let head = head(tau)?;
        let Some(balanced_accuracy) = balanced_accuracy(&head, validation) else {
            break;
        };
        if best
            .as_ref()
            .is_none_or(|best| balanced_accuracy > best.balanced_accuracy)
        {
            best = Some(Chosen {
                tau,
                balanced_accuracy,
                head,
            });
        }
    }
    best.ok_or(Error::NothingToChooseOn)
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Labels;

    use super::*;

    fn rows(values: &[f32], labels: &[u32], width: usize) -> Embeddings {
        let classes = ["a", "b", "c"].map(String::from).to_vec();
        Embeddings::new(
            values.to_vec(),
            width,
            Labels::from_codes(classes, labels.to_vec()),
        )
    }

    fn head() -> LinearHead {
        LinearHead::new(vec![3.0, 4.0, 0.0, 0.5, 0.0, 0.0], vec![0.5, -0.5, 0.25], 2)
    }

    fn near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-5);
        assert!(!far, "{found:?}, not {expected:?}");
    }

    #[test]
    fn balanced_accuracy_is_the_mean_recall_of_classes_that_occur() {
        let values = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, -1.0, -1.0];
        let of = |labels: &[u32]| balanced_accuracy(&head(), &rows(&values[..2 * labels.len()], labels, 2));
        assert_eq!(of(&[0, 0, 2, 2]), Some(0.75));
        assert_eq!(of(&[0, 1]), Some(0.5));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn adjustment_takes_the_logarithm_of_shares_off() {
        let adjusted = logit_adjusted(&head(), &[6, 3, 1], 1.0).unwrap();
        near(
            adjusted.bias(),
            &[0.5 - 0.6_f32.ln(), -0.5 - 0.3_f32.ln(), 0.25 - 0.1_f32.ln()],
        );
        assert_eq!(adjusted.weight(), head().weight());
        assert_eq!(logit_adjusted(&head(), &[6, 3, 1], 0.0).unwrap(), head());
        // Even shares change no prediction.
        let even = logit_adjusted(&head(), &[2, 2, 2], 1.0).unwrap();
        let values = [0.3, -0.2, 0.1, 0.1, -0.2, 0.3];
        assert_eq!(even.predict(&values), head().predict(&values));
        let error = logit_adjusted(&head(), &[6, 0, 1], 1.0).unwrap_err();
        assert!(error.to_string().contains("class number 1"), "{error}");
    }

    #[test]
    fn normalised_rows_have_the_length_to_the_power_of_what_is_left() {
        near(
            tau_normalised(&head(), 1.0).weight(),
            &[0.6, 0.8, 0.0, 1.0, 0.0, 0.0],
        );
        let half = tau_normalised(&head(), 0.5).norms();
        assert!((half[0] - 5.0_f64.sqrt()).abs() < 1e-6 && (half[1] - 0.5_f64.sqrt()).abs() < 1e-6);
        assert_eq!(tau_normalised(&head(), 0.0).weight(), head().weight());
        assert_eq!(tau_normalised(&head(), 0.0).bias(), [0.0; 3]);
    }

    #[test]
    fn the_smallest_of_the_best_is_chosen() {
        // Rows 1 and 2 of class 0, and 3 of class 1; class 0 is preferred by 2.
        let head = LinearHead::new(vec![0.0, 1.0], vec![2.0, 0.0], 1);
        let (values, labels) = ([-1.0, 0.0, 1.5], [0, 0, 1]);
        let validation = &rows(&values, &labels, 1);
        let chosen = logit_adjusted_by_validation(&head, &[9, 1], &[2.0, 0.0, 1.0, 0.5], validation).unwrap();
        assert_eq!((chosen.tau, chosen.balanced_accuracy), (0.5, 1.0));
        assert_eq!(chosen.head, logit_adjusted(&head, &[9, 1], 0.5).unwrap());
        let nothing = tau_normalised_by_validation(&head, &taus(), &rows(&[], &[], 1));
        assert!(matches!(nothing, Err(Error::NothingToChooseOn)));
    }
}

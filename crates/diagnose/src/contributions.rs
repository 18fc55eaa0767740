use counterpoise_base::LinearHead;

/// What each feature of a row adds to the logit of a class, `(width)`: the classification embedding.
///
/// All of them and the bias sum to the logit. Where cosines are taken, features and weights are those that meet: of length 1.
///
/// ```
/// use counterpoise_base::LinearHead;
/// use counterpoise_diagnose::contributions;
///
/// let head = LinearHead::new(vec![1.0, 0.0, 2.0, -1.0], vec![0.0, 0.5], 2);
/// assert_eq!(contributions(&head, &[3.0, 4.0], 1), [6.0, -4.0]);
/// assert_eq!(head.logits(&[3.0, 4.0])[1], 6.0 - 4.0 + 0.5);
/// ```
///
/// # Source
///
/// CE = f ∘ W of the class, \[code\] of the sister papers of arXiv 2210.09465. Features and weights of length 1 for the head
/// of LDAM \[inferred\].
///
/// # Panics
///
/// If there is no such class, or the row has another number of features than the head.
#[doc(alias = "CE")]
pub fn contributions(head: &LinearHead, embedding: &[f32], class: usize) -> Vec<f64> {
    assert_eq!(embedding.len(), head.width(), "as many features as weights");
    let weights = head.effective_weight();
    let weights = &weights[class * head.width()..][..head.width()];
    let mut products = Vec::new();
    multiply(embedding, head.factor(embedding), weights, &mut products);
    products
}

/// Contributions of a row to a class whose effective weights are given.
pub(crate) fn multiply(embedding: &[f32], factor: f64, weights: &[f64], products: &mut Vec<f64>) {
    products.clear();
    let pairs = embedding.iter().zip(weights);
    products.extend(pairs.map(|(&value, &weight)| f64::from(value) * factor * weight));
}

/// A model with one row of weights for two classes (logistic regression, a linear support vector machine) as a head of two:
/// class 1 has `weights` and `bias`, class 0 the negatives of both.
///
/// The largest contributions to class 0 are then the most negative products of features and weights, and the larger logit is
/// that of the class that the model predicts. The two logits differ by twice the score of the model.
///
/// # Source
///
/// CE = x ∘ w, and the most negative contributions for class 0: \[code\]. Two rows instead of one are ours.
pub fn binary_linear(weights: &[f32], bias: f32) -> LinearHead {
    let both = weights
        .iter()
        .map(|weight| -weight)
        .chain(weights.iter().copied());
    LinearHead::new(both.collect(), vec![-bias, bias], weights.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_other_class_of_two_has_the_most_negative_contributions() {
        let head = binary_linear(&[2.0, -1.0, 0.5], 0.25);
        let row = [1.0, 3.0, 2.0];
        assert_eq!(contributions(&head, &row, 1), [2.0, -3.0, 1.0]);
        assert_eq!(contributions(&head, &row, 0), [-2.0, 3.0, -1.0]);
        // 2 - 3 + 1 + 0.25 is above 0.
        assert_eq!(head.predict(&row), [1]);
    }

    proptest! {
        #[test]
        fn contributions_and_bias_sum_to_the_logit(
            values in prop::collection::vec(-3.0..3.0_f32, 5),
            weights in prop::collection::vec(-3.0..3.0_f32, 15),
            bias in prop::collection::vec(-1.0..1.0_f32, 3),
            cosine in any::<bool>(),
        ) {
            let head = if cosine {
                LinearHead::cosine(weights, 5)
            } else {
                LinearHead::new(weights, bias, 5)
            };
            let logits = head.logits(&values);
            for (class, &logit) in logits.iter().enumerate() {
                let sum: f64 = contributions(&head, &values, class).iter().sum();
                prop_assert!((sum + f64::from(head.bias()[class]) - f64::from(logit)).abs() < 1e-4);
            }
        }
    }
}

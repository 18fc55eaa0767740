use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// `W f + b`.
    #[default]
    Linear,
    /// The cosine of the feature embedding and each row of `W`, without bias, as LDAM wants it.
    Cosine,
}

/// The last layer of a classifier as plain numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHead {
    kind: HeadKind,
    weight: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

/// Below this, a length counts as 0 when cosines are taken: that of PyTorch's `normalize`.
const SHORTEST: f64 = 1e-12;

impl LinearHead {
    /// Logits are `W f + b`: `weight` is `(classes, width)`, row after row; `bias` has a number for each class.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit each other.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, width: usize) -> Self {
        assert_eq!(weight.len(), bias.len() * width, "one row for each class");
        Self {
            kind: HeadKind::Linear,
            weight,
            bias,
            width,
        }
    }

    /// Logits are cosines of embeddings and rows of `weight`.
    ///
    /// # Panics
    ///
    /// If rows are not whole.
    pub fn cosine(weight: Vec<f32>, width: usize) -> Self {
        assert_eq!(weight.len() % width, 0, "whole rows");
        Self {
            kind: HeadKind::Cosine,
            bias: vec![0.0; weight.len() / width],
            weight,
            width,
        }
    }

    /// How logits are taken.
    pub fn kind(&self) -> HeadKind {
        self.kind
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// Numbers in an embedding.
    pub fn width(&self) -> usize {
        self.width
    }

    /// `(classes, width)`, row after row.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// A number for each class; zeros where cosines are taken.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The weights of one class.
    pub fn row(&self, class: usize) -> &[f32] {
        &self.weight[class * self.width..][..self.width]
    }

    /// The length of each class's row of weights: large for classes that a head prefers.
    pub fn norms(&self) -> Vec<f64> {
        (0..self.classes()).map(|class| length(self.row(class))).collect()
    }

    /// Weights as they meet an embedding, `(classes, width)`: as they are, or of length 1 where cosines are taken.
    pub fn effective_weight(&self) -> Vec<f64> {
        let rows = (0..self.classes()).flat_map(|class| {
            let row = self.row(class);
            let factor = self.factor(row);
            row.iter().map(move |&weight| f64::from(weight) * factor)
        });
        rows.collect()
    }

    /// What an embedding is multiplied with before it meets the weights: 1, or what brings its length to 1 where cosines are
    /// taken.
    pub fn factor(&self, embedding: &[f32]) -> f64 {
        match self.kind {
            HeadKind::Linear => 1.0,
            HeadKind::Cosine => 1.0 / length(embedding).max(SHORTEST),
        }
    }

    /// Logits of embeddings, `(n, classes)`, row after row.
    ///
    /// # Panics
    ///
    /// If embeddings have another number of features.
    pub fn logits(&self, embeddings: &[f32]) -> Vec<f32> {
        assert_eq!(embeddings.len() % self.width, 0, "whole rows");
        let weights = self.effective_weight();
        let mut logits = Vec::with_capacity(embeddings.len() / self.width * self.classes());
        for embedding in embeddings.chunks_exact(self.width) {
            let factor = self.factor(embedding);
            let of = |(weights, &bias): (&[f64], &f32)| {
                let products = weights
                    .iter()
                    .zip(embedding)
                    .map(|(&weight, &value)| weight * f64::from(value));
                (products.sum::<f64>() * factor + f64::from(bias)) as f32
            };
            logits.extend(weights.chunks_exact(self.width).zip(&self.bias).map(of));
        }
        logits
    }

    /// The class with the largest logit, for each row; of several, the first.
    pub fn predict(&self, embeddings: &[f32]) -> Vec<u32> {
        let logits = self.logits(embeddings);
        let largest = |row: &[f32]| {
            let better = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
            (1..row.len()).fold(0, better) as u32
        };
        logits.chunks_exact(self.classes()).map(largest).collect()
    }
}

fn length(values: &[f32]) -> f64 {
    let squares = values.iter().map(|&value| f64::from(value).powi(2));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-6);
        assert!(!far, "{found:?}, not {expected:?}");
    }

    #[test]
    fn logits_are_products_and_bias() {
        let head = LinearHead::new(vec![3.0, 4.0, 0.0, 0.5, 0.0, 0.0], vec![0.5, -0.5, 0.25], 2);
        near(
            &head.logits(&[1.0, 2.0, 0.0, 0.0]),
            &[11.5, 0.5, 0.25, 0.5, -0.5, 0.25],
        );
        assert_eq!(head.predict(&[1.0, 2.0, -1.0, 2.0, -1.0, -1.0]), [0, 0, 2]);
        assert_eq!(head.norms(), [5.0, 0.5, 0.0]);
    }

    #[test]
    fn cosines_forget_lengths() {
        let head = LinearHead::cosine(vec![3.0, 4.0, 0.0, 0.5, 0.0, 0.0], 2);
        near(
            &head.logits(&[0.0, 7.0, 0.0, 0.0]),
            &[0.8, 1.0, 0.0, 0.0, 0.0, 0.0],
        );
        assert_eq!(head.classes(), 3);
        assert_eq!(head.bias(), [0.0; 3]);
    }
}

//! The classifier, and gradients of it that are written out.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::layers::{Init, Linear, Spread};
use crate::weights::numbers;

/// A hidden layer and a logit.
#[derive(Module, Debug)]
pub(super) struct Net {
    pub(super) hidden: Linear,
    pub(super) output: Linear,
}

/// What a batch leaves in the network, for gradients.
pub(super) struct Pass {
    input: Tensor<2>,
    /// By what hidden outputs before the ramp were multiplied.
    open: Tensor<2>,
    hidden: Tensor<2>,
    pub(super) logits: Tensor<2>,
}

/// The slope of a loss in every weight.
pub(super) struct Gradient {
    pub(super) hidden: (Tensor<2>, Tensor<1>),
    pub(super) output: (Tensor<2>, Tensor<1>),
}

impl Net {
    pub(super) fn new([features, units]: [usize; 2], init: &Init<'_>) -> Self {
        Self {
            hidden: Linear::new(&init.child("hidden"), [features, units], Spread::Glorot),
            output: Linear::new(&init.child("output"), [units, 1], Spread::Glorot),
        }
    }

    pub(super) fn forward(&self, input: Tensor<2>, mask: Option<Tensor<2>>) -> Pass {
        let before = self.hidden.forward(input.clone());
        let mut open = before.clone().greater_elem(0.0).float();
        if let Some(mask) = mask {
            open = open * mask;
        }
        let hidden = before * open.clone();
        Pass {
            input,
            open,
            logits: self.output.forward(hidden.clone()),
            hidden,
        }
    }
}

impl Pass {
    /// The gradient of a loss with these slopes in the logits, `(n, 1)`.
    ///
    /// Written out, since both losses share a pass, and the tensor library forgets a pass with its first gradient.
    pub(super) fn backward(&self, net: &Net, slopes: Tensor<2>) -> Gradient {
        let hidden = slopes.clone().matmul(net.output.weight.val()) * self.open.clone();
        let bias = |slopes: Tensor<2>| slopes.sum_dim(0).squeeze_dim::<1>(0);
        Gradient {
            hidden: (
                hidden.clone().transpose().matmul(self.input.clone()),
                bias(hidden),
            ),
            output: (
                slopes.clone().transpose().matmul(self.hidden.clone()),
                bias(slopes),
            ),
        }
    }
}

impl Gradient {
    /// Scalar products with another gradient, tensor by tensor.
    pub(super) fn products(&self, other: &Self) -> [f64; 4] {
        fn product<const D: usize>(one: &Tensor<D>, other: &Tensor<D>) -> f64 {
            numbers(one.clone())
                .into_iter()
                .zip(numbers(other.clone()))
                .map(|(one, other)| f64::from(one) * f64::from(other))
                .sum()
        }
        [
            product(&self.hidden.0, &other.hidden.0),
            product(&self.hidden.1, &other.hidden.1),
            product(&self.output.0, &other.output.0),
            product(&self.output.1, &other.output.1),
        ]
    }

    /// Takes off so much of another gradient, tensor by tensor.
    pub(super) fn less(self, other: Self, factors: [f64; 4]) -> Self {
        Self {
            hidden: (
                self.hidden.0 - other.hidden.0 * factors[0],
                self.hidden.1 - other.hidden.1 * factors[1],
            ),
            output: (
                self.output.0 - other.output.0 * factors[2],
                self.output.1 - other.output.1 * factors[3],
            ),
        }
    }

    /// As the optimizer takes it.
    pub(super) fn of(self, net: &Net) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        for (layer, (weight, bias)) in [(&net.hidden, self.hidden), (&net.output, self.output)] {
            gradients.register(layer.weight.id, weight);
            if let Some(id) = layer.bias.as_ref().map(|bias: &Param<Tensor<1>>| bias.id) {
                gradients.register(id, bias);
            }
        }
        gradients
    }
}

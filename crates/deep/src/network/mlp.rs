use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::layers::{Init, Linear, Spread};

/// Dense layers with ReLU.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    hidden: Vec<Linear>,
}

impl Mlp {
    pub(crate) fn new(init: &Init<'_>, columns: usize, hidden: &[usize]) -> Self {
        let init = init.child("hidden");
        let inputs = std::iter::once(columns).chain(hidden.iter().copied());
        let layer = |(place, (inputs, &outputs)): (usize, (usize, &usize))| {
            Linear::new(&init.child(place), [inputs, outputs], Spread::Uniform)
        };
        Self {
            hidden: inputs.zip(hidden).enumerate().map(layer).collect(),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        self.hidden
            .iter()
            .fold(input, |input, layer| relu(layer.forward(input)))
    }
}

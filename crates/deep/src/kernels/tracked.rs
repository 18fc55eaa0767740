//! The same operations, recorded for their gradients.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use super::{Activation, KernelGradients, Kernels, Movement, Normalised};

type Recorded<B, C> = FloatTensor<Autodiff<B, C>>;

/// A convolution of an input and weights, and a bias where `N` is 3.
#[derive(Debug)]
struct Convolution;

/// A transposed convolution of an input, weights and a bias.
#[derive(Debug)]
struct Transposed;

/// A normalisation of an input with weights and a bias, and a residual where `N` is 4.
#[derive(Debug)]
struct Normalisation;

/// Input and weights of a convolution, and how it moved.
#[derive(Debug, Clone)]
struct Convolved {
    input: NodeId,
    weight: NodeId,
    movement: Movement,
}

fn size<B: burn::backend::Backend>(tensor: &FloatTensor<B>) -> [usize; 2] {
    let shape = tensor.shape();
    [shape[2], shape[3]]
}

impl<B: Kernels + KernelGradients, const N: usize> Backward<B, N> for Convolution {
    type State = Convolved;

    fn backward(self, ops: Ops<Convolved, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let state = ops.state;
        let input = checkpointer.retrieve_node_output::<FloatTensor<B>>(state.input);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(state.weight);
        let (pixels, kernel) = (size::<B>(&input), size::<B>(&weight));
        if let Some(node) = &ops.parents[0] {
            let by = B::by_input(gradient.clone(), weight, state.movement, pixels);
            gradients.register::<B>(node.id, by);
        }
        if let Some(node) = &ops.parents[1] {
            let by = B::by_weight(input, gradient.clone(), state.movement, kernel);
            gradients.register::<B>(node.id, by);
        }
        if let Some(Some(node)) = ops.parents.get(2) {
            gradients.register::<B>(node.id, B::by_bias(gradient));
        }
    }
}

impl<B: Kernels + KernelGradients> Backward<B, 3> for Transposed {
    type State = Convolved;

    fn backward(self, ops: Ops<Convolved, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let state = ops.state;
        let input = checkpointer.retrieve_node_output::<FloatTensor<B>>(state.input);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(state.weight);
        let kernel = size::<B>(&weight);
        let [by_input, by_weight, by_bias] = &ops.parents;
        if let Some(node) = by_input {
            let by = B::convolution(gradient.clone(), weight, state.movement);
            gradients.register::<B>(node.id, by);
        }
        if let Some(node) = by_weight {
            let by = B::by_weight(gradient.clone(), input, state.movement, kernel);
            gradients.register::<B>(node.id, by);
        }
        if let Some(node) = by_bias {
            gradients.register::<B>(node.id, B::by_bias(gradient));
        }
    }
}

/// What a normalisation keeps for its gradients.
#[derive(Debug, Clone)]
struct Kept<T> {
    input: NodeId,
    weight: NodeId,
    mean: T,
    variance: T,
    /// Absent where there was no activation.
    output: Option<T>,
    activation: Activation,
    epsilon: f64,
}

impl<B: Kernels + KernelGradients, const N: usize> Backward<B, N> for Normalisation {
    type State = Kept<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let state = ops.state;
        let given = Normalised {
            input: checkpointer.retrieve_node_output::<FloatTensor<B>>(state.input),
            weight: checkpointer.retrieve_node_output::<FloatTensor<B>>(state.weight),
            mean: state.mean,
            variance: state.variance,
            output: state.output,
            activation: state.activation,
            epsilon: state.epsilon,
        };
        let by = B::of_normalisation(given, gradient);
        for (node, by) in ops.parents.iter().zip(by) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, by);
            }
        }
    }
}

/// The logarithms themselves are kept.
#[derive(Debug)]
struct Softmax;

impl<B: Kernels + KernelGradients> Backward<B, 1> for Softmax {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        if let [Some(node)] = &ops.parents {
            gradients.register::<B>(node.id, B::of_softmax(ops.state, gradient));
        }
    }
}

impl<B: Kernels + KernelGradients, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn logs_of_softmax(logits: Recorded<B, C>) -> Recorded<B, C> {
        let prepared = Softmax.prepare::<C>([logits.node()]).compute_bound().stateful();
        let logs = B::logs_of_softmax(logits.into_primitive());
        match prepared {
            OpsKind::Tracked(prep) => prep.finish(logs.clone(), logs),
            OpsKind::UnTracked(prep) => prep.finish(logs),
        }
    }

    fn convolution(input: Recorded<B, C>, weight: Recorded<B, C>, movement: Movement) -> Recorded<B, C> {
        match Convolution
            .prepare::<C>([input.node(), weight.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = Convolved {
                    input: prep.checkpoint(&input),
                    weight: prep.checkpoint(&weight),
                    movement,
                };
                let output = B::convolution(input.into_primitive(), weight.into_primitive(), movement);
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::convolution(
                input.into_primitive(),
                weight.into_primitive(),
                movement,
            )),
        }
    }

    fn convolution_with_bias(
        input: Recorded<B, C>,
        weight: Recorded<B, C>,
        bias: Recorded<B, C>,
        movement: Movement,
    ) -> Recorded<B, C> {
        match Convolution
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = Convolved {
                    input: prep.checkpoint(&input),
                    weight: prep.checkpoint(&weight),
                    movement,
                };
                let output = B::convolution_with_bias(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    movement,
                );
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::convolution_with_bias(
                input.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                movement,
            )),
        }
    }

    fn transposed_convolution(
        input: Recorded<B, C>,
        weight: Recorded<B, C>,
        bias: Recorded<B, C>,
        movement: Movement,
        size: [usize; 2],
    ) -> Recorded<B, C> {
        match Transposed
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let state = Convolved {
                    input: prep.checkpoint(&input),
                    weight: prep.checkpoint(&weight),
                    movement,
                };
                let output = B::transposed_convolution(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    movement,
                    size,
                );
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::transposed_convolution(
                input.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                movement,
                size,
            )),
        }
    }

    fn normalisation(
        input: Recorded<B, C>,
        weight: Recorded<B, C>,
        bias: Recorded<B, C>,
        epsilon: f64,
        activation: Activation,
    ) -> (Recorded<B, C>, Recorded<B, C>, Recorded<B, C>) {
        let nodes = [input.node(), weight.node(), bias.node()];
        match Normalisation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let (input_id, weight_id) = (prep.checkpoint(&input), prep.checkpoint(&weight));
                let (output, mean, variance) = B::normalisation(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    epsilon,
                    activation,
                );
                let state = Kept {
                    input: input_id,
                    weight: weight_id,
                    mean: mean.clone(),
                    variance: variance.clone(),
                    output: (activation != Activation::Identity).then(|| output.clone()),
                    activation,
                    epsilon,
                };
                let output = prep.finish(state, output);
                (
                    output,
                    Recorded::<B, C>::new(mean),
                    Recorded::<B, C>::new(variance),
                )
            }
            OpsKind::UnTracked(prep) => {
                let (output, mean, variance) = B::normalisation(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    epsilon,
                    activation,
                );
                let output = prep.finish(output);
                (
                    output,
                    Recorded::<B, C>::new(mean),
                    Recorded::<B, C>::new(variance),
                )
            }
        }
    }

    fn normalisation_with_residual(
        input: Recorded<B, C>,
        weight: Recorded<B, C>,
        bias: Recorded<B, C>,
        residual: Recorded<B, C>,
        epsilon: f64,
        activation: Activation,
    ) -> (Recorded<B, C>, Recorded<B, C>, Recorded<B, C>) {
        let nodes = [input.node(), weight.node(), bias.node(), residual.node()];
        match Normalisation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let (input_id, weight_id) = (prep.checkpoint(&input), prep.checkpoint(&weight));
                let (output, mean, variance) = B::normalisation_with_residual(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    residual.into_primitive(),
                    epsilon,
                    activation,
                );
                let state = Kept {
                    input: input_id,
                    weight: weight_id,
                    mean: mean.clone(),
                    variance: variance.clone(),
                    output: (activation != Activation::Identity).then(|| output.clone()),
                    activation,
                    epsilon,
                };
                let output = prep.finish(state, output);
                (
                    output,
                    Recorded::<B, C>::new(mean),
                    Recorded::<B, C>::new(variance),
                )
            }
            OpsKind::UnTracked(prep) => {
                let (output, mean, variance) = B::normalisation_with_residual(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    residual.into_primitive(),
                    epsilon,
                    activation,
                );
                let output = prep.finish(output);
                (
                    output,
                    Recorded::<B, C>::new(mean),
                    Recorded::<B, C>::new(variance),
                )
            }
        }
    }
}

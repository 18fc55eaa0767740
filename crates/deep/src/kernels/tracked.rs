//! The same operations, recorded for their gradients.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use super::{Activation, KernelGradients, Kernels, Movement, Normalised};

/// The same for every strategy of checkpoints.
type Recorded<B> = FloatTensor<Autodiff<B>>;

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

/// Records an operation of `parents`, the first two of which are read again for its gradients.
fn recorded<B, C, O, const N: usize>(
    operation: O,
    parents: [&Recorded<B>; N],
    movement: Movement,
    output: FloatTensor<B>,
) -> Recorded<B>
where
    B: Kernels + KernelGradients,
    C: CheckpointStrategy,
    O: Backward<B, N, State = Convolved>,
{
    let prepared = operation.prepare::<C>(parents.map(Recorded::<B>::node));
    match prepared.compute_bound().stateful() {
        OpsKind::Tracked(mut prep) => {
            let state = Convolved {
                input: prep.checkpoint(parents[0]),
                weight: prep.checkpoint(parents[1]),
                movement,
            };
            prep.finish(state, output)
        }
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

/// The same for a normalisation, which has mean and variance beside its output.
fn recorded_with_moments<B, C, const N: usize>(
    parents: [&Recorded<B>; N],
    (epsilon, activation): (f64, Activation),
    (output, mean, variance): (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>),
) -> (Recorded<B>, Recorded<B>, Recorded<B>)
where
    B: Kernels + KernelGradients,
    C: CheckpointStrategy,
{
    let prepared = Normalisation.prepare::<C>(parents.map(Recorded::<B>::node));
    let output = match prepared.compute_bound().stateful() {
        OpsKind::Tracked(mut prep) => {
            let state = Kept {
                input: prep.checkpoint(parents[0]),
                weight: prep.checkpoint(parents[1]),
                mean: mean.clone(),
                variance: variance.clone(),
                output: (activation != Activation::Identity).then(|| output.clone()),
                activation,
                epsilon,
            };
            prep.finish(state, output)
        }
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    (output, Recorded::<B>::new(mean), Recorded::<B>::new(variance))
}

/// The numbers of a tensor, without its history.
fn plain<B: burn::backend::Backend>(tensor: &Recorded<B>) -> FloatTensor<B> {
    tensor.clone().into_primitive()
}

impl<B: Kernels + KernelGradients, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn logs_of_softmax(logits: Recorded<B>) -> Recorded<B> {
        let prepared = Softmax.prepare::<C>([logits.node()]).compute_bound().stateful();
        let logs = B::logs_of_softmax(logits.into_primitive());
        match prepared {
            OpsKind::Tracked(prep) => prep.finish(logs.clone(), logs),
            OpsKind::UnTracked(prep) => prep.finish(logs),
        }
    }

    fn convolution(input: Recorded<B>, weight: Recorded<B>, movement: Movement) -> Recorded<B> {
        let output = B::convolution(plain::<B>(&input), plain::<B>(&weight), movement);
        recorded::<B, C, _, _>(Convolution, [&input, &weight], movement, output)
    }

    fn convolution_with_bias(
        input: Recorded<B>,
        weight: Recorded<B>,
        bias: Recorded<B>,
        movement: Movement,
    ) -> Recorded<B> {
        let output = B::convolution_with_bias(
            plain::<B>(&input),
            plain::<B>(&weight),
            plain::<B>(&bias),
            movement,
        );
        recorded::<B, C, _, _>(Convolution, [&input, &weight, &bias], movement, output)
    }

    fn transposed_convolution(
        input: Recorded<B>,
        weight: Recorded<B>,
        bias: Recorded<B>,
        movement: Movement,
        size: [usize; 2],
    ) -> Recorded<B> {
        let output = B::transposed_convolution(
            plain::<B>(&input),
            plain::<B>(&weight),
            plain::<B>(&bias),
            movement,
            size,
        );
        recorded::<B, C, _, _>(Transposed, [&input, &weight, &bias], movement, output)
    }

    fn normalisation(
        input: Recorded<B>,
        weight: Recorded<B>,
        bias: Recorded<B>,
        epsilon: f64,
        activation: Activation,
    ) -> (Recorded<B>, Recorded<B>, Recorded<B>) {
        let made = B::normalisation(
            plain::<B>(&input),
            plain::<B>(&weight),
            plain::<B>(&bias),
            epsilon,
            activation,
        );
        recorded_with_moments::<B, C, _>([&input, &weight, &bias], (epsilon, activation), made)
    }

    fn normalisation_with_residual(
        input: Recorded<B>,
        weight: Recorded<B>,
        bias: Recorded<B>,
        residual: Recorded<B>,
        epsilon: f64,
        activation: Activation,
    ) -> (Recorded<B>, Recorded<B>, Recorded<B>) {
        let made = B::normalisation_with_residual(
            plain::<B>(&input),
            plain::<B>(&weight),
            plain::<B>(&bias),
            plain::<B>(&residual),
            epsilon,
            activation,
        );
        let parents = [&input, &weight, &bias, &residual];
        recorded_with_moments::<B, C, _>(parents, (epsilon, activation), made)
    }
}

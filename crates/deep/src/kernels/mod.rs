//! Operations of networks with kernels of our own: all of them on the processor, and some on graphics cards.

#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod card;
mod flex;
mod kept;
#[cfg(test)]
mod tests;
mod tracked;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Device, Tensor};
pub(crate) use counterpoise_kernels::Activation;
use counterpoise_kernels::{Adam, Sgd};
pub(crate) use kept::GivesBack;

/// How a kernel moves over a picture, lines and columns alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

/// Operations that have kernels of our own.
#[backend_extension(Flex, Cube: cfg(any(feature = "wgpu", feature = "cuda")), Autodiff)]
pub(crate) trait Kernels: Backend {
    /// `weight` is `(outputs, inputs, lines, columns)`.
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        movement: Movement,
    ) -> FloatTensor<Self>;

    /// The same, and a number added to every channel.
    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        movement: Movement,
    ) -> FloatTensor<Self>;

    /// `weight` is `(inputs, outputs, lines, columns)`; what comes out has `size` lines and columns.
    fn transposed_convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        movement: Movement,
        size: [usize; 2],
    ) -> FloatTensor<Self>;

    /// Normalised by mean and biased variance of every channel, which come out too; `activation` stands behind.
    fn normalisation(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same with `residual` added before the activation.
    fn normalisation_with_residual(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Logarithms of softmax over classes; `logits` are `(n, classes)`.
    fn logs_of_softmax(logits: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Operations of networks that are trained, which nobody asks for gradients of.
#[backend_extension(Flex, Cube: cfg(any(feature = "wgpu", feature = "cuda")))]
pub(crate) trait TrainedKernels: Backend {
    /// Normalised by means and variances that were learnt.
    fn normalisation_by(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// The same with `residual` added before the activation.
    #[allow(clippy::too_many_arguments, reason = "they are the numbers of the formula")]
    fn normalisation_with_residual_by(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

/// Steps of optimizers, on the processor alone.
#[backend_extension(Flex)]
pub(crate) trait StepKernels: Backend {
    /// New weights and velocity.
    fn sgd(
        how: Sgd,
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        velocity: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// New weights, first and second moment.
    fn adam(
        how: Adam,
        time: usize,
        weights: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Gradients of these operations, on a backend that does not record them.
pub(crate) trait KernelGradients: Backend {
    /// Of a convolution by its input, which has `size` lines and columns.
    fn by_input(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        movement: Movement,
        size: [usize; 2],
    ) -> FloatTensor<Self>;

    /// Of a convolution by its weights, which have `kernel` lines and columns.
    fn by_weight(
        input: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        movement: Movement,
        kernel: [usize; 2],
    ) -> FloatTensor<Self>;

    /// Of a number that is added to every channel.
    fn by_bias(gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Of [`Kernels::logs_of_softmax`], from what it returned.
    fn of_softmax(logs: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Of a normalisation by input, weight, bias and what was added.
    fn of_normalisation(given: Normalised<Self>, gradient: FloatTensor<Self>) -> [FloatTensor<Self>; 4];
}

/// What a normalisation leaves for its gradients.
pub(crate) struct Normalised<B: Backend> {
    pub(crate) input: FloatTensor<B>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) mean: FloatTensor<B>,
    pub(crate) variance: FloatTensor<B>,
    /// Absent where there was no activation.
    pub(crate) output: Option<FloatTensor<B>>,
    pub(crate) activation: Activation,
    pub(crate) epsilon: f64,
}

/// A convolution.
pub(crate) fn convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    movement: Movement,
) -> Tensor<4> {
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::convolution_with_bias(input, weight, bias.into_dispatch(), movement),
        None => Dispatch::convolution(input, weight, movement),
    })
}

/// A transposed convolution.
pub(crate) fn transposed_convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    movement: Movement,
    size: [usize; 2],
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::transposed_convolution(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        movement,
        size,
    ))
}

/// What a normalisation makes of a batch.
pub(crate) struct OfBatch {
    pub(crate) output: Tensor<4>,
    pub(crate) mean: Tensor<1>,
    pub(crate) variance: Tensor<1>,
}

/// A normalisation by the moments of the batch itself.
pub(crate) fn normalisation(
    input: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    residual: Option<Tensor<4>>,
    epsilon: f64,
    activation: Activation,
) -> OfBatch {
    let [weight, bias] = [weight, bias].map(Tensor::into_dispatch);
    let input = input.into_dispatch();
    let (output, mean, variance) = match residual {
        Some(residual) => {
            let residual = residual.into_dispatch();
            Dispatch::normalisation_with_residual(input, weight, bias, residual, epsilon, activation)
        }
        None => Dispatch::normalisation(input, weight, bias, epsilon, activation),
    };
    OfBatch {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// Logarithms of softmax over classes, of `(n, classes)`.
pub(crate) fn log_softmax(logits: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::logs_of_softmax(logits.into_dispatch()))
}

/// A normalisation by means and variances that were learnt.
pub(crate) fn normalisation_by(
    input: Tensor<4>,
    [weight, bias, mean, variance]: [Tensor<1>; 4],
    residual: Option<Tensor<4>>,
    epsilon: f64,
    activation: Activation,
) -> Tensor<4> {
    let [weight, bias, mean, variance] = [weight, bias, mean, variance].map(Tensor::into_dispatch);
    let input = input.into_dispatch();
    Tensor::from_dispatch(match residual {
        Some(residual) => {
            let residual = residual.into_dispatch();
            Dispatch::normalisation_with_residual_by(
                input, weight, bias, mean, variance, residual, epsilon, activation,
            )
        }
        None => Dispatch::normalisation_by(input, weight, bias, mean, variance, epsilon, activation),
    })
}

/// Whether a device has the steps of optimizers, which are the processor's.
pub(crate) fn are_for(device: &Device) -> bool {
    *device == Device::flex()
}

/// New weights and velocity, on the processor.
pub(crate) fn sgd<const D: usize>(
    how: Sgd,
    weights: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Tensor<D>,
) -> (Tensor<D>, Tensor<D>) {
    let [weights, gradient, velocity] = [weights, gradient, velocity].map(Tensor::into_dispatch);
    let (weights, velocity) = Dispatch::sgd(how, weights, gradient, velocity);
    (Tensor::from_dispatch(weights), Tensor::from_dispatch(velocity))
}

/// New weights and moments, on the processor.
pub(crate) fn adam<const D: usize>(
    how: Adam,
    time: usize,
    weights: Tensor<D>,
    gradient: Tensor<D>,
    moments: [Tensor<D>; 2],
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let [first, second] = moments.map(Tensor::into_dispatch);
    let (weights, first, second) = Dispatch::adam(
        how,
        time,
        weights.into_dispatch(),
        gradient.into_dispatch(),
        first,
        second,
    );
    (
        Tensor::from_dispatch(weights),
        Tensor::from_dispatch(first),
        Tensor::from_dispatch(second),
    )
}

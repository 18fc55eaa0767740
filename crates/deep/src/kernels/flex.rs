//! On the processor.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use counterpoise_kernels::{
    Activation, Adam, After, ConvShape, Gradients, Level, Moments, Planes, Sgd, bias_gradient, convolve,
    log_softmax, log_softmax_gradient, moments, normalise, normalise_gradients, spread, weight_gradient,
};

use super::kept::Room;
use super::{KernelGradients, Kernels, Movement, Normalised, StepKernels, TrainedKernels};

type Flexible = FloatTensor<Flex>;

fn made<const D: usize>(room: Room, shape: [usize; D], like: &Flexible) -> Flexible {
    Flex::float_from_data(room.into_data(shape), &like.device())
}

fn made_like(room: Room, like: &Flexible) -> Flexible {
    Flex::float_from_data(room.into_data(like.shape()), &like.device())
}

fn made_of<const D: usize>(values: Vec<f32>, shape: [usize; D], like: &Flexible) -> Flexible {
    Flex::float_from_data(TensorData::new(values, shape), &like.device())
}

fn dims<const D: usize>(tensor: &Flexible) -> [usize; D] {
    let shape = tensor.shape();
    std::array::from_fn(|axis| shape[axis])
}

fn shape_of(
    batch: usize,
    channels: [usize; 2],
    input: [usize; 2],
    kernel: [usize; 2],
    movement: Movement,
) -> ConvShape {
    let Movement { stride, padding } = movement;
    ConvShape::new(batch, channels, input, kernel, [stride; 2], [padding; 2])
        .expect("sizes of networks are checked when they are made")
}

fn convolved(input: &Flexible, weight: &Flexible, bias: Option<&Flexible>, movement: Movement) -> Flexible {
    let ([batch, inputs, lines, columns], [outputs, _, kernel_lines, kernel_columns]) =
        (dims(input), dims(weight));
    let kernel = [kernel_lines, kernel_columns];
    let shape = shape_of(batch, [inputs, outputs], [lines, columns], kernel, movement);
    let mut written = Room::new(shape.output_len());
    let bias = bias.map(contiguous);
    convolve(
        Level::best(),
        &shape,
        contiguous(input).storage(),
        contiguous(weight).storage(),
        bias.as_ref().map(Flexible::storage),
        written.values(),
    );
    made(written, [batch, outputs, shape.output[0], shape.output[1]], input)
}

fn contiguous(tensor: &Flexible) -> Flexible {
    tensor.to_contiguous()
}

/// What the outputs of a convolution spread over its input.
fn distributed(
    outputs: &Flexible,
    weight: &Flexible,
    bias: Option<&Flexible>,
    movement: Movement,
    size: [usize; 2],
) -> Flexible {
    let ([batch, channels, ..], [_, inputs, kernel_lines, kernel_columns]) =
        (dims::<4>(outputs), dims(weight));
    let kernel = [kernel_lines, kernel_columns];
    let shape = shape_of(batch, [inputs, channels], size, kernel, movement);
    let mut written = Room::new(shape.input_len());
    let bias = bias.map(contiguous);
    spread(
        Level::best(),
        &shape,
        contiguous(outputs).storage(),
        contiguous(weight).storage(),
        bias.as_ref().map(Flexible::storage),
        written.values(),
    );
    made(written, [batch, inputs, size[0], size[1]], outputs)
}

fn planes_of(input: &Flexible) -> (Planes, [usize; 4]) {
    let size @ [batch, channels, lines, columns] = dims(input);
    let planes = Planes {
        batch,
        channels,
        pixels: lines * columns,
    };
    (planes, size)
}

/// Weight, bias and what is added, and what stands behind.
struct How<'a> {
    weight: &'a Flexible,
    bias: &'a Flexible,
    residual: Option<&'a Flexible>,
    epsilon: f64,
    activation: Activation,
}

fn normalised_by(input: &Flexible, found: &Moments, how: &How<'_>) -> Flexible {
    let (planes, size) = planes_of(input);
    let mut written = Room::new(planes.len());
    let residual = how.residual.map(contiguous);
    let after = After {
        residual: residual.as_ref().map(Flexible::storage),
        activation: how.activation,
    };
    normalise(
        Level::best(),
        planes,
        contiguous(input).storage(),
        found,
        contiguous(how.weight).storage(),
        contiguous(how.bias).storage(),
        how.epsilon,
        after,
        written.values(),
    );
    made(written, size, input)
}

fn normalised(input: &Flexible, how: &How<'_>) -> (Flexible, Flexible, Flexible) {
    let (planes, _) = planes_of(input);
    let input = contiguous(input);
    let found = moments(Level::best(), planes, input.storage());
    let output = normalised_by(&input, &found, how);
    let channels = [planes.channels];
    (
        output,
        made_of(found.mean, channels, &input),
        made_of(found.variance, channels, &input),
    )
}

fn moments_of(mean: &Flexible, variance: &Flexible) -> Moments {
    let values = |tensor: &Flexible| contiguous(tensor).storage().to_vec();
    Moments {
        mean: values(mean),
        variance: values(variance),
    }
}

impl TrainedKernels for Flex {
    fn normalisation_by(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        mean: Flexible,
        variance: Flexible,
        epsilon: f64,
        activation: Activation,
    ) -> Flexible {
        let how = How {
            weight: &weight,
            bias: &bias,
            residual: None,
            epsilon,
            activation,
        };
        normalised_by(&input, &moments_of(&mean, &variance), &how)
    }

    fn normalisation_with_residual_by(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        mean: Flexible,
        variance: Flexible,
        residual: Flexible,
        epsilon: f64,
        activation: Activation,
    ) -> Flexible {
        let how = How {
            weight: &weight,
            bias: &bias,
            residual: Some(&residual),
            epsilon,
            activation,
        };
        normalised_by(&input, &moments_of(&mean, &variance), &how)
    }
}

impl Kernels for Flex {
    fn logs_of_softmax(logits: Flexible) -> Flexible {
        let [rows, classes] = dims(&logits);
        let logits = logits.to_contiguous();
        let mut written = Room::new(rows * classes);
        log_softmax(classes, logits.storage(), written.values());
        made(written, [rows, classes], &logits)
    }

    fn convolution(input: Flexible, weight: Flexible, movement: Movement) -> Flexible {
        convolved(&input, &weight, None, movement)
    }

    fn convolution_with_bias(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        movement: Movement,
    ) -> Flexible {
        convolved(&input, &weight, Some(&bias), movement)
    }

    fn transposed_convolution(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        movement: Movement,
        size: [usize; 2],
    ) -> Flexible {
        distributed(&input, &weight, Some(&bias), movement, size)
    }

    fn normalisation(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        epsilon: f64,
        activation: Activation,
    ) -> (Flexible, Flexible, Flexible) {
        normalised(
            &input,
            &How {
                weight: &weight,
                bias: &bias,
                residual: None,
                epsilon,
                activation,
            },
        )
    }

    fn normalisation_with_residual(
        input: Flexible,
        weight: Flexible,
        bias: Flexible,
        residual: Flexible,
        epsilon: f64,
        activation: Activation,
    ) -> (Flexible, Flexible, Flexible) {
        normalised(
            &input,
            &How {
                weight: &weight,
                bias: &bias,
                residual: Some(&residual),
                epsilon,
                activation,
            },
        )
    }
}

impl KernelGradients for Flex {
    fn of_softmax(logs: Flexible, gradient: Flexible) -> Flexible {
        let [rows, classes] = dims(&logs);
        let [logs, gradient] = [logs, gradient].map(|tensor| tensor.to_contiguous());
        let mut written = Room::new(rows * classes);
        log_softmax_gradient(classes, logs.storage(), gradient.storage(), written.values());
        made(written, [rows, classes], &logs)
    }

    fn by_input(gradient: Flexible, weight: Flexible, movement: Movement, size: [usize; 2]) -> Flexible {
        distributed(&gradient, &weight, None, movement, size)
    }

    fn by_weight(input: Flexible, gradient: Flexible, movement: Movement, kernel: [usize; 2]) -> Flexible {
        let ([batch, inputs, lines, columns], [_, outputs, ..]) = (dims(&input), dims::<4>(&gradient));
        let shape = shape_of(batch, [inputs, outputs], [lines, columns], kernel, movement);
        let mut written = Room::new(shape.weight_len());
        weight_gradient(
            Level::best(),
            &shape,
            contiguous(&input).storage(),
            contiguous(&gradient).storage(),
            written.values(),
        );
        made(written, [outputs, inputs, kernel[0], kernel[1]], &input)
    }

    fn by_bias(gradient: Flexible) -> Flexible {
        let [_, channels, lines, columns] = dims(&gradient);
        let mut written = Room::new(channels);
        let values = contiguous(&gradient);
        bias_gradient(channels, lines * columns, values.storage(), written.values());
        made(written, [channels], &gradient)
    }

    fn of_normalisation(given: Normalised<Self>, gradient: Flexible) -> [Flexible; 4] {
        let (planes, size) = planes_of(&given.input);
        let channels = planes.channels;
        let gradient = contiguous(&gradient);
        let output = given.output.as_ref().map(contiguous);
        let found = moments_of(&given.mean, &given.variance);
        let mut by = [planes.len(), channels, channels].map(Room::new);
        // Without activation it is the gradient itself.
        let mut by_residual = output.as_ref().map(|_| Room::new(planes.len()));
        let [by_input, by_weight, by_bias] = by.each_mut().map(Room::values);
        normalise_gradients(
            Level::best(),
            planes,
            contiguous(&given.input).storage(),
            &found,
            contiguous(&given.weight).storage(),
            given.epsilon,
            given.activation,
            output.as_ref().map_or(&[], |output| output.storage()),
            gradient.storage(),
            Gradients {
                input: by_input,
                residual: by_residual.as_mut().map(Room::values),
                weight: by_weight,
                bias: by_bias,
            },
        );
        let [by_input, by_weight, by_bias] = by;
        [
            made(by_input, size, &gradient),
            made(by_weight, [channels], &gradient),
            made(by_bias, [channels], &gradient),
            match by_residual {
                Some(values) => made(values, size, &gradient),
                None => gradient,
            },
        ]
    }
}

/// A tensor that nobody else looks at, so that its numbers may change.
fn own(tensor: Flexible) -> Flexible {
    let contiguous = tensor.to_contiguous();
    drop(tensor);
    if contiguous.is_unique() {
        return contiguous;
    }
    let values = contiguous.storage();
    let mut room = Room::new(values.len());
    room.values().copy_from_slice(values);
    made_like(room, &contiguous)
}

impl StepKernels for Flex {
    fn sgd(how: Sgd, weights: Flexible, gradient: Flexible, velocity: Flexible) -> (Flexible, Flexible) {
        let weights = weights.to_contiguous();
        let [mut written, mut velocity] = [gradient, velocity].map(own);
        how.step(
            Level::best(),
            weights.storage(),
            written.storage_mut(),
            velocity.storage_mut(),
        );
        (written, velocity)
    }

    fn adam(
        how: Adam,
        time: usize,
        weights: Flexible,
        gradient: Flexible,
        first: Flexible,
        second: Flexible,
    ) -> (Flexible, Flexible, Flexible) {
        let weights = weights.to_contiguous();
        let [mut written, mut first, mut second] = [gradient, first, second].map(own);
        how.step(
            Level::best(),
            time,
            weights.storage(),
            written.storage_mut(),
            [first.storage_mut(), second.storage_mut()],
        );
        (written, first, second)
    }
}

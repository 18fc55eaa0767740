//! On devices that have no kernels of ours: Burn's operations, with Burn's gradients.

use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm, batch_norm_train, conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor};

use super::{Movement, OfBatch};

/// Whether a tensor is on such a device.
pub(super) fn is_elsewhere<const D: usize>(tensor: &Tensor<D>) -> bool {
    cfg!(any(feature = "wgpu", feature = "cuda")) && tensor.device() != Device::flex()
}

pub(super) fn convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    Movement { stride, padding }: Movement,
) -> Tensor<4> {
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    conv2d(input, weight, bias, options)
}

pub(super) fn transposed_convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    Movement { stride, padding }: Movement,
    size: [usize; 2],
) -> Tensor<4> {
    let ([_, _, lines, columns], [_, _, kernel_lines, kernel_columns]) = (input.dims(), weight.dims());
    // What the stride leaves open.
    let extra = |before: usize, kernel: usize, after: usize| {
        after + 2 * padding - ((before - 1) * stride + kernel)
    };
    let extra = [
        extra(lines, kernel_lines, size[0]),
        extra(columns, kernel_columns, size[1]),
    ];
    let options = ConvTransposeOptions::new([stride; 2], [padding; 2], extra, [1; 2], 1);
    conv_transpose2d(input, weight, Some(bias), options)
}

fn finished(output: Tensor<4>, residual: Option<Tensor<4>>, rectifies: bool) -> Tensor<4> {
    let output = match residual {
        Some(residual) => output + residual,
        None => output,
    };
    if rectifies { relu(output) } else { output }
}

pub(super) fn normalisation(
    input: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    residual: Option<Tensor<4>>,
    epsilon: f64,
    rectifies: bool,
) -> OfBatch {
    let found = batch_norm_train(input, weight, bias, epsilon);
    OfBatch {
        output: finished(found.output, residual, rectifies),
        mean: found.mean,
        variance: found.variance,
    }
}

pub(super) fn normalisation_by(
    input: Tensor<4>,
    [weight, bias, mean, variance]: [Tensor<1>; 4],
    residual: Option<Tensor<4>>,
    epsilon: f64,
    rectifies: bool,
) -> Tensor<4> {
    let output = batch_norm(input, weight, bias, mean, variance, epsilon);
    finished(output, residual, rectifies)
}

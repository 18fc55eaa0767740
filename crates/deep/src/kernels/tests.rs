//! Every operation beside Burn's own, with its gradients.

use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm, batch_norm_train, conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::Seed;

use super::{Movement, convolution, normalisation, normalisation_by, transposed_convolution};
use crate::DeviceKind;

fn device() -> Device {
    // What is built for cards is tested on one.
    let kind = if DeviceKind::Gpu.is_built() {
        DeviceKind::Gpu
    } else {
        DeviceKind::Cpu
    };
    kind.open().expect("it is there").autodiff()
}

fn random<const D: usize>(name: &str, shape: [usize; D]) -> Tensor<D> {
    let mut random = Seed::new(3).child(name).rng();
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| random.normal() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device()).require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("they are f32")
}

#[track_caller]
fn near(ours: &[f32], theirs: &[f32], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let off = (ours - theirs).abs();
        assert!(
            off <= 2e-4 * (1.0 + theirs.abs()),
            "{what}, {place}: {ours} is not {theirs}"
        );
    }
}

/// The gradients of a weighted sum of what `with` makes of three inputs, behind that itself.
fn all<const A: usize, const B: usize>(
    inputs: (Tensor<4>, Tensor<A>, Tensor<B>),
    with: impl FnOnce(Tensor<4>, Tensor<A>, Tensor<B>) -> Tensor<4>,
) -> [Vec<f32>; 4] {
    let output = with(inputs.0.clone(), inputs.1.clone(), inputs.2.clone());
    let weights = random("weights of the sum", output.dims()).detach();
    let gradients = (output.clone() * weights).sum().backward();
    let none = "it has a gradient";
    [
        numbers(output),
        numbers(inputs.0.grad(&gradients).expect(none)),
        numbers(inputs.1.grad(&gradients).expect(none)),
        numbers(inputs.2.grad(&gradients).expect(none)),
    ]
}

const NAMES: [&str; 4] = ["output", "first gradient", "second gradient", "third gradient"];

#[test]
fn convolutions_are_those_of_burn() {
    for (batch, channels, size, kernel, stride, padding) in [
        (3, [3, 16], [8, 8], 3, 1, 1),
        (5, [7, 9], [9, 6], 3, 2, 1),
        (2, [4, 6], [12, 12], 4, 2, 1),
        (1, [1, 6], [14, 14], 5, 1, 2),
        (4, [6, 8], [7, 7], 1, 2, 0),
    ] {
        let inputs = || {
            (
                random("input", [batch, channels[0], size[0], size[1]]),
                random("weight", [channels[1], channels[0], kernel, kernel]),
                random("bias", [channels[1]]),
            )
        };
        let movement = Movement { stride, padding };
        let ours = all(inputs(), |input, weight, bias| {
            convolution(input, weight, Some(bias), movement)
        });
        let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
        let theirs = all(inputs(), |input, weight, bias| {
            conv2d(input, weight, Some(bias), options)
        });
        for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
            near(
                ours,
                theirs,
                &format!("{name} of {channels:?}, kernel {kernel}, stride {stride}"),
            );
        }
    }
}

#[test]
fn transposed_convolutions_are_those_of_burn() {
    for (batch, channels, size, kernel, stride, padding, extra) in [
        (3, [8, 5], [4, 4], 4, 2, 1, 0),
        (2, [6, 1], [7, 5], 4, 2, 1, 1),
        (2, [3, 4], [6, 6], 4, 1, 0, 0),
        (1, [2, 3], [3, 4], 3, 3, 0, 2),
    ] {
        let inputs = || {
            (
                random("input", [batch, channels[0], size[0], size[1]]),
                random("weight", [channels[0], channels[1], kernel, kernel]),
                random("bias", [channels[1]]),
            )
        };
        let out = size.map(|lines| (lines - 1) * stride + kernel - 2 * padding + extra);
        let movement = Movement { stride, padding };
        let ours = all(inputs(), |input, weight, bias| {
            transposed_convolution(input, weight, bias, movement, out)
        });
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], [extra; 2], [1; 2], 1);
        let theirs = all(inputs(), |input, weight, bias| {
            conv_transpose2d(input, weight, Some(bias), options)
        });
        for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
            near(
                ours,
                theirs,
                &format!("{name} of {channels:?}, kernel {kernel}, stride {stride}"),
            );
        }
    }
}

#[test]
fn normalisations_are_those_of_burn() {
    const EPSILON: f64 = 1e-5;
    for size in [[4, 3, 5, 7], [2, 5, 1, 1], [3, 2, 8, 8]] {
        for rectifies in [false, true] {
            let inputs = || {
                let channels = [size[1]];
                let input = random("input", size) * 3.0 + 2.0;
                (
                    input.detach().require_grad(),
                    random("weight", channels),
                    random("bias", channels),
                )
            };
            let residual = || random("residual", size);
            let last = |output: Tensor<4>| if rectifies { relu(output) } else { output };
            for added in [false, true] {
                let (own, other) = (residual(), residual());
                let ours = all(inputs(), |input, weight, bias| {
                    let residual = added.then(|| own.clone());
                    normalisation(input, [weight, bias], residual, EPSILON, rectifies).output
                });
                let theirs = all(inputs(), |input, weight, bias| {
                    let output = batch_norm_train(input, weight, bias, EPSILON).output;
                    last(if added { output + other.clone() } else { output })
                });
                for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
                    near(ours, theirs, &format!("{name} of {size:?}, {rectifies}, {added}"));
                }
                let (input, weight, bias) = inputs();
                let by = |residual: &Tensor<4>, ours: bool| {
                    let parts = [weight.clone(), bias.clone()];
                    let output = if ours {
                        normalisation(input.clone(), parts, Some(residual.clone()), EPSILON, rectifies).output
                    } else {
                        let [weight, bias] = parts;
                        let output = batch_norm_train(input.clone(), weight, bias, EPSILON).output;
                        last(output + residual.clone())
                    };
                    let weights = random("weights of the sum", size).detach();
                    let gradients = (output * weights).sum().backward();
                    numbers(residual.grad(&gradients).expect("it has a gradient"))
                };
                near(
                    &by(&own, true),
                    &by(&other, false),
                    &format!("residual of {size:?}"),
                );
            }
            let (input, weight, bias) = inputs();
            let learnt = [
                weight,
                bias,
                random("mean", [size[1]]),
                random("spread", [size[1]]).abs(),
            ];
            let learnt = learnt.map(Tensor::inner);
            let [weight, bias, mean, variance] = learnt.clone();
            let (input, more) = (input.inner(), residual().inner());
            let theirs = batch_norm(input.clone(), weight, bias, mean, variance, EPSILON);
            let ours = normalisation_by(input.clone(), learnt.clone(), None, EPSILON, rectifies);
            near(
                &numbers(ours),
                &numbers(last(theirs.clone())),
                "by what was learnt",
            );
            let ours = normalisation_by(input, learnt, Some(more.clone()), EPSILON, rectifies);
            near(
                &numbers(ours),
                &numbers(last(theirs + more)),
                "by what was learnt, and added",
            );
        }
    }
}

//! Every operation beside Burn's own, with its gradients.

use burn::tensor::activation::{leaky_relu, log_softmax, relu};
use burn::tensor::module::{batch_norm, batch_norm_train, conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::Seed;

use super::{Activation, Movement, convolution, normalisation, normalisation_by, transposed_convolution};
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
    inputs: &(Tensor<4>, Tensor<A>, Tensor<B>),
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
        let ours = all(&inputs(), |input, weight, bias| {
            convolution(input, weight, Some(bias), movement)
        });
        let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
        let theirs = all(&inputs(), |input, weight, bias| {
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
        let ours = all(&inputs(), |input, weight, bias| {
            transposed_convolution(input, weight, bias, movement, out)
        });
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], [extra; 2], [1; 2], 1);
        let theirs = all(&inputs(), |input, weight, bias| {
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
        for activation in [Activation::Identity, Activation::Relu, Activation::LeakyRelu(0.2)] {
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
            let last = |output: Tensor<4>| match activation {
                Activation::Identity => output,
                Activation::Relu => relu(output),
                Activation::LeakyRelu(slope) => leaky_relu(output, f64::from(slope)),
            };
            for added in [false, true] {
                let (own, other) = (residual(), residual());
                let ours = all(&inputs(), |input, weight, bias| {
                    let residual = added.then(|| own.clone());
                    normalisation(input, [weight, bias], residual, EPSILON, activation).output
                });
                let theirs = all(&inputs(), |input, weight, bias| {
                    let output = batch_norm_train(input, weight, bias, EPSILON).output;
                    last(if added { output + other.clone() } else { output })
                });
                for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
                    near(
                        ours,
                        theirs,
                        &format!("{name} of {size:?}, {activation:?}, {added}"),
                    );
                }
                let (input, weight, bias) = inputs();
                let by = |residual: &Tensor<4>, ours: bool| {
                    let parts = [weight.clone(), bias.clone()];
                    let output = if ours {
                        normalisation(input.clone(), parts, Some(residual.clone()), EPSILON, activation)
                            .output
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
            let ours = normalisation_by(input.clone(), learnt.clone(), None, EPSILON, activation);
            near(
                &numbers(ours),
                &numbers(last(theirs.clone())),
                "by what was learnt",
            );
            let ours = normalisation_by(input, learnt, Some(more.clone()), EPSILON, activation);
            near(
                &numbers(ours),
                &numbers(last(theirs + more)),
                "by what was learnt, and added",
            );
        }
    }
}

#[test]
fn logarithms_of_softmax_are_those_of_burn() {
    let by = |of: fn(Tensor<2>) -> Tensor<2>| {
        let logits = random("logits", [7, 5]);
        let logs = of(logits.clone());
        let weights = random("weights of the sum", [7, 5]).detach();
        let gradients = (logs.clone() * weights).sum().backward();
        [
            numbers(logs),
            numbers(logits.grad(&gradients).expect("it has a gradient")),
        ]
    };
    let (ours, theirs) = (by(super::log_softmax), by(|logits| log_softmax(logits, 1)));
    near(&ours[0], &theirs[0], "logarithms");
    near(&ours[1], &theirs[1], "gradient");
}

/// A copy of a tensor in which some numbers are not like others.
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn odd<const D: usize>(tensor: &Tensor<D>, values: &[f32]) -> Tensor<D> {
    let mut all = numbers(tensor.clone());
    let step = all.len() / values.len();
    for (place, value) in values.iter().enumerate() {
        all[place * step] = *value;
    }
    Tensor::from_data(TensorData::new(all, tensor.dims()), &device()).require_grad()
}

/// Numbers that are near, or of the same kind: not a number, or the same infinity.
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
#[track_caller]
fn alike(ours: &[f32], theirs: &[f32], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let near = (ours - theirs).abs() <= 2e-4 * (1.0 + theirs.abs());
        let kin = ours.is_nan() == theirs.is_nan() && (ours.is_finite() || ours.is_nan() || ours == theirs);
        assert!(
            near || (kin && !theirs.is_finite()),
            "{what}, {place}: {ours} is not {theirs}"
        );
    }
}

// Cards flush what is tiny and order comparisons as they like.
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
#[test]
fn numbers_that_are_none_infinite_or_tiny_go_the_way_of_burns() {
    let movement = Movement {
        stride: 1,
        padding: 0,
    };
    for some in [
        [f32::NAN, 1.0],
        [f32::INFINITY, 1.0],
        [f32::NEG_INFINITY, f32::INFINITY],
        [1e-40, -1e-42],
        [f32::MAX, f32::MIN_POSITIVE],
    ] {
        let inputs = || {
            (
                odd(&random("input", [2, 3, 6, 6]), &some),
                random("weight", [4, 3, 3, 3]),
                random("bias", [4]),
            )
        };
        let ours = all(&inputs(), |input, weight, bias| {
            convolution(input, weight, Some(bias), movement)
        });
        let options = ConvOptions::new([1; 2], [0; 2], [1; 2], 1);
        let theirs = all(&inputs(), |input, weight, bias| {
            conv2d(input, weight, Some(bias), options)
        });
        for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
            alike(ours, theirs, &format!("{name} of a convolution, {some:?}"));
        }
        let inputs = || {
            (
                odd(&random("input", [2, 3, 6, 6]), &some),
                random("weight", [3]),
                random("bias", [3]),
            )
        };
        let ours = all(&inputs(), |input, weight, bias| {
            normalisation(input, [weight, bias], None, 1e-5, Activation::Relu).output
        });
        let theirs = all(&inputs(), |input, weight, bias| {
            relu(batch_norm_train(input, weight, bias, 1e-5).output)
        });
        for ((ours, theirs), name) in ours.iter().zip(&theirs).zip(NAMES) {
            alike(ours, theirs, &format!("{name} of a normalisation, {some:?}"));
        }
    }
}

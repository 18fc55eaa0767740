//! Every kernel against the formula, written as loops, at sizes that are multiples of nothing.

use crate::{
    Activation, After, ConvShape, Gradients, Level, Planes, bias_gradient, convolve, moments, normalise,
    normalise_gradients, spread, weight_gradient,
};

/// Numbers between -1 and 1 that look like nothing in particular.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

pub(crate) fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| level.is_there()).collect()
}

/// Shapes of the networks of this project in small, and odd ones.
pub(crate) fn shapes() -> Vec<ConvShape> {
    let shape = |batch, channels, input, kernel, stride, padding| {
        ConvShape::new(batch, channels, input, kernel, stride, padding).expect("it fits")
    };
    vec![
        shape(3, [3, 16], [32, 32], [3, 3], [1, 1], [1, 1]),
        shape(2, [16, 16], [16, 16], [3, 3], [1, 1], [1, 1]),
        shape(5, [16, 32], [8, 8], [3, 3], [2, 2], [1, 1]),
        shape(7, [9, 17], [7, 7], [3, 3], [2, 2], [1, 1]),
        shape(2, [8, 24], [12, 12], [4, 4], [2, 2], [1, 1]),
        shape(9, [70, 80], [4, 4], [4, 4], [2, 2], [1, 1]),
        shape(4, [5, 6], [11, 9], [5, 5], [1, 1], [0, 0]),
        shape(1, [1, 1], [1, 1], [1, 1], [1, 1], [0, 0]),
        shape(3, [4, 4], [9, 5], [1, 1], [2, 2], [0, 0]),
        shape(2, [3, 7], [10, 13], [3, 2], [3, 1], [2, 0]),
        shape(2, [3, 2], [9, 9], [2, 2], [3, 3], [0, 0]),
        shape(2, [2, 3], [5, 6], [5, 3], [4, 2], [3, 2]),
        shape(5, [20, 70], [10, 10], [4, 4], [1, 1], [0, 0]),
        shape(3, [9, 600], [5, 5], [3, 3], [1, 1], [0, 0]),
        shape(12, [50, 130], [12, 12], [4, 4], [1, 1], [2, 2]),
        shape(3, [1, 40], [28, 28], [4, 4], [2, 2], [0, 0]),
    ]
}

/// Calls `each` with the places of an output, a weight and an input that meet.
pub(crate) fn meetings(shape: &ConvShape, mut each: impl FnMut(usize, usize, usize)) {
    let [height, width] = shape.output;
    for picture in 0..shape.batch {
        for output in 0..shape.outputs {
            for input in 0..shape.inputs {
                for line in 0..height {
                    for column in 0..width {
                        for tap_line in 0..shape.kernel[0] {
                            for tap_column in 0..shape.kernel[1] {
                                let from_line =
                                    (line * shape.stride[0] + tap_line).checked_sub(shape.padding[0]);
                                let from_column =
                                    (column * shape.stride[1] + tap_column).checked_sub(shape.padding[1]);
                                let (Some(from_line), Some(from_column)) = (from_line, from_column) else {
                                    continue;
                                };
                                if from_line >= shape.input[0] || from_column >= shape.input[1] {
                                    continue;
                                }
                                each(
                                    ((picture * shape.outputs + output) * height + line) * width + column,
                                    ((output * shape.inputs + input) * shape.kernel[0] + tap_line)
                                        * shape.kernel[1]
                                        + tap_column,
                                    ((picture * shape.inputs + input) * shape.input[0] + from_line)
                                        * shape.input[1]
                                        + from_column,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(crate) fn close(wanted: &[f64], found: &[f32], what: &str) {
    assert_eq!(wanted.len(), found.len(), "{what}");
    for (place, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        let off = (wanted - f64::from(*found)).abs();
        assert!(
            off <= 2e-4 * (1.0 + wanted.abs()),
            "{what}: {found} is not {wanted} at {place}"
        );
    }
}

#[test]
fn a_convolution_is_the_sum_over_its_taps() {
    for (number, shape) in shapes().iter().enumerate() {
        let pictures = numbers(shape.input_len(), 1);
        let weight = numbers(shape.weight_len(), 2);
        let bias = numbers(shape.outputs, 3);
        let each = shape.output[0] * shape.output[1];
        let mut wanted: Vec<f64> = (0..shape.output_len())
            .map(|place| f64::from(bias[place / each % shape.outputs]))
            .collect();
        meetings(shape, |output, tap, input| {
            wanted[output] += f64::from(weight[tap]) * f64::from(pictures[input]);
        });
        for level in levels() {
            let mut found = vec![f32::NAN; shape.output_len()];
            convolve(level, shape, &pictures, &weight, Some(&bias), &mut found);
            close(&wanted, &found, &format!("{level:?}, shape {number}"));
        }
    }
}

#[test]
fn spreading_is_the_transpose_of_a_convolution() {
    for (number, shape) in shapes().iter().enumerate() {
        let outputs = numbers(shape.output_len(), 1);
        let weight = numbers(shape.weight_len(), 2);
        let bias = numbers(shape.inputs, 3);
        let each = shape.input[0] * shape.input[1];
        let mut wanted: Vec<f64> = (0..shape.input_len())
            .map(|place| f64::from(bias[place / each % shape.inputs]))
            .collect();
        meetings(shape, |output, tap, input| {
            wanted[input] += f64::from(weight[tap]) * f64::from(outputs[output]);
        });
        for level in levels() {
            let mut found = vec![f32::NAN; shape.input_len()];
            spread(level, shape, &outputs, &weight, Some(&bias), &mut found);
            close(&wanted, &found, &format!("{level:?}, shape {number}"));
        }
    }
}

#[test]
fn the_gradient_of_weights_is_the_sum_over_pictures_and_places() {
    for (number, shape) in shapes().iter().enumerate() {
        let pictures = numbers(shape.input_len(), 1);
        let outputs = numbers(shape.output_len(), 2);
        let mut wanted = vec![0.0_f64; shape.weight_len()];
        meetings(shape, |output, tap, input| {
            wanted[tap] += f64::from(outputs[output]) * f64::from(pictures[input]);
        });
        for level in levels() {
            let mut found = vec![f32::NAN; shape.weight_len()];
            weight_gradient(level, shape, &pictures, &outputs, &mut found);
            close(&wanted, &found, &format!("{level:?}, shape {number}"));
        }
        let each = shape.output[0] * shape.output[1];
        let mut wanted = vec![0.0_f64; shape.outputs];
        for (place, &value) in outputs.iter().enumerate() {
            wanted[place / each % shape.outputs] += f64::from(value);
        }
        let mut found = vec![f32::NAN; shape.outputs];
        bias_gradient(shape.outputs, each, &outputs, &mut found);
        close(&wanted, &found, &format!("shape {number}"));
    }
}

#[test]
fn results_have_the_same_bits_on_one_thread_and_on_seven() {
    for shape in shapes() {
        let pictures = numbers(shape.input_len(), 1);
        let outputs = numbers(shape.output_len(), 2);
        let weight = numbers(shape.weight_len(), 3);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start").install(|| {
                let level = Level::best();
                let mut found =
                    [shape.output_len(), shape.input_len(), shape.weight_len()].map(|len| vec![0.0; len]);
                let [output, input, weights] = &mut found;
                convolve(level, &shape, &pictures, &weight, None, output);
                spread(level, &shape, &outputs, &weight, None, input);
                weight_gradient(level, &shape, &pictures, &outputs, weights);
                found.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            })
        };
        assert_eq!(on(1), on(7), "{shape:?}");
    }
}

/// The loss whose gradient by the output of a normalisation is `gradient`.
fn loss(
    planes: Planes,
    input: &[f64],
    weight: &[f64],
    bias: &[f64],
    residual: &[f64],
    activation: Activation,
    gradient: &[f32],
) -> f64 {
    let mut sum = 0.0;
    let values = (planes.batch * planes.pixels) as f64;
    for channel in 0..planes.channels {
        let places: Vec<usize> = (0..planes.len())
            .filter(|place| place / planes.pixels % planes.channels == channel)
            .collect();
        let mean = places.iter().map(|&place| input[place]).sum::<f64>() / values;
        let variance = places
            .iter()
            .map(|&place| (input[place] - mean).powi(2))
            .sum::<f64>()
            / values;
        for place in places {
            let mut output =
                (input[place] - mean) / (variance + 1e-5).sqrt() * weight[channel] + bias[channel];
            output += residual.get(place).copied().unwrap_or(0.0);
            output = match activation {
                Activation::LeakyRelu(slope) if output < 0.0 => f64::from(slope) * output,
                Activation::Relu => output.max(0.0),
                _ => output,
            };
            sum += output * f64::from(gradient[place]);
        }
    }
    sum
}

#[test]
fn gradients_of_a_normalisation_are_those_of_finite_differences() {
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    for (batch, channels, pixels) in [(3, 2, 35), (2, 3, 4), (4, 1, 1), (5, 2, 64)] {
        let planes = Planes {
            batch,
            channels,
            pixels,
        };
        let input: Vec<f32> = numbers(planes.len(), 1)
            .iter()
            .map(|value| 3.0 * value + 5.0)
            .collect();
        let gradient = numbers(planes.len(), 2);
        let (weight, bias) = (numbers(channels, 3), numbers(channels, 4));
        let more = numbers(planes.len(), 5);
        for level in levels() {
            let found = moments(level, planes, &input);
            for (residual, activation) in [
                (false, Activation::Identity),
                (false, Activation::Relu),
                (false, Activation::LeakyRelu(0.2)),
                (true, Activation::Identity),
                (true, Activation::Relu),
                (true, Activation::LeakyRelu(0.01)),
            ] {
                let residual: &[f32] = if residual { &more } else { &[] };
                let after = After {
                    residual: Some(residual).filter(|residual| !residual.is_empty()),
                    activation,
                };
                let mut output = vec![f32::NAN; planes.len()];
                normalise(
                    level,
                    planes,
                    &input,
                    &found,
                    &weight,
                    &bias,
                    1e-5,
                    after,
                    &mut output,
                );
                let product: f64 = output
                    .iter()
                    .zip(&gradient)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum();
                let of = |input: &[f64], weight: &[f64], bias: &[f64], residual: &[f64]| {
                    loss(planes, input, weight, bias, residual, activation, &gradient)
                };
                let (x, w, b, r) = (wide(&input), wide(&weight), wide(&bias), wide(residual));
                assert!((product - of(&x, &w, &b, &r)).abs() < 1e-3, "{product}");
                let mut by =
                    [planes.len(), channels, channels, residual.len()].map(|len| vec![f32::NAN; len]);
                let [by_input, by_weight, by_bias, by_residual] = &mut by;
                normalise_gradients(
                    level,
                    planes,
                    &input,
                    &found,
                    &weight,
                    1e-5,
                    activation,
                    if activation == Activation::Identity {
                        &[]
                    } else {
                        &output
                    },
                    &gradient,
                    Gradients {
                        input: by_input,
                        residual: Some(by_residual.as_mut_slice()).filter(|residual| !residual.is_empty()),
                        weight: by_weight,
                        bias: by_bias,
                    },
                );
                let difference = |which: usize, place: usize| {
                    let mut all = [x.clone(), w.clone(), b.clone(), r.clone()];
                    let step = 1e-5;
                    all[which][place] += step;
                    let up = of(&all[0], &all[1], &all[2], &all[3]);
                    all[which][place] -= 2.0 * step;
                    (up - of(&all[0], &all[1], &all[2], &all[3])) / (2.0 * step)
                };
                for (which, by) in by.iter().enumerate() {
                    let wanted: Vec<f64> = (0..by.len()).map(|place| difference(which, place)).collect();
                    for (place, (wanted, found)) in wanted.iter().zip(by).enumerate() {
                        assert!(
                            (wanted - f64::from(*found)).abs() < 3e-3 * (1.0 + wanted.abs()),
                            "{level:?} {planes:?} {which} {place}: {found} is not {wanted}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_no_number_stays_so() {
    let planes = Planes {
        batch: 1,
        channels: 2,
        pixels: 3,
    };
    let input = [1.0, f32::NAN, 2.0, -1.0, 0.5, 1e-40];
    let level = Level::best();
    let found = moments(level, planes, &input);
    assert!(found.mean[0].is_nan() && found.mean[1].is_finite());
    let mut output = [0.0; 6];
    let after = After {
        residual: None,
        activation: Activation::Relu,
    };
    normalise(
        level,
        planes,
        &input,
        &found,
        &[1.0; 2],
        &[0.0; 2],
        1e-5,
        after,
        &mut output,
    );
    assert!(output[..3].iter().all(|value| value.is_nan()), "{output:?}");
    assert!(output[3..].iter().all(|value| *value >= 0.0), "{output:?}");
}

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::Level;

/// Channels of pictures in the order batch, channels, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planes {
    /// Pictures.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Pixels of a channel.
    pub pixels: usize,
}

impl Planes {
    /// Numbers of all pictures.
    pub fn len(&self) -> usize {
        self.batch * self.channels * self.pixels
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of a channel.
    fn values(&self) -> f64 {
        (self.batch * self.pixels) as f64
    }
}

/// Mean and biased variance of every channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Means.
    pub mean: Vec<f32>,
    /// Variances, with as many degrees of freedom as numbers.
    pub variance: Vec<f32>,
}

/// Factor and shift of every channel.
struct Scale {
    factor: Vec<f32>,
    shift: Vec<f32>,
}

/// Means and variances of channels.
///
/// # Panics
///
/// If a slice is not as long as the planes say.
pub fn moments(level: Level, planes: Planes, input: &[f32]) -> Moments {
    assert_eq!(input.len(), planes.len(), "numbers of the input");
    // Of every plane; what follows adds them in their order.
    let mut parts = vec![[0.0_f64; 2]; planes.batch * planes.channels];
    parts
        .par_iter_mut()
        .zip(input.par_chunks_exact(planes.pixels))
        .with_min_len(8)
        .for_each(|(part, plane)| *part = level.run(PlaneMoments { plane }));
    let of = |channel: usize| {
        let own = || parts.iter().skip(channel).step_by(planes.channels);
        let mean = own().map(|part| part[0]).sum::<f64>() / planes.batch as f64;
        // Squares within planes, and of planes' means.
        let squares: f64 = own()
            .map(|part| part[1] + planes.pixels as f64 * (part[0] - mean).powi(2))
            .sum();
        (mean as f32, (squares / planes.values()) as f32)
    };
    let (mean, variance) = (0..planes.channels).map(of).unzip();
    Moments { mean, variance }
}

struct PlaneMoments<'a> {
    plane: &'a [f32],
}

impl WithSimd for PlaneMoments<'_> {
    type Output = [f64; 2];

    /// Mean, and sum of squares of distances from it.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f64; 2] {
        let count = self.plane.len() as f64;
        let mean = sum(self.plane, |value| value) / count;
        let near = mean as f32;
        let squares = sum(self.plane, |value| (value - near) * (value - near));
        [mean, squares]
    }
}

/// A sum in lanes, which are added in their order.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let mut lanes = [0.0_f32; LANES];
    let (lines, rest) = values.as_chunks::<LANES>();
    for line in lines {
        for lane in 0..LANES {
            lanes[lane] += of(line[lane]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += of(value);
    }
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

const LANES: usize = 32;

/// What becomes of numbers below 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// They stay.
    Identity,
    /// They become 0.
    Relu,
    /// They shrink to this share of themselves, which is above 0.
    LeakyRelu(f32),
}

/// What stands behind a normalisation.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// Added to what comes out.
    pub residual: Option<&'a [f32]>,
    /// What happens at the end.
    pub activation: Activation,
}

/// Moves and scales every channel: `(input - mean) / sqrt(variance + epsilon) * weight + bias`, and what stands behind.
///
/// # Panics
///
/// If a slice is not as long as the planes say.
#[expect(clippy::too_many_arguments, reason = "they are the numbers of the formula")]
pub fn normalise(
    level: Level,
    planes: Planes,
    input: &[f32],
    moments: &Moments,
    weight: &[f32],
    bias: &[f32],
    epsilon: f64,
    after: After<'_>,
    written: &mut [f32],
) {
    assert_eq!(input.len(), planes.len(), "numbers of the input");
    assert_eq!(written.len(), planes.len(), "numbers of the output");
    let inverse = inverse(moments, epsilon);
    let scale = Scale {
        factor: inverse
            .iter()
            .zip(weight)
            .map(|(inverse, weight)| inverse * weight)
            .collect(),
        shift: bias.to_vec(),
    };
    let empty: &[f32] = &[];
    written
        .par_chunks_exact_mut(planes.pixels)
        .enumerate()
        .with_min_len(8)
        .for_each(|(place, written)| {
            let channel = place % planes.channels;
            let from = place * planes.pixels..(place + 1) * planes.pixels;
            level.run(Scaled {
                input: &input[from.clone()],
                residual: after.residual.map_or(empty, |residual| &residual[from]),
                mean: moments.mean[channel],
                factor: scale.factor[channel],
                shift: scale.shift[channel],
                activation: after.activation,
                written,
            });
        });
}

fn inverse(moments: &Moments, epsilon: f64) -> Vec<f32> {
    let of = |&variance: &f32| (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32;
    moments.variance.iter().map(of).collect()
}

struct Scaled<'a> {
    input: &'a [f32],
    /// Empty where there is none.
    residual: &'a [f32],
    mean: f32,
    factor: f32,
    shift: f32,
    activation: Activation,
    written: &'a mut [f32],
}

impl WithSimd for Scaled<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.activation {
            Activation::Identity => self.ending(|value| value),
            Activation::Relu => self.ending(|value| if value <= 0.0 { 0.0 } else { value }),
            Activation::LeakyRelu(slope) => {
                self.ending(|value| if value <= 0.0 { slope * value } else { value });
            }
        }
    }
}

impl Scaled<'_> {
    #[inline(always)]
    fn ending(self, end: impl Fn(f32) -> f32) {
        let Self {
            mean, factor, shift, ..
        } = self;
        let value = |value: f32| (value - mean) * factor + shift;
        let rows = self.written.iter_mut().zip(self.input);
        if self.residual.is_empty() {
            rows.for_each(|(to, &from)| *to = end(value(from)));
        } else {
            rows.zip(self.residual)
                .for_each(|((to, &from), more)| *to = end(value(from) + more));
        }
    }
}

/// The gradients of a normalisation with the moments of its own input.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// By the input.
    pub input: &'a mut [f32],
    /// By what was added; absent where nothing was, or where it is the gradient of the output itself.
    pub residual: Option<&'a mut [f32]>,
    /// By the factors of channels.
    pub weight: &'a mut [f32],
    /// By their shifts.
    pub bias: &'a mut [f32],
}

/// The gradients of [`normalise`] with the [`moments`] of `input`; the sign of `output` decides what the activation passes, and it
/// is empty where there was none.
///
/// # Panics
///
/// If a slice is not as long as the planes say.
#[expect(clippy::too_many_arguments, reason = "they are the numbers of the formula")]
pub fn normalise_gradients(
    level: Level,
    planes: Planes,
    input: &[f32],
    moments: &Moments,
    weight: &[f32],
    epsilon: f64,
    activation: Activation,
    output: &[f32],
    gradient: &[f32],
    written: Gradients<'_>,
) {
    assert_eq!(input.len(), planes.len(), "numbers of the input");
    assert_eq!(gradient.len(), planes.len(), "numbers of the gradient");
    let wanted = if activation == Activation::Identity {
        0
    } else {
        planes.len()
    };
    assert_eq!(output.len(), wanted, "numbers of the output");
    let inverse = inverse(moments, epsilon);
    let pixels = planes.pixels;
    let plane = |values: &'_ [f32], place: usize| -> std::ops::Range<usize> {
        if values.is_empty() {
            0..0
        } else {
            place * pixels..(place + 1) * pixels
        }
    };
    let mut parts = vec![[0.0_f64; 2]; planes.batch * planes.channels];
    parts
        .par_iter_mut()
        .enumerate()
        .with_min_len(8)
        .for_each(|(place, part)| {
            *part = level.run(GradientSums {
                activation,
                input: &input[plane(input, place)],
                output: &output[plane(output, place)],
                gradient: &gradient[plane(gradient, place)],
                mean: moments.mean[place % planes.channels],
            });
        });
    for (channel, inverse) in inverse.iter().enumerate() {
        let own = || parts.iter().skip(channel).step_by(planes.channels);
        written.bias[channel] = own().map(|part| part[0]).sum::<f64>() as f32;
        let products = own().map(|part| part[1]).sum::<f64>();
        written.weight[channel] = (products * f64::from(*inverse)) as f32;
    }
    let (by_weight, by_bias) = (&*written.weight, &*written.bias);
    let values = planes.values() as f32;
    let job = |place: usize, to: &mut [f32], residual: &mut [f32]| {
        let channel = place % planes.channels;
        let factor = inverse[channel] * weight[channel];
        level.run(InputGradient {
            activation,
            input: &input[plane(input, place)],
            output: &output[plane(output, place)],
            gradient: &gradient[plane(gradient, place)],
            mean: moments.mean[channel],
            slope: by_weight[channel] / values * inverse[channel],
            shift: by_bias[channel] / values,
            factor,
            written: to,
            residual,
        });
    };
    let jobs = written
        .input
        .par_chunks_exact_mut(pixels)
        .enumerate()
        .with_min_len(8);
    match written.residual {
        Some(residual) => jobs
            .zip(residual.par_chunks_exact_mut(pixels))
            .for_each(|((place, to), residual)| job(place, to, residual)),
        None => jobs.for_each(|(place, to)| job(place, to, &mut [])),
    }
}

struct GradientSums<'a> {
    activation: Activation,
    input: &'a [f32],
    /// Empty where there is no activation.
    output: &'a [f32],
    gradient: &'a [f32],
    mean: f32,
}

impl WithSimd for GradientSums<'_> {
    type Output = [f64; 2];

    /// Sums of the gradient, and of its products with distances from the mean.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f64; 2] {
        match self.activation {
            Activation::Identity => self.sums(self.gradient, |_, gradient| gradient),
            Activation::Relu => self.sums(self.output, stopped),
            Activation::LeakyRelu(slope) => self.sums(self.output, |output, gradient| {
                if output <= 0.0 { slope * gradient } else { gradient }
            }),
        }
    }
}

/// The gradient behind a rectified output.
#[inline(always)]
fn stopped(output: f32, gradient: f32) -> f32 {
    if output <= 0.0 { 0.0 } else { gradient }
}

impl GradientSums<'_> {
    #[inline(always)]
    fn sums(&self, output: &[f32], passed: impl Fn(f32, f32) -> f32) -> [f64; 2] {
        let mut sums = [0.0_f32; LANES];
        let mut products = [0.0_f32; LANES];
        let (inputs, inputs_rest) = self.input.as_chunks::<LANES>();
        let (gradients, gradients_rest) = self.gradient.as_chunks::<LANES>();
        let (outputs, outputs_rest) = output.as_chunks::<LANES>();
        for ((input, gradient), output) in inputs.iter().zip(gradients).zip(outputs) {
            for lane in 0..LANES {
                let gradient = passed(output[lane], gradient[lane]);
                sums[lane] += gradient;
                products[lane] += gradient * (input[lane] - self.mean);
            }
        }
        for lane in 0..inputs_rest.len() {
            let gradient = passed(outputs_rest[lane], gradients_rest[lane]);
            sums[lane] += gradient;
            products[lane] += gradient * (inputs_rest[lane] - self.mean);
        }
        [sums, products].map(|lanes| lanes.iter().map(|&lane| f64::from(lane)).sum())
    }
}

struct InputGradient<'a> {
    activation: Activation,
    input: &'a [f32],
    output: &'a [f32],
    gradient: &'a [f32],
    mean: f32,
    slope: f32,
    shift: f32,
    factor: f32,
    written: &'a mut [f32],
    /// Empty where nobody asks for it.
    residual: &'a mut [f32],
}

impl WithSimd for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let gradients = self.gradient;
        match self.activation {
            Activation::Identity => self.written(gradients, |_, gradient| gradient),
            Activation::Relu => {
                let outputs = self.output;
                self.written(outputs, stopped);
            }
            Activation::LeakyRelu(slope) => {
                let outputs = self.output;
                self.written(
                    outputs,
                    |output, gradient| {
                        if output <= 0.0 { slope * gradient } else { gradient }
                    },
                );
            }
        }
    }
}

impl InputGradient<'_> {
    #[inline(always)]
    fn written(self, outputs: &[f32], passed: impl Fn(f32, f32) -> f32) {
        let Self {
            mean,
            slope,
            shift,
            factor,
            ..
        } = self;
        let value = |gradient: f32, input: f32| factor * (gradient - shift - (input - mean) * slope);
        let rows = self
            .written
            .iter_mut()
            .zip(self.input)
            .zip(self.gradient)
            .zip(outputs);
        if self.residual.is_empty() {
            rows.for_each(|(((to, &input), &gradient), &output)| {
                *to = value(passed(output, gradient), input);
            });
        } else {
            rows.zip(self.residual)
                .for_each(|((((to, &input), &gradient), &output), residual)| {
                    let gradient = passed(output, gradient);
                    *residual = gradient;
                    *to = value(gradient, input);
                });
        }
    }
}

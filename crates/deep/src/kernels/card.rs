//! On graphics cards: normalisation and the gradients of convolutions by their weights, for which Burn has many small kernels, or
//! a slow one where a card does not multiply matrices of single precision; all else is Burn's.
//!
//! Tensors are `(n, channels, height, width)`, and lie in memory with the channels of a pixel side by side, as Burn's
//! convolutions leave them: `(pixels, channels)` for what follows. Sums go in an order that depends on sizes alone.

use burn::backend::Cube;
use burn::backend::ops::{ActivationOps, FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn_cubecl::cubecl::{self, prelude::*};
use burn_cubecl::kernel::conv::conv_data_backward;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::ops::{permute_nchw_to_nhwc, permute_nhwc_to_nchw, reshape};
use burn_cubecl::tensor::CubeTensor;

use super::{Activation, KernelGradients, Kernels, Movement, Normalised, TrainedKernels};

/// Units of a cube side by side, each with a channel of its own.
const LANES: usize = 16;
/// Units of a cube one after another, each with pixels of its own.
const ROWS: usize = 16;
/// Pixels that a unit reads before it waits for the first.
const AT_ONCE: usize = 4;

/// Mean and sum of squares around it, of every channel over a part of the pixels; `part` of them, from the first on.
#[cube(launch)]
fn part_moments(
    input: &Tensor<f32>,
    means: &mut Tensor<f32>,
    squares: &mut Tensor<f32>,
    pixels: usize,
    channels: usize,
    part: usize,
    #[comptime] lanes: usize,
    #[comptime] rows: usize,
) {
    let lane = UNIT_POS_X as usize;
    let row = UNIT_POS_Y as usize;
    let channel = CUBE_POS_X as usize * lanes + lane;
    let first = CUBE_POS_Y as usize * part;
    let end = clamp_max(first + part, pixels);
    let mut counts = Shared::new_slice(lanes * rows);
    let mut centres = Shared::new_slice(lanes * rows);
    let mut spreads = Shared::new_slice(lanes * rows);
    let place = row * lanes + lane;
    let mut count = 0.0f32;
    let mut centre = 0.0f32;
    let mut spread = 0.0f32;
    let start = first + row;
    if channel < channels && start < end {
        // Distances from a value that is there lose no digits to a mean far from 0.
        let origin = input[start * channels + channel];
        let mut sum = 0.0f32;
        let mut square = 0.0f32;
        let mut pixel = start;
        while pixel < end {
            #[unroll]
            for step in 0..AT_ONCE {
                let other = pixel + step * rows;
                if other < end {
                    let distance = input[other * channels + channel] - origin;
                    sum += distance;
                    square += distance * distance;
                    count += 1.0f32;
                }
            }
            pixel += AT_ONCE * rows;
        }
        centre = origin + sum / count;
        spread = square - sum * sum / count;
    }
    counts[place] = count;
    centres[place] = centre;
    spreads[place] = spread;
    sync_cube();
    if row == 0 && channel < channels {
        let mut row = 1;
        while row < rows {
            let more = counts[row * lanes + lane];
            if more > 0.0f32 {
                let away = centres[row * lanes + lane] - centre;
                let all = count + more;
                spread += spreads[row * lanes + lane] + away * away * count * more / all;
                centre += away * more / all;
                count = all;
            }
            row += 1;
        }
        means[CUBE_POS_Y as usize * channels + channel] = centre;
        squares[CUBE_POS_Y as usize * channels + channel] = spread;
    }
}

/// Mean and biased variance of every channel, from those of parts.
#[cube(launch)]
fn whole_moments(
    means: &Tensor<f32>,
    squares: &Tensor<f32>,
    mean: &mut Tensor<f32>,
    variance: &mut Tensor<f32>,
    pixels: usize,
    channels: usize,
    part: usize,
    parts: usize,
    #[comptime] lanes: usize,
    #[comptime] rows: usize,
) {
    let lane = UNIT_POS_X as usize;
    let row = UNIT_POS_Y as usize;
    let channel = CUBE_POS_X as usize * lanes + lane;
    let mut counts = Shared::new_slice(lanes * rows);
    let mut centres = Shared::new_slice(lanes * rows);
    let mut spreads = Shared::new_slice(lanes * rows);
    let mut count = 0.0f32;
    let mut centre = 0.0f32;
    let mut spread = 0.0f32;
    if channel < channels {
        let mut at = row;
        while at < parts {
            let more = f32::cast_from(clamp_max((at + 1) * part, pixels) - at * part);
            let away = means[at * channels + channel] - centre;
            let all = count + more;
            spread += squares[at * channels + channel] + away * away * count * more / all;
            centre += away * more / all;
            count = all;
            at += rows;
        }
    }
    counts[row * lanes + lane] = count;
    centres[row * lanes + lane] = centre;
    spreads[row * lanes + lane] = spread;
    sync_cube();
    if row == 0 && channel < channels {
        let mut row = 1;
        while row < rows {
            let more = counts[row * lanes + lane];
            if more > 0.0f32 {
                let away = centres[row * lanes + lane] - centre;
                let all = count + more;
                spread += spreads[row * lanes + lane] + away * away * count * more / all;
                centre += away * more / all;
                count = all;
            }
            row += 1;
        }
        mean[channel] = centre;
        variance[channel] = spread / count;
    }
}

/// Numbers around 0 with a spread of 1, times a weight, and a bias; something added, and numbers below 0 made 0, if asked for.
#[cube(launch)]
fn normalise(
    input: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    residual: &Tensor<f32>,
    output: &mut Tensor<f32>,
    epsilon: f32,
    leak: f32,
    #[comptime] adds: bool,
    #[comptime] rectifies: bool,
    #[comptime] leaks: bool,
) {
    if ABSOLUTE_POS < output.len() {
        let channel = ABSOLUTE_POS % mean.len();
        let scale = weight[channel] / (variance[channel] + epsilon).sqrt();
        let mut value = (input[ABSOLUTE_POS] - mean[channel]) * scale + bias[channel];
        if adds {
            value += residual[ABSOLUTE_POS];
        }
        if rectifies {
            let mut below = 0.0f32;
            if leaks {
                below = leak * value;
            }
            value = select(value < 0.0f32, below, value);
        }
        output[ABSOLUTE_POS] = value;
    }
}

/// Sums of every channel over a part of the pixels: of gradients, and of gradients times normalised numbers. `sums` is
/// `(parts, 2, channels)`.
#[cube(launch)]
fn part_sums(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    epsilon: f32,
    leak: f32,
    pixels: usize,
    channels: usize,
    part: usize,
    #[comptime] rectified: bool,
    #[comptime] leaks: bool,
    #[comptime] lanes: usize,
    #[comptime] rows: usize,
) {
    let lane = UNIT_POS_X as usize;
    let row = UNIT_POS_Y as usize;
    let channel = CUBE_POS_X as usize * lanes + lane;
    let first = CUBE_POS_Y as usize * part;
    let end = clamp_max(first + part, pixels);
    let mut plain = Shared::new_slice(lanes * rows);
    let mut times = Shared::new_slice(lanes * rows);
    let mut sum = 0.0f32;
    let mut product = 0.0f32;
    if channel < channels {
        let centre = mean[channel];
        let mut pixel = first + row;
        while pixel < end {
            #[unroll]
            for step in 0..AT_ONCE {
                let other = pixel + step * rows;
                if other < end {
                    let place = other * channels + channel;
                    let mut slope = gradient[place];
                    if rectified {
                        let mut below = 0.0f32;
                        if leaks {
                            below = leak * slope;
                        }
                        slope = select(output[place] > 0.0f32, slope, below);
                    }
                    sum += slope;
                    product += slope * (input[place] - centre);
                }
            }
            pixel += AT_ONCE * rows;
        }
    }
    plain[row * lanes + lane] = sum;
    times[row * lanes + lane] = product;
    sync_cube();
    if row == 0 && channel < channels {
        let mut row = 1;
        while row < rows {
            sum += plain[row * lanes + lane];
            product += times[row * lanes + lane];
            row += 1;
        }
        let place = CUBE_POS_Y as usize * 2 * channels + channel;
        sums[place] = sum;
        sums[place + channels] = product / (variance[channel] + epsilon).sqrt();
    }
}

/// Sums of the columns of `(lines, columns)`: of the first ones into `sums`, of those from `split` on into `more`.
#[cube(launch)]
fn column_sums(
    values: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    more: &mut Tensor<f32>,
    lines: usize,
    columns: usize,
    split: usize,
    #[comptime] lanes: usize,
    #[comptime] rows: usize,
) {
    let lane = UNIT_POS_X as usize;
    let row = UNIT_POS_Y as usize;
    let column = (CUBE_POS_X + CUBE_POS_Y * CUBE_COUNT_X) as usize * lanes + lane;
    let mut parts = Shared::new_slice(lanes * rows);
    let mut sum = 0.0f32;
    if column < columns {
        let mut line = row;
        while line < lines {
            #[unroll]
            for step in 0..AT_ONCE {
                let other = line + step * rows;
                if other < lines {
                    sum += values[other * columns + column];
                }
            }
            line += AT_ONCE * rows;
        }
    }
    parts[row * lanes + lane] = sum;
    sync_cube();
    if row == 0 && column < columns {
        let mut row = 1;
        while row < rows {
            sum += parts[row * lanes + lane];
            row += 1;
        }
        if column < split {
            sums[column] = sum;
        } else {
            more[column - split] = sum;
        }
    }
}

/// Gradients of a normalisation by its input, and by what was added; from those by its bias and its weight.
#[cube(launch)]
fn normalisation_gradient(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    weight: &Tensor<f32>,
    by_bias: &Tensor<f32>,
    by_weight: &Tensor<f32>,
    by_input: &mut Tensor<f32>,
    by_residual: &mut Tensor<f32>,
    epsilon: f32,
    leak: f32,
    pixels: f32,
    #[comptime] rectified: bool,
    #[comptime] leaks: bool,
    #[comptime] adds: bool,
) {
    if ABSOLUTE_POS < by_input.len() {
        let channel = ABSOLUTE_POS % mean.len();
        let mut slope = gradient[ABSOLUTE_POS];
        if rectified {
            let mut below = 0.0f32;
            if leaks {
                below = leak * slope;
            }
            slope = select(output[ABSOLUTE_POS] > 0.0f32, slope, below);
        }
        if adds {
            by_residual[ABSOLUTE_POS] = slope;
        }
        let inverse = 1.0f32 / (variance[channel] + epsilon).sqrt();
        let normal = (input[ABSOLUTE_POS] - mean[channel]) * inverse;
        let expected = (by_bias[channel] + normal * by_weight[channel]) / pixels;
        by_input[ABSOLUTE_POS] = weight[channel] * inverse * (slope - expected);
    }
}

/// Outputs of a convolution that a unit has.
const OUTPUTS: usize = 2;
/// Groups of such outputs in a cube.
const GROUPS: usize = 8;

/// Gradients of a convolution by its weights, of a part of the lines of its outputs: `(parts, outputs, inputs, kernel)`.
///
/// A unit has one input, some outputs and the whole kernel in its registers; a cube, a square of inputs and outputs.
#[cube(launch)]
fn part_weight_gradient(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    by_weight: &mut Tensor<f32>,
    lines: usize,
    columns: usize,
    inputs: usize,
    lines_after: usize,
    columns_after: usize,
    outputs: usize,
    stride: usize,
    padding: usize,
    part: usize,
    whole: usize,
    #[comptime] kernel_lines: usize,
    #[comptime] kernel_columns: usize,
    #[comptime] lanes: usize,
    #[comptime] groups: usize,
) {
    let source = CUBE_POS_X as usize * lanes + UNIT_POS_X as usize;
    let target = (CUBE_POS_Y as usize * groups + UNIT_POS_Y as usize) * OUTPUTS;
    let first = CUBE_POS_Z as usize * part;
    let end = clamp_max(first + part, whole);
    let taps = comptime!(kernel_lines * kernel_columns);
    let mut sums = Array::<f32>::new(comptime!(taps * OUTPUTS));
    #[unroll]
    for place in 0..comptime!(taps * OUTPUTS) {
        sums[place] = 0.0f32;
    }
    if source < inputs && target < outputs {
        let mut slopes = Array::<f32>::new(OUTPUTS);
        let mut line = first;
        while line < end {
            let picture = line / lines_after;
            let top = (line % lines_after) * stride;
            let mut column = 0;
            while column < columns_after {
                let left = column * stride;
                let base = (line * columns_after + column) * outputs + target;
                #[unroll]
                for output in 0..OUTPUTS {
                    slopes[output] = 0.0f32;
                    if target + output < outputs {
                        slopes[output] = gradient[base + output];
                    }
                }
                #[unroll]
                for down in 0..kernel_lines {
                    let y = top + down;
                    let is_line = y >= padding && y < lines + padding;
                    #[unroll]
                    for right in 0..kernel_columns {
                        let x = left + right;
                        if is_line && x >= padding && x < columns + padding {
                            let pixel = (picture * lines + y - padding) * columns + x - padding;
                            let value = input[pixel * inputs + source];
                            #[unroll]
                            for output in 0..OUTPUTS {
                                let place =
                                    comptime!((output * kernel_lines + down) * kernel_columns + right);
                                sums[place] += value * slopes[output];
                            }
                        }
                    }
                }
                column += 1;
            }
            line += 1;
        }
        #[unroll]
        for output in 0..OUTPUTS {
            if target + output < outputs {
                let from = CUBE_POS_Z as usize * outputs + target + output;
                #[unroll]
                for tap in 0..taps {
                    by_weight[(from * inputs + source) * taps + tap] = sums[comptime!(output * taps + tap)];
                }
            }
        }
    }
}

/// `(pixels, channels)`, without gaps.
struct Flat {
    values: CubeTensor,
    /// `(n, height, width, channels)`.
    shape: [usize; 4],
}

impl Flat {
    fn of(tensor: CubeTensor) -> Self {
        let values = into_contiguous(permute_nchw_to_nhwc(tensor));
        let shape = values.meta.shape();
        let shape = std::array::from_fn(|axis| shape[axis]);
        Self { values, shape }
    }

    /// Of the same shape, with nothing in it yet.
    fn alike(&self) -> CubeTensor {
        made(&self.values, self.shape)
    }

    fn channels(&self) -> usize {
        self.shape[3]
    }

    fn pixels(&self) -> usize {
        self.shape[..3].iter().product()
    }
}

fn made<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, Shape::new(shape), like.dtype)
}

fn plain(tensor: CubeTensor) -> CubeTensor {
    into_contiguous(tensor)
}

/// A unit for every number.
fn for_each(tensor: &CubeTensor) -> (CubeCount, CubeDim) {
    let units = tensor.meta.num_elements();
    let dim = CubeDim::new(&tensor.client, units);
    let count = cubecl::calculate_cube_count_elemwise(&tensor.client, units, dim);
    (count, dim)
}

fn square() -> CubeDim {
    CubeDim::new_2d(LANES as u32, ROWS as u32)
}

fn dimension(count: usize) -> u32 {
    u32::try_from(count).expect("networks that fit in memory have fewer")
}

/// Pixels in a part, and parts: so many that a large card has work, and so few that they are summed in no time.
fn parts_of(pixels: usize) -> (usize, usize) {
    let part = pixels.div_ceil(256).max(ROWS * AT_ONCE);
    (part, pixels.div_ceil(part))
}

/// Sums of the columns before `split`, and of those after it.
fn summed_in_two(values: CubeTensor, lines: usize, columns: usize, split: usize) -> [CubeTensor; 2] {
    let sums = made(&values, [split]);
    // Something has to stand there.
    let more = if split < columns {
        made(&values, [columns - split])
    } else {
        made(&values, [1])
    };
    let cubes = dimension(columns.div_ceil(LANES));
    let count = CubeCount::new_2d(cubes.min(1 << 15), cubes.div_ceil(1 << 15));
    let client = values.client.clone();
    column_sums::launch(
        &client,
        count,
        square(),
        values.into_tensor_arg(),
        sums.clone().into_tensor_arg(),
        more.clone().into_tensor_arg(),
        lines,
        columns,
        split,
        LANES,
        ROWS,
    );
    [sums, more]
}

fn summed(values: CubeTensor, lines: usize, columns: usize) -> CubeTensor {
    let [sums, _] = summed_in_two(values, lines, columns, columns);
    sums
}

fn moments(input: &Flat) -> [CubeTensor; 2] {
    let (pixels, channels) = (input.pixels(), input.channels());
    let (part, parts) = parts_of(pixels);
    let [means, squares] = [(); 2].map(|()| made(&input.values, [parts, channels]));
    let [mean, variance] = [(); 2].map(|()| made(&input.values, [channels]));
    let tiles = dimension(channels.div_ceil(LANES));
    let client = &input.values.client;
    part_moments::launch(
        client,
        CubeCount::new_2d(tiles, dimension(parts)),
        square(),
        input.values.clone().into_tensor_arg(),
        means.clone().into_tensor_arg(),
        squares.clone().into_tensor_arg(),
        pixels,
        channels,
        part,
        LANES,
        ROWS,
    );
    whole_moments::launch(
        client,
        CubeCount::new_1d(tiles),
        square(),
        means.into_tensor_arg(),
        squares.into_tensor_arg(),
        mean.clone().into_tensor_arg(),
        variance.clone().into_tensor_arg(),
        pixels,
        channels,
        part,
        parts,
        LANES,
        ROWS,
    );
    [mean, variance]
}

/// The share of itself that a number below 0 shrinks to.
fn leak(activation: Activation) -> f32 {
    match activation {
        Activation::LeakyRelu(share) => share,
        _ => 0.0,
    }
}

/// Weight, bias and what is added, and what stands behind.
struct How {
    weight: CubeTensor,
    bias: CubeTensor,
    residual: Option<CubeTensor>,
    epsilon: f64,
    activation: Activation,
}

fn normalised_by(input: &Flat, [mean, variance]: [CubeTensor; 2], how: How) -> CubeTensor {
    let output = input.alike();
    let (count, dim) = for_each(&output);
    let adds = how.residual.is_some();
    // Something has to stand there.
    let residual = how
        .residual
        .map_or_else(|| input.values.clone(), |residual| Flat::of(residual).values);
    normalise::launch(
        &output.client.clone(),
        count,
        dim,
        input.values.clone().into_tensor_arg(),
        mean.into_tensor_arg(),
        variance.into_tensor_arg(),
        plain(how.weight).into_tensor_arg(),
        plain(how.bias).into_tensor_arg(),
        residual.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        how.epsilon as f32,
        leak(how.activation),
        adds,
        how.activation != Activation::Identity,
        leak(how.activation) > 0.0,
    );
    permute_nhwc_to_nchw(output)
}

fn normalised(input: CubeTensor, how: How) -> (CubeTensor, CubeTensor, CubeTensor) {
    let input = Flat::of(input);
    let [mean, variance] = moments(&input);
    let output = normalised_by(&input, [mean.clone(), variance.clone()], how);
    (output, mean, variance)
}

fn size(tensor: &CubeTensor) -> [usize; 4] {
    let shape = tensor.meta.shape();
    std::array::from_fn(|axis| shape[axis])
}

fn options(Movement { stride, padding }: Movement) -> ConvOptions<2> {
    ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1)
}

type OnCard = FloatTensor<Cube>;

impl Kernels for Cube {
    fn logs_of_softmax(logits: OnCard) -> OnCard {
        Self::log_softmax(logits, 1)
    }

    fn convolution(input: OnCard, weight: OnCard, movement: Movement) -> OnCard {
        Self::conv2d(input, weight, None, options(movement))
    }

    fn convolution_with_bias(input: OnCard, weight: OnCard, bias: OnCard, movement: Movement) -> OnCard {
        Self::conv2d(input, weight, Some(bias), options(movement))
    }

    fn transposed_convolution(
        input: OnCard,
        weight: OnCard,
        bias: OnCard,
        Movement { stride, padding }: Movement,
        size: [usize; 2],
    ) -> OnCard {
        let ([_, _, lines, columns], [_, _, kernel_lines, kernel_columns]) =
            (self::size(&input), self::size(&weight));
        // What the stride leaves open.
        let extra = |before: usize, kernel: usize, after: usize| {
            after + 2 * padding - ((before - 1) * stride + kernel)
        };
        let extra = [
            extra(lines, kernel_lines, size[0]),
            extra(columns, kernel_columns, size[1]),
        ];
        let options = ConvTransposeOptions::new([stride; 2], [padding; 2], extra, [1; 2], 1);
        Self::conv_transpose2d(input, weight, Some(bias), options)
    }

    fn normalisation(
        input: OnCard,
        weight: OnCard,
        bias: OnCard,
        epsilon: f64,
        activation: Activation,
    ) -> (OnCard, OnCard, OnCard) {
        let how = How {
            weight,
            bias,
            residual: None,
            epsilon,
            activation,
        };
        normalised(input, how)
    }

    fn normalisation_with_residual(
        input: OnCard,
        weight: OnCard,
        bias: OnCard,
        residual: OnCard,
        epsilon: f64,
        activation: Activation,
    ) -> (OnCard, OnCard, OnCard) {
        let how = How {
            weight,
            bias,
            residual: Some(residual),
            epsilon,
            activation,
        };
        normalised(input, how)
    }
}

impl TrainedKernels for Cube {
    fn normalisation_by(
        input: OnCard,
        weight: OnCard,
        bias: OnCard,
        mean: OnCard,
        variance: OnCard,
        epsilon: f64,
        activation: Activation,
    ) -> OnCard {
        let how = How {
            weight,
            bias,
            residual: None,
            epsilon,
            activation,
        };
        normalised_by(&Flat::of(input), [mean, variance].map(plain), how)
    }

    fn normalisation_with_residual_by(
        input: OnCard,
        weight: OnCard,
        bias: OnCard,
        mean: OnCard,
        variance: OnCard,
        residual: OnCard,
        epsilon: f64,
        activation: Activation,
    ) -> OnCard {
        let how = How {
            weight,
            bias,
            residual: Some(residual),
            epsilon,
            activation,
        };
        normalised_by(&Flat::of(input), [mean, variance].map(plain), how)
    }
}

impl KernelGradients for Cube {
    fn of_softmax(logs: OnCard, gradient: OnCard) -> OnCard {
        let sum = Self::float_sum_dim(gradient.clone(), 1);
        Self::float_sub(gradient, Self::float_mul(Self::float_exp(logs), sum))
    }

    fn by_input(gradient: OnCard, weight: OnCard, movement: Movement, pixels: [usize; 2]) -> OnCard {
        let ([batch, ..], [_, inputs, ..]) = (size(&gradient), size(&weight));
        let shape = Shape::new([batch, inputs, pixels[0], pixels[1]]);
        conv_data_backward::<2>(gradient, weight, shape, options(movement), Default::default())
            .expect("the convolution itself was done")
    }

    fn by_weight(input: OnCard, gradient: OnCard, movement: Movement, kernel: [usize; 2]) -> OnCard {
        let (input, gradient) = (Flat::of(input), Flat::of(gradient));
        let ([_, lines, columns, inputs], [batch, lines_after, columns_after, outputs]) =
            (input.shape, gradient.shape);
        let tiles = [
            dimension(inputs.div_ceil(LANES)),
            dimension(outputs.div_ceil(GROUPS * OUTPUTS)),
        ];
        // So many parts that a large card has work.
        let whole = batch * lines_after;
        let wanted = 1024_usize.div_ceil((tiles[0] * tiles[1]) as usize);
        let part = whole.div_ceil(wanted.min(whole));
        let parts = whole.div_ceil(part);
        let numbers = outputs * inputs * kernel[0] * kernel[1];
        let by_parts = made(&input.values, [parts, numbers]);
        let client = input.values.client.clone();
        part_weight_gradient::launch(
            &client,
            CubeCount::new_3d(tiles[0], tiles[1], dimension(parts)),
            CubeDim::new_2d(LANES as u32, GROUPS as u32),
            input.values.into_tensor_arg(),
            gradient.values.into_tensor_arg(),
            by_parts.clone().into_tensor_arg(),
            lines,
            columns,
            inputs,
            lines_after,
            columns_after,
            outputs,
            movement.stride,
            movement.padding,
            part,
            whole,
            kernel[0],
            kernel[1],
            LANES,
            GROUPS,
        );
        let by_weight = if parts == 1 {
            by_parts
        } else {
            summed(by_parts, parts, numbers)
        };
        reshape(by_weight, Shape::new([outputs, inputs, kernel[0], kernel[1]]))
    }

    fn by_bias(gradient: OnCard) -> OnCard {
        let gradient = Flat::of(gradient);
        let (pixels, channels) = (gradient.pixels(), gradient.channels());
        // First many sums side by side, then their sum.
        let beside = (1..=256).rev().find(|parts| pixels % parts == 0).unwrap_or(1);
        let sums = summed(gradient.values, pixels / beside, beside * channels);
        summed(sums, beside, channels)
    }

    fn of_normalisation(given: Normalised<Self>, gradient: OnCard) -> [OnCard; 4] {
        let (input, gradient) = (Flat::of(given.input), Flat::of(gradient));
        let (pixels, channels) = (input.pixels(), input.channels());
        let rectified = given.output.is_some();
        let given_gradient = gradient.values.clone();
        let output = given
            .output
            .map_or_else(|| input.values.clone(), |output| Flat::of(output).values);
        let (mean, variance) = (plain(given.mean), plain(given.variance));
        let (part, parts) = parts_of(pixels);
        let sums = made(&input.values, [parts, 2, channels]);
        let client = input.values.client.clone();
        part_sums::launch(
            &client,
            CubeCount::new_2d(dimension(channels.div_ceil(LANES)), dimension(parts)),
            square(),
            input.values.clone().into_tensor_arg(),
            gradient.values.clone().into_tensor_arg(),
            output.clone().into_tensor_arg(),
            mean.clone().into_tensor_arg(),
            variance.clone().into_tensor_arg(),
            sums.clone().into_tensor_arg(),
            given.epsilon as f32,
            leak(given.activation),
            pixels,
            channels,
            part,
            rectified,
            leak(given.activation) > 0.0,
            LANES,
            ROWS,
        );
        let [by_bias, by_weight] = summed_in_two(sums, parts, 2 * channels, channels);
        let by_input = input.alike();
        // Without activation it is the gradient itself.
        let by_residual = if rectified {
            input.alike()
        } else {
            made(&input.values, [1])
        };
        let (count, dim) = for_each(&by_input);
        normalisation_gradient::launch(
            &client,
            count,
            dim,
            input.values.into_tensor_arg(),
            gradient.values.into_tensor_arg(),
            output.into_tensor_arg(),
            mean.into_tensor_arg(),
            variance.into_tensor_arg(),
            plain(given.weight).into_tensor_arg(),
            by_bias.clone().into_tensor_arg(),
            by_weight.clone().into_tensor_arg(),
            by_input.clone().into_tensor_arg(),
            by_residual.clone().into_tensor_arg(),
            given.epsilon as f32,
            leak(given.activation),
            pixels as f32,
            rectified,
            leak(given.activation) > 0.0,
            rectified,
        );
        [
            permute_nhwc_to_nchw(by_input),
            by_weight,
            by_bias,
            permute_nhwc_to_nchw(if rectified { by_residual } else { given_gradient }),
        ]
    }
}

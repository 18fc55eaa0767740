use crate::correlate::{Grid, Product};
use crate::level::Level;
use crate::panel::Rows;
use crate::scatter;
use crate::shape::ConvShape;
use crate::staged::Layout;

/// What a convolution makes of `pictures` `(batch, inputs, lines, columns)` with `weight` `(outputs, inputs, kernel)`.
///
/// # Panics
///
/// If a slice is not as long as the shape says.
pub fn convolve(
    level: Level,
    shape: &ConvShape,
    pictures: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    written: &mut [f32],
) {
    check(shape, pictures, weight, written);
    let level = level.usable();
    let layout = Layout::of_input(shape);
    let depth = shape.inputs * shape.taps();
    let places: Vec<usize> = (0..depth).collect();
    let rows = Rows::pack(level, shape.outputs, weight, &places, |row| Some(row * depth));
    let mut offsets = Vec::with_capacity(depth);
    for channel in 0..shape.inputs {
        for line in 0..shape.kernel[0] {
            offsets.extend((0..shape.kernel[1]).map(|column| layout.place(channel, line, column)));
        }
    }
    let grid = Grid {
        lines: shape.output[0],
        columns: shape.output[1],
        first: 0,
        line: layout.phase[1],
        to: 0,
        to_line: shape.output[1],
        to_column: 1,
    };
    Product {
        pictures,
        picture_len: shape.inputs * shape.input_pixels(),
        layout,
        parts: vec![(rows, offsets, grid)],
        bias,
        channel: shape.output_pixels(),
    }
    .write(level, written);
}

/// The transpose of [`convolve`]: what pixels get that each output of a convolution spreads over those it looks at. It is the
/// gradient of a convolution by its input, and a transposed convolution, which alone has a bias.
///
/// # Panics
///
/// If a slice is not as long as the shape says.
pub fn spread(
    level: Level,
    shape: &ConvShape,
    outputs: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    written: &mut [f32],
) {
    check(shape, written, weight, outputs);
    let level = level.usable();
    if scatter::is_better(level, shape) {
        scatter::write(level, shape, outputs, weight, bias, written);
    } else {
        gather(level, shape, outputs, weight, bias, written);
    }
}

/// One product for each phase of the stride, whose columns are the pixels that are written.
fn gather(
    level: Level,
    shape: &ConvShape,
    outputs: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    written: &mut [f32],
) {
    let layout = Layout::of_output(shape);
    let [lines, columns] = shape.input;
    let mut parts = Vec::new();
    let mut missed = false;
    for phase_line in 0..shape.stride[0] {
        for phase_column in 0..shape.stride[1] {
            let phase = [phase_line, phase_column];
            // Pixels whose distance from the first of the padding is `phase` and a whole number of strides.
            let first = [0, 1].map(|axis| {
                (phase[axis] + shape.stride[axis] - shape.padding[axis] % shape.stride[axis])
                    % shape.stride[axis]
            });
            let count = [(0, lines), (1, columns)]
                .map(|(axis, extent)| extent.saturating_sub(first[axis]).div_ceil(shape.stride[axis]));
            // Taps that reach them.
            let taps = [0, 1].map(|axis| {
                shape.kernel[axis]
                    .saturating_sub(phase[axis])
                    .div_ceil(shape.stride[axis])
            });
            if count[0] * count[1] == 0 {
                continue;
            }
            if taps[0] * taps[1] == 0 {
                missed = true;
                continue;
            }
            let each = taps[0] * taps[1];
            let mut places = Vec::with_capacity(shape.outputs * each);
            for channel in 0..shape.outputs {
                for line in 0..taps[0] {
                    places.extend((0..taps[1]).map(|column| {
                        let line = phase[0] + shape.stride[0] * line;
                        let column = phase[1] + shape.stride[1] * column;
                        channel * shape.inputs * shape.taps() + line * shape.kernel[1] + column
                    }));
                }
            }
            let rows = Rows::pack(level, shape.inputs, weight, &places, |row| {
                Some(row * shape.taps())
            });
            let before = [0, 1].map(|axis| shape.kernel[axis].div_ceil(shape.stride[axis]) - 1);
            let mut offsets = Vec::with_capacity(shape.outputs * each);
            for channel in 0..shape.outputs {
                for line in 0..taps[0] {
                    offsets.extend(
                        (0..taps[1])
                            .map(|column| layout.place(channel, before[0] - line, before[1] - column)),
                    );
                }
            }
            let quotient = [0, 1].map(|axis| (first[axis] + shape.padding[axis]) / shape.stride[axis]);
            let grid = Grid {
                lines: count[0],
                columns: count[1],
                first: quotient[0] * layout.phase[1] + quotient[1],
                line: layout.phase[1],
                to: first[0] * columns + first[1],
                to_line: shape.stride[0] * columns,
                to_column: shape.stride[1],
            };
            parts.push((rows, offsets, grid));
        }
    }
    if missed || parts.is_empty() {
        let each = shape.input_pixels();
        for (number, channel) in written.chunks_exact_mut(each).enumerate() {
            channel.fill(bias.map_or(0.0, |bias| bias[number % shape.inputs]));
        }
    }
    if parts.is_empty() {
        return;
    }
    Product {
        pictures: outputs,
        picture_len: shape.outputs * shape.output_pixels(),
        layout,
        parts,
        bias,
        channel: shape.input_pixels(),
    }
    .write(level, written);
}

fn check(shape: &ConvShape, input: &[f32], weight: &[f32], output: &[f32]) {
    assert_eq!(input.len(), shape.input_len(), "numbers of the input");
    assert_eq!(weight.len(), shape.weight_len(), "numbers of the weights");
    assert_eq!(output.len(), shape.output_len(), "numbers of the output");
}

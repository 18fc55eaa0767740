//! The transpose of a convolution as one product of weights and outputs, whose results are spread and added: fewer
//! multiplications than by pixel where many taps of a pixel lie outside of the outputs, or where pixels have few channels.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::Level;
use crate::panel::{HIGHEST, Rows, Run, Tile, VECTORS, WIDEST, multiply, pack, tile_rows};
use crate::scratch;
use crate::shape::ConvShape;

/// Columns that a job has, about.
const COLUMNS: usize = 256;
/// Numbers of all panels of a job, at most; they stay in the second level of the cache.
const PANELS: usize = 192 * 1024;

/// Whether this is faster than a product by pixel, counted in multiplications and in what adding a result takes of them.
pub(crate) fn is_better(level: Level, shape: &ConvShape) -> bool {
    let block = tile_rows(level);
    let by_pixel: usize = [0, 1]
        .map(|axis| {
            // Pixels by taps that might reach them.
            (0..shape.input[axis])
                .map(|pixel| {
                    let phase = (pixel + shape.padding[axis]) % shape.stride[axis];
                    shape.kernel[axis]
                        .saturating_sub(phase)
                        .div_ceil(shape.stride[axis])
                })
                .sum::<usize>()
        })
        .iter()
        .product();
    let groups = Groups::of(block, shape);
    let here = shape.output_pixels() as f64 * (groups.count * groups.rows) as f64;
    let there = by_pixel as f64 * shape.inputs.next_multiple_of(block) as f64;
    here * (1.0 + 40.0 / shape.outputs as f64) < there
}

/// Input channels whose taps fill blocks of rows.
#[derive(Debug, Clone, Copy)]
struct Groups {
    channels: usize,
    count: usize,
    /// Rows of a group, some of them empty.
    rows: usize,
}

impl Groups {
    fn of(block: usize, shape: &ConvShape) -> Self {
        let taps = shape.taps();
        let channels = (1..=block)
            .find(|channels| (channels * taps).is_multiple_of(block))
            .unwrap_or(block)
            .min(shape.inputs);
        Self {
            channels,
            count: shape.inputs.div_ceil(channels),
            rows: (channels * taps).next_multiple_of(block),
        }
    }
}

/// Writes all pixels.
pub(crate) fn write(
    level: Level,
    shape: &ConvShape,
    outputs: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    written: &mut [f32],
) {
    let (taps, depth) = (shape.taps(), shape.outputs);
    let groups = Groups::of(tile_rows(level), shape);
    let places: Vec<usize> = (0..depth).map(|channel| channel * shape.inputs * taps).collect();
    let rows = Rows::pack(level, groups.count * groups.rows, weight, &places, |row| {
        let (group, row) = (row / groups.rows, row % groups.rows);
        let own = group * groups.channels * taps + row;
        (row < groups.channels * taps && own < shape.inputs * taps).then_some(own)
    });
    let pixels = shape.output_pixels();
    let each = shape.inputs * shape.input_pixels();
    let wanted = COLUMNS.min(PANELS / depth).div_ceil(pixels).max(1);
    let some = wanted.min(shape.batch.div_ceil(rayon::current_num_threads()));
    written
        .par_chunks_mut(each * some)
        .zip(outputs.par_chunks(depth * pixels * some))
        .for_each(|(written, outputs)| {
            let columns = written.len() / each * pixels;
            let width = VECTORS * level.lanes();
            let all = columns.div_ceil(width);
            scratch::with(|[panels, sums]| {
                level.run(Job {
                    shape,
                    groups,
                    rows: &rows,
                    outputs,
                    bias,
                    columns,
                    panels: panels.get(all * width * depth),
                    sums: sums.get(groups.rows * all * width),
                    written,
                });
            });
        });
}

struct Job<'a> {
    shape: &'a ConvShape,
    groups: Groups,
    rows: &'a Rows,
    outputs: &'a [f32],
    bias: Option<&'a [f32]>,
    columns: usize,
    /// By block of depth, by panel.
    panels: &'a mut [f32],
    /// Of one group: by row, by column.
    sums: &'a mut [f32],
    written: &'a mut [f32],
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if S::F32_LANES == 16 {
            self.groups::<S, 8>(simd);
        } else {
            self.groups::<S, 4>(simd);
        }
    }
}

impl Job<'_> {
    #[inline(always)]
    fn groups<S: Simd, const ROWS: usize>(&mut self, simd: S) {
        let width = VECTORS * S::F32_LANES;
        let all = self.columns.next_multiple_of(width);
        self.pack(width);
        let mut tile: Tile = [[0.0; WIDEST]; HIGHEST];
        for group in 0..self.groups.count {
            let mut done = 0;
            while done < self.rows.depth {
                let (blocks, depth) = self.rows.at(done);
                let blocks = &blocks[group * self.groups.rows * depth..][..self.groups.rows * depth];
                let panels = &self.panels[done * all..][..depth * all];
                for (number, panel) in panels.chunks_exact(width * depth).enumerate() {
                    for (block, sums) in blocks
                        .chunks_exact(ROWS * depth)
                        .zip(self.sums.chunks_exact_mut(ROWS * all))
                    {
                        multiply::<S, ROWS>(simd, block, panel, &mut tile);
                        for (sums, values) in sums.chunks_exact_mut(all).zip(&tile) {
                            let sums = &mut sums[number * width..][..width];
                            if done == 0 {
                                sums.copy_from_slice(&values[..width]);
                            } else {
                                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                            }
                        }
                    }
                }
                done += depth;
            }
            self.spread(group, all);
        }
    }

    /// Fills all panels.
    #[inline(always)]
    fn pack(&mut self, width: usize) {
        let (all, pixels) = (self.columns.next_multiple_of(width), self.shape.output_pixels());
        let mut runs = Vec::with_capacity(WIDEST);
        let mut done = 0;
        while done < self.rows.depth {
            let (_, depth) = self.rows.at(done);
            let offsets: Vec<usize> = (done..done + depth).map(|channel| channel * pixels).collect();
            let panels = &mut self.panels[done * all..][..depth * all];
            for (number, panel) in panels.chunks_exact_mut(width * depth).enumerate() {
                runs.clear();
                let (first, last) = (number * width, ((number + 1) * width).min(self.columns));
                let mut column = first;
                while column < last {
                    let (picture, pixel) = (column / pixels, column % pixels);
                    let len = (pixels - pixel).min(last - column);
                    runs.push(Run {
                        to: column - first,
                        len,
                        from: picture * self.shape.outputs * pixels + pixel,
                        written: 0,
                    });
                    column += len;
                }
                pack(panel, width, &runs, &offsets, self.outputs);
            }
            done += depth;
        }
    }

    /// Adds the sums of a group to the pixels that their taps look at, tap by tap, so that the order is that of any job.
    #[inline(always)]
    fn spread(&mut self, group: usize, all: usize) {
        let shape = self.shape;
        let (taps, pixels) = (shape.taps(), shape.input_pixels());
        let first = group * self.groups.channels;
        let channels = self.groups.channels.min(shape.inputs - first);
        // For each tap along an axis: the first output that reaches a pixel, how many do, and the first pixel.
        let reach = |axis: usize, tap: usize| {
            let (stride, padding) = (shape.stride[axis], shape.padding[axis]);
            let begin = padding.saturating_sub(tap).div_ceil(stride);
            let end = (shape.input[axis] + padding).saturating_sub(tap).div_ceil(stride);
            let count = end.min(shape.output[axis]).saturating_sub(begin);
            (begin, count, begin * stride + tap - padding)
        };
        for (picture, written) in self.written.chunks_exact_mut(shape.inputs * pixels).enumerate() {
            for channel in 0..channels {
                let plane = &mut written[(first + channel) * pixels..][..pixels];
                plane.fill(self.bias.map_or(0.0, |bias| bias[first + channel]));
                for tap in 0..taps {
                    let sums = &self.sums[(channel * taps + tap) * all..][..all];
                    let sums = &sums[picture * shape.output_pixels()..][..shape.output_pixels()];
                    let (line, count, to_line) = reach(0, tap / shape.kernel[1]);
                    let (column, across, to_column) = reach(1, tap % shape.kernel[1]);
                    if across == 0 {
                        continue;
                    }
                    for number in 0..count {
                        let from = &sums[(line + number) * shape.output[1] + column..][..across];
                        let to =
                            &mut plane[(to_line + number * shape.stride[0]) * shape.input[1] + to_column..];
                        if shape.stride[1] == 1 {
                            to[..across]
                                .iter_mut()
                                .zip(from)
                                .for_each(|(to, from)| *to += from);
                        } else {
                            let to = to.iter_mut().step_by(shape.stride[1]);
                            to.zip(from).for_each(|(to, from)| *to += from);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{close, levels, meetings, numbers, shapes};

    #[test]
    fn results_of_taps_are_added_where_they_belong() {
        for (number, shape) in shapes().iter().enumerate() {
            let outputs = numbers(shape.output_len(), 1);
            let weight = numbers(shape.weight_len(), 2);
            let mut wanted = vec![0.0; shape.input_len()];
            meetings(shape, |output, tap, input| {
                wanted[input] += f64::from(weight[tap]) * f64::from(outputs[output]);
            });
            for level in levels() {
                let mut found = vec![f32::NAN; shape.input_len()];
                write(level, shape, &outputs, &weight, None, &mut found);
                close(&wanted, &found, &format!("{level:?}, shape {number}"));
            }
        }
    }

    #[test]
    fn it_is_taken_where_pixels_outnumber_outputs() {
        let shape = |channels, size, kernel, stride, padding| {
            ConvShape::new(100, channels, [size; 2], [kernel; 2], [stride; 2], [padding; 2]).expect("it fits")
        };
        for level in levels() {
            assert!(
                is_better(level, &shape([256, 512], 10, 4, 1, 0)),
                "DeepSMOTE's decoder"
            );
            assert!(!is_better(level, &shape([64, 64], 8, 3, 1, 1)), "ResNet-32");
            assert!(
                !is_better(level, &shape([128, 256], 16, 4, 2, 1)),
                "every tap meets an output"
            );
        }
    }
}

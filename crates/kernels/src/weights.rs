use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::Level;
use crate::shape::ConvShape;
use crate::staged::Layout;

/// Numbers of transposed outputs that stay in the second level of the cache while channels pass by.
const CACHED: usize = 64 * 1024;

/// The gradient of a convolution by its weights: for every tap the sum over pictures and places of what it read times the
/// gradient of what came out.
///
/// # Panics
///
/// If a slice is not as long as the shape says.
pub fn weight_gradient(
    level: Level,
    shape: &ConvShape,
    pictures: &[f32],
    outputs: &[f32],
    written: &mut [f32],
) {
    assert_eq!(pictures.len(), shape.input_len(), "numbers of the input");
    assert_eq!(outputs.len(), shape.output_len(), "numbers of the output");
    assert_eq!(written.len(), shape.weight_len(), "numbers of the weights");
    let layout = Layout::of_input(shape);
    let each = shape.inputs * shape.input_pixels();
    let mut staged = vec![0.0; shape.batch * layout.len()];
    staged
        .par_chunks_exact_mut(layout.len())
        .zip(pictures.par_chunks_exact(each))
        .for_each(|(staged, picture)| layout.stage(picture, staged));
    // One vector where two would be half empty.
    let vectors = if shape.outputs <= level.lanes() { 1 } else { 2 };
    let width = vectors * level.lanes();
    let lines = by_place(shape, outputs, width);
    let taps = shape.taps();
    let blocks = shape.outputs.div_ceil(width);
    let channels = shape
        .inputs
        .div_ceil(rayon::current_num_threads().div_ceil(blocks))
        .max(1);
    // By block of outputs, by input, by tap, by output. Every job has some inputs of one block.
    let mut sums = vec![0.0; blocks * shape.inputs * taps * width];
    sums.par_chunks_exact_mut(shape.inputs * taps * width)
        .zip(lines.par_chunks_exact(shape.batch * shape.output_pixels() * width))
        .for_each(|(sums, lines)| {
            sums.par_chunks_mut(channels * taps * width)
                .enumerate()
                .for_each(|(job, sums)| {
                    level.run(Job {
                        shape,
                        layout,
                        staged: &staged,
                        lines,
                        first: job * channels,
                        sums,
                        vectors,
                    });
                });
        });
    written
        .par_chunks_exact_mut(shape.inputs * taps)
        .enumerate()
        .for_each(|(output, written)| {
            let sums = &sums[output / width * shape.inputs * taps * width..];
            for (to, sums) in written.iter_mut().zip(sums.chunks_exact(width)) {
                *to = sums[output % width];
            }
        });
}

/// The gradient of a bias: sums over pictures and places.
///
/// # Panics
///
/// If a slice is not as long as the shape says.
pub fn bias_gradient(channels: usize, pixels: usize, outputs: &[f32], written: &mut [f32]) {
    assert_eq!(written.len(), channels, "numbers of the bias");
    written.par_iter_mut().enumerate().for_each(|(channel, to)| {
        let mut sum = 0.0_f64;
        for picture in outputs.chunks_exact(channels * pixels) {
            let mut lanes = [0.0_f32; 16];
            let (whole, rest) = picture[channel * pixels..][..pixels].as_chunks::<16>();
            for line in whole {
                for (lane, value) in lanes.iter_mut().zip(line) {
                    *lane += value;
                }
            }
            let all = lanes.iter().chain(rest).map(|&value| f64::from(value));
            sum += all.sum::<f64>();
        }
        *to = sum as f32;
    });
}

/// Outputs by block of `width` channels, by picture, by place, by channel.
fn by_place(shape: &ConvShape, outputs: &[f32], width: usize) -> Vec<f32> {
    let pixels = shape.output_pixels();
    let blocks = shape.outputs.div_ceil(width);
    let mut lines = vec![0.0; blocks * shape.batch * pixels * width];
    lines
        .par_chunks_exact_mut(pixels * width)
        .enumerate()
        .for_each(|(place, lines)| {
            let (block, picture) = (place / shape.batch, place % shape.batch);
            let first = block * width;
            let channels = width.min(shape.outputs - first);
            let from = &outputs[(picture * shape.outputs + first) * pixels..][..channels * pixels];
            // Few places at a time, so that what is written stays in the cache.
            for begin in (0..pixels).step_by(16) {
                let end = (begin + 16).min(pixels);
                for (channel, from) in from.chunks_exact(pixels).enumerate() {
                    let to = lines[begin * width..end * width].iter_mut().skip(channel);
                    for (to, from) in to.step_by(width).zip(&from[begin..end]) {
                        *to = *from;
                    }
                }
            }
        });
    lines
}

struct Job<'a> {
    shape: &'a ConvShape,
    layout: Layout,
    staged: &'a [f32],
    /// Outputs of one block.
    lines: &'a [f32],
    /// First input channel of the job.
    first: usize,
    sums: &'a mut [f32],
    vectors: usize,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.vectors == 1 {
            self.channels::<S, 1>(simd);
        } else {
            self.channels::<S, 2>(simd);
        }
    }
}

impl Job<'_> {
    #[inline(always)]
    fn channels<S: Simd, const VECTORS: usize>(self, simd: S) {
        let shape = self.shape;
        let width = VECTORS * S::F32_LANES;
        let taps = shape.taps();
        let places = shape.output_pixels();
        let together = (CACHED / (places * width)).clamp(1, shape.batch);
        // As many sums as registers hold.
        let most = if S::F32_LANES == 16 { 9 } else { 5 };
        for first_picture in (0..shape.batch).step_by(together) {
            let pictures = first_picture..(first_picture + together).min(shape.batch);
            for (channel, sums) in self.sums.chunks_exact_mut(taps * width).enumerate() {
                let mut offsets = [0; 9];
                for first_tap in (0..taps).step_by(most) {
                    let some = most.min(taps - first_tap);
                    for (place, offset) in offsets.iter_mut().enumerate().take(some) {
                        let tap = first_tap + place;
                        let (line, column) = (tap / shape.kernel[1], tap % shape.kernel[1]);
                        *offset = self.layout.place(self.first + channel, line, column);
                    }
                    let sums = &mut sums[first_tap * width..][..some * width];
                    let part = Part {
                        staged: self.staged,
                        staged_len: self.layout.len(),
                        staged_line: self.layout.phase[1],
                        lines: self.lines,
                        pictures: pictures.clone(),
                        output: shape.output,
                    };
                    match some {
                        1 => part.add::<S, VECTORS, 1>(simd, &offsets, sums),
                        2 => part.add::<S, VECTORS, 2>(simd, &offsets, sums),
                        3 => part.add::<S, VECTORS, 3>(simd, &offsets, sums),
                        4 => part.add::<S, VECTORS, 4>(simd, &offsets, sums),
                        5 => part.add::<S, VECTORS, 5>(simd, &offsets, sums),
                        6 => part.add::<S, VECTORS, 6>(simd, &offsets, sums),
                        7 => part.add::<S, VECTORS, 7>(simd, &offsets, sums),
                        8 => part.add::<S, VECTORS, 8>(simd, &offsets, sums),
                        _ => part.add::<S, VECTORS, 9>(simd, &offsets, sums),
                    }
                }
            }
        }
    }
}

/// Some pictures, whose products are added to the sums of some taps of one channel.
struct Part<'a> {
    staged: &'a [f32],
    staged_len: usize,
    staged_line: usize,
    lines: &'a [f32],
    pictures: std::ops::Range<usize>,
    output: [usize; 2],
}

impl Part<'_> {
    #[inline(always)]
    fn add<S: Simd, const VECTORS: usize, const TAPS: usize>(
        self,
        simd: S,
        offsets: &[usize; 9],
        sums: &mut [f32],
    ) {
        let [height, width] = self.output;
        let across = VECTORS * S::F32_LANES;
        let mut local = [[simd.splat_f32s(0.0); VECTORS]; TAPS];
        for picture in self.pictures {
            let staged = &self.staged[picture * self.staged_len..][..self.staged_len];
            let lines = &self.lines[picture * height * width * across..][..height * width * across];
            for (line, outputs) in lines.chunks_exact(width * across).enumerate() {
                let mut read = [[].as_slice(); TAPS];
                for tap in 0..TAPS {
                    read[tap] = &staged[offsets[tap] + line * self.staged_line..][..width];
                }
                let (outputs, _) = S::as_simd_f32s(outputs);
                for (column, outputs) in outputs.as_chunks::<VECTORS>().0.iter().enumerate() {
                    for tap in 0..TAPS {
                        let value = simd.splat_f32s(read[tap][column]);
                        for vector in 0..VECTORS {
                            local[tap][vector] =
                                simd.mul_add_e_f32s(value, outputs[vector], local[tap][vector]);
                        }
                    }
                }
            }
        }
        for tap in 0..TAPS {
            let (sums, _) = S::as_mut_simd_f32s(&mut sums[tap * across..][..across]);
            for vector in 0..VECTORS {
                sums[vector] = simd.add_f32s(sums[vector], local[tap][vector]);
            }
        }
    }
}

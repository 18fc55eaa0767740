use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::{Level, multiply_add};
use crate::scratch;
use crate::shape::ConvShape;
use crate::staged::Layout;

/// Numbers of transposed outputs that stay in the second level of the cache while channels pass by.
const CACHED: usize = 64 * 1024;
/// Pictures that are summed apart from others, where sums are few.
const TOGETHER: usize = 16;
/// Numbers of staged pictures that are looked at before the next, about.
const STAGED: usize = 128 * 1024;
/// Sums that are few.
const FEW: usize = 64 * 1024;

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
    let level = level.usable();
    // One vector where two would be half empty.
    let vectors = if shape.outputs <= level.lanes() { 1 } else { 2 };
    let blocks = Blocks::new(shape, vectors * level.lanes());
    let layout = Layout::of_input(shape);
    if blocks.sums > FEW && shape.batch * layout.len() <= blocks.sums {
        return by_blocks(level, shape, blocks, pictures, outputs, written);
    }
    let sums = if blocks.sums <= FEW {
        by_pictures(level, shape, blocks, pictures, outputs)
    } else {
        by_channels(level, shape, blocks, pictures, outputs)
    };
    let each = shape.inputs * shape.taps() * blocks.width;
    written
        .par_chunks_mut(each)
        .zip(sums.par_chunks(each))
        .for_each(|(written, sums)| by_output(blocks, sums, written));
}

/// Writes the sums of a block by output instead of with outputs side by side.
fn by_output(blocks: Blocks, sums: &[f32], written: &mut [f32]) {
    for (output, written) in written.chunks_exact_mut(sums.len() / blocks.width).enumerate() {
        for (to, sums) in written.iter_mut().zip(sums.chunks_exact(blocks.width)) {
            *to = sums[output];
        }
    }
}

/// Output channels by the width of what is worked on at a time. Sums lie by block, by input, by tap, by output.
#[derive(Debug, Clone, Copy)]
struct Blocks {
    width: usize,
    count: usize,
    sums: usize,
}

impl Blocks {
    fn new(shape: &ConvShape, width: usize) -> Self {
        let count = shape.outputs.div_ceil(width);
        Self {
            width,
            count,
            sums: count * shape.inputs * shape.taps() * width,
        }
    }
}

/// Every job has some pictures, and sums of its own.
fn by_pictures(
    level: Level,
    shape: &ConvShape,
    blocks: Blocks,
    pictures: &[f32],
    outputs: &[f32],
) -> Vec<f32> {
    let layout = Layout::of_input(shape);
    let (read, given) = (
        shape.inputs * shape.input_pixels(),
        shape.outputs * shape.output_pixels(),
    );
    let parts = shape.batch.div_ceil(TOGETHER);
    let mut sums = vec![0.0; parts * blocks.sums];
    sums.par_chunks_exact_mut(blocks.sums)
        .zip(pictures.par_chunks(TOGETHER * read))
        .zip(outputs.par_chunks(TOGETHER * given))
        .for_each(|((sums, pictures), outputs)| {
            let together = (CACHED / (shape.output_pixels() * blocks.width)).clamp(1, TOGETHER);
            scratch::with(|[staged, lines]| {
                for (pictures, outputs) in pictures
                    .chunks(together * read)
                    .zip(outputs.chunks(together * given))
                {
                    let batch = pictures.len() / read;
                    let staged = staged.get(batch * layout.len());
                    let lines = lines.get(batch * blocks.count * shape.output_pixels() * blocks.width);
                    layout.stage(level, pictures, staged);
                    let each = shape.output_pixels() * blocks.width;
                    for (place, lines) in lines.chunks_exact_mut(each).enumerate() {
                        by_place(shape, blocks, outputs, [place / batch, place % batch], lines);
                    }
                    for (sums, lines) in sums
                        .chunks_exact_mut(blocks.sums / blocks.count)
                        .zip(lines.chunks_exact(batch * each))
                    {
                        level.run(Job {
                            shape,
                            layout,
                            batch,
                            staged,
                            lines,
                            first: 0,
                            sums,
                            width: blocks.width,
                        });
                    }
                }
            });
        });
    let (all, others) = sums.split_at_mut(blocks.sums);
    for others in others.chunks_exact(blocks.sums) {
        all.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
    }
    sums.truncate(blocks.sums);
    sums
}

/// Every job has one block, and sums of its own: where there are more sums than pictures have pixels.
fn by_blocks(
    level: Level,
    shape: &ConvShape,
    blocks: Blocks,
    pictures: &[f32],
    outputs: &[f32],
    written: &mut [f32],
) {
    let layout = Layout::of_input(shape);
    let each = shape.output_pixels() * blocks.width;
    let some = shape.inputs * shape.taps() * blocks.width;
    scratch::with(|[staged, _]| {
        let staged = staged.get(shape.batch * layout.len());
        staged
            .par_chunks_exact_mut(layout.len())
            .zip(pictures.par_chunks_exact(shape.inputs * shape.input_pixels()))
            .for_each(|(staged, picture)| layout.stage(level, picture, staged));
        let staged = &*staged;
        written
            .par_chunks_mut(some)
            .enumerate()
            .for_each(|(block, written)| {
                scratch::with(|[lines, sums]| {
                    let (lines, sums) = (lines.get(shape.batch * each), sums.get(some));
                    for (picture, lines) in lines.chunks_exact_mut(each).enumerate() {
                        by_place(shape, blocks, outputs, [block, picture], lines);
                    }
                    sums.fill(0.0);
                    level.run(Job {
                        shape,
                        layout,
                        batch: shape.batch,
                        staged,
                        lines,
                        first: 0,
                        sums,
                        width: blocks.width,
                    });
                    by_output(blocks, sums, written);
                });
            });
    });
}

/// Every job has some input channels of one block.
fn by_channels(
    level: Level,
    shape: &ConvShape,
    blocks: Blocks,
    pictures: &[f32],
    outputs: &[f32],
) -> Vec<f32> {
    let layout = Layout::of_input(shape);
    let read = shape.inputs * shape.input_pixels();
    let each = shape.output_pixels() * blocks.width;
    let channels = shape
        .inputs
        .div_ceil(rayon::current_num_threads().div_ceil(blocks.count))
        .max(1);
    let given = shape.outputs * shape.output_pixels();
    let some = shape.taps() * blocks.width;
    // Whole numbers of what a job looks at together.
    let cached = (CACHED / each).clamp(1, shape.batch);
    let together = (STAGED / layout.len()).next_multiple_of(cached).max(cached);
    let mut sums = vec![0.0; blocks.sums];
    scratch::with(|[staged, lines]| {
        for (pictures, outputs) in pictures
            .chunks(together * read)
            .zip(outputs.chunks(together * given))
        {
            let batch = pictures.len() / read;
            let staged = staged.get(batch * layout.len());
            staged
                .par_chunks_exact_mut(layout.len())
                .zip(pictures.par_chunks_exact(read))
                .for_each(|(staged, picture)| layout.stage(level, picture, staged));
            let lines = lines.get(blocks.count * batch * each);
            lines
                .par_chunks_exact_mut(each)
                .enumerate()
                .for_each(|(place, lines)| {
                    by_place(shape, blocks, outputs, [place / batch, place % batch], lines);
                });
            let (staged, lines) = (&*staged, &*lines);
            sums.par_chunks_mut(shape.inputs * some)
                .zip(lines.par_chunks_exact(batch * each))
                .for_each(|(sums, lines)| {
                    sums.par_chunks_mut(channels * some)
                        .enumerate()
                        .for_each(|(job, sums)| {
                            level.run(Job {
                                shape,
                                layout,
                                batch,
                                staged,
                                lines,
                                first: job * channels,
                                sums,
                                width: blocks.width,
                            });
                        });
                });
        }
    });
    sums
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

/// The outputs of a picture for a block of channels: by place, by channel.
fn by_place(
    shape: &ConvShape,
    blocks: Blocks,
    outputs: &[f32],
    [block, picture]: [usize; 2],
    lines: &mut [f32],
) {
    let (pixels, width) = (shape.output_pixels(), blocks.width);
    let first = block * width;
    let channels = width.min(shape.outputs - first);
    if channels < width {
        lines.fill(0.0);
    }
    let from = &outputs[(picture * shape.outputs + first) * pixels..][..channels * pixels];
    // Few places at a time, so that what is written stays in the cache.
    for begin in (0..pixels).step_by(16) {
        let places = begin..(begin + 16).min(pixels);
        let lines = &mut lines[begin * width..places.end * width];
        let mut channel = 0;
        if places.len() == 16 {
            for from in from.chunks_exact(4 * pixels) {
                let of = |channel: usize| from[channel * pixels..].get(places.clone());
                if let (Some(a), Some(b), Some(c), Some(d)) = (of(0), of(1), of(2), of(3)) {
                    turn([a, b, c, d], &mut lines[channel..], width);
                }
                channel += 4;
            }
        }
        for from in from.chunks_exact(pixels).skip(channel) {
            let to = lines.iter_mut().skip(channel).step_by(width);
            to.zip(&from[places.clone()]).for_each(|(to, from)| *to = *from);
            channel += 1;
        }
    }
}

/// Four channels at 16 places, written by place.
#[inline(always)]
fn turn(channels: [&[f32]; 4], lines: &mut [f32], width: usize) {
    let blocks = channels.map(|channel| channel.as_chunks::<4>().0);
    for block in 0..4 {
        let [a, b, c, d] = blocks.map(|channel| channel[block]);
        for place in 0..4 {
            let line = &mut lines[(4 * block + place) * width..][..4];
            line.copy_from_slice(&[a[place], b[place], c[place], d[place]]);
        }
    }
}

struct Job<'a> {
    shape: &'a ConvShape,
    layout: Layout,
    /// Pictures that are staged.
    batch: usize,
    staged: &'a [f32],
    /// Outputs of one block.
    lines: &'a [f32],
    /// First input channel of the job.
    first: usize,
    sums: &'a mut [f32],
    width: usize,
}

impl WithSimd for Job<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.width == S::F32_LANES {
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
        let together = (CACHED / (places * width)).clamp(1, self.batch);
        // As many sums as registers hold.
        let most = if S::F32_LANES == 16 { 9 } else { 5 };
        for first_picture in (0..self.batch).step_by(together) {
            let pictures = first_picture..(first_picture + together).min(self.batch);
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
                                multiply_add(simd, value, outputs[vector], local[tap][vector]);
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

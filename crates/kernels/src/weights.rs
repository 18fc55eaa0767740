use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::{Level, multiply_add};
use crate::scratch::{self, Scratch};
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
    let gradient = Gradient::new(level.usable(), shape, pictures, outputs);
    let sums = if gradient.sums <= FEW {
        gradient.by_pictures()
    } else if shape.batch * gradient.layout.len() <= gradient.sums {
        return gradient.by_blocks(written);
    } else {
        gradient.by_channels()
    };
    let each = gradient.block_sums();
    written
        .par_chunks_mut(each)
        .zip(sums.par_chunks(each))
        .for_each(|(written, sums)| gradient.by_output(sums, written));
}

/// What is summed: output channels lie in blocks of `width`, and sums by block, by input, by tap, by output.
struct Gradient<'a> {
    level: Level,
    shape: &'a ConvShape,
    layout: Layout,
    pictures: &'a [f32],
    outputs: &'a [f32],
    width: usize,
    blocks: usize,
    sums: usize,
}

impl<'a> Gradient<'a> {
    fn new(level: Level, shape: &'a ConvShape, pictures: &'a [f32], outputs: &'a [f32]) -> Self {
        // One vector where two would be half empty.
        let vectors = if shape.outputs <= level.lanes() { 1 } else { 2 };
        let width = vectors * level.lanes();
        let blocks = shape.outputs.div_ceil(width);
        Self {
            level,
            shape,
            layout: Layout::of_input(shape),
            pictures,
            outputs,
            width,
            blocks,
            sums: blocks * shape.inputs * shape.taps() * width,
        }
    }

    /// Sums of a block.
    fn block_sums(&self) -> usize {
        self.sums / self.blocks
    }

    /// Numbers of a picture's outputs in a block.
    fn lines(&self) -> usize {
        self.shape.output_pixels() * self.width
    }

    /// Numbers of a picture, and of what comes out of it.
    fn each(&self) -> [usize; 2] {
        let shape = self.shape;
        [
            shape.inputs * shape.input_pixels(),
            shape.outputs * shape.output_pixels(),
        ]
    }

    /// Every job has some pictures, and sums of its own.
    fn by_pictures(&self) -> Vec<f32> {
        let [read, given] = self.each();
        let parts = self.shape.batch.div_ceil(TOGETHER);
        let mut sums = vec![0.0; parts * self.sums];
        sums.par_chunks_exact_mut(self.sums)
            .zip(self.pictures.par_chunks(TOGETHER * read))
            .zip(self.outputs.par_chunks(TOGETHER * given))
            .for_each(|((sums, pictures), outputs)| {
                let together = (CACHED / self.lines()).clamp(1, TOGETHER);
                scratch::with(|[staged, lines]| {
                    for (pictures, outputs) in pictures
                        .chunks(together * read)
                        .zip(outputs.chunks(together * given))
                    {
                        let batch = pictures.len() / read;
                        let staged = staged.get(batch * self.layout.len());
                        self.layout.stage(self.level, pictures, staged);
                        let lines = lines.get(batch * self.blocks * self.lines());
                        for (place, lines) in lines.chunks_exact_mut(self.lines()).enumerate() {
                            self.by_place(outputs, [place / batch, place % batch], lines);
                        }
                        for (sums, lines) in sums
                            .chunks_exact_mut(self.block_sums())
                            .zip(lines.chunks_exact(batch * self.lines()))
                        {
                            self.add(staged, lines, 0, sums);
                        }
                    }
                });
            });
        let (all, others) = sums.split_at_mut(self.sums);
        for others in others.chunks_exact(self.sums) {
            all.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
        sums.truncate(self.sums);
        sums
    }

    /// Every job has one block, and sums of its own: where there are more sums than pictures have pixels.
    fn by_blocks(&self, written: &mut [f32]) {
        scratch::with(|[staged, _]| {
            let staged = &*self.staged(self.pictures, staged);
            written
                .par_chunks_mut(self.block_sums())
                .enumerate()
                .for_each(|(block, written)| {
                    scratch::with(|[lines, sums]| {
                        let lines = lines.get(self.shape.batch * self.lines());
                        for (picture, lines) in lines.chunks_exact_mut(self.lines()).enumerate() {
                            self.by_place(self.outputs, [block, picture], lines);
                        }
                        let sums = sums.get(self.block_sums());
                        sums.fill(0.0);
                        self.add(staged, lines, 0, sums);
                        self.by_output(sums, written);
                    });
                });
        });
    }

    /// Every job has some input channels of one block.
    fn by_channels(&self) -> Vec<f32> {
        let [read, given] = self.each();
        let jobs = rayon::current_num_threads().div_ceil(self.blocks);
        let channels = self.shape.inputs.div_ceil(jobs);
        let some = self.shape.taps() * self.width;
        // Whole numbers of what a job looks at together.
        let cached = (CACHED / self.lines()).clamp(1, self.shape.batch);
        let together = (STAGED / self.layout.len()).next_multiple_of(cached).max(cached);
        let mut sums = vec![0.0; self.sums];
        scratch::with(|[staged, lines]| {
            for (pictures, outputs) in self
                .pictures
                .chunks(together * read)
                .zip(self.outputs.chunks(together * given))
            {
                let batch = pictures.len() / read;
                let staged = &*self.staged(pictures, staged);
                let lines = lines.get(self.blocks * batch * self.lines());
                lines
                    .par_chunks_exact_mut(self.lines())
                    .enumerate()
                    .for_each(|(place, lines)| {
                        self.by_place(outputs, [place / batch, place % batch], lines);
                    });
                sums.par_chunks_mut(self.block_sums())
                    .zip(lines.par_chunks_exact(batch * self.lines()))
                    .for_each(|(sums, lines)| {
                        sums.par_chunks_mut(channels * some)
                            .enumerate()
                            .for_each(|(job, sums)| self.add(staged, lines, job * channels, sums));
                    });
            }
        });
        sums
    }

    /// Stages pictures on all threads.
    fn staged<'s>(&self, pictures: &[f32], room: &'s mut Scratch) -> &'s mut [f32] {
        let [read, _] = self.each();
        let staged = room.get(pictures.len() / read * self.layout.len());
        staged
            .par_chunks_exact_mut(self.layout.len())
            .zip(pictures.par_chunks_exact(read))
            .for_each(|(staged, picture)| self.layout.stage(self.level, picture, staged));
        staged
    }

    /// Adds to the sums of some input channels of a block, from `first` on.
    fn add(&self, staged: &[f32], lines: &[f32], first: usize, sums: &mut [f32]) {
        self.level.run(Job {
            shape: self.shape,
            layout: self.layout,
            batch: staged.len() / self.layout.len(),
            staged,
            lines,
            first,
            sums,
            width: self.width,
        });
    }

    /// Writes the sums of a block by output instead of with outputs side by side.
    fn by_output(&self, sums: &[f32], written: &mut [f32]) {
        for (output, written) in written.chunks_exact_mut(sums.len() / self.width).enumerate() {
            for (to, sums) in written.iter_mut().zip(sums.chunks_exact(self.width)) {
                *to = sums[output];
            }
        }
    }

    /// The outputs of a picture for a block of channels: by place, by channel.
    fn by_place(&self, outputs: &[f32], [block, picture]: [usize; 2], lines: &mut [f32]) {
        let (pixels, width) = (self.shape.output_pixels(), self.width);
        let first = block * width;
        let channels = width.min(self.shape.outputs - first);
        if channels < width {
            lines.fill(0.0);
        }
        let from = &outputs[(picture * self.shape.outputs + first) * pixels..][..channels * pixels];
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

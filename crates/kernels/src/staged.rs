//! Pictures with room for their padding, each phase of the stride apart, so that whatever a tap reads lies side by side.

use pulp::{Simd, WithSimd};

use crate::level::Level;
use crate::shape::ConvShape;

/// How one picture is laid out: by channel, by phase of lines and columns, then lines and columns of the phase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) channels: usize,
    /// Lines and columns of the picture itself.
    picture: [usize; 2],
    stride: [usize; 2],
    /// Where the picture's first pixel lies.
    padding: [usize; 2],
    /// Lines and columns of a phase.
    pub(crate) phase: [usize; 2],
}

impl Layout {
    /// What a convolution looks at.
    pub(crate) fn of_input(shape: &ConvShape) -> Self {
        let phase = [0, 1].map(|axis| {
            let wanted = (shape.output[axis] - 1) * shape.stride[axis] + shape.kernel[axis];
            wanted.div_ceil(shape.stride[axis])
        });
        Self {
            channels: shape.inputs,
            picture: shape.input,
            stride: shape.stride,
            padding: shape.padding,
            phase,
        }
    }

    /// What comes out of a convolution, as its transpose looks at it.
    pub(crate) fn of_output(shape: &ConvShape) -> Self {
        let before = [0, 1].map(|axis| shape.kernel[axis].div_ceil(shape.stride[axis]) - 1);
        let phase = [0, 1].map(|axis| {
            before[axis] + (shape.input[axis] - 1 + shape.padding[axis]) / shape.stride[axis] + 1
        });
        Self {
            channels: shape.outputs,
            picture: shape.output,
            stride: [1, 1],
            padding: before,
            phase,
        }
    }

    fn channel_len(&self) -> usize {
        self.stride[0] * self.stride[1] * self.phase[0] * self.phase[1]
    }

    /// Numbers of a picture.
    pub(crate) fn len(&self) -> usize {
        self.channels * self.channel_len()
    }

    /// Where the pixel lies that is `line` and `column` behind the first of the padding.
    pub(crate) fn place(&self, channel: usize, line: usize, column: usize) -> usize {
        let phase = (line % self.stride[0]) * self.stride[1] + column % self.stride[1];
        let (line, column) = (line / self.stride[0], column / self.stride[1]);
        channel * self.channel_len() + (phase * self.phase[0] + line) * self.phase[1] + column
    }

    /// Copies pictures into a place that holds [`len`](Self::len) numbers for each.
    pub(crate) fn stage(&self, level: Level, pictures: &[f32], staged: &mut [f32]) {
        level.run(Stage {
            layout: self,
            pictures,
            staged,
        });
    }

    #[inline(always)]
    fn stage_one(&self, picture: &[f32], staged: &mut [f32]) {
        if self.stride == [1, 1] {
            self.stage_lines(picture, staged);
        } else {
            self.stage_phases(picture, staged);
        }
    }

    /// The same where there is one phase: only what surrounds a picture becomes 0.
    #[inline(always)]
    fn stage_lines(&self, picture: &[f32], staged: &mut [f32]) {
        let ([lines, columns], [above, left]) = (self.picture, self.padding);
        let [height, width] = self.phase;
        let (last, room) = (height.min(above + lines), width.saturating_sub(left).min(columns));
        for (picture, staged) in picture
            .chunks_exact(lines * columns)
            .zip(staged.chunks_exact_mut(height * width))
        {
            staged[..above.min(height) * width].fill(0.0);
            staged[last.max(above.min(height)) * width..].fill(0.0);
            for (line, from) in (above..last).zip(picture.chunks_exact(columns)) {
                let to = &mut staged[line * width..][..width];
                let (before, to) = to.split_at_mut(left.min(width));
                let (to, behind) = to.split_at_mut(room);
                set_to_0(before);
                copy(to, &from[..room]);
                set_to_0(behind);
            }
        }
    }

    #[inline(always)]
    fn stage_phases(&self, picture: &[f32], staged: &mut [f32]) {
        staged.fill(0.0);
        let [lines, columns] = self.picture;
        let [height, width] = self.phase;
        let [down, right] = self.stride;
        // The first pixel of a phase along an axis, and where it goes.
        let first = |axis: usize, phase: usize| {
            let (stride, padding) = (self.stride[axis], self.padding[axis]);
            let pixel = (phase + stride - padding % stride) % stride;
            (pixel, (pixel + padding) / stride)
        };
        for phase in 0..down * right {
            let (first_line, to_line) = first(0, phase / right);
            let (first_column, to_column) = first(1, phase % right);
            if first_line >= lines || first_column >= columns || to_line >= height || to_column >= width {
                continue;
            }
            for (picture, staged) in picture
                .chunks_exact(lines * columns)
                .zip(staged.chunks_exact_mut(self.channel_len()))
            {
                let to = staged[(phase * height + to_line) * width..][..(height - to_line) * width]
                    .chunks_exact_mut(width);
                let from = picture[first_line * columns..].chunks(down * columns);
                for (to, from) in to.zip(from) {
                    let (to, from) = (&mut to[to_column..], &from[first_column..columns]);
                    match right {
                        1 => every::<1>(to, from),
                        2 => every::<2>(to, from),
                        _ => {
                            let from = from.iter().step_by(right);
                            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                        }
                    }
                }
            }
        }
    }
}

struct Stage<'a> {
    layout: &'a Layout,
    pictures: &'a [f32],
    staged: &'a mut [f32],
}

impl WithSimd for Stage<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let [lines, columns] = self.layout.picture;
        for (picture, staged) in self
            .pictures
            .chunks_exact(self.layout.channels * lines * columns)
            .zip(self.staged.chunks_exact_mut(self.layout.len()))
        {
            self.layout.stage_one(picture, staged);
        }
    }
}

/// The first of every `STEP` numbers.
#[inline(always)]
fn every<const STEP: usize>(to: &mut [f32], from: &[f32]) {
    let (whole, rest) = from.as_chunks::<STEP>();
    for (to, from) in to.iter_mut().zip(whole) {
        *to = from[0];
    }
    if let (Some(to), Some(last)) = (to.get_mut(whole.len()), rest.first()) {
        *to = *last;
    }
}

/// A copy of a line. Calling the system's takes longer than it does for lines of few pixels.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    if to.len() >= 16 {
        copy_by::<16>(to, from);
    } else if to.len() >= 8 {
        copy_by::<8>(to, from);
    } else if to.len() >= 4 {
        copy_by::<4>(to, from);
    } else {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
    }
}

/// By pieces of `LEN` numbers, and the last `LEN` once more.
#[inline(always)]
fn copy_by<const LEN: usize>(to: &mut [f32], from: &[f32]) {
    let from = &from[..to.len()];
    for (to, from) in to
        .as_chunks_mut::<LEN>()
        .0
        .iter_mut()
        .zip(from.as_chunks::<LEN>().0)
    {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<LEN>(), from.last_chunk::<LEN>()) {
        *to = *from;
    }
}

/// The same for the numbers beside a line, which are often one.
#[inline(always)]
fn set_to_0(beside: &mut [f32]) {
    match beside {
        [] => {}
        [one] => *one = 0.0,
        more => more.fill(0.0),
    }
}

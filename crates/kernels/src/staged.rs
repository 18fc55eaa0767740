//! Pictures with room for their padding, each phase of the stride apart, so that whatever a tap reads lies side by side.

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

    /// Copies a picture into a place that holds [`len`](Self::len) numbers.
    pub(crate) fn stage(&self, picture: &[f32], staged: &mut [f32]) {
        if self.stride == [1, 1] {
            self.stage_lines(picture, staged);
        } else {
            self.stage_phases(picture, staged);
        }
    }

    /// The same where there is one phase: only what surrounds a picture becomes 0.
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

    fn stage_phases(&self, picture: &[f32], staged: &mut [f32]) {
        staged.fill(0.0);
        let [lines, columns] = self.picture;
        let ([above, left], [down, right]) = (self.padding, self.stride);
        for channel in 0..self.channels {
            for line in 0..lines {
                if (line + above) / down >= self.phase[0] {
                    break;
                }
                let from = &picture[(channel * lines + line) * columns..][..columns];
                for first in 0..right.min(columns) {
                    let to = self.place(channel, line + above, first + left);
                    let room = self.phase[1].saturating_sub((first + left) / right);
                    let from = from[first..].iter().step_by(right);
                    for (to, from) in staged[to..].iter_mut().zip(from).take(room) {
                        *to = *from;
                    }
                }
            }
        }
    }
}

/// A copy of a line. Calling the system's takes longer than it does for lines of few pixels, so that usual lengths are
/// compiled in place.
fn copy(to: &mut [f32], from: &[f32]) {
    match to.len() {
        4 => copy_all::<4>(to, from),
        8 => copy_all::<8>(to, from),
        16 => copy_all::<16>(to, from),
        32 => copy_all::<32>(to, from),
        _ => to.copy_from_slice(from),
    }
}

fn copy_all<const LEN: usize>(to: &mut [f32], from: &[f32]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<LEN>(), from.first_chunk::<LEN>()) {
        *to = *from;
    }
}

/// The same for the numbers beside a line, which are often one.
fn set_to_0(beside: &mut [f32]) {
    match beside {
        [] => {}
        [one] => *one = 0.0,
        more => more.fill(0.0),
    }
}

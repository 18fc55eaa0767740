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
        staged.fill(0.0);
        let [lines, columns] = self.picture;
        let ([above, left], [down, right]) = (self.padding, self.stride);
        for channel in 0..self.channels {
            for line in 0..lines {
                if (line + above) / down >= self.phase[0] {
                    break;
                }
                let from = &picture[(channel * lines + line) * columns..][..columns];
                if right == 1 {
                    let room = self.phase[1].saturating_sub(left).min(columns);
                    let to = self.place(channel, line + above, left);
                    staged[to..to + room].copy_from_slice(&from[..room]);
                } else {
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
}

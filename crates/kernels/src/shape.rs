/// A convolution over pictures in the order batch, channels, lines, columns, without dilation or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Pictures.
    pub batch: usize,
    /// Channels that are looked at.
    pub inputs: usize,
    /// Channels that come out.
    pub outputs: usize,
    /// Lines and columns of what is looked at.
    pub input: [usize; 2],
    /// Lines and columns of what comes out.
    pub output: [usize; 2],
    /// Lines and columns of the kernel.
    pub kernel: [usize; 2],
    /// Steps of the kernel.
    pub stride: [usize; 2],
    /// Lines above and below, columns left and right that are 0.
    pub padding: [usize; 2],
}

impl ConvShape {
    /// The shape of a convolution; absent where the kernel is larger than the picture, or an extent is 0.
    pub fn new(
        batch: usize,
        [inputs, outputs]: [usize; 2],
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Option<Self> {
        let after = |axis: usize| {
            let room = (input[axis] + 2 * padding[axis]).checked_sub(kernel[axis])?;
            Some(room.checked_div(stride[axis])? + 1)
        };
        let shape = Self {
            batch,
            inputs,
            outputs,
            input,
            output: [after(0)?, after(1)?],
            kernel,
            stride,
            padding,
        };
        let extents = [batch, inputs, outputs, input[0], input[1], kernel[0], kernel[1]];
        extents.iter().all(|&extent| extent > 0).then_some(shape)
    }

    /// Numbers in a kernel of one channel.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Pixels of an input channel.
    pub(crate) fn input_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Pixels of an output channel.
    pub(crate) fn output_pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers of what is looked at.
    pub fn input_len(&self) -> usize {
        self.batch * self.inputs * self.input_pixels()
    }

    /// Numbers of what comes out.
    pub fn output_len(&self) -> usize {
        self.batch * self.outputs * self.output_pixels()
    }

    /// Numbers of the weights.
    pub fn weight_len(&self) -> usize {
        self.inputs * self.outputs * self.taps()
    }

    /// Multiplications in one pass.
    pub fn multiplications(&self) -> usize {
        self.batch * self.output_pixels() * self.weight_len()
    }
}

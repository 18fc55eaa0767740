use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use counterpoise_base::ImageShape;

use crate::layers::{Conv2d, Init, Linear, Spread, Window};

/// LeNet-5 with ReLU and max-pooling; the first convolution is padded, so that 28x28 counts as 32x32.
#[derive(Module, Debug)]
pub(crate) struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
}

impl LeNet {
    /// `shape` is at least 12x12.
    pub(crate) fn new(init: &Init<'_>, shape: ImageShape) -> Self {
        let after = |lines: usize| (lines / 2 - 4) / 2;
        let values = 16 * after(shape.height) * after(shape.width);
        let conv = |name, channels, padding| {
            let window = Window::new(5, 1, padding);
            Conv2d::new(&init.child(name), channels, window, true, Spread::Uniform)
        };
        let dense = |name, widths| Linear::new(&init.child(name), widths, Spread::Uniform);
        Self {
            conv1: conv("conv1", [shape.channels, 6], 2),
            conv2: conv("conv2", [6, 16], 0),
            fc1: dense("fc1", [values, 120]),
            fc2: dense("fc2", [120, 84]),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let pool = |input| {
            let mut options = MaxPoolOptions::new([2; 2]);
            options.stride = [2; 2];
            max_pool2d(input, options)
        };
        let output = pool(relu(self.conv1.forward(input)));
        let output = pool(relu(self.conv2.forward(output)));
        let output = relu(self.fc1.forward(output.flatten(1, 3)));
        relu(self.fc2.forward(output))
    }
}

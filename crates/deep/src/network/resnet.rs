//! Residual networks (He, Zhang, Ren, Sun, CVPR 2016).

use burn::module::Module;
use burn::tensor::Tensor;
use counterpoise_base::ImageShape;

use crate::kernels::Activation;
use crate::layers::{BatchNorm, Conv2d, Init, Spread, Window};

/// The networks of section 4.2 of the paper: three stages of 16, 32 and 64 channels, shortcuts without weights.
#[derive(Module, Debug)]
pub(crate) struct SmallResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
}

/// The 18-layer network of table 1 of the paper, with a first layer for small pictures: one 3x3 convolution, no pooling.
#[derive(Module, Debug)]
pub(crate) struct ResNet18 {
    conv1: Conv2d,
    bn1: BatchNorm,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
}

#[derive(Module, Debug)]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    shortcut: Option<Projection>,
    #[module(skip)]
    stride: usize,
}

/// The shortcut of a block that changes channels, with weights (option B of the paper).
#[derive(Module, Debug)]
struct Projection {
    conv: Conv2d,
    bn: BatchNorm,
}

#[derive(Clone, Copy, PartialEq)]
enum Shortcut {
    /// Every other pixel, and channels of zeros around (option A).
    Padded,
    /// A 1x1 convolution (option B).
    Projected,
}

impl SmallResNet {
    pub(crate) fn new(init: &Init<'_>, shape: ImageShape, blocks: usize) -> Self {
        let spread = Spread::NormalByInputs;
        let stage = |name, channels, stride| stage(init, name, channels, stride, blocks, Shortcut::Padded);
        Self {
            conv1: conv(init, "conv1", [shape.channels, 16], 1, spread),
            bn1: BatchNorm::new(&init.child("bn1"), 16),
            layer1: stage("layer1", [16, 16], 1),
            layer2: stage("layer2", [16, 32], 2),
            layer3: stage("layer3", [32, 64], 2),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let output = self
            .bn1
            .forward(self.conv1.forward(input), None, Activation::Relu);
        let stages = [&self.layer1, &self.layer2, &self.layer3];
        let blocks = stages.into_iter().flatten();
        average(blocks.fold(output, |input, block| block.forward(input)))
    }
}

impl ResNet18 {
    pub(crate) fn new(init: &Init<'_>, shape: ImageShape) -> Self {
        let spread = Spread::NormalByOutputs;
        let stage = |name, channels, stride| stage(init, name, channels, stride, 2, Shortcut::Projected);
        Self {
            conv1: conv(init, "conv1", [shape.channels, 64], 1, spread),
            bn1: BatchNorm::new(&init.child("bn1"), 64),
            layer1: stage("layer1", [64, 64], 1),
            layer2: stage("layer2", [64, 128], 2),
            layer3: stage("layer3", [128, 256], 2),
            layer4: stage("layer4", [256, 512], 2),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let output = self
            .bn1
            .forward(self.conv1.forward(input), None, Activation::Relu);
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        let blocks = stages.into_iter().flatten();
        average(blocks.fold(output, |input, block| block.forward(input)))
    }
}

/// A 3x3 convolution without bias that keeps the size but for its stride.
fn conv(init: &Init<'_>, name: &str, channels: [usize; 2], stride: usize, spread: Spread) -> Conv2d {
    Conv2d::new(
        &init.child(name),
        channels,
        Window::new(3, stride, 1),
        false,
        spread,
    )
}

fn stage(
    init: &Init<'_>,
    name: &str,
    [inputs, outputs]: [usize; 2],
    stride: usize,
    blocks: usize,
    shortcut: Shortcut,
) -> Vec<Block> {
    let init = init.child(name);
    let block = |place| {
        let (inputs, stride) = if place == 0 {
            (inputs, stride)
        } else {
            (outputs, 1)
        };
        Block::new(&init.child(place), [inputs, outputs], stride, shortcut)
    };
    (0..blocks).map(block).collect()
}

impl Block {
    fn new(init: &Init<'_>, [inputs, outputs]: [usize; 2], stride: usize, shortcut: Shortcut) -> Self {
        let spread = match shortcut {
            Shortcut::Padded => Spread::NormalByInputs,
            Shortcut::Projected => Spread::NormalByOutputs,
        };
        let projected = shortcut == Shortcut::Projected && (stride > 1 || inputs != outputs);
        let projection = || {
            let init = init.child("shortcut");
            let window = Window::new(1, stride, 0);
            Projection {
                conv: Conv2d::new(&init.child("conv"), [inputs, outputs], window, false, spread),
                bn: BatchNorm::new(&init.child("bn"), outputs),
            }
        };
        Self {
            conv1: conv(init, "conv1", [inputs, outputs], stride, spread),
            bn1: BatchNorm::new(&init.child("bn1"), outputs),
            conv2: conv(init, "conv2", [outputs, outputs], 1, spread),
            bn2: BatchNorm::new(&init.child("bn2"), outputs),
            shortcut: projected.then(projection),
            stride,
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let output = self
            .bn1
            .forward(self.conv1.forward(input.clone()), None, Activation::Relu);
        let output = self.conv2.forward(output);
        let channels = output.dims()[1];
        let shortcut = match &self.shortcut {
            Some(projection) => {
                let output = projection.conv.forward(input);
                projection.bn.forward(output, None, Activation::Identity)
            }
            None if input.dims()[1] == channels => input,
            None => padded(every_other(input, self.stride), channels),
        };
        self.bn2.forward(output, Some(shortcut), Activation::Relu)
    }
}

/// The pixels at multiples of `stride`.
fn every_other(input: Tensor<4>, stride: usize) -> Tensor<4> {
    input.slice(burn::tensor::s![.., .., ..;stride as isize, ..;stride as isize])
}

/// The channels in the middle of `channels`, zeros around.
fn padded(input: Tensor<4>, channels: usize) -> Tensor<4> {
    let [rows, inputs, height, width] = input.dims();
    let before = (channels - inputs) / 2;
    let zeros = |count| Tensor::zeros([rows, count, height, width], &input.device());
    let (first, last) = (zeros(before), zeros(channels - inputs - before));
    Tensor::cat(vec![first, input, last], 1)
}

/// The mean of every channel.
fn average(input: Tensor<4>) -> Tensor<2> {
    let [rows, channels, height, width] = input.dims();
    let flat: Tensor<3> = input.reshape([rows, channels, height * width]);
    flat.mean_dim(2).reshape([rows, channels])
}

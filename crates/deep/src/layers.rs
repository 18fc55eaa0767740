//! Layers with the shapes, names and first weights of PyTorch's, so that state dicts fit without translation.

use burn::module::{Module, Param, ParamId, RunningState};
use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::Seed;

use crate::kernels::{
    self, Activation, Movement, convolution, normalisation, normalisation_by, transposed_convolution,
};

/// Where first weights come from: a branch of seeds for every weight, named by its path, so that a layer more leaves the
/// weights of the others as they are.
pub(crate) struct Init<'a> {
    seed: &'a Seed,
    device: &'a Device,
    path: String,
}

/// The distribution of first weights.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spread {
    /// PyTorch's default: uniform within `1 / sqrt(inputs)` of 0.
    Uniform,
    /// Normal with variance `2 / inputs` (He and others, ICCV 2015).
    NormalByInputs,
    /// Normal with variance `2 / outputs`, where outputs are counted with the kernel.
    NormalByOutputs,
    /// That of Keras for dense layers: uniform within `sqrt(6 / (inputs + outputs))` of 0 (Glorot and Bengio, AISTATS 2010),
    /// and biases of 0.
    Glorot,
}

impl<'a> Init<'a> {
    pub(crate) fn new(seed: &'a Seed, device: &'a Device) -> Self {
        Self {
            seed,
            device,
            path: String::new(),
        }
    }

    /// The part of the network that is called `name`.
    pub(crate) fn child(&self, name: impl std::fmt::Display) -> Self {
        let path = if self.path.is_empty() {
            name.to_string()
        } else {
            format!("{}.{name}", self.path)
        };
        Self { path, ..*self }
    }

    /// Identifies a weight by its path, so that an optimizer knows it again in another process.
    fn id(&self) -> ParamId {
        ParamId::from(Seed::new(0).child(self.path.as_str()).number())
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
        Param::initialized(self.id(), tensor.require_grad())
    }

    fn constant<const D: usize>(&self, value: f32, shape: [usize; D]) -> Param<Tensor<D>> {
        self.param(vec![value; shape.iter().product()], shape)
    }

    fn state(&self, value: f32, count: usize) -> RunningState<Tensor<1>> {
        let tensor = Tensor::from_data(TensorData::new(vec![value; count], [count]), self.device);
        RunningState::with_id(self.id(), tensor)
    }

    /// `inputs` and `outputs` count what one output depends on and what one input reaches.
    fn weight<const D: usize>(
        &self,
        shape: [usize; D],
        spread: Spread,
        inputs: usize,
        outputs: usize,
    ) -> Param<Tensor<D>> {
        let mut random = self.seed.child(self.path.as_str()).rng();
        let count: usize = shape.iter().product();
        let mut within = |bound: f64| -> Vec<f32> {
            (0..count)
                .map(|_| (bound * (2.0 * random.fraction() - 1.0)) as f32)
                .collect()
        };
        let values = match spread {
            Spread::Uniform => within((1.0 / inputs as f64).sqrt()),
            Spread::Glorot => within((6.0 / (inputs + outputs) as f64).sqrt()),
            Spread::NormalByInputs => normals(&mut random, count, (2.0 / inputs as f64).sqrt()),
            Spread::NormalByOutputs => normals(&mut random, count, (2.0 / outputs as f64).sqrt()),
        };
        self.param(values, shape)
    }
}

fn normals(random: &mut counterpoise_base::Random, count: usize, deviation: f64) -> Vec<f32> {
    (0..count).map(|_| (deviation * random.normal()) as f32).collect()
}

/// How a kernel moves over a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    pub(crate) fn new(kernel: usize, stride: usize, padding: usize) -> Self {
        Self {
            kernel,
            stride,
            padding,
        }
    }

    /// Lines after a convolution of `lines`.
    pub(crate) fn after(self, lines: usize) -> Option<usize> {
        Some((lines + 2 * self.padding).checked_sub(self.kernel)? / self.stride + 1)
    }

    /// Lines after a transposed convolution of `lines`.
    pub(crate) fn after_transposed(self, lines: usize) -> Option<usize> {
        ((lines - 1) * self.stride + self.kernel).checked_sub(2 * self.padding)
    }
}

/// `weight` is `(outputs, inputs, kernel, kernel)`.
#[derive(Module, Debug)]
pub(crate) struct Conv2d {
    pub(crate) weight: Param<Tensor<4>>,
    pub(crate) bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    window: Window,
}

impl Conv2d {
    pub(crate) fn new(
        init: &Init<'_>,
        [inputs, outputs]: [usize; 2],
        window: Window,
        bias: bool,
        spread: Spread,
    ) -> Self {
        let area = window.kernel * window.kernel;
        let shape = [outputs, inputs, window.kernel, window.kernel];
        Self {
            weight: init
                .child("weight")
                .weight(shape, spread, inputs * area, outputs * area),
            bias: bias.then(|| {
                init.child("bias")
                    .weight([outputs], Spread::Uniform, inputs * area, outputs)
            }),
            window,
        }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let Window { stride, padding, .. } = self.window;
        let bias = self.bias.as_ref().map(Param::val);
        convolution(input, self.weight.val(), bias, Movement { stride, padding })
    }
}

/// `weight` is `(inputs, outputs, kernel, kernel)`.
#[derive(Module, Debug)]
pub(crate) struct ConvTranspose2d {
    pub(crate) weight: Param<Tensor<4>>,
    pub(crate) bias: Param<Tensor<1>>,
    #[module(skip)]
    window: Window,
    #[module(skip)]
    extra: [usize; 2],
}

impl ConvTranspose2d {
    pub(crate) fn new(init: &Init<'_>, [inputs, outputs]: [usize; 2], window: Window) -> Self {
        let area = window.kernel * window.kernel;
        let shape = [inputs, outputs, window.kernel, window.kernel];
        // PyTorch counts the second extent as the inputs of a weight, here too.
        Self {
            weight: init
                .child("weight")
                .weight(shape, Spread::Uniform, outputs * area, inputs * area),
            bias: init
                .child("bias")
                .weight([outputs], Spread::Uniform, outputs * area, outputs),
            window,
            extra: [0; 2],
        }
    }

    /// Makes pictures larger by lines at the bottom and columns at the right, fewer than the stride.
    pub(crate) fn with_extra_lines(mut self, extra: [usize; 2]) -> Self {
        self.extra = extra;
        self
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let Window { stride, padding, .. } = self.window;
        let [_, _, lines, columns] = input.dims();
        let after = |lines, extra| {
            let lines = self.window.after_transposed(lines);
            lines.expect("the window was checked when the network was made") + extra
        };
        let size = [after(lines, self.extra[0]), after(columns, self.extra[1])];
        let movement = Movement { stride, padding };
        transposed_convolution(input, self.weight.val(), self.bias.val(), movement, size)
    }
}

/// Weights of a linear layer from which on it is a convolution.
const LARGE: usize = 1024 * 1024;

/// `weight` is `(outputs, inputs)`.
#[derive(Module, Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Param<Tensor<2>>,
    pub(crate) bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    pub(crate) fn new(init: &Init<'_>, [inputs, outputs]: [usize; 2], spread: Spread) -> Self {
        Self {
            weight: init
                .child("weight")
                .weight([outputs, inputs], spread, inputs, outputs),
            bias: Some(match spread {
                Spread::Glorot => init.child("bias").constant(0.0, [outputs]),
                _ => init
                    .child("bias")
                    .weight([outputs], Spread::Uniform, inputs, outputs),
            }),
        }
    }

    /// A layer of these numbers, `(outputs, inputs)` row after row.
    pub(crate) fn of(init: &Init<'_>, weight: &[f32], bias: Option<&[f32]>, inputs: usize) -> Self {
        let outputs = weight.len() / inputs;
        Self {
            weight: init.child("weight").param(weight.to_vec(), [outputs, inputs]),
            bias: bias.map(|bias| init.child("bias").param(bias.to_vec(), [outputs])),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        let [outputs, inputs] = weight.dims();
        if outputs * inputs >= LARGE && kernels::are_for(&weight.device().inner()) {
            // A convolution that looks at one pixel, whose results need no room of their own.
            let [rows, _] = input.dims();
            let (input, weight) = (
                input.reshape([rows, inputs, 1, 1]),
                weight.reshape([outputs, inputs, 1, 1]),
            );
            let movement = Movement {
                stride: 1,
                padding: 0,
            };
            let bias = self.bias.as_ref().map(Param::val);
            return convolution(input, weight, bias, movement).reshape([rows, outputs]);
        }
        let output = input.matmul(weight.transpose());
        match &self.bias {
            Some(bias) => output + bias.val().unsqueeze(),
            None => output,
        }
    }
}

/// Normalises every channel by its mean and variance over a batch while it trains, and by running means of both later.
///
/// As PyTorch does, the running variance is the unbiased one.
#[derive(Module, Debug)]
pub(crate) struct BatchNorm {
    pub(crate) weight: Param<Tensor<1>>,
    pub(crate) bias: Param<Tensor<1>>,
    pub(crate) running_mean: RunningState<Tensor<1>>,
    pub(crate) running_var: RunningState<Tensor<1>>,
}

const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    pub(crate) fn new(init: &Init<'_>, channels: usize) -> Self {
        Self {
            weight: init.child("weight").constant(1.0, [channels]),
            bias: init.child("bias").constant(0.0, [channels]),
            running_mean: init.child("running_mean").state(0.0, channels),
            running_var: init.child("running_var").state(1.0, channels),
        }
    }

    /// Normalises, adds `residual`, and applies `activation`. Trains if its weights are asked for gradients, and uses what it
    /// has learnt if not, where gradients by the input may be asked for all the same.
    pub(crate) fn forward(
        &self,
        input: Tensor<4>,
        residual: Option<Tensor<4>>,
        activation: Activation,
    ) -> Tensor<4> {
        if !input.is_autodiff() {
            let learnt = [
                self.weight.val(),
                self.bias.val(),
                self.running_mean.value(),
                self.running_var.value(),
            ];
            return normalisation_by(input, learnt, residual, EPSILON, activation);
        }
        if !self.weight.val().is_require_grad() {
            return self.by_what_it_has_learnt(input, residual, activation);
        }
        let [rows, _, height, width] = input.dims();
        let values = (rows * height * width) as f64;
        let result = normalisation(
            input,
            [self.weight.val(), self.bias.val()],
            residual,
            EPSILON,
            activation,
        );
        let mean = result.mean.detach();
        // One value has no unbiased variance; PyTorch refuses it, and here the state stays as it was.
        if values > 1.0 {
            let variance = result.variance.detach() * (values / (values - 1.0));
            move_towards(&self.running_mean, mean);
            move_towards(&self.running_var, variance);
        }
        result.output
    }

    /// A scale and a shift of every channel, whose gradients by the input are known.
    fn by_what_it_has_learnt(
        &self,
        input: Tensor<4>,
        residual: Option<Tensor<4>>,
        activation: Activation,
    ) -> Tensor<4> {
        let [_, channels, _, _] = input.dims();
        let of_channels = |numbers: Tensor<1>| numbers.reshape([1, channels, 1, 1]);
        let scale = self.weight.val() / (self.running_var.value() + EPSILON).sqrt();
        let shift = self.bias.val() - self.running_mean.value() * scale.clone();
        let output = input * of_channels(scale) + of_channels(shift);
        let output = match residual {
            Some(residual) => output + residual,
            None => output,
        };
        activated(output, activation)
    }
}

fn activated(values: Tensor<4>, activation: Activation) -> Tensor<4> {
    match activation {
        Activation::Identity => values,
        Activation::Relu => relu(values),
        Activation::LeakyRelu(slope) => leaky_relu(values, f64::from(slope)),
    }
}

fn move_towards(state: &RunningState<Tensor<1>>, seen: Tensor<1>) {
    let moved = state.value() * (1.0 - MOMENTUM) + seen * MOMENTUM;
    state.update(moved.detach());
    // The state lags by one update until somebody asks for it.
    let _ = state.value_sync();
}

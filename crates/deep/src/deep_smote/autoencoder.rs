use burn::module::Module;
use burn::tensor::activation::{leaky_relu, relu, tanh};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Event, ImageShape, Images, Observer, Seed, from_signed, to_signed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernels::Activation;
use crate::layers::{BatchNorm, Conv2d, ConvTranspose2d, Init, Linear, Spread, Window};
use crate::weights::numbers;
use crate::{DeviceKind, Error, Weights};

/// How latent codes become pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DecoderKind {
    /// A dense layer to a quarter of the lines and three transposed convolutions: the authors' code. It is wide: most of
    /// its weights are in the dense layer, and they grow with the area of a picture.
    #[default]
    Reference,
    /// Four transposed convolutions, the encoder in reverse: the paper.
    Mirror,
}

/// The sizes of an autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoencoderSizes {
    /// Channels of the first convolution; later ones have two, four and eight times as many.
    pub width: usize,
    /// Numbers in a latent code.
    pub latent: usize,
    /// How codes become pictures.
    pub decoder: DecoderKind,
    /// Whether the first block of the encoder has batch normalisation.
    pub first_batch_norm: bool,
}

/// Pictures to latent codes and back, with the weights it has learnt; it computes no gradients.
#[derive(Debug, Clone)]
pub struct Autoencoder {
    pub(crate) net: Coder,
    pub(crate) shape: ImageShape,
    pub(crate) sizes: AutoencoderSizes,
    pub(crate) device: Device,
}

/// An encoder and a decoder.
#[derive(Module, Debug)]
pub(crate) struct Coder {
    pub(crate) encoder: Encoder,
    pub(crate) decoder: Decoder,
}

/// Four convolutions that halve the lines, and a dense layer without activation.
///
/// The first three have window 4, stride 2 and one line of padding. The fourth depends on the lines that are left: four by
/// four (32x32 pictures) take window 4, stride 1 and no padding, as the authors' code says in a comment, so that one line is
/// left, as it is of 28x28 pictures; a single line (pictures of 8 to 15 lines) takes two lines of padding; all others go on
/// as before, and what is left is flattened whole.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    conv1: Conv2d,
    bn1: Option<BatchNorm>,
    conv2: Conv2d,
    bn2: BatchNorm,
    conv3: Conv2d,
    bn3: BatchNorm,
    conv4: Conv2d,
    bn4: BatchNorm,
    fc: Linear,
}

/// A dense layer with ReLU, and transposed convolutions with batch normalisation and ReLU, but for the last: tanh.
///
/// Pictures that come out a few lines too large are cut at the bottom and at the right.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    fc: Linear,
    deconv1: ConvTranspose2d,
    bn1: BatchNorm,
    deconv2: ConvTranspose2d,
    bn2: BatchNorm,
    deconv3: ConvTranspose2d,
    /// The mirror's fourth step.
    bn3: Option<BatchNorm>,
    deconv4: Option<ConvTranspose2d>,
    #[module(skip)]
    sizes: DecoderSizes,
}

#[derive(Debug, Clone, Copy)]
struct DecoderSizes {
    /// Channels, lines and columns after the dense layer.
    first: [usize; 3],
    /// Lines and columns of a picture.
    picture: [usize; 2],
}

const HALVING: Window = Window {
    kernel: 4,
    stride: 2,
    padding: 1,
};

/// Fewest lines and columns that four halvings can read.
pub(crate) const SMALLEST: usize = 8;

/// Slope of the encoder's activation below 0.
const LEAK: f32 = 0.2;

/// Pictures or codes that go through at once.
const AT_ONCE: usize = 256;

/// The window of the fourth convolution for so many lines and columns.
fn fourth([height, width]: [usize; 2]) -> Window {
    match (height, width) {
        (4, 4) => Window::new(4, 1, 0),
        (1, _) | (_, 1) => Window::new(4, 2, 2),
        _ => HALVING,
    }
}

/// Lines and columns after each of the four convolutions.
pub(crate) fn lines(shape: ImageShape) -> [[usize; 2]; 4] {
    let mut at = [shape.height, shape.width];
    let mut after = [[0; 2]; 4];
    for (place, after) in after.iter_mut().enumerate() {
        let window = if place < 3 { HALVING } else { fourth(at) };
        at = at.map(|lines| {
            window
                .after(lines)
                .expect("pictures of eight lines survive four windows")
        });
        *after = at;
    }
    after
}

impl Encoder {
    fn new(init: &Init<'_>, shape: ImageShape, sizes: AutoencoderSizes) -> Self {
        let width = sizes.width;
        let after = lines(shape);
        let conv =
            |name, channels, window| Conv2d::new(&init.child(name), channels, window, false, Spread::Uniform);
        let norm = |name, channels| BatchNorm::new(&init.child(name), channels);
        let left = 8 * width * after[3][0] * after[3][1];
        Self {
            conv1: conv("conv1", [shape.channels, width], HALVING),
            bn1: sizes.first_batch_norm.then(|| norm("bn1", width)),
            conv2: conv("conv2", [width, 2 * width], HALVING),
            bn2: norm("bn2", 2 * width),
            conv3: conv("conv3", [2 * width, 4 * width], HALVING),
            bn3: norm("bn3", 4 * width),
            conv4: conv("conv4", [4 * width, 8 * width], fourth(after[2])),
            bn4: norm("bn4", 8 * width),
            fc: Linear::new(&init.child("fc"), [left, sizes.latent], Spread::Uniform),
        }
    }

    /// `(n, channels, height, width)` to `(n, latent)`.
    pub(crate) fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        self.fc.forward(self.features(pictures))
    }

    /// Numbers that the dense layer reads.
    pub(crate) fn width(&self) -> usize {
        self.fc.weight.dims()[1]
    }

    /// What the dense layer reads.
    pub(crate) fn features(&self, pictures: Tensor<4>) -> Tensor<2> {
        let block = |norm: &BatchNorm, output| norm.forward(output, None, Activation::LeakyRelu(LEAK));
        let output = self.conv1.forward(pictures);
        let output = match &self.bn1 {
            Some(norm) => block(norm, output),
            None => leaky_relu(output, f64::from(LEAK)),
        };
        let output = block(&self.bn2, self.conv2.forward(output));
        let output = block(&self.bn3, self.conv3.forward(output));
        let output = block(&self.bn4, self.conv4.forward(output));
        output.flatten(1, 3)
    }
}

impl Decoder {
    fn new(init: &Init<'_>, shape: ImageShape, sizes: AutoencoderSizes) -> Self {
        match sizes.decoder {
            DecoderKind::Reference => Self::reference(init, shape, sizes),
            DecoderKind::Mirror => Self::mirror(init, shape, sizes),
        }
    }

    /// For 28x28 that of the authors' code, which starts from 7x7. They published none for other sizes; these start from a
    /// quarter of the lines and double them twice, as imbalanced-DL does for 32x32.
    fn reference(init: &Init<'_>, shape: ImageShape, sizes: AutoencoderSizes) -> Self {
        let width = sizes.width;
        let small = (shape.height, shape.width) == (28, 28);
        let windows = if small {
            [Window::new(4, 1, 0), Window::new(4, 1, 0), Window::new(4, 2, 0)]
        } else {
            [HALVING, HALVING, Window::new(3, 1, 1)]
        };
        let first = [8 * width, shape.height.div_ceil(4), shape.width.div_ceil(4)];
        let deconv = |name, channels, window| ConvTranspose2d::new(&init.child(name), channels, window);
        Self {
            fc: Linear::new(
                &init.child("fc"),
                [sizes.latent, first.iter().product()],
                Spread::Uniform,
            ),
            deconv1: deconv("deconv1", [8 * width, 4 * width], windows[0]),
            bn1: BatchNorm::new(&init.child("bn1"), 4 * width),
            deconv2: deconv("deconv2", [4 * width, 2 * width], windows[1]),
            bn2: BatchNorm::new(&init.child("bn2"), 2 * width),
            deconv3: deconv("deconv3", [2 * width, shape.channels], windows[2]),
            bn3: None,
            deconv4: None,
            sizes: DecoderSizes {
                first,
                picture: [shape.height, shape.width],
            },
        }
    }

    fn mirror(init: &Init<'_>, shape: ImageShape, sizes: AutoencoderSizes) -> Self {
        let width = sizes.width;
        let after = lines(shape);
        let first = [8 * width, after[3][0], after[3][1]];
        // Two numbers of lines shrink to one where the stride is 2; the line that is missing on the way back is added.
        let deconv = |name, channels, window: Window, from: [usize; 2], to: [usize; 2]| {
            let grown = from.map(|lines| window.after_transposed(lines).unwrap_or(0));
            let extra = [0, 1].map(|axis| to[axis] - grown[axis]);
            ConvTranspose2d::new(&init.child(name), channels, window).with_extra_lines(extra)
        };
        let [w1, w2, w4, w8] = [width, 2 * width, 4 * width, 8 * width];
        let picture = [shape.height, shape.width];
        Self {
            fc: Linear::new(
                &init.child("fc"),
                [sizes.latent, first.iter().product()],
                Spread::Uniform,
            ),
            deconv1: deconv("deconv1", [w8, w4], fourth(after[2]), after[3], after[2]),
            bn1: BatchNorm::new(&init.child("bn1"), w4),
            deconv2: deconv("deconv2", [w4, w2], HALVING, after[2], after[1]),
            bn2: BatchNorm::new(&init.child("bn2"), w2),
            deconv3: deconv("deconv3", [w2, w1], HALVING, after[1], after[0]),
            bn3: Some(BatchNorm::new(&init.child("bn3"), w1)),
            deconv4: Some(deconv(
                "deconv4",
                [w1, shape.channels],
                HALVING,
                after[0],
                picture,
            )),
            sizes: DecoderSizes { first, picture },
        }
    }

    /// `(n, latent)` to `(n, channels, height, width)`, in `[-1, 1]`.
    pub(crate) fn forward(&self, codes: Tensor<2>) -> Tensor<4> {
        let [count, _] = codes.dims();
        let [channels, height, width] = self.sizes.first;
        let output = relu(self.fc.forward(codes)).reshape([count, channels, height, width]);
        let output = self
            .bn1
            .forward(self.deconv1.forward(output), None, Activation::Relu);
        let output = self
            .bn2
            .forward(self.deconv2.forward(output), None, Activation::Relu);
        let mut output = self.deconv3.forward(output);
        if let (Some(norm), Some(deconv)) = (&self.bn3, &self.deconv4) {
            output = deconv.forward(norm.forward(output, None, Activation::Relu));
        }
        let output = tanh(output);
        let [_, channels, height, width] = output.dims();
        let [lines, columns] = self.sizes.picture;
        if (height, width) == (lines, columns) {
            return output;
        }
        output.slice([0..count, 0..channels, 0..lines, 0..columns])
    }
}

impl Coder {
    /// Networks with first weights from `seed`, on `device`, ready to train.
    pub(crate) fn new(
        shape: ImageShape,
        sizes: AutoencoderSizes,
        seed: &Seed,
        device: &Device,
    ) -> Result<Self, Error> {
        if shape.height < SMALLEST || shape.width < SMALLEST {
            return Err(Error::WrongInput {
                architecture: "deep-smote".to_owned(),
                needs: "pictures of at least 8x8",
            });
        }
        let device = device.clone().autodiff();
        let init = Init::new(seed, &device);
        Ok(Self {
            encoder: Encoder::new(&init.child("encoder"), shape, sizes),
            decoder: Decoder::new(&init.child("decoder"), shape, sizes),
        })
    }
}

impl Autoencoder {
    /// Networks with first weights from `seed`.
    pub fn new(
        shape: ImageShape,
        sizes: AutoencoderSizes,
        seed: &Seed,
        device: DeviceKind,
    ) -> Result<Self, Error> {
        let device = device.open()?;
        let net = Coder::new(shape, sizes, seed, &device)?.valid();
        Ok(Self {
            net,
            shape,
            sizes,
            device,
        })
    }

    /// The pictures that it reads and makes.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The sizes of its networks.
    pub fn sizes(&self) -> AutoencoderSizes {
        self.sizes
    }

    /// The weights, by name: `encoder.conv1.weight`.
    pub fn weights(&self) -> Weights {
        Weights::of(&self.net)
    }

    /// The same networks with other weights.
    pub fn with_weights(self, weights: &Weights) -> Result<Self, Error> {
        Ok(Self {
            net: weights.put_into(self.net)?,
            ..self
        })
    }

    /// Latent codes, `(n, latent)` row after row.
    pub fn encode(&self, images: &Images, observer: &dyn Observer) -> Result<Vec<f32>, Error> {
        self.expect(images)?;
        let mut codes = Vec::with_capacity(images.len() * self.sizes.latent);
        for first in (0..images.len()).step_by(AT_ONCE) {
            let last = (first + AT_ONCE).min(images.len());
            let pictures = tensor_of(images, first..last, &self.device);
            codes.extend(numbers(self.net.encoder.forward(pictures)));
            tell(observer, "encoding pictures", last, images.len())?;
        }
        Ok(codes)
    }

    /// The pictures of latent codes, `(n, latent)` row after row; `at_once` of them are decoded at a time.
    ///
    /// # Panics
    ///
    /// If a code is incomplete.
    pub fn decode(&self, codes: &[f32], at_once: usize, observer: &dyn Observer) -> Result<Images, Error> {
        let latent = self.sizes.latent;
        assert_eq!(codes.len() % latent, 0, "codes of {latent} numbers");
        let count = codes.len() / latent;
        let mut values = Vec::with_capacity(count * self.shape.values());
        let mut done = 0;
        for chunk in codes.chunks(at_once.max(1) * latent) {
            let rows = chunk.len() / latent;
            let data = TensorData::new(chunk.to_vec(), [rows, latent]);
            let pictures = self.net.decoder.forward(Tensor::from_data(data, &self.device));
            values.extend(numbers(pictures).into_iter().map(from_signed));
            done += rows;
            tell(observer, "decoding pictures", done, count)?;
        }
        Ok(Images::new(self.shape, values))
    }

    /// Pictures, encoded and decoded again.
    pub fn reconstruct(&self, images: &Images, observer: &dyn Observer) -> Result<Images, Error> {
        let codes = self.encode(images, observer)?;
        self.decode(&codes, AT_ONCE, observer)
    }

    fn expect(&self, images: &Images) -> Result<(), Error> {
        if images.shape() == self.shape {
            return Ok(());
        }
        Err(Error::OtherInput {
            found: format!("pictures of {}", images.shape()),
            needed: format!("pictures of {}", self.shape),
        })
    }
}

/// Some pictures as a network reads them, `(n, channels, height, width)`.
pub(crate) fn tensor_of(
    images: &Images,
    indices: impl IntoIterator<Item = usize>,
    device: &Device,
) -> Tensor<4> {
    let shape = images.shape();
    let values: Vec<f32> = indices
        .into_iter()
        .flat_map(|index| images.get(index))
        .map(|&value| to_signed(value))
        .collect();
    let count = values.len() / shape.values();
    let data = TensorData::new(values, [count, shape.channels, shape.height, shape.width]);
    Tensor::from_data(data, device)
}

pub(crate) fn tell(observer: &dyn Observer, task: &str, done: usize, total: usize) -> Result<(), Error> {
    let event = Event::Progress {
        task,
        done: done as u64,
        total: total as u64,
    };
    if observer.observe(&event).is_break() {
        return Err(Error::Stopped);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(width: usize, latent: usize, decoder: DecoderKind) -> AutoencoderSizes {
        AutoencoderSizes {
            width,
            latent,
            decoder,
            first_batch_norm: false,
        }
    }

    fn parameters(shape: ImageShape, sizes: AutoencoderSizes, part: &str) -> usize {
        let coder = Autoencoder::new(shape, sizes, &Seed::new(1), DeviceKind::Cpu).unwrap();
        let mut weights = coder.weights();
        weights.0.retain(|name, _| name.starts_with(part));
        weights.parameters()
    }

    #[test]
    fn networks_have_the_numbers_of_weights_of_the_authors_code() {
        let gray = ImageShape::new(1, 28, 28);
        let published = sizes(64, 300, DecoderKind::Reference);
        assert_eq!(parameters(gray, published, "encoder"), 2_909_228);
        assert_eq!(parameters(gray, published, "decoder"), 10_176_129);
        let color = ImageShape::new(3, 32, 32);
        let published = sizes(64, 600, DecoderKind::Reference);
        assert_eq!(parameters(color, published, "encoder"), 3_065_176);
        assert_eq!(parameters(color, published, "decoder"), 22_319_619);
    }

    #[test]
    fn the_first_batch_norm_adds_two_weights_a_channel() {
        let shape = ImageShape::new(1, 28, 28);
        let mut with = sizes(4, 10, DecoderKind::Mirror);
        let without = parameters(shape, with, "");
        with.first_batch_norm = true;
        assert_eq!(parameters(shape, with, ""), without + 8);
    }

    #[test]
    fn pictures_of_any_size_come_back_in_their_shape() {
        let images = |shape: ImageShape| Images::new(shape, vec![100; 2 * shape.values()]);
        for decoder in [DecoderKind::Reference, DecoderKind::Mirror] {
            for (height, width) in [
                (8, 8),
                (8, 33),
                (9, 15),
                (16, 16),
                (28, 28),
                (28, 32),
                (31, 30),
                (32, 32),
                (65, 48),
            ] {
                for channels in [1, 2, 3] {
                    let shape = ImageShape::new(channels, height, width);
                    let coder = Autoencoder::new(shape, sizes(2, 5, decoder), &Seed::new(1), DeviceKind::Cpu)
                        .unwrap();
                    let codes = coder.encode(&images(shape), &()).unwrap();
                    assert_eq!(codes.len(), 10);
                    let decoded = coder.decode(&codes, 1, &()).unwrap();
                    assert_eq!(
                        (decoded.shape(), decoded.len()),
                        (shape, 2),
                        "{decoder:?} {shape}"
                    );
                }
            }
        }
    }

    #[test]
    fn pictures_that_are_too_small_are_refused() {
        let shape = ImageShape::new(1, 7, 28);
        let error = Autoencoder::new(
            shape,
            sizes(2, 5, DecoderKind::Mirror),
            &Seed::new(1),
            DeviceKind::Cpu,
        );
        assert_eq!(error.unwrap_err().code(), "deep.wrong-input");
    }

    #[test]
    fn chunks_change_no_picture() {
        let shape = ImageShape::new(1, 28, 28);
        let coder = Autoencoder::new(
            shape,
            sizes(2, 5, DecoderKind::Reference),
            &Seed::new(1),
            DeviceKind::Cpu,
        )
        .unwrap();
        let codes: Vec<f32> = (0..35).map(|place| (place as f32 * 0.7).sin()).collect();
        let whole = coder.decode(&codes, 100, &()).unwrap();
        assert_eq!(coder.decode(&codes, 2, &()).unwrap(), whole);
    }
}

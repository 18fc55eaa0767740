//! Networks that classify: a body that ends in a feature embedding, and a head over it.

mod lenet;
mod mlp;
mod resnet;

use std::borrow::Cow;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use counterpoise_base::{HeadKind, ImageShape, LinearHead, Seed};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::layers::{Init, Linear, Spread};
use crate::named::{Named, name_or_table};
use crate::weights::numbers;
use crate::{Error, Weights};
use lenet::LeNet;
use mlp::Mlp;
use resnet::{ResNet18, SmallResNet};

/// Which network.
///
/// In a file, it is a name (`network = "mlp"`), or a table with `name` and options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields, remote = "Self")]
#[non_exhaustive]
pub enum Architecture {
    /// 20 layers of 16, 32 and 64 channels for 32x32 pictures (He and others, CVPR 2016, section 4.2).
    #[serde(rename = "resnet20")]
    ResNet20,
    /// 32 layers of 16, 32 and 64 channels, the network of EOS and of most long-tailed work.
    #[default]
    #[serde(rename = "resnet32")]
    ResNet32,
    /// 56 layers of 16, 32 and 64 channels.
    #[serde(rename = "resnet56")]
    ResNet56,
    /// 18 layers of 64 to 512 channels, with a first layer for small pictures: one 3x3 convolution, no pooling.
    #[serde(rename = "resnet18")]
    ResNet18,
    /// Two convolutions and three dense layers (`LeCun` and others 1998), with ReLU and max-pooling, for pictures from 12x12.
    #[serde(rename = "lenet")]
    LeNet,
    /// Dense layers with ReLU, for tables.
    Mlp {
        /// Widths of the hidden layers; the last is the width of the feature embedding.
        #[serde(default = "usual_hidden")]
        hidden: Vec<usize>,
    },
}

/// Two hidden layers.
fn usual_hidden() -> Vec<usize> {
    vec![64, 64]
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mlp { .. } => Self::serialize(self, serializer),
            _ => serializer.serialize_str(self.name()),
        }
    }
}

impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        name_or_table(deserializer)
    }
}

impl<'de> Named<'de> for Architecture {
    const EXPECTED: &'static str = "the name of a network, or a table with `name`";

    fn table<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Self::deserialize(table)
    }
}

impl JsonSchema for Architecture {
    fn schema_name() -> Cow<'static, str> {
        "Architecture".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<serde_json::Value> = Self::words()
            .map(|(word, about)| serde_json::json!({ "const": word, "description": about }))
            .collect();
        json_schema!({ "oneOf": words })
    }
}

/// What a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputShape {
    /// Pictures.
    Images(ImageShape),
    /// Rows of so many numbers.
    Rows(usize),
}

impl std::fmt::Display for InputShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Images(shape) => write!(f, "pictures of {shape}"),
            Self::Rows(columns) => write!(f, "rows of {columns} numbers"),
        }
    }
}

/// A body and a head.
#[derive(Module, Debug)]
pub(crate) struct Net {
    pub(crate) network: Body,
    pub(crate) linear: Head,
}

#[derive(Module, Debug)]
pub(crate) enum Body {
    SmallResNet(SmallResNet),
    ResNet18(ResNet18),
    LeNet(LeNet),
    Mlp(Mlp),
}

#[derive(Module, Debug)]
pub(crate) enum Head {
    Linear(Linear),
    Cosine(Linear),
}

/// A network with the weights it has learnt, ready to classify; it computes no gradients.
#[derive(Debug, Clone)]
pub struct Classifier {
    pub(crate) net: Net,
    pub(crate) architecture: Architecture,
    pub(crate) head: HeadKind,
    pub(crate) input: InputShape,
    pub(crate) classes: usize,
}

impl Architecture {
    /// A network of this kind with first weights from `seed`, on `device`, ready to train.
    pub(crate) fn build(
        &self,
        input: InputShape,
        classes: usize,
        head: HeadKind,
        seed: &Seed,
        device: &Device,
    ) -> Result<Net, Error> {
        let device = device.clone().autodiff();
        let init = Init::new(seed, &device);
        let misfit = |needs: &'static str| Error::WrongInput {
            architecture: self.name().to_owned(),
            needs,
        };
        let small = |blocks| match input {
            InputShape::Images(shape) if shape.height >= 4 && shape.width >= 4 => {
                Ok((Body::SmallResNet(SmallResNet::new(&init, shape, blocks)), 64))
            }
            _ => Err(misfit("pictures of at least 4x4")),
        };
        let (network, width) = match self {
            Self::ResNet20 => small(3)?,
            Self::ResNet32 => small(5)?,
            Self::ResNet56 => small(9)?,
            Self::ResNet18 => match input {
                InputShape::Images(shape) if shape.height >= 8 && shape.width >= 8 => {
                    (Body::ResNet18(ResNet18::new(&init, shape)), 512)
                }
                _ => return Err(misfit("pictures of at least 8x8")),
            },
            Self::LeNet => match input {
                InputShape::Images(shape) if shape.height >= 12 && shape.width >= 12 => {
                    (Body::LeNet(LeNet::new(&init, shape)), 84)
                }
                _ => return Err(misfit("pictures of at least 12x12")),
            },
            Self::Mlp { hidden } => match input {
                InputShape::Rows(columns) if columns > 0 && !hidden.is_empty() && !hidden.contains(&0) => (
                    Body::Mlp(Mlp::new(&init, columns, hidden)),
                    hidden[hidden.len() - 1],
                ),
                InputShape::Images(shape) if !hidden.is_empty() && !hidden.contains(&0) => (
                    Body::Mlp(Mlp::new(&init, shape.values(), hidden)),
                    hidden[hidden.len() - 1],
                ),
                _ => return Err(misfit("one hidden layer or more, none of width 0")),
            },
        };
        let spread = match self {
            Self::ResNet20 | Self::ResNet32 | Self::ResNet56 => Spread::NormalByInputs,
            _ => Spread::Uniform,
        };
        let mut linear = Linear::new(&init.child("linear"), [width, classes], spread);
        let linear = match head {
            HeadKind::Linear => Head::Linear(linear),
            HeadKind::Cosine => {
                linear.bias = None;
                Head::Cosine(linear)
            }
        };
        Ok(Net { network, linear })
    }

    /// Dense layers of the usual widths.
    pub fn mlp() -> Self {
        Self::Mlp {
            hidden: usual_hidden(),
        }
    }

    /// Whether it reads rows of a table; it reads pictures then as rows of pixels.
    pub fn reads_rows(&self) -> bool {
        matches!(self, Self::Mlp { .. })
    }

    /// What may be written for a network, and what it is.
    fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            (
                "resnet20",
                "20 layers of 16, 32 and 64 channels for 32x32 pictures (He and others, CVPR 2016, section 4.2).",
            ),
            (
                "resnet32",
                "32 layers of 16, 32 and 64 channels, the network of EOS and of most long-tailed work.",
            ),
            ("resnet56", "56 layers of 16, 32 and 64 channels."),
            (
                "resnet18",
                "18 layers of 64 to 512 channels, with a first layer for small pictures: one 3x3 convolution, no pooling.",
            ),
            (
                "lenet",
                "Two convolutions and three dense layers (LeCun and others 1998), with ReLU and max-pooling, for pictures from 12x12.",
            ),
            (
                "mlp",
                "Dense layers with ReLU, for tables: two hidden layers of 64 numbers each; pictures are rows of pixels to it.",
            ),
            (
                "{ name = \"mlp\", hidden = [128, 32] }",
                "The same with hidden layers of these widths, as many as are written. The last is the width of the feature embedding.",
            ),
        ]
        .into_iter()
    }

    /// The name that a user types.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ResNet20 => "resnet20",
            Self::ResNet32 => "resnet32",
            Self::ResNet56 => "resnet56",
            Self::ResNet18 => "resnet18",
            Self::LeNet => "lenet",
            Self::Mlp { .. } => "mlp",
        }
    }
}

impl Net {
    /// Feature embeddings, `(n, d)`; pictures are `(n, channels, height, width)`, rows `(n, columns, 1, 1)`.
    pub(crate) fn embed(&self, input: Tensor<4>) -> Tensor<2> {
        match &self.network {
            Body::SmallResNet(body) => body.forward(input),
            Body::ResNet18(body) => body.forward(input),
            Body::LeNet(body) => body.forward(input),
            Body::Mlp(body) => body.forward(input.flatten(1, 3)),
        }
    }

    /// Logits, `(n, classes)`.
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        self.linear.forward(self.embed(input))
    }
}

impl Head {
    pub(crate) fn forward(&self, embedding: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Linear(linear) => linear.forward(embedding),
            Self::Cosine(linear) => unit(embedding).matmul(unit(linear.weight.val()).transpose()),
        }
    }

    pub(crate) fn layer(&self) -> &Linear {
        match self {
            Self::Linear(linear) | Self::Cosine(linear) => linear,
        }
    }

    /// A layer of plain numbers, ready to train.
    pub(crate) fn of(head: &LinearHead, init: &Init<'_>) -> Self {
        let layer = |bias| Linear::of(init, head.weight(), bias, head.width());
        match head.kind() {
            HeadKind::Linear => Self::Linear(layer(Some(head.bias()))),
            HeadKind::Cosine => Self::Cosine(layer(None)),
        }
    }

    pub(crate) fn plain(&self) -> LinearHead {
        let layer = self.layer();
        let [classes, width] = layer.weight.dims();
        let weight = numbers(layer.weight.val());
        match self {
            Self::Linear(_) => {
                let bias = layer.bias.as_ref().map(|bias| numbers(bias.val()));
                LinearHead::new(weight, bias.unwrap_or_else(|| vec![0.0; classes]), width)
            }
            Self::Cosine(_) => LinearHead::cosine(weight, width),
        }
    }
}

/// Rows of length 1; a row of zeros stays one.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = rows.clone().powi_scalar(2).sum_dim(1).sqrt().clamp_min(1e-12);
    rows / length
}

impl Classifier {
    /// A network with first weights from `seed`.
    pub fn new(
        architecture: Architecture,
        head: HeadKind,
        input: InputShape,
        classes: usize,
        seed: &Seed,
        device: crate::DeviceKind,
    ) -> Result<Self, Error> {
        let net = architecture.build(input, classes, head, seed, &device.open()?)?;
        Ok(Self {
            net: net.valid(),
            architecture,
            head,
            input,
            classes,
        })
    }

    /// Which network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The kind of its last layer.
    pub fn head(&self) -> HeadKind {
        self.head
    }

    /// The weights, by name.
    pub fn weights(&self) -> Weights {
        Weights::of(&self.net)
    }

    /// The same network with other weights.
    pub fn with_weights(self, weights: &Weights) -> Result<Self, Error> {
        Ok(Self {
            net: weights.put_into(self.net)?,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;

    use super::*;
    use crate::DeviceKind;

    fn parameters(architecture: Architecture, channels: usize, side: usize, classes: usize) -> usize {
        let input = InputShape::Images(ImageShape::new(channels, side, side));
        let head = HeadKind::Linear;
        Classifier::new(architecture, head, input, classes, &Seed::new(1), DeviceKind::Cpu)
            .unwrap()
            .weights()
            .parameters()
    }

    #[test]
    fn networks_have_the_published_numbers_of_weights() {
        assert_eq!(parameters(Architecture::ResNet20, 3, 32, 10), 269_722);
        assert_eq!(parameters(Architecture::ResNet32, 3, 32, 10), 464_154);
        assert_eq!(parameters(Architecture::ResNet56, 3, 32, 10), 853_018);
        assert_eq!(parameters(Architecture::ResNet18, 3, 32, 10), 11_173_962);
        assert_eq!(parameters(Architecture::LeNet, 1, 28, 10), 61_706);
    }

    #[test]
    fn a_network_is_a_name_or_a_table() {
        let read = |text: &str| serde_json::from_str::<Architecture>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#""lenet""#), Ok(Architecture::LeNet));
        assert_eq!(read(r#""mlp""#), Ok(Architecture::mlp()));
        let hidden = vec![7];
        assert_eq!(
            read(r#"{"name":"mlp","hidden":[7]}"#),
            Ok(Architecture::Mlp { hidden })
        );
        assert!(read(r#""lnet""#).is_err_and(|error| error.contains("`lenet`")));
        assert!(read(r#"{"name":"mlp","depth":[7]}"#).is_err());
        for (word, about) in Architecture::words().filter(|(word, _)| !word.starts_with('{')) {
            let network = read(&format!("\"{word}\"")).expect(word);
            assert_eq!(network.name(), word);
            assert!(about.ends_with('.'));
            let written = serde_json::to_string(&network).unwrap();
            assert_eq!(read(&written), Ok(network));
        }
        assert_eq!(
            serde_json::to_string(&Architecture::ResNet32).unwrap(),
            r#""resnet32""#
        );
    }

    #[test]
    fn weights_survive_the_way_out_and_in() {
        let input = InputShape::Images(ImageShape::new(1, 12, 12));
        let new = |seed| {
            Classifier::new(
                Architecture::LeNet,
                HeadKind::Cosine,
                input,
                3,
                &Seed::new(seed),
                DeviceKind::Cpu,
            )
            .unwrap()
        };
        let (one, other) = (new(1), new(2));
        assert_ne!(one.weights(), other.weights());
        assert!(one.weights().0.contains_key("linear.weight"));
        assert!(!one.weights().0.contains_key("linear.bias"));
        let copy = other.with_weights(&one.weights()).unwrap();
        assert_eq!(copy.weights(), one.weights());
        // What was read back can be trained on.
        let net = copy.net.train();
        let input = Tensor::ones([2, 1, 12, 12], &net.devices()[0].clone().autodiff());
        let grads = net.forward(input).sum().backward();
        assert_eq!(GradientsParams::from_grads(grads, &net).len(), 9);
    }

    #[test]
    fn names_are_those_of_a_state_dict() {
        let input = InputShape::Images(ImageShape::new(3, 32, 32));
        let net = Classifier::new(
            Architecture::ResNet32,
            HeadKind::Linear,
            input,
            10,
            &Seed::new(1),
            DeviceKind::Cpu,
        )
        .unwrap();
        let weights = net.weights();
        assert_eq!(weights.0["layer2.0.conv1.weight"].shape, [32, 16, 3, 3]);
        assert_eq!(weights.0["linear.weight"].shape, [10, 64]);
        assert_eq!(weights.0["bn1.running_var"].shape, [16]);
        let new = Architecture::ResNet18;
        let net = Classifier::new(new, HeadKind::Linear, input, 10, &Seed::new(1), DeviceKind::Cpu).unwrap();
        let weights = net.weights();
        assert_eq!(weights.0["layer2.0.shortcut.0.weight"].shape, [128, 64, 1, 1]);
        assert_eq!(weights.0["layer2.0.shortcut.1.running_mean"].shape, [128]);
    }
}

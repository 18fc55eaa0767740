use burn::tensor::{Tensor, TensorData};
use counterpoise_base::{Event, Images, Observer, to_signed};

use crate::network::Net;
use crate::weights::numbers;
use crate::{Classifier, Error, InputShape};

/// What a network reads, as plain numbers.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a> {
    /// Pictures, which are brought to `[-1, 1]` or to given means and deviations.
    Images(&'a Images, &'a Scaling),
    /// Rows of so many numbers each, one after the other.
    Rows(&'a [f32], usize),
}

/// How bytes become numbers.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// Black is -1, white is 1.
    #[default]
    Signed,
    /// Fractions of white, less the mean, by the deviation of each channel.
    Channels {
        /// One mean a channel, of values in `[0, 1]`.
        mean: Vec<f32>,
        /// One deviation a channel.
        deviation: Vec<f32>,
    },
}

/// What a network says of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// `(n, classes)`, row after row.
    pub values: Vec<f32>,
    /// Number of classes.
    pub classes: usize,
}

/// Rows that go through a network at once.
const AT_ONCE: usize = 256;

impl Scaling {
    /// Appends one picture.
    pub(crate) fn append(&self, picture: &[u8], channels: usize, to: &mut Vec<f32>) {
        match self {
            Self::Signed => to.extend(picture.iter().map(|&value| to_signed(value))),
            Self::Channels { mean, deviation } => {
                let plane = picture.len() / channels;
                for (channel, values) in picture.chunks_exact(plane).enumerate() {
                    let (mean, deviation) = (mean[channel], deviation[channel]);
                    to.extend(
                        values
                            .iter()
                            .map(|&value| (f32::from(value) / 255.0 - mean) / deviation),
                    );
                }
            }
        }
    }
}

impl Inputs<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Images(images, _) => images.len(),
            Self::Rows(values, width) => values.len() / width,
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of one row.
    pub fn shape(&self) -> InputShape {
        match self {
            Self::Images(images, _) => InputShape::Images(images.shape()),
            Self::Rows(_, width) => InputShape::Rows(*width),
        }
    }

    /// Some rows as `(n, channels, height, width)`.
    pub(crate) fn rows(&self, indices: impl Iterator<Item = usize>) -> TensorData {
        let mut values = Vec::new();
        let mut count = 0;
        match self {
            Self::Images(images, scaling) => {
                let shape = images.shape();
                for index in indices {
                    scaling.append(images.get(index), shape.channels, &mut values);
                    count += 1;
                }
                TensorData::new(values, [count, shape.channels, shape.height, shape.width])
            }
            Self::Rows(all, width) => {
                for index in indices {
                    values.extend_from_slice(&all[index * width..][..*width]);
                    count += 1;
                }
                TensorData::new(values, [count, *width, 1, 1])
            }
        }
    }
}

impl Logits {
    /// The class of every row: the one with the greatest logit, of equals the first.
    pub fn predictions(&self) -> Vec<u32> {
        let greatest = |row: &[f32]| {
            let mut best = 0;
            for (class, value) in row.iter().enumerate() {
                if *value > row[best] {
                    best = class;
                }
            }
            best as u32
        };
        self.values.chunks_exact(self.classes).map(greatest).collect()
    }

    /// Probabilities by softmax, `(n, classes)`.
    pub fn probabilities(&self) -> Vec<f64> {
        let softmax = |row: &[f32]| {
            let greatest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let parts: Vec<f64> = row
                .iter()
                .map(|&value| f64::from(value - greatest).exp())
                .collect();
            let sum: f64 = parts.iter().sum();
            parts
                .into_iter()
                .map(move |part| part / sum)
                .collect::<Vec<f64>>()
        };
        self.values.chunks_exact(self.classes).flat_map(softmax).collect()
    }
}

impl Classifier {
    /// Feature embeddings, `(n, d)` row after row: what the head reads. No augmentation, no gradients.
    pub fn embed(&self, inputs: Inputs<'_>, observer: &dyn Observer) -> Result<Vec<f32>, Error> {
        self.each(inputs, observer, Net::embed)
    }

    /// Logits of every row.
    pub fn logits(&self, inputs: Inputs<'_>, observer: &dyn Observer) -> Result<Logits, Error> {
        Ok(Logits {
            values: self.each(inputs, observer, Net::forward)?,
            classes: self.classes,
        })
    }

    /// Logits of feature embeddings, `(n, d)` row after row.
    pub fn logits_of_embeddings(&self, embeddings: &[f32]) -> Logits {
        let [_, width] = self.net.linear.layer().weight.dims();
        let rows = embeddings.len() / width;
        let device = self.net.linear.layer().weight.device();
        let tensor = Tensor::from_data(TensorData::new(embeddings.to_vec(), [rows, width]), &device);
        Logits {
            values: numbers(self.net.linear.forward(tensor)),
            classes: self.classes,
        }
    }

    fn each(
        &self,
        inputs: Inputs<'_>,
        observer: &dyn Observer,
        of: impl Fn(&Net, Tensor<4>) -> Tensor<2>,
    ) -> Result<Vec<f32>, Error> {
        if inputs.shape() != self.input {
            return Err(Error::OtherInput {
                found: inputs.shape().to_string(),
                needed: self.input.to_string(),
            });
        }
        let device = self.net.linear.layer().weight.device();
        let mut values = Vec::new();
        let total = inputs.len();
        for first in (0..total).step_by(AT_ONCE) {
            let last = (first + AT_ONCE).min(total);
            let tensor = Tensor::from_data(inputs.rows(first..last), &device);
            values.extend(numbers(of(&self.net, tensor)));
            let event = Event::Progress {
                task: "running the network",
                done: last as u64,
                total: total as u64,
            };
            if observer.observe(&event).is_break() {
                return Err(Error::Stopped);
            }
        }
        Ok(values)
    }
}

use burn::module::Module as _;
use burn::tensor::{Tensor, TensorData};
use counterpoise_base::{Event, Images, Observer, Seed};
use counterpoise_data::Augment;

use crate::layers::Init;
use crate::network::{Head, Net};
use crate::weights::numbers;
use crate::{Classifier, Error, InputShape, LinearHead};

/// What a network reads, as plain numbers.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a> {
    /// Pictures, and how they become numbers.
    Images(&'a Images, &'a Augment),
    /// Rows of so many numbers each, one after the other.
    Rows(&'a [f32], usize),
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

    /// Some rows as `(n, channels, height, width)`, as they are.
    pub(crate) fn rows(&self, indices: &[usize]) -> TensorData {
        self.tensor(indices, |images, augment| augment.plain(images, indices))
    }

    /// Some rows as `(n, channels, height, width)`, changed as this epoch has it.
    pub(crate) fn training_rows(&self, indices: &[usize], epoch: usize, seed: &Seed) -> TensorData {
        self.tensor(indices, |images, augment| {
            augment.batch(images, indices, epoch as u64, seed)
        })
    }

    fn tensor(&self, indices: &[usize], values: impl FnOnce(&Images, &Augment) -> Vec<f32>) -> TensorData {
        match self {
            Self::Images(images, augment) => {
                let shape = images.shape();
                let extents = [indices.len(), shape.channels, shape.height, shape.width];
                TensorData::new(values(images, augment), extents)
            }
            Self::Rows(all, width) => {
                let values: Vec<f32> = indices
                    .iter()
                    .flat_map(|index| &all[index * width..][..*width])
                    .copied()
                    .collect();
                TensorData::new(values, [indices.len(), *width, 1, 1])
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
    ///
    /// # Errors
    ///
    /// A network whose weights have run away gives numbers that are not finite, which would count as predictions of some class.
    pub fn logits(&self, inputs: Inputs<'_>, observer: &dyn Observer) -> Result<Logits, Error> {
        let values = self.each(inputs, observer, Net::forward)?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(place) => Err(Error::NoLogits {
                row: place / self.classes + 1,
            }),
            None => Ok(Logits {
                values,
                classes: self.classes,
            }),
        }
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

    /// The last layer as plain numbers.
    pub fn linear_head(&self) -> LinearHead {
        self.net.linear.plain()
    }

    /// The same network with another last layer, of the same width and for as many classes.
    pub fn with_linear_head(self, head: &LinearHead) -> Result<Self, Error> {
        let layer = self.net.linear.layer();
        let [classes, width] = layer.weight.dims();
        if (head.classes(), head.width()) != (classes, width) {
            return Err(Error::OtherHead {
                found: format!("of {} classes by {} features", head.classes(), head.width()),
                needed: format!("of {classes} classes by {width} features"),
            });
        }
        let device = layer.weight.device().autodiff();
        let seed = Seed::new(0);
        let init = Init::new(&seed, &device);
        let linear = Head::of(head, &init.child("linear")).valid();
        Ok(Self {
            head: head.kind(),
            net: Net { linear, ..self.net },
            ..self
        })
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
            let tensor = Tensor::from_data(inputs.rows(&(first..last).collect::<Vec<_>>()), &device);
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

//! What networks take in memory, told before they are made.

use counterpoise_base::ImageShape;

use crate::deep_smote::{SMALLEST, lines};
use crate::{Architecture, AutoencoderSizes, DecoderKind, InputShape};

/// Numbers that a network holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Weights.
    pub weights: u128,
    /// Numbers that one row leaves behind until the gradients of its step are known, about.
    pub row: u128,
}

impl Demand {
    /// Bytes of a training with so many rows a step, about: weights, their gradients, two moments, the best so far, and what
    /// rows leave behind.
    pub fn training(self, rows: usize) -> u128 {
        let numbers = self
            .weights
            .saturating_mul(5)
            .saturating_add(self.row.saturating_mul(rows as u128));
        numbers.saturating_mul(4)
    }
}

/// Layers behind a convolution that keep what they were given: itself, the normalisation, the activation.
const KEPT: u128 = 3;

impl Architecture {
    /// What it holds for this input.
    pub fn demand(&self, input: InputShape, classes: usize) -> Demand {
        let classes = classes as u128;
        match (self, input) {
            (Self::Mlp { hidden }, _) => {
                let first = match input {
                    InputShape::Rows(columns) => columns as u128,
                    InputShape::Images(shape) => values(shape),
                };
                let mut demand = Demand {
                    weights: 0,
                    row: first,
                };
                let mut inputs = first;
                for outputs in hidden.iter().map(|&units| units as u128).chain([classes]) {
                    let weights = inputs.saturating_add(1).saturating_mul(outputs);
                    demand.weights = demand.weights.saturating_add(weights);
                    demand.row = demand.row.saturating_add(outputs.saturating_mul(2));
                    inputs = outputs;
                }
                demand
            }
            (_, InputShape::Rows(columns)) => Demand {
                weights: 0,
                row: columns as u128,
            },
            (Self::LeNet, InputShape::Images(shape)) => {
                let after = |lines: usize| (lines / 2).saturating_sub(4) as u128;
                let second = after(shape.height) * after(shape.width);
                let pixels = (shape.height * shape.width) as u128;
                Demand {
                    weights: 25 * 6 * shape.channels as u128
                        + 2400
                        + 120 * 4 * second
                        + 120 * 84
                        + 84 * classes,
                    row: values(shape) + KEPT * (6 * pixels + 16 * second),
                }
            }
            (Self::ResNet18, InputShape::Images(shape)) => residual(shape, &[64, 128, 256, 512], 2, classes),
            (Self::ResNet20, InputShape::Images(shape)) => residual(shape, &[16, 32, 64], 3, classes),
            (Self::ResNet32, InputShape::Images(shape)) => residual(shape, &[16, 32, 64], 5, classes),
            (Self::ResNet56, InputShape::Images(shape)) => residual(shape, &[16, 32, 64], 9, classes),
        }
    }
}

fn values(shape: ImageShape) -> u128 {
    shape.values() as u128
}

/// Stages that halve lines and columns, each of so many blocks of two convolutions.
fn residual(shape: ImageShape, stages: &[u128], blocks: u128, classes: u128) -> Demand {
    let first = stages[0];
    let mut pixels = (shape.height * shape.width) as u128;
    let mut demand = Demand {
        weights: 9 * shape.channels as u128 * first,
        row: values(shape) + KEPT * first * pixels,
    };
    let mut inputs = first;
    for (place, &channels) in stages.iter().enumerate() {
        if place > 0 {
            pixels = pixels.div_ceil(4);
        }
        demand.weights += 9 * channels * (inputs + (2 * blocks - 1) * channels);
        demand.row += KEPT * 2 * blocks * channels * pixels;
        inputs = channels;
    }
    demand.weights += inputs * classes;
    demand
}

impl AutoencoderSizes {
    /// What encoder and decoder hold for pictures of this shape.
    pub fn demand(&self, shape: ImageShape) -> Demand {
        if shape.height.min(shape.width) < SMALLEST {
            // Such pictures are refused for other reasons.
            return Demand { weights: 0, row: 0 };
        }
        let (width, latent) = (self.width as u128, self.latent as u128);
        let after = lines(shape).map(|[lines, columns]| (lines * columns) as u128);
        let left = 8 * width * after[3];
        let squares = width.saturating_mul(width);
        let encoder = squares.saturating_mul(16 * (2 + 8 + 32));
        let channels = shape.channels as u128;
        let kept: u128 = after
            .iter()
            .zip([1, 2, 4, 8])
            .map(|(pixels, times)| KEPT * times * width * pixels)
            .sum();
        let pixels = (shape.height * shape.width) as u128;
        let (first, decoder, decoded) = match self.decoder {
            DecoderKind::Mirror => (left, encoder, kept),
            DecoderKind::Reference => {
                let first = 8 * width * (shape.height.div_ceil(4) * shape.width.div_ceil(4)) as u128;
                let decoder = squares.saturating_mul(16 * (32 + 8));
                (
                    first,
                    decoder,
                    KEPT * width * (8 * pixels.div_ceil(16) + 4 * pixels.div_ceil(4) + 2 * pixels),
                )
            }
        };
        let dense = left.saturating_add(first).saturating_mul(latent);
        Demand {
            weights: encoder
                .saturating_add(decoder)
                .saturating_add(dense)
                .saturating_add(32 * channels * width),
            row: kept + decoded + first + 2 * latent + 2 * values(shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;
    use crate::{Autoencoder, Classifier, DeviceKind, HeadKind};

    /// A count that leaves out biases and normalisations, which are few.
    #[track_caller]
    fn near(wanted: u128, true_one: usize) {
        let ratio = wanted as f64 / true_one as f64;
        assert!((0.9..1.1).contains(&ratio), "{wanted} is not {true_one}");
    }

    #[test]
    fn weights_are_about_as_many_as_a_network_has() {
        for shape in [ImageShape::new(3, 32, 32), ImageShape::new(1, 28, 40)] {
            let input = InputShape::Images(shape);
            for network in [
                Architecture::ResNet20,
                Architecture::ResNet32,
                Architecture::ResNet56,
                Architecture::LeNet,
                Architecture::Mlp { hidden: vec![50, 20] },
            ] {
                let (head, seed) = (HeadKind::Linear, Seed::new(1));
                let made = Classifier::new(network.clone(), head, input, 10, &seed, DeviceKind::Cpu);
                let Ok(made) = made else { continue };
                near(network.demand(input, 10).weights, made.weights().parameters());
            }
            for decoder in [DecoderKind::Mirror, DecoderKind::Reference] {
                let sizes = AutoencoderSizes {
                    width: 16,
                    latent: 64,
                    decoder,
                    first_batch_norm: false,
                };
                let made = Autoencoder::new(shape, sizes, &Seed::new(1), DeviceKind::Cpu).unwrap();
                near(sizes.demand(shape).weights, made.weights().parameters());
            }
        }
    }

    #[test]
    fn absurd_sizes_are_told_without_overflow() {
        let network = Architecture::Mlp {
            hidden: vec![usize::MAX, usize::MAX],
        };
        assert!(
            network
                .demand(InputShape::Rows(usize::MAX), 2)
                .training(usize::MAX)
                > 1 << 100
        );
        let sizes = AutoencoderSizes {
            width: usize::MAX / 1000,
            latent: usize::MAX,
            decoder: DecoderKind::Mirror,
            first_batch_norm: false,
        };
        assert!(sizes.demand(ImageShape::new(3, 2000, 1500)).training(100) > 1 << 100);
    }
}

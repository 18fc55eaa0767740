use std::num::NonZeroUsize;

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use counterpoise_base::{Event, Images, LabeledImages, Labels, Observer, Random, Seed};
use counterpoise_sampling::{Direction, Run, Strategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::autoencoder::{Coder, Decoder, Encoder, tell, tensor_of};
use super::{Autoencoder, Generated};
use crate::kernels::log_softmax;
use crate::layers::{Init, Linear, Spread};
use crate::optimizer::Adam;
use crate::{Error, Weights};

/// Makes pictures of rare classes with a generator that learnt to deceive a discriminator: a GAN in the manner of BAGAN.
///
/// For comparison with DeepSMOTE, whose case is made against GANs. The generator is the decoder of a trained autoencoder,
/// the discriminator its encoder with a head for all classes and one more, "made"; latent codes of a class are drawn from the
/// normal distribution of its encoded pictures.
///
/// # Source
///
/// Mariani, Scheidegger, Istrate, Bekas and Malossi, "BAGAN: Data Augmentation with Balancing GAN", arXiv 1803.09655, and the
/// authors' code, whose step, momentum, and numbers of made pictures are the defaults here: the discriminator sees a batch of
/// real pictures and one made picture for every class-th real one, then the generator makes as many as both. Networks are
/// those of the autoencoder at hand, not theirs; the discriminator has no dropout, and normalises by batches, so that a batch
/// of the generator goes through it together with real pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Bagan {
    /// Pictures wanted per class.
    pub sampling_strategy: Strategy,
    /// Step of Adam, the same for both networks.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// How much of the gradients before Adam keeps.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub beta_1: f64,
    /// Real pictures a batch.
    pub batch_size: NonZeroUsize,
    /// Times that the discriminator sees all pictures.
    pub epochs: NonZeroUsize,
    /// Codes that are decoded at once.
    pub decode_batch: NonZeroUsize,
}

/// Mean losses of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GanLoss {
    /// Cross-entropy of the discriminator.
    pub discriminator: f64,
    /// Cross-entropy of what the generator wants the discriminator to say.
    pub generator: f64,
}

/// A GAN that learns, epoch by epoch.
#[derive(Debug)]
pub struct GanTraining<'a> {
    options: &'a Bagan,
    data: &'a LabeledImages,
    autoencoder: &'a Autoencoder,
    seed: Seed,
    device: Device,
    generator: Decoder,
    discriminator: Discriminator,
    adam: [Steps; 2],
    history: Vec<GanLoss>,
    latents: Vec<Option<Normal>>,
    /// Classes with a picture.
    present: Vec<u32>,
}

#[derive(Clone)]
struct Steps(ModuleOptimizer);

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Adam")
    }
}

/// An encoder whose dense layer is another.
#[derive(Module, Debug)]
struct Discriminator {
    encoder: Encoder,
    head: Linear,
}

/// The normal distribution with the mean and covariance of some codes.
#[derive(Debug, Clone)]
struct Normal {
    mean: Vec<f64>,
    /// Codes less the mean, over the root of their number less one; no row for a single code.
    centred: Vec<f32>,
}

impl Default for Bagan {
    fn default() -> Self {
        let count = |number| NonZeroUsize::new(number).expect("the number is not 0");
        Self {
            sampling_strategy: Strategy::default(),
            learning_rate: 5e-5,
            beta_1: 0.5,
            batch_size: count(100),
            epochs: count(100),
            decode_batch: count(256),
        }
    }
}

impl Bagan {
    fn check(&self) -> Result<(), Error> {
        let refused = |option, value: f64, range| {
            Err(Error::OutOfRange {
                method: "bagan",
                option,
                value: value.to_string(),
                range,
            })
        };
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refused("learning_rate", self.learning_rate, "a number above 0");
        }
        if !(0.0..1.0).contains(&self.beta_1) {
            return refused("beta_1", self.beta_1, "a number from 0 to below 1");
        }
        Ok(())
    }
}

impl Normal {
    fn of(codes: &[f32], latent: usize, rows: &[usize]) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let row = |row: usize| &codes[row * latent..][..latent];
        let mut mean = vec![0.0; latent];
        for &place in rows {
            mean.iter_mut()
                .zip(row(place))
                .for_each(|(sum, &value)| *sum += f64::from(value));
        }
        mean.iter_mut().for_each(|sum| *sum /= rows.len() as f64);
        let scale = (rows.len() as f64 - 1.0).sqrt();
        let centred = if rows.len() < 2 {
            Vec::new()
        } else {
            rows.iter()
                .flat_map(|&place| row(place).iter().zip(&mean))
                .map(|(&value, mean)| ((f64::from(value) - mean) / scale) as f32)
                .collect()
        };
        Some(Self { mean, centred })
    }

    /// Appends one code. A sum of the centred rows with standard normal weights has their covariance, of whatever rank.
    fn draw(&self, random: &mut Random, to: &mut Vec<f32>) {
        let mut code: Vec<f32> = self.mean.iter().map(|&mean| mean as f32).collect();
        for row in self.centred.chunks_exact(self.mean.len()) {
            let weight = random.normal() as f32;
            code.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += weight * value);
        }
        to.append(&mut code);
    }
}

impl Discriminator {
    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        self.head.forward(self.encoder.features(pictures))
    }
}

/// Mean of the negative logarithm of the probability of each target.
fn cross_entropy(logits: Tensor<2>, targets: &[u32]) -> Tensor<1> {
    let codes: Vec<i64> = targets.iter().map(|&target| i64::from(target)).collect();
    let data = TensorData::new(codes, [targets.len(), 1]);
    let targets = Tensor::<2, Int>::from_data(data, &logits.device());
    log_softmax(logits).gather(1, targets).mean().neg()
}

impl<'a> GanTraining<'a> {
    /// Starts from an autoencoder that was trained on the same pictures.
    pub fn new(
        options: &'a Bagan,
        autoencoder: &'a Autoencoder,
        data: &'a LabeledImages,
        seed: &Seed,
    ) -> Result<Self, Error> {
        options.check()?;
        if data.len() < 2 {
            return Err(Error::TooFewImages {
                rows: data.len(),
                needed: 2,
            });
        }
        let codes = autoencoder.encode(&data.images, &())?;
        let latent = autoencoder.sizes().latent;
        let classes = data.labels.classes().len();
        let latents: Vec<Option<Normal>> = (0..classes as u32)
            .map(|class| Normal::of(&codes, latent, &data.labels.rows_of(class)))
            .collect();
        let seed = seed.child("bagan");
        let device = autoencoder.device.clone().autodiff();
        let Coder { encoder, decoder } = autoencoder.net.clone().train();
        let init = Init::new(&seed, &device);
        let widths = [encoder.width(), classes + 1];
        let head = Linear::new(&init.child("head"), widths, Spread::Uniform);
        let adam = || {
            let adam = Adam {
                beta_1: options.beta_1,
                ..Adam::default()
            };
            Steps(adam.init())
        };
        Ok(Self {
            options,
            data,
            autoencoder,
            device,
            generator: decoder,
            discriminator: Discriminator { encoder, head },
            adam: [adam(), adam()],
            history: Vec::new(),
            present: (0..classes as u32)
                .filter(|&class| latents[class as usize].is_some())
                .collect(),
            latents,
            seed,
        })
    }

    /// Losses of the epochs so far.
    pub fn history(&self) -> &[GanLoss] {
        &self.history
    }

    /// Numbers that the generator and the discriminator have learnt.
    pub fn parameters(&self) -> usize {
        let mut discriminator = Weights::of(&self.discriminator);
        discriminator.0.retain(|name, _| !name.starts_with("encoder.fc."));
        Weights::of(&self.generator).parameters() + discriminator.parameters()
    }

    /// Trains to the end.
    pub fn run(&mut self, observer: &dyn Observer) -> Result<(), Error> {
        while self.history.len() < self.options.epochs.get() {
            self.epoch(observer)?;
        }
        Ok(())
    }

    /// Sees all pictures once.
    pub fn epoch(&mut self, observer: &dyn Observer) -> Result<GanLoss, Error> {
        let epoch = self.history.len();
        let branch = self.seed.child("epoch").child(epoch as u64);
        let order = branch.child("order").shuffled(0..self.data.len());
        let batches: Vec<&[usize]> = order.chunks(self.options.batch_size.get()).collect();
        let mut loss = GanLoss {
            discriminator: 0.0,
            generator: 0.0,
        };
        for (place, rows) in batches.iter().enumerate() {
            let branch = branch.child("batch").child(place as u64);
            let (one, other) = self.step(rows, &branch);
            if !one.is_finite() || !other.is_finite() {
                return Err(Error::NotFinite {
                    epoch: epoch + 1,
                    batch: place + 1,
                    of: batches.len(),
                    kept: None,
                });
            }
            let share = rows.len() as f64 / self.data.len() as f64;
            loss.discriminator += share * one;
            loss.generator += share * other;
            let done = epoch * batches.len() + place + 1;
            tell(
                observer,
                "training the GAN",
                done,
                self.options.epochs.get() * batches.len(),
            )?;
        }
        self.history.push(loss);
        let _ = observer.observe(&Event::Epoch {
            task: "training the GAN",
            epoch: epoch as u64 + 1,
            of: self.options.epochs.get() as u64,
            numbers: &[("loss", loss.discriminator), ("generator", loss.generator)],
        });
        Ok(loss)
    }

    /// One step of the discriminator and one of the generator.
    fn step(&mut self, rows: &[usize], branch: &Seed) -> (f64, f64) {
        let codes = self.data.labels.codes();
        let real = tensor_of(&self.data.images, rows.iter().copied(), &self.device);
        let few = rows.len().div_ceil(self.present.len());
        let fake = self.data.labels.classes().len() as u32;
        let rate = self.options.learning_rate;

        let (latents, _) = self.draw(few, &branch.child("discriminator"));
        let made = self.generator.forward(latents).detach();
        let targets: Vec<u32> = rows
            .iter()
            .map(|&row| codes[row])
            .chain(std::iter::repeat_n(fake, few))
            .collect();
        let logits = self
            .discriminator
            .forward(Tensor::cat(vec![real.clone(), made], 0));
        let loss = cross_entropy(logits, &targets);
        let seen = f64::from(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.discriminator);
        self.discriminator = self.adam[0].0.step(rate, self.discriminator.clone(), gradients);

        let (latents, wanted) = self.draw(rows.len() + few, &branch.child("generator"));
        let made = self.generator.forward(latents);
        let logits = self.discriminator.forward(Tensor::cat(vec![made, real], 0));
        let [_, classes] = logits.dims();
        let loss = cross_entropy(logits.slice([0..wanted.len(), 0..classes]), &wanted);
        let deceived = f64::from(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.generator);
        self.generator = self.adam[1].0.step(rate, self.generator.clone(), gradients);
        (seen, deceived)
    }

    /// Codes of classes that are drawn evenly.
    fn draw(&self, count: usize, seed: &Seed) -> (Tensor<2>, Vec<u32>) {
        let mut random = seed.rng();
        let mut values = Vec::new();
        let classes: Vec<u32> = (0..count)
            .map(|_| {
                let class = self.present[random.below(self.present.len())];
                if let Some(normal) = &self.latents[class as usize] {
                    normal.draw(&mut random, &mut values);
                }
                class
            })
            .collect();
        let data = TensorData::new(values, [count, self.autoencoder.sizes().latent]);
        (Tensor::from_data(data, &self.device), classes)
    }

    /// Makes the pictures that `sampling_strategy` asks for; they have no parents.
    pub fn generate(&self, run: &Run<'_>) -> Result<Generated, Error> {
        let targets = self
            .options
            .sampling_strategy
            .targets(&self.data.labels, Direction::Over)?;
        let mut made = Vec::new();
        let mut classes = Vec::new();
        for (class, count) in targets.changes {
            let Some(normal) = &self.latents[class as usize] else {
                continue;
            };
            let name = &self.data.labels.classes()[class as usize];
            let seed = run.seed.child("bagan").child(name.as_str());
            for turn in 0..count {
                normal.draw(&mut seed.child(turn as u64).rng(), &mut made);
            }
            classes.extend(std::iter::repeat_n(class, count));
        }
        let images = if classes.is_empty() {
            Images::new(self.data.images.shape(), Vec::new())
        } else {
            let mut generator = self.autoencoder.clone();
            generator.net.decoder = self.generator.valid();
            generator.decode(&made, self.options.decode_batch.get(), run.observer)?
        };
        let labels = Labels::from_codes(self.data.labels.classes().to_vec(), classes);
        Ok(Generated {
            set: LabeledImages::new(images, labels),
            codes: made,
            origins: Vec::new(),
            shares: None,
            warnings: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::ImageShape;

    use super::*;
    use crate::{AutoencoderSizes, DecoderKind, DeviceKind};

    fn pictures() -> LabeledImages {
        let shape = ImageShape::new(1, 8, 8);
        let mut random = Seed::new(3).rng();
        let codes: Vec<u32> = (0..24).map(|row| u32::from(row % 4 == 3)).collect();
        let values = codes
            .iter()
            .flat_map(|&class| vec![if class == 0 { 40 } else { 200 }; 64])
            .map(|value: u8| value + random.below(30) as u8)
            .collect();
        let names = vec!["dark".to_owned(), "bright".to_owned()];
        LabeledImages::new(Images::new(shape, values), Labels::from_codes(names, codes))
    }

    fn autoencoder() -> Autoencoder {
        let sizes = AutoencoderSizes {
            width: 4,
            latent: 6,
            decoder: DecoderKind::Mirror,
            first_batch_norm: false,
        };
        Autoencoder::new(ImageShape::new(1, 8, 8), sizes, &Seed::new(3), DeviceKind::Cpu).unwrap()
    }

    fn options() -> Bagan {
        Bagan {
            learning_rate: 1e-3,
            epochs: NonZeroUsize::new(6).unwrap(),
            batch_size: NonZeroUsize::new(12).unwrap(),
            ..Bagan::default()
        }
    }

    #[test]
    fn draws_have_the_mean_and_covariance_of_the_codes() {
        let codes = [0.0, 1.0, 4.0, 3.0, 2.0, 5.0];
        let normal = Normal::of(&codes, 2, &[0, 1, 2]).unwrap();
        let mut drawn = Vec::new();
        let mut random = Seed::new(1).rng();
        for _ in 0..20_000 {
            normal.draw(&mut random, &mut drawn);
        }
        let mean = |of: &dyn Fn(&[f32]) -> f32| {
            drawn.chunks_exact(2).map(|code| f64::from(of(code))).sum::<f64>() / 20_000.0
        };
        assert!((mean(&|code| code[0]) - 2.0).abs() < 0.05);
        assert!((mean(&|code| code[1]) - 3.0).abs() < 0.05);
        // Covariance of (0, 1), (4, 3), (2, 5): 4, 2 and 4.
        assert!((mean(&|code| (code[0] - 2.0).powi(2)) - 4.0).abs() < 0.15);
        assert!((mean(&|code| (code[0] - 2.0) * (code[1] - 3.0)) - 2.0).abs() < 0.15);
        let single = Normal::of(&codes, 2, &[1]).unwrap();
        drawn.clear();
        single.draw(&mut random, &mut drawn);
        assert_eq!(drawn, [4.0, 3.0]);
    }

    #[test]
    fn the_discriminator_learns_and_classes_reach_the_largest() {
        let (options, data, autoencoder) = (options(), pictures(), autoencoder());
        let mut training = GanTraining::new(&options, &autoencoder, &data, &Seed::new(1)).unwrap();
        training.run(&()).unwrap();
        let history = training.history();
        assert!(
            history[5].discriminator < 0.8 * history[0].discriminator,
            "{history:?}"
        );
        let generated = training.generate(&Run::new(2)).unwrap();
        assert_eq!(generated.set.labels.counts(), [0, 12]);
        let mut again = GanTraining::new(&options, &autoencoder, &data, &Seed::new(1)).unwrap();
        again.run(&()).unwrap();
        assert_eq!(again.generate(&Run::new(2)).unwrap(), generated);
    }

    #[test]
    fn options_out_of_range_are_named() {
        for options in [
            Bagan {
                learning_rate: f64::NAN,
                ..options()
            },
            Bagan {
                beta_1: 1.0,
                ..options()
            },
        ] {
            let error = GanTraining::new(&options, &autoencoder(), &pictures(), &Seed::new(1)).unwrap_err();
            assert_eq!(error.code(), "deep.out-of-range");
        }
    }

    #[test]
    fn cross_entropy_is_that_of_the_probabilities() {
        let device = Device::flex();
        let logits = Tensor::from_data(
            TensorData::new(vec![0.0_f32, 3.0_f32.ln(), 0.0, 0.0], [2, 2]),
            &device,
        );
        let found: f32 = cross_entropy(logits, &[1, 0]).into_scalar();
        let expected = 0.5 * (-(0.75_f32.ln()) - 0.5_f32.ln());
        assert!((found - expected).abs() < 1e-6, "{found}");
    }
}

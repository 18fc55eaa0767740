//! Pictures as networks see them, changed a little each time.

use counterpoise_base::{Images, Seed, to_signed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Changes pictures a little each time a network sees them: moves them by a few pixels, mirrors them, and scales values.
///
/// What happens to a picture depends on the seed, the epoch and its index alone, neither on its batch nor on threads.
///
/// # Source
///
/// Padding by 4 and cutting at random with mirroring, for CIFAR: He, Zhang, Ren and Sun, "Deep Residual Learning for Image
/// Recognition" (2016), section 4.2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Augment {
    /// Pixels of black around a picture before one of its own size is cut out at random; 0 leaves it in place.
    pub pad: usize,
    /// Mirror a picture from left to right, half of the time.
    pub flip: bool,
    /// How bytes become numbers.
    pub normalisation: Normalisation,
}

/// How bytes become the numbers that a network sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// From -1 for black to 1 for white.
    Signed,
    /// From 0 for black to 1 for white, less the mean of its channel, by the standard deviation of its channel.
    Channels {
        /// Means of channels, where white is 1; one number stands for all channels.
        mean: Vec<f32>,
        /// Standard deviations of channels, where white is 1; one number stands for all channels.
        std: Vec<f32>,
    },
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            pad: 0,
            flip: false,
            normalisation: Normalisation::Signed,
        }
    }
}

impl Normalisation {
    /// What is usual for CIFAR-10.
    pub fn cifar() -> Self {
        Self::Channels {
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2023, 0.1994, 0.2010],
        }
    }

    /// Means and standard deviations of the channels of these pictures.
    ///
    /// Channels in which all pixels are the same keep a deviation of 1.
    pub fn measured(images: &Images) -> Self {
        let shape = images.shape();
        let size = shape.height * shape.width;
        let mut histograms = vec![[0_u64; 256]; shape.channels];
        for plane in images.as_slice().chunks_exact(shape.values()) {
            for (histogram, plane) in histograms.iter_mut().zip(plane.chunks_exact(size)) {
                for &value in plane {
                    histogram[usize::from(value)] += 1;
                }
            }
        }
        let count = (images.len() * size).max(1) as f64;
        let moments = |histogram: &[u64; 256]| {
            let sum = |power: i32| -> f64 {
                let each = histogram.iter().enumerate();
                each.map(|(value, &times)| (value as f64 / 255.0).powi(power) * times as f64)
                    .sum()
            };
            let mean = sum(1) / count;
            let deviation = (sum(2) / count - mean * mean).max(0.0).sqrt();
            (mean as f32, if deviation > 0.0 { deviation as f32 } else { 1.0 })
        };
        let (mean, std) = histograms.iter().map(moments).unzip();
        Self::Channels { mean, std }
    }

    /// Whether there is a mean and a deviation above 0 for each of so many channels.
    pub fn suits(&self, channels: usize) -> bool {
        match self {
            Self::Signed => true,
            Self::Channels { mean, std } => {
                let enough = |numbers: &[f32]| numbers.len() == 1 || numbers.len() == channels;
                let usable = std.iter().all(|&std| std.is_finite() && std > 0.0);
                enough(mean) && enough(std) && usable && mean.iter().all(|mean| mean.is_finite())
            }
        }
    }

    /// What each byte becomes, channel by channel.
    fn tables(&self, channels: usize) -> Vec<[f32; 256]> {
        let table = |number: &dyn Fn(u8) -> f32| std::array::from_fn(|value| number(value as u8));
        match self {
            Self::Signed => vec![table(&to_signed); channels],
            Self::Channels { mean, std } => {
                let of = |numbers: &[f32], channel: usize| {
                    if numbers.len() == 1 {
                        numbers[0]
                    } else {
                        numbers[channel]
                    }
                };
                (0..channels)
                    .map(|channel| {
                        let (mean, std) = (of(mean, channel), of(std, channel));
                        table(&|value| (f32::from(value) / 255.0 - mean) / std)
                    })
                    .collect()
            }
        }
    }
}

/// Where a picture is cut, and whether it is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Draw {
    /// Lines from the top of the padded picture.
    top: usize,
    /// Pixels from its left.
    left: usize,
    mirrored: bool,
}

impl Augment {
    /// Sets [`pad`](Self::pad).
    pub fn with_pad(mut self, pad: usize) -> Self {
        self.pad = pad;
        self
    }

    /// Sets [`flip`](Self::flip).
    pub fn with_flip(mut self, flip: bool) -> Self {
        self.flip = flip;
        self
    }

    /// Sets [`normalisation`](Self::normalisation).
    pub fn with_normalisation(mut self, normalisation: Normalisation) -> Self {
        self.normalisation = normalisation;
        self
    }

    /// Pictures of a batch as `(n, channels, height, width)`, changed as this epoch has it.
    ///
    /// # Panics
    ///
    /// If the normalisation does not [suit](Normalisation::suits) the channels.
    pub fn batch(&self, images: &Images, indices: &[usize], epoch: u64, seed: &Seed) -> Vec<f32> {
        let branch = (self.pad > 0 || self.flip).then(|| seed.child("augment").child(epoch));
        self.filled(images, indices, |index| match &branch {
            Some(branch) => self.draw(branch, index),
            None => self.middle(),
        })
    }

    /// Pictures as `(n, channels, height, width)`, only normalised: as a network sees them when it is judged.
    ///
    /// # Panics
    ///
    /// If the normalisation does not [suit](Normalisation::suits) the channels.
    pub fn plain(&self, images: &Images, indices: &[usize]) -> Vec<f32> {
        self.filled(images, indices, |_| self.middle())
    }

    fn middle(&self) -> Draw {
        Draw {
            top: self.pad,
            left: self.pad,
            mirrored: false,
        }
    }

    fn draw(&self, branch: &Seed, index: usize) -> Draw {
        let mut random = branch.child(index as u64).rng();
        let steps = 2 * self.pad + 1;
        Draw {
            top: random.below(steps),
            left: random.below(steps),
            mirrored: self.flip && random.below(2) == 1,
        }
    }

    fn filled(&self, images: &Images, indices: &[usize], draw: impl Fn(usize) -> Draw + Sync) -> Vec<f32> {
        let shape = images.shape();
        assert!(
            self.normalisation.suits(shape.channels),
            "a mean and a deviation above 0 for each of {} channels",
            shape.channels
        );
        let tables = self.normalisation.tables(shape.channels);
        let mut values = vec![0.0; indices.len() * shape.values()];
        values
            .par_chunks_exact_mut(shape.values())
            .zip(indices.par_iter())
            .with_min_len(8)
            .for_each(|(target, &index)| {
                let draw = draw(index);
                let size = shape.height * shape.width;
                let planes = images
                    .get(index)
                    .chunks_exact(size)
                    .zip(target.chunks_exact_mut(size));
                for ((plane, target), table) in planes.zip(&tables) {
                    cut(plane, target, (shape.height, shape.width), self.pad, draw, table);
                }
            });
        values
    }
}

/// Cuts one plane out of its padded self.
fn cut(
    plane: &[u8],
    target: &mut [f32],
    (height, width): (usize, usize),
    pad: usize,
    draw: Draw,
    table: &[f32; 256],
) {
    // Pixels of the target that lie on the picture, and where the picture is seen from.
    let seen = |start: usize, length: usize| {
        let first = pad.saturating_sub(start).min(length);
        let end = (pad + length).saturating_sub(start).min(length).max(first);
        // A cut beside the picture sees nothing of it, from no place in particular.
        (
            first,
            end,
            (start + first).saturating_sub(pad).min(length - (end - first)),
        )
    };
    let (left, right, from) = seen(draw.left, width);
    let (top, bottom, above) = seen(draw.top, height);
    let black = table[0];
    for (line, target) in target.chunks_exact_mut(width).enumerate() {
        if !(top..bottom).contains(&line) {
            target.fill(black);
            continue;
        }
        target[..left].fill(black);
        target[right..].fill(black);
        let source = &plane[(above + line - top) * width + from..][..right - left];
        for (value, &byte) in target[left..right].iter_mut().zip(source) {
            *value = table[usize::from(byte)];
        }
        if draw.mirrored {
            target.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::ImageShape;
    use proptest::prelude::*;

    use super::*;

    fn images() -> Images {
        let shape = ImageShape::new(2, 3, 4);
        Images::new(
            shape,
            (0..20 * shape.values()).map(|value| (value * 7) as u8).collect(),
        )
    }

    #[test]
    fn what_happens_to_a_picture_does_not_depend_on_its_batch_or_on_threads() {
        let augment = Augment::default().with_pad(2).with_flip(true);
        let (images, seed) = (images(), Seed::new(3));
        let all: Vec<usize> = (0..20).collect();
        let size = images.shape().values();
        let whole = augment.batch(&images, &all, 5, &seed);
        for index in all {
            let alone = augment.batch(&images, &[index], 5, &seed);
            assert_eq!(alone, whole[index * size..][..size]);
        }
        let one = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .expect("a thread");
        let order: Vec<usize> = (0..20).rev().collect();
        let single = one.install(|| augment.batch(&images, &order, 5, &seed));
        assert_eq!(single, augment.batch(&images, &order, 5, &seed));
        assert_ne!(
            whole,
            augment.batch(&images, &(0..20).collect::<Vec<_>>(), 6, &seed)
        );
    }

    #[test]
    fn every_place_and_both_sides_are_drawn() {
        let augment = Augment::default().with_pad(1).with_flip(true);
        let branch = Seed::new(1);
        let draws: std::collections::BTreeSet<(usize, usize, bool)> = (0..400)
            .map(|index| augment.draw(&branch, index))
            .map(|draw| (draw.top, draw.left, draw.mirrored))
            .collect();
        assert_eq!(draws.len(), 3 * 3 * 2);
    }

    #[test]
    fn a_cut_is_part_of_the_padded_picture() {
        let plane: Vec<u8> = (1..=6).collect();
        let table: [f32; 256] = std::array::from_fn(|value| value as f32);
        let check = |top, left, mirrored, expected: [f32; 6]| {
            let mut target = [9.0; 6];
            let draw = Draw { top, left, mirrored };
            cut(&plane, &mut target, (2, 3), 1, draw, &table);
            assert_eq!(target, expected);
        };
        check(1, 1, false, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        check(0, 0, false, [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        check(2, 2, false, [5.0, 6.0, 0.0, 0.0, 0.0, 0.0]);
        check(1, 2, true, [0.0, 3.0, 2.0, 0.0, 6.0, 5.0]);
    }

    #[test]
    fn measured_channels_have_mean_0_and_deviation_1() {
        let images = images();
        let augment = Augment::default().with_normalisation(Normalisation::measured(&images));
        let all: Vec<usize> = (0..images.len()).collect();
        let values = augment.plain(&images, &all);
        let mut channels = [Vec::new(), Vec::new()];
        for (plane, values) in values.chunks_exact(12).enumerate() {
            channels[plane % 2].extend_from_slice(values);
        }
        for channel in channels {
            let count = channel.len() as f64;
            let mean = channel.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
            let square = channel.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / count;
            assert!(
                mean.abs() < 1e-5 && (square - 1.0).abs() < 1e-5,
                "{mean} {square}"
            );
        }
        assert!(!Normalisation::cifar().suits(2));
    }

    proptest! {
        #[test]
        fn padding_beyond_the_picture_is_black(pad in 0_usize..9, seed: u64, flip: bool) {
            let shape = ImageShape::new(1, 2, 2);
            let white = Images::new(shape, vec![255; 4]);
            let augment = Augment::default().with_pad(pad).with_flip(flip);
            let values = augment.batch(&white, &[0], 0, &Seed::new(seed));
            prop_assert!(values.iter().all(|&value| value == 1.0 || value == -1.0));
            if pad == 0 {
                prop_assert_eq!(values, vec![1.0; 4]);
            }
        }
    }
}

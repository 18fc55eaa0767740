use counterpoise_base::{Embeddings, Images, LabeledImages, Labels, Origin, Seed, Warning, counted};
use counterpoise_sampling::{
    Amount, BalancedEmbeddings, Direction, Eos, FewRows, RowLabels, Run, Smote, Strategy, resample_embeddings,
};

use super::{Autoencoder, DeepSmote, OnSingle, SoftLabels};
use crate::Error;

/// Pictures that DeepSMOTE made, in class order.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The pictures, each with the class of its base.
    pub set: LabeledImages,
    /// Latent codes that they were decoded from, `(n, latent)`.
    pub codes: Vec<f32>,
    /// Parents of each among the pictures that were given, and the step between them.
    pub origins: Vec<Origin>,
    /// Shares of classes, `(n, classes)`, where labels are soft.
    pub shares: Option<Vec<f32>>,
    /// What looked odd on the way.
    pub warnings: Vec<Warning>,
}

/// Width of noise around a single picture, as a share of the deviation of all codes.
const NOISE: f64 = 0.1;

/// Largest step towards a picture of another class: the base keeps the greater share.
const HALF_WAY: f64 = 0.5;

impl DeepSmote {
    /// Makes the pictures that `sampling_strategy` asks for, with the draws of `run`.
    pub fn generate(
        &self,
        autoencoder: &Autoencoder,
        data: &LabeledImages,
        run: &Run<'_>,
    ) -> Result<Generated, Error> {
        self.check()?;
        let targets = self.sampling_strategy.targets(&data.labels, Direction::Over)?;
        let codes = autoencoder.encode(&data.images, run.observer)?;
        let latent = autoencoder.sizes().latent;
        let counts = data.labels.counts();
        let wanted: Vec<(u32, usize)> = targets
            .changes
            .into_iter()
            .filter(|change| change.1 > 0)
            .collect();
        // With soft labels a single picture has parents too: those of other classes.
        let (single, others): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|&(class, _)| counts[class as usize] == 1 && self.soft_labels == SoftLabels::None);
        if let (OnSingle::Error, Some(&(class, _))) = (self.on_single, single.first()) {
            return Err(Error::SinglePicture {
                class: data.labels.classes()[class as usize].clone(),
            });
        }
        let encoded = Embeddings::new(codes, latent, data.labels.clone());
        let mut resampled = self.resample(&encoded, &others, run)?;
        // Both methods keep all rows, and those that they made stand behind.
        let rows = data.labels.len();
        let mut made = resampled.embeddings.values()[rows * latent..].to_vec();
        let mut warnings = std::mem::take(&mut resampled.warnings);
        let mut origins = std::mem::take(&mut resampled.origins);
        for (class, count) in single {
            let row = data.labels.rows_of(class)[0];
            let name = &data.labels.classes()[class as usize];
            let code = encoded.row(row);
            let how = if self.on_single == OnSingle::Copy {
                "decoded again and again"
            } else {
                "decoded with noise"
            };
            let message = format!(
                "class `{name}` has 1 picture: its code is {how} for {}",
                counted(count, "new picture")
            );
            warnings.push(
                Warning::new("deep.class-of-one-picture", message)
                    .with_hint("leave the class out with `--sampling-strategy`, or merge it with another"),
            );
            let seed = run.seed.child("deep-smote").child(name.as_str());
            let deviations = deviations(encoded.values(), latent);
            for turn in 0..count {
                made.extend_from_slice(&self.around(code, &deviations, &seed.child(turn as u64)));
                origins.push(Origin {
                    class,
                    base: row as u32,
                    neighbor: row as u32,
                    away_from: row as u32,
                    step: 0.0,
                });
            }
        }
        let mut order: Vec<usize> = (0..origins.len()).collect();
        order.sort_by_key(|&row| origins[row].class);
        let made = in_order(&order, &made, latent);
        let origins: Vec<Origin> = order.iter().map(|&row| origins[row]).collect();
        let images = if origins.is_empty() {
            Images::new(data.images.shape(), Vec::new())
        } else {
            autoencoder.decode(&made, self.decode_batch.get(), run.observer)?
        };
        let labels = Labels::from_codes(
            data.labels.classes().to_vec(),
            origins.iter().map(|origin| origin.class).collect(),
        );
        let classes = data.labels.classes().len();
        let shares = (self.soft_labels == SoftLabels::Enemies).then(|| {
            let shares = resampled.embeddings.shares.as_deref();
            shares.map_or_else(Vec::new, |shares| {
                in_order(&order, &shares[rows * classes..], classes)
            })
        });
        Ok(Generated {
            set: LabeledImages::new(images, labels),
            codes: made,
            origins,
            shares,
            warnings,
        })
    }

    /// New codes of the classes that have parents enough.
    fn resample(
        &self,
        encoded: &Embeddings,
        wanted: &[(u32, usize)],
        run: &Run<'_>,
    ) -> Result<BalancedEmbeddings, Error> {
        if wanted.is_empty() {
            return Ok(BalancedEmbeddings {
                embeddings: encoded.clone(),
                synthetic: 0,
                origins: Vec::new(),
                warnings: Vec::new(),
            });
        }
        let labels = &encoded.labels;
        let counts = labels.counts();
        let strategy = Strategy::per_class(wanted.iter().map(|&(class, count)| {
            let total = counts[class as usize] + count;
            (labels.classes()[class as usize].clone(), Amount::Rows(total))
        }));
        let resampled = match self.soft_labels {
            SoftLabels::None => {
                let mut smote = Smote::default()
                    .with_sampling_strategy(strategy)
                    .with_k_neighbors(self.k_neighbors);
                smote.few_rows = FewRows::Shrink;
                resample_embeddings(encoded, &smote, RowLabels::Hard, run)?
            }
            SoftLabels::Enemies => {
                let mut eos = Eos::default()
                    .with_sampling_strategy(strategy)
                    .with_k_neighbors(self.k_neighbors);
                eos.r_max = HALF_WAY;
                resample_embeddings(encoded, &eos, RowLabels::Soft, run)?
            }
        };
        Ok(resampled)
    }

    /// One code around another.
    fn around(&self, code: &[f32], deviations: &[f64], seed: &Seed) -> Vec<f32> {
        if self.on_single == OnSingle::Copy {
            return code.to_vec();
        }
        let mut random = seed.rng();
        code.iter()
            .zip(deviations)
            .map(|(&value, deviation)| value + (NOISE * deviation * random.normal()) as f32)
            .collect()
    }
}

/// The deviation of each number over all codes.
fn deviations(codes: &[f32], latent: usize) -> Vec<f64> {
    let rows = (codes.len() / latent) as f64;
    let column = |column: usize| {
        codes[column..]
            .iter()
            .step_by(latent)
            .map(|&value| f64::from(value))
    };
    let deviation = |place: usize| {
        let mean = column(place).sum::<f64>() / rows;
        (column(place).map(|value| (value - mean).powi(2)).sum::<f64>() / rows).sqrt()
    };
    (0..latent).map(deviation).collect()
}

/// Rows of `width` values each, in this order.
fn in_order(order: &[usize], values: &[f32], width: usize) -> Vec<f32> {
    let rows = order.iter().flat_map(|&row| &values[row * width..][..width]);
    rows.copied().collect()
}

#[cfg(test)]
mod tests {
    use counterpoise_base::ImageShape;

    use super::*;
    use crate::{AutoencoderSizes, DecoderKind, DeviceKind};

    /// Small pictures of three classes: `counts` of each.
    fn pictures(counts: [usize; 3]) -> LabeledImages {
        let shape = ImageShape::new(1, 8, 8);
        let mut values = Vec::new();
        let mut codes = Vec::new();
        for (class, count) in counts.into_iter().enumerate() {
            for row in 0..count {
                let seed = Seed::new(7).child(class as u64).child(row as u64);
                let mut random = seed.rng();
                values.extend((0..64).map(|place| {
                    let lit = place % 3 == class;
                    (random.below(60) + if lit { 190 } else { 0 }) as u8
                }));
                codes.push(class as u32);
            }
        }
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        LabeledImages::new(Images::new(shape, values), Labels::from_codes(names, codes))
    }

    fn autoencoder() -> Autoencoder {
        let sizes = AutoencoderSizes {
            width: 2,
            latent: 6,
            decoder: DecoderKind::Mirror,
            first_batch_norm: false,
        };
        Autoencoder::new(ImageShape::new(1, 8, 8), sizes, &Seed::new(3), DeviceKind::Cpu).unwrap()
    }

    fn made(options: &DeepSmote, data: &LabeledImages) -> Generated {
        options.generate(&autoencoder(), data, &Run::new(5)).unwrap()
    }

    #[test]
    fn every_class_reaches_the_largest() {
        let data = pictures([12, 7, 3]);
        let generated = made(&DeepSmote::default(), &data);
        assert_eq!(generated.set.labels.counts(), [0, 5, 9]);
        assert_eq!(generated.set.images.len(), 14);
        assert_eq!(generated.shares, None);
    }

    #[test]
    fn codes_lie_between_two_parents_of_their_class() {
        let data = pictures([12, 7, 3]);
        let generated = made(&DeepSmote::default(), &data);
        let codes = autoencoder().encode(&data.images, &()).unwrap();
        for (code, origin) in generated.codes.chunks_exact(6).zip(&generated.origins) {
            let [base, neighbor] = [origin.base, origin.neighbor].map(|row| row as usize);
            assert_eq!(data.labels.codes()[base], origin.class);
            assert_eq!(data.labels.codes()[neighbor], origin.class);
            assert_ne!(base, neighbor);
            for place in 0..6 {
                let (one, other) = (codes[base * 6 + place], codes[neighbor * 6 + place]);
                assert!(code[place] >= one.min(other) && code[place] <= one.max(other));
                let step = f64::from(one) + origin.step * f64::from(other - one);
                assert!((f64::from(code[place]) - step).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_strategy_says_how_many() {
        let data = pictures([12, 7, 3]);
        let options = DeepSmote {
            sampling_strategy: Strategy::parse("c=8").unwrap(),
            ..DeepSmote::default()
        };
        assert_eq!(made(&options, &data).set.labels.counts(), [0, 0, 5]);
    }

    #[test]
    fn nothing_to_do_makes_nothing() {
        let data = pictures([4, 4, 4]);
        let generated = made(&DeepSmote::default(), &data);
        assert!(generated.set.is_empty() && generated.warnings.is_empty());
    }

    #[test]
    fn a_class_of_one_picture_is_copied_jittered_or_refused() {
        let data = pictures([5, 1, 3]);
        let with = |on_single| DeepSmote {
            on_single,
            ..DeepSmote::default()
        };
        let copied = made(&with(OnSingle::Copy), &data);
        assert_eq!(copied.set.labels.counts(), [0, 4, 2]);
        assert_eq!(copied.codes[..6], copied.codes[6..12]);
        assert!(
            copied
                .warnings
                .iter()
                .any(|warning| warning.message.contains("class `b` has 1 picture"))
        );
        let jittered = made(&with(OnSingle::Jitter), &data);
        assert_ne!(jittered.codes[..6], jittered.codes[6..12]);
        // The other class is made as it was.
        assert_eq!(jittered.codes[24..], copied.codes[24..]);
        let error = with(OnSingle::Error).generate(&autoencoder(), &data, &Run::new(5));
        assert_eq!(error.unwrap_err().code(), "deep.single-picture");
    }

    #[test]
    fn soft_labels_share_the_way_to_another_class() {
        let data = pictures([12, 7, 3]);
        let options = DeepSmote {
            soft_labels: SoftLabels::Enemies,
            ..DeepSmote::default()
        };
        let generated = made(&options, &data);
        assert_eq!(generated.set.labels.counts(), [0, 5, 9]);
        let shares = generated.shares.unwrap();
        for ((shares, origin), &class) in shares
            .chunks_exact(3)
            .zip(&generated.origins)
            .zip(generated.set.labels.codes())
        {
            assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!(shares[class as usize] >= 0.5);
            assert_ne!(data.labels.codes()[origin.neighbor as usize], class);
        }
    }
}

//! The pictures, and how a network is trained on them.

use std::path::{Path, PathBuf};

use counterpoise_base::{LabeledImages, Observer, Seed};
use counterpoise_data::{Augment, ImageFormat, ImageOptions, Imbalance, Keep, Normalisation, Split};
use counterpoise_deep::{DeviceKind, HeadKind, Loss, TrainOptions};
use serde::Serialize;

use super::budget::EosBudget;
use crate::Error;
use crate::images::{ImageExperiment, ImagePart, Parts, Side, in_classes, parts};
use crate::networks::ChooseOn;

/// A data set on which the EOS paper is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EosImages {
    /// CIFAR-10 with a long tail, 100:1, in the files in which it is handed round.
    Cifar10Lt,
    /// Fashion-MNIST, made long-tailed, 100:1.
    FashionMnist,
}

const CIFAR: [&str; 3] = [
    "data_batch_lt100.bin.gz",
    "extra_batch_last500.bin.gz",
    "test_batch_first1000.bin.gz",
];
const FASHION: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

impl EosImages {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Cifar10Lt, Self::FashionMnist];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cifar10Lt => "cifar10-lt",
            Self::FashionMnist => "fashion-mnist",
        }
    }

    /// What is trained on, chosen on and judged by, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Cifar10Lt => {
                "trained on the long-tailed file without its last 500 airplanes, which are among the 5000 pictures of the extra file that judge; numbers are chosen on the first 1000 official test pictures; the paper judges on all 10000 of them, which are not in these files"
            }
            Self::FashionMnist => {
                "a tenth of each class of the training file is held out to choose numbers on, the rest is made long-tailed, 100:1; judged on the official test set of 10000"
            }
        }
    }

    fn files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10Lt => &CIFAR,
            Self::FashionMnist => &FASHION,
        }
    }

    /// Its folder below one that the user gave, or that folder itself.
    pub(super) fn folder(self, given: &Path) -> Option<PathBuf> {
        let names: &[&str] = match self {
            Self::Cifar10Lt => &["cifar10-lt", "cifar-10-lt"],
            Self::FashionMnist => &["fashion-mnist", "fashion_mnist", "FashionMNIST/raw"],
        };
        let below = names.iter().map(|name| given.join(name));
        below
            .chain([given.to_owned()])
            .find(|place| self.files().iter().all(|file| is_there(place, file)))
    }

    /// What is said where its files are missing.
    pub(super) fn missing(self, given: &Path) -> Error {
        Error::Config {
            place: "--data".into(),
            problem: format!(
                "`{}` has no files of {}: it takes {}",
                given.display(),
                self.name(),
                self.files().join(", ")
            ),
            hint: Some(format!(
                "put them into `{}` and give `--data {}`",
                given.join(self.name()).display(),
                given.display()
            )),
        }
    }

    fn imbalance(self) -> Imbalance {
        match self {
            // Of 5000, without the 500 airplanes that judge.
            Self::Cifar10Lt => Imbalance::Ranked(vec![4500, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]),
            Self::FashionMnist => Imbalance::Exponential {
                ratio: 100.0,
                largest: None,
            },
        }
    }

    fn part(self, folder: &Path, file: &str, split: Split) -> ImagePart {
        let mut read = ImageOptions::default();
        let path = match self {
            Self::Cifar10Lt => {
                read.format = Some(ImageFormat::Cifar10);
                folder.join(file)
            }
            Self::FashionMnist => {
                read.format = Some(ImageFormat::Idx);
                read.split = split;
                folder.to_owned()
            }
        };
        ImagePart {
            path,
            read,
            side: None,
            imbalance: None,
            keep: Keep::First,
        }
    }

    /// Phase one for a loss and a seed.
    pub(super) fn experiment(
        self,
        folder: &Path,
        budget: EosBudget,
        loss: &Loss,
        seed: u64,
        device: DeviceKind,
    ) -> ImageExperiment {
        let mut train = budget.training(self);
        train.loss = loss.clone();
        if loss.wants_cosines() {
            train.head = HeadKind::Cosine;
        }
        let mut data = self.part(folder, CIFAR[0], Split::Train);
        data.imbalance = Some(self.imbalance());
        let mut augment = Augment::default();
        match self {
            Self::Cifar10Lt => {
                augment.pad = 4;
                augment.flip = true;
                augment.normalisation = Normalisation::cifar();
            }
            Self::FashionMnist => {
                data.side = Some(Side::Training(HELD_OUT));
                augment.pad = 2;
            }
        }
        ImageExperiment {
            seed,
            device,
            data,
            test: Some(self.part(folder, CIFAR[1], Split::Test)),
            validation: 0.1,
            choose_on: ChooseOn::Nothing,
            augment,
            train,
            output: None,
            overwrite: false,
            report: None,
        }
    }

    fn validation(self, folder: &Path) -> ImagePart {
        match self {
            Self::Cifar10Lt => self.part(folder, CIFAR[2], Split::Train),
            Self::FashionMnist => {
                let mut part = self.part(folder, "", Split::Train);
                part.side = Some(Side::HeldOut(HELD_OUT));
                part
            }
        }
    }

    /// Opens all of its pictures, the same for every seed.
    pub(super) fn open(
        self,
        folder: &Path,
        budget: EosBudget,
        observer: &dyn Observer,
    ) -> Result<Pictures, Error> {
        let experiment = self.experiment(folder, budget, &Loss::default(), 1, DeviceKind::Cpu);
        let mut warnings = Vec::new();
        let Parts { training, test, .. } = parts(&experiment, observer, &mut warnings)?;
        let part = self.validation(folder);
        let mut validation = part.open(&Seed::new(1), observer, &mut warnings)?;
        let place = part.path.display().to_string();
        validation.labels = in_classes(&validation.labels, training.labels.classes(), &place)?;
        Ok(Pictures {
            training,
            validation,
            test: test.expect("an experiment with test pictures has them"),
        })
    }
}

/// Whether a file is there, packed or not.
fn is_there(folder: &Path, file: &str) -> bool {
    let bare = file.strip_suffix(".gz").unwrap_or(file);
    folder.join(file).exists() || (bare.contains("idx") && folder.join(bare).exists())
}

/// Share of Fashion-MNIST's training file that numbers are chosen on.
const HELD_OUT: f64 = 0.1;

/// Pictures of a data set.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    pub(super) training: LabeledImages,
    pub(super) validation: LabeledImages,
    pub(super) test: LabeledImages,
}

impl Pictures {
    /// A number that is another for other pictures.
    pub(super) fn fingerprint(&self) -> u64 {
        [&self.training, &self.validation, &self.test]
            .into_iter()
            .fold(Seed::new(0), |seed, set| seed.child(set.images.as_slice()))
            .number()
    }
}

/// The four losses of the paper, in its order.
pub(super) fn losses(names: &[String]) -> Result<Vec<Loss>, Error> {
    let mut wanted = Vec::new();
    for name in names {
        let loss = Loss::from_name(name)?;
        if !wanted.contains(&loss) {
            wanted.push(loss);
        }
    }
    if wanted.is_empty() {
        wanted = LOSSES
            .iter()
            .map(|name| Loss::from_name(name))
            .collect::<Result<_, _>>()?;
    }
    Ok(wanted)
}

/// Losses of the paper's main table.
pub(super) const LOSSES: [&str; 4] = ["cross-entropy", "asl", "focal", "ldam"];

/// Options that name a network's file, so that it is found again.
pub(super) fn network_file(set: EosImages, budget: EosBudget, options: &TrainOptions, seed: u64) -> String {
    let budget = match budget {
        EosBudget::Usual => String::new(),
        other => format!("-{}", other.name()),
    };
    format!(
        "{}{budget}-{}-seed{seed}.safetensors",
        set.name(),
        options.loss.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(EosImages::Cifar10Lt.folder(folder.path()), None);
        let error = EosImages::Cifar10Lt.missing(folder.path());
        assert!(error.to_string().contains("extra_batch_last500"), "{error}");
        assert!(error.hint().expect("a hint").contains("cifar10-lt"));
    }
}

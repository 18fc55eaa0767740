use std::path::{Path, PathBuf};

use counterpoise_base::{LabeledImages, Observer};
use counterpoise_data::{CountTable, ImageFormat, ImageOptions, Resize, read_images};
use serde::Serialize;

use crate::Error;

/// A data set of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PaperImages {
    /// Handwritten digits.
    Mnist,
    /// Clothes.
    FashionMnist,
    /// Things and animals.
    Cifar10,
    /// House numbers.
    Svhn,
    /// Faces by colour of hair.
    Celeba,
}

impl PaperImages {
    /// All of them, in the order of the paper.
    pub const ALL: [Self; 5] = [
        Self::Mnist,
        Self::FashionMnist,
        Self::Cifar10,
        Self::Svhn,
        Self::Celeba,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::Svhn => "svhn",
            Self::Celeba => "celeba",
        }
    }

    /// What the paper trains on, and what it tests on: balanced and imbalanced.
    pub(super) fn tables(self) -> [CountTable; 3] {
        match self {
            Self::Mnist | Self::FashionMnist => [
                CountTable::DeepsmoteMnist,
                CountTable::DeepsmoteMnistBalancedTest,
                CountTable::DeepsmoteMnistImbalancedTest,
            ],
            Self::Cifar10 | Self::Svhn => [
                CountTable::DeepsmoteCifar,
                CountTable::DeepsmoteCifarBalancedTest,
                CountTable::DeepsmoteCifarImbalancedTest,
            ],
            Self::Celeba => [
                CountTable::DeepsmoteCeleba,
                CountTable::DeepsmoteCelebaBalancedTest,
                CountTable::DeepsmoteCelebaImbalancedTest,
            ],
        }
    }

    /// Folders in which people keep it.
    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Mnist => &["mnist", "MNIST/raw"],
            Self::FashionMnist => &["fashion-mnist", "fashion_mnist", "FashionMNIST/raw"],
            Self::Cifar10 => &["cifar10", "cifar-10", "cifar-10-batches-bin", "cifar10-lt"],
            Self::Svhn => &["svhn", "SVHN"],
            Self::Celeba => &["celeba", "CelebA"],
        }
    }

    fn format(self) -> ImageFormat {
        match self {
            Self::Mnist | Self::FashionMnist => ImageFormat::Idx,
            Self::Cifar10 => ImageFormat::Cifar10,
            Self::Svhn => ImageFormat::Svhn,
            Self::Celeba => ImageFormat::Celeba,
        }
    }

    /// Files that it takes, each with other names that it may have.
    fn files(self) -> Vec<Vec<String>> {
        let packed = |name: &str| vec![name.to_owned(), format!("{name}.gz")];
        match self {
            Self::Mnist | Self::FashionMnist => {
                vec![
                    packed("train-images-idx3-ubyte"),
                    packed("train-labels-idx1-ubyte"),
                ]
            }
            Self::Cifar10 => (1..=5)
                .map(|batch| packed(&format!("data_batch_{batch}.bin")))
                .collect(),
            Self::Svhn => vec![vec!["train_32x32.mat".into()]],
            Self::Celeba => vec![
                vec!["list_attr_celeba.txt".into(), "list_attr_celeba.csv".into()],
                vec!["img_align_celeba".into()],
            ],
        }
    }
}

/// CIFAR-10 with a long tail, as it is handed round where the whole is not.
const REDUCED: [&str; 2] = ["data_batch_lt100.bin.gz", "test_batch_first1000.bin.gz"];

/// Pictures of a data set.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    pub(super) set: PaperImages,
    /// The original training set.
    pub(super) training: LabeledImages,
    /// Pictures to test on, where the training set is too small for folds.
    pub(super) test: Option<LabeledImages>,
}

/// The folder of a data set below one that the user gave, which may hold its files itself if it `may_be` the only one.
fn folder_of(set: PaperImages, given: &Path, may_be: bool) -> Result<(PathBuf, bool), Error> {
    let mut places: Vec<PathBuf> = set.folders().iter().map(|name| given.join(name)).collect();
    if may_be {
        places.push(given.to_owned());
    }
    let has = |place: &Path, names: &[String]| names.iter().any(|name| place.join(name).exists());
    if let Some(place) = places
        .iter()
        .find(|place| set.files().iter().all(|names| has(place, names)))
    {
        return Ok((place.clone(), false));
    }
    if set == PaperImages::Cifar10
        && let Some(place) = places
            .iter()
            .find(|place| REDUCED.iter().all(|name| place.join(name).exists()))
    {
        return Ok((place.clone(), true));
    }
    let nearest = places
        .iter()
        .max_by_key(|place| set.files().iter().filter(|names| has(place, names)).count());
    let nearest = nearest.map_or(given, PathBuf::as_path);
    let missing: Vec<String> = set
        .files()
        .iter()
        .filter(|names| !has(nearest, names))
        .map(|names| format!("`{}`", names.join("` or `")))
        .collect();
    Err(Error::Config {
        place: "--data".into(),
        problem: format!(
            "`{}` has no files of {}: {} not found",
            given.display(),
            set.name(),
            missing.join(", ")
        ),
        hint: Some(format!(
            "put them into `{}` and give `--data {}`",
            given.join(set.name()).display(),
            given.display()
        )),
    })
}

/// Reads a data set from a folder of its own, or below one of several.
pub(super) fn read(
    set: PaperImages,
    given: &Path,
    alone: bool,
    observer: &dyn Observer,
) -> Result<Pictures, Error> {
    let (folder, reduced) = folder_of(set, given, alone)?;
    let mut options = ImageOptions::default();
    options.format = Some(set.format());
    if set == PaperImages::Celeba {
        options.size = Some((32, 32));
        options.resize = Resize::Scale;
    }
    if reduced {
        let [training, test] = REDUCED.map(|name| folder.join(name));
        let test = read_images(&test, &options, observer)?.set;
        return Ok(Pictures {
            set,
            training: read_images(&training, &options, observer)?.set,
            test: Some(test),
        });
    }
    Ok(Pictures {
        set,
        training: read_images(&folder, &options, observer)?.set,
        test: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let mnist = folder.path().join("mnist");
        std::fs::create_dir(&mnist).expect("it is ours");
        std::fs::write(mnist.join("train-images-idx3-ubyte.gz"), b"").expect("it is ours");
        let error = read(PaperImages::Mnist, folder.path(), true, &()).expect_err("labels are missing");
        let text = error.to_string();
        assert!(text.contains("train-labels-idx1-ubyte"), "{text}");
        assert!(!text.contains("train-images"), "{text}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn files_with_equal_names_are_taken_from_the_folder_itself_for_one_set_only() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
            std::fs::write(folder.path().join(name), b"").expect("it is ours");
        }
        assert!(folder_of(PaperImages::Mnist, folder.path(), true).is_ok());
        assert!(folder_of(PaperImages::Mnist, folder.path(), false).is_err());
    }

    #[test]
    fn a_long_tail_of_cifar_is_known_as_reduced() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("cifar10-lt");
        std::fs::create_dir(&own).expect("it is ours");
        for name in REDUCED {
            std::fs::write(own.join(name), b"").expect("it is ours");
        }
        let found = folder_of(PaperImages::Cifar10, folder.path(), false).expect("it is there");
        assert_eq!(found, (own, true));
    }
}

//! The three sets of pictures, each balanced and imbalanced.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use counterpoise_base::{LabeledImages, Labels, Observer, Seed, agree, counted};
use counterpoise_data::{ImageFormat, ImageOptions, Imbalance, Keep, Split, make_imbalance_of, read_images};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A set of pictures of the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FragilityImages {
    /// Clothes.
    FashionMnist,
    /// Chest X-rays of children.
    Pneumoniamnist,
    /// Things and animals.
    Cifar10,
}

/// The same data, balanced or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// As many pictures of every class.
    Balanced,
    /// Few of some.
    Imbalanced,
}

impl Version {
    /// Both, in the order of tables.
    pub const BOTH: [Self; 2] = [Self::Balanced, Self::Imbalanced];
}

/// Pictures of the largest class for each of the smallest, of the long-tailed sets.
const RATIO: f64 = 100.0;
/// The same of the X-rays, which have two classes.
const TWO_CLASS_RATIO: f64 = 10.0;
/// What the long-tailed file keeps where its last 500 airplanes are among the pictures that balance it.
const LONG_TAIL: [usize; 10] = [4500, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50];
/// What a balanced version of the same files has of every class: all that there is of the rarest.
const LEVEL: usize = 550;

/// CIFAR-10 with a long tail, as it is handed round where the whole is not.
const LONG_TAILED_FILES: [&str; 3] = [
    "data_batch_lt100.bin.gz",
    "extra_batch_last500.bin.gz",
    "test_batch_first1000.bin.gz",
];

impl FragilityImages {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FashionMnist, Self::Pneumoniamnist, Self::Cifar10];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FashionMnist => "fashion-mnist",
            Self::Pneumoniamnist => "pneumoniamnist",
            Self::Cifar10 => "cifar10",
        }
    }

    /// What a version is called in the names of files.
    pub(super) fn version(self, version: Version) -> &'static str {
        match (self, version) {
            (_, Version::Balanced) => "balanced",
            (Self::Pneumoniamnist, Version::Imbalanced) => "imbalanced",
            (_, Version::Imbalanced) => "lt",
        }
    }

    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::FashionMnist => &["fashion-mnist", "fashion_mnist", "FashionMNIST/raw"],
            Self::Pneumoniamnist => &["pneumoniamnist", "medmnist"],
            Self::Cifar10 => &["cifar10", "cifar-10", "cifar-10-batches-bin", "cifar10-lt"],
        }
    }

    /// Files that it takes.
    fn files(self) -> Vec<Vec<String>> {
        let packed = |name: &str| vec![name.to_owned(), format!("{name}.gz")];
        match self {
            Self::FashionMnist => [
                "train-images-idx3",
                "train-labels-idx1",
                "t10k-images-idx3",
                "t10k-labels-idx1",
            ]
            .map(|name| packed(&format!("{name}-ubyte")))
            .to_vec(),
            Self::Pneumoniamnist => vec![vec!["pneumoniamnist.npz".into()]],
            Self::Cifar10 => (1..=5)
                .map(|batch| format!("data_batch_{batch}.bin"))
                .chain(["test_batch.bin".into()])
                .map(|name| packed(&name))
                .collect(),
        }
    }

    /// Where its files lie below a folder; which may hold them itself.
    fn place(self, given: &Path) -> Option<(PathBuf, bool)> {
        let mut places: Vec<PathBuf> = self.folders().iter().map(|name| given.join(name)).collect();
        places.push(given.to_owned());
        let whole = |place: &PathBuf| {
            let there = |names: &Vec<String>| names.iter().any(|name| place.join(name).exists());
            self.files().iter().all(there)
        };
        if let Some(place) = places.iter().find(|place| whole(place)) {
            return Some((place.clone(), false));
        }
        let tail = |place: &&PathBuf| LONG_TAILED_FILES.iter().all(|name| place.join(name).exists());
        let place = places.iter().find(tail).filter(|_| self == Self::Cifar10)?;
        Some((place.clone(), true))
    }

    /// Whether its files are below a folder.
    pub(super) fn is_in(self, given: &Path) -> bool {
        self.place(given).is_some()
    }
}

/// Pictures of a set, before they are balanced or not.
#[derive(Debug, Clone)]
pub(super) struct Pictures {
    pub(super) set: FragilityImages,
    /// All that may be trained on.
    pub(super) all: LabeledImages,
    /// What networks are judged by.
    pub(super) test: LabeledImages,
    /// Whether `all` is a long-tailed file with one that fills it up, in this order.
    tail: bool,
    /// What was done to the files, in sentences.
    pub(super) notes: Vec<String>,
}

/// Reads a set.
pub(super) fn read(set: FragilityImages, given: &Path, observer: &dyn Observer) -> Result<Pictures, Error> {
    let Some((folder, tail)) = set.place(given) else {
        let files: Vec<String> = set
            .files()
            .iter()
            .map(|names| format!("`{}`", names.join("` or `")))
            .collect();
        return Err(Error::Config {
            place: "--data".into(),
            problem: format!("`{}` has no files of {}", given.display(), set.name()),
            hint: Some(format!(
                "put {} into `{}`, or name other sets with `--dataset`",
                files.join(", "),
                given.join(set.name()).display()
            )),
        });
    };
    let open = |path: &Path, split: Split| -> Result<LabeledImages, Error> {
        let mut options = ImageOptions::default();
        options.format = match set {
            FragilityImages::FashionMnist => Some(ImageFormat::Idx),
            FragilityImages::Cifar10 => Some(ImageFormat::Cifar10),
            FragilityImages::Pneumoniamnist => None,
        };
        options.split = split;
        Ok(read_images(path, &options, observer)?.set)
    };
    let mut notes = Vec::new();
    let (mut all, test) = match set {
        FragilityImages::Pneumoniamnist => {
            let file = folder.join("pneumoniamnist.npz");
            let training = open(&file, Split::Train)?;
            let validation = open(&file, Split::Validation)?;
            let (all, note) = joined(&training, &validation);
            notes.push(note);
            (all, open(&file, Split::Test)?)
        }
        FragilityImages::Cifar10 if tail => {
            let [first, more, test] = LONG_TAILED_FILES.map(|name| folder.join(name));
            let mut all = open(&first, Split::Train)?;
            let more = open(&more, Split::Train)?;
            all = both(&all, &more);
            notes.push(format!(
                "REDUCED DATA: the files hold a long-tailed set and {} pictures more; the imbalanced version leaves the last 500 airplanes out, which are among these, the balanced version is the first {LEVEL} of each class of both files, and tests are the first {} official test pictures.",
                more.len(),
                1000
            ));
            (all, open(&test, Split::Train)?)
        }
        _ => (open(&folder, Split::Train)?, open(&folder, Split::Test)?),
    };
    // Shown next to the counts, classes want their names.
    if set == FragilityImages::Pneumoniamnist && all.labels.classes().len() == 2 {
        let names = ["normal", "pneumonia"].map(str::to_owned).to_vec();
        all.labels = Labels::from_codes(names, all.labels.codes().to_vec());
    }
    let mut test = test;
    if test.labels.classes().len() == all.labels.classes().len() {
        test.labels = Labels::from_codes(all.labels.classes().to_vec(), test.labels.codes().to_vec());
    } else {
        test.labels =
            crate::images::in_classes(&test.labels, all.labels.classes(), &folder.display().to_string())?;
    }
    Ok(Pictures {
        set,
        all,
        test,
        tail,
        notes,
    })
}

/// Pictures of one set after those of another with the same classes.
fn both(first: &LabeledImages, second: &LabeledImages) -> LabeledImages {
    let mut images = first.images.clone();
    images.append(&second.images);
    let codes = first.labels.codes().iter().chain(second.labels.codes());
    let labels = Labels::from_codes(first.labels.classes().to_vec(), codes.copied().collect());
    LabeledImages::new(images, labels)
}

/// Training and validation pictures, every content once.
fn joined(training: &LabeledImages, validation: &LabeledImages) -> (LabeledImages, String) {
    let all = both(training, validation);
    let mut first: HashMap<&[u8], usize> = HashMap::new();
    let (mut kept, mut within, mut across) = (Vec::new(), 0, 0);
    for row in 0..all.len() {
        match first.get(all.images.get(row)) {
            None => {
                first.insert(all.images.get(row), row);
                kept.push(row);
            }
            Some(&before) if before < training.len() && row >= training.len() => across += 1,
            Some(_) => within += 1,
        }
    }
    let note = format!(
        "No row is held out, so training and validation pictures are trained on together. {} {} in both and {} taken once; {within} more that {} twice in one of them {} left out.",
        counted(across, "picture"),
        agree(across, "occurs", "occur"),
        agree(across, "is", "are"),
        agree(within, "is there", "are there"),
        agree(within, "is", "are"),
    );
    (all.select(&kept), note)
}

impl Pictures {
    /// A balanced or an imbalanced version, as rows of `all`.
    ///
    /// Of the whole sets a cut depends on the seed; the rows of a class that both versions have are drawn first to both.
    pub(super) fn rows(&self, version: Version, seed: &Seed) -> Result<Vec<usize>, Error> {
        let labels = &self.all.labels;
        let take = |imbalance: Imbalance, keep: Keep| -> Result<Vec<usize>, Error> {
            Ok(make_imbalance_of(labels, &imbalance, keep, &seed.child("cut"))?)
        };
        if self.tail {
            let wanted = match version {
                Version::Balanced => [LEVEL; 10],
                Version::Imbalanced => LONG_TAIL,
            };
            return take(self.as_far_as_there(&wanted), Keep::First);
        }
        if self.set == FragilityImages::Pneumoniamnist {
            let counts = labels.counts();
            let least = counts.iter().copied().min().unwrap_or(0);
            if version == Version::Balanced {
                return take(Imbalance::Ranked(vec![least; counts.len()]), Keep::Random);
            }
            let rare = usize::from(counts.first() > counts.last());
            // As many in all as the balanced version has.
            let few = ((2 * least) as f64 / (1.0 + TWO_CLASS_RATIO)).round().max(1.0) as usize;
            let wanted: Vec<usize> = (0..counts.len())
                .map(|class| if class == rare { few } else { 2 * least - few })
                .collect();
            return take(self.as_far_as_there(&wanted), Keep::Random);
        }
        let imbalance = Imbalance::Exponential {
            ratio: RATIO,
            largest: None,
        };
        let tail = take(imbalance, Keep::Random)?;
        if version == Version::Imbalanced {
            return Ok(tail);
        }
        let level = tail.len() / labels.classes().len();
        let least = labels.counts().into_iter().min().unwrap_or(0);
        take(
            Imbalance::Ranked(vec![level.min(least); labels.classes().len()]),
            Keep::Random,
        )
    }

    fn as_far_as_there(&self, wanted: &[usize]) -> Imbalance {
        let counts = self.all.labels.counts();
        Imbalance::Ranked(
            counts
                .iter()
                .enumerate()
                .map(|(class, &there)| wanted.get(class).map_or(there, |&wanted| wanted.min(there)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{ImageShape, Images};

    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = read(FragilityImages::Pneumoniamnist, folder.path(), &()).expect_err("nothing is there");
        assert!(error.hint().expect("a hint").contains("pneumoniamnist.npz"));
        assert!(FragilityImages::ALL.iter().all(|set| !set.is_in(folder.path())));
    }

    #[test]
    fn a_picture_that_is_there_twice_is_kept_once() {
        let set = |pictures: &[u8]| {
            let codes = pictures.iter().map(|picture| u32::from(picture % 2)).collect();
            let labels = Labels::from_codes(vec!["a".into(), "b".into()], codes);
            LabeledImages::new(Images::new(ImageShape::new(1, 1, 1), pictures.to_vec()), labels)
        };
        let (all, note) = joined(&set(&[0, 1, 1, 2]), &set(&[2, 3, 0, 3]));
        assert_eq!(all.images.as_slice(), [0, 1, 2, 3]);
        assert_eq!(all.labels.codes(), [0, 1, 0, 1]);
        assert!(note.contains("2 pictures occur in both"), "{note}");
        assert!(note.contains("2 more that are there twice"), "{note}");
    }

    fn pictures(set: FragilityImages, counts: &[usize]) -> Pictures {
        let codes: Vec<u32> = (0..counts.len())
            .flat_map(|class| vec![class as u32; counts[class]])
            .collect();
        let classes = (0..counts.len()).map(|class| class.to_string()).collect();
        let images = Images::new(ImageShape::new(1, 1, 1), vec![0; codes.len()]);
        let all = LabeledImages::new(images, Labels::from_codes(classes, codes));
        Pictures {
            set,
            test: all.clone(),
            all,
            tail: set == FragilityImages::Cifar10,
            notes: Vec::new(),
        }
    }

    #[test]
    fn both_versions_have_as_many_pictures() {
        let seed = Seed::new(1);
        let counts = |pictures: &Pictures, version: Version| {
            let rows = pictures.rows(version, &seed).expect("there are enough");
            pictures.all.select(&rows).labels.counts()
        };
        let clothes = pictures(FragilityImages::FashionMnist, &[6000; 10]);
        let tail = counts(&clothes, Version::Imbalanced);
        assert_eq!((tail[0], tail[9]), (6000, 60));
        assert_eq!(
            counts(&clothes, Version::Balanced),
            [tail.iter().sum::<usize>() / 10; 10]
        );
        let x_rays = pictures(FragilityImages::Pneumoniamnist, &[110, 400]);
        assert_eq!(counts(&x_rays, Version::Balanced), [110, 110]);
        assert_eq!(counts(&x_rays, Version::Imbalanced), [20, 200]);
        let things = pictures(
            FragilityImages::Cifar10,
            &[5500, 3497, 2296, 1577, 1145, 887, 732, 639, 583, 550],
        );
        assert_eq!(counts(&things, Version::Imbalanced), LONG_TAIL);
        assert_eq!(counts(&things, Version::Balanced), [550; 10]);
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn eight_x_rays_are_in_both_parts() {
        let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with PneumoniaMNIST");
            return;
        };
        let read = read(FragilityImages::Pneumoniamnist, data.as_ref(), &()).expect("it is whole");
        assert!(
            read.notes[0].contains("8 pictures occur in both"),
            "{}",
            read.notes[0]
        );
        assert_eq!(read.test.labels.counts(), [234, 390]);
    }
}

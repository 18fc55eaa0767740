use std::path::{Path, PathBuf};

use counterpoise_base::{LabeledImages, Labels, Observer, Seed, Warning};
use counterpoise_data::{
    Error as DataError, ImageOptions, Imbalance, Keep, Split, make_imbalance_of, read_images,
};
use serde::{Deserialize, Serialize};

use crate::networks::{Reads, part};
use crate::{Error, networks};

/// Pictures to read: the tables `[data]` and `[test]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImagePart {
    /// The file or folder.
    pub path: PathBuf,
    /// How it is read.
    #[serde(default)]
    pub read: ImageOptions,
    /// Takes one side of a split only, for pictures that come without a test part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Makes the pictures imbalanced first, for experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// Which pictures of a class stay then.
    #[serde(default)]
    pub keep: Keep,
}

/// A side of a split with so large a share of every class held out. The split is the same for every command and seed, so that
/// what one learns from the one side, another can judge by the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What is left to learn from; a class of one picture is there.
    Training(f64),
    /// What is held out.
    HeldOut(f64),
}

impl Side {
    fn rows(self, labels: &Labels, warnings: &mut Vec<Warning>) -> Result<Vec<usize>, Error> {
        let (Self::Training(share) | Self::HeldOut(share)) = self;
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::Config {
                place: "--side".into(),
                problem: format!("{share} is no share of every class that could be held out"),
                hint: Some("give a number between 0 and 1, as in `--side training:0.3`".into()),
            });
        }
        let (training, held_out) = part(
            labels,
            Reads::Pictures,
            share,
            &Seed::new(0).child("side"),
            warnings,
        )?;
        Ok(match self {
            Self::Training(_) => training,
            Self::HeldOut(_) => held_out,
        })
    }
}

impl ImagePart {
    /// The same without a choice of a part: the part to train on, which is everything where there are no parts.
    pub(super) fn of_all(&self) -> Self {
        let mut all = self.clone();
        all.read.split = Split::Train;
        all
    }

    /// Reads pictures to judge by, beside those of `training`: other pictures that come without parts are all there to judge by.
    pub(crate) fn open_beside(
        &self,
        training: &Path,
        seed: &Seed,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<LabeledImages, Error> {
        match self.open(seed, observer, warnings) {
            Err(Error::Data(DataError::NoParts { .. })) if self.path == training => Err(no_test_part(self)),
            Err(Error::Data(DataError::NoParts { .. })) => self.of_all().open(seed, observer, warnings),
            opened => opened,
        }
    }

    /// Reads the pictures, and takes out those that side and imbalance leave out.
    pub(crate) fn open(
        &self,
        seed: &Seed,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<LabeledImages, Error> {
        let read = read_images(&self.path, &self.read, observer)?;
        warnings.extend(read.warnings);
        let mut set = read.set;
        if let Some(side) = self.side {
            set = set.select(&side.rows(&set.labels, warnings)?);
        }
        match &self.imbalance {
            None => Ok(set),
            Some(imbalance) => {
                let seed = seed.child("imbalance");
                let kept = make_imbalance_of(&set.labels, imbalance, self.keep, &seed)?;
                Ok(set.select(&kept))
            }
        }
    }
}

pub(super) fn no_test_part(part: &ImagePart) -> Error {
    Error::Config {
        place: part.path.display().to_string(),
        problem: "it has no test part: every test picture is a training picture".into(),
        hint: Some("name other pictures with `--test`, or leave it out".into()),
    }
}

/// Gives labels the codes of other classes; an error names a class that these do not have.
pub(crate) fn in_classes(labels: &Labels, classes: &[String], file: &str) -> Result<Labels, Error> {
    let counts = labels.counts();
    let known = labels
        .classes()
        .iter()
        .zip(counts)
        .any(|(name, count)| count > 0 && classes.contains(name));
    // Names that all differ are other names for the same, or so one may hope.
    let hint = if known {
        "leave its pictures out, or train anew with pictures of it among them"
    } else {
        "name the classes as training did, in the order of their codes, with `--class-names`"
    };
    networks::in_classes(labels, classes, file, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_are_all_pictures_and_a_single_one_is_learnt_from() {
        let names = ["a"; 10].into_iter().chain(["b"; 4]).chain(["c"]);
        let labels = Labels::from_names(&names.collect::<Vec<_>>());
        let rows = |side: Side| side.rows(&labels, &mut Vec::new()).expect("a share");
        let (training, held_out) = (rows(Side::Training(0.3)), rows(Side::HeldOut(0.3)));
        assert_eq!((training.len(), held_out.len()), (11, 4));
        assert!(training.contains(&14));
        let mut all: Vec<usize> = training.into_iter().chain(held_out).collect();
        all.sort_unstable();
        assert_eq!(all, (0..15).collect::<Vec<_>>());
        assert!(Side::HeldOut(1.0).rows(&labels, &mut Vec::new()).is_err());
    }
}

use std::path::PathBuf;

use counterpoise_base::{LabeledImages, Labels, Observer, Seed, Warning};
use counterpoise_data::{ImageOptions, Imbalance, Keep, make_imbalance_of, read_images};
use serde::{Deserialize, Serialize};

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
    /// Makes the pictures imbalanced first, for experiments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// Which pictures of a class stay then.
    #[serde(default)]
    pub keep: Keep,
}

impl ImagePart {
    /// Reads the pictures, and takes out those that the imbalance leaves out.
    pub(crate) fn open(
        &self,
        seed: &Seed,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<LabeledImages, Error> {
        let read = read_images(&self.path, &self.read, observer)?;
        warnings.extend(read.warnings);
        match &self.imbalance {
            None => Ok(read.set),
            Some(imbalance) => {
                let seed = seed.child("imbalance");
                let kept = make_imbalance_of(&read.set.labels, imbalance, self.keep, &seed)?;
                Ok(read.set.select(&kept))
            }
        }
    }
}

/// Gives labels the codes of other classes; an error names a class that these do not have.
pub(crate) fn in_classes(labels: &Labels, classes: &[String], file: &str) -> Result<Labels, Error> {
    let hint = "name the classes as training did, in the order of their codes, with `--class-names`";
    networks::in_classes(labels, classes, file, hint)
}

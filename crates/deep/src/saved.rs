use std::path::Path;

use counterpoise_base::{ImageShape, Seed};
use counterpoise_data::{Augment, Normalisation};
use serde::{Deserialize, Serialize};

use crate::{
    Architecture, Checkpoint, Classifier, DeviceKind, EpochReport, Error, HeadKind, InputShape, Marks,
    TrainOptions, Weights, read_weights,
};

/// A classifier with all that is needed to use it on other data.
#[derive(Debug, Clone)]
pub struct SavedClassifier {
    /// The network.
    pub classifier: Classifier,
    /// What it is and where it comes from.
    pub about: AboutClassifier,
    /// Marks of the rows or pictures that it was trained on; files of other programs and of earlier versions have none.
    pub trained_on: Option<Marks>,
}

/// What a classifier is and where it comes from: the metadata of its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AboutClassifier {
    /// Which network.
    pub network: Architecture,
    /// Its last layer.
    pub head: HeadKind,
    /// Channels, height and width of pictures; absent for networks that read rows.
    pub picture: Option<(usize, usize, usize)>,
    /// Numbers a row; absent for networks that read pictures.
    pub columns: Option<usize>,
    /// How columns of a table become these numbers, as whoever trained it wrote it down; absent for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<serde_json::Value>,
    /// How bytes become numbers.
    pub normalisation: Normalisation,
    /// How pictures changed while it learnt; absent for rows and in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augment>,
    /// Names of classes, in the order of logits.
    pub classes: Vec<String>,
    /// Training rows of every class, which corrections of priors ask for.
    pub counts: Vec<usize>,
    /// How it was trained, if here.
    pub options: Option<TrainOptions>,
    /// Root of everything random.
    pub seed: u64,
    /// The epoch that was chosen, from 1.
    pub epoch: usize,
    /// What every epoch brought.
    pub history: Vec<EpochReport>,
    /// What was done to the head after training, in words.
    pub afterwards: Vec<String>,
}

const KIND: &str = "classifier";
/// Marks of rows, beside what stands in [`AboutClassifier`].
const TRAINED_ON: &str = "trained_on";

/// The file of a classifier. One of another program is better called that than damaged.
fn checkpoint(path: &Path) -> Result<Checkpoint, Error> {
    Checkpoint::load(path, KIND).map_err(|error| match error {
        Error::NotACheckpoint { path, .. } if read_weights(&path).is_ok() => Error::BareWeights { path },
        error => error,
    })
}

impl AboutClassifier {
    /// Reads what a file of a network says of it, without the network.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::of_checkpoint(&checkpoint(path)?, path)
    }

    fn of_checkpoint(checkpoint: &Checkpoint, path: &Path) -> Result<Self, Error> {
        Self::deserialize(&checkpoint.about).map_err(|error| Error::NotACheckpoint {
            path: path.into(),
            reason: error.to_string(),
        })
    }

    fn input(&self) -> Option<InputShape> {
        match (self.picture, self.columns) {
            (Some((channels, height, width)), None) => {
                Some(InputShape::Images(ImageShape::new(channels, height, width)))
            }
            (None, Some(columns)) => Some(InputShape::Rows(columns)),
            _ => None,
        }
    }
}

impl SavedClassifier {
    /// Writes the file, whole or not at all. It holds no time of the clock: equal networks have files of equal bytes.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut about = self.about.clone();
        for epoch in &mut about.history {
            epoch.seconds = None;
        }
        let failed = |error: serde_json::Error| Error::File {
            path: path.into(),
            reason: error.to_string(),
        };
        let mut about = serde_json::to_value(&about).map_err(failed)?;
        if let Some(marks) = &self.trained_on {
            about[TRAINED_ON] = serde_json::to_value(marks).map_err(failed)?;
        }
        let checkpoint = Checkpoint {
            kind: KIND.to_owned(),
            about,
            weights: self.classifier.weights(),
            ..Checkpoint::default()
        };
        checkpoint.save(path)
    }

    /// Reads what [`save`](Self::save) wrote.
    pub fn load(path: &Path, device: DeviceKind) -> Result<Self, Error> {
        let checkpoint = checkpoint(path)?;
        let wrong = |reason: String| Error::NotACheckpoint {
            path: path.into(),
            reason,
        };
        let about = AboutClassifier::of_checkpoint(&checkpoint, path)?;
        let input = about
            .input()
            .ok_or_else(|| wrong("it does not say what the network reads".to_owned()))?;
        let marks = checkpoint.about.get(TRAINED_ON).map(Marks::deserialize);
        let trained_on = marks.transpose().map_err(|error| wrong(error.to_string()))?;
        let classifier = Classifier::new(
            about.network.clone(),
            about.head,
            input,
            about.classes.len(),
            &Seed::new(0),
            device,
        )?;
        Ok(Self {
            classifier: classifier.with_weights(&checkpoint.weights)?,
            about,
            trained_on,
        })
    }

    /// Reads weights of another program, such as a PyTorch state dict: `about` says what they are of.
    ///
    /// The last layer may be called `linear` or `fc`, and the part with weights of a shortcut `shortcut` or `downsample`. Without
    /// a bias the last layer takes cosines, whatever `about` says.
    pub fn import(path: &Path, about: AboutClassifier, device: DeviceKind) -> Result<Self, Error> {
        let named = |(name, weight): (String, _)| {
            let name = match name.strip_prefix("fc.") {
                Some(part) if ["weight", "bias"].contains(&part) => format!("linear.{part}"),
                _ => name.replace(".downsample.", ".shortcut."),
            };
            (name, weight)
        };
        let weights = Weights(read_weights(path)?.0.into_iter().map(named).collect());
        let head = if weights.0.contains_key("linear.bias") {
            HeadKind::Linear
        } else {
            HeadKind::Cosine
        };
        let input = about.input().ok_or_else(|| Error::NotACheckpoint {
            path: path.into(),
            reason: "nothing says what the network reads".to_owned(),
        })?;
        let (network, classes) = (about.network.clone(), about.classes.len());
        let classifier = Classifier::new(network, head, input, classes, &Seed::new(0), device)?;
        Ok(Self {
            classifier: classifier.with_weights(&weights)?,
            about: AboutClassifier { head, ..about },
            trained_on: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inputs;

    fn saved() -> SavedClassifier {
        let network = Architecture::Mlp { hidden: vec![3] };
        let (head, input) = (HeadKind::Linear, InputShape::Rows(2));
        let classifier =
            Classifier::new(network.clone(), head, input, 2, &Seed::new(1), DeviceKind::Cpu).unwrap();
        let epoch = serde_json::json!({
            "epoch": 1, "loss": 0.5, "rate": 0.1, "balanced_accuracy": null, "macro_f1": null, "seconds": 1.5,
        });
        let about = AboutClassifier {
            network,
            head,
            picture: None,
            columns: Some(2),
            encoding: Some(serde_json::json!({"target": "y"})),
            normalisation: Augment::default().normalisation,
            augment: None,
            classes: vec!["a".into(), "b".into()],
            counts: vec![3, 1],
            options: None,
            seed: 1,
            epoch: 1,
            history: vec![serde_json::from_value(epoch).unwrap()],
            afterwards: Vec::new(),
        };
        SavedClassifier {
            classifier,
            about,
            trained_on: Some(Marks::of(Inputs::Rows(&[1.0, 2.0, 3.0, 4.0], 2))),
        }
    }

    #[test]
    fn a_file_holds_no_time_of_the_clock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        let mut saved = saved();
        assert_eq!(saved.about.history[0].seconds, Some(1.5));
        saved.save(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        saved.about.history[0].seconds = Some(2.5);
        saved.save(&path).unwrap();
        assert!(std::fs::read(&path).unwrap() == first);
        saved.about.history[0].seconds = None;
        assert_eq!(AboutClassifier::load(&path).unwrap(), saved.about);
        let loaded = SavedClassifier::load(&path, DeviceKind::Cpu).unwrap();
        assert_eq!(loaded.about, saved.about);
        assert_eq!(loaded.trained_on, saved.trained_on);
        assert_eq!(loaded.classifier.weights(), saved.classifier.weights());
    }

    #[test]
    fn a_file_with_times_and_without_encoding_and_marks_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.safetensors");
        let saved = saved();
        let mut about = serde_json::to_value(&saved.about).unwrap();
        about.as_object_mut().unwrap().remove("encoding");
        let old = Checkpoint {
            kind: KIND.to_owned(),
            about,
            weights: saved.classifier.weights(),
            ..Checkpoint::default()
        };
        old.save(&path).unwrap();
        let about = AboutClassifier::load(&path).unwrap();
        assert_eq!(about.history, saved.about.history);
        assert_eq!(about.encoding, None);
        let loaded = SavedClassifier::load(&path, DeviceKind::Cpu).unwrap();
        assert_eq!(loaded.trained_on, None);
    }
}

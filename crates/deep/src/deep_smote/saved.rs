use std::collections::BTreeMap;

use counterpoise_base::{ImageShape, Seed};
use serde::{Deserialize, Serialize};

use super::{Autoencoder, DeepSmote, DeepSmoteState, EpochLoss};
use crate::{Checkpoint, DeviceKind, Error, Weights};

/// The kind of checkpoint that holds a training of DeepSMOTE.
pub(crate) const KIND: &str = "deep-smote";

/// The set of weights of the epoch with the lowest loss.
const BEST: &str = "best";

/// A training of DeepSMOTE that was saved: what it needs to go on, and what its networks are.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDeepSmote {
    /// Its options.
    pub options: DeepSmote,
    /// The pictures that it was trained on.
    pub shape: ImageShape,
    /// How far it has come.
    pub state: DeepSmoteState,
}

/// What stands in the metadata of the file.
#[derive(Serialize, Deserialize)]
struct About {
    options: DeepSmote,
    /// Channels, height and width.
    shape: [usize; 3],
    history: Vec<EpochLoss>,
}

impl SavedDeepSmote {
    /// The kind of checkpoint, for [`Checkpoint::load`].
    pub const KIND: &'static str = KIND;

    /// As a checkpoint.
    pub fn to_checkpoint(&self) -> Checkpoint {
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        let about = About {
            options: self.options.clone(),
            shape: [channels, height, width],
            history: self.state.history.clone(),
        };
        Checkpoint {
            kind: KIND.to_owned(),
            about: serde_json::to_value(about).expect("options and losses are JSON"),
            weights: self.state.weights.clone(),
            others: BTreeMap::from([(BEST.to_owned(), self.state.best.clone())]),
            optimizer: Some(self.state.optimizer.clone()),
        }
    }

    /// Reads a checkpoint.
    pub fn of_checkpoint(mut checkpoint: Checkpoint) -> Result<Self, Error> {
        let wrong = |reason: String| Error::UnusableTraining { reason };
        let About {
            options,
            shape: [channels, height, width],
            history,
        } = serde_json::from_value(checkpoint.about).map_err(|error| wrong(error.to_string()))?;
        let missing = |what: &str| wrong(format!("the file lacks {what}"));
        let state = DeepSmoteState {
            best: checkpoint
                .others
                .remove(BEST)
                .ok_or_else(|| missing("the weights of the best epoch"))?,
            optimizer: checkpoint
                .optimizer
                .ok_or_else(|| missing("the moments of Adam"))?,
            weights: checkpoint.weights,
            history,
        };
        Ok(Self {
            options,
            shape: ImageShape::new(channels, height, width),
            state,
        })
    }

    /// The networks of the epoch with the lowest loss.
    pub fn best(&self, device: DeviceKind) -> Result<Autoencoder, Error> {
        self.networks(&self.state.best, device)
    }

    /// The networks of the last epoch.
    pub fn last(&self, device: DeviceKind) -> Result<Autoencoder, Error> {
        self.networks(&self.state.weights, device)
    }

    fn networks(&self, weights: &Weights, device: DeviceKind) -> Result<Autoencoder, Error> {
        Autoencoder::new(self.shape, self.options.sizes(self.shape), &Seed::new(0), device)?
            .with_weights(weights)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::{Images, LabeledImages, Labels};

    use super::*;
    use crate::{DecoderKind, DeepSmoteTraining};

    #[test]
    fn a_training_survives_a_file_and_goes_on_as_if_never_saved() {
        let shape = ImageShape::new(1, 8, 8);
        let mut random = Seed::new(4).rng();
        let values = (0..12 * 64).map(|_| random.below(256) as u8).collect();
        let labels = Labels::from_codes(
            vec!["a".into(), "b".into()],
            (0..12).map(|row| u32::from(row > 7)).collect(),
        );
        let data = LabeledImages::new(Images::new(shape, values), labels);
        let options = DeepSmote {
            width: NonZeroUsize::new(2).unwrap(),
            latent_size: NonZeroUsize::new(3),
            decoder: DecoderKind::Mirror,
            epochs: NonZeroUsize::new(3).unwrap(),
            batch_size: NonZeroUsize::new(5).unwrap(),
            ..DeepSmote::default()
        };
        let seed = Seed::new(1);
        let mut whole = DeepSmoteTraining::new(&options, &data, &seed, DeviceKind::Cpu).unwrap();
        whole.epoch(&()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.safetensors");
        whole.saved().unwrap().to_checkpoint().save(&path).unwrap();
        whole.run(&(), |_| Ok(())).unwrap();

        let checkpoint = Checkpoint::load(&path, SavedDeepSmote::KIND).unwrap();
        let saved = SavedDeepSmote::of_checkpoint(checkpoint).unwrap();
        let mut resumed =
            DeepSmoteTraining::resume(&saved.options, &data, &seed, DeviceKind::Cpu, &saved.state).unwrap();
        resumed.run(&(), |_| Ok(())).unwrap();
        assert_eq!(resumed.state().unwrap(), whole.state().unwrap());
        let codes = |coder: Autoencoder| coder.encode(&data.images, &()).unwrap();
        let again = resumed.saved().unwrap().best(DeviceKind::Cpu).unwrap();
        assert_eq!(codes(again), codes(whole.best()));
    }

    #[test]
    fn a_file_without_moments_is_refused() {
        let checkpoint = Checkpoint {
            kind: KIND.to_owned(),
            about: serde_json::json!({"options": {}, "shape": [1, 8, 8], "history": []}),
            others: BTreeMap::from([(BEST.to_owned(), Weights::default())]),
            ..Checkpoint::default()
        };
        let error = SavedDeepSmote::of_checkpoint(checkpoint).unwrap_err();
        assert!(error.to_string().contains("moments"), "{error}");
    }
}

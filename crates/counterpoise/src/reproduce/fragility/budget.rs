//! Which networks are trained, and for how long.

use std::num::NonZeroUsize;

use counterpoise_data::{Augment, Normalisation};
use counterpoise_deep::{
    Architecture, ChooseBy, DecoderKind, DeepSmote, HeadKind, HeadTraining, Loss, Optimizer, Schedule,
    TrainOptions,
};
use serde::{Deserialize, Serialize};

use super::sets::FragilityImages;
use crate::Error;

/// How large networks are, and how long they learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FragilityBudget {
    /// Its name.
    pub name: String,
    /// Which network reads grey pictures.
    pub grey: Architecture,
    /// Its epochs.
    pub grey_epochs: usize,
    /// Which network reads pictures in colour.
    pub color: Architecture,
    /// Its epochs.
    pub color_epochs: usize,
    /// Seeds that are run if nobody says how many.
    pub seeds: usize,
    /// Repeats of every choice of the diversity experiment.
    pub repeats: usize,
    /// Channels of the first layer of the autoencoder of DeepSMOTE.
    pub width: usize,
    /// Numbers in its latent code.
    pub latent: usize,
    /// Its epochs.
    pub autoencoder_epochs: usize,
}

impl FragilityBudget {
    /// Grey pictures, one seed: minutes.
    pub fn quick() -> Self {
        Self {
            name: "quick".into(),
            seeds: 1,
            repeats: 3,
            autoencoder_epochs: 3,
            ..Self::usual()
        }
    }

    /// All sets, three seeds: `LeNet` for grey pictures, ResNet-32 with a scaled schedule for those in colour.
    pub fn usual() -> Self {
        Self {
            name: "usual".into(),
            grey: Architecture::LeNet,
            grey_epochs: 15,
            color: Architecture::ResNet32,
            color_epochs: 40,
            seeds: 3,
            repeats: 5,
            width: 16,
            latent: 64,
            autoencoder_epochs: 8,
        }
    }

    /// The network and epochs of the authors' code for all sets: days.
    pub fn full() -> Self {
        Self {
            name: "full".into(),
            grey: Architecture::ResNet32,
            grey_epochs: 200,
            color_epochs: 200,
            width: 64,
            latent: 300,
            autoencoder_epochs: 100,
            ..Self::usual()
        }
    }

    fn network(&self, set: FragilityImages) -> (&Architecture, usize) {
        match set {
            FragilityImages::Cifar10 => (&self.color, self.color_epochs),
            _ => (&self.grey, self.grey_epochs),
        }
    }

    /// How a network of a set learns.
    pub(super) fn training(&self, set: FragilityImages, loss: &str) -> Result<TrainOptions, Error> {
        let (network, epochs) = self.network(set);
        let mut options = TrainOptions::default();
        options.network = network.clone();
        options.loss = Loss::from_name(loss)?;
        if matches!(options.loss, Loss::Ldam(_)) {
            options.head = HeadKind::Cosine;
        }
        if *network == Architecture::LeNet {
            options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
            options.schedule = Schedule::constant(1e-3);
        }
        options.epochs = at_least_one(epochs);
        options.choose_by = ChooseBy::Last;
        Ok(options)
    }

    /// How pictures change while a network learns, and how bytes become numbers.
    pub(super) fn augment(set: FragilityImages) -> Augment {
        match set {
            FragilityImages::Cifar10 => Augment::default()
                .with_pad(4)
                .with_flip(true)
                .with_normalisation(Normalisation::cifar()),
            _ => Augment::default(),
        }
    }

    /// How heads are trained on embeddings of a set.
    pub(super) fn head(&self, set: FragilityImages) -> HeadTraining {
        let mut head = HeadTraining::default();
        // Features of a network without normalised layers want smaller steps.
        if *self.network(set).0 == Architecture::LeNet {
            head.schedule.rate = 0.02;
        }
        head
    }

    /// How the autoencoder of DeepSMOTE learns.
    pub(super) fn deep_smote(&self) -> DeepSmote {
        let mut options = DeepSmote::default();
        options.width = at_least_one(self.width);
        options.latent_size = Some(at_least_one(self.latent));
        options.epochs = at_least_one(self.autoencoder_epochs);
        if self.name != "full" {
            options.decoder = DecoderKind::Mirror;
            options.learning_rate = 1e-3;
            options.batch_size = at_least_one(32);
            options.class_batch = options.batch_size;
        }
        options
    }

    /// The folder of its networks, within that where things are kept.
    pub(super) fn folder(&self) -> &'static str {
        // Quick and usual networks are the same.
        if self.name == "full" {
            "networks-full"
        } else {
            "networks"
        }
    }

    /// What it is, in a sentence.
    pub fn sentence(&self) -> String {
        let networks = format!(
            "grey pictures by {}, {} epochs{}; pictures in colour by {}, {} epochs, as `train` does by default; the last epoch is taken, no picture is held out",
            self.grey.name(),
            self.grey_epochs,
            if self.grey == Architecture::LeNet {
                " of Adam 0.001"
            } else {
                ""
            },
            self.color.name(),
            self.color_epochs,
        );
        if self.name == "full" {
            format!("The networks and epochs of the authors' code (--full): {networks}.")
        } else {
            format!("REDUCED, not the networks or epochs of the authors' code: {networks}.")
        }
    }
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_and_usual_networks_are_the_same() {
        let (quick, usual) = (FragilityBudget::quick(), FragilityBudget::usual());
        for set in FragilityImages::ALL {
            let of = |budget: &FragilityBudget| budget.training(set, "focal").expect("a loss");
            assert_eq!(of(&quick), of(&usual));
        }
        assert_eq!(quick.folder(), usual.folder());
        assert_ne!(FragilityBudget::full().folder(), usual.folder());
    }

    #[test]
    fn colour_is_trained_as_by_default_but_for_its_epochs() {
        let options = FragilityBudget::usual()
            .training(FragilityImages::Cifar10, "ldam")
            .expect("a loss");
        let mut wanted = TrainOptions::default();
        wanted.loss = Loss::from_name("ldam").expect("a loss");
        wanted.head = HeadKind::Cosine;
        wanted.epochs = at_least_one(40);
        wanted.choose_by = ChooseBy::Last;
        assert_eq!(options, wanted);
    }
}

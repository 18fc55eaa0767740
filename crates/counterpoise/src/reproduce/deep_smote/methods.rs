use std::num::NonZeroUsize;

use counterpoise_deep::{
    Architecture, Bagan, ChooseBy, DecoderKind, DeepSmote, Loss, Optimizer, Penalty, Permutation, Schedule,
    TrainOptions,
};
use serde::{Deserialize, Serialize};

/// A row of the table: what is done about rare classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing.
    None,
    /// Every class counts the same in the loss.
    Weights,
    /// Pictures of rare classes are repeated.
    Oversampling,
    /// SMOTE of pixels.
    Smote,
    /// AMDO of pixels.
    Amdo,
    /// MC-CCR of pixels.
    McCcr,
    /// MC-RBO of pixels.
    McRbo,
    /// DeepSMOTE.
    DeepSmote {
        /// What the permuted class batch is compared with.
        penalty: Penalty,
        /// How it is permuted.
        permutation: Permutation,
    },
    /// Another loss.
    BalancedSoftmax,
    /// The network of [`None`](Self::None), adjusted afterwards.
    LogitAdjustment,
    /// A GAN in the manner of BAGAN.
    Gan,
}

const fn deep_smote(penalty: Penalty, permutation: Permutation) -> Remedy {
    Remedy::DeepSmote { penalty, permutation }
}

impl Remedy {
    /// All rows, in the order of the table. Without a penalty there is nothing to permute.
    pub const ALL: [Self; 15] = [
        Self::None,
        Self::Weights,
        Self::BalancedSoftmax,
        Self::LogitAdjustment,
        Self::Oversampling,
        Self::Smote,
        Self::Amdo,
        Self::McCcr,
        Self::McRbo,
        Self::Gan,
        deep_smote(Penalty::Paper, Permutation::CyclicShift),
        deep_smote(Penalty::Paper, Permutation::Random),
        deep_smote(Penalty::Reference, Permutation::CyclicShift),
        deep_smote(Penalty::Reference, Permutation::Random),
        deep_smote(Penalty::None, Permutation::CyclicShift),
    ];

    /// Groups of rows that have a name.
    pub const GROUPS: [&'static str; 4] = ["usual", "all", "permutation", "pixels"];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Weights => "weights",
            Self::Oversampling => "oversampling",
            Self::Smote => "smote",
            Self::Amdo => "amdo",
            Self::McCcr => "mc-ccr",
            Self::McRbo => "mc-rbo",
            Self::BalancedSoftmax => "balanced-softmax",
            Self::LogitAdjustment => "logit-adjustment",
            Self::Gan => "gan",
            Self::DeepSmote { penalty, permutation } => match (penalty, permutation) {
                (Penalty::Paper, Permutation::CyclicShift) => "deepsmote-paper",
                (Penalty::Paper, Permutation::Random) => "deepsmote-paper-random",
                (Penalty::Reference, Permutation::CyclicShift) => "deepsmote-reference",
                (Penalty::Reference, Permutation::Random) => "deepsmote-reference-random",
                (Penalty::None, _) => "deepsmote-none",
            },
        }
    }

    /// The rows of a group, or the one of this name.
    pub fn of_name(name: &str) -> Option<Vec<Self>> {
        let random = |row: &&Self| {
            matches!(
                row,
                Self::DeepSmote {
                    permutation: Permutation::Random,
                    ..
                }
            )
        };
        let kept = |keep: &dyn Fn(&&Self) -> bool| Self::ALL.iter().filter(keep).copied().collect();
        Some(match name {
            "all" => Self::ALL.to_vec(),
            "usual" => kept(&|row| !random(row)),
            "permutation" => kept(&|row| matches!(row, Self::DeepSmote { .. })),
            "pixels" => kept(&|row| matches!(row, Self::Smote | Self::Amdo | Self::McCcr | Self::McRbo)),
            name => vec![Self::ALL.into_iter().find(|row| row.name() == name)?],
        })
    }

    /// What the paper calls it; absent for rows that it does not have.
    pub(super) fn in_paper(self) -> Option<&'static str> {
        match self {
            Self::Smote => Some("SMOTE"),
            Self::Amdo => Some("AMDO"),
            Self::McCcr => Some("MC-CCR"),
            Self::McRbo => Some("MC-RBO"),
            Self::Gan => Some("BAGAN"),
            Self::DeepSmote {
                penalty: Penalty::Paper | Penalty::Reference,
                ..
            } => Some("DeepSMOTE"),
            _ => None,
        }
    }
}

/// How large networks are, and how long they learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Which network classifies.
    pub network: Architecture,
    /// How often it sees the balanced set; rows with fewer pictures see theirs more often, so that all take as many steps.
    pub epochs: usize,
    /// Pictures a step.
    pub batch: usize,
    /// Step of Adam.
    pub rate: f64,
    /// Channels of the autoencoder's first convolution.
    pub width: usize,
    /// Numbers in a latent code; absent for the paper's.
    pub latent: Option<usize>,
    /// How codes become pictures.
    pub decoder: DecoderKind,
    /// How often the autoencoder sees the imbalanced set.
    pub autoencoder_epochs: usize,
    /// Pictures a step of the autoencoder, and of the class batch beside it.
    pub autoencoder_batch: usize,
    /// Step of the autoencoder's Adam.
    pub autoencoder_rate: f64,
    /// How often the discriminator sees the imbalanced set.
    pub gan_epochs: usize,
    /// Real pictures a step of the GAN.
    pub gan_batch: usize,
    /// Step of Adam in the GAN.
    pub gan_rate: f64,
    /// Whether energy (MC-CCR) and reach (MC-RBO) are chosen on pictures held out, among few.
    pub choose: bool,
    /// Folds that are run if nobody says how many.
    pub folds: usize,
}

impl Budget {
    /// Small networks, few epochs, one fold: reduced, to see that all works and roughly who is ahead.
    pub fn quick() -> Self {
        Self {
            name: "quick".into(),
            network: Architecture::LeNet,
            epochs: 5,
            batch: 128,
            rate: 1e-3,
            width: 16,
            latent: Some(64),
            decoder: DecoderKind::Mirror,
            autoencoder_epochs: 8,
            // Few epochs of the authors' batches of 100 would be few steps.
            autoencoder_batch: 32,
            autoencoder_rate: 1e-3,
            gan_epochs: 4,
            gan_batch: 32,
            gan_rate: 2e-4,
            choose: false,
            folds: 1,
        }
    }

    /// Between the two: a small classifier, an autoencoder of half the paper's width, all folds.
    pub fn usual() -> Self {
        Self {
            name: "usual".into(),
            epochs: 15,
            width: 32,
            latent: Some(128),
            autoencoder_epochs: 40,
            gan_epochs: 20,
            choose: true,
            folds: super::protocol::FOLDS,
            ..Self::quick()
        }
    }

    /// The paper's networks and the authors' epochs.
    pub fn full() -> Self {
        Self {
            name: "full".into(),
            network: Architecture::ResNet18,
            epochs: 30,
            width: 64,
            latent: None,
            decoder: DecoderKind::Reference,
            autoencoder_epochs: 200,
            autoencoder_batch: 100,
            autoencoder_rate: 2e-4,
            gan_epochs: 100,
            gan_batch: 100,
            gan_rate: 5e-5,
            ..Self::usual()
        }
    }

    /// How the classifier learns from so many pictures, where the balanced set has `balanced`.
    pub(super) fn classifier(&self, loss: Loss, pictures: usize, balanced: usize) -> TrainOptions {
        let mut options = TrainOptions::default();
        options.network = self.network.clone();
        options.loss = loss;
        options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
        options.schedule = Schedule::constant(self.rate);
        options.batch_size = at_least_one(self.batch);
        let steps = self.epochs * balanced.div_ceil(self.batch);
        options.epochs =
            at_least_one((steps as f64 / pictures.div_ceil(self.batch).max(1) as f64).round() as usize);
        options.choose_by = ChooseBy::Last;
        options
    }

    /// How the autoencoder learns.
    pub(super) fn deep_smote(&self, penalty: Penalty, permutation: Permutation) -> DeepSmote {
        let mut options = DeepSmote::default();
        options.penalty = penalty;
        options.permutation = permutation;
        options.width = at_least_one(self.width);
        options.latent_size = self.latent.map(at_least_one);
        options.decoder = self.decoder;
        options.epochs = at_least_one(self.autoencoder_epochs);
        options.learning_rate = self.autoencoder_rate;
        options.batch_size = at_least_one(self.autoencoder_batch);
        options.class_batch = options.batch_size;
        options
    }

    /// How the GAN learns.
    pub(super) fn gan(&self) -> Bagan {
        let mut options = Bagan::default();
        options.epochs = at_least_one(self.gan_epochs);
        options.learning_rate = self.gan_rate;
        options.batch_size = at_least_one(self.gan_batch);
        options
    }

    /// What a row depends on: a row that was finished stays when the rest changes.
    pub(super) fn for_row(&self, remedy: Remedy) -> serde_json::Value {
        let mut used = serde_json::json!({
            "network": self.network,
            "epochs": self.epochs,
            "batch": self.batch,
            "rate": self.rate,
        });
        let mut add = |more: serde_json::Value| {
            if let (Some(used), serde_json::Value::Object(more)) = (used.as_object_mut(), more) {
                used.extend(more);
            }
        };
        if matches!(remedy, Remedy::DeepSmote { .. } | Remedy::Gan) {
            add(serde_json::json!({
                "width": self.width,
                "latent": self.latent,
                "decoder": self.decoder,
                "autoencoder_epochs": self.autoencoder_epochs,
                "autoencoder_batch": self.autoencoder_batch,
                "autoencoder_rate": self.autoencoder_rate,
            }));
        }
        if remedy == Remedy::Gan {
            add(serde_json::json!({
                "gan_epochs": self.gan_epochs,
                "gan_batch": self.gan_batch,
                "gan_rate": self.gan_rate,
            }));
        }
        if matches!(remedy, Remedy::McCcr | Remedy::McRbo) {
            add(serde_json::json!({ "choose": self.choose }));
        }
        used
    }
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

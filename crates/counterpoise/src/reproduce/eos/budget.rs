//! How large networks are, and how long they learn.

use std::num::NonZeroUsize;

use counterpoise_deep::{Architecture, ChooseBy, Optimizer, Schedule, TrainOptions};
use serde::{Deserialize, Serialize};
use toml::Value;

use super::data::EosImages;
use crate::eos::HeadMethod;

/// How large networks are, and how long they learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EosBudget {
    /// `LeNet`, 10 epochs: reduced, for minutes.
    Quick,
    /// CIFAR-10: ResNet-32, 40 epochs, a fifth of the paper's. Fashion-MNIST: `LeNet`, 30 epochs.
    Usual,
    /// ResNet-32, 200 epochs, as in the authors' code.
    Full,
}

impl EosBudget {
    /// The flag that asks for it; none for the usual one.
    pub(super) fn flag(self) -> Option<&'static str> {
        match self {
            Self::Quick => Some("--quick"),
            Self::Usual => None,
            Self::Full => Some("--full"),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Usual => "usual",
            Self::Full => "full",
        }
    }

    /// Networks of each loss.
    pub(super) fn seeds(self) -> usize {
        if self == Self::Quick { 1 } else { 3 }
    }

    /// Whether its networks are deep ones, which take long to train.
    pub(super) fn is_residual(self, set: EosImages) -> bool {
        match self {
            Self::Quick => false,
            Self::Usual => set == EosImages::Cifar10Lt,
            Self::Full => true,
        }
    }

    fn epochs(self, set: EosImages) -> usize {
        match (self, set) {
            (Self::Quick, _) => 10,
            (Self::Usual, EosImages::Cifar10Lt) => 40,
            (Self::Usual, EosImages::FashionMnist) => 30,
            (Self::Full, _) => 200,
        }
    }

    /// What it is, in a sentence.
    pub fn sentence(self, set: EosImages) -> String {
        let epochs = self.epochs(set);
        let what = if self.is_residual(set) {
            format!(
                "ResNet-32, {epochs} epochs of SGD with rate 0.1 and the authors' steps at the same shares of the run"
            )
        } else {
            format!("LeNet, {epochs} epochs of Adam with rate 0.001")
        };
        match self {
            Self::Full => format!(
                "{what}, as in the authors' code; the last epoch is taken, where they choose on the test set"
            ),
            _ => format!(
                "REDUCED, the authors train ResNet-32 for 200 epochs and choose the epoch on the test set: {what}; the last epoch is taken"
            ),
        }
    }

    /// How phase one trains, but for its loss.
    pub(super) fn training(self, set: EosImages) -> TrainOptions {
        let mut options = TrainOptions::default();
        if !self.is_residual(set) {
            options.network = Architecture::LeNet;
            options.optimizer = Optimizer::Adam { weight_decay: 0.0 };
            options.schedule = Schedule::constant(1e-3);
        }
        options.epochs = NonZeroUsize::new(self.epochs(set)).expect("no budget has 0 epochs");
        options.choose_by = ChooseBy::Last;
        options
    }

    /// Settings of heads. Features of `LeNet` are not normalised, and want smaller steps.
    pub(super) fn head(self, set: EosImages) -> Vec<(String, Value)> {
        if self.is_residual(set) {
            return Vec::new();
        }
        vec![("head.schedule.rate".to_owned(), Value::from(0.02))]
    }

    /// Heads that are compared if nobody says which.
    pub(super) fn heads(self) -> Vec<HeadMethod> {
        let all = HeadMethod::NAMES.iter().map(|(_, method)| *method);
        match self {
            Self::Quick => all
                .filter(|method| {
                    is_in_paper(*method)
                        || matches!(
                            method,
                            HeadMethod::LogitAdjustment
                                | HeadMethod::TauNorm
                                | HeadMethod::Crt
                                | HeadMethod::BalancedSoftmax
                                | HeadMethod::EosReference
                        )
                })
                .collect(),
            _ => all.collect(),
        }
    }
}

/// Whether the paper's main table has it.
pub(super) fn is_in_paper(method: HeadMethod) -> bool {
    matches!(
        method,
        HeadMethod::None
            | HeadMethod::Random
            | HeadMethod::Smote
            | HeadMethod::BorderlineSmote
            | HeadMethod::BalancedSvm
            | HeadMethod::Remix
            | HeadMethod::Eos
    )
}

//! DeepSMOTE: an autoencoder learns the pictures, SMOTE makes rows among its codes, and the decoder turns them into pictures.

mod autoencoder;
mod fit;
mod gan;
mod generate;
mod quality;
mod saved;

use std::num::NonZeroUsize;

use counterpoise_base::ImageShape;
use counterpoise_sampling::Strategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use autoencoder::{Autoencoder, AutoencoderSizes, DecoderKind};
pub(crate) use autoencoder::{SMALLEST, lines};
pub use fit::{DeepSmoteState, DeepSmoteTraining, EpochLoss};
pub use gan::{Bagan, GanLoss, GanTraining};
pub use generate::Generated;
pub use quality::{ClassQuality, Judged, Quality, frechet_distance, quality};
pub use saved::SavedDeepSmote;

use crate::Error;

/// Makes pictures of rare classes: SMOTE among the codes of an autoencoder, decoded.
///
/// For pictures whose pixels do not line up, where SMOTE of pixels makes double exposures. The autoencoder learns all classes
/// together; only the codes are made class by class. Look at the contact sheet: a latent code that is small against the data
/// makes blurred pictures, and a class of a few pictures makes pictures much like them.
///
/// # Source
///
/// Dablain, Krawczyk and Chawla, "DeepSMOTE: Fusing Deep Learning and SMOTE for Imbalanced Data", IEEE TNNLS 34(9), 2023
/// (arXiv 2105.02340), Algorithm 1, and the authors' code, whose values are the defaults here. The two differ: the paper
/// compares the permuted class batch with the pictures in their first order, the code in the permuted order (`penalty`); the
/// code lets the penalty reach the decoder only, of which the paper says nothing (`penalty_gradient`); the paper normalises
/// the first block (`first_batch_norm`) and mirrors the encoder (`decoder`); the paper stops when the loss no longer falls
/// (`patience`), the code after 200 epochs. Where both fail we differ: a class of one picture has no batch statistics and no
/// permutation, so it is not drawn for the penalty, and a last batch of one picture joins the one before. Bases are used
/// equally often, ±1, where the authors draw them. Cost of a step: twice the forward pass of both networks, twice the backward
/// pass of the decoder, once that of the encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeepSmote {
    /// Pictures wanted per class.
    pub sampling_strategy: Strategy,
    /// What the decoded class batch is compared with.
    pub penalty: Penalty,
    /// Which networks learn from the penalty.
    pub penalty_gradient: PenaltyGradient,
    /// How the class of the penalty is drawn, once a batch.
    pub class_sampling: ClassSampling,
    /// How the class batch is permuted.
    pub permutation: Permutation,
    /// Weight of the penalty; that of the reconstruction is 1.
    #[schemars(range(min = 0.0))]
    pub lambda: f64,
    /// Pictures of the class batch, at most.
    pub class_batch: NonZeroUsize,
    /// Numbers in a latent code; `none` means 300 for pictures of one channel and 600 for others.
    pub latent_size: Option<NonZeroUsize>,
    /// Channels of the first convolution; later ones have two, four and eight times as many.
    pub width: NonZeroUsize,
    /// How codes become pictures.
    pub decoder: DecoderKind,
    /// Whether the first block of the encoder has batch normalisation too.
    pub first_batch_norm: bool,
    /// Step of Adam, the same for both networks.
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Pictures a batch.
    pub batch_size: NonZeroUsize,
    /// Times that the networks see all pictures, at most.
    pub epochs: NonZeroUsize,
    /// Epochs after which training stops if the mean loss has not fallen by a thousandth; `none` means never.
    pub patience: Option<NonZeroUsize>,
    /// Neighbours to choose from. A class of `m` pictures uses at most `m - 1`.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// What to do with a class of one picture.
    pub on_single: OnSingle,
    /// What classes new pictures are of.
    pub soft_labels: SoftLabels,
    /// Codes that are decoded at once.
    pub decode_batch: NonZeroUsize,
}

/// What the permuted class batch is compared with while DeepSMOTE trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Penalty {
    /// The pictures in their first order (Algorithm 1 of the paper): it draws decoded pictures towards the mean of the class.
    Paper,
    /// The pictures in the permuted order, as in the authors' code. The permutation cancels, so the term is a second
    /// reconstruction loss, in which all classes count the same.
    #[default]
    Reference,
    /// No such term.
    None,
}

/// Which networks learn from the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PenaltyGradient {
    /// The decoder alone, as in the authors' code.
    #[default]
    Decoder,
    /// Both.
    EncoderAndDecoder,
}

/// How the class of the penalty is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassSampling {
    /// Each class with the same probability.
    #[default]
    Uniform,
    /// With a probability inverse to its number of pictures (Ghanbari Azar, Nyholm and Löfstedt, ICTAI 2025).
    InverseFrequency,
}

/// How the class batch is permuted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Permutation {
    /// Each picture takes the place of the one before it, as in the authors' code.
    #[default]
    CyclicShift,
    /// Any order, drawn anew for each batch.
    Random,
}

/// What to do with a class of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnSingle {
    /// Decode its code again and again, and warn.
    #[default]
    Copy,
    /// Decode its code with noise, a tenth as wide as all codes in each number, and warn.
    Jitter,
    /// Stop.
    Error,
}

/// What classes new pictures are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SoftLabels {
    /// One: both parents are of it.
    #[default]
    None,
    /// The second parent is one of the nearest pictures of other classes, as in EOS, and at most half-way; shares of the two
    /// classes are those of the way. An idea of "From SMOTE to Mixup" (arXiv 2308.15457), not of the paper.
    Enemies,
}

impl Default for DeepSmote {
    fn default() -> Self {
        let count = |number| NonZeroUsize::new(number).expect("the number is not 0");
        Self {
            sampling_strategy: Strategy::default(),
            penalty: Penalty::default(),
            penalty_gradient: PenaltyGradient::default(),
            class_sampling: ClassSampling::default(),
            permutation: Permutation::default(),
            lambda: 1.0,
            class_batch: count(100),
            latent_size: None,
            width: count(64),
            decoder: DecoderKind::default(),
            first_batch_norm: false,
            learning_rate: 2e-4,
            batch_size: count(100),
            epochs: count(200),
            patience: None,
            k_neighbors: count(5),
            on_single: OnSingle::default(),
            soft_labels: SoftLabels::default(),
            decode_batch: count(256),
        }
    }
}

impl DeepSmote {
    /// The sizes of the networks for pictures of a shape.
    pub fn sizes(&self, shape: ImageShape) -> AutoencoderSizes {
        let usual = if shape.channels == 1 { 300 } else { 600 };
        AutoencoderSizes {
            width: self.width.get(),
            latent: self.latent_size.map_or(usual, NonZeroUsize::get),
            decoder: self.decoder,
            first_batch_norm: self.first_batch_norm,
        }
    }

    /// Options of making pictures: networks do not depend on them.
    pub const MAKING: [&'static str; 5] = [
        "sampling_strategy",
        "k_neighbors",
        "on_single",
        "soft_labels",
        "decode_batch",
    ];

    /// Whether networks of the one are networks of the other, stopped earlier or later: all options agree but those of making
    /// pictures, the number of epochs and the patience.
    pub fn trains_like(&self, other: &Self) -> bool {
        *self == self.as_far_as_trained(other)
    }

    /// The other options, with those of these that change no network.
    pub fn as_far_as_trained(&self, other: &Self) -> Self {
        let mut same = other.clone();
        same.sampling_strategy = self.sampling_strategy.clone();
        same.k_neighbors = self.k_neighbors;
        same.on_single = self.on_single;
        same.soft_labels = self.soft_labels;
        same.decode_batch = self.decode_batch;
        same.epochs = self.epochs;
        same.patience = self.patience;
        same
    }

    /// What to type to set an option.
    pub fn flag(option: &str) -> String {
        match option {
            "learning_rate" => "--rate".to_owned(),
            "batch_size" => "--batch".to_owned(),
            "epochs" | "width" | "latent_size" | "decoder" | "penalty" | "sampling_strategy"
            | "k_neighbors" | "on_single" | "soft_labels" => format!("--{}", option.replace('_', "-")),
            _ => format!("--set deepsmote.{option}=…"),
        }
    }

    /// Refuses options outside of their range.
    fn check(&self) -> Result<(), Error> {
        let positive = |option, value: f64, zero: bool| {
            if value.is_finite() && (value > 0.0 || (zero && value == 0.0)) {
                return Ok(());
            }
            Err(Error::OutOfRange {
                method: "deep-smote",
                option,
                value: value.to_string(),
                range: if zero {
                    "a number of 0 or more"
                } else {
                    "a number above 0"
                },
            })
        };
        for (option, value) in [("batch_size", self.batch_size), ("class_batch", self.class_batch)] {
            if value.get() < 2 {
                return Err(Error::OutOfRange {
                    method: "deep-smote",
                    option,
                    value: value.to_string(),
                    range: "2 or more, because a batch of one picture has no variance to be normalised by",
                });
            }
        }
        positive("learning_rate", self.learning_rate, false)?;
        positive("lambda", self.lambda, true)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Description;

    use super::*;

    #[test]
    fn options_are_described_and_read_by_their_names() {
        let description = Description::of::<DeepSmote>("deep-smote");
        assert_eq!(
            description.idea,
            "Makes pictures of rare classes: SMOTE among the codes of an autoencoder, decoded."
        );
        let penalty = description
            .parameters
            .iter()
            .find(|parameter| parameter.name == "penalty");
        let words: Vec<&str> = penalty
            .unwrap()
            .words
            .iter()
            .map(|(word, _)| word.as_str())
            .collect();
        assert_eq!(words, ["paper", "reference", "none"]);
        let read: DeepSmote =
            serde_json::from_str(r#"{"penalty": "paper", "k": 3, "decoder": "mirror", "latent_size": 64}"#)
                .unwrap();
        assert_eq!((read.penalty, read.k_neighbors.get()), (Penalty::Paper, 3));
        assert_eq!(read.sizes(ImageShape::new(3, 32, 32)).latent, 64);
        assert_eq!(DeepSmote::default().sizes(ImageShape::new(3, 32, 32)).latent, 600);
        assert!(serde_json::from_str::<DeepSmote>(r#"{"punishment": "paper"}"#).is_err());
    }

    #[test]
    fn networks_do_not_depend_on_how_pictures_are_made() {
        let usual = DeepSmote::default();
        for (options, alike) in [
            (
                r#"{"k": 3, "on_single": "error", "soft_labels": "enemies"}"#,
                true,
            ),
            (r#"{"sampling_strategy": "all", "decode_batch": 3}"#, true),
            (r#"{"epochs": 300, "patience": 9}"#, true),
            (r#"{"lambda": 2}"#, false),
            (r#"{"batch_size": 64}"#, false),
        ] {
            let options: DeepSmote = serde_json::from_str(options).unwrap();
            assert_eq!(options.trains_like(&usual), alike, "{options:?}");
        }
        let names = serde_json::to_value(&usual).unwrap();
        for name in DeepSmote::MAKING {
            assert!(names.get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn options_out_of_range_are_named() {
        for (options, name) in [
            (r#"{"learning_rate": 0}"#, "learning_rate"),
            (r#"{"lambda": -1}"#, "lambda"),
            (r#"{"class_batch": 1}"#, "class_batch"),
        ] {
            let options: DeepSmote = serde_json::from_str(options).unwrap();
            let error = options.check().unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            assert!(
                error
                    .hint()
                    .is_some_and(|hint| hint.contains(&DeepSmote::flag(name)))
            );
        }
    }
}

use std::path::Path;

use counterpoise_base::{LabeledImages, Warning, counted};
use counterpoise_data::Normalisation;
use counterpoise_deep::{
    AboutClassifier, Architecture, DeviceKind, Error as DeepError, HeadKind, SavedClassifier,
};

use crate::Error;

/// What weights are of that another program wrote: a PyTorch state dict, or safetensors without more.
///
/// Size and channels of pictures, and the names of classes in the order of logits, are those of the pictures that it is used on.
#[derive(Debug, Clone)]
pub struct ForeignNetwork {
    /// Which network.
    pub network: Architecture,
    /// How bytes of pictures became numbers.
    pub normalisation: Normalisation,
    /// Whether nobody said so.
    pub guessed: bool,
}

impl ForeignNetwork {
    /// Root of what is random where its file would say.
    pub(crate) const SEED: u64 = 42;
    /// Normalisations that have a name.
    pub const NORMALISATIONS: [&'static str; 2] = ["signed", "cifar"];

    /// A normalisation by its name, or as means and deviations of channels: `0.49,0.48,0.45/0.20,0.20,0.20`.
    pub fn normalisation(text: &str) -> Result<Normalisation, Error> {
        let numbers = |text: &str| -> Option<Vec<f32>> {
            let number = |part: &str| part.trim().parse::<f32>().ok().filter(|value| value.is_finite());
            text.split(',').map(number).collect()
        };
        match text {
            "signed" => return Ok(Normalisation::Signed),
            "cifar" => return Ok(Normalisation::cifar()),
            _ => {}
        }
        let channels = text.split_once('/').and_then(|(mean, std)| {
            let (mean, std) = (numbers(mean)?, numbers(std)?);
            Some(Normalisation::Channels { mean, std })
        });
        channels.ok_or_else(|| Error::Config {
            place: "--normalisation".into(),
            problem: format!("`{text}` is no normalisation"),
            hint: Some(format!(
                "write {}, or means and deviations of channels as `0.49,0.48,0.45/0.20,0.20,0.20`",
                Self::NORMALISATIONS.join(", ")
            )),
        })
    }

    /// Reads the weights; `set` tells the shape of pictures and the classes.
    pub(crate) fn open(
        &self,
        path: &Path,
        set: &LabeledImages,
        device: DeviceKind,
        warnings: &mut Vec<Warning>,
    ) -> Result<SavedClassifier, Error> {
        let shape = set.images.shape();
        if !self.normalisation.suits(shape.channels) {
            return Err(Error::Config {
                place: "--normalisation".into(),
                problem: format!(
                    "it needs one mean, and one deviation above 0, for each of {}",
                    counted(shape.channels, "channel")
                ),
                hint: Some("give as many numbers as there are channels, or one for all".into()),
            });
        }
        let about = AboutClassifier {
            network: self.network.clone(),
            head: HeadKind::Linear,
            picture: Some((shape.channels, shape.height, shape.width)),
            columns: None,
            encoding: None,
            normalisation: self.normalisation.clone(),
            augment: None,
            classes: set.labels.classes().to_vec(),
            counts: set.labels.counts(),
            options: None,
            seed: Self::SEED,
            epoch: 0,
            history: Vec::new(),
            afterwards: Vec::new(),
        };
        let saved = SavedClassifier::import(path, about, device)
            .map_err(|error| of_other_classes(error, path, set.labels.classes()))?;
        if self.guessed {
            let message = format!(
                "`{}` does not say how its pictures were normalised: `signed` is a guess, and with another one scores are too bad",
                path.display()
            );
            let hint = "say it: `--normalisation signed`, `cifar`, or means and deviations as `0.49,0.48,0.45/0.20,0.20,0.20`";
            warnings.push(Warning::new("images.normalisation-guessed", message).with_hint(hint));
        }
        Ok(saved)
    }
}

/// Tells of a last layer that has another number of classes than the pictures.
fn of_other_classes(error: DeepError, path: &Path, classes: &[String]) -> Error {
    let DeepError::OtherShape {
        name,
        found,
        expected,
    } = &error
    else {
        return error.into();
    };
    let (Some((told, rest)), Some((_, wanted))) = (found.split_first(), expected.split_first()) else {
        return error.into();
    };
    if !["linear.weight", "linear.bias"].contains(&name.as_str()) || rest != wanted {
        return error.into();
    }
    let names = format!("the {told} classes of the network in its order with `--class-names`");
    Error::Config {
        place: path.display().to_string(),
        problem: format!(
            "the network tells {} apart, and the pictures have {}: {}",
            counted(*told, "class"),
            classes.len(),
            classes.join(", ")
        ),
        hint: Some(if classes.len() < *told {
            format!("name {names}")
        } else {
            format!("leave out pictures of classes that it was not trained on, and name {names}")
        }),
    }
}

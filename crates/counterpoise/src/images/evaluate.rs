//! `evaluate`: how good a saved classifier is on other pictures.

use std::path::PathBuf;

use counterpoise_base::{LabeledImages, Observer, Seed, Warning};
use counterpoise_data::{Augment, Error as DataError, table_of_predictions};
use counterpoise_deep::{DeviceKind, Inputs, SavedClassifier};
use counterpoise_report::Page;

use super::ForeignNetwork;
use super::sets::{ImagePart, in_classes};
use crate::Error;
use crate::device::look_for;
use crate::networks::{Evaluated, Reads, judged, known_rows};

/// What is judged, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EvaluateOptions {
    /// The file of the network.
    pub network: PathBuf,
    /// What the file is of, where another program wrote it.
    pub foreign: Option<ForeignNetwork>,
    /// The pictures.
    pub data: ImagePart,
    /// Whether nobody chose their part: where there is no test part, the other is judged on.
    pub any_part: bool,
    /// Where tensors live.
    pub device: DeviceKind,
    /// Root of the draws for intervals.
    pub seed: u64,
}

impl EvaluateOptions {
    /// A network and pictures, with defaults for the rest.
    pub fn new(network: PathBuf, data: ImagePart) -> Self {
        Self {
            network,
            foreign: None,
            data,
            any_part: false,
            device: DeviceKind::Cpu,
            seed: 42,
        }
    }
}

/// Runs a saved classifier over pictures and measures it.
pub fn evaluate_images(options: &EvaluateOptions, observer: &dyn Observer) -> Result<Evaluated, Error> {
    look_for(options.device, observer)?;
    let mut warnings = Vec::new();
    let seed = Seed::new(options.seed);
    let mut set = match options.data.open(&seed.child("test"), observer, &mut warnings) {
        Err(Error::Data(DataError::NoSplit { .. })) if options.any_part => {
            let data = options.data.of_all();
            let message = format!(
                "`{}` has no test part: the network is judged on the pictures to train on, which it may know",
                data.path.display()
            );
            warnings.push(Warning::new("images.no-test-part", message));
            data.open(&seed.child("test"), observer, &mut warnings)?
        }
        // What comes without parts is whatever its owner says that it is.
        Err(Error::Data(DataError::NoParts { .. })) if options.any_part => {
            options
                .data
                .of_all()
                .open(&seed.child("test"), observer, &mut warnings)?
        }
        opened => opened?,
    };
    let saved = match &options.foreign {
        None => SavedClassifier::load(&options.network, options.device)?,
        Some(foreign) => foreign.open(&options.network, &set, options.device, &mut warnings)?,
    };
    set.labels = in_classes(
        &set.labels,
        &saved.about.classes,
        &options.data.path.display().to_string(),
    )?;
    let path = &options.data.path;
    if let Some(known) = known_rows(
        &saved,
        Inputs::Images(&set.images, &Augment::default()),
        "pictures",
        path,
    ) {
        let hint = "give others: the test part, or what was left out of training, such as `--side held-out:0.3` after a training with `--side training:0.3`";
        warnings.push(known.with_hint(hint));
    }
    let mut evaluated = judge(&saved, &set, options.seed, observer)?;
    evaluated.measured.warnings.splice(0..0, warnings);
    Ok(evaluated)
}

/// Measures a classifier on pictures whose classes have its codes.
pub(crate) fn judge(
    saved: &SavedClassifier,
    set: &LabeledImages,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Evaluated, Error> {
    let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
    let logits = saved
        .classifier
        .logits(Inputs::Images(&set.images, &augment), observer)?;
    let predictions = table_of_predictions(
        set.names.as_deref(),
        &set.labels,
        &logits.predictions(),
        &logits.probabilities(),
    );
    judged(predictions, "class", &saved.about.classes, seed, observer)
}

/// The page of [`evaluate_images`].
pub fn evaluated_page(options: &EvaluateOptions, evaluated: &Evaluated) -> Result<Page, Error> {
    evaluated.page(Reads::Pictures, &options.network, &options.data.path)
}

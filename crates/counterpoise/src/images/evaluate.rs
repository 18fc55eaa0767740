//! `evaluate`: how good a saved classifier is on other pictures.

use std::path::PathBuf;

use counterpoise_base::{LabeledImages, Observer, Seed, Table, Warning};
use counterpoise_data::{Augment, PredictionColumns, table_of_predictions};
use counterpoise_deep::{DeviceKind, Inputs, SavedClassifier};
use counterpoise_metrics::Bootstrap;
use counterpoise_report::{Page, Section};
use serde::Serialize;

use super::ForeignNetwork;
use super::sets::{ImagePart, in_classes};
use crate::{Error, Measured, measure, measured_page};

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
            device: DeviceKind::Cpu,
            seed: 42,
        }
    }
}

/// Predictions of a classifier and how good they are.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluated {
    /// Measures with intervals.
    pub measured: Measured,
    /// One row a picture: `picture`, `class`, `predicted`, and a score for every class.
    #[serde(skip)]
    pub predictions: Table,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Runs a saved classifier over pictures and measures it.
pub fn evaluate_images(options: &EvaluateOptions, observer: &dyn Observer) -> Result<Evaluated, Error> {
    let mut warnings = Vec::new();
    let seed = Seed::new(options.seed);
    let mut set = options.data.open(&seed.child("test"), observer, &mut warnings)?;
    let saved = match &options.foreign {
        None => SavedClassifier::load(&options.network, options.device)?,
        Some(foreign) => foreign.open(&options.network, &set, options.device)?,
    };
    set.labels = in_classes(
        &set.labels,
        &saved.about.classes,
        &options.data.path.display().to_string(),
    )?;
    let mut evaluated = judge(&saved, &set, options.seed, observer)?;
    evaluated.warnings.splice(0..0, warnings);
    Ok(evaluated)
}

/// Draws for intervals.
const DRAWS: usize = 1000;

/// Measures a classifier on pictures whose classes have its codes.
pub(super) fn judge(
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
    let score = |class: &String| (Some(class.clone()), format!("score {class}"));
    let columns = PredictionColumns {
        target: "class".into(),
        prediction: Some("predicted".into()),
        scores: saved.about.classes.iter().map(score).collect(),
        threshold: None,
        weight: None,
    };
    let bootstrap = Bootstrap::new(seed).with_draws(DRAWS);
    let measured = measure(&predictions, &columns, &[], &bootstrap, observer)?;
    Ok(Evaluated {
        warnings: measured.warnings.clone(),
        measured,
        predictions,
    })
}

impl Evaluated {
    /// Recall of every class; absent for classes without a picture.
    pub fn recalls(&self) -> Vec<Option<f64>> {
        self.measured
            .per_class
            .iter()
            .map(|report| report.recall)
            .collect()
    }

    /// The measures, as part of a page; `chose` says whether the epoch was chosen on these pictures.
    pub(super) fn section(&self, chose: bool) -> Section {
        let rows = self.measured.rows;
        Section {
            title: "On the test pictures".into(),
            lead: if chose {
                format!("{rows} pictures on which the epoch was chosen: the scores are too good.")
            } else {
                format!("{rows} pictures that training never saw.")
            },
            blocks: measured_page("", &self.measured)
                .map(|page| {
                    page.sections
                        .into_iter()
                        .flat_map(|section| section.blocks)
                        .collect()
                })
                .unwrap_or_default(),
        }
    }
}

/// The page of [`evaluate_images`].
pub fn evaluated_page(options: &EvaluateOptions, evaluated: &Evaluated) -> Result<Page, Error> {
    let name = |path: &PathBuf| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let mut page = measured_page(&name(&options.data.path), &evaluated.measured)?;
    page.subtitle = format!(
        "{} on {} pictures",
        name(&options.network),
        evaluated.measured.rows
    );
    Ok(page)
}

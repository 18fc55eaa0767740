//! Phase one's end: what a trained network sees of rows or pictures.

use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, Labels, Observer, Seed, Warning};
use counterpoise_data::{Augment, Normalisation, write_embeddings};
use counterpoise_deep::{Classifier, DeviceKind, SavedClassifier};
use serde::Serialize;

use super::head_file::about_features;
use crate::device::look_for;
use crate::images::ForeignNetwork;
use crate::network_data::{NetworkData, OpenedData};
use crate::networks::{Reads, other_than_trained_on, part, strangers};
use crate::{Error, check_apart, check_text};

/// Which network looks at what.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The file of the network.
    pub network: PathBuf,
    /// What the file is of, where another program wrote it.
    pub foreign: Option<ForeignNetwork>,
    /// What it looks at.
    pub data: NetworkData,
    /// Which rows of it.
    pub rows: ExtractedRows,
    /// Where tensors live.
    pub device: DeviceKind,
    /// The file to write: `.safetensors`, `.npz`, `.parquet` or `.csv`.
    pub output: PathBuf,
    /// Replaces what is there.
    pub overwrite: bool,
}

/// Which rows of the data a network looks at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ExtractedRows {
    /// All of them.
    #[default]
    All,
    /// Those that training learnt from, when it held out this share.
    Training(f64),
    /// Those that training held out, of this share.
    HeldOut(f64),
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Extracted {
    /// Names of classes.
    pub classes: Vec<String>,
    /// Rows of each class.
    pub counts: Vec<usize>,
    /// Share of each class that the network gets right; absent without rows.
    pub recall: Vec<Option<f64>>,
    /// Numbers in an embedding.
    pub width: usize,
    /// The file.
    pub output: PathBuf,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Writes what a network sees, with classes and predictions; no picture is changed.
///
/// # Errors
///
/// Those of reading; a file that is there already.
pub fn extract(options: &Extract, observer: &dyn Observer) -> Result<Extracted, Error> {
    check_text(&options.output)?;
    check_apart(
        &options.output,
        &[
            ("the network", &options.network),
            ("the data", options.data.path()),
        ],
    )?;
    crate::pages::check_new(&options.output, options.overwrite)?;
    look_for(options.device, observer)?;
    let mut warnings = Vec::new();
    let (saved, opened) = open(
        &options.network,
        options.foreign.as_ref(),
        &options.data,
        options.device,
        observer,
        &mut warnings,
    )?;
    let opened = match options.rows {
        ExtractedRows::All => opened,
        ExtractedRows::Training(share) | ExtractedRows::HeldOut(share) => {
            let seed = Seed::new(saved.about.seed);
            let reads = Reads::of(&saved.about);
            let (training, held_out) = part(opened.labels(), reads, share, &seed, &mut warnings)?;
            let (learnt, held_out) = (opened.select(&training), opened.select(&held_out));
            if options.foreign.is_none() {
                warnings.extend(parted_otherwise(&saved, &learnt, &held_out, options.data.path()));
            }
            match options.rows {
                ExtractedRows::Training(_) => learnt,
                _ => held_out,
            }
        }
    };
    let embeddings = embed(&saved, &opened, observer)?;
    warnings.extend(write_embeddings(
        &options.output,
        &embeddings,
        Some(&saved.classifier.linear_head()),
        &about_features(&options.network),
    )?);
    Ok(Extracted {
        recall: recalls(
            &embeddings.labels,
            embeddings.predictions.as_deref().unwrap_or_default(),
        ),
        counts: embeddings.labels.counts(),
        width: embeddings.width(),
        classes: saved.about.classes,
        output: options.output.clone(),
        warnings,
    })
}

/// Tells of rows that were parted in another way than when the network was trained.
fn parted_otherwise(
    saved: &SavedClassifier,
    learnt: &OpenedData,
    held_out: &OpenedData,
    file: &Path,
) -> Option<Warning> {
    let augment = Augment::default();
    let (learnt_inputs, held_out) = (learnt.inputs(&augment), held_out.inputs(&augment));
    let other = learnt.labels().counts() != saved.about.counts;
    other_than_trained_on(saved, learnt_inputs, held_out, file, false, other)
        .or_else(|| strangers(saved, learnt_inputs, file))
}

/// A network, and data with its codes of classes.
pub(crate) fn open(
    network: &Path,
    foreign: Option<&ForeignNetwork>,
    data: &NetworkData,
    device: DeviceKind,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<(SavedClassifier, OpenedData), Error> {
    let Some(foreign) = foreign else {
        let saved = SavedClassifier::load(network, device)?;
        let seed = Seed::new(saved.about.seed);
        let opened = OpenedData::new(data, network, &saved, &seed, observer, warnings)?;
        return Ok((saved, opened));
    };
    let NetworkData::Pictures(pictures) = data else {
        return Err(Error::Config {
            place: data.path().display().to_string(),
            problem: "weights of another program are read for pictures only".into(),
            hint: Some(
                "export the embeddings of your network as NPZ, and go on with `counterpoise eos augment`"
                    .into(),
            ),
        });
    };
    let set = pictures.open(&Seed::new(ForeignNetwork::SEED), observer, warnings)?;
    let saved = foreign.open(network, &set, device, warnings)?;
    Ok((saved, OpenedData::Pictures(set)))
}

/// What a network sees of rows, and what it says of them.
pub(crate) fn embed(
    saved: &SavedClassifier,
    rows: &OpenedData,
    observer: &dyn Observer,
) -> Result<Embeddings, Error> {
    embed_with(&saved.classifier, &saved.about.normalisation, rows, observer)
}

/// The same for a network that is not in a file.
pub(crate) fn embed_with(
    classifier: &Classifier,
    normalisation: &Normalisation,
    rows: &OpenedData,
    observer: &dyn Observer,
) -> Result<Embeddings, Error> {
    let augment = Augment::default().with_normalisation(normalisation.clone());
    let values = classifier.embed(rows.inputs(&augment), observer)?;
    let predictions = classifier.logits_of_embeddings(&values).predictions();
    let width = classifier.linear_head().width();
    Ok(Embeddings::new(values, width, rows.labels().clone()).with_predictions(predictions))
}

/// Share of each class that predictions get right; absent for classes without rows.
pub(crate) fn recalls(labels: &Labels, predictions: &[u32]) -> Vec<Option<f64>> {
    let counts = labels.counts();
    let mut right = vec![0_usize; counts.len()];
    for (&truth, &predicted) in labels.codes().iter().zip(predictions) {
        right[truth as usize] += usize::from(truth == predicted);
    }
    let share = |(&right, &count): (&usize, &usize)| (count > 0).then(|| right as f64 / count as f64);
    right.iter().zip(&counts).map(share).collect()
}

//! What a network looks at: saliency of the pictures of a page, and colours of what it looks at.

use std::collections::BTreeMap;

use counterpoise_base::{ImageShape, Images, LabeledImages, Labels, Observer};
use counterpoise_data::{Augment, ColourTextures, encode_png};
use counterpoise_deep::{Inputs, SaliencyOf, SavedClassifier};
use serde::Serialize;

use super::ExplainedPictures;
use super::pictures::Shown;
use crate::Error;

/// Pictures of each class whose colours are counted, and in all.
const OF_A_CLASS: usize = 50;
const IN_ALL: usize = 1000;

/// What a network looks at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looks {
    /// Colours of the pixels of test pictures that decide most.
    pub colours: Option<ColourTextures>,
    /// Saliency of training pictures by their row, `(height * width)` each.
    #[serde(skip)]
    pub train: BTreeMap<usize, Vec<f32>>,
    /// Saliency of test pictures by their row.
    #[serde(skip)]
    pub test: BTreeMap<usize, Vec<f32>>,
}

/// Asks for the pictures that are shown, and for some test pictures of each class.
pub(super) fn looks(
    saved: &SavedClassifier,
    pictures: &ExplainedPictures,
    labels: &Labels,
    shown: &[Shown],
    observer: &dyn Observer,
) -> Result<Looks, Error> {
    let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
    let of = |images: &Images, rows: &[usize]| -> Result<BTreeMap<usize, Vec<f32>>, Error> {
        if rows.is_empty() {
            return Ok(BTreeMap::new());
        }
        let chosen = images.select(rows);
        let inputs = Inputs::Images(&chosen, &augment);
        let values = saved.classifier.saliency(inputs, SaliencyOf::Largest, observer)?;
        let pixels = values.len() / rows.len();
        Ok(rows
            .iter()
            .copied()
            .zip(values.chunks_exact(pixels).map(<[f32]>::to_vec))
            .collect())
    };
    let medoids = shown
        .iter()
        .flat_map(|class| class.medoids.iter().map(|&(_, row)| row));
    let mut medoids: Vec<usize> = medoids.collect();
    medoids.sort_unstable();
    medoids.dedup();
    let train = of(&pictures.train, &medoids)?;
    let counted = counted(labels);
    let mut asked: Vec<usize> = shown
        .iter()
        .flat_map(|class| class.misclassified.iter().copied())
        .collect();
    asked.extend(&counted);
    asked.sort_unstable();
    asked.dedup();
    let test = of(&pictures.test, &asked)?;
    let colours = colours(&pictures.test, labels, &counted, &test);
    Ok(Looks { colours, train, test })
}

/// Test pictures of each class from all over the file.
fn counted(labels: &Labels) -> Vec<usize> {
    let classes = labels.classes().len();
    let most = OF_A_CLASS.min(IN_ALL / classes.max(1)).max(1);
    let mut of_class = vec![Vec::new(); classes];
    for (row, &class) in labels.codes().iter().enumerate() {
        of_class[class as usize].push(row);
    }
    let some = |rows: Vec<usize>| {
        let step = rows.len().div_ceil(most).max(1);
        rows.into_iter().step_by(step)
    };
    let mut rows: Vec<usize> = of_class.into_iter().flat_map(some).collect();
    rows.sort_unstable();
    rows
}

fn colours(
    images: &Images,
    labels: &Labels,
    rows: &[usize],
    saliency: &BTreeMap<usize, Vec<f32>>,
) -> Option<ColourTextures> {
    if images.shape().channels != 3 {
        return None;
    }
    let set = LabeledImages::new(images.clone(), labels.clone()).select(rows);
    let values: Vec<f32> = rows
        .iter()
        .flat_map(|row| saliency[row].iter().copied())
        .collect();
    ColourTextures::of(&set.images, &set.labels, &values)
}

/// A picture, grey and dark but for the pixels that a network looks at.
pub(super) fn overlay(shape: ImageShape, values: &[u8], saliency: &[f32]) -> Vec<u8> {
    const FIRE: [f32; 3] = [255.0, 150.0, 0.0];
    let pixels = shape.height * shape.width;
    let mut sorted = saliency.to_vec();
    sorted.sort_by(f32::total_cmp);
    // A few pixels would outshine all others.
    let bright = sorted[pixels.saturating_sub(1 + pixels / 50)].max(f32::MIN_POSITIVE);
    let grey = |pixel: usize| {
        let sum: u32 = (0..shape.channels)
            .map(|channel| u32::from(values[channel * pixels + pixel]))
            .sum();
        0.6 * sum as f32 / shape.channels as f32
    };
    let channel = |channel: usize| {
        (0..pixels).map(move |pixel| {
            let share = (saliency[pixel] / bright).clamp(0.0, 1.0);
            (grey(pixel) * (1.0 - share) + FIRE[channel] * share).round() as u8
        })
    };
    let values: Vec<u8> = (0..3).flat_map(channel).collect();
    encode_png(ImageShape::new(3, shape.height, shape.width), &values)
}

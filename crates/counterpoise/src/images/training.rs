//! `train`: a classifier of pictures.

use std::collections::HashSet;

use counterpoise_base::{ImageShape, LabeledImages, Labels, Observer, Seed, Warning, agree, counted};
use counterpoise_deep::{Inputs, Rows};
use counterpoise_report::Page;

use super::evaluate::judge;
use super::sets::{in_classes, no_test_part};
use super::{ChooseOn, ImageExperiment, ImagePart};
use crate::Error;
use crate::networks::{Encoded, NetworkTraining, Reads, Sets, Wanted, fingerprint_of, page_of, part};

/// Fails if there is nothing to tell apart, and warns of classes that the imbalance left nothing of.
fn enough_classes(labels: &Labels, data: &ImagePart, warnings: &mut Vec<Warning>) -> Result<(), Error> {
    let counts = labels.counts();
    if counts.iter().filter(|count| **count > 0).count() < 2 {
        return Err(Error::Config {
            place: data.path.display().to_string(),
            problem: "all pictures that are left are of one class".into(),
            hint: Some("keep pictures of two classes or more".into()),
        });
    }
    if data.imbalance.is_some() && counts.contains(&0) {
        let empty = labels
            .classes()
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count == 0);
        let names: Vec<&str> = empty.map(|(name, _)| name.as_str()).collect();
        let message = format!(
            "no picture of {} is left: the network learns nothing of it",
            names.join(", ")
        );
        warnings.push(Warning::new("images.empty-class", message));
    }
    Ok(())
}

/// Pictures to learn from, to choose the epoch on, and to judge by; codes of classes mean the same in all.
pub(crate) struct Parts {
    pub(crate) training: LabeledImages,
    pub(crate) held_out: Option<LabeledImages>,
    pub(crate) test: Option<LabeledImages>,
}

/// Opens the pictures of a training, and holds out what it holds out.
pub(crate) fn parts(
    experiment: &ImageExperiment,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<Parts, Error> {
    let seed = Seed::new(experiment.seed);
    let all = experiment.data.open(&seed, observer, warnings)?;
    enough_classes(&all.labels, &experiment.data, warnings)?;
    let classes = all.labels.classes();
    let test = match &experiment.test {
        None => None,
        Some(part) => {
            let mut test =
                part.open_beside(&experiment.data.path, &seed.child("test"), observer, warnings)?;
            test.labels = in_classes(&test.labels, classes, &part.path.display().to_string())?;
            apart(&all, &test, experiment, part, warnings)?;
            Some(test)
        }
    };
    let (training, held_out) = match experiment.choose_on {
        ChooseOn::Validation => {
            let (training, held_out) = part(
                &all.labels,
                Reads::Pictures,
                experiment.validation,
                &seed,
                warnings,
            )?;
            (all.select(&training), Some(all.select(&held_out)))
        }
        ChooseOn::Test | ChooseOn::Nothing => (all.clone(), None),
    };
    let normalisation = &experiment.augment.normalisation;
    if !normalisation.suits(all.images.shape().channels) {
        return Err(Error::Config {
            place: "augment.normalisation".into(),
            problem: format!(
                "it needs one mean, and one deviation above 0, for each of {}",
                counted(all.images.shape().channels, "channel")
            ),
            hint: Some("give as many numbers as there are channels, or one for all".into()),
        });
    }
    check_pad(experiment.augment.pad, all.images.shape())?;
    Ok(Parts {
        training,
        held_out,
        test,
    })
}

/// Trains the classifier of a description, and writes it. A run that was stopped before is taken up again.
pub fn train_images(experiment: &ImageExperiment, observer: &dyn Observer) -> Result<NetworkTraining, Error> {
    let wanted = Wanted {
        seed: experiment.seed,
        device: experiment.device,
        choose_on: experiment.choose_on,
        train: &experiment.train,
        output: experiment.output.as_deref(),
        overwrite: experiment.overwrite,
    };
    wanted.check(experiment.test.is_some(), Reads::Pictures, observer)?;
    let mut warnings = Vec::new();
    let Parts {
        training,
        held_out,
        test,
    } = parts(experiment, observer, &mut warnings)?;
    let normalisation = &experiment.augment.normalisation;
    let sets = Sets {
        training: set(&training, experiment),
        held_out: held_out.as_ref().map(|held_out| set(held_out, experiment)),
        test: test.as_ref().map(|test| set(test, experiment)),
        fingerprint: fingerprint(experiment.seed, &training),
    };
    let encoded = Encoded {
        normalisation: normalisation.clone(),
        augment: Some(experiment.augment.clone()),
        encoding: None,
    };
    let judged = |saved: &_| {
        let test = test.as_ref();
        test.map(|test| judge(saved, test, experiment.seed, observer))
            .transpose()
    };
    let trained = wanted.fit(&sets, encoded, &judged, observer)?;
    Ok(NetworkTraining { warnings, ..trained })
}

/// Fails if a cut out of the padded picture may see nothing of the picture.
fn check_pad(pad: usize, shape: ImageShape) -> Result<(), Error> {
    let most = shape.height.min(shape.width) - 1;
    if pad <= most {
        return Ok(());
    }
    Err(Error::Config {
        place: "--pad".into(),
        problem: format!(
            "with {} of black around pictures of {shape}, some cuts would hold nothing of the picture",
            counted(pad, "pixel")
        ),
        hint: Some(format!(
            "give {most} at most; usual is an eighth of the side: `--pad {}`",
            (most + 1).div_ceil(8).min(most)
        )),
    })
}

/// The page of [`train_images`].
pub fn training_page(experiment: &ImageExperiment, training: &NetworkTraining) -> Result<Page, Error> {
    Ok(page_of(training, &experiment.data.path, experiment.to_toml()?))
}

/// Refuses test pictures that are the training pictures, and tells of those that are among them.
fn apart(
    all: &LabeledImages,
    test: &LabeledImages,
    experiment: &ImageExperiment,
    part: &ImagePart,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    if all.images.shape() != test.images.shape() {
        return Ok(());
    }
    let values = all.images.shape().values();
    let known: HashSet<&[u8]> = all.images.as_slice().chunks_exact(values).collect();
    let twice = test
        .images
        .as_slice()
        .chunks_exact(values)
        .filter(|picture| known.contains(picture))
        .count();
    let file = part.path.display().to_string();
    if twice == test.images.len() && part.path == experiment.data.path {
        return Err(no_test_part(part));
    }
    if twice > 0 {
        let message = format!(
            "{twice} of {} test pictures of `{file}` {} among the training pictures: scores on {} are too good",
            test.images.len(),
            agree(twice, "is", "are"),
            agree(twice, "it", "them")
        );
        warnings.push(Warning::new("images.test-in-training", message));
    }
    Ok(())
}

/// Names what a training depends on besides its options.
pub(super) fn fingerprint(seed: u64, set: &LabeledImages) -> String {
    fingerprint_of(seed, set.images.as_slice(), &set.labels)
}

fn set<'a>(set: &'a LabeledImages, experiment: &'a ImageExperiment) -> Rows<'a> {
    Rows {
        inputs: Inputs::Images(&set.images, &experiment.augment),
        labels: &set.labels,
    }
}

//! A network of ours, or weights of another program, with pictures or a table.

use std::path::Path;

use counterpoise_base::{Embeddings, Observer, Seed, Warning};
use counterpoise_data::{Augment, Error as DataError};
use counterpoise_deep::{AboutClassifier, DeviceKind, SavedClassifier, read_weights};

use super::{Against, ExplainNetwork, ExplainedPictures, Opened, Second, TestRows};
use crate::Error;
use crate::device::look_for;
use crate::eos::{embed, open as open_network, read_head};
use crate::images::in_classes;
use crate::network_data::{NetworkData, OpenedData};
use crate::networks::{Reads, known_rows, part, strangers};
use crate::pages::name_of;

pub(super) fn open(
    subject: &ExplainNetwork,
    against: Option<&Against>,
    device: DeviceKind,
    observer: &dyn Observer,
) -> Result<Opened, Error> {
    look_for(device, observer)?;
    let mut warnings = Vec::new();
    let foreign = subject.foreign.as_ref();
    let (saved, data) = open_network(
        &subject.network,
        foreign,
        &subject.data,
        device,
        observer,
        &mut warnings,
    )?;
    let (training, held_out) = learnt(subject, &saved, data, &mut warnings)?;
    let test = match &subject.test {
        TestRows::Data(data) => test_rows(subject, data, &saved, observer, &mut warnings)?,
        TestRows::PartOrHeldOut(data) => match part_of_data(data, &saved, observer, &mut warnings)? {
            Some(test) => test,
            None => judged_on_held_out(subject, &saved, held_out, &mut warnings)?,
        },
        TestRows::HeldOut => judged_on_held_out(subject, &saved, held_out, &mut warnings)?,
    };
    let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
    let reads = Reads::of(&saved.about);
    let some = format!("{} to judge by", reads.many());
    warnings.extend(known_rows(
        &saved,
        test.inputs(&augment),
        &some,
        subject.data.path(),
    ));
    let second = match against.and_then(|against| against.model.as_deref()) {
        None => None,
        Some(path) => Some(second(
            path,
            subject,
            &saved,
            &test,
            device,
            observer,
            &mut warnings,
        )?),
    };
    let train_rows = embed(&saved, &training, observer)?;
    let test_rows = embed(&saved, &test, observer)?;
    let second = second.map(|(model, found)| match found {
        Found::Head(head) => Second {
            model,
            test: unpredicted(&test_rows),
            head,
            same_beginning: true,
        },
        Found::Rows(test, head, same_beginning) => Second {
            model,
            test,
            head,
            same_beginning,
        },
    });
    let pictures = match (training, test) {
        (OpenedData::Pictures(train), OpenedData::Pictures(test)) => Some(ExplainedPictures {
            train: train.images,
            test: test.images,
        }),
        _ => None,
    };
    Ok(Opened {
        model: name_of(&subject.network),
        train: Some(train_rows),
        test: test_rows,
        head: saved.classifier.linear_head(),
        feature_names: None,
        pictures,
        network: Some(saved),
        second,
        warnings,
    })
}

/// The same rows without what another head said of them.
pub(super) fn unpredicted(rows: &Embeddings) -> Embeddings {
    let mut rows = rows.clone();
    rows.predictions = None;
    rows
}

/// What training learnt from, and what it held out: the network knows how many rows of each class it saw.
fn learnt(
    subject: &ExplainNetwork,
    saved: &SavedClassifier,
    data: OpenedData,
    warnings: &mut Vec<Warning>,
) -> Result<(OpenedData, Option<OpenedData>), Error> {
    if subject.foreign.is_some() {
        let message = format!(
            "`{}` does not say what it was trained on: all rows of `{}` are taken for its training rows",
            name_of(&subject.network),
            subject.data.path().display(),
        );
        let hint =
            "if it saw another draw of rows, what is said of training rows is of rows that it does not know";
        warnings.push(Warning::new("explain.unknown-training", message).with_hint(hint));
        return Ok((data, None));
    }
    let augment = Augment::default();
    let path = subject.data.path();
    if data.labels().counts() == saved.about.counts {
        warnings.extend(strangers(saved, data.inputs(&augment), path));
        return Ok((data, None));
    }
    let seed = Seed::new(saved.about.seed);
    let reads = Reads::of(&saved.about);
    let mut told = Vec::new();
    let (training, held_out) = part(data.labels(), reads, subject.held_out, &seed, &mut told)?;
    let learnt_from = data.select(&training);
    if learnt_from.labels().counts() == saved.about.counts {
        warnings.append(&mut told);
        warnings.extend(strangers(saved, learnt_from.inputs(&augment), path));
        return Ok((learnt_from, Some(data.select(&held_out))));
    }
    let message = format!(
        "`{}` has other {} of each class than `{}` was trained on: all of them are taken for training rows",
        subject.data.path().display(),
        reads.many(),
        name_of(&subject.network),
    );
    let hint = "give the data, `--side`, `--imbalance` and `--validation` that it was trained with";
    warnings.push(Warning::new("explain.other-training", message).with_hint(hint));
    Ok((data, None))
}

fn judged_on_held_out(
    subject: &ExplainNetwork,
    saved: &SavedClassifier,
    held_out: Option<OpenedData>,
    warnings: &mut Vec<Warning>,
) -> Result<OpenedData, Error> {
    let rows = Reads::of(&saved.about).many();
    let Some(held_out) = held_out else {
        return Err(Error::Config {
            place: "--test".into(),
            problem: format!(
                "there are no {rows} to judge by: `{}` has no test part, and `{}` is not known to have held some out",
                subject.data.path().display(),
                name_of(&subject.network),
            ),
            hint: Some(
                "name some: `--test DATA`; or say which share training held out, as `--validation 0.3`"
                    .into(),
            ),
        });
    };
    let message = format!(
        "it is judged by the {rows} that training held out to choose the epoch by: recalls are a little too good"
    );
    warnings.push(Warning::new("explain.held-out", message).with_hint("name others with `--test`"));
    Ok(held_out)
}

/// A part of the data of the training, if it has such a part.
fn part_of_data(
    data: &NetworkData,
    saved: &SavedClassifier,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<Option<OpenedData>, Error> {
    let NetworkData::Pictures(part) = data else {
        return Ok(None);
    };
    let seed = Seed::new(saved.about.seed).child("test");
    let mut set = match part.open(&seed, observer, warnings) {
        Err(Error::Data(DataError::NoParts { .. } | DataError::NoSplit { .. })) => return Ok(None),
        opened => opened?,
    };
    set.labels = in_classes(
        &set.labels,
        &saved.about.classes,
        &part.path.display().to_string(),
    )?;
    Ok(Some(OpenedData::Pictures(set)))
}

fn test_rows(
    subject: &ExplainNetwork,
    data: &NetworkData,
    saved: &SavedClassifier,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<OpenedData, Error> {
    let seed = Seed::new(saved.about.seed).child("test");
    match data {
        NetworkData::Pictures(part) => {
            let mut set = part.open_beside(subject.data.path(), &seed, observer, warnings)?;
            set.labels = in_classes(
                &set.labels,
                &saved.about.classes,
                &part.path.display().to_string(),
            )?;
            Ok(OpenedData::Pictures(set))
        }
        NetworkData::Table { .. } => {
            OpenedData::new(data, &subject.network, saved, &seed, observer, warnings)
        }
    }
}

/// What a second model is.
enum Found {
    /// A last layer over the same features.
    Head(counterpoise_base::LinearHead),
    /// Features of its own; and whether it began with the same weights.
    Rows(Embeddings, counterpoise_base::LinearHead, bool),
}

fn second(
    path: &Path,
    subject: &ExplainNetwork,
    saved: &SavedClassifier,
    test: &OpenedData,
    device: DeviceKind,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<(String, Found), Error> {
    let model = name_of(path);
    // A layer alone is a matrix, and a bias where it is not of cosines.
    if read_weights(path)?.0.len() <= 2 {
        let file = read_head(path, Some(saved.classifier.linear_head().kind()))?;
        same_classes(&model, file.classes.as_deref(), saved)?;
        return Ok((model, Found::Head(file.head)));
    }
    let other = match (&subject.foreign, test, SavedClassifier::load(path, device)) {
        (Some(foreign), OpenedData::Pictures(set), Err(_)) => foreign.open(path, set, device, warnings)?,
        (_, _, loaded) => loaded?,
    };
    same_classes(&model, Some(&other.about.classes), saved)?;
    let rows = embed(&other, test, observer)?;
    let beginning = |about: &AboutClassifier| {
        let trained = about.options.as_ref()?;
        Some((about.seed, trained.network.clone(), trained.head))
    };
    let same = beginning(&other.about).is_some() && beginning(&other.about) == beginning(&saved.about);
    Ok((model, Found::Rows(rows, other.classifier.linear_head(), same)))
}

fn same_classes(model: &str, classes: Option<&[String]>, saved: &SavedClassifier) -> Result<(), Error> {
    match classes {
        Some(classes) if classes != saved.about.classes => Err(Error::Config {
            place: "--against".into(),
            problem: format!(
                "`{model}` tells the classes {} apart, and the first network {}",
                classes.join(", "),
                saved.about.classes.join(", ")
            ),
            hint: Some("compare models of the same classes in the same order".into()),
        }),
        _ => Ok(()),
    }
}

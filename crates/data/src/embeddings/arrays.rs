//! Arrays with names, of whatever file: which of them is what.

use counterpoise_base::HeadKind;

use super::EmbeddingOptions;
use super::parts::{Parts, fault};
use crate::Error;
use crate::images::Stored;

/// An array that a file lists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) lengths: Vec<usize>,
    pub(super) is_float: bool,
}

/// Hands out arrays of a file by their names.
pub(super) trait Store {
    /// What there is.
    fn listed(&self) -> &[Listed];
    /// The numbers of an array, in single precision.
    fn floats(&mut self, name: &str) -> Result<Vec<f32>, Error>;
    /// An array as classes.
    fn classes(&mut self, name: &str) -> Result<Stored, Error>;
}

const FEATURES: [&str; 8] = [
    "features",
    "embeddings",
    "feature_embeddings",
    "fe",
    "latents",
    "feats",
    "x",
    "X",
];
pub(super) const LABELS: [&str; 9] = [
    "labels", "label", "targets", "target", "class", "actual", "true", "y", "Y",
];
pub(super) const PREDICTIONS: [&str; 6] = [
    "predictions",
    "prediction",
    "predicted",
    "preds",
    "pred",
    "y_pred",
];
const WEIGHTS: [(&str, &str); 5] = [
    ("head.weight", "head.bias"),
    ("linear.weight", "linear.bias"),
    ("fc.weight", "fc.bias"),
    ("weight", "bias"),
    ("W", "b"),
];
/// What a file calls names of classes, of rows, and what it tells of itself.
pub(super) const TEXTS: [&str; 3] = ["classes", "names", "about"];

/// Finds out which array is what, and reads those.
pub(super) fn assemble(
    file: &str,
    store: &mut dyn Store,
    labels: Option<(String, Stored)>,
    options: &EmbeddingOptions,
) -> Result<Parts, Error> {
    let listed = store.listed().to_vec();
    let there: Vec<String> = listed.iter().map(|array| array.name.clone()).collect();
    let has = |name: &str| there.iter().any(|known| known == name);
    let given = |name: &String| {
        if has(name) {
            return Ok(name.clone());
        }
        Err(Error::UnknownColumn {
            column: name.clone(),
            role: "array",
            columns: there.clone(),
        })
    };
    let usual = |names: &[&str]| names.iter().find(|name| has(name)).map(|&name| name.to_owned());
    let head = WEIGHTS.iter().find(|(weight, _)| has(weight));
    let features = match &options.feature_column {
        Some(name) => given(name)?,
        None => match usual(&FEATURES) {
            Some(name) => name,
            None => only_matrix(file, &listed, &there)?,
        },
    };
    let lengths = &listed
        .iter()
        .find(|array| array.name == features)
        .expect("it is listed")
        .lengths;
    let &[rows, width] = &lengths[..] else {
        let what = format!("`{features}` is {lengths:?}, and embeddings are (rows, features)");
        return Err(fault(
            file,
            what,
            "average maps of features over their places first, or flatten them",
        ));
    };
    if rows == 0 || width == 0 {
        return Err(fault(
            file,
            format!("`{features}` is ({rows}, {width}), which is no embedding"),
            "save at least one row",
        ));
    }
    let (label_file, stored) = if let Some(labels) = labels {
        labels
    } else {
        let name = match &options.label_column {
            Some(name) => given(name)?,
            None => usual(&LABELS).ok_or_else(|| {
                fault(
                    file,
                    format!("none of its arrays is known to hold labels: {}", there.join(", ")),
                    "name it with `--label-column`, or name a file of labels with `--labels` (`--test-labels` for test rows)",
                )
            })?,
        };
        one_a_row(file, &name, &listed)?;
        (format!("{file}, {name}"), store.classes(&name)?)
    };
    let predictions = match &options.prediction_column {
        Some(name) => Some(given(name)?),
        None => usual(&PREDICTIONS),
    };
    let mut parts = Parts {
        file: file.into(),
        label_file,
        features: store.floats(&features)?,
        width,
        labels: Some(stored),
        ..Parts::default()
    };
    if let Some(name) = predictions {
        one_a_row(file, &name, &listed)?;
        parts.predictions = Some(store.classes(&name)?);
    }
    if let Some(shares) = listed.iter().find(|array| array.name == "shares") {
        let &[_, classes] = &shares.lengths[..] else {
            let what = format!("`shares` is {:?}, and shares are (rows, classes)", shares.lengths);
            return Err(fault(file, what, "give one column for each class"));
        };
        parts.shares = Some((store.floats("shares")?, classes));
    }
    if let Some(&(weight, bias)) = head {
        let lengths = listed.iter().find(|array| array.name == weight);
        let lengths = lengths.map_or_else(Vec::new, |array| array.lengths.clone());
        parts.weight = Some((store.floats(weight)?, lengths));
        parts.bias = has(bias).then(|| store.floats(bias)).transpose()?;
    }
    Ok(parts)
}

/// Takes what a file tells of itself: the kind of its head stands there too.
pub(super) fn tell(parts: &mut Parts) {
    parts.kind = match parts.about.remove("head").as_deref() {
        Some("cosine") => Some(HeadKind::Cosine),
        Some("linear") => Some(HeadKind::Linear),
        _ => None,
    };
}

fn one_a_row(file: &str, name: &str, listed: &[Listed]) -> Result<(), Error> {
    let lengths = listed
        .iter()
        .find(|array| array.name == name)
        .map_or(&[][..], |array| &array.lengths);
    match lengths {
        [_] | [_, 1] => Ok(()),
        _ => Err(fault(
            file,
            format!("`{name}` is {lengths:?}, and a row has one class"),
            "save classes as (rows,)",
        )),
    }
}

/// The one array that can be features: real numbers in rows.
fn only_matrix(file: &str, listed: &[Listed], there: &[String]) -> Result<String, Error> {
    let reserved =
        |name: &str| name == "shares" || WEIGHTS.iter().any(|pair| pair.0 == name || pair.1 == name);
    let matrices: Vec<&Listed> = listed
        .iter()
        .filter(|array| array.is_float && array.lengths.len() == 2 && !reserved(&array.name))
        .collect();
    if let [one] = matrices[..] {
        return Ok(one.name.clone());
    }
    let what = if matrices.is_empty() {
        format!(
            "none of its arrays is known to hold features: {}",
            there.join(", ")
        )
    } else {
        let names: Vec<&str> = matrices.iter().map(|array| array.name.as_str()).collect();
        format!("several of its arrays may be features: {}", names.join(", "))
    };
    Err(fault(file, what, "name it with `--feature-column`"))
}

//! Heads as files: of our own, of a network, or of PyTorch.

use std::collections::BTreeMap;
use std::path::Path;

use counterpoise_base::{HeadKind, LinearHead, Warning};
use counterpoise_data::without_bias;
use counterpoise_deep::{AboutClassifier, Checkpoint, Weight, Weights, read_weights};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A head, and what a file says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadFile {
    /// The head.
    pub head: LinearHead,
    /// Names of classes, where the file has them.
    pub classes: Option<Vec<String>>,
    /// How it came to be, in words, where the file says so.
    pub how: Option<String>,
    /// What looked odd.
    pub warning: Option<Warning>,
}

/// What stands in the file beside tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct About {
    classes: Vec<String>,
    how: String,
}

const KIND: &str = "head";

/// Names under which programs keep the last layer.
const NAMES: [&str; 5] = ["linear.", "fc.", "head.", "classifier.", ""];

/// Reads the last layer out of a head, a network, a PyTorch state dict or a bare safetensors file: `weight` and `bias`, alone or
/// under `linear`, `fc`, `head` or `classifier`.
///
/// Files of ours say whether a head takes cosines. Of others' `kind` says it where there is no bias; else it is a linear one.
///
/// # Errors
///
/// An NPZ or NPY; no such tensors, or a shape that is none of a last layer.
pub fn read_head(path: &Path, kind: Option<HeadKind>) -> Result<HeadFile, Error> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if ["npz", "npy"].contains(&extension.to_lowercase().as_str()) {
        return Err(Error::Config {
            place: path.display().to_string(),
            problem: format!("a last layer is not read out of `.{extension}`"),
            hint: Some(
                "save it in Python with `safetensors.numpy.save_file({\"linear.weight\": W, \"linear.bias\": b}, \"head.safetensors\")`, or put arrays `head.weight` and `head.bias` into the NPZ of the features".into(),
            ),
        });
    }
    let weights = read_weights(path)?;
    let wrong = |problem: String| {
        Error::Config {
        place: path.display().to_string(),
        problem,
        hint: Some(
            "give a file of `counterpoise eos head`, of a network, or a PyTorch state dict with `linear.weight` and `linear.bias`".into(),
        ),
    }
    };
    let found = NAMES.iter().find_map(|prefix| {
        let weight = weights.0.get(&format!("{prefix}weight"))?;
        (weight.shape.len() == 2).then(|| (weight, weights.0.get(&format!("{prefix}bias"))))
    });
    let Some((weight, bias)) = found else {
        return Err(wrong("it holds no last layer".into()));
    };
    let [classes, width] = weight.shape[..] else {
        return Err(wrong("its last layer is no matrix".into()));
    };
    if classes == 0 || width == 0 {
        return Err(wrong(format!("its last layer is {classes} by {width}")));
    }
    let values = weight
        .values
        .iter()
        .chain(bias.iter().flat_map(|bias| &bias.values));
    if let Some(odd) = values.into_iter().find(|value| !value.is_finite()) {
        return Err(wrong(format!("its last layer holds {odd}")));
    }
    let about = Checkpoint::load(path, KIND)
        .ok()
        .and_then(|file| About::deserialize(file.about).ok());
    let of_network = AboutClassifier::load(path).ok();
    let is_ours = about.is_some() || of_network.is_some();
    let head = match bias {
        Some(bias) if bias.values.len() == classes => {
            LinearHead::new(weight.values.clone(), bias.values.clone(), width)
        }
        Some(bias) => {
            return Err(wrong(format!(
                "its last layer has {classes} classes and {} biases",
                bias.values.len()
            )));
        }
        None if is_ours || kind == Some(HeadKind::Cosine) => LinearHead::cosine(weight.values.clone(), width),
        None => LinearHead::new(weight.values.clone(), vec![0.0; classes], width),
    };
    let guessed = bias.is_none() && !is_ours && kind.is_none();
    Ok(HeadFile {
        head,
        classes: about
            .as_ref()
            .map(|about| about.classes.clone())
            .or(of_network.map(|about| about.classes)),
        how: about.map(|about| about.how),
        warning: guessed.then(|| without_bias(&path.display().to_string())),
    })
}

/// Writes a head, whole or not at all.
pub(super) fn write_head(path: &Path, head: &LinearHead, classes: &[String], how: &str) -> Result<(), Error> {
    let about = About {
        classes: classes.to_vec(),
        how: how.to_owned(),
    };
    let mut weights = BTreeMap::from([(
        "linear.weight".to_owned(),
        Weight {
            shape: vec![head.classes(), head.width()],
            values: head.weight().to_vec(),
        },
    )]);
    if head.kind() == HeadKind::Linear {
        let bias = Weight {
            shape: vec![head.classes()],
            values: head.bias().to_vec(),
        };
        weights.insert("linear.bias".to_owned(), bias);
    }
    let checkpoint = Checkpoint {
        kind: KIND.to_owned(),
        about: serde_json::to_value(about).map_err(|error| Error::Config {
            place: path.display().to_string(),
            problem: error.to_string(),
            hint: None,
        })?,
        weights: Weights(weights),
        ..Checkpoint::default()
    };
    Ok(checkpoint.save(path)?)
}

/// What a file of embeddings says of where they come from.
pub(super) fn about_features(network: &Path) -> BTreeMap<String, String> {
    let name = network.file_name().unwrap_or_default().to_string_lossy();
    BTreeMap::from([("network".to_owned(), name.into_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.safetensors");
        let classes = ["a", "b"].map(String::from);
        for head in [
            LinearHead::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0.5, -0.5], 3),
            LinearHead::cosine(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3),
        ] {
            write_head(&path, &head, &classes, "eos").unwrap();
            let read = read_head(&path, None).unwrap();
            assert_eq!(read.head, head);
            assert_eq!(read.classes.as_deref(), Some(&classes[..]));
            assert_eq!(read.how.as_deref(), Some("eos"));
        }
    }

    #[test]
    fn a_head_of_others_without_a_bias_is_linear_unless_cosines_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.safetensors");
        let weight = Weight {
            shape: vec![2, 1],
            values: vec![1.0, 2.0],
        };
        let weights = Weights(BTreeMap::from([("fc.weight".to_owned(), weight)]));
        let checkpoint = Checkpoint {
            weights,
            ..Checkpoint::default()
        };
        checkpoint.save(&path).unwrap();
        let guessed = read_head(&path, None).unwrap();
        assert_eq!(guessed.head.kind(), HeadKind::Linear);
        assert!(guessed.warning.is_some());
        let told = read_head(&path, Some(HeadKind::Cosine)).unwrap();
        assert_eq!((told.head.kind(), told.warning), (HeadKind::Cosine, None));
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.safetensors");
        let head = LinearHead::new(vec![1.0, f32::NAN], vec![0.5, -0.5], 1);
        write_head(&path, &head, &["a".into(), "b".into()], "eos").unwrap();
        assert!(
            read_head(&path, None)
                .unwrap_err()
                .to_string()
                .contains("holds NaN")
        );
    }
}

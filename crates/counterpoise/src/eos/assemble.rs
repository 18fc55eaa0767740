//! A network with another head.

use std::path::{Path, PathBuf};

use counterpoise_base::HeadKind;
use counterpoise_deep::{DeviceKind, SavedClassifier};
use serde::Serialize;

use super::head_file::read_head;
use crate::pages::check_network;
use crate::{Error, check_apart, check_text};

/// What was put together.
#[derive(Debug, Clone, Serialize)]
pub struct Assembled {
    /// Names of classes.
    pub classes: Vec<String>,
    /// Lengths of the rows of weights before.
    pub norms_before: Vec<f64>,
    /// Lengths of the rows of weights after.
    pub norms_after: Vec<f64>,
    /// What the new head computes.
    pub head: HeadKind,
    /// The file.
    pub output: PathBuf,
}

/// Puts a head into a network, and writes the network anew.
///
/// # Errors
///
/// A head of another width, or for another number of classes; classes in another order; a file that is there already.
pub fn assemble(network: &Path, head: &Path, output: &Path, overwrite: bool) -> Result<Assembled, Error> {
    check_text(output)?;
    check_apart(output, &[("the network", network), ("the head", head)])?;
    check_network(output)?;
    crate::pages::check_new(output, overwrite)?;
    let of_pytorch = ["pth", "pt"];
    let extension = network.extension().and_then(|extension| extension.to_str());
    if extension.is_some_and(|extension| of_pytorch.contains(&extension)) {
        return Err(Error::Config {
            place: network.display().to_string(),
            problem: "it is a network of PyTorch, and networks of ours alone are put together".into(),
            hint: Some(format!(
                "there, `linear.weight` and `linear.bias` of `{}` go into the last layer: `net.linear.load_state_dict(…)`; or give a network of `counterpoise train`",
                head.display()
            )),
        });
    }
    let mut saved = SavedClassifier::load(network, DeviceKind::Cpu)?;
    let file = read_head(head, Some(saved.classifier.linear_head().kind()))?;
    if let Some(classes) = &file.classes
        && *classes != saved.about.classes
    {
        return Err(Error::Config {
            place: head.display().to_string(),
            problem: format!(
                "its classes are {}, and those of the network {}",
                classes.join(", "),
                saved.about.classes.join(", ")
            ),
            hint: Some("give a head that was trained on embeddings of this network".into()),
        });
    }
    let norms_before = saved.classifier.linear_head().norms();
    let how = file.how.unwrap_or_else(|| "another head".to_owned());
    with_head(&mut saved, &file.head, how)?;
    saved.save(output)?;
    Ok(Assembled {
        classes: saved.about.classes,
        norms_before,
        norms_after: file.head.norms(),
        head: file.head.kind(),
        output: output.to_path_buf(),
    })
}

/// Replaces the head of a network.
pub(super) fn with_head(
    saved: &mut SavedClassifier,
    head: &counterpoise_base::LinearHead,
    how: String,
) -> Result<(), Error> {
    saved.classifier = saved.classifier.clone().with_linear_head(head)?;
    saved.about.head = head.kind();
    saved.about.afterwards.push(how);
    Ok(())
}

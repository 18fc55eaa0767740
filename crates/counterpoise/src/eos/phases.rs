//! Phases two and three on files of embeddings, whoever made them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, LinearHead, Observer, Seed, Warning, agree};
use counterpoise_data::{EmbeddingOptions, embeddings_in_classes, read_embeddings, write_embeddings};
use counterpoise_deep::{ChooseBy, DeviceKind, HeadRows, HeadStart, Scores};
use serde::Serialize;

use super::EosOptions;
use super::frozen::{balance, in_words, not_learnt};
use super::head_file::{read_head, write_head};
use crate::{Error, check_apart, check_text};

/// What phase two wrote.
#[derive(Debug, Clone, Serialize)]
pub struct Augmented {
    /// The method with its options, in words.
    pub method: String,
    /// Names of classes.
    pub classes: Vec<String>,
    /// Rows of each class before.
    pub before: Vec<usize>,
    /// Rows of each class after.
    pub after: Vec<usize>,
    /// Synthetic rows in all.
    pub synthetic: usize,
    /// The file.
    pub output: PathBuf,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Phase two: reads embeddings, makes rows for rare classes, and writes both.
///
/// # Errors
///
/// Those of reading and of the method; numbers to choose, which need a head and `run`.
pub fn augment_embeddings(
    features: &Path,
    read: &EmbeddingOptions,
    options: &EosOptions,
    output: &Path,
    overwrite: bool,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Augmented, Error> {
    check_text(output)?;
    check_apart(output, &[("the embeddings", features)])?;
    crate::pages::check_new(output, overwrite)?;
    let found = read_embeddings(features, read, observer)?;
    let mut warnings = found.warnings;
    let seed = Seed::new(seed).child("eos");
    let made = balance(&found.embeddings, options, &options.method, &seed, observer)?;
    warnings.extend(made.warnings);
    let mut about = found.about;
    about.insert("method".into(), in_words(&options.method));
    about.insert("synthetic".into(), made.synthetic.to_string());
    // Losses with margins ask for the counts from before.
    let before = found.embeddings.labels.counts();
    about.insert("counts".into(), serde_json::json!(before).to_string());
    warnings.extend(write_embeddings(
        output,
        &made.embeddings,
        found.head.as_ref(),
        &about,
    )?);
    Ok(Augmented {
        method: in_words(&options.method),
        classes: found.embeddings.labels.classes().to_vec(),
        before,
        after: made.embeddings.labels.counts(),
        synthetic: made.synthetic,
        output: output.to_path_buf(),
        warnings,
    })
}

/// Files for phase three.
#[derive(Debug, Clone)]
pub struct HeadOptions {
    /// Embeddings to learn from, balanced or not.
    pub features: PathBuf,
    /// Embeddings to judge epochs by.
    pub validation: Option<PathBuf>,
    /// A network or a head to begin with, or to compare with.
    pub before: Option<PathBuf>,
    /// How embeddings are read.
    pub read: EmbeddingOptions,
    /// Where tensors live.
    pub device: DeviceKind,
    /// Root of everything random.
    pub seed: u64,
    /// The file to write.
    pub output: PathBuf,
    /// Replaces what is there.
    pub overwrite: bool,
}

/// What phase three brought.
#[derive(Debug, Clone, Serialize)]
pub struct HeadOutcome {
    /// Names of classes.
    pub classes: Vec<String>,
    /// Lengths of the rows of weights of the head to begin with.
    pub norms_before: Option<Vec<f64>>,
    /// Lengths of the rows of weights.
    pub norms: Vec<f64>,
    /// The chosen epoch, from 1.
    pub epoch: usize,
    /// Mean loss of every epoch.
    pub losses: Vec<f64>,
    /// Scores on validation rows of the head to begin with.
    pub before: Option<Scores>,
    /// Scores on validation rows.
    pub after: Option<Scores>,
    /// Numbers that the head has learnt.
    pub parameters: usize,
    /// The file.
    pub output: PathBuf,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// Phase three: trains a head on a file of embeddings, and writes it.
///
/// # Errors
///
/// Those of reading and training; validation rows of other classes or another width.
pub fn train_head(
    files: &HeadOptions,
    options: &EosOptions,
    observer: &dyn Observer,
) -> Result<HeadOutcome, Error> {
    check_text(&files.output)?;
    crate::pages::check_weights(&files.output)?;
    let mut others = vec![("the embeddings", files.features.as_path())];
    others.extend(
        files
            .validation
            .iter()
            .map(|path| ("the validation rows", path.as_path())),
    );
    others.extend(
        files
            .before
            .iter()
            .map(|path| ("the head to begin with", path.as_path())),
    );
    check_apart(&files.output, &others)?;
    crate::pages::check_new(&files.output, files.overwrite)?;
    let found = read_embeddings(&files.features, &files.read, observer)?;
    let mut warnings = found.warnings;
    let training = found.embeddings;
    let classes = training.labels.classes().to_vec();
    let missing: Vec<&str> = training
        .labels
        .counts()
        .iter()
        .zip(&classes)
        .filter(|(count, _)| **count == 0)
        .map(|(_, class)| class.as_str())
        .collect();
    if classes.len() - missing.len() < 2 {
        return Err(Error::Config {
            place: files.features.display().to_string(),
            problem: format!(
                "all of its rows are of one class, `{}`",
                training.labels.name_of(0)
            ),
            hint: Some("a last layer tells classes apart: give rows of two or more".into()),
        });
    }
    if !missing.is_empty() {
        let message = format!(
            "`{}` has no row of {}: the head will not find {}",
            files.features.display(),
            missing.join(", "),
            agree(missing.len(), "it", "them"),
        );
        let hint =
            "if labels are names and no codes, save them as text, or name the classes with `--class-names`";
        warnings.push(Warning::new("eos.no-rows-of-class", message).with_hint(hint));
    }
    if files.validation.is_none() && options.head.choose_by != ChooseBy::Last {
        return Err(Error::Config {
            place: "--choose-by".into(),
            problem: "there are no rows to choose the epoch by".into(),
            hint: Some("name some with `--validation FILE`, or leave it out: the last epoch is taken".into()),
        });
    }
    // Other rows have labels of their own.
    let mut read_others = files.read.clone();
    read_others.labels = None;
    let validation = files.validation.as_deref().map(|path| {
        let read = read_embeddings(path, &read_others, observer)?;
        warnings.extend(read.warnings);
        alike(read.embeddings, &training, path)
    });
    let validation = validation.transpose()?;
    let before = files
        .before
        .as_deref()
        .map(|path| read_head(path, files.read.head))
        .transpose()?;
    let beside = found.head.filter(|_| options.head.start == HeadStart::Warm);
    let before: Option<LinearHead> = match before {
        Some(file) => {
            warnings.extend(file.warning);
            Some(file.head)
        }
        None => beside,
    };
    if options.head.start == HeadStart::Fresh
        && let Some(before) = &before
        && (before.width(), before.classes()) != (training.width(), classes.len())
    {
        return Err(Error::Config {
            place: files
                .before
                .as_ref()
                .map_or(String::new(), |path| path.display().to_string()),
            problem: format!(
                "its head is for {} classes and {} features, and the embeddings have {} and {}",
                before.classes(),
                before.width(),
                classes.len(),
                training.width()
            ),
            hint: Some("give embeddings of this network, or leave `--from` out".into()),
        });
    }
    let counts = counts_before(&found.about, classes.len());
    let rows = HeadRows {
        training: &training,
        counts: counts.as_deref(),
        validation: validation.as_ref(),
        before: before.as_ref(),
    };
    let seed = Seed::new(files.seed).child("eos").child("head");
    let trained = options
        .head
        .train(rows, &seed, files.device, observer)
        .map_err(|error| Error::of_classes(error, &classes))?;
    warnings.extend(not_learnt(
        &trained,
        &training,
        before.as_ref(),
        validation.as_ref(),
    ));
    let scores = |head: &LinearHead| -> Result<Option<Scores>, Error> {
        let of = |rows: &Embeddings| Scores::of(&rows.labels, &head.predict(rows.values()));
        Ok(validation.as_ref().map(of).transpose()?)
    };
    let outcome = HeadOutcome {
        norms_before: before.as_ref().map(LinearHead::norms),
        norms: trained.head.norms(),
        epoch: trained.epoch,
        losses: trained.losses,
        before: before.as_ref().map(scores).transpose()?.flatten(),
        after: scores(&trained.head)?,
        parameters: trained.head.weight().len()
            + if trained.head.kind() == counterpoise_base::HeadKind::Linear {
                classes.len()
            } else {
                0
            },
        output: files.output.clone(),
        warnings,
        classes: classes.clone(),
    };
    let method = found.about.get("method").map_or("none", String::as_str);
    write_head(
        &files.output,
        &trained.head,
        &classes,
        &format!("a head trained after {method}"),
    )?;
    Ok(outcome)
}

/// Rows with the codes of others, of the same width.
pub(super) fn alike(rows: Embeddings, others: &Embeddings, path: &Path) -> Result<Embeddings, Error> {
    let place = path.display().to_string();
    if rows.width() != others.width() {
        return Err(Error::Config {
            place,
            problem: format!(
                "its embeddings have {} features, and the others {}",
                rows.width(),
                others.width()
            ),
            hint: Some("give embeddings of one network".into()),
        });
    }
    Ok(embeddings_in_classes(rows, others.labels.classes(), &place)?)
}

/// Rows of each class before balancing, where a file of embeddings tells.
fn counts_before(about: &BTreeMap<String, String>, classes: usize) -> Option<Vec<usize>> {
    let counts: Vec<usize> = serde_json::from_str(about.get("counts")?).ok()?;
    (counts.len() == classes).then_some(counts)
}

//! EOS in three phases: a network is trained, rows of rare classes are made out of its feature embeddings, and its last layer
//! is trained anew on them. Each phase works alone, on files of embeddings of any program.

mod assemble;
mod extract;
mod frozen;
mod grid;
mod head_file;
mod page;
mod paired;
mod phases;
mod rivals;
mod run;

use std::num::NonZeroUsize;

use counterpoise_deep::{AboutClassifier, HeadTraining, Loss};
use counterpoise_sampling::{Eos, Method, RowLabels};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::Error;
use crate::merge::{in_plain_words, set};
use crate::networks::names_as_tables;

pub use assemble::{Assembled, assemble};
pub use extract::{Extract, Extracted, ExtractedRows, extract};
pub(crate) use extract::{embed, embed_with, recalls};
pub use frozen::{FittedHead, Frozen, Tried};
pub use head_file::{HeadFile, read_head};
pub use page::eos_page;
pub use paired::{PairedScore, PairedScores};
pub(crate) use paired::{Said, paired};
pub use phases::{Augmented, HeadOptions, HeadOutcome, augment_embeddings, train_head};
pub use rivals::{ComparedHead, HeadMethod, compare_heads};
pub(crate) use run::is_trained;
pub use run::{EosOutcome, EosRun, Seen, run_eos};

/// How classes are balanced in embedding space, and how the head is trained on them.
///
/// # Source
///
/// Dablain, Bellinger, Krawczyk and Chawla, "Efficient Augmentation for Imbalanced Deep Learning", ICDE 2023 (arXiv
/// 2207.06080), phases two and three, with the numbers of the authors' code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EosOptions {
    /// What makes rows: any method, EOS by default.
    pub method: Method,
    /// What classes synthetic rows are of.
    pub row_labels: RowLabels,
    /// How the head is trained.
    pub head: HeadTraining,
    /// Numbers that are chosen on validation rows.
    pub choose: Grid,
}

/// Values to try; what does best on validation rows, by balanced accuracy, is taken. Empty lists try nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grid {
    /// Values for `method.k_neighbors`.
    pub k_neighbors: Vec<NonZeroUsize>,
    /// Values for `method.r_max`.
    pub r_max: Vec<f64>,
}

impl Grid {
    /// Whether there is nothing to choose.
    pub fn is_empty(&self) -> bool {
        self.k_neighbors.is_empty() && self.r_max.is_empty()
    }
}

impl Default for EosOptions {
    fn default() -> Self {
        Self {
            method: Method::Eos(Eos::default()),
            row_labels: RowLabels::Hard,
            head: HeadTraining::default(),
            choose: Grid::default(),
        }
    }
}

impl EosOptions {
    /// Defaults for a network: the loss and the kind of head that it was trained with, as the authors do.
    pub fn for_network(about: &AboutClassifier) -> Self {
        let mut options = Self::default();
        options.head.head = about.head;
        if let Some(trained) = &about.options {
            options.head.loss = trained.loss.clone();
        }
        options
    }

    /// These with single settings by their path, as `("method.k_neighbors", 30)`.
    pub fn merged(&self, place: &str, settings: Vec<(String, Value)>) -> Result<Self, Error> {
        let wrong = |problem: String, hint: &str| Error::Config {
            place: place.into(),
            problem,
            hint: Some(hint.into()),
        };
        let all = "`counterpoise describe eos` lists options of the method, `counterpoise describe head` those of the head";
        let mut table = Table::try_from(self).map_err(|error| wrong(error.to_string(), all))?;
        for (path, value) in settings {
            // Another method or loss has other options.
            if ["method.name", "head.loss", "head.loss.name"].contains(&path.as_str()) {
                let (part, name) = path
                    .rsplit_once('.')
                    .filter(|(_, last)| *last == "name")
                    .unwrap_or((&path, ""));
                let value = named(part, &value)?;
                if name.is_empty() {
                    set(&mut table, part, value)?;
                } else {
                    set(
                        &mut table,
                        part,
                        Value::Table([("name".to_owned(), value)].into_iter().collect()),
                    )?;
                }
                continue;
            }
            names_as_tables(&mut table, &path);
            set(&mut table, &path, value)?;
        }
        Self::deserialize(table).map_err(|error| wrong(in_plain_words(error.message()), all))
    }
}

/// The full name of a method or a loss.
fn named(part: &str, value: &Value) -> Result<Value, Error> {
    let Some(name) = value.as_str() else {
        return Ok(value.clone());
    };
    Ok(Value::from(if part == "method" {
        Method::canonical_name(name)?.to_owned()
    } else {
        Loss::from_name(name)?.name().to_owned()
    }))
}

use std::path::PathBuf;

use counterpoise_base::HeadKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, ReadOptions};

/// How embeddings are read: the `[embeddings]` table of a TOML file.
///
/// Without any of it, arrays and columns are found by their usual names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EmbeddingOptions {
    /// File of labels, where they stand in one of their own: `.npy`, or a table with one column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// The array of features, or the column of lists of a Parquet file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature_column: Option<String>,
    /// The array or column of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
    /// The array or column of predicted classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_column: Option<String>,
    /// Columns of a table that are no features.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Names of classes, in the order of the codes. Where they are numbers themselves, labels are found among them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// How the head takes its logits, where the file does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadKind>,
    /// How a table is read, as CSV.
    #[serde(skip)]
    pub table: ReadOptions,
}

impl EmbeddingOptions {
    /// Refuses two classes of one name.
    pub(super) fn check(&self) -> Result<(), Error> {
        let twin = self
            .classes
            .iter()
            .enumerate()
            .find(|(place, name)| self.classes[..*place].contains(name));
        match twin {
            Some((_, name)) => Err(Error::OutOfRange {
                option: "classes",
                value: format!("{name}, {name}"),
                range: "a name for each class that no other has",
            }),
            None => Ok(()),
        }
    }
}

//! Embeddings in and out: what the last layer of a classifier sees of every row, in files of any program.

mod arrays;
mod classes;
mod numpy;
mod options;
mod parts;
mod safetensors;
mod table;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use counterpoise_base::{Embeddings, LinearHead, Observer, Warning};

pub use classes::{embeddings_in_classes, shared_classes};
pub use options::EmbeddingOptions;
pub use parts::without_bias;
pub use write::write_embeddings;

use crate::Error;
use crate::format::Format;
use crate::images::{file_name, has_extension, shown};
use parts::fault;

/// Embeddings, and what else a file of them holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadEmbeddings {
    /// Embeddings with their classes.
    pub embeddings: Embeddings,
    /// What features are called, where they are columns with names.
    pub feature_names: Option<Vec<String>>,
    /// The last layer, where the file holds it.
    pub head: Option<LinearHead>,
    /// What the file tells of itself.
    pub about: BTreeMap<String, String>,
    /// Whether the order of classes is said: by the file, by options, or by codes. Else it is that of their names.
    pub in_order: bool,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EmbeddingFormat {
    Safetensors,
    Npz,
    Npy,
    Table,
}

impl EmbeddingFormat {
    fn of(path: &Path) -> Result<Self, Error> {
        let name = file_name(path);
        let plain = if has_extension(&name, "gz") {
            &name[..name.len() - 3]
        } else {
            &name
        };
        if has_extension(&name, "safetensors") {
            return Ok(Self::Safetensors);
        }
        if has_extension(plain, "npz") {
            return Ok(Self::Npz);
        }
        if has_extension(plain, "npy") {
            return Ok(Self::Npy);
        }
        match Format::of(path) {
            Ok(_) => Ok(Self::Table),
            Err(_) => Err(Error::UnknownEmbeddings { file: shown(path) }),
        }
    }
}

/// Reads embeddings with their classes; the extension decides the format.
///
/// Numbers are checked: each is finite, and there is a label for each row. Values of single precision keep every bit; of double
/// precision they are rounded.
///
/// Arrays (safetensors, NPZ) are called `features` `(n, h)`, `labels` `(n,)`, `predictions` `(n,)`, `shares` `(n, classes)`,
/// `head.weight` `(classes, h)` and `head.bias` `(classes,)`; other usual names are known, and [`EmbeddingOptions`] name the rest.
/// Columns of a table are called `f0`, `f1`, …, `label` and `predicted`.
pub fn read_embeddings(
    path: &Path,
    options: &EmbeddingOptions,
    observer: &dyn Observer,
) -> Result<ReadEmbeddings, Error> {
    options.check()?;
    let format = EmbeddingFormat::of(path)?;
    if let [name, ..] = &options.ignore[..]
        && format != EmbeddingFormat::Table
    {
        return Err(fault(
            &shown(path),
            format!(
                "`{name}` cannot be left out, for `ignore` names columns of a table and this file holds arrays"
            ),
            "take that column out of the array before it is saved, or name the array of features with `--feature-column`",
        ));
    }
    let parts = match format {
        EmbeddingFormat::Safetensors => safetensors::read(path, options, observer)?,
        EmbeddingFormat::Npz => numpy::read_archive(path, options, observer)?,
        EmbeddingFormat::Npy => numpy::read_array(path, options, observer)?,
        EmbeddingFormat::Table => table::read(path, options, observer)?,
    };
    parts.settle(options)
}

#[cfg(test)]
mod tests;

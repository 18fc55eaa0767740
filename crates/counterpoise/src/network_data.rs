//! Pictures or rows of a table, whichever a network reads.

use std::path::{Path, PathBuf};

use counterpoise_base::{LabeledImages, Labels, Observer, Seed, Warning};
use counterpoise_data::{Augment, Imbalance, ReadOptions, make_imbalance};
use counterpoise_deep::{Inputs, SavedClassifier};

use crate::Error;
use crate::images::{ImagePart, in_classes};
use crate::tables::{RowSet, TableEncoding, open_alike};

/// Rows or pictures for a network.
#[derive(Debug, Clone)]
pub enum NetworkData {
    /// Pictures.
    Pictures(ImagePart),
    /// A table.
    Table {
        /// The file.
        path: PathBuf,
        /// How it is read.
        read: ReadOptions,
        /// What made it imbalanced first.
        imbalance: Option<Imbalance>,
    },
}

/// The same, opened, with the codes of classes that the network has.
pub(crate) enum OpenedData {
    Pictures(LabeledImages),
    Rows(RowSet),
}

impl OpenedData {
    pub(crate) fn new(
        data: &NetworkData,
        network: &Path,
        saved: &SavedClassifier,
        seed: &Seed,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let classes = &saved.about.classes;
        match data {
            NetworkData::Pictures(part) => {
                let mut set = part.open(seed, observer, warnings)?;
                set.labels = in_classes(&set.labels, classes, &part.path.display().to_string())?;
                Ok(Self::Pictures(set))
            }
            NetworkData::Table {
                path,
                read,
                imbalance,
            } => {
                let encoding = TableEncoding::of_network(network, &saved.about)?;
                let opened = open_alike(path, read, &encoding, classes, &[], observer, warnings)?;
                Ok(Self::Rows(match imbalance {
                    None => opened.set,
                    Some(imbalance) => {
                        let kept = make_imbalance(&opened.set.labels, imbalance, seed)?;
                        opened.set.select(&kept)
                    }
                }))
            }
        }
    }

    pub(crate) fn labels(&self) -> &Labels {
        match self {
            Self::Pictures(set) => &set.labels,
            Self::Rows(set) => &set.labels,
        }
    }

    /// Only some of it.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Pictures(set) => Self::Pictures(set.select(rows)),
            Self::Rows(set) => Self::Rows(set.select(rows)),
        }
    }

    pub(crate) fn inputs<'a>(&'a self, augment: &'a Augment) -> Inputs<'a> {
        match self {
            Self::Pictures(set) => Inputs::Images(&set.images, augment),
            Self::Rows(set) => set.inputs(),
        }
    }
}

impl NetworkData {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Pictures(part) => &part.path,
            Self::Table { path, .. } => path,
        }
    }
}

//! Arrays of NumPy: an archive of all of them, or one of features beside one of labels.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use counterpoise_base::{Kind as ColumnKind, Observer};
use zip::ZipArchive;

use super::EmbeddingOptions;
use super::arrays::{LABELS, Listed, Store, TEXTS, assemble, tell};
use super::parts::{Parts, fault};
use super::table;
use crate::images::{Stored, file_name, has_extension, read_whole, shown};
use crate::npy::{self, Array, Kind};
use crate::{Error, ReadOptions};

const SAVE: &str = "save it again with `numpy.save` or `numpy.savez`";

struct Arrays {
    file: String,
    listed: Vec<Listed>,
    values: Vec<Array>,
}

impl Arrays {
    fn get(&self, name: &str) -> Option<&Array> {
        let place = self.listed.iter().position(|array| array.name == name)?;
        Some(&self.values[place])
    }
}

fn is_text(array: &Array) -> bool {
    matches!(array.kind, Kind::Text(_) | Kind::Ascii(_))
}

impl Store for Arrays {
    fn listed(&self) -> &[Listed] {
        &self.listed
    }

    fn floats(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let array = self.get(name).expect("it is listed");
        if is_text(array) {
            return Err(fault(
                &self.file,
                format!("`{name}` holds texts"),
                "save it as float32",
            ));
        }
        Ok(array.numbers().map(|value| value as f32).collect())
    }

    fn classes(&mut self, name: &str) -> Result<Stored, Error> {
        let array = self.get(name).expect("it is listed");
        classes(&self.file, name, array)
    }
}

fn classes(file: &str, name: &str, array: &Array) -> Result<Stored, Error> {
    array.to_labels().map_err(|what| {
        fault(
            file,
            format!("`{name}`, {what}"),
            "save classes as whole numbers from 0 on, or as texts",
        )
    })
}

pub(super) fn read_archive(
    path: &Path,
    options: &EmbeddingOptions,
    observer: &dyn Observer,
) -> Result<Parts, Error> {
    let file = shown(path);
    let bytes = read_whole(path, observer)?;
    let damaged = |error: &dyn std::fmt::Display| {
        fault(
            &file,
            format!("the archive is damaged or was cut off ({error})"),
            SAVE,
        )
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let (mut listed, mut arrays) = (Vec::new(), Vec::new());
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(|error| damaged(&error))?;
        let full = entry.name().map_err(|error| damaged(&error))?.to_string();
        let Some(name) = full.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        let array = npy::parse(bytes).map_err(|what| fault(&file, format!("`{name}`: {what}"), SAVE))?;
        listed.push(Listed {
            name,
            lengths: array.lengths.clone(),
            is_float: matches!(array.kind, Kind::Float(_)),
        });
        arrays.push(array);
    }
    if arrays.is_empty() {
        return Err(fault(&file, "it is an archive without an array", SAVE));
    }
    let labels = labels_of(options, observer)?;
    let mut store = Arrays {
        file: file.clone(),
        listed,
        values: arrays,
    };
    let mut parts = assemble(&file, &mut store, labels, options)?;
    let texts = |name: &str| match store.get(name).filter(|array| is_text(array)) {
        Some(array) => match classes(&file, name, array)? {
            Stored::Names(names) => Ok(Some(names)),
            Stored::Codes(_) => Ok(None),
        },
        None => Ok(None),
    };
    parts.classes = texts(TEXTS[0])?;
    parts.names = texts(TEXTS[1])?;
    let about = texts(TEXTS[2])?.unwrap_or_default();
    parts.about = about
        .chunks_exact(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    tell(&mut parts);
    Ok(parts)
}

pub(super) fn read_array(
    path: &Path,
    options: &EmbeddingOptions,
    observer: &dyn Observer,
) -> Result<Parts, Error> {
    let file = shown(path);
    let array = npy::parse(read_whole(path, observer)?).map_err(|what| fault(&file, what, SAVE))?;
    let labels = if let Some(labels) = labels_of(options, observer)? {
        labels
    } else {
        let beside = labels_beside(path).into_iter().find(|path| path.is_file());
        let Some(beside) = beside else {
            return Err(Error::NoLabels {
                file,
                tried: labels_beside(path).iter().map(|path| file_name(path)).collect(),
            });
        };
        label_file(&beside, options, observer)?
    };
    let listed = vec![Listed {
        name: "features".into(),
        lengths: array.lengths.clone(),
        is_float: true,
    }];
    let mut store = Arrays {
        file: file.clone(),
        listed,
        values: vec![array],
    };
    let options = EmbeddingOptions {
        feature_column: None,
        prediction_column: None,
        ..options.clone()
    };
    assemble(&file, &mut store, Some(labels), &options)
}

/// Where labels of an array of features stand: `x-labels.npy` beside `x.npy`, `train_labels.npy` beside `train_features.npy`.
pub(super) fn labels_beside(path: &Path) -> Vec<PathBuf> {
    let name = file_name(path);
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = &stem[..stem.len().saturating_sub(4)];
    let mut found = vec![path.with_file_name(format!("{stem}-labels.npy"))];
    for word in ["features", "embeddings", "fe"] {
        if stem.contains(word) {
            found.push(path.with_file_name(format!("{}.npy", stem.replace(word, "labels"))));
        }
    }
    found
}

/// Labels of a file of their own, if there is one, and its name.
pub(super) fn labels_of(
    options: &EmbeddingOptions,
    observer: &dyn Observer,
) -> Result<Option<(String, Stored)>, Error> {
    let path = options.labels.as_deref();
    path.map(|path| label_file(path, options, observer)).transpose()
}

fn label_file(
    path: &Path,
    options: &EmbeddingOptions,
    observer: &dyn Observer,
) -> Result<(String, Stored), Error> {
    let file = shown(path);
    let name = file_name(path);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    if has_extension(name, "npy") {
        let array = npy::parse(read_whole(path, observer)?).map_err(|what| fault(&file, what, SAVE))?;
        if array.lengths.len() > 2 || array.lengths.get(1).is_some_and(|&columns| columns != 1) {
            return Err(fault(
                &file,
                format!("it is {}, and a row has one label", array.sides()),
                "save labels as (rows,)",
            ));
        }
        let labels = classes(&file, "labels", &array)?;
        return Ok((file, labels));
    }
    // A first line that is no name of labels is a label.
    let first = crate::delimited::first_cells(path, observer)?;
    let is_name =
        |cell: &String| LABELS.contains(&cell.as_str()) || options.label_column.as_ref() == Some(cell);
    let header = first
        .as_ref()
        .is_none_or(|cells| cells.len() > 1 || cells.iter().any(is_name));
    let read = ReadOptions {
        no_header: !header,
        ..options.table.clone()
    };
    let table = crate::read_table(path, &read, observer)?.table;
    let columns = table.columns();
    let column = match (&options.label_column, columns) {
        (_, [one]) => one,
        (given, _) => {
            let named = columns.iter().find(|column| match given {
                Some(name) => &column.name == name,
                None => LABELS.contains(&column.name.as_str()),
            });
            named.ok_or_else(|| Error::NoLabelColumn {
                file: file.clone(),
                columns: columns
                    .iter()
                    .filter(|column| column.kind != ColumnKind::Float)
                    .map(|column| column.name.clone())
                    .collect(),
            })?
        }
    };
    let labels = table::classes_of(&file, column)?;
    Ok((file, labels))
}

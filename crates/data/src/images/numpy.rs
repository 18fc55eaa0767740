//! Arrays of NumPy: `.npy`, and `.npz` with an array a name.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning};
use zip::ZipArchive;
use zip::result::ZipError;

use super::Arrays;
use super::array::{Dimensions, images_from};
use super::folder::file_names;
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{file_name, has_extension, names_part, read_whole, shown, whole};
use crate::Error;
use crate::images::Stored;
use crate::npy::{self, Array, Kind};

fn fault(file: &str, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: file.into(),
        format: ImageFormat::Numpy.title(),
        what: what.into(),
    }
}

/// Values as bytes, and what had to be done to them.
fn to_bytes(array: &Array, file: &str) -> Result<(Vec<u8>, Option<Warning>), Error> {
    match array.kind {
        Kind::Unsigned(1) => return Ok((array.bytes.clone(), None)),
        Kind::Bool => {
            return Ok((
                array.bytes.iter().map(|&value| 255 * value.min(1)).collect(),
                None,
            ));
        }
        Kind::Text(_) | Kind::Ascii(_) => {
            return Err(fault(file, "it holds texts, and pictures are numbers"));
        }
        _ => {}
    }
    let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
    for value in array.numbers() {
        if !value.is_finite() {
            return Err(fault(file, format!("one of its values is {value}")));
        }
        (low, high) = (low.min(value), high.max(value));
        whole &= value.fract() == 0.0;
    }
    let float = matches!(array.kind, Kind::Float(_));
    let (scale, said) = if low >= 0.0 && high <= 1.0 && float {
        (255.0, "are fractions between 0 and 1, which become bytes")
    } else if low >= 0.0 && high <= 255.0 && whole {
        return Ok((array.numbers().map(|value| value as u8).collect(), None));
    } else if low >= 0.0 && high <= 65_535.0 && array.kind == Kind::Unsigned(2) {
        (255.0 / 65_535.0, "have 16 bits, of which 8 are kept")
    } else {
        let what = format!("its values lie between {low} and {high}, which are neither bytes nor fractions");
        return Err(fault(file, what));
    };
    let values = array
        .numbers()
        .map(|value| (value * scale).round() as u8)
        .collect();
    let warning = Warning::new("images.depth", format!("values of `{file}` {said}"));
    Ok((values, Some(warning)))
}

/// Values as classes, one a picture.
fn to_labels(array: &Array, file: &str) -> Result<Stored, Error> {
    if array.lengths.len() > 2 || array.lengths.get(1).is_some_and(|&columns| columns != 1) {
        let what = format!("it is {}, and a picture has one label", array.sides());
        return Err(fault(file, what));
    }
    array.to_labels().map_err(|what| fault(file, what))
}

fn parse(file: &str, bytes: Vec<u8>) -> Result<Array, Error> {
    npy::parse(bytes).map_err(|what| fault(file, what))
}

pub(super) fn read(path: &Path, options: &ImageOptions, observer: &dyn Observer) -> Result<Arrays, Error> {
    let path = if path.is_dir() {
        in_folder(path, options)?
    } else {
        path.to_owned()
    };
    let file = shown(&path);
    let bytes = read_whole(&path, observer)?;
    if bytes.starts_with(b"PK") {
        return read_archive(&file, bytes, options);
    }
    whole(&path, options.split)?;
    let labels = labels_beside(&path, options)?;
    let label_file = shown(&labels);
    let pictures = parse(&file, bytes)?;
    let labels = parse(&label_file, read_whole(&labels, observer)?)?;
    arrays(file, &pictures, label_file, &labels, None, options)
}

fn arrays(
    file: String,
    pictures: &Array,
    label_file: String,
    labels: &Array,
    known: Option<Vec<String>>,
    options: &ImageOptions,
) -> Result<Arrays, Error> {
    let dimensions = match pictures.lengths[..] {
        [count, height, width] => {
            Dimensions::new(count, [height, width, 1], Some(super::Layout::ChannelsLast))
                .expect("the layout is given")
        }
        [count, a, b, c] => Dimensions::new(count, [a, b, c], options.layout)
            .ok_or_else(|| fault(&file, Dimensions::unknown(&pictures.lengths)))?,
        _ => {
            let what = format!("it is {}, and pictures have 3 or 4 dimensions", pictures.sides());
            return Err(fault(&file, what));
        }
    };
    if dimensions.count == 0 || dimensions.shape.values() == 0 {
        return Err(Error::NoPictures {
            file,
            what: "it holds no picture".into(),
        });
    }
    let (values, warning) = to_bytes(pictures, &file)?;
    Ok(Arrays {
        images: images_from(dimensions, &values),
        labels: to_labels(labels, &label_file)?,
        file,
        label_file,
        known,
        warnings: warning.into_iter().collect(),
    })
}

/// Names that arrays of pictures and of labels have, of a split first.
fn names_of(split: Split) -> Vec<(String, String)> {
    let stems: &[&str] = match split {
        Split::Train => &["train"],
        Split::Validation => &["val", "valid", "validation"],
        Split::Test => &["test"],
    };
    let mut names = Vec::new();
    for stem in stems {
        for (pictures, labels) in PAIRS {
            names.push((format!("{stem}_{pictures}"), format!("{stem}_{labels}")));
            names.push((format!("{pictures}_{stem}"), format!("{labels}_{stem}")));
        }
    }
    names
}

const PAIRS: [(&str, &str); 7] = [
    ("images", "labels"),
    ("image", "label"),
    ("x", "y"),
    ("X", "y"),
    ("X", "Y"),
    ("data", "labels"),
    ("data", "target"),
];

fn read_archive(file: &str, bytes: Vec<u8>, options: &ImageOptions) -> Result<Arrays, Error> {
    let damaged = |error: &dyn std::fmt::Display| fault(file, error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let there: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned))
        .filter(|name| !name.is_empty())
        .collect();
    if there.is_empty() {
        let what = match archive.len() {
            0 => "it is an archive of nothing: it was cut off, or its list of arrays is damaged".to_owned(),
            _ => "it is an archive without an array, which would be called `….npy`".to_owned(),
        };
        return Err(fault(file, what));
    }
    let has = |name: &str| there.iter().any(|known| known == name);
    let plain = PAIRS.map(|(pictures, labels)| (pictures.to_owned(), labels.to_owned()));
    let pair = names_of(options.split)
        .into_iter()
        .chain(plain)
        .find(|(pictures, labels)| {
            options
                .image_column
                .as_ref()
                .map_or(has(pictures), |given| given == pictures)
                && options
                    .label_column
                    .as_ref()
                    .map_or(has(labels), |given| given == labels)
        });
    let (pictures, labels) = match (&options.image_column, &options.label_column, pair) {
        (Some(pictures), Some(labels), _) => (pictures.clone(), labels.clone()),
        (_, _, Some(pair)) => pair,
        (None, None, None)
            if there
                .iter()
                .any(|name| name.contains("train") || name.contains("test")) =>
        {
            return Err(Error::NoSplit {
                file: file.into(),
                split: options.split.name(),
                there,
            });
        }
        _ => {
            return Err(Error::NoArrays {
                file: file.into(),
                there,
            });
        }
    };
    if !names_part(&pictures, options.split) {
        whole(Path::new(file), options.split)?;
    }
    let mut array = |name: &str| -> Result<Array, Error> {
        let mut entry = archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| match error {
                ZipError::FileNotFound => Error::UnknownColumn {
                    column: name.into(),
                    role: "array",
                    columns: there.clone(),
                },
                error => fault(&format!("{file}/{name}"), error.to_string()),
            })?;
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| fault(&format!("{file}/{name}"), error.to_string()))?;
        parse(&format!("{file}/{name}"), bytes)
    };
    let (image_array, label_array) = (array(&pictures)?, array(&labels)?);
    let known = ["classes", "class_names"].iter().find(|name| has(name));
    let known = match known.map(|name| to_labels(&array(name)?, file)).transpose()? {
        Some(Stored::Names(names)) => Some(names),
        _ => None,
    };
    arrays(
        format!("{file}/{pictures}"),
        &image_array,
        format!("{file}/{labels}"),
        &label_array,
        known,
        options,
    )
}

fn in_folder(folder: &Path, options: &ImageOptions) -> Result<PathBuf, Error> {
    let names = file_names(folder)?;
    let archives: Vec<&String> = names.iter().filter(|name| has_extension(name, "npz")).collect();
    if let [archive] = archives[..] {
        return Ok(folder.join(archive));
    }
    let plain = PAIRS.map(|(pictures, labels)| (pictures.to_owned(), labels.to_owned()));
    let found = names_of(options.split)
        .into_iter()
        .chain(plain)
        .find(|(pictures, _)| names.contains(&format!("{pictures}.npy")));
    match found {
        Some((pictures, _)) => Ok(folder.join(format!("{pictures}.npy"))),
        None => Err(Error::NoArrays {
            file: shown(folder),
            there: names,
        }),
    }
}

fn labels_beside(path: &Path, options: &ImageOptions) -> Result<PathBuf, Error> {
    if let Some(given) = &options.labels {
        return Ok(given.clone());
    }
    let name = file_name(path);
    let stem = name.strip_suffix(".npy").unwrap_or(&name);
    let splits = [Split::Train, Split::Validation, Split::Test];
    let plain = PAIRS.map(|(pictures, labels)| (pictures.to_owned(), labels.to_owned()));
    let tried: Vec<String> = splits
        .into_iter()
        .flat_map(names_of)
        .chain(plain)
        .filter(|(pictures, _)| pictures == stem)
        .map(|(_, labels)| format!("{labels}.npy"))
        .collect();
    let found = tried
        .iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file());
    found.ok_or_else(|| Error::NoLabels {
        file: shown(path),
        tried,
    })
}

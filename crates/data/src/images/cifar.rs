//! The binary version of CIFAR: labels, then red, green and blue planes of 32 x 32, picture after picture.

use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, Images, Observer};

use super::Arrays;
use super::folder::file_names;
use super::labels::Stored;
use super::options::{CifarLabels, ImageFormat, ImageOptions, Split};
use super::source::{file_name, natural, read_whole, shown, whole};
use crate::Error;

/// Values of a picture.
pub(super) const VALUES: usize = 3 * 32 * 32;

/// What pictures of CIFAR look like.
pub(super) fn shape() -> ImageShape {
    ImageShape::new(3, 32, 32)
}

pub(super) fn read(
    path: &Path,
    format: ImageFormat,
    options: &ImageOptions,
    observer: &dyn Observer,
) -> Result<Arrays, Error> {
    let files = if path.is_dir() {
        in_folder(path, options.split)?
    } else {
        whole(path, options.split)?;
        vec![path.to_owned()]
    };
    let labels = if format == ImageFormat::Cifar100 { 2 } else { 1 };
    let place = usize::from(labels == 2 && options.cifar_labels == CifarLabels::Fine);
    let (mut values, mut codes) = (Vec::new(), Vec::new());
    for file in &files {
        let bytes = read_whole(file, observer)?;
        if bytes.len() % (labels + VALUES) != 0 {
            return Err(Error::ImageFile {
                file: shown(file),
                format: format.title(),
                what: format!(
                    "{} bytes are no whole number of pictures of {} bytes each",
                    bytes.len(),
                    labels + VALUES
                ),
            });
        }
        let classes = match (format, options.cifar_labels) {
            (ImageFormat::Cifar10, _) => 10,
            (_, CifarLabels::Fine) => 100,
            (_, CifarLabels::Coarse) => 20,
        };
        let most = if options.classes.is_empty() {
            classes
        } else {
            options.classes.len()
        };
        for (row, record) in bytes.chunks_exact(labels + VALUES).enumerate() {
            let code = usize::from(record[place]);
            // Checked here, where file and row are known.
            if code >= most {
                return Err(super::labels::out_of_range(
                    &shown(file),
                    row,
                    &code.to_string(),
                    most,
                ));
            }
            codes.push(code as i64);
            values.extend_from_slice(&record[labels..]);
        }
    }
    let known = class_names(&files[0], format, options.cifar_labels);
    Ok(Arrays {
        file: shown(if files.len() == 1 { &files[0] } else { path }),
        label_file: shown(path),
        images: Images::new(shape(), values),
        labels: Stored::Codes(codes),
        known: Some(known),
        warnings: Vec::new(),
    })
}

/// Whether a name is one that the publishers gave to pictures of a split, or begins so.
fn names_batch(name: &str, split: Split) -> bool {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    let Some(stem) = plain.strip_suffix(".bin") else {
        return false;
    };
    match split {
        Split::Train => stem.starts_with("data_batch") || stem == "train",
        Split::Test => stem.starts_with("test_batch") || stem == "test",
        Split::Validation => stem.starts_with("val_batch") || stem == "val",
    }
}

/// Whether a folder holds one of the two sets.
pub(super) fn of_folder(names: &[String]) -> Option<ImageFormat> {
    let splits = [Split::Train, Split::Test, Split::Validation];
    let batch = names
        .iter()
        .find(|name| splits.iter().any(|&split| names_batch(name, split)))?;
    let hundred = names.iter().any(|name| name == "fine_label_names.txt") || !batch.contains("_batch");
    Some(if hundred {
        ImageFormat::Cifar100
    } else {
        ImageFormat::Cifar10
    })
}

fn in_folder(folder: &Path, split: Split) -> Result<Vec<PathBuf>, Error> {
    let mut names = file_names(folder)?;
    names.sort_by(|a, b| natural(a, b));
    let found: Vec<PathBuf> = names
        .iter()
        .filter(|name| names_batch(name, split))
        .map(|name| folder.join(name))
        .collect();
    if found.is_empty() {
        return Err(Error::NoSplit {
            file: shown(folder),
            split: split.name(),
            there: names.into_iter().filter(|name| name.contains(".bin")).collect(),
        });
    }
    Ok(found)
}

/// Names a line, empty lines left out; `None` if there is no such file.
pub(super) fn names_in(path: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    (!names.is_empty()).then_some(names)
}

/// The file of class names that we write beside a file of pictures.
pub(super) fn meta_path(file: &Path) -> PathBuf {
    let name = file_name(file);
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = stem.strip_suffix(".bin").unwrap_or(stem);
    file.with_file_name(format!("{stem}.meta.txt"))
}

fn class_names(file: &Path, format: ImageFormat, labels: CifarLabels) -> Vec<String> {
    let (published, classes) = match (format, labels) {
        (ImageFormat::Cifar10, _) => ("batches.meta.txt", 10),
        (_, CifarLabels::Fine) => ("fine_label_names.txt", 100),
        (_, CifarLabels::Coarse) => ("coarse_label_names.txt", 20),
    };
    [meta_path(file), file.with_file_name(published)]
        .iter()
        .find_map(|path| names_in(path))
        .filter(|names| names.len() <= classes)
        .unwrap_or_else(|| (0..classes).map(|code| code.to_string()).collect())
}

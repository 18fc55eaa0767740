//! The format of MNIST: a magic number that says type and dimensions, their lengths, then the values.

use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, Images, Observer, counted};

use super::Arrays;
use super::array::{Dimensions, images_from};
use super::labels::Stored;
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{file_name, read_whole, shown, unpacked, whole};
use crate::Error;

const FORMAT: ImageFormat = ImageFormat::Idx;

/// An IDX file of bytes.
struct Idx {
    lengths: Vec<usize>,
    values: Vec<u8>,
}

pub(super) fn fault(file: &str, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: file.into(),
        format: FORMAT.title(),
        what: what.into(),
    }
}

fn parse(file: &str, bytes: Vec<u8>) -> Result<Idx, Error> {
    let [0, 0, kind, dimensions, ..] = bytes[..] else {
        return Err(fault(
            file,
            "it does not start with the two zeros of its magic number",
        ));
    };
    if kind != 8 {
        let what = format!("values are of type 0x{kind:02x}, and pictures are bytes, type 0x08");
        return Err(fault(file, what));
    }
    let dimensions = usize::from(dimensions);
    let start = 4 + 4 * dimensions;
    let Some(header) = bytes.get(4..start) else {
        return Err(fault(file, "it breaks off in its header"));
    };
    let length = |word: &[u8]| u32::from_be_bytes(word.try_into().expect("four bytes")) as usize;
    let lengths: Vec<usize> = header.chunks_exact(4).map(length).collect();
    let said = lengths
        .iter()
        .try_fold(1_usize, |product, &length| product.checked_mul(length));
    let held = bytes.len() - start;
    if said != Some(held) {
        let sides: Vec<String> = lengths.iter().map(ToString::to_string).collect();
        let what = format!("it says {} values and holds {held}", sides.join(" x "));
        return Err(fault(file, what));
    }
    let mut values = bytes;
    values.drain(..start);
    Ok(Idx { lengths, values })
}

fn images(file: &str, bytes: Vec<u8>, options: &ImageOptions) -> Result<Images, Error> {
    let idx = parse(file, bytes)?;
    match idx.lengths[..] {
        [_] => Err(fault(file, "it holds labels; name the file of pictures")),
        [0, ..] => Err(Error::NoPictures {
            file: file.into(),
            what: "it holds no picture".into(),
        }),
        [_, height, width] if height > 0 && width > 0 => {
            Ok(Images::new(ImageShape::new(1, height, width), idx.values))
        }
        [count, a, b, c] if a > 0 && b > 0 && c > 0 => {
            let dimensions = Dimensions::new(count, [a, b, c], options.layout)
                .ok_or_else(|| fault(file, Dimensions::unknown(&idx.lengths)))?;
            Ok(images_from(dimensions, &idx.values))
        }
        _ => Err(fault(
            file,
            format!(
                "it has {}, and pictures have 3 or 4",
                counted(idx.lengths.len(), "dimension")
            ),
        )),
    }
}

fn codes(file: &str, bytes: Vec<u8>) -> Result<Vec<i64>, Error> {
    let idx = parse(file, bytes)?;
    if idx.lengths.len() != 1 {
        let what = format!("it has {} dimensions, and labels have 1", idx.lengths.len());
        return Err(fault(file, what));
    }
    Ok(idx.values.into_iter().map(i64::from).collect())
}

pub(super) fn read(path: &Path, options: &ImageOptions, observer: &dyn Observer) -> Result<Arrays, Error> {
    let path = if path.is_dir() {
        in_folder(path, options.split)?
    } else {
        whole(path, options.split)?;
        path.to_owned()
    };
    let labels = labels_beside(&path, options)?;
    let file = shown(&path);
    let images = images(&file, read_whole(&path, observer)?, options)?;
    let known = class_names(&path);
    let codes = codes(&shown(&labels), read_whole(&labels, observer)?)?;
    Ok(Arrays {
        file,
        label_file: shown(&labels),
        images,
        labels: Stored::Codes(codes),
        known,
        warnings: Vec::new(),
    })
}

/// Reads files that are in memory; packed or not.
pub(super) fn read_bytes(
    name: &str,
    images_bytes: &[u8],
    labels: &[u8],
    options: &ImageOptions,
) -> Result<Arrays, Error> {
    let label_file = format!("labels of {name}");
    Ok(Arrays {
        file: name.into(),
        images: images(name, unpacked(name, images_bytes)?, options)?,
        labels: Stored::Codes(codes(&label_file, unpacked(&label_file, labels)?)?),
        label_file,
        known: None,
        warnings: Vec::new(),
    })
}

/// Whether a name is one that the publishers of MNIST gave to pictures of a split.
fn names_images(name: &str, split: Split) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let images = ["-images-idx3-ubyte", "-images.idx3-ubyte", "-images-idx4-ubyte"];
    split
        .stems()
        .iter()
        .any(|stem| images.iter().any(|rest| name.strip_prefix(stem) == Some(rest)))
}

/// Whether a folder holds the files of MNIST.
pub(super) fn is_folder(names: &[String]) -> bool {
    let splits = [Split::Train, Split::Test, Split::Validation];
    names
        .iter()
        .any(|name| splits.iter().any(|&split| names_images(name, split)))
}

fn in_folder(folder: &Path, split: Split) -> Result<PathBuf, Error> {
    let names = super::folder::file_names(folder)?;
    let found = names.iter().find(|name| names_images(name, split));
    found.map(|name| folder.join(name)).ok_or_else(|| Error::NoSplit {
        file: shown(folder),
        split: split.name(),
        there: names
            .into_iter()
            .filter(|name| name.contains("-images"))
            .collect(),
    })
}

/// The file of labels that belongs to one of pictures.
pub(super) fn label_path(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name
        .replace("images", "labels")
        .replace("idx3", "idx1")
        .replace("idx4", "idx1");
    (labels != name).then(|| images.with_file_name(labels))
}

/// The file of class names that belongs to one of pictures, which we write where codes do not say them.
pub(super) fn class_path(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let stem = name.split_once("images").map_or(name, |(stem, _)| stem);
    let stem = stem.trim_end_matches(['-', '.']);
    let dash = if stem.is_empty() { "" } else { "-" };
    Some(images.with_file_name(format!("{stem}{dash}classes.txt")))
}

fn class_names(images: &Path) -> Option<Vec<String>> {
    super::cifar::names_in(&class_path(images)?)
}

fn labels_beside(images: &Path, options: &ImageOptions) -> Result<PathBuf, Error> {
    if let Some(given) = &options.labels {
        return Ok(given.clone());
    }
    images
        .metadata()
        .map_err(|error| super::source::unreadable(images, error))?;
    let tried: Vec<PathBuf> = label_path(images)
        .into_iter()
        .flat_map(|labels| {
            let name = file_name(&labels);
            let other = match name.strip_suffix(".gz") {
                Some(plain) => plain.to_owned(),
                None => format!("{name}.gz"),
            };
            [labels.with_file_name(other), labels]
        })
        .rev()
        .collect();
    tried
        .iter()
        .find(|labels| labels.is_file())
        .cloned()
        .ok_or_else(|| Error::NoLabels {
            file: shown(images),
            tried: tried.iter().map(|labels| file_name(labels)).collect(),
        })
}

/// Bytes of an IDX file.
pub(super) fn encode(lengths: &[usize], values: &[u8], sink: &mut dyn std::io::Write) -> std::io::Result<()> {
    sink.write_all(&[0, 0, 8, lengths.len() as u8])?;
    for &length in lengths {
        let length = u32::try_from(length)
            .map_err(|_| std::io::Error::other("IDX counts with 32 bits, and there are more pictures"))?;
        sink.write_all(&length.to_be_bytes())?;
    }
    sink.write_all(values)
}

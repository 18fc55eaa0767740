//! Pictures in and out: reading sets of labelled pictures, changing them while a network learns, writing and showing them.

mod array;
mod augment;
mod celeba;
mod cifar;
mod codec;
mod colours;
mod contact_sheet;
mod folder;
mod gather;
mod idx;
mod labels;
mod numpy;
mod options;
mod parquet;
mod picture;
mod source;
mod svhn;
mod write;

use std::path::Path;

use counterpoise_base::{Images, LabeledImages, Labels, Observer, Warning};
use rayon::prelude::*;
use serde::Serialize;

pub use augment::{Augment, Normalisation};
pub use codec::encode_png;
pub use colours::{ClassColours, ColourGroup, ColourShare, ColourTextures};
pub use contact_sheet::{Cell, ContactSheet};
pub use options::{
    Alpha, Channels, CifarLabels, Corrupt, Hair, ImageFormat, ImageOptions, Layout, Resize, Split,
};
pub use write::{ImageOutput, WrittenImages, check_images, write_images, write_images_with_shares};

use crate::Error;
pub(crate) use labels::{MOST_CLASSES, Stored, out_of_range};
pub(crate) use source::{file_name, has_extension, read_whole, shown};
use source::{head, unreadable};

/// Pictures with their classes, and what was found on the way.
#[derive(Debug, Clone)]
pub struct ReadImages {
    /// Pictures, classes, and where each picture comes from.
    pub set: LabeledImages,
    /// What the file or folder is.
    pub format: ImageFormat,
    /// What was done to pictures, counted.
    pub facts: ImageFacts,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// What was done to pictures on the way, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImageFacts {
    /// Pictures read.
    pub read: usize,
    /// Pictures left out because they cannot be decoded.
    pub skipped: Vec<SkippedImage>,
    /// Pictures that had another size.
    pub resized: usize,
    /// Pictures that had other channels.
    pub channels_changed: usize,
    /// Pictures with pixels that are not opaque.
    pub alpha_flattened: usize,
    /// Pictures of 16 bits a value, of which 8 are left.
    pub depth_reduced: usize,
    /// Pictures with a palette.
    pub palette_expanded: usize,
    /// Pictures left out because they have no class.
    pub without_class: usize,
    /// Pictures left out because they have several classes.
    pub several_classes: usize,
}

/// A picture that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedImage {
    /// Where it stands.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What readers of arrays find: pictures of one shape, and classes that nobody has checked yet.
struct Arrays {
    file: String,
    label_file: String,
    images: Images,
    labels: Stored,
    /// Names of classes that the files know.
    known: Option<Vec<String>>,
    warnings: Vec<Warning>,
}

/// Reads labelled pictures from a file or folder.
///
/// The result does not depend on the number of threads; files of a folder are taken in the order in which people count.
/// The observer hears of bytes or of pictures, and can stop the reading.
pub fn read_images(
    path: &Path,
    options: &ImageOptions,
    observer: &dyn Observer,
) -> Result<ReadImages, Error> {
    options.check()?;
    path.metadata().map_err(|error| unreadable(path, error))?;
    let format = match options.format {
        Some(format) => format,
        None => recognise(path)?,
    };
    match format {
        ImageFormat::Idx => settle(format, idx::read(path, options, observer)?, options),
        ImageFormat::Cifar10 | ImageFormat::Cifar100 => {
            settle(format, cifar::read(path, format, options, observer)?, options)
        }
        ImageFormat::Svhn => settle(format, svhn::read(path, options, observer)?, options),
        ImageFormat::Numpy => settle(format, numpy::read(path, options, observer)?, options),
        ImageFormat::Folder => folder::read(path, options, observer),
        ImageFormat::Celeba => celeba::read(path, options, observer),
        ImageFormat::Parquet => parquet::read(path, options, observer),
    }
}

/// Reads pictures and labels in IDX that are in memory, packed or not; `name` is for messages.
pub fn read_idx_bytes(
    name: &str,
    images: &[u8],
    labels: &[u8],
    options: &ImageOptions,
) -> Result<ReadImages, Error> {
    options.check()?;
    settle(
        ImageFormat::Idx,
        idx::read_bytes(name, images, labels, options)?,
        options,
    )
}

/// Checks what a reader of arrays found, and brings it to the shape that was asked for.
fn settle(format: ImageFormat, arrays: Arrays, options: &ImageOptions) -> Result<ReadImages, Error> {
    let Arrays {
        file,
        label_file,
        images,
        labels,
        known,
        mut warnings,
    } = arrays;
    if images.len() != labels.len() {
        return Err(Error::LabelCount {
            file,
            pictures: images.len(),
            labels: labels.len(),
            label_file,
        });
    }
    if images.is_empty() {
        return Err(Error::NoPictures {
            file,
            what: "it holds no picture".into(),
        });
    }
    let labels = labels.labels(&label_file, known, options)?;
    labels::rare_classes(&file, &labels, &mut warnings);
    let mut facts = ImageFacts {
        read: images.len(),
        ..ImageFacts::default()
    };
    let images = picture::conform_all(&file, images, options, &mut facts)?;
    let short = file_name(Path::new(&file));
    let names = (1..=images.len())
        .into_par_iter()
        .map(|number| format!("{short}, picture {number}"))
        .collect();
    Ok(ReadImages {
        set: labeled(images, labels, Some(names)),
        format,
        facts,
        warnings,
    })
}

fn labeled(images: Images, labels: Labels, names: Option<Vec<String>>) -> LabeledImages {
    let mut set = LabeledImages::new(images, labels);
    set.names = names;
    set
}

/// Whether a file lists the attributes of pictures, and is no table.
pub(crate) fn is_attributes(path: &Path) -> bool {
    celeba::is_attributes(&file_name(path).to_lowercase())
}

/// Finds out what a file or folder is.
fn recognise(path: &Path) -> Result<ImageFormat, Error> {
    let unknown = || Error::UnknownImageFormat { file: shown(path) };
    if path.is_dir() {
        let names = folder::file_names(path)?;
        let ends = |end: &str| names.iter().any(|name| name.to_lowercase().ends_with(end));
        if idx::is_folder(&names) {
            return Ok(ImageFormat::Idx);
        }
        if let Some(format) = cifar::of_folder(&names) {
            return Ok(format);
        }
        if svhn::is_folder(&names) {
            return Ok(ImageFormat::Svhn);
        }
        if celeba::is_folder(&names) {
            return Ok(ImageFormat::Celeba);
        }
        if parquet::is_folder(path, &names) {
            return Ok(ImageFormat::Parquet);
        }
        if folder::has_class_folders(path)? {
            return Ok(ImageFormat::Folder);
        }
        if ends(".npz") || ends(".npy") {
            return Ok(ImageFormat::Numpy);
        }
        return if names.iter().any(|name| folder::is_picture(name)) {
            Err(Error::NoPictures {
                file: shown(path),
                what: "its pictures lie in no folder of a class".into(),
            })
        } else {
            Err(unknown())
        };
    }
    let name = file_name(path).to_lowercase();
    let start = head(path, 128).map_err(|error| unreadable(path, error))?;
    if start.is_empty() {
        return Err(Error::Empty { file: shown(path) });
    }
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    if start.starts_with(b"\x93NUMPY") || start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
    {
        return Ok(ImageFormat::Numpy);
    }
    if start.starts_with(b"PAR1") {
        return Ok(ImageFormat::Parquet);
    }
    if start.starts_with(b"MATLAB ") {
        return Ok(ImageFormat::Svhn);
    }
    if celeba::is_attributes(plain) {
        return Ok(ImageFormat::Celeba);
    }
    // The name comes before the magic number, which pixels of CIFAR may look like.
    if has_extension(plain, "bin") {
        let hundred = ["train.bin", "test.bin"].contains(&plain) || plain.contains("cifar100");
        return Ok(if hundred {
            ImageFormat::Cifar100
        } else {
            ImageFormat::Cifar10
        });
    }
    if let [0, 0, 8..=14, 1..=4, ..] = start[..] {
        return Ok(ImageFormat::Idx);
    }
    let by_name = match plain.rsplit_once('.').map(|(_, extension)| extension) {
        Some("npz" | "npy") => ImageFormat::Numpy,
        Some("mat") => ImageFormat::Svhn,
        Some("parquet" | "pq") => ImageFormat::Parquet,
        _ if plain.contains("idx") => ImageFormat::Idx,
        _ => return Err(unknown()),
    };
    Ok(by_name)
}

//! Arrays of NumPy: `.npy`, and `.npz` with an array a name.
//!
//! # Source
//!
//! NumPy, "NEP 1: A simple file format for NumPy arrays", versions 1 to 3 of the header.

use std::io::{self, Cursor, Read as _, Write};
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning};
use zip::ZipArchive;
use zip::result::ZipError;

use super::Arrays;
use super::array::{Dimensions, images_from};
use super::folder::file_names;
use super::labels::Stored;
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{file_name, has_extension, names_part, read_whole, shown, whole};
use crate::Error;

const MAGIC: &[u8] = b"\x93NUMPY";

fn fault(file: &str, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: file.into(),
        format: ImageFormat::Numpy.title(),
        what: what.into(),
    }
}

/// An array as it is stored.
struct Array {
    kind: Kind,
    big: bool,
    lengths: Vec<usize>,
    bytes: Vec<u8>,
}

/// Type of values: the letter of NumPy and the bytes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
    /// Characters of 32 bits.
    Text(usize),
    /// Bytes.
    Ascii(usize),
}

impl Kind {
    fn width(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(width) | Self::Signed(width) | Self::Float(width) | Self::Ascii(width) => width,
            Self::Text(characters) => 4 * characters,
        }
    }
}

fn parse(file: &str, bytes: Vec<u8>) -> Result<Array, Error> {
    let short = || fault(file, "it breaks off in its header");
    if !bytes.starts_with(MAGIC) {
        return Err(fault(file, "it does not start as one"));
    }
    let version = *bytes.get(6).ok_or_else(short)?;
    let (length, start) = match version {
        1 => {
            let length = bytes.get(8..10).ok_or_else(short)?;
            (
                usize::from(u16::from_le_bytes(length.try_into().expect("two bytes"))),
                10,
            )
        }
        2 | 3 => {
            let length = bytes.get(8..12).ok_or_else(short)?;
            (
                u32::from_le_bytes(length.try_into().expect("four bytes")) as usize,
                12,
            )
        }
        _ => return Err(fault(file, format!("version {version} of its header is unknown"))),
    };
    let header = bytes.get(start..start + length).ok_or_else(short)?;
    let header = String::from_utf8_lossy(header).into_owned();
    let odd = || {
        fault(
            file,
            format!(
                "its header cannot be read: {}",
                crate::error::shortened(header.trim())
            ),
        )
    };
    let after = |key: &str| {
        let (_, rest) = header.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let kind = after("descr").ok_or_else(odd)?;
    let kind = kind
        .strip_prefix('\'')
        .and_then(|kind| kind.split_once('\''))
        .ok_or_else(odd)?
        .0;
    let fortran = after("fortran_order").ok_or_else(odd)?.starts_with("True");
    let lengths = after("shape")
        .and_then(|shape| shape.strip_prefix('(')?.split_once(')'))
        .ok_or_else(odd)?
        .0;
    let lengths: Vec<usize> = lengths
        .split(',')
        .map(str::trim)
        .filter(|length| !length.is_empty())
        .map(|length| length.trim_end_matches('L').parse().map_err(|_| odd()))
        .collect::<Result<_, _>>()?;
    let (big, letter) = match kind.as_bytes() {
        [b'>', rest @ ..] => (true, rest),
        [b'<' | b'|' | b'=', rest @ ..] | rest => (false, rest),
    };
    let width = || std::str::from_utf8(letter.get(1..)?).ok()?.parse::<usize>().ok();
    let kind = match (letter.first(), width()) {
        (Some(b'b'), Some(1)) => Kind::Bool,
        (Some(b'u'), Some(width @ (1 | 2 | 4 | 8))) => Kind::Unsigned(width),
        (Some(b'i'), Some(width @ (1 | 2 | 4 | 8))) => Kind::Signed(width),
        (Some(b'f'), Some(width @ (4 | 8))) => Kind::Float(width),
        (Some(b'U'), Some(width @ 1..1024)) => Kind::Text(width),
        (Some(b'S'), Some(width @ 1..4096)) => Kind::Ascii(width),
        _ => return Err(fault(file, format!("values of type `{kind}` are not read"))),
    };
    let start = start + length;
    let said = lengths
        .iter()
        .try_fold(kind.width(), |product, &length| product.checked_mul(length));
    let held = bytes.len() - start;
    if said.is_none_or(|said| said > held) {
        return Err(fault(
            file,
            format!(
                "it breaks off: it holds {held} bytes of {}",
                said.map_or("too many".into(), |said| said.to_string())
            ),
        ));
    }
    let mut values = bytes;
    values.drain(..start);
    values.truncate(said.unwrap_or(0));
    let array = Array {
        kind,
        big,
        lengths,
        bytes: values,
    };
    Ok(if fortran { array.in_order() } else { array })
}

impl Array {
    /// From the first index fastest to the last index fastest.
    fn in_order(self) -> Self {
        let width = self.kind.width();
        let count = self.bytes.len() / width;
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for place in 0..count {
            let (mut rest, mut source, mut stride) = (place, 0, 1);
            // What each index steps over, the first by one.
            let mut strides = Vec::with_capacity(self.lengths.len());
            for &length in &self.lengths {
                strides.push(stride);
                stride *= length;
            }
            for (&length, &stride) in self.lengths.iter().zip(&strides).rev() {
                source += rest % length * stride;
                rest /= length;
            }
            bytes.extend_from_slice(&self.bytes[source * width..][..width]);
        }
        Self { bytes, ..self }
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        let (kind, big) = (self.kind, self.big);
        self.bytes.chunks_exact(kind.width()).map(move |bytes| {
            let mut wide = [0; 8];
            for (place, &byte) in bytes.iter().take(8).enumerate() {
                wide[if big { bytes.len() - 1 - place } else { place }] = byte;
            }
            let bits = u64::from_le_bytes(wide);
            let unused = 64 - 8 * bytes.len().min(8) as u32;
            match kind {
                Kind::Float(4) => f64::from(f32::from_bits(bits as u32)),
                Kind::Float(_) => f64::from_bits(bits),
                Kind::Signed(_) => ((bits << unused) as i64 >> unused) as f64,
                _ => bits as f64,
            }
        })
    }

    /// Values as bytes, and what had to be done to them.
    fn to_bytes(&self, file: &str) -> Result<(Vec<u8>, Option<Warning>), Error> {
        match self.kind {
            Kind::Unsigned(1) => return Ok((self.bytes.clone(), None)),
            Kind::Bool => return Ok((self.bytes.iter().map(|&value| 255 * value.min(1)).collect(), None)),
            Kind::Text(_) | Kind::Ascii(_) => {
                return Err(fault(file, "it holds texts, and pictures are numbers"));
            }
            _ => {}
        }
        let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for value in self.numbers() {
            if !value.is_finite() {
                return Err(fault(file, format!("one of its values is {value}")));
            }
            (low, high) = (low.min(value), high.max(value));
            whole &= value.fract() == 0.0;
        }
        let float = matches!(self.kind, Kind::Float(_));
        let (scale, said) = if low >= 0.0 && high <= 1.0 && float {
            (255.0, "are fractions between 0 and 1, which become bytes")
        } else if low >= 0.0 && high <= 255.0 && whole {
            return Ok((self.numbers().map(|value| value as u8).collect(), None));
        } else if low >= 0.0 && high <= 65_535.0 && self.kind == Kind::Unsigned(2) {
            (255.0 / 65_535.0, "have 16 bits, of which 8 are kept")
        } else {
            let what =
                format!("its values lie between {low} and {high}, which are neither bytes nor fractions");
            return Err(fault(file, what));
        };
        let values = self
            .numbers()
            .map(|value| (value * scale).round() as u8)
            .collect();
        let warning = Warning::new("images.depth", format!("values of `{file}` {said}"));
        Ok((values, Some(warning)))
    }

    /// Values as classes, one a picture.
    fn to_labels(&self, file: &str) -> Result<Stored, Error> {
        if self.lengths.len() > 2 || self.lengths.get(1).is_some_and(|&columns| columns != 1) {
            let sides: Vec<String> = self.lengths.iter().map(ToString::to_string).collect();
            let what = format!("it is ({}), and a picture has one label", sides.join(", "));
            return Err(fault(file, what));
        }
        let width = self.kind.width();
        let texts = |text: &dyn Fn(&[u8]) -> Option<String>| -> Result<Stored, Error> {
            let names: Option<Vec<String>> = self.bytes.chunks_exact(width).map(text).collect();
            names
                .map(Stored::Names)
                .ok_or_else(|| fault(file, "one of its texts is no text"))
        };
        match self.kind {
            Kind::Ascii(_) => texts(&|bytes| {
                let end = bytes
                    .iter()
                    .rposition(|&byte| byte != 0)
                    .map_or(0, |last| last + 1);
                String::from_utf8(bytes[..end].to_vec()).ok()
            }),
            Kind::Text(_) => texts(&|bytes| {
                let character = |word: &[u8]| {
                    let word = word.try_into().expect("four bytes");
                    char::from_u32(if self.big {
                        u32::from_be_bytes(word)
                    } else {
                        u32::from_le_bytes(word)
                    })
                };
                let text: Option<String> = bytes.chunks_exact(4).map(character).collect();
                text.map(|text| text.trim_end_matches('\0').to_owned())
            }),
            _ => {
                let mut codes = Vec::with_capacity(self.bytes.len() / width);
                for (row, value) in self.numbers().enumerate() {
                    if value.fract() != 0.0 || value.abs() >= 1e15 {
                        return Err(fault(file, format!("row {}: {value} is no class", row + 1)));
                    }
                    codes.push(value as i64);
                }
                Ok(Stored::Codes(codes))
            }
        }
    }
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
            let sides: Vec<String> = pictures.lengths.iter().map(ToString::to_string).collect();
            let what = format!(
                "it is ({}), and pictures have 3 or 4 dimensions",
                sides.join(", ")
            );
            return Err(fault(&file, what));
        }
    };
    if dimensions.count == 0 || dimensions.shape.values() == 0 {
        return Err(Error::NoPictures {
            file,
            what: "it holds no picture".into(),
        });
    }
    let (values, warning) = pictures.to_bytes(&file)?;
    Ok(Arrays {
        images: images_from(dimensions, &values),
        labels: labels.to_labels(&label_file)?,
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
    let known = match known.map(|name| array(name)?.to_labels(file)).transpose()? {
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

/// The header of an array, as NumPy writes it.
pub(super) fn write_header(kind: &str, lengths: &[usize], sink: &mut dyn Write) -> io::Result<()> {
    let lengths: Vec<String> = lengths.iter().map(ToString::to_string).collect();
    let comma = if lengths.len() == 1 { "," } else { "" };
    let mut header = format!(
        "{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}{comma}), }}",
        lengths.join(", ")
    );
    // Values start at a multiple of 64.
    let before = MAGIC.len() + 4;
    let whole = (before + header.len() + 1).div_ceil(64) * 64;
    header.extend(std::iter::repeat_n(' ', whole - before - header.len() - 1));
    header.push('\n');
    sink.write_all(MAGIC)?;
    sink.write_all(&[1, 0])?;
    sink.write_all(&(header.len() as u16).to_le_bytes())?;
    sink.write_all(header.as_bytes())
}

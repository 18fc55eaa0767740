//! Cropped digits of SVHN: the arrays `X`, `(32, 32, 3, n)`, and `y` of a MATLAB 5 file.
//!
//! Of that format this reads what such files hold: arrays of numbers, packed or not, in either order of bytes.
//!
//! # Source
//!
//! `MathWorks`, "MAT-File Format", version 5, chapter 1.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, Images, Observer};
use flate2::read::ZlibDecoder;

use super::Arrays;
use super::folder::file_names;
use super::labels::Stored;
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{has_extension, read_whole, shown, whole};
use crate::Error;

const HEADER: usize = 128;

fn fault(file: &str, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: file.into(),
        format: ImageFormat::Svhn.title(),
        what: what.into(),
    }
}

/// Whether a folder holds the files of SVHN.
pub(super) fn is_folder(names: &[String]) -> bool {
    let ours = ["train_32x32.mat", "test_32x32.mat", "extra_32x32.mat"];
    names.iter().any(|name| ours.contains(&name.as_str()))
}

fn in_folder(folder: &Path, split: Split) -> Result<PathBuf, Error> {
    let names = file_names(folder)?;
    let wanted = format!("{}_32x32.mat", split.name());
    if names.contains(&wanted) {
        Ok(folder.join(wanted))
    } else {
        Err(Error::NoSplit {
            file: shown(folder),
            split: split.name(),
            there: names
                .into_iter()
                .filter(|name| has_extension(name, "mat"))
                .collect(),
        })
    }
}

pub(super) fn read(path: &Path, options: &ImageOptions, observer: &dyn Observer) -> Result<Arrays, Error> {
    let path = if path.is_dir() {
        in_folder(path, options.split)?
    } else {
        whole(path, options.split)?;
        path.to_owned()
    };
    let file = shown(&path);
    let bytes = read_whole(&path, observer)?;
    let arrays = parse(&file, &bytes)?;
    drop(bytes);
    let array = |name: &str| {
        arrays.iter().find(|array| array.name == name).ok_or_else(|| {
            let there: Vec<&str> = arrays.iter().map(|array| array.name.as_str()).collect();
            fault(
                &file,
                format!("it has no array `{name}`; it has {}", there.join(", ")),
            )
        })
    };
    let (pictures, digits) = (array("X")?, array("y")?);
    let (height, width, channels, count) = match pictures.lengths[..] {
        [height, width, channels, count] => (height, width, channels, count),
        // MATLAB leaves out a last dimension of 1.
        [height, width, channels] => (height, width, channels, 1),
        _ => {
            return Err(fault(
                &file,
                format!("`X` has {} dimensions, and 4 are needed", pictures.lengths.len()),
            ));
        }
    };
    let Numbers::Bytes(values) = &pictures.numbers else {
        return Err(fault(&file, "`X` does not hold bytes"));
    };
    let shape = ImageShape::new(channels, height, width);
    if shape.values() == 0 || count == 0 {
        return Err(Error::NoPictures {
            file,
            what: "`X` holds no picture".into(),
        });
    }
    // The first index is fastest: columns stand one after the other.
    let mut planes = vec![0; values.len()];
    for (plane, stored) in planes
        .chunks_exact_mut(height * width)
        .zip(values.chunks_exact(height * width))
    {
        for (place, value) in plane.iter_mut().enumerate() {
            *value = stored[place % width * height + place / width];
        }
    }
    let mut codes = Vec::with_capacity(count);
    for row in 0..digits.numbers.len() {
        let code = digits.numbers.integer(row);
        match code {
            // The publishers call zero the tenth digit.
            Some(10) => codes.push(0),
            Some(code @ 0..=9) => codes.push(code),
            _ => {
                return Err(super::labels::out_of_range(
                    &file,
                    row,
                    &digits.numbers.text(row),
                    10,
                ));
            }
        }
    }
    Ok(Arrays {
        label_file: file.clone(),
        file,
        images: Images::new(shape, planes),
        labels: Stored::Codes(codes),
        known: Some((0..10).map(|digit| digit.to_string()).collect()),
        warnings: Vec::new(),
    })
}

struct Array {
    name: String,
    lengths: Vec<usize>,
    numbers: Numbers,
}

enum Numbers {
    Bytes(Vec<u8>),
    Other(Vec<f64>),
}

impl Numbers {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Other(values) => values.len(),
        }
    }

    fn integer(&self, row: usize) -> Option<i64> {
        match self {
            Self::Bytes(values) => Some(i64::from(values[row])),
            Self::Other(values) => Some(values[row])
                .filter(|value| value.fract() == 0.0 && value.abs() < 1e15)
                .map(|value| value as i64),
        }
    }

    fn text(&self, row: usize) -> String {
        match self {
            Self::Bytes(values) => values[row].to_string(),
            Self::Other(values) => values[row].to_string(),
        }
    }
}

/// A place in a file, and the order of its bytes.
struct Cursor<'a> {
    file: &'a str,
    bytes: &'a [u8],
    big: bool,
}

/// One element: its type and its data.
struct Element<'a> {
    kind: u32,
    data: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn word(&self, bytes: &[u8]) -> u32 {
        let word = bytes.try_into().expect("four bytes");
        if self.big {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or_else(|| fault(self.file, "it breaks off"))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// The next element; `None` at the end.
    fn element(&mut self) -> Result<Option<Element<'a>>, Error> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let tag = self.take(8)?;
        let first = self.word(&tag[..4]);
        // A small element has its length in the upper half of the first word, and its data in the second.
        if first >> 16 != 0 {
            let length = (first >> 16) as usize;
            let data = tag
                .get(4..4 + length)
                .ok_or_else(|| fault(self.file, "a small element is too long"))?;
            return Ok(Some(Element {
                kind: first & 0xffff,
                data,
            }));
        }
        let length = self.word(&tag[4..]) as usize;
        let data = self.take(length)?;
        if first != PACKED {
            let padding = (8 - length % 8) % 8;
            self.take(padding.min(self.bytes.len()))?;
        }
        Ok(Some(Element { kind: first, data }))
    }

    fn expect(&mut self, what: &str) -> Result<Element<'a>, Error> {
        self.element()?
            .ok_or_else(|| fault(self.file, format!("an array lacks its {what}")))
    }
}

const MATRIX: u32 = 14;
const PACKED: u32 = 15;

fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Array>, Error> {
    let header = bytes
        .get(..HEADER)
        .ok_or_else(|| fault(file, "it is shorter than the header"))?;
    if bytes.get(512..520) == Some(b"\x89HDF\r\n\x1a\n") || header.starts_with(b"MATLAB 7.3") {
        return Err(fault(
            file,
            "it is of MATLAB 7.3, which is HDF5; save it with `-v7`",
        ));
    }
    let big = match &header[126..128] {
        b"IM" => false,
        b"MI" => true,
        _ => return Err(fault(file, "its header does not say the order of bytes")),
    };
    let mut cursor = Cursor {
        file,
        bytes: &bytes[HEADER..],
        big,
    };
    let mut arrays = Vec::new();
    while let Some(element) = cursor.element()? {
        match element.kind {
            MATRIX => arrays.extend(array(file, element.data, big)?),
            PACKED => {
                let mut whole = Vec::new();
                ZlibDecoder::new(element.data)
                    .read_to_end(&mut whole)
                    .map_err(|error| fault(file, format!("a packed element is damaged: {error}")))?;
                let mut inner = Cursor {
                    file,
                    bytes: &whole,
                    big,
                };
                if let Some(element) = inner.element()?.filter(|element| element.kind == MATRIX) {
                    arrays.extend(array(file, element.data, big)?);
                }
            }
            _ => {}
        }
    }
    Ok(arrays)
}

/// One array of numbers; `None` for one of anything else.
fn array(file: &str, data: &[u8], big: bool) -> Result<Option<Array>, Error> {
    let mut cursor = Cursor {
        file,
        bytes: data,
        big,
    };
    let flags = cursor.expect("flags")?;
    let class = match flags.data {
        [a, b, c, d, ..] => cursor.word(&[*a, *b, *c, *d]) & 0xff,
        _ => return Err(fault(file, "the flags of an array break off")),
    };
    // 6 to 15: floating-point and whole numbers.
    if !(6..=15).contains(&class) {
        return Ok(None);
    }
    let lengths = cursor.expect("dimensions")?;
    let lengths: Vec<usize> = lengths
        .data
        .chunks_exact(4)
        .map(|word| cursor.word(word) as usize)
        .collect();
    let name = cursor.expect("name")?;
    let name = String::from_utf8_lossy(name.data).into_owned();
    let values = cursor.expect("values")?;
    let numbers = numbers(file, &values, class, big)?;
    let said = lengths
        .iter()
        .try_fold(1_usize, |product, &length| product.checked_mul(length));
    if said != Some(numbers.len()) {
        return Err(fault(
            file,
            format!("`{name}` has another number of values than its dimensions say"),
        ));
    }
    Ok(Some(Array {
        name,
        lengths,
        numbers,
    }))
}

/// Numbers as they are stored, which may be narrower than what the array is of.
#[expect(clippy::cast_lossless, reason = "one macro reads every type")]
fn numbers(file: &str, values: &Element<'_>, class: u32, big: bool) -> Result<Numbers, Error> {
    const OF_BYTES: u32 = 9;
    macro_rules! read {
        ($number:ty) => {
            values
                .data
                .chunks_exact(size_of::<$number>())
                .map(|bytes| {
                    let bytes = bytes.try_into().expect("the width of the number");
                    (if big {
                        <$number>::from_be_bytes(bytes)
                    } else {
                        <$number>::from_le_bytes(bytes)
                    }) as f64
                })
                .collect()
        };
    }
    let other: Vec<f64> = match values.kind {
        2 if class == OF_BYTES => return Ok(Numbers::Bytes(values.data.to_vec())),
        1 => read!(i8),
        2 => read!(u8),
        3 => read!(i16),
        4 => read!(u16),
        5 => read!(i32),
        6 => read!(u32),
        7 => read!(f32),
        9 => read!(f64),
        12 => read!(i64),
        13 => read!(u64),
        kind => return Err(fault(file, format!("values are of the unknown type {kind}"))),
    };
    Ok(Numbers::Other(other))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// An element with its padding.
    fn element(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        bytes.extend(data);
        bytes.resize(bytes.len().div_ceil(8) * 8, 0);
        bytes
    }

    fn matrix(name: &str, class: u8, lengths: &[u32], kind: u32, data: &[u8]) -> Vec<u8> {
        let lengths: Vec<u8> = lengths.iter().flat_map(|length| length.to_le_bytes()).collect();
        // A name of up to four letters is a small element.
        let mut small = [1, 0, name.len() as u8, 0, 0, 0, 0, 0];
        small[4..4 + name.len()].copy_from_slice(name.as_bytes());
        let parts = [
            element(6, &[class, 0, 0, 0, 0, 0, 0, 0]),
            element(5, &lengths),
            small.to_vec(),
            element(kind, data),
        ];
        element(MATRIX, &parts.concat())
    }

    /// A file of two pictures of 2 x 3 with 3 channels, as MATLAB lays it out.
    fn mat(packed: bool, digits: &[u8]) -> Vec<u8> {
        let mut bytes = b"MATLAB 5.0 MAT-file, generated for a test".to_vec();
        bytes.resize(124, b' ');
        bytes.extend([0, 1, b'I', b'M']);
        let pictures: Vec<u8> = (0..36).collect();
        let arrays = [
            matrix("X", 9, &[2, 3, 3, 2], 2, &pictures),
            matrix("y", 6, &[digits.len() as u32, 1], 2, digits),
        ];
        for array in arrays {
            if packed {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&array).expect("memory");
                let data = encoder.finish().expect("memory");
                bytes.extend([PACKED.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat());
                bytes.extend(data);
            } else {
                bytes.extend(array);
            }
        }
        bytes
    }

    fn read_mat(bytes: &[u8]) -> Result<super::super::ReadImages, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("train_32x32.mat");
        std::fs::write(&path, bytes).expect("there is room");
        super::super::read_images(folder.path(), &ImageOptions::default(), &())
    }

    #[test]
    fn columns_become_lines_and_the_tenth_digit_is_zero() {
        for packed in [false, true] {
            let read = read_mat(&mat(packed, &[10, 3])).expect("it is whole");
            assert_eq!(read.format, ImageFormat::Svhn);
            let (set, shape) = (&read.set, read.set.images.shape());
            assert_eq!((shape.channels, shape.height, shape.width), (3, 2, 3));
            // Stored by columns: 0 1 | 2 3 | 4 5.
            assert_eq!(set.images.get(0)[..6], [0, 2, 4, 1, 3, 5]);
            assert_eq!(set.images.get(1)[..6], [18, 20, 22, 19, 21, 23]);
            assert_eq!((set.labels.name_of(0), set.labels.name_of(1)), ("0", "3"));
            assert_eq!(set.labels.classes().len(), 10);
        }
    }

    #[test]
    fn what_is_damaged_is_told() {
        let whole = mat(false, &[1, 11]);
        let error = read_mat(&whole).expect_err("there is no digit 11").to_string();
        assert!(error.contains("row 2") && error.contains("`11`"), "{error}");
        let error = read_mat(&mat(false, &[1]))
            .expect_err("a label is missing")
            .to_string();
        assert!(
            error.contains("2 pictures") && error.contains("1 label"),
            "{error}"
        );
        for end in [10, 127, 150, 250] {
            assert!(read_mat(&whole[..end]).is_err(), "it ends at {end}");
        }
    }
}

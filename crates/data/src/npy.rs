//! Arrays of NumPy in memory, whatever they are of.
//!
//! # Source
//!
//! NumPy, "NEP 1: A simple file format for NumPy arrays", versions 1 to 3 of the header.

use std::io::{self, Write};

use arrow_array::types::{ArrowPrimitiveType, Float16Type};

use crate::images::Stored;

const MAGIC: &[u8] = b"\x93NUMPY";

/// An array as it is stored.
pub(crate) struct Array {
    pub(crate) kind: Kind,
    big: bool,
    pub(crate) lengths: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// Type of values: the letter of NumPy and the bytes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(width) | Self::Signed(width) | Self::Float(width) | Self::Ascii(width) => width,
            Self::Text(characters) => 4 * characters,
        }
    }
}

/// The number that these bits of half precision are.
pub(crate) fn half(bits: u16) -> f32 {
    <Float16Type as ArrowPrimitiveType>::Native::from_bits(bits).to_f32()
}

/// Takes a file apart; what is wrong with it is told in words.
pub(crate) fn parse(bytes: Vec<u8>) -> Result<Array, String> {
    let short = || "it breaks off in its header".to_owned();
    if !bytes.starts_with(MAGIC) {
        return Err("it does not start as one".into());
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
        _ => return Err(format!("version {version} of its header is unknown")),
    };
    let header = bytes.get(start..start + length).ok_or_else(short)?;
    let header = String::from_utf8_lossy(header).into_owned();
    let odd = || {
        format!(
            "its header cannot be read: {}",
            crate::error::shortened(header.trim())
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
        (Some(b'f'), Some(width @ (2 | 4 | 8))) => Kind::Float(width),
        (Some(b'U'), Some(width @ 1..1024)) => Kind::Text(width),
        (Some(b'S'), Some(width @ 1..4096)) => Kind::Ascii(width),
        _ => return Err(format!("values of type `{kind}` are not read")),
    };
    let start = start + length;
    let said = lengths
        .iter()
        .try_fold(kind.width(), |product, &length| product.checked_mul(length));
    let held = bytes.len() - start;
    if said.is_none_or(|said| said > held) {
        return Err(format!(
            "it breaks off: it holds {held} bytes of {}",
            said.map_or("too many".into(), |said| said.to_string())
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

    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> {
        let (kind, big) = (self.kind, self.big);
        self.bytes.chunks_exact(kind.width()).map(move |bytes| {
            let mut wide = [0; 8];
            for (place, &byte) in bytes.iter().take(8).enumerate() {
                wide[if big { bytes.len() - 1 - place } else { place }] = byte;
            }
            let bits = u64::from_le_bytes(wide);
            let unused = 64 - 8 * bytes.len().min(8) as u32;
            match kind {
                Kind::Float(2) => f64::from(half(bits as u16)),
                Kind::Float(4) => f64::from(f32::from_bits(bits as u32)),
                Kind::Float(_) => f64::from_bits(bits),
                Kind::Signed(_) => ((bits << unused) as i64 >> unused) as f64,
                _ => bits as f64,
            }
        })
    }

    /// Lengths as NumPy shows them.
    pub(crate) fn sides(&self) -> String {
        let sides: Vec<String> = self.lengths.iter().map(ToString::to_string).collect();
        format!("({})", sides.join(", "))
    }

    /// Values as codes or names of classes, one after the other, whatever the lengths are.
    pub(crate) fn to_labels(&self) -> Result<Stored, String> {
        let width = self.kind.width();
        let texts = |text: &dyn Fn(&[u8]) -> Option<String>| -> Result<Stored, String> {
            let names: Option<Vec<String>> = self.bytes.chunks_exact(width).map(text).collect();
            names
                .map(Stored::Names)
                .ok_or_else(|| "one of its texts is no text".to_owned())
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
                        return Err(format!("row {}: {value} is no class", row + 1));
                    }
                    codes.push(value as i64);
                }
                Ok(Stored::Codes(codes))
            }
        }
    }
}

/// The header of an array, as NumPy writes it.
pub(crate) fn write_header(kind: &str, lengths: &[usize], sink: &mut dyn Write) -> io::Result<()> {
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

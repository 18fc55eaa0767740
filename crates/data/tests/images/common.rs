//! Bytes of pictures, and ways to read them.

use std::io::Write as _;
use std::path::Path;

use counterpoise_base::ImageShape;
use counterpoise_data::{Error, ImageOptions, ReadImages, encode_png, read_images};
use png::{BitDepth, ColorType};

pub(crate) fn read(path: &Path) -> Result<ReadImages, Error> {
    read_images(path, &ImageOptions::default(), &())
}

pub(crate) fn read_with(path: &Path, set: impl FnOnce(&mut ImageOptions)) -> Result<ReadImages, Error> {
    let mut options = ImageOptions::default();
    set(&mut options);
    read_images(path, &options, &())
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("there is room");
    std::fs::write(path, bytes).expect("there is room");
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What an error says, with its hint.
pub(crate) fn told(read: Result<ReadImages, Error>) -> String {
    let error = read.expect_err("it cannot be read");
    format!("{error} | {}", error.hint().unwrap_or_default())
}

pub(crate) fn codes_of(read: &ReadImages) -> Vec<&str> {
    (0..read.set.len())
        .map(|row| read.set.labels.name_of(row))
        .collect()
}

/// Bytes of a PNG of any kind.
pub(crate) fn png(
    color: ColorType,
    depth: BitDepth,
    size: (u32, u32),
    palette: Option<&[u8]>,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette.to_vec());
    }
    let mut writer = encoder.write_header().expect("memory");
    writer.write_image_data(data).expect("the picture is whole");
    writer.finish().expect("memory");
    bytes
}

pub(crate) fn grey_png(height: usize, width: usize, value: u8) -> Vec<u8> {
    encode_png(ImageShape::new(1, height, width), &vec![value; height * width])
}

/// A baseline JPEG of blocks that are each of one grey: a Huffman code for differences of the mean, and nothing else.
pub(crate) fn jpeg(blocks: &[u8], across: usize) -> Vec<u8> {
    let down = blocks.len() / across;
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, data: &[u8]| {
        bytes.extend([0xff, marker]);
        bytes.extend((data.len() as u16 + 2).to_be_bytes());
        bytes.extend(data);
    };
    // Steps of 8 for the mean, so that a grey is its coefficient.
    let mut steps = vec![0];
    steps.extend([8; 64]);
    segment(0xdb, &steps);
    let (high, wide) = ((8 * down) as u16, (8 * across) as u16);
    let sides = [high.to_be_bytes(), wide.to_be_bytes()].concat();
    segment(0xc0, &[&[8], &sides[..], &[1, 1, 0x11, 0]].concat());
    // Twelve codes of four bits for the number of bits of a difference; one code of one bit for the end of a block.
    let mut means = vec![0x00, 0, 0, 0, 12];
    means.extend([0; 12]);
    means.extend(0..12);
    segment(0xc4, &means);
    let mut rest = vec![0x10, 1];
    rest.extend([0; 15]);
    rest.push(0);
    segment(0xc4, &rest);
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let (mut bits, mut last) = (Vec::new(), 0_i32);
    for &block in blocks {
        let difference = i32::from(block) - 128 - last;
        last += difference;
        let size = (32 - difference.unsigned_abs().leading_zeros()) as i32;
        let low = if difference < 0 {
            difference + (1 << size) - 1
        } else {
            difference
        };
        bits.extend((0..4).rev().map(|bit| size >> bit & 1));
        bits.extend((0..size).rev().map(|bit| low >> bit & 1));
        bits.push(0);
    }
    bits.resize(bits.len().div_ceil(8) * 8, 1);
    for byte in bits.chunks(8) {
        let byte = byte.iter().fold(0, |byte, &bit| byte << 1 | bit as u8);
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

pub(crate) fn idx(kind: u8, lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, lengths.len() as u8];
    lengths
        .iter()
        .for_each(|length| bytes.extend(length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

//! PNG and JPEG in, PNG out.

use std::io::Cursor;

use counterpoise_base::ImageShape;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::options::Alpha;
use super::picture::{Changes, Picture};

/// No picture of a set is larger; what says so is damaged.
const MOST_PIXELS: usize = 1 << 28;

/// Decodes a PNG or a JPEG, whatever its name; the reason if it is neither, or damaged.
pub(super) fn decode(bytes: &[u8], alpha: Alpha, changes: &mut Changes) -> Result<Picture, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return decode_png(bytes, alpha, changes);
    }
    if bytes.starts_with(&[0xff, 0xd8]) {
        return decode_jpeg(bytes);
    }
    let other = match bytes {
        [b'G', b'I', b'F', ..] => "it is a GIF, and PNG and JPEG are read",
        [b'B', b'M', ..] => "it is a BMP, and PNG and JPEG are read",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            "it is a WebP, and PNG and JPEG are read"
        }
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "it is a TIFF, and PNG and JPEG are read",
        _ => "it is neither a PNG nor a JPEG",
    };
    Err(other.into())
}

fn decode_png(bytes: &[u8], alpha: Alpha, changes: &mut Changes) -> Result<Picture, String> {
    let text = |error: png::DecodingError| error.to_string();
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    // Palettes become colours, a transparent colour becomes opacity, fewer than 8 bits become 8.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(text)?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(format!("{height}x{width} pixels are too many"));
    }
    changes.palette = info.color_type == png::ColorType::Indexed;
    let size = reader.output_buffer_size().ok_or("it has too many pixels")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(text)?;
    pixels.truncate(frame.buffer_size());
    // A file that breaks off behind its pixels lacks its end.
    reader.finish().map_err(text)?;
    if frame.bit_depth == png::BitDepth::Sixteen {
        changes.depth = true;
        pixels = pixels
            .chunks_exact(2)
            .map(|pair| ((u32::from(pair[0]) << 8 | u32::from(pair[1])) * 255 + 32_767) / 65_535)
            .map(|value| value as u8)
            .collect();
    }
    let (stored, channels) = match frame.color_type {
        png::ColorType::Grayscale => (1, 1),
        png::ColorType::GrayscaleAlpha => (2, 1),
        png::ColorType::Rgb => (3, 3),
        png::ColorType::Rgba => (4, 3),
        png::ColorType::Indexed => return Err("its palette cannot be read".into()),
    };
    if stored != channels {
        changes.alpha = pixels.chunks_exact(stored).any(|pixel| pixel[channels] != 255);
        pixels = pixels
            .chunks_exact(stored)
            .flat_map(|pixel| {
                let opacity = u32::from(pixel[channels]);
                pixel[..channels]
                    .iter()
                    .map(move |&value| over(value, opacity, alpha))
            })
            .collect();
    }
    let shape = ImageShape::new(channels, height, width);
    if shape.values() == 0 || pixels.len() != shape.values() {
        return Err("it breaks off".into());
    }
    Ok(Picture::from_interleaved(shape, &pixels))
}

/// A value as it shows over what lies under it.
fn over(value: u8, opacity: u32, alpha: Alpha) -> u8 {
    let under = match alpha {
        Alpha::Drop => return value,
        Alpha::White => 255,
        Alpha::Black => 0,
    };
    ((u32::from(value) * opacity + under * (255 - opacity) + 127) / 255) as u8
}

fn decode_jpeg(bytes: &[u8]) -> Result<Picture, String> {
    // Strict: a file that breaks off is an error, not a picture that is grey below.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(1 << 16)
        .set_max_height(1 << 16);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| error.to_string())?;
    let info = decoder.info().ok_or("it has no header")?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if width * height > MOST_PIXELS {
        return Err(format!("{height}x{width} pixels are too many"));
    }
    let grey = info.components == 1;
    let (colour, channels) = if grey {
        (ColorSpace::Luma, 1)
    } else {
        (ColorSpace::RGB, 3)
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colour));
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    let shape = ImageShape::new(channels, height, width);
    if shape.values() == 0 || pixels.len() != shape.values() {
        return Err("it breaks off".into());
    }
    Ok(Picture::from_interleaved(shape, &pixels))
}

/// A picture as the bytes of a PNG file, grey or in colours; the same bytes for the same picture.
///
/// # Panics
///
/// If the picture has other than 1 or 3 channels, or `values` is not one picture.
pub fn encode_png(shape: ImageShape, values: &[u8]) -> Vec<u8> {
    assert!(
        matches!(shape.channels, 1 | 3),
        "a PNG of ours is grey or has three colours"
    );
    let pixels = Picture::interleaved(shape, values);
    assert_eq!(pixels.len(), shape.values(), "a picture is whole");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, shape.width as u32, shape.height as u32);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(if shape.channels == 1 {
        png::ColorType::Grayscale
    } else {
        png::ColorType::Rgb
    });
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().expect("memory takes what is written");
    writer.write_image_data(&pixels).expect("the picture is whole");
    writer.finish().expect("memory takes what is written");
    bytes
}

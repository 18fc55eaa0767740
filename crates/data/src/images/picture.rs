//! One decoded picture, and how it gets the size and the channels that were asked for.

use counterpoise_base::{ImageShape, Images};
use rayon::prelude::*;

use super::ImageFacts;
use super::options::{Channels, ImageOptions, Resize};
use crate::Error;

/// A picture: its channels one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) shape: ImageShape,
    pub(super) values: Vec<u8>,
}

/// What was done to a picture on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changes {
    pub(super) resized: bool,
    pub(super) channels: bool,
    pub(super) alpha: bool,
    pub(super) depth: bool,
    pub(super) palette: bool,
}

impl Picture {
    pub(super) fn new(shape: ImageShape, values: Vec<u8>) -> Self {
        assert_eq!(values.len(), shape.values(), "a picture is whole");
        Self { shape, values }
    }

    /// Takes pixels one after the other apart into channels.
    pub(super) fn from_interleaved(shape: ImageShape, pixels: &[u8]) -> Self {
        let mut values = vec![0; shape.values()];
        let size = shape.height * shape.width;
        for (place, pixel) in pixels.chunks_exact(shape.channels).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                values[channel * size + place] = value;
            }
        }
        Self::new(shape, values)
    }

    /// Pixels one after the other.
    pub(super) fn interleaved(shape: ImageShape, values: &[u8]) -> Vec<u8> {
        let size = shape.height * shape.width;
        let mut pixels = Vec::with_capacity(values.len());
        for place in 0..size {
            pixels.extend((0..shape.channels).map(|channel| values[channel * size + place]));
        }
        pixels
    }

    /// Brings it to the channels and the size asked for, as far as the policy allows.
    pub(super) fn conform(self, options: &ImageOptions, changes: &mut Changes) -> Self {
        let picture = match options.channels {
            Some(channels) if channels.count() != self.shape.channels => {
                self.with_channels(channels, changes)
            }
            _ => self,
        };
        match options.size {
            Some(size) if size != (picture.shape.height, picture.shape.width) => {
                picture.resized(size, options.resize, changes)
            }
            _ => picture,
        }
    }

    fn with_channels(self, channels: Channels, changes: &mut Changes) -> Self {
        let size = self.shape.height * self.shape.width;
        let values = match (channels, self.shape.channels) {
            (Channels::Grey, 3) => {
                let (red, rest) = self.values.split_at(size);
                let (green, blue) = rest.split_at(size);
                let grey = |((&red, &green), &blue): ((&u8, &u8), &u8)| {
                    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
                    ((sum + 500) / 1000) as u8
                };
                red.iter().zip(green).zip(blue).map(grey).collect()
            }
            (Channels::Rgb, 1) => self.values.repeat(3),
            // Nobody knows what other numbers of channels mean; the set is refused as one of mixed channels.
            _ => return self,
        };
        changes.channels = true;
        let shape = ImageShape::new(channels.count(), self.shape.height, self.shape.width);
        Self::new(shape, values)
    }

    fn resized(self, (height, width): (usize, usize), resize: Resize, changes: &mut Changes) -> Self {
        let (from_height, from_width) = (self.shape.height, self.shape.width);
        let ratios = (
            height as f64 / from_height as f64,
            width as f64 / from_width as f64,
        );
        let by = |ratio: f64| {
            let side = |length: usize| ((length as f64 * ratio).round() as usize).max(1);
            (side(from_height), side(from_width))
        };
        let picture = match resize {
            Resize::Error => return self,
            Resize::Scale => self.scaled(height, width),
            Resize::Pad => {
                let ratio = ratios.0.min(ratios.1);
                let fitting = if ratio < 1.0 {
                    let (high, wide) = by(ratio);
                    self.scaled(high.min(height), wide.min(width))
                } else {
                    self
                };
                fitting.placed(height, width)
            }
            Resize::Crop => {
                let (high, wide) = by(ratios.0.max(ratios.1));
                self.scaled(high.max(height), wide.max(width))
                    .placed(height, width)
            }
        };
        changes.resized = true;
        picture
    }

    /// Stretches or shrinks; what shrinks is averaged with a triangle as wide as what becomes one pixel.
    fn scaled(self, height: usize, width: usize) -> Self {
        if (height, width) == (self.shape.height, self.shape.width) {
            return self;
        }
        let across = Weights::new(self.shape.width, width);
        let down = Weights::new(self.shape.height, height);
        let mut values = Vec::with_capacity(self.shape.channels * height * width);
        for plane in self.values.chunks_exact(self.shape.height * self.shape.width) {
            let mut lines: Vec<f32> = Vec::with_capacity(self.shape.height * width);
            for line in plane.chunks_exact(self.shape.width) {
                lines.extend(
                    across
                        .each()
                        .map(|(first, weights)| weighted(weights, &line[first..], f32::from)),
                );
            }
            for (first, weights) in down.each() {
                for column in 0..width {
                    let above = lines[first * width + column..].iter().step_by(width);
                    let value: f32 = weights
                        .iter()
                        .zip(above)
                        .map(|(weight, value)| weight * value)
                        .sum();
                    values.push(value.round().clamp(0.0, 255.0) as u8);
                }
            }
        }
        Self::new(ImageShape::new(self.shape.channels, height, width), values)
    }

    /// Puts it in the middle of a frame, black where it does not reach, cut where it is larger.
    fn placed(self, height: usize, width: usize) -> Self {
        let shape = ImageShape::new(self.shape.channels, height, width);
        let mut values = vec![0; shape.values()];
        // Where lines of the frame and of the picture begin, and how many both have.
        let overlap = |frame: usize, length: usize| {
            let common = frame.min(length);
            ((frame - common) / 2, (length - common) / 2, common)
        };
        let (top, skipped, lines) = overlap(height, self.shape.height);
        let (left, from, pixels) = overlap(width, self.shape.width);
        for channel in 0..self.shape.channels {
            for line in 0..lines {
                let source = (channel * self.shape.height + skipped + line) * self.shape.width + from;
                let target = (channel * height + top + line) * width + left;
                values[target..target + pixels].copy_from_slice(&self.values[source..source + pixels]);
            }
        }
        Self::new(shape, values)
    }
}

fn weighted<T: Copy>(weights: &[f32], values: &[T], number: impl Fn(T) -> f32) -> f32 {
    weights
        .iter()
        .zip(values)
        .map(|(weight, &value)| weight * number(value))
        .sum()
}

/// Which pixels a pixel is made of, along one side.
struct Weights(Vec<(usize, Vec<f32>)>);

impl Weights {
    fn new(from: usize, to: usize) -> Self {
        let step = from as f64 / to as f64;
        let reach = step.max(1.0);
        let weights = |place: usize| {
            let center = (place as f64 + 0.5) * step;
            let first = (center - reach).floor().max(0.0) as usize;
            let end = ((center + reach).ceil() as usize).min(from);
            let weight = |pixel: usize| (1.0 - ((pixel as f64 + 0.5 - center) / reach).abs()).max(0.0);
            let raw: Vec<f64> = (first..end).map(weight).collect();
            let sum: f64 = raw.iter().sum();
            (first, raw.iter().map(|weight| (weight / sum) as f32).collect())
        };
        Self((0..to).map(weights).collect())
    }

    fn each(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.0.iter().map(|(first, weights)| (*first, weights.as_slice()))
    }
}

/// Brings all pictures of an array to the size and the channels that were asked for.
pub(super) fn conform_all(
    file: &str,
    images: Images,
    options: &ImageOptions,
    facts: &mut ImageFacts,
) -> Result<Images, Error> {
    let shape = images.shape();
    let channels = options.channels.map_or(shape.channels, Channels::count);
    let (height, width) = options.size.unwrap_or((shape.height, shape.width));
    let wanted = ImageShape::new(channels, height, width);
    if shape == wanted {
        return Ok(images);
    }
    if (shape.height, shape.width) != (height, width) && options.resize == Resize::Error {
        return Err(Error::MixedSizes {
            file: file.into(),
            sizes: vec![((shape.height, shape.width), images.len())],
            wanted: options.size,
        });
    }
    if shape.channels != channels && !matches!((channels, shape.channels), (1, 3) | (3, 1)) {
        return Err(Error::MixedChannels {
            file: file.into(),
            channels: vec![(shape.channels, images.len())],
            wanted: Some(channels),
        });
    }
    let conformed: Vec<Vec<u8>> = (0..images.len())
        .into_par_iter()
        .map(|index| {
            let picture = Picture::new(shape, images.get(index).to_vec());
            picture.conform(options, &mut Changes::default()).values
        })
        .collect();
    if (shape.height, shape.width) != (height, width) {
        facts.resized = images.len();
    }
    if shape.channels != channels {
        facts.channels_changed = images.len();
    }
    Ok(Images::new(wanted, conformed.concat()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options(size: (usize, usize), resize: Resize) -> ImageOptions {
        ImageOptions {
            size: Some(size),
            resize,
            ..ImageOptions::default()
        }
    }

    fn check(from: (usize, usize), values: &[u8], options: &ImageOptions, expected: &[u8]) {
        let picture = Picture::new(ImageShape::new(1, from.0, from.1), values.to_vec());
        assert_eq!(picture.conform(options, &mut Changes::default()).values, expected);
    }

    #[test]
    fn halving_averages_with_a_triangle() {
        // Weights of the first pixel are 3/4 : 3/4 : 1/4 of its neighbours within reach, of the four that the triangle covers.
        check(
            (1, 4),
            &[0, 0, 70, 70],
            &options((1, 2), Resize::Scale),
            &[10, 60],
        );
        check((2, 2), &[8, 8, 8, 8], &options((1, 1), Resize::Scale), &[8]);
    }

    #[test]
    fn scaling_is_that_of_pillow() {
        let picture = |i: usize, j: usize| ((i * 37 + j * 91 + i * j * 13) % 256) as u8;
        let values: Vec<u8> = (0..35).map(|place| picture(place / 7, place % 7)).collect();
        // What Pillow 13.0.0 makes of it with `resize(…, BILINEAR)`; it rounds between lines and columns, we at the end.
        let recorded: [((usize, usize), &[i32]); 3] = [
            (
                (3, 4),
                &[66, 145, 116, 108, 126, 143, 122, 101, 129, 143, 160, 176],
            ),
            ((2, 3), &[111, 125, 110, 135, 147, 148]),
            ((5, 2), &[84, 110, 142, 127, 116, 85, 174, 179, 112, 155]),
        ];
        for (size, expected) in recorded {
            let picture = Picture::new(ImageShape::new(1, 5, 7), values.clone());
            let done = picture.conform(&options(size, Resize::Scale), &mut Changes::default());
            let near = |(&ours, &theirs): (&u8, &i32)| (i32::from(ours) - theirs).abs() <= 1;
            assert!(done.values.iter().zip(expected).all(near), "{:?}", done.values);
        }
    }

    #[test]
    fn a_small_picture_is_put_in_the_middle_of_black() {
        check(
            (1, 1),
            &[9],
            &options((3, 3), Resize::Pad),
            &[0, 0, 0, 0, 9, 0, 0, 0, 0],
        );
        check((2, 4), &[5; 8], &options((2, 2), Resize::Pad), &[5, 5, 0, 0]);
    }

    #[test]
    fn cutting_keeps_the_middle() {
        check((1, 3), &[1, 2, 3], &options((1, 1), Resize::Crop), &[2]);
    }

    #[test]
    fn grey_weighs_colours_as_eyes_do() {
        let picture = Picture::new(ImageShape::new(3, 1, 2), vec![255, 0, 0, 255, 0, 0]);
        let grey = ImageOptions {
            channels: Some(Channels::Grey),
            ..ImageOptions::default()
        };
        assert_eq!(picture.conform(&grey, &mut Changes::default()).values, [76, 150]);
    }

    proptest! {
        #[test]
        fn an_even_picture_stays_even_at_any_size(
            from in (1_usize..9, 1_usize..9), to in (1_usize..9, 1_usize..9), value: u8, crop: bool,
        ) {
            let resize = if crop { Resize::Crop } else { Resize::Scale };
            let picture = Picture::new(ImageShape::new(1, from.0, from.1), vec![value; from.0 * from.1]);
            let done = picture.conform(&options(to, resize), &mut Changes::default());
            prop_assert_eq!(done.values, vec![value; to.0 * to.1]);
        }
    }
}

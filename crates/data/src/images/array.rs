//! Arrays of three and four dimensions as pictures.

use counterpoise_base::{ImageShape, Images};

use super::options::Layout;

/// How an array lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimensions {
    pub(super) count: usize,
    pub(super) shape: ImageShape,
    pub(super) layout: Layout,
}

impl Dimensions {
    /// Channels stand first where the first length could be channels and the last could not, else last.
    pub(super) fn new(count: usize, [a, b, c]: [usize; 3], layout: Option<Layout>) -> Self {
        let guessed = if a <= 4 && c > 4 {
            Layout::ChannelsFirst
        } else {
            Layout::ChannelsLast
        };
        let layout = layout.unwrap_or(guessed);
        let shape = match layout {
            Layout::ChannelsFirst => ImageShape::new(a, b, c),
            Layout::ChannelsLast => ImageShape::new(c, a, b),
        };
        Self { count, shape, layout }
    }
}

/// Pictures from values in the order of the array, the last dimension fastest.
pub(super) fn images_from(dimensions: Dimensions, values: &[u8]) -> Images {
    let shape = dimensions.shape;
    if dimensions.layout == Layout::ChannelsFirst || shape.channels == 1 {
        return Images::new(shape, values.to_vec());
    }
    let size = shape.height * shape.width;
    let mut planes = vec![0; values.len()];
    for (picture, pixels) in planes
        .chunks_exact_mut(shape.values())
        .zip(values.chunks_exact(shape.values()))
    {
        for (place, pixel) in pixels.chunks_exact(shape.channels).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                picture[channel * size + place] = value;
            }
        }
    }
    Images::new(shape, planes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lengths: [usize; 3], layout: Option<Layout>, expected: (usize, usize, usize)) {
        let shape = Dimensions::new(5, lengths, layout).shape;
        assert_eq!((shape.channels, shape.height, shape.width), expected);
    }

    #[test]
    fn channels_stand_where_few_values_are() {
        check([3, 32, 32], None, (3, 32, 32));
        check([28, 28, 1], None, (1, 28, 28));
        check([32, 32, 3], None, (3, 32, 32));
        check([4, 4, 3], None, (3, 4, 4));
        check([4, 4, 3], Some(Layout::ChannelsFirst), (4, 4, 3));
        check([64, 8, 8], Some(Layout::ChannelsFirst), (64, 8, 8));
    }

    #[test]
    fn pixels_are_taken_apart_into_planes() {
        let dimensions = Dimensions::new(1, [1, 2, 3], None);
        assert_eq!(
            images_from(dimensions, &[1, 2, 3, 4, 5, 6]).get(0),
            [1, 4, 2, 5, 3, 6]
        );
    }
}

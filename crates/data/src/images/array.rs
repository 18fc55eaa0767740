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
    /// Channels are four or fewer, or what is not a side of a square; absent where that says nothing.
    pub(super) fn new(count: usize, [a, b, c]: [usize; 3], layout: Option<Layout>) -> Option<Self> {
        let guessed = || match (a, b, c) {
            _ if c <= 4 => Some(Layout::ChannelsLast),
            _ if a <= 4 => Some(Layout::ChannelsFirst),
            _ if a == b && b != c => Some(Layout::ChannelsLast),
            _ if b == c && a != b => Some(Layout::ChannelsFirst),
            _ => None,
        };
        let layout = layout.or_else(guessed)?;
        let shape = match layout {
            Layout::ChannelsFirst => ImageShape::new(a, b, c),
            Layout::ChannelsLast => ImageShape::new(c, a, b),
        };
        Some(Self { count, shape, layout })
    }

    /// Why there are none: the lengths say nothing.
    pub(super) fn unknown(lengths: &[usize]) -> String {
        let sides: Vec<String> = lengths.iter().map(ToString::to_string).collect();
        format!(
            "it is ({}), which does not tell where channels stand: write `--set data.read.layout=channels-first`, or `channels-last`",
            sides.join(", ")
        )
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
        let shape = Dimensions::new(5, lengths, layout).expect("it can be told").shape;
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
        check([5, 28, 28], None, (5, 28, 28));
        check([28, 28, 5], None, (5, 28, 28));
        assert_eq!(Dimensions::new(1, [5, 28, 30], None), None);
        assert_eq!(Dimensions::new(1, [8, 8, 8], None), None);
    }

    #[test]
    fn pixels_are_taken_apart_into_planes() {
        let dimensions = Dimensions::new(1, [1, 2, 3], None).expect("it can be told");
        assert_eq!(
            images_from(dimensions, &[1, 2, 3, 4, 5, 6]).get(0),
            [1, 4, 2, 5, 3, 6]
        );
    }
}

use crate::Labels;

/// Pictures of one shape, one byte a value: `(n, channels, height, width)`, planes of channels one after the other.
///
/// Networks see them as `f32` in `[-1, 1]`, which [`to_signed`] and [`from_signed`] define once for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    shape: ImageShape,
    values: Vec<u8>,
}

/// Channels, height and width of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageShape {
    /// Values a pixel: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Lines of pixels.
    pub height: usize,
    /// Pixels a line.
    pub width: usize,
}

/// Pictures with a class each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabeledImages {
    /// The pictures.
    pub images: Images,
    /// The class of every picture.
    pub labels: Labels,
    /// Where each picture was read from, for messages: a file, or a file and a place in it; absent for pictures that were
    /// made.
    pub names: Option<Vec<String>>,
}

/// A byte as networks see it, in `[-1, 1]`.
pub fn to_signed(value: u8) -> f32 {
    f32::from(value) / 127.5 - 1.0
}

/// The byte nearest to what a network says; values outside of `[-1, 1]` become black or white.
pub fn from_signed(value: f32) -> u8 {
    ((value + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8
}

impl ImageShape {
    /// A shape of `channels` planes.
    pub fn new(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }

    /// Values a picture.
    pub fn values(self) -> usize {
        self.channels * self.height * self.width
    }
}

impl std::fmt::Display for ImageShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

impl Images {
    /// `values` holds one picture after the other.
    ///
    /// # Panics
    ///
    /// If a picture is incomplete, or has no value at all.
    pub fn new(shape: ImageShape, values: Vec<u8>) -> Self {
        assert!(shape.values() > 0, "a picture of {shape} has no value");
        assert_eq!(
            values.len() % shape.values(),
            0,
            "pictures of {shape} need another number of values"
        );
        Self { shape, values }
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.values.len() / self.shape.values()
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The shape of every picture.
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// One picture: its channels, one after the other.
    pub fn get(&self, index: usize) -> &[u8] {
        &self.values[index * self.shape.values()..][..self.shape.values()]
    }

    /// All values, picture after picture.
    pub fn as_slice(&self) -> &[u8] {
        &self.values
    }

    /// Some pictures, in the order of `indices`.
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices
            .iter()
            .flat_map(|&index| self.get(index))
            .copied()
            .collect();
        Self {
            shape: self.shape,
            values,
        }
    }

    /// Puts the pictures of `other` behind these.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(self.shape, other.shape, "pictures have one shape");
        self.values.extend_from_slice(&other.values);
    }
}

impl LabeledImages {
    /// Pictures without names.
    ///
    /// # Panics
    ///
    /// If there are more labels than pictures, or fewer.
    pub fn new(images: Images, labels: Labels) -> Self {
        assert_eq!(images.len(), labels.len(), "every picture has one class");
        Self {
            images,
            labels,
            names: None,
        }
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Some pictures, in the order of `indices`; the classes stay those of the whole, so that codes mean the same.
    pub fn select(&self, indices: &[usize]) -> Self {
        let codes = indices.iter().map(|&index| self.labels.codes()[index]).collect();
        let names = |names: &Vec<String>| indices.iter().map(|&index| names[index].clone()).collect();
        Self {
            images: self.images.select(indices),
            labels: Labels::from_codes(self.labels.classes().to_vec(), codes),
            names: self.names.as_ref().map(names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_through_a_network() {
        for value in 0..=u8::MAX {
            assert_eq!(from_signed(to_signed(value)), value);
        }
        assert_eq!((to_signed(0), to_signed(255)), (-1.0, 1.0));
        assert_eq!((from_signed(-1.5), from_signed(7.0)), (0, 255));
    }

    #[test]
    fn a_selection_keeps_codes() {
        let images = Images::new(ImageShape::new(1, 1, 2), vec![1, 2, 3, 4, 5, 6]);
        let set = LabeledImages::new(images, Labels::from_names(&["a", "b", "c"]));
        let part = set.select(&[2]);
        assert_eq!((part.images.get(0), part.labels.codes()), (&[5, 6][..], &[2][..]));
        assert_eq!(part.labels.classes().len(), 3);
    }
}

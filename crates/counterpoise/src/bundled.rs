//! Two small real tables and a small set of pictures that come with the program, so that a first look needs no download.

use bytes::Bytes;
use counterpoise_data::{
    ImageOptions, Missing, Prepared, ReadImages, ReadOptions, Roles, prepare, read_bytes, read_idx_bytes,
};

use crate::Error;

/// A table that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// What people call it.
    pub name: &'static str,
    /// File name.
    pub file: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Who made it, and its licence.
    pub origin: &'static str,
    /// The column of classes.
    pub target: &'static str,
    /// Protected columns.
    pub groups: &'static [&'static str],
    /// The compressed file.
    pub bytes: &'static [u8],
}

/// German credit: 1000 applicants, 300 of them bad risks; groups by sex, and by age up to or above 25.
pub const GERMAN_CREDIT: Bundled = Bundled {
    name: "German credit",
    file: "german-credit.csv.gz",
    about: "1000 applicants for a credit; the rare class is a bad risk",
    origin: "Hofmann (1994), UCI Machine Learning Repository, CC BY 4.0; codes spelt out",
    target: "credit",
    groups: &["sex", "age<=25"],
    bytes: include_bytes!("../data/german-credit.csv.gz"),
};

/// Yeast: 1484 proteins and where they sit in the cell, the classes of fewer than 35 rows among `other`.
pub const YEAST: Bundled = Bundled {
    name: "Yeast",
    file: "yeast.csv.gz",
    about: "1484 proteins and where they sit in the cell; six classes of 762 to 35 rows",
    origin: "Nakai (1991), UCI Machine Learning Repository, CC BY 4.0; six classes",
    target: "site",
    groups: &[],
    bytes: include_bytes!("../data/yeast.csv.gz"),
};

impl Bundled {
    /// Which column is what.
    pub fn roles(&self) -> Roles {
        Roles {
            target: self.target.into(),
            groups: self.groups.iter().map(ToString::to_string).collect(),
            ..Roles::default()
        }
    }

    /// Reads it.
    pub fn prepared(&self) -> Result<Prepared, Error> {
        let read = read_bytes(self.file, Bytes::from_static(self.bytes), &ReadOptions::default())?;
        Ok(prepare(read.table, &self.roles(), Missing::Error)?)
    }
}

/// Pictures that come with the program.
#[derive(Debug, Clone, Copy)]
pub struct BundledImages {
    /// What people call them.
    pub name: &'static str,
    /// File name of the pictures.
    pub file: &'static str,
    /// File name of the labels.
    pub label_file: &'static str,
    /// What they are.
    pub about: &'static str,
    /// Who made them, and their licence.
    pub origin: &'static str,
    /// Classes, in the order of their codes.
    pub classes: &'static [&'static str],
    /// The compressed file of pictures.
    pub images: &'static [u8],
    /// The compressed file of labels.
    pub labels: &'static [u8],
}

/// Fashion-MNIST with a long tail: 1500 grey pictures of 28x28, from 500 T-shirts to 25 ankle boots.
///
/// They are the first of each class in the training file; `crates/data/examples/thin_pictures.rs` made them.
pub const FASHION_MNIST: BundledImages = BundledImages {
    name: "Fashion-MNIST, long-tailed",
    file: "train-images-idx3-ubyte.gz",
    label_file: "train-labels-idx1-ubyte.gz",
    about: "1500 pictures of clothes; ten classes of 500 to 25 pictures",
    origin: "Xiao, Rasul and Vollgraf (2017), Zalando SE, MIT; the first pictures of each class",
    classes: &[
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    images: include_bytes!("../data/fashion-mnist/train-images-idx3-ubyte.gz"),
    labels: include_bytes!("../data/fashion-mnist/train-labels-idx1-ubyte.gz"),
};

impl BundledImages {
    /// The files of pictures and of labels, as they are named.
    pub fn files(&self) -> [(&'static str, &'static [u8]); 2] {
        [(self.file, self.images), (self.label_file, self.labels)]
    }

    /// Reads them.
    pub fn read(&self) -> Result<ReadImages, Error> {
        let mut options = ImageOptions::default();
        options.classes = self.classes.iter().map(ToString::to_string).collect();
        Ok(read_idx_bytes(self.file, self.images, self.labels, &options)?)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;
    use counterpoise_data::{Imbalance, Keep, make_imbalance_of, read_images};

    use super::*;

    const COUNTS: [usize; 10] = [500, 300, 200, 150, 100, 80, 60, 50, 35, 25];

    #[test]
    fn bundled_pictures_have_a_long_tail() {
        let read = FASHION_MNIST.read().expect("they come with the program");
        assert_eq!(read.set.labels.counts(), COUNTS);
        assert_eq!(read.set.images.shape().to_string(), "1x28x28");
        assert!(read.warnings.is_empty());
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn bundled_pictures_are_the_first_of_the_original_file() {
        let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with the original files");
            return;
        };
        let folder = std::path::Path::new(&data).join("fashion-mnist");
        let all = read_images(&folder, &ImageOptions::default(), &())
            .expect("it is whole")
            .set;
        let rows = make_imbalance_of(
            &all.labels,
            &Imbalance::Ranked(COUNTS.to_vec()),
            Keep::First,
            &Seed::new(0),
        );
        let part = all.select(&rows.expect("there are enough"));
        let bundled = FASHION_MNIST.read().expect("they come with the program").set;
        assert_eq!(bundled.images, part.images);
        assert_eq!(bundled.labels.codes(), part.labels.codes());
    }
}

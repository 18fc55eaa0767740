use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// How pictures are read: the `[images]` table of a TOML file.
///
/// Without any of it, the format is recognised by names and contents, pictures keep their size and channels, and whatever
/// does not go together is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ImageOptions {
    /// What the file or folder is; recognised if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// Which part to read, where a folder or an archive has several.
    pub split: Split,
    /// File of labels (IDX, `.npy`) or of attributes (`CelebA`); looked for beside the pictures if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Names of classes, in the order of the codes that the file holds. A code without a name is an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Height and width to bring pictures to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(usize, usize)>,
    /// What happens to a picture of another size.
    pub resize: Resize,
    /// Channels to bring pictures to; as they are stored if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Channels>,
    /// What lies under pixels that are not opaque; white, with a warning, if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Alpha>,
    /// What happens to pictures that cannot be decoded.
    pub corrupt: Corrupt,
    /// Which labels of CIFAR-100 are read.
    pub cifar_labels: CifarLabels,
    /// What happens to pictures of `CelebA` with none of the five hair classes, or with several.
    pub hair: Hair,
    /// Where channels stand in an array of four dimensions; found out if not given, last if both would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// The array (NPZ) or column (Parquet) of pictures; found out if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_column: Option<String>,
    /// The array (NPZ) or column (Parquet) of labels; found out if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
}

impl Default for ImageOptions {
    fn default() -> Self {
        Self {
            format: None,
            split: Split::Train,
            labels: None,
            classes: Vec::new(),
            size: None,
            resize: Resize::Error,
            channels: None,
            alpha: None,
            corrupt: Corrupt::Error,
            cifar_labels: CifarLabels::Fine,
            hair: Hair::Skip,
            layout: None,
            image_column: None,
            label_column: None,
        }
    }
}

impl ImageOptions {
    /// Refuses a size of nothing, or one that no memory holds.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.size {
            Some((height, width)) if !(1..=1 << 14).contains(&height) || !(1..=1 << 14).contains(&width) => {
                Err(Error::OutOfRange {
                    option: "size",
                    value: format!("[{height}, {width}]"),
                    range: "1 to 16384 each",
                })
            }
            _ => Ok(()),
        }
    }
}

/// What a file or folder of pictures is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImageFormat {
    /// The files of MNIST, packed or not: one of pictures and one of labels.
    Idx,
    /// The binary version of CIFAR-10: a label and 3072 values a picture.
    #[serde(rename = "cifar-10")]
    Cifar10,
    /// The binary version of CIFAR-100: two labels and 3072 values a picture.
    #[serde(rename = "cifar-100")]
    Cifar100,
    /// Cropped digits of SVHN: `X` and `y` in a MATLAB 5 file.
    Svhn,
    /// `img_align_celeba` with `list_attr_celeba.txt`; hair is the class.
    Celeba,
    /// PNG and JPEG files, a folder a class.
    Folder,
    /// Arrays of NumPy: NPZ as MedMNIST lays it out, or `.npy` beside one of labels.
    Numpy,
    /// Parquet with a column of encoded pictures, as Hugging Face lays it out.
    Parquet,
}

impl ImageFormat {
    /// Its name, with an article.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Idx => "an IDX file",
            Self::Cifar10 => "the binary version of CIFAR-10",
            Self::Cifar100 => "the binary version of CIFAR-100",
            Self::Svhn => "a MATLAB 5 file of SVHN",
            Self::Celeba => "the layout of CelebA",
            Self::Folder => "a folder of class folders",
            Self::Numpy => "an array of NumPy",
            Self::Parquet => "a Parquet file of pictures",
        }
    }
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// What models are trained on.
    Train,
    /// What is held out to choose by.
    #[serde(alias = "val")]
    Validation,
    /// What is held out to judge by.
    Test,
}

impl Split {
    /// Names that it has in files.
    pub(crate) fn stems(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["train", "training"],
            Self::Validation => &["validation", "valid", "val"],
            Self::Test => &["test", "testing", "t10k"],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.stems()[0]
    }
}

/// What happens to a picture of another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Nothing is read, and the sizes are told.
    Error,
    /// It is stretched or shrunk to `size`, whatever its proportions.
    Scale,
    /// It is shrunk until it fits, if it does not, and put in the middle of black.
    Pad,
    /// It is scaled until it covers `size`, and the middle is cut out.
    Crop,
}

/// Channels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// One: the brightness (ITU-R 601).
    Grey,
    /// Three: red, green and blue; of grey, all the same.
    Rgb,
}

impl Channels {
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// What lies under pixels that are not opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alpha {
    /// White.
    White,
    /// Black.
    Black,
    /// Nothing: opacity is left out, and whatever colour is stored shows.
    Drop,
}

/// What happens to pictures that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Corrupt {
    /// Nothing is read, and they are named.
    Error,
    /// They are left out, counted and named.
    Skip,
}

/// Labels of CIFAR-100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CifarLabels {
    /// The 100 classes.
    Fine,
    /// The 20 superclasses.
    Coarse,
}

/// What happens to pictures without exactly one hair class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hair {
    /// They are left out and counted.
    Skip,
    /// Nothing is read, and they are counted.
    Error,
}

/// Where channels stand in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `(n, channels, height, width)`.
    ChannelsFirst,
    /// `(n, height, width, channels)`.
    ChannelsLast,
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Description;

    use super::super::Augment;
    use super::*;

    #[test]
    fn options_are_read_as_a_table() {
        let table = serde_json::json!({
            "format": "cifar-10", "split": "val", "size": [28, 32], "resize": "pad", "channels": "grey", "corrupt": "skip",
        });
        let options: ImageOptions = serde_json::from_value(table).expect("all of it is known");
        assert_eq!(options.format, Some(ImageFormat::Cifar10));
        assert_eq!((options.split, options.size), (Split::Validation, Some((28, 32))));
        assert!(serde_json::from_value::<ImageOptions>(serde_json::json!({"sizes": [1, 1]})).is_err());
        let augment =
            serde_json::json!({"pad": 4, "normalisation": {"channels": {"mean": [0.5], "std": [0.25]}}});
        let augment: Augment = serde_json::from_value(augment).expect("all of it is known");
        assert!(augment.pad == 4 && augment.normalisation.suits(3));
    }

    #[test]
    fn every_option_is_described() {
        let description = Description::of::<ImageOptions>("images");
        assert_eq!(description.parameters.len(), 14);
        assert!(
            description
                .parameters
                .iter()
                .all(|option| !option.about.is_empty())
        );
        let resize = description
            .parameters
            .iter()
            .find(|option| option.name == "resize");
        assert_eq!(resize.expect("an option").values, "error | scale | pad | crop");
    }
}

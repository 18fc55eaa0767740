//! Which colours the pixels have that a network looks at.

use counterpoise_base::{Images, Labels};
use rayon::prelude::*;
use serde::Serialize;

/// One of the 14 groups that colours are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourGroup {
    /// Any colour that is nearly without light.
    Black,
    /// Green in the shade.
    DarkGreen,
    /// Blue in the shade.
    DarkBlue,
    /// Hardly any colour, neither dark nor light.
    Gray,
    /// Orange, yellow and red in the shade, and pale orange.
    Brown,
    /// Between red and yellow.
    Orange,
    /// Red and pink.
    Red,
    /// From yellow-green to green-blue.
    Green,
    /// From cyan to violet.
    Blue,
    /// Yellow.
    Yellow,
    /// Pale blue.
    LightBlue,
    /// Pale green.
    LightGreen,
    /// Pale red.
    LightRed,
    /// Hardly any colour, and light.
    White,
}

/// Colours of the pixels that a network looks at most, class by class.
///
/// A colour belongs to one group by its lightness `v` (the largest of red, green and blue, as a share of 255), its saturation `s`
/// (how far the smallest lies below the largest, as a share of the largest) and its hue in degrees; the first line that fits decides:
///
/// | group | rule |
/// |---|---|
/// | black | `v < 0.2` |
/// | white | `s < 0.15` and `v >= 0.85` |
/// | gray | `s < 0.15` |
/// | brown | hue below 70 or from 300 on, and `v < 0.4`; hue from 15 to 45, and `v < 0.65` or `s < 0.35`; hue from 45 to 70, and `v < 0.5` |
/// | light red, red | hue below 15 or from 300 on; light where `v >= 0.7` and `s < 0.5` |
/// | orange | hue from 15 to 45 |
/// | yellow | hue from 45 to 70 |
/// | dark, light green, green | hue from 70 to 165; dark where `v < 0.4`, light where `v >= 0.7` and `s < 0.5` |
/// | dark, light blue, blue | hue from 165 to 300, as green |
///
/// Every colour is in one group, so that shares of a class sum to 1. Pictures in grey have black, gray and white alone.
///
/// # Source
///
/// The companion of the fragility paper ("Interpretable ML for imbalanced data", Dablain and others 2022) counts the 10 % of pixels
/// with the largest gradient by 14 groups of these names. Its rules leave colours out, which are counted nowhere; the rule here is
/// our own, and so are its limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ColourTextures {
    /// Which share of the pixels of each picture was counted.
    pub share: f64,
    /// The classes, in the order of their codes.
    pub classes: Vec<ClassColours>,
}

/// Colours of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClassColours {
    /// Its name.
    pub class: String,
    /// Its pictures.
    pub pictures: usize,
    /// Pixels that were counted.
    pub pixels: u64,
    /// All groups, in the order of [`ColourGroup::ALL`].
    pub groups: Vec<ColourShare>,
}

/// One group of colours in a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ColourShare {
    /// Which group.
    pub group: ColourGroup,
    /// Its share of the pixels that were counted; absent in a class without pictures.
    pub share: Option<f64>,
    /// Its share of all pixels of the class, to compare with: what is looked at because it is everywhere.
    pub of_all: Option<f64>,
    /// Means of red, green and blue over the counted pixels of the group, from 0 to 255; absent where there is none.
    pub mean: Option<[f64; 3]>,
}

/// Share of the pixels of a picture that count as looked at, in the companion of the fragility paper.
const USUAL: f64 = 0.1;

impl ColourGroup {
    /// All groups.
    pub const ALL: [Self; 14] = [
        Self::Black,
        Self::DarkGreen,
        Self::DarkBlue,
        Self::Gray,
        Self::Brown,
        Self::Orange,
        Self::Red,
        Self::Green,
        Self::Blue,
        Self::Yellow,
        Self::LightBlue,
        Self::LightGreen,
        Self::LightRed,
        Self::White,
    ];

    /// Its name in plain words: `light blue`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::DarkGreen => "dark green",
            Self::DarkBlue => "dark blue",
            Self::Gray => "gray",
            Self::Brown => "brown",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::LightBlue => "light blue",
            Self::LightGreen => "light green",
            Self::LightRed => "light red",
            Self::White => "white",
        }
    }

    /// The group of a colour, by the rule of [`ColourTextures`].
    pub fn of([red, green, blue]: [u8; 3]) -> Self {
        let [r, g, b] = [red, green, blue].map(|value| f64::from(value) / 255.0);
        let (most, least) = (r.max(g).max(b), r.min(g).min(b));
        if most < 0.2 {
            return Self::Black;
        }
        let saturation = (most - least) / most;
        if saturation < 0.15 {
            return if most >= 0.85 { Self::White } else { Self::Gray };
        }
        let span = most - least;
        let sector = if most == r {
            ((g - b) / span).rem_euclid(6.0)
        } else if most == g {
            (b - r) / span + 2.0
        } else {
            (r - g) / span + 4.0
        };
        let hue = 60.0 * sector;
        let pale = most >= 0.7 && saturation < 0.5;
        let shaded = |dark, light, plain| match (most < 0.4, pale) {
            (true, _) => dark,
            (_, true) => light,
            _ => plain,
        };
        match hue {
            hue if (70.0..165.0).contains(&hue) => shaded(Self::DarkGreen, Self::LightGreen, Self::Green),
            hue if (165.0..300.0).contains(&hue) => shaded(Self::DarkBlue, Self::LightBlue, Self::Blue),
            hue if (15.0..45.0).contains(&hue) => {
                if most < 0.65 || saturation < 0.35 {
                    Self::Brown
                } else {
                    Self::Orange
                }
            }
            hue if (45.0..70.0).contains(&hue) => {
                if most < 0.5 {
                    Self::Brown
                } else {
                    Self::Yellow
                }
            }
            _ => shaded(Self::Brown, Self::LightRed, Self::Red),
        }
    }
}

/// Pixels of a group, and sums of their colours.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    looked_at: u64,
    colours: [u64; 3],
    all: u64,
}

impl ColourTextures {
    /// Counts the tenth of the pixels of each picture that is most salient, at least one; of pixels that are equally salient, those
    /// that stand first. `saliency` is `(n, height * width)`, as a classifier tells it.
    ///
    /// Absent for pictures of other than 1 or 3 channels, which have no colours in this sense.
    ///
    /// # Panics
    ///
    /// If there are labels or numbers for other pictures than these.
    pub fn of(images: &Images, labels: &Labels, saliency: &[f32]) -> Option<Self> {
        Self::of_share(images, labels, saliency, USUAL)
    }

    /// The same for another share of the pixels, above 0 and at most 1.
    ///
    /// # Panics
    ///
    /// If there are labels or numbers for other pictures than these, or the share is outside of 0 to 1.
    pub fn of_share(images: &Images, labels: &Labels, saliency: &[f32], share: f64) -> Option<Self> {
        let shape = images.shape();
        if !matches!(shape.channels, 1 | 3) {
            return None;
        }
        let size = shape.height * shape.width;
        assert!(share > 0.0 && share <= 1.0, "a share is above 0 and at most 1");
        assert_eq!(labels.len(), images.len(), "every picture has one class");
        assert_eq!(saliency.len(), images.len() * size, "every pixel has a number");
        let counted = ((size as f64 * share) as usize).max(1);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); labels.classes().len()];
        for (row, &class) in labels.codes().iter().enumerate() {
            rows[class as usize].push(row);
        }
        // Sums of whole numbers: the order in which threads add them changes nothing.
        let classes = rows
            .into_par_iter()
            .zip(labels.classes())
            .map(|(rows, class)| {
                let mut sums = [Sum::default(); ColourGroup::ALL.len()];
                for &row in &rows {
                    count(images, row, &saliency[row * size..][..size], counted, &mut sums);
                }
                ClassColours::new(class, rows.len(), &sums)
            })
            .collect();
        Some(Self { share, classes })
    }
}

fn count(images: &Images, row: usize, saliency: &[f32], counted: usize, sums: &mut [Sum]) {
    let (picture, size) = (images.get(row), saliency.len());
    let channels = images.shape().channels;
    let colour = |pixel: usize| -> [u8; 3] {
        std::array::from_fn(|channel| picture[(channel % channels) * size + pixel])
    };
    for pixel in 0..size {
        sums[ColourGroup::of(colour(pixel)) as usize].all += 1;
    }
    let mut order: Vec<usize> = (0..size).collect();
    let farther = |a: &usize, b: &usize| saliency[*b].total_cmp(&saliency[*a]).then(a.cmp(b));
    if counted < size {
        order.select_nth_unstable_by(counted - 1, farther);
        order.truncate(counted);
    }
    for pixel in order {
        let colour = colour(pixel);
        let sum = &mut sums[ColourGroup::of(colour) as usize];
        sum.looked_at += 1;
        for (sum, value) in sum.colours.iter_mut().zip(colour) {
            *sum += u64::from(value);
        }
    }
}

impl ClassColours {
    fn new(class: &str, pictures: usize, sums: &[Sum]) -> Self {
        let pixels: u64 = sums.iter().map(|sum| sum.looked_at).sum();
        let all: u64 = sums.iter().map(|sum| sum.all).sum();
        let part = |count: u64, of: u64| (of > 0).then(|| count as f64 / of as f64);
        let share = |(&group, sum): (&ColourGroup, &Sum)| ColourShare {
            group,
            share: part(sum.looked_at, pixels),
            of_all: part(sum.all, all),
            mean: (sum.looked_at > 0).then(|| sum.colours.map(|total| total as f64 / sum.looked_at as f64)),
        };
        Self {
            class: class.to_owned(),
            pictures,
            pixels,
            groups: ColourGroup::ALL.iter().zip(sums).map(share).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::ImageShape;

    use super::*;

    #[test]
    fn colours_are_in_the_group_that_people_call_them() {
        let check = |colour: [u8; 3], expected: &str| {
            assert_eq!(ColourGroup::of(colour).name(), expected, "{colour:?}");
        };
        check([0, 0, 0], "black");
        check([10, 40, 20], "black");
        check([255, 255, 255], "white");
        check([220, 225, 230], "white");
        check([128, 128, 128], "gray");
        check([51, 51, 51], "gray");
        check([255, 0, 0], "red");
        check([230, 20, 60], "red");
        check([255, 150, 150], "light red");
        check([90, 20, 20], "brown");
        check([139, 69, 19], "brown");
        check([210, 180, 140], "brown");
        check([255, 140, 0], "orange");
        check([255, 255, 0], "yellow");
        check([240, 230, 60], "yellow");
        check([100, 100, 20], "brown");
        check([0, 200, 0], "green");
        check([0, 80, 0], "dark green");
        check([150, 240, 150], "light green");
        check([0, 0, 255], "blue");
        check([0, 200, 200], "blue");
        check([0, 0, 90], "dark blue");
        check([135, 206, 235], "light blue");
        check([128, 0, 200], "blue");
        check([255, 0, 200], "red");
    }

    #[test]
    fn every_group_has_a_place_of_its_own() {
        for (place, group) in ColourGroup::ALL.into_iter().enumerate() {
            assert_eq!(group as usize, place, "{}", group.name());
        }
    }

    fn labels(codes: &[u32]) -> Labels {
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        Labels::from_codes(classes, codes.to_vec())
    }

    fn share(textures: &ColourTextures, class: usize, group: ColourGroup) -> ColourShare {
        textures.classes[class].groups[group as usize]
    }

    /// Two pixels of red, one of blue, one of black; 2x2, planes one after the other.
    const PICTURE: [u8; 12] = [200, 240, 0, 0, 0, 0, 0, 0, 0, 0, 250, 0];

    #[test]
    fn the_most_salient_pixels_are_counted_and_the_first_of_equals() {
        let images = Images::new(ImageShape::new(3, 2, 2), PICTURE.repeat(3));
        let saliency = [
            [0.5, 0.1, 0.9, 0.0], // red and blue
            [0.2, 0.2, 0.2, 0.2], // both reds
            [0.0, 0.0, 0.3, 0.4], // blue and black
        ];
        let of = |codes: &[u32]| {
            ColourTextures::of_share(&images, &labels(codes), &saliency.concat(), 0.5)
                .expect("it has colours")
        };
        let textures = of(&[0, 0, 2]);
        assert_eq!(textures.classes[0].pixels, 4);
        let red = share(&textures, 0, ColourGroup::Red);
        assert_eq!((red.share, red.of_all), (Some(0.75), Some(0.5)));
        assert_eq!(red.mean, Some([(200.0 + 200.0 + 240.0) / 3.0, 0.0, 0.0]));
        let blue = share(&textures, 0, ColourGroup::Blue);
        assert_eq!(
            (blue.share, blue.of_all, blue.mean),
            (Some(0.25), Some(0.25), Some([0.0, 0.0, 250.0]))
        );
        let green = share(&textures, 0, ColourGroup::Green);
        assert_eq!(
            (green.share, green.of_all, green.mean),
            (Some(0.0), Some(0.0), None)
        );
        assert_eq!(share(&textures, 2, ColourGroup::Black).share, Some(0.5));
        // A class without pictures has no shares.
        assert_eq!(textures.classes[1].pictures, 0);
        assert_eq!(share(&textures, 1, ColourGroup::Red).share, None);
    }

    #[test]
    fn no_pixel_is_left_uncounted() {
        let side = 32;
        let shape = ImageShape::new(3, side, side);
        let values: Vec<u8> = (0..2 * shape.values())
            .map(|place| (place * 7919 % 256) as u8)
            .collect();
        let saliency: Vec<f32> = (0..2 * side * side)
            .map(|place| (place * 31 % 97) as f32)
            .collect();
        let images = Images::new(shape, values);
        let textures = ColourTextures::of(&images, &labels(&[0, 1]), &saliency).expect("it has colours");
        for class in &textures.classes[..2] {
            assert_eq!(class.pixels, 102);
            let sum: f64 = class.groups.iter().filter_map(|group| group.share).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        }
    }

    #[test]
    fn grey_pictures_are_black_gray_and_white() {
        let images = Images::new(ImageShape::new(1, 2, 2), vec![0, 100, 200, 255]);
        let textures =
            ColourTextures::of_share(&images, &labels(&[0]), &[1.0; 4], 1.0).expect("it has colours");
        for group in &textures.classes[0].groups {
            let expected = match group.group {
                ColourGroup::Black | ColourGroup::White => 0.25,
                ColourGroup::Gray => 0.5,
                _ => 0.0,
            };
            assert_eq!(group.share, Some(expected), "{:?}", group.group);
        }
    }

    #[test]
    fn pictures_without_colours_have_none() {
        let images = Images::new(ImageShape::new(4, 1, 1), vec![0; 4]);
        assert_eq!(ColourTextures::of(&images, &labels(&[0]), &[1.0]), None);
    }
}

//! `CelebA`: pictures in one folder, attributes in a text file; the class is the colour of hair.
//!
//! # Source
//!
//! Liu, Luo, Wang and Tang, "Deep Learning Face Attributes in the Wild" (ICCV 2015), for the files; Dablain, Krawczyk and
//! Chawla, `DeepSMOTE` (2021), for the five classes and their order.

use std::path::{Path, PathBuf};

use counterpoise_base::{Labels, Observer, Warning, counted};

use super::folder::{file_names, load};
use super::gather::{Encoded, Gathered, gather};
use super::labels::rare_classes;
use super::options::{Hair, ImageFormat, ImageOptions};
use super::source::{file_name, read_whole, shown, whole};
use super::{ImageFacts, ReadImages, labeled};
use crate::Error;

/// Classes in the order of the paper, and the attributes they are.
const CLASSES: [(&str, &str); 5] = [
    ("black", "Black_Hair"),
    ("brown", "Brown_Hair"),
    ("blond", "Blond_Hair"),
    ("gray", "Gray_Hair"),
    ("bald", "Bald"),
];

const ATTRIBUTES: [&str; 2] = ["list_attr_celeba.txt", "list_attr_celeba.csv"];

pub(super) fn is_attributes(name: &str) -> bool {
    ATTRIBUTES.contains(&name)
}

/// Whether a folder has the layout.
pub(super) fn is_folder(names: &[String]) -> bool {
    names.iter().any(|name| is_attributes(name))
}

fn fault(file: &Path, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: shown(file),
        format: ImageFormat::Celeba.title(),
        what: what.into(),
    }
}

/// Rows of the attribute file that have one hair class, and how many have none or several.
struct Rows {
    files: Vec<String>,
    codes: Vec<u32>,
    none: usize,
    several: usize,
}

fn rows(path: &Path, text: &str) -> Result<Rows, Error> {
    let cells = |line: &str| -> Vec<String> {
        line.split(|c: char| c == ',' || c.is_whitespace())
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let mut next = || {
        lines
            .next()
            .ok_or_else(|| fault(path, "it breaks off before its names"))
    };
    let (_, first) = next()?;
    // The publishers' file starts with the number of pictures, the one for spreadsheets with names.
    let said: Option<usize> = first.trim().parse().ok();
    let header = if said.is_some() {
        cells(next()?.1)
    } else {
        cells(first)
    };
    let names: Vec<&String> = header.iter().skip(usize::from(said.is_none())).collect();
    let mut places = [0; CLASSES.len()];
    for (place, (_, attribute)) in places.iter_mut().zip(CLASSES) {
        *place = names
            .iter()
            .position(|name| *name == attribute)
            .ok_or_else(|| fault(path, format!("it has no attribute `{attribute}`")))?;
    }
    let mut rows = Rows {
        files: Vec::new(),
        codes: Vec::new(),
        none: 0,
        several: 0,
    };
    let mut read = 0;
    for (number, line) in lines {
        let cells = cells(line);
        let [file, values @ ..] = &cells[..] else {
            continue;
        };
        if values.len() != names.len() {
            let what = format!(
                "line {} has {} attributes, and there are {}",
                number + 1,
                values.len(),
                names.len()
            );
            return Err(fault(path, what));
        }
        read += 1;
        let mut found = Vec::new();
        for (code, (&place, (_, attribute))) in places.iter().zip(CLASSES).enumerate() {
            match values[place].as_str() {
                "1" => found.push(code as u32),
                "-1" | "0" => {}
                other => {
                    let other = crate::error::shortened(other);
                    let what = format!(
                        "line {}: `{attribute}` is `{other}`, neither 1 nor -1",
                        number + 1
                    );
                    return Err(fault(path, what));
                }
            }
        }
        match found[..] {
            [] => rows.none += 1,
            [code] => {
                rows.files.push(file.clone());
                rows.codes.push(code);
            }
            _ => rows.several += 1,
        }
    }
    if let Some(said) = said.filter(|&said| said != read) {
        return Err(fault(path, format!("it says {said} pictures and holds {read}")));
    }
    Ok(rows)
}

pub(super) fn read(
    path: &Path,
    options: &ImageOptions,
    observer: &dyn Observer,
) -> Result<ReadImages, Error> {
    whole(path, options.split)?;
    let folder = if path.is_dir() {
        path.to_owned()
    } else {
        path.parent().map(Path::to_owned).unwrap_or_default()
    };
    let attributes = match &options.labels {
        Some(given) => given.clone(),
        None if !path.is_dir() => path.to_owned(),
        None => ATTRIBUTES
            .iter()
            .map(|name| folder.join(name))
            .find(|file| file.is_file())
            .ok_or_else(|| Error::NoLabels {
                file: shown(path),
                tried: ATTRIBUTES.map(str::to_owned).to_vec(),
            })?,
    };
    let text = read_whole(&attributes, observer)?;
    let text = String::from_utf8_lossy(&text);
    let rows = rows(&attributes, &text)?;
    if options.hair == Hair::Error && rows.none + rows.several > 0 {
        return Err(Error::Hair {
            file: shown(&attributes),
            none: rows.none,
            several: rows.several,
            one: rows.files.len(),
        });
    }
    let pictures = pictures_of(&folder, &rows)?;
    let file = shown(&pictures);
    if rows.files.is_empty() {
        return Err(Error::NoPictures {
            file,
            what: "none of its pictures has exactly one of the five hair classes".into(),
        });
    }
    let mut facts = ImageFacts {
        without_class: rows.none,
        several_classes: rows.several,
        ..ImageFacts::default()
    };
    let mut warnings = Vec::new();
    if rows.none + rows.several > 0 {
        let message = format!(
            "{} of `{}` with none of the five hair classes, and {} with several, are left out",
            counted(rows.none, "picture"),
            shown(&attributes),
            rows.several
        );
        warnings.push(Warning::new("images.hair", message));
    }
    let Gathered { images, kept } = gather(
        &Encoded {
            file: &file,
            count: rows.files.len(),
            load: &|index| load(&pictures.join(&rows.files[index])),
            name: &|index| rows.files[index].clone(),
        },
        options,
        &mut facts,
        &mut warnings,
        observer,
    )?;
    let classes = CLASSES.map(|(class, _)| class.to_owned()).to_vec();
    let labels = Labels::from_codes(classes, kept.iter().map(|&index| rows.codes[index]).collect());
    rare_classes(&file, &labels, &mut warnings);
    Ok(ReadImages {
        set: labeled(
            images,
            labels,
            Some(kept.iter().map(|&index| rows.files[index].clone()).collect()),
        ),
        format: ImageFormat::Celeba,
        facts,
        warnings,
    })
}

/// The folder of pictures: beside the attributes, or one deeper, as archives unpack it.
fn pictures_of(folder: &Path, rows: &Rows) -> Result<PathBuf, Error> {
    let aligned = folder.join("img_align_celeba");
    let candidates = [aligned.join("img_align_celeba"), aligned, folder.to_owned()];
    let has = |folder: &&PathBuf| {
        rows.files
            .iter()
            .take(100)
            .any(|name| folder.join(name).is_file())
    };
    if let Some(found) = candidates.iter().find(has) {
        return Ok(found.clone());
    }
    let there: Vec<String> = file_names(folder)?.into_iter().take(8).collect();
    Err(Error::NoPictures {
        file: shown(folder),
        what: format!(
            "the pictures of the attribute file are looked for in `{}` beside it, and there is {}",
            file_name(&candidates[1]),
            there.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use counterpoise_base::ImageShape;

    use super::super::{encode_png, read_images};
    use super::*;

    const HEADER: &str = "5_o_Clock_Shadow Bald Black_Hair Blond_Hair Brown_Hair Gray_Hair Hat";

    /// A data set of such rows; the picture of row `i` is grey of brightness `i`. PNG reads as JPEG does.
    fn check(rows: &[&str], hair: Hair) -> Result<ReadImages, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pictures = folder.path().join("img_align_celeba");
        std::fs::create_dir(&pictures).expect("there is room");
        let mut text = format!("{}\n{HEADER}\n", rows.len());
        for (row, values) in rows.iter().enumerate() {
            let name = format!("{:06}.jpg", row + 1);
            writeln!(text, "{name}  {values}").expect("memory");
            let bytes = encode_png(ImageShape::new(3, 2, 2), &[row as u8; 12]);
            std::fs::write(pictures.join(name), bytes).expect("there is room");
        }
        std::fs::write(folder.path().join("list_attr_celeba.txt"), text).expect("there is room");
        let options = ImageOptions {
            hair,
            ..ImageOptions::default()
        };
        read_images(folder.path(), &options, &())
    }

    const ROWS: [&str; 4] = [
        "-1 -1  1 -1 -1 -1 1",
        "-1  1 -1 -1 -1 -1 1",
        " 1 -1 -1 -1 -1 -1 1",
        "-1 -1  1 -1  1 -1 1",
    ];

    #[test]
    fn pictures_with_one_hair_class_are_read_and_the_others_counted() {
        let read = check(&ROWS, Hair::Skip).expect("it is whole");
        assert_eq!(
            read.set.labels.classes(),
            ["black", "brown", "blond", "gray", "bald"]
        );
        assert_eq!(read.set.labels.codes(), [0, 4]);
        assert_eq!((read.set.images.get(0)[0], read.set.images.get(1)[0]), (0, 1));
        assert_eq!((read.facts.without_class, read.facts.several_classes), (1, 1));
        assert!(read.warnings.iter().any(|warning| warning.code == "images.hair"));
    }

    #[test]
    fn pictures_without_one_class_can_be_refused() {
        let error = check(&ROWS, Hair::Error).expect_err("two have not one");
        assert!(error.to_string().contains("1 picture has none"), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn attributes_that_break_off_are_told_with_their_line() {
        let error = check(&["-1 -1 1"], Hair::Skip)
            .expect_err("four are missing")
            .to_string();
        assert!(error.contains("line 3 has 3 attributes"), "{error}");
    }
}

//! Folders of pictures, a folder a class.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning, agree, counted};

use super::gather::{Encoded, Gathered, gather};
use super::labels::{Stored, listed, rare_classes};
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{file_name, natural, shown, unreadable, whole};
use super::{ImageFacts, ReadImages, labeled};
use crate::Error;

/// How deep folders of a class are looked into.
const DEPTH: usize = 8;

/// Names of what lies in a folder, hidden files and names that are not text left out, in order.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = entries(folder)?
        .into_iter()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .collect();
    names.sort_by(|a, b| natural(a, b));
    Ok(names)
}

/// What lies in a folder, hidden files left out.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| unreadable(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !file_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Whether a file is a picture by its name.
pub(super) fn is_picture(name: &str) -> bool {
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase());
    matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// Whether there is a folder with a picture in it, at the depth of classes or of classes in splits.
pub(super) fn has_class_folders(folder: &Path) -> Result<bool, Error> {
    let folders = |folder: &Path| -> Result<Vec<PathBuf>, Error> {
        Ok(entries(folder)?
            .into_iter()
            .filter(|path| path.is_dir())
            .collect())
    };
    for class in folders(folder)? {
        if entries(&class)?.iter().any(|path| is_picture(&file_name(path))) {
            return Ok(true);
        }
        for deeper in folders(&class)? {
            if entries(&deeper)?.iter().any(|path| is_picture(&file_name(path))) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The folder of a split, if the folder is cut into splits.
fn split_folder(folder: &Path, split: Split) -> Result<PathBuf, Error> {
    let names = file_names(folder)?;
    let folders: Vec<&String> = names.iter().filter(|name| folder.join(name).is_dir()).collect();
    let is = |name: &str, split: Split| split.stems().contains(&name.to_lowercase().as_str());
    let splits = [Split::Train, Split::Validation, Split::Test];
    let cut = folders.len() > 1
        && folders.iter().any(|name| is(name, Split::Train))
        && folders
            .iter()
            .all(|name| splits.iter().any(|&split| is(name, split)));
    if !cut {
        whole(folder, split)?;
        return Ok(folder.into());
    }
    let found = folders.iter().find(|name| is(name, split));
    found.map(|name| folder.join(name)).ok_or_else(|| Error::NoSplit {
        file: shown(folder),
        split: split.name(),
        there: folders.into_iter().cloned().collect(),
    })
}

/// Adds the pictures of a class; returns how many files were passed over. Links to folders are, as they may go in circles.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<usize, Error> {
    let mut passed = 0;
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            passed += collect(&path, depth - 1, found)?;
        } else if path.is_dir() {
            passed += 1;
        } else if is_picture(&file_name(&path)) {
            found.push(path);
        } else {
            passed += 1;
        }
    }
    Ok(passed)
}

pub(super) fn read(
    path: &Path,
    options: &ImageOptions,
    observer: &dyn Observer,
) -> Result<ReadImages, Error> {
    if !path.is_dir() {
        return Err(Error::ImageFile {
            file: shown(path),
            format: ImageFormat::Folder.title(),
            what: "it is a file".into(),
        });
    }
    let root = split_folder(path, options.split)?;
    let file = shown(&root);
    let mut classes = Vec::new();
    let (mut loose, mut passed) = (0, 0);
    for path in entries(&root)? {
        let name = file_name(&path);
        if !path.is_dir() {
            loose += usize::from(is_picture(&name));
            continue;
        }
        if path.file_name().and_then(|name| name.to_str()).is_none() {
            return Err(Error::ImageFile {
                file: shown(&path),
                format: ImageFormat::Folder.title(),
                what: "the name of a class is not UTF-8 text".into(),
            });
        }
        let mut pictures = Vec::new();
        passed += collect(&path, DEPTH, &mut pictures)?;
        pictures.sort_by(|a, b| natural(&shown(a), &shown(b)));
        classes.push((name, pictures));
    }
    classes.sort_by(|(a, _), (b, _)| natural(a, b));
    let mut warnings = Vec::new();
    let empty: Vec<&str> = classes
        .iter()
        .filter(|(_, pictures)| pictures.is_empty())
        .map(|(class, _)| class.as_str())
        .collect();
    if !empty.is_empty() && empty.len() < classes.len() {
        let message = format!("`{file}` has no picture in the folder of {}", listed(&empty));
        warnings.push(Warning::new("images.empty-class", message));
    }
    if loose > 0 {
        let message = format!(
            "{} of `{file}` {} in no folder of a class and {} not read",
            counted(loose, "picture"),
            agree(loose, "lies", "lie"),
            agree(loose, "is", "are")
        );
        warnings.push(Warning::new("images.loose", message));
    }
    if passed > 0 {
        let message = format!(
            "{} of `{file}` {} not read: no PNG or JPEG by the name, or a link to a folder",
            counted(passed, "file"),
            agree(passed, "is", "are")
        );
        warnings.push(Warning::new("images.other-files", message));
    }
    let rows: Vec<(&str, &Path)> = classes
        .iter()
        .flat_map(|(class, pictures)| pictures.iter().map(|path| (class.as_str(), path.as_path())))
        .collect();
    if rows.is_empty() {
        return Err(Error::NoPictures {
            file,
            what: "no folder of a class has a PNG or a JPEG".into(),
        });
    }
    let name = |index: usize| below(&root, rows[index].1);
    let mut facts = ImageFacts::default();
    let Gathered { images, kept } = gather(
        &Encoded {
            file: &file,
            count: rows.len(),
            load: &|index| load(rows[index].1),
            name: &name,
        },
        options,
        &mut facts,
        &mut warnings,
        observer,
    )?;
    let names: Vec<String> = kept.iter().map(|&index| rows[index].0.to_owned()).collect();
    let labels = Stored::Names(names).labels(&file, None, options)?;
    rare_classes(&file, &labels, &mut warnings);
    Ok(ReadImages {
        set: labeled(
            images,
            labels,
            Some(kept.iter().map(|&index| name(index)).collect()),
        ),
        format: ImageFormat::Folder,
        facts,
        warnings,
    })
}

/// Bytes of a file, or why there are none.
pub(super) fn load<'a>(path: &Path) -> Result<Cow<'a, [u8]>, String> {
    std::fs::read(path)
        .map(Cow::Owned)
        .map_err(|error| error.to_string())
}

/// A path below a folder, with strokes on every system.
pub(super) fn below(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

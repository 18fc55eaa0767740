//! Sets of labelled pictures out.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, LabeledImages, Observer, Warning};
use flate2::write::GzEncoder;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::picture::Picture;
use super::source::{file_name, has_extension, shown};
use super::{cifar, codec, idx};
use crate::whole_file::WholeFolder;
use crate::{Error, WholeFile, npy};

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImageOutput {
    /// A folder with a folder a class, and in it `00000.png`, `00001.png`, ….
    PngFolder,
    /// Two IDX files: `…images-idx3-ubyte` and `…labels-idx1-ubyte`, packed if the name ends in `.gz`.
    Idx,
    /// One NPZ with the arrays `images`, `labels` and `classes`.
    Npz,
    /// The binary version of CIFAR, packed if the name ends in `.gz`; for pictures of 3x32x32.
    Cifar,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct WrittenImages {
    /// Files, or the one folder.
    pub files: Vec<PathBuf>,
    /// What the format could not hold.
    pub warnings: Vec<Warning>,
}

impl ImageOutput {
    /// What a name says; a name without an extension is a folder.
    pub fn of(path: &Path) -> Option<Self> {
        let name = file_name(path).to_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        if plain.ends_with("ubyte") || has_extension(plain, "idx") {
            return Some(Self::Idx);
        }
        match plain.rsplit_once('.') {
            Some((_, "npz")) if plain == name => Some(Self::Npz),
            Some((_, "bin")) => Some(Self::Cifar),
            None if plain == name => Some(Self::PngFolder),
            _ => None,
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

fn failed(path: &Path, source: impl Into<Cause>) -> Error {
    Error::Write {
        file: path.into(),
        source: source.into(),
    }
}

/// Writes pictures and classes, whole or not at all.
///
/// What stands there already is replaced if `overwrite` says so, and only once all is written.
pub fn write_images(
    path: &Path,
    output: ImageOutput,
    set: &LabeledImages,
    overwrite: bool,
    observer: &dyn Observer,
) -> Result<WrittenImages, Error> {
    suits(output, set.images.shape(), set.labels.classes().len())?;
    match output {
        ImageOutput::PngFolder => png_folder(path, set, overwrite, observer),
        ImageOutput::Idx => idx_pair(path, set, overwrite),
        ImageOutput::Npz => npz(path, set, None, overwrite),
        ImageOutput::Cifar => cifar_batch(path, set, overwrite),
    }
}

/// Writes pictures with shares of classes, `(n, classes)` row after row, as one NPZ with the array `shares` beside those of
/// [`ImageOutput::Npz`]: the one format that holds them.
///
/// # Panics
///
/// If there is not a share for every class of every picture.
pub fn write_images_with_shares(
    path: &Path,
    set: &LabeledImages,
    shares: &[f32],
    overwrite: bool,
) -> Result<WrittenImages, Error> {
    assert_eq!(shares.len(), set.len() * set.labels.classes().len());
    npz(path, set, Some(shares), overwrite)
}

/// Finds out before the work is done whether [`write_images`] could write pictures of a shape, in so many classes.
pub fn check_images(
    path: &Path,
    output: ImageOutput,
    shape: ImageShape,
    classes: usize,
    overwrite: bool,
) -> Result<(), Error> {
    suits(output, shape, classes)?;
    free(path, overwrite)?;
    if output == ImageOutput::PngFolder {
        only_written(path)?;
        return WholeFolder::create(path)
            .map(drop)
            .map_err(|error| failed(path, error));
    }
    if output == ImageOutput::Idx {
        free(&label_path(path)?, overwrite)?;
    }
    WholeFile::create(path)
        .map(drop)
        .map_err(|error| failed(path, error))
}

/// Fails for pictures that a format cannot hold.
fn suits(output: ImageOutput, shape: ImageShape, classes: usize) -> Result<(), Error> {
    let misfit = |format: &'static str, needed: &'static str| Error::ShapeMisfit {
        shape,
        format,
        needed,
    };
    let too_many = |format: &'static str, most: usize| Error::TooManyClasses {
        classes,
        format,
        most,
    };
    match output {
        ImageOutput::PngFolder if !matches!(shape.channels, 1 | 3) => Err(misfit("PNG", "1 or 3 channels")),
        ImageOutput::Cifar if shape != cifar::shape() => {
            Err(misfit("the binary version of CIFAR", "pictures of 3x32x32"))
        }
        ImageOutput::Cifar if classes > 10 => Err(too_many("the binary version of CIFAR-10", 10)),
        ImageOutput::Idx if classes > 256 => Err(too_many("IDX", 256)),
        _ => Ok(()),
    }
}

/// A file that is being written, packed if its name says so.
struct Pack {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    Plain(BufWriter<WholeFile>),
    Gzip(Box<GzEncoder<BufWriter<WholeFile>>>),
}

impl Pack {
    fn create(path: &Path, overwrite: bool) -> Result<Self, Error> {
        free(path, overwrite)?;
        let file = WholeFile::create(path).map_err(|error| failed(path, error))?;
        let buffer = BufWriter::with_capacity(1 << 17, file);
        let packed = has_extension(&file_name(path), "gz");
        let sink = if packed {
            Sink::Gzip(Box::new(GzEncoder::new(buffer, flate2::Compression::best())))
        } else {
            Sink::Plain(buffer)
        };
        Ok(Self {
            path: path.into(),
            sink,
        })
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let written = match &mut self.sink {
            Sink::Plain(sink) => write(sink),
            Sink::Gzip(sink) => write(sink),
        };
        written.map_err(|error| failed(&self.path, error))
    }

    /// Everything on disk, under its temporary name.
    fn whole(self) -> Result<(PathBuf, WholeFile), Error> {
        let Self { path, sink } = self;
        let buffer = match sink {
            Sink::Plain(buffer) => Ok(buffer),
            Sink::Gzip(encoder) => encoder.finish(),
        };
        let file = buffer.and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
        file.map(|file| (path.clone(), file))
            .map_err(|error| failed(&path, error))
    }
}

/// Refuses to replace what stands there, unless told to.
fn free(path: &Path, overwrite: bool) -> Result<(), Error> {
    if !overwrite && path.symlink_metadata().is_ok() {
        return Err(Error::Exists { file: shown(path) });
    }
    Ok(())
}

/// Gives files their names once all of them are whole.
fn finish(files: Vec<Pack>) -> Result<Vec<PathBuf>, Error> {
    let whole: Vec<(PathBuf, WholeFile)> = files.into_iter().map(Pack::whole).collect::<Result<_, _>>()?;
    let mut placed = Vec::new();
    for (path, file) in whole {
        file.finish().map_err(|error| failed(&path, error))?;
        placed.push(path);
    }
    Ok(placed)
}

/// Whether names of classes are the codes, so that nothing is lost without them.
fn are_codes(classes: &[String]) -> bool {
    classes
        .iter()
        .enumerate()
        .all(|(code, class)| *class == code.to_string())
}

/// Classes as bytes, where [`suits`] found few enough.
fn byte_labels(set: &LabeledImages) -> Vec<u8> {
    set.labels.codes().iter().map(|&code| code as u8).collect()
}

/// A file of class names a line.
fn class_file(path: Option<PathBuf>, classes: &[String], overwrite: bool) -> Result<Option<Pack>, Error> {
    // Names that stand there from before would be read as those of these classes.
    let needed = |path: &PathBuf| !are_codes(classes) || path.exists();
    let Some(path) = path.filter(needed) else {
        return Ok(None);
    };
    let mut pack = Pack::create(&path, overwrite)?;
    let line = |class: &String| class.replace(['\n', '\r'], " ");
    let lines: Vec<String> = classes.iter().map(line).collect();
    pack.write(|sink| writeln!(sink, "{}", lines.join("\n")))?;
    Ok(Some(pack))
}

/// Pixels one after the other, picture after picture.
fn interleaved(set: &LabeledImages) -> Vec<u8> {
    let shape = set.images.shape();
    if shape.channels == 1 {
        return set.images.as_slice().to_vec();
    }
    let pictures: Vec<Vec<u8>> = (0..set.len())
        .into_par_iter()
        .map(|index| Picture::interleaved(shape, set.images.get(index)))
        .collect();
    pictures.concat()
}

/// Lengths of the array of pictures.
fn lengths(shape: ImageShape, count: usize) -> Vec<usize> {
    let mut lengths = vec![count, shape.height, shape.width];
    if shape.channels > 1 {
        lengths.push(shape.channels);
    }
    lengths
}

/// Where the labels beside pictures go.
fn label_path(path: &Path) -> Result<PathBuf, Error> {
    idx::label_path(path).ok_or_else(|| {
        let what = "its name has no `images`, which becomes `labels` in the name of the second file, as in `x-images-idx3-ubyte.gz`";
        failed(path, what)
    })
}

fn idx_pair(path: &Path, set: &LabeledImages, overwrite: bool) -> Result<WrittenImages, Error> {
    let label_path = label_path(path)?;
    let labels = byte_labels(set);
    let mut images = Pack::create(path, overwrite)?;
    let mut second = Pack::create(&label_path, overwrite)?;
    let classes = class_file(idx::class_path(path), set.labels.classes(), overwrite)?;
    let sides = lengths(set.images.shape(), set.len());
    images.write(|sink| idx::encode(&sides, &interleaved(set), sink))?;
    second.write(|sink| idx::encode(&[labels.len()], &labels, sink))?;
    let mut files = vec![images, second];
    files.extend(classes);
    Ok(WrittenImages {
        files: finish(files)?,
        warnings: Vec::new(),
    })
}

fn cifar_batch(path: &Path, set: &LabeledImages, overwrite: bool) -> Result<WrittenImages, Error> {
    let labels = byte_labels(set);
    let mut batch = Pack::create(path, overwrite)?;
    let names = class_file(Some(cifar::meta_path(path)), set.labels.classes(), overwrite)?;
    batch.write(|sink| {
        for (index, label) in labels.iter().enumerate() {
            sink.write_all(&[*label])?;
            sink.write_all(set.images.get(index))?;
        }
        Ok(())
    })?;
    let mut files = vec![batch];
    files.extend(names);
    Ok(WrittenImages {
        files: finish(files)?,
        warnings: Vec::new(),
    })
}

/// Keeps the first error to itself: what writes an archive would tell of it on stderr when it is dropped.
struct Quiet {
    sink: BufWriter<WholeFile>,
    error: Option<io::Error>,
}

impl Quiet {
    fn hear(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }
}

impl Write for Quiet {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.error.is_none() {
            let result = self.sink.write_all(buffer);
            self.hear(result);
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_none() {
            let result = self.sink.flush();
            self.hear(result);
        }
        Ok(())
    }
}

fn npz(
    path: &Path,
    set: &LabeledImages,
    shares: Option<&[f32]>,
    overwrite: bool,
) -> Result<WrittenImages, Error> {
    free(path, overwrite)?;
    let file = WholeFile::create(path).map_err(|error| failed(path, error))?;
    let mut archive = ZipWriter::new_stream(Quiet {
        sink: BufWriter::with_capacity(1 << 17, file),
        error: None,
    });
    let mut add = |name: &str, kind: &str, lengths: &[usize], values: &[u8]| -> Result<(), Error> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::DEFAULT)
            .large_file(values.len() >= u32::MAX as usize / 2);
        archive
            .start_file(format!("{name}.npy"), options)
            .map_err(|error| failed(path, error))?;
        npy::write_header(kind, lengths, &mut archive)
            .and_then(|()| archive.write_all(values))
            .map_err(|error| failed(path, error))
    };
    let sides = lengths(set.images.shape(), set.len());
    add("images", "|u1", &sides, &interleaved(set))?;
    let codes = set.labels.codes();
    if set.labels.classes().len() <= 256 {
        let labels: Vec<u8> = codes.iter().map(|&code| code as u8).collect();
        add("labels", "|u1", &[codes.len()], &labels)?;
    } else {
        let labels: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
        add("labels", "<u4", &[codes.len()], &labels)?;
    }
    let classes = set.labels.classes();
    let longest = classes
        .iter()
        .map(|class| class.chars().count())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut texts = Vec::with_capacity(classes.len() * longest * 4);
    for class in classes {
        let characters = class.chars().map(u32::from).chain(std::iter::repeat(0));
        texts.extend(characters.take(longest).flat_map(u32::to_le_bytes));
    }
    add("classes", &format!("<U{longest}"), &[classes.len()], &texts)?;
    if let Some(shares) = shares {
        let bytes: Vec<u8> = shares.iter().flat_map(|share| share.to_le_bytes()).collect();
        add("shares", "<f4", &[set.len(), classes.len()], &bytes)?;
    }
    let quiet = archive
        .finish()
        .map_err(|error| failed(path, error))?
        .into_inner();
    if let Some(error) = quiet.error {
        return Err(failed(path, error));
    }
    quiet
        .sink
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(WholeFile::finish)
        .map_err(|error| failed(path, error))?;
    Ok(WrittenImages {
        files: vec![path.into()],
        warnings: Vec::new(),
    })
}

/// Names of folders for classes: what no file system takes becomes `_`, and names that fall together get a number.
fn folder_names(classes: &[String]) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for class in classes {
        let odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
        let plain: String = class.chars().map(|c| if odd(c) { '_' } else { c }).collect();
        // A hidden folder, or one of blanks, would not be read again.
        let plain = match plain.trim_end_matches([' ', '.']) {
            "" => "_".to_owned(),
            hidden if hidden.starts_with('.') => format!("_{}", &hidden[1..]),
            plain => plain.to_owned(),
        };
        let plain: String = plain.chars().take(80).collect();
        // Some file systems do not tell capitals from small letters.
        let free = |name: &String| {
            taken
                .iter()
                .all(|known| known.to_lowercase() != name.to_lowercase())
        };
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let name = std::iter::once(plain.clone())
            .chain(numbered)
            .find(free)
            .expect("numbers never run out");
        taken.push(name);
    }
    taken
}

/// Whether a folder holds nothing but what [`png_folder`] writes, so that nobody's files go with it.
fn is_written(folder: &Path) -> io::Result<bool> {
    for class in std::fs::read_dir(folder)? {
        let class = class?.path();
        if !class.is_dir() || class.is_symlink() {
            return Ok(false);
        }
        for picture in std::fs::read_dir(class)? {
            let name = picture?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".png"));
            if !stem.is_some_and(|stem| stem.len() >= 5 && stem.bytes().all(|byte| byte.is_ascii_digit())) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Refuses to replace a folder with files of somebody.
fn only_written(path: &Path) -> Result<(), Error> {
    if path.is_dir() && !is_written(path).map_err(|error| failed(path, error))? {
        let other = "it holds other files than numbered pictures in class folders, which would be lost";
        return Err(failed(path, other));
    }
    Ok(())
}

/// Pictures written between two events.
const CHUNK: usize = 512;

fn png_folder(
    path: &Path,
    set: &LabeledImages,
    overwrite: bool,
    observer: &dyn Observer,
) -> Result<WrittenImages, Error> {
    free(path, overwrite)?;
    only_written(path)?;
    let folder = WholeFolder::create(path).map_err(|error| failed(path, error))?;
    let classes = set.labels.classes();
    let folders = folder_names(classes);
    let counts = set.labels.counts();
    for (name, _) in folders.iter().zip(&counts).filter(|&(_, &count)| count > 0) {
        std::fs::create_dir(folder.path().join(name)).map_err(|error| failed(path, error))?;
    }
    let mut numbers = vec![0_usize; classes.len()];
    let targets: Vec<PathBuf> = set
        .labels
        .codes()
        .iter()
        .map(|&code| {
            let number = &mut numbers[code as usize];
            let target = folder
                .path()
                .join(&folders[code as usize])
                .join(format!("{number:05}.png"));
            *number += 1;
            target
        })
        .collect();
    let task = format!("writing {}", shown(path));
    for start in (0..set.len()).step_by(CHUNK) {
        let end = (start + CHUNK).min(set.len());
        (start..end)
            .into_par_iter()
            .try_for_each(|index| {
                let bytes = codec::encode_png(set.images.shape(), set.images.get(index));
                std::fs::write(&targets[index], bytes)
            })
            .map_err(|error| failed(path, error))?;
        let event = counterpoise_base::Event::Progress {
            task: &task,
            done: end as u64,
            total: set.len() as u64,
        };
        if observer.observe(&event).is_break() {
            return Err(Error::Stopped);
        }
    }
    folder.finish(overwrite).map_err(|error| failed(path, error))?;
    let renamed: Vec<String> = classes
        .iter()
        .zip(&folders)
        .zip(&counts)
        .filter(|&((class, folder), &count)| class != folder && count > 0)
        .map(|((class, folder), _)| format!("`{}` is `{folder}`", crate::error::shortened(class)))
        .collect();
    let mut warnings = Vec::new();
    if !renamed.is_empty() {
        let message = format!(
            "names of classes that no folder can have were changed: {}",
            renamed.join(", ")
        );
        warnings.push(Warning::new("images.class-renamed", message));
    }
    Ok(WrittenImages {
        files: vec![path.into()],
        warnings,
    })
}

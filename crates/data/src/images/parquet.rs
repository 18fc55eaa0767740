//! Parquet with encoded pictures, as Hugging Face lays it out: a column of structs with `bytes` and `path`, or of bytes.

use std::borrow::Cow;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, BinaryArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use arrow_select::concat::concat;
use counterpoise_base::{Event, Observer};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::folder::file_names;
use super::gather::{Encoded, Gathered, gather};
use super::labels::{Stored, rare_classes};
use super::options::{ImageFormat, ImageOptions, Split};
use super::source::{file_name, has_extension, natural, shown, unreadable, whole};
use super::{ImageFacts, ReadImages, labeled};
use crate::Error;

/// Rows decoded at a time.
const BATCH: usize = 1024;

fn fault(file: &Path, what: impl Into<String>) -> Error {
    Error::ImageFile {
        file: shown(file),
        format: ImageFormat::Parquet.title(),
        what: what.into(),
    }
}

fn is_parquet(name: &str) -> bool {
    has_extension(name, "parquet")
}

/// The folder that holds the files: itself, or the one folder in it, as repositories have it.
fn folder_of_files(folder: &Path, names: &[String]) -> Option<PathBuf> {
    if names.iter().any(|name| is_parquet(name)) {
        return Some(folder.to_owned());
    }
    let deeper = names
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_dir());
    let mut found =
        deeper.filter(|path| file_names(path).is_ok_and(|names| names.iter().any(|name| is_parquet(name))));
    let one = found.next()?;
    found.next().is_none().then_some(one)
}

/// Whether a folder holds such files.
pub(super) fn is_folder(folder: &Path, names: &[String]) -> bool {
    folder_of_files(folder, names).is_some()
}

/// Files of a split, in the order of their numbers; all files if none names a split.
fn in_folder(folder: &Path, split: Split) -> Result<Vec<PathBuf>, Error> {
    let folder = folder_of_files(folder, &file_names(folder)?).unwrap_or_else(|| folder.to_owned());
    let mut names: Vec<String> = file_names(&folder)?
        .into_iter()
        .filter(|name| is_parquet(name))
        .collect();
    names.sort_by(|a, b| natural(a, b));
    let of = |name: &str, split: Split| {
        let stem = name.split(['-', '.', '_']).next().unwrap_or_default();
        split.stems().contains(&stem)
    };
    let splits = [Split::Train, Split::Validation, Split::Test];
    let cut = names
        .iter()
        .any(|name| splits.iter().any(|&split| of(name, split)));
    if !cut {
        whole(&folder, split)?;
    }
    let chosen: Vec<PathBuf> = names
        .iter()
        .filter(|name| !cut || of(name, split))
        .map(|name| folder.join(name))
        .collect();
    if chosen.is_empty() {
        return Err(Error::NoSplit {
            file: shown(&folder),
            split: split.name(),
            there: names,
        });
    }
    Ok(chosen)
}

/// Which columns hold pictures and labels, and the names of classes if the file knows them.
struct Columns {
    pictures: String,
    labels: String,
    classes: Option<Vec<String>>,
}

fn is_bytes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    )
}

fn holds_pictures(kind: &DataType) -> bool {
    match kind {
        DataType::Struct(fields) => fields
            .iter()
            .any(|field| field.name() == "bytes" && is_bytes(field.data_type())),
        kind => is_bytes(kind),
    }
}

fn columns(file: &Path, schema: &Schema, options: &ImageOptions) -> Result<Columns, Error> {
    let features: Value = schema
        .metadata()
        .get("huggingface")
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .map_or(Value::Null, |mut value| value["info"]["features"].take());
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let given = |name: &Option<String>, role: &'static str| match name {
        Some(name) if !names.contains(name) => Err(Error::UnknownColumn {
            column: name.clone(),
            role,
            columns: names.clone(),
        }),
        other => Ok(other.clone()),
    };
    let pictures = given(&options.image_column, "column of pictures")?.or_else(|| {
        let found = schema
            .fields()
            .iter()
            .find(|field| holds_pictures(field.data_type()));
        found.map(|field| field.name().clone())
    });
    let pictures = pictures.ok_or_else(|| {
        fault(
            file,
            format!("no column holds bytes; there are {}", names.join(", ")),
        )
    })?;
    let classes_of = |name: &str| -> Option<Vec<String>> {
        let names = features[name]["names"].as_array()?;
        names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect()
    };
    let is_label = |name: &&String| {
        schema.field_with_name(name).is_ok_and(|field| {
            let kind = field.data_type();
            kind.is_integer()
                || matches!(kind, DataType::Boolean | DataType::Dictionary(..))
                || crate::columnar::is_text(kind)
        })
    };
    let usual = ["label", "labels", "fine_label", "class", "target", "y"];
    let labels = given(&options.label_column, "column of labels")?
        .or_else(|| {
            let named = usual.iter().find(|name| names.iter().any(|known| known == *name));
            named.map(ToString::to_string)
        })
        .or_else(|| names.iter().find(|name| classes_of(name).is_some()).cloned())
        .or_else(|| {
            let mut candidates = names.iter().filter(|name| **name != pictures).filter(is_label);
            candidates.next().filter(|_| candidates.next().is_none()).cloned()
        })
        .ok_or_else(|| Error::NoLabelColumn {
            file: shown(file),
            columns: names.iter().filter(|name| **name != pictures).cloned().collect(),
        })?;
    Ok(Columns {
        classes: classes_of(&labels),
        pictures,
        labels,
    })
}

/// What one file holds.
struct Part {
    pictures: Vec<ArrayRef>,
    labels: Vec<ArrayRef>,
    columns: Columns,
}

fn read_file(path: &Path, options: &ImageOptions, observer: &dyn Observer) -> Result<Part, Error> {
    let open = File::open(path).map_err(|error| unreadable(path, error))?;
    if open.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Err(Error::Empty { file: shown(path) });
    }
    let damaged = |error: &dyn std::fmt::Display| fault(path, error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(open).map_err(|error| damaged(&error))?;
    let columns = columns(path, builder.schema(), options)?;
    let total = builder.metadata().file_metadata().num_rows().max(0) as u64;
    let wanted: Vec<usize> = [&columns.pictures, &columns.labels]
        .iter()
        .filter_map(|name| builder.schema().index_of(name).ok())
        .collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH)
        .build()
        .map_err(|error| damaged(&error))?;
    let task = format!("reading {}", shown(path));
    let mut part = Part {
        pictures: Vec::new(),
        labels: Vec::new(),
        columns,
    };
    let mut done = 0;
    for batch in reader {
        let batch = batch.map_err(|error| damaged(&error))?;
        done += batch.num_rows() as u64;
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .cloned()
                .ok_or_else(|| fault(path, "a column went missing"))
        };
        part.pictures.push(column(&part.columns.pictures)?);
        part.labels.push(column(&part.columns.labels)?);
        let event = Event::Progress {
            task: &task,
            done,
            total,
        };
        if let ControlFlow::Break(()) = observer.observe(&event) {
            return Err(Error::Stopped);
        }
    }
    Ok(part)
}

/// Bytes of pictures, and the paths they had.
fn bytes_of(path: &Path, array: &ArrayRef) -> Result<(BinaryArray, Option<ArrayRef>), Error> {
    let (bytes, paths) = match array.as_struct_opt() {
        Some(fields) => {
            let bytes = fields
                .column_by_name("bytes")
                .ok_or_else(|| fault(path, "its pictures have no `bytes`"))?;
            (Arc::clone(bytes), fields.column_by_name("path").cloned())
        }
        None => (Arc::clone(array), None),
    };
    let bytes = cast(&bytes, &DataType::Binary).map_err(|error| fault(path, error.to_string()))?;
    let paths = paths.and_then(|paths| cast(&paths, &DataType::Utf8).ok());
    Ok((bytes.as_binary::<i32>().clone(), paths))
}

fn stored(path: &Path, name: &str, array: &ArrayRef) -> Result<Stored, Error> {
    if let Some(row) = (0..array.len()).find(|&row| array.is_null(row)) {
        return Err(fault(
            path,
            format!("column `{name}`, row {}: the label is missing", row + 1),
        ));
    }
    let kind = array.data_type();
    if kind.is_integer() || *kind == DataType::Boolean {
        let codes = cast(array, &DataType::Int64).map_err(|error| fault(path, error.to_string()))?;
        let codes = codes.as_primitive::<arrow_array::types::Int64Type>();
        return Ok(Stored::Codes(codes.values().to_vec()));
    }
    let names = cast(array, &DataType::Utf8).map_err(|_| {
        fault(
            path,
            format!("column `{name}` is stored as {kind}, and labels are numbers or texts"),
        )
    })?;
    Ok(Stored::Names(
        names
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect(),
    ))
}

pub(super) fn read(
    path: &Path,
    options: &ImageOptions,
    observer: &dyn Observer,
) -> Result<ReadImages, Error> {
    let files = if path.is_dir() {
        in_folder(path, options.split)?
    } else {
        whole(path, options.split)?;
        vec![path.to_owned()]
    };
    let mut pictures: Vec<(BinaryArray, Option<ArrayRef>)> = Vec::new();
    let mut places: Vec<(usize, usize, usize)> = Vec::new();
    let mut labels: Vec<ArrayRef> = Vec::new();
    let mut columns = None;
    for (number, file) in files.iter().enumerate() {
        // The reader panics at some damaged files, which is an error like any other.
        let part = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            read_file(file, options, observer)
        }))
        .unwrap_or_else(|_| Err(fault(file, "the reader gave up")))?;
        let mut row = 0;
        for array in &part.pictures {
            let part = pictures.len();
            places.extend((0..array.len()).map(|place| (part, place, number)));
            row += array.len();
            pictures.push(bytes_of(file, array)?);
        }
        if row > 0 {
            labels.extend(part.labels);
        }
        columns.get_or_insert(part.columns);
    }
    let (Some(columns), false) = (columns, places.is_empty()) else {
        return Err(Error::NoPictures {
            file: shown(path),
            what: "it has no row".into(),
        });
    };
    let file = shown(if files.len() == 1 { &files[0] } else { path });
    let views: Vec<&dyn arrow_array::Array> = labels.iter().map(AsRef::as_ref).collect();
    let label_array = concat(&views).map_err(|error| fault(path, error.to_string()))?;
    let all = stored(path, &columns.labels, &label_array)?.labels(&file, columns.classes, options)?;
    let firsts: Vec<usize> = (0..files.len())
        .map(|file| places.partition_point(|&(_, _, number)| number < file))
        .collect();
    let name = |index: usize| {
        let (part, place, number) = places[index];
        let row = index - firsts[number] + 1;
        let stored = pictures[part]
            .1
            .as_ref()
            .map(arrow_array::cast::AsArray::as_string::<i32>);
        let stored = stored
            .filter(|paths| paths.is_valid(place))
            .map(|paths| paths.value(place));
        match stored.filter(|path| !path.is_empty()) {
            Some(path) => format!("{path} ({}, row {row})", file_name(&files[number])),
            None => format!("{}, row {row}", file_name(&files[number])),
        }
    };
    let load = |index: usize| -> Result<Cow<'_, [u8]>, String> {
        let (part, place, _) = places[index];
        let array = &pictures[part].0;
        if array.is_null(place) {
            return Err("there are no bytes, so that the picture would have to be fetched".into());
        }
        Ok(Cow::Borrowed(array.value(place)))
    };
    let mut facts = ImageFacts::default();
    let mut warnings = Vec::new();
    let Gathered { images, kept } = gather(
        &Encoded {
            file: &file,
            count: places.len(),
            load: &load,
            name: &name,
        },
        options,
        &mut facts,
        &mut warnings,
        observer,
    )?;
    let codes = kept.iter().map(|&index| all.codes()[index]).collect();
    let labels = counterpoise_base::Labels::from_codes(all.classes().to_vec(), codes);
    rare_classes(&file, &labels, &mut warnings);
    Ok(ReadImages {
        set: labeled(
            images,
            labels,
            Some(kept.iter().map(|&index| name(index)).collect()),
        ),
        format: ImageFormat::Parquet,
        facts,
        warnings,
    })
}

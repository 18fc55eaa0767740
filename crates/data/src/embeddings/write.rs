//! Embeddings out.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, StringArray};
use counterpoise_base::{Column, Embeddings, HeadKind, Kind, LinearHead, Table, Warning};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::EmbeddingFormat;
use super::numpy::labels_beside;
use crate::images::{has_extension, shown};
use crate::{Error, WholeFile, Writer, npy};

/// Writes embeddings, whole or not at all; the extension decides the format. Equal embeddings have files of equal bytes.
///
/// Safetensors and NPZ hold all of it. A table has no head and nothing of `about`, `.npy` has features alone and puts labels into
/// `…-labels.npy` beside it; a warning names what was left out.
pub fn write_embeddings(
    path: &Path,
    embeddings: &Embeddings,
    head: Option<&LinearHead>,
    about: &BTreeMap<String, String>,
) -> Result<Vec<Warning>, Error> {
    let mut told = about.clone();
    if let Some(head) = head {
        let kind = match head.kind() {
            HeadKind::Linear => "linear",
            HeadKind::Cosine => "cosine",
        };
        told.insert("head".into(), kind.into());
    }
    let packed = has_extension(&shown(path), "gz");
    let mut left_out = Vec::new();
    match EmbeddingFormat::of(path)? {
        EmbeddingFormat::Npz | EmbeddingFormat::Npy if packed => {
            return Err(failed(path, "arrays are not packed with gzip when written"));
        }
        EmbeddingFormat::Safetensors => {
            let arrays = arrays(embeddings, head);
            whole(path, |sink| safetensors(&arrays, embeddings, &told, sink))?;
        }
        EmbeddingFormat::Npz => npz(path, embeddings, head, &told)?,
        EmbeddingFormat::Npy => {
            let lengths = [embeddings.len(), embeddings.width()];
            let codes = labels_beside(path).swap_remove(0);
            whole(&codes, |sink| {
                npy::write_header("<i8", &lengths[..1], sink)?;
                sink.write_all(&wide(embeddings.labels.codes()))
            })?;
            whole(path, |sink| {
                npy::write_header("<f4", &lengths, sink)?;
                sink.write_all(&single(embeddings.values()))
            })?;
            left_out.extend(embeddings.predictions.as_ref().map(|_| "predictions"));
            left_out.extend(embeddings.shares.as_ref().map(|_| "shares of classes"));
            left_out.extend(embeddings.names.as_ref().map(|_| "names of rows"));
            left_out.push("names of classes");
        }
        EmbeddingFormat::Table => {
            let table = table(embeddings);
            let mut writer = Writer::create(path, &table)?;
            writer.write(&table)?;
            writer.finish()?;
        }
    }
    if matches!(
        EmbeddingFormat::of(path)?,
        EmbeddingFormat::Npy | EmbeddingFormat::Table
    ) {
        left_out.extend(head.map(|_| "the head"));
        let counts =
            "how many rows each class had before, which losses that correct for rare classes ask for";
        left_out.extend(about.contains_key("counts").then_some(counts));
        let made = about.keys().any(|name| name != "counts");
        left_out.extend(made.then_some("by what network or method they were made"));
    }
    let message = format!("`{}` has no place for {}", shown(path), left_out.join("; "));
    let warning = Warning::new("data.embeddings-left-out", message)
        .with_hint("write `.safetensors` or `.npz`, which hold all of it");
    Ok(if left_out.is_empty() {
        Vec::new()
    } else {
        vec![warning]
    })
}

fn failed(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Write {
        file: PathBuf::from(path),
        source: source.into(),
    }
}

fn whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let written = || {
        let mut sink = BufWriter::with_capacity(1 << 17, WholeFile::create(path)?);
        write(&mut sink)?;
        sink.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .finish()
    };
    written().map_err(|error| failed(path, error))
}

fn single(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn wide(codes: &[u32]) -> Vec<u8> {
    codes
        .iter()
        .flat_map(|&code| i64::from(code).to_le_bytes())
        .collect()
}

enum Values<'a> {
    Codes(&'a [u32]),
    Singles(&'a [f32]),
}

impl Values<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Codes(codes) => wide(codes),
            Self::Singles(values) => single(values),
        }
    }
}

/// All arrays: those of eight bytes a value first, so that each starts at a multiple of its size.
fn arrays<'a>(
    embeddings: &'a Embeddings,
    head: Option<&'a LinearHead>,
) -> Vec<(&'static str, Vec<usize>, Values<'a>)> {
    let rows = embeddings.len();
    let classes = embeddings.labels.classes().len();
    let mut arrays = vec![("labels", vec![rows], Values::Codes(embeddings.labels.codes()))];
    if let Some(predictions) = &embeddings.predictions {
        arrays.push(("predictions", vec![rows], Values::Codes(predictions)));
    }
    arrays.push((
        "features",
        vec![rows, embeddings.width()],
        Values::Singles(embeddings.values()),
    ));
    if let Some(shares) = &embeddings.shares {
        arrays.push(("shares", vec![rows, classes], Values::Singles(shares)));
    }
    if let Some(head) = head {
        let lengths = vec![head.classes(), head.width()];
        arrays.push(("head.weight", lengths, Values::Singles(head.weight())));
        if head.kind() == HeadKind::Linear {
            arrays.push(("head.bias", vec![head.classes()], Values::Singles(head.bias())));
        }
    }
    arrays
}

/// Written by hand: the crate orders metadata by a map that is drawn anew in every process.
fn safetensors(
    arrays: &[(&'static str, Vec<usize>, Values<'_>)],
    embeddings: &Embeddings,
    told: &BTreeMap<String, String>,
    sink: &mut dyn Write,
) -> io::Result<()> {
    let mut metadata = serde_json::Map::new();
    for (key, value) in told {
        metadata.insert(key.clone(), value.as_str().into());
    }
    let list = |texts: &[String]| serde_json::json!(texts).to_string();
    metadata.insert("classes".into(), list(embeddings.labels.classes()).into());
    if let Some(names) = &embeddings.names {
        metadata.insert("names".into(), list(names).into());
    }
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), metadata.into());
    let mut start = 0;
    for (name, lengths, values) in arrays {
        let (kind, width) = match values {
            Values::Codes(_) => ("I64", 8),
            Values::Singles(_) => ("F32", 4),
        };
        let end = start + width * lengths.iter().product::<usize>();
        let about = serde_json::json!({"dtype": kind, "shape": lengths, "data_offsets": [start, end]});
        header.insert((*name).into(), about);
        start = end;
    }
    let mut header = serde_json::Value::from(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    sink.write_all(&(header.len() as u64).to_le_bytes())?;
    sink.write_all(&header)?;
    arrays
        .iter()
        .try_for_each(|(_, _, values)| sink.write_all(&values.bytes()))
}

fn npz(
    path: &Path,
    embeddings: &Embeddings,
    head: Option<&LinearHead>,
    told: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let mut buffer = ZipWriter::new(io::Cursor::new(Vec::new()));
    let mut add = |name: &str, kind: &str, lengths: &[usize], values: &[u8]| -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::DEFAULT)
            .large_file(values.len() >= u32::MAX as usize / 2);
        buffer
            .start_file(format!("{name}.npy"), options)
            .map_err(io::Error::other)?;
        npy::write_header(kind, lengths, &mut buffer)?;
        buffer.write_all(values)
    };
    let mut all = || -> io::Result<()> {
        for (name, lengths, values) in arrays(embeddings, head) {
            let kind = match values {
                Values::Codes(_) => "<i8",
                Values::Singles(_) => "<f4",
            };
            add(name, kind, &lengths, &values.bytes())?;
        }
        let mut texts = |name: &str, lengths: &[usize], texts: &[String]| {
            let (kind, bytes) = characters(texts);
            add(name, &kind, lengths, &bytes)
        };
        let classes = embeddings.labels.classes();
        texts("classes", &[classes.len()], classes)?;
        if let Some(names) = &embeddings.names {
            texts("names", &[names.len()], names)?;
        }
        if !told.is_empty() {
            let pairs: Vec<String> = told
                .iter()
                .flat_map(|(key, value)| [key.clone(), value.clone()])
                .collect();
            texts("about", &[told.len(), 2], &pairs)?;
        }
        Ok(())
    };
    all().map_err(|error| failed(path, error))?;
    let bytes = buffer.finish().map_err(|error| failed(path, error))?.into_inner();
    whole(path, |sink| sink.write_all(&bytes))
}

/// Texts as NumPy stores them: all of one length, of four bytes a character.
fn characters(texts: &[String]) -> (String, Vec<u8>) {
    let longest = texts.iter().map(|text| text.chars().count()).max();
    let longest = longest.unwrap_or(0).max(1);
    let mut bytes = Vec::with_capacity(texts.len() * longest * 4);
    for text in texts {
        let characters = text.chars().map(u32::from).chain(std::iter::repeat(0));
        bytes.extend(characters.take(longest).flat_map(u32::to_le_bytes));
    }
    (format!("<U{longest}"), bytes)
}

fn table(embeddings: &Embeddings) -> Table {
    let column = |name: String, kind, array: ArrayRef| Column { name, kind, array };
    let classes = embeddings.labels.classes();
    let texts = |name: &str, values: Vec<&str>| {
        column(
            name.into(),
            Kind::Categorical,
            Arc::new(StringArray::from(values)),
        )
    };
    let of = |codes: &[u32]| {
        codes
            .iter()
            .map(|&code| classes[code as usize].as_str())
            .collect()
    };
    let mut columns = Vec::new();
    if let Some(names) = &embeddings.names {
        columns.push(texts("name", names.iter().map(String::as_str).collect()));
    }
    columns.push(texts("label", of(embeddings.labels.codes())));
    if let Some(predictions) = &embeddings.predictions {
        columns.push(texts("predicted", of(predictions)));
    }
    let every = |values: &[f32], start: usize, step: usize| -> ArrayRef {
        Arc::new(
            values
                .iter()
                .skip(start)
                .step_by(step)
                .copied()
                .collect::<Float32Array>(),
        )
    };
    for feature in 0..embeddings.width() {
        let values = every(embeddings.values(), feature, embeddings.width());
        columns.push(column(format!("f{feature}"), Kind::Float, values));
    }
    if let Some(shares) = &embeddings.shares {
        for (code, class) in classes.iter().enumerate() {
            let values = every(shares, code, classes.len());
            columns.push(column(format!("share {class}"), Kind::Float, values));
        }
    }
    Table::new(columns)
}

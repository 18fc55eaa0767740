//! Parquet and Arrow files, which say their types themselves.

use std::fs::File;
use std::io::{self, Seek as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{Array, ArrayRef, RecordBatch, downcast_dictionary_array};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use bytes::Bytes;
use counterpoise_base::{Column, Event, Kind, Table, Warning};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::delimited::text_warning;
use crate::infer::are_categories;
use crate::read::{Job, Read, Source, unique_names};
use crate::{Error, ReadOptions};

const BATCH: usize = 65_536;

pub(crate) fn read_parquet(job: &Job<'_>) -> Result<Read, Error> {
    fn open<R: parquet::file::reader::ChunkReader + 'static>(
        file: R,
    ) -> Result<(SchemaRef, u64, ParquetRecordBatchReader), parquet::errors::ParquetError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(BATCH);
        let rows = builder.metadata().file_metadata().num_rows();
        let schema = Arc::clone(builder.schema());
        Ok((schema, rows.max(0) as u64, builder.build()?))
    }
    let (schema, rows, reader) = match &job.source {
        Source::File(path) => open(File::open(path).map_err(|error| job.unreadable(error))?),
        Source::Bytes(bytes) => open(bytes.clone()),
    }
    .map_err(|error| job.corrupt(error))?;
    gather(job, &schema, rows, reader)
}

pub(crate) fn read_arrow(job: &Job<'_>) -> Result<Read, Error> {
    let corrupt = |error: ArrowError| job.corrupt(error);
    let file: Box<dyn ReadSeek> = match &job.source {
        Source::File(path) => Box::new(io::BufReader::new(
            File::open(path).map_err(|error| job.unreadable(error))?,
        )),
        Source::Bytes(bytes) => Box::new(io::Cursor::new(Bytes::clone(bytes))),
    };
    let mut file = file;
    let mut magic = [0; 6];
    let is_file = io::Read::read_exact(&mut file, &mut magic).is_ok() && &magic == b"ARROW1";
    file.rewind().map_err(|error| job.unreadable(error))?;
    if is_file {
        let reader = arrow_ipc::reader::FileReader::try_new(file, None).map_err(corrupt)?;
        gather(job, &reader.schema(), 0, reader)
    } else {
        let reader = arrow_ipc::reader::StreamReader::try_new(file, None).map_err(corrupt)?;
        gather(job, &reader.schema(), 0, reader)
    }
}

trait ReadSeek: io::Read + io::Seek {}
impl<T: io::Read + io::Seek> ReadSeek for T {}

fn gather(
    job: &Job<'_>,
    schema: &SchemaRef,
    rows: u64,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Read, Error> {
    let task = format!("reading {}", job.file);
    let names = schema.fields().iter().map(|field| field.name().clone()).collect();
    let names = unique_names(job, names)?;
    if let Some(unknown) = job.options.kinds.keys().find(|name| !names.contains(name)) {
        return Err(Error::UnknownColumn {
            column: unknown.clone(),
            role: "one of a given kind",
            columns: names,
        });
    }
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); names.len()];
    let mut done = 0;
    for batch in batches {
        let batch = batch.map_err(|error| job.corrupt(error))?;
        done += batch.num_rows() as u64;
        for (part, column) in parts.iter_mut().zip(batch.columns()) {
            part.push(Arc::clone(column));
        }
        let event = Event::Progress {
            task: &task,
            done,
            total: rows,
        };
        if let ControlFlow::Break(()) = job.observer.observe(&event) {
            return Err(Error::Stopped);
        }
    }
    if done == 0 {
        return Err(Error::NoRows {
            file: job.file.clone(),
            columns: names.len(),
        });
    }
    let mut warnings = Vec::new();
    let mut columns = Vec::with_capacity(names.len());
    for (name, mut part) in names.into_iter().zip(parts) {
        let array = if part.len() == 1 {
            part.swap_remove(0)
        } else {
            let views: Vec<&dyn Array> = part.iter().map(AsRef::as_ref).collect();
            arrow_select::concat::concat(&views).map_err(|error| job.corrupt(error))?
        };
        drop(part);
        columns.push(column(job.options, name, array, &mut warnings)?);
    }
    let _ = job.observer.observe(&Event::Finished { task: &task });
    Ok(Read {
        table: Table::new(columns),
        warnings,
    })
}

fn column(
    options: &ReadOptions,
    name: String,
    array: ArrayRef,
    warnings: &mut Vec<Warning>,
) -> Result<Column, Error> {
    let natural = natural_kind(&array);
    let kind = match (options.kinds.get(&name).copied(), natural) {
        (None, Some(kind)) => kind,
        (None, None) => Kind::Text,
        (Some(kind), natural) => {
            let fits = natural == Some(kind)
                || kind == Kind::Text
                || (kind == Kind::Categorical && natural.is_some() && natural != Some(Kind::Float))
                || (kind == Kind::Float && natural == Some(Kind::Integer))
                || (matches!(kind, Kind::Categorical) && natural == Some(Kind::Text));
            if !fits {
                return Err(Error::KindMisfit {
                    column: name,
                    stored: array.data_type().to_string(),
                    kind: kind.name(),
                });
            }
            kind
        }
    };
    if kind == Kind::Text && !options.kinds.contains_key(&name) {
        warnings.push(text_warning(&name));
    }
    Ok(Column { name, kind, array })
}

/// `None` for what can be carried only.
fn natural_kind(array: &ArrayRef) -> Option<Kind> {
    Some(match array.data_type() {
        kind if kind.is_integer() => Kind::Integer,
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Kind::Float,
        DataType::Boolean => Kind::Boolean,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Kind::Date,
        DataType::Dictionary(_, value) if is_text(value) => {
            let different = dictionary_size(array);
            text_kind(different, array)
        }
        kind if is_text(kind) => text_kind(different_texts(array), array),
        _ => return None,
    })
}

fn text_kind(different: usize, array: &ArrayRef) -> Kind {
    if are_categories(different, array.len() - array.null_count()) {
        Kind::Categorical
    } else {
        Kind::Text
    }
}

pub(crate) fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn dictionary_size(array: &ArrayRef) -> usize {
    fn size<K: ArrowDictionaryKeyType>(array: &arrow_array::DictionaryArray<K>) -> usize {
        array.values().len()
    }
    downcast_dictionary_array!(array => size(array), _ => 0)
}

/// Different texts, counted up to 1001, past which they are no categories anyway.
fn different_texts(array: &ArrayRef) -> usize {
    let mut seen = std::collections::HashSet::new();
    let texts = arrow_cast::cast(array, &DataType::Utf8View).ok();
    if let Some(texts) = texts
        .as_ref()
        .and_then(|texts| texts.as_any().downcast_ref::<arrow_array::StringViewArray>())
    {
        for text in texts.iter().flatten() {
            seen.insert(text);
            if seen.len() > 1000 {
                break;
            }
        }
    }
    seen.len()
}

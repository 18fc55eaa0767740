use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use counterpoise_base::Table;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::format::{FileKind, Format, Packing};
use crate::{Error, WholeFile};

/// Rows of a row group of Parquet.
const ROW_GROUP: usize = 1 << 17;

/// Writes a table part by part; the extension decides the format.
///
/// Everything goes to a [`WholeFile`]: dropped before [`finish`](Self::finish), it leaves nothing.
pub struct Writer {
    path: PathBuf,
    schema: SchemaRef,
    sink: Sink,
}

enum Sink {
    Text(Box<arrow_csv::Writer<Packed>>),
    Parquet(Box<ArrowWriter<WholeFile>>),
    Arrow(Box<arrow_ipc::writer::FileWriter<BufWriter<WholeFile>>>),
}

enum Packed {
    Plain(BufWriter<WholeFile>),
    Gzip(GzEncoder<BufWriter<WholeFile>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<WholeFile>>),
}

impl Write for Packed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(buffer),
            Self::Gzip(sink) => sink.write(buffer),
            Self::Zstd(sink) => sink.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Gzip(sink) => sink.flush(),
            Self::Zstd(sink) => sink.flush(),
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Writer {
    /// Opens the file; `like` has the columns that will come.
    ///
    /// Fails at once if the folder cannot be written to, so that no long work is lost.
    pub fn create(path: &Path, like: &Table) -> Result<Self, Error> {
        let failed = |source: Cause| Error::Write {
            file: path.into(),
            source,
        };
        if path.is_dir() {
            return Err(failed("it is a folder".into()));
        }
        let format = Format::of(path)?;
        let fields: Vec<Field> = like
            .columns()
            .iter()
            .map(|column| Field::new(&column.name, column.array.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let target = WholeFile::create(path).map_err(|error| failed(error.into()))?;
        let sink = match format.kind {
            FileKind::Delimited { tabs } => {
                let buffer = BufWriter::with_capacity(1 << 17, target);
                let packed = match format.packing {
                    Packing::None => Packed::Plain(buffer),
                    Packing::Gzip => Packed::Gzip(GzEncoder::new(buffer, flate2::Compression::default())),
                    Packing::Zstd => Packed::Zstd(
                        zstd::stream::write::Encoder::new(buffer, 3).map_err(|error| failed(error.into()))?,
                    ),
                };
                let separator = if tabs { b'\t' } else { b',' };
                Sink::Text(Box::new(
                    arrow_csv::WriterBuilder::new()
                        .with_delimiter(separator)
                        .build(packed),
                ))
            }
            FileKind::Parquet => {
                let writer = ArrowWriter::try_new(target, Arc::clone(&schema), Some(properties(&schema)));
                Sink::Parquet(Box::new(writer.map_err(|error| failed(error.into()))?))
            }
            FileKind::Arrow => {
                let writer = arrow_ipc::writer::FileWriter::try_new_buffered(target, &schema);
                Sink::Arrow(Box::new(writer.map_err(|error| failed(error.into()))?))
            }
        };
        Ok(Self {
            path: path.into(),
            schema,
            sink,
        })
    }

    /// Appends rows.
    pub fn write(&mut self, part: &Table) -> Result<(), Error> {
        let arrays = part
            .columns()
            .iter()
            .map(|column| Arc::clone(&column.array))
            .collect();
        let written = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(Cause::from)
            .and_then(|batch| match &mut self.sink {
                Sink::Text(sink) => sink.write(&batch).map_err(Cause::from),
                Sink::Parquet(sink) => sink.write(&batch).map_err(Cause::from),
                Sink::Arrow(sink) => sink.write(&batch).map_err(Cause::from),
            });
        written.map_err(|source| Error::Write {
            file: self.path.clone(),
            source,
        })
    }

    /// Writes what is left and gives the file its name.
    pub fn finish(self) -> Result<(), Error> {
        let Self { path, sink, .. } = self;
        let unbuffer = |buffer: BufWriter<WholeFile>| {
            buffer
                .into_inner()
                .map_err(|error| Cause::from(error.into_error()))
        };
        let target = match sink {
            Sink::Text(sink) => match sink.into_inner() {
                Packed::Plain(buffer) => unbuffer(buffer),
                Packed::Gzip(encoder) => encoder.finish().map_err(Cause::from).and_then(unbuffer),
                Packed::Zstd(encoder) => encoder.finish().map_err(Cause::from).and_then(unbuffer),
            },
            Sink::Parquet(sink) => sink.into_inner().map_err(Cause::from),
            Sink::Arrow(mut sink) => sink
                .finish()
                .and_then(|()| sink.into_inner())
                .map_err(Cause::from)
                .and_then(unbuffer),
        };
        let placed = target.and_then(|target| target.finish().map_err(Cause::from));
        placed.map_err(|source| Error::Write { file: path, source })
    }
}

/// Row groups that fit in little memory; no dictionary of real numbers, which hardly ever repeat.
fn properties(schema: &Schema) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP));
    for field in schema
        .fields()
        .iter()
        .filter(|field| field.data_type().is_floating())
    {
        let path = ColumnPath::new(vec![field.name().clone()]);
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    properties.build()
}

//! Text files: cells between separators.

use std::io::{self, BufReader, Read as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringDictionaryBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray};
use arrow_schema::DataType;
use counterpoise_base::{Column, Event, Kind, Observer, Table, Warning, typed};

use crate::error::{looks_like_data, shortened};
use crate::format::{FileKind, Format, Packing};
use crate::infer::{self, Sketch, Storage, Verdict, are_categories};
use crate::names::names_of;
use crate::read::{Job, Read, Source, unique_names};
use crate::{Error, ReadOptions};

/// Rows between two looks at the observer.
const ROWS_PER_EVENT: usize = 65_536;
/// Bytes that tell the separator.
const GLANCE: u64 = 256 * 1024;

pub(crate) fn read(job: &Job<'_>) -> Result<Read, Error> {
    let mut warnings = Vec::new();
    let layout = Layout::of(job)?;
    let (names, sketches) = first_pass(job, &layout, &mut warnings)?;
    for name in job.options.kinds.keys() {
        if !names.contains(name) {
            return Err(Error::UnknownColumn {
                column: name.clone(),
                role: "one of a given kind",
                columns: names,
            });
        }
    }
    let storage = decide(job, &names, &sketches, &mut warnings)?;
    let columns = second_pass(job, &layout, &names, &storage)?;
    let columns = names
        .into_iter()
        .zip(columns)
        .zip(&storage)
        .map(|((name, array), storage)| finish(job.options, name, array, *storage, &mut warnings))
        .collect();
    Ok(Read {
        table: Table::new(columns),
        warnings,
    })
}

/// The cells of the first line of a text file, as they stand there; absent for a file of another kind, or an empty one.
pub(crate) fn first_cells(path: &Path, observer: &dyn Observer) -> Result<Option<Vec<String>>, Error> {
    let format = Format::of(path)?;
    let options = ReadOptions::default();
    let job = Job {
        file: path.display().to_string(),
        source: Source::File(path),
        format,
        options: &options,
        observer,
    };
    if !matches!(format.kind, FileKind::Delimited { .. }) || !path.is_file() {
        return Ok(None);
    }
    let layout = Layout::of(&job)?;
    let done = AtomicU64::new(0);
    let mut line = String::new();
    let mut text = BufReader::new(unpacked(&job, &done)?.take(GLANCE));
    // Bytes that are no text are told of when all of it is read.
    if io::BufRead::read_line(&mut text, &mut line).is_err() || line.trim().is_empty() {
        return Ok(None);
    }
    let plain = |cell: &str| cell.trim().trim_matches('"').to_owned();
    Ok(Some(match layout.separator {
        Separator::Byte(mark) => line.split(char::from(mark)).map(plain).collect(),
        Separator::Blanks => line.split_whitespace().map(plain).collect(),
    }))
}

/// How cells are told apart.
struct Layout {
    separator: Separator,
    comment: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Byte(u8),
    /// Any run of blanks and tabs.
    Blanks,
}

impl Layout {
    fn of(job: &Job<'_>) -> Result<Self, Error> {
        let ascii = |option, value: char| {
            u8::try_from(value)
                .ok()
                .filter(u8::is_ascii)
                .ok_or(Error::NotAscii { option, value })
        };
        let comment = job
            .options
            .comment
            .map(|mark| ascii("comment", mark))
            .transpose()?;
        let separator = match (job.options.separator, job.format.kind) {
            (Some(' '), _) => Separator::Blanks,
            (Some(mark), _) => Separator::Byte(ascii("separator", mark)?),
            (None, FileKind::Delimited { tabs: true }) => Separator::Byte(b'\t'),
            (None, _) => {
                let mut glance = Vec::new();
                unpacked(job, &AtomicU64::new(0))?
                    .take(GLANCE)
                    .read_to_end(&mut glance)
                    .map_err(|error| job.corrupt(error))?;
                guess_separator(&glance, comment)
            }
        };
        Ok(Self { separator, comment })
    }
}

/// The separator that cuts the first lines into the same number of cells, two or more; the comma otherwise.
fn guess_separator(glance: &[u8], comment: Option<u8>) -> Separator {
    let mut lines: Vec<&[u8]> = glance
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && line.first().copied() != comment)
        .take(51)
        .collect();
    // The last line of a glance may be cut.
    if lines.len() > 1 {
        lines.pop();
    }
    let cells = |line: &[u8], mark: u8| {
        let mut quoted = false;
        let outside = |&&byte: &&u8| {
            quoted ^= byte == b'"';
            byte == mark && !quoted
        };
        line.iter().filter(outside).count() + 1
    };
    let even = |mark: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| cells(line, mark)).collect();
        let first = counts.first().copied().unwrap_or(1);
        (first > 1 && counts.iter().all(|&count| count == first)).then_some((first, mark))
    };
    let best = [b'|', b'\t', b';', b',']
        .into_iter()
        .filter_map(even)
        .max_by_key(|(count, _)| *count);
    if let Some((_, mark)) = best {
        return Separator::Byte(mark);
    }
    let words: Vec<usize> = lines
        .iter()
        .map(|line| {
            line.split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .count()
        })
        .collect();
    let no_other = lines.iter().all(|line| cells(line, b',') == 1);
    match words.first() {
        Some(&first) if first > 1 && no_other && words.iter().all(|&count| count == first) => {
            Separator::Blanks
        }
        _ => Separator::Byte(b','),
    }
}

/// The text of a file, without compression, byte-order mark or runs of blanks.
fn unpacked<'a>(job: &'a Job<'_>, done: &'a AtomicU64) -> Result<Box<dyn io::Read + 'a>, Error> {
    let packed = BufReader::with_capacity(
        1 << 17,
        Counted {
            inner: job.open()?,
            done,
        },
    );
    let plain: Box<dyn io::Read + 'a> = match job.format.packing {
        Packing::None => Box::new(packed),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Packing::Zstd => {
            Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(|error| job.corrupt(error))?)
        }
    };
    let mut plain = BufReader::with_capacity(1 << 17, plain);
    let start = io::BufRead::fill_buf(&mut plain).map_err(|error| job.corrupt(error))?;
    if start.starts_with(b"\xef\xbb\xbf") {
        io::BufRead::consume(&mut plain, 3);
    } else if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(job.corrupt("it is UTF-16 text; save it as UTF-8"));
    }
    Ok(Box::new(plain))
}

struct Counted<'a, R> {
    inner: R,
    done: &'a AtomicU64,
}

impl<R: io::Read> io::Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Makes one blank of a run of blanks, and none at the ends of a line.
struct OneBlank<R> {
    inner: R,
    line_start: bool,
    pending: bool,
    quoted: bool,
}

impl<R: io::Read> io::Read for OneBlank<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut raw = vec![0; (buffer.len() / 2).max(1)];
        loop {
            let read = self.inner.read(&mut raw)?;
            if read == 0 {
                return Ok(0);
            }
            let mut written = 0;
            let mut write = |byte| {
                buffer[written] = byte;
                written += 1;
            };
            for &byte in &raw[..read] {
                match byte {
                    b' ' | b'\t' if !self.quoted => self.pending = true,
                    b'\n' | b'\r' if !self.quoted => {
                        self.pending = false;
                        self.line_start = true;
                        write(byte);
                    }
                    _ => {
                        if self.pending && !self.line_start {
                            write(b' ');
                        }
                        self.pending = false;
                        self.line_start = false;
                        self.quoted ^= byte == b'"';
                        write(byte);
                    }
                }
            }
            if written > 0 {
                return Ok(written);
            }
        }
    }
}

/// Counts quotes on the way, to notice one that never closes.
struct Quotes<'a, R> {
    inner: R,
    seen: &'a AtomicU64,
}

impl<R: io::Read> io::Read for Quotes<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let quotes: u64 = buffer[..read].iter().map(|&byte| u64::from(byte == b'"')).sum();
        self.seen.fetch_add(quotes, Ordering::Relaxed);
        Ok(read)
    }
}

/// Where a record stands.
#[derive(Clone, Copy)]
struct At {
    row: usize,
    line: u64,
}

/// Hands every record to `visit`, the first line included, and checks what all rows have in common.
fn each_record(
    job: &Job<'_>,
    layout: &Layout,
    task: &str,
    mut visit: impl FnMut(At, &csv::ByteRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    let (done, quotes) = (AtomicU64::new(0), AtomicU64::new(0));
    let text = unpacked(job, &done)?;
    let (text, mark): (Box<dyn io::Read + '_>, u8) = match layout.separator {
        Separator::Byte(mark) => (text, mark),
        Separator::Blanks => (
            Box::new(OneBlank {
                inner: text,
                line_start: true,
                pending: false,
                quoted: false,
            }),
            b' ',
        ),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(mark)
        .comment(layout.comment)
        .buffer_capacity(1 << 17)
        .from_reader(Quotes {
            inner: text,
            seen: &quotes,
        });
    let mut record = csv::ByteRecord::new();
    let header = usize::from(has_header(job.options));
    let total = job.size();
    let mut records = 0;
    let mut multi_line = None;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| job.corrupt(error))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let at = At {
            row: (records + 1_usize).saturating_sub(header),
            line,
        };
        multi_line = record.as_slice().contains(&b'\n').then_some(at);
        visit(at, &record)?;
        records += 1;
        if records % ROWS_PER_EVENT == 0 {
            let event = Event::Progress {
                task,
                done: done.load(Ordering::Relaxed),
                total,
            };
            if let ControlFlow::Break(()) = job.observer.observe(&event) {
                return Err(Error::Stopped);
            }
        }
    }
    if let (Some(at), 1) = (multi_line, quotes.load(Ordering::Relaxed) % 2) {
        return Err(Error::OpenQuote {
            file: job.file.clone(),
            row: at.row,
            line: at.line,
        });
    }
    match job.observer.observe(&Event::Finished { task }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Stopped),
    }
}

fn has_header(options: &ReadOptions) -> bool {
    options.names.is_none() && !options.no_header
}

/// One cell as text, after trimming and mapping; `None` if it is missing.
struct Cells<'a> {
    job: &'a Job<'a>,
}

impl Cells<'_> {
    fn get<'c>(
        &'c self,
        cell: &'c [u8],
        at: At,
        column: &str,
        spare: &'c mut String,
    ) -> Result<Option<&'c str>, Error> {
        let options = self.job.options;
        let text = match std::str::from_utf8(cell) {
            Ok(text) if options.decimal_comma && has_decimal_comma(text.trim()) => {
                *spare = text.trim().replace(',', ".");
                return Ok(Some(spare));
            }
            Ok(text) => text,
            Err(_) if options.latin1 => {
                spare.clear();
                spare.extend(cell.iter().map(|&byte| char::from(byte)));
                spare
            }
            Err(_) => {
                return Err(Error::NotUtf8 {
                    file: self.job.file.clone(),
                    column: shortened(column),
                    row: at.row,
                    line: at.line,
                });
            }
        };
        let text = if options.trim { text.trim() } else { text };
        if options.na.iter().any(|mark| mark == text) {
            return Ok(None);
        }
        if options.label_map.is_empty() {
            return Ok(Some(text));
        }
        Ok(Some(options.label_map.get(text).map_or(text, String::as_str)))
    }
}

fn first_pass(
    job: &Job<'_>,
    layout: &Layout,
    warnings: &mut Vec<Warning>,
) -> Result<(Vec<String>, Vec<Sketch>), Error> {
    let cells = Cells { job };
    let mut spare = String::new();
    let mut names: Option<Vec<String>> = None;
    let mut sketches: Vec<Sketch> = Vec::new();
    let mut rows = 0;
    let task = format!("looking through {}", job.file);
    each_record(job, layout, &task, |at, record| {
        if names.is_none() {
            let (found, is_header) = column_names(job, record, at, warnings)?;
            sketches.resize_with(found.len(), Sketch::default);
            names = Some(found);
            if is_header {
                return Ok(());
            }
        }
        let names = names.as_deref().unwrap_or_default();
        if record.len() != names.len() {
            return Err(Error::Ragged {
                file: job.file.clone(),
                row: at.row,
                line: at.line,
                expected: names.len(),
                found: record.len(),
            });
        }
        rows += 1;
        for ((cell, name), sketch) in record.iter().zip(names).zip(&mut sketches) {
            if let Some(text) = cells.get(cell, at, name, &mut spare)? {
                sketch.see(text, at.row, at.line);
            }
        }
        Ok(())
    })?;
    match names {
        None => Err(Error::Empty {
            file: job.file.clone(),
        }),
        Some(names) if rows == 0 => Err(Error::NoRows {
            file: job.file.clone(),
            columns: names.len(),
        }),
        Some(names) => Ok((names, sketches)),
    }
}

fn column_names(
    job: &Job<'_>,
    record: &csv::ByteRecord,
    at: At,
    warnings: &mut Vec<Warning>,
) -> Result<(Vec<String>, bool), Error> {
    let options = job.options;
    if !has_header(options) {
        let names = options.names.clone().unwrap_or_else(|| {
            (1..=record.len())
                .map(|place| format!("column_{place}"))
                .collect()
        });
        if names.len() != record.len() {
            return Err(Error::NamesCount {
                file: job.file.clone(),
                given: names.len(),
                found: record.len(),
            });
        }
        return Ok((unique_names(job, names)?, false));
    }
    let plain = Job {
        options: &ReadOptions {
            na: Vec::new(),
            decimal_comma: false,
            label_map: std::collections::BTreeMap::new(),
            ..options.clone()
        },
        file: job.file.clone(),
        source: crate::read::Source::Bytes(bytes::Bytes::new()),
        format: job.format,
        observer: job.observer,
    };
    let cells = Cells { job: &plain };
    let mut names = Vec::new();
    let mut spare = String::new();
    for (place, cell) in record.iter().enumerate() {
        let name = cells.get(cell, at, "the header", &mut spare)?.unwrap_or_default();
        names.push(if name.is_empty() {
            let name = format!("unnamed_{}", place + 1);
            warnings.push(Warning::new(
                "data.unnamed-column",
                format!("column {} has no name and is called `{name}`", place + 1),
            ));
            name
        } else {
            name.to_owned()
        });
    }
    if looks_like_data(&names) {
        warnings.push(
            Warning::new(
                "data.header-of-numbers",
                format!(
                    "names in the header of `{}` are numbers; is it the first row?",
                    job.file
                ),
            )
            .with_hint("if so, use `--no-header`, or give the names with `--names a,b,c`"),
        );
    }
    Ok((unique_names(job, names)?, true))
}

fn decide(
    job: &Job<'_>,
    names: &[String],
    sketches: &[Sketch],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Storage>, Error> {
    let one = |(name, sketch): (&String, &Sketch)| {
        if let Some(&kind) = job.options.kinds.get(name) {
            return Ok(Storage::of(kind, sketch));
        }
        match sketch.verdict() {
            Verdict::Is(storage) => Ok(storage),
            Verdict::MixedCodes(place) => {
                let message = format!(
                    "column `{name}` holds numbers and texts such as `{}`, and is read as categories",
                    place.value
                );
                warnings.push(Warning::new("data.mixed-codes", message).with_hint(format!(
                    "if `{}` means a missing value, use `--na \"{}\"`",
                    place.value, place.value
                )));
                Ok(Storage::Text)
            }
            Verdict::NumbersBut(place) => Err(Error::Cell {
                file: job.file.clone(),
                column: name.clone(),
                row: place.row,
                line: format!(" (line {})", place.line),
                value: place.value,
                kind: "a number",
            }),
        }
    };
    names.iter().zip(sketches).map(one).collect()
}

enum Builder {
    Integer(Int64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Day(Date32Builder),
    Moment(TimestampMicrosecondBuilder),
    Text(StringDictionaryBuilder<Int32Type>),
}

impl Builder {
    fn new(storage: Storage) -> Self {
        match storage {
            Storage::Integer => Self::Integer(Int64Builder::new()),
            Storage::Float => Self::Float(Float64Builder::new()),
            Storage::Boolean => Self::Boolean(BooleanBuilder::new()),
            Storage::Day => Self::Day(Date32Builder::new()),
            Storage::Moment => Self::Moment(TimestampMicrosecondBuilder::new()),
            Storage::Text => Self::Text(StringDictionaryBuilder::new()),
        }
    }

    /// Whether the cell fits.
    fn push(&mut self, cell: Option<&str>) -> bool {
        macro_rules! parsed {
            ($builder:expr, $parse:expr) => {{
                let value = cell.map($parse);
                $builder.append_option(value.flatten());
                value.is_none_or(|value| value.is_some())
            }};
        }
        match self {
            Self::Integer(builder) => parsed!(builder, infer::integer),
            Self::Float(builder) => parsed!(builder, infer::float),
            Self::Boolean(builder) => parsed!(builder, infer::boolean),
            Self::Day(builder) => parsed!(builder, infer::day),
            Self::Moment(builder) => parsed!(builder, |cell| infer::moment(cell)
                .or_else(|| infer::day(cell).map(|day| i64::from(day) * 86_400_000_000))),
            Self::Text(builder) => {
                builder.append_option(cell);
                true
            }
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Day(mut builder) => Arc::new(builder.finish()),
            Self::Moment(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

fn second_pass(
    job: &Job<'_>,
    layout: &Layout,
    names: &[String],
    storage: &[Storage],
) -> Result<Vec<ArrayRef>, Error> {
    let cells = Cells { job };
    let mut spare = String::new();
    let mut builders: Vec<Builder> = storage.iter().map(|&storage| Builder::new(storage)).collect();
    let mut header = has_header(job.options);
    let task = format!("reading {}", job.file);
    each_record(job, layout, &task, |at, record| {
        if std::mem::take(&mut header) {
            return Ok(());
        }
        for (place, (cell, builder)) in record.iter().zip(&mut builders).enumerate() {
            let text = cells.get(cell, at, &names[place], &mut spare)?;
            if !builder.push(text) {
                return Err(Error::Cell {
                    file: job.file.clone(),
                    column: names[place].clone(),
                    row: at.row,
                    line: format!(" (line {})", at.line),
                    value: shortened(text.unwrap_or_default()),
                    kind: storage[place].name(),
                });
            }
        }
        Ok(())
    })?;
    Ok(builders.into_iter().map(Builder::finish).collect())
}

fn finish(
    options: &ReadOptions,
    name: String,
    array: ArrayRef,
    storage: Storage,
    warnings: &mut Vec<Warning>,
) -> Column {
    let given = options.kinds.get(&name).copied();
    let kind = match storage {
        Storage::Integer => Kind::Integer,
        Storage::Float => Kind::Float,
        Storage::Boolean => Kind::Boolean,
        Storage::Day | Storage::Moment => Kind::Date,
        Storage::Text => {
            let different = array
                .as_any()
                .downcast_ref::<DictionaryArray<Int32Type>>()
                .map_or(0, |array| array.values().len());
            let cells = array.len() - array.null_count();
            given.unwrap_or(if are_categories(different, cells) {
                Kind::Categorical
            } else {
                Kind::Text
            })
        }
    };
    if storage == Storage::Text && given.is_none() {
        warn_of_commas(&name, &array, warnings);
    }
    if kind == Kind::Text && given.is_none() {
        warnings.push(text_warning(&name));
    }
    let array = if kind == Kind::Text {
        arrow_cast::cast(&array, &DataType::Utf8)
            .unwrap_or_else(|_| Arc::new(StringArray::new_null(array.len())))
    } else {
        array
    };
    Column { name, kind, array }
}

/// Whether a cell is a number but for its comma.
fn has_decimal_comma(cell: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit() || matches!(c, ',' | '+' | '-' | 'e' | 'E');
    cell.matches(',').count() == 1
        && cell.chars().all(digit)
        && infer::float(&cell.replace(',', ".")).is_some()
}

/// A column of numbers with commas is more likely a dialect than categories.
fn warn_of_commas(name: &str, array: &ArrayRef, warnings: &mut Vec<Warning>) {
    let some = names_of(&array.slice(0, array.len().min(1000)));
    let mut cells = some.iter().filter(|cell| !cell.is_empty()).peekable();
    if cells.peek().is_some() && cells.all(|cell| has_decimal_comma(cell)) {
        let message = format!("column `{name}` holds numbers with a comma, and is not read as numbers");
        warnings.push(Warning::new("data.decimal-comma", message).with_hint("use `--decimal-comma`"));
    }
}

/// Free text takes no part in distances, which a user should know.
pub(crate) fn text_warning(name: &str) -> Warning {
    let message = format!("column `{name}` is free text: it is carried along and takes no part in distances");
    Warning::new("data.text-column", message)
        .with_hint(format!(
            "`--kind {kind}` to compare it, `--id {name}` if it names rows, `--ignore {name}` to say that this is right",
            kind = typed(&format!("{name}=categorical")),
            name = typed(name)
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_bytes;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int64Type};

    fn read(text: &str, options: &ReadOptions) -> Result<Read, Error> {
        read_bytes("x.csv", bytes::Bytes::copy_from_slice(text.as_bytes()), options)
    }

    fn error(text: &str) -> String {
        read(text, &ReadOptions::default()).expect_err(text).to_string()
    }

    #[test]
    fn kinds_come_from_all_rows() {
        let table = read(
            "\u{feff}a,b,c,d\r\n1,x,2020-01-01,1\r\n2,y,2020-01-02,2.5\r\n",
            &ReadOptions::default(),
        )
        .expect("it is read")
        .table;
        let kinds: Vec<Kind> = table.columns().iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Kind::Integer, Kind::Categorical, Kind::Date, Kind::Float]);
        assert_eq!(
            table.columns()[0].array.as_primitive::<Int64Type>().values(),
            &[1, 2]
        );
    }

    #[test]
    fn runs_of_blanks_are_one_separator() {
        let options = ReadOptions {
            names: Some(["a", "b", "y"].map(String::from).to_vec()),
            ..ReadOptions::default()
        };
        let table = read("   1   2.5  x \n 10  3\ty\n", &options)
            .expect("it is read")
            .table;
        assert_eq!(
            table.columns()[1].array.as_primitive::<Float64Type>().values(),
            &[2.5, 3.0]
        );
        assert_eq!(table.rows(), 2);
    }

    #[test]
    fn semicolons_and_quotes_are_found_out() {
        let table = read(
            "\"age\";\"job\"\n30;\"a;b\"\n31;\"c,d\"\n",
            &ReadOptions::default(),
        )
        .expect("it is read")
        .table;
        assert_eq!(table.names().collect::<Vec<_>>(), ["age", "job"]);
    }

    #[test]
    fn comments_labels_and_missing_marks() {
        let options = ReadOptions {
            comment: Some('|'),
            names: Some(["a", "y"].map(String::from).to_vec()),
            label_map: [("<=50K.".to_owned(), "<=50K".to_owned())].into(),
            ..ReadOptions::default()
        };
        let table = read("|1x3 test\n?, <=50K.\n4, <=50K\n", &options)
            .expect("it is read")
            .table;
        assert_eq!(table.columns()[0].array.null_count(), 1);
        let labels = table.columns()[1].array.as_dictionary::<Int32Type>();
        assert_eq!(labels.values().len(), 1);
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(
            error("a,b\n1,2\n3\n"),
            "`x.csv`, row 2 (line 3): 1 cell, but there are 2 columns"
        );
        assert_eq!(
            error("a,b\n1.5,2\nabc,3\n2.5,1\n"),
            "`x.csv`, column `a`, row 2 (line 3): `abc` is not a number"
        );
        assert_eq!(error("a,b\n"), "`x.csv` has a header of 2 columns and no row");
        assert_eq!(error("\n\n"), "`x.csv` is empty");
        assert_eq!(
            error("a,b,a\n1,2,3\n"),
            "`x.csv` has two columns called `a`: columns 1 and 3"
        );
        assert_eq!(
            error("a,b\n1,2\n3,\"4\n5,6\n"),
            "`x.csv`, row 2 (line 3): a quote opens there and never closes"
        );
    }

    #[test]
    fn a_second_column_of_a_name_can_be_renamed() {
        let options = ReadOptions {
            rename_duplicates: true,
            ..ReadOptions::default()
        };
        let table = read("a,a,a_2\n1,2,3\n", &options).expect("it is read").table;
        assert_eq!(table.names().collect::<Vec<_>>(), ["a", "a_3", "a_2"]);
    }

    #[test]
    fn numbers_with_a_comma_are_a_dialect() {
        let text = "a;b\n1,5;x\n-2,25;y\n3;x,y\n".replace("\n3;", "\n3,0;");
        let plain = read(&text, &ReadOptions::default()).expect("it is read");
        let codes: Vec<&str> = plain.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["data.decimal-comma"]);
        let options = ReadOptions {
            decimal_comma: true,
            ..ReadOptions::default()
        };
        let table = read(&text, &options).expect("it is read").table;
        let column = &table.columns()[0];
        assert_eq!(column.kind, Kind::Float);
        assert_eq!(
            column
                .array
                .as_primitive::<arrow_array::types::Float64Type>()
                .values()[..],
            [1.5, -2.25, 3.0]
        );
        assert_eq!(table.columns()[1].kind, Kind::Categorical);
    }

    #[test]
    fn other_bytes_need_to_be_told() {
        let bytes = bytes::Bytes::from_static(b"a,b\n1,caf\xe9\n2,t\xe9\n");
        let refused = read_bytes("x.csv", bytes.clone(), &ReadOptions::default()).expect_err("not UTF-8");
        assert_eq!(
            refused.to_string(),
            "`x.csv`, column `b`, row 1 (line 2): the bytes are not UTF-8 text"
        );
        let options = ReadOptions {
            latin1: true,
            ..ReadOptions::default()
        };
        let table = read_bytes("x.csv", bytes, &options).expect("it is read").table;
        assert_eq!(
            table.columns()[1]
                .array
                .as_dictionary::<Int32Type>()
                .values()
                .as_string::<i32>()
                .value(0),
            "café"
        );
    }
}

//! Readers of bibliographic records.

mod bibtex;
mod columns;
mod csl;
mod draft;
pub(crate) mod encoding;
mod europe_pmc;
mod format;
mod frames;
pub(crate) mod input;
mod jats;
mod lines;
pub(crate) mod names;
mod openalex;
mod prose;
mod pubmed;
mod table;
mod tagged;
pub(crate) mod text;
pub(crate) mod words;
mod xml;

#[cfg(test)]
mod tests;

use std::io::BufRead;

pub use columns::ColumnMap;
pub use format::Format;

use crate::{Error, Record};
use draft::Collector;
use input::Input;

/// How a file of records is read.
#[derive(Debug, Clone)]
pub struct ReadRecords {
    /// What the file holds; `None` finds out by name and content.
    pub format: Option<Format>,
    /// Which column or key holds what, in tables and in JSON lines that are not ours.
    pub columns: ColumnMap,
    /// Bytes after unpacking that are read at most; a small packed file can hold a very large one.
    pub max_bytes: u64,
    /// Bytes of one record at most: what is held in memory at once.
    pub max_record_bytes: usize,
}

impl Default for ReadRecords {
    fn default() -> Self {
        Self {
            format: None,
            columns: ColumnMap::default(),
            max_bytes: 32 << 30,
            max_record_bytes: 64 << 20,
        }
    }
}

/// What reading a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReport {
    /// What the file held.
    pub format: Format,
    /// Records that were passed on.
    pub records: u64,
    /// Records that could not be used; [`Self::problems`] says why.
    pub left_out: u64,
    /// Ids of records that the file asks to delete, as [`Ids::all`](crate::Ids::all) writes them.
    pub deleted: Vec<String>,
    /// What was odd, in the order of the file; 1000 at most.
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: u64,
}

/// Something odd in a file that did not stop its reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `record 7 (line 120)`.
    pub place: String,
    /// What, and what became of it.
    pub what: String,
}

/// Reads a file of records, each of which goes to `sink` as soon as it is complete.
///
/// `file` is the name for messages and for finding the format; `input` are its bytes, which may be packed with gz or zst. An error
/// of the sink stops the reading and is returned.
///
/// Titles and abstracts come out without markup; a retracted paper is flagged wherever its format, or its title, says so. A record
/// without title and abstract is left out and listed in the report.
///
/// # Errors
///
/// [`Error::Malformed`] where the file breaks its format, [`Error::TooLarge`] beyond the limits, [`Error::UnknownFormat`] where
/// nothing tells the format, and [`Error::NoTitleColumn`] for a table without titles. Records before the place were passed on.
pub fn read_records(
    file: &str,
    input: Box<dyn BufRead + '_>,
    options: &ReadRecords,
    sink: &mut dyn FnMut(Record) -> Result<(), Error>,
) -> Result<ReadReport, Error> {
    let (input, head) = Input::open(file, input, options.max_bytes, options.max_record_bytes)?;
    let format = match options.format {
        Some(format) => format,
        None => input::format_of(file, &head)?,
    };
    let mut out = Collector::new(format, file, sink);
    match format {
        Format::PubmedXml => pubmed::read(input, &mut out)?,
        Format::Jats => jats::read(input, &mut out)?,
        Format::Nbib => tagged::read_nbib(input, &mut out)?,
        Format::Ris => tagged::read_ris(input, &mut out)?,
        Format::EuropePmc => europe_pmc::read(input, &mut out)?,
        Format::OpenAlex => openalex::read(input, &mut out)?,
        Format::CslJson => csl::read(input, &mut out)?,
        Format::Bibtex => bibtex::read(input, &mut out)?,
        Format::Csv => table::read(input, &head, None, &options.columns, &mut out)?,
        Format::Tsv => table::read(input, &head, Some(b'\t'), &options.columns, &mut out)?,
        Format::Jsonl => lines::read(input, &options.columns, &mut out)?,
        Format::Text => prose::read(input, &mut out)?,
    }
    Ok(out.report)
}

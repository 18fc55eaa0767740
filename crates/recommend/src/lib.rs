//! Documents, what in them concerns ethics, law and society, and which of them to read.

mod error;
mod library;
mod merge;
mod rank;
mod read;
mod record;
mod search;
mod text;
mod write;

pub use error::Error;
pub use library::{Ingested, Library, Writer};
pub use merge::{Conflict, Merger, Met, merge, merge_key};
pub use read::{ColumnMap, Format, Problem, ReadRecords, ReadReport, read_records};
pub use record::{Author, Ids, Kind, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};
pub use search::{Facet, Facets, Found, SearchHit, SearchOptions, Snippet};
pub use write::{write_bibtex, write_csl_json, write_csv, write_jsonl, write_ris};

//! Documents, what in them concerns ethics, law and society, and which of them to read.

mod error;
pub mod fetch;
mod record;

pub use error::Error;
pub use record::{Author, Ids, Kind, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};

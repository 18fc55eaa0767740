//! Documents, what in them concerns ethics, law and society, and which of them to read.

mod error;
mod library;
mod rank;
mod record;
mod search;
mod text;

pub use error::Error;
pub use library::{Ingested, Library, Writer};
pub use record::{Author, Ids, Kind, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};
pub use search::{Facet, Facets, Found, SearchHit, SearchOptions, Snippet};

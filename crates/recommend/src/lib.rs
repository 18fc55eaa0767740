//! Documents, what in them concerns ethics, law and society, and which of them to read.

mod error;
mod gazetteer;
mod lexicon;
mod phrases;
mod query;
mod record;
mod sheet;

pub use error::Error;
pub use gazetteer::{BridgeKind, BridgeTerm, Gazetteer};
pub use lexicon::{Aspect, AspectEntry, CueHit, Lexicon, MAX_ASPECTS, Scan, TriggerHit};
pub use query::QueryDocument;
pub use record::{Author, Ids, Kind, Record, clean_doi, clean_openalex, clean_pmcid, clean_pmid};

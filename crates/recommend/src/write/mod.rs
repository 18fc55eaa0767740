//! Writers of bibliographic records.

mod bibtex;
mod csl;
mod jsonl;
mod ris;
mod table;

pub use bibtex::write_bibtex;
pub use csl::write_csl_json;
pub use jsonl::write_jsonl;
pub use ris::write_ris;
pub use table::write_csv;

/// Whether a record whose kind nobody said is best shown as one of a paper: programs show no journal of other kinds.
fn is_paper(record: &crate::Record) -> bool {
    record.venue.is_some() || record.ids.doi.is_some()
}

/// The note that says in formats without a field for it that a paper was retracted.
const RETRACTED: &str = "RETRACTED";

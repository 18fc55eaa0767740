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

/// The note that says in formats without a field for it that a paper was retracted.
const RETRACTED: &str = "RETRACTED";

use std::io::Write;

use counterpoise_recommend::{Record, write_bibtex, write_csl_json, write_csv, write_jsonl, write_ris};

use crate::Error;

/// A format for lists of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// For EndNote, Zotero, Mendeley and others.
    Ris,
    /// For LaTeX.
    Bibtex,
    /// For Zotero and pandoc.
    CslJson,
    /// A table.
    Csv,
    /// A record in each line.
    Jsonl,
}

impl ExportFormat {
    /// From a name, or from the ending of a file.
    ///
    /// # Errors
    ///
    /// If it is none of `ris`, `bib`, `bibtex`, `csl-json`, `json`, `csv` and `jsonl`.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name.rsplit('.').next().unwrap_or(name).to_lowercase().as_str() {
            "ris" => Ok(Self::Ris),
            "bib" | "bibtex" => Ok(Self::Bibtex),
            "json" | "csl-json" => Ok(Self::CslJson),
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::Jsonl),
            _ => Err(Error::Config {
                place: name.into(),
                problem: "no format has this name".into(),
                hint: Some("use .ris, .bib, .json (CSL-JSON), .csv or .jsonl".into()),
            }),
        }
    }
}

/// Writes records.
///
/// # Errors
///
/// Those of `out`.
pub fn export(records: &[Record], format: ExportFormat, out: &mut dyn Write) -> std::io::Result<()> {
    match format {
        ExportFormat::Ris => write_ris(out, records),
        ExportFormat::Bibtex => write_bibtex(out, records),
        ExportFormat::CslJson => write_csl_json(out, records),
        ExportFormat::Csv => write_csv(out, records),
        ExportFormat::Jsonl => write_jsonl(out, records),
    }
}

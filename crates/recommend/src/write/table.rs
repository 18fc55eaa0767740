//! CSV.

use std::io::{self, Write};

use crate::Record;

/// Writes records as a table with commas, quoted where needed, after a line of names.
///
/// It holds every field. Lists stand in one cell with `; ` between, so a keyword, heading or name that holds `;` becomes two when it is
/// read. A spreadsheet takes a cell that begins with `=` for a formula: import the file as text.
pub fn write_csv<'r>(out: &mut dyn Write, records: impl IntoIterator<Item = &'r Record>) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "id",
        "doi",
        "pmid",
        "pmcid",
        "openalex",
        "title",
        "abstract",
        "year",
        "venue",
        "authors",
        "kind",
        "language",
        "keywords",
        "mesh",
        "references",
        "licence",
        "open_access",
        "retracted",
        "record_source",
    ])?;
    for record in records {
        let ids = &record.ids;
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        let authors: Vec<String> = record.authors.iter().map(super::ris::name).collect();
        table.write_record([
            some(&ids.local),
            some(&ids.doi),
            some(&ids.pmid),
            some(&ids.pmcid),
            some(&ids.openalex),
            record.title.clone(),
            record.abstract_text.clone(),
            record.year.map(|year| year.to_string()).unwrap_or_default(),
            some(&record.venue),
            list(&authors),
            record.kind.name().to_owned(),
            some(&record.language),
            list(&record.keywords),
            list(&record.mesh),
            list(&record.references),
            some(&record.licence),
            record
                .open_access
                .map(|open| open.to_string())
                .unwrap_or_default(),
            record.retracted.to_string(),
            record.source.clone(),
        ])?;
    }
    table.flush()
}

/// With `; ` between, and `;` at the end of a list of one, which may hold commas.
fn list(parts: &[String]) -> String {
    let mut out = parts.join("; ");
    if parts.len() == 1 {
        out.push(';');
    }
    out
}

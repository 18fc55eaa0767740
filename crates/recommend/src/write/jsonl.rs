//! Our own records, one JSON object in a line.

use std::io::{self, Write};

use crate::Record;

/// Writes records as lines of JSON. Every field comes back from [`read_records`](crate::read_records).
pub fn write_jsonl<'r>(out: &mut dyn Write, records: impl IntoIterator<Item = &'r Record>) -> io::Result<()> {
    for record in records {
        let line = serde_json::to_string(record)?;
        match line.strip_prefix('{') {
            // It is by `ids` that a line is known as ours.
            Some(rest) if record.ids.is_empty() => writeln!(out, "{{\"ids\":{{}},{rest}")?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

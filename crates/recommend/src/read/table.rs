//! Tables of text: CSV and TSV.

use super::columns::{self, ColumnMap};
use super::draft::{Collector, Draft};
use super::input::{Input, not_utf8};
use crate::Error;

/// Lines of one cell from which a stray quotation mark is likelier than a long text.
const MANY_LINES: usize = 200;

/// Reads a table whose first line names its columns. Without a separator the first line decides between `,`, `;` and tab.
pub(super) fn read(
    input: Input<'_>,
    head: &[u8],
    separator: Option<u8>,
    map: &ColumnMap,
    out: &mut Collector<'_>,
) -> Result<(), Error> {
    let file = input.file;
    let separator = separator.unwrap_or_else(|| guess_separator(head));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .from_reader(input);
    let mut row = csv::ByteRecord::new();
    if !next_row(&mut reader, &mut row)? {
        return Err(Error::NoTitleColumn {
            file: file.into(),
            found: Vec::new(),
        });
    }
    let names: Vec<String> = row
        .iter()
        .map(|cell| match std::str::from_utf8(cell) {
            Ok(name) => Ok(name.trim().to_owned()),
            Err(_) => Err(not_utf8(file, 1, cell)),
        })
        .collect::<Result<_, _>>()?;
    let resolved = map.resolve(file, &names)?;
    if !resolved.has("title") {
        return Err(Error::NoTitleColumn {
            file: file.into(),
            found: names,
        });
    }
    let width = names.len();
    while next_row(&mut reader, &mut row)? {
        let line = row.position().map_or(0, csv::Position::line);
        let mut draft = Draft::default();
        if row.len() != width {
            draft.doubt(format!("{} cells where the first line has {width}", row.len()));
        }
        for (cell, field) in row.iter().zip(&resolved.columns) {
            let Some(field) = *field else { continue };
            let text = std::str::from_utf8(cell).map_err(|_| not_utf8(file, line, cell))?;
            let lines = text.matches('\n').count();
            if lines > MANY_LINES || (separator == b'\t' && lines > 0 && text.contains('\t')) {
                draft.doubt(format!(
                    "one cell goes over {} lines; a quotation mark at the start of a cell may lack its end",
                    lines + 1
                ));
            }
            columns::put(&mut draft, field, text);
        }
        let place = out.place(line);
        out.take(draft, place)?;
    }
    Ok(())
}

fn next_row(reader: &mut csv::Reader<Input<'_>>, row: &mut csv::ByteRecord) -> Result<bool, Error> {
    reader.get_mut().new_record();
    reader.read_byte_record(row).map_err(|error| {
        let line = error.position().map(csv::Position::line);
        let input = reader.get_ref();
        match error.into_kind() {
            csv::ErrorKind::Io(error) => input.error(error),
            other => input.malformed(
                line.unwrap_or(input.line),
                format!("this is no table: {other:?}"),
                None,
            ),
        }
    })
}

fn guess_separator(head: &[u8]) -> u8 {
    let mut counts = [0_usize; 3];
    let signs = [b',', b';', b'\t'];
    let mut quoted = false;
    for &byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if !quoted => {
                if let Some(at) = signs.iter().position(|&sign| sign == byte) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    // The first of equals: a table of one column has commas.
    signs[counts.iter().position(|&count| count == most).unwrap_or(0)]
}

use std::ops::Index;

use tantivy::columnar::Column;
use tantivy::{DocAddress, Searcher};

use super::fields::flag;

/// What filters and rankings ask of a document, without opening it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    segment: u32,
    document: u32,
    /// Logit of P(ELSI).
    pub(crate) elsi: f32,
    /// A bit for each aspect.
    pub(crate) aspects: u32,
    year: i16,
    /// Place in [`crate::Kind::ALL`].
    pub(crate) kind: u8,
    flags: u8,
}

/// No record says a year before this one.
const NO_YEAR: i16 = i16::MIN;

impl Row {
    pub(crate) fn address(&self) -> DocAddress {
        DocAddress::new(self.segment, self.document)
    }

    pub(crate) fn year(&self) -> Option<i32> {
        (self.year != NO_YEAR).then(|| i32::from(self.year))
    }

    pub(crate) fn open_access(&self) -> bool {
        self.has(flag::OPEN_ACCESS)
    }

    pub(crate) fn retracted(&self) -> bool {
        self.has(flag::RETRACTED)
    }

    pub(crate) fn has_abstract(&self) -> bool {
        self.has(flag::HAS_ABSTRACT)
    }

    /// P(ELSI).
    pub(crate) fn chance_of_elsi(&self) -> f64 {
        1.0 / (1.0 + (-f64::from(self.elsi)).exp())
    }

    pub(super) fn has(&self, flag: u64) -> bool {
        u64::from(self.flags) & flag != 0
    }
}

/// A row for each number.
#[derive(Debug)]
pub(crate) struct Rows {
    all: Vec<Row>,
    found: usize,
    /// Year of the newest document; 0 if none says.
    pub(crate) newest: i32,
    numbers: Vec<Vec<u32>>,
}

impl Rows {
    /// Reads the columns of an index, `O(documents)`.
    pub(crate) fn read(searcher: &Searcher, records: u32) -> tantivy::Result<Self> {
        let none = Row {
            segment: u32::MAX,
            document: u32::MAX,
            elsi: 0.0,
            aspects: 0,
            year: NO_YEAR,
            kind: 0,
            flags: 0,
        };
        let mut rows = vec![none; records as usize];
        let mut found = 0;
        let mut all_numbers = Vec::new();
        for (place, segment) in searcher.segment_readers().iter().enumerate() {
            let columns = segment.fast_fields();
            let numbers: Column<u64> = columns.u64("number")?;
            let (years, elsi) = (columns.i64("year")?, columns.f64("elsi")?);
            let (kinds, flags, aspects) = (
                columns.u64("kind")?,
                columns.u64("flags")?,
                columns.u64("aspects")?,
            );
            let mut here = vec![u32::MAX; segment.max_doc() as usize];
            for document in segment.doc_ids_alive() {
                let Some(number) = numbers.first(document) else {
                    continue;
                };
                let Some(row) = rows.get_mut(number as usize) else {
                    continue;
                };
                found += usize::from(row.segment == u32::MAX);
                here[document as usize] = number as u32;
                let whole = |column: &Column<u64>| column.first(document).unwrap_or(0);
                *row = Row {
                    segment: place as u32,
                    document,
                    elsi: elsi.first(document).unwrap_or(0.0) as f32,
                    aspects: whole(&aspects) as u32,
                    year: years
                        .first(document)
                        .map_or(NO_YEAR, |year| year.clamp(-9999, 9999) as i16),
                    kind: whole(&kinds) as u8,
                    flags: whole(&flags) as u8,
                };
            }
            all_numbers.push(here);
        }
        let newest = rows.iter().filter_map(Row::year).max().unwrap_or(0);
        Ok(Self {
            all: rows,
            newest,
            found,
            numbers: all_numbers,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.found
    }

    /// The number of a document of a segment.
    pub(crate) fn number(&self, segment: u32, document: u32) -> u32 {
        self.numbers[segment as usize][document as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.all
            .iter()
            .enumerate()
            .map(|(number, row)| (number as u32, row))
    }
}

impl Index<u32> for Rows {
    type Output = Row;

    fn index(&self, number: u32) -> &Row {
        &self.all[number as usize]
    }
}

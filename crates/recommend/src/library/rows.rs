use std::collections::BTreeMap;
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

/// A row before its document was met.
const NOWHERE: Row = Row {
    segment: u32::MAX,
    document: u32::MAX,
    elsi: 0.0,
    aspects: 0,
    year: NO_YEAR,
    kind: 0,
    flags: 0,
};

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

    /// The least logit whose chance is so much or more, so that all rows can be asked without an exponential for each.
    pub(crate) fn least_logit(chance: f64) -> f32 {
        let of = |elsi: f32| Self { elsi, ..NOWHERE }.chance_of_elsi();
        // Beyond these a chance is 0 and 1 to the last bit.
        let (mut below, mut enough) = (-800.0_f32, 800.0_f32);
        if chance <= of(below) {
            return f32::NEG_INFINITY;
        }
        loop {
            let middle = f32::midpoint(below, enough);
            if middle <= below || middle >= enough {
                return enough;
            }
            if of(middle) >= chance {
                enough = middle;
            } else {
                below = middle;
            }
        }
    }

    pub(super) fn has(&self, flag: u64) -> bool {
        u64::from(self.flags) & flag != 0
    }
}

/// Which column of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameColumn {
    Venue,
    Language,
    Source,
}

impl NameColumn {
    /// The field of the index.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Venue => "venue_name",
            Self::Language => "language",
            Self::Source => "source",
        }
    }
}

/// A column of names: every document has one of few, or none.
#[derive(Debug)]
pub(crate) struct Names {
    /// In order.
    all: Vec<String>,
    /// Place of the name of each number.
    places: Vec<u32>,
}

/// The place of a document without a name.
const NO_NAME: u32 = u32::MAX;

impl Names {
    fn read(
        column: NameColumn,
        searcher: &Searcher,
        numbers: &[Vec<u32>],
        records: u32,
    ) -> tantivy::Result<Self> {
        let mut columns = Vec::new();
        let mut all: BTreeMap<String, u32> = BTreeMap::new();
        for segment in searcher.segment_readers() {
            let Some(names) = segment.fast_fields().str(column.field())? else {
                columns.push(None);
                continue;
            };
            let mut here = Vec::new();
            let mut stream = names.dictionary().stream()?;
            while stream.advance() {
                let name = String::from_utf8_lossy(stream.key()).into_owned();
                all.entry(name.clone()).or_default();
                here.push(name);
            }
            columns.push(Some((names, here)));
        }
        for (place, at) in all.values_mut().enumerate() {
            *at = place as u32;
        }
        let mut places = vec![NO_NAME; records as usize];
        for (column, numbers) in columns.iter().zip(numbers) {
            let Some((names, here)) = column else { continue };
            let here: Vec<u32> = here.iter().map(|name| all[name]).collect();
            for (document, &number) in (0..).zip(numbers) {
                let (Some(to), Some(ord)) = (places.get_mut(number as usize), names.ords().first(document))
                else {
                    continue;
                };
                *to = here.get(ord as usize).copied().unwrap_or(NO_NAME);
            }
        }
        Ok(Self {
            all: all.into_keys().collect(),
            places,
        })
    }

    /// Whether no document has a name.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Names, each with how many of some documents have it.
    pub(crate) fn count(&self, numbers: impl Iterator<Item = u32>) -> impl Iterator<Item = (String, usize)> {
        let mut counts = vec![0; self.all.len()];
        for number in numbers {
            if let Some(count) = counts.get_mut(self.places[number as usize] as usize) {
                *count += 1;
            }
        }
        self.all.iter().cloned().zip(counts)
    }

    /// Documents with a name.
    pub(crate) fn having(&self, name: &str) -> impl Iterator<Item = u32> {
        let place = self.all.binary_search_by(|known| known.as_str().cmp(name));
        let with = place.ok().map(|place| place as u32);
        let places = (0..).zip(&self.places);
        places.filter_map(move |(number, place)| (Some(*place) == with).then_some(number))
    }
}

/// A row for each number.
#[derive(Debug)]
pub(crate) struct Rows {
    all: Vec<Row>,
    names: [Names; 3],
    found: usize,
    /// Year of the newest document; 0 if none says.
    pub(crate) newest: i32,
    /// Share of documents with an abstract.
    pub(crate) with_abstract: f64,
    numbers: Vec<Vec<u32>>,
}

impl Rows {
    /// Reads the columns of an index, `O(documents)`.
    pub(crate) fn read(searcher: &Searcher, records: u32) -> tantivy::Result<Self> {
        let mut rows = vec![NOWHERE; records as usize];
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
        let with_abstract =
            rows.iter().filter(|row| row.has_abstract()).count() as f64 / rows.len().max(1) as f64;
        let names = |column| Names::read(column, searcher, &all_numbers, records);
        Ok(Self {
            all: rows,
            names: [
                names(NameColumn::Venue)?,
                names(NameColumn::Language)?,
                names(NameColumn::Source)?,
            ],
            newest,
            with_abstract,
            found,
            numbers: all_numbers,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.found
    }

    /// A column of names.
    pub(crate) fn names(&self, column: NameColumn) -> &Names {
        &self.names[column as usize]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_logit_parts_chances_where_they_are_parted() {
        for chance in [1e-9, 0.1, 0.2, 0.5, 0.7, 0.999, 1.0] {
            let least = Row::least_logit(chance);
            let of = |elsi| Row { elsi, ..NOWHERE }.chance_of_elsi();
            assert!(of(least) >= chance, "{chance}");
            assert!(of(least.next_down()) < chance, "{chance}");
        }
        assert_eq!(Row::least_logit(0.0), f32::NEG_INFINITY);
    }
}

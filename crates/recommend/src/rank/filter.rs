use std::ops::RangeInclusive;

use crate::library::{Library, NameColumn, Row};
use crate::search::Numbers;
use crate::{Error, Kind};

/// What documents have to be, or must not be, to be recommended.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Filter {
    /// Years of publication.
    pub years: Option<RangeInclusive<i32>>,
    /// Kinds of document; empty for all.
    pub kinds: Vec<Kind>,
    /// Only what is free to read.
    pub open_access: bool,
    /// Retracted documents too.
    pub retracted: bool,
    /// Names of aspects, any of which it has to be about; empty for all.
    pub aspects: Vec<String>,
    /// Languages as two letters; empty for all.
    pub languages: Vec<String>,
    /// Where records are from; empty for all.
    pub sources: Vec<String>,
    /// Ids of documents that are left out: read, or owned.
    pub hide: Vec<String>,
    /// P(ELSI) of at least so much.
    pub elsi: f64,
    /// Documents from this number on: those that came to the library after so many others.
    pub from_number: u32,
    /// Whatever else, in the language of [`Library::search`].
    pub query: Option<String>,
}

impl Filter {
    /// Sets [`years`](Self::years) from a text: `2018`, `2010..2020`, `>=2015`.
    ///
    /// # Errors
    ///
    /// If it is no range of years.
    pub fn with_years(mut self, text: &str) -> Result<Self, Error> {
        self.years = Some(crate::search::years(text).ok_or_else(|| Error::OutOfRange {
            option: "year",
            value: format!("`{text}`"),
            range: "a year or a range: 2018, 2010..2020, >=2015, <=1999",
        })?);
        Ok(self)
    }

    /// Sets [`kinds`](Self::kinds) from names.
    ///
    /// # Errors
    ///
    /// If there is no such kind.
    pub fn with_kinds(mut self, names: &[String]) -> Result<Self, Error> {
        for name in names {
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == name.to_lowercase());
            self.kinds.push(kind.ok_or_else(|| Error::OutOfRange {
                option: "type",
                value: format!("`{name}`"),
                range: "one of article, review, editorial, letter, preprint, conference, book, chapter, report, thesis, dataset, legal, other",
            })?);
        }
        Ok(self)
    }

    /// The documents that pass. Notes say which condition no document of the library can meet.
    pub(crate) fn passing(&self, library: &Library, notes: &mut Vec<String>) -> Result<Numbers, Error> {
        if !(0.0..=1.0).contains(&self.elsi) {
            return Err(Error::OutOfRange {
                option: "elsi",
                value: self.elsi.to_string(),
                range: "a chance between 0 (all documents) and 1",
            });
        }
        let mut bits = 0_u32;
        let names = library.aspect_names();
        for name in &self.aspects {
            let place = names
                .iter()
                .position(|known| known == name)
                .ok_or_else(|| Error::OutOfRange {
                    option: "aspect",
                    value: format!("`{name}`"),
                    range: "the name of an aspect; `counterpoise elsi aspects` lists them",
                })?;
            bits |= 1 << place;
        }
        let least = Row::least_logit(self.elsi);
        let mut passing = Numbers::that(library.manifest.records, |number| {
            number >= self.from_number && self.fits(&library.rows[number], bits, least)
        });
        for (column, names) in [
            (NameColumn::Language, &self.languages),
            (NameColumn::Source, &self.sources),
        ] {
            if names.is_empty() {
                continue;
            }
            let mut any = Numbers::none(library.manifest.records);
            for name in names {
                any.or(&crate::search::named(library, column, name));
            }
            if any.count() == 0 {
                notes.push(format!(
                    "no document of this library has the {} {}",
                    column.field(),
                    names.join(" or ")
                ));
            }
            passing.and(&any);
        }
        if let Some(query) = &self.query {
            let node = crate::search::parse(query)?;
            passing.and(&crate::search::evaluate(library, &node)?.matches);
        }
        let mut hidden = Numbers::none(library.manifest.records);
        for id in &self.hide {
            match library.find_any(id)? {
                Some(number) => hidden.insert(number),
                None => notes.push(format!("`{id}` is to be hidden, and is not in this library")),
            }
        }
        hidden.not();
        passing.and(&hidden);
        self.explain_empty(library, notes);
        Ok(passing)
    }

    fn fits(&self, row: &Row, aspects: u32, least_logit: f32) -> bool {
        (self.retracted || !row.retracted())
            && (!self.open_access || row.open_access())
            && (self.kinds.is_empty() || self.kinds.contains(&Kind::ALL[usize::from(row.kind)]))
            && (aspects == 0 || row.aspects & aspects != 0)
            && self
                .years
                .as_ref()
                .is_none_or(|years| row.year().is_some_and(|year| years.contains(&year)))
            && row.elsi >= least_logit
    }

    /// Says which conditions ask for what no record of this library says.
    fn explain_empty(&self, library: &Library, notes: &mut Vec<String>) {
        let none = |says: &dyn Fn(&Row) -> bool| !library.rows.iter().any(|(_, row)| says(row));
        if self.open_access && none(&Row::open_access) {
            notes.push("no record of this library says whether it is open access; `counterpoise elsi fetch` brings records that do".into());
        }
        if !self.kinds.is_empty() && none(&|row| row.kind != 0) {
            notes.push("no record of this library says what type of document it is; `counterpoise elsi fetch` brings records that do".into());
        }
        if let Some(years) = &self.years
            && none(&|row| row.year().is_some_and(|year| years.contains(&year)))
        {
            notes.push("no document of this library is from these years".into());
        }
        if self.years.is_some() && none(&|row| row.year().is_some()) {
            notes.push("no record of this library has a year".into());
        }
    }
}

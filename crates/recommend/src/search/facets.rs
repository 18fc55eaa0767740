use std::collections::BTreeMap;

use serde::Serialize;

use super::Numbers;
use crate::library::Library;
use crate::{Error, Kind};

/// A value that documents have, and how many have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// Documents.
    pub count: usize,
}

/// Counts over all documents that match, the commonest value first; years the newest first.
///
/// Documents that do not say are not counted: where a list is empty, no document says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Facets {
    /// Years of publication.
    pub year: Vec<Facet>,
    /// Kinds of document.
    #[serde(rename = "type")]
    pub kind: Vec<Facet>,
    /// Journals and books.
    pub venue: Vec<Facet>,
    /// Languages.
    pub language: Vec<Facet>,
    /// Where records are from.
    pub source: Vec<Facet>,
    /// ELSI aspects.
    pub aspect: Vec<Facet>,
    /// Documents that are free to read.
    pub open_access: usize,
    /// Documents that were retracted.
    pub retracted: usize,
    /// Documents with P(ELSI) of a half or more.
    pub elsi: usize,
}

impl Facets {
    pub(crate) fn count(library: &Library, matches: &Numbers, most: usize) -> Result<Self, Error> {
        let mut years: BTreeMap<i32, usize> = BTreeMap::new();
        let mut kinds = [0; Kind::ALL.len()];
        let names = library.aspect_names();
        let mut aspects = vec![0; names.len()];
        let mut facets = Self::default();
        for number in matches.iter() {
            let row = &library.rows[number];
            if let Some(year) = row.year() {
                *years.entry(year).or_default() += 1;
            }
            kinds[usize::from(row.kind)] += 1;
            for (place, count) in aspects.iter_mut().enumerate() {
                *count += usize::from(row.aspects & (1 << place) != 0);
            }
            facets.open_access += usize::from(row.open_access());
            facets.retracted += usize::from(row.retracted());
            facets.elsi += usize::from(row.chance_of_elsi() >= 0.5);
        }
        let years = years.into_iter().rev().map(|(year, count)| Facet {
            value: year.to_string(),
            count,
        });
        facets.year = years.take(most).collect();
        let kinds = Kind::ALL
            .iter()
            .zip(kinds)
            .filter(|(kind, _)| **kind != Kind::Unknown);
        facets.kind = commonest(kinds.map(|(kind, count)| (kind.name().to_owned(), count)), most);
        facets.aspect = commonest(names.into_iter().zip(aspects), most);
        facets.venue = commonest(of_column(library, matches, "venue_name")?, most);
        facets.language = commonest(of_column(library, matches, "language")?, most);
        facets.source = commonest(of_column(library, matches, "source")?, most);
        Ok(facets)
    }
}

fn commonest(counts: impl IntoIterator<Item = (String, usize)>, most: usize) -> Vec<Facet> {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut facets: Vec<Facet> = counts.map(|(value, count)| Facet { value, count }).collect();
    facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    facets.truncate(most);
    facets
}

fn of_column(library: &Library, matches: &Numbers, column: &str) -> Result<BTreeMap<String, usize>, Error> {
    let mut all = BTreeMap::new();
    for (place, segment) in library.searcher.segment_readers().iter().enumerate() {
        let Some(names) = segment
            .fast_fields()
            .str(column)
            .map_err(|error| library.failed(&error))?
        else {
            continue;
        };
        let mut counts = vec![0_usize; names.num_terms()];
        for document in segment.doc_ids_alive() {
            let number = library.rows.number(place as u32, document);
            if number != u32::MAX && matches.contains(number) {
                names
                    .term_ords(document)
                    .for_each(|name| counts[name as usize] += 1);
            }
        }
        let mut name = String::new();
        for (ord, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            name.clear();
            let known = names.ord_to_str(ord as u64, &mut name);
            if known.map_err(|error| library.failed(&error.into()))? {
                *all.entry(name.clone()).or_default() += count;
            }
        }
    }
    Ok(all)
}

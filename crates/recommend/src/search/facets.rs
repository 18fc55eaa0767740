use std::collections::BTreeMap;

use serde::Serialize;

use super::Numbers;
use crate::Kind;
use crate::library::{Library, NameColumn, Row};

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
    pub(crate) fn count(library: &Library, matches: &Numbers, most: usize) -> Self {
        let mut years: BTreeMap<i32, usize> = BTreeMap::new();
        let mut kinds = [0; Kind::ALL.len()];
        let names = library.aspect_names();
        let mut aspects = vec![0; names.len()];
        let mut facets = Self::default();
        let half = Row::least_logit(0.5);
        for number in matches.iter() {
            let row = &library.rows[number];
            if let Some(year) = row.year() {
                *years.entry(year).or_default() += 1;
            }
            kinds[usize::from(row.kind)] += 1;
            let mut left = row.aspects;
            while left != 0 {
                if let Some(count) = aspects.get_mut(left.trailing_zeros() as usize) {
                    *count += 1;
                }
                left &= left - 1;
            }
            facets.open_access += usize::from(row.open_access());
            facets.retracted += usize::from(row.retracted());
            facets.elsi += usize::from(row.elsi >= half);
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
        let names = |column| library.rows.names(column).count(matches.iter());
        facets.venue = commonest(names(NameColumn::Venue), most);
        facets.language = commonest(names(NameColumn::Language), most);
        facets.source = commonest(names(NameColumn::Source), most);
        facets
    }
}

fn commonest(counts: impl IntoIterator<Item = (String, usize)>, most: usize) -> Vec<Facet> {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let mut facets: Vec<Facet> = counts.map(|(value, count)| Facet { value, count }).collect();
    facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    facets.truncate(most);
    facets
}

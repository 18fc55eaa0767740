//! Search by words: boolean, phrases, fields, near spellings; snippets and counts.

mod evaluate;
mod facets;
mod numbers;
mod parse;
mod snippet;

use serde::Serialize;

pub(crate) use evaluate::{evaluate, named};
pub use facets::{Facet, Facets};
pub(crate) use numbers::Numbers;
pub(crate) use parse::{parse, years};
pub use snippet::Snippet;
pub(crate) use snippet::{Marker, mark};

use crate::library::Library;
use crate::rank::Words;
use crate::{Error, Record};

/// What to search for, and how much to show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchOptions {
    /// Documents to return.
    pub limit: usize,
    /// Documents to leave out before the first that is returned.
    pub offset: usize,
    /// Values to count in each facet.
    pub facets: usize,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            limit: 10,
            offset: 0,
            facets: 8,
        }
    }
}

impl SearchOptions {
    /// Sets [`limit`](Self::limit).
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Sets [`offset`](Self::offset).
    pub fn with_offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Sets [`facets`](Self::facets).
    pub fn with_facets(mut self, facets: usize) -> Self {
        self.facets = facets;
        self
    }
}

/// What a search found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// Documents that match.
    pub total: usize,
    /// The best of them.
    pub hits: Vec<SearchHit>,
    /// How many of all that match have which year, kind and so on.
    pub facets: Facets,
    /// What was made of the query beyond its words: spellings that were added.
    pub notes: Vec<String>,
}

/// A document that a search found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SearchHit {
    /// Its number in the library.
    pub number: u32,
    /// BM25; 0 where a query has no word that is scored.
    pub score: f64,
    /// The title, with the words that were found.
    pub title: Snippet,
    /// Parts of the abstract with the words that were found.
    pub snippets: Vec<Snippet>,
    /// All that is known of it.
    pub record: Record,
}

impl Library {
    /// Documents that match a query, best first.
    ///
    /// All words have to be found, as stems, in title, abstract, keywords or subject headings. The language: `AND`, `OR`,
    /// `NOT` or `-`, brackets, `"side by side"` and `"near by"~3`, `begin*`, `speling~`, and fields, `title:`, `abstract:`,
    /// `keyword:`, `mesh:`, `venue:`, `author:`, `doi:`, `pmid:`, `pmcid:`, `openalex:`, `id:`, `year:2010..2020`, `type:`,
    /// `language:`, `source:`, `open-access:`, `retracted:`, `aspect:`, `elsi:>=0.5`. Ties go to the lower number. Without
    /// words to score, the newest come first. Cost: the lists of the words, and `O(documents / 64)` for each part.
    ///
    /// # Errors
    ///
    /// If the query cannot be understood, with its place and what to type instead.
    pub fn search(&self, query: &str, options: &SearchOptions) -> Result<Found, Error> {
        let node = match self.find_any(query)? {
            // An id alone is asked for as one.
            Some(number) if !query.contains(char::is_whitespace) && !query.starts_with("local:") => {
                parse::Node::Test(parse::Test::Number(number))
            }
            _ => parse(query)?,
        };
        let asked = evaluate(self, &node)?;
        let wanted = options.offset.saturating_add(options.limit);
        let words = Words::new(self, &asked.terms);
        let mut ranked: Vec<(u32, f64)> = words
            .top(wanted, &|number| asked.matches.contains(number))?
            .into_iter()
            .map(|hit| (hit.number, hit.score))
            .collect();
        if ranked.len() < wanted {
            // What matches by a name or a year alone has no score.
            let mut scored = Numbers::none(self.manifest.records);
            ranked.iter().for_each(|(number, _)| scored.insert(*number));
            let mut rest: Vec<u32> = asked
                .matches
                .iter()
                .filter(|number| !scored.contains(*number))
                .collect();
            rest.sort_by_key(|&number| (std::cmp::Reverse(self.rows[number].year()), number));
            ranked.extend(
                rest.into_iter()
                    .take(wanted - ranked.len())
                    .map(|number| (number, 0.0)),
            );
        }
        let marker = Marker::new(&asked.terms);
        let hits = ranked
            .into_iter()
            .skip(options.offset)
            .map(|(number, score)| {
                let record = self.record(number)?;
                Ok(SearchHit {
                    number,
                    score,
                    title: mark(&marker, &record.title),
                    snippets: marker.best(&record.abstract_text, 2),
                    record,
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Found {
            total: asked.matches.count(),
            hits,
            facets: Facets::count(self, &asked.matches, options.facets),
            notes: asked
                .notes
                .into_iter()
                .chain(self.notes.iter().cloned())
                .collect(),
        })
    }
}

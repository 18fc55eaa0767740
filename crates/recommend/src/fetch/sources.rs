//! What is asked of each server, page by page.

use super::client::{Client, Request};
use super::date::{self, Span};
use super::folder::{FetchState, Place};
use super::options::{Asked, DOIS, FetchOptions, Source};
use super::pages::{self, History};
use crate::Error;

/// A page, and where the next one begins.
pub(super) struct Step {
    /// Absent where there was nothing.
    pub(super) page: Option<Vec<u8>>,
    pub(super) documents: u64,
    /// Absent at the end.
    pub(super) place: Option<Place>,
    pub(super) total: Option<u64>,
}

impl Step {
    /// Nothing to keep.
    fn without_page(place: Option<Place>, total: Option<u64>) -> Self {
        Self {
            page: None,
            documents: 0,
            place,
            total,
        }
    }
}

pub(super) struct Asker<'a> {
    options: &'a FetchOptions,
    email: &'a str,
    query: &'a Asked,
    /// The search of a span that PubMed keeps, and whether it served a page already.
    history: Option<(Span, History, bool)>,
    unknown: Vec<String>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(options: &'a FetchOptions, email: &'a str, query: &'a Asked) -> Self {
        Self {
            options,
            email,
            query,
            history: None,
            unknown: Vec::new(),
        }
    }

    /// What servers said beside their records.
    pub(super) fn notes(self) -> Vec<String> {
        let mut unknown = self.unknown;
        unknown.sort();
        unknown.dedup();
        unknown
            .into_iter()
            .map(|phrase| format!("PubMed does not know the phrase `{phrase}`"))
            .collect()
    }

    pub(super) fn step(&mut self, client: &mut Client<'_>, state: &FetchState) -> Result<Step, Error> {
        let page = state.pages + 1;
        match (self.query, &state.place) {
            (Asked::Dois(dois), Place::Dois { done }) => self.dois(client, dois, *done, page),
            (Asked::Text { text, source }, Place::Cursor(cursor)) if *source == Source::EuropePmc => {
                self.europe_pmc(client, text, cursor, page)
            }
            (Asked::Text { text, source }, Place::Cursor(cursor)) if *source == Source::OpenAlex => {
                self.openalex(client, text, cursor, page)
            }
            (Asked::Text { text, .. }, Place::Spans { left, start, count }) => {
                self.pubmed(client, text, left, *start, *count, page)
            }
            _ => Err(Error::Malformed {
                file: "fetch.json".into(),
                place: "field `place`".into(),
                problem: "it does not belong to this query".into(),
                hint: Some("delete this file to fetch anew into its folder, or name another folder".into()),
            }),
        }
    }

    fn europe_pmc(
        &self,
        client: &mut Client<'_>,
        query: &str,
        cursor: &str,
        page: u64,
    ) -> Result<Step, Error> {
        let request = Request {
            url: format!("{}/search", self.options.base_urls.europe_pmc),
            pairs: vec![
                ("query", query.to_owned()),
                ("resultType", "core".into()),
                ("format", "json".into()),
                ("pageSize", self.options.records_per_page().to_string()),
                ("cursorMark", cursor.to_owned()),
                ("email", self.email.to_owned()),
            ],
            in_body: false,
        };
        let (bytes, results) = client.ask(&request, page, pages::europe_pmc)?;
        Ok(by_cursor(bytes, results, cursor))
    }

    /// The address and what every request for works has.
    fn works(&self, filter: String, size: u64) -> Request {
        let mut pairs = vec![
            ("filter", filter),
            ("per_page", size.to_string()),
            ("mailto", self.email.to_owned()),
        ];
        if let Some(key) = &self.options.api_key {
            pairs.push(("api_key", key.text().to_owned()));
        }
        Request {
            url: format!("{}/works", self.options.base_urls.openalex),
            pairs,
            in_body: false,
        }
    }

    fn openalex(&self, client: &mut Client<'_>, query: &str, cursor: &str, page: u64) -> Result<Step, Error> {
        // Commas separate filters.
        let filter = format!("title_and_abstract.search:{}", query.replace(',', " "));
        let mut request = self.works(filter, self.options.records_per_page());
        request.pairs.push(("cursor", cursor.to_owned()));
        let (bytes, results) = client.ask(&request, page, pages::openalex)?;
        Ok(by_cursor(bytes, results, cursor))
    }

    fn dois(&self, client: &mut Client<'_>, dois: &[String], done: usize, page: u64) -> Result<Step, Error> {
        let total = Some(dois.len() as u64);
        let left = dois.get(done..).unwrap_or_default();
        let mut batch = left.len().min(DOIS);
        if batch == 0 {
            return Ok(Step::without_page(None, total));
        }
        let (bytes, documents) = loop {
            let filter = format!("doi:{}", left[..batch].join("|"));
            let (bytes, results) = client.ask(&self.works(filter, 100), page, pages::openalex)?;
            // A DOI may have several works: with more than fit on a page, fewer DOIs are asked for.
            if batch == 1 || results.total.is_none_or(|count| count <= results.documents) {
                break (bytes, results.documents);
            }
            batch = batch.div_ceil(2);
        };
        let done = done.saturating_add(batch);
        Ok(Step {
            page: (documents > 0).then_some(bytes),
            documents,
            place: (done < dois.len()).then_some(Place::Dois { done }),
            total,
        })
    }

    /// What every request to NCBI has.
    fn ncbi(&self, program: &str, more: impl IntoIterator<Item = (&'static str, String)>) -> Request {
        let mut pairs = vec![
            ("db", "pubmed".to_owned()),
            ("tool", "counterpoise".to_owned()),
            ("email", self.email.to_owned()),
        ];
        if let Some(key) = &self.options.api_key {
            pairs.push(("api_key", key.text().to_owned()));
        }
        pairs.extend(more);
        Request {
            url: format!("{}/{program}.fcgi", self.options.base_urls.ncbi),
            pairs,
            in_body: true,
        }
    }

    fn pubmed(
        &mut self,
        client: &mut Client<'_>,
        query: &str,
        left: &[Span],
        start: u64,
        count: Option<u64>,
        page: u64,
    ) -> Result<Step, Error> {
        let Some((&span, others)) = left.split_last() else {
            return Ok(Step::without_page(None, None));
        };
        let rest = || {
            (!others.is_empty()).then(|| Place::Spans {
                left: others.to_vec(),
                start: 0,
                count: None,
            })
        };
        let is_kept = self.history.as_ref().is_some_and(|(of, ..)| *of == span);
        if !is_kept {
            let found = self.search(client, query, span, page)?;
            // The whole time is asked for first.
            let total = (span == date::EVER).then_some(found.count);
            if found.count == 0 {
                return Ok(Step::without_page(rest(), total));
            }
            if found.count > self.options.most_of_search {
                let Some((earlier, later)) = span.halves() else {
                    return Err(Error::TooManyOfADay {
                        day: date::written(span.from),
                        count: found.count,
                    });
                };
                let mut left = others.to_vec();
                left.extend([later, earlier]);
                let place = Place::Spans {
                    left,
                    start: 0,
                    count: None,
                };
                return Ok(Step::without_page(Some(place), total));
            }
            // Others stand in the old places now: their span begins anew.
            let start = if count.is_none_or(|count| count == found.count) {
                start
            } else {
                0
            };
            let place = Place::Spans {
                left: left.to_vec(),
                start,
                count: Some(found.count),
            };
            self.history = Some((span, found, false));
            return Ok(Step::without_page(Some(place), total));
        }
        let Some((_, history, served)) = &mut self.history else {
            return Ok(Step::without_page(rest(), None));
        };
        let size = self.options.records_per_page();
        let more = [
            ("query_key", history.key.clone()),
            ("WebEnv", history.environment.clone()),
            ("retstart", start.to_string()),
            ("retmax", size.to_string()),
            ("retmode", "xml".to_owned()),
        ];
        let (all, was_served) = (history.count, std::mem::replace(served, true));
        let check = |bytes: &[u8]| match pages::efetch(bytes)? {
            0 => Err(pages::Problem::Broken(
                "its answer has no records, where there should be some".into(),
            )),
            records => Ok(records),
        };
        let request = self.ncbi("efetch", more);
        let (bytes, documents) = match client.ask(&request, page, check) {
            // PubMed forgets searches after some hours.
            Err(Error::Refused { .. }) if was_served => {
                self.history = None;
                let place = Place::Spans {
                    left: left.to_vec(),
                    start,
                    count: Some(all),
                };
                return Ok(Step::without_page(Some(place), None));
            }
            answer => answer?,
        };
        let start = start.saturating_add(size);
        let place = if start < all {
            Some(Place::Spans {
                left: left.to_vec(),
                start,
                count: Some(all),
            })
        } else {
            rest()
        };
        Ok(Step {
            page: Some(bytes),
            documents,
            place,
            total: None,
        })
    }

    fn search(
        &mut self,
        client: &mut Client<'_>,
        query: &str,
        span: Span,
        page: u64,
    ) -> Result<History, Error> {
        let mut more = vec![
            ("term", query.to_owned()),
            ("usehistory", "y".to_owned()),
            ("retmode", "json".to_owned()),
            ("retmax", "0".to_owned()),
        ];
        if span != date::EVER {
            more.push(("datetype", "edat".to_owned()));
            more.push(("mindate", date::written(span.from)));
            more.push(("maxdate", date::written(span.to)));
        }
        let request = self.ncbi("esearch", more);
        let (_, found) = client.ask(&request, page, pages::esearch)?;
        self.unknown.extend(found.unknown.iter().cloned());
        Ok(found)
    }
}

fn by_cursor(bytes: Vec<u8>, results: pages::Results, cursor: &str) -> Step {
    let next = results
        .next
        .filter(|next| next != cursor && results.documents > 0);
    Step {
        page: (results.documents > 0).then_some(bytes),
        documents: results.documents,
        place: next.map(Place::Cursor),
        total: results.total,
    }
}

//! BM25 over the words of a query, with every word's part of every score.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::{Bm25Weight, BooleanQuery, BoostQuery, Occur, Query, TermQuery, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet as _, Score, SegmentReader, Term};

use super::QueryTerm;
use crate::Error;
use crate::library::Library;

/// A document and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) number: u32,
    pub(crate) score: f64,
}

/// BM25 (k1 1.2, b 0.75) over title twice, abstract, keywords and headings.
///
/// # Source
///
/// Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the inverse document
/// frequency of Lucene, `ln(1 + (N - n + 0.5) / (n + 0.5))`, and lengths in the 256 steps that tantivy keeps. Replaced
/// documents count in `N` and `n` until the index merges its parts.
pub(crate) struct Words<'a> {
    library: &'a Library,
    terms: Vec<(Term, Bm25Weight)>,
    query: BooleanQuery,
}

impl<'a> Words<'a> {
    pub(crate) fn new(library: &'a Library, terms: &[QueryTerm]) -> Self {
        let field = library.fields.text;
        let statistics = library.statistics;
        let mut parts: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut weights = Vec::new();
        for term in terms {
            let word = Term::from_field_text(field, &term.term);
            let query: Box<dyn Query> = Box::new(TermQuery::new(word.clone(), IndexRecordOption::WithFreqs));
            parts.push((Occur::Should, Box::new(BoostQuery::new(query, term.weight))));
            let weight = Bm25Weight::for_one_term_without_explain(
                term.documents,
                statistics.documents,
                statistics.mean_length,
            );
            weights.push((word, weight.boost_by(term.weight)));
        }
        Self {
            library,
            terms: weights,
            query: BooleanQuery::new(parts),
        }
    }

    /// The `most` best documents that pass, best first, ties by number.
    pub(crate) fn top(&self, most: usize, passes: &(dyn Fn(u32) -> bool + Sync)) -> Result<Vec<Hit>, Error> {
        if self.terms.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let best = Best {
            most,
            library: self.library,
            passes,
        };
        let found = self.library.searcher.search(&self.query, &Pruned(&best));
        let numbers = found.map_err(|error| self.library.failed(&error))?;
        let parts = self.parts(&numbers)?;
        let mut hits: Vec<Hit> = numbers
            .iter()
            .zip(parts.chunks_exact(self.terms.len()))
            .map(|(&number, parts)| Hit {
                number,
                score: parts.iter().map(|part| f64::from(*part)).sum(),
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
        hits.truncate(most);
        Ok(hits)
    }

    /// What each word adds to the score of each document: `(numbers, terms)`, row by row.
    pub(crate) fn parts(&self, numbers: &[u32]) -> Result<Vec<f32>, Error> {
        let mut parts = vec![0.0; numbers.len() * self.terms.len()];
        // Documents of one segment in their order there, so that lists are read forwards.
        let mut places: Vec<(u32, DocId, usize)> = numbers
            .iter()
            .enumerate()
            .map(|(place, &number)| {
                let address = self.library.rows[number].address();
                (address.segment_ord, address.doc_id, place)
            })
            .collect();
        places.sort_unstable();
        let failed = |error: tantivy::TantivyError| self.library.failed(&error);
        for here in places.chunk_by(|a, b| a.0 == b.0) {
            let segment = self.library.searcher.segment_reader(here[0].0);
            let words = segment.inverted_index(self.library.fields.text).map_err(failed)?;
            let lengths = segment
                .get_fieldnorms_reader(self.library.fields.text)
                .map_err(failed)?;
            for (column, (term, weight)) in self.terms.iter().enumerate() {
                let found = words.read_postings(term, IndexRecordOption::WithFreqs);
                let Some(mut found) = found.map_err(|error| failed(error.into()))? else {
                    continue;
                };
                for &(_, document, place) in here {
                    if found.doc() < document && found.seek(document) == tantivy::TERMINATED {
                        break;
                    }
                    if found.doc() == document {
                        use tantivy::postings::Postings as _;
                        parts[place * self.terms.len() + column] =
                            weight.score(lengths.fieldnorm_id(document), found.term_freq());
                    }
                }
            }
        }
        Ok(parts)
    }
}

/// The best documents of a query, where those that cannot be among them are jumped over.
struct Best<'a> {
    most: usize,
    library: &'a Library,
    passes: &'a (dyn Fn(u32) -> bool + Sync),
}

struct Pruned<'a>(&'a Best<'a>);

/// A score as a number that sorts.
#[derive(PartialEq)]
struct Sorted(Score, Reverse<u32>);

impl Eq for Sorted {}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Collector for Pruned<'_> {
    type Fruit = Vec<u32>;
    type Child = Nothing;

    fn for_segment(&self, _: u32, _: &SegmentReader) -> tantivy::Result<Nothing> {
        Ok(Nothing)
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        place: u32,
        segment: &SegmentReader,
    ) -> tantivy::Result<Vec<(Score, u32)>> {
        let Best {
            most,
            library,
            passes,
        } = *self.0;
        let mut best: BinaryHeap<Reverse<Sorted>> = BinaryHeap::with_capacity(most + 1);
        let mut threshold = Score::NEG_INFINITY;
        weight.for_each_pruning(threshold, segment, &mut |document, score| {
            let number = library.rows.number(place, document);
            // What was replaced has no number.
            if number == u32::MAX || !passes(number) {
                return threshold;
            }
            best.push(Reverse(Sorted(score, Reverse(number))));
            if best.len() > most {
                best.pop();
            }
            if best.len() == most
                && let Some(Reverse(worst)) = best.peek()
            {
                // Ties are looked at too, so that numbers decide.
                threshold = worst.0.next_down();
            }
            threshold
        })?;
        Ok(best
            .into_iter()
            .map(|Reverse(Sorted(score, Reverse(number)))| (score, number))
            .collect())
    }

    fn merge_fruits(&self, all: Vec<Vec<(Score, u32)>>) -> tantivy::Result<Vec<u32>> {
        let mut all: Vec<(Score, u32)> = all.into_iter().flatten().collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(self.0.most);
        Ok(all.into_iter().map(|(_, number)| number).collect())
    }
}

/// Nothing is collected one by one.
struct Nothing;

impl SegmentCollector for Nothing {
    type Fruit = Vec<(Score, u32)>;

    fn collect(&mut self, _: DocId, _: Score) {}

    fn harvest(self) -> Vec<(Score, u32)> {
        Vec::new()
    }
}

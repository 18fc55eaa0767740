//! BM25 over the words of a query, with every word's part of every score.

use std::cmp::Ordering;

use rayon::prelude::*;
use tantivy::query::Bm25Weight;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet as _, Term};

use super::QueryTerm;
use crate::Error;
use crate::library::Library;

/// Documents whose scores a thread adds up at a time: their table fits into its cache.
const WINDOW: usize = 1 << 16;

/// A document and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) number: u32,
    pub(crate) score: f64,
}

impl Hit {
    /// The better one first, then the lower number.
    fn order(a: &Self, b: &Self) -> Ordering {
        b.score.total_cmp(&a.score).then(a.number.cmp(&b.number))
    }
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
}

impl<'a> Words<'a> {
    pub(crate) fn new(library: &'a Library, terms: &[QueryTerm]) -> Self {
        let field = library.fields.text;
        let statistics = library.statistics;
        let terms = terms.iter().map(|term| {
            let weight = Bm25Weight::for_one_term_without_explain(
                term.documents,
                statistics.documents,
                statistics.mean_length,
            );
            let word = Term::from_field_text(field, &term.term);
            (word, weight.boost_by(term.weight))
        });
        Self {
            library,
            terms: terms.collect(),
        }
    }

    /// The `most` best documents that pass, best first, ties by number.
    pub(crate) fn top(&self, most: usize, passes: &(dyn Fn(u32) -> bool + Sync)) -> Result<Vec<Hit>, Error> {
        if self.terms.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let segments = self.library.searcher.segment_readers().iter().enumerate();
        let windows: Vec<(u32, DocId)> = segments
            .flat_map(|(segment, reader)| {
                (0..reader.max_doc())
                    .step_by(WINDOW)
                    .map(move |first| (segment as u32, first))
            })
            .collect();
        let found: tantivy::Result<Vec<Vec<Hit>>> = windows
            .par_iter()
            .map(|&(segment, first)| self.top_of_window(segment, first, most, passes))
            .collect();
        let found = found.map_err(|error| self.library.failed(&error))?;
        let mut hits: Vec<Hit> = found.into_iter().flatten().collect();
        hits.sort_unstable_by(Hit::order);
        hits.truncate(most);
        Ok(hits)
    }

    /// The best of `WINDOW` documents of a segment. Every word's list adds to a table of scores: for a text of many words this
    /// costs less than to find out which documents can be jumped over.
    fn top_of_window(
        &self,
        segment: u32,
        first: DocId,
        most: usize,
        passes: &(dyn Fn(u32) -> bool + Sync),
    ) -> tantivy::Result<Vec<Hit>> {
        let reader = self.library.searcher.segment_reader(segment);
        let words = reader.inverted_index(self.library.fields.text)?;
        let lengths = reader.get_fieldnorms_reader(self.library.fields.text)?;
        let end = reader.max_doc().min(first + WINDOW as u32);
        let mut scores = vec![0.0_f64; (end - first) as usize];
        for (term, weight) in &self.terms {
            let Some(mut found) = words.read_block_postings(term, IndexRecordOption::WithFreqs)? else {
                continue;
            };
            let mut from = found.seek(first);
            while from < found.docs().len() {
                let here = found.docs()[from..].iter().zip(&found.freqs()[from..]);
                for (&document, &count) in here.take_while(|(document, _)| **document < end) {
                    let part = weight.score(lengths.fieldnorm_id(document), count);
                    scores[(document - first) as usize] += f64::from(part);
                }
                if found.docs().last().is_none_or(|last| *last >= end) {
                    break;
                }
                found.advance();
                from = 0;
            }
        }
        let mut best = Vec::new();
        let mut bar: Option<Hit> = None;
        for (document, score) in (first..).zip(scores) {
            if score <= 0.0 || bar.is_some_and(|bar| score < bar.score) {
                continue;
            }
            let number = self.library.rows.number(segment, document);
            // What was replaced has no number.
            if number == u32::MAX || !passes(number) {
                continue;
            }
            best.push(Hit { number, score });
            if best.len() >= most.saturating_mul(2) {
                let (_, worst, _) = best.select_nth_unstable_by(most - 1, Hit::order);
                bar = Some(*worst);
                best.truncate(most);
            }
        }
        Ok(best)
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

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;
    use crate::rank::query_terms;
    use crate::{DenseKind, LibraryOptions, Record, Writer};

    #[test]
    fn the_best_documents_are_those_whose_parts_add_up_to_most() {
        let folder = tempfile::tempdir().expect("a folder");
        let vocabulary = [
            "gene", "drive", "ethics", "patent", "yeast", "circuit", "policy", "cell",
        ];
        let mut random = Seed::new(5).rng();
        // Two ingests make two parts of an index; the second completes a document of the first.
        for ingest in 0..2 {
            let options = LibraryOptions::default().with_dense(DenseKind::Words);
            let mut writer = Writer::open(folder.path(), options).expect("a library");
            for place in 0..150 {
                let mut record = Record::default();
                record.ids.doi = Some(format!(
                    "10.1/{}",
                    if place == 3 { 3 } else { ingest * 1000 + place }
                ));
                record.title = format!("Document {place} of ingest {ingest}");
                for _ in 0..random.below(12) {
                    record.abstract_text += vocabulary[random.below(vocabulary.len())];
                    record.abstract_text.push(' ');
                }
                writer.add(&record).expect("it is added");
            }
            writer.commit(&()).expect("all are there");
        }
        let library = Library::open(folder.path()).expect("a library");
        let terms = query_terms(&library, &vocabulary[..6].join(" "), 40).expect("words");
        let words = Words::new(&library, &terms);
        let passes = |number: u32| !number.is_multiple_of(3);
        let numbers: Vec<u32> = (0..library.len() as u32)
            .filter(|number| passes(*number))
            .collect();
        let parts = words.parts(&numbers).expect("parts");
        let sums = parts
            .chunks(terms.len())
            .map(|parts| parts.iter().map(|part| f64::from(*part)).sum());
        let mut expected: Vec<Hit> = numbers
            .iter()
            .zip(sums)
            .map(|(&number, score)| Hit { number, score })
            .collect();
        expected.retain(|hit| hit.score > 0.0);
        expected.sort_by(Hit::order);
        assert!(expected.len() > 100);
        for most in [1, 7, 50, 1000] {
            let best = words.top(most, &passes).expect("the best");
            assert_eq!(best, expected[..most.min(expected.len())]);
        }
    }
}

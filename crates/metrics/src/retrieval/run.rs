use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A document in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its id.
    pub document: String,
    /// How well it fits; more is better. Finite.
    pub score: f64,
}

/// In what order the documents of a list count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// By falling score; of equal scores the greater document id first, byte by byte, as `trec_eval` has it.
    ///
    /// `trec_eval` keeps scores in single precision, so that scores which differ in the eighth digit are equal to it and
    /// not to us.
    #[default]
    Score,
    /// As the list was given, whatever its scores.
    Given,
}

/// What a system found: for each query a list of documents, each of them once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// Name of the system.
    name: String,
    queries: BTreeMap<String, Vec<Ranked>>,
}

impl Run {
    /// A run without queries.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            queries: BTreeMap::new(),
        }
    }

    /// Name of the system.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds the list of a query, best first; an empty list is an answer too.
    ///
    /// # Errors
    ///
    /// If the query is there already, a document stands twice in its list, or a score is not a finite number.
    pub fn insert(&mut self, query: impl Into<String>, list: Vec<Ranked>) -> Result<(), Error> {
        let query = query.into();
        let mut seen = HashSet::with_capacity(list.len());
        for (place, ranked) in list.iter().enumerate() {
            if !ranked.score.is_finite() {
                return Err(Error::RankingScore {
                    query,
                    document: ranked.document.clone(),
                    value: ranked.score,
                });
            }
            if !seen.insert(ranked.document.as_str()) {
                return Err(Error::RankedTwice {
                    query,
                    document: ranked.document.clone(),
                    place: format!("rank {}", place + 1),
                });
            }
        }
        if self.queries.contains_key(&query) {
            return Err(Error::QueryTwice { query });
        }
        self.queries.insert(query, list);
        Ok(())
    }

    /// Adds a list without scores, best first; scores fall from the length of the list to 1.
    pub fn insert_ranking<D: Into<String>>(
        &mut self,
        query: impl Into<String>,
        documents: impl IntoIterator<Item = D>,
    ) -> Result<(), Error> {
        let mut list: Vec<Ranked> = documents
            .into_iter()
            .map(|document| Ranked {
                document: document.into(),
                score: 0.0,
            })
            .collect();
        let length = list.len();
        for (place, ranked) in list.iter_mut().enumerate() {
            ranked.score = (length - place) as f64;
        }
        self.insert(query, list)
    }

    /// The list of a query, as it was given.
    pub fn of(&self, query: &str) -> Option<&[Ranked]> {
        self.queries.get(query).map(Vec::as_slice)
    }

    /// Documents of a query, best first.
    pub fn ranking(&self, query: &str, order: Order) -> Option<Vec<&str>> {
        let mut list: Vec<&Ranked> = self.queries.get(query)?.iter().collect();
        if order == Order::Score {
            list.sort_by(|a, b| {
                b.score
                    .partial_cmp(&a.score)
                    .unwrap_or(Ordering::Equal)
                    .then_with(|| b.document.cmp(&a.document))
            });
        }
        Some(list.into_iter().map(|ranked| ranked.document.as_str()).collect())
    }

    /// Queries and their lists, by query id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Ranked])> {
        self.queries
            .iter()
            .map(|(query, list)| (query.as_str(), list.as_slice()))
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is no query.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(list: &[(&str, f64)]) -> Result<Run, Error> {
        let mut run = Run::new("test");
        let list = list.iter().map(|&(document, score)| Ranked {
            document: document.into(),
            score,
        });
        run.insert("q", list.collect())?;
        Ok(run)
    }

    #[test]
    fn of_equal_scores_the_greater_id_comes_first() {
        let run = run(&[
            ("a", 1.0),
            ("b", 2.0),
            ("c", 1.0),
            ("b2", 2.0),
            ("z", -0.0),
            ("y", 0.0),
        ])
        .unwrap();
        let ranking = run.ranking("q", Order::Score).unwrap();
        assert_eq!(ranking, ["b2", "b", "c", "a", "z", "y"]);
    }

    #[test]
    fn the_order_given_can_be_kept() {
        let run = run(&[("a", 1.0), ("b", 2.0), ("c", 1.0)]).unwrap();
        assert_eq!(run.ranking("q", Order::Given).unwrap(), ["a", "b", "c"]);
        assert_eq!(run.ranking("other", Order::Given), None);
    }

    #[test]
    fn a_list_without_scores_keeps_its_order_by_score() {
        let mut run = Run::new("test");
        run.insert_ranking("q", ["c", "a", "b"]).unwrap();
        assert_eq!(run.ranking("q", Order::Score).unwrap(), ["c", "a", "b"]);
    }

    #[test]
    fn doubles_and_scores_that_are_no_numbers_are_refused() {
        assert_eq!(
            run(&[("a", 1.0), ("a", 0.5)]).unwrap_err().code(),
            "metrics.ranked-twice"
        );
        assert_eq!(
            run(&[("a", f64::NAN)]).unwrap_err().code(),
            "metrics.ranking-score"
        );
        let mut run = run(&[("a", 1.0)]).unwrap();
        assert_eq!(
            run.insert("q", Vec::new()).unwrap_err().code(),
            "metrics.query-twice"
        );
    }
}

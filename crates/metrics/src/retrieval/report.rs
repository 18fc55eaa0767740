use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AspectJudgements, AspectMeasure, Judgements, Order, RankingMeasure, Run};
use crate::Error;

/// What a query is worth that was judged and that the run has no list for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// As much as an empty list, so that nothing is won by leaving hard queries out. `trec_eval -c`.
    #[default]
    Empty,
    /// It is left out. `trec_eval` without `-c`, `pytrec_eval`, BEIR.
    LeftOut,
}

/// How runs are measured.
///
/// ```
/// use counterpoise_metrics::retrieval::{Judgements, RankingMeasure, Retrieval, Run};
///
/// let mut judgements = Judgements::new();
/// judgements.insert("q1", "d1", 2);
/// judgements.insert("q1", "d2", 0);
/// judgements.insert("q2", "d3", 0);
/// let mut run = Run::new("bm25");
/// run.insert_ranking("q1", ["d2", "d1"])?;
/// run.insert_ranking("q2", ["d3"])?;
/// let measure: RankingMeasure = "mrr@10".parse()?;
/// let report = Retrieval::default().evaluate(&[measure], &judgements, &run);
/// assert_eq!(report.mean("mrr@10"), Some(0.5));
/// assert_eq!(report.without_relevant, ["q2"]);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Retrieval {
    /// The least grade that counts as relevant; `-l` of `trec_eval`.
    pub relevant_from: i32,
    /// In what order the documents of a list count.
    pub order: Order,
    /// What a query without a list is worth.
    pub missing: Missing,
}

impl Default for Retrieval {
    fn default() -> Self {
        Self {
            relevant_from: 1,
            order: Order::default(),
            missing: Missing::default(),
        }
    }
}

/// What was measured of the list of one query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryScores {
    /// Its id.
    pub query: String,
    /// Whether the run has a list for it.
    pub answered: bool,
    /// A value per measure, absent where it is not defined.
    pub values: Vec<Option<f64>>,
}

/// What was measured of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RankingReport {
    /// Name of the run.
    pub run: String,
    /// Names of the measures.
    pub measures: Vec<String>,
    /// Queries that were judged, by id; without those that [`Missing::LeftOut`] leaves out.
    pub queries: Vec<QueryScores>,
    /// Queries that were judged and have no list, by id.
    pub unanswered: Vec<String>,
    /// Queries for which no document was judged relevant, by id. They are in no mean.
    pub without_relevant: Vec<String>,
    /// Queries of the run that nobody judged, by id. They are in no mean.
    pub not_judged: Vec<String>,
}

/// Values of one measure for the same queries of two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedScores {
    /// Queries with a value in both, by id.
    pub queries: Vec<String>,
    /// Values of the first run.
    pub first: Vec<f64>,
    /// Values of the second run.
    pub second: Vec<f64>,
    /// Queries with a value in one of them only, or in none.
    pub left_out: usize,
}

impl Retrieval {
    /// Sets [`relevant_from`](Self::relevant_from).
    pub fn with_relevant_from(mut self, grade: i32) -> Self {
        self.relevant_from = grade;
        self
    }

    /// Sets [`order`](Self::order).
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets [`missing`](Self::missing).
    pub fn with_missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Measures a run, query by query.
    pub fn evaluate(&self, measures: &[RankingMeasure], judgements: &Judgements, run: &Run) -> RankingReport {
        let names = measures.iter().map(ToString::to_string).collect();
        let is_relevant =
            |grades: &&BTreeMap<String, i32>| grades.values().any(|&grade| grade >= self.relevant_from);
        self.report(run, names, judgements.iter(), is_relevant, |grades, ranking| {
            let value = |measure: &RankingMeasure| measure.value(ranking, grades, self.relevant_from);
            measures.iter().map(value).collect()
        })
    }

    /// Measures how many sides a run shows, query by query.
    pub fn evaluate_aspects(
        &self,
        measures: &[AspectMeasure],
        judgements: &AspectJudgements,
        run: &Run,
    ) -> RankingReport {
        let names = measures.iter().map(ToString::to_string).collect();
        let has_aspects = |aspects: &&_| AspectJudgements::count(aspects) > 0;
        self.report(run, names, judgements.iter(), has_aspects, |aspects, ranking| {
            measures
                .iter()
                .map(|measure| measure.value(ranking, aspects))
                .collect()
        })
    }

    fn report<'a, J>(
        &self,
        run: &Run,
        measures: Vec<String>,
        judged: impl Iterator<Item = (&'a str, J)>,
        is_relevant: impl Fn(&J) -> bool,
        values: impl Fn(J, &[&str]) -> Vec<Option<f64>>,
    ) -> RankingReport {
        let mut report = RankingReport {
            run: run.name().to_owned(),
            measures,
            queries: Vec::new(),
            unanswered: Vec::new(),
            without_relevant: Vec::new(),
            not_judged: Vec::new(),
        };
        let mut seen = std::collections::BTreeSet::new();
        for (query, judged) in judged {
            seen.insert(query);
            if !is_relevant(&judged) {
                report.without_relevant.push(query.to_owned());
            }
            let ranking = run.ranking(query, self.order);
            if ranking.is_none() {
                report.unanswered.push(query.to_owned());
                if self.missing == Missing::LeftOut {
                    continue;
                }
            }
            report.queries.push(QueryScores {
                query: query.to_owned(),
                answered: ranking.is_some(),
                values: values(judged, &ranking.unwrap_or_default()),
            });
        }
        let others = run.iter().map(|(query, _)| query);
        report.not_judged = others
            .filter(|query| !seen.contains(query))
            .map(str::to_owned)
            .collect();
        report
    }
}

impl RankingReport {
    fn place(&self, measure: &str) -> Option<usize> {
        self.measures.iter().position(|name| name == measure)
    }

    /// Values of a measure, in the order of [`queries`](Self::queries); empty if it was not measured.
    pub fn values(&self, measure: &str) -> Vec<Option<f64>> {
        self.place(measure).map_or_else(Vec::new, |place| {
            self.queries.iter().map(|query| query.values[place]).collect()
        })
    }

    fn by_query(&self, measure: &str) -> BTreeMap<&str, Option<f64>> {
        let queries = self.queries.iter().map(|query| query.query.as_str());
        queries.zip(self.values(measure)).collect()
    }

    /// Mean of a measure over the queries for which it is defined; absent if there is none, or if it was not measured.
    pub fn mean(&self, measure: &str) -> Option<f64> {
        let values: Vec<f64> = self.values(measure).into_iter().flatten().collect();
        mean(&values)
    }

    /// Number of queries in the mean of a measure.
    pub fn defined(&self, measure: &str) -> usize {
        self.values(measure).into_iter().flatten().count()
    }

    /// Values of a measure for the queries for which both runs have one.
    ///
    /// # Errors
    ///
    /// If either report lacks the measure.
    pub fn paired(&self, other: &Self, measure: &str) -> Result<PairedScores, Error> {
        for report in [self, other] {
            if report.place(measure).is_none() {
                return Err(Error::UnknownMeasure {
                    name: measure.into(),
                    suggestion: crate::measure::suggest(measure, report.measures.iter().map(String::as_str)),
                });
            }
        }
        let (mine, theirs) = (self.by_query(measure), other.by_query(measure));
        let mut paired = PairedScores {
            queries: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
            left_out: theirs.keys().filter(|query| !mine.contains_key(*query)).count(),
        };
        for (query, first) in mine {
            if let (Some(first), Some(Some(second))) = (first, theirs.get(query)) {
                paired.queries.push(query.to_owned());
                paired.first.push(first);
                paired.second.push(*second);
            } else {
                paired.left_out += 1;
            }
        }
        Ok(paired)
    }
}

/// The mean; absent for no values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgements() -> Judgements {
        let mut judgements = Judgements::new();
        for (query, document, grade) in [("a", "x", 1), ("b", "x", 0), ("c", "y", 1), ("d", "z", 2)] {
            judgements.insert(query, document, grade);
        }
        judgements
    }

    fn run(name: &str, lists: &[(&str, &[&str])]) -> Run {
        let mut run = Run::new(name);
        for &(query, list) in lists {
            run.insert_ranking(query, list.iter().copied()).unwrap();
        }
        run
    }

    fn mrr(retrieval: &Retrieval, run: &Run) -> RankingReport {
        retrieval.evaluate(&["mrr".parse().unwrap()], &judgements(), run)
    }

    #[test]
    fn a_query_without_a_list_counts_as_an_empty_list() {
        let run = run("one", &[("a", &["x"]), ("b", &["x"]), ("e", &["x"])]);
        let report = mrr(&Retrieval::default(), &run);
        assert_eq!(report.values("mrr"), [Some(1.0), None, Some(0.0), Some(0.0)]);
        assert_eq!(report.mean("mrr"), Some(1.0 / 3.0));
        assert_eq!(report.defined("mrr"), 3);
        assert_eq!(report.unanswered, ["c", "d"]);
        assert_eq!(report.without_relevant, ["b"]);
        assert_eq!(report.not_judged, ["e"]);
        let left_out = mrr(&Retrieval::default().with_missing(Missing::LeftOut), &run);
        assert_eq!(left_out.mean("mrr"), Some(1.0));
        assert_eq!(left_out.mean("map"), None);
    }

    #[test]
    fn runs_are_paired_by_query() {
        let leave = Retrieval::default().with_missing(Missing::LeftOut);
        let first = mrr(
            &leave,
            &run("one", &[("a", &["x"]), ("b", &["x"]), ("c", &["x", "y"])]),
        );
        let second = mrr(
            &leave,
            &run("two", &[("c", &["y"]), ("d", &["z"]), ("a", &["u"])]),
        );
        let paired = first.paired(&second, "mrr").unwrap();
        assert_eq!(paired.queries, ["a", "c"]);
        assert_eq!((paired.first, paired.second), (vec![1.0, 0.5], vec![0.0, 1.0]));
        assert_eq!(paired.left_out, 2);
        assert_eq!(
            first.paired(&second, "mmr").unwrap_err().hint().unwrap(),
            "did you mean `mrr`?"
        );
    }

    #[test]
    fn the_grade_that_counts_as_relevant_can_be_raised() {
        let run = run("one", &[("a", &["x"]), ("d", &["z"])]);
        let report = mrr(&Retrieval::default().with_relevant_from(2), &run);
        assert_eq!(report.values("mrr"), [None, None, None, Some(1.0)]);
    }
}

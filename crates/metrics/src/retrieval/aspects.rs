use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::measure::{discounted, parts};
use super::report::mean;
use super::{Judgements, Order, Run};
use crate::Error;
use crate::measure::suggest;

/// How much less a side is worth each time it was shown already, in [`AspectMeasure::Ndcg`].
const ALPHA: f64 = 0.5;

/// Which sides of a query a document tells of.
///
/// A query, then a document, then its aspects: only those documents are of use here that are relevant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AspectJudgements(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>);

impl AspectJudgements {
    /// No judgements yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a document tells of an aspect of a query.
    pub fn insert(
        &mut self,
        query: impl Into<String>,
        document: impl Into<String>,
        aspect: impl Into<String>,
    ) {
        let documents = self.0.entry(query.into()).or_default();
        documents
            .entry(document.into())
            .or_default()
            .insert(aspect.into());
    }

    /// From judgements and the aspects of documents, whatever the query: a document that is relevant to a query tells of
    /// all of its aspects. A query without such a document stays, and nothing is defined for it.
    pub fn of_relevant(
        judgements: &Judgements,
        aspects: &BTreeMap<String, BTreeSet<String>>,
        relevant_from: i32,
    ) -> Self {
        let queries = judgements.iter().map(|(query, grades)| {
            let relevant = grades.iter().filter(|(_, grade)| **grade >= relevant_from);
            let known =
                relevant.filter_map(|(document, _)| Some((document.clone(), aspects.get(document)?.clone())));
            (query.to_owned(), known.collect())
        });
        Self(queries.collect())
    }

    /// Queries and the aspects of their documents, by query id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, BTreeSet<String>>)> {
        self.0
            .iter()
            .map(|(query, documents)| (query.as_str(), documents))
    }

    /// Aspects of the documents of a query.
    pub fn of(&self, query: &str) -> Option<&BTreeMap<String, BTreeSet<String>>> {
        self.0.get(query)
    }

    /// Number of aspects that some document of a query tells of.
    pub(super) fn count(documents: &BTreeMap<String, BTreeSet<String>>) -> usize {
        documents.values().flatten().collect::<BTreeSet<_>>().len()
    }
}

/// A measure of how many sides the ranking of one query shows. Each is a fraction, and more is better; undefined where no
/// document tells of an aspect.
///
/// Names: `aspect-ndcg@10`, `aspect-recall@10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AspectMeasure {
    /// Discounted cumulated gain over that of a good order, where a document gains 1 for each of its aspects, halved for
    /// each document before it that tells of the same one.
    ///
    /// # Source
    ///
    /// Clarke and others, "Novelty and Diversity in Information Retrieval Evaluation", SIGIR 2008, α-nDCG with α = 0.5, as
    /// in `alpha-nDCG@k` of `ndeval`. The best order is hard to find, so that a greedy one stands in its place: next comes
    /// the document that gains most, of several the one with the greatest id, as `ndeval` does. A ranking may thus come out above 1, if barely.
    #[doc(alias = "alpha-ndcg")]
    Ndcg {
        /// How many documents count.
        k: NonZeroUsize,
    },
    /// Share of the aspects of a query that some of the first `k` tells of. `strec@k` of `ndeval`.
    ///
    /// # Source
    ///
    /// Zhai, Cohen and Lafferty, "Beyond Independent Relevance", SIGIR 2003, S-recall.
    #[doc(alias = "strec")]
    #[doc(alias = "subtopic recall")]
    Recall {
        /// How many documents count.
        k: NonZeroUsize,
    },
}

impl AspectMeasure {
    /// The measure of one ranking, best first, given the aspects of documents.
    pub fn value(self, ranking: &[&str], documents: &BTreeMap<String, BTreeSet<String>>) -> Option<f64> {
        let all = AspectJudgements::count(documents);
        if all == 0 {
            return None;
        }
        let (Self::Ndcg { k } | Self::Recall { k }) = self;
        let top = ranking
            .iter()
            .take(k.get())
            .map(|document| documents.get(*document));
        Some(match self {
            Self::Ndcg { .. } => {
                let mut shown = Shown::default();
                let gains = top.map(|aspects| aspects.map_or(0.0, |aspects| shown.add(aspects)));
                discounted(gains) / discounted(greedy(documents, k.get()).into_iter())
            }
            Self::Recall { .. } => {
                let shown: BTreeSet<&String> = top.flatten().flatten().collect();
                shown.len() as f64 / all as f64
            }
        })
    }
}

/// How often each aspect was shown.
#[derive(Default)]
struct Shown<'a>(BTreeMap<&'a str, i32>);

impl<'a> Shown<'a> {
    fn gain(&self, aspects: &BTreeSet<String>) -> f64 {
        let times = aspects
            .iter()
            .map(|aspect| self.0.get(aspect.as_str()).copied().unwrap_or(0));
        times.map(|times| (1.0 - ALPHA).powi(times)).sum()
    }

    fn add(&mut self, aspects: &'a BTreeSet<String>) -> f64 {
        let gain = self.gain(aspects);
        for aspect in aspects {
            *self.0.entry(aspect).or_default() += 1;
        }
        gain
    }
}

/// Gains of the first `k` documents in a good order.
fn greedy(documents: &BTreeMap<String, BTreeSet<String>>, k: usize) -> Vec<f64> {
    let mut left: Vec<&BTreeSet<String>> = documents.values().filter(|aspects| !aspects.is_empty()).collect();
    let mut shown = Shown::default();
    let mut gains = Vec::new();
    while gains.len() < k && !left.is_empty() {
        let mut best = (0, f64::NEG_INFINITY);
        for (place, aspects) in left.iter().enumerate() {
            let gain = shown.gain(aspects);
            if gain >= best.1 {
                best = (place, gain);
            }
        }
        gains.push(shown.add(left.remove(best.0)));
    }
    gains
}

impl fmt::Display for AspectMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ndcg { k } => write!(f, "aspect-ndcg@{k}"),
            Self::Recall { k } => write!(f, "aspect-recall@{k}"),
        }
    }
}

impl FromStr for AspectMeasure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match parts(text) {
            Some(("aspect-ndcg", Some(k))) => Ok(Self::Ndcg { k }),
            Some(("aspect-recall", Some(k))) => Ok(Self::Recall { k }),
            _ => Err(Error::UnknownMeasure {
                name: text.into(),
                suggestion: suggest(text, ["aspect-ndcg@10", "aspect-recall@10"].into_iter()),
            }),
        }
    }
}

impl Serialize for AspectMeasure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AspectMeasure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::measure::deserialize(deserializer)
    }
}

/// How unlike the documents of a list are: the mean, over all pairs, of 1 less their similarity, such as a cosine.
///
/// Pairs whose similarity is not a number are left out, as those with a document that has no vector; absent without a pair.
/// 0 is a list of one document over and over; with a cosine that can be negative, at most 2.
///
/// # Source
///
/// Ziegler and others, "Improving Recommendation Lists through Topic Diversification", WWW 2005, turned from likeness to
/// unlikeness.
#[doc(alias = "intra-list diversity")]
pub fn list_diversity<D>(documents: &[D], similarity: impl Fn(&D, &D) -> f64) -> Option<f64> {
    let mut unlike = Vec::new();
    for (place, first) in documents.iter().enumerate() {
        for second in &documents[place + 1..] {
            unlike.push(1.0 - similarity(first, second));
        }
    }
    unlike.retain(|value| value.is_finite());
    mean(&unlike)
}

/// Share of a pool of documents that stands among the first `k` of some query; absent for an empty pool.
///
/// Says whether a system ever shows more than a few favourites.
#[doc(alias = "catalogue coverage")]
pub fn coverage(run: &Run, order: Order, k: NonZeroUsize, pool: &BTreeSet<String>) -> Option<f64> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (query, _) in run.iter() {
        let ranking = run.ranking(query, order).unwrap_or_default();
        seen.extend(
            ranking
                .into_iter()
                .take(k.get())
                .filter(|document| pool.contains(*document)),
        );
    }
    (!pool.is_empty()).then(|| seen.len() as f64 / pool.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn documents(list: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let aspects = |aspects: &[&str]| aspects.iter().map(|&aspect| aspect.to_owned()).collect();
        list.iter()
            .map(|&(name, of)| (name.to_owned(), aspects(of)))
            .collect()
    }

    fn check(measure: &str, ranking: &[&str], expected: f64) {
        let documents = documents(&[
            ("a", &["law", "risk"]),
            ("b", &["law"]),
            ("c", &["justice"]),
            ("d", &[]),
        ]);
        let ours = measure
            .parse::<AspectMeasure>()
            .unwrap()
            .value(ranking, &documents)
            .unwrap();
        assert!(
            (ours - expected).abs() < 1e-12,
            "{measure} of {ranking:?} is {ours}"
        );
    }

    #[test]
    fn a_side_that_was_shown_is_worth_half() {
        let three = 3.0_f64.log2();
        // The good order is a, c, b: gains 2, 1, 0.5.
        let ideal = 2.0 + 1.0 / three + 0.25;
        check("aspect-ndcg@3", &["a", "c", "b"], 1.0);
        check("aspect-ndcg@3", &["b", "a", "x"], (1.0 + 1.5 / three) / ideal);
        check("aspect-ndcg@1", &["x", "a"], 0.0);
        check("aspect-recall@2", &["a", "b", "c"], 2.0 / 3.0);
        check("aspect-recall@9", &["c", "d"], 1.0 / 3.0);
    }

    #[test]
    fn without_aspects_nothing_is_defined() {
        let measure: AspectMeasure = "aspect-recall@5".parse().unwrap();
        assert_eq!(measure.value(&["a"], &documents(&[("a", &[])])), None);
        assert_eq!(measure.value(&["a"], &BTreeMap::new()), None);
    }

    #[test]
    fn relevant_documents_bring_their_aspects() {
        let mut judgements = Judgements::new();
        judgements.insert("q", "a", 1);
        judgements.insert("q", "b", 0);
        judgements.insert("other", "b", 0);
        let aspects = documents(&[("a", &["law"]), ("b", &["risk"])]);
        let ours = AspectJudgements::of_relevant(&judgements, &aspects, 1);
        assert_eq!(ours.of("q"), Some(&documents(&[("a", &["law"])])));
        assert_eq!(ours.of("other").map(BTreeMap::len), Some(0));
    }

    #[test]
    fn lists_of_one_document_over_and_over_are_not_diverse() {
        let same = |a: &f64, b: &f64| a * b;
        assert_eq!(list_diversity(&[1.0, 1.0, 1.0], same), Some(0.0));
        assert_eq!(list_diversity(&[1.0, 0.0, 1.0], same), Some(2.0 / 3.0));
        assert_eq!(list_diversity(&[1.0, f64::NAN, 1.0], same), Some(0.0));
        assert_eq!(list_diversity(&[1.0], same), None);
        assert_eq!(list_diversity(&[1.0, f64::NAN], same), None);
    }

    #[test]
    fn coverage_counts_a_document_once() {
        let mut run = Run::new("test");
        run.insert_ranking("p", ["a", "b"]).unwrap();
        run.insert_ranking("q", ["a", "x", "c"]).unwrap();
        let pool: BTreeSet<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        let k = |k| NonZeroUsize::new(k).unwrap();
        assert_eq!(coverage(&run, Order::Score, k(2), &pool), Some(0.5));
        assert_eq!(coverage(&run, Order::Score, k(1), &pool), Some(0.25));
        assert_eq!(coverage(&run, Order::Score, k(1), &BTreeSet::new()), None);
    }

    proptest! {
        #[test]
        fn recall_of_aspects_grows_with_the_list(lists in proptest::collection::vec("[a-d]{0,3}", 1..6)) {
            let documents: BTreeMap<String, BTreeSet<String>> = lists
                .iter()
                .enumerate()
                .map(|(name, aspects)| (name.to_string(), aspects.chars().map(String::from).collect()))
                .collect();
            let ranking: Vec<&str> = documents.keys().map(String::as_str).collect();
            let mut before = 0.0;
            for k in 1..=ranking.len() {
                let k = NonZeroUsize::new(k).unwrap();
                let Some(recall) = (AspectMeasure::Recall { k }).value(&ranking, &documents) else { continue };
                prop_assert!(recall >= before);
                before = recall;
                let ndcg = AspectMeasure::Ndcg { k }.value(&ranking, &documents).unwrap();
                prop_assert!((0.0..1.2).contains(&ndcg), "{}", ndcg);
            }
        }
    }
}

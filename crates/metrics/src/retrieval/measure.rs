use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;
use crate::measure::suggest;

/// What a grade is worth in nDCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gain {
    /// The grade itself, as in `trec_eval` and BEIR.
    ///
    /// Järvelin and Kekäläinen, "Cumulated Gain-Based Evaluation of IR Techniques", TOIS 20 (2002).
    #[default]
    Linear,
    /// 2 to the power of the grade, less 1.
    ///
    /// Burges and others, "Learning to Rank Using Gradient Descent", ICML 2005.
    Exponential,
}

impl Gain {
    fn of(self, grade: i32) -> f64 {
        match self {
            _ if grade <= 0 => 0.0,
            Self::Linear => f64::from(grade),
            // Beyond it, a sum of gains would be no number.
            Self::Exponential => f64::from(grade.min(1000)).exp2() - 1.0,
        }
    }
}

/// A measure of the ranking of one query. Each is a fraction, and more is better.
///
/// `R` is the number of relevant documents among those judged, found or not. All but [`Judged`](Self::Judged) are
/// undefined where `R` is 0. A document that nobody judged counts as not relevant, but in [`Bpref`](Self::Bpref). A list
/// that is shorter than `k` is judged as if documents that are not relevant followed.
///
/// Names: `ndcg`, `ndcg@10`, `exponential-ndcg@10`, `map`, `map@100`, `mrr`, `mrr@10`, `precision@5`, `recall@100`,
/// `r-precision`, `bpref`, `judged@10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RankingMeasure {
    /// Normalised discounted cumulated gain: the sum of gains, each divided by log₂(rank + 1), over that of the best order
    /// of all judged documents. Relevance by grade; [`Retrieval::relevant_from`](super::Retrieval::relevant_from) plays
    /// no part but to say whether it is defined.
    ///
    /// `ndcg` and `ndcg_cut_k` of `trec_eval`, where gains are linear; nDCG@k of BEIR.
    #[doc(alias = "ndcg_cut")]
    Ndcg {
        /// How many documents count; all if absent.
        k: Option<NonZeroUsize>,
        /// What a grade is worth.
        gain: Gain,
    },
    /// Average precision: the sum of precision at each relevant document, over `R`.
    ///
    /// `map` and `map_cut_k` of `trec_eval`; MAP@k of BEIR. The sum is divided by `R` where `k` is smaller too.
    #[doc(alias = "map")]
    AveragePrecision {
        /// How many documents count; all if absent.
        k: Option<NonZeroUsize>,
    },
    /// One over the rank of the first relevant document; 0 if there is none among the first `k`.
    ///
    /// `recip_rank` of `trec_eval`, which has no `k`; MRR@k of BEIR.
    #[doc(alias = "recip_rank")]
    ReciprocalRank {
        /// How many documents count; all if absent.
        k: Option<NonZeroUsize>,
    },
    /// Relevant documents among the first `k`, over `k`. `P_k` of `trec_eval`.
    Precision {
        /// How many documents count.
        k: NonZeroUsize,
    },
    /// Relevant documents among the first `k`, over `R`. `recall_k` of `trec_eval`.
    Recall {
        /// How many documents count.
        k: NonZeroUsize,
    },
    /// Precision among the first `R`. `Rprec` of `trec_eval`.
    #[doc(alias = "Rprec")]
    RPrecision,
    /// Mean, over relevant documents, of 1 less the share of documents judged not relevant that stand before them;
    /// of those documents only as many count as are relevant. Documents that nobody judged are passed over.
    ///
    /// `bpref` of `trec_eval`: Buckley and Voorhees, "Retrieval Evaluation with Incomplete Information", SIGIR 2004, with
    /// the denominator min(R, judged not relevant), which `trec_eval` has had since version 8. It divides in single precision.
    Bpref,
    /// Share of the first `k` that was judged, of those that are in the list; undefined for an empty list.
    ///
    /// Says how far to trust the other numbers where only the top of some runs was judged. Not in `trec_eval`; `Judged@k`
    /// of `ir_measures` divides by `k`.
    Judged {
        /// How many documents count.
        k: NonZeroUsize,
    },
}

const STEMS: [&str; 9] = [
    "ndcg",
    "exponential-ndcg",
    "map",
    "mrr",
    "precision@10",
    "recall@100",
    "r-precision",
    "bpref",
    "judged@10",
];

/// A measure and the rank at which it stops.
pub(super) fn parts(text: &str) -> Option<(&str, Option<NonZeroUsize>)> {
    match text.split_once('@') {
        Some((stem, k)) => Some((stem, Some(k.parse().ok()?))),
        None => Some((text, None)),
    }
}

impl RankingMeasure {
    /// nDCG of the first `k` with linear gains.
    pub fn ndcg(k: NonZeroUsize) -> Self {
        Self::Ndcg {
            k: Some(k),
            gain: Gain::Linear,
        }
    }

    fn from_parts(stem: &str, k: Option<NonZeroUsize>) -> Option<Self> {
        Some(match (stem, k) {
            ("ndcg", k) => Self::Ndcg {
                k,
                gain: Gain::Linear,
            },
            ("exponential-ndcg", k) => Self::Ndcg {
                k,
                gain: Gain::Exponential,
            },
            ("map", k) => Self::AveragePrecision { k },
            ("mrr", k) => Self::ReciprocalRank { k },
            ("precision", Some(k)) => Self::Precision { k },
            ("recall", Some(k)) => Self::Recall { k },
            ("r-precision", None) => Self::RPrecision,
            ("bpref", None) => Self::Bpref,
            ("judged", Some(k)) => Self::Judged { k },
            _ => return None,
        })
    }

    /// The measure of one ranking, best first, given the grades of a query; relevant is what has at least the grade
    /// `relevant_from`.
    pub fn value(self, ranking: &[&str], grades: &BTreeMap<String, i32>, relevant_from: i32) -> Option<f64> {
        let first = |k: Option<NonZeroUsize>| {
            &ranking[..k.map_or(ranking.len(), NonZeroUsize::get).min(ranking.len())]
        };
        let grade = |document: &str| grades.get(document).copied();
        let is_relevant = |document: &str| grade(document).is_some_and(|grade| grade >= relevant_from);
        let found =
            |documents: &[&str]| documents.iter().filter(|document| is_relevant(document)).count() as f64;
        if let Self::Judged { k } = self {
            let top = first(Some(k));
            let judged = top.iter().filter(|document| grades.contains_key(**document));
            return (!top.is_empty()).then(|| judged.count() as f64 / top.len() as f64);
        }
        let relevant = grades.values().filter(|&&grade| grade >= relevant_from).count();
        if relevant == 0 {
            return None;
        }
        Some(match self {
            Self::Ndcg { k, gain } => {
                let list = first(k);
                let mut best: Vec<i32> = grades.values().copied().collect();
                best.sort_unstable_by(|a, b| b.cmp(a));
                best.truncate(k.map_or(best.len(), NonZeroUsize::get));
                let ideal = discounted(best.into_iter().map(|grade| gain.of(grade)));
                // No gain at all, where relevance begins at 0.
                if ideal <= 0.0 {
                    return None;
                }
                discounted(list.iter().map(|document| gain.of(grade(document).unwrap_or(0)))) / ideal
            }
            Self::AveragePrecision { k } => {
                let mut hits = 0.0;
                let mut sum = 0.0;
                for (place, document) in first(k).iter().enumerate() {
                    if is_relevant(document) {
                        hits += 1.0;
                        sum += hits / (place + 1) as f64;
                    }
                }
                sum / relevant as f64
            }
            Self::ReciprocalRank { k } => first(k)
                .iter()
                .position(|document| is_relevant(document))
                .map_or(0.0, |place| 1.0 / (place + 1) as f64),
            Self::Precision { k } => found(first(Some(k))) / k.get() as f64,
            Self::Recall { k } => found(first(Some(k))) / relevant as f64,
            Self::RPrecision => found(first(NonZeroUsize::new(relevant))) / relevant as f64,
            Self::Bpref => bpref(ranking, grades, relevant_from, relevant),
            Self::Judged { .. } => return None,
        })
    }
}

/// The sum of gains, each divided by log₂(rank + 1).
pub(super) fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains
        .enumerate()
        .map(|(place, gain)| gain / (place as f64 + 2.0).log2())
        .sum()
}

fn bpref(ranking: &[&str], grades: &BTreeMap<String, i32>, relevant_from: i32, relevant: usize) -> f64 {
    let not_relevant = |grade: i32| (0..relevant_from).contains(&grade);
    let bad = grades.values().filter(|&&grade| not_relevant(grade)).count();
    let (mut before, mut sum) = (0_usize, 0.0);
    for document in ranking {
        match grades.get(*document) {
            Some(&grade) if grade >= relevant_from => {
                sum += 1.0
                    - if before == 0 {
                        0.0
                    } else {
                        before.min(relevant) as f64 / bad.min(relevant) as f64
                    };
            }
            Some(&grade) if not_relevant(grade) => before += 1,
            _ => {}
        }
    }
    sum / relevant as f64
}

impl fmt::Display for RankingMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stem, k) = match *self {
            Self::Ndcg {
                k,
                gain: Gain::Linear,
            } => ("ndcg", k),
            Self::Ndcg {
                k,
                gain: Gain::Exponential,
            } => ("exponential-ndcg", k),
            Self::AveragePrecision { k } => ("map", k),
            Self::ReciprocalRank { k } => ("mrr", k),
            Self::Precision { k } => ("precision", Some(k)),
            Self::Recall { k } => ("recall", Some(k)),
            Self::RPrecision => ("r-precision", None),
            Self::Bpref => ("bpref", None),
            Self::Judged { k } => ("judged", Some(k)),
        };
        match k {
            Some(k) => write!(f, "{stem}@{k}"),
            None => f.write_str(stem),
        }
    }
}

impl FromStr for RankingMeasure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parts(text)
            .and_then(|(stem, k)| Self::from_parts(stem, k))
            .ok_or_else(|| Error::UnknownMeasure {
                name: text.into(),
                suggestion: suggest(text, STEMS.into_iter()),
            })
    }
}

impl Serialize for RankingMeasure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RankingMeasure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::measure::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grades(list: &[(&str, i32)]) -> BTreeMap<String, i32> {
        list.iter()
            .map(|&(document, grade)| (document.into(), grade))
            .collect()
    }

    fn check(measure: &str, ranking: &[&str], expected: Option<f64>) {
        let grades = grades(&[("a", 2), ("b", 1), ("c", 0), ("d", 0), ("e", 1)]);
        let ours = measure
            .parse::<RankingMeasure>()
            .unwrap()
            .value(ranking, &grades, 1);
        let near = match (ours, expected) {
            (Some(ours), Some(expected)) => (ours - expected).abs() < 1e-12,
            (ours, expected) => ours == expected,
        };
        assert!(near, "{measure} of {ranking:?} is {ours:?}, not {expected:?}");
    }

    #[test]
    fn small_rankings_are_measured_as_by_hand() {
        let three = 3.0_f64.log2();
        // The best order is 2, 1, 1.
        check(
            "ndcg@2",
            &["b", "a"],
            Some((1.0 + 2.0 / three) / (2.0 + 1.0 / three)),
        );
        check(
            "ndcg",
            &["c", "a"],
            Some((2.0 / three) / (2.0 + 1.0 / three + 0.5)),
        );
        check("exponential-ndcg@1", &["b"], Some(1.0 / 3.0));
        check("map", &["a", "c", "b"], Some((1.0 + 2.0 / 3.0) / 3.0));
        check("map@1", &["a", "c", "b"], Some(1.0 / 3.0));
        check("mrr", &["c", "x", "b"], Some(1.0 / 3.0));
        check("mrr@2", &["c", "x", "b"], Some(0.0));
        check("precision@4", &["a", "b"], Some(0.5));
        check("recall@1", &["a", "b"], Some(1.0 / 3.0));
        check("r-precision", &["a", "c", "b", "e"], Some(2.0 / 3.0));
        // One of the two that are not relevant stands before `b`, and nobody judged `x`.
        check("bpref", &["a", "x", "c", "b"], Some((1.0 + 0.5) / 3.0));
        check("judged@4", &["a", "x"], Some(0.5));
        check("judged@4", &[], None);
        check("recall@4", &[], Some(0.0));
    }

    #[test]
    fn without_a_relevant_document_nothing_is_defined() {
        let grades = grades(&[("a", 0), ("b", -1)]);
        for name in [
            "ndcg@10",
            "map",
            "mrr",
            "precision@5",
            "recall@5",
            "r-precision",
            "bpref",
        ] {
            let measure: RankingMeasure = name.parse().unwrap();
            assert_eq!(measure.value(&["a"], &grades, 1), None, "{name}");
        }
    }

    #[test]
    fn huge_grades_stay_numbers() {
        let grades = grades(&[("a", i32::MAX), ("b", i32::MIN)]);
        let measure: RankingMeasure = "exponential-ndcg".parse().unwrap();
        assert_eq!(measure.value(&["b", "a"], &grades, 1), Some(1.0 / 3.0_f64.log2()));
    }

    #[test]
    fn names_are_read_back() {
        for name in [
            "ndcg",
            "ndcg@10",
            "exponential-ndcg@3",
            "map",
            "map@100",
            "mrr",
            "mrr@10",
            "precision@5",
            "recall@100",
            "r-precision",
            "bpref",
            "judged@20",
        ] {
            assert_eq!(name.parse::<RankingMeasure>().unwrap().to_string(), name);
        }
        for name in ["ndcg@0", "ndcg@", "precision", "bpref@3", "ndgc@10", ""] {
            let error = name.parse::<RankingMeasure>().unwrap_err();
            assert_eq!(error.code(), "metrics.unknown-measure", "{name}");
            assert!(error.hint().is_some());
        }
    }

    fn every() -> Vec<RankingMeasure> {
        let names = [
            "ndcg",
            "ndcg@3",
            "exponential-ndcg@3",
            "map",
            "map@3",
            "mrr@3",
            "precision@3",
            "recall@3",
            "r-precision",
            "bpref",
        ];
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn measures_are_fractions_and_the_best_order_is_best(
            given in proptest::collection::vec(-1_i32..4, 1..12),
            shown in proptest::collection::vec(0_usize..14, 0..14),
        ) {
            let names: Vec<String> = (0..14).map(|name| format!("d{name}")).collect();
            let grades: BTreeMap<String, i32> = names.iter().cloned().zip(given.iter().copied()).collect();
            let mut ranking: Vec<&str> = Vec::new();
            for place in shown {
                if !ranking.contains(&names[place].as_str()) {
                    ranking.push(&names[place]);
                }
            }
            let mut best: Vec<&str> = grades.keys().map(String::as_str).collect();
            best.sort_by_key(|name| -grades[*name]);
            for measure in every() {
                let value = measure.value(&ranking, &grades, 1);
                let most = measure.value(&best, &grades, 1);
                prop_assert_eq!(value.is_some(), given.iter().any(|&grade| grade > 0));
                if let (Some(value), Some(most)) = (value, most) {
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{} is {}", measure, value);
                    prop_assert!(value <= most + 1e-12, "{} is {} and at best {}", measure, value, most);
                }
            }
        }

        #[test]
        fn any_text_is_a_measure_or_an_error(text in ".{0,20}") {
            if let Ok(measure) = text.parse::<RankingMeasure>() {
                prop_assert_eq!(measure.to_string().parse::<RankingMeasure>().unwrap(), measure);
            }
        }
    }
}

use serde::Serialize;

use crate::order::share;
use crate::{Adversaries, Archetypes, ClassDiversity, Diagnosis, rank_correlation};

/// One line about a class: what tables show, and what several analyses are averaged over.
///
/// Numbers of contributions are those of test rows; archetypes and diversity are those of training rows where there are some,
/// else diversity is that of test rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassSummary {
    /// Name of the class.
    pub class: String,
    /// Its training rows; absent without a training split.
    pub train_rows: Option<usize>,
    /// Its test rows.
    pub test_rows: usize,
    /// Share of its test rows that are predicted as it.
    pub recall: Option<f64>,
    /// Share of its training rows that are predicted as it.
    pub train_recall: Option<f64>,
    /// Share of the test rows predicted as it that are of it.
    pub precision: Option<f64>,
    /// What its largest contributions make of all positive ones.
    pub top_share: Option<f64>,
    /// What its two largest contributions make of all positive ones.
    pub two_share: Option<f64>,
    /// Its largest mean contribution.
    pub magnitude: Option<f64>,
    /// Mean number of contributions that its rows require.
    pub required: Option<f64>,
    /// The same of rows predicted rightly.
    pub required_right: Option<f64>,
    /// The same of misclassified rows.
    pub required_wrong: Option<f64>,
    /// How far contributions of test rows are from those of training: [`ClassMatch::mismatch`](crate::ClassMatch::mismatch).
    pub mismatch: Option<f64>,
    /// Its generalization gap, mean over features.
    pub gap: Option<f64>,
    /// Share of its training rows that are safe.
    pub safe_share: Option<f64>,
    /// Features that are used as often as if all were used equally.
    pub effective_features: Option<f64>,
    /// Directions in which its rows vary.
    pub effective_rank: Option<f64>,
    /// Mean distance of its rows.
    pub mean_distance: Option<f64>,
    /// Length of its row of weights.
    pub weight_norm: f64,
}

/// How two numbers go together over classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// Name of a number of [`ClassSummary`].
    pub number: &'static str,
    /// `train_rows`, `recall`, or `error`, which is 1 less recall.
    pub with: &'static str,
    /// Spearman's rank correlation; absent for fewer than three classes with both.
    pub value: Option<f64>,
    /// Classes that have both numbers.
    pub classes: usize,
}

impl ClassSummary {
    /// All numbers by name, in the order of the fields.
    pub fn numbers(&self) -> [(&'static str, Option<f64>); 18] {
        [
            ("train_rows", self.train_rows.map(|rows| rows as f64)),
            ("test_rows", Some(self.test_rows as f64)),
            ("recall", self.recall),
            ("train_recall", self.train_recall),
            ("precision", self.precision),
            ("top_share", self.top_share),
            ("two_share", self.two_share),
            ("magnitude", self.magnitude),
            ("required", self.required),
            ("required_right", self.required_right),
            ("required_wrong", self.required_wrong),
            ("mismatch", self.mismatch),
            ("gap", self.gap),
            ("safe_share", self.safe_share),
            ("effective_features", self.effective_features),
            ("effective_rank", self.effective_rank),
            ("mean_distance", self.mean_distance),
            ("weight_norm", Some(self.weight_norm)),
        ]
    }

    fn number(&self, name: &str) -> Option<f64> {
        if name == "error" {
            return Some(1.0 - self.recall?);
        }
        self.numbers().into_iter().find(|(known, _)| *known == name)?.1
    }
}

/// One line about each class.
pub(crate) fn summaries(diagnosis: &Diagnosis, norms: &[f64]) -> Vec<ClassSummary> {
    let diversity = diagnosis
        .train_diversity
        .as_ref()
        .unwrap_or(&diagnosis.test_diversity);
    let one = |class: usize| {
        let test = &diagnosis.test.classes[class];
        let train = diagnosis.train.as_ref().map(|train| &train.classes[class]);
        let contributions = test.true_positives.contributions.as_ref();
        let ClassDiversity {
            effective_features,
            effective_rank,
            mean_distance,
            ..
        } = diversity.classes[class];
        let required = |stratum: &crate::StratumProfile| Some(stratum.required.as_ref()?.mean);
        let matches = diagnosis.matches.as_ref();
        let gap = diagnosis.gap.as_ref();
        let safe = |archetypes: &Archetypes| archetypes.classes[class].archetypes[0].share;
        ClassSummary {
            class: test.class.clone(),
            train_rows: train.map(|train| train.rows),
            test_rows: test.rows,
            recall: test.recall,
            train_recall: train.and_then(|train| train.recall),
            precision: test.precision,
            top_share: contributions.and_then(|profile| profile.share),
            two_share: contributions.and_then(|profile| {
                // Where one feature is all that speaks for the class, the next has no share.
                let mut shares = profile.top.iter().take(2).map(|feature| feature.share);
                Some(shares.next()?? + shares.next().flatten().unwrap_or(0.0))
            }),
            magnitude: contributions.and_then(|profile| Some(profile.top.first()?.magnitude)),
            required: required(&test.all),
            required_right: required(&test.true_positives),
            required_wrong: required(&test.false_negatives),
            mismatch: matches.and_then(|matches| matches[class].mismatch),
            gap: gap.and_then(|gap| Some(gap.classes[class].all?.mean)),
            safe_share: diagnosis.archetypes.as_ref().and_then(safe),
            effective_features,
            effective_rank,
            mean_distance,
            weight_norm: norms[class],
        }
    };
    (0..diagnosis.classes.len()).map(one).collect()
}

/// Which numbers go with the size of classes, with recall, and with error.
pub(crate) fn correlations(summaries: &[ClassSummary]) -> Vec<Correlation> {
    const NUMBERS: [&str; 12] = [
        "top_share",
        "two_share",
        "magnitude",
        "required",
        "mismatch",
        "gap",
        "safe_share",
        "effective_features",
        "effective_rank",
        "mean_distance",
        "weight_norm",
        "train_recall",
    ];
    let of = |name: &str| -> Vec<Option<f64>> { summaries.iter().map(|class| class.number(name)).collect() };
    let pair = |number: &'static str, with: &'static str| {
        let (a, b) = (of(number), of(with));
        Correlation {
            number,
            with,
            value: rank_correlation(&a, &b),
            classes: a
                .iter()
                .zip(&b)
                .filter(|(a, b)| a.is_some() && b.is_some())
                .count(),
        }
    };
    let first = pair("recall", "train_rows");
    let others = NUMBERS
        .into_iter()
        .flat_map(|number| ["train_rows", "recall", "error"].map(|with| pair(number, with)));
    std::iter::once(first).chain(others).collect()
}

/// The class that most errors of a class go to, with its share.
pub(crate) fn worst_adversary(adversaries: &Adversaries, class: usize) -> Option<(&str, f64)> {
    let first = adversaries.classes[class].taken_for.first()?;
    Some((first.class.as_str(), first.share))
}

/// Share of rows that lie outside of the training range in so many features at least.
pub(crate) fn outside_in(histogram: &[usize], features: usize) -> Option<f64> {
    let all: usize = histogram.iter().sum();
    share(histogram.iter().skip(features).sum(), all)
}

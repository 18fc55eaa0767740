//! What to do about a class, by a rule of ours.

use counterpoise_base::HeadKind;
use serde::Serialize;

use crate::order::share;
use crate::summary::{outside_in, worst_adversary};
use crate::{Diagnosis, Readout};

/// What may help a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Rows of the class that show what it has not shown yet.
    CollectMore,
    /// EOS: more rows between the class and its neighbours in feature space, and a head trained again.
    Eos,
    /// The same rows for longer, or a larger network.
    TrainLonger,
    /// More rows of the class before features are learnt, for pictures by DeepSMOTE, and the whole model trained again.
    Resample,
    /// Correct logits for how rare the class is, which trains nothing.
    Threshold,
    /// Nothing: the class does as well as others, or nothing can be said.
    Nothing,
}

impl Action {
    /// The name users read.
    pub fn name(self) -> &'static str {
        match self {
            Self::CollectMore => "collect-more",
            Self::Eos => "eos",
            Self::TrainLonger => "train-longer",
            Self::Resample => "resample",
            Self::Threshold => "threshold",
            Self::Nothing => "nothing",
        }
    }
}

/// What to do about one class, and why.
///
/// # Source
///
/// The rule is ours \[inferred\], and none of the papers'. The first line that holds decides:
///
/// 1. no test rows, no training rows to judge by, or a recall of at least 0.95 or of at least the mean recall of all classes:
///    `nothing`;
/// 2. half of the misclassified test rows or more would beat the class they are taken for if each logit was reduced by the
///    logarithm of the number of training rows of its class: `threshold`. The features suffice, the head leans to larger classes;
/// 3. fewer than 20 training rows: `collect-more`. What generators put between so few rows is little new;
/// 4. less than 0.8 of the training rows predicted rightly. The network has not learnt what it was shown, so that its features
///    are what has to change: `resample`, or `train-longer` for a class that has at least 0.8 of the rows of the largest, of
///    which few could be made;
/// 5. half of the misclassified test rows or more outside of the training range in a feature that stands for the class: `eos`,
///    which widens that range;
/// 6. else `collect-more`: misclassified rows look like rows of another class, and rows made from the ones there are will too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// Name of the class.
    pub class: String,
    /// What to do.
    pub action: Action,
    /// Why, with numbers.
    pub reason: String,
}

const GOOD: f64 = 0.95;
const HALF: f64 = 0.5;
const FEW_ROWS: usize = 20;
const LEARNT: f64 = 0.8;
/// A class of this share of the rows of the largest is no rare one.
const LIKE_THE_LARGEST: f64 = 0.8;

/// Share of the misclassified rows of each class whose true class would beat the predicted one if each logit was reduced by the
/// logarithm of the number of training rows of its class; absent without such rows, without training rows of the class, and for
/// cosines, whose scale is not known.
///
/// # Source
///
/// Post-hoc logit adjustment with τ = 1 (Menon et al., ICLR 2021, section 4.1), for the two classes alone: other classes may
/// gain too, so that this is the most it can do. To tell by it whether features suffice is ours.
pub fn recoverable(test: &Readout<'_>, train_counts: &[usize]) -> Vec<Option<f64>> {
    let adjusted = |logit: f64, class: u32| logit - (train_counts[class as usize] as f64).ln();
    let class = |class: usize| {
        let wrong: Vec<usize> = test
            .rows_of(class)
            .iter()
            .copied()
            .filter(|&row| !test.right(row))
            .collect();
        let beats = |&&row: &&usize| {
            let said = test.said(row);
            adjusted(said.truth, class as u32) > adjusted(said.logit, said.class)
        };
        let known = test.head().kind() == HeadKind::Linear && train_counts[class] > 0;
        share(wrong.iter().filter(beats).count(), wrong.len()).filter(|_| known)
    };
    (0..test.classes().len()).map(class).collect()
}

/// What to do about each class.
pub(crate) fn recommendations(diagnosis: &Diagnosis) -> Vec<Recommendation> {
    let one = |class: usize| {
        let (action, reason) = recommendation(diagnosis, class);
        Recommendation {
            class: diagnosis.classes[class].clone(),
            action,
            reason,
        }
    };
    (0..diagnosis.classes.len()).map(one).collect()
}

fn recommendation(diagnosis: &Diagnosis, class: usize) -> (Action, String) {
    let line = &diagnosis.summaries[class];
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let (Some(recall), Some(mean)) = (line.recall, diagnosis.test.balanced_accuracy) else {
        return (Action::Nothing, "it has no test rows to judge by".into());
    };
    if recall >= GOOD.min(mean) {
        let reason = format!(
            "its recall of {} is no worse than that of other classes, {} on average",
            percent(recall),
            percent(mean)
        );
        return (Action::Nothing, reason);
    }
    let Some(rows) = line.train_rows else {
        return (
            Action::Nothing,
            "without training rows there is no telling why it fails".into(),
        );
    };
    let recovered = diagnosis.recoverable.as_ref().and_then(|shares| shares[class]);
    if let Some(recovered) = recovered.filter(|&share| share >= HALF) {
        let reason = format!(
            "{} of its misclassified rows would beat the class they are taken for if logits were corrected for how rare classes are",
            percent(recovered)
        );
        return (Action::Threshold, reason);
    }
    if rows < FEW_ROWS {
        let reason = format!("with {rows} training rows there is little to make new ones from");
        return (Action::CollectMore, reason);
    }
    let largest = diagnosis
        .summaries
        .iter()
        .filter_map(|line| line.train_rows)
        .max();
    if let Some(learnt) = line.train_recall.filter(|&learnt| learnt < LEARNT) {
        if largest.is_some_and(|largest| rows as f64 >= LIKE_THE_LARGEST * largest as f64) {
            let reason = format!(
                "the model finds {} of its training rows only, and no rows can be made up: it is as large as others",
                percent(learnt)
            );
            return (Action::TrainLonger, reason);
        }
        let reason = format!(
            "the network finds {} of its training rows only: its features have to change, and a new head will not do",
            percent(learnt)
        );
        return (Action::Resample, reason);
    }
    let outside = diagnosis
        .matches
        .as_ref()
        .and_then(|matches| outside_in(&matches[class].outside_wrong, 1));
    if let Some(outside) = outside.filter(|&share| share >= HALF) {
        let reason = format!(
            "{} of its misclassified rows lie outside of its training range, which EOS widens",
            percent(outside)
        );
        return (Action::Eos, reason);
    }
    let inside = outside.map_or("its".to_owned(), |outside| {
        format!("{} of its", percent(1.0 - outside))
    });
    let towards = worst_adversary(&diagnosis.test_adversaries, class)
        .map_or(String::new(), |(adversary, _)| {
            format!(", like rows of `{adversary}`")
        });
    let reason = format!(
        "{inside} misclassified rows lie inside of its training range{towards}: rows made from those there are would lie there too"
    );
    (Action::CollectMore, reason)
}

//! What to do about a class, by a rule of ours.

use counterpoise_base::HeadKind;
use rayon::prelude::*;
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
    /// Correct less: the model favours rare classes by more than it gains.
    CorrectLess,
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
            Self::CorrectLess => "correct-less",
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
/// 1. no test rows, no training rows to judge by, a recall of at least 0.95, or one of at least a half that is no lower than the
///    mean recall of all classes: `nothing`;
/// 2. as many training rows as classes have on average or more, of which the model predicts the class for less than 0.8 of as many, and
///    half of the misclassified test rows or more would be won if each logit was raised by the logarithm of the number of training
///    rows of its class: `correct-less`. The model was told to favour rare classes, and gives this one up;
/// 3. half of the misclassified test rows or more would be won if each logit was reduced by that logarithm, and no class is given
///    up: `threshold`. The features suffice, the head leans to larger classes;
/// 4. fewer than 20 training rows: `collect-more`. What generators put between so few rows is little new;
/// 5. less than 0.8 of the training rows predicted rightly. The network has not learnt what it was shown, so that its features
///    are what has to change: `resample`, or `train-longer` for a class that has at least 0.8 of the rows of the largest, of
///    which few could be made;
/// 6. half of the misclassified test rows or more outside of the training range in a feature that stands for the class: `eos`,
///    which widens that range;
/// 7. else `collect-more`: misclassified rows look like rows of another class, and rows made from the ones there are will too.
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
/// A class that is predicted for a smaller share of as many training rows as it has is avoided.
const AVOIDED: f64 = 0.8;

/// Share of the misclassified rows of each class that would be won if each logit was reduced by the logarithm of the number of
/// training rows of its class; absent without such rows, without training rows of the class, and for cosines, whose scale is not
/// known. Classes without training rows do not compete.
///
/// Time: `O(m width classes)` for the `m` misclassified rows whose class would beat the predicted one.
///
/// # Source
///
/// Post-hoc logit adjustment with τ = 1 (Menon et al., ICLR 2021, section 4.1). To tell by it whether features suffice is ours.
pub fn recoverable(test: &Readout<'_>, train_counts: &[usize]) -> Vec<Option<f64>> {
    (0..test.classes().len())
        .map(|class| won(test, train_counts, class, -1.0))
        .collect()
}

/// Share of the misclassified test rows of each class that would be won if each logit was raised by the logarithm of the number of
/// training rows of its class; absent for classes that have fewer rows than classes have on average, or that are predicted for 0.8 of as
/// many training rows or more.
///
/// # Source
///
/// Ours.
pub fn given_up(train: &Readout<'_>, test: &Readout<'_>) -> Vec<Option<f64>> {
    let counts = train.embeddings().labels.counts();
    let of = |class: usize| {
        let (rows, told) = (counts[class], train.rows_predicted_as(class).len());
        let is_common = rows * counts.len() >= train.len();
        let is_avoided = (told as f64) < AVOIDED * rows as f64;
        (is_common && is_avoided)
            .then(|| won(test, &counts, class, 1.0))
            .flatten()
    };
    (0..counts.len()).map(of).collect()
}

/// Share of the misclassified rows of a class that would be won if each logit was moved by so many times the logarithm of the
/// number of training rows of its class.
fn won(test: &Readout<'_>, train_counts: &[usize], class: usize, times: f64) -> Option<f64> {
    if test.head().kind() != HeadKind::Linear || train_counts[class] == 0 {
        return None;
    }
    let moved = |logit: f64, class: usize| logit + times * (train_counts[class] as f64).ln();
    let wrong: Vec<usize> = test
        .rows_of(class)
        .iter()
        .copied()
        .filter(|&row| !test.right(row))
        .collect();
    let wins = |&&row: &&usize| {
        let said = test.said(row);
        if moved(said.truth, class) <= moved(said.logit, said.class as usize) {
            return false;
        }
        let logits = test.head().logits(test.embeddings().row(row));
        let moved = |class: usize| moved(f64::from(logits[class]), class);
        (0..logits.len())
            .filter(|&other| other != class && train_counts[other] > 0)
            .all(|other| moved(class) > moved(other))
    };
    share(wrong.par_iter().filter(wins).count(), wrong.len())
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
    if recall >= GOOD.min(mean.max(HALF)) {
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
    let given_up = |class: usize| diagnosis.given_up.as_ref()?[class].filter(|&share| share >= HALF);
    if let Some(lost) = given_up(class) {
        let reason = format!(
            "the model gives it up for rare classes: {} of its misclassified rows would be won if it favoured them less",
            percent(lost)
        );
        return (Action::CorrectLess, reason);
    }
    let recovered = diagnosis.recoverable.as_ref().and_then(|shares| shares[class]);
    let favours_rare = (0..diagnosis.classes.len()).any(|class| given_up(class).is_some());
    if let Some(recovered) = recovered.filter(|&share| share >= HALF && !favours_rare) {
        let reason = format!(
            "{} of its misclassified rows would be won if logits were corrected for how rare classes are",
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

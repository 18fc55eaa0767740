//! What changes between two models that read the same rows: trained balanced and imbalanced, before and after EOS.

use counterpoise_base::{HeadKind, LinearHead, Observer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::order::{mean, ratio, share};
use crate::{ClassProfile, DiagnoseOptions, Error, Profile, Readout, profile};

/// What two models have in common before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kinship {
    /// Nothing: trained apart, from other random weights. Feature 3 of one has nothing to do with feature 3 of the other.
    #[default]
    None,
    /// The random weights that training began with.
    Initialisation,
    /// The network before the last layer.
    Extractor,
}

impl Kinship {
    /// Whether it means anything that the same feature is among the largest of both.
    pub fn compares_features(self) -> bool {
        self != Self::None
    }
}

/// What changes between two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What the models have in common.
    pub kinship: Kinship,
    /// Whether `overlap` means anything; magnitudes by rank always do.
    pub overlap_is_meaningful: bool,
    /// Mean of `|W' - W| / |W|` over weights that are not 0; absent where the heads are not alike.
    pub weight_change: Option<f64>,
    /// One entry a class, in class order.
    pub classes: Vec<ClassChange>,
}

impl Comparison {
    /// Mean recall over classes, before and after.
    pub fn balanced_accuracy(&self) -> [Option<f64>; 2] {
        [|recall: &Change| recall.before, |recall: &Change| recall.after].map(|of| {
            let recalls: Vec<f64> = self
                .classes
                .iter()
                .filter_map(|class| of(&class.recall))
                .collect();
            (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
        })
    }

    /// Rows that only the second model finds, and rows that only the first does.
    pub fn won_and_lost(&self) -> [usize; 2] {
        let sum = |of: fn(&ClassChange) -> usize| self.classes.iter().map(of).sum();
        [
            sum(|class| class.flow.won.rows),
            sum(|class| class.flow.lost.rows),
        ]
    }
}

/// What changes for one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassChange {
    /// Name of the class.
    pub class: String,
    /// Its rows.
    pub rows: usize,
    /// Share of its rows predicted as it, before and after.
    pub recall: Change,
    /// Mean number of contributions that predictions of its rows require, before and after.
    pub required: Change,
    /// Share of the features that stand for the class before which do so after; absent where a model has none right, or models
    /// have different numbers of features.
    pub overlap: Option<f64>,
    /// Sum of the largest mean contributions after, divided by that before.
    pub magnitude_ratio: Option<f64>,
    /// The largest mean contributions in falling order, before.
    pub magnitudes_before: Vec<f64>,
    /// The largest mean contributions in falling order, after.
    pub magnitudes_after: Vec<f64>,
    /// How often features are among the largest of rows, the most frequent first, before; as many as `top_k`.
    pub frequencies_before: Vec<f64>,
    /// The same, after.
    pub frequencies_after: Vec<f64>,
    /// What becomes of its rows.
    pub flow: Flow,
}

/// A number before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// In the first model.
    pub before: Option<f64>,
    /// In the second model.
    pub after: Option<f64>,
    /// The second less the first.
    pub change: Option<f64>,
}

impl Change {
    fn new(before: Option<f64>, after: Option<f64>) -> Self {
        let change = before.zip(after).map(|(before, after)| after - before);
        Self {
            before,
            after,
            change,
        }
    }
}

/// What becomes of the rows of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Flow {
    /// Right before and after.
    pub stay_right: Moved,
    /// Right before, wrong after: from true positive to false negative.
    pub lost: Moved,
    /// Wrong before, right after: from false negative to true positive.
    pub won: Moved,
    /// Wrong before and after.
    pub stay_wrong: Moved,
}

/// Rows with the same fate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Moved {
    /// Number of rows.
    pub rows: usize,
    /// Share of the rows of the class.
    pub share: Option<f64>,
    /// Mean number of contributions that their predictions require, before and after.
    pub required: Change,
}

/// Compares two models that read the same rows in the same order.
///
/// # Source
///
/// Overlap, magnitude ratio, change of required contributions and of recall for the same class in two models, and rows that move
/// between outcomes with how many contributions they require: after arXiv 2210.09465 and the code of arXiv 2407.10165
/// \[code\]. The weight change is that of the code of arXiv 2304.05895 \[code\]. That identities of networks trained apart cannot be compared is
/// \[inferred\].
pub fn compare(
    before: &Readout<'_>,
    after: &Readout<'_>,
    kinship: Kinship,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<Comparison, Error> {
    same_rows(before, after)?;
    let profiles = [
        profile(before, options, observer)?,
        profile(after, options, observer)?,
    ];
    let lengths = [before, after].map(|model| model.required(options.bias_of));
    let alike = before.width() == after.width();
    let class = |class: usize| {
        let [a, b] = [0, 1].map(|model| &profiles[model].classes[class]);
        ClassChange {
            class: a.class.clone(),
            rows: a.rows,
            recall: Change::new(a.recall, b.recall),
            required: Change::new(required(a), required(b)),
            overlap: a
                .identity()
                .zip(b.identity())
                .filter(|_| alike)
                .and_then(|(a, b)| share(a.iter().filter(|index| b.contains(index)).count(), a.len())),
            magnitude_ratio: ratio(magnitudes(b).iter().sum(), magnitudes(a).iter().sum())
                .filter(|_| !magnitudes(b).is_empty()),
            magnitudes_before: magnitudes(a),
            magnitudes_after: magnitudes(b),
            frequencies_before: frequencies(a, options),
            frequencies_after: frequencies(b, options),
            flow: flow(before, after, &lengths, class),
        }
    };
    Ok(Comparison {
        kinship,
        overlap_is_meaningful: kinship.compares_features() && alike,
        weight_change: weight_change(before.head(), after.head()),
        classes: (0..before.classes().len()).map(class).collect(),
    })
}

fn same_rows(before: &Readout<'_>, after: &Readout<'_>) -> Result<(), Error> {
    if before.len() != after.len() {
        let reason = format!("{} and {}", before.len(), after.len());
        return Err(Error::OtherRows { reason });
    }
    let classes = before.classes().iter().zip(after.classes());
    if let Some((place, (first, second))) = classes.enumerate().find(|(_, (a, b))| a != b) {
        return Err(Error::OtherClasses {
            place,
            first: first.clone(),
            second: second.clone(),
            a: "first model",
            b: "second model",
        });
    }
    match (0..before.len()).find(|&row| before.truth(row) != after.truth(row)) {
        None if before.classes().len() == after.classes().len() => Ok(()),
        None => {
            let reason = format!(
                "of {} and {} classes",
                before.classes().len(),
                after.classes().len()
            );
            Err(Error::OtherRows { reason })
        }
        Some(row) => {
            let name = |readout: &Readout<'_>| readout.embeddings().labels.name_of(row).to_owned();
            let reason = format!("row {} is `{}` and `{}`", row + 1, name(before), name(after));
            Err(Error::OtherRows { reason })
        }
    }
}

fn required(class: &ClassProfile) -> Option<f64> {
    Some(class.all.required.as_ref()?.mean)
}

fn magnitudes(class: &ClassProfile) -> Vec<f64> {
    let top = |profile: &Profile| profile.top.iter().map(|feature| feature.magnitude).collect();
    class
        .true_positives
        .contributions
        .as_ref()
        .map(top)
        .unwrap_or_default()
}

fn frequencies(class: &ClassProfile, options: &DiagnoseOptions) -> Vec<f64> {
    let all = class
        .all
        .contributions
        .as_ref()
        .and_then(|profile| profile.frequency.clone());
    let mut all = all.unwrap_or_default();
    all.sort_by(|a, b| b.total_cmp(a));
    all.truncate(options.top_k.get());
    all
}

fn flow(before: &Readout<'_>, after: &Readout<'_>, lengths: &[Vec<u32>; 2], class: usize) -> Flow {
    let all = before.rows_of(class);
    let moved = |was: bool, is: bool| {
        let same = |row: &usize| before.right(*row) == was && after.right(*row) == is;
        let rows: Vec<usize> = all.iter().copied().filter(same).collect();
        let required = |model: usize| mean(rows.iter().map(|&row| f64::from(lengths[model][row])));
        Moved {
            rows: rows.len(),
            share: share(rows.len(), all.len()),
            required: Change::new(required(0), required(1)),
        }
    };
    Flow {
        stay_right: moved(true, true),
        lost: moved(true, false),
        won: moved(false, true),
        stay_wrong: moved(false, false),
    }
}

/// Mean change of a weight, relative to what it was.
fn weight_change(before: &LinearHead, after: &LinearHead) -> Option<f64> {
    let shape =
        |head: &LinearHead| -> (HeadKind, usize, usize) { (head.kind(), head.classes(), head.width()) };
    if shape(before) != shape(after) {
        return None;
    }
    let pairs = before.weight().iter().zip(after.weight());
    let change = |(&before, &after): (&f32, &f32)| {
        let (before, after) = (f64::from(before), f64::from(after));
        ratio((after - before).abs(), before.abs())
    };
    mean(pairs.filter_map(change))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use counterpoise_base::{Embeddings, Labels};

    use super::*;
    use crate::Split;

    fn rows(codes: Vec<u32>) -> Embeddings {
        let classes = ["a", "b"].map(str::to_owned).to_vec();
        let values = vec![2.0, 1.0, 1.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0];
        Embeddings::new(values, 3, Labels::from_codes(classes, codes))
    }

    #[test]
    fn rows_move_between_outcomes() {
        let rows = rows(vec![0, 0, 1]);
        let before = LinearHead::new(vec![2.0, 0.0, 0.0, 0.0, 0.0, 1.0], vec![0.0; 2], 3);
        let after = LinearHead::new(vec![1.0, 3.0, 0.0, 0.0, 0.0, 1.0], vec![0.0; 2], 3);
        let before = Readout::new(Split::Test, &rows, &before, &()).unwrap();
        let after = Readout::new(Split::Test, &rows, &after, &()).unwrap();
        let options = DiagnoseOptions::default().with_top_k(NonZeroUsize::new(2).unwrap());
        let found = compare(&before, &after, Kinship::Extractor, &options, &()).unwrap();
        let a = &found.classes[0];
        assert_eq!(
            (a.recall.before, a.recall.after, a.recall.change),
            (Some(0.5), Some(1.0), Some(0.5))
        );
        assert_eq!(
            (a.flow.stay_right.rows, a.flow.won.rows, a.flow.lost.rows),
            (1, 1, 0)
        );
        // Row 1 went to b, since nothing spoke for a, and goes to a by its second feature.
        let required = a.flow.won.required;
        assert_eq!((required.before, required.after), (Some(0.0), Some(1.0)));
        assert_eq!(a.flow.lost.required.before, None);
        // Before: row 0 with 4, 0; after: rows 0 and 1 with 2, 3 and 0, 3.
        assert_eq!(a.magnitudes_before, [4.0, 0.0]);
        assert_eq!(a.magnitudes_after, [3.0, 1.0]);
        assert_eq!((a.magnitude_ratio, a.overlap), (Some(1.0), Some(1.0)));
        assert!(found.overlap_is_meaningful);
        // 2 to 1, and 1 to 1; the others were 0.
        assert_eq!(found.weight_change, Some(0.25));
    }

    #[test]
    fn other_rows_cannot_be_compared() {
        let (one, other) = (rows(vec![0, 0, 1]), rows(vec![0, 1, 1]));
        let head = LinearHead::new(vec![1.0; 6], vec![0.0; 2], 3);
        let one = Readout::new(Split::Test, &one, &head, &()).unwrap();
        let other = Readout::new(Split::Test, &other, &head, &()).unwrap();
        let error = compare(&one, &other, Kinship::None, &DiagnoseOptions::default(), &()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the two models read different rows: row 2 is `a` and `b`"
        );
    }
}

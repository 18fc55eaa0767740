//! What one network's features say, as numbers that are kept, and what several networks say together.

use counterpoise_base::{Embeddings, LinearHead, Observer};
use counterpoise_diagnose::{
    ClassDiversity, DiagnoseOptions, Diagnosis, StratumProfile, analyse, rank_correlation,
};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Numbers of one network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkNumbers {
    /// Root of everything random in it.
    pub seed: u64,
    /// Features of an embedding.
    pub width: usize,
    /// Share of test pictures that are told.
    pub accuracy: f64,
    /// Mean recall over classes.
    pub balanced_accuracy: Option<f64>,
    /// One entry a class.
    pub classes: Vec<ClassNumbers>,
}

/// Numbers of one class; CE are contributions of features to the logit of the class, of test pictures unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassNumbers {
    /// Name of the class.
    pub class: String,
    /// Its training pictures.
    pub train_rows: usize,
    /// Share of its test pictures that are told.
    pub recall: Option<f64>,
    /// Mean number of CE that the prediction of a picture of it requires.
    pub required: Option<f64>,
    /// The same of training pictures.
    pub train_required: Option<f64>,
    /// Sum of the class's top-K mean CE, over pictures that are told.
    pub magnitude: Option<f64>,
    /// The same of training pictures.
    pub train_magnitude: Option<f64>,
    /// What the two largest mean CE make of all positive ones.
    pub two_share: Option<f64>,
    /// Features of the class's top K, of training pictures.
    pub identity: Vec<usize>,
    /// How far CE of test pictures are from those of training.
    pub mismatch: Option<f64>,
    /// Share of largest features that both splits have.
    pub jaccard: Option<f64>,
    /// Directions in which features of its training pictures vary.
    pub effective_rank: Option<f64>,
    /// The same of test pictures.
    pub test_effective_rank: Option<f64>,
    /// As many features are used equally often.
    pub effective_features: Option<f64>,
    /// Mean distance of its training pictures, divided by the mean of that over classes.
    pub relative_distance: Option<f64>,
    /// Length of its row of weights.
    pub weight_norm: f64,
}

impl ClassNumbers {
    /// A number by its name in [`NAMES`].
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match name {
            "rows" => Some(self.train_rows as f64),
            "recall" => self.recall,
            "error" => self.recall.map(|recall| 1.0 - recall),
            "required" => self.required,
            "train_required" => self.train_required,
            "magnitude" => self.magnitude,
            "train_magnitude" => self.train_magnitude,
            "two_share" => self.two_share,
            "mismatch" => self.mismatch,
            "effective_rank" => self.effective_rank,
            "test_effective_rank" => self.test_effective_rank,
            "effective_features" => self.effective_features,
            "relative_distance" => self.relative_distance,
            "weight_norm" => Some(self.weight_norm),
            _ => None,
        }
    }
}

/// Options of the analysis: neighbours and intervals are not asked for.
pub(super) fn options() -> DiagnoseOptions {
    DiagnoseOptions::default()
        .with_draws(0)
        .with_neighbor_rows(Some(0))
}

/// Reads numbers off features.
pub(super) fn numbers(
    train: &Embeddings,
    test: &Embeddings,
    head: &LinearHead,
    seed: u64,
    observer: &dyn Observer,
) -> Result<NetworkNumbers, Error> {
    Ok(of_diagnosis(
        &analyse(Some(train), test, head, &options(), observer)?,
        seed,
    ))
}

fn of_diagnosis(found: &Diagnosis, seed: u64) -> NetworkNumbers {
    let train_diversity = found.train_diversity.as_ref();
    let distance = |diversity: &ClassDiversity| diversity.mean_distance;
    let distances: Vec<f64> = train_diversity
        .map(|all| all.classes.iter().filter_map(distance).collect())
        .unwrap_or_default();
    let middle = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    let magnitude = |stratum: &StratumProfile| {
        let profile = stratum.contributions.as_ref()?;
        Some(profile.top.iter().map(|feature| feature.magnitude).sum::<f64>())
    };
    let required = |stratum: &StratumProfile| Some(stratum.required.as_ref()?.mean);
    let class = |place: usize| {
        let summary = &found.summaries[place];
        let test = &found.test.classes[place];
        let train = found.train.as_ref().map(|train| &train.classes[place]);
        let diversity = train_diversity.map(|all| &all.classes[place]);
        let matched = found.matches.as_ref().map(|all| &all[place]);
        ClassNumbers {
            class: summary.class.clone(),
            train_rows: summary.train_rows.unwrap_or(0),
            recall: summary.recall,
            required: summary.required,
            train_required: train.and_then(|train| required(&train.all)),
            magnitude: magnitude(&test.true_positives),
            train_magnitude: train.and_then(|train| magnitude(&train.true_positives)),
            two_share: summary.two_share,
            identity: train
                .and_then(counterpoise_diagnose::ClassProfile::identity)
                .unwrap_or_default(),
            mismatch: summary.mismatch,
            jaccard: matched.and_then(|matched| matched.jaccard),
            effective_rank: summary.effective_rank,
            test_effective_rank: found.test_diversity.classes[place].effective_rank,
            effective_features: summary.effective_features,
            relative_distance: diversity
                .and_then(distance)
                .filter(|_| middle > 0.0)
                .map(|distance| distance / middle),
            weight_norm: summary.weight_norm,
        }
    };
    NetworkNumbers {
        seed,
        width: found.width,
        accuracy: found.test.accuracy,
        balanced_accuracy: found.test.balanced_accuracy,
        classes: (0..found.classes.len()).map(class).collect(),
    }
}

/// Mean and standard deviation, over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanAndDeviation {
    /// The mean of those that have the number.
    pub mean: f64,
    /// With `n - 1`; absent for a single one.
    pub deviation: Option<f64>,
    /// How many have it.
    pub of: usize,
}

impl MeanAndDeviation {
    /// Of numbers, where there are some.
    pub(super) fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<f64> = values
            .into_iter()
            .flatten()
            .filter(|value| value.is_finite())
            .collect();
        let of = values.len();
        if of == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / of as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (of > 1).then(|| (squares / (of - 1) as f64).sqrt());
        Some(Self { mean, deviation, of })
    }
}

/// What becomes of a class when it becomes rare: the imbalanced network by the balanced one of the same seed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassWhenRare {
    /// Name of the class.
    pub class: String,
    /// Its training pictures, balanced and imbalanced, of the first seed.
    pub rows: [usize; 2],
    /// Share of its test pictures that are told.
    pub recall: [Option<MeanAndDeviation>; 2],
    /// CE that predictions of its test pictures require.
    pub required: [Option<MeanAndDeviation>; 2],
    /// Sum of its top-K mean CE on test pictures.
    pub magnitude: [Option<MeanAndDeviation>; 2],
    /// How far CE of test pictures are from those of training.
    pub mismatch: [Option<MeanAndDeviation>; 2],
    /// Directions in which features of its training pictures vary.
    pub effective_rank: [Option<MeanAndDeviation>; 2],
    /// The same of test pictures, which are as many for both.
    pub test_effective_rank: [Option<MeanAndDeviation>; 2],
    /// CE required: imbalanced by balanced.
    pub required_ratio: Option<MeanAndDeviation>,
    /// Magnitude: imbalanced by balanced.
    pub magnitude_ratio: Option<MeanAndDeviation>,
    /// Share of the top K of the balanced network that are those of the imbalanced one.
    pub overlap: Option<MeanAndDeviation>,
}

/// A rank correlation over classes, over seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyCorrelation {
    /// One side.
    pub number: &'static str,
    /// The other side.
    pub with: &'static str,
    /// Networks it is of: `balanced`, `imbalanced`, or `ratio`, imbalanced by balanced.
    pub of: &'static str,
    /// Spearman's; absent for fewer than three classes.
    pub value: Option<MeanAndDeviation>,
}

fn ratio(after: Option<f64>, before: Option<f64>) -> Option<f64> {
    let (after, before) = (after?, before?);
    (before.abs() > 0.0)
        .then(|| after / before)
        .filter(|ratio| ratio.is_finite())
}

/// Classes side by side; networks of a place have one seed.
pub(super) fn when_rare(balanced: &[NetworkNumbers], imbalanced: &[NetworkNumbers]) -> Vec<ClassWhenRare> {
    let Some(first) = balanced.first() else {
        return Vec::new();
    };
    let class = |place: usize| {
        let sides = [balanced, imbalanced];
        let of = |name: &str| {
            sides.map(|side| MeanAndDeviation::of(side.iter().map(|one| one.classes[place].number(name))))
        };
        let pairs = || {
            balanced
                .iter()
                .zip(imbalanced)
                .map(|(a, b)| (&a.classes[place], &b.classes[place]))
        };
        let changed =
            |name: &str| MeanAndDeviation::of(pairs().map(|(a, b)| ratio(b.number(name), a.number(name))));
        let overlap = |(a, b): (&ClassNumbers, &ClassNumbers)| {
            let shared = a
                .identity
                .iter()
                .filter(|index| b.identity.contains(index))
                .count();
            (!a.identity.is_empty() && !b.identity.is_empty())
                .then(|| shared as f64 / a.identity.len() as f64)
        };
        ClassWhenRare {
            class: first.classes[place].class.clone(),
            rows: sides.map(|side| side.first().map_or(0, |one| one.classes[place].train_rows)),
            recall: of("recall"),
            required: of("required"),
            magnitude: of("magnitude"),
            mismatch: of("mismatch"),
            effective_rank: of("effective_rank"),
            test_effective_rank: of("test_effective_rank"),
            required_ratio: changed("required"),
            magnitude_ratio: changed("magnitude"),
            overlap: MeanAndDeviation::of(pairs().map(overlap)),
        }
    };
    (0..first.classes.len()).map(class).collect()
}

/// All rank correlations of the study.
pub(super) fn correlations(
    balanced: &[NetworkNumbers],
    imbalanced: &[NetworkNumbers],
) -> Vec<StudyCorrelation> {
    let within = |number: &'static str, with: &'static str, of: &'static str| {
        let side = if of == "balanced" { balanced } else { imbalanced };
        let one = |network: &NetworkNumbers| {
            let values = |name: &str| -> Vec<Option<f64>> {
                network.classes.iter().map(|class| class.number(name)).collect()
            };
            rank_correlation(&values(number), &values(with))
        };
        StudyCorrelation {
            number,
            with,
            of,
            value: MeanAndDeviation::of(side.iter().map(one)),
        }
    };
    let changed = |number: &'static str| {
        let one = |(a, b): (&NetworkNumbers, &NetworkNumbers)| {
            let pairs = || a.classes.iter().zip(&b.classes);
            let rarer: Vec<Option<f64>> = pairs()
                .map(|(a, b)| ratio(a.number("rows"), b.number("rows")))
                .collect();
            let ratios: Vec<Option<f64>> = pairs()
                .map(|(a, b)| ratio(b.number(number), a.number(number)))
                .collect();
            rank_correlation(&ratios, &rarer)
        };
        StudyCorrelation {
            number,
            with: "rarer",
            of: "ratio",
            value: MeanAndDeviation::of(balanced.iter().zip(imbalanced).map(one)),
        }
    };
    let mut all = vec![
        changed("required"),
        changed("magnitude"),
        changed("train_required"),
        changed("train_magnitude"),
        changed("two_share"),
        changed("test_effective_rank"),
    ];
    for number in [
        "rows",
        "required",
        "magnitude",
        "two_share",
        "mismatch",
        "effective_rank",
        "test_effective_rank",
        "effective_features",
        "relative_distance",
        "weight_norm",
    ] {
        all.push(within(number, "recall", "imbalanced"));
        if number != "rows" {
            all.push(within(number, "rows", "imbalanced"));
            all.push(within(number, "recall", "balanced"));
        }
    }
    all.push(within("mismatch", "error", "imbalanced"));
    all.push(within("mismatch", "error", "balanced"));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(recalls: &[f64], rows: &[usize], required: &[f64]) -> NetworkNumbers {
        let class = |place: usize| ClassNumbers {
            class: place.to_string(),
            train_rows: rows[place],
            recall: Some(recalls[place]),
            required: Some(required[place]),
            train_required: None,
            magnitude: Some(1.0),
            train_magnitude: None,
            two_share: None,
            identity: vec![place, 7],
            mismatch: None,
            jaccard: None,
            effective_rank: None,
            test_effective_rank: None,
            effective_features: None,
            relative_distance: None,
            weight_norm: 1.0,
        };
        NetworkNumbers {
            seed: 1,
            width: 8,
            accuracy: 0.5,
            balanced_accuracy: None,
            classes: (0..rows.len()).map(class).collect(),
        }
    }

    #[test]
    fn ratios_are_imbalanced_by_balanced_and_rarer_is_the_other_way_round() {
        let balanced = network(&[0.9, 0.9, 0.9], &[10, 10, 10], &[4.0, 4.0, 4.0]);
        let imbalanced = network(&[0.9, 0.6, 0.3], &[20, 8, 2], &[6.0, 4.0, 2.0]);
        let classes = when_rare(std::slice::from_ref(&balanced), std::slice::from_ref(&imbalanced));
        assert_eq!(classes[2].rows, [10, 2]);
        assert_eq!(classes[2].required_ratio.map(|ratio| ratio.mean), Some(0.5));
        assert_eq!(classes[1].overlap.map(|share| share.mean), Some(1.0));
        let found = correlations(&[balanced], &[imbalanced]);
        let value = |number: &str, with: &str, of: &str| {
            let one = found
                .iter()
                .find(|one| (one.number, one.with, one.of) == (number, with, of));
            one.and_then(|one| one.value).map(|value| value.mean)
        };
        assert_eq!(value("required", "rarer", "ratio"), Some(-1.0));
        assert_eq!(value("rows", "recall", "imbalanced"), Some(1.0));
        // All alike.
        assert_eq!(value("magnitude", "rarer", "ratio"), None);
        assert_eq!(value("required", "recall", "balanced"), None);
    }

    #[test]
    fn absent_numbers_do_not_count() {
        let found = MeanAndDeviation::of([Some(1.0), None, Some(3.0)]).expect("there are two");
        assert_eq!((found.mean, found.of), (2.0, 2));
        assert_eq!(found.deviation, Some(2.0_f64.sqrt()));
        assert_eq!(MeanAndDeviation::of([None]), None);
    }
}

//! Several ways to classify the same rows, and how sure their differences are.

use counterpoise_base::{Labels, Observer};
use counterpoise_metrics::{Bootstrap, Estimate, Evaluator, IntervalKind, Measure, Predictions};
use serde::Serialize;

use crate::Error;

/// The measures of the EOS paper: BAC, GM and F1.
pub(super) const MEASURES: [&str; 3] = ["balanced-accuracy", "g-mean-macro", "f1-macro"];

/// What one way says of the test rows; several times if it was trained with several seeds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// Predicted classes, one list for each seed.
    pub(crate) predictions: Vec<Vec<u32>>,
}

/// A measure, and how it differs from others on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedScore {
    /// Mean over seeds, with an interval from drawing test rows; training again is not in it.
    pub score: Estimate,
    /// Standard deviation over seeds; absent for one seed.
    pub deviation: Option<f64>,
    /// What it adds to each of the others that it is compared with, in their order; drawn on the same rows.
    pub added: Vec<Estimate>,
}

/// Balanced accuracy, geometric mean and macro F1 of one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedScores {
    /// Mean recall of classes.
    pub balanced_accuracy: PairedScore,
    /// Square root of macro recall times macro specificity.
    pub g_mean: PairedScore,
    /// Mean F1 of classes.
    pub macro_f1: PairedScore,
}

/// Measures all ways on rows that are drawn anew, the same draws for all; `against` are places of ways to compare with.
///
/// # Panics
///
/// If ways have different numbers of predictions.
pub(crate) fn paired(
    labels: &Labels,
    ways: &[Said],
    against: &[usize],
    bootstrap: &Bootstrap,
    observer: &dyn Observer,
) -> Result<Vec<PairedScores>, Error> {
    let measures: Result<Vec<Measure>, _> = MEASURES.iter().map(|name| name.parse()).collect();
    let measures = measures?;
    let mut evaluators: Vec<Vec<Evaluator>> = Vec::with_capacity(ways.len());
    for way in ways {
        let of = |predicted: &Vec<u32>| -> Result<Evaluator, Error> {
            let rows = Predictions::new(labels.classes(), labels.codes(), predicted)?;
            Ok(Evaluator::new(&measures, &rows, None)?)
        };
        evaluators.push(way.predictions.iter().map(of).collect::<Result<_, _>>()?);
    }
    let means = |counts: &[u16]| -> Vec<f64> {
        let mean = |of: &Vec<Evaluator>| {
            let all: Vec<Vec<f64>> = of.iter().map(|evaluator| evaluator.values(counts)).collect();
            (0..MEASURES.len())
                .map(move |at| all.iter().map(|values| values[at]).sum::<f64>() / all.len() as f64)
        };
        let scores: Vec<f64> = evaluators.iter().flat_map(mean).collect();
        let added = (0..ways.len()).flat_map(|way| {
            let scores = &scores;
            against.iter().flat_map(move |other| {
                (0..MEASURES.len())
                    .map(move |at| scores[way * MEASURES.len() + at] - scores[other * MEASURES.len() + at])
            })
        });
        scores.iter().copied().chain(added.collect::<Vec<_>>()).collect()
    };
    let width = MEASURES.len();
    let numbers = ways.len() * width * (1 + against.len());
    let estimates =
        bootstrap
            .clone()
            .with_kind(IntervalKind::Percentile)
            .run(labels.len(), numbers, means, observer)?;
    let score = |way: usize, at: usize| PairedScore {
        score: estimates[way * width + at].clone(),
        deviation: deviation(evaluators[way].iter().map(|evaluator| evaluator.original()[at])),
        added: (0..against.len())
            .map(|other| estimates[(ways.len() + way * against.len() + other) * width + at].clone())
            .collect(),
    };
    let scores = |way| PairedScores {
        balanced_accuracy: score(way, 0),
        g_mean: score(way, 1),
        macro_f1: score(way, 2),
    };
    Ok((0..ways.len()).map(scores).collect())
}

/// Of a sample; absent for fewer than two numbers.
fn deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let count = values.clone().count();
    let mean = values.clone().sum::<f64>() / count as f64;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (count > 1).then(|| (squares / (count - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_the_same_rows() {
        let labels = Labels::from_names(&["a", "a", "a", "a", "b", "b", "b", "b"]);
        let right = labels.codes().to_vec();
        let half: Vec<u32> = vec![0, 0, 0, 0, 0, 0, 1, 1];
        let ways = [
            Said {
                predictions: vec![half.clone()],
            },
            Said {
                predictions: vec![right.clone(), half],
            },
        ];
        let found = paired(&labels, &ways, &[0], &Bootstrap::new(1).with_draws(200), &()).unwrap();
        let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-12;
        assert!(near(found[0].balanced_accuracy.score.value, 0.75));
        assert_eq!(found[0].balanced_accuracy.deviation, None);
        assert!(near(found[1].balanced_accuracy.score.value, 0.875));
        assert!(near(found[1].balanced_accuracy.deviation, 0.25 / 2.0_f64.sqrt()));
        let added = &found[1].balanced_accuracy.added[0];
        assert!(near(added.value, 0.125));
        let (low, high) = added.interval.unwrap();
        assert!((0.0..=0.125).contains(&low) && high >= 0.125, "{low} to {high}");
        // A way does not differ from itself on any draw.
        assert_eq!(found[0].macro_f1.added[0].interval, Some((0.0, 0.0)));
    }
}

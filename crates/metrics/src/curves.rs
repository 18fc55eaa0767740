use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evaluator::{bin_of, edges};
use crate::sweep::Order;
use crate::{Error, Predictions};

/// A point of a ROC curve: what is told if every row with at least this score counts as the class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RocPoint {
    /// Share of the rest that is taken for the class.
    pub false_positive_rate: f64,
    /// Share of the class that is told.
    pub true_positive_rate: f64,
    /// The lowest score that counts as the class; absent at the start, where none does.
    pub threshold: Option<f64>,
}

/// A point of a precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrecisionRecallPoint {
    /// Share of the class that is told.
    pub recall: f64,
    /// Share of the told rows that are of the class.
    pub precision: f64,
    /// The lowest score that counts as the class; absent at the start, where none does and precision is 1 by custom.
    pub threshold: Option<f64>,
}

/// Rows whose probabilities of a class are alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReliabilityBin {
    /// Probabilities of the bin are above this, or 0 in the first.
    pub low: f64,
    /// And at most this.
    pub high: f64,
    /// Mean probability of its rows.
    pub predicted: f64,
    /// Share of its rows that are of the class.
    pub observed: f64,
    /// Weight of its rows.
    pub weight: f64,
}

/// True and false positives by falling threshold, a point for each score that occurs, without weightless rows.
fn steps(p: &Predictions<'_>, class: u32) -> Result<Vec<(f64, f64, f64)>, Error> {
    let scores = scores(p, class)?;
    let rows: Vec<u32> = (0..p.len() as u32)
        .filter(|&row| p.weight_of(row as usize) > 0.0)
        .collect();
    let order = Order::new(&rows, |row| scores[row as usize]);
    let (mut tp, mut fp, mut start) = (0.0, 0.0, 0);
    let mut steps = Vec::with_capacity(order.ends.len());
    for &end in &order.ends {
        for &row in &order.rows[start..end as usize] {
            let weight = p.weight_of(row as usize);
            if p.truth()[row as usize] == class {
                tp += weight;
            } else {
                fp += weight;
            }
        }
        steps.push((tp, fp, scores[order.rows[start] as usize]));
        start = end as usize;
    }
    Ok(steps)
}

fn scores(p: &Predictions<'_>, class: u32) -> Result<Vec<f64>, Error> {
    let c = p.classes().len();
    let Some(values) = p.probabilities() else {
        return Err(Error::NeedsProbabilities {
            measure: "curve".into(),
        });
    };
    if class as usize >= c {
        return Err(Error::UnknownClass {
            measure: "curve".into(),
            class: class.to_string(),
            suggestion: format!("there are: {}", p.classes().join(", ")),
        });
    }
    Ok(values.iter().skip(class as usize).step_by(c).copied().collect())
}

/// The ROC curve of one class against the rest, from (0, 0) to (1, 1).
///
/// Points on the line between their neighbours are left out; of the others at most `at_most` are kept, evenly along
/// the curve. Empty if the class has no rows, or all.
pub fn roc_curve(p: &Predictions<'_>, class: u32, at_most: usize) -> Result<Vec<RocPoint>, Error> {
    let steps = steps(p, class)?;
    let Some(&(positives, negatives, _)) = steps.last() else {
        return Ok(Vec::new());
    };
    if positives <= 0.0 || negatives <= 0.0 {
        return Ok(Vec::new());
    }
    let mut points: Vec<RocPoint> = vec![RocPoint {
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
        threshold: None,
    }];
    for (place, &(tp, fp, score)) in steps.iter().enumerate() {
        let before = if place == 0 {
            (0.0, 0.0)
        } else {
            (steps[place - 1].0, steps[place - 1].1)
        };
        let corner = steps.get(place + 1).is_none_or(|&(next_tp, next_fp, _)| {
            (next_tp - tp) * (fp - before.1) != (next_fp - fp) * (tp - before.0)
        });
        if corner {
            points.push(RocPoint {
                false_positive_rate: fp / negatives,
                true_positive_rate: tp / positives,
                threshold: Some(score),
            });
        }
    }
    Ok(thinned(points, at_most, |point| {
        (point.false_positive_rate, point.true_positive_rate)
    }))
}

/// The precision-recall curve of one class against the rest, by falling threshold.
///
/// At most `at_most` points are kept, evenly along the curve. Empty if the class has no rows.
pub fn precision_recall_curve(
    p: &Predictions<'_>,
    class: u32,
    at_most: usize,
) -> Result<Vec<PrecisionRecallPoint>, Error> {
    let steps = steps(p, class)?;
    let positives = steps.last().map_or(0.0, |&(tp, ..)| tp);
    if positives <= 0.0 {
        return Ok(Vec::new());
    }
    let start = PrecisionRecallPoint {
        recall: 0.0,
        precision: 1.0,
        threshold: None,
    };
    let points = steps.iter().map(|&(tp, fp, score)| PrecisionRecallPoint {
        recall: tp / positives,
        precision: tp / (tp + fp),
        threshold: Some(score),
    });
    Ok(thinned(
        std::iter::once(start).chain(points).collect(),
        at_most,
        |point| (point.recall, point.precision),
    ))
}

/// How often rows of a class are what their probability says, in `bins` bins of equal width; empty bins are left out.
///
/// Bins are those of scikit-learn's `calibration_curve`.
pub fn reliability(p: &Predictions<'_>, class: u32, bins: usize) -> Result<Vec<ReliabilityBin>, Error> {
    if bins == 0 {
        return Err(Error::OutOfRange {
            option: "bins",
            value: "0".into(),
            range: "at least 1",
        });
    }
    let scores = scores(p, class)?;
    let edges = edges(bins);
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (row, &score) in scores.iter().enumerate() {
        let weight = p.weight_of(row);
        let (predicted, observed, total) = &mut sums[bin_of(&edges, score)];
        *predicted += weight * score;
        *observed += if p.truth()[row] == class { weight } else { 0.0 };
        *total += weight;
    }
    let filled = sums.iter().enumerate().filter(|(_, (.., weight))| *weight > 0.0);
    Ok(filled
        .map(|(bin, &(predicted, observed, weight))| ReliabilityBin {
            low: if bin == 0 { 0.0 } else { edges[bin - 1] },
            high: edges.get(bin).copied().unwrap_or(1.0),
            predicted: predicted / weight,
            observed: observed / weight,
            weight,
        })
        .collect())
}

/// Keeps the first and the last point and, between them, one for each equal piece of the way.
fn thinned<T: Copy>(points: Vec<T>, at_most: usize, at: impl Fn(&T) -> (f64, f64)) -> Vec<T> {
    if points.len() <= at_most.max(2) {
        return points;
    }
    let steps: Vec<f64> = points
        .windows(2)
        .map(|pair| {
            let (a, b) = (at(&pair[0]), at(&pair[1]));
            (a.0 - b.0).abs() + (a.1 - b.1).abs()
        })
        .collect();
    let piece = steps.iter().sum::<f64>() / (at_most.max(2) - 1) as f64;
    let mut kept = vec![points[0]];
    let (mut way, mut next) = (0.0, piece);
    for (place, step) in steps.iter().enumerate().take(points.len() - 2) {
        way += step;
        if way >= next && kept.len() + 1 < at_most {
            kept.push(points[place + 1]);
            while next <= way {
                next += piece;
            }
        }
    }
    kept.extend(points.last());
    kept
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::forest::normalize;
use crate::logistic::{fit_curve, sigmoid};

/// How probabilities are mended after the fact. Fit it on rows that the model did not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// A logistic curve of the logit of each probability: two numbers a class, for few rows.
    Platt,
    /// The growing steps that fit best: any shape, for a thousand rows and more.
    Isotonic,
}

/// A fitted calibration, one curve for each class against all others; two classes share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrator {
    curves: Vec<Shape>,
    classes: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Curve(Curve),
    Steps(Steps),
}

impl Calibration {
    /// Learns from probabilities, `(n, c)`, and the classes that came true.
    ///
    /// # Source
    ///
    /// Platt (1999) with the targets of Lin, Lin and Weng (2007); Zadrozny and Elkan (2002) for isotonic regression and
    /// for many classes one by one. scikit-learn fits Platt's curve to decision values where a model has them; this fits
    /// it to logits of probabilities.
    ///
    /// # Panics
    ///
    /// If there is not one row of probabilities for each label.
    pub fn fit(
        self,
        probabilities: &[f64],
        labels: &[u32],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Result<Calibrator, Error> {
        assert_eq!(
            probabilities.len(),
            labels.len() * classes,
            "a row for each label"
        );
        let of_class = |class: usize| {
            let column = || probabilities.chunks_exact(classes).map(move |row| row[class]);
            let positive: Vec<bool> = labels.iter().map(|&label| label as usize == class).collect();
            Ok(match self {
                Self::Platt => Shape::Curve(Curve::fit(
                    &column().map(logit).collect::<Vec<_>>(),
                    &positive,
                    weights,
                )?),
                Self::Isotonic => Shape::Steps(Steps::fit(&column().collect::<Vec<_>>(), &positive, weights)),
            })
        };
        let curves = if classes == 2 {
            vec![of_class(1)?]
        } else {
            (0..classes).map(of_class).collect::<Result<_, Error>>()?
        };
        Ok(Calibrator { curves, classes })
    }
}

impl Calibrator {
    /// Calibrated probabilities, `(n, c)`.
    ///
    /// # Panics
    ///
    /// If `probabilities` is no whole number of rows.
    pub fn apply(&self, probabilities: &[f64]) -> Vec<f64> {
        assert!(probabilities.len().is_multiple_of(self.classes), "whole rows");
        let at = |shape: &Shape, probability: f64| match shape {
            Shape::Curve(curve) => curve.at(logit(probability)),
            Shape::Steps(steps) => steps.at(probability),
        };
        let mut calibrated = Vec::with_capacity(probabilities.len());
        for row in probabilities.chunks_exact(self.classes) {
            if let [only] = self.curves.as_slice() {
                let positive = at(only, row[1]);
                calibrated.extend([1.0 - positive, positive]);
            } else {
                calibrated.extend(
                    self.curves
                        .iter()
                        .zip(row)
                        .map(|(shape, &probability)| at(shape, probability)),
                );
            }
        }
        normalize(&mut calibrated, self.classes);
        calibrated
    }
}

fn logit(probability: f64) -> f64 {
    let inside = probability.clamp(1e-12, 1.0 - 1e-12);
    (inside / (1.0 - inside)).ln()
}

/// Platt's curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Curve {
    slope: f64,
    intercept: f64,
}

impl Curve {
    /// The logistic curve as it is.
    pub(crate) const PLAIN: Self = Self {
        slope: 1.0,
        intercept: 0.0,
    };

    pub(crate) fn fit(scores: &[f64], positive: &[bool], weights: Option<&[f64]>) -> Result<Self, Error> {
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let (mut plus, mut minus) = (0.0, 0.0);
        for (row, &positive) in positive.iter().enumerate() {
            *(if positive { &mut plus } else { &mut minus }) += weight(row);
        }
        // Targets a little inside 0 and 1 stand for rows that were not seen.
        let (high, low) = ((plus + 1.0) / (plus + 2.0), 1.0 / (minus + 2.0));
        let mut soft = (Vec::new(), Vec::new(), Vec::new());
        for (row, (&score, &positive)) in scores.iter().zip(positive).enumerate() {
            let target = if positive { high } else { low };
            for (label, share) in [(1, target), (0, 1.0 - target)] {
                soft.0.push(score);
                soft.1.push(label);
                soft.2.push(weight(row) * share);
            }
        }
        let (slope, intercept) = fit_curve(&soft.0, &soft.1, &soft.2)?;
        Ok(Self { slope, intercept })
    }

    pub(crate) fn at(&self, score: f64) -> f64 {
        sigmoid(self.slope * score + self.intercept)
    }
}

/// Rows that follow one another and share a height.
struct Pool {
    first: f64,
    last: f64,
    weight: f64,
    sum: f64,
}

/// Isotonic regression: points to interpolate between.
#[derive(Debug, Clone, PartialEq)]
struct Steps {
    points: Vec<(f64, f64)>,
}

impl Steps {
    fn fit(scores: &[f64], positive: &[bool], weights: Option<&[f64]>) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
        let mut pools: Vec<Pool> = Vec::new();
        for row in order {
            let weight = weights.map_or(1.0, |weights| weights[row]);
            if weight == 0.0 {
                continue;
            }
            let new = Pool {
                first: scores[row],
                last: scores[row],
                weight,
                sum: weight * f64::from(u8::from(positive[row])),
            };
            match pools.last_mut() {
                // Equal scores are one point.
                Some(last) if last.first == new.first && last.last == new.first => {
                    last.weight += new.weight;
                    last.sum += new.sum;
                }
                _ => pools.push(new),
            }
        }
        let mut merged: Vec<Pool> = Vec::new();
        for pool in pools {
            merged.push(pool);
            // Neighbours that fall are pooled until all grow.
            while let [.., a, b] = merged.as_slice()
                && a.sum / a.weight >= b.sum / b.weight
            {
                let b = merged.pop().expect("there are two");
                let a = merged.last_mut().expect("there are two");
                a.last = b.last;
                a.weight += b.weight;
                a.sum += b.sum;
            }
        }
        let mut points = Vec::new();
        for pool in merged {
            let height = pool.sum / pool.weight;
            points.push((pool.first, height));
            if pool.last > pool.first {
                points.push((pool.last, height));
            }
        }
        Self { points }
    }

    fn at(&self, score: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 < score);
        match (
            after.checked_sub(1).map(|before| self.points[before]),
            self.points.get(after),
        ) {
            (None, None) => 0.5,
            (None, Some(first)) => first.1,
            (Some(last), None) => last.1,
            (Some(before), Some(after)) => {
                before.1 + (after.1 - before.1) * (score - before.0) / (after.0 - before.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Seed;

    use super::*;

    /// Probabilities that are too sure of themselves.
    fn bold(rows: usize) -> (Vec<f64>, Vec<u32>) {
        let mut random = Seed::new(3).rng();
        let (mut probabilities, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let score = random.normal();
            labels.push(u32::from(random.fraction() < sigmoid(score)));
            let said = sigmoid(4.0 * score + 1.0);
            probabilities.extend([1.0 - said, said]);
        }
        (probabilities, labels)
    }

    fn brier(probabilities: &[f64], labels: &[u32]) -> f64 {
        let row = |(row, label): (&[f64], &u32)| (row[1] - f64::from(*label)).powi(2);
        probabilities.chunks_exact(2).zip(labels).map(row).sum::<f64>() / labels.len() as f64
    }

    #[test]
    fn bold_probabilities_are_tamed() {
        let (probabilities, labels) = bold(4000);
        for calibration in [Calibration::Platt, Calibration::Isotonic] {
            let calibrator = calibration
                .fit(&probabilities, &labels, 2, None)
                .expect("two classes");
            let (before, after) = (
                brier(&probabilities, &labels),
                brier(&calibrator.apply(&probabilities), &labels),
            );
            assert!(after < before - 0.03, "{calibration:?}: {before} to {after}");
        }
        let Ok(Calibrator { curves, .. }) = Calibration::Platt.fit(&probabilities, &labels, 2, None) else {
            panic!("two classes")
        };
        let Shape::Curve(curve) = &curves[0] else {
            panic!("a curve")
        };
        assert!((curve.slope - 0.25).abs() < 0.02, "{curve:?}");
    }

    #[test]
    fn steps_grow_and_pool_what_falls() {
        let steps = Steps::fit(&[0.1, 0.2, 0.3, 0.4], &[false, true, false, true], None);
        assert_eq!(steps.points, [(0.1, 0.0), (0.2, 0.5), (0.3, 0.5), (0.4, 1.0)]);
        for (score, height) in [(0.0, 0.0), (0.25, 0.5), (0.35, 0.75), (0.9, 1.0)] {
            assert!((steps.at(score) - height).abs() < 1e-12, "{score}");
        }
    }

    #[test]
    fn equal_scores_share_one_height() {
        let steps = Steps::fit(&[0.5; 4], &[true, false, false, false], None);
        assert_eq!(steps.at(0.5), 0.25);
    }
}

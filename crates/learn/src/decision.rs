use counterpoise_base::Seed;
use serde::{Deserialize, Serialize};

/// What a decision rule is tuned for, on rows that the model did not see.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Objective {
    /// The mean recall of all classes.
    #[default]
    BalancedAccuracy,
    /// The share of rows that are told.
    Accuracy,
    /// The F score of one class, or the mean of all; a class that is never right counts 0.
    F {
        /// How many times as much recall counts.
        beta: f64,
        /// The class, or all.
        class: Option<usize>,
    },
    /// The root of the product of all recalls.
    GMean,
    /// Matthews' correlation; 0 where it is not defined.
    Mcc,
}

/// How probabilities become a class: the one whose probability is largest after division by its handicap.
///
/// For two classes this is a threshold on the probability of the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// One number above 0 for each class.
    pub handicaps: Vec<f64>,
}

impl Decision {
    /// The most probable class.
    pub fn plain(classes: usize) -> Self {
        Self {
            handicaps: vec![1.0; classes],
        }
    }

    /// The second of two classes as soon as its probability reaches `threshold`.
    pub fn threshold(threshold: f64) -> Self {
        Self {
            handicaps: vec![1.0 - threshold, threshold],
        }
    }

    /// The class of every row; ties go to the first.
    ///
    /// # Panics
    ///
    /// If `probabilities` is no whole number of rows.
    pub fn decide(&self, probabilities: &[f64]) -> Vec<u32> {
        let classes = self.handicaps.len();
        assert!(probabilities.len().is_multiple_of(classes), "whole rows");
        let best = |row: &[f64]| {
            let mut best = 0;
            for class in 1..classes {
                // Products instead of quotients: a threshold of 0 or 1 is none to divide by.
                if row[class] * self.handicaps[best] > row[best] * self.handicaps[class] {
                    best = class;
                }
            }
            best as u32
        };
        probabilities.chunks_exact(classes).map(best).collect()
    }

    /// The rule that is best for `objective` on these rows.
    ///
    /// Two classes: every threshold is tried, and the middle of the best interval taken. More: handicaps start equal and
    /// at the shares of the classes, and one class after the other is moved while that helps.
    ///
    /// # Panics
    ///
    /// If there is not one row of probabilities for each label.
    pub fn tune(
        objective: Objective,
        probabilities: &[f64],
        labels: &[u32],
        classes: usize,
        weights: Option<&[f64]>,
    ) -> Self {
        assert_eq!(
            probabilities.len(),
            labels.len() * classes,
            "a row for each label"
        );
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        if classes == 2 {
            return tune_threshold(objective, probabilities, labels, &weight);
        }
        let score = |handicaps: &[f64]| {
            let rule = Self {
                handicaps: handicaps.to_vec(),
            };
            let mut table = vec![0.0; classes * classes];
            for (row, decided) in rule.decide(probabilities).into_iter().enumerate() {
                table[labels[row] as usize * classes + decided as usize] += weight(row);
            }
            objective.of(&table, classes)
        };
        let mut shares = vec![0.0; classes];
        labels
            .iter()
            .enumerate()
            .for_each(|(row, &label)| shares[label as usize] += weight(row));
        let sum: f64 = shares.iter().sum();
        let shares: Vec<f64> = shares.iter().map(|share| (share / sum).max(1e-9)).collect();
        let start = [vec![1.0; classes], shares];
        let mut best = start
            .into_iter()
            .map(|handicaps| (score(&handicaps), handicaps))
            .reduce(|a, b| if b.0 > a.0 { b } else { a })
            .expect("there are two starts");
        for _ in 0..4 {
            let before = best.0;
            for class in 0..classes {
                for factor in [0.25, 0.5, 0.707, 0.841, 1.189, 1.414, 2.0, 4.0] {
                    let mut moved = best.1.clone();
                    moved[class] *= factor;
                    let reached = score(&moved);
                    if reached > best.0 {
                        best = (reached, moved);
                    }
                }
            }
            if best.0 <= before {
                break;
            }
        }
        Self { handicaps: best.1 }
    }
}

fn tune_threshold(
    objective: Objective,
    probabilities: &[f64],
    labels: &[u32],
    weight: &dyn Fn(usize) -> f64,
) -> Decision {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    // Odds tell rows apart where probabilities have run to 0 or 1.
    let odds: Vec<f64> = probabilities
        .chunks_exact(2)
        .map(|row| {
            if row[0] > 0.0 {
                row[1] / row[0]
            } else {
                f64::INFINITY
            }
        })
        .collect();
    let positive = |row: usize| odds[row];
    order.sort_by(|&a, &b| positive(b).total_cmp(&positive(a)).then(a.cmp(&b)));
    // Everything begins as the first class; rows cross over from the most probable on.
    let mut table = [0.0; 4];
    labels
        .iter()
        .enumerate()
        .for_each(|(row, &label)| table[2 * label as usize] += weight(row));
    let mut best = (objective.of(&table, 2), None);
    let mut place = 0;
    while place < order.len() {
        let here = positive(order[place]);
        while place < order.len() && positive(order[place]) == here {
            let label = labels[order[place]] as usize;
            let weight = weight(order[place]);
            table[2 * label] -= weight;
            table[2 * label + 1] += weight;
            place += 1;
        }
        let next = order.get(place).map_or(0.0, |&row| positive(row));
        let reached = objective.of(&table, 2);
        if reached > best.0 {
            best = (reached, Some((here, next)));
        }
    }
    // In the middle between the last row that crosses and the first that stays.
    let middle = best.1.map_or(1.0, |(here, next): (f64, f64)| {
        let (here, next) = (here.min(1e300), next.max(1e-300));
        (here.ln().midpoint(next.ln())).exp()
    });
    Decision {
        handicaps: vec![1.0, middle],
    }
}

impl Objective {
    /// Its value for a table of weights, truth by row and decision by column. Classes without rows are left out.
    fn of(self, table: &[f64], classes: usize) -> f64 {
        let truth = |class: usize| table[class * classes..][..classes].iter().sum::<f64>();
        let decided = |class: usize| (0..classes).map(|row| table[row * classes + class]).sum::<f64>();
        let right = |class: usize| table[class * classes + class];
        let present: Vec<usize> = (0..classes).filter(|&class| truth(class) > 0.0).collect();
        let mean = |of: &dyn Fn(usize) -> f64| {
            present.iter().map(|&class| of(class)).sum::<f64>() / present.len().max(1) as f64
        };
        match self {
            Self::BalancedAccuracy => mean(&|class| right(class) / truth(class)),
            Self::Accuracy => {
                let total: f64 = table.iter().sum();
                (0..classes).map(right).sum::<f64>() / total
            }
            Self::F { beta, class } => {
                let square = beta * beta;
                let of = |class: usize| {
                    let whole = square * truth(class) + decided(class);
                    if whole > 0.0 {
                        (1.0 + square) * right(class) / whole
                    } else {
                        0.0
                    }
                };
                class.map_or_else(|| mean(&of), of)
            }
            Self::Mcc => {
                let total: f64 = table.iter().sum();
                let diagonal: f64 = (0..classes).map(right).sum();
                let sums = |f: &dyn Fn(usize) -> f64| (0..classes).map(f).sum::<f64>();
                let both = sums(&|class| truth(class) * decided(class));
                let (truths, decisions) = (
                    total * total - sums(&|class| truth(class).powi(2)),
                    total * total - sums(&|class| decided(class).powi(2)),
                );
                let scale = (truths * decisions).sqrt();
                if scale > 0.0 {
                    (diagonal * total - both) / scale
                } else {
                    0.0
                }
            }
            Self::GMean => {
                let product: f64 = present.iter().map(|&class| right(class) / truth(class)).product();
                product.powf(1.0 / present.len().max(1) as f64)
            }
        }
    }
}

/// Deals rows into inner folds, class by class in an order of chance; the fold of every row.
pub(crate) fn inner_folds(labels: &[u32], classes: usize, folds: usize, seed: &Seed) -> Vec<usize> {
    let seed = seed.child("inner-folds");
    let mut parts = vec![0; labels.len()];
    let mut next = 0;
    for class in 0..classes as u32 {
        let rows = (0..labels.len()).filter(|&row| labels[row] == class);
        for row in seed.child(u64::from(class)).shuffled(rows) {
            parts[row] = next;
            next = (next + 1) % folds;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(positive: &[f64]) -> Vec<f64> {
        positive.iter().flat_map(|&p| [1.0 - p, p]).collect()
    }

    #[test]
    fn a_rare_class_gets_a_lower_threshold() {
        let probabilities = rows(&[0.05, 0.1, 0.1, 0.2, 0.3, 0.4]);
        let labels = [0, 0, 0, 0, 1, 1];
        let f = |beta, class| Objective::F { beta, class };
        for objective in [
            Objective::BalancedAccuracy,
            Objective::Accuracy,
            Objective::Mcc,
            Objective::GMean,
            f(1.0, None),
            f(2.0, Some(1)),
        ] {
            let rule = Decision::tune(objective, &probabilities, &labels, 2, None);
            assert_eq!(rule.decide(&probabilities), labels, "{objective:?}");
            // Between 0.2 and 0.3, in the middle of their logits.
            let threshold = rule.handicaps[1] / (rule.handicaps[0] + rule.handicaps[1]);
            assert!((threshold - 0.2466).abs() < 1e-3, "{rule:?}");
        }
    }

    #[test]
    fn the_threshold_itself_belongs_to_the_first_class() {
        assert_eq!(Decision::plain(2).decide(&rows(&[0.5, 0.51])), [0, 1]);
    }

    #[test]
    fn probabilities_that_have_run_to_1_are_told_apart() {
        let sure = [1e-18, 1.0, 1e-16, 1.0, 1e-13, 1.0, 1e-12, 1.0];
        let labels = [1, 1, 0, 0];
        let rule = Decision::tune(Objective::BalancedAccuracy, &sure, &labels, 2, None);
        assert_eq!(rule.decide(&sure), labels);
    }

    #[test]
    fn many_classes_are_handicapped() {
        let probabilities = [
            0.6, 0.3, 0.1, 0.6, 0.25, 0.15, 0.55, 0.2, 0.25, 0.9, 0.05, 0.05, 0.9, 0.06, 0.04,
        ];
        let labels = [1, 2, 2, 0, 0];
        let rule = Decision::tune(Objective::BalancedAccuracy, &probabilities, &labels, 3, None);
        let decided = rule.decide(&probabilities);
        let right = decided.iter().zip(&labels).filter(|(a, b)| a == b).count();
        assert!(right >= 4, "{decided:?} {rule:?}");
    }

    #[test]
    fn nothing_to_tell_apart_is_no_trouble() {
        let rule = Decision::tune(Objective::GMean, &rows(&[0.5, 0.5]), &[0, 1], 2, None);
        assert!(
            rule.handicaps
                .iter()
                .all(|handicap| handicap.is_finite() && *handicap > 0.0)
        );
    }
}

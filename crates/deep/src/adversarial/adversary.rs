//! The adversary, and what both sides lose by a batch.

use counterpoise_base::Seed;

use super::{ADAM_EPSILON, SeenByAdversary, Steepness, share};

/// A row as both losses see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) logit: f64,
    pub(super) label: u32,
    pub(super) group: u32,
    pub(super) weight: f64,
}

pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Mean cross-entropy of the classes, and its slope in every logit.
pub(super) fn classifier_loss(seen: &[Seen]) -> (f64, Vec<f64>) {
    let all: f64 = seen.iter().map(|row| row.weight).sum();
    let mut loss = 0.0;
    let slope = |row: &Seen| {
        let truth = f64::from(row.label);
        let weight = share(row.weight, all);
        // The logarithm of 1 + exp(logit), which must not overflow.
        let softplus = row.logit.max(0.0) + (-row.logit.abs()).exp().ln_1p();
        loss += weight * (softplus - truth * row.logit);
        weight * (sigmoid(row.logit) - truth)
    };
    let slopes = seen.iter().map(slope).collect();
    (loss, slopes)
}

/// Guesses the group from the logit, and from the class if it may: a logit for every group but the first.
///
/// It has a handful of weights and sees one number a row, so that plain numbers are faster than tensors.
pub(super) struct Adversary {
    sees: SeenByAdversary,
    steepness: Steepness,
    /// For every group but the first its weights and its bias; then `c`.
    pub(super) weights: Vec<f64>,
    pub(super) optimizer: Adam,
}

/// What an adversary makes of a batch.
pub(super) struct Guess {
    pub(super) loss: f64,
    /// The slope of the loss in every logit.
    pub(super) slopes: Vec<f64>,
    /// The slope of the loss in every weight of the adversary.
    pub(super) gradient: Vec<f64>,
}

impl SeenByAdversary {
    /// What the squashed logit is multiplied by, one number for each input.
    pub(super) fn inputs(self, label: u32) -> &'static [f64] {
        match (self, label) {
            (Self::EqualizedOdds, 1) => &[1.0, 1.0, 0.0],
            (Self::EqualizedOdds, _) => &[1.0, 0.0, 1.0],
            _ => &[1.0],
        }
    }

    pub(super) fn sees(self, label: u32) -> bool {
        self != Self::EqualOpportunity || label == 1
    }
}

impl Adversary {
    pub(super) fn new(groups: usize, sees: SeenByAdversary, steepness: Steepness, seed: &Seed) -> Self {
        let (width, outputs) = (sees.inputs(1).len(), groups.saturating_sub(1));
        let bound = (6.0 / (width + outputs) as f64).sqrt();
        let mut weights = Vec::new();
        for group in 0..outputs {
            let mut random = seed.child(group as u64).rng();
            weights.extend((0..width).map(|_| bound * (2.0 * random.fraction() - 1.0)));
            weights.push(0.0);
        }
        weights.push(0.0);
        let optimizer = Adam::new(weights.len());
        Self {
            sees,
            steepness,
            weights,
            optimizer,
        }
    }

    pub(super) fn judge(&self, seen: &[Seen]) -> Guess {
        let last = self.weights.len() - 1;
        let c = self.weights[last];
        let steep = 1.0 + c.abs();
        let rows = || seen.iter().filter(|row| self.sees.sees(row.label));
        let all: f64 = rows().map(|row| row.weight).sum();
        let mut guess = Guess {
            loss: 0.0,
            slopes: Vec::with_capacity(seen.len()),
            gradient: vec![0.0; self.weights.len()],
        };
        for row in seen {
            if !self.sees.sees(row.label) {
                guess.slopes.push(0.0);
                continue;
            }
            let inputs = self.sees.inputs(row.label);
            let width = inputs.len();
            let squashed = sigmoid(steep * row.logit);
            let logit = |own: &[f64]| {
                let sum: f64 = own.iter().zip(inputs).map(|(weight, input)| weight * input).sum();
                squashed * sum + own[width]
            };
            // The logit of the first group is 0.
            let logits: Vec<f64> = std::iter::once(0.0)
                .chain(self.weights[..last].chunks_exact(width + 1).map(logit))
                .collect();
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
            let weight = share(row.weight, all);
            guess.loss += weight * (largest + sum.ln() - logits[row.group as usize]);
            let mut of_squashed = 0.0;
            for (group, &logit) in logits.iter().enumerate().skip(1) {
                let truth = f64::from(u8::from(row.group as usize == group));
                let slope = weight * ((logit - largest).exp() / sum - truth);
                let place = (group - 1) * (width + 1);
                for (at, input) in inputs.iter().enumerate() {
                    guess.gradient[place + at] += slope * squashed * input;
                    of_squashed += slope * self.weights[place + at] * input;
                }
                guess.gradient[place + width] += slope;
            }
            let of_product = of_squashed * squashed * (1.0 - squashed);
            guess.slopes.push(of_product * steep);
            if self.steepness == Steepness::Paper {
                // At 0, where |c| has no slope, that to the right is taken.
                guess.gradient[last] += of_product * row.logit * if c < 0.0 { -1.0 } else { 1.0 };
            }
        }
        guess
    }

    pub(super) fn learn(&mut self, gradient: &[f64], rate: f64) {
        self.optimizer.step(&mut self.weights, gradient, rate);
    }
}

/// Adam (Kingma, Ba, ICLR 2015) over plain numbers.
pub(super) struct Adam {
    means: Vec<f64>,
    squares: Vec<f64>,
    steps: i32,
}

impl Adam {
    pub(super) fn new(weights: usize) -> Self {
        Self {
            means: vec![0.0; weights],
            squares: vec![0.0; weights],
            steps: 0,
        }
    }

    pub(super) fn step(&mut self, weights: &mut [f64], gradient: &[f64], rate: f64) {
        const KEPT: [f64; 2] = [0.9, 0.999];
        self.steps = self.steps.saturating_add(1);
        let [young, young_square] = KEPT.map(|kept| 1.0 - kept.powi(self.steps));
        let states = self.means.iter_mut().zip(&mut self.squares);
        for ((weight, &slope), (mean, square)) in weights.iter_mut().zip(gradient).zip(states) {
            *mean = KEPT[0] * *mean + (1.0 - KEPT[0]) * slope;
            *square = KEPT[1] * *square + (1.0 - KEPT[1]) * slope * slope;
            *weight -= rate * (*mean / young) / ((*square / young_square).sqrt() + f64::from(ADAM_EPSILON));
        }
    }
}

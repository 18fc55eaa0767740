//! What can be done for small classes when a network is trained already: other numbers for its head, from embeddings alone.

use std::num::NonZeroUsize;

use burn::module::{Module, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::Seed;
use counterpoise_metrics::ConfusionMatrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::layers::{Init, Linear, Spread};
use crate::loss::log_shares;
use crate::mixup::one_hot;
use crate::optimizer::Sgd;
use crate::weights::numbers;
use crate::{Decay, DeviceKind, Error, Loss, Sampler, Schedule};

/// The last layer of a network as plain numbers: logits are `W f + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHead {
    weight: Vec<f32>,
    bias: Vec<f32>,
    features: usize,
}

/// Feature embeddings with their classes.
#[derive(Debug, Clone, Copy)]
pub struct Embedded<'a> {
    values: &'a [f32],
    labels: &'a [u32],
    features: usize,
}

/// How the head is trained anew on embeddings that stay as they are.
///
/// # Source
///
/// Kang and others, "Decoupling Representation and Classifier for Long-Tailed Recognition", ICLR 2020, section 4: ten epochs on
/// class-balanced batches. Rates are those of the head of EOS (Dablain and others, arXiv 2207.06080): SGD with rate
/// 0.1 after five epochs of warm-up, momentum 0.9, weight decay 0.0002, batches of 128.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HeadTraining {
    /// Epochs, each as many rows as there are.
    pub epochs: NonZeroUsize,
    /// Rows in a batch.
    #[serde(alias = "batch")]
    pub batch_size: NonZeroUsize,
    /// The learning rate of each epoch.
    pub schedule: Schedule,
    /// Share of the last step that is walked again.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub momentum: f64,
    /// How much weights are pulled to 0.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Which rows an epoch sees.
    pub sampler: Sampler,
    /// What is made small.
    pub loss: Loss,
}

/// What was chosen on validation rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// The number that did best; the smallest of them if there were several.
    pub tau: f64,
    /// Its balanced accuracy on the validation rows.
    pub balanced_accuracy: f64,
    /// The head that goes with it.
    pub head: LinearHead,
}

impl Default for HeadTraining {
    fn default() -> Self {
        Self {
            epochs: NonZeroUsize::new(10).expect("10 is not 0"),
            batch_size: NonZeroUsize::new(128).expect("128 is not 0"),
            schedule: Schedule::default().with_decay(Decay::Constant),
            momentum: 0.9,
            weight_decay: 2e-4,
            sampler: Sampler::ClassBalanced,
            loss: Loss::default(),
        }
    }
}

impl<'a> Embedded<'a> {
    /// `values` holds `features` numbers for each label, row after row.
    ///
    /// # Panics
    ///
    /// If there are more or fewer.
    pub fn new(values: &'a [f32], labels: &'a [u32], features: usize) -> Self {
        assert_eq!(
            values.len(),
            labels.len() * features,
            "one embedding for each label"
        );
        Self {
            values,
            labels,
            features,
        }
    }
}

impl LinearHead {
    /// `weight` is `(classes, features)`, row after row; `bias` has a number for each class.
    ///
    /// # Panics
    ///
    /// If the lengths do not fit each other.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, features: usize) -> Self {
        assert_eq!(weight.len(), bias.len() * features, "one row for each class");
        Self {
            weight,
            bias,
            features,
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// `(classes, features)`, row after row.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// A number for each class.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The length of each class's row of weights: large for classes that a head prefers.
    pub fn norms(&self) -> Vec<f64> {
        let norm = |class| {
            self.row(class)
                .iter()
                .map(|&weight| f64::from(weight).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        (0..self.classes()).map(norm).collect()
    }

    /// Logits of embeddings, `(n, classes)`, row after row.
    ///
    /// # Panics
    ///
    /// If embeddings have another number of features.
    pub fn logits(&self, embeddings: &[f32]) -> Vec<f32> {
        assert_eq!(embeddings.len() % self.features, 0, "whole rows");
        let of = |embedding: &'_ [f32], class| {
            let products = self.row(class).iter().zip(embedding);
            let sum: f64 = products.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            (sum + f64::from(self.bias[class])) as f32
        };
        let mut logits = Vec::with_capacity(embeddings.len() / self.features * self.classes());
        for embedding in embeddings.chunks_exact(self.features) {
            logits.extend((0..self.classes()).map(|class| of(embedding, class)));
        }
        logits
    }

    /// The class with the largest logit, for each row; of several, the first.
    pub fn predict(&self, embeddings: &[f32]) -> Vec<u32> {
        let logits = self.logits(embeddings);
        let largest = |row: &[f32]| {
            let better = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
            (1..row.len()).fold(0, better) as u32
        };
        logits.chunks_exact(self.classes()).map(largest).collect()
    }

    /// Mean recall of the classes that occur; `None` without rows.
    pub fn balanced_accuracy(&self, rows: Embedded<'_>) -> Option<f64> {
        let classes = self.classes();
        let mut cells = vec![0.0; classes * classes];
        for (&truth, predicted) in rows.labels.iter().zip(self.predict(rows.values)) {
            cells[truth as usize * classes + predicted as usize] += 1.0;
        }
        let matrix = ConfusionMatrix::from_cells(classes, cells);
        let recalls: Vec<f64> = (0..classes)
            .filter_map(|class| matrix.of(class).recall())
            .collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    /// Lowers the logits of large classes: `tau` times the logarithm of the share of training rows is taken off each bias.
    ///
    /// # Source
    ///
    /// Menon and others, "Long-Tail Learning via Logit Adjustment", ICLR 2021, equation 9. With `tau = 1` and true
    /// probabilities, this is best for balanced accuracy.
    pub fn adjusted(&self, counts: &[usize], tau: f64) -> Result<Self, Error> {
        assert_eq!(counts.len(), self.classes(), "one count for each class");
        if tau == 0.0 {
            return Ok(self.clone());
        }
        let shares = log_shares(counts, tau, "logit adjustment")?;
        let lowered = self.bias.iter().zip(shares);
        Ok(Self {
            bias: lowered
                .map(|(&bias, share)| (f64::from(bias) - share) as f32)
                .collect(),
            ..self.clone()
        })
    }

    /// Divides each row of weights by its length to the power of `tau`, and leaves out the bias.
    ///
    /// A row of zeros stays one.
    ///
    /// # Source
    ///
    /// Kang and others, ICLR 2020, section 4.1, "tau-normalized classifier". Without its bias, `tau = 0` is not quite the head as it
    /// was.
    pub fn normalised(&self, tau: f64) -> Self {
        let norms = self.norms();
        let factor = |norm: f64| if norm > 0.0 { norm.powf(-tau) } else { 1.0 };
        let scaled = self.weight.iter().enumerate().map(|(place, &weight)| {
            let norm = norms[place / self.features];
            (f64::from(weight) * factor(norm)) as f32
        });
        Self {
            weight: scaled.collect(),
            bias: vec![0.0; self.classes()],
            features: self.features,
        }
    }

    /// [`adjusted`](Self::adjusted) with the `tau` that does best on validation rows.
    pub fn adjusted_by_validation(
        &self,
        counts: &[usize],
        taus: &[f64],
        validation: Embedded<'_>,
    ) -> Result<Chosen, Error> {
        choose(taus, validation, |tau| self.adjusted(counts, tau))
    }

    /// [`normalised`](Self::normalised) with the `tau` that does best on validation rows.
    pub fn normalised_by_validation(&self, taus: &[f64], validation: Embedded<'_>) -> Result<Chosen, Error> {
        choose(taus, validation, |tau| Ok(self.normalised(tau)))
    }

    fn row(&self, class: usize) -> &[f32] {
        &self.weight[class * self.features..][..self.features]
    }
}

/// Values of `tau` to choose from: 0 to 2 in steps of 0.1.
pub fn taus() -> Vec<f64> {
    (0..=20).map(|step| f64::from(step) / 10.0).collect()
}

fn choose(
    taus: &[f64],
    validation: Embedded<'_>,
    head: impl Fn(f64) -> Result<LinearHead, Error>,
) -> Result<Chosen, Error> {
    let mut taus = taus.to_vec();
    taus.sort_by(f64::total_cmp);
    let mut best: Option<Chosen> = None;
    for tau in taus {
        let head = head(tau)?;
        let Some(balanced_accuracy) = head.balanced_accuracy(validation) else {
            break;
        };
        if best
            .as_ref()
            .is_none_or(|best| balanced_accuracy > best.balanced_accuracy)
        {
            best = Some(Chosen {
                tau,
                balanced_accuracy,
                head,
            });
        }
    }
    best.ok_or(Error::NothingToChooseOn)
}

/// One number for each class, `(1, classes)`.
#[derive(Module, Debug)]
struct Scales {
    scales: Param<Tensor<2>>,
}

impl HeadTraining {
    /// Fails for a number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |option, value: f64, range| {
            Err(Error::OutOfRange {
                method: "head training",
                option,
                value: value.to_string(),
                range,
            })
        };
        if !(0.0..1.0).contains(&self.momentum) {
            return refuse(
                "momentum",
                self.momentum,
                "a number from 0 to below 1, such as 0.9",
            );
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return refuse(
                "weight_decay",
                self.weight_decay,
                "a number of 0 or more, such as 0.0002",
            );
        }
        self.schedule.check()?;
        self.loss.check()
    }

    /// Trains a fresh head, and forgets the one there was.
    ///
    /// # Source
    ///
    /// Kang and others, ICLR 2020, section 4.1, "classifier re-training (cRT)".
    pub fn retrain(
        &self,
        seen: Embedded<'_>,
        classes: usize,
        seed: &Seed,
        device: DeviceKind,
    ) -> Result<LinearHead, Error> {
        let device = device.open()?.autodiff();
        let fresh = Linear::new(
            &Init::new(&seed.child("head"), &device),
            [seen.features, classes],
            Spread::Uniform,
        );
        let fitted = self.fit(fresh, seen, classes, seed, &device, Linear::forward)?;
        let bias = fitted.bias.map_or(vec![0.0; classes], |bias| numbers(bias.val()));
        Ok(LinearHead::new(numbers(fitted.weight.val()), bias, seen.features))
    }

    /// Learns one factor for the logits of each class, and leaves directions as they are.
    ///
    /// # Source
    ///
    /// Kang and others, ICLR 2020, section 4.1, "learnable weight scaling (LWS)". As in the authors' code, the bias is scaled
    /// too.
    pub fn rescale(
        &self,
        head: &LinearHead,
        seen: Embedded<'_>,
        seed: &Seed,
        device: DeviceKind,
    ) -> Result<LinearHead, Error> {
        let device = device.open()?.autodiff();
        let classes = head.classes();
        let ones = Tensor::<2>::ones([1, classes], &device).require_grad();
        let scales = Scales {
            scales: Param::initialized(ParamId::from(1), ones),
        };
        let logits = head.logits(seen.values);
        let seen = Embedded::new(&logits, seen.labels, classes);
        let forward = |scales: &Scales, logits: Tensor<2>| logits * scales.scales.val();
        let fitted = self.fit(scales, seen, classes, seed, &device, forward)?;
        let scales = numbers(fitted.scales.val());
        let scaled = |(place, weight): (usize, &f32)| weight * scales[place / head.features];
        Ok(LinearHead {
            weight: head.weight.iter().enumerate().map(scaled).collect(),
            bias: head
                .bias
                .iter()
                .zip(&scales)
                .map(|(bias, scale)| bias * scale)
                .collect(),
            features: head.features,
        })
    }

    fn fit<M: Module>(
        &self,
        mut module: M,
        seen: Embedded<'_>,
        classes: usize,
        seed: &Seed,
        device: &Device,
        forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    ) -> Result<M, Error> {
        self.check()?;
        let mut counts = vec![0; classes];
        for &label in seen.labels {
            counts[label as usize] += 1;
        }
        let loss = self.loss.prepare(&counts, device)?;
        let mut optimizer = Sgd {
            momentum: self.momentum,
            weight_decay: self.weight_decay,
        }
        .init();
        let epochs = self.epochs.get();
        for epoch in 0..epochs {
            let rate = self.schedule.rate(epoch, epochs);
            let batches = self
                .sampler
                .batches(seen.labels, classes, self.batch_size, epoch, epochs, seed);
            for (batch, rows) in batches.into_iter().enumerate() {
                let labels: Vec<u32> = rows.iter().map(|&row| seen.labels[row]).collect();
                let mut values = Vec::with_capacity(rows.len() * seen.features);
                for &row in &rows {
                    values.extend_from_slice(&seen.values[row * seen.features..][..seen.features]);
                }
                let put = |values, width| -> Tensor<2> {
                    Tensor::from_data(TensorData::new(values, [rows.len(), width]), device)
                };
                let logits = forward(&module, put(values, seen.features));
                let cost = loss.forward(logits, put(one_hot(&labels, classes), classes), epoch, epochs);
                let value = cost.clone().inner();
                let gradients = GradientsParams::from_grads(cost.backward(), &module);
                module = optimizer.step(rate, module, gradients);
                // Asked for when all work is under way: a card would wait for its next.
                if !numbers(value)[0].is_finite() {
                    return Err(Error::Diverged {
                        what: "the head",
                        epoch: epoch + 1,
                        batch: batch + 1,
                    });
                }
            }
        }
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> LinearHead {
        LinearHead::new(vec![3.0, 4.0, 0.0, 0.5, 0.0, 0.0], vec![0.5, -0.5, 0.25], 2)
    }

    /// Two clouds on a line, 19 rows to 1; a head that is fitted to them says the first class too often.
    fn clouds(rows: usize) -> (Vec<f32>, Vec<u32>) {
        let mut random = Seed::new(8).rng();
        let labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 20 == 0)).collect();
        let value = |&label: &u32| {
            [f64::from(label) * 1.5 + random.normal(), random.normal()].map(|value| value as f32)
        };
        (labels.iter().flat_map(value).collect(), labels)
    }

    fn plain() -> HeadTraining {
        HeadTraining {
            sampler: Sampler::InstanceBalanced,
            ..HeadTraining::default()
        }
    }

    fn near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-5);
        assert!(!far, "{found:?}, not {expected:?}");
    }

    #[test]
    fn logits_are_products_and_bias() {
        near(
            &head().logits(&[1.0, 2.0, 0.0, 0.0]),
            &[11.5, 0.5, 0.25, 0.5, -0.5, 0.25],
        );
        assert_eq!(head().predict(&[1.0, 2.0, -1.0, 2.0, -1.0, -1.0]), [0, 0, 2]);
    }

    #[test]
    fn balanced_accuracy_is_the_mean_recall_of_classes_that_occur() {
        let values = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, -1.0, -1.0];
        let of =
            |labels: &[u32]| head().balanced_accuracy(Embedded::new(&values[..2 * labels.len()], labels, 2));
        assert_eq!(of(&[0, 0, 2, 2]), Some(0.75));
        assert_eq!(of(&[0, 1]), Some(0.5));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn adjustment_takes_the_logarithm_of_shares_off() {
        let adjusted = head().adjusted(&[6, 3, 1], 1.0).unwrap();
        near(
            adjusted.bias(),
            &[0.5 - 0.6_f32.ln(), -0.5 - 0.3_f32.ln(), 0.25 - 0.1_f32.ln()],
        );
        assert_eq!(adjusted.weight(), head().weight());
        assert_eq!(head().adjusted(&[6, 3, 1], 0.0).unwrap(), head());
        // Even shares change no prediction.
        let even = head().adjusted(&[2, 2, 2], 1.0).unwrap();
        let values = [0.3, -0.2, 0.1, 0.1, -0.2, 0.3];
        assert_eq!(even.predict(&values), head().predict(&values));
        let error = head().adjusted(&[6, 0, 1], 1.0).unwrap_err();
        assert!(error.to_string().contains("class number 1"), "{error}");
    }

    #[test]
    fn normalised_rows_have_the_length_to_the_power_of_what_is_left() {
        assert_eq!(head().norms(), [5.0, 0.5, 0.0]);
        near(head().normalised(1.0).weight(), &[0.6, 0.8, 0.0, 1.0, 0.0, 0.0]);
        let half = head().normalised(0.5).norms();
        assert!((half[0] - 5.0_f64.sqrt()).abs() < 1e-6 && (half[1] - 0.5_f64.sqrt()).abs() < 1e-6);
        assert_eq!(head().normalised(0.0).weight(), head().weight());
        assert_eq!(head().normalised(0.0).bias(), [0.0; 3]);
    }

    #[test]
    fn the_smallest_of_the_best_is_chosen() {
        // Rows 1 and 2 of class 0, and 3 of class 1; class 0 is preferred by 2.
        let head = LinearHead::new(vec![0.0, 1.0], vec![2.0, 0.0], 1);
        let (values, labels) = ([-1.0, 0.0, 1.5], [0, 0, 1]);
        let validation = Embedded::new(&values, &labels, 1);
        let chosen = head
            .adjusted_by_validation(&[9, 1], &[2.0, 0.0, 1.0, 0.5], validation)
            .unwrap();
        assert_eq!((chosen.tau, chosen.balanced_accuracy), (0.5, 1.0));
        assert_eq!(chosen.head, head.adjusted(&[9, 1], 0.5).unwrap());
        let nothing = head.normalised_by_validation(&taus(), Embedded::new(&[], &[], 1));
        assert!(matches!(nothing, Err(Error::NothingToChooseOn)));
    }

    #[test]
    fn training_is_that_of_pytorch_written_out() {
        let (values, labels) = clouds(40);
        let seen = Embedded::new(&values, &labels, 2);
        let training = HeadTraining {
            epochs: NonZeroUsize::new(3).unwrap(),
            batch_size: NonZeroUsize::new(16).unwrap(),
            weight_decay: 0.01,
            ..plain()
        };
        let seed = Seed::new(4);
        let start = HeadTraining {
            schedule: Schedule::constant(1e-30),
            ..training.clone()
        };
        let start = start.retrain(seen, 2, &seed, DeviceKind::Cpu).unwrap();
        let found = training.retrain(seen, 2, &seed, DeviceKind::Cpu).unwrap();

        // Two rows of weights, each with its bias behind them.
        let mut weights: Vec<f64> = (0..2)
            .flat_map(|class| [start.row(class)[0], start.row(class)[1], start.bias[class]])
            .map(f64::from)
            .collect();
        let mut velocity: Option<Vec<f64>> = None;
        for epoch in 0..3 {
            let rate = training.schedule.rate(epoch, 3);
            for rows in training
                .sampler
                .batches(&labels, 2, training.batch_size, epoch, 3, &seed)
            {
                let mut gradient: Vec<f64> = weights.iter().map(|weight| 0.01 * weight).collect();
                for &row in &rows {
                    let input = [f64::from(values[2 * row]), f64::from(values[2 * row + 1]), 1.0];
                    let logit =
                        |class: usize| (0..3).map(|at| weights[3 * class + at] * input[at]).sum::<f64>();
                    let second = 1.0 / (1.0 + (logit(0) - logit(1)).exp());
                    let miss = second - f64::from(labels[row]);
                    for at in 0..3 {
                        gradient[at] -= miss * input[at] / rows.len() as f64;
                        gradient[3 + at] += miss * input[at] / rows.len() as f64;
                    }
                }
                let step = match &velocity {
                    None => gradient,
                    Some(velocity) => velocity.iter().zip(&gradient).map(|(v, g)| 0.9 * v + g).collect(),
                };
                weights
                    .iter_mut()
                    .zip(&step)
                    .for_each(|(weight, step)| *weight -= rate * step);
                velocity = Some(step);
            }
        }
        let flat: Vec<f32> = (0..2)
            .flat_map(|class| [found.row(class)[0], found.row(class)[1], found.bias[class]])
            .collect();
        let expected: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        near(&flat, &expected);
    }

    #[test]
    fn each_way_helps_the_small_class() {
        let (values, labels) = clouds(2000);
        let seen = Embedded::new(&values, &labels, 2);
        let seed = Seed::new(5);
        let counts = [1900, 100];
        let accuracy = |head: &LinearHead| head.balanced_accuracy(seen).unwrap();
        let first = plain().retrain(seen, 2, &seed, DeviceKind::Cpu).unwrap();
        let before = accuracy(&first);
        let after = [
            ("adjustment", accuracy(&first.adjusted(&counts, 1.0).unwrap())),
            (
                "normalisation",
                first
                    .normalised_by_validation(&taus(), seen)
                    .unwrap()
                    .balanced_accuracy,
            ),
            (
                "re-training",
                accuracy(
                    &HeadTraining::default()
                        .retrain(seen, 2, &seed, DeviceKind::Cpu)
                        .unwrap(),
                ),
            ),
        ];
        for (way, after) in after {
            assert!(after > before + 0.1, "{way}: {after} after {before}");
        }
    }

    #[test]
    fn scales_leave_directions_as_they_are() {
        let (values, labels) = clouds(2000);
        let seen = Embedded::new(&values, &labels, 2);
        // The first class is said below 5/3; halfway between the clouds would be 3/4.
        let first = LinearHead::new(vec![0.0, 0.0, 1.5, 0.0], vec![3.0, 0.5], 2);
        let scaled = HeadTraining::default()
            .rescale(&first, seen, &Seed::new(5), DeviceKind::Cpu)
            .unwrap();
        for class in 0..2 {
            let factor = scaled.bias[class] / first.bias[class];
            assert!((factor - 1.0).abs() > 0.01, "factor {factor}");
            let expected: Vec<f32> = first.row(class).iter().map(|weight| weight * factor).collect();
            near(scaled.row(class), &expected);
        }
        let accuracy = |head: &LinearHead| head.balanced_accuracy(seen).unwrap();
        assert!(
            accuracy(&scaled) > accuracy(&first),
            "{} after {}",
            accuracy(&scaled),
            accuracy(&first)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_head() {
        let (values, labels) = clouds(200);
        let of = |seed| {
            let seen = Embedded::new(&values, &labels, 2);
            HeadTraining::default()
                .retrain(seen, 2, &Seed::new(seed), DeviceKind::Cpu)
                .unwrap()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_loss_that_is_no_number_stops_training() {
        let labels = [0, 1];
        let values = [f32::NAN, 0.0, 1.0, 0.0];
        let seen = Embedded::new(&values, &labels, 2);
        let error = HeadTraining::default()
            .retrain(seen, 2, &Seed::new(1), DeviceKind::Cpu)
            .unwrap_err();
        assert!(error.to_string().contains("epoch 1, batch 1"), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn options_out_of_range_are_named() {
        let refused = |training: HeadTraining| training.check().unwrap_err().to_string();
        let heavy = HeadTraining {
            momentum: 1.0,
            ..HeadTraining::default()
        };
        assert!(refused(heavy).contains("`momentum = 1` of head training"));
        let pulled = HeadTraining {
            weight_decay: -1.0,
            ..HeadTraining::default()
        };
        assert!(refused(pulled).contains("`weight_decay = -1`"));
        let text = r#"{"epochs": 4, "loss": "balanced-softmax", "sampler": "square-root"}"#;
        let read: HeadTraining = serde_json::from_str(text).unwrap();
        assert_eq!(read.sampler, Sampler::SquareRoot);
        assert!(read.check().is_ok());
    }
}

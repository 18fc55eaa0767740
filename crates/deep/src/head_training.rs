//! A last layer that is trained anew on feature embeddings that stay as they are.

use std::num::NonZeroUsize;

use burn::module::{Module, Param, ParamId};
use burn::tensor::Tensor;
use counterpoise_base::{Embeddings, Event, HeadKind, LinearHead, Observer, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::head_learner::{Batch, Epoch, Learner, LearnsHead, SmallHead, Tensors};
use crate::layers::{Init, Linear, Spread};
use crate::network::Head;
use crate::optimizer::Sgd;
use crate::weights::numbers;
use crate::{ChooseBy, Decay, DeviceKind, Error, Loss, Mix, Sampler, Schedule, Scores};

/// How the head is trained anew on embeddings that stay as they are.
///
/// # Source
///
/// The head of EOS (Dablain, Bellinger, Krawczyk and Chawla, arXiv 2207.06080, authors' code): a fresh layer, ten epochs of
/// SGD with rate 0.1 after five epochs of warm-up, momentum 0.9, weight decay 0.0002, batches of 128. The authors take the
/// epoch with the best macro F1 on the test set; here it is the last, unless `choose_by` asks for one that does best on
/// validation rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HeadTraining {
    /// What the head computes; LDAM needs `cosine`.
    pub head: HeadKind,
    /// Which weights it begins with.
    pub start: HeadStart,
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
    /// Whether rows are mixed with one another.
    pub mix: Mix,
    /// What is made small.
    pub loss: Loss,
    /// What an epoch is chosen by, where there are validation rows.
    #[serde(default = "last")]
    pub choose_by: ChooseBy,
}

/// Which weights a head begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeadStart {
    /// First weights at random, as in the authors' code.
    #[default]
    Fresh,
    /// Those of the network, which are then tuned finely, as the paper's abstract says.
    Warm,
}

/// What a head is trained on.
#[derive(Clone, Copy)]
pub struct HeadRows<'a> {
    /// Embeddings to learn from.
    pub training: &'a Embeddings,
    /// Rows of every class that losses and mixing are told of, where they are not those of `training`: the authors of EOS
    /// tell LDAM the counts from before balancing.
    pub counts: Option<&'a [usize]>,
    /// Rows to choose the epoch on.
    pub validation: Option<&'a Embeddings>,
    /// The head of the network, which [`HeadStart::Warm`] begins with.
    pub before: Option<&'a LinearHead>,
}

/// A head and how it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedHead {
    /// The head of the chosen epoch.
    pub head: LinearHead,
    /// That epoch, from 1.
    pub epoch: usize,
    /// Mean loss of every epoch.
    pub losses: Vec<f64>,
    /// Scores on the validation rows after every epoch, where there are such rows.
    pub scores: Vec<Scores>,
}

fn last() -> ChooseBy {
    ChooseBy::Last
}

impl Default for HeadTraining {
    fn default() -> Self {
        Self {
            head: HeadKind::Linear,
            start: HeadStart::Fresh,
            epochs: NonZeroUsize::new(10).expect("10 is not 0"),
            batch_size: NonZeroUsize::new(128).expect("128 is not 0"),
            schedule: Schedule::default().with_decay(Decay::Constant),
            momentum: 0.9,
            weight_decay: 2e-4,
            sampler: Sampler::InstanceBalanced,
            mix: Mix::None,
            loss: Loss::default(),
            choose_by: ChooseBy::Last,
        }
    }
}

impl<'a> HeadRows<'a> {
    /// Rows to learn from alone.
    pub fn new(training: &'a Embeddings) -> Self {
        Self {
            training,
            counts: None,
            validation: None,
            before: None,
        }
    }

    /// Rows of every class that losses and mixing are told of.
    fn class_counts(&self) -> Vec<usize> {
        self.counts
            .map_or_else(|| self.training.labels.counts(), <[usize]>::to_vec)
    }
}

/// One number for each class, `(1, classes)`.
#[derive(Module, Debug)]
struct Scales {
    scales: Param<Tensor<2>>,
}

impl HeadTraining {
    /// Batches in which every class comes equally often, as "classifier re-training" wants them.
    ///
    /// # Source
    ///
    /// Kang and others, "Decoupling Representation and Classifier for Long-Tailed Recognition", ICLR 2020, section 4.1.
    pub fn class_balanced() -> Self {
        Self {
            sampler: Sampler::ClassBalanced,
            ..Self::default()
        }
    }

    /// Sets [`start`](Self::start).
    pub fn with_start(mut self, start: HeadStart) -> Self {
        self.start = start;
        self
    }

    /// Sets [`sampler`](Self::sampler).
    pub fn with_sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Sets [`mix`](Self::mix).
    pub fn with_mix(mut self, mix: Mix) -> Self {
        self.mix = mix;
        self
    }

    /// Sets [`head`](Self::head) and [`loss`](Self::loss), which have to suit each other.
    pub fn with_loss(mut self, head: HeadKind, loss: Loss) -> Self {
        self.head = head;
        self.loss = loss;
        self
    }

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
        if self.loss.wants_cosines() && self.head != HeadKind::Cosine {
            return Err(Error::HeadNeedsCosines {
                loss: self.loss.name(),
            });
        }
        self.schedule.check()?;
        self.mix.check()?;
        self.loss.check()
    }

    /// Trains a head.
    ///
    /// Equal options, rows and seed give equal bits on one kind of device.
    ///
    /// # Errors
    ///
    /// Options out of their range; a [warm start](HeadStart::Warm) without a head, or with one of another kind or width; a loss
    /// that is no number; the observer's wish to stop.
    ///
    /// # Source
    ///
    /// With class-balanced batches: Kang and others, ICLR 2020, section 4.1, "classifier re-training (cRT)". On embeddings that EOS
    /// balanced: Dablain and others, arXiv 2207.06080, phase three.
    pub fn train(
        &self,
        rows: HeadRows<'_>,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<TrainedHead, Error> {
        self.check()?;
        let device = device.open()?.autodiff();
        let width = rows.training.width();
        let classes = rows.training.labels.classes().len();
        let first = seed.child("head");
        let init = Init::new(&first, &device);
        let module = match self.start {
            HeadStart::Warm => {
                let before = rows.before.ok_or(Error::NoHead)?;
                if (before.kind(), before.width(), before.classes()) != (self.head, width, classes) {
                    return Err(Error::OtherHead {
                        found: words(before.kind(), before.width(), before.classes()),
                        needed: words(self.head, width, classes),
                    });
                }
                Head::of(before, &init)
            }
            HeadStart::Fresh => {
                let mut layer = Linear::new(&init, [width, classes], Spread::Uniform);
                match self.head {
                    HeadKind::Linear => Head::Linear(layer),
                    HeadKind::Cosine => {
                        layer.bias = None;
                        Head::Cosine(layer)
                    }
                }
            }
        };
        let counts = rows.class_counts();
        let loss = self.loss.prepare(&counts, &device)?;
        let sgd = self.sgd();
        if let Some(learner) = SmallHead::new(&module.plain(), &loss, sgd, &device) {
            return self.choose(learner, rows, &counts, seed, observer);
        }
        let learner = Tensors::new(module, Head::forward, loss, sgd, device);
        self.choose(learner, rows, &counts, seed, observer)
    }

    /// Learns, and takes the head of the best epoch.
    fn choose<L: LearnsHead>(
        &self,
        learner: L,
        rows: HeadRows<'_>,
        counts: &[usize],
        seed: &Seed,
        observer: &dyn Observer,
    ) -> Result<TrainedHead, Error> {
        let mut scores = Vec::new();
        let mut best: Option<(f64, usize, LinearHead)> = None;
        let (learner, losses) = self.fit(learner, rows, counts, seed, observer, |epoch, learner| {
            let Some(validation) = rows.validation else {
                return Ok(());
            };
            let head = learner.head();
            let found = Scores::of(&validation.labels, &head.predict(validation.values()))?;
            let score = match self.choose_by {
                ChooseBy::BalancedAccuracy => found.balanced_accuracy,
                ChooseBy::MacroF1 => found.macro_f1,
                ChooseBy::Last => None,
            };
            scores.push(found);
            if let Some(score) = score
                && best.as_ref().is_none_or(|(before, ..)| score > *before)
            {
                best = Some((score, epoch + 1, head));
            }
            Ok(())
        })?;
        let (epoch, head) = match best {
            Some((_, epoch, head)) => (epoch, head),
            None => (self.epochs.get(), learner.head()),
        };
        Ok(TrainedHead {
            head,
            epoch,
            losses,
            scores,
        })
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
        training: &Embeddings,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<LinearHead, Error> {
        self.check()?;
        let device = device.open()?.autodiff();
        let classes = head.classes();
        let ones = Tensor::<2>::ones([1, classes], &device).require_grad();
        let scales = Scales {
            scales: Param::initialized(ParamId::from(1), ones),
        };
        let logits = head.logits(training.values());
        let seen = Embeddings::new(logits, classes, training.labels.clone());
        let rows = HeadRows::new(&seen);
        let counts = rows.class_counts();
        let loss = self.loss.prepare(&counts, &device)?;
        let forward = |scales: &Scales, logits| logits * scales.scales.val();
        let learner = Tensors::new(scales, forward, loss, self.sgd(), device);
        let (learner, _) = self.fit(learner, rows, &counts, seed, observer, |_, _| Ok(()))?;
        let scales = numbers(learner.module.scales.val());
        let scaled = |(place, weight): (usize, &f32)| weight * scales[place / head.width()];
        let bias = head.bias().iter().zip(&scales);
        Ok(LinearHead::new(
            head.weight().iter().enumerate().map(scaled).collect(),
            bias.map(|(bias, scale)| bias * scale).collect(),
            head.width(),
        ))
    }

    fn sgd(&self) -> Sgd {
        Sgd {
            momentum: self.momentum,
            weight_decay: self.weight_decay,
        }
    }

    fn fit<L: Learner>(
        &self,
        mut learner: L,
        rows: HeadRows<'_>,
        counts: &[usize],
        seed: &Seed,
        observer: &dyn Observer,
        mut after_epoch: impl FnMut(usize, &L) -> Result<(), Error>,
    ) -> Result<(L, Vec<f64>), Error> {
        let labels = &rows.training.labels;
        let epochs = self.epochs.get();
        let mut losses = Vec::with_capacity(epochs);
        for epoch in 0..epochs {
            let event = Event::Progress {
                task: "training the head",
                done: epoch as u64,
                total: epochs as u64,
            };
            if observer.observe(&event).is_break() {
                return Err(Error::Stopped);
            }
            let now = Epoch {
                number: epoch,
                all: epochs,
                rate: self.schedule.rate(epoch, epochs),
            };
            let classes = labels.classes().len();
            let batches = self
                .sampler
                .batches(labels.codes(), classes, self.batch_size, epoch, epochs, seed);
            let mut sum = 0.0;
            for (batch, chosen) in batches.into_iter().enumerate() {
                let mut drawn = Batch::of(rows.training, &chosen);
                let mixed = seed.child("mix").child(epoch as u64).child(batch as u64);
                if let Some(pairs) = self.mix.pairs(&drawn.labels, counts, &mixed) {
                    drawn.mix(&pairs);
                }
                let value;
                (learner, value) = learner.learn(drawn, &now);
                if !value.is_finite() {
                    return Err(Error::Diverged {
                        what: "the head",
                        epoch: epoch + 1,
                        batch: batch + 1,
                    });
                }
                sum += f64::from(value) * chosen.len() as f64;
            }
            losses.push(sum / labels.len() as f64);
            after_epoch(epoch, &learner)?;
        }
        Ok((learner, losses))
    }
}

fn words(kind: HeadKind, width: usize, classes: usize) -> String {
    let kind = match kind {
        HeadKind::Linear => "linear",
        HeadKind::Cosine => "cosine",
    };
    format!("{kind}, {classes} classes by {width} features")
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Labels;

    use super::*;
    use crate::{balanced_accuracy, logit_adjusted, tau_normalised_by_validation, taus};

    fn trained(training: &HeadTraining, seen: &Embeddings, seed: &Seed) -> LinearHead {
        training
            .train(HeadRows::new(seen), seed, DeviceKind::Cpu, &())
            .unwrap()
            .head
    }

    /// Two clouds on a line, 19 rows to 1; a head that is fitted to them says the first class too often.
    fn clouds(rows: usize) -> Embeddings {
        let mut random = Seed::new(8).rng();
        let labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 20 == 0)).collect();
        let value = |&label: &u32| {
            [f64::from(label) * 1.5 + random.normal(), random.normal()].map(|value| value as f32)
        };
        let values = labels.iter().flat_map(value).collect();
        Embeddings::new(
            values,
            2,
            Labels::from_codes(vec!["large".into(), "small".into()], labels),
        )
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
    fn training_is_that_of_pytorch_written_out() {
        let seen = clouds(40);
        let (values, labels) = (seen.values(), seen.labels.codes());
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
        let start = trained(&start, &seen, &seed);
        let found = trained(&training, &seen, &seed);

        // Two rows of weights, each with its bias behind them.
        let mut weights: Vec<f64> = (0..2)
            .flat_map(|class| [start.row(class)[0], start.row(class)[1], start.bias()[class]])
            .map(f64::from)
            .collect();
        let mut velocity: Option<Vec<f64>> = None;
        for epoch in 0..3 {
            let rate = training.schedule.rate(epoch, 3);
            for rows in training
                .sampler
                .batches(labels, 2, training.batch_size, epoch, 3, &seed)
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
            .flat_map(|class| [found.row(class)[0], found.row(class)[1], found.bias()[class]])
            .collect();
        let expected: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        near(&flat, &expected);
    }

    #[test]
    fn each_way_helps_the_small_class() {
        let seen = &clouds(2000);
        let seed = Seed::new(5);
        let counts = [1900, 100];
        let accuracy = |head: &LinearHead| balanced_accuracy(head, seen).unwrap();
        let first = trained(&plain(), seen, &seed);
        let before = accuracy(&first);
        let after = [
            (
                "adjustment",
                accuracy(&logit_adjusted(&first, &counts, 1.0).unwrap()),
            ),
            (
                "normalisation",
                tau_normalised_by_validation(&first, &taus(), seen)
                    .unwrap()
                    .balanced_accuracy,
            ),
            (
                "re-training",
                accuracy(&trained(&HeadTraining::class_balanced(), seen, &seed)),
            ),
        ];
        for (way, after) in after {
            assert!(after > before + 0.1, "{way}: {after} after {before}");
        }
    }

    #[test]
    fn scales_leave_directions_as_they_are() {
        let seen = &clouds(2000);
        // The first class is said below 5/3; halfway between the clouds would be 3/4.
        let first = LinearHead::new(vec![0.0, 0.0, 1.5, 0.0], vec![3.0, 0.5], 2);
        let scaled = HeadTraining::class_balanced()
            .rescale(&first, seen, &Seed::new(5), DeviceKind::Cpu, &())
            .unwrap();
        for class in 0..2 {
            let factor = scaled.bias()[class] / first.bias()[class];
            assert!((factor - 1.0).abs() > 0.01, "factor {factor}");
            let expected: Vec<f32> = first.row(class).iter().map(|weight| weight * factor).collect();
            near(scaled.row(class), &expected);
        }
        let accuracy = |head: &LinearHead| balanced_accuracy(head, seen).unwrap();
        assert!(
            accuracy(&scaled) > accuracy(&first),
            "{} after {}",
            accuracy(&scaled),
            accuracy(&first)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_head() {
        let seen = clouds(200);
        let of = |seed| trained(&HeadTraining::class_balanced(), &seen, &Seed::new(seed));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn a_loss_that_is_no_number_stops_training() {
        let labels = Labels::from_names(&["a", "b"]);
        let seen = Embeddings::new(vec![f32::NAN, 0.0, 1.0, 0.0], 2, labels);
        let error = HeadTraining::default()
            .train(HeadRows::new(&seen), &Seed::new(1), DeviceKind::Cpu, &())
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

    #[test]
    fn rows_of_two_classes_pull_the_head_between_them() {
        let mut seen = clouds(400);
        let hard = trained(&plain(), &seen, &Seed::new(2));
        let halves = seen.labels.codes().iter().flat_map(|_| [0.5, 0.5]);
        seen.shares = Some(halves.collect());
        let soft = trained(&plain(), &seen, &Seed::new(2));
        let spread = |head: &LinearHead| {
            let logits = head.logits(seen.values());
            logits
                .chunks_exact(2)
                .map(|row| (row[0] - row[1]).abs())
                .fold(0.0, f32::max)
        };
        assert!(
            spread(&soft) < 0.3 * spread(&hard),
            "{} of {}",
            spread(&soft),
            spread(&hard)
        );
    }

    #[test]
    fn a_warm_head_begins_where_the_network_was() {
        let seen = clouds(400);
        let before = LinearHead::new(vec![0.25, 0.5, -1.0, 2.0], vec![0.75, -0.125], 2);
        let still = HeadTraining {
            start: HeadStart::Warm,
            schedule: Schedule::constant(1e-30),
            ..plain()
        };
        let rows = HeadRows {
            before: Some(&before),
            ..HeadRows::new(&seen)
        };
        let of = |training: &HeadTraining, rows| training.train(rows, &Seed::new(1), DeviceKind::Cpu, &());
        assert_eq!(of(&still, rows).unwrap().head, before);
        let cosine = LinearHead::cosine(vec![0.25, 0.5, -1.0, 2.0], 2);
        let other = HeadRows {
            before: Some(&cosine),
            ..rows
        };
        assert!(matches!(of(&still, other), Err(Error::OtherHead { .. })));
        assert!(matches!(of(&still, HeadRows::new(&seen)), Err(Error::NoHead)));
    }

    #[test]
    fn a_head_of_cosines_learns_with_margins() {
        let seen = clouds(400);
        let ldam: Loss = serde_json::from_str("\"ldam\"").unwrap();
        let training = HeadTraining {
            head: HeadKind::Cosine,
            loss: ldam.clone(),
            ..plain()
        };
        let head = trained(&training, &seen, &Seed::new(1));
        assert_eq!(head.kind(), HeadKind::Cosine);
        assert!(balanced_accuracy(&head, &seen).unwrap() > 0.6);
        let linear = HeadTraining {
            loss: ldam,
            ..plain()
        };
        let error = linear.check().unwrap_err();
        assert!(error.hint().unwrap().contains("head=cosine"));
    }

    #[test]
    fn the_first_of_the_best_epochs_is_kept() {
        let seen = clouds(400);
        let training = HeadTraining {
            choose_by: ChooseBy::BalancedAccuracy,
            ..HeadTraining::class_balanced()
        };
        let rows = HeadRows {
            validation: Some(&seen),
            ..HeadRows::new(&seen)
        };
        let found = training.train(rows, &Seed::new(3), DeviceKind::Cpu, &()).unwrap();
        let scores: Vec<f64> = found
            .scores
            .iter()
            .map(|scores| scores.balanced_accuracy.unwrap())
            .collect();
        let best = scores.iter().copied().fold(0.0, f64::max);
        assert_eq!(
            found.epoch,
            scores.iter().position(|&score| score == best).unwrap() + 1
        );
        assert_eq!(balanced_accuracy(&found.head, &seen), Some(best));
    }

    #[test]
    fn mixed_rows_make_another_head() {
        let seen = clouds(400);
        let mixed = HeadTraining {
            mix: serde_json::from_str("\"remix\"").unwrap(),
            ..plain()
        };
        let seed = Seed::new(1);
        let (mixed, still) = (trained(&mixed, &seen, &seed), trained(&plain(), &seen, &seed));
        assert!(balanced_accuracy(&mixed, &seen) > balanced_accuracy(&still, &seen));
    }
}

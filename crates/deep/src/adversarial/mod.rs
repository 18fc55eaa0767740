//! Adversarial debiasing: a classifier of tables that is trained against a guess of the group.

mod adversary;
mod net;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Event, Observer, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::adversary::{Adversary, Seen, classifier_loss, sigmoid};
use self::net::{Gradient, Net};
use crate::layers::Init;
use crate::weights::numbers;
use crate::{DeviceKind, Error, Sampler};

/// Trains a network to tell two classes apart, and a second one, the adversary, to tell the group of a row from what the
/// first one says. Every step of the classifier leaves out what would help the adversary, and adds some of what harms it.
///
/// Use it where a linear model is too simple and groups are known while training; predictions need no group. Columns
/// should be of like size, and without missing values. It is less steady than reductions or weights: the strength of the
/// adversary hangs on how many steps there are, so look at the gap between groups on rows that were held out, and change
/// `adversary_loss_weight` if it stays, or if every row gets the same class.
///
/// # Source
///
/// Zhang, Lemoine and Mitchell, "Mitigating Unwanted Biases with Adversarial Learning", AIES 2018: the step is equation 1, the
/// adversary that of section 5.2. Sizes, rates and the dropout are those of `AdversarialDebiasing` in AIF360, which
/// the paper leaves open. Where the three part:
///
/// - The paper projects the gradient of all weights together, AIF360 that of each tensor by itself: see `projection`.
/// - In AIF360 the factor of the logit never leaves 1, since the slope of `|c|` at `c = 0` is taken for 0: see `steepness`.
/// - AIF360 skips the rows of an epoch that fill no batch, and so learns nothing from fewer rows than a batch; here they are a
///   smaller batch.
/// - AIF360 takes two groups; for more, the adversary here has a logit for each group but the first, and a softmax.
/// - The paper lets rate and weight of the adversary change with the step on one of its data sets; here, as in AIF360, the
///   weight is constant.
///
/// Cost: with 200 hidden units and 10 columns, about a third of a millisecond for each batch of 128 rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Adversarial {
    /// Whether there is an adversary; without one, this is a plain network.
    pub debias: bool,
    /// What the adversary may see.
    pub fairness: SeenByAdversary,
    /// How much of the adversary's gradient is taken off, beside the part along it.
    #[schemars(range(min = 0.0))]
    pub adversary_loss_weight: f64,
    /// Along what the gradient is made blind to the adversary.
    pub projection: Projection,
    /// Whether the adversary learns how steep it reads logits.
    pub steepness: Steepness,
    /// Units of the one hidden layer of the classifier.
    pub hidden_units: NonZeroUsize,
    /// Share of hidden units that are left out at each step.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub dropout: f64,
    /// How often the training rows are gone through.
    pub epochs: NonZeroUsize,
    /// Rows a step.
    #[serde(alias = "batch")]
    pub batch_size: NonZeroUsize,
    /// Rate of both optimizers (Adam) at first.
    #[schemars(range(min = 0.0))]
    pub rate: f64,
    /// By what the rate is multiplied after every `decay_steps` steps.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub decay: f64,
    /// Steps after which the rate becomes smaller.
    pub decay_steps: NonZeroUsize,
}

/// What the adversary sees, and so what becomes alike between groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SeenByAdversary {
    /// Prediction and class: error rates of both classes become alike.
    #[default]
    EqualizedOdds,
    /// The prediction: shares of predicted classes become alike.
    DemographicParity,
    /// The prediction, for rows of class 1 alone: their recall becomes alike.
    EqualOpportunity,
}

/// Along what the classifier's gradient is made blind to the adversary's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Projection {
    /// The gradient of each tensor of weights by itself, as in AIF360.
    #[default]
    Reference,
    /// The gradient of all weights as one vector (equation 1 of the paper).
    Paper,
}

/// The factor `1 + |c|` of the logit that the adversary reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Steepness {
    /// It stays 1, as it does in AIF360.
    #[default]
    Reference,
    /// It is learnt (section 5.2 of the paper).
    Paper,
}

/// Rows of a table with class and group.
#[derive(Debug, Clone, Copy)]
pub struct GroupedRows<'a> {
    values: &'a [f32],
    features: usize,
    labels: &'a [u32],
    groups: &'a [u32],
    weights: Option<&'a [f64]>,
}

/// A trained classifier; the adversary is gone.
#[derive(Debug, Clone)]
pub struct DebiasedNet {
    net: Net,
    features: usize,
    device: Device,
}

const NAME: &str = "adversarial debiasing";
/// Rows that go through the network at once when it predicts.
const AT_ONCE: usize = 4096;

impl Default for Adversarial {
    fn default() -> Self {
        let count = |number| NonZeroUsize::new(number).expect("it is not 0");
        Self {
            debias: true,
            fairness: SeenByAdversary::default(),
            adversary_loss_weight: 0.1,
            projection: Projection::default(),
            steepness: Steepness::default(),
            hidden_units: count(200),
            dropout: 0.2,
            epochs: count(50),
            batch_size: count(128),
            rate: 0.001,
            decay: 0.96,
            decay_steps: count(1000),
        }
    }
}

impl<'a> GroupedRows<'a> {
    /// `values` is `(n, features)`, row after row; classes are 0 and 1; groups are counted from 0.
    ///
    /// # Panics
    ///
    /// If there is not one class and one group for each row.
    pub fn new(values: &'a [f32], features: usize, labels: &'a [u32], groups: &'a [u32]) -> Self {
        assert_eq!(values.len(), labels.len() * features, "one class for each row");
        assert_eq!(groups.len(), labels.len(), "one group for each row");
        Self {
            values,
            features,
            labels,
            groups,
            weights: None,
        }
    }

    /// How much each row counts, for the classifier and for the adversary.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each row.
    #[must_use]
    pub fn with_weights(mut self, weights: &'a [f64]) -> Self {
        assert_eq!(weights.len(), self.labels.len(), "one weight for each row");
        self.weights = Some(weights);
        self
    }

    fn check(&self, groups_matter: bool) -> Result<(), Error> {
        check_finite(self.values, self.features)?;
        if let Some(row) = self.labels.iter().position(|&label| label > 1) {
            return Err(Error::NotTwoClasses {
                method: NAME,
                row: row + 1,
                class: self.labels[row],
            });
        }
        for (class, name) in [(0, "0"), (1, "1")] {
            if !self.labels.contains(&class) {
                return Err(Error::ClassWithoutRows {
                    method: NAME,
                    class: name,
                });
            }
        }
        if groups_matter && self.groups.windows(2).all(|pair| pair[0] == pair[1]) {
            return Err(Error::OneGroup { method: NAME });
        }
        let bad = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
        match self.weights.and_then(|weights| weights.iter().position(bad)) {
            Some(row) => Err(Error::BadRowWeight { row: row + 1 }),
            None => Ok(()),
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }
}

fn check_finite(values: &[f32], features: usize) -> Result<(), Error> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(Error::NotFiniteCell {
            row: place / features + 1,
            column: place % features + 1,
        }),
        None => Ok(()),
    }
}

impl Adversarial {
    /// Fails for a number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |option, value: f64, range| {
            Err(Error::OutOfRange {
                method: NAME,
                option,
                value: value.to_string(),
                range,
            })
        };
        let weight = self.adversary_loss_weight;
        if !(weight.is_finite() && weight >= 0.0) {
            return refuse(
                "adversary_loss_weight",
                weight,
                "a number of 0 or more, such as 0.1",
            );
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", self.dropout, "a number from 0 to below 1, such as 0.2");
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return refuse("rate", self.rate, "a number above 0, such as 0.001");
        }
        if !(self.decay > 0.0 && self.decay <= 1.0) {
            return refuse(
                "decay",
                self.decay,
                "a number above 0 and not above 1, such as 0.96",
            );
        }
        Ok(())
    }

    /// Trains on rows.
    ///
    /// The same options, rows and seed give the same network on one kind of device.
    ///
    /// # Errors
    ///
    /// Fails for an option out of range, a cell that is no finite number, classes other than 0 and 1, a class without rows, rows
    /// of a single group, and a loss that is no number any more.
    pub fn fit(
        &self,
        rows: GroupedRows<'_>,
        seed: &Seed,
        device: DeviceKind,
        observer: &dyn Observer,
    ) -> Result<DebiasedNet, Error> {
        self.check()?;
        rows.check(self.debias)?;
        let device = device.open()?;
        let mut net = Net::new(
            [rows.features, self.hidden_units.get()],
            &Init::new(&seed.child("classifier"), &device.clone().autodiff()),
        );
        let groups = rows.groups.iter().max().map_or(0, |&last| last as usize + 1);
        let mut adversary = Adversary::new(groups, self.fairness, self.steepness, &seed.child("adversary"));
        let mut optimizer = AdamConfig::new().with_epsilon(ADAM_EPSILON).init();
        let mut step: usize = 0;
        for epoch in 0..self.epochs.get() {
            let batches = Sampler::InstanceBalanced.batches(
                rows.labels,
                2,
                self.batch_size,
                epoch,
                self.epochs.get(),
                seed,
            );
            let (total, mut losses) = (batches.len(), [0.0; 2]);
            for (place, batch) in batches.iter().enumerate() {
                let rate = self.rate * self.decay.powi((step / self.decay_steps) as i32);
                let mask = self.mask(batch.len(), &seed.child("dropout").child(step as u64));
                let found;
                (net, found) = self.step(
                    net,
                    &mut adversary,
                    &mut optimizer,
                    rows,
                    batch,
                    mask,
                    rate,
                    &device,
                );
                if !found.iter().all(|loss| loss.is_finite()) {
                    return Err(Error::Diverged {
                        what: "the classifier or of its adversary",
                        epoch: epoch + 1,
                        batch: place + 1,
                    });
                }
                losses.iter_mut().zip(found).for_each(|(sum, loss)| *sum += loss);
                step += 1;
                let event = Event::Progress {
                    task: NAME,
                    done: step as u64,
                    total: (total * self.epochs.get()) as u64,
                };
                if observer.observe(&event).is_break() {
                    return Err(Error::Stopped);
                }
            }
            let [loss, of_adversary] = losses.map(|sum| sum / total as f64);
            let told = [("loss", loss), ("loss of the adversary", of_adversary)];
            let event = Event::Epoch {
                task: NAME,
                epoch: epoch as u64 + 1,
                of: self.epochs.get() as u64,
                numbers: &told[..=usize::from(self.debias)],
            };
            if observer.observe(&event).is_break() {
                return Err(Error::Stopped);
            }
        }
        let _ = observer.observe(&Event::Finished { task: NAME });
        Ok(DebiasedNet {
            net: net.valid(),
            features: rows.features,
            device,
        })
    }

    /// What hidden outputs are multiplied by: 0 where they are left out.
    fn mask(&self, rows: usize, seed: &Seed) -> Option<Vec<f32>> {
        let kept = 1.0 - self.dropout;
        (self.dropout > 0.0).then(|| {
            let cells = rows * self.hidden_units.get();
            // 16 bits a cell are fine enough for a share, and four times as fast.
            let mut words = vec![0; cells.div_ceil(4)];
            seed.rng().fill(&mut words);
            let limit = (kept * f64::from(1_u32 << 16)).round() as u64;
            let drawn = (0..cells).map(|cell| (words[cell / 4] >> (16 * (cell % 4))) & 0xffff);
            drawn
                .map(|bits| if bits < limit { (1.0 / kept) as f32 } else { 0.0 })
                .collect()
        })
    }

    /// One batch; the losses of classifier and adversary before it.
    #[expect(clippy::too_many_arguments, reason = "a step has this many parts")]
    fn step(
        &self,
        net: Net,
        adversary: &mut Adversary,
        optimizer: &mut ModuleOptimizer,
        rows: GroupedRows<'_>,
        batch: &[usize],
        mask: Option<Vec<f32>>,
        rate: f64,
        device: &Device,
    ) -> (Net, [f64; 2]) {
        let features = rows.features;
        let put = |values: Vec<f32>, width| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values, [batch.len(), width]), device)
        };
        let cells = batch
            .iter()
            .flat_map(|row| &rows.values[row * features..][..features]);
        let input = put(cells.copied().collect(), features);
        let mask = mask.map(|mask| put(mask, self.hidden_units.get()));
        // The optimizer keeps weights as the tensor library differentiates them; here it is done by hand.
        let plain = net.valid();
        let pass = plain.forward(input, mask);
        let logits: Vec<f64> = numbers(pass.logits.clone()).into_iter().map(f64::from).collect();
        let seen: Vec<Seen> = batch
            .iter()
            .zip(logits)
            .map(|(&row, logit)| Seen {
                logit,
                label: rows.labels[row],
                group: rows.groups[row],
                weight: rows.weight(row),
            })
            .collect();
        let pull = |slopes: Vec<f64>| put(slopes.into_iter().map(|slope| slope as f32).collect(), 1);
        let (loss, slopes) = classifier_loss(&seen);
        let mut gradient = pass.backward(&plain, pull(slopes));
        let mut losses = [loss, 0.0];
        if self.debias {
            let guess = adversary.judge(&seen);
            let harm = pass.backward(&plain, pull(guess.slopes));
            gradient = self.debiased(gradient, harm);
            adversary.learn(&guess.gradient, rate);
            losses[1] = guess.loss;
        }
        let gradient = gradient.of(&net);
        (optimizer.step(rate, net, gradient), losses)
    }

    /// The gradient without its part along the adversary's, less some of the adversary's.
    fn debiased(&self, own: Gradient, adversary: Gradient) -> Gradient {
        let weight = self.adversary_loss_weight;
        let [products, squares] = [own.products(&adversary), adversary.products(&adversary)];
        let factors = match self.projection {
            Projection::Reference => std::array::from_fn(|part| share(products[part], squares[part])),
            Projection::Paper => [share(products.iter().sum(), squares.iter().sum()); 4],
        };
        own.less(adversary, factors.map(|factor| factor + weight))
    }
}

/// How often the second vector goes into the first; a vector of zeros does not.
fn share(product: f64, square: f64) -> f64 {
    if square > 0.0 { product / square } else { 0.0 }
}

const ADAM_EPSILON: f32 = 1e-8;

impl DebiasedNet {
    /// How likely each row is of class 1. `values` is `(n, features)`, row after row.
    ///
    /// # Errors
    ///
    /// Fails for a cell that is no finite number.
    ///
    /// # Panics
    ///
    /// If the last row is not whole.
    pub fn probabilities(&self, values: &[f32]) -> Result<Vec<f64>, Error> {
        assert_eq!(values.len() % self.features, 0, "whole rows");
        check_finite(values, self.features)?;
        let mut found = Vec::with_capacity(values.len() / self.features);
        for part in values.chunks(AT_ONCE * self.features) {
            let data = TensorData::new(part.to_vec(), [part.len() / self.features, self.features]);
            let pass = self.net.forward(Tensor::from_data(data, &self.device), None);
            found.extend(
                numbers(pass.logits)
                    .into_iter()
                    .map(|logit| sigmoid(f64::from(logit))),
            );
        }
        Ok(found)
    }
}

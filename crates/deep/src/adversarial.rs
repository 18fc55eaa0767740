//! Adversarial debiasing: a classifier of tables that is trained against a guess of the group.

use std::num::NonZeroUsize;

use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Event, Observer, Seed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::layers::{Init, Linear, Spread};
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
    pub batch: NonZeroUsize,
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
            batch: count(128),
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
            let batches =
                Sampler::InstanceBalanced.batches(rows.labels, 2, self.batch, epoch, self.epochs.get(), seed);
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

/// A hidden layer and a logit.
#[derive(Module, Debug)]
struct Net {
    hidden: Linear,
    output: Linear,
}

/// What a batch leaves in the network, for gradients.
struct Pass {
    input: Tensor<2>,
    /// By what hidden outputs before the ramp were multiplied.
    open: Tensor<2>,
    hidden: Tensor<2>,
    logits: Tensor<2>,
}

/// The slope of a loss in every weight.
struct Gradient {
    hidden: (Tensor<2>, Tensor<1>),
    output: (Tensor<2>, Tensor<1>),
}

impl Net {
    fn new([features, units]: [usize; 2], init: &Init<'_>) -> Self {
        Self {
            hidden: Linear::new(&init.child("hidden"), [features, units], Spread::Glorot),
            output: Linear::new(&init.child("output"), [units, 1], Spread::Glorot),
        }
    }

    fn forward(&self, input: Tensor<2>, mask: Option<Tensor<2>>) -> Pass {
        let before = self.hidden.forward(input.clone());
        let mut open = before.clone().greater_elem(0.0).float();
        if let Some(mask) = mask {
            open = open * mask;
        }
        let hidden = before * open.clone();
        Pass {
            input,
            open,
            logits: self.output.forward(hidden.clone()),
            hidden,
        }
    }
}

impl Pass {
    /// The gradient of a loss with these slopes in the logits, `(n, 1)`.
    ///
    /// Written out, since both losses share a pass, and the tensor library forgets a pass with its first gradient.
    fn backward(&self, net: &Net, slopes: Tensor<2>) -> Gradient {
        let hidden = slopes.clone().matmul(net.output.weight.val()) * self.open.clone();
        let bias = |slopes: Tensor<2>| slopes.sum_dim(0).squeeze_dim::<1>(0);
        Gradient {
            hidden: (
                hidden.clone().transpose().matmul(self.input.clone()),
                bias(hidden),
            ),
            output: (
                slopes.clone().transpose().matmul(self.hidden.clone()),
                bias(slopes),
            ),
        }
    }
}

impl Gradient {
    /// Scalar products with another gradient, tensor by tensor.
    fn products(&self, other: &Self) -> [f64; 4] {
        fn product<const D: usize>(one: &Tensor<D>, other: &Tensor<D>) -> f64 {
            numbers(one.clone())
                .into_iter()
                .zip(numbers(other.clone()))
                .map(|(one, other)| f64::from(one) * f64::from(other))
                .sum()
        }
        [
            product(&self.hidden.0, &other.hidden.0),
            product(&self.hidden.1, &other.hidden.1),
            product(&self.output.0, &other.output.0),
            product(&self.output.1, &other.output.1),
        ]
    }

    /// Takes off so much of another gradient, tensor by tensor.
    fn less(self, other: Self, factors: [f64; 4]) -> Self {
        Self {
            hidden: (
                self.hidden.0 - other.hidden.0 * factors[0],
                self.hidden.1 - other.hidden.1 * factors[1],
            ),
            output: (
                self.output.0 - other.output.0 * factors[2],
                self.output.1 - other.output.1 * factors[3],
            ),
        }
    }

    /// As the optimizer takes it.
    fn of(self, net: &Net) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        for (layer, (weight, bias)) in [(&net.hidden, self.hidden), (&net.output, self.output)] {
            gradients.register(layer.weight.id, weight);
            if let Some(id) = layer.bias.as_ref().map(|bias: &Param<Tensor<1>>| bias.id) {
                gradients.register(id, bias);
            }
        }
        gradients
    }
}

/// A row as both losses see it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    logit: f64,
    label: u32,
    group: u32,
    weight: f64,
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Mean cross-entropy of the classes, and its slope in every logit.
fn classifier_loss(seen: &[Seen]) -> (f64, Vec<f64>) {
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
struct Adversary {
    sees: SeenByAdversary,
    steepness: Steepness,
    /// For every group but the first its weights and its bias; then `c`.
    weights: Vec<f64>,
    optimizer: Adam,
}

/// What an adversary makes of a batch.
struct Guess {
    loss: f64,
    /// The slope of the loss in every logit.
    slopes: Vec<f64>,
    /// The slope of the loss in every weight of the adversary.
    gradient: Vec<f64>,
}

impl SeenByAdversary {
    /// What the squashed logit is multiplied by, one number for each input.
    fn inputs(self, label: u32) -> &'static [f64] {
        match (self, label) {
            (Self::EqualizedOdds, 1) => &[1.0, 1.0, 0.0],
            (Self::EqualizedOdds, _) => &[1.0, 0.0, 1.0],
            _ => &[1.0],
        }
    }

    fn sees(self, label: u32) -> bool {
        self != Self::EqualOpportunity || label == 1
    }
}

impl Adversary {
    fn new(groups: usize, sees: SeenByAdversary, steepness: Steepness, seed: &Seed) -> Self {
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

    fn judge(&self, seen: &[Seen]) -> Guess {
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

    fn learn(&mut self, gradient: &[f64], rate: f64) {
        self.optimizer.step(&mut self.weights, gradient, rate);
    }
}

/// Adam (Kingma, Ba, ICLR 2015) over plain numbers.
struct Adam {
    means: Vec<f64>,
    squares: Vec<f64>,
    steps: i32,
}

impl Adam {
    fn new(weights: usize) -> Self {
        Self {
            means: vec![0.0; weights],
            squares: vec![0.0; weights],
            steps: 0,
        }
    }

    fn step(&mut self, weights: &mut [f64], gradient: &[f64], rate: f64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn count(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    /// Small and quick.
    fn quick() -> Adversarial {
        Adversarial {
            hidden_units: count(16),
            epochs: count(30),
            batch: count(64),
            rate: 0.005,
            ..Adversarial::default()
        }
    }

    struct Table {
        values: Vec<f32>,
        labels: Vec<u32>,
        groups: Vec<u32>,
    }

    impl Table {
        fn rows(&self) -> GroupedRows<'_> {
            let features = self.values.len() / self.labels.len();
            GroupedRows::new(&self.values, features, &self.labels, &self.groups)
        }

        fn fitted(&self, options: &Adversarial, seed: u64) -> Vec<f64> {
            let net = options
                .fit(self.rows(), &Seed::new(seed), DeviceKind::Cpu, &())
                .unwrap();
            net.probabilities(&self.values).unwrap()
        }
    }

    /// Class 1 above a line, with a gap; groups have nothing to do with it.
    fn separable() -> Table {
        let mut random = Seed::new(1).rng();
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for row in 0..400 {
            let label = row % 2;
            let (x, lift) = (random.fraction(), random.fraction());
            let y = x + if label == 1 { 0.1 + lift } else { -0.1 - lift };
            values.extend([x as f32, y as f32]);
            labels.push(label);
        }
        let groups = (0..400).map(|row| row / 2 % 2).collect();
        Table {
            values,
            labels,
            groups,
        }
    }

    /// A weak feature, and one column a group that names it; the share of class 1 hangs on the group.
    fn leaking(groups: u32) -> Table {
        let mut random = Seed::new(2).rng();
        let mut table = Table {
            values: Vec::new(),
            labels: Vec::new(),
            groups: Vec::new(),
        };
        for row in 0..1200 {
            let group = row % groups;
            let share = 0.25 + 0.5 * f64::from(group) / f64::from(groups - 1);
            let label = u32::from(random.fraction() < share);
            table
                .values
                .push((0.8 * f64::from(label) + 0.5 * random.normal()) as f32);
            let names = (0..groups).map(|other| f32::from(u8::from(other == group)));
            table.values.extend(names);
            table.labels.push(label);
            table.groups.push(group);
        }
        table
    }

    fn accuracy(table: &Table, said: &[f64]) -> f64 {
        let right = table
            .labels
            .iter()
            .zip(said)
            .filter(|&(&label, &said)| (said > 0.5) == (label == 1));
        right.count() as f64 / said.len() as f64
    }

    /// The greatest difference between groups in the share of rows, of one class or of all, that are said to be of class 1.
    fn gap(table: &Table, said: &[f64], of_class: Option<u32>) -> f64 {
        let groups = *table.groups.iter().max().unwrap() + 1;
        let share = |group: u32| {
            let rows = (0..said.len())
                .filter(|&row| table.groups[row] == group)
                .filter(|&row| of_class.is_none_or(|class| table.labels[row] == class));
            let (all, yes) = rows.fold((0.0, 0.0), |(all, yes), row| {
                (all + 1.0, yes + f64::from(u8::from(said[row] > 0.5)))
            });
            yes / all
        };
        let shares: Vec<f64> = (0..groups).map(share).collect();
        let largest = shares.iter().copied().fold(0.0, f64::max);
        largest - shares.iter().copied().fold(1.0, f64::min)
    }

    #[test]
    fn classes_with_a_gap_between_them_are_told_apart() {
        let table = separable();
        for debias in [false, true] {
            let options = Adversarial { debias, ..quick() };
            let right = accuracy(&table, &table.fitted(&options, 3));
            assert!(right > 0.97, "{right} with debias = {debias}");
        }
    }

    #[test]
    fn the_adversary_narrows_the_gap_between_groups() {
        for groups in [2, 3] {
            let table = leaking(groups);
            let off = Adversarial {
                debias: false,
                ..quick()
            };
            let before = table.fitted(&off, 4);
            for (fairness, adversary_loss_weight, classes) in [
                (SeenByAdversary::EqualizedOdds, 1.0, &[Some(0), Some(1)][..]),
                (SeenByAdversary::EqualOpportunity, 1.0, &[Some(1)]),
                (SeenByAdversary::DemographicParity, 0.1, &[None]),
            ] {
                let on = Adversarial {
                    fairness,
                    adversary_loss_weight,
                    // Without a rate that falls fast the two go round each other.
                    rate: 0.02,
                    decay_steps: count(50),
                    epochs: count(120),
                    ..quick()
                };
                let after = table.fitted(&on, 4);
                for &class in classes {
                    let [wide, narrow] = [&before, &after].map(|said| gap(&table, said, class));
                    assert!(
                        narrow < 0.6 * wide,
                        "{groups} groups, {fairness:?}, class {class:?}: {narrow} after {wide}"
                    );
                }
                let right = accuracy(&table, &after);
                assert!(right > 0.7, "{groups} groups, {fairness:?}: {right}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_network() {
        let table = leaking(2);
        let options = Adversarial {
            epochs: count(2),
            ..quick()
        };
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let more = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let first = one.install(|| table.fitted(&options, 5));
        assert_eq!(more.install(|| table.fitted(&options, 5)), first);
        assert_ne!(table.fitted(&options, 6), first);
    }

    #[test]
    fn whole_weights_are_copies() {
        // One batch, so that no order comes in.
        let table = leaking(2);
        let options = Adversarial {
            epochs: count(5),
            batch: count(10_000),
            dropout: 0.0,
            ..quick()
        };
        let twice: Vec<usize> = (0..1200).filter(|row| row % 3 == 0).chain(0..1200).collect();
        let copied = Table {
            values: twice
                .iter()
                .flat_map(|row| &table.values[3 * row..][..3])
                .copied()
                .collect(),
            labels: twice.iter().map(|&row| table.labels[row]).collect(),
            groups: twice.iter().map(|&row| table.groups[row]).collect(),
        };
        let weights: Vec<f64> = (0..1200)
            .map(|row| if row % 3 == 0 { 2.0 } else { 1.0 })
            .collect();
        let fit = |rows: GroupedRows<'_>| {
            let net = options.fit(rows, &Seed::new(7), DeviceKind::Cpu, &()).unwrap();
            net.probabilities(&table.values).unwrap()
        };
        let (weighted, copied) = (fit(table.rows().with_weights(&weights)), fit(copied.rows()));
        let plain = fit(table.rows());
        let far = |other: &[f64]| {
            let pairs = weighted.iter().zip(other);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(far(&copied) < 1e-4, "{}", far(&copied));
        assert!(far(&plain) > 10.0 * far(&copied), "{}", far(&plain));
    }

    fn gradient(parts: [[f32; 2]; 2]) -> Gradient {
        let device = DeviceKind::Cpu.open().unwrap();
        let layer = |[weight, bias]: [f32; 2]| {
            let row = [[weight, 2.0 * weight]];
            (
                Tensor::from_data(row, &device),
                Tensor::from_data([bias], &device),
            )
        };
        let [hidden, output] = parts.map(layer);
        Gradient { hidden, output }
    }

    fn flat(gradient: Gradient) -> Vec<f32> {
        let Gradient { hidden, output } = gradient;
        [
            numbers(hidden.0),
            numbers(hidden.1),
            numbers(output.0),
            numbers(output.1),
        ]
        .concat()
    }

    #[test]
    fn the_part_along_the_adversary_goes_and_some_of_it_more() {
        let device = DeviceKind::Cpu.open().unwrap();
        let tensor = |row: [f32; 2]| -> Tensor<2> { Tensor::from_data([row], &device) };
        let with = |weight: [f32; 2], gradient: Gradient| Gradient {
            hidden: (tensor(weight), gradient.hidden.1),
            ..gradient
        };
        let own = || with([3.0, 1.0], gradient([[0.0, 2.0], [1.0, -1.0]]));
        let harm = || with([1.0, 1.0], gradient([[0.0, 4.0], [0.0, 2.0]]));
        let options = |projection| Adversarial {
            projection,
            adversary_loss_weight: 0.5,
            ..Adversarial::default()
        };
        // (3, 1) less (2, 2) along (1, 1), less half of (1, 1). A bias alone is all along it, and a gradient of 0 takes nothing.
        let by_tensor = flat(options(Projection::Reference).debiased(own(), harm()));
        assert_eq!(by_tensor, [0.5, -1.5, -2.0, 1.0, 2.0, -1.0]);
        // As one vector: product 4 + 8 - 2 = 10, square 2 + 16 + 4 = 22, so that 10/22 + 1/2 = 21/22 of it goes.
        let at_once = flat(options(Projection::Paper).debiased(own(), harm()));
        let part = 21.0 / 22.0;
        let expected = [
            3.0 - part,
            1.0 - part,
            2.0 - 4.0 * part,
            1.0,
            2.0,
            -1.0 - 2.0 * part,
        ];
        for (found, expected) in at_once.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    #[test]
    fn gradients_of_the_network_are_finite_differences() {
        let device = DeviceKind::Cpu.open().unwrap();
        let net = Net::new([2, 3], &Init::new(&Seed::new(8), &device.clone().autodiff())).valid();
        let input: Tensor<2> = Tensor::from_data([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9]], &device);
        let mask: Tensor<2> = Tensor::from_data([[1.25, 0.0, 1.25], [1.25; 3], [0.0, 1.25, 1.25]], &device);
        let slopes = [0.7, -0.4, 1.1];
        let pull = Tensor::from_data([[slopes[0]], [slopes[1]], [slopes[2]]], &device);
        let found = flat(
            net.forward(input.clone(), Some(mask.clone()))
                .backward(&net, pull),
        );
        let weights = crate::Weights::of(&net);
        let names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"];
        let places = names.into_iter().flat_map(|name| {
            let count = weights.0[name].values.len();
            (0..count).map(move |at| (name, at))
        });
        let places: Vec<_> = places.collect();
        assert_eq!(places.len(), found.len());
        for ((name, at), found) in places.into_iter().zip(found) {
            let loss = |step: f32| -> f64 {
                let mut moved = weights.clone();
                moved.0.get_mut(name).unwrap().values[at] += step;
                let pass = moved
                    .put_into(net.clone())
                    .unwrap()
                    .forward(input.clone(), Some(mask.clone()));
                let logits = numbers(pass.logits);
                logits
                    .iter()
                    .zip(slopes)
                    .map(|(&logit, slope)| f64::from(logit * slope))
                    .sum()
            };
            let expected = (loss(1e-2) - loss(-1e-2)) / 2e-2;
            assert!(
                (f64::from(found) - expected).abs() < 1e-3,
                "{name} {at}: {found} for {expected}"
            );
        }
    }

    fn seen(groups: u32) -> Vec<Seen> {
        let mut random = Seed::new(9).rng();
        (0..12)
            .map(|row| Seen {
                logit: random.normal(),
                label: row % 2,
                group: row % groups,
                weight: 1.0 + f64::from(row % 3),
            })
            .collect()
    }

    #[test]
    fn gradients_of_the_adversary_are_finite_differences() {
        for sees in [
            SeenByAdversary::EqualizedOdds,
            SeenByAdversary::DemographicParity,
            SeenByAdversary::EqualOpportunity,
        ] {
            for groups in [2, 4] {
                let rows = seen(groups);
                let mut adversary = Adversary::new(groups as usize, sees, Steepness::Paper, &Seed::new(10));
                *adversary.weights.last_mut().unwrap() = -0.4;
                let guess = adversary.judge(&rows);
                let step = 1e-5;
                for row in 0..rows.len() {
                    let loss = |step: f64| {
                        let mut moved = rows.clone();
                        moved[row].logit += step;
                        adversary.judge(&moved).loss
                    };
                    let expected = (loss(step) - loss(-step)) / (2.0 * step);
                    assert!((guess.slopes[row] - expected).abs() < 1e-8, "{sees:?}, row {row}");
                }
                for place in 0..guess.gradient.len() {
                    let mut loss = |step: f64| {
                        adversary.weights[place] += step;
                        let loss = adversary.judge(&rows).loss;
                        adversary.weights[place] -= step;
                        loss
                    };
                    let expected = (loss(step) - loss(-step)) / (2.0 * step);
                    assert!(
                        (guess.gradient[place] - expected).abs() < 1e-8,
                        "{sees:?}, weight {place}"
                    );
                }
            }
        }
    }

    #[test]
    fn gradients_of_the_classifier_loss_are_finite_differences() {
        let rows = seen(2);
        let (_, slopes) = classifier_loss(&rows);
        for (row, slope) in slopes.into_iter().enumerate() {
            let loss = |step: f64| {
                let mut moved = rows.clone();
                moved[row].logit += step;
                classifier_loss(&moved).0
            };
            let expected = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert!((slope - expected).abs() < 1e-8, "row {row}");
        }
        let far = [-800.0, 800.0].map(|logit| Seen { logit, ..rows[0] });
        assert!((classifier_loss(&far).0 - 400.0).abs() < 1e-9);
    }

    #[test]
    fn the_factor_of_the_logit_is_learnt_on_request_alone() {
        let rows = seen(2);
        for (steepness, moves) in [(Steepness::Reference, false), (Steepness::Paper, true)] {
            let mut adversary = Adversary::new(2, SeenByAdversary::EqualizedOdds, steepness, &Seed::new(11));
            let guess = adversary.judge(&rows);
            adversary.learn(&guess.gradient, 0.01);
            assert_eq!(*adversary.weights.last().unwrap() != 0.0, moves, "{steepness:?}");
        }
    }

    #[test]
    fn the_first_step_of_adam_is_the_rate() {
        let (mut adam, mut weights) = (Adam::new(2), vec![1.0, 2.0]);
        adam.step(&mut weights, &[0.3, -7.0], 0.01);
        for (found, expected) in weights.iter().zip([0.99, 2.01]) {
            assert!((found - expected).abs() < 1e-8, "{found}");
        }
    }

    #[test]
    fn dropout_leaves_out_its_share_and_keeps_the_mean() {
        let options = Adversarial::default();
        let mask = options.mask(500, &Seed::new(12)).unwrap();
        let gone = mask.iter().filter(|&&factor| factor == 0.0).count();
        let share = gone as f64 / mask.len() as f64;
        assert!((share - 0.2).abs() < 0.01, "{share}");
        assert!(mask.iter().all(|&factor| factor == 0.0 || factor == 1.25));
        let none = Adversarial {
            dropout: 0.0,
            ..options
        };
        assert!(none.mask(500, &Seed::new(12)).is_none());
    }

    fn refused(table: &Table, options: &Adversarial) -> String {
        let error = options
            .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &())
            .unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    }

    #[test]
    fn rows_that_nothing_can_be_learnt_from_are_refused() {
        let check = |change: fn(&mut Table), expected: &str| {
            let mut table = leaking(2);
            change(&mut table);
            let message = refused(&table, &quick());
            assert!(message.contains(expected), "{message}");
        };
        check(|table| table.values[7] = f32::NAN, "row 3, column 2");
        check(|table| table.labels[4] = 2, "row 5 is of class 2");
        check(|table| table.labels.fill(0), "class 1 has no row");
        check(|table| table.groups.fill(1), "one group");
        let table = leaking(2);
        let net = Adversarial {
            epochs: count(1),
            ..quick()
        };
        let net = net
            .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &())
            .unwrap();
        let error = net.probabilities(&[0.0, f32::INFINITY, 0.0]).unwrap_err();
        assert!(error.to_string().contains("row 1, column 2"), "{error}");
        let mut weights = vec![1.0; 1200];
        weights[2] = -1.0;
        let error = quick()
            .fit(
                table.rows().with_weights(&weights),
                &Seed::new(1),
                DeviceKind::Cpu,
                &(),
            )
            .unwrap_err();
        assert!(error.to_string().contains("row 3"), "{error}");
    }

    #[test]
    fn options_out_of_range_are_named() {
        let check = |text: &str, expected: &str| {
            let options: Adversarial = serde_json::from_str(text).unwrap();
            let message = options.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        check(
            r#"{"adversary_loss_weight": -1}"#,
            "`adversary_loss_weight = -1` of adversarial",
        );
        check(r#"{"dropout": 1.0}"#, "`dropout = 1`");
        check(r#"{"rate": 0.0}"#, "`rate = 0`");
        check(r#"{"decay": 1.5}"#, "`decay = 1.5`");
        let text =
            r#"{"fairness": "equal-opportunity", "projection": "paper", "steepness": "paper", "epochs": 3}"#;
        let read: Adversarial = serde_json::from_str(text).unwrap();
        assert!(read.check().is_ok());
        assert_eq!(read.fairness, SeenByAdversary::EqualOpportunity);
    }

    #[test]
    fn an_observer_stops_it() {
        struct Stop;
        impl Observer for Stop {
            fn observe(&self, _: &Event<'_>) -> std::ops::ControlFlow<()> {
                std::ops::ControlFlow::Break(())
            }
        }
        let table = leaking(2);
        let error = quick()
            .fit(table.rows(), &Seed::new(1), DeviceKind::Cpu, &Stop)
            .unwrap_err();
        assert!(matches!(error, Error::Stopped));
    }
}

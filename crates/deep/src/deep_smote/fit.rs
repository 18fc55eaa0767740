use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::tensor::{Bytes, Device, Int, Tensor, TensorData};
use counterpoise_base::{Event, LabeledImages, Observer, Seed, Warning};
use serde::{Deserialize, Serialize};

use super::autoencoder::{Coder, tell, tensor_of};
use super::{
    Autoencoder, AutoencoderSizes, ClassSampling, DeepSmote, Penalty, PenaltyGradient, Permutation,
    SavedDeepSmote,
};
use crate::checkpoint::moments;
use crate::kernels::GivesBack;
use crate::optimizer::Adam;
use crate::weights::{all_finite, numbers};
use crate::{DeviceKind, Error, Weights};

/// The words of progress.
const TASK: &str = "training the autoencoder";

/// What the mean loss has to fall below, as a share of the lowest before, to count as falling.
const FALLING: f64 = 0.999;

/// An autoencoder that learns, epoch by epoch.
///
/// Everything random belongs to a branch of seeds named by epoch and batch, so that a training that goes on from a
/// [`DeepSmoteState`] ends with the same bits as one that was never interrupted.
#[derive(Debug)]
pub struct DeepSmoteTraining<'a> {
    options: &'a DeepSmote,
    data: &'a LabeledImages,
    seed: Seed,
    /// Computes gradients.
    device: Device,
    kind: DeviceKind,
    sizes: AutoencoderSizes,
    /// Networks and optimizer after the last epoch; absent if an epoch has failed.
    now: Option<(Coder, Optimizer)>,
    history: Vec<EpochLoss>,
    best: Option<Coder>,
    /// Rows of each class that has two pictures or more.
    classes: Vec<Vec<usize>>,
    warnings: Vec<Warning>,
}

/// Mean losses of an epoch, over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochLoss {
    /// Reconstruction.
    pub reconstruction: f64,
    /// Penalty, before it is weighted; absent if there is none.
    pub penalty: Option<f64>,
    /// Their sum, weighted.
    pub total: f64,
}

/// All that a training needs to go on: weights, moments of the optimizer, losses so far.
#[derive(Debug, Clone, PartialEq)]
pub struct DeepSmoteState {
    /// Weights after the last whole epoch.
    pub weights: Weights,
    /// Weights of the epoch with the lowest loss.
    pub best: Weights,
    /// Moments of Adam.
    pub optimizer: Vec<u8>,
    /// Losses of the epochs so far.
    pub history: Vec<EpochLoss>,
}

#[derive(Clone)]
struct Optimizer(ModuleOptimizer);

impl std::fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Adam")
    }
}

impl Optimizer {
    /// Adam with the defaults of PyTorch. One for both networks does what the authors' two do: no number of a weight enters
    /// the step of another.
    fn new() -> Self {
        Self(Adam::default().init())
    }

    fn to_bytes(&self) -> Vec<u8> {
        moments(&self.0).expect("moments are tensors in memory")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()));
        let record = record.map_err(|error| Error::UnusableTraining {
            reason: format!("the moments of Adam cannot be read ({error})"),
        })?;
        Ok(Self(Self::new().0.load_record(record)))
    }
}

/// Pictures of one class, and the order in which their codes are decoded.
pub(super) struct ClassBatch {
    pub(super) pictures: Tensor<4>,
    pub(super) order: Vec<usize>,
}

/// What a batch adds to losses, before it is weighted, and the gradients of their weighted sum.
struct Followed {
    reconstruction: Tensor<1>,
    penalty: Option<Tensor<1>>,
    gradients: GradientsParams,
}

impl DeepSmote {
    /// The losses of one batch (Algorithm 1 of the paper, lines 4 to 12) and their gradients. What the one needs to remember is
    /// forgotten before the other begins.
    fn followed(&self, net: &Coder, pictures: Tensor<4>, class: Option<ClassBatch>) -> Followed {
        let mut gradients = GradientsAccumulator::new();
        let mut follow = |loss: Tensor<1>, weight: f64| {
            let value = loss.clone().inner();
            let own = GradientsParams::from_grads((loss * weight).backward(), net);
            gradients.accumulate(net, own);
            value
        };
        let reconstruction = follow(reconstruction(net, pictures), 1.0);
        let penalty = class.map(|class| follow(self.penalty(net, class), self.lambda));
        Followed {
            reconstruction,
            penalty,
            gradients: gradients.grads(),
        }
    }

    /// How far pictures of a class are from what codes of its others decode to.
    fn penalty(&self, net: &Coder, ClassBatch { pictures, order }: ClassBatch) -> Tensor<1> {
        let mut codes = net.encoder.forward(pictures.clone());
        if self.penalty_gradient == PenaltyGradient::Decoder {
            codes = codes.detach();
        }
        let count = order.len();
        let order: Vec<i64> = order.into_iter().map(|place| place as i64).collect();
        let order = Tensor::<1, Int>::from_data(TensorData::new(order, [count]), &pictures.device());
        let decoded = net.decoder.forward(codes.select(0, order.clone()));
        let target = match self.penalty {
            Penalty::Reference => pictures.select(0, order),
            _ => pictures,
        };
        mean_squared_error(decoded, target)
    }
}

/// How far decoded pictures are from themselves.
fn reconstruction(net: &Coder, pictures: Tensor<4>) -> Tensor<1> {
    let decoded = net.decoder.forward(net.encoder.forward(pictures.clone()));
    mean_squared_error(decoded, pictures)
}

fn mean_squared_error(decoded: Tensor<4>, pictures: Tensor<4>) -> Tensor<1> {
    (decoded - pictures).square().mean()
}

impl<'a> DeepSmoteTraining<'a> {
    /// Starts with first weights from `seed`.
    pub fn new(
        options: &'a DeepSmote,
        data: &'a LabeledImages,
        seed: &Seed,
        device: DeviceKind,
    ) -> Result<Self, Error> {
        options.check()?;
        if data.len() < 2 {
            return Err(Error::TooFewImages {
                rows: data.len(),
                needed: 2,
            });
        }
        let seed = seed.child("deep-smote");
        let sizes = options.sizes(data.images.shape());
        let opened = device.open()?;
        let net = first_networks(data, sizes, &seed, &opened)?;
        let all: Vec<Vec<usize>> = (0..data.labels.classes().len() as u32)
            .map(|class| data.labels.rows_of(class))
            .collect();
        let single = |(class, rows): (&String, &Vec<usize>)| {
            (rows.len() == 1 && options.penalty != Penalty::None).then(|| {
                Warning::new(
                    "deep.class-of-one-picture",
                    format!("class `{class}` has 1 picture, so the penalty leaves it out"),
                )
            })
        };
        let warnings = data
            .labels
            .classes()
            .iter()
            .zip(&all)
            .filter_map(single)
            .collect();
        Ok(Self {
            options,
            data,
            seed,
            device: opened.autodiff(),
            kind: device,
            sizes,
            now: Some((net, Optimizer::new())),
            history: Vec::new(),
            best: None,
            classes: all.into_iter().filter(|rows| rows.len() > 1).collect(),
            warnings,
        })
    }

    /// Goes on where `state` was taken, with the same options, data and seed.
    pub fn resume(
        options: &'a DeepSmote,
        data: &'a LabeledImages,
        seed: &Seed,
        device: DeviceKind,
        state: &DeepSmoteState,
    ) -> Result<Self, Error> {
        let mut training = Self::new(options, data, seed, device)?;
        if state.history.is_empty() {
            return Ok(training);
        }
        if let Some((net, _)) = training.now.take() {
            training.best = Some(state.best.put_into(net.valid())?);
            let net = state.weights.put_into(net)?;
            training.now = Some((net, Optimizer::from_bytes(&state.optimizer)?));
        }
        training.history.clone_from(&state.history);
        Ok(training)
    }

    /// All that is needed to go on from here; absent after an epoch that failed or was stopped, since an epoch keeps no copy of
    /// what was before it. Whoever wants to go on from there takes the state after every epoch.
    pub fn state(&self) -> Option<DeepSmoteState> {
        let (net, optimizer) = self.now.as_ref()?;
        Some(DeepSmoteState {
            weights: Weights::of(net),
            best: self.best.as_ref().map_or_else(|| Weights::of(net), Weights::of),
            optimizer: optimizer.to_bytes(),
            history: self.history.clone(),
        })
    }

    /// The same with options and the shape of pictures, to be written to a file.
    pub fn saved(&self) -> Option<SavedDeepSmote> {
        Some(SavedDeepSmote {
            options: self.options.clone(),
            shape: self.data.images.shape(),
            state: self.state()?,
        })
    }

    /// Losses of the epochs so far.
    pub fn history(&self) -> &[EpochLoss] {
        &self.history
    }

    /// The epoch with the lowest total loss, from 1; absent before the first.
    pub fn best_epoch(&self) -> Option<usize> {
        let total = |epoch: &usize| self.history[*epoch].total;
        (0..self.history.len())
            .min_by(|a, b| total(a).total_cmp(&total(b)))
            .map(|epoch| epoch + 1)
    }

    /// What looked odd about the data.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether all epochs are over, or the loss no longer falls.
    pub fn is_done(&self) -> bool {
        if self.history.len() >= self.options.epochs.get() {
            return true;
        }
        let Some(patience) = self.options.patience else {
            return false;
        };
        let (mut lowest, mut fell) = (f64::INFINITY, 0);
        for (epoch, loss) in self.history.iter().enumerate() {
            if loss.total < FALLING * lowest {
                fell = epoch;
            }
            lowest = lowest.min(loss.total);
        }
        self.history.len() > fell + patience.get()
    }

    /// The networks of the epoch with the lowest loss, which a failed epoch does not touch; before the first, those of the start.
    pub fn best(&self) -> Autoencoder {
        let device = self.kind.open().expect("the device was opened before");
        let net = self.best.clone().unwrap_or_else(|| {
            first_networks(self.data, self.sizes, &self.seed, &device).expect("they were made before")
        });
        Autoencoder {
            net,
            shape: self.data.images.shape(),
            sizes: self.sizes,
            device,
        }
    }

    /// Trains to the end, and tells `each` after every epoch, so that it can save.
    pub fn run(
        &mut self,
        observer: &dyn Observer,
        mut each: impl FnMut(&Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _room = GivesBack;
        while !self.is_done() {
            self.epoch(observer)?;
            each(self)?;
        }
        Ok(())
    }

    /// Sees all pictures once. If it fails or is stopped, history and best networks stay as they were, and this training is over:
    /// [`resume`](Self::resume) goes on from the last state that was taken.
    pub fn epoch(&mut self, observer: &dyn Observer) -> Result<EpochLoss, Error> {
        let (net, optimizer) = self.now.take().ok_or_else(|| Error::UnusableTraining {
            reason: "an epoch of this training has failed or was stopped".to_owned(),
        })?;
        let (net, optimizer, loss) = self.batches(net, optimizer, observer)?;
        let lowest = self
            .history
            .iter()
            .map(|loss| loss.total)
            .fold(f64::INFINITY, f64::min);
        if loss.total < lowest {
            self.best = Some(net.valid());
        }
        self.now = Some((net, optimizer));
        self.history.push(loss);
        let mut numbers = vec![("loss", loss.total), ("reconstruction", loss.reconstruction)];
        numbers.extend(loss.penalty.map(|penalty| ("penalty", penalty)));
        // Whoever wants to stop says so again with the next batch.
        let _ = observer.observe(&Event::Epoch {
            task: TASK,
            epoch: self.history.len() as u64,
            of: self.options.epochs.get() as u64,
            numbers: &numbers,
        });
        Ok(loss)
    }

    /// Networks and optimizer after one more epoch.
    fn batches(
        &self,
        mut net: Coder,
        mut optimizer: Optimizer,
        observer: &dyn Observer,
    ) -> Result<(Coder, Optimizer, EpochLoss), Error> {
        let epoch = self.history.len();
        let branch = self.seed.child("epoch").child(epoch as u64);
        let order = branch.child("order").shuffled(0..self.data.len());
        let batches = batches_of(&order, self.options.batch_size.get());
        let (mut reconstruction, mut penalty, mut total) = (0.0, 0.0, 0.0);
        for (place, rows) in batches.iter().enumerate() {
            let class = self.class_batch(&branch.child("batch").child(place as u64));
            let pictures = tensor_of(&self.data.images, rows.iter().copied(), &self.device);
            let followed = self.options.followed(&net, pictures, class);
            let share = rows.len() as f64 / self.data.len() as f64;
            let parts = [Some(followed.reconstruction), followed.penalty];
            net = optimizer
                .0
                .step(self.options.learning_rate, net, followed.gradients);
            // Asked for at once, and when all work is under way: a card would wait for its next.
            let values = numbers(Tensor::cat(parts.into_iter().flatten().collect(), 0));
            let [own, other] = [0, 1].map(|part| values.get(part).map_or(0.0, |&value| f64::from(value)));
            let sum = own + self.options.lambda * other;
            if !sum.is_finite() {
                return Err(not_finite(epoch, place, batches.len()));
            }
            total += share * sum;
            reconstruction += share * own;
            penalty += share * other;
            let done = epoch * batches.len() + place + 1;
            tell(observer, TASK, done, self.options.epochs.get() * batches.len())?;
        }
        // The last step may have spoilt the weights, which no loss has shown yet.
        if !all_finite(&net) {
            return Err(not_finite(epoch, batches.len() - 1, batches.len()));
        }
        let loss = EpochLoss {
            reconstruction,
            penalty: self.has_penalty().then_some(penalty),
            total,
        };
        Ok((net, optimizer, loss))
    }

    fn has_penalty(&self) -> bool {
        self.options.penalty != Penalty::None && !self.classes.is_empty()
    }

    /// Draws a class, some of its pictures and their order.
    fn class_batch(&self, branch: &Seed) -> Option<ClassBatch> {
        if !self.has_penalty() {
            return None;
        }
        let mut random = branch.child("class").rng();
        let class = match self.options.class_sampling {
            ClassSampling::Uniform => random.below(self.classes.len()),
            ClassSampling::InverseFrequency => {
                let weight = |rows: &Vec<usize>| 1.0 / rows.len() as f64;
                let whole: f64 = self.classes.iter().map(weight).sum();
                let mut left = random.fraction() * whole;
                let below = |rows: &Vec<usize>| {
                    left -= weight(rows);
                    left < 0.0
                };
                let found = self.classes.iter().position(below);
                found.unwrap_or(self.classes.len() - 1)
            }
        };
        let mut rows = self.classes[class].clone();
        let count = rows.len().min(self.options.class_batch.get());
        let mut random = branch.child("rows").rng();
        for place in 0..count {
            let other = place + random.below(rows.len() - place);
            rows.swap(place, other);
        }
        rows.truncate(count);
        let order = match self.options.permutation {
            Permutation::CyclicShift => (0..count).map(|place| (place + 1) % count).collect(),
            Permutation::Random => branch.child("permutation").shuffled(0..count),
        };
        Some(ClassBatch {
            pictures: tensor_of(&self.data.images, rows, &self.device),
            order,
        })
    }
}

fn first_networks(
    data: &LabeledImages,
    sizes: AutoencoderSizes,
    seed: &Seed,
    device: &Device,
) -> Result<Coder, Error> {
    Coder::new(data.images.shape(), sizes, &seed.child("weights"), device)
}

/// Cuts rows into batches; a last one of a single row joins the one before.
fn batches_of(order: &[usize], size: usize) -> Vec<&[usize]> {
    let mut batches: Vec<&[usize]> = order.chunks(size).collect();
    if let [.., before, last] = batches[..]
        && last.len() == 1
        && before.len() > 1
    {
        batches.truncate(batches.len() - 2);
        batches.push(&order[order.len() - before.len() - 1..]);
    }
    batches
}

fn not_finite(epoch: usize, batch: usize, of: usize) -> Error {
    Error::NotFinite {
        epoch: epoch + 1,
        batch: batch + 1,
        of,
        kept: None,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::ops::ControlFlow;

    use burn::module::ModuleVisitor;
    use burn::module::Param;
    use counterpoise_base::{ImageShape, Images, Labels};

    use super::*;
    use crate::DecoderKind;

    fn count(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn small() -> DeepSmote {
        DeepSmote {
            width: count(4),
            latent_size: Some(count(8)),
            decoder: DecoderKind::Mirror,
            batch_size: count(16),
            epochs: count(3),
            learning_rate: 2e-3,
            ..DeepSmote::default()
        }
    }

    /// Bright squares at places that depend on the class, `rows` pictures of 12x12 in two classes, three to one.
    fn squares(rows: usize) -> LabeledImages {
        let shape = ImageShape::new(1, 12, 12);
        let mut values = vec![0; rows * shape.values()];
        let mut codes = Vec::new();
        for (row, picture) in values.chunks_exact_mut(shape.values()).enumerate() {
            let class = u32::from(row % 4 == 3);
            let mut random = Seed::new(11).child(row as u64).rng();
            let (top, left) = (random.below(3), random.below(3) + if class == 1 { 6 } else { 0 });
            for line in top..top + 4 {
                picture[12 * line + left..][..4].fill(200 + random.below(50) as u8);
            }
            codes.push(class);
        }
        let names = vec!["left".to_owned(), "right".to_owned()];
        LabeledImages::new(Images::new(shape, values), Labels::from_codes(names, codes))
    }

    fn training<'a>(options: &'a DeepSmote, data: &'a LabeledImages) -> DeepSmoteTraining<'a> {
        DeepSmoteTraining::new(options, data, &Seed::new(1), DeviceKind::Cpu).unwrap()
    }

    fn trained(options: &DeepSmote, data: &LabeledImages) -> DeepSmoteState {
        let mut training = training(options, data);
        training.run(&(), |_| Ok(())).unwrap();
        training.state().unwrap()
    }

    fn net<'a>(training: &'a DeepSmoteTraining<'_>) -> &'a Coder {
        &training.now.as_ref().expect("no epoch has failed").0
    }

    /// Reconstruction and penalty of the first batch.
    fn first_losses(options: &DeepSmote, data: &LabeledImages) -> (f32, f32) {
        let training = training(options, data);
        let pictures = tensor_of(&data.images, 0..16, &training.device);
        let class = training.class_batch(&Seed::new(2));
        let followed = options.followed(net(&training), pictures, class);
        (
            followed.reconstruction.into_scalar(),
            followed.penalty.unwrap().into_scalar(),
        )
    }

    #[test]
    fn the_two_penalties_differ() {
        let data = squares(40);
        let paper = DeepSmote {
            penalty: Penalty::Paper,
            ..small()
        };
        let (one, other) = (first_losses(&paper, &data), first_losses(&small(), &data));
        assert_eq!(one.0, other.0);
        assert_ne!(one.1, other.1);
    }

    #[test]
    fn the_penalty_of_the_authors_code_is_a_reconstruction_loss() {
        let data = squares(40);
        for permutation in [Permutation::CyclicShift, Permutation::Random] {
            let options = DeepSmote {
                permutation,
                ..small()
            };
            let training = training(&options, &data);
            let class = training.class_batch(&Seed::new(2)).unwrap();
            assert_ne!(class.order, (0..class.order.len()).collect::<Vec<_>>());
            let pictures = class.pictures.clone();
            let plain = mean_squared_error(
                net(&training)
                    .decoder
                    .forward(net(&training).encoder.forward(pictures.clone())),
                pictures,
            );
            let plain: f32 = plain.into_scalar();
            let penalty: f32 = options.penalty(net(&training), class).into_scalar();
            // Batch normalisation sums the same pictures in another order.
            assert!((penalty - plain).abs() < 1e-6 * plain, "{penalty} is not {plain}");
        }
    }

    struct Gradients<'a> {
        of: &'a GradientsParams,
        found: Vec<f32>,
    }

    impl ModuleVisitor for Gradients<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.of.get::<D>(param.id) {
                self.found.extend(numbers(gradient));
            }
        }
    }

    /// Gradients of the encoder and of the decoder.
    fn gradients(options: &DeepSmote, data: &LabeledImages) -> (Vec<f32>, Vec<f32>) {
        let training = training(options, data);
        let class = training.class_batch(&Seed::new(2));
        let pictures = tensor_of(&data.images, 0..16, &training.device);
        let all = options.followed(net(&training), pictures, class).gradients;
        let mut encoder = Gradients {
            of: &all,
            found: Vec::new(),
        };
        net(&training).encoder.visit(&mut encoder);
        let mut decoder = Gradients {
            of: &all,
            found: Vec::new(),
        };
        net(&training).decoder.visit(&mut decoder);
        (encoder.found, decoder.found)
    }

    #[test]
    fn the_penalty_reaches_the_encoder_only_if_asked_to() {
        let data = squares(40);
        let with = |penalty, penalty_gradient| DeepSmote {
            penalty,
            penalty_gradient,
            ..small()
        };
        let none = gradients(&with(Penalty::None, PenaltyGradient::Decoder), &data);
        let decoder = gradients(&with(Penalty::Paper, PenaltyGradient::Decoder), &data);
        let both = gradients(&with(Penalty::Paper, PenaltyGradient::EncoderAndDecoder), &data);
        assert_eq!(none.0, decoder.0);
        assert_ne!(none.1, decoder.1);
        assert_ne!(none.0, both.0);
        assert_eq!(decoder.1, both.1);
    }

    #[test]
    fn the_loss_falls() {
        for (penalty, decoder) in [
            (Penalty::Reference, DecoderKind::Mirror),
            (Penalty::Paper, DecoderKind::Reference),
        ] {
            let options = DeepSmote {
                penalty,
                decoder,
                epochs: count(12),
                ..small()
            };
            let history = trained(&options, &squares(64)).history;
            assert!(
                history[11].reconstruction < 0.5 * history[0].reconstruction,
                "{history:?}"
            );
            assert!(history[0].total > history[0].reconstruction);
        }
    }

    #[test]
    fn one_batch_can_be_learnt_by_heart() {
        let options = DeepSmote {
            penalty: Penalty::None,
            width: count(8),
            latent_size: Some(count(32)),
            epochs: count(250),
            learning_rate: 5e-3,
            ..small()
        };
        let history = trained(&options, &squares(8)).history;
        let last = history.last().unwrap();
        assert_eq!(last.penalty, None);
        assert!(last.total < 0.02, "{last:?} after {:?}", history[0]);
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
        let data = squares(40);
        let options = DeepSmote {
            width: count(16),
            decoder: DecoderKind::Reference,
            epochs: count(2),
            ..small()
        };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| trained(&options, &data).weights)
        };
        let one = on(1);
        assert_eq!(on(1), one);
        assert_eq!(on(2), one);
    }

    #[test]
    fn a_training_that_goes_on_ends_as_one_without_a_break() {
        let data = squares(40);
        let options = small();
        let mut broken = training(&options, &data);
        broken.epoch(&()).unwrap();
        let state = broken.state().unwrap();
        let mut resumed =
            DeepSmoteTraining::resume(&options, &data, &Seed::new(1), DeviceKind::Cpu, &state).unwrap();
        resumed.run(&(), |_| Ok(())).unwrap();
        let (one, other) = (resumed.state().unwrap(), trained(&options, &data));
        assert_eq!(one.history, other.history);
        assert_eq!(one.weights, other.weights);
        assert_eq!(one.best, other.best);
    }

    struct StopAfter(u64);

    impl Observer for StopAfter {
        fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
            match event {
                Event::Progress { done, .. } if *done == self.0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }

    #[test]
    fn what_is_stopped_goes_on_from_the_state_before_the_epoch() {
        let data = squares(40);
        let options = small();
        let mut training = training(&options, &data);
        training.epoch(&()).unwrap();
        let before = training.state().unwrap();
        // Three batches an epoch; the fifth is the second of the second epoch.
        let error = training.epoch(&StopAfter(5)).unwrap_err();
        assert_eq!(error.code(), "deep.stopped");
        assert!(training.state().is_none());
        assert_eq!(training.best().weights(), before.best);
        assert_eq!(training.epoch(&()).unwrap_err().code(), "deep.unusable-training");
        let seed = Seed::new(1);
        let mut resumed =
            DeepSmoteTraining::resume(&options, &data, &seed, DeviceKind::Cpu, &before).unwrap();
        resumed.run(&(), |_| Ok(())).unwrap();
        assert_eq!(resumed.state().unwrap().weights, trained(&options, &data).weights);
    }

    #[test]
    fn a_loss_that_is_no_number_stops_and_keeps_what_was_best() {
        let data = squares(40);
        let options = DeepSmote {
            learning_rate: 1e38,
            ..small()
        };
        let mut training = training(&options, &data);
        let before = training.best().weights();
        let error = training.run(&(), |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("epoch 1, batch"), "{error}");
        assert_eq!(error.code(), "deep.not-finite");
        assert_eq!(training.best().weights(), before);
    }

    #[test]
    fn training_stops_where_the_loss_no_longer_falls() {
        let data = squares(40);
        let options = DeepSmote {
            patience: Some(count(2)),
            epochs: count(50),
            learning_rate: 1e-12,
            ..small()
        };
        let history = trained(&options, &data).history;
        assert!(history.len() < 50, "{} epochs", history.len());
    }

    #[test]
    fn rare_classes_are_drawn_as_often_as_asked() {
        let data = squares(400);
        for (class_sampling, expected) in [
            (ClassSampling::Uniform, 0.5),
            (ClassSampling::InverseFrequency, 0.75),
        ] {
            let options = DeepSmote {
                class_sampling,
                class_batch: count(2),
                ..small()
            };
            let training = training(&options, &data);
            let right = |place: &u64| {
                let batch = training.class_batch(&Seed::new(3).child(*place)).unwrap();
                // The right half is lit.
                let picture = numbers(batch.pictures.slice([0..1, 0..1, 0..12, 6..12]));
                picture.iter().any(|&value| value > 0.0)
            };
            let share = (0..2000).filter(right).count() as f64 / 2000.0;
            assert!((share - expected).abs() < 0.04, "{class_sampling:?}: {share}");
        }
    }

    #[test]
    fn a_last_batch_of_one_row_joins_the_one_before() {
        let order: Vec<usize> = (0..9).collect();
        let sizes = |size| {
            batches_of(&order, size)
                .iter()
                .map(|batch| batch.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(4), [4, 5]);
        assert_eq!(sizes(5), [5, 4]);
        assert_eq!(sizes(20), [9]);
    }

    #[test]
    fn one_picture_is_too_few() {
        let (options, data) = (small(), squares(1));
        let error = DeepSmoteTraining::new(&options, &data, &Seed::new(1), DeviceKind::Cpu);
        assert_eq!(error.unwrap_err().code(), "deep.too-few-images");
        let options = DeepSmote {
            batch_size: count(1),
            ..small()
        };
        let data = squares(4);
        let error = DeepSmoteTraining::new(&options, &data, &Seed::new(1), DeviceKind::Cpu);
        assert_eq!(error.unwrap_err().code(), "deep.out-of-range");
    }
}

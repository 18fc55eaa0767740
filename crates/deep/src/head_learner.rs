//! What learns from batches of embeddings: a module of tensors on any device, or a small layer on the processor without them.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Embeddings, HeadKind, LinearHead};
use counterpoise_kernels::{Level, SoftmaxLayer};

use crate::kernels;
use crate::loss::PreparedLoss;
use crate::mixup::{Pairs, one_hot};
use crate::network::Head;
use crate::optimizer::Sgd;
use crate::weights::numbers;

/// The most weights of a [`SmallHead`]: with those of a batch they stay in the second level of the cache, where a product by
/// blocks has nothing to gain.
const SMALL: usize = 32 * 1024;

/// Embeddings and shares of classes of one batch.
pub(crate) struct Batch {
    pub(crate) labels: Vec<u32>,
    /// `(n, width)`.
    values: Vec<f32>,
    width: usize,
    /// `(n, classes)`.
    targets: Vec<f32>,
    classes: usize,
}

/// When a batch is learnt from, and how fast.
pub(crate) struct Epoch {
    /// Counted from 0.
    pub(crate) number: usize,
    /// How many there will be.
    pub(crate) all: usize,
    pub(crate) rate: f64,
}

/// What learns from batches.
pub(crate) trait Learner: Sized {
    /// Goes one step, and says what the batch cost before it.
    fn learn(self, batch: Batch, epoch: &Epoch) -> (Self, f32);
}

/// A head as it is learnt.
pub(crate) trait LearnsHead: Learner {
    /// The head so far.
    fn head(&self) -> LinearHead;
}

/// Tensors with gradients.
pub(crate) struct Tensors<M, F> {
    pub(crate) module: M,
    /// Logits of a batch.
    forward: F,
    loss: PreparedLoss,
    optimizer: ModuleOptimizer,
    device: Device,
}

/// A linear head with cross-entropy of its logits, to which the loss may add a number for each class: the same steps as those
/// of tensors, without the room and the book-keeping that tensors ask for.
pub(crate) struct SmallHead {
    layer: SoftmaxLayer,
    width: usize,
    shift: Vec<f32>,
    sgd: Sgd,
}

impl Batch {
    pub(crate) fn of(from: &Embeddings, rows: &[usize]) -> Self {
        let (width, classes) = (from.width(), from.labels.classes().len());
        let mut values = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            values.extend_from_slice(from.row(row));
        }
        let labels: Vec<u32> = rows.iter().map(|&row| from.labels.codes()[row]).collect();
        let targets = match &from.shares {
            None => one_hot(&labels, classes),
            Some(shares) => {
                let of = |&row: &usize| &shares[row * classes..][..classes];
                rows.iter().flat_map(of).copied().collect()
            }
        };
        Self {
            labels,
            values,
            width,
            targets,
            classes,
        }
    }

    /// Every row with its partner.
    pub(crate) fn mix(&mut self, pairs: &Pairs) {
        self.values = pairs.inputs(&self.values, self.width);
        self.targets = pairs.targets(&self.targets, self.classes);
    }
}

impl<M: Module, F: Fn(&M, Tensor<2>) -> Tensor<2>> Tensors<M, F> {
    pub(crate) fn new(module: M, forward: F, loss: PreparedLoss, sgd: Sgd, device: Device) -> Self {
        Self {
            module,
            forward,
            loss,
            optimizer: sgd.init(),
            device,
        }
    }
}

impl<M: Module, F: Fn(&M, Tensor<2>) -> Tensor<2>> Learner for Tensors<M, F> {
    fn learn(mut self, batch: Batch, epoch: &Epoch) -> (Self, f32) {
        let rows = batch.labels.len();
        let put = |values, width| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values, [rows, width]), &self.device)
        };
        let (input, targets) = (put(batch.values, batch.width), put(batch.targets, batch.classes));
        let logits = (self.forward)(&self.module, input);
        let cost = self.loss.forward(logits, targets, epoch.number, epoch.all);
        let value = cost.clone().inner();
        let gradients = GradientsParams::from_grads(cost.backward(), &self.module);
        self.module = self.optimizer.step(epoch.rate, self.module, gradients);
        // Asked for when all work is under way: a card would wait for its next.
        let value = numbers(value)[0];
        (self, value)
    }
}

impl<F: Fn(&Head, Tensor<2>) -> Tensor<2>> LearnsHead for Tensors<Head, F> {
    fn head(&self) -> LinearHead {
        self.module.plain()
    }
}

impl SmallHead {
    /// None where tensors are needed: for cosines, other losses, very many weights and other devices.
    pub(crate) fn new(head: &LinearHead, loss: &PreparedLoss, sgd: Sgd, device: &Device) -> Option<Self> {
        let suits = head.kind() == HeadKind::Linear
            && head.weight().len() <= SMALL
            && kernels::are_for(&device.clone().inner());
        if !suits {
            return None;
        }
        Some(Self {
            layer: SoftmaxLayer::new(Level::best(), head.weight(), head.bias(), head.width()),
            width: head.width(),
            shift: loss.shift_of_cross_entropy(head.classes())?,
            sgd,
        })
    }
}

impl Learner for SmallHead {
    fn learn(mut self, batch: Batch, epoch: &Epoch) -> (Self, f32) {
        let cost = self.layer.gradients(&batch.values, &batch.targets, &self.shift);
        self.layer.step(self.sgd.with_rate(epoch.rate));
        (self, cost)
    }
}

impl LearnsHead for SmallHead {
    fn head(&self) -> LinearHead {
        LinearHead::new(self.layer.weight(), self.layer.bias(), self.width)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Labels, Seed};

    use super::*;
    use crate::layers::Init;
    use crate::{BalancedSoftmax, CrossEntropy, DeviceKind, Focal, Loss};

    #[test]
    fn a_small_head_goes_the_way_of_tensors() {
        let (rows, width, classes) = (96, 19, 5);
        let mut random = Seed::new(3).rng();
        let mut some = |count: usize| -> Vec<f32> { (0..count).map(|_| random.normal() as f32).collect() };
        let (values, weight, bias) = (some(rows * width), some(classes * width), some(classes));
        let names = (0..classes).map(|class| class.to_string()).collect();
        let codes: Vec<u32> = (0..rows).map(|row| (row % 7 % classes) as u32).collect();
        let seen = Embeddings::new(values, width, Labels::from_codes(names, codes));
        let counts = seen.labels.counts();
        let head = LinearHead::new(weight, bias, width);
        let device = DeviceKind::Cpu.open().unwrap().autodiff();
        let sgd = Sgd {
            momentum: 0.9,
            weight_decay: 0.01,
        };
        let epoch = Epoch {
            number: 0,
            all: 1,
            rate: 0.1,
        };
        for loss in [
            Loss::CrossEntropy(CrossEntropy::default()),
            Loss::BalancedSoftmax(BalancedSoftmax::default()),
        ] {
            let loss = loss.prepare(&counts, &device).unwrap();
            let module = Head::of(&head, &Init::new(&Seed::new(1), &device));
            let mut tensors = Tensors::new(module, Head::forward, loss.clone(), sgd, device.clone());
            let mut small = SmallHead::new(&head, &loss, sgd, &device).unwrap();
            for chosen in (0..rows).collect::<Vec<_>>().chunks(20) {
                let batch = || Batch::of(&seen, chosen);
                let costs;
                (tensors, costs) = tensors.learn(batch(), &epoch);
                let cost;
                (small, cost) = small.learn(batch(), &epoch);
                assert!((cost - costs).abs() < 1e-5, "{cost}, not {costs}");
            }
            let (found, expected) = (small.head(), tensors.head());
            let pairs = |of: fn(&LinearHead) -> &[f32]| {
                of(&found).iter().zip(of(&expected)).map(|(a, b)| (a - b).abs())
            };
            let far = pairs(LinearHead::weight)
                .chain(pairs(LinearHead::bias))
                .fold(0.0, f32::max);
            assert!(far < 1e-5, "{far}");
            assert_ne!(found, head);
        }
        let focal = Loss::Focal(Focal::default()).prepare(&counts, &device).unwrap();
        assert!(SmallHead::new(&head, &focal, sgd, &device).is_none());
    }
}

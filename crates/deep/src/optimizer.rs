//! Optimizers whose step is one pass over weights, gradients and moments on the processor.

use burn::optim::{
    AdamState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer, RecordState, StateSink,
    StateSource, join_path,
};
use burn::tensor::{Device, Tensor};

use crate::kernels;
use crate::portable::Portable;

/// Stochastic gradient descent as PyTorch has it: a new gradient counts in full.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sgd {
    pub(crate) momentum: f64,
    pub(crate) weight_decay: f64,
}

/// What [`Sgd`] remembers of a weight; nothing without momentum.
#[derive(Clone)]
pub(crate) struct SgdState<const D: usize> {
    velocity: Option<Tensor<D>>,
}

/// Names in files, which are those of Burn's own optimizer.
const MOMENTUM: &str = "momentum";
const VELOCITY: &str = "velocity";

impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        if let Some(velocity) = &self.velocity {
            out.push_tensor(&join_path(prefix, MOMENTUM), VELOCITY, velocity.to_data());
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, device: &Device) -> Option<Self> {
        let velocity = source.take_tensor(&join_path(prefix, MOMENTUM), VELOCITY);
        Some(Self {
            velocity: velocity.map(|velocity| Tensor::from_data(velocity, device)),
        })
    }
}

impl Sgd {
    /// A step of this size on the processor.
    pub(crate) fn with_rate(self, rate: f64) -> counterpoise_kernels::Sgd {
        counterpoise_kernels::Sgd {
            rate: rate as f32,
            momentum: self.momentum as f32,
            weight_decay: self.weight_decay as f32,
        }
    }

    pub(crate) fn init(self) -> ModuleOptimizer {
        ModuleOptimizer::from(Portable(self))
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let velocity = state
            .and_then(|state| state.velocity)
            .unwrap_or_else(|| weights.zeros_like());
        let (weights, velocity) = if kernels::are_for(&weights.device()) {
            kernels::sgd(self.with_rate(rate), weights, gradient, velocity)
        } else {
            let gradient = decayed(&weights, gradient, self.weight_decay);
            let velocity = velocity * self.momentum + gradient;
            (weights - velocity.clone() * rate, velocity)
        };
        let velocity = (self.momentum > 0.0).then_some(velocity);
        (weights, Some(SgdState { velocity }))
    }

    fn to_device<const D: usize>(state: SgdState<D>, device: &Device) -> SgdState<D> {
        SgdState {
            velocity: state.velocity.map(|velocity| velocity.to_device(device)),
        }
    }
}

/// Adam as PyTorch has it.
///
/// # Source
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    pub(crate) beta_1: f64,
    pub(crate) beta_2: f64,
    pub(crate) epsilon: f64,
    pub(crate) weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl Adam {
    pub(crate) fn init(self) -> ModuleOptimizer {
        ModuleOptimizer::from(Portable(self))
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let (time, moment_1, moment_2) = match state {
            Some(AdamState { momentum }) => (momentum.time + 1, momentum.moment_1, momentum.moment_2),
            None => (1, weights.zeros_like(), weights.zeros_like()),
        };
        let (weights, moment_1, moment_2) = if kernels::are_for(&weights.device()) {
            let how = counterpoise_kernels::Adam {
                rate,
                beta_1: self.beta_1,
                beta_2: self.beta_2,
                epsilon: self.epsilon,
                weight_decay: self.weight_decay,
            };
            kernels::adam(how, time, weights, gradient, [moment_1, moment_2])
        } else {
            let gradient = decayed(&weights, gradient, self.weight_decay);
            let moment_1 = moment_1 * self.beta_1 + gradient.clone() * (1.0 - self.beta_1);
            let moment_2 = moment_2 * self.beta_2 + gradient.square() * (1.0 - self.beta_2);
            let power = i32::try_from(time).unwrap_or(i32::MAX);
            // What moments lack that began at 0.
            let [lack_1, lack_2] = [self.beta_1, self.beta_2].map(|beta| 1.0 - beta.powi(power));
            let root = moment_2.clone().sqrt() * (1.0 / lack_2.sqrt()) + self.epsilon;
            let weights = weights - moment_1.clone() * (rate / lack_1) / root;
            (weights, moment_1, moment_2)
        };
        let momentum = AdaptiveMomentumState::new(time, moment_1, moment_2);
        (weights, Some(AdamState { momentum }))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState {
            momentum: state.momentum.to_device(device),
        }
    }
}

fn decayed<const D: usize>(weights: &Tensor<D>, gradient: Tensor<D>, share: f64) -> Tensor<D> {
    if share > 0.0 {
        gradient + weights.clone() * share
    } else {
        gradient
    }
}

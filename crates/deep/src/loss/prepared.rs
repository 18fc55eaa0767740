//! A loss at work: costs of a batch, and their mean.

use burn::tensor::Tensor;

use super::{Asymmetric, Confidence};
use crate::Moment;
use crate::kernels::log_softmax;
use crate::weights::numbers;

/// A loss for classes whose sizes are known, on a device.
#[derive(Debug, Clone)]
pub(crate) struct PreparedLoss {
    pub(super) per_class: PerClass,
    /// `(1, classes)`.
    pub(super) weights: Option<Tensor<2>>,
    /// The weights from a moment on.
    pub(super) deferred: Option<(Moment, Tensor<2>)>,
    pub(super) mean: Mean,
}

/// What the sum over a batch is divided by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mean {
    ByRows,
    /// The sum of the weights of the rows.
    ByWeights,
}

/// What a row would cost, were it of one class or another.
#[derive(Debug, Clone)]
pub(super) enum PerClass {
    /// Cross-entropy of `scale * logits + shift`.
    Softmax {
        scale: Option<Tensor<2>>,
        shift: Option<Tensor<2>>,
    },
    Focal {
        gamma: f64,
        confidence: Confidence,
    },
    Asymmetric(Asymmetric),
    Margins {
        /// `(1, classes)`.
        margins: Tensor<2>,
        scale: f64,
        /// 0 on the diagonal, 1 elsewhere.
        others: Tensor<2>,
    },
}

impl PreparedLoss {
    pub(super) fn unweighted(per_class: PerClass) -> Self {
        Self {
            per_class,
            weights: None,
            deferred: None,
            mean: Mean::ByRows,
        }
    }

    /// What is added to the logits of each class, where the loss is the cross-entropy of these; none for any other loss.
    pub(crate) fn shift_of_cross_entropy(&self, classes: usize) -> Option<Vec<f32>> {
        let PerClass::Softmax { scale: None, shift } = &self.per_class else {
            return None;
        };
        if self.weights.is_some() || self.deferred.is_some() {
            return None;
        }
        Some(match shift {
            Some(shift) => numbers(shift.clone()),
            None => vec![0.0; classes],
        })
    }

    /// The mean over a batch. `logits` and `targets` are `(n, classes)`; a row of targets holds shares of classes, which sum to
    /// 1. `epoch` is counted from 0.
    pub(crate) fn forward(
        &self,
        logits: Tensor<2>,
        targets: Tensor<2>,
        epoch: usize,
        epochs: usize,
    ) -> Tensor<1> {
        let rows = logits.dims()[0] as f64;
        let weights = match &self.deferred {
            Some((after, weights)) if after.epochs(epochs) <= epoch => Some(weights),
            _ => self.weights.as_ref(),
        };
        let costs = self.per_class.costs(logits, weights);
        let Some(weights) = weights else {
            return (costs * targets).sum() / rows;
        };
        let weighted = targets * weights.clone();
        match self.mean {
            Mean::ByRows => (costs * weighted).sum() / rows,
            // A batch of classes of weight 0 costs nothing.
            Mean::ByWeights => (costs * weighted.clone()).sum() / weighted.sum().clamp_min(f32::MIN_POSITIVE),
        }
    }
}

impl PerClass {
    pub(super) fn plain() -> Self {
        Self::Softmax {
            scale: None,
            shift: None,
        }
    }

    /// `(n, classes)`, without weights, which some need to know how sure a row is. All numbers are finite for finite logits, so
    /// that a share of 0 makes them 0.
    fn costs(&self, logits: Tensor<2>, weights: Option<&Tensor<2>>) -> Tensor<2> {
        match self {
            Self::Softmax { scale, shift } => {
                let logits = match scale {
                    Some(scale) => logits * scale.clone(),
                    None => logits,
                };
                let logits = match shift {
                    Some(shift) => logits + shift.clone(),
                    None => logits,
                };
                -log_softmax(logits)
            }
            Self::Focal { gamma, confidence } => {
                let log = log_softmax(logits);
                let sure = match (confidence, weights) {
                    (Confidence::Reference, Some(weights)) => (log.clone() * weights.clone()).exp(),
                    _ => log.clone().exp(),
                };
                -(unsure(sure, *gamma) * log)
            }
            Self::Asymmetric(options) => {
                let log = log_softmax(logits);
                let sure = log.clone().exp();
                let classes = log.dims()[1] as f64;
                let dealt = options.smoothing / classes;
                let right = unsure(sure.clone(), options.gamma_positive) * log.clone();
                let right = right * (1.0 - options.smoothing + dealt);
                let wrong = power(sure, options.gamma_negative) * log * dealt;
                -(right + wrong.clone().sum_dim(1) - wrong)
            }
            Self::Margins {
                margins,
                scale,
                others,
            } => {
                let logits = logits * *scale;
                // The largest logit is a constant here: the cost does not depend on what is taken off all logits.
                let logits = logits.clone() - logits.detach().max_dim(1);
                let own = logits.clone() - margins.clone() * *scale;
                // The sum over other classes as a sum, not as a difference to that over all: where one class takes all,
                // nothing would be left of a difference.
                let rest = logits.exp().matmul(others.clone());
                (rest + own.clone().exp()).log() - own
            }
        }
    }
}

/// `(1 - p)^gamma`.
fn unsure(sure: Tensor<2>, gamma: f64) -> Tensor<2> {
    power(1.0 - sure, gamma)
}

/// Powers of shares; the slope at 0 is finite for any power of 0 or more.
fn power(share: Tensor<2>, gamma: f64) -> Tensor<2> {
    match gamma {
        0.0 => share.ones_like(),
        1.0 => share,
        _ => share.clamp_min(f32::EPSILON).powf_scalar(gamma),
    }
}

//! Options of the losses, each with its source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClassWeights, DeferredReweighting};

/// The logarithm of the probability that the right class gets.
///
/// The loss to start with, and what all others are compared with. Weights make rows of some classes count more;
/// `drw` does so from a late epoch on.
///
/// # Source
///
/// The mean over a batch is divided by the sum of the weights of its rows, as `CrossEntropyLoss` of PyTorch does for class
/// numbers. For soft targets PyTorch divides by the number of rows instead; here a row has the weights of its classes by
/// their shares, so that a target of one class alone is a class number. `balanced` weights are those of scikit-learn. Deferred
/// re-weighting: Cao and others, "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS 2019,
/// section 3.3.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CrossEntropy {
    /// Weights of classes.
    pub weights: ClassWeights,
    /// Other weights from a late epoch on (deferred re-weighting); `{}` is that of its paper.
    pub drw: Option<DeferredReweighting>,
}

/// Cross-entropy that counts rows less, the surer the network is of them.
///
/// For many easy rows of large classes beside few hard ones. A `gamma` of 0 is cross-entropy, up to its mean over a batch.
///
/// # Source
///
/// Lin and others, "Focal Loss for Dense Object Detection", ICCV 2017, equations 4 and 5, with softmax in place of a
/// sigmoid, as the code of LDAM and EOS has it. As there, the mean is over rows, also with weights. That code takes the
/// confidence from the weighted cross-entropy; see `confidence`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Focal {
    /// How much less sure rows count: `(1 - p)^gamma`.
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
    /// Weights of classes.
    pub weights: ClassWeights,
    /// What `p` is for a row with a weight.
    pub confidence: Confidence,
    /// Other weights from a late epoch on (deferred re-weighting); `{}` is that of its paper.
    pub drw: Option<DeferredReweighting>,
}

/// How sure a network is of a row that has a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The probability of its class.
    #[default]
    Paper,
    /// `exp(-w * cross-entropy)`, as in the code of LDAM and EOS: the probability to the power of the weight. Without weights it is
    /// the same.
    Reference,
}

/// Cross-entropy or focal loss with weights by effective numbers of rows.
///
/// Rows of a class resemble each other, so that a class of many rows holds less news than their number says.
///
/// # Source
///
/// Cui and others, "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019, equation 10 and section 4.1:
/// weights `(1 - beta) / (1 - beta^n)`, scaled so that they sum to the number of classes. The focal loss of that paper is a
/// sum over sigmoids; here it is that of `focal`, with softmax.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ClassBalanced {
    /// 0 is no weights, near 1 is inverse frequencies.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub beta: f64,
    /// What is weighted.
    pub over: Over,
    /// The `gamma` of the focal loss; cross-entropy does not look.
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
}

/// What class-balanced weights weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Cross-entropy.
    #[default]
    CrossEntropy,
    /// The focal loss.
    Focal,
}

/// Cross-entropy with smoothed labels, whose wrong classes count by the probability they get.
///
/// # Source
///
/// Ben-Baruch and others, "Asymmetric Loss For Multi-Label Classification", ICCV 2021, in the form for one label of the
/// authors' code, which EOS uses: `-sum_c q_c w_c ln p_c` with `w = (1 - p)^gamma_positive` for the right class,
/// `w = p^gamma_negative` for others, and `q` the smoothed label. Gradients flow through `w`, as they do there, and nothing is
/// clipped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Asymmetric {
    /// How much less the right class counts where it is probable.
    #[schemars(range(min = 0.0))]
    pub gamma_positive: f64,
    /// How much less wrong classes count where they are improbable.
    #[schemars(range(min = 0.0))]
    pub gamma_negative: f64,
    /// Share of a label that is dealt evenly to all classes.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub smoothing: f64,
}

/// Cross-entropy over cosines with margins, the wider the smaller the class.
///
/// It wants a cosine head; other logits are multiplied by `scale` all the same, as the code of EOS does when it trains its head.
/// LDAM-DRW of its paper is `drw = {}`.
///
/// # Source
///
/// Cao and others, "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS 2019, equations 11 to
/// 13, and the authors' code: margins `n^(-1/4)`, scaled so that the widest is `max_margin`. The paper has margins proportional to a constant C; the
/// code has the widest one. With weights, the mean is divided by their sum, as for `cross-entropy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ldam {
    /// The margin of the smallest class.
    #[schemars(range(min = 0.0))]
    pub max_margin: f64,
    /// What cosines are multiplied by.
    #[schemars(range(min = 0.0))]
    pub scale: f64,
    /// Weights of classes.
    pub weights: ClassWeights,
    /// Other weights from a late epoch on (deferred re-weighting); `{}` is that of its paper.
    pub drw: Option<DeferredReweighting>,
}

/// Cross-entropy over logits that are raised by the logarithm of the rows of their class.
///
/// # Source
///
/// Ren and others, "Balanced Meta-Softmax for Long-Tailed Visual Recognition", NeurIPS 2020, equation 3. It is
/// `logit-adjusted` with `tau = 1`, found another way; both are here because they are looked for by both names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BalancedSoftmax {}

/// Cross-entropy over logits that are raised by the logarithm of the share of their class.
///
/// # Source
///
/// Menon and others, "Long-Tail Learning via Logit Adjustment", ICLR 2021, equation 10. Without training, the same idea is
/// [`logit_adjusted`](crate::logit_adjusted).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogitAdjusted {
    /// How much of the logarithm. 0 is cross-entropy.
    pub tau: f64,
}

/// Cross-entropy over logits that are both shrunk and lowered, the more the smaller the class.
///
/// # Source
///
/// Kini and others, "Label-Imbalanced and Group-Sensitive Classification under Overparameterization", NeurIPS 2021, equation 2
/// without weights: logits times `(n / n_max)^gamma`, plus `tau` times the logarithm of the share of the class. Defaults are
/// those of the authors' code for CIFAR-10 with an imbalance of 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct VectorScaling {
    /// How much logits shrink. 0 is not at all.
    #[schemars(range(min = 0.0))]
    pub gamma: f64,
    /// How much they are lowered. 0 is not at all.
    pub tau: f64,
}

impl Default for Focal {
    fn default() -> Self {
        Self {
            gamma: 2.0,
            weights: ClassWeights::None,
            confidence: Confidence::Paper,
            drw: None,
        }
    }
}

impl Default for ClassBalanced {
    fn default() -> Self {
        Self {
            beta: 0.9999,
            over: Over::CrossEntropy,
            gamma: 2.0,
        }
    }
}

impl Default for Asymmetric {
    fn default() -> Self {
        Self {
            gamma_positive: 0.0,
            gamma_negative: 4.0,
            smoothing: 0.1,
        }
    }
}

impl Default for Ldam {
    fn default() -> Self {
        Self {
            max_margin: 0.5,
            scale: 30.0,
            weights: ClassWeights::None,
            drw: None,
        }
    }
}

impl Default for LogitAdjusted {
    fn default() -> Self {
        Self { tau: 1.0 }
    }
}

impl Default for VectorScaling {
    fn default() -> Self {
        Self {
            gamma: 0.15,
            tau: 1.25,
        }
    }
}

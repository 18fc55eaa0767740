//! What training makes small, for classes of very different sizes.

use std::borrow::Cow;
use std::fmt;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Description, nearest_name, plain_name};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::named::{Named, name_or_table};
use crate::{Error, Moment};

/// What training makes small.
///
/// Every loss takes soft targets, and is linear in them: a row that is to 0.7 of one class and to 0.3 of another costs 0.7
/// of what the first class costs and 0.3 of the second, as mixup wants it.
///
/// In a file, a loss is its name (`loss = "focal"`), or a table with `name` and options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", remote = "Self")]
#[non_exhaustive]
pub enum Loss {
    /// `cross-entropy`.
    #[serde(alias = "ce")]
    CrossEntropy(CrossEntropy),
    /// `focal`.
    Focal(Focal),
    /// `class-balanced`.
    #[serde(alias = "cb")]
    ClassBalanced(ClassBalanced),
    /// `asl`.
    #[serde(rename = "asl", alias = "asymmetric")]
    Asymmetric(Asymmetric),
    /// `ldam`.
    Ldam(Ldam),
    /// `balanced-softmax`.
    BalancedSoftmax(BalancedSoftmax),
    /// `logit-adjusted`.
    #[serde(alias = "logit-adjustment")]
    LogitAdjusted(LogitAdjusted),
    /// `vs`.
    #[serde(rename = "vs", alias = "vector-scaling")]
    VectorScaling(VectorScaling),
}

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
/// [`LinearHead::adjusted`](crate::LinearHead::adjusted).
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

/// Weights of classes.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ClassWeights {
    /// Every row counts the same.
    #[default]
    None,
    /// `n / (c * n_class)`: every class counts the same.
    Balanced,
    /// One number for each class, in the order of classes.
    Given(Vec<f64>),
}

/// Class-balanced weights from a late epoch on, in place of those before.
///
/// # Source
///
/// Cao and others, NeurIPS 2019, section 3.3: from epoch 161 of 200, with the weights of Cui and others and `beta = 0.9999`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeferredReweighting {
    /// After how many epochs, or after which share of the run.
    pub after: Moment,
    /// The `beta` of `class-balanced`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub beta: f64,
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy(CrossEntropy::default())
    }
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

impl Default for DeferredReweighting {
    fn default() -> Self {
        Self {
            after: Moment::Share(0.8),
            beta: 0.9999,
        }
    }
}

/// The largest number whose negative exponential single precision still holds.
const MOST_MARGIN: f64 = 80.0;

impl Loss {
    /// All names.
    pub fn names() -> &'static [&'static str] {
        &[
            "cross-entropy",
            "focal",
            "class-balanced",
            "asl",
            "ldam",
            "balanced-softmax",
            "logit-adjusted",
            "vs",
        ]
    }

    /// The one of this name, with its default options. Case, hyphens and underscores do not matter.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match plain_name(name).as_str() {
            "crossentropy" | "ce" => Self::CrossEntropy(CrossEntropy::default()),
            "focal" => Self::Focal(Focal::default()),
            "classbalanced" | "cb" => Self::ClassBalanced(ClassBalanced::default()),
            "asl" | "asymmetric" => Self::Asymmetric(Asymmetric::default()),
            "ldam" => Self::Ldam(Ldam::default()),
            "balancedsoftmax" => Self::BalancedSoftmax(BalancedSoftmax::default()),
            "logitadjusted" | "logitadjustment" => Self::LogitAdjusted(LogitAdjusted::default()),
            "vs" | "vectorscaling" => Self::VectorScaling(VectorScaling::default()),
            _ => {
                let nearest = nearest_name(name, Self::names().iter().copied());
                return Err(Error::UnknownLoss {
                    name: name.to_owned(),
                    suggestion: match nearest {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => format!("the losses are `{}`", Self::names().join("`, `")),
                    },
                });
            }
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropy(_) => "cross-entropy",
            Self::Focal(_) => "focal",
            Self::ClassBalanced(_) => "class-balanced",
            Self::Asymmetric(_) => "asl",
            Self::Ldam(_) => "ldam",
            Self::BalancedSoftmax(_) => "balanced-softmax",
            Self::LogitAdjusted(_) => "logit-adjusted",
            Self::VectorScaling(_) => "vs",
        }
    }

    /// What it is for, its options with defaults and ranges, and where it comes from.
    pub fn describe(name: &str) -> Result<Description, Error> {
        let loss = Self::from_name(name)?;
        let name = loss.name();
        Ok(match loss {
            Self::CrossEntropy(_) => Description::of::<CrossEntropy>(name),
            Self::Focal(_) => Description::of::<Focal>(name),
            Self::ClassBalanced(_) => Description::of::<ClassBalanced>(name),
            Self::Asymmetric(_) => Description::of::<Asymmetric>(name),
            Self::Ldam(_) => Description::of::<Ldam>(name),
            Self::BalancedSoftmax(_) => Description::of::<BalancedSoftmax>(name),
            Self::LogitAdjusted(_) => Description::of::<LogitAdjusted>(name),
            Self::VectorScaling(_) => Description::of::<VectorScaling>(name),
        })
    }

    /// Whether it was made for the cosines of a cosine head.
    pub fn wants_cosines(&self) -> bool {
        matches!(self, Self::Ldam(_))
    }

    /// Fails for a number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let method = self.name();
        let at_least_0 = |option, value: f64| {
            let good = value >= 0.0 && value.is_finite();
            in_range(good, method, option, value, "a number of 0 or more")
        };
        let finite =
            |option, value: f64| in_range(value.is_finite(), method, option, value, "a finite number");
        match self {
            Self::CrossEntropy(options) => {
                options.weights.check(method)?;
                check_deferred(options.drw.as_ref(), method)
            }
            Self::Focal(options) => {
                at_least_0("gamma", options.gamma)?;
                options.weights.check(method)?;
                check_deferred(options.drw.as_ref(), method)
            }
            Self::ClassBalanced(options) => {
                check_beta(method, "beta", options.beta)?;
                at_least_0("gamma", options.gamma)
            }
            Self::Asymmetric(options) => {
                at_least_0("gamma_positive", options.gamma_positive)?;
                at_least_0("gamma_negative", options.gamma_negative)?;
                let good = (0.0..=1.0).contains(&options.smoothing);
                in_range(
                    good,
                    method,
                    "smoothing",
                    options.smoothing,
                    "a share from 0 to 1",
                )
            }
            Self::Ldam(options) => {
                let good = options.scale > 0.0 && options.scale.is_finite();
                in_range(
                    good,
                    method,
                    "scale",
                    options.scale,
                    "a number above 0, such as 30",
                )?;
                at_least_0("max_margin", options.max_margin)?;
                let good = options.max_margin * options.scale <= MOST_MARGIN;
                let range = "a margin that is 80 or less when it is multiplied by `scale`";
                in_range(good, method, "max_margin", options.max_margin, range)?;
                options.weights.check(method)?;
                check_deferred(options.drw.as_ref(), method)
            }
            Self::BalancedSoftmax(_) => Ok(()),
            Self::LogitAdjusted(options) => finite("tau", options.tau),
            Self::VectorScaling(options) => {
                at_least_0("gamma", options.gamma)?;
                finite("tau", options.tau)
            }
        }
    }

    /// Makes it ready for classes of `counts` training rows, on the device that holds the logits.
    ///
    /// Fails for a class without rows if the formula divides by their number.
    pub(crate) fn prepare(&self, counts: &[usize], device: &Device) -> Result<PreparedLoss, Error> {
        self.check()?;
        let method = self.name();
        let put = |values: &[f64]| row(values, device);
        let given = |weights: &ClassWeights| -> Result<_, Error> {
            Ok(weights.of(counts, method)?.map(|weights| put(&weights)))
        };
        let deferred = |deferred: &Option<DeferredReweighting>| -> Result<_, Error> {
            let Some(deferred) = deferred else { return Ok(None) };
            let weights = effective_weights(counts, deferred.beta, method)?;
            Ok(Some((deferred.after, put(&weights))))
        };
        let lowered = |tau: f64| -> Result<_, Error> {
            Ok(match tau {
                0.0 => None,
                _ => Some(put(&log_shares(counts, tau, method)?)),
            })
        };
        Ok(match self {
            Self::CrossEntropy(options) => PreparedLoss {
                per_class: PerClass::plain(),
                weights: given(&options.weights)?,
                deferred: deferred(&options.drw)?,
                mean: Mean::ByWeights,
            },
            Self::Focal(options) => PreparedLoss {
                per_class: PerClass::Focal {
                    gamma: options.gamma,
                    confidence: options.confidence,
                },
                weights: given(&options.weights)?,
                deferred: deferred(&options.drw)?,
                mean: Mean::ByRows,
            },
            Self::ClassBalanced(options) => {
                let (per_class, mean) = match options.over {
                    Over::CrossEntropy => (PerClass::plain(), Mean::ByWeights),
                    Over::Focal => {
                        let (gamma, confidence) = (options.gamma, Confidence::Paper);
                        (PerClass::Focal { gamma, confidence }, Mean::ByRows)
                    }
                };
                let weights = effective_weights(counts, options.beta, method)?;
                PreparedLoss {
                    per_class,
                    weights: Some(put(&weights)),
                    deferred: None,
                    mean,
                }
            }
            Self::Asymmetric(options) => PreparedLoss::unweighted(PerClass::Asymmetric(options.clone())),
            Self::Ldam(options) => PreparedLoss {
                per_class: PerClass::Margins {
                    margins: put(&margins(counts, options.max_margin, method)?),
                    scale: options.scale,
                    others: Tensor::<2>::ones([counts.len(); 2], device) - Tensor::eye(counts.len(), device),
                },
                weights: given(&options.weights)?,
                deferred: deferred(&options.drw)?,
                mean: Mean::ByWeights,
            },
            Self::BalancedSoftmax(_) => PreparedLoss::unweighted(PerClass::Softmax {
                scale: None,
                shift: lowered(1.0)?,
            }),
            Self::LogitAdjusted(options) => PreparedLoss::unweighted(PerClass::Softmax {
                scale: None,
                shift: lowered(options.tau)?,
            }),
            Self::VectorScaling(options) => {
                let most = counts.iter().copied().max().unwrap_or(0) as f64;
                let scale = |&count: &usize| (count as f64 / most).powf(options.gamma);
                let scale: Vec<f64> = counts.iter().map(scale).collect();
                PreparedLoss::unweighted(PerClass::Softmax {
                    scale: (options.gamma != 0.0).then(|| put(&scale)),
                    shift: lowered(options.tau)?,
                })
            }
        })
    }
}

fn in_range(
    good: bool,
    method: &'static str,
    option: &'static str,
    value: f64,
    range: &'static str,
) -> Result<(), Error> {
    if good {
        return Ok(());
    }
    Err(Error::OutOfRange {
        method,
        option,
        value: value.to_string(),
        range,
    })
}

fn check_beta(method: &'static str, option: &'static str, beta: f64) -> Result<(), Error> {
    let range = "a number from 0 to below 1, such as 0.9999";
    in_range((0.0..1.0).contains(&beta), method, option, beta, range)
}

fn check_deferred(deferred: Option<&DeferredReweighting>, method: &'static str) -> Result<(), Error> {
    deferred.map_or(Ok(()), |deferred| check_beta(method, "drw.beta", deferred.beta))
}

fn row(values: &[f64], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let shape = [1, values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn none_empty(counts: &[usize], method: &'static str) -> Result<(), Error> {
    match counts.iter().position(|&count| count == 0) {
        Some(class) => Err(Error::EmptyClass { method, class }),
        None => Ok(()),
    }
}

/// `(1 - beta) / (1 - beta^n)` for each class, scaled to sum to the number of classes.
fn effective_weights(counts: &[usize], beta: f64, method: &'static str) -> Result<Vec<f64>, Error> {
    none_empty(counts, method)?;
    // 1 - beta^n loses its digits for beta near 1, if it is computed as it stands.
    let weight = |&count: &usize| (1.0 - beta) / -(count as f64 * beta.ln()).exp_m1();
    let weights: Vec<f64> = counts.iter().map(weight).collect();
    let scale = counts.len() as f64 / weights.iter().sum::<f64>();
    Ok(weights.into_iter().map(|weight| weight * scale).collect())
}

/// `tau * ln(n_class / n)`.
pub(crate) fn log_shares(counts: &[usize], tau: f64, method: &'static str) -> Result<Vec<f64>, Error> {
    none_empty(counts, method)?;
    let all = counts.iter().sum::<usize>() as f64;
    let share = |&count: &usize| tau * (count as f64 / all).ln();
    Ok(counts.iter().map(share).collect())
}

/// `n^(-1/4)`, scaled so that the widest is `most`.
fn margins(counts: &[usize], most: f64, method: &'static str) -> Result<Vec<f64>, Error> {
    none_empty(counts, method)?;
    let least = counts.iter().copied().min().unwrap_or(1) as f64;
    let margin = |&count: &usize| most * (least / count as f64).powf(0.25);
    Ok(counts.iter().map(margin).collect())
}

impl ClassWeights {
    fn check(&self, method: &'static str) -> Result<(), Error> {
        let Self::Given(weights) = self else { return Ok(()) };
        let bad = |weight: &&f64| !(**weight >= 0.0 && weight.is_finite());
        if let Some(&weight) = weights.iter().find(bad) {
            return in_range(false, method, "weights", weight, "numbers of 0 or more");
        }
        let good = weights.iter().any(|&weight| weight > 0.0);
        in_range(good, method, "weights", 0.0, "one weight above 0, or more")
    }

    fn of(&self, counts: &[usize], method: &'static str) -> Result<Option<Vec<f64>>, Error> {
        match self {
            Self::None => Ok(None),
            Self::Balanced => {
                none_empty(counts, method)?;
                let all = counts.iter().sum::<usize>() as f64;
                let weight = |&count: &usize| all / (counts.len() as f64 * count as f64);
                Ok(Some(counts.iter().map(weight).collect()))
            }
            Self::Given(weights) if weights.len() == counts.len() => Ok(Some(weights.clone())),
            Self::Given(weights) => Err(Error::WeightsPerClass {
                method,
                found: weights.len(),
                classes: counts.len(),
            }),
        }
    }
}

/// A loss for classes whose sizes are known, on a device.
#[derive(Debug, Clone)]
pub(crate) struct PreparedLoss {
    per_class: PerClass,
    /// `(1, classes)`.
    weights: Option<Tensor<2>>,
    /// The weights from a moment on.
    deferred: Option<(Moment, Tensor<2>)>,
    mean: Mean,
}

/// What the sum over a batch is divided by.
#[derive(Debug, Clone, Copy)]
enum Mean {
    ByRows,
    /// The sum of the weights of the rows.
    ByWeights,
}

/// What a row would cost, were it of one class or another.
#[derive(Debug, Clone)]
enum PerClass {
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
    fn unweighted(per_class: PerClass) -> Self {
        Self {
            per_class,
            weights: None,
            deferred: None,
            mean: Mean::ByRows,
        }
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
    fn plain() -> Self {
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
                -log_softmax(logits, 1)
            }
            Self::Focal { gamma, confidence } => {
                let log = log_softmax(logits, 1);
                let sure = match (confidence, weights) {
                    (Confidence::Reference, Some(weights)) => (log.clone() * weights.clone()).exp(),
                    _ => log.clone().exp(),
                };
                -(unsure(sure, *gamma) * log)
            }
            Self::Asymmetric(options) => {
                let log = log_softmax(logits, 1);
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

impl<'de> Named<'de> for Loss {
    const EXPECTED: &'static str = "the name of a loss, or a table with `name` and its options";

    fn table<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Self::deserialize(table)
    }

    fn named<E: serde::de::Error>(name: &str) -> Result<Self, E> {
        Self::from_name(name).map_err(|error| {
            let hint = error.hint().map_or(String::new(), |hint| format!("; {hint}"));
            E::custom(format!("{error}{hint}"))
        })
    }
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        name_or_table(deserializer)
    }
}

impl Serialize for Loss {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if Self::from_name(self.name()).is_ok_and(|default| default == *self) {
            serializer.serialize_str(self.name())
        } else {
            Self::serialize(self, serializer)
        }
    }
}

impl JsonSchema for Loss {
    fn schema_name() -> Cow<'static, str> {
        "Loss".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "object"],
            "x-words": "cross-entropy, focal, class-balanced, asl, ldam, balanced-softmax, logit-adjusted, vs, { name = \"ldam\", drw = {} }, …"
        })
    }
}

impl Serialize for ClassWeights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Balanced => serializer.serialize_str("balanced"),
            Self::Given(weights) => weights.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = ClassWeights;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`none`, `balanced`, or one number for each class")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<ClassWeights, E> {
                match plain_name(word).as_str() {
                    "none" => Ok(ClassWeights::None),
                    "balanced" => Ok(ClassWeights::Balanced),
                    _ => Err(E::custom(format!(
                        "`{word}` is no weighting of classes; write `none`, `balanced`, or one number for each class"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ClassWeights, A::Error> {
                let mut weights = Vec::new();
                while let Some(weight) = list.next_element()? {
                    weights.push(weight);
                }
                Ok(ClassWeights::Given(weights))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

impl JsonSchema for ClassWeights {
    fn schema_name() -> Cow<'static, str> {
        "ClassWeights".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "x-words": "none, balanced, [1.0, 2.5, …]" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::weights::numbers;

    fn device() -> Device {
        Device::flex().autodiff()
    }

    fn read(text: &str) -> Loss {
        serde_json::from_str(text).expect("a loss")
    }

    /// The value, and its gradient by logits.
    fn value(
        loss: &Loss,
        counts: &[usize],
        logits: &[f32],
        targets: &[f32],
        epoch: usize,
        epochs: usize,
    ) -> (f32, Vec<f32>) {
        let shape = [logits.len() / counts.len(), counts.len()];
        let put = |numbers: &[f32]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &device())
        };
        let logits = put(logits).require_grad();
        let prepared = loss.prepare(counts, &device()).expect("it can be prepared");
        let value = prepared.forward(logits.clone(), put(targets), epoch, epochs);
        let gradients = value.backward();
        let gradient = logits.grad(&gradients).expect("it depends on logits");
        (numbers(value)[0], numbers(gradient))
    }

    fn check(text: &str, counts: &[usize], logits: &[f32], targets: &[f32], expected: f32) {
        let found = value(&read(text), counts, logits, targets, 0, 200).0;
        assert!((found - expected).abs() < 1e-5, "{text}: {found}, not {expected}");
    }

    /// One of each kind, with all that they can do.
    const KINDS: [&str; 12] = [
        r#""cross-entropy""#,
        r#"{"name": "cross-entropy", "weights": "balanced"}"#,
        r#"{"name": "cross-entropy", "drw": {"after": 0}}"#,
        r#"{"name": "focal", "gamma": 0.5, "weights": [1.0, 2.0, 0.5]}"#,
        r#"{"name": "focal", "weights": [1.0, 2.0, 0.5], "confidence": "reference"}"#,
        r#""class-balanced""#,
        r#"{"name": "class-balanced", "over": "focal"}"#,
        r#"{"name": "asl", "gamma_positive": 1.5}"#,
        r#"{"name": "ldam", "drw": {"after": 0}}"#,
        r#""balanced-softmax""#,
        r#"{"name": "logit-adjusted", "tau": 0.5}"#,
        r#""vs""#,
    ];

    const COUNTS: [usize; 3] = [90, 9, 1];

    fn flat(rows: &Value) -> Vec<f64> {
        let rows = rows.as_array().expect("rows");
        let row = |row: &Value| row.as_array().expect("a row").clone();
        rows.iter()
            .flat_map(row)
            .map(|number| number.as_f64().expect("a number"))
            .collect()
    }

    fn single(numbers: &[f64]) -> Vec<f32> {
        numbers.iter().map(|&number| number as f32).collect()
    }

    #[test]
    fn values_and_gradients_are_those_of_pytorch() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/losses.json");
        let text = std::fs::read_to_string(path).expect("it is recorded");
        let recorded: Value = serde_json::from_str(&text).expect("it is JSON");
        let counts: Vec<usize> = serde_json::from_value(recorded["counts"].clone()).expect("counts");
        let epochs = recorded["epochs"].as_u64().expect("a number") as usize;
        let mut compared = 0;
        for case in recorded["cases"].as_array().expect("cases") {
            let loss: Loss = serde_json::from_value(case["loss"].clone()).expect("a loss");
            let batch = &recorded["batches"][case["batch"].as_u64().expect("a place") as usize];
            let (logits, targets) = (single(&flat(&batch["logits"])), single(&flat(&batch["targets"])));
            let epoch = case["epoch"].as_u64().expect("a number") as usize;
            let (found, gradient) = value(&loss, &counts, &logits, &targets, epoch, epochs);
            let expected = case["value"].as_f64().expect("a number");
            let near = |found: f32, expected: f64, largest: f64| {
                (f64::from(found) - expected).abs() <= 2e-6 * largest.max(1.0)
            };
            assert!(
                near(found, expected, expected),
                "{loss:?}: {found}, not {expected}"
            );
            let expected = flat(&case["gradient"]);
            let largest = expected
                .iter()
                .fold(0.0, |most: f64, slope| most.max(slope.abs()));
            for (&found, &expected) in gradient.iter().zip(&expected) {
                assert!(
                    near(found, expected, largest),
                    "{loss:?}: slope {found}, not {expected}"
                );
            }
            compared += expected.len();
        }
        assert_eq!(compared, 22 * 4 * 40);
    }

    #[test]
    fn gradients_are_the_differences_of_values() {
        let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1, -0.2, 0.1, 0.6];
        let targets = [1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.0, 0.2, 0.8];
        for text in KINDS {
            let loss = read(text);
            let gradient = value(&loss, &COUNTS, &logits, &targets, 0, 1).1;
            let step = if loss.wants_cosines() { 1e-3 } else { 1e-2 };
            for (place, &slope) in gradient.iter().enumerate() {
                let moved = |by: f32| {
                    let mut logits = logits;
                    logits[place] += by;
                    value(&loss, &COUNTS, &logits, &targets, 0, 1).0
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                let near = 2e-3 * slope.abs().max(1.0);
                assert!(
                    (difference - slope).abs() < near,
                    "{text}: slope {slope}, difference {difference}"
                );
            }
        }
    }

    #[test]
    fn hand_computed_values() {
        let ln2 = std::f32::consts::LN_2;
        let even = [0.0, 0.0];
        let one = [0.0, 1.0];
        // Both classes have probability 1/2.
        check(r#""cross-entropy""#, &[3, 1], &even, &one, ln2);
        check(r#""focal""#, &[3, 1], &even, &one, ln2 / 4.0);
        // 0.95 ln 2 of the right class, and 0.05 of a sixteenth of the wrong one.
        check(r#""asl""#, &[3, 1], &even, &one, 0.95 * ln2 + 0.05 * ln2 / 16.0);
        // Probabilities 3/4 and 1/4.
        check(r#""balanced-softmax""#, &[3, 1], &even, &one, 4.0_f32.ln());
        check(r#""logit-adjusted""#, &[3, 1], &even, &one, 4.0_f32.ln());
        // Logits 1 and 1/2 after scaling with (1/4)^0.5.
        let vs = r#"{"name": "vs", "gamma": 0.5, "tau": 0.0}"#;
        check(vs, &[4, 1], &[1.0, 1.0], &one, (1.0 + 0.5_f32.exp()).ln());
        // Margins 1/2 and 1/4; the probability of the first is that of a logit of -1/2 beside 0.
        let ldam = r#"{"name": "ldam", "scale": 1.0}"#;
        check(ldam, &[16, 1], &even, &one, (1.0 + 0.5_f32.exp()).ln());
        check(ldam, &[16, 1], &even, &[1.0, 0.0], (1.0 + 0.25_f32.exp()).ln());
    }

    #[test]
    fn a_weighted_mean_is_divided_by_weights() {
        // Costs ln 2 and ln 4, weights 1 and 3.
        let logits = [0.0, 0.0, 3.0_f32.ln(), 0.0];
        let targets = [1.0, 0.0, 0.0, 1.0];
        let (first, second) = (2.0_f32.ln(), 4.0_f32.ln());
        let weighted = r#"{"name": "cross-entropy", "weights": [1.0, 3.0]}"#;
        check(weighted, &[1, 1], &logits, &targets, (first + 3.0 * second) / 4.0);
        let focal = r#"{"name": "focal", "gamma": 0.0, "weights": [1.0, 3.0]}"#;
        check(focal, &[1, 1], &logits, &targets, 0.5 * first + 1.5 * second);
    }

    #[test]
    fn balanced_weights_are_inverse_frequencies() {
        let of = |counts: &[usize]| ClassWeights::Balanced.of(counts, "test").unwrap().unwrap();
        assert_eq!(of(&[6, 2]), [4.0 / 6.0, 2.0]);
        assert_eq!(of(&[5, 5, 5]), [1.0; 3]);
    }

    #[test]
    fn effective_numbers_lie_between_none_and_inverse_frequencies() {
        let of = |beta| effective_weights(&[100, 10, 1], beta, "test").unwrap();
        assert_eq!(of(0.0), [1.0; 3]);
        let near = |found: &[f64], expected: [f64; 3]| {
            let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-4);
            assert!(!far, "{found:?}");
        };
        // 1 / n, scaled to a sum of 3.
        near(&of(1.0 - 1e-9), [0.03 / 1.11, 0.3 / 1.11, 3.0 / 1.11]);
        // 0.1 / (1 - 0.9^n) is 0.1, 0.15353 and 1.
        let scale = 3.0 / 1.253_535;
        near(&of(0.9), [0.100_003 * scale, 0.153_535 * scale, scale]);
    }

    #[test]
    fn limits_are_cross_entropy() {
        let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1];
        let targets = [0.0, 1.0, 0.0, 0.25, 0.0, 0.75];
        let plain = value(&Loss::default(), &COUNTS, &logits, &targets, 0, 1);
        let same = |text: &str, counts: &[usize]| {
            let found = value(&read(text), counts, &logits, &targets, 0, 1);
            assert!(
                (found.0 - plain.0).abs() < 1e-6,
                "{text}: {} and {}",
                found.0,
                plain.0
            );
            for (a, b) in found.1.iter().zip(&plain.1) {
                assert!((a - b).abs() < 1e-6, "{text}: {:?} and {:?}", found.1, plain.1);
            }
        };
        same(r#"{"name": "focal", "gamma": 0.0}"#, &COUNTS);
        same(r#"{"name": "class-balanced", "beta": 0.0}"#, &COUNTS);
        same(
            r#"{"name": "class-balanced", "over": "focal", "gamma": 0.0, "beta": 0.0}"#,
            &COUNTS,
        );
        same(
            r#"{"name": "asl", "gamma_negative": 0.0, "smoothing": 0.0}"#,
            &COUNTS,
        );
        same(r#"{"name": "logit-adjusted", "tau": 0.0}"#, &COUNTS);
        same(r#"{"name": "vs", "gamma": 0.0, "tau": 0.0}"#, &COUNTS);
        same(r#"{"name": "ldam", "scale": 1.0, "max_margin": 0.0}"#, &COUNTS);
        same(r#""balanced-softmax""#, &[7, 7, 7]);
        same(r#""logit-adjusted""#, &[7, 7, 7]);
        same(r#"{"name": "cross-entropy", "weights": "balanced"}"#, &[7, 7, 7]);
    }

    #[test]
    fn deferred_weights_come_after_four_fifths() {
        let deferred = read(r#"{"name": "ldam", "drw": {}}"#);
        let logits = [0.3, -0.6, 0.2, 0.5, 0.4, -0.1];
        let targets = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let at = |loss: &Loss, epoch, epochs| value(loss, &COUNTS, &logits, &targets, epoch, epochs).0;
        let plain = at(&read(r#""ldam""#), 0, 10);
        assert_eq!(at(&deferred, 7, 10), plain);
        assert_ne!(at(&deferred, 8, 10), plain);
        assert_eq!(at(&deferred, 8, 10), at(&deferred, 160, 200));
        assert_eq!(at(&deferred, 159, 200), plain);
    }

    #[test]
    fn huge_logits_leave_numbers_finite() {
        let logits = [1e4, -1e4, 0.0, -1e4, 1e4, 1e4, 1e4, 1e4, 1e4];
        let targets = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2, 0.0, 0.8];
        for text in KINDS {
            let (value, gradient) = value(&read(text), &COUNTS, &logits, &targets, 0, 1);
            assert!(value.is_finite() && value > 0.0, "{text}: {value}");
            assert!(
                gradient.iter().all(|slope| slope.is_finite()),
                "{text}: {gradient:?}"
            );
        }
    }

    #[test]
    fn a_sure_and_right_row_costs_nothing() {
        for text in KINDS.into_iter().filter(|text| !text.contains("asl")) {
            let (value, gradient) = value(
                &read(text),
                &COUNTS,
                &[-40.0, 80.0, -40.0],
                &[0.0, 1.0, 0.0],
                0,
                1,
            );
            assert!(value.abs() < 1e-6, "{text}: {value}");
            assert!(
                gradient.iter().all(|slope| slope.abs() < 1e-5),
                "{text}: {gradient:?}"
            );
        }
    }

    #[test]
    fn a_batch_of_classes_without_weight_costs_nothing() {
        let loss = r#"{"name": "cross-entropy", "weights": [0.0, 1.0]}"#;
        check(loss, &[2, 1], &[0.5, 0.1], &[1.0, 0.0], 0.0);
    }

    #[test]
    fn a_class_without_rows_is_named_where_it_matters() {
        let prepare = |text: &str| read(text).prepare(&[5, 0, 2], &device()).map(|_| ());
        for text in KINDS.into_iter().filter(|text| !text.contains("[1.0")) {
            let free = text == KINDS[0] || text.contains("asl");
            match prepare(text) {
                Ok(()) => assert!(free, "{text}"),
                Err(error) => {
                    assert!(!free, "{text}");
                    assert!(
                        error
                            .to_string()
                            .starts_with("class number 1, counted from 0, has no row")
                    );
                    assert!(error.hint().is_some());
                }
            }
        }
        // Nothing is divided, and no logarithm taken.
        prepare(r#"{"name": "logit-adjusted", "tau": 0.0}"#).unwrap();
        prepare(r#"{"name": "vs", "tau": 0.0}"#).unwrap();
    }

    #[test]
    fn options_out_of_range_are_named() {
        let refused = |text: &str| read(text).prepare(&[5, 2], &device()).unwrap_err().to_string();
        let check = |text: &str, expected: &str| {
            assert!(refused(text).contains(expected), "{text}: {}", refused(text));
        };
        check(r#"{"name": "focal", "gamma": -1.0}"#, "`gamma = -1` of focal");
        check(
            r#"{"name": "class-balanced", "beta": 1.0}"#,
            "`beta = 1` of class-balanced",
        );
        check(r#"{"name": "asl", "smoothing": 1.5}"#, "`smoothing = 1.5` of asl");
        check(r#"{"name": "ldam", "scale": 0.0}"#, "`scale = 0` of ldam");
        check(
            r#"{"name": "ldam", "scale": 300.0}"#,
            "`max_margin = 0.5` of ldam",
        );
        check(
            r#"{"name": "ldam", "drw": {"beta": 2.0}}"#,
            "`drw.beta = 2` of ldam",
        );
        check(
            r#"{"name": "cross-entropy", "weights": [1.0, -1.0]}"#,
            "`weights = -1`",
        );
        check(
            r#"{"name": "cross-entropy", "weights": [0.0, 0.0]}"#,
            "`weights = 0`",
        );
        check(
            r#"{"name": "cross-entropy", "weights": [1.0]}"#,
            "has 1 number(s), and there are 2 classes",
        );
    }

    #[test]
    fn names_are_found_and_described() {
        for &name in Loss::names() {
            let loss = Loss::from_name(&name.to_uppercase().replace('-', "_")).unwrap();
            assert_eq!(loss.name(), name);
            let description = Loss::describe(name).unwrap();
            assert!(
                !description.idea.is_empty() && !description.source.is_empty(),
                "{name}"
            );
            assert_eq!(serde_json::to_value(&loss).unwrap(), name);
            assert_eq!(read(&format!("{{\"name\": \"{name}\"}}")), loss);
        }
        let error = Loss::from_name("focla").unwrap_err();
        assert_eq!(error.hint().unwrap(), "did you mean `focal`?");
        let error = serde_json::from_str::<Loss>(r#"{"name": "ldam", "margin": 1.0}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `margin`"), "{error}");
        let error =
            serde_json::from_str::<Loss>(r#"{"name": "cross-entropy", "weights": "even"}"#).unwrap_err();
        assert!(error.to_string().contains("`even` is no weighting"), "{error}");
    }

    proptest! {
        #[test]
        fn losses_are_linear_in_targets(
            kind in 0..KINDS.len(),
            share in 0.0_f32..1.0,
            logits in prop::array::uniform3(-1.0_f32..1.0),
        ) {
            let loss = read(KINDS[kind]);
            // Where a mean is divided by weights, those of one row cancel: two rows of the same classes have the same weights.
            let of = |targets: [f32; 6]| {
                let logits = [logits[0], logits[1], logits[2], 0.1, 0.2, 0.3];
                value(&loss, &COUNTS, &logits, &targets, 0, 1).0
            };
            let one = of([1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
            let other = of([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
            let mixed = of([share, 0.0, 1.0 - share, 1.0 - share, 0.0, share]);
            let expected = share * one + (1.0 - share) * other;
            prop_assert!((mixed - expected).abs() < 1e-4 * expected.abs().max(1.0), "{mixed}, not {expected}");
        }

        #[test]
        fn losses_survive_a_file(kind in 0..KINDS.len()) {
            let loss = read(KINDS[kind]);
            let text = serde_json::to_string(&loss).unwrap();
            prop_assert_eq!(read(&text), loss);
        }
    }
}

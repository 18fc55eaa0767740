//! What training makes small, for classes of very different sizes.

mod options;
mod prepared;
#[cfg(test)]
mod tests;
mod weights;

use std::borrow::Cow;

use burn::tensor::{Device, Tensor, TensorData};
use counterpoise_base::{Description, nearest_name, plain_name};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use options::{
    Asymmetric, BalancedSoftmax, ClassBalanced, Confidence, CrossEntropy, Focal, Ldam, LogitAdjusted, Over,
    VectorScaling,
};
pub(crate) use prepared::PreparedLoss;
pub(crate) use weights::log_shares;
pub use weights::{ClassWeights, DeferredReweighting};

use self::prepared::{Mean, PerClass};
use self::weights::{check_beta, check_deferred, effective_weights, margins};
use crate::Error;
use crate::named::{Named, name_or_table};

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

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy(CrossEntropy::default())
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

    /// Whether rows of rare classes count more, or get wider margins, than those of others.
    pub fn favours_rare_classes(&self) -> bool {
        let weighs = |weights: &ClassWeights, drw: &Option<DeferredReweighting>| {
            *weights != ClassWeights::None || drw.is_some()
        };
        match self {
            Self::CrossEntropy(options) => weighs(&options.weights, &options.drw),
            Self::Focal(options) => weighs(&options.weights, &options.drw),
            Self::Asymmetric(_) => false,
            Self::ClassBalanced(_)
            | Self::Ldam(_)
            | Self::BalancedSoftmax(_)
            | Self::LogitAdjusted(_)
            | Self::VectorScaling(_) => true,
        }
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

fn row(values: &[f64], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let shape = [1, values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
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

//! What a class counts, from how many rows it has.

use std::borrow::Cow;
use std::fmt;

use counterpoise_base::plain_name;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::in_range;
use crate::{Error, Moment};

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

impl Default for DeferredReweighting {
    fn default() -> Self {
        Self {
            after: Moment::Share(0.8),
            beta: 0.9999,
        }
    }
}

pub(super) fn check_beta(method: &'static str, option: &'static str, beta: f64) -> Result<(), Error> {
    let range = "a number from 0 to below 1, such as 0.9999";
    in_range((0.0..1.0).contains(&beta), method, option, beta, range)
}

pub(super) fn check_deferred(
    deferred: Option<&DeferredReweighting>,
    method: &'static str,
) -> Result<(), Error> {
    deferred.map_or(Ok(()), |deferred| check_beta(method, "drw.beta", deferred.beta))
}

fn none_empty(counts: &[usize], method: &'static str) -> Result<(), Error> {
    match counts.iter().position(|&count| count == 0) {
        Some(class) => Err(Error::EmptyClass { method, class }),
        None => Ok(()),
    }
}

/// `(1 - beta) / (1 - beta^n)` for each class, scaled to sum to the number of classes.
pub(super) fn effective_weights(
    counts: &[usize],
    beta: f64,
    method: &'static str,
) -> Result<Vec<f64>, Error> {
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
pub(super) fn margins(counts: &[usize], most: f64, method: &'static str) -> Result<Vec<f64>, Error> {
    none_empty(counts, method)?;
    let least = counts.iter().copied().min().unwrap_or(1) as f64;
    let margin = |&count: &usize| most * (least / count as f64).powf(0.25);
    Ok(counts.iter().map(margin).collect())
}

impl ClassWeights {
    pub(super) fn check(&self, method: &'static str) -> Result<(), Error> {
        let Self::Given(weights) = self else { return Ok(()) };
        let bad = |weight: &&f64| !(**weight >= 0.0 && weight.is_finite());
        if let Some(&weight) = weights.iter().find(bad) {
            return in_range(false, method, "weights", weight, "numbers of 0 or more");
        }
        let good = weights.iter().any(|&weight| weight > 0.0);
        in_range(good, method, "weights", 0.0, "one weight above 0, or more")
    }

    pub(super) fn of(&self, counts: &[usize], method: &'static str) -> Result<Option<Vec<f64>>, Error> {
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

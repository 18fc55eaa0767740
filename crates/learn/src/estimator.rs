use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::learner::Task;
use crate::{Design, Error, Learner, LogisticRegression, Model, Training};

/// The learner inside another one: a name, or a table with `name` and options.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimator(pub Box<Learner>);

impl Default for Estimator {
    fn default() -> Self {
        Learner::Logistic(LogisticRegression::default()).into()
    }
}

impl From<Learner> for Estimator {
    fn from(learner: Learner) -> Self {
        Self(Box::new(learner))
    }
}

impl Serialize for Estimator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.0.name();
        if Learner::from_name(name).is_ok_and(|default| default == *self.0) {
            name.serialize(serializer)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Estimator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Learner;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the name of a model, or a table with `name` and its options")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Learner, E> {
                let told = |error: Error| {
                    let hint = error.hint().map_or(String::new(), |hint| format!("; {hint}"));
                    E::custom(format!("{error}{hint}"))
                };
                Learner::from_name(name).map_err(told)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Learner, A::Error> {
                Learner::deserialize(MapAccessDeserializer::new(map)).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(NameOrTable).map(Self::from)
    }
}

impl JsonSchema for Estimator {
    fn schema_name() -> Cow<'static, str> {
        "Estimator".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"], "x-words": "logistic, { name = \"logistic\", C = 0.2 }, …" })
    }
}

impl Estimator {
    /// Fails for options outside their range, and for a learner that compares groups itself.
    pub(crate) fn check(&self, outer: &'static str) -> Result<(), Error> {
        if self.0.needs_groups() {
            return Err(Error::OutOfRange {
                model: outer,
                option: "estimator",
                value: self.0.name().into(),
                range: "a model that does not compare groups itself, as `logistic` or `boosting`",
            });
        }
        self.0.check()
    }

    /// Fits it to other labels and weights of the same rows. Each fit has the same seed, so that it depends on labels and
    /// weights alone.
    pub(crate) fn fit(
        &self,
        task: &Task<'_>,
        design: &Design,
        labels: &[u32],
        weights: Option<&[f64]>,
        start: Option<&[f64]>,
    ) -> Result<Model, Error> {
        let classes: Vec<String> = task.classes.iter().map(|&class| class.to_owned()).collect();
        let data = Training {
            design,
            labels,
            classes: &classes,
            weights,
            groups: None,
        };
        self.0.fit_from(&data, &task.seed.child("estimator"), start)
    }
}

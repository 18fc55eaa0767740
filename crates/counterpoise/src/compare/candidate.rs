use counterpoise_learn::{Calibration, Learner};
use counterpoise_sampling::{Kind, Method, Resample as _};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::{Table, Value};

/// What is done about imbalance: nothing, something cheap, or resampling.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidate {
    /// `none`: the model as it is.
    None,
    /// `weights`: every class weighs the same in training.
    Weights,
    /// `threshold`: the model as it is, and a decision tuned for the first measure on inner folds.
    Threshold,
    /// `platt` or `isotonic`: probabilities calibrated on inner folds.
    Calibrated(Calibration),
    /// A resampler, applied to the training rows of each fold.
    Resampled(Method),
}

const CHEAP: [(&str, &str, Candidate); 5] = [
    ("none", "The model as it is.", Candidate::None),
    (
        "weights",
        "Every class weighs the same in training: rows of a class of `m` among `n` rows of `c` classes weigh `n / (c m)`.",
        Candidate::Weights,
    ),
    (
        "threshold",
        "The model as it is; the threshold, or one handicap a class, is tuned on inner folds of the training rows, for the first measure if that is accuracy, balanced accuracy, MCC, a G-mean or an F score, for F1 instead of precision, for balanced accuracy otherwise.",
        Candidate::Threshold,
    ),
    (
        "platt",
        "Probabilities are mended by Platt's curve, fitted on inner folds of the training rows.",
        Candidate::Calibrated(Calibration::Platt),
    ),
    (
        "isotonic",
        "Probabilities are mended by isotonic regression, fitted on inner folds of the training rows.",
        Candidate::Calibrated(Calibration::Isotonic),
    ),
];

impl Candidate {
    /// Name and meaning of those that make no rows.
    pub fn cheap() -> impl Iterator<Item = (&'static str, &'static str)> {
        CHEAP.iter().map(|(name, about, _)| (*name, *about))
    }

    /// The candidate of this name, a resampler with its default options.
    pub fn from_name(name: &str) -> Result<Self, counterpoise_sampling::Error> {
        let plain = counterpoise_base::plain_name(name);
        if let Some((_, _, cheap)) = CHEAP.iter().find(|(known, ..)| *known == plain) {
            return Ok(cheap.clone());
        }
        Method::from_name(name).map(Self::Resampled).map_err(|error| {
            let cheap = CHEAP.iter().map(|(known, ..)| *known);
            let near = counterpoise_base::nearest_name(&plain, cheap.clone());
            match (error, near) {
                (counterpoise_sampling::Error::UnknownMethod { name, suggestion }, near) => {
                    let suggestion = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if suggestion.starts_with("did you mean") => suggestion,
                        None => format!("{suggestion}, and `{}`", cheap.collect::<Vec<_>>().join("`, `")),
                    };
                    counterpoise_sampling::Error::UnknownMethod { name, suggestion }
                }
                (error, _) => error,
            }
        })
    }

    /// Those of these names that there are, with their default options.
    pub(super) fn all_of(names: &[&str]) -> Vec<Self> {
        names
            .iter()
            .filter_map(|name| Self::from_name(name).ok())
            .collect()
    }

    /// The name to type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resampled(method) => method.name(),
            other => CHEAP
                .iter()
                .find(|(.., cheap)| cheap == other)
                .map_or("none", |(name, ..)| name),
        }
    }

    /// The name, with options that are not the default ones; `favorable` is the class of the whole comparison.
    pub fn label(&self, favorable: Option<&str>) -> String {
        let Self::Resampled(method) = self else {
            return self.name().into();
        };
        let mut usual = Method::from_name(method.name()).ok();
        if let (Some(usual), Some(class)) = (&mut usual, favorable) {
            usual.set_favorable(class);
        }
        label(method.name(), method, usual.as_ref())
    }

    /// Whether it makes or removes rows.
    pub fn resamples(&self) -> bool {
        match self {
            Self::Resampled(method) => matches!(method.kind(), Kind::Rows | Kind::RowsOfThree),
            _ => false,
        }
    }

    /// Whether the class shares that a model is trained on may differ from those it meets.
    pub fn shifts_prior(&self) -> bool {
        matches!(self, Self::Resampled(_) | Self::Weights)
    }

    /// Whether it needs inner folds.
    pub fn needs_inner_folds(&self) -> bool {
        matches!(self, Self::Threshold | Self::Calibrated(_))
    }
}

/// A name with the options that are not the default ones: `smote (k_neighbors = 7)`.
pub(crate) fn label<T: Serialize>(name: &str, value: &T, default: Option<&T>) -> String {
    let table = |value: &T| {
        Value::try_from(value)
            .ok()
            .and_then(|value| value.as_table().cloned())
    };
    let (Some(given), Some(default)) = (table(value), default.and_then(table)) else {
        return name.into();
    };
    let other = |(option, value): (&String, &Value)| {
        (default.get(option) != Some(value)).then(|| format!("{option} = {value}").replace('"', ""))
    };
    let others: Vec<String> = given.iter().filter_map(other).collect();
    if others.is_empty() {
        name.into()
    } else {
        format!("{name} ({})", others.join(", "))
    }
}

impl Serialize for Candidate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Resampled(method) => method.serialize(serializer),
            other => other.name().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Candidate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(
            deserializer,
            |name| Self::from_name(name).map_err(|error| with_hint(&error.to_string(), error.hint())),
            |table| table_of(table, |name| Method::canonical_name(name).ok()).map(Self::Resampled),
        )
    }
}

/// Learners, each a name or a table with its options.
pub(crate) fn learners<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Learner>, D::Error> {
    struct One(Learner);
    impl<'de> Deserialize<'de> for One {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            named(
                deserializer,
                |name| Learner::from_name(name).map_err(|error| with_hint(&error.to_string(), error.hint())),
                |table| table_of(table, |name| Learner::canonical_name(name).ok()),
            )
            .map(One)
        }
    }
    Ok(Vec::<One>::deserialize(deserializer)?
        .into_iter()
        .map(|one| one.0)
        .collect())
}

fn with_hint(message: &str, hint: Option<String>) -> String {
    hint.map_or_else(|| message.to_owned(), |hint| format!("{message}; {hint}"))
}

/// A name, or a table with a name and options.
fn named<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    of_name: impl FnOnce(&str) -> Result<T, String>,
    of_table: impl FnOnce(Table) -> Result<T, String>,
) -> Result<T, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(name) => of_name(&name),
        Value::Table(table) => match table.get("name").and_then(Value::as_str) {
            None => Err("a table needs a `name`".into()),
            Some(name) if table.len() == 1 => of_name(name),
            Some(_) => of_table(table),
        },
        other => Err(format!("expected a name or a table with `name`, not {other}")),
    }
    .map_err(D::Error::custom)
}

fn table_of<T: DeserializeOwned>(
    mut table: Table,
    canonical: impl Fn(&str) -> Option<&'static str>,
) -> Result<T, String> {
    let name = table.get("name").and_then(Value::as_str).and_then(canonical);
    if let Some(name) = name {
        table.insert("name".into(), name.into());
    }
    T::deserialize(table).map_err(|error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct List {
        methods: Vec<Candidate>,
        #[serde(deserialize_with = "learners")]
        models: Vec<Learner>,
    }

    #[test]
    fn names_and_tables_stand_side_by_side_and_are_written_again() {
        let text = "methods = ['none', 'SMOTE', { name = 'smote', k_neighbors = 7 }]\nmodels = ['rf', { name = 'logistic', C = 0.1 }]";
        let list: List = toml::from_str(text).expect("names and tables");
        let labels: Vec<String> = list.methods.iter().map(|method| method.label(None)).collect();
        assert_eq!(labels, ["none", "smote", "smote (k_neighbors = 7)"]);
        let again: List =
            toml::from_str(&toml::to_string(&list).expect("plain data")).expect("what was written");
        assert_eq!(again, list);
    }

    #[test]
    fn default_names_are_names() {
        let compare = crate::Compare::default();
        assert_eq!((compare.methods.len(), compare.models.len()), (8, 2));
    }

    #[test]
    fn a_misspelt_candidate_is_guessed_among_all() {
        for (given, meant) in [("nonne", "none"), ("thresholt", "threshold"), ("smoet", "smote")] {
            let error = Candidate::from_name(given).expect_err("misspelt");
            assert!(
                error
                    .hint()
                    .is_some_and(|hint| hint.contains(&format!("`{meant}`"))),
                "{given}"
            );
        }
    }
}

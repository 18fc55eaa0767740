use std::num::NonZeroUsize;

use counterpoise_metrics::Bootstrap;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Asks why a classifier fails for some classes: what its last layer sees of them, and what it hangs on.
///
/// For any classifier that ends in a linear or a cosine layer, and for linear models over tables. It reads features that were
/// extracted before and trains nothing.
///
/// # Source
///
/// Dablain, Jacobson, Bellinger, Roberts and Chawla, "Understanding CNN Fragility When Learning With Imbalanced Data"
/// (arXiv 2210.09465). Formulas come from the code of three sister papers of the same group; of the paper itself its abstract
/// and opening were read. Each analysis says which of its numbers are of that code and which are ours. `top_k` and
/// `archetype_neighbors` are those of that code, 10 and 5; all other options are ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DiagnoseOptions {
    /// How many of its largest features stand for a class or a row; at most all there are.
    #[serde(alias = "k")]
    pub top_k: NonZeroUsize,
    /// Towards which class the contributions of a misclassified row are taken.
    pub contributions_of: ContributionsOf,
    /// Whose bias is added when contributions are counted that a prediction requires.
    pub bias_of: BiasOf,
    /// Neighbours that decide how typical a training row is of its class.
    pub archetype_neighbors: NonZeroUsize,
    /// Rows of each class that are asked for their neighbours, drawn by chance where it has more; none if 0. If absent,
    /// all of them, or as many as a search of minutes has time for, which a warning tells.
    pub neighbor_rows: Option<usize>,
    /// Most rows of which all pairs are measured, for medoids and mean distances; larger sets are drawn from by chance.
    pub pair_rows: NonZeroUsize,
    /// Largest number of rows or of features, whichever is smaller, for which an effective rank is computed; its time grows
    /// with the cube.
    pub spectrum: usize,
    /// How many numbers of each class are kept.
    pub detail: Detail,
    /// How often test rows are drawn anew for intervals; 0 leaves intervals out, else 20 at least.
    pub draws: usize,
    /// How often an interval should hold the true value, between 0 and 1.
    pub level: f64,
    /// Where draws come from.
    pub seed: u64,
}

/// Towards which class the contributions of a misclassified row are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContributionsOf {
    /// The class that is predicted: what spoke for the mistake.
    #[default]
    Predicted,
    /// The class it is of: what spoke for the right answer.
    True,
}

/// TOML and JSON read an unquoted `true` as a truth value, and it is the name of a class here.
impl<'de> Deserialize<'de> for ContributionsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = ContributionsOf;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("`predicted` or `true`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                match name {
                    "predicted" => Ok(ContributionsOf::Predicted),
                    "true" => Ok(ContributionsOf::True),
                    _ => Err(E::unknown_variant(name, &["predicted", "true"])),
                }
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                self.visit_str(if value { "true" } else { "false" })
            }
        }

        deserializer.deserialize_any(Name)
    }
}

/// Whose bias is added when contributions are counted that a prediction requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BiasOf {
    /// That of the predicted class, whose logit it is.
    #[default]
    Predicted,
    /// That of the true class, also for misclassified rows: what the authors' code does.
    Reference,
}

/// How many numbers of each class are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// All while classes times features, and classes times classes, are at most 100 000; else as `top`.
    #[default]
    Auto,
    /// A number for every feature of every class, and every pair of classes.
    Full,
    /// The largest features only.
    Top,
}

/// Most numbers that are kept unasked.
const UNASKED: usize = 100_000;

impl Detail {
    /// Whether all is kept of so many classes and features.
    pub(crate) fn full(self, classes: usize, width: usize) -> bool {
        match self {
            Self::Full => true,
            Self::Top => false,
            Self::Auto => classes * width.max(classes) <= UNASKED,
        }
    }
}

impl Default for DiagnoseOptions {
    fn default() -> Self {
        Self {
            top_k: NonZeroUsize::new(10).expect("10 is not 0"),
            contributions_of: ContributionsOf::default(),
            bias_of: BiasOf::default(),
            archetype_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            neighbor_rows: None,
            pair_rows: NonZeroUsize::new(2000).expect("2000 is not 0"),
            spectrum: 512,
            detail: Detail::default(),
            draws: 1000,
            level: 0.95,
            seed: 0,
        }
    }
}

impl DiagnoseOptions {
    /// Sets [`top_k`](Self::top_k).
    pub fn with_top_k(mut self, k: NonZeroUsize) -> Self {
        self.top_k = k;
        self
    }

    /// Sets [`contributions_of`](Self::contributions_of).
    pub fn with_contributions_of(mut self, class: ContributionsOf) -> Self {
        self.contributions_of = class;
        self
    }

    /// Sets [`bias_of`](Self::bias_of).
    pub fn with_bias_of(mut self, bias_of: BiasOf) -> Self {
        self.bias_of = bias_of;
        self
    }

    /// Sets [`neighbor_rows`](Self::neighbor_rows).
    pub fn with_neighbor_rows(mut self, rows: Option<usize>) -> Self {
        self.neighbor_rows = rows;
        self
    }

    /// Sets [`pair_rows`](Self::pair_rows).
    pub fn with_pair_rows(mut self, rows: NonZeroUsize) -> Self {
        self.pair_rows = rows;
        self
    }

    /// Sets [`spectrum`](Self::spectrum).
    pub fn with_spectrum(mut self, size: usize) -> Self {
        self.spectrum = size;
        self
    }

    /// Sets [`detail`](Self::detail).
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// Sets [`draws`](Self::draws).
    pub fn with_draws(mut self, draws: usize) -> Self {
        self.draws = draws;
        self
    }

    /// Sets [`seed`](Self::seed).
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The features that stand for a class, of so many.
    pub(crate) fn top_of(&self, width: usize) -> usize {
        self.top_k.get().min(width)
    }

    /// How rows are drawn for intervals; absent where no interval is asked for.
    pub(crate) fn bootstrap(&self, seed: u64) -> Option<Bootstrap> {
        let bootstrap = Bootstrap::new(seed).with_draws(self.draws).with_level(self.level);
        (self.draws > 0).then_some(bootstrap)
    }

    /// Refuses values outside their range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if (1..20).contains(&self.draws) || self.draws > 1_000_000 {
            return Err(Error::OutOfRange {
                option: "draws",
                value: self.draws.to_string(),
                range: "0, or 20 to 1000000",
            });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::OutOfRange {
                option: "level",
                value: self.level.to_string(),
                range: "above 0 and below 1",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Description;

    use super::*;

    #[test]
    fn every_option_is_described() {
        let description = Description::of::<DiagnoseOptions>("diagnose");
        assert!(description.source.contains("2210.09465"));
        assert_eq!(description.parameters.len(), 11);
        assert!(
            description
                .parameters
                .iter()
                .all(|option| !option.about.is_empty())
        );
        let default = |name: &str| {
            let option = description.parameters.iter().find(|option| option.name == name);
            option.map(|option| option.default.clone())
        };
        assert_eq!(default("top_k").as_deref(), Some("10"));
        assert_eq!(default("archetype_neighbors").as_deref(), Some("5"));
    }

    #[test]
    fn a_table_of_options_may_leave_some_out() {
        let options: DiagnoseOptions =
            serde_json::from_str(r#"{"k": 3, "bias_of": "reference", "detail": "top"}"#).unwrap();
        assert_eq!(
            (options.top_k.get(), options.bias_of, options.detail),
            (3, BiasOf::Reference, Detail::Top)
        );
        assert!(serde_json::from_str::<DiagnoseOptions>(r#"{"topk": 3}"#).is_err());
    }

    #[test]
    fn the_true_class_is_named_with_and_without_quotes() {
        let of = |value: &str| {
            let text = format!(r#"{{"contributions_of": {value}}}"#);
            serde_json::from_str::<DiagnoseOptions>(&text).map(|options| options.contributions_of)
        };
        assert_eq!(of("true").unwrap(), ContributionsOf::True);
        assert_eq!(of(r#""true""#).unwrap(), ContributionsOf::True);
        assert_eq!(of(r#""predicted""#).unwrap(), ContributionsOf::Predicted);
        for wrong in ["false", r#""truth""#] {
            let error = of(wrong).unwrap_err().to_string();
            assert!(error.contains("expected `predicted` or `true`"), "{error}");
        }
        assert!(of("3").unwrap_err().to_string().contains("`predicted` or `true`"));
    }
}

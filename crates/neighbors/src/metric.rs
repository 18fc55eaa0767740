use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far apart two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Metric {
    /// Euclidean if all columns are numeric, HEOM if one is categorical.
    #[default]
    Auto,
    /// Root of the sum of squared differences. Numeric columns only.
    Euclidean,
    /// Sum of absolute differences. Numeric columns only.
    Manhattan,
    /// One minus the cosine of the angle between two rows. Numeric columns only.
    Cosine,
    /// Heterogeneous Euclidean-overlap metric (Wilson and Martinez 1997, section 2.3): numeric differences are
    /// divided by the range of their column, categories count 0 if equal and 1 if not, a missing value is at
    /// distance 1 from everything.
    Heom,
}

impl Metric {
    /// The name users type and read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Euclidean => "euclidean",
            Self::Manhattan => "manhattan",
            Self::Cosine => "cosine",
            Self::Heom => "heom",
        }
    }
}

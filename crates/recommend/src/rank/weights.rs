use serde::{Deserialize, Serialize};

use crate::Error;

/// How much each part of a score counts. A score is the sum of parts, each a weight times a number in `[0, 1]`
/// (meaning and P(ELSI): `[-1, 1]`).
///
/// # Source
///
/// A convex sum of normalised scores ranks better than ranks that are fused (Bruch, Gai and Ingber, arXiv 2210.11934). The
/// bundled ones were tuned on 30 abstracts whose candidates were judged (`crates/counterpoise/data/elsi/gold.jsonl.zst`), but for
/// `references`, `recent` and `open_access`, of which those judgements say nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Weights {
    /// Which set of weights this is; every list and every export names it.
    pub version: String,
    /// Words in common: BM25, as a share of the best candidate's, or of a tenth of all words where that is more.
    pub words: f64,
    /// Bridge words in common, likewise.
    pub bridge: f64,
    /// Cosine of vectors, after what all documents of the library have in common is taken away.
    pub meaning: f64,
    /// Logit of P(ELSI), a sixth of it, within `[-1, 1]`.
    pub elsi: f64,
    /// Aspects that the text calls for and the document is about.
    pub aspects: f64,
    /// References in common.
    pub references: f64,
    /// Published lately.
    pub recent: f64,
    /// Free to read.
    pub open_access: f64,
}

impl Weights {
    /// For recommending literature on ethics, law and society.
    pub fn bundled() -> Self {
        Self::parse(include_str!("../../data/weights.json"), "weights.json")
            .expect("a test reads the file that is bundled")
    }

    /// Likeness alone, as engine checks ask for it.
    pub fn of_likeness(words: f64, meaning: f64) -> Self {
        Self {
            version: format!("likeness {words} {meaning}"),
            words,
            bridge: 0.0,
            meaning,
            elsi: 0.0,
            aspects: 0.0,
            references: 0.0,
            recent: 0.0,
            open_access: 0.0,
        }
    }

    /// Bridge words and aspects alone, as one of the rankings that a pool is drawn from.
    pub fn of_bridge() -> Self {
        Self {
            version: "bridge words and aspects".into(),
            words: 0.0,
            bridge: 1.0,
            meaning: 0.0,
            elsi: 0.0,
            aspects: 0.5,
            references: 0.0,
            recent: 0.0,
            open_access: 0.0,
        }
    }

    /// Reads a file of weights.
    ///
    /// # Errors
    ///
    /// If one is missing, is no number of 0 or more, or if all are 0.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let malformed = |problem: String| {
            Error::Malformed {
            file: file.into(),
            place: "weights".into(),
            problem,
            hint: Some("it holds `version`, a text, and numbers of 0 or more for `words`, `bridge`, `meaning`, `elsi`, `aspects`, `references`, `recent` and `open_access`".into()),
        }
        };
        let weights: Self = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        for (name, value) in weights.list() {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(malformed(format!("`{name}` is {value}, but has to be 0 or more")));
            }
        }
        if weights.list().iter().all(|(_, value)| *value == 0.0) {
            return Err(malformed("all are 0".into()));
        }
        Ok(weights)
    }

    /// Names and values, in the order of a bar.
    pub fn list(&self) -> [(&'static str, f64); 8] {
        [
            ("words", self.words),
            ("bridge", self.bridge),
            ("meaning", self.meaning),
            ("elsi", self.elsi),
            ("aspects", self.aspects),
            ("references", self.references),
            ("recent", self.recent),
            ("open_access", self.open_access),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_weights_are_read() {
        assert!(Weights::bundled().words > 0.0);
    }

    #[test]
    fn wrong_weights_are_named() {
        let text = include_str!("../../data/weights.json").replace("\"words\": 0", "\"words\": -0");
        let error = Weights::parse(&text, "mine.json").expect_err("one is below 0");
        assert!(error.to_string().contains("`words` is -0"), "{error}");
    }
}

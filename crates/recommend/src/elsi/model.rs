use serde::{Deserialize, Serialize};

use super::evidence::both;
use super::{AspectModel, Evidence};
use crate::dense::StaticTable;
use crate::lexicon::Lexicon;
use crate::library::{Assessment, DenseKind};
use crate::{Error, Record};

/// The form of a file of coefficients.
pub(super) const FORMAT: u32 = 2;

/// An aspect counts from so much evidence on.
pub(super) const ASPECT: f64 = 0.5;
/// Documents that are less likely on ethics, law and society have no aspects.
const LEAST_FOR_ASPECTS: f64 = 0.2;

/// A logistic regression over evidence and meaning, with its calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficients {
    /// Form of the file.
    pub format: u32,
    /// What it learnt from, for people.
    pub about: String,
    /// Which vectors it reads, and how long they are; 0 for none.
    pub dense: String,
    /// Numbers in a vector.
    pub dims: usize,
    /// Aspects of the lexicon, in order.
    pub aspects: Vec<String>,
    /// Constant part of the logit.
    pub intercept: f64,
    /// Of `any`, `title`, `venue`, `headings`, then of each aspect, then of each number of the vector.
    pub weights: Vec<f64>,
    /// Slope and constant of Platt's curve over the logit.
    pub calibration: [f64; 2],
    /// Of each aspect; empty where cues alone decide. Files of format 1 have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aspect_models: Vec<AspectModel>,
}

/// Numbers of evidence beside those of aspects.
pub(crate) const PLAIN: usize = 4;

impl Coefficients {
    /// What is used before anything was learnt: evidence alone.
    pub(crate) fn of_evidence(lexicon: &Lexicon) -> Self {
        let mut weights = vec![0.0; PLAIN + lexicon.aspects().len()];
        weights[0] = 4.0;
        weights[1] = 1.5;
        weights[2] = 1.0;
        Self {
            format: FORMAT,
            about: "cues of the lexicon, not learnt".into(),
            dense: "none".into(),
            dims: 0,
            aspects: lexicon
                .aspects()
                .iter()
                .map(|aspect| aspect.name.clone())
                .collect(),
            intercept: -3.5,
            weights,
            calibration: [1.0, 0.0],
            aspect_models: Vec::new(),
        }
    }

    /// Reads what [`train`](super::train) and [`train_aspects`](super::train_aspects) learnt, of this format or of an older one.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let malformed = |problem: String| Error::Malformed {
            file: file.into(),
            place: "coefficients of P(ELSI)".into(),
            problem,
            hint: Some("make it anew with `counterpoise elsi learn`".into()),
        };
        let read: Self = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        // Format 1 knows no regressions of aspects, and is the same otherwise.
        if !(1..=FORMAT).contains(&read.format) {
            return Err(malformed(format!("format {} instead of {FORMAT}", read.format)));
        }
        let length = PLAIN + read.aspects.len() + read.dims;
        let finite = read
            .weights
            .iter()
            .chain(&read.calibration)
            .chain([&read.intercept])
            .all(|value| value.is_finite());
        if read.weights.len() != length || !finite {
            return Err(malformed(format!("{length} finite weights are needed")));
        }
        let names = read.aspect_models.iter().map(|model| &model.measured.aspect);
        if !read.aspect_models.is_empty() && !names.eq(&read.aspects) {
            return Err(malformed("`aspect_models` are not those of `aspects`".into()));
        }
        for model in &read.aspect_models {
            let Some(regression) = &model.regression else {
                continue;
            };
            let finite = regression.numbers().all(|value| value.is_finite());
            if regression.weights.len() != length || !finite {
                let aspect = &model.measured.aspect;
                return Err(malformed(format!("`{aspect}` needs {length} finite weights")));
            }
        }
        Ok(read)
    }
}

/// Says of documents whether they are on ethics, law and society.
#[derive(Debug, Clone)]
pub struct Classifier {
    lexicon: Lexicon,
    coefficients: Coefficients,
}

impl Classifier {
    /// A lexicon, and coefficients that learnt with it.
    ///
    /// # Errors
    ///
    /// If the coefficients belong to other aspects.
    pub fn new(lexicon: Lexicon, coefficients: Coefficients) -> Result<Self, Error> {
        let names = lexicon.aspects().iter().map(|aspect| &aspect.name);
        if !names.eq(&coefficients.aspects) {
            return Err(Error::Malformed {
                file: "the lexicon".into(),
                place: "its aspects".into(),
                problem: "they are not those that the coefficients of P(ELSI) learnt with".into(),
                hint: Some("learn anew with `counterpoise elsi learn --lexicon FILE`, and give what it writes with `--classifier`".into()),
            });
        }
        Ok(Self {
            lexicon,
            coefficients,
        })
    }

    /// What comes with the program.
    pub fn bundled() -> Self {
        let coefficients = Coefficients::parse(include_str!("../../data/classifier.json"), "classifier.json");
        coefficients
            .and_then(|coefficients| Self::new(Lexicon::bundled(), coefficients))
            .expect("a test reads the file that is bundled")
    }

    /// Cues alone, for a lexicon that nothing was learnt with.
    pub fn of_evidence(lexicon: Lexicon) -> Self {
        let coefficients = Coefficients::of_evidence(&lexicon);
        Self {
            lexicon,
            coefficients,
        }
    }

    /// Fails if the coefficients read vectors that a library with this dense leg has not.
    pub(crate) fn suits(&self, dense: &DenseKind) -> Result<(), Error> {
        let reads = &self.coefficients;
        if reads.dims == 0 || reads.dense == DenseKind::Static.name() || reads.dense == dense.name() {
            return Ok(());
        }
        Err(Error::Malformed {
            file: "the classifier".into(),
            place: "its vectors".into(),
            problem: format!(
                "it learnt with `{}`, and the library compares meaning by `{}`",
                reads.dense,
                dense.name()
            ),
            hint: Some("learn anew from this library, with `counterpoise elsi learn --library DIR`".into()),
        })
    }

    /// The lexicon.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// The coefficients.
    pub fn coefficients(&self) -> &Coefficients {
        &self.coefficients
    }

    /// `vector` is that of the library, whose dense leg is `dense`. Coefficients that learnt with the table of words read that
    /// one, whatever the library has.
    pub(crate) fn assess(&self, record: &Record, vector: Option<&[f32]>, dense: &str) -> Assessment {
        let evidence = Evidence::of(&self.lexicon, record);
        let own;
        let vector = if self.coefficients.dims == 0 || self.coefficients.dense == dense {
            vector
        } else {
            own = StaticTable::bundled().embed(&format!("{}. {}", record.title, record.abstract_text));
            Some(own.as_slice())
        };
        let features = features(&evidence, vector, self.coefficients.dims);
        let sum = linear(&features, &self.coefficients.weights);
        let [slope, constant] = self.coefficients.calibration;
        let logit = slope * (sum + self.coefficients.intercept) + constant;
        let mut aspects = 0;
        if chance(logit) >= LEAST_FOR_ASPECTS {
            for (place, evidence) in evidence.aspects.iter().enumerate() {
                let model = self.coefficients.aspect_models.get(place);
                let regression = model.and_then(|model| model.regression.as_ref());
                // What a regression says counts as the weight of one more cue.
                let more = regression.map_or(0.0, |regression| regression.chance(&features));
                if both(*evidence, more) >= ASPECT {
                    aspects |= 1 << place;
                }
            }
        }
        Assessment {
            elsi: logit as f32,
            aspects,
        }
    }
}

/// From a logit.
pub(super) fn chance(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// A weighted sum of features; weights beyond them do not count.
pub(super) fn linear(features: &[f64], weights: &[f64]) -> f64 {
    features
        .iter()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum()
}

/// What a logistic regression reads of a document.
pub(crate) fn features(evidence: &Evidence, vector: Option<&[f32]>, dims: usize) -> Vec<f64> {
    let mut features = vec![evidence.any, evidence.title, evidence.venue, evidence.headings];
    features.extend(&evidence.aspects);
    match vector {
        Some(vector) if dims > 0 => features.extend(vector.iter().map(|value| f64::from(*value))),
        _ => features.extend(std::iter::repeat_n(0.0, dims)),
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_format_1_is_read_and_one_of_the_future_is_not() {
        let lexicon = Lexicon::bundled();
        let text = |format: u32| {
            let mut coefficients = Coefficients::of_evidence(&lexicon);
            coefficients.format = format;
            serde_json::to_string(&coefficients).expect("numbers are finite")
        };
        let old = Coefficients::parse(&text(1), "old.json").expect("format 1 is read");
        assert!(old.aspect_models.is_empty());
        assert!(Coefficients::parse(&text(FORMAT + 1), "new.json").is_err());
    }

    #[test]
    fn regressions_of_other_aspects_or_lengths_are_refused() {
        let lexicon = Lexicon::bundled();
        let mut coefficients = Coefficients::of_evidence(&lexicon);
        let model = |name: &String| AspectModel {
            measured: crate::AspectMeasures {
                aspect: name.clone(),
                ..crate::AspectMeasures::default()
            },
            regression: None,
        };
        coefficients.aspect_models = coefficients.aspects.iter().map(model).collect();
        let parse = |coefficients: &Coefficients| {
            let text = serde_json::to_string(coefficients).expect("numbers are finite");
            Coefficients::parse(&text, "a file")
        };
        assert!(parse(&coefficients).is_ok());
        coefficients.aspect_models[1].regression = Some(crate::AspectRegression {
            intercept: 0.0,
            weights: vec![0.0; 3],
            calibration: [1.0, 0.0],
        });
        let error = parse(&coefficients).expect_err("3 weights are too few");
        assert!(error.to_string().contains("needs 18 finite weights"), "{error}");
        coefficients.aspect_models.pop();
        assert!(parse(&coefficients).is_err());
    }

    #[test]
    fn the_bundled_file_is_read() {
        let bundled = Classifier::bundled();
        assert_eq!(
            bundled.coefficients().aspects.len(),
            bundled.lexicon().aspects().len()
        );
    }
}

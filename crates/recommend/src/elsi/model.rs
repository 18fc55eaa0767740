use serde::{Deserialize, Serialize};

use super::Evidence;
use crate::dense::StaticTable;
use crate::lexicon::Lexicon;
use crate::library::{Assessment, DenseKind};
use crate::{Error, Record};

/// The form of a file of coefficients.
const FORMAT: u32 = 1;

/// An aspect counts from so much evidence on.
const ASPECT: f64 = 0.5;
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
        }
    }

    /// Reads a file that [`train`](super::train) wrote.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let malformed = |problem: String| Error::Malformed {
            file: file.into(),
            place: "coefficients of P(ELSI)".into(),
            problem,
            hint: Some("make it anew with `counterpoise elsi learn`".into()),
        };
        let read: Self = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        if read.format != FORMAT {
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
        let sum: f64 = features
            .iter()
            .zip(&self.coefficients.weights)
            .map(|(value, weight)| value * weight)
            .sum();
        let [slope, constant] = self.coefficients.calibration;
        let logit = slope * (sum + self.coefficients.intercept) + constant;
        let mut aspects = 0;
        if 1.0 / (1.0 + (-logit).exp()) >= LEAST_FOR_ASPECTS {
            for (place, evidence) in evidence.aspects.iter().enumerate() {
                if *evidence >= ASPECT {
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

//! Which aspects a document is about, beyond what cues say.

use counterpoise_base::Observer;
use counterpoise_metrics::{Measure, Predictions};
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::evidence::both;
use super::logistic::Numbers;
use super::model::{ASPECT, PLAIN, chance, linear};
use super::train::{Example, TrainOptions, dims_of, features_of};
use crate::Error;
use crate::lexicon::Lexicon;

/// How an aspect is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AspectModel {
    /// Which aspect, and how well it is told.
    pub measured: AspectMeasures,
    /// What counts beside cues. Absent where cues alone decide: too few documents were judged to be about the aspect, or the
    /// regression was no better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<AspectRegression>,
}

/// How well an aspect is told among documents on ethics, law and society, measured on documents that a fold's model did not see.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AspectMeasures {
    /// Its name in the lexicon.
    pub aspect: String,
    /// Judged documents that are about it.
    pub judged: usize,
    /// Average precision of the evidence of cues.
    pub average_precision_lexicon: Option<f64>,
    /// Average precision of cues and regression together.
    pub average_precision_both: Option<f64>,
    /// F1 of cues alone.
    pub f1_lexicon: Option<f64>,
    /// F1 of what is saved: cues and regression, or cues alone. Which of them it is, was decided for each fold by the others.
    pub f1_both: Option<f64>,
}

impl AspectMeasures {
    /// Means over aspects that have a number, and the sum of what was judged.
    pub fn mean(all: &[Self]) -> Self {
        let mean = |value: fn(&Self) -> Option<f64>| {
            let values: Vec<f64> = all.iter().filter_map(value).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        Self {
            aspect: "mean".into(),
            judged: all.iter().map(|measured| measured.judged).sum(),
            average_precision_lexicon: mean(|measured| measured.average_precision_lexicon),
            average_precision_both: mean(|measured| measured.average_precision_both),
            f1_lexicon: mean(|measured| measured.f1_lexicon),
            f1_both: mean(|measured| measured.f1_both),
        }
    }
}

/// A logistic regression, with its calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AspectRegression {
    /// Constant part of the logit.
    pub intercept: f64,
    /// Of the numbers that [`Coefficients::weights`](super::Coefficients::weights) are of.
    pub weights: Vec<f64>,
    /// Slope and constant of Platt's curve over the logit.
    pub calibration: [f64; 2],
}

impl AspectRegression {
    /// The chance that a document on ethics, law and society is about the aspect.
    pub(super) fn chance(&self, features: &[f64]) -> f64 {
        let [slope, constant] = self.calibration;
        chance(slope * (linear(features, &self.weights) + self.intercept) + constant)
    }

    /// All of its numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &f64> {
        self.weights
            .iter()
            .chain(&self.calibration)
            .chain([&self.intercept])
    }
}

/// Learns which aspects documents are about, among those on ethics, law and society: for each aspect a logistic regression over
/// what P(ELSI) reads, balanced and calibrated as in [`train`](super::train). Its chance counts as the weight of one more cue.
/// An aspect keeps cues alone where fewer than [`least_judged`](TrainOptions::least_judged) documents are about it, or where F1
/// on documents that a model did not see is no better with the regression.
///
/// The result belongs into [`Coefficients::aspect_models`](super::Coefficients::aspect_models), beside what was learnt from the
/// same examples. The same for any number of threads.
///
/// # Errors
///
/// If an example names an aspect that the lexicon has not, and those of the method that balances.
pub fn train_aspects(
    lexicon: &Lexicon,
    examples: &[Example<'_>],
    options: &TrainOptions,
    observer: &dyn Observer,
) -> Result<Vec<AspectModel>, Error> {
    let names: Vec<&str> = lexicon
        .aspects()
        .iter()
        .map(|aspect| aspect.name.as_str())
        .collect();
    let mut given = examples.iter().flat_map(|example| example.aspects);
    if let Some(unknown) = given.find(|name| !names.contains(&name.as_str())) {
        return Err(Error::UnknownChoice {
            what: "aspect",
            name: unknown.clone(),
            known: names.join(", "),
        });
    }
    let examples: Vec<Example<'_>> = examples.iter().filter(|example| example.elsi).copied().collect();
    let dims = dims_of(&examples);
    let evidence: Vec<Evidence> = examples
        .iter()
        .map(|example| Evidence::of(lexicon, example.record))
        .collect();
    let mut data = Numbers {
        width: PLAIN + names.len() + dims,
        evidence: PLAIN + names.len(),
        rows: features_of(&examples, &evidence, dims),
        labels: Vec::new(),
        weights: examples.iter().map(|example| example.weight).collect(),
    };
    let mut models = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let is_about = |example: &Example<'_>| example.aspects.iter().any(|about| about == name);
        data.labels = examples
            .iter()
            .map(|example| u32::from(is_about(example)))
            .collect();
        let cues: Vec<f64> = evidence.iter().map(|evidence| evidence.aspects[place]).collect();
        models.push(one(name, &data, &cues, options, observer)?);
    }
    Ok(models)
}

/// One aspect, whose documents are labelled.
fn one(
    name: &str,
    data: &Numbers,
    cues: &[f64],
    options: &TrainOptions,
    observer: &dyn Observer,
) -> Result<AspectModel, Error> {
    let all: Vec<usize> = (0..cues.len()).collect();
    let judged = data.labels.iter().filter(|label| **label == 1).count();
    let by_cues: Vec<bool> = cues.iter().map(|evidence| *evidence >= ASPECT).collect();
    let mut measured = AspectMeasures {
        aspect: name.into(),
        judged,
        average_precision_lexicon: average_precision(data, cues)?,
        f1_lexicon: f1(data, &by_cues, &all),
        ..AspectMeasures::default()
    };
    let rest = cues.len() - judged;
    let least = options.folds.max(2);
    if judged < least.max(options.least_judged) || rest < least {
        measured.average_precision_both = measured.average_precision_lexicon;
        measured.f1_both = measured.f1_lexicon;
        return Ok(AspectModel {
            measured,
            regression: None,
        });
    }
    let fitted = data.learn(["not about an aspect", "about an aspect"], options, observer)?;
    let together: Vec<f64> = cues
        .iter()
        .zip(&fitted.held_out)
        .map(|(a, b)| both(*a, *b))
        .collect();
    let by_both: Vec<bool> = together.iter().map(|evidence| *evidence >= ASPECT).collect();
    let is_better = |rows: &[usize]| f1(data, &by_both, rows) > f1(data, &by_cues, rows);
    // A fold has no say in how its own documents are told.
    let chosen: Vec<bool> = (0..options.folds)
        .map(|fold| {
            let others: Vec<usize> = all
                .iter()
                .copied()
                .filter(|row| fitted.folds[*row] != fold)
                .collect();
            is_better(&others)
        })
        .collect();
    let told: Vec<bool> = all
        .iter()
        .map(|&row| {
            if chosen[fitted.folds[row]] {
                by_both[row]
            } else {
                by_cues[row]
            }
        })
        .collect();
    measured.average_precision_both = average_precision(data, &together)?;
    measured.f1_both = f1(data, &told, &all);
    Ok(AspectModel {
        measured,
        regression: is_better(&all).then_some(AspectRegression {
            intercept: fitted.intercept,
            weights: fitted.weights,
            calibration: fitted.calibration,
        }),
    })
}

/// As of documents in the corpus. Absent if no document is about the aspect.
fn average_precision(data: &Numbers, scores: &[f64]) -> Result<Option<f64>, Error> {
    let classes = ["other".to_owned(), "about".to_owned()];
    let predicted = vec![0; scores.len()];
    let probabilities: Vec<f64> = scores.iter().flat_map(|score| [1.0 - score, *score]).collect();
    let measure: Measure = "average-precision:about".parse()?;
    let rows = Predictions::new(&classes, &data.labels, &predicted)?
        .with_probabilities(&probabilities)?
        .with_weights(&data.weights)?;
    Ok(measure.value(&rows))
}

/// F1 over some rows, as of documents in the corpus. Absent if nothing is about the aspect, and nothing is told to be.
fn f1(data: &Numbers, told: &[bool], rows: &[usize]) -> Option<f64> {
    let sum = |is_about: bool, is_told: bool| {
        rows.iter()
            .filter(|row| (data.labels[**row] == 1) == is_about && told[**row] == is_told)
            .map(|row| data.weights[*row])
            .sum::<f64>()
    };
    let right = sum(true, true);
    let all = 2.0 * right + sum(true, false) + sum(false, true);
    (all > 0.0).then(|| 2.0 * right / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::elsi::{Balance, Classifier, train};

    fn titled(title: &str) -> Record {
        Record {
            title: title.into(),
            ..Record::default()
        }
    }

    /// Documents on ownership, half of which say so in words that are no cues and that vectors know; on ethics; and on neither.
    fn documents() -> Vec<(Record, Vec<f32>, bool, Vec<String>)> {
        let mut documents = Vec::new();
        for place in 0..24_usize {
            let wobble = (place % 5) as f32 * 0.01;
            let title = if place % 2 == 0 {
                "Patent law"
            } else {
                "Who holds what"
            };
            let about = vec!["ownership".to_owned()];
            documents.push((titled(title), vec![1.0, wobble], true, about));
            documents.push((titled("Ethics of life"), vec![wobble, 1.0], true, Vec::new()));
            documents.push((titled("A toggle switch"), vec![-1.0, wobble], false, Vec::new()));
        }
        documents
    }

    fn examples(documents: &[(Record, Vec<f32>, bool, Vec<String>)]) -> Vec<Example<'_>> {
        let mut examples = Vec::new();
        for (record, vector, elsi, aspects) in documents {
            examples.push(Example {
                record,
                vector: Some(vector),
                elsi: *elsi,
                aspects,
                weight: 1.0,
            });
        }
        examples
    }

    fn learnt(options: &TrainOptions) -> Vec<AspectModel> {
        let documents = documents();
        train_aspects(&Lexicon::bundled(), &examples(&documents), options, &()).expect("enough documents")
    }

    fn of<'a>(models: &'a [AspectModel], name: &str) -> &'a AspectModel {
        let mut models = models.iter();
        models
            .find(|model| model.measured.aspect == name)
            .expect("every aspect has one")
    }

    #[test]
    fn an_aspect_is_told_without_a_cue_where_vectors_say_so() {
        let documents = documents();
        let (lexicon, options) = (Lexicon::bundled(), TrainOptions::default());
        let examples = examples(&documents);
        let mut coefficients = train(&lexicon, &examples, "some", "documents of a test", &options, &())
            .expect("enough documents")
            .coefficients;
        coefficients.aspect_models =
            train_aspects(&lexicon, &examples, &options, &()).expect("enough documents");
        let ownership = of(&coefficients.aspect_models, "ownership");
        assert_eq!(ownership.measured.judged, 24);
        assert!(ownership.regression.is_some(), "{:?}", ownership.measured);
        assert!(
            ownership.measured.f1_both > ownership.measured.f1_lexicon,
            "{:?}",
            ownership.measured
        );
        let text = serde_json::to_string(&coefficients).expect("numbers are finite");
        let read = crate::Coefficients::parse(&text, "a file").expect("it was written so");
        let with = Classifier::new(lexicon.clone(), read).expect("the same aspects");
        let place = lexicon
            .aspects()
            .iter()
            .position(|aspect| aspect.name == "ownership");
        let bit = 1_u32 << place.expect("it is there");
        let told = |classifier: &Classifier, title: &str, vector: &[f32]| {
            classifier.assess(&titled(title), Some(vector), "some").aspects & bit != 0
        };
        assert!(told(&with, "Who holds what", &[1.0, 0.02]));
        assert!(!told(&with, "Ethics of life", &[0.02, 1.0]));
        coefficients.aspect_models.clear();
        let without = Classifier::new(lexicon, coefficients).expect("the same aspects");
        assert!(!told(&without, "Who holds what", &[1.0, 0.02]));
    }

    #[test]
    fn cues_alone_decide_where_little_was_judged() {
        let models = learnt(&TrainOptions::default().with_least_judged(25));
        let ownership = of(&models, "ownership");
        assert_eq!(ownership.regression, None);
        assert_eq!(ownership.measured.f1_both, ownership.measured.f1_lexicon);
        let health = of(&models, "health");
        assert_eq!(
            (health.measured.judged, health.measured.average_precision_both),
            (0, None)
        );
    }

    #[test]
    fn balancing_and_threads_change_nothing_from_one_time_to_the_next() {
        let options = TrainOptions::default().with_balance(Balance::from_name("smote").expect("a method"));
        let first = learnt(&options);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        assert_eq!(pool.expect("threads").install(|| learnt(&options)), first);
    }

    #[test]
    fn an_aspect_that_the_lexicon_has_not_is_refused() {
        let mut documents = documents();
        documents[0].3.push("ownrship".into());
        let error = train_aspects(
            &Lexicon::bundled(),
            &examples(&documents),
            &TrainOptions::default(),
            &(),
        );
        assert_eq!(error.expect_err("it is none").code(), "recommend.unknown-choice");
    }

    #[test]
    fn means_leave_out_what_is_not_there() {
        let measured = |judged, f1_both| AspectMeasures {
            judged,
            f1_both,
            ..AspectMeasures::default()
        };
        let mean = AspectMeasures::mean(&[measured(1, Some(0.2)), measured(2, None), measured(3, Some(0.4))]);
        assert_eq!((mean.judged, mean.f1_lexicon), (6, None));
        assert!((mean.f1_both.expect("two have one") - 0.3).abs() < 1e-12);
    }
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Warning, counted};
use counterpoise_metrics::{Measure, Predictions};
use counterpoise_recommend::{
    AspectMeasures, Balance, Coefficients, Error as RecommendError, Example, Judgement, Lexicon, Library,
    Record, TrainOptions, Verdict, train, train_aspects,
};
use serde::Serialize;

use super::judge::Relevance;
use crate::Error;

/// From judgements to P(ELSI).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LearnElsi {
    /// Lines of JSON that `counterpoise elsi judge` writes; none for those that come with the program.
    pub judgements: Vec<PathBuf>,
    /// What is done about rarity in what is saved.
    pub balance: String,
    /// All that are compared.
    pub compared: Vec<String>,
    /// Inverse strength of the penalty of the logistic regression.
    pub c: f64,
    /// Root of everything random.
    pub seed: u64,
}

impl Default for LearnElsi {
    fn default() -> Self {
        let names = [
            "none",
            "weights",
            "random-over-sampler",
            "smote",
            "borderline-smote",
            "adasyn",
            "random-under-sampler",
        ];
        Self {
            judgements: Vec::new(),
            balance: "smote".into(),
            compared: names.map(str::to_owned).to_vec(),
            c: 0.01,
            seed: 42,
        }
    }
}

/// How P(ELSI) does with one way to treat rarity, measured on documents that a fold's model did not see.
#[derive(Debug, Clone, Serialize)]
pub struct Balanced {
    /// The way.
    pub balance: String,
    /// Values, in the order of [`LearntElsi::measures`].
    pub values: Vec<Option<f64>>,
}

/// What was learnt.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LearntElsi {
    /// Documents that were judged and are in the library.
    pub documents: usize,
    /// Those on ethics, law and society.
    pub elsi: usize,
    /// Names of the measures.
    pub measures: Vec<String>,
    /// Each way to treat rarity.
    pub compared: Vec<Balanced>,
    /// How well aspects are told by the lexicon alone and with a classifier, measured on documents that a fold's model did not see.
    pub aspects: Vec<AspectMeasures>,
    /// Means over aspects.
    pub aspects_mean: AspectMeasures,
    /// To be saved.
    #[serde(skip)]
    pub coefficients: Coefficients,
    /// What looked odd.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// Judgements that come with the program: 2000 bundled titles, most of them drawn among those with a cue of the lexicon, each read
/// twice by readers who are not experts.
const BUNDLED: &str = counterpoise_recommend::BUNDLED_JUDGEMENTS;

/// The class whose recall matters.
const ELSI: &str = "elsi";

/// Learns P(ELSI) from judged documents of a library.
///
/// # Errors
///
/// If a judgement is malformed, and if too few documents of a class were judged.
pub fn learn_elsi(
    library: &Library,
    options: &LearnElsi,
    observer: &dyn Observer,
) -> Result<LearntElsi, Error> {
    let (judged, missing) = judged(library, options)?;
    let records: Vec<(Record, Option<Vec<f32>>, Verdict)> = judged
        .into_iter()
        .map(|(number, read)| {
            Ok((
                library.record(number)?,
                library.vector(number),
                Verdict::of(&read),
            ))
        })
        .collect::<Result<_, RecommendError>>()?;
    let examples: Vec<Example<'_>> = records
        .iter()
        .map(|(record, vector, verdict)| Example {
            record,
            vector: vector.as_deref(),
            elsi: verdict.elsi,
            aspects: &verdict.aspects,
            weight: verdict.weight,
        })
        .collect();
    let lexicon = Lexicon::bundled();
    let elsi = examples.iter().filter(|example| example.elsi).count();
    let about = format!(
        "{} judged, {elsi} of them on ethics, law and society",
        counted(examples.len(), "document")
    );
    let dense = library.dense().name();
    let how = |balance: &str| {
        let how = TrainOptions::default()
            .with_balance(Balance::from_name(balance)?)
            .with_c(options.c)
            .with_seed(options.seed);
        Ok::<_, RecommendError>(how)
    };
    let learn = |balance: &str| {
        let learnt = train(&lexicon, &examples, &dense, &about, &how(balance)?, observer);
        learnt.map_err(|error| of_library(error, missing))
    };
    let names = [
        format!("average-precision:{ELSI}"),
        format!("roc-auc:{ELSI}"),
        format!("recall:{ELSI}"),
        format!("precision:{ELSI}"),
        format!("f1:{ELSI}"),
        "balanced-accuracy".into(),
        "g-mean".into(),
        "ece".into(),
    ];
    let measures: Vec<Measure> = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let truth: Vec<u32> = examples.iter().map(|example| u32::from(example.elsi)).collect();
    let weights: Vec<f64> = examples.iter().map(|example| example.weight).collect();
    let mut compared = Vec::new();
    for balance in &options.compared {
        let learnt = learn(balance)?;
        compared.push(Balanced {
            balance: balance.clone(),
            values: measured(&learnt.held_out, &truth, &weights, &measures)?,
        });
    }
    let mut coefficients = learn(&options.balance)?.coefficients;
    coefficients.aspect_models = train_aspects(&lexicon, &examples, &how(&options.balance)?, observer)?;
    let aspects: Vec<AspectMeasures> = coefficients
        .aspect_models
        .iter()
        .map(|model| model.measured.clone())
        .collect();
    let mut warnings = Vec::new();
    if missing > 0 {
        warnings.push(Warning::new("elsi.not-there", of_others(missing)));
    }
    Ok(LearntElsi {
        documents: examples.len(),
        elsi,
        measures: names.to_vec(),
        compared,
        aspects_mean: AspectMeasures::mean(&aspects),
        aspects,
        coefficients,
        warnings,
    })
}

/// Values of measures of chances, as of documents in the corpus.
pub(crate) fn measured(
    chances: &[f64],
    truth: &[u32],
    weights: &[f64],
    measures: &[Measure],
) -> Result<Vec<Option<f64>>, Error> {
    as_predictions(chances, truth, weights, |rows| {
        Ok(measures.iter().map(|measure| measure.value(rows)).collect())
    })
}

/// Reads chances of being on ethics, law and society as predictions, told from a half on.
pub(crate) fn as_predictions<T>(
    chances: &[f64],
    truth: &[u32],
    weights: &[f64],
    read: impl FnOnce(&Predictions<'_>) -> Result<T, counterpoise_metrics::Error>,
) -> Result<T, Error> {
    let classes = ["other".to_owned(), ELSI.to_owned()];
    let predicted: Vec<u32> = chances.iter().map(|chance| u32::from(*chance >= 0.5)).collect();
    let probabilities: Vec<f64> = chances
        .iter()
        .flat_map(|chance| [1.0 - chance, *chance])
        .collect();
    Predictions::new(&classes, truth, &predicted)
        .and_then(|rows| rows.with_probabilities(&probabilities))
        .and_then(|rows| rows.with_weights(weights))
        .and_then(|rows| read(&rows))
        .map_err(Error::Metrics)
}

/// What was said of each document that was judged, by number.
type Judged = BTreeMap<u32, Vec<Judgement>>;

/// Judgements of documents of the library, and how many are of others.
fn judged(library: &Library, options: &LearnElsi) -> Result<(Judged, usize), Error> {
    let mut all = Vec::new();
    if options.judgements.is_empty() {
        all.extend(lines(Path::new("judgements.jsonl"), BUNDLED.as_bytes())?);
    }
    for path in &options.judgements {
        let file = std::fs::File::open(path).map_err(|source| super::ingest::cannot_read(path, source))?;
        all.extend(lines(path, std::io::BufReader::new(file))?);
    }
    let mut judged = Judged::new();
    let mut missing = 0;
    for judgement in all {
        match library.find_any(&judgement.id)? {
            None => missing += 1,
            Some(number) => judged.entry(number).or_default().push(judgement),
        }
    }
    Ok((judged, missing))
}

fn of_others(missing: usize) -> String {
    format!(
        "{} of documents that are not in the library",
        counted(missing, "judgement")
    )
}

/// That too few were judged, with those that do not count because their documents are elsewhere.
fn of_library(error: RecommendError, missing: usize) -> RecommendError {
    match error {
        RecommendError::TooFewJudged {
            class,
            documents,
            needed,
        } if missing > 0 => RecommendError::TooFewJudgedHere {
            class,
            documents,
            needed,
            elsewhere: missing,
        },
        other => other,
    }
}

const JUDGEMENT: &str =
    "each line is `{\"id\": \"doi:10.1000/182\", \"elsi\": 2}`, with 0 for no, 1 for partly and 2 for yes";

/// Reads judgements, a line each.
pub(crate) fn lines(path: &Path, input: impl std::io::BufRead) -> Result<Vec<Judgement>, Error> {
    let mut judgements = Vec::new();
    for (place, line) in input.lines().enumerate() {
        let line = line.map_err(|source| super::ingest::cannot_read(path, source))?;
        if line.trim().is_empty() {
            continue;
        }
        let malformed = |problem: String, hint: &str| RecommendError::Malformed {
            file: path.display().to_string(),
            place: format!("line {}", place + 1),
            problem,
            hint: Some(hint.into()),
        };
        let judgement: Judgement = match serde_json::from_str(&line) {
            Ok(judgement) => judgement,
            Err(_) if serde_json::from_str::<Relevance>(&line).is_ok() => {
                return Err(malformed(
                    "this judges a document for a text, and not by itself".into(),
                    "`counterpoise elsi judge FILE.jsonl` without `--question` makes judgements of documents",
                )
                .into());
            }
            Err(error) => return Err(malformed(error.to_string(), JUDGEMENT).into()),
        };
        if judgement.elsi > 2 || !(judgement.weight > 0.0 && judgement.weight.is_finite()) {
            return Err(malformed("grades are 0, 1 or 2, and weights are above 0".into(), JUDGEMENT).into());
        }
        judgements.push(judgement);
    }
    Ok(judgements)
}

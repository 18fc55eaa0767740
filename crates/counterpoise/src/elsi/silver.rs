use std::collections::HashMap;
use std::path::Path;

use counterpoise_base::Observer;
use counterpoise_metrics::{Bootstrap, Measure};
use counterpoise_recommend::{Balance, Example, Lexicon, Library, Record, TrainOptions, train};
use serde::Serialize;

use super::recipe::read_by_paper;
use crate::Error;

/// Draws of intervals.
const DRAWS: usize = 1000;
const SEED: u64 = 42;
/// Inverse strength of the penalty, as of the shipped coefficients.
const C: f64 = 0.01;
/// How rarity is treated in models that learn from silver labels.
const COMPARED: [&str; 5] = [
    "none",
    "weights",
    "random-over-sampler",
    "smote",
    "random-under-sampler",
];

/// P(ELSI) beside labels that nobody checked paper by paper.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SilverCheck {
    /// Documents with a label of the library.
    pub documents: usize,
    /// Those of clusters on ethics, law and society.
    pub elsi: usize,
    /// Documents left out, as their cluster is neither surely so nor surely not.
    pub unsure: usize,
    /// Documents with a label that the library has not.
    pub missing: usize,
    /// Names of the measures.
    pub measures: Vec<String>,
    /// What was measured.
    pub rows: Vec<SilverRow>,
}

/// One way to tell.
#[derive(Debug, Clone, Serialize)]
pub struct SilverRow {
    /// The way.
    pub name: String,
    /// What it learnt from.
    pub about: String,
    /// Values, in the order of [`SilverCheck::measures`].
    pub values: Vec<Option<f64>>,
    /// The 95 % interval of average precision.
    pub interval: Option<(f64, f64)>,
}

/// Measures P(ELSI) on silver labels: documents of clusters whose names sound like ethics, law and society. `folder` holds `papers.tsv`
/// (`openalex_id`, `high`, `mid`, `low`) and `clusters.tsv` (`high`, `mid`, `low`, `silver`: elsi, maybe or no).
///
/// The labels are for evaluation alone: nothing that is shipped learns from them. They come from clusters of the same titles, so
/// models that learn from them look better than they are.
///
/// # Errors
///
/// If a file or a column is missing, and if no document of the library has a label.
pub fn silver_check(library: &Library, folder: &Path, observer: &dyn Observer) -> Result<SilverCheck, Error> {
    let labels = labels(folder)?;
    let lexicon = Lexicon::bundled();
    let chances = library.chances();
    let (mut unsure, mut missing) = (0, 0);
    let mut rows: Vec<(Record, Option<Vec<f32>>, bool)> = Vec::new();
    let mut shipped = Vec::new();
    for (id, label) in &labels {
        let Some(elsi) = label else {
            unsure += 1;
            continue;
        };
        let Some(number) = library.find(&format!("openalex:{id}"))? else {
            missing += 1;
            continue;
        };
        rows.push((library.record(number)?, library.vector(number), *elsi));
        shipped.push(chances[number as usize]);
    }
    let examples: Vec<Example<'_>> = rows
        .iter()
        .map(|(record, vector, elsi)| Example {
            record,
            vector: vector.as_deref(),
            elsi: *elsi,
            aspects: &[],
            weight: 1.0,
        })
        .collect();
    let truth: Vec<u32> = examples.iter().map(|example| u32::from(example.elsi)).collect();
    let elsi = truth.iter().filter(|label| **label == 1).count();
    if elsi < 10 || elsi + 10 > truth.len() {
        return Err(Error::Config {
            place: folder.display().to_string(),
            problem: format!(
                "{elsi} of {} documents that the library knows are labelled elsi; 10 of each kind are needed",
                truth.len()
            ),
            hint: Some("the ids of papers.tsv are those of OpenAlex, such as W2769086206".into()),
        });
    }
    let names = [
        "average-precision:elsi",
        "roc-auc:elsi",
        "recall:elsi",
        "precision:elsi",
        "f1:elsi",
        "balanced-accuracy",
        "g-mean",
        "ece",
    ];
    let measures: Vec<Measure> = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let row = |name: &str, about: &str, chances: &[f64], truth: &[u32]| {
        let weights = vec![1.0; truth.len()];
        Ok::<_, Error>(SilverRow {
            name: name.into(),
            about: about.into(),
            values: super::learn::measured(chances, truth, &weights, &measures)?,
            interval: super::learn::as_predictions(chances, truth, &weights, |rows| {
                let bootstrap = Bootstrap::new(SEED).with_draws(DRAWS);
                Ok(bootstrap.intervals(&measures[..1], rows, observer)?[0].interval)
            })?,
        })
    };
    let by_rule: Vec<f64> = examples
        .iter()
        .map(|example| f64::from(u8::from(lexicon.paper_rule(&read_by_paper(example.record)))))
        .collect();
    let mut found = vec![
        row("the paper's 15 words", "nothing learnt", &by_rule, &truth)?,
        row(
            "shipped",
            "learnt from our own judgements, never from these labels",
            &shipped,
            &truth,
        )?,
    ];
    let dense = library.dense().name();
    let learnt = |examples: &[Example<'_>], balance: &str| {
        let options = TrainOptions::default()
            .with_balance(Balance::from_name(balance)?)
            .with_c(C)
            .with_seed(SEED);
        train(&lexicon, examples, &dense, "silver labels", &options, observer)
    };
    for balance in COMPARED {
        let held_out = learnt(&examples, balance)?.held_out;
        let name = format!("silver, {balance}");
        found.push(row(
            &name,
            "learnt from these labels in 5 folds, balanced and calibrated inside of them",
            &held_out,
            &truth,
        )?);
    }
    // What goes wrong where rows are made before they are dealt into folds: copies of a document are on both sides.
    let mut copied = examples.clone();
    let rare: Vec<Example<'_>> = examples.iter().copied().filter(|example| example.elsi).collect();
    copied.extend(rare.iter().cycle().take(truth.len() - 2 * elsi).copied());
    let labels_of_copies: Vec<u32> = copied.iter().map(|example| u32::from(example.elsi)).collect();
    let held_out = learnt(&copied, "none")?.held_out;
    found.push(row(
        "silver, copied before folds",
        "how not to do it: copies of a document are learnt from and tested on, and half of the test is on ethics, law and society",
        &held_out,
        &labels_of_copies,
    )?);
    Ok(SilverCheck {
        documents: truth.len(),
        elsi,
        unsure,
        missing,
        measures: names.map(str::to_owned).to_vec(),
        rows: found,
    })
}

/// Ids of OpenAlex in the order of the file, and whether each is on ethics, law and society; `None` where that is unsure.
fn labels(folder: &Path) -> Result<Vec<(String, Option<bool>)>, Error> {
    let mut clusters: HashMap<[String; 3], Option<bool>> = HashMap::new();
    let path = folder.join("clusters.tsv");
    for (line, row) in columns(&path, ["high", "mid", "low", "silver"])?
        .into_iter()
        .enumerate()
    {
        let [high, mid, low, silver] = row;
        let label = match silver.as_str() {
            "elsi" => Some(true),
            "no" => Some(false),
            "maybe" => None,
            other => {
                return Err(malformed(
                    &path,
                    &format!("line {}, column `silver`", line + 2),
                    format!("`{other}` is none of elsi, maybe and no"),
                ));
            }
        };
        clusters.insert([high, mid, low], label);
    }
    let path = folder.join("papers.tsv");
    let papers = columns(&path, ["openalex_id", "high", "mid", "low"])?;
    papers
        .into_iter()
        .enumerate()
        .map(|(line, [id, high, mid, low])| {
            let name = format!("{high}, {mid}, {low}");
            let label = clusters.get(&[high, mid, low]).ok_or_else(|| {
                malformed(
                    &path,
                    &format!("line {}", line + 2),
                    format!("clusters.tsv has no cluster {name}"),
                )
            })?;
            Ok((id, *label))
        })
        .collect()
}

fn columns<const N: usize>(path: &Path, wanted: [&str; N]) -> Result<Vec<[String; N]>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| super::ingest::cannot_read(path, source))?;
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines
        .next()
        .map(|(_, line)| line.split('\t').collect())
        .unwrap_or_default();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(wanted) {
        *place = header
            .iter()
            .position(|column| *column == name)
            .ok_or_else(|| malformed(path, "line 1", format!("there is no column `{name}`")))?;
    }
    let rows = lines.filter(|(_, line)| !line.is_empty());
    rows.map(|(number, line)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |place: usize| {
            cells.get(place).map(|cell| (*cell).to_owned()).ok_or_else(|| {
                let problem = format!("there are {} cells, {} are needed", cells.len(), place + 1);
                malformed(path, &format!("line {}", number + 1), problem)
            })
        };
        let mut row = [const { String::new() }; N];
        for (value, place) in row.iter_mut().zip(places) {
            *value = cell(place)?;
        }
        Ok(row)
    })
    .collect()
}

fn malformed(path: &Path, place: &str, problem: String) -> Error {
    Error::Recommend(counterpoise_recommend::Error::Malformed {
        file: path.display().to_string(),
        place: place.into(),
        problem,
        hint: Some(
            "papers.tsv has the columns openalex_id, high, mid and low, clusters.tsv high, mid, low and silver"
                .into(),
        ),
    })
}

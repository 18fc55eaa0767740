use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use counterpoise_recommend::{
    Error as RecommendError, Judgement, Library, Question, RecommendOptions, Recommender, Weights,
};
use serde::{Deserialize, Serialize};

use super::learn::lines;
use crate::{Error, write_text};

/// What to judge next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Queue {
    /// In turn the likeliest and the most uncertain.
    Mixed,
    /// The likeliest to be on ethics, law and society first: to find all of them.
    Likely,
    /// Those nearest to a chance of a half first: to learn most.
    Uncertain,
}

impl Queue {
    /// From `mixed`, `likely` and `uncertain`.
    ///
    /// # Errors
    ///
    /// If it is none of them.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "mixed" => Ok(Self::Mixed),
            "likely" => Ok(Self::Likely),
            "uncertain" => Ok(Self::Uncertain),
            _ => Err(Error::Recommend(RecommendError::OutOfRange {
                option: "queue",
                value: format!("`{name}`"),
                range: "mixed, likely or uncertain",
            })),
        }
    }
}

/// A document that waits to be judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waiting {
    /// Its number in the library.
    pub number: u32,
    /// Its surest id.
    pub id: String,
    /// P(ELSI).
    pub chance_of_elsi: f64,
    /// Title.
    pub title: String,
    /// Journal and year, for people.
    pub about: String,
    /// Abstract.
    #[serde(rename = "abstract")]
    pub abstract_text: String,
}

/// How far judging has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Screened {
    /// Documents in the library.
    pub documents: usize,
    /// Documents that were judged.
    pub judged: usize,
    /// Judged documents that are on ethics, law and society, at least partly.
    pub elsi: usize,
    /// Documents on such matters that are expected among those that nobody judged: the sum of their chances.
    pub expected_left: f64,
}

/// Documents of a library that nobody judged yet, in the order in which to look at them, and how far it has come.
///
/// # Errors
///
/// If the file of judgements is malformed.
pub fn screen(
    library: &Library,
    judged: &[Judgement],
    queue: Queue,
    most: usize,
) -> Result<(Screened, Vec<Waiting>), Error> {
    let mut grades: BTreeMap<u32, u8> = BTreeMap::new();
    for judgement in judged {
        if let Some(number) = library.find_any(&judgement.id)? {
            grades.insert(number, judgement.elsi);
        }
    }
    let chances = library.chances();
    let mut left: Vec<(u32, f64)> = chances
        .iter()
        .enumerate()
        .map(|(number, chance)| (number as u32, *chance))
        .collect();
    left.retain(|(number, _)| !grades.contains_key(number));
    let screened = Screened {
        documents: chances.len(),
        judged: grades.len(),
        elsi: grades.values().filter(|grade| **grade > 0).count(),
        expected_left: left.iter().map(|(_, chance)| chance).sum(),
    };
    let mut likely = left.clone();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut uncertain = left;
    uncertain.sort_by(|a, b| {
        (a.1 - 0.5)
            .abs()
            .total_cmp(&(b.1 - 0.5).abs())
            .then(a.0.cmp(&b.0))
    });
    let order: Vec<(u32, f64)> = match queue {
        Queue::Likely => likely,
        Queue::Uncertain => uncertain,
        Queue::Mixed => likely
            .into_iter()
            .zip(uncertain)
            .flat_map(|(first, second)| [first, second])
            .collect(),
    };
    let mut seen = HashSet::new();
    let chosen: Vec<(u32, f64)> = order
        .into_iter()
        .filter(|(number, _)| seen.insert(*number))
        .take(most)
        .collect();
    let waiting = chosen
        .into_iter()
        .map(|(number, chance)| waiting(library, number, chance))
        .collect::<Result<_, Error>>()?;
    Ok((screened, waiting))
}

fn waiting(library: &Library, number: u32, chance: f64) -> Result<Waiting, Error> {
    let record = library.record(number)?;
    let mut about: Vec<String> = record.venue.iter().cloned().collect();
    about.extend(record.year.map(|year| year.to_string()));
    Ok(Waiting {
        number,
        id: record.id(),
        chance_of_elsi: chance,
        title: record.title,
        about: about.join(", "),
        abstract_text: record.abstract_text,
    })
}

/// Whether a document helps with a text: a line of a gold set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relevance {
    /// What was asked: an id, or the name of a file.
    pub query: String,
    /// The document.
    pub id: String,
    /// 0 for no, 1 for partly, 2 for yes.
    pub grade: u8,
    /// Who says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// Documents to be judged for a text: the first `depth` of several rankings (all parts, words, meaning, bridge words, aspects), without
/// what was judged, by number, so that their order says nothing of who found them.
///
/// # Errors
///
/// Those of [`Recommender::recommend`].
pub fn pool(
    library: &Library,
    question: &Question,
    depth: usize,
    judged: &[Relevance],
) -> Result<Vec<Waiting>, Error> {
    let mut numbers: BTreeMap<u32, f64> = BTreeMap::new();
    for weights in [
        Weights::bundled(),
        Weights::of_likeness(1.0, 0.0),
        Weights::of_likeness(0.0, 1.0),
        Weights::of_bridge(),
    ] {
        let mut options = RecommendOptions::default();
        options.limit = depth;
        options.lambda = 1.0;
        options.never_abstain = true;
        let done = Recommender::new(library)
            .with_weights(weights)
            .recommend(question, &options)?;
        numbers.extend(done.items.iter().map(|item| (item.number, item.chance_of_elsi)));
    }
    let mut known = HashSet::new();
    for line in judged.iter().filter(|line| line.query == question.name) {
        known.extend(library.find_any(&line.id)?);
    }
    let numbers = numbers.into_iter().filter(|(number, _)| !known.contains(number));
    numbers
        .map(|(number, chance)| waiting(library, number, chance))
        .collect()
}

/// Reads judgements of whether documents are on ethics, law and society; none if there is no file yet.
///
/// # Errors
///
/// If it cannot be read, or is malformed.
pub fn read_judgements(path: &Path) -> Result<Vec<Judgement>, Error> {
    match std::fs::File::open(path) {
        Ok(file) => lines(path, std::io::BufReader::new(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(super::ingest::cannot_read(path, source)),
    }
}

/// Reads judgements of whether documents help with texts; none if there is no file yet.
///
/// # Errors
///
/// If it cannot be read, or is malformed.
pub fn read_relevance(path: &Path) -> Result<Vec<Relevance>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(super::ingest::cannot_read(path, source)),
    };
    relevance(&text, path)
}

const RELEVANCE: &str =
    "each line is `{\"query\": \"abstract.txt\", \"id\": \"doi:10.1000/182\", \"grade\": 2}`";

/// Reads judgements of whether documents help with texts.
pub(super) fn relevance(text: &str, path: &Path) -> Result<Vec<Relevance>, Error> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(place, line)| {
            let malformed = |problem: String, hint: &str| {
                Error::Recommend(RecommendError::Malformed {
                    file: path.display().to_string(),
                    place: format!("line {}", place + 1),
                    problem,
                    hint: Some(hint.into()),
                })
            };
            match serde_json::from_str::<Relevance>(line) {
                Ok(line) if line.grade <= 2 => Ok(line),
                Ok(_) => Err(malformed("grades are 0, 1 or 2".into(), RELEVANCE)),
                Err(_) if serde_json::from_str::<Judgement>(line).is_ok() => Err(malformed(
                    "this judges a document by itself, and not for a text".into(),
                    "`counterpoise elsi judge FILE.jsonl --question abstract.txt` makes judgements for a text",
                )),
                Err(error) => Err(malformed(error.to_string(), RELEVANCE)),
            }
        })
        .collect()
}

/// Writes lines of JSON, whole or not at all.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_lines(lines: &[impl Serialize], path: &Path) -> Result<(), Error> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).unwrap_or_default());
        text.push('\n');
    }
    write_text(&text, path)
}

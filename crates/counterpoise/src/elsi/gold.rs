use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use counterpoise_base::{Observer, Seed};
use counterpoise_metrics::retrieval::{
    Agreement, Judgements, Order, Ranked, RankingMeasure, RankingReport, Retrieval, Run, paired_bootstrap,
    randomisation_test,
};
use counterpoise_metrics::{Bootstrap, IntervalKind};
use counterpoise_recommend::{
    Library, Question, ReadRecords, RecommendOptions, Recommender, Record, Weights, read_records,
};
use serde::Serialize;

use super::judge::Relevance;
use crate::Error;

/// Judged candidates of 30 abstracts: lines of JSON, packed.
const GOLD: &[u8] = include_bytes!("../../data/elsi/gold.jsonl.zst");

const DRAWS: usize = 10_000;
/// Documents of a run.
const DEPTH: usize = 100;
/// Parts that take turns as the abstracts that weights were not tuned on.
const FOLDS: usize = 5;
/// Two grades of 0 to 2 add up to this for a document that counts as relevant.
const RELEVANT: i32 = 2;

/// A ranking of the bundled titles for judged abstracts.
#[derive(Debug, Clone, Serialize)]
pub struct GoldRun {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Means over abstracts, in the order of [`GoldCheck::measures`].
    pub means: Vec<Option<f64>>,
    /// Difference of nDCG@10 to BM25 and its 95 % interval.
    pub difference: Option<(f64, Option<(f64, f64)>)>,
    /// P-value of the randomisation test against BM25.
    pub p: Option<f64>,
    /// The run, in the form of TREC.
    #[serde(skip)]
    pub trec: String,
}

/// How recommending does where people said what helps.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GoldCheck {
    /// Abstracts that were found in the file and judged.
    pub queries: usize,
    /// Candidates that were judged.
    pub judged: usize,
    /// Share of candidates that both readers gave the same grade.
    pub same_grade: Option<f64>,
    /// Quadratic kappa of the two readers, and its 95 % interval.
    pub kappa: (Option<f64>, Option<(f64, f64)>),
    /// Names of the measures.
    pub measures: Vec<String>,
    /// The rankings.
    pub runs: Vec<GoldRun>,
}

/// Measures rankings of the bundled titles on the gold set. `abstracts` is a file of records that holds the judged abstracts, by
/// PMC id; their text is not in this program.
///
/// # Errors
///
/// If the file cannot be read, or holds none of the judged abstracts.
pub fn gold_check(library: &Library, abstracts: &Path, observer: &dyn Observer) -> Result<GoldCheck, Error> {
    let lines = gold()?;
    let file =
        std::fs::File::open(abstracts).map_err(|source| super::ingest::cannot_read(abstracts, source))?;
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    let name = abstracts.display().to_string();
    read_records(
        &name,
        Box::new(std::io::BufReader::new(file)),
        &ReadRecords::default(),
        &mut |record| {
            for id in record.ids.all() {
                if lines.iter().any(|line| line.query == id) {
                    records.insert(id, record.clone());
                }
            }
            Ok(())
        },
    )?;
    if records.is_empty() {
        return Err(Error::Config {
            place: name,
            problem: "it holds none of the 30 abstracts that were judged".into(),
            hint: Some("name a file of records with their PMC ids, titles and abstracts".into()),
        });
    }
    let mut judgements = Judgements::new();
    let mut readers: BTreeMap<String, Judgements> = BTreeMap::new();
    let mut sums: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    for line in lines.iter().filter(|line| records.contains_key(&line.query)) {
        *sums.entry((&line.query, &line.id)).or_default() += i32::from(line.grade);
        let reader = readers.entry(line.by.clone()).or_default();
        reader.insert(line.query.clone(), line.id.clone(), i32::from(line.grade));
    }
    for ((query, id), sum) in &sums {
        judgements.insert((*query).to_owned(), (*id).to_owned(), *sum);
    }
    let judged = sums.len();
    let bootstrap = || {
        Bootstrap::new(42)
            .with_draws(DRAWS)
            .with_kind(IntervalKind::Percentile)
    };
    let mut both = readers.values();
    let agreement = match (both.next(), both.next()) {
        (Some(first), Some(second)) => {
            Some(Agreement::between(first, second, &bootstrap(), observer).map_err(Error::Metrics)?)
        }
        _ => None,
    };
    let parts = parts(library, &records)?;
    let ndcg = RankingMeasure::ndcg(NonZeroUsize::new(10).expect("10 is not 0"));
    let names = [
        "ndcg@10",
        "map@100",
        "mrr@10",
        "precision@5",
        "recall@20",
        "judged@10",
    ];
    let measures: Vec<RankingMeasure> = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let retrieval = Retrieval::default()
        .with_order(Order::Given)
        .with_relevant_from(RELEVANT);
    let bundled = values(&Weights::bundled());
    let alone = |places: &[usize]| {
        let mut weights = [0.0; 8];
        places.iter().for_each(|place| weights[*place] = 1.0);
        weights
    };
    let rankings: [(&str, &str, Run); 6] = [
        (
            "bm25",
            "words in common, among documents with P(ELSI) of 0.2 or more",
            run("bm25", &parts, &alone(&[0]))?,
        ),
        (
            "words and meaning",
            "both alike",
            run("words and meaning", &parts, &alone(&[0, 2]))?,
        ),
        (
            "random",
            "documents with P(ELSI) of 0.5 or more, drawn",
            others(library, &parts, true)?,
        ),
        (
            "newest",
            "documents with P(ELSI) of 0.5 or more, the newest first",
            others(library, &parts, false)?,
        ),
        (
            "all parts, held out",
            "weights tuned on the other four fifths of the abstracts",
            held_out(&parts, &judgements, &bundled)?,
        ),
        (
            "all parts, bundled",
            "weights tuned on these very abstracts",
            run("all parts, bundled", &parts, &bundled)?,
        ),
    ];
    let mut done: Vec<(GoldRun, RankingReport)> = Vec::new();
    for (name, about, run) in rankings {
        let report = retrieval.evaluate(&measures, &judgements, &run);
        let mut row = GoldRun {
            name: name.into(),
            about: about.into(),
            means: measures
                .iter()
                .map(|measure| report.mean(&measure.to_string()))
                .collect(),
            difference: None,
            p: None,
            trec: run.to_trec().map_err(Error::Metrics)?,
        };
        if let Some((_, first)) = done.first() {
            let paired = report.paired(first, &ndcg.to_string()).map_err(Error::Metrics)?;
            let estimate = paired_bootstrap(&paired.first, &paired.second, &bootstrap(), observer)
                .map_err(Error::Metrics)?;
            let test = randomisation_test(&paired.first, &paired.second, DRAWS, &Seed::new(42), observer)
                .map_err(Error::Metrics)?;
            row.difference = Some((test.difference, estimate.interval));
            row.p = Some(test.p);
        }
        done.push((row, report));
    }
    Ok(GoldCheck {
        queries: records.len(),
        judged,
        same_grade: agreement.as_ref().and_then(|agreement| agreement.same.value),
        kappa: agreement.map_or((None, None), |agreement| {
            (
                agreement.quadratic_kappa.value,
                agreement.quadratic_kappa.interval,
            )
        }),
        measures: names.map(str::to_owned).to_vec(),
        runs: done.into_iter().map(|(row, _)| row).collect(),
    })
}

fn gold() -> Result<Vec<Relevance>, Error> {
    use std::io::Read as _;

    let mut text = String::new();
    let unpacked =
        zstd::stream::read::Decoder::new(GOLD).and_then(|mut packed| packed.read_to_string(&mut text));
    unpacked.map_err(|source| super::ingest::cannot_read(Path::new("gold.jsonl.zst"), source))?;
    super::judge::relevance(&text, Path::new("gold.jsonl"))
}

/// Candidates of each abstract: id, and parts before weights.
type Parts = BTreeMap<String, Vec<(String, [f64; 8])>>;

fn parts(library: &Library, records: &BTreeMap<String, Record>) -> Result<Parts, Error> {
    let recommender = Recommender::new(library);
    let mut all = Parts::new();
    for (query, record) in records {
        let text = format!("{}\n{}", record.title, record.abstract_text);
        let question = Question::from_text(&text, query)?;
        let found = recommender.parts(&question, &RecommendOptions::default())?;
        let named = found
            .into_iter()
            .map(|(number, values)| Ok((id_of(library, number)?, values)));
        all.insert(query.clone(), named.collect::<Result<_, Error>>()?);
    }
    Ok(all)
}

fn id_of(library: &Library, number: u32) -> Result<String, Error> {
    let record = library.record(number)?;
    Ok(record
        .ids
        .openalex
        .map_or_else(|| format!("number:{number}"), |id| format!("openalex:{id}")))
}

fn values(weights: &Weights) -> [f64; 8] {
    weights.list().map(|(_, weight)| weight)
}

fn ranked(candidates: &[(String, [f64; 8])], weights: &[f64; 8]) -> Vec<Ranked> {
    let score = |values: &[f64; 8]| {
        values
            .iter()
            .zip(weights)
            .map(|(value, weight)| value * weight)
            .sum::<f64>()
    };
    let mut list: Vec<Ranked> = candidates
        .iter()
        .map(|(id, values)| Ranked {
            document: id.clone(),
            score: score(values),
        })
        .collect();
    list.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.document.cmp(&b.document))
    });
    list.truncate(DEPTH);
    list
}

fn run(name: &str, parts: &Parts, weights: &[f64; 8]) -> Result<Run, Error> {
    let mut run = Run::new(name.replace([' ', ','], "-"));
    for (query, candidates) in parts {
        run.insert(query.clone(), ranked(candidates, weights))
            .map_err(Error::Metrics)?;
    }
    Ok(run)
}

/// Literature on ethics, law and society without a look at the abstract.
fn others(library: &Library, parts: &Parts, random: bool) -> Result<Run, Error> {
    let mut run = Run::new(if random { "random" } else { "newest" });
    let chances = library.chances();
    let mut elsi: Vec<(u32, i32)> = Vec::new();
    for (number, chance) in chances.iter().enumerate() {
        if *chance >= 0.5 {
            elsi.push((number as u32, library.record(number as u32)?.year.unwrap_or(0)));
        }
    }
    elsi.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    for query in parts.keys() {
        let order: Vec<usize> = if random {
            Seed::new(42)
                .child("random")
                .child(query.as_str())
                .shuffled(0..elsi.len())
        } else {
            (0..elsi.len()).collect()
        };
        let ids: Vec<String> = order
            .iter()
            .take(DEPTH)
            .map(|place| id_of(library, elsi[*place].0))
            .collect::<Result<_, _>>()?;
        run.insert_ranking(query.clone(), ids).map_err(Error::Metrics)?;
    }
    Ok(run)
}

/// Weights that are tried, one part after the other.
const TRIED: [f64; 11] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2];
/// Parts that the gold set says something of.
const TUNED: [usize; 6] = [0, 1, 2, 3, 4, 6];
/// Rounds over all parts.
const ROUNDS: usize = 3;

/// Each fold's abstracts, ranked by weights that were tuned on the others.
fn held_out(parts: &Parts, judgements: &Judgements, start: &[f64; 8]) -> Result<Run, Error> {
    let queries: Vec<&String> = parts.keys().collect();
    let order = Seed::new(42).child("folds").shuffled(0..queries.len());
    let mut run = Run::new("held-out");
    for fold in 0..FOLDS {
        let test: Vec<&String> = order
            .iter()
            .skip(fold)
            .step_by(FOLDS)
            .map(|place| queries[*place])
            .collect();
        let rest: Vec<&String> = queries
            .iter()
            .copied()
            .filter(|query| !test.contains(query))
            .collect();
        let weights = tuned(parts, &rest, judgements, start);
        for query in test {
            run.insert(query.clone(), ranked(&parts[query], &weights))
                .map_err(Error::Metrics)?;
        }
    }
    Ok(run)
}

/// Coordinate by coordinate, from where it starts; what gains less than 0.0001 of nDCG@10 is left.
fn tuned(parts: &Parts, queries: &[&String], judgements: &Judgements, start: &[f64; 8]) -> [f64; 8] {
    let ndcg = RankingMeasure::ndcg(NonZeroUsize::new(10).expect("10 is not 0"));
    let score = |weights: &[f64; 8]| {
        let values = queries.iter().filter_map(|query| {
            let list = ranked(&parts[*query], weights);
            let ids: Vec<&str> = list.iter().map(|ranked| ranked.document.as_str()).collect();
            ndcg.value(&ids, judgements.of(query)?, RELEVANT)
        });
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    let mut weights = *start;
    let mut best = score(&weights);
    for _ in 0..ROUNDS {
        let before = best;
        for part in TUNED {
            for tried in TRIED {
                let mut other = weights;
                other[part] = tried;
                let value = score(&other);
                if value > best + 1e-4 {
                    best = value;
                    weights = other;
                }
            }
        }
        if best == before {
            break;
        }
    }
    weights
}

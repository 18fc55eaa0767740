use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use counterpoise_base::{Event, Observer, Seed};
use counterpoise_metrics::retrieval::{
    Judgements, Order, Ranked, RankingMeasure, RankingReport, Retrieval, Run,
};
use counterpoise_recommend::{
    Classifier, DenseKind, Error as RecommendError, Filter, Lexicon, Library, LibraryOptions, Question,
    ReadRecords, RecommendOptions, Recommender, Weights, Writer, read_records,
};
use rayon::prelude::*;
use serde::Serialize;

use super::beside::{DRAWS, MeasuredRun, Wanted, beside_first};
use super::recipe::{Gate, Recipe};
use crate::Error;

/// Documents of a run, for measures down to rank 100.
const DEPTH: usize = 100;
const TASK: &str = "asking queries";

/// How the engine does on a collection whose answers are known.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct EngineCheck {
    /// The collection.
    pub collection: String,
    /// Documents in it.
    pub documents: usize,
    /// Queries that are measured.
    pub queries: usize,
    /// Queries that weights were tuned on.
    pub tuned_on: usize,
    /// Names of the measures.
    pub measures: Vec<String>,
    /// The runs.
    pub runs: Vec<MeasuredRun>,
    /// Weight of words, weight of meaning, and nDCG@10 over the queries for tuning.
    pub tuning: Vec<(f64, f64, f64)>,
    /// Where nDCG@10 comes from and what it is compared with.
    pub note: String,
}

/// Weights of meaning beside one of words that are tried.
const TRIED: [f64; 10] = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2];

/// Differences of nDCG@10 over training queries that say nothing.
const NOISE: f64 = 0.001;

/// Measures the engine on a collection in BEIR's form: `corpus.jsonl` (or `.gz`), `queries.jsonl`, and judgements for tuning and for
/// testing (`qrels_train.tsv` and `qrels_test.tsv`, or the same in a folder `qrels`). Weights are tuned on the former only.
///
/// # Errors
///
/// If a file is missing or malformed.
pub fn engine_check(folder: &Path, dense: &DenseKind, observer: &dyn Observer) -> Result<EngineCheck, Error> {
    let place = tempfile::tempdir().map_err(|source| Error::Write {
        path: std::env::temp_dir(),
        source,
    })?;
    let classifier = Classifier::of_evidence(Lexicon::bundled());
    let options = LibraryOptions::default()
        .with_dense(dense.clone())
        .with_classifier(classifier);
    let mut writer = Writer::open(place.path(), options)?;
    let corpus = first_there(folder, &["corpus.jsonl", "corpus.jsonl.gz", "corpus.jsonl.zst"])?;
    let input = open(&corpus)?;
    read_records(
        &corpus.display().to_string(),
        Box::new(input),
        &ReadRecords::default(),
        &mut |record| writer.add(&record),
    )?;
    writer.commit(observer)?;
    let library = Library::open(place.path())?;
    let queries = queries(&first_there(folder, &["queries.jsonl"])?)?;
    let test = judgements(&first_there(folder, &["qrels_test.tsv", "qrels/test.tsv"])?)?;
    let train = judgements(&first_there(
        folder,
        &["qrels_train.tsv", "qrels/train.tsv", "qrels/dev.tsv"],
    )?)?;
    let recommender = Recommender::new(&library).with_weights(Weights::of_likeness(1.0, 1.0));
    let tuning_parts = parts(&library, &recommender, &queries, &train, observer)?;
    let ndcg = RankingMeasure::ndcg(NonZeroUsize::new(10).expect("10 is not 0"));
    let mut tuning = Vec::new();
    for meaning in TRIED {
        let run = run("tuning", &tuning_parts, (1.0, meaning))?;
        let report = Retrieval::default()
            .with_order(Order::Given)
            .evaluate(&[ndcg], &train, &run);
        tuning.push((1.0, meaning, report.mean(&ndcg.to_string()).unwrap_or(0.0)));
    }
    // The curve is flat: of weights that are as good as the best, the one that departs least from words is taken.
    let most = tuning.iter().map(|tried| tried.2).fold(0.0, f64::max);
    let best = tuning
        .iter()
        .find(|tried| tried.2 >= most - NOISE)
        .unwrap_or(&tuning[0]);
    let fused = (best.0, best.1);
    let measures: Vec<RankingMeasure> = ["ndcg@10", "map@100", "mrr@10", "precision@5", "recall@100"]
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let test_parts = parts(&library, &recommender, &queries, &test, observer)?;
    let weighed = |weights: (f64, f64)| run("run", &test_parts, weights);
    let mut wanted = vec![
        Wanted::new("bm25", "words alone", weighed((1.0, 0.0))?),
        Wanted::new("meaning", "vectors alone", weighed((0.0, 1.0))?),
        Wanted::new(
            "fusion",
            format!(
                "words {} and meaning {}, tuned on the training queries: of weights within {NOISE} of the best, those nearest to words alone",
                fused.0, fused.1
            ),
            weighed(fused)?,
        ),
    ];
    wanted.extend(baselines(&library, &queries, &test, observer)?);
    let retrieval = Retrieval::default().with_order(Order::Given);
    let reports: Vec<RankingReport> = wanted
        .iter()
        .map(|wanted| retrieval.evaluate(&measures, &test, &wanted.run))
        .collect();
    let runs = beside_first(&wanted, &reports, &ndcg.to_string(), observer)?;
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(EngineCheck {
        collection: name,
        documents: library.len(),
        queries: test.iter().count(),
        tuned_on: train.iter().count(),
        measures: measures.iter().map(ToString::to_string).collect(),
        runs,
        tuning,
        note: format!("{DRAWS} draws of queries, percentile intervals; {DRAWS} draws of signs"),
    })
}

/// Parts of candidates for each query: id of the document, share of words, cosine.
type Parts = Vec<(String, Vec<(String, f64, f64)>)>;

fn parts(
    library: &Library,
    recommender: &Recommender<'_>,
    queries: &BTreeMap<String, String>,
    judged: &Judgements,
    observer: &dyn Observer,
) -> Result<Parts, Error> {
    let mut options = RecommendOptions::default();
    options.filter = Filter::default();
    options.filter.retracted = true;
    let total = judged.iter().count() as u64;
    let done = std::sync::atomic::AtomicU64::new(0);
    let ids: Vec<&str> = judged.iter().map(|(query, _)| query).collect();
    let all = ids
        .par_iter()
        .map(|id| {
            let text = queries.get(*id).ok_or_else(|| Error::Config {
                place: "queries.jsonl".into(),
                problem: format!("query `{id}` was judged, and is not there"),
                hint: None,
            })?;
            let question = Question::from_text(text, id)?;
            let found = recommender.parts(&question, &options)?;
            let list = found
                .into_iter()
                .map(|(number, values)| {
                    let record = library.record(number)?;
                    Ok((
                        record.ids.local.unwrap_or_else(|| number.to_string()),
                        values[0],
                        values[2],
                    ))
                })
                .collect::<Result<_, Error>>()?;
            let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            if observer
                .observe(&Event::Progress {
                    task: TASK,
                    done,
                    total,
                })
                .is_break()
            {
                return Err(counterpoise_recommend::Error::Stopped { task: TASK }.into());
            }
            Ok(((*id).to_owned(), list))
        })
        .collect();
    let _ = observer.observe(&Event::Finished { task: TASK });
    all
}

fn run(name: &str, parts: &Parts, weights: (f64, f64)) -> Result<Run, Error> {
    let mut run = Run::new(name);
    for (query, candidates) in parts {
        let mut list: Vec<(&str, f64)> = candidates
            .iter()
            .map(|(id, words, meaning)| (id.as_str(), weights.0 * words + weights.1 * meaning))
            .collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        list.truncate(DEPTH);
        let list = list.into_iter().map(|(document, score)| Ranked {
            document: document.into(),
            score,
        });
        run.insert(query.clone(), list.collect())
            .map_err(Error::Metrics)?;
    }
    Ok(run)
}

/// The paper's recipe and a draw, among all documents: a collection that is not of this field has none on ethics, law and society.
fn baselines(
    library: &Library,
    queries: &BTreeMap<String, String>,
    judged: &Judgements,
    observer: &dyn Observer,
) -> Result<Vec<Wanted>, Error> {
    let id = |number: u32| {
        let record = library.record(number)?;
        Ok::<_, Error>(record.ids.local.unwrap_or_else(|| number.to_string()))
    };
    let mut random = Run::new("random");
    let mut dated: Vec<(i32, u32)> = Vec::new();
    for number in 0..library.len() as u32 {
        dated.extend(library.record(number)?.year.map(|year| (-year, number)));
    }
    dated.sort_unstable();
    let newest_ids: Vec<String> = dated
        .iter()
        .take(DEPTH)
        .map(|(_, number)| id(*number))
        .collect::<Result<_, _>>()?;
    let mut newest = Run::new("newest");
    for (query, _) in judged.iter() {
        let order = Seed::new(42)
            .child("random")
            .child(query)
            .shuffled(0..library.len());
        let ids: Vec<String> = order
            .into_iter()
            .take(DEPTH)
            .map(|number| id(number as u32))
            .collect::<Result<_, _>>()?;
        random
            .insert_ranking(query.to_owned(), ids)
            .map_err(Error::Metrics)?;
        if !newest_ids.is_empty() {
            newest
                .insert_ranking(query.to_owned(), newest_ids.clone())
                .map_err(Error::Metrics)?;
        }
    }
    let mut all = vec![
        Wanted::new("random", "documents, drawn", random).by_rank_alone(),
        Wanted::new(
            "newest",
            if newest_ids.is_empty() {
                "no document of this collection has a year"
            } else {
                "documents, the newest first"
            },
            newest,
        )
        .by_rank_alone(),
    ];
    let recipe = match Recipe::learn(library, None, 42, observer) {
        Ok(recipe) => recipe,
        // A collection of another field may have too few documents of a topic.
        Err(Error::Config { problem, .. }) => {
            all.push(Wanted::new("the paper's recipe", problem, Run::new("recipe")));
            return Ok(all);
        }
        Err(other) => return Err(other),
    };
    let mut by_recipe = Run::new("recipe");
    for (query, _) in judged.iter() {
        let Some(text) = queries.get(query) else { continue };
        let (vector, topic) = recipe.read(text)?;
        let list = recipe.nearest_among(&vector, Gate::Topic(topic), DEPTH, |_| true);
        let ranked = list.into_iter().map(|(place, distance)| {
            Ok(Ranked {
                document: id(recipe.documents[place].number)?,
                score: -distance,
            })
        });
        by_recipe
            .insert(query.to_owned(), ranked.collect::<Result<_, Error>>()?)
            .map_err(Error::Metrics)?;
    }
    all.push(Wanted::new(
        "the paper's recipe",
        "nearest of the predicted topic by mean absolute difference, among all documents",
        by_recipe,
    ));
    Ok(all)
}

fn first_there(folder: &Path, names: &[&str]) -> Result<PathBuf, Error> {
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            RecommendError::NotThere {
                path: folder.join(names[0]),
                more: ", packed or not",
                hint: "name a folder in the form of BEIR: corpus.jsonl, queries.jsonl, qrels/train.tsv, qrels/test.tsv",
            }
            .into()
        })
}

fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|source| super::ingest::cannot_read(path, source))?;
    Ok(BufReader::new(file))
}

fn judgements(path: &Path) -> Result<Judgements, Error> {
    Judgements::read(open(path)?).map_err(Error::Metrics)
}

fn queries(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    #[derive(serde::Deserialize)]
    struct Query {
        #[serde(rename = "_id")]
        id: String,
        text: String,
    }
    let mut queries = BTreeMap::new();
    for (place, line) in open(path)?.lines().enumerate() {
        let line = line.map_err(|source| super::ingest::cannot_read(path, source))?;
        let query: Query = serde_json::from_str(&line).map_err(|error| {
            Error::Recommend(counterpoise_recommend::Error::Malformed {
                file: path.display().to_string(),
                place: format!("line {}", place + 1),
                problem: error.to_string(),
                hint: Some("each line is `{\"_id\": \"1\", \"text\": \"…\"}`".into()),
            })
        })?;
        queries.insert(query.id, query.text);
    }
    Ok(queries)
}

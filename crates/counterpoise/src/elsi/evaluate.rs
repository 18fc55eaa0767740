use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use counterpoise_base::{Event, Observer, Seed};
use counterpoise_metrics::retrieval::{
    Judgements, Order, Ranked, RankingMeasure, RankingReport, Retrieval, Run, paired_bootstrap,
    randomisation_test,
};
use counterpoise_metrics::{Bootstrap, IntervalKind};
use counterpoise_recommend::{
    Classifier, DenseKind, Filter, Lexicon, Library, LibraryOptions, Question, ReadRecords, RecommendOptions,
    Recommender, Weights, Writer, read_records,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::Error;

/// Documents of a run, for measures down to rank 100.
const DEPTH: usize = 100;
const TASK: &str = "asking queries";
/// Draws of intervals and tests.
const DRAWS: usize = 10_000;

/// A run of a search engine over judged queries.
#[derive(Debug, Clone, Serialize)]
pub struct EngineRun {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Weight of words and of meaning.
    pub weights: (f64, f64),
    /// Means over queries, in the order of [`EngineCheck::measures`].
    pub means: Vec<Option<f64>>,
    /// Difference of nDCG@10 to BM25 and its 95 % interval, query by query; none for BM25 itself.
    pub difference: Option<(f64, Option<(f64, f64)>)>,
    /// P-value of the randomisation test against BM25.
    pub p: Option<f64>,
    /// The run, in the form of TREC.
    #[serde(skip)]
    pub trec: String,
}

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
    pub runs: Vec<EngineRun>,
    /// Weight of words, weight of meaning, and nDCG@10 over the queries for tuning.
    pub tuning: Vec<(f64, f64, f64)>,
    /// Where nDCG@10 comes from and what it is compared with.
    pub note: String,
}

/// Weights of meaning beside one of words that are tried.
const TRIED: [f64; 10] = [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2];

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
    let best = tuning.iter().fold(
        &tuning[0],
        |best, tried| if tried.2 > best.2 { tried } else { best },
    );
    let fused = (best.0, best.1);
    let measures: Vec<RankingMeasure> = ["ndcg@10", "map@100", "mrr@10", "precision@5", "recall@100"]
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()
        .map_err(Error::Metrics)?;
    let test_parts = parts(&library, &recommender, &queries, &test, observer)?;
    let mut runs: Vec<(EngineRun, RankingReport)> = Vec::new();
    let wanted = [
        ("bm25", "words alone", (1.0, 0.0)),
        ("meaning", "vectors alone", (0.0, 1.0)),
        (
            "fusion",
            "words and meaning, tuned on the training queries",
            fused,
        ),
    ];
    for (name, about, weights) in wanted {
        let run = run(name, &test_parts, weights)?;
        let report = Retrieval::default()
            .with_order(Order::Given)
            .evaluate(&measures, &test, &run);
        let mut row = EngineRun {
            name: name.into(),
            about: about.into(),
            weights,
            means: measures
                .iter()
                .map(|measure| report.mean(&measure.to_string()))
                .collect(),
            difference: None,
            p: None,
            trec: run.to_trec().map_err(Error::Metrics)?,
        };
        if let Some((_, first)) = runs.first() {
            let paired = report.paired(first, &ndcg.to_string()).map_err(Error::Metrics)?;
            let bootstrap = Bootstrap::new(42)
                .with_draws(DRAWS)
                .with_kind(IntervalKind::Percentile);
            let estimate = paired_bootstrap(&paired.first, &paired.second, &bootstrap, observer)
                .map_err(Error::Metrics)?;
            let test = randomisation_test(&paired.first, &paired.second, DRAWS, &Seed::new(42), observer)
                .map_err(Error::Metrics)?;
            row.difference = Some((test.difference, estimate.interval));
            row.p = Some(test.p);
        }
        runs.push((row, report));
    }
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
        runs: runs.into_iter().map(|(row, _)| row).collect(),
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

fn first_there(folder: &Path, names: &[&str]) -> Result<PathBuf, Error> {
    names
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| Error::Config {
            place: folder.display().to_string(),
            problem: format!("there is no {} here", names.join(" and no ")),
            hint: Some("name a folder in the form of BEIR: corpus.jsonl, queries.jsonl, qrels/train.tsv, qrels/test.tsv".into()),
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

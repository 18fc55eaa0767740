use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use counterpoise_base::{Observer, Seed, counted};
use counterpoise_learn::Calibration;
use counterpoise_metrics::Measure;
use counterpoise_metrics::retrieval::{
    Agreement, AspectJudgements, AspectMeasure, Gain, Judgements, Order, Ranked, RankingMeasure,
    RankingReport, Retrieval, Run, group_share, list_diversity,
};
use counterpoise_recommend::{
    Library, Question, ReadRecords, RecommendOptions, Recommender, Record, Weights, read_records,
};
use serde::Serialize;

use super::beside::{MeasuredRun, Wanted, beside_first, bootstrap};
use super::judge::Relevance;
use super::recipe::{Gate, Recipe, read_by_paper};
use super::venues::VENUE_GROUPS;
use crate::Error;

/// Judged candidates of 30 abstracts: lines of JSON, packed.
const GOLD: &[u8] = include_bytes!("../../data/elsi/gold.jsonl.zst");

const SEED: u64 = 42;
/// Documents of a list that people see.
const SHOWN: usize = 20;
/// Weight of scores against variety in the list with variety.
const VARIED: f64 = 0.7;
/// P(ELSI) of a document that is likely on ethics, law and society.
const LIKELY: f64 = 0.5;
/// What rankings are compared by, and weights are tuned on. With linear gains, general literature that helps everybody a little counts
/// as much as what fits this very work: a drawn list does as well as BM25, and tuning makes lists alike.
const MAIN: &str = "exponential-ndcg@10";
/// Documents of a run.
const DEPTH: usize = 100;
/// Parts that take turns as the abstracts that weights were not tuned on.
const FOLDS: usize = 5;
/// Twice the mean grade of a document that counts as relevant: grades are 0 to 2.
const RELEVANT: i32 = 2;

/// Aspects of relevant documents that are not among the bundled judgements: lines of JSON.
const GOLD_ASPECTS: &str = include_str!("../../data/elsi/gold-aspects.jsonl");

/// What a ranking shows beside what is relevant.
#[derive(Debug, Clone, Serialize)]
pub struct GoldSides {
    /// Its name.
    pub name: String,
    /// Values, in the order of [`GoldCheck::sides`].
    pub values: Vec<Option<f64>>,
    /// Difference of aspect-nDCG@10 to BM25 and its 95 % interval.
    pub difference: Option<(f64, Option<(f64, f64)>)>,
    /// P-value of the randomisation test against BM25.
    pub p: Option<f64>,
}

/// How recommending does where people said what helps.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GoldCheck {
    /// Abstracts that were found in the file and judged.
    pub queries: usize,
    /// Abstracts that candidates were judged for, found or not.
    pub asked: usize,
    /// Candidates that were judged.
    pub judged: usize,
    /// Share of candidates that both readers gave the same grade.
    pub same_grade: Option<f64>,
    /// Quadratic kappa of the two readers, and its 95 % interval.
    pub kappa: (Option<f64>, Option<(f64, f64)>),
    /// Names of the measures.
    pub measures: Vec<String>,
    /// The rankings.
    pub runs: Vec<MeasuredRun>,
    /// Names of what is told of each ranking beside that: aspects shown, how unlike the first ten are, how far the scores can be
    /// read as chances, and whose journals are shown.
    pub sides: Vec<String>,
    /// The same rankings, then all documents with P(ELSI) of 0.5 or more, for what depends on no ranking.
    pub shown: Vec<GoldSides>,
    /// Relevant documents whose aspects were judged.
    pub with_aspects: usize,
}

/// What recommending is measured on.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct GoldOptions {
    /// A file of records that holds the judged abstracts, by one of their ids; their text is not in this program. What was asked
    /// with a file may be that file instead.
    pub abstracts: Option<PathBuf>,
    /// Judged candidates, as `counterpoise elsi judge --question` writes them; those that come with the program if there is none.
    pub relevance: Vec<PathBuf>,
    /// Judgements out of the library itself instead: literature on ethics, law and society that cites a document helps with it.
    pub citations: bool,
}

/// Documents that are asked with where citations judge.
const CITED: usize = 300;

/// Measures rankings of a library on judged candidates.
///
/// # Errors
///
/// If a file cannot be read, or no judged abstract is found.
pub fn gold_check(
    library: &Library,
    options: &GoldOptions,
    observer: &dyn Observer,
) -> Result<(GoldCheck, Weights), Error> {
    let mut lines = Vec::new();
    for path in &options.relevance {
        let text =
            std::fs::read_to_string(path).map_err(|source| super::ingest::cannot_read(path, source))?;
        lines.extend(super::judge::relevance(&text, path)?);
    }
    let records = if options.citations {
        let (judged, cited) = cited(library)?;
        lines = judged;
        cited
    } else {
        if options.relevance.is_empty() {
            lines = gold()?;
        }
        seeds(library, &lines, options.abstracts.as_deref())?
    };
    let asked = lines
        .iter()
        .map(|line| &line.query)
        .collect::<BTreeSet<_>>()
        .len();
    let mut judgements = Judgements::new();
    let mut readers: BTreeMap<String, Judgements> = BTreeMap::new();
    let mut grades: BTreeMap<(&str, String), Vec<u8>> = BTreeMap::new();
    for line in lines.iter().filter(|line| records.contains_key(&line.query)) {
        // The same name for a document as rankings have.
        let id = match library.find_any(&line.id)? {
            Some(number) => id_of(library, number)?,
            None => line.id.clone(),
        };
        let reader = readers.entry(line.by.clone()).or_default();
        reader.insert(line.query.clone(), id.clone(), i32::from(line.grade));
        grades.entry((&line.query, id)).or_default().push(line.grade);
    }
    for ((query, id), grades) in &grades {
        let sum: i32 = grades.iter().map(|grade| i32::from(*grade)).sum();
        judgements.insert((*query).to_owned(), id.clone(), 2 * sum / grades.len() as i32);
    }
    let judged = grades.len();
    let mut both = readers.values();
    let agreement = match (both.next(), both.next()) {
        (Some(first), Some(second)) => {
            Some(Agreement::between(first, second, &bootstrap(), observer).map_err(Error::Metrics)?)
        }
        _ => None,
    };
    let parts = parts(library, &records)?;
    let names = [
        MAIN,
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
    let mut wanted = vec![
        Wanted::new(
            "bm25",
            "words in common, among documents with P(ELSI) of 0.2 or more",
            run("bm25", &parts, &alone(&[0]))?,
        ),
        Wanted::new(
            "words and meaning",
            "both alike, among the same",
            run("words and meaning", &parts, &alone(&[0, 2]))?,
        ),
        Wanted::new(
            "random",
            "documents with P(ELSI) of 0.5 or more, drawn",
            others(library, &parts, true)?,
        )
        .by_rank_alone(),
        Wanted::new(
            "newest",
            "documents with P(ELSI) of 0.5 or more, the newest first",
            others(library, &parts, false)?,
        )
        .by_rank_alone(),
    ];
    wanted.extend(by_recipe(library, &records, observer)?);
    wanted.push(Wanted::new(
        "all parts, by hand",
        "weights set by hand before anything was judged",
        run("all parts, by hand", &parts, &START)?,
    ));
    // One alone has no others to tune on.
    if parts.len() > 1 {
        wanted.push(Wanted::new(
            "all parts, held out",
            if parts.len() < FOLDS {
                "weights tuned on the other abstracts, each time without one"
            } else {
                "weights tuned on the other four fifths of the abstracts"
            },
            held_out(&parts, &judgements)?,
        ));
    }
    wanted.push(Wanted::new(
        "all parts, bundled",
        if options.relevance.is_empty() && !options.citations {
            "weights tuned on these very abstracts"
        } else {
            "weights that come with the program, tuned on 30 other abstracts"
        },
        run("all parts, bundled", &parts, &bundled)?,
    ));
    wanted.push(
        Wanted::new(
            "with variety",
            "the same, with variety of aspects (lambda 0.7)",
            varied(library, &records)?,
        )
        .by_rank_alone(),
    );
    let reports: Vec<RankingReport> = wanted
        .iter()
        .map(|wanted| retrieval.evaluate(&measures, &judgements, &wanted.run))
        .collect();
    let runs = beside_first(&wanted, &reports, MAIN, observer)?;
    let (sides, shown, with_aspects) = sides(library, &wanted, &judgements, observer)?;
    let all: Vec<&String> = parts.keys().collect();
    let weights = tuned_weights(&parts, &all, &judgements)?;
    let check = GoldCheck {
        queries: records.len(),
        asked,
        judged,
        same_grade: agreement.as_ref().and_then(|agreement| agreement.same.value),
        kappa: agreement.map_or((None, None), |agreement| {
            (
                agreement.quadratic_kappa.value,
                agreement.quadratic_kappa.interval,
            )
        }),
        measures: names.map(str::to_owned).to_vec(),
        runs,
        sides,
        shown,
        with_aspects,
    };
    Ok((check, weights))
}

/// Judgements by citations, and the documents that are cited: at most [`CITED`] of them, drawn. P(ELSI) of a half parts those that are
/// asked with from those that are recommended. They are asked with as texts, so that no list of references tells the answer.
fn cited(library: &Library) -> Result<(Vec<Relevance>, BTreeMap<String, Record>), Error> {
    let chances = library.chances();
    let mut citing: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (number, _) in chances
        .iter()
        .enumerate()
        .filter(|(_, chance)| **chance >= LIKELY)
    {
        for id in &library.record(number as u32)?.references {
            let Some(of) = library.find(id)? else { continue };
            if chances[of as usize] < LIKELY {
                citing.entry(of).or_default().push(number as u32);
            }
        }
    }
    if citing.is_empty() {
        return Err(Error::Config {
            place: library.folder().display().to_string(),
            problem: "no document on ethics, law and society in it cites another document of it".into(),
            hint: Some("ingest records with references: JATS, Europe PMC or OpenAlex JSON".into()),
        });
    }
    let all: Vec<u32> = citing.keys().copied().collect();
    let drawn = Seed::new(SEED).child("cited").shuffled(0..all.len());
    let mut records = BTreeMap::new();
    let mut lines = Vec::new();
    for place in drawn.into_iter().take(CITED) {
        let query = id_of(library, all[place])?;
        for number in &citing[&all[place]] {
            lines.push(Relevance {
                query: query.clone(),
                id: id_of(library, *number)?,
                grade: 2,
                by: String::new(),
            });
        }
        records.insert(query, library.record(all[place])?);
    }
    Ok((lines, records))
}

/// Abstracts that candidates were judged for, by the name of the question: an id, or a file.
fn seeds(
    library: &Library,
    lines: &[Relevance],
    abstracts: Option<&Path>,
) -> Result<BTreeMap<String, Record>, Error> {
    let wanted: BTreeSet<&String> = lines.iter().map(|line| &line.query).collect();
    let mut records: BTreeMap<String, Record> = BTreeMap::new();
    if let Some(path) = abstracts {
        let file = std::fs::File::open(path).map_err(|source| super::ingest::cannot_read(path, source))?;
        let name = path.display().to_string();
        let input = Box::new(std::io::BufReader::new(file));
        read_records(&name, input, &ReadRecords::default(), &mut |record| {
            for id in record.ids.all().filter(|id| wanted.contains(id)) {
                records.insert(id, record.clone());
            }
            Ok(())
        })?;
    }
    for query in wanted {
        let is_there = Path::new(query).is_file() || library.find_any(query)?.is_some();
        if records.contains_key(query) || !is_there {
            continue;
        }
        let question = super::read_question(query, library)?;
        let mut record = Record::default();
        record.title = question.title;
        record.abstract_text = question.text;
        records.insert(query.clone(), record);
    }
    if records.is_empty() {
        return Err(Error::Config {
            place: abstracts.map_or("--relevance".into(), |path| path.display().to_string()),
            problem: "none of the abstracts that candidates were judged for is there".into(),
            hint: Some(
                "name a file of records with their ids, titles and abstracts with `--gold`, or go where the files are that were judged".into(),
            ),
        });
    }
    Ok(records)
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
        let found = recommender.parts(&question(query, record)?, &RecommendOptions::default())?;
        let named = found
            .into_iter()
            .map(|(number, values)| Ok((id_of(library, number)?, values)));
        all.insert(query.clone(), named.collect::<Result<_, Error>>()?);
    }
    Ok(all)
}

fn id_of(library: &Library, number: u32) -> Result<String, Error> {
    let record = library.record(number)?;
    Ok(match &record.ids.openalex {
        Some(id) => format!("openalex:{id}"),
        None => record.id(),
    })
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

/// The paper's recipe as it is, and with the topic counted instead of predicted. It shows one document; here it goes on by distance.
fn by_recipe(
    library: &Library,
    records: &BTreeMap<String, Record>,
    observer: &dyn Observer,
) -> Result<Vec<Wanted>, Error> {
    let recipe = match Recipe::learn(library, None, SEED, observer) {
        Ok(recipe) => recipe,
        // A library of one's own may have too few documents of a topic.
        Err(Error::Config { problem, .. }) => {
            let none = |name: &str| Wanted::new(name, problem.clone(), Run::new("none")).by_rank_alone();
            return Ok(vec![none("the paper's recipe"), none("counting rule")]);
        }
        Err(other) => return Err(other),
    };
    let mut predicted = Run::new("recipe");
    let mut counted = Run::new("counting-rule");
    for (query, record) in records {
        let text = read_by_paper(record);
        let (vector, topic) = recipe.read(&text)?;
        let add = |run: &mut Run, topic: Option<u32>| {
            let Some(topic) = topic else { return Ok(()) };
            let list = recipe.nearest(&vector, Gate::Topic(topic), DEPTH).into_iter();
            let ranked = list.map(|(place, distance)| {
                Ok(Ranked {
                    document: id_of(library, recipe.documents[place].number)?,
                    score: -distance,
                })
            });
            run.insert(query.clone(), ranked.collect::<Result<_, Error>>()?)
                .map_err(Error::Metrics)
        };
        add(&mut predicted, Some(topic))?;
        add(&mut counted, recipe.counted_topic(&text))?;
    }
    Ok(vec![
        Wanted::new(
            "the paper's recipe",
            "documents with one of the paper's 15 words and the same predicted topic, nearest by mean absolute difference",
            predicted,
        ),
        Wanted::new(
            "counting rule",
            "the same, with the topic counted instead of predicted",
            counted,
        ),
    ])
}

/// The list that people see who ask for variety.
fn varied(library: &Library, records: &BTreeMap<String, Record>) -> Result<Run, Error> {
    let recommender = Recommender::new(library);
    let mut options = RecommendOptions::default();
    options.lambda = VARIED;
    options.limit = SHOWN;
    options.never_abstain = true;
    let mut run = Run::new("with-variety");
    for (query, record) in records {
        let found = recommender.recommend(&question(query, record)?, &options)?;
        let ids: Vec<String> = found
            .items
            .iter()
            .map(|item| id_of(library, item.number))
            .collect::<Result<_, _>>()?;
        run.insert_ranking(query.clone(), ids).map_err(Error::Metrics)?;
    }
    Ok(run)
}

fn question(query: &str, record: &Record) -> Result<Question, Error> {
    let text = format!("{}\n{}", record.title, record.abstract_text);
    Ok(Question::from_text(&text, query)?)
}

/// Names of sides, what each ranking shows of them, and how many relevant documents have aspects.
fn sides(
    library: &Library,
    wanted: &[Wanted],
    judgements: &Judgements,
    observer: &dyn Observer,
) -> Result<(Vec<String>, Vec<GoldSides>, usize), Error> {
    let ten = NonZeroUsize::new(10).expect("10 is not 0");
    let known = known_aspects()?;
    let with_aspects = AspectJudgements::of_relevant(judgements, &known, RELEVANT);
    let measures = [AspectMeasure::Ndcg { k: ten }, AspectMeasure::Recall { k: ten }];
    let retrieval = Retrieval::default().with_order(Order::Given);
    let reports: Vec<RankingReport> = wanted
        .iter()
        .map(|wanted| retrieval.evaluate_aspects(&measures, &with_aspects, &wanted.run))
        .collect();
    let rows = beside_first(wanted, &reports, &measures[0].to_string(), observer)?;
    let mut names: Vec<String> = measures.iter().map(ToString::to_string).collect();
    names.extend(["unlikeness@10".into(), "ece".into()]);
    names.extend(VENUE_GROUPS.map(|group| group.name.to_owned()));
    let mut shown = Vec::new();
    for (row, wanted) in rows.into_iter().zip(wanted) {
        let mut values = row.means;
        let mut unlike = Vec::new();
        let mut venues = vec![Vec::new(); VENUE_GROUPS.len()];
        for (_, list) in wanted.run.iter() {
            let mut top = Vec::new();
            for ranked in list.iter().take(ten.get()) {
                top.extend(library.find(&ranked.document)?);
            }
            let vectors: Vec<Vec<f32>> = top.iter().filter_map(|number| library.vector(*number)).collect();
            unlike.extend(list_diversity(&vectors, |a, b| cosine(a, b)));
            let mut journals = Vec::new();
            for number in &top {
                journals.push(library.record(*number)?.venue);
            }
            for (shares, group) in venues.iter_mut().zip(VENUE_GROUPS) {
                let share = group_share(&journals, Some(ten), |venue| group.holds(venue.as_deref()));
                shares.extend(share.exposure);
            }
        }
        values.push(mean(&unlike));
        values.push(if wanted.scored {
            calibration(&wanted.run, judgements)?
        } else {
            None
        });
        values.extend(venues.iter().map(|shares| mean(shares)));
        shown.push(GoldSides {
            name: row.name,
            values,
            difference: row.difference,
            p: row.p,
        });
    }
    let mut journals = Vec::new();
    for (number, chance) in library.chances().iter().enumerate() {
        if *chance >= LIKELY {
            journals.push(library.record(number as u32)?.venue);
        }
    }
    let mut values = vec![None; names.len() - VENUE_GROUPS.len()];
    values.extend(
        VENUE_GROUPS.map(|group| group_share(&journals, None, |venue| group.holds(venue.as_deref())).plain),
    );
    shown.push(GoldSides {
        name: "all there are".into(),
        values,
        difference: None,
        p: None,
    });
    let relevant: BTreeSet<&String> = with_aspects
        .iter()
        .flat_map(|(_, documents)| documents.keys())
        .collect();
    Ok((names, shown, relevant.len()))
}

/// Aspects that a reader named, by id of the document.
fn known_aspects() -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in [
        ("judgements.jsonl", counterpoise_recommend::BUNDLED_JUDGEMENTS),
        ("gold-aspects.jsonl", GOLD_ASPECTS),
    ] {
        for judgement in super::learn::lines(Path::new(file), text.as_bytes())? {
            if !judgement.aspects.is_empty() {
                known.entry(judgement.id).or_default().extend(judgement.aspects);
            }
        }
    }
    Ok(known)
}

/// How far scores are from chances once a curve made them so: the expected calibration error over judged documents of each fold's
/// abstracts, with the curve of the other folds.
fn calibration(run: &Run, judgements: &Judgements) -> Result<Option<f64>, Error> {
    let mut rows: Vec<Vec<(f64, u32)>> = vec![Vec::new(); FOLDS];
    let queries: Vec<(&str, &[Ranked])> = run.iter().collect();
    for (place, query) in folds(queries.len()).into_iter().enumerate() {
        for query in query {
            let (query, list) = queries[query];
            let Some(grades) = judgements.of(query) else {
                continue;
            };
            rows[place].extend(list.iter().filter_map(|ranked| {
                let grade = grades.get(&ranked.document)?;
                Some((ranked.score, u32::from(*grade >= RELEVANT)))
            }));
        }
    }
    let chances = |rows: &[(f64, u32)]| -> Vec<f64> {
        let chance = |score: f64| 1.0 / (1.0 + (-score).exp());
        let both = rows.iter().map(|(score, _)| chance(*score));
        both.flat_map(|chance| [1.0 - chance, chance]).collect()
    };
    let (mut read, mut truth) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let rest: Vec<(f64, u32)> = (0..FOLDS)
            .filter(|other| *other != fold)
            .flat_map(|other| rows[other].clone())
            .collect();
        let labels: Vec<u32> = rest.iter().map(|(_, label)| *label).collect();
        if rows[fold].is_empty() || !labels.contains(&0) || !labels.contains(&1) {
            continue;
        }
        let curve = Calibration::Platt.fit(&chances(&rest), &labels, 2, None)?;
        read.extend(
            curve
                .apply(&chances(&rows[fold]))
                .chunks_exact(2)
                .map(|row| row[1]),
        );
        truth.extend(rows[fold].iter().map(|(_, label)| *label));
    }
    if read.is_empty() {
        return Ok(None);
    }
    let ece: Measure = "ece".parse().map_err(Error::Metrics)?;
    let weights = vec![1.0; read.len()];
    Ok(super::learn::measured(&read, &truth, &weights, &[ece])?[0])
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Places of each fold's abstracts.
fn folds(queries: usize) -> Vec<Vec<usize>> {
    let order = Seed::new(SEED).child("folds").shuffled(0..queries);
    (0..FOLDS)
        .map(|fold| order.iter().skip(fold).step_by(FOLDS).copied().collect())
        .collect()
}

/// Literature on ethics, law and society without a look at the abstract.
fn others(library: &Library, parts: &Parts, random: bool) -> Result<Run, Error> {
    let mut run = Run::new(if random { "random" } else { "newest" });
    let chances = library.chances();
    let is_likely = |number: &usize| chances[*number] >= LIKELY;
    let mut newest: Vec<(i32, usize)> = Vec::new();
    for number in (0..chances.len()).filter(is_likely) {
        newest.push((-library.record(number as u32)?.year.unwrap_or(0), number));
    }
    newest.sort_unstable();
    for query in parts.keys() {
        // All documents are drawn from, so that a draw stays nearly what it was when P(ELSI) is learnt anew.
        let order: Vec<usize> = if random {
            let drawn = Seed::new(SEED).child("random").child(query.as_str());
            drawn.shuffled(0..chances.len())
        } else {
            newest.iter().map(|(_, number)| *number).collect()
        };
        let ids: Vec<String> = order
            .into_iter()
            .filter(is_likely)
            .take(DEPTH)
            .map(|number| id_of(library, number as u32))
            .collect::<Result<_, _>>()?;
        run.insert_ranking(query.clone(), ids).map_err(Error::Metrics)?;
    }
    Ok(run)
}

/// Where tuning starts, set by hand before anything was judged; bundled weights would bring what they know of held-out abstracts.
const START: [f64; 8] = [0.4, 0.2, 0.4, 0.12, 0.2, 0.2, 0.03, 0.02];
/// Weights that are tried, one part after the other.
const TRIED: [f64; 11] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2];
/// Least gain of it for which a weight moves: less is noise with 30 abstracts.
const GAIN: f64 = 0.01;
/// Parts that the gold set says something of.
const TUNED: [usize; 6] = [0, 1, 2, 3, 4, 6];
/// Rounds over all parts.
const ROUNDS: usize = 3;

/// Each fold's abstracts, ranked by weights that were tuned on the others.
fn held_out(parts: &Parts, judgements: &Judgements) -> Result<Run, Error> {
    let queries: Vec<&String> = parts.keys().collect();
    let mut run = Run::new("held-out");
    for fold in folds(queries.len()) {
        let test: Vec<&String> = fold.into_iter().map(|place| queries[place]).collect();
        let rest: Vec<&String> = queries
            .iter()
            .copied()
            .filter(|query| !test.contains(query))
            .collect();
        let weights = tuned(parts, &rest, judgements);
        for query in test {
            run.insert(query.clone(), ranked(&parts[query], &weights))
                .map_err(Error::Metrics)?;
        }
    }
    Ok(run)
}

/// Weights to be saved, tuned on all abstracts.
fn tuned_weights(parts: &Parts, queries: &[&String], judgements: &Judgements) -> Result<Weights, Error> {
    let mut text = serde_json::Map::new();
    text.insert(
        "version".into(),
        format!("tuned on {}", counted(queries.len(), "abstract")).into(),
    );
    let names = Weights::bundled().list().map(|(name, _)| name);
    for (name, weight) in names.into_iter().zip(tuned(parts, queries, judgements)) {
        text.insert(name.into(), weight.into());
    }
    let text = serde_json::Value::Object(text).to_string();
    Ok(Weights::parse(&text, "tuned weights")?)
}

/// Coordinate by coordinate, from [`START`]; what gains less than [`GAIN`] is left.
fn tuned(parts: &Parts, queries: &[&String], judgements: &Judgements) -> [f64; 8] {
    let measure = RankingMeasure::Ndcg {
        k: NonZeroUsize::new(10),
        gain: Gain::Exponential,
    };
    let score = |weights: &[f64; 8]| {
        let values = queries.iter().filter_map(|query| {
            let list = ranked(&parts[*query], weights);
            let ids: Vec<&str> = list.iter().map(|ranked| ranked.document.as_str()).collect();
            measure.value(&ids, judgements.of(query)?, RELEVANT)
        });
        let values: Vec<f64> = values.collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    let mut weights = START;
    let mut best = score(&weights);
    for _ in 0..ROUNDS {
        let before = best;
        for part in TUNED {
            for tried in TRIED {
                let mut other = weights;
                other[part] = tried;
                let value = score(&other);
                if value > best + GAIN {
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

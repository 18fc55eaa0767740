use std::path::Path;

use counterpoise_base::{Event, Matrix, Observer, Seed, counted};
use counterpoise_learn::{Design, Learner, LogisticRegression, Model, Training};
use counterpoise_recommend::{
    Error as RecommendError, Lexicon, Library, MiniLm, Record, StaticTable, porter,
};

use crate::Error;

const TASK: &str = "reading documents";
const EMBEDDING: &str = "embedding documents";
/// Documents that are embedded at a time.
const BATCH: usize = 256;
/// Shares of documents to learn from and to choose by; the rest is for testing.
const SPLIT: (f64, f64) = (0.70, 0.15);
/// Fewest documents of a topic that a model can learn it from.
const LEAST: usize = 10;

/// The five technical topics and their stems, as the authors' code has them; names are ours.
pub(crate) const TOPICS: [(&str, &[&str]); 5] = [
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

/// A document that the recipe reads.
pub(crate) struct RecipeDocument {
    /// Its number in the library.
    pub(crate) number: u32,
    /// Its topic by counting stems: the label.
    pub(crate) topic: u32,
    /// Its topic as the model sees it.
    pub(crate) predicted: u32,
    /// Whether it is on ethics, law and society, by the words of the paper.
    pub(crate) elsi: bool,
}

/// The recommender of Dablain, Huang and Sepulvado (arXiv 2207.06360), as their code does it: topics by counting stems, literature on
/// ethics by the paper's 15 words, a model that predicts the topic, and the document of the same predicted topic whose vector is nearest
/// by mean absolute difference.
///
/// # Source
///
/// The authors' repository. A stem of the list counts where a word's Porter stem is its stem, or begins with it where the list
/// cuts it short. They fine-tune `BioBERT` for the topic; here a logistic regression reads frozen vectors.
pub(crate) struct Recipe {
    /// Documents with a topic.
    pub(crate) documents: Vec<RecipeDocument>,
    /// Documents without a stem of any topic, which the recipe drops.
    pub(crate) without_topic: usize,
    /// Those of them that are on ethics, law and society by the words of the paper.
    pub(crate) elsi_without_topic: usize,
    /// Places of documents that the model did not learn from.
    pub(crate) test: Vec<usize>,
    stems: Stems,
    encoder: Encoder,
    vectors: Vec<f32>,
    model: Model,
}

/// Which documents are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Those of a topic.
    Topic(u32),
    /// All.
    Open,
}

impl Recipe {
    /// Reads a library and learns its topics. Vectors are those of MiniLM where a path to it is given, of the bundled table of words
    /// otherwise.
    ///
    /// # Errors
    ///
    /// If the library or the weights cannot be read, and if a topic has fewer than 10 documents.
    pub(crate) fn learn(
        library: &Library,
        minilm: Option<&Path>,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let encoder = match minilm {
            Some(path) => Encoder::MiniLm(MiniLm::open(path)?),
            None => Encoder::Table(StaticTable::bundled()),
        };
        let lexicon = Lexicon::bundled();
        let stems = Stems::new();
        let mut documents = Vec::new();
        let mut texts = Vec::new();
        let (mut without_topic, mut elsi_without_topic) = (0, 0);
        for number in 0..library.len() as u32 {
            let text = read_by_paper(&library.record(number)?);
            let elsi = lexicon.paper_rule(&text);
            match stems.topic(&text) {
                None => {
                    without_topic += 1;
                    elsi_without_topic += usize::from(elsi);
                }
                Some(topic) => {
                    documents.push(RecipeDocument {
                        number,
                        topic,
                        predicted: topic,
                        elsi,
                    });
                    texts.push(text);
                }
            }
            progress(TASK, u64::from(number) + 1, library.len() as u64, observer)?;
        }
        let _ = observer.observe(&Event::Finished { task: TASK });
        for (topic, (name, _)) in TOPICS.iter().enumerate() {
            let there = documents
                .iter()
                .filter(|document| document.topic as usize == topic)
                .count();
            if there < LEAST {
                return Err(Error::Config {
                    place: "the recipe of the paper".into(),
                    problem: format!(
                        "its topic `{name}` has {}, and {LEAST} are needed",
                        counted(there, "document")
                    ),
                    hint: Some(
                        "give a library of more documents on synthetic biology, or none for the bundled titles"
                            .into(),
                    ),
                });
            }
        }
        let vectors = encoder.embed(&texts, observer)?;
        let order = Seed::new(seed).child("split").shuffled(0..documents.len());
        let share = |share: f64| (share * documents.len() as f64) as usize;
        let fitted = &order[..share(SPLIT.0)];
        let test = order[share(SPLIT.0 + SPLIT.1)..].to_vec();
        let names = TOPICS.map(|(name, _)| name.to_owned());
        let labels: Vec<u32> = fitted.iter().map(|row| documents[*row].topic).collect();
        let dims = encoder.dims();
        let rows = fitted
            .iter()
            .flat_map(|row| &vectors[row * dims..(row + 1) * dims]);
        let design = design(rows, dims);
        let training = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: None,
        };
        let model = Learner::Logistic(LogisticRegression::default()).fit(&training, &Seed::new(seed))?;
        let mut recipe = Self {
            documents,
            without_topic,
            elsi_without_topic,
            test,
            stems,
            encoder,
            vectors,
            model,
        };
        let predicted = recipe.topics_of(&recipe.vectors)?;
        for (document, predicted) in recipe.documents.iter_mut().zip(predicted) {
            document.predicted = predicted;
        }
        Ok(recipe)
    }

    /// What plays the part of `BioBERT`.
    pub(crate) fn encoder(&self) -> &'static str {
        match self.encoder {
            Encoder::Table(_) => "the bundled table of words, distilled from MiniLM",
            Encoder::MiniLm(_) => "MiniLM, frozen",
        }
    }

    /// The topic by counting stems.
    pub(crate) fn counted_topic(&self, text: &str) -> Option<u32> {
        self.stems.topic(text)
    }

    /// The vector of a text, and the topic that the model sees in it.
    pub(crate) fn read(&self, text: &str) -> Result<(Vec<f32>, u32), Error> {
        let vector = self.encoder.embed(&[text.to_owned()], &())?;
        let topic = self.topics_of(&vector)?;
        Ok((vector, topic[0]))
    }

    /// The vector of a document, by its place.
    pub(crate) fn vector(&self, place: usize) -> &[f32] {
        let dims = self.encoder.dims();
        &self.vectors[place * dims..(place + 1) * dims]
    }

    /// Places of literature on ethics, law and society, nearest first; the paper shows the first one alone.
    pub(crate) fn nearest(&self, vector: &[f32], gate: Gate, most: usize) -> Vec<(usize, f64)> {
        self.nearest_among(vector, gate, most, |document| document.elsi)
    }

    /// The same among documents of any choice.
    pub(crate) fn nearest_among(
        &self,
        vector: &[f32],
        gate: Gate,
        most: usize,
        among: impl Fn(&RecipeDocument) -> bool,
    ) -> Vec<(usize, f64)> {
        let open = self.documents.iter().enumerate().filter(|(_, document)| {
            among(document) && (gate == Gate::Open || gate == Gate::Topic(document.predicted))
        });
        let mut list: Vec<(usize, f64)> = open
            .map(|(place, _)| (place, distance(vector, self.vector(place))))
            .collect();
        list.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        list.truncate(most);
        list
    }

    fn topics_of(&self, vectors: &[f32]) -> Result<Vec<u32>, Error> {
        let chances = self
            .model
            .probabilities(&design(vectors.iter(), self.encoder.dims()))?;
        let best = |row: &[f64]| {
            (1..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best })
        };
        Ok(chances
            .chunks_exact(TOPICS.len())
            .map(|row| best(row) as u32)
            .collect())
    }
}

enum Encoder {
    Table(&'static StaticTable),
    MiniLm(MiniLm),
}

impl Encoder {
    fn dims(&self) -> usize {
        match self {
            Self::Table(table) => table.dims(),
            Self::MiniLm(_) => MiniLm::DIMS,
        }
    }

    fn embed(&self, texts: &[String], observer: &dyn Observer) -> Result<Vec<f32>, Error> {
        let model = match self {
            Self::Table(table) => return Ok(texts.iter().flat_map(|text| table.embed(text)).collect()),
            Self::MiniLm(model) => model,
        };
        let mut vectors = Vec::with_capacity(texts.len() * MiniLm::DIMS);
        for (batch, part) in texts.chunks(BATCH).enumerate() {
            vectors.extend(model.embed(part, &())?);
            let done = ((batch + 1) * BATCH).min(texts.len());
            progress(EMBEDDING, done as u64, texts.len() as u64, observer)?;
        }
        let _ = observer.observe(&Event::Finished { task: EMBEDDING });
        Ok(vectors)
    }
}

fn progress(task: &'static str, done: u64, total: u64, observer: &dyn Observer) -> Result<(), Error> {
    if observer
        .observe(&Event::Progress { task, done, total })
        .is_break()
    {
        return Err(RecommendError::Stopped { task }.into());
    }
    Ok(())
}

fn design<'a>(values: impl Iterator<Item = &'a f32>, dims: usize) -> Design {
    let values: Vec<f64> = values.map(|value| f64::from(*value)).collect();
    Design::from_matrix(Matrix::new(values.len() / dims, dims, values))
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum();
    sum / a.len() as f64
}

/// What the paper reads of a document: its abstract; where there is none, a title is all there is.
pub(crate) fn read_by_paper(record: &Record) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_counted_by_stems_and_the_first_of_two_equals_wins() {
        let stems = Stems::new();
        assert_eq!(
            stems.topic("Signalling networks, controlled by promoters"),
            Some(0)
        );
        assert_eq!(stems.topic("Metabolic pathways of yeasts"), Some(1));
        assert_eq!(stems.topic("Patients and networks"), Some(0));
        assert_eq!(stems.topic("Nothing of the kind"), None);
    }

    #[test]
    fn cut_stems_are_beginnings() {
        let stems = Stems::new();
        assert_eq!(stems.topic("metabolomics"), Some(1));
        assert_eq!(stems.topic("biosynthesised"), Some(1));
    }
}

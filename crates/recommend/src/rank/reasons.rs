use serde::Serialize;

/// Why a document is recommended; the same words for the same library, text and options.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reasons {
    /// Parts that add up to the score.
    pub parts: Vec<Part>,
    /// Words in common, the weightiest first, each with its share of the score.
    pub words: Vec<WordShare>,
    /// The two sentences that are most alike.
    pub sentences: Option<SentencePair>,
    /// Aspects that the text calls for and the document is about.
    pub aspects: Vec<AspectReason>,
    /// Ids that both cite.
    pub references: Vec<String>,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its name in [`Weights`](super::Weights).
    pub name: &'static str,
    /// What it adds.
    pub value: f64,
}

/// A word in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordShare {
    /// As the text writes it, folded.
    pub word: String,
    /// Its part of the score, in `[0, 1]`.
    pub share: f64,
    /// Whether it is a bridge word, which the text itself may not hold.
    pub bridge: bool,
}

/// Two sentences that are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SentencePair {
    /// From the text.
    pub yours: String,
    /// From the document.
    pub theirs: String,
    /// How alike, in `[0, 1]`.
    pub likeness: f64,
}

/// An aspect of a document that concerns the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AspectReason {
    /// Its name in the lexicon.
    pub aspect: String,
    /// For people.
    pub title: String,
    /// The words of the document that say so: a cue, or a subject heading. Absent where no single word does, and the classifier
    /// takes the document as a whole to be like those that were judged to be about the aspect.
    pub theirs: Option<String>,
    /// The words of your text that make it matter.
    pub yours: Option<String>,
    /// Why they do: the end of the sentence "this work …".
    pub why: Option<String>,
}

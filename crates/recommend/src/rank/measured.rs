use super::Weights;
use super::reasons::Part;

/// A candidate's parts, each before its weight.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measured {
    pub(super) words: f64,
    pub(super) bridge: f64,
    pub(super) meaning: f64,
    pub(super) elsi: f64,
    pub(super) aspects: f64,
    pub(super) references: f64,
    pub(super) recent: f64,
    pub(super) open_access: f64,
    /// Share of the text's words, by rarity, that it has.
    pub(super) covered: f64,
}

impl Measured {
    /// Whether it has anything in common with a text: a word or two of its subject, a bridge word, an aspect that the text calls for, a
    /// reference, or a likeness of meaning of at least so much.
    pub(super) fn has_something(&self, near: f64) -> bool {
        self.covered > 0.0
            || self.bridge > 0.0
            || self.aspects > 0.0
            || self.references > 0.0
            || self.meaning >= near
    }

    pub(super) fn values(&self) -> [f64; 8] {
        [
            self.words,
            self.bridge,
            self.meaning,
            self.elsi,
            self.aspects,
            self.references,
            self.recent,
            self.open_access,
        ]
    }

    pub(super) fn parts(&self, weights: &Weights) -> Vec<Part> {
        let named = weights.list().into_iter().zip(self.values());
        named
            .map(|((name, weight), value)| Part {
                name,
                value: weight * value,
            })
            .collect()
    }

    pub(super) fn score(&self, weights: &Weights) -> f64 {
        self.parts(weights).iter().map(|part| part.value).sum()
    }
}

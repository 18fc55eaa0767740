//! Many words and phrases, found in a text in one pass.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Letters that a word with an open end needs, so that `a*` does not match half of a text.
pub(crate) const SHORTEST_STEM: usize = 3;

/// A phrase as people write it, in the form it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Phrase {
    /// Words in lower case with single spaces; a hyphen is a space.
    pub(crate) words: String,
    /// Whether any letters may follow the last word.
    pub(crate) open: bool,
}

impl Phrase {
    /// From `gene drive*`; the error says what is wrong with it.
    pub(crate) fn parse(written: &str) -> Result<Self, &'static str> {
        let (body, open) = match written.strip_suffix('*') {
            Some(body) => (body, true),
            None => (written, false),
        };
        if body.contains('*') {
            return Err("`*` stands at the end only");
        }
        if open && !body.ends_with(char::is_alphanumeric) {
            return Err("`*` follows a letter");
        }
        let mut text = Words::default();
        text.read(body);
        let words = text.all().collect::<Vec<_>>().join(" ");
        if !words.contains(char::is_alphabetic) {
            return Err("it has no letter");
        }
        let last = words.rsplit(' ').next().unwrap_or_default();
        if open && last.chars().count() < SHORTEST_STEM {
            return Err("at least three letters stand before `*`");
        }
        Ok(Self { words, open })
    }
}

/// Where a phrase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The number that the phrase was added with.
    pub(crate) value: u32,
    /// First byte in the text.
    pub(crate) start: usize,
    /// The byte after the last.
    pub(crate) end: usize,
}

type Quick = BuildHasherDefault<QuickHasher>;

/// A hash of few operations: words are short, and each word of a text is looked up twice.
#[derive(Debug, Clone, Copy, Default)]
struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            // Any odd number with bits all over does: this is the golden ratio.
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u8(&mut self, _: u8) {
        // The mark that ends a string; strings are not put together here.
    }

    fn write_usize(&mut self, number: usize) {
        self.write(&number.to_le_bytes());
    }
}

/// A tree of words.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    nodes: Vec<Node>,
    /// Which words may begin a phrase: most words of a text begin none, and are passed over without a look at a table.
    words: Marks,
    /// Which words may begin one with an open end.
    stems: Marks,
}

/// A set of 16-bit marks.
#[derive(Debug, Clone)]
struct Marks(Box<[u64; 1024]>);

impl Marks {
    fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    fn add(&mut self, mark: u16) {
        self.0[usize::from(mark >> 6)] |= 1 << (mark & 63);
    }

    fn has(&self, mark: u16) -> bool {
        self.0[usize::from(mark >> 6)] & (1 << (mark & 63)) != 0
    }
}

/// A mark of a whole word: its ends and its length.
fn word_mark(word: &[u8]) -> u16 {
    let at = |index: usize| u32::from(word.get(index).copied().unwrap_or(0));
    let last = u32::from(word.last().copied().unwrap_or(0));
    let mixed = at(0) | at(1) << 8 | at(2) << 16 | last << 24;
    ((mixed ^ word.len() as u32).wrapping_mul(0x9e37_79b1) >> 16) as u16
}

/// A mark of the beginning of a word.
fn stem_mark(key: [u8; SHORTEST_STEM]) -> u16 {
    let mixed = u32::from(key[0]) | u32::from(key[1]) << 8 | u32::from(key[2]) << 16;
    (mixed.wrapping_mul(0x9e37_79b1) >> 16) as u16
}

/// The letters before `*`, and the value.
type Stem = (Box<str>, u32);

#[derive(Debug, Clone, Default)]
struct Node {
    next: HashMap<Box<str>, usize, Quick>,
    /// Words with an open end, by their first bytes.
    stems: HashMap<[u8; SHORTEST_STEM], Vec<Stem>, Quick>,
    values: Vec<u32>,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            words: Marks::new(),
            stems: Marks::new(),
        }
    }

    /// Adds a phrase. One phrase may have several values.
    pub(crate) fn add(&mut self, phrase: &Phrase, value: u32) {
        let mut at = 0;
        let mut words = phrase.words.split(' ').peekable();
        while let Some(word) = words.next() {
            if phrase.open && words.peek().is_none() {
                if let Some(key) = key(word) {
                    if at == 0 {
                        self.stems.add(stem_mark(key));
                    }
                    self.nodes[at]
                        .stems
                        .entry(key)
                        .or_default()
                        .push((word.into(), value));
                }
                return;
            }
            if at == 0 {
                self.words.add(word_mark(word.as_bytes()));
            }
            let known = self.nodes[at].next.get(word).copied();
            at = known.unwrap_or_else(|| {
                self.nodes.push(Node::default());
                let next = self.nodes.len() - 1;
                self.nodes[at].next.insert(word.into(), next);
                next
            });
        }
        self.nodes[at].values.push(value);
    }

    /// Every place of every phrase, in the order of their first words.
    pub(crate) fn find(&self, text: &str) -> Vec<Found> {
        let mut words = Words::default();
        words.read(text);
        let mut out = Vec::new();
        for (first, begin) in words.places.iter().enumerate() {
            let word = &words.lower.as_bytes()[begin.lower_start..begin.lower_end];
            let stem = word
                .first_chunk()
                .is_some_and(|key| self.stems.has(stem_mark(*key)));
            if !stem && !self.words.has(word_mark(word)) {
                continue;
            }
            let mut at = 0;
            for (count, place) in words.places[first..].iter().enumerate() {
                if count > 0 && place.apart {
                    break;
                }
                let node = &self.nodes[at];
                let word = &words.lower[place.lower_start..place.lower_end];
                let mut hit = |value| {
                    out.push(Found {
                        value,
                        start: begin.start,
                        end: place.end,
                    });
                };
                if !node.stems.is_empty()
                    && let Some(key) = key(word)
                    && let Some(stems) = node.stems.get(&key)
                {
                    for (stem, value) in stems {
                        if word.starts_with(&**stem) {
                            hit(*value);
                        }
                    }
                }
                let Some(&next) = node.next.get(word) else { break };
                self.nodes[next].values.iter().copied().for_each(&mut hit);
                at = next;
            }
        }
        out
    }
}

fn key(word: &str) -> Option<[u8; SHORTEST_STEM]> {
    word.as_bytes().first_chunk().copied()
}

/// The words of a text in lower case.
#[derive(Debug, Default)]
struct Words {
    lower: String,
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    lower_start: usize,
    lower_end: usize,
    /// No phrase reaches over the sign before this word.
    apart: bool,
}

impl Words {
    fn all(&self) -> impl Iterator<Item = &str> {
        self.places
            .iter()
            .map(|place| &self.lower[place.lower_start..place.lower_end])
    }

    fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.lower.reserve(bytes.len());
        self.places.reserve(bytes.len() / 6);
        let (mut at, mut gap) = (0, 0);
        while at < bytes.len() {
            let Some((size, true)) = sign(text, at) else {
                at += sign(text, at).map_or(1, |(size, _)| size);
                continue;
            };
            let start = at;
            let lower_start = self.lower.len();
            at += size;
            let mut ascii = size == 1;
            while let Some((size, true)) = sign(text, at) {
                at += size;
                ascii &= size == 1;
            }
            if ascii {
                self.lower.push_str(&text[start..at]);
                self.lower[lower_start..].make_ascii_lowercase();
            } else {
                self.lower
                    .extend(text[start..at].chars().flat_map(char::to_lowercase));
            }
            let initial = self
                .places
                .last()
                .is_some_and(|place| place.end - place.start == 1);
            self.places.push(Place {
                start,
                end: at,
                lower_start,
                lower_end: self.lower.len(),
                apart: apart(&text[gap..start], initial),
            });
            gap = at;
        }
    }
}

/// The bytes of the sign at a place, and whether it is of a word.
fn sign(text: &str, at: usize) -> Option<(usize, bool)> {
    let first = *text.as_bytes().get(at)?;
    if first.is_ascii() {
        return Some((1, first.is_ascii_alphanumeric()));
    }
    let sign = text[at..].chars().next()?;
    Some((sign.len_utf8(), sign.is_alphanumeric()))
}

/// Whether two words with this between them belong to different phrases. `E. coli`, `1,3-diol` and `Sc2.0` do not.
fn apart(between: &str, after_initial: bool) -> bool {
    if between.len() == 1 {
        return matches!(between, "(" | ")" | "[" | "]" | "|");
    }
    if after_initial && matches!(between.trim_end(), ".") && !between.contains('\n') {
        return false;
    }
    between.contains(['(', ')', '[', ']', '|'])
        || between.contains("\n\n")
        || between.contains(['.', ';', ':', '!', '?', ','])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(phrases: &[&str], text: &str) -> Vec<String> {
        let mut all = Phrases::new();
        for (value, phrase) in phrases.iter().enumerate() {
            all.add(&Phrase::parse(phrase).expect("it is one"), value as u32);
        }
        all.find(text)
            .iter()
            .map(|hit| format!("{}:{}", hit.value, &text[hit.start..hit.end]))
            .collect()
    }

    #[test]
    fn a_phrase_is_found_in_any_case_and_with_any_hyphen() {
        let check =
            |phrase, text, wanted: &[&str]| assert_eq!(found(&[phrase], text), wanted, "{phrase} in {text}");
        check("gene drive", "A Gene-Drive and gene  drives", &["0:Gene-Drive"]);
        check("gene drive*", "gene drives here", &["0:gene drives"]);
        check("e. coli", "in E. coli, e coli", &["0:E. coli", "0:e coli"]);
        check("policy", "policymaker", &[]);
        check("ethic*", "ÉTHIC ETHICS", &["0:ETHICS"]);
        check("éthique", "L'Éthique", &["0:Éthique"]);
        check("sc2.0", "the Sc2.0 yeast", &["0:Sc2.0"]);
        check("1,3-propanediol", "to 1,3-propanediol", &["0:1,3-propanediol"]);
    }

    #[test]
    fn a_phrase_does_not_reach_over_the_end_of_a_sentence() {
        assert!(found(&["benefit sharing"], "of benefit. Sharing it").is_empty());
        assert!(found(&["benefit sharing"], "benefit (sharing)").is_empty());
        assert!(found(&["benefit sharing"], "benefit\n\nSharing").is_empty());
        assert_eq!(found(&["benefit sharing"], "benefit\nsharing").len(), 1);
    }

    #[test]
    fn a_phrase_that_says_too_little_is_refused() {
        for bad in ["", "*", "ai*", "12", "a*b", "gene *", "---"] {
            assert!(Phrase::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Phrase::parse("Gene-Drive*").expect("it is one").words,
            "gene drive"
        );
    }

    proptest! {
        #[test]
        fn every_place_is_a_slice_that_holds_the_phrase(text in "(gene|drive|drives|Gene|[ .,\\-(éß\u{130}]){0,40}") {
            let mut all = Phrases::new();
            all.add(&Phrase::parse("gene drive*").expect("it is one"), 7);
            for hit in all.find(&text) {
                let part = text[hit.start..hit.end].to_lowercase();
                prop_assert!(part.starts_with("gene") && part.contains("drive"));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let mut all = Phrases::new();
            all.add(&Phrase::parse("gene drive*").expect("it is one"), 7);
            all.find(&text);
        }
    }
}

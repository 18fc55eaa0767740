//! Many words and phrases, found in a text in one pass.

use std::collections::HashMap;

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

/// A tree of words.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    next: HashMap<Box<str>, usize>,
    /// Words with an open end, by their first bytes.
    stems: HashMap<[u8; SHORTEST_STEM], Vec<(Box<str>, u32)>>,
    values: Vec<u32>,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    /// Adds a phrase. One phrase may have several values.
    pub(crate) fn add(&mut self, phrase: &Phrase, value: u32) {
        let mut at = 0;
        let mut words = phrase.words.split(' ').peekable();
        while let Some(word) = words.next() {
            if phrase.open && words.peek().is_none() {
                if let Some(key) = key(word) {
                    self.nodes[at]
                        .stems
                        .entry(key)
                        .or_default()
                        .push((word.into(), value));
                }
                return;
            }
            at = match self.nodes[at].next.get(word) {
                Some(&next) => next,
                None => {
                    self.nodes.push(Node::default());
                    let next = self.nodes.len() - 1;
                    self.nodes[at].next.insert(word.into(), next);
                    next
                }
            };
        }
        self.nodes[at].values.push(value);
    }

    /// Every place of every phrase, in the order of their first words.
    pub(crate) fn find(&self, text: &str) -> Vec<Found> {
        let mut words = Words::default();
        words.read(text);
        let mut out = Vec::new();
        for (first, begin) in words.places.iter().enumerate() {
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
        let mut signs = text.char_indices().peekable();
        let mut gap = 0;
        while let Some(&(start, sign)) = signs.peek() {
            if !sign.is_alphanumeric() {
                signs.next();
                continue;
            }
            let lower_start = self.lower.len();
            let mut end = start;
            while let Some(&(at, sign)) = signs.peek() {
                if !sign.is_alphanumeric() {
                    break;
                }
                if sign.is_ascii() {
                    self.lower.push(sign.to_ascii_lowercase());
                } else {
                    self.lower.extend(sign.to_lowercase());
                }
                end = at + sign.len_utf8();
                signs.next();
            }
            let initial = self
                .places
                .last()
                .is_some_and(|place| place.end - place.start == 1);
            self.places.push(Place {
                start,
                end,
                lower_start,
                lower_end: self.lower.len(),
                apart: apart(&text[gap..start], initial),
            });
            gap = end;
        }
    }
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

//! Text to pieces of words, as uncased BERT cuts it.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, HirKind};
use unicode_normalization::UnicodeNormalization;

use crate::Error;

/// Characters of the longest word that is cut; a longer one is unknown.
const LONGEST_WORD: usize = 100;
/// Pieces of the largest vocabulary that is read. Nodes and a byte share one number of 32 bits.
const MOST_PIECES: usize = 1 << 20;
/// Nodes of the largest tree.
const MOST_NODES: usize = 1 << 24;

/// Cuts text into pieces of a vocabulary of uncased BERT.
///
/// Text is cleaned, put into lower case and freed of accents; punctuation and CJK signs stand alone; of a word the longest
/// piece is cut off again and again, and a word that does not go up in pieces is `[UNK]`.
///
/// # Source
///
/// Devlin, Chang, Lee and Toutanova, arXiv 1810.04805. Ids are those of Hugging Face's `tokenizers`, which
/// `tests/golden/mini-lm.json` records, but that the names of special pieces in a text are text like any other.
#[derive(Debug, Clone)]
pub struct WordPiece {
    tree: Tree,
    /// Where words begin, and where what continues a word begins.
    continuation: u32,
    pieces: Vec<String>,
    unknown: u32,
    first: u32,
    last: u32,
}

impl WordPiece {
    /// From the text of a `vocab.txt`: one piece a line, the first has id 0. `file` is named in errors.
    pub fn from_vocabulary(text: &str, file: &str) -> Result<Self, Error> {
        let pieces: Vec<String> = text.lines().map(str::to_owned).collect();
        Self::new(pieces, file)
    }

    /// From the pieces in order of their ids.
    pub(crate) fn new(pieces: Vec<String>, file: &str) -> Result<Self, Error> {
        let malformed = |place: String, problem: String| Error::Malformed {
            file: file.to_owned(),
            place,
            problem,
            hint: Some("take `vocab.txt` of all-MiniLM-L6-v2, as it is".into()),
        };
        if pieces.len() > MOST_PIECES {
            let problem = format!("{} pieces, but {MOST_PIECES} are the most", pieces.len());
            return Err(malformed("the whole".into(), problem));
        }
        let mut tree = Tree::new(pieces.iter().map(String::len).sum());
        for (id, piece) in pieces.iter().enumerate() {
            let at = || format!("line {}", id + 1);
            if piece.is_empty() {
                return Err(malformed(at(), "a piece is empty".into()));
            }
            if !tree.insert(piece.as_bytes(), id as u32) {
                let problem = format!("`{piece}` stands here twice, or there are too many pieces");
                return Err(malformed(at(), problem));
            }
        }
        tree.shrink();
        let special = |name: &str| {
            tree.find(name.as_bytes())
                .ok_or_else(|| malformed("the whole".into(), format!("the piece `{name}` is missing")))
        };
        let (unknown, first, last) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        let continuation = tree.step(tree.step(ROOT, b'#'), b'#');
        Ok(Self {
            tree,
            continuation,
            pieces,
            unknown,
            first,
            last,
        })
    }

    /// Pieces of the vocabulary.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are no pieces. There always are some.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All pieces in order of their ids; what continues a word begins with `##`.
    pub fn vocabulary(&self) -> &[String] {
        &self.pieces
    }

    /// Id of `[UNK]`.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// Ids of `[CLS]` and `[SEP]`, which a network wants around a text.
    pub fn around(&self) -> (u32, u32) {
        (self.first, self.last)
    }

    /// Ids of the pieces of a text, without `[CLS]` and `[SEP]`.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 4);
        self.each_piece(text, |id| {
            ids.push(id);
            true
        });
        ids
    }

    /// Tells the id of each piece of a text in order, until `hear` says `false`.
    pub fn each_piece(&self, text: &str, mut hear: impl FnMut(u32) -> bool) {
        let mut word = Word::default();
        let classes = Classes::get();
        for sign in text.chars() {
            if sign.is_ascii() {
                let byte = sign as u8;
                let fine = match byte {
                    b' ' | b'\t' | b'\n' | b'\r' => self.end(&mut word, &mut hear),
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                        word.push_byte(byte.to_ascii_lowercase());
                        true
                    }
                    // Other control characters vanish; the word goes on.
                    0..=31 | 127 => true,
                    _ => self.alone(sign, &mut word, &mut hear),
                };
                if !fine {
                    return;
                }
                continue;
            }
            if sign == '\u{fffd}' || classes.control.has(sign) {
                continue;
            }
            if sign.is_whitespace() {
                if !self.end(&mut word, &mut hear) {
                    return;
                }
                continue;
            }
            let stands_alone = is_cjk(sign);
            if stands_alone && !self.end(&mut word, &mut hear) {
                return;
            }
            // Accents go first and capitals second, as the original does it.
            for part in std::iter::once(sign).nfd() {
                if classes.accent.has(part) {
                    continue;
                }
                for lower in part.to_lowercase() {
                    let fine = if lower.is_whitespace() {
                        self.end(&mut word, &mut hear)
                    } else if lower.is_ascii_punctuation() || classes.punctuation.has(lower) {
                        self.alone(lower, &mut word, &mut hear)
                    } else {
                        word.push(lower);
                        true
                    };
                    if !fine {
                        return;
                    }
                }
            }
            if stands_alone && !self.end(&mut word, &mut hear) {
                return;
            }
        }
        self.end(&mut word, &mut hear);
    }

    /// A sign that is a word of its own.
    fn alone(&self, sign: char, word: &mut Word, hear: &mut impl FnMut(u32) -> bool) -> bool {
        if !self.end(word, hear) {
            return false;
        }
        word.push(sign);
        self.end(word, hear)
    }

    /// Cuts the word that ends here.
    fn end(&self, word: &mut Word, hear: &mut impl FnMut(u32) -> bool) -> bool {
        if word.signs == 0 {
            return true;
        }
        word.cuts.clear();
        let mut from = 0;
        let mut node = ROOT;
        while from < word.bytes.len() && word.signs <= LONGEST_WORD {
            let Some((id, length)) = self.tree.longest(node, &word.bytes[from..]) else {
                break;
            };
            word.cuts.push(id);
            from += length;
            node = self.continuation;
        }
        let whole = from == word.bytes.len();
        word.bytes.clear();
        word.signs = 0;
        if whole {
            word.cuts.iter().all(|&id| hear(id))
        } else {
            hear(self.unknown)
        }
    }
}

/// A word while it is read.
#[derive(Default)]
struct Word {
    bytes: Vec<u8>,
    signs: usize,
    cuts: Vec<u32>,
}

impl Word {
    fn push_byte(&mut self, byte: u8) {
        self.signs += 1;
        // What is longer is unknown anyway, and need not be kept.
        if self.signs <= LONGEST_WORD {
            self.bytes.push(byte);
        }
    }

    fn push(&mut self, sign: char) {
        self.signs += 1;
        if self.signs <= LONGEST_WORD {
            let mut buffer = [0; 4];
            self.bytes
                .extend_from_slice(sign.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// The signs that BERT calls Chinese: ideographs, not kana or Hangul.
fn is_cjk(sign: char) -> bool {
    matches!(u32::from(sign),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_B73F | 0x2_B740..=0x2_B81F
        | 0x2_B920..=0x2_CEAF | 0xF900..=0xFAFF | 0x2_F800..=0x2_FA1F)
}

/// Classes of Unicode that decide where a word ends.
struct Classes {
    control: Ranges,
    accent: Ranges,
    punctuation: Ranges,
}

impl Classes {
    fn get() -> &'static Self {
        static CLASSES: OnceLock<Classes> = OnceLock::new();
        CLASSES.get_or_init(|| Self {
            control: Ranges::of(r"[\p{Cc}\p{Cf}\p{Co}]"),
            accent: Ranges::of(r"\p{Mn}"),
            punctuation: Ranges::of(r"\p{P}"),
        })
    }
}

/// Ranges of characters, in order.
struct Ranges(Vec<(char, char)>);

impl Ranges {
    fn of(class: &str) -> Self {
        let parsed = regex_syntax::parse(class).expect("a class of ours is well formed");
        match parsed.into_kind() {
            HirKind::Class(Class::Unicode(class)) => {
                Self(class.iter().map(|range| (range.start(), range.end())).collect())
            }
            other => unreachable!("{other:?} is no class of characters"),
        }
    }

    fn has(&self, sign: char) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= sign);
        after > 0 && sign <= self.0[after - 1].1
    }
}

/// The node that every tree begins with.
const ROOT: u32 = 0;
/// No node, no piece.
const NONE: u32 = u32::MAX;

/// All pieces, letter by letter. Steps stand in one table of hashes, so that reading a word touches little memory.
#[derive(Debug, Clone)]
struct Tree {
    /// Node and byte before, node after; `NONE` where a place is free. The length is a power of two.
    steps: Vec<(u32, u32)>,
    /// Id of the piece that ends at a node.
    ends: Vec<u32>,
}

impl Tree {
    /// Room for so many steps.
    fn new(most: usize) -> Self {
        Self {
            steps: vec![(NONE, NONE); (2 * most.min(MOST_NODES)).next_power_of_two().max(16)],
            ends: vec![NONE],
        }
    }

    /// Where a step stands, or where it would.
    fn place(&self, key: u32) -> usize {
        let mask = self.steps.len() - 1;
        let mut place = (key.wrapping_mul(0x9E37_79B1) >> 7) as usize & mask;
        while self.steps[place].0 != key && self.steps[place].0 != NONE {
            place = (place + 1) & mask;
        }
        place
    }

    /// The node after a byte; `NONE` if there is none.
    fn step(&self, node: u32, byte: u8) -> u32 {
        if node == NONE {
            return NONE;
        }
        self.steps[self.place(node << 8 | u32::from(byte))].1
    }

    /// Whether it is new, and there was room.
    fn insert(&mut self, piece: &[u8], id: u32) -> bool {
        let mut node = ROOT;
        for &byte in piece {
            let key = node << 8 | u32::from(byte);
            let place = self.place(key);
            if self.steps[place].0 == NONE {
                // The last node would make a key like `NONE`.
                if self.ends.len() >= MOST_NODES - 1 || self.ends.len() * 2 > self.steps.len() {
                    return false;
                }
                self.steps[place] = (key, self.ends.len() as u32);
                self.ends.push(NONE);
            }
            node = self.steps[place].1;
        }
        let end = &mut self.ends[node as usize];
        let new = *end == NONE;
        *end = id;
        new
    }

    /// Gives back the room that was not needed, so that more of the table stays in the cache.
    fn shrink(&mut self) {
        let room = (2 * self.ends.len()).next_power_of_two().max(16);
        let steps = std::mem::replace(&mut self.steps, vec![(NONE, NONE); room]);
        for (key, node) in steps.into_iter().filter(|&(key, _)| key != NONE) {
            let place = self.place(key);
            self.steps[place] = (key, node);
        }
    }

    fn find(&self, piece: &[u8]) -> Option<u32> {
        let (id, length) = self.longest(ROOT, piece)?;
        (length == piece.len()).then_some(id)
    }

    /// The longest piece that `bytes` begin with, from a node on: its id and its length.
    fn longest(&self, from: u32, bytes: &[u8]) -> Option<(u32, usize)> {
        let mut node = from;
        let mut found = None;
        for (place, &byte) in bytes.iter().enumerate() {
            node = self.step(node, byte);
            if node == NONE {
                break;
            }
            let id = self.ends[node as usize];
            if id != NONE {
                found = Some((id, place + 1));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::StaticTable;

    fn small() -> WordPiece {
        let text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\naffable\n-\n#\n合\ncafe\nk";
        WordPiece::from_vocabulary(text, "vocab.txt").expect("it is well formed")
    }

    fn check(text: &str, expected: &[&str]) {
        let pieces = small();
        let found: Vec<&str> = pieces
            .encode(text)
            .iter()
            .map(|&id| pieces.vocabulary()[id as usize].as_str())
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn the_longest_piece_is_cut_off_first() {
        check("unaffable", &["un", "##aff", "##able"]);
        check("Affable", &["affable"]);
        check("unaffableX", &["[UNK]"]);
    }

    #[test]
    fn punctuation_and_ideographs_stand_alone() {
        check("un-un", &["un", "-", "un"]);
        check("##able", &["#", "#", "[UNK]"]);
        check("un合un", &["un", "合", "un"]);
    }

    #[test]
    fn accents_capitals_and_control_signs_vanish() {
        check("CAFÉ", &["cafe"]);
        check("cafe\u{301}", &["cafe"]);
        check("ca\u{ad}f\u{0}e", &["cafe"]);
        // The sign of kelvin is a k.
        check("\u{212a}", &["k"]);
        check(" \t\n", &[]);
    }

    #[test]
    fn a_word_of_more_than_a_hundred_signs_is_unknown() {
        let pieces =
            WordPiece::from_vocabulary("[UNK]\n[CLS]\n[SEP]\na\n##a", "vocab.txt").expect("well formed");
        assert_eq!(pieces.encode(&"a".repeat(100)).len(), 100);
        assert_eq!(pieces.encode(&"a".repeat(101)), [0]);
    }

    #[test]
    fn a_vocabulary_that_lacks_something_is_refused() {
        let problem = |text| {
            let error = WordPiece::from_vocabulary(text, "vocab.txt").expect_err("it is wrong");
            error.to_string()
        };
        assert_eq!(
            problem("[UNK]\n[CLS]"),
            "`vocab.txt`, the whole: the piece `[SEP]` is missing"
        );
        assert_eq!(problem("[UNK]\n\n[SEP]"), "`vocab.txt`, line 2: a piece is empty");
        assert!(problem("a\na").contains("line 2"));
    }

    #[test]
    fn pieces_are_those_of_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mini-lm.json");
        let golden: Value =
            serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("it is JSON");
        let pieces = StaticTable::bundled().pieces();
        for case in golden["pieces"].as_array().expect("a list") {
            let text = case["text"].as_str().expect("a text");
            let expected: Vec<u64> = case["ids"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_u64)
                .collect();
            let found: Vec<u64> = pieces.encode(text).into_iter().map(u64::from).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut(text in "\\PC{0,40}") {
            let pieces = small();
            let ids = pieces.encode(&text);
            prop_assert!(ids.iter().all(|&id| (id as usize) < pieces.len()));
        }
    }
}

use std::collections::HashSet;
use std::ops::Range;

use serde::Serialize;

use crate::rank::QueryTerm;
use crate::text::{Analyzer, Form, sentences};

/// Longest part of an abstract that is shown, in bytes.
const LONGEST: usize = 240;

/// A part of a text, and where words that were looked for stand in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The text, as it was written; `…` where it was cut.
    pub text: String,
    /// Bytes of [`text`](Self::text).
    pub marks: Vec<Range<usize>>,
}

/// Finds words of a query in texts.
pub(crate) struct Marker {
    terms: HashSet<String>,
}

/// The whole text with its marks.
pub(crate) fn mark(marker: &Marker, text: &str) -> Snippet {
    Snippet {
        text: text.into(),
        marks: marker.places(text).into_iter().map(|(place, _)| place).collect(),
    }
}

impl Marker {
    pub(crate) fn new(terms: &[QueryTerm]) -> Self {
        Self {
            terms: terms.iter().map(|term| term.term.clone()).collect(),
        }
    }

    /// Where words stand, and which.
    pub(crate) fn places(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut places = Vec::new();
        Analyzer::new(Form::Stems).terms(text, |term, _, place| {
            if self.terms.contains(term) {
                places.push((place, term.to_owned()));
            }
        });
        places
    }

    /// The sentences with the most different words, in the order of the text.
    pub(crate) fn best(&self, text: &str, most: usize) -> Vec<Snippet> {
        let places = self.places(text);
        let mut scored: Vec<(usize, Range<usize>)> = sentences(text)
            .into_iter()
            .map(|sentence| {
                let here: HashSet<&str> = places
                    .iter()
                    .filter(|(place, _)| sentence.start <= place.start && place.end <= sentence.end)
                    .map(|(_, term)| term.as_str())
                    .collect();
                (here.len(), sentence)
            })
            .filter(|(words, _)| *words > 0)
            .collect();
        scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.start.cmp(&b.1.start)));
        scored.truncate(most);
        scored.sort_by_key(|(_, sentence)| sentence.start);
        scored
            .into_iter()
            .map(|(_, sentence)| cut(text, sentence, &places))
            .collect()
    }
}

/// A sentence around its first mark, no longer than is shown.
fn cut(text: &str, sentence: Range<usize>, places: &[(Range<usize>, String)]) -> Snippet {
    let inside =
        |range: &Range<usize>, place: &Range<usize>| range.start <= place.start && place.end <= range.end;
    let mut range = sentence.clone();
    if sentence.len() > LONGEST {
        let first = places
            .iter()
            .find(|(place, _)| inside(&sentence, place))
            .map_or(sentence.start, |(place, _)| place.start);
        let start = first.saturating_sub(LONGEST / 4).max(sentence.start);
        let end = (start + LONGEST).min(sentence.end);
        let start = end.saturating_sub(LONGEST).clamp(sentence.start, first);
        range = word_start(text, start, &sentence)..word_end(text, end, &sentence);
    }
    let before = if range.start > sentence.start { "…" } else { "" };
    let after = if range.end < sentence.end { "…" } else { "" };
    let marks = places.iter().filter(|(place, _)| inside(&range, place));
    let shift = |at: usize| at - range.start + before.len();
    Snippet {
        marks: marks
            .map(|(place, _)| shift(place.start)..shift(place.end))
            .collect(),
        text: format!("{before}{}{after}", &text[range]),
    }
}

/// The start of the next word at or after a byte.
fn word_start(text: &str, at: usize, within: &Range<usize>) -> usize {
    if at <= within.start {
        return within.start;
    }
    let at = text.floor_char_boundary(at);
    text[at..within.end]
        .find(char::is_whitespace)
        .map_or(at, |space| {
            let rest = &text[at + space..within.end];
            at + space + (rest.len() - rest.trim_start().len())
        })
}

/// The end of the last word at or before a byte.
fn word_end(text: &str, at: usize, within: &Range<usize>) -> usize {
    if at >= within.end {
        return within.end;
    }
    let at = text.floor_char_boundary(at);
    text[within.start..at]
        .rfind(char::is_whitespace)
        .map_or(at, |space| within.start + space)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(words: &[&str]) -> Marker {
        Marker {
            terms: words.iter().map(|word| crate::text::stem(word)).collect(),
        }
    }

    #[test]
    fn marks_stand_on_the_words_as_they_are_written() {
        let snippet = mark(&marker(&["ethic", "coli"]), "Ethical questions of E. coli");
        let marked: Vec<&str> = snippet
            .marks
            .iter()
            .map(|place| &snippet.text[place.clone()])
            .collect();
        assert_eq!(marked, ["Ethical", "coli"]);
    }

    #[test]
    fn the_sentence_with_most_words_is_shown_and_cut() {
        let text = format!(
            "Nothing here. {} the gene drive of mosquitoes {}. A gene.",
            "word ".repeat(60),
            "word ".repeat(60)
        );
        let shown = marker(&["gene", "drive", "mosquito"]).best(&text, 1);
        assert_eq!(shown.len(), 1);
        assert!(shown[0].text.starts_with('…') && shown[0].text.ends_with('…') && shown[0].text.len() < 260);
        assert_eq!(shown[0].marks.len(), 3);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_between_letters(text in "(gene|é|β| |\\. |word|\\n){0,120}") {
            for snippet in marker(&["gene"]).best(&text, 3) {
                for place in snippet.marks {
                    prop_assert!(snippet.text[place].starts_with("gene"));
                }
            }
        }
    }
}

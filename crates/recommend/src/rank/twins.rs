use std::collections::BTreeSet;

use serde::Serialize;

use crate::Record;
use crate::text::{Analyzer, Form};

/// Share of words in common from which two titles are taken for one.
const SAME: f64 = 0.8;
/// Words that a title needs to be compared.
const ENOUGH: usize = 5;
/// Words of a title that is no chance if it is the same to the word, whatever the years, which are wrong in many records.
const LONG: usize = 8;
/// Years that a preprint, an article and a reprint may lie apart.
const YEARS: i32 = 3;

/// A document that nearly has the title of one in the list, and no place of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Twin {
    /// Its number in the library.
    pub number: u32,
    /// Its surest id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Journal, book or publisher.
    pub venue: Option<String>,
    /// Year of publication.
    pub year: Option<i32>,
}

impl Twin {
    pub(crate) fn of(number: u32, record: &Record) -> Self {
        Self {
            number,
            id: record.id(),
            title: record.title.clone(),
            venue: record.venue.clone(),
            year: record.year,
        }
    }
}

/// What is compared of a title: its stems, without stop words.
pub(crate) struct Title {
    words: BTreeSet<String>,
    year: Option<i32>,
}

impl Title {
    pub(crate) fn of(record: &Record) -> Self {
        let words = Analyzer::new(Form::Scored).list(&record.title).into_iter();
        Self {
            // An `s` alone is that of a genitive.
            words: words.filter(|word| word != "s").collect(),
            year: record.year,
        }
    }

    /// Whether both are nearly the same. Two parts of a series, which differ in a number, are not.
    pub(crate) fn is_twin(&self, other: &Self) -> bool {
        let near = match (self.year, other.year) {
            (Some(mine), Some(theirs)) => mine.abs_diff(theirs) <= YEARS.unsigned_abs(),
            _ => true,
        };
        if self.words == other.words && self.words.len() >= LONG {
            return true;
        }
        if !near || self.words.len().min(other.words.len()) < ENOUGH {
            return false;
        }
        let both = self.words.intersection(&other.words).count();
        let all = self.words.union(&other.words).count();
        let mut different = self.words.symmetric_difference(&other.words);
        both as f64 >= SAME * all as f64 && !different.any(|word| is_number(word))
    }
}

/// Digits, Roman numerals, and single letters that count parts.
fn is_number(word: &str) -> bool {
    word.len() == 1
        || word.bytes().any(|sign| sign.is_ascii_digit())
        || word.bytes().all(|sign| b"ivx".contains(&sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(title: &str, year: i32) -> Title {
        Title::of(&Record {
            title: title.into(),
            year: Some(year),
            ..Record::default()
        })
    }

    #[test]
    fn copies_are_twins_and_parts_of_a_series_are_not() {
        let patents = title(
            "The impact of \u{201c}Broccoli II\u{201d} and \u{201c}Tomatoes II\u{201d} on European patents in conventional breeding, GMOs, and synthetic biology",
            2015,
        );
        let copy = title(
            "The Impact of Broccoli II & Tomato II on European patents in conventional breeding, GMO\u{2019}s and Synthetic Biology",
            2015,
        );
        assert!(patents.is_twin(&copy));
        let first = "Governance of synthetic biology in Europe and beyond: a report, part";
        assert!(!title(&format!("{first} I"), 2015).is_twin(&title(&format!("{first} II"), 2015)));
        assert!(!title(&format!("{first} 1"), 2015).is_twin(&title(&format!("{first} 2"), 2015)));
        assert!(!title(first, 2010).is_twin(&title(
            "Governance of synthetic biology in Europe and beyond: a report",
            2020
        )));
        let long = "Commercializing synthetic biology: Socio-ethical concerns and challenges under intellectual property regimes";
        assert!(title(long, 1969).is_twin(&title(long, 2009)));
        assert!(!title("Synthetic biology", 2015).is_twin(&title("Synthetic biology", 2015)));
    }
}

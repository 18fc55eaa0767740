//! What kind of column a sequence of texts is, found out from every row.

use std::collections::HashSet;

use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_cast::parse::Parser;
use counterpoise_base::Kind;

/// More different numbers than this are quantities rather than codes.
const FEW: usize = 20;

/// The first cell that speaks against a kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) row: usize,
    pub(crate) line: u64,
    pub(crate) value: String,
}

/// How the values of a column are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Integer,
    Float,
    Boolean,
    Day,
    Moment,
    Text,
}

/// Everything known about a column after some rows.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) cells: usize,
    numbers: usize,
    integer: bool,
    boolean: bool,
    day: bool,
    moment: bool,
    first_text: Option<Place>,
    /// Up to [`FEW`] + 1 different numbers.
    some_numbers: HashSet<u64>,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            cells: 0,
            numbers: 0,
            integer: true,
            boolean: true,
            day: true,
            moment: true,
            first_text: None,
            some_numbers: HashSet::new(),
        }
    }
}

/// What a column turns out to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Is(Storage),
    /// Numbers but for some cells: an error, unless the user names the kind.
    NumbersBut(Place),
    /// A few codes, some of them numbers: categories, with a warning.
    MixedCodes(Place),
}

impl Sketch {
    pub(crate) fn see(&mut self, cell: &str, row: usize, line: u64) {
        self.cells += 1;
        let number = if let Some(integer) = integer(cell) {
            Some(integer as f64)
        } else {
            self.integer = false;
            float(cell)
        };
        self.boolean &= boolean(cell).is_some();
        if let Some(number) = number {
            self.numbers += 1;
            self.day = false;
            self.moment = false;
            if self.some_numbers.len() <= FEW {
                self.some_numbers.insert(number.to_bits());
            }
            return;
        }
        self.day &= day(cell).is_some();
        self.moment &= moment(cell).is_some();
        if self.first_text.is_none() {
            self.first_text = Some(Place {
                row,
                line,
                value: crate::error::shortened(cell),
            });
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let Some(text) = &self.first_text else {
            return Verdict::Is(match (self.cells, self.integer) {
                (0, _) => Storage::Text,
                (_, true) => Storage::Integer,
                (_, false) => Storage::Float,
            });
        };
        if self.numbers == 0 {
            return Verdict::Is(match () {
                () if self.boolean => Storage::Boolean,
                () if self.day => Storage::Day,
                () if self.moment => Storage::Moment,
                () => Storage::Text,
            });
        }
        let texts = self.cells - self.numbers;
        let different = self.some_numbers.len();
        let mostly_numbers = self.numbers >= texts;
        let quantities = different > FEW || 2 * different > self.numbers || 10 * texts <= self.cells;
        match (mostly_numbers, quantities) {
            (true, true) => Verdict::NumbersBut(text.clone()),
            (true, false) => Verdict::MixedCodes(text.clone()),
            (false, _) => Verdict::Is(Storage::Text),
        }
    }
}

/// A whole number as people write numbers; `007` is a code, not a number.
pub(crate) fn integer(cell: &str) -> Option<i64> {
    if code_like(cell) { None } else { cell.parse().ok() }
}

/// A number as people write numbers, infinities included, so that they can be refused by name.
pub(crate) fn float(cell: &str) -> Option<f64> {
    if code_like(cell) { None } else { cell.parse().ok() }
}

fn code_like(cell: &str) -> bool {
    let digits = cell.trim_start_matches(['-', '+']).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
}

pub(crate) fn boolean(cell: &str) -> Option<bool> {
    match cell {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Days since 1970.
pub(crate) fn day(cell: &str) -> Option<i32> {
    // Arrow takes a moment for a day, and would cut its hours off.
    (cell.len() <= 10).then(|| Date32Type::parse(cell)).flatten()
}

/// Microseconds since 1970.
pub(crate) fn moment(cell: &str) -> Option<i64> {
    let plausible = cell.len() > 10 && cell.as_bytes()[0].is_ascii_digit();
    plausible.then(|| TimestampMicrosecondType::parse(cell)).flatten()
}

impl Storage {
    /// How texts are stored to be of a kind.
    pub(crate) fn of(kind: Kind, sketch: &Sketch) -> Self {
        match kind {
            Kind::Integer => Self::Integer,
            Kind::Float => Self::Float,
            Kind::Boolean => Self::Boolean,
            Kind::Categorical | Kind::Text => Self::Text,
            Kind::Date if sketch.day => Self::Day,
            Kind::Date => Self::Moment,
        }
    }

    /// With its article, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Boolean => "true or false",
            Self::Day | Self::Moment => "a date (2026-11-24 or 2026-11-24 08:30:00)",
            Self::Text => "text",
        }
    }
}

/// Whether texts with this many different values in so many cells are categories rather than names.
pub(crate) fn are_categories(different: usize, cells: usize) -> bool {
    different <= FEW || (different <= 1000 && 2 * different <= cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: Storage) {
        assert_eq!(verdict(cells), Verdict::Is(expected), "{cells:?}");
    }

    fn verdict(cells: &[&str]) -> Verdict {
        let mut sketch = Sketch::default();
        for (row, cell) in cells.iter().enumerate() {
            sketch.see(cell, row + 1, row as u64 + 2);
        }
        sketch.verdict()
    }

    #[test]
    fn every_row_has_a_say() {
        check(&["1", "2"], Storage::Integer);
        check(&["1", "2.5"], Storage::Float);
        check(&["1e3", "-2"], Storage::Float);
        check(&["true", "False"], Storage::Boolean);
        check(&["2020-01-31", "1999-12-01"], Storage::Day);
        check(&["2020-01-31 10:00:00", "2020-01-31T11:30:00"], Storage::Moment);
        check(&["2020-01-31", "today"], Storage::Text);
        check(&["a", "b", "1"], Storage::Text);
    }

    #[test]
    fn leading_zeros_make_a_code() {
        check(&["007", "010"], Storage::Text);
        check(&["0", "0.5", "-0.1"], Storage::Float);
    }

    #[test]
    fn a_word_among_quantities_is_named() {
        let place = Place {
            row: 3,
            line: 4,
            value: "abc".into(),
        };
        assert_eq!(verdict(&["1.5", "2.5", "abc", "3.5"]), Verdict::NumbersBut(place));
    }

    #[test]
    fn a_few_codes_may_be_partly_numbers() {
        let cells = ["2", "3", "4", "5more"].repeat(5);
        assert!(matches!(verdict(&cells), Verdict::MixedCodes(place) if place.row == 4));
    }
}

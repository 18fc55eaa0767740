//! Marks of rows, by which a network's file knows again what it was trained on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use counterpoise_base::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Inputs;

/// Rows as 64 bits each, so that equal rows are known again, whatever their order, and nothing else of them is kept.
///
/// Up to 100 000 different rows are marked, one by one. Of more, those with the smallest marks stand for all: a sample that
/// depends on the rows alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// In order, each once.
    marks: Vec<u64>,
    /// Whether these are all.
    all: bool,
}

/// How many rows are among marked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Rows that were met before.
    pub rows: usize,
    /// Whether each was looked for, and not only a sample.
    pub exact: bool,
}

/// Rows that are marked one by one: 1 MB in a file.
const MOST: usize = 100_000;

impl Marks {
    /// Marks these rows.
    pub fn of(inputs: Inputs<'_>) -> Self {
        Self::at_most(MOST, marks(inputs), true)
    }

    /// Marks these rows too.
    pub fn with(self, inputs: Inputs<'_>) -> Self {
        let mut together = self.marks;
        together.extend(marks(inputs));
        Self::at_most(MOST, together, self.all)
    }

    fn at_most(most: usize, mut marks: Vec<u64>, all: bool) -> Self {
        marks.sort_unstable();
        marks.dedup();
        let all = all && marks.len() <= most;
        marks.truncate(most);
        Self { marks, all }
    }

    /// How many of these rows are among the marked ones.
    pub fn known(&self, inputs: Inputs<'_>) -> Known {
        let mut met = marks(inputs);
        let rows = met.len();
        if let (false, Some(last)) = (self.all, self.marks.last()) {
            met.retain(|mark| mark <= last);
        }
        let looked_for = met.len();
        met.retain(|mark| self.marks.binary_search(mark).is_ok());
        Known {
            rows: if self.all {
                met.len()
            } else {
                (met.len() as f64 / looked_for.max(1) as f64 * rows as f64).round() as usize
            },
            exact: self.all,
        }
    }
}

fn marks(inputs: Inputs<'_>) -> Vec<u64> {
    let root = Seed::new(0).child("mark");
    let mark = |bytes: &[u8]| root.child(bytes).number();
    match inputs {
        Inputs::Images(images, _) => images
            .as_slice()
            .par_chunks_exact(images.shape().values().max(1))
            .map(mark)
            .collect(),
        Inputs::Rows(values, width) => values
            .par_chunks_exact(width.max(1))
            .map(|row| {
                let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
                mark(&bytes)
            })
            .collect(),
    }
}

/// What stands before marks that are a sample.
const SAMPLE: &str = "sample:";

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.marks.iter().flat_map(|mark| mark.to_le_bytes()).collect();
        let start = if self.all { "" } else { SAMPLE };
        serializer.serialize_str(&format!("{start}{}", STANDARD.encode(bytes)))
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let sample = text.strip_prefix(SAMPLE);
        let bytes = STANDARD
            .decode(sample.unwrap_or(&text))
            .map_err(serde::de::Error::custom)?;
        let mark = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("a mark has eight bytes"));
        let marks = bytes.chunks_exact(8).map(mark).collect();
        Ok(Self::at_most(usize::MAX, marks, sample.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(range: std::ops::Range<u32>) -> Vec<f32> {
        range.flat_map(|row| [row as f32, 0.5]).collect()
    }

    fn rows(values: &[f32]) -> Inputs<'_> {
        Inputs::Rows(values, 2)
    }

    #[test]
    fn equal_rows_are_known_in_any_order() {
        let seen = Marks::of(rows(&numbers(0..50)));
        assert_eq!(seen, Marks::of(rows(&[numbers(25..50), numbers(0..25)].concat())));
        let known = |range| seen.known(rows(&numbers(range)));
        let exactly = |rows| Known { rows, exact: true };
        assert_eq!(known(40..60), exactly(10));
        assert_eq!(known(50..90), exactly(0));
        assert_eq!(known(0..0), exactly(0));
        // A row that comes twice is met twice.
        assert_eq!(seen.known(rows(&[1.0, 0.5, 1.0, 0.5, 1.0, 0.6])), exactly(2));
        let more = seen.clone().with(rows(&numbers(50..60)));
        assert_eq!(more.known(rows(&numbers(40..70))), exactly(20));
    }

    #[test]
    fn marks_of_many_rows_are_a_sample_of_them() {
        let all = numbers(0..4000);
        let seen = Marks::at_most(1000, marks(rows(&all)), true);
        assert_eq!((seen.marks.len(), seen.all), (1000, false));
        let known = |range| seen.known(rows(&numbers(range)));
        let about = |rows| Known { rows, exact: false };
        assert_eq!(known(0..4000), about(4000), "all of them");
        assert_eq!(known(4000..8000), about(0), "none of them");
        let half = known(2000..6000).rows;
        assert!((1700..2300).contains(&half), "{half} of 4000, half of them");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for most in [10, 5] {
            let seen = Marks::at_most(most, marks(rows(&numbers(0..9))), true);
            let text = serde_json::to_value(&seen).unwrap();
            assert_eq!(serde_json::from_value::<Marks>(text).unwrap(), seen);
        }
        assert!(serde_json::from_str::<Marks>("\"?\"").is_err());
    }
}

//! A vector for each piece of a word, kept in one small file.

use std::io::Read;
use std::sync::OnceLock;

use super::quantised::{Quantised, to_unit};
use super::sealed::{Format, put_text};
use super::word_piece::WordPiece;
use crate::Error;

const FORMAT: Format = Format {
    magic: b"CPSTATIC",
    version: 1,
    holds: "table of vectors",
    hint: "distil the table again, or leave it out: one comes with the program",
};
/// Most bytes that a table is unpacked to.
const MOST_BYTES: u64 = 512 << 20;

/// The notice that stands in front of every table.
pub(crate) const NOTICE: &str = "Made from the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache License, Version 2.0, \
https://www.apache.org/licenses/LICENSE-2.0). Changed: vectors of single pieces of words, fewer dimensions, weighted, 8 bits.";

/// A vector for each piece of a word; that of a text is the sum over its pieces, made one of length 1.
///
/// Quick, small and deterministic: no network runs. It knows what words mean and nothing of their order.
///
/// # Source
///
/// The idea is that of `Model2Vec` (Tulkens and van Dongen 2024); [`distill`](super::distill) says how a table is made.
#[derive(Debug, Clone)]
pub struct StaticTable {
    pieces: WordPiece,
    vectors: Quantised,
    notice: String,
}

impl StaticTable {
    /// One row of `vectors` for each piece.
    pub(crate) fn new(pieces: WordPiece, vectors: Quantised, notice: String) -> Self {
        assert_eq!(pieces.len(), vectors.rows(), "a row for each piece");
        Self {
            pieces,
            vectors,
            notice,
        }
    }

    /// The table that comes with the program. It is unpacked once.
    pub fn bundled() -> &'static Self {
        static TABLE: OnceLock<StaticTable> = OnceLock::new();
        TABLE.get_or_init(|| {
            let bytes = include_bytes!("../../data/static-table.bin");
            Self::read(bytes, "the bundled table").expect("a test reads it")
        })
    }

    /// Numbers of a vector.
    pub fn dims(&self) -> usize {
        self.vectors.dims
    }

    /// The pieces that texts are cut into.
    pub fn pieces(&self) -> &WordPiece {
        &self.pieces
    }

    /// Where the numbers are from, and under which licence.
    pub fn notice(&self) -> &str {
        &self.notice
    }

    /// The vector of a text, of length 1. All zeros if no piece of it is known.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut rows = Vec::with_capacity(text.len() / 4);
        self.pieces.each_piece(text, |id| {
            rows.push((id, 1.0));
            true
        });
        let mut sums = self.vectors.sum(&rows);
        to_unit(&mut sums);
        sums
    }

    /// The file of the table: a packed body between its version and its checksum.
    pub fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_text(&mut body, &self.notice);
        put_text(&mut body, &self.pieces.vocabulary().join("\n"));
        self.vectors.put(&mut body);
        let mut bytes = FORMAT.begin(body.len());
        bytes.extend(zstd::bulk::compress(&body, 19).expect("memory takes all that is written"));
        Format::end(bytes)
    }

    /// Reads what [`write`](Self::write) wrote. `file` is named in errors.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let packed = FORMAT.open(bytes, file)?;
        let mut body = Vec::new();
        zstd::stream::read::Decoder::new(packed.rest)
            .and_then(|unpacked| unpacked.take(MOST_BYTES).read_to_end(&mut body))
            .map_err(|_| packed.malformed("cannot be unpacked"))?;
        let mut parts = FORMAT.parts(&body, file);
        let (notice, names) = (parts.text()?.to_owned(), parts.text()?);
        let vectors = Quantised::take(&mut parts)?;
        parts.end()?;
        let pieces = WordPiece::new(names.split('\n').map(str::to_owned).collect(), file)?;
        if pieces.len() != vectors.rows() {
            return Err(parts.malformed("has not a vector for each piece"));
        }
        Ok(Self {
            pieces,
            vectors,
            notice,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let table = StaticTable::bundled();
        let (a, b) = (table.embed(a), table.embed(b));
        a.iter().zip(&b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn the_bundled_table_knows_what_words_mean() {
        let table = StaticTable::bundled();
        assert_eq!((table.dims(), table.pieces().len()), (128, 30_522));
        assert!(table.notice().contains("Apache License"));
        let near = cosine("ethics of genome editing", "moral questions about CRISPR");
        let far = cosine("ethics of genome editing", "steel bridges in winter");
        assert!(near > far + 0.2, "{near} and {far}");
    }

    #[test]
    fn a_vector_has_length_one_or_zero() {
        let table = StaticTable::bundled();
        let length = |text: &str| table.embed(text).iter().map(|x| x * x).sum::<f32>();
        assert!((length("gene drives") - 1.0).abs() < 1e-5);
        assert_eq!(length(""), 0.0);
        assert_eq!(length(" \u{fffd} "), 0.0);
        // Case and accents do not count.
        assert_eq!(table.embed("Café"), table.embed("cafe"));
    }

    #[test]
    fn a_table_comes_back_and_a_damaged_one_does_not() {
        let names = ["[UNK]", "[CLS]", "[SEP]", "gene", "drive"];
        let pieces = WordPiece::new(names.map(str::to_owned).to_vec(), "pieces").expect("well formed");
        let mut vectors = Quantised::new(2);
        for row in [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 3.0]] {
            vectors.push(&row);
        }
        let table = StaticTable::new(pieces, vectors, "a notice".into());
        let bytes = table.write();
        let read = StaticTable::read(&bytes, "table").expect("it was written so");
        assert_eq!(read.write(), bytes);
        assert_eq!(read.notice(), "a notice");
        assert_eq!(read.embed("gene"), [1.0, 0.0]);
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1;
            assert!(StaticTable::read(&wrong, "table").is_err(), "byte {place}");
            assert!(
                StaticTable::read(&bytes[..place], "table").is_err(),
                "cut at {place}"
            );
        }
    }
}

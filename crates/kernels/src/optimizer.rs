use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::level::Level;

/// Numbers of a job.
const SOME: usize = 16 * 1024;

/// A step of stochastic gradient descent, as PyTorch's `SGD` has it without damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// Step size.
    pub rate: f32,
    /// Share of the velocity that stays.
    pub momentum: f32,
    /// Share of the weights that is added to their gradient.
    pub weight_decay: f32,
}

impl Sgd {
    /// Writes new weights and velocities, which are 0 at first.
    ///
    /// # Panics
    ///
    /// If slices differ in length.
    pub fn step(
        self,
        level: Level,
        weights: &[f32],
        gradient: &[f32],
        velocity: &[f32],
        written: [&mut [f32]; 2],
    ) {
        let [to_weights, to_velocity] = written;
        let len = weights.len();
        assert_eq!(
            [gradient.len(), velocity.len()],
            [len; 2],
            "numbers that are read"
        );
        assert_eq!(
            [to_weights.len(), to_velocity.len()],
            [len; 2],
            "numbers that are written"
        );
        to_weights
            .par_chunks_mut(SOME)
            .zip(to_velocity.par_chunks_mut(SOME))
            .enumerate()
            .for_each(|(job, (to_weights, to_velocity))| {
                let part = job * SOME..job * SOME + to_weights.len();
                level.run(SgdPart {
                    how: self,
                    weights: &weights[part.clone()],
                    gradient: &gradient[part.clone()],
                    velocity: &velocity[part],
                    to_weights,
                    to_velocity,
                });
            });
    }
}

struct SgdPart<'a> {
    how: Sgd,
    weights: &'a [f32],
    gradient: &'a [f32],
    velocity: &'a [f32],
    to_weights: &'a mut [f32],
    to_velocity: &'a mut [f32],
}

impl WithSimd for SgdPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Sgd {
            rate,
            momentum,
            weight_decay,
        } = self.how;
        let gradients = self.weights.iter().zip(self.gradient);
        let gradients = gradients.map(|(&weight, &gradient)| (weight, gradient + weight_decay * weight));
        let rows = self.to_weights.iter_mut().zip(self.to_velocity).zip(gradients);
        rows.zip(self.velocity)
            .for_each(|(((to_weight, to_velocity), (weight, gradient)), &velocity)| {
                let velocity = momentum * velocity + gradient;
                *to_velocity = velocity;
                *to_weight = weight - rate * velocity;
            });
    }
}

/// A step of Adam, as PyTorch has it.
///
/// # Source
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Step size.
    pub rate: f64,
    /// Share of the mean of gradients that stays.
    pub beta_1: f64,
    /// Share of the mean of their squares that stays.
    pub beta_2: f64,
    /// Added to the root of that mean.
    pub epsilon: f64,
    /// Share of the weights that is added to their gradient.
    pub weight_decay: f64,
}

impl Adam {
    /// Writes new weights and means; `time` is 1 in the first step, whose `means` are all 0.
    ///
    /// # Panics
    ///
    /// If slices differ in length.
    pub fn step(
        self,
        level: Level,
        time: usize,
        weights: &[f32],
        gradient: &[f32],
        means: [&[f32]; 2],
        written: [&mut [f32]; 3],
    ) {
        let [to_weights, to_first, to_second] = written;
        let len = weights.len();
        let read = [gradient.len(), means[0].len(), means[1].len()];
        assert_eq!(read, [len; 3], "numbers that are read");
        let lens = [to_weights.len(), to_first.len(), to_second.len()];
        assert_eq!(lens, [len; 3], "numbers that are written");
        let [first, second] = means;
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        // What means lack that began at 0.
        let [lack_1, lack_2] = [self.beta_1, self.beta_2].map(|beta| 1.0 - beta.powi(time));
        let how = AdamFactors {
            rate: (self.rate / lack_1) as f32,
            keep: [self.beta_1 as f32, self.beta_2 as f32],
            take: [(1.0 - self.beta_1) as f32, (1.0 - self.beta_2) as f32],
            root: (1.0 / lack_2.sqrt()) as f32,
            epsilon: self.epsilon as f32,
            weight_decay: self.weight_decay as f32,
        };
        to_weights
            .par_chunks_mut(SOME)
            .zip(to_first.par_chunks_mut(SOME).zip(to_second.par_chunks_mut(SOME)))
            .enumerate()
            .for_each(|(job, (to_weights, (to_first, to_second)))| {
                let part = job * SOME..job * SOME + to_weights.len();
                level.run(AdamPart {
                    how,
                    weights: &weights[part.clone()],
                    gradient: &gradient[part.clone()],
                    first: &first[part.clone()],
                    second: &second[part],
                    to_weights,
                    to_first,
                    to_second,
                });
            });
    }
}

#[derive(Debug, Clone, Copy)]
struct AdamFactors {
    rate: f32,
    keep: [f32; 2],
    take: [f32; 2],
    root: f32,
    epsilon: f32,
    weight_decay: f32,
}

struct AdamPart<'a> {
    how: AdamFactors,
    weights: &'a [f32],
    gradient: &'a [f32],
    first: &'a [f32],
    second: &'a [f32],
    to_weights: &'a mut [f32],
    to_first: &'a mut [f32],
    to_second: &'a mut [f32],
}

impl WithSimd for AdamPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let how = self.how;
        let read = self
            .weights
            .iter()
            .zip(self.gradient)
            .zip(self.first.iter().zip(self.second));
        let written = self
            .to_weights
            .iter_mut()
            .zip(self.to_first.iter_mut().zip(self.to_second));
        for (((&weight, &gradient), (&first, &second)), (to_weight, (to_first, to_second))) in
            read.zip(written)
        {
            let gradient = gradient + how.weight_decay * weight;
            let first = how.keep[0] * first + how.take[0] * gradient;
            let second = how.keep[1] * second + how.take[1] * (gradient * gradient);
            *to_first = first;
            *to_second = second;
            *to_weight = weight - how.rate * first / (how.root * second.sqrt() + how.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{levels, numbers};

    const LEN: usize = SOME + 37;

    #[test]
    fn a_step_of_adam_is_that_of_the_paper() {
        let how = Adam {
            rate: 1e-3,
            beta_1: 0.9,
            beta_2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.1,
        };
        for level in levels() {
            let mut weights = numbers(LEN, 1);
            let mut wanted: Vec<f64> = weights.iter().map(|&weight| f64::from(weight)).collect();
            let mut means = [vec![0.0; LEN], vec![0.0; LEN]];
            let mut kept = vec![[0.0_f64; 2]; LEN];
            for time in 1..4_usize {
                let gradient = numbers(LEN, 10 + time as u64);
                let mut new = [0; 3].map(|_| vec![f32::NAN; LEN]);
                let [one, two, three] = &mut new;
                let [first, second] = &means;
                how.step(
                    level,
                    time,
                    &weights,
                    &gradient,
                    [first, second],
                    [one, two, three],
                );
                [weights, means[0], means[1]] = new;
                for ((weight, kept), gradient) in wanted.iter_mut().zip(&mut kept).zip(gradient) {
                    let gradient = f64::from(gradient) + 0.1 * *weight;
                    kept[0] = 0.9 * kept[0] + 0.1 * gradient;
                    kept[1] = 0.99 * kept[1] + 0.01 * gradient.powi(2);
                    let [first, second] = [
                        kept[0] / (1.0 - 0.9_f64.powi(time as i32)),
                        kept[1] / (1.0 - 0.99_f64.powi(time as i32)),
                    ];
                    *weight -= 1e-3 * first / (second.sqrt() + 1e-8);
                }
            }
            for (wanted, found) in wanted.iter().zip(&weights) {
                assert!(
                    (wanted - f64::from(*found)).abs() < 1e-6,
                    "{level:?}: {found} is not {wanted}"
                );
            }
        }
    }

    #[test]
    fn a_velocity_is_the_first_gradient_and_then_grows() {
        let how = Sgd {
            rate: 0.5,
            momentum: 0.5,
            weight_decay: 0.25,
        };
        for level in levels() {
            let (weights, gradient) = (vec![4.0; LEN], vec![1.0; LEN]);
            let mut new = [0; 2].map(|_| vec![f32::NAN; LEN]);
            let [one, two] = &mut new;
            how.step(level, &weights, &gradient, &vec![0.0; LEN], [one, two]);
            let [weights, velocity] = new;
            assert!(
                weights.iter().all(|&weight| weight == 3.0),
                "4 - 0.5 * (1 + 0.25 * 4)"
            );
            assert!(velocity.iter().all(|&velocity| velocity == 2.0));
            let mut new = [0; 2].map(|_| vec![f32::NAN; LEN]);
            let [one, two] = &mut new;
            how.step(level, &weights, &gradient, &velocity, [one, two]);
            assert!(
                new[1].iter().all(|&velocity| velocity == 2.75),
                "0.5 * 2 + 1 + 0.25 * 3"
            );
            assert!(new[0].iter().all(|&weight| weight == 1.625));
        }
    }
}

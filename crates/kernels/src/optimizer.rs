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
    /// Turns a gradient into new weights, and changes velocities, which are 0 at first.
    ///
    /// # Panics
    ///
    /// If slices differ in length.
    pub fn step(self, level: Level, weights: &[f32], gradient: &mut [f32], velocity: &mut [f32]) {
        assert_eq!(
            [gradient.len(), velocity.len()],
            [weights.len(); 2],
            "numbers of weights, and of what goes with them"
        );
        let jobs = gradient.par_chunks_mut(SOME).zip(velocity.par_chunks_mut(SOME));
        jobs.zip(weights.par_chunks(SOME))
            .for_each(|((gradient, velocity), weights)| {
                level.run(SgdPart {
                    how: self,
                    weights,
                    gradient,
                    velocity,
                });
            });
    }
}

struct SgdPart<'a> {
    how: Sgd,
    weights: &'a [f32],
    gradient: &'a mut [f32],
    velocity: &'a mut [f32],
}

impl WithSimd for SgdPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let how = self.how;
        let rows = self.gradient.iter_mut().zip(self.velocity).zip(self.weights);
        rows.for_each(|((gradient, velocity), &weight)| {
            *velocity = how.momentum * *velocity + (*gradient + how.weight_decay * weight);
            *gradient = weight - how.rate * *velocity;
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
    /// Turns a gradient into new weights, and changes means, which are 0 at first; `time` is 1 in the first step.
    ///
    /// # Panics
    ///
    /// If slices differ in length.
    pub fn step(
        self,
        level: Level,
        time: usize,
        weights: &[f32],
        gradient: &mut [f32],
        [first, second]: [&mut [f32]; 2],
    ) {
        assert_eq!(
            [gradient.len(), first.len(), second.len()],
            [weights.len(); 3],
            "numbers of weights, and of what goes with them"
        );
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
        let means = first.par_chunks_mut(SOME).zip(second.par_chunks_mut(SOME));
        let jobs = gradient.par_chunks_mut(SOME).zip(means);
        jobs.zip(weights.par_chunks(SOME))
            .for_each(|((gradient, (first, second)), weights)| {
                level.run(AdamPart {
                    how,
                    weights,
                    gradient,
                    first,
                    second,
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
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl WithSimd for AdamPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let how = self.how;
        let means = self.first.iter_mut().zip(self.second);
        let rows = self.gradient.iter_mut().zip(means).zip(self.weights);
        rows.for_each(|((gradient, (first, second)), &weight)| {
            let whole = *gradient + how.weight_decay * weight;
            *first = how.keep[0] * *first + how.take[0] * whole;
            *second = how.keep[1] * *second + how.take[1] * (whole * whole);
            *gradient = weight - how.rate * *first / (how.root * second.sqrt() + how.epsilon);
        });
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
                let mut new = gradient.clone();
                how.step(
                    level,
                    time,
                    &weights,
                    &mut new,
                    means.each_mut().map(Vec::as_mut_slice),
                );
                weights = new;
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
            let weights = vec![4.0; LEN];
            let (mut velocity, mut new) = (vec![0.0; LEN], vec![1.0; LEN]);
            how.step(level, &weights, &mut new, &mut velocity);
            assert!(
                new.iter().all(|&weight| weight == 3.0),
                "4 - 0.5 * (1 + 0.25 * 4)"
            );
            assert!(velocity.iter().all(|&velocity| velocity == 2.0));
            let weights = std::mem::replace(&mut new, vec![1.0; LEN]);
            how.step(level, &weights, &mut new, &mut velocity);
            assert!(
                velocity.iter().all(|&velocity| velocity == 2.75),
                "0.5 * 2 + 1 + 0.25 * 3"
            );
            assert!(new.iter().all(|&weight| weight == 1.625));
        }
    }
}

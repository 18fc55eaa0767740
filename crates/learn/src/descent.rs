//! The way down to the least value of a smooth function: L-BFGS of the crate argmin, which several learners walk.

use std::sync::Mutex;

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use counterpoise_base::Warning;

use crate::Error;

/// A function to be minimised.
pub(crate) trait Smooth: Sync {
    /// Cost and gradient at a place.
    fn measure(&self, at: &[f64]) -> (f64, Vec<f64>);
}

/// Where it ended.
pub(crate) struct Found {
    pub(crate) parameters: Vec<f64>,
    /// Length of the gradient that is left, where it is not small enough.
    left: Option<f64>,
}

pub(crate) const NOT_CONVERGED: &str = "learn.not-converged";

impl Found {
    /// What to say where it did not converge.
    pub(crate) fn warning(&self, model: &str, max_iter: u64, tol: f64) -> Option<Warning> {
        let gradient = self.left?;
        let message = format!(
            "{model} did not converge in {max_iter} steps: its gradient is {gradient:.1e} long, not {tol:.0e}"
        );
        let hint = "set a larger `max_iter`, a smaller `C`, or a larger `tol` for this model";
        Some(Warning::new(NOT_CONVERGED, message).with_hint(hint))
    }
}

/// Line searches end where rounding hides any descent; what is left then is no failure.
const RESOLUTION: f64 = 100.0;

/// Walks down from `start` until the gradient is `tol` long, or for `max_iter` steps.
pub(crate) fn minimize(
    model: &'static str,
    function: &impl Smooth,
    start: Vec<f64>,
    max_iter: u64,
    tol: f64,
) -> Result<Found, Error> {
    let library = |problem: String| Error::Library { model, problem };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10)
        .with_tolerance_grad(tol)
        .and_then(|solver| solver.with_tolerance_cost(0.0))
        .map_err(|error| library(error.to_string()))?;
    let walk = Walk {
        function,
        seen: Mutex::default(),
    };
    let begin = walk.measure(&start);
    // A start that is the end has no gradient to follow. What the solver returns is not needed: the walk remembers the
    // best it saw, also where a line search failed.
    if begin.slope() > tol {
        let _ = Executor::new(&walk, solver)
            .configure(|state| state.param(start).max_iters(max_iter))
            .timer(false)
            .run();
    }
    let seen = walk
        .seen
        .into_inner()
        .map_err(|_| library("a thread failed".into()))?;
    let best = seen.best.unwrap_or(begin);
    let slope = best.slope();
    if !slope.is_finite() {
        return Err(library("the loss is not finite".into()));
    }
    Ok(Found {
        left: (slope > tol * RESOLUTION).then_some(slope),
        parameters: best.at,
    })
}

struct Walk<'a, F> {
    function: &'a F,
    /// What was measured last, since cost and gradient are asked for one after the other; and the best so far, since
    /// a line search that fails forgets it.
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    last: Option<Measured>,
    best: Option<Measured>,
    /// Measurements since the best one.
    in_vain: usize,
}

#[derive(Clone)]
struct Measured {
    at: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
}

impl Measured {
    fn slope(&self) -> f64 {
        self.gradient.iter().map(|part| part * part).sum::<f64>().sqrt()
    }
}

const MOST_IN_VAIN: usize = 60;

impl<F: Smooth> Walk<'_, F> {
    fn measure(&self, at: &[f64]) -> Measured {
        let (cost, gradient) = self.function.measure(at);
        Measured {
            at: at.to_vec(),
            cost,
            gradient,
        }
    }

    fn look<T>(&self, at: &[f64], pick: impl Fn(&Measured) -> T) -> Result<T, argmin::core::Error> {
        let Ok(mut seen) = self.seen.lock() else {
            return Err(argmin::core::Error::msg("a thread failed"));
        };
        if let Some(last) = seen.last.as_ref().filter(|last| last.at == at) {
            return Ok(pick(last));
        }
        // A line search that rounding has blinded would go on for ever.
        if seen.in_vain >= MOST_IN_VAIN {
            return Err(argmin::core::Error::msg("no step goes down any more"));
        }
        let measured = self.measure(at);
        let picked = pick(&measured);
        if seen.best.as_ref().is_none_or(|best| measured.cost < best.cost) {
            seen.best = Some(measured.clone());
            seen.in_vain = 0;
        } else {
            seen.in_vain += 1;
        }
        seen.last = Some(measured);
        Ok(picked)
    }
}

impl<F: Smooth> CostFunction for &Walk<'_, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        self.look(at, |measured| measured.cost)
    }
}

impl<F: Smooth> Gradient for &Walk<'_, F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        self.look(at, |measured| measured.gradient.clone())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Compares the gradient with differences of the cost, at one place.
    pub(crate) fn check_gradient(function: &impl Smooth, at: &[f64]) {
        let (_, gradient) = function.measure(at);
        assert_eq!(gradient.len(), at.len());
        for place in 0..at.len() {
            let moved = |step: f64| {
                let mut at = at.to_vec();
                at[place] += step;
                function.measure(&at).0
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let close = 1e-7 * (1.0 + slope.abs());
            assert!(
                (slope - gradient[place]).abs() < close,
                "place {place}: {slope} and {}",
                gradient[place]
            );
        }
    }

    struct Bowl;

    impl Smooth for Bowl {
        fn measure(&self, at: &[f64]) -> (f64, Vec<f64>) {
            (
                (at[0] - 1.0).powi(2) + 10.0 * (at[1] + 2.0).powi(2),
                vec![2.0 * (at[0] - 1.0), 20.0 * (at[1] + 2.0)],
            )
        }
    }

    #[test]
    fn a_bowl_ends_at_its_bottom_from_anywhere() {
        check_gradient(&Bowl, &[0.3, 0.4]);
        for start in [vec![0.0, 0.0], vec![50.0, -7.0], vec![1.0, -2.0]] {
            let found = minimize("bowl", &Bowl, start, 100, 1e-9).expect("it is smooth");
            assert!((found.parameters[0] - 1.0).abs() < 1e-8 && (found.parameters[1] + 2.0).abs() < 1e-8);
            assert!(found.warning("bowl", 100, 1e-9).is_none());
        }
    }
}

//! Walks by small steps over the class potential: what RBO and MC-RBO share.

use counterpoise_base::{Labeled, Random, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::native::{Turn, round_robin};
use crate::points::{Norm, Points};

/// Which steps are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// Those that bring the potential nearer to 0, where both sides pull equally.
    #[default]
    Balance,
    /// Those that lower it: towards rows of the class.
    Minimize,
    /// Those that raise it: towards rows of other classes.
    Maximize,
}

/// How to walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Climb {
    gamma: f64,
    step_size: f64,
    n_steps: usize,
    stop_probability: f64,
    criterion: Criterion,
}

/// The rows whose potential counts, column after column.
pub(crate) struct Slope<'a> {
    minority: &'a [usize],
    /// Rows of the class, then all others.
    all: Vec<usize>,
    /// `(columns, rows)`, so that a step along one column reads one line.
    columns: Vec<f64>,
}

impl<'a> Slope<'a> {
    pub(crate) fn new(points: &Points<'_>, minority: &'a [usize], majority: &[usize]) -> Self {
        let all = [minority, majority].concat();
        let mut columns = vec![0.0; points.width() * all.len()];
        // A few columns at a time, so that what is read of a row stands together.
        let lines = columns.par_chunks_mut(LINES * all.len()).enumerate();
        lines.for_each(|(part, lines)| {
            for (place, &point) in all.iter().enumerate() {
                let row = &points.row(point)[part * LINES..];
                for (line, value) in lines.chunks_mut(all.len()).zip(row) {
                    line[place] = *value;
                }
            }
        });
        Self {
            minority,
            all,
            columns,
        }
    }
}

/// Columns that are turned over together.
const LINES: usize = 16;

/// `exp(-x)` is 0 from here on, in double precision.
const NOTHING: f64 = 746.0;

/// The rows that a walk from one base can feel.
struct Near {
    /// Places in the slope.
    places: Vec<u32>,
    /// How many of them are of the class; they come first.
    own: usize,
    /// Their distances from the base.
    distances: Vec<f64>,
}

impl Climb {
    pub(crate) fn new(
        (gamma, step_size): (f64, f64),
        (n_steps, stop_probability): (usize, f64),
        criterion: Criterion,
    ) -> Result<Self, Error> {
        let positive = [("gamma", gamma), ("step_size", step_size)];
        for (option, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::OutOfRange {
                    option,
                    value: value.to_string(),
                    range: "a finite number above 0",
                });
            }
        }
        if !(0.0..=1.0).contains(&stop_probability) {
            return Err(Error::OutOfRange {
                option: "stop_probability",
                value: stop_probability.to_string(),
                range: "a number from 0 to 1",
            });
        }
        Ok(Self {
            gamma,
            step_size,
            n_steps,
            stop_probability,
            criterion,
        })
    }

    /// `count` new rows: their bases and their numbers, in the order of turns.
    pub(crate) fn rows(
        &self,
        data: &Labeled<'_>,
        points: &Points<'_>,
        slope: &Slope<'_>,
        count: usize,
        seed: &Seed,
    ) -> (Vec<usize>, Vec<f64>) {
        let turns = round_robin(data, seed, slope.minority, count);
        // Walks from one base share its distances.
        let mut of_base: Vec<Vec<usize>> = vec![Vec::new(); slope.minority.len()];
        for (place, turn) in turns.iter().enumerate() {
            of_base[turn.place].push(place);
        }
        let walks = |(base, own): (usize, &Vec<usize>)| -> Vec<(usize, Vec<f64>)> {
            if own.is_empty() {
                return Vec::new();
            }
            let near = self.near(points, slope, slope.minority[base]);
            let walk = |&place: &usize| (place, self.walk(points, slope, &near, &turns[place]));
            own.iter().map(walk).collect()
        };
        let walks: Vec<Vec<(usize, Vec<f64>)>> = of_base.par_iter().enumerate().map(walks).collect();
        let width = points.width();
        let mut values = vec![0.0; turns.len() * width];
        for (place, row) in walks.into_iter().flatten() {
            values[place * width..][..width].copy_from_slice(&row);
        }
        (
            turns.iter().map(|turn| slope.minority[turn.place]).collect(),
            values,
        )
    }

    /// Leaves out rows whose potential is 0 wherever the walk may end: no sum misses them.
    fn near(&self, points: &Points<'_>, slope: &Slope<'_>, base: usize) -> Near {
        let reach = self.gamma * NOTHING.sqrt() + self.n_steps as f64 * self.step_size;
        let mut near = Near {
            places: Vec::new(),
            own: 0,
            distances: Vec::new(),
        };
        for (place, &point) in slope.all.iter().enumerate() {
            if let Some(distance) = points.within(Norm(1.0), base, point, reach) {
                near.places.push(place as u32);
                near.distances.push(distance);
                near.own += usize::from(place < slope.minority.len());
            }
        }
        near
    }

    /// The potential of other classes less that of the own.
    fn potential(&self, near: &Near, distances: &[f64]) -> f64 {
        let one = |distance: &f64| {
            let far = distance / self.gamma;
            (-far * far).exp()
        };
        let own: f64 = distances[..near.own].iter().map(one).sum();
        let others: f64 = distances[near.own..].iter().map(one).sum();
        others - own
    }

    fn walk(&self, points: &Points<'_>, slope: &Slope<'_>, near: &Near, turn: &Turn) -> Vec<f64> {
        let mut random: Random = turn.rng();
        let mut at = points.row(slope.minority[turn.place]).to_vec();
        if at.is_empty() {
            return at;
        }
        let mut distances = near.distances.clone();
        let mut potential = self.potential(near, &distances);
        let mut tried = distances.clone();
        for _ in 0..self.n_steps {
            if self.stop_probability > 0.0 && random.fraction() < self.stop_probability {
                break;
            }
            let step = if random.below(2) == 0 {
                self.step_size
            } else {
                -self.step_size
            };
            let column = random.below(at.len());
            let (from, to) = (at[column], at[column] + step);
            // A step along one column changes one part of each sum.
            let line = &slope.columns[column * slope.all.len()..][..slope.all.len()];
            for ((tried, distance), &place) in tried.iter_mut().zip(&distances).zip(&near.places) {
                let x = line[place as usize];
                *tried = (distance + ((x - to).abs() - (x - from).abs())).max(0.0);
            }
            let there = self.potential(near, &tried);
            let keep = match self.criterion {
                Criterion::Balance => there.abs() < potential.abs(),
                Criterion::Minimize => there < potential,
                Criterion::Maximize => there > potential,
            };
            if keep {
                at[column] = to;
                potential = there;
                std::mem::swap(&mut distances, &mut tried);
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;
    use crate::points::Scale;
    use counterpoise_base::{Features, Labels};
    use proptest::prelude::*;

    /// Walks of `b` at 0 among `a` at 2 and 10.
    fn walks(criterion: Criterion, count: usize) -> Vec<f64> {
        let numbers = [0.0, 2.0, 10.0];
        let labels = Labels::from_names(&["b", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let seed = Run::new(2).seed;
        let points = Points::new(&data, Scale::None, "rbo", &seed).expect("no missing value");
        let climb = Climb::new((1.0, 0.125), (200, 0.0), criterion).expect("options in range");
        let slope = Slope::new(&points, points.rows_of(1), &[1, 2]);
        climb.rows(&data, &points, &slope, count, &seed).1
    }

    #[test]
    fn walks_end_where_both_sides_pull_equally() {
        // At x the potential is exp(-(2-x)²) - exp(-x²), and exp(-(10-x)²) of the far row: 0 at x = 1, to 35 digits.
        // It is below 0 up to there and falls from 0 to about -0.1; to the left both fade. So walks end at 1, or far
        // out left.
        let ends = walks(Criterion::Balance, 40);
        assert!(ends.contains(&1.0), "{ends:?}");
        assert!(ends.iter().all(|&end| end == 1.0 || end < -4.0), "{ends:?}");
    }

    #[test]
    fn walks_downhill_stay_with_the_class_and_uphill_leave_it() {
        // -exp(-x²) + exp(-(2-x)²) has its minimum left of 0, where 2x exp(-x²) = -2(2-x) exp(-(2-x)²): at x =
        // -0.0397..., which steps of 1/8 cannot get nearer than 0. Its maximum is the mirror image, at 2.04: steps end
        // at 2.
        assert!(walks(Criterion::Minimize, 9).iter().all(|&end| end == 0.0));
        assert!(
            walks(Criterion::Maximize, 9)
                .iter()
                .all(|&end| end == 2.0 || end < -4.0)
        );
    }

    proptest! {
        #[test]
        fn a_walk_that_balances_never_gets_farther_from_balance(
            numbers in proptest::collection::vec(-3.0_f64..3.0, 12),
            gamma in 0.1_f64..5.0,
            seed: u64,
        ) {
            let labels = Labels::from_names(&["b", "a", "a", "b", "a", "a"]);
            let data = Labeled::new(Features::from_rows(&numbers, 2), &labels);
            let seed = Run::new(seed).seed;
            let points = Points::new(&data, Scale::None, "rbo", &seed).expect("no missing value");
            let climb = Climb::new((gamma, 0.05), (100, 0.01), Criterion::Balance).expect("options in range");
            let majority = [1, 2, 4, 5];
            let slope = Slope::new(&points, points.rows_of(1), &majority);
            let (bases, values) = climb.rows(&data, &points, &slope, 6, &seed);
            let potential = |at: &[f64]| -> f64 {
                let one = |&row: &usize| {
                    let distance = Norm(1.0).within(at, &numbers[2 * row..][..2], f64::MAX).unwrap_or(f64::MAX);
                    (-(distance / gamma).powi(2)).exp()
                };
                majority.iter().map(one).sum::<f64>() - [0, 3].iter().map(one).sum::<f64>()
            };
            for (base, end) in bases.iter().zip(values.chunks(2)) {
                let before = potential(&numbers[2 * base..][..2]).abs();
                prop_assert!(potential(end).abs() <= before + 1e-12);
            }
        }
    }
}

//! Spheres that grow around the rows of a class until their energy is spent: what CCR and MC-CCR share.

use counterpoise_base::{Labeled, Random, Seed};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::native::{Turn, by_weight, with_replacement};
use crate::points::{Norm, Points};

/// What happens to rows of other classes inside a sphere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cleaning {
    /// They are pushed out, straight away from the centre, to the surface; pushes of several spheres add up.
    #[default]
    Translate,
    /// They are removed.
    Remove,
    /// They stay where they are.
    Ignore,
}

/// Which rows get how many new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The smaller the sphere, the more rows: in proportion to `1 / radius`.
    #[default]
    Proportional,
    /// Each new row draws its centre from all rows of the class.
    Random,
}

/// Where in its sphere a new row is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// A direction is drawn (each column from -1 to 1), then how much of the radius to go: what the code of MC-CCR
    /// does.
    Direction,
    /// Columns in an order of chance each take a part of what is left of the radius, so that a few columns change much
    /// and the others hardly: what the code of CCR does.
    Taxicab,
}

/// How spheres grow and what is done with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// What each sphere may spend, in the units of distances.
    pub(crate) energy: f64,
    pub(crate) norm: Norm,
    pub(crate) cleaning: Cleaning,
    pub(crate) selection: Selection,
    pub(crate) placement: Placement,
}

/// The class that grows and what stands against it.
pub(crate) struct Contest<'a> {
    pub(crate) class: u32,
    /// Input rows of the class.
    pub(crate) minority: &'a [usize],
    /// Points of other classes, each once, with their class.
    pub(crate) majority: &'a [(u32, usize)],
    /// Rows to make.
    pub(crate) count: usize,
    pub(crate) seed: &'a Seed,
}

/// What a contest changes.
pub(crate) struct Outcome {
    /// Where points of other classes are pushed: nothing or one row of numbers each.
    pub(crate) pushes: Vec<(usize, Vec<f64>)>,
    pub(crate) removed: Vec<usize>,
    /// Base of each new row, and its numbers.
    pub(crate) bases: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// A sphere around a row.
#[derive(Debug, Clone, PartialEq)]
struct Sphere {
    radius: f64,
    /// Places of the points inside, with their distance from the centre, nearest first.
    inside: Vec<(u32, f64)>,
}

impl Sphere {
    /// Grows until `energy` is spent. A unit of radius costs one unit of energy, and one more for each point inside,
    /// but for the last one of all: once no point is left outside, growing gets no dearer.
    ///
    /// With `k` points that cost, at distances `d`, the radius is `(energy + Σ d) / (k + 1)`, which is never more than
    /// the energy: of `all` points, those that are farther away than that need no look.
    fn grow(mut near: Vec<(u32, f64)>, all: usize, energy: f64) -> Self {
        near.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let (mut sum, mut radius, mut inside) = (0.0, energy, 0);
        for &(_, distance) in &near {
            if distance >= radius {
                break;
            }
            inside += 1;
            if inside < all {
                sum += distance;
                radius = (energy + sum) / (inside as f64 + 1.0);
            }
        }
        near.truncate(inside);
        Self { radius, inside: near }
    }
}

impl Growth {
    /// Checks options; `columns` may raise the energy.
    pub(crate) fn new(
        (energy, scaling, p_norm): (f64, f64, f64),
        columns: usize,
        (cleaning, selection, placement): (Cleaning, Selection, Placement),
    ) -> Result<Self, Error> {
        let wrong = |option, value: f64, range| {
            Err(Error::OutOfRange {
                option,
                value: value.to_string(),
                range,
            })
        };
        if !(energy > 0.0 && energy.is_finite()) {
            return wrong("energy", energy, "a finite number above 0");
        }
        if !(0.0..=1.0).contains(&scaling) {
            return wrong("energy_scaling", scaling, "a number from 0 to 1");
        }
        if !(p_norm >= 1.0 && p_norm.is_finite()) {
            return wrong("p_norm", p_norm, "a finite number from 1");
        }
        Ok(Self {
            energy: energy * (columns.max(1) as f64).powf(scaling),
            norm: Norm(p_norm),
            cleaning,
            selection,
            placement,
        })
    }

    /// Grows the spheres of a class, and decides what is pushed, removed and made.
    pub(crate) fn contest(&self, data: &Labeled<'_>, points: &Points<'_>, contest: &Contest<'_>) -> Outcome {
        let &Contest {
            minority, majority, ..
        } = contest;
        let grow = |&row: &usize| {
            let distance = |(place, &(_, point)): (u32, &(u32, usize))| {
                let distance = points.within(self.norm, row, point, self.energy)?;
                Some((place, distance))
            };
            let near = (0..).zip(majority).filter_map(distance).collect();
            Sphere::grow(near, majority.len(), self.energy)
        };
        let spheres: Vec<Sphere> = minority.par_iter().map(grow).collect();
        let pushes = match self.cleaning {
            Cleaning::Translate => self.pushes(points, contest, &spheres),
            Cleaning::Remove | Cleaning::Ignore => Vec::new(),
        };
        let mut removed = Vec::new();
        if self.cleaning == Cleaning::Remove {
            let inside = spheres.iter().flat_map(|sphere| &sphere.inside);
            removed = inside.map(|&(place, _)| majority[place as usize].1).collect();
            removed.sort_unstable();
            removed.dedup();
        }
        let (bases, values) = self.rows(data, points, contest, &spheres);
        Outcome {
            pushes,
            removed,
            bases,
            values,
        }
    }

    /// How far each point inside a sphere is pushed: by `(radius - distance) / distance` times the way from the centre.
    fn pushes(
        &self,
        points: &Points<'_>,
        contest: &Contest<'_>,
        spheres: &[Sphere],
    ) -> Vec<(usize, Vec<f64>)> {
        let mut pushed_by: Vec<Vec<(u32, f64)>> = vec![Vec::new(); contest.majority.len()];
        for (centre, sphere) in spheres.iter().enumerate() {
            for &(place, distance) in &sphere.inside {
                pushed_by[place as usize].push((centre as u32, distance));
            }
        }
        let push = |(&(class, point), by): (&(u32, usize), &Vec<(u32, f64)>)| {
            if by.is_empty() {
                return None;
            }
            let mut push = vec![0.0; points.width()];
            for &(place, distance) in by {
                let centre = contest.minority[place as usize];
                let radius = spheres[place as usize].radius;
                if distance > 0.0 {
                    let factor = (radius - distance) / distance;
                    let ways = points.row(point).iter().zip(points.row(centre));
                    push.iter_mut()
                        .zip(ways)
                        .for_each(|(push, (x, centre))| *push += factor * (x - centre));
                } else {
                    // A twin of the centre has no side of its own.
                    let seed = contest.seed.child("twins");
                    let seed = points.branch(&seed, contest.class, centre);
                    let mut random = points.branch(&seed, class, point).rng();
                    let way = self.direction(&mut random, points.width(), radius);
                    push.iter_mut().zip(&way).for_each(|(push, way)| *push += way);
                }
            }
            Some((point, push))
        };
        let pairs = contest.majority.par_iter().zip(&pushed_by);
        pairs.filter_map(push).collect()
    }

    fn rows(
        &self,
        data: &Labeled<'_>,
        points: &Points<'_>,
        contest: &Contest<'_>,
        spheres: &[Sphere],
    ) -> (Vec<usize>, Vec<f64>) {
        let &Contest {
            minority,
            count,
            seed,
            ..
        } = contest;
        let turns: Vec<Turn> = match self.selection {
            Selection::Proportional => {
                let weights: Vec<f64> = spheres.iter().map(|sphere| 1.0 / sphere.radius).collect();
                by_weight(data, seed, minority, &weights, count)
            }
            Selection::Random => with_replacement(data, seed, minority, count),
        };
        let width = points.width();
        let mut values = vec![0.0; turns.len() * width];
        if width > 0 {
            values.par_chunks_mut(width).zip(&turns).for_each(|(to, turn)| {
                let mut random = turn.rng();
                let radius = spheres[turn.place].radius;
                let way = match self.placement {
                    Placement::Direction => {
                        let mut way = self.direction(&mut random, width, radius);
                        let part = random.fraction();
                        way.iter_mut().for_each(|way| *way *= part);
                        way
                    }
                    Placement::Taxicab => taxicab(&mut random, width, radius),
                };
                let from = points.row(minority[turn.place]).iter().zip(&way);
                to.iter_mut().zip(from).for_each(|(to, (x, way))| *to = x + way);
            });
        }
        (turns.iter().map(|turn| minority[turn.place]).collect(), values)
    }

    /// A way of this length; none if chance had every column stay.
    fn direction(&self, random: &mut Random, width: usize, length: f64) -> Vec<f64> {
        let mut way: Vec<f64> = (0..width).map(|_| 2.0 * random.fraction() - 1.0).collect();
        let drawn = self.norm.length(&way);
        let factor = if drawn > 0.0 { length / drawn } else { 0.0 };
        way.iter_mut().for_each(|way| *way *= factor);
        way
    }
}

/// Columns in an order of chance, each taking up to all that is left of the radius.
fn taxicab(random: &mut Random, width: usize, radius: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..width).collect();
    for place in (1..width).rev() {
        order.swap(place, random.below(place + 1));
    }
    let mut way = vec![0.0; width];
    let mut left = radius;
    for column in order {
        way[column] = left * (2.0 * random.fraction() - 1.0);
        left = (left - way[column].abs()).max(0.0);
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grown(distances: &[f64], energy: f64) -> Sphere {
        let near = (0..)
            .zip(distances.iter().copied())
            .filter(|(_, distance)| *distance < energy);
        Sphere::grow(near.collect(), distances.len(), energy)
    }

    fn sphere(distances: &[f64], energy: f64) -> (f64, Vec<u32>) {
        let sphere = grown(distances, energy);
        (
            sphere.radius,
            sphere.inside.iter().map(|&(place, _)| place).collect(),
        )
    }

    #[test]
    fn a_sphere_alone_spends_one_unit_a_unit() {
        assert_eq!(sphere(&[5.0, 9.0], 4.0), (4.0, vec![]));
        assert_eq!(sphere(&[], 4.0), (4.0, vec![]));
        // A point on the surface is not inside.
        assert_eq!(sphere(&[4.0, 9.0], 4.0), (4.0, vec![]));
    }

    #[test]
    fn points_inside_make_growing_dearer() {
        // 1 unit to the point at 1; 3 are left, at 2 each: 1 + 3/2.
        assert_eq!(sphere(&[9.0, 1.0, 7.0], 4.0), (2.5, vec![1]));
        // 1 to the first; 2 x 1 to the second at 2; 1 is left, at 3: 2 + 1/3.
        let (radius, inside) = sphere(&[2.0, 1.0, 7.0], 4.0);
        assert!((radius - 7.0 / 3.0).abs() < 1e-15);
        assert_eq!(inside, [1, 0]);
    }

    #[test]
    fn the_last_point_of_all_costs_nothing() {
        // 1 to the only point, then on at 1 a unit.
        assert_eq!(sphere(&[1.0], 4.0), (4.0, vec![0]));
        // 1 to the first; 2 x 0.5 to the last at 1.5; 2 are left, at 2 each.
        assert_eq!(sphere(&[1.0, 1.5], 4.0), (2.5, vec![0, 1]));
    }

    #[test]
    fn twins_of_the_centre_are_inside_at_once() {
        assert_eq!(sphere(&[0.0, 0.0, 8.0], 3.0), (1.0, vec![0, 1]));
    }

    proptest! {
        #[test]
        fn what_is_pushed_and_the_radius_add_up_to_the_energy(
            distances in proptest::collection::vec(0.0_f64..10.0, 1..20),
            energy in 0.01_f64..20.0,
        ) {
            // A unit of radius beyond a point costs one unit for it: the energy is the radius and all pushes.
            let sphere = grown(&distances, energy);
            let pays = sphere.inside.len().min(distances.len() - 1);
            let pushes: f64 = sphere.inside[..pays].iter().map(|(_, d)| sphere.radius - d).sum();
            prop_assert!((sphere.radius + pushes - energy).abs() < 1e-9 * energy.max(1.0));
            let places: Vec<u32> = sphere.inside.iter().map(|&(place, _)| place).collect();
            for (place, distance) in distances.iter().enumerate() {
                prop_assert_eq!(places.contains(&(place as u32)), *distance < sphere.radius);
            }
        }

        #[test]
        fn no_new_row_leaves_its_sphere(seed: u64, width in 1_usize..30, radius in 0.0_f64..5.0) {
            let mut random = Seed::new(seed).rng();
            let length: f64 = taxicab(&mut random, width, radius).iter().map(|way| way.abs()).sum();
            prop_assert!(length <= radius * (1.0 + 1e-12));
            for p in [1.0, 2.0, 3.5] {
                let norm = Norm(p);
                let choices = (Cleaning::Ignore, Selection::Random, Placement::Direction);
                let growth = Growth::new((1.0, 0.0, p), width, choices).expect("options in range");
                let way = growth.direction(&mut random, width, radius);
                prop_assert!((norm.length(&way) - radius).abs() < 1e-9);
            }
        }
    }
}

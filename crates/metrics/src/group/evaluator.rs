use std::collections::BTreeMap;

use super::measure::GroupMeasure;
use super::plan::{Plan, Sides};
use super::rate::Rate;
use super::rows::GroupedRows;
use super::tally::{Tallies, Tally, Whose};
use super::undefined::Undefined;
use crate::Error;
use crate::sweep::{Order, Sweep};

/// A set of group measures made ready for rows that count several times or not at all.
///
/// ```
/// use counterpoise_base::Groups;
/// use counterpoise_metrics::{GroupEvaluator, GroupedRows, Predictions};
///
/// let classes = ["no".to_owned(), "yes".to_owned()];
/// let predictions = Predictions::new(&classes, &[1, 0, 1, 0], &[1, 0, 0, 1])?;
/// let groups = Groups::from_names(&["a", "a", "b", "b"]);
/// let rows = GroupedRows::new(predictions, &groups, "yes")?;
/// let measures = ["accuracy-max-min".parse()?, "true-positive-rate:b".parse()?];
/// let evaluator = GroupEvaluator::new(&measures, &rows, None)?;
/// assert_eq!(evaluator.original(), [1.0, 0.0]);
/// let drawn = evaluator.values(&[1, 2, 0, 1]);
/// assert!(drawn[1].is_nan(), "no row of group `b` is left that is `yes`");
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct GroupEvaluator {
    n: usize,
    rows: Vec<u32>,
    /// Four slots a group: true negative, false positive, false negative, true positive.
    slots: Vec<u32>,
    groups: usize,
    /// Empty if every row weighs 1.
    weights: Vec<f64>,
    /// Score, squared distance to truth, negative logarithm; empty if nobody asks.
    scored: Vec<[f64; 3]>,
    /// Distances to neighbours, of labels and of predictions; empty if nobody asks.
    distances: Vec<[f64; 2]>,
    areas: Vec<Area>,
    plans: Vec<Plan>,
    sides: Sides,
}

/// The order of some rows by score. Places are those of `rows`.
#[derive(Debug)]
struct Area {
    whose: Whose,
    places: Vec<u32>,
    sweep: Sweep,
}

/// What the score of the true side is clipped to, from 0 and from 1.
const CLIP: f64 = f64::EPSILON;

impl GroupEvaluator {
    /// Makes ready for `subset` only, or for all rows. Counts given later have one entry for each row of the whole
    /// table in any case.
    pub fn new(
        measures: &[GroupMeasure],
        rows: &GroupedRows<'_>,
        subset: Option<&[usize]>,
    ) -> Result<Self, Error> {
        measures.iter().try_for_each(|measure| measure.check(rows))?;
        let n = rows.len();
        let groups = rows.groups().classes().len();
        if u32::try_from(n).is_err() || u32::try_from(4 * groups).is_err() {
            return Err(Error::OutOfRange {
                option: "rows",
                value: n.max(groups).to_string(),
                range: "rows, and cells of groups, are counted in 32 bits",
            });
        }
        if let Some(&row) = subset.and_then(|subset| subset.iter().find(|&&row| row >= n)) {
            return Err(Error::UnknownRow {
                row: row + 1,
                rows: n,
            });
        }
        let own: Vec<u32> = match subset {
            None => (0..n as u32).collect(),
            Some(subset) => subset.iter().map(|&row| row as u32).collect(),
        };
        let each = |row: &u32| *row as usize;
        let slot = |row: usize| {
            let group = rows.groups().codes()[row];
            4 * group + 2 * u32::from(rows.is_deserving(row)) + u32::from(rows.is_chosen(row))
        };
        let slots: Vec<u32> = own.iter().map(each).map(slot).collect();
        let weights: Vec<f64> = if rows.has_weights() {
            own.iter().map(each).map(|row| rows.weight_of(row)).collect()
        } else {
            Vec::new()
        };
        let scored: Vec<[f64; 3]> = if measures.iter().any(GroupMeasure::needs_scores) {
            own.iter().map(each).map(|row| scored(rows, row)).collect()
        } else {
            Vec::new()
        };
        let distances = if measures
            .iter()
            .any(|measure| matches!(measure, GroupMeasure::Consistency(_)))
        {
            let of = |row: usize| {
                [
                    rows.distance_to_neighbours(row, |row| rows.is_deserving(row)),
                    rows.distance_to_neighbours(row, |row| rows.is_chosen(row)),
                ]
                .map(|distance| distance.unwrap_or(f64::NAN))
            };
            own.iter().map(each).map(of).collect()
        } else {
            Vec::new()
        };
        let mut present = vec![false; groups];
        for (place, &slot) in slots.iter().enumerate() {
            present[slot as usize / 4] |= weights.get(place).is_none_or(|&weight| weight > 0.0);
        }
        let sides = Sides {
            privileged: rows.privileged_code(),
            compared: (0..groups)
                .filter(|&group| present[group] && !rows.is_left_out(group as u32))
                .collect(),
        };
        let plans: Vec<Plan> = measures
            .iter()
            .map(|measure| Plan::new(measure, rows))
            .collect::<Result<_, _>>()?;
        let mut asked: Vec<Whose> = Vec::new();
        for whose in plans.iter().flat_map(|plan| plan.areas(&sides)) {
            if !asked.contains(&whose) {
                asked.push(whose);
            }
        }
        let areas = asked
            .into_iter()
            .map(|whose| Area::new(whose, &slots, &scored, sides.privileged))
            .collect();
        Ok(Self {
            n,
            rows: own,
            slots,
            groups,
            weights,
            scored,
            distances,
            areas,
            plans,
            sides,
        })
    }

    /// One number a measure when row `i` counts `counts[i]` times; NaN where it is not defined.
    ///
    /// A number that compares groups is not defined if a group that has rows in the original lacks the rate here: a
    /// draw without a row of a small group says nothing about it.
    ///
    /// # Panics
    ///
    /// If there is not one count for each row of the table.
    pub fn values(&self, counts: &[u16]) -> Vec<f64> {
        assert_eq!(counts.len(), self.n, "every row of the table has a count");
        self.numbers(|place| u32::from(counts[self.rows[place] as usize]))
    }

    /// The numbers of the rows as they are.
    pub fn original(&self) -> Vec<f64> {
        self.numbers(|_| 1)
    }

    /// The numbers of the rows as they are, or why there are none. `rows` are those that this was made of.
    pub fn explain(&self, rows: &GroupedRows<'_>) -> Vec<Result<f64, Undefined>> {
        let tallies = self.tallies(|_| 1);
        let named = |plan: &Plan| {
            plan.value(&tallies, &self.sides)
                .map_err(|why| why.named(rows, &tallies))
        };
        self.plans.iter().map(named).collect()
    }

    /// Number of measures.
    pub fn len(&self) -> usize {
        self.plans.len()
    }

    /// Whether there are no measures.
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// One number a measure when the row in place `i` of those it was made of counts `counts(i)` times.
    pub(crate) fn numbers(&self, counts: impl Fn(usize) -> u32) -> Vec<f64> {
        let tallies = self.tallies(counts);
        let value = |plan: &Plan| plan.value(&tallies, &self.sides).unwrap_or(f64::NAN);
        self.plans.iter().map(value).collect()
    }

    /// A row for each kind of rows that no measure here tells apart, with how many there are; in order of the first.
    pub(crate) fn kinds(&self) -> Vec<(usize, u32)> {
        type Key = (u32, u64, u64, [u64; 2]);
        let mut found: BTreeMap<Key, usize> = BTreeMap::new();
        let mut kinds: Vec<(usize, u32)> = Vec::new();
        for (place, &row) in self.rows.iter().enumerate() {
            let key = (
                self.slots[place],
                self.weights.get(place).map_or(0, |weight| weight.to_bits()),
                self.scored.get(place).map_or(0, |scored| scored[0].to_bits()),
                self.distances
                    .get(place)
                    .map_or([0; 2], |two| two.map(f64::to_bits)),
            );
            let kind = *found.entry(key).or_insert_with(|| {
                kinds.push((row as usize, 0));
                kinds.len() - 1
            });
            kinds[kind].1 += 1;
        }
        kinds
    }

    pub(crate) fn tallies(&self, counts: impl Fn(usize) -> u32) -> Tallies {
        let mut cells = vec![[0.0; 4]; self.groups];
        if self.weights.is_empty() {
            // Two columns of sums, so that an addition need not wait for the one before it.
            let mut sums = vec![[0_u64; 2]; 4 * self.groups];
            for (place, &slot) in self.slots.iter().enumerate() {
                sums[slot as usize][place % 2] += u64::from(counts(place));
            }
            for (cell, sum) in cells.as_flattened_mut().iter_mut().zip(sums) {
                *cell = (sum[0] + sum[1]) as f64;
            }
        } else {
            let flat = cells.as_flattened_mut();
            for (place, &slot) in self.slots.iter().enumerate() {
                flat[slot as usize] += f64::from(counts(place)) * self.weights[place];
            }
        }
        let mut tallies = Tallies::default();
        tallies
            .groups
            .extend(cells.iter().map(|&[tn, fp, fn_, tp]| Tally {
                tp,
                fp,
                fn_,
                tn,
                ..Tally::default()
            }));
        let mass = |place: usize| f64::from(counts(place)) * self.weights.get(place).copied().unwrap_or(1.0);
        for (place, &[score, square, log]) in self.scored.iter().enumerate() {
            let (mass, slot) = (mass(place), self.slots[place] as usize);
            let tally = &mut tallies.groups[slot / 4];
            if slot & 2 == 2 {
                tally.score_deserving += mass * score;
            } else {
                tally.score_others += mass * score;
            }
            tally.squares += mass * square;
            tally.logs += mass * log;
        }
        for (place, two) in self.distances.iter().enumerate() {
            let mass = mass(place);
            tallies.distances[0] += mass * two[0];
            tallies.distances[1] += mass * two[1];
        }
        tallies.add_up(self.sides.privileged);
        let mut upto = Vec::new();
        for area in &self.areas {
            let roc_auc = area.value(mass, &mut upto);
            match area.whose {
                Whose::All => tallies.all.roc_auc = roc_auc,
                Whose::Rest => tallies.rest.roc_auc = roc_auc,
                Whose::Group(group) => tallies.groups[group].roc_auc = roc_auc,
            }
        }
        tallies
    }
}

fn scored(rows: &GroupedRows<'_>, row: usize) -> [f64; 3] {
    let score = rows.score_of(row).unwrap_or(f64::NAN);
    let deserving = rows.is_deserving(row);
    let gap = score - f64::from(u8::from(deserving));
    let told = if deserving { score } else { 1.0 - score };
    [score, gap * gap, -told.clamp(CLIP, 1.0 - CLIP).ln()]
}

impl Area {
    fn new(whose: Whose, slots: &[u32], scored: &[[f64; 3]], privileged: Option<usize>) -> Self {
        let belongs = |group: usize| match whose {
            Whose::All => true,
            Whose::Rest => Some(group) != privileged,
            Whose::Group(own) => own == group,
        };
        let places: Vec<u32> = (0..slots.len() as u32)
            .filter(|&place| belongs(slots[place as usize] as usize / 4))
            .collect();
        let order = Order::new(&places, |place| scored[place as usize][0]);
        let sweep = Sweep::new(0, &order, false, |place| slots[place as usize] & 2 == 2);
        Self {
            whose,
            places: order.rows,
            sweep,
        }
    }

    fn value(&self, mass: impl Fn(usize) -> f64, upto: &mut Vec<f64>) -> f64 {
        let mut sum = 0.0;
        upto.clear();
        upto.push(sum);
        upto.extend(self.places.iter().map(|&place| {
            sum += mass(place as usize);
            sum
        }));
        let areas = self.sweep.areas(upto, |place| mass(self.places[place] as usize));
        areas.roc_auc.unwrap_or(f64::NAN)
    }
}

/// The rates that a table of groups shows of these rows: those of predictions, and of scores where there are any.
pub(crate) fn rates_of(rows: &GroupedRows<'_>) -> Vec<Rate> {
    Rate::all()
        .filter(|rate| *rate != Rate::Count)
        .filter(|rate| rate.needs_labels_only() || rows.has_predictions())
        .filter(|rate| !rate.needs_scores() || rows.has_scores())
        .collect()
}

use std::collections::BTreeMap;

use super::measure::{GroupMeasure, Outcome};
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
    /// By slot, so that what a slot adds up stands side by side.
    rows: Vec<u32>,
    /// Where each slot begins, and the end. Four slots a group: true negative, false positive, false negative, true
    /// positive.
    starts: Vec<usize>,
    /// Empty if every row weighs 1.
    weights: Vec<f64>,
    /// Empty if nobody asks.
    scores: Vec<f64>,
    /// Scores, squared distances to truth, negative logarithms, distances to neighbours of labels and of predictions,
    /// each times its weight; empty where nobody asks.
    columns: [Vec<f64>; 5],
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

/// Places in the list of columns.
const SCORE: usize = 0;
const SQUARE: usize = 1;
const LOG: usize = 2;
const OF_LABELS: usize = 3;
const OF_PREDICTIONS: usize = 4;

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
        let mut own: Vec<u32> = match subset {
            None => (0..n as u32).collect(),
            Some(subset) => subset.iter().map(|&row| row as u32).collect(),
        };
        let slot = |row: usize| {
            let group = rows.groups().codes()[row] as usize;
            4 * group + 2 * usize::from(rows.is_deserving(row)) + usize::from(rows.is_chosen(row))
        };
        own.sort_by_key(|&row| slot(row as usize));
        let starts: Vec<usize> = (0..=4 * groups)
            .map(|first| own.partition_point(|&row| slot(row as usize) < first))
            .collect();
        let column = |asked: bool, of: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let asked = if asked { own.as_slice() } else { &[] };
            asked.iter().map(|&row| of(row as usize)).collect()
        };
        let weights = column(rows.has_weights(), &|row| rows.weight_of(row));
        let any = |is: &dyn Fn(&GroupMeasure) -> bool| measures.iter().any(is);
        let scores = column(any(&GroupMeasure::needs_scores), &|row| score_of(rows, row));
        let truth = |row: usize| f64::from(u8::from(rows.is_deserving(row)));
        let gap = |row: usize| score_of(rows, row) - truth(row);
        let told = |row: usize| {
            let score = score_of(rows, row);
            let told = if rows.is_deserving(row) {
                score
            } else {
                1.0 - score
            };
            told.clamp(CLIP, 1.0 - CLIP)
        };
        let near = |row: usize, outcome: &dyn Fn(usize) -> bool| {
            rows.distance_to_neighbours(row, outcome).unwrap_or(f64::NAN)
        };
        let consistency =
            |outcome: Outcome| any(&move |measure| *measure == GroupMeasure::Consistency(outcome));
        let columns = [
            column(any(&needs_sum_of_scores), &|row| {
                rows.weight_of(row) * score_of(rows, row)
            }),
            column(any(&needs_squares), &|row| rows.weight_of(row) * gap(row).powi(2)),
            column(any(&needs_logs), &|row| rows.weight_of(row) * -told(row).ln()),
            column(consistency(Outcome::Labels), &|row| {
                rows.weight_of(row) * near(row, &|row| rows.is_deserving(row))
            }),
            column(consistency(Outcome::Predictions), &|row| {
                rows.weight_of(row) * near(row, &|row| rows.is_chosen(row))
            }),
        ];
        let present = |group: usize| {
            let places = starts[4 * group]..starts[4 * group + 4];
            if weights.is_empty() {
                !places.is_empty()
            } else {
                weights[places].iter().any(|&weight| weight > 0.0)
            }
        };
        let sides = Sides {
            privileged: rows.privileged_code(),
            compared: (0..groups)
                .filter(|&group| present(group) && !rows.is_left_out(group as u32))
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
            .map(|whose| Area::new(whose, &starts, &scores, sides.privileged))
            .collect();
        Ok(Self {
            n,
            rows: own,
            starts,
            weights,
            scores,
            columns,
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
        let own: Vec<f64> = self
            .rows
            .iter()
            .map(|&row| f64::from(counts[row as usize]))
            .collect();
        self.numbers(&own)
    }

    /// The numbers of the rows as they are.
    pub fn original(&self) -> Vec<f64> {
        self.numbers(&vec![1.0; self.rows.len()])
    }

    /// The numbers of the rows as they are, or why there are none. `rows` are those that this was made of.
    pub fn explain(&self, rows: &GroupedRows<'_>) -> Vec<Result<f64, Undefined>> {
        let tallies = self.original_tallies();
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

    /// One number a measure; `counts` says how often each row counts, in the order of [`kinds`](Self::kinds).
    pub(crate) fn numbers(&self, counts: &[f64]) -> Vec<f64> {
        let tallies = self.tallies(counts);
        let value = |plan: &Plan| plan.value(&tallies, &self.sides).unwrap_or(f64::NAN);
        self.plans.iter().map(value).collect()
    }

    /// A row for each kind of rows that no measure here tells apart, with how many there are; nothing if there are more
    /// kinds than `most`. An evaluator of these rows alone has them in this order.
    pub(crate) fn kinds(&self, most: usize) -> Option<Vec<(usize, u32)>> {
        type Key = (usize, [u64; 4]);
        let bits = |column: &[f64], place: usize| column.get(place).map_or(0, |value| value.to_bits());
        let mut found: BTreeMap<Key, usize> = BTreeMap::new();
        let mut kinds: Vec<(usize, u32)> = Vec::new();
        for slot in 0..self.starts.len() - 1 {
            for place in self.starts[slot]..self.starts[slot + 1] {
                let key = [
                    &self.weights,
                    &self.scores,
                    &self.columns[OF_LABELS],
                    &self.columns[OF_PREDICTIONS],
                ]
                .map(|column| bits(column, place));
                let kind = *found.entry((slot, key)).or_insert_with(|| {
                    kinds.push((self.rows[place] as usize, 0));
                    kinds.len() - 1
                });
                kinds[kind].1 += 1;
                if kinds.len() > most {
                    return None;
                }
            }
        }
        Some(kinds)
    }

    pub(crate) fn original_tallies(&self) -> Tallies {
        self.tallies(&vec![1.0; self.rows.len()])
    }

    fn tallies(&self, counts: &[f64]) -> Tallies {
        let mut tallies = Tallies::default();
        let in_slot = |column: &[f64], slot: usize| {
            let places = self.starts[slot]..self.starts[slot + 1];
            if column.is_empty() {
                0.0
            } else {
                dot(&counts[places.clone()], &column[places])
            }
        };
        for first in (0..self.starts.len() - 1).step_by(4) {
            let cell = |slot: usize| {
                if self.weights.is_empty() {
                    sum(&counts[self.starts[slot]..self.starts[slot + 1]])
                } else {
                    in_slot(&self.weights, slot)
                }
            };
            let both = |column: usize, slot: usize| {
                in_slot(&self.columns[column], slot) + in_slot(&self.columns[column], slot + 1)
            };
            tallies.groups.push(Tally {
                tn: cell(first),
                fp: cell(first + 1),
                fn_: cell(first + 2),
                tp: cell(first + 3),
                score_others: both(SCORE, first),
                score_deserving: both(SCORE, first + 2),
                squares: both(SQUARE, first) + both(SQUARE, first + 2),
                logs: both(LOG, first) + both(LOG, first + 2),
                roc_auc: f64::NAN,
            });
        }
        for (of, column) in tallies
            .distances
            .iter_mut()
            .zip(&self.columns[OF_LABELS..=OF_PREDICTIONS])
        {
            *of = if column.is_empty() {
                f64::NAN
            } else {
                dot(counts, column)
            };
        }
        tallies.add_up(self.sides.privileged);
        let mut upto = Vec::new();
        for area in &self.areas {
            let roc_auc = if self.weights.is_empty() {
                area.value(|place| counts[place], &mut upto)
            } else {
                area.value(|place| counts[place] * self.weights[place], &mut upto)
            };
            match area.whose {
                Whose::All => tallies.all.roc_auc = roc_auc,
                Whose::Rest => tallies.rest.roc_auc = roc_auc,
                Whose::Group(group) => tallies.groups[group].roc_auc = roc_auc,
            }
        }
        tallies
    }
}

fn score_of(rows: &GroupedRows<'_>, row: usize) -> f64 {
    rows.score_of(row).unwrap_or(f64::NAN)
}

fn needs_sum_of_scores(measure: &GroupMeasure) -> bool {
    match measure {
        GroupMeasure::Rate(rate, _) => {
            rate.needs_scores()
                && !matches!(
                    rate,
                    Rate::RocAuc | Rate::MeanSquaredError | Rate::R2 | Rate::LogLoss
                )
        }
        other => other.needs_scores(),
    }
}

fn needs_squares(measure: &GroupMeasure) -> bool {
    matches!(measure, GroupMeasure::Rate(Rate::MeanSquaredError | Rate::R2, _))
}

fn needs_logs(measure: &GroupMeasure) -> bool {
    matches!(measure, GroupMeasure::Rate(Rate::LogLoss, _))
}

/// In eight sums that are added up in one order.
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        for lane in 0..8 {
            lanes[lane] += eight[lane];
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// As [`sum`], of products.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let ((first, a_rest), (second, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in first.iter().zip(second) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| a * b);
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

impl Area {
    fn new(whose: Whose, starts: &[usize], scores: &[f64], privileged: Option<usize>) -> Self {
        let belongs = |group: usize| match whose {
            Whose::All => true,
            Whose::Rest => Some(group) != privileged,
            Whose::Group(own) => own == group,
        };
        let slot = |place: u32| starts.partition_point(|&start| start <= place as usize) - 1;
        let places: Vec<u32> = (0..scores.len() as u32)
            .filter(|&place| belongs(slot(place) / 4))
            .collect();
        let order = Order::new(&places, |place| scores[place as usize]);
        let sweep = Sweep::new(0, &order, false, |place| slot(place) & 2 == 2);
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

use std::sync::{Mutex, PoisonError};

use crate::measure::{Mean, OfMatrix};
use crate::sweep::{Areas, Mass, Order, Sweep};
use crate::{ConfusionMatrix, Error, Measure, Predictions};

/// Bins of the expected calibration error.
const ECE_BINS: usize = 15;

/// A set of measures made ready for rows that count several times or not at all.
///
/// It sorts once and keeps what each row adds to a sum, so that one call of [`values`](Self::values) is a few passes
/// over the counts. Rows that are only counted are added up as whole numbers.
///
/// ```
/// use counterpoise_metrics::{Evaluator, Measure, Predictions};
///
/// let classes = ["common".to_owned(), "rare".to_owned()];
/// let rows = Predictions::new(&classes, &[0, 0, 1, 1], &[0, 1, 1, 1])?;
/// let evaluator = Evaluator::new(&[Measure::Accuracy], &rows, None)?;
/// assert_eq!(evaluator.original(), [0.75]);
/// assert_eq!(evaluator.values(&[1, 2, 1, 0]), [0.5]);
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct Evaluator {
    n: usize,
    classes: usize,
    plans: Vec<Plan>,
    /// Classes with rows in the original: an average over classes without one of them says nothing.
    needed: Vec<bool>,
    /// First the order in which sums are added up; the others belong to sweeps of further classes.
    orders: Vec<Placed>,
    /// Place of each row's pair of classes in the confusion matrix, in the first order.
    cells: Vec<u32>,
    sums: Vec<Vec<f64>>,
    ece: Option<Binned>,
    sweeps: Vec<Sweep>,
    /// Place of the sweep of each class that has one.
    sweep_of: Vec<Option<usize>>,
    weighted: bool,
    scratch: Mutex<Vec<Scratch>>,
}

#[derive(Debug)]
struct Placed {
    rows: Vec<u32>,
    /// Weights in this order; empty if every row weighs 1.
    weights: Vec<f64>,
}

/// Gaps of rows between probability and truth, and the ends of the bins in the first order.
#[derive(Debug)]
struct Binned {
    gaps: Vec<f64>,
    ends: Vec<usize>,
}

#[derive(Debug)]
enum Plan {
    Matrix(OfMatrix),
    /// A mean of what each row adds.
    Sum(usize),
    Ece,
    Areas {
        mean: Mean,
        precision: bool,
    },
}

#[derive(Debug, Default)]
struct Scratch {
    counts: Vec<u16>,
    upto: Vec<u32>,
    masses: Vec<f64>,
    upto_mass: Vec<f64>,
    areas: Vec<Areas>,
}

impl Evaluator {
    /// Makes ready for `rows` only, or for all of them. Counts given later have one entry for each row of the whole
    /// table in any case.
    pub fn new(measures: &[Measure], p: &Predictions<'_>, rows: Option<&[usize]>) -> Result<Self, Error> {
        measures.iter().try_for_each(|measure| measure.check(p))?;
        let (n, c) = (p.len(), p.classes().len());
        if u32::try_from(n).is_err() || u32::try_from(c * c).is_err() {
            return Err(Error::OutOfRange {
                option: "rows",
                value: n.max(c).to_string(),
                range: "rows, and pairs of classes, are counted in 32 bits",
            });
        }
        let rows: Vec<u32> = match rows {
            None => (0..n as u32).collect(),
            Some(rows) => {
                if let Some(&row) = rows.iter().find(|&&row| row >= n) {
                    return Err(Error::UnknownRow {
                        row: row + 1,
                        rows: n,
                    });
                }
                rows.iter().map(|&row| row as u32).collect()
            }
        };
        let (plans, wanted) = plan(measures, p.classes())?;
        let bins = wanted.ece.then(|| Bins::new(p));
        // Bins of the second class's probability lie side by side in its order.
        let first = match &bins {
            Some(bins) if !(c == 2 && wanted.classes[1]) => Some(bins.sorted(&rows)),
            None if !wanted.classes.contains(&true) => Some(rows.clone()),
            _ => None,
        };
        let mut orders: Vec<Vec<u32>> = first.into_iter().collect();
        let (sweeps, sweep_of) = sweeps(p, &rows, &wanted.classes, &mut orders);
        let orders: Vec<Placed> = orders
            .into_iter()
            .map(|rows| Placed {
                weights: p.weights().map_or_else(Vec::new, |weights| {
                    rows.iter().map(|&row| weights[row as usize]).collect()
                }),
                rows,
            })
            .collect();
        let first = &orders[0].rows;
        let cells = first
            .iter()
            .map(|&row| p.truth()[row as usize] * c as u32 + p.predicted()[row as usize])
            .collect();
        let sums = wanted
            .sums
            .iter()
            .map(|loss| {
                first
                    .iter()
                    .map(|&row| p.weight_of(row as usize) * loss.of(p, row as usize))
                    .collect()
            })
            .collect();
        let ece = bins.map(|bins| bins.binned(p, first));
        let mut needed = vec![false; c];
        for &row in &rows {
            needed[p.truth()[row as usize] as usize] |= p.weight_of(row as usize) > 0.0;
        }
        Ok(Self {
            n,
            classes: c,
            plans,
            needed,
            orders,
            cells,
            sums,
            ece,
            sweeps,
            sweep_of,
            weighted: p.weights().is_some(),
            scratch: Mutex::default(),
        })
    }

    /// One number a measure when row `i` counts `counts[i]` times; NaN where it is not defined.
    ///
    /// An average over classes is not defined if a class that has true rows in the original has none here: a draw
    /// that misses the rare class says nothing about it. Else the numbers are those of a table with the rows repeated.
    ///
    /// # Panics
    ///
    /// If there is not one count for each row of the table.
    pub fn values(&self, counts: &[u16]) -> Vec<f64> {
        assert_eq!(counts.len(), self.n, "every row of the table has a count");
        let taken = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = taken.unwrap_or_default();
        let values = self.values_in(counts, &mut scratch);
        self.scratch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(scratch);
        values
    }

    /// The numbers of the rows as they are.
    pub fn original(&self) -> Vec<f64> {
        self.values(&vec![1; self.n])
    }

    /// Number of measures.
    pub fn len(&self) -> usize {
        self.plans.len()
    }

    /// Whether there are no measures.
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    fn values_in(&self, counts: &[u16], scratch: &mut Scratch) -> Vec<f64> {
        let Scratch {
            counts: own,
            upto,
            masses,
            upto_mass,
            areas,
        } = scratch;
        gather(counts, &self.orders[0].rows, own);
        let matrix = self.matrix(own);
        let total = matrix.total();
        let sums: Vec<f64> = self.sums.iter().map(|column| dot(own, column)).collect();
        let ece = self.ece.as_ref().map_or(f64::NAN, |binned| binned.sum(own));

        areas.clear();
        // Counts of any caller may sum to more than 32 bits hold; those of a draw sum to the number of rows.
        let exact = !self.weighted && total < f64::from(u32::MAX);
        let mut ready = usize::MAX;
        for sweep in &self.sweeps {
            let order = &self.orders[sweep.order];
            if ready != sweep.order {
                ready = sweep.order;
                if ready != 0 {
                    gather(counts, &order.rows, own);
                }
                if exact {
                    running(own.iter().map(|&count| u32::from(count)), upto);
                } else {
                    masses.clear();
                    if self.weighted {
                        let pairs = own.iter().zip(&order.weights);
                        masses.extend(pairs.map(|(&count, weight)| f64::from(count) * weight));
                    } else {
                        masses.extend(own.iter().map(|&count| f64::from(count)));
                    }
                    running(masses.iter().copied(), upto_mass);
                }
            }
            areas.push(if exact {
                sweep.areas(upto, |place| u32::from(own[place]))
            } else {
                sweep.areas(upto_mass, |place| masses[place])
            });
        }
        let value = |plan: &Plan| match plan {
            Plan::Matrix(of) => of.value(&matrix, &self.needed),
            Plan::Sum(column) => (total > 0.0).then(|| sums[*column] / total),
            Plan::Ece => (total > 0.0).then(|| ece / total),
            Plan::Areas { mean, precision } => mean.over(&matrix, &self.needed, |class| {
                // Where weights are added up in two orders, a rest that is nothing can look like 10⁻¹⁷.
                let rest = (0..self.classes).any(|other| other != class && matrix.truth()[other] > 0.0);
                let areas = areas.get(self.sweep_of[class]?)?;
                let told = matrix.truth()[class] > 0.0;
                if *precision {
                    areas.average_precision.filter(|_| told)
                } else {
                    areas.roc_auc.filter(|_| told && rest)
                }
            }),
        };
        self.plans
            .iter()
            .map(|plan| value(plan).unwrap_or(f64::NAN))
            .collect()
    }

    fn matrix(&self, own: &[u16]) -> ConfusionMatrix {
        let cells = self.classes * self.classes;
        let added: Vec<f64> = if self.weighted {
            let mut added = vec![0.0; cells];
            for ((&cell, &count), weight) in self.cells.iter().zip(own).zip(&self.orders[0].weights) {
                added[cell as usize] += f64::from(count) * weight;
            }
            added
        } else {
            // Four columns of sums, so that an addition need not wait for the one before it.
            let mut added = vec![[0_u64; 4]; cells];
            let mut quads = self.cells.chunks_exact(4);
            let mut counts = own.chunks_exact(4);
            for (cell, count) in quads.by_ref().zip(counts.by_ref()) {
                for lane in 0..4 {
                    added[cell[lane] as usize][lane] += u64::from(count[lane]);
                }
            }
            for (&cell, &count) in quads.remainder().iter().zip(counts.remainder()) {
                added[cell as usize][0] += u64::from(count);
            }
            added
                .iter()
                .map(|lanes| lanes.iter().sum::<u64>() as f64)
                .collect()
        };
        ConfusionMatrix::from_cells(self.classes, added)
    }
}

/// What the measures need beside a confusion matrix.
struct Wanted {
    sums: Vec<Loss>,
    ece: bool,
    /// Classes with a sweep.
    classes: Vec<bool>,
}

fn plan(measures: &[Measure], classes: &[String]) -> Result<(Vec<Plan>, Wanted), Error> {
    let mut wanted = Wanted {
        sums: Vec::new(),
        ece: false,
        classes: vec![false; classes.len()],
    };
    let place = |class: &str| classes.iter().position(|name| name == class);
    let plans = measures.iter().map(|measure| {
        let mut sum = |loss: Loss| {
            let known = wanted.sums.iter().position(|known| *known == loss);
            Plan::Sum(known.unwrap_or_else(|| {
                wanted.sums.push(loss);
                wanted.sums.len() - 1
            }))
        };
        let plan = match measure {
            Measure::Brier => Some(sum(Loss::Brier)),
            Measure::BrierOf(class) => place(class).map(|class| sum(Loss::BrierOf(class))),
            Measure::LogLoss => Some(sum(Loss::Log)),
            Measure::Ece => {
                wanted.ece = true;
                Some(Plan::Ece)
            }
            Measure::RocAuc(average) | Measure::AveragePrecision(average) => {
                Mean::new(average, classes).map(|mean| {
                    match mean {
                        Mean::Class(class) => wanted.classes[class] = true,
                        _ => wanted.classes.fill(true),
                    }
                    Plan::Areas {
                        mean,
                        precision: matches!(measure, Measure::AveragePrecision(_)),
                    }
                })
            }
            _ => OfMatrix::new(measure, classes).map(Plan::Matrix),
        };
        // `Measure::check` has found every class and number before.
        plan.ok_or_else(|| Error::UnknownClass {
            measure: measure.name(),
            class: measure.class().unwrap_or_default().into(),
            suggestion: String::new(),
        })
    });
    let plans = plans.collect::<Result<_, _>>()?;
    Ok((plans, wanted))
}

/// Sweeps for the classes that need one, those of the same order side by side; new orders are added to `orders`.
fn sweeps(
    p: &Predictions<'_>,
    rows: &[u32],
    wanted: &[bool],
    orders: &mut Vec<Vec<u32>>,
) -> (Vec<Sweep>, Vec<Option<usize>>) {
    let c = wanted.len();
    let mut sweeps = Vec::new();
    let mut sweep_of = vec![None; c];
    let mut last: Option<Order> = None;
    // The last class first: of two classes, the second gives the order.
    for class in (0..c).rev().filter(|&class| wanted[class]) {
        let order = Order::new(rows, |row| {
            p.probabilities()
                .map_or(0.0, |values| values[row as usize * c + class])
        });
        let is_class = |row: u32| p.truth()[row as usize] as usize == class;
        sweep_of[class] = Some(sweeps.len());
        if let Some(shared) = last.take().filter(|last| order.is_reverse_of(last)) {
            sweeps.push(Sweep::new(orders.len() - 1, &shared, true, is_class));
            last = Some(shared);
        } else {
            orders.push(order.rows.clone());
            sweeps.push(Sweep::new(orders.len() - 1, &order, false, is_class));
            last = Some(order);
        }
    }
    (sweeps, sweep_of)
}

/// What a row adds to a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Loss {
    Brier,
    BrierOf(usize),
    Log,
}

impl Loss {
    fn of(self, p: &Predictions<'_>, row: usize) -> f64 {
        let values = p.probabilities_of(row).unwrap_or_default();
        let truth = p.truth()[row] as usize;
        let square = |class: usize| (values[class] - f64::from(u8::from(class == truth))).powi(2);
        match self {
            Self::Brier => {
                let sum: f64 = (0..values.len()).map(square).sum();
                if values.len() == 2 { sum / 2.0 } else { sum }
            }
            Self::BrierOf(class) => square(class),
            Self::Log => -values[truth].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln(),
        }
    }
}

/// Ends of bins of equal width in `[0, 1]`, without 0 and 1.
pub(crate) fn edges(bins: usize) -> Vec<f64> {
    let width = 1.0 / bins as f64;
    (1..bins).map(|bin| bin as f64 * width).collect()
}

/// The bin of a probability; bins are open below and closed above.
pub(crate) fn bin_of(edges: &[f64], probability: f64) -> usize {
    edges.partition_point(|&edge| edge < probability)
}

struct Bins {
    bin: Vec<usize>,
    gap: Vec<f64>,
}

impl Bins {
    fn new(p: &Predictions<'_>) -> Self {
        let edges = edges(ECE_BINS);
        let (bin, gap) = (0..p.len())
            .map(|row| {
                let values = p.probabilities_of(row).unwrap_or_default();
                let class = if values.len() == 2 { 1 } else { likeliest(values) };
                let hit = f64::from(u8::from(p.truth()[row] as usize == class));
                (bin_of(&edges, values[class]), values[class] - hit)
            })
            .unzip();
        Self { bin, gap }
    }

    fn sorted(&self, rows: &[u32]) -> Vec<u32> {
        let mut rows = rows.to_vec();
        rows.sort_by_key(|&row| self.bin[row as usize]);
        rows
    }

    fn binned(&self, p: &Predictions<'_>, rows: &[u32]) -> Binned {
        let gap = |row: &u32| p.weight_of(*row as usize) * self.gap[*row as usize];
        let bin = |place: usize| self.bin[rows[place] as usize];
        Binned {
            gaps: rows.iter().map(gap).collect(),
            ends: (1..=rows.len())
                .filter(|&end| end == rows.len() || bin(end) != bin(end - 1))
                .collect(),
        }
    }
}

impl Binned {
    /// Sum over bins of the absolute gap; both grow with the weight.
    fn sum(&self, counts: &[u16]) -> f64 {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| dot(&counts[start..end], &self.gaps[start..end]).abs())
            .sum()
    }
}

/// The first of the largest values.
fn likeliest(values: &[f64]) -> usize {
    let larger = |best: usize, next: usize| if values[next] > values[best] { next } else { best };
    (1..values.len()).fold(0, larger)
}

fn gather(counts: &[u16], rows: &[u32], own: &mut Vec<u16>) {
    own.clear();
    own.extend(rows.iter().map(|&row| counts[row as usize]));
}

/// Sums up to each place, the first of them 0.
fn running<T: Mass>(masses: impl Iterator<Item = T>, upto: &mut Vec<T>) {
    let mut sum = T::default();
    upto.clear();
    upto.push(sum);
    upto.extend(masses.map(|mass| {
        sum += mass;
        sum
    }));
}

/// Counts times values, in eight sums that are added up in one order.
fn dot(counts: &[u16], values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (mut eights, mut of) = (counts.chunks_exact(8), values.chunks_exact(8));
    for (counts, values) in eights.by_ref().zip(of.by_ref()) {
        for lane in 0..8 {
            lanes[lane] += f64::from(counts[lane]) * values[lane];
        }
    }
    let rest = eights.remainder().iter().zip(of.remainder());
    let rest: f64 = rest.map(|(&count, value)| f64::from(count) * value).sum();
    lanes.iter().sum::<f64>() + rest
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::learner::Task;

/// What shall be alike in all groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Constraint {
    /// How often the favourable class is predicted.
    #[default]
    DemographicParity,
    /// How often the favourable class is predicted, among rows of either class.
    EqualizedOdds,
    /// How often it is predicted among rows of the favourable class: equal opportunity.
    #[serde(alias = "equal-opportunity")]
    TruePositiveRateParity,
    /// How often it is predicted among rows of the other class.
    FalsePositiveRateParity,
    /// How often predictions are wrong.
    ErrorRateParity,
}

impl Constraint {
    /// Its name, as in TOML.
    pub fn name(self) -> &'static str {
        match self {
            Self::DemographicParity => "demographic-parity",
            Self::EqualizedOdds => "equalized-odds",
            Self::TruePositiveRateParity => "true-positive-rate-parity",
            Self::FalsePositiveRateParity => "false-positive-rate-parity",
            Self::ErrorRateParity => "error-rate-parity",
        }
    }

    /// Which of the compared sets a row belongs to; none for rows that do not matter.
    fn event(self, positive: usize) -> Option<usize> {
        match self {
            Self::DemographicParity | Self::ErrorRateParity => Some(0),
            Self::EqualizedOdds => Some(positive),
            Self::TruePositiveRateParity => (positive == 1).then_some(0),
            Self::FalsePositiveRateParity => (positive == 0).then_some(0),
        }
    }

    fn events(self) -> usize {
        if self == Self::EqualizedOdds { 2 } else { 1 }
    }

    /// Fails for a group without rows of a class that the constraint looks at.
    pub(crate) fn check_cells(
        self,
        model: &'static str,
        task: &Task<'_>,
        cells: &Cells,
    ) -> Result<(), Error> {
        for (group, name) in task.in_groups().names.iter().enumerate() {
            for positive in 0..2 {
                let alone = match self {
                    Self::DemographicParity | Self::ErrorRateParity => false,
                    _ => self.event(positive).is_some(),
                };
                if alone && cells.total(group, positive) == 0.0 {
                    let class = if positive == 1 {
                        cells.favourable
                    } else {
                        1 - cells.favourable
                    };
                    return Err(Error::EmptyCell {
                        model,
                        constraint: self.name(),
                        group: (*name).into(),
                        class: task.classes[class as usize].into(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Weights of rows by group and class.
pub(crate) struct Cells {
    /// Which of two classes is the good one.
    pub(crate) favourable: u32,
    /// The cell of every row: twice its group, and 1 more for rows of the favourable class.
    pub(crate) of_row: Vec<u32>,
    totals: Vec<f64>,
    /// The weight of all rows.
    pub(crate) whole: f64,
}

impl Cells {
    pub(crate) fn new(task: &Task<'_>, favourable: u32) -> Self {
        let groups = task.in_groups();
        let of_row: Vec<u32> = groups
            .codes
            .iter()
            .zip(task.labels.iter())
            .map(|(&group, &label)| 2 * group + u32::from(label == favourable))
            .collect();
        let mut totals = vec![0.0; 2 * groups.names.len()];
        for (row, &cell) in of_row.iter().enumerate() {
            totals[cell as usize] += task.weight(row);
        }
        Self {
            favourable,
            of_row,
            whole: totals.iter().sum(),
            totals,
        }
    }

    pub(crate) fn total(&self, group: usize, positive: usize) -> f64 {
        self.totals[2 * group + positive]
    }

    pub(crate) fn groups(&self) -> usize {
        self.totals.len() / 2
    }
}

/// How far classifiers break a constraint, and what rows cost once breaking it has a price.
///
/// A broken constraint is the difference between the rate of a group and that of all groups, once with either sign; a
/// price belongs to each. All sums are over cells, because rows of a cell are alike to a constraint.
///
/// # Source
///
/// Agarwal, Beygelzimer, Dudík, Langford, Wallach, "A Reductions Approach to Fair Classification" (ICML 2018), sections
/// 2.2 and 3.2. Fairlearn's moments give the same numbers; weights of rows are ours, and count as copies do.
pub(crate) struct Moments<'a> {
    constraint: Constraint,
    cells: &'a Cells,
    events: Vec<f64>,
    /// By event and group.
    of_groups: Vec<f64>,
}

/// What there is to know about a classifier.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) error: f64,
    /// By sign, event and group.
    pub(crate) broken: Vec<f64>,
}

impl<'a> Moments<'a> {
    pub(crate) fn new(constraint: Constraint, cells: &'a Cells) -> Self {
        let groups = cells.groups();
        let mut of_groups = vec![0.0; constraint.events() * groups];
        for group in 0..groups {
            for positive in 0..2 {
                if let Some(event) = constraint.event(positive) {
                    of_groups[event * groups + group] += cells.total(group, positive);
                }
            }
        }
        Self {
            constraint,
            cells,
            events: of_groups.chunks_exact(groups).map(|of| of.iter().sum()).collect(),
            of_groups,
        }
    }

    /// Number of differences, one for each sign, event and group.
    pub(crate) fn len(&self) -> usize {
        2 * self.of_groups.len()
    }

    /// Number of events and of groups.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.events.len(), self.cells.groups())
    }

    /// Error and differences of a classifier that predicts the favourable class for weights `positive` of each cell.
    pub(crate) fn of(&self, positive: &[f64]) -> Moment {
        let groups = self.cells.groups();
        let mut sums = vec![0.0; self.of_groups.len()];
        let mut wrong = 0.0;
        for (cell, &chosen) in positive.iter().enumerate() {
            let (group, truth) = (cell / 2, cell % 2);
            let errors = if truth == 1 {
                self.cells.totals[cell] - chosen
            } else {
                chosen
            };
            wrong += errors;
            if let Some(event) = self.constraint.event(truth) {
                sums[event * groups + group] += if self.constraint == Constraint::ErrorRateParity {
                    errors
                } else {
                    chosen
                };
            }
        }
        let differences: Vec<f64> = (0..sums.len())
            .map(|place| {
                let event = place / groups;
                let of_event: f64 = sums[event * groups..][..groups].iter().sum();
                sums[place] / self.of_groups[place] - of_event / self.events[event]
            })
            .collect();
        let opposite = differences.iter().map(|difference| -difference);
        Moment {
            error: wrong / self.cells.whole,
            broken: differences.iter().copied().chain(opposite).collect(),
        }
    }

    /// What it gains to predict the favourable class for a row of each cell, when errors cost 1 and differences cost
    /// `prices`.
    pub(crate) fn gains(&self, prices: &[f64]) -> Vec<f64> {
        let groups = self.cells.groups();
        let (plus, minus) = prices.split_at(self.of_groups.len());
        let net: Vec<f64> = plus.iter().zip(minus).map(|(plus, minus)| plus - minus).collect();
        let whole = self.cells.whole;
        (0..2 * groups)
            .map(|cell| {
                let (group, truth) = (cell / 2, cell % 2);
                let right = if truth == 1 { 1.0 } else { -1.0 };
                let Some(event) = self.constraint.event(truth) else {
                    return right;
                };
                let of_event: f64 = net[event * groups..][..groups].iter().sum();
                let place = event * groups + group;
                let fair = of_event * whole / self.events[event] - net[place] * whole / self.of_groups[place];
                right
                    + if self.constraint == Constraint::ErrorRateParity {
                        -right * fair
                    } else {
                        fair
                    }
            })
            .collect()
    }

    /// Lower prices that make no classifier dearer. Within an event differences weighted by groups add up to 0, so that a
    /// shift of all prices by shares of groups changes nothing; the weighted median makes them least.
    pub(crate) fn lowered(&self, prices: &[f64]) -> Vec<f64> {
        let groups = self.cells.groups();
        let (plus, minus) = prices.split_at(self.of_groups.len());
        let mut net: Vec<f64> = plus.iter().zip(minus).map(|(plus, minus)| plus - minus).collect();
        for (event, net) in net.chunks_exact_mut(groups).enumerate() {
            let share = |group: usize| self.of_groups[event * groups + group] / self.events[event];
            let mut order: Vec<usize> = (0..groups).collect();
            order.sort_by(|&a, &b| {
                (net[a] / share(a))
                    .total_cmp(&(net[b] / share(b)))
                    .then(a.cmp(&b))
            });
            let half = (0..groups).map(share).sum::<f64>() / 2.0;
            let mut below = 0.0;
            let median = order.iter().copied().find(|&group| {
                below += share(group);
                below >= half
            });
            let shift = median.map_or(0.0, |group| net[group] / share(group));
            for (group, net) in net.iter_mut().enumerate() {
                *net -= share(group) * shift;
            }
        }
        let opposite = net.iter().map(|net| (-net).max(0.0));
        net.iter().map(|net| net.max(0.0)).chain(opposite).collect()
    }
}

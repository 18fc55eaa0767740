use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::against::{Majority, largest_first, majority};
use crate::ccr::needs_a_row;
use crate::climb::{Climb, Criterion, Slope};
use crate::points::{Points, Scale, warn_of_categories};
use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// RBO for many classes: the largest class first, each further one against rows of all classes before it.
///
/// For many classes that overlap. A class meets about as many rows of larger classes as the largest class has, new
/// rows of those classes included. One pixel-space method of the `DeepSMOTE` paper. Distances are those of numbers; a
/// new row has its categories from its base. Whole numbers are rounded in the end: steps shorter than half of one are
/// lost on them.
///
/// # Source
///
/// Krawczyk, Koziarski and Woźniak, "Radial-Based Oversampling for multiclass imbalanced data classification", IEEE
/// Transactions on Neural Networks and Learning Systems 31 (2020, early access 2019), and the authors' code
/// (michalkoziarski/MultiClassRBO), off which the method, its options and their defaults are read; of the paper only
/// the abstract was at hand. Its data is scaled to ranges of 1 beforehand; here `scale` does so. The code samples
/// larger classes with replacement, and a row drawn twice counts twice: `majority = "sampled-with-replacement"`;
/// multi-imbalance samples without, as is done here. `complete` is the code's other `method`, which measures against
/// all input rows and no new one. Each row of the class is a start equally often, ±1, where the code draws it. `gamma`
/// is a length: with hundreds of columns, where rows are far apart, 0.05 sees nobody, and a new row is its base and a
/// few steps. Cost: `O(m n d)` for the distances of `m` rows of a class to `n` of the largest, and `O(n)` for each
/// step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct McRbo {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// How far a row's potential reaches, above 0: at this distance it is down to 37 %.
    pub gamma: f64,
    /// Length of a step along one column, above 0.
    pub step_size: f64,
    /// Steps tried at most.
    #[serde(alias = "iterations")]
    pub n_steps: usize,
    /// Chance to stop before each step, from 0 to 1.
    pub stop_probability: f64,
    /// Which steps are kept.
    pub criterion: Criterion,
    /// Which rows a class that grows is measured against.
    pub majority: Majority,
    /// What numbers are measured in.
    pub scale: Scale,
}

impl Default for McRbo {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            gamma: 0.05,
            step_size: 0.001,
            n_steps: 500,
            stop_probability: 0.02,
            criterion: Criterion::Balance,
            majority: Majority::Sampled,
            scale: Scale::Range,
        }
    }
}

impl McRbo {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`gamma`](Self::gamma).
    pub fn with_gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }
}

impl Resample for McRbo {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "mc-rbo" });
        }
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let seed = run.seed.child("mc-rbo");
        run.tell("making rows", 0, targets.changes.len())?;
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(Resampled::unchanged(data.rows()));
        }
        let climb = Climb::new(
            (self.gamma, self.step_size),
            (self.n_steps, self.stop_probability),
            self.criterion,
        )?;
        let mut warnings = Vec::new();
        let mut points = Points::new(data, self.scale, "mc-rbo", &seed.child("order"))?;
        warn_of_categories(&data.features, "mc-rbo", &mut warnings);
        for &(class, count) in &targets.changes {
            if count > 0 {
                needs_a_row(data.labels, class, points.rows_of(class), "mc-rbo")?;
            }
        }
        let order = largest_first(data.labels);
        let largest = data.labels.counts().into_iter().max().unwrap_or(0);
        for (place, &class) in order.iter().enumerate() {
            run.tell("making rows", place, order.len())?;
            let count = targets.count(class);
            if count == 0 {
                continue;
            }
            let seed = seed.child(data.labels.classes()[class as usize].as_str());
            let mut against = majority(&points, self.majority, &order, place, largest, &seed);
            if self.majority == Majority::Complete {
                against.retain(|&(_, point)| point < data.rows());
            }
            let against: Vec<usize> = against.into_iter().map(|(_, point)| point).collect();
            let slope = Slope::new(&points, points.rows_of(class), &against);
            let (bases, values) = climb.rows(data, &points, &slope, count, &seed);
            points.add(class, &bases, &values);
        }
        Ok(points.into_resampled(&targets, warnings))
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

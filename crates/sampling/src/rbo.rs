use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ccr::needs_a_row;
use crate::climb::{Climb, Criterion, Slope};
use crate::points::{Points, Scale, warn_of_categories};
use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// Makes rows that walk from a row of the class to where both sides pull equally: by small steps of chance, each kept
/// if the class potential gets nearer to 0.
///
/// A row's potential falls with its distance from a place, `exp(-(distance / gamma)²)`; rows of the class count below
/// 0 and all others above. For two classes that overlap, small clusters and single rows included; with more, each
/// class has all others against it (`mc-rbo` takes classes one after the other). Distances are those of numbers; a new
/// row has its categories from its base. Whole numbers are rounded in the end: steps shorter than half of one are lost
/// on them.
///
/// # Source
///
/// Koziarski, Krawczyk and Woźniak, "Radial-Based Oversampling for noisy imbalanced data classification",
/// Neurocomputing 343 (2019), and the authors' code (michalkoziarski/RBO), off which the method, its criteria, its
/// defaults and Manhattan distance are read (of the paper only the abstract was at hand); its experiments take
/// `n_steps = 5000`, `step_size = 0.0001`, `stop_probability = 0.001` and look for `gamma` from 0.001 to 10 by
/// cross-validation. Its data is scaled to ranges of 1 beforehand; here `scale` does so. Each row of the class is a
/// start equally often, ±1, where the code draws it. The code's `cost`, a width for each pair of classes, is left out.
/// `gamma` is a length: with hundreds of columns, where rows are far apart, 0.05 sees nobody, and a new row is its
/// base and a few steps. Cost: `O(m n d)` for the distances of `m` rows among `n`, and `O(n)` for each step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Rbo {
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
    /// What numbers are measured in.
    pub scale: Scale,
}

impl Default for Rbo {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            gamma: 0.05,
            step_size: 0.001,
            n_steps: 500,
            stop_probability: 0.02,
            criterion: Criterion::Balance,
            scale: Scale::Range,
        }
    }
}

impl Rbo {
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

impl Resample for Rbo {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "rbo" });
        }
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let seed = run.seed.child("rbo");
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
        let mut points = Points::new(data, self.scale, "rbo", &seed.child("order"))?;
        warn_of_categories(&data.features, "rbo", &mut warnings);
        let classes = data.labels.classes().len() as u32;
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let minority = points.rows_of(class);
            needs_a_row(data.labels, class, minority, "rbo")?;
            let others = (0..classes).filter(|&other| other != class);
            let majority: Vec<usize> = others
                .flat_map(|other| points.rows_of(other).iter().copied())
                .collect();
            let seed = seed.child(data.labels.classes()[class as usize].as_str());
            let slope = Slope::new(&points, minority, &majority);
            let (bases, values) = climb.rows(data, &points, &slope, count, &seed);
            points.add(class, &bases, &values);
        }
        Ok(points.into_resampled(&targets, warnings))
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Chooser, Direction, Error, NumpyRandom, Plan, Resample, Run, Strategy};

/// Keeps a random part of large classes.
///
/// Fast, and often good enough where rows are plenty. Works on columns of any kind, missing values included.
///
/// # Source
///
/// Folklore; see Kubat and Matwin, ICML 1997, for what it loses. The native chooser keeps the input order, and a
/// larger part contains every smaller one; imbalanced-learn, and so the numpy chooser, lists the rows class by
/// class in the order drawn. Cost: linear.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomUnderSampler {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Draw with replacement, so that a row may be kept more than once.
    pub replacement: bool,
}

impl RandomUnderSampler {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`replacement`](Self::replacement).
    pub fn with_replacement(mut self, replacement: bool) -> Self {
        self.replacement = replacement;
        self
    }

    fn choose(
        &self,
        data: &Labeled<'_>,
        class: u32,
        rows: &[usize],
        count: usize,
        run: &Run<'_>,
    ) -> Vec<usize> {
        let name = data.labels.classes()[class as usize].as_str();
        let class_seed = run.seed.child("random-under-sampler").child(name);
        if self.replacement {
            let draw = |turn: u64| rows[class_seed.child("turn").child(turn).rng().below(rows.len())];
            return (0..count as u64).map(draw).collect();
        }
        let mut order: Vec<(u64, usize)> = rows
            .par_iter()
            .map(|&row| (data.branch_of(&class_seed, row).number(), row))
            .collect();
        if count < order.len() {
            order.select_nth_unstable(count);
            order.truncate(count);
        }
        order.into_iter().map(|(_, row)| row).collect()
    }
}

impl Resample for RandomUnderSampler {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Under)?;
        let mut stream = NumpyRandom::new(run.numpy_seed);
        let mut kept = Vec::new();
        let classes = data.labels.classes().len() as u32;
        for class in 0..classes {
            run.tell("choosing rows", class as usize, classes as usize)?;
            let rows = data.labels.rows_of(class);
            let Some(&(_, count)) = targets.changes.iter().find(|(changed, _)| *changed == class) else {
                kept.extend(rows);
                continue;
            };
            match run.chooser {
                Chooser::Native => kept.extend(self.choose(data, class, &rows, count, run)),
                Chooser::Numpy => {
                    let places = stream.choice(rows.len(), count, self.replacement);
                    kept.extend(places.into_iter().map(|place| rows[place]));
                }
            }
        }
        if run.chooser == Chooser::Native {
            kept.sort_unstable();
        }
        Ok(Resampled {
            kept,
            ..Resampled::default()
        })
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Under)
    }
}

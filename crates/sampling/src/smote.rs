use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled, Warning};
use counterpoise_neighbors::Metric;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, round_robin};
use crate::same_class::{ClassGraph, copies, numpy_pairs, usable_k};
use crate::{Chooser, Direction, Error, FewRows, NumpyRandom, Plan, Resample, Run, Strategy};

/// Makes rows on the lines between a row and its nearest neighbours of the same class.
///
/// The method to start with. Categories are those of the majority of the base's neighbours, so tables of any mix
/// of columns work as they are.
///
/// # Source
///
/// Chawla, Bowyer, Hall and Kegelmeyer, "SMOTE: Synthetic Minority Over-sampling Technique", JAIR 16 (2002),
/// section 4 and Algorithm SMOTE. As there, each row of the class is used equally often, ±1; imbalanced-learn
/// draws the base of each row anew, and the numpy chooser does as it does. Cost: `O(m² d)` for a class of `m`
/// rows, less where a tree helps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Smote {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Neighbours to choose from. A class of `m` rows uses at most `m - 1`.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a class of at most `k_neighbors` rows.
    pub few_rows: FewRows,
}

impl Default for Smote {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
        }
    }
}

impl Smote {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`k_neighbors`](Self::k_neighbors).
    pub fn with_k_neighbors(mut self, k: NonZeroUsize) -> Self {
        self.k_neighbors = k;
        self
    }

    fn choose(
        &self,
        data: &Labeled<'_>,
        class: u32,
        count: usize,
        run: &Run<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Chosen, Error> {
        let name = &data.labels.classes()[class as usize];
        let class_seed = run.seed.child("smote").child(name.as_str());
        let rows = data.labels.rows_of(class);
        let Some(k) = usable_k(
            "smote",
            name,
            rows.len(),
            self.k_neighbors.get(),
            self.few_rows,
            warnings,
        )?
        else {
            let (turns, draws) = copies(data, &class_seed, &rows, count);
            return Ok(Chosen {
                graph: None,
                places: turns.iter().map(|turn| turn.place).collect(),
                draws,
            });
        };
        let graph = ClassGraph::new(data, class, k, self.metric, run)?;
        let (places, draws) = match run.chooser {
            Chooser::Native => {
                let turns: Vec<Turn> = round_robin(data, &class_seed, &graph.rows, count);
                (turns.iter().map(|turn| turn.place).collect(), graph.draw(&turns))
            }
            Chooser::Numpy => {
                let pairs = numpy_pairs(&mut NumpyRandom::new(run.numpy_seed), graph.rows.len(), k, count);
                let draw = |&(place, rank, step): &(usize, usize, f64)| {
                    Draw::new(graph.rows[place], graph.neighbors(place)[rank] as usize, step)
                };
                (
                    pairs.iter().map(|pair| pair.0).collect(),
                    pairs.iter().map(draw).collect(),
                )
            }
        };
        Ok(Chosen {
            graph: Some(graph),
            places,
            draws,
        })
    }
}

struct Chosen {
    graph: Option<ClassGraph>,
    /// Place of each base in its class.
    places: Vec<usize>,
    draws: Vec<Draw>,
}

impl Resample for Smote {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let mut result = Resampled::unchanged(data.rows());
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let chosen = self.choose(data, class, count, run, &mut result.warnings)?;
            let voters = |draw: usize| {
                chosen
                    .graph
                    .as_ref()
                    .map_or(Vec::new(), |g| g.neighbors(chosen.places[draw]))
            };
            let columns = interpolate(
                &data.features,
                &chosen.draws,
                &Categories::Vote(&voters),
                run.chooser,
            );
            append(&mut result.synthetic, columns);
            result
                .origin
                .extend(chosen.draws.iter().map(|draw| draw.origin(class)));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

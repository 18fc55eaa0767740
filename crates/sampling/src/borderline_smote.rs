use std::num::NonZeroUsize;

use counterpoise_base::{Groups, Labeled, Labels, Resampled, Warning};
use counterpoise_neighbors::{Graph, Index, Metric, Rows, Search, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::around::Around;
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::round_robin;
use crate::same_class::{numpy_pairs, usable_k};
use crate::{Chooser, Direction, Error, FewRows, NumpyRandom, Plan, Resample, Run, Strategy};

/// SMOTE from the rows of a class that are in danger: at least half of their neighbours, but not all, are of
/// other classes.
///
/// For classes whose border matters more than their inside. A class without such rows gets no new rows, and a
/// warning says so.
///
/// # Source
///
/// Han, Wang and Mao, "Borderline-SMOTE", ICIC 2005, section 3. Kind 2 also moves towards rows of other classes,
/// at most half of the way; imbalanced-learn, and so the numpy chooser, halves that way by a second draw that
/// multiplies the first. Cost: `O(m n d)` for `m` rows of the class among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BorderlineSmote {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Neighbours to choose from.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// Neighbours of any class that tell whether a row is in danger.
    #[serde(alias = "m")]
    pub m_neighbors: NonZeroUsize,
    /// Which rows the new ones may move towards.
    pub kind: BorderlineKind,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a class of at most `k_neighbors` rows.
    pub few_rows: FewRows,
}

/// Which rows the new ones may move towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum BorderlineKind {
    /// Rows of the same class.
    #[default]
    #[serde(rename = "borderline-1")]
    One,
    /// Rows of any class; towards another class at most half of the way.
    #[serde(rename = "borderline-2")]
    Two,
}

impl Default for BorderlineSmote {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            m_neighbors: NonZeroUsize::new(10).expect("10 is not 0"),
            kind: BorderlineKind::One,
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
        }
    }
}

impl BorderlineSmote {
    /// Sets [`kind`](Self::kind).
    pub fn with_kind(mut self, kind: BorderlineKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Rows of a class of whose neighbours at least half, but not all, are of other classes.
    fn in_danger(data: &Labeled<'_>, around: &Around, rows: &[usize]) -> Vec<usize> {
        let codes = data.labels.codes();
        let danger = |&&row: &&usize| {
            let neighbors = around.neighbors(row);
            let others = neighbors
                .iter()
                .filter(|&&other| codes[other as usize] != codes[row])
                .count();
            2 * others >= neighbors.len() && others < neighbors.len()
        };
        rows.iter().filter(danger).copied().collect()
    }

    fn draw(
        data: &Labeled<'_>,
        class: u32,
        danger: &[usize],
        graph: &Graph,
        count: usize,
        run: &Run<'_>,
    ) -> Vec<(usize, Draw)> {
        let codes = data.labels.codes();
        match run.chooser {
            Chooser::Native => {
                let name = data.labels.classes()[class as usize].as_str();
                let class_seed = run.seed.child("borderline-smote").child(name);
                let turns = round_robin(data, &class_seed, danger, count);
                let draw = |turn: &crate::native::Turn| {
                    let mut random = turn.rng();
                    let neighbors = graph.neighbors(turn.place);
                    let neighbor = neighbors[random.below(neighbors.len())] as usize;
                    let reach = if codes[neighbor] == class { 1.0 } else { 0.5 };
                    (
                        turn.place,
                        Draw::new(danger[turn.place], neighbor, reach * random.fraction()),
                    )
                };
                turns.iter().map(draw).collect()
            }
            Chooser::Numpy => {
                let pairs = numpy_pairs(
                    &mut NumpyRandom::new(run.numpy_seed),
                    danger.len(),
                    graph.k(),
                    count,
                );
                // imbalanced-learn starts the stream again for the shortened ways.
                let mut again = NumpyRandom::new(run.numpy_seed);
                let draw = |(place, rank, step): (usize, usize, f64)| {
                    let neighbor = graph.neighbors(place)[rank] as usize;
                    let scale = if codes[neighbor] == class {
                        1.0
                    } else {
                        again.uniform(0.0, 0.5)
                    };
                    (
                        place,
                        Draw {
                            base: danger[place],
                            neighbor,
                            step,
                            scale,
                        },
                    )
                };
                pairs.into_iter().map(draw).collect()
            }
        }
    }
}

impl Resample for BorderlineSmote {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let mut result = Resampled::unchanged(data.rows());
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(result);
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let index = Index::new(&space, Rows::All);
        let around = Around::search(data, &index, &targets, self.m_neighbors.get(), run)?;
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let name = &data.labels.classes()[class as usize];
            let rows = data.labels.rows_of(class);
            let k = self.k_neighbors.get();
            let k = usable_k(
                "borderline-smote",
                name,
                rows.len(),
                k,
                self.few_rows,
                &mut result.warnings,
            )?;
            let danger = Self::in_danger(data, &around, &rows);
            if danger.is_empty() {
                let message = format!(
                    "class `{name}` gets no new rows: none of its {} rows is in danger",
                    rows.len()
                );
                let hint = "use smote for this class, or another `m_neighbors`";
                result
                    .warnings
                    .push(Warning::new("sampling.no-danger", message).with_hint(hint));
                continue;
            }
            let draws: Vec<(usize, Draw)> = match k {
                None => {
                    let class_seed = run.seed.child("borderline-smote").child(name.as_str());
                    let turns = round_robin(data, &class_seed, &danger, count);
                    turns
                        .iter()
                        .map(|turn| (turn.place, Draw::copy(danger[turn.place])))
                        .collect()
                }
                Some(k) => {
                    let (search, danger_rows) = (Search::new(k), Rows::Some(&danger));
                    let graph = if self.kind == BorderlineKind::One {
                        search.neighbors(&space, danger_rows, Rows::Some(&rows), run.observer)?
                    } else {
                        search.neighbors_among(&index, danger_rows, run.observer)?
                    };
                    let draws = Self::draw(data, class, &danger, &graph, count, run);
                    let plain: Vec<Draw> = draws.iter().map(|pair| pair.1).collect();
                    let voters = |draw: usize| graph.neighbors(draws[draw].0).to_vec();
                    let columns =
                        interpolate(&data.features, &plain, &Categories::Vote(&voters), run.chooser);
                    append(&mut result.synthetic, columns);
                    result.origin.extend(plain.iter().map(|draw| draw.origin(class)));
                    continue;
                }
            };
            let plain: Vec<Draw> = draws.iter().map(|pair| pair.1).collect();
            append(
                &mut result.synthetic,
                interpolate(&data.features, &plain, &Categories::Base, run.chooser),
            );
            result.origin.extend(plain.iter().map(|draw| draw.origin(class)));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        let mut plan = Plan::of(labels, &self.sampling_strategy, Direction::Over)?;
        // A class without rows in danger stays as it is.
        for class in plan
            .classes
            .iter_mut()
            .filter(|class| class.after != Some(class.before))
        {
            class.after = None;
        }
        Ok(plan)
    }
}

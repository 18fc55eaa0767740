use std::num::NonZeroUsize;

use counterpoise_base::{FeatureValues, Groups, Labeled, Labels, Resampled};
use counterpoise_neighbors::{Rows, Search, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::round_robin;
use crate::same_class::{ClassGraph, copies, numpy_pairs, usable_k};
use crate::{Chooser, Direction, Error, FewRows, NumpyRandom, Plan, Resample, Run, Strategy};

/// SMOTE for mixed columns with its own distance: a differing category weighs as much as the median standard
/// deviation of the numeric columns.
///
/// Use it to reproduce the published method; plain smote takes mixed columns too and weighs them by HEOM.
/// Categories are compared as codes, so memory does not grow with their number.
///
/// # Source
///
/// Chawla et al., JAIR 16 (2002), section 6.1. As in imbalanced-learn the median is taken over the class at hand,
/// and votes are among the neighbours of the base. Equally frequent categories: the nearer neighbour's (native),
/// or imbalanced-learn's shuffle (numpy). Cost: `O(m² d)` for a class of `m` rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Smotenc {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Neighbours to choose from. A class of `m` rows uses at most `m - 1`.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// What to do with a class of at most `k_neighbors` rows.
    pub few_rows: FewRows,
}

impl Default for Smotenc {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            k_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            few_rows: FewRows::Shrink,
        }
    }
}

impl Smotenc {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }
}

impl Resample for Smotenc {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        if data.features.categorical().next().is_none() {
            return Err(Error::NotMixed { kind: "numeric" });
        }
        if data.features.numeric().next().is_none() {
            return Err(Error::NotMixed { kind: "categorical" });
        }
        let mut result = Resampled::unchanged(data.rows());
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let name = &data.labels.classes()[class as usize];
            let class_seed = run.seed.child("smotenc").child(name.as_str());
            let rows = data.labels.rows_of(class);
            let k = self.k_neighbors.get();
            let Some(k) = usable_k(
                "smotenc",
                name,
                rows.len(),
                k,
                self.few_rows,
                &mut result.warnings,
            )?
            else {
                let (_, draws) = copies(data, &class_seed, &rows, count);
                append(
                    &mut result.synthetic,
                    interpolate(&data.features, &draws, &Categories::Base, run.chooser),
                );
                result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
                continue;
            };
            let space = Space::with_penalty(&data.features, &rows, median_deviation(data, &rows).powi(2))?;
            let graph = Search::new(k).neighbors(&space, Rows::All, Rows::All, run.observer)?;
            let graph = ClassGraph { rows, graph };
            let columns;
            let draws: Vec<Draw>;
            match run.chooser {
                Chooser::Native => {
                    let turns = round_robin(data, &class_seed, &graph.rows, count);
                    draws = graph.draw(&turns);
                    let voters = |draw: usize| graph.neighbors(turns[draw].place);
                    columns = interpolate(&data.features, &draws, &Categories::Vote(&voters), run.chooser);
                }
                Chooser::Numpy => {
                    let pairs =
                        numpy_pairs(&mut NumpyRandom::new(run.numpy_seed), graph.rows.len(), k, count);
                    let draw = |&(place, rank, step): &(usize, usize, f64)| {
                        Draw::new(graph.rows[place], graph.neighbors(place)[rank] as usize, step)
                    };
                    draws = pairs.iter().map(draw).collect();
                    let lists: Vec<Vec<u32>> = pairs.iter().map(|pair| graph.neighbors(pair.0)).collect();
                    let codes = shuffled_votes(data, &lists, run.numpy_seed);
                    columns = interpolate(&data.features, &draws, &Categories::Given(&codes), run.chooser);
                }
            }
            append(&mut result.synthetic, columns);
            result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

/// The median, over numeric columns, of the standard deviation among some rows.
fn median_deviation(data: &Labeled<'_>, rows: &[usize]) -> f64 {
    let deviation = |column: &counterpoise_base::Feature<'_>| {
        let at = |&row: &usize| column.values.number(row).unwrap_or(0.0);
        let mean = rows.iter().map(at).sum::<f64>() / rows.len() as f64;
        (rows.iter().map(|row| (at(row) - mean).powi(2)).sum::<f64>() / rows.len() as f64).sqrt()
    };
    let mut deviations: Vec<f64> = data.features.numeric().map(deviation).collect();
    deviations.sort_by(f64::total_cmp);
    let middle = deviations.len() / 2;
    if deviations.len() % 2 == 1 {
        deviations[middle]
    } else {
        f64::midpoint(deviations[middle - 1], deviations[middle])
    }
}

/// imbalanced-learn's vote: of all equally frequent categories of all new rows, listed row by row, the one that a
/// shuffle puts first wins. One stream for all columns, started anew for each class.
fn shuffled_votes(data: &Labeled<'_>, lists: &[Vec<u32>], seed: u32) -> Vec<Vec<u32>> {
    let mut stream = NumpyRandom::new(seed);
    let vote = |column: &counterpoise_base::Feature<'_>| {
        let FeatureValues::Codes { codes, levels } = &column.values else {
            return Vec::new();
        };
        let mut candidates: Vec<(usize, u32)> = Vec::new();
        let mut counts = vec![0_usize; *levels];
        for (draw, list) in lists.iter().enumerate() {
            counts.fill(0);
            for &row in list {
                counts[codes[row as usize] as usize] += 1;
            }
            let most = counts.iter().max().copied().unwrap_or(0);
            let best = counts.iter().enumerate().filter(|(_, count)| **count == most);
            candidates.extend(best.map(|(code, _)| (draw, code as u32)));
        }
        let mut chosen = vec![None; lists.len()];
        for place in stream.permutation(candidates.len()) {
            let (draw, code) = candidates[place];
            chosen[draw].get_or_insert(code);
        }
        chosen
            .into_iter()
            .map(|code| code.expect("every row has a candidate"))
            .collect()
    };
    data.features.categorical().map(vote).collect()
}

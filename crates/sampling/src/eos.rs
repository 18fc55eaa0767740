use std::num::NonZeroUsize;

use counterpoise_base::{FeatureValues, Groups, Labeled, Labels, Resampled, Warning};
use counterpoise_neighbors::{Index, Metric, Rows, Search, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::around::Around;
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, round_robin};
use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// Makes rows on the lines from a row towards its nearest enemies: neighbours of other classes.
///
/// Widens the range of a class, which SMOTE cannot do. Meant for feature embeddings of a trained network, and
/// works on any table; a new category is that of the nearer parent.
///
/// # Source
///
/// Dablain, Bellinger, Krawczyk and Chawla, "Efficient Augmentation for Imbalanced Deep Learning", ICDE 2023
/// (arXiv 2207.06080). Read off the authors' code: the `k_neighbors` nearest rows of any class are searched, those
/// of other classes are the enemies, and only rows with an enemy are bases. Their code looks the drawn enemy up
/// one place too early; `enemy_lookup = "reference-off-by-one"` does so too. Bases are used equally often, ±1,
/// where theirs are drawn. Where no row of a class has an enemy among its neighbours, their code fails; here the
/// `k_neighbors` nearest enemies in the whole table are taken, and a warning says so. `r_max` is ours. Cost:
/// `O(m n d)` for `m` rows of the class among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Eos {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Neighbours of any class among which enemies are found.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// Largest step towards an enemy, in (0, 1]. At most 0.5 keeps new rows on the base's side.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub r_max: f64,
    /// Which row a drawn enemy stands for.
    pub enemy_lookup: EnemyLookup,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
}

/// Which row a drawn enemy stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnemyLookup {
    /// The enemy that was drawn.
    #[default]
    NearestEnemy,
    /// The neighbour one rank nearer, whatever its class, and the base itself for the nearest neighbour: what the
    /// authors' code does.
    ReferenceOffByOne,
}

impl Default for Eos {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            k_neighbors: NonZeroUsize::new(10).expect("10 is not 0"),
            r_max: 1.0,
            enemy_lookup: EnemyLookup::NearestEnemy,
            metric: Metric::Auto,
        }
    }
}

impl Eos {
    /// Sets [`k_neighbors`](Self::k_neighbors).
    pub fn with_k_neighbors(mut self, k: NonZeroUsize) -> Self {
        self.k_neighbors = k;
        self
    }

    /// Sets [`enemy_lookup`](Self::enemy_lookup).
    pub fn with_enemy_lookup(mut self, enemy_lookup: EnemyLookup) -> Self {
        self.enemy_lookup = enemy_lookup;
        self
    }

    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }
}

impl Resample for Eos {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if !(self.r_max > 0.0 && self.r_max <= 1.0) {
            return Err(Error::OutOfRange {
                option: "r_max",
                value: self.r_max.to_string(),
                range: "(0, 1]",
            });
        }
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "eos" });
        }
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let mut result = Resampled::unchanged(data.rows());
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(result);
        }
        let codes = data.labels.codes();
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let index = Index::new(&space, Rows::All);
        let around = Around::search(data, &index, &targets, self.k_neighbors.get(), run)?;
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            let rows = data.labels.rows_of(class);
            if count == 0 || rows.is_empty() {
                continue;
            }
            let name = data.labels.classes()[class as usize].as_str();
            let enemy = |&row: &u32| codes[row as usize] != class;
            let near = rows.iter().any(|&row| around.neighbors(row).iter().any(enemy));
            let far = if near {
                None
            } else {
                let others: Vec<usize> = (0..data.rows()).filter(|&row| codes[row] != class).collect();
                let search = Search::new(self.k_neighbors.get());
                Some(search.neighbors(&space, Rows::Some(&rows), Rows::Some(&others), run.observer)?)
            };
            let neighbors = |place: usize| match &far {
                Some(graph) => graph.neighbors(place),
                None => around.neighbors(rows[place]),
            };
            if far.is_some() {
                let k = self.k_neighbors;
                let message = format!(
                    "class `{name}`: no row has an enemy among its {k} nearest neighbors, so the nearest enemies of the whole table are used"
                );
                let hint = "set a larger `k_neighbors`, or use smote for this class";
                result
                    .warnings
                    .push(Warning::new("sampling.far-enemies", message).with_hint(hint));
            }
            // Ranks of the enemies of each row; rows without one are no bases.
            let enemies = |place: usize| -> Vec<usize> {
                let ranked = neighbors(place).iter().enumerate();
                ranked
                    .filter(|(_, row)| enemy(row))
                    .map(|(rank, _)| rank)
                    .collect()
            };
            let places: Vec<usize> = (0..rows.len())
                .filter(|&place| !enemies(place).is_empty())
                .collect();
            let bases: Vec<usize> = places.iter().map(|&place| rows[place]).collect();
            let turns = round_robin(data, &run.seed.child("eos").child(name), &bases, count);
            let draw = |turn: &Turn| {
                let mut random = turn.rng();
                let place = places[turn.place];
                let enemies = enemies(place);
                let rank = enemies[random.below(enemies.len())];
                let neighbor = match (self.enemy_lookup, rank) {
                    (EnemyLookup::NearestEnemy, _) => neighbors(place)[rank] as usize,
                    (EnemyLookup::ReferenceOffByOne, 0) => rows[place],
                    (EnemyLookup::ReferenceOffByOne, _) => neighbors(place)[rank - 1] as usize,
                };
                Draw::new(rows[place], neighbor, self.r_max * random.fraction())
            };
            let draws: Vec<Draw> = turns.par_iter().map(draw).collect();
            let nearer = |draw: &Draw| if draw.step < 0.5 { draw.base } else { draw.neighbor };
            let categories: Vec<Vec<u32>> = data
                .features
                .categorical()
                .map(|column| match &column.values {
                    FeatureValues::Codes { codes, .. } => {
                        draws.iter().map(|draw| codes[nearer(draw)]).collect()
                    }
                    _ => Vec::new(),
                })
                .collect();
            let columns = interpolate(
                &data.features,
                &draws,
                &Categories::Given(&categories),
                run.chooser,
            );
            append(&mut result.synthetic, columns);
            result.origin.extend(draws.iter().map(|draw| draw.origin(class)));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::{Features, SyntheticValues};

    /// `a` at 0, enemies `b` at 1 and 2, a friend at 10; the second `a` is far from everything.
    fn line(lookup: EnemyLookup) -> (Vec<f64>, Vec<(u32, u32)>) {
        let numbers = [0.0, 1.0, 2.0, 10.0, 1.5];
        let labels = Labels::from_names(&["a", "b", "b", "a", "b"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let strategy = Strategy::parse("a=200").expect("a strategy");
        let eos = Eos::default()
            .with_k_neighbors(NonZeroUsize::new(1).expect("1 is not 0"))
            .with_enemy_lookup(lookup)
            .with_sampling_strategy(strategy);
        let made = eos.resample(&data, &Run::new(7)).expect("rows are made");
        let SyntheticValues::F64(values) = &made.synthetic[0] else {
            panic!("numbers stay numbers")
        };
        (
            values.clone(),
            made.origin
                .iter()
                .map(|origin| (origin.base, origin.neighbor))
                .collect(),
        )
    }

    #[test]
    fn new_rows_lie_between_a_row_and_its_enemy() {
        let (values, parents) = line(EnemyLookup::NearestEnemy);
        assert_eq!(values.len(), 198);
        assert!(
            parents.iter().all(|pair| matches!(pair, (0, 1) | (3, 2))),
            "{parents:?}"
        );
        for (value, parents) in values.iter().zip(&parents) {
            let (low, high) = if parents.0 == 0 { (0.0, 1.0) } else { (2.0, 10.0) };
            assert!((low..=high).contains(value), "{value} of {parents:?}");
        }
    }

    #[test]
    fn the_references_off_by_one_copies_the_base_of_a_nearest_enemy() {
        let (values, parents) = line(EnemyLookup::ReferenceOffByOne);
        assert!(parents.iter().all(|(base, neighbor)| base == neighbor));
        assert!(values.iter().all(|value| *value == 0.0 || *value == 10.0));
    }

    #[test]
    fn a_class_without_near_enemies_takes_far_ones_and_says_so() {
        let numbers = [0.0, 0.1, 0.2, 50.0, 50.1, 50.2, 50.3];
        let labels = Labels::from_names(&["a", "a", "a", "b", "b", "b", "b"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let eos = Eos::default().with_k_neighbors(NonZeroUsize::new(2).expect("2 is not 0"));
        let made = eos.resample(&data, &Run::new(7)).expect("rows are made");
        assert_eq!(made.origin.len(), 1);
        assert_eq!(made.warnings[0].code, "sampling.far-enemies");
        assert!(made.origin[0].neighbor >= 3);
    }
}

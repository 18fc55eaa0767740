use std::borrow::Cow;
use std::num::NonZeroUsize;

use counterpoise_base::{Domain, Feature, FeatureValues, Features, Strided};
use counterpoise_neighbors::{Search, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::design::UNSEEN;
use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// The share of each class among the nearest training rows.
///
/// Shows what distances alone can do; suffers most from classes that are rare.
///
/// # Source
///
/// Cover and Hart (1967); as scikit-learn's `KNeighborsClassifier` on standardised and one-hot columns, by our own
/// exact search. Weights of rows multiply votes, which scikit-learn does not offer. Ties of distance go to the lower
/// row. Cost: `O(n d)` a query at worst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KNearestNeighbors {
    /// Neighbours that vote.
    #[serde(alias = "k")]
    pub n_neighbors: NonZeroUsize,
    /// What a vote counts.
    pub weights: Votes,
}

/// What a vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Votes {
    /// All votes are equal.
    Uniform,
    /// The inverse of the distance; rows at distance 0 outvote all others.
    Distance,
}

impl Default for KNearestNeighbors {
    fn default() -> Self {
        Self {
            n_neighbors: NonZeroUsize::new(5).expect("5 is not 0"),
            weights: Votes::Uniform,
        }
    }
}

impl Learn for KNearestNeighbors {
    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let features = features(task.design);
        let all: Vec<usize> = (0..features.rows())
            .filter(|&row| task.weight(row) > 0.0)
            .collect();
        // Two categories differ in two one-hot columns.
        let space = Space::with_penalty(&features, &all, 2.0)?;
        Ok(Fitted::new(Memory {
            k: self.n_neighbors.get().min(all.len()),
            by_distance: self.weights == Votes::Distance,
            labels: all.iter().map(|&row| task.labels[row]).collect(),
            votes: all.iter().map(|&row| task.weight(row)).collect(),
            space,
            classes: task.classes.len(),
        }))
    }
}

struct Memory {
    space: Space,
    labels: Vec<u32>,
    votes: Vec<f64>,
    k: usize,
    by_distance: bool,
    classes: usize,
}

impl Predict for Memory {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let points = self.space.points(&features(design))?;
        let graph = Search::new(self.k).neighbors_of(&self.space, &points, &())?;
        let mut probabilities = vec![0.0; design.rows() * self.classes];
        for (query, row) in probabilities.chunks_exact_mut(self.classes).enumerate() {
            let (near, far) = (graph.neighbors(query), graph.distances(query));
            let at_place = far.first() == Some(&0.0);
            for (&neighbor, &distance) in near.iter().zip(far) {
                let nearness = match (self.by_distance, at_place) {
                    (false, _) => 1.0,
                    (true, true) => f64::from(u8::from(distance == 0.0)),
                    (true, false) => 1.0 / distance,
                };
                row[self.labels[neighbor as usize] as usize] += nearness * self.votes[neighbor as usize];
            }
        }
        crate::forest::normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}

/// The columns of a design for a space; a category that was not seen differs from all others.
fn features(design: &Design) -> Features<'_> {
    let width = design.numeric.columns();
    let numbers = (0..width)
        .map(|column| FeatureValues::F64(Strided::of_matrix(design.numeric.as_slice(), width, column)));
    let count = design.widths.len();
    let mut offset = 0;
    let categories = design.widths.iter().enumerate().map(|(column, &levels)| {
        let code = |row: usize| match design.places[row * count + column] {
            UNSEEN => levels as u32,
            place => place - offset,
        };
        let codes: Vec<u32> = (0..design.rows()).map(code).collect();
        offset += levels as u32;
        FeatureValues::Codes {
            codes: Cow::Owned(codes),
            levels: levels + 1,
        }
    });
    let named = |(place, values)| Feature {
        name: format!("column {place}"),
        values,
        domain: Domain::Real,
        copied: false,
    };
    Features::new(
        design.rows(),
        numbers.chain(categories).enumerate().map(named).collect(),
    )
}

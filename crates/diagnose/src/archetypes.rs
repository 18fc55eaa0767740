//! How typical training rows are of their class, told by their neighbours.

use counterpoise_base::{Embeddings, Labels, Observer, Seed};
use rayon::prelude::*;
use serde::Serialize;

use crate::diversity::{double, drawn};
use crate::order::{distance, share};
use crate::steps::Steps;
use crate::{DiagnoseOptions, Error, Neighborhood};

const TASK: &str = "finding medoids";

/// How typical a training row is of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Archetype {
    /// Four fifths of its neighbours or more are of its class: 4 or 5 of 5.
    Safe,
    /// More than a fifth are: 2 or 3 of 5.
    Border,
    /// Some are, but not more than a fifth: 1 of 5.
    #[doc(alias = "sub-concept")]
    Rare,
    /// None is.
    Outlier,
}

impl Archetype {
    /// All of them, the most typical first.
    pub const ALL: [Self; 4] = [Self::Safe, Self::Border, Self::Rare, Self::Outlier];

    /// The archetype of a row of whose `k` neighbours `same` are of its class.
    ///
    /// # Source
    ///
    /// Counts for five neighbours are those of the code of arXiv 2212.07743 \[code\]; the same shares of another `k` are ours.
    pub fn of(same: usize, k: usize) -> Self {
        if same == 0 {
            Self::Outlier
        } else if 5 * same >= 4 * k {
            Self::Safe
        } else if 5 * same <= k {
            Self::Rare
        } else {
            Self::Border
        }
    }

    /// The name users read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Border => "border",
            Self::Rare => "rare",
            Self::Outlier => "outlier",
        }
    }
}

/// How typical training rows are, class by class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Archetypes {
    /// Neighbours of each row.
    pub k: usize,
    /// Over the rows of all classes, in the order of [`Archetype::ALL`].
    pub all: [ArchetypeRows; 4],
    /// One entry a class, in class order.
    pub classes: Vec<ClassArchetypes>,
}

/// How typical the training rows of one class are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassArchetypes {
    /// Name of the class.
    pub class: String,
    /// Its training rows.
    pub rows: usize,
    /// Those whose neighbours are known.
    pub asked: usize,
    /// In the order of [`Archetype::ALL`].
    pub archetypes: [ArchetypeRows; 4],
}

/// The rows of one archetype.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArchetypeRows {
    /// Which archetype.
    pub archetype: Archetype,
    /// How many rows are.
    pub rows: usize,
    /// Share of the rows whose neighbours are known.
    pub share: Option<f64>,
    /// Share of them that are predicted as what they are, in training; absent without any.
    pub recall: Option<f64>,
    /// The row that is nearest to all others, counted from 0; absent without any, and until medoids are asked for.
    pub medoid: Option<Medoid>,
}

/// The row of a set with the smallest sum of Euclidean distances to all rows of the set; of several, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Medoid {
    /// The row, counted from 0.
    pub row: usize,
    /// Rows it was chosen among: all, or as many as were drawn by chance.
    pub among: usize,
}

/// Counts archetypes; `predicted` is one class a training row.
///
/// # Source
///
/// Four archetypes by five neighbours over all training rows, recall by archetype: \[code\] of arXiv 2212.07743.
///
/// # Panics
///
/// If labels, predictions and neighbours are of other rows.
pub fn archetypes(neighborhood: &Neighborhood, labels: &Labels, predicted: &[u32]) -> Archetypes {
    assert_eq!(labels.len(), predicted.len(), "a prediction for each row");
    let classes = labels.classes().len();
    // Rows, and those that are predicted rightly.
    let mut counts = vec![[(0, 0); 4]; classes];
    for (row, archetype) in archetypes_of_rows(neighborhood, labels) {
        let class = labels.codes()[row];
        let (rows, right) = &mut counts[class as usize][archetype as usize];
        *rows += 1;
        *right += usize::from(predicted[row] == class);
    }
    let mut all = [(0, 0); 4];
    for counts in &counts {
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum = (sum.0 + count.0, sum.1 + count.1);
        }
    }
    let class = |((name, rows), counts): ((&String, usize), [(usize, usize); 4])| ClassArchetypes {
        class: name.clone(),
        rows,
        asked: counts.iter().map(|count| count.0).sum(),
        archetypes: shares(counts),
    };
    Archetypes {
        k: neighborhood.k(),
        all: shares(all),
        classes: labels
            .classes()
            .iter()
            .zip(labels.counts())
            .zip(counts)
            .map(class)
            .collect(),
    }
}

/// The archetype of each row whose neighbours are known.
pub fn archetypes_of_rows<'a>(
    neighborhood: &'a Neighborhood,
    labels: &'a Labels,
) -> impl Iterator<Item = (usize, Archetype)> + 'a {
    let k = neighborhood.k();
    neighborhood
        .same(labels)
        .map(move |(row, same)| (row, Archetype::of(same, k)))
}

fn shares(counts: [(usize, usize); 4]) -> [ArchetypeRows; 4] {
    let all = counts.iter().map(|count| count.0).sum();
    Archetype::ALL.map(|archetype| {
        let (rows, right) = counts[archetype as usize];
        ArchetypeRows {
            archetype,
            rows,
            share: share(rows, all),
            recall: share(right, rows),
            medoid: None,
        }
    })
}

impl Archetypes {
    /// Adds the medoid of every class and archetype; of more than `pair_rows` rows, that of as many drawn by chance.
    ///
    /// # Source
    ///
    /// The medoid of features as a prototype whose picture is shown: \[code\] of arXiv 2212.07743.
    pub fn with_medoids(
        mut self,
        neighborhood: &Neighborhood,
        train: &Embeddings,
        options: &DiagnoseOptions,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let mut rows = vec![[(); 4].map(|()| Vec::new()); self.classes.len()];
        for (row, archetype) in archetypes_of_rows(neighborhood, &train.labels) {
            rows[train.labels.codes()[row] as usize][archetype as usize].push(row);
        }
        let steps = Steps::new(TASK, rows.len(), observer);
        for (class, rows) in self.classes.iter_mut().zip(&rows) {
            let root = Seed::new(options.seed)
                .child("medoid")
                .child(class.class.as_str());
            for (archetype, rows) in class.archetypes.iter_mut().zip(rows) {
                let seed = root.child(archetype.archetype.name());
                archetype.medoid = medoid(train, &drawn(&seed, rows, options.pair_rows.get()));
            }
            steps.step()?;
        }
        steps.finish()?;
        Ok(self)
    }
}

/// Absent without rows.
fn medoid(embeddings: &Embeddings, rows: &[usize]) -> Option<Medoid> {
    let width = embeddings.width();
    let double = double(embeddings, rows);
    let sum_of = |place: usize| -> f64 {
        let row = &double[place * width..][..width];
        double.chunks_exact(width).map(|other| distance(row, other)).sum()
    };
    let sums: Vec<f64> = (0..rows.len()).into_par_iter().map(sum_of).collect();
    let nearest = (0..rows.len()).min_by(|&a, &b| sums[a].total_cmp(&sums[b]).then(a.cmp(&b)))?;
    Some(Medoid {
        row: rows[nearest],
        among: rows.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(codes: Vec<u32>) -> Labels {
        Labels::from_codes(["a", "b"].map(str::to_owned).to_vec(), codes)
    }

    #[test]
    fn five_neighbours_decide_as_in_the_paper() {
        use Archetype::{Border, Outlier, Rare, Safe};
        let found: Vec<Archetype> = (0..=5).map(|same| Archetype::of(same, 5)).collect();
        assert_eq!(found, [Outlier, Rare, Border, Border, Safe, Safe]);
        assert_eq!(
            [0, 1, 2].map(|same| Archetype::of(same, 2)),
            [Outlier, Border, Safe]
        );
    }

    #[test]
    fn rows_are_counted_by_class_and_archetype() {
        let labels = labels(vec![0, 0, 1]);
        let table = vec![0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
        let near = Neighborhood::from_table(vec![0, 1, 2], 5, table, 2).unwrap();
        let found = archetypes(&near, &labels, &[0, 1, 1]);
        let counts = |class: usize| {
            found.classes[class]
                .archetypes
                .clone()
                .map(|archetype| archetype.rows)
        };
        assert_eq!((counts(0), counts(1)), ([1, 0, 1, 0], [0, 0, 0, 1]));
        assert_eq!(
            found.all.clone().map(|archetype| archetype.recall),
            [Some(1.0), None, Some(0.0), Some(1.0)]
        );
        assert_eq!(found.classes[0].archetypes[0].share, Some(0.5));
    }

    #[test]
    fn tables_that_do_not_fit_are_refused() {
        let check = |k, labels, expected: &str| {
            let error = Neighborhood::from_table(vec![0, 1], k, labels, 2).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        check(
            2,
            vec![0; 3],
            "the table of neighbours has 3, where 4 labels are needed",
        );
        check(
            1,
            vec![0, 2],
            "row 2: a neighbour is of class number 2, and there are 2 classes, counted from 0",
        );
    }

    #[test]
    fn the_medoid_is_in_the_middle() {
        let rows = Embeddings::new(vec![0.0, 1.0, 2.0, 10.0, 1.0], 1, labels(vec![0; 5]));
        let found = medoid(&rows, &[0, 1, 2, 3]).unwrap();
        // Rows 1 and 2 have the same sum.
        assert_eq!((found.row, found.among), (1, 4));
        assert_eq!(medoid(&rows, &[]), None);
    }
}

use counterpoise_base::{
    Domain, Embeddings, Feature, FeatureValues, Features, Labels, Observer, Seed, Strided,
};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};

use crate::diversity::drawn;
use crate::{DiagnoseOptions, Error, Readout};

/// Of which classes the training rows are that lie nearest to some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighborhood {
    k: usize,
    rows: Vec<usize>,
    labels: Vec<u32>,
}

impl Neighborhood {
    /// Takes a table of labels as it is: for each of `rows`, the classes of its `k` nearest training rows, itself left out.
    ///
    /// `classes` is how many classes there are.
    pub fn from_table(rows: Vec<usize>, k: usize, labels: Vec<u32>, classes: usize) -> Result<Self, Error> {
        if labels.len() != rows.len() * k {
            return Err(Error::NeighborTable {
                has: labels.len(),
                needed: rows.len() * k,
            });
        }
        match labels.iter().position(|&code| code as usize >= classes) {
            None => Ok(Self { k, rows, labels }),
            Some(place) => Err(Error::UnknownNeighbor {
                row: rows[place / k] + 1,
                code: labels[place],
                classes,
            }),
        }
    }

    /// Searches the neighbours of training rows among all training rows, Euclidean, features as they are.
    ///
    /// All rows are asked, or `neighbor_rows` of each class; fewer than all too where that would be more than 2 * 10¹² products. Time: `O(n² width)`; memory: 12 bytes for each value of a feature.
    pub fn of_train(
        train: &Readout<'_>,
        options: &DiagnoseOptions,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let most = most_of_a_class(options, train, train.len());
        let queries = asked(train, most, options, |_| true);
        let space = space(train.embeddings())?;
        let search = Search::new(options.archetype_neighbors.get());
        let graph = search.neighbors(&space, Rows::Some(&queries), Rows::All, observer)?;
        let near = (0..queries.len()).filter(|_| graph.k() > 0);
        let labels = near.flat_map(|query| graph.neighbors(query));
        let labels = labels.map(|&row| train.truth(row as usize)).collect();
        Ok(Self {
            k: graph.k(),
            rows: queries,
            labels,
        })
    }

    /// Searches the neighbours of misclassified test rows among all training rows.
    ///
    /// All such rows are asked, or as many of each class as in [`of_train`](Self::of_train).
    pub fn of_misclassified(
        test: &Readout<'_>,
        train: &Readout<'_>,
        options: &DiagnoseOptions,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let wrong = (0..test.len()).filter(|&row| !test.right(row)).count();
        let most = most_of_a_class(options, train, wrong);
        let queries = asked(test, most, options, |row| !test.right(row));
        let space = space(train.embeddings())?;
        let wrong = test.embeddings().select(&queries);
        let points = space.points(&features(&wrong))?;
        let search = Search::new(options.archetype_neighbors.get());
        let graph = search.neighbors_of(&space, &points, observer)?;
        let near = (0..queries.len()).filter(|_| graph.k() > 0);
        let labels = near.flat_map(|query| graph.neighbors(query));
        let labels = labels.map(|&row| train.truth(row as usize)).collect();
        Ok(Self {
            k: graph.k(),
            rows: queries,
            labels,
        })
    }

    /// Neighbours of each row: what was asked for, or all others if there are fewer.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The rows whose neighbours these are.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Each row with the classes of its neighbours.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let labels = |place: usize| &self.labels[place * self.k..][..self.k];
        self.rows
            .iter()
            .enumerate()
            .map(move |(place, &row)| (row, labels(place)))
    }

    /// Each row with how many of its neighbours are of its own class.
    pub(crate) fn same<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.iter().map(|(row, near)| {
            let own = labels.codes()[row];
            (row, near.iter().filter(|&&class| class == own).count())
        })
    }
}

/// Products of two numbers that a search is worth where nobody says how many rows are asked: less than a minute or two on two
/// processors. All pairs of 100 000 rows of 64 features stay below it.
const WORTH: f64 = 2e12;

/// How many rows of each class are asked, of `rows` in all.
fn most_of_a_class(options: &DiagnoseOptions, train: &Readout<'_>, rows: usize) -> usize {
    options.neighbor_rows.unwrap_or_else(|| {
        let one = train.len() as f64 * train.embeddings().width() as f64;
        let affordable = (WORTH / one.max(1.0)) as usize;
        if affordable >= rows {
            usize::MAX
        } else {
            (affordable / train.classes().len().max(1)).max(1)
        }
    })
}

/// At most so many rows of each class, drawn by chance.
fn asked(
    readout: &Readout<'_>,
    most: usize,
    options: &DiagnoseOptions,
    keep: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let root = Seed::new(options.seed).child("neighbors");
    let of_class = |(class, name): (usize, &String)| {
        let rows: Vec<usize> = readout
            .rows_of(class)
            .iter()
            .copied()
            .filter(|&row| keep(row))
            .collect();
        drawn(&root.child(name.as_str()), &rows, most)
    };
    let mut rows: Vec<usize> = readout.classes().iter().enumerate().flat_map(of_class).collect();
    rows.sort_unstable();
    rows
}

fn space(embeddings: &Embeddings) -> Result<Space, Error> {
    Ok(Space::new(
        &features(embeddings),
        Metric::Euclidean,
        MissingValues::Refuse,
    )?)
}

fn features(embeddings: &Embeddings) -> Features<'_> {
    let width = embeddings.width();
    let feature = |column: usize| Feature {
        name: format!("f{column}"),
        values: FeatureValues::F32(Strided::of_matrix(embeddings.values(), width, column)),
        domain: Domain::Real,
        copied: false,
    };
    Features::new(embeddings.len(), (0..width).map(feature).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::LinearHead;

    #[test]
    fn of_too_many_rows_some_of_each_class_are_asked() {
        let labels = Labels::from_names(&["a", "a", "a", "b"]);
        let train = Embeddings::new(vec![0.0, 1.0, 2.0, 3.0], 1, labels);
        let head = LinearHead::new(vec![1.0, -1.0], vec![0.0; 2], 1);
        let options = DiagnoseOptions::default();
        let readout = Readout::new(crate::Split::Train, &train, &head, &()).expect("it fits");
        assert_eq!(most_of_a_class(&options, &readout, 4), usize::MAX);
        // A query costs 4 products here.
        assert_eq!(
            most_of_a_class(&options, &readout, 2_000_000_000_000),
            250_000_000_000
        );
        let some = options.with_neighbor_rows(Some(2));
        assert_eq!(most_of_a_class(&some, &readout, usize::MAX), 2);
        assert_eq!(asked(&readout, 2, &some, |_| true).len(), 3);
    }
}

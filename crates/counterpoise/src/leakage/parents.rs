//! The rows that synthetic training rows were made from.

use std::collections::{HashMap, HashSet};

use counterpoise_base::{Domain, FeatureValues, Features, Observer, counted};
use counterpoise_neighbors::{Rows, Search, Space};
use serde::Serialize;

use super::pairs::Pool;
use super::sides::{Data, Marks};
use crate::Error;

/// Candidates for the parents of a synthetic row.
const CANDIDATES: usize = 24;

/// The parents of synthetic training rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parents {
    /// Synthetic training rows.
    pub synthetic: usize,
    /// Those whose parents were found for certain.
    pub traced: usize,
    /// Those that have a parent in the test file.
    pub of_test_rows: usize,
    /// Test rows that are parents.
    pub test_rows: usize,
    /// Whether the parents were looked up in the original file, or found by the line on which a synthetic row lies.
    pub looked_up: bool,
}

/// A test row, and a synthetic training row made from it.
pub(super) type Traced = (Parents, Vec<(usize, usize)>);

pub(super) fn parents_looked_up(
    data: &Data,
    marks: &Marks,
    features: &Features<'_>,
    cluster: &[u32],
    pool: &Pool,
    synthetic: &[usize],
) -> Result<Traced, Error> {
    let rows = data.original.as_ref().map_or(0, |original| original.table.rows());
    let file = data.original.as_ref().map_or("", |original| &original.file);
    let wrong = |problem: String| Error::Config {
        place: "--original".into(),
        problem,
        hint: Some(format!(
            "name the file that `{}` was made from by `resample --mark`, or leave `--original` out",
            data.train.file
        )),
    };
    let of_place: HashMap<usize, usize> = (0..cluster.len())
        .map(|row| (data.prepared.place_in_file(row), row))
        .collect();
    let tolerances = tolerances(features);
    let mut pairs = Vec::new();
    let (mut traced, mut checked, mut fitting) = (0, 0, 0);
    for &made in synthetic {
        let place = data.prepared.place_in_file(made);
        let (Some(base), Some(mut neighbor)) = (marks.base[place], marks.neighbor[place]) else {
            continue;
        };
        // A parent that is synthetic itself is looked up in a turn of its own.
        let of_synthetic = (rows..rows + synthetic.len()).contains(&neighbor);
        if of_synthetic {
            neighbor = base;
        }
        if let Some(beyond) = [base, neighbor].into_iter().find(|&parent| parent >= rows) {
            return Err(wrong(format!(
                "`{file}` has {}, and `{}` names row {} as a parent",
                counted(rows, "row"),
                data.train.file,
                beyond + 1
            )));
        }
        let row = |parent: usize| of_place.get(&(data.both() + parent)).copied();
        let (Some(base), Some(neighbor)) = (row(base), row(neighbor)) else {
            continue;
        };
        if let Some(step) = marks.step[place].filter(|&step| step != 0.0 && !of_synthetic) {
            checked += 1;
            fitting += usize::from(fits(features, &tolerances, made, (base, neighbor), step).is_some());
        }
        traced += 1;
        for parent in [base, neighbor] {
            let (train, test) = pool.of(parent);
            if train.is_empty() {
                pairs.extend(test.iter().map(|&test| (test, made)));
            }
        }
    }
    if 2 * fitting < checked {
        return Err(wrong(format!(
            "the parents that `{}` names do not lie around its synthetic rows in `{file}`",
            data.train.file
        )));
    }
    Ok(told(synthetic.len(), traced, true, pairs))
}

/// A synthetic row lies at its step between its parents; two rows of its class that fit this to the last digits are the
/// parents. Whole numbers alone leave too many places to be certain.
pub(super) fn parents_by_step(
    data: &Data,
    marks: &Marks,
    features: &Features<'_>,
    pool: &Pool,
    space: &Space,
    synthetic: &[usize],
    observer: &dyn Observer,
) -> Result<Traced, Error> {
    let labels = data.prepared.labels.codes();
    let tolerances = tolerances(features);
    let step = |row: usize| marks.step[data.prepared.place_in_file(row)].filter(|&step| step != 0.0);
    // A chance fit of any pair of any row is to be less likely than one in a million.
    let certain = 6.0 + (synthetic.len() as f64 * (CANDIDATES * CANDIDATES) as f64).log10();
    let mut pairs = Vec::new();
    let mut traced = 0;
    for class in 0..data.prepared.labels.classes().len() as u32 {
        let made: Vec<usize> = (0..synthetic.len())
            .filter(|&place| labels[synthetic[place]] == class && step(synthetic[place]).is_some())
            .map(|place| pool.distinct.len() + place)
            .collect();
        let among: Vec<usize> = (0..pool.distinct.len())
            .filter(|&place| labels[pool.distinct[place]] == class)
            .collect();
        if made.is_empty() || among.len() < 2 {
            continue;
        }
        let search = Search::new(CANDIDATES);
        let graph = search.neighbors(space, Rows::Some(&made), Rows::Some(&among), observer)?;
        for (query, &place) in made.iter().enumerate() {
            let row = synthetic[place - pool.distinct.len()];
            let Some(step) = step(row) else { continue };
            let near: Vec<usize> = graph
                .neighbors(query)
                .iter()
                .map(|&other| pool.distinct[other as usize])
                .collect();
            let ordered = near
                .iter()
                .flat_map(|&base| near.iter().map(move |&neighbor| (base, neighbor)));
            let fit = ordered
                .filter(|(base, neighbor)| base != neighbor)
                .find(|&parents| {
                    fits(features, &tolerances, row, parents, step).is_some_and(|places| places >= certain)
                });
            let Some((base, neighbor)) = fit else { continue };
            traced += 1;
            for parent in [base, neighbor] {
                let (train, test) = pool.of(parent);
                if train.is_empty() {
                    pairs.extend(test.iter().map(|&test| (test, row)));
                }
            }
        }
    }
    Ok(told(synthetic.len(), traced, false, pairs))
}

fn told(synthetic: usize, traced: usize, looked_up: bool, mut pairs: Vec<(usize, usize)>) -> Traced {
    pairs.sort_unstable();
    pairs.dedup();
    let different = |rows: &mut dyn Iterator<Item = usize>| rows.collect::<HashSet<_>>().len();
    let parents = Parents {
        synthetic,
        traced,
        of_test_rows: different(&mut pairs.iter().map(|pair| pair.1)),
        test_rows: different(&mut pairs.iter().map(|pair| pair.0)),
        looked_up,
    };
    (parents, pairs)
}

/// Whether a row lies at `step` between two others, and how many places it could have been in instead.
fn fits(
    features: &Features<'_>,
    tolerances: &[f64],
    row: usize,
    (base, neighbor): (usize, usize),
    step: f64,
) -> Option<f64> {
    let mut places = 0.0;
    for (column, tolerance) in features.numeric().zip(tolerances) {
        let number = |row: usize| column.values.number(row).unwrap_or(f64::NAN);
        let (from, to) = (number(base), number(neighbor));
        if column.copied || from.is_nan() || to.is_nan() {
            continue;
        }
        let off = (number(row) - (from + step * (to - from))).abs();
        if off > *tolerance {
            return None;
        }
        places += ((to - from).abs() / (2.0 * tolerance)).max(1.0).log10();
    }
    Some(places)
}

/// How exactly a numeric column of a synthetic row is where its parents put it, and the range of the column.
fn tolerances(features: &Features<'_>) -> Vec<f64> {
    let tolerance = |column: &counterpoise_base::Feature<'_>| {
        let numbers = (0..features.rows()).filter_map(|row| column.values.number(row));
        let (low, high) = numbers
            .filter(|number| !number.is_nan())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        let relative = if matches!(column.values, FeatureValues::F32(_)) {
            1e-6
        } else {
            1e-9
        };
        match column.domain {
            // Whole numbers were rounded.
            Domain::Integer => 0.5 + 1e-9,
            Domain::Real => relative * (high - low).max(0.0) + 1e-15 * low.abs().max(high.abs()),
        }
    };
    features.numeric().map(tolerance).collect()
}

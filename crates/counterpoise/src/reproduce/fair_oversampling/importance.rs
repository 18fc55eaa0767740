//! Experiment 4: which features a model goes by, and what the cells look like, before and after.

use counterpoise_base::{Labeled, Matrix, RowKeys, Seed};
use counterpoise_learn::Design;
use counterpoise_neighbors::{Metric, MissingValues, Space};
use counterpoise_sampling::{Resample as _, Run};
use rayon::prelude::*;
use serde::Serialize;

use super::data::Set;
use super::protocol::{Bench, FOLDS, Student, Treatment, Trial, reason};
use super::{ReproduceOptions, paper};
use crate::Error;
use crate::picture::places;

/// How much worse a model predicts when a feature of the test rows is shuffled.
#[derive(Debug, Clone, Serialize)]
pub struct Importance {
    /// Data set.
    pub data: &'static str,
    /// Who learns.
    pub learner: Student,
    /// One entry a feature, in the order of the file.
    pub features: Vec<FeatureImportance>,
    /// Why there are none.
    pub problem: Option<String>,
}

/// One feature.
#[derive(Debug, Clone, Serialize)]
pub struct FeatureImportance {
    /// Its name.
    pub feature: String,
    /// Loss of balanced accuracy, of a model of the rows as they are.
    pub before: f64,
    /// The same after Fair Oversampling.
    pub after: f64,
}

/// How often each feature of a fold is shuffled.
const SHUFFLES: u64 = 5;

pub(super) fn importances(bench: &Bench<'_>, options: &ReproduceOptions) -> Result<Vec<Importance>, Error> {
    let of_set = |(place, set): (usize, &Set)| {
        let slow = set.name == paper::ADULT && !options.full;
        let student = if slow { Student::Logistic } else { Student::Svm };
        let trial = |treatment| Trial {
            set: place,
            student,
            treatment,
            level: 0,
            repeat: 0,
        };
        let both = losses(bench, &trial(Treatment::None))
            .and_then(|before| Ok((before, losses(bench, &trial(Treatment::FairOversampling))?)));
        let (features, problem) = match both {
            Ok((before, after)) => {
                let one = |(name, (before, after)): (&String, (f64, f64))| FeatureImportance {
                    feature: name.clone(),
                    before,
                    after,
                };
                let losses = before.into_iter().zip(after);
                (set.columns.iter().zip(losses).map(one).collect(), None)
            }
            Err(Error::Stopped) => return Err(Error::Stopped),
            Err(error) => (Vec::new(), Some(reason(&error))),
        };
        Ok(Importance {
            data: set.name,
            learner: student,
            features,
            problem,
        })
    };
    bench.sets.iter().enumerate().map(of_set).collect()
}

/// Mean loss of balanced accuracy for each feature.
fn losses(bench: &Bench<'_>, trial: &Trial) -> Result<Vec<f64>, Error> {
    let set = &bench.sets[trial.set];
    let width = set.columns.len();
    let of_fold = |fold: usize| -> Result<Vec<f64>, Error> {
        bench.go_on("shuffling features", 0, 0)?;
        let (model, design) = bench.model(trial, fold)?;
        let rows = &bench.deals[trial.set][trial.repeat][fold];
        let truth = set.labels_of(rows);
        let groups = set.groups_of(rows);
        let seed = bench.seed.child("shuffle").child(set.name).child(fold as u64);
        let score = |design: &Design| -> Result<f64, Error> {
            let predicted = model.predict(design, Some(&groups), &seed)?;
            Ok(balanced_accuracy(truth.codes(), &predicted))
        };
        let numbers = set
            .features(rows, false)
            .gather_numeric(&(0..rows.len()).collect::<Vec<_>>());
        let whole = score(&design)?;
        (0..width)
            .map(|column| {
                let mut sum = 0.0;
                for shuffle in 0..SHUFFLES {
                    let shuffled = shuffled(&numbers, column, &seed.child(shuffle).child(column as u64));
                    sum += whole - score(&Design::from_matrix(shuffled))?;
                }
                Ok(sum / SHUFFLES as f64)
            })
            .collect()
    };
    let of_folds: Vec<Vec<f64>> = (0..FOLDS)
        .into_par_iter()
        .map(of_fold)
        .collect::<Result<_, _>>()?;
    let mean = |column: usize| of_folds.iter().map(|losses| losses[column]).sum::<f64>() / FOLDS as f64;
    Ok((0..width).map(mean).collect())
}

/// The same rows with one column in an order of chance.
fn shuffled(numbers: &Matrix, column: usize, seed: &Seed) -> Matrix {
    let mut result = numbers.clone();
    for (to, from) in seed.shuffled(0..numbers.rows()).into_iter().enumerate() {
        result.row_mut(to)[column] = numbers.row(from)[column];
    }
    result
}

fn balanced_accuracy(truth: &[u32], predicted: &[u32]) -> f64 {
    let rate = |class: u32| {
        let own = truth.iter().zip(predicted).filter(|(truth, _)| **truth == class);
        let (right, all) = own.fold((0.0, 0.0), |(right, all), (_, predicted)| {
            (right + f64::from(u8::from(*predicted == class)), all + 1.0)
        });
        right / all
    };
    f64::midpoint(rate(0), rate(1))
}

/// The cells in the plane: rows as they are, and with those that SMOTE and Fair Oversampling make.
#[derive(Debug, Clone, Serialize)]
pub struct CellPicture {
    /// Data set.
    pub data: &'static str,
    /// Names of the cells.
    pub cells: Vec<String>,
    /// The points.
    pub points: Vec<CellPoint>,
    /// Share of the squared distances that the plane keeps.
    pub kept: Option<f64>,
}

/// A row in the plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CellPoint {
    /// From left to right.
    pub x: f64,
    /// From bottom to top.
    pub y: f64,
    /// Place of its cell.
    pub cell: u32,
    /// What made it; absent for a row of the table.
    pub made_by: Option<Treatment>,
    /// Row of the authors' training file, counted from 1; for a made row, that of its base.
    pub row: usize,
}

/// Rows of each kind that are shown.
const SHOWN: usize = 400;

/// The training rows of the authors' first fold.
pub(super) fn pictures(bench: &Bench<'_>) -> Result<Vec<CellPicture>, Error> {
    bench.sets.iter().map(|set| picture(bench, set)).collect()
}

fn picture(bench: &Bench<'_>, set: &Set) -> Result<CellPicture, Error> {
    bench.go_on("drawing cells in the plane", 0, 0)?;
    let train: Vec<usize> = (0..set.training_rows).collect();
    let (labels, groups) = (set.labels_of(&train), set.groups_of(&train));
    let width = groups.classes().len() as u32;
    let cell = |class: u32, row: usize| class * width + groups.codes()[row];
    let seed = bench.seed.child("picture").child(set.name);
    let some = |count: usize, name: &str| {
        let mut some = seed.child(name).shuffled(0..count);
        some.truncate(SHOWN);
        some.sort_unstable();
        some
    };
    let shown = some(train.len(), "rows");
    let features = set.features(&train, false);
    let mut numbers = features.gather_numeric(&shown).as_slice().to_vec();
    let mut points: Vec<CellPoint> = shown
        .iter()
        .map(|&row| CellPoint {
            x: 0.0,
            y: 0.0,
            cell: cell(labels.codes()[row], row),
            made_by: None,
            row: row + 1,
        })
        .collect();
    for treatment in [Treatment::Smote, Treatment::FairOversampling] {
        let Some(method) = treatment.method()? else {
            continue;
        };
        let data = Labeled {
            features: set.features(&train, treatment.knows_groups()),
            labels: &labels,
            groups: treatment.knows_groups().then_some(&groups),
            keys: RowKeys::Position,
            weights: None,
        };
        let mut run = Run::new(0);
        run.seed = seed.child("resample");
        let resampled = method.resample(&data, &run)?;
        let made = some(resampled.origin.len(), treatment.name());
        let all = features.extended(&resampled.synthetic);
        let rows: Vec<usize> = made.iter().map(|made| train.len() + made).collect();
        numbers.extend_from_slice(all.gather_numeric(&rows).as_slice());
        points.extend(made.iter().map(|&made| {
            let origin = resampled.origin[made];
            CellPoint {
                x: 0.0,
                y: 0.0,
                cell: cell(origin.class, origin.base as usize),
                made_by: Some(treatment),
                row: origin.base as usize + 1,
            }
        }));
    }
    let features = counterpoise_base::Features::from_rows(&numbers, set.columns.len());
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse)?;
    let (found, kept) = places(&space);
    for (point, (x, y)) in points.iter_mut().zip(found) {
        (point.x, point.y) = (x, y);
    }
    let names = labels.classes().iter().flat_map(|class| {
        groups
            .classes()
            .iter()
            .map(move |group| format!("{class}, {group}"))
    });
    Ok(CellPicture {
        data: set.name,
        cells: names.collect(),
        points,
        kept,
    })
}

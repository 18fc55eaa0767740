//! Experiment 3: what rarer and rarer cells of the rarer class do to models.

use counterpoise_metrics::{GroupEvaluator, GroupMeasure};
use serde::Serialize;

use super::data::Set;
use super::evaluate::grouped;
use super::paper::{self, at_the_highest_level, divisors};
use super::protocol::{Bench, Predictions, Student, Treatment, Trial};
use super::{ReproduceOptions, TOO_LONG};
use crate::Error;

/// The sweep on one data set.
#[derive(Debug, Clone, Serialize)]
pub struct Sweep {
    /// Data set.
    pub data: &'static str,
    /// By how much the cells of the rarer class shrink.
    pub divisors: Vec<f64>,
    /// The class whose rows are deleted, and whose F1, precision and recall are told.
    pub class: String,
    /// What Figure 1 of the paper shows at the last divisor.
    pub paper: &'static str,
    /// One line a model.
    pub lines: Vec<SweptLine>,
    /// What was left out.
    pub left_out: Option<&'static str>,
}

/// A model at all levels.
#[derive(Debug, Clone, Serialize)]
pub struct SweptLine {
    /// Who learns.
    pub learner: Student,
    /// What happens to training rows first.
    pub method: Treatment,
    /// Means over folds at each divisor.
    pub levels: Vec<SweptLevel>,
    /// Why levels are missing.
    pub problem: Option<String>,
}

/// Numbers at one divisor, means over folds; absent where a fold lacks them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SweptLevel {
    /// By how much the cells of the rarer class were made smaller.
    pub divisor: f64,
    /// Balanced accuracy.
    pub balanced_accuracy: Option<f64>,
    /// Average absolute odds difference.
    pub average_absolute_odds: Option<f64>,
    /// Equal opportunity difference, absolute.
    pub equal_opportunity: Option<f64>,
    /// Fair Utility.
    pub fair_utility: Option<f64>,
    /// F1 of the rarer class.
    pub f1: Option<f64>,
    /// Precision of the rarer class.
    pub precision: Option<f64>,
    /// Recall of the rarer class.
    pub recall: Option<f64>,
}

impl SweptLevel {
    /// The numbers with their names, in the order of the paper's plots.
    pub(super) fn numbers(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("balanced accuracy", self.balanced_accuracy),
            ("average absolute odds", self.average_absolute_odds),
            ("equal opportunity", self.equal_opportunity),
            ("Fair Utility", self.fair_utility),
            ("F1", self.f1),
            ("precision", self.precision),
            ("recall", self.recall),
        ]
    }
}

/// Who is swept on a data set.
fn students(set: &Set, options: &ReproduceOptions) -> Vec<(Student, Treatment)> {
    let slow = set.name == paper::ADULT && !options.full;
    let plain = if slow { Student::Logistic } else { Student::Svm };
    // A network takes longer than all others together.
    let fair = Student::FAIR
        .into_iter()
        .filter(|&student| student != Student::Adversarial);
    let with_and_without = fair.flat_map(|student| {
        [Treatment::None, Treatment::FairOversampling].map(|treatment| (student, treatment))
    });
    Treatment::ALL
        .map(|treatment| (plain, treatment))
        .into_iter()
        .chain(with_and_without)
        .collect()
}

/// Levels at which a student is tried. Each takes minutes on Adult for those that fit many models.
fn levels(set: &Set, student: Student, options: &ReproduceOptions) -> Vec<usize> {
    let all = 0..divisors(set.name).len();
    if set.name == paper::ADULT && !options.full && Student::FAIR.contains(&student) {
        return vec![all.start, 2, all.end - 1];
    }
    all.collect()
}

/// All trials of the sweep; rows are dealt once.
pub(super) fn trials(sets: &[Set], options: &ReproduceOptions) -> Vec<Trial> {
    let of_set = |(place, set): (usize, &Set)| {
        students(set, options)
            .into_iter()
            .flat_map(move |(student, treatment)| {
                levels(set, student, options).into_iter().map(move |level| Trial {
                    set: place,
                    student,
                    treatment,
                    level,
                    repeat: 0,
                })
            })
            .collect::<Vec<_>>()
    };
    sets.iter().enumerate().flat_map(of_set).collect()
}

/// The curves.
pub(super) fn sweeps(
    bench: &Bench<'_>,
    predictions: &Predictions,
    options: &ReproduceOptions,
) -> Result<Vec<Sweep>, Error> {
    let of_set = |(place, set): (usize, &Set)| {
        let lines = students(set, options)
            .into_iter()
            .map(|(learner, method)| line(bench, predictions, place, (learner, method), options))
            .collect::<Result<_, _>>()?;
        let slow = set.name == paper::ADULT && !options.full;
        Ok(Sweep {
            data: set.name,
            divisors: divisors(set.name).to_vec(),
            class: set.labels.classes()[set.rarer() as usize].clone(),
            paper: at_the_highest_level(set.name),
            lines,
            left_out: slow.then_some(TOO_LONG),
        })
    };
    bench.sets.iter().enumerate().map(of_set).collect()
}

fn line(
    bench: &Bench<'_>,
    predictions: &Predictions,
    place: usize,
    (learner, method): (Student, Treatment),
    options: &ReproduceOptions,
) -> Result<SweptLine, Error> {
    let set = &bench.sets[place];
    let (mut found, mut problem) = (Vec::new(), None);
    for level in levels(set, learner, options) {
        let divisor = divisors(set.name)[level];
        let trial = Trial {
            set: place,
            student: learner,
            treatment: method,
            level,
            repeat: 0,
        };
        match predictions.get(&trial) {
            Some(Ok(predicted)) => found.push(numbers(set, &bench.deals[place][0], predicted, divisor)?),
            Some(Err(reason)) if problem.is_none() => {
                problem = Some(format!("at divisor {divisor}: {reason}"));
            }
            _ => {}
        }
    }
    Ok(SweptLine {
        learner,
        method,
        levels: found,
        problem,
    })
}

fn numbers(set: &Set, folds: &[Vec<usize>], predicted: &[u32], divisor: f64) -> Result<SweptLevel, Error> {
    // The gap in true positive rates is the paper's: that of label 1, whichever class is rarer.
    let of_groups = means(
        set,
        folds,
        predicted,
        1,
        &[
            "balanced-accuracy",
            "average-absolute-odds-difference",
            "equal-opportunity-max-min",
            "fair-utility",
        ],
    )?;
    let of_class = means(set, folds, predicted, set.rarer(), &["f1", "precision", "recall"])?;
    Ok(SweptLevel {
        divisor,
        balanced_accuracy: of_groups[0],
        average_absolute_odds: of_groups[1],
        equal_opportunity: of_groups[2],
        fair_utility: of_groups[3],
        f1: of_class[0],
        precision: of_class[1],
        recall: of_class[2],
    })
}

fn means(
    set: &Set,
    folds: &[Vec<usize>],
    predicted: &[u32],
    positive: u32,
    names: &[&str],
) -> Result<Vec<Option<f64>>, Error> {
    let measures: Vec<GroupMeasure> = names
        .iter()
        .map(|name| name.parse().expect("a name of the list of measures"))
        .collect();
    let rows = grouped(set, predicted, positive)?;
    let mut sums = vec![0.0; measures.len()];
    for fold in folds {
        let values = GroupEvaluator::new(&measures, &rows, Some(fold))?.original();
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    let mean = |sum: &f64| Some(sum / folds.len() as f64).filter(|mean| mean.is_finite());
    Ok(sums.iter().map(mean).collect())
}

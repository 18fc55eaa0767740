use serde::Serialize;

use crate::ClassSummary;
use crate::order::mean;

/// What several analyses say of one class: of several seeds, or of several cuts of the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassOfSeveral {
    /// Name of the class.
    pub class: String,
    /// Numbers that at least one analysis has, in the order of [`ClassSummary`].
    pub numbers: Vec<NumberOfSeveral>,
}

/// A number over several analyses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberOfSeveral {
    /// Its name in [`ClassSummary`].
    pub name: &'static str,
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation, with `n - 1`; absent for a single one.
    pub deviation: Option<f64>,
    /// Analyses that have it.
    pub analyses: usize,
}

/// Mean and standard deviation of every number of every class; classes are those of the first analysis, found by name in the
/// others.
///
/// # Source
///
/// Several seeds and cuts of the training data, mean ± standard deviation: protocol of arXiv 2210.09465 and its sister papers.
pub fn summarise(analyses: &[Vec<ClassSummary>]) -> Vec<ClassOfSeveral> {
    let first = analyses.first().map(Vec::as_slice).unwrap_or_default();
    let class = |class: &ClassSummary| {
        let same = |all: &Vec<ClassSummary>| all.iter().find(|other| other.class == class.class).cloned();
        let lines: Vec<ClassSummary> = analyses.iter().filter_map(same).collect();
        let number = |place: usize| {
            let values: Vec<f64> = lines.iter().filter_map(|line| line.numbers()[place].1).collect();
            let middle = mean(values.iter().copied())?;
            let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
            Some(NumberOfSeveral {
                name: class.numbers()[place].0,
                mean: middle,
                deviation: (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt()),
                analyses: values.len(),
            })
        };
        ClassOfSeveral {
            class: class.class.clone(),
            numbers: (0..class.numbers().len()).filter_map(number).collect(),
        }
    };
    first.iter().map(class).collect()
}

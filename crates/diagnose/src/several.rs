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

#[cfg(test)]
mod tests {
    use counterpoise_base::{Embeddings, Labels, LinearHead};

    use super::*;
    use crate::{DiagnoseOptions, analyse};

    #[test]
    fn numbers_are_averaged_over_the_analyses_that_have_them() {
        let labels = Labels::from_names(&["a", "a", "b"]);
        let head = LinearHead::new(vec![1.0, 0.0, 0.0, 1.0], vec![0.0; 2], 2);
        let options = DiagnoseOptions::default().with_draws(0);
        let summaries = |values: Vec<f32>| {
            let test = Embeddings::new(values, 2, labels.clone());
            analyse(None, &test, &head, &options, &()).unwrap().summaries
        };
        // Both rows of a right, then one of two.
        let first = summaries(vec![2.0, 1.0, 3.0, 1.0, 0.0, 1.0]);
        let second = summaries(vec![2.0, 1.0, 1.0, 3.0, 0.0, 1.0]);
        let all = summarise(&[first, second]);
        let of = |class: usize, name: &str| all[class].numbers.iter().find(|number| number.name == name);
        let recall = of(0, "recall").unwrap();
        assert_eq!(
            (recall.mean, recall.deviation, recall.analyses),
            (0.75, Some(0.125_f64.sqrt()), 2)
        );
        // Only the second analysis has a misclassified row.
        let wrong = of(0, "required_wrong").unwrap();
        assert_eq!((wrong.deviation, wrong.analyses), (None, 1));
        assert_eq!(of(1, "train_rows"), None);
        assert!(summarise(&[]).is_empty());
    }
}

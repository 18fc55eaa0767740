use std::collections::BTreeSet;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use counterpoise_base::{Column, Labels, Table};

use crate::Error;
use crate::names::names_of;
use crate::prepare::{missing_rows, take_rows, weights_of};

/// Which columns of a table hold predictions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictionColumns {
    /// The true class.
    pub target: String,
    /// The predicted class.
    pub prediction: String,
    /// Probabilities: the class, or nothing for the second of two classes, and the column.
    pub scores: Vec<(Option<String>, String)>,
    /// Weights of rows.
    pub weight: Option<String>,
}

/// Truth and predictions of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionTable {
    /// Classes that are true or predicted somewhere, in order.
    pub classes: Vec<String>,
    /// The true class of every row.
    pub truth: Vec<u32>,
    /// The predicted class of every row.
    pub predicted: Vec<u32>,
    /// `(n, c)` as they stand in the table; one column of two is completed, others are not checked.
    pub probabilities: Option<Vec<f64>>,
    /// Weights of rows.
    pub weights: Option<Vec<f64>>,
}

impl PredictionColumns {
    /// Only the rows that have a value in every one of these columns, and how many others there were.
    pub fn whole_rows(&self, table: &Table) -> (Table, usize) {
        let scores = self.scores.iter().map(|(_, column)| column);
        let named = [&self.target, &self.prediction]
            .into_iter()
            .chain(scores)
            .chain(&self.weight);
        let mut whole = vec![true; table.rows()];
        for column in named.filter_map(|name| table.column(name)) {
            missing_rows(&column.array)
                .into_iter()
                .for_each(|row| whole[row] = false);
        }
        let rows: Vec<usize> = (0..whole.len()).filter(|&row| whole[row]).collect();
        let left_out = whole.len() - rows.len();
        (take_rows(table, &rows), left_out)
    }
}

/// Takes truth, predictions, probabilities and weights out of a table.
///
/// Whole numbers are one class however they are written: `1` and `1.0`.
pub fn predictions_of(table: &Table, columns: &PredictionColumns) -> Result<PredictionTable, Error> {
    let find = |name: &str, role: &'static str| {
        let column = table.column(name).ok_or_else(|| Error::UnknownColumn {
            column: name.into(),
            role,
            columns: table.names().map(String::from).collect(),
        })?;
        match missing_rows(&column.array).as_slice() {
            [] => Ok(column),
            rows => Err(Error::MissingRole {
                role,
                column: name.into(),
                row: rows[0] + 1,
                count: rows.len(),
            }),
        }
    };
    if columns.target == columns.prediction {
        return Err(Error::RoleConflict {
            column: columns.target.clone(),
            first: "target",
            second: "prediction",
        });
    }
    let (target, prediction) = (
        find(&columns.target, "target")?,
        find(&columns.prediction, "prediction")?,
    );
    let (mut truth, mut predicted) = (names_of(&target.array), names_of(&prediction.array));
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    if !set(&predicted).is_subset(&set(&truth)) {
        truth.iter_mut().chain(&mut predicted).for_each(as_whole);
    }
    let (known, said) = (set(&truth), set(&predicted));
    if known.is_disjoint(&said) {
        return Err(Error::NoCommonClass {
            target: columns.target.clone(),
            prediction: columns.prediction.clone(),
            classes: known.into_iter().take(5).collect(),
            predicted: said.into_iter().take(5).collect(),
        });
    }
    let rows = truth.len();
    truth.append(&mut predicted);
    let labels = Labels::from_names(&truth);
    let (truth, predicted) = labels.codes().split_at(rows);
    let classes = labels.classes().to_vec();
    let probabilities = match columns.scores.as_slice() {
        [] => None,
        scores => Some(probabilities(scores, &classes, rows, &find)?),
    };
    let weights = match &columns.weight {
        Some(name) => Some(weights_of(find(name, "weight")?)?),
        None => None,
    };
    Ok(PredictionTable {
        truth: truth.to_vec(),
        predicted: predicted.to_vec(),
        classes,
        probabilities,
        weights,
    })
}

fn as_whole(name: &mut String) {
    if let Ok(number) = name.parse::<f64>()
        && number.fract() == 0.0
        && number.abs() < 1e15
    {
        *name = format!("{number:.0}");
    }
}

fn probabilities<'t>(
    scores: &[(Option<String>, String)],
    classes: &[String],
    rows: usize,
    find: &dyn Fn(&str, &'static str) -> Result<&'t Column, Error>,
) -> Result<Vec<f64>, Error> {
    let mut of_class: Vec<Option<Vec<f64>>> = vec![None; classes.len()];
    for (class, name) in scores {
        let column = find(name, "score")?;
        let numbers = arrow_cast::cast(&column.array, &DataType::Float64)
            .ok()
            .filter(|cast| cast.null_count() == 0);
        let numbers = numbers.ok_or_else(|| Error::NotAScore {
            column: name.clone(),
            stored: column.array.data_type().to_string(),
        })?;
        let numbers = numbers.as_primitive::<Float64Type>().values().to_vec();
        if let Some(row) = numbers.iter().position(|number| !(0.0..=1.0).contains(number)) {
            return Err(Error::ScoreRange {
                column: name.clone(),
                row: row + 1,
                value: numbers[row],
            });
        }
        let place = match class {
            Some(class) => classes.iter().position(|known| known == class),
            None if classes.len() == 2 => Some(1),
            None => None,
        };
        let wrong = || Error::ScoreClass {
            column: name.clone(),
            class: class.clone(),
            classes: classes.to_vec(),
        };
        let place = place.ok_or_else(wrong)?;
        if of_class[place].replace(numbers).is_some() {
            return Err(wrong());
        }
    }
    // The other of two classes has what is left.
    if let [a, b] = of_class.as_mut_slice() {
        let rest = |of: &Vec<f64>| of.iter().map(|p| 1.0 - p).collect::<Vec<f64>>();
        match (&a, &b) {
            (None, Some(of)) => *a = Some(rest(of)),
            (Some(of), None) => *b = Some(rest(of)),
            _ => {}
        }
    }
    let mut all = vec![0.0; rows * classes.len()];
    for (place, numbers) in of_class.iter().enumerate() {
        let Some(numbers) = numbers else {
            return Err(Error::ScoreClass {
                column: String::new(),
                class: Some(classes[place].clone()),
                classes: classes.to_vec(),
            });
        };
        numbers
            .iter()
            .enumerate()
            .for_each(|(row, number)| all[row * classes.len() + place] = *number);
    }
    Ok(all)
}

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, StringArray, UInt32Array};
use arrow_schema::DataType;
use counterpoise_base::{Column, Kind, Labels, Origin, Table};

use crate::Error;
use crate::names::names_of;
use crate::prepare::{missing_rows, take_rows, weights_of};

/// Which columns of a table hold predictions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictionColumns {
    /// The true class.
    pub target: String,
    /// The predicted class; without it, the one that the scores say.
    pub prediction: Option<String>,
    /// Probabilities: the class, or nothing for the second of two classes, and the column.
    pub scores: Vec<(Option<String>, String)>,
    /// Score from which on the class of a score is predicted, if there are two; 0.5 if not given. With more classes the
    /// likeliest is.
    pub threshold: Option<f64>,
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
        let named: Vec<&String> = std::iter::once(&self.target)
            .chain(&self.prediction)
            .chain(scores)
            .chain(&self.weight)
            .collect();
        let (whole, kept) = whole_rows(table, &named);
        (whole, table.rows() - kept.len())
    }
}

/// Truth and predictions as a table: `picture` where rows have names, `class`, `predicted`, and a column `score CLASS` for every
/// class. `probabilities` is `(n, c)`.
///
/// # Panics
///
/// If there is another number of predictions or probabilities than of rows.
pub fn table_of_predictions(
    names: Option<&[String]>,
    labels: &Labels,
    predicted: &[u32],
    probabilities: &[f64],
) -> Table {
    let classes = labels.classes();
    assert_eq!(predicted.len(), labels.len(), "one prediction a row");
    assert_eq!(
        probabilities.len(),
        labels.len() * classes.len(),
        "one probability a row and class"
    );
    let texts = |name: &str, kind, values: Vec<&str>| Column {
        name: name.into(),
        kind,
        array: Arc::new(StringArray::from(values)),
    };
    let mut columns = Vec::new();
    if let Some(names) = names {
        columns.push(texts(
            "picture",
            Kind::Text,
            names.iter().map(String::as_str).collect(),
        ));
    }
    let truth = (0..labels.len()).map(|row| labels.name_of(row)).collect();
    columns.push(texts("class", Kind::Categorical, truth));
    let predicted = predicted.iter().map(|&code| classes[code as usize].as_str());
    columns.push(texts("predicted", Kind::Categorical, predicted.collect()));
    for (code, class) in classes.iter().enumerate() {
        let values = probabilities.iter().skip(code).step_by(classes.len()).copied();
        columns.push(Column {
            name: format!("score {class}"),
            kind: Kind::Float,
            array: Arc::new(values.collect::<Float64Array>()),
        });
    }
    Table::new(columns)
}

/// Where rows come from, as a table: `class`, `synthetic`, `base_index`, `neighbor_index` and `step`, input rows first. The first
/// row of the input is 0; input rows have no parents.
pub fn table_of_origins(labels: &Labels, origins: &[Origin]) -> Table {
    let real = labels.len();
    let column = |name: &str, kind, array: ArrayRef| Column {
        name: name.into(),
        kind,
        array,
    };
    let classes = (0..real).map(|row| labels.name_of(row)).chain(
        origins
            .iter()
            .map(|origin| labels.classes()[origin.class as usize].as_str()),
    );
    let parents = |of: &dyn Fn(&Origin) -> u32| -> ArrayRef {
        let made = origins.iter().map(|origin| Some(of(origin)));
        Arc::new(
            std::iter::repeat_n(None, real)
                .chain(made)
                .collect::<UInt32Array>(),
        )
    };
    let steps = origins.iter().map(|origin| Some(origin.step));
    let steps: Float64Array = std::iter::repeat_n(None, real).chain(steps).collect();
    let synthetic: BooleanArray = (0..real + origins.len()).map(|row| Some(row >= real)).collect();
    Table::new(vec![
        column(
            "class",
            Kind::Categorical,
            Arc::new(classes.map(Some).collect::<StringArray>()),
        ),
        column("synthetic", Kind::Boolean, Arc::new(synthetic)),
        column("base_index", Kind::Integer, parents(&|origin| origin.base)),
        column(
            "neighbor_index",
            Kind::Integer,
            parents(&|origin| origin.neighbor),
        ),
        column("step", Kind::Float, Arc::new(steps)),
    ])
}

/// Only the rows that have a value in every one of these columns, and which they are.
pub fn whole_rows(table: &Table, columns: &[&String]) -> (Table, Vec<usize>) {
    let mut whole = vec![true; table.rows()];
    for column in columns.iter().filter_map(|name| table.column(name)) {
        missing_rows(&column.array)
            .into_iter()
            .for_each(|row| whole[row] = false);
    }
    let rows: Vec<usize> = (0..whole.len()).filter(|&row| whole[row]).collect();
    (take_rows(table, &rows), rows)
}

/// Takes truth, predictions, probabilities and weights out of a table.
///
/// Whole numbers are one class however they are written: `1` and `1.0`. That nothing at all is predicted right looks like
/// columns that do not belong together, and is refused.
pub fn predictions_of(table: &Table, columns: &PredictionColumns) -> Result<PredictionTable, Error> {
    found_in(table, columns, false)
}

/// The same of a table that [`table_of_predictions`] made, where the classes are known to be of one set.
pub fn predictions_of_model(table: &Table, columns: &PredictionColumns) -> Result<PredictionTable, Error> {
    found_in(table, columns, true)
}

fn found_in(table: &Table, columns: &PredictionColumns, of_one_set: bool) -> Result<PredictionTable, Error> {
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
    let Some(prediction) = &columns.prediction else {
        return scored(columns, &find);
    };
    if columns.target == *prediction {
        return Err(Error::RoleConflict {
            column: columns.target.clone(),
            first: "target",
            second: "prediction",
        });
    }
    let target = find(&columns.target, "target")?;
    let said = find(prediction, "prediction")?;
    let (mut truth, mut predicted) = (names_of(&target.array), names_of(&said.array));
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    if !set(&predicted).is_subset(&set(&truth)) {
        truth.iter_mut().chain(&mut predicted).for_each(as_whole);
    }
    let (known, said) = (set(&truth), set(&predicted));
    if !of_one_set && known.is_disjoint(&said) {
        return Err(Error::NoCommonClass {
            target: columns.target.clone(),
            prediction: prediction.clone(),
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

type Find<'a, 't> = &'a dyn Fn(&str, &'static str) -> Result<&'t Column, Error>;

/// Predictions by scores alone.
fn scored(columns: &PredictionColumns, find: Find<'_, '_>) -> Result<PredictionTable, Error> {
    let target = find(&columns.target, "target")?;
    let labels = Labels::from_names(&names_of(&target.array));
    let classes = labels.classes().to_vec();
    let weights = match &columns.weight {
        Some(name) => Some(weights_of(find(name, "weight")?)?),
        None => None,
    };
    if columns.scores.is_empty() {
        return Err(Error::NoPrediction);
    }
    let threshold = columns.threshold.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::OutOfRange {
            option: "threshold",
            value: threshold.to_string(),
            range: "0 to 1",
        });
    }
    let probabilities = probabilities(&columns.scores, &classes, labels.len(), find)?;
    let of_score = match &columns.scores[0].0 {
        Some(class) => usize::from(classes.first() != Some(class)),
        None => 1,
    };
    let predict = |scores: &[f64]| match scores {
        [_, _] => {
            (if scores[of_score] >= threshold {
                of_score
            } else {
                1 - of_score
            }) as u32
        }
        // Of equal scores the first class.
        _ => (0..scores.len())
            .rev()
            .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
            .unwrap_or(0) as u32,
    };
    Ok(PredictionTable {
        truth: labels.codes().to_vec(),
        predicted: probabilities.chunks_exact(classes.len()).map(predict).collect(),
        classes,
        probabilities: Some(probabilities),
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

fn probabilities(
    scores: &[(Option<String>, String)],
    classes: &[String],
    rows: usize,
    find: Find<'_, '_>,
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

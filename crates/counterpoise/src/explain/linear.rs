//! Linear models over tables: weights of columns.

use std::path::Path;

use counterpoise_base::{Column, Embeddings, Labels, LinearHead, Observer, Table, Warning, agree, counted};
use counterpoise_data::{ReadOptions, read_table, texts_of};
use counterpoise_diagnose::binary_linear;

use crate::Error;

/// Weights of the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinearModel {
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    /// One entry a class; a single one for a model that tells two classes apart by a sign.
    rows: Vec<Weighed>,
    /// Whether the table says what is added to the products.
    has_bias: bool,
}

/// The weights of one class.
#[derive(Debug, Clone, PartialEq)]
struct Weighed {
    /// Name of the class, where the file has it.
    class: Option<String>,
    weights: Vec<f32>,
    bias: f32,
}

/// What the names of columns are called in a file that has a line for each.
const NAMES: [&str; 6] = ["feature", "features", "column", "name", "term", "variable"];
/// What classes are called in a file that has a line for each.
const CLASSES: [&str; 3] = ["class", "label", "target"];
/// What the number is called that is added to the products.
const BIASES: [&str; 4] = ["bias", "intercept", "(intercept)", "const"];
/// What a column of weights is called that is of no class by its name.
const WEIGHTS: [&str; 6] = ["weight", "weights", "coef", "coefficient", "w", "value"];

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| name.trim().eq_ignore_ascii_case(known))
}

/// Reads a table of weights: a line for each column (`feature,weight`, or a column of weights for each class), or a line for each
/// class (`class,bias,COLUMN,COLUMN,…`). The line or column `bias` or `intercept` is added to the products.
///
/// # Errors
///
/// A cell that is no number, and a table without weights.
pub(super) fn read(path: &Path, observer: &dyn Observer) -> Result<LinearModel, Error> {
    let table = read_table(path, &ReadOptions::default(), observer)?.table;
    let wrong = |problem: String| {
        Error::Config {
        place: path.display().to_string(),
        problem,
        hint: Some(
            "give weights as `feature,weight` with a line for each column and one called `bias`, or as `class,bias,COLUMN,…` with a line for each class".into(),
        ),
    }
    };
    let model = match table.columns().first() {
        Some(first) if is_one_of(&first.name, &NAMES) => by_column(&table, &wrong)?,
        _ => by_class(&table, &wrong)?,
    };
    if model.columns.is_empty() || model.rows.is_empty() {
        return Err(wrong("it holds no weights".into()));
    }
    for (place, name) in model.columns.iter().enumerate() {
        if model.columns[..place].contains(name) {
            return Err(wrong(format!("`{name}` has a weight twice")));
        }
    }
    Ok(model)
}

type Wrong<'a> = dyn Fn(String) -> Error + 'a;

fn numbers(column: &Column, wrong: &Wrong<'_>) -> Result<Vec<f32>, Error> {
    let number = |(row, text): (usize, Option<String>)| {
        let value = text.as_deref().and_then(|text| text.trim().parse::<f32>().ok());
        value.filter(|value| value.is_finite()).ok_or_else(|| {
            wrong(format!(
                "row {}, column `{}`: {} is no weight",
                row + 1,
                column.name,
                text.map_or("a missing value".to_owned(), |text| format!("`{text}`"))
            ))
        })
    };
    texts_of(column).into_iter().enumerate().map(number).collect()
}

fn by_column(table: &Table, wrong: &Wrong<'_>) -> Result<LinearModel, Error> {
    let (first, others) = table.columns().split_first().expect("it has a column of names");
    let names: Vec<String> = texts_of(first)
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    let bias = names.iter().position(|name| is_one_of(name, &BIASES));
    let columns: Vec<String> = names
        .iter()
        .enumerate()
        .filter(|(place, _)| Some(*place) != bias)
        .map(|(_, name)| name.clone())
        .collect();
    let row = |column: &Column| -> Result<Weighed, Error> {
        let mut weights = numbers(column, wrong)?;
        Ok(Weighed {
            class: (!is_one_of(&column.name, &WEIGHTS)).then(|| column.name.clone()),
            bias: bias.map_or(0.0, |place| weights.remove(place)),
            weights,
        })
    };
    Ok(LinearModel {
        columns,
        rows: others.iter().map(row).collect::<Result<_, _>>()?,
        has_bias: bias.is_some(),
    })
}

fn by_class(table: &Table, wrong: &Wrong<'_>) -> Result<LinearModel, Error> {
    let class = table
        .columns()
        .iter()
        .find(|column| is_one_of(&column.name, &CLASSES));
    let bias = table
        .columns()
        .iter()
        .find(|column| is_one_of(&column.name, &BIASES));
    let is_other = |column: &&Column| {
        [class, bias]
            .iter()
            .flatten()
            .all(|known| known.name != column.name)
    };
    let weighed: Vec<&Column> = table.columns().iter().filter(is_other).collect();
    let values: Vec<Vec<f32>> = weighed
        .iter()
        .map(|column| numbers(column, wrong))
        .collect::<Result<_, _>>()?;
    let biases = bias.map(|column| numbers(column, wrong)).transpose()?;
    let names = class.map(texts_of);
    let row = |row: usize| Weighed {
        class: names.as_ref().and_then(|names| names[row].clone()),
        weights: values.iter().map(|column| column[row]).collect(),
        bias: biases.as_ref().map_or(0.0, |biases| biases[row]),
    };
    Ok(LinearModel {
        columns: weighed.iter().map(|column| column.name.clone()).collect(),
        rows: (0..table.rows()).map(row).collect(),
        has_bias: biases.is_some(),
    })
}

impl LinearModel {
    /// What looks odd beside rows with these features.
    pub(super) fn odd(&self, path: &Path, names: &[String]) -> Vec<Warning> {
        let file = path.display();
        let mut found = Vec::new();
        let unweighed: Vec<String> = names
            .iter()
            .filter(|name| !self.columns.contains(name))
            .cloned()
            .collect();
        if !unweighed.is_empty() {
            let message = format!(
                "`{file}` has no weight of {}, which {} left out: {}",
                counted(unweighed.len(), "feature"),
                agree(unweighed.len(), "is", "are"),
                listed(&unweighed)
            );
            let hint = "give the weight of each feature that the model reads";
            found.push(Warning::new("explain.no-weight", message).with_hint(hint));
        }
        if !self.has_bias {
            let message = format!("`{file}` has no bias, which is taken for 0");
            let hint = "give it as a line or a column `bias`";
            found.push(Warning::new("explain.no-bias", message).with_hint(hint));
        }
        found
    }

    /// The head, and its classes in order; `all` are those that the rows have.
    ///
    /// A single line of weights speaks for the class that it names, else for the second one.
    pub(super) fn head(&self, all: &[String], path: &Path) -> Result<(LinearHead, Vec<String>), Error> {
        let wrong = |problem: String, hint: &str| Error::Config {
            place: path.display().to_string(),
            problem,
            hint: Some(hint.into()),
        };
        let sorted = Labels::from_names(all).classes().to_vec();
        if let [only] = &self.rows[..] {
            let mut classes = sorted;
            if let Some(named) = &only.class
                && !classes.contains(named)
                && classes.len() == 1
            {
                classes.push(named.clone());
            }
            if classes.len() != 2 {
                return Err(wrong(
                    format!(
                        "it has the weights of one class, which tells two classes apart, and the rows are of {}",
                        counted(classes.len(), "class")
                    ),
                    "give the weights of each class, with its name",
                ));
            }
            match &only.class {
                Some(named) if classes[0] == *named => classes.swap(0, 1),
                Some(named) if classes[1] != *named => {
                    return Err(wrong(
                        format!(
                            "its weights are of the class `{named}`, and the rows are of `{}` and `{}`",
                            classes[0], classes[1]
                        ),
                        "name the class as the rows do",
                    ));
                }
                _ => {}
            }
            return Ok((binary_linear(&only.weights, only.bias), classes));
        }
        let named: Option<Vec<String>> = self.rows.iter().map(|row| row.class.clone()).collect();
        let weights = self.rows.iter().flat_map(|row| row.weights.iter().copied());
        let biases = self.rows.iter().map(|row| row.bias).collect();
        let head = LinearHead::new(weights.collect(), biases, self.columns.len());
        Ok((head, named.unwrap_or(sorted)))
    }
}

/// Rows with their features in another order; features that are not wanted are left out.
///
/// # Errors
///
/// A feature that there is not.
pub(super) fn in_columns(
    rows: &Embeddings,
    names: &[String],
    wanted: &[String],
    path: &Path,
) -> Result<Embeddings, Error> {
    let place = |name: &String| {
        names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| Error::Config {
                place: path.display().to_string(),
                problem: format!("it has no column of numbers called `{name}`, which has a weight"),
                hint: Some(format!(
                    "give the columns that the model reads, as it reads them; there is {}",
                    listed(names)
                )),
            })
    };
    let places: Vec<usize> = wanted.iter().map(place).collect::<Result<_, _>>()?;
    let values = (0..rows.len()).flat_map(|row| {
        let values = rows.row(row);
        places.iter().map(move |&place| values[place])
    });
    let mut chosen = Embeddings::new(values.collect(), places.len(), rows.labels.clone());
    chosen.predictions.clone_from(&rows.predictions);
    chosen.names.clone_from(&rows.names);
    Ok(chosen)
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let more = if names.len() > MOST { ", …" } else { "" };
    let first: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<LinearModel, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, &())
    }

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn weights_stand_by_column_or_by_class() {
        let one = of("feature,weight\nage,0.5\nbias,-1\nincome,2\n").unwrap();
        let other = of("bias,age,income\n-1,0.5,2\n").unwrap();
        assert_eq!(one, other);
        assert_eq!(one.columns, ["age", "income"]);
        let (head, classes) = one.head(&named(&["yes", "no"]), Path::new("w.csv")).unwrap();
        assert_eq!(classes, ["no", "yes"]);
        assert_eq!((head.row(1), head.bias()), (&[0.5, 2.0][..], &[1.0, -1.0][..]));
        let several = of("class,age,income,intercept\nb,1,2,3\na,4,5,6\n").unwrap();
        let (head, classes) = several.head(&named(&["a", "b"]), Path::new("w.csv")).unwrap();
        assert_eq!((classes, head.row(0)), (named(&["b", "a"]), &[1.0, 2.0][..]));
        let across = of("feature,b,a\nage,1,4\nincome,2,5\nintercept,3,6\n").unwrap();
        assert_eq!(across, several);
    }

    #[test]
    fn what_has_no_weight_is_told() {
        let model = of("feature,weight\nage,0.5\n").unwrap();
        let codes = |names: &[&str]| -> Vec<&str> {
            let found = model.odd(Path::new("w.csv"), &named(names));
            found.into_iter().map(|warning| warning.code).collect()
        };
        assert_eq!(
            codes(&["age", "income"]),
            ["explain.no-weight", "explain.no-bias"]
        );
        assert_eq!(codes(&["age"]), ["explain.no-bias"]);
    }

    #[test]
    fn a_named_class_is_the_one_that_weights_speak_for() {
        let model = of("class,age,bias\nno,1,0\n").unwrap();
        let (_, classes) = model.head(&named(&["no", "yes"]), Path::new("w.csv")).unwrap();
        assert_eq!(classes, ["yes", "no"]);
        for (all, says) in [
            (vec!["a", "b"], "its weights are of the class `no`"),
            (vec!["a", "b", "no"], "the rows are of 3 classes"),
        ] {
            let error = model.head(&named(&all), Path::new("w.csv")).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn cells_that_are_no_weights_are_named() {
        let error = of("feature,weight\nage,0.5\nincome,many\n").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("column `weight`, row 2 (line 3): `many` is not a number"),
            "{error}"
        );
        assert!(of("feature,weight\nbias,0.5\n").is_err());
        let error = of("feature,weight\nage,0.5\nage,1\n").unwrap_err();
        assert!(error.to_string().contains("`age` has a weight twice"), "{error}");
    }

    #[test]
    fn columns_are_found_by_name() {
        let rows = Embeddings::new(vec![1.0, 2.0, 3.0, 4.0], 2, Labels::from_names(&["a", "b"]));
        let (names, path) = (named(&["x", "y"]), Path::new("t.csv"));
        let chosen = in_columns(&rows, &names, &named(&["y"]), path).unwrap();
        assert_eq!(chosen.values(), [2.0, 4.0]);
        let error = in_columns(&rows, &names, &named(&["z"]), path).unwrap_err();
        assert!(error.hint().unwrap().contains("x, y"));
    }
}

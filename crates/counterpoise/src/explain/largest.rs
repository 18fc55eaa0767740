//! A table of the largest contributions of each row, as the authors' code writes it: what predictions require, without features.

use std::collections::BTreeMap;
use std::path::Path;

use counterpoise_base::{Labels, Observer, Table};
use counterpoise_data::{ReadOptions, read_table, texts_of};
use serde::Serialize;

use crate::Error;

/// What a table of largest contributions says of classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedLargest {
    /// One entry a class of the rows.
    pub classes: Vec<RequiredOfClass>,
}

/// What predictions of the rows of a class require.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequiredOfClass {
    /// Its name.
    pub class: String,
    /// Its rows.
    pub rows: usize,
    /// Share of them that is predicted rightly.
    pub recall: f64,
    /// Contributions required: mean over all rows.
    pub required: f64,
    /// Mean over rows that are predicted rightly; absent without any.
    pub required_right: Option<f64>,
    /// Mean over the others.
    pub required_wrong: Option<f64>,
    /// Sum of the contributions required, mean over rows.
    pub magnitude: f64,
    /// The features that are required most often, ten at most.
    pub top: Vec<RequiredFeature>,
}

/// A feature that predictions of a class require.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequiredFeature {
    /// Its place, from 0.
    pub feature: usize,
    /// Share of the rows of the class that require it.
    pub share: f64,
    /// Its mean contribution in these rows.
    pub magnitude: f64,
}

/// How many features of a class are told.
const TOP: usize = 10;

/// Reads a table with the columns `Tar`, `Pred`, `Len`, `I0`, `I1`, … and `M0`, `M1`, …: class, prediction, how many contributions
/// the prediction requires, their features and their sizes, the largest first. Cells beyond `Len` are not read.
///
/// # Errors
///
/// A column that is missing; a cell that is no number; more contributions than there are columns.
///
/// # Source
///
/// The layout is that of the code of arXiv 2407.10165, \[code\].
pub fn explain_largest(path: &Path, observer: &dyn Observer) -> Result<ExplainedLargest, Error> {
    let table = read_table(path, &ReadOptions::default(), observer)?.table;
    let rows = rows_of(path, &table)?;
    let names: Vec<&str> = rows.iter().map(|row| row.class.as_str()).collect();
    let labels = Labels::from_names(&names);
    let classes = labels.classes().iter().enumerate().map(|(code, class)| {
        let of_class: Vec<&Row> = labels
            .codes()
            .iter()
            .zip(&rows)
            .filter(|(found, _)| **found as usize == code)
            .map(|(_, row)| row)
            .collect();
        of_rows(class, &of_class)
    });
    Ok(ExplainedLargest {
        classes: classes.collect(),
    })
}

struct Row {
    class: String,
    predicted: String,
    /// Features and sizes.
    taken: Vec<(usize, f64)>,
}

fn rows_of(path: &Path, table: &Table) -> Result<Vec<Row>, Error> {
    let wrong = |problem: String| Error::Config {
        place: path.display().to_string(),
        problem,
        hint: Some("give the columns `Tar`, `Pred`, `Len`, `I0`, `I1`, … and `M0`, `M1`, …".into()),
    };
    let cells = |name: &str| {
        let column = table.column(name);
        column
            .map(texts_of)
            .ok_or_else(|| wrong(format!("it has no column `{name}`")))
    };
    let cell = |name: &str, row: usize, text: &Option<String>| {
        text.clone()
            .ok_or_else(|| wrong(format!("row {}, column `{name}`: there is no value", row + 1)))
    };
    let number = |name: &str, row: usize, text: &Option<String>| -> Result<f64, Error> {
        let text = cell(name, row, text)?;
        let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| wrong(format!("row {}, column `{name}`: `{text}` is no number", row + 1)))
    };
    let whole = |name: &str, row: usize, text: &Option<String>| -> Result<usize, Error> {
        let value = number(name, row, text)?;
        if value < 0.0 || value.fract() != 0.0 {
            return Err(wrong(format!(
                "row {}, column `{name}`: {value} is no whole number of 0 or more",
                row + 1
            )));
        }
        Ok(value as usize)
    };
    let (actual, predicted, lengths) = (cells("Tar")?, cells("Pred")?, cells("Len")?);
    let most = (0..table.columns().len())
        .take_while(|place| {
            table.column(&format!("I{place}")).is_some() && table.column(&format!("M{place}")).is_some()
        })
        .count();
    let mut places = Vec::new();
    for place in 0..most {
        let (index, size) = (format!("I{place}"), format!("M{place}"));
        places.push((cells(&index)?, cells(&size)?, index, size));
    }
    // Classes may be written as real numbers.
    let class = |text: String| match text.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 => format!("{number}"),
        _ => text,
    };
    (0..actual.len())
        .map(|row| {
            let length = whole("Len", row, &lengths[row])?;
            if length > most {
                return Err(wrong(format!(
                    "row {}: {length} contributions are required, and there are columns for {most}",
                    row + 1
                )));
            }
            let taken = places[..length]
                .iter()
                .map(|(indices, sizes, index, size)| {
                    Ok((whole(index, row, &indices[row])?, number(size, row, &sizes[row])?))
                })
                .collect::<Result<_, Error>>()?;
            Ok(Row {
                class: class(cell("Tar", row, &actual[row])?),
                predicted: class(cell("Pred", row, &predicted[row])?),
                taken,
            })
        })
        .collect()
}

fn of_rows(class: &str, rows: &[&Row]) -> RequiredOfClass {
    let mean = |values: Vec<f64>| {
        let count = values.len();
        (count > 0).then(|| values.iter().sum::<f64>() / count as f64)
    };
    let lengths = |right: Option<bool>| {
        let wanted = rows
            .iter()
            .filter(|row| right.is_none_or(|right| (row.class == row.predicted) == right));
        mean(wanted.map(|row| row.taken.len() as f64).collect())
    };
    let mut features: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (feature, size) in rows.iter().flat_map(|row| &row.taken) {
        features.entry(*feature).or_default().push(*size);
    }
    let mut top: Vec<RequiredFeature> = features
        .into_iter()
        .map(|(feature, sizes)| RequiredFeature {
            feature,
            share: sizes.len() as f64 / rows.len() as f64,
            magnitude: sizes.iter().sum::<f64>() / sizes.len() as f64,
        })
        .collect();
    top.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.feature.cmp(&b.feature)));
    top.truncate(TOP);
    let sums = rows
        .iter()
        .map(|row| row.taken.iter().map(|(_, size)| size).sum::<f64>());
    RequiredOfClass {
        class: class.to_owned(),
        rows: rows.len(),
        recall: rows.iter().filter(|row| row.class == row.predicted).count() as f64 / rows.len() as f64,
        required: lengths(None).unwrap_or(0.0),
        required_right: lengths(Some(true)),
        required_wrong: lengths(Some(false)),
        magnitude: mean(sums.collect()).unwrap_or(0.0),
        top,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<ExplainedLargest, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        explain_largest(&path, &())
    }

    #[test]
    fn what_rows_require_is_told_by_class() {
        let found =
            of("Tar,Pred,IDX,Len,I0,I1,M0,M1\n0,0,1,2,5,3,1.5,0.5\n0,1,2,1,5,,2.5,\n1,1,3,0,,,,\n").unwrap();
        let first = &found.classes[0];
        assert_eq!((first.rows, first.recall, first.required), (2, 0.5, 1.5));
        assert_eq!(
            (first.required_right, first.required_wrong),
            (Some(2.0), Some(1.0))
        );
        assert!((first.magnitude - 2.25).abs() < 1e-12);
        assert_eq!(
            first.top[0],
            RequiredFeature {
                feature: 5,
                share: 1.0,
                magnitude: 2.0
            }
        );
        assert_eq!((found.classes[1].required, found.classes[1].top.len()), (0.0, 0));
    }

    #[test]
    fn cells_that_are_missing_are_named() {
        for (text, says) in [
            (
                "Tar,Pred,Len,I0,M0\n0,0,1,,2\n",
                "row 1, column `I0`: there is no value",
            ),
            (
                "Tar,Pred,Len,I0,M0\n0,0,2,1,2\n",
                "row 1: 2 contributions are required, and there are columns for 1",
            ),
            ("Tar,Pred,I0,M0\n0,0,1,2\n", "no column `Len`"),
            ("Tar,Pred,Len,I0,M0\n0,0,1,1.5,2\n", "1.5 is no whole number"),
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}

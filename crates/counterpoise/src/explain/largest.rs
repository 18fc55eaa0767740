//! A table of the largest contributions of each row, as the authors' code writes it: what predictions require, without features.

use std::collections::BTreeMap;
use std::path::Path;

use counterpoise_base::{Labels, Observer};
use counterpoise_data::ReadOptions;
use serde::Serialize;

use super::class_table::ClassTable;
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
pub fn explain_largest(
    path: &Path,
    read: &ReadOptions,
    observer: &dyn Observer,
) -> Result<ExplainedLargest, Error> {
    let hint = "give the columns `Tar`, `Pred`, `Len`, `I0`, `I1`, … and `M0`, `M1`, …";
    let rows = rows_of(&ClassTable::read(path, read, hint, observer)?)?;
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

fn rows_of(table: &ClassTable<'_>) -> Result<Vec<Row>, Error> {
    let (actual, predicted, lengths) = (
        table.cells(&["Tar"])?,
        table.cells(&["Pred"])?,
        table.cells(&["Len"])?,
    );
    let mut places = Vec::new();
    let has = |name: &str| table.table.column(name).is_some();
    loop {
        let (index, size) = (format!("I{}", places.len()), format!("M{}", places.len()));
        if !(has(&index) && has(&size)) {
            break;
        }
        places.push((table.cells(&[&index])?, table.cells(&[&size])?));
    }
    let most = places.len();
    (0..actual.rows())
        .map(|row| {
            let length = lengths.whole(row)?;
            if length > most {
                return Err(table.wrong(format!(
                    "row {}: {length} contributions are required, and there are columns for {most}",
                    row + 1
                )));
            }
            let taken = places[..length]
                .iter()
                .map(|(index, size)| Ok((index.whole(row)?, size.number(row)?)))
                .collect::<Result<_, Error>>()?;
            Ok(Row {
                class: actual.class(row)?,
                predicted: predicted.class(row)?,
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
        explain_largest(&path, &ReadOptions::default(), &())
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

//! A table of the classes of neighbours, as the authors publish it: archetypes and adversaries without features.

use std::path::Path;

use counterpoise_base::{Column, Labels, Observer};
use counterpoise_data::{ReadOptions, read_table, texts_of};
use counterpoise_diagnose::{Adversaries, Archetypes, Neighborhood, Split, adversaries, archetypes};
use serde::Serialize;

use crate::Error;

/// What neighbours say of training rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedNeighbors {
    /// How typical rows are of their class.
    pub archetypes: Archetypes,
    /// Towards which classes misclassified rows are lost.
    pub adversaries: Adversaries,
}

/// Reads a table with the class of every training row, its predicted class and the classes of its nearest neighbours: columns
/// `actual` (or `class`, `label`), `pred` (or `predicted`) and `N0`, `N1`, …
///
/// # Errors
///
/// A column that is missing, a cell that is empty.
///
/// # Source
///
/// The layout is that of the table of arXiv 2212.07743, \[code\].
pub fn explain_neighbors(path: &Path, observer: &dyn Observer) -> Result<ExplainedNeighbors, Error> {
    let table = read_table(path, &ReadOptions::default(), observer)?.table;
    let wrong = |problem: String| Error::Config {
        place: path.display().to_string(),
        problem,
        hint: Some(
            "give the columns `actual`, `pred`, and `N0`, `N1`, … with the classes of the nearest rows"
                .into(),
        ),
    };
    let of = |names: &[&str]| {
        let found = table
            .columns()
            .iter()
            .find(|column| names.contains(&column.name.as_str()));
        found.ok_or_else(|| wrong(format!("it has no column `{}`", names[0])))
    };
    let texts = |column: &Column| -> Result<Vec<String>, Error> {
        let cell = |(row, text): (usize, Option<String>)| {
            let text = text.ok_or_else(|| {
                wrong(format!(
                    "row {}, column `{}`: the class is missing",
                    row + 1,
                    column.name
                ))
            })?;
            // Classes may be written as real numbers.
            Ok(match text.parse::<f64>() {
                Ok(number) if number.fract() == 0.0 => format!("{number}"),
                _ => text,
            })
        };
        texts_of(column).into_iter().enumerate().map(cell).collect()
    };
    let actual = texts(of(&["actual", "class", "label"])?)?;
    let predicted = texts(of(&["pred", "predicted", "prediction"])?)?;
    let mut near = Vec::new();
    while let Some(column) = table.column(&format!("N{}", near.len())) {
        near.push(texts(column)?);
    }
    if near.is_empty() {
        return Err(wrong("it has no column `N0`".into()));
    }
    let beyond = |name: &str| {
        let place = name.strip_prefix('N')?.parse::<usize>().ok()?;
        (place > near.len()).then_some(place)
    };
    if let Some(place) = table.names().filter_map(beyond).min() {
        return Err(wrong(format!(
            "it has a column `N{place}`, and none called `N{}`",
            near.len()
        )));
    }
    let rows = actual.len();
    let every: Vec<&str> = [&actual, &predicted]
        .into_iter()
        .chain(&near)
        .flatten()
        .map(String::as_str)
        .collect();
    let all = Labels::from_names(&every);
    let codes = |place: usize| all.codes()[place * rows..][..rows].to_vec();
    let labels = Labels::from_codes(all.classes().to_vec(), codes(0));
    let predictions = codes(1);
    let k = near.len();
    let of_rows = (0..rows).flat_map(|row| (0..k).map(move |place| (row, place)));
    let neighbors = of_rows
        .map(|(row, place)| all.codes()[(2 + place) * rows + row])
        .collect();
    let near = Neighborhood::from_table((0..rows).collect(), k, neighbors, all.classes().len())?;
    Ok(ExplainedNeighbors {
        archetypes: archetypes(&near, &labels, &predictions),
        adversaries: adversaries(Split::Train, &near, &labels, &predictions),
    })
}

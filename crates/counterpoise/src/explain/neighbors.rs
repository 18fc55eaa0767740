//! A table of the classes of neighbours, as the authors publish it: archetypes and adversaries without features.

use std::path::Path;

use counterpoise_base::{Labels, Observer};
use counterpoise_data::ReadOptions;
use counterpoise_diagnose::{Adversaries, Archetypes, Neighborhood, Split, adversaries, archetypes};
use serde::Serialize;

use super::class_table::ClassTable;
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
pub fn explain_neighbors(
    path: &Path,
    read: &ReadOptions,
    observer: &dyn Observer,
) -> Result<ExplainedNeighbors, Error> {
    let hint = "give the columns `actual`, `pred`, and `N0`, `N1`, … with the classes of the nearest rows";
    let table = ClassTable::read(path, read, hint, observer)?;
    let actual = table.cells(&["actual", "class", "label"])?.classes()?;
    let predicted = table.cells(&["pred", "predicted", "prediction"])?.classes()?;
    let mut near = Vec::new();
    loop {
        let name = format!("N{}", near.len());
        if !near.is_empty() && table.table.column(&name).is_none() {
            break;
        }
        near.push(table.cells(&[&name])?.classes()?);
    }
    let beyond = |name: &str| {
        let place = name.strip_prefix('N')?.parse::<usize>().ok()?;
        (place > near.len()).then_some(place)
    };
    if let Some(place) = table.table.names().filter_map(beyond).min() {
        return Err(table.wrong(format!(
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

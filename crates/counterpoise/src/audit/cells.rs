use counterpoise_base::Groups;
use serde::Serialize;

use super::Found;

/// Rows of one class in one group, and whether they are few.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditCell {
    /// The class.
    pub class: String,
    /// The group.
    pub group: String,
    /// Rows.
    pub rows: usize,
    /// Share of all rows.
    pub share: f64,
    /// Rows there would be if class and group had nothing to do with each other.
    pub expected: f64,
    /// Rows over expected rows; below 1 the cell is rarer than class and group alone make it.
    pub ratio: Option<f64>,
    /// Share of the rows that was told; absent without predictions, or without rows.
    pub told: Option<f64>,
    /// What is remarkable about it, if anything.
    pub remark: Option<String>,
}

/// Rows below which a rate of a cell says little: its interval is some 18 points wide on either side.
const FEW: usize = 30;
/// Ratio of rows to expected ones below which a cell is rare beyond its class and group.
const RARE: f64 = 0.8;

/// All cells, those with the fewest rows first.
pub(super) fn cells(found: &Found, groups: &Groups) -> Vec<AuditCell> {
    let labels = &found.labels;
    let (classes, width) = (labels.counts(), groups.classes().len());
    let of_groups = groups.counts();
    let counts = labels.cells(groups);
    let mut told = vec![0_usize; counts.len()];
    if let Some(predictions) = &found.predictions {
        let rows = labels
            .codes()
            .iter()
            .zip(groups.codes())
            .zip(&predictions.predicted);
        for ((&class, &group), &predicted) in rows {
            told[class as usize * width + group as usize] += usize::from(class == predicted);
        }
    }
    let total = labels.len() as f64;
    let mut cells: Vec<AuditCell> = counts
        .iter()
        .enumerate()
        .filter(|(place, _)| classes[place / width] > 0 && of_groups[place % width] > 0)
        .map(|(place, &rows)| {
            let (class, group) = (place / width, place % width);
            let expected = classes[class] as f64 * of_groups[group] as f64 / total;
            let ratio = (expected > 0.0).then(|| rows as f64 / expected);
            AuditCell {
                class: labels.classes()[class].clone(),
                group: groups.classes()[group].clone(),
                rows,
                share: rows as f64 / total,
                expected,
                ratio,
                told: (found.predictions.is_some() && rows > 0).then(|| told[place] as f64 / rows as f64),
                remark: remark(rows, ratio),
            }
        })
        .collect();
    cells.sort_by_key(|cell| cell.rows);
    cells
}

fn remark(rows: usize, ratio: Option<f64>) -> Option<String> {
    let rare = ratio.filter(|ratio| *ratio < RARE);
    match (rows, rare) {
        (0, _) => Some("no row: nothing can be learnt or measured here".into()),
        (rows, Some(_)) if rows < FEW => Some("few rows, and rarer than its class and group".into()),
        (rows, None) if rows < FEW => Some("few rows: rates are uncertain".into()),
        (_, Some(_)) => Some("rarer than its class and group".into()),
        _ => None,
    }
}

//! Which rows are alike, for consistency.

use counterpoise_base::{Observer, Table};
use counterpoise_data::{Missing, Roles, prepare};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};

use super::AuditOptions;
use crate::Error;

/// Neighbours of a row, itself among them, as AIF360 counts.
const NEIGHBOURS: usize = 5;

/// The nearest rows of each row, the row itself first, by all columns but truth, predictions, scores and weights.
pub(super) fn neighbours(
    table: &Table,
    options: &AuditOptions,
    observer: &dyn Observer,
) -> Result<(usize, Vec<u32>), Error> {
    let columns = &options.columns;
    let scores = columns.scores.iter().map(|(_, column)| column);
    let ignored = columns
        .prediction
        .iter()
        .chain(scores)
        .chain(&columns.weight)
        .chain(&options.id);
    let roles = Roles {
        target: columns.target.clone(),
        ignore: ignored.filter(|name| **name != columns.target).cloned().collect(),
        ..Roles::default()
    };
    let prepared = prepare(table.clone(), &roles, Missing::Distance)?;
    let space = Space::new(&prepared.features(), Metric::Auto, MissingValues::Define)?;
    let graph = Search::new(NEIGHBOURS - 1).neighbors(&space, Rows::All, Rows::All, observer)?;
    let mut all = Vec::with_capacity(table.rows() * (graph.k() + 1));
    for row in 0..table.rows() {
        all.push(row as u32);
        all.extend_from_slice(graph.neighbors(row));
    }
    Ok((graph.k() + 1, all))
}

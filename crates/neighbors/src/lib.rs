//! Exact nearest neighbours, and the graph that methods share.

mod error;
mod graph;
mod metric;
mod search;
mod space;

pub use error::Error;
pub use graph::Graph;
pub use metric::Metric;
pub use search::{Rows, Search};
pub use space::{MissingValues, Space};

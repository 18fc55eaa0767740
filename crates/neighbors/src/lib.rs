//! Exact nearest neighbours, and the graph that methods share.

mod blocks;
mod error;
mod graph;
mod join;
mod kernel;
mod lists;
mod metric;
mod screen;
mod search;
mod space;

pub use error::Error;
pub use graph::Graph;
pub use metric::Metric;
pub use search::{Engine, Index, Rows, Search};
pub use space::{MissingValues, Space};

//! Tables in and out: reading and writing files, roles of columns, missing values, splits.
//!
//! Files are opened here and nowhere below. What goes out has the types, names and order of what came in.

mod bins;
mod columnar;
mod delimited;
mod error;
mod format;
mod imbalance;
mod infer;
mod names;
mod options;
mod output;
mod predictions;
mod prepare;
mod read;
mod roles;
mod schema;
mod side_file;
mod split;
mod stack;
mod whole_file;
mod write;

pub use bins::Bins;
pub use error::Error;
pub use imbalance::{Imbalance, make_imbalance};
pub use names::texts_of;
pub use options::ReadOptions;
pub use output::{Carry, OutputOptions, output_chunks};
pub use predictions::{PredictionColumns, PredictionTable, predictions_of, whole_rows};
pub use prepare::{Missing, Prepared, prepare};
pub use read::{Read, read_bytes, read_table};
pub use roles::{GroupColumns, Roles};
pub use schema::{ColumnSummary, schema_of};
pub use side_file::with_side_columns;
pub use split::{hold_out, stratified_k_fold};
pub use stack::{constant_column, stack};
pub use whole_file::{WholeFile, remove_partial_files};
pub use write::Writer;

//! Tables and pictures in and out: reading and writing files, roles of columns, missing values, splits.
//!
//! Files are opened here and nowhere below. What goes out has the types, names and order of what came in.

mod bins;
mod columnar;
mod delimited;
mod embeddings;
mod error;
mod format;
mod images;
mod imbalance;
mod infer;
mod known_columns;
mod memory;
mod names;
mod npy;
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
pub use embeddings::{
    EmbeddingOptions, ReadEmbeddings, embeddings_in_classes, read_embeddings, shared_classes, without_bias,
    write_embeddings,
};
pub use error::Error;
pub use format::{Content, content_of};
pub use images::{
    Alpha, Augment, Cell, Channels, CifarLabels, ClassColours, ColourGroup, ColourShare, ColourTextures,
    ContactSheet, Corrupt, Hair, ImageFacts, ImageFormat, ImageOptions, ImageOutput, Layout, Normalisation,
    ReadImages, Resize, SkippedImage, Split, WrittenImages, check_images, encode_png, read_idx_bytes,
    read_images, write_images, write_images_with_shares,
};
pub use imbalance::{CountTable, Imbalance, Keep, make_imbalance, make_imbalance_of};
pub use known_columns::{KnownColumn, KnownColumns, UnknownCategories};
pub use memory::free_memory;
pub use names::texts_of;
pub use options::ReadOptions;
pub use output::{Carry, OutputOptions, output_chunks};
pub use predictions::{
    PredictionColumns, PredictionTable, predictions_of, predictions_of_model, table_of_origins,
    table_of_predictions, whole_rows,
};
pub use prepare::{Missing, Prepared, prepare};
pub use read::{Read, read_bytes, read_table};
pub use roles::{GroupColumns, Roles};
pub use schema::{ColumnSummary, schema_of};
pub use side_file::with_side_columns;
pub use split::{hold_out, stratified_k_fold};
pub use stack::{constant_column, stack};
pub use whole_file::{WholeFile, remove_partial_files};
pub use write::Writer;

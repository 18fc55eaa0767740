//! The vocabulary of Counterpoise: tables, features, labels, groups, seeds, events and the result of resampling.
//!
//! Nothing here opens a file, starts a thread or prints. Every other crate speaks in these types.

mod choices;
mod counted;
mod describe;
mod embeddings;
mod event;
mod features;
mod head;
mod images;
mod labeled;
mod labels;
mod matrix;
mod nearest_name;
mod resampled;
mod seed;
mod table;
mod warning;

pub use choices::plain_name;
pub use counted::{agree, counted, plural};
pub use describe::{Description, Parameter};
pub use embeddings::Embeddings;
pub use event::{Event, Observer};
pub use features::{Domain, Feature, FeatureValues, Features, MISSING, Strided};
pub use head::{HeadKind, LinearHead};
pub use images::{ImageShape, Images, LabeledImages, from_signed, to_signed};
pub use labeled::{Labeled, RowKeys};
pub use labels::{Groups, Labels};
pub use matrix::Matrix;
pub use nearest_name::{nearest_name, typed};
pub use resampled::{Crossing, Order, Origin, OutputRow, Replaced, Resampled, SyntheticValues};
pub use seed::{Branch, Random, Seed};
pub use table::{Column, Kind, Table};
pub use warning::Warning;

//! Documents as vectors: how close two texts are in meaning, where words do not match.

mod distill;
mod eigen;
mod lsa;
mod mini_lm;
mod quantised;
mod sealed;
mod static_table;
mod vectors;
mod word_piece;

pub use distill::{DistillOptions, distill, distill_file};
pub use lsa::{Lsa, LsaOptions};
pub use mini_lm::{AcceptedWeights, MiniLm};
pub use static_table::StaticTable;
pub use vectors::Vectors;
pub use word_piece::WordPiece;

//! Pages that people look at: one HTML file, no network, light and dark.
//!
//! A [`Page`] is a list of sections of blocks. What they mean is the caller's business; how they look is ours.

mod bars;
mod error;
mod page;
mod plot;
mod scatter;

pub use bars::{Bars, Series};
pub use error::Error;
pub use page::{Block, Figure, Page, Section, TableBlock, render};
pub use scatter::{Point, Scatter};

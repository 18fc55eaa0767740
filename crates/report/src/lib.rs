//! Pages that people look at: one HTML file, no network, light and dark.
//!
//! A [`Page`] is a list of sections of blocks. What they mean is the caller's business; how they look is ours.

mod bars;
mod critical_difference;
mod curves;
mod error;
mod heat_map;
mod intervals;
mod page;
mod picture_rows;
mod plot;
mod scatter;
mod sheet;
mod size_and_recall;
mod stacked_bars;

pub use bars::{Bars, Series};
pub use critical_difference::{CriticalDifference, RankedMethod};
pub use curves::{Curve, Curves};
pub use error::Error;
pub use heat_map::{HeatCell, HeatMap};
pub use intervals::{IntervalEntry, IntervalGroup, Intervals};
pub use page::{Block, Figure, Page, Section, TableBlock, Tone, render};
pub use picture_rows::{PictureRow, PictureRows, PictureState, SmallPicture};
pub use scatter::{Point, Scatter};
pub use sheet::Sheet;
pub use size_and_recall::{ClassRecall, SizeAndRecall};
pub use stacked_bars::{Paint, StackedBar, StackedBars, StackedPart, shared_paints};

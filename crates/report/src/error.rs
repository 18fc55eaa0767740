/// What can go wrong while a page is drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A plot cannot show a number.
    #[error("the plot `{caption}` cannot show {value}, {place}")]
    NotFinite {
        /// Caption of the plot.
        caption: String,
        /// The number.
        value: f64,
        /// Which bar or point it is.
        place: String,
    },
    /// Numbers and names of a plot or table do not belong together.
    #[error("`{caption}`: {problem}")]
    Shape {
        /// Caption of the block.
        caption: String,
        /// What does not fit.
        problem: String,
    },
    /// The drawing library failed.
    #[error("the plot `{caption}` could not be drawn: {problem}")]
    Drawing {
        /// Caption of the plot.
        caption: String,
        /// What the library said.
        problem: String,
    },
}

impl Error {
    /// Stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFinite { .. } => "report.not-finite",
            Self::Shape { .. } => "report.shape",
            Self::Drawing { .. } => "report.drawing",
        }
    }
}

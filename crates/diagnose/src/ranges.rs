use counterpoise_base::Embeddings;
use rayon::prelude::*;

/// The smallest and the largest value of every feature, class by class.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    width: usize,
    classes: Vec<Option<Range>>,
}

/// The smallest and the largest value of every feature of some rows, each `(width)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: Vec<f32>,
    pub(crate) high: Vec<f32>,
}

impl Range {
    /// Absent without rows.
    pub(crate) fn of(embeddings: &Embeddings, rows: impl IntoIterator<Item = usize>) -> Option<Self> {
        let mut rows = rows.into_iter();
        let first = embeddings.row(rows.next()?);
        let mut range = Self {
            low: first.to_vec(),
            high: first.to_vec(),
        };
        for row in rows {
            let ends = range.low.iter_mut().zip(&mut range.high);
            for ((low, high), &value) in ends.zip(embeddings.row(row)) {
                *low = low.min(value);
                *high = high.max(value);
            }
        }
        Some(range)
    }

    /// How far a value lies outside of the range of a feature; 0 inside.
    pub(crate) fn excess(&self, feature: usize, value: f32) -> f64 {
        let (low, high) = (f64::from(self.low[feature]), f64::from(self.high[feature]));
        (f64::from(value) - high).max(low - f64::from(value)).max(0.0)
    }
}

impl Ranges {
    /// The ranges of every class of some rows.
    pub fn of(embeddings: &Embeddings) -> Self {
        let mut rows = vec![Vec::new(); embeddings.labels.classes().len()];
        for (row, &class) in embeddings.labels.codes().iter().enumerate() {
            rows[class as usize].push(row);
        }
        Self {
            width: embeddings.width(),
            classes: rows
                .into_par_iter()
                .map(|rows| Range::of(embeddings, rows))
                .collect(),
        }
    }

    /// The ranges of these rows and of others together: a training set and its synthetic rows.
    ///
    /// # Panics
    ///
    /// If the two have different numbers of features or classes.
    pub fn joined(&self, other: &Self) -> Self {
        assert_eq!(self.width, other.width, "as many features");
        assert_eq!(self.classes.len(), other.classes.len(), "as many classes");
        let pairs = self.classes.iter().zip(&other.classes);
        let join = |(a, b): (&Option<Range>, &Option<Range>)| match (a, b) {
            (Some(a), Some(b)) => Some(Range {
                low: a.low.iter().zip(&b.low).map(|(a, b)| a.min(*b)).collect(),
                high: a.high.iter().zip(&b.high).map(|(a, b)| a.max(*b)).collect(),
            }),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Self {
            width: self.width,
            classes: pairs.map(join).collect(),
        }
    }

    /// The smallest and the largest value of every feature of a class, each `(width)`; absent without rows.
    pub fn of_class(&self, class: usize) -> Option<(&[f32], &[f32])> {
        let range = self.range(class)?;
        Some((&range.low, &range.high))
    }

    pub(crate) fn range(&self, class: usize) -> Option<&Range> {
        self.classes.get(class)?.as_ref()
    }
}

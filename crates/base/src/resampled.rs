use crate::{Labels, Warning};

/// What a resampler decided: which rows stay, which are new, and where each new one comes from.
///
/// It copies no input row; whoever holds the table puts the output together.
#[derive(Debug, Clone, Default)]
pub struct Resampled {
    /// Input rows that stay, each at most once unless the method draws with replacement.
    pub kept: Vec<usize>,
    /// The new rows, one entry per feature in the order of the input features.
    pub synthetic: Vec<SyntheticValues>,
    /// Where each new row comes from.
    pub origin: Vec<Origin>,
    /// How kept and new rows follow one another.
    pub order: Order,
    /// Input rows that change class, with the new class; in the order of rows.
    pub relabeled: Vec<(u32, u32)>,
    /// New rows that are in another group than their base, with an input row of their group; in the order of new rows.
    pub placed: Vec<(u32, u32)>,
    /// Features whose values change in the input rows.
    pub replaced: Vec<Replaced>,
    /// A weight for every row of the output, in its order, where the method weighs rows instead of making some.
    pub weights: Option<Vec<f64>>,
    /// How many neighbours were of other groups, where the method knows groups.
    pub crossing: Option<Crossing>,
    /// What looked odd on the way.
    pub warnings: Vec<Warning>,
}

/// New values of a feature for all input rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Replaced {
    /// Place of the feature.
    pub feature: usize,
    /// One value an input row.
    pub values: SyntheticValues,
}

/// How many of the neighbours that new rows could move towards were of another group than their base: whether a method
/// that is meant to blur groups did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crossing {
    /// Neighbours of all bases that were free to be of any group.
    pub neighbors: u64,
    /// Those of another group than their base.
    pub of_other_groups: u64,
}

impl Crossing {
    /// The share of other groups; absent without neighbours.
    pub fn share(&self) -> Option<f64> {
        (self.neighbors > 0).then(|| self.of_other_groups as f64 / self.neighbors as f64)
    }
}

/// One feature of the new rows.
#[derive(Debug, Clone, PartialEq)]
pub enum SyntheticValues {
    /// Numbers in double precision.
    F64(Vec<f64>),
    /// Numbers in single precision, for a feature in single precision.
    F32(Vec<f32>),
    /// Categories, in the codes of the input feature.
    Codes(Vec<u32>),
}

impl SyntheticValues {
    /// The numbers, if they are in double precision.
    pub fn as_f64(&self) -> Option<&[f64]> {
        if let Self::F64(values) = self {
            Some(values)
        } else {
            None
        }
    }

    /// The numbers, if they are in single precision.
    pub fn as_f32(&self) -> Option<&[f32]> {
        if let Self::F32(values) = self {
            Some(values)
        } else {
            None
        }
    }

    /// The codes, if these are categories.
    pub fn as_codes(&self) -> Option<&Vec<u32>> {
        if let Self::Codes(codes) = self {
            Some(codes)
        } else {
            None
        }
    }
}

/// Where a synthetic row comes from: `base + step * (neighbor - away_from)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// Class of the new row.
    pub class: u32,
    /// Input row it starts from; the new row is in the same group, unless it was [`placed`](Resampled::placed).
    pub base: u32,
    /// Input row it moves towards; `base` itself for copies and for noise around one row. With `n` input rows, `n + i` is
    /// the synthetic row `i` that was made before.
    pub neighbor: u32,
    /// Input row of a third parent, from which the way towards `neighbor` is measured; `base` for most methods.
    pub away_from: u32,
    /// How far it moves; 0 for a copy, below 0 for a move away from the neighbour.
    pub step: f64,
}

/// How kept and new rows follow one another in the output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Order {
    /// All kept rows, then all new ones.
    #[default]
    KeptFirst,
    /// Any order: `i < kept.len()` is a kept row, the others are new rows, counted on.
    /// Another library's habit that is replayed may need this.
    Explicit(Vec<u32>),
}

/// One row of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputRow {
    /// The input row of this index.
    Kept(usize),
    /// The synthetic row of this index.
    Synthetic(usize),
}

impl Resampled {
    /// Every input row stays and nothing is new.
    pub fn unchanged(rows: usize) -> Self {
        Self {
            kept: (0..rows).collect(),
            ..Self::default()
        }
    }

    /// Number of rows of the output.
    pub fn len(&self) -> usize {
        match &self.order {
            Order::KeptFirst => self.kept.len() + self.origin.len(),
            Order::Explicit(order) => order.len(),
        }
    }

    /// Whether the output has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at one place of the output.
    pub fn row(&self, place: usize) -> OutputRow {
        let index = match &self.order {
            Order::KeptFirst => place,
            Order::Explicit(order) => order[place] as usize,
        };
        match index.checked_sub(self.kept.len()) {
            None => OutputRow::Kept(self.kept[index]),
            Some(index) => OutputRow::Synthetic(index),
        }
    }

    /// The class of a row of the output; `labels` are those of the input.
    pub fn class_of(&self, row: OutputRow, labels: &Labels) -> u32 {
        match row {
            OutputRow::Synthetic(made) => self.origin[made].class,
            OutputRow::Kept(row) => {
                let changed = self
                    .relabeled
                    .binary_search_by_key(&(row as u32), |&(row, _)| row);
                changed.map_or(labels.codes()[row], |place| self.relabeled[place].1)
            }
        }
    }

    /// The input row that stands for the neighbour of a synthetic row among `rows` input rows: the neighbour, or the base
    /// of a neighbour that is synthetic itself.
    pub fn neighbor_in_input(&self, made: usize, rows: usize) -> usize {
        let neighbor = self.origin[made].neighbor as usize;
        neighbor
            .checked_sub(rows)
            .map_or(neighbor, |made| self.origin[made].base as usize)
    }

    /// The input row in whose group a synthetic row is.
    pub fn row_of_group(&self, made: usize) -> usize {
        let placed = self
            .placed
            .binary_search_by_key(&(made as u32), |&(made, _)| made);
        placed.map_or(self.origin[made].base, |place| self.placed[place].1) as usize
    }

    /// The rows of the output, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = OutputRow> + '_ {
        (0..self.len()).map(|place| self.row(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_order_may_mix_kept_and_new_rows() {
        let origin = Origin {
            class: 0,
            base: 4,
            neighbor: 9,
            away_from: 4,
            step: 0.5,
        };
        let mut result = Resampled {
            kept: vec![4, 9],
            origin: vec![origin],
            ..Resampled::default()
        };
        assert_eq!(result.rows().last(), Some(OutputRow::Synthetic(0)));
        result.order = Order::Explicit(vec![2, 1]);
        let rows: Vec<OutputRow> = result.rows().collect();
        assert_eq!(rows, [OutputRow::Synthetic(0), OutputRow::Kept(9)]);
    }
}

use counterpoise_base::{Groups, Labels};

use crate::predictions::check_weights;
use crate::{Error, Predictions, measure};

/// Rows with a group each, and which class is the favourable one: what group measures are made of.
///
/// Without a privileged group nobody is compared with anybody in particular, and `…-difference` means the largest rate
/// less the smallest. With one, it means all other rows together, less the privileged group.
///
/// ```
/// use counterpoise_base::Groups;
/// use counterpoise_metrics::{GroupMeasure, GroupedRows, Predictions};
///
/// let classes = ["bad".to_owned(), "good".to_owned()];
/// let predictions = Predictions::new(&classes, &[1, 1, 0, 1, 0, 0], &[1, 0, 0, 1, 1, 0])?;
/// let groups = Groups::from_names(&["f", "f", "f", "m", "m", "m"]);
/// let rows = GroupedRows::new(predictions, &groups, "good")?.with_privileged("m")?;
/// let parity: GroupMeasure = "statistical-parity-difference".parse()?;
/// assert_eq!(parity.value(&rows), Some(1.0 / 3.0 - 2.0 / 3.0));
/// # Ok::<(), counterpoise_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupedRows<'a> {
    classes: &'a [String],
    truth: &'a [u32],
    predicted: Option<&'a [u32]>,
    /// `(n, c)` row by row.
    probabilities: Option<&'a [f64]>,
    weights: Option<&'a [f64]>,
    groups: &'a Groups,
    favourable: u32,
    privileged: Option<u32>,
    left_out: Vec<u32>,
    neighbours: Option<(usize, &'a [u32])>,
}

impl<'a> GroupedRows<'a> {
    /// Predictions with a group a row. `favourable` is the class that people want; the others are its rest.
    pub fn new(predictions: Predictions<'a>, groups: &'a Groups, favourable: &str) -> Result<Self, Error> {
        let rows = Self::grouped(predictions.classes(), predictions.truth(), groups, favourable)?;
        Ok(Self {
            predicted: Some(predictions.predicted()),
            probabilities: predictions.probabilities(),
            weights: predictions.weights(),
            ..rows
        })
    }

    /// True classes only, for base rates and what is compared of them: the table before there is a model.
    pub fn of_labels(labels: &'a Labels, groups: &'a Groups, favourable: &str) -> Result<Self, Error> {
        Self::grouped(labels.classes(), labels.codes(), groups, favourable)
    }

    fn grouped(
        classes: &'a [String],
        truth: &'a [u32],
        groups: &'a Groups,
        favourable: &str,
    ) -> Result<Self, Error> {
        if groups.len() != truth.len() {
            return Err(Error::Length {
                what: "the list of groups",
                has: groups.len(),
                needed: truth.len(),
            });
        }
        let place = classes.iter().position(|class| class == favourable);
        let favourable = place.ok_or_else(|| Error::UnknownFavourable {
            class: favourable.into(),
            suggestion: measure::suggest(favourable, classes.iter().map(String::as_str)),
        })?;
        Ok(Self {
            classes,
            truth,
            predicted: None,
            probabilities: None,
            weights: None,
            groups,
            favourable: favourable as u32,
            privileged: None,
            left_out: Vec::new(),
            neighbours: None,
        })
    }

    /// Names the group that all others are compared with.
    pub fn with_privileged(mut self, group: &str) -> Result<Self, Error> {
        self.privileged = Some(self.group(group)?);
        Ok(self)
    }

    /// Adds a weight a row: finite and at least 0, not all of them 0.
    pub fn with_weights(mut self, weights: &'a [f64]) -> Result<Self, Error> {
        check_weights(weights, self.len())?;
        self.weights = Some(weights);
        Ok(self)
    }

    /// Leaves a group out of what compares group with group: largest and smallest rates, distances to all rows,
    /// differential fairness. Its rows stay in totals, in the rest and in tables.
    ///
    /// A group of five rows has rates of no meaning, or none, and would decide every such number.
    pub fn with_left_out(mut self, group: &str) -> Result<Self, Error> {
        let code = self.group(group)?;
        if !self.left_out.contains(&code) {
            self.left_out.push(code);
        }
        Ok(self)
    }

    /// Adds the neighbours of each row, `(n, k)` row by row, for consistency. AIF360 counts a row among its own.
    pub fn with_neighbours(mut self, k: usize, neighbours: &'a [u32]) -> Result<Self, Error> {
        if k == 0 {
            return Err(Error::OutOfRange {
                option: "k",
                value: "0".into(),
                range: "at least 1",
            });
        }
        if neighbours.len() != self.len() * k {
            return Err(Error::Length {
                what: "the table of neighbours",
                has: neighbours.len(),
                needed: self.len() * k,
            });
        }
        if let Some(&row) = neighbours.iter().find(|&&row| row as usize >= self.len()) {
            return Err(Error::UnknownRow {
                row: row as usize + 1,
                rows: self.len(),
            });
        }
        self.neighbours = Some((k, neighbours));
        Ok(self)
    }

    pub(crate) fn group(&self, name: &str) -> Result<u32, Error> {
        self.groups.code_of(name).ok_or_else(|| Error::UnknownGroup {
            group: name.into(),
            suggestion: measure::suggest(name, self.groups.classes().iter().map(String::as_str)),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// The group of every row.
    pub fn groups(&self) -> &'a Groups {
        self.groups
    }

    /// The class that people want.
    pub fn favourable(&self) -> &'a str {
        &self.classes[self.favourable as usize]
    }

    /// The group that all others are compared with.
    pub fn privileged(&self) -> Option<&'a str> {
        self.privileged
            .map(|group| self.groups.classes()[group as usize].as_str())
    }

    pub(crate) fn privileged_code(&self) -> Option<usize> {
        self.privileged.map(|group| group as usize)
    }

    /// Whether a group takes no part in what compares group with group.
    pub fn is_left_out(&self, group: u32) -> bool {
        self.left_out.contains(&group)
    }

    /// Whether there are predicted classes.
    pub fn has_predictions(&self) -> bool {
        self.predicted.is_some()
    }

    /// Whether there are scores.
    pub fn has_scores(&self) -> bool {
        self.probabilities.is_some()
    }

    pub(crate) fn has_weights(&self) -> bool {
        self.weights.is_some()
    }

    pub(crate) fn has_neighbours(&self) -> bool {
        self.neighbours.is_some()
    }

    /// The weight of one row; 1 where there are no weights.
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Whether the true class of a row is the favourable one.
    pub fn is_deserving(&self, row: usize) -> bool {
        self.truth[row] == self.favourable
    }

    /// Whether the predicted class of a row is the favourable one; without predictions, the true one.
    pub fn is_chosen(&self, row: usize) -> bool {
        self.predicted.unwrap_or(self.truth)[row] == self.favourable
    }

    /// The probability of the favourable class.
    pub fn score_of(&self, row: usize) -> Option<f64> {
        self.probabilities
            .map(|values| values[row * self.classes.len() + self.favourable as usize])
    }

    /// How far a row's outcome is from the mean outcome of its neighbours.
    pub(crate) fn distance_to_neighbours(&self, row: usize, outcome: impl Fn(usize) -> bool) -> Option<f64> {
        let (k, neighbours) = self.neighbours?;
        let near = &neighbours[row * k..(row + 1) * k];
        let chosen = near.iter().filter(|&&near| outcome(near as usize)).count();
        let own = f64::from(u8::from(outcome(row)));
        Some((own - chosen as f64 / k as f64).abs())
    }
}

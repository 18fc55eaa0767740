use std::ops::ControlFlow;

use counterpoise_base::{Event, Features, Groups, Labeled, Labels, Observer, Replaced, Resampled, Seed};
use counterpoise_neighbors::MissingValues;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Direction, Error, Strategy};

/// A method that changes how many rows each class has.
pub trait Resample {
    /// Decides which rows stay and makes new ones.
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error>;

    /// What the result holds besides rows.
    fn kind(&self) -> Kind {
        Kind::Rows
    }

    /// What rows of a test table have to go through before a model sees them that was trained on the resampled `data`;
    /// nothing for methods that leave features as they are.
    fn transform(&self, _data: &Labeled<'_>, _run: &Run<'_>) -> Result<Option<Box<dyn Transform>>, Error> {
        Ok(None)
    }

    /// What [`resample`](Self::resample) will do to the class counts, without doing it.
    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error>;
}

/// What a method does to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Makes rows from one or two parents, or removes some.
    #[default]
    Rows,
    /// Makes rows from three parents.
    RowsOfThree,
    /// Weighs rows.
    Weights,
    /// Changes classes or features of rows.
    Values,
}

/// What a method that changes features has to do to rows that come later: those of a test table.
pub trait Transform: Send + Sync {
    /// New values for some features of other rows of the same columns and groups.
    fn apply(&self, features: &Features<'_>, groups: &Groups) -> Result<Vec<Replaced>, Error>;
}

/// What every method needs besides data and options.
#[derive(Clone)]
pub struct Run<'a> {
    /// Root of all native draws.
    pub seed: Seed,
    /// The same number for the numpy stream, which takes 32 bits.
    pub numpy_seed: u32,
    /// Who draws.
    pub chooser: Chooser,
    /// What distances do with missing values.
    pub missing: MissingValues,
    /// Who hears of progress.
    pub observer: &'a dyn Observer,
}

impl Run<'_> {
    /// A run with the native chooser that refuses missing values and tells nobody.
    pub fn new(seed: u64) -> Self {
        Run {
            seed: Seed::new(seed),
            numpy_seed: seed as u32,
            chooser: Chooser::Native,
            missing: MissingValues::Refuse,
            observer: &(),
        }
    }

    /// Sets [`chooser`](Self::chooser).
    pub fn with_chooser(mut self, chooser: Chooser) -> Self {
        self.chooser = chooser;
        self
    }

    pub(crate) fn tell(&self, task: &str, done: usize, total: usize) -> Result<(), Error> {
        match self.observer.observe(&Event::Progress {
            task,
            done: done as u64,
            total: total as u64,
        }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}

/// Who draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Chooser {
    /// Draws belong to rows: the same for any number of threads, order of rows with ids, or further classes, and
    /// asking for more rows keeps the earlier ones.
    #[default]
    Native,
    /// Replays imbalanced-learn 0.14 with the same integer seed, row for row, where no neighbour distances tie.
    Numpy,
}

/// What to do with a class that has no more rows than neighbours are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FewRows {
    /// Use the neighbours there are, and warn. A single row is an error, but for methods that say otherwise.
    #[default]
    Shrink,
    /// Copy rows of the class instead of interpolating, and warn.
    Duplicate,
    /// Stop.
    Error,
}

/// Class counts before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// One entry a class, in class order.
    pub classes: Vec<PlannedClass>,
}

/// One class of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedClass {
    /// Name of the class.
    pub class: String,
    /// Rows now.
    pub before: usize,
    /// Rows after; `None` where only running the method can tell.
    pub after: Option<usize>,
    /// Rows there may be at once at most, which memory has to hold.
    pub at_most: usize,
}

impl Plan {
    /// Follows a strategy to the letter.
    pub(crate) fn of(labels: &Labels, strategy: &Strategy, direction: Direction) -> Result<Self, Error> {
        let targets = strategy.targets(labels, direction)?;
        let change = |code| {
            targets
                .changes
                .iter()
                .find(|(class, _)| *class == code)
                .map(|(_, rows)| *rows)
        };
        let class = |(code, (class, before)): (usize, (&String, usize))| {
            let after = match (direction, change(code as u32)) {
                (_, None) => Some(before),
                (Direction::Over, Some(made)) => Some(before + made),
                (Direction::Under, Some(kept)) => Some(kept),
                (Direction::Clean, Some(_)) => None,
            };
            PlannedClass {
                class: class.clone(),
                before,
                after,
                at_most: after.map_or(before, |after| after.max(before)),
            }
        };
        Ok(Self {
            classes: labels
                .classes()
                .iter()
                .zip(labels.counts())
                .enumerate()
                .map(class)
                .collect(),
        })
    }

    /// Rows before.
    pub fn before(&self) -> usize {
        self.classes.iter().map(|class| class.before).sum()
    }

    /// Rows after, or `None` where only running the method can tell.
    pub fn after(&self) -> Option<usize> {
        self.classes.iter().map(|class| class.after).sum()
    }
}

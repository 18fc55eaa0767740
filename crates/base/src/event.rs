use std::ops::ControlFlow;

/// Hears how a long task goes on, and can ask it to stop.
///
/// `()` is an observer that hears nothing.
pub trait Observer: Sync {
    /// Hears one event. `Break` asks the task to stop at the next safe point.
    ///
    /// Any thread may call this; events of one task arrive with growing `done`, except that two threads
    /// may overtake one another by one step.
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()>;
}

impl Observer for () {
    fn observe(&self, _: &Event<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// What a task tells while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `done` of `total` units of `task` are finished.
    Progress {
        /// What is done, as a verb and its object: `reading german.csv`, `finding neighbors`.
        task: &'a str,
        /// Units finished.
        done: u64,
        /// Units in all; 0 if nobody knows.
        total: u64,
    },
    /// A network has seen its training data once more.
    Epoch {
        /// The same words as in its [`Event::Progress`].
        task: &'a str,
        /// Epochs finished.
        epoch: u64,
        /// Epochs in all.
        of: u64,
        /// What was measured, by name: the loss first.
        numbers: &'a [(&'a str, f64)],
    },
    /// Networks compute on a graphics card.
    Card {
        /// What it calls itself.
        name: &'a str,
        /// Whether it is a program that plays a graphics card on the processor.
        software: bool,
    },
    /// A task ended.
    Finished {
        /// The same words as in its [`Event::Progress`].
        task: &'a str,
    },
}

use std::sync::atomic::{AtomicU64, Ordering};

use counterpoise_base::{Event, Observer};

use crate::Error;

/// Counts finished steps of a task from any thread, and asks whether to go on.
pub(crate) struct Steps<'a> {
    task: &'static str,
    total: u64,
    done: AtomicU64,
    observer: &'a dyn Observer,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(task: &'static str, total: usize, observer: &'a dyn Observer) -> Self {
        Self {
            task,
            total: total as u64,
            done: AtomicU64::new(0),
            observer,
        }
    }

    /// One step more is done.
    pub(crate) fn step(&self) -> Result<(), Error> {
        let event = Event::Progress {
            task: self.task,
            done: self.done.fetch_add(1, Ordering::Relaxed) + 1,
            total: self.total,
        };
        self.tell(&event)
    }

    /// All steps are done.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.tell(&Event::Finished { task: self.task })
    }

    fn tell(&self, event: &Event<'_>) -> Result<(), Error> {
        if self.observer.observe(event).is_break() {
            return Err(Error::Stopped);
        }
        Ok(())
    }
}

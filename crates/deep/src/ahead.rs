//! Work that is prepared while other work is done.

use std::ops::Range;
use std::sync::mpsc::sync_channel;

/// What is prepared and not yet asked for, at most; memory holds as many.
const READY: usize = 2;

/// Hands `take` what `make` makes of every place, in their order. A thread of its own makes the next while the last is taken, and
/// stops early when `take` fails.
pub(crate) fn ahead<T: Send, E>(
    places: Range<usize>,
    make: impl Fn(usize) -> T + Send,
    mut take: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(READY - 1);
        let made = places.clone();
        scope.spawn(move || {
            for place in made {
                if sender.send(make(place)).is_err() {
                    return;
                }
            }
        });
        for (place, made) in places.zip(receiver) {
            take(place, made)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn everything_arrives_in_order() {
        let mut seen = Vec::new();
        let taken: Result<(), ()> = ahead(
            3..50,
            |place| place * 2,
            |place, made| {
                assert_eq!(made, place * 2);
                seen.push(place);
                Ok(())
            },
        );
        assert_eq!(taken, Ok(()));
        assert!(seen.into_iter().eq(3..50));
    }

    #[test]
    fn a_failure_stops_what_prepares() {
        let made = AtomicUsize::new(0);
        let taken = ahead(
            0..1000,
            |_| made.fetch_add(1, Ordering::Relaxed),
            |place, _| if place == 2 { Err("enough") } else { Ok(()) },
        );
        assert_eq!(taken, Err("enough"));
        // Three were taken, and as many lay ready or were being made.
        assert!(made.into_inner() <= 3 + READY + 1);
    }

    #[test]
    fn the_next_is_made_while_the_last_is_taken() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let taken: Result<(), ()> = ahead(
            0..2,
            move |place| sender.send(place).expect("somebody waits"),
            |place, ()| {
                if place == 0 {
                    // Both, though the second was not asked for.
                    assert_eq!(receiver.recv(), Ok(0));
                    assert_eq!(receiver.recv(), Ok(1));
                }
                Ok(())
            },
        );
        assert_eq!(taken, Ok(()));
    }
}

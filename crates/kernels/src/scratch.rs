//! Room for intermediate numbers, kept by every thread, since giving it back to the system and asking anew costs more than some
//! of the work.

use std::cell::RefCell;

/// Numbers at the start of a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct Scratch(Vec<f32>);

const LINE: usize = 64;

impl Scratch {
    /// `len` numbers, some of them left from earlier work.
    pub(crate) fn get(&mut self, len: usize) -> &mut [f32] {
        let spare = LINE / size_of::<f32>();
        if self.0.len() < len + spare {
            // Nothing of what was there is wanted, so it goes before its successor comes.
            self.0 = Vec::new();
            self.0 = vec![0.0; len + spare];
        }
        let first = self.0.as_ptr().align_offset(LINE).min(spare);
        &mut self.0[first..first + len]
    }
}

thread_local! {
    static SCRATCH: RefCell<[Scratch; 2]> = RefCell::default();
}

/// Lends this thread's two pieces of scratch; what runs within borrows none.
pub(crate) fn with<R>(work: impl FnOnce(&mut [Scratch; 2]) -> R) -> R {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        // A thread that waits inside such work may be given more of it.
        Err(_) => work(&mut <[Scratch; 2]>::default()),
    })
}

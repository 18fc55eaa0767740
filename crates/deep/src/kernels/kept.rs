//! Room for tensors that is kept and lent again. What the system gives anew it clears page by page, which takes a tenth of a
//! training step.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Bytes, DType, Shape, TensorData};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty};

/// Numbers below which the program's allocator is as fast.
const SMALL: usize = 16 * 1024;

/// Room that nobody uses, by its length, and how much is used.
#[derive(Debug)]
struct Kept {
    free: BTreeMap<usize, Vec<Vec<f32>>>,
    free_len: usize,
    lent: usize,
    /// The most that was ever lent at once.
    most: usize,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept {
    free: BTreeMap::new(),
    free_len: 0,
    lent: 0,
    most: 0,
});

fn kept() -> MutexGuard<'static, Kept> {
    // Nothing in here stops half way.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room for `len` numbers, which holds whatever was in it before.
#[derive(Debug)]
pub(super) struct Room {
    /// May be longer.
    values: Vec<f32>,
    len: usize,
}

impl Room {
    pub(super) fn new(len: usize) -> Self {
        if len < SMALL {
            return Self {
                values: vec![0.0; len],
                len,
            };
        }
        let mut kept = kept();
        let values = kept.take(len).unwrap_or_else(|| {
            kept.make_room(len);
            vec![0.0; len]
        });
        kept.lent += values.len();
        kept.most = kept.most.max(kept.lent);
        Self { values, len }
    }

    pub(super) fn values(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }

    /// The numbers as a tensor's, which gives the room back when it is dropped.
    #[expect(
        unsafe_code,
        reason = "Burn takes foreign memory by a function that is unsafe"
    )]
    pub(super) fn into_data(self, shape: impl Into<Shape>) -> TensorData {
        let len = self.len * size_of::<f32>();
        // SAFETY: the controller owns at least `len` bytes, all of them initialised, until it is dropped.
        let bytes = unsafe { Bytes::from_controller(Box::new(self), len) };
        TensorData::from_bytes(bytes, shape.into(), DType::F32)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.values.len() < SMALL {
            return;
        }
        let values = std::mem::take(&mut self.values);
        let mut kept = kept();
        kept.lent -= values.len();
        kept.put(values);
    }
}

impl Kept {
    /// What is free and at most a quarter too long.
    fn take(&mut self, len: usize) -> Option<Vec<f32>> {
        let (&found, some) = self.free.range_mut(len..=len + len / 4).next()?;
        let values = some.pop()?;
        if some.is_empty() {
            self.free.remove(&found);
        }
        self.free_len -= found;
        Some(values)
    }

    fn put(&mut self, values: Vec<f32>) {
        self.free_len += values.len();
        self.free.entry(values.len()).or_default().push(values);
    }

    /// Gives the longest away until what is kept and what is lent, `len` more included, is no more than was lent at once.
    fn make_room(&mut self, len: usize) {
        while self.free_len > 0 && self.lent + self.free_len + len > self.most {
            let Some(mut longest) = self.free.last_entry() else {
                return;
            };
            let given = longest.get_mut().pop().map_or(0, |values| values.len());
            if longest.get().is_empty() {
                longest.remove();
            }
            self.free_len -= given;
        }
    }
}

/// Gives all that nobody uses back to the system when a long piece of work is over.
#[derive(Debug)]
pub(crate) struct GivesBack;

impl Drop for GivesBack {
    fn drop(&mut self) {
        let mut kept = kept();
        kept.free.clear();
        kept.free_len = 0;
        kept.most = kept.lent;
    }
}

#[expect(unsafe_code, reason = "the trait has a function that is unsafe to call")]
impl AllocationController for Room {
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self, _: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let len = size_of_val(self.values.as_slice());
        // SAFETY: the bytes of the numbers, borrowed as long as `self`; the caller writes initialised bytes only, and any bits
        // are a number.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.values.as_mut_ptr().cast(), len) })
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let len = size_of_val(self.values.as_slice());
        // SAFETY: the bytes of the numbers, borrowed as long as `self`.
        Ok(unsafe { std::slice::from_raw_parts(self.values.as_ptr().cast(), len) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_becomes_a_tensor_and_is_lent_again() {
        let len = SMALL + 1234;
        let mut room = Room::new(len);
        room.values().fill(2.5);
        let address = room.values().as_ptr();
        let data = room.into_data([2, len / 2]);
        assert_eq!(data.as_slice::<f32>().expect("numbers"), vec![2.5; len]);
        drop(data);
        // Other tests may take it first; nobody gets it twice.
        let (mut one, mut two) = (Room::new(len), Room::new(len));
        assert_ne!(one.values().as_ptr(), two.values().as_ptr());
        assert!([one.values().as_ptr(), two.values().as_ptr()].contains(&address) || kept().most > 2 * len);
    }

    #[test]
    fn more_is_not_kept_than_was_lent_at_once() {
        let mut own = Kept {
            free: BTreeMap::new(),
            free_len: 0,
            lent: 0,
            most: 100,
        };
        own.put(vec![0.0; 60]);
        own.put(vec![0.0; 40]);
        assert!(own.take(30).is_none(), "40 are more than a quarter too many");
        own.make_room(50);
        assert_eq!(own.free_len, 40);
        assert_eq!(own.take(35).map(|values| values.len()), Some(40));
        assert_eq!(own.free_len, 0);
        assert!(own.free.is_empty());
    }
}

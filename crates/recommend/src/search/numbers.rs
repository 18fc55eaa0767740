use rayon::prelude::*;

/// A set of numbers of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbers {
    bits: Vec<u64>,
    length: u32,
}

impl Numbers {
    pub(crate) fn none(length: u32) -> Self {
        Self {
            bits: vec![0; length.div_ceil(64) as usize],
            length,
        }
    }

    /// Those below `length` that fit.
    pub(crate) fn that(length: u32, fits: impl Fn(u32) -> bool + Sync) -> Self {
        let word = |place: u32| {
            let first = place * 64;
            let numbers = first..length.min(first.saturating_add(64));
            numbers.fold(0, |bits, number| {
                bits | u64::from(fits(number)) << (number - first)
            })
        };
        let bits = (0..length.div_ceil(64)).into_par_iter().with_min_len(256);
        Self {
            bits: bits.map(word).collect(),
            length,
        }
    }

    pub(crate) fn insert(&mut self, number: u32) {
        self.bits[number as usize / 64] |= 1 << (number % 64);
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.bits[number as usize / 64] & (1 << (number % 64)) != 0
    }

    pub(crate) fn and(&mut self, other: &Self) {
        self.bits
            .iter_mut()
            .zip(&other.bits)
            .for_each(|(mine, theirs)| *mine &= theirs);
    }

    pub(crate) fn or(&mut self, other: &Self) {
        self.bits
            .iter_mut()
            .zip(&other.bits)
            .for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(crate) fn not(&mut self) {
        self.bits.iter_mut().for_each(|bits| *bits = !*bits);
        let used = self.length % 64;
        if used > 0
            && let Some(last) = self.bits.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.iter().enumerate().flat_map(|(place, &bits)| {
            let mut left = bits;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    place as u32 * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_follow_the_rules_of_sets() {
        let mut set = Numbers::none(70);
        set.insert(3);
        set.insert(69);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 69]);
        set.not();
        assert_eq!((set.count(), set.contains(3), set.contains(4)), (68, false, true));
        let mut other = Numbers::none(70);
        other.insert(4);
        other.insert(69);
        let mut both = set.clone();
        both.and(&other);
        assert_eq!(both.iter().collect::<Vec<_>>(), [4]);
        set.or(&other);
        assert_eq!(set.count(), 69);
        let third = Numbers::that(70, |number| number % 3 == 0);
        assert_eq!(
            (third.count(), third.contains(69), third.contains(68)),
            (24, true, false)
        );
    }
}

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Where all randomness of a run comes from: a root, and branches with names.
///
/// A branch depends on its path of names only, never on what was drawn elsewhere, so that neither a second
/// thread nor one more class changes a draw.
///
/// ```
/// use counterpoise_base::Seed;
///
/// let class = Seed::new(42).child("smote").child("rare");
/// assert_eq!(class.child(7).rng().below(100), class.child(7).rng().below(100));
/// assert_ne!(class.child(7), class.child(8));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// The name of a branch: a text or a number. `1` and `"1"` are different branches.
pub trait Branch {
    /// Feeds the name to the hash, with a mark of its type.
    fn feed(&self, write: &mut dyn FnMut(&[u8]));
}

impl Branch for &str {
    fn feed(&self, write: &mut dyn FnMut(&[u8])) {
        write(b"text");
        write(self.as_bytes());
    }
}

impl Branch for &[u8] {
    fn feed(&self, write: &mut dyn FnMut(&[u8])) {
        write(b"bytes");
        write(self);
    }
}

impl Branch for u64 {
    fn feed(&self, write: &mut dyn FnMut(&[u8])) {
        write(b"number");
        write(&self.to_le_bytes());
    }
}

impl Seed {
    /// The root that belongs to a number.
    pub fn new(number: u64) -> Self {
        Self(Sha256::digest(number.to_le_bytes()).into())
    }

    /// The branch called `name`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "names are numbers and borrowed texts"
    )]
    pub fn child(&self, name: impl Branch) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        name.feed(&mut |bytes| hash.update(bytes));
        Self(hash.finalize().into())
    }

    /// A generator that starts at the beginning of this branch.
    pub fn rng(&self) -> Random {
        Random(ChaCha8Rng::from_seed(self.0))
    }

    /// Puts rows into an order of chance, so that the first `m` of them are a fair draw. Where a row comes depends on the
    /// branch and on the row alone.
    pub fn shuffled(&self, rows: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let key = |row: usize| (self.child(row as u64).number(), row);
        let mut keyed: Vec<(u64, usize)> = rows.into_iter().map(key).collect();
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    /// One number that stands for the branch: a priority to sort rows by.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.0[..8].try_into().expect("a seed has 32 bytes"))
    }
}

/// A stream of random numbers.
///
/// The bits are those of the generator; how they become integers and fractions is fixed here, so that results outlive
/// upgrades of any library.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Fills `words` with random bits: those of as many calls of [`bits`](Self::bits), sooner.
    pub fn fill(&mut self, words: &mut [u64]) {
        let mut bytes = [0; 512];
        for words in words.chunks_mut(bytes.len() / 8) {
            let bytes = &mut bytes[..8 * words.len()];
            self.0.fill_bytes(bytes);
            for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = u64::from_le_bytes(bytes.try_into().expect("a word has 8 bytes"));
            }
        }
    }

    /// An integer in `0..bound`, each equally likely.
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is no integer below 0");
        let bound = bound as u64;
        // Lemire's multiplication; the rejected low products are those that would make some values likelier.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.bits()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// A fraction in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number of the standard normal distribution (Marsaglia's polar method, one value a call).
    pub fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.fraction() - 1.0;
            let y = 2.0 * self.fraction() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_stream_is_fixed_forever() {
        let mut random = Seed::new(42).child("smote").child("rare").child(7).rng();
        let drawn: Vec<usize> = (0..6).map(|_| random.below(1000)).collect();
        assert_eq!(
            drawn, FIXED,
            "a change of this stream changes every result for the same seed"
        );
    }

    const FIXED: [usize; 6] = [374, 504, 222, 332, 540, 301];

    #[test]
    fn many_bits_are_those_of_many_calls() {
        let (mut one, mut many) = (Seed::new(5).rng(), Seed::new(5).rng());
        let mut words = [0; 150];
        for count in [1, 7, 64, 150] {
            many.fill(&mut words[..count]);
            assert!(words[..count].iter().all(|&word| word == one.bits()));
        }
    }

    #[test]
    fn a_further_row_leaves_the_order_of_the_others() {
        let seed = Seed::new(9);
        let more = seed.shuffled(0..20);
        let fewer: Vec<usize> = more.iter().copied().filter(|&row| row != 7).collect();
        assert_eq!(seed.shuffled((0..20).filter(|&row| row != 7)), fewer);
        assert_ne!(more, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn names_and_numbers_are_different_branches() {
        assert_ne!(Seed::new(1).child("1"), Seed::new(1).child(1));
        assert_ne!(
            Seed::new(1).child("ab").child("c"),
            Seed::new(1).child("a").child("bc")
        );
    }

    #[test]
    fn fractions_fill_the_unit_interval() {
        let mut random = Seed::new(3).rng();
        let mean = (0..10_000).map(|_| random.fraction()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }

    #[test]
    fn normals_have_unit_variance() {
        let mut random = Seed::new(4).rng();
        let square = (0..10_000).map(|_| random.normal().powi(2)).sum::<f64>() / 10_000.0;
        assert!((square - 1.0).abs() < 0.05, "mean square {square}");
    }

    proptest! {
        #[test]
        fn integers_stay_below_their_bound(seed: u64, bound in 1_usize..1_000_000) {
            prop_assert!(Seed::new(seed).rng().below(bound) < bound);
        }
    }
}

//! numpy's legacy stream: MT19937 and the ways in which `RandomState` turns its words into draws.
//!
//! Frozen by numpy's own policy, so that the numbers here are good for any version. Checked against recorded
//! draws in the tests.

const WORDS: usize = 624;
const SHIFT: usize = 397;

/// `numpy.random.RandomState(seed)` for an integer seed.
#[derive(Debug, Clone)]
pub struct NumpyRandom {
    state: [u32; WORDS],
    next: usize,
    /// The second normal of the last pair.
    spare: Option<f64>,
}

impl NumpyRandom {
    /// The stream of an integer seed.
    pub fn new(seed: u32) -> Self {
        let mut state = [0; WORDS];
        let mut word = seed;
        for (place, slot) in state.iter_mut().enumerate() {
            *slot = word;
            word = 1_812_433_253_u32
                .wrapping_mul(word ^ (word >> 30))
                .wrapping_add(place as u32 + 1);
        }
        Self {
            state,
            next: WORDS,
            spare: None,
        }
    }

    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            for i in 0..WORDS {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % WORDS] & 0x7fff_ffff);
                let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + SHIFT) % WORDS] ^ (y >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `random_sample()`: 53 bits in `[0, 1)`.
    pub fn double(&mut self) -> f64 {
        let (high, low) = (f64::from(self.word() >> 5), f64::from(self.word() >> 6));
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// `uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.double()
    }

    /// `randint(bound)`: masked rejection over as many bits as `bound - 1` has.
    ///
    /// # Panics
    ///
    /// If `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is no integer below 0");
        let largest = (bound - 1) as u64;
        if largest == 0 {
            return 0;
        }
        let mask = u64::MAX >> largest.leading_zeros();
        loop {
            let bits = if u32::try_from(largest).is_ok() {
                u64::from(self.word())
            } else {
                let high = u64::from(self.word());
                (high << 32) | u64::from(self.word())
            };
            if bits & mask <= largest {
                return (bits & mask) as usize;
            }
        }
    }

    /// `permutation(n)`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// `choice(n, size, replace)`.
    pub fn choice(&mut self, n: usize, size: usize, replace: bool) -> Vec<usize> {
        if replace {
            (0..size).map(|_| self.below(n)).collect()
        } else {
            let mut order = self.permutation(n);
            order.truncate(size);
            order
        }
    }

    /// `randn()`: Marsaglia's polar method, the second value of a pair first.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let x = 2.0 * self.double() - 1.0;
            let y = 2.0 * self.double() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * x);
                return factor * y;
            }
        }
    }
}

/// `numpy.sum` of a vector: pairwise, eight sums side by side in blocks of 128. The last bit can decide a rounding.
pub(crate) fn numpy_sum(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().sum();
    }
    if values.len() <= 128 {
        let mut sums: [f64; 8] = std::array::from_fn(|lane| values[lane]);
        let blocks = values.chunks_exact(8);
        let rest = blocks.remainder();
        for block in blocks.skip(1) {
            for (sum, value) in sums.iter_mut().zip(block) {
                *sum += value;
            }
        }
        let [a, b, c, d, e, f, g, h] = sums;
        return rest
            .iter()
            .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| {
                sum + value
            });
    }
    let half = values.len() / 2;
    let (left, right) = values.split_at(half - half % 8);
    numpy_sum(left) + numpy_sum(right)
}

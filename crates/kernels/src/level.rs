use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Simd, WithSimd};

/// Which instructions do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// What every processor of its kind has: SSE2, NEON.
    Baseline,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512.
    Avx512,
}

/// A place in [`Level::ALL`].
static LIMIT: AtomicUsize = AtomicUsize::new(2);

impl Level {
    /// All, slowest first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// The fastest that this processor has, or [`limit`](Self::limit) allows.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        let best = *BEST.get_or_init(|| {
            let mut fastest_first = Self::ALL.into_iter().rev();
            fastest_first
                .find(|level| level.is_there())
                .unwrap_or(Self::Baseline)
        });
        best.min(Self::ALL[LIMIT.load(Ordering::Relaxed)])
    }

    /// Makes [`best`](Self::best) no faster than this, in the whole process and until it is called again.
    pub fn limit(self) {
        LIMIT.store(self as usize, Ordering::Relaxed);
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_there(self) -> bool {
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// This one, or the baseline where the processor has no such instructions.
    pub(crate) fn usable(self) -> Self {
        if self.is_there() { self } else { Self::Baseline }
    }

    /// Numbers in a vector.
    pub const fn lanes(self) -> usize {
        match self {
            Self::Baseline => 4,
            Self::Avx2 => 8,
            Self::Avx512 => 16,
        }
    }

    /// Runs `work` with vectors of this level, or of the baseline where the processor has none such.
    pub(crate) fn run<W: WithSimd>(self, work: W) -> W::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512
                && let Some(simd) = pulp::x86::V4::try_new()
            {
                return pulp::Simd::vectorize(simd, work);
            }
            if self == Self::Avx2
                && let Some(simd) = pulp::x86::V3::try_new()
            {
                return pulp::Simd::vectorize(simd, work);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(simd) = pulp::aarch64::Neon::try_new() {
            return pulp::Simd::vectorize(simd, work);
        }
        pulp::Simd::vectorize(pulp::Scalar128b, work)
    }
}

/// `a * b + c`, in one instruction where vectors have it. The baseline of x86 has none, and would call a function for each number.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == Level::Baseline.lanes() && cfg!(not(target_arch = "aarch64")) {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}

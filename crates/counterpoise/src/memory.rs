use counterpoise_data::free_memory;

use crate::Error;

/// Refuses what this machine has no room for, rather than be ended by it half way. `what` takes `needed` bytes, about.
pub(crate) fn has_room(needed: u128, place: &str, what: &str, hint: &str) -> Result<(), Error> {
    let Some(free) = free_memory() else { return Ok(()) };
    if needed <= u128::from(free) {
        return Ok(());
    }
    let gigabytes = |bytes: u128| (bytes as f64 / 1e9).ceil();
    Err(Error::Config {
        place: place.into(),
        problem: format!(
            "{what} take {} GB of memory, and {} GB are free",
            gigabytes(needed),
            gigabytes(u128::from(free))
        ),
        hint: Some(hint.into()),
    })
}

/// The most memory that this process holds from now on, where the system tells.
pub(crate) struct PeakMemory {
    status: &'static str,
}

impl PeakMemory {
    /// Forgets what was the most before; absent where the system cannot.
    pub(crate) fn start() -> Option<Self> {
        // `5` sets the peak to what is held now: proc(5).
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
        Some(Self {
            status: "/proc/self/status",
        })
    }

    /// In bytes.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(self.status).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(1024 * kilobytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_seen_after_it_is_over() {
        // Some systems do not tell.
        let Some(peak) = PeakMemory::start() else { return };
        let before = peak.bytes().expect("it tells");
        drop(std::hint::black_box(vec![1_u8; 64 << 20]));
        assert!(peak.bytes().expect("it tells") >= before + (48 << 20));
    }
}

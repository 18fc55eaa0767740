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

//! Which instructions our kernels on the processor may use, for whoever wants the digits of an older one.

use counterpoise_kernels::Level;

use crate::Error;

/// The variable of the environment that limits them.
const VARIABLE: &str = "COUNTERPOISE_VECTORS";

/// Obeys the variable, where it is set.
pub(crate) fn obey() -> Result<(), Error> {
    match std::env::var(VARIABLE) {
        // Empty is unset, as shells have it.
        Ok(name) if !name.is_empty() => {
            level(&name)?.limit();
            Ok(())
        }
        _ => Ok(()),
    }
}

fn level(name: &str) -> Result<Level, Error> {
    let level = Level::ALL
        .into_iter()
        .find(|level| level.name().eq_ignore_ascii_case(name));
    level
        .filter(|level| level.is_there())
        .ok_or_else(|| Error::NoSuchVectors {
            name: name.to_owned(),
            there: Level::ALL
                .into_iter()
                .filter(|level| level.is_there())
                .map(Level::name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_processor_lacks_is_refused_with_what_it_has() {
        assert_eq!(level("baseline").unwrap(), Level::Baseline);
        assert_eq!(level("Baseline").unwrap(), Level::Baseline);
        let error = level("sse9").unwrap_err();
        assert!(error.to_string().contains("`sse9`"), "{error}");
        assert!(error.hint().unwrap().contains("baseline"));
    }
}

use std::path::Path;

use counterpoise_base::{Warning, agree};
use counterpoise_deep::{Inputs, SavedClassifier};

use super::Reads;

/// How many of these rows a network was trained on, in words, if it says so and if there are any: `some` calls those that were
/// looked at, such as `pictures held out here`.
///
/// Pictures are known by their bytes, rows of a table by the numbers that they become; two cases of a table may be equal.
pub(crate) fn known_rows(
    saved: &SavedClassifier,
    inputs: Inputs<'_>,
    some: &str,
    file: &Path,
) -> Option<Warning> {
    let known = saved.trained_on.as_ref()?.known(inputs);
    if known.rows == 0 {
        return None;
    }
    let about = if known.exact { "" } else { "about " };
    let (rows, of, file) = (known.rows, inputs.len(), file.display());
    let start = format!("`{file}`: {about}{rows} of {of} {some}");
    let (verb, those) = (agree(rows, "is", "are"), agree(rows, "it", "them"));
    Some(match Reads::of(&saved.about) {
        Reads::Pictures => Warning::new(
            "images.trained-on",
            format!("{start} {verb} known to the network, which was trained on {those}: scores are too good"),
        ),
        Reads::Rows => Warning::new(
            "tables.trained-on",
            format!(
                "{start} {} a row that the network was trained on: if they are the same cases, scores are too good",
                agree(rows, "equals", "equal")
            ),
        ),
    })
}

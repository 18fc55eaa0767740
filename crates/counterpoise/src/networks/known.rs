use std::path::Path;

use counterpoise_base::{Warning, agree};
use counterpoise_deep::{Inputs, Marks, SavedClassifier};

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

/// What to type where data are not those of a training.
const AS_TRAINED: &str = "give the data, `--side`, `--imbalance` and `--validation` that it was trained with";

/// Tells of rows that are taken for what a network learnt from, and that it does not know.
pub(crate) fn strangers(saved: &SavedClassifier, inputs: Inputs<'_>, file: &Path) -> Option<Warning> {
    let known = saved.trained_on.as_ref()?.known(inputs);
    let unknown = inputs.len().saturating_sub(known.rows);
    // A share that was found on a sample is not known to the row.
    let allowed = if known.exact { 0 } else { inputs.len() / 20 };
    let many = Reads::of(&saved.about).many();
    (unknown > allowed).then(|| {
        let message = format!(
            "`{}`: {}{unknown} of {} {many} that are taken for training {many} are not among those that the network was trained on",
            file.display(),
            if known.exact { "" } else { "about " },
            inputs.len(),
        );
        Warning::new("networks.other-training", message).with_hint(AS_TRAINED)
    })
}

/// Tells of data of which a network knows what is held out here, or that is not what it was trained on.
pub(crate) fn other_than_trained_on(
    saved: &SavedClassifier,
    learnt: Inputs<'_>,
    held_out: Inputs<'_>,
    file: &Path,
    everything: bool,
    other: bool,
) -> Option<Warning> {
    let reads = Reads::of(&saved.about);
    // A row held out that has a twin among the others is known to every network.
    let twins = Marks::of(learnt).known(held_out).rows;
    let known = saved.trained_on.as_ref().map(|marks| marks.known(held_out).rows);
    if known > Some(twins) {
        let held_out_here = format!("{} held out here", reads.many());
        let warning = known_rows(saved, held_out, &held_out_here, file)?;
        return Some(warning.with_hint(if everything {
            "train with a part held out: without `--choose-on nothing` or `test`"
        } else {
            AS_TRAINED
        }));
    }
    let may_be = if known.is_none() {
        ": those held out here may be known to it"
    } else {
        ""
    };
    let message = format!(
        "`{}` has other {} of each class than the network was trained on{may_be}",
        file.display(),
        reads.many()
    );
    other.then(|| Warning::new("images.other-training", message).with_hint(AS_TRAINED))
}

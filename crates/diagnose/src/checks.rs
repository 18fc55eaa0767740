//! Input that cannot be read is an error; input that looks odd is a warning.

use counterpoise_base::{Embeddings, LinearHead, Warning, agree, counted, plural};
use rayon::prelude::*;

use crate::order::share;
use crate::readout::Said;
use crate::{DiagnoseOptions, Error, Neighborhood, Readout, Split};

/// Rows that a message names.
const NAMED: usize = 5;

/// Share of the larger logit by which another may be less and still count as equal: features and weights in single precision
/// were summed in another order.
const EQUAL: f64 = 1e-4;

/// Refuses rows that a head cannot read.
pub(crate) fn fit(embeddings: &Embeddings, head: &LinearHead, split: Split) -> Result<(), Error> {
    let classes = embeddings.labels.classes();
    if embeddings.is_empty() {
        return Err(Error::NoRows { split });
    }
    if embeddings.width() != head.width() || head.width() == 0 {
        return Err(Error::Width {
            split,
            features: embeddings.width(),
            head: head.width(),
        });
    }
    if classes.len() != head.classes() {
        return Err(Error::Classes {
            split,
            classes: classes.len(),
            head: head.classes(),
        });
    }
    if let [class] = classes {
        return Err(Error::OneClass { class: class.clone() });
    }
    let width = embeddings.width();
    let odd = embeddings
        .values()
        .par_chunks(width)
        .position_first(|row| row.iter().any(|value| !value.is_finite()));
    if let Some(row) = odd {
        let values = embeddings.row(row);
        let feature = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
        return Err(Error::NotFinite {
            split,
            row: row + 1,
            class: embeddings.labels.name_of(row).to_owned(),
            feature,
            value: values[feature],
        });
    }
    for class in 0..head.classes() {
        let what = if head.row(class).iter().any(|weight| !weight.is_finite()) {
            "weights"
        } else if !head.bias()[class].is_finite() {
            "bias"
        } else {
            continue;
        };
        return Err(Error::NotFiniteHead { what, class });
    }
    let known = |code: &&u32| (**code as usize) < classes.len();
    let predictions = embeddings.predictions.as_deref().unwrap_or_default();
    match predictions.iter().position(|code| !known(&code)) {
        None => Ok(()),
        Some(row) => Err(Error::UnknownPrediction {
            split,
            row: row + 1,
            code: predictions[row],
            classes: classes.len(),
        }),
    }
}

/// What looks odd in rows that can be read.
pub(crate) fn oddities(embeddings: &Embeddings, said: &[Said], split: Split) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(negative(embeddings, split));
    if embeddings.predictions.is_some() {
        warnings.extend(disagreeing(said, split));
    }
    warnings.extend(missing_classes(embeddings, split));
    warnings.extend(duplicates(embeddings, split));
    warnings
}

fn negative(embeddings: &Embeddings, split: Split) -> Option<Warning> {
    let rows: Vec<usize> = embeddings
        .values()
        .par_chunks(embeddings.width())
        .enumerate()
        .filter_map(|(row, values)| values.iter().any(|&value| value < 0.0).then_some(row))
        .collect();
    let message = format!(
        "{} of the {split} rows {} a feature below 0 ({}): these features do not come right after a ReLU, and large ones need not mean much",
        rows.len(),
        agree(rows.len(), "has", "have"),
        named(&rows),
    );
    let hint =
        "nothing to do for tables and for networks without a last ReLU; else check which layer was exported";
    (!rows.is_empty()).then(|| Warning::new("diagnose.negative-features", message).with_hint(hint))
}

/// Predictions that are not what the head says.
fn disagreeing(said: &[Said], split: Split) -> Option<Warning> {
    let other = |said: &Said| said.logit < said.best_logit - EQUAL * (1.0 + said.best_logit.abs());
    let rows: Vec<usize> = (0..said.len()).filter(|&row| other(&said[row])).collect();
    let message = format!(
        "{} of {} {split} predictions ({:.1} %) {} not the class that the head prefers ({}); the predictions given are used",
        rows.len(),
        said.len(),
        100.0 * share(rows.len(), said.len()).unwrap_or(0.0),
        agree(rows.len(), "is", "are"),
        named(&rows),
    );
    let hint = "check that features, head and predictions are of one checkpoint and in one order, or leave the predictions out";
    (!rows.is_empty()).then(|| Warning::new("diagnose.disagreeing-predictions", message).with_hint(hint))
}

fn missing_classes(embeddings: &Embeddings, split: Split) -> Option<Warning> {
    let counts = embeddings.labels.counts();
    let classes = embeddings.labels.classes().iter().zip(counts);
    let missing: Vec<&str> = classes
        .filter(|&(_, count)| count == 0)
        .map(|(class, _)| class.as_str())
        .collect();
    let others = missing.len().saturating_sub(NAMED);
    let message = format!(
        "no {split} row is of {} `{}`{}: numbers of these rows are absent there",
        plural(missing.len(), "class"),
        missing[..missing.len() - others].join("`, `"),
        if others > 0 {
            format!(" and {others} others")
        } else {
            String::new()
        },
    );
    (!missing.is_empty()).then(|| Warning::new("diagnose.missing-class", message))
}

/// Rows that repeat an earlier one, bit for bit.
fn duplicates(embeddings: &Embeddings, split: Split) -> Option<Warning> {
    let key = |row: usize| (hash(embeddings.row(row)), row);
    let mut keyed: Vec<(u64, usize)> = (0..embeddings.len()).into_par_iter().map(key).collect();
    keyed.par_sort_unstable();
    let mut repeats: Vec<usize> = Vec::new();
    for alike in keyed.chunk_by(|a, b| a.0 == b.0) {
        let mut firsts: Vec<usize> = Vec::new();
        for &(_, row) in alike {
            let values = embeddings.row(row);
            if firsts.iter().any(|&first| embeddings.row(first) == values) {
                repeats.push(row);
            } else {
                firsts.push(row);
            }
        }
    }
    repeats.sort_unstable();
    let message = format!(
        "{} {} the features of an earlier one ({}): neighbours at distance 0 make a class look safer than it is",
        counted(repeats.len(), &format!("{split} row")),
        agree(repeats.len(), "repeats", "repeat"),
        named(&repeats),
    );
    let hint = "look for the same picture or line twice with `counterpoise audit-leakage`, or for features that are all 0";
    (!repeats.is_empty()).then(|| Warning::new("diagnose.duplicate-rows", message).with_hint(hint))
}

/// A number that equal rows share (FNV-1a over the bits of their numbers).
fn hash(values: &[f32]) -> u64 {
    values.iter().fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        // Both zeros are one number.
        (hash ^ u64::from((value + 0.0).to_bits())).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The first of some rows, counted from 1.
fn named(rows: &[usize]) -> String {
    let first: Vec<String> = rows.iter().take(NAMED).map(|row| (row + 1).to_string()).collect();
    let more = if rows.len() > NAMED { ", …" } else { "" };
    format!("{} {}{more}", plural(rows.len(), "row"), first.join(", "))
}

/// Refuses rows whose classes are other ones than those of others.
pub(crate) fn same_classes(train: &Embeddings, test: &Embeddings) -> Result<(), Error> {
    let pairs = train.labels.classes().iter().zip(test.labels.classes());
    match pairs.enumerate().find(|(_, (a, b))| a != b) {
        None => Ok(()),
        Some((place, (first, second))) => Err(Error::OtherClasses {
            place,
            first: first.clone(),
            second: second.clone(),
            a: "training rows",
            b: "test rows",
        }),
    }
}

/// Refuses rows that are all of one class.
pub(crate) fn two_classes(train: Option<&Readout<'_>>, test: &Readout<'_>) -> Result<(), Error> {
    let first = test.truth(0);
    let same = |readout: &Readout<'_>| (0..readout.len()).all(|row| readout.truth(row) == first);
    if same(test) && train.is_none_or(same) {
        let class = test.classes()[first as usize].clone();
        return Err(Error::OneClass { class });
    }
    Ok(())
}

/// More features asked for than there are.
pub(crate) fn top_k(options: &DiagnoseOptions, width: usize) -> Option<Warning> {
    let k = options.top_k.get();
    let message = format!(
        "`top_k` is {k}, and there {} {}: all of them stand for each class",
        agree(width, "is", "are"),
        counted(width, "feature")
    );
    let hint = format!(
        "set `top_k = {}` or less, so that some features stand out",
        width.div_ceil(2)
    );
    (k > width).then(|| Warning::new("diagnose.shrunk-top-k", message).with_hint(hint))
}

/// Misclassified rows that were not asked for their neighbours.
pub(crate) fn wrong_rows_left_out(near: &Neighborhood, test: &Readout<'_>) -> Option<Warning> {
    let wrong = (0..test.len()).filter(|&row| !test.right(row)).count();
    let message = format!(
        "nearest adversaries are those of {} of {}, drawn by chance",
        near.rows().len(),
        counted(wrong, "misclassified test row")
    );
    (near.rows().len() < wrong)
        .then(|| Warning::new("diagnose.sampled-rows", message).with_hint("set a larger `neighbor_rows`"))
}

/// Neighbours that are fewer than asked for, or of some rows only.
pub(crate) fn neighbors(near: &Neighborhood, train: &Readout<'_>, options: &DiagnoseOptions) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let k = options.archetype_neighbors.get();
    if near.k() < k {
        let message = format!(
            "archetypes are told by {} instead of {k}: there are no more training rows",
            counted(near.k(), "neighbor")
        );
        warnings.push(Warning::new("diagnose.few-neighbors", message));
    }
    if near.rows().len() < train.len() {
        let message = format!(
            "archetypes are those of {} of {}, drawn by chance",
            near.rows().len(),
            counted(train.len(), "training row")
        );
        warnings
            .push(Warning::new("diagnose.sampled-rows", message).with_hint("set a larger `neighbor_rows`"));
    }
    warnings
}

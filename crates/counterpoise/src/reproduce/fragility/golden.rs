//! The authors' own network, read by our analysis.

use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, LinearHead, Observer};
use counterpoise_data::Normalisation;
use counterpoise_deep::{Architecture, DeviceKind};
use counterpoise_diagnose::{Readout, Split, profile};
use serde::Serialize;

use super::network::seen;
use super::numbers::options;
use super::sets::Pictures;
use crate::Error;
use crate::eos::read_head;
use crate::images::ForeignNetwork;

/// Names of the authors' files, in the repository of EOS: a network, and a head that was trained on rows of EOS.
const FILES: [&str; 2] = ["resnet32_cifar10lt_ce_epoch133.pth", "linear_head_eos_epoch6.pth"];

/// What is printed of a head of the authors; lists have an entry a class.
struct Printed {
    /// CE that the prediction of a picture requires, mean.
    required: [f64; 10],
    /// Magnitude of the CE that is required most often.
    strongest: Option<[f64; 10]>,
    recall: Option<[f64; 10]>,
    /// Correlation of frequency and magnitude within a class, mean over classes.
    agreement: f64,
    /// Lengths of rows of weights; the first and the last where only these are known.
    norms: &'static [f64],
}

/// CE required, magnitudes and correlations come from tables of the code of arXiv 2407.10165, recalls from the file beside the
/// network, lengths of weights from the network and the head themselves.
const PRINTED: [Printed; 2] = [
    Printed {
        required: [4.7, 3.2, 5.9, 7.5, 5.4, 5.7, 2.3, 3.8, 3.2, 3.9],
        strongest: Some([1.93, 5.16, 1.83, 2.39, 2.74, 4.00, 7.75, 6.49, 7.93, 6.93]),
        recall: Some([
            0.941, 0.957, 0.823, 0.621, 0.785, 0.570, 0.713, 0.597, 0.626, 0.623,
        ]),
        agreement: 0.954,
        norms: &[3.61, 2.18],
    },
    Printed {
        required: [6.6, 5.6, 6.8, 12.4, 6.5, 7.3, 3.9, 6.5, 4.6, 5.4],
        strongest: None,
        recall: None,
        agreement: 0.923,
        norms: &[2.93, 2.76, 2.74, 2.90, 2.83, 2.76, 3.10, 3.01, 2.64, 2.58],
    },
];

/// A head of the authors over features of their network: what they print, and what our analysis says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoldenHead {
    /// `network` or `eos-head`.
    pub name: &'static str,
    /// Test pictures.
    pub rows: usize,
    /// One entry a class.
    pub classes: Vec<GoldenClass>,
    /// Correlation of frequency and magnitude within a class, mean over classes: theirs and ours.
    pub agreement: (f64, Option<f64>),
    /// Rank correlation over classes of CE required: theirs and ours.
    pub required_alike: Option<f64>,
    /// Whether lengths of weights are those that are known, to the digits that are known.
    pub norms_are_right: bool,
}

/// One class of a head of the authors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoldenClass {
    /// Its name.
    pub class: String,
    /// CE that predictions require: theirs and ours.
    pub required: (f64, Option<f64>),
    /// Magnitude of the CE that is required most often: theirs, where printed, and ours.
    pub strongest: (Option<f64>, Option<f64>),
    /// Share of test pictures that are told: theirs, where known, and ours.
    pub recall: (Option<f64>, Option<f64>),
    /// Length of its row of weights.
    pub norm: f64,
}

/// The file of the authors' network, if it is among the data.
pub(super) fn found_in(data: &Path) -> Option<PathBuf> {
    let places = [data.join("eos-checkpoint"), data.to_owned()];
    places
        .iter()
        .map(|place| place.join(FILES[0]))
        .find(|file| file.is_file())
}

/// Analyses the authors' network, and their head beside it where it is there.
pub(super) fn read(
    file: &Path,
    pictures: &Pictures,
    device: DeviceKind,
    observer: &dyn Observer,
) -> Result<Vec<GoldenHead>, Error> {
    let foreign = ForeignNetwork {
        network: Architecture::ResNet32,
        normalisation: Normalisation::cifar(),
        guessed: false,
    };
    let saved = foreign.open(file, &pictures.test, device, &mut Vec::new())?;
    let mut test = seen(&saved, &pictures.test, observer)?;
    // Another head says something else.
    test.predictions = None;
    let mut heads = vec![golden(
        "network",
        &PRINTED[0],
        &test,
        &saved.classifier.linear_head(),
        observer,
    )?];
    let beside = file.with_file_name(FILES[1]);
    if beside.is_file() {
        let head = read_head(&beside, None)?.head;
        heads.push(golden("eos-head", &PRINTED[1], &test, &head, observer)?);
    }
    Ok(heads)
}

fn golden(
    name: &'static str,
    printed: &Printed,
    test: &Embeddings,
    head: &LinearHead,
    observer: &dyn Observer,
) -> Result<GoldenHead, Error> {
    let readout = Readout::new(Split::Test, test, head, observer)?;
    let found = profile(&readout, &options(), observer)?;
    let norms = head.norms();
    let mut agreements = Vec::new();
    let classes: Vec<GoldenClass> = found
        .classes
        .iter()
        .enumerate()
        .map(|(place, class)| {
            let required = class.all.required.as_ref();
            let mean = class.all.contributions.as_ref().and_then(|all| all.mean.as_ref());
            if let Some((frequency, mean)) = required.and_then(|all| all.frequency.as_ref()).zip(mean) {
                agreements.extend(pearson(frequency, mean));
            }
            let most = required.and_then(|all| all.top.first());
            GoldenClass {
                class: class.class.clone(),
                required: (printed.required[place], required.map(|all| all.mean)),
                strongest: (
                    printed.strongest.map(|all| all[place]),
                    most.zip(mean).map(|(most, mean)| mean[most.index]),
                ),
                recall: (printed.recall.map(|all| all[place]), class.recall),
                norm: norms[place],
            }
        })
        .collect();
    let theirs: Vec<Option<f64>> = classes.iter().map(|class| Some(class.required.0)).collect();
    let ours: Vec<Option<f64>> = classes.iter().map(|class| class.required.1).collect();
    let ends = [norms.first(), norms.last()].map(|norm| norm.copied().unwrap_or(0.0));
    let known: &[f64] = if printed.norms.len() == norms.len() {
        &norms
    } else {
        &ends
    };
    Ok(GoldenHead {
        name,
        rows: test.len(),
        agreement: (
            printed.agreement,
            (!agreements.is_empty()).then(|| agreements.iter().sum::<f64>() / agreements.len() as f64),
        ),
        required_alike: counterpoise_diagnose::rank_correlation(&theirs, &ours),
        norms_are_right: known
            .iter()
            .zip(printed.norms)
            .all(|(norm, wanted)| (norm - wanted).abs() < 0.006),
        classes,
    })
}

/// Correlation of two lists; absent where one of them does not vary.
fn pearson(first: &[f64], second: &[f64]) -> Option<f64> {
    let middle = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a, b) = (middle(first), middle(second));
    let product = |x: &[f64], x_mean: f64, y: &[f64], y_mean: f64| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - x_mean) * (y - y_mean)).sum()
    };
    let spread = (product(first, a, first, a) * product(second, b, second, b)).sqrt();
    (spread > 0.0).then(|| product(first, a, second, b) / spread)
}

#[cfg(test)]
mod tests {
    use super::super::sets::{FragilityImages, read as read_set};
    use super::*;

    #[test]
    fn a_line_agrees_with_itself_and_a_constant_with_nothing() {
        assert_eq!(pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), Some(1.0));
        assert_eq!(pearson(&[1.0, 1.0], &[2.0, 4.0]), None);
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    fn the_authors_network_is_read_as_they_read_it() {
        let data = std::env::var_os("COUNTERPOISE_DATA").map(PathBuf::from);
        let Some((data, file)) = data.and_then(|data| Some((data.clone(), found_in(&data)?))) else {
            eprintln!("skipped: COUNTERPOISE_DATA names no folder with the authors' network");
            return;
        };
        let pictures = read_set(FragilityImages::Cifar10, &data, &()).expect("it is there");
        let heads = read(&file, &pictures, DeviceKind::Cpu, &()).expect("it is a network");
        assert_eq!(heads.len(), 2);
        for head in &heads {
            assert!(head.norms_are_right, "{head:?}");
            assert!(head.required_alike > Some(0.5), "{head:?}");
        }
    }
}

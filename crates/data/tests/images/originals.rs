use std::path::PathBuf;

use counterpoise_base::ImageShape;
use counterpoise_data::Split;

use crate::common::{read, read_with};

/// A folder of original files; `None` with a word about it if there is none.
fn original(name: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the original files");
        return None;
    };
    let path = PathBuf::from(data).join(name);
    if !path.is_dir() {
        eprintln!("skipped: COUNTERPOISE_DATA has no folder `{name}`");
        return None;
    }
    Some(path)
}

fn check_counts(
    folder: &str,
    file: Option<&str>,
    split: Split,
    shape: (usize, usize, usize),
    counts: &[usize],
) {
    let Some(path) = original(folder) else {
        return;
    };
    let path = file.map_or(path.clone(), |file| path.join(file));
    let found = read_with(&path, |options| options.split = split).expect("it is whole");
    let ImageShape {
        channels,
        height,
        width,
    } = found.set.images.shape();
    assert_eq!((channels, height, width), shape);
    assert_eq!(found.set.labels.counts(), counts);
    assert_eq!(found.facts.read, counts.iter().sum::<usize>());
}

#[test]
fn original_files_have_the_counts_of_their_publishers() {
    let grey = (1, 28, 28);
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    check_counts("mnist", None, Split::Train, grey, &train);
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    check_counts("mnist", None, Split::Test, grey, &test);
    check_counts("fashion-mnist", None, Split::Train, grey, &[6000; 10]);
    check_counts("fashion-mnist", None, Split::Test, grey, &[1000; 10]);
    let colour = (3, 32, 32);
    let tail = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50];
    check_counts("cifar10-lt", None, Split::Train, colour, &tail);
    let test = [103, 89, 100, 103, 90, 86, 112, 102, 106, 109];
    check_counts("cifar10-lt", None, Split::Test, colour, &test);
    check_counts(
        "cifar10-lt",
        Some("extra_batch_last500.bin.gz"),
        Split::Train,
        colour,
        &[500; 10],
    );
    check_counts("pneumoniamnist", None, Split::Train, grey, &[1214, 3494]);
    check_counts("pneumoniamnist", None, Split::Validation, grey, &[135, 389]);
    check_counts(
        "pneumoniamnist",
        Some("pneumoniamnist.npz"),
        Split::Test,
        grey,
        &[234, 390],
    );
}

#[test]
fn pixels_of_fashion_mnist_have_the_published_mean() {
    let Some(path) = original("fashion-mnist") else {
        return;
    };
    let found = read(&path).expect("it is whole");
    let values = found.set.images.as_slice();
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
    assert!((mean - 72.9404).abs() < 1e-4, "{mean}");
    let counterpoise_data::Normalisation::Channels { mean, std } =
        counterpoise_data::Normalisation::measured(&found.set.images)
    else {
        panic!("channels are measured");
    };
    assert!(
        (mean[0] - 0.2860).abs() < 1e-4 && (std[0] - 0.3530).abs() < 1e-4,
        "{mean:?} {std:?}"
    );
}

#[test]
fn classes_of_cifar_have_their_names() {
    let Some(path) = original("cifar10-lt") else {
        return;
    };
    let found = read_with(&path, |options| options.split = Split::Test).expect("it is whole");
    assert_eq!(found.set.labels.classes()[0], "airplane");
    assert_eq!(found.set.labels.classes()[9], "truck");
}

use counterpoise_data::Split;

use crate::common::{codes_of, folder, gzip, idx, put, read, read_with, told};

#[test]
fn files_of_mnist_that_do_not_fit_are_told() {
    let folder = folder();
    let images = folder.path().join("train-images-idx3-ubyte");
    let labels = folder.path().join("train-labels-idx1-ubyte.gz");
    put(&images, &idx(8, &[2, 1, 2], &[1, 2, 3, 4]));
    let error = told(read(folder.path()));
    assert!(
        error.contains("train-labels-idx1-ubyte, train-labels-idx1-ubyte.gz"),
        "{error}"
    );
    assert!(error.contains("--labels FILE"), "{error}");
    put(&labels, &gzip(&idx(8, &[2], &[1, 0])));
    let found = read(folder.path()).expect("both are there");
    assert_eq!(
        (codes_of(&found), found.set.images.get(1)),
        (vec!["1", "0"], &[3, 4][..])
    );
    assert_eq!(
        found.set.names.expect("names")[1],
        "train-images-idx3-ubyte, picture 2"
    );

    let check = |bytes: &[u8], labels_are: &[u8], expected: &str| {
        put(&images, bytes);
        put(&labels, labels_are);
        let error = told(read(folder.path()));
        assert!(error.contains(expected), "{error}");
    };
    let good = gzip(&idx(8, &[2], &[1, 0]));
    check(b"", &good, "is empty");
    check(&gzip(b""), &good, "is empty");
    check(
        &idx(8, &[2, 1, 2], &[1, 2, 3]),
        &good,
        "it says 2 x 1 x 2 values and holds 3",
    );
    check(&idx(13, &[2, 1, 2], &[1, 2, 3, 4]), &good, "type 0x0d");
    check(&idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[1]), &good, "holds 1");
    check(&[0, 0, 8, 3, 0, 0], &good, "breaks off in its header");
    check(b"#!/bin/sh", &good, "two zeros");
    check(&idx(8, &[0, 1, 2], &[]), &good, "holds no picture");
    let whole = idx(8, &[2, 1, 2], &[1, 2, 3, 4]);
    check(&gzip(&whole)[..12], &good, "damaged or not a gzip file");
    check(
        &whole,
        &good[..good.len() - 4],
        "train-labels-idx1-ubyte.gz` is damaged",
    );
    check(&whole, &gzip(&idx(8, &[3], &[1, 0, 1])), "2 pictures, and");
    put(&labels, &good);
    let error = told(read_with(folder.path(), |options| {
        options.classes = vec!["shirt".into()];
    }));
    assert!(
        error.contains("row 1: the label `1` is none of the 1 class"),
        "{error}"
    );
    let error = told(read_with(&labels, |options| {
        options.labels = Some(images.clone());
    }));
    assert!(error.contains("it holds labels"), "{error}");
    let error = told(read_with(folder.path(), |options| options.split = Split::Test));
    assert!(
        error.contains("has no test split") && error.contains("`train-images-idx3-ubyte`"),
        "{error}"
    );
}

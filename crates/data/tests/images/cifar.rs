use counterpoise_data::ImageFormat;

use crate::common::{codes_of, folder, gzip, put, read, read_with, told};

#[test]
fn batches_of_cifar_are_put_together() {
    let folder = folder();
    let record = |label: &[u8], value: u8| [label, &[value; 3072]].concat();
    put(&folder.path().join("data_batch_10.bin"), &record(&[1], 3));
    put(
        &folder.path().join("data_batch_2.bin.gz"),
        &gzip(&[record(&[0], 1), record(&[9], 2)].concat()),
    );
    put(&folder.path().join("test_batch.bin"), &record(&[0], 9));
    let names: Vec<String> = (0..10).map(|code| format!("class {code}\n")).collect();
    put(&folder.path().join("batches.meta.txt"), names.concat().as_bytes());
    let found = read(folder.path()).expect("they are whole");
    assert_eq!(found.format, ImageFormat::Cifar10);
    assert_eq!(codes_of(&found), ["class 0", "class 9", "class 1"]);
    assert_eq!([0, 1, 2].map(|row| found.set.images.get(row)[0]), [1, 2, 3]);
    put(
        &folder.path().join("data_batch_10.bin"),
        &[record(&[1], 3), record(&[10], 3)].concat(),
    );
    let error = told(read(folder.path()));
    assert!(
        error.contains("data_batch_10.bin`, row 2: the label `10` is none of the 10"),
        "{error}"
    );
    put(&folder.path().join("data_batch_10.bin"), &record(&[1], 3)[..3000]);
    let error = told(read(folder.path()));
    assert!(
        error.contains("3000 bytes are no whole number of pictures of 3073"),
        "{error}"
    );
}

#[test]
fn labels_of_cifar_100_are_fine_or_coarse() {
    let folder = folder();
    let record = |coarse: u8, fine: u8| [&[coarse, fine], &[7; 3072][..]].concat();
    put(
        &folder.path().join("train.bin"),
        &[record(3, 99), record(19, 20)].concat(),
    );
    let found = read(folder.path()).expect("it is whole");
    assert_eq!(
        (found.format, codes_of(&found)),
        (ImageFormat::Cifar100, vec!["99", "20"])
    );
    let coarse = read_with(folder.path(), |options| {
        options.cifar_labels = counterpoise_data::CifarLabels::Coarse;
    });
    let coarse = coarse.expect("it is whole");
    assert_eq!(
        (codes_of(&coarse), coarse.set.labels.classes().len()),
        (vec!["3", "19"], 20)
    );
}

use std::path::Path;
use std::process::Command;

use counterpoise_base::{ImageShape, Images, LabeledImages, Labels};
use counterpoise_data::{
    Error, ImageFormat, ImageOutput, check_images, write_images, write_images_with_shares,
};
use proptest::prelude::*;

use crate::common::{codes_of, folder, idx, put, read, read_with};

fn sets() -> impl Strategy<Value = LabeledImages> {
    (
        prop_oneof![Just(1_usize), Just(3)],
        1_usize..7,
        1_usize..7,
        1_usize..20,
    )
        .prop_flat_map(|(channels, height, width, count)| {
            let shape = ImageShape::new(channels, height, width);
            let values = proptest::collection::vec(any::<u8>(), count * shape.values());
            let codes = proptest::collection::vec(0_u32..3, count);
            (values, codes).prop_map(move |(values, codes)| {
                let classes = ["T-shirt/top", "Ärmel", "coat"].map(str::to_owned).to_vec();
                LabeledImages::new(Images::new(shape, values), Labels::from_codes(classes, codes))
            })
        })
}

fn check_round_trip(set: &LabeledImages, output: ImageOutput, name: &str) -> Result<(), TestCaseError> {
    let folder = folder();
    let path = folder.path().join(name);
    prop_assert_eq!(ImageOutput::of(&path), Some(output));
    let written = write_images(&path, output, set, false, &()).expect("there is room");
    prop_assert!(written.files.iter().all(|file| file.exists()));
    let layout = Some(counterpoise_data::Layout::ChannelsLast);
    let found = read_with(&path, |options| options.layout = layout).expect("we wrote it");
    prop_assert_eq!(&found.set.images, &set.images);
    prop_assert_eq!(found.set.labels, set.labels.clone());
    let again = write_images(&path, output, set, false, &());
    let refused = matches!(again, Err(Error::Exists { .. }));
    prop_assert!(refused);
    prop_assert!(write_images(&path, output, set, true, &()).is_ok());
    let left = std::fs::read_dir(folder.path()).expect("it is ours").count();
    prop_assert_eq!(left, written.files.len());
    Ok(())
}

#[test]
fn shares_of_classes_stand_beside_the_classes() {
    let folder = folder();
    let path = folder.path().join("soft.npz");
    let images = Images::new(ImageShape::new(1, 2, 2), (0..12).collect());
    let labels = Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 1, 1]);
    let set = LabeledImages::new(images, labels);
    let shares = [1.0, 0.0, 0.0, 1.0, 0.25, 0.75];
    write_images_with_shares(&path, &set, &shares, false).expect("there is room");
    let found = read(&path).expect("we wrote it").set;
    assert_eq!(
        (found.images, found.labels),
        (set.images.clone(), set.labels.clone())
    );
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).expect("it is there")).expect("a zip");
    let mut bytes = Vec::new();
    let mut array = archive.by_name("shares.npy").expect("an array");
    std::io::Read::read_to_end(&mut array, &mut bytes).expect("it is whole");
    let header = String::from_utf8_lossy(&bytes[10..bytes.len() - 24]).into_owned();
    assert!(
        header.contains("'descr': '<f4'") && header.contains("'shape': (3, 2)"),
        "{header}"
    );
    let numbers: Vec<f32> = bytes[bytes.len() - 24..]
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().expect("four bytes")))
        .collect();
    assert_eq!(numbers, shares);
    let again = write_images_with_shares(&path, &set, &shares, false);
    assert!(matches!(again, Err(Error::Exists { .. })));
}

#[test]
fn what_could_not_be_written_is_known_before() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let gray = ImageShape::new(1, 8, 8);
    let check = |name: &str, output, classes| check_images(&at(name), output, gray, classes, false);
    for (name, output) in [
        ("a.npz", ImageOutput::Npz),
        ("a-images-idx3-ubyte", ImageOutput::Idx),
        ("a", ImageOutput::PngFolder),
    ] {
        check(name, output, 3).expect("it could be");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("it is ours").count(),
        0,
        "nothing is left"
    );
    put(&at("b-labels-idx1-ubyte"), b"mine");
    for (name, output, classes, code) in [
        ("a.bin", ImageOutput::Cifar, 3, "data.shape-misfit"),
        (
            "a-images-idx3-ubyte",
            ImageOutput::Idx,
            300,
            "data.too-many-classes",
        ),
        ("a.idx", ImageOutput::Idx, 3, "data.write"),
        ("none/a.npz", ImageOutput::Npz, 3, "data.write"),
        ("b-images-idx3-ubyte", ImageOutput::Idx, 3, "data.exists"),
    ] {
        assert_eq!(
            check(name, output, classes).expect_err(name).code(),
            code,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read_again(set in sets()) {
        check_round_trip(&set, ImageOutput::Idx, "train-images-idx3-ubyte")?;
        check_round_trip(&set, ImageOutput::Idx, "some-images-idx3-ubyte.gz")?;
        check_round_trip(&set, ImageOutput::Npz, "set.npz")?;
    }

    #[test]
    fn a_folder_of_png_files_is_read_again(set in sets()) {
        let folder = folder();
        let path = folder.path().join("pictures");
        let written = write_images(&path, ImageOutput::PngFolder, &set, false, &()).expect("there is room");
        let found = read(&path).expect("we wrote it");
        // Pictures come class by class.
        let mut rows: Vec<usize> = Vec::new();
        for class in found.set.labels.classes() {
            let code = set.labels.classes().iter().position(|known| known.replace('/', "_") == *class);
            rows.extend(set.labels.rows_of(code.expect("the class was written") as u32));
        }
        prop_assert_eq!(&found.set.images, &set.images.select(&rows));
        prop_assert_eq!(written.warnings.is_empty(), set.labels.counts()[0] == 0);
        prop_assert!(write_images(&path, ImageOutput::PngFolder, &set, true, &()).is_ok());
        prop_assert_eq!(std::fs::read_dir(folder.path()).expect("it is ours").count(), 1);
    }

    #[test]
    fn batches_of_cifar_are_read_again(values in proptest::collection::vec(any::<u8>(), 3 * 3072), packed: bool) {
        let classes = ["cat", "dog", "ship"].map(str::to_owned).to_vec();
        let labels = Labels::from_codes(classes, vec![2, 0, 1]);
        let set = LabeledImages::new(Images::new(ImageShape::new(3, 32, 32), values), labels);
        check_round_trip(&set, ImageOutput::Cifar, if packed { "made.bin.gz" } else { "made.bin" })?;
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 1..200), kind in 0_usize..8) {
        let folder = folder();
        let starts: [(&str, &[u8]); 8] = [
            ("train-images-idx3-ubyte", &[0, 0, 8, 3, 0, 0, 0, 1]),
            ("a.npy", b"\x93NUMPY\x01\x00"),
            ("a.npz", b"PK\x03\x04"),
            ("a.mat", b"MATLAB 5.0 MAT-file"),
            ("a.parquet", b"PAR1"),
            ("a.bin.gz", &[0x1f, 0x8b, 8, 0]),
            ("a/a.png", b"\x89PNG\r\n\x1a\n"),
            ("a/a.jpg", &[0xff, 0xd8, 0xff]),
        ];
        let (name, start) = starts[kind];
        put(&folder.path().join(name), &[start, &bytes].concat());
        put(&folder.path().join("train-labels-idx1-ubyte"), &idx(8, &[1], &[0]));
        let path = if name.contains('/') { folder.path().to_owned() } else { folder.path().join(name) };
        let format = name.contains('/').then_some(ImageFormat::Folder);
        let _ = read_with(&path, |options| options.format = format);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: there is no /dev/full");
        return;
    }
    let values: Vec<u8> = (0..400_000_u32)
        .map(|value| ((value * value) >> 7) as u8)
        .collect();
    let set = LabeledImages::new(
        Images::new(ImageShape::new(1, 20, 20), values),
        Labels::from_codes(vec!["a".into()], vec![0; 1000]),
    );
    let written = write_images(full, ImageOutput::Npz, &set, true, &());
    assert!(matches!(written, Err(Error::Write { .. })), "{written:?}");
    let folder = folder();
    let nowhere = folder.path().join("no/such/folder");
    for output in [ImageOutput::Npz, ImageOutput::PngFolder] {
        let written = write_images(&nowhere, output, &set, false, &());
        assert!(matches!(written, Err(Error::Write { .. })));
    }
}

#[test]
fn a_folder_with_other_files_is_not_replaced() {
    let folder = folder();
    let path = folder.path().join("pictures");
    let set = LabeledImages::new(
        Images::new(ImageShape::new(1, 1, 1), vec![1, 2]),
        Labels::from_codes(vec!["a".into(), "b".into()], vec![0, 1]),
    );
    write_images(&path, ImageOutput::PngFolder, &set, false, &()).expect("there is room");
    put(&path.join("a/thesis.txt"), b"mine");
    let written = write_images(&path, ImageOutput::PngFolder, &set, true, &());
    assert!(matches!(written, Err(Error::Write { .. })), "{written:?}");
    assert!(path.join("a/thesis.txt").exists());
    let part = set.select(&[1]);
    std::fs::remove_file(path.join("a/thesis.txt")).expect("it is ours");
    write_images(&path, ImageOutput::PngFolder, &part, true, &()).expect("there is room");
    assert_eq!(codes_of(&read(&path).expect("we wrote it")), ["b"]);
}

#[test]
fn names_of_classes_from_before_do_not_stay() {
    let folder = folder();
    let path = folder.path().join("images-idx3-ubyte");
    let set = |classes: [&str; 2]| {
        LabeledImages::new(
            Images::new(ImageShape::new(1, 1, 1), vec![1, 2]),
            Labels::from_codes(classes.map(str::to_owned).to_vec(), vec![0, 1]),
        )
    };
    for classes in [["cat", "dog"], ["0", "1"]] {
        write_images(&path, ImageOutput::Idx, &set(classes), true, &()).expect("there is room");
        assert_eq!(read(&path).expect("we wrote it").set.labels.classes(), classes);
    }
}

#[test]
fn formats_refuse_what_they_cannot_hold() {
    let folder = folder();
    let set = LabeledImages::new(
        Images::new(ImageShape::new(2, 2, 2), vec![0; 8]),
        Labels::from_codes(vec!["a".into()], vec![0]),
    );
    for (output, name) in [(ImageOutput::Cifar, "a.bin"), (ImageOutput::PngFolder, "a")] {
        let error =
            write_images(&folder.path().join(name), output, &set, false, &()).expect_err("it does not fit");
        assert!(
            error.to_string().contains("2x2x2") && error.hint().is_some(),
            "{error}"
        );
    }
    let error =
        write_images(&folder.path().join("a.gz"), ImageOutput::Idx, &set, false, &()).expect_err("no name");
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(cause.is_some_and(|cause| cause.contains("`images`")), "{error}");
}

#[test]
fn numpy_reads_what_is_written() {
    let present = Command::new("python3").args(["-c", "import numpy"]).output();
    if !present.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no numpy");
        return;
    }
    let folder = folder();
    let path = folder.path().join("a.npz");
    let set = LabeledImages::new(
        Images::new(ImageShape::new(3, 1, 2), vec![1, 2, 3, 4, 5, 6]),
        Labels::from_codes(vec!["cat".into(), "œuf".into()], vec![1]),
    );
    write_images(&path, ImageOutput::Npz, &set, false, &()).expect("there is room");
    let script = "import sys, numpy\na = numpy.load(sys.argv[1])\nprint(a['images'].tolist(), a['images'].dtype, a['labels'].tolist(), a['classes'].tolist())";
    let output = Command::new("python3")
        .arg("-c")
        .arg(script)
        .arg(&path)
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim(), "[[[[1, 3, 5], [2, 4, 6]]]] uint8 [1] ['cat', 'œuf']");
}

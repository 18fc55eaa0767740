//! Pictures in every layout: generated ones, and the original files from the folder `COUNTERPOISE_DATA`.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use counterpoise_base::{Event, ImageShape, Images, LabeledImages, Labels, Observer};
use counterpoise_data::{
    Alpha, Channels, Corrupt, Error, ImageFormat, ImageOptions, ImageOutput, ReadImages, Resize, Split,
    check_images, encode_png, read_images, write_images, write_images_with_shares,
};
use png::{BitDepth, ColorType};
use proptest::prelude::*;

fn read(path: &Path) -> Result<ReadImages, Error> {
    read_images(path, &ImageOptions::default(), &())
}

fn read_with(path: &Path, set: impl FnOnce(&mut ImageOptions)) -> Result<ReadImages, Error> {
    let mut options = ImageOptions::default();
    set(&mut options);
    read_images(path, &options, &())
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("there is room");
    std::fs::write(path, bytes).expect("there is room");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What an error says, with its hint.
fn told(read: Result<ReadImages, Error>) -> String {
    let error = read.expect_err("it cannot be read");
    format!("{error} | {}", error.hint().unwrap_or_default())
}

fn codes_of(read: &ReadImages) -> Vec<&str> {
    (0..read.set.len())
        .map(|row| read.set.labels.name_of(row))
        .collect()
}

/// Bytes of a PNG of any kind.
fn png(color: ColorType, depth: BitDepth, size: (u32, u32), palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette.to_vec());
    }
    let mut writer = encoder.write_header().expect("memory");
    writer.write_image_data(data).expect("the picture is whole");
    writer.finish().expect("memory");
    bytes
}

fn grey_png(height: usize, width: usize, value: u8) -> Vec<u8> {
    encode_png(ImageShape::new(1, height, width), &vec![value; height * width])
}

/// A baseline JPEG of blocks that are each of one grey: a Huffman code for differences of the mean, and nothing else.
fn jpeg(blocks: &[u8], across: usize) -> Vec<u8> {
    let down = blocks.len() / across;
    let mut bytes = vec![0xff, 0xd8];
    let mut segment = |marker: u8, data: &[u8]| {
        bytes.extend([0xff, marker]);
        bytes.extend((data.len() as u16 + 2).to_be_bytes());
        bytes.extend(data);
    };
    // Steps of 8 for the mean, so that a grey is its coefficient.
    let mut steps = vec![0];
    steps.extend([8; 64]);
    segment(0xdb, &steps);
    let (high, wide) = ((8 * down) as u16, (8 * across) as u16);
    let sides = [high.to_be_bytes(), wide.to_be_bytes()].concat();
    segment(0xc0, &[&[8], &sides[..], &[1, 1, 0x11, 0]].concat());
    // Twelve codes of four bits for the number of bits of a difference; one code of one bit for the end of a block.
    let mut means = vec![0x00, 0, 0, 0, 12];
    means.extend([0; 12]);
    means.extend(0..12);
    segment(0xc4, &means);
    let mut rest = vec![0x10, 1];
    rest.extend([0; 15]);
    rest.push(0);
    segment(0xc4, &rest);
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let (mut bits, mut last) = (Vec::new(), 0_i32);
    for &block in blocks {
        let difference = i32::from(block) - 128 - last;
        last += difference;
        let size = (32 - difference.unsigned_abs().leading_zeros()) as i32;
        let low = if difference < 0 {
            difference + (1 << size) - 1
        } else {
            difference
        };
        bits.extend((0..4).rev().map(|bit| size >> bit & 1));
        bits.extend((0..size).rev().map(|bit| low >> bit & 1));
        bits.push(0);
    }
    bits.resize(bits.len().div_ceil(8) * 8, 1);
    for byte in bits.chunks(8) {
        let byte = byte.iter().fold(0, |byte, &bit| byte << 1 | bit as u8);
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn a_folder_of_pictures_has_a_class_a_folder_in_the_order_people_count() {
    let folder = folder();
    for (name, value) in [
        ("10/a.png", 3),
        ("2/img10.png", 2),
        ("2/img9.png", 1),
        ("2/deep/er.PNG", 0),
    ] {
        put(&folder.path().join(name), &grey_png(2, 3, value));
    }
    put(&folder.path().join("2/Thumbs.db"), b"no picture");
    std::fs::create_dir(folder.path().join("7")).expect("there is room");
    let found = read(folder.path()).expect("it is whole");
    assert_eq!(found.format, ImageFormat::Folder);
    assert_eq!(found.set.images.shape(), ImageShape::new(1, 2, 3));
    assert_eq!(codes_of(&found), ["2", "2", "2", "10"]);
    assert_eq!(
        found.set.names.as_deref(),
        Some(&["2/deep/er.PNG", "2/img9.png", "2/img10.png", "10/a.png"].map(str::to_owned)[..])
    );
    let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(
        codes,
        ["images.empty-class", "images.other-files", "images.single"]
    );
}

#[test]
fn splits_of_a_folder_are_told_apart() {
    let folder = folder();
    for (name, value) in [
        ("train/a/1.png", 1),
        ("train/b/1.png", 2),
        ("val/a/1.png", 3),
        ("val/b/1.png", 4),
    ] {
        put(&folder.path().join(name), &grey_png(1, 1, value));
    }
    let values = |split| {
        read_with(folder.path(), |options| options.split = split)
            .map(|read| read.set.images.as_slice().to_vec())
    };
    assert_eq!(values(Split::Train).expect("it is there"), [1, 2]);
    assert_eq!(values(Split::Validation).expect("it is there"), [3, 4]);
    let error = values(Split::Test).expect_err("it is not there");
    assert!(error.hint().expect("a hint").contains("`train`, `val`"));
}

#[test]
fn pictures_of_several_sizes_are_counted_and_brought_together_on_demand() {
    let folder = folder();
    for (number, size) in [(2, 2), (2, 2), (4, 2), (8, 8)].into_iter().enumerate() {
        put(
            &folder.path().join(format!("a/{number}.png")),
            &grey_png(size.0, size.1, 100),
        );
    }
    let error = told(read(folder.path()));
    assert!(
        error.contains("3 sizes") && error.contains("2x2 (2), 4x2 (1), 8x8 (1)"),
        "{error}"
    );
    assert!(error.contains("`--size 2x2` with `--resize scale`"), "{error}");
    let found = read_with(folder.path(), |options| {
        options.size = Some((4, 4));
        options.resize = Resize::Scale;
    });
    let found = found.expect("they are brought together");
    assert_eq!(found.facts.resized, 4);
    assert_eq!(found.set.images.as_slice(), [100; 4 * 16]);
    let error = told(read_with(folder.path(), |options| options.size = Some((4, 4))));
    assert!(error.contains("3 sizes"), "{error}");
}

#[test]
fn pictures_of_all_kinds_become_bytes() {
    let folder = folder();
    let class = folder.path().join("a");
    let sixteen = [0x00, 0x80, 0xff, 0x7f, 0xff, 0xff, 0x12, 0x34];
    put(
        &class.join("1.png"),
        &png(ColorType::Grayscale, BitDepth::Sixteen, (2, 2), None, &sixteen),
    );
    put(
        &class.join("2.png"),
        &png(
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            (2, 2),
            None,
            &[9, 255, 9, 0, 0, 128, 200, 255],
        ),
    );
    put(
        &class.join("3.png"),
        &png(
            ColorType::Grayscale,
            BitDepth::One,
            (2, 2),
            None,
            &[0b1000_0000, 0b0100_0000],
        ),
    );
    let colours = [255, 0, 0, 0, 0, 255];
    put(
        &class.join("4.png"),
        &png(
            ColorType::Indexed,
            BitDepth::Two,
            (2, 2),
            Some(&colours),
            &[0b0001_0000, 0b0100_0000],
        ),
    );
    let error = told(read(folder.path()));
    assert!(
        error.contains("3 of 1 channel(s), 1 of 3 channel(s)") && error.contains("--channels grey"),
        "{error}"
    );
    let found = read_with(folder.path(), |options| options.channels = Some(Channels::Grey))
        .expect("all are grey now");
    let rows: Vec<&[u8]> = (0..4).map(|row| found.set.images.get(row)).collect();
    assert_eq!(rows[0], [0, 255, 255, 18]);
    assert_eq!(rows[1], [9, 255, 127, 200]);
    assert_eq!(rows[2], [255, 0, 0, 255]);
    assert_eq!(rows[3], [76, 29, 29, 76]);
    let facts = &found.facts;
    assert_eq!(
        (
            facts.depth_reduced,
            facts.alpha_flattened,
            facts.palette_expanded,
            facts.channels_changed
        ),
        (1, 1, 1, 1)
    );
    let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["images.depth", "images.alpha"]);
    let alpha = |alpha| {
        let found = read_with(folder.path(), |options| {
            options.channels = Some(Channels::Grey);
            options.alpha = alpha;
        });
        found.expect("all are grey").set.images.get(1).to_vec()
    };
    assert_eq!(alpha(Alpha::Black), [9, 0, 0, 200]);
    assert_eq!(alpha(Alpha::Drop), [9, 9, 0, 200]);
}

#[test]
fn a_jpeg_is_read_and_one_that_breaks_off_is_not() {
    let folder = folder();
    let whole = jpeg(&[0, 255, 40, 128, 77, 200], 3);
    put(&folder.path().join("a/1.jpg"), &whole);
    put(&folder.path().join("a/2.jpeg"), &whole);
    let found = read(folder.path()).expect("they are whole");
    assert_eq!(found.set.images.shape(), ImageShape::new(1, 16, 24));
    let picture = found.set.images.get(0);
    let corner = |line: usize, column: usize| picture[8 * line * 24 + 8 * column];
    let corners = [
        corner(0, 0),
        corner(0, 1),
        corner(0, 2),
        corner(1, 0),
        corner(1, 1),
        corner(1, 2),
    ];
    for (found, expected) in corners.into_iter().zip([0, 255, 40, 128, 77, 200]) {
        assert!(i32::abs(i32::from(found) - expected) <= 1, "{corners:?}");
    }
    for end in [0, 2, 30, whole.len() / 2, whole.len() - 6] {
        put(&folder.path().join("a/2.jpeg"), &whole[..end]);
        let error = told(read(folder.path()));
        assert!(
            error.contains("1 of 2 picture(s)") && error.contains("`a/2.jpeg`"),
            "it ends at {end}: {error}"
        );
    }
}

#[test]
fn pictures_that_cannot_be_decoded_are_named_and_left_out_on_demand_only() {
    let folder = folder();
    let whole = grey_png(9, 9, 5);
    put(&folder.path().join("a/ok.png"), &whole);
    put(&folder.path().join("b/ok.png"), &whole);
    put(&folder.path().join("b/half.png"), &whole[..whole.len() / 2]);
    put(&folder.path().join("b/empty.png"), b"");
    put(&folder.path().join("b/täuscht \"\u{1f4a5}\".png"), b"GIF89a");
    let error = told(read(folder.path()));
    assert!(
        error.contains("3 of 5 picture(s)") && error.contains("`b/empty.png`: it is empty"),
        "{error}"
    );
    assert!(
        error.contains("it is a GIF") && error.contains("--corrupt skip"),
        "{error}"
    );
    let found = read_with(folder.path(), |options| options.corrupt = Corrupt::Skip).expect("two are left");
    assert_eq!(found.set.len(), 2);
    assert_eq!(found.facts.skipped.len(), 3);
    assert!(
        found
            .warnings
            .iter()
            .any(|warning| warning.code == "images.skipped")
    );
    assert_eq!(found.set.names.expect("names"), ["a/ok.png", "b/ok.png"]);
}

#[test]
fn a_cut_png_is_never_read() {
    let folder = folder();
    let whole = encode_png(
        ImageShape::new(3, 5, 4),
        &(0..60).map(|value| value * 4).collect::<Vec<u8>>(),
    );
    put(&folder.path().join("a/ok.png"), &whole);
    for end in 0..whole.len() {
        put(&folder.path().join("a/cut.png"), &whole[..end]);
        let found = read_with(folder.path(), |options| options.corrupt = Corrupt::Skip).expect("one is left");
        assert_eq!(found.set.len(), 1, "it ends at {end} of {}", whole.len());
    }
}

#[test]
fn a_folder_reads_the_same_for_any_number_of_threads() {
    let folder = folder();
    for number in 0..600 {
        let name = format!("{}/{number}.png", number % 7);
        put(&folder.path().join(name), &grey_png(2, 2, (number % 251) as u8));
    }
    let many = read(folder.path()).expect("they are whole");
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    let single = one.install(|| read(folder.path())).expect("they are whole");
    assert_eq!(many.set, single.set);
    assert_eq!(many.set.len(), 600);
}

/// Stops at the event of this number.
struct StopAt(std::sync::atomic::AtomicUsize);

impl Observer for StopAt {
    fn observe(&self, _: &Event<'_>) -> std::ops::ControlFlow<()> {
        match self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) {
            0 => std::ops::ControlFlow::Break(()),
            _ => std::ops::ControlFlow::Continue(()),
        }
    }
}

#[test]
fn reading_and_writing_stop_when_asked_to() {
    let folder = folder();
    let set = LabeledImages::new(
        Images::new(ImageShape::new(1, 2, 2), vec![3; 4 * 600]),
        Labels::from_codes(
            vec!["a".into(), "b".into()],
            (0..600).map(|row| row % 2).collect(),
        ),
    );
    let stop = |events: usize| StopAt(events.into());
    let target = folder.path().join("pictures");
    let stopped = write_images(&target, ImageOutput::PngFolder, &set, false, &stop(1));
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is ours").count(), 0);
    write_images(&target, ImageOutput::PngFolder, &set, false, &()).expect("there is room");
    let stopped = read_images(&target, &ImageOptions::default(), &stop(1));
    assert!(matches!(stopped, Err(Error::Stopped)));
}

fn idx(kind: u8, lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, lengths.len() as u8];
    lengths
        .iter()
        .for_each(|length| bytes.extend(length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

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
    check(&whole, &gzip(&idx(8, &[3], &[1, 0, 1])), "2 picture(s), and");
    put(&labels, &good);
    let error = told(read_with(folder.path(), |options| {
        options.classes = vec!["shirt".into()];
    }));
    assert!(
        error.contains("row 1: the label `1` is none of the 1 class(es)"),
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

/// A Parquet file as Hugging Face writes it.
fn hugging_face(path: &Path, pictures: &[Option<&[u8]>], labels: &[i64], names: Option<&[&str]>) {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_opt_vec(pictures.to_vec()));
    let paths: Vec<Option<&str>> = (0..pictures.len())
        .map(|row| (row > 0).then_some("cat.png"))
        .collect();
    let paths: ArrayRef = Arc::new(StringArray::from(paths));
    let fields = Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ]);
    let image = StructArray::new(fields.clone(), vec![bytes, paths], None);
    let mut schema = Schema::new(vec![
        Field::new("label", DataType::Int64, false),
        Field::new("image", DataType::Struct(fields), true),
    ]);
    if let Some(names) = names {
        let about = serde_json::json!({"info": {"features": {
            "image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"},
        }}});
        schema.metadata.insert("huggingface", about.to_string());
    }
    let schema = Arc::new(schema);
    let labels: ArrayRef = Arc::new(Int64Array::from(labels.to_vec()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![labels, Arc::new(image)]).expect("they fit");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("there is room");
    let file = std::fs::File::create(path).expect("there is room");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema, None).expect("it can be written");
    writer.write(&batch).expect("there is room");
    writer.close().expect("there is room");
}

#[test]
fn parquet_of_hugging_face_knows_pictures_labels_and_names() {
    let folder = folder();
    let pictures: Vec<Vec<u8>> = (0..3).map(|value| grey_png(1, 2, value)).collect();
    let data = folder.path().join("data");
    hugging_face(
        &data.join("train-00001-of-00002.parquet"),
        &[Some(&pictures[2])],
        &[1],
        Some(&["cat", "dog"]),
    );
    hugging_face(
        &data.join("train-00000-of-00002.parquet"),
        &[Some(&pictures[0]), Some(&pictures[1])],
        &[0, 1],
        Some(&["cat", "dog"]),
    );
    hugging_face(
        &data.join("test-00000-of-00001.parquet"),
        &[None, Some(&pictures[1])],
        &[0, -1],
        Some(&["cat", "dog"]),
    );
    let found = read(folder.path()).expect("it is whole");
    assert_eq!(
        (found.format, codes_of(&found)),
        (ImageFormat::Parquet, vec!["cat", "dog", "dog"])
    );
    assert_eq!(found.set.images.as_slice(), [0, 0, 1, 1, 2, 2]);
    let names = found.set.names.expect("names");
    assert_eq!(names[1], "cat.png (train-00000-of-00002.parquet, row 2)");
    assert_eq!(names[2], "train-00001-of-00002.parquet, row 1");
    let error = told(read_with(folder.path(), |options| options.split = Split::Test));
    assert!(
        error.contains("row 2: the label `-1` is none of the 2 class(es)"),
        "{error}"
    );
    let one = folder.path().join("one.parquet");
    hugging_face(&one, &[None, Some(&pictures[1])], &[0, 1], None);
    let error = told(read(&one));
    assert!(
        error.contains("`one.parquet, row 1`: there are no bytes"),
        "{error}"
    );
    let error = told(read_with(&one, |options| {
        options.label_column = Some("Label".into());
    }));
    assert!(error.contains("did you mean `label`?"), "{error}");
    let bytes = std::fs::read(&one).expect("it is there");
    for end in [3, 4, bytes.len() / 2, bytes.len() - 1] {
        put(&one, &bytes[..end]);
        assert!(read(&one).is_err(), "it ends at {end}");
    }
}

/// An array of NumPy with one line of a header.
fn npy(header: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{header}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}

#[test]
fn arrays_of_numpy_are_read_in_every_order() {
    let folder = folder();
    let (images, labels) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
    let check = |kind: &str, order: &str, shape: &str, values: &[u8], expected: (ImageShape, &[u8])| {
        put(
            &images,
            &npy(
                &format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"),
                values,
            ),
        );
        put(
            &labels,
            &npy(
                "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }",
                &[2, 0, 0, 0, 0, 0, 0, 0],
            ),
        );
        let found = read(&images).expect(kind);
        assert_eq!((found.set.images.shape(), found.set.images.as_slice()), expected);
        assert_eq!(codes_of(&found), ["2"]);
    };
    let grey = ImageShape::new(1, 2, 3);
    check(
        "|u1",
        "False",
        "(1, 2, 3)",
        &[1, 2, 3, 4, 5, 6],
        (grey, &[1, 2, 3, 4, 5, 6]),
    );
    check(
        "|u1",
        "True",
        "(1, 2, 3)",
        &[1, 4, 2, 5, 3, 6],
        (grey, &[1, 2, 3, 4, 5, 6]),
    );
    check(
        "|u1",
        "False",
        "(1, 1, 2, 3)",
        &[1, 2, 3, 4, 5, 6],
        (ImageShape::new(3, 1, 2), &[1, 4, 2, 5, 3, 6]),
    );
    check(
        ">i2",
        "False",
        "(1, 1, 2)",
        &[0, 200, 0, 3],
        (ImageShape::new(1, 1, 2), &[200, 3]),
    );
    let halves: Vec<u8> = [0.0_f32, 0.5]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    check(
        "<f4",
        "False",
        "(1, 1, 2)",
        &halves,
        (ImageShape::new(1, 1, 2), &[0, 128]),
    );

    let refused = |header: &str, values: &[u8], expected: &str| {
        put(&images, &npy(header, values));
        let error = told(read(&images));
        assert!(error.contains(expected), "{error}");
    };
    refused(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }",
        &[1],
        "it breaks off",
    );
    refused(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2, 3), }",
        &[1],
        "values of type `|O` are not read",
    );
    refused(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }",
        &[1; 6],
        "it is (6), and pictures have 3 or 4",
    );
    refused(
        "{'descr': '<', 'fortran_order': False, 'shape': (6,), }",
        &[1; 6],
        "values of type `<`",
    );
    refused("{'descr': '|u1'}", &[1; 6], "its header cannot be read");
    let negative: Vec<u8> = [-1.0_f32, 1.0]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    refused(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }",
        &negative,
        "lie between -1 and 1",
    );
}

#[test]
fn what_is_no_picture_is_told_with_what_to_type() {
    let folder = folder();
    let error = told(read(&folder.path().join("nowhere")));
    assert!(error.contains("check the path"), "{error}");
    let error = told(read(folder.path()));
    assert!(
        error.contains("is not recognised") && error.contains("`--format`: idx"),
        "{error}"
    );
    put(&folder.path().join("loose.png"), &grey_png(1, 1, 1));
    let error = told(read(folder.path()));
    assert!(
        error.contains("lie in no folder of a class") && error.contains("PICTURES/cat/1.png"),
        "{error}"
    );
    put(
        &folder.path().join("v73.mat"),
        &[b"MATLAB 7.3 MAT-file".to_vec(), vec![b' '; 200]].concat(),
    );
    let error = told(read(&folder.path().join("v73.mat")));
    assert!(error.contains("HDF5; save it with `-v7`"), "{error}");
    put(&folder.path().join("a.npz"), b"PK\x03\x04 and no more");
    assert!(read(&folder.path().join("a.npz")).is_err());
    let error = told(read_with(folder.path(), |options| options.size = Some((0, 5))));
    assert!(error.contains("`size = [0, 5]` is out of range"), "{error}");
}

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

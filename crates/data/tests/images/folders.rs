use counterpoise_base::{Event, ImageShape, Images, LabeledImages, Labels, Observer};
use counterpoise_data::{
    Alpha, Channels, Corrupt, Error, ImageFormat, ImageOptions, ImageOutput, Resize, Split, encode_png,
    read_images, write_images,
};
use png::{BitDepth, ColorType};

use crate::common::{codes_of, folder, grey_png, jpeg, png, put, read, read_with, told};

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
        error.contains("3 of 1 channel, 1 of 3 channels") && error.contains("--channels grey"),
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
            options.alpha = Some(alpha);
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
            error.contains("1 of 2 pictures") && error.contains("`a/2.jpeg`"),
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
        error.contains("3 of 5 pictures") && error.contains("`b/empty.png`: it is empty"),
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

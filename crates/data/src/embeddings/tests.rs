use std::path::PathBuf;

use counterpoise_base::{HeadKind, Labels};
use proptest::prelude::*;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("it is ours");
        path
    }
}

fn read(path: &Path) -> Result<ReadEmbeddings, Error> {
    read_embeddings(path, &EmbeddingOptions::default(), &())
}

fn text(name: &str, content: &str) -> Result<ReadEmbeddings, Error> {
    read(&Folder::new().file(name, content))
}

/// What is said of a file, without its folder.
fn refused(name: &str, content: &str) -> String {
    let folder = Folder::new();
    let path = folder.file(name, content);
    let error = read(&path).expect_err(content);
    assert!(error.hint().is_some(), "{error}");
    let place = format!("{}/", folder.0.path().display());
    error.to_string().replace(&place, "")
}

fn example() -> Embeddings {
    let labels = Labels::from_codes(["cat", "dog", "owl"].map(String::from).to_vec(), vec![2, 0, 0]);
    let values = vec![1.0, f32::MIN_POSITIVE / 4.0, 0.1, -0.0, 1e-30, 3.402_823_5e38];
    let mut all = Embeddings::new(values, 2, labels).with_predictions(vec![2, 1, 0]);
    all.shares = Some(vec![0.0, 0.0, 1.0, 0.75, 0.25, 0.0, 1.0, 0.0, 0.0]);
    all.names = Some(["a.png", "b.png", "ö.png"].map(String::from).to_vec());
    all
}

fn bits(embeddings: &Embeddings) -> Vec<u32> {
    embeddings.values().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn files_that_hold_all_of_it_give_all_of_it_back() {
    let folder = Folder::new();
    let about = BTreeMap::from([("network".to_owned(), "resnet-32".to_owned())]);
    let linear = LinearHead::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 0.1], vec![0.5, -0.5, 0.0], 2);
    let cosine = LinearHead::cosine(vec![1.0, 2.0, 3.0, 4.0, 5.0, 0.1], 2);
    for name in ["x.safetensors", "x.npz"] {
        for head in [None, Some(&linear), Some(&cosine)] {
            let path = folder.0.path().join(name);
            let warnings = write_embeddings(&path, &example(), head, &about).expect(name);
            assert_eq!(warnings, []);
            let first = std::fs::read(&path).expect(name);
            let back = read(&path).expect(name);
            assert_eq!(back.embeddings, example(), "{name}");
            assert_eq!(bits(&back.embeddings), bits(&example()), "{name}");
            assert_eq!(back.head.as_ref(), head, "{name}");
            assert_eq!(back.about, about, "{name}");
            assert_eq!(back.warnings, []);
            write_embeddings(&path, &example(), head, &about).expect(name);
            assert_eq!(std::fs::read(&path).expect(name), first, "{name}: other bytes");
        }
    }
}

#[test]
fn tables_give_rows_back_and_say_what_they_do_not_hold() {
    let folder = Folder::new();
    let head = LinearHead::new(vec![0.0; 6], vec![0.0; 3], 2);
    for name in ["x.parquet", "x.arrow", "x.csv", "x.csv.gz", "x.tsv"] {
        let path = folder.0.path().join(name);
        let warnings = write_embeddings(&path, &example(), Some(&head), &BTreeMap::new()).expect(name);
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].message.ends_with("has no place for the head"),
            "{warnings:?}"
        );
        let back = read(&path).expect(name);
        assert!(back.in_order, "columns of shares are called by classes: {name}");
        assert_eq!(back.embeddings, example(), "{name}");
        assert_eq!(bits(&back.embeddings), bits(&example()), "{name}");
        assert_eq!(back.head, None);
    }
}

#[test]
fn names_in_text_have_no_order_of_their_own() {
    let folder = Folder::new();
    let mut plain = example();
    plain.shares = None;
    let path = folder.0.path().join("x.csv");
    write_embeddings(&path, &plain, None, &BTreeMap::new()).expect("it is ours");
    assert!(!read(&path).expect("it is read").in_order);
    let path = folder.0.path().join("x.npz");
    write_embeddings(&path, &plain, None, &BTreeMap::new()).expect("it is ours");
    assert!(read(&path).expect("it is read").in_order);
}

#[test]
fn an_array_has_its_labels_beside_it() {
    let folder = Folder::new();
    let path = folder.0.path().join("x.npy");
    let warnings = write_embeddings(&path, &example(), None, &BTreeMap::new()).expect("it is ours");
    assert_eq!(warnings.len(), 1);
    let back = read(&path).expect("both are there").embeddings;
    assert_eq!(bits(&back), bits(&example()));
    assert_eq!(back.labels.codes(), example().labels.codes());
    let options = EmbeddingOptions {
        labels: Some(folder.file("names.txt", "owl\ncat\ncat\n")),
        classes: example().labels.classes().to_vec(),
        ..EmbeddingOptions::default()
    };
    let named = read_embeddings(&path, &options, &()).expect("one label a row");
    assert_eq!(named.embeddings.labels, example().labels);
    let options = EmbeddingOptions {
        labels: Some(folder.file("few.csv", "label\n0\n1\n")),
        ..EmbeddingOptions::default()
    };
    let error = read_embeddings(&path, &options, &())
        .expect_err("two labels")
        .to_string();
    assert!(
        error.contains("3 embeddings") && error.ends_with("has 2 labels"),
        "{error}"
    );
}

/// An array as NumPy writes it, with a header of our own.
fn npy(kind: &str, fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

#[test]
fn arrays_of_every_type_and_order_are_read() {
    let folder = Folder::new();
    let check = |kind: &str, fortran, values: &[u8]| {
        let path = folder.file("x.npy", npy(kind, fortran, "(2, 2)", values));
        folder.file("x-labels.npy", npy("|u1", false, "(2, 1)", &[1, 0]));
        let found = read(&path).expect(kind).embeddings;
        assert_eq!(found.values(), [1.0, 2.0, 3.0, -4.0], "{kind}");
        assert_eq!(found.labels.codes(), [1, 0]);
    };
    let numbers = [1.0_f64, 2.0, 3.0, -4.0];
    check("<f8", false, &numbers.map(f64::to_le_bytes).concat());
    check(">f8", false, &numbers.map(f64::to_be_bytes).concat());
    check("<i2", false, &[1_i16, 2, 3, -4].map(i16::to_le_bytes).concat());
    check("|i1", false, &[1, 2, 3, 0xfc]);
    check(
        ">f4",
        true,
        &[1.0_f32, 3.0, 2.0, -4.0].map(f32::to_be_bytes).concat(),
    );
    check(
        "<f2",
        false,
        &[0x3c00_u16, 0x4000, 0x4200, 0xc400]
            .map(u16::to_le_bytes)
            .concat(),
    );
}

#[test]
fn tensors_of_other_programs_are_read() {
    let folder = Folder::new();
    let header = r#"{"fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"feats":{"dtype":"F64","shape":[1,2],"data_offsets":[24,40]},"y":{"dtype":"I32","shape":[1],"data_offsets":[40,44]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_le_bytes).concat());
    bytes.extend([0.5_f64, 0.25].map(f64::to_le_bytes).concat());
    bytes.extend(2_i32.to_le_bytes());
    let path = folder.file("x.safetensors", &bytes);
    let found = read(&path).expect("it is whole");
    assert_eq!(found.embeddings.values(), [0.5, 0.25]);
    assert_eq!(found.embeddings.labels.classes(), ["0", "1", "2"]);
    let head = found.head.expect("it is there");
    assert_eq!(head.weight(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["data.transposed-head", "data.head-without-bias"]);
    let options = EmbeddingOptions {
        head: Some(HeadKind::Cosine),
        ..EmbeddingOptions::default()
    };
    let head = read_embeddings(&path, &options, &()).expect("it is whole").head;
    assert_eq!(head.map(|head| head.kind()), Some(HeadKind::Cosine));
    for length in 1..bytes.len() {
        let path = folder.file("x.safetensors", &bytes[..length]);
        assert_eq!(
            read(&path).expect_err("cut").code(),
            "data.embedding-file",
            "{length}"
        );
    }
}

#[test]
fn layouts_of_the_authors_are_recognised() {
    let rows = ["0,1,0.9,0.5,2", "1,1,0.8,1.5,3", "2,0,0.75,2.5,4"];
    let header = format!("actual,pred,certainty,f0,f1\n{}\n", rows.join("\n"));
    let bare = format!("{}\n", rows.join("\n"));
    let counted = format!("0,1,2,3,4\n{bare}");
    let numbered: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(row, line)| format!("{row},{line}"))
        .collect();
    let pandas = format!(",actual,pred,certainty,f0,f1\n{}\n", numbered.join("\n"));
    let four = format!("{}\n", numbered.join("\n"));
    for content in [&header, &bare, &counted, &pandas, &four] {
        let found = text("x.csv", content).expect(content).embeddings;
        assert_eq!(found.values(), [0.5, 2.0, 1.5, 3.0, 2.5, 4.0], "{content}");
        assert_eq!(found.labels.codes(), [0, 1, 2], "{content}");
        assert_eq!(found.predictions, Some(vec![1, 1, 0]), "{content}");
    }
    assert_eq!(
        refused("x.csv", "Tar,Pred,IDX,Len,I0,I1,M0,M1\n0,0,1,2,5,3,1.5,0.5\n"),
        "`x.csv` cannot be read as embeddings: it lists which contributions of each row are largest (`I0`, `M0`, …), \
         and not the value of every feature"
    );
}

#[test]
fn bad_files_are_refused_by_place() {
    let at = "`x.csv`, column `f1`, row 2: the value is missing or not a number";
    assert_eq!(refused("x.csv", "label,f0,f1\n0,1,2\n1,3,nan\n"), at);
    assert_eq!(refused("x.csv", "label,f0,f1\n0,1,2\n1,3,\n"), at);
    assert_eq!(
        refused("x.csv", "label,f0,f1\n0,1,2\n1,3,1e39\n"),
        "`x.csv`, column `f1`, row 2: the value is infinite in single precision"
    );
    assert_eq!(
        refused("x.csv", "label,f0,f1\n0,1,2\n1,3\n"),
        "`x.csv`, row 2 (line 3): 2 cells, but there are 3 columns"
    );
    assert_eq!(
        refused("x.csv", "label,f0,f2\n0,1,2\n1,3,4\n"),
        "`x.csv` cannot be read as embeddings: it has no column `f1`, but one called `f2`"
    );
    assert_eq!(
        refused("x.csv", "label,f0\n0,1\n-1,2\n"),
        "`x.csv`, row 2: the label `-1` is none of the 1 class"
    );
    assert_eq!(
        refused("x.csv", "label,f0\n0,1\n,2\n"),
        "`x.csv`, column `label`, row 2: the class is missing"
    );
    assert_eq!(
        refused("x.csv", "f0,f1\n0,1\n1,2\n"),
        "no column of `x.csv` is known to hold labels"
    );
    assert_eq!(
        refused("x.pth", "PK"),
        "`x.pth` has no extension that names a format of embeddings"
    );
    assert_eq!(
        refused("x.docx", "PK"),
        "`x.docx` has no extension that names a format of embeddings"
    );
    let empty = |name| text(name, "").expect_err("empty").code();
    for name in ["x.csv", "x.npz", "x.npy", "x.safetensors"] {
        assert_eq!(empty(name), "data.empty", "{name}");
    }
}

#[test]
fn classes_that_are_numbers_are_found_by_name() {
    let folder = Folder::new();
    let path = folder.file("x.csv", "label,a,b\n-1,1,2\n1,3,4\n");
    let options = EmbeddingOptions {
        classes: vec!["-1".into(), "1".into()],
        ..EmbeddingOptions::default()
    };
    let found = read_embeddings(&path, &options, &())
        .expect("both are named")
        .embeddings;
    assert_eq!(found.labels.codes(), [0, 1]);
    assert_eq!(found.values(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn two_files_share_their_codes() {
    let train = text("a.csv", "label,f0\nowl,1\ncat,2\n")
        .expect("it is whole")
        .embeddings;
    let test = text("b.csv", "label,predicted,f0\nowl,dog,1\n")
        .expect("it is whole")
        .embeddings;
    let classes = shared_classes(&[&train.labels, &test.labels]);
    assert_eq!(classes, ["cat", "owl", "dog"]);
    let moved = embeddings_in_classes(test.clone(), &classes, "b.csv").expect("all are named");
    assert_eq!(moved.labels.codes(), [1]);
    assert_eq!(moved.predictions, Some(vec![2]));
    let error = embeddings_in_classes(test, train.labels.classes(), "b.csv").expect_err("no dog");
    assert_eq!(
        error.to_string(),
        "`b.csv` has rows of class `dog`, which is none of `cat`, `owl`"
    );
}

#[test]
fn shares_go_with_their_classes() {
    let classes = ["owl", "ant", "dog", "cat"].map(String::from);
    let moved = embeddings_in_classes(example(), &classes, "x").expect("all are named");
    assert_eq!(moved.labels.codes(), [0, 3, 3]);
    assert_eq!(
        moved.shares.as_deref(),
        Some(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.75, 0.0, 0.0, 0.0, 1.0][..])
    );
}

#[test]
fn a_head_fits_its_embeddings() {
    let folder = Folder::new();
    let path = folder.0.path().join("x.safetensors");
    let head = LinearHead::new(vec![0.0; 9], vec![0.0; 3], 3);
    write_embeddings(&path, &example(), Some(&head), &BTreeMap::new()).expect("it is ours");
    let error = read(&path).expect_err("of another width").to_string();
    assert!(
        error.ends_with("the weights of its head are [3, 3], and embeddings have 2 features"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn any_numbers_come_back_bit_for_bit(
        rows in prop::collection::vec((0_u32..5, prop::array::uniform3(-f32::MAX..f32::MAX)), 1..20),
        format in 0_usize..4,
    ) {
        let name = ["x.safetensors", "x.npz", "x.npy", "x.parquet"][format];
        let folder = Folder::new();
        let path = folder.0.path().join(name);
        let labels = Labels::from_codes(
            (0..5).map(|code| format!("c{code}")).collect(),
            rows.iter().map(|row| row.0).collect(),
        );
        let all = Embeddings::new(rows.iter().flat_map(|row| row.1).collect(), 3, labels);
        write_embeddings(&path, &all, None, &BTreeMap::new()).expect(name);
        let back = read(&path).expect(name).embeddings;
        prop_assert_eq!(bits(&back), bits(&all));
        let named = |all: &Embeddings| -> Vec<String> {
            (0..all.len()).map(|row| all.labels.name_of(row).trim_start_matches('c').to_owned()).collect()
        };
        prop_assert_eq!(named(&back), named(&all));
    }
}

#[test]
fn a_column_that_is_left_out_is_no_feature_whatever_it_is_called() {
    let folder = Folder::new();
    let path = folder.file("x.csv", "label,f0,f1,f2\na,1,2,3\nb,4,5,6\n");
    let without = |ignore: &[&str]| {
        let options = EmbeddingOptions {
            ignore: ignore.iter().map(ToString::to_string).collect(),
            ..EmbeddingOptions::default()
        };
        read_embeddings(&path, &options, &())
    };
    let found = without(&["f0"]).expect("two are left").embeddings;
    assert_eq!((found.width(), found.values()), (2, &[2.0, 3.0, 5.0, 6.0][..]));
    let found = without(&["f2", "f1"]).expect("one is left").embeddings;
    assert_eq!(found.values(), [1.0, 4.0]);
    let error = without(&["f0", "f1", "f2"]).expect_err("none is left");
    assert!(
        error.to_string().contains("none of its columns is a feature"),
        "{error}"
    );
}

#[test]
fn arrays_have_no_columns_to_leave_out() {
    let folder = Folder::new();
    let options = EmbeddingOptions {
        ignore: vec!["f0".into()],
        ..EmbeddingOptions::default()
    };
    for name in ["x.npz", "x.safetensors", "x.npy"] {
        let path = folder.0.path().join(name);
        write_embeddings(&path, &example(), None, &BTreeMap::new()).expect(name);
        let error = read_embeddings(&path, &options, &()).expect_err(name);
        assert!(error.to_string().contains("`f0` cannot be left out"), "{error}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("--feature-column")),
            "{error}"
        );
    }
}

#[test]
fn names_that_are_numbers_survive_a_table() {
    let folder = Folder::new();
    let names = ["3", "20", "1980"].map(String::from).to_vec();
    let embeddings = Embeddings::new(
        vec![0.5, 1.5, 2.5],
        1,
        Labels::from_codes(names.clone(), vec![1, 0, 2]),
    );
    let named = |embeddings: &Embeddings| -> Vec<String> {
        let labels = &embeddings.labels;
        let codes = labels.codes().iter();
        codes
            .map(|&code| labels.classes()[code as usize].clone())
            .collect()
    };
    for name in ["x.csv", "x.parquet"] {
        let path = folder.0.path().join(name);
        write_embeddings(&path, &embeddings, None, &BTreeMap::new()).expect(name);
        let back = read(&path).expect(name).embeddings;
        assert_eq!(named(&back), ["20", "3", "1980"], "{name}");
        let mut classes = back.labels.classes().to_vec();
        classes.sort_unstable();
        assert_eq!(classes, ["1980", "20", "3"], "{name}: no class but these");
        // Given names are in the order of codes still.
        let options = EmbeddingOptions {
            classes: names.clone(),
            ..EmbeddingOptions::default()
        };
        let back = read_embeddings(&path, &options, &()).expect(name).embeddings;
        assert_eq!(back.labels, embeddings.labels, "{name}");
    }
    // In the order of the numbers; a predicted class is one too.
    let found = text("y.csv", "label,predicted,f0\n10,2,0.5\n9,9,1.5\n").expect("it is whole");
    assert_eq!(found.embeddings.labels.classes(), ["2", "9", "10"]);
    assert_eq!(found.embeddings.labels.codes(), [2, 1]);
}

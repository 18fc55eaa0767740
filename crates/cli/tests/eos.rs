//! EOS through the binary: phase by phase, all at once, with embeddings of others, and with what cannot work.

mod folder;
mod pictures;

use folder::Folder;
use pictures::{idx, json, three_classes, weights};

const TRAINED: &str =
    "train p --network lenet --optimizer adam --batch 16 --epochs 8 --quiet --output net.safetensors";

/// A folder with pictures of three classes and a network for them.
fn with_network() -> Folder {
    let folder = three_classes();
    folder.ok(TRAINED);
    folder
}

/// Embeddings of another program: two clouds, ten rows to three.
fn foreign(folder: &Folder) {
    let rows = (0..13).map(|row| {
        let class = i32::from(row >= 10);
        let (first, second) = (
            f64::from(row % 5) * 0.3 + f64::from(class),
            f64::from(row % 3) * 0.2,
        );
        format!("{first},{second},{}\n", ["cat", "dog"][class as usize])
    });
    folder.write("rows.csv", format!("f0,f1,label\n{}", rows.collect::<String>()));
}

#[test]
fn phases_one_by_one_are_all_phases_at_once() {
    let folder = with_network();
    folder.ok("eos extract net.safetensors p --rows training --output train.safetensors");
    folder.ok("eos extract net.safetensors p --rows held-out --output held-out.npz");
    let told = folder.ok("eos extract net.safetensors p --split test --output test.parquet");
    assert!(told.stdout.contains("84 features a row"), "{}", told.stdout);
    let told = folder.ok("eos augment train.safetensors --output balanced.safetensors");
    assert!(told.stdout.contains("synthetic rows"), "{}", told.stdout);
    let told = folder.ok("eos head balanced.safetensors --validation held-out.npz --from net.safetensors --output head.safetensors --json");
    let told = json(&told.stdout);
    assert_eq!(told["parameters"], 3 * 85);
    assert_eq!(told["norms"].as_array().map(Vec::len), Some(3));
    let told = folder.ok("eos assemble net.safetensors head.safetensors --output whole.safetensors");
    assert!(told.stdout.contains("wrote whole.safetensors"), "{}", told.stdout);
    assert!(weights(&folder, "whole.safetensors") != weights(&folder, "net.safetensors"));
    let judged = json(&folder.ok("evaluate whole.safetensors p --json").stdout);
    assert!(
        judged["measures"][0]["value"].as_f64() > Some(0.8),
        "{}",
        judged["measures"][0]
    );
    assert_eq!(
        folder.files(),
        [
            "balanced.safetensors",
            "head.safetensors",
            "held-out.npz",
            "net.safetensors",
            "p",
            "test.parquet",
            "train.safetensors",
            "whole.safetensors"
        ],
        "nothing is left beside what was asked for"
    );
}

#[test]
fn all_phases_tell_what_the_head_brought_and_what_others_bring() {
    let folder = with_network();
    let words = "eos run p --from net.safetensors --test same --output whole.safetensors --report page.html";
    let ran = folder.ok(words);
    for part in [
        "Heads over the same embeddings",
        "logit-adjustment (tau = ",
        "eos-chosen (eos",
        "balanced-softmax",
        "read net.safetensors",
        "wrote whole.safetensors",
        "wrote page.html",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    let page = folder.read("page.html");
    for part in [
        "Heads over the same embeddings",
        "Generalization gap",
        "Length of the weights",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // What the page says of the head is what the network says end to end.
    let told = json(&folder.ok(&format!("{words} --overwrite --json")).stdout);
    let head = &told["heads"][0]["scores"]["balanced_accuracy"]["score"]["value"];
    let whole = told["after"]["measured"]["measures"].as_array().expect("a list");
    let whole = whole
        .iter()
        .find(|measure| measure["measure"] == "balanced-accuracy")
        .expect("it is there");
    assert!(
        (head.as_f64().unwrap() - whole["value"].as_f64().unwrap()).abs() < 1e-12,
        "{head} and {whole}"
    );
    assert_eq!(told["balanced"], serde_json::json!([54, 54, 54]));
    // The same draws whatever the number of threads.
    let first = weights(&folder, "whole.safetensors");
    folder.ok(&format!("{words} --overwrite --threads 1 --compare none"));
    assert!(weights(&folder, "whole.safetensors") == first);
}

#[test]
fn phase_one_is_trained_once() {
    let folder = three_classes();
    let words = "eos run p --network lenet --optimizer adam --batch 16 --epochs 2 --pad 1 --compare none --test same --output whole.safetensors";
    folder.ok(words);
    assert_eq!(
        folder.files(),
        ["p", "whole.first.safetensors", "whole.safetensors"]
    );
    let first = weights(&folder, "whole.first.safetensors");
    let again = folder.ok(&format!("{words} --overwrite"));
    assert!(again.stderr.contains("is taken as it is"), "{}", again.stderr);
    assert!(weights(&folder, "whole.first.safetensors") == first);
    let other = folder.refused(&format!("{words} --overwrite --loss focal"));
    assert!(other.contains("trained with other options"), "{other}");
    // As many pictures of each class, but others.
    let (pictures, _) = idx(&[60, 30, 8], 500);
    folder.write("p/train-images-idx3-ubyte", pictures);
    let other = folder.refused(&format!("{words} --overwrite"));
    assert!(other.contains("trained on other data"), "{other}");
    let from = words.replace("whole", "from");
    let told = folder.ok(&format!("{from} --from whole.first.safetensors"));
    assert!(
        told.stderr
            .contains("88 of 88 pictures that are taken for training pictures are not among"),
        "{}",
        told.stderr
    );
}

#[test]
fn rows_that_were_parted_otherwise_are_told_of() {
    let folder = with_network();
    let told = folder.ok("eos extract net.safetensors p --rows held-out --validation 0.3 --output x.npz");
    assert!(
        told.stderr.contains("held out here are known to the network"),
        "{}",
        told.stderr
    );
    let told = folder.ok("eos extract net.safetensors p --rows held-out --output y.npz");
    assert_eq!(told.stderr, "");
}

#[test]
fn heads_of_one_class_or_without_a_choice_are_refused() {
    let folder = Folder::new();
    folder.write("one.csv", "f0,f1,label\n0.5,1,cat\n0.25,2,cat\n");
    let said = folder.refused("eos head one.csv --output h.safetensors");
    assert!(said.contains("all of its rows are of one class, `cat`"), "{said}");
    foreign(&folder);
    let said = folder.refused("eos head rows.csv --choose-by macro-f1 --output h.safetensors");
    assert!(said.contains("no rows to choose the epoch by"), "{said}");
}

#[test]
fn embeddings_of_others_enter_at_phase_two() {
    let folder = Folder::new();
    foreign(&folder);
    let told =
        folder.ok("eos augment rows.csv --k-neighbors 4 --r-max 0.5 --row-labels soft --output balanced.npz");
    assert!(
        told.stdout.contains("k_neighbors = 4") && told.stdout.contains("7 synthetic rows"),
        "{}",
        told.stdout
    );
    folder.ok(
        "eos head balanced.npz --validation rows.csv --choose-by balanced-accuracy --output head.safetensors",
    );
    folder.ok("eos augment rows.csv --method smote --k-neighbors 2 --output smote.csv");
    let table = folder.read("smote.csv");
    assert_eq!(table.lines().count(), 21, "{table}");
    folder.ok("eos head smote.csv --head cosine --loss ldam --output cosine.safetensors");
    folder.ok("eos head balanced.npz --from head.safetensors --start warm --output tuned.safetensors");
    // A column that is left out is no feature, though it is called like one; an array has no columns.
    let columns = |file: &str| {
        folder
            .read(file)
            .lines()
            .next()
            .map(|line| line.split(',').count())
    };
    folder.ok("eos augment rows.csv --ignore f0 --output narrow.csv");
    folder.ok("eos augment rows.csv --output wide.csv");
    assert_eq!(columns("narrow.csv").map(|count| count + 1), columns("wide.csv"));
    // Text is read as flags say, as everywhere.
    folder.write(
        "odd.csv",
        folder.read("rows.csv").replace(',', ";").replace('.', ","),
    );
    folder.ok("eos augment odd.csv --decimal-comma --separator ; --output same.csv");
    assert_eq!(folder.read("same.csv"), folder.read("wide.csv"));
    folder.write("mixed.csv", folder.read("rows.csv").replace("f0,f1", "feat_0,f1"));
    let told = folder.refused("eos augment mixed.csv --output o.npz");
    assert!(told.contains("call the first `f0`"), "{told}");
    let told = folder.refused("eos augment balanced.npz --ignore f0 --output o.npz");
    assert!(told.contains("`f0` cannot be left out"), "{told}");
}

#[test]
fn what_cannot_work_is_told_with_what_to_type() {
    let folder = with_network();
    foreign(&folder);
    for (words, says, hints) in [
        (
            "eos augment rows.csv --k-neighbors 2,4 --output o.npz",
            "several values",
            "counterpoise eos run",
        ),
        (
            "eos augment rows.csv --method smoet --output o.npz",
            "smoet",
            "did you mean `smote`?",
        ),
        (
            "eos augment rows.csv --method fair-balance --output o.npz",
            "",
            "",
        ),
        (
            "eos augment rows.csv --output rows.csv",
            "rows.csv",
            "another name",
        ),
        ("eos augment nothing.npz --output o.npz", "nothing.npz", ""),
        (
            "eos head rows.csv --start warm --output h.safetensors",
            "there is none",
            "head.start=fresh",
        ),
        (
            "eos head rows.csv --loss ldam --output h.safetensors",
            "made for cosines",
            "head.head=cosine",
        ),
        (
            "eos head rows.csv --from net.safetensors --output h.safetensors",
            "3 classes and 84 features",
            "of this network",
        ),
        (
            "explain --neighbors rows.csv --na cat",
            "row 1, column `label`: there is no value",
            "`N0`",
        ),
        (
            "eos head rows.csv --output h.pth",
            "weights are not written in",
            "….safetensors",
        ),
        (
            "eos head rows.csv --from h.npz --output h.safetensors",
            "not read out of `.npz`",
            "save_file",
        ),
        (
            "eos assemble net.safetensors rows.csv --output o.safetensors",
            "rows.csv",
            "",
        ),
        (
            "eos run p --from net.safetensors --compare none,crtt --output o.safetensors",
            "no head `crtt`",
            "did you mean `crt`?",
        ),
        (
            "eos run p --from net.safetensors --method smote --r-max 0.5,1 --output o.safetensors",
            "smote has no such option",
            "counterpoise describe smote",
        ),
        (
            "eos run p --from net.safetensors --target y --output o.safetensors",
            "for pictures",
            "phase by phase",
        ),
        (
            "eos run p --from net.safetensors --set head.epochs=0 --output o.safetensors",
            "",
            "",
        ),
        (
            "eos extract net.safetensors p --output net.safetensors",
            "net.safetensors",
            "another name",
        ),
        (
            "eos extract net.safetensors p --output features.txt2",
            "features.txt2",
            "",
        ),
    ] {
        let said = folder.refused(words);
        assert!(said.contains(says) && said.contains(hints), "{words}\n{said}");
    }
    assert_eq!(folder.files(), ["net.safetensors", "p", "rows.csv"]);
}

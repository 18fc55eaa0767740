//! Why a model fails, through the binary: networks over pictures and tables, features of others, linear models, two models, and
//! what cannot be read.
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod folder;
mod pictures;

use std::fmt::Write as _;

use folder::Folder;
use pictures::{json, three_classes};
use serde_json::Value;

/// A folder with pictures of three classes and a network that knows the two larger ones.
fn with_network() -> Folder {
    let folder = three_classes();
    folder.ok(
        "train p --network lenet --optimizer adam --batch 16 --epochs 6 --quiet --output net.safetensors",
    );
    folder
}

/// Rows of three classes in four features: `counts` rows each, of which the first `lost` of class `c` look like class `b`.
fn rows(counts: [usize; 3], lost: usize, prediction: Option<&str>) -> String {
    let mut text = "f0,f1,f2,f3,label".to_owned();
    text.push_str(if prediction.is_some() {
        ",predicted\n"
    } else {
        "\n"
    });
    for (class, &count) in counts.iter().enumerate() {
        for row in 0..count {
            let more = f64::from((row % 7) as u32) / 10.0;
            let values = match class {
                0 => [3.0 + more, 0.1, 0.2, 0.3],
                1 => [0.1, 3.0 - more, 0.2, 0.1 + more],
                _ if row < lost => [0.2, 2.0 + more, 0.3, 0.2],
                _ => [0.1, 0.2, 2.0 + more, 0.2],
            };
            let values = values.map(|value| format!("{value:.2}")).join(",");
            let name = ["a", "b", "c"][class];
            let _ = write!(text, "{values},{name}");
            text.push_str(&prediction.map_or("\n".to_owned(), |told| format!(",{told}\n")));
        }
    }
    text
}

/// Weights of a linear model over these rows.
const WEIGHTS: &str = "class,f0,f1,f2,f3,bias\na,1,0,0,0,0\nb,0,1,0,0.1,0\nc,0,0,1,0,0\n";

/// Training and test rows, and weights.
fn features() -> Folder {
    let folder = Folder::new();
    folder.write("train.csv", rows([40, 20, 8], 0, None));
    folder.write("test.csv", rows([20, 20, 20], 12, None));
    folder.write("w.csv", WEIGHTS);
    folder
}

const EXPLAIN: &str = "explain w.csv --train train.csv --test test.csv";

fn of<'a>(told: &'a Value, list: &str, class: &str) -> &'a Value {
    let all = told["diagnosis"][list].as_array().expect(list);
    let found = all.iter().find(|one| one["class"] == class);
    found.unwrap_or_else(|| panic!("{class} is not in {all:?}"))
}

#[test]
fn a_network_is_explained_with_commands_that_run() {
    let folder = with_network();
    let words = "explain net.safetensors --data p --out page.html --tables numbers";
    let told = folder.ok(words);
    for part in [
        "net.safetensors: 3 classes of 84 features",
        "training rows",
        "wrote page.html",
        "files into numbers",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
    let page = folder.read("page.html");
    for part in [
        "What to do",
        "What each class hangs on",
        "Do test rows look like training rows?",
        "Beyond the training range",
        "misclassified in the test",
        "pixels that change the logit",
        "Where errors go",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.len() < 10_000_000, "{} bytes", page.len());
    // Every table is there twice, with the same rows.
    for name in [
        "classes",
        "gap",
        "archetypes",
        "largest-features",
        "match-of-features",
    ] {
        let lines = folder.read(&format!("numbers/{name}.csv")).lines().count();
        let list = json(&folder.read(&format!("numbers/{name}.json")));
        assert_eq!(list.as_array().map(Vec::len), Some(lines - 1), "{name}");
    }
    // Nine of ten training pictures were learnt from, and the test part judges.
    let told = json(&folder.ok("explain net.safetensors --data p --json").stdout);
    let sizes: Vec<&Value> = ["0", "1", "2"]
        .map(|class| &of(&told, "summaries", class)["train_rows"])
        .to_vec();
    assert_eq!(sizes, [54, 27, 7]);
    assert_eq!(of(&told, "summaries", "2")["test_rows"], 10);
    for step in told["next"].as_array().expect("a list") {
        for command in step["commands"].as_array().expect("a list") {
            let command = command.as_str().expect("a text");
            let command = command.strip_prefix("counterpoise ").expect(command);
            let quick = ["deepsmote fit", "deepsmote generate"]
                .iter()
                .any(|start| command.starts_with(start));
            folder.ok(&if quick && command.contains(" fit ") {
                format!("{command} --epochs 1 {}", pictures::SMALL)
            } else {
                command.to_owned()
            });
        }
    }
}

#[test]
fn numbers_do_not_depend_on_threads() {
    let folder = with_network();
    let words = "explain net.safetensors --data p --json";
    assert!(folder.ok(words).stdout == folder.ok(&format!("{words} --threads 1")).stdout);
}

#[test]
fn a_network_is_judged_by_what_it_held_out_where_there_is_nothing_else() {
    let folder = with_network();
    std::fs::remove_file(folder.path("p/t10k-images-idx3-ubyte")).expect("it is there");
    std::fs::remove_file(folder.path("p/t10k-labels-idx1-ubyte")).expect("it is there");
    let told = folder.ok("explain net.safetensors --data p/train-images-idx3-ubyte");
    assert!(
        told.stderr.contains("held out to choose the epoch by"),
        "{}",
        told.stderr
    );
    assert!(told.stdout.contains("on 10 test rows"), "{}", told.stdout);
    let said = folder
        .refused("explain net.safetensors --data p/train-images-idx3-ubyte --test p/train-images-idx3-ubyte");
    assert!(
        said.contains("every test picture is a training picture"),
        "{said}"
    );
}

#[test]
fn a_table_that_was_made_imbalanced_is_looked_at_as_training_saw_it() {
    let folder = Folder::new();
    folder.write("t.csv", rows([60, 60, 60], 0, None));
    let rare = "--imbalance 60,60,12";
    folder.ok(&format!(
        "train t.csv --target label {rare} --epochs 3 --quiet --output net.safetensors"
    ));
    folder.ok(&format!(
        "explain net.safetensors --data t.csv {rare} --tables told"
    ));
    let classes = folder.read("told/classes.csv");
    let c = classes
        .lines()
        .find(|line| line.starts_with("c,"))
        .expect("a class");
    assert!(c.starts_with("c,11,1,"), "{c}");
    let seen = folder.ok(&format!(
        "eos extract net.safetensors t.csv {rare} --rows training --output seen.npz --json"
    ));
    assert_eq!(json(&seen.stdout)["counts"][2], 11, "{}", seen.stdout);
    for words in [
        "explain net.safetensors --data t.csv --size 28",
        "eos extract net.safetensors t.csv --size 28 --output x.npz",
    ] {
        let said = folder.refused(words);
        assert!(said.contains("--size"), "{said}");
    }
}

#[test]
fn each_file_has_its_own_labels_and_its_own_head() {
    let folder = with_network();
    folder.ok("train p --network lenet --optimizer adam --batch 16 --epochs 2 --seed 1 --quiet --output other.safetensors");
    folder.ok("eos extract net.safetensors p --rows training --output train.npz");
    folder.ok("eos extract other.safetensors p --split test --output test.npz");
    let said = folder.refused("explain --train train.npz --test test.npz");
    assert!(
        said.contains("it holds another last layer than `train.npz`"),
        "{said}"
    );

    let folder = features();
    let labels = |text: String| -> String {
        let last = text
            .lines()
            .map(|line| line.rsplit(',').next().unwrap_or_default().to_owned() + "\n");
        last.collect()
    };
    folder.write("right.csv", labels(rows([20, 20, 20], 12, None)));
    folder.write("of-train.csv", labels(rows([40, 20, 8], 0, None)));
    let plain = folder.ok(&format!("{EXPLAIN} --tables a"));
    folder.ok(&format!(
        "{EXPLAIN} --ignore label --labels of-train.csv --test-labels right.csv --tables b"
    ));
    assert_eq!(
        folder.read("a/classes.csv"),
        folder.read("b/classes.csv"),
        "{}",
        plain.stdout
    );
    let said = folder.refused(&format!(
        "{EXPLAIN} --ignore label --labels right.csv --test-labels right.csv"
    ));
    assert!(said.contains("68"), "{said}");
}

#[test]
fn features_of_any_program_are_explained_by_a_head() {
    let folder = features();
    let told = folder.ok(EXPLAIN);
    for part in [
        "w.csv: 3 classes of 4 features",
        "class `c` (8 training rows, recall 0.40): 100 % of its 12 misclassified test rows lie",
        "collect-more: c",
        "counterpoise explain w.csv --train train.csv --test test.csv --tables explained",
    ] {
        assert!(told.stdout.contains(part), "{part}\n{}", told.stdout);
    }
    // The same as arrays, with a head beside them.
    let told = json(&folder.ok(&format!("{EXPLAIN} --json")).stdout);
    let recall = &of(&told, "summaries", "c")["recall"];
    assert_eq!(recall.as_f64(), Some(0.4));
    let misclassified = {
        folder.ok(&format!("{EXPLAIN} --tables t --report page.html --quiet"));
        folder.read("t/misclassified.csv")
    };
    assert_eq!(misclassified.lines().count(), 13);
    assert_eq!(misclassified.lines().nth(1), Some("41,,c,b"));
    // A folder that is not empty stays as it is.
    let said = folder.refused(&format!("{EXPLAIN} --tables t"));
    assert!(
        said.contains("not empty") && said.contains("--overwrite"),
        "{said}"
    );
    folder.ok(&format!("{EXPLAIN} --tables t --overwrite"));
    // The layout of the authors: class, predicted class, certainty, features, and no header.
    let authors = |text: String| -> String {
        let code = |name: &str| {
            ["a", "b", "c"]
                .iter()
                .position(|known| *known == name)
                .expect("a class")
        };
        let line = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let class = code(cells[4]);
            format!("{class},{class},0.5,{}\n", cells[..4].join(","))
        };
        text.lines().skip(1).map(line).collect()
    };
    folder.write("a-train.csv", authors(rows([40, 20, 8], 0, None)));
    folder.write("a-test.csv", authors(rows([20, 20, 20], 12, None)));
    folder.ok("eos augment a-train.csv --method random-over-sampling --output even.npz");
    folder.ok("eos head even.npz --output head.safetensors");
    let told =
        folder.ok("explain head.safetensors --train a-train.csv --test a-test.csv --ignore-predictions");
    assert!(told.stdout.contains("3 classes of 4 features"), "{}", told.stdout);
}

#[test]
fn the_page_says_what_its_words_and_colours_are() {
    let folder = features();
    // No row of `c` is found, and all of `a` are.
    folder.write("lost.csv", rows([20, 20, 8], 8, None));
    folder.ok(&format!(
        "{} --set archetype_neighbors=3 --set contributions_of=true --report page.html --quiet",
        EXPLAIN.replace("test.csv", "lost.csv")
    ));
    let page = folder.read("page.html");
    for part in [
        "3 of 3: safe; 1 or 2: border; 0: outlier",
        "of classes marked “training”, of which no test row is found",
        "recall 0.00, training",
        "no such rows",
        "0 to 37 %",
        "after Clopper and Pearson",
        "in two features",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in ["two share", "top share", "of five", "0 to 0 %", "100 to 100 %"] {
        assert!(!page.contains(part), "{part}");
    }
    // What is found has one colour, and what is misclassified another.
    for name in ["found", "misclassified"] {
        let colors: Vec<&str> = page
            .split("background:var(--c")
            .skip(1)
            .filter(|rest| {
                rest.split_once("</span>")
                    .is_some_and(|(_, text)| text.starts_with(&format!("{name}</li>")))
            })
            .map(|rest| &rest[..1])
            .collect();
        assert!(
            colors.len() >= 3 && colors.iter().all(|color| *color == colors[0]),
            "{name}: {colors:?}"
        );
    }
}

#[test]
fn a_linear_model_names_the_columns_that_it_hangs_on() {
    let folder = Folder::new();
    folder.write("rows.csv", folder::small_table());
    folder.write("w.csv", "feature,weight\na,-0.4\nb,0.9\nintercept,-3\n");
    let told = folder.ok("explain w.csv --test rows.csv --label-column y --tables t");
    assert!(told.stdout.contains("2 classes of 2 features"), "{}", told.stdout);
    let largest = folder.read("t/largest-features.csv");
    assert!(largest.contains("contributions,1,1,b,"), "{largest}");
    folder.write("other.csv", "feature,weight\na,-0.4\nz,0.9\n");
    let said = folder.refused("explain other.csv --test rows.csv --label-column y");
    assert!(said.contains("called `z`") && said.contains("a, b"), "{said}");
}

#[test]
fn two_models_are_compared_row_by_row() {
    let folder = features();
    folder.write("better.csv", WEIGHTS.replace("c,0,0,1,0,0", "c,0,0,9,0,0"));
    let told = folder.ok(&format!("{EXPLAIN} --against better.csv --report page.html"));
    assert!(
        told.stdout.contains("From w.csv to better.csv"),
        "{}",
        told.stdout
    );
    assert!(told.stdout.contains("shared features"), "{}", told.stdout);
    let told = json(
        &folder
            .ok(&format!("{EXPLAIN} --against better.csv --json"))
            .stdout,
    );
    let classes = &told["against"]["comparison"]["classes"];
    assert_eq!(classes[2]["flow"]["won"]["rows"], 12);
    assert_eq!(told["against"]["comparison"]["kinship"], "extractor");
    let apart = folder.ok(&format!("{EXPLAIN} --against better.csv --kinship none"));
    assert!(!apart.stdout.contains("shared features"), "{}", apart.stdout);
}

#[test]
fn the_published_table_of_neighbours_has_the_published_archetypes() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA").map(std::path::PathBuf::from) else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the table of neighbours");
        return;
    };
    let table = data.join("eos-checkpoint/cifar10lt_train_neighbours.csv.gz");
    let folder = Folder::new();
    let ran = folder.run(&["explain", "--neighbors", &table.to_string_lossy(), "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let told = json(&ran.stdout);
    let counts: Vec<Vec<u64>> = told["archetypes"]["classes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|class| {
            let rows = class["archetypes"].as_array().expect("a list");
            rows.iter().filter_map(|rows| rows["rows"].as_u64()).collect()
        })
        .collect();
    let published = [
        [4896, 73, 16, 15],
        [2954, 30, 11, 2],
        [1638, 108, 26, 24],
        [945, 82, 29, 21],
        [590, 33, 9, 13],
        [303, 51, 20, 13],
        [193, 25, 6, 8],
        [105, 22, 6, 6],
        [69, 10, 3, 1],
        [36, 7, 6, 1],
    ];
    assert_eq!(counts, published);
}

#[test]
fn what_looks_odd_is_told_and_stops_nothing() {
    let folder = features();
    let check = |words: &str, says: &str| {
        let told = folder.ok(words);
        assert!(told.stderr.contains(says), "{words}\n{}", told.stderr);
    };
    // All test rows are told to be `a`.
    folder.write("told.csv", rows([20, 20, 20], 12, Some("a")));
    check(
        "explain w.csv --train train.csv --test told.csv",
        "40 of 60 test predictions (66.7 %) are not the class that the head prefers",
    );
    folder.write(
        "negative.csv",
        rows([20, 20, 20], 12, None).replace("\n0.10,", "\n-0.10,"),
    );
    // Columns of a table come after no ReLU.
    let told = folder.ok("explain w.csv --train train.csv --test negative.csv");
    assert!(!told.stderr.contains("ReLU"), "{}", told.stderr);
    folder.write("two.csv", rows([20, 20, 0], 0, None));
    check(
        "explain w.csv --train train.csv --test two.csv",
        "no test row is of class `c`",
    );
    check(
        "explain w.csv --train two.csv --test test.csv",
        "no training row is of class `c`",
    );
    check(EXPLAIN, "`top_k` is 10, and there are 4 features");
    check(EXPLAIN, "repeat the features of an earlier one");
    // A head that dislikes a class whose rows lie among their own.
    folder.write("leaning.csv", WEIGHTS.replace("c,0,0,1,0,0", "c,0,0,1,0,-9"));
    folder.write("clear.csv", rows([20, 20, 20], 0, None));
    check(
        "explain leaning.csv --train train.csv --test clear.csv",
        "no training row of another class is among the 5 nearest of misclassified test rows of `c`",
    );
    // A head whose classes have no names.
    let mut unnamed = String::from("f0,f1,f2,f3,bias\n1,0,0,0,0\n0,1,0,0.1,0\n0,0,1,0,0\n");
    unnamed.push('\n');
    folder.write("unnamed.csv", unnamed.trim_end());
    folder.ok("explain unnamed.csv --train train.csv --test test.csv");
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_type() {
    let folder = features();
    folder.write(
        "gap.csv",
        rows([20, 20, 20], 0, None).replacen("3.20,", "NaN,", 1),
    );
    folder.write("single.csv", rows([20, 0, 0], 0, None));
    folder.write(
        "wide.csv",
        WEIGHTS.replace("f3,", "f3,f4,").replace(",0\n", ",0,0\n"),
    );
    folder.write("few.csv", "class,f0,f1,f2,f3,bias\na,1,0,0,0,0\nb,0,1,0,0.1,0\n");
    folder.write("one.csv", "feature,weight\nf0,1\nbias,0\n");
    for (words, says, hints) in [
        ("explain w.csv --train train.csv --test gap.csv", "row 3", ""),
        (
            "explain w.csv --train single.csv --test single.csv",
            "all rows are of one class, `a`",
            "two classes",
        ),
        (
            "explain wide.csv --train train.csv --test test.csv",
            "called `f4`",
            "f0, f1, f2, f3",
        ),
        ("explain few.csv --train train.csv --test test.csv", "`c`", ""),
        (
            "explain one.csv --train train.csv --test test.csv",
            "3 classes",
            "each class",
        ),
        (
            "explain --train train.csv --test test.csv",
            "holds the last layer",
            "--head FILE",
        ),
        (
            "explain w.csv --train train.csv",
            "no test rows",
            "--test test.npz",
        ),
        ("explain w.csv", "no rows", "--data DATA"),
        (
            "explain",
            "neither a model nor features",
            "counterpoise explain --train train.npz --test test.npz",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --target y",
            "--target",
            "--label-column",
        ),
        (
            "explain --seed 3",
            "neither a model nor features",
            "counterpoise explain net.safetensors --data DATA",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --set contributions_of=truth",
            "`predicted` or `true`",
            "describe diagnose",
        ),
        (
            "explain w.csv --train train.csv --test nothing.csv",
            "nothing.csv",
            "",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --set top_k=0",
            "",
            "describe diagnose",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --set topk=3",
            "topk",
            "describe diagnose",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --set draws=5",
            "draws",
            "",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --report w.csv",
            "w.csv",
            ".html",
        ),
        (
            "explain w.csv --train train.csv --test test.csv --tables w.csv",
            "it is a file",
            "a folder",
        ),
        ("explain --neighbors w.csv", "no column `pred`", "`N0`"),
    ] {
        let said = folder.refused(words);
        assert!(said.contains(says) && said.contains(hints), "{words}\n{said}");
        assert!(
            said.starts_with("exit 2") || said.starts_with("exit 3"),
            "{words}\n{said}"
        );
    }
}

//! Networks over tables through the binary: trained, interrupted, taken up again, judged on other tables and adjusted.

mod folder;
mod pictures;

use std::fmt::Write as _;

use folder::Folder;
use pictures::{json, started, three_classes, weights};

/// Rows of a table whose class follows from a number and a colour; the last column counts them. Every seventh size is missing
/// where `holes` says so.
fn rows(numbers: std::ops::Range<u32>, holes: bool) -> String {
    let mut text = "size,colour,day,class,name\n".to_owned();
    for number in numbers {
        let colour = ["red", "green", "blue"][number as usize % 3];
        let size = f64::from(number * 37 % 101) / 10.0;
        let class = match colour {
            "red" if size > 5.0 => "large red",
            _ if size > 8.0 => "large",
            _ => "other",
        };
        let size = if holes && number % 7 == 3 {
            String::new()
        } else {
            size.to_string()
        };
        let day = number % 28 + 1;
        let _ = writeln!(text, "{size},{colour},2024-01-{day:02},{class},r{number}");
    }
    text
}

/// 300 rows to train on and 90 others.
fn two_tables() -> Folder {
    let folder = Folder::with("t.csv", rows(0..300, false));
    folder.write("other.csv", rows(300..390, false));
    folder
}

const HOW: &str =
    "train t.csv --target class --id name --hidden 16 --batch 16 --output net.safetensors --overwrite";

fn trained(folder: &Folder, more: &str) -> folder::Ran {
    folder.ok(format!("{HOW} --epochs 40 {more}").trim_end())
}

fn begun(folder: &Folder, more: &str) -> folder::Ran {
    folder.ok(format!("{HOW} --epochs 2 {more}").trim_end())
}

fn value(measures: &serde_json::Value, name: &str) -> f64 {
    let found = measures.as_array().expect("a list").iter();
    let mut found = found.filter(|measure| measure["measure"] == name);
    found.next().expect(name)["value"].as_f64().expect(name)
}

#[test]
fn a_network_learns_a_table() {
    let folder = two_tables();
    let ran = trained(&folder, "--test other.csv --report net.html");
    for part in [
        "mlp with loss cross-entropy: epoch ",
        "on the rows that were held out, which chose the epoch",
        "On the test rows",
        "wrote net.safetensors",
        "wrote net.html",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    assert!(
        ran.stderr.contains("training mlp: epoch 40 of 40, loss "),
        "{}",
        ran.stderr
    );
    assert_eq!(
        folder.files(),
        ["net.html", "net.safetensors", "other.csv", "t.csv"],
        "no state is left"
    );
    let page = folder.read("net.html");
    for part in [
        "On the test rows",
        "rows that training never saw",
        "Training rows of every class",
        "Do it again",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (_, body) = page.split_once("</style>").expect("a page has a style");
    assert!(!body.contains("pictures"), "a table holds none");
    let told = json(&folder.ok("evaluate net.safetensors other.csv --json").stdout);
    let found = value(&told["measures"], "balanced-accuracy");
    assert!(found > 0.9, "{found}");
}

#[test]
fn yeast_is_learnt() {
    let folder = Folder::new();
    folder.ok("quickstart --save-data --without-pictures");
    let ran = folder.ok(
        "train yeast.csv.gz --target site --validation 0.3 --epochs 60 --set train.choose_by=last --output y.safetensors --json",
    );
    let told = json(&ran.stdout);
    let found = told["chosen"]["balanced_accuracy"].as_f64().expect("a number");
    // A guess finds a sixth, and the largest class alone is half of all.
    assert!(found > 0.5, "{found}");
    assert_eq!(told["about"]["network"]["hidden"], serde_json::json!([64, 64]));
}

#[test]
fn the_same_command_writes_the_same_bytes() {
    let folder = two_tables();
    let written = |more: &str| {
        begun(&folder, more);
        std::fs::read(folder.path("net.safetensors")).expect("it was written")
    };
    let first = written("--test other.csv --threads 1");
    assert!(written("--test other.csv --threads 2") == first, "on two threads");
    assert!(written("--threads 2") == first, "without the test");
    assert!(written("--seed 43") != first, "another seed");
}

#[test]
fn a_page_or_a_file_repeats_the_training() {
    let folder = two_tables();
    begun(
        &folder,
        "--test other.csv --loss focal --set train.loss.gamma=1 --report net.html",
    );
    let bytes = |name: &str| std::fs::read(folder.path(name)).expect(name);
    let first = bytes("net.safetensors");
    std::fs::remove_file(folder.path("net.safetensors")).expect("it was written");
    folder.ok("run net.html");
    assert!(bytes("net.safetensors") == first);
    let text = "output = \"other.safetensors\"\n[data]\npath = \"t.csv\"\ntarget = \"class\"\nid = \"name\"\n\
                [train]\nnetwork = { name = \"mlp\", hidden = [16] }\nbatch = 16\nepochs = 2\n\
                loss = { name = \"focal\", gamma = 1 }\n";
    folder.write("net.toml", text);
    folder.ok("run net.toml");
    assert!(bytes("other.safetensors") == first);
    let said = folder.refused("run net.toml --dry-run");
    assert!(said.contains("a training has no dry run"), "{said}");
    folder.write("net.toml", text.replace("target = \"class\"\n", ""));
    let said = folder.refused("run net.toml");
    assert!(said.contains("no column of classes is named"), "{said}");
    folder.write("net.toml", text.replace("id =", "group ="));
    let said = folder.refused("run net.toml");
    assert!(said.contains("`data`: unknown field `group`"), "{said}");
}

/// Long enough that a signal comes in the middle of it.
const LONG: &str = "train t.csv --target class --id name --hidden 512,512 --batch 4 --epochs 8 --set train.average=0.9 --mix mixup --output net.safetensors";

#[test]
fn a_killed_training_goes_on_from_its_last_epoch() {
    let folder = two_tables();
    folder.ok(LONG);
    let whole = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    std::fs::remove_file(folder.path("net.safetensors")).expect("it was written");
    let mut child = started(&folder, LONG, "epoch 3 of 8");
    child.kill().expect("it runs");
    assert_ne!(child.wait().expect("it ends").code(), Some(0));
    assert!(
        !folder.path("net.safetensors").exists(),
        "no network before its time"
    );
    for (more, what) in [
        ("--seed 7", "other data or another seed"),
        ("--validation 0.2", "other data or another seed"),
        ("--loss focal", "other options"),
    ] {
        let ran = folder.run(&format!("{LONG} {more}").split(' ').collect::<Vec<_>>());
        let wanted = format!("net.training.safetensors is of a training with {what}");
        assert!(
            ran.code != Some(0) && ran.stderr.contains(&wanted),
            "{}",
            ran.stderr
        );
    }
    let ran = folder.ok(LONG);
    assert!(
        ran.stdout.contains("; it went on from an earlier run"),
        "{}",
        ran.stdout
    );
    let again = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    assert!(again == whole, "the same bytes as in one go");
    assert!(!folder.path("net.training.safetensors").exists());
}

#[test]
fn evaluate_says_what_training_said_of_the_same_rows() {
    let folder = two_tables();
    let training = json(&begun(&folder, "--test other.csv --json").stdout);
    let evaluated =
        folder.ok("evaluate net.safetensors other.csv --json --output predictions.csv --group colour");
    let evaluated = json(&evaluated.stdout);
    assert_eq!(training["test"]["measured"], evaluated);
    let text = folder.read("predictions.csv");
    assert_eq!(
        text.lines().next(),
        Some("name,colour,class,predicted,score large,score large red,score other")
    );
    assert_eq!(text.lines().count(), 91);
    let mut words = "metrics predictions.csv -t class -p predicted --json --draws 1000"
        .split(' ')
        .collect::<Vec<_>>();
    for class in [
        "large=score large",
        "large red=score large red",
        "other=score other",
    ] {
        words.extend(["--score", class]);
    }
    let ran = folder.run(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(json(&ran.stdout)["measures"], evaluated["measures"]);
    let audit = folder.ok("audit predictions.csv -t class -p predicted -g colour --draws 200");
    assert!(audit.stdout.contains("colour"), "{}", audit.stdout);
}

#[test]
fn other_tables_are_read_by_the_names_of_columns() {
    let folder = two_tables();
    begun(&folder, "");
    let told = |file: &str| {
        folder
            .ok(&format!("evaluate net.safetensors {file} --json"))
            .stdout
    };
    let first = told("other.csv");
    // Columns in another order, one more, no ids; every size a whole number or not.
    let mut moved = "class,extra,colour,day,size\n".to_owned();
    for line in folder.read("other.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let _ = writeln!(moved, "{},7,{},{},{}", cells[3], cells[1], cells[2], cells[0]);
    }
    folder.write("moved.csv", &moved);
    assert_eq!(told("moved.csv"), first);
    folder.write("renamed.csv", moved.replace("class,", "kind,"));
    let said = folder.refused("evaluate net.safetensors renamed.csv");
    assert!(
        said.contains("`renamed.csv`: there is no column called `class` to be the target"),
        "{said}"
    );
    let ran = folder.ok("evaluate net.safetensors renamed.csv --target kind --json");
    assert_eq!(
        json(&ran.stdout)["measures"],
        json(&first)["measures"],
        "the class may be called otherwise"
    );
    folder.write("strange.csv", moved.replace("blue", "mauve"));
    let ran = folder.ok("evaluate net.safetensors strange.csv");
    assert!(
        ran.stderr.contains(
            "`strange.csv`, column `colour`: 30 rows hold categories that training did not see, such as `mauve`: they are encoded as none"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn tables_that_are_not_alike_are_refused() {
    let folder = two_tables();
    begun(&folder, "");
    let other = folder.read("other.csv");
    let said = |text: String, more: &str| {
        folder.write("bad.csv", text);
        folder.refused(format!("evaluate net.safetensors bad.csv {more}").trim_end())
    };
    let lacks = said(other.replace("size,", "length,"), "");
    assert!(
        lacks.contains("exit 3\nerror: `bad.csv`: there is no column `size`, which the model was trained on"),
        "{lacks}"
    );
    let words = said(other.replace("size,", "length,").replace("name\n", "size\n"), "");
    assert!(
        words.contains("column `size` is ")
            && words.contains("trained on a column of kind float: `r300` in row 1"),
        "{words}"
    );
    let mut numbers = other.clone();
    for (number, colour) in ["red", "green", "blue"].iter().enumerate() {
        numbers = numbers.replace(&format!(",{colour},"), &format!(",{number},"));
    }
    let numbers = said(numbers, "");
    assert!(
        numbers.contains(
            "column `colour` is integer, and the model was trained on a column of kind categorical"
        ),
        "{numbers}"
    );
    let class = said(other.replace("other,", "different,"), "");
    assert!(
        class
            .contains("the network was not trained on a class `different`; it knows large, large red, other"),
        "{class}"
    );
    let huge = said(other.replacen(",red,", "e300,red,", 1), "");
    assert!(
        huge.contains("column `size`, row 1: 9.1e300 is too large"),
        "{huge}"
    );
    let flag = said(other.clone(), "--size 8x8");
    assert!(flag.contains("--size: it is for pictures"), "{flag}");
    folder.write(
        "cut.safetensors",
        &std::fs::read(folder.path("net.safetensors")).unwrap()[..900],
    );
    assert!(
        folder
            .refused("evaluate cut.safetensors other.csv")
            .contains("damaged or was cut off")
    );
}

#[test]
fn what_stands_in_for_missing_values_is_learnt_in_training() {
    let folder = Folder::with("t.csv", rows(0..300, true));
    folder.write("other.csv", rows(300..390, true));
    let said = folder.refused(&format!("{HOW} --epochs 2"));
    assert!(
        said.contains("column `size`, row 4: the value is missing"),
        "{said}"
    );
    begun(&folder, "--missing impute");
    let whole = json(&folder.ok("evaluate net.safetensors other.csv --json").stdout);
    assert_eq!(whole["rows"], 90);
    // One row alone is filled as it is among others: with what training saw.
    let text = folder.read("other.csv");
    let lines: Vec<&str> = text.lines().collect();
    let hole = lines
        .iter()
        .position(|line| line.starts_with(','))
        .expect("there is one");
    folder.write("one.csv", format!("{}\n{}\n", lines[0], lines[hole]));
    folder.ok("evaluate net.safetensors other.csv --output all-predictions.csv");
    let ran = folder.ok("evaluate net.safetensors one.csv --output one-prediction.csv");
    assert!(
        ran.stderr.contains(
            "class large red is neither true nor predicted anywhere: measures of scores are left out"
        ),
        "{}",
        ran.stderr
    );
    let row = |name: &str, place: usize| {
        let text = folder.read(name);
        let row = text.lines().nth(place).expect("a row").to_owned();
        row.split(',')
            .skip(3)
            .map(|score| score.parse::<f64>().expect("a score"))
            .collect::<Vec<f64>>()
    };
    for (one, many) in row("one-prediction.csv", 1)
        .iter()
        .zip(row("all-predictions.csv", hole))
    {
        assert!((one - many).abs() < 1e-6, "{one} {many}");
    }
    let ran = folder.ok("evaluate net.safetensors other.csv --missing drop-rows");
    assert!(ran.stderr.contains("of `other.csv` without a value somewhere"));
    let said = folder.refused("evaluate net.safetensors other.csv --missing error");
    assert!(said.contains("`other.csv`: column `size`, row "), "{said}");
    begun(&folder, "--missing drop-rows --test other.csv");
}

#[test]
fn losses_samplers_and_mixing_train() {
    let folder = two_tables();
    for more in [
        "--loss ldam",
        "--loss class-balanced --sampler square-root",
        "--loss balanced-softmax --mix remix",
        "--loss logit-adjusted --mix mixup --sampler class-balanced",
        "--loss vs --optimizer sgd --rate 0.01",
        "--loss asl --sampler progressively-balanced",
        "--loss focal --set train.loss.drw={}",
        "--imbalance 20,20,100",
        "--choose-on nothing",
        "--ignore day,colour",
        "--test other.csv --choose-on test",
    ] {
        let ran = begun(&folder, more);
        assert!(ran.stdout.contains("wrote net.safetensors"), "{more}");
        folder.ok("evaluate net.safetensors other.csv");
    }
}

#[test]
fn four_adjustments_change_the_last_layer() {
    let folder = two_tables();
    begun(&folder, "--validation 0.3");
    let before = weights(&folder, "net.safetensors");
    for method in ["logit-adjustment", "tau-norm", "crt", "lws"] {
        let words = format!(
            "adjust net.safetensors --method {method} --data t.csv --validation 0.3 --output {method}.safetensors"
        );
        let ran = folder.ok(&words);
        assert_eq!(ran.stderr, "", "{method}");
        assert!(
            ran.stdout.contains("balanced accuracy on held-out rows: "),
            "{}",
            ran.stdout
        );
        assert!(
            weights(&folder, &format!("{method}.safetensors")).len() == before.len(),
            "{method}"
        );
        folder.ok(&format!("evaluate {method}.safetensors other.csv"));
    }
    let said =
        folder.refused("adjust net.safetensors --method crt --data t.csv --size 8x8 --output x.safetensors");
    assert!(said.contains("--size: it is for pictures"), "{said}");
    let other = folder.ok("adjust net.safetensors --method crt --data other.csv --output x.safetensors");
    assert!(
        other
            .stderr
            .contains("other rows of each class than the network was trained on\n"),
        "{}",
        other.stderr
    );
    begun(&folder, "--imbalance 20,20,100");
    let ran = folder
        .ok("adjust net.safetensors --method lws --data t.csv --imbalance 20,20,100 --output y.safetensors");
    assert_eq!(ran.stderr, "", "the rows that were trained on are found again");
}

#[test]
fn rows_that_a_network_was_trained_on_are_known_again() {
    let folder = two_tables();
    begun(&folder, "--report net.html");
    let ran = folder.ok("evaluate net.safetensors other.csv");
    assert_eq!(ran.stderr, "");
    let ran = folder.ok("evaluate net.safetensors t.csv --report judged.html");
    let said =
        "rows equal a row that the network was trained on: if they are the same cases, scores are too good";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("audit-leakage"), "{}", ran.stderr);
    assert!(folder.read("judged.html").contains(said));
}

#[test]
fn a_value_that_is_too_large_is_found_where_it_stands() {
    let folder = Folder::new();
    let table = |value: &str, hole: &str| {
        let mut text = "a,b,class\n".to_owned();
        for row in 0..60_u32 {
            let b = if row == 40 {
                value.to_owned()
            } else {
                format!("0.{row}")
            };
            let a = if row == 7 { hole } else { "1.5" };
            let _ = writeln!(text, "{a},{b},{}", ["p", "q"][row as usize % 2]);
        }
        text
    };
    let words = "train huge.csv --target class --epochs 1 --output x.safetensors";
    for value in ["1e300", "-1e300", "1e160"] {
        folder.write("huge.csv", table(value, "2"));
        let said = folder.refused(words);
        let expected = format!("huge.csv: column `b`, row 41: {value} is too large");
        assert!(said.contains(&expected), "{said}");
    }
    // The row of the file, not that among rows without a hole.
    folder.write("huge.csv", table("1e300", ""));
    let said = folder.refused(&format!("{words} --missing drop-rows"));
    assert!(said.contains("column `b`, row 41: 1e300"), "{said}");
    folder.write("good.csv", table("0.5", "2"));
    folder.ok("train good.csv --target class --epochs 1 --missing drop-rows --output net.safetensors");
    let said = folder.refused("evaluate net.safetensors huge.csv");
    assert!(said.contains("column `b`, row 41: 1e300"), "{said}");
}

#[test]
fn tables_and_pictures_are_told_apart() {
    let folder = three_classes();
    folder.write("t.csv", rows(0..90, false));
    for (words, said) in [
        (
            "train t.csv --output x.safetensors",
            "t.csv: it is a table, and no column of classes is named\nhint: name the column of classes with `--target`",
        ),
        (
            "train p --target class --output x.safetensors",
            "p: it holds pictures, which come with their classes, and a column of classes is named",
        ),
        (
            "train t.csv --target class --flip --output x.safetensors",
            "--flip: it is for pictures, and `t.csv` holds a table",
        ),
        (
            "train p --ignore a --output x.safetensors",
            "--ignore: it is for tables, and `p` holds pictures",
        ),
        (
            "train t.csv --target class --network lenet --output x.safetensors",
            "lenet reads pictures, and `t.csv` is a table",
        ),
        (
            "train t.csv --target class --test same --output x.safetensors",
            "a table has no test part",
        ),
        (
            "train t.csv --target class --test t.csv --output x.safetensors",
            "it is the table trained on",
        ),
        (
            "train t.csv --target class --choose-on test --output x.safetensors",
            "epochs are to be chosen on test rows, and there are none",
        ),
        (
            "train t.csv --target class --hidden 0 --output x.safetensors",
            "one hidden layer or more, none of width 0",
        ),
        (
            "train t.csv --target class --validation 1.5 --output x.safetensors",
            "1.5 is no share of every class",
        ),
        ("train t.csv --target size --output x.safetensors", "`size`"),
        (
            "train t.csv --target class --loss ldma --output x.safetensors",
            "`ldma`",
        ),
    ] {
        let found = folder.refused(words);
        assert!(found.contains(said), "{words}\n{found}");
    }
    folder
        .ok("train p --network mlp --hidden 8 --batch 16 --epochs 1 --optimizer adam --output p.safetensors");
    let said = folder.refused("evaluate p.safetensors p --target class");
    assert!(said.contains("--target: it is for tables"), "{said}");
    folder.ok("evaluate p.safetensors p");
    folder.ok("train t.csv --target class --epochs 1 --output t.safetensors");
    for (words, said) in [
        (
            "evaluate t.safetensors p",
            "p: the network in `t.safetensors` reads rows of a table, and this is none\nhint: give a table",
        ),
        (
            "evaluate t.safetensors p --size 8x8",
            "p: the network in `t.safetensors` reads rows of a table, and this is none",
        ),
        (
            "adjust t.safetensors --method crt --data p --output x.safetensors",
            "p: the network in `t.safetensors` reads rows of a table, and this is none",
        ),
        (
            "evaluate p.safetensors t.csv",
            "t.csv: the network in `p.safetensors` reads pictures, and this is a table\nhint: give pictures",
        ),
        (
            "adjust p.safetensors --method crt --data t.csv --output x.safetensors",
            "t.csv: the network in `p.safetensors` reads pictures, and this is a table",
        ),
        ("evaluate t.safetensors none", "cannot read `none`"),
        (
            "train p --choose-on nothing --validation 0.2 --output x.safetensors",
            "--validation: `--choose-on nothing` holds nothing out of training\nhint: leave one of the two out; `--validation 0.2 --set train.choose_by=last`",
        ),
        (
            "train t.csv --target class --choose-on test --test t.csv --validation 0.2 --output x.safetensors",
            "--validation: `--choose-on test` holds nothing out of training",
        ),
    ] {
        let found = folder.refused(words);
        assert!(found.contains(said), "{words}\n{found}");
    }
}

#[test]
fn networks_are_described() {
    let folder = Folder::new();
    let train = folder.ok("describe train").stdout;
    for part in [
        "{ name = \"mlp\", hidden = [128, 32] }",
        "For a table, what is not said is another",
    ] {
        assert!(train.contains(part), "{part}\n{train}");
    }
    let help = folder.ok("train --help").stdout;
    for part in ["--target <COLUMN>", "--hidden <WIDTH>", "Tables:"] {
        assert!(help.contains(part), "{part}\n{help}");
    }
}

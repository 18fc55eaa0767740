//! The commands as a user types them.

mod folder;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use folder::{Folder, small_table};
use insta::assert_snapshot;
use serde_json::Value;

/// A table with a column of every kind, a group, a weight and an id.
fn mixed_table() -> String {
    let mut text = "id,age,income,member,city,joined,note,w,sex,credit\n".to_owned();
    for row in 0..40_u32 {
        let class = if row % 5 == 2 { "bad" } else { "good" };
        let city = ["Oslo", "Rome", "Lima"][(row * row % 3) as usize];
        let _ = writeln!(
            text,
            "p{row},{},{}.5,{},{city},2024-0{}-1{},free words number {row},{}.5,{},{class}",
            20 + row * 7 % 31,
            900 + row * 37 % 400,
            row % 2 == 0,
            1 + row % 9,
            row % 10,
            1 + row % 3,
            if row % 3 == 0 { "female" } else { "male" },
        );
    }
    text
}

const MIXED: &str = "--target credit --group sex --weight w --id id --ignore note";

/// Cells of a CSV file by column name; no cell holds a quote or a comma.
fn columns(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut columns: BTreeMap<String, Vec<String>> = names
        .iter()
        .map(|name| ((*name).to_owned(), Vec::new()))
        .collect();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), names.len(), "{line}");
        for (name, cell) in names.iter().zip(cells) {
            columns
                .get_mut(*name)
                .expect("it is a column")
                .push(cell.to_owned());
        }
    }
    columns
}

#[test]
fn a_method_that_weighs_rows_writes_a_column_of_weights_or_multiplies_it() {
    let folder = Folder::with("credit.csv", mixed_table());
    let numbers = |column: &[String]| -> Vec<f64> {
        column
            .iter()
            .map(|cell| cell.parse().expect("a number"))
            .collect()
    };
    let before = columns(&folder.read("credit.csv"));
    folder.ok("resample credit.csv --target credit --group sex --ignore note --ignore id --method reweighing --output new.csv");
    let new = columns(&folder.read("new.csv"));
    let weights = numbers(&new["weight"]);
    assert!((weights.iter().sum::<f64>() - 40.0).abs() < 1e-9, "{weights:?}");
    folder.ok(&format!(
        "resample credit.csv {MIXED} --method reweighing --output mixed.csv"
    ));
    let mixed = columns(&folder.read("mixed.csv"));
    // Class and group are independent by the weights that are written, in which those of the table count.
    let written = numbers(&mixed["w"]);
    let sum = |of: &dyn Fn(usize) -> bool| -> f64 {
        (0..written.len())
            .filter(|&row| of(row))
            .map(|row| written[row])
            .sum()
    };
    let good = |row: usize| mixed["credit"][row] == "good";
    let share = sum(&good) / sum(&|_| true);
    for sex in ["female", "male"] {
        let own = |row: usize| mixed["sex"][row] == sex;
        let of_group = sum(&|row| own(row) && good(row)) / sum(&own);
        assert!(
            (of_group - share).abs() < 1e-9,
            "{sex}: {of_group} is not {share}"
        );
    }
    let total: f64 = numbers(&before["w"]).iter().sum();
    assert!((sum(&|_| true) - total).abs() < 1e-9);
}

#[test]
fn profile_says_what_a_table_holds() {
    let folder = Folder::with("credit.csv", mixed_table());
    let ran = folder.ok(&format!("profile credit.csv {MIXED}"));
    assert_snapshot!(ran.stdout, @r#"
    40 rows, 6 features, target `credit` with 2 classes, imbalance ratio 4.0

      class  rows   share    safe  borderline    rare  outlier
      bad       8  20.0 %   0.0 %       0.0 %  50.0 %   50.0 %
      good     32  80.0 %  81.2 %      18.8 %   0.0 %    0.0 %

      group column  group   class  rows  share of group
      sex           female  bad       2          14.3 %
      sex           female  good     12          85.7 %
      sex           male    bad       6          23.1 %
      sex           male    good     20          76.9 %

    missing cells: 0   repeated rows: 0   rows equal to a row of another class: 0

      column  kind         missing  different  first value
      id      text               0         40  p0
      age     integer            0         31  20
      income  float              0         40  900.5
      member  boolean            0          2  true
      city    categorical        0          2  Oslo
      joined  date               0         40  2024-01-10
      note    text               0         40  free words number 0
      w       float              0          3  1.5
      sex     categorical        0          2  female
      credit  target             0          2  good
    "#);
    assert_snapshot!(ran.stderr, @r#"
    warning: class `bad` has 8 rows: any score of it is uncertain
       hint: report intervals, and repeat cross-validation
    warning: group `female` (sex) has 2 rows of class `bad`
       hint: a model learns next to nothing about it; collect more rows, or widen the group
    warning: group `male` (sex) has 6 rows of class `bad`
       hint: a model learns next to nothing about it; collect more rows, or widen the group
    "#);
    assert_eq!(folder.files(), ["credit.csv"]);
}

#[test]
fn profile_counts_missing_values_and_resample_refuses_them() {
    let folder = Folder::with(
        "in.csv",
        small_table().replacen("7.5", "", 2).replacen("5.25", "?", 1),
    );
    let ran = folder.ok("profile in.csv --target y");
    assert!(ran.stdout.contains("missing cells: 3 "), "{}", ran.stdout);
    assert!(
        folder
            .refused("resample in.csv --target y --output out.csv")
            .contains("`a`, row 2")
    );
    for policy in ["drop-rows", "impute", "distance"] {
        let ran = folder.ok(&format!(
            "resample in.csv --target y --output {policy}.csv --missing {policy}"
        ));
        assert!(ran.stdout.contains("common"), "{}", ran.stdout);
        let rows = columns(&folder.read(&format!("{policy}.csv")));
        let empty = rows["a"]
            .iter()
            .chain(&rows["b"])
            .filter(|cell| cell.is_empty())
            .count();
        assert_eq!(empty > 0, policy == "distance", "{policy}");
    }
}

#[test]
fn profile_as_json_holds_what_the_page_shows() {
    let folder = Folder::with("credit.csv", mixed_table());
    let ran = folder.ok(&format!("profile credit.csv {MIXED} --json --report page.html"));
    let profile: Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON");
    assert_eq!(profile["rows"], 40);
    assert_eq!(profile["classes"][0]["class"], "bad");
    assert_eq!(profile["classes"][0]["rows"], 8);
    assert_eq!(profile["cells"].as_array().map(Vec::len), Some(4));
    for line in ran.stderr.lines() {
        serde_json::from_str::<Value>(line).expect("stderr is lines of JSON");
    }
    let page = folder.read("page.html");
    assert!(page.contains("bad") && page.contains("female"));
}

#[test]
fn types_names_and_order_come_out_as_they_went_in() {
    let folder = Folder::with("credit.csv", mixed_table());
    let ran = folder.ok(&format!("resample credit.csv {MIXED} --output out.csv"));
    assert_snapshot!(ran.stdout.split("wrote").next().unwrap_or_default(), @r#"
    class  before  after
    bad         8     32
    good       32     32

    class | sex    before  after
    bad | female        2      8
    bad | male          6     24
    good | female      12     12
    good | male        20     20
    "#);
    let (input, output) = (mixed_table(), folder.read("out.csv"));
    let rows: Vec<&str> = input.lines().collect();
    let kept: Vec<&str> = output.lines().take(rows.len()).collect();
    assert_eq!(kept, rows, "rows that stay are unchanged");
    let made = columns(&output);
    let new = |name: &str| &made[name][40..];
    assert_eq!(new("credit").len(), 24);
    for row in 0..24 {
        new("age")[row].parse::<i64>().expect("integers stay integers");
        new("income")[row].parse::<f64>().expect("a number");
        assert!(["true", "false"].contains(&new("member")[row].as_str()));
        assert!(["Oslo", "Rome", "Lima"].contains(&new("city")[row].as_str()));
        assert!(new("joined")[row].starts_with("2024-0"), "{}", new("joined")[row]);
        assert_eq!(new("credit")[row], "bad");
        assert_eq!(new("note")[row], "");
    }
}

#[test]
fn every_format_holds_the_same_rows() {
    let folder = Folder::with("credit.csv", mixed_table());
    let names = ["a.csv", "a.csv.gz", "a.csv.zst", "a.tsv", "a.parquet", "a.arrow"];
    folder.ok(&format!("resample credit.csv {MIXED} --output a.csv"));
    let expected = folder.read("a.csv");
    for name in names {
        folder.ok(&format!("resample credit.csv {MIXED} --output {name}"));
        // Nothing to do, so that this is a copy into CSV.
        folder.ok(&format!(
            "resample {name} {MIXED} --method random-under-sampler --sampling-strategy good=32 --output copy.csv"
        ));
        assert_eq!(folder.read("copy.csv"), expected, "{name}");
    }
}

#[test]
fn marks_say_where_a_row_comes_from() {
    let folder = Folder::with("in.csv", small_table());
    folder.ok("resample in.csv --target y --output out.csv --mark");
    let made = columns(&folder.read("out.csv"));
    for row in 0..made["a"].len() {
        let cell = |name: &str| made[name][row].as_str();
        if row < 34 {
            assert_eq!(
                (cell("synthetic"), cell("base_index"), cell("step")),
                ("false", "", "")
            );
            continue;
        }
        let place = |name: &str| cell(name).parse::<usize>().expect("an index");
        let step: f64 = cell("step").parse().expect("a number");
        let (base, neighbor) = (place("base_index"), place("neighbor_index"));
        assert_eq!(cell("synthetic"), "true");
        for name in ["a", "b"] {
            let number = |row: usize| made[name][row].parse::<f64>().expect("a number");
            let expected = number(base) + step * (number(neighbor) - number(base));
            assert!((number(row) - expected).abs() < 1e-12, "row {row}, column {name}");
        }
        assert_eq!([made["y"][base].as_str(), cell("y")], ["rare", "rare"]);
    }
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let folder = Folder::with("in.csv", small_table());
    let ran = folder.ok("resample in.csv --target y --sampling-strategy x2 --output out.csv --dry-run");
    assert_snapshot!(ran.stdout, @r#"
      class   before  after
      common      30     30
      rare         4      8

    less than 0.1 s for choosing and making rows, without files; about 27 KiB of memory at most. Nothing was written.
    "#);
    let json = folder.ok("resample in.csv --target y --dry-run --json").stdout;
    let value: Value = serde_json::from_str(&json).expect("stdout is JSON");
    assert_eq!(value["classes"][1]["after"], 30);
    assert_eq!(folder.files(), ["in.csv"]);
}

#[test]
fn a_run_is_repeated_from_its_report() {
    let folder = Folder::with("credit.csv", mixed_table());
    folder.ok(&format!(
        "resample credit.csv {MIXED} --method smoteenn --seed 7 --output first.csv --report page.html"
    ));
    let first = folder.read("first.csv");
    folder.ok("run page.html --set output.path=second.csv");
    assert_eq!(folder.read("second.csv"), first);
    folder.ok("run page.html --set output.path=other.csv --set seed=8");
    assert_ne!(folder.read("other.csv"), first);
}

#[test]
fn a_profile_is_repeated_from_its_page() {
    let folder = Folder::with("credit.csv", mixed_table());
    let first = folder.ok(&format!(
        "profile credit.csv {MIXED} --seed 5 --report page.html --json"
    ));
    let again = folder.ok("run page.html --json --set report.path=again.html");
    assert_eq!(first.stdout, again.stdout);
    let without_path = |page: &str| page.replace("again.html", "page.html");
    assert_eq!(folder.read("page.html"), without_path(&folder.read("again.html")));
}

#[test]
fn a_run_is_described_by_a_file() {
    let folder = Folder::with("in.csv", small_table());
    folder.write(
        "run.toml",
        "seed = 3\n\n[data]\npath = \"in.csv\"\ntarget = \"y\"\n\n[method]\nname = \"SMOTE\"\nk = 2\nsampling_strategy = { rare = 9 }\n\n[output]\npath = \"a.parquet\"\n",
    );
    let ran = folder.ok("run run.toml --json");
    let value: Value = serde_json::from_str(&ran.stdout).expect("stdout is JSON");
    assert_eq!((&value["synthetic"], &value["seed"]), (&5.into(), &3.into()));
    folder.ok("run run.toml --set output.path=b.csv --set method.k_neighbors=2");
    folder
        .ok("resample in.csv --target y --seed 3 --set method.k=2 --sampling-strategy rare=9 --output c.csv");
    assert_eq!(folder.read("b.csv"), folder.read("c.csv"));
    folder.write(
        "wrong.toml",
        "seed = 3\n[data]\npath = \"in.csv\"\ntarget = \"y\"\ncolour = 1\n",
    );
    assert_snapshot!(folder.refused("run wrong.toml"), @r#"
    exit 2
    error: wrong.toml: `data`: unknown field `colour`, expected one of `path`, `target`, `groups`, `bins`, `group_file`, `weight`, `id`, `ignore`, `missing`, `imbalance`, `read`
    "#);
    folder.write("none.html", "<html></html>");
    assert_snapshot!(folder.refused("run none.html"), @r#"
    exit 2
    error: none.html: this page holds no experiment
    hint: name a TOML file or a report of `resample` or `run`
    "#);
}

#[test]
fn one_thread_and_many_give_the_same_bytes() {
    let folder = Folder::with("credit.csv", mixed_table());
    for method in ["smote", "borderline-smote", "adasyn", "enn", "smoteenn", "eos"] {
        for threads in ["1", "4"] {
            folder.ok(&format!(
                "resample credit.csv {MIXED} --method {method} --threads {threads} --output {threads}.csv"
            ));
        }
        assert_eq!(folder.read("1.csv"), folder.read("4.csv"), "{method}");
    }
}

#[test]
fn another_seed_gives_other_rows() {
    let folder = Folder::with("in.csv", small_table());
    for chooser in ["native", "numpy"] {
        for (seed, name) in [(1, "a"), (1, "b"), (2, "c")] {
            folder.ok(&format!(
                "resample in.csv --target y --seed {seed} --chooser {chooser} --output {name}.csv"
            ));
        }
        assert_eq!(folder.read("a.csv"), folder.read("b.csv"), "{chooser}");
        assert_ne!(folder.read("a.csv"), folder.read("c.csv"), "{chooser}");
    }
    let said =
        folder.refused("resample in.csv --target y --seed 4294967296 --chooser numpy --output out.csv");
    assert_snapshot!(said, @r#"
    exit 2
    error: seed: numpy's seeds are 0 to 4294967295, not 4294967296
    hint: choose a smaller `--seed`, or leave out `--chooser numpy`
    "#);
}

#[test]
fn every_method_is_described() {
    let folder = Folder::new();
    let list = folder.ok("describe").stdout;
    let adversary = folder.ok("describe adversarial-debiasing").stdout;
    assert!(
        adversary.contains("the adversary") && adversary.contains("debias"),
        "{adversary}"
    );
    let all: Value = serde_json::from_str(&folder.ok("describe --json").stdout).expect("stdout is JSON");
    for method in all.as_array().expect("it is a list") {
        let name = method["name"].as_str().expect("a method has a name");
        assert!(list.contains(name), "{name}");
        let text = folder.ok(&format!("describe {name}")).stdout;
        assert!(text.contains("Source") && text.contains("Options"), "{text}");
    }
    let words = folder.ok("describe fos").stdout;
    assert!(words.contains("- strong: As published, but"), "{words}");
    assert!(folder.refused("describe smoet").contains("did you mean `smote`?"));
}

#[test]
fn quickstart_needs_no_data() {
    let folder = Folder::new();
    let ran = folder.ok("quickstart --save-data");
    assert!(
        ran.stdout.contains("yeast") && ran.stdout.contains("sex x age<=25"),
        "{}",
        ran.stdout
    );
    let page = folder.read("counterpoise-quickstart.html");
    for outside in ["src=\"http", "href=\"http", "url(", "@import", "fetch("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    assert_eq!(
        folder.files(),
        [
            "counterpoise-quickstart.html",
            "german-credit.csv.gz",
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "yeast.csv.gz"
        ]
    );
    // What it says to do next works.
    let next: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("  counterpoise "))
        .collect();
    assert_eq!(next.len(), 6, "{}", ran.stdout);
    for command in next {
        folder.ok(command.trim_start_matches("  counterpoise "));
    }
    // A second time is no accident.
    folder.ok("quickstart --save-data --without-pictures");
    folder.write("yeast.csv.gz", "mine");
    assert!(
        folder
            .run(&["quickstart", "--save-data"])
            .stderr
            .contains("there is another `yeast.csv.gz`")
    );
    assert_eq!(folder.read("yeast.csv.gz"), "mine");
}

#[test]
fn nothing_but_results_stands_on_stdout_and_nothing_is_coloured() {
    let folder = Folder::with("in.csv", small_table());
    for words in [
        "profile in.csv --target y",
        "describe smote",
        "profile in.csv --target zzz",
    ] {
        let arguments: Vec<&str> = words.split(' ').collect();
        let ran = folder.run(&arguments);
        assert!(
            !ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'),
            "{words}"
        );
    }
    let quiet = folder.ok("resample in.csv --target y --output out.csv --quiet --set method.k=3");
    assert_eq!(quiet.stderr, "");
}

#[cfg(unix)]
#[test]
fn a_reader_that_hangs_up_is_no_error() {
    let folder = Folder::new();
    let mut child = folder
        .command()
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn completions_know_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.ok(&format!("completions {shell}")).stdout;
        assert!(
            script.contains("quickstart") && script.contains("sampling-strategy"),
            "{shell}"
        );
    }
}

#[test]
fn flags_that_do_not_exist_exit_with_2() {
    let folder = Folder::new();
    for words in [
        "",
        "resampel",
        "resample",
        "profile in.csv --target y --colour",
        "describe --threads 0",
    ] {
        let arguments: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        assert_eq!(folder.run(&arguments).code, Some(2), "{words}");
    }
}

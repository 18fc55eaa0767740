//! `audit-leakage`: planted leaks are found, honest splits are not accused, and bad input is told.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod folder;

use std::fmt::Write as _;

use folder::Folder;
use insta::assert_snapshot;
use serde_json::Value;

/// Bits that look like chance (splitmix64).
fn chance(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// 600 rows of two numbers, a category, a patient and an id; no two rows are equal.
fn rows() -> Vec<String> {
    (0..600_u64)
        .map(|row| {
            let draw = |salt: u64| chance(10 * row + salt) % 999_983;
            let city = ["Oslo", "Rome", "Lima"][(draw(3) % 3) as usize];
            let class = if draw(4).is_multiple_of(5) {
                "rare"
            } else {
                "common"
            };
            format!(
                "{}.25,{}.5,{city},p{},r{row},{class}",
                draw(1),
                draw(2) % 9_973,
                row / 3
            )
        })
        .collect()
}

const HEADER: &str = "a,b,city,patient,id,y\n";
const FLAGS: &str = "audit-leakage train.csv test.csv --target y";
const NAMED: &str = "audit-leakage train.csv test.csv --target y --ignore patient,id";

/// Every third row, in an order of chance, is a test row.
fn parts() -> (Vec<String>, Vec<String>) {
    let mut shuffled: Vec<(u64, String)> = rows()
        .into_iter()
        .enumerate()
        .map(|(row, text)| (chance(9_000_000 + row as u64), text))
        .collect();
    shuffled.sort();
    let mut rows = shuffled.into_iter().map(|(_, text)| text);
    let test: Vec<String> = rows.by_ref().take(200).collect();
    (rows.collect(), test)
}

fn file(rows: &[String]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

fn folder(train: &[String], test: &[String]) -> Folder {
    let folder = Folder::with("train.csv", file(train));
    folder.write("test.csv", file(test));
    folder
}

fn audit(folder: &Folder, words: &str, code: i32) -> Value {
    let ran = folder.run(&format!("{words} --json").split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(code), "{words}\n{}\n{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).expect("stdout is JSON")
}

/// Codes, verdicts and test rows of the findings.
fn found(audit: &Value) -> Vec<(String, String, u64)> {
    let finding = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().expect("a text").to_owned();
        (
            text("code"),
            text("verdict"),
            finding["rows"].as_u64().expect("a count"),
        )
    };
    audit["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(finding)
        .collect()
}

fn is(code: &str, verdict: &str, rows: u64) -> (String, String, u64) {
    (code.into(), verdict.into(), rows)
}

#[test]
fn an_honest_split_is_clean() {
    let (train, test) = parts();
    let folder = folder(&train, &test);
    let ran = folder.ok(NAMED);
    assert!(ran.stdout.contains("\nverdict: clean\n"), "{}", ran.stdout);
    let audit = audit(&folder, &format!("{NAMED} --strict --report page.html"), 0);
    assert_eq!(audit["verdict"], "clean");
    assert_eq!(audit["features"], 3);
    assert!(
        folder
            .read("page.html")
            .contains("Distances to the nearest training row")
    );
}

#[test]
fn repeated_rows_and_grids_are_no_leak() {
    let (train, test) = parts();
    // Four numbers and three cities: nearly every test row equals a training row.
    let coarse = |rows: Vec<String>| -> Vec<String> {
        let coarse = |row: String| {
            let cells: Vec<&str> = row.split(',').collect();
            let digit = &cells[0][..1];
            format!("{digit},1,{},{},{},{}", cells[2], cells[3], cells[4], cells[5])
        };
        rows.into_iter().map(coarse).collect()
    };
    let folder = folder(&coarse(train), &coarse(test));
    let audit = audit(&folder, &format!("{NAMED} --strict"), 0);
    assert_eq!(audit["verdict"], "clean");
    assert!(audit["copies"]["same_target"].as_u64() > Some(150), "{audit:#}");
}

#[test]
fn copies_are_found_and_shown() {
    let (train, mut test) = parts();
    test.extend_from_slice(&train[..15]);
    // One of them has another class.
    let last = test.pop().expect("there are rows");
    let (values, class) = last.rsplit_once(',').expect("there is a target");
    test.push(format!(
        "{values},{}",
        if class == "rare" { "common" } else { "rare" }
    ));
    let folder = folder(&train, &test);
    let audit = audit(&folder, NAMED, 4);
    assert_eq!(
        found(&audit),
        [
            is("leakage.copies", "leak", 15),
            is("leakage.label-conflicts", "clean", 1)
        ]
    );
    assert_eq!(audit["findings"][0]["examples"][0]["test_row"], 201);
    assert_eq!(audit["findings"][0]["examples"][0]["train_row"], 1);
    assert_eq!(audit["copies"]["other_target"], 1);
}

#[test]
fn near_copies_are_found() {
    let (train, mut test) = parts();
    let near = |row: &String| row.replacen(".25,", ".75,", 1);
    test.extend(train[..24].iter().map(near));
    let audit = audit(&folder(&train, &test), NAMED, 4);
    let findings = found(&audit);
    assert_eq!(findings[0].0, "leakage.near-copies");
    assert!((16..=40).contains(&findings[0].2), "{findings:?}");
    assert!(audit["findings"][0]["examples"][0]["test_row"].as_u64() > Some(200));
}

#[test]
fn a_few_copies_are_told_and_no_proof() {
    let (train, mut test) = parts();
    test.extend_from_slice(&train[..3]);
    let audit = audit(&folder(&train, &test), NAMED, 0);
    assert_eq!(found(&audit), [is("leakage.copies", "clean", 3)]);
    test.extend_from_slice(&train[3..9]);
    let folder = folder(&train, &test);
    assert_eq!(self::audit(&folder, NAMED, 0)["verdict"], "suspicious");
    self::audit(&folder, &format!("{NAMED} --strict"), 4);
}

#[test]
fn groups_and_ids_on_both_sides_are_leaks() {
    let (train, mut test) = parts();
    test.push(train[0].clone());
    let audit = audit(
        &folder(&train, &test),
        &format!("{FLAGS} --group-key patient --id id"),
        4,
    );
    let findings = found(&audit);
    assert_eq!(findings[0].0, "leakage.groups");
    assert!(findings[0].2 > 100, "{findings:?}");
    assert!(findings.contains(&is("leakage.ids", "leak", 1)), "{findings:?}");
}

#[test]
fn parents_and_synthetic_test_rows_are_leaks() {
    let folder = Folder::with("all.csv", file(&rows()));
    folder.ok("resample all.csv --target y --ignore patient,id --mark --output made.csv");
    let made = folder.read("made.csv");
    let (header, made) = made.split_once('\n').expect("there is a header");
    let part = |test: bool| {
        let mut text = format!("{header}\n");
        for (place, row) in made.lines().enumerate() {
            if (chance(8_000_000 + place as u64) % 10 < 3) == test {
                let _ = writeln!(text, "{row}");
            }
        }
        text
    };
    folder.write("train.csv", part(false));
    folder.write("test.csv", part(true));
    let audit = audit(&folder, NAMED, 4);
    let findings = found(&audit);
    let rows = |code: &str| {
        let row = findings.iter().find(|finding| finding.0 == code);
        row.map_or(0, |finding| finding.2)
    };
    assert!(rows("leakage.synthetic-test") > 50, "{findings:?}");
    assert!(rows("leakage.parents") > 20, "{findings:?}");
    // The lines on which synthetic rows lie tell nearly as much as the file they were made from.
    let looked_up = self::audit(&folder, &format!("{NAMED} --original all.csv"), 4);
    let parents = |audit: &Value, name: &str| audit["parents"][name].as_u64().expect("a count");
    assert_eq!(parents(&looked_up, "traced"), parents(&looked_up, "synthetic"));
    assert!(parents(&looked_up, "test_rows") >= parents(&audit, "test_rows"));
    assert!(
        10 * parents(&audit, "traced") >= 9 * parents(&audit, "synthetic"),
        "{audit:#}"
    );
}

#[test]
fn rows_made_before_the_split_without_marks_are_suspicious() {
    let numbers: Vec<String> = (0..900_u64)
        .map(|row| {
            let draw = |salt: u64| chance(10 * row + salt) as f64 / u64::MAX as f64;
            let class = if row % 6 == 0 { "rare" } else { "common" };
            let numbers: Vec<String> = (0..6).map(|salt| draw(salt).to_string()).collect();
            format!("{},{class}", numbers.join(","))
        })
        .collect();
    let header = "a,b,c,d,e,f,y";
    let folder = Folder::with("all.csv", format!("{header}\n{}\n", numbers.join("\n")));
    for method in ["smote", "random-over-sampler"] {
        folder.ok(&format!(
            "resample all.csv --target y --method {method} --output made.csv"
        ));
        let made = folder.read("made.csv");
        for (name, test) in [("train.csv", false), ("test.csv", true)] {
            let rows = made.lines().skip(1).enumerate();
            let here = rows.filter(|(place, _)| (chance(7_000_000 + *place as u64) % 10 < 3) == test);
            let rows: Vec<&str> = here.map(|(_, row)| row).collect();
            folder.write(name, format!("{header}\n{}\n", rows.join("\n")));
        }
        let audit = audit(&folder, FLAGS, 0);
        let findings = found(&audit);
        assert_eq!(audit["verdict"], "suspicious", "{method}: {findings:?}");
        assert_eq!(findings[0].0, "leakage.made-before", "{method}");
    }
}

#[test]
fn rows_made_after_the_split_are_clean() {
    let (train, test) = parts();
    let folder = folder(&train, &test);
    for flags in ["", " --mark"] {
        folder.ok(&format!(
            "resample train.csv --target y --ignore patient,id --output made.csv{flags}"
        ));
        let words = "audit-leakage made.csv test.csv --target y --ignore patient,id --strict";
        let audit = audit(&folder, words, 0);
        assert_eq!(audit["verdict"], "clean");
    }
    let words = "audit-leakage made.csv test.csv --target y --ignore patient,id --original train.csv";
    assert_eq!(audit(&folder, words, 0)["parents"]["test_rows"], 0);
    assert_snapshot!(folder.refused(&words.replace("train.csv", "test.csv")), @r#"
    exit 2
    error: --original: `test.csv` has 200 rows, and `made.csv` names row 379 as a parent
    hint: name the file that `made.csv` was made from by `resample --mark`, or leave `--original` out
    "#);
    let mut reversed = train.clone();
    reversed.reverse();
    folder.write("other.csv", file(&reversed));
    assert_snapshot!(folder.refused(&words.replace("train.csv", "other.csv")), @r#"
    exit 2
    error: --original: the parents that `made.csv` names do not lie around its synthetic rows in `other.csv`
    hint: name the file that `made.csv` was made from by `resample --mark`, or leave `--original` out
    "#);
}

#[test]
fn planted_rows_in_words() {
    let (train, mut test) = parts();
    test.extend_from_slice(&train[..12]);
    let folder = folder(&train, &test);
    let ran = folder.run(&NAMED.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(4));
    assert_snapshot!(ran.stdout, @r#"
    train.csv: 400 training rows; test.csv: 212 test rows; 3 features

    verdict: leak

    leak: 12 test rows (5.7 %) equal a training row in every feature, where an honest split has 5.4 on average: chance does not explain so many
      test.csv row 201, train.csv row 1 (equal)
      test.csv row 202, train.csv row 2 (equal)
      test.csv row 203, train.csv row 3 (equal)
      test.csv row 204, train.csv row 4 (equal)
      test.csv row 205, train.csv row 5 (equal)
      an honest split has as many with a chance of 3.1e-4 at most
      hint: drop them from the test file, and find out how rows came to be on both sides

      pairs of              pairs  across the split  expected
      equal rows               12                12       5.5
      closest unequal rows      8                 4       3.6

      nearest training row within  from training  from test
      1 % of rows                         0.0054     0.0038
      5 % of rows                         0.0096     0.0109
      10 % of rows                        0.0130     0.0151
      25 % of rows                        0.0258     0.0270
      50 % of rows                        0.0407     0.0381
      75 % of rows                        0.0597     0.0527
    "#);
    assert_eq!(ran.stderr, "");
}

#[test]
fn files_that_cannot_be_compared() {
    let (train, test) = parts();
    let folder = folder(&train, &test);
    folder.write("short.csv", "a,b,city,y\n1.5,2,Oslo,rare\n2.5,3,Rome,common\n");
    folder.write("words.csv", file(&test).replace(".25", "x"));
    folder.write("infinite.csv", format!("{}inf,1.5,Oslo,p1,q,rare\n", file(&test)));
    folder.write("hole.csv", format!("{}1.5,1.5,Oslo,p1,q,\n", file(&test)));
    folder.write("header.csv", HEADER);
    let refused = |words: &str| folder.refused(&format!("audit-leakage {words}"));
    assert_snapshot!(refused("train.csv short.csv --target y"), @r#"
    exit 3
    error: column `patient` is in `train.csv` and not in `short.csv`
    hint: `--ignore patient` leaves it out
    "#);
    assert_snapshot!(refused("train.csv words.csv --target y"), @r#"
    exit 3
    error: column `a` is float in `train.csv` and text in `words.csv`
    hint: mend the file that is wrong; or say which it is with `--kind a=categorical`; or `--ignore a`
    "#);
    assert_snapshot!(refused("train.csv infinite.csv --target y"), @r#"
    exit 3
    error: `infinite.csv`: column `a`, row 201: the value is infinite
    hint: mend the value, `--na inf` to read it as missing, or `--ignore a`
    "#);
    assert_snapshot!(refused("train.csv hole.csv --target y"), @r#"
    exit 3
    error: `hole.csv`: the target `y` is missing in row 201 (1 row in all)
    hint: `--missing drop-rows` leaves such rows out
    "#);
    assert_snapshot!(refused("train.csv header.csv --target y"), @r#"
    exit 3
    error: `header.csv` has a header of 6 columns and no row
    hint: if the first line is data, give column names with `--names a,b,c`
    "#);
    assert_snapshot!(refused("train.csv nowhere.csv --target y"), @r#"
    exit 3
    error: cannot read `nowhere.csv`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder
    "#);
    assert_snapshot!(refused("train.csv test.csv --target y --group-key patients"), @r#"
    exit 2
    error: there is no column called `patients` to be the group key
    hint: did you mean `patient`?
    "#);
    assert_snapshot!(refused("train.csv test.csv --target z"), @r#"
    exit 2
    error: there is no column called `z` to be the target
    hint: the columns are a, b, city, patient, id, y
    "#);
    assert_snapshot!(refused("train.csv test.csv --target y --id y"), @r#"
    exit 2
    error: column `y` cannot be both target and id
    hint: name `y` once
    "#);
    assert_snapshot!(refused("train.csv test.csv --target y --ignore a,b,city,patient,id"), @r#"
    exit 3
    error: no column is left to compute with: every column is the target, carried, or ignored
    "#);
    let ran = folder.ok("audit-leakage train.csv short.csv --target y --ignore patient,id");
    assert!(ran.stdout.contains("verdict: clean"), "{}", ran.stdout);
}

#[test]
fn targets_that_say_little() {
    let (train, test) = parts();
    let constant: Vec<String> = test.iter().map(|row| row.replace("rare", "common")).collect();
    let folder = folder(&train, &constant);
    assert_snapshot!(folder.ok(NAMED).stderr, @r#"
    warning: class `rare` has 65 rows in the training file and none in the test file
       hint: no score says anything about it; split within classes
    warning: the target has one class only in `test.csv`
       hint: name another column with `--target`, or split within classes
    "#);
    let odd: Vec<String> = test.iter().map(|row| row.replace("rare", "new")).collect();
    folder.write("test.csv", file(&odd));
    assert_snapshot!(folder.ok(NAMED).stderr, @r#"
    warning: class `new` has 32 rows in the test file and none in the training file
       hint: a model cannot learn it; split within classes
    warning: class `rare` has 65 rows in the training file and none in the test file
       hint: no score says anything about it; split within classes
    "#);
    // Without a target, every column is compared.
    let ran = folder.ok("audit-leakage train.csv test.csv --ignore patient,id");
    assert!(ran.stdout.contains("4 features"), "{}", ran.stdout);
}

#[test]
fn a_large_table_takes_seconds() {
    let Some(data) = std::env::var_os("COUNTERPOISE_DATA") else {
        eprintln!("skipped: COUNTERPOISE_DATA names no folder with the original files");
        return;
    };
    let data = std::path::absolute(data).expect("there is a current folder");
    let path = data.join("adult");
    let names = "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,capital_gain,capital_loss,hours_per_week,native_country,income";
    let words = format!(
        "audit-leakage {} {} --target income --names {names} --comment | --label <=50K.=><=50K --label >50K.=>>50K",
        path.join("adult.data.gz").display(),
        path.join("adult.test.gz").display()
    );
    let start = std::time::Instant::now();
    let audit = audit(&Folder::new(), &words, 0);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    assert_eq!(audit["verdict"], "clean", "{audit:#}");
    assert_eq!(audit["test"]["rows"], 16_281);
}

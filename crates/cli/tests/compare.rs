//! `compare`, `advise` and `metrics` through the binary.

mod folder;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use folder::{Folder, small_table};
use insta::assert_snapshot;
use serde_json::Value;

/// Fractions of chance, always the same.
fn noise() -> impl FnMut() -> f64 {
    let mut state = 7_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    }
}

/// Two clouds that overlap; one row in eight is rare.
fn clouds() -> String {
    let mut text = "x,z,kind,y\n".to_owned();
    let mut next = noise();
    for row in 0..320 {
        let rare = row % 8 == 0;
        let shift = if rare { 0.9 } else { 0.0 };
        let (x, z) = (next() + next() + next() + shift, next() + next() - shift);
        let kind = ["red", "green", "blue"][row % 3];
        let _ = writeln!(
            text,
            "{x:.4},{z:.4},{kind},{}",
            if rare { "rare" } else { "common" }
        );
    }
    text
}

const QUICK: &str = "--model naive-bayes,logistic --folds 4 --repeats 2 --draws 200";

fn json(folder: &Folder, words: &str) -> Value {
    let ran = folder.ok(&format!("{words} --json --quiet"));
    serde_json::from_str(&ran.stdout).expect("stdout is JSON")
}

/// Everything but times and what was taken over.
fn without_times(mut comparison: Value) -> Value {
    comparison["resumed"] = Value::Null;
    for model in comparison["models"].as_array_mut().into_iter().flatten() {
        for method in model["methods"].as_array_mut().into_iter().flatten() {
            method["seconds"] = Value::Null;
        }
    }
    comparison
}

#[test]
fn the_same_numbers_for_any_number_of_threads_and_after_a_kill() {
    let folder = Folder::with("in.csv", clouds());
    let words = format!("compare in.csv --target y --methods none,weights,threshold,smote {QUICK}");
    let whole = without_times(json(&folder, &format!("{words} --threads 1")));
    assert_eq!(
        without_times(json(&folder, &format!("{words} --threads 4"))),
        whole
    );
    assert_eq!(whole["models"][1]["methods"].as_array().map(Vec::len), Some(4));

    // Killed as soon as some fits are kept, then started again.
    let slow = format!("{words} --state kept");
    let mut child = folder
        .command()
        .args(format!("{slow} --threads 1 --quiet --json --set compare.draws=100000").split(' '))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let start = Instant::now();
    let kept = || std::fs::read_dir(folder.path("kept")).map_or(0, Iterator::count);
    while kept() < 5 && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it still draws");
    child.wait().expect("it ends");
    let again = json(&folder, &slow);
    assert!(
        again["resumed"].as_u64().is_some_and(|fits| fits >= 4),
        "{}",
        again["resumed"]
    );
    assert_eq!(without_times(again), whole);
    // A later run with one more method fits only what is new.
    let more = json(&folder, &slow.replace("smote", "smote,random-under-sampler"));
    assert_eq!(more["resumed"], 64);
    assert_eq!(more["models"][0]["methods"][3], {
        let mut same = whole["models"][0]["methods"][3].clone();
        same["seconds"] = more["models"][0]["methods"][3]["seconds"].clone();
        same["scores"] = more["models"][0]["methods"][3]["scores"].clone();
        same
    });
}

#[test]
fn nothing_is_learnt_from_test_rows() {
    // Pure noise with a rare class. Copies made before the split would let the nearest neighbour find every rare row.
    let mut text = "a,b,c,y\n".to_owned();
    let mut next = noise();
    for row in 0..400_u64 {
        let _ = writeln!(
            text,
            "{:.6},{:.6},{:.6},{}",
            next(),
            next(),
            next(),
            u8::from(row % 10 == 3)
        );
    }
    let folder = Folder::with("in.csv", text);
    let found = json(
        &folder,
        "compare in.csv --target y --methods random-over-sampler,smote --model k-nearest-neighbors --repeats 1 --draws 200 --set compare.models=[{name='knn',k=1}]",
    );
    for method in found["models"][0]["methods"].as_array().expect("methods") {
        let reached = method["scores"][0]["value"].as_f64().expect("a number");
        assert!((reached - 0.5).abs() < 0.08, "{}: {reached}", method["method"]);
    }
    assert_eq!(
        found["models"][0]["verdict"]["kind"], "do-nothing",
        "{}",
        found["models"][0]["verdict"]["text"]
    );
}

#[test]
fn a_threshold_is_found_to_do_as_well_and_the_page_holds_the_run() {
    let folder = Folder::new();
    folder.ok("quickstart --save-data --quiet --without-pictures");
    let words = "compare german-credit.csv.gz --target credit --methods weights,threshold,smote --model logistic --repeats 2 --draws 300";
    let ran = folder.ok(&format!("{words} --report page.html"));
    assert!(ran.stdout.contains("Do not resample"), "{}", ran.stdout);
    let page = folder.read("page.html");
    assert!(
        page.contains("[compare]") && page.contains("Calibration"),
        "a page"
    );
    let again = folder.ok("run page.html --quiet");
    let verdicts = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with("== "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(verdicts(&again.stdout), verdicts(&ran.stdout));
}

#[test]
fn what_does_not_apply_is_named_and_the_others_go_on() {
    let folder = Folder::with("in.csv", small_table());
    let ran = folder.ok("compare in.csv --target y --methods none,smotenc,adasyn,smote --model naive-bayes --folds 2 --draws 200");
    assert!(
        ran.stdout
            .contains("smotenc: not applicable: smotenc needs numeric and categorical columns"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("  smote  "), "{}", ran.stdout);
}

#[test]
fn a_model_that_does_not_converge_says_so() {
    let folder = Folder::with("in.csv", clouds());
    let ran = folder.ok("compare in.csv --target y --methods none,weights --draws 200 --repeats 1 --set compare.models=[{name='logistic',max_iter=1}]");
    assert!(
        ran.stderr.contains("did not converge in 1 steps"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("5 times in all"), "{}", ran.stderr);
}

const CLEANS: &str = "--model naive-bayes --folds 2 --repeats 1 --draws 200 --set compare.methods=['none',{name='enn',sampling_strategy='all',kind_sel='mode'}]";

/// Every rare row stands alone among rows of one or two other classes.
fn alone(others: [&str; 2]) -> String {
    let mut text = "x,z,y\n".to_owned();
    let mut next = noise();
    for row in 0..120 {
        let class = if row % 12 == 5 { "rare" } else { others[row / 60] };
        let _ = writeln!(text, "{:.3},{:.3},{class}", row as f64 + next(), next());
    }
    text
}

#[test]
fn a_class_that_cleaning_takes_out_of_a_fold_is_told() {
    let folder = Folder::with("in.csv", alone(["left", "right"]));
    let ran = folder.ok(&format!("compare in.csv --target y {CLEANS}"));
    assert!(
        ran.stderr.contains("no training row of class `rare` is left"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_fold_that_has_one_class_left_is_told() {
    let folder = Folder::with("in.csv", alone(["common", "common"]));
    let ran = folder.ok(&format!("compare in.csv --target y {CLEANS}"));
    let told = "naive-bayes needs rows of two or more classes, and there is only `common` (fold 1)";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

#[test]
fn missing_values_are_filled_inside_the_folds() {
    let text = clouds()
        .lines()
        .enumerate()
        .fold(String::new(), |mut text, (place, line)| {
            let line = if place % 10 == 4 {
                line.replacen(|c: char| c.is_ascii_digit(), "", 1)
            } else {
                line.into()
            };
            let hole = if place % 9 == 5 {
                line.split_once(',')
                    .map_or(line.clone(), |(_, rest)| format!(",{rest}"))
            } else {
                line
            };
            text.push_str(&hole);
            text.push('\n');
            text
        });
    let folder = Folder::with("in.csv", text);
    for missing in ["impute", "distance", "drop-rows"] {
        let words = format!("compare in.csv --target y --methods none,smote {QUICK} --missing {missing}");
        let found = json(&folder, &words);
        assert_eq!(
            found["models"][0]["failures"].as_array().map(Vec::len),
            Some(0),
            "{missing}: {found:#}"
        );
    }
}

#[test]
fn an_advice_ends_in_a_file_that_runs() {
    let folder = Folder::with("in.csv", clouds());
    let ran = folder.ok("advise in.csv --target y --output next.toml --report advice.html");
    assert!(
        ran.stdout.contains("rank") && ran.stdout.contains("balanced-accuracy"),
        "{}",
        ran.stdout
    );
    assert!(folder.read("advice.html").contains("Short list"));
    folder.ok("run next.toml --quiet --set compare.draws=200 --set compare.models=['naive-bayes'] --set compare.repeats=1");
}

#[test]
fn bad_comparisons_are_refused() {
    let folder = Folder::with("in.csv", small_table());
    let refused = |more: &str| folder.refused(&format!("compare in.csv --target y {more}"));
    assert_snapshot!(refused("--folds 5"), @r#"
    exit 3
    error: class `rare` has 4 rows, fewer than the 5 folds: some fold would be without it
    hint: use `--folds 4` or fewer, or merge `rare` with another class
    "#);
    assert_snapshot!(refused("--folds 1"), @r#"
    exit 2
    error: compare.folds: with 1 fold, nothing is left to test on
    hint: give 2 or more: `--folds 5`
    "#);
    assert_snapshot!(refused("--methods smote,thresholt"), @r#"
    exit 2
    error: the command line: `compare.methods`: there is no method called `thresholt`; did you mean `threshold`?
    "#);
    assert_snapshot!(refused("--model forrest"), @r#"
    exit 2
    error: the command line: `compare.models`: there is no model called `forrest`; did you mean `forest`? The models are `logistic`, `forest`, `boosting`, `linear-svm`, `rbf-svm`, `k-nearest-neighbors`, `naive-bayes`, `exponentiated-gradient`, `grid-search`, `group-thresholds`, `prejudice-remover`, `sensitive-subspace`
    "#);
    assert_snapshot!(refused("--measure f1-mocro --folds 2"), @r#"
    exit 2
    error: the command line: `compare.measures`: there is no measure called `f1-mocro`; did you mean `f1`?
    "#);
    assert_snapshot!(refused("--measure recall:Rare --folds 2"), @r#"
    exit 2
    error: `recall:Rare` names the class `Rare`, which the target does not have
    hint: did you mean `rare`?
    "#);
    assert_snapshot!(refused("--repeats 100000 --folds 2"), @r#"
    exit 2
    error: compare.repeats: 100000 repeats are too many
    hint: give 1 to 1000, or 0 to have it chosen: `--repeats 10`
    "#);
    assert_snapshot!(refused("--draws 5 --folds 2"), @r#"
    exit 2
    error: compare.draws: 5 draws are too few or too many for an interval
    hint: give 200 to 1000000: `--draws 1000`
    "#);
    assert_snapshot!(refused("--level 95 --folds 2"), @r#"
    exit 2
    error: compare.level: 95 is no level
    hint: give a number above 0.5 and below 1: `--level 0.95`
    "#);
    let one = Folder::with("in.csv", "a,b,y\n1,2,x\n2,3,x\n3,4,x\n");
    assert_snapshot!(one.refused("compare in.csv --target y"), @r#"
    exit 3
    error: the target has one class only, `x`; resampling balances two or more
    hint: name another column with `--target`
    "#);
    let alone = Folder::with("in.csv", "a,b,y\n1,2,x\n2,3,x\n3,4,z\n");
    assert_snapshot!(alone.refused("compare in.csv --target y --folds 2"), @r#"
    exit 3
    error: class `z` has 1 row, fewer than the 2 folds: some fold would be without it
    hint: no split can train on `z` and test it too: collect more rows, or merge it with another class
    "#);
}

fn predictions() -> String {
    let mut text = "truth,said,p,w\n".to_owned();
    for row in 0..60 {
        let rare = row % 6 == 0;
        let p = if rare {
            0.35 + f64::from(row) / 120.0
        } else {
            f64::from(row) / 100.0
        };
        let _ = writeln!(
            text,
            "{},{},{p:.3},{}",
            u8::from(rare),
            if p > 0.5 { "1.0" } else { "0.0" },
            1 + row % 2
        );
    }
    text
}

#[test]
fn predictions_of_a_table_are_measured() {
    let folder = Folder::with("p.csv", predictions());
    let found = json(
        &folder,
        "metrics p.csv --target truth --prediction said --score p --weight w --report m.html",
    );
    assert_eq!(found["classes"], serde_json::json!(["0", "1"]));
    let of = |name: &str| {
        found["measures"]
            .as_array()
            .expect("measures")
            .iter()
            .find(|m| m["measure"] == name)
            .expect("it is listed")
            .clone()
    };
    for name in ["balanced-accuracy", "roc-auc-macro", "brier", "ece"] {
        let (low, high) = (of(name)["interval"][0].as_f64(), of(name)["interval"][1].as_f64());
        assert!(
            low <= of(name)["value"].as_f64() && of(name)["value"].as_f64() <= high,
            "{name}"
        );
    }
    assert_eq!(found["confusion"].as_array().map(Vec::len), Some(2));
    assert!(
        folder
            .read("m.html")
            .contains("Receiver operating characteristic")
    );
    let ran = folder.ok("metrics p.csv --target truth --prediction said --measure recall:1,f1-macro");
    assert!(ran.stdout.contains("recall:1"), "{}", ran.stdout);
}

#[test]
fn rows_without_a_prediction_are_left_out_if_asked_for() {
    let folder = Folder::with("p.csv", "t,p\na,a\nb,\nb,b\na,b\n");
    let ran = folder.ok("metrics p.csv --target t --prediction p --missing drop-rows");
    assert!(ran.stdout.starts_with("3 rows"), "{}", ran.stdout);
    assert!(ran.stderr.contains("1 row was left out"), "{}", ran.stderr);
}

#[test]
fn bad_predictions_are_refused() {
    let check = |text: &str, more: &str| {
        let words = format!("metrics p.csv --target t --prediction p {more}");
        Folder::with("p.csv", text).refused(words.trim_end())
    };
    assert_snapshot!(check("t,p,s\na,a,0.1\nb,b,1.5\n", "--score s"), @r#"
    exit 3
    error: column `s`, row 2: 1.5 is no probability, which is between 0 and 1
    hint: turn scores of another range into probabilities first, or leave `--score` out
    "#);
    assert_snapshot!(check("t,p,s,u,v\na,a,0.6,0.2,0.3\nb,b,0.1,0.8,0.1\nc,c,0,0,1\n", "--score a=s --score b=u --score c=v"), @r#"
    exit 3
    error: row 1: the probabilities of all classes sum to 1.1, not to 1
    hint: divide each row by its sum, or name the columns of all classes
    "#);
    assert_snapshot!(check("t,p,s\na,a,0.1\nb,b,0.2\nc,c,0.2\n", "--score s"), @r#"
    exit 2
    error: the score `s` names no class, and there are 3 classes
    hint: give one column a class, `--score a=COLUMN` `--score b=COLUMN` `--score c=COLUMN`
    "#);
    assert_snapshot!(check("t,p,s\na,x,0.1\nb,y,0.2\n", ""), @r#"
    exit 2
    error: no class of `t` is predicted in `p`: a, b against x, y
    hint: name the column of predicted classes with `--prediction`; `--label "1=>yes"` reads a cell as another
    "#);
    assert_snapshot!(check("t,p,s\na,a,0.1\nb,,0.2\n", ""), @r#"
    exit 3
    error: the prediction `p` is missing in row 2 (1 row in all)
    hint: `--missing drop-rows` leaves such rows out
    "#);
    assert_snapshot!(check("t,q,s\na,a,0.1\nb,b,0.2\n", ""), @r#"
    exit 2
    error: there is no column called `p` to be the prediction
    hint: the columns are t, q, s
    "#);
    assert_snapshot!(check("t,p,s\na,a,0.1\nb,b,0.2\n", "--measure roc-auc:b"), @r#"
    exit 2
    error: `roc-auc:b` needs probabilities
    hint: name the columns of probabilities, or leave `roc-auc:b` out
    "#);
    assert_snapshot!(check("t,p,s\na,a,x\nb,b,y\n", "--score s"), @r#"
    exit 2
    error: column `s` is stored as Dictionary(Int32, Utf8), and a score is a number
    hint: name a column of probabilities with `--score`
    "#);
}

/// German credit with groups by sex; naive Bayes is quick.
fn by_sex(folder: &Folder, more: &str) -> Value {
    folder.ok("quickstart --save-data --quiet --without-pictures");
    let words = format!(
        "compare german-credit.csv.gz --target credit --group sex --repeats 2 --draws 200 --json {more}"
    );
    serde_json::from_str(&folder.ok(&words).stdout).expect("it is JSON")
}

fn fair_score<'a>(method: &'a Value, grouping: &str, measure: &str) -> &'a Value {
    let of = method["fairness"].as_array().expect("a list");
    let found = of.iter().find(|fair| fair["grouping"] == grouping);
    let scores = found.expect(grouping)["scores"].as_array().expect("a list");
    scores
        .iter()
        .find(|score| score["measure"] == measure)
        .expect(measure)
}

#[test]
fn groups_bring_fairness_of_what_methods_see_and_of_what_they_do_not() {
    let folder = Folder::new();
    let comparison = by_sex(
        &folder,
        "--methods none,fos,reweighing --model logistic --observe age<=25",
    );
    let groupings: Vec<(&str, bool)> = comparison["groups"]["groupings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|grouping| {
            (
                grouping["name"].as_str().unwrap_or_default(),
                grouping["mitigated"] == true,
            )
        })
        .collect();
    assert_eq!(
        groupings,
        [("sex", true), ("age<=25", false), ("sex x age<=25", false)]
    );
    let methods = comparison["models"][0]["methods"].as_array().expect("a list");
    assert_eq!(methods.len(), 3, "{comparison:#}");
    for method in methods {
        let utility = fair_score(method, "sex", "fair-utility-max-min");
        let value = utility["value"].as_f64().expect("a number");
        assert!(value > 0.4 && value < 0.8, "{value}");
        assert_eq!(utility["difference"].is_null(), method["method"] == "none");
    }
    let said = comparison["models"][0]["fairness"].as_array().expect("sentences");
    let all = said
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    assert!(all.contains("sex x age<=25"), "{all}");
}

#[test]
fn models_that_compare_groups_are_compared_too() {
    let folder = Folder::new();
    let models = "logistic,exponentiated-gradient,group-thresholds";
    let comparison = by_sex(
        &folder,
        &format!("--methods none,fos --model {models} --observe none"),
    );
    for model in comparison["models"].as_array().expect("a list") {
        let methods = model["methods"].as_array().expect("a list");
        assert_eq!(methods.len(), 2, "{model:#}");
        let gap = fair_score(&methods[0], "sex", "average-absolute-odds-max-min");
        assert!(gap["value"].as_f64() < Some(0.2), "{model:#}");
    }
    let again = by_sex(
        &folder,
        &format!("--methods none,fos --model {models} --observe none --threads 1"),
    );
    let numbers = |comparison: &Value| {
        let mut text = Vec::new();
        for model in comparison["models"].as_array().expect("a list") {
            for method in model["methods"].as_array().expect("a list") {
                text.push((method["scores"].clone(), method["fairness"].clone()));
            }
        }
        text
    };
    assert_eq!(numbers(&comparison), numbers(&again));
}

#[test]
fn a_model_that_compares_groups_is_refused_without_them() {
    let folder = Folder::new();
    folder.ok("quickstart --save-data --quiet --without-pictures");
    let said = folder.refused("compare german-credit.csv.gz --target credit --model exponentiated-gradient");
    assert!(said.contains("hint: name one: `--group sex`"), "{said}");
}

//! `audit` as people type it: what it says, what it refuses, and that its numbers belong together.

mod folder;

use folder::{Folder, predictions};
use insta::assert_snapshot;
use serde_json::Value;

const AUDIT: &str = "audit in.csv -t y -p pred --favorable yes --draws 500";

fn audited(more: &str) -> Value {
    let folder = Folder::with("in.csv", predictions());
    json(&folder, more)
}

fn json(folder: &Folder, more: &str) -> Value {
    let ran = folder.ok(&format!("{AUDIT} {more} --json"));
    serde_json::from_str(&ran.stdout).expect("it is JSON")
}

fn refused(more: &str) -> String {
    Folder::with("in.csv", predictions()).refused(&format!("audit in.csv -t y {more}"))
}

/// The value of a measure by the first grouping.
fn measure(audit: &Value, name: &str) -> f64 {
    let measures = audit["parts"][0]["groupings"][0]["measures"]
        .as_array()
        .expect("a list");
    let found = measures.iter().find(|measure| measure["measure"] == name);
    found.expect(name)["value"].as_f64().expect("a number")
}

#[test]
fn fair_utility_is_balanced_accuracy_less_the_gaps() {
    let audit = audited("--group sex");
    let (utility, accuracy) = (
        measure(&audit, "fair-utility"),
        measure(&audit, "balanced-accuracy"),
    );
    let gap = measure(&audit, "average-absolute-odds-difference");
    assert!(
        (utility - accuracy * (1.0 - gap)).abs() < 1e-12,
        "{utility} {accuracy} {gap}"
    );
    assert!(measure(&audit, "average-odds-difference").abs() <= gap);
}

#[test]
fn women_are_served_worse_and_it_is_said() {
    let folder = Folder::with("in.csv", predictions());
    let said = folder.ok(&format!("{AUDIT} --group sex"));
    let start: Vec<&str> = said.stdout.lines().take(9).collect();
    assert_snapshot!(start.join("\n"), @r#"
    240 rows, target `y` (no 126, yes 114)

    == Favourable class: `yes`

    4 of 5 compared rates (base rates apart) differ clearly between groups; the largest gap is 34
    points, in positive predictive value by sex. Fair Utility by sex: 0.550 (0.462 to 0.655).

      - clear: sex: a prediction of `yes` comes true for 87.7 % of `m` and for 53.7 % of `f`: 34.0
        points apart (20.0 to 47.6, 95 % interval).
    "#);
    assert!(said.stdout.contains("Before you sign"), "{}", said.stdout);
}

#[test]
fn the_privileged_group_turns_signs_around() {
    let of = |group: &str| {
        measure(
            &audited(&format!("--group sex --privileged {group}")),
            "statistical-parity-difference",
        )
    };
    let (men, women) = (of("m"), of("f"));
    assert!(men < 0.0 && (men + women).abs() < 1e-12, "{men} {women}");
}

#[test]
fn several_columns_are_looked_at_one_by_one_and_together() {
    let audit = audited("--group sex,town");
    let names: Vec<&str> = audit["parts"][0]["groupings"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|grouping| grouping["name"].as_str())
        .collect();
    assert_eq!(names, ["sex", "town", "sex x town"]);
    assert_eq!(audit["cells"].as_array().map(Vec::len), Some(12));
}

#[test]
fn without_predictions_the_classes_are_looked_at() {
    let folder = Folder::with("in.csv", predictions());
    let ran = folder.ok("audit in.csv -t y --group sex --favorable yes --json");
    let audit: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    assert_eq!(audit["predictions"], false);
    // Women are the first of two equally large groups, with which men are compared.
    assert!(measure(&audit, "base-rate-difference") > 0.0);
}

#[test]
fn neighbours_are_found_for_consistency() {
    let consistency = |more: &str| {
        let more = format!("--group sex {more} --id id --measure consistency-of-predictions");
        measure(&audited(&more), "consistency-of-predictions")
    };
    // A column of scores is no feature once it is named as one; as a feature it says what is predicted.
    let (without, with) = (consistency("-s score"), consistency("--min-rows 10"));
    assert!(without > 0.4 && without < with && with <= 1.0, "{without} {with}");
}

#[test]
fn a_threshold_moves_what_scores_say() {
    let folder = Folder::with("in.csv", predictions());
    let chosen = |threshold: &str| {
        let words = format!(
            "audit in.csv -t y -s score --threshold {threshold} --group sex --favorable yes --draws 200 --json"
        );
        let audit: Value = serde_json::from_str(&folder.ok(&words).stdout).expect("it is JSON");
        let all = &audit["parts"][0]["groupings"][0]["groups"][0]["confusion"];
        all["tp"].as_f64().unwrap_or(0.0) + all["fp"].as_f64().unwrap_or(0.0)
    };
    assert!(chosen("0.1") > chosen("0.5"));
    assert!(chosen("0.5") > chosen("0.9"));
}

#[test]
fn the_score_of_the_other_class_is_understood() {
    let folder = Folder::with("in.csv", predictions());
    let chosen = |words: &str| {
        let audit: Value = serde_json::from_str(&folder.ok(words).stdout).expect("it is JSON");
        audit["parts"][0]["groupings"][0]["groups"][0]["confusion"]["tp"].clone()
    };
    let start = "audit in.csv -t y --group sex --draws 200 --json";
    // A score without a class is that of the favourable class.
    assert_eq!(
        chosen(&format!("{start} --favorable no -s score")),
        chosen(&format!("{start} --favorable no -s no=score"))
    );
}

#[test]
fn groups_and_predictions_may_stand_in_files_of_their_own() {
    let whole = predictions();
    let cells: Vec<Vec<&str>> = whole.lines().map(|line| line.split(',').collect()).collect();
    let part = |columns: &[usize], turned: bool| {
        let mut rows: Vec<String> = cells
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|&column| row[column])
                    .collect::<Vec<_>>()
                    .join(",")
            })
            .collect();
        if turned {
            rows[1..].reverse();
        }
        rows.join("\n") + "\n"
    };
    let folder = Folder::with("in.csv", part(&[0, 4], false));
    folder.write("groups.csv", part(&[0, 1], true));
    folder.write("said.csv", part(&[5], false));
    let apart = json(
        &folder,
        "--group sex --group-file groups.csv --id id --prediction-file said.csv",
    );
    let together = audited("--group sex");
    assert_eq!(apart["parts"], together["parts"]);
}

#[test]
fn threads_and_repeats_change_nothing() {
    let folder = Folder::with("in.csv", predictions());
    let words = |threads: u32| format!("{AUDIT} -s score --group sex,town --json --threads {threads}");
    let one = folder.ok(&words(1)).stdout;
    assert_eq!(one, folder.ok(&words(2)).stdout);
    assert_eq!(one, folder.ok(&words(2)).stdout);
}

#[test]
fn small_groups_take_no_part_and_rates_that_do_not_exist_are_told() {
    let mut text = predictions();
    text.push_str("x1,other,a,30,yes,yes,0.9\nx2,other,a,30,yes,no,0.2\n");
    let folder = Folder::with("in.csv", text);
    let ran = folder.ok(&format!("{AUDIT} --group sex"));
    assert!(ran.stderr.contains("`other` (2)"), "{}", ran.stderr);
    let all = folder.ok(&format!("{AUDIT} --group sex --min-rows 1"));
    assert!(
        all.stdout
            .contains("group `other` has no row of another true class than `yes`"),
        "{}",
        all.stdout
    );
}

#[test]
fn a_page_appears_whole_or_not_at_all() {
    let folder = Folder::with("in.csv", predictions());
    folder.ok(&format!("{AUDIT} --group sex,town --report audit.html"));
    let page = folder.read("audit.html");
    assert!(page.contains("Whom do the predictions of in.csv serve worse?") && page.ends_with("</html>"));
    let said = folder.refused(&format!("{AUDIT} --group sex --report nowhere/audit.html"));
    assert!(said.contains("nowhere"), "{said}");
}

#[test]
fn no_group() {
    assert_snapshot!(refused("-p pred"), @r#"
    exit 2
    error: --group: no protected column is named, and an audit compares groups
    hint: the columns are `id`, `sex`, `town`, `age`, `y`, `pred`, `score`
    "#);
}

#[test]
fn one_group() {
    let folder = Folder::with("in.csv", predictions().replace(",m,", ",f,"));
    assert_snapshot!(folder.refused("audit in.csv -t y -p pred --group sex"), @r#"
    exit 2
    error: --group: all rows are in one group of `sex`, `f`, and an audit compares two or more
    hint: name another column with `--group`
    "#);
}

#[test]
fn a_group_of_many_numbers() {
    assert_snapshot!(refused("-p pred --group age"), @r#"
    exit 3
    error: column `age` has 60 different values in 240 rows, too many for groups
    hint: cut it into groups: `--bin age=4` for four of about the same size, `--bin age=25,45` for groups that end there, or `--group "age<=25"` for two
    "#);
    assert_eq!(
        audited("--group age --bin age=25,45")["parts"][0]["groupings"][0]["groups"]
            .as_array()
            .map(Vec::len),
        Some(4)
    );
}

#[test]
fn bins_that_are_none() {
    assert_snapshot!(refused("-p pred --group age --bin age=45,25"), @r#"
    exit 2
    error: --bin: the ends of bins grow, and 45 comes before 25
    hint: for example `--bin age=25,45`
    "#);
    assert_snapshot!(refused("-p pred --group sex --bin age=3"), @r#"
    exit 3
    error: `age` is cut into bins, and it is no protected column
    hint: the protected columns are `sex`
    "#);
}

#[test]
fn an_unknown_favourable_class() {
    assert_snapshot!(refused("-p pred --group sex --favorable yes1"), @r#"
    exit 3
    error: the favourable class `yes1` is not a class of the target
    hint: did you mean `yes`?
    "#);
    assert_snapshot!(refused("-s score --group sex --favorable maybe"), @r#"
    exit 3
    error: the favourable class `maybe` is not a class of the target
    hint: there are: no, yes
    "#);
}

#[test]
fn an_unknown_privileged_group() {
    assert_snapshot!(refused("-p pred --group sex --privileged men"), @r#"
    exit 2
    error: --privileged: there is no group `men`
    hint: did you mean `m`?
    "#);
    assert_snapshot!(refused("-p pred --group sex --privileged race=m"), @r#"
    exit 2
    error: --privileged: `race` is no protected column
    hint: the protected columns are `sex`
    "#);
}

#[test]
fn predictions_of_another_length() {
    let folder = Folder::with("in.csv", predictions());
    folder.write("said.csv", "said\nyes\nno\n");
    assert_snapshot!(folder.refused("audit in.csv -t y -p said --prediction-file said.csv --group sex"), @r#"
    exit 3
    error: `said.csv` has 2 rows for a table of 240
    hint: give one row for each row of the table, in its order; or a column of ids in both files, and `--id COLUMN`
    "#);
}

#[test]
fn a_missing_group() {
    let folder = Folder::with("in.csv", predictions().replace("r3,m,", "r3,NaN,"));
    assert_snapshot!(folder.refused("audit in.csv -t y -p pred --group sex"), @r#"
    exit 3
    error: the group `sex` is missing in row 4 (1 row in all)
    hint: `--missing drop-rows` leaves such rows out
    "#);
    let ran = folder.ok(&format!("{AUDIT} --group sex --missing drop-rows"));
    assert!(ran.stderr.contains("1 row was left out"), "{}", ran.stderr);
}

#[test]
fn a_group_that_the_file_lacks() {
    assert_snapshot!(refused("-p pred --group race"), @r#"
    exit 2
    error: there is no column called `race` to be the group
    hint: the columns are id, sex, town, age, y, pred, score; if it stands in a file of its own, add `--group-file FILE`
    "#);
    let folder = Folder::with("in.csv", predictions());
    folder.write("groups.csv", "id,race\nr0,x\nr1,y\n");
    assert_snapshot!(folder.refused("audit in.csv -t y -p pred --group race --group-file groups.csv"), @r#"
    exit 3
    error: `groups.csv` has 2 rows for a table of 240
    hint: give one row for each row of the table, in its order; or a column of ids in both files, and `--id COLUMN`
    "#);
    assert_snapshot!(folder.refused("audit in.csv -t y -p pred --group race --group-file groups.csv --id id"), @r#"
    exit 3
    error: row 3 has the id `r2`, which `groups.csv` does not have
    hint: add the row to that file, or leave it out of the table
    "#);
    folder.write("groups.csv", "id,race\nr0,x\nr0,y\n");
    assert_snapshot!(folder.refused("audit in.csv -t y -p pred --group race --group-file groups.csv --id id"), @r#"
    exit 3
    error: `groups.csv`, rows 1 and 2: both have the id `r0`
    hint: give every id one row
    "#);
}

#[test]
fn a_measure_that_is_none() {
    assert_snapshot!(refused("-p pred --group sex --measure fair-usefulness"), @r#"
    exit 2
    error: there is no measure called `fair-usefulness`
    hint: a rate, as in selection-rate, base-rate, true-positive-rate, false-positive-rate, alone or with -difference, -ratio, -max-min or -min-over-max behind it, or one of: statistical-parity-difference, disparate-impact, demographic-parity-difference, demographic-parity-ratio, demographic-parity-difference-to-overall, demographic-parity-ratio-to-overall, equal-opportunity-difference, equal-opportunity-ratio, equal-opportunity-max-min, average-odds-difference, average-odds-max-min, average-odds-difference-to-overall, absolute-average-odds-difference, average-absolute-odds-difference, average-absolute-odds-max-min, average-absolute-odds-difference-to-overall, equalized-odds-difference, equalized-odds-max-min, equalized-odds-difference-to-overall, equalized-odds-ratio, equalized-odds-min-over-max, equalized-odds-ratio-to-overall, equalized-odds-mean-ratio, equalized-odds-mean-min-over-max, equalized-odds-mean-ratio-to-overall, generalized-equalized-odds-difference, generalized-equalized-odds-max-min, generalized-equalized-odds-difference-to-overall, average-predictive-value-difference, average-predictive-value-max-min, average-predictive-value-difference-to-overall, fair-utility, fair-utility-max-min, fair-utility-to-overall, generalized-entropy-index, theil-index, coefficient-of-variation, between-group-generalized-entropy-index, between-group-theil-index, between-group-coefficient-of-variation, between-all-groups-generalized-entropy-index, between-all-groups-theil-index, between-all-groups-coefficient-of-variation, smoothed-empirical-differential-fairness, smoothed-differential-fairness-of-predictions, differential-fairness-bias-amplification, consistency, consistency-of-predictions
    "#);
    assert_snapshot!(refused("-p pred --group sex --measure roc-auc-group-min"), @r#"
    exit 2
    error: `roc-auc-group-min` needs probabilities
    hint: name the columns of probabilities, or leave `roc-auc-group-min` out
    "#);
}

//! `reproduce deepsmote` through the binary, on few pictures with the names of the paper's files.

mod folder;
mod pictures;

use pictures::{clothes, interrupt, json, started, three_classes};

const HOW: &str = "reproduce deepsmote --dataset fashion-mnist --data . --quick";

#[cfg(unix)]
#[test]
fn a_table_that_was_stopped_goes_on_and_says_how_to_do_it_again() {
    let folder = clothes();
    let words = format!("{HOW} --methods none,logit-adjustment --draws 20 --state kept");
    let mut child = started(&folder, &format!("{words} --json"), "epoch");
    interrupt(&mut child);
    let kept = std::fs::read_dir(folder.path("kept")).expect("it is there");
    let kept: Vec<_> = kept.map(|entry| entry.expect("it is ours").file_name()).collect();
    assert!(
        kept.iter()
            .any(|name| name.to_string_lossy().ends_with(".unfinished")),
        "{kept:?}"
    );

    let found = json(&folder.ok(&format!("{words} --report page.html --json")).stdout);
    let rows = found["sets"][0]["rows"].as_array().expect("rows");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["method"].as_str()).collect();
    assert_eq!(names, ["none", "logit-adjustment"]);
    for row in rows {
        let acsa = row["balanced"][0]["ours"]["value"].as_f64();
        assert!(acsa > Some(0.2) && acsa < Some(1.0), "{row}");
    }
    let command = found["command"].as_str().expect("the budget has a flag");
    assert!(
        command.contains("--quick --methods none,logit-adjustment --folds 1 --draws 20 --seed 42"),
        "{command}"
    );
    let page = folder.read("page.html");
    for part in ["Do it again", command, "REDUCED (--quick)"] {
        assert!(page.contains(part), "{part}");
    }
    let kept = std::fs::read_dir(folder.path("kept")).expect("it is there");
    assert_eq!(kept.count(), 2, "one file a row");
    // Nothing is fitted a second time, so this takes no time.
    let said = folder.ok(&words);
    assert!(said.stdout.contains("logit-adjustment"), "{}", said.stdout);
    assert!(!said.stderr.contains("epoch"), "{}", said.stderr);
}

#[test]
fn what_cannot_be_run_is_answered_with_what_to_type() {
    let folder = clothes();
    for (more, hint) in [
        (
            "--ratios 20",
            "for curves over ratios add `--experiment imbalance`",
        ),
        (
            "--repeats 2",
            "for curves over ratios add `--experiment imbalance`",
        ),
        (
            "--experiment imbalance --ratios 1",
            "the paper has ratios from 20 to 400",
        ),
        ("--methods mc-rb", "did you mean `mc-rbo`?"),
        ("--draws 1", "give a number of 20 or more"),
        ("--folds 6", "give 1 to 5"),
    ] {
        let said = folder.refused(&format!("{HOW} {more}"));
        assert!(said.contains(hint), "{more}: {said}");
    }
    let other = folder.refused("reproduce deepsmote --dataset svhn --data . --quick");
    assert!(other.contains("train_32x32.mat"), "{other}");
}

const EOS: &str = "reproduce eos --dataset fashion-mnist --data p --quick --state kept --draws 20";

#[test]
fn heads_of_eos_are_judged_and_none_is_trained_twice() {
    let folder = three_classes();
    let words = format!("{EOS} --only table --losses cross-entropy,ldam --heads none,random,eos");
    let found = json(&folder.ok(&format!("{words} --report page.html --json")).stdout);
    let losses = found["sets"][0]["losses"].as_array().expect("losses");
    assert_eq!(losses.len(), 2);
    for table in losses {
        for row in table["rows"].as_array().expect("rows") {
            let score = row["scores"]["balanced_accuracy"]["score"]["value"].as_f64();
            assert!(score > Some(0.0) && score <= Some(1.0), "{row}");
        }
    }
    let page = folder.read("page.html");
    let command = found["command"].as_str().expect("a command");
    for part in ["Do it again", command, "REDUCED", "Heads over the same features"] {
        assert!(page.contains(part), "{part}");
    }
    let said = folder.ok(&words);
    assert!(!said.stderr.contains("epoch"), "{}", said.stderr);
    for part in ["balanced accuracy in percent, by loss", "loss ldam: "] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
}

#[test]
fn what_eos_cannot_run_is_answered_with_what_to_type() {
    let folder = three_classes();
    for (more, hint) in [
        ("--heads esos", "did you mean `eos`?"),
        ("--losses focla", "did you mean `focal`?"),
        ("--seeds 0", "give a number of 1 or more"),
        ("--draws 1", "give a number of 20 or more"),
    ] {
        let words = EOS.replace(" --draws 20", "");
        let said = folder.refused(&format!("{words} {more}"));
        assert!(said.contains(hint), "{more}: {said}");
    }
    let other = folder.refused("reproduce eos --dataset cifar10-lt --data p --quick");
    assert!(other.contains("extra_batch_last500.bin.gz"), "{other}");
}

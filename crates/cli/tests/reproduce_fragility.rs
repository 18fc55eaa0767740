//! `reproduce fragility` through the binary, on few pictures with the names of the study's files.

mod folder;
mod pictures;

use folder::Folder;
use pictures::{idx, interrupt, json, started};

const HOW: &str = "reproduce fragility --dataset fashion-mnist --data . --quick --losses cross-entropy,focal";

/// Three classes of blocks on noise, 200 training pictures of each.
fn blocks() -> Folder {
    let folder = Folder::new();
    for (name, counts, first) in [("train", [200; 3], 0), ("t10k", [20; 3], 1000)] {
        let (pictures, labels) = idx(&counts, first);
        folder.write(&format!("{name}-images-idx3-ubyte"), pictures);
        folder.write(&format!("{name}-labels-idx1-ubyte"), labels);
    }
    folder
}

#[cfg(unix)]
#[test]
fn a_study_that_was_stopped_goes_on_and_says_what_it_found() {
    let folder = blocks();
    let words = format!("{HOW} --state kept");
    let mut child = started(&folder, &format!("{words} --json"), "epoch");
    interrupt(&mut child);

    let found = json(&folder.ok(&format!("{words} --report page.html --json")).stdout);
    let set = &found["sets"][0];
    assert_eq!(set["counts"][1][0], 200);
    assert_eq!(set["counts"][1][2], 2);
    let losses = set["losses"].as_array().expect("losses");
    assert_eq!(losses.len(), 2);
    for loss in losses {
        let accuracy = loss["balanced_accuracy"][0]["mean"].as_f64();
        assert!(accuracy > Some(0.5), "{loss}");
        assert!(loss["classes"][0]["required"][1]["mean"].is_f64(), "{loss}");
    }
    let command = found["command"].as_str().expect("the budget has a flag");
    assert!(
        command.contains("--quick --losses cross-entropy,focal --seeds 1"),
        "{command}"
    );
    let page = folder.read("page.html");
    for part in ["Do it again", command, "REDUCED", "Claims: fashion-mnist"] {
        assert!(page.contains(part), "{part}");
    }
    let networks = std::fs::read_dir(folder.path("kept/networks")).expect("it is there");
    assert_eq!(networks.count(), 4, "two losses, two versions");
    // Nothing is trained a second time, so this takes no time.
    let said = folder.ok(&words);
    for part in ["what the paper claims", "CE required", "holds", "imb."] {
        assert!(said.stdout.contains(part), "{part}: {}", said.stdout);
    }
    assert!(!said.stderr.contains("epoch"), "{}", said.stderr);
}

#[test]
fn what_cannot_be_run_is_answered_with_what_to_type() {
    let folder = blocks();
    for (more, hint) in [
        ("--losses focla", "did you mean `focal`?"),
        ("--seeds 0", "give 1 or more"),
        ("--checkpoint nothing.pth", "resnet32_cifar10lt_ce_epoch133.pth"),
        (
            "--experiment diversity --seeds 2",
            "leave `--seeds` or `--experiment diversity` out",
        ),
    ] {
        let said = folder.refused(&format!(
            "reproduce fragility --dataset fashion-mnist --data . --quick {more}"
        ));
        assert!(said.contains(hint), "{more}: {said}");
    }
    let other = folder.refused("reproduce fragility --dataset pneumoniamnist --data . --quick");
    assert!(other.contains("pneumoniamnist.npz"), "{other}");
    let none = folder.refused("reproduce fragility --data nowhere --quick");
    assert!(none.contains("has the files of no set"), "{none}");
}

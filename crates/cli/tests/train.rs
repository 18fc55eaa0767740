//! Networks over pictures through the binary: trained, interrupted, taken up again, judged and adjusted.

mod folder;
mod pictures;

use folder::Folder;
use pictures::{clothes, interrupt, json, started, three_classes, weights};

const HOW: &str = "train p --network lenet --optimizer adam --batch 16 --output net.safetensors --overwrite";

fn trained(folder: &Folder, more: &str) -> folder::Ran {
    folder.ok(format!("{HOW} --epochs 12 {more}").trim_end())
}

fn begun(folder: &Folder, more: &str) -> folder::Ran {
    folder.ok(format!("{HOW} --epochs 2 {more}").trim_end())
}

#[test]
fn a_network_learns_what_it_is_shown() {
    let folder = three_classes();
    let ran = trained(&folder, "--test same --report net.html");
    for part in [
        "recall in test",
        "On the test pictures",
        "held out, which chose the epoch",
        "wrote net.safetensors",
        "wrote net.html",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    assert!(
        ran.stderr.contains("training lenet: epoch 12 of 12, loss "),
        "{}",
        ran.stderr
    );
    assert_eq!(
        folder.files(),
        ["net.html", "net.safetensors", "p"],
        "no state is left"
    );
    let page = folder.read("net.html");
    for part in [
        "Result",
        "On the test pictures",
        "Classes",
        "Epochs",
        "Do it again",
        "pictures that training never saw",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let told = json(&folder.ok("evaluate net.safetensors p --json").stdout);
    let accuracy = &told["measures"][0];
    assert_eq!(accuracy["measure"], "accuracy");
    assert!(accuracy["value"].as_f64() > Some(0.8), "{accuracy}");
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
    let folder = three_classes();
    trained(&folder, "");
    let first = weights(&folder, "net.safetensors");
    trained(&folder, "--threads 1");
    assert!(
        weights(&folder, "net.safetensors") == first,
        "again, on one thread"
    );
    trained(&folder, "--seed 43");
    assert!(weights(&folder, "net.safetensors") != first, "another seed");
}

/// A file of a network holds nothing of the clock, of threads or of the order of a map.
fn same_bytes(folder: &Folder, words: &str) {
    let file = folder.path("net.safetensors");
    let written = |threads: usize| {
        folder.ok(&format!("{words} --output net.safetensors --threads {threads}"));
        let bytes = std::fs::read(&file).expect("it was written");
        std::fs::remove_file(&file).expect("it was written");
        bytes
    };
    let first = written(1);
    assert!(written(2) == first, "{words}: on two threads");
    assert!(written(1) == first, "{words}: again");
}

#[test]
fn the_same_command_writes_the_same_bytes() {
    let folder = three_classes();
    for optimizer in ["adam", "sgd"] {
        same_bytes(
            &folder,
            &format!("train p --network lenet --batch 16 --epochs 2 --test same --optimizer {optimizer}"),
        );
    }
    same_bytes(
        &folder,
        "deepsmote fit p --width 2 --latent-size 3 --decoder mirror --size 16x16 --resize pad --epochs 2",
    );
}

#[test]
fn a_page_or_a_file_repeats_the_training() {
    let folder = three_classes();
    trained(&folder, "--loss focal --set train.loss.gamma=1 --report net.html");
    let first = weights(&folder, "net.safetensors");
    std::fs::remove_file(folder.path("net.safetensors")).expect("it was written");
    folder.ok("run net.html");
    assert!(weights(&folder, "net.safetensors") == first);
    folder.write(
        "net.toml",
        "output = \"other.safetensors\"\n[data]\npath = \"p\"\n[train]\nnetwork = \"lenet\"\nbatch = 16\nepochs = 12\n\
         loss = { name = \"focal\", gamma = 1 }\noptimizer = { adam = {} }\n\
         schedule = { rate = 0.001, warm_up = 0, decay = \"constant\" }\n",
    );
    folder.ok("run net.toml");
    assert!(weights(&folder, "other.safetensors") == first);
    let said = folder.refused("run net.toml --dry-run");
    assert!(said.contains("a training has no dry run"), "{said}");
}

/// Long enough that a signal comes in the middle of it.
const LONG: &str = "train train-images-idx3-ubyte.gz --network lenet --optimizer adam --epochs 8 --set train.average=0.9 --mix mixup --output net.safetensors";

fn goes_on(stop: impl Fn(&mut std::process::Child)) {
    let folder = clothes();
    folder.ok(LONG);
    let whole = weights(&folder, "net.safetensors");
    let folder = clothes();
    let mut child = started(&folder, LONG, "epoch 3 of 8");
    stop(&mut child);
    assert!(
        !folder.path("net.safetensors").exists(),
        "no network before its time"
    );
    assert!(
        folder.path("net.training.safetensors").exists(),
        "{:?}",
        folder.files()
    );
    // The state of one training is not that of another.
    for (more, what) in [
        ("--seed 7", "other data or another seed"),
        ("--batch 64", "other options: `batch_size`"),
    ] {
        let ran = folder.run(&format!("{LONG} {more}").split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(
            ran.stderr.contains(&format!("net.training.safetensors is of a training with {what}\nhint: remove net.training.safetensors to start anew")),
            "{}",
            ran.stderr
        );
    }
    let ran = folder.ok(LONG);
    assert!(
        ran.stdout
            .contains("; it went on from an earlier run, which had done "),
        "{}",
        ran.stdout
    );
    assert!(
        weights(&folder, "net.safetensors") == whole,
        "the same bits as in one go"
    );
    assert!(!folder.path("net.training.safetensors").exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_the_same_command_goes_on() {
    goes_on(interrupt);
}

#[test]
fn a_killed_training_goes_on_from_its_last_epoch() {
    goes_on(|child| {
        child.kill().expect("it runs");
        assert_ne!(child.wait().expect("it ends").code(), Some(0));
    });
}

#[test]
fn evaluate_says_what_training_said_of_the_same_pictures() {
    let folder = three_classes();
    let training = json(&begun(&folder, "--test same --json").stdout);
    let evaluated = json(
        &folder
            .ok("evaluate net.safetensors p --json --output predictions.csv")
            .stdout,
    );
    assert_eq!(training["test"]["measured"], evaluated);
    let classes = [("0", "score 0"), ("1", "score 1"), ("2", "score 2")];
    let scores: Vec<String> = classes
        .iter()
        .map(|(class, column)| format!("{class}={column}"))
        .collect();
    let mut words = vec![
        "metrics",
        "predictions.csv",
        "-t",
        "class",
        "-p",
        "predicted",
        "--json",
        "--draws",
        "1000",
    ];
    for score in &scores {
        words.extend(["--score", score]);
    }
    let ran = folder.run(&words);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let measured = json(&ran.stdout);
    assert!(measured["measures"].as_array().expect("a list").len() > 8);
    assert_eq!(measured["measures"], evaluated["measures"]);
    assert_eq!(folder.read("predictions.csv").lines().count(), 31);
}

#[test]
fn four_adjustments_change_the_last_layer() {
    let folder = three_classes();
    begun(&folder, "--validation 0.3");
    let before = weights(&folder, "net.safetensors");
    for method in ["logit-adjustment", "tau-norm", "crt", "lws"] {
        let words = format!(
            "adjust net.safetensors --method {method} --data p --validation 0.3 --output {method}.safetensors"
        );
        let ran = folder.ok(&words);
        assert_eq!(ran.stderr, "", "{method}");
        assert!(
            ran.stdout.contains("balanced accuracy on held-out pictures: "),
            "{}",
            ran.stdout
        );
        assert!(
            weights(&folder, &format!("{method}.safetensors")).len() == before.len(),
            "{method}"
        );
        folder.ok(&format!("evaluate {method}.safetensors p"));
        json(&folder.ok(&format!("{words} --json")).stdout);
    }
    folder.ok("adjust net.safetensors --method logit-adjustment --tau 1 --output tau.safetensors");
    assert!(weights(&folder, "tau.safetensors") != before);
    let other = folder.ok("adjust net.safetensors --method crt --data p --output other.safetensors");
    assert!(
        other
            .stderr
            .contains("other pictures of each class than the network was trained on\n"),
        "{}",
        other.stderr
    );
}

/// What `evaluate` says on stderr as JSON, by code.
fn warnings(folder: &Folder, words: &str) -> Vec<(String, String)> {
    let said = folder.ok(&format!("{words} --json")).stderr;
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    said.lines()
        .map(json)
        .filter(|line| line["event"] == "warning")
        .map(|line| (text(&line, "code"), text(&line, "message")))
        .collect()
}

#[test]
fn pictures_that_a_network_was_trained_on_are_known_again() {
    let folder = three_classes();
    begun(&folder, "");
    let known = "images.trained-on".to_owned();
    // 98 pictures, a tenth of each class of which is held out.
    let said = warnings(&folder, "evaluate net.safetensors p --split train");
    assert_eq!(
        said,
        [(
            known.clone(),
            "`p`: 88 of 98 pictures are known to the network, which was trained on them: scores are too good"
                .to_owned()
        )]
    );
    let ran = folder.ok("evaluate net.safetensors p --split train --report net.html");
    assert!(
        ran.stderr.contains("warning: `p`: 88 of 98 pictures"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: give others"), "{}", ran.stderr);
    assert!(
        folder
            .read("net.html")
            .contains("88 of 98 pictures are known to the network")
    );
    assert_eq!(
        warnings(&folder, "evaluate net.safetensors p"),
        [],
        "the test part is new"
    );
    // Two sides of one file have no picture in common.
    begun(&folder, "--split train --side training:0.3 --choose-on nothing");
    let side = |side: &str| {
        warnings(
            &folder,
            &format!("evaluate net.safetensors p --split train --side {side}"),
        )
    };
    assert_eq!(side("held-out:0.3"), []);
    let [(code, message)] = &side("training:0.3")[..] else {
        panic!("one warning")
    };
    assert_eq!(code, &known);
    assert!(message.starts_with("`p`: 69 of 69 pictures"), "{message}");
}

#[test]
fn a_layer_is_not_adjusted_by_pictures_that_the_network_knows_without_a_word() {
    let folder = three_classes();
    begun(&folder, "--choose-on nothing");
    let adjust = "adjust net.safetensors --method tau-norm --data p --output x.safetensors --overwrite";
    let said = folder.ok(adjust).stderr;
    assert!(
        said.contains("`p`: 10 of 10 pictures held out here are known to the network"),
        "{said}"
    );
    assert!(said.contains("without `--choose-on nothing`"), "{said}");
    begun(&folder, "--validation 0.1");
    let words = format!("{adjust} --validation 0.3");
    let said = folder.ok(&words).stderr;
    assert!(
        said.contains("pictures held out here are known to the network"),
        "{said}"
    );
    assert!(said.contains("`--validation` that it was trained with"), "{said}");
    begun(&folder, "--validation 0.3");
    assert_eq!(folder.ok(&words).stderr, "");
    // A layer that learnt from other pictures knows these too.
    folder.ok("adjust net.safetensors --method crt --data p --split test --output crt.safetensors");
    let said = warnings(&folder, "evaluate crt.safetensors p");
    assert!(
        matches!(&said[..], [(_, message)] if message.starts_with("`p`: 27 of 30 pictures")),
        "{said:?}"
    );
}

#[test]
fn losses_samplers_and_mixing_train() {
    let folder = three_classes();
    for more in [
        "--loss ldam",
        "--loss class-balanced --sampler square-root",
        "--loss balanced-softmax --mix remix",
        "--loss logit-adjusted --mix mixup --sampler class-balanced",
        "--loss vs --pad 2 --flip",
        "--loss asl --sampler progressively-balanced",
        "--loss focal --set train.loss.drw={}",
        "--imbalance long-tail:3",
        "--imbalance 20,10,5 --set train.average=0.9",
        "--choose-on nothing",
    ] {
        let ran = begun(&folder, more);
        assert!(ran.stdout.contains("wrote net.safetensors"), "{more}");
        folder.ok("evaluate net.safetensors p");
    }
    let said = begun(&folder, "--loss ldam").stdout;
    assert!(said.contains("loss ldam"), "{said}");
    let said = folder.refused("adjust net.safetensors --method crt --data p --output x.safetensors");
    assert!(said.contains("this network takes cosines"), "{said}");
}

#[test]
fn choosing_on_the_test_pictures_is_said_to_be_too_good() {
    let folder = three_classes();
    let ran = begun(&folder, "--test same --choose-on test --report net.html");
    assert!(
        ran.stdout
            .contains("which chose the epoch, so that all scores on them are too good"),
        "{}",
        ran.stdout
    );
    let page = folder.read("net.html");
    assert!(page.contains("on which the epoch was chosen: the scores are too good"));
    assert!(!page.contains("training never saw"));
}

#[test]
fn losses_and_training_are_described() {
    let folder = Folder::new();
    let all = folder.ok("describe losses").stdout;
    for name in ["cross-entropy", "ldam", "balanced-softmax", "vs"] {
        assert!(all.contains(name), "{all}");
        assert!(
            folder.ok(&format!("describe {name}")).stdout.contains("Source"),
            "{name}"
        );
    }
    let train = folder.ok("describe train").stdout;
    assert!(train.contains("sgd = { momentum, weight_decay }"), "{train}");
    assert!(
        folder
            .ok("describe crt")
            .stdout
            .contains("counterpoise adjust NETWORK --method crt")
    );
    assert!(folder.refused("describe ldma").contains("did you mean `ldam`?"));
    for (name, part) in [
        ("mlp", "mlp: Dense layers with ReLU"),
        ("lenet", "lenet: Two convolutions"),
        ("resnet32", "resnet32: 32 layers"),
        (
            "adam",
            "optimizer  [sgd = { momentum, weight_decay } | adam = { weight_decay }",
        ),
        ("sgd", "optimizer  ["),
        ("samplers", "class-balanced: Every class equally often"),
        ("square-root", "sampler  ["),
        ("mix", "mix  [none, mixup, remix"),
    ] {
        let said = folder.ok(&format!("describe {name}")).stdout;
        assert!(said.contains(part), "{name}\n{said}");
        assert!(said.contains("`counterpoise describe train`"), "{name}\n{said}");
        json(&folder.ok(&format!("describe {name} --json")).stdout);
    }
    for name in ["mixup", "remix"] {
        let said = folder.ok(&format!("describe {name}")).stdout;
        assert!(said.contains("alpha  [") && said.contains("Source"), "{said}");
    }
    assert!(
        folder
            .refused("describe lennet")
            .contains("did you mean `lenet`?")
    );
}

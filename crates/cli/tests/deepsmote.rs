//! DeepSMOTE through the binary: fitted, interrupted, taken up again, made to fill classes up, and judged.

mod folder;
mod pictures;

use std::collections::BTreeSet;
use std::process::Child;

use folder::Folder;
use insta::assert_snapshot;
use pictures::{
    SIDE, SMALL, clothes, fitted, interrupt, json, picture, png, started, three_classes, weights,
};
use serde_json::Value;

/// Pictures of each class before and after, as `generate --json` tells them.
fn told(folder: &Folder, words: &str) -> Vec<(u64, u64)> {
    let value = json(&folder.ok(&format!("{words} --json --quiet")).stdout);
    let classes = value["classes"].as_array().expect("a list").clone();
    let number = |class: &Value, name: &str| class[name].as_u64().expect("a number");
    classes
        .iter()
        .map(|class| (number(class, "before"), number(class, "after")))
        .collect()
}

/// Pictures of each class, as `train` counts them.
fn read_again(folder: &Folder, data: &str) -> Vec<(String, u64)> {
    let words = format!(
        "train {data} --network lenet --optimizer adam --epochs 1 --choose-on nothing --output read.safetensors --json --quiet"
    );
    let about = json(&folder.ok(&words).stdout)["about"].clone();
    std::fs::remove_file(folder.path("read.safetensors")).expect("it was written");
    let classes = about["classes"].as_array().expect("a list").iter();
    let counts = about["counts"].as_array().expect("a list").iter();
    let text = |class: &Value| class.as_str().expect("a name").to_owned();
    classes
        .map(text)
        .zip(counts.map(|count| count.as_u64().expect("a number")))
        .collect()
}

/// Two parents of a synthetic picture, and the step between them.
type Parents = (usize, usize, f64);

/// Rows of a table of origins: classes, and parents of synthetic pictures.
fn origins(folder: &Folder, name: &str) -> Vec<(String, Option<Parents>)> {
    let text = folder.read(name);
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("class,synthetic,base_index,neighbor_index,step")
    );
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let made = cells[1] == "true";
        assert_eq!(made, !cells[2].is_empty(), "{line}");
        let parents = made.then(|| {
            (
                cells[2].parse().expect("a place"),
                cells[3].parse().expect("a place"),
                cells[4].parse().expect("a step"),
            )
        });
        (cells[0].to_owned(), parents)
    };
    lines.map(row).collect()
}

fn classes(counts: [u64; 3]) -> Vec<(String, u64)> {
    ["0", "1", "2"]
        .map(String::from)
        .into_iter()
        .zip(counts)
        .collect()
}

#[test]
fn classes_come_to_the_largest_and_every_form_is_read_again() {
    let folder = fitted("");
    for output in ["made.npz", "made", "made-images-idx3-ubyte.gz"] {
        let words = format!("deepsmote generate m.safetensors p --output {output}");
        assert_eq!(told(&folder, &words), [(60, 60), (30, 60), (8, 60)]);
        assert_eq!(read_again(&folder, output), classes([60, 60, 60]), "{output}");
    }
    assert_eq!(
        folder.files(),
        [
            "m.safetensors",
            "made",
            "made-images-idx3-ubyte.gz",
            "made-labels-idx1-ubyte.gz",
            "made.npz",
            "p"
        ]
    );
    let pictures = std::fs::read_dir(folder.path("made/2")).expect("a folder for each class");
    assert_eq!(pictures.count(), 60);
    let ran = folder.ok("deepsmote generate m.safetensors p --output made.npz --overwrite");
    assert!(
        ran.stdout
            .contains("  2         8         52        60\n\nwrote made.npz"),
        "{}",
        ran.stdout
    );
}

#[test]
fn coloured_pictures_of_cifar_too() {
    let folder = Folder::new();
    let mut batch = Vec::new();
    for (class, count) in [(0, 12), (1, 6), (2, 3)] {
        for number in 0..count {
            batch.push(class as u8);
            let noise = picture(class, number);
            batch.extend((0..3 * 32 * 32).map(|place| noise[place % noise.len()]));
        }
    }
    std::fs::create_dir(folder.path("c")).expect("the folder is ours");
    folder.write("c/data_batch_1.bin", batch);
    folder.ok(&format!(
        "deepsmote fit c {SMALL} --epochs 2 --quiet --output m.safetensors"
    ));
    let words = "deepsmote generate m.safetensors c --output made.bin --sheet sheet.png";
    let counts = told(&folder, words);
    assert_eq!(counts[..3], [(12, 12), (6, 12), (3, 12)]);
    let read = read_again(&folder, "made.bin");
    let read: Vec<u64> = read.into_iter().map(|(_, count)| count).collect();
    assert_eq!(read[..3], [12, 12, 12]);
    assert_eq!(read.iter().sum::<u64>(), 36);
}

#[test]
fn every_synthetic_picture_names_its_parents() {
    let folder = fitted("");
    let made = "deepsmote generate m.safetensors p --quiet --overwrite --output made.npz";
    folder.ok(&format!("{made} --origins origins.csv --sheet sheet.png"));
    let rows = origins(&folder, "origins.csv");
    assert_eq!(rows.len(), 180);
    assert!(
        rows[..98].iter().all(|(_, parents)| parents.is_none()),
        "real pictures come first"
    );
    for (class, parents) in &rows[98..] {
        let &(base, neighbor, step) = parents.as_ref().expect("synthetic pictures have parents");
        assert_ne!(base, neighbor);
        assert_eq!((&rows[base].0, &rows[neighbor].0), (class, class));
        assert!((0.0..1.0).contains(&step), "{step}");
    }
    let sheet = std::fs::read(folder.path("sheet.png")).expect("it was written");
    assert!(sheet.starts_with(b"\x89PNG\r\n\x1a\n"));
    // With one neighbour to choose from, a picture is always paired with the same.
    folder.ok(&format!("{made} --k-neighbors 1 --origins one.csv"));
    let pairs: BTreeSet<(usize, usize)> = origins(&folder, "one.csv")
        .into_iter()
        .filter_map(|(_, parents)| parents.map(|(base, neighbor, _)| (base, neighbor)))
        .collect();
    let bases: BTreeSet<usize> = pairs.iter().map(|&(base, _)| base).collect();
    assert_eq!(pairs.len(), bases.len());
    // Eight pictures have seven neighbours.
    let ran = folder.ok(&format!("{made} --k-neighbors 50 --origins all.csv"));
    assert!(ran.stderr.contains("class `2`"), "{}", ran.stderr);
    assert_eq!(origins(&folder, "all.csv").len(), 180);
}

#[test]
fn a_strategy_says_how_many_pictures_of_which_class() {
    let folder = fitted("");
    for (strategy, after) in [
        ("2=20", [60, 30, 20]),
        ("minority", [60, 30, 60]),
        ("0.5", [60, 30, 30]),
        ("all cap x3", [60, 60, 24]),
    ] {
        let mut words = "deepsmote generate m.safetensors p --json --quiet --overwrite --output made.npz"
            .split(' ')
            .collect::<Vec<_>>();
        words.extend(["--sampling-strategy", strategy]);
        let ran = folder.run(&words);
        assert_eq!(ran.code, Some(0), "{strategy}: {}", ran.stderr);
        let counts: Vec<u64> = json(&ran.stdout)["classes"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|class| class["after"].as_u64().expect("a number"))
            .collect();
        assert_eq!(counts, after, "{strategy}");
    }
}

/// A folder `p` with 12 cats, 6 dogs and an emu.
fn one_emu() -> Folder {
    let folder = Folder::new();
    for (class, (name, count)) in [("cat", 12), ("dog", 6), ("emu", 1)].into_iter().enumerate() {
        std::fs::create_dir_all(folder.path(&format!("p/{name}"))).expect("the folder is ours");
        for number in 0..count {
            let bytes = png(SIDE as u32, 8, 0, &[], &picture(class, number));
            folder.write(&format!("p/{name}/{number}.png"), bytes);
        }
    }
    folder
}

#[test]
fn a_class_of_one_picture_is_copied_jittered_or_refused() {
    let folder = one_emu();
    let fit = format!("deepsmote fit p {SMALL} --epochs 30 --quiet --output m.safetensors");
    let ran = folder.ok(&fit);
    assert!(
        ran.stderr
            .contains("class `emu` has 1 picture, so the penalty leaves it out"),
        "{}",
        ran.stderr
    );
    let made = "deepsmote generate m.safetensors p --quiet --output";
    let ran = folder.ok(&format!("{made} copied"));
    assert!(
        ran.stderr
            .contains("class `emu` has 1 picture: its code is decoded again and again for 11 new pictures"),
        "{}",
        ran.stderr
    );
    let bytes = |name: &str| std::fs::read(folder.path(name)).expect(name);
    assert!(bytes("copied/emu/00001.png") == bytes("copied/emu/00011.png"));
    folder.ok(&format!("{made} jittered --on-single jitter"));
    assert!(bytes("jittered/emu/00001.png") != bytes("jittered/emu/00011.png"));
    assert!(
        bytes("jittered/dog/00011.png") == bytes("copied/dog/00011.png"),
        "dogs are as they were"
    );
    let said = folder.refused(&format!("{made} refused --on-single error"));
    assert_snapshot!(said, @r#"
    exit 3
    error: class `emu` has 1 picture, and nothing lies between it and another
    hint: decode its code anyway with `--on-single copy` or `jitter`, leave the class out with `--sampling-strategy`, or merge it with another
    "#);
    // What the fit was told is what `generate` does without a flag.
    folder.ok(&format!("{fit} --set deepsmote.on_single=jitter"));
    folder.ok(&format!("{made} again"));
    assert!(bytes("again/emu/00011.png") == bytes("jittered/emu/00011.png"));
}

#[test]
fn soft_labels_are_an_array_beside_the_classes() {
    let folder = fitted("");
    let made = "deepsmote generate m.safetensors p --quiet --soft-labels enemies";
    folder.ok(&format!("{made} --output soft.npz --origins origins.csv"));
    let rows = origins(&folder, "origins.csv");
    for (class, parents) in &rows[98..] {
        let &(base, neighbor, step) = parents.as_ref().expect("synthetic pictures have parents");
        assert_eq!(&rows[base].0, class);
        assert_ne!(&rows[neighbor].0, class, "the second parent is of another class");
        assert!((0.0..=0.5).contains(&step), "{step}");
    }
    let holds = |name: &str| {
        let bytes = std::fs::read(folder.path(name)).expect(name);
        bytes.windows(10).any(|part| part == b"shares.npy")
    };
    folder.ok("deepsmote generate m.safetensors p --quiet --output hard.npz");
    assert_eq!((holds("soft.npz"), holds("hard.npz")), (true, false));
    assert_eq!(read_again(&folder, "soft.npz"), classes([60, 60, 60]));
    assert_snapshot!(folder.refused(&format!("{made} --output soft")), @r#"
    exit 2
    error: --output: `soft` cannot hold soft labels
    hint: write NPZ, which holds them as the array `shares`, or leave `--soft-labels` out
    "#);
}

#[test]
fn a_classifier_is_asked_for_its_word() {
    let folder = fitted("");
    folder.ok(
        "train p --network lenet --optimizer adam --batch 16 --epochs 4 --quiet --output net.safetensors",
    );
    let words = "deepsmote report m.safetensors p --network net.safetensors --quiet";
    let quality = json(&folder.ok(&format!("{words} --json")).stdout);
    let classes = quality["classes"].as_array().expect("a list");
    assert_eq!(classes.len(), 2, "classes with synthetic pictures");
    for class in classes.iter().chain([&quality["overall"]]) {
        for name in [
            "frechet",
            "as_intended",
            "real_as_intended",
            "diversity_pixels",
            "nearest_pixels",
        ] {
            let value = class[name].as_f64();
            assert!(value.is_some_and(|value| value >= 0.0), "{name} of {class:#}");
        }
        assert!(class["copies"].is_u64(), "{class:#}");
    }
    let plain = json(
        &folder
            .ok("deepsmote report m.safetensors p --quiet --json")
            .stdout,
    );
    assert!(plain["overall"]["frechet"].is_null(), "nobody was asked");
    let ran = folder.ok(&format!("{words} --seed 7 --report page.html"));
    assert!(ran.stdout.contains("taken for its class"), "{}", ran.stdout);
    let page = folder.read("page.html");
    for part in [
        "Pictures",
        "Quality",
        "Latent codes",
        "Training",
        "Do it again",
        "draws = 7",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_page_repeats_training_and_report() {
    let folder = fitted("--seed 5 --imbalance 30,20,8");
    let words = "deepsmote report m.safetensors p --imbalance 30,20,8 --quiet";
    let ran = folder.ok(&format!("{words} --seed 7 --k-neighbors 3 --report page.html"));
    assert_eq!(ran.stderr, "", "these are the pictures that the networks know");
    let (page, first) = (folder.read("page.html"), weights(&folder, "m.safetensors"));
    for file in ["page.html", "m.safetensors"] {
        std::fs::rename(folder.path(file), folder.path(&format!("old-{file}"))).expect("it was written");
    }
    folder.ok("run old-page.html --quiet");
    assert!(weights(&folder, "m.safetensors") == first);
    assert!(folder.read("page.html") == page);
}

#[test]
fn a_file_fits_makes_and_judges() {
    let folder = three_classes();
    let text = "model = \"m.safetensors\"\n[data]\npath = \"p\"\n\
         [deepsmote]\nwidth = 4\nlearning_rate = 0.005\nbatch_size = 20\nlatent_size = 8\nepochs = 2\ndecoder = \"mirror\"\nk = 3\n\
         [output]\npath = \"made.npz\"\norigins = \"origins.csv\"\nsheet = \"sheet.png\"\n[report]\npath = \"page.html\"\n";
    folder.write("all.toml", text);
    let ran = folder.ok("run all.toml");
    for part in [
        "2 epochs",
        "wrote m.safetensors",
        "together",
        "wrote made.npz",
        "wrote origins.csv",
        "wrote sheet.png",
        "to nearest real",
        "wrote page.html",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    // Command by command it is the same.
    folder.ok(&format!(
        "deepsmote fit p {SMALL} --epochs 2 --set deepsmote.k=3 --output other.safetensors"
    ));
    folder.ok("deepsmote generate other.safetensors p --output other.npz --origins other.csv");
    assert!(weights(&folder, "other.safetensors") == weights(&folder, "m.safetensors"));
    let bytes = |name: &str| std::fs::read(folder.path(name)).expect(name);
    assert!(bytes("other.npz") == bytes("made.npz"));
    assert_eq!(folder.read("other.csv"), folder.read("origins.csv"));
    // Once more, only what is asked for is replaced.
    let said = folder.refused("run all.toml");
    assert!(said.contains("`origins.csv` is there already"), "{said}");
    let told = json(
        &folder
            .ok("run all.toml --set output.overwrite=true --json --quiet")
            .stdout,
    );
    assert_eq!(told["fit"]["resumed_from"], 2);
    assert_eq!(told["balanced"]["classes"][2]["after"], 60);
    assert_eq!(told["quality"]["classes"].as_array().map(Vec::len), Some(2));
    let said = folder.refused("run all.toml --dry-run");
    assert!(said.contains("DeepSMOTE has no dry run"), "{said}");
    folder.write("bare.toml", text.replace("model = \"m.safetensors\"\n", ""));
    assert_snapshot!(folder.refused("run bare.toml"), @r#"
    exit 2
    error: bare.toml: no file for the networks is named
    hint: write it above all tables as `model = "model.safetensors"`
    "#);
    folder.write("odd.toml", text.replace("width = 4", "widths = 4"));
    let said = folder.refused("run odd.toml");
    assert!(
        said.starts_with("exit 2\nerror: odd.toml: `deepsmote`: unknown field `widths`"),
        "{said}"
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let folder = three_classes();
    for threads in ["1", "2"] {
        let many = format!("--threads {threads} --quiet");
        folder.ok(&format!(
            "deepsmote fit p {SMALL} --epochs 2 {many} --output m{threads}.safetensors"
        ));
        folder.ok(&format!(
            "deepsmote generate m{threads}.safetensors p {many} --output {threads}.npz --origins {threads}.csv --sheet {threads}.png"
        ));
    }
    assert!(weights(&folder, "m1.safetensors") == weights(&folder, "m2.safetensors"));
    let bytes = |name: &str| std::fs::read(folder.path(name)).expect(name);
    for end in ["npz", "csv", "png"] {
        assert!(bytes(&format!("1.{end}")) == bytes(&format!("2.{end}")), "{end}");
    }
    folder.ok("deepsmote generate m1.safetensors p --quiet --seed 43 --output 43.npz");
    assert!(bytes("43.npz") != bytes("1.npz"), "another seed");
}

#[test]
fn every_option_of_training_is_heard() {
    let folder = three_classes();
    let mut seen = Vec::new();
    for (number, more) in [
        "",
        "--penalty paper",
        "--penalty none",
        "--set deepsmote.penalty_gradient=encoder-and-decoder",
        "--set deepsmote.class_sampling=inverse-frequency",
        "--set deepsmote.permutation=random --penalty paper",
        "--set deepsmote.lambda=0.5",
        "--set deepsmote.class_batch=4",
        "--set deepsmote.batch_size=30",
        "--set deepsmote.first_batch_norm=true",
        "--decoder reference",
        "--rate 0.001",
        "--width 5",
        "--latent-size 9",
    ]
    .into_iter()
    .enumerate()
    {
        let mut words = format!("deepsmote fit p --quiet --epochs 2 --output {number}.safetensors {more}");
        for usual in [
            "--width 4",
            "--latent-size 8",
            "--decoder mirror",
            "--rate 0.005",
            "--set deepsmote.batch_size=20",
        ] {
            let (flag, _) = usual.rsplit_once([' ', '=']).expect("a flag with a value");
            if !more.contains(flag) {
                words = format!("{words} {usual}");
            }
        }
        folder.ok(&words.replace("  ", " "));
        let learnt = weights(&folder, &format!("{number}.safetensors"));
        assert!(!seen.contains(&learnt), "{more} changed nothing");
        seen.push(learnt);
    }
    let described = folder.ok("describe deepsmote").stdout;
    assert!(described.contains("soft_labels  [none | enemies;"), "{described}");
    for option in [
        "sampling_strategy",
        "penalty",
        "penalty_gradient",
        "class_sampling",
        "permutation",
        "lambda",
        "class_batch",
        "latent_size",
        "width",
        "decoder",
        "first_batch_norm",
        "learning_rate",
        "batch_size",
        "epochs",
        "patience",
        "k_neighbors",
        "on_single",
        "soft_labels",
        "decode_batch",
    ] {
        assert!(described.contains(&format!("\n  {option}  [")), "{option}");
    }
}

#[test]
fn more_epochs_go_on_and_fewer_change_nothing() {
    let folder = fitted("");
    let words = format!("deepsmote fit p {SMALL} --quiet --output");
    let two = weights(&folder, "m.safetensors");
    folder.ok(&format!("{words} m.safetensors --epochs 1"));
    assert!(weights(&folder, "m.safetensors") == two);
    let ran = folder.ok(&format!("{words} m.safetensors --epochs 4"));
    assert!(
        ran.stdout
            .contains("4 epochs\n2 of them were done by an earlier run"),
        "{}",
        ran.stdout
    );
    folder.ok(&format!("{words} four.safetensors --epochs 4"));
    assert!(weights(&folder, "four.safetensors") == weights(&folder, "m.safetensors"));
}

#[test]
fn a_split_is_the_same_for_every_command_and_seed() {
    let folder = fitted("--side training:0.25 --seed 9");
    let words = "deepsmote generate m.safetensors p --side training:0.25 --output made.npz --json --quiet";
    let ran = folder.ok(words);
    assert_eq!(ran.stderr, "", "these are the pictures that the networks know");
    assert_eq!(json(&ran.stdout)["classes"][0]["before"], 45);
    folder.ok("train p --side training:0.25 --network lenet --epochs 1 --quiet --output net.safetensors");
    let words = "evaluate net.safetensors p --split train --side held-out:0.25 --quiet";
    let ran = folder.ok(words);
    assert!(ran.stdout.starts_with("25 rows, 3 classes"), "{}", ran.stdout);
    let ran = folder.ok("deepsmote report m.safetensors p --side held-out:0.25 --quiet");
    assert!(
        ran.stderr
            .contains("`p` holds other pictures than those that the networks learnt"),
        "{}",
        ran.stderr
    );
    let said = [
        "training",
        "held-out:much",
        "test:0.3",
        "training:0",
        "held-out:1",
    ]
    .map(|side| {
        let words = format!("deepsmote report m.safetensors p --side {side}");
        format!("{side}\n{}\n", folder.refused(&words))
    })
    .concat();
    assert_snapshot!(said, @r#"
    training
    exit 2
    error: --side: `training` is no side of a split
    hint: write `--side training:0.3` where something learns, and `--side held-out:0.3` where it is judged

    held-out:much
    exit 2
    error: --side: `held-out:much` is no side of a split
    hint: write `--side training:0.3` where something learns, and `--side held-out:0.3` where it is judged

    test:0.3
    exit 2
    error: --side: `test:0.3` is no side of a split
    hint: write `--side training:0.3` where something learns, and `--side held-out:0.3` where it is judged

    training:0
    exit 2
    error: --side: 0 is no share of every class that could be held out
    hint: give a number between 0 and 1, as in `--side training:0.3`

    held-out:1
    exit 2
    error: --side: 1 is no share of every class that could be held out
    hint: give a number between 0 and 1, as in `--side training:0.3`
    "#);
}

/// Long enough that a signal comes in the middle of it.
const LONG: &str = "deepsmote fit train-images-idx3-ubyte.gz --width 4 --latent-size 8 --decoder mirror --epochs 8 --output m.safetensors";

fn goes_on(stop: impl Fn(&mut Child)) {
    let folder = clothes();
    folder.ok(LONG);
    let whole = weights(&folder, "m.safetensors");
    let folder = clothes();
    let mut child = started(&folder, LONG, "epoch 3 of 8");
    stop(&mut child);
    for (more, what) in [
        ("--seed 7", "other data or another seed"),
        ("--penalty paper", "other options: `penalty`"),
    ] {
        let ran = folder.run(&format!("{LONG} {more}").split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        let said =
            format!("m.safetensors is of a training with {what}\nhint: remove m.safetensors to start anew");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    }
    let ran = folder.ok(LONG);
    assert!(
        ran.stdout.contains("of them were done by an earlier run"),
        "{}",
        ran.stdout
    );
    assert!(
        weights(&folder, "m.safetensors") == whole,
        "the same bits as in one go"
    );
    let names = [
        "m.safetensors",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ];
    // Who is killed while a file is being written cannot take its beginning away.
    let mut files = folder.files();
    files.retain(|name| !name.ends_with(".partial"));
    assert_eq!(files, names);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_whole_epochs_and_the_same_command_goes_on() {
    goes_on(interrupt);
}

#[test]
fn a_killed_fit_goes_on_from_its_last_epoch() {
    goes_on(|child| {
        child.kill().expect("it runs");
        assert_ne!(child.wait().expect("it ends").code(), Some(0));
    });
}

#[test]
fn where_nothing_is_to_be_made_it_is_said() {
    let folder = fitted("");
    let ran = folder.ok("deepsmote report m.safetensors p --sampling-strategy 0=60 --report nothing.html");
    let said = "nothing was to be made: every class has as many pictures";
    assert!(ran.stdout.starts_with(said), "{}", ran.stdout);
    let page = folder.read("nothing.html");
    assert!(page.contains("Nothing was to be made") && !page.contains(">Quality<"));
    let words = "deepsmote generate m.safetensors p --output x.npz --sheet sheet.png --overwrite";
    let ran = folder.ok(&format!("{words} --sampling-strategy 0=60"));
    assert!(ran.stderr.contains("`sheet.png` shows nothing"), "{}", ran.stderr);
    let ran = folder.ok(words);
    assert!(
        ran.stdout
            .contains("\nclasses of the sheet, from top to bottom: 1, 2\n"),
        "{}",
        ran.stdout
    );
}

//! Pictures and networks that cannot be used get an error that says what to type instead, and no file.

mod folder;
mod pictures;

use folder::Folder;
use insta::assert_snapshot;
use pictures::{SIDE, clothes, idx, picture, png, three_classes};

const TRAIN: &str = "--network lenet --batch 16 --output net.safetensors";

/// What training on the folder `p` is refused with.
fn refused(folder: &Folder, more: &str) -> String {
    folder.refused(format!("train p {TRAIN} --epochs 1 {more}").trim_end())
}

fn small(more: &str) -> String {
    refused(&three_classes(), more)
}

/// A folder `p` with a folder a class, and in it pictures of these bytes.
fn classes(files: &[(&str, Vec<u8>)]) -> Folder {
    let folder = Folder::new();
    for (name, bytes) in files {
        let path = folder.path(&format!("p/{name}"));
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is ours");
        std::fs::write(path, bytes).expect("the folder is ours");
    }
    folder
}

fn grey(class: usize, number: u64) -> Vec<u8> {
    png(SIDE as u32, 8, 0, &[], &picture(class, number))
}

/// Three pictures of `cat` and three of `dog`, and one more file.
fn cats_and_dogs(name: &str, bytes: Vec<u8>) -> Folder {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for number in 0..3 {
        files.push((format!("cat/{number}.png"), grey(0, number)));
        files.push((format!("dog/{number}.png"), grey(1, number)));
    }
    files.push((name.to_owned(), bytes));
    let files: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    classes(&files)
}

/// Trains an epoch, and returns what was warned of.
fn warned(folder: &Folder, more: &str) -> String {
    let ran = folder.ok(format!("train p {TRAIN} --epochs 1 --quiet {more}").trim_end());
    ran.stderr
}

/// A folder `p` with a trained network `net.safetensors`.
fn trained() -> Folder {
    let folder = three_classes();
    folder.ok(&format!("train p {TRAIN} --epochs 1 --quiet"));
    folder
}

#[test]
fn nothing_that_is_pictures() {
    assert_snapshot!(refused(&Folder::with("p", "hello"), ""), @r#"
    exit 2
    error: `p` is not recognised as pictures
    hint: name it with `--format`: idx, cifar-10, cifar-100, svhn, celeba, folder, numpy or parquet
    "#);
    assert_snapshot!(refused(&Folder::new(), ""), @r#"
    exit 3
    error: cannot read `p`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder
    "#);
    let folder = Folder::new();
    std::fs::create_dir(folder.path("p")).expect("the folder is ours");
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 2
    error: `p` is not recognised as pictures
    hint: name it with `--format`: idx, cifar-10, cifar-100, svhn, celeba, folder, numpy or parquet
    "#);
}

#[test]
fn files_that_were_cut_off() {
    let folder = three_classes();
    let (pictures, _) = idx(&[60, 30, 8], 0);
    folder.write("p/train-images-idx3-ubyte", &pictures[..5000]);
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: `p/train-images-idx3-ubyte` cannot be read as an IDX file: it says 98 x 12 x 12 values and holds 4984
    hint: get the file anew if it is damaged; or name what it is with `--format`
    "#);
    let folder = clothes();
    let bytes = std::fs::read(folder.path("train-images-idx3-ubyte.gz")).expect("it is there");
    folder.write("train-images-idx3-ubyte.gz", &bytes[..3000]);
    assert_snapshot!(folder.refused("train train-images-idx3-ubyte.gz --output net.safetensors"), @r#"
    exit 3
    error: `train-images-idx3-ubyte.gz` is damaged or not a gzip file: incomplete deflate stream
    hint: get the file anew: it was cut off, or damaged on its way
    "#);
    let folder = Folder::with("p.npz", &b"PK\x03\x04 and no more"[..]);
    assert_snapshot!(folder.refused("train p.npz --output net.safetensors"), @r#"
    exit 3
    error: `p.npz` cannot be read as an array of NumPy: invalid Zip archive: Could not find EOCD
    hint: get the file anew if it is damaged; or name what it is with `--format`
    "#);
}

#[test]
fn pictures_that_cannot_be_decoded() {
    let folder = cats_and_dogs("dog/cut.png", grey(1, 9)[..100].to_vec());
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: 1 of 7 pictures of `p` cannot be decoded: `dog/cut.png`: unexpected end of file
    hint: `--corrupt skip` leaves them out and tells how many
    "#);
    assert_snapshot!(warned(&folder, "--corrupt skip"), @r#"
    warning: 1 picture of `p` cannot be decoded and is left out; the first is `dog/cut.png`: unexpected end of file
    "#);
}

#[test]
fn pictures_of_several_sizes() {
    let folder = cats_and_dogs("dog/large.png", png(16, 8, 0, &[], &[9; 256]));
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: pictures of `p` have 2 sizes, and a network needs one: 12x12 (6), 16x16 (1)
    hint: `--size 12x12` with `--resize scale`, `pad` or `crop` brings them to one size
    "#);
    assert_snapshot!(warned(&folder, "--size 12x12 --resize scale"), @"");
}

#[test]
fn pictures_of_other_kinds() {
    let deep = |_| png(SIDE as u32, 16, 0, &[], &[7; SIDE * SIDE * 2]);
    assert_snapshot!(warned(&cats_and_dogs("dog/deep.png", deep(0)), ""), @r#"
    warning: 1 picture of `p` has 16 bits a value, of which 8 are kept
    "#);
    let palette = png(SIDE as u32, 8, 3, &[0, 0, 0, 255, 0, 0], &[1; SIDE * SIDE]);
    assert_snapshot!(refused(&cats_and_dogs("dog/palette.png", palette.clone()), ""), @r#"
    exit 3
    error: pictures of `p` have different channels, and a network needs one number: 6 of 1 channel, 1 of 3 channels
    hint: `--channels grey` or `--channels rgb` brings pictures of 1 and 3 channels together
    "#);
    assert_snapshot!(warned(&cats_and_dogs("dog/palette.png", palette), "--channels rgb"), @"");
    let alpha = png(SIDE as u32, 8, 4, &[], &[7; SIDE * SIDE * 2]);
    assert_snapshot!(warned(&cats_and_dogs("dog/alpha.png", alpha), ""), @r#"
    warning: 1 picture of `p` has pixels that are not opaque, which now lie over one colour
       hint: `--alpha black` or `--alpha drop` if white is not what lay under them; `--alpha white` if it is
    "#);
    let words = format!("train p {TRAIN} --epochs 1 --overwrite");
    let folder = cats_and_dogs(
        "dog/alpha.png",
        png(SIDE as u32, 8, 4, &[], &[7; SIDE * SIDE * 2]),
    );
    for colour in ["white", "black", "drop"] {
        let ran = folder.ok(&format!("{words} --alpha {colour} --quiet"));
        assert_eq!(ran.stderr, "", "who chose the colour knows");
    }
}

#[test]
fn a_class_with_one_picture_and_one_with_none() {
    let folder = cats_and_dogs("emu/1.png", grey(2, 1));
    assert_snapshot!(warned(&folder, ""), @r#"
    warning: `p` has one picture only of class `emu`
       hint: a class needs two pictures to make others between them; merge it with another or leave it out
    warning: class emu has one picture: it is trained on, and does not count when the epoch is chosen
    "#);
    let folder = cats_and_dogs("emu/nothing.txt", Vec::new());
    assert_snapshot!(warned(&folder, ""), @r#"
    warning: `p` has no picture in the folder of class `emu`
    warning: 1 file of `p` is not read: no PNG or JPEG by the name, or a link to a folder
    "#);
}

#[test]
fn labels_that_do_not_fit() {
    assert_snapshot!(small("--class-names a,b"), @r#"
    exit 3
    error: `p/train-labels-idx1-ubyte`, row 91: the label `2` is none of the 2 classes
    hint: mend the label, or name all classes with `--class-names a,b`
    "#);
    assert_snapshot!(small("--class-names a,b,c,d --loss ldam"), @r#"
    exit 3
    error: class `d` has no picture to train on, and ldam divides by the pictures of each class
    hint: leave the class out of `--class-names`, or use `--loss cross-entropy` without weights
    "#);
    let folder = three_classes();
    let (_, labels) = idx(&[60, 30, 7], 0);
    folder.write("p/train-labels-idx1-ubyte", labels);
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: `p/train-images-idx3-ubyte` has 98 pictures, and `p/train-labels-idx1-ubyte` has 97 labels
    hint: name the labels of these pictures with `--labels FILE`
    "#);
    std::fs::remove_file(folder.path("p/train-labels-idx1-ubyte")).expect("it is there");
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: no labels of `p/train-images-idx3-ubyte` are found beside it: train-labels-idx1-ubyte, train-labels-idx1-ubyte.gz
    hint: name the file with `--labels FILE`
    "#);
    let folder = three_classes();
    let (pictures, labels) = idx(&[3, 3, 3, 3], 0);
    folder.write("p/t10k-images-idx3-ubyte", pictures);
    folder.write("p/t10k-labels-idx1-ubyte", labels);
    assert_snapshot!(refused(&folder, "--test same"), @r#"
    exit 2
    error: p: the network was not trained on a class `3`; it knows 0, 1, 2
    hint: leave its pictures out, or train anew with pictures of it among them
    "#);
    assert_snapshot!(refused(&folder, "--split validation"), @r#"
    exit 2
    error: `p` has no validation split
    hint: choose another part, as `--split train`; there is `t10k-images-idx3-ubyte`, `train-images-idx3-ubyte`
    "#);
}

#[test]
fn a_part_of_what_comes_without_parts() {
    let folder = cats_and_dogs("dog/9.png", grey(1, 9));
    assert_snapshot!(refused(&folder, "--split test"), @r#"
    exit 2
    error: `p` has no test part: it comes without parts
    hint: leave `--split` out to take all of it, take a share as `--side held-out:0.3`, or name the file or folder of that part
    "#);
    assert_snapshot!(refused(&folder, "--test same"), @r#"
    exit 2
    error: p: it has no test part: every test picture is a training picture
    hint: name other pictures with `--test`, or leave it out
    "#);
    folder.ok(&format!("train p {TRAIN} --epochs 1 --split train --quiet"));
    let judged = folder.refused("evaluate net.safetensors p --split test");
    assert!(judged.contains("`p` has no test part"), "{judged}");
    folder.ok("evaluate net.safetensors p");
    let folder = three_classes();
    let words = "p/t10k-images-idx3-ubyte --network lenet --batch 16 --epochs 1 --output net.safetensors";
    let said = folder.refused(&format!("train {words} --split validation"));
    assert!(
        said.contains("`p/t10k-images-idx3-ubyte` has no validation part"),
        "{said}"
    );
    folder.ok(&format!("train {words} --split test"));
}

#[test]
fn the_network_of_another_training_is_not_replaced_unasked() {
    let folder = trained();
    let before = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    assert_snapshot!(refused(&folder, "--loss focal"), @r#"
    exit 2
    error: net.safetensors: another network is there already, one that was trained with other options
    hint: name another file with `--output`, or let it be replaced: `--overwrite`
    "#);
    let said = refused(&folder, "--flip");
    assert!(said.contains("trained with other options"), "{said}");
    let said = refused(&folder, "--seed 7");
    assert!(said.contains("one of seed 42"), "{said}");
    let said = refused(&folder, "--imbalance 20,20,8");
    assert!(said.contains("one that was trained on other data"), "{said}");
    folder.ok(&format!("train p {TRAIN} --epochs 1 --quiet"));
    let again = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    assert!(again == before, "the same training writes the same");
    let adjust = "adjust net.safetensors --output adjusted.safetensors --method tau-norm";
    folder.ok(&format!("{adjust} --tau 1"));
    folder.ok(&format!("{adjust} --tau 1"));
    let said = folder.refused(&format!("{adjust} --tau 2"));
    assert!(said.contains("one that was adjusted otherwise"), "{said}");
    let said = folder.refused(&format!("train p {}", TRAIN.replace("net.", "adjusted.")));
    assert!(
        said.contains("changed afterwards, by tau-norm with tau 1"),
        "{said}"
    );
    folder.ok(&format!("{adjust} --tau 2 --overwrite"));
    folder.ok(&format!(
        "train p {TRAIN} --epochs 1 --seed 7 --overwrite --quiet"
    ));
    let said = folder.refused(&format!("{adjust} --tau 2"));
    assert!(said.contains("made of another one"), "{said}");
}

#[test]
fn a_network_that_makes_up_for_shares_is_adjusted_with_a_warning() {
    let folder = three_classes();
    let adjust = |more: &str| {
        folder.ok(format!("train p {TRAIN} --epochs 1 --quiet --overwrite {more}").trim_end());
        let words = "adjust net.safetensors --method logit-adjustment --tau 1 --overwrite --quiet --output a.safetensors";
        folder.ok(words).stderr
    };
    assert_eq!(adjust(""), "");
    for (more, by) in [
        ("--loss balanced-softmax", "the loss `balanced-softmax`"),
        ("--set train.loss.weights=balanced", "the loss `cross-entropy`"),
        ("--sampler class-balanced", "the sampler `class-balanced`"),
    ] {
        let said = adjust(more);
        assert!(
            said.contains("does so again") && said.contains(by),
            "{more}: {said}"
        );
    }
}

#[test]
fn test_pictures_that_are_the_training_pictures() {
    let folder = clothes();
    let words =
        "train train-images-idx3-ubyte.gz --network lenet --epochs 1 --output net.safetensors --test same";
    assert_snapshot!(folder.refused(words), @r#"
    exit 2
    error: train-images-idx3-ubyte.gz: it has no test part: every test picture is a training picture
    hint: name other pictures with `--test`, or leave it out
    "#);
}

#[test]
fn options_that_are_none() {
    let said = [
        "--loss ldma",
        "--set train.loss.focal.gamma=1",
        "--size 100000x100000",
        "--loss focal --set train.loss.gama=1",
        "--loss focal --set train.loss.gamma=-1",
        "--set train.loss=ldam",
        "--set train.loss.weights=[1,2]",
        "--set train.optimizer.sgd.momentun=0.8",
        "--optimizer adam --set train.optimizer.sgd.momentum=0.8",
        "--set train.schedule.decay=cosin",
        "--mix mixup --set train.mix.alpha=0",
        "--set train.network=lenot",
        "--set foo=1",
        "--set train.batch_size=0",
        "--validation 1.5",
        "--choose-on test",
        "--size 12",
        "--size 12x",
        "--size 0x3",
        "--size 4x4 --resize scale",
        "--imbalance 9000,1",
        "--imbalance 70,1,1",
        "--imbalance step:0.5",
        "--imbalance step:much",
        "--imbalance steps:3",
        "--imbalance deepsmote-mnits",
        "--imbalance foo",
        "--device gpu",
    ]
    .map(|more| format!("{more}\n{}\n", small_or_fine(more)))
    .concat();
    assert_snapshot!(said, @r#"
    --loss ldma
    exit 2
    error: there is no loss called `ldma`
    hint: did you mean `ldam`?

    --set train.loss.focal.gamma=1
    exit 2
    error: the command line: `train.loss.focal`: options of a loss stand beside its name
    hint: write `--loss focal --set train.loss.gamma=1`, in a file `loss = { name = "focal", gamma = 1 }`

    --size 100000x100000
    exit 2
    error: `size = [100000, 100000]` is out of range: 1 to 16384 each
    hint: write height and width as `--size 32x32`

    --loss focal --set train.loss.gama=1
    exit 2
    error: the command line: `train.loss = { name = "focal", gama = 1 }`: unknown field `gama`, expected one of `gamma`, `weights`, `confidence`, `drw`
    hint: `counterpoise describe focal` lists the options

    --loss focal --set train.loss.gamma=-1
    exit 2
    error: `gamma = -1` of focal is out of range
    hint: give a number of 0 or more

    --set train.loss=ldam
    exit 2
    error: the loss `ldam` is made for cosines, and the head is linear
    hint: add `--set train.head=cosine`

    --set train.loss.weights=[1,2]
    exit 2
    error: `weights` of cross-entropy has 2 numbers, and there are 3 classes
    hint: give one number per class, in the order of classes, or `weights = "balanced"`

    --set train.optimizer.sgd.momentun=0.8
    exit 2
    error: the command line: `train.optimizer = { sgd = { momentun = 0.8 } }`: unknown field `momentun`, expected `momentum` or `weight_decay`
    hint: `counterpoise describe train` lists the options

    --optimizer adam --set train.optimizer.sgd.momentum=0.8
    exit 2
    error: the command line: `train.optimizer` names adam and sgd
    hint: keep one; `--optimizer adam` and options of `train.optimizer.adam` go together

    --set train.schedule.decay=cosin
    exit 2
    error: the command line: `train.schedule = { decay = "cosin" }`: unknown variant `cosin`, expected one of `constant`, `step`, `cosine`
    hint: `counterpoise describe train` lists the options

    --mix mixup --set train.mix.alpha=0
    exit 2
    error: `alpha = 0` of mixup is out of range
    hint: give a number above 0, such as 1

    --set train.network=lenot
    exit 2
    error: the command line: `train.network = "lenot"`: unknown variant `lenot`, expected one of `resnet20`, `resnet32`, `resnet56`, `resnet18`, `lenet`, `mlp`
    hint: `counterpoise describe train` lists the options

    --set foo=1
    exit 2
    error: the command line: unknown field `foo`, expected one of `seed`, `device`, `data`, `test`, `validation`, `choose_on`, `augment`, `train`, `output`, `overwrite`, `report`

    --set train.batch_size=0
    exit 2
    error: the command line: `train.batch_size = 0`: invalid value: integer `0`, expected a whole number, 1 or more
    hint: `counterpoise describe train` lists the options

    --validation 1.5
    exit 2
    error: validation: 1.5 is no share of every class that could be held out
    hint: give a number between 0 and 1, such as `--validation 0.1`

    --choose-on test
    exit 2
    error: choose_on: epochs are to be chosen on test pictures, and there are none
    hint: name them with `--test`, or choose on `validation`

    --size 12
    fine

    --size 12x
    exit 2
    error: --size: `12x` is no size
    hint: write height and width as `--size 32x32`

    --size 0x3
    exit 2
    error: --size: `0x3` is no size
    hint: write height and width as `--size 32x32`

    --size 4x4 --resize scale
    exit 2
    error: the network `lenet` needs pictures of at least 12x12
    hint: choose another `--network`, or bring pictures to another size with `--size 32x32 --resize scale`

    --imbalance 9000,1
    exit 2
    error: 2 counts are given for 3 classes
    hint: give 3 counts, in the order of the classes

    --imbalance 70,1,1
    exit 2
    error: class `0` has 60 rows, and 70 were asked for
    hint: ask for 60 or fewer

    --imbalance step:0.5
    exit 2
    error: `ratio = 0.5` is out of range: 1 or more

    --imbalance step:much
    exit 2
    error: --imbalance: `much` is no ratio
    hint: write `--imbalance long-tail:100`

    --imbalance steps:3
    exit 2
    error: --imbalance: there is no profile `steps`
    hint: write `long-tail:100`, `step:10`, counts such as `500,50,5`, or the table of a paper such as `deepsmote-mnist`

    --imbalance deepsmote-mnits
    exit 2
    error: --imbalance: `deepsmote-mnits` is neither a profile, nor counts, nor the table of a paper
    hint: did you mean `deepsmote-mnist`?

    --imbalance foo
    exit 2
    error: --imbalance: `foo` is neither a profile, nor counts, nor the table of a paper
    hint: write `long-tail:100`, `step:10`, counts such as `500,50,5`, or the table of a paper such as `deepsmote-mnist`

    --device gpu
    exit 2
    error: device `gpu` is not in this build
    hint: use `--device cpu`, or build the program with it, in its source: `cargo install --path crates/cli --features wgpu`
    "#);
    let said = three_classes().refused(&format!("train p {TRAIN} --epochs 0"));
    assert_snapshot!(said, @r#"
    exit 2
    error: the command line: `train.epochs = 0`: invalid value: integer `0`, expected a whole number, 1 or more
    hint: `counterpoise describe train` lists the options
    "#);
}

/// What an option is refused with, or that it is not.
fn small_or_fine(more: &str) -> String {
    let folder = three_classes();
    let ran = folder.run(
        &format!("train p {TRAIN} --epochs 1 --quiet {more}")
            .split(' ')
            .collect::<Vec<_>>(),
    );
    if ran.code == Some(0) {
        return "fine\n".into();
    }
    assert_eq!(folder.files(), ["p"], "{more}");
    format!("exit {}\n{}", ran.code.unwrap_or(-1), ran.stderr)
}

#[test]
fn a_loss_that_is_no_number_any_more() {
    assert_snapshot!(small("--rate 1e30"), @r#"
    exit 3
    error: epoch 1, batch 2 of 6: the loss is not a finite number
    hint: use a smaller rate, for classifiers more epochs of warm-up, or look for pictures that are not what they should be
    "#);
    assert_snapshot!(small("--rate 1e30 --set train.batch_size=98"), @r#"
    exit 3
    error: epoch 1, batch 1 of 1: the loss is not a finite number
    hint: use a smaller rate, for classifiers more epochs of warm-up, or look for pictures that are not what they should be
    "#);
    // What was good before is kept.
    let folder = three_classes();
    // Steps that double each time: good for a while.
    let doubled = "--rate 1e-6 --set train.schedule.warm_up=0 --set train.optimizer.sgd.momentum=2";
    let words = format!("train p {TRAIN} --epochs 30 {doubled}");
    let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let error = ran.stderr.split_once("error: ").expect("an error").1;
    let kept = "the loss is not a finite number; what was learnt before is in net.safetensors\nhint: use a smaller rate and another `--output`";
    assert!(error.contains(kept), "{error}");
    assert!(!error.starts_with("epoch 1,"), "{error}");
    assert_eq!(folder.files(), ["net.safetensors", "p"]);
    let judged = folder.ok("evaluate net.safetensors p").stdout;
    assert!(
        judged.contains("balanced-accuracy"),
        "what was good can be used: {judged}"
    );
}

#[test]
fn files_that_are_no_network() {
    let folder = trained();
    let whole = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    folder.write("cut.safetensors", &whole[..whole.len() - 9]);
    folder.write("net.pth", "hello");
    assert_snapshot!(folder.refused("evaluate cut.safetensors p"), @r#"
    exit 3
    error: cut.safetensors: the file is damaged or was cut off (incomplete metadata, file not fully covered)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it
    "#);
    assert_snapshot!(folder.refused("evaluate net.pth p"), @r#"
    exit 3
    error: net.pth: it is no file of weights (header too small)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it
    "#);
    assert_snapshot!(folder.refused("evaluate none.safetensors p"), @r#"
    exit 3
    error: cannot read `none.safetensors`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder
    "#);
    assert_snapshot!(folder.refused("adjust net.pth --method tau-norm --tau 1 --output out.safetensors"), @r#"
    exit 3
    error: net.pth: it is no file of weights (header too small)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it
    "#);
}

#[test]
fn a_network_of_something_else() {
    let folder = trained();
    assert_snapshot!(folder.refused("evaluate net.safetensors p --size 16x16 --resize pad"), @r#"
    exit 3
    error: the data is pictures of 1x16x16, but the network reads pictures of 1x12x12
    hint: use the data, or the `--size`, `--resize` and `--channels`, that it was trained with
    "#);
    assert_snapshot!(folder.refused("evaluate net.safetensors p --class-names a,b,c"), @r#"
    exit 2
    error: p: the network was not trained on a class `a`; it knows 0, 1, 2
    hint: name the classes as training did, in the order of their codes, with `--class-names`
    "#);
    assert_snapshot!(folder.refused("evaluate net.safetensors p --device gpu"), @r#"
    exit 2
    error: device `gpu` is not in this build
    hint: use `--device cpu`, or build the program with it, in its source: `cargo install --path crates/cli --features wgpu`
    "#);
    // A file whose description is of another architecture than its weights.
    let bytes = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    let text: Vec<u8> = bytes.clone();
    let place = text
        .windows(10)
        .position(|part| part == b"\\\"lenet\\\",")
        .or_else(|| text.windows(9).position(|part| part == b"\\\"lenet\\\""));
    let place = place.expect("it names its network");
    let mut other = bytes[8..].to_vec();
    let place = place - 8;
    other.splice(place..place + 9, b"\\\"resnet20\\\"".iter().copied());
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) + 3;
    folder.write("other.safetensors", [&header.to_le_bytes()[..], &other].concat());
    assert_snapshot!(folder.refused("evaluate other.safetensors p"), @r#"
    exit 3
    error: weight `conv1.weight` has shape [6, 1, 5, 5], but this network needs [16, 1, 3, 3]
    hint: the file holds another architecture, number of classes or picture size; give the one it was trained with
    "#);
}

#[test]
fn a_state_that_was_damaged() {
    let folder = three_classes();
    folder.write("net.training.safetensors", "hello");
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: the training cannot go on from net.training.safetensors: it is no file of weights (header too small)
    hint: remove net.training.safetensors to start anew
    "#);
    let folder = trained();
    std::fs::copy(
        folder.path("net.safetensors"),
        folder.path("net.training.safetensors"),
    )
    .expect("the folder is ours");
    assert_snapshot!(refused(&folder, ""), @r#"
    exit 3
    error: net.training.safetensors holds a classifier, but a training is needed
    hint: name the file that the command for it wrote
    "#);
}

#[test]
fn adjustments_that_cannot_be_made() {
    let folder = trained();
    let said = [
        "--method crt",
        "--method tau-norm",
        "--method lws --tau 1 --data p",
        "--method tau-norm --tau nan",
        "--method crt --data p --validation 0",
        "--method crt --data none",
    ]
    .map(|more| {
        format!(
            "{more}\n{}\n",
            folder.refused(&format!("adjust net.safetensors --output out.safetensors {more}"))
        )
    })
    .concat();
    assert_snapshot!(said, @r#"
    --method crt
    exit 2
    error: --data: crt needs the pictures that the network was trained on
    hint: name them with `--data`, or give `--tau` to logit-adjustment or tau-norm

    --method tau-norm
    exit 2
    error: --data: tau-norm needs the pictures that the network was trained on
    hint: name them with `--data`, or give `--tau` to logit-adjustment or tau-norm

    --method lws --tau 1 --data p
    exit 2
    error: --tau: lws has no strength
    hint: leave `--tau` out

    --method tau-norm --tau nan
    exit 2
    error: --tau: NaN is no strength of tau-norm
    hint: give a number of 0 or more, such as `--tau 1`

    --method crt --data p --validation 0
    exit 2
    error: validation: 0 is no share of every class that could be held out
    hint: give a number between 0 and 1, such as `--validation 0.1`

    --method crt --data none
    exit 3
    error: cannot read `none`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder
    "#);
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = trained();
    assert_snapshot!(folder.refused("train p --network lenet --epochs 1 --output none/net.safetensors"), @r#"
    exit 1
    error: cannot write `none/net.safetensors`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("evaluate net.safetensors p --output none/p.csv"), @r#"
    exit 1
    error: cannot write `none/p.csv`: there is no folder `none`
    hint: choose another `--output`, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("evaluate net.safetensors p --report none/p.html"), @r#"
    exit 1
    error: cannot write `none/p.html`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to
    "#);
    assert_snapshot!(folder.refused("adjust net.safetensors --method tau-norm --tau 1 --output none/x.safetensors"), @r#"
    exit 1
    error: cannot write `none/x.safetensors`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to
    "#);
}

#[cfg(unix)]
#[test]
fn a_file_size_limit() {
    let folder = three_classes();
    let script = format!("ulimit -f 1; exec \"$0\" train p {TRAIN} --epochs 2");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .arg(folder::binary())
        .current_dir(folder.path(""))
        .output()
        .expect("there is a bash");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cannot write `net.training.safetensors`: File too large"),
        "{said}"
    );
    assert_eq!(folder.files(), ["p"]);
}

/// Nothing that was read, and nothing that is no network, may be gone afterwards.
#[test]
fn outputs_that_would_destroy_something() {
    let folder = trained();
    folder.write("mine.csv", "x,y\n1,a\n2,b\n");
    let network = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    for (arguments, problem) in [
        (
            "train p --network lenet --output mine.csv",
            "is no network that could be replaced",
        ),
        (
            "train p --network lenet --output net.pth",
            "a format that weights are not written in",
        ),
        (
            "evaluate net.safetensors p --output net.safetensors",
            "it is the network, which the output would replace",
        ),
        (
            "evaluate net.safetensors mine.csv --output mine.csv",
            "it is the data, which the output would replace",
        ),
        (
            "adjust net.safetensors --method tau-norm --tau 1 --output net.safetensors",
            "it is the network to adjust",
        ),
        (
            "train p --network lenet --hidden 3 --output a.safetensors",
            "has no hidden layers",
        ),
        (
            "train p --network lenet --class-names a,a,b --output a.safetensors",
            "a name for each class that no other has",
        ),
        (
            "train p --network lenet --imbalance 20,0,0 --output a.safetensors",
            "are of one class",
        ),
    ] {
        let said = folder.refused(arguments);
        assert!(said.contains(problem), "{arguments}: {said}");
    }
    assert_eq!(folder.read("mine.csv"), "x,y\n1,a\n2,b\n");
    assert!(std::fs::read(folder.path("net.safetensors")).is_ok_and(|now| now == network));
}

#[test]
fn what_was_adjusted_is_adjusted_again_with_a_warning_only() {
    let folder = trained();
    let adjust = |from: &str, to: &str| {
        folder.ok(&format!(
            "adjust {from} --method logit-adjustment --tau 1 --output {to}"
        ))
    };
    assert!(
        !adjust("net.safetensors", "a.safetensors")
            .stderr
            .contains("before")
    );
    let said = adjust("a.safetensors", "b.safetensors").stderr;
    assert!(
        said.contains("was adjusted before, by logit-adjustment with tau 1"),
        "{said}"
    );
}

#[test]
fn archives_that_are_damaged() {
    let empty = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    let folder = Folder::with("empty.npz", empty);
    let said = folder.refused("train empty.npz --network lenet --output x.safetensors");
    assert_snapshot!(said, @r#"
    exit 3
    error: `empty.npz` cannot be read as an array of NumPy: it is an archive of nothing: it was cut off, or its list of arrays is damaged
    hint: get the file anew if it is damaged; or name what it is with `--format`
    "#);
}

#[test]
fn more_padding_than_a_picture_has_sides() {
    assert_snapshot!(small("--pad 100000"), @r#"
    exit 2
    error: --pad: with 100000 pixels of black around pictures of 1x12x12, some cuts would hold nothing of the picture
    hint: give 11 at most; usual is an eighth of the side: `--pad 2`
    "#);
    let folder = three_classes();
    folder.ok("train p --network lenet --batch 16 --epochs 1 --pad 11 --quiet --output net.safetensors");
}

#[test]
fn an_adjustment_that_counts_classes_of_which_there_is_no_picture() {
    let folder = three_classes();
    folder.ok("train p --network lenet --batch 16 --epochs 1 --imbalance 20,20,0 --choose-on nothing --quiet --output net.safetensors");
    let said =
        folder.refused("adjust net.safetensors --method logit-adjustment --tau 1 --output x.safetensors");
    assert_snapshot!(said, @r#"
    exit 2
    error: net.safetensors: class `2` has no picture to count, and logit-adjustment divides by those of each class
    hint: use `--method tau-norm`, which counts none, or train on all classes that the network is to know
    "#);
}

//! What DeepSMOTE refuses, and with which words.

mod folder;
mod pictures;

use std::process::Command;

use insta::assert_snapshot;
use pictures::{SMALL, fitted};

#[test]
fn models_that_do_not_fit() {
    let folder = fitted("");
    folder.ok("train p --network lenet --epochs 1 --quiet --output net.safetensors");
    let whole = std::fs::read(folder.path("m.safetensors")).expect("it was written");
    folder.write("cut.safetensors", &whole[..whole.len() / 2]);
    folder.write("same.safetensors", &whole);
    let said = [
        "generate net.safetensors p --output x.npz",
        "generate none.safetensors p --output x.npz",
        "generate cut.safetensors p --output x.npz",
        "generate m.safetensors p --output x.npz --size 16x16 --resize pad",
        "generate m.safetensors p --output x.npz --channels rgb",
        "generate m.safetensors p --output x.npz --class-names a,b,c",
        "report m.safetensors p --network same.safetensors",
        "report m.safetensors p --network cut.safetensors",
        "fit p --output net.safetensors",
        "fit p --output cut.safetensors",
        "fit p --output m.safetensors",
        "fit p --output x.safetensors --size 7x7 --resize scale",
    ]
    .map(|more| format!("{more}\n{}\n", folder.refused(&format!("deepsmote {more}"))))
    .concat();
    assert_snapshot!(said, @r#"
    generate net.safetensors p --output x.npz
    exit 3
    error: net.safetensors holds a classifier, but a model of DeepSMOTE is needed
    hint: name the file that the command for it wrote

    generate none.safetensors p --output x.npz
    exit 3
    error: cannot read `none.safetensors`: No such file or directory (os error 2)
    hint: check the path; it is relative to the current folder

    generate cut.safetensors p --output x.npz
    exit 3
    error: cut.safetensors: the file is damaged or was cut off (incomplete metadata, file not fully covered)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it

    generate m.safetensors p --output x.npz --size 16x16 --resize pad
    exit 3
    error: the data is pictures of 1x16x16, but the network reads pictures of 1x12x12
    hint: use the data, or the `--size`, `--resize` and `--channels`, that it was trained with

    generate m.safetensors p --output x.npz --channels rgb
    exit 3
    error: the data is pictures of 3x12x12, but the network reads pictures of 1x12x12
    hint: use the data, or the `--size`, `--resize` and `--channels`, that it was trained with

    generate m.safetensors p --output x.npz --class-names a,b,c
    exit 2
    error: p: the network was not trained on a class `a`; it knows 0, 1, 2
    hint: name the classes as training did, in the order of their codes, with `--class-names`

    report m.safetensors p --network same.safetensors
    exit 3
    error: same.safetensors holds a model of DeepSMOTE, but a classifier is needed
    hint: name the file that the command for it wrote

    report m.safetensors p --network cut.safetensors
    exit 3
    error: cut.safetensors: the file is damaged or was cut off (incomplete metadata, file not fully covered)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it

    fit p --output net.safetensors
    exit 3
    error: net.safetensors holds a classifier, but a model of DeepSMOTE is needed
    hint: name the file that the command for it wrote

    fit p --output cut.safetensors
    exit 3
    error: cut.safetensors: the file is damaged or was cut off (incomplete metadata, file not fully covered)
    hint: give a file that `counterpoise` saved, a `.safetensors` file or a PyTorch state dict (`.pth`); if writing was cut off, take the checkpoint before it

    fit p --output m.safetensors
    exit 3
    error: m.safetensors is of a training with other options: `latent_size`, `width`, `decoder`, `learning_rate`, `batch_size`
    hint: remove m.safetensors to start anew, or give the data, seed and options it was begun with

    fit p --output x.safetensors --size 7x7 --resize scale
    exit 2
    error: the network `deep-smote` needs pictures of at least 8x8
    hint: bring pictures to another size with `--size 32x32 --resize scale`
    "#);
    let ran = folder.ok("deepsmote generate m.safetensors p --imbalance 60,20,8 --output x.npz --quiet");
    assert_snapshot!(ran.stderr, @r#"
    warning: `p` holds other pictures than those that the networks learnt, and they may know these badly
       hint: give the data and `--imbalance` that `deepsmote fit` had
    "#);
}

#[test]
fn options_that_are_none() {
    let folder = fitted("");
    let said = [
        "fit p --output x.safetensors --epochs 0",
        "fit p --output x.safetensors --rate 0",
        "fit p --output x.safetensors --set deepsmote.lambda=-1",
        "fit p --output x.safetensors --set deepsmote.lambda=much",
        "fit p --output x.safetensors --set deepsmote.batch_size=1",
        "fit p --output x.safetensors --set deepsmote.permutation=none",
        "fit p --output x.safetensors --set deepsmote.widths=3",
        "fit p --output x.safetensors --set lambda=3",
        "fit p --output x.safetensors --rate 1e30 --set deepsmote.batch_size=20",
        "generate m.safetensors p --output x.npz --k-neighbors 0",
        "generate m.safetensors p --output x.npz --set deepsmote.k=0",
        "generate m.safetensors p --output x.npz --set deepsmote.lambda=2",
        "generate m.safetensors p --output x.npz --set seed=2",
        "generate m.safetensors p --output x.npz --sampling-strategy much",
        "generate m.safetensors p --output x.npz --sampling-strategy 2=5",
        "generate m.safetensors p --output x.npz --sampling-strategy 3=5",
        "generate m.safetensors p --output x.npz --sampling-strategy 2=5000000000",
        "generate m.safetensors p --output x.npz --device gpu",
    ]
    .map(|more| format!("{more}\n{}\n", folder.refused(&format!("deepsmote {more}"))))
    .concat();
    assert_snapshot!(said, @r#"
    fit p --output x.safetensors --epochs 0
    exit 2
    error: the command line: `deepsmote.epochs`: invalid value: integer `0`, expected a whole number, 1 or more
    hint: give `--epochs` another value; `counterpoise describe deepsmote` lists all options

    fit p --output x.safetensors --rate 0
    exit 2
    error: `learning_rate = 0` of deep-smote is out of range
    hint: give a number above 0, with `--rate`

    fit p --output x.safetensors --set deepsmote.lambda=-1
    exit 2
    error: `lambda = -1` of deep-smote is out of range
    hint: give a number of 0 or more, with `--set deepsmote.lambda=…`

    fit p --output x.safetensors --set deepsmote.lambda=much
    exit 2
    error: the command line: `deepsmote.lambda`: invalid type: string "much", expected a number
    hint: give `--set deepsmote.lambda=…` another value; `counterpoise describe deepsmote` lists all options

    fit p --output x.safetensors --set deepsmote.batch_size=1
    exit 2
    error: `batch_size = 1` of deep-smote is out of range
    hint: give 2 or more, because a batch of one picture has no variance to be normalised by, with `--batch`

    fit p --output x.safetensors --set deepsmote.permutation=none
    exit 2
    error: the command line: `deepsmote.permutation`: unknown variant `none`, expected `cyclic-shift` or `random`
    hint: give `--set deepsmote.permutation=…` another value; `counterpoise describe deepsmote` lists all options

    fit p --output x.safetensors --set deepsmote.widths=3
    exit 2
    error: the command line: `deepsmote`: unknown field `widths`, expected one of `sampling_strategy`, `penalty`, `penalty_gradient`, `class_sampling`, `permutation`, `lambda`, `class_batch`, `latent_size`, `width`, `decoder`, `first_batch_norm`, `learning_rate`, `batch_size`, `epochs`, `patience`, `k`, `k_neighbors`, `on_single`, `soft_labels`, `decode_batch`
    hint: did you mean `width`? `counterpoise describe deepsmote` lists all options

    fit p --output x.safetensors --set lambda=3
    exit 2
    error: the command line: unknown field `lambda`, expected one of `seed`, `draws`, `device`, `model`, `data`, `deepsmote`, `output`, `report`
    hint: `counterpoise describe deepsmote` lists all options

    fit p --output x.safetensors --rate 1e30 --set deepsmote.batch_size=20
    exit 3
    error: epoch 1, batch 2 of 5: the loss is not a finite number
    hint: use a smaller rate, for classifiers more epochs of warm-up, or look for pictures that are not what they should be

    generate m.safetensors p --output x.npz --k-neighbors 0
    exit 2
    error: invalid value '0' for '--k-neighbors <K>': give a whole number, 1 or more, such as 5

    For more information, try '--help'.

    generate m.safetensors p --output x.npz --set deepsmote.k=0
    exit 2
    error: the command line: `deepsmote.k_neighbors`: invalid value: integer `0`, expected a whole number, 1 or more
    hint: give `--k-neighbors` another value; `counterpoise describe deepsmote` lists all options

    generate m.safetensors p --output x.npz --set deepsmote.lambda=2
    exit 2
    error: the command line: `deepsmote.lambda` is an option of training, and the networks are trained
    hint: give it to `deepsmote fit`; what can be set now: sampling_strategy, k_neighbors, on_single, soft_labels, decode_batch

    generate m.safetensors p --output x.npz --set seed=2
    exit 2
    error: the command line: `seed` is that of the training
    hint: `--seed`, in a file `draws`, is what new pictures are drawn by

    generate m.safetensors p --output x.npz --sampling-strategy much
    exit 2
    error: --sampling-strategy: `much` is no amount; write a number of rows (`500`), a ratio (`0.5`) or a multiple (`x2`), or as a whole one of `auto`, `minority`, `majority`, `not minority`, `not majority`, `all`

    generate m.safetensors p --output x.npz --sampling-strategy 2=5
    exit 2
    error: --sampling-strategy: class `2` has 8 pictures and 5 are asked for: new ones are made, and none taken away
    hint: ask for 8 or more of `2`, or leave it out

    generate m.safetensors p --output x.npz --sampling-strategy 3=5
    exit 2
    error: --sampling-strategy: there are no pictures of a class `3`
    hint: the classes are `0`, `1`, `2`

    generate m.safetensors p --output x.npz --sampling-strategy 2=5000000000
    exit 2
    error: --sampling-strategy: so many pictures of class `2` are asked for that there would be more than 4294967295
    hint: ask for fewer of `2`, or bound them: `--sampling-strategy "auto cap x10"`

    generate m.safetensors p --output x.npz --device gpu
    exit 2
    error: device `gpu` is not in this build
    hint: use `--device cpu`, or build the program with it, in its source: `cargo install --path crates/cli --features wgpu`
    "#);
}

#[cfg(target_os = "linux")]
#[test]
fn more_pictures_than_there_is_memory_for() {
    let said = fitted("")
        .refused("deepsmote generate m.safetensors p --output x.npz --sampling-strategy 2=4000000000");
    assert!(
        said.starts_with("exit 2\nerror: --sampling-strategy: 3999999992 new pictures of 1x12x12 take "),
        "{said}"
    );
    assert!(said.contains(" GB are free\nhint: ask for fewer"), "{said}");
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = fitted("");
    folder.write("there.npz", "mine");
    folder.write("there.png", "mine");
    std::fs::create_dir_all(folder.path("mine/cat")).expect("the folder is ours");
    folder.write("mine/cat/letter.txt", "mine");
    let said = [
        "fit p --output none/m.safetensors",
        "generate m.safetensors p --output none/x.npz",
        "generate m.safetensors p --output there.npz",
        "generate m.safetensors p --output x.npz --sheet there.png",
        "generate m.safetensors p --output x.npz --sheet x.jpg",
        "generate m.safetensors p --output x.npz --origins none/x.csv",
        "generate m.safetensors p --output x.npz --origins x.npz",
        "generate m.safetensors p --output m.safetensors --overwrite",
        "generate m.safetensors p --output x.jpg",
        "generate m.safetensors p --output x.bin",
        "generate m.safetensors p --output x.idx",
        "generate m.safetensors p --output mine --overwrite",
        "report m.safetensors p --report page.pdf",
        "report m.safetensors p --report none/page.html",
    ]
    .map(|more| format!("{more}\n{}\n", folder.refused(&format!("deepsmote {more}"))))
    .concat();
    assert_snapshot!(said, @r#"
    fit p --output none/m.safetensors
    exit 1
    error: cannot write `none/m.safetensors`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to

    generate m.safetensors p --output none/x.npz
    exit 1
    error: cannot write `none/x.npz`: there is no folder `none`
    hint: choose another `--output`, on a disk with room that you may write to

    generate m.safetensors p --output there.npz
    exit 2
    error: `there.npz` is there already
    hint: choose another name, or let it be replaced: `--overwrite`, in a file `overwrite = true`

    generate m.safetensors p --output x.npz --sheet there.png
    exit 2
    error: `there.png` is there already
    hint: choose another name, or let it be replaced: `--overwrite`, in a file `overwrite = true`

    generate m.safetensors p --output x.npz --sheet x.jpg
    exit 2
    error: --sheet: `x.jpg` does not end in `.png`
    hint: a contact sheet is a PNG: `--sheet sheet.png`

    generate m.safetensors p --output x.npz --origins none/x.csv
    exit 1
    error: cannot write `none/x.csv`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to

    generate m.safetensors p --output x.npz --origins x.npz
    exit 2
    error: --origins: `x.npz` is named twice
    hint: give every file a name of its own

    generate m.safetensors p --output m.safetensors --overwrite
    exit 2
    error: --output: `m.safetensors` is named twice
    hint: give every file a name of its own

    generate m.safetensors p --output x.jpg
    exit 2
    error: --output: `x.jpg` does not say what format to write
    hint: end it in `.npz`, `-ubyte.gz` or `.bin`, or give a folder without an extension for PNG files

    generate m.safetensors p --output x.bin
    exit 2
    error: pictures of 1x12x12 cannot be written as the binary version of CIFAR, which needs pictures of 3x32x32
    hint: write NPZ, which holds any shape and any number of classes

    generate m.safetensors p --output x.idx
    exit 1
    error: cannot write `x.idx`: its name has no `images`, which becomes `labels` in the name of the second file, as in `x-images-idx3-ubyte.gz`
    hint: choose another `--output`, on a disk with room that you may write to

    generate m.safetensors p --output mine --overwrite
    exit 1
    error: cannot write `mine`: it holds other files than numbered pictures in class folders, which would be lost
    hint: choose another `--output`, on a disk with room that you may write to

    report m.safetensors p --report page.pdf
    exit 2
    error: --report: `page.pdf` does not end in `.html`
    hint: a report is a page: `--report report.html`

    report m.safetensors p --report none/page.html
    exit 1
    error: cannot write `none/page.html`: there is no folder `none`
    hint: choose another path, on a disk with room that you may write to
    "#);
    assert_eq!(folder.read("there.npz"), "mine");
    folder.ok("deepsmote generate m.safetensors p --output there.npz --sheet there.png --overwrite");
    assert_ne!(
        std::fs::read(folder.path("there.png")).expect("it is there"),
        b"mine"
    );
}

#[cfg(unix)]
#[test]
fn a_file_size_limit() {
    let folder = fitted("");
    let before = folder.files();
    for (words, file) in [
        (format!("fit p {SMALL} --output x.safetensors"), "x.safetensors"),
        ("generate m.safetensors p --output x.npz".to_owned(), "x.npz"),
        (
            "generate m.safetensors p --output x-images-idx3-ubyte".to_owned(),
            "x-images-idx3-ubyte",
        ),
        ("report m.safetensors p --report x.html".to_owned(), "x.html"),
    ] {
        let script = format!("ulimit -f 1; exec \"$0\" deepsmote {words} --quiet");
        let output = Command::new("bash")
            .args(["-c", &script])
            .arg(folder::binary())
            .current_dir(folder.path(""))
            .output()
            .expect("there is a bash");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {said}");
        assert!(
            said.contains(&format!("cannot write `{file}`: File too large")),
            "{said}"
        );
        assert_eq!(folder.files(), before, "{words}");
    }
}

#[test]
fn pictures_of_one_class_only() {
    let folder = fitted("");
    let said = folder.refused("deepsmote generate m.safetensors p --imbalance 5,0,0 --output x.npz");
    assert_snapshot!(said, @r#"
    exit 2
    error: p: all pictures are of class `0`, so that none is rarer than another
    hint: give the pictures of all classes that `deepsmote fit` learnt
    "#);
}

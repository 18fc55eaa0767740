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
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
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
    assert_snapshot!(refused(&Folder::with("p", "hello"), ""), @"");
    assert_snapshot!(refused(&Folder::new(), ""), @"");
    let folder = Folder::new();
    std::fs::create_dir(folder.path("p")).expect("the folder is ours");
    assert_snapshot!(refused(&folder, ""), @"");
}

#[test]
fn files_that_were_cut_off() {
    let folder = three_classes();
    let (pictures, _) = idx(&[60, 30, 8], 0);
    folder.write("p/train-images-idx3-ubyte", &pictures[..5000]);
    assert_snapshot!(refused(&folder, ""), @"");
    let folder = clothes();
    let bytes = std::fs::read(folder.path("train-images-idx3-ubyte.gz")).expect("it is there");
    folder.write("train-images-idx3-ubyte.gz", &bytes[..3000]);
    assert_snapshot!(folder.refused("train train-images-idx3-ubyte.gz --output net.safetensors"), @"");
    let folder = Folder::with("p.npz", &b"PK\x03\x04 and no more"[..]);
    assert_snapshot!(folder.refused("train p.npz --output net.safetensors"), @"");
}

#[test]
fn pictures_that_cannot_be_decoded() {
    let folder = cats_and_dogs("dog/cut.png", grey(1, 9)[..100].to_vec());
    assert_snapshot!(refused(&folder, ""), @"");
    assert_snapshot!(warned(&folder, "--corrupt skip"), @"");
}

#[test]
fn pictures_of_several_sizes() {
    let folder = cats_and_dogs("dog/large.png", png(16, 8, 0, &[], &[9; 256]));
    assert_snapshot!(refused(&folder, ""), @"");
    assert_snapshot!(warned(&folder, "--size 12x12 --resize scale"), @"");
}

#[test]
fn pictures_of_other_kinds() {
    let deep = |_| png(SIDE as u32, 16, 0, &[], &[7; SIDE * SIDE * 2]);
    assert_snapshot!(warned(&cats_and_dogs("dog/deep.png", deep(0)), ""), @"");
    let palette = png(SIDE as u32, 8, 3, &[0, 0, 0, 255, 0, 0], &[1; SIDE * SIDE]);
    assert_snapshot!(refused(&cats_and_dogs("dog/palette.png", palette.clone()), ""), @"");
    assert_snapshot!(warned(&cats_and_dogs("dog/palette.png", palette), "--channels rgb"), @"");
    let alpha = png(SIDE as u32, 8, 4, &[], &[7; SIDE * SIDE * 2]);
    assert_snapshot!(warned(&cats_and_dogs("dog/alpha.png", alpha), ""), @"");
}

#[test]
fn a_class_with_one_picture_and_one_with_none() {
    let folder = cats_and_dogs("emu/1.png", grey(2, 1));
    assert_snapshot!(warned(&folder, ""), @"");
    let folder = cats_and_dogs("emu/nothing.txt", Vec::new());
    assert_snapshot!(refused(&folder, "--loss ldam"), @"");
}

#[test]
fn labels_that_do_not_fit() {
    assert_snapshot!(small("--class-names a,b"), @"");
    assert_snapshot!(small("--class-names a,b,c,d --loss ldam"), @"");
    let folder = three_classes();
    let (_, labels) = idx(&[60, 30, 7], 0);
    folder.write("p/train-labels-idx1-ubyte", labels);
    assert_snapshot!(refused(&folder, ""), @"");
    std::fs::remove_file(folder.path("p/train-labels-idx1-ubyte")).expect("it is there");
    assert_snapshot!(refused(&folder, ""), @"");
    let folder = three_classes();
    let (pictures, labels) = idx(&[3, 3, 3, 3], 0);
    folder.write("p/t10k-images-idx3-ubyte", pictures);
    folder.write("p/t10k-labels-idx1-ubyte", labels);
    assert_snapshot!(refused(&folder, "--test same"), @"");
    assert_snapshot!(refused(&folder, "--split validation"), @"");
}

#[test]
fn test_pictures_that_are_the_training_pictures() {
    let folder = clothes();
    let words = "train train-images-idx3-ubyte.gz --network lenet --epochs 1 --output net.safetensors --test same";
    assert_snapshot!(folder.refused(words), @"");
}

#[test]
fn options_that_are_none() {
    let said = [
        "--loss ldma",
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
        "--batch 0",
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
    assert_snapshot!(said, @"");
    let said = three_classes().refused(&format!("train p {TRAIN} --epochs 0"));
    assert_snapshot!(said, @"");
}

fn small_or_fine(more: &str) -> String {
    let folder = three_classes();
    let ran = folder.run(&format!("train p {TRAIN} --epochs 1 --quiet {more}").split(' ').collect::<Vec<_>>());
    if ran.code == Some(0) {
        return "fine\n".into();
    }
    assert_eq!(folder.files(), ["p"], "{more}");
    format!("exit {}\n{}", ran.code.unwrap_or(-1), ran.stderr)
}

#[test]
fn a_loss_that_is_no_number_any_more() {
    assert_snapshot!(small("--rate 1e30"), @"");
    assert_snapshot!(small("--rate 1e30 --set train.batch=98"), @"");
    // What was good before is kept.
    let folder = three_classes();
    let later = "--set train.schedule.warm_up=0 --set train.schedule.decay.name=step --set train.schedule.decay.steps=[{after=2,times=1e30}]";
    let words = format!("train p {TRAIN} --epochs 4 {later}");
    let ran = folder.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("the loss is not a finite number; what was learnt before is in net.training.safetensors\nhint: use a smaller rate"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: epoch 3, batch "), "{}", ran.stderr);
    assert_eq!(folder.files(), ["net.training.safetensors", "p"]);
}

#[test]
fn files_that_are_no_network() {
    let folder = trained();
    let whole = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    folder.write("cut.safetensors", &whole[..whole.len() - 9]);
    folder.write("net.pth", "hello");
    assert_snapshot!(folder.refused("evaluate cut.safetensors p"), @"");
    assert_snapshot!(folder.refused("evaluate net.pth p"), @"");
    assert_snapshot!(folder.refused("evaluate none.safetensors p"), @"");
    assert_snapshot!(folder.refused("adjust net.pth --method tau-norm --tau 1 --output out.safetensors"), @"");
}

#[test]
fn a_network_of_something_else() {
    let folder = trained();
    assert_snapshot!(folder.refused("evaluate net.safetensors p --size 16x16 --resize pad"), @"");
    assert_snapshot!(folder.refused("evaluate net.safetensors p --class-names a,b,c"), @"");
    assert_snapshot!(folder.refused("evaluate net.safetensors p --device gpu"), @"");
    // A file whose description is of another architecture than its weights.
    let bytes = std::fs::read(folder.path("net.safetensors")).expect("it was written");
    let text: Vec<u8> = bytes.clone();
    let place = text.windows(10).position(|part| part == b"\\\"lenet\\\",").or_else(|| text.windows(9).position(|part| part == b"\\\"lenet\\\""));
    let place = place.expect("it names its network");
    let mut other = bytes[8..].to_vec();
    let place = place - 8;
    other.splice(place..place + 9, b"\\\"resnet20\\\"".iter().copied());
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) + 3;
    folder.write("other.safetensors", [&header.to_le_bytes()[..], &other].concat());
    assert_snapshot!(folder.refused("evaluate other.safetensors p"), @"");
}

#[test]
fn a_state_that_was_damaged() {
    let folder = three_classes();
    folder.write("net.training.safetensors", "hello");
    assert_snapshot!(refused(&folder, ""), @"");
    let folder = trained();
    std::fs::copy(folder.path("net.safetensors"), folder.path("net.training.safetensors")).expect("the folder is ours");
    assert_snapshot!(refused(&folder, ""), @"");
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
    .map(|more| format!("{more}\n{}\n", folder.refused(&format!("adjust net.safetensors --output out.safetensors {more}"))))
    .concat();
    assert_snapshot!(said, @"");
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = trained();
    assert_snapshot!(folder.refused("train p --network lenet --epochs 1 --output none/net.safetensors"), @"");
    assert_snapshot!(folder.refused("evaluate net.safetensors p --output none/p.csv"), @"");
    assert_snapshot!(folder.refused("evaluate net.safetensors p --report none/p.html"), @"");
    assert_snapshot!(folder.refused("adjust net.safetensors --method tau-norm --tau 1 --output none/x.safetensors"), @"");
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
    assert!(said.contains("cannot write `net.training.safetensors`: File too large"), "{said}");
    assert_eq!(folder.files(), ["p"]);
}

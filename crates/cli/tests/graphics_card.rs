//! Commands on a graphics card. It takes a program that plays one, too.
#![cfg(feature = "wgpu")]

mod folder;

use folder::{Folder, Ran};

const TRAIN: &str = "train train-images-idx3-ubyte.gz --network lenet --optimizer adam --epochs 1 --batch 64";

fn clothes() -> Folder {
    let folder = Folder::new();
    folder.ok("quickstart --save-data --without-pictures");
    folder
}

fn on_a_card(ran: &Ran) {
    assert!(ran.stderr.contains("computing on "), "{}", ran.stderr);
}

/// The last number of the line that begins with `name`.
fn number(ran: &Ran, name: &str) -> f64 {
    let line = ran
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in {}", ran.stdout));
    let words: Vec<&str> = line.split_whitespace().collect();
    words[1].trim_end_matches(',').parse().expect("it is a number")
}

#[test]
fn networks_are_trained_judged_and_adjusted_on_a_card() {
    let folder = clothes();
    on_a_card(&folder.ok(&format!("{TRAIN} --device gpu --output card.safetensors")));
    folder.ok(&format!("{TRAIN} --output processor.safetensors"));
    let judged = |network: &str, device: &str| {
        folder.ok(&format!(
            "evaluate {network}.safetensors train-images-idx3-ubyte.gz --device {device}"
        ))
    };
    let there = judged("card", "gpu");
    on_a_card(&there);
    // A file of one device is read on the other, and says the same there.
    let accuracy = |ran: &Ran| number(ran, "accuracy");
    assert!((accuracy(&there) - accuracy(&judged("card", "cpu"))).abs() < 0.005);
    assert!((accuracy(&there) - accuracy(&judged("processor", "cpu"))).abs() < 0.1);
    on_a_card(&folder.ok(
        "adjust card.safetensors --method crt --data train-images-idx3-ubyte.gz --device gpu --output crt.safetensors",
    ));
}

#[test]
fn tables_are_learnt_on_a_card() {
    let folder = clothes();
    let ran = folder.ok(
        "train german-credit.csv.gz --target credit --hidden 8 --epochs 1 --device gpu --output net.safetensors",
    );
    on_a_card(&ran);
    on_a_card(&folder.ok("evaluate net.safetensors german-credit.csv.gz --device gpu"));
}

#[test]
fn pictures_are_made_on_a_card() {
    let folder = clothes();
    let data = "train-images-idx3-ubyte.gz --imbalance step:50 --device gpu";
    on_a_card(&folder.ok(&format!(
        "deepsmote fit {data} --width 4 --latent-size 8 --decoder mirror --batch 32 --epochs 1 --output m.safetensors"
    )));
    on_a_card(&folder.ok(&format!(
        "deepsmote generate m.safetensors {data} --output made.npz"
    )));
    on_a_card(&folder.ok(&format!("deepsmote report m.safetensors {data}")));
}

#[test]
fn a_machine_without_a_card_is_told_what_to_type() {
    let folder = clothes();
    for file in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        assert!(std::env::var_os(file).is_none_or(|value| !value.is_empty()));
    }
    let output = folder
        .command()
        .args(TRAIN.split(' '))
        .args(["--device", "gpu", "--output", "net.safetensors"])
        // No driver of Vulkan, and no library of OpenGL's.
        .env("VK_DRIVER_FILES", "nowhere.json")
        .env("VK_ICD_FILENAMES", "nowhere.json")
        .env("__EGL_VENDOR_LIBRARY_FILENAMES", "nowhere.json")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("device `gpu` is not on this machine"), "{said}");
    assert!(said.contains("hint: use `--device cpu`"), "{said}");
}

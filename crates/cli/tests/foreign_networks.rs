//! Weights of other programs: a PyTorch state dict, safetensors without more.

mod folder;
mod pictures;

use folder::Folder;
use pictures::{idx, three_classes};
use serde_json::Value;

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path(name)).expect("it was written")
}

/// A trained network, and a copy that has its weights only, as another program would write them.
fn own_and_bare() -> Folder {
    let folder = three_classes();
    folder.ok("train p --network lenet --optimizer adam --epochs 3 --output own.safetensors");
    let bytes = bytes(&folder, "own.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("it is JSON");
    header.as_object_mut().expect("a table").remove("__metadata__");
    let header = header.to_string().replace("linear.", "fc.");
    let bare = [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &bytes[8 + length..],
    ]
    .concat();
    folder.write("bare.safetensors", bare);
    folder
}

#[test]
fn weights_alone_judge_as_the_network_does_that_they_are_of() {
    let folder = own_and_bare();
    let own = folder.ok("evaluate own.safetensors p --json --output own.csv");
    let bare = "evaluate bare.safetensors p --network lenet --output bare.csv";
    let guessed = folder.ok(bare);
    assert!(
        guessed.stderr.contains("`signed` is a guess") && guessed.stderr.contains("`cifar`"),
        "{}",
        guessed.stderr
    );
    let bare = folder.ok(&format!("{bare} --normalisation signed --json"));
    assert_eq!(own.stdout, bare.stdout);
    assert_eq!(bytes(&folder, "own.csv"), bytes(&folder, "bare.csv"));
    folder.ok("evaluate bare.safetensors p --network lenet --normalisation 0.5/0.5 --output same.csv");
    assert_eq!(
        bytes(&folder, "own.csv"),
        bytes(&folder, "same.csv"),
        "signed means the same"
    );
    folder.ok("evaluate bare.safetensors p --network lenet --normalisation 0.1/0.3 --output other.csv");
    assert_ne!(bytes(&folder, "own.csv"), bytes(&folder, "other.csv"));
}

#[test]
fn weights_alone_are_adjusted_and_become_a_network() {
    let folder = own_and_bare();
    let said = folder
        .ok("adjust bare.safetensors --network lenet --data p --method logit-adjustment --tau 1 --output adjusted.safetensors");
    assert!(
        said.stderr.contains("only those who trained it can say"),
        "{}",
        said.stderr
    );
    folder.ok("evaluate adjusted.safetensors p");
}

#[test]
fn weights_alone_are_refused_where_nothing_says_what_they_are_of() {
    let folder = own_and_bare();
    let (pictures, labels) = idx(&[3, 3], 0);
    std::fs::create_dir(folder.path("two")).expect("the folder is ours");
    folder.write("two/t10k-images-idx3-ubyte", pictures);
    folder.write("two/t10k-labels-idx1-ubyte", labels);
    for (arguments, problem, hint) in [
        (
            "evaluate bare.safetensors p",
            "bare.safetensors holds weights only, without what they are of",
            "--network resnet32",
        ),
        (
            "evaluate bare.safetensors p --network resnet20",
            "but this network needs [16, 1, 3, 3]",
            "the file holds another architecture",
        ),
        (
            "evaluate bare.safetensors p --network lenet --normalisation grey",
            "`grey` is no normalisation",
            "signed, cifar",
        ),
        (
            "evaluate bare.safetensors p --network lenet --normalisation cifar",
            "for each of 1 channel",
            "as many numbers as there are channels",
        ),
        (
            "evaluate bare.safetensors p --network lenet --class-names a,b,c,d",
            "the network tells 3 classes apart, and the pictures have 4: a, b, c, d",
            "leave out pictures",
        ),
        (
            "evaluate bare.safetensors two --network lenet",
            "the network tells 3 classes apart, and the pictures have 2: 0, 1",
            "name the 3 classes of the network in its order with `--class-names`",
        ),
        (
            "adjust bare.safetensors --network lenet --method tau-norm --tau 1 --output x.safetensors",
            "without classes and their counts",
            "--data",
        ),
    ] {
        let said = folder.refused(arguments);
        assert!(
            said.contains(problem) && said.contains(hint),
            "{arguments}: {said}"
        );
    }
}

#[test]
fn pictures_of_fewer_classes_are_judged_once_all_are_named() {
    let folder = own_and_bare();
    let (pictures, labels) = idx(&[3, 3], 0);
    std::fs::create_dir(folder.path("two")).expect("the folder is ours");
    folder.write("two/t10k-images-idx3-ubyte", pictures);
    folder.write("two/t10k-labels-idx1-ubyte", labels);
    folder.ok("evaluate bare.safetensors two --network lenet --class-names a,b,c");
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
#[test]
fn the_published_network_of_the_authors_has_about_the_published_accuracy() {
    let data = std::env::var_os("COUNTERPOISE_DATA").map(std::path::PathBuf::from);
    let files = data.map(|data| {
        [
            data.join("eos-checkpoint/resnet32_cifar10lt_ce_epoch133.pth"),
            data.join("cifar10-lt/test_batch_first1000.bin.gz"),
        ]
    });
    let Some([network, pictures]) = files.filter(|files| files.iter().all(|file| file.exists())) else {
        eprintln!("skipped: COUNTERPOISE_DATA has no eos-checkpoint and cifar10-lt");
        return;
    };
    let folder = Folder::new();
    let said = folder.ok(&format!(
        "evaluate {} {} --network resnet32 --normalisation cifar --json",
        network.display(),
        pictures.display()
    ));
    let found: Value = serde_json::from_str(&said.stdout).expect("it is JSON");
    let published = [94.1, 95.7, 82.3, 62.1, 78.5, 57.0, 71.3, 59.7, 62.6, 62.3];
    for (class, published) in found["per_class"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(published)
    {
        // A hundred pictures of a class, of the thousand that the authors counted.
        let recall = 100.0 * class["recall"].as_f64().expect("a number");
        assert!(
            (recall - published).abs() < 10.0,
            "{class}: published {published}"
        );
    }
}

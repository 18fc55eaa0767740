//! Networks trained on processors of several kinds: with other vectors, and with one core.

mod folder;
mod pictures;

use folder::Folder;
use insta::assert_snapshot;
use pictures::three_classes;

const TRAIN: &str = "train p --network resnet20 --batch 7 --epochs 1 --quiet --output net.safetensors";

/// The bytes of the network that is trained where `variable` is `value`.
fn trained(folder: &Folder, variable: &str, value: &str) -> Vec<u8> {
    let told = folder
        .command()
        .args(TRAIN.split(' '))
        .arg("--overwrite")
        .env(variable, value)
        .output()
        .expect("the binary runs");
    assert!(
        told.status.success(),
        "{variable}={value}: {}",
        String::from_utf8_lossy(&told.stderr)
    );
    std::fs::read(folder.path("net.safetensors")).expect("it was written")
}

/// The numbers behind the header of a `.safetensors` file.
fn numbers(file: &[u8]) -> Vec<f32> {
    let (header, rest) = file.split_at(8);
    let header = u64::from_le_bytes(header.try_into().expect("8 bytes")) as usize;
    let values = rest[header..].as_chunks::<4>().0;
    values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[test]
fn a_network_has_the_same_bits_with_one_thread_and_with_three() {
    let folder = three_classes();
    let one = trained(&folder, "RAYON_NUM_THREADS", "1");
    let three = trained(&folder, "RAYON_NUM_THREADS", "3");
    assert!(
        one == three,
        "two files of {} and {} bytes",
        one.len(),
        three.len()
    );
}

#[test]
fn a_processor_without_avx_trains_the_same_network_but_for_rounding() {
    let folder = three_classes();
    let usual = numbers(&trained(&folder, "COUNTERPOISE_NOTHING", ""));
    let old = numbers(&trained(&folder, "COUNTERPOISE_VECTORS", "baseline"));
    assert_eq!(usual.len(), old.len());
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        assert!(usual != old, "other instructions round in another way");
    }
    // A step multiplies what rounding differs by, and some weights are large.
    let mut near = 0;
    for (usual, old) in usual.iter().zip(&old) {
        near += usize::from((usual - old).abs() < 1e-2 * (1.0 + usual.abs()));
    }
    assert!(
        near * 100 > usual.len() * 99,
        "{near} of {} are near",
        usual.len()
    );
}

#[test]
fn vectors_that_no_processor_has() {
    let folder = three_classes();
    let told = folder
        .command()
        .args(TRAIN.split(' '))
        .env("COUNTERPOISE_VECTORS", "sse9")
        .output()
        .expect("the binary runs");
    assert_eq!(told.status.code(), Some(2));
    assert!(!folder.path("net.safetensors").exists());
    insta::with_settings!({filters => vec![("one of: .*;", "one of: […];")]}, {
        assert_snapshot!(String::from_utf8_lossy(&told.stderr), @r"
        error: COUNTERPOISE_VECTORS is `sse9`, which this processor does not have
        hint: set it to one of: […]; or unset it for the fastest
        ");
    });
}

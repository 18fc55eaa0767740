//! The network that the authors of EOS published, where it is at hand.

use std::path::{Path, PathBuf};

use counterpoise_base::{ImageShape, Seed};
use counterpoise_deep::{Architecture, Classifier, DeviceKind, HeadKind, InputShape, read_weights};

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERPOISE_DATA").map(PathBuf::from);
    let found = folder.filter(|folder| folder.join("eos-checkpoint").is_dir());
    if found.is_none() {
        eprintln!("skipped: COUNTERPOISE_DATA has no eos-checkpoint");
    }
    found
}

fn norms(weight: &[f32], width: usize) -> Vec<f32> {
    let norm = |row: &[f32]| row.iter().map(|value| value * value).sum::<f32>().sqrt();
    weight.chunks_exact(width).map(norm).collect()
}

fn resnet(path: &Path) -> Classifier {
    let input = InputShape::Images(ImageShape::new(3, 32, 32));
    Classifier::new(
        Architecture::ResNet32,
        HeadKind::Linear,
        input,
        10,
        &Seed::new(0),
        DeviceKind::Cpu,
    )
    .and_then(|network| network.with_weights(&read_weights(path)?))
    .unwrap_or_else(|error| {
        panic!(
            "{error}: {:?}",
            read_weights(path).map(|w| w.0.into_keys().collect::<Vec<_>>())
        )
    })
}

#[test]
fn the_published_resnet_fits_and_has_the_published_norms() {
    let Some(data) = data() else { return };
    let network = resnet(&data.join("eos-checkpoint/resnet32_cifar10lt_ce_epoch133.pth"));
    assert_eq!(network.weights().parameters(), 464_154);
    let norms = norms(&network.weights().0["linear.weight"].values, 64);
    assert!(
        (norms[0] - 3.61).abs() < 0.01 && (norms[9] - 2.18).abs() < 0.01,
        "{norms:?}"
    );
}

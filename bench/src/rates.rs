//! How fast convolutions are, apart from networks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use counterpoise_kernels::{ConvShape, Level, convolve, spread, weight_gradient};
use serde_json::{Value, json};

/// Name; pictures, input channels, output channels, lines and columns, kernel, stride and padding: layers of ResNet-32, of DeepSMOTE's networks for 28x28,
/// and of larger ones that mirror each other. Layers of decoders are transposed: forwards is their gradient by input.
const LAYERS: [(&str, [usize; 7]); 17] = [
    ("resnet 3>16", [128, 3, 16, 32, 3, 1, 1]),
    ("resnet 16>16", [128, 16, 16, 32, 3, 1, 1]),
    ("resnet 16>32", [128, 16, 32, 32, 3, 2, 1]),
    ("resnet 32>32", [128, 32, 32, 16, 3, 1, 1]),
    ("resnet 32>64", [128, 32, 64, 16, 3, 2, 1]),
    ("resnet 64>64", [128, 64, 64, 8, 3, 1, 1]),
    ("encoder 1>64", [100, 1, 64, 28, 4, 2, 1]),
    ("encoder 64>128", [100, 64, 128, 14, 4, 2, 1]),
    ("encoder 128>256", [100, 128, 256, 7, 4, 2, 1]),
    ("encoder 256>512", [100, 256, 512, 3, 4, 2, 1]),
    ("decoder 1>128", [100, 1, 128, 28, 4, 2, 0]),
    ("decoder 128>256", [100, 128, 256, 13, 4, 1, 0]),
    ("decoder 256>512", [100, 256, 512, 10, 4, 1, 0]),
    ("mirror 3>128", [100, 3, 128, 32, 4, 2, 1]),
    ("mirror 128>256", [100, 128, 256, 16, 4, 2, 1]),
    ("mirror 256>512", [100, 256, 512, 8, 4, 2, 1]),
    ("mirror 512>1024", [100, 512, 1024, 4, 4, 2, 1]),
];

/// `{"rates": LEVEL}`: billions of operations a second of every layer, forwards, by input and by weights; with `"only": PART` of
/// those whose name has it.
pub(crate) fn measured(request: &Value) -> Result<Value> {
    let name = request["rates"].as_str().context("a name of instructions")?;
    let level = Level::ALL.into_iter().find(|level| level.name() == name);
    let Some(level) = level.filter(|level| level.is_there()) else {
        bail!("this processor has no `{name}`");
    };
    let only = request["only"].as_str().unwrap_or_default();
    let mut rates = Vec::new();
    for (name, numbers) in LAYERS {
        if !name.contains(only) {
            continue;
        }
        let [batch, inputs, outputs, size, kernel, stride, padding] = numbers;
        let shape = ConvShape::new(
            batch,
            [inputs, outputs],
            [size; 2],
            [kernel; 2],
            [stride; 2],
            [padding; 2],
        );
        let shape = shape.context("the kernel fits")?;
        let input = vec![0.5_f32; shape.input_len()];
        let weight = vec![0.5_f32; shape.weight_len()];
        let mut output = vec![0.5_f32; shape.output_len()];
        let (mut by_input, mut by_weight) = (input.clone(), weight.clone());
        let seconds = [
            fastest(|| convolve(level, &shape, &input, &weight, None, &mut output)),
            fastest(|| spread(level, &shape, &output, &weight, None, &mut by_input)),
            fastest(|| weight_gradient(level, &shape, &input, &output, &mut by_weight)),
        ];
        let operations = 2.0 * shape.multiplications() as f64 / 1e9;
        rates.push(json!({
            "layer": name,
            "shape": numbers,
            "rates": seconds.map(|seconds| operations / seconds),
        }));
    }
    Ok(json!({"layers": rates}))
}

/// Seconds of the fastest of many runs.
fn fastest(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut fastest = f64::INFINITY;
    while begun.elapsed() < Duration::from_millis(400) {
        let started = Instant::now();
        work();
        fastest = fastest.min(started.elapsed().as_secs_f64());
    }
    fastest
}

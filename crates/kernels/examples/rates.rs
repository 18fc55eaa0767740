//! Prints how fast convolutions are: milliseconds and billions of operations a second, forwards, by input and by weights.
//!
//! `cargo run --release -p counterpoise-kernels --example rates [PART OF A NAME]`; `RAYON_NUM_THREADS` says on how many threads.

#![expect(clippy::print_stdout, reason = "it is what it is for")]

use std::time::{Duration, Instant};

use counterpoise_kernels::{ConvShape, Level, convolve, spread, weight_gradient};

/// Seconds of the fastest of many runs.
fn fastest(mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut fastest = f64::INFINITY;
    while begun.elapsed() < Duration::from_millis(1500) {
        let started = Instant::now();
        work();
        fastest = fastest.min(started.elapsed().as_secs_f64());
    }
    fastest
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    // Name, pictures, channels, size, kernel, stride, padding: layers of ResNet-32, of DeepSMOTE's networks for 28x28 (those that
    // are transposed by their transposes: forwards is their gradient by input), and of larger ones that mirror each other.
    let layers = [
        ("resnet 3>16", 128, [3, 16], 32, 3, 1, 1),
        ("resnet 16>16", 128, [16, 16], 32, 3, 1, 1),
        ("resnet 16>32", 128, [16, 32], 32, 3, 2, 1),
        ("resnet 32>32", 128, [32, 32], 16, 3, 1, 1),
        ("resnet 32>64", 128, [32, 64], 16, 3, 2, 1),
        ("resnet 64>64", 128, [64, 64], 8, 3, 1, 1),
        ("encoder 1>64", 100, [1, 64], 28, 4, 2, 1),
        ("encoder 64>128", 100, [64, 128], 14, 4, 2, 1),
        ("encoder 128>256", 100, [128, 256], 7, 4, 2, 1),
        ("encoder 256>512", 100, [256, 512], 3, 4, 2, 1),
        ("decoder 1>128", 100, [1, 128], 28, 4, 2, 0),
        ("decoder 128>256", 100, [128, 256], 13, 4, 1, 0),
        ("decoder 256>512", 100, [256, 512], 10, 4, 1, 0),
        ("mirror 3>128", 100, [3, 128], 32, 4, 2, 1),
        ("mirror 128>256", 100, [128, 256], 16, 4, 2, 1),
        ("mirror 256>512", 100, [256, 512], 8, 4, 2, 1),
        ("mirror 512>1024", 100, [512, 1024], 4, 4, 2, 1),
    ];
    for level in Level::ALL.into_iter().rev().filter(|level| level.is_there()) {
        for (name, batch, channels, size, kernel, stride, padding) in layers {
            if !name.contains(&wanted) {
                continue;
            }
            let shape = ConvShape::new(batch, channels, [size; 2], [kernel; 2], [stride; 2], [padding; 2]);
            let shape = shape.expect("the kernel fits");
            let input = vec![0.5_f32; shape.input_len()];
            let weight = vec![0.5_f32; shape.weight_len()];
            let mut output = vec![0.5_f32; shape.output_len()];
            let forwards = fastest(|| convolve(level, &shape, &input, &weight, None, &mut output));
            let mut by_input = vec![0.0; shape.input_len()];
            let inputs = fastest(|| spread(level, &shape, &output, &weight, None, &mut by_input));
            let mut by_weight = vec![0.0; shape.weight_len()];
            let weights = fastest(|| weight_gradient(level, &shape, &input, &output, &mut by_weight));
            let operations = 2.0 * shape.multiplications() as f64 / 1e9;
            let told: Vec<String> = [forwards, inputs, weights]
                .iter()
                .map(|seconds| format!("{:8.2} ms {:6.1}", seconds * 1e3, operations / seconds))
                .collect();
            println!("{:8} {name:>16}: {}", format!("{level:?}"), told.join("  "));
        }
    }
}

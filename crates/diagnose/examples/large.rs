//! Times a whole analysis: `large ROWS WIDTH CLASSES [NEIGHBOR_ROWS]`, as many training as test rows.
//!
//! Classes are clouds around corners of their own, long-tailed in training; the head prefers their corners. Prints seconds and the
//! peak of memory.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example shows its result"
)]

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Instant;

use counterpoise_base::{Embeddings, Event, Labels, LinearHead, Observer, Seed};
use counterpoise_diagnose::{DiagnoseOptions, analyse};
use rayon::prelude::*;

/// Prints how long each task took.
struct Clock(Mutex<Instant>);

impl Observer for Clock {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        if let Event::Finished { task } = event {
            let mut last = self.0.lock().expect("no thread panicked");
            eprintln!("{:8.2} s  {task}", last.elapsed().as_secs_f64());
            *last = Instant::now();
        }
        ControlFlow::Continue(())
    }
}

/// Class `c` gets a share of rows that falls to a hundredth from the first to the last class, or all get as many.
fn sizes(rows: usize, classes: usize, tail: bool) -> Vec<usize> {
    let weight = |class: usize| {
        let place = class as f64 / (classes - 1).max(1) as f64;
        if tail { 0.01_f64.powf(place) } else { 1.0 }
    };
    let all: f64 = (0..classes).map(weight).sum();
    (0..classes)
        .map(|class| ((rows as f64 * weight(class) / all) as usize).max(2))
        .collect()
}

fn clouds(seed: &Seed, sizes: &[usize], width: usize) -> Embeddings {
    let codes: Vec<u32> = sizes
        .iter()
        .enumerate()
        .flat_map(|(class, &size)| std::iter::repeat_n(class as u32, size))
        .collect();
    let mut values = vec![0.0_f32; codes.len() * width];
    values
        .par_chunks_mut(width)
        .enumerate()
        .for_each(|(row, values)| {
            let mut random = seed.child(row as u64).rng();
            for (feature, value) in values.iter_mut().enumerate() {
                let corner = is_corner(codes[row] as usize, feature);
                let centre = if corner { 1.0 } else { 0.2 };
                // Cheap noise: as large an array is wanted soon.
                *value = (centre + 2.0 * (random.fraction() - 0.5)).max(0.0) as f32;
            }
        });
    let names = (0..sizes.len()).map(|class| format!("class {class}")).collect();
    Embeddings::new(values, width, Labels::from_codes(names, codes))
}

/// Whether a class is large in a feature: in one of eight.
fn is_corner(class: usize, feature: usize) -> bool {
    let mixed = (class * 0x9E37_79B9) ^ (feature * 0x85EB_CA6B);
    (mixed.wrapping_mul(0xC2B2_AE35) >> 16).is_multiple_of(8)
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or("unknown".into(), |line| line[6..].trim().to_owned())
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("a number"))
        .collect();
    let [rows, width, classes] = [0, 1, 2].map(|place| numbers.get(place).copied());
    let (rows, width, classes) = (rows.unwrap_or(10_000), width.unwrap_or(64), classes.unwrap_or(10));
    let seed = Seed::new(1);
    let train = clouds(&seed.child("train"), &sizes(rows, classes, true), width);
    let test = clouds(&seed.child("test"), &sizes(rows, classes, false), width);
    let weight = (0..classes * width)
        .map(|place| {
            if is_corner(place / width, place % width) {
                0.5
            } else {
                -0.1
            }
        })
        .collect();
    let head = LinearHead::new(weight, vec![0.0; classes], width);
    println!(
        "arrays of {} and {} rows stand; peak {}",
        train.len(),
        test.len(),
        peak()
    );
    let options = DiagnoseOptions::default().with_neighbor_rows(numbers.get(3).copied());
    let begin = Instant::now();
    let found =
        analyse(Some(&train), &test, &head, &options, &Clock(Mutex::new(begin))).expect("an analysis");
    println!("{:.2} s, peak {}", begin.elapsed().as_secs_f64(), peak());
    println!(
        "balanced accuracy {:.3}",
        found.test.balanced_accuracy.unwrap_or(f64::NAN)
    );
    found
        .warnings
        .iter()
        .for_each(|warning| println!("warning: {}", warning.message));
    found
        .findings
        .iter()
        .take(8)
        .for_each(|finding| println!("{}", finding.text));
}

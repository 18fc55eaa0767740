//! `cargo bench -p counterpoise-metrics`: intervals of ten measures by draws, rows and classes.

use std::hint::black_box;
use std::time::Duration;

use counterpoise_base::Seed;
use counterpoise_metrics::{Bootstrap, Measure, Predictions};
use criterion::{Criterion, criterion_group, criterion_main};

const MEASURES: [&str; 10] = [
    "accuracy",
    "balanced-accuracy",
    "f1-macro",
    "g-mean",
    "mcc",
    "roc-auc",
    "average-precision",
    "brier",
    "log-loss",
    "ece",
];

struct Rows {
    classes: Vec<String>,
    truth: Vec<u32>,
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
}

/// One row in ten is of another class than the first.
fn rows(n: usize, c: usize) -> Rows {
    let mut random = Seed::new(1).child("bench").rng();
    let mut rows = Rows {
        classes: (0..c).map(|class| class.to_string()).collect(),
        truth: Vec::new(),
        predicted: Vec::new(),
        probabilities: Vec::new(),
    };
    for row in 0..n {
        let truth = if row % 10 == 0 { 1 + row / 10 % (c - 1) } else { 0 };
        let scores: Vec<f64> = (0..c)
            .map(|class| (random.normal() + if class == truth { 1.5 } else { 0.0 }).exp())
            .collect();
        let sum: f64 = scores.iter().sum();
        let best = (0..c).fold(
            0,
            |best, class| if scores[class] > scores[best] { class } else { best },
        );
        rows.truth.push(truth as u32);
        rows.predicted.push(best as u32);
        rows.probabilities.extend(scores.iter().map(|score| score / sum));
    }
    rows
}

fn bootstrap(criterion: &mut Criterion) {
    let measures: Vec<Measure> = MEASURES
        .iter()
        .map(|name| name.parse().expect("a known name"))
        .collect();
    for (draws, n, c) in [(10_000, 50_000, 2), (1000, 50_000, 2), (1000, 50_000, 10)] {
        let rows = rows(n, c);
        let p = Predictions::new(&rows.classes, &rows.truth, &rows.predicted)
            .and_then(|p| p.with_probabilities(&rows.probabilities))
            .expect("good rows");
        let mut group = criterion.benchmark_group("bootstrap");
        group.sample_size(10).measurement_time(Duration::from_secs(3));
        group.bench_function(format!("draws={draws},measures=10,n={n},c={c}"), |bencher| {
            let bootstrap = Bootstrap::new(1).with_draws(draws);
            bencher.iter(|| black_box(bootstrap.intervals(&measures, &p, &())));
        });
    }
}

criterion_group!(benches, bootstrap);
criterion_main!(benches);

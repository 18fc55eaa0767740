//! `cargo bench -p counterpoise-metrics --bench groups`: an audit's intervals by draws, rows, groups and measures.

use std::hint::black_box;
use std::time::Duration;

use counterpoise_base::{Groups, Seed};
use counterpoise_metrics::{Bootstrap, GroupMeasure, GroupedRows, IntervalKind, Predictions, Rate};
use criterion::{Criterion, criterion_group, criterion_main};

struct Rows {
    classes: Vec<String>,
    truth: Vec<u32>,
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
    groups: Groups,
}

/// Groups of unequal sizes, later ones less often favoured.
fn rows(n: usize, groups: usize) -> Rows {
    let mut random = Seed::new(1).child("bench").rng();
    let mut rows = Rows {
        classes: vec!["bad".into(), "good".into()],
        truth: Vec::new(),
        predicted: Vec::new(),
        probabilities: Vec::new(),
        groups: Groups::from_codes(Vec::new(), Vec::new()),
    };
    let mut codes = Vec::new();
    for _ in 0..n {
        let group = (random.fraction().powi(2) * groups as f64) as u32;
        let truth = u32::from(random.fraction() < 0.4 - 0.2 * f64::from(group) / groups as f64);
        let score = 1.0 / (1.0 + (0.8 * random.normal() + 1.0 - 2.0 * f64::from(truth)).exp());
        codes.push(group);
        rows.truth.push(truth);
        rows.predicted.push(u32::from(score > 0.5));
        rows.probabilities.extend([1.0 - score, score]);
    }
    rows.groups = Groups::from_codes((0..groups).map(|group| group.to_string()).collect(), codes);
    rows
}

fn audit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    let rows = rows(50_000, 8);
    let predictions = Predictions::new(&rows.classes, &rows.truth, &rows.predicted)
        .and_then(|p| p.with_probabilities(&rows.probabilities))
        .expect("good rows");
    let grouped = GroupedRows::new(predictions, &rows.groups, "good")
        .and_then(|rows| rows.with_privileged("0"))
        .expect("a class and a group that are there");
    let mut measures = GroupMeasure::defaults();
    measures.extend(
        [
            "fair-utility-max-min",
            "equalized-odds-max-min",
            "average-odds-max-min",
            "demographic-parity-ratio",
            "f1-group-min",
        ]
        .map(|name| name.parse::<GroupMeasure>().expect("a known name")),
    );
    let rates: Vec<Rate> = Rate::of_predictions().collect();
    measures.extend(GroupMeasure::of_each_group(&rates, &rows.groups));
    for kind in [IntervalKind::Percentile, IntervalKind::Bca] {
        let name = format!(
            "draws=10000,n=50000,groups=8,measures={},{kind:?}",
            measures.len()
        );
        group.bench_function(name, |bencher| {
            let bootstrap = Bootstrap::new(1).with_draws(10_000).with_kind(kind);
            bencher.iter(|| black_box(bootstrap.group_intervals(&measures, &grouped, &())));
        });
    }
    // With scores that all differ, rows are drawn one by one.
    measures.extend(
        ["roc-auc-group-min", "mean-score-max-min"]
            .map(|name| name.parse::<GroupMeasure>().expect("a known name")),
    );
    group.bench_function("draws=200,n=50000,groups=8,scores", |bencher| {
        let bootstrap = Bootstrap::new(1)
            .with_draws(200)
            .with_kind(IntervalKind::Percentile);
        bencher.iter(|| black_box(bootstrap.group_intervals(&measures, &grouped, &())));
    });
    group.finish();
}

criterion_group!(benches, audit);
criterion_main!(benches);

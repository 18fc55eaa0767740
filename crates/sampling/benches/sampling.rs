//! `cargo bench -p counterpoise-sampling`: methods by their sizes, a tenth of the rows in the small class.

use std::hint::black_box;
use std::time::Duration;

use counterpoise_base::{Features, Labeled, Labels, Random, Seed};
use counterpoise_sampling::{Method, Resample, Run};
use criterion::{Criterion, criterion_group, criterion_main};

fn methods(criterion: &mut Criterion) {
    for (rows, columns) in [(20_000, 10), (20_000, 50)] {
        let mut random: Random = Seed::new(1).child("bench").rng();
        let data: Vec<f64> = (0..rows * columns).map(|_| random.normal()).collect();
        let classes: Vec<&str> = (0..rows)
            .map(|row| if row % 10 == 0 { "yes" } else { "no" })
            .collect();
        let labels = Labels::from_names(&classes);
        let groups: Vec<&str> = (0..rows)
            .map(|row| if row % 7 < 3 { "women" } else { "men" })
            .collect();
        let groups = Labels::from_names(&groups);
        for name in Method::names().iter().filter(|name| **name != "smotenc") {
            let method = Method::from_name(name).expect("a listed name");
            let mut labeled = Labeled::new(Features::from_rows(&data, columns), &labels);
            labeled.groups = Some(&groups);
            let mut group = criterion.benchmark_group(*name);
            group.sample_size(10).measurement_time(Duration::from_secs(3));
            group.bench_function(format!("n={rows},d={columns}"), |bencher| {
                bencher.iter(|| black_box(method.resample(&labeled, &Run::new(1)).expect("rows are made")));
            });
        }
    }
}

/// Fair-SMOTE and situation testing on as many rows as Adult has, in cells of its sizes.
fn fair_smote(criterion: &mut Criterion) {
    let cells = [
        ("no", 0, 11_579),
        ("no", 1, 18_146),
        ("yes", 0, 1_401),
        ("yes", 1, 7_947),
    ];
    let columns = 10;
    let mut random: Random = Seed::new(2).child("bench").rng();
    let (mut data, mut classes, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for (class, group, rows) in cells {
        for _ in 0..rows {
            data.push(f64::from(group));
            data.extend((1..columns).map(|_| random.normal() + f64::from(u8::from(class == "yes"))));
            classes.push(class);
            groups.push(if group == 0 { "women" } else { "men" });
        }
    }
    let (labels, groups) = (Labels::from_names(&classes), Labels::from_names(&groups));
    let mut features = Features::from_rows(&data, columns).columns().to_vec();
    features[0].copied = true;
    let mut labeled = Labeled::new(Features::new(classes.len(), features), &labels);
    labeled.groups = Some(&groups);
    let method = Method::from_name("fair-smote").expect("a listed name");
    let mut group = criterion.benchmark_group("fair-smote");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    group.bench_function("cells of Adult, n=39073,d=10", |bencher| {
        bencher.iter(|| black_box(method.resample(&labeled, &Run::new(1)).expect("rows are made")));
    });
}

criterion_group!(benches, methods, fair_smote);
criterion_main!(benches);

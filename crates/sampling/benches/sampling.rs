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
            .map(|row| if row % 10 == 0 { "few" } else { "many" })
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

criterion_group!(benches, methods);
criterion_main!(benches);

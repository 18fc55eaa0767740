//! Searches of all rows among themselves, named by their sizes.

use std::hint::black_box;

use counterpoise_base::{Features, Seed};
use counterpoise_neighbors::{Engine, Metric, MissingValues, Rows, Search, Space};
use criterion::{Criterion, criterion_group, criterion_main};

fn searches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("self-join");
    group.sample_size(10);
    for (n, d) in [(20_000, 3), (20_000, 10), (20_000, 50)] {
        let mut random = Seed::new(1).rng();
        let data: Vec<f64> = (0..n * d).map(|_| random.normal()).collect();
        let features = Features::from_rows(&data, d);
        let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse).expect("finite");
        for engine in [Engine::Brute, Engine::Tree] {
            group.bench_function(format!("{engine:?}/n={n},d={d},k=5").to_lowercase(), |bencher| {
                let search = Search::new(5).with_engine(engine);
                bencher.iter(|| black_box(search.neighbors(&space, Rows::All, Rows::All, &())));
            });
        }
    }
}

criterion_group!(benches, searches);
criterion_main!(benches);

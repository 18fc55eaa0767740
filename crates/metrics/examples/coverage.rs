//! How often intervals hold the true value: `cargo run --release -p counterpoise-metrics --example coverage`.
//!
//! Scores of the rare class are normal around 1.5, of the others around 0, both with variance 1; the probability is
//! the true one, and a row is taken for rare where its probability is above the share of rare rows. True values come
//! from 4,000,000 rows.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use counterpoise_base::{Random, Seed};
use counterpoise_metrics::{Bootstrap, Error, Estimate, IntervalKind, Measure, Predictions};
use rayon::prelude::*;

const DISTANCE: f64 = 1.5;
const DRAWS: usize = 500;
const SIMULATIONS: usize = 1000;
const MEASURES: [&str; 9] = [
    "balanced-accuracy",
    "precision:rare",
    "recall:rare",
    "f1:rare",
    "mcc",
    "roc-auc:rare",
    "average-precision:rare",
    "brier",
    "log-loss",
];

struct Rows {
    truth: Vec<u32>,
    predicted: Vec<u32>,
    probabilities: Vec<f64>,
}

fn rows(random: &mut Random, n: usize, share: f64) -> Rows {
    let mut rows = Rows {
        truth: Vec::with_capacity(n),
        predicted: Vec::with_capacity(n),
        probabilities: Vec::with_capacity(2 * n),
    };
    for _ in 0..n {
        let rare = random.fraction() < share;
        let x = random.normal() + if rare { DISTANCE } else { 0.0 };
        // Bayes: the odds times the ratio of the two densities.
        let odds = share / (1.0 - share) * (DISTANCE * (x - DISTANCE / 2.0)).exp();
        let probability = odds / (1.0 + odds);
        rows.truth.push(u32::from(rare));
        rows.predicted.push(u32::from(probability > share));
        rows.probabilities.extend([1.0 - probability, probability]);
    }
    rows
}

impl Rows {
    fn view<'a>(&'a self, classes: &'a [String]) -> Result<Predictions<'a>, Error> {
        Predictions::new(classes, &self.truth, &self.predicted)?.with_probabilities(&self.probabilities)
    }
}

#[derive(Default, Clone, Copy)]
struct Tally {
    given: f64,
    held: f64,
    width: f64,
}

impl Tally {
    fn add(&mut self, estimate: &Estimate, truth: f64) {
        if let Some((low, high)) = estimate.interval {
            self.given += 1.0;
            self.width += high - low;
            self.held += if (low..=high).contains(&truth) { 1.0 } else { 0.0 };
        }
    }

    fn print(self) -> String {
        format!(
            "{:.1} % | {:.3}",
            100.0 * self.held / self.given,
            self.width / self.given
        )
    }
}

fn main() -> Result<(), Error> {
    let classes = ["common".to_owned(), "rare".to_owned()];
    let measures: Vec<Measure> = MEASURES
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    println!("Written by `cargo run --release -p counterpoise-metrics --example coverage`:");
    println!(
        "{SIMULATIONS} simulations, {DRAWS} draws each, intervals that should hold the true value in 95.0 %."
    );
    println!();
    println!(
        "| measure | rare | rows | rare rows | true value | percentile holds | width | BCa holds | width | absent |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for share in [0.5, 0.1, 0.02] {
        let root = Seed::new(1).child("coverage").child((share * 1000.0) as u64);
        let many = rows(&mut root.child("truth").rng(), 4_000_000, share);
        let many = many.view(&classes)?;
        let truths: Vec<f64> = measures
            .iter()
            .map(|measure| measure.value(&many).unwrap_or(f64::NAN))
            .collect();
        for n in [200, 1000, 5000] {
            let results = (0..SIMULATIONS as u64)
                .into_par_iter()
                .map(|simulation| {
                    let branch = root.child(n as u64).child(simulation);
                    let rows = rows(&mut branch.child("rows").rng(), n, share);
                    let view = rows.view(&classes)?;
                    let of = |kind| {
                        Bootstrap::new(branch.number())
                            .with_draws(DRAWS)
                            .with_kind(kind)
                            .intervals(&measures, &view, &())
                    };
                    Ok((of(IntervalKind::Percentile)?, of(IntervalKind::Bca)?))
                })
                .collect::<Result<Vec<_>, Error>>()?;
            for (place, name) in MEASURES.iter().enumerate() {
                let (mut percentile, mut bca) = (Tally::default(), Tally::default());
                for (one, other) in &results {
                    percentile.add(&one[place], truths[place]);
                    bca.add(&other[place], truths[place]);
                }
                println!(
                    "| {name} | {:.0} % | {n} | {:.0} | {:.3} | {} | {} | {:.1} % |",
                    100.0 * share,
                    share * n as f64,
                    truths[place],
                    percentile.print(),
                    bca.print(),
                    100.0 * (1.0 - bca.given / SIMULATIONS as f64)
                );
            }
        }
    }
    Ok(())
}

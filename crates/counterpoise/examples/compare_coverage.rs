//! How often the intervals and verdicts of `compare` are right:
//! `cargo run --release -p counterpoise --example compare_coverage`, with `-- --quick` for a first look.
//!
//! Features of the rare class are normal around (0.9, 0.7, 0.5, 0.3, 0), of the others around 0, all with variance 1,
//! and one category is three times as frequent in the rare class. The true value of a method is the mean measure of
//! models that are trained on as many new rows as a fold trains on, and tested on 10 000 new rows.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use counterpoise::{
    Candidate, Compare, ComparedMethod, Comparison, Experiment, Learner, Measure, Method, Missing, Prepared,
    ReadOptions, Resample as _, Roles, Run, State, compare, prepare, read_bytes, stratified_k_fold,
};
use counterpoise_base::{Labeled, Labels, OutputRow, Random, RowKeys, Seed};
use counterpoise_learn::{Decision, Design, Encoder, Objective, Training};
use counterpoise_metrics::{Evaluator, Predictions};
use rayon::prelude::*;

type Failure = Box<dyn Error + Send + Sync>;

const CENTRE: [f64; 5] = [0.9, 0.7, 0.5, 0.3, 0.0];
const METHODS: [&str; 5] = ["none", "weights", "threshold", "random-under-sampler", "smote"];
/// The first one decides.
const MEASURES: [&str; 4] = [
    "balanced-accuracy",
    "roc-auc:rare",
    "average-precision:rare",
    "brier",
];
const FOLDS: usize = 5;
const DRAWS: usize = 400;
const TESTED: usize = 10_000;

fn table(random: &mut Random, rows: usize, share: f64) -> String {
    let mut text = String::from("a,b,c,d,e,kind,class\n");
    for _ in 0..rows {
        let rare = random.fraction() < share;
        for centre in CENTRE {
            let x = random.normal() + if rare { centre } else { 0.0 };
            let _ = write!(text, "{x:.6},");
        }
        let odd = random.fraction() < if rare { 0.3 } else { 0.1 };
        let kind = if odd {
            "odd"
        } else if random.fraction() < 0.5 {
            "plain"
        } else {
            "usual"
        };
        let class = if rare { "rare" } else { "common" };
        let _ = writeln!(text, "{kind},{class}");
    }
    text
}

fn prepared(text: String) -> Result<Prepared, Failure> {
    let roles = Roles {
        target: "class".into(),
        ..Roles::default()
    };
    let read = read_bytes("rows.csv", text.into(), &ReadOptions::default())?;
    Ok(prepare(read.table, &roles, Missing::Error)?)
}

fn experiment(repeats: usize) -> Result<Experiment, Failure> {
    let text = "seed = 1\n[data]\npath = 'rows.csv'\ntarget = 'class'\n[compare]\n";
    let mut experiment = Experiment::merged("the example", text, Vec::new())?;
    let mut wanted = Compare::default();
    wanted.methods = METHODS
        .iter()
        .map(|name| Candidate::from_name(name))
        .collect::<Result<_, _>>()?;
    wanted.models = vec![Learner::from_name("logistic")?];
    wanted.measures = MEASURES
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    wanted.folds = FOLDS;
    wanted.repeats = repeats;
    wanted.draws = DRAWS;
    // One fit at a time: tables are compared side by side already.
    wanted.memory_mib = 0;
    experiment.compare = Some(wanted);
    Ok(experiment)
}

/// A model with a method, trained on the first rows of a table.
struct Trainer<'a> {
    learner: Learner,
    encoder: Encoder,
    design: Design,
    labels: Labels,
    all: &'a Prepared,
    rows: Vec<usize>,
    seed: Seed,
}

impl Trainer<'_> {
    fn fit(
        &self,
        design: &Design,
        labels: &[u32],
        weights: Option<&[f64]>,
        on: &Design,
    ) -> Result<Vec<f64>, Failure> {
        let classes = self.labels.classes();
        let training = Training {
            design,
            labels,
            classes,
            weights,
            groups: None,
        };
        Ok(self.learner.fit(&training, &self.seed)?.probabilities(on)?)
    }

    /// Probabilities and decisions for the rows of `test`.
    fn predict(&self, method: &str, test: &Design) -> Result<(Vec<f64>, Vec<u32>), Failure> {
        let codes = self.labels.codes();
        let counts = self.labels.counts();
        let plain = Decision::plain(2);
        let (probabilities, decision) = match method {
            "weights" => {
                let weight = |&label: &u32| codes.len() as f64 / (2.0 * counts[label as usize] as f64);
                let weights: Vec<f64> = codes.iter().map(weight).collect();
                (self.fit(&self.design, codes, Some(&weights), test)?, plain)
            }
            "threshold" => {
                let mut held_out = vec![0.0; 2 * codes.len()];
                for part in stratified_k_fold(&self.labels, 3, &self.seed)? {
                    let mut inside = vec![true; codes.len()];
                    part.iter().for_each(|&row| inside[row] = false);
                    let train: Vec<usize> = (0..codes.len()).filter(|&row| inside[row]).collect();
                    let labels: Vec<u32> = train.iter().map(|&row| codes[row]).collect();
                    let (from, to) = (self.design.of_rows(&train), self.design.of_rows(&part));
                    let values = self.fit(&from, &labels, None, &to)?;
                    for (&row, values) in part.iter().zip(values.chunks_exact(2)) {
                        held_out[2 * row..][..2].copy_from_slice(values);
                    }
                }
                let decision = Decision::tune(Objective::BalancedAccuracy, &held_out, codes, 2, None);
                (self.fit(&self.design, codes, None, test)?, decision)
            }
            "none" => (self.fit(&self.design, codes, None, test)?, plain),
            name => {
                let (design, labels) = self.resampled(name)?;
                (self.fit(&design, &labels, None, test)?, plain)
            }
        };
        let predicted = decision.decide(&probabilities);
        Ok((probabilities, predicted))
    }

    fn resampled(&self, name: &str) -> Result<(Design, Vec<u32>), Failure> {
        let mut run = Run::new(0);
        run.seed = self.seed.child("resample");
        let data = Labeled {
            features: self.all.features().of_rows(&self.rows),
            labels: &self.labels,
            groups: None,
            keys: RowKeys::Position,
            weights: None,
        };
        let made = Method::from_name(name)?.resample(&data, &run)?;
        let place = |row: OutputRow| match row {
            OutputRow::Kept(row) => row,
            OutputRow::Synthetic(row) => self.rows.len() + row,
        };
        let label = |row: OutputRow| match row {
            OutputRow::Kept(row) => self.labels.codes()[row],
            OutputRow::Synthetic(row) => made.origin[row].class,
        };
        let order: Vec<usize> = made.rows().map(place).collect();
        let design = if made.origin.is_empty() {
            self.design.of_rows(&order)
        } else {
            let synthetic = self.encoder.encode(&data.features.synthetic(&made.synthetic));
            self.design.followed_by(&synthetic).of_rows(&order)
        };
        Ok((design, made.rows().map(label).collect()))
    }
}

/// The measures of each method, trained on `rows` new rows and tested on many; none if a class has too few rows.
fn one_truth(
    share: f64,
    rows: usize,
    seed: &Seed,
    measures: &[Measure],
) -> Result<Option<Vec<Vec<f64>>>, Failure> {
    let all = prepared(table(&mut seed.rng(), rows + TESTED, share))?;
    let labels = |rows: &[usize]| {
        let codes = rows.iter().map(|&row| all.labels.codes()[row]).collect();
        Labels::from_codes(all.labels.classes().to_vec(), codes)
    };
    let (train, test): (Vec<usize>, Vec<usize>) = (0..rows + TESTED).partition(|&row| row < rows);
    let features = all.features().of_rows(&train);
    let encoder = Encoder::fit(&features);
    let trainer = Trainer {
        learner: Learner::from_name("logistic")?,
        design: encoder.encode(&features),
        labels: labels(&train),
        all: &all,
        rows: train,
        seed: seed.child("fit"),
        encoder,
    };
    // Below this, `compare` asks for fewer folds.
    if trainer.labels.counts().iter().any(|&count| count < FOLDS - 1) {
        return Ok(None);
    }
    let truth = labels(&test);
    let test = trainer.encoder.encode(&all.features().of_rows(&test));
    let of = |method: &&str| {
        let (probabilities, predicted) = trainer.predict(method, &test)?;
        let rows = Predictions::new(truth.classes(), truth.codes(), &predicted)?;
        let rows = rows.with_probabilities(&probabilities)?;
        Ok(Evaluator::new(measures, &rows, None)?.original())
    };
    METHODS.iter().map(of).collect::<Result<_, _>>().map(Some)
}

/// By method and measure.
fn truth(share: f64, rows: usize, times: usize, seed: &Seed) -> Result<Vec<Vec<f64>>, Failure> {
    let measures: Vec<Measure> = MEASURES
        .iter()
        .map(|name| name.parse())
        .collect::<Result<_, _>>()?;
    let all = (0..times as u64)
        .into_par_iter()
        .map(|time| one_truth(share, rows, &seed.child(time), &measures))
        .collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Vec<Vec<f64>>> = all.into_iter().flatten().collect();
    let mean = |method: usize, measure: usize| {
        all.iter().map(|values| values[method][measure]).sum::<f64>() / all.len() as f64
    };
    let of_method = |method| (0..MEASURES.len()).map(|measure| mean(method, measure)).collect();
    Ok((0..METHODS.len()).map(of_method).collect())
}

#[derive(Default)]
struct Tally {
    given: f64,
    held: f64,
    width: f64,
    values: Vec<f64>,
    truth: f64,
}

impl Tally {
    fn add(&mut self, value: Option<f64>, interval: Option<(f64, f64)>, truth: f64) {
        self.values.extend(value);
        self.truth = truth;
        if let Some((low, high)) = interval {
            self.given += 1.0;
            self.width += high - low;
            // Differences that are 0 by construction are so up to rounding.
            self.held += f64::from(u8::from(low - 1e-12 <= truth && truth <= high + 1e-12));
        }
    }

    fn holds(&self) -> String {
        format!(
            "{:.1} % | {:.3}",
            100.0 * self.held / self.given,
            self.width / self.given
        )
    }

    /// Standard deviation over tables, by that which the mean width stands for.
    fn spread(&self) -> String {
        let n = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / n;
        let square = self
            .values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0);
        let meant = self.width / self.given / (2.0 * 1.96);
        if meant < 1e-9 {
            "-".into()
        } else {
            format!(
                "{:.2}, {:+.1}",
                square.sqrt() / meant,
                (mean - self.truth) / meant
            )
        }
    }
}

fn percent(part: usize, of: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / of as f64)
}

fn heads(first: &[&str], each: &[&str]) -> String {
    let mut line = String::from("| rare | rows | repeats | measure |");
    first.iter().for_each(|method| {
        each.iter().for_each(|head| {
            let _ = write!(line, " {method}{head} |");
        });
    });
    let columns = line.matches('|').count() - 1;
    format!("{line}\n{}|", "|---".repeat(columns))
}

#[derive(Default)]
struct Lines {
    truths: String,
    values: String,
    differences: String,
    spreads: String,
    verdicts: String,
}

fn tally(lines: &mut Lines, start: &str, truths: &[Vec<f64>], results: &[Comparison]) {
    let of = |comparison: &Comparison, method: usize| -> Option<ComparedMethod> {
        let all = &comparison.models.first()?.methods;
        all.iter().find(|other| other.method == METHODS[method]).cloned()
    };
    let mut alarms = String::new();
    for (measure, name) in MEASURES.iter().enumerate() {
        let sign = if *name == "brier" { -1.0 } else { 1.0 };
        let mut values: Vec<Tally> = METHODS.iter().map(|_| Tally::default()).collect();
        let mut differences: Vec<Tally> = METHODS.iter().map(|_| Tally::default()).collect();
        let (mut all_given, mut all_held, mut alarmed) = (0, 0, 0);
        for comparison in results {
            let (mut held, mut given, mut better) = (true, true, false);
            for method in 0..METHODS.len() {
                let Some(score) = of(comparison, method).map(|of| of.scores[measure].clone()) else {
                    given = false;
                    continue;
                };
                values[method].add(score.value, score.interval, truths[method][measure]);
                if method > 0 {
                    let truth = truths[method][measure] - truths[0][measure];
                    differences[method].add(score.difference, score.difference_interval, truth);
                    match score.simultaneous_interval {
                        Some((low, high)) => {
                            held &= low - 1e-12 <= truth && truth <= high + 1e-12;
                            better |= if sign > 0.0 { low > 0.0 } else { high < 0.0 };
                        }
                        None => given = false,
                    }
                }
            }
            all_given += usize::from(given);
            all_held += usize::from(held && given);
            alarmed += usize::from(better);
        }
        let row = |cells: Vec<String>| format!("{start} {name} | {} |\n", cells.join(" | "));
        lines.values += &row(values.iter().map(Tally::holds).collect());
        let mut cells: Vec<String> = differences[1..].iter().map(Tally::holds).collect();
        cells.push(percent(all_held, all_given));
        lines.differences += &row(cells);
        let spreads = values.iter().chain(&differences[1..]).map(Tally::spread);
        lines.spreads += &row(spreads.collect());
        if measure > 0 {
            let _ = write!(alarms, " {} |", percent(alarmed, results.len()));
        }
    }
    let kind = |wanted: &str, method: Option<&str>| {
        let fits = |comparison: &&Comparison| {
            let verdict = &comparison.models[0].verdict;
            let kind = serde_json::to_value(verdict.kind).ok();
            kind.as_ref().and_then(|kind| kind.as_str()) == Some(wanted)
                && method.is_none_or(|method| verdict.method == method)
        };
        percent(results.iter().filter(fits).count(), results.len())
    };
    let _ = writeln!(
        lines.verdicts,
        "{start} {} | {} | {} | {} |{alarms}",
        kind("do-nothing", None),
        kind("do-not-resample", Some("weights")),
        kind("do-not-resample", Some("threshold")),
        kind("resample", None),
    );
}

fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let start = Instant::now();
    // Rows, tables, and training sets behind the true value.
    let sizes: &[(usize, usize, usize)] = if quick {
        &[(400, 100, 60)]
    } else {
        &[(400, 500, 400), (1000, 300, 300), (4000, 200, 100)]
    };
    let mut lines = Lines::default();
    let left_out = AtomicUsize::new(0);
    for share in [0.1, 0.03] {
        for &(rows, tables, trainings) in sizes {
            let seed = Seed::new(1)
                .child("compare-coverage")
                .child((share * 100.0) as u64)
                .child(rows as u64);
            let truths = truth(share, rows - rows / FOLDS, trainings, &seed.child("truth"))?;
            for (measure, name) in MEASURES.iter().enumerate() {
                let cells: Vec<String> = truths.iter().map(|of| format!("{:.4}", of[measure])).collect();
                let _ = writeln!(
                    lines.truths,
                    "| {:.0} % | {rows} | | {name} | {} |",
                    100.0 * share,
                    cells.join(" | ")
                );
            }
            for repeats in [1, 3] {
                let tables = if repeats == 3 {
                    tables.min(300) * 2 / 3
                } else {
                    tables
                };
                let experiment = experiment(repeats)?;
                let results = (0..tables as u64)
                    .into_par_iter()
                    .map(|table_number| {
                        let branch = seed.child("table").child(table_number);
                        let prepared = prepared(table(&mut branch.rng(), rows, share))?;
                        if prepared.labels.counts().iter().any(|&count| count < FOLDS) {
                            left_out.fetch_add(1, Ordering::Relaxed);
                            return Ok(None);
                        }
                        let mut own = experiment.clone();
                        own.seed = branch.number();
                        Ok(Some(compare(&own, &prepared, &State::Nowhere, &())?))
                    })
                    .collect::<Result<Vec<_>, Failure>>()?;
                let results: Vec<Comparison> = results.into_iter().flatten().collect();
                let start = format!("| {:.0} % | {rows} | {repeats} |", 100.0 * share);
                tally(&mut lines, &start, &truths, &results);
            }
        }
    }
    println!(
        "Written by `cargo run --release -p counterpoise --example compare_coverage{}`:",
        if quick { " -- --quick" } else { "" }
    );
    println!(
        "intervals that should hold the true value in 95.0 %, logistic regression, {FOLDS} folds, {DRAWS} draws."
    );
    println!("\nTrue values\n\n{}\n{}", heads(&METHODS, &[""]), lines.truths);
    println!(
        "Intervals of measures\n\n{}\n{}",
        heads(&METHODS, &[" holds", " width"]),
        lines.values
    );
    let mut head = heads(&METHODS[1..], &[" holds", " width"]);
    head = head.replacen('\n', " all at once hold |\n", 1) + "---|";
    println!(
        "Intervals of differences to `none`\n\n{head}\n{}",
        lines.differences
    );
    let names: Vec<String> = METHODS
        .iter()
        .map(ToString::to_string)
        .chain(METHODS[1..].iter().map(|name| format!("{name} - none")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    println!(
        "Standard deviation over tables, and mean error, as multiples of the standard error that intervals assume\n\n{}\n{}",
        heads(&names, &[""]),
        lines.spreads
    );
    println!(
        "Verdicts\n\n| rare | rows | repeats | do nothing | weights | threshold | resample | false alarm, ROC-AUC | average precision | Brier |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|\n{}", lines.verdicts);
    println!(
        "{} tables had fewer than {FOLDS} rare rows and were left out. {} s.",
        left_out.into_inner(),
        start.elapsed().as_secs()
    );
    Ok(())
}

//! Networks on the two bundled tables, on the folds of `compare --folds 5 --repeats 2`: balanced accuracy, for
//! docs/guide/tables-network.md, where those of `compare` stand beside them.
//!
//! `cargo run --release -p counterpoise --example networks_on_tables`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::fmt::Write as _;
use std::path::Path;

use counterpoise::bundled::{Bundled, GERMAN_CREDIT, YEAST};
use counterpoise::{TableExperiment, train_table};
use counterpoise_base::{Seed, Table};
use counterpoise_data::{stratified_k_fold, texts_of};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// The same seed as that of `compare` unless it is given another.
const SEED: u64 = 42;

/// Names, and what is added to `[train]`.
const SETTINGS: [(&str, &str); 5] = [
    ("network", ""),
    ("--sampler class-balanced", "sampler = \"class-balanced\""),
    ("--loss balanced-softmax", "loss = \"balanced-softmax\""),
    (
        "--loss balanced-softmax --mix mixup",
        "loss = \"balanced-softmax\"\nmix = \"mixup\"",
    ),
    (
        "--loss ldam --set train.loss.drw={}",
        "loss = { name = \"ldam\", drw = {} }\nhead = \"cosine\"",
    ),
];

/// Some rows of a table as a file.
fn write(texts: &[(&str, Vec<String>)], rows: &[usize], path: &Path) -> Fallible<()> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines = texts
        .iter()
        .map(|(name, _)| quoted(name))
        .collect::<Vec<_>>()
        .join(",");
    for &row in rows {
        let cells: Vec<String> = texts.iter().map(|(_, texts)| quoted(&texts[row])).collect();
        write!(lines, "\n{}", cells.join(","))?;
    }
    std::fs::write(path, lines + "\n")?;
    Ok(())
}

fn texts(table: &Table) -> Vec<(&str, Vec<String>)> {
    let columns = table.columns().iter();
    columns
        .map(|column| {
            let texts = texts_of(column).into_iter();
            (
                column.name.as_str(),
                texts.map(Option::unwrap_or_default).collect(),
            )
        })
        .collect()
}

/// Balanced accuracy of a setting, all folds of a repeat together, mean over repeats.
fn score(data: &Bundled, setting: &str, folder: &Path) -> Fallible<f64> {
    let prepared = data.prepared()?;
    let texts = texts(&prepared.table);
    let labels = &prepared.labels;
    let root = Seed::new(SEED).child("compare");
    let mut sum = 0.0;
    for repeat in 0..2_u64 {
        let folds = stratified_k_fold(labels, 5, &root.child("repeat").child(repeat))?;
        let mut told = vec![0.0; labels.classes().len()];
        for fold in &folds {
            let rest: Vec<usize> = (0..labels.len()).filter(|row| !fold.contains(row)).collect();
            let (train, test) = (folder.join("train.csv"), folder.join("test.csv"));
            write(&texts, &rest, &train)?;
            write(&texts, fold, &test)?;
            let text = format!(
                "[data]\npath = '{}'\ntarget = '{}'\n[test]\npath = '{}'\n[train]\n{setting}\n",
                train.display(),
                data.target,
                test.display()
            );
            let experiment = TableExperiment::merged("the example", &text, Vec::new())?;
            let trained = train_table(&experiment, &())?;
            let measured = &trained.test.as_ref().ok_or("it was judged")?.measured;
            for class in &measured.per_class {
                let code = labels.classes().iter().position(|name| *name == class.class);
                let code = code.ok_or("the class is known")?;
                told[code] += class.recall.unwrap_or(0.0) * class.support;
            }
        }
        let recalls = told
            .iter()
            .zip(labels.counts())
            .map(|(told, count)| told / count as f64);
        sum += recalls.sum::<f64>() / labels.classes().len() as f64;
    }
    Ok(sum / 2.0)
}

fn main() -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    println!("| | {} | {} |\n|---|--:|--:|", YEAST.name, GERMAN_CREDIT.name);
    for (name, setting) in SETTINGS {
        let yeast = score(&YEAST, setting, folder.path())?;
        let german = score(&GERMAN_CREDIT, setting, folder.path())?;
        println!("| {name} | {yeast:.3} | {german:.3} |");
    }
    Ok(())
}

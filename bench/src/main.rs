//! Our side of `bench/against_imbalanced_learn.py` and `bench/audit_against_fairlearn.py`, which start this program and
//! take turns with it.
//!
//! One request a line on stdin, one answer a line on stdout. `{"rows": n, "columns": d, "data": FILE, "classes": FILE}`
//! loads a row-major matrix of doubles and one byte a row for its class; `{"method": {"name": "smote"}, "seed": 1}`
//! resamples it and puts together the whole output matrix, as `fit_resample` does; `{"neighbors": k}` finds the `k`
//! nearest neighbours of all rows. `{"audit": FOLDER, "measures": [...], "draws": b}` gives percentile intervals of group
//! measures of the bytes in the files `truth`, `predicted` and `groups`, for `bench/audit_against_fairlearn.py`.
#![allow(clippy::print_stdout, reason = "answers go there")]

use std::hint::black_box;
use std::io::BufRead as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use counterpoise_base::{Features, Groups, Labeled, Labels, OutputRow, Resampled, SyntheticValues};
use counterpoise_metrics::{Bootstrap, GroupMeasure, GroupedRows, IntervalKind, Predictions};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};
use counterpoise_sampling::{Method, Resample as _, Run};
use serde_json::{Value, json};

struct Table {
    data: Vec<f64>,
    columns: usize,
    labels: Labels,
}

fn main() -> Result<()> {
    let mut table = None;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = if request.get("audit").is_some() {
            audit(&request)?
        } else if request.get("data").is_some() {
            table = Some(load(&request)?);
            json!({"loaded": true})
        } else {
            let table = table.as_ref().context("load a table first")?;
            if let Some(k) = request["neighbors"].as_u64() {
                neighbors(table, k as usize)?
            } else {
                resample(table, &request)?
            }
        };
        println!("{answer}");
    }
    Ok(())
}

fn load(request: &Value) -> Result<Table> {
    let file = |name: &str| -> Result<Vec<u8>> {
        let path = request[name].as_str().context("a path")?;
        std::fs::read(path).with_context(|| path.to_owned())
    };
    let bytes = file("data")?;
    let data = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&bytes| f64::from_le_bytes(bytes))
        .collect();
    let classes: Vec<String> = file("classes")?.iter().map(ToString::to_string).collect();
    Ok(Table {
        data,
        columns: request["columns"].as_u64().context("a number of columns")? as usize,
        labels: Labels::from_names(&classes),
    })
}

fn audit(request: &Value) -> Result<Value> {
    let folder = Path::new(request["audit"].as_str().context("a folder")?);
    let codes = |name: &str| -> Result<Vec<u32>> {
        let bytes = std::fs::read(folder.join(name)).with_context(|| name.to_owned())?;
        Ok(bytes.into_iter().map(u32::from).collect())
    };
    let (truth, predicted, groups) = (codes("truth")?, codes("predicted")?, codes("groups")?);
    let classes = ["0".to_owned(), "1".to_owned()];
    let names = 0..=groups.iter().copied().max().unwrap_or(0);
    let groups = Groups::from_codes(names.map(|group| group.to_string()).collect(), groups);
    let rows = GroupedRows::new(Predictions::new(&classes, &truth, &predicted)?, &groups, "1")?;
    let measures: Vec<GroupMeasure> = serde_json::from_value(request["measures"].clone())?;
    let bootstrap = Bootstrap::new(1)
        .with_draws(request["draws"].as_u64().context("a number of draws")? as usize)
        .with_kind(IntervalKind::Percentile);
    let start = Instant::now();
    let estimates = bootstrap.group_intervals(&measures, &rows, &())?;
    let seconds = start.elapsed().as_secs_f64();
    let intervals: Vec<_> = estimates.iter().map(|estimate| estimate.interval).collect();
    Ok(json!({"seconds": seconds, "intervals": intervals}))
}

fn neighbors(table: &Table, k: usize) -> Result<Value> {
    let start = Instant::now();
    let features = Features::from_rows(&table.data, table.columns);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse)?;
    let graph = Search::new(k).neighbors(&space, Rows::All, Rows::All, &())?;
    let sum: u64 = graph.neighbors(0).iter().map(|&row| u64::from(row)).sum();
    Ok(json!({"seconds": start.elapsed().as_secs_f64(), "sum": sum}))
}

fn resample(table: &Table, request: &Value) -> Result<Value> {
    let method: Method = serde_json::from_str(&request["method"].to_string())?;
    let run = Run::new(request["seed"].as_u64().unwrap_or(0));
    let start = Instant::now();
    let features = Features::from_rows(&table.data, table.columns);
    let result = method.resample(&Labeled::new(features, &table.labels), &run)?;
    let matrix = put_together(table, &result);
    let seconds = start.elapsed().as_secs_f64();
    let rows = matrix.len() / table.columns;
    black_box(matrix);
    Ok(json!({"seconds": seconds, "rows": rows}))
}

fn put_together(table: &Table, result: &Resampled) -> Vec<f64> {
    let columns: Vec<&[f64]> = result
        .synthetic
        .iter()
        .filter_map(SyntheticValues::as_f64)
        .collect();
    let mut matrix = Vec::with_capacity(result.len() * table.columns);
    for row in result.rows() {
        match row {
            OutputRow::Kept(row) => {
                matrix.extend_from_slice(&table.data[row * table.columns..(row + 1) * table.columns]);
            }
            OutputRow::Synthetic(made) => matrix.extend(columns.iter().map(|column| column[made])),
        }
    }
    matrix
}

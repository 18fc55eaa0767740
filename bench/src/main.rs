//! Our side of `bench/against_imbalanced_learn.py` and `bench/audit_against_fairlearn.py`, which start this program and
//! take turns with it.
//!
//! One request a line on stdin, one answer a line on stdout. `{"rows": n, "columns": d, "data": FILE, "classes": FILE}`
//! loads a row-major matrix of doubles and one byte a row for its class; `{"method": {"name": "smote"}, "seed": 1}`
//! resamples it and puts together the whole output matrix, as `fit_resample` does; `{"neighbors": k}` finds the `k`
//! nearest neighbours of all rows. `groups`, one byte a row, and `protected`, a column, may be loaded as well;
//! `{"cells": true}` beside a method asks for the rows of every class in every group, and
//! `{"output": FILE}` writes what comes out. A method that fails answers `{"error": TEXT}`. `{"audit": FOLDER, "measures": [...],
//! "draws": b}` gives percentile intervals of group measures of the bytes in the files `truth`, `predicted` and `groups`,
//! for `bench/audit_against_fairlearn.py`.
//!
//! `{"deep": WORK, "steps": n}` trains or runs a network, for `bench/deep_against_pytorch.py`; `{"card": "gpu"}` names a graphics
//! card, and `"device": "gpu"` beside the work computes there. `{"rates": "avx2"}` tells how fast convolutions are with such instructions.
//!
//! `counterpoise-bench large [ROWS]` runs Fair Oversampling once on a large table instead.
#![allow(clippy::print_stdout, reason = "answers go there")]

mod deep;
mod large;
mod rates;

use std::hint::black_box;
use std::io::BufRead as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Groups, Labeled, Labels, OutputRow, Resampled, Strided,
    SyntheticValues,
};
use counterpoise_metrics::{Bootstrap, GroupMeasure, GroupedRows, IntervalKind, Predictions};
use counterpoise_neighbors::{Metric, MissingValues, Rows, Search, Space};
use counterpoise_sampling::{Method, Resample as _, Run};
use serde_json::{Value, json};

struct Table {
    data: Vec<f64>,
    columns: usize,
    labels: Labels,
    groups: Option<Labels>,
    protected: Option<usize>,
}

impl Table {
    fn labeled(&self) -> Labeled<'_> {
        let column = |place: usize| Feature {
            name: format!("f{place}"),
            values: FeatureValues::F64(Strided::of_matrix(&self.data, self.columns, place)),
            domain: Domain::Real,
            copied: self.protected == Some(place),
        };
        let columns = (0..self.columns).map(column).collect();
        let mut data = Labeled::new(Features::new(self.labels.len(), columns), &self.labels);
        data.groups = self.groups.as_ref();
        data
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("large") {
        let rows = arguments.next().map_or(Ok(10_000_000), |rows| rows.parse())?;
        println!("{}", large::large(rows)?);
        return Ok(());
    }
    let mut table = None;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = if request.get("audit").is_some() {
            audit(&request)?
        } else if request.get("rates").is_some() {
            rates::measured(&request).unwrap_or_else(|error| json!({"error": format!("{error:#}")}))
        } else if request.get("card").is_some() {
            deep::card(&request).unwrap_or_else(|error| json!({"error": format!("{error:#}")}))
        } else if request.get("deep").is_some() {
            deep::timed(&request).unwrap_or_else(|error| json!({"error": format!("{error:#}")}))
        } else if request.get("data").is_some() {
            table = Some(load(&request)?);
            json!({"loaded": true})
        } else {
            let table = table.as_ref().context("load a table first")?;
            if let Some(k) = request["neighbors"].as_u64() {
                neighbors(table, k as usize)?
            } else {
                resample(table, &request).unwrap_or_else(|error| json!({"error": format!("{error:#}")}))
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
    let names = |name: &str| -> Result<Labels> {
        let names: Vec<String> = file(name)?.iter().map(ToString::to_string).collect();
        Ok(Labels::from_names(&names))
    };
    Ok(Table {
        data,
        columns: request["columns"].as_u64().context("a number of columns")? as usize,
        labels: names("classes")?,
        groups: request.get("groups").map(|_| names("groups")).transpose()?,
        protected: request["protected"].as_u64().map(|place| place as usize),
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
    let result = method.resample(&table.labeled(), &run)?;
    let matrix = put_together(table, &result);
    let seconds = start.elapsed().as_secs_f64();
    let rows = matrix.len() / table.columns;
    let mut answer = json!({"seconds": seconds, "rows": rows});
    if let (Some(groups), Some(true)) = (&table.groups, request["cells"].as_bool()) {
        answer["cells"] = json!(cells(table, groups, &result));
        answer["crossing"] = json!(result.crossing.and_then(|crossing| crossing.share()));
    }
    if let Some(path) = request["output"].as_str() {
        write(path, table, &matrix, &result)?;
    }
    black_box(matrix);
    Ok(answer)
}

/// Rows of every class in every group after resampling, a class a line.
fn cells(table: &Table, groups: &Labels, result: &Resampled) -> Vec<usize> {
    let width = groups.classes().len();
    let mut cells = vec![0; table.labels.classes().len() * width];
    for row in result.rows() {
        let of_group = match row {
            OutputRow::Kept(row) => row,
            OutputRow::Synthetic(made) => result.row_of_group(made),
        };
        let class = result.class_of(row, &table.labels) as usize;
        cells[class * width + groups.codes()[of_group] as usize] += 1;
    }
    cells
}

/// Rows and classes after resampling, and the weight of each row where there are weights: doubles, row after row.
fn write(path: &str, table: &Table, matrix: &[f64], result: &Resampled) -> Result<()> {
    let mut bytes = Vec::with_capacity(8 * (matrix.len() + 2 * result.len()));
    for (place, (row, values)) in result.rows().zip(matrix.chunks_exact(table.columns)).enumerate() {
        let class = f64::from(result.class_of(row, &table.labels));
        let weight = result.weights.as_ref().map_or(1.0, |weights| weights[place]);
        for value in values.iter().chain([&class, &weight]) {
            bytes.extend(value.to_le_bytes());
        }
    }
    std::fs::write(path, bytes).with_context(|| path.to_owned())
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

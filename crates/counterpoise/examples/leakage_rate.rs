//! How often `audit-leakage` accuses an honest split, and how often it finds a planted leak.
//!
//! `cargo run --release -p counterpoise --example leakage_rate -- FOLDER [SEEDS]`, where the folder holds KEEL files
//! (`.dat`, `.data`) and CSV files whose last column is the target, at any depth.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use counterpoise::{
    Experiment, Kind, LeakageOptions, LeakageVerdict, NamedTable, OutputOptions, Prepared, ReadOptions,
    Roles, Table, audit_leakage, hold_out, output_chunks, prepare, read_bytes, read_table,
};
use counterpoise_base::Seed;
use counterpoise_data::{Missing, stack, texts_of};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Share of the rows that are held out.
const TEST: f64 = 0.3;

/// What is done with a split before it is audited.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    /// Nothing.
    Honest,
    /// The training part is resampled by this method, without marks: still honest.
    Resampled(&'static str),
    /// This share of the test rows is added as copies of training rows, with noise of this share of each range.
    Copied { share: f64, noise: f64 },
    /// The whole table was resampled by SMOTE before the split; marks are kept in the training part, synthetic rows are
    /// taken out of the test part.
    Before { marks: bool, original: bool },
    /// The whole table was resampled by this method before the split, and nobody marked or took out a row.
    AllBefore(&'static str),
}

const CASES: [(&str, Case); 13] = [
    ("honest", Case::Honest),
    ("honest, SMOTE after", Case::Resampled("smote")),
    ("honest, copied after", Case::Resampled("random-over-sampler")),
    (
        "1 % copied",
        Case::Copied {
            share: 0.01,
            noise: 0.0,
        },
    ),
    (
        "5 % copied",
        Case::Copied {
            share: 0.05,
            noise: 0.0,
        },
    ),
    (
        "1 %, noise 0.1 %",
        Case::Copied {
            share: 0.01,
            noise: 0.001,
        },
    ),
    (
        "5 %, noise 0.1 %",
        Case::Copied {
            share: 0.05,
            noise: 0.001,
        },
    ),
    (
        "5 %, noise 1 %",
        Case::Copied {
            share: 0.05,
            noise: 0.01,
        },
    ),
    (
        "SMOTE before, marked",
        Case::Before {
            marks: true,
            original: false,
        },
    ),
    (
        "SMOTE before, `--original`",
        Case::Before {
            marks: true,
            original: true,
        },
    ),
    (
        "SMOTE before, no marks",
        Case::Before {
            marks: false,
            original: false,
        },
    ),
    ("SMOTE before, rows kept, no marks", Case::AllBefore("smote")),
    ("copied before, no marks", Case::AllBefore("random-over-sampler")),
];

/// Runs, leaks and suspicions.
#[derive(Clone, Copy, Default)]
struct Count {
    runs: usize,
    leak: usize,
    suspicious: usize,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.leak += other.leak;
        self.suspicious += other.suspicious;
    }
}

fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder with tables")?;
    let seeds: u64 = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
    files.sort();
    // By size of the test part: below 100, 100 to 999, 1000 and more.
    let mut sums = [[Count::default(); CASES.len()]; 3];
    let mut sets = [0; 3];
    for file in &files {
        let start = Instant::now();
        let name = file.strip_prefix(&folder)?.display().to_string();
        let Ok(table) = read(file) else { continue };
        let Ok(prepared) = ready(table.clone()) else {
            continue;
        };
        let rows = table.rows();
        let size = match rows as f64 * TEST {
            rows if rows < 100.0 => 0,
            rows if rows < 1000.0 => 1,
            _ => 2,
        };
        let mut counts = [Count::default(); CASES.len()];
        for seed in 0..seeds {
            // Large tables need minutes for what they say in a few splits.
            let few = if rows > 20_000 { 2 } else { seeds.min(5) };
            for (count, (_, case)) in counts.iter_mut().zip(CASES) {
                if case != Case::Honest && seed >= few {
                    continue;
                }
                if let Some(verdict) = run(&prepared, case, seed)? {
                    count.runs += 1;
                    count.leak += usize::from(verdict == LeakageVerdict::Leak);
                    count.suspicious += usize::from(verdict == LeakageVerdict::Suspicious);
                }
            }
        }
        if counts[0].runs == 0 {
            continue;
        }
        sets[size] += 1;
        let mut line = format!("{name} ({rows} rows, {:.0} s)", start.elapsed().as_secs_f64());
        for (sum, (count, (case, _))) in sums[size].iter_mut().zip(counts.iter().zip(CASES)) {
            sum.add(*count);
            let _ = write!(
                line,
                " | {case}: {}+{}/{}",
                count.leak, count.suspicious, count.runs
            );
        }
        println!("{line}");
    }
    println!("\n| case | test rows | sets | splits | leak | suspicious |\n|---|---|---:|---:|---:|---:|");
    for (case, (name, _)) in CASES.iter().enumerate() {
        let mut all = Count::default();
        for (size, words) in ["below 100", "100 to 999", "1000 and more"].iter().enumerate() {
            let count = sums[size][case];
            all.add(count);
            println!("{}", row(name, words, sets[size], count));
        }
        println!("{}", row(name, "all", sets.iter().sum(), all));
    }
    Ok(())
}

fn row(name: &str, size: &str, sets: usize, count: Count) -> String {
    let percent = |part: usize| format!("{:.2} %", 100.0 * part as f64 / count.runs.max(1) as f64);
    let (leak, suspicious) = (percent(count.leak), percent(count.suspicious));
    format!(
        "| {name} | {size} | {sets} | {} | {leak} | {suspicious} |",
        count.runs
    )
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Fallible<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, files)?;
        } else if [".dat", ".data", ".data.gz", ".csv", ".csv.gz"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            files.push(path);
        }
    }
    Ok(())
}

fn read(file: &Path) -> Fallible<Table> {
    let mut options = ReadOptions::default();
    let name = file.to_string_lossy().into_owned();
    if file.extension().is_some_and(|extension| extension == "dat") {
        options.comment = Some('@');
    }
    options.no_header = !name.contains(".csv");
    options.na.push("<null>".into());
    Ok(read_table(file, &options, &())?.table)
}

fn roles(table: &Table) -> Roles {
    let target = table.names().last().unwrap_or_default().to_owned();
    Roles {
        target,
        ..Roles::default()
    }
}

fn ready(table: Table) -> Fallible<Prepared> {
    let roles = roles(&table);
    Ok(prepare(table, &roles, Missing::Distance)?)
}

fn run(prepared: &Prepared, case: Case, seed: u64) -> Fallible<Option<LeakageVerdict>> {
    let root = Seed::new(seed).child("leakage-rate");
    let part = |rows: &[usize]| Ok::<_, counterpoise::DataError>(prepared.of_rows(rows)?.table);
    let Ok((train, test)) = hold_out(&prepared.labels, TEST, &root) else {
        return Ok(None);
    };
    let (train, test) = match case {
        Case::Honest => (part(&train)?, part(&test)?),
        Case::Resampled(method) => {
            let Some(made) = resampled(prepared.of_rows(&train)?, method, seed, false)? else {
                return Ok(None);
            };
            (made, part(&test)?)
        }
        Case::Copied { share, noise } => {
            let count = (share * test.len() as f64).round().max(1.0) as usize;
            let mut random = root.child("copies").rng();
            let chosen: Vec<usize> = (0..count).map(|_| train[random.below(train.len())]).collect();
            let copies = noisy(&part(&chosen)?, &prepared.table, noise, &root)?;
            let test = stack(&[("test", &part(&test)?), ("copies", &copies)])?;
            (part(&train)?, test)
        }
        Case::AllBefore(method) => {
            let Some(all) = resampled(prepared.clone(), method, seed, false)? else {
                return Ok(None);
            };
            let all = prepare(all, prepared.roles(), Missing::Distance)?;
            let (train, test) = hold_out(&all.labels, TEST, &root)?;
            (all.of_rows(&train)?.table, all.of_rows(&test)?.table)
        }
        Case::Before { marks, .. } => {
            let Some(all) = resampled(prepared.clone(), "smote", seed, true)? else {
                return Ok(None);
            };
            let Some(made) = all.column("synthetic").map(texts_of) else {
                return Ok(None);
            };
            let mut roles = prepared.roles().clone();
            roles.ignore = ["synthetic", "base_index", "neighbor_index", "step"]
                .map(String::from)
                .to_vec();
            let all = prepare(all, &roles, Missing::Distance)?;
            let (train, mut test) = hold_out(&all.labels, TEST, &root)?;
            test.retain(|&row| made[row].as_deref() != Some("true"));
            let unmarked = |table: Table| {
                let columns = table.into_columns().into_iter();
                Table::new(
                    columns
                        .filter(|column| !roles.ignore.contains(&column.name))
                        .collect(),
                )
            };
            let (train, test) = (all.of_rows(&train)?.table, unmarked(all.of_rows(&test)?.table));
            (if marks { train } else { unmarked(train) }, test)
        }
    };
    let options = LeakageOptions {
        target: Some(prepared.roles().target.clone()),
        seed,
        ..LeakageOptions::default()
    };
    let named = |file: &str, table| NamedTable {
        file: file.into(),
        table,
    };
    let original = matches!(case, Case::Before { original: true, .. });
    let original = original.then(|| named("original", prepared.table.clone()));
    let audit = audit_leakage(
        named("train", train),
        named("test", test),
        original,
        &options,
        &(),
    )?;
    Ok(Some(audit.verdict))
}

/// The table with the rows that a method adds; `None` where it cannot, or where the result is large.
fn resampled(prepared: Prepared, method: &str, seed: u64, mark: bool) -> Fallible<Option<Table>> {
    let settings = vec![
        ("data.path".to_owned(), "none.csv".into()),
        ("data.target".to_owned(), prepared.roles().target.clone().into()),
        ("data.missing".to_owned(), "distance".into()),
        ("seed".to_owned(), (seed as i64).into()),
        ("method.name".to_owned(), method.into()),
    ];
    let experiment = Experiment::merged("the example", "", settings)?;
    let Ok(outcome) = experiment.resample(prepared, &()) else {
        return Ok(None);
    };
    let options = OutputOptions {
        mark,
        ..OutputOptions::default()
    };
    let mut parts = output_chunks(&outcome.prepared, &outcome.resampled, options)?;
    let first = parts.next().transpose()?;
    Ok(first.filter(|_| parts.next().is_none()))
}

/// The rows with noise on every number; whole numbers stay whole.
fn noisy(rows: &Table, all: &Table, noise: f64, seed: &Seed) -> Fallible<Table> {
    let mut options = ReadOptions::default();
    let mut cells: Vec<Vec<String>> = Vec::new();
    for (column, whole) in rows.columns().iter().zip(all.columns()) {
        let is_target = all.names().last() == Some(column.name.as_str());
        let number = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
        let values: Vec<f64> = texts_of(whole).iter().filter_map(number).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut random = seed.child("noise").child(column.name.as_str()).rng();
        let changed = |text: Option<String>| {
            let off = noise * (high - low) * random.normal();
            match (column.kind, text) {
                (_, None) => String::new(),
                (Kind::Float | Kind::Integer, Some(text)) if !is_target && noise > 0.0 => {
                    let value = text.parse::<f64>().unwrap_or(f64::NAN) + off;
                    let value = if column.kind == Kind::Integer {
                        value.round()
                    } else {
                        value
                    };
                    value.to_string()
                }
                (_, Some(text)) => text,
            }
        };
        cells.push(texts_of(column).into_iter().map(changed).collect());
        options.kinds.insert(column.name.clone(), column.kind);
    }
    let names: Vec<&str> = rows.names().collect();
    let mut text = names.join(",");
    for row in 0..rows.rows() {
        let line: Vec<&str> = cells.iter().map(|column| column[row].as_str()).collect();
        let _ = write!(text, "\n{}", line.join(","));
    }
    Ok(read_bytes("copies.csv", text.into_bytes().into(), &options)?.table)
}

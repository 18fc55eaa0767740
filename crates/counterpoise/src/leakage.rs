use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use counterpoise_base::{
    Column, Domain, FeatureValues, Features, Kind, Labels, Observer, Seed, Table, Warning,
};
use counterpoise_data::{
    Error as DataError, Missing, Prepared, ReadOptions, Roles, constant_column, prepare, read_table, stack,
    texts_of,
};
use counterpoise_neighbors::{Index, Metric, MissingValues, Rows, Search, Space};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::equal_rows::clusters;
use crate::excess::{Excess, Pair, excess, nearest_excess};
use crate::lines::on_lines;
use crate::without_holes::without_holes;

/// What to compare, and which column is what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeakageOptions {
    /// The column of classes. Without one, all columns are compared and no class is counted.
    pub target: Option<String>,
    /// Columns whose values may be on one side only: patient, customer, household. They enter no distance.
    pub group_keys: Vec<String>,
    /// The column that names rows. It enters no distance.
    pub id: Option<String>,
    /// Columns to leave out; they need not be in both files.
    pub ignore: Vec<String>,
    /// What happens to missing values. Where they stay, two missing values are equal, and a missing and a present one are
    /// as far apart as two categories: rows that were copied with their holes are copies.
    pub missing: Missing,
    /// Decides which rows of a large table are shown in the distribution of distances, and how ties are broken.
    pub seed: u64,
}

impl Default for LeakageOptions {
    fn default() -> Self {
        Self {
            target: None,
            group_keys: Vec::new(),
            id: None,
            ignore: Vec::new(),
            missing: Missing::Distance,
            seed: 42,
        }
    }
}

/// The files of an audit.
#[derive(Debug, Clone, PartialEq)]
pub struct LeakageFiles {
    /// The rows that a model learns from.
    pub train: PathBuf,
    /// The rows that it is judged by.
    pub test: PathBuf,
    /// The file that was resampled, if the training file was made by `resample --mark`: its rows are the parents.
    pub original: Option<PathBuf>,
    /// How all of them are read.
    pub read: ReadOptions,
}

/// A table and the name of its file, for messages.
#[derive(Debug, Clone)]
pub struct NamedTable {
    /// The file.
    pub file: String,
    /// Its rows.
    pub table: Table,
}

/// What an audit of two files found.
#[derive(Debug, Clone, Serialize)]
pub struct LeakageAudit {
    /// The worst of the findings.
    pub verdict: LeakageVerdict,
    /// The training file.
    pub train: LeakageSide,
    /// The test file.
    pub test: LeakageSide,
    /// The column of classes.
    pub target: Option<String>,
    /// Columns that were compared.
    pub features: usize,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// Test rows that equal a training row, against what an honest split has.
    pub copies: Copies,
    /// The closest pairs of unequal rows, against what an honest split has; `None` for fewer than eight such pairs.
    pub near: Option<Excess>,
    /// What became of the parents of synthetic rows; `None` if no row is marked as synthetic.
    pub parents: Option<Parents>,
    /// How far rows are from the nearest training row, copies left out; `None` for fewer than two rows a side.
    pub distances: Option<Distances>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

/// What follows from the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeakageVerdict {
    /// Nothing that an honest split would not have.
    Clean,
    /// Something that an honest split has less than once in a hundred times, or that may have a harmless reason.
    Suspicious,
    /// Something that is a leak by definition, or that an honest split has less than once in a thousand times.
    Leak,
}

impl LeakageVerdict {
    /// The name users read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Suspicious => "suspicious",
            Self::Leak => "leak",
        }
    }
}

/// One of the two files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeakageSide {
    /// The file.
    pub file: String,
    /// Its rows.
    pub rows: usize,
    /// How many of them are marked as synthetic.
    pub synthetic: usize,
}

/// One kind of leak.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Stable name: `leakage.copies`.
    pub code: &'static str,
    /// What follows from it alone; [`LeakageVerdict::Clean`] is for what is worth knowing and no more than to be expected.
    pub verdict: LeakageVerdict,
    /// What was seen, where, and how much of it.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Test rows it concerns.
    pub rows: usize,
    /// Share of the test rows.
    pub share: f64,
    /// Such rows in an honest split, on average.
    pub expected: Option<f64>,
    /// How often an honest split has as many, at most; corrected for all looks that were taken.
    pub p_value: Option<f64>,
    /// The first few.
    pub examples: Vec<Example>,
}

/// Rows that show a finding, counted from 1 as they stand below the header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Row of the test file.
    pub test_row: Option<usize>,
    /// Row of the training file.
    pub train_row: Option<usize>,
    /// What they have in common.
    pub note: String,
}

/// Test rows that equal a training row in every feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Copies {
    /// With the same target.
    pub same_target: usize,
    /// With another target only.
    pub other_target: usize,
    /// Such rows in an honest split, on average.
    pub expected: f64,
    /// Pairs of equal rows, drawn by chance so that no row is in two.
    pub excess: Excess,
}

/// The parents of synthetic training rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parents {
    /// Synthetic training rows.
    pub synthetic: usize,
    /// Those whose parents were found for certain.
    pub traced: usize,
    /// Those that have a parent in the test file.
    pub of_test_rows: usize,
    /// Test rows that are parents.
    pub test_rows: usize,
    /// Whether the parents were looked up in the original file, or found by the line on which a synthetic row lies.
    pub looked_up: bool,
}

/// Distances to the nearest training row, by HEOM; two missing values are equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distances {
    /// Shares of rows.
    pub quantiles: Vec<f64>,
    /// This share of training rows is no farther from another training row.
    pub train: Vec<f64>,
    /// This share of test rows is no farther from a training row.
    pub test: Vec<f64>,
    /// Training rows asked.
    pub train_rows: usize,
    /// Test rows asked.
    pub test_rows: usize,
}

/// Below this, an honest split is ruled out.
const LEAK: f64 = 0.001;
/// Below this, it is doubted.
const SUSPICIOUS: f64 = 0.01;
/// Rows more than expected, below which nothing is called a leak.
const FEW: f64 = 5.0;
/// Examples of each finding.
const SHOWN: usize = 5;
/// Rows of each side that are asked for the distribution of distances.
const ASKED: usize = 2_000;
/// Candidates for the parents of a synthetic row.
const CANDIDATES: usize = 24;
const QUANTILES: [f64; 6] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75];
/// The target of a table that has none.
const NO_TARGET: &str = "(no target)";

/// Reads the files and audits them.
pub fn audit_leakage_of_files(
    files: &LeakageFiles,
    options: &LeakageOptions,
    observer: &dyn Observer,
) -> Result<LeakageAudit, Error> {
    let mut warnings: Vec<Warning> = Vec::new();
    let mut read = |path: &PathBuf| -> Result<NamedTable, Error> {
        let read = read_table(path, &files.read, observer)?;
        warnings.extend(read.warnings);
        let file = path.display().to_string();
        Ok(NamedTable {
            file,
            table: read.table,
        })
    };
    let train = read(&files.train)?;
    let test = read(&files.test)?;
    let original = files.original.as_ref().map(read).transpose()?;
    let mut audit = audit_leakage(train, test, original, options, observer)?;
    let named = (options.group_keys.iter())
        .chain(&options.ignore)
        .chain(&options.id)
        .chain(&options.target);
    let named: Vec<String> = named.map(|name| format!("column `{name}`")).collect();
    let about_named = |warning: &Warning| named.iter().any(|name| warning.message.starts_with(name));
    warnings.retain(|warning| warning.code != "data.text-column" || !about_named(warning));
    warnings.append(&mut audit.warnings);
    warnings.dedup();
    audit.warnings = warnings;
    Ok(audit)
}

/// Looks for what a test file should not share with its training file.
///
/// Copies and near copies are judged by exchangeability: if the rows were dealt to the two files by chance, class by
/// class or at large, then any two equal or close rows lie on different sides as often as any other two rows of their
/// classes. Pairs are therefore chosen without a look at the sides (equal rows, and rows that are nearest to one another
/// among all), no row in two of them, and those across the split are counted. The count of an honest split is
/// binomial or less spread (a class that is halved is more spread by about one part in the number of its rows); repeated
/// rows, grids and discrete values change the pairs, never this law.
///
/// Distances are HEOM over both files, but two missing values are equal. Cost: one search of all rows among themselves, `O(n² d)` at worst.
///
/// # Source
///
/// The count of edges across two samples is that of Friedman and Rafsky, "Multivariate generalizations of the
/// Wald-Wolfowitz and Smirnov two-sample tests", Annals of Statistics 7 (1979), and of Schilling, "Multivariate
/// two-sample tests based on nearest neighbors", Journal of the American Statistical Association 81 (1986). They count
/// too few edges across; we count too many, among the shortest only, and over disjoint pairs, whose law is known.
pub fn audit_leakage(
    train: NamedTable,
    test: NamedTable,
    original: Option<NamedTable>,
    options: &LeakageOptions,
    observer: &dyn Observer,
) -> Result<LeakageAudit, Error> {
    let named = [Some(&train), Some(&test), original.as_ref()];
    check_names(options, &named.into_iter().flatten().collect::<Vec<_>>())?;
    let (train, train_marks) = trimmed(train, options);
    let (test, test_marks) = trimmed(test, options);
    let original = original.map(|table| trimmed(table, options).0);
    let data = Data::new(train, test, original, train_marks, test_marks, options)?;
    let features = data.prepared.features();
    let cluster = clusters(&features);
    let pool = Pool::new(&data, &cluster, &Seed::new(options.seed).child("audit-leakage"));

    let copies = copies(&data, &pool);
    let synthetic: Vec<usize> = data.rows_of(|row| data.is_train(row) && data.synthetic[row]);
    let mut placed = pool.distinct.clone();
    placed.extend(&synthetic);
    let space = Space::of_rows(
        &without_holes(&features),
        &placed,
        Metric::Heom,
        MissingValues::Refuse,
    )?;
    let (near, close) = near_copies(&data, &pool, &space, observer)?;
    let distances = distances(&data, &pool, &space, observer)?;
    let parents = if synthetic.is_empty() {
        None
    } else if data.original.is_some() {
        Some(parents_looked_up(&data, &features, &cluster, &pool, &synthetic)?)
    } else {
        Some(parents_by_step(
            &data, &features, &pool, &space, &synthetic, observer,
        )?)
    };

    // Every look at the same split may mislead once more.
    let looks = 1.0 + near.as_ref().map_or(0.0, |near| near.looks as f64);
    let mut findings = Vec::new();
    findings.extend(synthetic_test_rows(&data));
    findings.extend(copy_findings(&data, &pool, &copies, looks));
    findings.extend(made_before(&data, &features, &pool, &space, &placed, observer)?);
    findings.extend(
        near.as_ref()
            .and_then(|near| near_finding(&data, near, &close, looks)),
    );
    findings.extend(
        parents
            .as_ref()
            .and_then(|(parents, pairs)| parent_finding(&data, parents, pairs)),
    );
    for key in &options.group_keys {
        findings.extend(group_finding(&data, key));
    }
    findings.extend(
        options
            .id
            .as_ref()
            .into_iter()
            .flat_map(|id| id_findings(&data, &cluster, id)),
    );
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let side = |named: &NamedTable, synthetic: usize| LeakageSide {
        file: named.file.clone(),
        rows: named.table.rows(),
        synthetic,
    };
    let mut warnings = data.prepared.warnings.clone();
    warnings.extend(class_warnings(&data));
    let count = |marks: &Option<Marks>| {
        marks
            .as_ref()
            .map_or(0, |marks| marks.synthetic.iter().filter(|&&made| made).count())
    };
    Ok(LeakageAudit {
        verdict: findings
            .first()
            .map_or(LeakageVerdict::Clean, |finding| finding.verdict),
        train: side(&data.train, count(&data.train_marks)),
        test: side(&data.test, count(&data.test_marks)),
        target: options.target.clone(),
        features: features.columns().len(),
        findings,
        copies,
        near,
        parents: parents.map(|(parents, _)| parents),
        distances,
        warnings,
    })
}

/// Every column that is named is in one of the files at least.
fn check_names(options: &LeakageOptions, tables: &[&NamedTable]) -> Result<(), Error> {
    let group_keys = options.group_keys.iter().map(|name| (name, "group key"));
    let id = options.id.iter().map(|name| (name, "id"));
    let ignore = options.ignore.iter().map(|name| (name, "column to ignore"));
    let target = options.target.iter().map(|name| (name, "target"));
    for (name, role) in target.chain(group_keys).chain(id).chain(ignore) {
        if tables.iter().all(|named| named.table.position(name).is_none()) {
            return Err(DataError::UnknownColumn {
                column: name.clone(),
                role,
                columns: tables[0].table.names().map(String::from).collect(),
            }
            .into());
        }
    }
    Ok(())
}

/// Which rows of a file `resample --mark` made, and from what.
struct Marks {
    synthetic: Vec<bool>,
    base: Vec<Option<usize>>,
    neighbor: Vec<Option<usize>>,
    step: Vec<Option<f64>>,
}

const MARKS: [&str; 4] = ["synthetic", "base_index", "neighbor_index", "step"];

/// Takes marks and ignored columns out of a table.
fn trimmed(named: NamedTable, options: &LeakageOptions) -> (NamedTable, Option<Marks>) {
    let table = named.table;
    let marked = table
        .column(MARKS[0])
        .is_some_and(|column| column.kind == Kind::Boolean);
    let numbers = |name: &str| -> Vec<Option<f64>> {
        let column = table.column(name).filter(|_| marked);
        column.map_or_else(
            || vec![None; table.rows()],
            |column| {
                let texts = texts_of(column).into_iter();
                texts.map(|text| text?.parse().ok()).collect()
            },
        )
    };
    let rows = |name: &str| -> Vec<Option<usize>> {
        let numbers = numbers(name).into_iter();
        numbers
            .map(|number| number.map(|number| number as usize))
            .collect()
    };
    let marks = table.column(MARKS[0]).filter(|_| marked).map(|column| Marks {
        synthetic: texts_of(column)
            .iter()
            .map(|text| {
                text.as_ref()
                    .is_some_and(|text| text.eq_ignore_ascii_case("true"))
            })
            .collect(),
        base: rows(MARKS[1]),
        neighbor: rows(MARKS[2]),
        step: numbers(MARKS[3]),
    });
    let stays = |column: &Column| {
        let mark = marked && MARKS.contains(&column.name.as_str());
        let named = options.group_keys.contains(&column.name);
        !mark && (named || !options.ignore.contains(&column.name))
    };
    let columns = table.into_columns().into_iter().filter(stays).collect();
    let table = Table::new(columns);
    (NamedTable { table, ..named }, marks)
}

/// Both files on top of one another: training rows, test rows, then rows of the original file.
struct Data {
    train: NamedTable,
    test: NamedTable,
    original: Option<NamedTable>,
    train_marks: Option<Marks>,
    test_marks: Option<Marks>,
    stacked: Table,
    prepared: Prepared,
    /// One entry a prepared row.
    synthetic: Vec<bool>,
    has_target: bool,
}

impl Data {
    fn new(
        train: NamedTable,
        test: NamedTable,
        original: Option<NamedTable>,
        train_marks: Option<Marks>,
        test_marks: Option<Marks>,
        options: &LeakageOptions,
    ) -> Result<Self, Error> {
        let mut tables = vec![
            (train.file.as_str(), &train.table),
            (test.file.as_str(), &test.table),
        ];
        tables.extend(original.iter().map(|named| (named.file.as_str(), &named.table)));
        let stacked = stack(&tables)?;
        let roles = Roles {
            target: options.target.clone().unwrap_or_else(|| NO_TARGET.into()),
            id: options.id.clone(),
            ignore: options.group_keys.clone(),
            ..Roles::default()
        };
        let ready = |table: &Table| {
            let mut columns = table.clone().into_columns();
            if options.target.is_none() {
                columns.push(constant_column(NO_TARGET, "-", table.rows()));
            }
            prepare(Table::new(columns), &roles, options.missing)
        };
        let prepared = ready(&stacked).map_err(|error| {
            // Rows of an error are counted in the file they stand in.
            let alone = |&(file, table): &(&str, &Table)| {
                let source = Box::new(ready(table).err()?);
                let file = file.to_owned();
                Some(Error::InFile { file, source })
            };
            let whole = matches!(
                error,
                DataError::RoleConflict { .. } | DataError::NoFeatures | DataError::UnknownColumn { .. }
            );
            let blamed = tables.iter().filter(|_| !whole).find_map(alone);
            blamed.unwrap_or_else(|| error.into())
        })?;
        let marked =
            |marks: &Option<Marks>, row: usize| marks.as_ref().is_some_and(|marks| marks.synthetic[row]);
        let train_rows = train.table.rows();
        let synthetic = |row: usize| {
            let place = prepared.place_in_file(row);
            match place.checked_sub(train_rows) {
                None => marked(&train_marks, place),
                Some(place) => place < test.table.rows() && marked(&test_marks, place),
            }
        };
        Ok(Self {
            synthetic: (0..prepared.labels.len()).map(synthetic).collect(),
            stacked,
            prepared,
            train,
            test,
            original,
            train_marks,
            test_marks,
            has_target: options.target.is_some(),
        })
    }

    fn is_train(&self, row: usize) -> bool {
        self.prepared.place_in_file(row) < self.train.table.rows()
    }

    fn is_test(&self, row: usize) -> bool {
        !self.is_train(row) && self.prepared.place_in_file(row) < self.both()
    }

    fn both(&self) -> usize {
        self.train.table.rows() + self.test.table.rows()
    }

    fn rows_of(&self, which: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.prepared.labels.len())
            .filter(|&row| which(row))
            .collect()
    }

    /// Row of its file, counted from 1.
    fn row_in_file(&self, row: usize) -> usize {
        let place = self.prepared.place_in_file(row);
        1 + place.checked_sub(self.train.table.rows()).unwrap_or(place)
    }

    fn example(&self, test: usize, train: usize, note: impl Into<String>) -> Example {
        Example {
            test_row: Some(self.row_in_file(test)),
            train_row: Some(self.row_in_file(train)),
            note: note.into(),
        }
    }

    fn finding(
        &self,
        code: &'static str,
        verdict: LeakageVerdict,
        rows: usize,
        message: String,
        hint: &str,
    ) -> Finding {
        Finding {
            code,
            verdict,
            message,
            hint: hint.into(),
            rows,
            share: rows as f64 / self.test.table.rows().max(1) as f64,
            expected: None,
            p_value: None,
            examples: Vec::new(),
        }
    }

    fn percent_of_test(&self, rows: usize) -> String {
        format!(
            "{:.1} %",
            100.0 * rows as f64 / self.test.table.rows().max(1) as f64
        )
    }
}

type Counts = Vec<(usize, usize)>;

/// The rows that a split dealt out: those of both files that nobody made.
struct Pool {
    /// In an order of chance, the same for both sides.
    rows: Vec<usize>,
    /// The first row of each cluster of equal rows, in that order.
    distinct: Vec<usize>,
    /// Training and test rows of every cluster.
    members: HashMap<u32, (Vec<usize>, Vec<usize>)>,
    /// Training and test rows of every class.
    counts: Counts,
    /// Those that are the first of their cluster: rows that were copied after the split do not count twice.
    distinct_counts: Counts,
    cluster: Vec<u32>,
}

impl Pool {
    fn new(data: &Data, cluster: &[u32], seed: &Seed) -> Self {
        let labels = &data.prepared.labels;
        let rows = data.rows_of(|row| {
            let place = data.prepared.place_in_file(row);
            place < data.both() && !data.synthetic[row]
        });
        let mut rows: Vec<(u64, usize)> = rows
            .into_iter()
            .map(|row| (seed.child(row as u64).number(), row))
            .collect();
        rows.sort_unstable();
        let rows: Vec<usize> = rows.into_iter().map(|(_, row)| row).collect();
        let mut members: HashMap<u32, (Vec<usize>, Vec<usize>)> = HashMap::new();
        let mut distinct = Vec::new();
        for &row in &rows {
            let (train, test) = members.entry(cluster[row]).or_default();
            if train.is_empty() && test.is_empty() {
                distinct.push(row);
            }
            if data.is_train(row) {
                train.push(row);
            } else {
                test.push(row);
            }
        }
        let count = |rows: &[usize]| {
            let mut counts = vec![(0, 0); labels.classes().len()];
            for &row in rows {
                let count: &mut (usize, usize) = &mut counts[labels.codes()[row] as usize];
                if data.is_train(row) {
                    count.0 += 1;
                } else {
                    count.1 += 1;
                }
            }
            counts
        };
        Self {
            counts: count(&rows),
            distinct_counts: count(&distinct),
            rows,
            distinct,
            members,
            cluster: cluster.to_vec(),
        }
    }

    fn of(&self, row: usize) -> (&[usize], &[usize]) {
        let found = self.members.get(&self.cluster[row]);
        found.map_or((&[], &[]), |(train, test)| (train, test))
    }
}

/// Two rows, and how likely a split that dealt so many rows of every class parts them.
fn pair(data: &Data, counts: &Counts, (a, b): (usize, usize), distance: f64) -> Pair {
    let class = |row: usize| data.prepared.labels.codes()[row] as usize;
    let (ca, cb) = (class(a), class(b));
    let ((na, ma), (nb, mb)) = (counts[ca], counts[cb]);
    let (na, ma, nb, mb) = (na as f64, ma as f64, nb as f64, mb as f64);
    let chance = if ca == cb {
        2.0 * na * ma / ((na + ma) * (na + ma - 1.0))
    } else {
        (na * mb + ma * nb) / ((na + ma) * (nb + mb))
    };
    Pair {
        distance,
        chance,
        across: data.is_train(a) != data.is_train(b),
    }
}

fn copies(data: &Data, pool: &Pool) -> Copies {
    let labels = data.prepared.labels.codes();
    let (mut same, mut other) = (0, 0);
    let mut expected = 0.0;
    let test_rows = pool.rows.iter().filter(|&&row| data.is_test(row)).count();
    let share = test_rows as f64 / pool.rows.len().max(1) as f64;
    let mut waiting: HashMap<u32, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for &row in &pool.rows {
        let (train, test) = pool.of(row);
        let size = (train.len() + test.len()) as f64;
        // Each row is in the test with the share of test rows, and alone if all others are too.
        expected += share * (1.0 - share.powf(size - 1.0));
        if data.is_test(row) && !train.is_empty() {
            let agrees = train.iter().any(|&train| labels[train] == labels[row]);
            *(if agrees { &mut same } else { &mut other }) += 1;
        }
        match waiting.remove(&pool.cluster[row]) {
            Some(first) => pairs.push(pair(data, &pool.counts, (first, row), 0.0)),
            None => {
                waiting.insert(pool.cluster[row], row);
            }
        }
    }
    Copies {
        same_target: same,
        other_target: other,
        expected,
        excess: excess(&pairs),
    }
}

/// A test row and the training row beside it.
type Close = Vec<(usize, usize, f64)>;

fn near_copies(
    data: &Data,
    pool: &Pool,
    space: &Space,
    observer: &dyn Observer,
) -> Result<(Option<Excess>, Close), Error> {
    let all: Vec<usize> = (0..pool.distinct.len()).collect();
    let graph = Search::new(1).neighbors(space, Rows::Some(&all), Rows::Some(&all), observer)?;
    if graph.k() == 0 {
        return Ok((None, Vec::new()));
    }
    let nearest = |place: usize| graph.neighbors(place)[0] as usize;
    let mutual: Vec<(usize, usize)> = all
        .iter()
        .map(|&place| (place, nearest(place)))
        .filter(|&(place, other)| place < other && nearest(other) == place)
        .collect();
    let apart = |&(a, b): &(usize, usize)| {
        let rows = (pool.distinct[a], pool.distinct[b]);
        pair(data, &pool.distinct_counts, rows, graph.distances(a)[0])
    };
    let pairs: Vec<Pair> = mutual.iter().map(apart).collect();
    let near = nearest_excess(&pairs);
    let mut close: Close = Vec::new();
    for (&(a, b), pair) in mutual.iter().zip(&pairs) {
        let within = near.as_ref().is_some_and(|near| pair.distance <= near.distance);
        if within && pair.across {
            let (a, b) = (pool.distinct[a], pool.distinct[b]);
            let (test, train) = if data.is_test(a) { (a, b) } else { (b, a) };
            close.push((test, train, pair.distance));
        }
    }
    close.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    Ok((near, close))
}

fn distances(
    data: &Data,
    pool: &Pool,
    space: &Space,
    observer: &dyn Observer,
) -> Result<Option<Distances>, Error> {
    let all = 0..pool.distinct.len();
    let (train, test): (Vec<usize>, Vec<usize>) = all.partition(|&place| data.is_train(pool.distinct[place]));
    if train.len() < 2 || test.is_empty() {
        return Ok(None);
    }
    let index = Index::new(space, Rows::Some(&train));
    // Rows are in an order of chance.
    let asked = |rows: &[usize]| -> Result<Vec<f64>, Error> {
        let rows = &rows[..rows.len().min(ASKED)];
        let graph = Search::new(1).neighbors_among(&index, Rows::Some(rows), observer)?;
        let mut sorted: Vec<f64> = (0..graph.rows()).map(|row| graph.distances(row)[0]).collect();
        sorted.sort_by(f64::total_cmp);
        Ok(sorted)
    };
    let (from_train, from_test) = (asked(&train)?, asked(&test)?);
    let quantiles = |sorted: &[f64]| {
        let at = |share: &f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        QUANTILES.iter().map(at).collect()
    };
    Ok(Some(Distances {
        quantiles: QUANTILES.to_vec(),
        train: quantiles(&from_train),
        test: quantiles(&from_test),
        train_rows: from_train.len(),
        test_rows: from_test.len(),
    }))
}

/// A test row, and a synthetic training row made from it.
type Traced = (Parents, Vec<(usize, usize)>);

fn told(synthetic: usize, traced: usize, looked_up: bool, mut pairs: Vec<(usize, usize)>) -> Traced {
    pairs.sort_unstable();
    pairs.dedup();
    let different = |rows: &mut dyn Iterator<Item = usize>| rows.collect::<HashSet<_>>().len();
    let parents = Parents {
        synthetic,
        traced,
        of_test_rows: different(&mut pairs.iter().map(|pair| pair.1)),
        test_rows: different(&mut pairs.iter().map(|pair| pair.0)),
        looked_up,
    };
    (parents, pairs)
}

/// How exactly a numeric column of a synthetic row is where its parents put it, and the range of the column.
fn tolerances(features: &Features<'_>) -> Vec<f64> {
    let tolerance = |column: &counterpoise_base::Feature<'_>| {
        let numbers = (0..features.rows()).filter_map(|row| column.values.number(row));
        let (low, high) = numbers
            .filter(|number| !number.is_nan())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        let relative = if matches!(column.values, FeatureValues::F32(_)) {
            1e-6
        } else {
            1e-9
        };
        match column.domain {
            // Whole numbers were rounded.
            Domain::Integer => 0.5 + 1e-9,
            Domain::Real => relative * (high - low).max(0.0) + 1e-15 * low.abs().max(high.abs()),
        }
    };
    features.numeric().map(tolerance).collect()
}

/// Whether a row lies at `step` between two others, and how many places it could have been in instead.
fn fits(
    features: &Features<'_>,
    tolerances: &[f64],
    row: usize,
    (base, neighbor): (usize, usize),
    step: f64,
) -> Option<f64> {
    let mut places = 0.0;
    for (column, tolerance) in features.numeric().zip(tolerances) {
        let number = |row: usize| column.values.number(row).unwrap_or(f64::NAN);
        let (from, to) = (number(base), number(neighbor));
        if column.copied || from.is_nan() || to.is_nan() {
            continue;
        }
        let off = (number(row) - (from + step * (to - from))).abs();
        if off > *tolerance {
            return None;
        }
        places += ((to - from).abs() / (2.0 * tolerance)).max(1.0).log10();
    }
    Some(places)
}

fn parents_looked_up(
    data: &Data,
    features: &Features<'_>,
    cluster: &[u32],
    pool: &Pool,
    synthetic: &[usize],
) -> Result<Traced, Error> {
    let rows = data.original.as_ref().map_or(0, |original| original.table.rows());
    let file = data.original.as_ref().map_or("", |original| &original.file);
    let wrong = |problem: String| Error::Config {
        place: "--original".into(),
        problem,
        hint: Some(format!(
            "name the file that `{}` was made from by `resample --mark`, or leave `--original` out",
            data.train.file
        )),
    };
    let of_place: HashMap<usize, usize> = (0..cluster.len())
        .map(|row| (data.prepared.place_in_file(row), row))
        .collect();
    let tolerances = tolerances(features);
    let marks = data.train_marks.as_ref().expect("there are synthetic rows");
    let mut pairs = Vec::new();
    let (mut traced, mut checked, mut fitting) = (0, 0, 0);
    for &made in synthetic {
        let place = data.prepared.place_in_file(made);
        let (Some(base), Some(neighbor)) = (marks.base[place], marks.neighbor[place]) else {
            continue;
        };
        if let Some(beyond) = [base, neighbor].into_iter().find(|&parent| parent >= rows) {
            return Err(wrong(format!(
                "`{file}` has {rows} row(s), and `{}` names row {} as a parent",
                data.train.file,
                beyond + 1
            )));
        }
        let row = |parent: usize| of_place.get(&(data.both() + parent)).copied();
        let (Some(base), Some(neighbor)) = (row(base), row(neighbor)) else {
            continue;
        };
        if let Some(step) = marks.step[place].filter(|&step| step != 0.0) {
            checked += 1;
            fitting += usize::from(fits(features, &tolerances, made, (base, neighbor), step).is_some());
        }
        traced += 1;
        for parent in [base, neighbor] {
            let (train, test) = pool.of(parent);
            if train.is_empty() {
                pairs.extend(test.iter().map(|&test| (test, made)));
            }
        }
    }
    if 2 * fitting < checked {
        return Err(wrong(format!(
            "the parents that `{}` names do not lie around its synthetic rows in `{file}`",
            data.train.file
        )));
    }
    Ok(told(synthetic.len(), traced, true, pairs))
}

/// A synthetic row lies at its step between its parents; two rows of its class that fit this to the last digits are the
/// parents. Whole numbers alone leave too many places to be certain.
fn parents_by_step(
    data: &Data,
    features: &Features<'_>,
    pool: &Pool,
    space: &Space,
    synthetic: &[usize],
    observer: &dyn Observer,
) -> Result<Traced, Error> {
    let labels = data.prepared.labels.codes();
    let tolerances = tolerances(features);
    let marks = data.train_marks.as_ref().expect("there are synthetic rows");
    let step = |row: usize| marks.step[data.prepared.place_in_file(row)].filter(|&step| step != 0.0);
    // A chance fit of any pair of any row is to be less likely than one in a million.
    let certain = 6.0 + (synthetic.len() as f64 * (CANDIDATES * CANDIDATES) as f64).log10();
    let mut pairs = Vec::new();
    let mut traced = 0;
    for class in 0..data.prepared.labels.classes().len() as u32 {
        let made: Vec<usize> = (0..synthetic.len())
            .filter(|&place| labels[synthetic[place]] == class && step(synthetic[place]).is_some())
            .map(|place| pool.distinct.len() + place)
            .collect();
        let among: Vec<usize> = (0..pool.distinct.len())
            .filter(|&place| labels[pool.distinct[place]] == class)
            .collect();
        if made.is_empty() || among.len() < 2 {
            continue;
        }
        let search = Search::new(CANDIDATES);
        let graph = search.neighbors(space, Rows::Some(&made), Rows::Some(&among), observer)?;
        for (query, &place) in made.iter().enumerate() {
            let row = synthetic[place - pool.distinct.len()];
            let Some(step) = step(row) else { continue };
            let near: Vec<usize> = graph
                .neighbors(query)
                .iter()
                .map(|&other| pool.distinct[other as usize])
                .collect();
            let ordered = near
                .iter()
                .flat_map(|&base| near.iter().map(move |&neighbor| (base, neighbor)));
            let fit = ordered
                .filter(|(base, neighbor)| base != neighbor)
                .find(|&parents| {
                    fits(features, &tolerances, row, parents, step).is_some_and(|places| places >= certain)
                });
            let Some((base, neighbor)) = fit else { continue };
            traced += 1;
            for parent in [base, neighbor] {
                let (train, test) = pool.of(parent);
                if train.is_empty() {
                    pairs.extend(test.iter().map(|&test| (test, row)));
                }
            }
        }
    }
    Ok(told(synthetic.len(), traced, false, pairs))
}

/// Test rows of one class that look made, while those of another do not: copies, or rows on one line with two others.
///
/// Rows that were made before the split are dealt out like any others, so that no pair of them is across too often. But
/// methods make rows of the rare classes.
fn made_before(
    data: &Data,
    features: &Features<'_>,
    pool: &Pool,
    space: &Space,
    placed: &[usize],
    observer: &dyn Observer,
) -> Result<Option<Finding>, Error> {
    let labels = &data.prepared.labels;
    let (mut copied, mut lined) = (Vec::new(), Vec::new());
    for class in 0..labels.classes().len() as u32 {
        let of_class = |&row: &usize| labels.codes()[row] == class;
        let test: Vec<usize> = pool
            .rows
            .iter()
            .copied()
            .filter(|row| of_class(row) && data.is_test(*row))
            .collect();
        let equal: Vec<usize> = test
            .iter()
            .copied()
            .filter(|&row| !pool.of(row).0.is_empty())
            .collect();
        copied.push((equal, test.len()));
        let among: Vec<usize> = (0..pool.distinct.len())
            .filter(|&place| of_class(&pool.distinct[place]))
            .collect();
        let mut asked: Vec<usize> = among
            .iter()
            .copied()
            .filter(|&place| data.is_test(pool.distinct[place]))
            .collect();
        asked.truncate(ASKED);
        let found = on_lines(features, space, placed, &asked, &among, observer)?;
        let on_line = asked.iter().zip(found).filter(|(_, found)| *found);
        let rows = on_line.map(|(&place, _)| placed[place]).collect();
        lined.push((rows, asked.len()));
    }
    let told = |of_classes: &[(Vec<usize>, usize)], least: f64, words: &str, note: &str| {
        let share = |class: usize| of_classes[class].0.len() as f64 / of_classes[class].1.max(1) as f64;
        let classes = (0..of_classes.len()).filter(|&class| of_classes[class].1 >= 10);
        let most = classes.clone().max_by(|&a, &b| share(a).total_cmp(&share(b)))?;
        // No method makes rows of the largest class; those that were made up to its size are as large.
        let size = |class: usize| pool.counts[class].0 + pool.counts[class].1;
        let largest = classes.clone().map(size).max()?;
        let few = classes
            .filter(|&class| 20 * size(class) >= 19 * largest)
            .min_by(|&a, &b| share(a).total_cmp(&share(b)))?;
        let (rows, of) = &of_classes[most];
        if share(most) < least || share(few) > share(most) / 10.0 || rows.len() < 10 {
            return None;
        }
        let name = |class: usize| &labels.classes()[class];
        let message = format!(
            "{} of {of} test rows of class `{}` {words}, and {} of {} of class `{}`: rows look made before the split",
            rows.len(),
            name(most),
            of_classes[few].0.len(),
            of_classes[few].1,
            name(few),
        );
        let hint = "split first, then resample the training part only";
        let mut finding = data.finding(
            "leakage.made-before",
            LeakageVerdict::Suspicious,
            rows.len(),
            message,
            hint,
        );
        let example = |&row: &usize| Example {
            test_row: Some(data.row_in_file(row)),
            train_row: None,
            note: note.into(),
        };
        finding.examples = rows.iter().take(SHOWN).map(example).collect();
        Some(finding)
    };
    let copied = told(&copied, 0.5, "equal a training row", "copy");
    Ok(copied.or_else(|| {
        let words = "are on one line with two rows near them, to the last digits";
        told(&lined, 0.05, words, "on a line")
    }))
}

fn judged(p_value: f64, more: f64) -> LeakageVerdict {
    match p_value {
        p if p < LEAK && more >= FEW => LeakageVerdict::Leak,
        p if p < SUSPICIOUS => LeakageVerdict::Suspicious,
        _ => LeakageVerdict::Clean,
    }
}

fn synthetic_test_rows(data: &Data) -> Option<Finding> {
    let marks = data.test_marks.as_ref()?;
    let made: Vec<usize> = (0..marks.synthetic.len())
        .filter(|&row| marks.synthetic[row])
        .collect();
    if made.is_empty() {
        return None;
    }
    let mut finding = data.finding(
        "leakage.synthetic-test",
        LeakageVerdict::Leak,
        made.len(),
        format!(
            "{} test row(s) ({}) are synthetic",
            made.len(),
            data.percent_of_test(made.len())
        ),
        "a model is judged by rows that were observed: split first, then resample the training part only",
    );
    let example = |&row: &usize| Example {
        test_row: Some(row + 1),
        train_row: None,
        note: "synthetic".into(),
    };
    finding.examples = made.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

fn copy_findings(data: &Data, pool: &Pool, copies: &Copies, looks: f64) -> Vec<Finding> {
    let labels = data.prepared.labels.codes();
    let rows = copies.same_target + copies.other_target;
    if rows == 0 {
        return Vec::new();
    }
    let p_value = (copies.excess.p_value * looks).min(1.0);
    let verdict = judged(p_value, copies.excess.across as f64 - copies.excess.expected);
    let (words, hint) = if verdict == LeakageVerdict::Clean {
        (
            "chance explains as many",
            "the table repeated rows before it was split, which flatters every score a little; if it was over-sampled before, split first; else drop repeated rows, or split by the thing that was measured",
        )
    } else {
        (
            "chance does not explain so many",
            "drop them from the test file, and find out how rows came to be on both sides",
        )
    };
    let mut found = data.finding(
        "leakage.copies",
        verdict,
        rows,
        format!(
            "{rows} test row(s) ({}) equal a training row in every feature, where an honest split has {:.1} on average: {words}",
            data.percent_of_test(rows),
            copies.expected
        ),
        hint,
    );
    found.expected = Some(copies.expected);
    found.p_value = Some(p_value);
    let mut conflict = data.finding(
        "leakage.label-conflicts",
        LeakageVerdict::Clean,
        copies.other_target,
        format!(
            "label conflict across the split: {} test row(s) ({}) equal training rows of another class only",
            copies.other_target,
            data.percent_of_test(copies.other_target)
        ),
        "no model can get them right from what it saw; look at how they were labelled",
    );
    let mut test: Vec<usize> = pool
        .rows
        .iter()
        .copied()
        .filter(|&row| data.is_test(row))
        .collect();
    test.sort_unstable();
    for row in test {
        let (train, _) = pool.of(row);
        let Some(&first) = train.iter().min() else {
            continue;
        };
        let agrees = train
            .iter()
            .copied()
            .filter(|&train| labels[train] == labels[row])
            .min();
        if found.examples.len() < SHOWN {
            found
                .examples
                .push(data.example(row, agrees.unwrap_or(first), "equal"));
        }
        if agrees.is_none() && conflict.examples.len() < SHOWN {
            let name = |row: usize| data.prepared.labels.name_of(row);
            let note = format!("`{}` here, `{}` there", name(row), name(first));
            conflict.examples.push(data.example(row, first, note));
        }
    }
    let mut both = vec![found];
    if copies.other_target > 0 {
        both.push(conflict);
    }
    both
}

fn near_finding(data: &Data, near: &Excess, close: &Close, looks: f64) -> Option<Finding> {
    let p_value = (near.p_value * looks).min(1.0);
    let verdict = judged(p_value, near.across as f64 - near.expected);
    if verdict == LeakageVerdict::Clean {
        return None;
    }
    let mut finding = data.finding(
        "leakage.near-copies",
        verdict,
        near.across,
        format!(
            "{} test row(s) ({}) lie within {:.3} of a training row and each is nearest to the other: of the {} closest pairs of rows, an honest split parts {:.1}",
            near.across,
            data.percent_of_test(near.across),
            near.distance,
            near.pairs,
            near.expected
        ),
        "look at the examples: copies with noise, the same thing measured twice, or neighbors in time; drop them from the test file, or split by what they have in common",
    );
    finding.expected = Some(near.expected);
    finding.p_value = Some(p_value);
    let example = |&(test, train, distance): &(usize, usize, f64)| {
        data.example(test, train, format!("distance {distance:.2e}"))
    };
    finding.examples = close.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

fn parent_finding(data: &Data, parents: &Parents, pairs: &[(usize, usize)]) -> Option<Finding> {
    if parents.test_rows == 0 {
        return None;
    }
    let mut finding = data.finding(
        "leakage.parents",
        LeakageVerdict::Leak,
        parents.test_rows,
        format!(
            "{} test row(s) ({}) are parents of {} synthetic training row(s)",
            parents.test_rows,
            data.percent_of_test(parents.test_rows),
            parents.of_test_rows
        ),
        "rows were made before the split: split first, then resample the training part only",
    );
    // One example a test row.
    let mut shown = HashSet::new();
    let first = pairs.iter().filter(|(test, _)| shown.insert(*test)).take(SHOWN);
    finding.examples = first
        .map(|&(test, made)| data.example(test, made, "parent"))
        .collect();
    Some(finding)
}

/// The rows of either file that hold each value of a column; counted from 0.
fn values_on_both_sides(data: &Data, column: &str) -> Vec<(String, Vec<usize>, Vec<usize>)> {
    let Some(column) = data.stacked.column(column) else {
        return Vec::new();
    };
    let mut order = Vec::new();
    let mut sides: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
    let train_rows = data.train.table.rows();
    for (place, text) in texts_of(column).into_iter().take(data.both()).enumerate() {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        let sides = sides.entry(text.clone()).or_insert_with(|| {
            order.push(text);
            Default::default()
        });
        match place.checked_sub(train_rows) {
            None => sides.0.push(place),
            Some(place) => sides.1.push(place),
        }
    }
    let take = |text: String| {
        let (train, test) = sides.remove(&text)?;
        (!train.is_empty() && !test.is_empty()).then_some((text, train, test))
    };
    order.into_iter().filter_map(take).collect()
}

fn group_finding(data: &Data, key: &str) -> Option<Finding> {
    let shared = values_on_both_sides(data, key);
    if shared.is_empty() {
        return None;
    }
    let (mut train, mut test) = (0, 0);
    for (_, in_train, in_test) in &shared {
        train += in_train.len();
        test += in_test.len();
    }
    let mut finding = data.finding(
        "leakage.groups",
        LeakageVerdict::Leak,
        test,
        format!(
            "{} value(s) of `{key}` are on both sides: {test} test row(s) ({}) and {train} training row(s)",
            shared.len(),
            data.percent_of_test(test)
        ),
        "split by the group, so that all of its rows are on one side",
    );
    let example = |(text, train, test): &(String, Vec<usize>, Vec<usize>)| Example {
        test_row: Some(test[0] + 1),
        train_row: Some(train[0] + 1),
        note: format!("{key} {text}"),
    };
    finding.examples = shared.iter().take(SHOWN).map(example).collect();
    Some(finding)
}

fn id_findings(data: &Data, cluster: &[u32], id: &str) -> Vec<Finding> {
    let train_rows = data.train.table.rows();
    let of_place: HashMap<usize, u32> = (cluster.iter().enumerate())
        .map(|(row, &cluster)| (data.prepared.place_in_file(row), cluster))
        .collect();
    let made = |marks: &Option<Marks>, row: usize| marks.as_ref().is_some_and(|marks| marks.synthetic[row]);
    let mut same = Vec::new();
    let mut other = Vec::new();
    for (text, train, test) in values_on_both_sides(data, id) {
        for &test in test.iter().filter(|&&row| !made(&data.test_marks, row)) {
            let of_test = of_place.get(&(train_rows + test));
            let mut observed = train.iter().copied().filter(|&row| !made(&data.train_marks, row));
            let Some(first) = observed.clone().next() else {
                continue;
            };
            let equal = observed.find(|row| of_test.is_some() && of_place.get(row) == of_test);
            let example = Example {
                test_row: Some(test + 1),
                train_row: Some(equal.unwrap_or(first) + 1),
                note: format!("{id} {text}"),
            };
            if equal.is_some() { &mut same } else { &mut other }.push(example);
        }
    }
    let finding = |verdict, examples: Vec<Example>, words: &str, hint| {
        let rows = examples.len();
        let message = format!(
            "{rows} test row(s) ({}) have an id `{id}` of the training file{words}",
            data.percent_of_test(rows)
        );
        let mut finding = data.finding("leakage.ids", verdict, rows, message, hint);
        finding.examples = examples.into_iter().take(SHOWN).collect();
        (rows > 0).then_some(finding)
    };
    let hint = "the same rows are on both sides: drop them from one";
    let doubt = "if the id names a person or a thing, use `--group-key`; if rows were made after the split without `--mark`, new ids may repeat those of test rows";
    let leak = finding(LeakageVerdict::Leak, same, " and its values", hint);
    let doubt = finding(LeakageVerdict::Suspicious, other, ", with other values", doubt);
    leak.into_iter().chain(doubt).collect()
}

fn class_warnings(data: &Data) -> Vec<Warning> {
    if !data.has_target {
        return Vec::new();
    }
    let labels: &Labels = &data.prepared.labels;
    let mut counts = vec![(0, 0); labels.classes().len()];
    for (row, &class) in labels.codes().iter().enumerate() {
        let count: &mut (usize, usize) = &mut counts[class as usize];
        if data.is_train(row) {
            count.0 += 1;
        } else if data.is_test(row) {
            count.1 += 1;
        }
    }
    let mut warnings = Vec::new();
    for (class, &(train, test)) in labels.classes().iter().zip(&counts) {
        match (train, test) {
            (0, 1..) => warnings.push(
                Warning::new(
                    "leakage.class-only-in-test",
                    format!(
                        "class `{class}` has {test} row(s) in the test file and none in the training file"
                    ),
                )
                .with_hint("a model cannot learn it; split within classes"),
            ),
            (1.., 0) => warnings.push(
                Warning::new(
                    "leakage.class-only-in-train",
                    format!(
                        "class `{class}` has {train} row(s) in the training file and none in the test file"
                    ),
                )
                .with_hint("no score says anything about it; split within classes"),
            ),
            _ => {}
        }
    }
    let classes = |side: fn(&(usize, usize)) -> usize| counts.iter().filter(|count| side(count) > 0).count();
    for (file, classes) in [
        (&data.train.file, classes(|count| count.0)),
        (&data.test.file, classes(|count| count.1)),
    ] {
        if classes == 1 {
            warnings.push(
                Warning::new(
                    "leakage.constant-target",
                    format!("the target has one class only in `{file}`"),
                )
                .with_hint("name another column with `--target`, or split within classes"),
            );
        }
    }
    warnings
}

//! What a test file shares with its training file, and an honest split would not.

mod distances;
mod excess;
mod findings;
mod keys;
mod lines;
mod made_before;
mod page;
mod pairs;
mod parents;
mod sides;
mod without_holes;

use std::path::PathBuf;

use counterpoise_base::{Observer, Seed, Table, Warning};
use counterpoise_data::{Missing, ReadOptions, read_table};
use counterpoise_neighbors::{Metric, MissingValues, Space};
use serde::{Deserialize, Serialize};

pub use distances::Distances;
pub use excess::Excess;
pub use findings::{Example, Finding};
pub use page::leakage_page;
pub use pairs::Copies;
pub use parents::Parents;

use crate::Error;
use crate::equal_rows::clusters;
use distances::distances;
use findings::{class_warnings, copy_findings, near_finding, parent_finding, synthetic_test_rows};
use keys::{group_finding, id_findings};
use made_before::made_before;
use pairs::{Pool, copies, near_copies};
use parents::{parents_by_step, parents_looked_up};
use sides::{Data, Marks, check_names, trimmed};
use without_holes::without_holes;

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
    let marks = data.train_marks.as_ref().filter(|_| !synthetic.is_empty());
    let parents = match (marks, &data.original) {
        (None, _) => None,
        (Some(marks), Some(_)) => Some(parents_looked_up(
            &data, marks, &features, &cluster, &pool, &synthetic,
        )?),
        (Some(marks), None) => Some(parents_by_step(
            &data, marks, &features, &pool, &space, &synthetic, observer,
        )?),
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

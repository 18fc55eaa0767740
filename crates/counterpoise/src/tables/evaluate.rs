use std::path::{Path, PathBuf};

use counterpoise_base::{Column, Labels, Observer, Table, Warning, agree, counted};
use counterpoise_data::{
    Error as DataError, Missing, ReadOptions, read_table, table_of_predictions, texts_of, whole_rows,
};
use counterpoise_deep::{DeviceKind, SavedClassifier};
use counterpoise_report::Page;

use super::TableEncoding;
use super::training::RowSet;
use crate::Error;
use crate::device::look_for;
use crate::networks::{Evaluated, Reads, in_classes, judged, known_rows};

/// Which network is judged on which table, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EvaluateTableOptions {
    /// The file of the network.
    pub network: PathBuf,
    /// The table; its columns are found by the names that they had in training.
    pub data: PathBuf,
    /// How it is read.
    pub read: ReadOptions,
    /// The column of classes; the one of the training if not given.
    pub target: Option<String>,
    /// What happens to missing values; as in training if not given.
    pub missing: Option<Missing>,
    /// Columns to stand beside the predictions, such as protected ones.
    pub carry: Vec<String>,
    /// Where tensors live.
    pub device: DeviceKind,
    /// Root of the draws for intervals.
    pub seed: u64,
}

impl EvaluateTableOptions {
    /// A network and a table, with defaults for the rest.
    pub fn new(network: PathBuf, data: PathBuf) -> Self {
        Self {
            network,
            data,
            read: ReadOptions::default(),
            target: None,
            missing: None,
            carry: Vec::new(),
            device: DeviceKind::Cpu,
            seed: 42,
        }
    }
}

/// A table, read as a network reads it.
pub(crate) struct Opened {
    pub(crate) set: RowSet,
    /// Columns to stand beside the predictions.
    carried: Vec<Column>,
}

/// Runs a saved network over a table and measures it.
pub fn evaluate_table(options: &EvaluateTableOptions, observer: &dyn Observer) -> Result<Evaluated, Error> {
    look_for(options.device, observer)?;
    let saved = SavedClassifier::load(&options.network, options.device)?;
    let mut encoding = TableEncoding::of_network(&options.network, &saved.about)?;
    if let Some(target) = &options.target {
        encoding.target.clone_from(target);
    }
    if let Some(missing) = options.missing {
        encoding.missing = missing;
    }
    let mut warnings = Vec::new();
    let opened = open_alike(
        &options.data,
        &options.read,
        &encoding,
        &saved.about.classes,
        &options.carry,
        observer,
        &mut warnings,
    )?;
    if let Some(known) = known_rows(&saved, opened.set.inputs(), "rows", &options.data) {
        let hint = "give rows that were left out of training; `counterpoise audit-leakage` looks closer at two tables";
        warnings.push(known.with_hint(hint));
    }
    let mut evaluated = judge(&saved, &opened, &encoding.target, options.seed, observer)?;
    evaluated.measured.warnings.splice(0..0, warnings);
    Ok(evaluated)
}

/// Reads a table as a network does that was trained on another one.
pub(crate) fn open_alike(
    path: &Path,
    read: &ReadOptions,
    encoding: &TableEncoding,
    classes: &[String],
    carry: &[String],
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<Opened, Error> {
    let file = path.display().to_string();
    let in_file = |source: DataError| Error::InFile {
        file: file.clone(),
        source: Box::new(source),
    };
    let found = read_table(path, read, observer)?;
    // Columns are read for what they were in training, whatever they look like here.
    let quiet = |warning: &Warning| warning.code == "data.text-column";
    warnings.extend(found.warnings.into_iter().filter(|warning| !quiet(warning)));
    let mut table = found.table;
    let target = &encoding.target;
    let role_of = |name: &str, role| {
        table.column(name).ok_or_else(|| {
            in_file(DataError::UnknownColumn {
                column: name.into(),
                role,
                columns: table.names().map(String::from).collect(),
            })
        })
    };
    role_of(target, "target")?;
    for column in carry {
        role_of(column, "column to write")?;
    }
    // Places in the file of the rows that stay.
    let mut kept = None;
    if encoding.missing == Missing::DropRows {
        let named = encoding.columns.columns.iter().map(|column| &column.name);
        let (whole, rows) = whole_rows(&table, &named.chain([target]).collect::<Vec<_>>());
        let left_out = table.rows() - rows.len();
        if left_out > 0 {
            let message = format!(
                "{} of `{file}` without a value somewhere {} left out",
                counted(left_out, "row"),
                agree(left_out, "is", "are")
            );
            warnings.push(Warning::new("tables.dropped", message));
        }
        if whole.rows() == 0 {
            return Err(in_file(DataError::NothingLeft));
        }
        (table, kept) = (whole, Some(rows));
    }
    let names = texts_of(table.column(target).expect("it was looked up"));
    let holes: Vec<usize> = (0..names.len()).filter(|&row| names[row].is_none()).collect();
    if let [first, ..] = holes[..] {
        return Err(in_file(DataError::MissingRole {
            role: "target",
            column: target.clone(),
            row: first + 1,
            count: holes.len(),
        }));
    }
    let names: Vec<String> = names.into_iter().flatten().collect();
    let hint = "mend the class, or read it as another with `--label \"FROM=>TO\"`";
    let labels = in_classes(&Labels::from_names(&names), classes, &file, hint)?;
    let place = |row: usize| kept.as_ref().map_or(row, |kept| kept[row]);
    let values = encoding.encode(&table, encoding.missing, path, &place, warnings)?;
    let id = encoding.id.as_ref().filter(|id| !carry.contains(id));
    let beside = id.into_iter().chain(carry).filter(|name| *name != target);
    let carried = beside.filter_map(|name| table.column(name)).cloned().collect();
    Ok(Opened {
        set: RowSet::new(values, labels),
        carried,
    })
}

/// Measures a network on rows whose classes have its codes.
pub(super) fn judge(
    saved: &SavedClassifier,
    opened: &Opened,
    target: &str,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Evaluated, Error> {
    let logits = saved.classifier.logits(opened.set.inputs(), observer)?;
    let predicted = table_of_predictions(
        None,
        &opened.set.labels,
        &logits.predictions(),
        &logits.probabilities(),
    );
    let mut columns = opened.carried.clone();
    columns.extend(predicted.into_columns());
    if let Some(class) = columns.get_mut(opened.carried.len()) {
        target.clone_into(&mut class.name);
    }
    for (place, column) in columns.iter().enumerate() {
        if columns[..place].iter().any(|other| other.name == column.name) {
            return Err(Error::Config {
                place: "the table of predictions".into(),
                problem: format!("two of its columns would be called `{}`", column.name),
                hint: Some("rename the column of yours".into()),
            });
        }
    }
    judged(Table::new(columns), target, &saved.about.classes, seed, observer)
}

/// The page of [`evaluate_table`].
pub fn evaluated_table_page(options: &EvaluateTableOptions, evaluated: &Evaluated) -> Result<Page, Error> {
    evaluated.page(Reads::Rows, &options.network, &options.data)
}

//! The two files side by side, ready to be compared.

use counterpoise_base::{Column, Kind, Table};
use counterpoise_data::{Error as DataError, Prepared, Roles, constant_column, prepare, stack, texts_of};

use super::{Example, Finding, LeakageOptions, LeakageVerdict, NamedTable};
use crate::Error;

/// The target of a table that has none.
const NO_TARGET: &str = "(no target)";
const MARKS: [&str; 4] = ["synthetic", "base_index", "neighbor_index", "step"];

/// Both files on top of one another: training rows, test rows, then rows of the original file.
pub(super) struct Data {
    pub(super) train: NamedTable,
    pub(super) test: NamedTable,
    pub(super) original: Option<NamedTable>,
    pub(super) train_marks: Option<Marks>,
    pub(super) test_marks: Option<Marks>,
    pub(super) stacked: Table,
    pub(super) prepared: Prepared,
    /// One entry a prepared row.
    pub(super) synthetic: Vec<bool>,
    pub(super) has_target: bool,
}

impl Data {
    pub(super) fn new(
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

    pub(super) fn is_train(&self, row: usize) -> bool {
        self.prepared.place_in_file(row) < self.train.table.rows()
    }

    pub(super) fn is_test(&self, row: usize) -> bool {
        !self.is_train(row) && self.prepared.place_in_file(row) < self.both()
    }

    pub(super) fn both(&self) -> usize {
        self.train.table.rows() + self.test.table.rows()
    }

    pub(super) fn rows_of(&self, which: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.prepared.labels.len())
            .filter(|&row| which(row))
            .collect()
    }

    /// Row of its file, counted from 1.
    pub(super) fn row_in_file(&self, row: usize) -> usize {
        let place = self.prepared.place_in_file(row);
        1 + place.checked_sub(self.train.table.rows()).unwrap_or(place)
    }

    pub(super) fn example(&self, test: usize, train: usize, note: impl Into<String>) -> Example {
        Example {
            test_row: Some(self.row_in_file(test)),
            train_row: Some(self.row_in_file(train)),
            note: note.into(),
        }
    }

    pub(super) fn finding(
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

    pub(super) fn percent_of_test(&self, rows: usize) -> String {
        format!(
            "{:.1} %",
            100.0 * rows as f64 / self.test.table.rows().max(1) as f64
        )
    }
}

/// Which rows of a file `resample --mark` made, and from what.
pub(super) struct Marks {
    pub(super) synthetic: Vec<bool>,
    pub(super) base: Vec<Option<usize>>,
    pub(super) neighbor: Vec<Option<usize>>,
    pub(super) step: Vec<Option<f64>>,
}

/// Takes marks and ignored columns out of a table.
pub(super) fn trimmed(named: NamedTable, options: &LeakageOptions) -> (NamedTable, Option<Marks>) {
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

/// Every column that is named is in one of the files at least.
pub(super) fn check_names(options: &LeakageOptions, tables: &[&NamedTable]) -> Result<(), Error> {
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

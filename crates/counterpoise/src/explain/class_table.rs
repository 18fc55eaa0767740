//! Tables of classes that other programs wrote: columns by name, cells that must be there, and what to say where they are not.

use std::path::Path;

use counterpoise_base::{Column, Observer, Table};
use counterpoise_data::{ReadOptions, read_table, texts_of};

use crate::Error;

/// Such a table.
pub(super) struct ClassTable<'a> {
    path: &'a Path,
    pub(super) table: Table,
    /// Which columns to give.
    hint: &'static str,
}

/// A column of one as texts.
pub(super) struct Cells<'a> {
    of: &'a ClassTable<'a>,
    name: String,
    texts: Vec<Option<String>>,
}

impl<'a> ClassTable<'a> {
    pub(super) fn read(
        path: &'a Path,
        read: &ReadOptions,
        hint: &'static str,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let table = read_table(path, read, observer)?.table;
        Ok(Self { path, table, hint })
    }

    pub(super) fn wrong(&self, problem: String) -> Error {
        Error::Config {
            place: self.path.display().to_string(),
            problem,
            hint: Some(self.hint.into()),
        }
    }

    /// The first column with one of these names.
    pub(super) fn cells(&'a self, names: &[&str]) -> Result<Cells<'a>, Error> {
        let mut columns = self.table.columns().iter();
        let found = columns.find(|column| names.contains(&column.name.as_str()));
        found
            .map(|column| self.of_column(column))
            .ok_or_else(|| self.wrong(format!("it has no column `{}`", names[0])))
    }

    fn of_column(&'a self, column: &Column) -> Cells<'a> {
        Cells {
            of: self,
            name: column.name.clone(),
            texts: texts_of(column),
        }
    }
}

impl Cells<'_> {
    pub(super) fn rows(&self) -> usize {
        self.texts.len()
    }

    fn wrong(&self, row: usize, problem: &str) -> Error {
        let place = format!("row {}, column `{}`", row + 1, self.name);
        self.of.wrong(format!("{place}: {problem}"))
    }

    fn text(&self, row: usize) -> Result<&str, Error> {
        let text = self.texts[row].as_deref();
        text.ok_or_else(|| self.wrong(row, "there is no value"))
    }

    /// The name of a class, which may be written as a real number.
    pub(super) fn class(&self, row: usize) -> Result<String, Error> {
        let text = self.text(row)?;
        Ok(match text.parse::<f64>() {
            Ok(number) if number.fract() == 0.0 => format!("{number}"),
            _ => text.to_owned(),
        })
    }

    /// The names of all rows.
    pub(super) fn classes(&self) -> Result<Vec<String>, Error> {
        (0..self.rows()).map(|row| self.class(row)).collect()
    }

    pub(super) fn number(&self, row: usize) -> Result<f64, Error> {
        let text = self.text(row)?;
        let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| self.wrong(row, &format!("`{text}` is no number")))
    }

    pub(super) fn whole(&self, row: usize) -> Result<usize, Error> {
        let value = self.number(row)?;
        if value < 0.0 || value.fract() != 0.0 {
            return Err(self.wrong(row, &format!("{value} is no whole number of 0 or more")));
        }
        Ok(value as usize)
    }
}

//! Two small real tables that come with the program, so that a first look needs no download.

use bytes::Bytes;
use counterpoise_data::{Missing, Prepared, ReadOptions, Roles, prepare, read_bytes};

use crate::Error;

/// A table that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// What people call it.
    pub name: &'static str,
    /// File name.
    pub file: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Who made it, and its licence.
    pub origin: &'static str,
    /// The column of classes.
    pub target: &'static str,
    /// Protected columns.
    pub groups: &'static [&'static str],
    /// The compressed file.
    pub bytes: &'static [u8],
}

/// German credit: 1000 applicants, 300 of them bad risks; groups by sex, and by age up to or above 25.
pub const GERMAN_CREDIT: Bundled = Bundled {
    name: "German credit",
    file: "german-credit.csv.gz",
    about: "1000 applicants for a credit; the rare class is a bad risk",
    origin: "Hofmann (1994), UCI Machine Learning Repository, CC BY 4.0; codes spelt out",
    target: "credit",
    groups: &["sex", "age<=25"],
    bytes: include_bytes!("../data/german-credit.csv.gz"),
};

/// Yeast: 1484 proteins and where they sit in the cell, the classes of fewer than 35 rows among `other`.
pub const YEAST: Bundled = Bundled {
    name: "Yeast",
    file: "yeast.csv.gz",
    about: "1484 proteins and where they sit in the cell; six classes of 762 to 35 rows",
    origin: "Nakai (1991), UCI Machine Learning Repository, CC BY 4.0; six classes",
    target: "site",
    groups: &[],
    bytes: include_bytes!("../data/yeast.csv.gz"),
};

impl Bundled {
    /// Which column is what.
    pub fn roles(&self) -> Roles {
        Roles {
            target: self.target.into(),
            groups: self.groups.iter().map(ToString::to_string).collect(),
            ..Roles::default()
        }
    }

    /// Reads it.
    pub fn prepared(&self) -> Result<Prepared, Error> {
        let read = read_bytes(self.file, Bytes::from_static(self.bytes), &ReadOptions::default())?;
        Ok(prepare(read.table, &self.roles(), Missing::Error)?)
    }
}

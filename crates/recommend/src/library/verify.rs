use serde::Serialize;

use super::log::{self, LogReader};
use super::{Library, check};
use crate::Error;

/// What a library was found to hold when all of it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// Documents of the index.
    pub documents: usize,
    /// Records that they were made of.
    pub records: u64,
    /// Files that keep them.
    pub files: usize,
}

impl Library {
    /// Reads all that the library keeps: every file of its index with its sum, every document, and every record that the index could
    /// be built from again. Takes the time of reading; holds one record and a bit for each document in memory.
    ///
    /// # Errors
    ///
    /// [`Error::CorruptIndex`] for the index, which can be built again, and [`Error::DamagedRecords`] for what it is built from.
    pub fn verify(&self) -> Result<Verified, Error> {
        check(&self.folder, self.searcher.index())?;
        for (number, _) in self.rows.iter() {
            self.record(number)?;
        }
        let damaged = |problem: String| Error::DamagedRecords {
            library: self.folder.clone(),
            problem,
        };
        if let Some(problem) = log::damages(&self.folder, &self.manifest).into_iter().next() {
            return Err(damaged(problem));
        }
        let mut verified = Verified {
            documents: self.len(),
            records: 0,
            files: 0,
        };
        let mut has = vec![false; self.len()];
        for place in 1..=self.manifest.logs {
            let path = log::path(&self.folder, place);
            let failed = |error: Error| match error {
                Error::File { source, .. } => {
                    damaged(format!("{} cannot be read ({source})", log::name(place)))
                }
                Error::Malformed {
                    place: line, problem, ..
                } => damaged(format!("{}, {line}: {problem}", log::name(place))),
                other => other,
            };
            let mut read = LogReader::open(&path).map_err(failed)?;
            while let Some((number, _)) = read.next().map_err(failed)? {
                let Some(has) = has.get_mut(number as usize) else {
                    let problem = format!(
                        "{} holds document {number}, which the index lacks",
                        log::name(place)
                    );
                    return Err(damaged(problem));
                };
                *has = true;
                verified.records += 1;
            }
            verified.files += 1;
        }
        match has.iter().position(|has| !has) {
            Some(missing) => Err(damaged(format!("no file has a record of document {missing}"))),
            None => Ok(verified),
        }
    }
}

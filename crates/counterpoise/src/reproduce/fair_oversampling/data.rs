//! The authors' files: two come with the program, the third is read from a folder if it is there.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use counterpoise_base::{Domain, Feature, FeatureValues, Features, Groups, Labels, Strided};
use counterpoise_data::{Missing, Prepared, ReadOptions, Roles, prepare, read_bytes};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::paper::{ADULT, COMPAS, GERMAN};
use crate::Error;

/// A table of the paper: training and test rows of the authors' first fold, one below the other.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) columns: Vec<String>,
    /// Row after row, scaled to [0, 1] by the authors.
    cells: Vec<f64>,
    pub(super) labels: Labels,
    pub(super) groups: Groups,
    /// Place of the protected column among the features.
    pub(super) protected: usize,
    /// Rows of the authors' training file; those of the test file follow.
    pub(super) training_rows: usize,
}

/// A table that could not be read, and what is needed for it.
#[derive(Debug, Clone, Serialize)]
pub struct SkippedData {
    /// Which table.
    pub data: String,
    /// Why.
    pub reason: String,
    /// The files, as the authors name them.
    pub files: Vec<NeededFile>,
}

/// A file that a table is made of.
#[derive(Debug, Clone, Serialize)]
pub struct NeededFile {
    /// Name.
    pub file: String,
    /// SHA-256 of it.
    pub sha256: String,
}

/// Where a table comes from and what its columns mean.
struct Source {
    name: &'static str,
    /// Its folder in the authors' repository.
    folder: &'static str,
    files: [File; 2],
    protected: usize,
    /// Names of the groups coded 0 and 1.
    groups: [&'static str; 2],
    /// Names of the classes coded 0 and 1.
    classes: [&'static str; 2],
}

struct File {
    name: &'static str,
    sha256: &'static str,
    bundled: Option<&'static [u8]>,
}

/// The label, last column of each file.
const LABEL: &str = "Probability";

static SOURCES: [Source; 3] = [
    Source {
        name: GERMAN,
        folder: "german",
        files: [
            File {
                name: "german_trn_pdf_0.csv.gz",
                sha256: "2115057e938205e2af6fccd307e097039903d759d2e68a7f8df9b178e18e208c",
                bundled: Some(include_bytes!(
                    "../../../data/fair-oversampling/german/german_trn_pdf_0.csv.gz"
                )),
            },
            File {
                name: "german_tst_pdf_0.csv.gz",
                sha256: "9cae200270823c91a404ab42fc89ef999a832d31ae8f0567fa46086577734dd6",
                bundled: Some(include_bytes!(
                    "../../../data/fair-oversampling/german/german_tst_pdf_0.csv.gz"
                )),
            },
        ],
        protected: 8,
        groups: ["female", "male"],
        classes: ["bad", "good"],
    },
    Source {
        name: ADULT,
        folder: "adult",
        files: [
            File {
                name: "adult_trn_pdf_0.csv.gz",
                sha256: "cd5ee90815ecdf67d34e1e04f2d42287758d9fe9e01cbf9f018ff23a8824cc8a",
                bundled: Some(include_bytes!(
                    "../../../data/fair-oversampling/adult/adult_trn_pdf_0.csv.gz"
                )),
            },
            File {
                name: "adult_tst_pdf_0.csv.gz",
                sha256: "c941a9517505a9b79f579e7e34ba5765f3faec4d6965c8821f113f1a8fec56bc",
                bundled: Some(include_bytes!(
                    "../../../data/fair-oversampling/adult/adult_tst_pdf_0.csv.gz"
                )),
            },
        ],
        protected: 6,
        groups: ["female", "male"],
        classes: ["<=50K", ">50K"],
    },
    Source {
        name: COMPAS,
        folder: "comp",
        files: [
            File {
                name: "compas_trn_pdf_0.csv.gz",
                sha256: "6529574cffb4a56a5cbe02cf898d1ac2ed099d8280ef952aeb645883e17be1e8",
                bundled: None,
            },
            File {
                name: "compas_tst_pdf_0.csv.gz",
                sha256: "3fe4c97a69bff875bdb67c172377e6dd582ea2cde9a32789c72c4fb47ad8638e",
                bundled: None,
            },
        ],
        protected: 0,
        // The file codes men as 0.
        groups: ["male", "female"],
        classes: ["no recidivism", "recidivism"],
    },
];

/// Names of all tables, in the order of the paper.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|source| source.name)
}

/// Reads a table, or says what is missing.
pub(super) fn read(name: &str, folder: Option<&Path>) -> Result<Result<Set, SkippedData>, Error> {
    let source = SOURCES
        .iter()
        .find(|source| source.name == name)
        .expect("names are those of the sources");
    let mut halves = Vec::new();
    for file in &source.files {
        match bytes_of(source, file, folder) {
            Ok(bytes) => halves.push(half(file.name, bytes)?),
            Err(reason) => {
                let needed = |file: &File| NeededFile {
                    file: file.name.into(),
                    sha256: file.sha256.into(),
                };
                return Ok(Err(SkippedData {
                    data: source.name.into(),
                    reason,
                    files: source.files.iter().map(needed).collect(),
                }));
            }
        }
    }
    Ok(Ok(Set::of(source, &halves)))
}

/// The bytes of a file, or why there are none.
fn bytes_of(source: &Source, file: &File, folder: Option<&Path>) -> Result<Bytes, String> {
    if let Some(bundled) = file.bundled {
        return Ok(Bytes::from_static(bundled));
    }
    let Some(folder) = folder else {
        return Err("its licence does not allow to bundle it, and no folder was given".into());
    };
    let places: [PathBuf; 3] = [
        folder.to_owned(),
        folder.join(source.folder),
        folder.join("fair-oversampling-splits").join(source.folder),
    ];
    let Some(path) = places
        .iter()
        .map(|place| place.join(file.name))
        .find(|path| path.is_file())
    else {
        return Err(format!("`{}` is not in `{}`", file.name, folder.display()));
    };
    let bytes =
        std::fs::read(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    let found = sha256(&bytes);
    if found != file.sha256 {
        return Err(format!(
            "`{}` is another file: its SHA-256 is {found}",
            path.display()
        ));
    }
    Ok(bytes.into())
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// One file.
fn half(name: &str, bytes: Bytes) -> Result<Prepared, Error> {
    let roles = Roles {
        target: LABEL.into(),
        ..Roles::default()
    };
    let read = read_bytes(name, bytes, &ReadOptions::default())?;
    Ok(prepare(read.table, &roles, Missing::Error)?)
}

impl Set {
    fn of(source: &Source, halves: &[Prepared]) -> Self {
        let (mut cells, mut codes) = (Vec::new(), Vec::new());
        let mut columns = Vec::new();
        for half in halves {
            let features = half.features();
            columns = features
                .columns()
                .iter()
                .map(|column| column.name.clone())
                .collect();
            let rows: Vec<usize> = (0..features.rows()).collect();
            cells.extend_from_slice(features.gather_numeric(&rows).as_slice());
            let is_one = |row: &usize| half.labels.name_of(*row).parse() == Ok(1.0);
            codes.extend(rows.iter().map(|row| u32::from(is_one(row))));
        }
        let width = columns.len();
        let group = |row: &[f64]| u32::from(row[source.protected] > 0.5);
        let groups = cells.chunks_exact(width).map(group).collect();
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        Self {
            name: source.name,
            columns,
            labels: Labels::from_codes(names(source.classes), codes),
            groups: Groups::from_codes(names(source.groups), groups),
            protected: source.protected,
            training_rows: halves.first().map_or(0, |half| half.labels.len()),
            cells,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Some rows as features. `marked` says whether the protected column is known to be one.
    pub(super) fn features(&self, rows: &[usize], marked: bool) -> Features<'static> {
        let width = self.columns.len();
        let feature = |(place, name): (usize, &String)| Feature {
            name: name.clone(),
            values: FeatureValues::F64(Strided::contiguous(Cow::Owned(
                rows.iter().map(|&row| self.cells[row * width + place]).collect(),
            ))),
            domain: Domain::Real,
            copied: marked && place == self.protected,
        };
        Features::new(rows.len(), self.columns.iter().enumerate().map(feature).collect())
    }

    /// Which class is the rarer one.
    pub(super) fn rarer(&self) -> u32 {
        let counts = self.labels.counts();
        u32::from(counts[1] < counts[0])
    }

    /// Classes of some rows.
    pub(super) fn labels_of(&self, rows: &[usize]) -> Labels {
        of_rows(&self.labels, rows)
    }

    /// Groups of some rows.
    pub(super) fn groups_of(&self, rows: &[usize]) -> Groups {
        of_rows(&self.groups, rows)
    }
}

fn of_rows(labels: &Labels, rows: &[usize]) -> Labels {
    let codes = rows.iter().map(|&row| labels.codes()[row]).collect();
    Labels::from_codes(labels.classes().to_vec(), codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(name: &str, rows: impl Fn(&Set) -> std::ops::Range<usize>) -> Vec<usize> {
        let set = read(name, None).expect("it is read").expect("it is bundled");
        let rows: Vec<usize> = rows(&set).collect();
        set.labels_of(&rows).cells(&set.groups_of(&rows))
    }

    #[test]
    fn bundled_files_have_the_cells_of_the_paper() {
        // Class by class; women first.
        assert_eq!(cells(GERMAN, |set| 0..set.rows()), [109, 191, 201, 499]);
        assert_eq!(cells(GERMAN, |set| 0..set.training_rows), [89, 152, 168, 391]);
        assert_eq!(cells(ADULT, |set| 0..set.rows()), [14_423, 22_732, 1_769, 9_918]);
        assert_eq!(
            cells(ADULT, |set| set.training_rows..set.rows()),
            [2_844, 4_586, 368, 1_971]
        );
    }

    #[test]
    fn what_is_bundled_is_what_the_authors_published() {
        for file in SOURCES.iter().flat_map(|source| &source.files) {
            let Some(bytes) = file.bundled else { continue };
            assert_eq!(sha256(bytes), file.sha256, "{}", file.name);
        }
    }

    #[test]
    fn another_file_of_the_same_name_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("compas_trn_pdf_0.csv.gz"), "x").expect("it is ours");
        let skipped = read(COMPAS, Some(folder.path()))
            .expect("no error")
            .err()
            .expect("not the file");
        assert!(skipped.reason.contains("is another file"), "{}", skipped.reason);
        let skipped = read(COMPAS, None).expect("no error").err().expect("no folder");
        assert_eq!(skipped.files.len(), 2);
    }
}
